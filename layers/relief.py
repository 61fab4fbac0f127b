"""Slope and hillshade of a height model: Horn's method on the cells as they are, in metres on the ground."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from geo.raster import Raster

METRES_A_DEGREE: Final = 111_320.0
"""Length of a degree along the equator and, nearly, along a meridian [m]."""

SUN_AZIMUTH, SUN_ALTITUDE = 315.0, 45.0
"""Where the light comes from [degrees from north, above the horizon]: from the upper left, as maps have it."""

Floats = npt.NDArray[np.float64]


def slope(heights: Raster) -> Raster:
    """Return how steep the ground is [degrees], on the same cells; NaN where the height is not known.

    Examples
    --------
    >>> from affine import Affine
    >>> from pyproj import CRS
    >>> ramp = np.tile(np.arange(5, dtype="float32") * 10, (5, 1))
    >>> float(slope(Raster(ramp, Affine(10, 0, 0, 0, -10, 0), CRS.from_epsg(4549))).values[2, 2])
    45.0
    """
    east, north = gradient(heights)
    degrees = np.degrees(np.arctan(np.hypot(east, north)))
    return Raster(degrees.astype(np.float32), heights.transform, heights.crs)


def hillshade(heights: Raster, *, exaggeration: float = 1.0) -> Raster:
    """Return how much light falls on the ground, 0 (none) to 1, on the same cells; NaN where the height is not known.

    Level ground has the sine of the sun's altitude, 0.71. `exaggeration`: how many times higher hills are taken than
    they are, for towns in a plain.
    """
    east, north = (exaggeration * each for each in gradient(heights))
    azimuth, altitude = np.radians(SUN_AZIMUTH), np.radians(SUN_ALTITUDE)
    towards = np.array([np.sin(azimuth) * np.cos(altitude), np.cos(azimuth) * np.cos(altitude), np.sin(altitude)])
    light = (-east * towards[0] - north * towards[1] + towards[2]) / np.sqrt(1 + east**2 + north**2)
    return Raster(np.clip(light, 0, 1).astype(np.float32), heights.transform, heights.crs)


def gradient(heights: Raster) -> tuple[Floats, Floats]:
    """Return the rise towards the east and towards the north [m per m] of every cell (Horn 1981).

    At the edge, and beside cells that are not known, the cell's own height stands for the missing one.
    """
    values = heights.values.astype(np.float64)
    padded = np.pad(values, 1, mode="edge")
    around = {(row, column): padded[1 + row : 1 + row + values.shape[0], 1 + column : 1 + column + values.shape[1]]
              for row in (-1, 0, 1) for column in (-1, 0, 1)}  # fmt: skip
    near = {key: np.where(np.isnan(each), values, each) for key, each in around.items()}
    across = sum(weight * (near[row, 1] - near[row, -1]) for row, weight in ((-1, 1.0), (0, 2.0), (1, 1.0)))
    down = sum(weight * (near[1, column] - near[-1, column]) for column, weight in ((-1, 1.0), (0, 2.0), (1, 1.0)))
    wide, high = cell_m(heights)
    step = heights.transform
    across = np.where(np.isnan(values), np.nan, across)  # its neighbours alone would tell a slope
    return np.sign(step.a) * across / (8 * wide), np.sign(step.e) * down / (8 * high)


def cell_m(raster: Raster) -> tuple[Floats, Floats]:
    """Return the width and height of the cells of each row [m], as columns: degrees are longer near the equator."""
    step, rows = raster.transform, raster.values.shape[0]
    wide = np.full((rows, 1), abs(float(step.a)))
    high = np.full((rows, 1), abs(float(step.e)))
    if raster.crs.is_geographic:
        latitude = step.f + (np.arange(rows) + 0.5) * step.e
        wide = wide * METRES_A_DEGREE * np.cos(np.radians(latitude))[:, None]
        high = high * METRES_A_DEGREE
    return wide, high
