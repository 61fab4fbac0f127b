"""Values of blocks and city, on towns of two estates that can be checked by hand."""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely import LineString, Point, Polygon, box

from geo.errors import InputError
from geo.examination.district import (
    COLUMNS,
    METHODS,
    Town,
    covered_share,
    district_values,
    road_length_m,
)
from geo.standards.indicators import Catalogue, load_catalogue
from geo.study import Study

METRES = CRS.from_epsg(32650)
SHAPES = dict[str, object]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue("examination-2025")


def table(rows: Mapping[str, SHAPES]) -> gpd.GeoDataFrame:
    """Rows by id, each with its geometry and columns."""
    frame = pd.DataFrame.from_dict(dict(rows), orient="index")
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=METRES)


def study(**tables: Mapping[str, SHAPES] | pd.DataFrame) -> Study:
    """A study of tables that keep the contract."""
    made = {name: rows if isinstance(rows, pd.DataFrame) else table(rows) for name, rows in tables.items()}
    return Study("town", METRES, {}).having(made)


def two_estates(*facilities: tuple[str, object] | tuple[str, object, dict[str, object]], **more: object) -> Study:
    """Two estates of one hectare, two kilometres apart: A at the origin, B to the east.

    Facilities are (category, geometry) with further columns.
    """
    rows = {f"f{i}": {"category": each[0], "geometry": each[1], **(each[2] if len(each) > 2 else {})}
            for i, each in enumerate(facilities)}  # fmt: skip
    estates = {"A": {"geometry": box(0, 0, 100, 100)}, "B": {"geometry": box(2000, 0, 2100, 100)}}
    return study(estates=estates, **({"facilities": rows} if rows else {}), **more)


def people(count: int | None) -> dict[str, SHAPES]:
    return {"c": {"kind": "community", "people": count, "geometry": box(-5000, -5000, 5000, 5000)}}


def row(town: Study, catalogue: Catalogue, key: str) -> pd.Series:
    indicator = catalogue.by_key(key)
    assert indicator is not None
    return district_values(town, catalogue).loc[indicator.number]


# ── unknown is not zero ──────────────────────────────────────────────────────────────────────────────────────────────
def partly_mapped(people_west: int, people_east: int, *facilities: tuple[str, object]) -> Study:
    """Two blocks of 200 × 100 m side by side; the west one holds an estate and all the mapped ground, the east none."""
    blocks = {
        "W": {"geometry": box(0, 0, 200, 100), "people": people_west, "area_m2": 20_000.0, "perimeter_m": 600.0},
        "E": {"geometry": box(200, 0, 400, 100), "people": people_east, "area_m2": 20_000.0, "perimeter_m": 600.0},
    }
    rows = {f"f{i}": {"category": kind, "geometry": shape} for i, (kind, shape) in enumerate(facilities)}
    return study(blocks=blocks, estates={"A": {"geometry": box(0, 0, 100, 100)}}, facilities=rows)


def test_a_town_of_which_a_part_was_mapped_keeps_bounds_for_the_rest(catalogue: Catalogue) -> None:
    """A park beside the only known estate reaches all of it; of three quarters of the people nothing is known."""
    park = ("park", box(0, 100, 100, 200))
    found = row(partly_mapped(250, 750, park), catalogue, "park_radius")
    assert found["status"] == "unknown"
    assert np.isnan(found["value"])
    assert (found["lower"], found["upper"]) == pytest.approx((25.0, 100.0))
    assert found["coverage"] == pytest.approx(0.25)
    assert "仅25%的人口所在街坊有建筑或小区数据" in found["note_zh"]
    assert "已有数据部分为100 %" in found["note_zh"]
    assert "only 25% of the people" in found["note_en"]


def test_a_town_that_is_mapped_where_people_live_is_computed(catalogue: Catalogue) -> None:
    found = row(partly_mapped(950, 50, ("park", box(0, 100, 100, 200))), catalogue, "park_radius")
    assert (found["status"], found["value"], found["coverage"]) == ("computed", 100.0, 1.0)


