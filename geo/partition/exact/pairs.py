"""Two neighbouring parts parted as well as can be: branch and bound over the vertices of both.

That no two neighbouring communities of a plan can be parted better between them is a certificate that a planner can
check by looking at a map. It costs far less than a proof for the whole plan.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.partition.exact.branching import FALLING, Branching, sets_below
from geo.partition.exact.enumeration import FREE, IN, OUT
from geo.partition.search.problem import Problem, Small, Watch

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MOST_ATOMS_OF_PAIR = 200
"""Vertices of a pair of parts to divide anew at most."""
MOST_NODES_OF_PAIR = 50_000
"""Branches for one pair: about half a second."""
BETTER = 1e-9
"""What a division must be better by to be taken."""


def improve_pairs(
    problem: Problem,
    part: Small,
    k: int,
    *,
    table: Floats | None = None,
    most_atoms: int = MOST_ATOMS_OF_PAIR,
    most_nodes: int = MOST_NODES_OF_PAIR,
    watch: Watch | None = None,
    deadline: float | None = None,
) -> tuple[Small, bool]:
    """Return the assignment with every two neighbouring parts parted as well as can be, and whether that is proven.

    Pair by pair, the vertices of two neighbouring parts are divided anew between them at the least cost; all others
    stand still. A part that has changed is tried again with all its neighbours, until no pair can be improved.

    Parameters
    ----------
    problem : Problem
    part : array (n,)
        An assignment that keeps every rule.
    k : int
        Number of parts.
    table : array (n, k), optional
        Cost of each vertex in each part.
    most_atoms : int
        Effort: pairs with more vertices are left as they are, and nothing is proven.
    most_nodes : int
        Effort: branches for one pair.
    watch : callable, optional
        Told the progress; what it raises passes through.
    deadline : float, optional
        Value of `time.monotonic` after which the rest is left as it is.

    Returns
    -------
    array (n,), bool
        The assignment; True when no two neighbouring parts can be parted better.
    """
    part = np.asarray(part, dtype=np.int32).copy()
    costs = np.zeros((problem.n, k)) if table is None else table
    version = np.zeros(k, dtype=np.int64)
    settled: dict[tuple[int, int], tuple[int, int, bool]] = {}
    while True:
        fresh = [pair for pair in _neighbours(problem, part) if settled.get(pair, (-1, -1))[:2] != _ages(version, pair)]
        if not fresh:
            return part, all(settled[pair][2] for pair in _neighbours(problem, part))
        for i, (p, q) in enumerate(fresh):
            if settled.get((p, q), (-1, -1))[:2] == _ages(version, (p, q)):
                continue
            if watch is not None:
                watch(i / len(fresh), part)
            if deadline is not None and time.monotonic() > deadline:
                return part, False
            both = np.flatnonzero((part == p) | (part == q))
            proven = len(both) <= most_atoms
            if proven:
                mine, proven = _parted(problem, part, (p, q), both, costs, most_nodes)
                if mine is not None:
                    part[both] = np.where(mine, p, q)
                    version[[p, q]] += 1
            settled[p, q] = (*_ages(version, (p, q)), proven)


def _neighbours(problem: Problem, part: Small) -> list[tuple[int, int]]:
    """Return the pairs of parts that a way leads between."""
    one, two = part[problem.source[problem.connecting]], part[problem.neighbour[problem.connecting]]
    pairs = np.unique(np.stack([one, two], axis=1)[one < two], axis=0)
    return [(int(p), int(q)) for p, q in pairs]


def _ages(version: Ints, pair: tuple[int, int]) -> tuple[int, int]:
    return int(version[pair[0]]), int(version[pair[1]])


def _parted(  # noqa: PLR0917 - called once
    problem: Problem, part: Small, pair: tuple[int, int], both: Ints, costs: Floats, most_nodes: int
) -> tuple[Flags | None, bool]:
    """Return which of the vertices of both belong to p in a better division, None without one; and whether it is best.

    What the borders to other parts cost does not change; parts that shun p or q bar the vertices that touch them.
    """
    p, q = pair
    barred = [
        problem.bar[both, label] if label < problem.bar.shape[1] else np.zeros(len(both), dtype=bool) for label in pair
    ]
    shunning = [label < len(problem.shun) for label in pair]
    if any(shunning):
        local = np.isin(problem.source, both) & problem.touch & ~np.isin(part[problem.neighbour], pair)
        at = np.searchsorted(both, problem.source[local])
        other = part[problem.neighbour[local]]
        known = other < len(problem.shun)
        for side, label in enumerate(pair):
            if shunning[side]:
                barred[side] = barred[side].copy()
                barred[side][at[known][problem.shun[label, other[known]]]] = True
        if all(shunning) and problem.shun[p, q]:
            return None, False
    fixed = np.full(len(both), FREE, dtype=np.int8)
    fixed[(problem.pin[both] == p) | barred[1]] = IN
    fixed[(problem.pin[both] == q) | barred[0]] = OUT
    inside = subgraph(problem, both)
    return halved(inside, costs[both, p], costs[both, q], fixed, part[both] == p, most_nodes)


@dataclass(frozen=True)
class Subgraph:
    """Some vertices of a problem and the edges among them, in the order of the vertices."""

    start: Small
    link: Small
    neighbour: Small
    reverse: Small
    cost: Floats
    weights: Ints
    low: Ints
    high: Ints
    size_cost: float
    target: float


def subgraph(problem: Problem, vertices: Ints) -> Subgraph:
    """Return the problem on these vertices alone."""
    count = problem.start[vertices + 1] - problem.start[vertices]
    first = np.concatenate([[0], np.cumsum(count)])
    entries = np.repeat(problem.start[vertices] - first[:-1], count) + np.arange(first[-1])
    place = np.searchsorted(vertices, problem.neighbour[entries])
    inside = vertices[np.minimum(place, len(vertices) - 1)] == problem.neighbour[entries]
    owner = np.repeat(np.arange(len(vertices)), count)
    kept = entries[inside]
    start = np.concatenate([[0], np.cumsum(np.bincount(owner[inside], minlength=len(vertices)))])
    linked = np.bincount(owner[inside][problem.connecting[kept]], minlength=len(vertices))
    return Subgraph(
        start.astype(np.int32), (start[:-1] + linked).astype(np.int32), place[inside].astype(np.int32),
        np.searchsorted(kept, problem.reverse[kept]).astype(np.int32), problem.cost[kept], problem.weights[vertices],
        problem.low, problem.high, problem.size_cost, problem.target,
    )  # fmt: skip


def whole_costs(graph: Problem | Subgraph, cost: Floats, more: float) -> tuple[float, Ints, int]:
    """Return (scale, costs of edges, cost of a unit of size) as whole numbers; `more` is what else costs add up to."""
    total = float(np.abs(cost).sum()) + graph.size_cost * float(graph.weights[:, 0].sum()) + more
    scale = 2.0 ** (40 - math.ceil(math.log2(max(total, 1e-6))))
    return scale, np.round(cost * scale).astype(np.int64), round(graph.size_cost * scale)


def halved(  # noqa: PLR0917 - each is needed
    graph: Subgraph, one: Floats, two: Floats, fixed: npt.NDArray[np.int8], now: Flags | None, most_nodes: int
) -> tuple[Flags | None, bool]:
    """Return which vertices are in the first of two parts in the cheapest division, and whether it is the cheapest.

    Parameters
    ----------
    graph : Subgraph
    one, two : array (n,)
        Cost of each vertex in the first part, and in the second.
    fixed : array (n,)
        IN the first part, OUT of it, or FREE.
    now : array (n,) of bool, optional
        A division that a better one is looked for; None is returned when there is none.
    most_nodes : int
        Effort: branches.
    """
    n = len(graph.weights)
    whole = graph.weights.sum(axis=0)
    scale, edge, size = whole_costs(graph, graph.cost, float(np.abs(one).sum() + np.abs(two).sum()))
    source = np.repeat(np.arange(n), np.diff(graph.start))
    behind = np.arange(len(graph.neighbour)) >= graph.link[source]
    high = np.minimum(graph.high, whole)
    branching = Branching(
        graph.start, graph.link, graph.neighbour, graph.reverse, edge, graph.weights,
        np.maximum(graph.low, whole - high), np.minimum(high, whole - graph.low), graph.low, high,
        np.concatenate([[0], np.cumsum(np.bincount(source[behind], minlength=n))]).astype(np.int64),
        graph.neighbour[behind], np.full(n, -1, dtype=np.int32), np.zeros(1, dtype=np.int64), 2, 2, True,
        size, round(graph.target), int(whole[0]),
    )  # fmt: skip
    gain = np.round((one - two) * scale).astype(np.int64)
    limit = np.int64(2**58)
    if now is not None:
        limit = _value(branching, gain, now) - max(1, int(BETTER * scale))
    sure = graph.size_cost == 0 or float(graph.target).is_integer()  # loads are counted in whole units
    anchored = np.flatnonzero(fixed != FREE)
    root = int(anchored[0]) if len(anchored) else int(graph.weights[:, 0].argmax())
    flipped = np.array([FREE, OUT, IN], dtype=np.int8)
    found = None
    for side in (IN, OUT):  # the root's part is the first, or the second
        if fixed[root] not in {FREE, side}:
            continue
        pay, frozen = (gain, fixed) if side == IN else (-gain, flipped[fixed])
        base = np.int64(0) if side == IN else gain.sum()
        first, member, value, done, _ = sets_below(
            branching, pay, root, frozen, limit - base, FALLING, 10**6, most_nodes
        )
        sure = sure and bool(done)
        if len(value):
            held = np.zeros(n, dtype=bool)
            held[member[first[-2] :]] = True
            found = held if side == IN else ~held
            limit = value[-1] + base
    return found, sure


def _value(branching: Branching, gain: Ints, mine: Flags) -> np.int64:
    """Return what a division costs, in the whole numbers that the branching counts in."""
    source = np.repeat(np.arange(len(mine)), np.diff(branching.start))
    cut = mine[source] & ~mine[branching.neighbour]
    load = int(branching.weight[mine, 0].sum())
    far = abs(load - branching.target) + abs(branching.whole - load - branching.target)
    return np.int64(gain[mine].sum() + branching.edge[cut].sum() + branching.size * far)


def foes(problem: Problem) -> tuple[Ints, Small]:
    """Return for every vertex those that must not be in its part, as (start, foe)."""
    n = problem.n
    pairs = [np.stack([problem.source, problem.neighbour], axis=1)[~problem.connecting].astype(np.int64)]
    pin = problem.pin
    pinned = np.flatnonzero(pin >= 0)
    one, two = np.meshgrid(pinned, pinned, indexing="ij")
    other = pin[one] != pin[two]
    pairs.append(np.stack([one[other], two[other]], axis=1))
    for v in pinned[pin[pinned] < problem.bar.shape[1]].tolist():
        barred = np.flatnonzero(problem.bar[:, pin[v]])
        own = np.full(len(barred), v)
        pairs += [np.stack([own, barred], axis=1), np.stack([barred, own], axis=1)]
    keys = np.unique(np.concatenate([p[:, 0] * n + p[:, 1] for p in pairs]))
    start = np.concatenate([[0], np.cumsum(np.bincount(keys // n, minlength=n))])
    return start.astype(np.int64), (keys % n).astype(np.int32)
