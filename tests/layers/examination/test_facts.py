"""What is said of an examination: the fixed sentence, coverage, and that unknown is never zero."""

import re

import pandas as pd

from layers.examination.facts import (
    between,
    city_grades,
    coverage_text,
    percent,
    problem_rows,
    provenance,
    site_names,
    summary,
    totals,
    unknowns,
    with_unit,
)
from layers.words import LANGS

SENTENCE = re.compile(r"^共\d+栋住宅存在.+的问题，为.+。$")


def test_numbers_at_the_head_are_those_of_the_survey(examination):
    told = totals(examination)
    assert (told["buildings"], told["surveyed"], told["estates"]) == (40, 19, 3)
    assert (told["findings"], told["open"], told["done"]) == (15, 13, 2)
    assert (told["very_serious"], told["serious"], told["general"]) == (4, 4, 5)
    assert told["computed"] + told["entered"] + told["unknown"] == 60


def test_a_value_that_is_not_known_is_told_so_and_never_as_zero(examination):
    table = examination.indicators
    for number in (10, 13, 17):
        assert pd.isna(table.loc[number, "value"])
        assert with_unit(table.loc[number, "value"], table.loc[number], "zh") == "不详"
        assert with_unit(table.loc[number, "value"], table.loc[number], "en") == "not known"
    assert with_unit(table.loc[9, "value"], table.loc[9], "zh") == "0栋"
    assert between(table.loc[9], "en") == "0–21"
    assert coverage_text(table.loc[1], "zh") == "19 / 40（47.5%）"


def test_shares_are_not_rounded_to_the_whole_or_to_nothing():
    assert percent(0.99996, "en") == "99.9%"
    assert percent(1.0, "en") == "100.0%"
    assert percent(float("nan"), "zh") == "不详"


def test_every_problem_of_buildings_is_told_in_the_fixed_sentence(examination):
    rows = problem_rows(examination, "zh")
    buildings = rows[rows["subject"] == "building"]
    assert all(SENTENCE.match(text) for text in buildings["sentence"])
    gas = buildings[buildings["code"] == "2"].iloc[0]
    assert gas["sentence"] == "共2栋住宅存在燃气立管、引入管或水平管锈蚀破损的问题，为1号楼、3号楼。"
    assert (gas["places"], gas["extent"], gas["severity"], gas["site_id"]) == (2, 36.0, "very_serious", "e1")
    assert not set(rows["code"]) & {"3g", "4d"}, "what has been put right is no problem any more"


def test_the_gravest_timed_problem_of_a_site_comes_first_and_what_was_only_ticked_is_there(examination):
    rows = problem_rows(examination, "zh")
    assert rows[rows["site_id"] == "e0"].iloc[0]["code"] == "1b"
    ticked = rows[(rows["code"] == "") & (rows["site_id"] == "e0")]
    assert {20, 16, 14} <= set(ticked["number"])
    assert ticked.loc[ticked["number"] == 14, "sentence"].iloc[0].endswith("222个。")


def test_in_english_there_is_no_chinese_but_names(examination):
    for text in problem_rows(examination, "en")["sentence"]:
        assert not re.search("[，。、]|问题", text)


def test_what_is_not_known_is_listed(examination):
    said = " ".join(unknowns(examination, "zh"))
    assert "文昌苑" in said
    assert "10 未达标配建养老服务设施的小区数量" in said
    assert "（47.5%）" in said
    assert all(
        "{" not in text for lang in LANGS for text in (*unknowns(examination, lang), *summary(examination, lang))
    )


def test_sites_outside_estates_are_called_by_community_and_block(examination, surveyed):
    assert site_names(examination, surveyed, "zh")["e0"] == "河口花园"
    assert site_names(examination, surveyed, "zh")["block:b00"].endswith("街坊地块 b00")


def test_the_city_is_graded_where_there_is_a_target_and_a_value(examination):
    rows, overall, note = city_grades(examination, "zh")
    graded = {number: grade for number, *_, grade in rows}
    assert graded[30] == "很好", "88.5 % of sewage collected against 70 %"
    assert graded[31] == "", "no value, no grade"
    assert dict(overall)["总体"] in {"优", "良", "中", "差"}
    assert "本软件的理解" in note


def test_provenance_names_catalogue_edition_and_day(examination, surveyed):
    told = {row.label[1]: row.value[1] for row in provenance(examination, surveyed)}
    assert told["Edition"].startswith("examination-2025")
    assert told["As of"] == "2026-03-01"
