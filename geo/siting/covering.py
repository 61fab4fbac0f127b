"""Where sites cover demand: everything with the fewest sites, or as much as possible with a given number or budget.

Location set covering (Toregas et al. 1971) and maximal covering location (Church and ReVelle 1974). Both are made
smaller (`geo.siting.reductions`), started from a good choice, and solved to a proof or to the end of the time:
by HiGHS, or by a tree of choices of its own (`geo.siting.coverage_tree`).
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from geo.errors import InfeasibleError
from geo.siting.asked import Asked, Cover
from geo.siting.choice import Choice, Floats, Ints
from geo.siting.coverage_kernels import improve
from geo.siting.coverage_tree import Search
from geo.siting.integer import Program, solve
from geo.siting.reductions import cover_core, merged, needed_sites

Flags = npt.NDArray[np.bool_]

NO_SITES: Ints = np.zeros(0, dtype=np.int64)
KICKS = 60
"""Throws out of a good choice in search of a better one."""
CLOSE = 1e-9
"""Relative difference below which a bound and a value are the same."""
WHOLE = 2.0**50
"""Up to here sums of whole numbers are exact."""


def lscp(
    cover: Cover, *, cost: Floats | None = None, fixed: Sequence[int] | Ints = (), seconds: float = 60.0
) -> Choice:
    """Return the fewest (or cheapest) sites that cover every demand point.

    Parameters
    ----------
    cover : sparse array, demand × sites
        Where an entry is not 0, the site covers the demand point (say, within the radius on foot).
    cost : array over sites, optional
        What each site costs, 0 or more; 1 each when left out.
    fixed : sequence of int
        Positions of sites that must stay. They count in the value like the others.
    seconds : float
        When to stop with what is known [s].

    Returns
    -------
    Choice
        `value` is the number (or cost) of the sites; `served_by` the first chosen site that covers the point.

    Raises
    ------
    InputError
        The matrix, the costs or the fixed sites are not usable.
    InfeasibleError
        No site covers some demand point; `ids` are the positions of all of these.

    Examples
    --------
    Four homes along a street, three sites between them; the middle one alone reaches only two homes:

    >>> import numpy as np
    >>> lscp(np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]])).sites
    array([0, 2])
    """
    begun = time.monotonic()
    asked = Asked()
    cover = asked.cover(cover)
    price = np.ones(cover.shape[1]) if cost is None else asked.amounts(cost, cover.shape[1], "cost")
    stay = asked.fixed(fixed, cover.shape[1])
    asked.done()
    _refuse_uncovered(cover)
    found, bound, method = cheapest_cover(cover, price, stay, seconds=seconds)
    value = float(price[found].sum())
    return Choice(found, served_by(cover, found), value, min(bound, value), time.monotonic() - begun, method)


def mclp(
    cover: Cover, weight: Floats, p: int | None = None, *, cost: Floats | None = None, budget: float | None = None,
    fixed: Sequence[int] | Ints = (), seconds: float = 60.0, gap: float = 0.0,
) -> Choice:  # fmt: skip
    """Return the sites that cover the most weight, at most `p` of them or within a budget, or both.

    Fewer than `p` are chosen where one more would cover nothing more.

    Parameters
    ----------
    cover : sparse array, demand × sites
        Where an entry is not 0, the site covers the demand point.
    weight : array over demand
        What is to be covered, say people; 0 or more.
    p : int, optional
        How many sites at most, those that must stay included.
    cost : array over sites, optional
        What each site costs; needed with a budget.
    budget : float, optional
        What all chosen sites may cost together, in the unit of `cost`. Those that must stay count: give them the cost
        0 where they exist already.
    fixed : sequence of int
        Positions of sites that must stay.
    seconds : float
        When to stop with what is known [s].
    gap : float
        Relative difference of value and bound that is good enough, 0 for a proof.

    Returns
    -------
    Choice
        `value` is the weight covered; `served_by` the first chosen site that covers the point, -1 where none does.

    Raises
    ------
    InputError
        The matrix, weights, costs, numbers or fixed sites are not usable, or neither `p` nor a budget is given.
    InfeasibleError
        The sites that must stay cost more than the budget.

    Examples
    --------
    >>> import numpy as np
    >>> town = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]])
    >>> best = mclp(town, np.array([10.0, 30.0, 40.0, 5.0]), 1)
    >>> best.sites, best.value
    (array([1]), 70.0)
    """
    begun = time.monotonic()
    asked = Asked()
    cover = asked.cover(cover)
    sites = cover.shape[1]
    weight = asked.amounts(weight, cover.shape[0], "weight")
    price = np.zeros(sites) if cost is None else asked.amounts(cost, sites, "cost")
    stay = asked.fixed(fixed, sites)
    asked.either(p, budget, cost)
    most = sites if p is None else asked.count(p, sites, stay)
    money = math.inf if budget is None else asked.limit(budget, "budget")
    asked.done()
    if price[stay].sum() > money:
        raise InfeasibleError(
            [f"the sites that must stay cost {price[stay].sum():g}, more than the budget of {money:g}"],
            reasons_zh=[f"必须保留的设施点合计费用 {price[stay].sum():g}，超过预算 {money:g}"],
            ids=[str(i) for i in stay.tolist()],
        )
    if budget is None:
        price = np.zeros(sites)
    question, base = _question(
        cover, weight, price, stay, most=most - len(stay), money=money - float(price[stay].sum())
    )
    found, bound, method, progress = _most_covered(question, begun, seconds, gap)
    chosen = np.sort(np.concatenate([stay, question.sites[found]]))
    serving = served_by(cover, chosen)
    value = float(weight[serving >= 0].sum())
    bound = value if _closed(value - base, bound, question.step) else base + bound
    return Choice(
        chosen, serving, value, bound, time.monotonic() - begun, method,
        tuple((at, base + low, base + high) for at, low, high in progress),
    )  # fmt: skip


def cheapest_cover(cover: Cover, cost: Floats, fixed: Ints, *, seconds: float) -> tuple[Ints, float, str]:
    """Return sites that cover every row at the least cost, fixed ones included; a lower bound; and how found.

    Every row must be covered by some site.
    """
    base = float(cost[fixed].sum())
    open_rows = np.flatnonzero(cover @ _flags(fixed, cover.shape[1]) == 0)
    if not len(open_rows):
        return fixed, base, "nothing left to cover"
    rest, _ = merged(cover[open_rows], np.ones(len(open_rows)))
    rows, sites = cover_core(rest, cost)
    core, price = sparse.csr_array(rest[rows][:, sites]), cost[sites]
    greedy = _fewer(core, price, _greedy_cover(core, price))
    program = Program(
        price, sparse.csc_array(core), np.ones(len(rows)), np.full(len(rows), np.inf), np.ones(len(sites)),
        np.ones(len(sites), dtype=bool),
    )  # fmt: skip
    solved = solve(program, seconds=seconds, start=greedy.astype(np.float64), step=_step(price))
    picked = greedy if solved.x is None else _without_idle(core, price, solved.x > 0.5)
    value, bound = float(price[picked].sum()), max(solved.bound, 0.0)
    bound = value if _closed(value, bound, _step(price)) else bound
    method = f"reduced to {len(rows)} demand points and {len(sites)} sites, HiGHS"
    return np.sort(np.concatenate([fixed, sites[picked]])), base + bound, method


@dataclass(frozen=True)
class _Question:
    """A maximal covering made smaller: rows by sites (and the reverse), weights, the sites' positions and limits."""

    cover: Cover
    back: Cover
    weight: Floats
    sites: Ints
    cost: Floats
    most: int
    money: float
    step: float

    def covered(self, chosen: Flags) -> float:
        return float(self.weight[self.cover @ chosen.astype(np.float64) > 0].sum())

    def improved(self, start: Flags, kicks: int) -> Flags:
        found: Flags = improve(
            self.cover.indptr, self.cover.indices, self.back.indptr, self.back.indices, self.weight, self.cost,
            self.money, self.most, np.zeros(len(self.cost), dtype=np.int8), start, kicks,
        )  # fmt: skip
        return found


