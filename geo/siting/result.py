"""What siting answers: sites found for one requirement, premises filled for several, and choices compared by hand.

Everywhere: people, elders and children are residents (floats, as demand is spread over homes; NaN where unknown);
walks are along the network, in metres and in minutes at the asked speed, NaN for who reaches none; shares are 0 to 1;
money is in yuan. "Before" is today's facilities, which all stay; "after" is with what was chosen. Tables of the town's
communities and estates hold only those where demand lies.
"""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import pandas as pd

from geo.siting.choice import Choice
from geo.standards.facilities import Requirement

MODELS: Final = ("mclp", "lscp", "p_median", "p_center", "capacitated_mclp", "capacitated_p_median")
"""Most people covered; fewest sites that cover all who can be; least walking; least farthest walk; the first and third
with limited room at every site."""

CANDIDATE_KINDS: Final = ("idle_building", "idle_land", "public_land", "growing", "search_point")
"""Kinds of premises (`geo.schema.PREMISES_KINDS`), and points that only show where to look for a site."""

CANDIDATE_COLUMNS: Final = (
    "kind", "name", "name_en", "floor_area_m2", "site_area_m2", "area_source", "cost", "categories", "facility_id",
    "capacity", "block_id", "community_id", "geometry",
)  # fmt: skip
"""Columns of `candidate_sites`."""

REASONS: Final = (
    "chosen", "category", "too_small", "area_unknown", "cost_unknown", "over_budget", "unreachable", "nobody_new",
    "less", "no_room_left",
)  # fmt: skip
"""Why a candidate was or was not taken: chosen; it may not take such a facility; its area is too small, or unknown;
its cost is unknown, or beyond the budget alone; no way leads to it; who reaches it is covered already; what was chosen
gives more; the number of sites or the budget is used up by better ones."""

GAIN_COLUMNS: Final = (
    "people_reach", "people_new", "elders_new", "children_new", "people_only", "mean_before_m", "mean_after_m",
    "p95_before_m", "p95_after_m", "communities_zh", "communities_en", "estates_zh", "estates_en", "next_id",
    "next_people", "text_zh", "text_en",
)  # fmt: skip
"""What one site (of one requirement) gives.

people_reach: residents within reach of it; people_new, elders_new, children_new: newly covered in the order of the
table, after what stands above it; people_only: who would be uncovered without it, all others kept; mean and p95 walk
to the nearest, before and after, of those whose nearest it becomes (the walk that 95% of them do not exceed);
communities and estates where the newly covered live, the most people first, `name (people)` joined by 、or comma;
next_id: the best candidate for its place, all other sites kept (missing without one), next_people: whom that one would
newly cover; text: all this as a sentence.
"""

SITE_COLUMNS: Final = (
    "rank", "kind", "name", "name_en", "community_id", "facility_id", "cost", "capacity", "users", *GAIN_COLUMNS,
    "geometry",
)  # fmt: skip
"""Columns of `Sited.sites`: rank is the order of marginal value, from 1; users who are assigned to it."""

AREA_COLUMNS: Final = (
    "name", "name_en", "people", "covered_before", "covered_after", "share_before", "share_after", "mean_before_m",
    "mean_after_m",
)  # fmt: skip
"""Columns of communities and estates: residents counted, how many are covered, and the mean walk to the nearest."""

TOTAL_COLUMNS: Final = (
    "people", "people_covered", "covered_share", "elders", "elders_covered", "children", "children_covered", "mean_m",
    "median_m", "p95_m", "farthest_m", "mean_min", "people_unreached",
)  # fmt: skip
"""Columns of totals; people_unreached have no way to any facility, and are in no mean."""

HOME_COLUMNS: Final = (
    "people", "elders", "children", "community_id", "estate_id", "walk_before_m", "walk_after_m", "walk_before_min",
    "walk_after_min", "nearest_before", "nearest_after", "covered_before", "covered_after",
)  # fmt: skip
"""Columns of homes: nearest_* are ids of facilities or sites (missing where none can be reached); flags covered_*."""

