"""Villages turned into communities, on towns of sixteen blocks with 100 households each, checked by hand."""

from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from geo.conversion import (
    ConversionOptions,
    Conversions,
    Override,
    Timetable,
    Vote,
    check_vote,
    classify_conversions,
    conversion_heirs,
    plan_options,
    procedure,
)
from geo.errors import InputError
from geo.partition.actions.heirs import with_heirs
from geo.partition.plan import Condition, Lock, PlanOptions
from geo.partition.solve import make_plan
from geo.schema import conform
from geo.standards import load_profile
from tests.geo.grid_town import CRS, GridTown, grid_town

DRAWN = ["VVAA", "VVAA", "VVBB", "VVBB"]
"""A village of 800 households west of the neighbourhoods A and B with 400 each."""
NAMES = {"V": "冠山", "W": "水桥", "A": "西门社区", "B": "竹园社区", "C": "塘头社区"}
KINDS = {"V": "village", "W": "village", "C": "converted"}
PROFILE = load_profile("seed-3000").model_copy(
    update={"min_households": 300, "target_households": 400, "max_households": 900, "max_people": None}
)
SURVEY = {
    "arable_m2_per_head": 100.0, "nonfarm_share": 0.8, "assets_settled": True, "reform_done": True,
    "property_clear": True, "source": "2024年村情调查",
}  # fmt: skip
WEST = gpd.GeoDataFrame(geometry=[box(0, 0, 200, 400)], crs=CRS)


def town(drawn: list[str] = DRAWN) -> tuple[GridTown, gpd.GeoDataFrame]:
    """Return the blocks and seams of a drawing, and its communities."""
    place = grid_town(
        vertical=["西路", "二路", "中路", "四路", "东路"], horizontal=["南街", "二街", "中街", "四街", "北街"]
    )
    today = place.assign(drawn)
    place.blocks["community_id"] = today.reindex(place.blocks.index).astype("str")
    place.blocks["group_id"] = pd.Series(None, index=place.blocks.index, dtype="str")
    table = place.shapes(today)
    table["name"] = pd.Series(NAMES).reindex(table.index)
    table["kind"] = pd.Series(KINDS).reindex(table.index).fillna("community").astype("str")
    return place, conform(table, "communities")


def classify(drawn: list[str] = DRAWN, **given: object) -> Conversions:
    place, communities = town(drawn)
    change = given.pop("change", None)
    if callable(change):
        communities = change(communities)
    return classify_conversions(place.blocks, place.seams, communities, profile=PROFILE, **given)  # type: ignore[arg-type]


def survey(**changes: object) -> pd.DataFrame:
    return pd.DataFrame([{**SURVEY, **changes}], index=["V"])


def compound(shape: object = None, **columns: object) -> gpd.GeoDataFrame:
    """Return one estate: four blocks in the north-east, closed, built in 2015, with 400 households."""
    row = {"name": "竹园小区", "name_en": "Zhuyuan", "closed": True, "year_built": 2015, "households": 400} | columns
    return conform(
        gpd.GeoDataFrame([row], index=["e1"], geometry=[shape or box(200, 200, 400, 400)], crs=CRS), "estates"
    )


def homes(*rows: tuple[float, float, int | None, str | None]) -> gpd.GeoDataFrame:
    """Return buildings: x, y, households, the community that the register names."""
    frame = gpd.GeoDataFrame(
        {"households": [row[2] for row in rows], "community_id": [row[3] for row in rows]},
        index=[f"h{i}" for i in range(len(rows))], geometry=[box(x, y, x + 5, y + 5) for x, y, *_ in rows], crs=CRS,
    )  # fmt: skip
    return conform(frame, "buildings")


