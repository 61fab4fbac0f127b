"""The scorecard of a town of four by four blocks, 100 m a side, 100 households and 300 people each.

Today          after
  A A B B        A A B B       C goes whole into B, a converted village; A takes one block of village V
  A A B B        A A B B
  V V C C        V A B B       The Qing River runs down the middle, Zhongshan Road (primary) across it;
  V V C C        V V B B       the line between the two western columns is a footway without a name.

Committee offices stand in the middles of one block each of A, B, V and C; kindergartens in B and C (`FACILITIES`).
"""

import math
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import LineString, Point, box

from geo.network.build import walking_network
from geo.partition.actions import PlanTables, explain_plan
from geo.partition.plan import Plan, PlanOptions
from geo.partition.scorecard import HEADINGS, MEASURES, SIX_ONES, UNITS, Scorecard, score_plan
from geo.standards import load_profile

from ..grid_town import CRS, GridTown, grid_town

PROFILE = load_profile("seed-3000")
OPTIONS = PlanOptions(min_households=450, target_households=500, max_households=900)
TODAY = ["AABB", "AABB", "VVCC", "VVCC"]
AFTER = ["AABB", "AABB", "VABB", "VVBB"]
NAMES = {"A": "甲社区", "B": "乙社区", "C": "丙社区", "V": "丁村"}
KINDS = {"A": "community", "B": "converted", "C": "community", "V": "village"}
FACILITIES = (
    ("committee_office", 50, 350), ("committee_office", 350, 350), ("committee_office", 50, 50),
    ("committee_office", 250, 50), ("kindergarten", 250, 250), ("kindergarten", 350, 150),
)  # fmt: skip


def town() -> GridTown:
    return grid_town(
        vertical=["西路", (None, "footway"), ("清河", "river"), "四路", "东路"],
        horizontal=["南街", "二街", ("中山路", "primary"), "四街", "北街"],
    )


def tables_of(
    before: list[str], after: list[str], *, place: GridTown | None = None, kinds: Mapping[str, str] = KINDS,
    mixed: bool = False, options: PlanOptions = OPTIONS,
) -> PlanTables:  # fmt: skip
    place = place or town()
    blocks, seams = place.blocks.copy(), place.seams
    blocks["community_id"] = place.assign(before).reindex(blocks.index).astype("str")
    blocks["group_id"] = pd.Series(None, index=blocks.index, dtype="str")
    known = blocks["community_id"].dropna()
    communities = None
    if len(known):
        communities = place.shapes(known)
        communities["name"] = pd.Series(NAMES).reindex(communities.index)
        communities["kind"] = pd.Series(kinds).reindex(communities.index)
    assignment = place.assign(after).to_dict()
    plan = Plan(assignment=assignment, profile=PROFILE, options=options, seed=0, engine_version="1", min_households=0,
                max_households=9000, k=len(set(assignment.values())))  # fmt: skip
    if mixed:
        blocks, seams = blocks.sample(frac=1, random_state=1), seams.sample(frac=1, random_state=2)
    return explain_plan(plan, blocks=blocks, seams=seams, communities=communities)


def facilities_table(
    rows: tuple[tuple[str, float, float], ...] = FACILITIES, *, shift: float = 0.0
) -> gpd.GeoDataFrame:
    spots = [Point(x + shift, y + shift) for _, x, y in rows]
    index = pd.Index([f"f{i}" for i in range(len(rows))], name="facility_id")
    return gpd.GeoDataFrame({"category": [c for c, _, _ in rows]}, geometry=spots, index=index, crs=CRS)


def roads_table(road_class: str = "primary", **columns: object) -> gpd.GeoDataFrame:
    line = LineString([(0, 200), (400, 200)])
    return gpd.GeoDataFrame({"road_class": [road_class], **columns}, geometry=[line], index=["r0"], crs=CRS)


def estates_table(*corners: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[box(*c) for c in corners], index=[f"e{i}" for i in range(len(corners))], crs=CRS)


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return score_plan(
        tables_of(TODAY, AFTER), profile=PROFILE, facilities=facilities_table(), roads=roads_table(),
        estates=estates_table((20, 120, 180, 180), (220, 20, 280, 80)),
    )  # fmt: skip


def row(card: Scorecard, measure: str) -> pd.Series:
    return card.measures[card.measures["measure"] == measure].iloc[0]


