"""Counts, totals, raster and floor area in the order of their trust, on towns to check by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from pyproj import CRS
from shapely import box

from geo.households import HouseholdOptions, place_households
from geo.raster import Raster
from geo.schema import check
from tests.geo.households.towns import CRS_M, SILENT, codes, flat_raster, square, table, villages, zones

# --- counts per building ---------------------------------------------------------------------------------------------


def test_counts_per_building_stay_and_add_up(blocks, homes):
    homes["households"] = [3, 4, 5, 6]
    homes["people"] = [9, 10, 11, 12]
    homes["dwellings"] = [3, 5, 5, 8]
    placed = place_households(blocks, homes)
    assert placed.buildings["households"].tolist() == [3, 4, 5, 6]
    assert placed.blocks["households"].to_dict() == {"k1": 7, "k2": 11}
    assert placed.blocks["people"].to_dict() == {"k1": 19, "k2": 23}
    assert placed.blocks["dwellings"].to_dict() == {"k1": 8, "k2": 13}
    assert placed.blocks["buildings_count"].to_dict() == {"k1": 2, "k2": 2}
    assert placed.blocks["area_m2"].to_dict() == {"k1": 10000.0, "k2": 10000.0}
    assert (placed.blocks["households_source"] == "building").all()
    assert not placed.repairs
    assert check(placed.blocks, "blocks") == []
    assert check(placed.buildings, "buildings") == []


def test_households_follow_dwellings_then_people(blocks, homes):
    homes["dwellings"] = [10, None, 10, None]
    homes["people"] = [None, 26, 3, None]
    homes["households"] = [None, None, None, 7]
    placed = place_households(blocks, homes, options=HouseholdOptions(occupancy=0.8))
    # a: 10 x 0.8; b: 26 / 2.62; c: 10 x 0.8 but only 3 people live there; d: known
    assert placed.buildings["households"].to_dict() == {"a": 8, "b": 10, "c": 3, "d": 7}
    assert (placed.buildings["households_source"] == "building").all()
    assert placed.buildings["people"].to_dict() == {"a": 21, "b": 26, "c": 3, "d": 18}
    assert placed.buildings["people_source"].to_dict() == {
        "a": "household_size", "b": "building", "c": "building", "d": "household_size"
    }  # fmt: skip
    assert {"households_from_dwellings", "households_from_people", "people_from_households"} <= set(codes(placed))


def test_many_single_dwellings_do_not_round_up_together(blocks):
    """Ten houses of one dwelling each, 0.78 households per dwelling: eight households, not ten."""
    rows = table({f"h{i}": square(5 + 9 * i, 5, 5) for i in range(10)}, use=["residential"] * 10, dwellings=[1] * 10)
    assert place_households(blocks, rows).blocks["households"].to_dict() == {"k1": 8, "k2": 0}


# --- totals ----------------------------------------------------------------------------------------------------------


def test_the_unknown_building_takes_what_its_estate_has_left(blocks, homes):
    """An estate of 40 round a, b and c; a and b are known."""
    homes["households"] = [10, 12, None, 9]
    estate = zones({"e1": box(0, 0, 125, 100)}, [40])
    placed = place_households(blocks, homes, estates=estate)
    assert placed.buildings["households"].to_dict() == {"a": 10, "b": 12, "c": 18, "d": 9}
    assert placed.buildings["households_source"].to_dict() == {
        "a": "building", "b": "building", "c": "estate", "d": "building"
    }  # fmt: skip
    assert placed.blocks["households"].to_dict() == {"k1": 22, "k2": 27}
    assert placed.blocks["households_source"].to_dict() == {"k1": "building", "k2": "estate"}
    row = placed.checks.iloc[0]
    assert (row["kind"], row["zone_id"], row["households_placed"], row["households_difference"]) == (
        "estate",
        "e1",
        40,
        0,
    )


def test_estate_first_then_village_with_what_is_left(blocks, homes):
    """Village 100, in it the estate of 60 round a and b: c and d share 40, d with three floors."""
    homes["floors"] = [1.0, 2.0, 1.0, 3.0]
    placed = place_households(
        blocks, homes, estates=zones({"e1": box(0, 0, 100, 100)}, [60]), communities=villages([100], [250])
    )
    assert placed.buildings["households"].to_dict() == {"a": 20, "b": 40, "c": 10, "d": 30}
    assert placed.buildings["people"].to_dict() == {"a": 50, "b": 100, "c": 25, "d": 75}
    assert (placed.buildings["people_source"] == "community").all()
    assert placed.checks["households_difference"].tolist() == [0, 0]
    assert placed.checks["kind"].tolist() == ["estate", "community"]


def test_three_levels_nest(blocks, homes):
    """Community 100 > census area k1 with 70 > estate round a with 50: b gets 20, c and d 15 each."""
    placed = place_households(
        blocks, homes,
        estates=zones({"e": box(0, 0, 25, 100)}, [50]),
        census=zones({"z": box(0, 0, 100, 100)}, [70]),
        communities=villages([100]),
    )  # fmt: skip
    assert placed.buildings["households"].to_dict() == {"a": 50, "b": 20, "c": 15, "d": 15}
    assert placed.buildings["households_source"].tolist() == ["estate", "census", "community", "community"]
    assert placed.summary["source"].tolist() == ["estate", "census", "community", "household_size"]
    assert placed.summary["share"].sum() == pytest.approx(1)


def test_the_largest_remainders_get_the_rest_and_ties_go_by_id(blocks, homes):
    placed = place_households(blocks, homes, communities=villages([6]))
    assert placed.buildings["households"].to_dict() == {"a": 2, "b": 2, "c": 1, "d": 1}
    homes["floors"] = [1.0, 2.0, 3.0, 4.0]  # fair shares of 7: 0.7, 1.4, 2.1, 2.8
    placed = place_households(blocks, homes, communities=villages([7]))
    assert placed.buildings["households"].to_dict() == {"a": 1, "b": 1, "c": 2, "d": 3}


def test_equal_houses_tie_although_their_coordinates_differ():
    far = 3.5e6
    rows = {f"h{i}": square(far + 11.1 * i, far / 7, 9.7) for i in range(7)}
    blocks = table({"k": box(far - 50, far / 7 - 50, far + 150, far / 7 + 50)})
    placed = place_households(
        blocks,
        table(rows, use=["residential"] * 7, floors=[6.0] * 7),
        estates=zones({"e": blocks.geometry.iloc[0]}, [10]),
    )
    assert placed.buildings["households"].tolist() == [2, 2, 2, 1, 1, 1, 1]


def test_known_above_the_total_is_a_reported_conflict(blocks, homes):
    homes["households"] = [30, 30, 30, None]
    placed = place_households(blocks, homes, communities=villages([80]))
    assert placed.buildings["households"].to_dict() == {"a": 30, "b": 30, "c": 30, "d": 0}
    clash = next(r for r in placed.repairs if r.code == "known_above_total")
    assert (clash.table, clash.row_id) == ("communities", "v1")
    assert "80" in clash.detail
    assert "90" in clash.detail
    assert "90户" in clash.detail_zh
    assert placed.checks["households_difference"].tolist() == [10]


def test_a_zone_without_homes_puts_its_total_on_the_land(blocks):
    """60 households on an estate that lies to one third on k1 and two thirds on k2."""
    estate = zones({"e": box(50, 0, 200, 100)}, [60], [150])
    placed = place_households(blocks, estates=estate)
    assert placed.blocks["households"].to_dict() == {"k1": 20, "k2": 40}
    assert placed.blocks["people"].to_dict() == {"k1": 50, "k2": 100}
    assert (placed.blocks["households_source"] == "estate").all()
    assert "placed_on_land" in codes(placed)
    assert placed.buildings is None


def test_land_is_weighted_by_the_raster_where_there_is_one(blocks):
    raster = Raster(np.array([[9, 9, 1, 1]] * 2, dtype="float32"), Affine(50, 0, 0, 0, -50, 100), CRS_M)
    placed = place_households(blocks, communities=villages([50]), population=raster)
    assert placed.blocks["households"].to_dict() == {"k1": 45, "k2": 5}


def test_what_is_left_beside_counted_buildings_goes_onto_their_land(blocks, homes):
    homes["households"] = [10, 10, 10, 10]
    placed = place_households(blocks, homes, estates=zones({"e": box(0, 0, 100, 100)}, [26]))
    assert placed.buildings["households"].tolist() == [10] * 4
    assert placed.blocks["households"].to_dict() == {"k1": 26, "k2": 20}


def test_dwellings_give_way_to_a_total_they_contradict(blocks, homes):
    """Every dwelling is known (10, 20, 30, 40) and so is the total: the total tells the true occupancy."""
    homes["dwellings"] = [10, 20, 30, 40]
    placed = place_households(blocks, homes, communities=villages([90]))
    assert placed.buildings["households"].tolist() == [9, 18, 27, 36]
    assert placed.buildings["dwellings"].tolist() == [10, 20, 30, 40]
    assert placed.checks["households_difference"].tolist() == [0]


def test_dwellings_count_where_the_total_leaves_room(blocks, homes):
    homes["dwellings"] = [10, 20, 30, None]
    placed = place_households(blocks, homes, communities=villages([90]), options=HouseholdOptions(occupancy=0.9))
    assert placed.buildings["households"].tolist() == [9, 18, 27, 36]


def test_a_total_of_people_makes_households(blocks, homes):
    placed = place_households(blocks, homes, communities=villages([None], [262]))
    assert placed.blocks["households"].sum() == 100
    assert placed.blocks["people"].sum() == 262
    assert "area_households" in codes(placed)


def test_people_of_an_estate_follow_the_ratio_of_the_village_round_it(blocks, homes):
    placed = place_households(
        blocks, homes, estates=zones({"e1": box(0, 0, 100, 100)}, [60]), communities=villages([100], [400])
    )
    assert placed.buildings["people"].to_dict() == {"a": 120, "b": 120, "c": 80, "d": 80}


# --- raster and floor area -------------------------------------------------------------------------------------------


def test_raster_alone_fills_blocks(blocks):
    placed = place_households(blocks, population=flat_raster(26.2))
    assert placed.blocks["people"].to_dict() == {"k1": 105, "k2": 105}  # 104.8 each, 209.6 in all
    assert placed.blocks["households"].sum() == 80
    assert (placed.blocks["households_source"] == "raster").all()
    assert (placed.blocks["people_source"] == "raster").all()


def test_raster_is_spread_by_floor_area_within_each_block(blocks, homes):
    homes["floors"] = [1.0, 3.0, 1.0, 1.0]
    placed = place_households(blocks, homes, population=flat_raster(26.2))
    assert placed.buildings["households"].to_dict() == {"a": 10, "b": 30, "c": 20, "d": 20}
    assert placed.buildings["people"].sum() == 210


def test_raster_adds_only_what_is_not_counted_yet(blocks, homes):
    """104.8 people on k1, 27 of them counted in a: b gets the 78 left, and k2 its 105."""
    homes["people"] = [27, None, None, None]
    placed = place_households(blocks, homes, population=flat_raster(26.2))
    assert placed.blocks["people"].tolist() == pytest.approx([105, 105], abs=1)
    assert placed.buildings["people"]["a"] == 27
    assert placed.buildings["people"]["b"] == pytest.approx(78, abs=1)


def test_totals_outrank_the_raster(blocks, homes):
    placed = place_households(
        blocks, homes, population=flat_raster(500), estates=zones({"e": box(0, 0, 100, 100)}, [8], [20])
    )
    assert placed.blocks.loc["k1", "households"] == 8
    assert placed.blocks.loc["k1", "people"] == 20
    assert placed.blocks["households_source"].tolist() == ["estate", "raster"]


def test_off_the_raster_floor_area_speaks(blocks, homes):
    half = flat_raster(26.2, columns=2)
    placed = place_households(blocks, homes, population=half)
    assert placed.buildings["households_source"].tolist() == ["raster", "raster", "floor_area", "floor_area"]
    missing = place_households(blocks, homes, population=half, options=SILENT)
    assert missing.blocks["households"].isna().tolist() == [False, True]


def test_raster_in_degrees(blocks, homes):
    lonlat = blocks.to_crs(4326).total_bounds
    grid = Affine(0.001, 0, lonlat[0] - 0.001, 0, -0.001, lonlat[3] + 0.001)
    raster = Raster(np.full((4, 4), 10, dtype="float32"), grid, CRS.from_epsg(4326))
    placed = place_households(blocks, homes, population=raster)
    cell = gpd.GeoSeries([box(lonlat[0], lonlat[1], lonlat[0] + 0.001, lonlat[1] + 0.001)], crs=4326).to_crs(CRS_M).area
    assert placed.blocks["people"].sum() == pytest.approx(10 * 20000 / cell.iloc[0], abs=1)


def test_floor_area_alone_is_an_estimate(blocks, homes):
    """Six storeys of 100 m² at 92 m² and 0.78 households per dwelling: 5.09 each; houses at 111 m²: 0.70 each."""
    homes["floors"] = [6.0, 6.0, 1.0, 1.0]
    placed = place_households(blocks, homes)
    assert placed.blocks["households"].to_dict() == {"k1": 11, "k2": 1}  # of 12: 10.55 and 1.45
    assert placed.blocks["people"].to_dict() == {"k1": 28, "k2": 3}  # of 31: 28.42 and 2.58
    assert (placed.buildings["households_source"] == "floor_area").all()
    said = next(r for r in placed.repairs if r.code == "floor_area")
    assert said.action == "estimated"
    assert "92.17" in said.detail
    assert "92.17" in said.detail_zh


def test_nothing_known_and_no_estimate_stays_missing(blocks, homes):
    homes["households"] = [5, 6, None, 4]
    placed = place_households(blocks, homes, options=SILENT)
    assert placed.blocks["households"].tolist() == [11, pd.NA]
    assert placed.buildings["households"].isna().tolist() == [False, False, True, False]
    assert placed.buildings["people"].isna().tolist() == [False, False, True, False]
    assert placed.blocks["households_source"].tolist() == ["building", "none"]
    assert "no_households_known" in codes(placed)
    bare = place_households(blocks)
    assert bare.blocks[["households", "people", "dwellings"]].isna().all(axis=None)


def test_a_block_without_buildings_is_empty_when_estimates_are_allowed(blocks, homes):
    placed = place_households(blocks, homes.loc[["a", "b"]])
    assert placed.blocks.loc["k2", "households"] == 0
    assert place_households(blocks, homes.loc[["a", "b"]], options=SILENT).blocks["households"].isna().all()


# --- ready-made blocks -----------------------------------------------------------------------------------------------


def test_ready_made_blocks_keep_their_own_numbers(blocks, homes):
    blocks["households"] = [50, None]
    blocks["people"] = [130, None]
    homes["households"] = [20, None, None, None]
    placed = place_households(blocks, homes, communities=villages([90], [230]))
    assert placed.blocks["households"].to_dict() == {"k1": 50, "k2": 40}
    assert placed.blocks["people"].to_dict() == {"k1": 130, "k2": 100}
    assert placed.buildings["households"].to_dict() == {"a": 20, "b": 30, "c": 20, "d": 20}
    assert placed.blocks["households_source"].tolist() == ["block", "community"]


def test_a_blocks_own_total_stays_even_against_its_buildings(blocks, homes):
    blocks["households"] = [10, 20]
    homes["households"] = [20, 20, 5, None]
    placed = place_households(blocks, homes)
    assert placed.blocks["households"].to_dict() == {"k1": 10, "k2": 20}
    assert placed.buildings["households"].to_dict() == {"a": 20, "b": 20, "c": 5, "d": 15}
    clash = next(r for r in placed.repairs if r.code == "known_above_total")
    assert (clash.table, clash.row_id) == ("blocks", "k1")
    assert "the block's total is kept" in clash.detail


def test_blocks_outrank_estates_and_communities_report_the_difference(blocks, homes):
    blocks["households"] = [30, 30]
    placed = place_households(
        blocks, homes, estates=zones({"e": box(0, 0, 100, 100)}, [40]), communities=villages([70])
    )
    assert placed.blocks["households"].tolist() == [30, 30]
    assert placed.buildings["households"].sum() == 60
    assert placed.checks.set_index("kind")["households_difference"].to_dict() == {
        "estate": -10,
        "block": 0,
        "community": -10,
    }
    assert {"overruled", "total_not_reached"} <= set(codes(placed))


# --- contradicting areas ---------------------------------------------------------------------------------------------


def halves():
    return {"z1": box(0, 0, 100, 100), "z2": box(100, 0, 200, 100)}


@pytest.mark.parametrize(
    ("trust", "expected", "told"),
    [("communities", [40, 60], "overruled"), ("census", [48, 72], "known_above_total")],
)
def test_trust_decides_between_census_and_communities(blocks, homes, trust, expected, told):
    """Census areas of 48 and 72 against a village of 100: its total with their pattern, or theirs as they are."""
    placed = place_households(
        blocks,
        homes,
        census=zones(halves(), [48, 72]),
        communities=villages([100]),
        options=HouseholdOptions(trust=trust),
    )
    assert placed.blocks["households"].tolist() == expected
    assert told in codes(placed)
