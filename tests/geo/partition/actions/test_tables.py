"""What a plan does, on towns small enough to be checked by eye."""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from geo.errors import InputError
from geo.partition.actions import PlanTables, explain_heirs, explain_plan, transfer_matrix, with_heirs
from geo.partition.plan import Condition, Lock, Plan, PlanOptions, Term
from geo.schema import check
from geo.standards import load_profile
from tests.geo.grid_town import GridTown, grid_town

V = ["西路", "二路", "中路", "四路", "东路"]
H = ["南街", "二街", "中街", "四街", "北街"]
LETTERS = {"A": "A社区", "B": "B社区", "C": "C社区", "D": "D社区"}


def town(before: list[str], **changes: object) -> GridTown:
    """Return four by four blocks whose communities today are drawn by `before`, north on top."""
    vertical = [changes.get(f"v{i}", V[i]) for i in range(5)]
    horizontal = [changes.get(f"h{i}", H[i]) for i in range(5)]
    place = grid_town(vertical=vertical, horizontal=horizontal)  # type: ignore[arg-type]
    today = place.assign(before)
    place.blocks["community_id"] = today.reindex(place.blocks.index).astype("str")
    place.blocks["group_id"] = pd.Series(None, index=place.blocks.index, dtype="str")
    return place


def todays(place: GridTown, names: Mapping[str, str] = LETTERS, **columns: Mapping[str, object]) -> gpd.GeoDataFrame:
    """Return the communities table of a town: the names, kind and whatever else is given by id."""
    known = place.blocks["community_id"].dropna()
    table = place.shapes(known)
    table.insert(0, "name", pd.Series(names).reindex(table.index))
    table["kind"] = pd.Series(columns.pop("kind", {})).reindex(table.index).fillna("community").astype("str")
    for column, values in columns.items():
        table[column] = pd.Series(values).reindex(table.index)
    return table.rename_axis("community_id")


def plan_of(assignment: pd.Series) -> Plan:
    return Plan(
        assignment=assignment.to_dict(), profile=load_profile("seed-3000"), options=PlanOptions(), seed=0,
        engine_version="1", min_households=0, max_households=100_000, k=assignment.nunique(),
        terms={"abolished": Term(value=1, unit="communities", weight=0.2, scale=2, weighted=0.1)},
    )  # fmt: skip


def explain(
    before: list[str], after: list[str], *, names: Mapping[str, str] = LETTERS, **options: object
) -> PlanTables:
    place = options.pop("place", None) or town(before)
    kinds = options.pop("kind", {})
    plan = plan_of(place.assign([row.replace("N", "N") for row in after]).replace({"N": "N01", "M": "N02"}))
    communities = todays(place, names, kind=kinds)  # type: ignore[arg-type]
    return explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=communities, **options)  # type: ignore[arg-type]


# ── sentences ────────────────────────────────────────────────────────────────────────────────────────────────────────
WHOLE = (["AABB"] * 4, ["BBBB"] * 4)
SPLIT = (["BBCC", "BAAC", "BAAC", "BBCC"], ["BBCC", "BBCC", "BBCC", "BBCC"])


def test_a_whole_transfer() -> None:
    """S1 A6."""
    tables = explain(*WHOLE)
    assert tables.communities_before.loc["A", "text_zh"] == "撤销A社区,将A社区整体划入B社区管辖"
    assert tables.communities_before.loc["A", "text_en"] == "Abolish A社区; all of A社区 passes to B社区"
    move = tables.moves.iloc[0]
    assert move["whole"]
    assert (move["from_id"], move["to_id"], move["households"], move["people"]) == ("A", "B", 800, 2400)
    assert move["bounds_zh"] == "北街以南、中路以西、南街以北、西路以东"


def test_a_split_transfer() -> None:
    """S1 A7: P路以南、Q路以西、R路以北、S路以东."""
    tables = explain(*SPLIT)
    assert tables.communities_before.loc["A", "text_zh"] == (
        "撤销A社区,将四街以南、中路以西、二街以北、二路以东划入B社区管辖;"
        "将四街以南、四路以西、二街以北、中路以东划入C社区管辖"
    )
    assert tables.communities_before.loc["A", "text_en"] == (
        "Abolish A社区. Its land south of 四街-en, west of 中路-en, north of 二街-en, east of 二路-en passes to B社区. "
        "Its land south of 四街-en, west of 四路-en, north of 二街-en, east of 中路-en passes to C社区"
    )
    assert tables.communities_before.loc["B", "text_zh"] == "保留B社区,同时将A社区的部分区域列入B社区管理"
    assert tables.communities_before.loc["B", "text_en"] == "Keep B社区. It takes in part of A社区"
    assert list(tables.moves["text_zh"]) == [
        "将A社区内四街以南、中路以西、二街以北、二路以东划入B社区管辖",
        "将A社区内四街以南、四路以西、二街以北、中路以东划入C社区管辖",
    ]


