"""What single communities must have, lack or keep away from: in plans, in rules, and in refusals."""

import numpy as np
import pytest

from geo.errors import InfeasibleError, InputError
from geo.partition.atoms import build_town
from geo.partition.plan import ENGINE_VERSION, Plan, PlanOptions
from geo.partition.rules import check_plan
from geo.partition.solve import make_plan
from geo.standards import Profile
from tests.geo.partition.towns import grid, register

PROFILE = Profile(
    name="test", title_zh="试验", title_en="Test", edition="1", min_households=300, target_households=400,
    max_households=500, source="hand",
)  # fmt: skip
ROWS = [[50] * 8] * 3
TODAY = ["AAABBCCC"] * 3
KINDS = {"A": "community", "B": "community", "C": "community"}


def asked(*conditions: dict[str, object], **said: object) -> PlanOptions:
    return PlanOptions.read({"effort": "quick", "k": 3, "conditions": conditions, **said})


def town(groups: dict[str, str] | None = None):
    return grid(ROWS, communities=TODAY, groups=groups)


def drawn(letters: list[str], options: PlanOptions) -> Plan:
    assignment = {f"{r}-{c}": letter for r, line in enumerate(letters) for c, letter in enumerate(line)}
    return Plan(
        assignment=assignment, profile=PROFILE, options=options, seed=0, engine_version=ENGINE_VERSION,
        min_households=300, max_households=500, k=len(set(assignment.values())),
    )  # fmt: skip


def test_blocks_stay_with_the_community_that_was_named() -> None:
    """0-3 and 2-3 belong to B today and lie between A and C; they must be with C, which is not where they drift."""
    options = asked({"kind": "has", "community": "C", "ids": ["0-3", "2-3"]})
    blocks, seams = town()
    plan = make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=options)
    assert plan.assignment["0-3"] == plan.assignment["2-3"] == "C"
    assert check_plan(plan, blocks, seams, register(KINDS)).empty


def test_pinned_blocks_that_do_not_touch_are_joined_by_what_lies_between() -> None:
    blocks, seams = town()
    options = asked({"kind": "has", "community": "B", "ids": ["0-0", "0-7"]}, min_households=200, max_households=800)
    plan = make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=options)
    assert plan.assignment["0-0"] == plan.assignment["0-7"] == "B"
    assert check_plan(plan, blocks, seams, register(KINDS)).empty


def test_a_community_lacks_what_it_must_not_have() -> None:
    blocks, seams = town()
    options = asked({"kind": "lacks", "community": "A", "ids": ["0-2", "1-2", "2-2"]}, max_households=700)
    plan = make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=options)
    assert {plan.assignment[b] for b in ("0-2", "1-2", "2-2")}.isdisjoint({"A"})
    assert "A" in plan.assignment.values()


def test_an_estate_can_be_named_instead_of_its_blocks() -> None:
    blocks, seams = town(groups={"0-3": "E1", "0-4": "E1"})
    options = asked({"kind": "has", "community": "A", "ids": ["E1"], "of": "estates"})
    plan = make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=options)
    assert plan.assignment["0-3"] == plan.assignment["0-4"] == "A"


def test_a_community_keeps_its_office_inside() -> None:
    """B's office stands in 0-5, which is C's land today."""
    communities = register(KINDS, office_x=[np.nan, 550.0, np.nan], office_y=[np.nan, -50.0, np.nan])
    blocks, seams = town()
    free = make_plan(blocks, seams, communities, profile=PROFILE, options=asked())
    kept = make_plan(blocks, seams, communities, profile=PROFILE, options=asked({"kind": "office", "community": "B"}))
    assert free.assignment["0-5"] != "B"
    assert kept.assignment["0-5"] == "B"


def test_two_communities_that_must_not_touch() -> None:
    """Today A and B touch; three bands side by side in the order A, C, B or with C between them everywhere."""
    blocks, seams = town()
    options = asked({"kind": "not_touching", "community": "A", "ids": ["B"]}, min_households=150, max_households=800)
    plan = make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=options)
    found = check_plan(plan, blocks, seams, register(KINDS))
    assert found.empty
    beside = {frozenset((plan.assignment[a], plan.assignment[b]))
              for a, b in zip(seams["block_a"], seams["block_b"], strict=True) if b != "outside"}  # fmt: skip
    assert frozenset("AB") not in beside


def test_a_community_with_a_condition_lives_on_although_it_could_be_abolished() -> None:
    """Two communities are wanted, and B is the one in the middle that would go."""
    blocks, seams = town()
    wide = {"k": 2, "min_households": 400, "max_households": 800}
    free = make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=asked(**wide))
    assert set(free.assignment.values()) == {"A", "C"}
    kept = make_plan(
        blocks, seams, register(KINDS), profile=PROFILE,
        options=asked({"kind": "has", "community": "B", "ids": ["1-3"]}, **wide),
    )  # fmt: skip
    assert "B" in kept.assignment.values()
    assert kept.assignment["1-3"] == "B"


