"""Isochrones: areas by hand, homes inside or not by their walks, and the laws of larger limits and fewer bridges."""

import math
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.access.isochrones import isochrones, reached_streets
from geo.access.reach import within
from geo.errors import InputError
from geo.network import Joins, Network
from geo.network.joins import join
from tests.geo.access.reference import METRIC, network_of_lines, shapes

LINE = shapely.LineString


def points(**where: tuple[float, float]) -> gpd.GeoSeries:
    return gpd.GeoSeries([shapely.Point(xy) for xy in where.values()], index=list(where), crs=METRIC)


def street() -> Network:
    """A street of 1,000 m along the x axis."""
    return network_of_lines([LINE([(0, 0), (1000, 0)])])


RIVER = LINE([(-500, 100), (1500, 100)])


def banks(*, bridge: bool) -> Network:
    """A street on each side of a river (y = 100) that is a wall; a bridge at x = 500, in two pieces that meet on it."""
    lines = [LINE([(0, 0), (500, 0)]), LINE([(500, 0), (1000, 0)]),
             LINE([(0, 200), (500, 200)]), LINE([(500, 200), (1000, 200)])]  # fmt: skip
    if bridge:
        lines += [LINE([(500, 0), (500, 200)])]
    return network_of_lines(lines, walls=shapes(RIVER))


def test_a_place_on_a_straight_street_has_a_diamond() -> None:
    """A home at (x, y) walks |y| to the street and |x - 500| along it: the diamond of 300 m has 2 · 300² m²."""
    found = isochrones(street(), points(f=(500, 0)), [300, 100], step_m=5)
    assert found.index.tolist() == [("f", 100), ("f", 300)]
    assert found.index.names == ["place_id", "limit"]
    assert found.crs == METRIC
    assert found["area_m2"].tolist() == pytest.approx([2 * 100**2, 2 * 300**2], rel=0.01)
    assert found.bounds.loc[("f", 300)].tolist() == pytest.approx([200, -300, 800, 300], abs=5)


def test_the_way_off_the_street_counts_at_the_place_too() -> None:
    """A place 60 m off the street leaves 240 of 300 m."""
    found = isochrones(street(), points(f=(500, 60)), [300], step_m=5)
    assert found["area_m2"].tolist() == pytest.approx([2 * 240**2], rel=0.01)


def test_land_beyond_a_wall_is_not_served() -> None:
    """With a wall along y = 100 the diamond of 300 m loses its tip: 200² m². The edge lies within half a step of it."""
    walled = network_of_lines([LINE([(0, 0), (1000, 0)])], walls=shapes(RIVER))
    found = isochrones(walled, points(f=(500, 0)), [300], step_m=10)
    assert found["area_m2"].tolist() == pytest.approx([2 * 300**2 - 200**2], rel=0.03)
    assert found.bounds["maxy"].iloc[0] <= 105


def test_a_bridge_lets_the_other_bank_in_and_closing_it_out() -> None:
    """From (500, 0) to the other street it is 200 m over the bridge: 150 m are left of 350."""
    place = points(f=(500, 0))
    north = shapely.box(-1000, 106, 2000, 1000)
    with_it, without = (isochrones(banks(bridge=bridge), place, [350], step_m=10) for bridge in (True, False))
    assert shapely.area(with_it.intersection(north)).item() > 30_000
    assert with_it.geometry.iloc[0].covers(shapely.Point(500, 300))
    assert shapely.area(without.intersection(north)).item() == 0
    served = LINE([(500, 0), (500, 200)]).buffer(260)
    assert shapely.area(without.difference(with_it.union_all()).difference(served)).sum() < 1e-6
    assert without["area_m2"].iloc[0] < with_it["area_m2"].iloc[0]


