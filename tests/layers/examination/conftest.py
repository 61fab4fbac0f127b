"""The examined town of examined.py, once for all tests."""

import pytest

from geo.examination.result import Examination
from geo.study import Study
from tests.layers.examination import examined


@pytest.fixture(scope="session")
def surveyed() -> Study:
    return examined.study()


@pytest.fixture(scope="session")
def examination(surveyed: Study) -> Examination:
    return examined.examination(surveyed)
