"""Gaps of a town by a standard: who can walk to what is asked for, what is too small or too full, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.gaps.demand import demand as homes_of
from geo.gaps.judging import Judge
from geo.gaps.result import AREA_COLUMNS, REQUIREMENT_COLUMNS, Gaps
from geo.gaps.scene import Floats, Scene, read_scene, require_walk
from geo.gaps.score import score_areas, score_homes
from geo.gaps.sentences import told, told_of_town
from geo.gaps.walks import CIRCLES_MIN, By, Walks, walk
from geo.network import Network
from geo.network.build import network_of
from geo.standards.facilities import GROUPS, FacilityStandard, load_facility_standard
from geo.study import Study


@dataclass(frozen=True)
class GapOptions:
    """How gaps are judged where a standard leaves it open; all of it our own reading.

    Attributes
    ----------
    neighbour_m : float
        Communities no further apart than this, a street's width, are neighbours [m].
    surveyed : tuple of str
        Keys of requirements whose facilities are all in the table, so that none means none; `*` for every requirement.
        Of others, where the table names none of their kinds in the whole town, nobody may have looked: unknown.
    """

    neighbour_m: float = 50.0
    surveyed: tuple[str, ...] = ()


def find_gaps(
    demand: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    network: Network,
    *,
    standard: FacilityStandard | str | Path,
    communities: gpd.GeoDataFrame,
    estates: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    speed: str = "adult",
    by: By = "metres",
    options: GapOptions | None = None,
) -> Gaps:
    """Return what every community, estate and home has and lacks by a standard.

    Parameters
    ----------
    demand : GeoDataFrame
        Homes as `geo.gaps.demand` gives them: people, and households, elders, children where known (NaN unknown);
        points. community_id and estate_id where they have these columns, else by place.
    facilities : GeoDataFrame
        Table of `geo.schema`; category, and floor_area_m2, capacity where known. The ground of an outline is its area,
        unless a column site_area_m2 says otherwise. A facility belongs to the community that an inner point lies in.
    network : Network
        All tables are in its CRS.
    standard : FacilityStandard, str or Path
        The name of one that comes with shequ, or a file.
    communities, estates : GeoDataFrame
        Areas; name and name_en where known. Without estates none are judged.
    buildings : GeoDataFrame, optional
        Outlines for `Gaps.buildings`.
    speed : str
        Key of `geo.network.SPEEDS`.
    by : {"metres", "minutes"}
        Which walk is told where both could be. A requirement in metres is judged by the shortest way, one in minutes
        by the fastest; one in both is kept where either is.
    options : GapOptions, optional

    Returns
    -------
    Gaps
        Nothing given is changed; the order of rows does not matter.

    Raises
    ------
    InputError
        Tables in another CRS, ids that stand twice, missing columns, an unknown speed: everything at once.
    StandardError
        No such standard, or a wrong one.
    """
    require_walk(speed, by)
    chosen = options or GapOptions()
    rules = standard if isinstance(standard, FacilityStandard) else load_facility_standard(standard)
    scene = read_scene(
        demand, facilities, network, standard=rules, communities=communities, estates=estates,
        neighbour_m=chosen.neighbour_m, surveyed=chosen.surveyed,
    )  # fmt: skip
    walks = walk(scene, by=by, speed=speed)
    names = dict(zip(scene.communities.frame.index, zip(scene.communities.name, scene.communities.name_en, strict=True),
                     strict=True))  # fmt: skip
    table = told(_named(Judge(scene, walks, scene.communities, whole=True).table(), "community_id"), rules, names)
    of_estates = _none_of(table, "estate_id")
    estate_scores = gpd.GeoDataFrame(columns=["geometry"], geometry="geometry", crs=network.crs)
    if scene.estates is not None and len(scene.estates):
        of_estates = told(_named(Judge(scene, walks, scene.estates, whole=False).table(), "estate_id"), rules, names)
        estate_scores = score_areas(of_estates, scene.estates, rules).rename_axis("estate_id")
    return Gaps(
        standard=rules,
        communities=table[list(AREA_COLUMNS)],
        estates=of_estates[list(AREA_COLUMNS)],
        homes=_homes(scene, walks),
        buildings=score_homes(scene, walks, buildings),
        requirements=_requirements(scene, walks, table),
        scores=score_areas(table, scene.communities, rules).rename_axis("community_id"),
        estate_scores=estate_scores,
        circles=_circles(scene, walks),
        speed=speed,
        notes=(*scene.notes, *walks.notes, *_notes(scene)),
    )


def gaps_of(
    study: Study,
    *,
    standards: Sequence[FacilityStandard | str | Path] = ("six-ones", "circle-15min-2021"),
    speed: str = "adult",
    communities: gpd.GeoDataFrame | None = None,
    network: Network | None = None,
    demand: gpd.GeoDataFrame | None = None,
    options: GapOptions | None = None,
) -> Mapping[str, Gaps]:
    """Return the gaps of a study by each standard, in the order asked for, under the standards' names.

    Parameters
    ----------
    study : Study
        With facilities and roads; after `shequ households` best.
    standards : sequence of FacilityStandard, str or Path
    speed, options
        As `find_gaps`.
    communities : GeoDataFrame, optional
        Areas to judge; by default the study's communities, else the whole study area as one.
    network, demand : optional
        Where they were made already (`network_of(study)`, `geo.gaps.demand`).

    Raises
    ------
    InputError
        As `find_gaps`; also where the study has no facilities, no roads, or tells nothing of where people live.
    """
    facilities = study["facilities"]
    areas = communities if communities is not None else areas_of(study)
    ways = network if network is not None else network_of(study)
    homes = demand if demand is not None else homes_of(study)
    if communities is not None and "community_id" in homes.columns:
        homes = homes.drop(columns="community_id")
    found = {
        rules.name: find_gaps(
            homes, facilities, ways, standard=rules, communities=areas, estates=study.get("estates"),
            buildings=study.get("buildings"), speed=speed, options=options,
        )
        for rules in map(loaded, standards)
    }  # fmt: skip
    if areas is study.get("study_area"):
        return {name: replace(gaps, notes=(_AS_ONE, *gaps.notes)) for name, gaps in found.items()}
    return found


def loaded(standard: FacilityStandard | str | Path) -> FacilityStandard:
    """Return the standard, read where it is a name or a path."""
    return standard if isinstance(standard, FacilityStandard) else load_facility_standard(standard)


_AS_ONE: Final = (
    "没有社区数据,全域作为一个社区判断:“每个社区一处”只表示全域有没有。",
    "No communities are known, so the whole town is judged as one: “one in each” only tells whether there is any.",
)


def areas_of(study: Study) -> gpd.GeoDataFrame:
    """Return the communities of a study; where it has none, the whole study area as one."""
    today = study.get("communities")
    return today if today is not None and len(today) else study["study_area"]


def _named(table: pd.DataFrame, index: str) -> pd.DataFrame:
    return table.rename_axis([index, "requirement"])


def _none_of(table: pd.DataFrame, index: str) -> pd.DataFrame:
    return _named(table.iloc[:0], index)


def _homes(scene: Scene, walks: Walks) -> pd.DataFrame:
    keys = [each.key for each in scene.standard.requirements]
    index = pd.MultiIndex.from_product([scene.homes.frame.index, keys], names=["demand_id", "requirement"])
    ids = np.array([*scene.offer.frame.index, None], dtype=object)
    reached = walks.reached.reshape(-1)
    return pd.DataFrame(
        {
            "walk_m": walks.walk_m.reshape(-1),
            "walk_min": walks.walk_min.reshape(-1),
            "facility_id": pd.array(ids[walks.facility.reshape(-1)], dtype="str"),
            "reached": pd.arrays.BooleanArray(reached == 1, np.isnan(reached)),
        },
        index=index,
    )


def _requirements(scene: Scene, walks: Walks, table: pd.DataFrame) -> pd.DataFrame:
    """Return the town as a whole: every home counts, those outside communities too; shortfalls are summed."""
    standard = scene.standard
    rows = []
    for r, each in enumerate(standard.requirements):
        mine = table.xs(each.key, level="requirement")
        who = scene.homes.known(each.who)
        people, reached, metres = scene.homes.of(who), walks.reached[:, r], walks.walk_m[:, r]
        known = np.isfinite(people)
        whole, covered, lost, open_ = (
            float(people[known & which].sum()) if known.any() else np.nan
            for which in (np.ones(len(people), dtype=bool), reached == 1, reached == 0, np.isnan(reached))
        )
        walked = known & np.isfinite(metres) & (people > 0)
        judged = mine["state"]
        short = _first if each.scope == "town" else _sum
        group_zh, group_en = GROUPS[each.group]
        rows.append({
            "title_zh": each.title_zh, "title_en": each.title_en, "group": each.group, "group_zh": group_zh,
            "group_en": group_en, "scope": each.scope, "radius_m": each.radius_m, "minutes": each.minutes, "who": who,
            "weight": each.weight, "facilities": int(scene.offer.counts[:, r].sum()),
            "areas": int((judged != "not_asked").sum()),
            **{f"areas_{state}": int((judged == state).sum())
               for state in ("missing", "far", "small", "full", "unknown", "met")},
            "people": whole, "people_covered": covered, "people_uncovered": lost, "people_unknown": open_,
            "covered_share": covered / whole if whole > 0 and not np.isnan(reached).all() else np.nan,
            "mean_m": float(np.average(metres[walked], weights=people[walked])) if walked.any() else np.nan,
            "farthest_m": float(metres[walked].max()) if walked.any() else np.nan,
            **{name: short(mine[name]) for name in
               ("area_short_m2", "area_short_most_m2", "places_short", "places_short_most")},
            "level": each.level, "class": each.class_, "confirmed": each.confirmed,
            "source": each.source or standard.source, "source_en": each.source_en or standard.source_en,
            "clause": each.clause, "clause_en": each.clause_en, "note_zh": each.note_zh, "note_en": each.note_en,
        })  # fmt: skip
        rows[-1]["text_zh"], rows[-1]["text_en"] = told_of_town(rows[-1], each)
    index = pd.Index([each.key for each in standard.requirements], name="requirement", dtype="str")
    frame = pd.DataFrame(rows, index=index)[list(REQUIREMENT_COLUMNS)]
    text = [name for name in REQUIREMENT_COLUMNS if frame[name].dtype == object]
    return frame.astype({**dict.fromkeys(text, "str"), "radius_m": "float64", "minutes": "float64"})


def _sum(values: pd.Series) -> float:
    """Return the sum of shortfalls; NaN where any of them is open, or none was asked for."""
    return float(values.sum(skipna=False)) if len(values) else np.nan


def _first(values: pd.Series) -> float:
    return float(values.iloc[0]) if len(values) else np.nan


def _circles(scene: Scene, walks: Walks) -> pd.DataFrame:
    """Return how many people have each category within 5, 10 and 15 minutes, in the town and in every community."""
    people, area = scene.homes.people, scene.communities.home
    known = np.isfinite(people)
    ids = ["", *scene.communities.frame.index]
    index = pd.MultiIndex.from_product(
        [ids, walks.categories, CIRCLES_MIN], names=["community_id", "category", "minutes"]
    )

    def by_area(values: Floats) -> Floats:
        inside = known & (area >= 0)
        split = np.bincount(area[inside], values[inside], minlength=len(scene.communities))
        return np.concatenate([[values[known].sum()], split])

    whole = by_area(people)
    covered = [by_area(people * (walks.circle_min[:, c] <= most))
               for c in range(len(walks.categories)) for most in CIRCLES_MIN]  # fmt: skip
    reached = np.stack(covered, axis=1) if covered else np.empty((len(ids), 0))
    all_ = np.repeat(whole, reached.shape[1])
    share = np.divide(reached.reshape(-1), all_, out=np.full(len(all_), np.nan), where=all_ > 0)
    return pd.DataFrame({"people": all_, "people_covered": reached.reshape(-1), "covered_share": share}, index=index)


def _notes(scene: Scene) -> list[tuple[str, str]]:
    needs = scene.standard.requirements
    lost = sorted({each.who for each in needs if scene.homes.known(each.who) != each.who})
    words = {"elders": ("老年人", "the old"), "children": ("儿童", "children")}
    said = [(f"{words[who][0]}人口未知,面向{words[who][0]}的要求按全体居民计算。",
             f"It is not known where {words[who][1]} live; what is meant for them is counted by all residents.")
            for who in lost]  # fmt: skip
    return [*said, *_open(scene.standard)]


def _open(standard: FacilityStandard) -> list[tuple[str, str]]:
    """Return a note on figures of the standard that were not found in a text."""
    doubtful = [each for each in standard.requirements if not each.confirmed]
    if not doubtful:
        return []
    return [(f"这些要求的数值未能对照公开文本核实,见各项附注:{'、'.join(each.title_zh for each in doubtful)}。",
             "The figures of these requirements could not be checked against a public text, see their notes: "
             f"{', '.join(each.title_en for each in doubtful)}.")]  # fmt: skip
