"""The compiled loops of the engine.

They read a `Graph`, which never changes, and change a `State` in place: the caller owns both. A state always holds
contiguous, non-empty parts; limits, bars and shunned neighbours are paid for with a penalty until they hold.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN201, ANN202
# Splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0915, PLR0917

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

CONFLICT = 0.2
"""What a broken prohibition (a pair united, a bar, a shunned border) counts as, in units of a relative violation."""

BORDER, STAMP, BAD, CONFLICTS = range(4)
"""Places in `State.number`."""
COST, BEST = range(2)
"""Places in `State.value`."""

_U = np.uint64


class Graph(NamedTuple):
    """The arrays of `geo.partition.search.problem.Problem` that the loops read, and the vertices that may not move."""

    start: npt.NDArray[np.int32]
    link: npt.NDArray[np.int32]
    neighbour: npt.NDArray[np.int32]
    source: npt.NDArray[np.int32]
    reverse: npt.NDArray[np.int32]
    cost: npt.NDArray[np.float64]
    touch: npt.NDArray[np.bool_]
    weight: npt.NDArray[np.int64]
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    unit: npt.NDArray[np.float64]
    frozen: npt.NDArray[np.bool_]
    bar: npt.NDArray[np.bool_]
    shun: npt.NDArray[np.bool_]
    size_cost: float
    target: float


class State(NamedTuple):
    """Where a search stands, and what it needs to know about it to weigh the next move quickly.

    `border` lists the entries of `neighbour` along which a vertex may move, `place` says where in it each entry is (-1:
    it is not); `best` is the cheapest plan inside all limits since `value[BEST]` was set.
    """

    part: npt.NDArray[np.int32]
    load: npt.NDArray[np.int64]
    members: npt.NDArray[np.int64]
    border: npt.NDArray[np.int32]
    place: npt.NDArray[np.int32]
    best: npt.NDArray[np.int32]
    mark: npt.NDArray[np.int64]
    queue: npt.NDArray[np.int32]
    number: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    random: npt.NDArray[np.uint64]


@numba.njit(cache=True, nogil=True, inline="always")
def _random(state):
    """Return the next 64 random bits (xorshift64*)."""
    x = state[0]
    x ^= x >> _U(12)
    x ^= x << _U(25)
    x ^= x >> _U(27)
    state[0] = x
    return x * _U(2685821657736338717)


@numba.njit(cache=True, nogil=True, inline="always")
def _uniform(state):
    """Return a random number in [0, 1)."""
    return np.float64(_random(state) >> _U(11)) * (1.0 / 9007199254740992.0)


@numba.njit(cache=True, nogil=True, inline="always")
def _below(state, n):
    """Return a random whole number below n."""
    return np.int64(((_random(state) >> _U(32)) * _U(n)) >> _U(32))


@numba.njit(cache=True, nogil=True, inline="always")
def _outside(value, low, high):
    """Return how far a load is outside its limits."""
    if value > high:
        return value - high
    if value < low:
        return low - value
    return 0


@numba.njit(cache=True, nogil=True, inline="always")
def _shunned(shun, p, q):
    """Return whether two parts must not touch."""
    return p != q and p < shun.shape[0] and q < shun.shape[0] and shun[p, q]


@numba.njit(cache=True, nogil=True)
def measured(graph, table, part, k):
    """Return cost, relative violation of the limits, and the number of broken prohibitions."""
    load = np.zeros((k, graph.weight.shape[1]), np.int64)
    total = 0.0
    conflicts = 0
    for v in range(len(part)):
        p = part[v]
        for d in range(graph.weight.shape[1]):
            load[p, d] += graph.weight[v, d]
        if table.shape[0] > 0:
            total += table[v, p]
        if p < graph.bar.shape[1] and graph.bar[v, p]:
            conflicts += 1
        for j in range(graph.start[v], graph.start[v + 1]):
            w = graph.neighbour[j]
            if w > v:
                if part[w] != p:
                    total += graph.cost[j]
                    if graph.touch[j] and _shunned(graph.shun, p, part[w]):
                        conflicts += 1
                elif j >= graph.link[v]:
                    conflicts += 1
    violation = 0.0
    for p in range(k):
        total += graph.size_cost * abs(load[p, 0] - graph.target)
        for d in range(graph.weight.shape[1]):
            violation += _outside(load[p, d], graph.low[d], graph.high[d]) * graph.unit[d]
    return total, violation, conflicts


@numba.njit(cache=True, nogil=True)
def take_stock(graph, table, state):
    """Bring everything a state knows in line with its `part`."""
    part, load, count, border, place = state.part, state.load, state.members, state.border, state.place
    load[:] = 0
    count[:] = 0
    for v in range(len(part)):
        count[part[v]] += 1
        for d in range(load.shape[1]):
            load[part[v], d] += graph.weight[v, d]
    found = 0
    for e in range(len(graph.neighbour)):
        v = graph.source[e]
        place[e] = -1
        if not graph.frozen[v] and e < graph.link[v] and part[v] != part[graph.neighbour[e]]:
            place[e] = found
            border[found] = e
            found += 1
    state.number[BORDER] = found
    bad = 0
    for p in range(len(count)):
        bad += _is_bad(graph, load, p)
    state.number[BAD] = bad
    cost, _, conflicts = measured(graph, table, part, len(count))
    state.value[COST] = cost
    state.number[CONFLICTS] = conflicts


@numba.njit(cache=True, nogil=True, inline="always")
def _is_bad(graph, load, p):
    """Return 1 if a part is outside a limit."""
    for d in range(load.shape[1]):
        if load[p, d] < graph.low[d] or load[p, d] > graph.high[d]:
            return 1
    return 0


@numba.njit(cache=True, nogil=True)
def mean_step(graph, table, part):
    """Return the mean size of the change of cost of the moves that are possible now (limits aside)."""
    total = 0.0
    count = 0
    for e in range(len(graph.neighbour)):
        v = graph.source[e]
        p = part[v]
        q = part[graph.neighbour[e]]
        if p == q or e >= graph.link[v] or graph.frozen[v]:
            continue
        delta = 0.0
        for j in range(graph.start[v], graph.start[v + 1]):
            r = part[graph.neighbour[j]]
            if r == p:
                delta += graph.cost[j]
            elif r == q:
                delta -= graph.cost[j]
        if table.shape[0] > 0:
            delta += table[v, q] - table[v, p]
        total += abs(delta)
        count += 1
    return total / max(1, count)


@numba.njit(cache=True, nogil=True)
def flips(graph, table, state, draws, temperature, penalty):
    """Propose to move a border vertex into a neighbour's part, that many times; accept by Metropolis, keep parts whole.

    Returns the mean number of parts outside their limits.
    """
    start, link, neighbour, cost, weight = graph.start, graph.link, graph.neighbour, graph.cost, graph.weight
    low, high, unit = graph.low, graph.high, graph.unit
    part, load, count, number, random = state.part, state.load, state.members, state.number, state.random
    dims = weight.shape[1]
    has_table = table.shape[0] > 0
    bars = graph.bar.shape[1]
    has_shun = graph.shun.shape[0] > 0
    bad_sum = 0
    if number[BORDER] == 0:
        return 0.0
    for _ in range(draws):
        bad_sum += number[BAD]
        e = state.border[_below(random, number[BORDER])]
        u = graph.source[e]
        p = part[u]
        q = part[neighbour[e]]
        if count[p] == 1:
            continue
        outside = 0.0
        for d in range(dims):
            w = weight[u, d]
            a = load[p, d]
            b = load[q, d]
            outside += unit[d] * (
                _outside(a - w, low[d], high[d]) + _outside(b + w, low[d], high[d])
                - _outside(a, low[d], high[d]) - _outside(b, low[d], high[d])
            )  # fmt: skip
        delta = 0.0
        own = 0
        conflicts = 0
        for j in range(start[u], start[u + 1]):
            r = part[neighbour[j]]
            if r == p:
                delta += cost[j]
                if j < link[u]:
                    own += 1
                else:
                    conflicts -= 1
            elif r == q:
                delta -= cost[j]
                if j >= link[u]:
                    conflicts += 1
            if has_shun and graph.touch[j]:
                conflicts += _shunned(graph.shun, q, r) - _shunned(graph.shun, p, r)
        if p < bars:
            conflicts -= graph.bar[u, p]
        if q < bars:
            conflicts += graph.bar[u, q]
        if graph.size_cost > 0:
            w = weight[u, 0]
            a = load[p, 0] - graph.target
            b = load[q, 0] - graph.target
            delta += graph.size_cost * (abs(a - w) + abs(b + w) - abs(a) - abs(b))
        if has_table:
            delta += table[u, q] - table[u, p]
        rise = delta + penalty * (outside + CONFLICT * conflicts)
        if rise > 0 and (rise > 30 * temperature or _uniform(random) >= np.exp(-rise / temperature)):
            continue
        if own > 1 and not _stays_whole(graph, state, u, own):
            continue
        _move(graph, state, u, q)
        state.value[COST] += delta
        number[CONFLICTS] += conflicts
        if number[BAD] == 0 and number[CONFLICTS] == 0 and state.value[COST] < state.value[BEST]:
            state.value[BEST] = state.value[COST] - 1e-9  # rounding in running sums is no progress
            state.best[:] = part
    return bad_sum / max(1, draws)


@numba.njit(cache=True, nogil=True)
def _move(graph, state, u, q):
    """Put u into part q and keep the loads, the list of borders and the number of bad parts."""
    part, load, count, border, place = state.part, state.load, state.members, state.border, state.place
    p = part[u]
    bad = -_is_bad(graph, load, p) - _is_bad(graph, load, q)
    for d in range(load.shape[1]):
        load[p, d] -= graph.weight[u, d]
        load[q, d] += graph.weight[u, d]
    state.number[BAD] += bad + _is_bad(graph, load, p) + _is_bad(graph, load, q)
    count[p] -= 1
    count[q] += 1
    part[u] = q
    total = state.number[BORDER]
    for j in range(graph.start[u], graph.link[u]):
        v = graph.neighbour[j]
        if part[v] == q:  # no border any more
            for e in (j, graph.reverse[j]):
                at = place[e]
                if at >= 0:
                    total -= 1
                    last = border[total]
                    border[at] = last
                    place[last] = at
                    place[e] = -1
        elif part[v] == p:  # a new border
            border[total] = j
            place[j] = total
            total += 1
            if not graph.frozen[v]:
                e = graph.reverse[j]
                border[total] = e
                place[e] = total
                total += 1
    state.number[BORDER] = total


@numba.njit(cache=True, nogil=True)
def _stays_whole(graph, state, u, own):
    """Return whether u's part stays in one piece without u: a walk from one of its neighbours meets the others.

    In a planar graph the walk rarely has to leave u's neighbours, so it first tries not to.
    """
    part, mark, queue, neighbour = state.part, state.mark, state.queue, graph.neighbour
    p = part[u]
    wanted = state.number[STAMP] + 1
    seen = state.number[STAMP] + 2
    state.number[STAMP] += 2
    first = -1
    for j in range(graph.start[u], graph.link[u]):
        x = neighbour[j]
        if part[x] == p:
            mark[x] = wanted
            first = x
    mark[u] = seen
    mark[first] = seen
    missing = own - 1
    queue[0] = first
    tail = 1
    head = 0
    while head < tail:  # 1. among u's neighbours
        x = queue[head]
        head += 1
        for j in range(graph.start[x], graph.link[x]):
            y = neighbour[j]
            if mark[y] == wanted:
                missing -= 1
                if missing == 0:
                    return True
                mark[y] = seen
                queue[tail] = y
                tail += 1
    head = 0
    while head < tail:  # 2. through the whole part
        x = queue[head]
        head += 1
        for j in range(graph.start[x], graph.link[x]):
            y = neighbour[j]
            if part[y] == p and mark[y] != seen:
                if mark[y] == wanted:
                    missing -= 1
                    if missing == 0:
                        return True
                mark[y] = seen
                queue[tail] = y
                tail += 1
    return False


@numba.njit(cache=True, nogil=True)
def resplit(graph, table, state, attempts, temperature, penalty):
    """Join two neighbouring parts and part them anew along a random spanning tree; accept by Metropolis."""
    start, link, neighbour, source, cost, weight = (
        graph.start, graph.link, graph.neighbour, graph.source, graph.cost, graph.weight,
    )  # fmt: skip
    low, high, unit, bar = graph.low, graph.high, graph.unit, graph.bar
    part, load, mark, queue, random = state.part, state.load, state.mark, state.queue, state.random
    size_cost, target = graph.size_cost, graph.target
    n = len(part)
    dims = weight.shape[1]
    has_table = table.shape[0] > 0
    bars = bar.shape[1]
    shuns = graph.shun.shape[0]
    parent = np.empty(n, np.int32)
    place = np.empty(n, np.int32)
    side = np.zeros(n, np.int8)
    frontier = np.empty(len(neighbour), np.int32)
    below = np.empty((n, dims), np.int64)
    options = np.empty(n, np.int32)
    for _ in range(attempts):
        if state.number[BORDER] == 0:
            break
        e = state.border[_below(random, state.number[BORDER])]
        p = part[source[e]]
        q = part[neighbour[e]]
        if p < shuns or q < shuns:
            continue  # the borders with third parts are not looked at here
        # 1. a random tree over both parts, grown along edges that are dear to cut
        seen = state.number[STAMP] + 1
        state.number[STAMP] += 1
        queue[0] = source[e]
        mark[source[e]] = seen
        parent[0] = -1
        place[source[e]] = 0
        size = 1
        open_edges = 0
        for j in range(start[source[e]], link[source[e]]):
            frontier[open_edges] = j
            open_edges += 1
        while open_edges > 0:
            i = _below(random, open_edges)
            other = _below(random, open_edges)
            if cost[frontier[other]] > cost[frontier[i]]:
                i = other
            j = frontier[i]
            open_edges -= 1
            frontier[i] = frontier[open_edges]
            v = neighbour[j]
            if mark[v] == seen or (part[v] != p and part[v] != q):
                continue
            mark[v] = seen
            queue[size] = v
            place[v] = size
            parent[size] = place[source[j]]
            size += 1
            for h in range(start[v], link[v]):
                if mark[neighbour[h]] != seen:
                    frontier[open_edges] = h
                    open_edges += 1
        # 2. what hangs below each edge of the tree, and how far outside the limits the two sides would be
        whole = load[p] + load[q]
        for i in range(size):
            below[i] = weight[queue[i]]
        for i in range(size - 1, 0, -1):
            below[parent[i]] += below[i]
        least = np.inf
        found = 0
        for i in range(1, size):
            outside = 0.0
            for d in range(dims):
                outside += unit[d] * (
                    _outside(below[i, d], low[d], high[d]) + _outside(whole[d] - below[i, d], low[d], high[d])
                )
            if outside < least - 1e-12:
                least = outside
                found = 0
            if outside <= least + 1e-12:
                options[found] = i
                found += 1
        if found == 0:
            continue
        before = 0.0
        for d in range(dims):
            before += unit[d] * (_outside(load[p, d], low[d], high[d]) + _outside(load[q, d], low[d], high[d]))
        # 3. the cheapest of a few of the best edges, whichever side keeps the name
        best = np.inf
        best_edge = -1
        best_swap = False
        for _choice in range(min(found, 6)):
            cut = options[_below(random, found)]
            delta = penalty * (least - before)
            for i in range(size):
                side[queue[i]] = 1 if (i == cut or (i > cut and side[queue[parent[i]]] == 1)) else 0
            straight = 0.0
            swapped = 0.0
            for i in range(size):
                u = queue[i]
                a = q if side[u] == 1 else p
                b = p if side[u] == 1 else q
                if graph.frozen[u]:
                    if part[u] != a:
                        straight = np.inf
                    else:
                        swapped = np.inf
                for j in range(start[u], start[u + 1]):
                    v = neighbour[j]
                    if v > u and mark[v] == seen:
                        was = part[u] != part[v]
                        now = side[u] != side[v]
                        if now != was:
                            sign = 1.0 if now else -1.0
                            delta += sign * cost[j]
                            if j >= link[u]:
                                delta -= sign * penalty * CONFLICT
                if has_table:
                    straight += table[u, a] - table[u, part[u]]
                    swapped += table[u, b] - table[u, part[u]]
                if bars > 0:
                    here = part[u] < bars and bar[u, part[u]]
                    straight += penalty * CONFLICT * ((a < bars and bar[u, a]) - here)
                    swapped += penalty * CONFLICT * ((b < bars and bar[u, b]) - here)
            if size_cost > 0:
                a = below[cut, 0]
                b = whole[0] - a
                delta += size_cost * (
                    abs(a - target) + abs(b - target) - abs(load[p, 0] - target) - abs(load[q, 0] - target)
                )
            if delta + min(straight, swapped) < best:
                best = delta + min(straight, swapped)
                best_edge = cut
                best_swap = swapped < straight
        if best_edge < 0 or (best > 0 and (best > 30 * temperature or _uniform(random) >= np.exp(-best / temperature))):
            continue
        for i in range(size):
            side[queue[i]] = 1 if (i == best_edge or (i > best_edge and side[queue[parent[i]]] == 1)) else 0
        inner, outer = (p, q) if best_swap else (q, p)
        for i in range(size):
            label = inner if side[queue[i]] == 1 else outer
            if part[queue[i]] != label:
                _move(graph, state, queue[i], label)
    take_stock(graph, table, state)


@numba.njit(cache=True, nogil=True)
def part_values(start, link, neighbour, cost, weight, low, high, size_cost, target):
    """Return the cost of each set of vertices as a part, infinite where it is not contiguous or outside the limits."""
    n = len(weight)
    value = np.full(1 << n, np.inf)
    for mask in range(1, 1 << n):
        allowed = True
        for d in range(weight.shape[1]):
            load = 0
            for v in range(n):
                if mask >> v & 1:
                    load += weight[v, d]
            if load < low[d] or load > high[d]:
                allowed = False
        if not allowed:
            continue
        seen = mask & -mask
        before = 0
        border = 0.0
        while seen != before and allowed:
            before = seen
            border = 0.0
            for v in range(n):
                if not seen >> v & 1:
                    continue
                for j in range(start[v], start[v + 1]):
                    w = neighbour[j]
                    if not mask >> w & 1:
                        border += cost[j]
                    elif j < link[v]:
                        seen |= 1 << w
                    else:
                        allowed = False
        if not allowed or seen != mask:
            continue
        load = 0
        for v in range(n):
            if mask >> v & 1:
                load += weight[v, 0]
        value[mask] = border / 2 + size_cost * abs(load - target)
    return value


@numba.njit(cache=True, nogil=True)
def cover_table(value, n, most):
    """Return the least cost of covering each set with j parts, and the part that holds its first vertex."""
    cost = np.full((most + 1, 1 << n), np.inf)
    choice = np.zeros((most + 1, 1 << n), np.int32)
    cost[0, 0] = 0.0
    for mask in range(1, 1 << n):
        first = mask & -mask
        others = mask ^ first
        sub = others
        while True:
            mine = sub | first
            if value[mine] < np.inf:
                rest = mask ^ mine
                for j in range(1, most + 1):
                    total = value[mine] + cost[j - 1, rest]
                    if total < cost[j, mask]:
                        cost[j, mask] = total
                        choice[j, mask] = mine
            if sub == 0:
                break
            sub = (sub - 1) & others
    return cost, choice
