"""The compiled branch and bound over connected sets: the cheapest set, or all sets below a price.

A set S costs what its vertices pay (`pay`), what the edges at its border cost, and its distance from the target.
Branches decide vertex by vertex next to what is inside already; the bound of a branch is a minimum cut between the
vertices that are in and those that are out, in which the limits of the load take part with a multiplier. What must
follow is decided at once: what can no longer be reached is out, what would be left too small to be a part is in.

Costs are whole numbers here, scaled by the caller, so that bounds are exact.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN201, ANN202
# They are called with every array by position, and splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0915, PLR0917

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from geo.partition.exact.enumeration import FREE, IN, OUT, _complement_fits, _longer

INF = np.int64(2**60)
"""More than any cost."""

ALL, FALLING, NEAR_BEST = 0, 1, 2
"""Which sets are returned: all below the limit, each cheaper than those before, or some near the cheapest as well."""
_SOME = 20
"""Sets near the cheapest that are of interest."""

_Ints = npt.NDArray[np.int64]
_Small = npt.NDArray[np.int32]


class Branching(NamedTuple):
    """What a set may be and what it costs; arrays as in `geo.partition.search.problem.Problem`.

    Attributes
    ----------
    edge : array of int
        Cost of each entry of `neighbour` at the border of a set.
    low, high : array (d,)
        What the set's load must lie between.
    part_low, part_high : array (d,)
        What a part's load must lie between: pieces of the rest must be fit for parts.
    foe_start, foe, pin, pins : arrays
        Vertices that must not be together; the label of pinned vertices, all of which are in one set; pins of a label.
    fewest, most : int
        Number of parts in all, the set among them.
    halves : bool
        Whether the rest is one part too: its distance from the target counts, and it holds no foes.
    size, target, whole : int
        Cost of one unit away from the target; load of all vertices.
    """

    start: _Small
    link: _Small
    neighbour: _Small
    reverse: _Small
    edge: _Ints
    weight: _Ints
    low: _Ints
    high: _Ints
    part_low: _Ints
    part_high: _Ints
    foe_start: _Ints
    foe: _Small
    pin: _Small
    pins: _Ints
    fewest: int
    most: int
    halves: bool
    size: int
    target: int
    whole: int


@numba.njit(cache=True, nogil=True)
def sets_below(graph, pay, root, fixed, limit, which, most_sets, most_nodes):
    """Return the sets with `root` that cost less than the limit: (first, member, cost, whether these are all, nodes).

    `fixed` says of each vertex whether it is in, out, or free. The cheapest set is among those returned, whatever
    `which` of them are asked for.
    """
    n, dims = graph.weight.shape
    arcs = len(graph.neighbour)
    first = np.zeros(64, np.int64)
    member = np.empty(1024, np.int32)
    value = np.empty(64, np.int64)
    sets = 0
    nodes = 1
    origin = limit
    state = np.zeros((n + 2, n), np.int8)
    excess = np.empty((n + 2, n), np.int64)  # what a vertex can still send from the source, or take to the sink
    residual = np.empty((n + 2, arcs), np.int64)
    bound = np.zeros(n + 2, np.int64)
    load = np.zeros((n + 2, dims), np.int64)
    branch = np.zeros(n + 2, np.int32)
    phase = np.zeros(n + 2, np.int8)
    mark = np.zeros(n, np.int64)
    stamp = np.zeros(1, np.int64)
    queue = np.empty(n, np.int32)
    came = np.empty(n, np.int32)
    todo = np.empty(4 * n + len(graph.foe), np.int64)
    reach = 0
    for v in range(n):
        if fixed[v] != OUT:
            reach += graph.weight[v, 0]
    if reach < graph.low[0]:
        return first[:1], member[:0], value[:0], True, nodes
    multiplier = _multiplier(graph, pay, root, fixed, mark, stamp, queue, came)
    bound[0] = _begin(graph, pay, multiplier, excess[0], residual[0], mark, stamp, queue, came)
    todo[0] = 2 * root
    count = 1
    for v in range(n):
        if fixed[v] != FREE and v != root:
            todo[count] = 2 * v + (fixed[v] == OUT)
            count += 1
    ok, bound[0] = _follow(
        graph, state[0], excess[0], residual[0], bound[0], load[0], limit, root, todo, count, mark, stamp, queue, came
    )
    if not ok:
        return first[:1], member[:0], value[:0], True, nodes
    depth = 0
    branch[0] = _next(graph, state[0])
    phase[0] = 0
    while depth >= 0:
        if branch[depth] < 0:
            cost = _leaf(graph, pay, state[depth], load[depth], mark, stamp, queue)
            if cost < limit:
                if sets == most_sets:
                    return first[: sets + 1], member[: first[sets]], value[:sets], False, nodes
                if sets + 2 > len(first):
                    first = _longer(first)
                    value = _longer(value)
                while first[sets] + n > len(member):
                    member = _longer(member)
                at = first[sets]
                for v in range(n):
                    if state[depth, v] == IN:
                        member[at] = v
                        at += 1
                value[sets] = cost
                sets += 1
                first[sets] = at
                if which == FALLING or (which == NEAR_BEST and sets > _SOME):
                    limit = min(limit, cost)
                elif which == NEAR_BEST:
                    limit = min(limit, cost + (origin - cost) // 4)
            depth -= 1
            continue
        if phase[depth] == 2:
            depth -= 1
            continue
        out = phase[depth]
        phase[depth] += 1
        nodes += 1
        if nodes > most_nodes:
            return first[: sets + 1], member[: first[sets]], value[:sets], False, nodes
        if bound[depth] >= limit:
            depth -= 1
            continue
        below = depth + 1
        state[below] = state[depth]
        excess[below] = excess[depth]
        residual[below] = residual[depth]
        load[below] = load[depth]
        todo[0] = 2 * branch[depth] + out
        ok, bound[below] = _follow(
            graph, state[below], excess[below], residual[below], bound[depth], load[below], limit, root, todo, 1,
            mark, stamp, queue, came,
        )  # fmt: skip
        if ok:
            branch[below] = _next(graph, state[below])
            phase[below] = 0
            depth = below
    return first[: sets + 1], member[: first[sets]], value[:sets], True, nodes


@numba.njit(cache=True, nogil=True)
def _begin(graph, pay, multiplier, excess, residual, mark, stamp, queue, came):
    """Set up the flow of a graph where nothing is decided, and send it; return the bound."""
    bound = -multiplier * (graph.high[0] if multiplier > 0 else graph.low[0])
    for j in range(len(graph.neighbour)):
        residual[j] = max(graph.edge[j], 0)
        if graph.edge[j] < 0 and j < graph.reverse[j]:
            bound += graph.edge[j]  # a reward counts until its edge is known not to be cut
    for v in range(len(pay)):
        excess[v] = -(pay[v] + multiplier * graph.weight[v, 0])
        if excess[v] > 0:
            bound -= excess[v]
    for v in range(len(pay)):
        if excess[v] > 0:
            bound += _augment(graph, excess, residual, v, IN, INF, mark, stamp, queue, came)
    return bound


@numba.njit(cache=True, nogil=True)
def _follow(graph, state, excess, residual, bound, load, limit, root, todo, count, mark, stamp, queue, came):
    """Decide what is to be (2v: in, 2v + 1: out) and all that follows; return (whether a set is left, bound)."""
    n, dims = graph.weight.shape
    while True:
        while count > 0:
            count -= 1
            v = todo[count] >> 1
            side = OUT if todo[count] & 1 else IN
            if state[v] == side:
                continue
            if state[v] != FREE:
                return False, bound
            state[v] = side
            for j in range(graph.start[v], graph.start[v + 1]):
                if graph.edge[j] < 0 and state[graph.neighbour[j]] == side:
                    bound -= graph.edge[j]
            if side == IN:
                for d in range(dims):
                    load[d] += graph.weight[v, d]
                    if load[d] > graph.high[d]:
                        return False, bound
                if graph.pin[v] >= 0:
                    for w in range(n):
                        if graph.pin[w] == graph.pin[v] and state[w] != IN:
                            todo[count] = 2 * w  # the next pin of the label, which will bring the one after it
                            count += 1
                            break
                if excess[v] < 0:
                    bound -= excess[v]
                excess[v] = INF
            else:
                if excess[v] > 0:
                    bound += excess[v]
                excess[v] = -INF
            if side == IN or graph.halves:
                for j in range(graph.foe_start[v], graph.foe_start[v + 1]):
                    todo[count] = 2 * graph.foe[j] + (side == IN)
                    count += 1
            bound += _augment(graph, excess, residual, v, side, limit - bound, mark, stamp, queue, came)
            if bound >= limit:
                return False, bound
        # 1. what cannot be reached any more is out; what can be reached must be enough
        stamp[0] += 1
        seen = stamp[0]
        mark[root] = seen
        queue[0] = root
        head = 0
        tail = 1
        while head < tail:
            v = queue[head]
            head += 1
            for j in range(graph.start[v], graph.link[v]):
                w = graph.neighbour[j]
                if mark[w] != seen and state[w] != OUT:
                    mark[w] = seen
                    queue[tail] = w
                    tail += 1
        for d in range(dims):
            total = 0
            for i in range(tail):
                total += graph.weight[queue[i], d]
            if total < graph.low[d]:
                return False, bound
            if d == 0 and graph.size > 0:
                distance = _size(graph, max(load[0], graph.low[0]), min(total, graph.high[0]))
                if bound + distance >= limit:
                    return False, bound
        for v in range(n):
            if mark[v] != seen:
                if state[v] == IN:
                    return False, bound
                if state[v] == FREE:
                    todo[count] = 2 * v + 1
                    count += 1
            elif state[v] == FREE:
                for d in range(dims):
                    if load[d] + graph.weight[v, d] > graph.high[d]:
                        todo[count] = 2 * v + 1
                        count += 1
                        break
        # 2. a piece of the rest that is too small for a part is in
        stamp[0] += 1
        seen = stamp[0]
        kept = 0
        open_count = 0
        for origin in range(n):
            if state[origin] == IN or mark[origin] == seen:
                continue
            mark[origin] = seen
            queue[0] = origin
            head = 0
            tail = 1
            outs = 0
            while head < tail:
                v = queue[head]
                head += 1
                outs += state[v] == OUT
                for j in range(graph.start[v], graph.link[v]):
                    w = graph.neighbour[j]
                    if mark[w] != seen and state[w] != IN:
                        mark[w] = seen
                        queue[tail] = w
                        tail += 1
            small = False
            for d in range(dims):
                total = 0
                for i in range(tail):
                    total += graph.weight[queue[i], d]
                small = small or total < graph.part_low[d]
            if small:
                if outs > 0:
                    return False, bound
                for i in range(tail):
                    todo[count] = 2 * queue[i]
                    count += 1
            elif outs > 0:
                kept += 1
                if kept == graph.most:
                    return False, bound
            else:
                for i in range(tail):
                    came[open_count] = queue[i]
                    open_count += 1
        if kept == graph.most - 1:  # no part is left for pieces of which nothing is out
            for i in range(open_count):
                todo[count] = 2 * came[i]
                count += 1
        if count == 0:
            return True, bound


@numba.njit(cache=True, nogil=True)
def _augment(graph, excess, residual, v, side, enough, mark, stamp, queue, came):
    """Send what can be sent from a vertex that came in, or to one that went out; return how much, at most enough."""
    sent = np.int64(0)
    while sent < enough and excess[v] != 0:
        stamp[0] += 1
        seen = stamp[0]
        mark[v] = seen
        queue[0] = v
        head = 0
        tail = 1
        end = -1
        while head < tail and end < 0:
            u = queue[head]
            head += 1
            for j in range(graph.start[u], graph.start[u + 1]):
                w = graph.neighbour[j]
                if mark[w] != seen and residual[j if side == IN else graph.reverse[j]] > 0:
                    mark[w] = seen
                    came[w] = j
                    queue[tail] = w
                    tail += 1
                    if (side == IN and excess[w] < 0) or (side == OUT and excess[w] > 0):
                        end = w
                        break
        if end < 0:
            break
        amount = min(abs(excess[v]), abs(excess[end]))
        w = end
        while w != v:
            j = came[w]
            amount = min(amount, residual[j if side == IN else graph.reverse[j]])
            w = graph.neighbour[graph.reverse[j]]
        w = end
        while w != v:
            j = came[w]
            arc = j if side == IN else graph.reverse[j]
            residual[arc] -= amount
            residual[graph.reverse[arc]] += amount
            w = graph.neighbour[graph.reverse[j]]
        for u in (v, end):
            if abs(excess[u]) < INF:
                excess[u] += amount if excess[u] < 0 else -amount
        sent += amount
    return sent


@numba.njit(cache=True, nogil=True)
def _size(graph, least, most):
    """Return the least cost of a load in that range for its distance from the target."""
    best = min(graph.target, graph.whole - graph.target) if graph.halves else graph.target
    best = max(least, min(best, most))
    cost = abs(best - graph.target)
    if graph.halves:
        cost += abs(graph.whole - best - graph.target)
    return graph.size * cost


@numba.njit(cache=True, nogil=True)
def _next(graph, state):
    """Return the vertex to decide next, -1 when all are decided: beside the set, and torn between in and out."""
    chosen = -1
    best = np.int64(-1)
    for v in range(len(state)):
        if state[v] != FREE:
            continue
        beside = False
        inner = np.int64(0)
        outer = np.int64(0)
        for j in range(graph.start[v], graph.start[v + 1]):
            side = state[graph.neighbour[j]]
            if side == IN:
                beside = beside or j < graph.link[v]
                inner += max(1, graph.edge[j])
            elif side == OUT:
                outer += max(1, graph.edge[j])
        if beside and 4 * min(inner, outer) + inner + outer > best:
            best = 4 * min(inner, outer) + inner + outer
            chosen = v
    return chosen


@numba.njit(cache=True, nogil=True)
def _leaf(graph, pay, state, load, mark, stamp, queue):
    """Return what the set costs, more than any limit when it cannot be a part."""
    stamp[0] += 1
    for d in range(len(load)):
        if load[d] < graph.low[d]:
            return INF
    if not _complement_fits(
        graph.start, graph.link, graph.neighbour, graph.weight, graph.part_low, graph.part_high, state, mark, stamp[0],
        queue, graph.fewest, graph.most,
    ):  # fmt: skip
        return INF
    cost = _size(graph, load[0], load[0]) if graph.size > 0 else np.int64(0)
    for v in range(len(state)):
        if state[v] == IN:
            cost += pay[v]
            for j in range(graph.start[v], graph.start[v + 1]):
                if state[graph.neighbour[j]] != IN:
                    cost += graph.edge[j]
    return cost


@numba.njit(cache=True, nogil=True)
def _multiplier(graph, pay, root, fixed, mark, stamp, queue, came):
    """Return the price of one unit of load that raises the bound most, by bisection on the load it gives."""
    n = len(pay)
    excess = np.empty(n, np.int64)
    residual = np.empty(len(graph.neighbour), np.int64)
    high = np.int64(1)
    for v in range(n):
        high += abs(pay[v])
    for j in range(len(graph.neighbour)):
        high += abs(graph.edge[j])
    whole = max(1, graph.whole)
    high = min(4 * high // max(1, graph.low[0], graph.whole // n), np.int64(2**57) // whole) + 1
    low = -high
    best = np.int64(0)
    best_bound = -INF
    price = np.int64(0)
    for _ in range(60):
        bound = _begin(graph, pay, price, excess, residual, mark, stamp, queue, came)
        for v in range(n):
            side = IN if v == root else fixed[v]
            if side == IN:
                bound -= min(excess[v], 0)
                excess[v] = INF
            elif side == OUT:
                bound += max(excess[v], 0)
                excess[v] = -INF
        for v in range(n):
            if excess[v] == INF:
                bound += _augment(graph, excess, residual, v, IN, INF, mark, stamp, queue, came)
            elif excess[v] == -INF:
                bound += _augment(graph, excess, residual, v, OUT, INF, mark, stamp, queue, came)
        if bound > best_bound:
            best_bound = bound
            best = price
        # the load of the smallest source side tells the direction
        stamp[0] += 1
        seen = stamp[0]
        tail = 0
        for v in range(n):
            if excess[v] > 0:
                mark[v] = seen
                queue[tail] = v
                tail += 1
        head = 0
        load = np.int64(0)
        while head < tail:
            v = queue[head]
            head += 1
            load += graph.weight[v, 0]
            for j in range(graph.start[v], graph.start[v + 1]):
                if residual[j] > 0 and mark[graph.neighbour[j]] != seen:
                    mark[graph.neighbour[j]] = seen
                    queue[tail] = graph.neighbour[j]
                    tail += 1
        if load > graph.high[0]:
            low = price
        elif load < graph.low[0]:
            high = price
        else:
            break
        if high - low <= 1:
            break
        price = low + (high - low) // 2
    return best
