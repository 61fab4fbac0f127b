"""The survey workbook: what a surveyor sees, what is locked, what the drop-downs offer, and that it is settled."""

from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from geo.standards.indicators import Catalogue, load_catalogue
from geo.study import Study
from geo.survey.forms import FIRST_ROW, HEAD_ROW, KEY_ROW, forms
from geo.survey.read import read_survey
from layers.survey_book import write_survey_xlsx
from tests.geo.survey.towns import small_study

CATALOGUE = "examination-2025"


@pytest.fixture(scope="module")
def study() -> Study:
    return small_study()


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(CATALOGUE)


@pytest.fixture(scope="module")
def path(study: Study, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("book") / "survey.xlsx"
    write_survey_xlsx(study, catalogue, out)
    return out


def keys(page: Worksheet) -> list[str]:
    return [str(cell.value) for cell in page[KEY_ROW] if cell.value]


def test_every_code_and_item_is_asked_once(study: Study, catalogue: Catalogue, path: Path) -> None:
    """Codes of dwellings and compounds, and items of compounds, each on one form; the others on no form."""
    book = openpyxl.load_workbook(path)
    asked = [field.key for form in forms(study, catalogue) for field in form.fields]
    on_sheets = [key for form in forms(study, catalogue) for key in keys(book[form.title_zh])]
    wanted = [code for code, (each, _) in catalogue.codes.items() if each.dimension in ("housing", "residential")]
    wanted += [key for key, (_, item) in catalogue.items.items() if item.subject in ("estate", "unit")]
    assert sorted(asked) == sorted(wanted)
    assert set(asked) <= set(on_sheets)
    assert book.sheetnames[:5] == ["填表说明", "结构安全", "燃气", "楼道", "围护"]
    assert book.sheetnames[-4:] == ["手工填报", "问题明细", "_lists", "_shequ"]
    assert [each.sheet_state for each in book.worksheets[-2:]] == ["hidden", "hidden"]


def test_what_is_filled_in_is_locked_and_the_rest_is_open(path: Path) -> None:
    page = openpyxl.load_workbook(path)["楼道"]
    assert page.protection.sheet
    assert page.protection.password is None
    by_key = {cell.value: cell.column for cell in page[KEY_ROW]}
    row = page[FIRST_ROW]
    locked = {key: row[column - 1].protection.locked for key, column in by_key.items()}
    assert [key for key, is_locked in locked.items() if is_locked] == ["id", "name", "estate", "address", "_id"]
    assert [row[by_key[key] - 1].value for key in ("id", "name", "estate")] == ["B1", "1号楼", "清河一村"]
    assert page.freeze_panes == f"C{FIRST_ROW}"
    assert page.row_dimensions[1].hidden
    assert page.row_dimensions[KEY_ROW].hidden
    assert page.column_dimensions[row[by_key["_id"] - 1].column_letter].hidden
    heading = page.cell(HEAD_ROW, by_key["3e"]).value
    assert heading == "3e\n灭火器缺失或无保护设施"


@pytest.mark.parametrize(
    ("lang", "sheet", "offered"),
    [("zh", "楼道", ["有", "无", "不涉及"]), ("en", "Stairs and corridors", ["Found", "Clear", "Not applicable"])],
)
def test_drop_downs_offer_the_words_that_are_read(
    lang: str, sheet: str, offered: list[str], study: Study, catalogue: Catalogue, tmp_path: Path
) -> None:  # fmt: skip
    write_survey_xlsx(study, catalogue, tmp_path / "s.xlsx", lang=lang)  # type: ignore[arg-type]
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    rules = [each for each in book[sheet].data_validations.dataValidation if each.type == "list"]
    assert len(rules) == 8
    place = rules[0].formula1.removeprefix("_lists!").replace("$", "")
    assert [cell.value for (cell,) in book["_lists"][place]] == offered
    assert read_survey(tmp_path / "s.xlsx", study, catalogue).faults == ()


def test_the_same_study_gives_the_same_bytes(study: Study, catalogue: Catalogue, path: Path, tmp_path: Path) -> None:
    write_survey_xlsx(study, catalogue, tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


def test_text_that_looks_like_a_formula_stays_text(study: Study, catalogue: Catalogue, tmp_path: Path) -> None:
    buildings = study["buildings"].copy()
    buildings.loc["B1", "name"] = "=HYPERLINK(1)"
    town = study.having({"buildings": buildings})
    write_survey_xlsx(town, catalogue, tmp_path / "s.xlsx")
    cell = openpyxl.load_workbook(tmp_path / "s.xlsx")["楼道"][f"B{FIRST_ROW}"]
    assert (cell.data_type, cell.value) == ("s", "=HYPERLINK(1)")
