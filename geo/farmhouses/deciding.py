"""拆, 改 or 用: the rules tried in order on every house, three-valued, and decisions taken by hand over them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.errors import Fault, InputError
from geo.farmhouses.result import HouseOverride
from geo.schema import TABLES
from geo.standards.farmhouse_rules import Condition, FarmHouseRules

_TITLES = {"unknown": ("待定", "to be decided"), "demolish": ("拆", "demolish"), "alter": ("改", "alter"),
           "use": ("用", "use")}  # fmt: skip
_WORDS = {
    "danger_grade": "危房鉴定等级", "titled": "是否确权", "permitted": "是否经批准", "occupied": "是否有人居住",
    "heritage": "是否受保护", "houses_of_household": "该户房屋数", "in_plan": "规划是否保留", "parcel_m2": "宅基地面积",
    "footprint_m2": "占地面积", "floors": "层数", "year_built": "建成年份", "structure": "结构", "people": "家庭人口",
    "parcel_id": "宗地编号", "household_id": "户编号", "building_id": "建筑编号", "community_id": "所在村",
    "valid_from": "登记日期",
}  # fmt: skip


@dataclass
class _State:
    """What is known while the rules are tried: what could still decide, and what is lacking for it."""

    open: np.ndarray
    decision: np.ndarray
    rule: np.ndarray
    maybe: list[set[str]]
    lacking: list[dict[str, None]]


def decide(houses: pd.DataFrame, *, rules: FarmHouseRules) -> pd.DataFrame:
    """Return the decision of every house, by the first rule whose conditions all hold.

    A rule that compares with a figure of the rules that nobody has given (the cap on homesteads) is not tried. A
    condition on a missing value is neither true nor false. Where such a rule stands before the one that holds and
    would decide otherwise, the house is `unknown`, and what is missing is named; where all that could apply decide
    alike, that is the decision.

    Parameters
    ----------
    houses
        Index house_id, columns of the table `farmhouses`; None or NA is unknown.
    rules
        In their order.

    Returns
    -------
    DataFrame
        Index of `houses`; columns decision, rule (its key; empty when what is missing decides), missing (columns joined
        by ;), reason_zh, reason_en.
    """
    number = len(houses)
    state = _State(np.ones(number, dtype=bool), np.full(number, "unknown", dtype=object),
                   np.full(number, "", dtype=object), [set() for _ in range(number)],
                   [{} for _ in range(number)])  # fmt: skip
    for rule in rules.rules:
        if any(each.parameter and rules.parameter(each.parameter) is None for each in rule.when):
            continue  # a figure that nobody has given: the rule is not tried, and the notes say so
        holds = np.ones(number, dtype=np.int8)
        lacks = []
        for condition in rule.when:
            answer = _compare(houses, condition, rules)
            holds = np.minimum(holds, answer)  # 1 true, 0 unknown, -1 false: the least of them is their conjunction
            if (answer == 0).any():
                lacks.append((condition, answer == 0))
        for i in np.flatnonzero(state.open & (holds == 0)):
            state.maybe[i].add(rule.decision)
            state.lacking[i].update({condition.column: None for condition, absent in lacks if absent[i]})
        for i in np.flatnonzero(state.open & (holds == 1)):
            if state.maybe[i] <= {rule.decision}:
                state.decision[i], state.rule[i] = rule.decision, rule.key
                state.lacking[i] = {}
            state.open[i] = False
    missing = [";".join(each) for each in state.lacking]
    said = [_reason(key, gap, rules) for key, gap in zip(state.rule, missing, strict=True)]
    return pd.DataFrame({
        "decision": state.decision, "rule": state.rule, "missing": missing, "reason_zh": [zh for zh, _ in said],
        "reason_en": [en for _, en in said],
    }, index=houses.index)  # fmt: skip


def overrule(decided: pd.DataFrame, overrides: Mapping[str, HouseOverride]) -> pd.DataFrame:
    """Return the decisions with those taken by hand put in, each with who took it, why, and what the rules had said.

    Adds the columns overridden and decided_by.

    Raises
    ------
    InputError
        When an override names a house that is not there, or says neither who nor why.
    """
    faults = [Fault(f"there is no farm house {key}", "use an id of the register", table="farmhouses", ids=(key,))
              for key in overrides if key not in decided.index]  # fmt: skip
    faults += [Fault(f"the decision on {key} does not say {'who took it' if not one.who.strip() else 'why'}",
                     "say who decided (--by) and why", table="farmhouses", ids=(key,))
               for key, one in overrides.items() if not (one.who.strip() and one.why.strip())]  # fmt: skip
    if faults:
        raise InputError(faults)
    table = decided.assign(overridden=False, decided_by="rules")
    for key, one in overrides.items():
        zh, en = _TITLES[str(decided.loc[key, "decision"])]
        table.loc[key, ["decision", "rule", "missing", "overridden", "decided_by"]] = [
            one.decision, "override", "", True, one.who.strip()]  # fmt: skip
        table.loc[key, "reason_zh"] = f"人工决定({one.who.strip()}):{one.why.strip()};规则原判:{zh}"
        table.loc[key, "reason_en"] = f"by hand ({one.who.strip()}): {one.why.strip()}; the rules had said: {en}"
    return table


def _compare(houses: pd.DataFrame, condition: Condition, rules: FarmHouseRules) -> np.ndarray:
    """Return 1, -1 or 0 for every house: the condition holds, does not, cannot be told."""
    values = houses[condition.column].astype("object")
    known = values.notna().to_numpy()
    if condition.op in ("known", "missing"):
        return np.where(known == (condition.op == "known"), 1, -1).astype(np.int8)
    wanted = condition.value if condition.parameter is None else rules.parameter(condition.parameter)
    there = values[known]
    match condition.op:
        case "is":
            true = there == wanted
        case "is_not":
            true = there != wanted
        case "in":
            true = there.isin(wanted if isinstance(wanted, tuple) else (wanted,))
        case "at_least":
            true = there.astype("float64") >= wanted
        case "at_most":
            true = there.astype("float64") <= wanted
        case "above":
            true = there.astype("float64") > wanted
        case _:
            true = there.astype("float64") < wanted
    result = np.zeros(len(values), dtype=np.int8)
    result[known] = np.where(true.to_numpy(dtype=bool), 1, -1)
    return result


def _reason(key: str, missing: str, rules: FarmHouseRules) -> tuple[str, str]:
    if key:
        return rules[key].reason_zh, rules[key].reason_en
    if not missing:
        return "没有适用的规则", "no rule applies"
    meanings = {column.name: column.meaning for column in TABLES["farmhouses"].columns}
    names = missing.split(";")
    zh = "、".join(_WORDS.get(name, name) for name in names)
    en = ", ".join(f"{meanings[name]} ({name})" for name in names)
    return f"资料不足,不能判定;缺:{zh}", f"cannot be decided; missing: {en}"