def test_buildings_of_unknown_use_where_people_live_are_homes_and_not_left_out(catalogue: Catalogue) -> None:
    buildings = {
        "lived": {"use": "unknown", "households": 4, "geometry": box(0, 200, 10, 210)},
        "open": {"use": "unknown", "geometry": box(50, 200, 60, 210)},
    }
    found = row(two_estates(("park", box(0, 100, 100, 200)), buildings=buildings), catalogue, "park_radius")
    assert "另有1栋建筑用途不明" in found["note_zh"]


@pytest.mark.parametrize("edition", ["examination-2025", "examination-2023"])
def test_a_study_of_nothing_knows_nothing(edition: str) -> None:
    catalogue = load_catalogue(edition)
    found = district_values(study(study_area={"a": {"geometry": box(0, 0, 1000, 1000)}}), catalogue)
    assert list(found.columns) == list(COLUMNS)
    assert found.index.name == "number"
    assert list(found.index) == [each.number for each in catalogue.of("block", "city")]
    assert (found["status"] == "unknown").all()
    assert found[["value", "lower", "upper"]].isna().all(axis=None)
    assert (found["note_zh"] != "").all()
    assert (found["note_en"] != "").all()


def test_every_method_of_the_catalogues_that_is_not_entered_is_one_of_ours() -> None:
    for edition in ("examination-2025", "examination-2023"):
        methods = {each.method for each in load_catalogue(edition).of("block", "city")}
        assert methods - {"entered"} == set(METHODS)


def test_a_category_that_nobody_listed_is_unknown(catalogue: Catalogue) -> None:
    town = two_estates(("pharmacy", Point(0, 0)))
    found = row(town, catalogue, "school_radius")
    assert (found["status"], found["note_en"]) == ("unknown", "the facilities name no middle school")
    assert np.isnan(found["value"])
    assert "没有设施数据" in row(two_estates(), catalogue, "park_radius")["note_zh"]


# ── schools ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_half_of_the_residential_land_is_near_a_school(catalogue: Catalogue) -> None:
    found = row(two_estates(("middle_school", Point(50, 50))), catalogue, "school_radius")
    assert found["value"] == pytest.approx(50.0)
    assert (found["status"], found["coverage"], found["lower"] == found["upper"]) == ("computed", 1.0, True)
    assert "0.02 km²" in found["note_en"]
    assert "straight-line" in found["note_en"]


def test_a_school_outside_the_study_area_counts(catalogue: Catalogue) -> None:
    area = {"a": {"geometry": box(0, 0, 2100, 100)}}
    town = two_estates(("middle_school", Point(-500, 50)), study_area=area)
    assert row(town, catalogue, "school_radius")["value"] == pytest.approx(50.0)


def test_a_school_of_unknown_level_may_count(catalogue: Catalogue) -> None:
    town = two_estates(("middle_school", Point(50, 50)), ("school", Point(2050, 50)))
    found = row(town, catalogue, "school_radius")
    assert found["value"] == found["lower"] == pytest.approx(50.0)
    assert found["upper"] == pytest.approx(100.0)
    assert found["coverage"] == 0.5
    only = row(two_estates(("school", Point(2050, 50))), catalogue, "school_radius")
    assert np.isnan(only["value"]), "nothing is certain"
    assert (only["status"], only["lower"], only["upper"]) == ("unknown", 0.0, pytest.approx(50.0))


def test_a_school_for_seniors_alone_does_not_count(catalogue: Catalogue) -> None:
    town = two_estates(
        ("middle_school", Point(50, 50), {"name": "清河高级中学"}),
        ("middle_school", Point(2050, 50), {"name": "清河初级中学"}),
    )
    assert row(town, catalogue, "school_radius")["value"] == pytest.approx(50.0)


