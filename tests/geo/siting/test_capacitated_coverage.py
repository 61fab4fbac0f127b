"""Coverage by sites of limited room against every possible choice, a peer's flow, laws, and what is refused."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.siting.capacitated_coverage import capacitated_mclp
from geo.siting.covering import mclp

towns = st.tuples(st.integers(1, 8), st.integers(1, 6), st.integers(0, 10_000), st.sampled_from([0.3, 0.6]))
quick = settings(max_examples=40, deadline=None)


def drawn(size):
    rows, sites, seed, share = size
    rng = np.random.default_rng(seed)
    return (
        rng.random((rows, sites)) < share, rng.integers(0, 12, rows).astype(float),
        rng.integers(0, 25, sites).astype(float), rng,
    )  # fmt: skip


def most_flow(cover, weight, capacity, sites):
    """Return what these sites can serve, as networkx's largest flow."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    for row, amount in enumerate(weight):
        graph.add_edge("from", ("row", row), capacity=amount)
    for site in sites:
        graph.add_edge(("site", site), "to", capacity=capacity[site])
        for row in np.flatnonzero(cover[:, site]):
            graph.add_edge(("row", row), ("site", site), capacity=weight[row])
    return nx.maximum_flow_value(graph, "from", "to")


def most_whole(cover, weight, capacity, sites):
    """Return what these sites can serve when every row goes to one of them, or to none."""
    states = {tuple(capacity[list(sites)]): 0.0}
    for row, amount in enumerate(weight):
        after = dict(states)
        for room, value in states.items():
            for k, site in enumerate(sites):
                if cover[row, site] and room[k] >= amount:
                    left = (*room[:k], room[k] - amount, *room[k + 1 :])
                    after[left] = max(after.get(left, 0.0), value + amount)
        states = after
    return max(states.values())


def holds(found, cover, weight, capacity, p):
    share = found.share.toarray()
    assert ((share >= 0) & (share <= 1 + 1e-9)).all()
    assert (share.sum(axis=1) <= 1 + 1e-9).all()
    assert not share[~cover].any()
    assert (share.T @ weight <= capacity + 1e-6).all()
    assert len(found.sites) <= p
    assert set(np.flatnonzero(share.any(axis=0))) <= set(found.sites.tolist())
    assert found.value == pytest.approx((share.T @ weight).sum())
    assert found.value <= found.bound + 1e-9
    served = found.served_by >= 0
    assert (served == share.any(axis=1)).all()
    assert (share[served, found.served_by[served]] == share[served].max(axis=1)).all()


@quick
@given(towns, st.integers(1, 3), st.booleans(), st.booleans())
def test_most_served_equals_a_count_of_all_choices(size, p, stays, split):
    cover, weight, capacity, rng = drawn(size)
    fixed = {int(rng.integers(size[1]))} if stays else set()
    count = most_flow if split else most_whole
    best = max(
        count(cover, weight, capacity, one)
        for one in itertools.combinations(range(size[1]), min(p, size[1]))
        if fixed <= set(one)
    )
    found = capacitated_mclp(cover, weight, capacity, p, fixed=sorted(fixed), split=split)
    holds(found, cover, weight, capacity, p)
    assert fixed <= set(found.sites.tolist())
    assert found.value == pytest.approx(best)
    assert found.gap < 1e-6
    if not split:
        assert set(found.share.data.tolist()) <= {1.0}


@quick
@given(towns, st.integers(1, 3), st.integers(0, 99))
def test_order_of_rows_does_not_matter(size, p, seed):
    cover, weight, capacity, _ = drawn(size)
    order = np.random.default_rng(seed).permutation(size[0])
    one = capacitated_mclp(cover, weight, capacity, p)
    other = capacitated_mclp(cover[order], weight[order], capacity, p)
    assert one.value == pytest.approx(other.value)


@quick
@given(towns, st.integers(1, 3))
def test_more_room_more_sites_and_more_reach_never_serve_less(size, p):
    cover, weight, capacity, rng = drawn(size)
    value = capacitated_mclp(cover, weight, capacity, p).value - 1e-6
    assert capacitated_mclp(cover, weight, capacity + rng.integers(0, 5, size[1]), p).value >= value
    assert capacitated_mclp(cover, weight, capacity, p + 1).value >= value
    assert capacitated_mclp(cover | (rng.random(cover.shape) < 0.2), weight, capacity, p).value >= value


@quick
@given(towns, st.integers(1, 3))
def test_with_room_for_all_it_is_plain_coverage(size, p):
    cover, weight, _, _ = drawn(size)
    found = capacitated_mclp(cover, weight, np.full(size[1], weight.sum()), p)
    assert found.value == pytest.approx(mclp(cover, weight, p).value)


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("tight", [0.6, 1.5])
def test_a_larger_town_comes_within_one_percent(split, tight):
    rng = np.random.default_rng(4)
    homes, sites = rng.uniform(0, 10_000, (500, 2)), rng.uniform(0, 10_000, (80, 2))
    cover = np.hypot(*(homes[:, None] - sites[None]).transpose(2, 0, 1)) <= 1500
    weight = rng.integers(1, 60, 500).astype(float)
    capacity = np.round(rng.uniform(0.5, 1.5, 80) * tight * weight.sum() / 12)
    found = capacitated_mclp(cover, weight, capacity, 12, split=split, gap=0.01, seconds=120)
    holds(found, cover, weight, capacity, 12)
    assert found.gap <= 0.01
    if split:
        assert found.value == pytest.approx(most_flow(cover, weight, capacity, found.sites.tolist()))


def test_nobody_to_serve():
    found = capacitated_mclp(np.zeros((3, 2)), np.ones(3), np.ones(2), 1, fixed=[1])
    assert found.sites.tolist() == [1]
    assert found.value == found.bound == 0
    assert found.served_by.tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: capacitated_mclp(np.eye(3), np.ones(3), np.ones(2), 1), "capacity has shape"),
        (lambda: capacitated_mclp(np.eye(3), np.ones(3), np.array([1, np.nan, 1]), 1), "capacity is negative, endless"),
        (lambda: capacitated_mclp(np.eye(3), -np.ones(3), np.ones(3), 1), "weight is negative"),
        (lambda: capacitated_mclp(np.eye(3), np.ones(3), np.ones(3), 1, fixed=[0, 2]), "2 sites must stay"),
    ],
)
def test_refusals(ask, says):
    with pytest.raises(InputError, match=says):
        ask()
