"""Blocks: the study area cut along roads, rivers, railways and today's borders, and the seams between them.

Two ways to get them. `cut_blocks` cuts an area along lines; `adopt_blocks` takes ready-made areas (census areas, whole
communities) and only cleans their tiling. Both give blocks which tile the land exactly - no gap, no overlap - and seams
which know by name and class what they follow.
"""

from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from geo.corridors import collapse
from geo.errors import Fault, InputError
from geo.lines import (
    DIVIDED,
    EDGE_BARRIER_KINDS,
    EDGE_ROAD_CLASSES,
    RANKS,
    Drawn,
    Features,
    Lines,
    best_on,
    border_name,
    border_name_en,
    borders_of,
    draw,
    features_of,
    flag,
    name_along,
    text,
    walls_of,
)
from geo.schema import check, conform
from geo.seams import seam_table
from geo.study import Repair
from geo.tiling import (
    NOTHING,
    Flags,
    Floats,
    Ints,
    Pieces,
    Shapes,
    Tiling,
    as_lines,
    components,
    drawing,
    is_thin,
    merge,
    relabel,
    segments_of,
    tile,
    unite,
)

GRID_M = 1e-3
"""Lines are drawn on a grid of a millimetre before they are cut (the area's own edge is not)."""
OVERSHOOT_M = 0.01
"""An end that is led on to another line crosses it by this much, so that the two surely meet."""
NEEDLE_M = 0.1
"""Faces thinner than this on average come from lines drawn twice; they are merged, not shared out."""
PASSES = 3
ESTATE_WHOLE = 0.95
"""An estate is whole when at least this share of it lies in one block."""
STRIP_M = 40.0
STRIP_SHARE = 0.25
"""Land between an estate's outline and the streets around it goes to the estate when it is thinner than this and the
outline is at least this share of its own."""
ROW_M = 100.0
"""Reading order goes by rows of this height."""


