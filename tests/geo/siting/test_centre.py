"""The p-center against every possible choice, laws, and what is refused."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InfeasibleError, InputError
from geo.siting.centre import p_center

towns = st.tuples(st.integers(1, 12), st.integers(1, 7), st.integers(0, 10_000))
quick = settings(max_examples=60, deadline=None)


def drawn(size):
    rng = np.random.default_rng(size[2])
    return rng.integers(0, 30, size[:2]).astype(float), rng


@quick
@given(towns, st.integers(1, 4), st.booleans())
def test_the_farthest_is_as_near_as_with_the_best_of_all_choices(size, p, stays):
    cost, rng = drawn(size)
    fixed = {int(rng.integers(size[1]))} if stays else set()
    best = min(
        cost[:, list(one)].min(axis=1).max()
        for one in itertools.combinations(range(size[1]), min(p, size[1]))
        if fixed <= set(one)
    )
    found = p_center(cost, p, fixed=sorted(fixed))
    assert found.value == best == found.bound
    assert len(found.sites) <= p
    assert fixed <= set(found.sites.tolist())
    assert cost[np.arange(size[0]), found.served_by].max() == best
    assert (cost[np.arange(size[0]), found.served_by] == cost[:, found.sites].min(axis=1)).all()


@quick
@given(towns, st.integers(1, 4), st.integers(0, 99))
def test_order_of_rows_and_one_more_site(size, p, seed):
    cost, rng = drawn(size)
    found = p_center(cost, p)
    order = np.random.default_rng(seed).permutation(size[0])
    assert p_center(cost[order], p).sites.tolist() == found.sites.tolist()
    assert p_center(cost, p + 1).value <= found.value
    assert p_center(np.column_stack([cost, rng.integers(0, 30, size[0])]), p).value <= found.value


def test_a_larger_town_is_proven():
    rng = np.random.default_rng(3)
    homes, sites = rng.uniform(0, 5000, (500, 2)), rng.uniform(0, 5000, (80, 2))
    metres = np.hypot(*(homes[:, None] - sites[None]).transpose(2, 0, 1))
    found = p_center(metres, 6)
    assert found.proven
    assert found.value == metres[:, found.sites].min(axis=1).max()
    assert all(bound <= value for _, value, bound in found.progress)


def test_what_cannot_be_reached_is_named():
    far = np.array([[1.0, 2], [np.inf, np.inf], [3, 4]])
    with pytest.raises(InfeasibleError) as told:
        p_center(far, 1)
    assert told.value.ids == ("1",)
    assert "无路可达" in told.value.reasons_zh[0]
    islands = np.array([[1.0, np.inf, np.inf], [np.inf, 1, np.inf], [np.inf, np.inf, 1]])
    with pytest.raises(InfeasibleError, match="no 2 sites reach every demand point"):
        p_center(islands, 2)
    assert p_center(islands, 3).value == 1


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: p_center(np.array([[np.nan]]), 1), "NaN"),
        (lambda: p_center(np.array([[-1.0]]), 1), "negative"),
        (lambda: p_center(np.ones(3), 1), "cost has shape"),
        (lambda: p_center(np.ones((3, 2)), 0), "p is 0"),
        (lambda: p_center(np.ones((3, 2)), 1, fixed=[2]), "there are 2 sites"),
    ],
)
def test_refusals(ask, says):
    with pytest.raises(InputError, match=says):
        ask()
