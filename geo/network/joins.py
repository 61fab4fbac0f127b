"""Places joined to the walking network: each on the nearest way that can be reached from it."""

from dataclasses import dataclass
from typing import Final, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import Fault, InputError
from geo.network.network import BOTH, Floats, Ints, Joins, Network, Shapes
from geo.network.snapping import CUT_OFF, JOINED, Grid, Ways, blocked, grid_of, sides_of, snap

ENTRANCE_STEP_M: Final = 20.0
"""How far apart the entrances of an outline are taken, along a way beside it and along the outline itself [m]."""

OUTSIDE_M: Final = 0.05
"""A front is looked at from so far outside the estate's outline [m]."""

_LINE: Final = 1
"""Shapely's type of a LineString."""


def join(network: Network, places: gpd.GeoDataFrame | gpd.GeoSeries, *, entrances: bool = True) -> Joins:
    """Return where places stand on the network.

    A place joins the nearest point of a way of the town's own network (component 0) within `join_m` that a straight
    line reaches without crossing a wall; inside a closed estate that estate's own ways only, outside only others; an
    arterial on the place's own side. An island, a bridge or a tunnel is joined only where nothing else can be reached.

    Parameters
    ----------
    network : Network
    places : GeoDataFrame or GeoSeries
        Points or outlines in the network's CRS; unique index.
    entrances : bool
        Outlines are entered from every way within `entrance_m` (parks, schools; a row at most every 20 m of such a
        way); where there is none, from the nearest one. A point within `front_m` of the outline of its closed
        estate is entered from the street outside too, where one is within `front_way_m`: a shop. With False a home is
        joined from its inner point only.

    Raises
    ------
    InputError
        Another CRS, ids that appear twice, or places without geometry or with coordinates that are no numbers.
    """
    shapes = _checked(network, places)
    ground = _Ground.of(network)
    # an outline drawn on one spot is a point
    spot = np.isin(shapely.get_type_id(shapes), [1, 2, 3]) & (shapely.length(shapes) == 0)
    shapes[spot] = shapely.centroid(shapes[spot])
    points = shapely.get_type_id(shapes) == 0
    inner = shapes.copy()
    inner[~points] = shapely.point_on_surface(shapes[~points])
    estate = _estates(network, inner)
    outlines = np.flatnonzero(~points & entrances)
    single = np.flatnonzero(points | (not entrances))
    found = _from_points(ground, single, shapely.get_coordinates(inner[single]), estate[single])
    if len(outlines):
        entered = _entrances(ground, outlines, shapes, estate)
        shut = np.setdiff1d(outlines, entered.place)
        found = _Rows.together([found, entered, _from_outlines(ground, shut, shapes, inner, estate)])
    if entrances and len(network.estate_shapes):
        fronts = _fronts(ground, shapes, estate)
        otherwise = found.take(np.flatnonzero((found.what == JOINED) | ~np.isin(found.place, fronts.place)))
        found = _Rows.together([otherwise, fronts])
    return _joins(pd.Index(places.index), found)


def at_nodes(network: Network, nodes: Ints | None = None) -> Joins:
    """Return nodes of the network as places standing on them (all by default); the index is the nodes' numbers."""
    wanted = np.arange(len(network.node_xy)) if nodes is None else np.asarray(nodes, dtype=np.int64)
    first = np.full(len(network.node_xy), -1, dtype=np.int64)
    edges = np.arange(len(network.edge_a))[::-1]
    first[network.edge_b[::-1]] = edges
    first[network.edge_a[::-1]] = edges
    edge = first[wanted]
    on = np.flatnonzero(edge >= 0)
    edge = edge[on]
    along = np.where(network.edge_a[edge] == wanted[on], 0.0, network.length_m[edge])
    index = pd.Index(wanted)
    why = pd.Series("far", index=index[first[wanted] < 0], dtype="str", name="why_not")
    return Joins(index, on, edge, along, np.zeros(len(on)), why)


def islanders(network: Network, joins: Joins) -> pd.Index:
    """Return the ids of places that are joined to islands only."""
    joined = np.zeros(len(joins), dtype=bool)
    main = joined.copy()
    joined[joins.place] = True
    main[joins.place[network.component[network.edge_a[joins.edge]] == 0]] = True
    return joins.index[joined & ~main]


