"""Who walks along which line, and where lines meet: by hand, rule by rule."""

import math

import numpy as np
import pytest
from shapely import MultiLineString

from geo.network import KINDS, WalkOptions, walking_network
from tests.geo.network.drawn import at, roads, said, shifted, walk

CROSS = {"west_east": ("residential", [(0, 0), (100, 0)]), "south_north": ("residential", [(50, -50), (50, 50)])}


def crossing(**second: object):
    """Draw a street from west to east and another across its middle, without a shared vertex; 50 m each way."""
    return roads(**{**CROSS, "south_north": (*CROSS["south_north"], second)})


def test_lines_that_share_an_inner_vertex_meet_there() -> None:
    network = walking_network(
        roads(a=("residential", [(0, 0), (50, 0), (100, 0)]), b=("residential", [(50, -50), (50, 0), (50, 50)]))
    )
    assert len(network.edge_a) == 4
    assert walk(network, (0, 0), (50, 50)) == pytest.approx(100)


def test_lines_that_cross_on_the_same_level_meet_although_no_vertex_says_so() -> None:
    network = walking_network(crossing())
    assert walk(network, (0, 0), (50, 50)) == pytest.approx(100)
    assert said(network, "crossing_joined") == [("roads", "")]


@pytest.mark.parametrize("over", [{"bridge": True}, {"tunnel": True}, {"level": 1}, {"level": -1}])
def test_a_bridge_a_tunnel_and_another_level_pass_without_meeting(over: dict) -> None:
    network = walking_network(crossing(**over))
    assert math.isinf(walk(network, (0, 0), (50, 50)))
    assert walk(network, (50, -50), (50, 50)) == pytest.approx(100)


def test_two_bridges_on_one_level_meet() -> None:
    drawn = crossing(bridge=True, level=1)
    drawn["bridge"], drawn["level"] = True, 1
    assert walk(walking_network(drawn), (0, 0), (50, 50)) == pytest.approx(100)


def test_an_inner_vertex_that_a_bridge_shares_with_the_road_below_is_no_meeting() -> None:
    network = walking_network(
        roads(
            road=("residential", [(0, 0), (50, 0), (100, 0)]),
            bridge=("residential", [(50, -50), (50, 0), (50, 50)], {"bridge": True}),
        )
    )
    assert math.isinf(walk(network, (0, 0), (50, 50)))


def test_a_bridge_meets_the_road_at_its_end() -> None:
    """An end on another line connects whatever the level: a ramp begins on the ground.

         (50,50)
            |  bridge
    (0,0)---+---(100,0)
    """
    network = walking_network(
        roads(
            road=("residential", [(0, 0), (50, 0), (100, 0)]), ramp=("residential", [(50, 0), (50, 50)], {"level": 1})
        )
    )
    assert walk(network, (0, 0), (50, 50)) == pytest.approx(100)


def test_an_end_meets_the_line_of_its_own_level_where_two_pass_above_each_other() -> None:
    """Road (ground) west-east, bridge south-north over it, and a path on the ground ending where both pass."""
    network = walking_network(
        roads(
            road=("residential", [(0, 0), (50, 0), (100, 0)]),
            bridge=("residential", [(50, -50), (50, 0), (50, 50)], {"bridge": True}),
            path=("footway", [(80, 80), (50, 0)]),
        )
    )
    assert walk(network, (80, 80), (0, 0)) == pytest.approx(50 + math.hypot(30, 80))
    assert math.isinf(walk(network, (80, 80), (50, 50)))


def test_oneway_streets_are_walked_both_ways() -> None:
    network = walking_network(roads(a=("residential", [(0, 0), (100, 0)], {"oneway": True})))
    assert walk(network, (100, 0), (0, 0)) == walk(network, (0, 0), (100, 0)) == pytest.approx(100)


def test_motorways_are_left_out_unless_the_table_says_otherwise() -> None:
    network = walking_network(
        roads(
            street=("residential", [(0, 0), (100, 0)], {"walkable": None}),
            motorway=("motorway", [(0, 0), (0, 100)], {"walkable": None}),
            trail=("motorway", [(0, 0), (0, -100)], {"walkable": True}),
            yard=("footway", [(100, 0), (100, 100)], {"walkable": False}),
        )
    )
    assert sorted(network.road_id) == ["street", "trail"]
    assert said(network, "not_walked") == [("roads", "motorway"), ("roads", "yard")]


