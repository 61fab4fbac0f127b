"""Gaps of facilities as one offline page: what is within whose reach, what is lacking where, before and after a plan.

The page's own script is `layers/templates/gaps_map.js`, after `town_map.js`; what is drawn comes from
`layers/catalogue.py` and `layers/gaps/frames.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.gaps.result import STATES
from geo.gaps.surfaces import CURVE_M
from layers.catalogue import access_style, gap_style, score_style, walk_style
from layers.features import label_points, lonlat_point
from layers.gaps.facts import about, change_rows, page_subtitle, page_title, typeset
from layers.gaps.frames import (
    FEWEST_PEOPLE,
    access_classes,
    facility_frame,
    out_of_reach,
    walk_classes,
    walk_labels,
)
from layers.styles import COUNTED_SYMBOL, INK, REACH_SYMBOL, SEAL, Style, Symbol, facility_group
from layers.styles import FACILITY_COLOURS as COLOURS
from layers.town_page import Strings, TownPage, packed, points_of, shapes_of, town_data
from layers.words import Lang, is_missing

if TYPE_CHECKING:
    import folium

    from geo.gaps.result import GapChange, Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.study import Study

_STATE_SIGNS = dict(zip(STATES, "mfslukn", strict=True))
_WALK_SIGNS = {"near": "n", "within": "w", "beyond": "b", "far": "f", "unknown": "u"}
_ACCESS_SIGNS = {"none": "0", "low": "l", "under": "d", "over": "o", "high": "h", "unknown": "u"}
_LOST_SYMBOL = Symbol(fill=SEAL, fill_opacity=0.32, stroke=SEAL, width=1.0, radius=6.0)


@dataclass(frozen=True)
class _Kept:
    """Where the shapes count from, and what stands once: texts, and packed numbers."""

    origin: list[int]
    strings: Strings
    packs: Strings


def gaps_map(
    gaps: Mapping[str, Gaps],
    *,
    study: Study,
    surfaces: Surfaces | None = None,
    change: GapChange | None = None,
    lang: Lang = "zh",
) -> folium.Map:
    """Return a town's gaps as an interactive map that needs no network; `layers.maps.save` writes it.

    A chooser of standards and their requirements; homes by the walk to the nearest facility, communities by state and
    score, supply per 1,000 people; land within reach, the facilities that count, people out of reach; with a plan
    everything before and after it. Both languages. What is not known is hatched grey.

    Parameters
    ----------
    gaps
        As `geo.gaps.gaps.gaps_of` returns them, by the standards' names.
    study
        Roads, water, other buildings, facilities.
    surfaces
        Land within reach, access, people by distance (`geo.gaps.surfaces.surfaces`).
    change
        What a plan changes; today is then told by the blocks of today's communities, as the plan is.
    lang
        Language the page opens in.

    Raises
    ------
    InputError
        When the map library has not been built (in a checkout).
    """
    data = page_data(gaps, study=study, surfaces=surfaces, change=change, lang=lang)
    return TownPage(data, name="gaps_map", start="shequGapsMap", lang=lang)


def page_data(
    gaps: Mapping[str, Gaps],
    *,
    study: Study,
    surfaces: Surfaces | None = None,
    change: GapChange | None = None,
    lang: Lang = "zh",
) -> dict[str, Any]:
    """Return everything the page shows, as JSON values; coordinates are degrees (EPSG:4326), rounded to 0.1 m."""
    sides: dict[str, Mapping[str, Gaps]] = {"today": gaps}
    if change is not None:
        sides = {"today": {**gaps, **change.before}, "plan": change.after}
    first = next(iter(gaps.values()))
    homes = first.buildings
    buildings = pd.Index(homes["building_id"].dropna().astype("str")) if "building_id" in homes else None
    data = town_data(
        study,
        ground=gpd.GeoDataFrame(geometry=pd.concat([first.scores.geometry, homes.geometry]), crs=homes.crs),
        title=page_title(study),
        subtitle=page_subtitle(gaps),
        about=about(gaps, surfaces, change, study),
        words=(
            "gaps.",
            "gap_",
            "about.gaps",
            "people",
            "community",
            "estate",
            "facility",
            "capacity",
            "source",
            "note",
        ),
        lang=lang,
        homes=buildings,
    )
    kept = _Kept(data["origin"], Strings(), Strings())
    facilities = facility_frame(gaps, study)
    estates = first.estate_scores.sort_index()
    data |= {
        "styles": {"walk": _classes(walk_style()), "gap": _classes(gap_style()), "score": _classes(score_style()),
                   "ground": _classes(score_style(ground=True)), "access": _classes(access_style()),
                   "land": asdict(REACH_SYMBOL), "counted": asdict(COUNTED_SYMBOL), "lost": asdict(_LOST_SYMBOL)},
        "homes": _homes(homes, sides, study, kept),
        "areas": {side: _areas(next(iter(each.values())).scores, kept) for side, each in sides.items()},
        "estates": _areas(estates, kept),
        "facilities": _facilities(facilities, kept),
        "standards": [_standard(name, sides, surfaces, facilities, kept) for name in gaps],
        "curve_m": list(CURVE_M), "change": None if change is None else change_rows(change, gaps),
        "few_people": FEWEST_PEOPLE,
    }  # fmt: skip
    data["strings"], data["packs"] = kept.strings.all, kept.packs.all
    return data


def _classes(style: Style) -> list[dict[str, Any]]:
    return [
        {"value": each.value, "label": [each.label_zh, each.label_en], "lower": each.lower, "upper": each.upper,
         "symbol": asdict(each.symbol)}
        for each in style.classes
    ]  # fmt: skip


def _homes(
    homes: gpd.GeoDataFrame,
    sides: Mapping[str, Mapping[str, Gaps]],
    study: Study,
    kept: _Kept,
) -> dict[str, Any]:
    """Return the homes in columns; people only where there are at least `FEWEST_PEOPLE`."""
    estates = next(iter(sides["today"].values())).estate_scores.sort_index().index
    people = homes["people"].to_numpy(dtype=np.float64)
    points = points_of(homes, kept.origin)
    shapes = shapes_of(homes, kept.origin, 0.3)
    made: dict[str, Any] = {
        "ids": [str(key) for key in homes.index], "shapes": shapes,
        "points": [[] if shape else point for shape, point in zip(shapes, points, strict=True)],
        "people": [None if not value >= FEWEST_PEOPLE else round(value) for value in people],
        "estate": _places(homes, "estate_id", estates), "community": {}, "name": [], "name_en": [],
    }  # fmt: skip
    for side, found in sides.items():
        each = next(iter(found.values()))
        rows = each.buildings.reindex(homes.index)
        made["community"][side] = _places(rows, "community_id", each.scores.sort_index().index)
    table = study.tables.get("buildings")
    for column in ("name", "name_en"):
        names = None if table is None else table.get(column)
        known = names is not None and "building_id" in homes
        made[column] = kept.strings.numbers(names.reindex(homes["building_id"])) if known and names is not None else []
    return made


def _places(rows: pd.DataFrame, column: str, index: pd.Index) -> list[int]:
    if column not in rows:
        return [-1] * len(rows)
    return [int(place) for place in index.astype("str").get_indexer(rows[column].astype("str"))]


def _areas(scores: gpd.GeoDataFrame, kept: _Kept) -> dict[str, Any]:
    """Return communities or estates: who they are and where."""
    rows = scores.sort_index()
    if not len(rows):
        return {"ids": [], "name": [], "name_en": [], "shapes": [], "at": [], "people": []}
    return {
        "ids": [str(key) for key in rows.index], "name": kept.strings.numbers(rows["name"]),
        "name_en": kept.strings.numbers(rows["name_en"]), "shapes": shapes_of(rows, kept.origin, 1.0),
        "at": [lonlat_point(point, rows.crs) for point in label_points(rows)],
        "people": [None if not value >= FEWEST_PEOPLE else round(value) for value in rows["people"].astype("float64")],
    }  # fmt: skip


def _facilities(facilities: gpd.GeoDataFrame, kept: _Kept) -> dict[str, Any]:
    return {
        "ids": [str(key) for key in facilities.index], "name": kept.strings.numbers(facilities["name"]),
        "name_en": kept.strings.numbers(facilities["name_en"]), "points": points_of(facilities, kept.origin),
        "colour": [COLOURS[group] if (group := facility_group(each)) != "other" else INK
                   for each in facilities["category"]],
        "area": [_round(value) for value in facilities["floor_area_m2"]],
        "places": [_round(value) for value in facilities["capacity"]],
    }  # fmt: skip


def _standard(
    name: str,
    sides: Mapping[str, Mapping[str, Gaps]],
    surfaces: Surfaces | None,
    facilities: gpd.GeoDataFrame,
    kept: _Kept,
) -> dict[str, Any]:
    """Return one standard: its requirements, and what is known of each on every side."""
    rules = sides["today"][name].standard
    table = sides["today"][name].requirements
    order = {str(key): place for place, key in enumerate(facilities.index)}
    walked = {side: _Walked(found[name], order, kept.packs) for side, found in sides.items() if name in found}
    counted = facilities["category"].to_numpy(dtype=object)
    requirements = []
    for n, rule in enumerate(rules.requirements):
        row = table.loc[rule.key]
        requirements.append(
            {
                "key": rule.key,
                "title": [typeset(rule.title_zh), _capital(rule.title_en)],
                "group": [row["group_zh"], row["group_en"]],
                "scope": rule.scope,
                "who": str(row["who"]),
                "limit_m": rule.radius_m,
                "limit_min": rule.minutes,
                "weight": rule.weight,
                "confirmed": rule.confirmed,
                "labels": walk_labels(rule),
                "facilities": [int(each) for each in np.flatnonzero(rule.counts(counted))],
                "source": _source(row),
                "note": [typeset(row["note_zh"]), _text(row["note_en"])],
                **_surface((name, rule.key), surfaces, walked["today"].index, kept),
                "sides": {
                    side: _known(found[name], n, walked[side], kept) for side, found in sides.items() if name in found
                },
            }
        )
    return {
        "name": name, "title": [typeset(rules.title_zh), rules.title_en], "edition": rules.edition,
        "source": [typeset(rules.source), rules.source_en],
        "note": [typeset(rules.note_zh), rules.note_en],
        "requirements": requirements,
        "sides": {side: _scores(found[name], kept) for side, found in sides.items() if name in found},
    }  # fmt: skip


class _Walked:
    """The walks of homes, ready to be packed: one column for each requirement."""

    def __init__(self, gaps: Gaps, order: Mapping[str, int], packs: Strings) -> None:
        self.index = gaps.buildings.index
        self.packs = packs
        shape = (len(self.index), -1)
        self.metres = gaps.homes["walk_m"].to_numpy(dtype=np.float64).reshape(shape)
        self.minutes = gaps.homes["walk_min"].to_numpy(dtype=np.float64).reshape(shape)
        self.nearest = gaps.homes["facility_id"].map(dict(order)).to_numpy(dtype=np.float64).reshape(shape)
        self.classes = walk_classes(gaps)

    def column(self, n: int) -> dict[str, Any]:
        """Return one requirement: a sign for each home, and numbers of packs: metres, tenths of minutes, nearest."""
        return {
            "signs": "".join(_WALK_SIGNS[each] for each in self.classes.iloc[:, n]),
            "m": self.packs.number(packed(self.metres[:, n])),
            "min": self.packs.number(packed(10 * self.minutes[:, n])),
            "f": self.packs.number(packed(self.nearest[:, n])),
        }


def _known(gaps: Gaps, n: int, walked: _Walked, kept: _Kept) -> dict[str, Any]:
    """Return what is known of a requirement on one side: of the town, of communities, of homes."""
    rule = gaps.standard.requirements[n]
    town = gaps.requirements.loc[rule.key]
    rows = gaps.communities.xs(rule.key, level="requirement").sort_index()
    estates = gaps.estates.xs(rule.key, level="requirement").sort_index() if len(gaps.estates) else gaps.estates
    lost = out_of_reach(gaps, walked.classes[rule.key])
    return {
        "covered": _round(town["people_covered"]),
        "uncovered": _round(town["people_uncovered"]),
        "people": _round(town["people"]),
        "share": _round(town["covered_share"], 4),
        "mean": _round(town["mean_m"]),
        "farthest": _round(town["farthest_m"]),
        "text": [typeset(town["text_zh"]), _capital(_text(town["text_en"]))],
        "counts": {state: int(town[f"areas_{state}"]) for state in STATES if f"areas_{state}" in town},
        "states": "".join(_STATE_SIGNS[str(each)] for each in rows["state"]),
        "texts": [
            [kept.strings.number(typeset(zh)), kept.strings.number(en)]
            for zh, en in zip(rows["text_zh"], rows["text_en"], strict=True)
        ],
        "estates": "".join(_STATE_SIGNS[str(each)] for each in estates["state"]),
        "lost": [
            [*point, round(people)] for point, people in zip(points_of(lost, kept.origin), lost["people"], strict=True)
        ],
        **walked.column(n),
    }


def _surface(key: tuple[str, str], surfaces: Surfaces | None, homes: pd.Index, kept: _Kept) -> dict[str, Any]:
    """Return land within reach of a requirement, people by distance, supply per 1,000; None where unknown."""
    made: dict[str, Any] = {"land": None, "land_km2": None, "curve": None, "access": None}
    if surfaces is None:
        return made
    level = ["standard", "requirement"]
    if key in surfaces.areas.index and surfaces.areas.loc[[key], "area_m2"].iloc[0] > 0:
        row = surfaces.areas.loc[[key]]
        made["land"] = shapes_of(row, kept.origin, surfaces.step_m / 3)[0]
        made["land_km2"] = round(float(row["area_m2"].iloc[0]) / 1e6, 2)
    curve = surfaces.coverage["share"].xs(key, level=level)
    if curve.notna().any():
        made["curve"] = [round(float(each), 4) for each in curve]
    if key in surfaces.inequality.index:
        spread = surfaces.inequality.loc[key]
        access = surfaces.access["access"].xs(key, level=level).reindex(homes)
        classes = access_classes(access, float(spread["mean_per_1000"]))
        made["access"] = {
            "unit": str(spread["unit"]), "signs": "".join(_ACCESS_SIGNS[each] for each in classes),
            "values": kept.packs.number(packed(100 * access.replace(np.inf, np.nan).to_numpy(dtype=np.float64))),
            **{each: _round(spread[each], 3) for each in ("people", "people_without", "people_unknown",
               "mean_per_1000", "p10_per_1000", "p50_per_1000", "p90_per_1000", "gini")},
            "unknown": int(spread["facilities_unknown"]),
        }  # fmt: skip
    return made


def _scores(gaps: Gaps, kept: _Kept) -> dict[str, Any]:
    """Return the scores of communities, estates (0 to 100) and homes on one side."""
    areas, estates = gaps.scores.sort_index(), gaps.estate_scores.sort_index()
    return {
        "scores": [_round(value, 3) for value in areas["score"]],
        "texts": [[kept.strings.number(typeset(zh)), kept.strings.number(en)]
                  for zh, en in zip(areas["text_zh"], areas["text_en"], strict=True)],
        "homes": kept.packs.number(packed(1000 * gaps.buildings["score"].to_numpy(dtype=np.float64))),
        "estates": [_round(value, 3) for value in estates["score"]] if len(estates) else [],
    }  # fmt: skip


def _source(row: pd.Series) -> list[str]:
    zh = " ".join(part for part in (_text(row["source"]), _text(row["clause"])) if part)
    en = ", ".join(part for part in (_text(row["source_en"]), _text(row["clause_en"])) if part)
    return [typeset(zh), en or zh]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _round(value: object, digits: int = 0) -> float | int | None:
    if is_missing(value):
        return None
    number = round(float(str(value)), digits)
    return int(number) if digits == 0 else number


def _text(value: object) -> str:
    return "" if is_missing(value) else str(value)
