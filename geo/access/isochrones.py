"""The land and the streets from which a place can be walked to: isochrones, in metres or minutes.

Land is asked point by point: from a home standing here, joined to the network as every home is (not across a wall, a
river, the fence of a closed estate), how far is the walk? The outline runs between points within the limit and points
beyond it. So a home is inside where its walk is within the limit; the outline is true to about one step of the points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.access.outlines import area_of, rings
from geo.access.reach import Pairs, within
from geo.errors import Fault, InputError
from geo.network.graph import By
from geo.network.joins import at_nodes, join
from geo.network.network import Floats, Ints, Joins, Network, Shapes
from geo.network.options import SPEEDS

Direction = Literal["to", "from"]
"""Walks to the place, as people go to a facility, or from it, as they leave their home."""

MOST_POINTS: Final = 20_000_000
_CLIFF_STEPS: Final = 3.0
"""A walk that grows by more than this many steps between two neighbouring points goes round something."""


@dataclass(frozen=True)
class _Lattice:
    """Points on land, `step_m` apart, on round coordinates: the same wherever the places are."""

    step_m: float
    column: Ints
    row: Ints

    def points(self) -> Shapes:
        return np.atleast_1d(
            np.asarray(shapely.points(self.column * self.step_m, self.row * self.step_m), dtype=object)
        )


def isochrones(
    network: Network,
    places: gpd.GeoDataFrame | gpd.GeoSeries,
    limits: Sequence[float],
    *,
    by: By = "metres",
    speed: str = "adult",
    direction: Direction = "to",
    step_m: float = 10.0,
) -> gpd.GeoDataFrame:
    """Return the land from which each place can be walked to within some limits.

    Parameters
    ----------
    network
        Streets and paths.
    places
        Facilities (points or outlines; outlines are entered where ways come near), or homes with `direction="from"`;
        unique index, the network's CRS.
    limits
        [m, or min with `by="minutes"`]
    by, speed
        What a walk is measured by, and who walks (`geo.network.SPEEDS`).
    direction
        See `Direction`; makes a difference in minutes on slopes.
    step_m
        How far apart land is asked [m]; outlines are true to about this.

    Returns
    -------
    GeoDataFrame
        Index (place_id, limit): places in their order, limits rising; a smaller limit's land lies inside a larger
        one's. `area_m2`; `geometry` MultiPolygon, valid, in the network's CRS (None, and area NaN, where the place is
        not joined to the network).

    Raises
    ------
    InputError
        When a limit is shorter than three steps or not finite, there is none, a word is not one of its choices, the
        land asks for more than `MOST_POINTS`, or places cannot be joined (see `geo.network.joins.join`).
    """
    rising = _checked(network, limits, by=by, speed=speed, direction=direction, step_m=step_m)
    joined = join(network, places, entrances=direction == "to")
    slow = 1.0 if by == "metres" else 1.0 / SPEEDS[speed].metres_per_minute
    lattice = _lattice(places, rising[-1] * _fastest(network, by, speed), step_m)
    land = join(network, gpd.GeoSeries(lattice.points(), crs=network.crs), entrances=False)
    cliff = _CLIFF_STEPS * step_m * slow
    walks = _walks(network, joined, land, rising[-1] + cliff, by=by, speed=speed, direction=direction)
    rows = [_outlines(lattice, land_at, walk, rising, cliff) for land_at, walk in walks]
    table = _table(joined, rows, rising, network)
    table.insert(0, "area_m2", table.area)
    return table


def reached_streets(
    network: Network,
    places: gpd.GeoDataFrame | gpd.GeoSeries,
    limits: Sequence[float],
    *,
    by: By = "metres",
    speed: str = "adult",
    direction: Direction = "to",
) -> gpd.GeoDataFrame:
    """Return the pieces of streets from which each place can be walked to within some limits, cut exactly there.

    Parameters and errors as in `isochrones`.

    Returns
    -------
    GeoDataFrame
        Index (place_id, limit) as in `isochrones`; `street_m` (each side of an arterial that is walked on both counts),
        `geometry` MultiLineString (None, and length NaN, where the place is not joined).
    """
    rising = _checked(network, limits, by=by, speed=speed, direction=direction)
    joined = join(network, places, entrances=direction == "to")
    walks = _walks(network, joined, at_nodes(network), rising[-1], by=by, speed=speed, direction=direction)
    ahead, back = network.costs("metres" if by == "metres" else speed)
    # What it costs to walk a whole edge towards its ends a and b, or away from them.
    at_a, at_b = (back, ahead) if direction == "to" else (ahead, back)
    slow = 1.0 if by == "metres" else 1.0 / SPEEDS[speed].metres_per_minute
    rows = []
    for place, (node, walk) in enumerate(walks):
        away = np.full(len(network.node_xy), np.inf)
        away[node] = walk
        mine = joined.place == place
        edge, along, off = joined.edge[mine], joined.along_m[mine], joined.off_m[mine] * slow
        share = np.divide(along, network.length_m[edge], out=np.zeros(len(edge)), where=network.length_m[edge] > 0)
        pieces = []
        for limit in rising:
            from_a = _share(limit - away[network.edge_a], at_a)
            from_b = _share(limit - away[network.edge_b], at_b)
            near = limit >= off
            low = np.maximum(share - _share(limit - off, at_b[edge]), 0.0)
            high = np.minimum(share + _share(limit - off, at_a[edge]), 1.0)
            pieces.append(_pieces(network, from_a, from_b, (edge[near], low[near], high[near])))
        rows.append(pieces)
    table = _table(joined, rows, rising, network)
    table.insert(0, "street_m", table.length)
    return table


def _walks(
    network: Network, places: Joins, land: Joins, at_most: float, *, by: By, speed: str, direction: Direction
) -> list[tuple[Ints, Floats]]:
    """Return for each place the points in reach and the walks between."""
    if direction == "to":
        pairs: Pairs = within(network, land, places, at_most, by=by, speed=speed)
        place, point = pairs.place, pairs.origin
    else:
        pairs = within(network, places, land, at_most, by=by, speed=speed)
        place, point = pairs.origin, pairs.place
    walk = pairs.walk_m if by == "metres" else pairs.walk_min
    order = np.argsort(place, kind="stable")
    cuts = np.searchsorted(place[order], np.arange(1, len(places)))
    return list(zip(np.split(point[order], cuts), np.split(walk[order], cuts), strict=True))


def _fastest(network: Network, by: By, speed: str) -> float:
    """Return the metres that one unit of a limit can bring at most."""
    if by == "metres":
        return 1.0
    there, back = network.minutes[speed]
    least = np.minimum(there, back)
    on_ways = np.divide(network.length_m, least, out=np.zeros(len(least)), where=least > 0)
    return float(on_ways.max(initial=SPEEDS[speed].metres_per_minute))


def _lattice(places: gpd.GeoDataFrame | gpd.GeoSeries, reach_m: float, step_m: float) -> _Lattice:
    """Return all points that are within reach of some place by the crow."""
    bounds = places.geometry.bounds.to_numpy()
    if not len(bounds):
        return _Lattice(step_m, np.empty(0, np.int64), np.empty(0, np.int64))
    low = np.floor((bounds[:, :2] - reach_m) / step_m).astype(np.int64)
    high = np.ceil((bounds[:, 2:] + reach_m) / step_m).astype(np.int64)
    corner = low.min(axis=0)
    wide, tall = (high.max(axis=0) - corner + 1).tolist()
    most = min(int(np.prod(high - low + 1, axis=1).sum()), wide * tall)
    if most > MOST_POINTS or wide * tall > 10 * MOST_POINTS:
        remedy = "give fewer places at a time, shorter limits, or a larger step_m"
        raise InputError(Fault(f"the land within reach asks for {most:,} points, {step_m:g} m apart", remedy))
    asked = np.zeros((tall, wide), dtype=bool)
    for box, first, last in zip(bounds, low, high, strict=True):
        x, y = (np.arange(a, b + 1) * step_m for a, b in zip(first, last, strict=True))
        aside = np.maximum(np.maximum(box[0] - x, x - box[2]), 0.0)
        up = np.maximum(np.maximum(box[1] - y, y - box[3]), 0.0)
        (left, below), (right, above) = first - corner, last - corner + 1
        asked[below:above, left:right] |= np.hypot(aside[None, :], up[:, None]) <= reach_m
    row, column = np.nonzero(asked)
    return _Lattice(step_m, column + corner[0], row + corner[1])


def _outlines(lattice: _Lattice, at: Ints, walk: Floats, limits: Floats, cliff: float) -> list[shapely.MultiPolygon]:
    """Return the land within each limit of one place."""
    if not len(at):
        return [shapely.MultiPolygon()] * len(limits)
    column, row = lattice.column[at], lattice.row[at]
    # A rim of points out of reach closes every outline.
    left, below = column.min() - 1, row.min() - 1
    field = np.full((row.max() - below + 2, column.max() - left + 2), np.inf)
    field[row - below, column - left] = walk
    origin = np.array([left, below], dtype=np.float64)
    return [area_of(rings(field, limit, cliff), origin, lattice.step_m) for limit in limits]


def _share(left: npt.ArrayLike, whole: Floats) -> Floats:
    """Return what share of edges is walked with so much left; all of one that costs nothing."""
    rest = np.asarray(left, float)
    part = np.divide(rest, whole, out=np.where(rest >= 0, 1.0, 0.0), where=whole > 0)
    shares: Floats = part.clip(0.0, 1.0)
    return shares


def _pieces(
    network: Network, from_a: Floats, from_b: Floats, own: tuple[Ints, Floats, Floats]
) -> shapely.MultiLineString:
    """Return the pieces of edges walked from their ends, and those about the place's own joins."""
    whole = from_a + from_b >= 1
    own_edge, low, high = own
    part_a, part_b = np.flatnonzero(~whole & (from_a > 0)), np.flatnonzero(~whole & (from_b > 0))
    here = ~whole[own_edge]
    edge = np.concatenate([part_a, part_b, own_edge[here]])
    low = np.concatenate([np.zeros(len(part_a)), 1 - from_b[part_b], low[here]])
    high = np.concatenate([from_a[part_a], np.ones(len(part_b)), high[here]])
    edge, low, high = _merged(edge, low, high)
    cut = _cut(network.lines[edge], low, high)
    return shapely.MultiLineString([*network.lines[whole], *cut[shapely.length(cut) > 0]])


