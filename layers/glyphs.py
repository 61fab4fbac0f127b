"""Glyphs of maps as signed distance fields, 256 characters a file, as MapLibre asks for them: made here from fonts.

Latin and its like come from DejaVu Sans, which matplotlib brings along; what it lacks (Chinese) from a font of the
machine where there is one. MapLibre in a browser draws Chinese itself; other programs ask for it here.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

SIZE: Final = 24
"""Pixels of an em in the file; maps scale them."""

BORDER: Final = 3
"""Pixels around each glyph [px]."""

RADIUS: Final = 8.0
CUTOFF: Final = 0.25
"""A byte of a field is 255 · (1 - distance / RADIUS - CUTOFF): the outline lies at 191."""

TOP: Final = 27
"""Height that MapLibre takes off every glyph's, so that all fonts share a line with those it draws itself [px]."""

LAST: Final = 65535
"""Last character of the basic plane; MapLibre asks for no others."""

KEPT: Final = 64
"""Files kept in memory, of at most 200 kB each."""

_FINE: Final = 4
_FILES: Final = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}

Field = npt.NDArray[np.uint8]


class Glyphs:
    """Files of glyphs, each made when it is first asked for, then kept. Safe to use from several threads."""

    def __init__(self, *, chinese: bool = True) -> None:
        self._chinese = chinese
        self._lock = threading.Lock()
        self._fonts: dict[bool, list[FT2Font]] = {}
        self._made: OrderedDict[tuple[bool, int], list[bytes]] = OrderedDict()

    def pbf(self, stack: str, first: int) -> bytes:
        """Return the glyphs `first` to `first + 255` of a font stack as protocol buffer.

        Any stack is answered: with the bold font where its first font says so, else with the regular one. Characters
        that no font here has are left out; a file without any is a valid one.

        Parameters
        ----------
        stack
            Names of fonts, joined by commas; the answer repeats it.
        first
            A multiple of 256, up to 65280.
        """
        if first % 256 or not 0 <= first <= LAST - 255:
            raise ValueError(f"{first} begins no range of glyphs: use a multiple of 256 up to {LAST - 255}")
        bold = is_bold(stack)
        with self._lock:  # FreeType's faces are not for two threads at once
            if (bold, first) not in self._made:
                self._made[bold, first] = list(self._glyphs(first, bold=bold))
                if len(self._made) > KEPT:
                    self._made.popitem(last=False)
            self._made.move_to_end((bold, first))
            glyphs = self._made[bold, first]
        head = _text(1, stack) + _text(2, f"{first}-{first + 255}")
        return _message(1, head + b"".join(_message(3, each) for each in glyphs))

    def _glyphs(self, first: int, *, bold: bool) -> Iterator[bytes]:
        for code in range(first, first + 256):
            for font in self._faces(bold=bold):
                if code and font.get_char_index(code):
                    yield _glyph(font, code)
                    break

    def _faces(self, *, bold: bool) -> list[FT2Font]:
        if bold not in self._fonts:
            self._fonts[bold] = list(_open(bold=bold, chinese=self._chinese))
        return self._fonts[bold]


def is_bold(stack: str) -> bool:
    """Tell whether the first font of a stack is a bold one.

    Examples
    --------
    >>> is_bold("DejaVu Sans Bold,Noto Sans Regular"), is_bold("DejaVu Sans Book")
    (True, False)
    """
    first = stack.split(",", maxsplit=1)[0].lower()
    return any(word in first for word in ("bold", "black", "heavy"))


def _open(*, bold: bool, chinese: bool) -> Iterator[FT2Font]:
    import matplotlib as mpl  # noqa: PLC0415 - takes half a second that only the first file of glyphs waits for
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - as above

    faces = [FT2Font(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / _FILES[bold]))]
    if chinese:
        from layers.drawing import chinese_font  # noqa: PLC0415 - as above

        if (name := chinese_font()) is not None:
            from matplotlib import font_manager  # noqa: PLC0415 - as above

            wanted = font_manager.FontProperties(family=name, weight="bold" if bold else "normal")
            faces.append(FT2Font(str(font_manager.findfont(wanted))))
    for face in faces:
        face.set_size(SIZE * _FINE, 72)
        yield face


def _glyph(font: FT2Font, code: int) -> bytes:
    from matplotlib.ft2font import LoadFlags  # noqa: PLC0415 - as above

    glyph = font.load_char(code, flags=LoadFlags.NO_HINTING)
    west, south, east, north = (each / 64 for each in glyph.bbox)
    advance = round(glyph.linearHoriAdvance / 65536 / _FINE)
    if east <= west or north <= south:
        return _glyph_message(code, None, (0, 0, 0, -TOP), advance)
    left, right = math.floor(west / _FINE), math.ceil(east / _FINE)
    bottom, top = math.floor(south / _FINE), math.ceil(north / _FINE)
    width, height = right - left, top - bottom
    ink = np.zeros(((height + 2 * BORDER) * _FINE, (width + 2 * BORDER) * _FINE), dtype=np.uint8)
    x = BORDER * _FINE + math.floor(west) - left * _FINE
    y = BORDER * _FINE + top * _FINE - math.ceil(north)
    font.draw_glyph_to_bitmap(ink, x, y, glyph, antialiased=True)
    return _glyph_message(code, field_of(ink), (width, height, left, top - TOP), advance)


def field_of(ink: npt.NDArray[np.uint8]) -> Field:
    """Return the signed distance field of a glyph drawn `_FINE` times as large; its sides are multiples of that."""
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415 - as above

    inside = ink >= 128
    if inside.any():
        out = np.maximum(distance_transform_edt(~inside) - 0.5, 0.0)
        within = np.maximum(distance_transform_edt(inside) - 0.5, 0.0)
        distance = (out - within) / _FINE
    else:  # strokes too thin to cover half of any pixel
        distance = np.full(ink.shape, RADIUS)
    rows, columns = ink.shape[0] // _FINE, ink.shape[1] // _FINE
    mean = distance.reshape(rows, _FINE, columns, _FINE).mean(axis=(1, 3))
    made: Field = np.rint(np.clip(255.0 * (1.0 - mean / RADIUS - CUTOFF), 0, 255)).astype(np.uint8)
    return made


# ── protocol buffers ─────────────────────────────────────────────────────────────────────────────────────────────────
def _glyph_message(code: int, field: Field | None, box: tuple[int, int, int, int], advance: int) -> bytes:
    width, height, left, top = box
    made = _number(1, code)
    if field is not None:
        made += _message(2, field.tobytes())
    return (made + _number(3, width) + _number(4, height) + _number(5, _zigzag(left)) + _number(6, _zigzag(top))
            + _number(7, advance))  # fmt: skip


def _zigzag(value: int) -> int:
    return 2 * value if value >= 0 else -2 * value - 1


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def _number(tag: int, value: int) -> bytes:
    return _varint(tag << 3) + _varint(value)


def _message(tag: int, body: bytes) -> bytes:
    return _varint(tag << 3 | 2) + _varint(len(body)) + body


def _text(tag: int, value: str) -> bytes:
    return _message(tag, value.encode("utf-8"))