def test_three_areas_to_one_target() -> None:
    """S1 A7: joined by 、 and 和, closed with 三个区域."""
    tables = explain(["ADAA", "DDDD", "DDDB", "ADBB"], ["DDBB", "DDDD", "DDDB", "DDBB"])
    texts = tables.communities_before["text_zh"]
    assert texts["A"] == (
        "撤销A社区,将北街以南、东路以西、四街以北、中路以东划入B社区管辖;"
        "将北街以南、二路以西、四街以北、西路以东和二街以南、二路以西、南街以北、西路以东两个区域划入D社区管辖"
    )
    three = explain(["ADDA", "DDDD", "DDDD", "ADDD"], ["DDDD"] * 4)
    assert three.moves["whole"].tolist() == [True], "a community in three pieces that goes whole is one move"
    three = explain(["ADDA", "DDDD", "DDDD", "ADAA"], ["DDDD", "DDDD", "DDDD", "DDAA"])
    assert three.communities_before.loc["A", "text_zh"] == (
        "保留A社区,将A社区内北街以南、二路以西、四街以北、西路以东、北街以南、东路以西、四街以北、四路以东"
        "和二街以南、二路以西、南街以北、西路以东三个区域划入D社区管辖"
    )
    assert three.communities_before.loc["A", "text_en"] == (
        "Keep A社区. Three areas of it pass to D社区: "
        "(1) south of 北街-en, west of 二路-en, north of 四街-en, east of 西路-en; "
        "(2) south of 北街-en, west of 东路-en, north of 四街-en, east of 四路-en; "
        "(3) south of 二街-en, west of 二路-en, north of 南街-en, east of 西路-en"
    )


def test_a_new_community() -> None:
    tables = explain(["AABB"] * 4, ["AABB", "AABB", "NNNN", "NNNN"])
    new = tables.communities.loc["N01"]
    assert new["status"] == "created"
    assert new["name_proposed"]
    assert new["text_zh"] == (
        f"设立{new['name']},由A社区、B社区的部分区域组成,范围为东至东路,南至南街,西至西路,北至中街"
    )
    assert new["text_en"] == (
        f"Set up {new['name']} from parts of A社区 and B社区: "
        "east to 东路-en, south to 南街-en, west to 西路-en, north to 中街-en"
    )
    assert new["fate"] == "created"
    assert pd.isna(new["households_before"])
    assert tables.communities.loc["A", "text_zh"] == "调整A社区范围,调整后东至中路,南至中街,西至西路,北至北街"
    assert tables.communities_before.loc["A", "text_zh"] == (
        f"保留A社区,将A社区内中街以南、中路以西、南街以北、西路以东划入{new['name']}管辖"
    )


def test_a_community_that_stays() -> None:
    tables = explain(["AABB"] * 4, ["AABB"] * 4)
    assert len(tables.moves) == 0
    assert list(tables.moves.columns) == list(explain(*WHOLE).moves.columns)
    assert tables.moves.dtypes.equals(explain(*WHOLE).moves.dtypes)
    assert tables.communities["text_zh"].tolist()[0] == "保留A社区,范围不变:东至中路,南至南街,西至西路,北至北街"
    assert tables.communities_before["fate"].tolist() == ["kept", "kept"]
    assert not tables.blocks["moved"].any()


def test_fates_and_heirs() -> None:
    tables = explain(["AABB", "AABB", "CCDD", "CCDD"], ["AAAB", "AABB", "BBDD", "BADD"])
    assert tables.communities_before["fate"].to_dict() == {
        "A": "received", "B": "exchanged", "C": "abolished", "D": "kept"
    }  # fmt: skip
    assert tables.communities_before["heir_id"].fillna("-").to_dict() == {"A": "A", "B": "B", "C": "-", "D": "D"}
    assert tables.communities["status"].to_dict() == {"A": "changed", "B": "changed", "D": "kept"}
    gave = explain(["AABB"] * 4, ["ABBB"] * 4)
    assert gave.communities_before["fate"].to_dict() == {"A": "gave", "B": "received"}


# ── what becomes of each ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_rename_alone_is_said_and_nothing_else() -> None:
    """S1-E: 冠山村 becomes 城南社区 in the same range."""
    tables = explain(["AABB"] * 4, ["AABB"] * 4, names={"A": "冠山", "B": "水桥"}, kind={"A": "village"})
    assert not tables.communities_before["renamed"].any()
    place = town(["AABB"] * 4)
    communities = todays(place, {"A": "冠山", "B": "水桥"}, kind={"A": "village"})
    tables = explain_plan(
        plan_of(place.assign(["AABB"] * 4)), blocks=place.blocks, seams=place.seams, communities=communities,
        names={"A": ("城南社区", "Chengnan Community")},
    )  # fmt: skip
    before, after = tables.communities_before.loc["A"], tables.communities.loc["A"]
    assert (before["fate"], after["fate"], before["renamed"], after["renamed"]) == ("renamed", "renamed", True, True)
    assert before["text_zh"] == "冠山村更名为城南社区"
    assert before["text_en"] == "冠山村 is renamed Chengnan Community"
    assert after["text_zh"] == "冠山村更名为城南社区,范围不变:东至中路,南至南街,西至西路,北至北街"
    assert after["name_source"] == "decided"
    assert (after["status"], tables.communities.loc["B", "fate"]) == ("kept", "kept")
    assert tables.communities.loc["B", "name_source"] == "kept"


