"""Coverage, quantiles, Lorenz and Gini: by hand, against other formulas of the same, their laws and refusals."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.access.inequality import coverage, gini, lorenz, quantiles
from geo.errors import InputError

NAN, INF = float("nan"), float("inf")
WALK = pd.Series({"a": 300.0, "b": 100.0, "c": INF, "d": 300.0, "e": 700.0, "f": 50.0})
PEOPLE = pd.Series({"a": 20.0, "b": 50.0, "c": 10.0, "d": 15.0, "e": 5.0, "f": NAN})

homes = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), min_size=1, max_size=12)


def series(pairs):
    return tuple(pd.Series(column, dtype=float) for column in zip(*pairs, strict=True))


def test_coverage_counts_people_by_their_walk() -> None:
    """100 people are known: 50 at 100 m, 35 at 300 m, 5 at 700 m, 10 reach none; one home is of unknown people."""
    curve = coverage(WALK, PEOPLE)
    assert curve.index.tolist() == [100, 300, 700]
    assert curve["people"].tolist() == [50, 85, 90]
    assert curve["share"].tolist() == pytest.approx([0.5, 0.85, 0.9])
    assert curve.attrs == {"people": 100, "people_unreached": 10, "homes_unknown": 1}


def test_coverage_at_lengths_that_are_asked_for() -> None:
    curve = coverage(WALK, PEOPLE, at=[1000, 299.9, 300])
    assert curve.index.tolist() == [299.9, 300, 1000]
    assert curve["people"].tolist() == [50, 85, 90]


def test_coverage_joins_people_by_home_not_by_row() -> None:
    shuffled = PEOPLE.iloc[::-1]
    pd.testing.assert_frame_equal(coverage(WALK, PEOPLE), coverage(WALK, shuffled))


def test_no_walk_at_all_is_out_of_reach() -> None:
    curve = coverage(WALK.replace(INF, NAN), PEOPLE, at=[1000])
    assert curve["people"].tolist() == [90]
    assert curve.attrs["people_unreached"] == 10


def test_where_nobody_is_known_shares_are_unknown() -> None:
    assert math.isnan(coverage(WALK, PEOPLE * NAN, at=[500])["share"].iloc[0])


@settings(max_examples=60, deadline=None)
@given(homes, st.lists(st.integers(0, 60), min_size=2, max_size=6))
def test_coverage_grows_with_the_radius_and_is_a_plain_count(pairs, at) -> None:
    walk, people = series(pairs)
    curve = coverage(walk, people, at=at)
    assert curve["people"].is_monotonic_increasing
    assert curve["people"].to_dict() == pytest.approx({float(r): people[walk <= r].sum() for r in at})


def test_quantiles_are_of_people_and_are_walks_that_somebody_has() -> None:
    found = quantiles(WALK, PEOPLE, [0, 0.5, 0.51, 0.85, 0.9, 1])
    assert found.tolist() == [100, 100, 300, 300, 700, INF]
    assert found.index.name == "share"


@settings(max_examples=60, deadline=None)
@given(homes, st.lists(st.integers(0, 100), min_size=1, max_size=5))
def test_quantiles_equal_those_of_a_list_of_persons(pairs, percents) -> None:
    values, people = series(pairs)
    persons = np.repeat(values.to_numpy(), people.astype(int))
    expected = np.quantile(persons, np.array(percents) / 100, method="inverted_cdf")
    assert quantiles(values, people, np.array(percents) / 100).tolist() == expected.tolist()


def test_lorenz_by_hand() -> None:
    """60 people have 1 each, 40 have 3 each: the worse-off 60% have a third."""
    curve = lorenz(pd.Series([3.0, 1.0, 1.0]), pd.Series([40, 50, 10]))
    assert curve["people_share"].tolist() == pytest.approx([0, 0.6, 1])
    assert curve["access_share"].tolist() == pytest.approx([0, 60 / 180, 1])
    # 1 - (0.6 · 1/3 + 0.4 · 4/3)
    assert gini(pd.Series([3.0, 1.0, 1.0]), pd.Series([40, 50, 10])) == pytest.approx(4 / 15)


def test_gini_at_its_ends() -> None:
    assert gini(pd.Series([2.0, 2.0]), pd.Series([5, 80])) == pytest.approx(0)
    assert gini(pd.Series([0.0, 7.0]), pd.Series([99, 1])) == pytest.approx(0.99)
    assert math.isnan(gini(pd.Series([0.0, 0.0]), pd.Series([1, 2])))


def test_unknown_access_and_homes_without_people_are_left_out() -> None:
    access, people = pd.Series([1.0, NAN, 3.0, INF]), pd.Series([60, 30, 40, 0])
    assert gini(access, people) == pytest.approx(4 / 15)


@settings(max_examples=60, deadline=None)
@given(homes)
def test_gini_is_half_the_mean_difference_over_the_mean(pairs) -> None:
    access, people = series(pairs)
    persons = np.repeat(access.to_numpy(), people.astype(int))
    if persons.sum() == 0:
        assert math.isnan(gini(access, people))
        return
    mean_difference = np.abs(persons[:, None] - persons[None]).mean()
    assert gini(access, people) == pytest.approx(mean_difference / (2 * persons.mean()), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(homes, st.integers(1, 9), st.integers(1, 9))
def test_only_relations_count(pairs, more_access, more_people) -> None:
    access, people = series(pairs)
    if (access * people).sum() > 0:
        assert gini(access * more_access, people * more_people) == pytest.approx(gini(access, people), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(homes)
def test_the_curve_is_convex_and_below_equality(pairs) -> None:
    access, people = series(pairs)
    if (access * people).sum() == 0:
        return
    curve = lorenz(access, people)
    slopes = np.diff(curve["access_share"]) / np.diff(curve["people_share"])
    assert (np.diff(slopes) >= -1e-9).all()
    assert (curve["access_share"] <= curve["people_share"] + 1e-12).all()


@pytest.mark.parametrize(
    ("call", "words", "ids"),
    [
        (lambda: coverage(WALK, PEOPLE.drop("a")), "values and people are of different homes", ("a",)),
        (lambda: coverage(pd.concat([WALK, WALK.head(1)]), PEOPLE), "homes that stand twice", ("a",)),
        (lambda: coverage(WALK - 200, PEOPLE), "values that are no amounts", ("b", "f")),
        (lambda: coverage(WALK, PEOPLE - 12), "people that are no amounts", ("c", "e")),
        (lambda: coverage(WALK, PEOPLE, at=[NAN]), "lengths", ()),
        (lambda: quantiles(WALK, PEOPLE, [1.5]), "shares", ()),
        (lambda: gini(WALK, PEOPLE), "access without end", ("c",)),
        (lambda: gini(WALK, PEOPLE * 0), "no home has both people and a known value", ()),
    ],
)
def test_what_is_refused(call, words, ids) -> None:
    with pytest.raises(InputError, match=words) as refusal:
        call()
    assert refusal.value.faults[0].ids == ids
