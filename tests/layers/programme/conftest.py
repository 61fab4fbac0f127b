"""A programme for the examined town: example prices, three years, money for about half."""

import pytest

from geo.examination.result import Examination
from geo.programme import ProgrammeOptions, make_programme, measures
from geo.standards.costs import load_costs
from geo.standards.menu import load_menu
from geo.study import Study
from tests.layers.examination import examined


@pytest.fixture(scope="session")
def surveyed() -> Study:
    return examined.study()


@pytest.fixture(scope="session")
def examination(surveyed: Study) -> Examination:
    return examined.examination(surveyed)


@pytest.fixture(scope="session")
def works(surveyed, examination):
    return measures(examination, surveyed, menu=load_menu("renovation-menu-2020"), costs=load_costs("example-costs"))


@pytest.fixture(scope="session")
def options(works):
    needed = float(works.loc[works["ready"], "public_yuan"].sum())
    safety = works.loc[works["ready"] & works["safety"], "public_yuan"]
    each = max(0.25 * needed, 0.55 * float(safety.sum()), 1.01 * float(safety.max()))  # no work is spread over years
    return ProgrammeOptions(years=(2027, 2028, 2029), budgets_yuan=(each, each, 0.2 * each), campaign_years=3,
                            unpriced_safety="report", time_limit_s=10)  # fmt: skip


@pytest.fixture(scope="session")
def programme(works, options):
    return make_programme(works, options)
