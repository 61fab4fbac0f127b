"""The rows behind the maps of gaps: homes, communities and estates in columns by standard and requirement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.network.network import Floats
from geo.standards.facilities import plain_category
from layers.features import FEWEST_SHOWN
from layers.words import WORDS, Lang, is_missing

if TYPE_CHECKING:
    from geo.gaps.result import Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.network import Network
    from geo.standards.facilities import Requirement
    from geo.study import Study

WALKS: Final = ("near", "within", "beyond", "far", "unknown")
"""Walks to the nearest that counts: within reach (half of it, all of it), not (twice as far, more), unknown."""

ACCESSES: Final = ("none", "low", "under", "over", "high", "unknown")
"""Supply per 1,000 people against the average of those it is for."""

NEAR_M: Final = 500.0
"""What is near where a standard sets no reach, our reading [m]."""

FEWEST_PEOPLE: Final = 3 * FEWEST_SHOWN
"""No number of people is shown on a map where fewer live: `FEWEST_SHOWN` households of three."""

CELL_M: Final = 250.0
"""People out of reach are summed over squares of this side [m]."""


def prefix(standard: str, requirement: str = "") -> str:
    """Return the beginning of column names of a standard, or of one of its requirements.

    Examples
    --------
    >>> prefix("gb50180-2018", "market")
    'gb50180_2018_market'
    """
    return "_".join(re.sub(r"\W", "_", each) for each in (standard, requirement) if each)


def walk_classes(gaps: Gaps) -> pd.DataFrame:
    """Return the class of every home's walk for every requirement.

    Returns
    -------
    DataFrame
        Index demand_id, one column for each requirement; values of `WALKS`.
    """
    rules = gaps.standard.requirements
    shape = (len(gaps.buildings), len(rules))

    def wide(column: str) -> Floats:
        values: Floats = gaps.homes[column].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        return values.reshape(shape)

    metres, minutes, reached = wide("walk_m"), wide("walk_min"), wide("reached")
    made = np.full(shape, "unknown", dtype=object)
    for n, rule in enumerate(rules):
        share = _share(rule, metres[:, n], minutes[:, n])
        yes, no = reached[:, n] == 1, reached[:, n] == 0
        made[yes, n] = "within"
        made[yes & (share <= 0.5), n] = "near"
        made[no, n] = "far"
        if rule.radius_m is not None or rule.minutes is not None:
            made[no & (share <= 2), n] = "beyond"
    return pd.DataFrame(made, index=gaps.buildings.index, columns=[rule.key for rule in rules])


def _share(rule: Requirement, metres: Floats, minutes: Floats) -> Floats:
    """Return walks as shares of the reach: the smaller one where both are set; of twice `NEAR_M` where none is."""
    if rule.radius_m is None and rule.minutes is None:
        return metres / (2 * NEAR_M)
    by_metres = metres / rule.radius_m if rule.radius_m is not None else np.full_like(metres, np.nan)
    by_minutes = minutes / rule.minutes if rule.minutes is not None else np.full_like(minutes, np.nan)
    return np.fmin(by_metres, by_minutes)


def walk_labels(rule: Requirement) -> dict[str, tuple[str, str]]:
    """Return what the classes of `walk_classes` are called for a requirement, with its numbers, in both languages."""
    if rule.radius_m is not None and rule.minutes is not None:
        return {each: WORDS[f"gap_walk.{each}"] for each in WALKS}
    limit = rule.radius_m or rule.minutes
    if limit is None:
        kind = "town" if rule.scope == "town" else "own"
        named = {each: _pair(f"gaps.class_{kind}_{each}", half=f"{NEAR_M:g}") for each in ("near", "within", "far")}
        return {**named, "beyond": WORDS["gap_walk.beyond"], "unknown": WORDS["gap_walk.unknown"]}
    unit = ("米", "m") if rule.radius_m is not None else ("分钟", "min")
    values = {"half": f"{limit / 2:,g}", "limit": f"{limit:,g}", "twice": f"{2 * limit:,g}"}
    named = {each: _pair(f"gaps.class_{each}", unit=unit, **values) for each in WALKS if each != "unknown"}
    return {**named, "unknown": WORDS["gap_walk.unknown"]}


def _pair(key: str, *, unit: tuple[str, str] = ("", ""), **values: str) -> tuple[str, str]:
    zh, en = WORDS[key]
    return zh.format(unit=unit[0], **values), en.format(unit=unit[1], **values)


def access_classes(access: pd.Series, mean: float) -> pd.Series:
    """Return the class of each home's supply per 1,000 people against the average; values of `ACCESSES`."""
    values = access.to_numpy(dtype=np.float64)
    edges = np.array([0.5 * mean, mean, 2 * mean])
    made = np.array(["low", "under", "over", "high"], dtype=object)[
        np.searchsorted(edges, values, side="right").clip(0, 3)
    ]
    made[values == 0] = "none"
    made[np.isnan(values) | np.isnan(mean)] = "unknown"
    return pd.Series(made, index=access.index)


