"""Farm houses: joined by id and by place, checked, decided with reasons, overruled, and summed up by village."""

import math
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.farmhouses import HouseOverride, read_parcels
from geo.farmhouses.checking import CHECKS
from geo.schema import check
from tests.geo.farmhouses.village import ON, SOUND, X, Y, ground, sort


def house(number: int, *facts: object, building: str | None = "", village: str | None = "V1") -> tuple[object, ...]:
    return (f"F{number}", f"Z{number}", f"H{number}", f"B{number}" if building == "" else building, village, *facts)


def test_houses_are_joined_by_id_by_place_and_by_parcel(tmp_path: Path) -> None:
    lon, lat = gpd.GeoSeries([shapely.Point(X + 65, Y + 25)], crs=4549).to_crs(4326).iloc[0].coords[0]
    rows = [("F1", "Z1", "B1", None, None), ("F2", "Z2", None, lon, lat), ("F3", "Z3", None, None, None),
            ("F4", None, "B99", X + 225, Y + 25), ("F5", None, None, None, None)]  # fmt: skip
    found = sort(tmp_path, rows, ("房屋编号", "宗地编号", "建筑编号", "经度", "纬度"), town=ground(parcels=True))
    table = found.table
    assert check(table, "farmhouses") == []
    assert table["building_id"].fillna("-").tolist() == ["B1", "B2", "B3", "B4", "-"]
    assert table["joined"].tolist() == ["id", "place", "place", "place", "none"]
    assert table["place"].tolist() == ["building"] * 4 + ["town"]
    assert table["community_id"].fillna("-").tolist() == ["V1", "V1", "V1", "V2", "-"]
    assert table.geometry.iloc[1].area == pytest.approx(100)
    assert set(found.checks["check"]) == {"house_without_parcel", "house_without_household", "building_unknown",
                                          "building_none"}  # fmt: skip


def test_the_map_fills_what_the_register_leaves_open_and_says_so(tmp_path: Path) -> None:
    rows = [("F1", "B1", 3, None), ("F2", "B2", None, 80)]
    table = sort(tmp_path, rows, ("房屋编号", "建筑编号", "层数", "占地面积")).table
    assert table["floors"].tolist() == [3, 2]
    assert table["footprint_m2"].tolist() == [100, 80]
    assert table["filled"].tolist() == ["year_built;structure;footprint_m2", "floors;year_built;structure"]
    twice = sort(
        tmp_path, [("F1", "B1", None, None), ("F2", "B1", None, None)], ("房屋编号", "建筑编号", "层数", "占地面积")
    )
    assert twice.table["footprint_m2"].isna().all(), "two houses in one building: whose ground it is, is not known"
    assert "building_twice" in set(twice.checks["check"])


def test_every_decision_by_hand(tmp_path: Path) -> None:
    """Kept; dangerous; dangerous but protected; empty second house; a homestead above the cap."""
    rows = [
        house(1, *SOUND),
        house(2, 2, 150, "D", "是", "是", "否", "是"),
        house(3, 2, 150, "D", "是", "是", "是", "是"),
        ("F4", "Z4", "H1", "B4", "V1", 3, 100, "A", "是", "否", "否", "是"),
        house(5, 5, 260, "B", "是", "是", "否", "是", village="V2"),
    ]
    table = sort(tmp_path, rows).table
    assert table["decision"].to_dict() == {"F1": "unknown", "F2": "demolish", "F3": "alter", "F4": "demolish",
                                           "F5": "alter"}  # fmt: skip
    assert table["rule"].to_dict() == {"F1": "more_than_one_lived_in", "F2": "danger_d", "F3": "protected_unsafe",
                                       "F4": "more_than_one_house", "F5": "above_cap"}  # fmt: skip
    assert table["houses_of_household"].tolist() == [2, 1, 1, 2, 1]
    assert sort(tmp_path, rows[:1]).table["decision"].tolist() == ["use"]
    assert table[["reason_zh", "reason_en"]].notna().all(axis=None)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    row = sort(tmp_path, [house(1, 3, 150, None, "是", "是", "否", "是")]).table.iloc[0]
    assert (row["decision"], row["missing"]) == ("unknown", "danger_grade")
    assert "危房鉴定等级" in row["reason_zh"]
    assert "safety appraisal" in row["reason_en"]
    sure = sort(tmp_path, [house(1, 3, 150, "D", "是", None, "否", None)]).table.iloc[0]
    assert (sure["decision"], sure["missing"]) == ("demolish", ""), "what is missing does not matter there"


