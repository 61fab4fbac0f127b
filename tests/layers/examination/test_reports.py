"""The examination on paper: workbook, document, GeoPackage; read back and compared with the survey."""

import re
import sqlite3
from contextlib import closing

import docx
import geopandas as gpd
import openpyxl
import pyogrio
import pytest

from layers.examination import write_examination_docx, write_examination_gpkg, write_examination_xlsx
from layers.words import LANGS, word
from tests.layers.examination import examined

PRIVATE = ("李调查", "302室")


@pytest.fixture(scope="module")
def written(examination, surveyed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("examined")
    for lang in LANGS:
        write_examination_xlsx(examination, folder / f"{lang}.xlsx", study=surveyed, lang=lang)
        write_examination_docx(examination, folder / f"{lang}.docx", study=surveyed, lang=lang)
        write_examination_gpkg(examination, folder / f"{lang}.gpkg", lang=lang)
    return folder


def _cells(book):
    return [
        (sheet.title, cell) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None
    ]


def test_the_workbook_has_the_table_the_ledger_and_both_lists(written):
    for lang in LANGS:
        book = openpyxl.load_workbook(written / f"{lang}.xlsx")
        wanted = ("exam_overview", "indicators", "estates_survey", "ledger", "problems", "problem_rows", "units")
        assert {word(f"sheet.{name}", lang) for name in wanted} <= set(book.sheetnames)
        assert book[word("sheet.ledger", lang)].max_row == 3 + 40
        assert book[word("sheet.indicators", lang)].max_row == 3 + 60


def test_the_survey_table_tells_every_estate_and_unknown_where_nobody_looked(written):
    page = openpyxl.load_workbook(written / "zh.xlsx")["体检调查表"]
    heads = [cell.value for cell in page[3]]
    rows = [dict(zip(heads, (cell.value for cell in row), strict=True)) for row in page.iter_rows(min_row=4)]
    assert len(rows) == 3 * 21
    dark = [row for row in rows if row["小区"] == "文昌苑" and row["编号"] in (1, 2, 3, 14, 19)]
    assert {row["状态"] for row in dark} == {"未知（未调查）"}
    assert {row["数值"] for row in dark} == {None}
    parking = next(row for row in rows if row["小区"] == "河口花园" and row["编号"] == 14)
    assert (parking["数值"], parking["状态"]) == (222, "存在问题")


def test_text_is_never_a_formula_and_nothing_private_leaves(written):
    for lang in LANGS:
        cells = _cells(openpyxl.load_workbook(written / f"{lang}.xlsx"))
        assert all(cell.data_type != "f" for _, cell in cells)
        assert any(cell.value == "=cmd()" for _, cell in cells), "a photo may be called so, and stays a text"
        assert not [where for where, cell in cells for name in PRIVATE if name in str(cell.value)]
        document = docx.Document(written / f"{lang}.docx")
        text = "\n".join(p.text for p in document.paragraphs) + "\n".join(
            cell.text for table in document.tables for row in table.rows for cell in row.cells)  # fmt: skip
        assert not [name for name in PRIVATE if name in text]
    for table in ("findings", "buildings"):
        frame = pyogrio.read_dataframe(written / "zh.gpkg", layer=table)
        assert not {"surveyor", "note", "households", "people"} & set(frame.columns)


def test_headings_of_the_english_workbook_are_english(written):
    book = openpyxl.load_workbook(written / "en.xlsx")
    for page in book:
        assert not re.search("[\u4e00-\u9fff]", page.title)
        for cell in page[3]:
            assert not re.search("[\u4e00-\u9fff]", str(cell.value)), (page.title, cell.value)


def test_the_document_has_its_parts_with_values_beside_coverage(written):
    document = docx.Document(written / "zh.docx")
    headings = [p.text for p in document.paragraphs if p.style.name.startswith("Heading")]
    assert [text.partition("、")[2] for text in headings] == [
        "体检概况", "各维度指标结果", "按住房类别的结果", "各小区体检情况", "问题分布图", "问题清单", "改造进展统计",
        "未知事项与假定", "指标体系、数据来源与说明",
    ]  # fmt: skip
    housing = next(table for table in document.tables if table.rows[1].cells[1].text == "存在结构安全隐患的住宅数量")
    first = [cell.text for cell in housing.rows[1].cells]
    assert first[2].startswith("1栋")
    assert first[3] == "19 / 40（47.5%）"
    assert len(document.inline_shapes) == 3
    said = "\n".join(p.text for p in document.paragraphs)
    assert "其中已调查（至少一项指标）19栋" in said
    assert "未调查不等于没有问题" in said


def test_the_english_document_speaks_english(written):
    document = docx.Document(written / "en.docx")
    for paragraph in document.paragraphs:
        if paragraph.style.name.startswith("Heading"):
            assert not re.search("[\u4e00-\u9fff]", paragraph.text)
    assert "19 of 40 buildings (47.5%)" in "\n".join(cell.text for row in document.tables[0].rows for cell in row.cells)


def test_the_geopackage_has_layers_and_a_style_for_every_indicator(written, examination):
    layers = dict(pyogrio.list_layers(written / "zh.gpkg"))
    assert {"buildings", "estates", "units", "blocks", "findings", "indicators", "groups", "areas"} <= set(layers)
    buildings = gpd.read_file(written / "zh.gpkg", layer="buildings").set_index("building_id")
    assert buildings.crs == examination.buildings.crs
    assert buildings.loc["e0-1", "i01"] == "found"
    assert buildings.loc["e2-1", "i01"] == "unknown"
    with closing(sqlite3.connect(written / "zh.gpkg")) as db:
        styles = db.execute("SELECT f_table_name, styleName, styleQML, useAsDefault FROM layer_styles").fetchall()
    names = {name for _, name, _, _ in styles}
    assert {"severity", "coverage", "findings", "units", *(f"indicator_{n:02d}" for n in range(1, 22))} <= names
    defaults = {table: name for table, name, _, default in styles if default}
    assert (defaults["buildings"], defaults["blocks"]) == ("severity", "severity_blocks")
    severity = next(qml for _, name, qml, _ in styles if name == "severity")
    assert "LinePatternFill" in severity
    assert "未知（未调查或未查全）" in severity


def test_the_same_examination_gives_the_same_bytes(written, examination, surveyed, tmp_path):
    write_examination_xlsx(examination, tmp_path / "again.xlsx", study=surveyed)
    write_examination_docx(examination, tmp_path / "again.docx", study=surveyed)
    write_examination_gpkg(examination, tmp_path / "again.gpkg")
    for kind in ("xlsx", "docx", "gpkg"):
        assert (tmp_path / f"again.{kind}").read_bytes() == (written / f"zh.{kind}").read_bytes(), kind


def test_the_geopackage_has_farm_houses_where_the_study_has(examination, surveyed, written, tmp_path):
    assert "farmhouses" not in dict(pyogrio.list_layers(written / "zh.gpkg"))
    write_examination_gpkg(examination, tmp_path / "a.gpkg", study=examined.with_farmhouses(surveyed), lang="en")
    houses = gpd.read_file(tmp_path / "a.gpkg", layer="farmhouses").set_index("house_id")
    assert houses["decision"].to_dict() == {"NF1": "demolish", "NF2": "alter", "NF3": "use", "NF4": "unknown"}
    assert "household_id" not in houses
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as db:
        (style,) = db.execute("SELECT styleQML FROM layer_styles WHERE f_table_name = 'farmhouses'").fetchone()
    assert "Demolish" in style
