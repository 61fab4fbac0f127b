"""Homes and where they lie: what counts as a home, its housing group, its site."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from geo.examination.buildings import flags, locate, sites
from geo.standards.indicators import Catalogue
from geo.study import Study


def with_buildings(town: Study, **columns: object) -> Study:
    return replace(town, tables={**town.tables, "buildings": town["buildings"].assign(**columns)})


def changed(town: Study, name: str, **values: object) -> Study:
    homes = town["buildings"].copy()
    for column, value in values.items():
        homes[column] = homes[column].astype("object")
        homes.loc[name, column] = value
    return town.having({"buildings": homes})


def test_areas_of_the_twelve(town: Study, edition_2025: Catalogue) -> None:
    places = locate(town, edition_2025)
    homes = places.buildings
    assert homes["estate_id"].dropna().to_dict() == {
        **{f"T0{i}": "E1" for i in range(1, 7)}, **{f"T0{i}": "E2" for i in range(7, 10)}
    }  # fmt: skip
    assert homes.loc[["T10", "T12"], "site_id"].tolist() == ["block:B1", "block:B2"]
    assert homes.loc[["T10", "T12"], "community_id"].tolist() == ["V1", "C1"]
    assert homes["housing_group"].value_counts().to_dict() == {
        "before_2000": 5, "after_2010": 3, "2000_2010": 2, "self_built": 1, "historic": 1,
    }  # fmt: skip
    assert homes.loc["T05", "year"] == 1985
    assert places.estates["unit_id"].tolist() == ["U01", "U02"]
    assert places.estates["households_known"].tolist() == [240, 180]
    assert not places.estates_are_units
    assert any("1栋住宅建成年份未知,取所在小区的年份" in zh for zh, _ in places.notes)


@pytest.mark.parametrize(
    ("building", "home"),
    [
        ({"use": "mixed"}, True),
        ({"use": "commercial", "dwellings": None}, False),
        ({"use": "commercial", "dwellings": 4}, True),
        ({"use": None, "dwellings": None}, True),
        ({"use": "unknown", "dwellings": None}, True),
        ({"use": "industrial", "dwellings": 0}, False),
    ],
)
def test_what_counts_as_a_home(town: Study, edition_2025: Catalogue, building: dict[str, object], home: bool) -> None:
    """By its use, or by the people it tells of; one of unknown use unless it is as small as a shed."""
    places = locate(changed(town, "T12", **building), edition_2025)
    assert ("T12" in places.buildings.index) is home


def test_a_shed_is_no_home(town: Study, edition_2025: Catalogue) -> None:
    study = changed(town, "T12", use=None, dwellings=None)
    homes = study["buildings"].copy()
    homes.loc[["T12"], "geometry"] = homes.loc[["T12"], "geometry"].centroid.buffer(2)
    assert "T12" not in locate(study.having({"buildings": homes}), edition_2025).buildings.index


@pytest.mark.parametrize(
    ("building", "group"),
    [
        ({"year_built": 1999}, "before_2000"),
        ({"year_built": 2000}, "2000_2010"),
        ({"year_built": 2010}, "2000_2010"),
        ({"year_built": 2011}, "after_2010"),
        ({"year_built": None}, "unknown"),
        ({"year_built": 1949, "floors": 1}, "historic"),
        ({"year_built": 1950, "floors": 1}, "before_2000"),
        ({"year_built": 1949, "floors": 2}, "before_2000"),
    ],
)
def test_housing_group_by_year(town: Study, edition_2025: Catalogue, building: dict[str, object], group: str) -> None:
    """T12 lies outside estates, in a community of residents."""
    places = locate(changed(town, "T12", **building), edition_2025)
    assert places.buildings.loc["T12", "housing_group"] == group


@pytest.mark.parametrize(
    ("floors", "kind", "group"),
    [(4, "village", "self_built"), (4, "converted", "self_built"), (5, "village", "before_2000"),
     (None, "village", "before_2000"), (3, "community", "before_2000")],
)  # fmt: skip
def test_self_built_homes(town: Study, edition_2025: Catalogue, floors: int | None, kind: str, group: str) -> None:
    """T10 (1995) lies in the village V1, outside estates."""
    study = changed(town, "T10", floors=floors)
    kinds = study["communities"].assign(kind=["community", kind])
    places = locate(replace(study, tables={**study.tables, "communities": kinds}), edition_2025)
    assert places.buildings.loc["T10", "housing_group"] == group


def test_a_column_of_the_source_tells_the_group(town: Study, edition_2025: Catalogue) -> None:
    words = ["自建房", "历史建筑", "self_built", None, "nonsense"] + [None] * 7
    homes = locate(with_buildings(town, housing_group=words), edition_2025).buildings
    assert homes["housing_group"].tolist()[:5] == ["self_built", "historic", "self_built", "2000_2010", "before_2000"]


def test_households_of_an_estate_that_tells_none(town: Study, edition_2025: Catalogue) -> None:
    """E1 has 24 x 5 + 44 = 164 flats; E2 180, all of them told."""
    silent = town["estates"].assign(households=pd.NA)
    places = locate(replace(town, tables={**town.tables, "estates": silent}), edition_2025)
    assert places.estates["households_known"].tolist() == [164, 180]
    one_unknown = changed(replace(town, tables={**town.tables, "estates": silent}), "T01", dwellings=None)
    assert np.isnan(locate(one_unknown, edition_2025).estates["households_known"].iloc[0])


def test_flags_in_words_and_numbers() -> None:
    frame = pd.DataFrame({"lifts": ["2", "0", "有", "无", None, "?"]})
    assert flags(frame, ("lift", "lifts")).tolist()[:4] == [1, 0, 1, 0]
    assert np.isnan(flags(frame, ("lift", "lifts"))[4:]).all()
    assert np.isnan(flags(frame, ("heated",))).all()


def test_sites() -> None:
    found = sites(np.array(["E1", np.nan, np.nan], dtype=object), np.array(["B1", "B2", np.nan], dtype=object))
    assert found[:2].tolist() == ["E1", "block:B2"]
    assert pd.isna(found[2])
