"""Mapbox Vector Tiles (2.1) from arrays: project, simplify, clip, round, check, write.

Every feature that meets a tile is in it, however small: what is smaller than a unit of the tile is drawn as one. What
comes out is valid after rounding: a shape that rounding has spoilt is put right by GEOS on the same whole numbers.
"""

import numpy as np
import pyarrow as pa
import shapely

from layers.tiles import kernels
from layers.tiles.attributes import places, tags_of, text_buffers, varint
from layers.tiles.grids import BUFFER, EXTENT, Tile
from layers.tiles.projecting import Projection
from layers.tiles.shapes import paths_of, polygons_of

_LOW, _HIGH = -float(BUFFER), float(EXTENT + BUFFER)

_FINE = 16
"""From this level on shapes are not simplified."""

_TOLERANCE = 1.5
"""Of simplification below that level [tile units]: a fifth of a pixel where a tile is drawn 512 pixels wide."""


def encode(
    name: str, geometry: np.ndarray, ids: pa.Array, attributes: pa.Table, *, tile: Tile, projection: Projection
) -> bytes:
    """Return one layer of a tile; layers put one behind the other are a tile of them all.

    Parameters
    ----------
    name
        Of the layer.
    geometry
        Shapes in the CRS of `projection`; those that do not meet the tile are left out.
    ids
        Text ids; features get `feature_ids` of them.
    attributes
        Table of the same order. Its columns become properties: texts, integers, numbers, flags; missing values are
        left out.
    tile
    projection

    Returns
    -------
    bytes
        Empty when no feature meets the tile.
    """
    drawn = _draw(geometry, tile, projection)
    there = np.flatnonzero(drawn.kind)
    if not len(there):
        return b""
    if len(there) < len(geometry):
        taken = places(there)
        ids, attributes = ids.take(taken), attributes.take(taken)
    tags = tags_of(attributes)
    written = kernels.features(
        drawn.commands, drawn.begin[there], drawn.end[there], drawn.kind[there], feature_ids(ids), tags.codes
    )
    text = name.encode()
    body = b"".join((
        b"\x78\x02\x0a", varint(len(text)), text, memoryview(written), tags.keys, tags.values, b"\x28", varint(EXTENT),
    ))  # fmt: skip
    return b"\x1a" + varint(len(body)) + body


def feature_ids(ids: pa.Array) -> np.ndarray:
    """Return the numbers that features have in tiles: 53 bits of a hash of the text id, the same for ever."""
    return kernels.hashes(*text_buffers(ids))  # type: ignore[no-any-return]


class _Drawn:
    """The commands of every feature: `begin[f]` to `end[f]`, with its kind (0 for none)."""

    def __init__(self, commands: np.ndarray, start: np.ndarray, kind: np.ndarray) -> None:
        self.commands, self.begin, self.end, self.kind = commands, start[:-1].copy(), start[1:].copy(), kind

    def replace(self, features: np.ndarray, other: "_Drawn") -> None:
        """Put the commands of others in place of those of some features."""
        moved = len(self.commands)
        self.commands = np.concatenate([self.commands, other.commands])
        self.begin[features], self.end[features] = other.begin + moved, other.end + moved
        self.kind[features] = other.kind


def _draw(geometry: np.ndarray, tile: Tile, projection: Projection) -> _Drawn:
    paths = paths_of(geometry)
    xy, way = projection.to_tile(tile, paths.xy)
    commands, start, kind, doubt = kernels.draw(
        xy, paths.path_start, paths.role, paths.feature_start, way.at, way.east, way.north,
        _LOW, _HIGH, _TOLERANCE if tile.level < _FINE else 0.0, True,
    )  # fmt: skip
    drawn = _Drawn(commands, start, kind)
    doubtful = np.flatnonzero(doubt)
    if len(doubtful):
        shapes = polygons_of(commands, drawn.begin[doubtful], drawn.end[doubtful])
        wrong = doubtful[~shapely.is_valid(shapes)]
        if len(wrong):
            drawn.replace(wrong, _put_right(geometry[wrong], tile, projection))
    return drawn


_BOX = np.array([_LOW, _LOW, _HIGH, _HIGH])


def _put_right(geometry: np.ndarray, tile: Tile, projection: Projection) -> _Drawn:
    """Draw shapes that rounding has spoilt: GEOS rounds them so that they stay valid."""

    def to_tile(xy: np.ndarray) -> np.ndarray:
        xy, way = projection.to_tile(tile, xy)
        u, v = (xy - way.at[:2]).T * way.at[2]
        east = np.polynomial.polynomial.polyval2d(u, v, way.east)
        return np.stack([east, np.polynomial.polynomial.polyval2d(u, v, way.north)], axis=1)

    shapes = shapely.transform(shapely.force_2d(geometry), to_tile)
    if tile.level < _FINE:
        shapes = shapely.simplify(shapes, _TOLERANCE)
    shapes = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
    box = shapely.box(_LOW, _LOW, _HIGH, _HIGH)
    rounded = shapely.intersection(shapes, box, grid_size=1.0)
    gone = np.flatnonzero(shapely.area(rounded) == 0)
    if len(gone):
        # Nothing is left of it but a line or a point: a small square stands for it.
        minx, miny, maxx, maxy = shapely.bounds(shapely.intersection(shapes[gone], box)).T
        x, y = np.round((minx + maxx) / 2), np.round((miny + maxy) / 2)
        rounded[gone] = np.where(np.isnan(x), None, shapely.box(x - 1, y - 1, x + 1, y + 1))
    paths = paths_of(rounded)
    same = np.array([[0.0, 0.0], [1.0, 0.0]])
    commands, start, kind, _ = kernels.draw(
        paths.xy, paths.path_start, paths.role, paths.feature_start, np.array([0.0, 0.0, 1.0]), same, same.T.copy(),
        _LOW - 1, _HIGH + 1, 0.0, False,
    )  # fmt: skip
    return _Drawn(commands, start, kind)
