"""Floating catchments: by hand, against the formulas written out in plain Python, their laws and refusals."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.access.catchment import catchment, gaussian, gaussian_to_zero, power, steps, thirds
from geo.errors import InputError
from tests.geo.access.tables import pairs_of, tables

NAN = float("nan")
WALKS = pd.DataFrame({"p": [100, 400, NAN], "q": [NAN, 300, 200]}, index=["a", "b", "c"], dtype=float)
"""a --100-- p --400-- b --300-- q --200-- c: p is for a and b, q for b and c."""
PEOPLE = pd.Series({"a": 100.0, "b": 300.0, "c": 200.0})
ROOM = pd.Series({"p": 20.0, "q": 40.0})


def plain(walks, demand, capacity, weigh, three):
    """Return access by home with loops over dictionaries, as the formulas read."""
    f = {(i, j): weigh(walks.loc[i, j]) if not math.isnan(walks.loc[i, j]) else 0.0
         for i in walks.index for j in walks.columns}  # fmt: skip
    g = {}
    for i in walks.index:
        total = sum(f[i, j] for j in walks.columns)
        for j in walks.columns:
            g[i, j] = (f[i, j] / total if total else 0.0) if three else 1.0
    ratio = {}
    for j in walks.columns:
        served = sum(g[i, j] * f[i, j] * demand[i] for i in walks.index)
        ratio[j] = capacity[j] / served if served else 0.0
    return {i: sum(g[i, j] * f[i, j] * ratio[j] for j in walks.columns) for i in walks.index}


def test_two_steps_by_hand() -> None:
    """p: 20 for 400 people, 0.05 each; q: 40 for 500, 0.08 each; b has both."""
    found = catchment(pairs_of(WALKS), PEOPLE, ROOM, at_most=500)
    assert found.access.to_dict() == pytest.approx({"a": 0.05, "b": 0.13, "c": 0.08})
    assert found.places["ratio"].to_dict() == pytest.approx({"p": 0.05, "q": 0.08})
    assert found.places["people"].to_dict() == {"p": 400, "q": 500}
    assert found.homes["places"].to_dict() == {"a": 1, "b": 2, "c": 1}
    nearer = catchment(pairs_of(WALKS), PEOPLE, ROOM, at_most=300)
    assert nearer.access.to_dict() == pytest.approx({"a": 0.2, "b": 0.08, "c": 0.08})


def test_zones_weigh_people_and_places() -> None:
    """Weights 1 to 200 m, 0.5 beyond: p serves 100 + 150, q 150 + 200."""
    found = catchment(pairs_of(WALKS), PEOPLE, ROOM, at_most=500, method="e2sfca", decay=steps({200: 1, 500: 0.5}))
    assert found.places["people_weighted"].to_dict() == pytest.approx({"p": 250, "q": 350})
    assert found.access.to_dict() == pytest.approx({"a": 20 / 250, "b": 10 / 250 + 20 / 350, "c": 40 / 350})


def test_the_third_step_divides_the_choice_of_b() -> None:
    """b divides itself evenly (0.5 and 0.5): p serves 100 + 0.5·0.5·300, q 0.5·0.5·300 + 200."""
    found = catchment(pairs_of(WALKS), PEOPLE, ROOM, at_most=500, method="3sfca", decay=steps({200: 1, 500: 0.5}))
    p, q = 20 / 175, 40 / 275
    assert found.access.to_dict() == pytest.approx({"a": p, "b": 0.25 * p + 0.25 * q, "c": q})


def test_minutes_are_measured_in_minutes() -> None:
    by_metres = catchment(pairs_of(WALKS), PEOPLE, ROOM, at_most=350)
    by_minutes = catchment(pairs_of(WALKS), PEOPLE, ROOM, at_most=5, by="minutes")
    pd.testing.assert_series_equal(by_metres.access, by_minutes.access)
    assert "5分钟" in by_minutes.notes[2][0]


def test_weights_of_each_kind() -> None:
    walk = np.array([0.0, 300.0, 600.0, 900.0, 901.0])
    assert thirds(900).weigh(walk).tolist() == [1, 1, 0.68, 0.22, 0]
    assert gaussian(300).weigh(walk)[:3] == pytest.approx([1, math.exp(-0.5), math.exp(-2)])
    edge = math.exp(-0.5)
    assert gaussian_to_zero(900).weigh(walk) == pytest.approx(
        [1, (math.exp(-1 / 18) - edge) / (1 - edge), (math.exp(-2 / 9) - edge) / (1 - edge), 0, 0]
    )
    assert power(2, scale=300, least=150).weigh(walk)[:3] == pytest.approx([4, 1, 0.25])


def test_left_out_weights_are_thirds_of_the_limit() -> None:
    told, left_out = (
        catchment(pairs_of(WALKS), PEOPLE, ROOM, at_most=450, method="e2sfca", decay=decay)
        for decay in (steps({150: 1, 300: 0.68, 450: 0.22}), None)
    )
    pd.testing.assert_series_equal(told.access, left_out.access)


def test_unknown_room_leaves_access_unknown_with_what_is_known_beside_it() -> None:
    found = catchment(pairs_of(WALKS), PEOPLE, ROOM.replace(20.0, NAN), at_most=500)
    assert found.homes["access"].isna().tolist() == [True, True, False]
    assert found.homes["access_known"].tolist() == pytest.approx([0, 0.08, 0.08])
    assert found.homes["places_unknown"].tolist() == [1, 1, 0]
    assert any("1 places of unknown capacity" in en for _, en in found.notes)


def test_unknown_people_leave_what_they_share_unknown() -> None:
    found = catchment(pairs_of(WALKS), PEOPLE.replace(100.0, NAN), ROOM, at_most=500)
    assert found.places["ratio"].isna().tolist() == [True, False]
    assert found.access.isna().tolist() == [True, True, False]


def test_where_nobody_lives_capacity_has_no_end_and_none_stays_none() -> None:
    empty = PEOPLE * 0
    found = catchment(pairs_of(WALKS), empty, pd.Series({"p": 20.0, "q": 0.0}), at_most=500)
    assert found.access.tolist() == [math.inf, math.inf, 0]


def test_a_home_without_a_walk_has_nothing() -> None:
    found = catchment(pairs_of(WALKS), PEOPLE, ROOM, at_most=150)
    assert found.access.tolist() == pytest.approx([0.2, 0, 0])


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(["2sfca", "e2sfca", "3sfca"]), st.sampled_from([300, 650]))
def test_as_the_formulas_read(table, method, at_most) -> None:
    walks, demand, capacity = table
    decay = None if method == "2sfca" else gaussian(250)
    found = catchment(pairs_of(walks), demand, capacity, at_most=at_most, method=method, decay=decay)

    def weigh(walk):
        return 0.0 if walk > at_most else 1.0 if decay is None else math.exp(-walk * walk / (2 * 250**2))

    expected = plain(walks, demand, capacity, weigh, three=method == "3sfca")
    assert found.access.to_dict() == pytest.approx(expected, rel=1e-12, abs=1e-15)


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(["2sfca", "e2sfca", "3sfca"]))
def test_all_capacity_in_reach_is_handed_out(table, method) -> None:
    walks, demand, capacity = table
    found = catchment(pairs_of(walks), demand, capacity, at_most=900, method=method)
    used = (walks <= 900).any()
    assert (found.access * demand).sum() == pytest.approx(capacity[used].sum(), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(["2sfca", "e2sfca", "3sfca"]), st.integers(1, 50))
def test_more_capacity_lowers_nobodys_access(table, method, more) -> None:
    walks, demand, capacity = table
    before = catchment(pairs_of(walks), demand, capacity, at_most=900, method=method).access
    grown = capacity.copy()
    grown.iloc[0] += more
    after = catchment(pairs_of(walks), demand, grown, at_most=900, method=method).access
    assert (after >= before * (1 - 1e-12)).all()


@settings(max_examples=60, deadline=None)
@given(tables(most_places=5), st.sampled_from(["2sfca", "e2sfca"]))
def test_one_more_place_lowers_nobodys_access(table, method) -> None:
    walks, demand, capacity = table
    fewer = walks.iloc[:, :-1]
    before = catchment(pairs_of(fewer), demand, capacity[fewer.columns], at_most=900, method=method).access
    after = catchment(pairs_of(walks), demand, capacity, at_most=900, method=method).access
    assert (after >= before * (1 - 1e-12)).all()


@settings(max_examples=40, deadline=None)
@given(tables(), st.randoms(use_true_random=False), st.sampled_from(["2sfca", "3sfca"]))
def test_the_order_of_rows_makes_no_difference(table, random, method) -> None:
    walks, demand, capacity = table
    homes, places = list(walks.index), list(walks.columns)
    random.shuffle(homes)
    random.shuffle(places)
    one = catchment(pairs_of(walks), demand, capacity, at_most=700, method=method)
    other = catchment(pairs_of(walks.loc[homes, places]), demand, capacity[places], at_most=700, method=method)
    assert other.access.index.tolist() == homes
    assert other.access[walks.index].tolist() == pytest.approx(one.access.tolist(), rel=1e-12)


@pytest.mark.parametrize(
    ("demand", "capacity", "options", "words", "ids"),
    [
        (PEOPLE.drop("c"), ROOM, {}, "demand: no row for 1", ("c",)),
        (pd.concat([PEOPLE, pd.Series({"x": 1.0})]), ROOM, {}, "demand: 1 that the pairs do not know", ("x",)),
        (pd.concat([PEOPLE, pd.Series({"a": 1.0})]), ROOM, {}, "demand: ids that stand twice", ("a",)),
        (PEOPLE.replace(100.0, -1.0), ROOM, {}, "demand: -1 is no amount", ("a",)),
        (PEOPLE, ROOM.replace(20.0, math.inf), {}, "capacity: inf is no amount", ("p",)),
        (PEOPLE, ROOM, {"at_most": 0.0}, "walks of at most 0", ()),
        (PEOPLE, ROOM, {"at_most": NAN}, "walks of at most nan", ()),
        (PEOPLE, ROOM, {"by": "miles"}, "walks measured by miles", ()),
        (PEOPLE, ROOM, {"method": "4sfca"}, "there is no method 4sfca", ()),
        (PEOPLE, ROOM, {"decay": gaussian(100)}, "2sfca counts everybody within the limit alike", ()),
    ],
)
def test_what_is_refused(demand, capacity, options, words, ids) -> None:
    with pytest.raises(InputError, match=words) as refusal:
        catchment(pairs_of(WALKS), demand, capacity, **options)
    assert [fault.ids for fault in refusal.value.faults] == [ids]


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InputError) as refusal:
        catchment(pairs_of(WALKS), PEOPLE.drop("a"), ROOM * -1, at_most=-5)
    assert len(refusal.value.faults) == 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: steps({}), "are no decay"),
        (lambda: steps({100: 0.5, 200: 0.6}), "are no decay"),
        (lambda: steps({100: -0.5}), "are no decay"),
        (lambda: steps({100: NAN}), "are no decay"),
        (lambda: thirds(math.inf), "inf has no thirds"),
        (lambda: gaussian(0), "width 0"),
        (lambda: gaussian_to_zero(-1), "limit -1"),
        (lambda: power(NAN), "exponent nan"),
    ],
)
def test_weights_that_are_refused(make, words) -> None:
    with pytest.raises(InputError, match=words):
        make()
