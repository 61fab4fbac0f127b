"""The capacitated p-median against all assignments there are, and its laws."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InfeasibleError, InputError
from geo.siting import kernels
from geo.siting.capacitated_median import capacitated_p_median
from geo.siting.median import lists_of, p_median

LIBRARY = Path(__file__).resolve().parents[4] / "shared" / "bench" / "siting"


def best_by_trying(cost, weight, capacity, load, p, fixed=()):
    """Return the cheapest of all assignments to all choices, infinite where every one overfills a site."""
    n, best = len(cost), np.inf
    weighted = np.where(np.isinf(cost), np.inf, np.where(np.isinf(cost), 0, cost) * weight[:, None])
    for sites in itertools.combinations(range(cost.shape[1]), p):
        if not set(fixed) <= set(sites):
            continue
        for use in itertools.product(sites, repeat=n):
            price = weighted[np.arange(n), use].sum()
            if price < best and (np.bincount(use, load, minlength=len(capacity)) <= capacity + 1e-9).all():
                best = price
    return best


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_it_finds_and_proves_what_trying_all_finds(data):
    n, m = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    cost = rng.integers(0, 30, (n, m)).astype(float) if data.draw(st.booleans()) else rng.uniform(0, 30, (n, m))
    cost[rng.random((n, m)) < data.draw(st.sampled_from([0.0, 0.3]))] = np.inf
    weight, load = rng.integers(0, 5, n).astype(float), rng.integers(1, 6, n).astype(float)
    capacity = rng.integers(3, 15, m).astype(float)
    p = data.draw(st.integers(1, m))
    fixed = rng.choice(m, data.draw(st.integers(0, p)), replace=False).tolist()
    best = best_by_trying(cost, weight, capacity, load, p, fixed)
    if not np.isfinite(best):
        with pytest.raises(InfeasibleError):
            capacitated_p_median(cost, weight, capacity, p, load=load, fixed=fixed, seconds=60)
        return
    found = capacitated_p_median(cost, weight, capacity, p, load=load, fixed=fixed, seconds=60)
    assert found.value == pytest.approx(best, rel=1e-9, abs=1e-9)
    assert found.proven
    assert found.bound <= found.value
    assert len(set(found.sites)) == p
    assert set(fixed) | set(found.served_by) <= set(found.sites)
    assert (np.bincount(found.served_by, load, minlength=m) <= capacity).all()


def town(n=60, m=20, seed=5):
    rng = np.random.default_rng(seed)
    homes, sites = rng.uniform(0, 1000, (n, 2)), rng.uniform(0, 1000, (m, 2))
    return np.hypot(*(homes[:, None] - sites[None]).transpose(2, 0, 1)), rng.integers(1, 50, n).astype(float)


def test_with_room_for_all_it_is_the_plain_p_median():
    cost, weight = town()
    found = capacitated_p_median(cost, weight, np.full(20, weight.sum()), 5, seconds=120)
    assert found.value == pytest.approx(p_median(cost, weight, 5).value, rel=1e-12)


def test_more_room_never_costs_more():
    cost, weight = town()
    values = [
        capacitated_p_median(cost, weight, np.full(20, more * weight.sum() / 5), 5, seconds=120, gap=1e-4)
        for more in (1.05, 1.3, 2.0)
    ]
    assert all(one.bound <= one.value for one in values)
    assert all(small.value * (1 + 1e-4) >= large.bound for small, large in itertools.pairwise(values))
    assert values[0].value > values[2].value


def test_order_of_rows_and_sites_does_not_matter():
    cost, weight = town(24, 10)
    capacity = np.linspace(0.3, 0.5, 10) * weight.sum()
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(24), rng.permutation(10)
    plain = capacitated_p_median(cost, weight, capacity, 4)
    mixed = capacitated_p_median(cost[rows][:, columns], weight[rows], capacity[columns], 4)
    assert plain.proven
    assert mixed.value == plain.value
    assert set(columns[mixed.sites]) == set(plain.sites)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_what_a_site_saves_is_at_least_what_it_can_pack(seed):
    """No set of points that fits into a site saves more at the given prices than the bound says."""
    rng = np.random.default_rng(seed)
    cost, load, price = rng.uniform(0, 10, (6, 2)), rng.integers(0, 5, 6).astype(float), rng.uniform(0, 12, 6)
    capacity = np.array([7.0, 3.0])
    start, site, ranked = lists_of(cost)
    saving, worth = np.zeros(2), np.zeros(2)
    kernels.packed(
        start,
        site,
        ranked,
        price,
        load,
        capacity,
        saving,
        worth,
        np.zeros(3, np.int64),
        np.zeros(12, np.int32),
        np.zeros(12),
    )
    for j in range(2):
        for size in range(7):
            for points in itertools.combinations(range(6), size):
                if load[list(points)].sum() <= capacity[j]:
                    assert saving[j] <= (cost[list(points), j] - price[list(points)]).sum() + 1e-9


def test_points_that_take_no_room_and_do_not_count_go_to_the_nearest():
    found = capacitated_p_median([[1.0, 4.0], [6.0, 2.0], [np.inf, np.inf]], [3, 0, 0], [3, 3], 2)
    assert found.served_by.tolist() == [0, 1, -1]
    assert found.value == 3
    nobody = capacitated_p_median([[1.0, 4.0]], [0], [3, 3], 1)
    assert len(nobody.sites) == 1
    assert nobody.value == 0


def test_unknown_numbers_are_refused_together():
    with pytest.raises(InputError) as refusal:
        capacitated_p_median([[1.0, 2.0], [2.0, 1.0]], [1, -1], [1, np.nan], 1, load=[1.0])
    weights, loads, capacities = refusal.value.faults
    assert weights.ids == ("1",)
    assert "loads" in loads.what
    assert capacities.ids == ("1",)


def test_points_that_fit_nowhere_are_named():
    with pytest.raises(InfeasibleError, match="fit into no site") as refusal:
        capacitated_p_median([[1.0, 2.0], [1.0, np.inf]], [4, 3], [2, 9], 2)
    assert refusal.value.ids == ("1",)
    assert refusal.value.reasons_zh


def test_points_that_reach_nothing_are_named():
    with pytest.raises(InfeasibleError, match="no site can be reached") as refusal:
        capacitated_p_median([[1.0, 2.0], [np.inf, np.inf]], [1, 1], [2, 9], 1)
    assert refusal.value.ids == ("1",)


def test_room_that_is_short_is_said_in_numbers():
    with pytest.raises(InfeasibleError, match="12 is needed and 2 sites have at most 11"):
        capacitated_p_median(np.ones((4, 3)), [3, 3, 3, 3], [5, 6, 4], 2)
    with pytest.raises(InfeasibleError, match="have at most 10"):
        capacitated_p_median(np.ones((4, 3)), [3, 3, 3, 3], [5, 6, 4], 2, fixed=[2])


def test_points_that_cannot_be_packed_are_refused_with_proof():
    """Three points of 3 and two sites of 5: room for 10, but no site takes two of them."""
    with pytest.raises(InfeasibleError, match="proven"):
        capacitated_p_median(np.ones((3, 2)), [3, 3, 3], [5, 5], 2, seconds=10)


@pytest.mark.skipif(not LIBRARY.is_dir(), reason="the OR-Library instances are not here")
@pytest.mark.parametrize(("number", "optimum"), [(2, 740), (3, 751), (4, 651), (5, 664)])
def test_published_optima(number, optimum):
    numbers = (LIBRARY / f"pmedcap{number:02d}.txt").read_text(encoding="utf-8").split()
    assert float(numbers[1]) == optimum
    n, p, room = map(int, numbers[2:5])
    _, x, y, load = np.array(numbers[5 : 5 + 4 * n], dtype=float).reshape(-1, 4).T
    cost = np.floor(np.hypot(x[:, None] - x, y[:, None] - y))
    found = capacitated_p_median(cost, np.ones(n), np.full(n, room), p, load=load, seconds=120)
    assert found.value == optimum
    assert (np.bincount(found.served_by, load, minlength=n) <= room).all()
    assert found.proven


@pytest.mark.skipif(not LIBRARY.is_dir(), reason="the OR-Library instances are not here")
def test_sao_jose_dos_campos():
    numbers = (LIBRARY / "SJC1.dat").read_text(encoding="utf-8").split()
    n, p = map(int, numbers[:2])
    x, y, room, load = np.array(numbers[2 : 2 + 4 * n], dtype=float).reshape(-1, 4).T
    cost = np.hypot(x[:, None] - x, y[:, None] - y)
    found = capacitated_p_median(cost, np.ones(n), room, p, load=load, seconds=2)
    assert found.value == pytest.approx(17288.99, abs=0.01)
    assert found.bound <= found.value