def test_residential_land_is_estates_and_the_ground_around_homes(catalogue: Catalogue) -> None:
    homes = {
        "in": {"geometry": box(10, 10, 20, 20), "use": "residential"},
        "out": {"geometry": box(500, 0, 510, 10), "use": "unknown", "households": 4},
        "shop": {"geometry": box(600, 0, 610, 10), "use": "commercial"},
        "vague": {"geometry": box(700, 0, 710, 10), "use": "unknown"},
    }
    town = two_estates(("middle_school", Point(500, 0)), buildings=homes)
    # a square of 10 m, four strips of 20 m along its sides, and an octagon of radius 20 m at its corners
    plot = 10 * 10 + 4 * 10 * 20 + 4 * 20**2 * np.sin(np.pi / 4)
    assert Town(town).residential_m2 == pytest.approx(20_000 + plot)
    assert "outside estates: 1" in row(town, catalogue, "school_radius")["note_en"], "`out` is lived in: a home"


# ── parks ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("side_m", "gap_m", "covered"),
    [
        (40, 10, 0.0),
        (50, 150, 100.0),
        (50, 310, 0.0),
        (100, 350, 100.0),
        (100, 510, 0.0),
        (230, 650, 100.0),
        (230, 810, 0.0),
    ],
)
def test_the_radius_of_a_park_follows_its_size_and_starts_at_its_edge(
    catalogue: Catalogue, side_m: float, gap_m: float, covered: float
) -> None:
    town = study(
        estates={"A": {"geometry": box(0, 0, 100, 100)}},
        facilities={"p": {"category": "park", "geometry": box(-gap_m - side_m, 0, -gap_m, side_m)}},
    )
    assert row(town, catalogue, "park_radius")["value"] == pytest.approx(covered)


def test_a_park_drawn_as_a_point_lies_between_nothing_and_the_largest(catalogue: Catalogue) -> None:
    town = two_estates(("park", box(-60, 0, -10, 50)), ("park", Point(2050, 50)))
    found = row(town, catalogue, "park_radius")
    assert (found["value"], found["lower"], found["upper"]) == pytest.approx((50.0, 50.0, 100.0))
    assert found["coverage"] == 0.5
    alone = row(two_estates(("park", Point(2050, 50))), catalogue, "park_radius")
    assert (alone["status"], alone["lower"], alone["upper"]) == ("unknown", 0.0, pytest.approx(50.0))


def test_the_green_of_a_closed_estate_is_no_park(catalogue: Catalogue) -> None:
    estates = {"A": {"geometry": box(0, 0, 100, 100), "closed": True}, "B": {"geometry": box(2000, 0, 2100, 100)}}
    parks = {"p": {"category": "park", "geometry": box(20, 20, 80, 80)},
             "q": {"category": "park", "geometry": box(1900, 0, 1980, 80)}}  # fmt: skip
    found = row(study(estates=estates, facilities=parks), catalogue, "park_radius")
    assert found["value"] == pytest.approx(50.0)
    assert "1 inside closed estates" in found["note_en"]


# ── grounds and centres ──────────────────────────────────────────────────────────────────────────────────────────────
def test_grounds_that_are_lacking(catalogue: Catalogue) -> None:
    large, small = box(100, 100, 160, 160), box(0, 200, 50, 250)
    far = box(9000, 9000, 9100, 9100)
    town = two_estates(("sports_ground", large), ("sports_ground", small), ("sports_ground", far),
                       communities=people(150_000))  # fmt: skip
    found = row(town, catalogue, "sports_ground")
    assert (found["value"], found["lower"], found["upper"]) == (1.0, 1.0, 1.0), "two are needed, one is large enough"
    point = two_estates(("sports_ground", large), ("sports_ground", Point(0, 0)), communities=people(150_000))
    found = row(point, catalogue, "sports_ground")
    assert np.isnan(found["value"]), "the one drawn as a point may be large enough"
    assert (found["lower"], found["upper"]) == (0.0, 1.0)


