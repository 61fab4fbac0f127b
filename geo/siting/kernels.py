"""The compiled loops of the median models.

A problem is held as one list per demand point, of the sites it can use from cheapest to dearest (`start`, `site`,
`cost`): the point's sites are `site[start[i]:start[i + 1]]`. Every loop here reads a list from its cheap end and stops
early, which is what makes them quick.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN201, ANN202
# Splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0915, PLR0917

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
    kept, size_kept, last, first = select(state, free, saving, chosen)
    return value + kept - 2.3e-16 * (len(price) + len(saving)) * (size + size_kept), last, first


@numba.njit(cache=True, nogil=True)
def select(state, free, saving, chosen):
    """Choose open sites and the `free` best of the FREE; return sum, its size, and savings of last in and first out."""
    which = np.flatnonzero(state == FREE)
    order = np.argsort(saving[which], kind="mergesort")
    value, size = 0.0, 0.0
    for j in range(len(saving)):
        chosen[j] = state[j] == OPEN
    for r in range(free):
        chosen[which[order[r]]] = True
    for j in range(len(saving)):
        if chosen[j]:
            value += saving[j]
            size += abs(saving[j])
    last = saving[which[order[free - 1]]] if free > 0 else -np.inf
    first = saving[which[order[free]]] if free < len(which) else np.inf
    return value, size, last, first


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
def turn(own, slope, chosen, mean, pace, starting):
    """Turn the mean `slope` towards a step's `own`, and `mean` towards what it chose.

    Return the product of the two slopes before, and the square of the new one's length.
    """
    size, both, old = 0.0, 0.0, 0.0
    for i in range(len(own)):
        size += own[i] * own[i]
        both += own[i] * slope[i]
        old += slope[i] * slope[i]
    share = 1.0
    if not starting or pace[2] > 0.0:
        below = size - 2.0 * both + old
        share = (old - both) / below if below > 1e-12 else pace[1]
        share = min(pace[1], max(pace[1] / 10.0, share))
    length = 0.0
    for i in range(len(own)):
        slope[i] += share * (own[i] - slope[i])
        length += slope[i] * slope[i]
    for j in range(len(mean)):
        mean[j] += share * ((1.0 if chosen[j] else 0.0) - mean[j])
    return both, length


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
        for i in range(n):
            g = 1.0
            u = here[i]
            for k in range(start[i], start[i + 1]):
                if cost[k] >= u:
                    break
                if chosen[site[k]]:
                    g -= 1.0
            own[i] = g
        both, length = turn(own, slope, chosen, mean, pace, t == 0)
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


@numba.njit(cache=True, nogil=True)
def packed(start, site, cost, price, load, capacity, saving, worth, head, item, taken):
    """Put into `saving` what each site saves at most if points pay `price` to stay unserved and it takes what fits.

    Points may be split here. `worth` is what a unit of a site's room is worth then; `item[head[j]:head[j + 1]]` are the
    points that would come to site j and `taken` the share of each that fits. Return sum and size of the prices.
    """
    n, m = len(start) - 1, len(saving)
    total, size = 0.0, 0.0
    head[:] = 0
    for i in range(n):
        total += price[i]
        size += abs(price[i])
        for k in range(start[i], start[i + 1]):
            if cost[k] >= price[i]:
                break
            head[site[k] + 1] += 1
    for j in range(m):
        head[j + 1] += head[j]
    fill = head[:-1].copy()
    gain = np.empty(head[m])
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            if cost[k] >= price[i]:
                break
            j = site[k]
            item[fill[j]] = i
            gain[fill[j]] = price[i] - cost[k]
            fill[j] += 1
    for j in range(m):
        a, b = head[j], head[j + 1]
        need = 0.0
        for e in range(a, b):
            need += load[item[e]]
        worth[j] = 0.0
        taken[a:b] = 1.0
        if need > capacity[j]:
            ratio = np.empty(b - a)
            for e in range(a, b):
                # a point without load always fits
                ratio[e - a] = -gain[e] / load[item[e]] if load[item[e]] > 0.0 else -np.inf
            order = np.argsort(ratio)
            room = capacity[j]
            for r in order:
                e = a + r
                if load[item[e]] <= room:
                    room -= load[item[e]]
                else:
                    taken[e] = room / load[item[e]]
                    if worth[j] == 0.0:
                        worth[j] = -ratio[r]
                    room = 0.0
        # by the price of room, which bounds what fits whatever rounding did above
        kept = worth[j] * capacity[j]
        for e in range(a, b):
            kept += max(0.0, gain[e] - worth[j] * load[item[e]])
        saving[j] = -kept
    return total, size


@numba.njit(cache=True, nogil=True)
def ascend_packed(
    start, site, cost, price, load, capacity, state, free, value, goal, rounds, slope, mean, pace, saving, worth
):
    """Raise the Lagrangian bound of sites with limited room; return it, and what stays free. See `ascend`.

    `saving` and `worth` are filled with those of the bound.
    """
    n, m = len(start) - 1, len(state)
    here, own, chosen = price.copy(), np.empty(n), np.zeros(m, np.bool_)
    head, item, taken = np.zeros(m + 1, np.int64), np.empty(len(site), np.int32), np.empty(len(site))
    less, rate = np.zeros(m), np.zeros(m)
    bound, red = -np.inf, 0
    for t in range(rounds):
        total, size = packed(start, site, cost, here, load, capacity, less, rate, head, item, taken)
        kept, size_kept, last, first = select(state, free, less, chosen)
        found = total + kept - 2.3e-16 * (n + m) * (size + size_kept)
        if found > bound:
            free = decide(state, less, chosen, last, first, value - found, free)
        own[:] = 1.0
        for j in range(m):
            if chosen[j]:
                for e in range(head[j], head[j + 1]):
                    own[item[e]] -= taken[e]
        both, length = turn(own, slope, chosen, mean, pace, t == 0)
        if found > bound:
            bound = found
            price[:] = here
            saving[:] = less
            worth[:] = rate
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


_U = np.uint64


@numba.njit(cache=True, nogil=True, inline="always")
def _uniform(state):
    """Return a random number in [0, 1) (xorshift64*)."""
    x = state[0]
    x ^= x >> _U(12)
    x ^= x << _U(25)
    x ^= x >> _U(27)
    state[0] = x
    return np.float64((x * _U(2685821657736338717)) >> _U(11)) * (1.0 / 9007199254740992.0)


@numba.njit(cache=True, nogil=True)
def open_near(order, chosen, near):
    """Fill each point's cheapest chosen sites, as many as `near` has room for."""
    for i in range(len(near)):
        found = 0
        for j in order[i]:
            if chosen[j]:
                near[i, found] = j
                found += 1
                if found == near.shape[1]:
                    break


