import pytest

from geo.standards import load_catalogue
from geo.standards.indicators import Catalogue
from geo.study import Study
from tests.geo.examination.twelve import twelve


@pytest.fixture(scope="session")
def town() -> Study:
    return twelve()


@pytest.fixture(scope="session")
def edition_2025() -> Catalogue:
    return load_catalogue("examination-2025")


@pytest.fixture(scope="session")
def edition_2023() -> Catalogue:
    return load_catalogue("examination-2023")