STEP_COLUMNS: Final = (
    "site_id", "people_new", "people_covered", "covered_share", "mean_m", "p95_m", "cost_total",
)  # fmt: skip
"""Columns of steps, index number of sites (0 is today): what is reached with the sites down to this rank."""


@dataclass(frozen=True)
class Sited:
    """Sites found for one requirement.

    Attributes
    ----------
    requirement : Requirement
    model : str
        One of `MODELS`.
    choice : Choice
        The model's answer, with value and bound: value in people (mclp), sites or yuan (lscp), person-metres or
        person-minutes (p_median), metres or minutes (p_center). Its positions count `candidates`.
    limit, by, speed : float, str, str
        A home is covered within `limit` metres (by `metres`) or minutes (by `minutes`) at this speed.
    sites : GeoDataFrame
        Index site_id, the chosen candidates by rank; `SITE_COLUMNS`. CRS and geometry of the candidates.
    candidates : GeoDataFrame
        Index site_id, all candidates as given with chosen (flag), people_reach, people_alone (whom it alone would newly
        cover), reason (one of `REASONS`), reason_zh, reason_en.
    homes : GeoDataFrame
        Index demand_id, `HOME_COLUMNS` and the demand's points.
    communities, estates : DataFrame
        Index community_id, estate_id; `AREA_COLUMNS`; worst share after first.
    totals : DataFrame
        Index `before`, `after`; `TOTAL_COLUMNS`.
    steps : DataFrame
        Index number from 0; `STEP_COLUMNS`: the marginal value of one more site.
    text_zh, text_en : str
        The answer in a few sentences.
    notes : tuple of (str, str)
        Assumptions made and what is unknown, in Chinese and English.
    """

    requirement: Requirement
    model: str
    choice: Choice
    limit: float
    by: str
    speed: str
    sites: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    communities: pd.DataFrame
    estates: pd.DataFrame
    totals: pd.DataFrame
    steps: pd.DataFrame
    text_zh: str
    text_en: str
    notes: tuple[tuple[str, str], ...] = ()


PLACED_SITE_COLUMNS: Final = (
    "rank", "kind", "name", "name_en", "community_id", "facility_id", "floor_area_m2", "site_area_m2", "used_m2",
    "spare_m2", "used_site_m2", "requirements", "requirements_zh", "requirements_en", "functions", "complex",
    "site_cost", "fitting_cost", "cost", "value", "value_only", "next_id", "next_value", "text_zh", "text_en",
    "geometry",
)  # fmt: skip
"""Columns of `Placed.sites`.

rank: order of marginal value per site, from 1; used_m2 and spare_m2 of floor area (spare NaN where the area is
unknown or still to be found), used_site_m2 of ground; requirements: keys joined by ;, with titles; functions: how many;
complex: counts as an embedded complex; site_cost as of the premises, fitting_cost of what goes in, cost both; value:
weighted people newly covered in the order of the table; value_only: what would be lost without it; next_id,
next_value: the best use of one unused candidate instead (with the same requirements as fit), and its value.
"""

ROOM_COLUMNS: Final = ("need_m2", "need_site_m2", "unit_cost", "cost", *GAIN_COLUMNS)
"""Columns of `Placed.rooms`: one requirement in one premises; next_id is the best other premises for it."""

GAINED_COLUMNS: Final = (
    "title_zh", "title_en", "weight", "people", "covered_before", "covered_after", "people_new", "elders_new",
    "children_new", "share_before", "share_after", "mean_before_m", "mean_after_m", "rooms", "m2", "cost", "text_zh",
    "text_en",
)  # fmt: skip
"""Columns of `Placed.gains`: people counted by who the requirement is for."""


