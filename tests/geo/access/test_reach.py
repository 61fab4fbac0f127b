"""Walks: counted by hand on small towns, against scipy's Dijkstra on random ones, and the laws they keep."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.access.reach import nearest, nearest_each, tally, within
from geo.errors import InputError
from geo.network import Network, WalkOptions
from geo.network.joins import at_nodes, join
from tests.geo.access.reference import METRIC, network_of_lines, shapes, walks_by_scipy

LINE = shapely.LineString


def points(**where: tuple[float, float]) -> gpd.GeoSeries:
    return gpd.GeoSeries([shapely.Point(xy) for xy in where.values()], index=list(where), crs=METRIC)


def town() -> Network:
    """A street of 400 m with a bend at 200 and a lane of 100 m north from its middle:

              (200,100)
                 |
    (0,0)----(200,0)----(300,0)----(400,0)
    """
    return network_of_lines(
        [LINE([(0, 0), (200, 0)]), LINE([(200, 0), (300, 0)]), LINE([(300, 0), (400, 0)]), LINE([(200, 0), (200, 100)])]
    )


def test_nearest_is_counted_from_door_to_door() -> None:
    """h at (50,10): 10 m to the street, 150 m to the lane, 60 m up the lane, 5 m to the shop: 225 m."""
    homes = points(h=(50, 10))
    shops = gpd.GeoDataFrame(
        {"category": ["shop", "shop", "clinic"]}, geometry=points(s=(205, 60), t=(350, -20), c=(60, 0)),
        index=["s", "t", "c"],
    )  # fmt: skip
    found = nearest(town(), homes, shops, n=2)
    assert found.index.tolist() == ["h", "h", "h"]
    assert found["category"].tolist() == ["clinic", "shop", "shop"]
    assert found["rank"].tolist() == [1, 1, 2]
    assert found["facility_id"].tolist() == ["c", "s", "t"]
    assert found["walk_m"].tolist() == pytest.approx([20.0, 225.0, 10 + 300 + 20], abs=1e-4)
    assert found["walk_min"].tolist() == pytest.approx(np.array([20.0, 225.0, 330.0]) / 70, abs=1e-4)


def test_compact_arrays_hold_the_same_walks() -> None:
    """A home that reaches nothing has -1 and no walk; making the table leaves the arrays as they are."""
    homes, shops = points(h=(50, 10), lost=(50, 9000)), points(s=(205, 60), t=(350, -20))
    found = nearest_each(town(), homes, shops, n=3)
    rows = nearest(town(), homes, shops, n=3)
    for _ in range(2):
        pd.testing.assert_frame_equal(found.frame(), rows, check_dtype=False, rtol=1e-6)
    assert found.facilities[found.facility[0, 0, :2]].tolist() == ["s", "t"]
    assert found.facility[:, 0, 2].tolist() == [-1, -1]
    assert np.isnan(found.walk_m[1]).all()


def test_within_keeps_those_in_reach_nearest_first() -> None:
    homes = points(h=(50, 10), g=(400, 0))
    shops = points(s=(205, 60), t=(350, -20))
    pairs = within(town(), homes, shops, 250)
    assert pairs.frame().to_dict("list") == {
        "origin_id": ["h", "g"],
        "place_id": ["s", "t"],
        "walk_m": pytest.approx([225.0, 70.0], abs=1e-4),
        "walk_min": pytest.approx([225 / 70, 1.0], abs=1e-4),
    }
    assert pairs.matrix().toarray() == pytest.approx(np.array([[225.0, 0.0], [0.0, 70.0]]), abs=1e-4)
    assert len(within(town(), homes, shops, 265)) == 3


def test_minutes_take_the_level_way_round_the_hill_and_metres_go_over_it() -> None:
    """Over the hill 200 m at a quarter of the speed up, full speed down; round it 300 m level."""
    over, round_it = LINE([(0, 0), (200, 0)]), LINE([(0, 0), (50, 100), (150, 100), (200, 0)])
    long = round_it.length
    network = network_of_lines([over, round_it], slow=np.array([[4.0, 1.0], [1.0, 1.0]]))
    west, east = at_nodes(network, np.array([0])), at_nodes(network, np.array([1]))
    by_metres, by_minutes = (nearest(network, west, east, by=by) for by in ("metres", "minutes"))
    assert by_metres[["walk_m", "walk_min"]].iloc[0].tolist() == pytest.approx([200, 800 / 70], abs=1e-4)
    assert by_minutes[["walk_m", "walk_min"]].iloc[0].tolist() == pytest.approx([long, long / 70], abs=1e-4)
    back = nearest(network, east, west, by="minutes")
    assert back[["walk_m", "walk_min"]].iloc[0].tolist() == pytest.approx([200, 200 / 70], abs=1e-4)


def test_an_elder_takes_longer_for_the_same_way() -> None:
    homes, shops = points(h=(0, 0)), points(s=(350, 0))
    assert nearest(town(), homes, shops, speed="elder")["walk_min"].iloc[0] == pytest.approx(7.0, abs=1e-4)
    assert len(nearest(town(), homes, shops, by="minutes", at_most=5)) == 1
    assert len(nearest(town(), homes, shops, by="minutes", at_most=5, speed="elder")) == 0


def test_equally_near_ones_come_by_id() -> None:
    homes, shops = points(h=(200, 0)), points(b=(100, 0), a=(300, 0), c=(200, 100))
    assert nearest(town(), homes, shops, n=2)["facility_id"].tolist() == ["a", "b"]
    assert within(town(), homes, shops, 100).frame()["place_id"].tolist() == ["a", "b", "c"]


def test_a_park_is_as_near_as_its_nearest_entrance() -> None:
    """A park north of the street, from x = 380 and y = 2: the street is 15 m from it at x = 380 - √(15² - 2²)."""
    park = gpd.GeoDataFrame({"category": ["park"]}, index=["p"], geometry=[shapely.box(380, 2, 600, 200)], crs=METRIC)
    walk = nearest(town(), points(h=(300, 0)), park)["walk_m"].iloc[0]
    assert walk == pytest.approx(80 - np.sqrt(15**2 - 2**2) + 15, abs=0.01)


def test_a_park_with_two_gates_is_entered_at_the_near_one() -> None:
    """Paths end at both sides of a park 300 m wide; a home at either side is 50 m from it."""
    network = network_of_lines([LINE([(0, 0), (100, 0)]), LINE([(400, 0), (500, 0)]),
                                LINE([(0, 0), (0, 500), (500, 500), (500, 0)])])  # fmt: skip
    park = gpd.GeoSeries([shapely.box(100, -50, 400, 50)], index=["p"], crs=METRIC)
    found = nearest(network, points(west=(50, 0), east=(450, 0)), park)
    assert found["walk_m"].tolist() == pytest.approx([50, 50], abs=1e-4)


def test_what_is_not_joined_has_no_rows() -> None:
    homes = points(h=(0, 0), away=(5000, 0))
    found = nearest(town(), homes, points(s=(350, 0)), n=3)
    assert found.index.tolist() == ["h"]
    assert within(town(), homes, points(s=(350, 0)), 1e9).frame()["origin_id"].tolist() == ["h"]
    assert tally(town(), homes, 100).loc["away"].isna().all()


def test_no_facilities_and_no_homes_give_empty_tables() -> None:
    none = gpd.GeoDataFrame({"category": []}, geometry=[], crs=METRIC)
    assert nearest(town(), points(h=(0, 0)), none).columns.tolist() == [
        "category", "rank", "facility_id", "walk_m", "walk_min"]  # fmt: skip
    assert len(nearest(town(), none, points(s=(0, 0)))) == 0
    assert len(within(town(), none, none, 100)) == 0
    assert within(town(), none, points(s=(0, 0)), 100).matrix().shape == (0, 1)


def test_places_on_one_street_walk_straight_along_it() -> None:
    network = network_of_lines([LINE([(0, 0), (100, 0)]), LINE([(100, 0), (100, 100), (0, 100), (0, 0)])])
    assert nearest(network, points(h=(20, 0)), points(s=(60, 0)))["walk_m"].iloc[0] == pytest.approx(40, abs=1e-4)
    # on the ring of three sides, the way over the single street is shorter: 40 + 100 + 10
    far = nearest(network, points(h=(100, 40)), points(s=(0, 10)))["walk_m"].iloc[0]
    assert far == pytest.approx(150, abs=1e-4)


def test_tally_counts_by_hand() -> None:
    """From (200,0) 100 m in each direction: 300 m of street, nodes (200,0), (300,0), (200,100), shops at 60 and 100."""
    shops = points(a=(140, 0), b=(300, 0), c=(310, 0))
    values = pd.DataFrame({"beds": [3.0, np.nan, 5.0]}, index=["a", "b", "c"])
    found = tally(town(), points(h=(200, 0)), 100, places=shops, values=values)
    assert found.loc["h"].to_dict() == pytest.approx({"nodes": 3, "street_m": 300, "places": 2, "beds": 3})


def test_tally_of_a_home_in_the_middle_of_a_street() -> None:
    """From (50, 10), 40 m: 10 m to the street, then 30 m either way, no node."""
    found = tally(town(), points(h=(50, 10)), 40)
    assert found.loc["h"].to_dict() == pytest.approx({"nodes": 0, "street_m": 60, "places": 0}, abs=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda n, p: nearest(n, p, p, n=0), "n is 0"),
        (lambda n, p: nearest(n, p, p, by="yards"), "unknown measure of walks: 'yards'"),
        (lambda n, p: within(n, p, p, 100, speed="dog"), "unknown speed: 'dog'"),
        (lambda n, p: within(n, p.to_crs(4326), p, 100), "places are in"),
        (lambda n, p: tally(n, p, 100, places=p, values=pd.DataFrame(index=["other"])), "values have other ids"),
    ],
)
def test_refusals(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(town(), points(h=(0, 0)))


def random_town(rng: np.random.Generator) -> tuple[Network, gpd.GeoSeries, gpd.GeoDataFrame]:
    """Return streets between random corners of a coarse grid (so that ties, bends, rings and islands come up)."""
    corner = rng.integers(0, 5, (int(rng.integers(2, 30)), 2, 2)) * 100.0
    lines = []
    for a, b in corner:
        bend = rng.integers(0, 5, 2) * 100.0 + 50
        lines.append(LINE([a, b]) if (a != b).any() and rng.random() < 0.6 else LINE([a, bend, b]))
    network = network_of_lines(lines, slow=rng.choice([1.0, 1.5, 4.0], (len(lines), 2)))
    homes = gpd.GeoSeries(shapely.points(rng.integers(-5, 45, (8, 2)) * 10.0), index=[f"h{k}" for k in range(8)],
                          crs=METRIC)  # fmt: skip
    where = [
        shapely.Point(xy) if rng.random() < 0.7 else shapely.box(*xy, *(xy + 60))
        for xy in rng.integers(-5, 45, (9, 2)) * 10.0
    ]
    kind = rng.choice(["shop", "park"], 9)
    goals = gpd.GeoDataFrame({"category": kind}, index=[f"f{k}" for k in range(9)], geometry=where, crs=METRIC)
    return network, homes, goals


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["metres", "minutes"]), st.floats(1.0, 800.0))
def test_walks_equal_dijkstra(seed: int, by: str, most: float) -> None:
    network, homes, goals = random_town(np.random.default_rng(seed))
    most = most if by == "metres" else most / 70
    origins, places = join(network, homes, entrances=False), join(network, goals)
    expected = walks_by_scipy(network, origins, places, by)
    walk = "walk_m" if by == "metres" else "walk_min"
    for some in (goals, goals.iloc[:3]):
        # searches run from the side where there are fewer places: both are asked
        pairs = within(network, homes if len(some) > 3 else homes.iloc[:2], some, most, by=by)
        table = pairs.frame().pivot_table(index="origin_id", columns="place_id", values=walk)
        wanted = expected.loc[pairs.origins, pairs.places]
        edge = (wanted - most).abs() < 1e-3
        wanted = wanted.where(wanted <= most)
        got = table.reindex(index=pairs.origins, columns=pairs.places)
        assert ((got.isna() == wanted.isna()) | edge).all(axis=None)
        assert np.nanmax(np.abs((got - wanted).to_numpy(dtype=float)), initial=0) < 0.01
    found = nearest(network, homes, goals, n=3, by=by)
    for (home, category), some in found.groupby(["h" + found.index.str[1:], "category"], observed=True):
        costs = expected.loc[home, goals.index[goals["category"] == category]]
        costs = np.sort(costs[np.isfinite(costs)].to_numpy())[:3]
        assert some["rank"].tolist() == list(range(1, len(costs) + 1))
        assert some[walk].to_numpy() == pytest.approx(costs, abs=0.01)
        assert some[walk].to_numpy() == pytest.approx(expected.loc[home, some["facility_id"]].to_numpy(), abs=0.01)
    reached = expected.loc[found.index.unique()] if len(found) else expected.iloc[:0]
    assert len(found) == sum(
        min(3, int(np.isfinite(reached[goals.index[goals["category"] == kind]].loc[home]).sum()))
        for home in reached.index
        for kind in ("shop", "park")
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["metres", "minutes"]), st.floats(1.0, 800.0))
def test_tally_equals_the_sums_of_walks(seed: int, by: str, most: float) -> None:
    rng = np.random.default_rng(seed)
    network, homes, goals = random_town(rng)
    most = (most if by == "metres" else most / 70) + np.pi * 1e-4
    values = pd.DataFrame({"beds": rng.integers(0, 9, len(goals)).astype(float)}, index=goals.index)
    found = tally(network, homes, most, places=goals, values=values, by=by)
    pairs = within(network, homes, goals, most, by=by)
    nodes = within(network, homes, at_nodes(network), most, by=by)
    joined = found["nodes"].notna().to_numpy()
    count = np.bincount(pairs.origin, minlength=len(homes))
    beds = np.bincount(pairs.origin, weights=values["beds"].to_numpy()[pairs.place], minlength=len(homes))
    assert (found["places"].to_numpy() == count)[joined].all()
    assert found["beds"].to_numpy()[joined] == pytest.approx(beds[joined])
    assert (found["nodes"].to_numpy() == np.bincount(nodes.origin, minlength=len(homes)))[joined].all()
    # ways reached: places set every 1/50 of each edge, those in reach, times 1/50 of its length
    step = (np.arange(50) + 0.5) / 50
    edge = np.repeat(np.arange(len(network.edge_a)), 50)
    along = (network.length_m[:, None] * step).ravel()
    index = pd.RangeIndex(len(edge))
    spread = type(join(network, goals))(
        index, np.arange(len(edge)), edge, along, np.zeros(len(edge)), pd.Series(dtype=str)
    )
    reach = within(network, homes, spread, most, by=by)
    long = np.bincount(reach.origin, weights=network.length_m[edge[reach.place]] / 50, minlength=len(homes))
    slack = network.length_m.max() / 50 * 2 * len(network.edge_a)
    assert np.abs(found["street_m"].to_numpy() - long)[joined] == pytest.approx(0.0, abs=slack)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_one_more_facility_never_makes_a_walk_longer(seed: int) -> None:
    network, homes, goals = random_town(np.random.default_rng(seed))
    few, more = (nearest(network, homes, goals.iloc[:k]).set_index("category", append=True)["walk_m"] for k in (5, 9))
    assert (more.reindex(few.index) <= few).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_closing_a_street_never_shortens_a_walk(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network, _, _ = random_town(rng)
    closed = int(rng.integers(len(network.lines)))
    kept = np.delete(np.arange(len(network.lines)), closed)
    if not len(kept):
        return
    fewer = Network(
        network.crs, network.node_xy, network.edge_a[kept], network.edge_b[kept], network.length_m[kept],
        {key: (there[kept], back[kept]) for key, (there, back) in network.minutes.items()}, network.lines[kept],
        network.kind[kept], network.side[kept], network.estate[kept], network.component, network.road_id[kept],
    )  # fmt: skip
    before, after = (
        within(each, at_nodes(each), at_nodes(each), np.inf).frame().set_index(["origin_id", "place_id"])["walk_m"]
        for each in (network, fewer)
    )
    assert (after >= before.reindex(after.index)).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["metres", "minutes"]))
def test_the_order_of_rows_has_no_say(seed: int, by: str) -> None:
    rng = np.random.default_rng(seed)
    network, homes, goals = random_town(rng)
    key = ["category", "rank"]
    found = nearest(network, homes, goals, n=4, by=by)
    again = nearest(network, homes.iloc[rng.permutation(8)], goals.iloc[rng.permutation(9)], n=4, by=by)
    left, right = (each.rename_axis("home").set_index(key, append=True).sort_index() for each in (found, again))
    pd.testing.assert_frame_equal(left, right, check_exact=True)
    pairs = within(network, homes, goals, 500, by=by).frame()
    other = within(network, homes.iloc[rng.permutation(8)], goals.iloc[rng.permutation(9)], 500, by=by).frame()
    order = other["origin_id"].map({home: k for k, home in enumerate(homes.index)}).argsort(kind="stable")
    pd.testing.assert_frame_equal(pairs, other.iloc[order].reset_index(drop=True), check_exact=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(10, 600), st.floats(0, 300))
def test_more_lies_within_a_longer_walk(seed: int, most: float, more: float) -> None:
    network, homes, goals = random_town(np.random.default_rng(seed))
    near, far = (tally(network, homes, each, places=goals).fillna(0.0) for each in (most, most + more))
    assert (far >= near - 1e-6).all(axis=None)


def test_a_bridge_closed_makes_the_walk_long() -> None:
    """Two banks 100 m apart, a bridge in the west and one 600 m east: 100 m over the near one, else 1,300 m."""
    banks = [LINE([(0, y), (600, y)]) for y in (0, 100)]
    near, far = LINE([(0, 0), (0, 100)]), LINE([(600, 0), (600, 100)])
    homes, shops = points(h=(0, 0)), points(s=(0, 100))
    with_it, without = (network_of_lines([*banks, *bridges]) for bridges in ([near, far], [far]))
    assert nearest(with_it, homes, shops)["walk_m"].iloc[0] == pytest.approx(100, abs=1e-4)
    assert nearest(without, homes, shops)["walk_m"].iloc[0] == pytest.approx(1300, abs=1e-4)


def test_options_say_how_far_a_place_may_be_from_its_way() -> None:
    homes = points(h=(0, 60))
    assert len(nearest(town(), homes, points(s=(0, 0)))) == 1
    short = network_of_lines(list(town().lines), options=WalkOptions(join_m=50), walls=shapes())
    assert len(nearest(short, homes, points(s=(0, 0)))) == 0
