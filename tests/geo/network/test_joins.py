"""Which way a place stands on: each rule on a few lines, by hand; and against shapely on random ones."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.network import LEFT, RIGHT, Joins, Network, WalkOptions
from geo.network.joins import at_nodes, islanders, join
from geo.network.snapping import SHY_M
from tests.geo.access.reference import METRIC, network_of_lines, shapes

LINE = shapely.LineString


def place(*geometry, ids=None) -> gpd.GeoSeries:
    return gpd.GeoSeries(list(geometry), index=ids or [f"p{k}" for k in range(len(geometry))], crs=METRIC)


def rows(joins: Joins) -> list[tuple[str, int, float, float]]:
    """Return id, edge, metres along and off of every row."""
    return [
        (joins.index[p], int(e), round(float(a), 6), round(float(o), 6))
        for p, e, a, o in zip(joins.place, joins.edge, joins.along_m, joins.off_m, strict=True)
    ]


def two_streets() -> Network:
    """A street along y = 0, another along y = 100, a third that links them in the west; 0 to 200 in x."""
    return network_of_lines([LINE([(0, 0), (200, 0)]), LINE([(0, 100), (200, 100)]), LINE([(0, 0), (0, 100)])])


def test_a_place_stands_on_the_nearest_point_of_an_edge_not_on_a_node() -> None:
    assert rows(join(two_streets(), place(shapely.Point(120, 30)))) == [("p0", 0, 120.0, 30.0)]


def test_an_edge_is_measured_from_its_first_end_round_its_bends() -> None:
    network = network_of_lines([LINE([(0, 0), (100, 0), (100, 50)])])
    assert rows(join(network, place(shapely.Point(110, 20)))) == [("p0", 0, 120.0, 10.0)]


def test_a_place_beyond_the_end_of_a_way_stands_on_its_end() -> None:
    assert rows(join(two_streets(), place(shapely.Point(230, -40)))) == [("p0", 0, 200.0, 50.0)]


def test_a_place_too_far_from_every_way_is_not_joined() -> None:
    found = join(two_streets(), place(shapely.Point(100, -499), shapely.Point(100, -501)))
    assert rows(found) == [("p0", 0, 100.0, 499.0)]
    assert found.why_not.to_dict() == {"p1": "far"}


def test_a_wall_sends_a_place_to_the_street_on_its_own_side() -> None:
    """The near street is 30 m off behind a wall; the other one is 70 m off."""
    network = two_streets()
    walled = network_of_lines(list(network.lines), walls=shapes(LINE([(-50, 10), (250, 10)])))
    assert rows(join(walled, place(shapely.Point(120, 30)))) == [("p0", 1, 120.0, 70.0)]


def test_round_the_end_of_a_wall_the_next_way_in_sight_is_joined() -> None:
    network = network_of_lines(list(two_streets().lines), walls=shapes(LINE([(110, 10), (250, 10)])))
    assert rows(join(network, place(shapely.Point(105, 30)))) == [("p0", 0, 105.0, 30.0)]
    assert rows(join(network, place(shapely.Point(120, 30)))) == [("p0", 1, 120.0, 70.0)]


def test_a_place_walled_in_is_cut_off() -> None:
    network = network_of_lines(list(two_streets().lines), walls=shapes(shapely.box(80, 20, 120, 40).exterior))
    found = join(network, place(shapely.Point(100, 30)))
    assert len(found.place) == 0
    assert found.why_not.to_dict() == {"p0": "cut_off"}


def test_a_way_along_a_wall_is_joined_from_its_own_side_and_the_place_may_stand_on_the_wall() -> None:
    """The wall is drawn on the street's own line (an arterial): it may be touched, not crossed."""
    network = network_of_lines(list(two_streets().lines), walls=shapes(LINE([(0, 0), (200, 0)])))
    found = join(network, place(shapely.Point(120, 30), shapely.Point(120, 0), shapely.Point(120, -10)))
    assert rows(found) == [("p0", 0, 120.0, 30.0), ("p1", 0, 120.0, 0.0), ("p2", 0, 120.0, 10.0)]


