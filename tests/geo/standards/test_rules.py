"""Site rules: both lists are cited and name tests that exist; a city's own are read, or refused."""

import re
from pathlib import Path

import pytest

from geo.errors import StandardError
from geo.standards import SITE_TESTS, SiteRules, list_site_rules, load_site_rules
from geo.standards.rules import UNITS

GOOD = """
[site_rules]
name = "our-rules"
edition = "2025"
title_zh = "本市规则"
title_en = "Our rules"
source = "市政府文件"
source_en = "City paper"
built_by = 2004
consent_min = 0.6

[[rule]]
key = "age"
list = "positive"
title_zh = "2004年底前建成"
title_en = "completed by the end of 2004"
test = "built_by"
limit = 2004
unit = "year"
severity = "must"
source = "市政府文件"
source_en = "City paper"

[[rule]]
key = "trees"
list = "negative"
title_zh = "砍伐老树"
title_en = "old trees felled"
test = "declared"
severity = "should"
source = "市政府文件"
source_en = "City paper"
"""


@pytest.fixture(scope="module")
def rules() -> SiteRules:
    return load_site_rules("old-estates-2021")


def test_the_shipped_rules(rules: SiteRules) -> None:
    assert [each.name for each in list_site_rules()] == ["old-estates-2021"]
    assert (rules.built_by, rules.consent_min) == (2000, 2 / 3)
    assert (len(rules.of("positive")), len(rules.of("negative"))) == (13, 9)
    assert {each.test for each in rules.rules} == set(SITE_TESTS)


def test_the_object_of_renovation(rules: SiteRules) -> None:
    limits = {each.test: (each.key, each.limit, each.unit) for each in rules.rules if each.limit is not None}
    assert limits == {
        "built_by": ("completed_by_2000", 2000, "year"), "surveyed_min": ("surveyed", 0.6, "share"),
        "has_findings": ("has_findings", 1, "count"), "missing_facilities": ("missing_facilities", 1, "count"),
        "consent_min": ("residents_willing", 2 / 3, "share"), "self_built_share_max": ("outside_object", 0.5, "share"),
    }  # fmt: skip
    assert set(UNITS) == set(limits)
    assert rules["completed_by_2000"].severity == "must"


def test_the_negative_list_forbids_what_is_known_of_it(rules: SiteRules) -> None:
    assert {each.key for each in rules.of("negative")} == {
        "outside_object", "one_size", "demolition", "moving_residents", "old_trees", "weak_will", "not_consulted",
        "facade_only", "demolition_plan",
    }  # fmt: skip
    for each in rules.of("negative"):
        assert "本软件的理解" in each.note_zh
        assert "our reading" in each.note_en


def test_everything_is_cited_and_told_in_both_languages(rules: SiteRules) -> None:
    for each in rules.rules:
        assert re.search("[\u4e00-\u9fff]", each.title_zh)
        assert re.search("[\u4e00-\u9fff]", each.source)
        assert (each.title_en + each.source_en + each.clause_en + each.note_en).isascii()
        assert bool(each.clause) == bool(each.clause_en), each.key
        assert bool(each.note_zh) == bool(each.note_en), each.key
        assert each.clause or each.note_zh, each.key


def test_an_unknown_rule(rules: SiteRules) -> None:
    with pytest.raises(KeyError):
        rules["luck"]


def write(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_city_s_own_file(tmp_path: Path) -> None:
    own = load_site_rules(write(tmp_path, GOOD))
    assert (own.built_by, own["age"].limit, own["trees"].test) == (2004, 2004, "declared")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('key = "trees"', 'key = "age"'), "rule age stands twice"),
        (("limit = 2004\n", ""), "rule age: the test built_by needs a limit[\\s\\S]*give limit, in year"),
        (('test = "declared"', 'test = "declared"\nlimit = 3'), "rule trees: the test declared has no limit"),
        (('unit = "year"', 'unit = "count"'), "rule age: unit = 'count'[\\s\\S]*write unit = 'year'"),
        (("limit = 2004", "limit = 1999"), "rule age: limit = 1999, but built_by = 2004"),
        (('test = "declared"', 'test = "surveyed_min"\nlimit = 60\nunit = "share"'), "trees: limit = 60 is no share"),
        (('test = "declared"', 'test = "consent_min"\nlimit = 0.5\nunit = "share"'), r"0\.5, but consent_min = 0\.6"),
        (('test = "declared"', 'test = "luck"'), r"rules\.1\.test = 'luck'"),
        (('list = "negative"', 'list = "grey"'), r"rules\.1\.list = 'grey'"),
        (('severity = "should"', 'severity = "may"'), r"rules\.1\.severity = 'may'"),
        (("consent_min = 0.6", "consent_min = 60"), "field consent_min = 60"),
        (("consent_min = 0.6", ""), "field consent_min is missing"),
        (("[site_rules]", "[rules]"), r"no table \[site_rules\]"),
    ],
)
def test_what_is_wrong_is_named_with_file_field_and_remedy(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    assert change[0] in GOOD
    path = write(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(StandardError, match=message) as caught:
        load_site_rules(path)
    assert str(path) in str(caught.value)
    assert "remedy:" in str(caught.value)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(StandardError, match=r"no site_rules 'old'[\s\S]*old-estates-2021"):
        load_site_rules("old")