def home_frame(gaps: Mapping[str, Gaps]) -> gpd.GeoDataFrame:
    """Return the homes with what is within their reach, by every standard.

    Returns
    -------
    GeoDataFrame
        Index demand_id; building_id, estate_id, block_id, community_id; `<standard>_score`; for each requirement
        `<standard>_<requirement>` (one of `WALKS`) and `<standard>_<requirement>_m` (walk [m]). No numbers of people.
        Geometry the building's outline, else a point.
    """
    first = next(iter(gaps.values())).buildings
    columns: dict[str, Any] = {
        name: first[name] for name in ("building_id", "estate_id", "block_id", "community_id") if name in first
    }
    for name, each in gaps.items():
        rows = each.buildings.reindex(first.index)
        columns[prefix(name, "score")] = rows["score"].round(3)
        classes = walk_classes(each).reindex(first.index)
        for rule in each.standard.requirements:
            columns[prefix(name, rule.key)] = classes[rule.key]
            columns[f"{prefix(name, rule.key)}_m"] = rows[f"{rule.key}_m"].round(1)
    return gpd.GeoDataFrame(columns, index=first.index, geometry=first.geometry, crs=first.crs)


def area_frame(gaps: Mapping[str, Gaps], of: str = "communities") -> gpd.GeoDataFrame:
    """Return communities (or, `of="estates"`, estates) with their score by every standard and state by requirement.

    Returns
    -------
    GeoDataFrame
        Index community_id (estate_id); name, name_en, people; for each standard `<standard>_score`, `_text_zh`,
        `_text_en`; for each requirement `<standard>_<requirement>` (one of `geo.gaps.result.STATES`) and
        `<standard>_<requirement>_people` (uncovered, whoever it is for).
    """
    scores = {name: each.scores if of == "communities" else each.estate_scores for name, each in gaps.items()}
    tables = {name: each.communities if of == "communities" else each.estates for name, each in gaps.items()}
    first = next(iter(scores.values()))
    columns: dict[str, Any] = {name: first[name] for name in ("name", "name_en", "people") if name in first}
    for name, each in gaps.items():
        if not len(scores[name]):
            continue
        columns[prefix(name, "score")] = scores[name]["score"].reindex(first.index).round(3)
        for lang in ("zh", "en"):
            columns[prefix(name, f"text_{lang}")] = scores[name][f"text_{lang}"].reindex(first.index)
        for rule in each.standard.requirements:
            rows = tables[name].xs(rule.key, level="requirement").reindex(first.index)
            columns[prefix(name, rule.key)] = rows["state"]
            columns[f"{prefix(name, rule.key)}_people"] = rows["residents_uncovered"]
    return gpd.GeoDataFrame(columns, index=first.index, geometry=first.geometry, crs=first.crs)


def facility_frame(gaps: Mapping[str, Gaps], study: Study) -> gpd.GeoDataFrame:
    """Return the facilities that count for something, as points.

    Returns
    -------
    GeoDataFrame
        Index facility_id, sorted; name, name_en, category, floor_area_m2, capacity (NaN unknown), counts_for (standards
        and requirements, `standard:key`, joined by ;).
    """
    facilities = study["facilities"]
    rows = facilities.set_axis(facilities.index.astype(str)).sort_index()
    rows = rows[rows.geometry.notna() & ~rows.geometry.is_empty]
    category = [plain_category(each) for each in rows["category"]]
    counts: list[list[str]] = [[] for _ in category]
    for name, each in gaps.items():
        for rule in each.standard.requirements:
            for place in np.flatnonzero(rule.counts(category)):
                counts[place].append(f"{name}:{rule.key}")
    used = np.array([bool(each) for each in counts], dtype=bool)
    made = gpd.GeoDataFrame(
        {name: rows.get(name)
         for name in ("name", "name_en", "category", "floor_area_m2", "capacity")},
        geometry=rows.geometry.representative_point(), crs=rows.crs,
    )  # fmt: skip
    made["counts_for"] = [";".join(each) for each in counts]
    return made[used].rename_axis("facility_id")


