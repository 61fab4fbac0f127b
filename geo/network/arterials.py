"""Wide roads have two sides, and meet only where there is a crossing."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.network.network import BOTH, LEFT, RIGHT, Floats, Ints
from geo.network.options import WalkOptions
from geo.network.ways import Ways, cut_at, dots, ranges
from geo.study import Repair

LONG_M = 500.0
"""A stretch of arterial longer than this without a crossing is reported (our reading)."""


def with_sides(
    ways: Ways, crossings: Floats, roads: gpd.GeoDataFrame, options: WalkOptions
) -> tuple[Ways, Ints, list[Repair]]:
    """Return the ways with every arterial as its two sides, the side of each way, and the stretches without a crossing.

    A node on an arterial is a crossing where a crossing is mapped within `crossing_near_m`, an arterial ends or three
    ends of arterials meet, a road of a class in `crossed_at` meets it, or ways come to it from both sides. At other
    nodes a way belongs to the side it comes from.
    """
    classes = np.append(roads["road_class"].to_numpy(dtype=object), "").astype(str)
    wide = np.isin(classes, options.arterials)
    if not wide[ways.road].any():
        return ways, np.full(len(ways), BOTH), []
    ways, mapped = _mapped(ways, wide, crossings, options)
    arterial = wide[ways.road]
    node, way, angle, at_b = _ends(ways, arterial)
    is_wide = arterial[way]
    count = np.bincount(node[is_wide], minlength=len(ways.node_xy))
    crossing = (count == 1) | (count > 2)
    crossing[mapped] = True
    meets = np.isin(classes, options.crossed_at)[ways.road[way]] & ~is_wide
    crossing[node[meets]] = True
    # on which side of the arterial through the node each other way comes in
    first, second, through = _through(node, angle, is_wide, len(ways.node_xy))
    turn = np.mod(angle - first[node], 2 * np.pi)
    sector = (turn >= np.mod(second[node] - first[node], 2 * np.pi)).astype(np.int64)
    other = ~is_wide & through[node]
    sides = np.zeros((2, len(ways.node_xy)), bool)
    sides[sector[other], node[other]] = True
    crossing |= sides.all(axis=0)
    repairs = _long_stretches(ways, arterial, crossing, roads)
    split = through & ~crossing
    ways, side = _doubled(ways, arterial, split, (node, way, at_b, sector, is_wide, angle == first[node]))
    return ways, side, repairs


def _mapped(ways: Ways, wide: np.ndarray, crossings: Floats, options: WalkOptions) -> tuple[Ways, Ints]:
    """Return the ways cut at the mapped crossings of arterials, and the nodes there."""
    if not len(crossings):
        return ways, np.empty(0, np.int64)
    chosen = np.flatnonzero(wide[ways.road] & ~ways.over)
    shapes = ways.shapes(chosen)
    points = dots(crossings)
    spot, way = shapely.STRtree(shapes).query(points, predicate="dwithin", distance=options.crossing_near_m)
    along = shapely.line_locate_point(shapes[way], points[spot])
    cut, node, _ = cut_at(ways, chosen[way], along, options.node_m)
    return cut, np.unique(node)


def _ends(ways: Ways, arterial: np.ndarray) -> tuple[Ints, Ints, Floats, np.ndarray]:
    """Return the ends of ways at nodes of arterials: node, way, angle in which it leaves the node, whether end b."""
    touched = np.zeros(len(ways.node_xy), bool)
    touched[ways.a[arterial]] = touched[ways.b[arterial]] = True
    at_a, at_b = np.flatnonzero(touched[ways.a]), np.flatnonzero(touched[ways.b])
    ahead = np.concatenate([ways.xy[ways.first[at_a] + 1], ways.xy[ways.first[at_b + 1] - 2]])
    node = np.concatenate([ways.a[at_a], ways.b[at_b]])
    step = ahead - ways.node_xy[node]
    is_b = np.arange(len(node)) >= len(at_a)
    return node, np.concatenate([at_a, at_b]), np.arctan2(step[:, 1], step[:, 0]), is_b


def _through(node: Ints, angle: Floats, is_wide: np.ndarray, nodes: int) -> tuple[Floats, Floats, np.ndarray]:
    """Return for each node the angles of the two ends of arterials there, and whether there are exactly two."""
    ends = np.flatnonzero(is_wide)
    ends = ends[np.lexsort((angle[ends], node[ends]))]
    count = np.bincount(node[ends], minlength=nodes)
    begin = np.cumsum(count) - count
    first, second, through = np.zeros(nodes), np.zeros(nodes), count == 2
    first[through] = angle[ends[begin[through]]]
    second[through] = angle[ends[begin[through] + 1]]
    return first, second, through


def _doubled(
    ways: Ways,
    arterial: np.ndarray,
    split: np.ndarray,
    ends: tuple[Ints, Ints, np.ndarray, Ints, np.ndarray, np.ndarray],
) -> tuple[Ways, Ints]:
    """Return the ways with a second copy of each arterial, the first as its left side, the second as its right.

    A split node is the one of sector 0, counter-clockwise of the first end of the arterial; its copy is sector 1's.
    """
    node, way, at_b, sector, is_wide, is_first = ends
    copy = np.full(len(ways.node_xy), -1)
    copy[split] = len(ways.node_xy) + np.arange(int(split.sum()))
    node_xy = np.concatenate([ways.node_xy, ways.node_xy[split]])
    wide = np.flatnonzero(arterial)
    number = np.full(len(ways), -1)
    number[wide] = len(ways) + np.arange(len(wide))
    a, b = np.concatenate([ways.a, ways.a[wide]]), np.concatenate([ways.b, ways.b[wide]])
    at_split = split[node]
    # a street at a split node goes to the copy if it comes from sector 1
    moved = at_split & ~is_wide & (sector == 1)
    a[way[moved & ~at_b]], b[way[moved & at_b]] = copy[node[moved & ~at_b]], copy[node[moved & at_b]]
    # seen from the node, sector 0 is to the left of the first end and to the right of the second;
    # at end b one looks back along the line, so that left is right
    on_left = np.where(is_first ^ at_b, 0, 1)
    for is_copy, row in ((on_left == 1, way), (on_left == 0, number[way])):
        chosen = at_split & is_wide & is_copy
        a[row[chosen & ~at_b]] = copy[node[chosen & ~at_b]]
        b[row[chosen & at_b]] = copy[node[chosen & at_b]]
    counts = np.diff(ways.first)[wide]
    xy = np.concatenate([ways.xy, ways.xy[ranges(ways.first[wide], counts)]])
    first = np.concatenate([ways.first, ways.first[-1] + np.cumsum(counts)]).astype(np.int64)
    side = np.concatenate([np.where(arterial, LEFT, BOTH), np.full(len(wide), RIGHT)]).astype(np.int64)
    doubled = replace(
        ways, node_xy=node_xy, xy=xy, first=first, a=a, b=b,
        **{name: np.concatenate([getattr(ways, name), getattr(ways, name)[wide]])
           for name in ("road", "over", "yard", "estate")},
    )  # fmt: skip
    return doubled, side


def _long_stretches(ways: Ways, arterial: np.ndarray, crossing: np.ndarray, roads: gpd.GeoDataFrame) -> list[Repair]:
    """Tell the stretches between crossings that are longer than `LONG_M`."""
    wide, nodes = np.flatnonzero(arterial), len(ways.node_xy)
    # a crossing ends a stretch: there every end of an arterial has a node of its own
    a, b = ways.a[wide].copy(), ways.b[wide].copy()
    a[crossing[a]] = nodes + np.flatnonzero(crossing[a])
    at_b = np.flatnonzero(crossing[b])
    b[at_b] = nodes + len(wide) + at_b
    size = nodes + 2 * len(wide)
    links = coo_array((np.ones(len(wide), np.int8), (a, b)), shape=(size, size))
    _, piece = connected_components(links, directed=False)
    names, stretch = np.unique(piece[a], return_inverse=True)
    total = np.bincount(stretch, ways.length_m()[wide], minlength=len(names))
    told = []
    order = np.argsort(stretch, kind="stable")
    begin = np.searchsorted(stretch[order], np.arange(len(names)))
    for s in np.flatnonzero(total > LONG_M):
        road = str(roads.index[ways.road[wide[order[begin[s]]]]])
        told.append(Repair(
            "roads", road, "assumed", "arterial_without_crossing",
            f"from here on {total[s]:.0f} m of arterial have no crossing: its two sides do not meet there",
            f"自此起{total[s]:.0f}米主干路无过街处:两侧在此段不相通"))  # fmt: skip
    return told
