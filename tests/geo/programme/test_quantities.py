"""Quantities by hand: a slab of 36 × 12 m, six storeys, 36 flats, and what is not known."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.households import SOURCES
from geo.programme.quantities import (
    BUILDING_QUANTITIES,
    QuantityOptions,
    amount,
    building_quantities,
    figures,
    site_run,
)

CRS = "EPSG:4549"


def slabs(**columns):
    count = len(next(iter(columns.values())))
    shapes = [shapely.box(100 * i, 0, 100 * i + 36, 12) for i in range(count)]
    return gpd.GeoDataFrame(columns, index=[f"b{i}" for i in range(count)], geometry=shapes, crs=CRS)


def test_a_known_building_by_hand():
    table = building_quantities(slabs(floors=[6.0], dwellings=[36]))
    row = table.loc["b0"]
    assert row["facade_m2"] == pytest.approx(96 * 18 * 0.75)
    assert row["roof_m2"] == pytest.approx(432)
    assert row["stairwells"] == 3  # 36 flats on 6 floors, two at a landing
    assert (row["stairwells_low"], row["stairwells_high"]) == (2, 3)
    assert row["stair_flights"] == 15
    assert row["riser_m"] == 54
    assert row["pipe_run_m"] == pytest.approx(36)
    assert row["flats"] == row["flats_high"] == 36
    assert "登记" in row["flats_zh"]
    assert "register" in row["flats_en"]


def test_heights_and_shared_walls_are_taken_as_they_are():
    pair = gpd.GeoDataFrame(
        {"floors": [6.0, 6.0], "height_m": [20.0, np.nan]}, index=["a", "b"],
        geometry=[shapely.box(0, 0, 36, 12), shapely.box(36, 0, 72, 12)], crs=CRS,
    )  # fmt: skip
    table = building_quantities(pair)
    assert table.loc["a", "facade_m2"] == pytest.approx((96 - 12) * 20 * 0.75)
    assert table.loc["b", "facade_m2"] == pytest.approx((96 - 12) * 18 * 0.75)


def test_one_storey_has_no_stairs_and_that_is_known():
    row = building_quantities(slabs(floors=[1.0], dwellings=[2])).loc["b0"]
    assert row["stair_flights"] == row["stair_flights_high"] == 0


def test_unknown_storeys_stay_unknown_where_too_few_are_known():
    table = building_quantities(slabs(floors=[6.0, np.nan]))
    assert np.isnan(table.loc["b1", "facade_m2"])
    assert np.isnan(table.loc["b1", "flats"])
    assert table.loc["b1", "roof_m2"] == pytest.approx(432)
    assert "层数未知" in table.loc["b1", "facade_m2_zh"]


def test_unknown_storeys_are_estimated_between_a_low_and_a_high_and_said_so():
    buildings = slabs(floors=[*map(float, range(2, 13)), np.nan])
    table = building_quantities(buildings)
    assert table.loc["b11", ["floors", "floors_low", "floors_high"]].tolist() == [7, 3, 11]
    one = amount(table, "b11", "facade_m2")
    assert one.low < one.value < one.high
    assert "7层(3–11)" in one.source_zh
    assert "estimated" in one.source_en
    silent = building_quantities(buildings, options=QuantityOptions(estimate_floors=False))
    assert np.isnan(silent.loc["b11", "floors"])
    told = figures(table)
    assert told.loc["facade_m2", ["known", "estimated", "unknown"]].tolist() == [11, 1, 0]
    assert figures(silent).loc["facade_m2", "unknown"] == 1


def test_lines_under_a_site_follow_its_roads_else_the_shortest_net():
    area = shapely.box(0, 0, 400, 100)
    roads = gpd.GeoDataFrame(geometry=[shapely.LineString([(-50, 50), (450, 50)])], crs=CRS)
    three = slabs(floors=[6.0] * 3)
    assert site_run("E", three, area=area, roads=roads).value == pytest.approx(400)
    net = site_run("E", three)
    assert (net.value, net.high) == (pytest.approx(200), pytest.approx(300))
    assert "估计" in net.source_zh
    alone = site_run("E", three.iloc[:1])
    assert np.isnan(alone.value)
    assert "unknown" in alone.source_en


@pytest.mark.cases
def test_quantities_of_real_footprints_are_known_estimated_or_unknown(cases):
    for town, epsg, count in (
        ("helsinki_centre", 3067, 480),
        ("taichung_xitun", 3826, 490),
        ("nanjing_gulou", 4549, 1272),
    ):
        raw = gpd.read_file(cases / town / f"{town}.gpkg", layer="buildings").to_crs(epsg)
        number = raw["building_levels"].astype("object").astype(str).str.extract(r"([0-9.]+)")[0]
        table = building_quantities(raw.assign(floors=pd.to_numeric(number), height_m=np.nan))
        told = figures(table)
        assert len(table) == count
        assert (told[["known", "estimated", "unknown"]].sum(axis=1) == count).all()
        assert (told["low"] <= told["value"] + 1e-6).all()
        assert (told["value"] <= told["high"] + 1e-6).all()
        assert told.loc["roof_m2", "value"] == pytest.approx(raw.area.sum())
        known = int(pd.to_numeric(number).notna().sum())
        assert told.loc["facade_m2", "known"] >= known


def test_flats_that_nobody_counted_are_estimates_with_a_low_and_a_high():
    table = building_quantities(
        slabs(
            floors=[6.0] * 5, dwellings=[36, 38, 128, np.nan, np.nan], households=[30, 30, 100, 30, 20],
            dwellings_source=["building", "households", "households", None, None],
            households_source=["floor_area", "building", "community", None, "floor_area"],
        )
    )  # fmt: skip
    told = table[["flats", "flats_low", "flats_high"]].to_numpy().tolist()
    assert told == [[36, 36, 36], [38, 30, 38], [128, 70, 167], [30, 30, 35], [20, 14, 30]]
    assert ["登记" in text for text in table["flats_zh"]] == [True, False, False, False, False]
    assert "社区户数分摊" in table.loc["b2", "flats_zh"]
    assert "floor area" in table.loc["b4", "flats_en"]
    assert figures(table).loc["flats", ["known", "estimated", "unknown"]].tolist() == [1, 4, 0]


def test_a_building_holds_no_more_stairwells_than_its_outline_has_room_for():
    tower = gpd.GeoDataFrame(
        {"floors": [40.0, 6.0], "dwellings": [1120, 120]}, index=["tower", "court"],
        geometry=[shapely.box(0, 0, 40, 32), shapely.box(0, 0, 100, 100) - shapely.box(12, 12, 88, 88)], crs=CRS,
    )  # fmt: skip
    table = building_quantities(tower)
    assert table.loc["tower", ["stairwells", "stairwells_low", "stairwells_high"]].tolist() == [6, 6, 6]  # not 14
    assert "半周长" in table.loc["tower", "stairwells_zh"]
    assert "room for" in table.loc["tower", "stairwells_en"]
    assert table.loc["court", "stairwells"] == 10  # a court has walls inside too: 352 m of half perimeter
    assert "半周长" not in table.loc["court", "stairwells_zh"]


@given(
    st.integers(1, 40), st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([None, *SOURCES]),
    st.sampled_from([None, "building", "households", "none"]), st.floats(5, 200), st.floats(5, 50),
)  # fmt: skip
def test_every_quantity_lies_between_its_low_and_high(floors, flats, homes, homes_from, flats_from, length, depth):
    row = gpd.GeoDataFrame(
        {"floors": [float(floors)], "dwellings": [flats], "households": [homes],
         "households_source": pd.Series([homes_from], dtype="object"), "dwellings_source": [flats_from]},
        geometry=[shapely.box(0, 0, length, depth)], crs=CRS,
    )  # fmt: skip
    table = building_quantities(row).iloc[0]
    for name in BUILDING_QUANTITIES:
        assert table[f"{name}_low"] <= table[name] <= table[f"{name}_high"], name
    assert table["stairwells_high"] <= max(1, (length + depth) / 12)