def test_rules_find_what_breaks_a_condition() -> None:
    blocks, seams = town()
    options = asked(
        {"kind": "has", "community": "A", "ids": ["0-3"]}, {"kind": "lacks", "community": "C", "ids": ["0-5"]},
        {"kind": "not_touching", "community": "A", "ids": ["B"]},
    )  # fmt: skip
    found = check_plan(drawn(TODAY, options), blocks, seams, register(KINDS))
    assert found["rule"].tolist() == ["has", "lacks", "not_touching"]
    assert found["measured"].tolist() == [1, 1, 3]
    assert found["text_en"].tolist() == [
        "Community Aville (A) must have the blocks 0-3; it lacks 1.",
        "Community Cville (C) must not have the blocks 0-5; it has 1.",
        "Community Aville (A) must not touch community Bville (B); they share 3 seams.",
    ]
    assert found["text_zh"].str.contains("应包含地块0-3|不应包含地块0-5|不应与").all()
    abolished = drawn(["AAAAACCC"] * 3, asked({"kind": "has", "community": "B", "ids": ["0-3"]}))
    assert "the plan abolishes it" in check_plan(abolished, blocks, seams, register(KINDS))["text_en"].iloc[-1]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"kind": "has", "community": "Z", "ids": ["0-0"]}, "Z"),
        ({"kind": "has", "community": "A", "ids": ["9-9"]}, "9-9"),
        ({"kind": "has", "community": "A", "ids": ["E7"], "of": "estates"}, "E7"),
        ({"kind": "not_touching", "community": "A", "ids": ["Q"]}, "Q"),
        ({"kind": "office", "community": "A"}, "office_x"),
    ],
)
def test_conditions_on_what_is_not_there_are_refused(condition: dict[str, object], said: str) -> None:
    blocks, seams = town()
    with pytest.raises(InputError, match=said):
        make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=asked(condition))


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"kind": "office", "community": "A", "ids": ["0-0"]}, "takes no ids"),
        ({"kind": "has", "community": "A"}, "at least one id"),
        ({"kind": "has", "community": "A", "ids": ["B"], "of": "communities"}, "blocks or estates"),
        ({"kind": "not_touching", "community": "A", "ids": ["A"]}, "itself"),
    ],
)
def test_conditions_without_sense_are_refused(condition: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        asked(condition)


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        (({"kind": "has", "community": "A", "ids": ["0-4"]}, {"kind": "has", "community": "C", "ids": ["0-4"]}),
         "would be one community, but community Aville .A. and community Cville .C. both live on"),
        (({"kind": "has", "community": "A", "ids": ["0-4"]}, {"kind": "lacks", "community": "A", "ids": ["0-4"]}),
         "kept together, but community Aville .A. lacks blocks 0-4"),
        (({"kind": "has", "community": "A", "ids": ["0-3"]}, {"kind": "has", "community": "C", "ids": ["0-4"]},
          {"kind": "not_touching", "community": "A", "ids": ["C"]}), "does not touch community Cville"),
    ],
)  # fmt: skip
def test_conditions_that_cannot_hold_together_are_an_answer_in_words(conditions, said: str) -> None:
    blocks, seams = town()
    with pytest.raises(InfeasibleError, match=said):
        make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=asked(*conditions))


def test_who_stays_as_it_is_neither_receives_nor_gives() -> None:
    blocks, seams = town()
    locks = [{"kind": "as_is", "ids": ["A"]}]
    for condition, said in (
        (
            {"kind": "has", "community": "A", "ids": ["0-3"]},
            "community Aville .A. stays exactly as it is, so its border stands between blocks 0-0 and 0-3",
        ),
        ({"kind": "has", "community": "B", "ids": ["0-0"]}, "Community Bville .B. with blocks 0-0"),
    ):
        with pytest.raises(InfeasibleError, match=said):
            make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=asked(condition, locks=locks))


def test_keeping_away_from_who_stays_as_it_is() -> None:
    """A stays as it is in the west; B must not touch it, so C must lie between."""
    blocks, seams = town()
    options = asked({"kind": "not_touching", "community": "B", "ids": ["A"]}, locks=[{"kind": "as_is", "ids": ["A"]}],
                    min_households=100, max_households=800)  # fmt: skip
    plan = make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=options)
    assert check_plan(plan, blocks, seams, register(KINDS)).empty
    assert {plan.assignment[f"{r}-3"] for r in range(3)} == {"C"}


def test_the_order_of_conditions_and_rows_does_not_matter() -> None:
    one = {"kind": "has", "community": "C", "ids": ["0-3"]}
    two = {"kind": "lacks", "community": "A", "ids": ["1-2"]}
    blocks, seams = town()
    first = make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=asked(one, two))
    again = make_plan(blocks[::-1], seams[::-1], register(KINDS)[::-1], profile=PROFILE, options=asked(two, one))
    assert first.assignment == again.assignment


def test_without_conditions_nothing_is_bound() -> None:
    blocks, seams = town()
    bare = build_town(blocks, seams, register(KINDS), profile=PROFILE, options=asked())
    assert bare.labels == ()
    assert bare.pin.size == bare.bar.size == bare.anchor.size == 0


def test_fewer_communities_than_have_conditions_are_refused() -> None:
    """A and C, which must not touch, and B live on: two communities cannot be three."""
    blocks, seams = town()
    wish = {"kind": "not_touching", "community": "A", "ids": ["C"]}, {"kind": "lacks", "community": "B", "ids": ["0-0"]}
    options = asked(*wish, k=2, min_households=100, max_households=1000)
    with pytest.raises(InfeasibleError) as caught:
        make_plan(blocks, seams, register(KINDS), profile=PROFILE, options=options)
    assert "k = 2" in caught.value.reasons[0]
    assert "3" in caught.value.reasons[0]
    assert "3" in caught.value.reasons_zh[0]
