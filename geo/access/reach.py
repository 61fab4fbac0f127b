"""What is near and what is within reach, on foot along the network: from homes to facilities, exact."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from geo.access.kernels import labels_of, nearest_of, sums_within, walks
from geo.errors import Fault, InputError
from geo.network.graph import Beads, By, Graph, Stops, split
from geo.network.joins import join
from geo.network.network import Floats, Ints, Joins, Network

T = TypeVar("T")

Places: TypeAlias = Joins | gpd.GeoDataFrame | gpd.GeoSeries
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


@dataclass(frozen=True)
class Nearest:
    """The nearest facilities of each origin, as arrays of origins × categories × ranks.

    Attributes
    ----------
    origins : Index
        Ids of all, joined or not.
    categories : tuple of str
        In alphabetical order; one empty one where facilities have none.
    facilities : Index
        Ids of all, in alphabetical order.
    facility : array of int32
        Position in `facilities`; -1 where no more can be reached. Rank 1 is at 0.
    walk_m : array
        From door to door, the ways to and from the network included; NaN where there is none [m].
    walk_min : array
        The same walk [min].
    """

    origins: pd.Index
    categories: tuple[str, ...]
    facilities: pd.Index
    facility: npt.NDArray[np.int32]
    walk_m: npt.NDArray[np.floating[Any]]
    walk_min: npt.NDArray[np.floating[Any]]

    def frame(self) -> pd.DataFrame:
        """Return a row per walk, as `nearest` does."""
        return _rows(replace(self, facility=self.facility.copy(), walk_m=self.walk_m.copy(),
                             walk_min=self.walk_min.copy()))  # fmt: skip


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
        Key of the network's `minutes`: `adult`, `elder`, `child`.
    at_most : float
        Farther ones are left out [m or min, as `by`].

    Returns
    -------
    DataFrame
        Index the origin's id, in the order of `origins`; columns category (categorical, in alphabetical order; empty
        where there is one group), rank (from 1), facility_id (categorical), walk_m [m], walk_min [min], from door to
        door, the ways to and from the network included. An origin has fewer rows, or none, where no more can be
        reached. Of equally near ones the lower id comes first.

    Raises
    ------
    InputError
        An unknown speed or `by`, n below 1, or places that cannot be joined (see `geo.network.joins.join`).
    """
    return _rows(_nearest(network, origins, facilities, n=n, by=by, speed=speed, at_most=at_most, precision=np.float64))


def nearest_each(
    network: Network, origins: Places, facilities: Places, *, n: int = 1, by: By = "metres", speed: str = "adult",
    at_most: float = np.inf,
) -> Nearest:  # fmt: skip
    """Return the n nearest facilities of each category for each origin, compactly.

    Parameters and errors as in `nearest`. Walks are kept in single precision: within 4 mm up to 100 km.
    """
    return _nearest(network, origins, facilities, n=n, by=by, speed=speed, at_most=at_most, precision=np.float32)


def _nearest(
    network: Network, origins: Places, facilities: Places, *, n: int, by: By, speed: str, at_most: float,
    precision: type[np.floating[Any]],
) -> Nearest:  # fmt: skip
    _check(network, by, speed, n)
    homes, goals = _joined(network, origins, entrances=False), _joined(network, facilities, entrances=True)
    groups, group = _groups(facilities)
    graph = Graph.of(network, by, speed)
    # facilities by id: of equally near ones the lower comes first
    by_id = _ranks(goals.index)
    stops, leaving = graph.stops(goals, leaving=False), graph.stops(homes, leaving=True)
    arcs = graph.arcs(against=True)
    shape = (len(homes), len(groups), n)
    facility, cost, second = np.empty(shape, np.int32), np.empty(shape, precision), np.empty(shape, precision)

    def search(one: int) -> None:
        rows = np.flatnonzero(group[stops.place] == one)
        some = stops._replace(
            place=by_id[stops.place[rows]].astype(np.int32), stretch=stops.stretch[rows], cost=stops.cost[rows],
            off=stops.off[rows],
        )  # fmt: skip
        labels = labels_of(arcs, some, n, float(at_most))
        for low in range(0, len(homes), _HOMES_AT_ONCE):
            size = (min(_HOMES_AT_ONCE, len(homes) - low), n)
            found = np.full(size, -1, np.int32), np.full(size, np.nan), np.full(size, np.nan)
            nearest_of(arcs, some, labels, leaving, float(at_most), low, low + size[0], *found)
            of = slice(low, low + size[0]), one
            facility[of], cost[of], second[of] = found

    _in_threads(search, [(one,) for one in range(len(groups))])
    walk_m, walk_min = (cost, second) if by == "metres" else (second, cost)
    return Nearest(homes.index, tuple(groups), goals.index[np.argsort(by_id)], facility, walk_m, walk_min)


