"""What is told of rasters: entries with legends, TileJSON, values."""

from __future__ import annotations

from typing import Any

from api.deps import Here
from api.errors import NotFoundError
from api.rasters.rasters import Rasters, Served
from layers.rasters import SMOOTH
from layers.tiles.grids import GRIDS
from layers.words import Lang, word

DEEPEST = 18
"""Deepest level that tile sets name; deeper ones are answered too."""


def raster_list(at: Here, lang: Lang) -> dict[str, Any]:
    """Return every raster of a study."""
    made = [raster_entry(at, each, lang) for each in at.server.part(Rasters).of(at.store)]
    return {"rasters": made,
            "links": [{"href": f"{at.base}/rasters", "rel": "self", "type": "application/json"}]}  # fmt: skip


def raster_entry(at: Here, served: Served, lang: Lang) -> dict[str, Any]:
    """Return one raster: what it is, its classes with colours and words, where its tiles are."""
    base = f"{at.base}/rasters/{served.name}"
    rows, columns = served.source.values.shape
    return {
        "id": served.name, "title": word(f"raster.{served.name}", lang), "unit": word(served.unit, lang),
        "bounds": [round(each, 6) for each in served.bounds], "crs": served.source.crs.to_string(),
        "rows": rows, "columns": columns, "interpolated": served.name in SMOOTH,
        "legend": [
            {"label": each.label_zh if lang == "zh" else each.label_en, "colour": each.symbol.fill,
             "lower": each.lower, "upper": each.upper}
            for each in served.style.classes
        ],
        "links": [
            {"href": base, "rel": "self", "type": "application/json"},
            {"href": f"{base}/point?lon={{lon}}&lat={{lat}}", "rel": "related", "type": "application/json",
             "templated": True, "title": "value at a position"},
            *({"href": f"{base}/tiles/{grid}", "rel": "http://www.opengis.net/def/rel/ogc/1.0/tilesets-map",
               "type": "application/json", "title": grid} for grid in GRIDS),
        ],
    }  # fmt: skip


def tile_json(at: Here, served: Served, grid: str, lang: Lang) -> dict[str, Any]:
    """Return where the tiles of a raster are.

    Raises
    ------
    NotFoundError
        When there is no such tile matrix set.
    """
    if grid not in GRIDS:
        raise NotFoundError(f"there is no tile matrix set {grid}", f"use one of: {', '.join(GRIDS)}")
    west, south, east, north = (round(each, 6) for each in served.bounds)
    return {
        "tilejson": "3.0.0", "name": word(f"raster.{served.name}", lang), "scheme": "xyz",
        "tiles": [f"{at.base}/rasters/{served.name}/tiles/{grid}/{{z}}/{{y}}/{{x}}.png"],
        "minzoom": 0, "maxzoom": DEEPEST, "bounds": [west, south, east, north],
        "center": [round((west + east) / 2, 6), round((south + north) / 2, 6), 12],
        "crs": GRIDS[grid].crs,
    }  # fmt: skip


def value_at(served: Served, lon: float, lat: float, *, few: float | None, lang: Lang) -> dict[str, Any]:
    """Return the value at a position with its unit and the words of its class."""
    found = served.at(lon, lat, few=few)
    place = found["class"]
    each = None if place is None else served.style.classes[place]
    label = word("raster.unknown", lang) if each is None else each.label_zh if lang == "zh" else each.label_en
    return {"lon": lon, "lat": lat, "value": found["value"], "unit": word(served.unit, lang), "label": label}
