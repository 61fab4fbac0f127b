"""Boxes and places of clients, brought to the study."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadRequestError
from api.features.areas import box_area, extent, extent_84, literal_area, meeting, meeting_positions
from api.features.crs import CRS84, references
from tests.api.features.made import ORIGIN, snapshot

X, Y = ORIGIN
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
RNG = np.random.default_rng(6)
SPOTS = RNG.uniform(-12_000, 12_000, (400, 2)) + np.array([X - 60_000, Y])
POINTS = snapshot({"n": ("count", [0] * 400)}, [shapely.Point(each) for each in SPOTS])
HOUSES = snapshot({"n": ("count", [0] * 400)}, [shapely.box(x, y, x + 300, y + 200) for x, y in SPOTS])
KNOWN = references(POINTS.crs)
DEGREES = KNOWN[CRS84]
WEST, SOUTH, EAST, NORTH = extent_84(POINTS) or (0.0, 0.0, 0.0, 0.0)
share = st.floats(-0.2, 1.2)


@given(a=share, b=share, c=share, d=share)
def test_a_box_in_degrees_finds_what_lies_between_its_degrees(a: float, b: float, c: float, d: float) -> None:
    """Sixty kilometres from the central meridian, where north leans by a third of a degree."""
    left, right = sorted(WEST + (EAST - WEST) * each for each in (a, b))
    bottom, top = sorted(SOUTH + (NORTH - SOUTH) * each for each in (c, d))
    lon, lat = DEGREES.from_study(SPOTS[:, 0], SPOTS[:, 1])
    inside = (lon >= left) & (lon <= right) & (lat >= bottom) & (lat <= top)
    # a chord of 500 m leaves its parallel by less than a centimetre
    sure = np.min([abs(lon - left), abs(lon - right), abs(lat - bottom), abs(lat - top)], axis=0) > 1e-7
    found = meeting(POINTS, box_area(POINTS, [left, bottom, right, top], DEGREES, "bbox"))
    assert (found == inside)[sure].all()


@given(a=share, b=share, c=share, d=share)
def test_the_box_inside_changes_nothing(a: float, b: float, c: float, d: float) -> None:
    left, right = sorted(WEST + (EAST - WEST) * each for each in (a, b))
    bottom, top = sorted(SOUTH + (NORTH - SOUTH) * each for each in (c, d))
    area = box_area(HOUSES, [left, bottom, right, top], DEGREES, "bbox")
    if area.inner is not None:
        assert shapely.covers(area.shape, shapely.box(*area.inner))
    if not area.everything:
        wanted = np.flatnonzero(shapely.intersects(area.shape, HOUSES.geometry))
        assert meeting_positions(HOUSES, area).tolist() == wanted.tolist()


def test_most_boxes_have_a_box_inside() -> None:
    step = (EAST - WEST) / 10
    made = [box_area(HOUSES, [WEST + n * step, SOUTH + n * step / 2, WEST + (n + 1) * step, NORTH - n * step / 3],
                     DEGREES, "bbox") for n in range(1, 9)]  # fmt: skip
    assert all(each.inner for each in made)


@pytest.mark.parametrize("uri", [CRS84, EPSG + "4326", EPSG + "4490", EPSG + "3857", EPSG + "4549"])
def test_the_extent_holds_everything(uri: str) -> None:
    system = KNOWN[uri]
    left, bottom, right, top = extent(POINTS, system) or (0.0, 0.0, 0.0, 0.0)
    numbers = [bottom, left, top, right] if system.flipped else [left, bottom, right, top]
    area = box_area(POINTS, numbers, system, "bbox")
    assert area.everything
    assert meeting(POINTS, area).all()


def test_the_world_and_the_other_side_of_it() -> None:
    assert box_area(POINTS, [-180, -90, 180, 90], DEGREES, "bbox").everything
    assert box_area(POINTS, [100, 0, -170, 60], DEGREES, "bbox").everything
    assert not meeting(POINTS, box_area(POINTS, [170, -90, -170, 90], DEGREES, "bbox")).any()
    middle = (WEST + EAST) / 2
    halves = [meeting(POINTS, box_area(POINTS, each, DEGREES, "bbox"))
              for each in ([middle, 0, -170, 60], [-170, 0, middle, 60])]  # fmt: skip
    assert (halves[0] ^ halves[1]).all()


def test_flat_boxes_are_lines_and_points() -> None:
    made = snapshot({"n": ("count", [0, 0])}, [shapely.Point(X, Y), shapely.box(X + 10, Y, X + 20, Y + 10)])
    own = KNOWN[EPSG + "4549"]
    assert meeting(made, box_area(made, [Y, X, Y, X], own, "bbox")).tolist() == [True, False]
    assert meeting(made, box_area(made, [Y, X, Y, X + 15], own, "bbox")).tolist() == [True, True]


@pytest.mark.parametrize("shapes", [[shapely.Point(X, Y)], [shapely.Point(X, Y), shapely.Point(X, Y + 9000)]])
def test_one_point_and_one_line_have_an_extent(shapes: list[shapely.Geometry]) -> None:
    made = snapshot({"n": ("count", [0] * len(shapes))}, shapes)
    west, south, east, north = extent_84(made) or (0.0, 0.0, 0.0, 0.0)
    assert west <= 120.0 <= east + 1e-9
    assert meeting(made, box_area(made, [west, south, east, north], DEGREES, "bbox")).all()
    assert meeting(made, box_area(made, [119.9, 30.1, 120.1, 30.4], DEGREES, "bbox")).all()


def test_no_places_no_area() -> None:
    made = snapshot({"n": ("count", [0])})
    assert extent_84(made) is None
    assert not meeting(made, box_area(made, [-180, -90, 180, 90], DEGREES, "bbox")).any()


@pytest.mark.parametrize(
    ("numbers", "uri", "told"),
    [
        ([1, 2, 3], CRS84, "3 numbers are no box"), ([1, 2, 3, 1], CRS84, "lower edge 2 lies above its upper edge 1"),
        ([0, 0, 181, 1], CRS84, "no longitude, latitude"), ([0, 0, 1, 91], CRS84, "no longitude, latitude"),
        ([0, 100, 1, 120], EPSG + "4326", None), ([100, 0, 120, 1], EPSG + "4326", "no latitude, longitude"),
        ([5, 0, 1, 9], EPSG + "3857", "its left edge 5 lies right of its right edge 1"),
        ([float("nan"), 0, 1, 1], CRS84, "not a number"),
    ],
)  # fmt: skip
def test_boxes_that_are_none(numbers: list[float], uri: str, told: str | None) -> None:
    if told is None:
        box_area(POINTS, numbers, KNOWN[uri], "bbox")
        return
    with pytest.raises(BadRequestError, match=told):
        box_area(POINTS, numbers, KNOWN[uri], "bbox")


def test_places_keep_a_part_where_no_feature_is() -> None:
    near = shapely.box(WEST, SOUTH, EAST, NORTH)
    far = shapely.box(0, 0, 1, 1)
    area = literal_area(POINTS, shapely.MultiPolygon([near, far]), DEGREES, "filter")
    assert shapely.get_num_geometries(area.shape) == 2
    assert len(shapely.get_coordinates(area.shape)) < 1000
    with pytest.raises(BadRequestError, match="not valid: Self-intersection"):
        literal_area(POINTS, shapely.from_wkt("POLYGON((0 0,1 1,1 0,0 1,0 0))"), DEGREES, "filter")
