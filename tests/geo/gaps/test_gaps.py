"""Gaps of the town along one street (see `street_town`), every figure counted by hand."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from geo.errors import InputError, StandardError
from geo.gaps import GapOptions, Gaps, find_gaps
from geo.gaps.result import AREA_COLUMNS, LACKING, REQUIREMENT_COLUMNS, SCORE_COLUMNS, STATE_WORDS, STATES

from .street_town import METRIC, communities, facilities, homes, standard, street

WITHIN_200 = {"key": "shop", "scope": "residents", "radius_m": 200}


def gaps(*requirements: dict[str, Any], shops: gpd.GeoDataFrame, **options: Any) -> Gaps:
    given = {"demand": homes(), "network": street(), "communities": communities(), **options}
    return find_gaps(given.pop("demand"), shops, given.pop("network"), standard=standard(*requirements), **given)


def row(found: Gaps, community: str, requirement: str = "shop") -> pd.Series:
    return found.communities.loc[(community, requirement)]


# ── reach ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_reach_of_residents() -> None:
    # shops at 150 (A) and 700 (B); walks: A 100, 0, 100; B 250, 150, 50; C 150, 250, 350
    found = gaps(WITHIN_200, shops=facilities((150, "shop"), (700, "shop")))
    a, b, c = (row(found, one) for one in "ABC")
    assert [one["state"] for one in (a, b, c)] == ["met", "far", "far"]
    assert [one["people_covered"] for one in (a, b, c)] == [600, 500, 100]
    assert [one["people_uncovered"] for one in (a, b, c)] == [0, 100, 500]
    assert [one["covered_share"] for one in (a, b, c)] == pytest.approx([1, 5 / 6, 1 / 6])
    assert [one["mean_m"] for one in (a, b, c)] == pytest.approx([200 / 3, 70_000 / 600, 170_000 / 600])
    assert [one["farthest_m"] for one in (a, b, c)] == pytest.approx([100, 250, 350])
    assert [one["count"] for one in (a, b, c)] == [1, 1, 0]
    # just beyond counts half, at twice the limit fully: 250 m is a quarter beyond 200 m, 350 m three quarters
    assert b["severity"] == pytest.approx(100 * 0.625 / 600)
    assert c["severity"] == c["severity_most"] == pytest.approx((200 * 0.625 + 300 * 0.875) / 600)
    assert a["severity"] == 0


def test_missing_is_none_in_it_and_none_within_reach() -> None:
    found = gaps(WITHIN_200, shops=facilities((150, "shop")))
    assert [row(found, one)["state"] for one in "ABC"] == ["met", "missing", "missing"]
    assert row(found, "B")["severity"] == 1
    assert row(found, "B")["farthest_m"] == pytest.approx(500)
    assert row(found, "B")["text_zh"] == "乙:便利店缺;辖区内没有,步行200米内也没有,涉及600名居民。"
    assert row(found, "B")["text_en"] == (
        "Community B: shop missing; there is none in it, and none within 200 m on foot, for 600 residents."
    )


def test_one_in_it_that_nobody_reaches_is_too_far() -> None:
    found = gaps(WITHIN_200 | {"radius_m": 20}, shops=facilities((300, "shop")))
    assert row(found, "A")["state"] == "far"
    assert row(found, "A")["people_uncovered"] == 600


def test_what_nobody_listed_is_unknown_not_missing() -> None:
    found = gaps(WITHIN_200, shops=facilities((150, "bank")))
    a = row(found, "A")
    assert a["state"] == "unknown"
    assert pd.isna(a["count"])
    assert np.isnan(a["severity"])
    assert a["severity_most"] == 1
    assert a["people_unknown"] == 600
    assert np.isnan(found.scores.loc["A", "score"])
    assert found.requirements.loc["shop", "areas_unknown"] == 3
    assert found.homes["reached"].isna().all()
    assert "便利店" in found.notes[0][0]


def test_what_was_surveyed_and_is_not_there_is_missing() -> None:
    for surveyed in (("*",), ("shop",)):
        found = gaps(WITHIN_200, shops=facilities((150, "bank")), options=GapOptions(surveyed=surveyed))
        assert row(found, "A")["state"] == "missing"
        assert row(found, "A")["count"] == 0


def test_a_reach_in_minutes_goes_by_the_speed() -> None:
    # shop at 50: A walks 0, 100, 200 m; at 50 m a minute 200 m take 4 minutes, at 70 m not quite 3
    five = {"key": "shop", "scope": "residents", "minutes": 3}
    for speed, share in (("adult", 1.0), ("elder", 0.5)):
        found = gaps(five, shops=facilities((50, "shop")), speed=speed)
        assert row(found, "A")["covered_share"] == pytest.approx(share)
        assert found.speed == speed


def test_a_reach_in_metres_or_minutes_is_kept_where_either_is() -> None:
    both = {"key": "shop", "scope": "residents", "minutes": 3, "radius_m": 10}
    found = gaps(both, shops=facilities((50, "shop")))
    assert row(found, "A")["covered_share"] == 1.0


def test_homes_that_no_way_comes_near_are_unknown() -> None:
    away = homes().geometry.to_list()
    away[2] = Point(250, 90)  # inside A, 300 people; then nothing is within the 20 m that a place joins over
    demand = homes().set_geometry(away, crs=METRIC)
    network = street()
    network = type(network)(**{**vars(network), "options": type(network.options)(join_m=20.0)})
    found = gaps(WITHIN_200, shops=facilities((150, "shop")), demand=demand, network=network)
    a = row(found, "A")
    assert a["state"] == "unknown"  # 300 of 600 are covered; with the other 300 it would be enough
    assert (a["people_covered"], a["people_uncovered"], a["people_unknown"]) == (300, 0, 300)
    assert (a["severity"], a["severity_most"]) == (0, pytest.approx(0.5))
    assert any("1 homes (300 people) have no way near" in en for _, en in found.notes)


def test_facilities_that_no_way_comes_near_are_told() -> None:
    shops = facilities((150, "shop"), (550, "shop")).set_geometry([Point(150, 0), Point(550, 700)], crs=METRIC)
    found = gaps(WITHIN_200, shops=shops)
    assert row(found, "B")["people_uncovered"] == 600
    assert any("1 facilities have no way near that can be walked; nobody reaches them: f2" in en
               for _, en in found.notes)  # fmt: skip


def test_an_island_reaches_nothing() -> None:
    demand = gpd.GeoDataFrame({"people": [10.0]}, index=["h"], geometry=[Point(50, 5000)], crs=METRIC)
    area = gpd.GeoDataFrame(index=["I"], geometry=[box(0, 4900, 100, 5100)], crs=METRIC)
    found = gaps(WITHIN_200, shops=facilities((150, "shop")), demand=demand, communities=area,
                 network=street(island=True))  # fmt: skip
    assert row(found, "I")["state"] == "missing"
    assert np.isnan(found.homes.loc[("h", "shop"), "walk_m"])
    assert pd.isna(found.homes.loc[("h", "shop"), "facility_id"])


# ── one in each community ────────────────────────────────────────────────────────────────────────────────────────────
OFFICE = {"key": "office", "categories": ["office"], "scope": "community", "group": "governance"}


def test_one_in_each_community() -> None:
    found = gaps(OFFICE, shops=facilities((300, "office"), (410, "office")))
    assert [row(found, one, "office")["state"] for one in "ABC"] == ["met", "met", "missing"]
    assert [row(found, one, "office")["needed"] for one in "ABC"] == [1, 1, 1]
    assert [row(found, one, "office")["offered"] for one in "ABC"] == [1, 1, 0]
    b = row(found, "B", "office")  # 410 is B's; A's at 300 does not count for B
    assert b["mean_m"] == pytest.approx((100 * 40 + 200 * 140 + 300 * 240) / 600)
    assert b["text_zh"] == "乙:便利店达标;有1处,平均173米,最远240米。"
    assert row(found, "C", "office")["text_zh"] == "丙:便利店缺;辖区内没有,涉及600名居民。"
    assert found.homes.loc[("h4", "office"), "facility_id"] == "f2"
    assert pd.isna(found.homes.loc[("h7", "office"), "facility_id"])
    assert not found.homes.loc[("h7", "office"), "reached"]


def test_its_own_may_be_too_far_though_the_neighbours_is_near() -> None:
    found = gaps(OFFICE | {"radius_m": 150}, shops=facilities((10, "office"), (410, "office")))
    a = row(found, "A", "office")  # walks to 10: 40, 140, 240
    assert a["state"] == "far"
    assert a["people_uncovered"] == 300


def test_a_small_community_may_use_its_neighbours() -> None:
    small = OFFICE | {"people_min": 5000}
    found = gaps(small, shops=facilities((410, "office")))
    assert [row(found, one, "office")["state"] for one in "ABC"] == ["met", "met", "met"]
    assert row(found, "A", "office")["neighbour_id"] == "B"
    assert pd.isna(row(found, "B", "office")["neighbour_id"])
    assert (row(found, "A", "office")["count"], row(found, "A", "office")["offered"]) == (0, 1)
    assert "与相邻的乙统筹" in row(found, "A", "office")["text_zh"]
    assert "few people live here" in row(found, "A", "office")["text_en"]
    large = gaps(OFFICE | {"people_min": 600}, shops=facilities((410, "office")))  # 600 are not below 600
    assert row(large, "A", "office")["state"] == "missing"


def test_who_is_no_neighbour_lends_nothing() -> None:
    found = gaps(OFFICE | {"people_min": 5000}, shops=facilities((150, "office")))
    assert [row(found, one, "office")["state"] for one in "ABC"] == ["met", "met", "missing"]  # C touches B only


def test_the_neighbours_may_be_too_far() -> None:
    small = OFFICE | {"people_min": 5000, "radius_m": 400}
    found = gaps(small, shops=facilities((410, "office")))  # A 360, 260, 160; C 440, 540, 640
    assert [row(found, one, "office")["state"] for one in "ABC"] == ["met", "met", "far"]


def test_a_large_community_needs_more_in_proportion() -> None:
    found = gaps(OFFICE | {"people_max": 500}, shops=facilities((100, "office"), (500, "office"), (600, "office")))
    a, b = row(found, "A", "office"), row(found, "B", "office")
    assert (a["needed"], a["count"], a["state"], a["room_state"]) == (2, 1, "full", "full")
    assert a["lacking_room"] == a["severity"] == 0.5
    assert (b["needed"], b["count"], b["state"]) == (2, 2, "met")
    assert "应有2处,有1处" in a["text_zh"]


# ── size ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_size_of_one_is_small_unknown_or_large() -> None:
    shops = facilities((150, "shop"), (550, "shop"), (950, "shop"), floor_area_m2=[30.0, np.nan, 100.0])
    found = gaps(WITHIN_200 | {"floor_area_min_m2": 50}, shops=shops)
    assert [row(found, one)["state"] for one in "ABC"] == ["small", "unknown", "met"]
    assert [row(found, one)["reach_state"] for one in "ABC"] == ["met"] * 3
    assert [row(found, one)["severity"] for one in "ABC"] == [1, 0, 0]
    assert [row(found, one)["severity_most"] for one in "ABC"] == [1, 1, 0]
    assert [row(found, one)["unmeasured"] for one in "ABC"] == [0, 1, 0]
    assert "可达的多数不足建筑面积50平方米" in row(found, "A")["text_zh"]
    assert "whether they have 50 m² of floor is not known" in row(found, "B")["text_en"]


def test_a_larger_one_within_reach_is_enough() -> None:
    shops = facilities((150, "shop"), (250, "shop"), floor_area_m2=[30.0, 60.0])
    found = gaps(WITHIN_200 | {"floor_area_min_m2": 50}, shops=shops)
    assert row(found, "A")["state"] == "met"
    assert row(found, "A")["farthest_m"] == pytest.approx(100)  # the nearest, whatever its size


def test_the_ground_of_an_outline_is_its_area() -> None:
    park = gpd.GeoDataFrame({"category": ["park"]}, index=["p"], geometry=[box(100, 5, 200, 45)], crs=METRIC)
    green = {"key": "park", "categories": ["park"], "scope": "residents", "radius_m": 300}
    for least, state in ((4000, "met"), (4001, "small")):
        assert row(gaps(green | {"site_area_min_m2": least}, shops=park), "A", "park")["state"] == state


def test_area_of_all_together_with_bounds() -> None:
    # 30 m² for each 100 households; 240 households: 72 m²
    shops = facilities((100, "office"), (500, "office"), (900, "office"), (910, "office"),
                       floor_area_m2=[100.0, 50.0, 50.0, np.nan])  # fmt: skip
    demand = homes(households=[40.0, 80.0, 120.0] * 3)
    found = gaps(OFFICE | {"area_per_100_households_m2": 30}, shops=shops, demand=demand)
    a, b, c = (row(found, one, "office") for one in "ABC")
    assert [one["state"] for one in (a, b, c)] == ["met", "small", "unknown"]
    assert [one["area_needed_m2"] for one in (a, b, c)] == [72, 72, 72]
    assert [one["area_m2"] for one in (a, b, c)] == [100, 50, 50]
    assert (a["area_short_m2"], b["area_short_m2"]) == (0, 22)
    assert np.isnan(c["area_short_m2"])
    assert c["area_short_most_m2"] == 22
    assert b["lacking_size"] == b["severity"] == pytest.approx(22 / 72)
    assert (c["severity"], c["severity_most"]) == (0, pytest.approx(22 / 72))
    assert "面积需72平方米,已知50平方米,缺22平方米" in b["text_zh"]
    assert "缺口不详,至多22平方米" in c["text_zh"]
    town = found.requirements.loc["office"]
    assert np.isnan(town["area_short_m2"])  # C's is open, so the sum is
    assert town["area_short_most_m2"] == 44


# ── room ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
NURSERY = {"key": "nursery", "categories": ["nursery"], "scope": "residents", "radius_m": 300, "group": "child",
           "places_per_1000": 45, "places_zh": "托位", "places_en": "places"}  # fmt: skip


def test_places_are_shared_by_all_within_reach() -> None:
    # at 750: every home of B and of C is within 300 m, none of A; 600 people each, so 15 of 30 places each
    found = gaps(NURSERY, shops=facilities((750, "nursery"), capacity=[30]))
    a, b, c = (row(found, one, "nursery") for one in "ABC")
    assert [one["places"] for one in (a, b, c)] == pytest.approx([0, 15, 15])
    assert [one["places_needed"] for one in (a, b, c)] == [27, 27, 27]
    assert [one["places_short"] for one in (a, b, c)] == pytest.approx([27, 12, 12])
    assert [one["state"] for one in (a, b, c)] == ["missing", "full", "full"]
    assert b["lacking_room"] == b["severity"] == pytest.approx(12 / 27)
    assert "托位需27个,已知15个,缺12个" in b["text_zh"]
    assert found.requirements.loc["nursery", "places_short"] == pytest.approx(51)


def test_unknown_capacity_stays_unknown() -> None:
    found = gaps(NURSERY, shops=facilities((550, "nursery"), (650, "nursery"), capacity=[10, None]))
    b = row(found, "B", "nursery")
    assert (b["state"], b["room_state"], b["unmeasured"]) == ("unknown", "unknown", 1)
    assert np.isnan(b["places_short"])
    # 10 places at 550 are for homes 250 (300 m off), 450, 550, 650, 850: B has 600 of 1,000 people
    assert b["places"] == pytest.approx(6)
    assert b["places_short_most"] == pytest.approx(21)


def test_enough_known_places_are_enough_whatever_is_unknown() -> None:
    found = gaps(NURSERY, shops=facilities((550, "nursery"), (560, "nursery"), capacity=[100, None]))
    assert row(found, "B", "nursery")["state"] == "met"


def test_places_nobody_reaches_count_where_they_stand() -> None:
    found = gaps(NURSERY | {"radius_m": 10}, shops=facilities((500, "nursery"), capacity=[40]))
    b = row(found, "B", "nursery")
    assert (b["state"], b["places"], b["places_short"]) == ("far", 40, 0)


def test_above_people_max_reach_of_one_is_not_enough() -> None:
    # at 750 one clinic is reached by B and C alike, 600 people each: half of it falls to either
    clinic = {"key": "clinic", "categories": ["clinic"], "scope": "residents", "radius_m": 300, "people_max": 500}
    found = gaps(clinic, shops=facilities((750, "clinic")))
    b = row(found, "B", "clinic")
    assert (b["state"], b["count"], b["offered"], b["needed"]) == ("full", 1, 0.5, 2)
    assert b["lacking_room"] == pytest.approx(1 - 0.5 / 1.2)  # 600 people need 1.2 of 500 each
    assert "应有2处,按可达居民分摊有0.5处" in b["text_zh"]
    enough = gaps(clinic | {"people_max": 600}, shops=facilities((750, "clinic")))  # 600 are not above 600
    assert row(enough, "B", "clinic")["state"] == "met"
    assert pd.isna(row(enough, "B", "clinic")["needed"])


def test_the_town_as_a_whole() -> None:
    hospital = {"key": "hospital", "categories": ["hospital"], "scope": "town", "per_people": 1000, "group": "medical"}
    found = gaps(hospital, shops=facilities((20, "hospital")))
    for one in "ABC":
        assert row(found, one, "hospital")["state"] == "full"  # 1,800 people need two
        assert (row(found, one, "hospital")["count"], row(found, one, "hospital")["needed"]) == (1, 2)


# ── whom it is for ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_who_it_is_for_is_who_is_counted() -> None:
    elders = {"key": "room", "categories": ["elder_room"], "who": "elders", "scope": "residents", "radius_m": 100}
    demand = homes(elders=[10.0, 20, 70, 0, 0, 0, np.nan, np.nan, np.nan])
    found = gaps(elders, shops=facilities((100, "elder_room"), (500, "elder_room")), demand=demand)
    a, b, c = (row(found, one, "room") for one in "ABC")
    assert (a["who"], a["people"], a["people_covered"], a["people_uncovered"]) == ("elders", 100, 30, 70)
    assert (a["residents_uncovered"], a["elders_uncovered"]) == (300, 70)
    assert np.isnan(a["children_uncovered"])
    assert "70名老年人未覆盖" in a["text_zh"]
    assert b["state"] == "not_asked"  # no old people live in B
    assert np.isnan(b["severity"])
    assert np.isnan(c["people"])  # unknown: shares go by all residents, numbers of the old stay unknown
    assert c["covered_share"] == 0


def test_where_the_old_are_not_known_all_residents_count() -> None:
    elders = {"key": "room", "categories": ["elder_room"], "who": "elders", "scope": "residents", "radius_m": 200}
    found = gaps(elders, shops=facilities((100, "elder_room")))
    assert (row(found, "A", "room")["who"], row(found, "A", "room")["people"]) == ("all", 600)
    assert any("老年人人口未知" in zh for zh, _ in found.notes)


def test_unknown_people_are_not_none() -> None:
    demand = homes(people=[np.nan] * 3 + [100.0, 200, 300] * 2)
    found = gaps(WITHIN_200, shops=facilities((100, "shop")), demand=demand)
    a = row(found, "A")
    assert np.isnan(a["people"])
    assert a["covered_share"] == 1.0  # of homes
    assert a["state"] == "met"
    assert "3处住所的人口未知" in found.notes[0][0]


def test_nothing_is_asked_where_nobody_lives() -> None:
    found = gaps(WITHIN_200, OFFICE, shops=facilities((100, "shop"), (100, "office")),
                 communities=communities((0, 400, 800, 1200, 1600), "ABCD").assign(people=0))  # fmt: skip
    assert row(found, "D")["state"] == row(found, "D", "office")["state"] == "not_asked"
    assert np.isnan(found.scores.loc["D", "score"])
    assert found.requirements.loc["shop", "areas"] == 3


# ── estates, homes, scores, circles ──────────────────────────────────────────────────────────────────────────────────
def test_estates_are_judged_by_their_own_people() -> None:
    estates = gpd.GeoDataFrame({"name": ["东苑", "西苑"]}, index=["E1", "E2"],
                               geometry=[box(0, -10, 200, 10), box(600, -10, 700, 10)], crs=METRIC)  # fmt: skip
    found = gaps(WITHIN_200, OFFICE, shops=facilities((100, "shop"), (390, "office")), estates=estates)
    one, two = found.estates.loc[("E1", "shop")], found.estates.loc[("E2", "shop")]
    assert (one["state"], one["people"], one["count"]) == ("met", 300, 1)
    assert (two["state"], two["people"], two["count"]) == ("missing", 300, 0)
    office = found.estates.loc[("E1", "office")]
    assert (office["state"], office["people"]) == ("met", 300)  # its community has one
    assert "所在社区有" in office["text_zh"]
    assert found.estates.loc[("E2", "office"), "state"] == "missing"
    assert found.estate_scores.loc["E1", "score"] == 1
    assert found.estates.index.names == ["estate_id", "requirement"]


def test_homes_and_their_scores() -> None:
    found = gaps(WITHIN_200, OFFICE | {"weight": 3}, shops=facilities((150, "shop"), (500, "office")))
    assert found.homes.index.names == ["demand_id", "requirement"]
    assert found.homes.loc[("h1", "shop"), "walk_m"] == pytest.approx(100)
    assert found.homes.loc[("h1", "shop"), "walk_min"] == pytest.approx(100 / 70)
    assert found.homes.loc[("h1", "shop"), "facility_id"] == "f1"
    assert found.buildings["score"].to_list() == [0.25] * 3 + [0.75] * 3 + [0.0] * 3
    assert found.buildings.loc["h1", ["asked", "reached", "lacking", "community_id"]].to_list() == [2, 1, "office", "A"]
    assert found.buildings.loc["h9", "lacking"] == "shop;office"
    assert found.buildings.loc["h4", "shop_m"] == pytest.approx(300)


def test_homes_take_the_outlines_of_their_buildings() -> None:
    outlines = gpd.GeoDataFrame(index=["b1"], geometry=[box(45, -5, 55, 5)], crs=METRIC)
    demand = homes(building_id=["b1"] + [None] * 8)
    found = gaps(WITHIN_200, shops=facilities((150, "shop")), demand=demand, buildings=outlines)
    assert found.buildings.geometry["h1"].equals(outlines.geometry["b1"])
    assert found.buildings.geometry["h2"].equals(Point(150, 0))
    assert found.buildings.loc["h1", "building_id"] == "b1"
    assert found.buildings.crs == METRIC


def test_scores_are_their_parts() -> None:
    # A: shop met (0), office missing (1, weight 3): 1 − 3/4; B: shop missing, office met: 1 − 1/4
    found = gaps(WITHIN_200, OFFICE | {"weight": 3}, shops=facilities((150, "shop"), (500, "office")))
    assert found.scores["score"].to_list() == [0.25, 0.75, 0.0]
    assert found.scores.loc["A", ["met", "missing", "asked", "worst"]].to_list() == [1, 1, 2, "office"]
    assert found.scores["group_shopping"].to_list() == [1, 0, 0]
    assert found.scores["known_share"].to_list() == [1, 1, 1]
    parts = found.communities[["weight", "severity"]].prod(axis=1).groupby("community_id").sum() / 4
    assert (1 - parts).to_list() == found.scores["score"].to_list()
    assert found.scores.loc["A", "text_zh"] == "甲:2项要求中1项达标,1项有缺口,0项未知;缺口最大的是便利店。"
    assert found.scores.geometry["A"].area == 80_000


def test_a_score_tells_how_bad_it_may_be() -> None:
    found = gaps(WITHIN_200 | {"floor_area_min_m2": 50}, shops=facilities((150, "shop")))
    assert found.scores.loc["A", ["score", "score_least", "known_share"]].to_list() == [1, 0, 0]


def test_circles_of_5_10_and_15_minutes() -> None:
    found = gaps(WITHIN_200, shops=facilities((150, "shop")))  # 350, 700 and 1,050 m at 70 m a minute
    town = found.circles.loc[("", "shop")]
    assert town["people_covered"].to_list() == [700, 1300, 1800]
    assert town["covered_share"].to_list() == pytest.approx([7 / 18, 13 / 18, 1])
    assert found.circles.loc[("B", "shop"), "people_covered"].to_list() == [100, 600, 600]


def test_the_town_in_numbers() -> None:
    found = gaps(WITHIN_200, shops=facilities((150, "shop"), (700, "shop")))
    town = found.requirements.loc["shop"]
    assert (town["facilities"], town["areas"], town["areas_met"], town["areas_far"]) == (2, 3, 1, 2)
    assert (town["people"], town["people_covered"], town["people_uncovered"]) == (1800, 1200, 600)
    assert town["mean_m"] == pytest.approx((40_000 + 70_000 + 170_000) / 1800)
    assert town["text_zh"] == "便利店:全镇2处,步行200米内覆盖67%,600名居民未覆盖;3个社区中2个有缺口。"
    assert town["text_en"] == (
        "shop: 2 in the town, 67% within 200 m on foot, 600 residents are not; 2 of 3 communities show a gap."
    )


def test_tables_have_the_columns_they_promise() -> None:
    found = gaps(WITHIN_200, shops=facilities((150, "shop")))
    assert found.communities.columns.to_list() == list(AREA_COLUMNS)
    assert found.estates.columns.to_list() == list(AREA_COLUMNS)
    assert found.requirements.columns.to_list() == list(REQUIREMENT_COLUMNS)
    assert found.scores.columns.to_list() == [*SCORE_COLUMNS, "group_shopping", "geometry"]
    assert set(found.communities["state"]) <= set(STATES) == set(STATE_WORDS)
    assert set(LACKING) < set(STATES)
    assert found.communities.index.to_list() == [("A", "shop"), ("B", "shop"), ("C", "shop")]
    assert found.scores.crs == found.buildings.crs == METRIC


def test_what_was_given_is_not_changed() -> None:
    demand, shops, areas = homes(), facilities((150, "shop")), communities()
    before = demand.copy(), shops.copy(), areas.copy()
    gaps(WITHIN_200, shops=shops, demand=demand, communities=areas)
    for now, then in zip((demand, shops, areas), before, strict=True):
        pd.testing.assert_frame_equal(now, then)


def test_without_any_facility_everything_is_unknown() -> None:
    found = gaps(WITHIN_200, OFFICE, shops=facilities())
    assert set(found.communities["state"]) == {"unknown"}
    assert found.circles.empty


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_everything_wrong_is_told_at_once() -> None:
    shops = facilities((150, "shop")).drop(columns="category").to_crs(4326)
    with pytest.raises(InputError) as refused:
        gaps(WITHIN_200, shops=shops, communities=communities().iloc[:0], options=GapOptions(surveyed=("gym",)))
    said = str(refused.value)
    assert "facilities are in WGS 84" in said
    assert "column category is missing" in said
    assert "there are no rows in communities" in said
    assert "surveyed names gym" in said


def test_ids_that_stand_twice_are_refused() -> None:
    shops = facilities((150, "shop"), (160, "shop")).set_axis(["f1", "f1"])
    with pytest.raises(InputError, match="1 ids stand twice") as refused:
        gaps(WITHIN_200, shops=shops)
    assert refused.value.faults[0].ids == ("f1",)


def test_people_and_places_that_cannot_be_are_refused_at_once() -> None:
    shops = facilities((150, "shop")).assign(capacity=[float("inf")])
    with pytest.raises(InputError) as refused:
        gaps(WITHIN_200, shops=shops, demand=homes().assign(people=-1.0))
    said = str(refused.value)
    assert "column people is negative" in said
    assert "column capacity is negative, infinite" in said


def test_homes_without_people_are_refused() -> None:
    with pytest.raises(InputError, match="column people is missing"):
        gaps(WITHIN_200, shops=facilities((150, "shop")), demand=homes().drop(columns="people"))


def test_an_unknown_speed_and_measure_are_refused() -> None:
    with pytest.raises(InputError, match="there is no speed 'dog'") as refused:
        gaps(WITHIN_200, shops=facilities((150, "shop")), speed="dog", by="miles")
    assert "cannot be measured by 'miles'" in str(refused.value)


def test_an_unknown_standard_is_refused() -> None:
    with pytest.raises(StandardError):
        find_gaps(homes(), facilities((150, "shop")), street(), standard="seven-ones", communities=communities())
