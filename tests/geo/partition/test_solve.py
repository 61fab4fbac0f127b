"""make_plan on towns small enough to check by hand, its laws on random towns, and every refusal."""

import itertools
from collections.abc import Mapping

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.access.offices import WALK_COLUMN
from geo.errors import InfeasibleError, InputError
from geo.partition.atoms import build_town
from geo.partition.objective import measure_terms
from geo.partition.plan import Lock, Plan, PlanOptions, Progress, SeamRule, Weights
from geo.partition.rules import check_plan
from geo.partition.solve import _left_where_it_is, make_plan
from geo.standards import Profile
from tests.geo.partition.towns import grid, random_grid, register

PROFILE = Profile(
    name="test", title_zh="试验", title_en="Test", edition="1", min_households=200, target_households=300,
    max_households=400, source="hand",
)  # fmt: skip
QUICK = PlanOptions(effort="quick")


def parts(plan: Plan) -> set[frozenset[str]]:
    """Return the communities as sets of blocks."""
    groups: dict[str, set[str]] = {}
    for block, community in plan.assignment.items():
        groups.setdefault(community, set()).add(block)
    return {frozenset(group) for group in groups.values()}


def options(**said: object) -> PlanOptions:
    return PlanOptions.read({"effort": "quick", **said})


def refusal(*arguments: object, **said: object) -> InfeasibleError:
    with pytest.raises(InfeasibleError) as caught:
        make_plan(*arguments, **{"profile": PROFILE, **said})  # type: ignore[arg-type]
    return caught.value


# 1. What comes back


def test_two_rows_of_three_part_in_the_middle() -> None:
    """Six blocks of 100 households in two rows; two communities of three hundred: rows, the shortest border is 300 m;
    columns cannot be (1.5 columns each), so the answer is a border of 300 m at most."""
    blocks, seams = grid([[100, 100, 100], [100, 100, 100]])
    plan = make_plan(blocks, seams, profile=PROFILE, options=options(k=2))
    assert plan.k == 2
    assert plan.proven
    assert plan.terms["size"].value == 0
    assert plan.terms["shape"].value <= 300
    assert set(plan.assignment.values()) == {"N01", "N02"}
    assert plan.assignment["0-0"] == "N01"
    assert (plan.min_households, plan.max_households) == (200, 400)
    assert check_plan(plan, blocks, seams).empty


def test_the_number_of_communities_follows_the_target() -> None:
    blocks, seams = grid([[100] * 9])
    assert make_plan(blocks, seams, profile=PROFILE, options=QUICK).k == 3
    assert make_plan(blocks, seams, profile=PROFILE, options=options(k=4)).k == 4


def test_a_border_prefers_the_arterial_to_the_lane() -> None:
    """Eight columns; the primary road lies left of column 3, the middle is column 4."""
    blocks, seams = grid([[100] * 8] * 2, features={("v", "3"): ("primary", "中山路")})
    wide = options(k=2, min_households=500, target_households=800, max_households=1100)
    plan = make_plan(blocks, seams, profile=PROFILE, options=wide)
    west = {f"{r}-{c}" for r in range(2) for c in range(3)}
    assert frozenset(west) in parts(plan)
    assert plan.terms["seam"].value == 0
    lanes = make_plan(*grid([[100] * 8] * 2), profile=PROFILE, options=wide)
    assert lanes.terms["size"].value == 0
    assert lanes.terms["seam"].value == pytest.approx(0.4 * 200)


def test_a_preferred_name_draws_the_border_and_a_negative_strength_repels_it() -> None:
    town = grid([[100] * 8] * 2)
    said = {"k": 2, "min_households": 500, "target_households": 800, "max_households": 1100}
    rule = {"rule": "prefer", "feature_name": "v5 lane", "strength": 3}
    plan = make_plan(*town, profile=PROFILE, options=options(**said, seams=[rule]))
    assert frozenset(f"{r}-{c}" for r in range(2) for c in range(5, 8)) in parts(plan)
    away = {"rule": "prefer", "feature_name": "v4 lane", "strength": -3}
    plan = make_plan(*town, profile=PROFILE, options=options(**said, seams=[away]))
    assert frozenset(f"{r}-{c}" for r in range(2) for c in range(4)) not in parts(plan)


