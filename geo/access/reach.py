"""What is near and what is within reach, on foot along the network: from homes to facilities, exact."""

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from geo.network.network import Floats, Ints, Joins, Network

By = Literal["metres", "minutes"]
"""What is shortest: the way on the plan, or the time with slopes and stairs."""

Places = Joins | gpd.GeoDataFrame | gpd.GeoSeries
"""Places joined already, or to be joined."""


@dataclass(frozen=True)
class Pairs:
    """Walks from origins to places, sorted by origin, then by what was asked to be shortest, then by the place's id.

    Attributes
    ----------
    origins, places : Index
        Ids of all, joined or not.
    origin, place : arrays over walks
        Positions in `origins` and `places`.
    walk_m : array over walks
        From door to door, the way to and from the network included [m].
    walk_min : array over walks
        The same walk [min].
    """

    origins: pd.Index
    places: pd.Index
    origin: Ints
    place: Ints
    walk_m: Floats
    walk_min: Floats

    def __len__(self) -> int:
        """Return the number of walks."""
        return len(self.origin)

    def frame(self) -> pd.DataFrame:
        """Return a row per walk, in this order: origin_id, place_id, walk_m, walk_min."""
        return pd.DataFrame(
            {
                "origin_id": self.origins.take(self.origin),
                "place_id": self.places.take(self.place),
                "walk_m": self.walk_m,
                "walk_min": self.walk_min,
            }
        )

    def matrix(self, of: By = "metres") -> sparse.csr_array:
        """Return origins × places [m, or min]; what is stored is a walk, also one of length 0."""
        values = self.walk_m if of == "metres" else self.walk_min
        start = np.searchsorted(self.origin, np.arange(len(self.origins) + 1))
        return sparse.csr_array((values, self.place, start), shape=(len(self.origins), len(self.places)))


def nearest(
    network: Network, origins: Places, facilities: Places, *, n: int = 1, by: By = "metres", speed: str = "adult",
    at_most: float = np.inf,
) -> pd.DataFrame:  # fmt: skip
    """Return the n nearest facilities of each category for each origin.

    Parameters
    ----------
    network : Network
    origins : Joins, GeoDataFrame or GeoSeries
        Homes; what is not joined is joined from inner points.
    facilities : GeoDataFrame, GeoSeries or Joins
        With column `category`; one group where there is none. Outlines are joined by their entrances.
    n : int
    by : {"metres", "minutes"}
        What is shortest; both are returned, of the same walk.
    speed : str
        Key of `geo.network.SPEEDS`.
    at_most : float
        Farther ones are left out [m or min, as `by`].

    Returns
    -------
    DataFrame
        Index the origin's id, in the order of `origins`; columns category (of the facilities; categories in
        alphabetical order), rank (from 1), facility_id, walk_m [m], walk_min [min]. An origin has fewer rows, or
        none, where no more can be reached. Of equally near ones the lower id comes first.

    Raises
    ------
    InputError
        An unknown speed or `by`, n below 1, or places that cannot be joined (see `geo.network.joins.join`).
    """
    raise NotImplementedError


def within(
    network: Network, origins: Places, facilities: Places, at_most: float, *, by: By = "metres", speed: str = "adult",
) -> Pairs:  # fmt: skip
    """Return every walk from an origin to a facility of at most so many metres or minutes (as `by`)."""
    raise NotImplementedError


def tally(
    network: Network, origins: Places, at_most: float, *, values: pd.DataFrame | None = None,
    places: Places | None = None, by: By = "metres", speed: str = "adult",
) -> pd.DataFrame:  # fmt: skip
    """Return what lies within reach of each origin, in sums.

    Parameters
    ----------
    network, origins, at_most, by, speed
        As `within`; walks go from the origin.
    places : Joins, GeoDataFrame or GeoSeries, optional
        What is summed, joined (or to be joined).
    values : DataFrame, optional
        Index as `places`, columns of numbers to be summed over the places within reach; NaN makes no sum.

    Returns
    -------
    DataFrame
        Index as the origins; columns nodes (of the network), street_m (length of ways [m]), places, and those of
        `values`. NaN where an origin is not joined.
    """
    raise NotImplementedError
