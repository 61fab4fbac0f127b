"""The search core: against every possible partition of small graphs, and its laws on random planar ones."""

from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from geo.partition.search import partition_graph
from geo.partition.search.problem import Problem, Result, make_problem, measure, pieces_of
from geo.partition.search.seeding import PinsApartError, cores, mended, seed_parts


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
    if expected is None:
        assert not result.feasible
        return
    assert_sound(problem, result, k)
    assert result.feasible
    assert result.cost == pytest.approx(expected)
    assert measure(problem, result.part, k)[0] == pytest.approx(expected)


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


@st.composite
def prohibitions(draw: st.DrawFn) -> tuple[Problem, int]:
    """A random planar graph with pins, bars and shunned borders; some of them cannot be obeyed."""
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    n, k = draw(st.integers(8, 50)), draw(st.integers(2, 5))
    weights, edges, costs = planar(seed, n)
    labels = draw(st.integers(1, k))
    pin = np.full(n, -1)
    pin[rng.choice(n, min(n // 3, 2 * labels), replace=False)] = rng.integers(0, labels, min(n // 3, 2 * labels))
    bar = rng.random((n, labels)) < 0.05
    shun = np.zeros((labels, labels), dtype=bool)
    shun[0, -1] = labels > 1 and seed % 2 == 0
    low, high = int(weights.sum() / k * 0.5), int(weights.sum() / k * 1.5)
    return make_problem(weights, edges, costs, low, high, pin=pin, bar=bar, shun=shun), k


@given(prohibitions(), st.booleans())
@settings(max_examples=30, deadline=None)
def test_pins_always_hold_and_broken_prohibitions_are_counted(case: tuple[Problem, int], begun: bool) -> None:
    problem, k = case
    first = np.random.default_rng(problem.n).integers(0, k, problem.n) if begun else None
    try:
        result = partition_graph(problem, k, proposals=10_000, seed=1, first=first)
    except PinsApartError:
        assume(False)  # refused, as another test says
    part = result.part
    pinned = problem.pin >= 0
    assert part[pinned].tolist() == problem.pin[pinned].tolist()
    labels = problem.bar.shape[1]
    broken = sum(bool(problem.bar[v, p]) for v, p in enumerate(part.tolist()) if p < labels)
    for a, b in zip(part[problem.source].tolist(), part[problem.neighbour].tolist(), strict=True):
        broken += a < b < labels and bool(problem.shun[a, b])
    assert result.conflicts == broken
    assert result.feasible == (result.violation == 0 and broken == 0)
    assert_sound(problem, result, k)


def grid(width: int, height: int) -> np.ndarray:
    """Return the edges of a grid whose vertex in column x and row y is y * width + x."""
    number = np.arange(width * height).reshape(height, width)
    across = np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1)
    return np.concatenate([across, np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1)])


def test_a_bar_keeps_a_vertex_out_of_a_part() -> None:
    """A path of six, the left end pinned to part 0. Barring vertex 2 from it leaves two and four."""
    edges = np.array([(i, i + 1) for i in range(5)])
    bar = np.zeros((6, 1), dtype=bool)
    bar[2, 0] = True
    problem = make_problem(np.ones(6), edges, [1.0, 5, 1, 1, 1], 1, 5, pin=[0, 0, -1, -1, -1, -1], bar=bar)
    result = partition_graph(problem, 2, proposals=5_000, seed=0)
    assert result.feasible
    assert result.part.tolist() == [0, 0, 1, 1, 1, 1]


def test_parts_that_shun_each_other_do_not_touch() -> None:
    """Three by six, the left end pinned to part 0 and the right end to part 1: part 2 comes between, at any cost."""
    pin = np.full(18, -1)
    pin[[0, 17]] = 0, 1
    shun = np.array([[False, True], [False, False]])
    problem = make_problem(np.ones(18), grid(6, 3), np.ones(27), 3, 9, pin=pin, shun=shun)
    for seed in range(3):
        result = partition_graph(problem, 3, proposals=20_000, seed=seed)
        assert result.feasible
        a, b = result.part[problem.source], result.part[problem.neighbour]
        assert not ((a == 0) & (b == 1)).any()


def test_what_is_not_a_common_border_may_lie_between_parts_that_shun_each_other() -> None:
    edges = np.array([[0, 1], [2, 3], [0, 3]])
    shun = np.array([[False, True], [True, False]])
    for touching, conflicts in ((True, 1), (False, 0)):
        problem = make_problem(
            np.ones(4), edges, np.ones(3), 2, 2, apart=[False, False, True], touch=[True, True, touching], shun=shun
        )
        assert measure(problem, np.array([0, 0, 1, 1], dtype=np.int32), 2)[2] == conflicts


def test_pins_are_joined_around_those_of_others() -> None:
    """Three by three: part 0 has the left and right middle, part 1 the centre. Part 0 goes round, above or below."""
    pin = np.array([-1, -1, -1, 0, 1, 0, -1, -1, -1])
    problem = make_problem(np.ones(9), grid(3, 3), np.ones(12), 1, 8, pin=pin)
    core = cores(problem)
    assert (core == 0).sum() == 5
    assert (core == 1).sum() == 1
    assert set(core[[0, 1, 2]]) == {0} or set(core[[6, 7, 8]]) == {0}
    assert pieces_of(problem, core)[0] == 3


def test_pins_that_cannot_be_joined_are_refused_by_name() -> None:
    """A path of three: both ends pinned to part 1, the middle to part 0."""
    problem = make_problem(np.ones(3), [(0, 1), (1, 2)], np.ones(2), 1, 3, pin=[1, 0, 1])
    with pytest.raises(PinsApartError, match="part 1") as caught:
        partition_graph(problem, 2, proposals=1_000)
    assert caught.value.label == 1


def test_frozen_vertices_stay() -> None:
    weights, edges, costs = planar(7, 60)
    problem = make_problem(weights, edges, costs, 0, int(weights.sum()))
    first = seed_parts(problem, 4, rng=np.random.default_rng(0))
    frozen = first != 0
    result = partition_graph(problem, 4, proposals=20_000, first=first, frozen=frozen)
    assert result.part[frozen].tolist() == first[frozen].tolist()
    assert result.cost <= measure(problem, first, 4)[0]


def test_a_plan_outside_its_limits_is_repaired_with_little_change() -> None:
    """A town of 600 in 20 parts; one corner doubles. Change costs far more than borders."""
    weights, edges, _ = planar(3, 600)
    weights = weights + 20
    fair = make_problem(weights, edges, np.ones(len(edges)), weights.sum() * 0.92 / 20, weights.sum() * 1.08 / 20)
    today = partition_graph(fair, 20, proposals=500_000, seed=1)
    assert today.feasible
    grown = weights.copy()
    grown[np.flatnonzero(today.part == 0)[::4]] += weights[np.flatnonzero(today.part == 0)[::4]]
    low, high = int(grown.sum() * 0.9 / 20), int(grown.sum() * 1.1 / 20)
    problem = make_problem(grown, edges, np.full(len(edges), 1e-3), low, high)
    assert measure(problem, today.part, 20)[1] > 0
    table = np.repeat(grown[:, None].astype(float), 20, axis=1)
    table[np.arange(600), today.part] = 0
    result = partition_graph(problem, 20, proposals=2_000_000, seed=1, first=today.part, linear=lambda _: table)
    assert result.feasible
    assert grown[result.part != today.part].sum() < 0.02 * grown.sum()


@given(st.integers(0, 10_000), st.integers(2, 5))
@settings(max_examples=25, deadline=None)
def test_any_assignment_can_be_mended(seed: int, k: int) -> None:
    weights, edges, costs = planar(seed, 30)
    problem = make_problem(weights, edges, costs, 0, 10**9)
    part = mended(problem, np.random.default_rng(seed).integers(0, k, 30), k)
    assert pieces_of(problem, part)[0] == k == len(set(part.tolist()))
    assert mended(problem, part, k).tolist() == part.tolist()


@given(st.integers(0, 10_000), st.integers(2, 3))
@settings(max_examples=10, deadline=None)
def test_the_search_is_never_below_the_best_of_all_partitions(seed: int, k: int) -> None:
    """Zero weights and equal costs make ties; limits are close."""
    weights, edges, costs = planar(seed, 8)
    weights, costs = weights // 25, np.sign(costs)
    low, high = int(weights.sum() / k - 1), int(weights.sum() / k + 1)
    expected = brute(weights, edges, costs, k, low, high)
    result = partition_graph(make_problem(weights, edges, costs, low, high), k, proposals=50_000, seed=seed)
    assert not result.feasible or (expected is not None and result.cost >= expected - 1e-9)


def test_a_watcher_sees_the_whole_plan_while_regions_change() -> None:
    weights, edges, costs = planar(1, 300)
    problem = make_problem(weights, edges, costs, 0, 10**6)
    seen: list[int] = []
    partition_graph(problem, 30, proposals=3_000_000, watch=lambda _, part: seen.append(len(part)))
    assert set(seen) == {300}
