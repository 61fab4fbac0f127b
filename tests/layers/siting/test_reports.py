"""Workbook, document and GeoPackage of siting."""

import sqlite3
from contextlib import closing

import docx
import geopandas as gpd
import openpyxl

from geo.study import Study
from layers.siting import write_siting_docx, write_siting_gpkg, write_siting_xlsx


def rows(path, title):
    page = openpyxl.load_workbook(path)[title]
    return [[cell.value for cell in row] for row in page.iter_rows(min_row=3)]


def text_of(path):
    paper = docx.Document(path)
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in paper.paragraphs), *cells])


def test_the_same_answer_gives_the_same_files(answer, town, tmp_path):
    for write in (write_siting_xlsx, write_siting_gpkg):
        write(answer, tmp_path / "one", study=town, lang="en")
        write(answer, tmp_path / "two", study=town, lang="en")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_same_answer_gives_the_same_document(sited, town, tmp_path):
    for name in ("one", "two"):
        write_siting_docx(sited, tmp_path / name, study=town)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_study_of_nothing_else_is_enough(answer, town, tmp_path):
    bare = Study("街", town.crs, {})
    write_siting_xlsx(answer, tmp_path / "a.xlsx", study=bare)
    write_siting_docx(answer, tmp_path / "a.docx", study=bare)
    write_siting_gpkg(answer, tmp_path / "a.gpkg", study=bare)


def test_sheets_of_one_requirement(sited, town, tmp_path):
    write_siting_xlsx(sited, tmp_path / "a.xlsx", study=town)
    head, first, second = rows(tmp_path / "a.xlsx", "拟选点位")
    told = dict(zip(head, first, strict=True))
    assert (told["点位"], told["新增覆盖"], told["所在社区"], told["费用（万元）"]) == ("房s2", 3525, "乙社区", 0.1)
    assert told["新增覆盖老年人"] == "少于30"
    assert dict(zip(head, second, strict=True))["新增覆盖"] == 1005
    reasons = {row[0]: row[-2] for row in rows(tmp_path / "a.xlsx", "备选点位及理由")[1:]}
    assert reasons == {"房s2": "选中", "房s3": "选中", "房s1": "效果不及所选"}
    assert len(rows(tmp_path / "a.xlsx", "逐处边际效果")) == 1 + 3


def test_sheets_of_premises_mark_examples(placed, town, tmp_path):
    write_siting_xlsx(placed, tmp_path / "a.xlsx", study=town, lang="en")
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["Rooms"]
    assert page.max_row - 3 == len(placed.rooms)
    assert page.cell(4, 6).fill.fgColor.rgb == "00FBEDBF"
    assert any("not to be used for a project" in str(row[1]) for row in rows(tmp_path / "a.xlsx", "Basis, assumptions"))


def test_sheets_of_options(compared, town, tmp_path):
    write_siting_xlsx(compared, tmp_path / "a.xlsx", study=town)
    options = rows(tmp_path / "a.xlsx", "方案比选")[1:]
    assert [row[0] for row in options] == list(range(1, 6))
    assert {row[1] for row in options} == {"现状", "方案“here”", "方案“two”", "最佳选择（1处）", "最佳选择（2处）"}


def test_the_document_says_why_and_how_good(sited, placed, compared, town, tmp_path):
    write_siting_docx(sited, tmp_path / "a.docx", study=town)
    text = text_of(tmp_path / "a.docx")
    assert "助餐点选址建议" in text
    assert "效果不及所选" in text
    assert "已证明没有更好的选择" in text
    write_siting_docx(placed, tmp_path / "b.docx", study=town)
    assert "不能用于立项" in text_of(tmp_path / "b.docx")
    write_siting_docx(compared, tmp_path / "c.docx", study=town, lang="en")
    assert "Option two (2 in number) newly covers most" in text_of(tmp_path / "c.docx")


def test_layers_in_qgis(answer, town, tmp_path):
    path = tmp_path / "a.gpkg"
    write_siting_gpkg(answer, path, study=town)
    homes = gpd.read_file(path, layer="homes")
    assert "people" not in homes.columns
    assert set(homes["state_1"]) <= {"covered", "new", "not", "unreached"}
    assert homes.crs == town.crs
    with closing(sqlite3.connect(path)) as db:
        styled = {row[0] for row in db.execute("SELECT f_table_name FROM layer_styles WHERE useAsDefault")}
        default = db.execute(
            "SELECT styleName FROM layer_styles WHERE useAsDefault AND f_table_name = 'homes'"
        ).fetchone()
    assert styled == {"homes", "candidates", "facilities", "communities_cover"}
    assert default[0] == "state_1"
