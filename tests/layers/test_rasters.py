"""Rasters as they are served: units, classes, colours."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geo.raster import Raster
from layers.rasters import DERIVED, NAMES, OPACITY, UNITS, height_breaks, look, paint
from layers.words import WORDS

METRIC = CRS.from_epsg(4549)


def raster(values: np.ndarray, cell: float = 100.0) -> Raster:
    return Raster(values.astype("float32"), Affine(cell, 0, 500000, 0, -cell, 3340000), METRIC)


def test_people_are_told_by_the_hectare() -> None:
    made = look("population", raster(np.array([[9.0, 90.0], [np.nan, 0.0]]), cell=50.0))
    assert made.raster.values[0].tolist() == [36.0, 360.0]
    assert np.isnan(made.raster.values[1, 0])


@pytest.mark.parametrize("name", NAMES)
def test_every_raster_has_words_and_a_class_for_every_value(name: str) -> None:
    made = look(name, raster(np.random.default_rng(3).uniform(0, 300, (9, 9))))
    assert {f"raster.{name}", UNITS[name]} <= set(WORDS)
    assert 0 < OPACITY[name] <= 1
    assert DERIVED[name] in ("population", "dem")
    edges = [(each.lower, each.upper) for each in made.style.classes]
    assert edges[0][0] is None
    assert edges[-1][1] is None
    assert [upper for _, upper in edges[:-1]] == [lower for lower, _ in edges[1:]]


@given(st.lists(st.floats(-100, 1000, width=32), min_size=1, max_size=30))
def test_a_pixel_has_the_colour_of_its_class(values: list[float]) -> None:
    style = look("population", raster(np.ones((2, 2)))).style
    pixels = paint(np.array([values]), style)[0]
    for value, pixel in zip(values, pixels, strict=True):
        fill = style.classes[style.class_of(value)].symbol.fill
        assert tuple(pixel) == (int(fill[1:3], 16), int(fill[3:5], 16), int(fill[5:7], 16), 255)


def test_what_is_not_known_is_transparent() -> None:
    for name in NAMES:
        style = look(name, raster(np.arange(16.0).reshape(4, 4))).style
        assert paint(np.array([[np.nan]]), style)[0, 0].tolist() == [0, 0, 0, 0]


def test_shade_is_dark_away_from_the_light_and_nothing_on_level_ground() -> None:
    style = look("hillshade", raster(np.zeros((3, 3)))).style
    level, dark, light = paint(np.array([[0.7072, 0.1, 1.0]]), style)[0]
    assert level[3] == 0
    assert dark[3] > 150
    assert dark[0] < 60
    assert light[0] == 255


@given(st.floats(-400, 5000), st.floats(0.5, 4000))
def test_heights_are_parted_at_round_figures(low: float, rise: float) -> None:
    values = np.linspace(low, low + rise, 500, dtype="float32")
    breaks = height_breaks(values)
    assert 1 <= len(breaks) <= 9
    assert list(breaks) == sorted(set(breaks))
    assert all(low - 1e-3 <= each <= low + rise * 1.3 + 1 for each in breaks)


def test_a_flat_or_unknown_ground_has_classes_too() -> None:
    assert len(height_breaks(np.full((2, 2), 7.0, dtype="float32"))) >= 1
    assert height_breaks(np.full((2, 2), np.nan, dtype="float32")) == (0.0,)