def test_ends_closer_than_node_m_are_one_place() -> None:
    network = walking_network(roads(a=("footway", [(0, 0), (50, 0)]), b=("footway", [(50.06, 0.06), (100, 0)])))
    assert len(network.node_xy) == 3
    assert walk(network, (0, 0), (100, 0)) == pytest.approx(100, abs=0.1)
    apart = walking_network(
        roads(a=("footway", [(0, 0), (50, 0)]), b=("footway", [(50.2, 0), (100, 0)])), options=WalkOptions(gap_m=0)
    )
    assert math.isinf(walk(apart, (0, 0), (100, 0)))


def test_an_end_on_the_inside_of_another_line_joins_it() -> None:
    """b stops 6 cm short of a, in the middle of a long straight piece."""
    network = walking_network(roads(a=("residential", [(0, 0), (100, 0)]), b=("footway", [(40, 30), (40, 0.06)])))
    assert walk(network, (0, 0), (40, 30)) == pytest.approx(70, abs=0.1)
    assert said(network, "gap_closed") == []


def test_a_loose_end_close_to_a_line_is_led_on_and_said() -> None:
    network = walking_network(roads(a=("residential", [(0, 0), (100, 0)]), b=("footway", [(40, 30), (40, 1.2)])))
    assert walk(network, (0, 0), (40, 30)) == pytest.approx(70)
    assert said(network, "gap_closed") == [("roads", "b")]
    other_level = roads(a=("residential", [(0, 0), (100, 0)]), b=("footway", [(40, 30), (40, 1.2)], {"level": 1}))
    assert said(walking_network(other_level), "gap_closed") == []


def test_of_two_loose_ends_that_look_for_each_other_one_is_led_on() -> None:
    network = walking_network(roads(a=("footway", [(0, 0), (50, 0)]), b=("footway", [(51, 0), (100, 0)])))
    assert walk(network, (0, 0), (100, 0)) == pytest.approx(100)
    assert network.length_m.sum() == pytest.approx(100)
    assert len(said(network, "gap_closed")) == 1


def test_a_line_of_several_parts_and_heights_is_taken_apart() -> None:
    drawn = roads(a=("footway", [(0, 0), (50, 0)]))
    drawn.loc["a", "geometry"] = shifted(MultiLineString([[(0, 0), (50, 0)], [(50, 0), (50, 30)]]))
    network = walking_network(drawn)
    assert walk(network, (0, 0), (50, 30)) == pytest.approx(80)
    assert network.road_id.tolist() == ["a", "a"]


def test_a_loop_and_ways_side_by_side_are_kept() -> None:
    network = walking_network(
        roads(
            stem=("footway", [(0, 0), (10, 0)]),
            loop=("footway", [(10, 0), (20, 10), (30, 0), (20, -10), (10, 0)]),
            bow=("footway", [(0, 0), (5, 5), (10, 0)]),
        )
    )
    assert network.length_m.tolist() == pytest.approx([2 * math.hypot(5, 5), 4 * math.hypot(10, 10), 10])
    loop = int(np.flatnonzero(network.road_id == "loop")[0])
    assert network.edge_a[loop] == network.edge_b[loop]


def test_a_line_that_crosses_itself_meets_itself() -> None:
    network = walking_network(roads(a=("footway", [(0, 0), (100, 0), (100, 50), (50, 50), (50, -50)])))
    assert walk(network, (0, 0), (50, -50)) == pytest.approx(100)


def test_islands_are_kept_numbered_by_length_and_said() -> None:
    """Two pieces that do not meet: 100 m and 60 m."""
    network = walking_network(roads(small=("footway", [(0, 50), (60, 50)]), large=("residential", [(0, 0), (100, 0)])))
    assert network.component[at(network, 0, 0)] == 0
    assert network.component[at(network, 0, 50)] == 1
    assert said(network, "island") == [("roads", "small")]


def test_edges_run_from_a_to_b_and_know_their_kind() -> None:
    network = walking_network(
        roads(a=("steps", [(0, 0), (30, 0)]), b=("residential", [(30, 0), (30, 40)], {"level": 0}))
    )
    assert [KINDS[kind] for kind in network.kind] == ["steps", "street"]
    for line, a, b, length in zip(network.lines, network.edge_a, network.edge_b, network.length_m, strict=True):
        assert tuple(network.node_xy[a]) == line.coords[0]
        assert tuple(network.node_xy[b]) == line.coords[-1]
        assert line.length == pytest.approx(length)
