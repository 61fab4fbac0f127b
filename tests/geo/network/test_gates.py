"""Closed estates: left through their gates only. By hand, rule by rule.

The estate is 100 m by 100 m, from (0, 0) to (100, 100); a street runs 20 m south of it, another 20 m north.

    n----------------------n   y = 120
        +------------+
        |            |
        |  inside    |
        +------------+         y = 0
    s----------------------s   y = -20
"""

import math

import pytest
from shapely import Point, box

from geo.network import KINDS, Network, walking_network
from tests.geo.network.drawn import barrier, passages, roads, said, table, walk

SOUTH = ("residential", [(-50, -20), (150, -20)])
NORTH = ("residential", [(-50, 120), (150, 120)])
LANE = ("service", [(50, -20), (50, 50), (50, 120)])
YARD = KINDS.index("yard")


def estate(closed: bool | None = True):
    return table({"closed": [closed]}, {"e1": box(0, 0, 100, 100)})


def built(*gates: tuple[str, float, float], closed: bool | None = True, **ways) -> Network:
    drawn = roads(**({"south": SOUTH, "north": NORTH, "lane": LANE} | ways))
    return walking_network(drawn, estates=estate(closed), passages=passages(*gates) if gates else None)


def test_a_closed_estate_is_left_through_its_gates_only() -> None:
    """One gate in the south: the lane's north end is cut off at the outline."""
    network = built(("gate", 50, 0))
    assert walk(network, (50, -20), (50, 0)) == pytest.approx(20)
    assert math.isinf(walk(network, (50, -20), (50, 120)))
    assert said(network, "cut_by_estate") == [("roads", "lane")]
    assert network.estate_ids == ("e1",)
    inside = network.estate == 0
    assert network.length_m[inside].tolist() == pytest.approx([100])
    assert network.estate_shapes[0].area == pytest.approx(10_000)
    assert any(wall.length == pytest.approx(400) for wall in network.walls)


def test_gates_on_both_sides_let_people_through() -> None:
    network = built(("gate", 50, 0), ("gate", 55, 101))
    assert walk(network, (50, -20), (50, 120)) == pytest.approx(140)
    assert said(network, "cut_by_estate") == []


def test_a_gate_farther_than_gate_near_m_does_not_count() -> None:
    network = built(("gate", 50, 0), ("gate", 79, 100))  # 29 m beside the lane
    assert said(network, "cut_by_estate") == [("roads", "lane")]


@pytest.mark.parametrize("closed", [False, None])
def test_an_open_estate_and_one_of_which_nothing_is_known_are_not_cut(closed: bool | None) -> None:
    network = built(("gate", 50, 0), closed=closed)
    assert walk(network, (50, -20), (50, 120)) == pytest.approx(140)
    assert network.estate_ids == ()
    assert (network.estate == -1).all()


def test_a_closed_estate_without_a_known_gate_is_not_cut_and_said() -> None:
    network = built(("gate", 300, 300))
    assert walk(network, (50, -20), (50, 120)) == pytest.approx(140)
    assert said(network, "closed_without_gate") == [("estates", "e1")]


def test_a_gate_belongs_to_the_nearest_estate() -> None:
    """Two estates 10 m apart; the gate stands in the west one's wall."""
    two = table({"closed": [True, True]}, {"e1": box(0, 0, 100, 100), "e2": box(110, 0, 200, 100)})
    drawn = roads(south=SOUTH, lane=("service", [(100, -20), (100, 0), (95, 50)]))
    network = walking_network(drawn, estates=two, passages=passages(("gate", 100, 0)))
    assert network.estate_ids == ("e1",)
    assert said(network, "closed_without_gate") == [("estates", "e2")]


def test_an_estate_without_ways_of_its_own_gets_straight_lines_from_its_gates() -> None:
    """Gate 20 m north of the south street; the point inside is the middle."""
    drawn = roads(south=SOUTH)
    network = walking_network(drawn, estates=estate(), passages=passages(("gate", 50, 0)))
    assert walk(network, (50, -20), (50, 50)) == pytest.approx(70)
    yard = network.kind == YARD
    assert sorted(zip(network.length_m[yard], network.estate[yard], strict=True)) == [(20, -1), (50, 0)]
    assert network.road_id[yard].tolist() == ["", ""]
    assert said(network, "gate_linked") == [("estates", "e1")]


