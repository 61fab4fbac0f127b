"""Where the farthest demand point is nearest: the p-center (Hakimi 1964; Minieka 1970).

The value is one of the costs given, so it is searched among them: with each, covering everything tells whether p sites
are enough.
"""

import time
from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy import sparse

from geo.errors import InfeasibleError
from geo.siting.asked import Asked
from geo.siting.choice import Choice, Floats, Ints
from geo.siting.covering import enough
from geo.siting.reductions import cover_core, merged


def p_center(cost: Floats, p: int, *, fixed: Sequence[int] | Ints = (), seconds: float = 60.0) -> Choice:
    """Return at most `p` sites for which the demand point farthest from its nearest site is as near as possible.

    Parameters
    ----------
    cost : array, demand × sites
        Metres or minutes on foot from each demand point to each site, 0 or more; inf where there is no way.
    p : int
        How many sites, those that must stay included.
    fixed : sequence of int
        Positions of sites that must stay.
    seconds : float
        When to stop with what is known [s].

    Returns
    -------
    Choice
        `value` is the cost of the farthest demand point; `served_by` the nearest chosen site of each.

    Raises
    ------
    InputError
        The matrix, the number or the fixed sites are not usable.
    InfeasibleError
        Some demand point reaches no site at all (`ids`), or p sites cannot reach all.

    Examples
    --------
    Four homes at 0, 100, 300 and 900 m along a street, sites at 100 and 900 m:

    >>> import numpy as np
    >>> best = p_center(np.array([[100.0, 900], [0, 800], [200, 600], [800, 0]]), 2)
    >>> best.sites, best.value
    (array([0, 1]), 200.0)
    """
    begun = time.monotonic()
    asked = Asked()
    cost = asked.costs(cost)
    stay = asked.fixed(fixed, cost.shape[1])
    most = asked.count(p, cost.shape[1], stay)
    asked.done()
    _refuse_unreached(cost)
    values = np.unique(cost[np.isfinite(cost)])
    # Nobody gets nearer than to the nearest of all sites; with the largest value everybody reaches whom anything does.
    low = int(np.searchsorted(values, cost.min(axis=1).max())) - 1
    high = len(values) - 1
    chosen = _within(cost, values[high], stay, most, seconds)
    if chosen is None:
        raise InfeasibleError(
            [f"no {most} sites reach every demand point: ask for more sites, or add some where there is no way"],
            reasons_zh=[f"任何 {most} 个设施点都不能使所有需求点可达：请增加设施数量，或在无路可达处增加候选点"],
        )
    if isinstance(chosen, str):
        raise InfeasibleError(
            [f"in {seconds:g} s no {most} sites were found that reach every demand point: give more time or sites"],
            reasons_zh=[f"在 {seconds:g} 秒内未找到能使所有需求点可达的 {most} 个设施点：请延长时间或增加设施数量"],
        )
    high = _reach(cost, values, chosen)
    progress = [(time.monotonic() - begun, float(values[high]), float(values[low + 1]))]
    while high - low > 1:
        middle = (low + high) // 2
        found = _within(cost, values[middle], stay, most, seconds - (time.monotonic() - begun))
        if isinstance(found, str):
            break
        if found is None:
            low = middle
        else:
            chosen, high = found, _reach(cost, values, found)
        progress.append((time.monotonic() - begun, float(values[high]), float(values[low + 1])))
    return Choice(
        chosen, chosen[np.argmin(cost[:, chosen], axis=1)], float(values[high]), float(values[low + 1]),
        time.monotonic() - begun, "covers of growing reach, HiGHS", tuple(progress),
    )  # fmt: skip


def _within(cost: Floats, reach: float, fixed: Ints, most: int, seconds: float) -> Ints | Literal["unknown"] | None:
    """Return at most so many sites, the fixed ones included, that have everybody within reach, or None."""
    rows = np.flatnonzero(~(cost[:, fixed] <= reach).any(axis=1))
    if not len(rows):
        return fixed if len(fixed) else np.zeros(1, dtype=np.int64)
    if most == len(fixed):
        return None
    cover = sparse.csr_array((cost[rows] <= reach).astype(np.float64))
    cover, _ = merged(cover, np.ones(len(rows)))
    hard, sites = cover_core(cover, np.ones(cost.shape[1]))
    core = sparse.csr_array(cover[hard][:, sites])
    core.sort_indices()
    found = enough(core, most - len(fixed), seconds)
    return found if found is None or isinstance(found, str) else np.sort(np.concatenate([fixed, sites[found]]))


def _reach(cost: Floats, values: Floats, sites: Ints) -> int:
    """Return the position among the values of what the farthest demand point has to its nearest of these sites."""
    return int(np.searchsorted(values, cost[:, sites].min(axis=1).max()))


def _refuse_unreached(cost: Floats) -> None:
    alone = np.flatnonzero(~np.isfinite(cost).any(axis=1))
    if len(alone):
        raise InfeasibleError(
            [f"{len(alone)} of {len(cost)} demand points reach no site at all: leave them out or add sites"],
            reasons_zh=[f"{len(cost)} 个需求点中有 {len(alone)} 个到任何候选点都无路可达：请增加候选点或不计这些点"],
            ids=[str(i) for i in alone.tolist()],
        )