def test_renamed_and_received_and_gave_are_all_said() -> None:
    place = town(["AABB", "AABB", "CCDD", "CCDD"])
    plan = plan_of(place.assign(["AAAB", "AABB", "CAAD", "CCDD"]))
    tables = explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=todays(place),
                          names={"A": ("城南社区", "Chengnan"), "B": ("城北社区", "Chengbei")})  # fmt: skip
    assert tables.communities["fate"].to_dict() == {"A": "received", "B": "gave", "C": "gave", "D": "gave"}
    assert tables.communities_before["fate"].to_dict() == tables.communities["fate"].to_dict()
    assert tables.communities["renamed"].to_dict() == {"A": True, "B": True, "C": False, "D": False}
    assert tables.communities_before.loc["A", "text_zh"] == (
        "A社区更名为城南社区,同时将B社区、C社区、D社区的部分区域列入城南社区管理"
    )
    assert tables.communities.loc["A", "text_zh"].startswith(
        "A社区更名为城南社区,调整城南社区范围,将B社区、C社区、D社区的部分区域列入管理,调整后东至"
    )
    assert tables.communities_before.loc["B", "text_zh"] == (
        "B社区更名为城北社区,将B社区内北街以南、四路以西、四街以北、中路以东划入城南社区管辖"
    )


def test_a_community_made_of_wholes_parts_and_free_land_names_them_all() -> None:
    tables = explain(["AABB", "AABB", "CCDD", "..DD"], ["NNBB", "NNBB", "NNND", "NNDD"])
    text = tables.communities.loc["N01"]
    assert "由A社区、C社区整体、D社区的部分区域和未划入社区的区域组成" in text["text_zh"]
    assert "from all of A社区 and C社区, part of D社区 and land of no community: " in text["text_en"]


def test_decided_names_must_be_of_the_plan_and_unique() -> None:
    place = town(["AABB"] * 4)
    plan = plan_of(place.assign(["AABB"] * 4))
    with pytest.raises(InputError, match="the plan does not have: X") as caught:
        explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=todays(place),
                     names={"X": ("新城社区", ""), "A": ("B社区", "")})  # fmt: skip
    assert [fault.ids for fault in caught.value.faults] == [("X",), ("A", "B")]
    assert "two communities would be called B社区: A, B" in str(caught.value)


def test_a_parcel_that_its_bounds_do_not_tell_is_told_by_its_estate_or_its_blocks() -> None:
    """Two sides of the parcel are bare plot boundaries: nobody finds it by them."""
    place = town(["AABB"] * 4, v1=None, h1=None)
    estates = gpd.GeoDataFrame({"name": ["竹园小区"], "name_en": ["Zhuyuan"]}, index=["e"],
                               geometry=[box(1, 1, 99, 99)], crs=32650)  # fmt: skip
    before, after = ["AABB"] * 4, ["AABB", "AABB", "AABB", "BABB"]
    numbered = explain(before, after, place=place).moves.iloc[0]
    assert numbered["text_zh"] == ("将A社区内地块边界以南、地块边界以西、南街以北、西路以东(地块b00)划入B社区管辖")
    assert numbered["text_en"].endswith("east of 西路-en (block b00) passes to B社区")
    named = explain(before, after, place=place, estates=estates)
    assert named.moves.iloc[0]["text_zh"] == "将A社区内竹园小区所在区域划入B社区管辖"
    assert named.moves.iloc[0]["text_en"] == "The part of A社区 where Zhuyuan is passes to B社区"
    assert named.moves.iloc[0]["bounds_zh"] == "地块边界以南、地块边界以西、南街以北、西路以东"
    assert named.communities_before.loc["A", "text_zh"] == "保留A社区,将A社区内竹园小区所在区域划入B社区管辖"
    small = estates.assign(geometry=[box(10, 10, 40, 40)])
    assert explain(before, after, place=place, estates=small).moves.iloc[0]["place_zh"].endswith("(地块b00)")


# ── heirs ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_swap_of_heirs_loses_nobody() -> None:
    place = town(["AABB", "AABB", "CCDD", "CCDD"])
    plan = plan_of(place.assign(["AAAB", "AABB", "CCDD", "CCDD"]))
    for heirs in ({"A": "B", "B": "A"}, {"A": "B"}):
        swapped = with_heirs(plan, heirs, blocks=place.blocks)
        assert set(swapped.assignment.values()) == set("ABCD")
        assert swapped.assignment["b03"] == "B"
        assert swapped.assignment["b33"] == "A"
        assert swapped.assignment["b00"] == plan.assignment["b00"] == "C"
        assert "A→B、B→A" in swapped.notes[-1].zh
        assert plan.notes == ()
    tables = explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=todays(place), heirs={"A": "B"})
    assert tables.plan.assignment["b03"] == "B"
    assert tables.communities_before.loc["A", "fate"] == "exchanged"
    assert tables.communities_before.loc["A", "text_zh"].startswith("保留A社区,将A社区现有范围整体划入B社区管辖")
    assert with_heirs(plan, {"A": "A"}) is plan


def test_a_chain_of_heirs_ends_where_an_id_is_free() -> None:
    place = town(["AABB", "AABB", "CCDD", "CCDD"])
    plan = plan_of(place.assign(["AABB", "AABB", "CCDD", "CCDD"]))
    moved = with_heirs(plan, {"A": "B", "B": "C"})
    assert [moved.assignment[b] for b in ("b03", "b33", "b00", "b30")] == ["C", "A", "B", "D"]
    dropped = with_heirs(plan, {"A": "B", "B": None})
    assert [dropped.assignment[b] for b in ("b03", "b33", "b00", "b30")] == ["N01", "A", "C", "D"]


