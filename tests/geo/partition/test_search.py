"""The search core: against every possible partition of small graphs, and its laws on random planar ones."""

from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from geo.partition.exact import best_partitions
from geo.partition.search import Problem, Result, make_problem, measure, partition_graph, pieces_of, seed_parts


def planar(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (weights, edges, signed costs) of a random triangulation."""
    rng = np.random.default_rng(seed)
    triangles = Delaunay(rng.random((n, 2))).simplices
    edges = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]])), axis=0
    )
    return rng.integers(0, 50, n), edges, rng.normal(0.5, 1.0, len(edges)).round(3)


def all_partitions(n: int, k: int) -> Iterator[list[int]]:
    """Yield every way to put n things into k non-empty parts, numbered by first member."""

    def grow(part: list[int], used: int) -> Iterator[list[int]]:
        if len(part) == n:
            if used == k:
                yield part.copy()
            return
        for p in range(min(used + 1, k)):
            part.append(p)
            yield from grow(part, max(used, p + 1))
            part.pop()

    yield from grow([], 0)


def brute(weights: np.ndarray, edges: np.ndarray, costs: np.ndarray, k: int, low: int, high: int) -> float | None:
    """Return the least cost of k contiguous parts within limits, by trying all."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(weights)))
    graph.add_edges_from(edges.tolist())
    best = None
    whole = {}
    for part in all_partitions(len(weights), k):
        label = np.array(part)
        load = np.bincount(label, weights, minlength=k)
        if (load < low).any() or (load > high).any():
            continue
        cost = float(costs[label[edges[:, 0]] != label[edges[:, 1]]].sum())
        if best is not None and cost >= best:
            continue
        members = [frozenset(np.flatnonzero(label == p).tolist()) for p in range(k)]
        for group in members:
            if group not in whole:
                whole[group] = nx.is_connected(graph.subgraph(group))
        if all(whole[group] for group in members):
            best = cost
    return best


def assert_sound(problem: Problem, result: Result, k: int) -> None:
    """Every part is there, is one piece (networkx says so too), and the figures are true."""
    assert set(result.part.tolist()) == set(range(k))
    assert pieces_of(problem, result.part)[0] == k
    graph = nx.Graph()
    graph.add_nodes_from(range(problem.n))
    for v in range(problem.n):
        graph.add_edges_from((v, int(w)) for w in problem.neighbour[problem.start[v] : problem.link[v]])
    for p in range(k):
        assert nx.is_connected(graph.subgraph(np.flatnonzero(result.part == p).tolist()))
    load = np.bincount(result.part, problem.weights[:, 0], minlength=k)
    inside = bool((load >= problem.low[0]).all() and (load <= problem.high[0]).all())
    assert (result.violation == 0) == inside


@pytest.mark.parametrize("seed", range(6))
def test_small_graphs_reach_the_best_of_all_partitions(seed: int) -> None:
    weights, edges, costs = planar(seed, 9)
    k = 2 + seed % 2
    low, high = int(weights.sum() / k * 0.7), int(weights.sum() / k * 1.3)
    expected = brute(weights, edges, costs, k, low, high)
    problem = make_problem(weights, edges, costs, low, high)
    result = partition_graph(problem, k, proposals=200_000, seed=1, starts=2)
    exact = best_partitions(problem, 4, np.zeros(1 << 9))
    if expected is None:
        assert not result.feasible
        assert k not in exact
        return
    assert_sound(problem, result, k)
    assert result.feasible
    assert result.cost == pytest.approx(expected)
    assert exact[k][0] == pytest.approx(expected)
    assert measure(problem, exact[k][1], k)[0] == pytest.approx(expected)


@given(st.integers(0, 10_000), st.integers(10, 60), st.integers(2, 6))
@settings(max_examples=25, deadline=None)
def test_parts_are_always_whole_and_the_seed_decides(seed: int, n: int, k: int) -> None:
    weights, edges, costs = planar(seed, n)
    low, high = int(weights.sum() / k * 0.8), int(weights.sum() / k * 1.2)
    problem = make_problem(weights, edges, costs, low, high)
    one = partition_graph(problem, k, proposals=20_000, seed=seed, starts=2)
    two = partition_graph(problem, k, proposals=20_000, seed=seed, starts=2)
    assert_sound(problem, one, k)
    assert one.part.tolist() == two.part.tolist()
    assert one.cost == measure(problem, one.part, k)[0]


@given(st.integers(0, 10_000), st.integers(4, 30))
@settings(max_examples=25, deadline=None)
def test_seeds_are_contiguous_and_have_no_empty_part(seed: int, n: int) -> None:
    weights, edges, costs = planar(seed, n)
    problem = make_problem(np.zeros(n) if seed % 3 == 0 else weights, edges, costs, 0, 10**9)
    rng = np.random.default_rng(seed)
    for k in (1, n // 2, n):
        for sort in range(3):
            part = seed_parts(problem, k, rng=rng, sort=sort)
            assert len(set(part.tolist())) == k
            assert pieces_of(problem, part)[0] == k


def test_two_weights_are_both_kept_within_limits() -> None:
    """A path of six: households 1 each, people 1 1 1 1 1 5. Three and three is too many people on the right."""
    weights = np.array([[1, 1]] * 5 + [[1, 5]])
    edges = np.array([(i, i + 1) for i in range(5)])
    problem = make_problem(weights, edges, np.ones(5), [2, 0], [4, 6])
    result = partition_graph(problem, 2, proposals=5_000, seed=0)
    assert result.feasible
    assert result.part[3] != result.part[4]


def test_what_must_be_apart_is_apart_and_does_not_connect() -> None:
    """A ring of six; the edge 0-1 is a river. No part holds both, nor is held together by it."""
    edges = np.array([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 5)])
    apart = np.array([True, False, False, False, False, False])
    problem = make_problem(np.ones(6), edges, np.ones(6), 2, 4, apart=apart)
    for seed in range(5):
        result = partition_graph(problem, 2, proposals=5_000, seed=seed)
        assert result.feasible
        assert result.part[0] != result.part[1]
        assert pieces_of(problem, result.part)[0] == 2


def test_a_size_cost_draws_to_the_target() -> None:
    edges = np.array([(i, i + 1) for i in range(7)])
    costs = np.array([1.0, 1, 1, 1, 1, 0, 1])
    loose = partition_graph(make_problem(np.ones(8), edges, costs, 1, 7), 2, proposals=5_000, seed=0)
    drawn = make_problem(np.ones(8), edges, costs, 1, 7, size_cost=10.0, target=4.0)
    assert sorted(np.bincount(loose.part).tolist()) == [2, 6]
    assert np.bincount(partition_graph(drawn, 2, proposals=5_000, seed=0).part).tolist() == [4, 4]


def test_a_linear_cost_draws_vertices_to_parts() -> None:
    edges = np.array([(i, i + 1) for i in range(5)])
    problem = make_problem(np.ones(6), edges, np.ones(5), 1, 5)

    def linear(part: np.ndarray) -> np.ndarray:
        table = np.zeros((6, 2))
        table[:, 1 - part[0]] = [0, 9, 9, 9, 9, 0]  # only the last vertex may leave the first one's part
        return table

    result = partition_graph(problem, 2, proposals=5_000, seed=3, linear=linear)
    assert (result.part == result.part[0]).tolist() == [True] * 5 + [False]


def test_progress_is_told_and_what_the_watcher_raises_passes_through() -> None:
    weights, edges, costs = planar(1, 40)
    problem = make_problem(weights, edges, costs, 0, 10**6)
    told: list[float] = []
    partition_graph(problem, 3, proposals=20_000, watch=lambda fraction, _: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] > 0.9

    def stop(fraction: float, _: object) -> None:
        raise KeyboardInterrupt(f"{fraction}")

    with pytest.raises(KeyboardInterrupt):
        partition_graph(problem, 3, proposals=20_000, watch=stop)


def test_a_deadline_in_the_past_stops_at_once_and_says_so() -> None:
    weights, edges, costs = planar(1, 40)
    problem = make_problem(weights, edges, costs, 0, 10**6)
    result = partition_graph(problem, 3, proposals=10**9, deadline=0.0)
    assert result.stopped_early
    assert pieces_of(problem, result.part)[0] == 3


def test_a_start_of_one_s_own() -> None:
    edges = np.array([(i, i + 1) for i in range(5)])
    problem = make_problem(np.ones(6), edges, np.ones(5), 3, 3)
    result = partition_graph(problem, 2, proposals=2_000, first=[0, 1, 1, 1, 1, 1])
    assert result.feasible


def test_a_graph_in_two_pieces_is_parted_along_them() -> None:
    """What must be apart may leave a piece that nothing else touches; METIS alone would refuse such a graph."""
    edges = np.array([[0, 1], [1, 2], [3, 4], [4, 5]])
    problem = make_problem(np.full((6, 1), 100), edges, np.ones(4), np.array([250]), np.array([350]))
    result = partition_graph(problem, 2, proposals=10_000, seed=1)
    assert result.feasible
    assert len(set(result.part[:3])) == len(set(result.part[3:])) == 1
