"""Indicators of residential areas, one rule at a time.

The town of these tests: three units in a row, U1 (8,000 people), U2 (3,000) and U3 (24,000), a kilometre of land each,
with one estate each, E1 to E3, completed in 1990. E1 has 100 households.
"""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import CRS
from shapely import Point, box

from geo.examination.buildings import locate
from geo.examination.judging import (
    CLEAR,
    FOUND,
    NOT_APPLICABLE,
    UNKNOWN,
    Judged,
    read_findings,
    read_observations,
)
from geo.examination.residential import judge_residential
from geo.schema import conform
from geo.standards.indicators import Catalogue
from geo.study import Study

EPSG = CRS.from_epsg(4549)
NAN = float("nan")


def town(*, year: int = 1990, people: tuple[int | None, ...] = (8000, 3000, 24_000)) -> Study:
    number = len(people)
    land = [box(1000 * i, 0, 1000 * i + 1000, 1000) for i in range(number)]
    names = [str(i + 1) for i in range(number)]
    units = gpd.GeoDataFrame({"people": pd.array(people, dtype="Int64")}, index=[f"U{n}" for n in names],
                             geometry=land, crs=EPSG)  # fmt: skip
    blocks = gpd.GeoDataFrame({"people": pd.array(people, dtype="Int64"), "unit_id": [f"U{n}" for n in names]},
                              index=[f"B{n}" for n in names], geometry=land, crs=EPSG)  # fmt: skip
    estates = gpd.GeoDataFrame({"year_built": year, "households": 100, "name": [f"{n}号院" for n in names]},
                               index=[f"E{n}" for n in names],
                               geometry=[box(1000 * i + 400, 400, 1000 * i + 600, 600) for i in range(number)],
                               crs=EPSG)  # fmt: skip
    homes = gpd.GeoDataFrame({"use": "residential"}, index=[f"H{n}" for n in names],
                             geometry=[box(1000 * i + 450, 450, 1000 * i + 470, 470) for i in range(number)],
                             crs=EPSG)  # fmt: skip
    seams = gpd.GeoDataFrame({"block_a": ["B1"], "block_b": ["B2"], "length_m": [1000.0], "feature_class": ["primary"]},
                             index=["S1"], geometry=[box(0, 0, 1, 1).boundary], crs=EPSG)  # fmt: skip
    tables = {"units": units, "blocks": blocks, "estates": estates, "buildings": homes, "seams": seams}
    return Study("three", EPSG, {}).having(tables)


def judge(
    catalogue: Catalogue,
    key: str,
    items: Mapping[str, Mapping[str, float | str]] | None = None,
    *,
    study: Study | None = None,
    facilities: list[tuple[str, object, dict[str, float]]] | None = None,
    findings: list[dict[str, object]] | None = None,
) -> Judged:
    """Return one indicator; a word among the items is the state of a code."""
    study = town() if study is None else study
    rows = []
    for who, told in (items or {}).items():
        for item, value in told.items():
            row = {"subject": "unit" if who[0] == "U" else "estate", "subject_id": who, "item": item}
            rows.append({**row, "state": value, "value": NAN} if isinstance(value, str) else
                        {**row, "state": "measured", "value": float(value)})  # fmt: skip
    seen = None
    if rows:
        seen = conform(pd.DataFrame(rows, index=[str(i) for i in range(len(rows))]), "observations")
    listed = None
    if facilities is not None:
        columns = [{"category": category, "capacity": pd.NA, "floor_area_m2": NAN, **told}
                   for category, _, told in facilities]  # fmt: skip
        listed = gpd.GeoDataFrame(columns, geometry=[shape for _, shape, _ in facilities], crs=EPSG)
        listed = conform(listed.set_axis([f"F{i}" for i in range(len(listed))]), "facilities")
    ledger = None
    if findings:
        frame = gpd.GeoDataFrame(findings, index=[f"F{i}" for i in range(len(findings))],
                                 geometry=[Point(i, 0) for i in range(len(findings))], crs=EPSG)  # fmt: skip
        ledger = conform(frame, "findings")
    read = read_findings(ledger, catalogue, "2026-09-30")
    told, _ = judge_residential(locate(study, catalogue), read, read_observations(seen), listed, catalogue)
    return next(each for each in told if each.indicator.key == key)


