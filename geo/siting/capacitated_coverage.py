"""Where sites of limited room serve the most demand: capacitated maximal covering location.

After Current and Storbeck (1988) and Pirkul and Schilling (1991): a site serves demand within its reach, and no more
than it has room for.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from geo.siting.asked import Asked, Cover
from geo.siting.capacity_kernels import TINY, most_served, room_prices, swapped
from geo.siting.choice import Choice, Floats, Ints
from geo.siting.coverage_kernels import improve
from geo.siting.coverage_tree import Search
from geo.siting.integer import Program, solve
from geo.siting.reductions import merged

Flags = npt.NDArray[np.bool_]

KICKS = 10
"""Throws out of a good choice in search of a better one."""
MORE_KICKS = 100
"""The same, where the first ones and the prices leave a gap."""
ROOMY = 0.1
"""Share of the time for the question without limits of room, whose answer is a start and a bound."""
ROUNDS = 1_000
"""Changes of the prices, at most."""
CLOSE = 1e-9
"""Relative difference below which a bound and a value are the same."""


@dataclass(frozen=True)
class ShareChoice(Choice):
    """A choice of sites in which a demand point may be served in part, or by several sites.

    Attributes
    ----------
    share : sparse array, demand × sites
        Which share of the demand point's weight the site serves (0 to 1). `served_by` is the one with the largest.
    """

    share: sparse.csr_array = field(default_factory=lambda: sparse.csr_array((0, 0)), repr=False)


def capacitated_mclp(
    cover: Cover, weight: Floats, capacity: Floats, p: int, *, fixed: Sequence[int] | Ints = (), split: bool = True,
    seconds: float = 60.0, gap: float = 0.0,
) -> ShareChoice:  # fmt: skip
    """Return the at most `p` sites that serve the most weight, none more than it has room for.

    Maximise Σ weight_i x_ij, where Σ_j x_ij <= 1, Σ_i weight_i x_ij <= capacity_j y_j, x_ij <= y_j only where site j
    covers i, Σ y_j <= p, y whole. With `split`, 0 <= x <= 1: the people of one demand point may go to several sites,
    and some of them nowhere. Without, x is 0 or 1: a point is served whole by one site, or not at all.

    Parameters
    ----------
    cover : sparse array, demand × sites
        Where an entry is not 0, the site covers the demand point.
    weight : array over demand
        What is to be served, say people; 0 or more.
    capacity : array over sites
        How much weight the site can serve, 0 or more.
    p : int
        How many sites at most, those that must stay included.
    fixed : sequence of int
        Positions of sites that must stay.
    split : bool
        Whether a demand point may be split.
    seconds : float
        When to stop with what is known [s].
    gap : float
        Relative difference of value and bound that is good enough, 0 for a proof.

    Returns
    -------
    ShareChoice
        `value` is the weight served; `served_by` the site that serves most of the point, -1 where none does.

    Raises
    ------
    InputError
        The matrix, weights, capacities, number or fixed sites are not usable.
    """
    begun = time.monotonic()
    asked = Asked()
    cover = asked.cover(cover)
    rows, sites = cover.shape
    weight = asked.amounts(weight, rows, "weight")
    capacity = asked.amounts(capacity, sites, "capacity")
    stay = asked.fixed(fixed, sites)
    most = asked.count(p, sites, stay)
    asked.done()
    open_rows = np.flatnonzero((weight > 0) & (np.diff(cover.indptr) > 0))
    rest, weights = sparse.csr_array(cover[open_rows]), weight[open_rows]
    if split:
        rest, weights = merged(rest, weights)
    rest.sort_indices()
    question = _Question(rest, sparse.csr_array(rest.T), weights, capacity, most, _flags(stay, sites))
    chosen, most_with, bound, method, progress = _best_sites(question, begun, seconds, gap)
    share = _shares(cover, weight, capacity, chosen)
    if not split:
        share = _whole(cover, weight, capacity, chosen, share)
    value = float((share.T @ weight).sum())
    left = seconds - (time.monotonic() - begun)
    if value < bound * (1 - max(gap, CLOSE)) and left > 0:
        useless = most_with < value
        solved = _by_highs(question, chosen, useless, split=split, seconds=left, gap=gap)
        if solved is not None:
            chosen, proof, exact = solved
            bound, method = min(bound, max(proof, value)), f"{method}, HiGHS on {int((~useless).sum())} sites"
            if split:
                other = _shares(cover, weight, capacity, chosen)
            else:
                row, site = exact
                other = sparse.csr_array((np.ones(len(row)), (open_rows[row], site)), shape=cover.shape)
            worth = float((other.T @ weight).sum())
            if worth > value:
                share, value = other, worth
            progress = (*progress, (time.monotonic() - begun, value, bound))
    share.eliminate_zeros()
    used = np.flatnonzero((share.T @ weight > 0) | (question.fixed > 0))
    bound = value if bound <= value * (1 + CLOSE) else bound
    return ShareChoice(
        used, _largest(share), value, bound, time.monotonic() - begun, method, progress, share=share
    )  # fmt: skip


@dataclass(frozen=True)
class _Question:
    """Rows by sites (and the reverse), what rows weigh, what sites have room for, how many sites, which must stay."""

    cover: Cover
    back: Cover
    weight: Floats
    capacity: Floats
    most: int
    fixed: Flags

    def improved(self, start: Flags, kicks: int) -> Flags:
        found: Flags = swapped(
            self.cover.indptr, self.cover.indices, self.back.indptr, self.back.indices, self.weight, self.capacity,
            self.most, start, self.fixed, np.ones(len(self.capacity), dtype=bool), kicks,
        )  # fmt: skip
        return found

    def served(self, chosen: Flags) -> float:
        return float(_shares(self.cover, self.weight, self.capacity, chosen).T.dot(self.weight).sum())


def _best_sites(
    question: _Question, begun: float, seconds: float, gap: float
) -> tuple[Flags, Floats, float, str, tuple[tuple[float, float, float], ...]]:
    """Return the best choice that swaps find, what a choice with each site can serve at most, and a bound on all."""
    most_with = np.full(len(question.capacity), np.inf)
    if not len(question.weight):
        return question.fixed, most_with, 0.0, "nothing to serve", ()
    best = question.improved(question.fixed, KICKS)
    value, total = question.served(best), float(question.weight.sum())
    progress = [(time.monotonic() - begun, value, total)]
    bound, worth, share = room_prices(
        question.back.indptr, question.back.indices, question.weight, question.capacity, question.most, question.fixed,
        value * (1 + CLOSE), np.full(len(question.weight), 0.0), ROUNDS,
    )  # fmt: skip
    proven, bound = bound, max(min(bound, total), value)
    progress.append((time.monotonic() - begun, value, bound))
    for score in (share, worth):
        if bound <= value * (1 + max(gap, CLOSE)) or time.monotonic() - begun > seconds / 2:
            break
        likely = question.fixed.copy()
        order = [site for site in np.argsort(-score, kind="stable").tolist() if not likely[site]]
        likely[order[: question.most - int(likely.sum())]] = True
        other = question.improved(likely, KICKS)
        if question.served(other) > value:
            best, value = other, question.served(other)
        progress.append((time.monotonic() - begun, value, bound))
    if bound > value * (1 + max(gap, CLOSE)) and time.monotonic() - begun < seconds / 2:
        other, roomy = _roomy(question, time.monotonic() + seconds * ROOMY)
        bound = max(min(bound, roomy), value)
        other = question.improved(other, KICKS)
        if question.served(other) > value:
            best, value = other, question.served(other)
        progress.append((time.monotonic() - begun, value, bound))
    if bound > value * (1 + max(gap, CLOSE)) and time.monotonic() - begun < seconds / 2:
        other = question.improved(best, MORE_KICKS)
        if question.served(other) > value:
            best, value = other, question.served(other)
        progress.append((time.monotonic() - begun, value, bound))
    # A site that gets less than the weakest of those behind the bound takes the difference away from it.
    free = np.sort(worth[~question.fixed])[::-1]
    places = question.most - int(question.fixed.sum())
    if 0 < places <= len(free):
        most_with = np.where(question.fixed | best, np.inf, proven - free[places - 1] + worth + CLOSE * total)
    return best, most_with, bound, "swaps and prices of demand", tuple(progress)


def _roomy(question: _Question, until: float) -> tuple[Flags, float]:
    """Return the best choice as if all sites had room for everyone, and what no choice can exceed."""
    fixed = np.flatnonzero(question.fixed)
    done = question.cover[:, fixed].sum(axis=1) > 0
    rest, weight = sparse.csr_array(question.cover[~done]), question.weight[~done]
    base, most = float(question.weight[done].sum()), question.most - len(fixed)
    if not len(weight) or most <= 0:
        return question.fixed, base
    back, count = sparse.csr_array(rest.T), rest.shape[1]

    def improved(start: Flags, kicks: int) -> Flags:
        found: Flags = improve(
            rest.indptr, rest.indices, back.indptr, back.indices, weight, np.zeros(count), np.inf, most,
            np.zeros(count, dtype=np.int8), start, kicks,
        )  # fmt: skip
        return found

    search = Search(rest, weight, most, improved, step=0.0, gap=0.0)
    found = search.run(improved(np.zeros(count, dtype=bool), KICKS), until)
    return found.chosen | question.fixed, base + found.bound


def _shares(cover: Cover, weight: Floats, capacity: Floats, chosen: Flags) -> sparse.csr_array:
    """Return which share of each row the chosen sites serve when they serve the most weight."""
    sites = np.flatnonzero(chosen)
    place = np.full(len(capacity), -1, dtype=np.int64)
    place[sites] = np.arange(len(sites))
    flow, _, _ = most_served(cover.indptr, cover.indices, weight, capacity, place, max(len(sites), 1))
    row, at = np.nonzero(flow > TINY)
    return sparse.csr_array((flow[row, at] / weight[row], (row, sites[at])), shape=cover.shape)


def _whole(cover: Cover, weight: Floats, capacity: Floats, chosen: Flags, share: sparse.csr_array) -> sparse.csr_array:
    """Return a service of whole points near one that splits them: the heaviest go first to the site with most room."""
    row, site, served = _entries(share)
    full = served > 1 - CLOSE
    serving = np.full(len(weight), -1, dtype=np.int64)
    serving[row[full]] = site[full]
    room = capacity - np.bincount(site[full], weight[row[full]], minlength=len(capacity))
    for one in np.lexsort([np.arange(len(weight)), -weight]):
        if serving[one] < 0 and weight[one] > 0:
            options = cover.indices[cover.indptr[one] : cover.indptr[one + 1]]
            options = options[(chosen[options] > 0) & (room[options] >= weight[one])]
            if len(options):
                serving[one] = options[np.argmax(room[options])]
                room[serving[one]] -= weight[one]
    whole = np.flatnonzero(serving >= 0)
    return sparse.csr_array((np.ones(len(whole)), (whole, serving[whole])), shape=cover.shape)


def _by_highs(
    question: _Question, start: Flags, useless: Flags, *, split: bool, seconds: float, gap: float
) -> tuple[Flags, float, tuple[Ints, Ints]] | None:
    """Return the sites of the best service HiGHS finds, an upper bound, and who is served whole by whom."""
    rows, sites = question.cover.shape
    row, site = question.cover.nonzero()
    pairs = len(row)
    pair = np.arange(pairs)
    ones, weight = np.ones(pairs), question.weight[row]
    once = sparse.csr_array((ones, (row, pair)), shape=(rows, pairs))
    load = sparse.csr_array((weight, (site, pair)), shape=(sites, pairs))
    owner = sparse.csr_array((ones, (pair, site)), shape=(pairs, sites))
    matrix = sparse.block_array([
        [None, once],
        [-sparse.diags_array(question.capacity), load],
        [-owner, sparse.eye_array(pairs)],
        [sparse.csr_array(np.ones((1, sites))), None],
    ])  # fmt: skip
    high = np.concatenate([np.ones(rows), np.zeros(sites + pairs), [float(question.most)]])
    whole = np.concatenate([np.ones(sites, dtype=bool), np.full(pairs, not split)])
    shares = _shares(question.cover, question.weight, question.capacity, start)
    if not split:
        shares = _whole(question.cover, question.weight, question.capacity, start, shares)
    program = Program(
        np.concatenate([np.zeros(sites), -weight]), sparse.csc_array(matrix), np.full(len(high), -np.inf), high,
        1.0 - np.concatenate([useless, useless[site]]), whole,
        np.concatenate([question.fixed.astype(np.float64), np.zeros(pairs)]),
    )  # fmt: skip
    known = np.concatenate([start.astype(np.float64), shares.toarray()[row, site]])
    solved = solve(program, seconds=seconds, gap=gap, start=known)
    if solved.x is None:
        return None
    served = solved.x[sites:] > 0.5
    return solved.x[:sites] > 0.5, -solved.bound, (row[served], site[served])


def _largest(share: sparse.csr_array) -> Ints:
    """Return the site with the largest share of each row, the first of equal ones, -1 where none has any."""
    row, site, served = _entries(share)
    order = np.lexsort([site, -served, row])
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(row[order]) > 0
    serving = np.full(share.shape[0], -1, dtype=np.int64)
    serving[row[order[first]]] = site[order[first]]
    return serving


def _entries(share: sparse.csr_array) -> tuple[Ints, Ints, Floats]:
    """Return row, site and value of every entry."""
    entries = share.tocoo()
    row, site = entries.coords
    return row.astype(np.int64), site.astype(np.int64), entries.data


def _flags(sites: Ints, count: int) -> Flags:
    flags = np.zeros(count, dtype=bool)
    flags[sites] = True
    return flags