def test_a_town_with_unknown_people_needs_one_at_least(catalogue: Catalogue) -> None:
    town = two_estates(("culture_room", Point(0, 0), {"floor_area_m2": 400.0}), communities=people(None))
    found = row(town, catalogue, "culture_centre")
    assert (found["value"], found["lower"]) == (1.0, 1.0)
    assert np.isnan(found["upper"])
    good = two_estates(("culture_room", Point(0, 0), {"floor_area_m2": 3000.0}), communities=people(90_000))
    assert row(good, catalogue, "culture_centre")["value"] == 0.0


# ── greenways and football ───────────────────────────────────────────────────────────────────────────────────────────
def test_greenways_are_paths_that_are_called_so(catalogue: Catalogue) -> None:
    line = LineString([(-500, -900), (500, -900)])
    named = {
        "r": {"road_class": "footway", "name": "滨河绿道", "geometry": line},
        "s": {"road_class": "primary", "name": "绿道路", "geometry": LineString([(2000, -10), (2100, -10)])},
    }
    assert row(two_estates(roads=named), catalogue, "greenway")["value"] == pytest.approx(50.0)
    plain = {"r": {"road_class": "footway", "name": "滨河路", "geometry": line}}
    assert row(two_estates(roads=plain), catalogue, "greenway")["status"] == "unknown"


def test_football_pitches_reach_by_their_kind(catalogue: Catalogue) -> None:
    town = two_estates(("football_3", Point(50, 350)), ("football", Point(2050, 550), {"name": "五人制足球场"}))
    found = row(town, catalogue, "football")
    three = covered_share(np.array([box(0, 0, 100, 100)]), np.array([Point(50, 350)]), 300.0)
    five = covered_share(np.array([box(2000, 0, 2100, 100)]), np.array([Point(2050, 550)]), 500.0)
    assert 0 < three < 1
    assert 0 < five < 1
    assert found["value"] == pytest.approx(100 * (three + five) / 2)
    vague = row(two_estates(("football", Point(50, 650))), catalogue, "football")
    assert (vague["lower"], vague["upper"]) == pytest.approx((0.0, 50.0))


# ── per head ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_culture_per_head_is_a_lower_bound_while_areas_are_unknown(catalogue: Catalogue) -> None:
    known = two_estates(("library", Point(0, 0), {"floor_area_m2": 100.0}), communities=people(1000))
    assert row(known, catalogue, "culture_area")["value"] == pytest.approx(0.1)
    partly = two_estates(("library", Point(0, 0), {"floor_area_m2": 100.0}), ("museum", Point(1, 1)),
                         communities=people(1000))  # fmt: skip
    found = row(partly, catalogue, "culture_area")
    assert (found["value"], found["coverage"]) == (pytest.approx(0.1), 0.5)
    assert np.isnan(found["upper"])
    nobody = two_estates(("library", Point(0, 0), {"floor_area_m2": 100.0}), communities=people(None))
    assert row(nobody, catalogue, "culture_area")["status"] == "unknown"


def test_people_of_a_table_that_covers_a_corner_are_not_the_towns(catalogue: Catalogue) -> None:
    corner = {"c": {"people": 1000, "geometry": box(0, 0, 100, 100)}}
    area = {"a": {"geometry": box(0, 0, 2100, 100)}}
    town = two_estates(("library", Point(0, 0), {"floor_area_m2": 100.0}), census=corner, study_area=area)
    assert np.isnan(row(town, catalogue, "culture_area")["value"])


def test_an_outline_is_the_most_that_a_shelter_can_be(catalogue: Catalogue) -> None:
    town = two_estates(("shelter", Point(0, 0), {"floor_area_m2": 500.0}), ("shelter", box(0, 0, 50, 50)),
                       communities=people(1000))  # fmt: skip
    found = row(town, catalogue, "shelter_area")
    assert (found["value"], found["lower"], found["upper"]) == pytest.approx((0.5, 0.5, 3.0))


def test_a_total_that_was_entered_goes_before_the_facilities(catalogue: Catalogue) -> None:
    town = two_estates(("library", Point(0, 0)), communities=people(1000),
                       observations=observed(culture_m2_town=(250.0, "统计年鉴")))  # fmt: skip
    assert row(town, catalogue, "culture_area")["value"] == pytest.approx(0.25)