def _question(
    cover: Cover, weight: Floats, cost: Floats, stay: Ints, *, most: int, money: float
) -> tuple[_Question, float]:
    """Return what is left to decide once the sites that stay are there, and the weight that they cover."""
    done = cover @ _flags(stay, cover.shape[1]) > 0
    rows = np.flatnonzero(~done & (weight > 0) & (np.diff(cover.indptr) > 0))
    rest, weights = merged(cover[rows], weight[rows])
    sites = needed_sites(rest, cost, NO_SITES)
    sites = sites[cost[sites] <= money]
    rest, weights = merged(sparse.csr_array(rest[:, sites]), weights)
    seen = np.diff(rest.indptr) > 0
    rest, weights = sparse.csr_array(rest[seen]), weights[seen]
    rest.sort_indices()
    back = sparse.csr_array(rest.T)
    step = _step(weights)
    question = _Question(rest, back, weights, sites, cost[sites], min(most, len(sites)), money, step)
    return question, float(weight[done].sum())


def _most_covered(
    question: _Question, begun: float, seconds: float, gap: float
) -> tuple[Flags, float, str, tuple[tuple[float, float, float], ...]]:
    """Return the best choice among the sites of a question, an upper bound, how it was found and how it went."""
    count, total = len(question.sites), float(question.weight.sum())
    if not question.most or not count:
        return np.zeros(count, dtype=bool), 0.0, "nothing left to choose", ()
    best = question.improved(np.zeros(count, dtype=bool), KICKS)
    value, bound, method = question.covered(best), total, "greedy and swaps"
    progress = [(time.monotonic() - begun, value, bound)]

    def good() -> bool:
        return _closed(value, bound, question.step) or bound - value <= gap * value

    if not good() and math.isinf(question.money):
        search = Search(
            question.cover, question.weight, question.most, question.improved, step=question.step, gap=gap,
        )  # fmt: skip
        found = search.run(best, begun + seconds)
        best, value, bound = found.chosen, found.value, found.bound
        method += f", prices of demand, a tree of {found.nodes}"
        progress.append((time.monotonic() - begun, value, bound))
    elif not good():
        picked, proof = _by_highs(question, best, seconds - (time.monotonic() - begun), gap)
        if question.covered(picked) > value:
            best, value = picked, question.covered(picked)
        bound = max(value, min(bound, proof))
        method += f", HiGHS on {count} sites"
        progress.append((time.monotonic() - begun, value, bound))
    return best, max(bound, value), method, tuple(progress)


