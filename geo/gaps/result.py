"""What a look for gaps finds: what every community, estate and home has and lacks by a standard, with the numbers.

Unknown is never zero: where the data do not tell, the state is `unknown`, figures are NaN, and bounds say between what
they lie.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import pandas as pd

from geo.standards.facilities import FacilityStandard

STATES: Final = ("missing", "far", "small", "full", "unknown", "met", "not_asked")
"""What is known of one requirement in one area, gravest first.

`missing`: there is none, or nobody within reach of one. `far`: there is one, but too few people are within reach.
`small`: too few square metres. `full`: too few places. `unknown`: the data do not tell. `met`. `not_asked`: nobody
lives here whom it is for.
"""

STATE_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("缺", "missing"), "far": ("过远", "too far"), "small": ("面积不足", "too small"),
    "full": ("容量不足", "full"), "unknown": ("未知", "unknown"), "met": ("达标", "met"),
    "not_asked": ("不涉及", "not asked"),
}  # fmt: skip
"""The states in Chinese and English."""

LACKING: Final = ("missing", "far", "small", "full")
"""The states that are a gap."""

AREA_COLUMNS: Final = (
    "name", "name_en", "title_zh", "title_en", "group", "scope", "state", "reach_state", "size_state", "room_state",
    "who", "people", "people_covered", "people_uncovered", "people_unknown", "covered_share", "residents_uncovered",
    "elders_uncovered", "children_uncovered", "mean_m", "farthest_m", "count", "offered", "needed", "area_m2",
    "area_needed_m2",
    "area_short_m2", "area_short_most_m2", "places", "places_needed", "places_short", "places_short_most", "unmeasured",
    "neighbour_id", "weight", "lacking_reach", "lacking_size", "lacking_room", "severity", "severity_most", "text_zh",
    "text_en",
)  # fmt: skip
"""Columns of `Gaps.communities` and `Gaps.estates`."""

REQUIREMENT_COLUMNS: Final = (
    "title_zh", "title_en", "group", "group_zh", "group_en", "level", "class", "scope", "radius_m", "minutes", "who",
    "weight", "facilities", "areas", "areas_missing", "areas_far", "areas_small", "areas_full", "areas_unknown",
    "areas_met", "people", "people_covered", "people_uncovered", "people_unknown", "covered_share", "mean_m",
    "farthest_m", "area_short_m2", "area_short_most_m2", "places_short", "places_short_most", "text_zh", "text_en",
    "confirmed", "source", "source_en", "clause", "clause_en", "note_zh", "note_en",
)  # fmt: skip
"""Columns of `Gaps.requirements`."""

SCORE_COLUMNS: Final = (
    "name", "name_en", "people", "score", "score_least", "known_share", "asked", "missing", "far", "small", "full",
    "unknown", "met", "worst", "text_zh", "text_en",
)  # fmt: skip
"""Columns of `Gaps.scores` and `Gaps.estate_scores` before those of the groups."""


@dataclass(frozen=True)
class Gaps:
    """What a town has and lacks by one standard.

    Attributes
    ----------
    standard : FacilityStandard
        What everything was judged by.
    communities : DataFrame
        Index (community_id, requirement), sorted by id, then as the standard lists them; every pair. Columns
        `AREA_COLUMNS`:

        - name, name_en of the community; title_zh, title_en, group, scope of the requirement.
        - state, one of `STATES`: the gravest of its three parts. reach_state (met, missing, far, unknown, not_asked),
          size_state (met, small, unknown, not_asked) and room_state (met, full, unknown, not_asked) are these parts.
          A part is `not_asked` where the standard says nothing of it.
        - who (`all`, `elders`, `children`): whom the numbers of people count. A requirement for the old counts all
          residents where the old are not known.
        - people, people_covered, people_uncovered, people_unknown (of whose walk nothing is known) [people], NaN where
          people are not known; covered_share (0 to 1; by households, or by homes, where people are not known);
          residents_uncovered, elders_uncovered, children_uncovered, whoever it is for (NaN unknown).
        - mean_m, farthest_m: walk to the nearest that counts, over the people it is for [m]; NaN where there is none.
        - count: facilities of its kinds that stand in it (`<NA>` where the town names none of them, so that nobody may
          have looked); needed: how many it ought to have; offered: how many it may use: its own, its neighbours' where
          it is small, or its share by people in those within reach (both missing where the standard asks for reach
          only).
        - area_m2, area_needed_m2, area_short_m2, area_short_most_m2 [m²]: floor area, or site area where the standard
          speaks of it. area_m2 is what is known to be there. The shortfall is NaN when unmeasured facilities leave it
          open; it is then area_short_most_m2 at most. NaN where no area is asked for.
        - places, places_needed, places_short, places_short_most: the same in places (beds, seats, bays).
        - unmeasured: facilities of which the area or the places asked for are not known.
        - neighbour_id: the neighbouring community whose facility counts, the first of them; missing where none does.
        - weight: as the standard gives it; lacking_reach, lacking_size, lacking_room (0 to 1, NaN unknown or not
          asked): how much of each part is lacking; severity (0 to 1): the largest of these as far as is known, NaN
          where nothing is; severity_most: where what is not known were as bad as it can be.
        - text_zh, text_en: a sentence with the numbers.
    estates : DataFrame
        The same by estate (compound): index (estate_id, requirement); empty without estates. Requirements of scope
        community are judged by what the community has that its people live in.
    homes : DataFrame
        Index (demand_id, requirement), every pair: walk_m, walk_min (to the nearest that counts, NaN where none can be
        reached), facility_id (missing likewise), reached (nullable flag: within the limit, whatever its size; where
        no limit is set, whether its community, or the town, has one; `<NA>` where nobody knows).
    buildings : GeoDataFrame
        Index demand_id, one row for each home: building_id, community_id, estate_id, block_id (missing where unknown),
        people, score (0 to 1: share, by weight, of what is asked for within its reach), asked, reached (numbers of
        requirements), lacking (keys joined by ;), `<requirement>_m` (walk to the nearest that counts [m]); geometry
        the building's outline where it is known, else the point, in the CRS of the demand.
    requirements : DataFrame
        Index requirement, as the standard lists them: the town as a whole. Columns `REQUIREMENT_COLUMNS`: facilities
        (of its kinds in the table), areas (communities judged) and how many in each state, people and shares, walks,
        shortfalls summed over the communities (NaN where one is open), text_zh, text_en; and as the standard has them:
        level, class, weight, confirmed (its figures were found in a text), source, clause, notes, in both languages.
    scores : GeoDataFrame
        Index community_id, geometry its land. Columns `SCORE_COLUMNS`: score (0 to 1, 1 where nothing is lacking:
        1 − Σ weight × severity / Σ weight, over requirements of known severity), score_least (with severity_most),
        known_share (of the weight), asked (requirements), how many in each state, worst (the key that costs most;
        missing where nothing is lacking), text_zh, text_en; then `group_<key>`, the same score over one group.
    estate_scores : GeoDataFrame
        The same by estate.
    circles : DataFrame
        Index (community_id, category, minutes), community_id "" for the whole town, minutes 5, 10 and 15: people,
        people_covered, covered_share: how many have a facility of the category within so many minutes on foot.
    speed : str
        At whose speed (`geo.network.SPEEDS`).
    notes : tuple of (str, str)
        Assumptions made, what is unknown, in Chinese and English.
    """

    standard: FacilityStandard
    communities: pd.DataFrame
    estates: pd.DataFrame
    homes: pd.DataFrame
    buildings: gpd.GeoDataFrame
    requirements: pd.DataFrame
    scores: gpd.GeoDataFrame
    estate_scores: gpd.GeoDataFrame
    circles: pd.DataFrame
    speed: str
    notes: tuple[tuple[str, str], ...] = ()


CHANGES: Final = ("better", "worse", "same", "unknown", "new", "ended")
"""What becomes of a requirement in a community: `new` and `ended` where the community is there on one side only."""

CHANGE_COLUMNS: Final = (
    "name", "name_en", "title_zh", "title_en", "group", "fate", "state_before", "state_after", "count_before",
    "count_after", "needed_before", "needed_after", "people_before", "people_after", "people_uncovered_before",
    "people_uncovered_after", "area_short_m2_before", "area_short_m2_after", "places_short_before",
    "places_short_after", "severity_before", "severity_after", "change", "text_zh", "text_en",
)  # fmt: skip
"""Columns of `GapChange.communities`."""


@dataclass(frozen=True)
class GapChange:
    """What a plan of boundaries changes: gaps of today's communities and of the plan's, judged alike.

    Attributes
    ----------
    before, after : mapping from a standard's name to Gaps
        Communities are the blocks that belong to them, on both sides.
    communities : DataFrame
        Index (standard, community_id, requirement); a community that carries on an id stands in one row. Columns
        `CHANGE_COLUMNS`: fate (what the plan does to it: kept, renamed, received, gave, exchanged, abolished, created),
        figures of `Gaps.communities` before and after (missing on the side where the community is not there), change
        (one of `CHANGES`), text_zh, text_en.
    requirements : DataFrame
        Index (standard, requirement): title_zh, title_en, group, communities_before, lacking_before (how many there
        are, how many show a gap), unknown_before, people_uncovered_before (residents, whoever it is for), and the same
        after; people_gain, people_lose (residents whom it reaches only after, only before), change, text_zh, text_en.
    residents : DataFrame
        Index (standard, community_id, requirement) over today's communities: what their people have before and after,
        wherever they then belong: to_ids (communities of the plan, joined by ;, most people first), people,
        people_covered_before, people_covered_after, people_gain, people_lose (NaN unknown).
    homes : DataFrame
        Homes whose reach changes: index (standard, demand_id, requirement): people (whom it is for), change (`gains`,
        `loses`), community_before, community_after, facility_before, facility_after.
    six_ones : DataFrame
        The presence matrix of 六个一, one row per community and side: when (before, after), community_id, name,
        name_en, how many of each of `geo.partition.scorecard.SIX_ONES` (`<NA>` where the town names none), lacking
        (their keys joined by ;), lacking_count. Both sides' communities sorted by id, before first.
    sharing : DataFrame
        Facilities that come together from several of today's communities: standard, community_id, requirement, count,
        from_ids (joined by ;), needed, spare (beyond what is needed; `<NA>` unknown), text_zh, text_en. Requirements
        of scope community.
    notes : tuple of (str, str)
    """

    before: Mapping[str, Gaps]
    after: Mapping[str, Gaps]
    communities: pd.DataFrame
    requirements: pd.DataFrame
    residents: pd.DataFrame
    homes: pd.DataFrame
    six_ones: pd.DataFrame
    sharing: pd.DataFrame
    notes: tuple[tuple[str, str], ...] = ()
