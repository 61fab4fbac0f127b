"""Exact solving: against every partition there is, on graphs small enough to try them all."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from geo.partition.exact import solve_exactly
from geo.partition.exact.pairs import improve_pairs
from geo.partition.search.problem import Problem, make_problem, measure, pieces_of


@dataclass(frozen=True)
class Table:
    """An additional cost of every set, drawn at random but always the same: a hash of its members."""

    seed: int

    def __call__(self, first: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sets = [tuple(sorted(member[a:b].tolist())) for a, b in itertools.pairwise(first)]
        return np.arange(len(sets)), np.full(len(sets), -1), np.array([self.of(one) for one in sets])

    def of(self, members: tuple[int, ...]) -> float:
        return round(float(np.random.default_rng([self.seed, *members]).random()), 3)


def planar(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return the edges of a random triangulation of which some are left out; it may fall apart."""
    triangles = Delaunay(rng.random((n, 2))).simplices
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]))
    edges = np.unique(edges, axis=0)
    return edges[rng.random(len(edges)) < 0.85]


def question(seed: int, n: int, *, kinds: str) -> Problem:
    """Return a random question: signed costs, zero weights, and what `kinds` names (size, two, apart)."""
    rng = np.random.default_rng(seed)
    edges = planar(rng, n)
    weights = rng.integers(0, 6, (n, 2 if "two" in kinds else 1)) * rng.integers(0, 2, (n, 1), endpoint=True).clip(0, 1)
    total = weights.sum(axis=0)
    middle = total / rng.integers(2, 5)
    slack = rng.choice([0.2, 0.5, 0.9])
    costs = rng.integers(-2, 5, len(edges)) if "whole" in kinds else rng.normal(0.5, 1.0, len(edges)).round(3)
    return make_problem(
        weights, edges, costs, np.floor(middle * (1 - slack)), np.ceil(middle * (1 + slack)),
        apart=rng.random(len(edges)) < (0.2 if "apart" in kinds else 0.0),
        size_cost=0.1 if "size" in kinds else 0.0, target=float(middle[0].round()),
    )  # fmt: skip


def partitions(n: int) -> Iterator[list[int]]:
    """Yield every way to put n things into parts, numbered by first member."""

    def grow(part: list[int], used: int) -> Iterator[list[int]]:
        if len(part) == n:
            yield part
            return
        for p in range(used + 1):
            part.append(p)
            yield from grow(part, max(used, p + 1))
            part.pop()

    yield from grow([], 0)


def brute(problem: Problem, extra: Table | None = None) -> dict[int, float]:
    """Return the least cost for each number of parts, by trying all partitions with networkx."""
    n = problem.n
    graph = nx.empty_graph(n)
    for v in range(n):
        graph.add_edges_from((v, int(w)) for w in problem.neighbour[problem.start[v] : problem.link[v]])
    good: dict[tuple[int, ...], bool] = {}

    def can_be_a_part(members: tuple[int, ...]) -> bool:
        if members not in good:
            load = problem.weights[list(members)].sum(axis=0)
            inside = bool((load >= problem.low).all() and (load <= problem.high).all())
            good[members] = inside and nx.is_connected(graph.subgraph(members))
        return good[members]

    best: dict[int, float] = {}
    for labels in partitions(n):
        part = np.array(labels, dtype=np.int32)
        k = int(part.max()) + 1
        members = [tuple(np.flatnonzero(part == p).tolist()) for p in range(k)]
        if not all(can_be_a_part(one) for one in members):
            continue
        cost, violation, conflicts = measure(problem, part, k)
        if violation == 0 and conflicts == 0:
            cost += sum(extra.of(one) for one in members) if extra else 0.0
            best[k] = min(best.get(k, math.inf), cost)
    return best