@dataclass(frozen=True)
class BlockOptions:
    """What counts as a block's edge, and how small a block may be. Lengths in metres."""

    road_classes: tuple[str, ...] = EDGE_ROAD_CLASSES
    """Road classes that are edges."""
    barrier_kinds: tuple[str, ...] = EDGE_BARRIER_KINDS
    """Barrier kinds that are edges."""
    borders: Literal["all", "villages", "none"] = "all"
    """Today's community borders that are edges: all, those of villages (kind village or converted, or locked), or none."""
    min_width_m: float = 15.0
    """Every block holds a circle of this diameter."""
    min_area_m2: float = 2_000.0
    """No block is smaller."""
    gap_m: float = 10.0
    """An end of a line that stops this short of another line is led on to it."""
    edge_gap_m: float = 30.0
    """An end of a line that stops this short of the study's edge is led on to it."""
    carriageway_gap_m: float = 50.0
    """Two carriageways of one road up to this far apart are one seam."""
    roundabout_max_m2: float = 20_000.0
    """Islands of roundabouts up to this size are no blocks."""
    estate_margin_m: float = 8.0
    """An estate that reaches this far across a line is no conflict."""
    along_m: float = 20.0
    """The study's edge takes the name of a feature that runs along it this near."""
    adopt_along_m: float = 15.0
    """The same for the edges of ready-made blocks."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        lengths = ("min_width_m", "min_area_m2", "gap_m", "edge_gap_m", "carriageway_gap_m", "roundabout_max_m2",
                   "estate_margin_m", "along_m", "adopt_along_m")  # fmt: skip
        for name in lengths:
            if not 0 <= getattr(self, name) < np.inf:
                raise InputError(Fault(f"option {name} is {getattr(self, name)}", "give a number from 0 upwards"))
        if self.borders not in ("all", "villages", "none"):
            raise InputError(Fault(f"option borders is {self.borders!r}", "use all, villages or none"))
        strange = [c for c in (*self.road_classes, *self.barrier_kinds) if c not in RANKS]
        if strange:
            raise InputError(Fault(f"unknown edge classes: {', '.join(strange)}", f"use some of: {', '.join(RANKS)}"))


DEFAULT_OPTIONS = BlockOptions()


@dataclass(frozen=True)
class Blocks:
    """Blocks, their seams, and what was repaired or assumed to get them."""

    blocks: gpd.GeoDataFrame
    seams: gpd.GeoDataFrame
    repairs: tuple[Repair, ...] = ()


def cut_blocks(
    area: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    *,
    estates: gpd.GeoDataFrame | None = None,
    communities: gpd.GeoDataFrame | None = None,
    options: BlockOptions = DEFAULT_OPTIONS,
) -> Blocks:
    """Return the blocks that roads, rivers, railways and today's borders cut out of an area, and the seams between them.

    A block is land between edges: it is never thinner than `min_width_m` nor smaller than `min_area_m2` (unless the area
    itself is), and all blocks together are the area, exactly. Carriageways of one road, roundabouts and a river's banks
    are one line each, in the middle; slip roads vanish; a road beside an old border or an estate's wall stays the road.
    Estates are not cut: where an edge runs through one, the estate's outline is the edge instead.

    Parameters
    ----------
    area
        Table `study_area`, metric CRS; its rows together are the area.
    roads, barriers, estates, communities
        Tables of a study in the same CRS, or None. Tunnels are no edges.
    options
        What is an edge, and how small a block may be.

    Returns
    -------
    Blocks
        `blocks` in reading order from the north-west (B0001 …) with area_m2, community_id (today's, by the larger share)
        and group_id (where an estate still spans several blocks); `seams`; `repairs`.

    Raises
    ------
    InputError
        When the area is empty, or a table breaks its contract or stands in another CRS.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> area = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 400, 300)], index=["a"], crs="EPSG:32650")
    >>> roads = gpd.GeoDataFrame(
    ...     {"road_class": ["primary"], "name": ["长江路"]},
    ...     geometry=[shapely.LineString([(200, -50), (200, 350)])], index=["r"], crs="EPSG:32650")
    >>> town = cut_blocks(area, roads)
    >>> town.blocks.area_m2.to_dict()
    {'B0001': 60000.0, 'B0002': 60000.0}
    >>> town.seams.loc[town.seams.block_b == "B0002", ["feature_name", "feature_class", "length_m"]].to_numpy().tolist()
    [['长江路', 'primary', 300.0]]
    """
    tables = {"study_area": area, "roads": roads, "barriers": barriers, "estates": estates, "communities": communities}
    crs = _checked(tables)
    shape, repairs = _area_of(area)
    offset = np.array(shape.bounds[:2])
    shape = _shift(np.array([shape], dtype=object), -offset)[0]
    roads, barriers, estates, communities = (
        _moved(frame, -offset) for frame in (roads, barriers, estates, communities)
    )
    drawn = _drawn(roads, barriers, communities, options)
    crossed = _maybe_crossed(estates, drawn, options)
    if crossed is not None:
        drawn = _with(drawn, *walls_of(crossed))
    drawn = _with(drawn, *_edge_of(shape))
    lines = _inside(drawn.lines, shape)
    pieces, closed = _node(lines, shape, drawn.features, options)
    repairs += closed
    tiling = tile(pieces, shape)
    if crossed is not None:
        tiling, kept = _keep_estates(tiling, crossed, drawn.features, options)
        repairs += kept
    tiling = _settle(_drop_needles(tiling, drawn.features), shape, drawn, lines, options)
    tiling = _in_reading_order(tiling)
    ids = [f"B{i + 1:0{max(len(str(tiling.count)), 4)}d}" for i in range(tiling.count)]
    blocks, grouped = _block_table(tiling, ids, offset, crs, estates, communities, options)
    seams = _cut_seams(tiling, ids, offset, crs, drawn, options)
    return Blocks(blocks, seams, (*repairs, *grouped))


# ---------------------------------------------------------------------------------------------------------------- input


def _checked(tables: dict[str, gpd.GeoDataFrame | None]) -> CRS:
    """Return the CRS that all tables share, or raise every fault at once."""
    given = {name: frame for name, frame in tables.items() if frame is not None}
    faults = [fault for name, frame in given.items() for fault in check(frame, name)]
    if faults:
        raise InputError(faults)
    first, base = next(iter(given.items()))
    faults = [
        Fault(
            f"the table is in {frame.crs.name}, {first} in {base.crs.name}",
            f"project it to {base.crs.name}",
            table=name,
        )
        for name, frame in given.items()
        if frame.crs != base.crs and len(frame)
    ]
    if faults:
        raise InputError(faults)
    return CRS.from_user_input(base.crs)


def _area_of(area: gpd.GeoDataFrame) -> tuple[BaseGeometry, list[Repair]]:
    shapes = shapely.force_2d(area.geometry.to_numpy())
    repairs = []
    for row, valid, why in zip(area.index, shapely.is_valid(shapes), shapely.is_valid_reason(shapes), strict=True):
        if not valid:
            repairs.append(Repair("study_area", str(row), "repaired", "self_intersection", f"the outline was invalid: {why}",
                                  f"边界无效,已修复:{why}"))  # fmt: skip
    shape = shapely.union_all(shapely.make_valid(shapes)) if repairs else shapely.union_all(shapes)
    if shape.is_empty or shape.area <= 0:
        ids = tuple(str(row) for row in area.index)
        raise InputError(Fault("the study area is empty", "give the area as a polygon, or draw it", "study_area", ids))
    parts = shapely.get_parts(shape)
    return shapely.multipolygons(parts[shapely.area(parts) > 0]), repairs


def _shift(shapes: Shapes, by: Floats) -> Shapes:
    return np.asarray(shapely.transform(shapely.force_2d(shapes), lambda xy: xy + by), dtype=object)


def _moved(frame: gpd.GeoDataFrame | None, by: Floats) -> gpd.GeoDataFrame | None:
    """Return the table near the origin, ordered by geometry, so that neither place nor row order matters."""
    if frame is None or not len(frame):
        return None
    shapes = _shift(frame.geometry.to_numpy(), by)
    box = np.round(shapely.bounds(shapes), 3)
    order = np.lexsort((frame.index.astype(str), shapely.length(shapes), box[:, 3], box[:, 2], box[:, 1], box[:, 0]))
    return frame.set_geometry(gpd.GeoSeries(shapes, frame.index, crs=frame.crs)).iloc[order]


def _drawn(
    roads: gpd.GeoDataFrame | None,
    barriers: gpd.GeoDataFrame | None,
    communities: gpd.GeoDataFrame | None,
    options: BlockOptions,
) -> Drawn:
    borders = None
    if communities is not None and options.borders != "none":
        chosen = np.ones(len(communities), bool)
        if options.borders == "villages":
            kind = communities["kind"].to_numpy(object)
            chosen = np.isin(kind, ("village", "converted")) | (flag(communities, "locked") == 1)
        if chosen.any():
            borders = borders_of(communities, chosen)
    return draw(roads, barriers, borders, road_classes=options.road_classes, barrier_kinds=options.barrier_kinds)


def _with(drawn: Drawn, table: pd.DataFrame, lines: Lines) -> Drawn:
    """Return the drawing with more features behind the present ones."""
    f = drawn.features
    present = pd.DataFrame({"kind": f.kind, "name": f.name, "name_en": f.name_en, "barrier": f.barrier, "oneway": f.oneway,
                            "roundabout": f.roundabout, "origin": f.origin, "row": f.row}).iloc[:-1]  # fmt: skip
    more = Lines(lines.start, lines.end, lines.feature + f.count)
    return replace(drawn, features=features_of([present, table]), lines=drawn.lines.joined(more))


def _edge_of(shape: BaseGeometry) -> tuple[pd.DataFrame, Lines]:
    start, end, _ = segments_of(shapely.get_rings(shapely.get_parts(shape)))
    table = pd.DataFrame([("study_edge", "", "", False, -1, False, "edge", "")],
                         columns=["kind", "name", "name_en", "barrier", "oneway", "roundabout", "origin", "row"])  # fmt: skip
    return table, Lines(start, end, np.zeros(len(start), np.int64))


# ------------------------------------------------------------------------------------------------------- lines to faces


def _inside(lines: Lines, shape: BaseGeometry) -> Lines:
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


def _node(lines: Lines, shape: BaseGeometry, features: Features, options: BlockOptions) -> tuple[Pieces, list[Repair]]:
    """Return the drawing in which lines meet only in nodes, loose ends led on, and what was led on.

    Each piece is known by the feature that matters most on it.
    """
    start, end = _noded(as_lines(lines.start, lines.end))
    bare = drawing(start, end, np.zeros(len(start), np.int64))
    more, repairs = _close_gaps(bare, lines, shape, features, options)
    shapes = as_lines(bare.xy[bare.a], bare.xy[bare.b])
    if len(more.feature):
        new = as_lines(more.start, more.end)
        met = np.zeros(len(shapes), bool)
        met[np.unique(shapely.STRtree(shapes).query(new, predicate="intersects")[1])] = True
        start, end = _noded(np.concatenate([new, shapes[met]]))
        start, end = np.concatenate([bare.xy[bare.a[~met]], start]), np.concatenate([bare.xy[bare.b[~met]], end])
    else:
        start, end = bare.xy[bare.a], bare.xy[bare.b]
    lines = lines.joined(more)
    piece = best_on(lines, features.rank, (start + end) / 2)
    return drawing(start, end, np.where(piece >= 0, lines.feature[piece], NOTHING)), repairs


def _close_gaps(
    p: Pieces, lines: Lines, shape: BaseGeometry, features: Features, options: BlockOptions
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
    tree = shapely.STRtree(as_lines(p.xy[p.a], p.xy[p.b]))
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
    got, node = shapely.STRtree(shapely.points(p.xy)).query(
        shapely.points(target), predicate="dwithin", distance=OVERSHOOT_M
    )
    at_node[got] = node
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
               f"an end stopped {gap:.1f} m short of the next line and was led on to it",
               f"线端距相邻线{gap:.1f}米,已延长相接")
        for origin, row_id, gap in sorted(zip(features.origin[feature], features.row[feature], far[known], strict=True))
    ]  # fmt: skip
    return Lines(xy[ends][known], target[known], feature), repairs


def _nearest_on(start: Floats, end: Floats, point: Floats) -> Floats:
    along = end - start
    share = ((point - start) * along).sum(axis=1) / np.maximum((along * along).sum(axis=1), 1e-18)
    return start + along * np.clip(share, 0.0, 1.0)[:, None]


# -------------------------------------------------------------------------------------------------------------- estates


def _maybe_crossed(estates: gpd.GeoDataFrame | None, drawn: Drawn, options: BlockOptions) -> gpd.GeoDataFrame | None:
    """Return the estates that an edge line enters deeper than the margin, or None."""
    if estates is None or not len(drawn.lines.feature):
        return None
    cores = shapely.buffer(estates.geometry.to_numpy(), -options.estate_margin_m)
    tree = shapely.STRtree(as_lines(drawn.lines.start, drawn.lines.end))
    entered = np.unique(tree.query(cores, predicate="intersects")[0])
    return estates.iloc[entered] if len(entered) else None


def _keep_estates(
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
            members = np.flatnonzero(deep)
            one.append(np.full(len(members) - 1, members[0]))
            two.append(members[1:])
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


# ------------------------------------------------------------------------------------------------ corridors, small faces


def _settle(tiling: Tiling, shape: BaseGeometry, drawn: Drawn, lines: Lines, options: BlockOptions) -> Tiling:
    """Return the tiling without corridors and without faces that are too thin or too small."""
    tiling = _clear(tiling, drawn, lines, options)
    for number in range(PASSES):
        corridor, soft_left, soft_right = _corridors(tiling, drawn, lines, options, first=number == 0)
        if corridor.max(initial=NOTHING) < 0:
            break
        pieces = collapse(tiling, corridor, soft_left, soft_right, drawn.features.rank)
        tiling = tile(pieces, shape, (tiling, _untouched(tiling, corridor >= 0)))
    return _absorb(tiling, drawn.features.rank, options.min_width_m, options.min_area_m2)


def _clear(tiling: Tiling, drawn: Drawn, lines: Lines, options: BlockOptions) -> Tiling:
    """Take old borders and walls out of corridors: land that is a corridor without them is one with them."""
    weak = drawn.features.rank[tiling.pieces.source] <= RANKS["border"]
    weak &= (tiling.left >= 0) & (tiling.right >= 0)
    if not weak.any():
        return tiling
    label = components(tiling.count, tiling.left[weak], tiling.right[weak])
    plain = relabel(tiling, label)
    corridor = _corridors(plain, drawn, lines, options, first=True)[0]
    inside = weak & (corridor[label[tiling.left]] >= 0)
    return merge(tiling, tiling.left[inside], tiling.right[inside])


def _untouched(tiling: Tiling, corridor: Flags) -> Flags:
    """Return the faces that neither are corridors nor border on one."""
    touched = corridor.copy()
    both = (tiling.left >= 0) & (tiling.right >= 0)
    left, right = tiling.left[both], tiling.right[both]
    touched[left[corridor[right]]] = True
    touched[right[corridor[left]]] = True
    return ~touched


def _drop_needles(tiling: Tiling, features: Features) -> Tiling:
    for _ in range(PASSES):
        needle = 2 * shapely.area(tiling.faces) < NEEDLE_M * shapely.length(tiling.faces)
        if not needle.any():
            break
        tiling = _merge_away(tiling, needle, features.rank)
    return tiling


def _absorb(tiling: Tiling, rank: Floats, min_width_m: float, min_area_m2: float) -> Tiling:
    """Merge faces that are too thin or too small with a neighbour until none is left that has one."""
    doubtful = np.ones(tiling.count, bool)
    while True:
        bad = np.zeros(tiling.count, bool)
        bad[doubtful] = is_thin(tiling.faces[doubtful], min_width_m)
        bad |= shapely.area(tiling.faces) < min_area_m2
        merged = _merge_away(tiling, bad, rank)
        if merged.count == tiling.count:
            return tiling
        tiling, doubtful = merged, np.ones(merged.count, bool)


def _merge_away(tiling: Tiling, bad: Flags, rank: Floats) -> Tiling:
    """Merge each bad face, smallest first, with the neighbour across the least line of those that matter."""
    p = tiling.pieces
    face = np.concatenate([tiling.left, tiling.right])
    other = np.concatenate([tiling.right, tiling.left])
    use = (face >= 0) & (other >= 0)
    use[use] = bad[face[use]]
    if not use.any():
        return tiling
    length, weight = np.tile(p.length, 2)[use], np.tile(rank[p.source], 2)[use]
    face, other = face[use], other[use]
    pair, at, where = np.unique(face * tiling.count + other, return_index=True, return_inverse=True)
    shared = np.bincount(where, length)
    mean = np.round(np.bincount(where, length * weight) / shared, 3)
    face, other = face[at], other[at]
    around = shapely.length(tiling.faces)[face]
    longest = np.zeros(tiling.count)
    np.maximum.at(longest, face, shared)
    serious = (shared >= 0.15 * around) | (shared == longest[face])
    best = np.lexsort((other, -np.round(shared, 6), mean, ~serious, face))
    faces, first = np.unique(face[best], return_index=True)
    choice = other[best[first]]
    label = np.arange(tiling.count)

    def root(i: int) -> int:
        while label[i] != i:
            label[i] = label[label[i]]
            i = int(label[i])
        return i

    touched = np.zeros(tiling.count, bool)
    for i in np.lexsort((faces, np.round(shapely.area(tiling.faces[faces]), 6))):
        if not touched[faces[i]]:
            touched[faces[i]] = touched[choice[i]] = True
            label[root(int(faces[i]))] = root(int(choice[i]))
    roots = np.array([root(i) for i in range(tiling.count)])
    return relabel(tiling, np.unique(roots, return_inverse=True)[1].astype(np.int64))


def _corridors(
    tiling: Tiling, drawn: Drawn, lines: Lines, options: BlockOptions, *, first: bool
) -> tuple[Ints, Flags, Flags]:
    """Return the corridor of each face (or NOTHING), and across which pieces it may be claimed from left and right."""
    sides = _Sides.of(tiling, drawn.features)
    thin = is_thin(tiling.faces, options.min_width_m)
    area = shapely.area(tiling.faces)
    none = np.zeros(tiling.count, bool)
    median, key = (
        _medians(tiling, sides, drawn.features, lines, options) if first else (none, np.full(tiling.count, NOTHING))
    )
    water = _in_water(tiling, drawn) if first else none
    median &= ~water
    box = _boxes(tiling, sides, drawn.features, median, options) & ~water if first else none
    median &= ~box
    island = _islands(tiling, sides, drawn.features, area, options, first) & ~median & ~box & ~water
    corridor = thin | median | box | island | water
    if not corridor.any():
        return np.full(tiling.count, NOTHING), np.empty(0, bool), np.empty(0, bool)
    # soft: the least of what matters around a thin face, the carriageways around a median, all around islands and water
    limit = sides.limit(0.25)
    f, g = sides.face, sides.other
    plain = thin[f] & ~median[f] & ~box[f] & ~island[f] & ~water[f]
    soft = plain & (sides.rank <= limit[f])
    soft |= median[f] & (sides.key == key[f])
    soft |= box[f] | island[f] | water[f]
    centre = box | island  # they take from their neighbours, never the other way round
    soft &= (g >= 0) & corridor[f] & (centre[f] | ~centre[g])
    n = len(tiling.left)
    soft_left, soft_right = np.zeros(n, bool), np.zeros(n, bool)
    soft_left[sides.piece[sides.is_left]] = soft[sides.is_left]
    soft_right[sides.piece[~sides.is_left]] = soft[~sides.is_left]
    left, right = tiling.left, tiling.right
    both = (left >= 0) & (right >= 0)
    both[both] = corridor[left[both]] & corridor[right[both]]
    gone = (
        both & soft_left & soft_right
    )  # a crossing's box waits for the medians around it, which end at its firm sides
    label = components(tiling.count, left[gone], right[gone])
    number = np.full(tiling.count, NOTHING)
    number[corridor] = np.unique(label[corridor], return_inverse=True)[1]
    return number, soft_left, soft_right


@dataclass(frozen=True)
class _Sides:
    """Every piece seen from the face on each of its sides."""

    count: int
    piece: Ints
    is_left: Flags
    face: Ints
    other: Ints
    length: Floats
    rank: Floats
    key: Ints
    """Which road: one number for each name, and for each class of nameless one-way roads; NOTHING for all others."""

    @classmethod
    def of(cls, tiling: Tiling, features: Features) -> "_Sides":
        n = len(tiling.left)
        piece = np.tile(np.arange(n), 2)
        is_left = np.arange(2 * n) < n
        face = np.concatenate([tiling.left, tiling.right])
        other = np.concatenate([tiling.right, tiling.left])
        use = face >= 0
        piece, is_left, face, other = piece[use], is_left[use], face[use], other[use]
        road = features.origin == "road"
        called = road & (features.name != "")
        nameless = road & (features.name == "") & (features.oneway == 1)
        tags = np.where(called, "n" + features.name, np.where(nameless, "c" + features.kind, "")).astype(str)
        key = np.unique(tags, return_inverse=True)[1]
        key = np.where(called | nameless, key, NOTHING)
        source = tiling.pieces.source[piece]
        rank = features.rank[source]
        return cls(tiling.count, piece, is_left, face, other, tiling.pieces.length[piece], rank, key[source])

    def total(self, values: Floats | Flags) -> Floats:
        """Return the sum over each face's pieces of length times a value."""
        return np.bincount(self.face, self.length * values, self.count)

    def limit(self, share: float) -> Floats:
        """Return for each face the least rank that, with all below it, makes up this share of its outline."""
        order = np.lexsort((self.rank, self.face))
        face, length = self.face[order], self.length[order]
        run = np.cumsum(length)
        around = np.bincount(self.face, self.length, self.count)
        before = np.concatenate([[0.0], np.cumsum(around)[:-1]])
        enough = np.flatnonzero(run - before[face] >= share * around[face] * (1 - 1e-9))
        faces, at = np.unique(face[enough], return_index=True)
        limit = np.full(self.count, np.inf)
        limit[faces] = self.rank[order][enough[at]]
        return limit


