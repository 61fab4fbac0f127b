"""The compiled loops of exact solving: connected sets of vertices, each met once.

They read the arrays of `geo.partition.search.Problem` under the same names. Sets travel as rows of a compressed table:
set i is `member[first[i]:first[i + 1]]`.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN201, ANN202
# They are called with every array by position, and splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0915, PLR0917, SIM110

import numba
import numpy as np

FREE, IN, OUT = 0, 1, 2


@numba.njit(cache=True, nogil=True)
def connected_sets(
    start, link, neighbour, weight, low, high, foe_start, foe, pin, pins, fewest, most, most_sets, most_steps
):
    """Return every connected set that can be a part: (first, member, whether these are all, steps taken).

    A set is met from its smallest vertex and grows along a list of candidates, each of which is taken or left; so no
    set is met twice. Given up are sets above a maximum, sets that cannot reach a minimum with what is still free, and
    sets whose complement falls into pieces that no number of parts can fill.
    """
    n, dims = weight.shape
    first = np.zeros(1024, np.int64)
    member = np.empty(8192, np.int32)
    sets = 0
    steps = 0
    state = np.zeros(n, np.int8)
    foes = np.zeros(n, np.int32)  # members of the set that v must not be with
    listed = np.zeros(n, np.bool_)
    candidate = np.empty(n, np.int32)
    taken = np.empty(n, np.int32)  # places in the list of candidates
    length = np.empty(n, np.int32)  # how long the list was before each was taken
    mark = np.zeros(n, np.int64)
    queue = np.empty(n, np.int32)
    stamp = 0
    load = np.zeros(dims, np.int64)
    for root in range(n):
        candidate[0] = root
        listed[root] = True
        candidates = 1
        depth = 0
        place = 0
        load[:] = 0
        while True:
            left = False
            if place < candidates:
                v = candidate[place]
                fits = foes[v] == 0
                for d in range(dims):
                    fits = fits and load[d] + weight[v, d] <= high[d]
                if fits:
                    steps += 1
                    state[v] = IN
                    taken[depth] = place
                    length[depth] = candidates
                    depth += 1
                    for d in range(dims):
                        load[d] += weight[v, d]
                    for j in range(foe_start[v], foe_start[v + 1]):
                        foes[foe[j]] += 1
                    for j in range(start[v], link[v]):
                        w = neighbour[j]
                        if w > root and not listed[w]:
                            listed[w] = True
                            candidate[candidates] = w
                            candidates += 1
                    place += 1
                    if _fits(load, low) and _keeps_pins(taken, depth, candidate, pin, pins):
                        stamp += 1
                        if _complement_fits(
                            start, link, neighbour, weight, low, high, state, mark, stamp, queue, fewest, most
                        ):
                            if sets == most_sets:
                                return first[: sets + 1], member[: first[sets]], False, steps
                            if sets + 2 > len(first):
                                first = _longer(first)
                            while first[sets] + depth > len(member):
                                member = _longer(member)
                            for i in range(depth):
                                member[first[sets] + i] = candidate[taken[i]]
                            sets += 1
                            first[sets] = first[sets - 1] + depth
                else:
                    state[v] = OUT
                    place += 1
                    left = True
            else:
                if depth == 0:
                    break
                depth -= 1
                for i in range(length[depth], candidates):
                    listed[candidate[i]] = False
                    state[candidate[i]] = FREE
                candidates = length[depth]
                place = taken[depth]
                v = candidate[place]
                for i in range(place + 1, candidates):
                    state[candidate[i]] = FREE
                state[v] = OUT
                for d in range(dims):
                    load[d] -= weight[v, d]
                for j in range(foe_start[v], foe_start[v + 1]):
                    foes[foe[j]] -= 1
                place += 1
                left = depth > 0
            if steps > most_steps:
                return first[: sets + 1], member[: first[sets]], False, steps
            if left and not _fits(load, low):
                stamp += 1
                if not _reaches(start, link, neighbour, weight, low, load, state, root, mark, stamp, queue):
                    place = candidates  # leave the rest of the list: nothing large enough can come of it
        listed[root] = False
        state[root] = FREE
    return first[: sets + 1], member[: first[sets]], True, steps


@numba.njit(cache=True, nogil=True)
def _longer(values):
    """Return the same values with room for as many more."""
    longer = np.zeros(2 * len(values), values.dtype)
    longer[: len(values)] = values
    return longer


@numba.njit(cache=True, nogil=True)
def _fits(load, low):
    """Return whether the load reaches every minimum."""
    for d in range(len(load)):
        if load[d] < low[d]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _keeps_pins(taken, depth, candidate, pin, pins):
    """Return whether a set has all pinned vertices of a label, or none; two labels are each other's foes."""
    count = 0
    label = -1
    for i in range(depth):
        p = pin[candidate[taken[i]]]
        if p >= 0:
            count += 1
            label = p
    return label < 0 or count == pins[label]


