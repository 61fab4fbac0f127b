"""Sums of a raster under polygons, against hand-made cells and against brute force."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer
from shapely import box

from geo.errors import InputError
from geo.raster import Raster, sum_under

CRS_M = CRS.from_epsg(4549)


def grid(values, *, cell=100.0, west=0.0, north=None, crs=CRS_M):
    values = np.array(values, dtype="float32")
    north = values.shape[0] * cell if north is None else north
    return Raster(values, Affine(cell, 0, west, 0, -cell, north), crs)


def places(*shapes, crs=CRS_M, index=None):
    return gpd.GeoSeries(list(shapes), index=index, crs=crs)


def test_cells_count_by_the_share_that_is_covered():
    """Two rows of cells, 1 2 over 3 4; a square over the middle takes a quarter of each."""
    raster = grid([[1, 2], [3, 4]])
    found = sum_under(raster, places(box(50, 50, 150, 150), box(0, 0, 200, 200), box(0, 100, 100, 150)))
    assert found.tolist() == pytest.approx([2.5, 10, 0.5])


def test_a_polygon_smaller_than_a_cell_is_not_lost():
    found = sum_under(grid([[50]]), places(box(10, 10, 20, 20)))
    assert found.iloc[0] == pytest.approx(0.5)


def test_index_name_and_order_stay():
    shapes = gpd.GeoDataFrame(
        geometry=[box(0, 0, 100, 100), box(0, 100, 100, 200)], index=pd.Index(["b", "a"], name="block_id"), crs=CRS_M
    )
    found = sum_under(grid([[7], [5]]), shapes)
    assert found.index.equals(shapes.index)
    assert found.to_dict() == {"b": 5.0, "a": 7.0}
    assert found.dtype == "float64"


def test_unknown_cells_add_nothing_and_alone_are_unknown():
    raster = grid([[np.nan, 8], [np.nan, 4]])
    found = sum_under(raster, places(box(0, 0, 100, 200), box(50, 0, 150, 200), box(900, 900, 990, 990)))
    assert np.isnan(found.iloc[0])  # only unknown cells
    assert found.iloc[1] == pytest.approx(6)
    assert np.isnan(found.iloc[2])  # off the raster


def test_zero_people_are_not_unknown():
    assert sum_under(grid([[0, 0]]), places(box(0, 0, 50, 50))).iloc[0] == 0


def test_empty_and_missing_shapes_are_unknown():
    found = sum_under(grid([[1]]), places(shapely.Polygon(), None, box(0, 0, 100, 100)))
    assert np.isnan(found.iloc[:2]).all()
    assert found.iloc[2] == 1
    assert len(sum_under(grid([[1]]), places())) == 0


def test_rows_from_south_to_north_mean_the_same():
    up = grid([[1, 2], [3, 4]])
    down = Raster(up.values[::-1], Affine(100, 0, 0, 0, 100, 0), CRS_M)
    shapes = places(box(0, 0, 130, 60), box(20, 90, 200, 200))
    assert sum_under(down, shapes).tolist() == pytest.approx(sum_under(up, shapes).tolist())


def test_polygons_are_projected_to_the_raster():
    """A raster in degrees: each block takes the cells it covers, whatever CRS it is given in."""
    raster = Raster(np.arange(16, dtype="float32").reshape(4, 4), Affine(0.001, 0, 118, 0, -0.001, 32.004), CRS(4326))
    cells = places(box(118.001, 32.001, 118.003, 32.003), crs=4326)
    direct = sum_under(raster, cells).iloc[0]
    assert direct == pytest.approx(5 + 6 + 9 + 10)
    assert sum_under(raster, cells.to_crs(CRS_M)).iloc[0] == pytest.approx(direct, rel=1e-6)


def test_sums_keep_single_people_of_a_city_of_millions():
    raster = grid(np.full((300, 300), 123.25))
    assert sum_under(raster, places(box(0, 0, 30000, 30000))).iloc[0] == 123.25 * 90000


def test_a_turned_raster_is_refused():
    turned = Raster(np.ones((2, 2), dtype="float32"), Affine.rotation(30), CRS_M)
    with pytest.raises(InputError, match="gdalwarp"):
        sum_under(turned, places(box(0, 0, 1, 1)))


def test_polygons_without_crs_are_refused():
    with pytest.raises(InputError, match="coordinate reference system"):
        sum_under(grid([[1]]), gpd.GeoSeries([box(0, 0, 1, 1)]))


def test_an_edge_through_a_cells_corner_loses_no_cell():
    """The edge from (-101, 99) to (301, 101) runs exactly through the cell corner (100, 100)."""
    shape = shapely.Polygon([(-101, 99), (-99, 301), (301, 101)])
    found = sum_under(grid(np.ones((4, 5))), places(shape)).iloc[0]
    assert found == pytest.approx(shapely.intersection(shape, box(0, 0, 500, 400)).area / 1e4, abs=1e-5)


def test_corners_a_hair_from_a_cells_edge():
    """Corners nearer to an edge than a millionth of a cell; unrounded, they end the process."""
    hair = shapely.Polygon([(207.74863194309893, 1e-05), (100.0000001, 200.0), (362.1775894846198, 490.8971619936997)])
    found = sum_under(grid(np.ones((4, 5))), places(hair)).iloc[0]
    assert found == pytest.approx(shapely.intersection(hair, box(0, 0, 500, 400)).area / 1e4, abs=1e-5)


ON_EDGES = st.builds(
    lambda cell, off: 100 * (cell + off), st.integers(-1, 6), st.sampled_from([0, 0, 0.5, 1e-6, -1e-4])
)


@given(
    st.lists(
        st.tuples(st.floats(-50, 550) | ON_EDGES, st.floats(-50, 450) | ON_EDGES), min_size=3, max_size=7, unique=True
    ),
    st.integers(0, 2**32 - 1),
)
def test_brute_force_agrees(corners, seed):
    """Every cell cut by shapely and weighted by its share of the area."""
    shape = shapely.convex_hull(shapely.multipoints(corners))
    if shape.area < 1:
        return
    values = np.random.default_rng(seed).integers(0, 60, (4, 5)).astype("float32")
    rows, columns = np.mgrid[0:4, 0:5]
    cells = shapely.box(columns * 100, 400 - (rows + 1) * 100, (columns + 1) * 100, 400 - rows * 100)
    share = shapely.area(shapely.intersection(cells, shape)) / 1e4
    found = sum_under(grid(values), places(shape)).iloc[0]
    assert np.nan_to_num(found) == pytest.approx((values * share).sum(), abs=1e-2)


@given(st.lists(st.floats(1, 499), min_size=1, max_size=6, unique=True))
def test_a_tiling_adds_up_to_the_raster(cuts):
    raster = grid(np.arange(20).reshape(4, 5))
    edges = [0, *sorted(cuts), 500]
    strips = places(*(box(a, 0, b, 400) for a, b in itertools.pairwise(edges)))
    assert sum_under(raster, strips).fillna(0).sum() == pytest.approx(190, abs=1e-3)


@pytest.mark.cases
def test_xitun(cases):
    """The 50 m raster of Xitun was made from its census areas: they must get their people back, nearly."""
    import rasterio

    with rasterio.open(cases / "taichung_xitun" / "population_50m.tif") as source:
        values = source.read(1).astype("float32")
        values[values == source.nodata] = np.nan
        raster = Raster(values, source.transform, CRS.from_wkt(source.crs.to_wkt()))
    areas = gpd.read_file(cases / "taichung_xitun" / "taichung_xitun.gpkg", layer="stat_areas")
    found = sum_under(raster, areas.geometry)
    people = areas["population"].fillna(0)
    assert found.sum() == pytest.approx(people.sum(), rel=0.01)
    assert np.corrcoef(found.fillna(0), people)[0, 1] > 0.95
    corner = Transformer.from_crs(4326, raster.crs, always_xy=True).transform(*areas.total_bounds[:2])
    assert corner[0] == pytest.approx(raster.transform.c, abs=200)