def _medians(
    tiling: Tiling, sides: _Sides, features: Features, lines: Lines, options: BlockOptions
) -> tuple[Flags, Ints]:
    """Return which faces lie between the carriageways of one road, and of which.

    The road makes up at least half of the outline and runs there and back along it. Either all its pieces are one-way
    with the face on the same hand; or the face is at least three times as long as wide, and the road has a name and only
    one-way pieces (main and side carriageways), or is of a class that may be divided and nothing is known of its direction.
    """
    nothing = np.zeros(tiling.count, bool), np.full(tiling.count, NOTHING)
    use = (sides.key >= 0) & (features.oneway[tiling.pieces.source[sides.piece]] != 0)
    if not use.any():
        return nothing
    piece, face, key, length = sides.piece[use], sides.face[use], sides.key[use], sides.length[use]
    p = tiling.pieces
    source = p.source[piece]
    sign = np.where(sides.is_left[use], 1.0, -1.0)
    way = (p.xy[p.b[piece]] - p.xy[p.a[piece]]) * sign[:, None]
    one = features.oneway[source] == 1
    hand = np.zeros(len(piece))
    if one.any():
        rows = np.unique(piece[one])
        drawn_on = np.flatnonzero(features.oneway[lines.feature] == 1)
        some = Lines(lines.start[drawn_on], lines.end[drawn_on], lines.feature[drawn_on])
        at = best_on(some, features.rank, (p.xy[p.a[rows]] + p.xy[p.b[rows]]) / 2)
        along = np.where((at >= 0)[:, None], some.end[at] - some.start[at], 0.0)
        turn = np.zeros(len(p.a))
        turn[rows] = np.sign(((p.xy[p.b[rows]] - p.xy[p.a[rows]]) * along).sum(axis=1))
        hand = np.where(one, turn[piece] * sign, 0.0)
    code, at, where = np.unique(face * (int(sides.key.max()) + 1) + key, return_index=True, return_inverse=True)
    total = np.bincount(where, length)
    back = np.hypot(np.bincount(where, way[:, 0]), np.bincount(where, way[:, 1])) / total
    oneway = np.bincount(where, length * one) / total
    handed = np.abs(np.bincount(where, length * hand)) / total
    wide = np.bincount(where, length * np.isin(features.kind[source], DIVIDED)) / total
    face, key = face[at], key[at]
    share = total / shapely.length(tiling.faces)[face]
    short, long = _rectangle(tiling.faces[face])
    aspect = long / np.maximum(short, 1e-9)
    sure = (oneway >= 0.9) & (handed >= 0.9) & (aspect >= np.where(share > 0.8, 2.0, 1.0))
    named = features.name[p.source[piece[at]]] != ""
    maybe = (((oneway < 0.1) & (wide >= 0.9)) | ((oneway >= 0.9) & named)) & (aspect >= 3.0)
    good = (share >= 0.5) & (back <= 0.4) & (short <= options.carriageway_gap_m) & (sure | maybe)
    rows = np.flatnonzero(good)
    rows = rows[is_thin(tiling.faces[face[rows]], options.carriageway_gap_m)]
    rows = rows[np.lexsort((key[rows], share[rows]))]  # the largest share is written last
    median, of = nothing
    median[face[rows]], of[face[rows]] = True, key[rows]
    return median, of


