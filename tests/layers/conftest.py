"""The town of 4 x 4 blocks (see town.py) as fixtures."""

import pytest

from geo.partition.actions import PlanTables
from geo.study import Study
from layers.review import Review
from tests.layers import town


@pytest.fixture(scope="session")
def tables() -> PlanTables:
    return town.plan_tables()


@pytest.fixture(scope="session")
def study() -> Study:
    return town.study()


@pytest.fixture(scope="session")
def review(tables: PlanTables, study: Study) -> Review:
    return town.review(tables, study)
