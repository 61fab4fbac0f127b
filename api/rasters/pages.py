"""Pages of rasters for people in a browser."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.deps import Here
from api.pages import page, trail
from geo.crs import bounds_in
from layers.tiles.grids import GRIDS
from layers.words import Lang

MAP = "WebMercatorQuad"
DEEPEST = 18
ACROSS = 3.0
"""The picture of a raster is made of tiles of the deepest level on which it is not longer than so many of them."""


@dataclass(frozen=True)
class Piece:
    """One tile of a picture, and where it lies in it [share of the picture's width and height]."""

    level: int
    row: int
    column: int
    left: float
    top: float
    width: float
    height: float


def rasters(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of the study's rasters."""
    values = {"title": _rasters(lang), "crumbs": trail(at, lang), "here": f"{at.base}/rasters",
              "rasters": made["rasters"]}  # fmt: skip
    return page("rasters.html", lang, values)


def raster(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of one raster: a picture, its legend, where its tiles are."""
    here = f"{at.base}/rasters/{made['id']}"
    tiles = f"{here}/tiles/{MAP}"
    aspect, pieces = picture(tuple(made["bounds"]))
    values = {
        "title": made["title"], "crumbs": trail(at, lang, ("rasters", _rasters(lang))), "here": here, "made": made,
        "pieces": [(f"{tiles}/{each.level}/{each.row}/{each.column}.png", each) for each in pieces], "aspect": aspect,
        "xyz": f"{tiles}/{{z}}/{{y}}/{{x}}.png", "tilejson": tiles,
    }  # fmt: skip
    return page("raster.html", lang, values)


def picture(bounds: tuple[float, float, float, float]) -> tuple[float, list[Piece]]:
    """Return width over height of bounds (longitude, latitude) on a web map, and the tiles that cover them."""
    grid = GRIDS[MAP]
    west, south, east, north = bounds_in(bounds, "OGC:CRS84", grid.crs)
    wide, high = east - west, north - south
    level = min(DEEPEST, max(0, math.floor(math.log2(ACROSS * grid.span / max(wide, high)))))
    side = grid.span / 2**level
    (first, left), (last, right) = grid.at(level, west, north), grid.at(level, east, south)
    pieces = [
        Piece(level, row, column, (grid.left + column * side - west) / wide, (north - grid.top + row * side) / high,
              side / wide, side / high)
        for row in range(first, last + 1)
        for column in range(left, right + 1)
    ]  # fmt: skip
    return wide / high, pieces


def _rasters(lang: Lang) -> str:
    return "栅格" if lang == "zh" else "Rasters"
