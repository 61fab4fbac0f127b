"""Gaps of a town by a standard: who can walk to what is asked for, what is too small or too full, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from geo.gaps.result import Gaps
from geo.network import Network
from geo.standards.facilities import FacilityStandard
from geo.study import Study


@dataclass(frozen=True)
class GapOptions:
    """How gaps are judged where a standard leaves it open; all of it our own reading.

    Attributes
    ----------
    neighbour_m : float
        Communities no further apart than this are neighbours [m].
    """

    neighbour_m: float = 50.0


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
    by: str = "metres",
    options: GapOptions | None = None,
) -> Gaps:
    """Return what every community, estate and home has and lacks by a standard."""
    raise NotImplementedError


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
    """Return the gaps of a study by each standard, in the order asked for, under the standards' names."""
    raise NotImplementedError