def test_a_closed_estate_is_entered_by_its_gate_only() -> None:
    """An estate from x 400 to 600, y 10 to 210, whose only path starts at the gate (600, 110).

    The shop stands at (500, 0) on the street south of the fence. A home just inside the fence, 10 m from the shop by
    the crow, walks 100 + 110 m to the gate and 90 m back along the path before it turns off: it is not within 300 m.
    """
    path, lane = LINE([(600, 110), (420, 110)]), LINE([(600, 0), (600, 110)])
    fence = shapely.box(400, 10, 600, 210)
    lines = [LINE([(0, 0), (600, 0)]), LINE([(600, 0), (1000, 0)]), lane, path]
    network = network_of_lines(
        lines, estate=np.array([-1, -1, -1, 0]), estate_ids=("e",), estate_shapes=shapes(fence),
        walls=shapes(fence.exterior),
    )  # fmt: skip
    found = isochrones(network, points(shop=(500, 0)), [300], step_m=5).geometry.iloc[0]
    assert not found.covers(shapely.Point(500, 20))
    assert found.covers(shapely.Point(560, 110))
    assert found.covers(shapely.Point(500, 5))


def test_minutes_count_the_way_to_the_place_or_from_it() -> None:
    """Walking east is uphill and takes twice as long: homes west of the place reach it from half as far."""
    hill = network_of_lines([LINE([(0, 0), (1000, 0)])], slow=np.array([[2.0, 1.0]]))
    place = points(f=(500, 0))
    to, from_ = (isochrones(hill, place, [4], by="minutes", direction=d, step_m=5) for d in ("to", "from"))
    assert to.bounds.iloc[0][["minx", "maxx"]].tolist() == pytest.approx([360, 780], abs=5)
    assert from_.bounds.iloc[0][["minx", "maxx"]].tolist() == pytest.approx([220, 640], abs=5)
    elder = isochrones(hill, place, [4], by="minutes", speed="elder", step_m=5)
    assert elder.bounds.iloc[0][["minx", "maxx"]].tolist() == pytest.approx([400, 700], abs=5)


def test_places_in_their_order_and_those_not_joined_without_land() -> None:
    found = isochrones(street(), points(b=(500, 0), far=(5000, 5000), a=(100, 0)), [100, 200])
    assert found.index.get_level_values("place_id").tolist() == ["b", "b", "far", "far", "a", "a"]
    assert found.geometry.isna().tolist() == [False, False, True, True, False, False]
    assert found["area_m2"].isna().tolist() == [False, False, True, True, False, False]
    streets = reached_streets(street(), points(b=(500, 0), far=(5000, 5000)), [100])
    assert streets.geometry.isna().tolist() == [False, True]


def test_no_places() -> None:
    none = gpd.GeoSeries([], crs=METRIC)
    assert isochrones(street(), none, [100]).empty
    assert reached_streets(street(), none, [100]).empty


def test_an_outline_is_entered_where_ways_come_near() -> None:
    """A park beside the street from x 400 to 600: homes 100 m from its nearer corner are inside."""
    park = gpd.GeoSeries([shapely.box(400, 5, 600, 100)], index=["park"], crs=METRIC)
    found = isochrones(street(), park, [120], step_m=5).geometry.iloc[0]
    assert found.covers(shapely.points([(310, 0), (690, 0), (500, -80)])).all()
    assert not found.covers(shapely.points([(280, 0), (720, 0)])).any()


def test_streets_are_cut_at_the_limit() -> None:
    """From (500, 60) 40 of 100 m are left on the street, 140 of 200 m."""
    found = reached_streets(street(), points(f=(500, 60)), [50, 100, 200])
    assert found["street_m"].tolist() == pytest.approx([0, 80, 280], abs=1e-4)
    assert found.geometry.iloc[1].equals_exact(shapely.MultiLineString([[(460, 0), (540, 0)]]), 1e-4)
    assert found.geometry.iloc[0].is_empty


def test_streets_are_cut_on_both_sides_of_a_bend() -> None:
    """A street with a bend at 200 m; from the lane's end 50 m north of the bend 30 of 80 m are left each way."""
    network = network_of_lines([LINE([(0, 0), (200, 0), (200, -100)]), LINE([(0, 0), (0, 50)])])
    found = reached_streets(network, points(f=(0, 50)), [80, 260])
    assert found["street_m"].tolist() == pytest.approx([80, 260], abs=1e-4)
    assert found.geometry.iloc[1].distance(shapely.Point(200, -9.9)) < 1e-6
    assert found.geometry.iloc[1].distance(shapely.Point(200, -11)) == pytest.approx(1, abs=1e-3)