# ── the three types ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_village_of_its_own_converts_in_place() -> None:
    """T1: range and size unchanged; nobody but villagers lives there."""
    found = classify(buildings=homes((10, 10, 30, "V"), (110, 10, 10, "A")), survey=survey(), construction_land=WEST)
    row = found.table.loc["V"]
    assert (row["type"], row["type_by_rule"], row["overridden"], row["eligible"]) == ("T1", "T1", False, "pass")
    assert (row["mixed_share"], row["mixed_households"], row["households"]) == (0.25, 10, 800)
    assert row["reasons_zh"] == "范围内已知40户中有10户(25%)属社区登记或住在小区;未达混居标准30%"
    assert row["reasons_en"] == (
        "of 40 known households in its range 10 (25%) are registered with a neighbourhood, or live in a compound; "
        "not mixed: the threshold is 30%"
    )
    assert row["text_zh"] == "撤销冠山村村民委员会,在原范围设立冠山社区居民委员会,范围和规模不变,共800户"
    assert row["plan_zh"] == "范围不变"
    assert found.locks["V"] == (Lock(kind="as_is", ids=("V",)),)


def test_a_village_outside_the_limits_converts_in_place_and_joins_whole_later() -> None:
    small = classify(["VAAA", "VAAA", "BBBB", "BBBB"], survey=survey(mixed_share=0.0))
    assert small.table.loc["V", ["type", "households"]].tolist() == ["T1", 200]
    assert small.locks["V"] == (Lock(kind="whole", ids=("V",)),)
    assert small.table.loc["V", "plan_zh"].startswith("整体保留:户数不在300至900户之间")


def test_a_mixed_village_merges_with_whom_its_residents_are_registered() -> None:
    """T2: 30 of 40 households are registered with B, although A's border is as long."""
    found = classify(["VVAA", "VAAA", "VBBB", "VVBB"], buildings=homes((10, 10, 10, "V"), (10, 110, 30, "B")))
    row = found.table.loc["V"]
    assert (row["type"], row["neighbour_id"], row["mixed_share"]) == ("T2", "B", 0.75)
    assert row["reasons_zh"] == (
        "范围内已知40户中有30户(75%)属社区登记或住在小区;达到混居标准30%;与竹园社区合并,须视双方群众意愿;条件1、2、3、4待核"
    )
    assert row["text_zh"] == "撤销冠山村村民委员会(600户),与竹园社区合并设立一个居民委员会"
    assert row["plan_zh"] == "与竹园社区合计超过上限900户,1个混居地块准许划入竹园社区等,其余部分保持完整"
    assert found.locks["V"] == (
        Lock(kind="free", ids=("V",)),
        Lock(kind="together", ids=("b00", "b10"), of="blocks"),
        Lock(kind="together", ids=("b02", "b03", "b13"), of="blocks"),
    ), "600 + 500 households are above the maximum of 900; b01 is mixed, the rest stays together"
    roomy = ["VVAA", "VVAA", "BBAA", "BBAA"]
    merged = classify(roomy, buildings=homes((10, 210, 10, "V"), (10, 310, 30, "B")))
    assert merged.locks["V"] == (Lock(kind="together", ids=("B", "V")),)
    assert merged.table.loc["V", "plan_en"] == "in one community with 竹园社区"


def test_compounds_in_its_range_mix_a_village_too() -> None:
    """Without buildings the estates' own numbers say it: 300 of 800 households."""
    old = compound(box(0, 0, 100, 300), households=300, year_built=1995)
    found = classify(estates=old)
    assert found.table.loc["V", ["type", "mixed_share", "mixed_households"]].tolist() == ["T2", 0.375, 300]
    assert "范围内800户中有300户(38%)住在小区" in found.table.loc["V", "reasons_zh"]
    unknown = classify(estates=compound(box(0, 0, 100, 300), households=None, year_built=1995))
    assert pd.isna(unknown.table.loc["V", "mixed_share"])


def test_a_survey_goes_before_what_was_counted() -> None:
    found = classify(survey=survey(mixed_share=0.4), buildings=homes((10, 10, 30, "V")))
    assert found.table.loc["V", ["type", "mixed_share"]].tolist() == ["T2", 0.4]
    assert found.table.loc["V", "reasons_zh"].startswith("调查:范围内非本村住户占40%")


