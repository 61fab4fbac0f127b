"""Slope and light against hills whose answers are known."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geo.raster import Raster
from layers.relief import METRES_A_DEGREE, gradient, hillshade, slope

METRIC = CRS.from_epsg(4549)
CELL_M = 25.0
INNER = (slice(1, -1), slice(1, -1))


def plane(east: float, north: float, crs: CRS = METRIC, step: Affine | None = None) -> Raster:
    """A plane that rises by `east` and `north` [m per m], on 7 x 6 cells of 25 m."""
    rows, columns = np.mgrid[0:7, 0:6]
    heights = 100 + CELL_M * (columns * east - rows * north)
    return Raster(heights.astype("float32"), step or Affine(CELL_M, 0, 0, 0, -CELL_M, 0), crs)


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_a_plane_has_its_slope_everywhere(east: float, north: float) -> None:
    x, y = gradient(plane(east, north))
    assert x[INNER] == pytest.approx(np.full((5, 4), east), abs=1e-4)
    assert y[INNER] == pytest.approx(np.full((5, 4), north), abs=1e-4)
    steep = slope(plane(east, north)).values[INNER]
    assert steep == pytest.approx(np.full((5, 4), np.degrees(np.arctan(np.hypot(east, north)))), abs=1e-2)


def test_light_comes_from_the_upper_left() -> None:
    level = hillshade(plane(0, 0)).values[2, 2]
    towards, away = hillshade(plane(0.5, -0.5)).values[2, 2], hillshade(plane(-0.5, 0.5)).values[2, 2]
    assert level == pytest.approx(np.sin(np.radians(45)))
    assert towards > level > away  # the ground that falls to the north-west looks at the sun
    assert hillshade(plane(-0.2, 0.2), exaggeration=3).values[2, 2] < hillshade(plane(-0.2, 0.2)).values[2, 2]


def test_a_raster_written_from_the_south_is_the_same_hill() -> None:
    rising = plane(0, 0.3)
    turned = Raster(rising.values[::-1].copy(), Affine(CELL_M, 0, 0, 0, CELL_M, -7 * CELL_M), METRIC)
    assert hillshade(turned).values[::-1][INNER] == pytest.approx(hillshade(rising).values[INNER])


def test_degrees_are_metres_on_the_ground() -> None:
    degree = CELL_M / METRES_A_DEGREE
    step = Affine(degree / np.cos(np.radians(30)), 0, 120, 0, -degree, 30)
    steep = slope(plane(0.4, 0.3, CRS.from_epsg(4326), step)).values[INNER]
    assert steep == pytest.approx(np.full((5, 4), np.degrees(np.arctan(0.5))), abs=0.01)


def test_what_is_not_known_stays_unknown_and_spoils_nothing_else() -> None:
    hill = plane(0.2, 0.1)
    hill.values[3, 3] = np.nan
    steep = slope(hill).values
    assert np.isnan(steep[3, 3])
    assert np.isnan(steep).sum() == 1
    assert hillshade(hill).values.shape == hill.values.shape


def test_against_gdal(tmp_path) -> None:
    import shutil
    import subprocess

    import rasterio

    program = shutil.which("gdaldem")
    if program is None:
        pytest.skip("no gdaldem on this machine")
    heights = np.random.default_rng(7).normal(50, 5, (12, 15)).cumsum(axis=0).astype("float32")
    hill = Raster(heights, Affine(30, 0, 500000, 0, -30, 3340000), METRIC)
    source = tmp_path / "dem.tif"
    with rasterio.open(source, "w", driver="GTiff", width=15, height=12, count=1, dtype="float32", crs=METRIC.to_wkt(),
                       transform=hill.transform) as out:  # fmt: skip
        out.write(heights, 1)
    subprocess.run([program, "slope", source, tmp_path / "slope.tif", "-q"], check=True, timeout=60)
    with rasterio.open(tmp_path / "slope.tif") as read:
        assert slope(hill).values[INNER] == pytest.approx(read.read(1)[INNER], abs=1e-2)
