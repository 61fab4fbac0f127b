"""What a raster says under polygons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from geo.errors import Fault, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

_DECIMALS = 6
"""Corners are rounded to a millionth of a cell. exactextract 0.3 may end the whole process when a corner lies closer to
a cell's edge than that without lying on it."""


@dataclass(frozen=True)
class Raster:
    """One band held in memory: `values` float32 (rows, columns), NaN where nothing is known; any CRS."""

    values: NDArray[np.float32]
    transform: Affine
    crs: CRS


def sum_under(raster: Raster, polygons: gpd.GeoSeries | gpd.GeoDataFrame) -> pd.Series:
    """Return the sum of the raster's cells under each polygon, each cell counted by the share of it that is covered.

    A polygon that covers a quarter of a cell of 40 people gets 10 of them: polygons smaller than a cell are never
    lost, and the sums under a tiling of the raster add up to the raster.

    Parameters
    ----------
    raster
        Amounts per cell (people, not people per km²).
    polygons
        In any CRS; they are projected to the raster's.

    Returns
    -------
    pandas.Series
        float64 in the raster's unit, with the index and order of `polygons`. NaN where no known cell lies under the
        polygon: off the raster, or wholly on cells without data. Beside known cells, unknown ones add nothing.

    Raises
    ------
    InputError
        When the polygons have no CRS, or the raster is turned against its CRS or has cells of no size.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> raster = Raster(np.array([[8, 4]], dtype="float32"), Affine(100, 0, 0, 0, -100, 100), CRS.from_epsg(4549))
    >>> sum_under(raster, gpd.GeoSeries([box(50, 0, 150, 50)], index=["b1"], crs=4549))
    b1    3.0
    dtype: float64
    """
    import pandas as pd  # noqa: PLC0415 - who only holds a raster carries no tables

    shapes = polygons.geometry
    if shapes.crs is None:
        raise InputError(Fault("the polygons have no coordinate reference system", "say which one they are in"))
    found = pd.Series(np.nan, index=shapes.index, dtype="float64")
    solid = ~(shapes.isna() | shapes.is_empty).to_numpy()
    if not solid.any():
        return found
    values, corner, cell = _north_up(raster)
    in_cells = shapely.transform(
        np.asarray(shapes.array[solid].to_crs(raster.crs)), lambda xy: np.round((xy - corner) / cell, _DECIMALS)
    )
    polygon, cells, share = _covered(in_cells, values.shape)
    value = values.ravel()[cells]
    known = ~np.isnan(value) & (share > 0)
    rows = np.flatnonzero(solid)
    sums = np.bincount(polygon[known], share[known] * value[known], minlength=len(rows))
    heard = np.bincount(polygon[known], minlength=len(rows)) > 0
    found.iloc[rows[heard]] = sums[heard]
    return found


def _north_up(raster: Raster) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the values from the north-west on, their south-west corner, and the cell's size."""
    step = raster.transform
    if step.b or step.d or not step.a or not step.e or raster.values.ndim != 2:
        raise InputError(
            Fault("the raster is turned against its coordinate system, or its cells have no size",
                  "warp it to a north-up grid, e.g. with gdalwarp")
        )  # fmt: skip
    values = raster.values.astype("float64")  # float32 sums would lose single people in a city of millions
    rows, columns = values.shape
    corner = np.array([min(step.c, step.c + columns * step.a), min(step.f, step.f + rows * step.e)])
    values = values[:: -1 if step.e > 0 else 1, :: -1 if step.a < 0 else 1]
    return values, corner, np.abs([step.a, step.e])


def _covered(
    shapes: NDArray[np.object_], size: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return which polygon covers which cell (counted along the rows from the north-west) by which share (0 to 1).

    The coverage found by exactextract is added up and compared with the polygon's area: an edge that runs exactly
    through a corner of a cell may cost it a cell. Such polygons are cut cell by cell instead.
    """
    import geopandas as gpd  # noqa: PLC0415 - as above
    from exactextract import exact_extract  # noqa: PLC0415 - only who looks under polygons carries it
    from exactextract.raster import NumPyRasterSource  # noqa: PLC0415 - as above

    rows, columns = size
    crs = CRS.from_epsg(3857)  # any: both sides are in cells, and exactextract only compares
    grid = NumPyRasterSource(np.ones(size), 0, 0, columns, rows, srs_wkt=crs.to_wkt())
    places = gpd.GeoDataFrame({"row": np.arange(len(shapes))}, geometry=gpd.GeoSeries(shapes, crs=crs))
    table = exact_extract(grid, places, ["cell_id", "coverage"], include_cols=["row"], output="pandas")
    table = table.sort_values("row")
    counts = table["cell_id"].map(len).to_numpy()
    polygon = np.repeat(table["row"].to_numpy(), counts)
    cells = np.concatenate(table["cell_id"].to_list()).astype(np.int64)
    share = np.concatenate(table["coverage"].to_list()).astype("float64")
    on_grid = shapely.area(shapes)
    west, south, east, north = shapely.bounds(shapes).T
    over = (west < 0) | (south < 0) | (east > columns) | (north > rows)
    on_grid[over] = shapely.area(
        shapely.intersection(shapely.make_valid(shapes[over]), shapely.box(0, 0, columns, rows))
    )
    found = np.bincount(polygon, share, minlength=len(shapes))
    wrong = np.flatnonzero(np.abs(found - on_grid) > 1e-3 + 1e-5 * on_grid)
    kept = ~np.isin(polygon, wrong)
    cut = [_cut(shapes[i], int(i), size) for i in wrong]
    return (
        np.concatenate([polygon[kept], *(c[0] for c in cut)]),
        np.concatenate([cells[kept], *(c[1] for c in cut)]),
        np.concatenate([share[kept], *(c[2] for c in cut)]),
    )


def _cut(
    shape: shapely.Geometry, number: int, size: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return one polygon's part of `_covered`, from the polygon cut along the cells."""
    rows, columns = size
    west, south, east, north = shapely.bounds(shape)
    column = np.arange(max(int(west), 0), min(int(np.ceil(east)), columns))
    row = np.arange(max(int(rows - north), 0), min(int(np.ceil(rows - south)), rows))
    row, column = (axis.ravel() for axis in np.meshgrid(row, column, indexing="ij"))
    boxes = shapely.box(column, rows - row - 1, column + 1, rows - row)
    share = shapely.area(shapely.intersection(boxes, shapely.make_valid(shape)))
    return np.full(len(row), number), row * columns + column, share