def test_an_abolished_community_may_carry_on_instead_or_nobody() -> None:
    """A and B merge under B's name by the rule; the planner gives it to A, or to nobody."""
    place = town(["AABB"] * 4)
    place.blocks["households"] = [90] * 8 + [110] * 8
    plan = plan_of(place.assign(["BBBB"] * 4))
    assert set(with_heirs(plan, {"A": "B"}, blocks=place.blocks).assignment.values()) == {"A"}
    assert set(with_heirs(plan, {"B": None}, blocks=place.blocks).assignment.values()) == {"N01"}
    tables = explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=todays(place), heirs={"A": "B"})
    assert tables.communities_before["fate"].to_dict() == {"A": "received", "B": "abolished"}
    none = explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=todays(place), heirs={"B": None})
    assert none.communities.loc["N01", "text_zh"].startswith("设立")
    assert "由B社区、A社区整体组成" in none.communities.loc["N01", "text_zh"]


def test_heirs_that_cannot_be_are_refused_together() -> None:
    place = town(["AABB"] * 4)
    plan = plan_of(place.assign(["AABB"] * 4))
    with pytest.raises(InputError) as caught:
        with_heirs(plan, {"X": "A", "B": "A", "A": "Y"}, blocks=place.blocks)
    assert [fault.ids for fault in caught.value.faults] == [("X",), ("Y",), ("B", "X")]
    assert "A cannot carry on both B and X" in str(caught.value)
    for asked in (PlanOptions(locks=(Lock(kind="as_is", ids=("A",)),)),
                  PlanOptions(conditions=(Condition(kind="has", community="A", ids=("b00",)),))):  # fmt: skip
        bound = plan.model_copy(update={"options": asked})
        with pytest.raises(InputError, match="carries on A; another heir breaks it"):
            with_heirs(bound, {"A": "B"})
        assert with_heirs(bound, {"A": "A"}) is bound


def test_the_rule_says_who_carries_on_and_why() -> None:
    place = town(["AABB", "AABB", "CCDD", "CCDD"])
    place.blocks["households"] = 0
    homes = {"b02": 10, "b03": 20, "b12": 30, "b13": 40, "b22": 200, "b32": 200}
    place.blocks.loc[list(homes), "households"] = list(homes.values())
    plan = plan_of(place.assign(["AABB", "BBBB", "BBDD", "CCDD"]))
    told = explain_heirs(plan, blocks=place.blocks, communities=todays(place))
    assert told["heir_id"].to_dict() == dict(zip("ABCD", "ABCD", strict=True))
    assert told.loc["A", ["amount", "heir_amount", "largest_id"]].tolist() == [100.0, 60.0, "A"]
    assert told.loc["A", "text_zh"] == "A社区的最大部分(60户,占60%)沿用其名称"
    assert told.loc["A", "text_en"] == "The largest part of A社区 (60 households, 60%) keeps its name"
    assert told.loc["C", ["by", "amount", "largest_share"]].tolist() == ["land", 40_000.0, 0.5]
    merged = plan_of(place.assign(["BBBB", "BBBB", "CCDD", "CCDD"]))
    told = explain_heirs(merged, blocks=place.blocks, communities=todays(place))
    assert pd.isna(told.loc["A", "heir_id"])
    assert not told["overridden"].any()
    assert told.loc["A", "text_zh"] == "A社区的最大部分(100户,占100%)划入B社区,该社区沿用其他名称,A社区的名称不再沿用"
    other = with_heirs(merged, {"A": "B", "B": None}, blocks=place.blocks)
    told = explain_heirs(other, blocks=place.blocks, communities=todays(place))
    assert told["overridden"].to_dict() == {"A": True, "B": True, "C": False, "D": False}
    assert told.loc["A", "text_zh"].endswith(";规划人员指定由A社区(100户,占100%)沿用")
    assert told.loc["B", "text_en"].endswith("; the planner ended it")


def test_a_condition_settles_the_heir_before_the_rule() -> None:
    """One block of A carries on A because a condition says so; the rule would have chosen the fifteen others."""
    place = town(["AAAA"] * 4)
    plan = plan_of(place.assign(["NNNN", "NNNN", "NNNN", "ANNN"]).replace({"N": "N01"}))
    told = explain_heirs(plan, blocks=place.blocks)
    assert told.loc["A", ["heir_id", "rule_heir_id", "overridden"]].tolist() == ["A", "N01", True]
    bound = plan.model_copy(
        update={"options": PlanOptions(conditions=(Condition(kind="has", community="A", ids=("b00",)),))}
    )
    told = explain_heirs(bound, blocks=place.blocks, communities=todays(place))
    assert told.loc["A", ["rule_heir_id", "overridden", "largest_id"]].tolist() == ["A", False, "N01"]
    assert told.loc["A", "text_zh"] == (
        "A社区的最大部分(1500户,占94%)划入新社区(N01);A社区的名称由在A社区的部分(100户,占6%)沿用"
    )


