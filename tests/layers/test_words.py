"""Words: both languages, the same values in both, every key that layers need."""

import string
from typing import get_args

import pandas as pd
import pytest

from geo.conversion import MEANINGS
from geo.partition.actions import TERM_MEANINGS
from geo.partition.plan import Condition, Lock, SeamRule
from geo.partition.rules import COLUMNS
from geo.partition.scorecard import UNITS, Better
from geo.schema import BARRIER_KINDS, COMMUNITY_KINDS, FEATURE_CLASSES
from layers.styles import SEAM_GROUPS, seam_group
from layers.words import WORDS, fullwidth, is_missing, name_in, number, value_word, word


def _names(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_word_is_there_in_both_languages_with_the_same_values():
    for key, (zh, en) in WORDS.items():
        assert zh, key
        assert en or key == "report.date_blank", key
        assert _names(zh) == _names(en), key


def test_chinese_words_have_chinese_punctuation():
    assert {key: zh for key, (zh, _) in WORDS.items() if fullwidth(zh) != zh} == {}


def test_every_value_a_table_may_hold_has_a_word():
    for kind in COMMUNITY_KINDS:
        assert f"kind.{kind}" in WORDS
    for feature in (*FEATURE_CLASSES, *BARRIER_KINDS):
        assert f"seam.{seam_group(feature)}" in WORDS
    assert {name for names in SEAM_GROUPS.values() for name in names} >= set(FEATURE_CLASSES)
    assert "rule" in COLUMNS


def test_every_word_the_engine_puts_into_a_table_is_known():
    fates = ("kept", "renamed", "received", "gave", "exchanged", "abolished", "created")
    assert {f"fate.{fate}" for fate in fates} <= set(WORDS)
    assert {f"name_source.{source}" for source in ("kept", "decided", "proposed")} <= set(WORDS)
    assert {f"conversion.{kind}" for kind in MEANINGS} <= set(WORDS)
    assert {f"eligible.{state}" for state in ("pass", "fail", "unknown")} <= set(WORDS)
    assert {f"unit.{unit}" for unit in UNITS} <= set(WORDS)
    assert {f"better.{way}" for way in get_args(Better)} <= set(WORDS)
    assert {f"verdict.{each}" for each in ("better", "worse", "unchanged", "changed", "unknown")} <= set(WORDS)
    assert {f"term.{term}" for term in TERM_MEANINGS} <= set(WORDS)
    for kind in get_args(Lock.model_fields["kind"].annotation):
        assert f"ask.lock.{kind}" in WORDS
    for kind in (
        *get_args(Condition.model_fields["kind"].annotation),
        *get_args(SeamRule.model_fields["rule"].annotation),
    ):
        assert f"ask.{kind}" in WORDS


def test_an_unlisted_value_is_shown_as_it_is_and_a_missing_one_as_unknown():
    assert value_word("status", "merged", "zh") == "merged"
    assert value_word("status", pd.NA, "en") == "not known"
    with pytest.raises(KeyError):
        word("no such word", "zh")


def test_a_name_falls_back_to_the_other_language_then_to_the_id():
    assert name_in({"name": "青石", "name_en": float("nan")}, "en", "A") == "青石"
    assert name_in({"name": pd.NA, "name_en": " "}, "zh", "A") == "A"


def test_numbers():
    assert number(1234.56, "en", digits=1) == "1,234.6"
    assert number(pd.NA, "zh") == "不详"
    assert [is_missing(value) for value in (float("nan"), None, "", 0)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("half", "full"),
    [
        ("撤销A社区,将A社区整体划入B社区管辖", "撤销A社区，将A社区整体划入B社区管辖"),
        ("新社区(N)有1,200户;不足", "新社区（N）有1,200户；不足"),
        ("see (a), 12:30, 1,000", "see (a), 12:30, 1,000"),
        ("范围不变:东至东环路", "范围不变：东至东环路"),
    ],
)
def test_chinese_sentences_get_chinese_signs_and_others_do_not(half, full):
    assert fullwidth(half) == full
    assert fullwidth(full) == full
