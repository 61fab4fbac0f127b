"""A programme in Excel, Word, QGIS and on the page: the same sums everywhere, examples marked, reasons told."""

import re

import docx
import geopandas as gpd
import openpyxl
import pyogrio
import pytest

from geo.programme import marginal_curve, summarise
from layers.examination import write_examination_docx, write_examination_xlsx
from layers.examination.page import page_data
from layers.maps import save
from layers.programme import programme_map, write_programme_docx, write_programme_gpkg, write_programme_xlsx
from layers.programme.facts import (
    bound_sentence,
    grouped_measures,
    left_sentence,
    named_reason,
    payer_words,
    price_word,
    programme_sites,
    programme_totals,
    site_frame,
    with_years,
    year_sentences,
)
from layers.words import LANGS, word


@pytest.fixture(scope="module")
def curve(works, options, programme):
    return marginal_curve(works, options, steps=(0.0, 500_000.0), start=programme)


@pytest.fixture(scope="module")
def written(programme, works, surveyed, curve, tmp_path_factory):
    folder = tmp_path_factory.mktemp("programme")
    for lang in LANGS:
        write_programme_xlsx(programme, works, folder / f"{lang}.xlsx", study=surveyed, curve=curve, lang=lang)
        write_programme_docx(programme, works, folder / f"{lang}.docx", study=surveyed, curve=curve, lang=lang)
        write_programme_gpkg(programme, works, folder / f"{lang}.gpkg", study=surveyed, lang=lang)
    return folder


def _rows(book, sheet, lang="zh"):
    page = book[word(f"sheet.{sheet}", lang)]
    heads = [cell.value for cell in page[3]]
    return [dict(zip(heads, (cell.value for cell in row), strict=True)) for row in page.iter_rows(min_row=4)]


def test_the_programme_does_something_and_leaves_something(programme, works):
    told = programme_totals(programme, works)
    assert 0 < told["measures"] < told["measures_all"]
    assert told["cost"] == pytest.approx(sum(told[name] for name in ("public", "residents", "social")))
    assert told["cost"] == pytest.approx(programme.years["cost_yuan"].sum())


def test_sites_add_up_to_the_whole(programme, works, surveyed):
    sites = site_frame(programme, works, surveyed)
    assert sites["measures"].sum() == programme.choice["year"].notna().sum()
    assert sites["cost_yuan"].sum() == pytest.approx(programme.years["cost_yuan"].sum())
    assert sites.crs == works.crs
    estate = sites.loc["e0"]
    assert estate.geometry.equals(surveyed["estates"].geometry["e0"])
    assert estate["name"] == "河口花园"
    assert estate["name_en"] == "Hekou Garden"
    assert set(sites["phase"]) <= {"2027", "2028", "2029", "not_chosen"}
    table = with_years(programme, works)
    for site, row in sites[sites["cost_yuan"] > 0].iterrows():
        spent = table[table["site_id"] == site].groupby("year")["cost_yuan"].sum()
        assert spent[row["main_year"]] == spent.max()
        assert row["phase"] == str(row["main_year"])


def test_each_year_is_told_in_words_and_what_is_left_adds_up(programme, works):
    for lang in LANGS:
        said = year_sentences(programme, works, lang)
        assert len(said) == len(programme.years)
        assert all(text.startswith(str(year)) for text, year in zip(said, programme.years.index, strict=True))
        assert not any("{" in text for text in said)
    told = left_sentence(programme, works, "en")
    counts = [int(each) for each in re.findall(r"\d+", told)]
    assert counts[0] == sum(counts[1:]) == programme.choice["year"].isna().sum()


def test_reasons_name_measures_by_their_titles(works):
    one = works.index[0]
    assert named_reason(f"Met by {one}, which makes it needless.", works, "en") == (
        f"Met by “{works.loc[one, 'title_en']}”, which makes it needless."
    )
    assert named_reason("已由none:building:x一并解决", works, "zh") == "已由none:building:x一并解决"
    assert named_reason(None, works, "zh") == ""


def test_kinds_of_a_site_add_up_to_its_measures(programme, works):
    table = with_years(programme, works)
    chosen = table[table["year"].notna()]
    kinds = grouped_measures(chosen)
    assert kinds["places"].sum() == len(chosen)
    assert kinds["cost_yuan"].sum() == pytest.approx(chosen["cost_yuan"].sum())


def test_prices_say_what_they_are():
    row = {"priced": True, "example_cost": True, "remedy": "works", "cost_yuan": 5.0}
    assert price_word(row, "zh") == "示例"
    assert price_word({**row, "example_cost": False}, "zh") == "用户提供"
    assert price_word({**row, "priced": False, "cost_yuan": None}, "zh") == "无单价"
    assert price_word({**row, "remedy": "management", "cost_yuan": 0.0}, "en") == "management"


def test_who_pays_is_told_in_shares():
    row = {"cost_yuan": 100.0, "public_yuan": 60.0, "residents_yuan": 40.0, "social_yuan": 0.0}
    assert payer_words(row, "zh") == "财政60%、居民40%"
    assert payer_words({**row, "cost_yuan": None}, "en") is None


