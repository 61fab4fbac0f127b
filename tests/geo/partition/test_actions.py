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
from geo.partition.actions import PlanTables, explain_plan
from geo.partition.plan import Plan, PlanOptions, Term
from geo.schema import check
from geo.standards import load_profile

from ..grid_town import GridTown, grid_town

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
    assert tables.communities_before.loc["B", "text_zh"] == "保留B社区"
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
    assert new["text_zh"].startswith("设立")
    assert new["text_zh"].endswith("社区,范围为东至东路,南至南街,西至西路,北至中街")
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
    assert tables.communities_before.loc["B", "text_zh"] == "B社区更名为龙山社区"
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


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
TODAY = st.lists(st.text(alphabet="AABBC.", min_size=4, max_size=4), min_size=4, max_size=4)
THEN = st.lists(st.text(alphabet="ABCNM", min_size=4, max_size=4), min_size=4, max_size=4)
COUNTS = st.lists(st.integers(0, 5000), min_size=16, max_size=16)


@settings(max_examples=30, deadline=None)
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


@settings(max_examples=12, deadline=None)
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


@settings(max_examples=12, deadline=None)
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
