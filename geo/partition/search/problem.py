"""A graph to be cut into contiguous parts, and how a cut is measured.

Nothing here knows about towns. Vertices carry weights (households, people), edges a signed cost that is paid when the
edge is cut; limits, pins, bars and shunned borders say which cuts are allowed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.partition.search import kernels
from geo.partition.search.kernels import CONFLICT, Graph

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

Linear = Callable[[Small], Floats]
"""From an assignment to the cost (n, k) of having a vertex in a part: change and service are of this kind."""
Watch = Callable[[float, Small], None]
"""Told now and then how far the search is (0 to 1) and where it stands; may raise to stop it."""

NO_TABLE = np.zeros((0, 0))


@dataclass(frozen=True)
class Problem:
    """A graph to be cut into contiguous parts.

    Labels 0 to m-1, that pins, bars and shunned borders speak of, are the first m of the k parts.

    Attributes
    ----------
    weights : array (n, d)
        One or two weights of every vertex.
    low, high : array (d,)
        What a part's summed weights must lie between.
    start, link, neighbour : arrays
        Neighbours of vertex v are `neighbour[start[v]:start[v + 1]]`; those before `link[v]` connect, those behind must
        not be in v's part.
    source, reverse : arrays
        The vertex each entry of `neighbour` belongs to, and the entry of the same edge seen from its other end.
    cost : array
        What cutting the edge costs; negative means that cutting is rewarded.
    touch : array of bool
        Whether the two ends have a common border (what must be apart need not).
    size_cost, target : float
        Cost of one unit of the first weight above or below the target.
    pin : array (n,)
        The part a vertex must be in; -1 where it is free.
    bar : array (n, m) of bool
        Parts a vertex must not be in; (n, 0) when there are none.
    shun : array (m, m) of bool
        Pairs of parts that must have no common border; (0, 0) when there are none.
    """

    weights: Ints
    low: Ints
    high: Ints
    start: Small
    link: Small
    neighbour: Small
    source: Small
    reverse: Small
    cost: Floats
    touch: Flags
    pin: Small
    bar: Flags
    shun: Flags
    size_cost: float = 0.0
    target: float = 0.0

    @property
    def n(self) -> int:
        """Number of vertices."""
        return len(self.weights)

    @cached_property
    def unit(self) -> Floats:
        """What one unit of each weight is as a share of the middle of its limits."""
        middle = np.maximum((self.low + np.minimum(self.high, self.weights.sum(axis=0) + 1)) / 2, 1.0)
        return np.asarray(1.0 / middle, dtype=np.float64)

    @cached_property
    def connecting(self) -> Flags:
        """Whether each entry of `neighbour` connects."""
        return np.arange(len(self.neighbour)) < self.link[self.source]

    def graph(self, frozen: Flags | None = None) -> Graph:
        """Return what the compiled loops read; pinned and `frozen` vertices do not move."""
        return Graph(
            self.start, self.link, self.neighbour, self.source, self.reverse, self.cost, self.touch, self.weights,
            self.low, self.high, self.unit, (self.pin >= 0) if frozen is None else (self.pin >= 0) | frozen, self.bar,
            self.shun, float(self.size_cost), float(self.target),
        )  # fmt: skip


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
    touch: npt.ArrayLike | None = None,
    size_cost: float = 0.0,
    target: float = 0.0,
    pin: npt.ArrayLike | None = None,
    bar: npt.ArrayLike | None = None,
    shun: npt.ArrayLike | None = None,
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
    touch : array (m,) of bool, optional
        Edges whose two ends have a common border, for `shun`; without it all have.
    size_cost, target : float
        Cost of one unit of the first weight away from the target.
    pin : array (n,) of int, optional
        The part each vertex must be in; -1 where it is free.
    bar : array (n, labels) of bool, optional
        Parts each vertex must not be in.
    shun : array (labels, labels) of bool, optional
        Parts that must have no common border; one of the two directions is enough.
    """
    w = np.asarray(weights, dtype=np.int64)
    w = np.ascontiguousarray(w.reshape(len(w), -1))
    pairs = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    n, d = w.shape
    m = len(pairs)
    cost = np.asarray(costs, dtype=np.float64)
    parted = np.zeros(m, dtype=bool) if apart is None else np.asarray(apart, dtype=bool)
    touching = np.ones(m, dtype=bool) if touch is None else np.asarray(touch, dtype=bool)
    src = np.concatenate([pairs[:, 0], pairs[:, 1]])
    dst = np.concatenate([pairs[:, 1], pairs[:, 0]])
    order = np.lexsort((dst, np.tile(parted, 2), src))
    rank = np.empty(2 * m, dtype=np.int64)
    rank[order] = np.arange(2 * m)
    start = np.concatenate([[0], np.cumsum(np.bincount(src, minlength=n))])
    linked = np.bincount(src[~np.tile(parted, 2)], minlength=n)
    shunned = np.zeros((0, 0), dtype=bool) if shun is None else np.asarray(shun, dtype=bool)
    return Problem(
        weights=w,
        low=np.broadcast_to(np.asarray(low, dtype=np.int64), (d,)).copy(),
        high=np.broadcast_to(np.asarray(high, dtype=np.int64), (d,)).copy(),
        start=start.astype(np.int32),
        link=(start[:-1] + linked).astype(np.int32),
        neighbour=dst[order].astype(np.int32),
        source=src[order].astype(np.int32),
        reverse=rank[(order + m) % max(1, 2 * m)].astype(np.int32),
        cost=np.tile(cost, 2)[order],
        touch=np.tile(touching, 2)[order],
        pin=np.full(n, -1, dtype=np.int32) if pin is None else np.asarray(pin, dtype=np.int32).copy(),
        bar=np.zeros((n, 0), dtype=bool) if bar is None else np.array(bar, dtype=bool).reshape(n, -1),
        shun=shunned | shunned.T,
        size_cost=size_cost,
        target=target,
    )


def measure(problem: Problem, part: Small, k: int, linear: Floats | None = None) -> tuple[float, float, int]:
    """Return (cost, relative violation of the limits, number of broken prohibitions).

    A broken prohibition is a pair united that must be apart, a vertex in a part it is barred from, or a touching edge
    between two parts that shun each other.
    """
    table = NO_TABLE if linear is None else linear
    cost, violation, conflicts = kernels.measured(problem.graph(), table, part, k)
    return float(cost), float(violation), int(conflicts)


def pieces_of(problem: Problem, part: Small) -> tuple[int, Small]:
    """Return the connected pieces of the parts: how many, and the piece of each vertex."""
    own = (part[problem.source] == part[problem.neighbour]) & problem.connecting
    count, piece = connected_components(
        coo_array(
            (np.ones(int(own.sum()), dtype=np.int8), (problem.source[own], problem.neighbour[own])),
            shape=(problem.n, problem.n),
        ),
        directed=False,
    )
    return int(count), piece.astype(np.int32)