def arterial() -> Network:
    """An arterial along y = 0 as its left (north) and right (south) side, and a lane from the north to its left.

    The sides meet at the ends, where there are crossings.
    """
    line = LINE([(0, 0), (100, 0)]), LINE([(100, 0), (200, 0)])
    lines = [line[0], line[0], line[1], line[1], LINE([(100, 0), (100, 100)])]
    # the middle node stands twice: 1 on the left, 4 on the right
    network = network_of_lines(lines)
    west, middle, north, east = (
        int(np.flatnonzero((network.node_xy == xy).all(axis=1))[0]) for xy in ((0, 0), (100, 0), (100, 100), (200, 0))
    )
    other = len(network.node_xy)
    return network_of_lines(
        lines,
        node_xy=np.concatenate([network.node_xy, [[100.0, 0.0]]]),
        edge_a=np.array([west, west, middle, other, middle]),
        edge_b=np.array([middle, other, east, east, north]),
        component=np.zeros(other + 1, dtype=np.int64),
        side=np.array([LEFT, RIGHT, LEFT, RIGHT, 0]),
        walls=shapes(*line),
    )


@pytest.mark.parametrize(
    ("xy", "edge"),
    [((50, 20), 0), ((50, -20), 1), ((150, 20), 2), ((150, -20), 3), ((130, 60), 4), ((100, -20), 1), ((-10, 5), 0)],
)
def test_a_place_stands_on_its_own_side_of_an_arterial(xy: tuple[float, float], edge: int) -> None:
    """South of where the lane meets the arterial, the lane's end is as near as the road: the road's own side counts."""
    assert join(arterial(), place(shapely.Point(xy))).edge.tolist() == [edge]


def test_sides_are_told_apart_behind_a_sharp_bend() -> None:
    """A hairpin with its bend at (100, 0), arms to (0, 5) and (0, -5): outside is left, between the arms is right."""
    line = LINE([(0, 5), (100, 0), (0, -5)])
    network = network_of_lines([line, line], side=np.array([LEFT, RIGHT]))
    outside = place(*(shapely.Point(100 + 10 * np.cos(a), 10 * np.sin(a)) for a in (-1.4, -0.5, 0.0, 0.5, 1.4)))
    assert join(network, outside).edge.tolist() == [0] * 5
    assert join(network, place(shapely.Point(50, 0))).edge.tolist() == [1]


def estate() -> Network:
    """A street along y = 0, and a closed estate at y 20 to 120 with a path inside that leaves by the gate (50, 20)."""
    outline = shapely.box(0, 20, 200, 120)
    return network_of_lines(
        [LINE([(0, 0), (50, 0)]), LINE([(50, 0), (200, 0)]), LINE([(50, 0), (50, 20)]), LINE([(50, 20), (50, 100)])],
        estate=np.array([-1, -1, -1, 0]),
        estate_ids=("E",),
        estate_shapes=shapes(outline),
        walls=shapes(outline.exterior),
    )


def test_a_home_in_a_closed_estate_stands_on_the_estates_own_path() -> None:
    """15 m from the street over the wall, 130 m from the path: the path. The shop outside is on the street."""
    found = join(estate(), place(shapely.Point(180, 30), shapely.Point(180, 10)), entrances=False)
    assert rows(found) == [("p0", 3, 10.0, 130.0), ("p1", 1, 130.0, 10.0)]


def test_what_belongs_to_the_estate_is_not_entered_from_the_street() -> None:
    """A school within the walls, 5 m behind them: the street is 10 m off but outside."""
    school = shapely.box(150, 25, 190, 60)
    network = estate()
    near = network_of_lines(
        [LINE([(0, 15), (200, 15)]), *network.lines[2:]], estate=np.array([-1, -1, 0]), estate_ids=("E",),
        estate_shapes=network.estate_shapes, walls=network.walls, component=np.zeros(5, dtype=np.int64),
    )  # fmt: skip
    assert set(join(near, place(school)).edge.tolist()) == {2}


def test_of_two_estates_over_each_other_the_smaller_counts() -> None:
    big, small = shapely.box(0, 0, 100, 100), shapely.box(10, 10, 50, 50)
    network = network_of_lines(
        [LINE([(0, 60), (100, 60)]), LINE([(20, 60), (20, 20)])], estate=np.array([0, 1]), estate_ids=("B", "S"),
        estate_shapes=shapes(big, small),
    )  # fmt: skip
    assert join(network, place(shapely.Point(40, 49), shapely.Point(40, 51))).edge.tolist() == [1, 0]


def with_island() -> Network:
    """The street of 200 m, and a path of 40 m that hangs together with nothing, 50 m north of it."""
    return network_of_lines([LINE([(0, 0), (200, 0)]), LINE([(80, 50), (120, 50)])])


def test_the_towns_own_network_comes_before_an_island_however_near() -> None:
    assert rows(join(with_island(), place(shapely.Point(100, 45)))) == [("p0", 0, 100.0, 45.0)]