@dataclass(frozen=True)
class _Rows:
    """Places and where they join, or what kept them from it."""

    place: Ints
    edge: Ints
    along_m: Floats
    off_m: Floats
    what: npt.NDArray[np.int8]

    @classmethod
    def together(cls, parts: list[Self]) -> Self:
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def take(self, rows: Ints) -> "_Rows":
        return _Rows(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class _Ground:
    """The network's ways and walls, laid out for the search."""

    network: Network
    pieces: Grid
    ways: Ways
    walls: Grid

    @classmethod
    def of(cls, network: Network) -> Self:
        ends, edge = _pieces(network.lines)
        long = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
        first = np.searchsorted(edge, np.arange(len(network.lines) + 1)).astype(np.int32)
        before = np.concatenate([[0.0], np.cumsum(long)])
        ways = Ways(
            edge.astype(np.int32), before[:-1] - before[first[edge]] if len(edge) else long, first,
            network.side.astype(np.int8), network.estate.astype(np.int32), _last(network),
        )  # fmt: skip
        return cls(network, grid_of(ends), ways, grid_of(_pieces(network.walls)[0]))


def _last(network: Network) -> npt.NDArray[np.bool_]:
    """Return the edges that are joined only where nothing else can be reached: islands, bridges and tunnels."""
    island = network.component[network.edge_a] != 0
    return np.asarray(island | network.over if len(network.over) else island, dtype=bool)


def _pieces(lines: Shapes) -> tuple[Floats, Ints]:
    """Return the straight pieces of lines (x, y, x, y) and the line each is of."""
    if (shapely.get_type_id(lines) == _LINE).all():
        parts, of = lines, np.arange(len(lines))
    else:
        parts, of = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    here = np.flatnonzero(part[1:] == part[:-1])
    return np.concatenate([xy[here], xy[here + 1]], axis=1), of[part[here]]


def _checked(network: Network, places: gpd.GeoDataFrame | gpd.GeoSeries) -> Shapes:
    """Return the shapes of places, or refuse what cannot be joined."""
    faults = []
    if places.crs != network.crs:
        faults.append(Fault(f"places are in {places.crs}, the network in {network.crs}", "bring places into its CRS"))
    twice = places.index[places.index.duplicated()]
    if len(twice):
        faults.append(Fault("ids of places appear twice", "give each place its own id", ids=tuple(map(str, twice))))
    shapes = np.array(places.geometry.to_numpy(), dtype=object)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        ids = tuple(map(str, places.index[empty]))
        faults.append(Fault("places without geometry", "draw them, or leave them out", ids=ids))
    lost = nowhere(shapes)
    if lost.any():
        ids = tuple(map(str, places.index[lost]))
        faults.append(Fault("places with coordinates that are no numbers", "correct them, or leave them out", ids=ids))
    if faults:
        raise InputError(faults)
    return shapes


def nowhere(shapes: Shapes) -> npt.NDArray[np.bool_]:
    """Return which shapes have a coordinate that is not a number, or infinite."""
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    lost = np.zeros(len(shapes), dtype=bool)
    lost[of[~np.isfinite(xy).all(axis=1)]] = True
    return lost


def _estates(network: Network, points: Shapes) -> Ints:
    """Return the closed estate each point lies in (the smallest, where they overlap), -1 where in none."""
    estate = np.full(len(points), -1, dtype=np.int64)
    if len(network.estate_shapes):
        tree = shapely.STRtree(network.estate_shapes)
        point, inside = tree.query(points, predicate="within")
        order = np.argsort(-shapely.area(network.estate_shapes)[inside], kind="stable")
        estate[point[order]] = inside[order]
    return estate


def _from_points(ground: _Ground, place: Ints, xy: Floats, estate: Ints) -> _Rows:
    """Return the nearest reachable way of each point."""
    most_m = float(ground.network.options.join_m)
    what, edge, along, off = snap(ground.pieces, ground.ways, ground.walls, xy, estate, most_m)
    return _Rows(place, edge, along, off, what)


def _from_outlines(ground: _Ground, place: Ints, shapes: Shapes, inner: Shapes, estate: Ints) -> _Rows:
    """Return the nearest reachable way of each outline that no way comes near: from its border, or from inside."""
    step = shapely.segmentize(shapely.boundary(shapes[place]), ENTRANCE_STEP_M)
    lines = shapely.get_type_id(shapes[place]) % 4 == 1
    step[lines] = shapely.segmentize(shapes[place[lines]], ENTRANCE_STEP_M)
    xy, of = shapely.get_coordinates(np.concatenate([step, inner[place]]), return_index=True)
    of = place[of % max(len(place), 1)]
    rows = _from_points(ground, of, xy, estate[of])
    # joined before cut off before far, then the nearest
    order = np.lexsort((rows.along_m, rows.edge, rows.off_m, np.array([0, 2, 1])[rows.what], of))
    best = order[np.concatenate([[True], of[order][1:] != of[order][:-1]])] if len(order) else order
    return rows.take(best)


def _entrances(ground: _Ground, place: Ints, shapes: Shapes, estate: Ints) -> _Rows:
    """Return where outlines are entered from the ways that come near: both ends of the stretch, and points between."""
    network, near_m = ground.network, ground.network.options.entrance_m
    outlines = shapes[place]
    one, edge = shapely.STRtree(network.lines).query(outlines, predicate="dwithin", distance=near_m)
    own = network.estate[edge] == estate[place[one]]
    one, edge = one[own], edge[own]
    reach = shapely.buffer(outlines, near_m)
    stretch, pair = shapely.get_parts(shapely.intersection(network.lines[edge], reach[one]), return_index=True)
    bends, of = shapely.get_coordinates(shapely.segmentize(stretch, ENTRANCE_STEP_M), return_index=True)
    # the way itself where it comes nearest belongs to the entrances as well
    closest = shapely.get_coordinates(shapely.shortest_line(network.lines[edge], outlines[one]))[::2]
    points = shapely.points(np.concatenate([bends, closest]))
    pair = np.concatenate([pair[of], np.arange(len(one))])
    one, edge = one[pair], edge[pair]
    lines = shapely.get_coordinates(shapely.shortest_line(points, outlines[one])).reshape(-1, 4)
    off = np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1])
    along = np.minimum(shapely.line_locate_point(network.lines[edge], points), network.length_m[edge])
    side = network.side[edge]
    free = ~blocked(ground.walls, np.ascontiguousarray(lines))
    sided = np.flatnonzero((side != BOTH) & (off > 0))
    at = sides_of(ground.pieces.ends, ground.ways, edge[sided], along[sided], np.ascontiguousarray(lines[sided, 2:]))
    free[sided] &= (at == BOTH) | (at == side[sided])
    rows = _Rows(place[one], edge, along, off, np.full(len(one), JOINED, dtype=np.int8)).take(np.flatnonzero(free))
    # the same point of a way may have been found twice; an island or a bridge counts where there is nothing else
    order = np.lexsort((rows.off_m, rows.along_m, rows.edge, rows.place))
    rows = rows.take(order)
    same = (np.diff(rows.place) == 0) & (np.diff(rows.edge) == 0) & (np.diff(rows.along_m) < 0.01)
    rows = rows.take(np.flatnonzero(np.concatenate([[True], ~same])[: len(rows.place)]))
    last = ground.ways.last[rows.edge]
    return rows.take(np.flatnonzero(~last | ~np.isin(rows.place, rows.place[~last])))


