"""Source columns become ours: ids, types, translations, unknown values."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from geo.errors import InputError
from geo.ingest.columns import LISTED, Draft, as_text, draft_columns, free_id, listed
from geo.ingest.mapping import SourceEntry
from geo.ingest.source import Layer
from tests.geo.ingest.conftest import at, line, patch


def layer(columns: dict[str, object], shapes: list[object], name: str = "图层") -> Layer:
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=4549)
    return Layer("town.gpkg", name, frame, frame.crs)


def entry(table: str, **more: object) -> SourceEntry:
    return SourceEntry(table=table, file="town.gpkg", **more)


def two_roads(**columns: object) -> Layer:
    return layer({"road_class": ["primary", "tertiary"], **columns}, [line((0, 0), (9, 0)), line((0, 5), (9, 5))])


def two_buildings(**columns: object) -> Draft:
    shapes = [patch(0, 0, 9, 9), patch(20, 0, 29, 9)]
    return draft_columns(layer({"building_id": ["a", "b"], **columns}, shapes), "buildings", None)


def codes(draft: Draft) -> set[str]:
    return {repair.code for repair in draft.repairs}


# --- text and ids ---


@given(st.integers(-(10**15), 10**15))
def test_whole_numbers_read_the_same_however_they_are_stored(number: int) -> None:
    as_int, as_float = pd.Series([number]), pd.Series([float(number)])
    assert as_text(as_int).tolist() == as_text(as_float).tolist() == [str(number)]


@given(st.text())
def test_text_is_only_trimmed(text: str) -> None:
    (read,) = as_text(pd.Series([text], dtype="object"))
    assert read is None or (read in text and read == as_text(pd.Series([read], dtype="object"))[0])


def test_ids_with_a_gap_stay_whole_numbers() -> None:
    draft = draft_columns(two_roads(编号=[12.0, np.nan]), "roads", entry("roads", columns={"road_id": "编号"}))
    assert list(draft.frame.index) == ["12", "road-1"]
    assert [(r.row_id, r.code) for r in draft.repairs] == [("road-1", "ids_made")]


def test_ids_are_made_from_the_place_not_the_row_order() -> None:
    one = two_roads()
    turned = Layer(one.file, one.name, one.frame.iloc[::-1].reset_index(drop=True), one.crs)
    first, second = draft_columns(one, "roads", None), draft_columns(turned, "roads", None)
    assert sorted(first.frame.index) == ["road-1", "road-2"]
    for label in first.frame.index:
        assert first.frame.geometry[label].equals(second.frame.geometry[label])
    assert codes(first) == {"ids_made"}
    assert len(first.repairs) == 1  # said once


def test_ids_that_stand_twice_are_a_fault() -> None:
    draft = draft_columns(two_roads(road_id=["7", "7"]), "roads", None)
    (fault,) = draft.faults
    assert fault.what == "road_id is not unique: ids that stand on several rows: 1"
    assert (fault.ids, fault.file, fault.layer, fault.table) == (("7",), "town.gpkg", "图层", "roads")


@given(st.sets(st.sampled_from(["a-1", "a-2", "a-3", "b"])), st.integers(1, 5))
def test_free_ids_are_free(taken: set[str], count: int) -> None:
    before, counts = set(taken), {}
    made = [free_id("a", taken, counts) for _ in range(count)]
    assert len(set(made)) == count
    assert not set(made) & before


def test_many_rows_are_one_line_unless_each_matters() -> None:
    rows = [f"r{n}" for n in range(LISTED + 1)]
    assert len(listed("roads", rows, "repaired", "x", "said", "说")) == 1
    assert listed("roads", rows, "repaired", "x", "said", "说")[0].row_id == ""
    assert len(listed("roads", rows, "repaired", "x", "said", "说", always=True)) == LISTED + 1


# --- choosing columns ---


def test_columns_named_like_ours_are_taken_and_mapped_ones_win() -> None:
    source = two_roads(name=["A", "B"], 路名=["甲路", "乙路"], note=["x", "y"])
    plain = draft_columns(source, "roads", None)
    mapped = draft_columns(source, "roads", entry("roads", columns={"name": "路名"}))
    assert plain.frame["name"].tolist() == ["A", "B"]
    assert mapped.frame["name"].tolist() == ["甲路", "乙路"]
    assert "note" not in mapped.frame.columns
    assert mapped.columns == {"name": "路名", "road_class": "road_class"}


def test_values_are_translated_and_the_rest_stays() -> None:
    source = layer({"等级": ["主干路", "tertiary", 3]}, [line((0, k), (9, k)) for k in (0, 1, 2)])
    wanted = entry(
        "roads", columns={"road_class": "等级"}, values={"road_class": {"主干路": "primary", "3": "service"}}
    )
    assert draft_columns(source, "roads", wanted).frame["road_class"].tolist() == ["primary", "tertiary", "service"]


def test_fixed_values_and_filters() -> None:
    source = layer({"类别": ["河流", "铁路", "河流"], "等级": [1, 2, 2]}, [line((0, k), (9, k)) for k in (0, 1, 2)])
    wanted = entry("barriers", fixed={"kind": "river"}, filter={"类别": ["河流"], "等级": [2]})
    draft = draft_columns(source, "barriers", wanted)
    assert draft.frame["kind"].tolist() == ["river"]
    assert (draft.rows_read, draft.rows_used) == (3, 1)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (entry("roads", columns={"name": "路名"}), "columns names column 路名[\\s\\S]*the layer has: road_class, 编号"),
        (entry("roads", filter={"类别": ["x"]}), "filter names column 类别[\\s\\S]*the layer has: road_class, 编号"),
        (entry("roads", filter={"编号": ["9"]}), "no row has 编号 = 9[\\s\\S]*编号 holds: 1, 2"),
    ],
)
def test_columns_that_are_not_there(wanted: SourceEntry, said: str) -> None:
    with pytest.raises(InputError, match=said):
        draft_columns(two_roads(编号=[1, 2]), "roads", wanted)


def test_an_empty_layer_is_refused() -> None:
    empty = layer({"road_class": []}, [])
    with pytest.raises(InputError, match="the layer is empty: it has no rows"):
        draft_columns(empty, "roads", None)


def test_a_missing_required_column_lists_what_the_layer_has() -> None:
    draft = draft_columns(layer({"等级": ["1"]}, [line((0, 0), (9, 0))]), "roads", None)
    assert draft.faults[0].what.startswith("column road_class")
    assert "the layer has: 等级" in draft.faults[0].remedy
    assert "motorway" in draft.faults[0].remedy


def test_values_that_are_none_of_ours_come_with_their_rows() -> None:
    draft = draft_columns(two_roads(road_id=["1", "2"]), "roads", entry("roads", columns={"road_class": "road_id"}))
    (fault,) = draft.faults
    assert fault.what == "column road_class holds values that are none of ours: 1 (1 rows), 2 (1 rows)"
    assert set(fault.ids) == {"1", "2"}
    assert "values.road_class" in fault.remedy


# --- types ---


def test_implausible_numbers_become_unknown() -> None:
    draft = two_buildings(floors=[999, 6], year_built=[0, 1998], height_m=[0.0, 18.5])
    assert draft.frame["floors"].isna().tolist() == [True, False]
    assert draft.frame["year_built"].isna().tolist() == [True, False]
    assert draft.frame["height_m"].isna().tolist() == [True, False]
    assert {(r.row_id, r.code) for r in draft.repairs} == {
        ("a", "implausible_floors"),
        ("a", "implausible_year"),
        ("a", "implausible_height"),
    }
    assert all(repair.detail_zh for repair in draft.repairs)


@pytest.mark.parametrize(
    ("written", "year"),
    [
        ("1998", 1998),
        ("1998-05-01", 1998),
        ("1998年", 1998),
        ("1998/5", 1998),
        (1998.0, 1998),
        ("\uff11\uff19\uff19\uff18", 1998),
    ],
)
def test_years_are_read_from_dates(written: object, year: int) -> None:
    assert two_buildings(year_built=[written, None]).frame["year_built"].tolist()[0] == year


@pytest.mark.parametrize("word", ["不详", "-", "N/A", "未知"])
def test_words_for_unknown_are_unknown_and_said(word: str) -> None:
    draft = two_buildings(households=[word, "12"])
    assert draft.frame["households"].isna().tolist() == [True, False]
    assert draft.frame["households"].tolist()[1] == 12
    assert codes(draft) == {"unknown_word"}


def test_text_that_is_no_number_stays_for_the_contract_to_refuse() -> None:
    assert two_buildings(households=["十二", "12"]).frame["households"].tolist() == ["十二", 12.0]


def test_flags_in_words() -> None:
    source = two_roads(oneway=["是", "no"], bridge=[1, 0], tunnel=[True, None])
    frame = draft_columns(source, "roads", None).frame
    assert frame["oneway"].tolist() == [True, False]
    assert frame["bridge"].tolist() == [True, False]
    assert frame["tunnel"].tolist()[0] is True
    assert frame["tunnel"].isna().tolist() == [False, True]


def test_uses_that_are_none_of_ours_become_unknown_and_are_said() -> None:
    draft = two_buildings(use=["住宅", "office"])
    assert draft.frame["use"].tolist() == ["unknown", "office"]
    assert [(r.row_id, r.code) for r in draft.repairs] == [("a", "unknown_use")]


def test_source_is_never_changed() -> None:
    source = two_roads(name=[" A ", "B"])
    before = source.frame.copy()
    draft_columns(source, "roads", entry("roads", values={"name": {"B": "C"}}))
    pd.testing.assert_frame_equal(pd.DataFrame(source.frame), pd.DataFrame(before))


def test_references_match_ids_stored_as_another_type() -> None:
    draft = two_buildings(estate_id=[12.0, np.nan])
    assert draft.frame["estate_id"].tolist()[0] == "12"
    points = layer({"estate_id": [12]}, [Point(*at(0, 0)).buffer(9)])
    assert list(draft_columns(points, "estates", None).frame.index) == ["12"]