# ── the wide matrix ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_wide_matrix_has_every_community_and_its_sums() -> None:
    tables = explain(["AA..", "AA..", "AABB", "AABB"], ["AABB", "AABB", "AAAB", "AABB"])
    wide = transfer_matrix(tables)
    assert list(wide.index) == ["A", "B", "none", "total"]
    assert list(wide.columns) == ["A", "B", "total"]
    assert wide.to_numpy().tolist() == [[800, 0, 800], [100, 300, 400], [0, 400, 400], [900, 700, 1600]]
    assert transfer_matrix(tables, "area_m2").loc["none", "B"] == pytest.approx(4e4)
    assert transfer_matrix(tables, "buildings_count").loc["total", "total"] == 64


def test_unknown_numbers_stay_unknown_in_the_wide_matrix() -> None:
    place = town(["AABB"] * 4)
    people = pd.array([300] * 16, dtype="Int64")
    people[:8] = pd.NA  # all of A
    place.blocks["people"] = people
    wide = transfer_matrix(explain(["AABB"] * 4, ["AABB"] * 4, place=place), "people")
    assert pd.isna(wide.loc["A", "A"])
    assert pd.isna(wide.loc["A", "total"])
    assert wide.loc["A", "B"] == 0
    assert wide.loc["total", "total"] == 2400


def test_an_empty_table_of_buildings_is_not_a_town_without_buildings() -> None:
    place = town(["AABB"] * 4)
    none = gpd.GeoDataFrame(geometry=[], crs=place.blocks.crs)
    place.blocks["buildings_count"] = 0
    tables = explain(["AABB"] * 4, ["BBBB"] * 4, place=place, buildings=none)
    assert tables.moves["buildings_count"].isna().all()
    assert tables.communities_before["buildings_count"].isna().all()


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_suffixes_are_said_once() -> None:
    names = {"A": "清河", "B": "马岗社区"}
    assert explain(*WHOLE, names=names).communities_before.loc["A", "text_zh"] == (
        "撤销清河社区,将清河社区整体划入马岗社区管辖"
    )
    names = {"A": "Carrer A", "B": "何安里"}
    assert explain(*WHOLE, names=names).communities_before.loc["A", "text_zh"] == (
        "撤销Carrer A,将Carrer A整体划入何安里管辖"
    )


def test_a_split_community_lends_its_name_with_a_direction() -> None:
    place = town(["AAAA"] * 4)
    communities = todays(place, {"A": "清河社区"}, name_en={"A": "Qinghe Community"})
    plan = plan_of(place.assign(["NNAA", "NNAA", "NNMM", "NNMM"]).replace({"N": "N01", "M": "N02"}))
    after = explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=communities).communities
    assert after["name"].to_dict() == {"A": "清河社区", "N01": "清河西社区", "N02": "清河东社区"}
    assert after["name_en"].to_dict() == {
        "A": "Qinghe Community",
        "N01": "Qinghe West Community",
        "N02": "Qinghe East Community",
    }
    assert after["name_proposed"].to_dict() == {"A": False, "N01": True, "N02": True}


def test_a_main_estate_lends_its_name() -> None:
    place = town(["AABB"] * 4)
    estates = gpd.GeoDataFrame({"name": ["竹园小区", "小院"], "name_en": [None, None]}, index=["e1", "e2"],
                               geometry=[box(20, 20, 380, 180), box(10, 210, 30, 230)], crs=32650)  # fmt: skip
    tables = explain(["AABB"] * 4, ["AABB", "AABB", "NNNN", "NNNN"], place=place, estates=estates)
    assert tables.communities.loc["N01", "name"] == "竹园社区"
    assert pd.isna(tables.communities.loc["N01", "name_en"])
    assert tables.communities["estates_count"].to_dict() == {"A": 1, "B": 0, "N01": 1}


def test_names_are_unique_and_fall_back_to_roads() -> None:
    tables = explain(["AABB", "AABB", "CCDD", "CCDD"], ["NNNN", "NNNN", "NNNN", "MMMM"])
    assert tables.communities["name"].is_unique
    assert all(name.endswith("社区") for name in tables.communities["name"])


def test_decided_names_and_renaming() -> None:
    tables = explain(["AABB"] * 4, ["AABB", "AABB", "NNNN", "NNNN"], names=LETTERS | {"B": "B村"},
                     kind={"B": "village"})  # fmt: skip
    assert tables.communities.loc["B", "kind"] == "village"
    place = town(["AABB"] * 4)
    plan = plan_of(place.assign(["BBBB"] * 4))
    tables = explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=todays(place),
                          names={"B": ("龙山社区", "Longshan")})  # fmt: skip
    assert tables.communities_before.loc["A", "text_zh"] == "撤销A社区,将A社区整体划入龙山社区管辖"
    assert tables.communities_before.loc["B", "text_zh"] == ("B社区更名为龙山社区,同时将A社区整体列入龙山社区管理")
    assert tables.communities_before.loc["B", "text_en"] == "B社区 is renamed Longshan. It takes in all of A社区"
    assert tables.communities.loc["B", "text_zh"].startswith("B社区更名为龙山社区,调整龙山社区范围,")
    assert not tables.communities.loc["B", "name_proposed"]


