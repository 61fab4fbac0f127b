"""What a placing must keep, and what it costs to make room."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from geo.errors import Fault
from geo.standards.facilities import Complex


@dataclass(frozen=True)
class FittingCosts:
    """What it costs to make room for a facility [yuan per m²].

    Attributes
    ----------
    rooms_m2 : float
        Fitting out existing floor area (and at search points).
    building_m2 : float
        Building new floor area: on land, and where a facility grows.
    ground_m2 : float
        Laying out ground.
    by_requirement : mapping from a requirement's key
        In place of the first two for this requirement, wherever it goes (of `ground_m2` for one that needs no floor).
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

    def faults(self) -> Iterator[Fault]:
        """Return what is wrong with the costs."""
        named = {"rooms_m2": self.rooms_m2, "building_m2": self.building_m2, "ground_m2": self.ground_m2}
        for name, yuan in {**named, **self.by_requirement}.items():
            if not (np.isfinite(yuan) and yuan >= 0):
                yield Fault(f"the cost {name} is {yuan}", "give yuan per m², 0 or more")


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
        floor; every community reaches this covered share (0 to 1). The share is over all requirements, weighted.
    equity_levels : int
        How many of the worst-off communities are looked at in turn, before most people. Those that nothing can help
        are not among them.
    complexes : int
        At least so many of the premises are embedded complexes.
    complex_rule : Complex or None
        What counts as one; None: that of the standard `embedded-2023` (600 m² of floor area, three functions, two of
        them among care for the old, childcare, after-school care and meals). Functions are requirements that need
        floor area; the area is that of the premises, at search points that of what goes there.
    keep, leave_out : ids of premises
        That must be used, that may not be.
    count_small : bool
        Whether facilities of today that are known to be smaller than a requirement asks for cover people all the same.
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
    count_small: bool = True

    def faults(self) -> Iterator[Fault]:
        """Return what is wrong with the demands, whatever the town."""
        if not self.budget >= 0:
            yield Fault(f"budget is {self.budget}", "give an amount of 0 or more [yuan]")
        if self.count is not None and not _whole(self.count, 1):
            yield Fault(f"count is {self.count}", "ask for at least one of the premises")
        for key, most in self.count_by_requirement.items():
            if not _whole(most, 0):
                yield Fault(f"count_by_requirement of {key} is {most}", "give a whole number, 0 or more")
        if isinstance(self.equity, str):
            if self.equity not in ("none", "worst_first"):
                yield Fault(f"there is no equity {self.equity!r}", "use none, worst_first, or a share of 0 to 1")
        elif not 0 <= self.equity <= 1:
            yield Fault(f"equity is {self.equity}", "give the least covered share as 0 to 1")
        if not _whole(self.equity_levels, 1):
            yield Fault(f"equity_levels is {self.equity_levels}", "look at one community at least")
        if not _whole(self.complexes, 0):
            yield Fault(f"complexes is {self.complexes}", "give a whole number, 0 or more")
        if both := sorted(set(self.keep) & set(self.leave_out)):
            yield Fault("premises are kept and left out at once", "decide for one", ids=tuple(both))
        if self.count is not None and len(set(self.keep)) > self.count:
            yield Fault(f"{len(set(self.keep))} premises are kept, but count is {self.count}",
                        "let count hold those that are kept too")  # fmt: skip


def _whole(number: float, least: int) -> bool:
    """Return whether it is a whole number of at least so many."""
    return bool(number >= least and float(number).is_integer())