def test_heirs_keep_their_id_and_new_ones_are_numbered() -> None:
    """A (600) is divided, B (300) stays: the larger half of A keeps the id."""
    blocks, seams = grid([[100] * 9], communities=["AAAAAABBB"])
    plan = make_plan(
        blocks,
        seams,
        register({"A": "community", "B": "community"}),
        profile=PROFILE,
        options=options(k=3, weights={"land": 0, "size": 1}),
    )
    assert plan.terms["change"].value == 300
    assert plan.terms["abolished"].value == 0
    assert {plan.assignment[f"0-{c}"] for c in (6, 7, 8)} == {"B"}
    assert set(plan.assignment.values()) == {"A", "B", "N01"}


def test_empty_land_stays_where_it_is_unless_there_is_a_reason() -> None:
    """Two communities; the last block of A is empty, and a border before it would be no shorter."""
    blocks, seams = grid([[150, 150, 0, 150, 150]], communities=["AAABB"])
    known = register({"A": "community", "B": "community"})
    plan = make_plan(blocks, seams, known, profile=PROFILE, options=options(k=2))
    assert plan.assignment["0-2"] == "A"
    assert plan.terms["land"].value == 0
    moved = {block: "B" if block == "0-2" else community for block, community in plan.assignment.items()}
    part = np.array([int(moved[block] == "B") for block in sorted(moved)])
    town = build_town(blocks, seams, known, profile=PROFILE, options=options(k=2))
    assert measure_terms(town, part, 2)["land"].value == pytest.approx(0.01), "one block of a hectare"


def test_residents_of_a_community_in_a_village_are_counted() -> None:
    """The village V (300) takes a block of A: its hundred households have no part in the collective."""
    blocks, seams = grid([[100, 100, 100, 150, 150, 100]], communities=["VVVAAA"])
    known = register({"V": "village", "A": "community"})
    town = build_town(blocks, seams, known, profile=PROFILE, options=options(k=2))
    taken = measure_terms(town, np.array([0, 0, 0, 0, 1, 1]), 2)["mixed"]
    assert (taken.value, taken.unit) == (150, "households")
    given = measure_terms(town, np.array([0, 0, 1, 1, 1, 1]), 2)["mixed"]
    assert given.value == 0, "villagers who join a community of residents are another matter"


def test_a_transfer_that_gains_next_to_nothing_is_not_made() -> None:
    """Twenty blocks in a row; one household of A lies beyond a border that a search may move for a few metres."""
    town_blocks, town_seams = grid([[90] * 9 + [1] + [90] * 10], communities=["A" * 10 + "B" * 10])
    known = register({"A": "community", "B": "community"})
    said = {"k": 2, "min_households": 700, "target_households": 850, "max_households": 1000}
    town = build_town(town_blocks, town_seams, known, profile=PROFILE, options=options(**said))
    moved = (np.array([int(name.split("-")[1]) for name in town.block_ids]) >= 9).astype(np.int64)
    back, left = _left_where_it_is(town, moved, 2, [])
    assert left == 1
    assert {town.block_ids[b] for b in np.flatnonzero(back != moved)} == {"0-9"}
    again, none = _left_where_it_is(town, back, 2, [])
    assert none == 0
    assert (again == back).all()


def test_a_new_id_never_takes_a_used_one() -> None:
    blocks, seams = grid([[100] * 6], communities=["AAAAAA"])
    blocks["community_id"] = "N01"
    plan = make_plan(blocks, seams, profile=PROFILE, options=options(k=2))
    assert set(plan.assignment.values()) == {"N01", "N02"}


def test_little_changes_when_change_is_dear() -> None:
    """A has 500 (too many), B 200: moving one block of A is enough."""
    blocks, seams = grid([[100] * 7], communities=["AAAAABB"])
    dear = options(weights={"change": 10}, k=2)
    plan = make_plan(blocks, seams, profile=PROFILE, options=dear)
    assert plan.terms["change"].value == 100
    assert plan.assignment["0-4"] == "B"