def test_ranges_that_overlap_are_mixed() -> None:
    def spread(communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = communities.geometry.copy()
        shapes.loc["A"] = box(150, 200, 400, 400)
        return communities.set_geometry(shapes)

    row = classify(change=spread, survey=survey(mixed_share=0.0)).table.loc["V"]
    assert row["overlap_share"] == pytest.approx(50 * 200 / 80_000)
    assert (row["type"], row["neighbour_id"]) == ("T2", "A")
    assert "与西门社区的范围重叠12%" in row["reasons_zh"]


def test_a_mixed_village_without_a_neighbourhood_converts_in_place() -> None:
    row = classify(["VVWW", "VVWW", "VVWW", "VVWW"], survey=survey(mixed_share=0.9)).table.loc["V"]
    assert row["type"] == "T1"
    assert "没有相邻社区可供合并,在原范围改制" in row["reasons_zh"]
    assert pd.isna(row["neighbour_id"])


def test_villages_of_another_town_do_not_merge() -> None:
    def towns(communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return communities.assign(town=["甲镇", "乙镇", "甲镇"])

    row = classify(change=towns, survey=survey(mixed_share=0.9)).table.loc["V"]
    assert row["neighbour_id"] == "A"


def test_a_new_closed_compound_gets_a_community_of_its_own() -> None:
    found = classify(["VVAA", "VVAA", "AAAA", "AAAA"], estates=compound())
    row = found.table.loc["e1"]
    assert (row["subject"], row["type"], row["home_id"], row["closed"], row["year_built"]) == (
        "compound", "T3", "A", True, 2015,
    )  # fmt: skip
    assert row["reasons_zh"] == "相对封闭;2015年建成;400户,达到300户"
    assert row["reasons_en"] == "it is closed; built in 2015; 400 households, at least 300"
    assert row["text_zh"] == "为竹园小区单独设立竹园社区,共400户"
    assert row[["condition_1", "eligible"]].isna().all()
    together, *apart = found.locks["e1"]
    assert together == Lock(kind="together", ids=("b22", "b23", "b32", "b33"), of="blocks")
    assert {lock.kind for lock in apart} == {"apart"}
    assert {lock.ids for lock in apart} == {("b22", "b00"), ("b22", "b02")}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"closed": False}, "不封闭"),
        ({"closed": None}, "封闭情况未知,不认定"),
        ({"year_built": 2000}, "2000年建成,早于2001年"),
        ({"year_built": None}, "建成年份未知,不认定"),
        ({"households": 299}, "299户,不足300户"),
        ({"households": None}, "户数未知,不认定"),
        ({"households": 901}, "901户,超过上限900户,须划分为几个社区"),
    ],
)
def test_a_compound_that_fails_one_test_stays(columns: dict[str, object], said: str) -> None:
    found = classify(["VVAA", "VVAA", "AAAA", "AAAA"], estates=compound(**columns))
    row = found.table.loc["e1"]
    assert (row["type"], row["plan_zh"]) == ("none", "无")
    assert said in row["reasons_zh"].split(";")
    assert pd.isna(row["text_zh"])
    assert "e1" not in found.locks


def test_a_compound_stays_in_a_converted_a_locked_or_its_own_community() -> None:
    def row(drawn: list[str], locked: bool = False, **columns: object) -> pd.Series:
        found = classify(drawn, estates=compound(**columns), change=lambda c: c.assign(locked=locked))
        return found.table.loc["e1"]

    assert "位于村改居社区塘头社区内,村改居原则上不变" in row(["VVCC", "VVCC", "CCCC", "CCCC"])["reasons_zh"]
    assert "所在西门社区已锁定" in row(["VVAA", "VVAA", "AAAA", "AAAA"], locked=True)["reasons_zh"]
    assert "已占西门社区的大部分户数(400/400户),本身即为一个社区" in row(DRAWN)["reasons_zh"]
    assert row(["VVAA", "VVAA", "AAAA", "AAAA"])["type"] == "T3"


