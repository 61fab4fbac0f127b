"""What siting answers: sites found for one requirement, premises filled for several, and choices compared by hand.

Everywhere: `people` and every share, mean and percentile count those whom the requirement is for (residents, elders or
children: `Requirement.who`; all residents where their ages are not known, which the notes say); residents, elders and
children beside them are told by name, as far as they are known. They are floats, as demand is spread over homes; NaN
where unknown. Walks are along the network, of the way that is shortest in metres (in minutes where the requirement
knows minutes only), NaN for who reaches none. Shares are 0 to 1, money is in yuan, ids joined in one cell by ;.
"Before" is today's facilities, which all stay; "after" is with what was chosen.
"""

from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import pandas as pd

from geo.siting.choice import Choice
from geo.standards.facilities import Requirement

Model = Literal["mclp", "lscp", "p_median", "p_center", "capacitated_mclp", "capacitated_p_median"]

MODELS: Final = {
    "mclp": ("覆盖人口最多", "most people covered"),
    "lscp": ("用最少设施覆盖所有够得着的人", "fewest sites that cover all who can be"),
    "p_median": ("平均步行最短", "least walking on the whole"),
    "p_center": ("最远步行最短", "least farthest walk"),
    "capacitated_mclp": ("服务人口最多(计容量)", "most people served, with limited room"),
    "capacitated_p_median": ("平均步行最短(计容量)", "least walking, with limited room"),
}
"""The models by key, in Chinese and English."""

REASONS: Final = {
    "chosen": ("选中", "chosen"),
    "not_allowed": ("用户排除", "left out by the user"),
    "category": ("不可作此用途", "may not take such a facility"),
    "too_small": ("面积不足", "too small"),
    "area_unknown": ("面积未知", "area unknown"),
    "room_unknown": ("容量未知", "capacity unknown"),
    "cost_unknown": ("费用未知", "cost unknown"),
    "over_budget": ("超出预算", "beyond the budget"),
    "unreachable": ("步行不可达", "no way leads to it"),
    "nobody_new": ("无新增覆盖人口", "covers nobody new"),
    "less": ("效果不及所选", "gives less than what was chosen"),
}
"""Why a candidate was or was not taken, in Chinese and English. `less`: the number of sites, or the budget, went to
what gives more together."""

GAIN_COLUMNS: Final = (
    "people_reach", "people_new", "residents_new", "elders_new", "children_new", "people_only", "users",
    "mean_before_m", "mean_after_m", "p95_before_m", "p95_after_m", "communities_zh", "communities_en", "estates_zh",
    "estates_en", "next_id", "next_people", "text_zh", "text_en",
)  # fmt: skip
"""What one site gives to one requirement.

people_reach: within reach of it. people_new, residents_new, elders_new, children_new: newly covered after today's
facilities and what stands above it in the table. people_only: who would be uncovered without it, all others kept.
users: whose nearest it becomes (in capacitated models: who are assigned to it); mean_* and p95_*: their walk to the
nearest before and after, on average, and what 95% of them do not exceed (before: of those who could reach any).
communities_*, estates_*: where the newly covered live, the most people first, `name(people)` joined by 、 or commas.
next_id: the best other candidate in its place, all other sites kept (missing without one, and in capacitated_mclp): the
one that newly covers most people, in models of walking the one that saves most walking; next_people: whom it would
newly cover then. text_*: all this in a sentence.
"""

SITE_COLUMNS: Final = (
    "rank", "kind", "name", "name_en", "community_id", "facility_id", "cost", "capacity", *GAIN_COLUMNS, "geometry",
)  # fmt: skip
"""Columns of `Sited.sites`: rank is the order of marginal value, from 1."""

AREA_COLUMNS: Final = (
    "name", "name_en", "people", "covered_before", "covered_after", "share_before", "share_after", "mean_before_m",
    "mean_after_m",
)  # fmt: skip
"""Columns of communities and estates: people, how many of them are covered, and the mean walk to the nearest."""

TOTAL_COLUMNS: Final = (
    "people", "people_covered", "covered_share", "residents", "residents_covered", "elders", "elders_covered",
    "children", "children_covered", "mean_m", "median_m", "p95_m", "farthest_m", "mean_min", "people_unreached",
)  # fmt: skip
"""Columns of totals; people_unreached have no way to any facility, and are in no mean."""

HOME_COLUMNS: Final = (
    "people", "residents", "elders", "children", "community_id", "estate_id", "walk_before_m", "walk_after_m",
    "walk_before_min", "walk_after_min", "nearest_before", "nearest_after", "covered_before", "covered_after",
)  # fmt: skip
"""Columns of homes: nearest_* are ids of facilities or sites (missing where none can be reached); flags covered_*."""

