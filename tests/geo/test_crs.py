"""Which metric CRS a place gets, and what is refused as not metric."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer
from shapely.geometry import Point

from geo.crs import CHINA_LONLAT, bounds_in, is_metric, parse_crs, pick_metric_crs, require_metric, stretch
from geo.errors import InputError


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (120.15, 30.28, 4549),  # Hangzhou
        (118.55, 24.80, 4549),  # Jinjiang: nearer to 120 than to 117
        (117.28, 31.87, 4548),  # Hefei
        (116.40, 39.90, 4548),  # Beijing
        (106.63, 26.65, 4545),  # Guiyang: 106.63 / 3 = 35.54, so the zone of 108 E
        (111.29, 30.70, 4546),  # Yichang
        (75.99, 39.47, 4534),  # Kashgar: the westernmost zone
        (73.60, 39.50, 4534),  # west of every zone's half: still the westernmost
        (134.70, 48.30, 4554),  # the easternmost zone
        (120.60, 24.18, 4549),  # Taichung
        (7.42, 43.74, 32632),  # Monaco
        (24.94, 60.17, 32635),  # Helsinki
        (-58.40, -34.60, 32721),  # Buenos Aires: southern hemisphere
        (139.70, 35.70, 32654),  # Tokyo
        (179.99, -16.50, 32760),  # the last zone
    ],
)
def test_picks_the_zone_of_the_place(lon: float, lat: float, code: int) -> None:
    assert pick_metric_crs((lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01)).to_epsg() == code


@given(
    lon=st.floats(CHINA_LONLAT[0], CHINA_LONLAT[2]),
    lat=st.floats(18, CHINA_LONLAT[3]),
)
def test_chinese_zones_have_their_meridian_near_by(lon: float, lat: float) -> None:
    crs = pick_metric_crs((lon, lat, lon, lat))
    meridian = 75 + 3 * (crs.to_epsg() - 4534)
    assert abs(lon - meridian) <= 1.61
    assert is_metric(crs)


@given(lon=st.floats(-180, 180), lat=st.floats(-80, 84))
def test_a_metre_is_a_metre_everywhere(lon: float, lat: float) -> None:
    crs = pick_metric_crs((lon, lat, lon, lat))
    point = gpd.GeoSeries([Point(lon, lat)], crs=4326).to_crs(crs)
    assert stretch(crs, point.total_bounds) < 0.002


@pytest.mark.parametrize("bounds", [(121, 31, 120, 32), (500000, 3500000, 501000, 3501000), (0, 95, 1, 96)])
def test_refuses_bounds_that_are_no_degrees(bounds: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="not longitudes and latitudes"):
        pick_metric_crs(bounds)


def test_refuses_the_poles() -> None:
    with pytest.raises(InputError, match="beyond the UTM zones"):
        pick_metric_crs((10, 88, 11, 89))


def test_parse_names_the_place_of_a_wrong_code() -> None:
    assert parse_crs("EPSG:4549", where="here").to_epsg() == 4549
    with pytest.raises(InputError, match="crs of source 2 is 'EPSG:999999', which is no coordinate reference system"):
        parse_crs("EPSG:999999", where="crs of source 2")


def _points(crs: object, x: float = 500_000, y: float = 3_500_000) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[Point(x, y)], crs=crs)


def test_metric_tables_pass() -> None:
    require_metric(_points(4549), "roads")
    require_metric(_points(32650), "roads")
    require_metric(_points(4549).iloc[:0], "roads")


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (_points(None), "no coordinate reference system"),
        (_points(4326, 120, 31), "are in WGS 84, not in metres"),
        (_points(2263), "not in metres"),  # New York, feet
        (_points(3857, 13_000_000, 3_700_000), "Pseudo-Mercator differs by 17% from a metre on the ground"),
        (_points(4549, 40_500_000), "cannot be compared to a metre on the ground"),
    ],
)
def test_everything_else_is_refused(frame: gpd.GeoDataFrame, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        require_metric(frame, "roads")
    assert caught.value.faults[0].table == "roads"


def test_stretch_grows_away_from_the_meridian() -> None:
    crs = CRS.from_epsg(4549)
    near, far = stretch(crs, (5e5, 3.5e6, 5e5, 3.5e6)), stretch(crs, (8e5, 3.5e6, 8e5, 3.5e6))
    assert near < 1e-9
    assert 0.0010 < far < 0.0013  # (300 km / 6378 km)² / 2


def test_bounds_hold_all_that_lies_within() -> None:
    """Points along the edges of a wide box, whose southern edge bends: none is outside."""
    zone, box = CRS.from_epsg(4549), (119.0, 30.0, 121.0, 31.0)
    left, bottom, right, top = bounds_in(box, "OGC:CRS84", zone)
    lon, lat = np.meshgrid(np.linspace(119, 121, 81), np.linspace(30, 31, 41))
    x, y = Transformer.from_crs("OGC:CRS84", zone, always_xy=True).transform(lon, lat)
    assert (left, right, top) == pytest.approx((x.min(), x.max(), y.max()), abs=0.5)
    assert bottom == pytest.approx(y.min(), abs=3.0)
    west, south, east, north = bounds_in((left, bottom, right, top), zone, CRS.from_epsg(4326))
    assert west <= 119
    assert south <= 30
    assert east >= 121
    assert north >= 31