def _merged(edge: Ints, low: Floats, high: Floats) -> tuple[Ints, Floats, Floats]:
    """Return pieces by edge, those that overlap as one."""
    order = np.lexsort((low, edge))
    edge, low, high = edge[order], low[order], high[order]
    keep = np.ones(len(edge), dtype=bool)
    last = 0
    for i in range(1, len(edge)):
        if edge[i] == edge[last] and low[i] <= high[last]:
            high[last] = max(high[last], high[i])
            keep[i] = False
        else:
            last = i
    return edge[keep], low[keep], high[keep]


def _cut(lines: Shapes, low: Floats, high: Floats) -> Shapes:
    """Return lines between two shares of their lengths."""
    if not len(lines):
        return np.empty(0, dtype=object)
    long = shapely.length(lines)
    ends = [shapely.get_coordinates(shapely.line_interpolate_point(lines, share * long)) for share in (low, high)]
    xy, of = shapely.get_coordinates(lines, return_index=True)
    step = np.append(0.0, np.hypot(*np.diff(xy, axis=0).T))
    step[np.append(True, of[1:] != of[:-1])] = 0.0
    run = np.cumsum(step)
    run -= run[np.searchsorted(of, np.arange(len(lines)))][of]
    between = (run > (low * long)[of]) & (run < (high * long)[of])
    which = np.concatenate([np.arange(len(lines)), of[between], np.arange(len(lines))])
    order = np.argsort(which, kind="stable")
    bends = np.concatenate([ends[0], xy[between], ends[1]])[order]
    return np.asarray(shapely.linestrings(bends, indices=which[order]), dtype=object)