def reach_frame(gaps: Mapping[str, Gaps], surfaces: Surfaces) -> gpd.GeoDataFrame:
    """Return the land within reach, one row for each requirement that sets a reach and has facilities near."""
    wanted = surfaces.areas.index.get_level_values("standard").isin(list(gaps))
    rows = surfaces.areas[(surfaces.areas["area_m2"] > 0) & wanted]
    titles = [gaps[str(name)].requirements.loc[key, ["title_zh", "title_en"]] for name, key in rows.index]
    made = rows.reset_index().assign(
        title_zh=[each.iloc[0] for each in titles], title_en=[each.iloc[1] for each in titles]
    )
    made.index = pd.Index([f"{name}:{key}" for name, key in rows.index], name="reach_id")
    return made


def network_frame(network: Network) -> gpd.GeoDataFrame:
    """Return the edges of the walking network: kind, length_m, minutes of an adult each way, component."""
    ahead, back = network.minutes["adult"]
    columns = {
        "kind": np.asarray(network.kind).astype(str), "length_m": network.length_m.round(2),
        "minutes": np.round(ahead, 3), "minutes_back": np.round(back, 3),
        "component": network.component[network.edge_a],
    }  # fmt: skip
    index = pd.RangeIndex(len(network.length_m), name="edge_id")
    return gpd.GeoDataFrame(columns, index=index, geometry=network.lines, crs=network.crs)


def out_of_reach(gaps: Gaps, classes: pd.Series) -> gpd.GeoDataFrame:
    """Return people out of reach of a requirement, summed over squares of `CELL_M`, as points.

    Parameters
    ----------
    gaps
    classes
        The requirement's column of `walk_classes`.

    Returns
    -------
    GeoDataFrame
        people (residents, whoever it is for), homes; geometry the middle of their homes. Squares with fewer than
        `FEWEST_PEOPLE` are left out.
    """
    homes = gaps.buildings
    lost = classes.isin(("beyond", "far")).to_numpy()
    people = homes["people"].to_numpy(dtype=np.float64)
    some = lost & (people > 0)
    points = shapely.centroid(homes.geometry.to_numpy()[some])
    x, y, weight = shapely.get_x(points), shapely.get_y(points), people[some]
    cells = pd.DataFrame({"column": np.floor(x / CELL_M), "row": np.floor(y / CELL_M), "people": weight, "homes": 1,
                          "x": x * weight, "y": y * weight})  # fmt: skip
    sums = cells.groupby(["row", "column"], sort=True).sum().reset_index()
    sums = sums[sums["people"] >= FEWEST_PEOPLE]
    middle = gpd.points_from_xy(sums["x"] / sums["people"], sums["y"] / sums["people"])
    return gpd.GeoDataFrame(sums[["people", "homes"]], geometry=middle, crs=homes.crs)


def requirement_titles(gaps: Mapping[str, Gaps]) -> list[tuple[str, tuple[str, str]]]:
    """Return the beginning of the columns of each requirement, and its title in both languages."""
    return [
        (
            prefix(name, rule.key),
            (f"{each.standard.title_zh}：{rule.title_zh}", f"{each.standard.title_en}: {rule.title_en}"),
        )
        for name, each in gaps.items()
        for rule in each.standard.requirements
    ]


def standard_titles(gaps: Mapping[str, Gaps]) -> list[tuple[str, tuple[str, str]]]:
    """Return the beginning of the columns of each standard, and its title in both languages."""
    return [(prefix(name), (each.standard.title_zh, each.standard.title_en)) for name, each in gaps.items()]


def shown_name(row: Mapping[str, Any] | pd.Series, lang: Lang, or_else: str) -> str:
    """Return a name in a language, the other language's where it has none, else its id."""
    first, second = ("name", "name_en") if lang == "zh" else ("name_en", "name")
    for column in (first, second):
        if column in row and not is_missing(row[column]) and str(row[column]):
            return str(row[column])
    return or_else
