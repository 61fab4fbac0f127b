"""Projections written as polynomials, against pyproj."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from layers.tiles.grids import EXTENT, GRIDS, Tile
from layers.tiles.projecting import Projection

TOWN = (512_000.0, 3_381_000.0, 529_000.0, 3_399_000.0)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=lambda grid: grid.id)
@pytest.mark.parametrize(("crs", "bounds"), [
    ("EPSG:4549", TOWN),
    ("EPSG:4549", (400_000.0, 3_300_000.0, 500_000.0, 3_400_000.0)),
    ("EPSG:32650", (190_000.0, 5_900_000.0, 215_000.0, 5_920_000.0)),
    ("EPSG:2180", (630_000.0, 480_000.0, 650_000.0, 500_000.0)),
])  # fmt: skip
def test_polynomials_follow_pyproj_to_a_tenth_of_a_millimetre(grid, crs, bounds):
    projection = Projection(CRS(crs), grid, bounds)
    assert projection.polynomials is not None
    rng = np.random.default_rng(3)
    xy = rng.uniform(bounds[:2], bounds[2:], (5_000, 2))
    x, y = Transformer.from_crs(crs, grid.crs, always_xy=True).transform(xy[:, 0], xy[:, 1])
    level = 20
    tile = Tile(grid, level, *grid.at(level, x[0], y[0]))
    same, way = projection.to_tile(tile, xy)
    assert same is xy
    u, v = ((xy - way.at[:2]) * way.at[2]).T
    east = np.polynomial.polynomial.polyval2d(u, v, way.east)
    south = np.polynomial.polynomial.polyval2d(u, v, way.north)
    left, _, right, top = tile.bounds()
    scale = EXTENT / (right - left)
    millimetre = scale * (1e-3 if grid.crs == "EPSG:3857" else 1e-3 / 111_000)
    assert np.max(np.abs(east - (x - left) * scale)) < 0.1 * millimetre * 1.01
    assert np.max(np.abs(south - (top - y) * scale)) < 0.1 * millimetre * 1.01


def test_a_country_is_projected_point_by_point():
    projection = Projection(CRS("EPSG:32650"), GRIDS["WebMercatorQuad"], (-1e6, 1e6, 2e6, 6e6))
    assert projection.polynomials is None
    tile = Tile(projection.grid, 10, 400, 800)
    xy = np.array([[500_000.0, 4_000_000.0], [900_000.0, 3_000_000.0]])
    on_grid, way = projection.to_tile(tile, xy)
    there = Transformer.from_crs("EPSG:32650", "EPSG:3857", always_xy=True).transform(xy[:, 0], xy[:, 1])
    assert on_grid.T.tolist() == [list(each) for each in there]
    left, _, right, top = tile.bounds()
    assert (on_grid[0, 0] - way.at[0]) * way.east[1, 0] == pytest.approx((there[0][0] - left) * EXTENT / (right - left))
    assert (on_grid[0, 1] - way.at[1]) * way.north[0, 1] == pytest.approx((top - there[1][0]) * EXTENT / (right - left))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(GRIDS.values())), st.integers(0, 20), st.floats(0, 1), st.floats(0, 1))
def test_the_box_of_a_tile_holds_everything_in_it(grid, level, across, up):
    projection = Projection(CRS("EPSG:4549"), grid, TOWN)
    place = TOWN[0] + across * (TOWN[2] - TOWN[0]), TOWN[1] + up * (TOWN[3] - TOWN[1])
    tile = Tile(grid, level, *grid.at(level, *projection.exact(np.array([place]))[0]))
    box = projection.box(tile, 64)
    assert box is not None
    assert box[0] <= place[0] <= box[2]
    assert box[1] <= place[1] <= box[3]
    width = Transformer.from_crs(grid.crs, "EPSG:4549", always_xy=True).transform_bounds(*tile.bounds(64))
    assert box[2] - box[0] <= max((width[2] - width[0]) * 1.05, 0) or level < 8


def test_far_tiles_have_no_box():
    projection = Projection(CRS("EPSG:4549"), GRIDS["WebMercatorQuad"], TOWN)
    assert projection.box(Tile(projection.grid, 14, 0, 0), 64) is None
    assert projection.box(Tile(projection.grid, 0, 0, 0), 64) is not None


def test_bounds_are_widened_so_that_edits_at_the_edge_fit():
    projection = Projection(CRS("EPSG:4549"), GRIDS["WebMercatorQuad"], TOWN)
    assert projection.bounds == (510_000.0, 3_380_000.0, 530_000.0, 3_400_000.0)
    assert projection.holds((510_500.0, 3_380_500.0, 511_000.0, 3_399_999.0))
    assert not projection.holds((509_000.0, 3_380_500.0, 511_000.0, 3_399_999.0))