def test_a_merge_joins_whole_communities() -> None:
    blocks, seams = grid([[50] * 12], communities=["AABBCCDDEEFF"])
    plan = make_plan(blocks, seams, profile=PROFILE, options=options(mode="merge"))
    assert plan.k == 2
    assert all(plan.assignment[f"0-{c}"] == plan.assignment[f"0-{c + 1}"] for c in range(0, 12, 2))
    assert plan.terms["abolished"].value == 4


def test_zero_household_blocks_belong_somewhere_and_missing_ones_are_noted() -> None:
    blocks, seams = grid([[0, 100, 100, 0], [0, 100, 100, 0]])
    blocks.loc["0-0", "households"] = None
    plan = make_plan(blocks, seams, profile=PROFILE, options=options(k=2))
    assert len(plan.assignment) == 8
    assert [note.en for note in plan.notes] == ["1 blocks have no known households; they count as 0."]


# 2. What stays whole


def test_an_estate_is_never_taken_apart_unless_released() -> None:
    town = grid([[100, 100, 100, 100, 100, 100]], groups={"0-2": "锦园", "0-3": "锦园"})
    plan = make_plan(*town, profile=PROFILE, options=options(k=2))
    assert plan.assignment["0-2"] == plan.assignment["0-3"]
    assert plan.terms["size"].value == 200
    free = make_plan(*town, profile=PROFILE, options=options(k=2, keep_estates=False))
    assert free.terms["size"].value == 0


@pytest.mark.parametrize("kind", ["village", "converted", "community"])
def test_villages_are_kept_whole_communities_are_not(kind: str) -> None:
    town = grid([[100] * 6], communities=["AAVVAA"])
    table = register({"A": "community", "V": kind})
    plan = make_plan(*town, table, profile=PROFILE, options=options(k=2, weights={"change": 0}))
    assert (plan.assignment["0-2"] == plan.assignment["0-3"]) == (kind != "community")
    free = options(k=2, weights={"change": 0}, keep_villages=False)
    plan = make_plan(*town, table, profile=PROFILE, options=free)
    assert plan.assignment["0-2"] != plan.assignment["0-3"]


def test_locked_communities_and_whole_locks_stay_whole_and_free_ones_do_not() -> None:
    town = grid([[100] * 6], communities=["AAVVAA"])
    cheap = {"k": 2, "weights": {"change": 0}}
    locked = register({"A": "community", "V": "community"}, locked=[False, True])
    plan = make_plan(*town, locked, profile=PROFILE, options=options(**cheap))
    assert plan.assignment["0-2"] == plan.assignment["0-3"]
    plan = make_plan(*town, profile=PROFILE, options=options(**cheap, locks=[{"kind": "whole", "ids": ["V"]}]))
    assert plan.assignment["0-2"] == plan.assignment["0-3"]
    plan = make_plan(*town, locked, profile=PROFILE, options=options(**cheap, locks=[{"kind": "free", "ids": ["V"]}]))
    assert plan.assignment["0-2"] != plan.assignment["0-3"]


def test_an_exclave_is_kept_whole_piece_by_piece_with_a_note() -> None:
    town = grid([[100, 100, 100, 100, 100, 100]], communities=["VVAAVV"])
    plan = make_plan(*town, register({"A": "community", "V": "village"}), profile=PROFILE, options=options(k=2))
    assert plan.assignment["0-0"] == plan.assignment["0-1"]
    assert plan.assignment["0-4"] == plan.assignment["0-5"]
    assert "2 pieces that do not touch" in plan.notes[0].en
    assert "2块" in plan.notes[0].zh


def test_as_is_stays_exactly_as_it_is() -> None:
    town = grid([[100] * 9], communities=["AAAABBBCC"])
    lock = {"kind": "as_is", "ids": ["B"]}
    loose = options(min_households=100, locks=[lock])
    plan = make_plan(*town, profile=PROFILE, options=loose)
    assert {b for b, c in plan.assignment.items() if c == "B"} == {"0-4", "0-5", "0-6"}
    assert check_plan(plan, *town).empty