def _rectangle(faces: Shapes) -> tuple[Floats, Floats]:
    """Return width and length of the rectangle with each face's area and perimeter."""
    area, half = shapely.area(faces), shapely.length(faces) / 2
    root = np.sqrt(np.maximum(half**2 - 4 * area, 0.0))
    return (half - root) / 2, (half + root) / 2


def _boxes(tiling: Tiling, sides: _Sides, features: Features, median: Flags, options: BlockOptions) -> Flags:
    """Return which faces are the middle of a crossing of divided roads: carriageways around, medians on most sides."""
    road = (features.origin == "road") & (features.oneway != 0)
    around = shapely.length(tiling.faces)
    mostly = sides.total(road[tiling.pieces.source[sides.piece]]) >= 0.95 * around
    box = mostly & (sides.total((sides.other >= 0) & median[sides.other]) >= 0.6 * around)
    box[box] = is_thin(tiling.faces[box], options.carriageway_gap_m)
    return box


def _islands(
    tiling: Tiling, sides: _Sides, features: Features, area: Floats, options: BlockOptions, first: bool
) -> Flags:
    """Return which faces are islands of roundabouts: marked so, or small, round, of one kind of road and in a star."""
    around = shapely.length(tiling.faces)
    marked = np.zeros(tiling.count, bool)
    if first and features.roundabout.any():
        ring = sides.total(features.roundabout[tiling.pieces.source[sides.piece]])
        marked = (ring >= 0.9 * around) & (area <= options.roundabout_max_m2)
    round_ = (area < options.min_area_m2) & (4 * np.pi * area > 0.85 * around**2)
    low, high = np.full(tiling.count, np.inf), np.full(tiling.count, -np.inf)
    np.minimum.at(low, sides.face, sides.rank)
    np.maximum.at(high, sides.face, sides.rank)
    pairs = np.unique(sides.face * (sides.count + 1) + sides.other + 1)
    neighbours = np.bincount(pairs // (sides.count + 1), minlength=sides.count)
    return marked | (round_ & (low == high) & (neighbours >= 3))


def _in_water(tiling: Tiling, drawn: Drawn) -> Flags:
    """Return which faces are the water of rivers and canals given as polygons."""
    wet = np.zeros(tiling.count, bool)
    if len(drawn.water):
        points = shapely.point_on_surface(tiling.faces)
        wet[np.unique(shapely.STRtree(drawn.water).query(points, predicate="intersects")[0])] = True
    return wet


# --------------------------------------------------------------------------------------------------------------- tables


def _in_reading_order(tiling: Tiling) -> Tiling:
    """Return the tiling with its faces numbered row by row from the north-west."""
    centre = shapely.get_coordinates(shapely.centroid(tiling.faces))
    top = shapely.total_bounds(tiling.faces)[3]
    row = np.floor(np.round(top - centre[:, 1], 2) / ROW_M)
    order = np.lexsort((shapely.area(tiling.faces), -np.round(centre[:, 1], 2), np.round(centre[:, 0], 2), row))
    number = np.empty(len(order) + 1, np.int64)
    number[order], number[-1] = np.arange(len(order)), NOTHING
    return Tiling(tiling.pieces, tiling.faces[order], number[tiling.left], number[tiling.right])


def _block_table(
    tiling: Tiling,
    ids: list[str],
    offset: Floats,
    crs: CRS,
    estates: gpd.GeoDataFrame | None,
    communities: gpd.GeoDataFrame | None,
    options: BlockOptions,
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    group, repairs = _groups(tiling, estates, options)
    table = gpd.GeoDataFrame(
        {
            "area_m2": np.round(shapely.area(tiling.faces), 3),
            "community_id": pd.array(_larger_share(tiling.faces, communities), dtype="str"),
            "group_id": pd.array(group, dtype="str"),
        },
        index=pd.Index(ids, name="block_id", dtype="str"),
        geometry=_shift(tiling.faces, offset),
        crs=crs,
    )
    return conform(table, "blocks"), repairs


def _larger_share(faces: Shapes, areas: gpd.GeoDataFrame | None) -> list[str | float]:
    """Return for each face the id of the row that covers most of it, NaN where none does."""
    result: list[str | float] = [np.nan] * len(faces)
    if areas is None or not len(areas):
        return result
    shapes = areas.geometry.to_numpy()
    names = areas.index.astype(str).to_numpy(object)
    face, row = shapely.STRtree(shapes).query(faces, predicate="intersects")
    shared = np.round(shapely.area(shapely.intersection(faces[face], shapes[row])), 3)
    for i in np.lexsort((names[row].astype(str), shared)):  # the largest is written last
        if shared[i] > 0:
            result[face[i]] = names[row[i]]
    return result


def _groups(
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
    deep = area > (1 - ESTATE_WHOLE) * whole[estate]
    deep[deep] = ~is_thin(shared[deep], 2 * options.estate_margin_m)
    split = deep & (largest < ESTATE_WHOLE * whole)[estate]
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


def _cut_seams(
    tiling: Tiling, ids: list[str], offset: Floats, crs: CRS, drawn: Drawn, options: BlockOptions
) -> gpd.GeoDataFrame:
    p = tiling.pieces
    start, end = p.xy[p.a], p.xy[p.b]
    outer = (tiling.left < 0) | (tiling.right < 0)
    study_edge = drawn.features.count - 1
    named = _named_only(drawn, study_edge)
    s, e, of, feature = name_along(start[outer], end[outer], named, options.along_m)
    rows = np.flatnonzero(outer)[of]
    feature = np.where(feature >= 0, feature, study_edge)
    return seam_table(
        np.concatenate([start[~outer], s]) + offset,
        np.concatenate([end[~outer], e]) + offset,
        np.concatenate([tiling.left[~outer], tiling.left[rows]]),
        np.concatenate([tiling.right[~outer], tiling.right[rows]]),
        np.concatenate([p.source[~outer], feature]),
        drawn.features, ids, crs,
    )  # fmt: skip


def _named_only(drawn: Drawn, study_edge: int) -> Drawn:
    """Return what may give the study's edge its name: all but the edge itself, estate walls and one-sided borders."""
    f = drawn.features
    one_sided = (f.origin == "border") & np.array(["|" not in str(row) for row in f.row])
    keep = (drawn.lines.feature != study_edge) & (f.origin != "wall")[drawn.lines.feature]
    keep &= ~one_sided[drawn.lines.feature]
    return replace(drawn, lines=Lines(drawn.lines.start[keep], drawn.lines.end[keep], drawn.lines.feature[keep]))


# ------------------------------------------------------------------------------------------------------ ready-made areas


def adopt_blocks(
    polygons: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    *,
    area: gpd.GeoDataFrame | None = None,
    communities: gpd.GeoDataFrame | None = None,
    options: BlockOptions = DEFAULT_OPTIONS,
) -> Blocks:
    """Return ready-made areas as blocks: an exact tiling, and seams named from what runs along them.

    Census areas or whole communities keep their ids and columns. Overlaps go to the smaller of two areas, gaps to the
    neighbour with the longest shared border. A seam is cut where the feature along it changes.

    Parameters
    ----------
    polygons
        The areas, metric CRS, unique index; columns of table `blocks` (households, people …) must keep their contract.
    roads, barriers, communities
        Tables of a study in the same CRS, or None. Communities give `community_id` and name borders with no road on them.
    area
        Table `study_area`: what lies outside is cut off, and every gap inside is filled. Without it only gaps that no
        block of `options` fits into are filled; larger ones stay holes.
    options
        `adopt_along_m` says how near a feature must run to give its name; the classes say which features may.

    Returns
    -------
    Blocks
        `blocks` with the ids and the columns of `polygons`, area_m2 measured anew; `seams`; `repairs`.

    Raises
    ------
    InputError
        When there are no areas, ids repeat, a table breaks its contract, or an area has no land of its own left.
    """
    polygons = polygons.drop(columns="area_m2", errors="ignore")
    tables = {"blocks": polygons, "study_area": area, "roads": roads, "barriers": barriers, "communities": communities}
    crs = _checked(tables)
    if not len(polygons):
        raise InputError(Fault("there are no areas to adopt", "choose a layer with polygons", table="blocks"))
    ids = polygons.index.astype(str).to_list()
    offset = polygons.total_bounds[:2]
    shapes = _shift(polygons.geometry.to_numpy(), -offset)
    shape, repairs = (None, []) if area is None else _area_of(area)
    if shape is not None:
        shape = _shift(np.array([shape], dtype=object), -offset)[0]
    roads, barriers, communities = (_moved(frame, -offset) for frame in (roads, barriers, communities))
    tiling, mended = _clean_cover(shapes, ids, shape, options)
    kept = dict(polygons.drop(columns=polygons.geometry.name))
    if communities is not None:
        kept["community_id"] = pd.Series(_larger_share(tiling.faces, communities), polygons.index, dtype="str")
    table = gpd.GeoDataFrame(kept, index=polygons.index.astype("str"), geometry=_shift(tiling.faces, offset), crs=crs)
    table["area_m2"] = np.round(shapely.area(tiling.faces), 3)
    blocks = conform(table, "blocks")
    drawn = draw(roads, barriers, None, road_classes=options.road_classes, barrier_kinds=options.barrier_kinds)
    seams = _adopted_seams(tiling, ids, offset, crs, drawn, blocks, communities, options)
    return Blocks(blocks, seams, (*repairs, *mended))


def _clean_cover(
    shapes: Shapes, ids: list[str], shape: BaseGeometry | None, options: BlockOptions
) -> tuple[Tiling, list[Repair]]:
    """Return the tiling in which face i is area i: overlaps parted, gaps filled, crumbs given away."""
    repairs: list[Repair] = []
    valid = shapely.is_valid(shapes)
    for i in np.flatnonzero(~valid):
        repairs.append(Repair("blocks", ids[i], "repaired", "self_intersection",
                              f"the outline was invalid: {shapely.is_valid_reason(shapes[i])}", "边界自相交,已修复"))  # fmt: skip
    shapes = np.where(valid, shapes, shapely.make_valid(shapes))
    outlines = [shapely.boundary(shapes)] + ([np.array([shape.boundary], dtype=object)] if shape is not None else [])
    start, end, _ = segments_of(shapely.get_parts(np.concatenate(outlines)))
    start, end, _ = segments_of(shapely.get_parts(shapely.unary_union(as_lines(start, end))))
    tiling = tile(drawing(start, end, np.full(len(start), NOTHING)), shape)
    points = shapely.point_on_surface(tiling.faces)
    face, owner = shapely.STRtree(shapes).query(points, predicate="intersects")
    rank = np.argsort(np.argsort(np.array(ids, dtype=str)))
    order = np.lexsort((-rank[owner], -np.round(shapely.area(shapes), 3)[owner]))  # the smallest is written last
    of = np.full(tiling.count, NOTHING)
    of[face[order]] = owner[order]
    area = shapely.area(tiling.faces)
    twice = np.bincount(face, minlength=tiling.count) > 1
    for i in np.unique(of[twice]):
        shared = area[twice & (of == i)].sum()
        if shared >= 1.0:
            repairs.append(Repair("blocks", ids[i], "repaired", "overlap",
                                  f"{shared:.0f} m² were covered by two areas and went to this one",
                                  f"{shared:.0f}平方米与相邻地块重叠,归入本地块"))  # fmt: skip
    missing = np.setdiff1d(np.arange(len(ids)), of)
    if len(missing):
        raise InputError(Fault(f"{len(missing)} areas have no land of their own: others cover them, or they lie outside",
                               "remove the doubles, or take a larger study area", "blocks",
                               tuple(ids[i] for i in missing)))  # fmt: skip
    gap = of < 0
    if shape is None:
        gap &= is_thin(tiling.faces, options.min_width_m) | (area < options.min_area_m2)
        hole = (of < 0) & ~gap
        if hole.any():
            repairs.append(Repair("blocks", "", "assumed", "holes_kept", f"{int(hole.sum())} gaps of {area[hole].sum():.0f} m² "
                                  "between the areas stay outside", f"{int(hole.sum())}处较大空白未填充"))  # fmt: skip
    # crumbs: small parts of an area cut off from its main part by an overlap
    both = (tiling.left >= 0) & (tiling.right >= 0)
    same = both.copy()
    same[both] = of[tiling.left[both]] == of[tiling.right[both]]
    part = components(tiling.count, tiling.left[same], tiling.right[same])
    part_area = np.bincount(part, area)
    owned = of >= 0
    main = np.zeros(len(ids))
    np.maximum.at(main, of[owned], part_area[part[owned]])
    crumb = owned & (part_area[part] < 0.01 * main[of])
    crumb[crumb] &= is_thin(tiling.faces[crumb], options.min_width_m)
    filled = area[gap].sum()
    of, stuck = _fill(tiling, of, gap | crumb)
    if filled - area[gap & stuck].sum() >= 1.0:
        repairs.append(Repair("blocks", "", "repaired", "gaps_filled", f"{int((gap & ~stuck).sum())} gaps of {filled:.0f} m² "
                              "went to the neighbour with the longest border", f"{int((gap & ~stuck).sum())}处空隙并入共边最长的相邻地块"))  # fmt: skip
    left, right = np.append(of, NOTHING)[tiling.left], np.append(of, NOTHING)[tiling.right]
    keep = left != right
    faces, owners = unite(tiling.faces[of >= 0], of[of >= 0])
    ordered = np.empty(len(ids), dtype=object)
    ordered[owners] = faces
    return Tiling(tiling.pieces.only(keep), ordered, left[keep], right[keep]), repairs


def _fill(tiling: Tiling, of: Ints, vague: Flags) -> tuple[Ints, Flags]:
    """Give vague faces to the owner with the longest shared border, from the outside in; say which found none."""
    of = np.where(vague, NOTHING, of)
    face = np.concatenate([tiling.left, tiling.right])
    other = np.concatenate([tiling.right, tiling.left])
    length = np.tile(tiling.pieces.length, 2)
    use = (face >= 0) & (other >= 0)
    face, other, length = face[use], other[use], length[use]
    while True:
        ready = vague[face] & (of[face] < 0) & (of[other] >= 0)
        if not ready.any():
            return of, vague & (of < 0)
        count = int(of.max()) + 1
        pair, where = np.unique(face[ready] * count + of[other[ready]], return_inverse=True)
        shared = np.round(np.bincount(where, length[ready]), 6)
        best = np.lexsort((-pair, shared))  # the longest is written last
        of[pair[best] // count] = pair[best] % count


def _adopted_seams(
    tiling: Tiling,
    ids: list[str],
    offset: Floats,
    crs: CRS,
    drawn: Drawn,
    blocks: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame | None,
    options: BlockOptions,
) -> gpd.GeoDataFrame:
    p = tiling.pieces
    start, end, of, feature = name_along(p.xy[p.a], p.xy[p.b], drawn, options.adopt_along_m)
    left, right = tiling.left[of], tiling.right[of]
    home = np.append(blocks["community_id"].fillna("").to_numpy(object), "")
    one, two = home[left], home[right]
    border = (feature < 0) & (one != two) & (one != "") & (two != "")
    swap = one > two
    one, two = np.where(swap, two, one)[border], np.where(swap, one, two)[border]
    pairs = pd.Series([*zip(one, two, strict=True)], dtype=object)
    code, unique = pd.factorize(pairs)
    names, names_en = _community_names(communities)
    rows = [
        ("border", border_name(names.get(x, x), names.get(y, y)), border_name_en(names_en.get(x, x), names_en.get(y, y)),
         False, -1, False, "border", f"{x}|{y}")
        for x, y in unique
    ]  # fmt: skip
    rows.append(("study_edge", "", "", False, -1, False, "edge", ""))
    table = pd.DataFrame(rows, columns=["kind", "name", "name_en", "barrier", "oneway", "roundabout", "origin", "row"])
    known = drawn.features.count
    nothing = Lines(np.empty((0, 2)), np.empty((0, 2)), np.empty(0, np.int64))
    features = _with(drawn, table, nothing).features
    feature[border] = known + code
    feature[(feature < 0) & ((left < 0) | (right < 0))] = known + len(rows) - 1
    return seam_table(start + offset, end + offset, left, right, feature, features, ids, crs)


def _community_names(communities: gpd.GeoDataFrame | None) -> tuple[dict[str, str], dict[str, str]]:
    if communities is None:
        return {}, {}
    ids = communities.index.astype(str)
    names = {i: n or i for i, n in zip(ids, text(communities, "name"), strict=True)}
    return names, {i: n or names[i] for i, n in zip(ids, text(communities, "name_en"), strict=True)}
