"""Workbook, document and printed maps."""

import io
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace

import docx
import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from PIL import Image
from shapely.geometry import Point

from geo.partition.actions import explain_plan, transfer_matrix
from geo.partition.plan import Condition, PlanOptions
from geo.schema import TABLES
from layers import document
from layers.drawing import chinese_font
from layers.facts import (
    action_sentences,
    borders,
    household_sources,
    kept_names,
    matrix,
    proof_sentence,
    register_gap,
    repair_groups,
    sources_sentence,
)
from layers.office import clean, settle
from layers.overview import overview_png
from layers.provenance import figures, limits_set, limits_told
from layers.reports import write_alternatives_xlsx, write_plan_docx, write_plan_xlsx
from layers.review import typeset_review
from layers.words import WORDS, word
from tests.layers import town

CHINESE = re.compile("[\u4e00-\u9fff]")


def _workbook(tables, study, folder, lang="zh"):
    path = folder / f"{lang}.xlsx"
    write_plan_xlsx(tables, path, study=study, lang=lang)
    return openpyxl.load_workbook(path)


def _texts(path):
    made = docx.Document(path)
    cells = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    return [paragraph.text for paragraph in made.paragraphs], cells


# ---- workbook -------------------------------------------------------------------------------------------------------


def test_sheets_and_their_headings_are_complete_in_both_languages(tables, study, tmp_path):
    zh, en = (_workbook(tables, study, tmp_path, lang) for lang in ("zh", "en"))
    assert zh.sheetnames == [
        "社区一览", "四至范围", "对照表（户数）", "对照表（人口）", "对照表（面积）", "对照表（建筑）", "调整动作",
        "不符合项", "数据处理与假定", "依据与参数", "计算目标分项",
    ]  # fmt: skip
    assert len(en.sheetnames) == len(zh.sheetnames)
    for page in en:
        assert not CHINESE.search(page.title + "".join(str(cell.value) for cell in page[3]))
        assert page.freeze_panes is not None
        assert page.auto_filter.ref.startswith("A3:")


def test_figures_of_the_workbook_are_numbers_with_totals(tables, study, tmp_path):
    page = _workbook(tables, study, tmp_path)["社区一览"]
    rows = {row[3].value: row for row in page.iter_rows(min_row=4, max_row=8)}
    assert [rows["C"][i].value for i in (6, 7, 8, 10)] == [2240, 1140, 1100, 6720]
    assert rows["C"][12].value == pytest.approx(0.54)
    assert (rows["N"][7].value, rows["N"][8].value) == (None, None)
    assert rows["N"][9].value == "低于下限"
    assert page["G9"].value == tables.blocks["households"].sum()
    assert page["M3"].value == "面积（平方公里）"
    formats = [rule.formula for rules in page.conditional_formatting for rule in rules.rules]
    assert formats == [["1000"], ["3000"]]


def test_matrix_rows_and_columns_add_up(tables, study, tmp_path):
    page = _workbook(tables, study, tmp_path)["对照表（户数）"]
    body = [[cell.value for cell in row] for row in page.iter_rows(min_row=3)]
    assert body[0] == ["现状社区 \\ 调整后社区", "柳岸社区", "文昌社区", "东门社区", "新城社区", "赵家村", "合计"]
    assert body[1] == ["青石社区", 426, 840, None, None, None, 1266]
    assert body[-1] == ["合计", 2256, 2240, 2100, 700, 640, 7936]


