"""Mapbox Vector Tiles (2.1) from arrays: project, simplify, clip, round, check, write."""

import numpy as np
import pyarrow as pa

from layers.tiles.grids import Tile
from layers.tiles.projecting import Projection


def encode(
    name: str, geometry: np.ndarray, ids: pa.Array, attributes: pa.Table, tile: Tile, projection: Projection
) -> bytes:
    """Return one layer of a tile; empty when no feature falls into it."""
    raise NotImplementedError
