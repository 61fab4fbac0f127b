"""Plans and what may be asked: round trips, frozen things, and every wrong value named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geo.errors import InputError
from geo.partition.plan import ENGINE_VERSION, Limits, Note, Plan, PlanOptions, Term, limits_of
from geo.standards import load_profile

PROFILE = load_profile("seed-3000")


def small(**said: object) -> Plan:
    values = {
        "assignment": {"b2": "A", "b1": "N01"}, "profile": PROFILE, "options": PlanOptions(), "seed": 0,
        "engine_version": ENGINE_VERSION, "min_households": 2400, "max_households": 3600, "k": 2,
        "terms": {"size": Term(value=10, unit="households", weight=0.5, scale=100, weighted=0.05)},
        "notes": (Note(zh="一句。", en="A sentence."),), **said,
    }  # fmt: skip
    return Plan(**values)


def test_a_plan_comes_back_from_json_byte_for_byte() -> None:
    plan = small()
    again = Plan.from_json(plan.to_json())
    assert again == plan
    assert again.to_json() == plan.to_json()
    data = json.loads(plan.to_json())
    assert {
        "profile",
        "options",
        "seed",
        "engine_version",
        "min_households",
        "max_households",
        "assignment",
        "terms",
    } <= (set(data))
    assert list(data["assignment"]) == ["b1", "b2"]
    assert "约3000户" in plan.to_json().decode()
    assert plan.objective == 0.05


def test_a_plan_is_frozen_through_and_through() -> None:
    given_assignment = {"b1": "A"}
    plan = small(assignment=given_assignment, k=1)
    given_assignment["b1"] = "B"
    assert plan.assignment["b1"] == "A"
    with pytest.raises(TypeError):
        plan.assignment["b1"] = "B"  # type: ignore[index]
    with pytest.raises(TypeError):
        plan.terms["size"] = None  # type: ignore[index]
    with pytest.raises(ValidationError):
        plan.k = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("seed"), "seed is missing"),
        (lambda d: d.update(colour=1), "there is no colour"),
        (lambda d: d.update(k=5), "k is 5, but the assignment has 2 communities"),
        (lambda d: d["profile"].pop("source"), "profile.source is missing"),
        (lambda d: d["options"].update(mode="guess"), "options.mode = 'guess'"),
        (lambda d: d["assignment"].update(b1=7), "assignment.b1 = 7"),
        (lambda d: d["terms"]["size"].pop("unit"), "terms.size.unit is missing"),
    ],
)
def test_a_damaged_plan_is_refused_with_the_place(change: object, message: str) -> None:
    data = json.loads(small().to_json())
    change(data)  # type: ignore[operator]
    with pytest.raises(InputError, match=message):
        Plan.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["{", "[]", b"\xff\xfe", "3"])
def test_what_is_no_plan_at_all(text: str | bytes) -> None:
    with pytest.raises(InputError, match="the plan"):
        Plan.from_json(text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"mode": "split"}, "mode = 'split'"),
        ({"households": 3}, "there is no households"),
        ({"k": 0}, "k = 0"),
        ({"effort": "much"}, "effort"),
        ({"effort": 0}, "effort"),
        ({"time_limit_s": 0}, "time_limit_s = 0"),
        ({"weights": {"seam": -1}}, "weights.seam = -1"),
        ({"weights": {"beauty": 1}}, "there is no weights.beauty"),
        ({"cut_costs": {"alley": 1}}, "cut_costs names unknown feature classes: alley"),
        ({"locks": [{"kind": "whole", "ids": ["a"], "of": "blocks"}]}, "use together or apart for blocks"),
        ({"locks": [{"kind": "apart", "ids": ["a", "a"]}]}, "apart needs two different ids"),
        ({"locks": [{"kind": "whole", "ids": []}]}, "locks.0.ids"),
        ({"seams": [{"rule": "prefer"}]}, "name a feature_class, a feature_name, or both"),
        ({"seams": [{"rule": "prefer", "feature_class": "lane"}]}, "there is no feature class 'lane'"),
        ({"seams": [{"rule": "never", "feature_class": "river"}]}, "seams.0.rule = 'never'"),
    ],
)
def test_wrong_options_are_named(data: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PlanOptions.read(data)


def test_every_wrong_option_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        PlanOptions.read({"mode": "split", "k": 0, "colour": 1})
    assert len(caught.value.faults) == 3


@given(
    st.builds(
        PlanOptions, k=st.none() | st.integers(1, 99), seed=st.integers(0, 2**40),
        mode=st.sampled_from(["redraw", "merge"]),
        effort=st.sampled_from(["quick", "normal", "thorough"]) | st.integers(1, 10**6), allow_islands=st.booleans(),
        cut_costs=st.dictionaries(st.sampled_from(["river", "primary"]), st.floats(-1, 1)),
    )
)  # fmt: skip
def test_options_survive_json(options: PlanOptions) -> None:
    assert PlanOptions.model_validate_json(options.model_dump_json()) == options


def test_limits_come_from_the_options_before_the_profile() -> None:
    assert limits_of(PROFILE, PlanOptions()) == Limits(2400, 3000, 3600, None, 12_000)
    assert limits_of(PROFILE, PlanOptions(min_households=3200)) == Limits(3200, 3200, 3600, None, 12_000)
    assert limits_of(PROFILE, PlanOptions(max_people=9000, min_people=10)) == Limits(2400, 3000, 3600, 10, 9000)


def test_contradicting_limits_say_whose_they_are() -> None:
    said = "min_households = 4,000 is above max_households = 3,600"
    whose = r"\(min_households is the option's, max_households is profile seed-3000's\)"
    with pytest.raises(InputError, match=f"{said} {whose}"):
        limits_of(PROFILE, PlanOptions(min_households=4000))