def test_without_a_cap_the_rule_on_size_is_not_tried(tmp_path: Path) -> None:
    rows = [house(1, 3, 999, *SOUND[2:])]
    assert sort(tmp_path, rows).table["decision"].tolist() == ["alter"]
    without = sort(tmp_path, rows, cap=None)
    assert without.table["decision"].tolist() == ["use"]
    assert any("面积上限" in zh and "未采用" in zh for zh, _ in without.notes)


def test_a_decision_by_hand_says_who_why_and_what_the_rules_had_said(tmp_path: Path) -> None:
    rows = [house(1, *SOUND), house(2, *SOUND)]
    found = sort(tmp_path, rows, overrides={"F1": HouseOverride("demolish", "村民会议", "集中搬迁")})
    row = found.table.loc["F1"]
    assert (row["decision"], row["rule"], row["decided_by"]) == ("demolish", "override", "村民会议")
    assert row["overridden"]
    assert row["reason_zh"] == "人工决定(村民会议):集中搬迁;规则原判:用"
    assert not found.table.loc["F2", "overridden"]
    with pytest.raises(InputError) as refusal:
        sort(tmp_path, rows, overrides={"F9": HouseOverride("use", "x", "y"), "F1": HouseOverride("use", "", "y"),
                                        "F2": HouseOverride("use", "x", " ")})  # fmt: skip
    said = str(refusal.value)
    assert all(words in said for words in ("no farm house F9", "who took it", "does not say why"))


def test_totals_by_village_by_hand(tmp_path: Path) -> None:
    """V1: F1 kept (3 people), F2 pulled down (2), F6 pulled down on the same parcel, its people unknown. V2: F4."""
    rows = [
        house(1, *SOUND),
        house(2, 2, 150, "D", "是", "是", "否", "是"),
        ("F6", "Z2", "H6", None, "V1", None, 150, "D", "是", "是", "否", "是"),
        house(4, 4, None, None, "是", "是", "否", "是", village="西村"),
    ]
    totals = sort(tmp_path, rows).villages
    assert list(totals.index) == ["V1", "V2", "all"]
    east, west, both = (totals.loc[name] for name in totals.index)
    assert (east["houses"], east["households"], east["people"], east["households_without_people"]) == (3, 3, 5, 1)
    assert (east["demolish_houses"], east["demolish_people"], east["use_houses"], east["use_people"]) == (2, 2, 1, 3)
    assert (east["demolish_footprint_m2"], east["demolish_footprint_unknown"]) == (100, 1)
    assert (east["land_back_m2"], east["land_back_parcels"], east["land_back_unknown"]) == (150, 1, 0)
    assert math.isnan(west["unknown_parcel_m2"]), "what is not known is not zero"
    assert (west["unknown_parcel_unknown"], west["land_back_m2"]) == (1, 0)
    assert (both["houses"], both["people"]) == (4, 9)


def test_a_parcel_comes_back_only_when_all_on_it_goes(tmp_path: Path) -> None:
    rows = [house(1, 2, 150, "D", "是", "是", "否", "是"), ("F7", "Z1", "H7", None, "V1", *SOUND)]
    east = sort(tmp_path, rows).villages.loc["V1"]
    assert (east["demolish_parcel_m2"], east["land_back_m2"], east["land_back_parcels"]) == (150, 0, 0)


