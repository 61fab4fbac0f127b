"""An examination, and the programme made from it, as one offline page that stays quick with many thousand buildings.

The page's own script is `layers/templates/examination_map.js`; what it draws comes from `layers/catalogue.py` and
`layers/examination/frames.py`. Shapes travel as whole numbers (0.1 m), each point as its distance from the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd
import pandas as pd

from geo.schema import SEVERITIES
from layers.assets import read_template
from layers.catalogue import examination_layers, farmhouses_layer, phase_style
from layers.examination.facts import (
    amount,
    between,
    catalogue_title,
    day,
    percent,
    provenance,
    site_names,
    totals,
    with_unit,
)
from layers.examination.frames import examined_frames, house_frame, private_codes, remedied_places
from layers.features import FEWEST_SHOWN, context_frames, label_points, lonlat_point, to_lonlat
from layers.maps import OfflineMap, layer_data
from layers.programme.facts import WAN
from layers.styles import INK, ROAD_CASING, SEAL
from layers.town_page import SCALE, PageLayers, Strings, base_map, road_names, shapes_of
from layers.words import LANGS, WORDS, Lang, fullwidth, is_missing, study_name, word

if TYPE_CHECKING:
    from geo.examination.candidates import Candidates
    from geo.examination.result import Examination
    from geo.programme.programme import Programme
    from geo.standards.indicators import Indicator
    from geo.study import Study

PLACES = ("building", "estate", "unit", "block")
SIMPLIFY_M = {"building": 0.3, "farmhouse": 0.3, "estate": 0.5, "unit": 1.0, "block": 1.0}
"""How far a simplified outline may lie from the true one [m]."""

_TABLE_OF = {"building": "buildings", "estate": "estates", "unit": "units", "block": "blocks"}
_STATE_SIGNS = {"found": "f", "clear": "c", "unknown": "u", "not_applicable": "n"}
_SEVERITY_SIGNS = {"none": "n", "unknown": "u", "general": "g", "serious": "s", "very_serious": "v"}
_STATUS_SIGNS = {"open": "o", "scheduled": "s", "done": "d", "checked": "k"}
_WORD_STARTS = ("severity.", "state.", "coverage.", "share.", "housing_group.", "finding_status.", "problem.",
                "remedy.", "dimension.", "value_status.", "target_met.", "rule_class.", "class.", "phase.", "limits.",
                "page.", "layer.", "group.", "house_decision.", "extent_unit.", "unit.", "candidate_group.", "subject.",
                "payer_", "road.")  # fmt: skip


class _ExaminationPage(OfflineMap):
    """An `OfflineMap` in the shell of an examination."""

    @staticmethod
    def shell(map_id: str) -> str:
        """Return the page around the map."""
        return read_template("examination_map.html").replace("MAP_ID", map_id)


def examination_map(
    examination: Examination,
    *,
    study: Study,
    candidates: Candidates | None = None,
    programme: Programme | None = None,
    measures: gpd.GeoDataFrame | None = None,
    lang: Lang = "zh",
    theme: str = "severity",
) -> folium.Map:
    """Return an examination as an interactive map that needs no network; `layers.maps.save` writes it.

    A chooser of every indicator with value and coverage, overall severity, coverage, and with a programme its years;
    by building and estate or by block; before works, today, after the programme. What nobody looked at is hatched grey
    and never looks like what was found clear. Both languages.

    Parameters
    ----------
    examination
        As `geo.examination.examine.examine` returns it.
    study
        The study that was examined: roads, water and other buildings are drawn below.
    candidates
        Old estates ranked for renovation: rank and reasons stand in the estates' popups.
    programme, measures
        What is to be done in which year, and what it was chosen from; both or neither.
    lang
        Language the page opens in.
    theme
        What it opens with: `severity`, `coverage`, `programme`, or the number of an indicator.

    Raises
    ------
    InputError
        When the map library has not been built (in a checkout).
    """
    page = page_data(examination, study=study, candidates=candidates, programme=programme, measures=measures, lang=lang)
    page["theme"] = theme
    (south, west), (north, east) = page["bounds"]
    made = _ExaminationPage([(south + north) / 2, (west + east) / 2], title=page["title"][lang == "en"], lang=lang)
    made.page_css = read_template("plan_map.css") + read_template("examination_map.css")
    made.add_child(PageLayers(page, scripts=("examination_map.js",), start="shequExaminationMap"))
    return made


def page_data(
    examination: Examination,
    *,
    study: Study,
    candidates: Candidates | None = None,
    programme: Programme | None = None,
    measures: gpd.GeoDataFrame | None = None,
    lang: Lang = "zh",
) -> dict[str, Any]:
    """Return everything the page shows, as JSON values; coordinates are degrees (EPSG:4326), rounded to 0.1 m."""
    frames = examined_frames(examination)
    crs = examination.buildings.crs
    extent = to_lonlat(examination.buildings if len(examination.buildings) else examination.blocks).total_bounds
    origin = [int(extent[0] * SCALE), int(extent[1] * SCALE)]
    strings = Strings()
    order = {kind: {str(key): n for n, key in enumerate(frames[_TABLE_OF[kind]].index)} for kind in PLACES}
    cured = _cured(examination, programme, measures)
    places = {kind: _places(kind, frames, order, origin, strings) for kind in PLACES}
    _severities(places, examination, order, cured)
    context = context_frames({name: study.tables[name] for name in ("roads", "barriers") if name in study.tables}, crs)
    layers = [layer for layer in examination_layers(examination.catalogue)
              if not layer.id.startswith("indicator_") or layer.id == "indicator_01"]  # fmt: skip
    data: dict[str, Any] = {
        "lang": lang, "title": [_title(study, code, programme is not None) for code in LANGS],
        "subtitle": [_subtitle(examination, code) for code in LANGS],
        "bounds": [[round(float(extent[1]), 6), round(float(extent[0]), 6)],
                   [round(float(extent[3]), 6), round(float(extent[2]), 6)]],
        "origin": origin, "scale": SCALE, "fewest": FEWEST_SHOWN, "ink": INK, "seal": SEAL, "casing": ROAD_CASING,
        "words": {key: pair for key, pair in WORDS.items() if key in _PLAIN or key.startswith(_WORD_STARTS)},
        "layers": {layer.id: layer_data(layer) for layer in layers},
        "places": places,
        "indicators": _indicators(examination, order, cured),
        "findings": _findings(frames["findings"], order, examination, strings),
        "programme": None,
        "base": base_map(context, study, frames["buildings"].index, origin),
        "road_labels": road_names(context, crs),
        "totals": totals(examination),
        "about": [asdict(row) for row in provenance(examination, study)],
    }  # fmt: skip
    if candidates is not None:
        data["candidates"] = _candidates(candidates)
    houses = house_frame(study)
    if houses is not None:
        data["farmhouses"] = _houses(houses, origin, strings)
        data["layers"]["farmhouses"] = layer_data(farmhouses_layer())
    if programme is not None and measures is not None:
        names: dict[Lang, dict[str, str]] = {code: site_names(examination, study, code) for code in LANGS}
        data["programme"] = _programme(programme, measures, names, order, strings)
    data["strings"] = strings.all
    return data


_PLAIN = frozenset({
    "estate", "building", "block", "community", "year_built", "floors", "housing_group", "surveyed_share", "severity",
    "findings_open", "findings_done", "households", "people", "buildings_count", "buildings_surveyed", "unit_size",
    "coverage", "unknown", "yes", "no", "value", "surveyed", "target", "note", "entered_from", "sentence", "source",
    "indicator", "code", "location", "photo", "surveyed_on", "finding_status", "extent", "programme_measure", "year",
    "cost", "first_year", "safety", "elder_child", "measures_count", "rank", "why", "points", "who_pays", "quantity",
    "budget_wan", "sites_count", "report.exam_caution", "report.exam_sources", "number", "area", "today",
    "report.prog_example", "problem", "remedy", "findings_per_ha", "decision", "parcel_id", "parcel_m2", "footprint_m2",
    "danger_grade", "decided_on",
})  # fmt: skip


def _title(study: Study, lang: Lang, planned: bool) -> str:
    name, told = study_name(study, lang), word("page.programme" if planned else "page.examination", lang)
    return f"{name}{told}" if lang == "zh" else f"{name} · {told}"


def _subtitle(examination: Examination, lang: Lang) -> str:
    told = totals(examination)
    covered = word("page.coverage_said", lang, surveyed=f"{told['surveyed']:,}", total=f"{told['buildings']:,}",
                   share=percent(told["share"], lang))  # fmt: skip
    return " · ".join([covered, day(examination.today, lang), catalogue_title(examination.catalogue, lang)])


def _places(
    kind: str,
    frames: Mapping[str, gpd.GeoDataFrame],
    order: Mapping[str, Mapping[str, int]],
    origin: list[int],
    strings: Strings,
) -> dict[str, Any]:
    """Return the places of one kind in columns: ids, names, shapes, what they lie in, what is known of them."""
    frame = frames[_TABLE_OF[kind]]
    rows = pd.DataFrame(frame.drop(columns=frame.geometry.name))

    def numbers(column: str, digits: int | None = None) -> list[Any]:
        if column not in rows:
            return [None] * len(rows)
        values = pd.to_numeric(rows[column]).astype("float64")
        return [None if value != value else int(value) if digits is None else round(value, digits) for value in values]  # noqa: PLR0124

    made: dict[str, Any] = {
        "ids": [str(key) for key in rows.index],
        "name": strings.numbers(rows["name"]) if "name" in rows else [0] * len(rows),
        "name_en": strings.numbers(rows["name_en"]) if "name_en" in rows else [0] * len(rows),
        "shapes": shapes_of(frame, origin, SIMPLIFY_M[kind]),
        "severity": "".join(_SEVERITY_SIGNS.get(str(value), "u") for value in rows["severity"]) if len(rows) else "",
        "share": [0 if value is None else round(100 * value) for value in numbers("surveyed_share", 4)],
        "open": numbers("findings_open"), "done": numbers("findings_done"),
    }  # fmt: skip
    for inside in ("estate", "block", "unit"):
        if inside != kind and f"{inside}_id" in rows:
            made[inside] = [order[inside].get(str(key), -1) for key in rows[f"{inside}_id"]]
    made["year"] = numbers("year_built")
    if kind == "building":
        made["floors"] = numbers("floors", 1)
        made["group"] = strings.numbers(rows["housing_group"])
    else:
        made |= {"households": numbers("households"), "people": numbers("people"), "buildings": numbers("buildings"),
                 "surveyed": numbers("buildings_surveyed"), "per_ha": numbers("findings_per_ha", 2)}  # fmt: skip
        if len(frame):
            made["at"] = [lonlat_point(point, frame.crs) for point in label_points(frame)]
    if kind == "unit" and "size" in rows:
        made["size"] = strings.numbers(rows["size"])
    return made


def _cured(
    examination: Examination, programme: Programme | None, measures: pd.DataFrame | None
) -> dict[tuple[int, str, str], int]:
    """Return (number, subject, id) → year in which the programme puts the last of its findings right."""
    if programme is None or measures is None:
        return {}
    years = programme.choice["year"].reindex(measures.index)
    chosen = measures[years.notna().to_numpy()]
    finding_year: dict[str, int] = {}
    ticked: dict[tuple[int, str, str], int] = {}
    for key, row in zip(chosen.index, pd.DataFrame(chosen).to_dict("records"), strict=True):
        year = int(years[key])
        for finding in _listed(row.get("finding_ids")):
            finding_year[finding] = min(year, finding_year.get(finding, year))
        for number in _listed(row.get("numbers")):
            place = (int(float(number)), str(row["subject"]), str(row["subject_id"]))
            ticked[place] = max(year, ticked.get(place, year))
    live = examination.findings[examination.findings["open"].astype(bool)]
    done = live.index.to_series().astype(str).map(finding_year)
    keys = [live["number"], live["subject"], live["subject_id"]]
    grouped = done.groupby(keys).agg(["count", "size", "max"])
    cured = {
        (int(n), str(subject), str(key)): int(row["max"])
        for (n, subject, key), row in grouped.iterrows()
        if row["count"] == row["size"]
    }
    with_findings = {(int(n), str(subject), str(key)) for n, subject, key in grouped.index}
    return {**{place: year for place, year in ticked.items() if place not in with_findings}, **cured}


def _severities(
    places: Mapping[str, dict[str, Any]],
    examination: Examination,
    order: Mapping[str, Mapping[str, int]],
    cured: Mapping[tuple[int, str, str], int],
) -> None:
    """Add to the buildings how grave their findings were before works, and what the programme leaves."""
    rank = {name: n for n, name in enumerate(SEVERITIES)}
    buildings = places["building"]
    today = list(buildings["severity"])
    before, after = list(today), list(today)
    worst: dict[str, dict[int, int]] = {"before": {}, "after": {}}
    treated: set[int] = set()
    findings = examination.findings
    of_buildings = findings[(findings["subject"] == "building")]
    columns = zip(of_buildings["number"], of_buildings["subject_id"], of_buildings["severity"],
                  of_buildings["open"].astype(bool), strict=True)  # fmt: skip
    for number, key, severity, still in columns:
        place = order["building"].get(str(key))
        if place is None:
            continue
        grave = rank[str(severity)]
        worst["before"][place] = max(grave, worst["before"].get(place, 0))
        if still and (int(number), "building", str(key)) in cured:
            treated.add(place)
        elif still:
            worst["after"][place] = max(grave, worst["after"].get(place, 0))
    signs = [_SEVERITY_SIGNS[name] for name in SEVERITIES]
    for place, grave in worst["before"].items():
        before[place] = signs[grave]
    for place in treated:
        after[place] = signs[worst["after"][place]] if place in worst["after"] else "r"
    buildings["severity_before"], buildings["severity_after"] = "".join(before), "".join(after)


def _indicators(
    examination: Examination,
    order: Mapping[str, Mapping[str, int]],
    cured: Mapping[tuple[int, str, str], int],
) -> list[dict[str, Any]]:
    """Return every indicator: its numbers written out in both languages, and a sign for every place it counts.

    Signs: f found, c clear, u unknown, n not applicable, d found before and put right since.
    """
    remedied = remedied_places(examination)
    states = {int(n): part for n, part in examination.states.groupby("number", sort=True)}
    before = examination.before["value"]
    made = []
    for n, row in examination.indicators.iterrows():
        number = int(str(n))
        indicator = examination.catalogue[number]
        part = states.get(number)
        each: dict[str, Any] = {
            "n": number, "title": [str(row["title_zh"]), str(row["title_en"])], "dimension": str(row["dimension"]),
            "status": str(row["status"]), "verdict": str(row["verdict"]), "rule": str(row["rule"]),
            "value": [with_unit(row["value"], row, lang) for lang in LANGS],
            "bounds": [_bounds(row, lang) for lang in LANGS],
            "before": [with_unit(before.get(number), row, lang) for lang in LANGS],
            "surveyed": _count(row["surveyed"]), "total": _count(row["total"]),
            "coverage": None if is_missing(row["coverage"]) else round(float(row["coverage"]), 4),
            "found": _count(row["found"]), "unknown": _count(row["unknown"]), "subject": indicator.subject,
            "counts": indicator.counts,
            "target": None if is_missing(row["target"]) else [amount(row["target"], lang) for lang in LANGS],
            "sentence": _cut([fullwidth(str(row["sentence_zh"] or "")), str(row["sentence_en"] or "")]),
            "note": [fullwidth(_text(row["note_zh"])), _text(row["note_en"])], "source": _source(indicator, row),
        }  # fmt: skip
        if part is not None and indicator.subject in order and len(part):
            places = order[indicator.subject]
            signs = ["u"] * len(places)
            again = remedied.get((number, indicator.subject), frozenset())
            years: list[int] = []
            values: dict[str, float] = {}
            for key, state, value in zip(part["subject_id"].astype(str), part["state"], part["value"], strict=True):
                place = places.get(key)
                if place is None:
                    continue
                sign = _STATE_SIGNS[str(state)]
                signs[place] = "d" if sign == "c" and key in again else sign
                if sign == "f" and (year := cured.get((number, indicator.subject, key))):
                    years += [place, year]
                if indicator.subject != "building" and indicator.counts != "subjects" and not is_missing(value):
                    values[str(place)] = round(float(value), 2)
            each |= {"states": "".join(signs), "cured": years, "values": values}
        made.append(each)
    return made


def _bounds(row: pd.Series, lang: Lang) -> str:
    """Return between what a value lies, as a phrase; "" when it is known."""
    if not between(row, lang) or is_missing(row["upper"]):
        return between(row, lang)
    return word("page.between", lang, low=amount(row["lower"], lang), high=amount(row["upper"], lang))


def _source(indicator: Indicator, row: pd.Series) -> list[str]:
    """Return where an indicator is from, in both languages; of a value entered by hand what was written down."""
    if row["status"] == "entered":
        return [_text(row["source"])] * 2
    zh = " ".join(part for part in (indicator.source, indicator.clause) if part)
    en = ", ".join(part for part in (indicator.source_en, indicator.clause_en) if part)
    return [fullwidth(zh), en or zh]


def _cut(pair: list[str], most: int = 150) -> list[str]:
    return [text if len(text) <= most else text[:most] + "…" for text in pair]


def _findings(
    findings: gpd.GeoDataFrame, order: Mapping[str, Mapping[str, int]], examination: Examination, strings: Strings
) -> dict[str, Any]:
    """Return the findings in columns, by the place they are of; the titles of their codes once."""
    codes = list(examination.catalogue.codes)
    number = {code: n for n, code in enumerate(codes)}
    kept = findings[findings["subject"].isin(PLACES) & findings["code"].isin(number)]
    kinds = {kind: n for n, kind in enumerate(PLACES)}
    home = private_codes(examination.catalogue)
    rows: list[list[Any]] = [
        [
            kinds[str(row["subject"])], order[str(row["subject"])].get(str(row["subject_id"]), -1),
            number[str(row["code"])], _SEVERITY_SIGNS[str(row["severity"])], _STATUS_SIGNS[str(row["status"])],
            *(strings.number(row.get(name)) for name in ("location", "photo", "surveyed_on")),
            None if is_missing(row.get("extent")) else round(float(row["extent"]), 1),
            strings.number(row.get("extent_unit")) if not is_missing(row.get("extent")) else 0,
        ]
        for row in pd.DataFrame(kept.drop(columns=kept.geometry.name)).to_dict("records")
    ]  # fmt: skip
    return {
        "codes": [[code, each.title_zh, each.title_en, each.problem, each.remedy, indicator.number, int(code in home)]
                  for code, (indicator, each) in examination.catalogue.codes.items()],
        "rows": [row for row in rows if row[1] >= 0],
    }  # fmt: skip


def _candidates(candidates: Candidates) -> dict[str, Any]:
    """Return site id → rank, group, reasons."""
    return {
        str(key): [
            _count(row["rank"]),
            str(row["group"]),
            fullwidth(_text(row["reasons_zh"])),
            _text(row["reasons_en"]),
        ]
        for key, row in candidates.table.iterrows()
    }


def _houses(houses: gpd.GeoDataFrame, origin: list[int], strings: Strings) -> dict[str, Any]:
    """Return the farm houses in columns: what is decided and why; how many stand nobody knows where."""
    placed = houses[houses.geometry.notna()]
    rows = pd.DataFrame(placed.drop(columns=placed.geometry.name)).reindex(
        columns=["decision", "reason_zh", "reason_en", "parcel_id", "parcel_m2", "footprint_m2", "floors",
                 "danger_grade", "decided_on"])  # fmt: skip
    made: dict[str, Any] = {
        "ids": [str(key) for key in rows.index], "shapes": shapes_of(placed, origin, SIMPLIFY_M["farmhouse"]),
        "nowhere": len(houses) - len(placed), "decision": [str(value) for value in rows["decision"]],
    }  # fmt: skip
    for name in ("parcel_id", "danger_grade", "decided_on"):
        made[name] = strings.numbers(rows[name])
    made["reason"] = [[strings.number("" if is_missing(zh) else fullwidth(str(zh))), strings.number(en)]
                      for zh, en in zip(rows["reason_zh"], rows["reason_en"], strict=True)]  # fmt: skip
    for name in ("parcel_m2", "footprint_m2", "floors"):
        made[name] = [None if is_missing(value) else round(float(value), 1) for value in rows[name]]
    return made


def _programme(
    programme: Programme,
    measures: gpd.GeoDataFrame,
    names: Mapping[Lang, Mapping[str, str]],
    order: Mapping[str, Mapping[str, int]],
    strings: Strings,
) -> dict[str, Any]:
    """Return years, sites with the year their works begin, and measures in columns, by site."""
    years = programme.choice["year"].reindex(measures.index)
    sites: dict[str, int] = {}
    rows: list[list[Any]] = []
    told: list[dict[str, Any]] = []
    ordered = measures.assign(_year=years.to_numpy()).sort_values(["site_id", "_year", "key"], kind="stable")
    for key, row in zip(ordered.index, pd.DataFrame(ordered).to_dict("records"), strict=True):
        site = str(row["site_id"])
        if site not in sites:
            kind, _, at = site.rpartition(":")
            kind = kind or "estate"
            sites[site] = len(told)
            named = [names[lang].get(site, site) for lang in LANGS]
            told.append({"id": site, "kind": kind, "place": order.get(kind, {}).get(at, -1), "name": named})
        year = years[key]
        unit = row["unit"]
        rows.append([
            sites[site], strings.number(row["title_zh"]), strings.number(row["title_en"]), str(row["class_"]),
            0 if is_missing(year) else int(year), int(bool(row["safety"])), int(bool(row["elder_child"])),
            None if is_missing(row["quantity"]) else round(float(row["quantity"]), 1), strings.number(unit),
            None if is_missing(row["cost_yuan"]) else round(float(row["cost_yuan"]) / WAN, 2),
            int(bool(row["example_cost"])), *_where(row, order), int(row["remedy"] == "works"),
        ])  # fmt: skip
    table = programme.years
    return {
        "years": [int(year) for year in table.index],
        "sums": [[round(float(table.loc[year, name]) / WAN, 1) for name in ("budget_yuan", "spent_yuan", "cost_yuan")]
                 + [int(table.loc[year, name]) for name in ("measures", "sites", "safety")] for year in table.index],
        "style": [
            {"value": each.value, "label": [each.label_zh, each.label_en], "symbol": asdict(each.symbol)}
            for each in phase_style([int(year) for year in table.index]).classes
        ],
        "sites": told, "measures": rows, "example": bool(measures["example_cost"].fillna(False).any()),
        "need": [round(programme.need_met, 1), round(programme.need_total, 1)],
    }  # fmt: skip


def _where(row: Mapping[str, Any], order: Mapping[str, Mapping[str, int]]) -> list[int]:
    kind = str(row["subject"])
    if kind not in order:
        return [-1, -1]
    return [PLACES.index(kind), order[kind].get(str(row["subject_id"]), -1)]


def _listed(value: object) -> list[str]:
    return [] if is_missing(value) else [each for each in str(value).split(";") if each]


def _count(value: object) -> int | None:
    return None if is_missing(value) else int(float(str(value)))


def _text(value: object) -> str:
    return "" if is_missing(value) else str(value)
