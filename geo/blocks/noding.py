"""Lines as people draw them become a planar drawing: they meet only in nodes, and loose ends are led on."""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.blocks.lines import Features, Lines, best_on
from geo.blocks.options import BlockOptions
from geo.blocks.tiling import NOTHING, Floats, Pieces, Shapes, as_lines, drawing, segments_of
from geo.study import Repair

GRID_M = 1e-3
"""Lines are drawn on a grid of a millimetre before they are cut (the area's own edge is not)."""
TOLD_M = 0.01
"""A gap smaller than this is rounding in the file, and closing it is no news [m]."""

OVERSHOOT_M = 0.01
"""An end that is led on to another line crosses it by this much, so that the two surely meet."""


def inside(lines: Lines, shape: BaseGeometry) -> Lines:
    """Return the lines that touch the area, on the millimetre grid; the area's own edge (the last feature) as it is."""
    edge = lines.feature == lines.feature.max()
    start = np.where(edge[:, None], lines.start, np.round(lines.start / GRID_M) * GRID_M)
    end = np.where(edge[:, None], lines.end, np.round(lines.end / GRID_M) * GRID_M)
    shapely.prepare(shape)
    keep = edge | shapely.intersects(shape, as_lines(start, end))
    keep &= (start != end).any(axis=1)
    return Lines(start[keep], end[keep], lines.feature[keep])


def _noded(shapes: Shapes) -> tuple[Floats, Floats]:
    """Return the ends of straight pieces of some lines which meet only in nodes."""
    start, end, _ = segments_of(shapely.get_parts(shapely.unary_union(shapes)))
    return start, end


def node(lines: Lines, shape: BaseGeometry, features: Features, options: BlockOptions) -> tuple[Pieces, list[Repair]]:
    """Return the drawing in which lines meet only in nodes, loose ends led on, and what was led on.

    Each piece is known by the feature that matters most on it.
    """
    start, end = _noded(as_lines(lines.start, lines.end))
    bare = drawing(start, end, np.zeros(len(start), np.int64))
    tree = shapely.STRtree(as_lines(bare.xy[bare.a], bare.xy[bare.b]))
    more, repairs = _close_gaps(bare, tree, lines, shape, features=features, options=options)
    if len(more.feature):
        new, shapes = as_lines(more.start, more.end), tree.geometries
        met = np.zeros(len(shapes), bool)
        met[np.unique(tree.query(new, predicate="intersects")[1])] = True
        start, end = _noded(np.concatenate([new, shapes[met]]))
        start, end = np.concatenate([bare.xy[bare.a[~met]], start]), np.concatenate([bare.xy[bare.b[~met]], end])
    else:
        start, end = bare.xy[bare.a], bare.xy[bare.b]
    lines = lines.joined(more)
    piece = best_on(lines, features.rank, (start + end) / 2)
    return drawing(start, end, np.where(piece >= 0, lines.feature[piece], NOTHING)), repairs