@st.composite
def towns(draw):
    """Draw a part of a street grid of 4 by 4 corners, 120 m apart, and a seed for homes."""
    corner = np.arange(4)
    lines = [((x, y), (x + 1, y)) for x in corner[:-1] for y in corner]
    lines += [((x, y), (x, y + 1)) for x in corner for y in corner[:-1]]
    kept = draw(st.lists(st.sampled_from(range(len(lines))), min_size=6, max_size=24, unique=True))
    slow = np.array([[1 + (k % 3) / 2, 1 + (k % 2)] for k in kept])
    drawn = [LINE(120.0 * np.array(lines[k])) for k in kept]
    return network_of_lines(drawn, slow=slow), draw(st.integers(0, 10**6))


STEP = 12.0


@settings(max_examples=25, deadline=None)
@given(towns(), st.sampled_from(["metres", "minutes"]), st.sampled_from(["to", "from"]))
def test_homes_are_inside_where_their_walk_is_within_the_limit(town, by, direction) -> None:
    """A home whose walk agrees with those from the four points about it is inside or outside as its walk says."""
    network, seed = town
    rng = np.random.default_rng(seed)
    homes = gpd.GeoSeries(shapely.points(rng.uniform(-60, 420, (400, 2))), crs=METRIC)
    place = gpd.GeoSeries(shapely.points(rng.uniform(0, 360, (1, 2))), crs=METRIC)
    limit = 300.0 if by == "metres" else 4.0
    land = isochrones(network, place, [limit], by=by, direction=direction, step_m=STEP).geometry.iloc[0]
    assert land.is_valid
    xy = np.floor(shapely.get_coordinates(homes.array) / STEP)
    asked = [homes, *(gpd.GeoSeries(shapely.points((xy + corner) * STEP), crs=METRIC)
                      for corner in ((0, 0), (1, 0), (1, 1), (0, 1)))]  # fmt: skip
    own, *about = (reached(network, each, place, limit, by, direction) for each in asked)
    agree = np.all([each == own for each in about], axis=0)
    inside = shapely.contains(land, homes.array)
    assert (inside == own)[agree].all()
    assert (inside != own).mean() <= 0.08


def reached(network, homes, place, limit, by, direction) -> np.ndarray:
    """Return whether each home's own walk is within the limit."""
    home_joins, place_joins = join(network, homes, entrances=False), join(network, place, entrances=False)
    if direction == "to":
        return np.isin(np.arange(len(homes)), within(network, home_joins, place_joins, limit, by=by).origin)
    return np.isin(np.arange(len(homes)), within(network, place_joins, home_joins, limit, by=by).place)


@settings(max_examples=25, deadline=None)
@given(towns(), st.sampled_from(["metres", "minutes"]), st.sampled_from(["to", "from"]))
def test_points_of_streets_are_in_reach_where_their_walk_is_within_the_limit(town, by, direction) -> None:
    network, seed = town
    rng = np.random.default_rng(seed)
    place = gpd.GeoSeries(shapely.points(rng.uniform(0, 360, (1, 2))), crs=METRIC)
    limit = 250.0 if by == "metres" else 3.5
    pieces = reached_streets(network, place, [limit], by=by, direction=direction).geometry.iloc[0]
    edge = rng.integers(0, len(network.lines), 300)
    along = rng.random(300) * network.length_m[edge]
    none = pd.Series([], dtype="str")
    on = Joins(pd.RangeIndex(300), np.arange(300), edge, along, np.zeros(300), none)
    pairs = [
        (within(network, on, place, most, by=by).origin if direction == "to" else
         within(network, join(network, place, entrances=False), on, most, by=by).place)
        for most in (limit - 1e-3, limit + 1e-3)
    ]  # fmt: skip
    away = shapely.distance(shapely.line_interpolate_point(network.lines[edge], along), pieces)
    away = np.where(np.isnan(away), np.inf, away)
    surely, perhaps = (np.isin(np.arange(300), each) for each in pairs)
    assert (away[surely] < 1e-3).all()
    assert (away[~perhaps] > 0).all()