def test_together_and_apart() -> None:
    town = grid([[100] * 6])
    together = {"kind": "together", "ids": ["0-2", "0-3"], "of": "blocks"}
    plan = make_plan(*town, profile=PROFILE, options=options(k=2, locks=[together]))
    assert plan.assignment["0-2"] == plan.assignment["0-3"]
    apart = {"kind": "apart", "ids": ["0-1", "0-2"], "of": "blocks"}
    plan = make_plan(*town, profile=PROFILE, options=options(k=2, locks=[apart]))
    assert plan.assignment["0-1"] != plan.assignment["0-2"]


def test_forbidden_cuts_and_crossings() -> None:
    """Two rows of four. Left free, the border runs down the middle; a canal along it may not be cut, then must be."""
    town = grid([[100] * 4] * 2, features={("v", "2"): ("canal", "东渠"), ("h", "1"): ("tertiary", "南路")})
    said = {"k": 2, "target_households": 400, "max_households": 500}
    uncut = options(**said, seams=[{"rule": "forbid_cut", "feature_name": "东渠"}])
    plan = make_plan(*town, profile=PROFILE, options=uncut)
    for r in range(2):
        assert plan.assignment[f"{r}-1"] == plan.assignment[f"{r}-2"]
    crossed = options(**said, seams=[{"rule": "forbid_cross", "feature_class": "tertiary"}])
    plan = make_plan(*town, profile=PROFILE, options=crossed)
    assert parts(plan) == {frozenset(f"{r}-{c}" for c in range(4)) for r in range(2)}


def test_a_river_that_ends_is_not_spanned_either() -> None:
    """A river separates the first two of three columns in the upper row only."""
    blocks, seams = grid([[100, 100, 100], [100, 100, 100]])
    seams.loc[(seams["block_a"] == "0-0") & (seams["block_b"] == "0-1"), "feature_class"] = "river"
    rule = options(k=2, seams=[{"rule": "forbid_cross", "feature_class": "river"}])
    plan = make_plan(blocks, seams, profile=PROFILE, options=rule)
    assert plan.assignment["0-0"] != plan.assignment["0-1"]
    assert check_plan(plan, blocks, seams).empty


def test_towns_are_never_joined() -> None:
    town = grid([[100] * 6, [100] * 6], communities=["AABBCC", "AABBCC"])
    table = register(dict.fromkeys("ABC", "community"), town=["东镇", "东镇", "西镇"])
    plan = make_plan(*town, table, profile=PROFILE, options=QUICK)
    for group in parts(plan):
        assert len({int(b[2]) >= 4 for b in group}) == 1


def test_blocks_of_no_known_town_go_with_their_neighbours() -> None:
    town = grid([[100] * 6, [100] * 6], communities=["AABBC.", "AABBC."])
    table = register(dict.fromkeys("ABC", "community"), town=["东镇", "东镇", "西镇"])
    plan = make_plan(*town, table, profile=PROFILE, options=QUICK)
    assert plan.assignment["0-5"] == plan.assignment["0-4"]
    assert any("no known town" in note.en for note in plan.notes)


# 3. Parts of the town that are cut off


def test_two_parts_are_planned_each_on_its_own_and_k_is_shared_out() -> None:
    town = grid([[100] * 6, [None] * 6, [100] * 3 + [None] * 3])
    plan = make_plan(*town, profile=PROFILE, options=options(k=3))
    assert plan.k == 3
    assert frozenset({"2-0", "2-1", "2-2"}) in parts(plan)


def test_a_small_island_is_refused_or_accepted_and_noted() -> None:
    town = grid([[100, 100, 100], [None] * 3, [50, None, None]])
    reasons = refusal(*town).reasons
    assert reasons == (
        "The part around block 2-0 (1 blocks, cut off from the rest) has 50 households in all; the minimum for one "
        "community is 200. Allow islands to accept it as a community of its own.",
    )
    plan = make_plan(*town, profile=PROFILE, options=options(allow_islands=True))
    assert plan.islands == (plan.assignment["2-0"],)
    assert any("accepted as an island" in note.en for note in plan.notes)
    assert check_plan(plan, *town).empty


# 4. Refusals