def test_an_island_is_joined_where_nothing_else_is_in_reach_and_told() -> None:
    found = join(with_island(), place(shapely.Point(100, 520), shapely.Point(100, 20)))
    assert rows(found) == [("p0", 1, 20.0, 470.0), ("p1", 0, 100.0, 20.0)]
    assert islanders(with_island(), found).tolist() == ["p0"]


def test_nobody_climbs_onto_a_bridge_or_down_into_a_tunnel_from_the_ground_beside_it() -> None:
    """The near way is a bridge (or a tunnel) 10 m off; the street on the ground is 90 m off.

    A park beside both is entered from the ground; with nothing but the bridge in reach, the bridge has to do.
    """
    network = network_of_lines(list(two_streets().lines), over=np.array([True, False, False]))
    park = shapely.box(120, 2, 140, 98)
    assert rows(join(network, place(shapely.Point(120, 10)))) == [("p0", 1, 120.0, 90.0)]
    assert set(join(network, place(park)).edge) == {1}
    alone = network_of_lines([LINE([(0, 0), (200, 0)])], over=np.array([True]))
    assert rows(join(alone, place(shapely.Point(120, 10)))) == [("p0", 0, 120.0, 10.0)]


def test_a_park_is_entered_from_every_way_that_comes_near() -> None:
    """Streets pass 10 m south and 12 m north of a park, a third is 40 m away."""
    network = network_of_lines([LINE([(0, 0), (200, 0)]), LINE([(0, 82), (200, 82)]), LINE([(0, 0), (0, 82)])])
    found = join(network, place(shapely.box(40, 10, 160, 70)))
    assert set(found.edge.tolist()) == {0, 1}
    south = found.along_m[found.edge == 0]
    # within 15 m of the outline from 40 - √(15² - 10²) to 160 + √(15² - 10²), at most 20 m apart, nearest 10 m off
    # (a circle is drawn of straight pieces: some cm are missing)
    beyond = np.sqrt(15**2 - 10**2)
    assert [south.min(), south.max()] == pytest.approx([40 - beyond, 160 + beyond], abs=0.2)
    assert np.diff(np.sort(south)).max() <= 20
    assert found.off_m[found.edge == 0].min() == pytest.approx(10)
    assert found.off_m[found.edge == 1].min() == pytest.approx(12)
    assert (np.diff(found.place) >= 0).all()


def test_a_path_into_a_park_is_an_entrance_without_a_way_off_it() -> None:
    network = network_of_lines([LINE([(0, 0), (200, 0)]), LINE([(100, 0), (100, 90)])])
    found = join(network, place(shapely.box(50, 40, 150, 140)))
    assert set(found.edge.tolist()) == {1}
    assert found.off_m[found.along_m >= 40] == pytest.approx(0.0)
    assert found.off_m[found.along_m < 40] == pytest.approx(40 - found.along_m[found.along_m < 40])


def test_a_fenced_park_is_entered_from_within_its_fence_only() -> None:
    """A fence between street and park has its gap at x = 90 to 110."""
    fence = [LINE([(0, 5), (90, 5)]), LINE([(110, 5), (200, 5)])]
    network = network_of_lines([LINE([(0, 0), (200, 0)])], walls=shapes(*fence))
    found = join(network, place(shapely.box(50, 10, 150, 90)))
    assert len(found.place)
    assert ((found.along_m > 90) & (found.along_m < 110)).all()


def test_an_outline_that_no_way_comes_near_is_joined_from_its_border() -> None:
    """The street is 60 m from the border, 110 m from the middle."""
    found = join(two_streets(), place(shapely.box(50, -160, 150, -60)))
    assert len(found.place) == 1
    assert found.edge.tolist() == [0]
    assert found.off_m.tolist() == pytest.approx([60.0])


def test_an_arterial_is_no_entrance_for_what_lies_on_its_other_side() -> None:
    assert set(join(arterial(), place(shapely.box(20, 5, 60, 50))).edge.tolist()) == {0}
    assert set(join(arterial(), place(shapely.box(20, -50, 60, -5))).edge.tolist()) == {1}


def test_a_home_is_joined_once_from_its_inner_point() -> None:
    """A long house beside the street."""
    found = join(two_streets(), place(shapely.box(20, 5, 60, 25)), entrances=False)
    assert rows(found) == [("p0", 0, 40.0, 15.0)]