@pytest.mark.parametrize(
    ("title", "value", "unit"),
    [("对照表（户数）", "households", 1), ("对照表（人口）", "people", 1), ("对照表（面积）", "area_m2", 1e6),
     ("对照表（建筑）", "buildings_count", 1)],
)  # fmt: skip
def test_the_four_matrices_are_the_engines_with_its_sums(tables, study, tmp_path, title, value, unit):
    page = _workbook(tables, study, tmp_path)[title]
    wide = transfer_matrix(tables, value)
    body = [[cell.value or 0 for cell in row[1:]] for row in page.iter_rows(min_row=4)]
    assert len(body) == len(wide)
    for found, expected in zip(body, wide.to_numpy(dtype=float), strict=True):
        assert found == pytest.approx(list(expected / unit))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_review_adds_its_sheets_and_they_hold_its_tables(tables, study, review, tmp_path, lang):
    write_plan_xlsx(tables, tmp_path / "a.xlsx", study=study, lang=lang, review=review)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    name = {key: word(f"sheet.{key}", lang) for key in ("heirs", "scorecard", "six_ones", "conversions", "procedures",
                                                        "alternatives", "distances", "tried")}  # fmt: skip
    assert set(name.values()) <= set(book.sheetnames)
    rows = {
        key: [[cell.value for cell in row] for row in book[title].iter_rows(min_row=4)] for key, title in name.items()
    }
    measures = typeset_review(review).scorecard.measures
    assert len(rows["scorecard"]) == len(measures)
    for found, row in zip(rows["scorecard"], measures.to_dict("records"), strict=True):
        assert found[2] == row[f"title_{lang}"]
        assert found[8:10] == [row[f"formula_{lang}"], row[f"source_{lang}"]]
        for value, given in zip(found[3:5], (row["before"], row["after"]), strict=True):
            assert value is None if pd.isna(given) else value == pytest.approx(given)
    assert [row[-1] for row in rows["heirs"]] == list(typeset_review(review).heirs[f"text_{lang}"])
    assert rows["heirs"][0][1] == ("撤销" if lang == "zh" else "abolished")
    village = rows["conversions"][0]
    assert village[:4] == (["赵家村", "村", "村居合并", 640] if lang == "zh"
                           else ["Zhaojia Village", "village", "T2: merged with a neighbourhood", 640])  # fmt: skip
    assert "张三" in village[11]
    assert [row[1] for row in rows["procedures"]] == [1, 2, 3, 4, 5, 6]
    assert [row[0] for row in rows["alternatives"]] == ["A", "B"]
    assert 0.0531 in rows["alternatives"][1]
    assert rows["distances"][1] == ["B", 0.42, 0]
    assert rows["tried"][1][2] is None
    if lang == "en":
        for title in name.values():
            assert not CHINESE.search("".join(str(cell.value) for cell in book[title][3]))


def test_plans_to_choose_from_are_a_workbook_of_their_own(tables, study, tmp_path):
    found = town.alternatives(tables)
    sheets = {
        "zh": ["方案比选", "得失", "方案差异", "已试方案", "说明"],
        "en": ["Plans compared", "What it gains and gives up", "Distances", "Tried", "Note"],
    }
    for lang, titles in sheets.items():
        write_alternatives_xlsx(found, tmp_path / f"{lang}.xlsx", study=study, lang=lang)
        assert openpyxl.load_workbook(tmp_path / f"{lang}.xlsx").sheetnames == titles
    page = openpyxl.load_workbook(tmp_path / "zh.xlsx")["方案比选"]
    assert [cell.value for cell in page[3]] == [
        "方案", "目标", "社区数", "最小社区户数", "最大社区户数", "边线（米）", "变动（户）", "土地变动（平方公里）",
        "加权总和", "总和高出", "归属不同的户占比", "归属不同的户数", "未被其他方案全面超过",
    ]  # fmt: skip
    assert [cell.value for cell in page[5]] == [
        "B", "界线清晰优先", 2, 3646, 4290, 900, 3000, 0.9, 1.3, 0.0531, 0.42, 3333, "是",
    ]  # fmt: skip
    assert openpyxl.load_workbook(tmp_path / "zh.xlsx")["得失"]["B5"].value == "方案B：得：界线；失：户。"
    write_alternatives_xlsx(found, tmp_path / "again.xlsx", study=study)
    assert (tmp_path / "again.xlsx").read_bytes() == (tmp_path / "zh.xlsx").read_bytes()


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t="])
def test_a_name_is_never_a_formula(tables, study, tmp_path, sign):
    name = f'{sign}HYPERLINK("http://x","y")'
    page = _workbook(town.named(tables, "B", name), study, tmp_path)["社区一览"]
    cell = next(row[1] for row in page.iter_rows(min_row=4) if row[3].value == "B")
    assert cell.data_type == "s"
    assert cell.value.strip() == name.strip()
    assert cell.quotePrefix
    with zipfile.ZipFile(tmp_path / "zh.xlsx") as parts:
        assert not any(b"<f>" in parts.read(part) for part in parts.namelist() if "worksheets" in part)