@dataclass(frozen=True)
class Placed:
    """Premises filled with several requirements under a budget.

    Attributes
    ----------
    requirements : tuple of Requirement
    value, bound : float
        Weighted people newly covered, summed over requirements; no choice gives more than `bound` under the same
        equity.
    seconds : float
    method : str
        How it was found.
    budget : float
        [yuan]; infinite where none was given.
    spent : float
        [yuan]; NaN where a cost is unknown.
    sites : GeoDataFrame
        Index site_id by rank; `PLACED_SITE_COLUMNS`.
    rooms : DataFrame
        Index (site_id, requirement), sites by rank; `ROOM_COLUMNS`.
    gains : DataFrame
        Index requirement; `GAINED_COLUMNS`.
    communities : DataFrame
        Index (community_id, requirement); `AREA_COLUMNS`. Requirement "" is all of them together, weighted: its share
        is what equity looks at. Worst share after first.
    candidates : GeoDataFrame
        Index site_id, as given, with chosen, value_alone (best use of it alone within budget), reason, reason_zh,
        reason_en.
    refused : DataFrame
        Index (site_id, requirement): every pair that could not be: reason, reason_zh, reason_en.
    homes : DataFrame
        Index (demand_id, requirement); `HOME_COLUMNS`.
    steps : DataFrame
        Index number from 0: site_id, value, value_total, cost_total, worst_share (of all communities, after it).
    costs_given : bool
        False where unit costs are an example, not the user's.
    text_zh, text_en : str
    notes : tuple of (str, str)
    """

    requirements: tuple[Requirement, ...]
    value: float
    bound: float
    seconds: float
    method: str
    budget: float
    spent: float
    sites: gpd.GeoDataFrame
    rooms: pd.DataFrame
    gains: pd.DataFrame
    communities: pd.DataFrame
    candidates: gpd.GeoDataFrame
    refused: pd.DataFrame
    homes: pd.DataFrame
    steps: pd.DataFrame
    costs_given: bool
    text_zh: str
    text_en: str
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def gap(self) -> float:
        """How far value and bound lie apart, as a share of the value (0 where both are 0)."""
        apart = abs(self.value - self.bound)
        return 0.0 if apart == 0 else apart / max(abs(self.value), 1e-12)

    @property
    def proven(self) -> bool:
        """Whether no choice is better, to a millionth."""
        return self.gap <= 1e-6


OPTION_COLUMNS: Final = (
    "rank", "sites", "site_ids", "people_new", "elders_new", "children_new", "people_covered", "covered_share",
    "mean_m", "p95_m", "farthest_m", "worst_community_share", "share_of_best", "cost", "communities_zh",
    "communities_en", "estates_zh", "estates_en", "text_zh", "text_en",
)  # fmt: skip
"""Columns of `WhatIf.options`: rank by people newly covered (ties: shorter mean walk), sites: how many, site_ids joined
by ;, share_of_best: people_new against the best choice of as many sites (NaN where that gives nobody)."""


@dataclass(frozen=True)
class WhatIf:
    """Choices by hand side by side, each against today and against the best of as many sites.

    Attributes
    ----------
    requirement : Requirement
    limit, by, speed : float, str, str
        As in `Sited`.
    options : DataFrame
        Index option: the names given, `today` (no site) and `best N` (the best choice of N candidates, for each number
        of sites asked about); `OPTION_COLUMNS`, best first.
    points : GeoDataFrame
        Index (option, site_id): name, name_en, kind (`by_hand` for points on the map), people_reach, people_new (alone,
        against today), reason (`unreachable`, `nobody_new` or empty), reason_zh, reason_en, geometry.
    homes : GeoDataFrame
        Index demand_id: people, elders, children, community_id, estate_id, geometry, and for each option a column
        `walk_m <option>` and a flag `covered <option>`.
    notes : tuple of (str, str)
    """

    requirement: Requirement
    limit: float
    by: str
    speed: str
    options: pd.DataFrame
    points: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    notes: tuple[tuple[str, str], ...] = ()
