"""Table contracts: every fault is found at once, with its rows; what is good comes back in contract order."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.schema import TABLES, check, conform, empty


def buildings(**columns: object) -> gpd.GeoDataFrame:
    """Three houses in a row."""
    shapes = [shapely.box(x, 0, x + 1, 1) for x in range(3)]
    return gpd.GeoDataFrame(columns, index=["b1", "b2", "b3"], geometry=shapes, crs=4549)


def test_all_faults_are_reported_at_once() -> None:
    bad = buildings(households=[3, -1, "many"], use=["residential", "castle", None], floors=[1, np.inf, 2])
    bad.index = ["b1", "b1", "b3"]
    bad = bad.set_geometry([shapely.box(0, 0, 1, 1), None, shapely.Point(0, 0)], crs=4326)
    found = {fault.what.split(",")[0]: fault.ids for fault in check(bad, "buildings")}
    text = "\n".join(found)
    for piece in (
        "not in metres",
        "WGS 84",
        "not unique",
        "'many'",
        "-1",
        "'castle'",
        "infinite",
        "no geometry",
        "Point",
    ):
        assert piece in text or any(piece in fault.what for fault in check(bad, "buildings")), piece
    with pytest.raises(InputError) as error:
        conform(bad, "buildings")
    assert len(error.value.faults) == len(check(bad, "buildings")) == 8


def test_rows_at_fault_are_named() -> None:
    (fault,) = check(buildings(households=[3, -1, -2]), "buildings")
    assert fault.ids == ("b2", "b3")
    assert fault.table == "buildings"
    assert "-1" in fault.what


def test_a_missing_required_column_says_what_the_layer_has() -> None:
    roads = gpd.GeoDataFrame({"klasse": ["x"]}, index=["r"], geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4549)
    (fault,) = check(roads, "roads")
    assert "road_class" in fault.what
    assert "klasse" in fault.remedy


def test_unknown_counts_stay_unknown() -> None:
    table = conform(buildings(households=[3, None, 0]), "buildings")
    assert table["households"].dtype == "Int64"
    assert table["households"].isna().tolist() == [False, True, False]
    assert table["people"].isna().all()


def test_columns_come_in_contract_order_and_own_columns_stay() -> None:
    table = conform(buildings(colour=["red", "blue", "red"], floors=[1, 2, 3]), "buildings")
    names = [column.name for column in TABLES["buildings"].columns]
    assert list(table.columns) == [*names, "colour", "geometry"]
    assert table.index.name == "building_id"


def test_conform_leaves_its_input_alone() -> None:
    given_table = buildings(floors=["1", "2", "3"])
    kept = given_table.copy(deep=True)
    conform(given_table, "buildings")
    pd.testing.assert_frame_equal(given_table, kept)


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_keeps_its_contract(name: str) -> None:
    assert check(empty(name, 4549), name) == []
    columns = [column.name for column in TABLES[name].columns] + ["geometry"] * bool(TABLES[name].geometry)
    assert list(conform(empty(name, 4549), name).columns) == columns


def test_days_are_days() -> None:
    seen = pd.DataFrame(
        {"subject": "building", "subject_id": "b1", "item": "3a", "state": "found",
         "surveyed_on": ["2026-03-01", "2026-02-30", None]}, index=["o1", "o2", "o3"],
    )  # fmt: skip
    (fault,) = check(seen, "observations")
    assert "2026-02-30" in fault.what
    assert fault.ids == ("o2",)


@given(st.lists(st.one_of(st.none(), st.integers(-5, 10**6)), min_size=3, max_size=3))
def test_law_a_count_is_accepted_exactly_when_it_is_not_negative(counts: list[int | None]) -> None:
    faults = check(buildings(households=pd.array(counts, dtype="Int64")), "buildings")
    assert bool(faults) == any(count is not None and count < 0 for count in counts)