def within(
    network: Network, origins: Places, facilities: Places, at_most: float, *, by: By = "metres", speed: str = "adult",
) -> Pairs:  # fmt: skip
    """Return every walk from an origin to a facility of at most so many metres or minutes (as `by`).

    Parameters and errors as in `nearest`; categories make no difference.
    """
    _check(network, by, speed)
    homes, goals = _joined(network, origins, entrances=False), _joined(network, facilities, entrances=True)
    graph = Graph.of(network, by, speed)
    leaving, coming = graph.stops(homes, leaving=True), graph.stops(goals, leaving=False)
    # searches start where there are fewer places
    against = len(goals) <= len(homes)
    sources, targets = (coming, leaving) if against else (leaving, coming)
    arcs = graph.arcs(against=against)
    places = len(targets.first) - 1
    rows, start = _by_stretch(targets, len(graph.ends))
    parts = _in_threads(
        lambda low, high: walks(arcs, sources, rows, start, places, float(at_most), low, high),
        split(len(sources.first) - 1, 4 * _threads()),
    )
    source, target, cost, second = (np.concatenate(each) for each in zip(*parts, strict=True)) if parts else _NO_WALKS
    origin, place = (target, source) if against else (source, target)
    order = np.lexsort((_ranks(goals.index)[place], cost, origin))
    walk_m, walk_min = (cost, second) if by == "metres" else (second, cost)
    return Pairs(
        homes.index, goals.index, origin[order].astype(np.int64), place[order].astype(np.int64), walk_m[order],
        walk_min[order],
    )  # fmt: skip


def tally(
    network: Network, origins: Places, at_most: float, *, values: pd.DataFrame | None = None,
    places: Places | None = None, by: By = "metres", speed: str = "adult",
) -> pd.DataFrame:  # fmt: skip
    """Return what lies within reach of each origin, in sums.

    Parameters
    ----------
    network, origins, at_most, by, speed
        As `within`; walks go from the origin.
    values : DataFrame, optional
        Numbers to be summed over the places within reach, index as `places`; NaN makes no sum.
    places : Joins, GeoDataFrame or GeoSeries, optional
        What is counted and summed, joined (or to be joined by entrances).

    Returns
    -------
    DataFrame
        Index as the origins; columns nodes (of the network), street_m (length of ways [m]), places, and those of
        `values`. NaN where an origin is not joined.

    Raises
    ------
    InputError
        As `nearest`; values without places, or with other ids than theirs.
    """
    _check(network, by, speed)
    homes = _joined(network, origins, entrances=False)
    goals = _joined(network, _no_places(network) if places is None else places, entrances=True)
    sums = pd.DataFrame(index=goals.index) if values is None else values
    if len(sums) != len(goals) or not sums.index.sort_values().equals(goals.index.sort_values()):
        raise InputError(Fault("values have other ids than the places", "give one row of values for each place"))
    table = np.nan_to_num(sums.reindex(goals.index).to_numpy(dtype=float))
    graph = Graph.of(network, by, speed)
    stops, leaving = graph.stops(goals, leaving=False), graph.stops(homes, leaving=True)
    arcs, beads = graph.arcs(against=False), graph.beads()
    rows, start = _by_stretch(stops, len(graph.ends))
    shared, full, all_on = _whole_stretches(beads, rows, table)
    out = np.zeros((len(homes), 3 + table.shape[1]))
    _in_threads(
        lambda low, high: sums_within(
            arcs, leaving, beads, rows, start, shared, table, full, all_on, float(at_most), low, high, out
        ),
        split(len(homes), 4 * _threads()),
    )
    out[np.diff(leaving.first) == 0] = np.nan
    return pd.DataFrame(out, index=homes.index, columns=["nodes", "street_m", "places", *sums.columns])


_HOMES_AT_ONCE = 2**14
"""For so many homes walks are held in double precision."""

_AT_ONCE = 2**18
"""So many values are moved in one piece."""

_NO_WALKS = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0), np.zeros(0))


def _no_places(network: Network) -> gpd.GeoSeries:
    return gpd.GeoSeries([], crs=network.crs)


