"""How long a way takes on foot, uphill, downhill and on stairs."""

from collections.abc import Mapping

import numpy as np
from pyproj import CRS, Transformer
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from geo.network.network import Floats, Ints
from geo.network.options import SPEEDS, WalkOptions
from geo.network.ways import Ways
from geo.raster import Raster
from geo.study import Repair

TOBLER_SLOPE, TOBLER_BEST = 3.5, 0.05
"""Tobler's hiking function: speed = 6 km/h · exp(-3.5 · |slope + 0.05|), fastest at 5 % downhill (W. Tobler, Three
presentations on geographical analysis and modeling, NCGIA technical report 93-1, 1993)."""


def pace(slope: Floats) -> Floats:
    """Return the speed on a slope (rise over run, down negative) as a share of that on level ground.

    Tobler's hiking function divided by its value on level ground, so that there the speed is the walker's own.
    """
    return np.asarray(np.exp(-TOBLER_SLOPE * (np.abs(slope + TOBLER_BEST) - TOBLER_BEST)), dtype=np.float64)


def heights_at(dem: Raster, xy: Floats, crs: CRS) -> Floats:
    """Return the ground's height at points [m], between the four cells around each; NaN where one is unknown.

    Within half a cell of the raster's edge the edge's own cells speak.
    """
    x, y = Transformer.from_crs(crs, dem.crs, always_xy=True).transform(xy[:, 0], xy[:, 1])
    to_cell = ~dem.transform
    column, row = to_cell.a * x + to_cell.b * y + to_cell.c, to_cell.d * x + to_cell.e * y + to_cell.f
    rows, columns = dem.values.shape
    off = (column < 0) | (row < 0) | (column > columns) | (row > rows)
    column, row = np.clip(column - 0.5, 0, columns - 1), np.clip(row - 0.5, 0, rows - 1)
    left, top = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    u, v = column - left, row - top
    z = dem.values.astype(np.float64)
    above = np.where(u > 0, z[top, left] * (1 - u) + z[top, right] * u, z[top, left])
    below = np.where(u > 0, z[bottom, left] * (1 - u) + z[bottom, right] * u, z[bottom, left])
    height = np.where(v > 0, above * (1 - v) + below * v, above)
    return np.where(off, np.nan, height)


def minutes(
    ways: Ways, steps: np.ndarray, dem: Raster | None, crs: CRS, options: WalkOptions
) -> tuple[Mapping[str, tuple[Floats, Floats]], list[Repair]]:
    """Return the walking time of each way from a to b and from b to a, by speed, and what was assumed.

    Stairs (`steps`) take their share of the speed both ways, whatever the slope. Without a DEM, or where it knows
    nothing, the ground is level.
    """
    length = ways.length_m()
    level, repairs = np.ones((2, len(ways))), []
    if dem is not None:
        level, unknown = _level_metres(ways, length, dem, crs, options)
        if unknown.any():
            far = float(length[unknown].sum())
            repairs.append(Repair(
                "roads", "", "assumed", "slope_unknown",
                f"the ground height is unknown along a part of {far:.0f} m of ways: they are taken as level there",
                f"沿{far:.0f}米道路(各有一段)地面高程未知:该处按平路处理"))  # fmt: skip
    level = level * length
    found = {}
    for key, speed in SPEEDS.items():
        there, back = (
            np.where(steps, length / (speed.metres_per_minute * speed.steps_share), each / speed.metres_per_minute)
            for each in level
        )
        found[key] = (there, back)
    return found, repairs


def _level_metres(ways: Ways, length: Floats, dem: Raster, crs: CRS, options: WalkOptions) -> tuple[Floats, np.ndarray]:
    """Return how many metres of level ground a metre of each way is worth, there and back; and where heights lack."""
    parts = np.maximum(np.round(length / options.slope_step_m), 1).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(parts + 1)]).astype(np.int64)
    way = np.repeat(np.arange(len(ways)), parts + 1)
    share = (np.arange(first[-1]) - first[way]) / parts[way]
    height = heights_at(dem, ways.at(way, share * length[way]), crs)
    ends = _on_bridges(ways, length, heights_at(dem, ways.node_xy, crs))
    over = ways.over[way]
    height[over] = (ends[ways.a[way]] * (1 - share) + ends[ways.b[way]] * share)[over]
    is_last = np.zeros(len(way), bool)
    is_last[first[1:] - 1] = True
    begin = np.flatnonzero(~is_last)
    run = (length / parts)[way[begin]]
    slope = np.divide(height[begin + 1] - height[begin], run, out=np.zeros(len(begin)), where=run > 0)
    unknown = np.isnan(slope)
    slope[unknown] = 0.0
    worth = np.stack([
        np.bincount(way[begin], 1 / pace(sign * slope), minlength=len(ways)) / parts for sign in (1.0, -1.0)
    ])  # fmt: skip
    return worth, np.bincount(way[begin], unknown, minlength=len(ways)) > 0


def _on_bridges(ways: Ways, length: Floats, ground: Floats) -> Floats:
    """Return the height of each node; between the ends of a bridge or tunnel it rises or falls evenly.

    A node from which only bridges or tunnels leave stands on them, not on the ground: its height is the mean of its
    neighbours', weighted by nearness, which on a chain is a straight line.
    """
    nodes = len(ways.node_xy)
    on_ground, aloft = np.zeros(nodes, bool), np.zeros(nodes, bool)
    for end in (ways.a, ways.b):
        on_ground[end[~ways.over]] = True
        aloft[end[ways.over]] = True
    # the far end of a bridge that meets nothing rests on the ground
    degree = np.bincount(np.concatenate([ways.a, ways.b]), minlength=nodes)
    free = aloft & ((~on_ground & (degree > 1)) | np.isnan(ground))
    rows = np.flatnonzero(ways.over & (length > 0))
    near = 1 / np.concatenate([length[rows], length[rows]])
    a, b = np.concatenate([ways.a[rows], ways.b[rows]]), np.concatenate([ways.b[rows], ways.a[rows]])
    # what hangs together without touching known ground anywhere has nothing to rest on
    links = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(nodes, nodes))
    count, piece = connected_components(links, directed=False)
    rests = np.zeros(count, bool)
    rests[piece[~free & ~np.isnan(ground)]] = True
    free &= rests[piece]
    return _settled(free, ground, (a, b, near)) if free.any() else ground


def _settled(free: np.ndarray, ground: Floats, links: tuple[Ints, Ints, Floats]) -> Floats:
    """Return the heights with those of free nodes as the weighted mean of their neighbours'."""
    a, b, near = links
    number = np.cumsum(free) - 1
    here = free[a]
    a, b, near = a[here], b[here], near[here]
    n = int(free.sum())
    weight = np.bincount(number[a], near, minlength=n)
    fixed = ~free[b]
    load = np.bincount(number[a[fixed]], near[fixed] * ground[b[fixed]], minlength=n)
    matrix = csr_array((-near[~fixed], (number[a[~fixed]], number[b[~fixed]])), shape=(n, n))
    diagonal = csr_array((weight, (np.arange(n), np.arange(n))), shape=(n, n))
    heights = ground.copy()
    heights[free] = spsolve((matrix + diagonal).tocsc(), load)
    return heights