def every(**items: float | str) -> dict[str, dict[str, float | str]]:
    return {estate: dict(items) for estate in ("E1", "E2", "E3")}


def finding(code: str, who: str = "E1", extent: float | None = None, unit: str | None = None) -> dict[str, object]:
    return {
        "subject": "building" if who[0] == "H" else "estate", "subject_id": who, "code": code, "severity": "general",
        "status": "open", "extent": extent, "extent_unit": unit,
    }  # fmt: skip


# ── facilities of units ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_facility_by_the_survey(edition_2025: Catalogue) -> None:
    """E1 has a centre. U2 is small: judged with its neighbours U1 and U3, it has one too. U3 needs two and has one."""
    told = judge(edition_2025, "elder_care", {"E1": {"elder_care_m2": 100}, "E2": {"elder_care_m2": 0},
                                              "E3": {"elder_care_m2": 90}})  # fmt: skip
    assert told.state.tolist() == [CLEAR, CLEAR, FOUND]
    assert told.value.tolist() == [0, 0, 1]
    assert any("1个单元不足5,000人" in zh for zh, _ in told.notes)


def test_an_estate_nobody_asked_leaves_its_unit_open(edition_2025: Catalogue) -> None:
    """U2 is judged with U1 and U3: nothing in E1 and E2, unknown in E3."""
    told = judge(edition_2025, "elder_care", {"E1": {"elder_care_m2": 0}, "E2": {"elder_care_m2": 0}})
    assert told.state.tolist() == [FOUND, UNKNOWN, UNKNOWN]
    assert np.isnan(told.value[1:]).all()
    assert told.upper.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("category", "x", "state"),
    [
        ("elder_home", 500, CLEAR),
        ("养老院", 500, CLEAR),
        ("社区日间照料中心", 500, CLEAR),
        ("elder_home", 1299, CLEAR),
        ("elder_home", 1301, FOUND),
        ("elder_room", 500, UNKNOWN),
    ],
)
def test_a_facility_on_the_map(edition_2025: Catalogue, category: str, x: float, state: int) -> None:
    """In the unit or within 300 m of it. A room to sit in is no care; a town that lists none was not asked."""
    told = judge(edition_2025, "elder_care", facilities=[(category, Point(x, 500), {})])
    assert told.state[0] == state


def test_new_units_need_the_area_in_proportion(edition_2025: Catalogue) -> None:
    """Completed in 2020: 350 m2, and twice that for the 24,000 people of U3. A facility of unknown size is unknown."""
    new = town(year=2020)
    told = judge(edition_2025, "elder_care", {"E1": {"elder_care_m2": 349}, "E2": {"elder_care_m2": 0},
                                              "E3": {"elder_care_m2": 700}}, study=new)  # fmt: skip
    assert told.state.tolist() == [FOUND, CLEAR, CLEAR]
    sized = judge(edition_2025, "elder_care", study=new,
                  facilities=[("elder_home", Point(500, 500), {"floor_area_m2": 400})])  # fmt: skip
    assert sized.state.tolist() == [CLEAR, CLEAR, FOUND]
    vague = judge(edition_2025, "elder_care", study=new, facilities=[("elder_home", Point(500, 500), {})])
    assert vague.state.tolist() == [UNKNOWN, UNKNOWN, FOUND]


def test_units_of_unknown_age_are_settled_only_where_both_rules_agree(edition_2025: Catalogue) -> None:
    study = town()
    study = study.having({"estates": study["estates"].assign(year_built=pd.NA)})
    told = judge(edition_2025, "childcare", {"E1": {"childcare_m2": 150}, "E2": {"childcare_m2": 0},
                                             "E3": {"childcare_m2": 0}}, study=study)  # fmt: skip
    assert told.state.tolist() == [UNKNOWN, UNKNOWN, FOUND]
    enough = judge(edition_2025, "childcare", every(childcare_m2=500), study=study)
    assert enough.state.tolist() == [CLEAR, CLEAR, FOUND]  # one estate in U3, two facilities needed


