"""A town of eight blocks of 300 people, 100 m a side, counted by hand before and after a plan.

today      after      facilities (block by block, today's owner)
A A B C    A A A N    A: a committee office, a kindergarten      B merges whole into A;
A A B C    A A A C    B: a committee office, a room for the old  the northern half of C is split off as N
                      C: an office in the south, a car park in the north

six ones   office station childcare culture elders parking       nobody listed a service station or a culture
today  A     1      ?        1        ?       0      0           room anywhere: unknown, not none
       B     1      ?        0        ?       1      0
       C     1      ?        0        ?       0      1
after  A     2      ?        1        ?       1      0           the merger pools what A and B had;
       C     1      ?        0        ?       0      0           the split leaves C without a car park
       N     0      ?        0        ?       0      1           and N without an office
"""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from geo.errors import InputError
from geo.gaps import GapChange, before_after, gaps_of
from geo.gaps.before_after import areas_from_blocks, six_ones
from geo.network.build import walking_network
from geo.partition.actions import PlanTables, explain_plan
from geo.partition.plan import Plan, PlanOptions
from geo.partition.scorecard import SIX_ONES, score_plan
from geo.standards import load_profile
from geo.standards.facilities import load_facility_standard
from geo.study import Study

from ..grid_town import CRS, grid_town
from .street_town import standard

TODAY, AFTER = ["AABC", "AABC"], ["AAAN", "AAAC"]
PROFILE = load_profile("seed-3000")
FACILITIES = (
    ("committee_office", 50, 50), ("kindergarten", 50, 150), ("committee_office", 250, 50), ("elder_room", 250, 150),
    ("committee_office", 350, 50), ("parking", 350, 150),
)  # fmt: skip
BY_HAND = pd.DataFrame(
    [
        ("before", "A", 1, None, 1, None, 0, 0, "elders;parking", 2),
        ("before", "B", 1, None, 0, None, 1, 0, "childcare;parking", 2),
        ("before", "C", 1, None, 0, None, 0, 1, "childcare;elders", 2),
        ("after", "A", 2, None, 1, None, 1, 0, "parking", 1),
        ("after", "C", 1, None, 0, None, 0, 0, "childcare;elders;parking", 3),
        ("after", "N", 0, None, 0, None, 0, 1, "office;childcare;elders", 3),
    ],
    columns=["when", "community_id", *SIX_ONES, "lacking", "lacking_count"],
)


def place() -> tuple[Study, Plan]:
    town = grid_town(vertical=["西路", None, None, None, "东路"], horizontal=["南街", "中街", "北街"])
    blocks = town.blocks.copy()
    blocks["community_id"] = town.assign(TODAY).reindex(blocks.index).astype("str")
    blocks["group_id"] = pd.Series(None, index=blocks.index, dtype="str")
    communities = town.shapes(town.assign(TODAY))
    communities["name"] = pd.Series({"A": "甲社区", "B": "乙社区", "C": "丙社区"})
    communities["name_en"] = pd.Series({"A": "Jia", "B": "Yi", "C": "Bing"})
    communities["kind"] = "community"
    facilities = gpd.GeoDataFrame(
        {"category": [category for category, _, _ in FACILITIES]},
        index=pd.Index([f"f{i}" for i in range(len(FACILITIES))], name="facility_id"),
        geometry=[Point(x, y) for _, x, y in FACILITIES], crs=CRS,
    )  # fmt: skip
    lines = [LineString([(x, 50), (x + 100, 50)]) for x in (50, 150, 250)]
    lines += [LineString([(x, 50), (x, 150)]) for x in (50, 150, 250, 350)]
    roads = gpd.GeoDataFrame(
        {"road_class": "residential"}, index=[f"r{i}" for i in range(len(lines))], geometry=lines, crs=CRS
    )
    tables = {"blocks": blocks, "seams": town.seams, "communities": communities, "facilities": facilities,
              "roads": roads}  # fmt: skip
    assignment = town.assign(AFTER).to_dict()
    plan = Plan(assignment=assignment, profile=PROFILE, options=PlanOptions(), seed=0, engine_version="1",
                min_households=0, max_households=9000, k=3)  # fmt: skip
    return Study("八块镇", blocks.crs, tables), plan


def homes(study: Study) -> gpd.GeoDataFrame:
    blocks = study["blocks"]
    columns = {"people": 300.0, "households": 100.0, "block_id": blocks.index.astype(str)}
    return gpd.GeoDataFrame(columns, index=blocks.index, geometry=blocks.geometry.centroid, crs=CRS)


