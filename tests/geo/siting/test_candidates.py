"""Where facilities could go: premises with their areas, and points to search around."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS as Crs
from shapely import Point, box

from geo.errors import InputError
from geo.siting import CandidateOptions, candidate_sites
from geo.siting.candidates import CANDIDATE_COLUMNS, lying_in
from geo.study import Study
from tests.geo.siting.street_town import CRS, communities


def study(**tables):
    return Study("街", Crs(CRS), tables)


def premises(**columns):
    """Rooms at a point and as an outline of 200 m²; a plot of 300 m², one whose size is told; a station that grows."""
    shapes = [Point(100, 0), box(200, 0, 220, 10), box(300, 0, 330, 10), box(500, 0, 510, 10), Point(600, 0)]
    kinds = ["idle_building", "idle_building", "idle_land", "public_land", "growing"]
    return gpd.GeoDataFrame(
        {
            "kind": kinds, "name": list("甲乙丙丁戊"), "floor_area_m2": [400.0, np.nan, np.nan, 90.0, np.nan],
            "site_area_m2": [np.nan, np.nan, np.nan, 120.0, np.nan], "cost": [5.0, np.nan, 1.0, 1.0, 1.0],
            "categories": ["canteen", None, None, None, None], "facility_id": [None, None, None, None, "F1"], **columns,
        },
        index=pd.Index(["p1", "p2", "p3", "p4", "p5"], name="premises_id"), geometry=shapes, crs=CRS,
    )  # fmt: skip


def blocks():
    """Two blocks of 100 × 100 m, 600 m apart."""
    return gpd.GeoDataFrame(
        {"households": [1, 2]}, index=pd.Index(["B1", "B2"], name="block_id"),
        geometry=[box(0, 0, 100, 100), box(700, 0, 800, 100)], crs=CRS,
    )  # fmt: skip


def roads():
    """A cross at (400, 50): four ways meet; a motorway crosses one of them elsewhere."""
    lines = [[(300, 50), (400, 50)], [(400, 50), (500, 50)], [(400, 50), (400, 150)], [(400, -50), (400, 50)],
             [(450, -50), (450, 50), (450, 150)], [(450, 50), (480, 70)]]  # fmt: skip
    return gpd.GeoDataFrame(
        {"road_class": ["residential"] * 4 + ["motorway"] * 2},
        index=pd.Index([f"r{k}" for k in range(6)], name="road_id"),
        geometry=[shapely.LineString(each) for each in lines], crs=CRS,
    )  # fmt: skip


def test_premises_with_areas_and_where_these_are_from():
    found = candidate_sites(study(premises=premises(), communities=communities(), blocks=blocks()))
    assert found.columns.tolist() == list(CANDIDATE_COLUMNS)
    assert found.index.tolist() == ["p1", "p2", "p3", "p4", "p5"]
    assert found["area_source"].tolist() == ["given", "outline", "outline", "given", "unknown"]
    assert found["floor_area_m2"].fillna(-1).tolist() == [400.0, 200.0, -1.0, 90.0, -1.0]
    assert found["site_area_m2"].fillna(-1).tolist() == [-1.0, -1.0, 300.0, 120.0, -1.0]
    assert found["community_id"].tolist() == ["A", "A", "A", "B", "B"]
    assert found.loc["p5", "facility_id"] == "F1"
    assert found.crs == CRS


def test_land_may_be_built_on_only_where_that_is_asked():
    found = candidate_sites(study(premises=premises()), options=CandidateOptions(floor_ratio=1.5))
    assert found.loc["p3", ["floor_area_m2", "area_source"]].tolist() == [450.0, "floor_ratio"]
    assert found.loc["p4", ["floor_area_m2", "area_source"]].tolist() == [90.0, "given"]


def test_kinds_that_are_wanted():
    town = study(premises=premises(), blocks=blocks())
    assert candidate_sites(town, kinds=["public_land"]).index.tolist() == ["p4"]
    both = candidate_sites(town, kinds=["growing", "search_point"])
    assert both["kind"].tolist() == ["growing", "search_point", "search_point"]
    with pytest.raises(InputError, match="no kind of candidates 'castle'"):
        candidate_sites(town, kinds=["castle"])


def test_a_town_without_premises_gets_points_to_search_around():
    """An inner point of each block, and the street corner between them; the motorway has no corners."""
    found = candidate_sites(study(blocks=blocks(), roads=roads()))
    assert found["kind"].eq("search_point").all()
    assert found["area_source"].eq("to_find").all()
    assert found[["floor_area_m2", "site_area_m2"]].isna().all(axis=None)
    assert len(found) == 3
    assert found.geometry.x.tolist() == sorted(found.geometry.x)  # numbered from the north-west
    assert Point(400, 50) in found.geometry.tolist()
    assert found["block_id"].tolist()[0] == "B1"
    assert "选址参考点" in found["name"].iloc[0]
    apart = candidate_sites(study(blocks=blocks(), roads=roads()), options=CandidateOptions(spacing_m=380.0))
    assert len(apart) == 2  # the corner lies too near


def test_points_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(5)
    straight = candidate_sites(study(blocks=blocks(), roads=roads()))
    mixed = candidate_sites(study(blocks=blocks().iloc[::-1], roads=roads().iloc[rng.permutation(6)]))
    pd.testing.assert_frame_equal(straight, mixed)


def test_nowhere_to_search_is_refused():
    with pytest.raises(InputError, match="neither blocks nor roads"):
        candidate_sites(study())
    assert not len(candidate_sites(study(premises=premises()), kinds=["growing"]).query("kind != 'growing'"))
    assert candidate_sites(study(premises=premises().iloc[:1]), kinds=["growing"]).columns.tolist() == list(
        CANDIDATE_COLUMNS
    )


def test_a_place_on_a_border_lies_in_the_first_area():
    place = gpd.GeoDataFrame({"kind": ["by_hand"]}, index=["x"], geometry=[Point(450, 0)], crs=CRS)
    assert lying_in(place, communities()).tolist() == ["A"]
    assert lying_in(place, None).isna().all()
