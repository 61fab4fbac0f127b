"""The p-median: p sites so that everybody's way to the nearest one is short on the whole.

A search for good choices (exchanges, and walks between good choices: Resende and Werneck 2004) meets a Lagrangian bound
(every point is free to be served or not, at a price), and a tree closes what is left between them: each branch opens
or closes one site for good.
"""

import heapq
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from geo.errors import Fault, InfeasibleError, InputError
from geo.siting import kernels
from geo.siting.choice import Choice, Floats, Ints
from geo.siting.kernels import CLOSED, FREE, OPEN

Flags = npt.NDArray[np.bool_]
T = TypeVar("T")
U = TypeVar("U")
Lists = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], Floats]
"""For each demand point the sites it can use, cheapest first: starts, sites, weighted costs."""

ELITE = 10
"""Good choices kept to walk between."""
STARTS = 10
"""Choices the search starts from, at first."""
SEARCH_SHARE = 0.06
"""Share of the time for the first search."""
ABREAST = 2
"""So many choices, or parts of the problem, are looked at side by side, however many processors there are: the answer
does not depend on them."""
WORK = 3e8
"""List entries read between two looks at the clock."""
LEARN_EVERY = 5
"""Rises of the first bound between two choices tried that it points at: trying takes longer than a rise."""
NODE_ROUNDS, NODE_PACE = 250, 0.02
"""Steps of the bound at a branch, and how long the first ones are: short, for the prices are nearly right."""


def p_median(
    cost: npt.ArrayLike,
    weight: npt.ArrayLike,
    p: int,
    *,
    fixed: Sequence[int] = (),
    seconds: float = 60.0,
    gap: float = 1e-6,
    rng: np.random.Generator | None = None,
) -> Choice:
    """Return the p sites whose weighted cost to the nearest one is smallest.

    Parameters
    ----------
    cost : array demand × sites
        What it costs a demand point to use a site [metres, minutes, …], infinite where it cannot.
    weight : array over demand
        How much a point counts, usually people. A point of weight 0 is served if it can be and never in the way.
    p : int
        Number of sites to choose, those in `fixed` included.
    fixed : positions of sites that stay
    seconds : float
        The search ends then, whatever is known by then.
    gap : float
        The search ends when value and bound lie no farther apart than this share of the value.
    rng : Generator, optional
        Chance of the search; without one the same every time.

    Returns
    -------
    Choice
        `value` is the sum of weight times cost; `bound` is a Lagrangian bound, valid for the whole problem.

    Raises
    ------
    InputError
        Sizes do not fit, costs or weights are negative or unknown, `p` or `fixed` cannot be.
    InfeasibleError
        A demand point has no site it can use (`ids` are its positions), or no p sites serve everybody.

    Examples
    --------
    Three homes along a street at 0, 100 and 300 m, sites at each; the middle one is nearest to all of them together:

    >>> p_median([[0, 100, 300], [100, 0, 200], [300, 200, 0]], [1, 1, 1], 1).sites.tolist()
    [1]
    """
    began = perf_counter()
    costs = np.asarray(cost, dtype=np.float64)
    weights = np.asarray(weight, dtype=np.float64)
    faults = faults_of(costs, weights, p, fixed)
    if faults:
        raise InputError(faults)
    refuse_lost(costs, weights > 0)
    problem = _Problem.of(costs, weights, p, fixed)
    hunt = _Hunt(problem, began, seconds, gap, np.random.default_rng(0) if rng is None else rng)
    hunt.search()
    _prove(hunt)
    sites = np.sort(problem.columns[np.flatnonzero(hunt.chosen)])
    served_by = nearest_of(costs, sites)
    value = total_cost(costs, weights, served_by)
    return Choice(
        sites=sites,
        served_by=served_by,
        value=value,
        bound=min(hunt.bound, value),
        seconds=perf_counter() - began,
        method=f"exchanges and path relinking, Lagrangian bound, {hunt.nodes} branches",
        progress=tuple(hunt.progress),
    )