def test_the_threshold_of_a_compound_is_the_profiles_unless_given() -> None:
    drawn = ["VVAA", "VVAA", "AAAA", "AAAA"]
    assert (
        classify(drawn, estates=compound(), options=ConversionOptions(min_households=401)).table.loc["e1", "type"]
        == "none"
    )
    assert classify(drawn, estates=compound(households=300)).table.loc["e1", "type"] == "T3"
    few = classify(drawn, estates=compound(households=None), buildings=homes((210, 210, 350, None)))
    assert few.table.loc["e1", ["type", "households"]].tolist() == ["T3", 350], "counted from the buildings in it"
    half = classify(
        drawn, estates=compound(households=None), buildings=homes((210, 210, 350, None), (310, 310, None, None))
    )
    assert pd.isna(half.table.loc["e1", "households"]), "one building is unknown, so the compound is"
    assert half.table.loc["e1", "type"] == "none"


def test_thresholds_are_reached_by_their_own_value() -> None:
    drawn = ["VVAA", "VVAA", "AAAA", "AAAA"]
    edge = classify(drawn, survey=survey(mixed_share=0.3, nonfarm_share=2 / 3, arable_m2_per_head=199.9),
                    estates=compound(year_built=2001, households=300),
                    construction_land=gpd.GeoDataFrame(geometry=[box(0, 0, 197, 400)], crs=CRS))  # fmt: skip
    assert edge.table.loc["V", [f"condition_{i}" for i in range(1, 5)]].tolist() == ["fail", "pass", "pass", "pass"]
    wide = gpd.GeoDataFrame(geometry=[box(0, 200, 198, 400)], crs=CRS)
    edge = classify(drawn, survey=survey(mixed_share=0.3), estates=compound(year_built=2001, households=300),
                    construction_land=wide)  # fmt: skip
    assert edge.table.loc["V", ["condition_1", "in_construction_share"]].tolist() == ["pass", 0.99]
    assert edge.table["type"].to_dict() == {"V": "T2", "e1": "T3"}
    assert classify(drawn, survey=survey(mixed_share=0.299)).table.loc["V", "type"] == "T1"


def test_a_compound_in_a_village_leaves_it_and_does_not_mix_it() -> None:
    estate = compound(box(0, 200, 200, 400))
    found = classify(estates=estate)
    assert found.table["type"].to_dict() == {"V": "T1", "e1": "T3"}
    assert found.table.loc["V", "mixed_share"] == 0.0
    assert found.locks["V"] == (
        Lock(kind="free", ids=("V",)), Lock(kind="together", ids=("b00", "b01", "b10", "b11"), of="blocks"),
    )  # fmt: skip
    assert found.table.loc["V", "plan_zh"] == "竹园小区划出单设社区,其余部分保持完整"


def test_converted_villages_stay_whole() -> None:
    found = classify(["VVCC", "VVCC", "AACC", "AACC"])
    row = found.table.loc["C"]
    assert (row["subject"], row["type"], row["reasons_zh"]) == (
        "converted", "none", "已是村改居社区,原则上不变,整体保留",
    )  # fmt: skip
    assert found.locks["C"] == (Lock(kind="whole", ids=("C",)),)


# ── the four conditions ──────────────────────────────────────────────────────────────────────────────────────────────
def test_what_nobody_knows_stays_unknown() -> None:
    row = classify().table.loc["V"]
    assert row[[f"condition_{i}" for i in range(1, 5)]].tolist() == ["unknown"] * 4
    assert (row["eligible"], row["type"]) == ("unknown", "T1")
    assert pd.isna(row["mixed_share"])
    assert pd.isna(row["in_construction_share"])
    assert "范围内混居情况未知,暂按不混居处理,待核" in row["reasons_zh"]
    assert "条件1、2、3、4待核" in row["reasons_zh"]
    assert "conditions still to be shown: 1, 2, 3, 4" in row["reasons_en"]
    assert row["evidence_zh"].startswith("条件1:未提供城镇建设用地(开发)边界;条件2:人均耕地未知")


