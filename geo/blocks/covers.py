"""Areas that nearly tile the land become an exact tiling."""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.blocks.options import BlockOptions
from geo.blocks.tiling import (
    NOTHING,
    Flags,
    Ints,
    Shapes,
    Tiling,
    as_lines,
    components,
    drawing,
    is_thin,
    segments_of,
    tile,
    unite,
)
from geo.errors import Fault, InputError
from geo.study import Repair


def clean_cover(
    shapes: Shapes, ids: list[str], shape: BaseGeometry | None, options: BlockOptions
) -> tuple[Tiling, list[Repair]]:
    """Return the tiling in which face i is area i: overlaps parted, gaps filled, crumbs given away."""
    repairs: list[Repair] = []
    valid = shapely.is_valid(shapes)
    repairs += [
        Repair("blocks", ids[i], "repaired", "self_intersection",
               f"the outline was invalid: {shapely.is_valid_reason(shapes[i])}", "边界自相交,已修复")
        for i in np.flatnonzero(~valid)
    ]  # fmt: skip
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
        what = f"{len(missing)} areas have no land of their own: others cover them, or they lie outside"
        rows = tuple(ids[i] for i in missing)
        raise InputError(Fault(what, "remove the doubles, or take a larger study area", "blocks", rows))
    gap = of < 0
    if shape is None:
        gap &= is_thin(tiling.faces, options.min_width_m) | (area < options.min_area_m2)
        hole = (of < 0) & ~gap
        if hole.any():
            what = f"{int(hole.sum())} gaps of {area[hole].sum():.0f} m² between the areas stay outside"
            repairs.append(Repair("blocks", "", "assumed", "holes_kept", what, f"{int(hole.sum())}处较大空白未填充"))
    crumb = _crumbs(tiling, of, len(ids), options.min_width_m)
    of = _fill(tiling, of, gap | crumb)
    filled = gap & (of >= 0)
    if area[filled].sum() >= 1.0:
        number = int(filled.sum())
        what = f"{number} gaps of {area[filled].sum():.0f} m² went to the neighbour with the longest border"
        repairs.append(Repair("blocks", "", "repaired", "gaps_filled", what, f"{number}处空隙并入共边最长的相邻地块"))
    left, right = np.append(of, NOTHING)[tiling.left], np.append(of, NOTHING)[tiling.right]
    keep = left != right
    faces, owners = unite(tiling.faces[of >= 0], of[of >= 0])
    ordered = np.empty(len(ids), dtype=object)
    ordered[owners] = faces
    return Tiling(tiling.pieces.only(keep), ordered, left[keep], right[keep]), repairs


def _crumbs(tiling: Tiling, of: Ints, count: int, width_m: float) -> Flags:
    """Return thin small parts of areas which an overlap cut off from the main part."""
    area = shapely.area(tiling.faces)
    same = (tiling.left >= 0) & (tiling.right >= 0)
    same[same] = of[tiling.left[same]] == of[tiling.right[same]]
    part = components(tiling.count, tiling.left[same], tiling.right[same])
    part_area = np.bincount(part, area)
    owned = of >= 0
    main = np.zeros(count)
    np.maximum.at(main, of[owned], part_area[part[owned]])
    crumb = owned & (part_area[part] < 0.01 * main[of])
    crumb[crumb] &= is_thin(tiling.faces[crumb], width_m)
    return np.asarray(crumb, dtype=bool)


def _fill(tiling: Tiling, of: Ints, vague: Flags) -> Ints:
    """Give vague faces to the owner with the longest shared border, from the outside in."""
    of = np.where(vague, NOTHING, of)
    face = np.concatenate([tiling.left, tiling.right])
    other = np.concatenate([tiling.right, tiling.left])
    length = np.tile(tiling.pieces.length, 2)
    use = (face >= 0) & (other >= 0)
    face, other, length = face[use], other[use], length[use]
    while True:
        ready = vague[face] & (of[face] < 0) & (of[other] >= 0)
        if not ready.any():
            return of
        count = int(of.max()) + 1
        pair, where = np.unique(face[ready] * count + of[other[ready]], return_inverse=True)
        shared = np.round(np.bincount(where, length[ready]), 6)
        best = np.lexsort((-pair, shared))  # the longest is written last
        of[pair[best] // count] = pair[best] % count