TIGHT = math.pi / 4
EXPECTED: Mapping[str, tuple[float, float, str]] = {
    "outside_limits": (4, 1, "better"),
    "households_outside": (1, 300 / 1600, "better"),
    "deviation_mean": (0.2, 500 / 1500, "worse"),
    "deviation_max": (0.2, 0.6, "worse"),
    "variation": (0, np.std([500, 800, 300]) / (1600 / 3), "worse"),
    "people_deviation": (0.88, 0.84, "better"),
    "border_main": (1, 500 / 700, "worse"),
    "border_named": (1, 600 / 700, "worse"),
    "border_lanes": (0, 100 / 700, "worse"),
    "border_roads": (0.5, 100 / 700, "changed"),
    "border_water": (0.5, 400 / 700, "changed"),
    "border_railway": (0, 0, "unchanged"),
    "border_old": (1, 500 / 700, "worse"),
    "divided_by_main": (0, 0.3, "worse"),
    "compactness_mean": (TIGHT, (8 * TIGHT * 8 / 9 + 5 * math.pi / 5 + 3 * math.pi * 3 / 16) / 16, "worse"),
    "compactness_min": (TIGHT, math.pi * 3 / 16, "worse"),
    "in_pieces": (0, 0, "unchanged"),
    "enclosing": (0, 0, "unchanged"),
    "in_no_community": (0, 0, "unchanged"),
    "without_office": (0, 0, "unchanged"),
    "office_distance": (
        (200 + math.sqrt(2e4)) / 4,
        (4 * 200 + 3 * math.sqrt(2e4) + math.sqrt(5e4)) / 16,
        "worse",
    ),
    "office_near": (1, 1, "unchanged"),
    "busiest_office": (400, 500, "worse"),
    "split_estates": (0, 1, "worse"),
    "split_villages": (0, 1, "worse"),
    "converted_changed": (0, 1, "worse"),
    "households_moved": (0, 500, "worse"),
    "mixed_communities": (0, 1, "worse"),
    "residents_in_villages": (0, 0, "unchanged"),
    "communities": (4, 3, "changed"),
    "households_mean": (400, 1600 / 3, "changed"),
    "largest_area": (0.04, 0.08, "worse"),
    "pooled": (0, 2, "better"),
    "unchanged_share": (1, 1100 / 1600, "worse"),
    "abolished": (0, 1, "worse"),
    "names_kept": (4, 3, "worse"),
    "wide_road_on_way": (0, 100 / 1600, "worse"),
    "statute_size": (1, 1 / 3 + 1 / 3, "changed"),
    "village_meetings": (0, 1, "worse"),
    "committees_anew": (0, 3, "worse"),
    "lacking_office": (0, 0, "unchanged"),
    "lacking_childcare": (2, 2, "unchanged"),
}


@pytest.mark.parametrize("measure", list(EXPECTED))
def test_a_measure_before_and_after(card: Scorecard, measure: str) -> None:
    found = row(card, measure)
    before, after, verdict = EXPECTED[measure]
    assert (found["before"], found["after"]) == pytest.approx((before, after), abs=1e-9)
    assert found["verdict"] == verdict


def test_every_measure_is_checked_by_hand_or_unknown_here(card: Scorecard) -> None:
    unknown = {"without_health", "without_food", "rooms_short", "six_complete", "lacking_station", "lacking_culture",
               "lacking_elders", "lacking_parking"}  # fmt: skip
    assert {measure.id for measure in MEASURES} == set(EXPECTED) | unknown
    assert set(card.measures.loc[card.measures["verdict"] == "unknown", "measure"]) == unknown


# ── words and sources ────────────────────────────────────────────────────────────────────────────────────────────────
def test_every_measure_says_what_it_is_in_both_languages(card: Scorecard) -> None:
    assert len({measure.id for measure in MEASURES}) == len(MEASURES)
    for measure in MEASURES:
        assert measure.unit in UNITS
        assert {measure.heading, *measure.also} <= set(HEADINGS)
        assert measure.heading not in measure.also
    texts = [c for c in card.measures.columns if c.endswith(("_zh", "_en")) and not c.startswith("note")]
    assert len(texts) == 8
    assert card.measures[texts].notna().all(axis=None)
    assert (card.measures[texts] != "").all(axis=None)
    chinese = card.measures[[c for c in texts if c.endswith("_zh")]]
    assert chinese.apply(lambda column: column.str.contains("[\u4e00-\u9fff]")).all(axis=None)
    english = card.measures[[c for c in texts if c.endswith("_en")]]
    assert not english.apply(lambda column: column.str.contains("[\u4e00-\u9fff{}]")).any(axis=None)