def test_evidence_names_its_numbers_and_source() -> None:
    row = classify(survey=survey(), construction_land=WEST).table.loc["V"]
    assert row["evidence_zh"] == (
        "条件1:范围的100.0%在城镇建设用地边界内;条件2:人均耕地0.15亩(2024年村情调查),标准为不足0.30亩;"
        "条件3:劳动力非农就业占80%(2024年村情调查),标准为不低于67%;"
        "条件4:资产债权债务已清理、产权制度改革已完成、产权明晰(2024年村情调查)"
    )
    assert "condition 2: 100 m² of arable land per head (2024年村情调查)" in row["evidence_en"]


@pytest.mark.parametrize(
    ("number", "changes", "land", "said"),
    [
        (1, {}, box(0, 0, 200, 300), "范围的75.0%在城镇建设用地边界内,界外0.02平方公里"),
        (2, {"arable_m2_per_head": 200.0}, box(0, 0, 200, 400), "人均耕地0.30亩"),
        (3, {"nonfarm_share": 0.66}, box(0, 0, 200, 400), "劳动力非农就业占66%"),
        (4, {"reform_done": False}, box(0, 0, 200, 400), "产权制度改革未完成"),
    ],
)
def test_one_condition_that_fails_keeps_the_village(number: int, changes: dict, land: object, said: str) -> None:
    given = gpd.GeoDataFrame(geometry=[land], crs=CRS)
    found = classify(survey=survey(**changes), construction_land=given)
    row = found.table.loc["V"]
    results = row[[f"condition_{i}" for i in range(1, 5)]].tolist()
    assert results == ["fail" if i == number else "pass" for i in range(1, 5)]
    assert (row["type"], row["eligible"]) == ("none", "fail")
    assert row["reasons_zh"].startswith(f"不具备村改居条件{number};")
    assert said in row["reasons_zh"]
    assert row["plan_zh"] == "仍为村,按标准整体保留"
    assert "V" not in found.locks


def test_a_condition_half_known_is_unknown() -> None:
    row = classify(survey=survey(property_clear=None)).table.loc["V"]
    assert row["condition_4"] == "unknown"
    assert "产权是否明晰未知" in row["evidence_zh"]


def test_tables_that_cannot_be_are_refused_at_once() -> None:
    wrong = pd.DataFrame(
        {"nonfarm_share": [67.0, 0.5], "assets_settled": ["yes", True], "money": [1, 2]}, index=["V", "A"]
    )
    with pytest.raises(InputError) as caught:
        classify(survey=wrong, construction_land=WEST.to_crs(4326))
    text = str(caught.value)
    for said in ("what is no village: A", "unknown columns: money", "nonfarm_share holds", "write 67 % as 0.67",
                 "assets_settled holds 'yes'", "the construction land is in EPSG:4326"):  # fmt: skip
        assert said in text
    with pytest.raises(InputError, match="a share lies between 0 and 1"):
        ConversionOptions(mixed_share=30)
    with pytest.raises(InputError, match="it cannot be negative"):
        ConversionOptions(arable_m2_per_head=-1)


# ── overruling ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_planner_may_overrule_the_rule_and_says_who_and_why() -> None:
    overrides = {"V": Override("T2", "张三", "村民意愿", neighbour_id="B"), "e1": Override("T3", "李四", "已立项")}
    found = classify(overrides=overrides, survey=survey(mixed_share=0.0), estates=compound(households=100))
    row = found.table.loc["V"]
    assert row[["type", "type_by_rule", "overridden", "override_who", "override_why", "neighbour_id"]].tolist() == [
        "T2", "T1", True, "张三", "村民意愿", "B",
    ]  # fmt: skip
    assert row["reasons_zh"].endswith(
        "由张三改定为T2(村居混杂,合并设立):村民意愿(按规则为一村改一社居(原地改制,范围和规模不变))"
    )
    assert "set to T2 (village and neighbourhood are mixed: they merge) by 张三" in row["reasons_en"]
    assert found.locks["V"] == (Lock(kind="free", ids=("V",)),)
    assert found.table.loc["e1", ["type", "type_by_rule"]].tolist() == ["T3", "none"]
    assert found.locks["e1"]
    kept = classify(overrides={"V": Override("none", "张三", "暂缓")}).table.loc["V"]
    assert (kept["type"], kept["type_by_rule"]) == ("none", "T1")


