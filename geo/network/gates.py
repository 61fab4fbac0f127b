"""Closed estates are entered and left through their gates."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely

from geo.network.barriers import along_edge, meetings
from geo.network.network import Floats, Ints, Shapes
from geo.network.options import WalkOptions
from geo.network.streets import flag
from geo.network.ways import NOTHING, Ways, cut_at, dots
from geo.study import Repair

PUBLIC = ("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
          "tertiary", "tertiary_link")  # fmt: skip
"""Streets that belong to no estate: where one runs through an outline, the outline is drawn too wide (our reading)."""

_SAME_M = 0.5
"""A gate belongs to the nearest outline, and to others as near as this."""

_TOUCH_M = 0.01
_TRIED = 12


@dataclass(frozen=True)
class Estates:
    """Closed estates with known gates.

    Attributes
    ----------
    ids : tuple of str
    shapes, outlines : arrays over estates
    gate_xy : array over gates
        [m]
    gate_of : array over gates
        The estate; a gate of two estates stands twice.
    """

    ids: tuple[str, ...]
    shapes: Shapes
    outlines: Shapes
    gate_xy: Floats
    gate_of: Ints


@dataclass(frozen=True)
class _Streets:
    """Ways outside all estates by position, the lines of all ways, and trees over the streets and over all walls."""

    way: Ints
    shapes: Shapes
    tree: shapely.STRtree
    walls: shapely.STRtree


def closed_estates(estates: gpd.GeoDataFrame, gates: Floats, options: WalkOptions) -> tuple[Estates, list[Repair]]:
    """Return the closed estates with a gate within `gate_near_m` of their outline; the others are reported."""
    table = estates.sort_index()
    shapes = shapely.force_2d(np.asarray(table.geometry.array, dtype=object))
    closed = (flag(table, "closed") == 1) & ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    shapes, ids = shapes[closed], table.index.astype(str).to_numpy(dtype=object)[closed]
    outlines = np.asarray(shapely.boundary(shapes), dtype=object)
    points = dots(gates)
    gate, estate = shapely.STRtree(outlines).query(points, predicate="dwithin", distance=options.gate_near_m)
    away = shapely.distance(points[gate], outlines[estate])
    nearest = np.full(len(points), np.inf)
    np.minimum.at(nearest, gate, away)
    own = away <= nearest[gate] + _SAME_M
    gate, estate = gate[own], estate[own]
    known = np.zeros(len(ids), bool)
    known[estate] = True
    number = np.cumsum(known) - 1
    order = np.lexsort((gate, estate))
    repairs = [
        Repair("estates", row, "assumed", "closed_without_gate",
               f"it is closed, but no gate is known within {options.gate_near_m:g} m of its outline: its ways are left "
               "open", f"封闭小区,但轮廓{options.gate_near_m:g}米内没有已知出入口:其道路按开放处理")
        for row in ids[~known]
    ]  # fmt: skip
    kept = Estates(
        tuple(ids[known]), shapes[known], outlines[known], gates[gate[order]], number[estate[order]].astype(np.int64)
    )
    return kept, repairs


def with_gates(
    ways: Ways, estates: Estates, walls: Shapes, roads: gpd.GeoDataFrame, options: WalkOptions
) -> tuple[Ways, list[Repair]]:
    """Return the ways with closed estates left through their gates only.

    Ways on the ground that cross an outline elsewhere are cut. Where no way passes a gate, straight lines lead from it
    to the nearest street and to the nearest way inside, or to a point inside where the estate has no ways of its own.
    """
    if not estates.ids:
        return ways, []
    classes = np.append(roads["road_class"].to_numpy(dtype=object), "").astype(str)
    ids = np.append(roads.index.astype(str).to_numpy(dtype=object), "")
    ways = _inside(ways, estates, classes)
    repairs = list(_public_streets(ways, estates, classes, ids))
    ways, cut = _shut(ways, estates, options)
    repairs += [
        Repair("roads", ids[road], "assumed", "cut_by_estate",
               f"it crosses the outline of the closed estate {estates.ids[e]} away from its gates: taken as no way "
               "through", f"在出入口以外穿过封闭小区{estates.ids[e]}的轮廓,按不能通行处理")
        for road, e in sorted(cut, key=lambda each: (ids[each[0]], each[1]))
    ]  # fmt: skip
    ways, more = _linked(ways, estates, walls, options)
    return ways, [*repairs, *more]


def _inside(ways: Ways, estates: Estates, classes: Shapes) -> Ways:
    """Cut the ways where they meet an outline, and say in which estate each one lies."""
    way, _, along, _ = meetings(ways, np.flatnonzero(~ways.over), estates.outlines)
    ways, _, _ = cut_at(ways, way, along, _TOUCH_M)
    ground = np.flatnonzero(~ways.over & ~np.isin(classes[ways.road], PUBLIC))
    middle = dots(ways.middle()[ground])
    at, estate = shapely.STRtree(middle).query(estates.shapes, predicate="contains_properly")[::-1]
    inside = ground[at]
    deep = ~_along_outline(ways, inside, estate, estates, classes)
    lies = np.full(len(ways), NOTHING)
    order = np.lexsort((-estate[deep], inside[deep]))  # outlines that overlap: the first estate
    lies[inside[deep][order]] = estate[deep][order]
    return replace(ways, estate=lies)


def _along_outline(ways: Ways, inside: Ints, estate: Ints, estates: Estates, classes: Shapes) -> np.ndarray:
    """Return which ways are streets that an outline overlaps a little, not ways of the estate."""
    _, road_class = np.unique(classes[ways.road[inside]], return_inverse=True)
    return along_edge(ways, inside, estates.outlines[estate], road_class * len(estates.ids) + estate)


def _public_streets(ways: Ways, estates: Estates, classes: Shapes, ids: Shapes) -> Iterator[Repair]:
    """Tell which public streets run through a closed estate."""
    street = np.flatnonzero(~ways.over & np.isin(classes[ways.road], PUBLIC))
    middle = dots(ways.middle()[street])
    at, estate = shapely.STRtree(middle).query(estates.shapes, predicate="contains_properly")[::-1]
    deep = ~_along_outline(ways, street[at], estate, estates, classes)
    pairs = zip(ids[ways.road[street[at[deep]]]], estate[deep], strict=True)
    for road, e in sorted({(road, int(e)) for road, e in pairs}):
        yield Repair("roads", road, "assumed", "street_through_estate",
                     f"a public street runs through the outline of the closed estate {estates.ids[e]}: it stays open, "
                     "and the estate's ways do not meet it but at gates",
                     f"公共道路穿过封闭小区{estates.ids[e]}的轮廓:道路保持开放,小区道路仅在出入口与之相接")  # fmt: skip


def _doors(ways: Ways, estates: Estates) -> tuple[Ints, Ints]:
    """Return where ways inside an estate meet others: node, estate."""
    count = len(estates.ids)
    node, lies = np.concatenate([ways.a, ways.b]), np.tile(ways.estate, 2)
    total = np.bincount(node, minlength=len(ways.node_xy))
    inside = lies >= 0
    pair, ends = np.unique(node[inside] * count + lies[inside], return_counts=True)
    pair = pair[ends < total[pair // count]]
    return pair // count, pair % count


def _gates_near(xy: Floats, estate: Ints, estates: Estates, options: WalkOptions) -> tuple[Ints, Ints]:
    """Return which places have which gates of that estate within `gate_near_m`: place, gate."""
    place, gate = shapely.STRtree(dots(estates.gate_xy)).query(dots(xy), "dwithin", distance=options.gate_near_m)
    own = estates.gate_of[gate] == estate[place]
    return place[own].astype(np.int64), gate[own].astype(np.int64)


def _shut(ways: Ways, estates: Estates, options: WalkOptions) -> tuple[Ways, set[tuple[int, int]]]:
    """Give the ways inside an estate nodes of their own where they meet others away from a gate."""
    node, estate = _doors(ways, estates)
    shut = np.ones(len(node), bool)
    shut[_gates_near(ways.node_xy[node], estate, estates, options)[0]] = False
    node, estate = node[shut], estate[shut]
    count, nodes = len(estates.ids), len(ways.node_xy)
    pair = node * count + estate  # ascending, as the doors are
    cut: set[tuple[int, int]] = set()
    ends = []
    for end in (ways.a, ways.b):
        at = np.searchsorted(pair, end * count + ways.estate)
        moved = (ways.estate >= 0) & (at < len(pair))
        moved[moved] = pair[at[moved]] == (end * count + ways.estate)[moved]
        ends.append(np.where(moved, nodes + at, end))
        cut |= set(zip(ways.road[moved].tolist(), ways.estate[moved].tolist(), strict=True))
    node_xy = np.concatenate([ways.node_xy, ways.node_xy[node]])
    return replace(ways, a=ends[0], b=ends[1], node_xy=node_xy), cut


def _linked(ways: Ways, estates: Estates, walls: Shapes, options: WalkOptions) -> tuple[Ways, list[Repair]]:
    """Lead gates that no way passes to a street and to the ways inside."""
    street = np.flatnonzero((ways.estate < 0) & ~ways.over)
    shapes = ways.shapes()
    walled = shapely.STRtree(np.concatenate([walls, estates.outlines]))
    streets = _Streets(street, shapes, shapely.STRtree(shapes[street]), walled)
    drawn: list[tuple[int, int, int, float, int, float]] = []  # gate, estate, way outside, along, way inside, along
    repairs: list[Repair] = []
    node, of = _doors(ways, estates)
    passed = np.zeros(len(estates.gate_xy), bool)
    passed[_gates_near(ways.node_xy[node], of, estates, options)[1]] = True
    for g in np.flatnonzero(~passed).tolist():
        e, gate = int(estates.gate_of[g]), estates.gate_xy[g]
        inside = np.flatnonzero(ways.estate == e)
        point = shapely.Point(gate)
        to_street = _reached(point, streets, len(walls) + e, options.join_m)
        if to_street is None:
            repairs.append(Repair(
                "estates", estates.ids[e], "assumed", "gate_without_street",
                f"no street can be reached from its gate at {gate[0]:.0f}, {gate[1]:.0f}: the gate leads nowhere",
                f"其位于({gate[0]:.0f}, {gate[1]:.0f})的出入口到不了任何道路"))  # fmt: skip
            continue
        if len(inside):
            near = int(inside[np.argmin(shapely.distance(shapes[inside], point))])
            to_way = near, float(shapely.line_locate_point(shapes[near], point))
        else:
            to_way = NOTHING, 0.0
        drawn.append((int(g), e, *to_street, *to_way))
        where = f"{gate[0]:.0f}, {gate[1]:.0f}"
        repairs.append(Repair(
            "estates", estates.ids[e], "assumed", "gate_linked",
            f"no way is drawn through its gate at {where}: straight lines lead from it to the nearest street and "
            "into the estate", f"其位于({where})的出入口没有绘出的道路:以直线连接最近道路与小区内部"))  # fmt: skip
    return (_drawn(ways, estates, drawn, options) if drawn else ways), repairs


def _reached(point: shapely.Point, streets: _Streets, own: int, within_m: float) -> tuple[int, float] | None:
    """Return the nearest street that a straight line from a gate reaches without crossing a wall, and how far along."""
    near = streets.way[streets.tree.query(point, predicate="dwithin", distance=within_m)]
    away = shapely.distance(streets.shapes[near], point)
    for way in near[np.lexsort((near, away))][:_TRIED]:
        along = float(shapely.line_locate_point(streets.shapes[way], point))
        target = shapely.line_interpolate_point(streets.shapes[way], along)
        line = shapely.LineString([point, target])
        # the gate stands in its own wall, and a street may run on one
        crossed = [w for w in streets.walls.query(line, predicate="crosses") if w != own]
        outline = streets.walls.geometries[own]
        through = [p for p in shapely.get_parts(shapely.intersection(line, outline)) if p.distance(point) > 1.0]
        if not crossed and len(through) <= (outline.distance(point) > 1.0):
            return int(way), along
    return None


def _drawn(
    ways: Ways, estates: Estates, drawn: list[tuple[int, int, int, float, int, float]], options: WalkOptions
) -> Ways:
    """Add the straight lines from gates to the streets and into the estates."""
    gate, estate, outside, out_m, inside, in_m = (np.array(each) for each in zip(*drawn, strict=True))
    has_way = inside >= 0
    way, along = np.concatenate([outside, inside[has_way]]), np.concatenate([out_m, in_m[has_way]])
    ways, node, _ = cut_at(ways, way, along, options.node_m)
    n, count = len(gate), len(ways.node_xy)
    bare = np.unique(estate[~has_way])
    inner = shapely.get_coordinates(shapely.point_on_surface(estates.shapes[bare]))
    target = np.empty(n, np.int64)
    target[has_way] = node[n:]
    target[~has_way] = count + n + np.searchsorted(bare, estate[~has_way])
    # a gate that stands on a way is a place on it
    gate_xy, gates = estates.gate_xy[gate], count + np.arange(n)
    for end, there in ((target, has_way), (node[:n], np.ones(n, bool))):
        at = np.flatnonzero(there)
        on_it = np.hypot(*(ways.node_xy[end[at]] - gate_xy[at]).T) <= options.node_m
        gates[at[on_it]] = end[at[on_it]]
    a, b = np.concatenate([gates, gates]), np.concatenate([node[:n], target])
    lies = np.concatenate([np.full(n, NOTHING), estate])
    apart = a != b
    return ways.with_yards(np.concatenate([gate_xy, inner]), a[apart], b[apart], lies[apart])