def test_every_heading_has_measures_and_a_sentence(card: Scorecard) -> None:
    assert list(card.summary.index) == list(HEADINGS)
    counts = card.summary[["better", "worse", "unchanged", "changed", "unknown"]]
    assert (counts.sum(axis=1) > 0).all()
    assert counts.sum().sum() == len(card.measures)
    assert card.summary.loc["standard", "text_en"] == (
        "Standard size, 6 measures: 3 better, 3 worse, 0 unchanged. Better: communities outside the limits of size "
        "4 → 1; households living in communities outside the limits 100.0% → 18.8%; mean deviation from the target of "
        "people 88.0% → 84.0%. Worse: mean deviation from the target of households 20.0% → 33.3%; largest deviation "
        "from the target of households 20.0% → 60.0%; coefficient of variation of households 0.00 → 0.39."
    )
    assert card.summary.loc["standard", "text_zh"].startswith("规范性:6项指标,3项变好、3项变差、0项不变。变好:")
    assert "户数或人口超出上下限的社区4个→1个" in card.summary.loc["standard", "text_zh"]


def test_the_source_names_the_limits_that_held(card: Scorecard) -> None:
    found = row(card, "outside_limits")
    assert "450 to 900 households, target 500" in found["source_en"]
    assert "450至900户、目标500户" in found["source_zh"]
    assert PROFILE.clause in found["source_zh"]


def test_a_measure_stands_under_every_heading_it_speaks_for(card: Scorecard) -> None:
    under = card.measures.loc[card.measures["measure"] == "outside_limits", "principle"]
    assert list(under) == ["standard", "management", "self_government"]


def test_the_page_lists_every_measure() -> None:
    page = (Path(__file__).parents[3] / "docs" / "scorecard.md").read_text("utf-8")
    missing = [measure.id for measure in MEASURES if f"`{measure.id}`" not in page or measure.title[0] not in page]
    assert missing == []


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_borders_by_class_and_name(card: Scorecard) -> None:
    lines = card.borders.set_index("feature_class")
    assert list(card.borders["feature_class"]) == ["river", "footway", "primary", "residential"]
    assert tuple(lines.loc["river", ["feature_name", "before_m", "after_m"]]) == ("清河", 400, 400)
    assert tuple(lines.loc["primary", ["before_m", "after_m"]]) == (400, 100)
    assert pd.isna(lines.loc["footway", "feature_name"])
    assert lines["after_m"].sum() == 700


def test_the_presence_matrix_of_the_six_ones(card: Scorecard) -> None:
    matrix = card.six_ones.set_index(["when", "community_id"])
    assert matrix.loc[("before", "C"), "office"] == 1
    assert matrix.loc[("after", "B"), "office"] == 2
    assert matrix.loc[("after", "B"), "childcare"] == 2
    assert matrix.loc[("after", "A"), "childcare"] == 0
    assert matrix["parking"].isna().all(), "no car park anywhere: not surveyed, not none"
    assert len(matrix) == 7


def test_what_merging_communities_can_share(card: Scorecard) -> None:
    assert list(card.sharing["one"]) == ["office", "childcare"]
    assert list(card.sharing["count"]) == [2, 2]
    assert card.sharing["text_zh"][0] == "乙社区有居委会办公场所2处(原属乙社区、丙社区),可统筹共用或调整用途"
    assert "to be shared" in card.sharing["text_en"][0]


# ── unknown stays unknown ────────────────────────────────────────────────────────────────────────────────────────────
def test_without_facilities_nothing_is_said_of_services() -> None:
    card = score_plan(tables_of(TODAY, AFTER), profile=PROFILE)
    for measure in ("without_office", "office_distance", "pooled", "six_complete", "lacking_office", "split_estates"):
        found = row(card, measure)
        assert np.isnan(found["before"])
        assert np.isnan(found["after"])
        assert found["verdict"] == "unknown"
    assert row(card, "without_office")["text_en"].endswith("of their own unknown (there is no table of facilities)")
    assert row(card, "without_office")["text_zh"].endswith("未知(没有设施表)")
    assert card.six_ones[list(SIX_ONES)].isna().all(axis=None)
    assert len(card.sharing) == 0
    assert card.summary.loc["convenience", "text_en"] == (
        "Favourable to residents' work and life, 3 measures: 0 better, 0 worse, 0 unchanged, 3 unknown. Unknown "
        "(there is no table of facilities): mean distance to the community's own office or station; "
        "households within 300 m of the office or station. Unknown (there is no table of roads): households that cross "
        "a primary road on the way to the office."
    )