def _by_highs(question: _Question, start: Flags, seconds: float, gap: float) -> tuple[Flags, float]:
    """Return the best choice within the budget that HiGHS finds, and an upper bound."""
    size = np.diff(question.cover.indptr)
    # What one site alone covers is the site's own; the other rows are columns of their own.
    own = question.cover[size == 1].T @ question.weight[size == 1]
    rest, weights = sparse.csr_array(question.cover[size > 1]), question.weight[size > 1]
    rows, sites = rest.shape
    limits = sparse.csr_array(np.stack([np.ones(sites), question.cost]))
    matrix = sparse.block_array([[-rest, sparse.eye_array(rows)], [limits, None]])
    program = Program(
        np.concatenate([-own, -weights]), sparse.csc_array(matrix), np.full(rows + 2, -np.inf),
        np.concatenate([np.zeros(rows), [float(question.most), question.money]]), np.ones(sites + rows),
        np.arange(sites + rows) < sites,
    )  # fmt: skip
    chosen = start.astype(np.float64)
    known = np.concatenate([chosen, np.minimum(rest @ chosen, 1.0)])
    solved = solve(program, seconds=seconds, gap=gap, start=known, step=question.step)
    return (start if solved.x is None else solved.x[:sites] > 0.5), -solved.bound


def _greedy_cover(cover: Cover, cost: Floats) -> Flags:
    """Return sites that cover every row: again and again the one that covers most for its cost, then idle ones out."""
    back = sparse.csr_array(cover.T)
    chosen, uncovered = np.zeros(len(cost), dtype=bool), np.ones(cover.shape[0])
    while uncovered.any():
        gain = back @ uncovered
        site = int(np.argmax(np.where(gain > 0, gain / np.maximum(cost, 1e-12), -1.0)))
        chosen[site] = True
        uncovered[back.indices[back.indptr[site] : back.indptr[site + 1]]] = 0.0
    return _without_idle(cover, cost, chosen)


