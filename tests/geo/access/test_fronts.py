"""Shops on the outline of a closed estate: their doors are on the street."""

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point, box

from geo.access.reach import within
from geo.network import walking_network
from geo.network.joins import join

CRS = "EPSG:4549"


def test_shops_along_the_street_are_entered_from_the_street() -> None:
    """A closed estate north of a street, its gate at the far end of its one lane; s is a shop 6 m inside the fence.

    y 100  +---------------------+
           |   lane  ──────────  G──┐   the lane runs along y 80 to the gate at (200, 80), and round to the street
    y 26   |   s                 |  │
    y 20   +---------------------+  │
    y 0    ──────────────────────────   the street
           0                    200 230
    """

    def line(*xy: tuple[float, float]) -> LineString:
        return LineString(xy)

    roads = gpd.GeoDataFrame(
        {"road_class": ["residential", "service", "service"]},
        geometry=[line((0, 0), (230, 0)), line((20, 80), (200, 80)), line((200, 80), (230, 80), (230, 0))],
        index=["street", "lane", "out"], crs=CRS,
    )  # fmt: skip
    estates = gpd.GeoDataFrame({"closed": [True]}, geometry=[box(0, 20, 200, 100)], index=["e"], crs=CRS)
    gates = gpd.GeoDataFrame({"kind": ["gate"]}, geometry=[Point(200, 80)], index=["g"], crs=CRS)
    network = walking_network(roads, estates=estates, passages=gates)
    shops = gpd.GeoSeries([Point(50, 26), Point(50, 40)], index=["s", "deep"], crs=CRS)
    homes = gpd.GeoSeries([Point(60, -10), Point(50, 70)], index=["across", "inside"], crs=CRS)
    walk = within(network, homes, shops, np.inf).frame().set_index(["origin_id", "place_id"])["walk_m"]
    assert walk["across", "s"] == pytest.approx(10 + 10 + 26)
    assert walk["inside", "s"] == pytest.approx(10 + 54)
    assert walk["across", "deep"] == pytest.approx(10 + 170 + 80 + 30 + 150 + 40)
    assert len(join(network, shops, entrances=False).place) == 2