def test_without_roads_the_way_is_unknown_and_bridges_are_no_barrier() -> None:
    tables = tables_of(TODAY, AFTER)
    without = score_plan(tables, profile=PROFILE, facilities=facilities_table())
    assert row(without, "wide_road_on_way")["verdict"] == "unknown"
    for roads in (roads_table(bridge=True), roads_table("residential")):
        free = score_plan(tables, profile=PROFILE, facilities=facilities_table(), roads=roads)
        assert row(free, "wide_road_on_way")["after"] == 0


def test_without_communities_today_there_is_no_before() -> None:
    card = score_plan(tables_of(["...."] * 4, AFTER), profile=PROFILE, facilities=facilities_table())
    assert card.measures["before"].isna().all()
    assert set(card.measures["verdict"]) == {"unknown"}
    assert row(card, "outside_limits")["after"] == 1
    for measure in ("households_moved", "unchanged_share", "abolished", "split_villages", "border_old", "pooled",
                    "committees_anew", "names_kept"):  # fmt: skip
        assert np.isnan(row(card, measure)["after"]), f"{measure} is a comparison with today"
    assert "no communities today" in row(card, "abolished")["text_en"]
    assert card.borders["before_m"].isna().all()
    assert set(card.six_ones["when"]) == {"after"}


def test_unknown_households_make_sizes_unknown() -> None:
    place = town()
    place.blocks["households"] = place.blocks["households"].astype("Int64")
    place.blocks.loc[["b00", "b10", "b01", "b11"], "households"] = pd.NA
    card = score_plan(tables_of(TODAY, TODAY, place=place), profile=PROFILE)
    assert row(card, "outside_limits")["verdict"] == "unknown"
    assert row(card, "border_main")["verdict"] == "unchanged"


def test_one_community_has_no_border_to_judge() -> None:
    card = score_plan(tables_of(TODAY, ["AAAA"] * 4), profile=PROFILE)
    assert row(card, "border_main")["before"] == 1
    assert row(card, "border_main")["verdict"] == "unknown"
    assert "no border" in row(card, "border_main")["text_en"]


def test_room_is_short_only_where_that_is_certain() -> None:
    tables = tables_of(TODAY, AFTER)
    rooms = facilities_table(FACILITIES[:4])
    rooms["floor_area_m2"] = [120.0, 120.0, 100.0, np.nan]  # 120 m² are needed for 400 households
    card = score_plan(tables, profile=PROFILE, facilities=rooms)
    found = row(card, "rooms_short")
    assert np.isnan(found["before"]), "C has a room of unknown size"
    assert "rooms of unknown floor area: 1" in found["text_en"]
    rooms["floor_area_m2"] = [150.0, 240.0, 80.0, np.nan]
    certain = row(score_plan(tables, profile=PROFILE, facilities=rooms), "rooms_short")
    assert certain["after"] == 1, "B has enough whatever the unknown room measures; V has 80 of 90 m²"


def test_facilities_outside_are_left_out_and_said() -> None:
    far = facilities_table((*FACILITIES, ("committee_office", 9000, 9000)))
    card = score_plan(tables_of(TODAY, AFTER), profile=PROFILE, facilities=far)
    assert len(card.notes) == 1
    assert "1 facilities lie in no block" in card.notes[0].en
    assert row(card, "busiest_office")["before"] == 400


# ── single measures ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_households_stand_at_their_buildings() -> None:
    houses = gpd.GeoDataFrame(
        {"use": ["residential", "residential", "industrial"], "floors": [3.0, np.nan, 9.0]},
        geometry=[box(10, 310, 20, 320), box(80, 380, 90, 390), box(40, 340, 60, 360)],
        index=["h1", "h2", "h3"], crs=CRS,
    )  # fmt: skip
    card = score_plan(tables_of(TODAY, TODAY), profile=PROFILE, facilities=facilities_table(), buildings=houses)
    own = 0.75 * math.hypot(35, 35) + 0.25 * math.hypot(35, 35)  # three floors to one; both are as far from (50, 350)
    assert row(card, "office_distance")["before"] == pytest.approx(((200 + math.sqrt(2e4)) * 4 + own) / 16)


def test_where_a_community_has_no_office_the_nearest_one_counts() -> None:
    card = score_plan(tables_of(TODAY, TODAY), profile=PROFILE, facilities=facilities_table(FACILITIES[:1]))
    assert row(card, "without_office")["before"] == 3
    block_centres = [(50 + 100 * c, 50 + 100 * r) for c in range(4) for r in range(4)]
    mean = np.mean([math.hypot(x - 50, y - 350) for x, y in block_centres])
    assert row(card, "office_distance")["before"] == pytest.approx(mean)
    assert row(card, "office_near")["before"] == np.mean([math.hypot(x - 50, y - 350) <= 300 for x, y in block_centres])