def faults_of(cost: Floats, weight: Floats, p: int, fixed: Sequence[int]) -> list[Fault]:
    """Return everything that makes this no median problem."""
    if cost.ndim != 2 or weight.shape != cost.shape[:1] or not cost.size:
        return [
            Fault(
                f"costs have the shape {cost.shape} and weights {weight.shape}",
                "give costs as demand points × sites, at least one of each, and one weight per demand point",
            )
        ]
    sites = cost.shape[1]
    faults: list[Fault] = []
    bad = np.flatnonzero(~(cost >= 0).all(axis=1))
    if len(bad):
        faults.append(
            Fault(
                "costs are unknown or negative", "give a number ≥ 0, infinite where there is no way",
                ids=tuple(map(str, bad)),
            )
        )  # fmt: skip
    bad = np.flatnonzero(~((weight >= 0) & np.isfinite(weight)))
    if len(bad):
        faults.append(Fault("weights are unknown or negative", "give a number ≥ 0", ids=tuple(map(str, bad))))
    odd = sorted({int(j) for j in fixed if not 0 <= j < sites})
    if odd:
        faults.append(
            Fault(
                "fixed sites are not among the sites", f"positions go from 0 to {sites - 1}", ids=tuple(map(str, odd))
            )
        )
    least = max(1, len(set(fixed)))
    if not least <= p <= sites:
        faults.append(
            Fault(
                f"{p} sites are to be chosen of {sites}, {len(set(fixed))} of them fixed",
                f"ask for {least} to {sites} sites",
            )
        )
    return faults


def refuse_lost(cost: Floats, counts: Flags) -> None:
    """Refuse a problem with points that count and can use no site."""
    lost = np.flatnonzero(counts & np.isinf(cost).all(axis=1))
    if len(lost):
        raise InfeasibleError(
            [f"no site can be reached from {len(lost)} demand points"],
            reasons_zh=[f"{len(lost)}个需求点到不了任何一个候选点"],
            ids=map(str, lost),
        )


def nearest_of(cost: Floats, sites: Ints) -> Ints:
    """Return for each demand point the cheapest of the sites, the first of equals, -1 where it can use none."""
    among = cost[:, sites]
    best = among.argmin(axis=1)
    return np.where(np.isfinite(among[np.arange(len(cost)), best]), sites[best], -1)


def total_cost(cost: Floats, weight: Floats, served_by: Ints) -> float:
    """Return the sum of weight times cost over the points that are served, exact whatever their order."""
    served = np.flatnonzero((served_by >= 0) & (weight > 0))
    return math.fsum(weight[served] * cost[served, served_by[served]])


def lists_of(weighted: Floats) -> Lists:
    """Return each row's finite entries in ascending order."""
    order = np.argsort(weighted, axis=1, kind="stable")
    ranked = np.take_along_axis(weighted, order, axis=1)
    known = np.isfinite(ranked)
    start = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    return start, order[known].astype(np.int32), ranked[known]


@dataclass(frozen=True)
class _Problem:
    """The demand that counts and the sites, in an order that does not depend on the order they came in.

    `columns` says which site each of ours was; `far` is what a point costs that nobody serves, more than serving all.
    """

    lists: Lists
    columns: Ints
    p: int
    stays: Flags
    far: float
    whole: bool

    @classmethod
    def of(cls, cost: Floats, weight: Floats, p: int, fixed: Sequence[int]) -> "_Problem":
        heavy = np.flatnonzero(weight > 0)
        weighted = cost[heavy] * weight[heavy, None]
        ranked = np.sort(weighted, axis=1)
        reach = np.isfinite(ranked)
        sums = np.where(reach, ranked, 0.0).sum(axis=1)
        few = ranked[:, : min(3, ranked.shape[1])]
        weighted = weighted[np.lexsort((*few.T, reach.sum(axis=1), sums))]
        near = np.isfinite(weighted)
        columns = np.lexsort((np.where(near, weighted, 0.0).sum(axis=0), near.sum(axis=0)))
        stays = np.zeros(cost.shape[1], dtype=bool)
        stays[list(fixed)] = True
        worst = float(np.where(reach, ranked, 0.0).max(axis=1, initial=0.0).sum())
        lists = lists_of(np.ascontiguousarray(weighted[:, columns]))
        whole = worst < 2**52 and bool((lists[2] == np.rint(lists[2])).all())
        return cls(lists, columns, p, stays[columns], 2.0 * worst + 1.0, whole)

    @property
    def size(self) -> int:
        return len(self.columns)


