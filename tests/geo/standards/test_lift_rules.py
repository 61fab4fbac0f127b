"""Rules for lifts as data: what is shipped, and what is refused."""

from fractions import Fraction
from pathlib import Path

import pytest

from geo.errors import StandardError
from geo.standards import lift_rules
from geo.standards.lift_rules import LIMITS, list_lift_rules, load_lift_rules

SHIPPED = Path(lift_rules.__file__).parent / "lift-consent.toml"


def test_the_shares_are_those_of_the_civil_code() -> None:
    rules = load_lift_rules()
    assert (rules.participation_share, rules.agreement_share) == (Fraction(2, 3), Fraction(3, 4))
    assert "民法典" in rules.source
    assert "278" in rules.clause_en
    assert "法释〔2009〕7号" in rules.counting_source
    assert [each.key for each in rules.limits] == list(LIMITS)
    assert all(each.source and each.source_en for each in (*rules.limits, *rules.structures, *rules.funds))
    assert rules.coefficients.example, "a table that no city has set is an example"
    assert rules.name in [each.name for each in list_lift_rules()]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('participation = "2/3"', 'participation = "0.67"', "participation"),
        ('participation = "2/3"', 'participation = "4/3"', "more than all"),
        ('key = "fire_gap_m"', 'key = "shaft_depth_m"', "stands 2 times"),
        ('words = ["砖木"', 'words = ["砖混"', "stands twice"),
        ('2 = "0.5"', '2 = "half"', "is no number"),
        ('2 = "0.5"', '2 = "-1"', "0 or more"),
        ("value = 4\n", "value = -4\n", "greater than 0"),
        ("[coefficients]", "[factors]", "unknown table"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    text = SHIPPED.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(StandardError, match=words) as refusal:
        load_lift_rules(path)
    assert "remedy" in str(refusal.value)