def test_a_gate_no_way_passes_is_led_to_the_ways_inside() -> None:
    """The lane inside reaches the outline nowhere; the gate stands in the west, the street beyond it."""
    drawn = roads(west=("residential", [(-30, -50), (-30, 150)]), lane=("service", [(20, 50), (80, 50)]))
    network = walking_network(drawn, estates=estate(), passages=passages(("gate", 0, 50)))
    assert walk(network, (-30, -50), (80, 50)) == pytest.approx(100 + 30 + 20 + 60)


def test_a_gate_that_stands_on_a_street_needs_no_line_to_it() -> None:
    drawn = roads(south=("residential", [(-50, 0), (150, 0)]))
    network = walking_network(drawn, estates=estate(), passages=passages(("gate", 50, 0)))
    assert walk(network, (-50, 0), (50, 50)) == pytest.approx(150)
    assert (network.length_m > 1).all()


def test_a_line_from_a_gate_crosses_no_wall() -> None:
    """A wall stands between the gate and the near street; the far street is reached instead, if there is one."""
    wall = barrier("wall", box(-200, -10, 300, -9).exterior)
    near = roads(south=SOUTH)
    alone = walking_network(near, estates=estate(), passages=passages(("gate", 50, 0)), barriers=wall)
    assert said(alone, "gate_without_street") == [("estates", "e1")]
    assert (alone.kind != YARD).all()
    east = roads(south=SOUTH, east=("residential", [(130, -5), (130, 200)]))
    network = walking_network(east, estates=estate(), passages=passages(("gate", 50, 0)), barriers=wall)
    assert walk(network, (130, -5), (50, 50)) == pytest.approx(5 + 80 + 50)


def test_a_street_that_touches_the_outline_in_passing_is_not_cut() -> None:
    """The street bends up to 2 m into the outline over 60 m."""
    network = built(("gate", 50, 0), south=("residential", [(-50, -20), (20, 0), (50, 2), (80, 0), (150, -20)]))
    assert not math.isinf(walk(network, (-50, -20), (150, -20)))


def test_a_public_street_through_the_outline_stays_open_and_is_said() -> None:
    """A tertiary road crosses the estate; the lane inside does not meet it, there being no gate."""
    network = built(("gate", 50, 0), main=("tertiary", [(-50, 70), (150, 70)]))
    assert walk(network, (-50, 70), (150, 70)) == pytest.approx(200)
    assert said(network, "street_through_estate") == [("roads", "main")]
    assert math.isinf(walk(network, (-50, 70), (50, 0)))


def test_a_bridge_over_an_estate_is_none_of_its_ways() -> None:
    network = built(("gate", 50, 0), over=("footway", [(-50, 60), (150, 60)], {"bridge": True}))
    assert walk(network, (-50, 60), (150, 60)) == pytest.approx(200)
    assert (network.estate[network.road_id == "over"] == -1).all()


def test_ways_that_meet_on_the_outline_do_so_at_gates_only() -> None:
    """The street and the lane are drawn to the same point of the outline."""
    ways = {"lane": ("service", [(50, 0), (50, 60)]), "link": ("service", [(50, -20), (50, 0)])}
    assert not math.isinf(walk(built(("gate", 50, 0), **ways), (50, -20), (50, 60)))
    shut = walking_network(
        roads(south=SOUTH, west=("residential", [(-50, -20), (-50, 80)]), **ways), estates=estate(),
        passages=passages(("gate", 0, 60)),
    )  # fmt: skip
    assert said(shut, "cut_by_estate") == [("roads", "lane")]
    # out by the gate in the west: 60 m up and 50 m to it, 50 m to the street, 80 + 100 m around
    assert walk(shut, (50, -20), (50, 60)) == pytest.approx(50 + 50 + 80 + 100)


def test_facilities_of_the_category_gate_are_gates() -> None:
    gate = table({"category": ["gate"]}, {"f1": Point(50, 0)})
    drawn = roads(south=SOUTH, north=NORTH, lane=LANE)
    network = walking_network(drawn, estates=estate(), facilities=gate)
    assert said(network, "cut_by_estate") == [("roads", "lane")]
    assert not math.isinf(walk(network, (50, -20), (50, 0)))


def test_lanes_from_gate_to_gate_are_the_estates_own() -> None:
    """A lane across the estate with long side lanes of its class: it is no street along the outline."""
    combs = {f"side{y}": ("service", [(10, y), (90, y)]) for y in range(10, 100, 10)}
    network = built(("gate", 50, 0), ("gate", 50, 100), **combs)
    assert network.length_m[network.estate == 0].sum() == pytest.approx(100 + 9 * 80)