def test_overrides_that_cannot_be_are_refused_at_once() -> None:
    overrides = {
        "X": Override("T1", "a", "b"), "V": Override("T3", "a", "b"), "e1": Override("T1", "", "b"),
        "C": Override("T2", "a", "b", neighbour_id="V"),
    }  # fmt: skip
    with pytest.raises(InputError) as caught:
        classify(["VVCC", "VVCC", "AACC", "AACC"], overrides=overrides, estates=compound())
    assert [fault.ids for fault in caught.value.faults] == [("C", "V"), ("V",), ("X",), ("e1",), ("e1",)]
    assert "V is a village, it cannot be T3" in str(caught.value)
    with pytest.raises(InputError, match="with whom is V to merge"):
        classify(["VVWW"] * 4, overrides={"V": Override("T2", "a", "b")})


# ── what a plan makes of it ──────────────────────────────────────────────────────────────────────────────────────────
def test_options_are_filled_and_the_request_goes_before() -> None:
    found = classify(["VVAA", "VVAA", "AAAA", "AAAA"], estates=compound(), survey=survey(mixed_share=0.0))
    asked = plan_options(found, PlanOptions(k=3))
    assert asked.k == 3
    assert asked.locks == (*found.locks["V"], *found.locks["e1"])
    assert plan_options(found, asked).locks == asked.locks, "asking twice adds nothing"
    own = PlanOptions(locks=(Lock(kind="free", ids=("V",)),))
    assert plan_options(found, own).locks == (*own.locks, *found.locks["e1"])
    bound = PlanOptions(conditions=(Condition(kind="has", community="A", ids=("b22",)),))
    assert plan_options(found, bound).locks == found.locks["V"]


def test_a_plan_keeps_the_village_and_sets_up_the_compounds_community() -> None:
    """T1 and T3 drive the engine: V keeps exactly its blocks, the compound's four are a community without A's core."""
    drawn = ["VVAA", "VVAA", "AAAA", "AAAA"]
    place, communities = town(drawn)
    found = classify_conversions(place.blocks, place.seams, communities, profile=PROFILE, estates=compound(),
                                 survey=survey(mixed_share=0.0))  # fmt: skip
    free = PlanOptions(k=3, keep_villages=False, effort="quick")
    plan = make_plan(place.blocks, place.seams, communities, profile=PROFILE, options=plan_options(found, free))
    assert {block for block, own in plan.assignment.items() if own == "V"} == {"b02", "b03", "b12", "b13"}
    new = plan.assignment["b22"]
    assert {plan.assignment[block] for block in ("b22", "b23", "b32", "b33")} == {new}
    assert (new, plan.assignment["b00"]) == ("N01", "A")


def test_a_large_compound_leaves_the_name_to_the_old_community() -> None:
    """The compound has 800 households, the rest of A 400: the rule of heirs alone would call the compound's part A."""
    place, communities = town(["VVAA", "VVAA", "AAAA", "AAAA"])
    place.blocks.loc[place.blocks["community_id"] == "A", "households"] = 50
    place.blocks.loc[["b22", "b23", "b32", "b33"], "households"] = 200
    found = classify_conversions(place.blocks, place.seams, communities, profile=PROFILE,
                                 estates=compound(households=800), survey=survey(mixed_share=0.0))  # fmt: skip
    options = plan_options(found, PlanOptions(k=3))
    plan = make_plan(place.blocks, place.seams, communities, profile=PROFILE, options=options)
    assert (plan.assignment["b22"], plan.assignment["b00"]) == ("A", "N01")
    heirs = conversion_heirs(found, plan, place.blocks)
    assert heirs == {"A": "N01"}
    named = with_heirs(plan, heirs, blocks=place.blocks)
    assert (named.assignment["b22"], named.assignment["b00"]) == ("N01", "A")
    assert conversion_heirs(found, named, place.blocks) == {}
    joined = plan.model_copy(
        update={"assignment": {b: "V" if own == "N01" else own for b, own in plan.assignment.items()}}
    )
    assert conversion_heirs(found, joined, place.blocks) == {"A": None}