def test_every_check_is_found_where_it_is_planted(tmp_path: Path) -> None:
    headings = (
        "房屋编号",
        "宗地编号",
        "户编号",
        "建筑编号",
        "所在村",
        "家庭人口",
        "宅基地面积",
        "占地面积",
        "户内房屋数",
        "建成年份",
    )
    rows = [
        ("F1", "Z1", "H1", "B1", "东村", 3, 50, 90, 1, 1990),
        ("F2", "Z1", "H1", "B1", "V1", 4, 50, None, None, 2030),
        ("F3", None, None, "B77", "V9", None, None, None, None, None),
        ("F4", "Z4", "H4", "B4", "V1", 2, 200, None, None, 1980),
    ]
    checks = sort(tmp_path, rows, headings).checks
    found = checks.groupby("check", sort=False)["house_ids"].agg(list).to_dict()
    assert found == {
        "parcel_twice": ["F1;F2"], "household_many": ["F1;F2"], "house_without_parcel": ["F3"],
        "house_without_household": ["F3"], "building_unknown": ["F3"], "building_twice": ["F1;F2"],
        "building_none": ["F3"], "village_unknown": ["F3"], "village_differs": ["F4"],
        "footprint_above_parcel": ["F1"], "people_differ": ["F1;F2"], "count_differs": ["F1"], "year_later": ["F2"],
    }  # fmt: skip
    assert set(CHECKS) - set(found) == {"parcel_without_house", "household_without_house"}, "see test_register"
    assert checks[["said_zh", "said_en"]].notna().all(axis=None)


def test_parcels_and_households_without_houses_are_told(tmp_path: Path) -> None:
    from geo.farmhouses.checking import check_houses
    from geo.farmhouses.register import Register

    found = sort(tmp_path, [house(1, *SOUND)])
    register = Register(pd.DataFrame(), ("Z1", "Z9"), ("H1", "H8"), "r", ())
    joined = pd.DataFrame(found.table).assign(building_said="B1", community_said="V1", village_id="V1", lies_in="V1",
                                              houses_said=None, houses_counted=1)  # fmt: skip
    checks = check_houses(joined, register, on=ON)
    assert checks["other_id"].tolist() == ["Z9", "H8"]


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    from geo.farmhouses import read_register, sort_houses
    from tests.geo.farmhouses.village import rules, write

    register = read_register(write(tmp_path, [house(1, *SOUND)]), on=ON)
    with pytest.raises(InputError, match="is no day"):
        sort_houses(register, ground(), rules=rules(), on="soon")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.rename(columns={"宗地编号": "x"}), "no column 宗地编号"),
        (lambda f: f.set_crs(None, allow_override=True), "nothing of their coordinates"),
        (lambda f: f.set_geometry(f.geometry.centroid), "no areas"),
        (lambda f: f.assign(宗地编号="Z1"), "several outlines"),
    ],
)
def test_parcels_that_are_none_are_refused(change, words: str) -> None:
    frame = ground(parcels=True).parcels.reset_index(names="宗地编号")
    assert list(read_parcels(frame, frame.crs, file="p.gpkg").index) == ["Z1", "Z2", "Z3", "Z4"]
    with pytest.raises(InputError, match=words):
        read_parcels(change(frame), frame.crs, file="p.gpkg")


FACTS = st.tuples(
    st.sampled_from([None, 2, 5]), st.sampled_from([None, 150, 260]), st.sampled_from([None, "A", "C", "D"]),
    *[st.sampled_from([None, "是", "否"])] * 4,
)  # fmt: skip


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(FACTS, min_size=1, max_size=5), st.randoms())
def test_rows_may_stand_in_any_order(tmp_path: Path, facts: list, chance: object) -> None:
    rows = [house(i, *some) for i, some in enumerate(facts, start=1)]
    first = sort(tmp_path, rows)
    shuffled = list(rows)
    chance.shuffle(shuffled)
    again = sort(tmp_path, shuffled)
    pd.testing.assert_frame_equal(
        pd.DataFrame(first.table.drop(columns="source")), pd.DataFrame(again.table.drop(columns="source"))
    )
    pd.testing.assert_frame_equal(first.villages, again.villages)
    parts = ("demolish", "alter", "use", "unknown")
    assert (first.villages[[f"{one}_houses" for one in parts]].sum(axis=1) == first.villages["houses"]).all()