def _close_gaps(
    p: Pieces, tree: shapely.STRtree, lines: Lines, shape: BaseGeometry, *, features: Features, options: BlockOptions
) -> tuple[Lines, list[Repair]]:
    """Return lines from loose ends to the nearest line ahead (within gap_m), else to the study's edge (edge_gap_m)."""
    nothing = Lines(np.empty((0, 2)), np.empty((0, 2)), np.empty(0, np.int64))
    degree = np.bincount(np.concatenate([p.a, p.b]), minlength=len(p.xy))
    at_a, at_b = np.flatnonzero(degree[p.a] == 1), np.flatnonzero(degree[p.b] == 1)
    row = np.concatenate([at_a, at_b])
    loose, behind = np.concatenate([p.a[at_a], p.b[at_b]]), np.concatenate([p.b[at_a], p.a[at_b]])
    shapely.prepare(shape)
    here = shapely.contains_xy(shape, p.xy[loose, 0], p.xy[loose, 1])
    row, loose, behind = row[here], loose[here], behind[here]
    if not len(loose) or max(options.gap_m, options.edge_gap_m) <= 0:
        return nothing, []
    xy = p.xy[loose]
    ahead = xy - p.xy[behind]
    ahead /= np.hypot(*ahead.T)[:, None]
    points = np.asarray(shapely.points(xy), dtype=object)
    # candidates: the nearest point of every other piece nearby, and of the study's edge
    who, other = tree.query(points, predicate="dwithin", distance=options.gap_m)
    own = (other == row[who]) | (p.a[other] == behind[who]) | (p.b[other] == behind[who])
    who, other = who[~own], other[~own]
    target = _nearest_on(p.xy[p.a[other]], p.xy[p.b[other]], xy[who])
    edges = np.flatnonzero(lines.feature == features.count - 1)
    edge_tree = shapely.STRtree(as_lines(lines.start[edges], lines.end[edges]))
    who_edge, at_edge = edge_tree.query(points, predicate="dwithin", distance=options.edge_gap_m)
    target_edge = _nearest_on(lines.start[edges][at_edge], lines.end[edges][at_edge], xy[who_edge])
    to_edge = np.arange(len(who) + len(who_edge)) >= len(who)
    who, target = np.concatenate([who, who_edge]), np.concatenate([target, target_edge])
    way = target - xy[who]
    far = np.hypot(*way.T)
    # a line goes on roughly ahead; over a gap of less than a metre it may turn
    cosine = (way * ahead[who]).sum(axis=1) / np.maximum(far, 1e-12)
    fits = (far > 0) & (cosine >= np.where(to_edge, 0.5, np.where(far <= 1.0, -0.3, 0.17)))
    who, target, way, far, to_edge = who[fits], target[fits], way[fits], far[fits], to_edge[fits]
    best = np.lexsort((target[:, 1], target[:, 0], np.round(far, 6), to_edge, who))
    ends, at = np.unique(who[best], return_index=True)
    target, way, far = target[best[at]], way[best[at]], far[best[at]]
    # an end that meets a node goes exactly there; elsewhere it crosses the line a little
    at_node = np.full(len(ends), NOTHING)
    nodes = shapely.STRtree(np.asarray(shapely.points(p.xy), dtype=object))
    got, nearest = nodes.query(shapely.points(target), predicate="dwithin", distance=OVERSHOOT_M)
    at_node[got] = nearest
    target = np.where((at_node >= 0)[:, None], p.xy[at_node], target + way / far[:, None] * OVERSHOOT_M)
    # two loose ends that look for each other need one line only
    number = np.full(len(p.xy) + 1, NOTHING)
    number[loose[ends]] = np.arange(len(ends))
    partner = number[at_node]
    mutual = (partner >= 0) & (at_node[partner] == loose[ends]) & (partner < np.arange(len(ends)))
    ends, target, far = ends[~mutual], target[~mutual], far[~mutual]
    piece = best_on(lines, features.rank, (p.xy[p.a[row[ends]]] + p.xy[p.b[row[ends]]]) / 2)
    known = piece >= 0
    feature = lines.feature[piece[known]]
    tables = {"road": "roads", "barrier": "barriers", "border": "communities", "wall": "estates"}
    repairs = [
        Repair(tables[origin], str(row_id), "repaired", "gap_closed",
               f"an end stopped {gap:.2f} m short of the next line and was led on to it",
               f"线端距相邻线{gap:.2f}米,已延长相接")
        for origin, row_id, gap in sorted(zip(features.origin[feature], features.row[feature], far[known], strict=True))
        if gap >= TOLD_M
    ]  # fmt: skip
    return Lines(xy[ends][known], target[known], feature), repairs


def _nearest_on(start: Floats, end: Floats, point: Floats) -> Floats:
    along = end - start
    share = ((point - start) * along).sum(axis=1) / np.maximum((along * along).sum(axis=1), 1e-18)
    return np.asarray(start + along * np.clip(share, 0.0, 1.0)[:, None], dtype=np.float64)
