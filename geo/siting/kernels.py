"""The compiled loops of the median models.

A problem is held as one list per demand point, of the sites it can use from cheapest to dearest (`start`, `site`,
`cost`): the point's sites are `site[start[i]:start[i + 1]]`. Every loop here reads a list from its cheap end and stops
early, which is what makes them quick.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN201
# Splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0917

import numba
import numpy as np

FREE, OPEN, CLOSED = range(3)
"""What is decided of a site."""


@numba.njit(cache=True, nogil=True)
def shortened(start, site, cost, state, most):
    """Return the lists without closed sites, each ending at its first open site or where `cost` exceeds `most`."""
    n = len(start) - 1
    new_start = np.zeros(n + 1, np.int64)
    for i in range(n):
        kept = 0
        for k in range(start[i], start[i + 1]):
            if cost[k] > most[i]:
                break
            if state[site[k]] != CLOSED:
                kept += 1
                if state[site[k]] == OPEN:
                    break
        new_start[i + 1] = new_start[i] + kept
    new_site = np.empty(new_start[n], np.int32)
    new_cost = np.empty(new_start[n], np.float64)
    for i in range(n):
        at = new_start[i]
        k = start[i]
        while at < new_start[i + 1]:
            if state[site[k]] != CLOSED:
                new_site[at] = site[k]
                new_cost[at] = cost[k]
                at += 1
            k += 1
    return new_start, new_site, new_cost


@numba.njit(cache=True, nogil=True)
def savings(start, site, cost, price, saving):
    """Put into `saving` what each site saves if points pay `price` to stay unserved (≤ 0); return sums of prices."""
    saving[:] = 0.0
    total, size = 0.0, 0.0
    for i in range(len(start) - 1):
        u = price[i]
        total += u
        size += abs(u)
        for k in range(start[i], start[i + 1]):
            less = cost[k] - u
            if less >= 0.0:
                break
            saving[site[k]] += less
    return total, size


@numba.njit(cache=True, nogil=True)
def relaxed(start, site, cost, price, state, free, saving, chosen):
    """Return the Lagrangian bound of `price`, less what rounding may do, and the savings of the last in and first out.

    `free` sites are still to be chosen among those that are FREE; `saving` and `chosen` (flags) are filled.
    """
    value, size = savings(start, site, cost, price, saving)
    m = len(saving)
    which = np.empty(m, np.int64)
    count = 0
    for j in range(m):
        chosen[j] = state[j] == OPEN
        if chosen[j]:
            value += saving[j]
            size -= saving[j]
        elif state[j] == FREE:
            which[count] = j
            count += 1
    which = which[:count]
    order = np.argsort(saving[which], kind="mergesort")
    last, first = -np.inf, np.inf
    for r in range(free):
        j = which[order[r]]
        chosen[j] = True
        value += saving[j]
        size -= saving[j]
        last = saving[j]
    if free < count:
        first = saving[which[order[free]]]
    return value - 2.3e-16 * (len(price) + m) * size, last, first


@numba.njit(cache=True, nogil=True)
def decide(state, saving, chosen, last, first, room, free):
    """Settle the sites that every choice within `room` of the bound must, or cannot, hold; return what stays free."""
    for j in range(len(state)):
        if state[j] == FREE:
            if chosen[j]:
                if first - saving[j] > room:
                    state[j] = OPEN
                    free -= 1
            elif saving[j] - last > room:
                state[j] = CLOSED
    return free


@numba.njit(cache=True, nogil=True)
def ascend(start, site, cost, price, state, free, value, goal, rounds, slope, mean, pace):
    """Raise the Lagrangian bound by the volume algorithm (Barahona and Anbil 2000); return it, and what stays free.

    `value` is the cost of the best choice known, `goal` the bound that is enough, `free` the number of sites to choose
    among those that are FREE. Changed are `price`, to the prices of the bound; `state`, where a site that no choice
    better than `value` can hold becomes CLOSED and one that all must hold OPEN; `slope`, the mean direction of ascent;
    `mean`, the share in which each site was chosen lately, close to the relaxed optimum; and `pace`: length of a step,
    the most that one step counts in the means, and the number of calls.
    """
    n, m = len(start) - 1, len(state)
    here, own = price.copy(), np.empty(n)
    saving, chosen = np.zeros(m), np.zeros(m, np.bool_)
    bound, red = -np.inf, 0
    for t in range(rounds):
        found, last, first = relaxed(start, site, cost, here, state, free, saving, chosen)
        if found > bound:
            free = decide(state, saving, chosen, last, first, value - found, free)
        size, both, old = 0.0, 0.0, 0.0
        for i in range(n):
            g = 1.0
            u = here[i]
            for k in range(start[i], start[i + 1]):
                if cost[k] >= u:
                    break
                if chosen[site[k]]:
                    g -= 1.0
            own[i] = g
            size += g * g
            both += g * slope[i]
            old += slope[i] * slope[i]
        share = 1.0
        if t > 0 or pace[2] > 0.0:
            below = size - 2.0 * both + old
            share = (old - both) / below if below > 1e-12 else pace[1]
            share = min(pace[1], max(pace[1] / 10.0, share))
        length = 0.0
        for i in range(n):
            slope[i] += share * (own[i] - slope[i])
            length += slope[i] * slope[i]
        for j in range(m):
            mean[j] += share * ((1.0 if chosen[j] else 0.0) - mean[j])
        if found > bound:
            bound = found
            price[:] = here
            red = 0
            if t > 0 and both > 0.0:
                pace[0] = min(pace[0] * 1.1, 2.0)
        else:
            red += 1
            if red == 20:
                pace[0] *= 0.66
                red = 0
        if bound >= goal or length < 1e-9 or pace[0] < 1e-5:
            break
        step = pace[0] * (1.05 * value - bound) / length
        for i in range(n):
            here[i] = price[i] + step * slope[i]
    pace[2] += 1.0
    return bound, free


@numba.njit(cache=True, nogil=True)
def two_nearest(start, site, cost, chosen, far, near, first, second):
    """Fill each point's cheapest chosen site (`near`, -1: none) and what it and the next one cost (`far`: none)."""
    total = 0.0
    for i in range(len(start) - 1):
        near[i] = -1
        first[i] = far
        second[i] = far
        for k in range(start[i], start[i + 1]):
            if chosen[site[k]]:
                if near[i] < 0:
                    near[i] = site[k]
                    first[i] = cost[k]
                else:
                    second[i] = cost[k]
                    break
        total += first[i]
    return total


