"""What offline pages of a whole town have in common: the shell, shapes as whole numbers, the base map.

A page's own script follows `layers/templates/town_map.js`, whose head says what it offers; its data are `town_data` and
what the page adds. Shapes travel as whole numbers (0.1 m), each point as its distance from the one before.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from folium.elements import JSCSSMixin
from jinja2 import Template

from layers.assets import read_template
from layers.features import DECIMALS, FEWEST_SHOWN, context_frames, lonlat_point, road_labels, to_lonlat
from layers.maps import OfflineMap, json_in_html, merged_rows
from layers.styles import INK, ROAD_CASING, SEAL
from layers.words import WORDS, Lang, is_missing

if TYPE_CHECKING:
    from geo.study import Study
    from layers.provenance import Row

SCALE = 10**DECIMALS
UNKNOWN_16 = 65535
"""Stands for what is not known among packed numbers."""

_BASE_WORDS = ("layer.", "page.", "unknown", "yes", "no", "unit.", "road.")


class TownPage(OfflineMap):
    """An `OfflineMap` in the shell of a page about a whole town.

    Parameters
    ----------
    data
        As `town_data` makes it, with what the page adds.
    name
        Of the page's own script and style: `layers/templates/<name>.js` and `.css`.
    start
        The script's function of (map, data).
    lang
        Language of the title.
    """

    def __init__(self, data: Mapping[str, Any], *, name: str, start: str, lang: Lang) -> None:
        (south, west), (north, east) = data["bounds"]
        super().__init__([(south + north) / 2, (west + east) / 2], title=data["title"][lang == "en"], lang=lang)
        styles = ("plan_map.css", "examination_map.css", "town_map.css", f"{name}.css")
        self.page_css = "".join(read_template(each) for each in styles)
        self.add_child(PageLayers(data, scripts=("town_map.js", f"{name}.js"), start=start))

    @staticmethod
    def shell(map_id: str) -> str:
        """Return the page around the map."""
        return read_template("town_map.html").replace("MAP_ID", map_id)


class PageLayers(JSCSSMixin, folium.MacroElement):
    """The data of a page, its scripts (`layers/templates/`), and the function of them that is given (map, data)."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <script type="application/json" id="sq-data">{{ this.data }}</script>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            {{ this.code }}
            {{ this.start }}(
                {{ this._parent.get_name() }}, JSON.parse(document.getElementById("sq-data").textContent)
            );
        {% endmacro %}
        """
    )

    def __init__(self, data: Mapping[str, Any], *, scripts: Iterable[str], start: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "PageLayers"
        self._id = "layers"
        self.data = json_in_html(data)
        self.code = "".join(map(read_template, scripts))
        self.start = start


class Strings:
    """Texts that stand once and are pointed at by number; 0 is no text."""

    def __init__(self) -> None:
        self.all: list[str] = [""]
        self._place: dict[str, int] = {"": 0}

    def number(self, value: object) -> int:
        """Return the number of a text."""
        text = "" if is_missing(value) else str(value)
        if text not in self._place:
            self._place[text] = len(self.all)
            self.all.append(text)
        return self._place[text]

    def numbers(self, values: Iterable[object]) -> list[int]:
        """Return the numbers of texts."""
        return [self.number(value) for value in values]


def town_data(
    study: Study,
    *,
    ground: gpd.GeoDataFrame,
    title: Sequence[str],
    subtitle: Sequence[str],
    about: Sequence[Row],
    words: Sequence[str],
    lang: Lang,
    homes: pd.Index | None = None,
) -> dict[str, Any]:
    """Return what every page of a town shows, as JSON values; `strings` is left to the page.

    Parameters
    ----------
    study
        Roads, water and other buildings are drawn below.
    ground
        What the page opens on, in a metric CRS.
    title, subtitle
        In Chinese and English.
    about
        Lines of the last tab.
    words
        Beginnings of the keys of words that the page's own script says.
    lang
        Language the page opens in.
    homes
        Ids of buildings that the page itself draws; all others are base map.
    """
    extent = to_lonlat(ground).total_bounds
    origin = [int(extent[0] * SCALE), int(extent[1] * SCALE)]
    context = context_frames({name: study.tables[name] for name in ("roads", "barriers") if name in study.tables},
                             ground.crs)  # fmt: skip
    return {
        "lang": lang, "title": list(title), "subtitle": list(subtitle),
        "bounds": [[round(float(extent[1]), 6), round(float(extent[0]), 6)],
                   [round(float(extent[3]), 6), round(float(extent[2]), 6)]],
        "origin": origin, "scale": SCALE, "fewest": FEWEST_SHOWN, "ink": INK, "seal": SEAL, "casing": ROAD_CASING,
        "words": {key: pair for key, pair in WORDS.items() if key.startswith((*_BASE_WORDS, *words))},
        "base": base_map(context, study, homes, origin),
        "road_labels": road_names(context, ground.crs),
        "about": [asdict(row) for row in about],
    }  # fmt: skip


def base_map(
    context: Mapping[str, gpd.GeoDataFrame], study: Study, homes: pd.Index | None, origin: Sequence[int]
) -> dict[str, Any]:
    """Return roads and water by class, and the outlines of buildings that are not among `homes`."""
    made: dict[str, Any] = {}
    for name, column in (("barriers", "barrier_group"), ("roads", "road_group")):
        if name in context:
            frame = context[name]
            shown = frame.set_geometry(frame.geometry.simplify(1.0))
            made[name] = merged_rows(to_lonlat(shown[~shown.geometry.is_empty]), column)
    buildings = study.tables.get("buildings")
    if buildings is not None and len(buildings):
        drawn = np.zeros(len(buildings), dtype=bool) if homes is None else buildings.index.isin(homes)
        made["others"] = shapes_of(buildings[~drawn].sort_index(), origin, 0.6)
    return made


def road_names(context: Mapping[str, gpd.GeoDataFrame], crs: object) -> list[dict[str, Any]]:
    """Return where names of roads may stand, the most important first."""
    if "roads" not in context:
        return []
    return [
        {"name": each["name"], "name_en": each["name_en"], "group": each["group"], "angle": each["angle_deg"],
         "length_m": each["length_m"], "at": lonlat_point(each["point"], crs)}
        for each in road_labels(context["roads"])
    ]  # fmt: skip


def shapes_of(frame: gpd.GeoDataFrame, origin: Sequence[int], tolerance_m: float) -> list[list[list[list[int]]]]:
    """Return every area as parts of rings of numbers: x, y, then the step from each point to the next [1e-6 degree].

    What is no area (a point, nothing) has no parts.
    """
    if not len(frame):
        return []
    simple = frame.set_geometry(frame.geometry.simplify(tolerance_m))
    degrees = to_lonlat(simple)
    return [[_rings(part, origin) for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
            for shape in degrees.geometry]  # fmt: skip


def _rings(part: shapely.Polygon, origin: Sequence[int]) -> list[list[int]]:
    made = []
    for ring in (part.exterior, *part.interiors):
        points = np.rint(shapely.get_coordinates(ring)[:-1] * SCALE).astype(np.int64) - np.asarray(origin)
        steps = np.diff(points, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
        made.append([int(each) for each in steps.ravel()])
    return made


def points_of(frame: gpd.GeoDataFrame | gpd.GeoSeries, origin: Sequence[int]) -> list[list[int]]:
    """Return a point inside each place, from the origin [1e-6 degree]."""
    if not len(frame):
        return []
    inner = gpd.GeoSeries(frame.geometry.representative_point(), crs=frame.crs).to_crs("EPSG:4326")
    xy = np.rint(np.column_stack([inner.x, inner.y]) * SCALE).astype(np.int64) - np.asarray(origin)
    return [[int(x), int(y)] for x, y in xy]


def packed(values: npt.ArrayLike) -> str:
    """Return numbers of 0 and more as 16 bits each, base64; NaN and what is too large are `UNKNOWN_16`.

    Examples
    --------
    >>> packed([1, float("nan")])
    'AQD//w=='
    """
    numbers = np.asarray(values, dtype=np.float64)
    known = np.isfinite(numbers) & (numbers < UNKNOWN_16)
    whole = np.where(known, np.rint(np.where(known, numbers, 0)), UNKNOWN_16).astype("<u2")
    return base64.b64encode(whole.tobytes()).decode("ascii")