@pytest.mark.parametrize(
    ("classes", "floor", "site", "state"),
    [
        (9, 2200, 3500, CLEAR),
        (8, 2200, 3500, FOUND),
        (9, 2199, 3500, FOUND),
        (9, 2200, 3499, FOUND),
        (0, None, None, FOUND),
        (9, 2200, None, UNKNOWN),
        (9, 100, None, FOUND),
    ],
)
def test_kindergartens(
    edition_2025: Catalogue, classes: float, floor: float | None, site: float | None, state: int
) -> None:
    """8,000 people need 9 classes; 2,200 m2 of floor, 3,500 m2 of site. What is short is short, whatever is unknown."""
    parts = {"classes": classes, "m2": floor, "site_m2": site}
    items = {f"kindergarten_{part}": value for part, value in parts.items() if value is not None}
    assert judge(edition_2025, "kindergarten", {"E1": items}).state[0] == state


def test_kindergartens_on_the_map(edition_2025: Catalogue) -> None:
    """270 places are 9 classes; the outline is the site (60 m x 60 m). As a point its site is unknown."""
    told = {"capacity": 270, "floor_area_m2": 2500}
    drawn = judge(edition_2025, "kindergarten", facilities=[("幼儿园", box(500, 500, 560, 560), told)])
    assert drawn.state[0] == CLEAR
    point = judge(edition_2025, "kindergarten", facilities=[("kindergarten", Point(500, 500), told)])
    assert point.state[0] == UNKNOWN
    small = judge(
        edition_2025, "kindergarten", facilities=[("kindergarten", Point(500, 500), {**told, "capacity": 90})]
    )
    assert small.state[0] == FOUND


@pytest.mark.parametrize(
    ("year", "items", "state"),
    [
        (1990, {"ground_m2": 150, "green_count": 1}, CLEAR),
        (1990, {"ground_m2": 149, "green_count": 1}, FOUND),
        (1990, {"ground_m2": 150, "green_count": 0}, FOUND),
        (1990, {"ground_m2": 150}, UNKNOWN),
        (2020, {"ground_m2": 800, "green_m2": 8000, "green_width_m": 30}, CLEAR),
        (2020, {"ground_m2": 799, "green_m2": 8000, "green_width_m": 30}, FOUND),
        (2020, {"ground_m2": 800, "green_m2": 7999, "green_width_m": 30}, FOUND),
        (2020, {"ground_m2": 800, "green_m2": 8000, "green_width_m": 29}, FOUND),
        (2020, {"ground_m2": 800, "green_m2": 8000}, UNKNOWN),
    ],
)
def test_activity_ground(edition_2025: Catalogue, year: int, items: dict[str, float], state: int) -> None:
    """U1 has 8,000 people: 1 m2 of green each."""
    assert judge(edition_2025, "activity_ground", {"E1": items}, study=town(year=year)).state[0] == state


def test_small_grounds_do_not_add_up_to_a_large_one(edition_2025: Catalogue) -> None:
    """Three squares of 60 m2 are no ground of 150 m2; four fields of 10 m x 10 m on the map neither."""
    fields = [("运动场", box(100 + 20 * k, 100, 110 + 20 * k, 110), {}) for k in range(4)]
    shapes = [*fields, ("公园", box(200, 200, 300, 300), {})]
    assert judge(edition_2025, "activity_ground", facilities=shapes).state[0] == FOUND
    items = {"E1": {"ground_m2": 60, "green_count": 1}, "E2": {"ground_m2": 60, "green_count": 1}}
    assert judge(edition_2025, "activity_ground", items).state[0] == FOUND


def test_grounds_on_the_map(edition_2025: Catalogue) -> None:
    """A field of 20 m x 20 m and a park of 100 m x 100 m, 100 m wide; the car park next to them is neither."""
    shapes = [("运动场", box(100, 100, 120, 120), {}), ("公园", box(200, 200, 300, 300), {}),
              ("parking", box(500, 500, 600, 600), {})]  # fmt: skip
    told = judge(edition_2025, "activity_ground", facilities=shapes)
    assert told.state.tolist() == [CLEAR, CLEAR, FOUND]
    assert any("list of facilities" in en for _, en in told.notes)  # nobody surveyed the third
    new = judge(edition_2025, "activity_ground", facilities=shapes, study=town(year=2020))
    assert new.state.tolist() == [FOUND, FOUND, FOUND]
    wide = [("运动场", box(100, 100, 130, 130), {}), shapes[1]]
    assert judge(edition_2025, "activity_ground", facilities=wide, study=town(year=2020)).state[0] == CLEAR


