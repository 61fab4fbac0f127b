"""Rules for farm houses: ordered, cited, over columns that exist; conditions that cannot be compared are refused."""

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from geo.errors import StandardError
from geo.schema import HOUSE_DECISIONS, TABLES
from geo.standards import Condition, FarmHouseRules, list_farm_house_rules, load_farm_house_rules

GOOD = """
[farm_house_rules]
name = "our-houses"
edition = "2025"
title_zh = "本县规则"
title_en = "Our rules"
source = "县政府文件"
source_en = "County paper"
parcel_cap_m2 = 120

[[rule]]
key = "danger"
decision = "demolish"
when = [{ column = "danger_grade", op = "is", value = "D" }]
reason_zh = "危房"
reason_en = "dangerous"
source = "县政府文件"
source_en = "County paper"

[[rule]]
key = "rest"
decision = "use"
reason_zh = "其余"
reason_en = "the rest"
source = "县政府文件"
source_en = "County paper"
"""


@pytest.fixture(scope="module")
def rules() -> FarmHouseRules:
    return load_farm_house_rules("farm-houses")


def test_the_shipped_rules_in_their_order(rules: FarmHouseRules) -> None:
    assert [each.name for each in list_farm_house_rules()] == ["farm-houses"]
    assert [(each.key, each.decision) for each in rules.rules] == [
        ("protected_unsafe", "alter"), ("protected", "use"), ("danger_d", "demolish"),
        ("unpermitted_outside_plan", "demolish"), ("more_than_one_house", "demolish"),
        ("more_than_one_lived_in", "unknown"), ("danger_c", "alter"), ("unpermitted_in_plan", "alter"),
        ("above_cap", "alter"), ("permitted_outside_plan", "alter"), ("idle_sound", "use"), ("sound", "use"),
    ]  # fmt: skip
    assert {each.decision for each in rules.rules} == set(HOUSE_DECISIONS)


def test_what_is_protected_is_never_demolished(rules: FarmHouseRules) -> None:
    """Both rules for protected houses come before every rule that demolishes."""
    keys = [each.key for each in rules.rules]
    first = next(place for place, each in enumerate(rules.rules) if each.decision == "demolish")
    assert keys.index("protected_unsafe") < keys.index("protected") < first
    for key in ("protected_unsafe", "protected"):
        assert any(each.column == "heritage" and each.value is True for each in rules[key].when)


def test_the_cap_on_homesteads_is_the_user_s(rules: FarmHouseRules) -> None:
    assert rules.parameter("parcel_cap_m2") is None
    assert rules.parameter("houses_max") == 1
    assert rules["above_cap"].when[0].parameter == "parcel_cap_m2"


def test_the_columns_they_read(rules: FarmHouseRules) -> None:
    assert set(rules.columns) == {
        "heritage", "danger_grade", "permitted", "in_plan", "houses_of_household", "occupied", "parcel_m2",
    }  # fmt: skip
    assert set(rules.columns) <= {each.name for each in TABLES["farmhouses"].columns}


def test_everything_is_cited_and_told_in_both_languages(rules: FarmHouseRules) -> None:
    for each in rules.rules:
        assert re.search("[\u4e00-\u9fff]", each.reason_zh)
        assert "衢州" in each.source
        assert "本软件的理解" in each.note_zh or "由使用者填写" in each.note_zh
        assert (each.reason_en + each.source_en + each.note_en).isascii()
        assert each.note_en


def test_an_unknown_rule(rules: FarmHouseRules) -> None:
    with pytest.raises(KeyError):
        rules["luck"]


