"""Contiguous parts to begin a search from: METIS seeds, and mending of what somebody else made.

A start obeys pins and has one piece per part; limits may not hold yet.
"""

import heapq

import numpy as np
import pymetis
from scipy.optimize import linear_sum_assignment

from geo.partition.search.problem import Floats, Problem, Small, pieces_of

FEW_EACH, FEW = 5, 2000
"""METIS needs a handful of vertices a part; where there are fewer, and not very many, single vertices are joined."""
HELD = 1000
"""How many ordinary edges METIS takes an edge between two vertices for that must be together."""
DETOUR = 1000.0
"""How many ordinary vertices' detour a way takes around one that is barred from its part."""


class PinsApartError(Exception):
    """The vertices pinned to one part cannot be connected without those pinned to others.

    Attributes
    ----------
    label : int
        The part.
    """

    def __init__(self, label: int) -> None:
        super().__init__(f"no way was found that connects the vertices pinned to part {label}")
        self.label = label


def seed_parts(problem: Problem, k: int, *, rng: np.random.Generator, sort: int = 0) -> Small:
    """Return k contiguous, non-empty parts to begin from; limits may not hold yet, pins do.

    `sort` varies the recipe: METIS with equal or true edge costs and a narrow or wide balance.

    Raises
    ------
    PinsApartError
        When the pins of a part cannot be connected.
    """
    seed = int(rng.integers(1, 2**31 - 1))
    if k == 1:
        return np.zeros(problem.n, dtype=np.int32)
    core = cores(problem)
    if problem.n < FEW_EACH * k and problem.n <= FEW:
        part = joined_down(problem, rng.permutation(problem.n).astype(np.int32), k, labels=0)
    else:
        part = _metis(problem, k, core, seed, sort)
    return mended(problem, _named(problem, part, k, core), k, core)


def cores(problem: Problem, part: Small | None = None) -> Small:
    """Return for each vertex the label whose pins it is or connects; -1 for the others.

    The pins of each label are joined along short ways; ways inside the label's own `part` cost next to nothing.
    """
    order = _split_labels(problem)
    blocked = -1
    for _ in range(2 * len(order) + 1):
        core = problem.pin.copy()
        blocked = next((label for label in order if not _connect(problem, core, label, part)), -1)
        if blocked < 0:
            return core
        if order[0] == blocked:
            break
        order.remove(blocked)
        order.insert(0, blocked)  # it goes first next time, and the others around it
    if part is not None:
        return cores(problem)  # ways through the parts as they are block one another: the short ones may not
    raise PinsApartError(blocked)


def mended(problem: Problem, part: Small, k: int, core: Small | None = None) -> Small:
    """Return `part` with one piece per part, no empty part, and every core in its part.

    Small pieces become free and are taken by the lightest neighbouring part; empty parts take a piece of the heaviest.
    """
    part = part.astype(np.int32, copy=True)
    if core is None:
        core = np.full(problem.n, -1, dtype=np.int32)
    part[core >= 0] = core[core >= 0]
    count, piece = pieces_of(problem, part)
    mass = np.bincount(piece, _positive(problem), minlength=count)
    mass[piece[core >= 0]] = np.inf
    owner = np.zeros(count, dtype=np.int64)
    owner[piece] = part
    keep = np.full(k, -1)
    for i in np.lexsort((np.arange(count), -mass)):
        if keep[owner[i]] < 0:
            keep[owner[i]] = i
    part[keep[part] != piece] = -1
    _fill(problem, part, k, core)
    for empty in np.flatnonzero(np.bincount(part, minlength=k) == 0):
        _split_heaviest(problem, part, int(empty), k, core)
    return part


def joined_down(problem: Problem, part: Small, k: int, *, labels: int) -> Small:
    """Return the parts with only k of them left: the lightest joins its lightest neighbour, as often as needed.

    The first `labels` parts are never joined to another; they may take others in.
    """
    part = part.copy()
    weight = _positive(problem)
    while (count := int(part.max()) + 1) > max(k, labels):
        load = np.bincount(part, weight, minlength=count)
        giver = min(range(labels, count), key=lambda p: (load[p], p))
        beside = part[problem.neighbour[problem.connecting & (part[problem.source] == giver)]]
        takers = set(beside.tolist()) - {giver} or set(range(count)) - {giver}
        part[part == giver] = min(takers, key=lambda p: (load[p], p))
        part[part > giver] -= 1
    return part


