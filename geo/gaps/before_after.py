"""What a plan of boundaries changes: what every community has and lacks before it and after it."""

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd

from geo.gaps.gaps import GapOptions
from geo.gaps.result import GapChange
from geo.network import Network
from geo.partition.actions import PlanTables
from geo.partition.plan import Plan
from geo.standards.facilities import FacilityStandard
from geo.study import Study


def before_after(
    study: Study,
    plan: Plan | PlanTables,
    *,
    standards: Sequence[FacilityStandard | str | Path] = ("six-ones",),
    speed: str = "adult",
    network: Network | None = None,
    demand: gpd.GeoDataFrame | None = None,
    options: GapOptions | None = None,
) -> GapChange:
    """Return the six-ones matrix and the gaps of a town before and after a plan."""
    raise NotImplementedError