def test_lines_and_many_points_are_joined_too() -> None:
    found = join(two_streets(), place(LINE([(50, 20), (50, 40)]), shapely.MultiPoint([(20, 30), (150, 310)])))
    assert found.index[np.unique(found.place)].tolist() == ["p0", "p1"]
    assert rows(found) == [("p0", 0, 50.0, 20.0), ("p1", 2, 30.0, 20.0)]


def test_nodes_stand_on_themselves() -> None:
    network = two_streets()
    found = at_nodes(network)
    assert found.off_m.tolist() == [0.0] * 4
    on = shapely.line_interpolate_point(network.lines[found.edge], found.along_m)
    assert shapely.get_coordinates(on) == pytest.approx(network.node_xy[found.place])


def test_a_network_without_ways_joins_nothing() -> None:
    empty = network_of_lines([LINE([(0, 0), (1, 0)])])
    none = np.zeros(0, dtype=np.int64)
    nothing = Network(
        METRIC, empty.node_xy, none, none, np.zeros(0), {"adult": (np.zeros(0), np.zeros(0))}, shapes(), none, none,
        none, np.zeros(2, dtype=np.int64), shapes(),
    )  # fmt: skip
    found = join(nothing, place(shapely.Point(0, 0), shapely.box(0, 0, 9, 9)))
    assert found.why_not.to_dict() == {"p0": "far", "p1": "far"}


def test_what_cannot_be_joined_is_refused_at_once() -> None:
    bad = gpd.GeoSeries([shapely.Point(0, 0), None, shapely.Point()], index=["a", "a", "b"], crs=4326)
    with pytest.raises(InputError) as refusal:
        join(two_streets(), bad)
    text = str(refusal.value)
    assert "places are in EPSG:4326" in text
    assert "ids of places appear twice" in text
    assert "places without geometry" in text


def test_coordinates_that_are_no_numbers_are_refused_and_an_outline_on_one_spot_is_a_point() -> None:
    network = two_streets()
    for wrong in (shapely.Point(np.inf, 3), shapely.Point(np.nan, 3)):
        with pytest.raises(InputError, match="no numbers"):
            join(network, place(shapely.Point(1, 1), wrong))
    spot = shapely.Polygon([(120, 30)] * 4)
    assert rows(join(network, place(spot))) == [("p0", 0, 120.0, 30.0)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_nearest_point_is_that_of_shapely_and_reached_without_crossing_walls(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lines = [LINE(rng.uniform(0, 400, (int(rng.integers(2, 5)), 2))) for _ in range(int(rng.integers(1, 25)))]
    walls = shapes(*(LINE(rng.uniform(0, 400, (2, 2))) for _ in range(int(rng.integers(0, 12)))))
    ends = network_of_lines(lines)
    all_own = np.zeros(len(ends.node_xy), dtype=np.int64)
    network = network_of_lines(lines, walls=walls, options=WalkOptions(join_m=150), component=all_own)
    points = shapely.points(rng.uniform(-100, 500, (20, 2)))
    found = join(network, place(*points))
    on = shapely.line_interpolate_point(network.lines[found.edge], found.along_m)
    assert shapely.distance(on, points[found.place]) == pytest.approx(found.off_m, abs=1e-6)
    nearest = np.full(20, np.inf)
    for line in network.lines:
        # every piece's nearest point may be the first in sight
        for a, b in zip(line.coords[:-1], line.coords[1:], strict=True):
            straight = shapely.shortest_line(points, LINE([a, b]))
            long = shapely.length(straight)
            near_end, far_end = (shapely.line_interpolate_point(straight, at) for at in (SHY_M, long - SHY_M))
            seen = shapely.linestrings(shapely.get_coordinates([near_end, far_end]).reshape(2, -1, 2).swapaxes(0, 1))
            clear = np.ones(20, dtype=bool)
            for wall in walls:
                clear &= ~shapely.intersects(seen, wall)
            nearest = np.where(clear & (long <= 150), np.minimum(nearest, long), nearest)
    off = np.full(20, np.inf)
    off[found.place] = found.off_m
    assert off == pytest.approx(nearest, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_places_has_no_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = two_streets()
    where = [shapely.Point(xy) if rng.random() < 0.5 else shapely.box(*xy, *(xy + 20)) for xy in
             rng.uniform(-50, 250, (10, 2))]  # fmt: skip
    places = place(*where)
    shuffled = places.iloc[rng.permutation(10)]
    assert sorted(rows(join(network, places))) == sorted(rows(join(network, shuffled)))
