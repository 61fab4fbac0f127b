"""The network as a whole: its laws, what it refuses, and the demo town."""

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS as Crs
from shapely import LineString, box

from geo.errors import InputError
from geo.network import LEFT, RIGHT, Network, WalkOptions, network_of, walking_network
from geo.raster import Raster
from geo.study import Study
from tests.geo.network.drawn import CRS, EAST, NORTH, barrier, passages, roads, shifted, table, walk

GRID = [(x, y) for x in range(0, 401, 100) for y in range(0, 401, 100)]


@st.composite
def towns(draw: st.DrawFn) -> dict:
    """Draw a town on a grid of 100 m: streets of some classes, a few bridges, a wall, a closed estate, gates."""
    ends = st.sampled_from(GRID)
    count = draw(st.integers(3, 14))
    ways = {}
    for n in range(count):
        a, b = draw(ends), draw(ends)
        if a != b:
            kind = draw(st.sampled_from(["residential", "footway", "primary", "steps", "secondary"]))
            ways[f"r{n:02}"] = (kind, [a, b], {"bridge": draw(st.booleans()) and draw(st.booleans())})
    ways["r99"] = ("residential", [(0, 0), (400, 0)], {"bridge": False})
    return {
        "roads": roads(**ways),
        "barriers": barrier("wall", LineString([(150, -50), (150, draw(st.sampled_from([120, 330])))])),
        "estates": table({"closed": [True, True]}, {"e1": box(210, 210, 290, 390), "e2": box(-20, 210, 90, 290)}),
        "passages": passages(*[
            (draw(st.sampled_from(["gate", "crossing"])), *draw(ends)) for _ in range(draw(st.integers(1, 4)))
        ]),
    }  # fmt: skip


def same(one: Network, other: Network) -> None:
    """Both networks are the same in every array."""
    for name in ("node_xy", "edge_a", "edge_b", "length_m", "kind", "side", "estate", "component"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.road_id.tolist() == other.road_id.tolist()
    assert shapely.equals_exact(one.lines, other.lines).all()
    assert one.estate_ids == other.estate_ids
    assert one.repairs == other.repairs
    for key, (there, back) in one.minutes.items():
        assert np.array_equal(there, other.minutes[key][0])
        assert np.array_equal(back, other.minutes[key][1])


@settings(max_examples=30, deadline=None)
@given(towns(), st.randoms(use_true_random=False))
def test_the_order_of_rows_makes_no_difference(town: dict, chance) -> None:
    def shuffled(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return frame.iloc[chance.sample(range(len(frame)), len(frame))]

    same(walking_network(**town), walking_network(**{name: shuffled(frame) for name, frame in town.items()}))


@settings(max_examples=60, deadline=None)
@given(towns())
def test_what_every_network_keeps(town: dict) -> None:
    network = walking_network(**town)
    used = np.unique(np.concatenate([network.edge_a, network.edge_b]))
    assert used.tolist() == list(range(len(network.node_xy)))
    assert (network.length_m > 1e-3).all()
    assert network.length_m == pytest.approx(shapely.length(network.lines))
    ends = shapely.get_coordinates(shapely.get_point(network.lines, 0))
    assert np.array_equal(ends, network.node_xy[network.edge_a])
    assert np.array_equal(
        shapely.get_coordinates(shapely.get_point(network.lines, -1)), network.node_xy[network.edge_b]
    )
    assert (network.component[network.edge_a] == network.component[network.edge_b]).all()
    total = np.bincount(network.component[network.edge_a], network.length_m)
    assert (np.diff(total) <= 1e-9).all()
    # each side of an arterial has its twin on the same line
    left, right = (sorted(shapely.to_wkt(network.lines[network.side == side])) for side in (LEFT, RIGHT))
    assert left == right
    for key in network.minutes:
        assert (network.costs(key)[0] > 0).all()


@settings(max_examples=20, deadline=None)
@given(towns(), st.sampled_from(GRID))
def test_closing_a_way_or_building_a_wall_never_shortens_a_walk(town: dict, spot: tuple[int, int]) -> None:
    """From the west end of the southern street to everywhere; without estates, to whose gates we draw lines anew."""
    town = {name: frame for name, frame in town.items() if name != "estates"}
    before = walking_network(**town, options=WalkOptions(arterials=()))
    bridges = town["roads"].index[town["roads"]["bridge"]]
    closed = {**town, "roads": town["roads"].drop(bridges)}
    wall = table({"kind": ["wall", "wall"]}, {"b1": town["barriers"].geometry.iloc[0], "b2": LineString()})
    x, y = spot
    wall = wall.set_geometry(
        [town["barriers"].geometry.iloc[0], shifted(LineString([(x - 37, y - 41), (x + 43, y + 31)]))]
    )
    walled = {**town, "barriers": wall.set_crs(CRS)}
    for changed in (closed, walled):
        after = walking_network(**changed, options=WalkOptions(arterials=()))
        for goal in GRID:
            try:
                there = walk(after, (0, 0), goal)
            except AssertionError:
                continue  # nothing leads to this corner any more
            assert there >= walk(before, (0, 0), goal) - 1e-6


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda s: s[:2] != s[2:]), min_size=1, max_size=12))
def test_streets_meet_where_shapely_says_their_lines_meet(segments: list) -> None:
    """Lines on one level: as long, and in as many pieces, as their union noded by GEOS."""
    ways = {f"r{n:02}": ("footway", [segment[:2], segment[2:]]) for n, segment in enumerate(dict.fromkeys(segments))}
    drawn = roads(**ways)
    network = walking_network(drawn, options=WalkOptions(gap_m=0, node_m=0.002))
    union = shapely.unary_union(drawn.geometry.to_numpy())
    lines = shapely.line_merge(union)
    assert shapely.unary_union(network.lines).length == pytest.approx(union.length, abs=0.05)
    touching = shapely.get_parts(shapely.unary_union(shapely.buffer(lines, 0.004)))
    assert network.component.max() + 1 == len(touching)


