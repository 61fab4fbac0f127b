"""The compiled searches along the network.

They read `geo.network.graph.Arcs` and `Stops`. Every walk has a cost, which is made shortest, and a second one, which
comes with it; of walks that cost the same the one with the smaller second is taken, so that the order of rows in the
tables has no say.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN201, ANN202
# Splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0915, PLR0917

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def _push(key, item, size, cost, what):
    """Put an item on the heap (four children each) and return its new size."""
    at = size
    while at > 0:
        above = (at - 1) >> 2
        if key[above] <= cost:
            break
        key[at] = key[above]
        item[at] = item[above]
        at = above
    key[at] = cost
    item[at] = what
    return size + 1


@numba.njit(cache=True, nogil=True)
def _pop(key, item, size):
    """Take the cheapest item, which stands at 0, off the heap and return its new size."""
    size -= 1
    cost, what = key[size], item[size]
    at = 0
    while True:
        low = 4 * at + 1
        if low >= size:
            break
        best = low
        for child in range(low + 1, min(low + 4, size)):
            if key[child] < key[best]:
                best = child
        if key[best] >= cost:
            break
        key[at] = key[best]
        item[at] = item[best]
        at = best
    key[at] = cost
    item[at] = what
    return size


@numba.njit(cache=True, nogil=True)
def _longer(array):
    """Return the array with twice the room."""
    out = np.empty(2 * len(array), array.dtype)
    out[: len(array)] = array
    return out


@numba.njit(cache=True, nogil=True)
def _offer(who, cost, second, base, n, f, c, s):
    """Put a facility among the n nearest from `base` on, by cost then number, each once; return whether it is news."""
    for i in range(base, base + n):
        if who[i] == f:
            if cost[i] < c or (cost[i] == c and second[i] <= s):
                return False
            at = i
            break
        if who[i] < 0:
            at = i
            break
    else:
        at = base + n - 1
        if cost[at] < c or (cost[at] == c and who[at] < f):
            return False
    while at > base and (cost[at - 1] > c or (cost[at - 1] == c and who[at - 1] > f)):
        who[at] = who[at - 1]
        cost[at] = cost[at - 1]
        second[at] = second[at - 1]
        at -= 1
    who[at] = f
    cost[at] = c
    second[at] = s
    return True


@numba.njit(cache=True, nogil=True)
def _merge(who, cost, second, n, a, b, off, row, most, out, out_cost, out_second, base):
    """Write the n nearest by either end of a stretch, whose own begin at a and at b, from `base` on, each once."""
    last_a, last_b, found = a + n, b + n, 0
    while True:
        by_a = cost[a] + off[row, 0] if a < last_a and who[a] >= 0 else np.inf
        by_b = cost[b] + off[row, 1] if b < last_b and who[b] >= 0 else np.inf
        if by_a < by_b or (by_a == by_b and by_a < np.inf and who[a] <= who[b]):
            f, c, s = who[a], by_a, second[a] + off[row, 2]
            a += 1
        elif by_b < np.inf:
            f, c, s = who[b], by_b, second[b] + off[row, 3]
            b += 1
        else:
            break
        if c > most or (found == n and c > out_cost[base + n - 1]):
            break
        for k in range(base, base + found):
            if out[k] == f:
                if c == out_cost[k] and s < out_second[k]:
                    out_second[k] = s
                break
        else:
            if found < n:
                out[base + found], out_cost[base + found], out_second[base + found] = f, c, s
                found += 1


@numba.njit(cache=True, nogil=True)
def labels_of(arcs, facilities, n, most):
    """Return the n nearest facilities of each junction, n rows each: which, cost, second; and who is on each stretch.

    The search runs from the facilities. Their numbers are in the order of their ids; -1 where there are no more. Of
    those on a stretch the first row is told, then for each row the next.
    """
    junctions = len(arcs.start) - 1
    who, cost, second = np.full(junctions * n, -1, np.int32), np.empty(junctions * n), np.empty(junctions * n)
    arc_start, arc_head, arc_cost, ends = arcs.start, arcs.head, arcs.cost, arcs.ends
    room = 1024
    key, item = np.empty(room), np.empty(room, np.int32)
    node, what, with_it = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room)
    size = 0
    told = 0
    on = np.full(len(arcs.ends), -1, np.int32)
    next_on = np.full(len(facilities.place), -1, np.int32)
    for row in range(len(facilities.place)):
        stretch = facilities.stretch[row]
        next_on[row] = on[stretch]
        on[stretch] = row
        for end in range(2):
            v, c, s = ends[stretch, end], facilities.cost[row, end], facilities.cost[row, 2 + end]
            f = facilities.place[row]
            if c <= most and _offer(who, cost, second, v * n, n, f, c, s):
                if told == len(node):
                    key, item, node = _longer(key), _longer(item), _longer(node)
                    what, with_it = _longer(what), _longer(with_it)
                node[told], what[told], with_it[told] = v, f, s
                size = _push(key, item, size, c, told)
                told += 1
    while size > 0:
        c, label = key[0], item[0]
        size = _pop(key, item, size)
        v, f, s = node[label], what[label], with_it[label]
        current = False
        for k in range(v * n, v * n + n):
            if who[k] == f:
                current = cost[k] == c and second[k] == s
                break
        if not current:
            continue
        for j in range(arc_start[v], arc_start[v + 1]):
            w, d, t = arc_head[j], c + arc_cost[j, 0], s + arc_cost[j, 1]
            if d <= most and _offer(who, cost, second, w * n, n, f, d, t):
                if told == len(node):
                    key, item, node = _longer(key), _longer(item), _longer(node)
                    what, with_it = _longer(what), _longer(with_it)
                node[told], what[told], with_it[told] = w, f, t
                size = _push(key, item, size, d, told)
                told += 1
    return who, cost, second, on, next_on


@numba.njit(cache=True, nogil=True)
def nearest_of(arcs, facilities, labels, origins, most, low, high, out_who, out_cost, out_second):
    """Write the nearest facilities of origins low to high to [origin - low, rank].

    The n nearest of a place are among the n nearest of the junctions it comes to and those on its own stretch.
    """
    who, cost, second, on, next_on = labels
    n = out_who.shape[1]
    ends, across = arcs.ends, arcs.across
    first, origin_stretch, origin_cost = origins.first, origins.stretch, origins.cost
    here, here_cost, here_second = out_who.reshape(-1), out_cost.reshape(-1), out_second.reshape(-1)
    for i in range(low, high):
        base = (i - low) * n
        for row in range(first[i], first[i + 1]):
            stretch = origin_stretch[row]
            a, b = ends[stretch, 0] * n, ends[stretch, 1] * n
            if row == first[i]:
                _merge(who, cost, second, n, a, b, origin_cost, row, most, here, here_cost, here_second, base)
            else:
                for k in range(2 * n):
                    at, end = (a + k, 0) if k < n else (b + k - n, 1)
                    c = cost[at] + origin_cost[row, end]
                    if who[at] >= 0 and c <= most:
                        s = second[at] + origin_cost[row, 2 + end]
                        _offer(here, here_cost, here_second, base, n, who[at], c, s)
            other = on[stretch]
            while other >= 0:
                c, s = _along(across, stretch, facilities.cost, other, origin_cost, row)
                if c <= most:
                    _offer(here, here_cost, here_second, base, n, facilities.place[other], c, s)
                other = next_on[other]


@numba.njit(cache=True, nogil=True)
def _along(across, stretch, source, of, target, to):
    """Return cost and second between two places on one stretch, along it."""
    by_a = source[of, 0] + target[to, 1] - across[stretch, 0]
    by_b = source[of, 1] + target[to, 0] - across[stretch, 1]
    if by_a >= by_b:
        return by_a, source[of, 2] + target[to, 3] - across[stretch, 2]
    return by_b, source[of, 3] + target[to, 2] - across[stretch, 3]


@numba.njit(cache=True, nogil=True)
def _search(arcs, sources, place, most, cost, second, touched, key, item):
    """Write the cost of every junction within reach of a place (others stay infinite); return how many there are."""
    size = 0
    count = 0
    for row in range(sources.first[place], sources.first[place + 1]):
        for end in range(2):
            v = arcs.ends[sources.stretch[row], end]
            c, s = sources.cost[row, end], sources.cost[row, 2 + end]
            if c <= most and (c < cost[v] or (c == cost[v] and s < second[v])):
                if cost[v] == np.inf:
                    touched[count] = v
                    count += 1
                if c < cost[v]:
                    size = _push(key, item, size, c, v)
                cost[v], second[v] = c, s
    while size > 0:
        c, v = key[0], item[0]
        size = _pop(key, item, size)
        if c > cost[v]:
            continue
        for j in range(arcs.start[v], arcs.start[v + 1]):
            w, d, t = arcs.head[j], c + arcs.cost[j, 0], second[v] + arcs.cost[j, 1]
            if d <= most and (d < cost[w] or (d == cost[w] and t < second[w])):
                if cost[w] == np.inf:
                    touched[count] = w
                    count += 1
                if d < cost[w]:
                    size = _push(key, item, size, d, w)
                cost[w], second[w] = d, t
    return count


@numba.njit(cache=True, nogil=True)
def walks(arcs, sources, targets, target_start, places, most, low, high):
    """Return every walk of at most `most` between sources low to high and targets: source, target, cost, second.

    The rows of `targets`, so many places, are in the order of stretches, those of s from target_start[s].
    """
    junctions = len(arcs.start) - 1
    cost, second = np.full(junctions, np.inf), np.empty(junctions)
    touched = np.empty(junctions, np.int32)
    # a junction enters the heap once for each arc to it, and for each row of the source
    room = 2 * len(arcs.head) + 2 * len(sources.place) + 4
    key, item = np.empty(room), np.empty(room, np.int32)
    best, best_second = np.full(places, np.inf), np.empty(places)
    met = np.empty(places, np.int32)
    out_source, out_target = np.empty(1024, np.int32), np.empty(1024, np.int32)
    out_cost, out_second = np.empty(1024), np.empty(1024)
    total = 0
    for source in range(low, high):
        count = _search(arcs, sources, source, most, cost, second, touched, key, item)
        found = 0
        for k in range(count):
            v = touched[k]
            for j in range(arcs.start[v], arcs.start[v + 1]):
                stretch, end = arcs.stretch[j], arcs.end[j]
                for row in range(target_start[stretch], target_start[stretch + 1]):
                    t = targets.place[row]
                    c, s = cost[v] + targets.cost[row, end], second[v] + targets.cost[row, 2 + end]
                    if c <= most and (c < best[t] or (c == best[t] and s < best_second[t])):
                        if best[t] == np.inf:
                            met[found] = t
                            found += 1
                        best[t], best_second[t] = c, s
            cost[v] = np.inf
        for mine in range(sources.first[source], sources.first[source + 1]):
            stretch = sources.stretch[mine]
            for row in range(target_start[stretch], target_start[stretch + 1]):
                t = targets.place[row]
                c, s = _along(arcs.across, stretch, sources.cost, mine, targets.cost, row)
                if c <= most and (c < best[t] or (c == best[t] and s < best_second[t])):
                    if best[t] == np.inf:
                        met[found] = t
                        found += 1
                    best[t], best_second[t] = c, s
        while total + found > len(out_source):
            out_source, out_target = _longer(out_source), _longer(out_target)
            out_cost, out_second = _longer(out_cost), _longer(out_second)
        for k in range(found):
            t = met[k]
            out_source[total], out_target[total] = source, t
            out_cost[total], out_second[total] = best[t], best_second[t]
            best[t] = np.inf
            total += 1
    return out_source[:total].copy(), out_target[:total].copy(), out_cost[:total].copy(), out_second[:total].copy()


@numba.njit(cache=True, nogil=True)
def _from_a(ahead, length_m, first, last, reach):
    """Return how many metres of a stretch, of edges first to last, lie within a cost of its end a."""
    metres, near = 0.0, 0.0
    for i in range(first, last + 1):
        far = ahead[i]
        if far > reach:
            if reach > near:
                metres += length_m[i] * (reach - near) / (far - near)
            break
        metres += length_m[i]
        near = far
    return metres


@numba.njit(cache=True, nogil=True)
def _from_b(back, length_m, first, last, reach):
    """Return how many metres of a stretch, of edges first to last, lie within a cost of its end b."""
    metres, near = 0.0, 0.0
    for i in range(last, first - 1, -1):
        far = back[i]
        if far > reach:
            if reach > near:
                metres += length_m[i] * (reach - near) / (far - near)
            break
        metres += length_m[i]
        near = far
    return metres


@numba.njit(cache=True, nogil=True)
def _union(low, high, count):
    """Return how long so many intervals are together (they are sorted in place)."""
    for i in range(1, count):
        one, other = low[i], high[i]
        j = i
        while j > 0 and low[j - 1] > one:
            low[j], high[j] = low[j - 1], high[j - 1]
            j -= 1
        low[j], high[j] = one, other
    metres, end = 0.0, -np.inf
    for i in range(count):
        if high[i] > end:
            metres += high[i] - max(low[i], end)
            end = high[i]
    return metres


@numba.njit(cache=True, nogil=True)
def sums_within(arcs, origins, beads, places, place_start, shared, values, full, sums, most, low, high, out):
    """Write what lies within reach of origins low to high: nodes, metres of ways, places, and sums of their values.

    The rows of `places` are in the order of stretches, those of s from place_start[s]; `shared` marks rows of places
    that have several. `full` is the reach from end a, and from b, that covers all on a stretch, `sums` what that is.
    Stretches that an origin stands on are reached from between their ends, too.
    """
    junctions = len(arcs.start) - 1
    cost, second = np.full(junctions, np.inf), np.empty(junctions)
    touched = np.empty(junctions, np.int32)
    room = 2 * len(arcs.head) + 2 * len(origins.place) + 4
    key, item = np.empty(room), np.empty(room, np.int32)
    counted = np.full(len(values), -1, np.int32)
    own = np.full(len(arcs.ends), -1, np.int32)
    most_rows = 0
    for i in range(low, high):
        most_rows = max(most_rows, origins.first[i + 1] - origins.first[i])
    begin, finish = np.empty(2 * most_rows + 2), np.empty(2 * most_rows + 2)
    # arrays are taken out of their tuples once: handing them around costs more than what is done with them
    bead_start, beads_ahead, beads_back = beads.first, beads.ahead, beads.back
    length_m, whole_m = beads.length_m, beads.whole_m
    arc_start, arc_head, arc_stretch = arcs.start, arcs.head, arcs.stretch
    arc_end, ends = arcs.end, arcs.ends
    place_cost, place_of = places.cost, places.place
    for i in range(low, high):
        count = _search(arcs, origins, i, most, cost, second, touched, key, item)
        for row in range(origins.first[i], origins.first[i + 1]):
            own[origins.stretch[row]] = i
        out[i, 0] += count
        for k in range(count):
            v = touched[k]
            here = most - cost[v]
            for j in range(arc_start[v], arc_start[v + 1]):
                # a stretch reached from both ends is looked at from end a
                there = most - cost[arc_head[j]]
                if arc_end[j] == 1 and there >= 0:
                    continue
                stretch = arc_stretch[j]
                if own[stretch] == i:
                    continue
                by_a, by_b = (here, there) if arc_end[j] == 0 else (there, here)
                if by_a >= full[stretch, 0] or by_b >= full[stretch, 1]:
                    for m in range(sums.shape[1]):
                        out[i, m] += sums[stretch, m]
                    continue
                first, last = bead_start[stretch], bead_start[stretch + 1] - 1
                for bead in range(first, last):
                    if beads_ahead[bead] <= by_a or beads_back[bead + 1] <= by_b:
                        out[i, 0] += 1
                reached = _from_a(beads_ahead, length_m, first, last, by_a) + _from_b(
                    beads_back, length_m, first, last, by_b
                )
                out[i, 1] += min(reached, whole_m[stretch])
                for row in range(place_start[stretch], place_start[stretch + 1]):
                    if place_cost[row, 0] <= by_a or place_cost[row, 1] <= by_b:
                        _count(place_of[row], shared[row], counted, values, i, out)
        for mine in range(origins.first[i], origins.first[i + 1]):
            stretch = origins.stretch[mine]
            if own[stretch] != i:
                continue
            own[stretch] = -1
            by_a, by_b = most - cost[ends[stretch, 0]], most - cost[ends[stretch, 1]]
            for row in range(place_start[stretch], place_start[stretch + 1]):
                reached = place_cost[row, 0] <= by_a or place_cost[row, 1] <= by_b
                for other in range(mine, origins.first[i + 1]):
                    if origins.stretch[other] == stretch and not reached:
                        reached = _along(arcs.across, stretch, origins.cost, other, place_cost, row)[0] <= most
                if reached:
                    _count(place_of[row], shared[row], counted, values, i, out)
            whole = whole_m[stretch]
            first, last = bead_start[stretch], bead_start[stretch + 1] - 1
            begin[0], finish[0] = 0.0, _from_a(beads_ahead, length_m, first, last, by_a)
            begin[1], finish[1] = whole - _from_b(beads_back, length_m, first, last, by_b), whole
            parts = 2
            for other in range(mine, origins.first[i + 1]):
                left = most - origins.off[other, 0]
                if origins.stretch[other] == stretch and left >= 0:
                    a, b = _stand(beads, origins, other, first, last)
                    at = _from_a(beads_ahead, length_m, first, last, a)
                    begin[parts], finish[parts] = (
                        min(whole - _from_b(beads_back, length_m, first, last, b + left), at),
                        at,
                    )
                    begin[parts + 1], finish[parts + 1] = (
                        at,
                        max(_from_a(beads_ahead, length_m, first, last, a + left), at),
                    )
                    parts += 2
            out[i, 1] += _union(begin, finish, parts)
            for bead in range(first, last):
                ahead, back = beads_ahead[bead], beads_back[bead + 1]
                reached = ahead <= by_a or back <= by_b
                for other in range(mine, origins.first[i + 1]):
                    left = most - origins.off[other, 0]
                    if origins.stretch[other] == stretch and not reached:
                        a, b = _stand(beads, origins, other, first, last)
                        reached = a <= ahead <= a + left or b <= back <= b + left
                if reached:
                    out[i, 0] += 1
        for k in range(count):
            cost[touched[k]] = np.inf


@numba.njit(cache=True, nogil=True)
def _stand(beads, origins, row, first, last):
    """Return the cost to where an origin stands on its stretch, from end a and from end b."""
    off = origins.off[row, 0]
    return beads.ahead[last] - (origins.cost[row, 1] - off), beads.back[first] - (origins.cost[row, 0] - off)


@numba.njit(cache=True, nogil=True)
def _count(place, shared, counted, values, i, out):
    """Add a place, and its values, to the sums of origin i, once."""
    if not shared or counted[place] != i:
        counted[place] = i
        out[i, 2] += 1
        for m in range(values.shape[1]):
            out[i, 3 + m] += values[place, m]