def test_kinds_of_what_comes_out() -> None:
    """Villages stay a village on village land alone; converted stays converted; a mixture is a community."""
    kind = {"A": "village", "B": "community", "C": "converted", "D": "converted"}
    names = {"A": "光明", "B": "B社区", "C": "C社区", "D": "D社区"}
    before = ["AABB", "AABB", "CCDD", "CCDD"]
    kept = explain(before, before, names=names, kind=kind).communities
    assert kept["kind"].to_dict() == kind
    assert kept["note_zh"].isna().all()
    split = explain(before, ["ANBB", "ANBB", "CCDD", "CCDD"], names=names, kind=kind).communities
    assert split.loc["N01", "kind"] == "village"
    assert split.loc["N01", "name"].endswith("村") or split.loc["N01", "name"].endswith("社区")
    merged = explain(before, ["AAAA", "AAAA", "CCCC", "CCCC"], names=names, kind=kind).communities
    assert merged["kind"].to_dict() == {"A": "community", "C": "converted"}
    assert merged.loc["A", "note_zh"] == "光明村划入了B社区的土地,须先经村民会议同意并完成村改居、另定名称"
    assert merged.loc["A", "note_en"].startswith("光明村 takes in land of B社区: it needs the villagers' meeting's")
    taken = explain(before, ["BBBB", "BBBB", "CCDD", "CCDD"], names=names, kind=kind).communities
    assert taken.loc["B", "kind"] == "community"
    assert taken.loc["B", "note_zh"] == "含光明村的土地,并入社区须先经村民会议同意并完成村改居"
    mixed = explain(before, ["AABB", "AABB", "BBBB", "DDDD"], names=names, kind=kind).communities
    assert mixed["kind"].to_dict() == {"A": "village", "B": "community", "D": "converted"}
    assert mixed.loc["B", "note_zh"] == "含村改居社区C社区、D社区的土地,原集体资产与成员权益不变"


def test_a_merger_of_villages_stays_a_village_and_says_what_it_needs() -> None:
    names, kind = {"A": "光明", "B": "冠山"}, {"A": "village", "B": "village"}
    merged = explain(*WHOLE, names=names, kind=kind).communities
    assert merged["kind"].to_dict() == {"B": "village"}
    assert merged.loc["B", "note_zh"] == "由光明村、冠山村合并而成,村的撤并须分别经村民会议同意并报县级政府批准"
    assert merged.loc["B", "note_en"].startswith("a merger of 光明村, 冠山村: ")


def test_decided_names_stay_with_the_plan_and_follow_their_community() -> None:
    place = town(["AABB"] * 4)
    first = explain_plan(
        plan_of(place.assign(["AABB", "AABB", "NNNN", "NNNN"])), blocks=place.blocks, seams=place.seams,
        communities=todays(place), names={"N": ("水桥社区", "Shuiqiao")},
    ).plan  # fmt: skip
    again = Plan.from_json(first.to_json())
    assert dict(again.names) == {"N": ("水桥社区", "Shuiqiao")}
    tables = explain_plan(again, blocks=place.blocks, seams=place.seams, communities=todays(place))
    assert tables.communities.loc["N", "name"] == "水桥社区"
    swapped = with_heirs(again, {"A": "N"}, blocks=place.blocks)
    assert dict(swapped.names) == {"A": ("水桥社区", "Shuiqiao")}


def test_an_urban_li_lends_its_name_as_a_li() -> None:
    place = town(["AAAA"] * 4)
    communities = todays(place, {"A": "惠來里"}, name_en={"A": "Huilai Vil."})
    plan = plan_of(place.assign(["NNAA"] * 4).replace({"N": "N01"}))
    tables = explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=communities)
    assert tables.communities.loc["N01", "name"] == "惠來西里"
    assert tables.communities.loc["N01", "name_en"] == "Huilai West Vil."
    assert tables.communities_before.loc["A", "text_en"].startswith("Keep Huilai Vil. Its land south of ")


def test_the_outer_edge_is_named_after_the_town() -> None:
    place = town(["AABB"] * 4)
    place.seams.loc[place.seams["block_b"] == "outside", ["feature_name", "feature_class"]] = [None, "study_edge"]
    plan = plan_of(place.assign(["AABB"] * 4))
    said = {}
    for name in ("清河镇", "西屯區", "城关街道", "白马乡", None):
        communities = todays(place).assign(town=name)
        tables = explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=communities)
        said[name] = tables.communities.loc["A", "bounds_to_zh"].rsplit("北至")[1]
    assert said == {"清河镇": "镇界", "西屯區": "区界", "城关街道": "街道界", "白马乡": "乡界", None: "镇界"}
    bare = place.blocks.assign(community_id=None)
    tables = explain_plan(plan, blocks=bare, seams=place.seams)
    assert tables.communities.loc["A", "bounds_to_zh"].endswith("北至规划范围界")
    assert tables.communities.loc["A", "bounds_to_en"].endswith("north to the edge of the study area")


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_buildings_that_nobody_mapped_are_unknown() -> None:
    place = town(["AABB"] * 4)
    plan = plan_of(place.assign(["BBBB"] * 4))
    for count, seen in ((0, None), (2, 32)):
        blocks = place.blocks.assign(buildings_count=count)
        tables = explain_plan(plan, blocks=blocks, seams=place.seams, communities=todays(place))
        assert tables.communities["buildings_count"].astype(object).where(lambda n: n.notna(), None).tolist() == [seen]


