"""A blank workbook of the small town, made once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from geo.standards.indicators import Catalogue
from geo.study import Study
from geo.survey.read import SurveyRead, read_survey
from layers.survey_book import write_survey_xlsx
from tests.geo.survey.towns import TODAY, Book, small_catalogue, small_study


@pytest.fixture(scope="session")
def study() -> Study:
    return small_study()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return small_catalogue()


@pytest.fixture(scope="session")
def blank(study: Study, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("survey") / "blank.xlsx"
    write_survey_xlsx(study, catalogue, path)
    return path


@pytest.fixture
def book(blank: Path) -> Book:
    """The blank workbook, with B1's stairs answered: 3a is there, 3d does not arise."""
    opened = Book(blank)
    opened.put("楼道", 0, {"surveyed_on": "2026-03-01", "surveyor": "张三", "3a": "有", "3d": "不涉及"})
    return opened


@pytest.fixture
def read(study: Study, catalogue: Catalogue, tmp_path: Path) -> Callable[..., SurveyRead]:
    """Save a book and read it back."""

    def saved(book: Book, **options: object) -> SurveyRead:
        given = {"today": TODAY, **options}
        town = given.pop("study", study)
        return read_survey(book.save(tmp_path / "survey.xlsx"), town, catalogue, **given)  # type: ignore[arg-type]

    return saved
