"""Where a building belongs, its storeys and floor area, and what a town's buildings tell of its ratios."""

import numpy as np
import pandas as pd
import pytest
from shapely import box

from geo.households import HouseholdOptions, place_households
from tests.geo.households.towns import codes, square, table, villages, zones

# --- belonging -------------------------------------------------------------------------------------------------------


def test_the_register_outranks_the_map(blocks, homes):
    homes["estate_id"] = ["e2", None, None, "nowhere"]
    homes["community_id"] = [None, None, None, None]
    placed = place_households(
        blocks, homes, estates=zones({"e1": box(0, 0, 100, 100), "e2": box(100, 0, 200, 100)}, [10, 30])
    )
    assert placed.buildings["households"].to_dict() == {"a": 10, "b": 10, "c": 10, "d": 10}
    assert {"registered_estate", "unknown_estate"} <= set(codes(placed))


def test_a_building_belongs_to_the_block_of_its_inner_point_or_the_nearest(blocks):
    rows = table(
        {"over": box(80, 50, 110, 60), "off": square(203, 50), "far": square(900, 50)},
        use=["residential"] * 3,
        households=[1, 2, 4],
    )
    placed = place_households(blocks, rows)
    assert placed.buildings["block_id"].fillna("-").to_dict() == {"over": "k1", "off": "k2", "far": "-"}
    assert placed.blocks["households"].to_dict() == {"k1": 1, "k2": 2}
    assert placed.buildings["households"].to_dict() == {"over": 1, "off": 2, "far": 4}
    assert [r.row_id for r in placed.repairs if r.code in ("nearest_block", "outside_blocks")] == ["off", "far"]


# --- use -------------------------------------------------------------------------------------------------------------


def test_mixed_buildings_count_by_their_lived_in_share_and_offices_not_at_all(blocks, homes):
    homes["use"] = ["residential", "mixed", "office", "residential"]
    placed = place_households(blocks, homes, communities=villages([28]), options=HouseholdOptions(mixed_share=0.8))
    assert placed.buildings["households"].to_dict() == {"a": 10, "b": 8, "c": 0, "d": 10}
    assert placed.buildings["households_source"]["c"] == "none"
    assert placed.buildings["residential_m2"].to_dict() == pytest.approx(
        {"a": 100, "b": 80, "c": np.nan, "d": 100}, nan_ok=True
    )
    assert "mixed_share" in codes(placed)


def test_unknown_use_is_home_unless_told_otherwise_and_sheds_are_not(blocks, homes):
    homes["use"] = [None, "unknown", "residential", "residential"]
    shed = table({"s": square(60, 60, 3)}, use=[None], floors=[1.0])
    rows = pd.concat([homes, shed])
    placed = place_households(blocks, rows, communities=villages([40]))
    assert placed.buildings["households"].tolist() == [10, 10, 10, 10, 0]
    strict = place_households(blocks, rows, communities=villages([40]), options=HouseholdOptions(unknown_is_home=False))
    assert strict.buildings["households"].tolist() == [0, 0, 20, 20, 0]


# --- storeys ---------------------------------------------------------------------------------------------------------


def test_storeys_from_height_then_from_like_buildings_then_assumed(blocks):
    """b is 18 m high: six storeys; e has none, like buildings have 2, 4, 6, 8: five; f is the only mixed one: three."""
    rows = table(
        {c: square(5 + 20 * i, 40) for i, c in enumerate("abcdef")},
        use=["residential"] * 5 + ["mixed"],
        floors=[2.0, None, 4.0, 8.0, None, 0.0],
        height_m=[None, 18.0, None, None, None, None],
    )
    placed = place_households(blocks, rows)
    assert placed.buildings["residential_m2"].tolist() == pytest.approx([200, 600, 400, 800, 500, 240])
    assert {"floors_from_height", "floors_median", "default_floors"} <= set(codes(placed))
    assert placed.buildings["floors"].isna().sum() == 2  # a guess is not written into the table


def test_the_nearest_likes_count_first(blocks):
    """Three towers in the estate of k1, three houses on k2, and one unknown building in each."""
    rows = table(
        {f"{b}{i}": square(5 + 100 * j + 20 * i, 40) for j, b in enumerate("tv") for i in range(4)},
        use=["residential"] * 8,
        floors=[18.0, 18, 18, None, 2, 2, 2, None],
    )
    placed = place_households(blocks, rows, estates=zones({"e": box(0, 0, 100, 100)}, [None]))
    assert placed.buildings["residential_m2"][["t3", "v3"]].tolist() == [1800, 200]


# --- ratios ----------------------------------------------------------------------------------------------------------


def test_a_towns_own_ratios_outrank_the_nations():
    """Thirty counted houses, 3 people in each household, 9 households in 10 dwellings; one with 20 dwellings only."""
    blocks = table({"k1": box(0, 0, 1000, 100)})
    rows = table(
        {f"h{i:02}": square(30 * i, 10) for i in range(31)}, use=["residential"] * 31, floors=[5.0] * 31,
        households=[9] * 30 + [None], people=[27] * 30 + [None], dwellings=[10] * 30 + [20],
    )  # fmt: skip
    placed = place_households(blocks, rows)
    assert placed.buildings.loc["h30", ["households", "people"]].tolist() == [18, 54]
    assert all("measured on 30 buildings" in r.detail for r in placed.repairs)
    national = place_households(blocks, rows, options=HouseholdOptions(measured=False))
    assert national.buildings.loc["h30", ["households", "people"]].tolist() == [16, 42]
    own = place_households(blocks, rows, options=HouseholdOptions(occupancy=0.5))
    assert own.buildings.loc["h30", "households"] == 10