# ── roads ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def square_km(**roads: SHAPES) -> Study:
    return study(study_area={"a": {"geometry": box(0, 0, 1000, 1000)}}, roads=roads)


def test_a_kilometre_of_street_in_a_square_kilometre(catalogue: Catalogue) -> None:
    street = {"road_class": "tertiary", "geometry": LineString([(0, 500), (1000, 500)])}
    alley = {"road_class": "service", "geometry": LineString([(0, 300), (1000, 300)])}
    found = row(square_km(street=street, alley=alley), catalogue, "road_density")
    assert (found["value"], found["upper"], found["status"]) == (pytest.approx(1.0), pytest.approx(1.0), "computed")
    assert "1.0 km of roads" in found["note_en"]


def test_the_two_lines_of_a_divided_road_count_once() -> None:
    east, west = LineString([(0, 500), (1000, 500)]), LineString([(1000, 520), (0, 520)])

    def length(*lines: tuple[LineString, str, bool]) -> float:
        frame = table(
            {
                f"r{i}": {
                    "road_class": "primary",
                    "name": name,
                    "oneway": oneway,
                    "roundabout": False,
                    "geometry": line,
                }
                for i, (line, name, oneway) in enumerate(lines)
            }
        )
        return road_length_m(frame, within=box(-10, 0, 1010, 1000), without=np.array([], dtype=object))

    assert length((east, "大道", True), (west, "大道", True)) == pytest.approx(1000)
    assert length((east, "大道", True)) == pytest.approx(1000), "a one-way street alone"
    assert length((east, "大道", True), (west.reverse(), "大道", True)) == pytest.approx(2000), "the same way"
    assert length((east, "大道", True), (west, "路", True)) == pytest.approx(2000), "two roads"
    assert length((east, "大道", False), (west, "大道", False)) == pytest.approx(2000)


def test_roads_inside_estates_and_unmapped_land(catalogue: Catalogue) -> None:
    line = {"road_class": "residential", "geometry": LineString([(0, 50), (100, 50)])}
    town = study(study_area={"a": {"geometry": box(0, 0, 2000, 1000)}}, roads={"r": line},
                 estates={"A": {"geometry": box(0, 0, 50, 100)}})  # fmt: skip
    found = row(town, catalogue, "road_density")
    assert found["value"] == pytest.approx(0.05 / 2)
    assert found["coverage"] < 0.9
    assert np.isnan(found["upper"]), "more roads may be there where none were mapped"


def test_built_up_land_is_the_blocks_that_buildings_cover() -> None:
    blocks = {"b1": {"geometry": box(0, 0, 100, 100)}, "b2": {"geometry": box(100, 0, 1100, 1000)}}
    homes = {"h": {"geometry": box(10, 10, 50, 50), "use": "residential"}, "i": {"geometry": box(200, 200, 220, 220)}}
    land, _, words = Town(study(blocks=blocks, buildings=homes)).built_up
    assert isinstance(land, Polygon)
    assert land.area == pytest.approx(10_000)
    assert "8%" in words


# ── fire stations ────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("name", "lower", "upper"),
    [
        ("清河一级消防站", 7.0, 7.0),
        ("特勤站", 7.0, 7.0),
        ("二级站", 4.0, 4.0),
        ("小型消防站", 2.0, 2.0),
        ("消防站", 2.0, 7.0),
    ],
)
def test_a_fire_station_serves_the_circle_of_its_class(
    catalogue: Catalogue, name: str, lower: float, upper: float
) -> None:
    town = study(
        study_area={"a": {"geometry": box(-5000, -5000, 5000, 5000)}},
        facilities={
            "f": {"category": "fire_station", "name": name, "geometry": Point(0, 0)},
            "m": {"category": "fire_station", "name": "微型消防站", "geometry": Point(4000, 0)},
        },
    )
    found = row(town, catalogue, "fire_stations")
    assert (found["lower"], found["upper"]) == pytest.approx((lower, upper), rel=1e-3)


