"""Premises filled with several requirements: what goes where, under a budget, the worst off first if wished."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import geopandas as gpd

from geo.network import Network
from geo.siting.result import Placed
from geo.standards.facilities import Complex, Requirement
from geo.study import Study


@dataclass(frozen=True)
class FittingCosts:
    """What it costs to make room for a facility [yuan per m²].

    Attributes
    ----------
    rooms_m2 : float
        Fitting out existing floor area.
    building_m2 : float
        Building new floor area, on land.
    ground_m2 : float
        Laying out ground.
    by_requirement : mapping from a requirement's key
        In place of the first for this requirement, wherever it goes (of `ground_m2` for one that needs ground only).
    given : bool
        False: an example, no price; whatever is computed from it says so.
    source_zh, source_en : str
    """

    rooms_m2: float
    building_m2: float
    ground_m2: float
    by_requirement: Mapping[str, float] = field(default_factory=dict)
    given: bool = True
    source_zh: str = "用户提供"
    source_en: str = "given by the user"


EXAMPLE_COSTS: Final = FittingCosts(
    1500.0, 4000.0, 400.0, given=False, source_zh="示例单价,非正式单价,不能用于立项",
    source_en="example, not an official price, not to be used for a project",
)  # fmt: skip
"""Only to try a placing out."""


@dataclass(frozen=True)
class PlacingOptions:
    """What a placing must keep.

    Attributes
    ----------
    budget : float
        Premises and what goes into them together cost no more [yuan].
    count : int or None
        No more premises than this.
    count_by_requirement : mapping from a requirement's key to int
        No more places of this requirement than this.
    equity : "none", "worst_first" or float
        `none`: most weighted people newly covered. `worst_first`: the covered share of the worst-off community is as
        large as it can be, then that of the second, and so on (lexicographic max-min), then most people. A number: a
        floor; every community reaches this covered share (0 to 1).
    equity_levels : int
        How many of the worst-off communities are looked at in turn, before most people.
    complexes : int
        At least so many of the premises are embedded complexes.
    complex_rule : Complex
        What counts as one: floor area in use, functions, and how many of them among the core ones.
    keep, leave_out : ids of premises
        That must be used, that may not be.
    """

    budget: float = float("inf")
    count: int | None = None
    count_by_requirement: Mapping[str, int] = field(default_factory=dict)
    equity: Literal["none", "worst_first"] | float = "none"
    equity_levels: int = 8
    complexes: int = 0
    complex_rule: Complex | None = None
    keep: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()


def place(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame | None,
    network: Network,
    *,
    requirements: Sequence[Requirement],
    options: PlacingOptions | None = None,
    costs: FittingCosts = EXAMPLE_COSTS,
    communities: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    speed: str = "adult",
    seconds: float = 60.0,
    gap: float = 0.0,
) -> Placed:
    """Return which premises take which requirements, so that most people are newly covered for the money.

    Raises
    ------
    InputError
        As `geo.siting.site.site`; requirements given twice, or that need neither floor nor ground.
    InfeasibleError
        No placing keeps what was demanded; the reasons say what collides.
    """
    raise NotImplementedError


def placing_of(
    study: Study,
    *,
    requirements: Sequence[Requirement | str],
    standard: str = "embedded-2023",
    options: PlacingOptions | None = None,
    costs: FittingCosts = EXAMPLE_COSTS,
    kinds: Collection[str] | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    demand: gpd.GeoDataFrame | None = None,
    network: Network | None = None,
    speed: str = "adult",
    seconds: float = 60.0,
) -> Placed:
    """Return `place` of a study: its homes, candidates, facilities and walking network are made where not given."""
    raise NotImplementedError
