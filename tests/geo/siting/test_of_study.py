"""Siting of a whole study: homes, candidates and network are made on the way."""

import pandas as pd
import pytest
import shapely
from pyproj import CRS as Crs
from shapely import Point

from geo.errors import InputError
from geo.schema import conform
from geo.siting import PlacingOptions, placing_of, sites_of, what_if_of
from geo.study import Study
from tests.geo.siting.street_town import CRS, communities, facilities
from tests.geo.siting.test_candidates import premises


def study():
    """The street, communities of 600 and 900 people, a canteen at 0, rooms and plots; no homes are known."""
    from geopandas import GeoDataFrame

    people = communities().assign(people=pd.array([600, 900], "Int64"), households=pd.array([200, 300], "Int64"))
    street = GeoDataFrame({"road_class": ["residential"]}, index=pd.Index(["r"], name="road_id"),
                          geometry=[shapely.LineString([(-50, 0), (1050, 0)])], crs=CRS)  # fmt: skip
    tables = {"communities": people, "roads": street, "premises": premises(), "facilities": facilities({"f": 0.0})}
    return Study("街", Crs(CRS), {name: conform(table, name) for name, table in tables.items()})


def test_a_study_in_one_line():
    town = study()
    found = sites_of(town, requirement="meals", standard="embedded-2023", count=1)
    assert found.totals.loc["before", "people"] == 1500.0
    assert found.requirement.key == "meals"
    assert set(found.candidates.index) == {"p1", "p2", "p3", "p4", "p5"}
    placed = placing_of(town, requirements=["meals", "childcare"], options=PlacingOptions(count=2))
    assert placed.value >= found.choice.value
    compared = what_if_of(town, requirement="meals", standard="embedded-2023", options={"here": [Point(800, 5)]})
    assert set(compared.options.index) == {"here", "best 1", "today"}
    searched = sites_of(town, requirement="meals", standard="embedded-2023", candidates=found.candidates.iloc[:1])
    assert len(searched.candidates) == 1


def test_a_requirement_that_is_not_there():
    with pytest.raises(InputError, match="no requirement 'castle'"):
        sites_of(study(), requirement="castle", standard="embedded-2023")