def test_land_of_no_community_is_taken_in() -> None:
    tables = explain(["AA..", "AA..", "AABB", "AABB"], ["AABB"] * 4)
    move = tables.moves.iloc[0]
    assert pd.isna(move["from_id"])
    assert move["text_zh"] == "将未划入社区的区域内北街以南、东路以西、中街以北、中路以东划入B社区管辖"
    assert tables.matrix["community_id_before"].isna().sum() == 1
    assert tables.blocks["moved"].sum() == 4


def test_a_town_without_communities() -> None:
    place = town(["...."] * 4)
    tables = explain_plan(plan_of(place.assign(["NNMM"] * 4)), blocks=place.blocks, seams=place.seams)
    assert len(tables.moves) == len(tables.communities_before) == 0
    assert tables.communities["status"].tolist() == ["created", "created"]
    assert tables.communities["name"].is_unique
    assert not tables.blocks["moved"].any()
    assert not tables.seams["cut_before"].any()


def test_a_community_without_a_whole_block() -> None:
    place = town(["AABB"] * 4)
    communities = todays(place)
    communities.loc["C"] = {"name": "C社区", "kind": "community", "geometry": box(190, 190, 210, 210)}
    tables = explain_plan(plan_of(place.assign(["AABB"] * 4)), blocks=place.blocks, seams=place.seams,
                          communities=communities)  # fmt: skip
    assert tables.communities_before.loc["C", "fate"] == "abolished"
    assert tables.communities_before.loc["C", "text_zh"] == "撤销C社区(现有范围不足一个完整地块)"
    assert tables.communities_before.loc["C"].geometry.area == pytest.approx(400)


def test_seams_know_which_borders_they_are() -> None:
    tables = explain(["AABB"] * 4, ["AAAA", "AAAA", "BBBB", "BBBB"])
    inner = tables.seams[tables.seams["block_b"] != "outside"]
    assert set(inner.loc[inner["cut"], "feature_name"]) == {"中街"}
    assert set(inner.loc[inner["cut_before"], "feature_name"]) == {"中路"}
    outer = tables.seams[tables.seams["block_b"] == "outside"]
    assert outer["cut"].all()
    assert outer["community_b"].isna().all()
    assert outer["community_a"].notna().all()


def test_buildings_and_estates_are_counted_by_an_inner_point() -> None:
    place = town(["AABB"] * 4)
    buildings = gpd.GeoDataFrame(geometry=[box(10, 10, 20, 20), box(190, 10, 206, 20), box(900, 900, 910, 910)],
                                 index=["x", "y", "z"], crs=place.blocks.crs)  # fmt: skip
    tables = explain(["AABB"] * 4, ["BBBB"] * 4, place=place, buildings=buildings)
    assert tables.communities["buildings_count"].tolist() == [2]
    assert tables.moves["buildings_count"].tolist() == [2]
    assert tables.communities["estates_count"].isna().all()


def test_unknown_counts_stay_unknown() -> None:
    place = town(["AABB"] * 4)
    place.blocks["people"] = pd.array([pd.NA] * 16, dtype="Int64")
    tables = explain(["AABB"] * 4, ["BBBB"] * 4, place=place)
    assert tables.communities["people"].isna().all()
    assert tables.communities["households"].tolist() == [1600]


def test_terms_and_violations_come_along() -> None:
    tables = explain(*WHOLE)
    assert tables.terms.loc[0, ["term", "value", "unit"]].tolist() == ["abolished", 1, "communities"]
    assert tables.terms.loc[0, "meaning_zh"] == "撤销的社区数"
    assert list(tables.violations.columns) == ["rule", "community_id", "measured", "allowed", "text_zh", "text_en"]


def test_plan_and_blocks_must_match() -> None:
    place = town(["AABB"] * 4)
    plan = plan_of(place.assign(["AABB"] * 4))
    with pytest.raises(InputError, match="blocks of the plan are not in the blocks table") as caught:
        explain_plan(plan, blocks=place.blocks.iloc[1:], seams=place.seams)
    assert {fault.ids for fault in caught.value.faults} == {("b00",)}
    small = plan_of(place.assign(["AABB"] * 4).iloc[1:])
    with pytest.raises(InputError, match="blocks have no community in the plan"):
        explain_plan(small, blocks=place.blocks, seams=place.seams)
    with pytest.raises(InputError, match="1 blocks have no community in the plan"):
        explain_heirs(small, blocks=place.blocks)


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
TODAY = st.lists(st.text(alphabet="AABBC.", min_size=4, max_size=4), min_size=4, max_size=4)
THEN = st.lists(st.text(alphabet="ABCNM", min_size=4, max_size=4), min_size=4, max_size=4)
COUNTS = st.lists(st.integers(0, 5000), min_size=16, max_size=16)


