"""Who would use which place: by hand, the optimum against scipy's LP, the laws of both rules, and refusals."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from geo.access.assignment import assign
from geo.errors import InputError
from tests.geo.access.tables import pairs_of, tables

NAN = float("nan")
WALKS = pd.DataFrame(
    {"p": [100, 200, 250, NAN, NAN], "q": [600, 400, 900, 300, NAN]}, index=["a", "b", "c", "d", "e"], dtype=float
)
"""p has room for 10, q for 12; a, b and c live nearest to p, d to q, e is within reach of none."""
PEOPLE = pd.Series({"a": 6.0, "b": 6.0, "c": 6.0, "d": 4.0, "e": 5.0})
ROOM = pd.Series({"p": 10.0, "q": 12.0})
RULES = ["least_walk", "nearest_with_room"]


def best_by_lp(walks, demand, capacity):
    """Return the most people that can be placed, and their least walk, by two plain LPs."""
    metres = walks.to_numpy(float)
    i, j = np.nonzero(~np.isnan(metres))
    if not len(i):
        return 0.0, 0.0
    rows = np.vstack([i == each for each in range(len(demand))] + [j == each for each in range(len(capacity))])
    limits = np.concatenate([demand, capacity])
    most = -linprog(-np.ones(len(i)), A_ub=rows.astype(float), b_ub=limits).fun
    least = linprog(metres[i, j], A_ub=rows.astype(float), b_ub=limits, A_eq=np.ones((1, len(i))), b_eq=[most])
    return most, least.fun


def test_the_least_walk_by_hand() -> None:
    """Each at the nearest would bring 18 to p. Eight have to go to q: b costs 200 more each, a 500, c 650."""
    found = assign(pairs_of(WALKS), PEOPLE, ROOM)
    trips = found.trips.set_index(["origin_id", "place_id"])["people"].to_dict()
    assert trips == {("a", "p"): 4, ("a", "q"): 2, ("b", "q"): 6, ("c", "p"): 6, ("d", "q"): 4}
    assert (found.people, found.placed, found.unplaced) == (27, 22, 5)
    assert found.walk_m_total == 400 + 1200 + 2400 + 1500 + 1200
    assert found.walk_min_total == pytest.approx(found.walk_m_total / 70)


def test_the_whole_table_by_hand() -> None:
    found = assign(pairs_of(WALKS), PEOPLE, ROOM)
    homes, places = found.homes, found.places
    assert homes["nearest_id"].fillna("-").tolist() == ["p", "p", "p", "q", "-"]
    assert homes["place_id"].fillna("-").tolist() == ["p", "q", "p", "q", "-"]
    assert homes["rank"].tolist() == [1, 2, 1, 1, 0]
    assert homes["why"].tolist() == ["", "", "", "", "none_near"]
    assert homes.loc["e", "why_zh"] == "步行范围内没有设施"
    assert homes.loc["a", "walk_m"] == pytest.approx((4 * 100 + 2 * 600) / 6)
    assert places.loc["p"].to_dict() == pytest.approx({
        "capacity": 10, "people": 10, "load": 1, "room": 0, "people_nearest": 18, "spilled": 8, "turned_away": 0,
        "taken_over": 0, "walk_m_mean": 190, "walk_m_farthest": 250,
    })  # fmt: skip
    assert places.loc["q"].to_dict() == pytest.approx({
        "capacity": 12, "people": 12, "load": 1, "room": 0, "people_nearest": 4, "spilled": 0, "turned_away": 0,
        "taken_over": 8, "walk_m_mean": 4800 / 12, "walk_m_farthest": 600,
    })  # fmt: skip


def test_the_nearest_with_room_by_hand() -> None:
    """p takes a (100 m) and four of b (200 m); d fills q from 300 m, then b's two, then six of c from 900 m."""
    found = assign(pairs_of(WALKS), PEOPLE, ROOM, rule="nearest_with_room")
    trips = found.trips.set_index(["origin_id", "place_id"])["people"].to_dict()
    assert trips == {("a", "p"): 6, ("b", "p"): 4, ("b", "q"): 2, ("c", "q"): 6, ("d", "q"): 4}
    assert found.trips["rank"].tolist() == [1, 1, 2, 2, 1]
    assert found.places.loc["p", ["spilled", "turned_away"]].tolist() == [8, 0]


def test_who_finds_all_full_is_told_so() -> None:
    for rule in RULES:
        found = assign(pairs_of(WALKS), PEOPLE, ROOM - 5, rule=rule)
        assert found.unplaced == 27 - 12
        left = found.homes[found.homes["unplaced"] > 0]
        assert set(left["why"]) == {"full", "none_near"}
        assert found.places["turned_away"].sum() == 27 - 12 - 5
        assert found.notes[1][1] == "Of 27 people 12 have a place; 5 have none within reach, 10 find all full"