# ── entered by hand ──────────────────────────────────────────────────────────────────────────────────────────────────
def observed(**items: tuple[float | None, str | None]) -> pd.DataFrame:
    rows = {
        f"town:town:{key}": {
            "subject": "town",
            "subject_id": "town",
            "item": key,
            "state": "measured",
            "value": value,
            "source": source,
        }
        for key, (value, source) in items.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def test_an_entered_value_stands_with_its_source(catalogue: Catalogue) -> None:
    found = row(two_estates(observations=observed(value_sewage=(72.5, "排水处2025年报"))), catalogue, "sewage")
    assert (found["value"], found["status"], found["source"]) == (72.5, "entered", "排水处2025年报")


def test_an_entered_value_goes_before_a_computed_one_and_both_are_told(catalogue: Catalogue) -> None:
    town = two_estates(("middle_school", Point(50, 50)), observations=observed(value_school_radius=(81.0, "教育局")))
    found = row(town, catalogue, "school_radius")
    assert (found["value"], found["status"]) == (81.0, "entered")
    assert "81" in found["note_en"]
    assert "computed: 50" in found["note_en"]
    assert "测算为50" in found["note_zh"]


@pytest.mark.parametrize(
    ("value", "source", "said"), [(72.5, None, "no source"), (72.5, "  ", "no source"), (None, "x", "no value")]
)
def test_an_entered_value_without_source_or_number_is_refused(
    catalogue: Catalogue, value: float | None, source: str | None, said: str
) -> None:
    with pytest.raises(InputError, match=said) as refused:
        district_values(two_estates(observations=observed(value_sewage=(value, source))), catalogue)
    assert refused.value.faults[0].ids == ("town:town:value_sewage",)


def test_an_indicator_that_is_entered_twice_is_refused(catalogue: Catalogue) -> None:
    once = observed(value_sewage=(72.5, "排水处"))
    again = once.set_axis(["town:t2:value_sewage"]).assign(subject_id="t2", value=80.0)
    with pytest.raises(InputError, match="several times") as refused:
        district_values(two_estates(observations=pd.concat([once, again])), catalogue)
    assert refused.value.faults[0].ids == ("town:town:value_sewage", "town:t2:value_sewage")


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
PLACES = st.tuples(st.integers(-1500, 3500), st.integers(-1500, 1500))


@settings(max_examples=8, deadline=None)
@given(st.lists(PLACES, min_size=1, max_size=4), PLACES)
def test_another_school_never_lowers_coverage(places: list[tuple[int, int]], another: tuple[int, int]) -> None:
    catalogue = load_catalogue("examination-2025")
    schools = [("middle_school", Point(place)) for place in places]
    before = row(two_estates(*schools), catalogue, "school_radius")
    after = row(two_estates(*schools, ("middle_school", Point(another))), catalogue, "school_radius")
    assert after["lower"] >= before["lower"] - 1e-9


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 3000), st.floats(0, 1))
def test_a_closer_school_never_lowers_the_coverage_of_an_estate(distance: float, closer: float) -> None:
    land = np.array([box(0, 0, 100, 100)])
    far, near = (covered_share(land, np.array([Point(50, 50 + d)]), 1000.0) for d in (distance, distance * closer))
    assert near >= far - 1e-9


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    catalogue = load_catalogue("examination-2025")
    things: list[tuple[str, object]] = [
        ("middle_school", Point(700, 0)), ("park", box(-60, 0, -10, 50)), ("park", Point(2050, 50)),
        ("football", Point(50, 350)), ("sports_ground", box(0, 0, 60, 60)), ("fire_station", Point(0, 0)),
    ]  # fmt: skip
    town = two_estates(*things)
    mixed = town.having({"facilities": town["facilities"].iloc[order], "estates": town["estates"].iloc[::-1]})
    pd.testing.assert_frame_equal(district_values(town, catalogue), district_values(mixed, catalogue))