@numba.njit(cache=True, nogil=True)
def best_exchange(start, site, cost, chosen, leave, enter, near, first, second):
    """Return the exchange of one site that may `leave` for one that may `enter` that saves most, and what it saves.

    Every pair is weighed in one pass over the lists (Resende and Werneck 2007): what a newcomer takes over, what a
    leaver leaves behind, and what the newcomer spares of that.
    """
    m = len(chosen)
    row = np.full(m, -1, np.int64)
    outs = np.flatnonzero(chosen & leave)
    for r in range(len(outs)):
        row[outs[r]] = r
    gain, loss = np.zeros(m), np.zeros(len(outs))
    spared = np.zeros((m, len(outs)))
    for i in range(len(start) - 1):
        r = row[near[i]] if near[i] >= 0 else -1
        d1, d2 = first[i], second[i]
        if r >= 0:
            loss[r] += d2 - d1
        for k in range(start[i], start[i + 1]):
            c = cost[k]
            if c >= d2:
                break
            j = site[k]
            if c < d1:
                gain[j] += d1 - c
            if r >= 0:
                spared[j, r] += d2 - max(c, d1)
    best, best_in, best_out = -np.inf, -1, -1
    for j in range(m):
        if enter[j] and not chosen[j]:
            for r in range(len(outs)):
                saved = gain[j] - loss[r] + spared[j, r]
                if saved > best:
                    best, best_in, best_out = saved, j, outs[r]
    return best, best_in, best_out


@numba.njit(cache=True, nogil=True)
def improve(start, site, cost, chosen, leave, far):
    """Exchange chosen sites that may `leave` for others as long as that makes the choice cheaper; return its cost.

    `chosen` is changed. `far` is what a point costs that no chosen site can serve.
    """
    n, m = len(start) - 1, len(chosen)
    near, first, second = np.empty(n, np.int64), np.empty(n), np.empty(n)
    enter = np.ones(m, np.bool_)
    total = two_nearest(start, site, cost, chosen, far, near, first, second)
    while True:
        saved, j, r = best_exchange(start, site, cost, chosen, leave, enter, near, first, second)
        if saved <= 1e-12 * total:
            return total
        chosen[j] = True
        chosen[r] = False
        after = two_nearest(start, site, cost, chosen, far, near, first, second)
        if after >= total:  # the saving was rounding
            chosen[j] = False
            chosen[r] = True
            return total
        total = after


@numba.njit(cache=True, nogil=True)
def between(start, site, cost, one, other, leave, far):
    """Walk from one choice to the other by the best exchanges and return the best choice strictly between them."""
    n = len(start) - 1
    near, first, second = np.empty(n, np.int64), np.empty(n), np.empty(n)
    here = one.copy()
    best, found = np.inf, one.copy()
    apart = np.sum(one & ~other)
    two_nearest(start, site, cost, here, far, near, first, second)
    for _ in range(apart - 1):
        _, j, r = best_exchange(start, site, cost, here, leave & ~other, other, near, first, second)
        here[j] = True
        here[r] = False
        total = two_nearest(start, site, cost, here, far, near, first, second)
        if total < best:
            best = total
            found[:] = here
    return found