def test_a_longest_walk_leaves_people_without_a_place() -> None:
    found = assign(pairs_of(WALKS), PEOPLE, ROOM, at_most=350)
    assert found.homes["why"].tolist() == ["", "full", "full", "", "none_near"]
    assert found.placed == 14
    in_minutes = assign(pairs_of(WALKS), PEOPLE, ROOM, at_most=5, by="minutes")
    pd.testing.assert_frame_equal(found.trips, in_minutes.trips)


def test_unknown_people_are_reported_not_placed() -> None:
    found = assign(pairs_of(WALKS), PEOPLE.replace(4.0, NAN), ROOM)
    assert found.homes.loc["d", "why"] == "unknown"
    assert math.isnan(found.homes.loc["d", "placed"])
    assert math.isnan(found.homes.loc["d", "unplaced"])
    assert found.people == 23
    assert ("1处住宅人口未知,未参与分配", "1 homes of unknown people are not placed") in found.notes


def test_room_without_end_takes_everybody_at_the_nearest() -> None:
    for rule in RULES:
        found = assign(pairs_of(WALKS), PEOPLE, ROOM * math.inf, rule=rule)
        assert found.trips["rank"].tolist() == [1, 1, 1, 1]
        assert found.places["load"].isna().all()
        assert found.places["room"].tolist() == [math.inf, math.inf]


def test_nobody_and_nowhere() -> None:
    for rule in RULES:
        assert assign(pairs_of(WALKS), PEOPLE * 0, ROOM, rule=rule).trips.empty
        assert assign(pairs_of(WALKS), PEOPLE, ROOM * 0, rule=rule).placed == 0
        assert assign(pairs_of(WALKS * NAN), PEOPLE, ROOM, rule=rule).homes["why"].tolist() == ["none_near"] * 5


def test_a_chain_of_moves_is_found() -> None:
    """h fits p only; to make room g goes on to q, and f from q to r: 10 + 20 + 30 m more, nobody stays away."""
    walks = pd.DataFrame({"p": [NAN, 100, 100], "q": [100, 110, NAN], "r": [120, NAN, NAN]}, index=["f", "g", "h"])
    found = assign(pairs_of(walks), pd.Series(1.0, walks.index), pd.Series(1.0, walks.columns))
    assert found.homes["place_id"].to_dict() == {"f": "r", "g": "q", "h": "p"}


@settings(max_examples=150, deadline=None)
@given(tables(most_homes=9, most_places=5, people=(0, 40)))
def test_no_lp_places_more_people_or_walks_less(table) -> None:
    walks, demand, capacity = table
    found = assign(pairs_of(walks), demand, capacity)
    most, least = best_by_lp(walks, demand, capacity)
    assert found.placed == pytest.approx(most, abs=1e-6)
    assert found.walk_m_total == pytest.approx(least, abs=1e-4)
    assert (found.trips["people"] % 1 == 0).all()


@settings(max_examples=60, deadline=None)
@given(tables(most_homes=9, most_places=5), st.integers(1, 1000))
def test_parts_of_people_are_placed_as_well(table, parts) -> None:
    walks, demand, capacity = table
    demand = demand * math.pi / parts
    found = assign(pairs_of(walks), demand, capacity)
    most, least = best_by_lp(walks, demand, capacity)
    assert found.placed == pytest.approx(most, abs=1e-5)
    assert found.walk_m_total == pytest.approx(least, rel=1e-6, abs=1e-2)


@settings(max_examples=80, deadline=None)
@given(tables(people=(0, 40)), st.sampled_from(RULES))
def test_everybody_is_somewhere_and_no_place_is_over_its_room(table, rule) -> None:
    walks, demand, capacity = table
    found = assign(pairs_of(walks), demand, capacity, rule=rule)
    homes, places = found.homes, found.places
    assert (homes["placed"] + homes["unplaced"]).tolist() == demand.tolist()
    assert (places["people"] <= capacity).all()
    assert found.trips["people"].sum() == found.placed == places["people"].sum()
    assert (places["people_nearest"] - places["spilled"] - places["turned_away"] + places["taken_over"]).tolist() == (
        places["people"].tolist()
    )
    # Nobody is left while a place within reach has room.
    free = places.index[places["room"] > 0]
    assert walks.loc[homes["unplaced"] > 0, free].isna().to_numpy().all()


