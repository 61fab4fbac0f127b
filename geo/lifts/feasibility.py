"""A first screen of where a lift can be added: storeys, lift, structure, stairs, room around, plans to pull down.

Each verdict stands with its rule and figure. What is not known is `unknown`, never passed; a designer decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.lifts.ledger import Ledger
from geo.standards.lift_rules import LiftRules

Result = Literal["pass", "fail", "unknown"]

HOMES = ("residential", "mixed")
"""Uses of buildings that are screened."""

RULES: dict[str, tuple[str, str]] = {
    "storeys": ("层数", "storeys"),
    "lift": ("现无电梯", "no lift yet"),
    "structure": ("结构类型", "structural type"),
    "safety": ("结构安全", "structural safety"),
    "stairs": ("单元式楼梯间", "stairwells of its own"),
    "room": ("周边空间", "room around"),
    "demolition": ("未列入拆除计划", "not to be pulled down"),
}
"""Rules of the screen, in the order in which they are told, with their titles."""

_WITHOUT_CARS = ("footway", "path", "steps", "cycleway", "bridleway", "corridor", "pedestrian", "proposed")
_END_M = 0.5
"""Strips beside a long wall stop so far before its ends: neighbours built on do not stand in the way."""


@dataclass(frozen=True)
class Screen:
    """Which buildings may get a lift.

    Attributes
    ----------
    table : DataFrame
        Index `building_id` (homes only): estate_id, floors, a column for every rule of `RULES` (pass, fail, unknown),
        verdict (`fits` when all pass, `unfit` when one fails, else `unknown`), reason_zh, reason_en: what fails, or
        what is not known.
    verdicts : DataFrame
        One row for each building and rule: building_id, rule, result, measured, limit, said_zh, said_en, source_zh,
        source_en. `measured` and `limit` are numbers where the rule has one.
    notes : tuple of (str, str)
        Assumptions, in Chinese and English.
    """

    table: pd.DataFrame
    verdicts: pd.DataFrame
    notes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Said:
    """What one rule says of every building: result, figure, limit, sentence and source in both languages."""

    rule: str
    result: np.ndarray
    said_zh: list[str]
    said_en: list[str]
    source: tuple[str, str]
    measured: np.ndarray | None = None
    limit: float = float("nan")


def screen_buildings(
    buildings: gpd.GeoDataFrame,
    *,
    rules: LiftRules,
    roads: gpd.GeoDataFrame | None = None,
    facts: pd.DataFrame | None = None,
    findings: pd.DataFrame | None = None,
    observations: pd.DataFrame | None = None,
    ledger: Ledger | None = None,
) -> Screen:
    """Return which homes may get a lift, rule by rule.

    Parameters
    ----------
    buildings
        All buildings of the study, metric; homes are screened, the others stand in the way.
    rules
        Limits, with sources.
    roads
        Streets; None, and the room around is not known where no building stands in the way.
    facts
        What is known of single buildings (`geo.lifts.ledger.read_building_facts`); storeys in it come first.
    findings, observations
        Of a survey: structural risk, and lifts that are lacking.
    ledger
        Its named stairs tell that a building has stairwells of its own.

    Notes
    -----
    Room: beside a long wall of the building's least rectangle, the depth of the shaft and the fire gap must be free of
    other buildings, and the depth and half a fire lane free of road centre lines. Both sides free is a pass, none a
    fail; with one the side of the stairs has to be known (our reading).
    """
    homes = buildings[buildings["use"].isin(HOMES)].sort_index()
    told = facts if facts is not None else pd.DataFrame(columns=["lift", "stairs", "demolition", "floors"])
    told = told.reindex(homes.index)
    stated = pd.to_numeric(told["floors"], errors="coerce").astype("float64")
    floors = stated.where(stated.notna(), pd.to_numeric(homes["floors"]).astype("float64"))
    said = [
        _storeys(floors, rules),
        _lift(told["lift"], findings, rules),
        _structure(homes["structure"], rules),
        _safety(homes.index, findings, observations, rules),
        _stairs(told["stairs"], ledger),
        _room(homes, buildings, roads, rules),
        _demolition(told["demolition"]),
    ]
    results = pd.DataFrame({one.rule: one.result for one in said}, index=homes.index)
    failed, open_ = (results == "fail"), (results == "unknown")
    verdict = np.where(failed.any(axis=1), "unfit", np.where(open_.any(axis=1), "unknown", "fits"))
    estate = homes["estate_id"] if "estate_id" in homes else pd.Series(None, homes.index, dtype="str")
    table = pd.DataFrame({"estate_id": estate, "floors": floors}).join(results).assign(verdict=verdict)
    for side, none in (("zh", "各项通过初筛"), ("en", "passes every rule of the screen")):
        table[f"reason_{side}"] = _reasons(said, failed, open_, side, none)
    verdicts = pd.concat([_rows(one, homes.index) for one in said], ignore_index=True)
    order = {rule: i for i, rule in enumerate(RULES)}
    verdicts = verdicts.sort_values(["building_id", "rule"], key=lambda c: c.map(order) if c.name == "rule" else c,
                                    kind="stable", ignore_index=True)  # fmt: skip
    table.index.name = "building_id"
    return Screen(table, verdicts, tuple(_notes(rules, roads)))


def _storeys(floors: pd.Series, rules: LiftRules) -> _Said:
    low, high = rules.limit("min_floors"), rules.limit("max_floors")
    value = floors.to_numpy()
    result = np.select([np.isnan(value), (value < low.value) | (value > high.value)], ["unknown", "fail"], "pass")
    wanted = f"(须{low.value:g}至{high.value:g}层)", f" ({low.value:g} to {high.value:g} wanted)"
    zh = [f"{'层数未知' if np.isnan(n) else f'{n:g}层'}{wanted[0]}" for n in value]
    en = [f"{'storeys unknown' if np.isnan(n) else f'{n:g} storeys'}{wanted[1]}" for n in value]
    source = f"{low.source};{high.source}", f"{low.source_en}; {high.source_en}"
    return _Said("storeys", result, zh, en, source, value, low.value)


def _lift(told: pd.Series, findings: pd.DataFrame | None, rules: LiftRules) -> _Said:
    stated = told.map(lambda said: None if pd.isna(said) else bool(said)).to_numpy()
    lacking = set() if findings is None else set(_open(findings)[lambda f: f["code"] == rules.lift_code]["building_id"])
    found = told.index.isin(lacking)
    result = np.select([stated == True, (stated == False) | found], ["fail", "pass"], "unknown")  # noqa: E712 - None is neither
    words = {"fail": ("已有电梯", "has a lift"), "pass": ("现无电梯", "has no lift"),
             "unknown": ("是否已有电梯未知", "whether it has a lift is not known")}  # fmt: skip
    source = (f"楼栋情况表,或体检问题{rules.lift_code}", f"the sheet of buildings, or finding {rules.lift_code}")
    return _words("lift", result, words, source)


def _structure(structure: pd.Series, rules: LiftRules) -> _Said:
    meaning = {word: each for each in rules.structures for word in each.words}
    plain = structure.astype("object").map(lambda said: "" if pd.isna(said) else str(said).strip().removesuffix("结构"))
    known = [meaning.get(word) or meaning.get(f"{word}结构") for word in plain]
    result = np.array(["unknown" if one is None else one.result for one in known], dtype="object")
    zh = [
        f"结构:{word or '未知'}" + ("" if one or not word else "(表中无此类)")
        for word, one in zip(plain, known, strict=True)
    ]
    en = [f"structure: {word or 'unknown'}" + ("" if one or not word else " (not in the rules)")
          for word, one in zip(plain, known, strict=True)]  # fmt: skip
    source = tuple(dict.fromkeys(each.source for each in rules.structures))
    source_en = tuple(dict.fromkeys(each.source_en for each in rules.structures))
    return _Said("structure", result, zh, en, (";".join(source), "; ".join(source_en)))


def _safety(
    index: pd.Index, findings: pd.DataFrame | None, observations: pd.DataFrame | None, rules: LiftRules
) -> _Said:
    codes = set(rules.safety_codes)
    risky: set[str] = set()
    seen: set[tuple[str, str]] = set()
    if findings is not None:
        risky = set(_open(findings)[lambda f: f["code"].isin(codes)]["building_id"].dropna())
        gone = findings[findings["status"].isin(("done", "checked")) & findings["code"].isin(codes)]
        seen |= set(zip(gone["building_id"], gone["code"], strict=True))
    if observations is not None:
        here = observations[(observations["subject"] == "building") & observations["item"].isin(codes)]
        risky |= set(here[here["state"] == "found"]["subject_id"]) - {building for building, _ in seen}
        clear = here[here["state"].isin(("clear", "not_applicable"))]
        seen |= set(zip(clear["subject_id"], clear["item"], strict=True))
    looked = pd.Series([building for building, _ in seen], dtype="object").value_counts()
    whole = set(looked.index[looked >= len(codes)])
    result = np.select([index.isin(risky), index.isin(whole)], ["fail", "pass"], "unknown")
    words = {
        "fail": (
            "体检发现结构安全问题,须先鉴定、加固",
            "the survey found a structural risk: test and strengthen first",
        ),
        "pass": ("体检未见结构安全问题", "the survey found no structural risk"),
        "unknown": ("结构安全未体检", "structural safety was not surveyed"),
    }
    listed = ", ".join(rules.safety_codes)
    return _words("safety", result, words, (f"体检问题{listed}", f"findings {listed}"))


def _stairs(told: pd.Series, ledger: Ledger | None) -> _Said:
    named = set() if ledger is None else set(ledger.flats.loc[ledger.flats["unit"] != "", "building_id"])
    kind = told.astype("object")
    result = np.select(
        [kind.isin(("gallery", "tower")), (kind == "stair") | (kind.isna() & told.index.isin(named))],
        ["fail", "pass"], "unknown",
    )  # fmt: skip
    words = {
        "fail": ("非单元式楼梯,须另行设计", "no stairwells of its own: a design of its own is needed"),
        "pass": ("单元式楼梯间", "stairwells of its own"),
        "unknown": ("楼梯形式未知", "how its stairs lie is not known"),
    }
    source = (
        "楼栋情况表,或产权台账所列单元(本软件的理解)",
        "the sheet of buildings, or the stairs of the ledger (our reading)",
    )
    return _words("stairs", result, words, source)


def _room(
    homes: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None, rules: LiftRules
) -> _Said:
    depth, gap, lane = (rules.limit(key) for key in ("shaft_depth_m", "fire_gap_m", "fire_lane_m"))
    wide, narrow = depth.value + gap.value, depth.value + lane.value / 2
    free = _free_sides(homes, buildings, roads, wide, narrow)
    known = roads is not None
    result = np.select([free == 0, (free == 2) & known], ["fail", "pass"], "unknown")
    limit_zh, limit_en = (
        f"距建筑{wide:g}米、距路中线{narrow:g}米",
        f"{wide:g} m to buildings, {narrow:g} m to road centres",
    )
    zh_of = {
        0: f"两长边均不足({limit_zh})",
        1: f"仅一长边够({limit_zh}),须知楼梯在哪一侧",
        2: f"两长边均够({limit_zh})",
    }
    en_of = {
        0: f"neither long side has {limit_en}",
        1: f"one long side has {limit_en}; the side of the stairs must be known",
        2: f"both long sides have {limit_en}",
    }
    rest_zh, rest_en = ("", "") if known else (",道路未知", "; roads are not known")
    source = (
        ";".join(each.source for each in (depth, gap, lane)),
        "; ".join(each.source_en for each in (depth, gap, lane)),
    )
    return _Said("room", result, [zh_of[n] + rest_zh for n in free], [en_of[n] + rest_en for n in free], source,
                 free.astype("float64"), 2.0)  # fmt: skip


def _free_sides(
    homes: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, roads: gpd.GeoDataFrame | None, wide: float, narrow: float
) -> np.ndarray:
    """Return how many long sides (0 to 2) of a home have `wide` [m] without buildings and `narrow` without roads."""
    shapes = homes.geometry.to_numpy()
    if not len(shapes):
        return np.zeros(0, dtype=int)
    corners = _rectangles(shapes)
    tree = shapely.STRtree(buildings.geometry.to_numpy())
    own = buildings.index.get_indexer(homes.index)
    streets = None
    if roads is not None:
        driven = roads[~roads["road_class"].isin(_WITHOUT_CARS)]
        if "tunnel" in driven:
            driven = driven[~driven["tunnel"].astype("boolean").fillna(False)]
        streets = shapely.STRtree(driven.geometry.to_numpy())
    free = np.zeros(len(shapes), dtype=int)
    for near, far in ((0, 1), (2, 3)):
        a, b = corners[:, near], corners[:, far]
        taken = _taken(_strips(a, b, corners, wide), tree, own)
        if streets is not None:
            hit, _ = streets.query(_strips(a, b, corners, narrow), predicate="intersects")
            taken[np.unique(hit)] = True
        free += ~taken
    return free


def _rectangles(shapes: np.ndarray) -> np.ndarray:
    """Return the corners (n, 4, 2) of the least rectangles; edges 0-1 and 2-3 are the long ones."""
    box = shapely.oriented_envelope(shapes)
    corners = np.stack([shapely.get_coordinates(one)[:4] for one in box])
    first = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
    second = np.linalg.norm(corners[:, 2] - corners[:, 1], axis=1)
    turned = np.roll(corners, -1, axis=1)
    return np.where((first >= second)[:, None, None], corners, turned)


def _strips(a: np.ndarray, b: np.ndarray, corners: np.ndarray, depth: float) -> np.ndarray:
    """Return the rectangles of a depth [m] outside the edges a-b, short of their ends."""
    along = b - a
    length = np.linalg.norm(along, axis=1, keepdims=True)
    unit = along / np.maximum(length, 1e-9)
    across = np.stack([-unit[:, 1], unit[:, 0]], axis=1)
    middle = corners.mean(axis=1)
    away = np.sign(np.sum(((a + b) / 2 - middle) * across, axis=1))[:, None]
    trim = np.minimum(_END_M, length / 4) * unit
    out = across * away * depth
    return np.asarray(shapely.polygons(np.stack([a + trim, b - trim, b - trim + out, a + trim + out], axis=1)))


def _taken(strips: np.ndarray, tree: shapely.STRtree, own: np.ndarray) -> np.ndarray:
    strip, other = tree.query(strips, predicate="intersects")
    taken = np.zeros(len(strips), dtype=bool)
    taken[strip[other != own[strip]]] = True
    return taken


def _demolition(told: pd.Series) -> _Said:
    stated = told.map(lambda said: None if pd.isna(said) else bool(said)).to_numpy()
    result = np.select([stated == True, stated == False], ["fail", "pass"], "unknown")  # noqa: E712 - None is neither
    words = {
        "fail": ("列入拆除计划", "it is to be pulled down"), "pass": ("未列入拆除计划", "it is not to be pulled down"),
        "unknown": ("是否列入拆除计划未知", "whether it is to be pulled down is not known"),
    }  # fmt: skip
    return _words("demolition", result, words, ("楼栋情况表", "the sheet of buildings"))


def _open(findings: pd.DataFrame) -> pd.DataFrame:
    return findings[findings["status"].isin(("open", "scheduled"))]


def _words(rule: str, result: np.ndarray, words: dict[str, tuple[str, str]], source: tuple[str, str]) -> _Said:
    return _Said(rule, result, [words[one][0] for one in result], [words[one][1] for one in result], source)


def _rows(one: _Said, index: pd.Index) -> pd.DataFrame:
    measured = np.full(len(index), np.nan) if one.measured is None else one.measured
    return pd.DataFrame({
        "building_id": index.to_numpy(), "rule": one.rule, "result": one.result, "measured": measured,
        "limit": one.limit, "said_zh": one.said_zh, "said_en": one.said_en, "source_zh": one.source[0],
        "source_en": one.source[1],
    })  # fmt: skip


def _reasons(said: list[_Said], failed: pd.DataFrame, open_: pd.DataFrame, side: str, none: str) -> list[str]:
    """Return, for every building, what fails; else what is not known; else that nothing does."""
    any_failed = failed.any(axis=1).to_numpy()
    texts: list[list[str]] = [[] for _ in range(len(failed))]
    for one in said:
        counts = np.where(any_failed, failed[one.rule].to_numpy(), open_[one.rule].to_numpy())
        sentences = one.said_zh if side == "zh" else one.said_en
        for i in np.flatnonzero(counts):
            texts[i].append(sentences[i])
    mark = ";" if side == "zh" else "; "
    return [mark.join(each) or none for each in texts]


def _notes(rules: LiftRules, roads: gpd.GeoDataFrame | None) -> Iterator[tuple[str, str]]:
    yield "初筛只看数据所及,最终以设计单位勘察为准", "A screen by what the data hold; a designer's visit decides"
    for limit in rules.limits:
        mark = ("(示例)", " (example)") if limit.example else ("", "")
        unit = {"floors": "层", "m": "米"}.get(limit.unit, limit.unit)
        yield (
            f"{limit.title_zh}{mark[0]}:{limit.value:g}{unit};{limit.source}",
            f"{limit.title_en}{mark[1]}: {limit.value:g} {limit.unit}; {limit.source_en}",
        )
    if roads is None:
        yield "没有道路数据,周边空间不判为通过", "There are no roads, so the room around is never passed"
