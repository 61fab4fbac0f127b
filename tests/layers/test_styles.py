"""Colours and classes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.styles import (
    AGAINST_FILLS,
    COMMUNITY_COLOURS,
    DENSITY_BREAKS,
    DENSITY_FILLS,
    FACILITY_COLOURS,
    INK,
    Style,
    against,
    neighbour_colours,
    ranges,
)


@given(st.lists(st.lists(st.integers(0, 11), min_size=6, max_size=6), min_size=6, max_size=6), st.randoms())
def test_neighbours_on_a_grid_differ_whatever_the_order(grid, random):
    """Cells of a 6 x 6 grid carry community numbers; communities whose cells touch are neighbours."""
    cells = {(row, column): f"c{grid[row][column]}" for row in range(6) for column in range(6)}
    edges = {
        (cells[at], cells[to])
        for at in cells for to in ((at[0] + 1, at[1]), (at[0], at[1] + 1)) if to in cells and cells[to] != cells[at]
    }  # fmt: skip
    colours = neighbour_colours(set(cells.values()), edges, len(COMMUNITY_COLOURS))
    degree = max((sum(v in edge for edge in edges) for v in set(cells.values())), default=0)
    if degree < len(COMMUNITY_COLOURS):
        assert all(colours[a] != colours[b] for a, b in edges)
    vertices, shuffled = list(set(cells.values())), [(b, a) for a, b in edges]
    random.shuffle(vertices)
    random.shuffle(shuffled)
    assert neighbour_colours(vertices, shuffled, len(COMMUNITY_COLOURS)) == colours


def test_where_colours_run_out_the_rarest_is_taken():
    ring = [("a", "b"), ("b", "c"), ("c", "a")]
    assert sorted(neighbour_colours("abc", ring, 2).values()) == [0, 0, 1]


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("fill", [*COMMUNITY_COLOURS, *AGAINST_FILLS.values()])
def test_ink_reads_well_on_every_ground(fill):
    assert (_luminance(fill) + 0.05) / (_luminance(INK) + 0.05) > 6


def test_households_at_a_limit_are_within():
    assert [against(x, 1000, 3000) for x in (999, 1000, 3000, 3001, None, math.nan)] == [
        "below", "within", "within", "above", "unknown", "unknown",
    ]  # fmt: skip
    assert against(5, None, None) == "within"


def test_ranges_hold_every_number_once():
    style = Style("ranges", ranges(DENSITY_BREAKS, DENSITY_FILLS, "#FFFFFF", ("户", "hh")), "x")
    assert [style.class_of(x) for x in (0, 9.99, 10, 199, 200, 1e9)] == [0, 0, 1, 4, 5, 5]
    assert [style.classes[i].label_en for i in (0, -1)] == ["< 10 hh", "≥ 200 hh"]


def test_every_facility_group_has_a_colour_of_its_own():
    assert len(set(FACILITY_COLOURS.values())) == len(FACILITY_COLOURS)