def test_no_number_of_communities_divides_the_total() -> None:
    """450 households: one community is too large, two are too small."""
    town = grid([[150, 150, 150]])
    error = refusal(*town, options=options(min_households=300))
    assert error.reasons == (
        "The town has 450 households, which no number of communities divides: one community of 450 is above the "
        "maximum of 400, the average of 2 communities, 225, is below the minimum of 300.",
    )


def test_the_whole_town_is_too_small() -> None:
    assert refusal(*grid([[50, 50]])).reasons == (
        "The town has 100 households in all; the minimum for one community is 200.",
    )


def test_a_whole_village_is_too_large() -> None:
    town = grid([[100] * 9], communities=["VVVVVAAAA"])
    error = refusal(*town, register({"A": "community", "V": "village"}))
    assert error.reasons == ("Village Vville (V) is kept whole and has 500 households; the maximum is 400.",)
    assert error.table == "blocks"
    assert error.ids == ("0-0", "0-1", "0-2", "0-3", "0-4")


def test_one_block_is_too_large_in_households_or_people() -> None:
    assert refusal(*grid([[500, 300]])).reasons == ("Block 0-0 has 500 households; the maximum is 400.",)
    error = refusal(*grid([[300, 300]], people=4), options=options(max_people=1000, max_households=600))
    assert "Block 0-0 has 1,200 people; the maximum is 1,000." in error.reasons


def test_k_that_the_limits_do_not_allow() -> None:
    error = refusal(*grid([[100] * 9]), options=options(k=7))
    assert error.reasons == ("k = 7 communities are asked for, but 900 households within 200 to 400 each make 3 to 4.",)


def test_as_is_outside_the_limits() -> None:
    town = grid([[100] * 9], communities=["AAAAAAABB"])
    locked = options(locks=[{"kind": "as_is", "ids": ["A"]}])
    assert refusal(*town, options=locked).reasons == (
        "Community A stays as it is and has 700 households; the maximum is 400.",
    )
    small = options(locks=[{"kind": "as_is", "ids": ["B"]}], min_households=250)
    assert (
        "Community B stays as it is and has 200 households; the minimum is 250."
        in refusal(*town, options=small).reasons
    )


def test_people_and_households_ask_for_different_numbers() -> None:
    """600 households make two or three communities; 3,000 people of at most 700 make five."""
    error = refusal(*grid([[100] * 6], people=5), options=options(max_people=700))
    assert error.reasons == (
        "The town has 600 households and 3,000 people: the maxima ask for at least 5 communities, the "
        "minima for at most 3.",
    )


def test_whole_units_are_too_few() -> None:
    town = grid([[150, 150, 150, 150, 150, 150]], communities=["AAABBB"])
    error = refusal(*town, options=options(mode="merge", max_households=800, k=3))
    assert error.reasons == ("k = 3 communities are asked for, but there are only 2 whole units.",)


def test_every_way_was_tried() -> None:
    """Nine blocks of 100 and one of 50 in the middle: two communities of 460 to 490 need a 60 that is not there."""
    town = grid([[100, 100, 100], [100, 150, 100], [100, 100, 100]])
    error = refusal(*town, options=options(k=2, min_households=460, target_households=475, max_households=490))
    assert len(error.reasons) == len(error.reasons_zh) == 1
    assert "every way" in error.reasons[0]
    assert "460" in error.reasons[0]
    assert "490" in error.reasons_zh[0]


def test_a_search_without_result_says_exactly_that() -> None:
    """99 blocks of 7 households: no multiple of 7 lies between 344 and 349, but no sum forbids it."""
    town = grid([[7] * 11] * 9)
    error = refusal(*town, options=options(k=2, min_households=344, target_households=346, max_households=349))
    assert "No plan was found for the town, although nothing proves that there is none" in error.reasons[0]
    assert "The best one found has 2 communities" in error.reasons[1]
    assert "Widen the limits" in error.reasons[-1]


def test_a_whole_estate_on_both_sides_of_what_no_community_may_span() -> None:
    town = grid([[100] * 6], groups={"0-2": "锦园", "0-3": "锦园"}, features={("v", "3"): ("railway", "京广线")})
    rule = options(seams=[{"rule": "forbid_cross", "feature_class": "railway"}])
    assert refusal(*town, options=rule).reasons == (
        "Estate 锦园 is kept together, but no community may span 京广线, which runs between blocks 0-2 and 0-3.",
    )


