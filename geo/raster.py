"""What a raster says under polygons."""

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS


@dataclass(frozen=True)
class Raster:
    """One band held in memory: `values` float32 (rows, columns), NaN where nothing is known; any CRS."""

    values: NDArray[np.float32]
    transform: Affine
    crs: CRS
