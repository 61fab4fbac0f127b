"""The compiled loops behind capacitated coverage: who is served by sites of limited room, swaps, prices of demand.

Rows are demand points, `row_first`/`row_site` the sites that cover each, `site_first`/`site_row` the same by site. A
flow says how much of a row's weight each place (a chosen site) serves.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call, assignment"
# ruff: noqa: ANN001, ANN202, ANN201
# Splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0915, PLR0917

import numba
import numpy as np

TINY = 1e-9
"""Weight below which nothing is left."""
TRIES = 12
"""Sites tried in each place: those that could serve most."""


@numba.njit(cache=True, nogil=True)
def most_served(row_first, row_site, weight, capacity, place_of, places):
    """Return the flow (row × place) that serves the most weight; `place_of` says the place of each site, -1: none."""
    rows = len(weight)
    flow, left, room = np.zeros((rows, places)), weight.copy(), np.zeros(places)
    for site in range(len(capacity)):
        if place_of[site] >= 0:
            room[place_of[site]] = capacity[site]
    _fill(row_first, row_site, place_of, flow, left, room)
    return flow, left, room


@numba.njit(cache=True, nogil=True)
def _fill(row_first, row_site, place_of, flow, left, room):
    """Serve what can be served, moving others on to where there is room; return which rows wait or could be freed."""
    rows, places = flow.shape
    # The straight way first, those with the fewest places before the others.
    for few in (1, 2, places + 1):
        for row in range(rows):
            if left[row] <= TINY:
                continue
            options = 0
            for k in range(row_first[row], row_first[row + 1]):
                if place_of[row_site[k]] >= 0:
                    options += 1
            if options == 0 or options > few:
                continue
            for k in range(row_first[row], row_first[row + 1]):
                place = place_of[row_site[k]]
                if place >= 0 and room[place] > TINY and left[row] > TINY:
                    amount = min(left[row], room[place])
                    flow[row, place] += amount
                    left[row] -= amount
                    room[place] -= amount
    reached, from_row, from_place = np.zeros(rows, np.bool_), np.zeros(places, np.int64), np.zeros(rows, np.int64)
    seen, queue = np.zeros(places, np.bool_), np.zeros(rows, np.int64)
    while True:
        # Search from all rows that wait, over full places and the rows they serve, for a place with room.
        reached[:] = False
        seen[:] = False
        tail = 0
        for row in range(rows):
            if left[row] > TINY:
                reached[row] = True
                from_place[row] = -1
                queue[tail] = row
                tail += 1
        head, end = 0, -1
        while head < tail and end < 0:
            row = queue[head]
            head += 1
            for k in range(row_first[row], row_first[row + 1]):
                place = place_of[row_site[k]]
                if place < 0 or seen[place]:
                    continue
                seen[place] = True
                from_row[place] = row
                if room[place] > TINY:
                    end = place
                    break
                for other in range(rows):
                    if flow[other, place] > TINY and not reached[other]:
                        reached[other] = True
                        from_place[other] = place
                        queue[tail] = other
                        tail += 1
        if end < 0:
            return reached
        amount, place = room[end], end
        while True:
            row = from_row[place]
            before = from_place[row]
            if before < 0:
                amount = min(amount, left[row])
                break
            amount = min(amount, flow[row, before])
            place = before
        room[end] -= amount
        place = end
        while True:
            row = from_row[place]
            flow[row, place] += amount
            before = from_place[row]
            if before < 0:
                left[row] -= amount
                break
            flow[row, before] -= amount
            place = before


@numba.njit(cache=True, nogil=True)
def _promise(site_first, site_row, weight, capacity, reached, place_of, allowed, promise):
    """Write what each site not chosen could serve at most: the rows that wait or could be freed, up to its room."""
    for site in range(len(capacity)):
        promise[site] = -1.0
        if place_of[site] >= 0 or not allowed[site]:
            continue
        total = 0.0
        for k in range(site_first[site], site_first[site + 1]):
            if reached[site_row[k]]:
                total += weight[site_row[k]]
        promise[site] = min(total, capacity[site])


@numba.njit(cache=True, nogil=True)
def swapped(row_first, row_site, site_first, site_row, weight, capacity, most, start, fixed, allowed, kicks):
    """Return the best choice (flags over sites) that additions, swaps and a few throws find from a start."""
    sites, rows = len(capacity), len(weight)
    place_of = np.full(sites, -1, dtype=np.int64)
    site_at = np.full(most, -1, dtype=np.int64)
    number = 0
    for site in range(sites):
        if start[site]:
            place_of[site] = number
            site_at[number] = site
            number += 1
    flow, left, room = most_served(row_first, row_site, weight, capacity, place_of, most)
    promise = np.zeros(sites)
    best, best_left = start.copy(), left.sum()
    last_at, last_left = site_at.copy(), best_left
    seed = np.uint64(88172645463325252)
    for kick in range(kicks + 1):
        if kick:
            for place in range(most):
                if site_at[place] >= 0:
                    place_of[site_at[place]] = -1
            site_at[:] = last_at
            for _ in range(1 + most // 8):
                seed ^= seed << np.uint64(13)
                seed ^= seed >> np.uint64(7)
                seed ^= seed << np.uint64(17)
                place = np.int64(seed % np.uint64(most))
                if site_at[place] >= 0 and not fixed[site_at[place]]:
                    site_at[place] = -1
            for place in range(most):
                if site_at[place] >= 0:
                    place_of[site_at[place]] = place
            flow, left, room = most_served(row_first, row_site, weight, capacity, place_of, most)
        for place in range(most):
            if site_at[place] >= 0:
                continue
            reached = _fill(row_first, row_site, place_of, flow, left, room)
            _promise(site_first, site_row, weight, capacity, reached, place_of, allowed, promise)
            site = np.argmax(promise)
            if promise[site] <= TINY:
                break
            site_at[place] = site
            place_of[site] = place
            room[place] = capacity[site]
            _fill(row_first, row_site, place_of, flow, left, room)
        moved = True
        while moved:
            moved = False
            for place in range(most):
                away = site_at[place]
                if away < 0 or fixed[away]:
                    continue
                before = left.sum()
                flow2, left2, room2 = flow.copy(), left.copy(), room.copy()
                left2 += flow2[:, place]
                flow2[:, place] = 0.0
                room2[place] = 0.0
                place_of[away] = -1
                reached = _fill(row_first, row_site, place_of, flow2, left2, room2)
                loss = left2.sum() - before
                _promise(site_first, site_row, weight, capacity, reached, place_of, allowed, promise)
                promise[away] = -1.0
                pick = -1
                for _ in range(TRIES):
                    site = np.argmax(promise)
                    if promise[site] <= loss + 1e-7 * (1.0 + before):
                        break
                    promise[site] = -1.0
                    place_of[site] = place
                    flow3, left3, room3 = flow2.copy(), left2.copy(), room2.copy()
                    room3[place] = capacity[site]
                    _fill(row_first, row_site, place_of, flow3, left3, room3)
                    if left3.sum() < before - 1e-7 * (1.0 + before):
                        pick = site
                        flow, left, room = flow3, left3, room3
                        break
                    place_of[site] = -1
                if pick >= 0:
                    site_at[place] = pick
                    moved = True
                else:
                    place_of[away] = place
        waits = left.sum()
        if waits < last_left - TINY or kick == 0:
            last_at[:] = site_at
            last_left = waits
        if waits < best_left - TINY or kick == 0:
            best_left = waits
            best[:] = False
            for place in range(most):
                if site_at[place] >= 0:
                    best[site_at[place]] = True
        if best_left <= TINY * rows:
            break
    return best


@numba.njit(cache=True, nogil=True)
def room_prices(site_first, site_row, weight, capacity, most, fixed, known, price, rounds):
    """Return a bound on what `most` sites can serve, what each site would get, and shares of sites in good choices.

    A row keeps the share `price` (0 to 1) of its weight; each site serves those that leave it most, up to its room.
    Prices follow the volume algorithm of Barahona and Anbil (2000).
    """
    rows, sites = len(weight), len(capacity)
    best, best_price, best_worth = 1e300, price.copy(), np.zeros(sites)
    now = price.copy()
    worth = np.zeros(sites)
    served, mean = np.zeros(rows), np.zeros(rows)
    share = np.zeros(sites)
    chosen = np.zeros(sites, dtype=np.bool_)
    size, bad = 0.1, 0
    kept = 0
    for site in range(sites):
        kept += fixed[site]
    for turn in range(rounds):
        rank = np.argsort(now)
        place = np.empty(rows, dtype=np.int64)
        for k in range(rows):
            place[rank[k]] = k
        bound = 0.0
        for row in range(rows):
            bound += weight[row] * now[row]
        for site in range(sites):
            room, value = capacity[site], 0.0
            order = np.sort(place[site_row[site_first[site] : site_first[site + 1]]])
            for k in range(len(order)):
                row = rank[order[k]]
                if room <= 0 or now[row] >= 1:
                    break
                amount = min(room, weight[row])
                value += amount * (1 - now[row])
                room -= amount
            worth[site] = value
        order = np.argsort(-worth)
        chosen[:] = fixed
        number = kept
        for k in range(sites):
            if number >= most:
                break
            if not chosen[order[k]]:
                chosen[order[k]] = True
                number += 1
        served[:] = 0.0
        for site in range(sites):
            if not chosen[site]:
                continue
            bound += worth[site]
            room = capacity[site]
            list_ = np.sort(place[site_row[site_first[site] : site_first[site + 1]]])
            for k in range(len(list_)):
                row = rank[list_[k]]
                if room <= 0 or now[row] >= 1:
                    break
                amount = min(room, weight[row])
                served[row] += amount / weight[row]
                room -= amount
        part = max(0.02, 1.0 / (turn + 1.0))
        same = 0.0
        for row in range(rows):
            mean[row] += part * (served[row] - mean[row])
            same += weight[row] * (served[row] - 1) * (mean[row] - 1)
        for site in range(sites):
            share[site] += part * ((1.0 if chosen[site] else 0.0) - share[site])
        if bound < best:
            best, bad = bound, 0
            best_price[:] = now
            best_worth[:] = worth
            if same < 0:
                size = min(size * 1.1, 2.0)
            if best <= known:
                break
        else:
            bad += 1
            if bad >= 10:
                size, bad = size * 0.66, 0
        norm = 0.0
        for row in range(rows):
            slope = mean[row] - 1
            if not ((slope > 0 and best_price[row] >= 1) or (slope < 0 and best_price[row] <= 0)):
                norm += weight[row] * slope * slope
        if norm < 1e-9 or size < 1e-4:
            break
        step = size * max(best - known, 1e-6 * abs(best)) / norm
        for row in range(rows):
            now[row] = min(max(best_price[row] + step * (mean[row] - 1), 0.0), 1.0)
    return best, best_worth, share