def _check(network: Network, by: str, speed: str, n: int = 1) -> None:
    """Refuse what cannot be asked."""
    faults = []
    if by not in get_args(By):
        faults.append(Fault(f"unknown measure of walks: {by!r}", f"one of {', '.join(get_args(By))}"))
    if speed not in network.minutes:
        faults.append(Fault(f"unknown speed: {speed!r}", f"one of {', '.join(network.minutes)}"))
    if n < 1:
        faults.append(Fault(f"n is {n}", "ask for at least 1 facility of each category"))
    if faults:
        raise InputError(faults)


def _joined(network: Network, places: Places, *, entrances: bool) -> Joins:
    return places if isinstance(places, Joins) else join(network, places, entrances=entrances)


def _groups(facilities: Places) -> tuple[list[str], Ints]:
    """Return the categories in alphabetical order, and which of them each facility is of (-1: not known)."""
    if not isinstance(facilities, gpd.GeoDataFrame) or "category" not in facilities.columns:
        return [""], np.zeros(len(facilities), dtype=np.int64)
    codes = pd.Categorical(facilities["category"].astype("str"))
    return list(codes.categories), codes.codes.astype(np.int64)


def _ranks(ids: pd.Index) -> Ints:
    """Return the place of each id in alphabetical order."""
    rank = np.empty(len(ids), dtype=np.int64)
    rank[np.argsort(ids.to_numpy(), kind="stable")] = np.arange(len(ids))
    return rank


def _rows(found: Nearest) -> pd.DataFrame:
    """Return a row per walk. The arrays are used up: there may be millions of walks."""
    there = found.facility >= 0
    origins, groups, n = there.shape
    per_group = np.count_nonzero(there, axis=2)
    of_group = np.repeat(np.tile(np.arange(groups, dtype=np.int16), origins), per_group.ravel())
    return pd.DataFrame(
        {
            "category": pd.Categorical.from_codes(of_group, categories=list(found.categories)),
            "rank": np.broadcast_to(np.arange(1, n + 1, dtype=np.int16), there.shape)[there],
            "facility_id": pd.Categorical.from_codes(_only(found.facility, there), categories=found.facilities),
            "walk_m": _only(found.walk_m, there),
            "walk_min": _only(found.walk_min, there),
        },
        index=found.origins.repeat(per_group.sum(axis=1)),
        copy=False,
    )


def _only(values: npt.NDArray[Any], there: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """Return the values that are there, flat, in the array's own place: there may be millions."""
    flat, mask, done = values.reshape(-1), there.reshape(-1), 0
    for low in range(0, len(flat), _AT_ONCE):
        kept = flat[low : low + _AT_ONCE][mask[low : low + _AT_ONCE]]
        flat[done : done + len(kept)] = kept
        done += len(kept)
    return flat[:done]


def _by_stretch(stops: Stops, stretches: int) -> tuple[Stops, npt.NDArray[np.int32]]:
    """Return the rows in the order of stretches, and where those of each begin."""
    order = np.argsort(stops.stretch, kind="stable")
    rows = stops._replace(
        place=stops.place[order], stretch=stops.stretch[order], cost=stops.cost[order], off=stops.off[order]
    )
    return rows, np.searchsorted(rows.stretch, np.arange(stretches + 1)).astype(np.int32)


def _whole_stretches(beads: Beads, rows: Stops, values: Floats) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
    """Return which rows are of places with several, the reach that covers a stretch from its ends, and what is on it.

    What is on it are inner nodes, metres, places, and sums of their values; where a place with several rows is on it,
    no reach is enough, since it may have been counted.
    """
    stretches = len(beads.whole_m)
    shared = np.bincount(rows.place, minlength=len(values))[rows.place] > 1
    full = np.stack([beads.ahead[beads.first[1:] - 1], beads.back[beads.first[:-1]]], axis=1)
    for end in (0, 1):
        np.maximum.at(full[:, end], rows.stretch, np.where(shared, np.inf, rows.cost[:, end]))
    sums = [
        np.diff(beads.first) - 1.0,
        beads.whole_m,
        *(np.bincount(rows.stretch, weights=each, minlength=stretches) for each in
          (np.ones(len(shared)), *values[rows.place].T)),
    ]  # fmt: skip
    return shared, full, np.stack(sums, axis=1)


def _threads() -> int:
    return min(os.cpu_count() or 1, 8)


def _in_threads(work: Callable[..., T], arguments: Sequence[tuple[int, ...]]) -> list[T]:
    """Return what the work gives for each of the arguments, in their order; compiled searches run side by side."""
    with ThreadPoolExecutor(_threads()) as pool:
        return list(pool.map(lambda each: work(*each), arguments))
