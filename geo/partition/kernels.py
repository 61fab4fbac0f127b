"""The compiled loops of the engine.

They read the arrays of `geo.partition.search.Problem` under the same names, and change `part`, `load` and `count` in
place: the caller owns them. `mark`, `queue` and `stamp` are scratch, `state` holds the random number generator.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN201, ANN202
# They are called once per run with every array by position, and splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0915, PLR0917

import numba
import numpy as np

CONFLICT = 0.2
"""What uniting one pair that must stay apart counts as, in units of a relative violation of the limits."""

_U = np.uint64


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


@numba.njit(cache=True, nogil=True)
def measured(start, link, neighbour, cost, weight, low, high, unit, table, size_cost, target, part, k):
    """Return cost, relative violation of the limits, and the number of united pairs that must be apart."""
    load = np.zeros((k, weight.shape[1]), np.int64)
    total = 0.0
    conflicts = 0
    for v in range(len(part)):
        p = part[v]
        for d in range(weight.shape[1]):
            load[p, d] += weight[v, d]
        if table.shape[0] > 0:
            total += table[v, p]
        for j in range(start[v], start[v + 1]):
            w = neighbour[j]
            if w > v:
                if part[w] != p:
                    total += cost[j]
                elif j >= link[v]:
                    conflicts += 1
    violation = 0.0
    for p in range(k):
        total += size_cost * abs(load[p, 0] - target)
        for d in range(weight.shape[1]):
            violation += _outside(load[p, d], low[d], high[d]) * unit[d]
    return total, violation, conflicts


@numba.njit(cache=True, nogil=True)
def mean_step(start, link, neighbour, source, cost, table, part):
    """Return the mean size of the change of cost of the moves that are possible now (limits aside)."""
    total = 0.0
    count = 0
    for e in range(len(neighbour)):
        v = source[e]
        p = part[v]
        q = part[neighbour[e]]
        if p == q or e >= link[v]:
            continue
        delta = 0.0
        for j in range(start[v], start[v + 1]):
            r = part[neighbour[j]]
            if r == p:
                delta += cost[j]
            elif r == q:
                delta -= cost[j]
        if table.shape[0] > 0:
            delta += table[v, q] - table[v, p]
        total += abs(delta)
        count += 1
    return total / max(1, count)


@numba.njit(cache=True, nogil=True)
def flips(
    start, link, neighbour, source, cost, weight, low, high, unit, table, size_cost, target,
    part, load, count, mark, queue, stamp, state, proposals, temperature, penalty,
):  # fmt: skip
    """Propose to move a vertex into a neighbour's part, that many times; accept by Metropolis, keep parts whole."""
    edges = len(neighbour)
    has_table = table.shape[0] > 0
    for _ in range(proposals):
        e = _below(state, edges)
        u = source[e]
        p = part[u]
        q = part[neighbour[e]]
        if p == q or count[p] == 1 or e >= link[u]:
            continue
        outside = 0.0
        for d in range(weight.shape[1]):
            w = weight[u, d]
            a = load[p, d]
            b = load[q, d]
            outside += unit[d] * (
                _outside(a - w, low[d], high[d]) + _outside(b + w, low[d], high[d])
                - _outside(a, low[d], high[d]) - _outside(b, low[d], high[d])
            )  # fmt: skip
        delta = 0.0
        own = 0
        for j in range(start[u], start[u + 1]):
            r = part[neighbour[j]]
            if r == p:
                delta += cost[j]
                if j < link[u]:
                    own += 1
                else:
                    outside -= CONFLICT
            elif r == q:
                delta -= cost[j]
                if j >= link[u]:
                    outside += CONFLICT
        delta += penalty * outside
        if size_cost > 0:
            w = weight[u, 0]
            a = load[p, 0]
            b = load[q, 0]
            delta += size_cost * (abs(a - w - target) + abs(b + w - target) - abs(a - target) - abs(b - target))
        if has_table:
            delta += table[u, q] - table[u, p]
        if delta > 0 and (delta > 30 * temperature or _uniform(state) >= np.exp(-delta / temperature)):
            continue
        if own > 1 and not _stays_whole(start, link, neighbour, part, mark, queue, stamp, u, own):
            continue
        part[u] = q
        count[p] -= 1
        count[q] += 1
        for d in range(weight.shape[1]):
            load[p, d] -= weight[u, d]
            load[q, d] += weight[u, d]