def _fronts(ground: _Ground, shapes: Shapes, estate: Ints) -> _Rows:
    """Return where points along the outline of a closed estate are entered from the street outside."""
    network, options = ground.network, ground.network.options
    place = np.flatnonzero((estate >= 0) & (shapely.get_type_id(shapes) == 0))
    fence = shapely.boundary(network.estate_shapes[estate[place]])
    near = shapely.distance(shapes[place], fence) <= options.front_m
    place, fence = place[near], fence[near]
    ends = shapely.get_coordinates(shapely.shortest_line(shapes[place], fence)).reshape(-1, 4)
    way = ends[:, 2:] - ends[:, :2]
    off = np.hypot(*way.T)
    door = ends[:, 2:] + way / np.maximum(off, 1e-9)[:, None] * OUTSIDE_M
    open_to = (_estates(network, shapely.points(door)) < 0) & (off > 0)
    place, door, off = place[open_to], door[open_to], off[open_to]
    what, edge, along, further = snap(
        ground.pieces, ground.ways, ground.walls, door, np.full(len(place), -1), float(options.front_way_m)
    )
    rows = _Rows(place, edge, along, off + OUTSIDE_M + further, what)
    street = (what == JOINED) & ~ground.ways.last[np.maximum(edge, 0)]
    return rows.take(np.flatnonzero(street))


def _joins(index: pd.Index, rows: _Rows) -> Joins:
    """Return rows as joins, places in ascending order, and why others are missing."""
    why = np.full(len(index), "", dtype=object)
    missing = rows.what != JOINED
    why[rows.place[missing]] = np.where(rows.what[missing] == CUT_OFF, "cut_off", "far")
    order = np.lexsort((rows.along_m, rows.edge, rows.place))
    kept = rows.take(order[~missing[order]])
    unjoined = why != ""
    why_not = pd.Series(why[unjoined], index=index[unjoined], dtype="str", name="why_not")
    return Joins(index, kept.place, kept.edge, kept.along_m, kept.off_m, why_not)
