"""The plan as one page: a folium map that opens with the network unplugged.

The map library, styles, words and data all stand in the one HTML file. The page's own script is
`layers/templates/plan_map.js`; what it draws comes from `layers/catalogue.py` and `layers/features.py`.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from branca.element import Figure
from folium.elements import JSCSSMixin
from jinja2 import Template

from geo.partition.actions import PlanTables
from geo.partition.alternatives import Alternatives
from geo.partition.scorecard import Scorecard
from geo.schema import OUTSIDE
from geo.study import Study
from layers.assets import read_asset, read_template
from layers.catalogue import Layer, catalogue
from layers.evaluation import GROUPS, Heading, headings, measure_text, verdicts
from layers.features import (
    FEWEST_SHOWN,
    arrows,
    label_points,
    layer_frames,
    lonlat_point,
    plain_value,
    road_labels,
    to_lonlat,
    typeset,
)
from layers.provenance import (
    change_sentence,
    figures,
    limits_told,
    plan_limits,
    profile_title,
    proof_told,
    provenance,
)
from layers.review import Reasons, Review, typeset_review
from layers.styles import INK, OTHER_PLAN, ROAD_CASING, SEAL
from layers.words import LANGS, PLAN_WORDS, WORDS, Lang, word

SIMPLIFY_M = {"buildings": 0.6, "roads": 1.0, "barriers": 1.0, "estates": 0.6}
"""How far a simplified line of the base map may lie from the true one [m]."""

_MERGED = {"buildings": None, "roads": "road_group", "barriers": "barrier_group"}


class _Page(Figure):
    """A document whose language and policy are stated: nothing may be fetched from anywhere."""

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{ this.lang }}">\n'
        "<head>\n"
        "<title>{{ this.title_text }}</title>\n"
        "{{ this.header.render(**kwargs) }}\n"
        "</head>\n"
        "<body>\n"
        "{{ this.html.render(**kwargs) }}\n"
        "<script>\n"
        "{{ this.script.render(**kwargs) }}\n"
        "</script>\n"
        "</body>\n"
        "</html>\n"
    )

    def __init__(self, title: str, lang: Lang) -> None:
        super().__init__(height="720px")
        self._id = "page"
        self.title_text = escape(title)
        self.lang = "zh-CN" if lang == "zh" else "en"


class OfflineMap(folium.Map):
    """A folium map that carries Leaflet inside instead of fetching it, has no base map, and fits any screen.

    Layers of folium may be added as to any folium map, as long as they need nothing but Leaflet. A tile layer is
    fetched from its server when the page is opened: only then may the page load pictures from elsewhere.
    """

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium declares it so, and adds to a copy
    default_css: list[tuple[str, str]] = []  # noqa: RUF012 - the same

    _template = Template(
        """
        {% macro header(this, kwargs) %}
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <meta http-equiv="Content-Security-Policy" content="{{ this.policy() }}" />
            <link rel="icon" href="data:," />
            <style>{{ this.leaflet_css }}</style>
            <style>{{ this.page_css }}</style>
            <script>L_NO_TOUCH = false; L_DISABLE_3D = false;</script>
            <script>{{ this.leaflet_js }}</script>
        {% endmacro %}
        {% macro html(this, kwargs) %}
            {{ this.shell(this.get_name()) }}
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
                center: {{ this.location|tojson }}, zoom: 13, zoomControl: false, attributionControl: false,
                zoomSnap: 0.25, wheelPxPerZoomLevel: 90, maxZoom: 20
            });
        {% endmacro %}
        """
    )

    def __init__(self, location: list[float], *, title: str, lang: Lang) -> None:
        super().__init__(location=location, tiles=None, zoom_control=False)
        self._id = "plan"
        page: Any = _Page(title, lang)
        page.add_child(self)
        self.leaflet_css = read_asset("leaflet.css")
        self.leaflet_js = read_asset("leaflet.js")
        self.page_css = read_template("plan_map.css")

    def policy(self) -> str:
        """Return the page's content security policy."""
        tiles = any(isinstance(child, folium.TileLayer) for child in self._children.values())
        images = "data: blob: https:" if tiles else "data: blob:"
        return f"default-src 'none'; img-src {images}; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

    @staticmethod
    def shell(map_id: str) -> str:
        """Return the page around the map."""
        return read_template("plan_map.html").replace("MAP_ID", map_id)