def test_a_whole_estate_in_two_towns() -> None:
    town = grid([[100] * 6], communities=["AAABBB"], groups={"0-2": "锦园", "0-3": "锦园"})
    table = register({"A": "community", "B": "community"}, town=["东镇", "西镇"])
    assert "the limit of two towns runs between blocks 0-2 and 0-3" in refusal(*town, table).reasons[0]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"min_households": 500}, r"min_households = 500 is above max_households = 400"),
        ({"target_households": 500}, "target_households = 500 is above max_households = 400"),
        ({"min_people": 50, "max_people": 40}, "min_people = 50 is above max_people = 40"),
        ({"locks": [{"kind": "whole", "ids": ["X"]}]}, r"lock whole \(communities X\): there is no such id: X"),
        ({"locks": [{"kind": "together", "ids": ["9-9"], "of": "blocks"}]}, "there is no such id: 9-9"),
        ({"locks": [{"kind": "as_is", "ids": ["A"]}, {"kind": "free", "ids": ["A"]}]}, "contradict each other on A"),
        ({"locks": [{"kind": "as_is", "ids": ["A"]}, {"kind": "together", "ids": ["A", "B"]}]}, "contradict"),
        ({"locks": [{"kind": "together", "ids": ["A", "B"]}, {"kind": "apart", "ids": ["A", "B"]}]}, "stands between"),
        ({"locks": [{"kind": "together", "ids": ["0-0", "0-5"], "of": "blocks"}]}, "2 pieces that do not touch"),
        ({"seams": [{"rule": "forbid_cut", "feature_name": "v1 lane"},
                    {"rule": "forbid_cross", "feature_class": "residential"}]}, r"contradict each other on 1 seams"),
        ({"seams": [{"rule": "prefer", "feature_name": "v1 lan"}]}, "no seam follows 'v1 lan'; similar names: v1 lane"),
        ({"locks": [{"kind": "together", "ids": ["0-0", "0-1"], "of": "blocks"}],
          "seams": [{"rule": "forbid_cross", "feature_name": "v1 lane"}]}, "no community may span v1 lane"),
        ({"locks": [{"kind": "as_is", "ids": ["A"]}], "seams": [{"rule": "forbid_cut", "feature_name": "v3 lane"}]},
         "A stays exactly as it is"),
    ],
)  # fmt: skip
def test_options_that_contradict_are_refused_before_any_work(said: Mapping[str, object], message: str) -> None:
    town = grid([[100] * 6], communities=["AAABBB"])
    with pytest.raises(InputError, match=message):
        make_plan(*town, profile=PROFILE, options=options(**said))


def test_tables_that_do_not_fit() -> None:
    blocks, seams = grid([[100] * 6], communities=["AAABBB"])
    with pytest.raises(InputError, match=r"communities that do not exist, e\.g\. 'B'"):
        make_plan(blocks, seams, register({"A": "community"}), profile=PROFILE)
    with pytest.raises(InputError, match=r"blocks that do not exist, e\.g\. '0-5'"):
        make_plan(blocks.drop(index="0-5"), seams, profile=PROFILE)
    with pytest.raises(InputError, match="no block has households"):
        make_plan(blocks.assign(households=None), seams, profile=PROFILE)
    with pytest.raises(InputError, match="there are no blocks"):
        make_plan(blocks.iloc[:0], seams.iloc[:0], profile=PROFILE)


# 5. Progress, time and limits of people


def test_progress_reaches_the_end_and_may_cancel() -> None:
    town = random_grid(np.random.default_rng(0), 6)
    told: list[Progress] = []
    wide = options(min_households=500, target_households=1500, max_households=4000)
    make_plan(*town, profile=PROFILE, options=wide, progress=told.append)
    assert [p.fraction for p in told] == sorted(p.fraction for p in told)
    assert told[0].stage == "atoms"
    assert told[-1].stage == "done"
    assert told[-1].fraction == 1
    assert {"seam", "shape", "size"} <= set(told[-1].terms)

    def cancel(step: Progress) -> None:
        if step.stage == "search":
            raise TimeoutError("enough")

    with pytest.raises(TimeoutError, match="enough"):
        make_plan(*town, profile=PROFILE, options=wide, progress=cancel)