def enough(cover: Cover, most: int, seconds: float) -> Flags | Literal["unknown"] | None:
    """Return at most so many sites that cover every row, None when there are none, or that the time was too short."""
    found = _covering(cover, most, np.zeros(cover.shape[1], dtype=bool))
    if found is not None:
        return found
    rows, sites = cover.shape
    matrix = sparse.csc_array(sparse.block_array([[cover], [sparse.csr_array(np.ones((1, sites)))]]))
    program = Program(
        np.ones(sites), matrix, np.concatenate([np.ones(rows), [0.0]]),
        np.concatenate([np.full(rows, np.inf), [float(most)]]), np.ones(sites), np.ones(sites, dtype=bool),
    )  # fmt: skip
    solved = solve(program, seconds=seconds, any_will_do=True)
    if solved.x is not None:
        return solved.x > 0.5
    return None if solved.impossible else "unknown"


def _covering(cover: Cover, most: int, start: Flags) -> Flags | None:
    """Return at most so many sites that cover every row, if swaps find them."""
    rows, sites = cover.shape
    back = sparse.csr_array(cover.T)
    found = improve(
        cover.indptr, cover.indices, back.indptr, back.indices, np.ones(rows), np.zeros(sites), np.inf, most,
        np.zeros(sites, dtype=np.int8), start, KICKS,
    )  # fmt: skip
    return found if (cover @ found.astype(np.float64) > 0).all() else None


def _fewer(cover: Cover, cost: Floats, known: Flags) -> Flags:
    """Return a cover with fewer sites than the known one, where swaps find one; only where all sites cost the same."""
    if len(cost) and (cost == cost[0]).all():
        while known.sum() > 1:
            start = known.copy()
            start[np.flatnonzero(known)[-1]] = False
            found = _covering(cover, int(known.sum()) - 1, start)
            if found is None:
                break
            known = _without_idle(cover, cost, found)
    return known


def _without_idle(cover: Cover, cost: Floats, chosen: Flags) -> Flags:
    """Return the chosen sites without those whose rows the others cover, the dearest out first."""
    back, chosen = sparse.csr_array(cover.T), chosen.copy()
    count = cover @ chosen.astype(np.float64)
    for site in np.flatnonzero(chosen)[np.argsort(-cost[chosen], kind="stable")]:
        rows = back.indices[back.indptr[site] : back.indptr[site + 1]]
        if (count[rows] > 1).all():
            chosen[site] = False
            count[rows] -= 1
    return chosen


def _step(values: Floats) -> float:
    """Return 1 where all values are whole numbers, so that sums of them are too; else 0."""
    return 1.0 if bool((values == np.rint(values)).all()) and values.sum() < WHOLE else 0.0


def _closed(value: float, bound: float, step: float) -> bool:
    """Whether value and bound leave no room for anything better."""
    return abs(bound - value) <= max(step * (1 - 1e-6), CLOSE * abs(value))


def _flags(sites: Ints, count: int) -> Floats:
    flags = np.zeros(count)
    flags[sites] = 1.0
    return flags


def served_by(cover: Cover, sites: Ints) -> Ints:
    """Return for each demand point the first of the sites that covers it, -1 where none does."""
    chosen = sparse.csr_array(cover[:, sites])
    chosen.sort_indices()
    some = np.diff(chosen.indptr) > 0
    serving = np.full(cover.shape[0], -1, dtype=np.int64)
    serving[some] = sites[chosen.indices[chosen.indptr[:-1][some]]]
    return serving


def _refuse_uncovered(cover: Cover) -> None:
    alone = np.flatnonzero(np.diff(cover.indptr) == 0)
    if len(alone):
        raise InfeasibleError(
            [f"{len(alone)} of {cover.shape[0]} demand points are covered by no site: widen the radius, add sites, or "
             "leave them out"],
            reasons_zh=[f"{cover.shape[0]} 个需求点中有 {len(alone)} 个不在任何候选点的服务范围内：请扩大服务半径、"
                        "增加候选点，或者不计这些需求点"],
            ids=[str(i) for i in alone.tolist()],
        )  # fmt: skip
