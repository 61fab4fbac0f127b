"""The compiled loops behind maximal covering: choices improved by swaps, and prices of demand that bound them all.

Rows are demand points, `row_first`/`row_site` the sites that cover each, `site_first`/`site_row` the same by site.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call, assignment"
# ruff: noqa: ANN001, ANN202, ANN201
# Splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0915, PLR0917

import numba
import numpy as np

OUT, FREE, IN = -1, 0, 1
"""What is settled about a site."""


@numba.njit(cache=True, nogil=True)
def improve(row_first, row_site, site_first, site_row, weight, cost, budget, most, state, start, kicks):
    """Return the best choice found from a start (flags over sites) by greedy additions and swaps.

    Each kick throws a few sites out and goes on; the throws follow from a fixed sequence of numbers, so the same
    question has the same answer. `most` sites and `budget` hold for all sites together.
    """
    sites, rows = len(state), len(weight)
    chosen = np.zeros(sites, dtype=np.bool_)
    count = np.zeros(rows, dtype=np.int64)
    gain, loss = np.zeros(sites), np.zeros(sites)
    number, spent = 0, 0.0
    for site in range(sites):
        for k in range(site_first[site], site_first[site + 1]):
            gain[site] += weight[site_row[k]]
    covered = 0.0
    for site in range(sites):
        if start[site]:
            covered += _add(row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss, site, 1)
            number += 1
            spent += cost[site]
    best, best_covered = chosen.copy(), covered
    last, last_covered = chosen.copy(), covered
    forbidden = np.zeros(sites, dtype=np.int64)
    overlap = np.zeros(sites)
    seed = np.uint64(88172645463325252)
    for kick in range(kicks + 1):
        if kick:
            _restore(row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss, last)
            number, spent, covered = 0, 0.0, last_covered
            for site in range(sites):
                if chosen[site]:
                    number += 1
                    spent += cost[site]
            seed ^= seed << np.uint64(13)
            seed ^= seed >> np.uint64(7)
            seed ^= seed << np.uint64(17)
            throws = 1 + np.int64(seed % np.uint64(1 + number // (2 if kick % 3 == 0 else 6)))
            for _ in range(throws):
                seed ^= seed << np.uint64(13)
                seed ^= seed >> np.uint64(7)
                seed ^= seed << np.uint64(17)
                skip = np.int64(seed % np.uint64(sites))
                for step in range(sites):
                    site = (skip + step) % sites
                    if chosen[site] and state[site] == FREE:
                        covered -= _add(row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss,
                                        site, -1)  # fmt: skip
                        number -= 1
                        spent -= cost[site]
                        forbidden[site] = kick
                        break
        while number < most:
            pick, value = -1, 0.0
            for site in range(sites):
                if chosen[site] or state[site] == OUT or (kick and forbidden[site] == kick):
                    continue
                if spent + cost[site] > budget:
                    continue
                worth = gain[site] / cost[site] if cost[site] > 0 and budget < np.inf else gain[site]
                if gain[site] > 1e-12 and worth > value:
                    pick, value = site, worth
            if pick < 0:
                break
            covered += _add(row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss, pick, 1)
            number += 1
            spent += cost[pick]
        moved = True
        while moved:
            moved = False
            for away in range(sites):
                if not chosen[away] or state[away] != FREE:
                    continue
                overlap[:] = 0.0
                for k in range(site_first[away], site_first[away + 1]):
                    row = site_row[k]
                    if count[row] == 1:
                        for q in range(row_first[row], row_first[row + 1]):
                            overlap[row_site[q]] += weight[row]
                pick, value = -1, 1e-9 * (1.0 + covered)
                for site in range(sites):
                    if chosen[site] or state[site] == OUT:
                        continue
                    delta = gain[site] + overlap[site] - loss[away]
                    if delta > value and spent - cost[away] + cost[site] <= budget:
                        pick, value = site, delta
                if pick >= 0:
                    covered -= _add(
                        row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss, away, -1
                    )
                    covered += _add(
                        row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss, pick, 1
                    )
                    spent += cost[pick] - cost[away]
                    moved = True
            if budget < np.inf and number < most:
                for site in range(sites):
                    if not chosen[site] and state[site] != OUT and gain[site] > 1e-12 and spent + cost[site] <= budget:
                        covered += _add(row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss,
                                        site, 1)  # fmt: skip
                        number += 1
                        spent += cost[site]
                        moved = True
                        if number == most:
                            break
        if covered >= last_covered * (1 - (0.01 if kick % 8 == 7 else 0.0)):
            last[:] = chosen
            last_covered = covered
        if covered > best_covered:
            best[:] = chosen
            best_covered = covered
    return best


@numba.njit(cache=True, nogil=True)
def _add(row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss, site, sign):
    """Let a site in (sign 1) or throw it out (-1), and return the weight that it alone covers."""
    alone = 0.0
    chosen[site] = sign > 0
    for k in range(site_first[site], site_first[site + 1]):
        row = site_row[k]
        before = count[row]
        count[row] += sign
        after = count[row]
        w = weight[row]
        if before + after == 1:
            alone += w
            for q in range(row_first[row], row_first[row + 1]):
                gain[row_site[q]] -= sign * w
            loss[site] += sign * w
        elif before + after == 3:
            for q in range(row_first[row], row_first[row + 1]):
                other = row_site[q]
                if other != site and chosen[other]:
                    loss[other] -= sign * w
    return alone


@numba.njit(cache=True, nogil=True)
def _restore(row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss, wanted):
    for site in range(len(chosen)):
        if chosen[site] and not wanted[site]:
            _add(row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss, site, -1)
    for site in range(len(chosen)):
        if wanted[site] and not chosen[site]:
            _add(row_first, row_site, site_first, site_row, weight, count, chosen, gain, loss, site, 1)


@numba.njit(cache=True, nogil=True)
def _left(row_first, row_site, weight, keys, state, price):
    """Return what is left where some sites are settled: the weight that is covered, free sites, rows like each other.

    Rows that the same free sites cover become one (a group): its sites from `first`, weight, what it pays, and the
    group of each row (-1: covered, or out of reach). Equal sets are found by their keys and then compared.
    """
    sites, rows = len(state), len(weight)
    free, place = np.empty(sites, dtype=np.int64), np.full(sites, -1, dtype=np.int64)
    number = 0
    for site in range(sites):
        if state[site] == FREE:
            place[site] = number
            free[number] = site
            number += 1
    base, live = 0.0, 0
    rest, marks = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.uint64)
    for row in range(rows):
        mark, settled = np.uint64(0), False
        some = False
        for k in range(row_first[row], row_first[row + 1]):
            what = state[row_site[k]]
            if what == IN:
                settled = True
                break
            if what == FREE:
                some = True
                mark ^= keys[row_site[k]]
        if settled:
            base += weight[row]
        elif some:
            rest[live], marks[live] = row, mark
            live += 1
    order = np.argsort(marks[:live])
    group = np.full(rows, -1, dtype=np.int64)
    first, site_of = np.empty(live + 1, dtype=np.int64), np.empty(len(row_site), dtype=np.int32)
    total, paid = np.zeros(live), np.zeros(live)
    last, end = -1, 0
    for q in range(live):
        row = rest[order[q]]
        same = q > 0 and marks[order[q]] == marks[order[q - 1]]
        if same:
            k = first[last]
            for n in range(row_first[row], row_first[row + 1]):
                if place[row_site[n]] >= 0:
                    same = same and k < end and site_of[k] == place[row_site[n]]
                    k += 1
            same = same and k == end
        if not same:
            last += 1
            first[last] = end
            for n in range(row_first[row], row_first[row + 1]):
                if place[row_site[n]] >= 0:
                    site_of[end] = place[row_site[n]]
                    end += 1
        group[row] = last
        total[last] += weight[row]
        paid[last] += weight[row] * price[row]
    first[last + 1] = end
    return base, free[:number], first[: last + 2], site_of[:end], total[: last + 1], paid[: last + 1], group


@numba.njit(cache=True, nogil=True)
def examined(
    row_first, row_site, weight, keys, most, target, rounds, part, size, carry, state, price, mean_of, share_of,
):  # fmt: skip
    """Return a bound on what `most` sites can cover, the most doubtful site (-1: nothing is left), and a choice.

    Every row pays each site that covers it its price, between 0 and its weight: the bound is what rows keep and the
    best paid sites get. Prices follow the volume algorithm of Barahona and Anbil (2000), `part` the weight of the last
    choice in its average, `size` that of the first step. Sites that every choice of at least `target` has or has not
    are settled in `state`; where many are, prices go on with what is left. Ends early when the bound falls below
    `target`. Changed: `state`; `price` (shares of the weight), `mean_of` (sites that cover each row in the average)
    and `share_of` (of each site in the average), which are a beginning where `carry`.
    """
    sites, rows = len(state), len(weight)
    choice = np.zeros(sites, dtype=np.bool_)
    turns = 0
    while True:
        turns += 1
        # With sites settled, what is bounded are the choices that reach the target.
        floor = target if turns > 1 else -1.0
        places = most
        for site in range(sites):
            choice[site] = state[site] == IN
            places -= choice[site]
        if places < 0:
            choice[:] = False
            return floor, -1, choice
        base, free, first, site_of, total, now, group = _left(row_first, row_site, weight, keys, state, price)
        count, groups = len(free), len(total)
        if places == 0 or groups == 0:
            return max(base, floor), -1, choice
        if count <= places:
            choice[free] = True
            return max(base + total.sum(), floor), -1, choice
        best, best_price, best_pay = 1e300, now.copy(), np.zeros(count)
        pay, covers, mean = np.zeros(count), np.zeros(groups), np.zeros(groups)
        chosen, share = np.zeros(count, dtype=np.bool_), np.zeros(count)
        for k in range(count):
            share[k] = share_of[free[k]]
        if carry:
            for row in range(rows):
                if group[row] >= 0:
                    mean[group[row]] += mean_of[row] * weight[row]
            mean /= total
        length, bad = size, 0
        for turn in range(rounds):
            pay[:] = 0.0
            bound = base
            for i in range(groups):
                value = now[i]
                bound += total[i] - value
                if value > 0:
                    for k in range(first[i], first[i + 1]):
                        pay[site_of[k]] += value
            order = np.argsort(-pay)
            chosen[:] = False
            for k in range(places):
                if pay[order[k]] <= 0:
                    break
                chosen[order[k]] = True
                bound += pay[order[k]]
            weight_of_last = part if carry else max(part, 1.0 / (turn + 1.0))
            same = 0.0
            for i in range(groups):
                c = 0.0
                for k in range(first[i], first[i + 1]):
                    if chosen[site_of[k]]:
                        c += 1.0
                covers[i] = c
                mean[i] += weight_of_last * (c - mean[i])
                same += (c - 1) * (mean[i] - 1)
            for k in range(count):
                share[k] += weight_of_last * ((1.0 if chosen[k] else 0.0) - share[k])
            if bound < best:
                best, bad = bound, 0
                best_price[:] = now
                best_pay[:] = pay
                if same < 0:
                    length = min(length * 1.1, 2.0)
                if best < target:
                    break
            else:
                bad += 1
                if bad >= 10:
                    length, bad = length * 0.66, 0
            norm = 0.0
            for i in range(groups):
                slope = mean[i] - 1
                if not ((slope > 0 and best_price[i] <= 0) or (slope < 0 and best_price[i] >= total[i])):
                    norm += slope * slope
            if norm < 1e-9 or length < 1e-4:
                break
            step = length * max(best - target, 1e-6 * abs(best)) / norm
            for i in range(groups):
                now[i] = min(max(best_price[i] - step * (mean[i] - 1), 0.0), total[i])
        for row in range(rows):
            if group[row] >= 0:
                price[row] = best_price[group[row]] / total[group[row]]
                mean_of[row] = mean[group[row]]
        for k in range(count):
            share_of[free[k]] = share[k]
        order = np.argsort(-share)
        for k in range(places):
            choice[free[order[k]]] = True
        if best < target:
            return max(best, floor), -1, choice
        order = np.argsort(-best_pay)
        weakest, next_best = max(best_pay[order[places - 1]], 0.0), max(best_pay[order[places]], 0.0)
        settled = 0
        for k in range(count):
            site = order[k]
            if k < places and best - best_pay[site] + next_best < target:
                state[free[site]] = IN
                settled += 1
            elif k >= places and best - weakest + best_pay[site] < target:
                state[free[site]] = OUT
                settled += 1
        if settled == count or (settled * 10 >= count and turns < 6):
            carry = True
            continue
        pick, doubt = -1, -1.0
        for k in range(count):
            if state[free[k]] == FREE and min(share[k], 1 - share[k]) > doubt:
                pick, doubt = free[k], min(share[k], 1 - share[k])
        return max(best, floor), pick, choice