class _PlanLayers(JSCSSMixin, folium.MacroElement):
    """The layers, legend, panel and popups of a plan on an `OfflineMap`."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <script type="application/json" id="sq-plan">{{ this.data }}</script>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            {{ this.code }}
            shequPlanMap({{ this._parent.get_name() }}, JSON.parse(document.getElementById("sq-plan").textContent));
        {% endmacro %}
        """
    )

    def __init__(self, page: Mapping[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "PlanLayers"
        self._id = "layers"
        self.data = json_in_html(page)
        self.code = read_template("plan_map.js")


def plan_map(
    tables: PlanTables,
    *,
    study: Study,
    context: Mapping[str, gpd.GeoDataFrame] | None = None,
    lang: Lang = "zh",
    review: Review | None = None,
) -> folium.Map:
    """Return a plan as an interactive map that needs no network: both languages, before and after, every layer.

    Parameters
    ----------
    tables
        The plan's tables, in a metric CRS.
    study
        The study it was made for: name, CRS, notes.
    context
        Tables behind the plan by name (roads, barriers, estates, buildings, facilities); the study's own by default.
    lang
        Language the page opens in; it can be switched on the page.
    review
        What else is known of the plan (`layers.review.review_plan`): its scorecard gets a tab, reasons stand in the
        popups, other plans can be laid over this one.

    Returns
    -------
    folium.Map
        Other folium layers may be added to it. `save` writes it.

    Raises
    ------
    InputError
        When the map library has not been built (in a checkout).
    """
    behind = study.tables if context is None else context
    page = page_data(tables, study=study, context=behind, lang=lang, review=review)
    (south, west), (north, east) = page["bounds"]
    made = OfflineMap([(south + north) / 2, (west + east) / 2], title=page["title"][lang == "en"], lang=lang)
    made.add_child(_PlanLayers(page))
    return made


def save(made: folium.Map, path: Path) -> None:
    """Write the map to `path` as one HTML file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = made.get_root().render()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".shequ-") as folder:
        draft = Path(folder) / "map.html"
        draft.write_text(text, encoding="utf-8", newline="\n")
        os.replace(draft, path)


def page_data(
    tables: PlanTables,
    *,
    study: Study,
    context: Mapping[str, gpd.GeoDataFrame],
    lang: Lang,
    review: Review | None = None,
) -> dict[str, Any]:
    """Return everything the page shows, as JSON values; coordinates are degrees (EPSG:4326), rounded to 0.1 m."""
    tables, review = typeset(tables), typeset_review(review)
    limits = plan_limits(tables)
    layers = catalogue(limits)
    frames = layer_frames(tables, context, limits)
    bounds = to_lonlat(tables.communities).total_bounds
    crs = tables.blocks.crs
    limits_phrase = limits_told(tables)
    profile = profile_title(tables)
    title = {code: _title(study, code) for code in ("zh", "en")}
    return {
        "lang": lang,
        "title": [title["zh"], title["en"]],
        "subtitle": [
            f"{change_sentence(tables, 'zh')} · {limits_phrase[0]} · {profile[0]}",
            f"{change_sentence(tables, 'en')} · {limits_phrase[1]} · {profile[1]}",
        ],
        "bounds": [[round(float(bounds[1]), 6), round(float(bounds[0]), 6)],
                   [round(float(bounds[3]), 6), round(float(bounds[2]), 6)]],
        "limits": asdict(limits),
        "fewest": FEWEST_SHOWN,
        "ink": INK, "seal": SEAL, "casing": ROAD_CASING, "other": OTHER_PLAN,
        "words": PLAN_WORDS,
        "layers": [layer_data(layer) for layer in layers if layer.table in frames],
        "tables": {
            **{name: {"rows": _rows(name, frame, layers)} for name, frame in frames.items()},
            "violations": {"rows": _plain_rows(tables.violations)},
        },
        "arrows": [[lonlat_point(a, crs), lonlat_point(b, crs)] for a, b in arrows(tables).values()],
        "road_labels": _road_names(frames),
        "figures": [asdict(row) for row in figures(tables)],
        "about": [asdict(row) for row in provenance(tables, study)],
        "proof": list(proof_told(tables)),
        "score": None if review.scorecard is None else _score(review.scorecard),
        "reasons": _why(tables, review.reasons),
        "alternatives": [] if review.alternatives is None else _alternatives(tables, review.alternatives),
    }  # fmt: skip


def json_in_html(value: object) -> str:
    """Return JSON that may stand inside a script element: no `<`, `>`, `&` and no line separators of JavaScript.

    Examples
    --------
    >>> "<" in json_in_html("</script>")
    False
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _title(study: Study, lang: Lang) -> str:
    name = study.name if lang == "zh" else study.name_en or study.name
    return f"{name}{word('page.title', 'zh')}" if lang == "zh" else f"{name} · {word('page.title', 'en')}"


def layer_data(layer: Layer) -> dict[str, Any]:
    """Return an entry of the catalogue as a page reads it."""
    style = layer.style
    return {
        "id": layer.id, "table": layer.table, "title": layer.title, "group": layer.group, "geometry": layer.geometry,
        "shown": layer.shown, "strong": layer.strong, "fields": [asdict(field) for field in layer.fields],
        "style": {"kind": style.kind, "column": style.column, "classes": [
            {"value": each.value, "label": [each.label_zh, each.label_en], "lower": each.lower, "upper": each.upper,
             "symbol": asdict(each.symbol)} for each in style.classes]},
    }  # fmt: skip


def _rows(name: str, frame: gpd.GeoDataFrame, layers: tuple[Layer, ...]) -> list[dict[str, Any]]:
    """Return one table's rows for the page: the columns its layers read, geometry in degrees."""
    shown = frame.copy(deep=False)
    if name in SIMPLIFY_M:
        shown = shown.set_geometry(shown.geometry.simplify(SIMPLIFY_M[name]))
        shown = shown[~shown.geometry.is_empty]
    if name in _MERGED:
        return merged_rows(to_lonlat(shown), _MERGED[name])
    columns = _columns(name, frame, layers)
    degrees = to_lonlat(shown)
    points = label_points(frame) if name in ("communities", "communities_before", "moves") else None
    rows = []
    for key, row in degrees.iterrows():
        values: dict[str, Any] = {"id": str(key), **{column: plain_value(row[column]) for column in columns}}
        values["geometry"] = shapely.geometry.mapping(row.geometry)
        if points is not None:
            values["at"] = lonlat_point(points[key], frame.crs)
        if name == "blocks":
            values.update(_masked(values))
        rows.append(values)
    return rows


def _columns(name: str, frame: gpd.GeoDataFrame, layers: tuple[Layer, ...]) -> list[str]:
    wanted = {"name", "name_en", "status", "fate"}
    for layer in layers:
        if layer.table == name:
            wanted |= {layer.style.column}
            wanted |= {column for field in layer.fields for column in (field.column, field.column_en)}
    return [column for column in frame.columns if column in wanted]


def _masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to change in a block's row so that few households cannot be read from the page."""
    households = values["households"]
    if households is None or not 0 < households < FEWEST_SHOWN:
        return {}
    return {"few": True, "households": None, "people": None, "density_per_ha": None, "floor_density": 0.0}


def merged_rows(frame: gpd.GeoDataFrame, column: str | None) -> list[dict[str, Any]]:
    """Return one row per class: the base map has no popups, and one shape draws faster than thousands."""
    groups = frame.groupby(column, sort=True) if column else [("", frame)]
    rows = []
    for value, part in groups:
        kinds: dict[int, list[Any]] = {}
        for shape in shapely.get_parts(np.asarray(part.geometry.array)):
            kinds.setdefault(shape.geom_type, []).append(shape)
        for kind, shapes in sorted(kinds.items()):
            coordinates = [shapely.geometry.mapping(shape)["coordinates"] for shape in shapes]
            row = {"id": f"{value}-{kind}", "geometry": {"type": f"Multi{kind}", "coordinates": coordinates}}
            rows.append({**row, column: str(value)} if column else row)
    return rows


def _road_names(frames: Mapping[str, gpd.GeoDataFrame]) -> list[dict[str, Any]]:
    if "roads" not in frames:
        return []
    crs = frames["roads"].crs
    stretches = road_labels(frames["roads"])
    points = gpd.GeoSeries([each["point"] for each in stretches], crs=crs).to_crs("EPSG:4326")
    return [
        {"name": each["name"], "name_en": each["name_en"], "group": each["group"], "angle": each["angle_deg"],
         "length_m": each["length_m"], "at": [round(point.y, 6), round(point.x, 6)]}
        for each, point in zip(stretches, points, strict=True)
    ]  # fmt: skip


def _score(card: Scorecard) -> dict[str, Any]:
    """Return the scorecard in its groups: every measure once, its numbers written out in both languages."""

    def measure(number: object, row: pd.Series) -> dict[str, Any]:
        texts = {name: [plain_value(row[f"{name}_{lang}"]) for lang in LANGS]
                 for name in ("title", "formula", "source", "note")}  # fmt: skip
        values = {when: [measure_text(row[when], str(row["unit"]), lang) for lang in LANGS]
                  for when in ("before", "after")}  # fmt: skip
        texts["title"][1] = texts["title"][1][:1].upper() + texts["title"][1][1:]
        return {"number": number, "verdict": str(row["verdict"]), **texts, **values}

    def heading(each: Heading) -> dict[str, Any]:
        counts = {name: int(each.summary[name]) for name in ("better", "worse", "unchanged", "changed", "unknown")}
        return {"name": [str(each.summary["name_zh"]), str(each.summary["name_en"])], "counts": counts,
                "also": list(each.also), "measures": [measure(*item) for item in each.measures.iterrows()]}  # fmt: skip

    every = headings(card)
    return {
        "counts": verdicts(card),
        "groups": [
            {"title": f"score.{group}", "headings": [heading(each) for each in every if each.group == group]}
            for group in GROUPS
        ],
    }


def _why(tables: PlanTables, reasons: Reasons | None) -> dict[str, Any]:
    """Return why communities and blocks are where they are; nothing of blocks whose few households it would tell.

    `texts` has each sentence once; `communities` and `blocks` say which one is theirs.
    """
    told = reasons or Reasons({}, {})
    households = tables.blocks["households"].fillna(0)
    few = set(households.index[(households > 0) & (households < FEWEST_SHOWN)].astype(str))
    blocks = {key: text for key, text in told.blocks.items() if key not in few}
    texts = list(dict.fromkeys([*told.communities.values(), *blocks.values()]))
    place = {text: number for number, text in enumerate(texts)}
    return {
        "texts": [list(text) for text in texts],
        "communities": {key: place[text] for key, text in told.communities.items()},
        "blocks": {key: place[text] for key, text in blocks.items()},
    }


def _alternatives(tables: PlanTables, found: Alternatives) -> list[dict[str, Any]]:
    """Return each plan to choose from: its name and numbers, what it gives up, and its borders in degrees."""
    inner = tables.seams[tables.seams["block_b"] != OUTSIDE].sort_index()
    mine = tables.plan.digest
    columns = [
        (word("page.sizes", "zh"), word("page.sizes", "en"), "households"),
        (*WORDS["distance"], "distance"),
        (*WORDS["loss"], "loss"),
    ]
    rows = []
    for name, plan in found.plans.items():
        told = found.table.loc[name]
        cut = inner["block_a"].map(plan.assignment) != inner["block_b"].map(plan.assignment)
        merged = shapely.line_merge(shapely.union_all(np.asarray(inner.geometry[cut].array)))
        line = to_lonlat(gpd.GeoDataFrame(geometry=[merged], crs=inner.crs)).geometry.iloc[0]
        values = {
            "households": f"{int(told['households_min']):,}–{int(told['households_max']):,}",
            "distance": f"{float(told['distance']):.1%}", "loss": f"{float(told['loss']):.1%}",
        }  # fmt: skip
        rows.append({
            "id": name, "mine": plan.digest == mine, "name": [str(told["name_zh"]), str(told["name_en"])],
            "k": int(told["k"]), "figures": [[[zh, en], values[key]] for zh, en, key in columns],
            "text": [str(found.gives_up.loc[name, f"text_{lang}"]) for lang in LANGS],
            "geometry": shapely.geometry.mapping(line),
        })  # fmt: skip
    return rows


def _plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): plain_value(value) for key, value in row.items()} for row in frame.to_dict("records")]
