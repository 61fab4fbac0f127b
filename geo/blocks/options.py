"""What counts as a block's edge, and how small a block may be."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from geo.blocks.lines import EDGE_BARRIER_KINDS, EDGE_ROAD_CLASSES, RANKS
from geo.errors import Fault, InputError


@dataclass(frozen=True)
class BlockOptions:
    """What counts as a block's edge, and how small a block may be. Lengths in metres."""

    road_classes: tuple[str, ...] = EDGE_ROAD_CLASSES
    """Road classes that are edges."""
    barrier_kinds: tuple[str, ...] = EDGE_BARRIER_KINDS
    """Barrier kinds that are edges."""
    borders: Literal["all", "villages", "none"] = "all"
    """Today's borders that are edges: all, those of villages (kind village or converted, or locked), or none."""
    min_width_m: float = 15.0
    """Every block holds a circle of this diameter."""
    min_area_m2: float = 2_000.0
    """No block is smaller."""
    gap_m: float = 12.0
    """An end of a line that stops this short of another line is led on to it."""
    edge_gap_m: float = 30.0
    """An end of a line that stops this short of the study's edge is led on to it."""
    carriageway_gap_m: float = 50.0
    """Two carriageways of one road up to this far apart are one seam."""
    roundabout_max_m2: float = 20_000.0
    """Islands of roundabouts up to this size are no blocks."""
    estate_margin_m: float = 8.0
    """An estate that reaches this far across a line is no conflict."""
    along_m: float = 20.0
    """The study's edge takes the name of a feature that runs along it this near."""
    adopt_along_m: float = 15.0
    """The same for the edges of ready-made blocks."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        lengths = ("min_width_m", "min_area_m2", "gap_m", "edge_gap_m", "carriageway_gap_m", "roundabout_max_m2",
                   "estate_margin_m", "along_m", "adopt_along_m")  # fmt: skip
        for name in lengths:
            if not 0 <= getattr(self, name) < np.inf:
                raise InputError(Fault(f"option {name} is {getattr(self, name)}", "give a number from 0 upwards"))
        if self.borders not in ("all", "villages", "none"):
            raise InputError(Fault(f"option borders is {self.borders!r}", "use all, villages or none"))
        strange = [c for c in (*self.road_classes, *self.barrier_kinds) if c not in RANKS]
        if strange:
            raise InputError(Fault(f"unknown edge classes: {', '.join(strange)}", f"use some of: {', '.join(RANKS)}"))


DEFAULT_OPTIONS = BlockOptions()
