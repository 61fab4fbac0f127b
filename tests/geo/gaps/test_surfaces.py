"""Land within reach, access and coverage of the town along one street (see `street_town`), counted by hand."""

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from shapely import Point, box

from geo.errors import InputError
from geo.gaps import find_gaps
from geo.gaps.surfaces import Surfaces, surfaces
from geo.study import Study

from .street_town import METRIC, communities, facilities, homes, standard, street

WITHIN_200 = {"key": "shop", "scope": "residents", "radius_m": 200}


def found(*requirements: dict[str, Any], shops: gpd.GeoDataFrame, people: Any = None, **given: Any) -> Surfaces:
    demand = homes() if people is None else homes(people=people)
    gaps = {"test": find_gaps(demand, shops, street(), standard=standard(*requirements), communities=communities())}
    area = gpd.GeoDataFrame(geometry=[box(0, -50, 1200, 50)], crs=METRIC)
    study = Study("街", METRIC, {"facilities": shops, "study_area": area})
    return surfaces(gaps, study, network=street(), demand=demand, **given)


def test_land_within_reach_is_what_can_walk_to_the_shop() -> None:
    # a point at (x, y) walks |y| to the street and |x - 150| along it; with y up to 50 on both sides of the street,
    # x runs from 0 to 350 - |y|: 2 × (50 × 350 - 50² / 2) = 32,500 m²
    one = found(WITHIN_200, shops=facilities((150, "shop")))
    land = one.areas.loc[("test", "shop")]
    assert land["area_m2"] == pytest.approx(32_500, rel=0.01)
    assert land["limit_m"] == 200
    assert np.isnan(land["limit_min"])
    assert land["facilities"] == 1
    assert land["people_covered"] == 600
    assert land.geometry.is_valid
    assert land.geometry.covers(Point(340, 0))
    assert not land.geometry.intersects(Point(360, 0))
    assert land.geometry.bounds[0] == pytest.approx(0)


def test_land_by_minutes_is_that_of_the_metres_walked_in_them() -> None:
    # on level ground adults walk 70 m a minute
    shops = facilities((150, "shop"), (700, "shop"))
    metres = found(WITHIN_200 | {"radius_m": 210}, shops=shops).areas.geometry.iloc[0]
    minutes = found(WITHIN_200 | {"radius_m": None, "minutes": 3}, shops=shops).areas.geometry.iloc[0]
    assert metres.symmetric_difference(minutes).area < 1e-6 * metres.area
    either = found(WITHIN_200 | {"radius_m": 100, "minutes": 3}, shops=shops).areas.geometry.iloc[0]
    assert either.symmetric_difference(metres).area < 0.01 * metres.area


def test_one_more_shop_never_takes_land_away() -> None:
    one = found(WITHIN_200, shops=facilities((150, "shop"))).areas.geometry.iloc[0]
    two = found(WITHIN_200, shops=facilities((150, "shop"), (320, "shop"))).areas.geometry.iloc[0]
    assert one.difference(two).area < 1e-6


def test_nothing_near_is_no_land_and_no_reach_set_is_no_row() -> None:
    none = found(WITHIN_200, shops=facilities((150, "bank")))
    assert none.areas["area_m2"].tolist() == [0.0]
    assert none.areas.geometry.iloc[0].is_empty
    assert not len(found({"scope": "community"}, shops=facilities((150, "shop"))).areas)


def test_a_finer_lattice_gives_the_same_land() -> None:
    shops = facilities((500, "shop"))
    coarse, fine = (found(WITHIN_200, shops=shops, step_m=step).areas["area_m2"].iloc[0] for step in (20.0, 5.0))
    assert coarse == pytest.approx(fine, rel=0.01)


def test_access_is_shared_among_all_within_reach() -> None:
    # 60 places at 150; h1, h2, h3 are 100, 0, 100 m away: thirds of 200 m weigh 0.68, 1, 0.68;
    # 60 / (0.68 × 100 + 1 × 200 + 0.68 × 300) places for each weighted person
    asks = WITHIN_200 | {"places_per_1000": 50}
    one = found(asks, shops=facilities((150, "shop"), capacity=[60]))
    share = 60 / 472
    access = one.access["access"].droplevel([0, 1])
    assert access[["h1", "h2", "h3", "h4"]].tolist() == pytest.approx([680 * share, 1000 * share, 680 * share, 0])
    spread = one.inequality.loc[("test", "shop")]
    assert (spread["unit"], spread["facilities"], spread["capacity"]) == ("places", 1, 60)
    assert (spread["people"], spread["people_without"], spread["people_unknown"]) == (1800, 1200, 0)
    assert spread["mean_per_1000"] == pytest.approx(60 / 1.8)  # all places are handed out
    assert (spread["p10_per_1000"], spread["p50_per_1000"]) == (0, 0)
    assert spread["p90_per_1000"] == pytest.approx(1000 * share)
    assert 0 < spread["gini"] < 1


def test_access_near_a_shop_of_unknown_size_is_unknown() -> None:
    asks = WITHIN_200 | {"places_per_1000": 50}
    one = found(asks, shops=facilities((150, "shop"), (950, "shop"), capacity=[60, np.nan]))
    access = one.access["access"].droplevel([0, 1])
    assert access[["h7", "h8", "h9"]].isna().all()
    assert access["h2"] > 0
    spread = one.inequality.loc[("test", "shop")]
    assert (spread["facilities_unknown"], spread["people_unknown"]) == (1, 600)


def test_people_by_distance() -> None:
    # walks to 150: 100, 0, 100, 300, 400, 500, 700, 800, 900
    one = found(WITHIN_200, shops=facilities((150, "shop"))).coverage.loc[("test", "shop")]
    assert one.loc[[100, 300, 900], "people"].tolist() == [600, 700, 1800]
    assert one.loc[[100, 900], "share"].tolist() == pytest.approx([1 / 3, 1])


def test_order_of_rows_makes_no_difference() -> None:
    shops = facilities((150, "shop"), (700, "shop"), capacity=[60, 30])
    asks = WITHIN_200 | {"places_per_1000": 50}
    one, other = found(asks, shops=shops), found(asks, shops=shops.iloc[::-1])
    assert one.areas.geometry.iloc[0].equals(other.areas.geometry.iloc[0])
    assert one.access.equals(other.access)


def test_gaps_of_two_speeds_are_refused() -> None:
    shops = facilities((150, "shop"))
    made = [find_gaps(homes(), shops, street(), standard=standard(WITHIN_200), communities=communities(), speed=speed)
            for speed in ("adult", "elder")]  # fmt: skip
    study = Study("街", METRIC, {"facilities": shops})
    with pytest.raises(InputError, match="2 speeds"):
        surfaces({"a": made[0], "b": made[1]}, study, network=street(), demand=homes())
    with pytest.raises(InputError, match="step above 0"):
        surfaces({"a": made[0]}, study, network=street(), demand=homes(), step_m=0)