def write(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_county_s_own_file(tmp_path: Path) -> None:
    own = load_farm_house_rules(write(tmp_path, GOOD))
    assert own.parameter("parcel_cap_m2") == 120
    assert own["rest"].when == ()


def condition(text: str) -> tuple[str, str]:
    return '{ column = "danger_grade", op = "is", value = "D" }', text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('key = "rest"', 'key = "danger"'), "rule danger stands twice"),
        (('when = [{ column = "danger_grade", op = "is", value = "D" }]', ""), "danger has no condition, so"),
        (condition('{ column = "colour", op = "is", value = "red" }'), "no column colour[\\s\\S]*use one of parcel_id"),
        (condition('{ column = "decision", op = "is", value = "use" }'), "no column decision"),
        (condition('{ column = "heritage", op = "known", value = true }'), "heritage known compares with nothing"),
        (condition('{ column = "heritage", op = "is" }'), "compares with one value or one parameter"),
        (condition('{ column = "parcel_m2", op = "above", value = 9, parameter = "parcel_cap_m2" }'),
         "compares with one value or one parameter"),
        (condition('{ column = "danger_grade", op = "above", value = "B" }'), "compares text or flags by size"),
        (condition('{ column = "danger_grade", op = "in", value = "D" }'), "needs a column of text and a list"),
        (condition('{ column = "danger_grade", op = "in", value = [] }'), "needs a column of text and a list"),
        (condition('{ column = "floors", op = "in", value = ["2"] }'), "needs a column of text and a list"),
        (condition('{ column = "danger_grade", op = "is", value = ["C", "D"] }'), "not with a list"),
        (condition('{ column = "heritage", op = "is", value = "yes" }'), "'yes': the column holds yes or no"),
        (condition('{ column = "floors", op = "at_least", value = "two" }'), "'two': the column holds numbers"),
        (condition('{ column = "floors", op = "at_least", value = true }'), "True: the column holds numbers"),
        (condition('{ column = "floors", op = "at_least", value = nan }'), "nan: the column holds numbers"),
        (condition('{ column = "structure", op = "is", value = 3 }'), "3: the column holds text"),
        (condition('{ column = "danger_grade", op = "in", value = ["D", "E"] }'), "'E' can never hold"),
        (condition('{ column = "floors", op = "equals", value = 2 }'), r"op = 'equals'"),
        (condition('{ column = "floors", op = "is", value = 2, eval = "1" }'), r"unknown field rules\.0\.when"),
        (('decision = "use"', 'decision = "sell"'), r"rules\.1\.decision = 'sell'"),
        (("parcel_cap_m2 = 120", "parcel_cap_m2 = 0"), "field parcel_cap_m2 = 0"),
        (("[farm_house_rules]", "[rules]"), r"no table \[farm_house_rules\]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_field_and_remedy(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    assert change[0] in GOOD
    path = write(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(StandardError, match=message) as caught:
        load_farm_house_rules(path)
    assert str(path) in str(caught.value)
    assert "remedy:" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '{ column = "danger_grade", op = "in", value = ["C", "D"] }',
        '{ column = "danger_grade", op = "missing" }',
        '{ column = "titled", op = "is_not", value = true }',
        '{ column = "floors", op = "at_most", value = 2.5 }',
        '{ column = "year_built", op = "below", value = 1980 }',
        '{ column = "parcel_m2", op = "above", parameter = "parcel_cap_m2" }',
        '{ column = "valid_from", op = "known" }',
    ],
)
def test_conditions_that_can_be_compared(tmp_path: Path, text: str) -> None:
    own = load_farm_house_rules(write(tmp_path, GOOD.replace(*condition(text))))
    assert len(own["danger"].when) == 1


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(StandardError, match=r"no farm_house_rules 'houses'[\s\S]*farm-houses"):
        load_farm_house_rules("houses")


def holds(one: Condition, house: dict[str, object], rules: FarmHouseRules) -> bool:
    """Compare a value that is known, by the words of the docstring."""
    seen: Any = house[one.column]
    with_what: Any = one.value if one.parameter is None else rules.parameter(one.parameter)
    match one.op:
        case "is":
            return bool(seen == with_what)
        case "in":
            return seen in with_what
        case "above":
            return with_what is not None and bool(seen > with_what)
    raise AssertionError(one.op)


def test_every_house_that_is_known_whole_is_decided(rules: FarmHouseRules) -> None:
    """All 256 kinds of houses: the first rule that holds; no cap is set, so no homestead is above it."""
    decided = {}
    flags = (True, False)
    for heritage, grade, permitted, in_plan, houses, occupied in product(flags, "ABCD", flags, flags, (1, 2), flags):
        house = {
            "heritage": heritage, "danger_grade": grade, "permitted": permitted, "in_plan": in_plan,
            "houses_of_household": houses, "occupied": occupied, "parcel_m2": 500.0,
        }  # fmt: skip
        first = next(each for each in rules.rules if all(holds(one, house, rules) for one in each.when))
        decided[heritage, grade, permitted, in_plan, houses, occupied] = first
    assert {each.key for each in decided.values()} == {each.key for each in rules.rules} - {"above_cap"}
    for (heritage, grade, permitted, in_plan, houses, occupied), rule in decided.items():
        if heritage:
            assert rule.decision in ("alter", "use")
            continue
        gone = grade == "D" or not (permitted or in_plan) or (houses > 1 and not occupied)
        assert (rule.decision == "demolish") == gone
        if rule.decision == "use":
            assert grade in "AB"
            assert permitted
            assert in_plan
            assert houses == 1