def test_the_workbook_has_the_sums_of_the_programme(written, programme, works):
    book = openpyxl.load_workbook(written / "zh.xlsx")
    years = _rows(book, "prog_years")
    assert [row["年份"] for row in years] == [2027, 2028, 2029, "合计"]
    assert years[-1]["投资（万元）"] == pytest.approx(programme.years["cost_yuan"].sum() / 1e4, abs=0.02)
    payers = _rows(book, "prog_payers")
    assert payers[-1]["投资（万元）"] == pytest.approx(
        summarise(programme, works, by="payer").loc["all", "yuan"] / 1e4, abs=0.01
    )
    items, left = _rows(book, "prog_items"), _rows(book, "prog_left")
    assert len(items) == programme.choice["year"].notna().sum()
    assert len(items) + len(left) == len(works)
    assert all(row["理由"] for row in left), "what was not chosen has its reason"
    assert {row["价格性质"] for row in _rows(book, "prog_prices")} <= {"示例", "管理类", "无单价"}
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_an_examination_with_measures_lists_the_remedies(examination, works, surveyed, tmp_path):
    write_examination_xlsx(examination, tmp_path / "e.xlsx", study=surveyed, measures=works)
    rows = _rows(openpyxl.load_workbook(tmp_path / "e.xlsx"), "remedies")
    assert len(rows) == len(works)
    gas = next(row for row in rows if row["改造措施"] == works.loc[works["codes"] == "2", "title_zh"].iloc[0])
    assert gas["基础/完善/提升"] == "基础类"
    assert (gas["整治方式"], gas["问题类别"], gas["价格性质"]) == ("工程类", "限时解决", "示例")
    assert gas["资金来源"].startswith("财政")
    write_examination_docx(examination, tmp_path / "e.docx", study=surveyed, measures=works)
    document = docx.Document(tmp_path / "e.docx")
    assert any("整治清单" in p.text for p in document.paragraphs if p.style.name.startswith("Heading"))


def test_the_english_workbook_has_english_headings(written):
    book = openpyxl.load_workbook(written / "en.xlsx")
    for page in book:
        assert not re.search("[\u4e00-\u9fff]", page.title + "".join(str(cell.value) for cell in page[3]))


def test_the_document_tells_sums_reasons_curve_bound_and_marks_examples(written, programme):
    document = docx.Document(written / "zh.docx")
    headings = [p.text.partition("、")[2] for p in document.paragraphs if p.style.name.startswith("Heading")]
    assert headings == ["计划概况", "分年度安排", "资金来源", "改造计划分期图", "一区一策", "未列入的措施及原因",
                        "增加资金的效果", "计划的优劣与界限", "单价及来源", "本次设定的条件"]  # fmt: skip
    said = "\n".join(p.text for p in document.paragraphs)
    assert "示例单价" in said
    assert bound_sentence(programme, "zh") in said
    assert len(document.inline_shapes) == 1
    english = docx.Document(written / "en.docx")
    for paragraph in english.paragraphs:
        if paragraph.style.name.startswith("Heading"):
            assert not re.search("[\u4e00-\u9fff]", paragraph.text)


def test_the_geopackage_has_sites_measures_and_sums(written, programme):
    layers = {name for name, _ in pyogrio.list_layers(written / "zh.gpkg")}
    assert {"sites", "measures", "years", "payers", "classes", "communities"} <= layers
    sites = gpd.read_file(written / "zh.gpkg", layer="sites")
    assert sites["cost_yuan"].sum() == pytest.approx(programme.years["cost_yuan"].sum())
    measures = gpd.read_file(written / "zh.gpkg", layer="measures")
    assert (measures["phase"] != "not_chosen").sum() == programme.choice["year"].notna().sum()
    assert not {"households", "people"} & {*sites.columns, *measures.columns}


def test_the_same_programme_gives_the_same_bytes(written, programme, works, surveyed, curve, tmp_path):
    write_programme_xlsx(programme, works, tmp_path / "a.xlsx", study=surveyed, curve=curve)
    write_programme_docx(programme, works, tmp_path / "a.docx", study=surveyed, curve=curve)
    write_programme_gpkg(programme, works, tmp_path / "a.gpkg", study=surveyed)
    for kind in ("xlsx", "docx", "gpkg"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (written / f"zh.{kind}").read_bytes(), kind


def test_the_page_has_every_site_and_what_the_programme_puts_right(programme, works, surveyed, examination, tmp_path):
    data = page_data(examination, study=surveyed, programme=programme, measures=works)
    plan = data["programme"]
    assert len(plan["sites"]) == works["site_id"].nunique()
    assert all(site["place"] >= 0 for site in plan["sites"])
    assert sum(1 for row in plan["measures"] if row[4]) == programme.choice["year"].notna().sum()
    assert plan["example"]
    ids = data["places"]["building"]["ids"]
    today, after = (data["places"]["building"][name] for name in ("severity", "severity_after"))
    place = ids.index("e1-1")  # its only finding is of gas: safety comes first
    assert (today[place], after[place]) == ("v", "r")
    gas = next(each for each in data["indicators"] if each["n"] == 2)
    assert place in gas["cured"][::2]
    save(programme_map(programme, works, study=surveyed, examination=examination), tmp_path / "map.html")
    assert "改造计划" in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_sites_outside_estates_have_names_in_both_languages(works, surveyed):
    for lang in LANGS:
        named = programme_sites(works, surveyed, lang)
        assert set(named) == set(works["site_id"].astype(str))
        if lang == "en":
            assert not [text for text in named.values() if "社区" in text]
