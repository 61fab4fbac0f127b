"""The examination through the command: its figures, its files, and what is unknown."""

from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest

from tests.api.surveyed import TODAY, fill_survey, make_study
from tests.command import done, here, refused


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of four houses, two of them surveyed."""
    folder = tmp_path_factory.mktemp("examined")
    study, book = make_study(folder), folder / "survey.xlsx"
    done("survey", "make", study, "--out", book)
    fill_survey(book)
    done("survey", "read", study, book, "--today", TODAY)
    return study


@pytest.mark.parametrize(("edition", "count"), [("examination-2025", 60), ("examination-2023", 61)])
def test_both_editions_are_counted(edition: str, count: int, surveyed: Path, tmp_path: Path) -> None:
    out = tmp_path / "examination"
    said = done("examine", surveyed, "--catalogue", edition, "--today", TODAY, "--out", out, "--lang", "en")
    assert f"{count} indicators" in said
    assert {each.name for each in out.iterdir()} == {"examination.gpkg", "map.html", "report.xlsx", "report.docx"}
    indicators = gpd.read_file(out / "examination.gpkg", layer="indicators").set_index("number")
    # 3: b1 has two findings and counts once; 4: b2; of four houses two were looked at; nobody looked at gas
    assert indicators.loc[3, ["value", "surveyed", "total"]].tolist() == [1, 2, 4]
    assert indicators.loc[4, ["value", "surveyed", "total"]].tolist() == [1, 2, 4]
    assert indicators.loc[2, "status"] == "unknown"
    assert indicators["value"].isna().sum() > 20


def test_the_problem_list_has_the_fixed_sentence(surveyed: Path, tmp_path: Path) -> None:
    done("examine", surveyed, "--today", TODAY, "--out", tmp_path / "ex")
    book = openpyxl.load_workbook(tmp_path / "ex" / "report.xlsx", read_only=True)
    text = "\n".join(str(cell) for row in book["问题清单"].iter_rows(values_only=True) for cell in row if cell)
    assert "共1栋住宅存在" in text
    assert "为1号楼" in text


def test_refusals_write_nothing(surveyed: Path, tmp_path: Path) -> None:
    refused(here("examine", surveyed, "--today", "2026-13-01", "--out", tmp_path / "ex"), "2026-13-01")
    (tmp_path / "sites.csv").write_text("小区编号,同意率\ne9,0.5\ne1,150\n", encoding="utf-8")
    refused(here("examine", surveyed, "--sites", tmp_path / "sites.csv", "--today", TODAY, "--out", tmp_path / "ex"),
            "150")  # fmt: skip
    assert not (tmp_path / "ex").exists()