@settings(max_examples=25, deadline=None)
@given(towns(), st.lists(st.integers(40, 500), min_size=2, max_size=4, unique=True))
def test_land_and_streets_grow_with_the_limit(town, limits) -> None:
    network, seed = town
    place = gpd.GeoSeries(shapely.points(np.random.default_rng(seed).uniform(0, 360, (1, 2))), crs=METRIC)
    land = isochrones(network, place, limits, step_m=STEP)
    assert land.is_valid.all()
    assert land.index.get_level_values("limit").tolist() == sorted(limits)
    for smaller, larger in zip(land.geometry[:-1], land.geometry[1:], strict=True):
        assert smaller.difference(larger).area < 1e-6
    assert np.all(np.diff(reached_streets(network, place, limits)["street_m"]) >= -1e-6)
    # A limit's land is the same whatever others are asked for.
    alone = isochrones(network, place, [max(limits)], step_m=STEP)
    assert alone.geometry.iloc[0].equals(land.geometry.iloc[-1])


@settings(max_examples=25, deadline=None)
@given(towns(), st.integers(0, 5))
def test_closing_a_street_gives_no_land_to_a_place_but_beside_that_street(town, gone) -> None:
    """Homes that left by the closed street leave by another now, and may be nearer; for all others walks get longer."""
    network, seed = town
    place = gpd.GeoSeries(shapely.points(np.random.default_rng(seed).uniform(0, 360, (1, 2))), crs=METRIC)
    whole = replace(network, component=np.zeros(len(network.node_xy), dtype=np.int64))
    closed = without(whole, gone)
    if join(whole, place).edge.tolist() == [gone]:
        return
    before, after = (isochrones(each, place, [300], step_m=STEP).geometry.iloc[0] for each in (whole, closed))
    grown = shapely.get_parts(shapely.difference(after, before))
    inside = shapely.get_coordinates(shapely.point_on_surface(grown[shapely.area(grown) > STEP**2]))
    corners = (np.floor(inside / STEP)[:, None] + [(0, 0), (1, 0), (1, 1), (0, 1)]).reshape(-1, 2) * STEP
    joined = join(whole, gpd.GeoSeries(shapely.points(corners), crs=METRIC))
    assert (joined.edge == gone).reshape(-1, 4).any(axis=1).all()


def without(network: Network, edge: int) -> Network:
    """Return the network without an edge."""
    over_edges = ("edge_a", "edge_b", "length_m", "lines", "kind", "side", "estate", "road_id")
    fields = {name: np.delete(getattr(network, name), edge) for name in over_edges}
    minutes = {key: (np.delete(a, edge), np.delete(b, edge)) for key, (a, b) in network.minutes.items()}
    return replace(network, minutes=minutes, **fields)


def test_the_order_of_places_makes_no_difference() -> None:
    network = banks(bridge=True)
    place = points(a=(480, 20), b=(10, 230), c=(700, -30))
    one, other = isochrones(network, place, [200, 400]), isochrones(network, place.iloc[::-1], [400, 200])
    for key, shape in one.geometry.items():
        assert other.geometry[key].equals(shape)


@pytest.mark.parametrize(
    ("limits", "options", "words"),
    [
        ([], {}, "no limits"),
        ([300, math.nan], {}, "limits"),
        ([300, math.inf], {}, "limits"),
        ([0, -5], {}, "limits"),
        ([300], {"step_m": 0.0}, "land asked every 0 m"),
        ([20], {}, "at least 30 with points 10 m apart"),
        ([0.1], {"by": "minutes"}, "at least 0.429 with points 10 m apart"),
        ([300], {"by": "miles"}, "unknown measure of walks: 'miles'"),
        ([300], {"speed": "runner"}, "unknown speed: 'runner'"),
        ([300], {"direction": "round"}, "unknown direction: 'round'"),
        ([300], {"step_m": -1.0}, "land asked every -1 m"),
        ([300], {"step_m": 0.01}, "the land within reach asks for 3,6"),
    ],
)
def test_what_is_refused(limits, options, words) -> None:
    with pytest.raises(InputError, match=words):
        isochrones(street(), points(f=(500, 0)), limits, **options)