@settings(max_examples=80, deadline=None)
@given(tables(people=(0, 40)))
def test_nobody_is_passed_over_for_somebody_farther(table) -> None:
    walks, demand, capacity = table
    found = assign(pairs_of(walks), demand, capacity, rule="nearest_with_room")
    farthest = found.trips.groupby("place_id")["walk_m"].max().to_dict()
    full = found.places["room"] == 0
    for home in walks.index:
        went = found.trips[found.trips["origin_id"] == home]
        worst = math.inf if found.homes.loc[home, "unplaced"] > 0 else went["walk_m"].max() if len(went) else -1.0
        for place in walks.columns:
            if walks.loc[home, place] < worst:
                assert full[place]
                assert farthest.get(place, 0.0) <= walks.loc[home, place]


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(1, 40), st.sampled_from(RULES))
def test_more_room_never_leaves_more_people(table, more, rule) -> None:
    walks, demand, capacity = table
    grown = capacity.copy()
    grown.iloc[0] += more
    before, after = (assign(pairs_of(walks), demand, each, rule=rule) for each in (capacity, grown))
    assert after.placed >= before.placed
    if rule == "nearest_with_room":
        assert (after.homes["unplaced"] <= before.homes["unplaced"]).all()
    elif after.placed == before.placed:
        assert after.walk_m_total <= before.walk_m_total


@settings(max_examples=60, deadline=None)
@given(tables(), st.randoms(use_true_random=False), st.sampled_from(RULES))
def test_the_order_of_rows_makes_no_difference(table, random, rule) -> None:
    walks, demand, capacity = table
    homes, places = list(walks.index), list(walks.columns)
    random.shuffle(homes)
    random.shuffle(places)
    one = assign(pairs_of(walks), demand, capacity, rule=rule)
    other = assign(pairs_of(walks.loc[homes, places]), demand[homes], capacity[places], rule=rule)
    pd.testing.assert_frame_equal(one.trips, other.trips)
    assert other.homes.index.tolist() == homes
    pd.testing.assert_frame_equal(one.homes, other.homes.loc[walks.index])


def test_a_town_of_6000_homes_is_settled_to_the_optimum() -> None:
    """Homes and 15 places by chance on 5 km, room for nine in ten: no person walks less by any exchange of two."""
    rng = np.random.default_rng(5)
    xy, at = rng.uniform(0, 5000, (6000, 2)), rng.uniform(0, 5000, (15, 2))
    walks = pd.DataFrame(np.abs(xy[:, None] - at[None]).sum(axis=2), columns=[f"p{j:02d}" for j in range(15)])
    walks.index = pd.Index([f"h{i:04d}" for i in range(6000)])
    demand = pd.Series(rng.integers(1, 40, 6000).astype(float), walks.index)
    capacity = pd.Series(np.floor(rng.dirichlet(np.ones(15)) * demand.sum() * 0.9), walks.columns)
    found = assign(pairs_of(walks), demand, capacity)
    assert found.placed == capacity.sum()
    least = assign(pairs_of(walks), demand, capacity, rule="nearest_with_room")
    assert found.walk_m_total < least.walk_m_total
    # The cheapest way to swap somebody of one place with somebody of another costs 0 or more.
    metres = walks.to_numpy()
    used = found.trips
    home, place = walks.index.get_indexer(used["origin_id"]), walks.columns.get_indexer(used["place_id"])
    step = np.full((15, 15), np.inf)
    np.minimum.at(step, place, metres[home] - metres[home, place][:, None])
    assert (step + step.T >= -1e-9).all()


@pytest.mark.parametrize(
    ("demand", "capacity", "options", "words", "ids"),
    [
        (PEOPLE.drop("c"), ROOM, {}, "demand: no row for 1", ("c",)),
        (PEOPLE.replace(5.0, math.inf), ROOM, {}, "demand: inf is no amount", ("e",)),
        (PEOPLE, ROOM - 11, {}, "capacity: -1 is no amount", ("p",)),
        (PEOPLE, ROOM.replace(10.0, NAN), {}, "1 places of unknown capacity", ("p",)),
        (PEOPLE, pd.concat([ROOM, pd.Series({"z": 3.0})]), {}, "capacity: 1 that the pairs do not know", ("z",)),
        (PEOPLE, ROOM, {"rule": "lottery"}, "there is no rule lottery", ()),
        (PEOPLE, ROOM, {"by": "miles"}, "walks measured by miles", ()),
        (PEOPLE, ROOM, {"at_most": -1.0}, "walks of at most -1", ()),
    ],
)
def test_what_is_refused(demand, capacity, options, words, ids) -> None:
    with pytest.raises(InputError, match=words) as refusal:
        assign(pairs_of(WALKS), demand, capacity, **options)
    assert [fault.ids for fault in refusal.value.faults] == [ids]
