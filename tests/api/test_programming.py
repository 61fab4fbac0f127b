"""Programmes through the command: safety first, money by year, by hand, side by side; a shortfall is told."""

import json
from pathlib import Path

import openpyxl
import pytest

from tests.api.surveyed import TODAY, fill_survey, make_study
from tests.command import done, here, refused


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of four houses, two of them surveyed: bad rails, clutter, a facade of 40 m²."""
    folder = tmp_path_factory.mktemp("programme")
    study, book = make_study(folder), folder / "survey.xlsx"
    done("survey", "make", study, "--out", book)
    fill_survey(book)
    done("survey", "read", study, book, "--today", TODAY)
    return study


def programme(study: Path, out: Path, *more: object, budget: object = 2_000_000, years: str = "2027-2028") -> str:
    return done("programme", study, "--today", TODAY, "--years", years, "--budget", budget, "--out", out,
                "--unpriced", "report", *more)  # fmt: skip


def years(out: Path) -> dict[str, object]:
    choice = json.loads((out / "programme.json").read_text("utf-8"))["choice"]
    return {measure: row[0] for measure, row in choice.items()}


def test_a_programme_is_written_whole(surveyed: Path, tmp_path: Path) -> None:
    out = tmp_path / "programme"
    programme(surveyed, out, "--curve", "100000")
    assert {each.name for each in out.iterdir()} == {
        "programme.json", "programme.gpkg", "map.html", "report.xlsx", "report.docx",
    }  # fmt: skip
    chosen = {measure: year for measure, year in years(out).items() if year}
    assert chosen
    assert set(chosen.values()) <= {2027, 2028}


def test_one_year_for_a_site_and_another_by_hand(surveyed: Path, tmp_path: Path) -> None:
    programme(surveyed, tmp_path / "a")
    works = {year for year in years(tmp_path / "a").values() if year}
    assert works == {2027}
    said = programme(surveyed, tmp_path / "b", "--lock", "e1=2028", "--start", tmp_path / "a" / "programme.json",
                     "--against", tmp_path / "a" / "programme.json")  # fmt: skip
    assert 2028 in years(tmp_path / "b").values()
    assert "方案比较" in said


def test_money_that_does_not_reach_for_safety_is_a_sum(surveyed: Path, tmp_path: Path) -> None:
    run = here("programme", surveyed, "--today", TODAY, "--years", "2027", "--budget", 1, "--unpriced", "report",
               "--out", tmp_path / "none", "--lang", "en")  # fmt: skip
    assert run.returncode == 3, run.stdout + run.stderr
    assert "missing" in run.stderr
    assert not (tmp_path / "none").exists()


def test_own_prices(surveyed: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "costs.xlsx"
    done("costs", "--out", sheet)
    programme(surveyed, tmp_path / "own", "--costs", sheet)
    book = openpyxl.load_workbook(sheet)
    page = book.worksheets[0]
    head = next(row for row in range(1, 12) if any("单价" in str(cell.value or "") for cell in page[row]))
    price = next(cell.column for cell in page[head] if "单价" in str(cell.value or ""))
    page.cell(head + 1, price, "很贵")
    book.save(sheet)
    refused(here("programme", surveyed, "--years", "2027", "--budget", 1e6, "--costs", sheet, "--out", tmp_path / "x"),
            "很贵", "costs.xlsx")  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--years", "soon", "--budget", 1), "soon"),
        (("--years", "2028-2027", "--budget", 1), "2028-2027"),
        (("--years", "2027-2029", "--budget", "1,2"), "3 years"),
        (("--years", "2027", "--budget", "much"), "much"),
        (("--years", "2027", "--budget", 1e6, "--lock", "e1"), "--lock"),
        (("--years", "2027", "--budget", 1e6, "--lock", "e1=2031"), "2031"),
        (("--years", "2027", "--budget", 1e6, "--equity", 2), "equity"),
        (("--years", "2027", "--budget", 1e6, "--forbid", "e7"), "e7"),
    ],
)
def test_wrong_requests_are_refused(flags: tuple[object, ...], word: str, surveyed: Path, tmp_path: Path) -> None:
    refused(here("programme", surveyed, "--today", TODAY, "--out", tmp_path / "no", "--unpriced", "report", *flags),
            word)  # fmt: skip
    assert not (tmp_path / "no").exists()
