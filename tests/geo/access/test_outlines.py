"""Outlines of land: by hand on small fields, and laws on fields by chance."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.access.outlines import area_of, rings

INF = np.inf


def rimmed(walks) -> np.ndarray:
    """Return walks (northernmost row first, as they are written) with a rim out of reach."""
    return np.pad(np.array(walks, float)[::-1], 1, constant_values=INF)


def land(walks, limit: float, *, cliff: float = 3.0, step_m: float = 1.0) -> shapely.MultiPolygon:
    return area_of(rings(rimmed(walks), limit, cliff), np.array([-1.0, -1.0]), step_m)


def test_a_single_point_is_a_hexagon_of_half_a_step() -> None:
    """Six sides meet at the point, each left at its middle: a hexagon of 3/4 square steps."""
    shape = land([[0]], 2)
    assert shape.area == pytest.approx(0.75)
    assert shape.bounds == pytest.approx((-0.5, -0.5, 0.5, 0.5))
    assert land([[0]], 2, step_m=10).area == pytest.approx(75)


def test_the_outline_runs_where_walks_grow_to_the_limit() -> None:
    """Walks grow by 2 a step towards the east; 3 is reached half-way between the second and the third column."""
    shape = land([[0, 2, 4, 6]] * 3, 3)
    assert shape.bounds[2] == pytest.approx(1.5)


def test_who_has_to_go_round_leaves_a_hole() -> None:
    shape = land([[1, 1, 1], [1, 9, 1], [1, 1, 1]], 2)
    assert [len(part.interiors) for part in shape.geoms] == [1]
    assert not shape.covers(shapely.Point(1, 1))


def test_an_island_in_a_hole() -> None:
    walks = np.full((7, 7), 1.0)
    walks[1:6, 1:6] = 9
    walks[3, 3] = 1
    shape = land(walks, 2)
    assert sorted(len(part.interiors) for part in shape.geoms) == [0, 1]
    assert shape.covers(shapely.Point(3, 3))


def test_nothing_within_the_limit() -> None:
    assert land([[5, 5]], 2).is_empty


fields = st.integers(0, 10**6).map(lambda seed: np.random.default_rng(seed).integers(0, 12, (6, 7)).astype(float))


@settings(max_examples=100, deadline=None)
@given(fields, st.integers(0, 11), st.integers(0, 11))
def test_points_are_inside_by_their_walk_and_land_is_nested(field, one, other) -> None:
    low, high = sorted((one, other))
    smaller, larger = land(field, low), land(field, high)
    assert smaller.is_valid
    assert larger.is_valid
    assert smaller.difference(larger).area < 1e-9
    row, column = np.indices(field.shape)
    inside = shapely.contains_xy(larger, column, field.shape[0] - 1 - row)
    assert (inside == (field <= high)).all()
