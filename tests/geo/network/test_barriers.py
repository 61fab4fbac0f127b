"""Rivers, railways and walls: by hand, rule by rule.

Most towns here are one way of 100 m from west to east with a barrier across its middle, from south to north.

          |b
    0-----+-----100
          |
"""

import math

import pytest
from shapely import LinearRing, LineString, Point, Polygon, box

from geo.network import Network, walking_network
from tests.geo.network.drawn import barrier, passages, roads, said, table, walk

ACROSS = LineString([(50, -50), (50, 50)])


def crossed(kind: str, road_class: str = "residential", shape=ACROSS, passes=None, **columns: object) -> Network:
    """Return the network of a way from west to east, with a barrier across it."""
    way = roads(way=(road_class, [(0, 0), (100, 0)]))
    return walking_network(way, barriers=barrier(kind, shape, **columns), passages=passes)


def through(network: Network) -> bool:
    return not math.isinf(walk(network, (0, 0), (100, 0)))


@pytest.mark.parametrize("road_class", ["residential", "footway", "primary"])
def test_nobody_walks_through_a_wall(road_class: str) -> None:
    network = crossed("wall", road_class)
    assert not through(network)
    assert said(network, "cut_by_barrier") == [("roads", "way")]
    assert network.length_m.sum() == pytest.approx(100 * (2 if road_class == "primary" else 1))
    assert ACROSS.length == pytest.approx(network.walls[0].length)


def test_a_gate_near_by_opens_the_wall() -> None:
    assert through(crossed("wall", passes=passages(("gate", 50, 19))))
    assert not through(crossed("wall", passes=passages(("gate", 50, 21))))
    assert not through(crossed("wall", passes=passages(("crossing", 50, 0))))


def test_a_gate_among_the_facilities_opens_the_wall() -> None:
    way = roads(way=("footway", [(0, 0), (100, 0)]))
    gate = table({"category": ["gate"]}, {"f1": Point(50, 0)})
    shop = table({"category": ["supermarket"]}, {"f1": Point(50, 0)})
    assert through(walking_network(way, barriers=barrier("wall", ACROSS), facilities=gate))
    assert not through(walking_network(way, barriers=barrier("wall", ACROSS), facilities=shop))


@pytest.mark.parametrize("over", [{"bridge": True}, {"tunnel": True}, {"level": 1}, {"level": -1}])
@pytest.mark.parametrize("kind", ["wall", "river", "railway"])
def test_bridges_tunnels_and_other_levels_pass_every_barrier(kind: str, over: dict) -> None:
    way = roads(way=("footway", [(0, 0), (100, 0)], over))
    network = walking_network(way, barriers=barrier(kind, ACROSS))
    assert through(network)
    assert {repair.code for repair in network.repairs} == set()


def test_a_way_over_a_railway_is_a_level_crossing_and_said_where_none_is_mapped() -> None:
    assert said(crossed("railway", "footway"), "level_crossing") == [("roads", "way")]
    assert through(crossed("railway", "footway"))
    mapped = crossed("railway", "footway", passes=passages(("level_crossing", 52, 3)))
    assert through(mapped)
    assert said(mapped, "level_crossing") == []


def test_a_road_over_a_river_is_taken_as_a_bridge_and_a_path_ends_there() -> None:
    road, path = crossed("river", "tertiary"), crossed("river", "footway")
    assert through(road)
    assert said(road, "bridge_assumed") == [("roads", "way")]
    assert not through(path)
    assert said(path, "cut_by_barrier") == [("roads", "way")]


@pytest.mark.parametrize(
    ("columns", "open_"),
    [
        ({"crossable": True}, True),
        ({"crossable": False}, False),
        ({"tunnel": True}, True),
        ({"crossable": None}, False),
    ],
)
def test_what_the_table_says_of_a_wall_counts(columns: dict, open_: bool) -> None:
    assert through(crossed("wall", "footway", **columns)) == open_


def test_streams_are_stepped_over_unless_the_table_says_they_are_not() -> None:
    assert through(crossed("stream", "footway"))
    assert not through(crossed("stream", "footway", crossable=False))


def test_steps_pass_a_cliff_and_a_path_does_not() -> None:
    assert through(crossed("cliff", "steps"))
    assert not through(crossed("cliff", "path"))


def test_a_river_surface_takes_the_path_across_it_away_and_lets_the_road_pass() -> None:
    """Water from 40 to 60 m."""
    water = box(40, -200, 60, 200)
    path, road = crossed("river", "footway", water), crossed("river", "residential", water)
    assert not through(path)
    assert sorted(path.length_m) == pytest.approx([40, 40])
    assert through(road)
    assert said(road, "bridge_assumed") == [("roads", "way")]


def test_a_walk_along_the_bank_that_strays_into_the_water_stays_whole() -> None:
    """The walk runs from 0 to 100 m, between 30 and 70 m up to 2 m inside the water's outline."""
    water = Polygon([(-50, 0), (150, 0), (150, -100), (-50, -100)])
    way = roads(walk=("footway", [(0, 10), (28, 1), (50, -2), (72, 1), (100, 10)]))
    network = walking_network(way, barriers=barrier("river", water))
    assert not math.isinf(walk(network, (0, 10), (100, 10)))


def test_a_closed_ring_of_wall_is_crossed_nowhere() -> None:
    """A ring wall around the middle: cut twice, and the ring's first point makes no difference."""
    ring = LinearRing([(40, 0), (50, -10), (60, 0), (50, 10)])
    network = crossed("wall", "footway", ring)
    assert sorted(network.length_m) == pytest.approx([20, 40, 40])
    assert network.component.max() == 2


def test_ways_drawn_to_the_wall_from_both_sides_do_not_meet_on_it() -> None:
    """Two paths end on the wall at the same point; a third runs from there along its east side."""
    ways = roads(
        west=("footway", [(0, 0), (50, 0)]), east=("footway", [(50, 0), (100, 0)]),
        lane=("footway", [(50, 0), (51, 40)]),
    )  # fmt: skip
    network = walking_network(ways, barriers=barrier("wall", ACROSS))
    assert not through(network)
    assert walk(network, (100, 0), (51, 40)) == pytest.approx(50 + math.hypot(1, 40))
    assert said(network, "cut_by_barrier") != []


def test_one_steps_around_the_end_of_a_wall_and_ends_at_one() -> None:
    """The wall ends at the way's corner; a street that only ends at a wall is not touched."""
    ends = barrier("wall", LineString([(50, 0), (50, 50)]))
    corner = roads(a=("footway", [(0, 0), (50, 0)]), b=("footway", [(50, 0), (100, 0)]))
    assert not math.isinf(walk(walking_network(corner, barriers=ends), (0, 0), (100, 0)))
    dead_end = walking_network(roads(a=("footway", [(0, 0), (50, 0)])), barriers=barrier("wall", ACROSS))
    assert dead_end.length_m.tolist() == pytest.approx([50])
    assert said(dead_end, "cut_by_barrier") == []


def test_what_sticks_out_beyond_a_wall_is_dropped() -> None:
    """A way drawn 30 cm too far, through the wall."""
    ways = roads(a=("footway", [(0, 0), (50.3, 0)]))
    network = walking_network(ways, barriers=barrier("wall", ACROSS))
    assert network.length_m.tolist() == pytest.approx([50])
