"""The ground and the people as rasters: a terrain model with hills and a river valley, and a population grid."""

from pathlib import Path

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray

from town import plan
from town.curves import Pair, smooth
from town.layout import Nature
from town.people import Home

DEM_CELL_M = 30.0
POPULATION_CELL_M = 100.0
RIDGES: tuple[tuple[tuple[Pair, ...], float, float], ...] = (
    (
        (
            (-4900, 1800),
            (-4000, 2500),
            (-3100, 3200),
            (-2000, 3500),
            (-900, 3900),
            (300, 3700),
            (1400, 3950),
            (2600, 3500),
            (3400, 3100),
        ),
        190.0,
        620.0,
    ),
    (((-1900, 3500), (-1750, 2950)), 95.0, 330.0),
    (((-3300, 3050), (-3200, 2650)), 110.0, 300.0),
    (((1300, 3900), (1200, 3150)), 100.0, 360.0),
    (((2500, 3500), (2300, 3150)), 80.0, 300.0),
    (((-5000, -2600), (-4300, -2450)), 70.0, 380.0),
    (((-2900, -3300), (-2300, -3500), (-1000, -3600)), 60.0, 300.0),
)
"""Ridge lines on straightened ground, their height above the plain and half-width, in metres."""


def terrain(nature: Nature, rng: np.random.Generator) -> tuple[NDArray[np.float32], Affine]:
    """Return heights in metres above sea level, one value per 30 m cell, north up."""
    x, y, transform = _grid(nature, DEM_CELL_M, 300.0)
    points = shapely.points(x, y)
    height = 6.0 + 0.0006 * (x.max() - x)
    for ridge, rise, width in RIDGES:
        distance = shapely.distance(points, plan.on_ground(smooth(ridge, 60)))
        height += rise * np.exp(-((distance / width) ** 2) / 1.3) * (1 + 0.25 * _noise(x.shape, rng, 22))
    river = shapely.distance(points, nature.river)
    height -= 3.2 * np.exp(-((river / 120) ** 2)) - 1.1 * np.exp(-(((river - 110) / 40) ** 2))
    brooks = shapely.distance(points, shapely.union_all([s.shape for s in nature.streams]))
    height -= np.minimum(1.5 + 0.08 * (height - 6), 9) * np.exp(-((brooks / 45) ** 2))
    height += 0.8 * _noise(x.shape, rng, 12) + 0.25 * _noise(x.shape, rng, 3)
    return np.round(np.maximum(height, 1.0), 1).astype(np.float32), transform


def population(homes: list[Home], nature: Nature, rng: np.random.Generator) -> tuple[NDArray[np.float32], Affine]:
    """Return people per 100 m cell as a world-wide model would guess them: blurred, with the true total."""
    x, y, transform = _grid(nature, POPULATION_CELL_M, 150.0)
    grid = np.zeros(x.shape)
    for home in homes:
        c = home.building.shape.centroid
        row, column = (transform.f - c.y) / POPULATION_CELL_M, (c.x - transform.c) / POPULATION_CELL_M
        grid[int(row), int(column)] += home.people
    kernel = np.array([[1, 2, 1], [2, 9, 2], [1, 2, 1]]) / 21
    padded = np.pad(grid, 1)
    blurred = sum(kernel[i, j] * padded[i : i + x.shape[0], j : j + x.shape[1]] for i in range(3) for j in range(3))
    guess = blurred * np.exp(rng.normal(0, 0.16, x.shape))
    shapely.prepare(nature.outline)
    guess[~shapely.intersects(nature.outline.buffer(60), shapely.points(x, y))] = 0
    return np.round(guess * grid.sum() / guess.sum(), 2).astype(np.float32), transform


def write_raster(values: NDArray[np.float32], transform: Affine, path: Path) -> None:
    """Write one band of 32-bit floats, deflated, in the town's CRS."""
    rows, columns = values.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=columns,
        height=rows,
        count=1,
        dtype="float32",
        crs=plan.CRS,
        transform=transform,
        nodata=-9999.0,
        compress="deflate",
        predictor=3,
        zlevel=9,
    ) as out:
        out.write(values, 1)


def _grid(nature: Nature, cell_m: float, margin_m: float) -> tuple[NDArray[np.float64], NDArray[np.float64], Affine]:
    """Return the cells' centres and the transform; the corner is a multiple of the cell."""
    west, south, east, north = nature.outline.buffer(margin_m).bounds
    west, north = np.floor(west / cell_m) * cell_m, np.ceil(north / cell_m) * cell_m
    columns, rows = int(np.ceil((east - west) / cell_m)), int(np.ceil((north - south) / cell_m))
    x, y = np.meshgrid(west + (np.arange(columns) + 0.5) * cell_m, north - (np.arange(rows) + 0.5) * cell_m)
    return x, y, Affine(cell_m, 0, west, 0, -cell_m, north)


def _noise(shape: tuple[int, ...], rng: np.random.Generator, radius: int) -> NDArray[np.float64]:
    """Return smooth noise of about unit height: white noise averaged twice over a window."""
    values = rng.normal(0, 1, shape)
    window = np.hanning(2 * radius + 1)
    for axis in (0, 1):
        padded = np.pad(values, [(radius, radius) if a == axis else (0, 0) for a in (0, 1)], mode="reflect")
        values = np.sum([w * padded.take(range(i, i + shape[axis]), axis) for i, w in enumerate(window)], axis=0)
    return np.asarray(values / values.std(), dtype=np.float64)