@dataclass
class _Hunt:
    """The best choice so far, a few others to walk between, and the bound."""

    problem: _Problem
    began: float
    seconds: float
    gap: float
    rng: np.random.Generator
    value: float = math.inf
    bound: float = 0.0
    nodes: int = 0
    elite: list[tuple[float, Flags]] = field(default_factory=list)
    progress: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def chosen(self) -> Flags:
        return self.elite[0][1]

    @property
    def goal(self) -> float:
        """The bound that is enough: close to the value, or, of whole numbers, above the next better one."""
        near = self.value * (1.0 - 0.99 * self.gap)
        return min(near, self.cap) if self.problem.whole else near

    @property
    def cap(self) -> float:
        """What a better choice costs at most."""
        return self.value - 1.0 + 1e-3 if self.problem.whole else self.value

    def spent(self, share: float = 1.0) -> bool:
        return perf_counter() - self.began > share * self.seconds

    def raise_bound(self, bound: float) -> None:
        """Take a bound of the whole problem, rounded up where all costs are whole."""
        if self.problem.whole and math.isfinite(bound):
            bound = math.ceil(bound - 1e-3)
        bound = min(bound, self.value)
        if bound > self.bound:
            self.bound = bound
            self.note()

    def note(self) -> None:
        self.progress.append((perf_counter() - self.began, self.value, self.bound))

    def improve(self, chosen: Flags) -> bool:
        """Exchange sites of a choice while that helps, and keep it if it is good; return whether it is new."""
        return self.keep(self.exchanged(chosen), chosen)

    def exchanged(self, chosen: Flags) -> float:
        """Exchange sites of a choice, in place, while that helps; return its value."""
        return float(kernels.improve(*self.problem.lists, chosen, ~self.problem.stays, self.problem.far))

    def keep(self, value: float, chosen: Flags) -> bool:
        """Keep a choice if it is good; return whether it is new."""
        if any(abs(value - known) <= 1e-9 * known for known, _ in self.elite):
            return False
        self.elite.append((value, chosen))
        self.elite.sort(key=lambda one: one[0])
        del self.elite[ELITE:]
        if value < self.value:
            self.value = value
            self.note()
        return True

    def walk(self, one: Flags, other: Flags) -> None:
        """Look for better choices on the way from one to the other."""
        if np.count_nonzero(one & ~other) >= 2:
            self.improve(kernels.between(*self.problem.lists, one, other, ~self.problem.stays, self.problem.far))

    def draw(self) -> Flags:
        """Return a choice by chance, the sites that stay in it."""
        chosen = self.problem.stays.copy()
        others = np.flatnonzero(~chosen)
        chosen[self.rng.choice(others, self.problem.p - int(chosen.sum()), replace=False)] = True
        return chosen

    def search(self) -> None:
        """Find good choices: from some by chance, then between the best."""
        for _ in range(0, STARTS, ABREAST):
            drawn = [self.draw() for _ in range(ABREAST)]
            for value, chosen in zip(_abreast(self.exchanged, drawn), drawn, strict=True):
                self.keep(value, chosen)
            if self.spent(SEARCH_SHARE):
                break
        if self.value >= self.problem.far:
            self.improve(_cover(self.problem, self.seconds))
        self.mingle(SEARCH_SHARE)

    def mingle(self, share: float) -> None:
        """Walk between the choices kept until that finds no better one."""
        tried: set[tuple[float, float]] = set()
        while True:
            before, pool = self.value, list(self.elite)
            for a, (worth, one) in enumerate(pool):
                for other_worth, other in pool[:a]:
                    if (worth, other_worth) in tried:
                        continue
                    if self.spent(share):
                        return
                    tried.add((worth, other_worth))
                    self.walk(one, other)
            if self.value >= before:
                return

    def learn(self, mean: Floats, state: npt.NDArray[np.int64]) -> None:
        """Try the choice that the bound points at."""
        leaning = np.where(state == FREE, mean, np.where(state == OPEN, 2.0, -1.0))
        leaning[self.problem.stays] = 3.0
        chosen = np.zeros(self.problem.size, dtype=bool)
        chosen[np.argsort(-leaning, kind="stable")[: self.problem.p]] = True
        if self.improve(chosen):
            self.walk(chosen, self.elite[self.rng.integers(len(self.elite))][1])