KINDS = ["", "whole", "size", "two apart", "whole two", "size apart"]


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("hashed", [False, True])
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(4, 7))
@settings(deadline=None, max_examples=15)
def test_nothing_is_better_than_what_is_proven(kinds: str, *, hashed: bool, seed: int, n: int) -> None:
    problem = question(seed, n, kinds=kinds)
    extra = Table(seed) if hashed else None
    truth = brute(problem, extra)
    for ks in (None, [2], [3], [1, 2, 4]):
        found = solve_exactly(problem, ks, extra=extra)
        best = min((cost for k, cost in truth.items() if ks is None or k in ks), default=math.inf)
        assert found.proven
        assert found.cost == pytest.approx(best, abs=1e-6)
        assert found.lower_bound == pytest.approx(best, abs=1e-6)
        if found.part is None:
            assert math.isinf(best)
            continue
        assert found.k is not None
        assert ks is None or found.k in ks
        assert pieces_of(problem, found.part)[0] == found.k
        cost, violation, conflicts = measure(problem, found.part, found.k)
        members = [tuple(np.flatnonzero(found.part == p).tolist()) for p in range(found.k)]
        cost += sum(extra.of(one) for one in members) if extra else 0.0
        assert (cost, violation, conflicts) == (pytest.approx(found.cost), 0, 0)


@dataclass(frozen=True)
class Claimed(Table):
    """Sets that cost less with a claim on one of three things; a hash says which suit them, and how much less."""

    def __call__(self, first: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = [
            (i, claim, self.of(one) - saved)
            for i, one in enumerate(tuple(sorted(member[a:b].tolist())) for a, b in itertools.pairwise(first))
            for claim, saved in [(-1, 0.0), *enumerate(self.saved(one))]
            if claim < 0 or saved > 0
        ]
        which, claim, cost = zip(*rows, strict=True) if rows else ((), (), ())
        return np.array(which, dtype=np.int64), np.array(claim, dtype=np.int64), np.array(cost, dtype=np.float64)

    def saved(self, members: tuple[int, ...]) -> list[float]:
        """Return what each claim saves; whole tenths, so that many plans cost the same."""
        return (np.random.default_rng([self.seed, 7, *members]).integers(-4, 12, 3) / 10).clip(0).tolist()

    def of_plan(self, plan: list[tuple[int, ...]]) -> float:
        """Return the cost of a plan with its claims granted in the best of all ways."""
        saved = [[*self.saved(one), *[0.0] * len(plan)] for one in plan]
        ways = itertools.permutations(range(3 + len(plan)), len(plan))
        return sum(map(self.of, plan)) - max(sum(saved[i][c] for i, c in enumerate(way)) for way in ways)


def plans(problem: Problem) -> Iterator[tuple[float, np.ndarray, list[tuple[int, ...]]]]:
    """Yield every plan within the limits: its cost by borders and sizes, its assignment, its parts."""
    for labels in partitions(problem.n):
        part = np.array(labels, dtype=np.int32)
        k = int(part.max()) + 1
        cost, violation, conflicts = measure(problem, part, k)
        if violation == 0 and conflicts == 0 and pieces_of(problem, part)[0] == k:
            yield cost, part, [tuple(np.flatnonzero(part == p).tolist()) for p in range(k)]


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(4, 7))
@settings(deadline=None, max_examples=30)
def test_a_claim_is_granted_to_one_part_only(seed: int, n: int) -> None:
    problem, extra = question(seed, n, kinds=""), Claimed(seed)
    best = min((cost + extra.of_plan(parts) for cost, _, parts in plans(problem)), default=math.inf)
    found = solve_exactly(problem, None, extra=extra)
    assert found.proven
    assert (found.cost, found.lower_bound) == (pytest.approx(best, abs=1e-6), pytest.approx(best, abs=1e-6))


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(4, 7))
@settings(deadline=None, max_examples=30)
def test_plans_dearer_than_their_parts_are_ruled_out(seed: int, n: int) -> None:
    """What a plan costs in truth is only known once it is whole: a quarter more for some."""
    problem, extra = question(seed, n, kinds="whole"), Claimed(seed)

    def worth(part: np.ndarray, k: int) -> float:
        parts = sorted(tuple(np.flatnonzero(part == p).tolist()) for p in range(k))
        more = np.random.default_rng([seed, *(len(one) for one in parts)]).choice([0.0, 0.25])
        return measure(problem, part, k)[0] + extra.of_plan(parts) + more

    best = min((worth(part, len(parts)) for _, part, parts in plans(problem)), default=math.inf)
    found = solve_exactly(problem, None, extra=extra, worth=worth)
    assert found.lower_bound <= best + 1e-6
    assert found.cost >= best - 1e-6
    if found.proven:
        assert found.cost == pytest.approx(best, abs=1e-6)
    if found.part is not None:
        assert worth(found.part, found.k) == pytest.approx(found.cost)
    assert found.proven or found.lower_bound >= best - 0.25 - 1e-6