STEP_COLUMNS: Final = ("site_id", "people_new", "people_covered", "covered_share", "mean_m", "p95_m", "cost_total")
"""Columns of steps, index number of sites (0 is today, site_id missing): what the sites down to this rank give."""


@dataclass(frozen=True)
class Sited:
    """Sites found for one requirement.

    Attributes
    ----------
    requirement : Requirement
    model : str
        One of `MODELS`.
    choice : Choice
        The model's answer, with value and bound: people newly covered (mclp), sites or yuan (lscp), person-metres or
        person-minutes (p_median), metres or minutes of the farthest walk (p_center; of the sites as good as that, those
        with least walking on the whole), people served (capacitated_mclp). Its positions count
        `candidates`; served_by counts `homes`, -1 where no chosen candidate serves.
    limit_m, limit_min : float
        A home is covered within so many metres, or so many minutes: either is enough. NaN where there is no such limit;
        both NaN where a facility counts for the community it stands in.
    speed : str
        Whose minutes: a key of `geo.network.SPEEDS`.
    sites : GeoDataFrame
        Index site_id, the chosen candidates by rank; `SITE_COLUMNS`. CRS and geometry of the candidates.
    candidates : GeoDataFrame
        Index site_id, all candidates as given, sorted, with chosen (flag), people_reach, people_alone (whom it alone
        would newly cover; both NaN where it is not allowed), reason (a key of `REASONS`), reason_zh, reason_en (a
        sentence with numbers).
    homes : GeoDataFrame
        Index demand_id, sorted; `HOME_COLUMNS` and the demand's points.
    communities, estates : DataFrame
        Index community_id, estate_id; `AREA_COLUMNS`; those where demand lies, the worst share after first.
    totals : DataFrame
        Index `before`, `after`; `TOTAL_COLUMNS`.
    steps : DataFrame
        Index number from 0; `STEP_COLUMNS`: the marginal value of one more site.
    text_zh, text_en : str
        The answer in a few sentences.
    notes : tuple of (str, str)
        Assumptions made and what is unknown, in Chinese and English.
    served_before, served_after : float
        People who have a place: within reach of today's facilities, and of the chosen sites too, each taking as many
        as it has room for (`capacitated_mclp`; NaN in other models). Covered are all who are within reach, whether
        there is room or not.
    """

    requirement: Requirement
    model: str
    choice: Choice
    limit_m: float
    limit_min: float
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
    served_before: float = float("nan")
    served_after: float = float("nan")


PLACED_SITE_COLUMNS: Final = (
    "rank", "kind", "name", "name_en", "community_id", "facility_id", "floor_area_m2", "site_area_m2", "used_m2",
    "spare_m2", "used_site_m2", "requirements", "requirements_zh", "requirements_en", "functions", "complex",
    "site_cost", "fitting_cost", "cost", "value", "value_only", "next_id", "next_value", "text_zh", "text_en",
    "geometry",
)  # fmt: skip
"""Columns of `Placed.sites`.

rank: order of marginal value, from 1; used_m2 and spare_m2 of floor area (spare NaN where the area is unknown or still
to be found), used_site_m2 of ground; requirements: keys joined by ;, and titles; functions: how many; complex: counts
as an embedded complex; site_cost as of the premises, fitting_cost of what goes in, cost both; value: weighted people
newly covered after what stands above it; value_only: what would be lost without it; next_id, next_value: the best use
of one unused candidate in its place for its money (and what the budget has left), and what that would give then.
"""

ROOM_COLUMNS: Final = ("need_m2", "need_site_m2", "unit_cost", "cost", *GAIN_COLUMNS)
"""Columns of `Placed.rooms`: one requirement in one premises; next_id is the best other premises for it alone."""

GAINED_COLUMNS: Final = (
    "title_zh", "title_en", "weight", "people", "covered_before", "covered_after", "people_new", "residents_new",
    "elders_new", "children_new", "share_before", "share_after", "mean_before_m", "mean_after_m", "rooms", "m2", "cost",
    "text_zh", "text_en",
)  # fmt: skip
"""Columns of `Placed.gains`: rooms (premises it goes into), their m2 (floor area and ground) and cost."""

PLACED_STEP_COLUMNS: Final = ("site_id", "value", "value_total", "cost_total", "worst_id", "worst_share")
"""Columns of `Placed.steps`: worst_id is the community with the smallest covered share after this many sites."""