@numba.njit(cache=True, nogil=True)
def _stays_whole(start, link, neighbour, part, mark, queue, stamp, u, own):
    """Return whether u's part stays in one piece without u: a breadth-first walk from one neighbour meets the rest."""
    p = part[u]
    wanted = stamp[0] + 1
    seen = stamp[0] + 2
    stamp[0] += 2
    first = -1
    for j in range(start[u], link[u]):
        x = neighbour[j]
        if part[x] == p:
            mark[x] = wanted
            first = x
    mark[u] = seen
    mark[first] = seen
    missing = own - 1
    queue[0] = first
    head = 0
    tail = 1
    while head < tail and missing > 0:
        x = queue[head]
        head += 1
        for j in range(start[x], link[x]):
            y = neighbour[j]
            if part[y] == p and mark[y] != seen:
                if mark[y] == wanted:
                    missing -= 1
                mark[y] = seen
                queue[tail] = y
                tail += 1
    return missing == 0


@numba.njit(cache=True, nogil=True)
def resplit(
    start, link, neighbour, source, cost, weight, low, high, unit, table, size_cost, target,
    part, load, count, mark, queue, stamp, state, attempts, temperature, penalty,
):  # fmt: skip
    """Join two neighbouring parts and part them anew along a random spanning tree; accept by Metropolis."""
    n = len(part)
    edges = len(neighbour)
    dims = weight.shape[1]
    has_table = table.shape[0] > 0
    parent = np.empty(n, np.int32)
    place = np.empty(n, np.int32)
    side = np.zeros(n, np.int8)
    frontier = np.empty(edges, np.int32)
    below = np.empty((n, dims), np.int64)
    options = np.empty(n, np.int32)
    for _ in range(attempts):
        e = _below(state, edges)
        p = part[source[e]]
        q = part[neighbour[e]]
        if p == q or e >= link[source[e]]:
            continue
        # 1. a random tree over both parts, grown along edges that are dear to cut
        seen = stamp[0] + 1
        stamp[0] += 1
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
            i = _below(state, open_edges)
            other = _below(state, open_edges)
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
        # 3. the cheapest of a few of the best edges
        best = np.inf
        best_edge = -1
        best_swap = False
        for _choice in range(min(found, 6)):
            cut = options[_below(state, found)]
            delta = penalty * (least - before)
            for i in range(size):
                side[queue[i]] = 1 if (i == cut or (i > cut and side[queue[parent[i]]] == 1)) else 0
            straight = 0.0
            swapped = 0.0
            for i in range(size):
                u = queue[i]
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
                    straight += table[u, q if side[u] == 1 else p] - table[u, part[u]]
                    swapped += table[u, p if side[u] == 1 else q] - table[u, part[u]]
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
        if best > 0 and (best > 30 * temperature or _uniform(state) >= np.exp(-best / temperature)):
            continue
        for i in range(size):
            side[queue[i]] = 1 if (i == best_edge or (i > best_edge and side[queue[parent[i]]] == 1)) else 0
        inner, outer = (p, q) if best_swap else (q, p)
        for i in range(size):
            part[queue[i]] = inner if side[queue[i]] == 1 else outer
        load[inner] = below[best_edge]
        load[outer] = whole - below[best_edge]
        ones = 0
        for i in range(size):
            ones += side[queue[i]]
        count[inner] = ones
        count[outer] = size - ones


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