def test_a_plan_joins_the_mixed_village_with_its_neighbourhood() -> None:
    """T2 drives the engine; without it V, kept whole, and B stay what they are."""
    place, communities = town(["VVAA", "VVAA", "BBAA", "BBAA"])
    found = classify_conversions(place.blocks, place.seams, communities, profile=PROFILE,
                                 survey=survey(mixed_share=0.5), buildings=homes((10, 310, 30, "B")))  # fmt: skip
    assert found.table.loc["V", ["type", "neighbour_id"]].tolist() == ["T2", "B"]
    both = ("b00", "b01", "b10", "b11", "b02", "b03", "b12", "b13")
    for options, parts in ((PlanOptions(k=3), 2), (plan_options(found, PlanOptions(k=3)), 1)):
        plan = make_plan(place.blocks, place.seams, communities, profile=PROFILE, options=options)
        assert len({plan.assignment[block] for block in both}) == parts


# ── procedure ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_procedure_of_a_village_has_its_steps_documents_and_days() -> None:
    row = classify(survey=survey(), construction_land=WEST).table.loc["V"]
    case = procedure(row, start=date(2025, 3, 1), there=("proposal", "survey", "boundary", "meeting_notice"))
    assert [step.key for step in case.steps] == ["propose", "notify", "vote", "request", "approve", "carry_out"]
    assert [step.due for step in case.steps if step.due] == [
        date(2025, 3, 1), date(2025, 3, 3), date(2025, 3, 13), date(2025, 3, 16), date(2025, 3, 31), date(2025, 4, 15),
    ]  # fmt: skip
    assert [step.statutory for step in case.steps] == [False, True, False, False, False, False]
    assert case.steps[0].done
    assert case.next_step is not None
    assert case.next_step.key == "vote"
    assert case.missing[0].zh == "村民会议记录"
    assert "第三条、第二十二条" in case.steps[2].rule_zh
    assert "arts. 3, 22" in case.steps[2].rule_en
    assert case.warnings == ()
    assert procedure(row).steps[2].due is None
    every = {document.key for step in case.steps for document in step.documents}
    assert procedure(row, there=every).next_step is None


def test_each_type_has_its_own_procedure() -> None:
    found = classify(["VVAA", "VVAA", "AAAA", "AAAA"], estates=compound(), survey=survey(mixed_share=0.9))
    merge, new = procedure(found.table.loc["V"]), procedure(found.table.loc["e1"])
    assert "neighbour_minutes" in {document.key for document in merge.missing}
    assert [step.key for step in new.steps] == ["propose", "consult", "request", "approve", "carry_out"]
    assert "第六条" in new.steps[0].rule_zh
    assert not {"assets", "minutes"} & {document.key for document in new.missing}
    none = classify(["VVCC", "VVCC", "AACC", "AACC"]).table.loc["C"]
    with pytest.raises(InputError, match="is not converted"):
        procedure(none)
    with pytest.raises(InputError, match="nobody asks for these documents here: poem"):
        procedure(found.table.loc["V"], there=("poem",))


