"""What a raster says under polygons."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from affine import Affine
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray
from pyproj import CRS

from geo.errors import Fault, InputError


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
    >>> from shapely import box
    >>> raster = Raster(np.array([[8, 4]], dtype="float32"), Affine(100, 0, 0, 0, -100, 100), CRS.from_epsg(4549))
    >>> sum_under(raster, gpd.GeoSeries([box(50, 0, 150, 50)], index=["b1"], crs=4549))
    b1    3.0
    dtype: float64
    """
    shapes = polygons.geometry
    if shapes.crs is None:
        raise InputError(Fault("the polygons have no coordinate reference system", "say which one they are in"))
    source = _north_up(raster)
    found = pd.Series(np.nan, index=shapes.index, dtype="float64")
    solid = ~(shapes.isna() | shapes.is_empty).to_numpy()
    if not solid.any():
        return found
    places = gpd.GeoDataFrame({"row": np.flatnonzero(solid)}, geometry=shapes.array[solid].to_crs(raster.crs))
    sums = exact_extract(source, places, ["sum", "count"], include_cols=["row"], output="pandas")
    known = sums[sums["count"] > 0]
    found.iloc[known["row"].to_numpy()] = known["sum"].to_numpy()
    return found


def _north_up(raster: Raster) -> NumPyRasterSource:
    """Return the raster as exactextract reads it: the first row in the north, the first column in the west."""
    step = raster.transform
    if step.b or step.d or not step.a or not step.e or raster.values.ndim != 2:
        raise InputError(
            Fault("the raster is turned against its coordinate system, or its cells have no size",
                  "warp it to a north-up grid, e.g. with gdalwarp")
        )  # fmt: skip
    values = raster.values.astype("float64")  # float32 sums would lose single people in a city of millions
    rows, columns = values.shape
    west, east = sorted((step.c, step.c + columns * step.a))
    south, north = sorted((step.f, step.f + rows * step.e))
    values = values[:: -1 if step.e > 0 else 1, :: -1 if step.a < 0 else 1]
    return NumPyRasterSource(
        np.ascontiguousarray(values), west, south, east, north, nodata=np.nan, srs_wkt=raster.crs.to_wkt()
    )
