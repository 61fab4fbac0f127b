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
def prices(row_first, row_site, weight, state, most, known, price, rounds):
    """Return a bound on what `most` free sites and those that are in can cover, with prices that prove it.

    Every row pays each site that covers it its price, between 0 and its weight: the bound is what rows keep and the
    `most` best paid sites get. Prices follow the volume algorithm of Barahona and Anbil (2000). Ends early when the
    bound falls below `known`. Returns the bound, prices, shares of sites in the average of the best choices.
    """
    rows, sites = len(weight), len(state)
    active = np.empty(rows, dtype=np.int64)
    number, base = 0, 0.0
    for row in range(rows):
        settled, some = False, False
        for k in range(row_first[row], row_first[row + 1]):
            if state[row_site[k]] == IN:
                settled = True
                break
            if state[row_site[k]] == FREE:
                some = True
        if settled:
            base += weight[row]
        elif some:
            active[number] = row
            number += 1
    best, best_price = 1e300, price.copy()
    now = price.copy()
    pay, count, mean = np.zeros(sites), np.zeros(rows), np.zeros(rows)
    chosen, share = np.zeros(sites, dtype=np.bool_), np.zeros(sites)
    size, bad = 0.1, 0
    for turn in range(rounds):
        pay[:] = 0.0
        bound = base
        for i in range(number):
            row = active[i]
            value = now[row]
            bound += weight[row] - value
            if value > 0:
                for k in range(row_first[row], row_first[row + 1]):
                    pay[row_site[k]] += value
        for site in range(sites):
            if state[site] != FREE:
                pay[site] = -1.0
        order = np.argsort(-pay)
        chosen[:] = False
        for k in range(min(most, sites)):
            if pay[order[k]] <= 0:
                break
            chosen[order[k]] = True
            bound += pay[order[k]]
        for i in range(number):
            row = active[i]
            c = 0.0
            for k in range(row_first[row], row_first[row + 1]):
                if chosen[row_site[k]]:
                    c += 1.0
            count[row] = c
        part = 1.0 if turn == 0 else 0.1 if turn < 200 else 0.05 if turn < 500 else 0.02
        same = 0.0
        for i in range(number):
            row = active[i]
            mean[row] += part * (count[row] - mean[row])
            same += (count[row] - 1) * (mean[row] - 1)
        for site in range(sites):
            share[site] += part * ((1.0 if chosen[site] else 0.0) - share[site])
        if bound < best:
            best, bad = bound, 0
            best_price[:] = now
            if same < 0:
                size = min(size * 1.1, 2.0)
            if best < known:
                break
        else:
            bad += 1
            if bad >= 10:
                size, bad = size * 0.66, 0
        norm = 0.0
        for i in range(number):
            row = active[i]
            slope = mean[row] - 1
            if not ((slope > 0 and best_price[row] <= 0) or (slope < 0 and best_price[row] >= weight[row])):
                norm += slope * slope
        if norm < 1e-9 or size < 1e-4:
            break
        step = size * max(best - known, 1e-6 * abs(best)) / norm
        for i in range(number):
            row = active[i]
            now[row] = min(max(best_price[row] - step * (mean[row] - 1), 0.0), weight[row])
    return best, best_price, share
