"""Arterials have two sides and are crossed where there is a crossing. By hand, rule by rule.

The arterial runs 400 m from west to east, in four pieces of 100 m.

           (100,50)    (200,50)
              |           |
    0--------100---------200---------300--------400      primary
                          |           |
                      (200,-50)   (300,-50)
"""

import math

import pytest

from geo.network import BOTH, LEFT, RIGHT, Network, walking_network
from tests.geo.network.drawn import at, passages, roads, said, walk

MAIN = ("primary", [(0, 0), (100, 0), (200, 0), (300, 0), (400, 0)])
NORTH_100, NORTH_200 = [(100, 0), (100, 50)], [(200, 0), (200, 50)]
SOUTH_200, SOUTH_300 = [(200, 0), (200, -50)], [(300, 0), (300, -50)]


def built(*crossings: tuple[str, float, float], main=MAIN, **ways) -> Network:
    return walking_network(roads(main=main, **ways), passages=passages(*crossings) if crossings else None)


def sides_meet(network: Network, x: float, y: float = 0) -> bool:
    """Return whether both sides of the arterial hang together at this very place: one node has ends of both."""
    there = at(network, x, y)
    sides = [set(network.side[(network.edge_a == node) | (network.edge_b == node)]) & {LEFT, RIGHT} for node in there]
    return any(each == {LEFT, RIGHT} for each in sides)


def test_an_arterial_stands_as_two_sides_that_meet_where_it_ends() -> None:
    network = built()
    assert sorted(network.side) == [LEFT, RIGHT]
    assert network.length_m.tolist() == pytest.approx([400, 400])
    assert network.lines[0].equals(network.lines[1])
    assert sides_meet(network, 0)
    assert sides_meet(network, 400)


def test_a_side_street_belongs_to_the_side_it_comes_from() -> None:
    """North street at 100, south street at 300, no crossing: one walks around an end of the arterial."""
    network = built(n=("service", NORTH_100), s=("service", SOUTH_300))
    assert not sides_meet(network, 100)
    assert not sides_meet(network, 300)
    # around the west end: 50 + 100 + 300 + 50; around the east end: 50 + 300 + 100 + 50
    assert walk(network, (100, 50), (300, -50)) == pytest.approx(500)
    north, south = network.road_id == "n", network.road_id == "s"
    for chosen, side in ((north, LEFT), (south, RIGHT)):  # the line runs east: its left is the north
        node = network.edge_a[chosen][0]
        meeting = (network.edge_a == node) | (network.edge_b == node)
        assert set(network.side[meeting]) == {BOTH, side}


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("turned", [0, 1, 2, 3])
def test_sides_are_the_same_whichever_way_the_line_and_the_town_are_drawn(backwards: bool, turned: int) -> None:
    """Two streets on the north side, a crossing nowhere: 50 + 100 + 50 along that side, all around to the other."""

    def turn(points):
        for _ in range(turned):
            points = [(-y, x) for x, y in points]
        return points

    line = turn(MAIN[1])
    network = built(
        main=("primary", line[::-1] if backwards else line), a=("service", turn(NORTH_100)),
        b=("service", turn([(200, 50), (200, 0)])), c=("service", turn(SOUTH_300)),
    )  # fmt: skip
    (a,), (b,), (c,) = turn([(100, 50)]), turn([(200, 50)]), turn([(300, -50)])
    assert walk(network, a, b) == pytest.approx(200)
    assert walk(network, b, c) == pytest.approx(50 + 200 + 100 + 50)


def test_ways_on_both_sides_of_a_node_make_it_a_crossing() -> None:
    network = built(n=("footway", NORTH_200), s=("footway", SOUTH_200))
    assert sides_meet(network, 200)
    assert walk(network, (200, 50), (200, -50)) == pytest.approx(100)


def test_a_mapped_crossing_lets_people_over_within_crossing_near_m() -> None:
    """At 150, between nodes, 14 m beside the arterial; at 16 m it belongs to no arterial."""
    streets = {"n": ("service", NORTH_100), "s": ("service", SOUTH_300)}
    near = built(("crossing", 150, 14), **streets)
    assert sides_meet(near, 150)
    assert walk(near, (100, 50), (300, -50)) == pytest.approx(300)
    far = built(("crossing", 150, 16), **streets)
    assert walk(far, (100, 50), (300, -50)) == pytest.approx(500)
    other = built(("level_crossing", 150, 0), **streets)
    assert walk(other, (100, 50), (300, -50)) == pytest.approx(500)