def test_signs_of_formulas_and_rare_characters_do_not_break_the_map(tables, study):
    odd = town.named(tables, "B", "$x_\\frac{$ 𰻝𰻝\U0001f600")
    assert overview_png(odd, "after", context={}, lang="zh", font=chinese_font())[:4] == b"\x89PNG"


def test_control_characters_do_not_break_the_files(tables, study, tmp_path):
    odd = town.named(tables, "B", "柳\x00岸\x0b<&>")
    assert _workbook(odd, study, tmp_path)["社区一览"]["B4"].value == "柳岸<&>"
    write_plan_docx(odd, tmp_path / "odd.docx", study=study)
    assert any("柳岸<&>" in text for text in _texts(tmp_path / "odd.docx")[0])
    assert clean("a\ud800b") == "ab"


def test_the_same_plan_gives_the_same_files(tables, study, tmp_path):
    for number in "12":
        write_plan_xlsx(tables, tmp_path / f"{number}.xlsx", study=study)
        write_plan_docx(tables, tmp_path / f"{number}.docx", study=study)
    for kind in ("xlsx", "docx"):
        assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()


def test_settling_fixes_times_and_keeps_parts():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as parts:
        parts.writestr("docProps/core.xml", '<dcterms:modified xsi:type="x">2031-05-05T00:00:00Z</dcterms:modified>')
        parts.writestr("a.xml", "a")
    with zipfile.ZipFile(io.BytesIO(settle(content.getvalue()))) as parts:
        assert b"2000-01-01T00:00:00Z" in parts.read("docProps/core.xml")
        assert parts.read("a.xml") == b"a"
        assert {info.date_time for info in parts.infolist()} == {(2000, 1, 1, 0, 0, 0)}


def test_repairs_and_provenance_are_told(tables, study, tmp_path):
    book = _workbook(tables, study, tmp_path)
    repairs = [[cell.value for cell in row] for row in book["数据处理与假定"].iter_rows(min_row=4)]
    assert repairs[0] == ["建筑", "h1", "修复", "self_intersection", "轮廓自相交，已修复"]
    told = {row[0].value: row[1].value for row in book["依据与参数"].iter_rows(min_row=4)}
    assert told["随机种子"] == "7"
    assert told["参数：社区个数"] == "5"
    assert told["户数限额"] == "每个社区1,000—3,000户"
    assert book["计算目标分项"]["B4"].value == 1234.5
    assert [(g.table, g.times) for g in repair_groups(study, "zh")] == [("buildings", 2), ("blocks", 1)]


def test_every_option_and_every_table_has_a_word():
    for name in PlanOptions.model_fields:
        assert name == "seed" or f"option.{name}" in WORDS
    for name in (*TABLES, "population", "dem"):
        assert f"table.{name}" in WORDS


def _placed(study, tables, *, register=None):
    """Return the study after `shequ households`: two blocks estimated, the others counted by the census."""
    sources = ["floor_area"] * 2 + ["census"] * (len(tables.blocks) - 2)
    blocks = tables.blocks.drop(columns="moved").assign(households_source=sources)
    added = {"blocks": blocks}
    if register is not None:
        added["communities"] = tables.communities_before.assign(households=register)
    return replace(study, tables={**study.tables, **added})


