"""Answers on the street of `tests.geo.siting.street_town`: eleven homes of 5, 105, … 1,005 people, a canteen at 0."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import CRS as Crs
from shapely import Point, box

from geo.schema import conform
from geo.siting import EXAMPLE_COSTS, PlacingOptions, place, site, what_if
from geo.study import Study
from tests.geo.siting import street_town as street


@pytest.fixture(scope="session")
def town():
    """The street's communities, the canteen, and a house for each home but the last."""
    communities = street.communities().assign(
        people=pd.array([600, 900], "Int64"), households=pd.array([200, 300], "Int64"))  # fmt: skip
    houses = gpd.GeoDataFrame(
        {"use": "residential"}, index=pd.Index([f"h{k:02d}" for k in range(10)], name="building_id"),
        geometry=[box(100 * k - 5, 5, 100 * k + 5, 15) for k in range(10)], crs=street.CRS,
    )  # fmt: skip
    tables = {"communities": communities, "facilities": street.facilities({"f": 0.0}), "buildings": houses}
    return Study(
        "街", Crs(street.CRS), {name: conform(table, name) for name, table in tables.items()}, name_en="Street"
    )


@pytest.fixture(scope="session")
def ground():
    """What all three are asked about."""
    return (
        street.homes((100.0 * np.arange(11) + 5).tolist()), street.candidates({"s1": 300.0, "s2": 700.0, "s3": 1000.0}),
        street.facilities({"f": 0.0}), street.network(),
    )  # fmt: skip


@pytest.fixture(scope="session")
def sited(ground):
    """Two canteens: s2 covers h05 to h09, s3 h08 to h10."""
    return site(*ground, requirement=street.requirement(), count=2, communities=street.communities())


@pytest.fixture(scope="session")
def placed(ground):
    """Canteens and childcare in three rooms, for money that is an example."""
    childcare = street.requirement(key="care", title_zh="托育", title_en="childcare", categories=("nursery",),
                                   who="children")  # fmt: skip
    return place(*ground, requirements=[street.requirement(), childcare], options=PlacingOptions(budget=600_000),
                 costs=EXAMPLE_COSTS, communities=street.communities())  # fmt: skip


@pytest.fixture(scope="session")
def compared(ground):
    """A point in the middle against two others."""
    options = {"here": [Point(500, 5)], "two": ["s1", Point(900, 5)]}
    return what_if(*ground, requirement=street.requirement(), options=options, communities=street.communities())


@pytest.fixture(params=["sited", "placed", "compared"])
def answer(request):
    """Each of the three."""
    return request.getfixturevalue(request.param)