def test_people_nobody_counted_leave_a_new_unit_open(edition_2025: Catalogue) -> None:
    study = town(year=2020, people=(None, 8000))
    told = judge(edition_2025, "activity_ground", {"E1": {"ground_m2": 900, "green_m2": 9000, "green_width_m": 40}},
                 study=study)  # fmt: skip
    assert told.state[0] == CLEAR  # 4,000 m2 is asked of everyone; a square metre a head of nobody known
    asked = judge(edition_2025, "elder_care", {"U1": {"residents": 0}}, study=study)
    assert asked.state[0] == NOT_APPLICABLE


def test_what_surveyors_wrote_goes_before_what_is_measured(edition_2025: Catalogue) -> None:
    told = judge(edition_2025, "elder_care", {"E1": {"elder_care_m2": 500}}, findings=[finding("10")])
    assert (told.state[0], told.codes[0], told.findings[0]) == (FOUND, "10", 1)
    clear = judge(edition_2025, "elder_care", {"E1": {"10": "clear"}})
    assert clear.state.tolist() == [CLEAR, UNKNOWN, UNKNOWN]


# ── gaps ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_school_places_by_unit(edition_2025: Catalogue) -> None:
    """Of the unit itself, else of all its estates; too many places here do not make up for too few there."""
    told = judge(edition_2025, "school_places", {"U1": {"primary_demand": 500, "primary_places": 800},
                 "E2": {"primary_demand": 100, "primary_places": 40}, "U3": {"primary_demand": 900}})  # fmt: skip
    assert told.value.tolist()[:2] == [0, 60]
    assert told.state.tolist() == [CLEAR, FOUND, UNKNOWN]
    assert told.upper.tolist() == [0, 60, 900]


def test_school_places_on_the_map(edition_2025: Catalogue) -> None:
    """A school of 600 in U1, one of 200 at 400 m beyond U3, one that tells no places in U2."""
    schools = [("primary_school", Point(500, 500), {"capacity": 600}),
               ("小学", Point(3400, 500), {"capacity": 200}), ("小学", Point(1500, 500), {})]  # fmt: skip
    demand = {unit: {"primary_demand": 700.0} for unit in ("U1", "U2", "U3")}
    told = judge(edition_2025, "school_places", demand, facilities=schools)
    assert told.value.tolist()[::2] == [100, 500]
    assert told.state[1] == UNKNOWN
    assert told.upper[1] == 700


@pytest.mark.parametrize(
    ("items", "findings", "value", "upper"),
    [
        ({"parking_demand": 80, "parking_spaces": 50}, [], 30, 30),
        ({"parking_demand": 80, "parking_spaces": 90}, [], 0, 0),
        ({"parking_spaces": 50}, [], 50, 50),
        ({"parking_demand": 80}, [], NAN, 80),
        ({}, [], NAN, 100),
        ({"14": "clear"}, [], 0, 0),
        ({"14": "not_applicable"}, [], 0, 0),
        ({}, [finding("14", extent=12.0, unit="count")], 12, 100),
        ({}, [finding("14")], 1, 100),
        ({"parking_spaces": 50}, [finding("14", extent=12.0, unit="count")], 50, 50),
        ({"parking_spaces": 95}, [finding("14", extent=12.0, unit="count")], 12, 12),
        ({"parking_spaces": 100}, [finding("14")], 1, 1),
    ],
)
def test_parking(
    edition_2025: Catalogue,
    items: dict[str, float | str],
    findings: list[dict[str, object]],
    value: float,
    upper: float,
) -> None:
    """100 households: a bay each where nobody knows what is wanted. A finding is a gap of its extent, or of one."""
    told = judge(edition_2025, "parking", {"E1": items}, findings=findings)
    assert told.value[0] == pytest.approx(value, nan_ok=True)
    assert told.upper[0] == pytest.approx(upper)