def test_pieces_and_enclosures_are_counted() -> None:
    ring = score_plan(tables_of(["AAAA", "ABBA", "ABBA", "AAAA"], ["ABAA", "ABBA", "ABBA", "ABBA"]), profile=PROFILE)
    assert (row(ring, "enclosing")["before"], row(ring, "enclosing")["after"]) == (1, 0)
    assert (row(ring, "in_pieces")["before"], row(ring, "in_pieces")["after"]) == (0, 1)


def test_land_of_no_community_is_counted() -> None:
    card = score_plan(tables_of(["AABB", "AABB", "..CC", "..CC"], ["AABB", "AABB", "AACC", "AACC"]), profile=PROFILE)
    assert (row(card, "in_no_community")["before"], row(card, "in_no_community")["after"]) == (0.25, 0)
    assert row(card, "households_moved")["after"] == 0, "nobody leaves a community"


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
DRAWINGS = st.lists(st.text("ABCV", min_size=4, max_size=4), min_size=4, max_size=4)


@settings(deadline=None, max_examples=8)
@given(DRAWINGS)
def test_a_plan_that_changes_nothing_makes_nothing_better_or_worse(drawing: list[str]) -> None:
    card = score_plan(tables_of(drawing, drawing), profile=PROFILE, facilities=facilities_table(), roads=roads_table())
    assert set(card.measures["verdict"]) <= {"unchanged", "unknown"}
    assert row(card, "households_moved")["after"] == 0
    assert row(card, "unchanged_share")["after"] == 1


@settings(deadline=None, max_examples=4)
@given(DRAWINGS, DRAWINGS)
def test_the_order_of_rows_does_not_matter(before: list[str], after: list[str]) -> None:
    one, two = (score_plan(tables_of(before, after, mixed=mixed), profile=PROFILE, facilities=spots)
                for mixed, spots in ((False, facilities_table()),
                                     (True, facilities_table().sample(frac=1, random_state=4))))  # fmt: skip
    pd.testing.assert_frame_equal(one.measures, two.measures)
    pd.testing.assert_frame_equal(one.summary, two.summary)
    pd.testing.assert_frame_equal(one.borders, two.borders)
    pd.testing.assert_frame_equal(one.sharing, two.sharing)


def test_moving_the_town_does_not_change_its_measures(card: Scorecard) -> None:
    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return points + 70_000.0

    moved = score_plan(tables_of(TODAY, AFTER, place=town().bent(move)), profile=PROFILE,
                       facilities=facilities_table(shift=70_000.0))  # fmt: skip
    still = score_plan(tables_of(TODAY, AFTER), profile=PROFILE, facilities=facilities_table())
    columns = ["measure", "before", "after", "verdict", "text_zh", "text_en"]
    pd.testing.assert_frame_equal(moved.measures[columns], still.measures[columns], rtol=1e-6)


def test_the_inputs_are_not_changed() -> None:
    tables, spots = tables_of(TODAY, AFTER), facilities_table()
    blocks, seams, kept = tables.blocks.copy(), tables.seams.copy(), spots.copy()
    score_plan(tables, profile=PROFILE, facilities=spots)
    pd.testing.assert_frame_equal(tables.blocks, blocks)
    pd.testing.assert_frame_equal(tables.seams, seams)
    pd.testing.assert_frame_equal(spots, kept)


def test_the_way_to_the_office_follows_the_streets() -> None:
    """One street along the bottom (y = 10), no other: a home at (x, y) walks y - 10 down, along, and up again."""
    street = gpd.GeoDataFrame(
        {"road_class": ["residential"]}, geometry=[LineString([(-50, 10), (450, 10)])], index=["s"], crs=CRS
    )
    network = walking_network(street)
    given = {"profile": PROFILE, "facilities": facilities_table()}
    straight = row(score_plan(tables_of(TODAY, TODAY), **given), "office_distance")["before"]
    walked = row(score_plan(tables_of(TODAY, TODAY), network=network, **given), "office_distance")["before"]

    def down(x: float, y: float, at: tuple[float, float]) -> float:
        return (y - 10) + abs(x - at[0]) + (at[1] - 10)

    office = {"A": (50, 350), "B": (350, 350), "V": (50, 50), "C": (250, 50)}
    homes = [(50 + 100 * i, 350 - 100 * j, line[i]) for j, line in enumerate(TODAY) for i in range(4)]
    assert walked == pytest.approx(np.mean([down(x, y, office[who]) for x, y, who in homes]))
    assert straight < walked