@settings(max_examples=15, deadline=None)
@given(TODAY, THEN, COUNTS)
def test_nothing_is_lost_in_a_transfer(before: list[str], after: list[str], households: list[int]) -> None:
    """Row sums of the matrix are the old totals, column sums the new ones; moves are what is off its diagonal."""
    place = town(before)
    place.blocks["households"] = households
    tables = explain(before, after, place=place)
    matrix = tables.matrix.assign(before=tables.matrix["community_id_before"].fillna("-"))
    assert matrix["households"].sum() == sum(households)
    rows, columns = matrix.groupby("before"), matrix.groupby("community_id")
    for name in ("households", "people", "area_m2", "buildings_count"):
        if name != "buildings_count":
            assert rows[name].sum().drop("-", errors="ignore").to_dict() == (
                pytest.approx(tables.communities_before[name].dropna().to_dict())
            )
        assert columns[name].sum().to_dict() == pytest.approx(tables.communities[name].to_dict())
        off = matrix[matrix["before"] != matrix["community_id"]]
        if (matrix["before"] != "-").any():
            assert tables.moves[name].sum() == pytest.approx(off[name].sum())
    assert tables.blocks.loc[tables.blocks["moved"], "households"].sum() == tables.moves["households"].sum()
    assert shapely.area(tables.communities.geometry.to_numpy()).sum() == pytest.approx(16e4)
    assert tables.communities.geometry.is_valid.all()
    assert tables.communities["name"].is_unique
    for name in ("households", "people", "area_m2", "buildings_count"):
        wide = transfer_matrix(tables, name)
        inner = wide.iloc[:-1, :-1]
        assert inner.sum(axis=1).to_dict() == pytest.approx(wide["total"].iloc[:-1].to_dict())
        assert inner.sum(axis=0).to_dict() == pytest.approx(wide.loc["total"].iloc[:-1].to_dict())
        assert wide.loc["total", "total"] == pytest.approx(tables.communities[name].sum())
    _every_fate_and_move_is_told(tables)


def _every_fate_and_move_is_told(tables: PlanTables) -> None:
    """One fate each, the same in both tables; every move stands in its giver's sentence and in its taker's."""
    today, then = tables.communities_before, tables.communities
    assert set(today["fate"]) <= {"kept", "renamed", "received", "gave", "exchanged", "abolished"}
    both = today.index.intersection(then.index)
    assert today.loc[both, "fate"].tolist() == then.loc[both, "fate"].tolist()
    assert set(today.index[today["fate"] == "abolished"]) == set(today.index) - set(then.index)
    assert set(then.index[then["fate"] == "created"]) == set(then.index) - set(today.index)
    for _, move in tables.moves.iterrows():
        taker = then.loc[move["to_id"]]
        assert move["from_name"] in taker["text_zh"]
        if pd.notna(move["from_id"]):
            giver = today.loc[move["from_id"], "text_zh"]
            assert taker["name"] in giver
            assert ("整体" if move["whole"] else move["place_zh"]) in giver


@settings(max_examples=20, deadline=None)
@given(TODAY, THEN, st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["A", "B", "C", "N01", None]), max_size=3))
def test_other_heirs_keep_the_partition(before: list[str], after: list[str], heirs: dict[str, str | None]) -> None:
    place = town(before)
    plan = plan_of(place.assign(after).replace({"N": "N01", "M": "N02"}))
    try:
        other = with_heirs(plan, heirs)
    except InputError:
        named = [heir for heir in heirs.values() if heir is not None]
        assert len(set(named)) < len(named) or not set(named) <= set(plan.assignment.values())
        return
    pairs = {(plan.assignment[block], other.assignment[block]) for block in plan.assignment}
    assert len(pairs) == plan.k == other.k == len({new for _, new in pairs})
    for old, heir in heirs.items():
        assert heir is None or (heir, old) in pairs
        assert heir is not None or old not in other.assignment.values()
    kept = {own for own in plan.assignment.values() if own not in heirs and own not in heirs.values()}
    assert all((own, own) in pairs for own in kept)


@settings(max_examples=6, deadline=None)
@given(TODAY, THEN, st.integers(0, 2**32 - 1))
def test_row_order_does_not_matter_and_inputs_stay(before: list[str], after: list[str], seed: int) -> None:
    place = town(before)
    communities = todays(place)
    plan = plan_of(place.assign(after).replace({"N": "N01", "M": "N02"}))
    copies = [table.copy(deep=True) for table in (place.blocks, place.seams, communities)]
    first = explain_plan(plan, blocks=place.blocks, seams=place.seams, communities=communities)
    assert all(a.equals(b) for a, b in zip(copies, (place.blocks, place.seams, communities), strict=True))
    order = np.random.default_rng(seed).permutation
    shuffled = [table.iloc[order(len(table))] for table in (place.blocks, place.seams, communities)]
    second = explain_plan(plan, blocks=shuffled[0], seams=shuffled[1], communities=shuffled[2])
    for name in ("blocks", "seams", "communities", "communities_before", "moves", "matrix", "violations", "terms"):
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(first, name)), pd.DataFrame(getattr(second, name)))


@settings(max_examples=6, deadline=None)
@given(TODAY, THEN)
def test_tables_keep_their_contract(before: list[str], after: list[str]) -> None:
    tables = explain(before, after)
    assert check(tables.blocks, "blocks") == []
    assert check(tables.seams, "seams") == []
    assert check(tables.communities, "communities") == []
    assert check(tables.communities_before, "communities") == []
    assert tables.moves.index.is_unique
    assert tables.moves.index.name == "move_id"
    assert tables.blocks.crs == tables.communities.crs == tables.moves.crs == tables.communities_before.crs
