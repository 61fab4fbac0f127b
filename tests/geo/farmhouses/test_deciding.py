"""拆, 改, 用 by rules: what is known decides as long as nothing unknown could turn it."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.farmhouses.deciding import decide
from geo.schema import TABLES
from geo.standards.farmhouse_rules import Condition, FarmHouseRules, HouseRule
from tests.geo.farmhouses.village import rules

SHIPPED = rules()
VALUES: dict[str, list[object]] = {
    "parcel_m2": [150.0, 200.0, 260.0], "danger_grade": ["A", "B", "C", "D"], "permitted": [True, False],
    "occupied": [True, False], "heritage": [True, False], "in_plan": [True, False], "houses_of_household": [1, 2],
}  # fmt: skip


def houses(*facts: dict[str, object]) -> pd.DataFrame:
    """Houses of which these facts are known."""
    columns = [column.name for column in TABLES["farmhouses"].columns]
    index = pd.Index([f"F{i}" for i in range(len(facts))], name="house_id")
    return pd.DataFrame([{name: one.get(name) for name in columns} for one in facts], index=index, dtype="object")


def set_of(*made: HouseRule) -> FarmHouseRules:
    return FarmHouseRules(
        name="own", edition="1", title_zh="规则", title_en="rules", source="x", source_en="x", rules=made
    )


def rule(key: str, decision: str, *when: tuple[str, str, object]) -> HouseRule:
    return HouseRule(key=key, decision=decision, reason_zh=key, reason_en=key, source="x", source_en="x",
                     when=tuple(Condition(column=c, op=op, value=v) for c, op, v in when))  # fmt: skip


def test_every_comparison() -> None:
    low = {"floors": 2.0, "structure": "砖木", "titled": True}
    table = houses(low, {"floors": 4.0, "structure": "砖混", "titled": False}, {})
    expected = {
        ("floors", "at_least", 4): ["unknown", "use", "unknown"],
        ("floors", "at_most", 2): ["use", "unknown", "unknown"],
        ("floors", "above", 2): ["unknown", "use", "unknown"], ("floors", "below", 4): ["use", "unknown", "unknown"],
        ("structure", "is", "砖木"): ["use", "unknown", "unknown"],
        ("structure", "is_not", "砖木"): ["unknown", "use", "unknown"],
        ("structure", "in", ("砖木", "砖混")): ["use", "use", "unknown"],
        ("titled", "is", True): ["use", "unknown", "unknown"],
        ("titled", "known", None): ["use", "use", "unknown"],
        ("titled", "missing", None): ["unknown", "unknown", "use"],
    }  # fmt: skip
    for condition, decisions in expected.items():
        found = decide(table, rules=set_of(rule("r", "use", condition)))
        assert found["decision"].tolist() == decisions, condition
        column, op, _ = condition
        assert found["missing"].tolist() == ["", "", "" if op in ("known", "missing") else column]


def test_rules_that_agree_need_not_know_which_of_them_holds() -> None:
    """Permitted or not, a house outside the plan is altered; the grade that nobody knows could not turn that."""
    same = set_of(rule("a", "alter", ("danger_grade", "is", "C")), rule("b", "alter", ("in_plan", "is", False)),
                  rule("c", "use"))  # fmt: skip
    found = decide(houses({"in_plan": False}, {"in_plan": True}), rules=same)
    assert found["decision"].tolist() == ["alter", "unknown"]
    assert found["rule"].tolist() == ["b", ""]
    assert found["missing"].tolist() == ["", "danger_grade"]


def test_where_no_rule_applies_it_is_said() -> None:
    found = decide(houses({"in_plan": True}), rules=set_of(rule("b", "alter", ("in_plan", "is", False))))
    assert found.loc["F0", ["decision", "reason_zh", "reason_en"]].tolist() == [
        "unknown",
        "没有适用的规则",
        "no rule applies",
    ]


FACTS = st.fixed_dictionaries({name: st.sampled_from([None, *values]) for name, values in VALUES.items()})
REST = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()})


@settings(max_examples=150, deadline=None)
@given(FACTS, REST)
def test_more_knowledge_never_turns_a_decision(known: dict[str, object], rest: dict[str, object]) -> None:
    whole = {name: rest[name] if value is None else value for name, value in known.items()}
    before, after = (decide(houses(facts), rules=SHIPPED).iloc[0] for facts in (known, whole))
    assert after["missing"] == "", "with everything known nothing is missing"
    if not before["missing"]:
        assert before["decision"] == after["decision"]
