"""Blocks: the study area cut along roads, rivers, railways and today's borders, and the seams between them.

Two ways to get them. `cut_blocks` cuts an area along lines; `adopt_blocks` takes ready-made areas (census areas, whole
communities) and only cleans their tiling. Both give blocks which tile the land exactly - no gap, no overlap - and seams
which know by name and class what they follow.
"""

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geo.blocks.covers import clean_cover
from geo.blocks.estates import entered_estates, estate_groups, keep_estates
from geo.blocks.lines import (
    COLUMNS,
    Drawn,
    Lines,
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
from geo.blocks.noding import inside, node
from geo.blocks.options import DEFAULT_OPTIONS, BlockOptions
from geo.blocks.seams import Borders, seam_table
from geo.blocks.slivers import drop_needles, settle
from geo.blocks.tiling import NOTHING, Floats, Shapes, Tiling, segments_of, tile
from geo.errors import Fault, InputError
from geo.schema import check, conform
from geo.study import Repair

__all__ = ["BlockOptions", "Blocks", "adopt_blocks", "cut_blocks"]

ROW_M = 100.0
"""Reading order goes by rows of this height."""


@dataclass(frozen=True)
class _Place:
    """Where a drawing near the origin really lies, and what its faces are called."""

    offset: Floats
    crs: CRS
    ids: list[str]


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
    """Return the blocks that roads, rivers, railways and today's borders cut out of an area, and their seams.

    A block is land between edges: it is never thinner than `min_width_m` nor smaller than `min_area_m2` (unless all the
    land there is), and all blocks together are the area, exactly. Carriageways of one road, roundabouts and a river's
    banks are one line each, in the middle; slip roads vanish; a road beside an old border or a wall stays the road.
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
        `blocks` in reading order from the north-west (B0001 …) with area_m2, community_id (today's, by the larger
        share) and group_id (where an estate still spans several blocks); `seams`; `repairs`.

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
    crossed = entered_estates(estates, drawn, options)
    if crossed is not None:
        drawn = _with(drawn, *walls_of(crossed))
    drawn = _with(drawn, *_edge_of(shape))
    lines = inside(drawn.lines, shape)
    pieces, closed = node(lines, shape, drawn.features, options)
    repairs += closed
    tiling = tile(pieces, shape)
    if crossed is not None:
        tiling, kept = keep_estates(tiling, crossed, drawn.features, options)
        repairs += kept
    tiling = settle(drop_needles(tiling, drawn.features), shape, drawn, lines, options)
    tiling = _in_reading_order(tiling)
    place = _Place(offset, crs, [f"B{i + 1:0{max(len(str(tiling.count)), 4)}d}" for i in range(tiling.count)])
    group, grouped = estate_groups(tiling, estates, options)
    blocks = _block_table(tiling, place, group, communities)
    seams = _cut_seams(tiling, place, drawn, options)
    return Blocks(blocks, seams, (*repairs, *grouped))


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
        Tables of a study in the same CRS, or None. Communities give `community_id`, and names to borders off the roads.
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
    tiling, mended = clean_cover(shapes, ids, shape, options)
    kept = dict(polygons.drop(columns=polygons.geometry.name))
    if communities is not None:
        kept["community_id"] = pd.Series(_larger_share(tiling.faces, communities), polygons.index, dtype="str")
    table = gpd.GeoDataFrame(kept, index=polygons.index.astype("str"), geometry=_shift(tiling.faces, offset), crs=crs)
    table["area_m2"] = np.round(shapely.area(tiling.faces), 3)
    blocks = conform(table, "blocks")
    drawn = draw(roads, barriers, None, road_classes=options.road_classes, barrier_kinds=options.barrier_kinds)
    home, place = blocks["community_id"], _Place(offset, crs, ids)
    seams = _adopted_seams(tiling, place, drawn, home=home, communities=communities, options=options)
    return Blocks(blocks, seams, (*repairs, *mended))


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
            sentence, sentence_zh = f"the outline was invalid: {why}", f"边界无效,已修复:{why}"
            repairs.append(Repair("study_area", str(row), "repaired", "self_intersection", sentence, sentence_zh))
    shape = shapely.union_all(shapely.make_valid(shapes)) if repairs else shapely.union_all(shapes)
    if shape.is_empty or shape.area <= 0:
        ids = tuple(str(row) for row in area.index)
        raise InputError(Fault("the study area is empty", "give the area as a polygon, or draw it", "study_area", ids))
    parts = shapely.get_parts(shape)
    return MultiPolygon(list(parts[shapely.area(parts) > 0])), repairs


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
    present = pd.DataFrame({column: getattr(f, column) for column in COLUMNS}).iloc[:-1]
    more = Lines(lines.start, lines.end, lines.feature + f.count)
    return replace(drawn, features=features_of([present, table]), lines=drawn.lines.joined(more))


def _edge_of(shape: BaseGeometry) -> tuple[pd.DataFrame, Lines]:
    start, end, _ = segments_of(shapely.get_rings(shapely.get_parts(shape)))
    table = pd.DataFrame([("study_edge", "", "", False, -1, False, "edge", "")], columns=COLUMNS)
    return table, Lines(start, end, np.zeros(len(start), np.int64))


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
    tiling: Tiling, place: _Place, group: list[str | float], communities: gpd.GeoDataFrame | None
) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(
        {
            "area_m2": np.round(shapely.area(tiling.faces), 3),
            "community_id": pd.array(_larger_share(tiling.faces, communities), dtype="str"),
            "group_id": pd.array(group, dtype="str"),
        },
        index=pd.Index(place.ids, name="block_id", dtype="str"),
        geometry=_shift(tiling.faces, place.offset),
        crs=place.crs,
    )
    return conform(table, "blocks")


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


def _cut_seams(tiling: Tiling, place: _Place, drawn: Drawn, options: BlockOptions) -> gpd.GeoDataFrame:
    p = tiling.pieces
    start, end = p.xy[p.a], p.xy[p.b]
    outer = (tiling.left < 0) | (tiling.right < 0)
    study_edge = drawn.features.count - 1
    named = _named_only(drawn, study_edge)
    s, e, of, feature = name_along(start[outer], end[outer], named, options.along_m)
    rows = np.flatnonzero(outer)[of]
    feature = np.where(feature >= 0, feature, study_edge)
    borders = Borders(
        np.concatenate([start[~outer], s]) + place.offset,
        np.concatenate([end[~outer], e]) + place.offset,
        np.concatenate([tiling.left[~outer], tiling.left[rows]]),
        np.concatenate([tiling.right[~outer], tiling.right[rows]]),
        np.concatenate([p.source[~outer], feature]),
    )
    return seam_table(borders, drawn.features, place.ids, place.crs)


def _named_only(drawn: Drawn, study_edge: int) -> Drawn:
    """Return what may give the study's edge its name: all but the edge itself, estate walls and one-sided borders."""
    f = drawn.features
    one_sided = (f.origin == "border") & np.array(["|" not in str(row) for row in f.row])
    keep = (drawn.lines.feature != study_edge) & (f.origin != "wall")[drawn.lines.feature]
    keep &= ~one_sided[drawn.lines.feature]
    return replace(drawn, lines=Lines(drawn.lines.start[keep], drawn.lines.end[keep], drawn.lines.feature[keep]))


def _adopted_seams(
    tiling: Tiling,
    place: _Place,
    drawn: Drawn,
    *,
    home: pd.Series,
    communities: gpd.GeoDataFrame | None,
    options: BlockOptions,
) -> gpd.GeoDataFrame:
    p = tiling.pieces
    start, end, of, feature = name_along(p.xy[p.a], p.xy[p.b], drawn, options.adopt_along_m)
    left, right = tiling.left[of], tiling.right[of]
    community = np.append(home.fillna("").to_numpy(object), "")
    one, two = community[left], community[right]
    border = (feature < 0) & (one != two) & (one != "") & (two != "")
    swap = one > two
    one, two = np.where(swap, two, one)[border], np.where(swap, one, two)[border]
    pairs = pd.Series([*zip(one, two, strict=True)], dtype=object)
    code, unique = pd.factorize(pairs)
    names, names_en = _community_names(communities)
    rows: list[tuple[str, str, str, bool, int, bool, str, str]] = []
    for x, y in unique:
        name = border_name(names.get(x, x), names.get(y, y))
        name_en = border_name_en(names_en.get(x, x), names_en.get(y, y))
        rows.append(("border", name, name_en, False, -1, False, "border", f"{x}|{y}"))
    rows.append(("study_edge", "", "", False, -1, False, "edge", ""))
    table = pd.DataFrame(rows, columns=COLUMNS)
    known = drawn.features.count
    nothing = Lines(np.empty((0, 2)), np.empty((0, 2)), np.empty(0, np.int64))
    features = _with(drawn, table, nothing).features
    feature[border] = known + code
    feature[(feature < 0) & ((left < 0) | (right < 0))] = known + len(rows) - 1
    borders = Borders(start + place.offset, end + place.offset, left, right, feature)
    return seam_table(borders, features, place.ids, place.crs)


def _community_names(communities: gpd.GeoDataFrame | None) -> tuple[dict[str, str], dict[str, str]]:
    if communities is None:
        return {}, {}
    ids = communities.index.astype(str)
    names = {i: n or i for i, n in zip(ids, text(communities, "name"), strict=True)}
    return names, {i: n or names[i] for i, n in zip(ids, text(communities, "name_en"), strict=True)}