def test_where_households_come_from_is_told_with_shares(tables, study, tmp_path):
    placed, total = _placed(study, tables), tables.blocks["households"].sum()
    estimated = tables.blocks["households"].iloc[:2].sum()
    assert household_sources(tables, placed) == {"census": total - estimated, "floor_area": estimated}
    assert sources_sentence(tables, study, "zh") == ""
    write_plan_docx(tables, tmp_path / "a.docx", study=placed)
    text = "\n".join(_texts(tmp_path / "a.docx")[0])
    assert f"按建筑面积估算 {estimated:,}户（{estimated / total:.1%}）" in text
    house = gpd.GeoDataFrame({"block_id": tables.blocks.index[:1], "households": [4], "households_source": "building"},
                             geometry=[Point(0, 0)], crs=study.crs)  # fmt: skip
    counted = replace(placed, tables={**placed.tables, "buildings": house})
    assert household_sources(tables, counted) == {
        "census": total - estimated, "floor_area": estimated - 4, "building": 4
    }  # fmt: skip


def test_a_merge_takes_the_register_and_says_that_blocks_do_not_matter(tables, study, tmp_path):
    merged = replace(tables, plan=tables.plan.model_copy(update={"options": PlanOptions(mode="merge")}))
    merged = replace(merged, blocks=tables.communities_before.assign(moved=False))
    placed = _placed(study, tables, register=tables.communities_before["households"])
    placed = replace(placed, repairs=(*study.repairs, replace(study.repairs[0], table="census", step="households")))
    assert household_sources(merged, placed) == {"register": tables.communities_before["households"].sum()}
    told = replace(tables, plan=merged.plan)
    write_plan_docx(told, tmp_path / "a.docx", study=placed)
    paragraphs, cells = _texts(tmp_path / "a.docx")
    assert any(text.startswith("本方案整体合并现状社区") for text in paragraphs)
    assert "统计区" in cells
    assert "参数：方式" in cells
    assert "整体合并" in cells


def test_a_register_that_differs_is_told(tables, study, tmp_path):
    today = tables.communities_before["households"]
    assert register_gap(tables, _placed(study, tables, register=today)) is None
    placed = _placed(study, tables, register=today + 10)
    assert register_gap(tables, placed) == (today.sum() + 10 * len(today), -10 * len(today))
    write_plan_docx(tables, tmp_path / "a.docx", study=placed, lang="en")
    text = "\n".join(_texts(tmp_path / "a.docx")[0])
    assert f"totals add up to {today.sum() + 60:,} households, 60 more than this plan uses" in text


def test_borders_without_a_line_are_owned_up_to(tables, study, tmp_path):
    assert borders(tables).none == 0
    bare = replace(tables, seams=tables.seams.assign(feature_class="none"))
    assert (borders(bare).lines, borders(bare).none) == (0, 1)
    write_plan_docx(bare, tmp_path / "a.docx", study=study)
    text = "\n".join(_texts(tmp_path / "a.docx")[0])
    assert "公里：无地物可依的占100.0%，须实地核定。" in text


def test_limits_that_were_set_are_not_laid_at_the_profiles_door(tables):
    own = replace(tables, plan=tables.plan.model_copy(update={"options": PlanOptions()}))
    assert not limits_set(own)
    mine = replace(
        tables, plan=tables.plan.model_copy(update={"options": PlanOptions(min_households=900, max_households=8000)})
    )
    assert limits_told(mine)[0] == "每个社区900—8,000户（本次设定）"
    assert "参照《" in document._summary(mine, town.study(), "zh")[1]
    assert "按照《" in document._summary(own, town.study(), "zh")[1]


