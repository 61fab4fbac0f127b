"""Rivers, railways and walls: where a way gets across them, and where it only looks so."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.network.network import Floats, Ints, Shapes
from geo.network.options import WalkOptions
from geo.network.streets import flag
from geo.network.ways import NOTHING, Ways, cut_at, dots
from geo.study import Repair

CLOSED_KINDS = ("river", "canal", "railway", "wall", "cliff", "water")
"""Barriers nobody crosses where the table does not say `crossable`; streams and drains are (our reading)."""

WET_KINDS = ("river", "canal", "stream", "drain", "water")

ON_FOOT = ("footway", "path", "steps", "corridor", "pedestrian", "bridleway", "cycleway")
"""Classes without motor traffic: drawn across a river without a bridge, they are taken as ending at its banks."""

ALONG_SHARE = 0.1
"""A way that enters an area and leaves it again, no deeper inside than this share of the distance between, runs along
its edge, not through it (our reading)."""

_TOUCH_M = 0.01
_LOOK_M = 0.5

_KIND_ZH = {"river": "河流", "canal": "河港", "stream": "溪流", "drain": "排水渠", "railway": "铁路", "wall": "围墙",
            "cliff": "陡坎", "water": "水面", "other": "阻隔"}  # fmt: skip


@dataclass(frozen=True)
class Passages:
    """Where people pass [m]: gates of estates and walls, crossings of roads, level crossings of railways."""

    gates: Floats
    crossings: Floats
    level_crossings: Floats


@dataclass(frozen=True)
class _Roads:
    """Class and id of each road; the last of both is empty, for ways that are of no road."""

    classes: Shapes
    ids: Shapes


@dataclass(frozen=True)
class _Closed:
    """Barriers on the ground that are not crossed anywhere: the parts of the lines, and the areas."""

    shapes: Shapes
    kind: Shapes
    ids: Shapes

    def of(self, mask: np.ndarray) -> "_Closed":
        return _Closed(self.shapes[mask], self.kind[mask], self.ids[mask])

    def __len__(self) -> int:
        return len(self.shapes)


def passages_of(passages: gpd.GeoDataFrame | None, facilities: gpd.GeoDataFrame | None) -> Passages:
    """Return where people pass, from the passages and from facilities of the category `gate`."""

    def spots(table: gpd.GeoDataFrame | None, column: str, value: str) -> Floats:
        if table is None or not len(table):
            return np.empty((0, 2))
        shapes = table.geometry[table[column].eq(value).fillna(False).to_numpy(dtype=bool)]
        shapes = shapes[~(shapes.isna() | shapes.is_empty)].sort_index()
        return np.asarray(shapely.get_coordinates(shapely.centroid(shapes.array)), dtype=np.float64)

    gates = np.concatenate([spots(passages, "kind", "gate"), spots(facilities, "category", "gate")])
    return Passages(gates, spots(passages, "kind", "crossing"), spots(passages, "kind", "level_crossing"))


def near_any(points: Floats, spots: Floats, within_m: float) -> np.ndarray:
    """Return which points have one of the spots within so many metres."""
    found = np.zeros(len(points), bool)
    if len(points) and len(spots):
        tree = shapely.STRtree(dots(spots))
        found[tree.query(dots(points), predicate="dwithin", distance=within_m)[0]] = True
    return found


def meetings(ways: Ways, chosen: Ints, shapes: Shapes) -> tuple[Ints, Ints, Floats, Floats]:
    """Return where the chosen ways meet some lines: way, line, metres along the way, point.

    Where they run on each other, both ends of that stretch.
    """
    lines = ways.shapes(chosen)
    one, other = shapely.STRtree(lines).query(shapes, predicate="intersects")[::-1]
    met = shapely.intersection(lines[one], shapes[other])
    parts, pair = shapely.get_parts(met, return_index=True)
    ends = np.where(shapely.get_dimensions(parts) == 1, shapely.boundary(parts), parts)
    points, of = shapely.get_parts(ends, return_index=True)
    pair = pair[of]
    along = shapely.line_locate_point(lines[one[pair]], points)
    order = np.lexsort((along, other[pair], one[pair]))
    pair, points = pair[order], points[order]
    return chosen[one[pair]], other[pair].astype(np.int64), along[order], shapely.get_coordinates(points)


def along_edge(ways: Ways, chosen: Ints, edges: Shapes, kind: Ints) -> np.ndarray:
    """Return which chosen ways, each inside an area, only run along that area's edge.

    They hang together with others of their kind to a stretch that comes in over the edge, leaves over it again, and
    gets no deeper inside than `ALONG_SHARE` of the distance between.

    Parameters
    ----------
    ways
    chosen
        Positions of the ways.
    edges
        Over `chosen`: the edge of the area that the way lies in; the same object for the same area.
    kind
        Over `chosen`: ways of different kinds are no stretch (class and area).
    """
    ends = np.concatenate([ways.a[chosen], ways.b[chosen]])
    twice = np.tile(kind, 2)
    on_edge = shapely.distance(dots(ways.node_xy[ends]), np.tile(edges, 2)) <= _TOUCH_M
    places, place = np.unique(np.column_stack([ends, twice]), axis=0, return_inverse=True)
    place, n = place.ravel(), len(chosen)
    links = coo_array((np.ones(n, np.int8), (place[:n], place[n:])), shape=(len(places), len(places)))
    count, piece = connected_components(links, directed=False)
    stretch = piece[place[:n]]
    depth = np.zeros(count)
    np.maximum.at(depth, stretch, _depth(ways.shapes(chosen), edges))
    doors = np.flatnonzero(on_edge)
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    np.minimum.at(low, piece[place[doors]], ways.node_xy[ends[doors]])
    np.maximum.at(high, piece[place[doors]], ways.node_xy[ends[doors]])
    between = np.hypot(*np.maximum(high - low, 0.0).T)
    return np.asarray(((between > 0) & (depth <= ALONG_SHARE * between))[stretch], dtype=bool)


def _depth(lines: Shapes, edges: Shapes) -> Floats:
    """Return how far from its edge each line gets [m], seen at its vertices and places between them."""
    finer = shapely.segmentize(lines, np.maximum(shapely.length(lines) / 8, 1e-6))
    xy, of = shapely.get_coordinates(finer, return_index=True)
    far = np.zeros(len(lines))
    np.maximum.at(far, of, shapely.distance(dots(xy), edges[of]))
    return far


def with_barriers(
    ways: Ways, barriers: gpd.GeoDataFrame, passages: Passages, roads: gpd.GeoDataFrame, options: WalkOptions
) -> tuple[Ways, Shapes, list[Repair]]:
    """Return the ways with those cut that cross a barrier where nobody gets across, and the barriers' lines.

    Bridges, tunnels and ways on another level pass. On the ground,

    - a way over a railway is a level crossing (reported where none is mapped there);
    - a road over a river, canal or other water is taken as a bridge that nobody tagged, and reported; a path ends at
      the banks;
    - a way through a wall passes within `gate_near_m` of a gate, and steps pass a cliff; elsewhere it is cut.
    """
    closed = _closed(barriers)
    if not len(closed):
        return ways, np.empty(0, dtype=object), []
    known = _Roads(np.append(roads["road_class"].to_numpy(dtype=object), "").astype(str),
                   np.append(roads.index.astype(str).to_numpy(dtype=object), ""))  # fmt: skip
    areas = closed.of(shapely.get_dimensions(closed.shapes) == 2)
    lines = closed.of(shapely.get_dimensions(closed.shapes) == 1)
    edges = shapely.get_parts(shapely.boundary(areas.shapes))
    rails = lines.kind == "railway"
    repairs = list(_level_crossings(ways, lines.of(rails), passages, known, options))
    ways, told = _over_areas(ways, areas.of(areas.kind != "railway"), passages, known, options)
    repairs += told
    ways, told = _through_lines(ways, lines.of(~rails), passages, known, options)
    return ways, np.concatenate([lines.shapes, edges]), [*repairs, *told]


def _closed(barriers: gpd.GeoDataFrame) -> _Closed:
    table = barriers.sort_index()
    crossable, kind = flag(table, "crossable"), table["kind"].to_numpy(dtype=object)
    shut = (crossable == 0) | ((crossable < 0) & np.isin(kind.astype(str), CLOSED_KINDS))
    shapes = shapely.force_2d(np.asarray(table.geometry.array, dtype=object))
    shut &= (flag(table, "tunnel") != 1) & ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    parts, row = shapely.get_parts(shapes[shut], return_index=True)
    return _Closed(parts, kind[shut][row], table.index.astype(str).to_numpy(dtype=object)[shut][row])


def _level_crossings(
    ways: Ways, rails: _Closed, passages: Passages, roads: _Roads, options: WalkOptions
) -> Iterator[Repair]:
    way, rail, _, point = meetings(ways, np.flatnonzero(~ways.over), rails.shapes)
    unmapped = ~near_any(point, passages.level_crossings, options.gate_near_m)
    for road, row in sorted(
        {(roads.ids[ways.road[w]], rails.ids[r]) for w, r in zip(way[unmapped], rail[unmapped], strict=True)}
    ):
        yield Repair("roads", road, "assumed", "level_crossing",
                     f"it crosses the railway {row} on the ground: taken as a level crossing",
                     f"在地面穿过铁路{row},按平交道口处理")  # fmt: skip


def _over_areas(
    ways: Ways, areas: _Closed, passages: Passages, roads: _Roads, options: WalkOptions
) -> tuple[Ways, list[Repair]]:
    """Water surfaces and other areas: roads are taken across, paths end at the edge."""
    if not len(areas):
        return ways, []
    edges = shapely.boundary(areas.shapes)
    way, _, along, _ = meetings(ways, np.flatnonzero(~ways.over), edges)
    ways, _, _ = cut_at(ways, way, along, _TOUCH_M)
    ground = np.flatnonzero(~ways.over)
    middle = dots(ways.middle()[ground])
    found, area = shapely.STRtree(middle).query(areas.shapes, predicate="contains_properly")[::-1]
    _, road_class = np.unique(roads.classes[ways.road[ground[found]]], return_inverse=True)
    deep = ~along_edge(ways, ground[found], edges[area], road_class * len(areas) + area)
    inside, area = ground[found][deep], area[deep]
    gate = near_any(ways.node_xy[ways.a[inside]], passages.gates, options.gate_near_m)
    inside, area = inside[~gate], area[~gate]
    wet = np.isin(areas.kind[area].astype(str), WET_KINDS)
    bridge = wet & ~np.isin(roads.classes[ways.road[inside]], ON_FOOT)
    over, kept = ways.over.copy(), np.ones(len(ways), bool)
    over[inside[bridge]] = True
    kept[inside[~bridge]] = False
    names = zip(roads.ids[ways.road[inside]], areas.kind[area], areas.ids[area], bridge.tolist(), strict=True)
    repairs = [_told(*each) for each in sorted(set(names))]
    return replace(ways, over=over).kept(kept), repairs


def _through_lines(
    ways: Ways, lines: _Closed, passages: Passages, roads: _Roads, options: WalkOptions
) -> tuple[Ways, list[Repair]]:
    """Rivers drawn as lines, walls and cliffs: what does not get through is cut, also where it meets on the line."""
    if not len(lines):
        return ways, []
    wet = np.isin(lines.kind.astype(str), WET_KINDS)
    way, line, along, point = meetings(ways, np.flatnonzero(~ways.over), lines.shapes)
    inner = (along > _TOUCH_M) & (along < ways.length_m()[way] - _TOUCH_M)
    passes = near_any(point, passages.gates, options.gate_near_m)
    road_class = roads.classes[ways.road[way]]
    bridge = wet[line] & ~np.isin(road_class, ON_FOOT)
    passes |= (lines.kind[line] == "cliff") & (road_class == "steps")
    told = {(roads.ids[ways.road[w]], lines.kind[r], lines.ids[r], True)
            for w, r in zip(way[inner & bridge & ~passes], line[inner & bridge & ~passes], strict=True)}  # fmt: skip
    cut = inner & ~passes & ~bridge
    ways, node, _ = cut_at(ways, way[cut], along[cut], _TOUCH_M)
    # ways that are drawn to the barrier from both sides and meet on it are cut as well
    ends = ~inner & ~passes & ~bridge
    spots = np.concatenate([ways.node_xy[node], point[ends]])
    of = np.concatenate([line[cut], line[ends]])
    ways, more = _apart(ways, spots, of, lines)
    told |= {(roads.ids[road], lines.kind[r], lines.ids[r], False) for road, r in more}
    return ways, [_told(*each) for each in sorted(told)]


def _apart(ways: Ways, spots: Floats, line: Ints, lines: _Closed) -> tuple[Ways, set[tuple[int, int]]]:
    """Give the ways on one side of a barrier a node of their own, at the nodes on it; return which were cut by what."""
    node = nodes_at(ways, spots)
    length, every = ways.length_m(), np.arange(len(ways))
    look = np.minimum(_LOOK_M, length / 2)
    ahead = (ways.at(every, look), ways.at(every, length - look))
    ends = (ways.a.copy(), ways.b.copy())
    node_xy, told = [ways.node_xy], set()
    for at, barrier in sorted({(int(n), int(r)) for n, r in zip(node, line, strict=True) if n >= 0}):
        direction = _direction(lines.shapes[barrier], ways.node_xy[at])
        if direction is None:
            continue
        p, q = direction
        beyond = []  # the ends of ways to the right of the barrier; those to its left keep the node
        stay = 0
        for k, end in enumerate(ends):
            for w in np.flatnonzero(end == at).tolist():
                x = ahead[k][w]
                right = (q[0] - p[0]) * (x[1] - p[1]) - (q[1] - p[1]) * (x[0] - p[0]) < 0
                beyond += [(k, w)] if right else []
                stay += not right
        if beyond and stay:
            for k, w in beyond:
                ends[k][w] = len(ways.node_xy) + len(node_xy) - 1
                told.add((int(ways.road[w]), barrier))
            node_xy.append(ways.node_xy[at][None])
    return replace(ways, a=ends[0], b=ends[1], node_xy=np.concatenate(node_xy)), told


def _direction(shape: shapely.LineString, at: Floats) -> tuple[Floats, Floats] | None:
    """Return two points on the line around one on it, in its direction; None at its ends, which one steps around."""
    here, length = float(shapely.line_locate_point(shape, shapely.Point(at))), shape.length
    if shape.is_ring:
        places = np.array([here - _LOOK_M, here + _LOOK_M]) % length
    elif _TOUCH_M < here < length - _TOUCH_M:
        places = np.clip([here - _LOOK_M, here + _LOOK_M], 0, length)
    else:
        return None
    p, q = shapely.get_coordinates(shapely.line_interpolate_point(shape, places))
    return p, q


def nodes_at(ways: Ways, spots: Floats) -> Ints:
    """Return the node nearest to each spot, -1 where none is within a centimetre."""
    found = np.full(len(spots), NOTHING)
    if len(spots) and len(ways.node_xy):
        tree = shapely.STRtree(dots(ways.node_xy))
        one, node = tree.query(dots(spots), predicate="dwithin", distance=_TOUCH_M)
        found[one[::-1]] = node[::-1]
    return found


def _told(road: str, kind: str, barrier: str, bridge: bool) -> Repair:
    if bridge:
        return Repair("roads", road, "assumed", "bridge_assumed",
                      f"it crosses {kind} {barrier} without being marked as a bridge: taken as one",
                      f"穿过{_KIND_ZH[kind]}{barrier}而未标为桥梁,按桥梁处理")  # fmt: skip
    return Repair("roads", road, "assumed", "cut_by_barrier",
                  f"it crosses {kind} {barrier} on the ground, away from any gate: taken as no way through",
                  f"在地面穿过{_KIND_ZH[kind]}{barrier},附近无出入口,按不能通行处理")  # fmt: skip