def compared(study: Study, plan: Plan | PlanTables, **options: object) -> GapChange:
    network = walking_network(study["roads"])
    return before_after(study, plan, network=network, demand=homes(study), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def change() -> GapChange:
    return compared(*place())


def test_the_six_ones_equal_a_count_by_hand(change: GapChange) -> None:
    seen = change.six_ones.drop(columns=["name", "name_en"])
    expected = BY_HAND.astype(seen.dtypes.to_dict())
    pd.testing.assert_frame_equal(seen, expected)


def test_the_six_ones_are_those_of_the_scorecard(change: GapChange) -> None:
    study, plan = place()
    tables = explain_plan(plan, blocks=study["blocks"], seams=study["seams"], communities=study["communities"])
    card = score_plan(tables, profile=PROFILE, facilities=study["facilities"])
    pd.testing.assert_frame_equal(change.six_ones[card.six_ones.columns.to_list()], card.six_ones)


def test_one_definition_of_the_six_ones() -> None:
    rules = load_facility_standard("six-ones")
    assert [each.key for each in rules.requirements] == list(SIX_ONES)
    for each in rules.requirements:
        _, _, categories = SIX_ONES[each.key]
        assert set(categories) <= set(each.categories)
        assert each.scope == "community"


def test_merging_pools_and_splitting_leaves_some_without(change: GapChange) -> None:
    town = change.requirements.loc["six-ones"]
    #               gain  lose
    assert town.loc["office", ["people_gain", "people_lose"]].to_list() == [0, 300]  # N has no office
    assert town.loc["childcare", ["people_gain", "people_lose"]].to_list() == [600, 0]  # B comes to A's kindergarten
    assert town.loc["elders", ["people_gain", "people_lose"]].to_list() == [1200, 0]  # A to B's room for the old
    assert town.loc["parking", ["people_gain", "people_lose"]].to_list() == [0, 300]  # the south of C loses N's
    assert town.loc["station", "change"] == "unknown"
    assert town.loc["office", "change"] == "worse"
    assert town.loc["elders", "change"] == "better"
    assert (town.loc["elders", "lacking_before"], town.loc["elders", "communities_before"]) == (2, 3)
    assert (town.loc["elders", "lacking_after"], town.loc["elders", "communities_after"]) == (2, 3)
    assert town.loc["elders", "text_zh"] == (
        "老年活动室:有缺口的社区由3个中的2个变为3个中的2个;未覆盖由1,800人变为600人(1,200人新覆盖,0人失去)。"
    )


def test_rows_are_joined_by_community(change: GapChange) -> None:
    rows = change.communities.loc["six-ones"]
    a, b, n = rows.loc[("A", "elders")], rows.loc[("B", "office")], rows.loc[("N", "office")]
    assert (a["state_before"], a["state_after"], a["change"], a["fate"]) == ("missing", "met", "better", "received")
    assert (a["people_before"], a["people_after"], a["people_uncovered_before"]) == (1200, 1800, 1200)
    assert a["text_zh"].startswith("由缺变为达标:甲社区:老年活动室达标;有1处")
    assert (b["state_before"], b["change"], b["fate"]) == ("met", "ended", "abolished")
    assert pd.isna(b["state_after"])
    assert b["text_en"].endswith("Afterwards it is no more; its people go to Jia (met).")
    assert (n["state_after"], n["change"], n["fate"]) == ("missing", "new", "created")
    assert rows.loc[("C", "office"), "change"] == "same"
    assert rows.loc[("C", "parking"), "change"] == "worse"
    assert rows.loc[("A", "station"), "change"] == "same"  # unknown before and after


def test_residents_are_followed_to_where_they_then_belong(change: GapChange) -> None:
    rows = change.residents.loc["six-ones"]
    columns = ["to_ids", "people", "people_covered_before", "people_covered_after", "people_gain", "people_lose"]
    assert rows.loc[("B", "childcare"), columns].to_list() == ["A", 600, 0, 600, 600, 0]
    assert rows.loc[("C", "office"), columns].to_list() == ["C;N", 600, 600, 300, 0, 300]
    assert set(rows.index.get_level_values(0)) == {"A", "B", "C"}


def test_homes_that_change_are_listed(change: GapChange) -> None:
    lost = change.homes.loc["six-ones"].xs("office", level="requirement")
    assert lost.index.to_list() == ["b31"]
    columns = ["people", "change", "community_before", "community_after", "facility_before"]
    assert lost.loc["b31", columns].to_list() == [300, "loses", "C", "N", "f4"]
    assert pd.isna(lost.loc["b31", "facility_after"])


def test_what_can_be_shared_after_a_merger(change: GapChange) -> None:
    (row,) = change.sharing.to_dict("records")
    assert (row["community_id"], row["requirement"], row["count"], row["from_ids"]) == ("A", "office", 2, "A;B")
    assert (row["needed"], row["spare"]) == (1, 1)
    assert row["text_zh"] == "甲社区有居委会办公场所2处(原属甲社区、乙社区),超出需要1处,可统筹共用或调整用途。"


def test_walks_do_not_depend_on_boundaries() -> None:
    study, plan = place()
    near = standard({"key": "office", "categories": ["committee_office"], "scope": "residents", "radius_m": 150})
    change = compared(study, plan, standards=[near])
    row = change.requirements.loc[("test", "office")]
    assert (row["people_gain"], row["people_lose"], row["change"]) == (0, 0, "same")
    assert change.homes.empty
    assert len(change.six_ones) == 6  # counted though not asked for


def test_a_plan_that_changes_nothing_changes_nothing() -> None:
    study, plan = place()
    same = Plan(**{**dict(plan), "assignment": study["blocks"]["community_id"].to_dict()})
    change = compared(study, same)
    assert set(change.communities["change"]) == {"same"}
    assert change.homes.empty
    assert change.sharing.empty


def test_the_order_of_rows_does_not_matter(change: GapChange) -> None:
    study, plan = place()
    mixed = Study(study.name, study.crs, {name: table.sample(frac=1, random_state=3)
                                          for name, table in study.tables.items()})  # fmt: skip
    other = compared(mixed, plan)
    for name in ("communities", "requirements", "residents", "homes", "six_ones", "sharing"):
        pd.testing.assert_frame_equal(getattr(change, name), getattr(other, name))


def test_communities_of_a_side_are_the_land_of_their_blocks() -> None:
    study, plan = place()
    tables = explain_plan(plan, blocks=study["blocks"], seams=study["seams"], communities=study["communities"])
    before, after = areas_from_blocks(tables, "before"), areas_from_blocks(tables, "after")
    assert before.area.to_dict() == {"A": 40_000, "B": 20_000, "C": 20_000}
    assert after.area.to_dict() == {"A": 60_000, "C": 10_000, "N": 10_000}
    assert before.loc["A", "name"] == "甲社区"


def test_the_matrix_alone(change: GapChange) -> None:
    matrix = six_ones(change.after["six-ones"])
    assert matrix.loc["A", "office"] == 2
    assert matrix.loc["N", "lacking"] == "office;childcare;elders"
    assert matrix["station"].isna().all()


def test_a_study_in_one_line() -> None:
    study, _ = place()
    found = gaps_of(study, standards=["six-ones", standard({"key": "bank", "scope": "town", "categories": ["bank"]})])
    assert list(found) == ["six-ones", "test"]
    assert found["six-ones"].communities["count"].xs("office", level="requirement").to_list() == [1, 1, 1]
    assert found["six-ones"].scores["people"].to_list() == [1200, 600, 600]


def test_other_areas_than_the_communities() -> None:
    study, _ = place()
    halves = gpd.GeoDataFrame(index=["N", "S"], geometry=[box(0, 100, 400, 200), box(0, 0, 400, 100)], crs=CRS)
    found = gaps_of(study, standards=["six-ones"], communities=halves)["six-ones"]
    assert found.communities["count"].xs("office", level="requirement").to_list() == [0, 3]


def test_without_communities_the_study_area_is_judged() -> None:
    study, _ = place()
    tables = {name: table for name, table in study.tables.items() if name != "communities"}
    tables["study_area"] = gpd.GeoDataFrame(index=["T"], geometry=[box(0, 0, 400, 200)], crs=CRS)
    found = gaps_of(Study(study.name, study.crs, tables), standards=["six-ones"])["six-ones"]
    assert found.communities.loc[("T", "office"), "count"] == 3
    assert "judged as one" in found.notes[0][1]


def test_a_study_without_facilities_is_refused() -> None:
    study, _ = place()
    tables = {name: table for name, table in study.tables.items() if name != "facilities"}
    with pytest.raises(InputError, match="no table facilities"):
        gaps_of(Study(study.name, study.crs, tables))


def test_today_without_communities_is_refused() -> None:
    study, plan = place()
    blocks = study["blocks"].assign(community_id=pd.Series(None, index=study["blocks"].index, dtype="str"))
    bare = Study(study.name, study.crs, {**{k: v for k, v in study.tables.items() if k != "communities"},
                                         "blocks": blocks})  # fmt: skip
    with pytest.raises(InputError, match="no communities today"):
        compared(bare, plan)


def test_standards_of_one_name_and_none_are_refused() -> None:
    study, plan = place()
    with pytest.raises(InputError, match="standards of the same name: six-ones"):
        compared(study, plan, standards=["six-ones", "six-ones"])
    with pytest.raises(InputError, match="no standard is named"):
        compared(study, plan, standards=[])


def test_tables_of_other_blocks_are_refused() -> None:
    study, plan = place()
    tables = explain_plan(plan, blocks=study["blocks"], seams=study["seams"], communities=study["communities"])
    fewer = Study(study.name, study.crs, {**study.tables, "blocks": study["blocks"].drop(index="b00")})
    with pytest.raises(InputError, match="1 blocks are in the study or in the plan only") as refused:
        before_after(fewer, tables)
    assert refused.value.faults[0].ids == ("b00",)