@numba.njit(cache=True, nogil=True)
def _complement_fits(start, link, neighbour, weight, low, high, state, mark, stamp, queue, fewest, most):
    """Return whether each piece that a set leaves behind can be filled with parts, and their number is allowed."""
    n, dims = weight.shape
    least = 1
    largest = 1
    for origin in range(n):
        if state[origin] == IN or mark[origin] == stamp:
            continue
        mark[origin] = stamp
        queue[0] = origin
        head = 0
        tail = 1
        while head < tail:
            v = queue[head]
            head += 1
            for j in range(start[v], link[v]):
                w = neighbour[j]
                if mark[w] != stamp and state[w] != IN:
                    mark[w] = stamp
                    queue[tail] = w
                    tail += 1
        a = 1
        b = tail
        for d in range(dims):
            piece = 0
            for i in range(tail):
                piece += weight[queue[i], d]
            a = max(a, -(-piece // high[d]) if high[d] > 0 else (1 if piece == 0 else n + 1))
            if low[d] > 0:
                b = min(b, piece // low[d])
        if a > b:
            return False
        least += a
        largest += b
    return least <= most and largest >= fewest


@numba.njit(cache=True, nogil=True)
def _reaches(start, link, neighbour, weight, low, load, state, root, mark, stamp, queue):
    """Return whether the set and what is free around it weigh enough; it asks no further than enough."""
    dims = len(load)
    mark[root] = stamp
    queue[0] = root
    head = 0
    tail = 1
    total = np.zeros(dims, np.int64)
    while head < tail:
        v = queue[head]
        head += 1
        enough = True
        for d in range(dims):
            total[d] += weight[v, d]
            enough = enough and total[d] >= low[d]
        if enough:
            return True
        for j in range(start[v], link[v]):
            w = neighbour[j]
            if w > root and mark[w] != stamp and state[w] != OUT:
                mark[w] = stamp
                queue[tail] = w
                tail += 1
    return False


@numba.njit(cache=True, nogil=True)
def set_costs(start, neighbour, cost, weight, size_cost, target, first, member):
    """Return what each set costs as a part: half of its border, and its distance from the target."""
    n = len(weight)
    sets = len(first) - 1
    value = np.empty(sets)
    mark = np.full(n, -1, np.int64)
    for i in range(sets):
        for e in range(first[i], first[i + 1]):
            mark[member[e]] = i
        border = 0.0
        load = 0
        for e in range(first[i], first[i + 1]):
            v = member[e]
            load += weight[v, 0]
            for j in range(start[v], start[v + 1]):
                if mark[neighbour[j]] != i:
                    border += cost[j]
        value[i] = border / 2 + size_cost * abs(load - target)
    return value


@numba.njit(cache=True, nogil=True)
def reduced_costs(value, first, member, price, fee, one, two, three, discount):
    """Return each set's cost less the prices of its vertices, the fee of a part, and what it uses of the triples."""
    sets = len(first) - 1
    n = len(price)
    reduced = np.empty(sets)
    mark = np.full(n, -1, np.int64)
    of_start = np.zeros(n + 1, np.int64)
    for t in range(len(one)):
        of_start[one[t] + 1] += 1
        of_start[two[t] + 1] += 1
    for v in range(n):
        of_start[v + 1] += of_start[v]
    slot = of_start[:-1].copy()
    of = np.empty(2 * len(one), np.int64)
    for t in range(len(one)):
        of[slot[one[t]]] = t
        slot[one[t]] += 1
        of[slot[two[t]]] = t
        slot[two[t]] += 1
    for i in range(sets):
        total = value[i] - fee
        for e in range(first[i], first[i + 1]):
            mark[member[e]] = i
            total -= price[member[e]]
        if len(one) > 0:
            for e in range(first[i], first[i + 1]):
                v = member[e]
                for s in range(of_start[v], of_start[v + 1]):
                    t = of[s]
                    if one[t] == v:  # two of three: counted at `one`, or at `two` when `one` is not in the set
                        if mark[two[t]] == i or mark[three[t]] == i:
                            total -= discount[t]
                    elif mark[one[t]] != i and mark[three[t]] == i:
                        total -= discount[t]
        reduced[i] = total
    return reduced


@numba.njit(cache=True, nogil=True)
def columns(first, member, claim, n, claims, one, two, three):
    """Return the rows of each set's column, as (start, row).

    Its vertices, n, n + 1 + its claim, and n + 1 + claims + t for each triple of which it holds two.
    """
    sets = len(first) - 1
    start = np.zeros(sets + 1, np.int64)
    row = np.empty(len(member) + sets * (2 + len(one)), np.int32)
    mark = np.full(n, -1, np.int64)
    at = 0
    for i in range(sets):
        for e in range(first[i], first[i + 1]):
            mark[member[e]] = i
            row[at] = member[e]
            at += 1
        row[at] = n
        at += 1
        if claim[i] >= 0:
            row[at] = n + 1 + claim[i]
            at += 1
        for t in range(len(one)):
            if (mark[one[t]] == i) + (mark[two[t]] == i) + (mark[three[t]] == i) >= 2:
                row[at] = n + 1 + claims + t
                at += 1
        start[i + 1] = at
    return start, row[:at]


@numba.njit(cache=True, nogil=True)
def broken_triples(first, member, share, n, most):
    """Return triples of which the shares of the sets that hold two or more add up to above one: (triples, excess).

    Of three vertices at most one part can hold two or more; a fractional choice of sets breaks that wherever sets
    overlap around an odd ring (Jepsen and others, "Subset-row inequalities", Operations Research 2008).
    """
    sets = len(first) - 1
    pair = np.zeros((n, n))
    holds = np.zeros((sets, n), np.bool_)
    for i in range(sets):
        for a in range(first[i], first[i + 1]):
            holds[i, member[a]] = True
            for b in range(first[i], first[i + 1]):
                pair[member[a], member[b]] += share[i]
    found = 0
    triple = np.empty((most, 3), np.int64)
    excess = np.empty(most)
    for u in range(n):
        for v in range(u + 1, n):
            for w in range(v + 1, n):
                if pair[u, v] + pair[v, w] + pair[u, w] < 1.02:
                    continue
                total = 0.0
                for i in range(sets):
                    if (holds[i, u] and (holds[i, v] or holds[i, w])) or (holds[i, v] and holds[i, w]):
                        total += share[i]
                if total < 1.02:
                    continue
                at = found
                if found == most:
                    at = int(np.argmin(excess))
                    if excess[at] >= total - 1:
                        continue
                else:
                    found += 1
                triple[at, 0] = u
                triple[at, 1] = v
                triple[at, 2] = w
                excess[at] = total - 1
    return triple[:found], excess[:found]
