"""The p-median against all choices there are, and its laws."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import shortest_path

from geo.errors import InfeasibleError, InputError
from geo.siting import kernels
from geo.siting.median import lists_of, p_median

LIBRARY = Path(__file__).resolve().parents[4] / "shared" / "bench" / "siting"


def best_by_trying(cost, weight, p, fixed=()):
    """Return the cheapest of all choices, infinite where none serves everybody."""
    counts = weight > 0
    return min(
        float((weight[counts] * cost[np.ix_(counts, sites)].min(axis=1)).sum())
        for sites in itertools.combinations(range(cost.shape[1]), p)
        if set(fixed) <= set(sites)
    )


def towns(draw, whole):
    n, m = draw(st.integers(1, 9)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    cost = rng.integers(0, 30, (n, m)).astype(float) if whole else rng.uniform(0, 30, (n, m))
    cost[rng.random((n, m)) < draw(st.sampled_from([0.0, 0.3, 0.6]))] = np.inf
    weight = rng.integers(0, 5, n).astype(float)
    p = draw(st.integers(1, m))
    fixed = rng.choice(m, draw(st.integers(0, p)), replace=False).tolist()
    return cost, weight, p, fixed


@settings(max_examples=120, deadline=None)
@given(st.data(), st.booleans())
def test_it_finds_and_proves_what_trying_all_finds(data, whole):
    cost, weight, p, fixed = towns(data.draw, whole)
    best = best_by_trying(cost, weight, p, fixed)
    if not np.isfinite(best):
        with pytest.raises(InfeasibleError):
            p_median(cost, weight, p, fixed=fixed)
        return
    found = p_median(cost, weight, p, fixed=fixed)
    assert found.value == pytest.approx(best, rel=1e-9, abs=1e-9)
    assert found.proven
    assert found.bound <= found.value
    assert len(set(found.sites)) == p
    assert set(fixed) <= set(found.sites)
    assert (np.diff(found.sites) > 0).all()
    for point, site in enumerate(found.served_by):
        nearest = cost[point, found.sites].min()
        assert site == -1 if np.isinf(nearest) else cost[point, site] == nearest


def street(n=60, m=25, seed=3):
    rng = np.random.default_rng(seed)
    homes, sites = rng.uniform(0, 1000, (n, 2)), rng.uniform(0, 1000, (m, 2))
    return np.hypot(*(homes[:, None] - sites[None]).transpose(2, 0, 1)), rng.integers(1, 50, n).astype(float)


def test_branches_close_what_the_bound_leaves_open():
    """Two triangles of streets, a home on each street (1 km to its two corners, 2 to the others), three sites.

    Half a site at each of the six corners would bring everybody to 1 km, six in all, and so the bound says; whole sites
    leave one home behind.
    """
    cost = np.full((6, 6), 2.0)
    for home in range(6):
        corners = [home, home - 2 if home % 3 == 2 else home + 1]
        cost[home, corners] = 1.0
    found = p_median(cost, np.ones(6), 3)
    assert found.value == found.bound == 7
    assert int(found.method.split()[-2]) > 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_order_of_rows_and_sites_does_not_matter(seed):
    cost, weight = street()
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(len(cost)), rng.permutation(cost.shape[1])
    plain = p_median(cost, weight, 6, fixed=[4])
    mixed = p_median(cost[rows][:, columns], weight[rows], 6, fixed=[int(np.flatnonzero(columns == 4)[0])])
    assert mixed.value == plain.value
    assert set(columns[mixed.sites]) == set(plain.sites)
    assert (columns[mixed.served_by] == plain.served_by[rows]).all()


def test_one_more_site_never_costs_more_and_one_that_stays_never_less():
    cost, weight = street()
    values = [p_median(cost, weight, p).value for p in range(1, 26)]
    assert all(a >= b for a, b in itertools.pairwise(values))
    assert all(p_median(cost, weight, 5, fixed=[j]).value >= values[4] * (1 - 1e-12) for j in range(25))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_every_price_gives_a_bound(seed, p):
    """Whatever the prices, the relaxed problem costs no more than the best choice."""
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0, 10, (8, 6))
    saving, chosen = np.zeros(6), np.zeros(6, dtype=bool)
    price = rng.uniform(-5, 20, 8)
    bound, _, _ = kernels.relaxed(*lists_of(cost), price, np.zeros(6, dtype=np.int64), p, saving, chosen)
    assert bound <= best_by_trying(cost, np.ones(8), p)
    assert chosen.sum() == p


def test_little_time_still_gives_a_choice_and_an_honest_bound():
    cost, weight = street(400, 120)
    hasty, patient = p_median(cost, weight, 12, seconds=0.0), p_median(cost, weight, 12)
    assert hasty.bound <= patient.value <= hasty.value
    assert patient.proven
    times = [moment for moment, _, _ in patient.progress]
    assert times == sorted(times)
    assert all(low <= value for _, value, low in patient.progress)


def test_a_gap_that_is_enough_ends_the_search():
    cost, weight = street(400, 120)
    rough = p_median(cost, weight, 12, gap=0.05)
    assert rough.gap <= 0.05


def test_points_without_weight_are_served_if_they_can_be():
    found = p_median([[0.0, 5.0], [7.0, np.inf], [np.inf, np.inf]], [1, 0, 0], 1)
    assert found.sites.tolist() == [0]
    assert found.served_by.tolist() == [0, 0, -1]
    nobody = p_median([[3.0, 1.0]], [0], 1)
    assert nobody.value == nobody.bound == 0


def test_unknown_costs_and_weights_and_positions_are_refused_together():
    with pytest.raises(InputError) as refusal:
        p_median([[np.nan, 1], [2, -3], [1, 1]], [1, 1, -2], 3, fixed=[5])
    costs, weights, fixed, count = refusal.value.faults
    assert costs.ids == ("0", "1")
    assert weights.ids == ("2",)
    assert fixed.ids == ("5",)
    assert "3 sites are to be chosen of 2" in count.what


@pytest.mark.parametrize("weight", [[1.0], [1.0, 1.0, 1.0]])
def test_sizes_that_do_not_fit_are_refused(weight):
    with pytest.raises(InputError, match="shape"):
        p_median([[1.0, 2.0], [2.0, 1.0]], weight, 1)


def test_fewer_sites_than_stay_are_refused():
    with pytest.raises(InputError, match="2 of them fixed"):
        p_median([[1.0, 2.0, 3.0]], [1.0], 1, fixed=[0, 2])


def test_points_that_reach_nothing_are_named():
    with pytest.raises(InfeasibleError, match="2 demand points") as refusal:
        p_median([[1, 2], [np.inf, np.inf], [np.inf, np.inf]], [1, 1, 1], 1)
    assert refusal.value.ids == ("1", "2")
    assert refusal.value.reasons_zh


def test_too_few_sites_to_reach_everybody_say_how_many_are_needed():
    alone = np.where(np.eye(4, dtype=bool), 1.0, np.inf)
    with pytest.raises(InfeasibleError, match="at least 4 are needed"):
        p_median(alone, np.ones(4), 3)
    assert p_median(alone, np.ones(4), 4).value == 4


@pytest.mark.skipif(not LIBRARY.is_dir(), reason="the OR-Library instances are not here")
@pytest.mark.parametrize(("name", "optimum"), [("pmed1", 5819), ("pmed15", 1729), ("pmed17", 6999), ("pmed30", 1989)])
def test_published_optima(name, optimum):
    numbers = (LIBRARY / f"{name}.txt").read_text(encoding="utf-8").split()
    n, edges, p = map(int, numbers[:3])
    length = np.zeros((n, n))
    for a, b, metres in np.array(numbers[3 : 3 + 3 * edges], dtype=int).reshape(-1, 3):
        length[a - 1, b - 1] = length[b - 1, a - 1] = metres
    found = p_median(shortest_path(length, directed=False), np.ones(n), p)
    assert found.value == found.bound == optimum