def test_a_town_without_communities_is_divided_for_the_first_time(tables, study, tmp_path):
    empty = replace(
        tables, communities_before=tables.communities_before.iloc[:0], moves=tables.moves.iloc[:0],
        communities=tables.communities.assign(status="created", fate="created"),
    )  # fmt: skip
    write_plan_docx(empty, tmp_path / "a.docx", study=study)
    text = "\n".join(_texts(tmp_path / "a.docx")[0])
    assert "现状无社区（村）划分数据" in text
    assert "首次划分为5个社区" in text
    assert "现状无社区划分，无新旧对照。" in text
    assert "0个" not in text
    assert len(docx.Document(tmp_path / "a.docx").inline_shapes) == 1
    assert [row.value[0] for row in figures(empty)] == ["5", "7,936", "—"]


def test_land_of_no_community_has_a_row_of_its_own(tables):
    odd = replace(tables, matrix=tables.matrix.assign(community_id_before=[pd.NA, *["B"] * (len(tables.matrix) - 1)]))
    grid = matrix(odd, "households", "zh")
    assert list(grid.index) == ["柳岸社区", "未划入社区的区域"]


# ---- document -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def documents(tables, study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("docx")
    for lang in ("zh", "en"):
        write_plan_docx(tables, folder / f"{lang}.docx", study=study, lang=lang)
    return folder


def test_the_document_says_everything_in_official_form(documents, tables):
    paragraphs, cells = _texts(documents / "zh.docx")
    text = "\n".join(paragraphs)
    for part in ("内部资料 · 工作草图", "清河镇", "社区优化整合方案", "一、总体情况",
                 "九、标准、数据来源与计算说明",
                 "将6个调整为5个：撤销2个，新设1个", "保留赵家村，范围不变。",
                 "（1）柳岸社区。东至人民路", "图2", "表1", "名称为暂定名"):  # fmt: skip
        assert part in text, part
    for part in ("审图号", "（未送审）", "henan-2022 · 2022", "2,256", "+426", "低于下限"):
        assert part in cells, part
    for position, sentence in enumerate(action_sentences(tables, "zh"), start=1):
        assert f"（{position}）" in text
        assert sentence.replace(",", "，").replace(":", "：") in text


def test_the_english_document_has_no_chinese_left_but_names_of_sources(documents):
    paragraphs, cells = _texts(documents / "en.docx")
    said = [text for text in (*paragraphs, *cells) if CHINESE.search(text)]
    assert [text for text in said if "审图号" not in text and "loj.net.cn" not in text] == []
    assert "2  Adjustments" in paragraphs


def test_pages_carry_the_mark_and_a_number_and_pictures(documents):
    made = docx.Document(documents / "zh.docx")
    assert made.sections[0].header.paragraphs[0].text == "内部资料 · 工作草图"
    assert "PAGE" in made.sections[0].footer._element.xml
    assert len(made.inline_shapes) == 2
    assert made.core_properties.created.year == 2000


