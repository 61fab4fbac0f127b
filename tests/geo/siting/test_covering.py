"""Covering against every possible choice on small random towns, laws, and what is refused."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from geo.errors import InfeasibleError, InputError
from geo.siting.covering import lscp, mclp

covers = st.tuples(st.integers(1, 14), st.integers(1, 7), st.integers(0, 10_000), st.sampled_from([0.15, 0.35, 0.6]))
quick = settings(max_examples=60, deadline=None)


def drawn(size):
    """Return a random cover, whole weights and costs."""
    rows, sites, seed, share = size
    rng = np.random.default_rng(seed)
    return (
        rng.random((rows, sites)) < share, rng.integers(0, 20, rows).astype(float),
        rng.integers(1, 6, sites).astype(float), rng,
    )  # fmt: skip


def choices(sites, fixed=()):
    for count in range(sites + 1):
        for one in itertools.combinations(range(sites), count):
            if set(fixed) <= set(one):
                yield list(one)


def worth(cover, weight, sites):
    return float(weight[cover[:, sites].any(axis=1)].sum())


@quick
@given(covers, st.booleans(), st.booleans())
def test_fewest_sites_equal_a_count_of_all_choices(size, priced, stays):
    cover, _, cost, rng = drawn(size)
    cover = cover[cover.any(axis=1)]
    if not len(cover):
        return
    fixed = [int(rng.integers(size[1]))] if stays else []
    price = cost if priced else np.ones(size[1])
    best = min(price[one].sum() for one in choices(size[1], fixed) if cover[:, one].any(axis=1).all())
    found = lscp(sparse.csr_array(cover), cost=cost if priced else None, fixed=fixed)
    assert found.value == best == found.bound
    assert found.proven
    assert set(fixed) <= set(found.sites.tolist())
    assert cover[np.arange(len(cover)), found.served_by].all()
    assert set(found.served_by.tolist()) <= set(found.sites.tolist())


@quick
@given(covers, st.integers(1, 5), st.booleans(), st.sampled_from(["count", "money", "both"]))
def test_most_covered_equals_a_count_of_all_choices(size, p, stays, limit):
    cover, weight, cost, rng = drawn(size)
    fixed = [int(rng.integers(size[1]))] if stays else []
    budget = float(rng.integers(5, 15))
    most, money = (p if limit != "money" else size[1]), (budget if limit != "count" else np.inf)
    best = max(
        worth(cover, weight, one) for one in choices(size[1], fixed) if len(one) <= most and cost[one].sum() <= money
    )
    found = mclp(
        cover, weight, p if limit != "money" else None, cost=None if limit == "count" else cost,
        budget=None if limit == "count" else budget, fixed=fixed,
    )  # fmt: skip
    assert found.value == pytest.approx(best)
    assert found.proven
    assert found.value == pytest.approx(worth(cover, weight, found.sites))
    assert len(found.sites) <= most
    assert cost[found.sites].sum() <= money
    served = found.served_by >= 0
    assert cover[np.flatnonzero(served), found.served_by[served]].all()


@quick
@given(covers, st.integers(1, 4), st.integers(0, 100))
def test_order_of_rows_does_not_matter(size, p, seed):
    cover, weight, _, _ = drawn(size)
    weight = weight / 7
    order = np.random.default_rng(seed).permutation(size[0])
    one, other = mclp(cover, weight, p), mclp(cover[order], weight[order], p)
    assert one.sites.tolist() == other.sites.tolist()
    assert one.value == pytest.approx(other.value)
    assert (one.served_by[order] == other.served_by).all()
    cover = cover[cover.any(axis=1)]
    order = np.random.default_rng(seed).permutation(len(cover))
    if len(cover):
        assert lscp(cover).sites.tolist() == lscp(cover[order]).sites.tolist()


@quick
@given(covers, st.integers(1, 4))
def test_one_more_site_or_candidate_never_covers_less(size, p):
    cover, weight, _, rng = drawn(size)
    value = mclp(cover, weight, p).value
    assert mclp(cover, weight, p + 1).value >= value
    more = np.column_stack([cover, rng.random(size[0]) < 0.3])
    assert mclp(more, weight, p).value >= value


@quick
@given(st.integers(0, 10_000), st.integers(1, 4), st.floats(50, 400), st.floats(1, 2))
def test_coverage_grows_with_the_radius(seed, p, radius, times):
    rng = np.random.default_rng(seed)
    homes, sites = rng.uniform(0, 1000, (30, 2)), rng.uniform(0, 1000, (8, 2))
    metres = np.hypot(*(homes[:, None] - sites[None]).transpose(2, 0, 1))
    weight = rng.integers(1, 9, 30).astype(float)
    assert mclp(metres <= radius * times, weight, p).value >= mclp(metres <= radius, weight, p).value
    near = metres[(metres <= radius).any(axis=1)]
    if len(near):
        assert lscp(near <= radius * times).value <= lscp(near <= radius).value


def test_a_larger_town_is_proven_and_tells_how_it_went():
    rng = np.random.default_rng(5)
    homes, sites = rng.uniform(0, 10_000, (2000, 2)), rng.uniform(0, 10_000, (150, 2))
    metres = np.hypot(*(homes[:, None] - sites[None]).transpose(2, 0, 1))
    weight = rng.integers(1, 100, 2000).astype(float)
    found = mclp(sparse.csr_array(metres <= 600), weight, 30)
    assert found.proven
    assert found.value == worth(metres <= 600, weight, found.sites)
    assert all(low <= high + 1e-6 for _, low, high in found.progress)
    # Swapping any single site of the answer for any other never helps.
    for away in found.sites:
        rest = np.setdiff1d(found.sites, [away])
        left = weight * ~(metres[:, rest] <= 600).any(axis=1)
        assert worth(metres <= 600, weight, rest) + (left @ (metres <= 600)).max() <= found.value + 1e-9


def test_short_of_time_the_value_stands_beside_a_bound():
    rng = np.random.default_rng(2)
    cover = rng.random((400, 120)) < 0.06
    found = mclp(cover, rng.uniform(1, 50, 400), 20, seconds=0.0)
    assert found.value <= found.bound
    sure = lscp(cover[cover.any(axis=1)], seconds=0.0)
    assert sure.bound <= sure.value


def test_everything_wrong_is_told_at_once():
    with pytest.raises(InputError) as told:
        mclp(np.eye(3), np.array([1.0, -1, np.nan]), 0, fixed=[7])
    text = str(told.value)
    assert len(told.value.faults) == 3
    assert "weight" in text
    assert "fixed" in text
    assert "p is 0" in text
    assert told.value.faults[0].ids == ("1", "2")


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: mclp(np.eye(3), np.ones(3)), "neither a number of sites nor a budget"),
        (lambda: mclp(np.eye(3), np.ones(3), budget=2.0), "not what sites cost"),
        (lambda: mclp(np.eye(3), np.ones(3), budget=-2.0, cost=np.ones(3)), "budget is -2.0"),
        (lambda: mclp(np.eye(3), np.ones(2), 1), "weight has shape"),
        (lambda: mclp(np.ones(3), np.ones(3), 1), "cover has shape"),
        (lambda: mclp(np.zeros((0, 3)), np.ones(0), 1), "cover has shape"),
        (lambda: mclp(np.array([[np.nan]]), np.ones(1), 1), "NaN"),
        (lambda: mclp(np.eye(3), np.ones(3), 1, fixed=[0, 1]), "2 sites must stay"),
        (lambda: lscp(np.eye(3), cost=np.array([1, np.inf, 1])), "cost is negative, endless"),
    ],
)
def test_refusals(ask, says):
    with pytest.raises(InputError, match=says):
        ask()


def test_who_cannot_be_covered_is_named():
    with pytest.raises(InfeasibleError) as told:
        lscp(np.array([[1, 0], [0, 0], [0, 1], [0, 0]]))
    assert told.value.ids == ("1", "3")
    assert "2 of 4 demand points" in told.value.reasons[0]
    assert "4 个需求点中有 2 个" in told.value.reasons_zh[0]


def test_sites_that_stay_may_cost_too_much():
    with pytest.raises(InfeasibleError, match="more than the budget of 4"):
        mclp(np.eye(3), np.ones(3), cost=np.array([3.0, 2, 1]), budget=4.0, fixed=[0, 1])