def test_a_time_limit_is_said_in_the_plan() -> None:
    town = random_grid(np.random.default_rng(0), 8)
    plan = make_plan(*town, profile=PROFILE, options=options(
        min_households=500, target_households=3000, max_households=9000, effort=10**9, time_limit_s=0.2))  # fmt: skip
    assert plan.stopped_early
    assert any("time limit" in note.en for note in plan.notes)
    assert check_plan(plan, *town).empty


def test_people_limits_hold_or_are_noted_as_unknown() -> None:
    numbers = [[100] * 6]
    limited = options(max_people=900)
    plan = make_plan(*grid(numbers, people=3), profile=PROFILE, options=limited)
    assert plan.k == 2
    unknown = make_plan(*grid(numbers), profile=PROFILE, options=limited)
    assert any("limits of people were not applied" in note.en for note in unknown.notes)


def test_service_draws_communities_to_their_office() -> None:
    """Both offices stand in the east half: without service the halves are equal, with it they need not be."""
    town = grid([[100] * 6], communities=["AAABBB"])
    table = register({"A": "community", "B": "community"})
    table["office_x"], table["office_y"] = [50.0, 250.0], [-50.0, -50.0]
    plan = make_plan(
        *town, table, profile=PROFILE, options=options(weights={"service": 20, "change": 0, "size": 0}, k=2)
    )
    assert plan.terms["service"].value > 0
    assert plan.assignment["0-2"] == "B"


def test_service_follows_walks_where_a_river_lengthens_them() -> None:
    """Straight, the third block is as near to B's office; on foot it is 2 km away, so it goes to A."""
    blocks, seams = grid([[100] * 6], communities=["AABBBB"])
    table = register({"A": "community", "B": "community"})
    table["office_x"], table["office_y"] = [50.0, 350.0], [-50.0, -50.0]
    wishes = options(weights={"service": 20, "change": 0, "size": 0, "land": 0, "mixed": 0}, k=2)
    assert make_plan(blocks, seams, table, profile=PROFILE, options=wishes).assignment["0-2"] == "B"
    blocks[f"{WALK_COLUMN}A"] = [0.0, 100.0, 200.0, 2300.0, 2400.0, 2500.0]
    blocks[f"{WALK_COLUMN}B"] = [2300.0, 2200.0, 2100.0, 0.0, 100.0, 200.0]
    plan = make_plan(blocks, seams, table, profile=PROFILE, options=wishes)
    assert plan.assignment["0-2"] == "A"
    assert plan.terms["service"].value == pytest.approx(100)


# 6. Laws


def best_of_all(town: tuple, wishes: PlanOptions, k: int) -> float:
    """Return the least objective of k communities by trying all assignments of a town without wholes."""
    model = build_town(*town, None, profile=PROFILE, options=wishes)
    graph = nx.Graph()
    graph.add_nodes_from(range(len(model.block_ids)))
    graph.add_edges_from(zip(model.seam_a.tolist(), model.seam_b.tolist(), strict=True))
    best = np.inf
    n = len(model.block_ids)
    for rest in itertools.product(range(k), repeat=n - 1):
        part = np.array((0, *rest))
        load = np.bincount(part, model.households, minlength=k)
        if (load < model.limits.min_households).any() or (load > model.limits.max_households).any():
            continue
        if all(nx.is_connected(graph.subgraph(np.flatnonzero(part == p).tolist())) for p in range(k)):
            best = min(best, sum(t.weighted for t in measure_terms(model, part, k).values()))
    return best


