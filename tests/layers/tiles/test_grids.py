"""Tile matrix sets, against morecantile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from morecantile import TileMatrixSet

from layers.tiles.grids import GRIDS, Tile, definition, matrix_set


@pytest.mark.parametrize("grid", GRIDS.values(), ids=lambda grid: grid.id)
def test_the_definition_is_the_grid(grid):
    said = definition(grid)
    TileMatrixSet.model_validate(said)
    assert said["id"] == grid.id
    assert len(said["tileMatrices"]) == grid.deepest + 1
    for level, each in enumerate(said["tileMatrices"]):
        assert each["id"] == str(level)
        assert (each["matrixWidth"], each["matrixHeight"]) == grid.size(level)
        assert each["cellSize"] * 256 == pytest.approx(grid.span / 2**level)


def test_the_chinese_grid_is_in_latitude_and_longitude():
    said = definition(GRIDS["CGCS2000Quad"])
    assert said["crs"] == "http://www.opengis.net/def/crs/EPSG/0/4490"
    assert said["orderedAxes"] == ["Lat", "Lon"]
    assert said["tileMatrices"][0]["pointOfOrigin"] == [90, -180]
    assert "uri" not in said
    assert matrix_set(GRIDS["CGCS2000Quad"]).crs.to_epsg() == 4490


@given(st.integers(0, 18), st.floats(-179.9, 179.9), st.floats(-84, 84))
def test_tiles_are_those_of_morecantile(level, lon, lat):
    grid, other = GRIDS["WebMercatorQuad"], matrix_set(GRIDS["WebMercatorQuad"])
    tile = other.tile(lon, lat, level)
    x, y = other.xy(lon, lat)
    assert grid.at(level, x, y) == (tile.y, tile.x)
    assert Tile(grid, level, tile.y, tile.x).bounds() == pytest.approx(other.xy_bounds(tile), abs=1e-6)


def test_which_tiles_there_are():
    grid = GRIDS["CGCS2000Quad"]
    assert grid.has(0, 0, 1)
    assert not grid.has(0, 1, 0)
    assert not grid.has(-1, 0, 0)
    assert not grid.has(23, 0, 0)
    assert grid.at(3, 999.0, -999.0) == (7, 15)