@pytest.mark.parametrize("kinds", ["", "whole", "size", "two apart"])
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(5, 8))
@settings(deadline=None, max_examples=15)
def test_what_is_too_much_to_list_is_priced_and_proven_as_well(kinds: str, seed: int, n: int) -> None:
    problem = question(seed, n, kinds=kinds)
    truth = brute(problem)
    for ks in (None, [3], [2, 4]):
        found = solve_exactly(problem, ks, most_sets=8)  # one set is all that may be listed at first
        best = min((cost for k, cost in truth.items() if ks is None or k in ks), default=math.inf)
        assert found.lower_bound <= best + 1e-6
        if found.proven:
            assert found.cost == pytest.approx(best, abs=1e-6)
        if found.part is not None:
            assert measure(problem, found.part, found.k)[1:] == (0, 0)
            assert measure(problem, found.part, found.k)[0] == pytest.approx(found.cost)


def counties(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return populations and edges of a made-up state: a bent grid of n counties, of very different sizes."""
    rng = np.random.default_rng(seed)
    side = math.isqrt(n - 1) + 1
    middles = np.array([(i + 0.3 * rng.random(), j + 0.3 * rng.random()) for i in range(side) for j in range(side)])[:n]
    triangles = Delaunay(middles).simplices
    edges = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]])), axis=0
    )
    near = np.hypot(*(middles[edges[:, 0]] - middles[edges[:, 1]]).T) < 1.7
    return np.exp(rng.normal(9.5, 1.0, n)).astype(np.int64) + 500, edges[near]


def test_a_state_of_25_counties_in_three_districts_is_proven_by_listing_and_by_pricing() -> None:
    people, edges = counties(25, 5)
    share = people.sum() / 3
    problem = make_problem(people, edges, np.ones(len(edges)), math.ceil(share * 0.97), math.floor(share * 1.03))
    priced, again = (solve_exactly(problem, [3], most_sets=800) for _ in range(2))
    assert priced.proven
    assert measure(problem, priced.part, 3) == (priced.cost, 0, 0)
    assert pieces_of(problem, priced.part)[0] == 3
    assert priced.part.tolist() == again.part.tolist()
    listed = solve_exactly(problem, [3], extra=Nothing(), start=(priced.cost, priced.part))
    assert listed.proven
    assert listed.cost == priced.cost
    assert listed.sets > priced.sets


class Nothing:
    """No additional cost: but with it sets can only be listed."""

    def __call__(self, first: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        del member
        sets = len(first) - 1
        return np.arange(sets), np.full(sets, -1), np.zeros(sets)


def test_no_way_within_the_limits_is_proven() -> None:
    """A row of 40 houses of weight 2 cannot be cut into parts of 7 to 7; nor a star into parts of two."""
    row = make_problem(np.full(40, 2), [(i, i + 1) for i in range(39)], np.ones(39), 7, 7)
    star = make_problem(np.ones(9, dtype=int), [(0, i) for i in range(1, 9)], np.ones(8), 2, 3)
    for problem in (row, star):
        found = solve_exactly(problem, None)
        assert (found.part, found.cost, found.lower_bound, found.proven) == (None, math.inf, math.inf, True)


def best_pair(problem: Problem, part: np.ndarray, k: int, table: np.ndarray, pair: tuple[int, int]) -> float:
    """Return the least cost of all ways to part two parts anew, by trying all."""
    both = np.flatnonzero(np.isin(part, pair))
    best = math.inf
    for labels in itertools.product(pair, repeat=len(both)):
        other = part.copy()
        other[both] = labels
        if len(set(labels)) < 2 or (other != problem.pin)[problem.pin >= 0].any():
            continue
        cost, violation, conflicts = measure(problem, other, k, table)
        if violation == 0 and conflicts == 0 and pieces_of(problem, other)[0] == k:
            best = min(best, cost)
    return best


@pytest.mark.parametrize("kinds", ["", "whole size", "two apart", "size apart", "labels", "labels two"])
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(5, 9))
@settings(deadline=None, max_examples=20)
def test_no_pair_can_be_parted_better_when_it_says_so(kinds: str, seed: int, n: int) -> None:
    problem = question(seed, n, kinds=kinds)
    rng = np.random.default_rng(seed)
    first = solve_exactly(problem, [3, 2], extra=Table(seed))  # some plan that keeps every rule, not a good one
    if first.part is None or first.k is None:
        return
    k, part = first.k, first.part
    if "labels" in kinds:
        problem = labelled(problem, part, rng)
    table = rng.random((n, k)).round(3)
    before = measure(problem, part, k, table)[0]
    better, proven = improve_pairs(problem, part, k, table=table)
    after, violation, conflicts = measure(problem, better, k, table)
    assert proven
    assert after <= before + 1e-9
    assert (violation, conflicts, pieces_of(problem, better)[0]) == (0, 0, k)
    assert (better == problem.pin)[problem.pin >= 0].all()
    for pair in itertools.combinations(range(k), 2):
        joined = np.isin(better, pair)
        if pieces_of(problem, np.where(joined, pair[0], better).astype(np.int32))[0] < k:  # a way leads between them
            assert best_pair(problem, better, k, table, pair) == pytest.approx(after, abs=1e-6)


def labelled(problem: Problem, part: np.ndarray, rng: np.random.Generator) -> Problem:
    """Return the problem with some pins and bars that the assignment keeps."""
    k = int(part.max()) + 1
    pin = np.where(rng.random(problem.n) < 0.3, part, -1).astype(np.int32)
    bar = rng.random((problem.n, k)) < 0.15
    bar[np.arange(problem.n), part] = False
    return replace(problem, pin=pin, bar=bar)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(4, 7))
@settings(deadline=None, max_examples=25)
def test_pins_and_bars_are_kept_and_nothing_better_keeps_them(seed: int, n: int) -> None:
    problem = question(seed, n, kinds="")
    any_plan = solve_exactly(problem, [2, 3], extra=Table(seed))
    if any_plan.part is None or any_plan.k is None:
        return
    problem = labelled(problem, any_plan.part, np.random.default_rng(seed))
    best = math.inf
    for labels in itertools.product(range(any_plan.k), repeat=n):
        part = np.array(labels, dtype=np.int32)
        if len(set(labels)) == any_plan.k and (part == problem.pin)[problem.pin >= 0].all():
            cost, violation, conflicts = measure(problem, part, any_plan.k)
            if violation == 0 and conflicts == 0 and cost < best and pieces_of(problem, part)[0] == any_plan.k:
                best = cost
    found = solve_exactly(problem, [any_plan.k])
    assert found.lower_bound <= best + 1e-6
    if found.part is not None:
        assert (found.part == problem.pin)[problem.pin >= 0].all()
        assert measure(problem, found.part, any_plan.k)[2] == 0
    if found.proven:
        assert found.cost == pytest.approx(best, abs=1e-6)
    assert found.proven or set(range(any_plan.k)) - set(problem.pin.tolist()), "all labels pinned: it must be proven"


def test_what_starts_better_than_it_can_be_is_improved_pair_by_pair() -> None:
    """A grid of 4 by 6 in two halves along a crooked line: the straight one cuts four edges."""
    across = [(r * 6 + c, r * 6 + c + 1) for r in range(4) for c in range(5)]
    down = [(r * 6 + c, r * 6 + c + 6) for r in range(3) for c in range(6)]
    problem = make_problem(np.ones(24, dtype=int), across + down, np.ones(38), 10, 14)
    crooked = np.array([[0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1]])
    part, proven = improve_pairs(problem, crooked.reshape(-1).astype(np.int32), 2)
    assert proven
    assert measure(problem, part, 2)[0] == 4
    assert solve_exactly(problem, [2]).cost == 4
    assert solve_exactly(problem, [2]).part.reshape(4, 6).tolist() == [[0, 0, 0, 1, 1, 1]] * 4