@pytest.fixture(scope="module")
def reviewed(tables, study, review, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reviewed")
    for lang in ("zh", "en"):
        write_plan_docx(tables, folder / f"{lang}.docx", study=study, lang=lang, review=review)
    return folder


def test_the_document_tells_all_a_review_holds(reviewed, review):
    paragraphs, cells = _texts(reviewed / "zh.docx")
    text = "\n".join(paragraphs)
    for part in ("七、方案评估", "八、村改居", "九、比选方案", "十二、标准、数据来源与计算说明",
                 "附件：评估指标的计算方法和依据",
                 "不设综合得分", "程序：村居合并", "另有1个对象"):  # fmt: skip
        assert part in text, part
    told = typeset_review(review)
    for row in told.scorecard.measures.drop_duplicates("measure").itertuples():
        assert cells.count(row.title_zh) == 2, "once with its values, once with its formula"
        assert row.formula_zh in cells
    for part in ("规范性", "有利于社区管理", "有利于居民自治组织建设"):
        assert any(cell.startswith(f"{part}：") for cell in cells), part
    assert "2,240户" not in text
    assert any("由张三改" in cell for cell in cells)
    assert "方案B：得：界线；失：户。" in cells
    assert "42.0%" in cells


def test_the_reviewed_document_is_english_where_it_says_so(reviewed):
    paragraphs, cells = _texts(reviewed / "en.docx")
    said = [text for text in (*paragraphs, *cells) if CHINESE.search(text)]
    allowed = ("审图号", "loj.net.cn", "张三")
    assert [text for text in said if not any(part in text for part in allowed)] == []
    for part in ("7  Scorecard", "8  Villages into communities", "9  Plans compared",
                 "Annex: formulas and sources of the scorecard"):  # fmt: skip
        assert part in paragraphs, part


def test_what_passes_is_listed_in_four_values_with_sums(documents, tables):
    table = next(
        each for each in docx.Document(documents / "zh.docx").tables if each.rows[0].cells[1].text == "调整后社区"
    )
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows[1] == ["青石社区", "柳岸社区", "426", "1,278", "0.18", "2"]
    assert rows[3] == ["", "小计", "1,266", "3,798", "0.36", "4"]
    whole = transfer_matrix(tables).loc["total", "total"]
    assert rows[-1] == ["合计", "", f"{whole:,}", f"{3 * whole:,}", "1.44", "16"]


@pytest.mark.parametrize(
    ("known", "zh", "en"),
    [
        ({"proven": True, "lower_bound": 1.2345}, "已证明：满足全部要求的方案中没有更好的", "proven best: no plan"),
        ({"lower_bound": 1.2}, "已证明：更好的方案至多好2.8%", "proven: at most 2.8% better exists"),
        ({"lower_bound": 1.23449}, "已证明：更好的方案至多好<0.1%", "at most <0.1% better"),
        ({"pairs_checked": True}, "任何两个相邻社区之间都无法划得更好", "no two neighbouring communities"),
        ({"stopped_early": True}, "由搜索得出，未证明最优；达到时限提前结束", "not proven best; the time limit"),
    ],
)  # fmt: skip
def test_how_good_a_plan_is_known_to_be_is_said_plainly(tables, known, zh, en):
    plan = tables.plan.model_copy(update=known)
    assert zh in proof_sentence(plan, "zh")
    assert en in proof_sentence(plan, "en")
    assert zh in document._summary(replace(tables, plan=plan), town.study(), "zh")[2]


def test_what_was_asked_stands_in_the_summary(tables):
    asked = PlanOptions(minimal_change=True, conditions=(Condition(kind="office", community="B"),))
    plan = replace(tables, plan=tables.plan.model_copy(update={"options": asked}))
    said = document._summary(plan, town.study(), "zh")[2]
    assert "本次另设要求：最小调整" in said
    assert "；柳岸社区的办公场所须在其范围内。" in said


def test_a_new_name_is_an_action_and_not_a_community_that_stays(tables, study, tmp_path):
    before, after = tables.communities_before.copy(), tables.communities.copy()
    before.loc["V", ["fate", "renamed", "text_zh"]] = ["renamed", True, "赵家村更名为城南村"]
    after.loc["V", ["fate", "renamed", "name"]] = ["renamed", True, "城南村"]
    after.loc["B", "renamed"] = True
    told = replace(tables, communities_before=before, communities=after)
    assert action_sentences(told, "zh")[-1] == "赵家村更名为城南村"
    assert kept_names(told, "zh") == []
    write_plan_docx(told, tmp_path / "a.docx", study=study)
    paragraphs, cells = _texts(tmp_path / "a.docx")
    assert any("保留不变0个，更名1个" in text for text in paragraphs)
    assert {"更名", "范围调整、更名"} <= set(cells)
    assert _workbook(told, study, tmp_path)["社区一览"]["F8"].value == "更名"


def test_many_communities_turn_the_page_and_very_many_make_a_list(tables, study, tmp_path, monkeypatch):
    monkeypatch.setattr(document, "WIDEST_UPRIGHT", 3)
    write_plan_docx(tables, tmp_path / "a.docx", study=study)
    assert [s.orientation for s in docx.Document(tmp_path / "a.docx").sections] == [0, 1, 0]
    monkeypatch.setattr(document, "WIDEST_MATRIX", 4)
    write_plan_docx(tables, tmp_path / "b.docx", study=study)
    assert any("青石社区" in cell for cell in _texts(tmp_path / "b.docx")[1])
    assert len(docx.Document(tmp_path / "b.docx").sections) == 1
    assert "建筑数" in _texts(tmp_path / "b.docx")[1]
    bare = replace(tables, matrix=tables.matrix.assign(buildings_count=pd.array([pd.NA] * len(tables.matrix), "Int64")))
    write_plan_docx(bare, tmp_path / "c.docx", study=study)
    assert "建筑数" not in _texts(tmp_path / "c.docx")[1]


def test_without_a_chinese_font_the_document_says_so(tables, study, tmp_path, monkeypatch):
    monkeypatch.setattr(document, "chinese_font", lambda: None)
    write_plan_docx(tables, tmp_path / "a.docx", study=study)
    assert any("图中以编号代替名称" in text for text in _texts(tmp_path / "a.docx")[0])


def test_a_plan_that_changes_nothing_says_so(tables, study, tmp_path):
    still = replace(
        tables, moves=tables.moves.iloc[:0], communities=tables.communities.assign(status="kept", fate="kept"),
        communities_before=tables.communities_before.assign(fate="kept"),
    )  # fmt: skip
    write_plan_docx(still, tmp_path / "a.docx", study=study)
    text = "\n".join(_texts(tmp_path / "a.docx")[0])
    assert "本方案不改变任何社区的范围。" in text
    assert "共划转地块0处、0户" in text


def test_the_document_opens_in_an_office(documents, tmp_path):
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    run = subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/office", "--headless", "--convert-to", "pdf",
         "--outdir", tmp_path, documents / "zh.docx"], capture_output=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0
    assert (tmp_path / "zh.pdf").stat().st_size > 20_000


