"""Where sites cover demand: everything with the fewest sites, or as much as possible with a given number or budget.

Location set covering (Toregas et al. 1971) and maximal covering location (Church and ReVelle 1974). Both are made
smaller (`geo.siting.reductions`), started from a good choice, and solved by HiGHS to a proof or to the end of the time.
"""

import time
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from geo.errors import InfeasibleError
from geo.siting.asked import Asked, Cover
from geo.siting.choice import Choice, Floats, Ints
from geo.siting.integer import Program, solve
from geo.siting.reductions import cover_core, merged, needed_sites

NO_SITES: Ints = np.zeros(0, dtype=np.int64)


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
    raise NotImplementedError


def cheapest_cover(cover: Cover, cost: Floats, fixed: Ints, *, seconds: float) -> tuple[Ints, float, str]:
    """Return sites that cover every row at the least cost, fixed ones included; a lower bound; and how found."""
    raise NotImplementedError


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