def _metis(problem: Problem, k: int, core: Small, seed: int, sort: int) -> Small:
    n = problem.n
    weight = problem.weights[:, 0]
    vertex = np.maximum((weight / max(1.0, weight.sum() / 1e9)).astype(np.int64), 0)
    if vertex.sum() == 0:
        vertex = np.ones(n, dtype=np.int64)
    joined = np.flatnonzero(problem.connecting)
    spread = np.abs(problem.cost).mean() or 1.0
    true = np.clip(np.round(10 * problem.cost / spread), -9, 90) + 10
    edge = np.ones(len(joined)) if sort % 2 == 0 else true[joined]
    a, b = core[problem.source[joined]], core[problem.neighbour[joined]]
    edge = np.where((a >= 0) & (a == b), HELD * edge, edge)
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
    return np.asarray(part, dtype=np.int32)


def _named(problem: Problem, part: Small, k: int, core: Small) -> Small:
    """Return the parts renamed: each label gets the part with most of its core and least that it must not have."""
    labels = max(problem.bar.shape[1], int(core.max(initial=-1)) + 1)
    if labels == 0:
        return part
    gain = np.zeros((labels, k))
    held = core >= 0
    np.add.at(gain, (core[held], part[held]), problem.n + 1.0)
    barred, label = np.nonzero(problem.bar)
    np.subtract.at(gain, (label, part[barred]), 1.0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    new = np.full(k, -1, dtype=np.int32)
    new[columns] = rows
    new[new < 0] = np.setdiff1d(np.arange(k), rows)
    return new[part]


def _split_labels(problem: Problem) -> list[int]:
    """Return the labels whose pins are not in one piece."""
    pinned = problem.pin
    if not (pinned >= 0).any():
        return []
    _, piece = pieces_of(problem, pinned)
    pairs = np.unique(np.stack([pinned, piece], axis=1)[pinned >= 0], axis=0)
    labels, counts = np.unique(pairs[:, 0], return_counts=True)
    return labels[counts > 1].tolist()  # type: ignore[no-any-return]


def _connect(problem: Problem, core: Small, label: int, part: Small | None) -> bool:
    """Add to `core` the vertices that join the label's pins; return whether there was a way."""
    price = 1.0 + problem.weights[:, 0] / max(1.0, float(problem.weights[:, 0].mean()))
    if part is not None:
        price = np.where(part == label, 1e-6, price)
    if label < problem.bar.shape[1]:
        price = price + DETOUR * problem.bar[:, label]
    joined = _reach(problem, core, label, {int(np.flatnonzero(core == label)[0])})
    missing = set(np.flatnonzero(core == label).tolist()) - joined
    while missing:
        way = _cheapest_way(problem, core, price, joined, missing)
        if way is None:
            return False
        core[way] = label
        joined = _reach(problem, core, label, joined | set(way))
        missing -= joined
    return True


def _reach(problem: Problem, core: Small, label: int, begin: set[int]) -> set[int]:
    """Return the label's vertices that hang together with those to begin from."""
    seen = set(begin)
    queue = list(begin)
    for v in queue:
        for w in _around(problem, v):
            if w not in seen and core[w] == label:
                seen.add(w)
                queue.append(w)
    return seen


def _cheapest_way(
    problem: Problem, core: Small, price: Floats, begin: set[int], goal: set[int]
) -> list[int] | None:  # fmt: skip
    """Return the vertices of the cheapest way through free vertices between two sets (Dijkstra)."""
    heap = [(0.0, v, -1) for v in sorted(begin)]
    before: dict[int, int] = {}
    while heap:
        far, v, last = heapq.heappop(heap)
        if v in before:
            continue
        before[v] = last
        if v in goal:
            way = [v]
            while before[way[-1]] >= 0:
                way.append(before[way[-1]])
            return way
        for w in _around(problem, v):
            if w not in before and (core[w] < 0 or w in goal):
                heapq.heappush(heap, (far + float(price[w]), w, v))
    return None


def _fill(problem: Problem, part: Small, k: int, core: Small) -> None:
    """Give the free vertices to their lightest neighbouring parts, one after the other."""
    weight = _positive(problem)
    load = np.bincount(part[part >= 0], weight[part >= 0], minlength=k)
    while (part < 0).any():
        free = np.flatnonzero(part < 0).tolist()
        heap = [(load[part[w]], v, int(part[w])) for v in free for w in _around(problem, v) if part[w] >= 0]
        if not heap:
            _settle_island(problem, part, k, core)
            load = np.bincount(part[part >= 0], weight[part >= 0], minlength=k)
            continue
        heapq.heapify(heap)
        while heap:
            was, v, p = heapq.heappop(heap)
            if part[v] >= 0:
                continue
            if was < load[p]:
                heapq.heappush(heap, (load[p], v, p))
                continue
            part[v] = p
            load[p] += weight[v]
            for w in _around(problem, v):
                if part[w] < 0:
                    heapq.heappush(heap, (load[p], w, p))


def _settle_island(problem: Problem, part: Small, k: int, core: Small) -> None:
    """Found a part in a piece of the graph that has none: the lightest that neighbours can take over moves there."""
    load = np.bincount(part[part >= 0], _positive(problem)[part >= 0], minlength=k)
    land = pieces_of(problem, np.zeros(problem.n, dtype=np.int32))[1]
    held = np.unique(core[core >= 0])
    beside = problem.connecting & (part[problem.source] >= 0) & (part[problem.source] != part[problem.neighbour])
    movable = np.setdiff1d(part[problem.source[beside]], held)
    if not len(movable):
        raise PinsApartError(int(held[0]) if len(held) else 0)
    mover = min(movable.tolist(), key=lambda p: (load[p], p))
    island = land == land[np.flatnonzero(part < 0)[0]]
    part[part == mover] = -1
    part[island] = mover


def _positive(problem: Problem) -> Floats:
    """Return the first weight, a little above zero, so that vertices without weight are shared out evenly as well."""
    return problem.weights[:, 0].astype(np.float64) + 1e-6


def _around(problem: Problem, v: int) -> list[int]:
    """Return the connected neighbours of a vertex."""
    return problem.neighbour[problem.start[v] : problem.link[v]].tolist()  # type: ignore[no-any-return]


def _split_heaviest(problem: Problem, part: Small, empty: int, k: int, core: Small) -> None:
    """Give the empty part about half of the heaviest part that can be split, as a breadth-first walk cuts it."""
    weight = _positive(problem)
    load = np.bincount(part, weight, minlength=k)
    for giver in np.lexsort((np.arange(k), -load)).tolist():
        inside = np.flatnonzero(part == giver)
        if len(inside) < 2:
            continue
        held = inside[core[inside] >= 0]
        parent = _walk(problem, part, int(held[0] if len(held) else inside[0]))
        below = weight.copy()
        stays = core >= 0
        for v, up in reversed(parent):
            if up >= 0:
                below[up] += below[v]
                stays[up] |= stays[v]
        roots = [v for v, up in parent if up >= 0 and not stays[v]]
        if not roots:
            continue
        branch = {min(roots, key=lambda v: (abs(below[v] - load[giver] / 2), v))}
        for v, up in parent:
            if up in branch:
                branch.add(v)
        part[list(branch)] = empty
        return
    raise PinsApartError(empty)


def _walk(problem: Problem, part: Small, root: int) -> list[tuple[int, int]]:
    """Return (vertex, parent) in breadth-first order inside root's part."""
    seen = {root}
    order = [(root, -1)]
    for v, _ in order:
        for w in _around(problem, v):
            if w not in seen and part[w] == part[root]:
                seen.add(w)
                order.append((w, v))
    return order
