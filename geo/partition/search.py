"""The compiled heart of the engine: contiguous parts of a weighted graph, found by annealing from METIS seeds.

Nothing here knows about towns. A `Problem` is a graph whose vertices carry weights (households, people) and whose
edges carry a signed cost that is paid when the edge is cut; `partition_graph` looks for k contiguous parts within
limits. Effort is counted in proposals, never in seconds, and chance comes from a seed, so the same question has the
same answer.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pymetis
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.partition import kernels
from geo.partition.kernels import CONFLICT

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]

HOT, COLD = 0.65, 0.1
"""Temperatures at the start and end of a run, in units of the mean cost of a move at the start."""
CHUNKS = 200
"""Steps of the temperature; between two of them the penalty adapts and the best plan is kept."""
HARDER, SOFTER = 1.06, 0.97
"""What the penalty is multiplied by after a step that ended outside, or inside, the limits."""


class SearchStopped(Exception):  # noqa: N818 - it is a signal, not an error
    """Raised inside the search when its deadline has passed."""


@dataclass(frozen=True)
class Problem:
    """A graph to be cut into contiguous parts.

    Attributes
    ----------
    weights : array (n, d)
        One or two weights of every vertex.
    low, high : array (d,)
        What a part's summed weights must lie between.
    start, link, neighbour : arrays
        Neighbours of vertex v are `neighbour[start[v]:start[v + 1]]`; those before `link[v]` connect, those behind must
        not be in v's part.
    source : array
        The vertex each entry of `neighbour` belongs to.
    cost : array
        What cutting the edge costs; negative means that cutting is rewarded.
    size_cost, target : float
        Cost of one unit of the first weight above or below the target.
    """

    weights: Ints
    low: Ints
    high: Ints
    start: Small
    link: Small
    neighbour: Small
    source: Small
    cost: Floats
    size_cost: float = 0.0
    target: float = 0.0

    @property
    def n(self) -> int:
        """Number of vertices."""
        return len(self.weights)

    @property
    def unit(self) -> Floats:
        """What one unit of each weight is as a share of the middle of its limits."""
        middle = np.maximum((self.low + np.minimum(self.high, self.weights.sum(axis=0) + 1)) / 2, 1.0)
        return np.asarray(1.0 / middle, dtype=np.float64)


Linear = Callable[[Small], Floats]
"""From an assignment to the cost (n, k) of having a vertex in a part: change and service are of this kind."""
Watch = Callable[[float, Small], None]
"""Told now and then how far the search is (0 to 1) and where it stands; may raise to stop it."""


@dataclass(frozen=True)
class Result:
    """The best assignment found: its cost, how far it is outside the limits (0 when inside), and how it was found."""

    part: Small
    cost: float
    violation: float
    conflicts: int
    stopped_early: bool = False

    @property
    def feasible(self) -> bool:
        """Whether every limit holds."""
        return self.violation == 0 and self.conflicts == 0

    @property
    def key(self) -> tuple[bool, float, float]:
        """Smaller is better: first inside the limits, then how far outside, then the cost."""
        return (not self.feasible, self.violation + CONFLICT * self.conflicts, self.cost)


def make_problem(
    weights: npt.ArrayLike,
    edges: npt.ArrayLike,
    costs: npt.ArrayLike,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    *,
    apart: npt.ArrayLike | None = None,
    size_cost: float = 0.0,
    target: float = 0.0,
) -> Problem:
    """Return the graph in the order the compiled search reads it.

    Parameters
    ----------
    weights : array (n,) or (n, d)
        Whole numbers, zero or more.
    edges : array (m, 2)
        Pairs of vertices; every pair once.
    costs : array (m,)
        Cost of cutting each edge.
    low, high : number or array (d,)
        Limits of a part's weights.
    apart : array (m,) of bool, optional
        Edges whose two ends must not be in one part; they do not connect.
    size_cost, target : float
        Cost of one unit of the first weight away from the target.
    """
    w = np.asarray(weights, dtype=np.int64)
    w = np.ascontiguousarray(w.reshape(len(w), -1))
    pairs = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    cost = np.asarray(costs, dtype=np.float64)
    parted = np.zeros(len(pairs), dtype=bool) if apart is None else np.asarray(apart, dtype=bool)
    n, d = w.shape
    src = np.concatenate([pairs[:, 0], pairs[:, 1]])
    dst = np.concatenate([pairs[:, 1], pairs[:, 0]])
    order = np.lexsort((dst, np.tile(parted, 2), src))
    start = np.concatenate([[0], np.cumsum(np.bincount(src, minlength=n))])
    linked = np.bincount(src[~np.tile(parted, 2)], minlength=n)
    return Problem(
        weights=w,
        low=np.broadcast_to(np.asarray(low, dtype=np.int64), (d,)).copy(),
        high=np.broadcast_to(np.asarray(high, dtype=np.int64), (d,)).copy(),
        start=start.astype(np.int32),
        link=(start[:-1] + linked).astype(np.int32),
        neighbour=dst[order].astype(np.int32),
        source=src[order].astype(np.int32),
        cost=np.tile(cost, 2)[order],
        size_cost=size_cost,
        target=target,
    )


def partition_graph(
    problem: Problem,
    k: int,
    *,
    proposals: int,
    seed: int = 0,
    starts: int = 1,
    first: npt.ArrayLike | None = None,
    linear: Linear | None = None,
    watch: Watch | None = None,
    deadline: float | None = None,
) -> Result:
    """Return the best k contiguous parts found; every part of the result is contiguous and not empty.

    Parameters
    ----------
    problem : Problem
        A connected graph with at least k vertices.
    k : int
        Number of parts.
    proposals : int
        Moves to propose in all, shared by the starts.
    seed : int
        Chance: the same seed gives the same result.
    starts : int
        Number of METIS seeds to begin from. A tenth of the proposals looks at all of them, the rest follows the best.
    first : array (n,), optional
        A contiguous assignment to begin from instead.
    linear : callable, optional
        Cost of each vertex in each part, asked again whenever the temperature changes.
    watch : callable, optional
        Told the progress; what it raises passes through.
    deadline : float, optional
        Value of `time.monotonic` after which the search stops where it is.
    """
    rng = np.random.default_rng(seed)
    if first is not None:
        seeds = [np.asarray(first, dtype=np.int32)]
    else:
        seeds = [seed_parts(problem, k, rng=rng, sort=i) for i in range(max(1, starts))]
    look = proposals // 10 // len(seeds) if len(seeds) > 1 else 0
    rest = proposals - look * len(seeds)
    clock = _Clock(proposals, watch, deadline)
    results = [_Run(problem, k, s, rng=rng, linear=linear, clock=clock) for s in seeds]
    if look:
        for run in results:
            run.anneal(look)
        results.sort(key=lambda run: run.best.key)
    run = results[0]
    if look:
        run = _Run(problem, k, run.best.part, rng=rng, linear=linear, clock=clock, best=run.best)
    run.anneal(rest)
    if not run.best.feasible:
        run.repair(proposals)
    best = run.best
    return Result(best.part, best.cost, best.violation, best.conflicts, stopped_early=clock.stopped)


def seed_parts(problem: Problem, k: int, *, rng: np.random.Generator, sort: int = 0) -> Small:
    """Return k contiguous, non-empty parts to begin from; limits may not hold yet.

    `sort` varies the recipe: METIS with equal or true edge costs and a narrow or wide balance.
    """
    seed = int(rng.integers(1, 2**31 - 1))
    n = problem.n
    if k == 1:
        return np.zeros(n, dtype=np.int32)
    weight = problem.weights[:, 0]
    scale = max(1.0, weight.sum() / 1e9)
    vertex = np.maximum((weight / scale).astype(np.int64), 0)
    if vertex.sum() == 0:
        vertex = np.ones(n, dtype=np.int64)
    joined = np.concatenate([np.arange(a, b) for a, b in zip(problem.start[:-1], problem.link, strict=True)])
    spread = np.abs(problem.cost).mean() or 1.0
    true = np.clip(np.round(10 * problem.cost / spread), -9, 90) + 10
    edge = np.ones(len(joined)) if sort % 2 == 0 else true[joined]
    share = float((problem.high[0] - problem.low[0]) / max(1, problem.high[0] + problem.low[0]))
    slack = max(1, int(1000 * min(share, 0.5) * (0.5, 0.9, 0.3)[sort % 3]))
    starts = np.concatenate([[0], np.cumsum(problem.link - problem.start[:-1])])
    whole = pieces_of(problem, np.zeros(n, dtype=np.int32))[0] == 1  # what must be apart may cut the graph in two
    _, part = pymetis.part_graph(
        k,
        adjacency=pymetis.CSRAdjacency(starts.astype(np.int32), problem.neighbour[joined].astype(np.int32)),
        vweights=vertex.astype(np.int32),
        eweights=edge.astype(np.int32),
        options=pymetis.Options(contig=whole, ufactor=slack, seed=seed, ncuts=3),
        recursive=False,
    )
    return _mended(problem, np.asarray(part, dtype=np.int32), k)


def measure(problem: Problem, part: Small, k: int, linear: Floats | None = None) -> tuple[float, float, int]:
    """Return (cost, relative violation of the limits, number of pairs united that must stay apart)."""
    cost, violation, conflicts = kernels.measured(
        problem.start, problem.link, problem.neighbour, problem.cost, problem.weights, problem.low, problem.high,
        problem.unit, _NO_LINEAR if linear is None else linear, problem.size_cost, problem.target, part, k,
    )  # fmt: skip
    return float(cost), float(violation), int(conflicts)


def pieces_of(problem: Problem, part: Small) -> tuple[int, Small]:
    """Return the connected pieces of the parts: how many, and the piece of each vertex."""
    own = (part[problem.source] == part[problem.neighbour]) & _connecting(problem)
    count, piece = connected_components(
        coo_array(
            (np.ones(int(own.sum()), dtype=np.int8), (problem.source[own], problem.neighbour[own])),
            shape=(problem.n, problem.n),
        ),
        directed=False,
    )
    return int(count), piece.astype(np.int32)


_NO_LINEAR = np.zeros((0, 0))


@dataclass
class _Clock:
    """Counts proposals, tells the watcher, and stops the search at its deadline."""

    total: int
    watch: Watch | None
    deadline: float | None
    done: int = 0
    stopped: bool = False
    told: float = field(default=-1.0)

    def tick(self, proposals: int, part: Small) -> None:
        self.done += proposals
        fraction = min(1.0, self.done / max(1, self.total))
        if self.watch is not None and fraction - self.told >= 0.02:
            self.told = fraction
            self.watch(fraction, part)
        if self.deadline is not None and time.monotonic() > self.deadline:
            self.stopped = True
            raise SearchStopped


class _Run:
    """One annealing run: the assignment it stands at, what it knows about it, and the best it has met."""

    def __init__(
        self, problem: Problem, k: int, part: Small, *, rng: np.random.Generator, linear: Linear | None, clock: _Clock,
        best: Result | None = None,
    ) -> None:  # fmt: skip
        self.problem, self.k, self.linear, self.clock = problem, k, linear, clock
        self.part = part.astype(np.int32).copy()
        self.unit = problem.unit
        self.count = np.bincount(self.part, minlength=k).astype(np.int64)
        self.load = np.zeros((k, problem.weights.shape[1]), dtype=np.int64)
        np.add.at(self.load, self.part, problem.weights)
        self.mark = np.zeros(problem.n, dtype=np.int64)
        self.queue = np.zeros(problem.n, dtype=np.int32)
        self.stamp = np.zeros(1, dtype=np.int64)
        self.state = rng.integers(1, 2**63 - 1, size=1).astype(np.uint64)
        self.table = _NO_LINEAR if linear is None else linear(self.part)
        self.best = best or self._result()

    def anneal(self, proposals: int) -> None:
        """Cool down over that many proposals, then descend to the nearest plan that no single move improves."""
        if self.k == 1 or not len(self.problem.neighbour) or self.clock.stopped:
            return
        scale = self._scale()
        penalty = 15.0 * scale
        try:
            for i in range(CHUNKS):
                temperature = HOT * scale * (COLD / HOT) ** (i / (CHUNKS - 1))
                self._flips(proposals // CHUNKS, temperature, penalty)
                penalty *= SOFTER if self._note() else HARDER
            self.settle()
        except SearchStopped:
            self.settle(tick=False)

    def repair(self, proposals: int) -> None:
        """Look for a plan inside the limits: short warm runs under an ever harder penalty, and re-split pairs."""
        if self.k == 1 or not len(self.problem.neighbour) or self.clock.stopped:
            return
        scale = self._scale()
        try:
            for attempt in range(12):
                if self.best.feasible:
                    return
                if attempt % 3 == 0:
                    self._restore(self.best.part)
                penalty = 40.0 * scale
                for i in range(60):
                    self._resplit(8 * self.k, penalty, 0.05 * scale)
                    self._flips(proposals // 1000 + 100, HOT * scale * 0.97**i, penalty)
                    if self._note():
                        break
                    penalty *= 1.1
                self.settle()
        except SearchStopped:
            self.settle(tick=False)

    def settle(self, *, tick: bool = True) -> None:
        """Descend: limits first, then cost."""
        size = 12 * len(self.problem.neighbour)
        hard = 1e9 * max(1.0, float(np.abs(self.problem.cost).max()))
        for origin in (self.part.copy(), self.best.part):
            self._restore(origin)
            for _ in range(3):
                self._flips(size, 0.0, hard, tick=tick)
                self._note()

    def _restore(self, part: Small) -> None:
        self.part[:] = part
        self.count[:] = np.bincount(part, minlength=self.k)
        self.load[:] = 0
        np.add.at(self.load, self.part, self.problem.weights)
        if self.linear is not None:
            self.table = self.linear(self.part)

    def _result(self) -> Result:
        return Result(self.part.copy(), *measure(self.problem, self.part, self.k, self._table()))

    def _table(self) -> Floats | None:
        return None if self.linear is None else self.table

    def _note(self) -> bool:
        """Keep the assignment if it is the best so far; return whether it is inside the limits."""
        if self.linear is not None:
            self.table = self.linear(self.part)
        cost, violation, conflicts = measure(self.problem, self.part, self.k, self._table())
        found = Result(self.part, cost, violation, conflicts)
        if found.key < self.best.key:
            self.best = Result(self.part.copy(), cost, violation, conflicts)
        return found.feasible

    def _scale(self) -> float:
        p = self.problem
        return float(kernels.mean_step(p.start, p.link, p.neighbour, p.source, p.cost, self.table, self.part)) or 1.0

    def _flips(self, proposals: int, temperature: float, penalty: float, *, tick: bool = True) -> None:
        p = self.problem
        kernels.flips(
            p.start, p.link, p.neighbour, p.source, p.cost, p.weights, p.low, p.high, self.unit, self.table,
            p.size_cost, p.target, self.part, self.load, self.count, self.mark, self.queue, self.stamp, self.state,
            proposals, temperature, penalty,
        )  # fmt: skip
        if tick:
            self.clock.tick(proposals, self.part)

    def _resplit(self, pairs: int, penalty: float, temperature: float) -> None:
        p = self.problem
        kernels.resplit(
            p.start, p.link, p.neighbour, p.source, p.cost, p.weights, p.low, p.high, self.unit, self.table,
            p.size_cost, p.target, self.part, self.load, self.count, self.mark, self.queue, self.stamp, self.state,
            pairs, temperature, penalty,
        )  # fmt: skip


def _connecting(problem: Problem) -> npt.NDArray[np.bool_]:
    return np.arange(len(problem.neighbour)) < problem.link[problem.source]


def _mended(problem: Problem, part: Small, k: int) -> Small:
    """Return `part` with one piece per part and no empty part: METIS promises neither.

    Small pieces become free and are taken by the lightest neighbouring part; empty parts take a piece of the heaviest.
    """
    part = part.copy()
    weight = problem.weights[:, 0].astype(np.float64) + 1e-6
    count, piece = pieces_of(problem, part)
    mass = np.bincount(piece, weight, minlength=count)
    owner = np.zeros(count, dtype=np.int64)
    owner[piece] = part
    keep = np.full(k, -1)
    for i in np.lexsort((np.arange(count), -mass)):
        if keep[owner[i]] < 0:
            keep[owner[i]] = i
    part[keep[part] != piece] = -1
    load = np.bincount(part[part >= 0], weight[part >= 0], minlength=k)
    while (part < 0).any():
        edge = _connecting(problem) & (part[problem.source] < 0) & (part[problem.neighbour] >= 0)
        takers = part[problem.neighbour[edge]]
        lightest = takers[np.lexsort((takers, load[takers]))[0]]
        vertex = problem.source[edge][takers == lightest].min()
        part[vertex] = lightest
        load[lightest] += weight[vertex]
    for empty in np.flatnonzero(np.bincount(part, minlength=k) == 0):
        _split_heaviest(problem, part, int(empty), weight, k)
    return part


def _split_heaviest(problem: Problem, part: Small, empty: int, weight: Floats, k: int) -> None:
    """Give the empty part the half of the heaviest part that a breadth-first walk reaches first."""
    load = np.bincount(part, weight, minlength=k)
    load[np.bincount(part, minlength=k) < 2] = -1
    giver = int(load.argmax())
    inside = np.flatnonzero(part == giver)
    parent = _walk(problem, part, int(inside[0]))
    below = weight.copy()
    for v, up in reversed(parent):
        if up >= 0:
            below[up] += below[v]
    root = min((v for v, up in parent if up >= 0), key=lambda v: (abs(below[v] - load[giver] / 2), v))
    branch = {root}
    for v, up in parent:
        if up in branch:
            branch.add(v)
    part[list(branch)] = empty


def _walk(problem: Problem, part: Small, root: int) -> list[tuple[int, int]]:
    """Return (vertex, parent) in breadth-first order inside root's part."""
    seen = {root}
    order = [(root, -1)]
    for v, _ in order:
        for w in problem.neighbour[problem.start[v] : problem.link[v]].tolist():
            if w not in seen and part[w] == part[root]:
                seen.add(w)
                order.append((w, v))
    return order
