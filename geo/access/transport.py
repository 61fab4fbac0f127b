"""The transportation problem: everybody at the nearest place, then moved from full ones at least cost, until all fit.

A move from a full place to one with room may go through others: somebody here walks to the next place, somebody there
to the one after. Such chains are shortest paths between places, on which the cost of a step is the least that any home
pays more for it; prices of places keep these costs from being negative (Edmonds, J., Karp, R. M., 1972, Journal of the
ACM 19(2), 248-264). The result is optimal.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN202
# Splitting a hot loop would only hide it:
# ruff: noqa: PLR0917

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LEAST = 1e-9
"""Less than this is no excess and no room: what rounding leaves."""


def transport(start: Ints, place: Ints, cost: Floats, people: Floats, room: Floats) -> Floats:
    """Return how many go by each pair, at least total cost.

    Parameters
    ----------
    start : array (homes + 1)
        Where each home's pairs start; every home has at least one.
    place, cost : arrays over pairs
        By home, cheapest first. The last of each home is a place that always has room (to stay away, at a high cost).
    people : array over homes
        Above 0.
    room : array over places
    """
    flow: Floats = _transport(start, place, cost, people, room)
    return flow


@numba.njit(cache=True)
def _transport(start, place, cost, people, room):
    """Return people by pair."""
    pairs, places = len(place), len(room)
    home = np.empty(pairs, dtype=np.int64)
    for i in range(len(people)):
        home[start[i] : start[i + 1]] = i
    # The pairs in use at each place, in a row of its own that is long enough for all.
    head = np.zeros(places + 1, dtype=np.int64)
    for e in range(pairs):
        head[place[e] + 1] += 1
    head = np.cumsum(head)
    used, at, count = np.empty(pairs, dtype=np.int64), np.full(pairs, -1), np.zeros(places, dtype=np.int64)
    flow, load = np.zeros(pairs), np.zeros(places)
    for i in range(len(people)):
        flow[start[i]] = people[i]
        load[place[start[i]]] += people[i]
        _enter(start[i], place, head, used, at, count)

    step = np.full((places, places), np.inf)
    leaves, comes = np.full((places, places), -1), np.full((places, places), -1)
    for j in range(places):
        _look(j, start, place, cost, home, head, used, count, step, leaves, comes)

    price, away, before = np.zeros(places), np.empty(places), np.empty(places, dtype=np.int64)
    done, path = np.empty(places, dtype=np.bool_), np.empty(places, dtype=np.int64)
    for full in range(places):
        while load[full] - room[full] > _LEAST:
            end = _search(full, load, room, step, price, away, done, before)
            much, length, v = min(load[full] - room[full], room[end] - load[end]), 0, end
            while v != full:
                path[length] = v
                length += 1
                much = min(much, flow[leaves[before[v], v]])
                v = before[v]
            for k in range(length):
                v = path[k]
                gone, come = leaves[before[v], v], comes[before[v], v]
                flow[gone] -= much
                flow[come] += much
                path[k] = gone
                if at[come] < 0:
                    _enter(come, place, head, used, at, count)
                    _offer(come, start, place, cost, home, step, leaves, comes)
            load[full] -= much
            load[end] += much
            for k in range(length):
                gone = path[k]
                if flow[gone] == 0 and at[gone] >= 0:
                    _leave(gone, place, head, used, at, count)
                    _look(place[gone], start, place, cost, home, head, used, count, step, leaves, comes)
    return flow


@numba.njit(cache=True)
def _search(full, load, room, step, price, away, done, before):
    """Return the place with room that a chain of moves reaches most cheaply, and settle prices."""
    places = len(load)
    away[:] = np.inf
    done[:] = False
    away[full] = 0.0
    while True:
        u = -1
        for v in range(places):
            if not done[v] and (u < 0 or away[v] < away[u]):
                u = v
        done[u] = True
        if room[u] - load[u] > _LEAST:
            break
        for v in range(places):
            if not done[v] and step[u, v] < np.inf:
                reach = away[u] + max(step[u, v] + price[u] - price[v], 0.0)
                if reach < away[v]:
                    away[v], before[v] = reach, u
    for v in range(places):
        price[v] += min(away[v], away[u])
    return u


@numba.njit(cache=True)
def _enter(pair, place, head, used, at, count):
    """Put a pair into its place's row."""
    j = place[pair]
    at[pair] = head[j] + count[j]
    used[at[pair]] = pair
    count[j] += 1


@numba.njit(cache=True)
def _leave(pair, place, head, used, at, count):
    """Take a pair out of its place's row; the last one fills the hole."""
    j = place[pair]
    count[j] -= 1
    last = used[head[j] + count[j]]
    used[at[pair]], at[last] = last, at[pair]
    at[pair] = -1


@numba.njit(cache=True)
def _offer(pair, start, place, cost, home, step, leaves, comes):
    """Let one home's moves from its place count where they are the cheapest."""
    j, i = place[pair], home[pair]
    for e in range(start[i], start[i + 1]):
        k = place[e]
        if k != j and cost[e] - cost[pair] < step[j, k]:
            step[j, k], leaves[j, k], comes[j, k] = cost[e] - cost[pair], pair, e


@numba.njit(cache=True)
def _look(j, start, place, cost, home, head, used, count, step, leaves, comes):
    """Find the cheapest moves from a place to every other."""
    step[j, :] = np.inf
    for k in range(head[j], head[j] + count[j]):
        _offer(used[k], start, place, cost, home, step, leaves, comes)
