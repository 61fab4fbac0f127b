"""Read GeoTIFF rasters: people per cell, ground height."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from pyproj import CRS
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.windows import Window

from geo.crs import bounds_in
from geo.errors import Fault, InputError
from geo.ingest.formats import require_file
from geo.raster import Raster

MAX_CELLS = 50_000_000
"""A raster with more cells than this inside the study area is refused."""

_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def raster_kind(path: Path) -> str | None:
    """Return which raster a file name speaks of: `population`, `dem`, or None.

    >>> raster_kind(Path("xitun_population_50m.tif")), raster_kind(Path("DEM30.tif")), raster_kind(Path("ortho.tif"))
    ('population', 'dem', None)
    """
    name = path.stem.lower()
    if "pop" in name or "人口" in name:
        return "population"
    if "dem" in name or "高程" in name:
        return "dem"
    return None


def check_raster(path: Path) -> CRS:
    """Return the CRS of a GeoTIFF after checking that it is one we can read.

    Raises
    ------
    InputError
        When there is no such file, it is no GeoTIFF, has several bands, or says neither CRS nor place.
    """
    require_file(path)
    file = str(path)
    with path.open("rb") as stream:
        if stream.read(4) not in _TIFF:
            raise InputError(Fault("the file ends in .tif but is no TIFF", "export it again as GeoTIFF", file=file))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a missing place is refused just below, in our own words
            with rasterio.open(path, driver="GTiff") as source:
                bands, kind = source.count, source.dtypes[0]
                crs, placed = source.crs, source.transform != Affine.identity()
    except RasterioIOError as error:
        raise _damaged(file, error) from error
    if bands != 1 or kind.startswith("complex"):
        raise InputError(
            Fault(
                f"the raster has {bands} bands of {kind}; one band of numbers is needed",
                "export the one band",
                file=file,
            )
        )
    if not placed:
        raise InputError(
            Fault(
                "the raster does not say where it lies (no geotransform)",
                "export it again as GeoTIFF with its place",
                file=file,
            )
        )
    if crs is None:
        raise InputError(
            Fault(
                "the raster states no coordinate reference system",
                "assign one in QGIS (Raster > Projections > Assign Projection)",
                file=file,
            )
        )
    return CRS.from_wkt(crs.to_wkt())


def read_raster(path: Path, bounds: Sequence[float], crs: CRS) -> Raster:
    """Return the cells of a GeoTIFF that lie within bounds, in its own CRS; NaN where it says nothing.

    Parameters
    ----------
    path
        A GeoTIFF that `check_raster` accepts.
    bounds
        West, south, east, north in `crs`.

    Raises
    ------
    InputError
        When the raster does not reach the bounds, is too fine to be held in memory, or is cut short.
    """
    own, file = check_raster(path), str(path)
    within = bounds_in(bounds, crs, own)
    try:
        with rasterio.open(path, driver="GTiff") as source:
            west, south, east, north = within
            to_cells = ~source.transform
            across, down = np.array([to_cells @ (x, y) for x in (west, east) for y in (south, north)]).T
            left, right = max(math.floor(across.min()), 0), min(math.ceil(across.max()), source.width)
            top, bottom = max(math.floor(down.min()), 0), min(math.ceil(down.max()), source.height)
            if right <= left or bottom <= top:
                raise InputError(
                    Fault(
                        "the raster does not reach the study area",
                        f"check its coordinate reference system ({own.name}), or give the raster of this place",
                        file=file,
                    )
                )
            if (right - left) * (bottom - top) > MAX_CELLS:
                raise InputError(
                    Fault(
                        f"the raster has more than {MAX_CELLS:,} cells in the study area",
                        "resample it to 10 m or coarser",
                        file=file,
                    )
                )
            window = Window(left, top, right - left, bottom - top)
            values = source.read(1, window=window, masked=True)
            scaled = values.astype("float64") * source.scales[0] + source.offsets[0]
            transform = source.transform @ Affine.translation(left, top)
    except RasterioError as error:
        raise _damaged(file, error) from error
    grid = np.ma.filled(scaled, np.nan).astype("float32")
    grid[~np.isfinite(grid)] = np.nan
    return Raster(grid, Affine(*transform[:6]), own)


def _damaged(file: str, error: Exception) -> InputError:
    line = str(error).strip().split("\n")[0][:160]
    return InputError(Fault(f"the raster is damaged or cut short ({line})", "copy or export it again", file=file))