def _table(
    places: Joins, rows: Sequence[Sequence[shapely.Geometry]], limits: Floats, network: Network
) -> gpd.GeoDataFrame:
    """Return shapes by place and limit, none for places that are not joined."""
    index = pd.MultiIndex.from_product([places.index, limits], names=["place_id", "limit"])
    shapes = np.empty(len(index), dtype=object)
    shapes[:] = [shape for row in rows for shape in row]
    shapes[~np.repeat(np.isin(np.arange(len(places)), places.place), len(limits))] = None
    return gpd.GeoDataFrame(geometry=shapes, index=index, crs=network.crs)


def _checked(
    network: Network, limits: Sequence[float], *, by: By, speed: str, direction: Direction, step_m: float | None = None
) -> Floats:
    """Return the limits, rising, or refuse."""
    rising = np.unique(np.asarray(limits, float))
    faults = []
    if by not in {"metres", "minutes"}:
        faults.append(Fault(f"unknown measure of walks: {by!r}", "choose metres or minutes"))
    if speed not in network.minutes or speed not in SPEEDS:
        faults.append(Fault(f"unknown speed: {speed!r}", f"one of {', '.join(network.minutes)}"))
    if direction not in {"to", "from"}:
        faults.append(Fault(f"unknown direction: {direction!r}", "choose to or from"))
    if step_m is not None and not 0 < step_m < np.inf:
        faults.append(Fault(f"land asked every {step_m:g} m", "give a step above 0"))
    if not len(rising):
        faults.append(Fault("no limits", "give at least one, like [500]"))
    if faults:
        raise InputError(faults)
    slow = 1.0 if by == "metres" else 1.0 / SPEEDS[speed].metres_per_minute
    least = _CLIFF_STEPS * (step_m or 0.0) * slow
    wrong = rising[~((rising >= least) & (rising > 0) & (rising < np.inf))]
    if len(wrong):
        finer = f", at least {least:.3g} with points {step_m:g} m apart, or a smaller step_m" if step_m else ""
        raise InputError(Fault(f"limits {wrong.tolist()}", f"give finite limits above 0{finer}"))
    return rising