@pytest.mark.parametrize(
    ("vote", "result"),
    [
        (Vote("villagers_meeting", 1000, 501, 251), "pass"),
        (Vote("villagers_meeting", 1000, 500, 400), "fail"),
        (Vote("villagers_meeting", 1000, 501, 250), "fail"),
        (Vote("villagers_meeting", 1000, 502, 251), "fail"),
        (Vote("household_meeting", 300, 200, 101), "pass"),
        (Vote("household_meeting", 300, 199, 150), "fail"),
        (Vote("representatives", 30, 20, 11, authorised=True), "pass"),
        (Vote("representatives", 30, 20, 11), "unknown"),
        (Vote("representatives", 30, 20, 11, authorised=False), "fail"),
        (Vote("representatives", 30, 19, 19, authorised=True), "fail"),
        (Vote("residents_meeting", 100, 51, 26), "pass"),
        (Vote("residents_meeting", 100, 50, 50), "fail"),
    ],
)
def test_votes_have_the_quorum_and_majority_of_their_article(vote: Vote, result: str) -> None:
    assert check_vote(vote).result == result


def test_a_vote_of_representatives_alone_is_warned_of() -> None:
    row = classify(survey=survey(), construction_land=WEST).table.loc["V"]
    case = procedure(row, vote=Vote("representatives", 30, 25, 20))
    assert len(case.warnings) == 1
    assert "须经村民会议同意(《村民委员会组织法》第三条)" in case.warnings[0].zh
    assert "no authorisation is on record: call the villagers' meeting" in case.warnings[0].en
    assert case.vote is not None
    assert case.vote.text_zh == (
        "村民代表会议:应到30,实到25,达到三分之二以上的组成人员;同意20,超过到会的半数(《村民委员会组织法》第二十六条)"
    )
    assert procedure(row, vote=Vote("representatives", 30, 25, 20, authorised=True)).warnings == ()
    assert "居民会议不能代替" in procedure(row, vote=Vote("residents_meeting", 100, 60, 50)).warnings[0].zh
    assert "The vote does not hold" in procedure(row, vote=Vote("villagers_meeting", 100, 50, 50)).warnings[0].en
    assert "which body voted" in procedure(row, there=("vote_table",)).warnings[0].en


def test_conditions_still_open_are_warned_of() -> None:
    case = procedure(classify(survey=survey(property_clear=None)).table.loc["V"])
    assert [note.zh for note in case.warnings] == ["村改居条件1待核", "村改居条件4待核"]


def test_a_vote_or_timetable_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be"):
        Vote("villagers_meeting", 10, 11, 5)
    with pytest.raises(InputError, match="told 9 days before their meeting"):
        Timetable(notice=3)
    with pytest.raises(InputError, match="goes backwards"):
        Timetable(approval=10)


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_row_order_does_not_matter_and_inputs_stay() -> None:
    place, communities = town(["VVAA", "VVAA", "WWAA", "WWCC"])
    buildings, estates = homes((10, 210, 30, "A"), (110, 10, 10, "W"), (10, 10, 10, "A")), compound()
    given = [place.blocks, place.seams, communities, estates, buildings]
    copies = [table.copy(deep=True) for table in given]

    def run(tables: list[gpd.GeoDataFrame]) -> Conversions:
        blocks, seams, known, compounds, houses = tables
        return classify_conversions(blocks, seams, known, profile=PROFILE, estates=compounds, buildings=houses,
                                    survey=survey())  # fmt: skip

    one, two = run(given), run([table.iloc[::-1] for table in given])
    pd.testing.assert_frame_equal(pd.DataFrame(one.table), pd.DataFrame(two.table))
    assert one.locks == two.locks
    assert all(a.equals(b) for a, b in zip(copies, given, strict=True))
    assert list(one.table.index) == ["C", "V", "W", "e1"]
    assert set(one.table["type"]) <= {"T1", "T2", "T3", "none"}
    assert one.table[["reasons_zh", "reasons_en", "plan_zh", "plan_en"]].notna().all(axis=None)
    converted = one.table["type"] != "none"
    assert one.table.loc[converted, ["text_zh", "text_en"]].notna().all(axis=None)


def test_an_estate_with_a_communitys_id_is_told_apart() -> None:
    found = classify(["VVAA", "VVAA", "AAAA", "AAAA"], estates=compound().rename(index={"e1": "A"}))
    assert list(found.table.index) == ["V", "estate:A"]
    assert found.table.loc["estate:A", "subject_id"] == "A"
