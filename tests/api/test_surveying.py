"""The survey through the command: made, filled in, read back, read again; faults are listed and store nothing."""

import shutil
from pathlib import Path

import openpyxl
import pytest

from geo.study import read_study
from tests.api.surveyed import TODAY, fill, fill_survey, make_study
from tests.command import done, here, refused


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study and its empty survey workbook."""
    folder = tmp_path_factory.mktemp("survey")
    study = make_study(folder)
    done("survey", "make", study, "--out", folder / "survey.xlsx")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it to write into."""
    return Path(shutil.copytree(made, tmp_path / "here"))


def test_what_was_filled_in_is_stored_once(folder: Path) -> None:
    study, book = folder / "town-study.gpkg", folder / "survey.xlsx"
    fill_survey(book)
    said = done("survey", "read", study, book, "--today", TODAY)
    assert "新增3" in said
    stored = read_study(study)
    found = stored["findings"].sort_values(["subject_id", "code"])
    assert found[["subject_id", "code", "severity"]].to_numpy().tolist() == [
        ["b1", "3a", "general"], ["b1", "3g", "general"], ["b2", "4a", "very_serious"],
    ]  # fmt: skip
    seen = stored["observations"]
    assert set(seen.loc[seen["item"].eq("3a"), "subject_id"]) == {"b1", "b2"}

    before = study.read_bytes()
    assert "新增0 更新0" in done("survey", "read", study, book, "--today", TODAY)
    assert study.read_bytes() == before


def test_faults_are_listed_with_their_cells_and_nothing_is_stored(folder: Path) -> None:
    study, book, listed = folder / "town-study.gpkg", folder / "survey.xlsx", folder / "faults.xlsx"
    fill_survey(book)
    fill(book, "楼道", 6, **{"3a": "坏了"})
    fill(book, "问题明细", 7, subject="楼栋", subject_id="b9", code="3a", surveyed_on="2026-05-06", surveyor="王工")
    before = study.read_bytes()
    run = here("survey", "read", study, book, "--today", TODAY, "--faults", listed)
    assert run.returncode == 2
    assert "未导入" in run.stderr
    assert "remedy" in run.stderr
    assert study.read_bytes() == before
    rows = list(openpyxl.load_workbook(listed).worksheets[0].iter_rows(values_only=True))
    cells = {(row[2], row[3]): row[5] for row in rows if row[0] == "该行不能用"}
    assert cells["楼道", "G6"] == "坏了"
    assert cells["问题明细", "C7"] == "b9"

    said = done("survey", "read", study, book, "--today", TODAY, "--valid-rows-only")
    assert "新增1" in said
    assert read_study(study)["findings"]["subject_id"].tolist() == ["b2"]


def test_refusals_say_what_to_do(folder: Path) -> None:
    study = folder / "town-study.gpkg"
    refused(here("survey", "read", study, folder / "none.xlsx"), "none.xlsx")
    refused(here("survey", "read", study, folder / "survey.xlsx", "--photos", folder / "no"), "photos")
    refused(here("survey", "read", study, folder / "survey.xlsx", "--today", "yesterday"), "--today")
    run = here("survey", "make", study, "--catalogue", "examination-1999")
    assert run.returncode == 2
    assert "examination-2025" in run.stderr
    refused(here("survey", "make", study, "--out", folder), "folder")
