"""Walking times: level ground, slopes, stairs, bridges. By hand, rule by rule."""

import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS as Crs
from pyproj import Transformer

from geo.network import SPEEDS, walking_network
from geo.network.terrain import heights_at, pace
from geo.raster import Raster
from tests.geo.network.drawn import CRS, EAST, NORTH, roads, said, walk


def ground(height, *, cell: float = 10.0, west: float = -200.0, north: float = 200.0, size: int = 80) -> Raster:
    """Return a DEM of `size` by `size` cells; `height` is a function of metres east and north."""
    x = west + cell * (np.arange(size) + 0.5)
    y = north - cell * (np.arange(size) + 0.5)
    values = height(*np.meshgrid(x, y)).astype("float32")
    return Raster(values, Affine(cell, 0, EAST + west, 0, -cell, NORTH + north), Crs(CRS))


def rising(x, y):
    """Return a plane that rises by 10 % towards the east."""
    return 100 + 0.1 * x + 0 * y


def test_level_ground_is_walked_at_the_speed() -> None:
    network = walking_network(roads(a=("footway", [(0, 0), (140, 0)])))
    for key, minutes in (("adult", 2.0), ("elder", 2.8), ("child", 140 / 60)):
        assert walk(network, (0, 0), (140, 0), by=key) == pytest.approx(minutes)
    flat = walking_network(roads(a=("footway", [(0, 0), (140, 0)])), dem=ground(lambda x, y: 0 * x + 7))
    assert walk(flat, (0, 0), (140, 0), by="adult") == pytest.approx(2.0)


def test_uphill_takes_longer_than_downhill_by_toblers_function() -> None:
    """10 % up: exp(-3.5 x 0.1) of the speed; 10 % down: as fast as level ground, |-0.1 + 0.05| being |0.05|."""
    network = walking_network(roads(a=("footway", [(0, 0), (140, 0)])), dem=ground(rising))
    assert walk(network, (0, 0), (140, 0), by="adult") == pytest.approx(2.0 * math.exp(0.35), rel=1e-5)
    assert walk(network, (140, 0), (0, 0), by="adult") == pytest.approx(2.0, rel=1e-5)
    assert walk(network, (0, 0), (140, 0)) == pytest.approx(140)


def test_a_hill_between_two_level_ends_costs_time_both_ways() -> None:
    """A ridge 8 m high half way along 160 m: two slopes of 10 %, seen because slope is taken every 20 m."""
    network = walking_network(
        roads(a=("footway", [(0, 0), (160, 0)])), dem=ground(lambda x, y: 8 - 0.1 * np.abs(x - 80) + 0 * y, cell=1.0,
                                                             west=-50, north=50, size=260)
    )  # fmt: skip
    up, down = 80 / 70 * math.exp(0.35), 80 / 70
    assert walk(network, (0, 0), (160, 0), by="adult") == pytest.approx(up + down, rel=0.01)


def test_stairs_take_their_share_of_the_speed_whatever_the_slope() -> None:
    network = walking_network(roads(a=("steps", [(0, 0), (70, 0)])), dem=ground(rising))
    assert walk(network, (0, 0), (70, 0), by="adult") == pytest.approx(2.0)
    assert walk(network, (70, 0), (0, 0), by="elder") == pytest.approx(70 / (50 * 0.35))


def test_a_bridge_is_level_between_banks_of_one_height_although_the_ground_drops() -> None:
    """A gorge 30 m deep between 60 and 80 m; the bridge from 40 to 100 m is drawn in three pieces."""
    dem = ground(lambda x, y: np.where((x > 60) & (x < 80), 0.0, 30.0) + 0 * y)
    over = {"bridge": True}
    pieces = {
        "west": ("footway", [(0, 0), (40, 0)]), "b1": ("footway", [(40, 0), (65, 0)], over),
        "b2": ("footway", [(65, 0), (75, 0)], over), "b3": ("footway", [(75, 0), (100, 0)], over),
        "east": ("footway", [(100, 0), (140, 0)]),
    }  # fmt: skip
    assert walk(walking_network(roads(**pieces), dem=dem), (0, 0), (140, 0), by="adult") == pytest.approx(2.0)
    on_ground = {key: way[:2] for key, way in pieces.items()}
    assert walk(walking_network(roads(**on_ground), dem=dem), (0, 0), (140, 0), by="adult") > 4


