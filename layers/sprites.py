"""The images that MapLibre styles name, drawn here: hatching and the head of arrows, at one and two pixels a pixel."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from layers.maplibre import ARROW, hatch_name
from layers.styles import MOVE_SYMBOL, SEAL, UNKNOWN_SYMBOL, Symbol

NAME: Final = "shequ"
"""The one sheet of sprites."""

HATCHED: Final = (UNKNOWN_SYMBOL, MOVE_SYMBOL)
"""Every hatched symbol of `layers.styles`."""

TILE: Final = 16
"""Side of a hatch image [px]: it repeats without a seam."""

HEAD: Final = 18
"""Side of the arrow's head [px]."""

_EVERY: Final[Mapping[str, tuple[int, float, float]]] = {
    hatch_name(UNKNOWN_SYMBOL): (8, 1.2, 0.16), hatch_name(MOVE_SYMBOL): (8, 1.3, 0.05),
}  # fmt: skip
"""Hatching → distance of its lines along an edge [px], their width [px], opacity of the ground between them."""

Pixels = npt.NDArray[np.uint8]
"""Rows, columns, red green blue alpha."""


@dataclass(frozen=True)
class Sheet:
    """A sheet of sprites: its picture as PNG, and where each image lies in it."""

    png: bytes
    index: Mapping[str, Mapping[str, int]]


def sprite_sheet(ratio: int = 1) -> Sheet:
    """Return the sheet at `ratio` image pixels a CSS pixel (1 or 2); the same bytes each time.

    Every image lies in a cell of its own with a free pixel around it, so that none bleeds into its neighbour.
    """
    images: dict[str, Pixels] = {hatch_name(symbol): hatch(symbol, ratio) for symbol in HATCHED}
    images[ARROW] = arrow_head(SEAL, ratio)
    gap = ratio
    width = sum(each.shape[1] + 2 * gap for each in images.values())
    height = max(each.shape[0] for each in images.values()) + 2 * gap
    sheet = np.zeros((height, width, 4), dtype=np.uint8)
    index: dict[str, dict[str, int]] = {}
    left = gap
    for name, image in images.items():
        rows, columns = image.shape[:2]
        sheet[gap : gap + rows, left : left + columns] = image
        index[name] = {"x": left, "y": gap, "width": columns, "height": rows, "pixelRatio": ratio}
        left += columns + 2 * gap
    return Sheet(png(sheet), index)


def hatch(symbol: Symbol, ratio: int = 1) -> Pixels:
    """Return the hatching of a symbol: lines at 45 degrees, rising to the right, over a faint ground of their colour.

    Its right edge goes on at its left edge and its lower at its upper one.
    """
    every, width, ground = _EVERY[hatch_name(symbol)]
    side = TILE * ratio
    fine = 8
    at = (np.arange(side * fine) + 0.5) / (fine * ratio)
    along = (at[:, None] + at[None, :]) % every
    across = np.minimum(along, every - along) / np.sqrt(2.0)
    inked = (across <= width / 2).astype(np.float64).reshape(side, fine, side, fine).mean(axis=(1, 3))
    alpha = ground + (1.0 - ground) * inked
    return _coloured(symbol.fill, alpha)


def arrow_head(colour: str, ratio: int = 1) -> Pixels:
    """Return a head that points up (north), its tip in the middle of the upper half, with a white rim."""
    side = HEAD * ratio
    fine = 8
    at = (np.arange(side * fine) + 0.5) / (fine * ratio)
    y, x = at[:, None], at[None, :]

    def inside(grown: float) -> npt.NDArray[np.float64]:
        top, bottom, middle = 3.0 - 1.6 * grown, 14.0 + grown, HEAD / 2
        half = (y - top) * 0.46
        hit = (y <= bottom) & (np.abs(x - middle) <= half)
        share: npt.NDArray[np.float64] = hit.astype(np.float64).reshape(side, fine, side, fine).mean(axis=(1, 3))
        return share

    body, whole = inside(0.0), inside(1.2)
    ink = np.array([_rgb(colour)], dtype=np.float64).reshape(1, 1, 3)
    made = np.zeros((side, side, 4), dtype=np.uint8)
    share = np.divide(body, whole, out=np.zeros_like(body), where=whole > 0)[..., None]
    made[..., :3] = np.rint(255 * (1 - share) + ink * share)
    made[..., 3] = np.rint(255 * whole)
    return made


def png(pixels: Pixels) -> bytes:
    """Return pixels (red, green, blue, alpha) as PNG bytes."""
    rows, columns = pixels.shape[:2]
    lines = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(pixels))
    header = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunks([(b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)),
                                                   (b"IEND", b"")]))  # fmt: skip


def _chunks(parts: Iterable[tuple[bytes, bytes]]) -> Iterable[bytes]:
    for kind, data in parts:
        yield struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _coloured(colour: str, alpha: npt.NDArray[np.float64]) -> Pixels:
    made = np.empty((*alpha.shape, 4), dtype=np.uint8)
    made[..., :3] = _rgb(colour)
    made[..., 3] = np.rint(255 * alpha)
    return made


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