def _cover(problem: _Problem, seconds: float) -> Flags:
    """Return p sites that serve everybody, or refuse because there are none."""
    start, site, _ = problem.lists
    rows = np.repeat(np.arange(len(start) - 1), np.diff(start))
    reach = sparse.csr_array((np.ones(len(site)), (rows, site)), shape=(len(start) - 1, problem.size))
    answer = optimize.milp(
        np.ones(problem.size),
        integrality=np.ones(problem.size),
        bounds=optimize.Bounds(problem.stays.astype(float), 1.0),
        constraints=optimize.LinearConstraint(reach, lb=1.0),
        options={"time_limit": seconds},
    )
    least = math.ceil((answer.mip_dual_bound or 0.0) - 1e-6)
    if least > problem.p:
        raise InfeasibleError(
            [f"{problem.p} sites cannot serve everybody: at least {least} are needed"],
            reasons_zh=[f"{problem.p}个点服务不了所有需求点，至少需要{least}个"],
        )
    if answer.x is None or round(answer.fun) > problem.p:
        raise InfeasibleError(
            [f"no {problem.p} sites that serve everybody were found in {seconds:g} s; whether there are any is open"],
            reasons_zh=[f"{seconds:g}秒内没有找到能服务所有需求点的{problem.p}个点，是否存在尚无定论"],
        )
    chosen = answer.x > 0.5
    spare = np.flatnonzero(~chosen)
    chosen[spare[: problem.p - int(chosen.sum())]] = True
    return np.asarray(chosen, dtype=bool)


@dataclass
class _Branch:
    """A part of the problem: what is decided, how many sites are still to be chosen, and its bound so far."""

    state: npt.NDArray[np.int64]
    free: int
    price: Floats
    mean: Floats
    slope: Floats
    bound: float
    pace: Floats

    def child(self, site: int, what: int) -> "_Branch":
        """Return the part in which a site is open, or closed."""
        state = self.state.copy()
        state[site] = what
        free = self.free - (what == OPEN)
        return _Branch(
            state,
            free,
            self.price.copy(),
            self.mean.copy(),
            self.slope.copy(),
            self.bound,
            np.array([NODE_PACE, 0.1, 0.0]),
        )

    def settle(self) -> bool:
        """Open what must be open, close what must be closed; return whether the part still holds a choice."""
        idle = self.state == FREE
        count = int(idle.sum())
        if self.free in (0, count):
            self.state[idle] = OPEN if self.free else CLOSED
            self.free = 0
        return 0 <= self.free <= count

    def ascend(self, lists: Lists, hunt: _Hunt, rounds: int) -> bool:
        """Raise the bound; return whether a better choice may still be here."""
        price = self.price.copy()
        bound, self.free = kernels.ascend(
            *lists, price, self.state, self.free, hunt.cap, hunt.goal, rounds, self.slope, self.mean, self.pace
        )
        if bound > self.bound:
            self.bound, self.price = bound, price
        return self.bound < hunt.goal and self.settle()