def test_a_tunnel_rises_evenly_between_its_ends() -> None:
    """Ends at 100 and 110 m, 100 m apart, under a hill: 10 %."""
    dem = ground(lambda x, y: 100 + 0.1 * x + np.where((x > 10) & (x < 90), 50.0, 0) + 0 * y)
    network = walking_network(roads(t=("footway", [(0, 0), (100, 0)], {"tunnel": True})), dem=dem)
    assert walk(network, (0, 0), (100, 0), by="adult") == pytest.approx(100 / 70 * math.exp(0.35), rel=1e-4)


def test_unknown_ground_is_level_and_said() -> None:
    dem = ground(lambda x, y: np.where(x > 50, np.nan, 0) + 0 * y)
    network = walking_network(roads(a=("footway", [(0, 0), (140, 0)])), dem=dem)
    assert walk(network, (0, 0), (140, 0), by="adult") == pytest.approx(2.0)
    assert said(network, "slope_unknown") == [("roads", "")]
    off = walking_network(roads(a=("footway", [(5000, 0), (5140, 0)])), dem=dem)
    assert walk(off, (5000, 0), (5140, 0), by="adult") == pytest.approx(2.0)


def test_heights_lie_between_the_four_cells_around() -> None:
    dem = Raster(np.array([[0, 10], [20, 30]], "float32"), Affine(10, 0, EAST, 0, -10, NORTH + 20), Crs(CRS))
    spots = np.array([[5, 15], [10, 10], [15, 5], [10, 15], [0, 20], [-1, 10]]) + np.array([EAST, NORTH])
    assert heights_at(dem, spots, Crs(CRS)).tolist() == pytest.approx([0, 15, 30, 5, 0, math.nan], nan_ok=True)


def test_a_dem_in_degrees_says_the_same() -> None:
    dem = ground(rising)
    lonlat = Crs.from_epsg(4490)
    to = Transformer.from_crs(CRS, lonlat, always_xy=True)
    west, south = to.transform(EAST - 100, NORTH - 100)
    east, north = to.transform(EAST + 300, NORTH + 100)
    n = 100
    x = west + (east - west) * (np.arange(n) + 0.5) / n
    y = north - (north - south) * (np.arange(n) + 0.5) / n
    back = Transformer.from_crs(lonlat, CRS, always_xy=True)
    values = rising(back.transform(*np.meshgrid(x, y))[0] - EAST, 0).astype("float32")
    turned = Raster(values, Affine((east - west) / n, 0, west, 0, -(north - south) / n, north), lonlat)
    way = roads(a=("footway", [(0, 0), (140, 0)]))
    one, other = walking_network(way, dem=dem), walking_network(way, dem=turned)
    assert one.minutes["adult"][0] == pytest.approx(other.minutes["adult"][0], rel=1e-3)


@given(st.floats(-1, 1))
def test_pace_is_one_on_level_ground_and_best_at_five_per_cent_down(slope: float) -> None:
    assert pace(np.array([0.0])) == pytest.approx([1.0])
    assert 0 < pace(np.array([slope]))[0] <= pace(np.array([-0.05]))[0]
    # against Tobler's own formula, 6 km/h at best
    tobler = 6 * math.exp(-3.5 * abs(slope + 0.05)) / (6 * math.exp(-3.5 * 0.05))
    assert pace(np.array([slope]))[0] == pytest.approx(tobler)


def test_every_speed_has_its_times() -> None:
    network = walking_network(roads(a=("footway", [(0, 0), (140, 0)])))
    assert set(network.minutes) == set(SPEEDS)
