"""Pages of rasters for people in a browser."""

from collections.abc import Mapping
from typing import Any

from api.deps import Here
from api.pages import page, trail
from layers.tiles.grids import GRIDS
from layers.words import Lang

MAP = "WebMercatorQuad"
DEEPEST = 18
SIDE = 2
"""Tiles along a side of the picture, at most."""


def rasters(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of the study's rasters."""
    values = {"title": _rasters(lang), "crumbs": trail(at, lang), "here": f"{at.base}/rasters",
              "rasters": made["rasters"]}  # fmt: skip
    return page("rasters.html", lang, values)


def raster(at: Here, made: Mapping[str, Any], lang: Lang) -> str:
    """Return the page of one raster: a picture, its legend, where its tiles are."""
    here = f"{at.base}/rasters/{made['id']}"
    tiles = f"{here}/tiles/{MAP}"
    values = {
        "title": made["title"], "crumbs": trail(at, lang, ("rasters", _rasters(lang))), "here": here, "made": made,
        "rows": [[f"{tiles}/{level}/{row}/{column}.png" for level, row, column in line]
                 for line in picture(made["bounds"])],
        "xyz": f"{tiles}/{{z}}/{{y}}/{{x}}.png", "tilejson": tiles,
    }  # fmt: skip
    return page("raster.html", lang, values)


def picture(bounds: list[float]) -> list[list[tuple[int, int, int]]]:
    """Return the tiles that show bounds (longitude, latitude) on the deepest level where few do, row by row."""
    from pyproj import Transformer  # noqa: PLC0415 - only here

    web = Transformer.from_crs("OGC:CRS84", GRIDS[MAP].crs, always_xy=True)
    left, bottom, right, top = web.transform_bounds(*bounds)
    found = [(0, 0, 0, 0, 0)]
    for level in range(1, DEEPEST + 1):
        (first, west), (last, east) = GRIDS[MAP].at(level, left, top), GRIDS[MAP].at(level, right, bottom)
        if last - first >= SIDE or east - west >= SIDE:
            break
        found.append((level, first, last, west, east))
    level, first, last, west, east = found[-1]
    return [[(level, row, column) for column in range(west, east + 1)] for row in range(first, last + 1)]


def _rasters(lang: Lang) -> str:
    return "栅格" if lang == "zh" else "Rasters"
