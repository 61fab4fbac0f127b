"""Villages sorted out from the command line, with a survey, overrides and the construction land."""

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest

from geo.partition.plan import Plan
from tests.command import done, here, refused

HEADINGS = "村编号,人均耕地（平方米）,非农就业比例,资产债权债务已清理,产权制度改革已完成,产权明晰,来源"


@pytest.fixture
def study(demo: Path) -> Path:
    return demo / "study.gpkg"


def test_a_survey_in_chinese_decides_the_conditions(study: Path, tmp_path: Path) -> None:
    survey = tmp_path / "villages.csv"
    survey.write_bytes(f"{HEADINGS}\nCU05,120,85%,是,是,是,=村情调查\nCU06,900,0.2,否,,,\n".encode("gb18030"))
    land = tmp_path / "land.gpkg"
    area = gpd.read_file(study, layer="study_area").to_crs(4326)[["geometry"]]
    area.to_file(land, layer="ucb", engine="pyogrio")
    out = tmp_path / "cases.xlsx"
    said = done("convert", study, "--survey", survey, "--construction-land", land, "--out", out, "--lang", "en")
    assert "120 m² of arable land per head (=村情调查)" in said
    assert "85% of the labour force" in said
    assert "100.0% of its range is inside" in said
    page = openpyxl.load_workbook(out).active
    heads = [cell.value for cell in page[1]]
    rows = {row[0].value: dict(zip(heads, row, strict=True)) for row in page.iter_rows(min_row=2)}
    assert rows["CU05"]["eligible"].value == "pass"
    assert rows["CU06"]["type"].value == "none", "a village that fails a condition is not converted"
    assert all(cell.data_type != "f" for row in page.iter_rows() for cell in row), "no text is a formula"


def test_an_override_says_who_and_why_and_a_plan_follows(study: Path, tmp_path: Path) -> None:
    options = tmp_path / "options.json"
    said = done("convert", study, "--override", "CU05=T2@SQ01：两村已合署办公", "--by", "镇政府", "--lang", "en",
                "--save-options", options)  # fmt: skip
    assert "by 镇政府: 两村已合署办公" in said
    assert "T2*" in said
    assert any({"CU05", "SQ01"} <= set(lock["ids"]) for lock in json.loads(options.read_text("utf-8"))["locks"])
    (tmp_path / "more.json").write_text('{"effort": "quick", "max_households": 9000, "max_people": 30000}')
    done("convert", study, "--plan", tmp_path / "plan", "--options", tmp_path / "more.json")
    made = Plan.from_json((tmp_path / "plan" / "plan.json").read_bytes())
    assert made.options.max_households == 9000
    assert any(lock.kind == "whole" and lock.ids == ("CG01",) for lock in made.options.locks)


def test_the_procedure_of_a_case_has_dates_and_papers(study: Path) -> None:
    said = done("convert", study, "--procedure", "CU05", "--from", "2026-03-01", "--lang", "en")
    assert "2026-03-13" in said, "the meeting is twelve days after the proposal"
    assert "[minutes]" in said
    assert "Condition 1 for conversion is still to be shown" in said


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--override", "CU05"], ["ID=TYPE:REASON"]),
        (["--override", "nope=T1:why"], ["no village or compound nope"]),
        (["--override", "CG01=T1:why"], ["CG01", "cannot be T1"]),
        (["--procedure", "XX"], ["no village or compound XX"]),
        (["--procedure", "CU05", "--from", "soon"], ["2026-03-01"]),
        (["--survey", "nowhere.csv"], ["no such file"]),
        (["--construction-land", "nowhere.gpkg"], ["no such file"]),
        (["--out", "cases.txt"], [".xlsx"]),
    ],
)
def test_what_cannot_be_converted_is_refused(flags: list[str], words: list[str], study: Path) -> None:
    refused(here("convert", study, *flags), *words)


def xlsx(path: Path, rows: list[list]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 101_000_000)
    return path


def text(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: xlsx(p / "s.xlsx", [["community_id", "nonfarm_share"], ["CU05", 85]]), ["nonfarm_share", "0.67"]),
        (lambda p: xlsx(p / "s.xlsx", [["id", "reform_done"], ["CU05", "perhaps"]]), ["reform_done", "perhaps"]),
        (lambda p: xlsx(p / "s.xlsx", [["village", "reform_done"], ["CU05", "yes"]]), ["community_id", "village"]),
        (lambda p: xlsx(p / "s.xlsx", [["community_id", "mood"], ["CU05", 1]]), ["mood"]),
        (lambda p: xlsx(p / "s.xlsx", [["community_id"], ["SQ01"]]), ["no village", "SQ01"]),
        (lambda p: text(p / "s.xlsx", b"PK\x03\x04 not a workbook"), ["cannot be read"]),
        (lambda p: bomb(p / "s.xlsx"), ["100 MB"]),
        (lambda p: text(p / "s.csv", b"community_id\n" + b"a\n" * 25_000), ["20,000 rows"]),
        (lambda p: text(p / "s.csv", b"\xff\xfe\x00"), ["UTF-8"]),
        (lambda p: text(p / "s.ods", b"x"), [".csv or .xlsx"]),
    ],
)
def test_a_survey_that_is_none_is_refused(make, words: list[str], study: Path, tmp_path: Path) -> None:
    file = make(tmp_path)
    refused(here("convert", study, "--survey", file), *words)