def test_parking_says_what_it_assumed_and_where_the_fire_lane_is_taken(edition_2025: Catalogue) -> None:
    told = judge(edition_2025, "parking", {"E1": {"parking_spaces": 5, "fire_lane_occupied": 1}})
    assert told.notes[0][0] == "1个小区需求未知,按每户1个泊位计。"
    assert told.notes[1][0] == "1个小区消防车道被占用:1号院。"


@pytest.mark.parametrize(
    ("items", "value", "upper"),
    [
        ({"ev_demand": 50, "ev_private": 10, "ev_public": 6}, 22, 22),
        ({"ev_demand": 20, "ev_private": 10, "ev_public": 6}, 0, 0),
        ({"ev_demand": 50, "ev_private": 10}, NAN, 40),
        ({"ev_demand": 50, "ev_public": 6}, NAN, 32),
        ({"ev_private": 10, "ev_public": 6}, NAN, NAN),
    ],
)
def test_chargers(edition_2025: Catalogue, items: dict[str, float], value: float, upper: float) -> None:
    """A public charger stands for three private ones."""
    told = judge(edition_2025, "ev_charging", {"E1": items})
    assert told.value[0] == pytest.approx(value, nan_ok=True)
    assert told.upper[0] == pytest.approx(upper, nan_ok=True)


# ── estates ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("items", "state"),
    [
        ({"ebike_spaces": 0}, FOUND),
        ({"ebike_spaces": 30, "ebike_demand": 40}, FOUND),
        ({"ebike_wires": 1}, FOUND),
        ({"ebike_spaces": 40, "ebike_demand": 40, "ebike_wires": 0}, CLEAR),
        ({"ebike_spaces": 40, "ebike_wires": 0}, UNKNOWN),
        ({"ebike_spaces": 40, "ebike_demand": 40}, UNKNOWN),
        ({"ebike_spaces": 40, "16": "clear"}, CLEAR),
        ({"ebike_spaces": 40, "ebike_demand": 40, "ebike_wires": 0, "16": "found"}, FOUND),
        ({}, UNKNOWN),
    ],
)
def test_ebikes(edition_2025: Catalogue, items: dict[str, float | str], state: int) -> None:
    assert judge(edition_2025, "ebike_charging", {"E1": items}).state[0] == state


@pytest.mark.parametrize(
    ("items", "state"),
    [
        ({"parcel_box": 1, "parcel_locker": 1, "security_system": 1}, CLEAR),
        ({"parcel_box": 1, "parcel_locker": 0}, FOUND),
        ({"parcel_box": 1, "parcel_locker": 1}, UNKNOWN),
    ],
)
def test_smart_estates(edition_2025: Catalogue, items: dict[str, float], state: int) -> None:
    assert judge(edition_2025, "smart_estate", {"E1": items}).state[0] == state


def test_footpaths_are_a_length(edition_2025: Catalogue) -> None:
    """120 m of an estate and 30 m written down at a home in it are 0.15 km; without a length it is a lower bound."""
    told = judge(edition_2025, "footpaths", {"E2": {"18": "clear"}},
                 findings=[finding("18", extent=120.0, unit="m"), finding("18", "H1", 30.0)])  # fmt: skip
    assert told.value.tolist()[:2] == pytest.approx([0.15, 0.0])
    assert told.upper[0] == pytest.approx(0.15)
    assert np.isnan(told.value[2])
    vague = judge(edition_2025, "footpaths", findings=[finding("18", extent=120.0, unit="m"), finding("18")])
    assert vague.value[0] == pytest.approx(0.12)
    assert np.isnan(vague.upper[0])
    assert "未写长度" in vague.notes[0][0]


@pytest.mark.parametrize("key", ["waste_sorting", "property_management"])
def test_what_is_only_looked_at(edition_2025: Catalogue, key: str) -> None:
    code = edition_2025.by_key(key).codes[0].code  # type: ignore[union-attr]
    told = judge(edition_2025, key, {"E1": {code: "found"}, "E2": {code: "clear"}})
    assert told.state.tolist() == [FOUND, CLEAR, UNKNOWN]
    assert told.value.tolist()[:2] == [1, 0]