@pytest.mark.parametrize("seed", range(4))
def test_small_towns_are_solved_to_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    numbers = rng.integers(20, 200, size=(3, 3)).tolist()
    town = grid(numbers, communities=["AAB", "ABB", "CCB"], features={("h", "1"): ("primary", "Main Road")})
    total = sum(map(sum, numbers))
    wishes = options(k=3, min_households=total // 5, target_households=total // 3, max_households=total // 2)
    expected = best_of_all(town, wishes, 3)
    if not np.isfinite(expected):
        refusal(*town, options=wishes)
        return
    plan = make_plan(*town, profile=PROFILE, options=wishes)
    assert plan.objective == pytest.approx(expected)


@given(seed=st.integers(0, 10_000), side=st.integers(3, 7), old=st.integers(0, 3), estates=st.integers(0, 4))
@settings(max_examples=25, deadline=None)
def test_every_plan_keeps_every_rule_and_the_order_of_rows_does_not_matter(
    seed: int, side: int, old: int, estates: int
) -> None:
    rng = np.random.default_rng(seed)
    blocks, seams = random_grid(rng, side, old=old)
    blocks["group_id"] = [f"G{rng.integers(0, 8)}" if rng.random() < estates / 20 else None for _ in range(len(blocks))]
    target = max(1, int(blocks["households"].sum()) // max(2, side - 2))
    wishes = options(min_households=int(target * 0.7), target_households=target, max_households=int(target * 1.3) + 1,
                     seed=seed, effort=100_000)  # fmt: skip
    try:
        plan = make_plan(blocks, seams, profile=PROFILE, options=wishes)
    except InfeasibleError:
        return
    assert check_plan(plan, blocks, seams).empty
    graph = nx.Graph(list(seams.loc[seams["block_b"] != "outside", ["block_a", "block_b"]].itertuples(index=False)))
    for group in parts(plan):
        assert nx.is_connected(graph.subgraph(group))
        assert wishes.min_households <= blocks.loc[sorted(group), "households"].sum() <= wishes.max_households
    shuffled = blocks.sample(frac=1, random_state=1), seams.sample(frac=1, random_state=2)
    again = make_plan(*shuffled, profile=PROFILE, options=wishes)
    assert again.to_json() == plan.to_json()
    assert Plan.from_json(plan.to_json()) == plan


def test_rules_and_weights_are_part_of_the_question() -> None:
    """The models named in the docs can be built directly as well as read from a mapping."""
    direct = PlanOptions(
        effort="quick", locks=(Lock(kind="together", ids=("a", "b"), of="blocks"),), weights=Weights(seam=2),
        seams=(SeamRule(rule="prefer", feature_class="river"),),
    )  # fmt: skip
    assert options(**{k: v for k, v in direct.model_dump(mode="json").items() if k != "effort"}) == direct


def test_land_that_touches_nothing_and_where_nobody_lives_goes_with_the_nearest_block() -> None:
    """Four blocks in a row, a gap, and an empty pier: the pier goes with the block nearest to it."""
    blocks, seams = grid([[150, 150, 150, 150, None, 0]])
    plan = make_plan(blocks, seams, profile=PROFILE, options=QUICK)
    assert parts(plan) == {frozenset({"0-0", "0-1"}), frozenset({"0-2", "0-3", "0-5"})}
    assert any("nobody lives there" in note.en and "0-3" in note.en for note in plan.notes)
    assert check_plan(plan, blocks, seams).empty


def test_a_community_does_not_hold_together_by_a_corner() -> None:
    """Four blocks around a crossing whose corners miss each other by a centimetre."""
    blocks, seams = grid([[100, 200], [200, 100]])
    corner = seams.iloc[[0]].assign(block_a="0-0", block_b="1-1", length_m=0.01)
    corner.index = ["corner"]
    both = gpd.GeoDataFrame(pd.concat([seams, corner]), crs=seams.crs)
    lock = Lock(kind="together", ids=("0-0", "1-1"), of="blocks")
    with pytest.raises(InputError, match="touch"):
        make_plan(blocks, both, profile=PROFILE, options=PlanOptions(locks=(lock,)))


def test_a_merge_names_the_community_that_is_too_large() -> None:
    blocks, seams = grid([[500, 200, 200]], communities=["ABC"])
    known = register({"A": "community", "B": "community", "C": "community"})
    (reason,) = refusal(blocks, seams, known, options=options(mode="merge")).reasons
    assert "block" not in reason.lower()
    assert "(A)" in reason
    assert "has 500 households; the maximum is 400." in reason
