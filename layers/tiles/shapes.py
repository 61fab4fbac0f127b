"""Shapes as plain arrays of paths, and drawing commands as shapes again."""

from dataclasses import dataclass

import numpy as np
import shapely

from layers.tiles.kernels import HOLE, LINE, OUTER, POINT, corners

_POLYGON, _MULTI_POINT, _COLLECTION = 3, 4, 7


@dataclass(frozen=True)
class Paths:
    """Rings, lines and points of many shapes, as `kernels.draw` reads them."""

    xy: np.ndarray
    path_start: np.ndarray
    role: np.ndarray
    feature_start: np.ndarray


def paths_of(geometry: np.ndarray) -> Paths:
    """Return the paths of shapes, shape by shape; empty and absent shapes have none.

    Of a mixed collection only the parts of its highest dimension are drawn: a feature of a tile is of one kind.
    """
    parts, rows = _parts(geometry)
    kinds = shapely.get_type_id(parts)
    areas = kinds == _POLYGON
    role = np.where(areas, OUTER, np.where(kinds == 0, POINT, LINE)).astype(np.uint8)
    if np.any(areas) and np.any(shapely.get_num_interior_rings(parts)):
        rings, ring_of = shapely.get_rings(parts[areas], return_index=True)
        ring_role = np.where(np.diff(ring_of, prepend=-1) > 0, OUTER, HOLE).astype(np.uint8)
        parts = np.concatenate([rings, parts[~areas]])
        role = np.concatenate([ring_role, role[~areas]])
        rows = np.concatenate([rows[areas][ring_of], rows[~areas]])
        order = np.argsort(rows, kind="stable")
        parts, role, rows = parts[order], role[order], rows[order]
    return Paths(
        shapely.get_coordinates(parts),
        _starts(shapely.get_num_coordinates(parts)),
        role,
        _starts(np.bincount(rows, minlength=len(geometry))),
    )


def _parts(geometry: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the single-part shapes, and for each the position of the shape it is of."""
    rows = np.arange(len(geometry))
    kinds = shapely.get_type_id(geometry)
    if not np.any(kinds >= _MULTI_POINT):
        return geometry, rows
    parts = geometry
    # A collection may hold multi-part shapes, which hold single ones.
    for _ in range(2 if np.any(kinds == _COLLECTION) else 1):
        parts, part_of = shapely.get_parts(parts, return_index=True)
        rows = rows[part_of]
    if np.any(kinds == _COLLECTION):
        dimension = shapely.get_dimensions(parts)
        highest = np.full(len(geometry), -1)
        np.maximum.at(highest, rows, dimension)
        drawn = dimension == highest[rows]
        parts, rows = parts[drawn], rows[drawn]
    return parts, rows


def _starts(counts: np.ndarray) -> np.ndarray:
    """Return where each of a row of stretches begins, and behind them where the last one ends."""
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def polygons_of(commands: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the polygons that drawing commands draw [tile units], one (multi-part where need be) per feature."""
    xy, ring_start, outer, feature_of = corners(commands, begin, end)
    rings = shapely.linearrings(xy, indices=np.repeat(np.arange(len(ring_start) - 1), np.diff(ring_start)))
    polygon_of = np.cumsum(outer) - 1
    polygons = shapely.polygons(rings, indices=polygon_of)
    return shapely.multipolygons(polygons, indices=feature_of[outer])  # type: ignore[no-any-return]