# ---- printed maps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_printed_map_is_a_picture_that_is_always_the_same(tables, study, when):
    options = {"context": study.tables, "lang": "zh", "font": chinese_font()}
    first = overview_png(tables, when, **options)
    assert first == overview_png(tables, when, **options)
    with Image.open(io.BytesIO(first)) as picture:
        assert picture.width == 1440
        assert len(picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).getcolors()) > 20


def test_without_a_font_the_map_writes_ids(tables, study):
    with Image.open(io.BytesIO(overview_png(tables, "after", context={}, lang="zh", font=None))) as picture:
        assert picture.width == 1440


# ---- with the engine's own words ------------------------------------------------------------------------------------


def test_the_tables_of_the_engine_make_every_output(tables, study, tmp_path):
    blocks = tables.blocks.drop(columns="moved").assign(buildings_count=6)
    blocks["community_id"] = blocks.pop("community_id_before")
    explained = explain_plan(
        tables.plan, blocks=blocks,
        seams=tables.seams.drop(columns=["community_a", "community_b", "cut", "cut_before"]),
        communities=tables.communities_before[["name", "name_en", "kind", "locked", "geometry"]],
        buildings=study.tables["buildings"], estates=study.tables["estates"],
    )  # fmt: skip
    for lang in ("zh", "en"):
        book = _workbook(explained, study, tmp_path, lang)
        assert book.worksheets[7].max_row == 5, "two communities lie below the profile's minimum"
        write_plan_docx(explained, tmp_path / f"{lang}.docx", study=study, lang=lang)
    text = "\n".join(_texts(tmp_path / "zh.docx")[0])
    assert "撤销河口社区，将河口社区整体划入文昌社区管辖。" in text