def _prove(hunt: _Hunt) -> None:
    """Raise the bound of the whole problem until it meets the value, or the time is over."""
    problem = hunt.problem
    if not len(problem.lists[2]):
        hunt.bound = hunt.value
        return
    root, lists = _root(hunt)
    floor = math.inf  # the smallest bound of the parts that are done
    queue: list[tuple[float, int, _Branch]] = []
    if root.bound >= hunt.goal:
        floor = root.bound
    elif (root.state == FREE).any():
        queue.append((root.bound, 0, root))
    else:  # the one choice that may be better
        hunt.improve(root.state == OPEN)
    while queue and not hunt.spent():
        _, _, branch = heapq.heappop(queue)
        if branch.bound >= hunt.goal:
            floor = min(floor, branch.bound)
            continue
        site = _widest(branch)
        parts = [branch.child(site, what) for what in (OPEN, CLOSED)]
        for part, bounded in zip(parts, _abreast(lambda each: _bounded(each, lists, hunt), parts), strict=True):
            hunt.nodes += 1
            if bounded and _tried(part, hunt):
                heapq.heappush(queue, (part.bound, hunt.nodes, part))
            elif part.bound >= hunt.goal:
                floor = min(floor, part.bound)
        hunt.raise_bound(min(floor, hunt.value, queue[0][0] if queue else math.inf))
    hunt.raise_bound(min(floor, hunt.value, queue[0][0] if queue else math.inf))


def _root(hunt: _Hunt) -> tuple[_Branch, Lists]:
    """Return the whole problem with its bound, and the lists without what no better choice can use."""
    problem = hunt.problem
    start, _, cost = lists = problem.lists
    state = np.where(problem.stays, OPEN, FREE)
    n = len(start) - 1
    root = _Branch(
        state, problem.p - int(problem.stays.sum()), cost[start[:-1]].copy(), np.zeros(problem.size), np.zeros(n),
        0.0, np.array([1.0, 0.1, 0.0]),
    )  # fmt: skip
    if not root.settle():
        return root, lists
    rests, before = 0, 0.0
    while not hunt.spent():
        lists = kernels.shortened(*lists, root.state, root.price + 1.000001 * (hunt.cap - root.bound) + 1e-9)
        rounds = int(min(100, max(1, WORK / max(len(lists[2]), 1))))
        going = root.ascend(lists, hunt, rounds)
        hunt.raise_bound(root.bound)
        if not going or not (root.state == FREE).any():
            break
        if root.pace[2] % LEARN_EVERY == 0:
            hunt.learn(root.mean, root.state)
        if root.pace[0] < 1e-4:
            if rests and root.bound - before < 0.05 * (hunt.value - root.bound):
                break
            rests, before = rests + 1, root.bound
            root.pace[:2] = 0.2, 0.1
    return root, lists


def _bounded(part: _Branch, lists: Lists, hunt: _Hunt) -> bool:
    """Return whether a part may hold a better choice, after raising its bound; the hunt stays as it is."""
    if not part.settle():
        return False
    short = kernels.shortened(*lists, part.state, np.full(len(lists[0]) - 1, np.inf))
    if (np.diff(short[0]) == 0).any():
        return False
    done = 0
    while done < NODE_ROUNDS:
        rounds = int(min(NODE_ROUNDS, max(1, WORK / len(short[2]))))
        done += rounds
        if not part.ascend(short, hunt, rounds) or hunt.spent():
            break
    return part.bound < hunt.goal


def _tried(part: _Branch, hunt: _Hunt) -> bool:
    """Return whether a part has more than one choice left; try the one, and now and then what the bound points at."""
    if not (part.state == FREE).any():  # the one choice that may be better
        hunt.improve(part.state == OPEN)
        return False
    if hunt.nodes % 8 == 1:
        hunt.learn(part.mean, part.state)
    return True


def _abreast(work: Callable[[T], U], each: Sequence[T]) -> list[U]:
    """Return what the work gives for each, done side by side: the compiled searches hold no lock."""
    with ThreadPoolExecutor(ABREAST) as pool:
        return list(pool.map(work, each))


def _widest(branch: _Branch) -> int:
    """Return the undecided site that the bound is least sure of."""
    idle = np.flatnonzero(branch.state == FREE)
    return int(idle[np.argmin(np.abs(branch.mean[idle] - 0.5))])
