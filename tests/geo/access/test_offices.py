"""Walks to offices in a town of three blocks along one street.

y 60  . . a1 . . | . . b1 . . | . . c1 . .        homes (households 3, 1 | 2 | none)
y 50  ─────────────────────────────────────  the street, x 0 to 300
y 40      A            B            C
      0         100          200         300
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from geo.access.offices import offices_of, with_office_walks
from geo.network.build import walking_network

CRS = "EPSG:4549"


def blocks() -> gpd.GeoDataFrame:
    shapes = [box(0, 0, 100, 100), box(100, 0, 200, 100), box(200, 0, 300, 100)]
    return gpd.GeoDataFrame({"community_id": ["A", "B", "B"]}, geometry=shapes, index=["b1", "b2", "b3"], crs=CRS)


def communities(**columns: object) -> gpd.GeoDataFrame:
    shapes = [box(0, 0, 100, 100), box(100, 0, 300, 100)]
    return gpd.GeoDataFrame({"kind": "community", **columns}, geometry=shapes, index=["A", "B"], crs=CRS)


def facilities(*rows: tuple[str, float, float]) -> gpd.GeoDataFrame:
    points = [Point(x, y) for _, x, y in rows]
    index = pd.Index([f"f{i}" for i in range(len(rows))], name="facility_id")
    return gpd.GeoDataFrame({"category": [c for c, _, _ in rows]}, geometry=points, index=index, crs=CRS)


def homes() -> gpd.GeoDataFrame:
    points = [Point(20, 60), Point(80, 60), Point(150, 60)]
    return gpd.GeoDataFrame(
        {"households": [3.0, 1.0, 2.0], "block_id": ["b1", "b1", "b2"]}, geometry=points, index=["h1", "h2", "h3"],
        crs=CRS,
    )  # fmt: skip


@pytest.fixture
def network():
    return walking_network(
        gpd.GeoDataFrame(
            {"road_class": ["residential"]}, geometry=[LineString([(0, 50), (300, 50)])], index=["s"], crs=CRS
        )
    )


OFFICES = (("committee_office", 50, 60), ("service_station", 90, 60), ("service_station", 250, 50), ("bank", 120, 60))


def test_a_community_has_its_committee_offices_else_its_stations() -> None:
    found = offices_of(communities(), facilities(*OFFICES))
    assert found["community_id"].to_dict() == {"f0": "A", "f2": "B"}
    assert [point.x for point in found.geometry] == [50, 250]


def test_what_the_register_says_comes_first() -> None:
    found = offices_of(communities(office_x=[10.0, None], office_y=[20.0, None]), facilities(*OFFICES))
    assert found["community_id"].to_dict() == {"A": "A", "f2": "B"}
    assert found.geometry["A"].equals(Point(10, 20))
    assert offices_of(communities()).empty


def test_walks_are_means_over_households(network) -> None:
    """To A's office (50, 60): h1 10+30+10, h2 the same; h3 10+100+10. To B's (250, 50): h1 240, h2 180, h3 110."""
    walked, known = with_office_walks(blocks(), communities(), network, facilities=facilities(*OFFICES), homes=homes())
    assert walked["office_walk_m:A"].tolist() == pytest.approx([50, 120, 200 + 10])
    assert walked["office_walk_m:B"].tolist() == pytest.approx([(3 * 240 + 180) / 4, 110, 0])
    assert known[["office_x", "office_y"]].to_numpy().tolist() == [[50, 60], [250, 50]]


def test_without_homes_a_point_inside_stands_for_the_block(network) -> None:
    walked, _ = with_office_walks(blocks(), communities(), network, facilities=facilities(*OFFICES))
    assert walked["office_walk_m:B"].tolist() == pytest.approx([200, 100, 0])


def test_old_walks_go_and_no_office_is_no_walk(network) -> None:
    stale = blocks().assign(**{"office_walk_m:Z": 1.0})
    walked, known = with_office_walks(stale, communities(), network, facilities=facilities(OFFICES[0]))
    assert [c for c in walked.columns if c.startswith("office_walk_m:")] == ["office_walk_m:A"]
    assert np.isnan(known.loc["B", "office_x"])


def test_no_way_is_no_walk(network) -> None:
    far = facilities(("committee_office", 50, 60))
    apart = blocks().set_geometry([box(0, 0, 100, 100), box(100, 0, 200, 100), box(5200, 0, 5300, 100)], crs=CRS)
    walked, _ = with_office_walks(apart, communities(), network, facilities=far)
    assert walked["office_walk_m:A"].isna().tolist() == [False, False, True]