@numba.njit(cache=True, nogil=True)
def shares_of(site_of, head, line):
    """Sort the points by the site they use: those of j are `line[head[j]:head[j + 1]]`."""
    head[:] = 0
    for j in site_of:
        head[j + 1] += 1
    for j in range(len(head) - 1):
        head[j + 1] += head[j]
    fill = head[:-1].copy()
    for i in range(len(site_of)):
        line[fill[site_of[i]]] = i
        fill[site_of[i]] += 1


@numba.njit(cache=True, nogil=True)
def move_site(cost, capacity, chosen, stays, used, head, line, penalty):
    """Return the best move of one chosen site with all its points to a site not chosen, and what it saves."""
    m = len(chosen)
    best, best_out, best_in = 0.0, -1, -1
    for r in range(m):
        if not chosen[r] or stays[r]:
            continue
        now = penalty * max(0.0, used[r] - capacity[r])
        for e in range(head[r], head[r + 1]):
            now += cost[line[e], r]
        if now <= best:
            continue
        for q in range(m):
            if chosen[q]:
                continue
            then = penalty * max(0.0, used[r] - capacity[q])
            for e in range(head[r], head[r + 1]):
                then += cost[line[e], q]
                if now - then <= best:
                    break
            if now - then > best * (1.0 + 1e-9) + 1e-9 * now:
                best, best_out, best_in = now - then, r, q
    return best, best_out, best_in


@numba.njit(cache=True, nogil=True)
def anneal(cost, order, load, capacity, chosen, stays, site_of, near, moves, hot, cold, weight, random):
    """Move points between sites, exchange them, and move sites, at falling temperature; return the best cost found.

    `chosen` and `site_of` are changed to the best choice without an overfull site, if one was met (else inf is
    returned and they are where the search ended). Overfull sites cost `weight[0]` per unit, which adapts.
    """
    n, m = cost.shape
    used = np.zeros(m)
    for i in range(n):
        used[site_of[i]] += load[i]
    head, line = np.zeros(m + 1, np.int64), np.empty(n, np.int64)
    best, best_chosen, best_site = np.inf, chosen.copy(), site_of.copy()
    open_near(order, chosen, near)
    width = near.shape[1]
    blocks = max(moves // n, 2)
    slack = 1e-9 * np.max(capacity)
    for block in range(blocks):
        share = block / (blocks - 1)
        heat = hot * (cold / hot) ** min(1.0, share / 0.9) if share < 0.95 else 0.0
        shares_of(site_of, head, line)
        if block % 5 == 4:
            while True:
                _, r, q = move_site(cost, capacity, chosen, stays, used, head, line, weight[0])
                if r < 0:
                    break
                chosen[r] = False
                chosen[q] = True
                for e in range(head[r], head[r + 1]):
                    site_of[line[e]] = q
                used[q] = used[r]
                used[r] = 0.0
                shares_of(site_of, head, line)
                open_near(order, chosen, near)
        for _ in range(n):
            i = int(_uniform(random) * n)
            a = site_of[i]
            b = near[i, int(_uniform(random) * width)]
            if a == b:
                continue
            k = -1
            if _uniform(random) < 0.5 and head[b + 1] > head[b]:
                k = line[head[b] + int(_uniform(random) * (head[b + 1] - head[b]))]
                if site_of[k] != b:
                    continue
            back = load[k] if k >= 0 else 0.0
            delta = cost[i, b] - cost[i, a]
            if k >= 0:
                delta += cost[k, a] - cost[k, b]
            after_a, after_b = used[a] - load[i] + back, used[b] + load[i] - back
            over = max(0.0, after_a - capacity[a]) + max(0.0, after_b - capacity[b])
            over -= max(0.0, used[a] - capacity[a]) + max(0.0, used[b] - capacity[b])
            delta += weight[0] * over
            if delta <= 0.0 or (heat > 0.0 and _uniform(random) < np.exp(-delta / heat)):
                site_of[i] = b
                if k >= 0:
                    site_of[k] = a
                used[a] = after_a
                used[b] = after_b
        used[:] = 0.0
        for i in range(n):
            used[site_of[i]] += load[i]
        full = True
        for j in range(m):
            if used[j] > capacity[j] + slack:
                full = False
        if full:
            total = 0.0
            for i in range(n):
                total += cost[i, site_of[i]]
            if total < best:
                best = total
                best_chosen[:] = chosen
                best_site[:] = site_of
            if share < 0.7:
                weight[0] *= 0.9
        else:
            weight[0] *= 1.15
    if best < np.inf:
        chosen[:] = best_chosen
        site_of[:] = best_site
    return best