@dataclass(frozen=True)
class Placed:
    """Premises filled with several requirements under a budget.

    Attributes
    ----------
    requirements : tuple of Requirement
    value, bound : float
        Weighted people newly covered, summed over requirements; no choice gives more than `bound` under the same
        equity.
    value_without_equity : float
        What could be covered if no community came first (found in a quarter of the time): what equity costs. `value`
        where none was asked.
    seconds : float
    method : str
        How it was found, in a few words.
    budget : float
        [yuan]; infinite where none was given.
    spent : float
        [yuan]; NaN where a cost is unknown.
    limits : DataFrame
        Index requirement: limit_m, limit_min (as in `Sited`), need_m2, need_site_m2 (what a new one takes), and
        unit_cost_least, unit_cost_most (per m², over the candidates).
    speed : str
    sites : GeoDataFrame
        Index site_id by rank; `PLACED_SITE_COLUMNS`.
    rooms : DataFrame
        Index (site_id, requirement), sites by rank; `ROOM_COLUMNS`.
    gains : DataFrame
        Index requirement; `GAINED_COLUMNS`.
    communities : DataFrame
        Index (community_id, requirement); `AREA_COLUMNS`. Requirement `all` is all of them together, weighted: its
        share is what equity looks at. Worst share of `all` after first.
    candidates : GeoDataFrame
        Index site_id, as given, with chosen, value_alone (best use of it alone within the budget), reason, reason_zh,
        reason_en.
    refused : DataFrame
        Index (site_id, requirement): every pair that could not be: reason, reason_zh, reason_en.
    homes : DataFrame
        Index (demand_id, requirement); `HOME_COLUMNS`.
    steps : DataFrame
        Index number from 0 (today); `PLACED_STEP_COLUMNS`.
    costs_given : bool
        False where unit costs are an example, not the user's.
    text_zh, text_en : str
    notes : tuple of (str, str)
    fairness : tuple of (float, float)
        With `worst_first`: the sum of the covered shares of the worst community, of the two worst, of the three …, as
        each was raised in turn, and what no choice that keeps those before could exceed.
    """

    requirements: tuple[Requirement, ...]
    value: float
    bound: float
    value_without_equity: float
    seconds: float
    method: str
    budget: float
    spent: float
    limits: pd.DataFrame
    speed: str
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
    fairness: tuple[tuple[float, float], ...] = ()

    @property
    def together(self) -> pd.DataFrame:
        """All requirements together, weighted: `communities` of requirement `all`, index community_id."""
        rows = self.communities.index.get_level_values("requirement") == "all"
        return self.communities[rows].droplevel("requirement")

    @property
    def gap(self) -> float:
        """How far value and bound lie apart, as a share of the value (0 where both are 0)."""
        apart = abs(self.value - self.bound)
        return 0.0 if apart == 0 else apart / max(abs(self.value), 1e-12)

    @property
    def fair(self) -> bool:
        """Whether nothing gives the worst-off communities more, each in turn; so too where that was not asked."""
        return all(most - reached <= 1e-6 for reached, most in self.fairness)

    @property
    def proven(self) -> bool:
        """Whether no choice is better, to a millionth: for the worst-off communities first where that was asked."""
        return self.fair and self.gap <= 1e-6


OPTION_COLUMNS: Final = (
    "rank", "sites", "site_ids", "people_new", "residents_new", "elders_new", "children_new", "people_covered",
    "covered_share", "mean_m", "p95_m", "farthest_m", "worst_community_id", "worst_community_share", "share_of_best",
    "cost", "communities_zh", "communities_en", "estates_zh", "estates_en", "text_zh", "text_en",
)  # fmt: skip
"""Columns of `WhatIf.options`: rank by people newly covered (then by the shorter mean walk), sites: how many, share_of_
best: people_new against the best choice of as many candidates (NaN where that gives nobody), cost NaN unknown."""


@dataclass(frozen=True)
class WhatIf:
    """Choices by hand side by side, each against today and against the best choice of as many sites.

    Attributes
    ----------
    requirement : Requirement
    limit_m, limit_min, speed : float, float, str
        As in `Sited`.
    options : DataFrame
        Index option: the names given, `today` (no site), and `best 1`, `best 2` … (the best choice of so many
        candidates, for each number of sites asked about); `OPTION_COLUMNS`, best first.
    points : GeoDataFrame
        Index (option, site_id): kind (`by_hand` for points on the map), name, name_en, people_reach, people_alone
        (newly covered by it alone), reason (`unreachable`, `nobody_new`, or empty), reason_zh, reason_en, geometry.
    homes : GeoDataFrame
        Index demand_id: people, community_id, estate_id, geometry, and for each option `walk_m <option>` and the flag
        `covered <option>`.
    notes : tuple of (str, str)
    """

    requirement: Requirement
    limit_m: float
    limit_min: float
    speed: str
    options: pd.DataFrame
    points: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    notes: tuple[tuple[str, str], ...] = ()
