"""A few neighbouring parts as a problem of their own, so that the rest of the graph costs nothing while they change."""

import numpy as np

from geo.partition.search.problem import Flags, Ints, Problem, Small


def neighbouring_parts(problem: Problem, part: Small, k: int) -> list[list[int]]:
    """Return for each part those it has an edge to, in ascending order."""
    a, b = part[problem.source].astype(np.int64), part[problem.neighbour].astype(np.int64)
    cut = problem.connecting & (a != b)
    pairs = np.unique(a[cut] * k + b[cut])
    lists: list[list[int]] = [[] for _ in range(k)]
    for one, two in zip((pairs // k).tolist(), (pairs % k).tolist(), strict=True):
        lists[one].append(two)
    return lists


def parts_around(neighbours: list[list[int]], centre: int, size: int) -> Ints:
    """Return that many parts, the nearest to the centre counted in borders crossed."""
    found = {centre: None}  # a dict keeps the order of arrival
    for one in (reached := [centre]):
        for other in neighbours[one]:
            if other not in found:
                found[other] = None
                reached.append(other)
        if len(found) >= size:
            break
    return np.array(list(found)[:size], dtype=np.int64)


def cut_out(problem: Problem, part: Small, chosen: Ints, k: int, held: Flags | None) -> tuple[Problem, Ints, Small]:
    """Return the chosen parts as a problem, its vertices in the whole graph, and where they are now.

    Part `chosen[i]` is part i there. What may not move is pinned; vertices beside a part outside are barred from
    the parts that shun it.
    """
    local = np.full(k, -1, dtype=np.int32)
    local[chosen] = np.arange(len(chosen))
    members = np.flatnonzero(local[part] >= 0)
    index = np.full(problem.n, -1, dtype=np.int64)
    index[members] = np.arange(len(members))
    begin = problem.start[members].astype(np.int64)
    degree = problem.start[members + 1] - begin
    entry = np.repeat(begin - np.concatenate([[0], np.cumsum(degree)[:-1]]), degree) + np.arange(degree.sum())
    inside = index[problem.neighbour[entry]] >= 0
    kept = entry[inside]
    source = index[problem.source[kept]]
    place = np.full(len(problem.neighbour), -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    start = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=len(members)))])
    linked = np.bincount(source[problem.connecting[kept]], minlength=len(members))
    now = local[part[members]]
    fixed = problem.pin[members] >= 0
    if held is not None:
        fixed |= held[members]
    bar, shun = _prohibitions(problem, part, chosen, members, entry[~inside])
    return (
        Problem(
            weights=problem.weights[members],
            low=problem.low,
            high=problem.high,
            start=start.astype(np.int32),
            link=(start[:-1] + linked).astype(np.int32),
            neighbour=index[problem.neighbour[kept]].astype(np.int32),
            source=source.astype(np.int32),
            reverse=place[problem.reverse[kept]].astype(np.int32),
            cost=problem.cost[kept],
            touch=problem.touch[kept],
            pin=np.where(fixed, now, -1).astype(np.int32),
            bar=bar,
            shun=shun,
            size_cost=problem.size_cost,
            target=problem.target,
        ),
        members,
        now,
    )


def _prohibitions(problem: Problem, part: Small, chosen: Ints, members: Ints, leaving: Ints) -> tuple[Flags, Flags]:
    """Return the bars and shunned borders among the chosen parts; `leaving` are the edges to other parts."""
    size = len(chosen)
    bar, shun = np.zeros((len(members), size), dtype=bool), np.zeros((size, size), dtype=bool)
    named = chosen < problem.bar.shape[1]
    bar[:, named] = problem.bar[np.ix_(members, chosen[named])]
    named = chosen < len(problem.shun)
    shun[np.ix_(named, named)] = problem.shun[np.ix_(chosen[named], chosen[named])]
    leaving = leaving[problem.touch[leaving] & (part[problem.neighbour[leaving]] < len(problem.shun))]
    if len(leaving) and named.any():
        beside = np.zeros((len(members), size), dtype=bool)
        row = np.searchsorted(members, problem.source[leaving])
        column = np.flatnonzero(named)
        for r, other in zip(row.tolist(), part[problem.neighbour[leaving]].tolist(), strict=True):
            beside[r, column] |= problem.shun[chosen[named], other]
        bar |= beside
    if not bar.any():
        bar = np.zeros((len(members), 0), dtype=bool)
    return bar, shun if shun.any() else np.zeros((0, 0), dtype=bool)
