"""What if here: sites set by hand, against each other and against the best choice."""

from collections.abc import Mapping, Sequence

import geopandas as gpd
from shapely import Point

from geo.network import Network
from geo.siting.result import WhatIf
from geo.standards.facilities import Requirement


def what_if(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame | None,
    network: Network,
    *,
    requirement: Requirement,
    options: Mapping[str, Sequence[str | Point]],
    communities: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    best: bool = True,
    speed: str = "adult",
    seconds: float = 60.0,
) -> WhatIf:
    """Return what each option gives: any number of candidates (by id) and points on the map, in the tables' CRS.

    Parameters
    ----------
    demand, candidates, facilities, network, requirement, communities, estates, speed, seconds
        As `geo.siting.site.site`.
    options
        Sites by the option's name: ids of candidates, or points in the network's CRS [m].
    best
        Whether to find the best choice of as many candidates (most people newly covered) to compare with.

    Raises
    ------
    InputError
        As `site`; an option that is empty or named `today` or `best …`, candidates that are not there.
    """
    raise NotImplementedError