@pytest.mark.parametrize(("road_class", "meets"), [("secondary", True), ("tertiary", True), ("residential", False)])
def test_the_junction_with_a_road_of_crossed_at_is_a_crossing(road_class: str, meets: bool) -> None:
    network = built(n=(road_class, NORTH_100), s=("service", SOUTH_300))
    assert sides_meet(network, 100) == meets
    assert walk(network, (100, 50), (300, -50)) == pytest.approx(300 if meets else 500)


def test_where_three_arterials_meet_there_is_a_crossing() -> None:
    network = built(n=("trunk", NORTH_200), s=("service", SOUTH_300))
    assert sides_meet(network, 200)
    assert walk(network, (200, 50), (300, -50)) == pytest.approx(200)


def test_an_arterial_that_changes_its_class_goes_on_without_a_crossing() -> None:
    """Primary up to 200, trunk behind: one arterial."""
    network = built(
        main=("primary", [(0, 0), (100, 0), (200, 0)]), more=("trunk", [(200, 0), (300, 0), (400, 0)]),
        n=("service", NORTH_100), s=("service", SOUTH_300),
    )  # fmt: skip
    assert not sides_meet(network, 200)
    assert walk(network, (100, 50), (300, -50)) == pytest.approx(500)


def test_a_street_under_an_arterial_bridge_passes_and_an_arterial_bridge_has_sides_too() -> None:
    network = built(main=("primary", [(0, 0), (400, 0)], {"bridge": True}), under=("service", [(200, -50), (200, 50)]))
    assert walk(network, (200, -50), (200, 50)) == pytest.approx(100)
    assert sorted(network.side) == [BOTH, LEFT, RIGHT]
    assert len(network.walls) == 0


def test_the_carriageways_of_a_divided_road_are_crossed_one_by_one() -> None:
    """Two carriageways 20 m apart; a path from north to south crosses both; a stub only reaches the northern one."""
    ways = {
        "main": ("primary", [(0, 0), (400, 0)], {"oneway": True}),
        "back": ("primary", [(400, -20), (0, -20)], {"oneway": True}),
        "path": ("footway", [(100, 50), (100, -70)]),
        "stub": ("service", [(300, 50), (300, 0)]),
    }
    network = walking_network(roads(**ways))
    assert walk(network, (300, 50), (100, -70)) == pytest.approx(50 + 200 + 70)
    assert not sides_meet(network, 300)


def test_arterials_on_the_ground_are_walls() -> None:
    network = built(n=("service", NORTH_100))
    assert sorted(wall.length for wall in network.walls) == pytest.approx([100, 300])


def test_a_long_stretch_without_a_crossing_is_said() -> None:
    long = walking_network(roads(main=("primary", [(0, 0), (400, 0), (501, 0)]), n=("service", [(400, 0), (400, 9)])))
    assert said(long, "arterial_without_crossing") == [("roads", "main")]
    (told,) = [repair for repair in long.repairs if repair.code == "arterial_without_crossing"]
    assert "501 m" in told.detail
    assert said(built(), "arterial_without_crossing") == []
    crossed = walking_network(
        roads(main=("primary", [(0, 0), (400, 0), (801, 0)])), passages=passages(("crossing", 400, 3))
    )
    assert said(crossed, "arterial_without_crossing") == []


def test_the_inside_of_a_ring_of_arterials_is_reached_over_a_crossing_only() -> None:
    """A ring of arterial that ends nowhere has no crossing of its own."""
    ring = ("primary", [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)])
    network = walking_network(
        roads(ring=ring, out=("service", [(100, 0), (150, -50)]), inn=("service", [(0, 100), (50, 50)]))
    )
    assert math.isinf(walk(network, (150, -50), (50, 50)))
    opened = walking_network(
        roads(ring=ring, out=("service", [(100, 0), (150, -50)]), inn=("service", [(0, 100), (50, 50)])),
        passages=passages(("crossing", 100, 100)),
    )
    assert walk(opened, (150, -50), (50, 50)) == pytest.approx(2 * math.hypot(50, 50) + 200)