def test_moving_the_town_moves_the_network() -> None:
    town = roads(a=("residential", [(0, 0), (100, 0)]), b=("footway", [(50, -50), (50, 50)]))
    moved = town.set_geometry(town.translate(1234, 567))
    one, other = walking_network(town), walking_network(moved)
    assert np.allclose(one.node_xy + np.array([1234, 567]), other.node_xy)
    assert one.length_m == pytest.approx(other.length_m)


def test_network_of_a_study_takes_its_tables_and_its_ground() -> None:
    dem = Raster(np.full((40, 40), 5, "float32"), Affine(50, 0, EAST - 500, 0, -50, NORTH + 500), Crs(CRS))
    way = roads(a=("residential", [(0, 0), (100, 0)]))
    empty = Study("drawn", Crs(CRS), {}).having({"roads": way})
    study = empty.having({"barriers": barrier("wall", LineString([(50, -9), (50, 9)]))})
    assert len(network_of(empty).edge_a) == 1
    assert len(network_of(study).edge_a) == 2
    gate = study.having({"passages": passages(("gate", 50, 0))})
    assert not math.isinf(walk(network_of(gate), (0, 0), (100, 0)))
    assert network_of(Study("drawn", Crs(CRS), empty.tables, rasters={"dem": dem})).minutes["adult"][
        0
    ] == pytest.approx([100 / 70])


def test_a_study_without_roads_is_refused_with_a_way_forward() -> None:
    with pytest.raises(InputError, match="the study has no table roads"):
        network_of(Study("nowhere", Crs(CRS), {}))


def test_tables_that_do_not_lie_in_one_plane_of_metres_are_refused_all_at_once() -> None:
    way = roads(a=("residential", [(0, 0), (100, 0)]))
    wall = barrier("wall", LineString([(50, -9), (50, 9)])).to_crs(4548)
    gate = passages(("gate", 50, 0)).to_crs(4490)
    with pytest.raises(InputError) as refused:
        walking_network(way, barriers=wall, passages=gate)
    said = str(refused.value)
    assert "barriers" in said
    assert "not in metres" in said
    assert {fault.table for fault in refused.value.faults} == {"barriers", "passages"}


def test_ids_that_stand_twice_are_refused() -> None:
    way = roads(a=("residential", [(0, 0), (100, 0)]), b=("residential", [(0, 0), (0, 100)]))
    way.index = ["a", "a"]
    with pytest.raises(InputError, match="1 ids stand on several rows") as refused:
        walking_network(way)
    assert refused.value.faults[0].ids == ("a",)


def test_missing_columns_and_wrong_shapes_are_refused() -> None:
    way = roads(a=("residential", [(0, 0), (100, 0)])).drop(columns="road_class")
    estates = table({"closed": [True]}, {"e1": LineString([(0, 0), (1, 1)])})
    with pytest.raises(InputError) as refused:
        walking_network(way, estates=estates)
    assert "column road_class (OpenStreetMap highway value) is missing" in str(refused.value)
    assert "1 rows are not Polygon or MultiPolygon" in str(refused.value)
    assert {fault.ids for fault in refused.value.faults} == {(), ("e1",)}


def test_a_town_without_roads_is_refused_and_empty_tables_are_nothing() -> None:
    way = roads(a=("residential", [(0, 0), (100, 0)]), b=("residential", [(5, 5), (5, 5)]))
    with pytest.raises(InputError, match="no road can be walked along"):
        walking_network(way.iloc[:0])
    wall = barrier("wall", LineString([(50, -9), (50, 9)])).iloc[:0]
    estates = table({"closed": [True]}, {"e1": box(0, 0, 1, 1)}).iloc[:0]
    network = walking_network(way, barriers=wall, estates=estates, passages=passages(("gate", 0, 0)).iloc[:0])
    assert network.road_id.tolist() == ["a"]


def test_a_town_of_motorways_has_no_walking_network() -> None:
    with pytest.raises(InputError, match="no road can be walked along"):
        walking_network(roads(a=("motorway", [(0, 0), (100, 0)])))


def test_what_was_given_is_not_changed(root: Path) -> None:
    town = roads(a=("residential", [(0, 0), (100, 0)]), b=("footway", [(50, -50), (50, -1)]))
    before = town.copy(deep=True)
    walking_network(town, barriers=barrier("wall", LineString([(20, -9), (20, 9)])))
    assert town.equals(before)


def test_coordinates_and_flags_that_say_nothing_are_refused_at_once() -> None:
    drawn = roads(a=("residential", [(0, 0), (100, 0)]), b=("residential", [(0, 0), (math.inf, 5)]))
    with pytest.raises(InputError) as told:
        walking_network(drawn.assign(walkable=["yes", "maybe"]))
    said = str(told.value)
    assert "no numbers" in said
    assert "walkable" in said
