"""Plans that begin from today's communities or from a plan made before, and change as little as they can."""

import numpy as np
import pytest

from geo.errors import InputError
from geo.partition.plan import Plan, PlanOptions
from geo.partition.rules import check_plan
from geo.partition.solve import make_plan
from geo.standards import Profile
from tests.geo.partition.towns import grid, random_grid, register

PROFILE = Profile(
    name="test", title_zh="试验", title_en="Test", edition="1", min_households=200, target_households=300,
    max_households=400, source="hand",
)  # fmt: skip


def options(**said: object) -> PlanOptions:
    return PlanOptions.read({"effort": "quick", **said})


def moved(plan: Plan, blocks) -> int:
    """Return the households whose community is another than today."""
    now = blocks.index.map(plan.assignment)
    return int(blocks["households"][(blocks["community_id"] != now) & blocks["community_id"].notna()].sum())


def test_a_plan_that_breaks_no_rule_is_left_as_it_is() -> None:
    """Crooked borders cost much, but nothing is outside the limits: a minimal change changes nothing."""
    crooked, seams = grid([[75] * 4] * 3, communities=["AAAB", "ABBB", "CCCC"])
    plan = make_plan(crooked, seams, profile=PROFILE, options=options(minimal_change=True))
    assert moved(plan, crooked) == 0
    free = make_plan(crooked, seams, profile=PROFILE, options=options(weights={"change": 0, "land": 0}))
    assert free.terms["shape"].value < plan.terms["shape"].value


def test_only_the_violator_is_mended_with_the_fewest_households() -> None:
    """A has 450, above 440. Giving 0-2 (60) to B is the least that helps; 1-1 (80) would put B above the maximum."""
    blocks, seams = grid([[210, 100, 60], [60, 80, 100], [30, 80, 100]], communities=["AAA", "BAB", "BBB"])
    plan = make_plan(blocks, seams, profile=PROFILE, options=options(minimal_change=True, max_households=440))
    assert plan.k == 2
    assert moved(plan, blocks) == 60
    assert plan.assignment["0-2"] == "B"
    assert check_plan(plan, blocks, seams).empty
    assert plan.lower_bound is None
    assert not plan.proven


def test_a_previous_plan_is_what_a_minimal_change_keeps() -> None:
    rng = np.random.default_rng(5)
    blocks, seams = random_grid(rng, 8, old=4)
    communities = register(dict.fromkeys("ABCD", "community"))
    wide = {"min_households": 2000, "target_households": 3000, "max_households": 4300}
    first = make_plan(blocks, seams, communities, profile=PROFILE, options=options(**wide, seed=1))
    grown = blocks.copy()
    loads = blocks["households"].groupby(blocks.index.map(first.assignment)).sum()
    fullest = loads.idxmax()
    inside = [b for b in blocks.index if first.assignment[b] == fullest]
    grown.loc[inside[0], "households"] += 4400 - int(blocks["households"][inside].sum())
    again = make_plan(grown, seams, communities, profile=PROFILE, start=first,
                      options=options(**wide, minimal_change=True))  # fmt: skip
    left = [b for b in blocks.index if again.assignment[b] != first.assignment[b]]
    assert again.started_from == first.digest
    assert check_plan(again, grown, seams, communities).empty
    assert 100 <= int(grown["households"][left].sum()) <= 500


def test_a_start_is_never_made_worse() -> None:
    blocks, seams = random_grid(np.random.default_rng(3), 8)
    wide = {"min_households": 2000, "target_households": 3000, "max_households": 4300}
    good = make_plan(blocks, seams, profile=PROFILE, options=options(**wide, effort="normal"))
    again = make_plan(blocks, seams, profile=PROFILE, options=options(**wide, effort=2000, seed=9), start=good)
    assert again.objective <= good.objective + 1e-9
    assert again.started_from == good.digest


def test_land_of_no_community_goes_with_a_neighbour_at_the_start() -> None:
    blocks, seams = grid([[100, 100, 0, 100, 100, 100]], communities=["AA.BBB"])
    plan = make_plan(blocks, seams, profile=PROFILE, options=options(minimal_change=True))
    assert moved(plan, blocks) == 0
    assert plan.assignment["0-2"] in {"A", "B"}


def test_a_community_below_the_minimum_is_joined_and_the_others_stay() -> None:
    """C has 100 households, the minimum is 250; no number but two holds, and B takes it in whole."""
    blocks, seams = grid([[100] * 7], communities=["AAABBBC"])
    plan = make_plan(blocks, seams, profile=PROFILE, options=options(minimal_change=True, min_households=250))
    assert moved(plan, blocks) == 100
    assert plan.k == 2


def test_a_start_of_other_blocks_is_refused() -> None:
    blocks, seams = grid([[100] * 6])
    plan = make_plan(blocks, seams, profile=PROFILE, options=options(k=2))
    fewer, fewer_seams = grid([[100] * 5])
    with pytest.raises(InputError, match="names unknown 1 blocks"):
        make_plan(fewer, fewer_seams, profile=PROFILE, options=options(), start=plan)


def test_a_minimal_change_needs_something_to_change() -> None:
    blocks, seams = grid([[100] * 6])
    with pytest.raises(InputError, match="no block has one"):
        make_plan(blocks, seams, profile=PROFILE, options=options(minimal_change=True))
