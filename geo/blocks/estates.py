"""Estates are never cut: where an edge runs through one, it goes around it."""

import geopandas as gpd
import numpy as np
import shapely

from geo.blocks.lines import Drawn, Features
from geo.blocks.options import BlockOptions
from geo.blocks.tiling import NOTHING, Flags, Tiling, as_lines, components, is_thin, merge
from geo.study import Repair

WHOLE = 0.95
"""An estate is whole when at least this share of it lies in one block."""
STRIP_M = 40.0
STRIP_SHARE = 0.25
"""Land between an estate's outline and the streets around it goes to the estate when it is thinner than this and the
outline is at least this share of its own."""


def entered_estates(estates: gpd.GeoDataFrame | None, drawn: Drawn, options: BlockOptions) -> gpd.GeoDataFrame | None:
    """Return the estates that an edge line enters deeper than the margin, or None."""
    if estates is None or not len(drawn.lines.feature):
        return None
    cores = shapely.buffer(estates.geometry.to_numpy(), -options.estate_margin_m)
    tree = shapely.STRtree(as_lines(drawn.lines.start, drawn.lines.end))
    entered = np.unique(tree.query(cores, predicate="intersects")[0])
    return estates.iloc[entered] if len(entered) else None


def keep_estates(
    tiling: Tiling, crossed: gpd.GeoDataFrame, features: Features, options: BlockOptions
) -> tuple[Tiling, list[Repair]]:
    """Unite the faces of each estate that edges cut; take the outline of the others away again."""
    estates = crossed.geometry.to_numpy()
    points = shapely.point_on_surface(tiling.faces)
    estate, face = shapely.STRtree(points).query(estates, predicate="contains")
    thin = is_thin(tiling.faces, 2 * options.estate_margin_m)
    p = tiling.pieces
    wall_of = np.full(features.count + 1, NOTHING)
    is_wall = np.flatnonzero(features.origin[:-1] == "wall")
    wall_of[is_wall] = np.arange(len(estates))
    both = (tiling.left >= 0) & (tiling.right >= 0)
    length = p.length
    around = shapely.length(tiling.faces)
    one, two = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    repairs = []
    for number in range(len(estates)):
        mine = face[estate == number]
        deep = np.zeros(tiling.count, bool)
        deep[mine[~thin[mine]]] = True
        if deep.sum() >= 2:
            beside = np.bincount(
                tiling.left[both & deep[tiling.right]], length[both & deep[tiling.right]], tiling.count
            )
            beside += np.bincount(
                tiling.right[both & deep[tiling.left]], length[both & deep[tiling.left]], tiling.count
            )
            slivers = mine[thin[mine]]
            deep[slivers[beside[slivers] >= 0.8 * around[slivers]]] = True
            inner = both & deep[tiling.left] & deep[tiling.right]
            cut_by = sorted({str(n) for n in features.name[p.source[inner]] if n})
            deep |= _leftovers(tiling, deep, wall_of[p.source] == number)
            inner = both & deep[tiling.left] & deep[tiling.right]
            one.append(tiling.left[inner])
            two.append(tiling.right[inner])
            repairs.append(_kept_whole(str(crossed.index[number]), cut_by))
        else:
            wall = both & (wall_of[p.source] == number)
            one.append(tiling.left[wall])
            two.append(tiling.right[wall])
    return merge(tiling, np.concatenate(one), np.concatenate(two)), repairs


def _leftovers(tiling: Tiling, estate: Flags, wall: Flags) -> Flags:
    """Return the strips between an estate's outline and the streets around it: they are no blocks of their own."""
    beside = np.zeros(tiling.count)
    for here, there in ((tiling.left, tiling.right), (tiling.right, tiling.left)):
        use = wall & (here >= 0) & (there >= 0)
        use[use] = estate[there[use]] & ~estate[here[use]]
        beside += np.bincount(here[use], tiling.pieces.length[use], tiling.count)
    strip = beside >= STRIP_SHARE * shapely.length(tiling.faces)
    strip &= beside > 0
    strip[strip] = is_thin(tiling.faces[strip], STRIP_M)
    return strip


def _kept_whole(row: str, cut_by: list[str]) -> Repair:
    by_en, by_zh = (f" ({', '.join(cut_by)})", "、".join(cut_by)) if cut_by else ("", "道路等边线")
    return Repair("estates", row, "repaired", "estate_kept_whole",
                  f"an edge ran through the estate{by_en}; its outline, or the street around it, is the edge instead",
                  f"{by_zh}穿过小区,改以小区边界或其外围道路为边线,小区不分割")  # fmt: skip


def estate_groups(
    tiling: Tiling, estates: gpd.GeoDataFrame | None, options: BlockOptions
) -> tuple[list[str | float], list[Repair]]:
    """Return the atom group of each block: one for the blocks over which an estate is spread deeper than the margin."""
    none: list[str | float] = [np.nan] * tiling.count
    if estates is None:
        return none, []
    shapes = estates.geometry.to_numpy()
    names = estates.index.astype(str).to_numpy(object)
    estate, face = shapely.STRtree(tiling.faces).query(shapes, predicate="intersects")
    shared = shapely.intersection(shapes[estate], tiling.faces[face])
    area = shapely.area(shared)
    whole = np.bincount(estate, area, len(shapes))
    largest = np.zeros(len(shapes))
    np.maximum.at(largest, estate, area)
    deep = area > (1 - WHOLE) * whole[estate]
    deep[deep] = ~is_thin(shared[deep], 2 * options.estate_margin_m)
    split = deep & (largest < WHOLE * whole)[estate]
    one, two, repairs = [], [], []
    for number in np.unique(estate[split]):
        blocks = face[split & (estate == number)]
        if len(blocks) > 1:
            one += [blocks[0]] * (len(blocks) - 1)
            two += list(blocks[1:])
            repairs.append((str(names[number]), len(blocks)))
    label = components(tiling.count, np.array(one, np.int64), np.array(two, np.int64))
    called: dict[int, str] = {}
    for number in sorted(np.unique(estate[split]), key=lambda i: str(names[i])):
        for block in face[split & (estate == number)]:
            called.setdefault(int(label[block]), str(names[number]))
    counts = np.bincount(label)
    group = [called.get(int(k), np.nan) if counts[k] > 1 else np.nan for k in label]
    return group, [
        Repair("estates", row, "assumed", "estate_grouped", f"the estate lies in {n} blocks, which must stay together",
               f"小区跨{n}个街坊,这些街坊须划入同一社区")
        for row, n in sorted(repairs)
    ]  # fmt: skip
