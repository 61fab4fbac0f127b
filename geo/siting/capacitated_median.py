"""The p-median whose sites have limited room, each demand point going to one site as a whole.

Annealing moves points between sites, exchanges them and moves sites; a Lagrangian bound, in which every site packs its
room as well as it can at the points' prices, says how good that is. Small problems end in HiGHS, with only the pairs
that a better choice can use.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from geo.errors import Fault, InfeasibleError, InputError
from geo.siting import kernels
from geo.siting.choice import Choice, Floats, Ints
from geo.siting.kernels import CLOSED, FREE, OPEN
from geo.siting.median import Flags, Lists, faults_of, lists_of, nearest_of, refuse_lost, total_cost

NEAR = 8
"""Chosen sites a point may be moved to, nearest first."""
FIRST_MOVES = 800
KICK_MOVES = 150
"""Moves per point: at first, and after a kick."""
TRIES = 8
"""Searches from other sites before the question is asked whether there is any answer."""
EXACT_PAIRS = 40_000
"""HiGHS gets the problem when no more pairs of point and site are left."""
BOUND_SHARE, SEARCH_SHARE = 0.5, 0.3
"""Share of the time within which the bound rises, and after which HiGHS takes over."""
WORK = 1e8
"""List entries read between two looks at the clock."""


def capacitated_p_median(
    cost: npt.ArrayLike,
    weight: npt.ArrayLike,
    capacity: npt.ArrayLike,
    p: int,
    *,
    load: npt.ArrayLike | None = None,
    fixed: Sequence[int] = (),
    seconds: float = 60.0,
    gap: float = 1e-6,
    rng: np.random.Generator | None = None,
) -> Choice:
    """Return p sites and who uses which, so that no site is overfull and the weighted cost is smallest.

    Parameters
    ----------
    cost : array demand × sites
        What it costs a demand point to use a site [metres, minutes, …], infinite where it cannot.
    weight : array over demand
        How much a point's cost counts, usually people.
    capacity : array over sites
        What a site can take, in the unit of `load`.
    p : int
        Number of sites to choose, those in `fixed` included.
    load : array over demand, optional
        The room that a point takes; `weight` where it is not given.
    fixed : positions of sites that stay
    seconds, gap, rng
        As in `geo.siting.median.p_median`.

    Returns
    -------
    Choice
        `value` is the sum of weight times cost; every demand point is served by one site as a whole.

    Raises
    ------
    InputError
        Sizes do not fit, numbers are negative or unknown, `p` or `fixed` cannot be.
    InfeasibleError
        A demand point has no site it can use or fits into (`ids` are its positions), room is short, or no assignment
        was found in the time given (the message says which, and what is proven).

    Examples
    --------
    Two clinics with room for 20 each; the second home of 15 does not fit into the nearer one any more:

    >>> capacitated_p_median([[1, 9], [2, 5]], [15, 15], [20, 20], 2).served_by.tolist()
    [0, 1]
    """
    began = perf_counter()
    costs, weights = np.asarray(cost, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    rooms = np.asarray(capacity, dtype=np.float64)
    loads = weights if load is None else np.asarray(load, dtype=np.float64)
    faults = [*faults_of(costs, weights, p, fixed), *_faults_of_room(costs, loads, rooms)]
    if faults:
        raise InputError(faults)
    stays = np.zeros(costs.shape[1], dtype=bool)
    stays[list(fixed)] = True
    refuse_lost(costs, (weights > 0) | (loads > 0))
    _refuse_short(costs, loads, rooms, p, stays)
    problem = _Problem.of(costs, weights, loads, rooms, p=p, stays=stays)
    hunt = _Hunt(problem, began, seconds, gap, np.random.default_rng(0) if rng is None else rng)
    if len(problem.rows):
        _solve(hunt)
    else:
        hunt.chosen[np.argsort(~problem.stays, kind="stable")[:p]] = True
        hunt.value = hunt.bound = 0.0
    sites = np.sort(problem.columns[np.flatnonzero(hunt.chosen)])
    served_by = nearest_of(costs, sites)
    served_by[problem.rows] = problem.columns[hunt.site_of]
    value = total_cost(costs, weights, served_by)
    return Choice(
        sites=sites,
        served_by=served_by,
        value=value,
        bound=min(hunt.bound, value),
        seconds=perf_counter() - began,
        method=f"annealing, {hunt.kicks} kicks, Lagrangian bound{', HiGHS' if hunt.exact else ''}",
        progress=tuple(hunt.progress),
    )


def _faults_of_room(cost: Floats, load: Floats, capacity: Floats) -> list[Fault]:
    faults = []
    for name, numbers, among in (("loads", load, cost.shape[:1]), ("capacities", capacity, cost.shape[1:])):
        if numbers.shape != among:
            faults.append(Fault(f"{name} have the shape {numbers.shape}", f"give one number for each of {among}"))
            continue
        bad = np.flatnonzero(~((numbers >= 0) & np.isfinite(numbers)))
        if len(bad):
            faults.append(Fault(f"{name} are unknown or negative", "give numbers ≥ 0", ids=tuple(map(str, bad))))
    return faults


def _refuse_short(cost: Floats, load: Floats, capacity: Floats, p: int, stays: Flags) -> None:
    """Refuse points that are too large for every site, and room that is short on the whole."""
    widest = np.where(np.isfinite(cost), capacity, -1.0).max(axis=1)
    large = np.flatnonzero((load > widest) & (load > 0))
    if len(large):
        raise InfeasibleError(
            [f"{len(large)} demand points fit into no site they can reach, the largest takes {load[large].max():g}"],
            reasons_zh=[f"{len(large)}个需求点超过其可达候选点的容量，最大需求为{load[large].max():g}"],
            ids=map(str, large),
        )
    others = np.sort(capacity[~stays])[::-1][: p - int(stays.sum())]
    room = math.fsum([*capacity[stays], *others])
    need = math.fsum(load)
    if need > room * (1.0 + 1e-9):
        raise InfeasibleError(
            [f"room is short: {need:g} is needed and {p} sites have at most {room:g}"],
            reasons_zh=[f"容量不足：需求{need:g}，{p}个点最多容纳{room:g}"],
        )


@dataclass(frozen=True)
class _Problem:
    """The demand that counts and the sites, in an order that does not depend on the order they came in.

    `rows` and `columns` say which point and site each of ours was; `cost` is weighted, and `far`, more than serving
    all costs, where there is no way; `order` has each row's sites, cheapest first.
    """

    cost: Floats
    order: npt.NDArray[np.int32]
    lists: Lists
    load: Floats
    capacity: Floats
    p: int
    stays: Flags
    rows: Ints
    columns: Ints
    far: float
    whole: bool

    @classmethod
    def of(cls, cost: Floats, weight: Floats, load: Floats, capacity: Floats, *, p: int, stays: Flags) -> "_Problem":
        rows = np.flatnonzero((weight > 0) | (load > 0))
        weighted = np.where(
            np.isinf(cost[rows]), np.inf, weight[rows, None] * np.where(np.isinf(cost[rows]), 0, cost[rows])
        )
        ranked = np.sort(weighted, axis=1)
        reach = np.isfinite(ranked)
        sums = np.where(reach, ranked, 0.0).sum(axis=1)
        few = ranked[:, : min(3, ranked.shape[1])]
        turn = np.lexsort((*few.T, load[rows], reach.sum(axis=1), sums))
        rows, weighted = rows[turn], weighted[turn]
        near = np.isfinite(weighted)
        columns = np.lexsort((capacity, np.where(near, weighted, 0.0).sum(axis=0), near.sum(axis=0)))
        weighted = np.ascontiguousarray(weighted[:, columns])
        worst = float(np.where(reach, ranked, 0.0).max(axis=1, initial=0.0).sum())
        far = 2.0 * worst + 1.0
        lists = lists_of(weighted)
        whole = worst < 2**52 and bool((lists[2] == np.rint(lists[2])).all())
        dense = np.where(np.isfinite(weighted), weighted, far)
        order = np.argsort(dense, axis=1, kind="stable").astype(np.int32)
        return cls(dense, order, lists, load[rows], capacity[columns], p, stays[columns], rows, columns, far, whole)


@dataclass
class _Hunt:
    """The best assignment so far, and the bound with all it knows."""

    problem: _Problem
    began: float
    seconds: float
    gap: float
    rng: np.random.Generator
    value: float = math.inf
    bound: float = 0.0
    kicks: int = 0
    exact: bool = False
    chosen: Flags = field(init=False)
    site_of: Ints = field(init=False)
    penalty: Floats = field(init=False)
    warmth: float = field(init=False)
    random: npt.NDArray[np.uint64] = field(init=False)
    progress: list[tuple[float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        n, m = self.problem.cost.shape
        self.chosen, self.site_of = np.zeros(m, dtype=bool), np.zeros(n, dtype=np.int64)
        self.penalty, self.warmth = np.zeros(1), 1.0
        self.random = self.rng.integers(1, 2**63, size=1, dtype=np.uint64)

    @property
    def done(self) -> bool:
        """Whether bound and value meet closely enough."""
        return self.bound >= self.value * (1.0 - 0.99 * self.gap)

    @property
    def cap(self) -> float:
        """What a better choice costs at most."""
        return self.value - 1.0 + 1e-3 if self.problem.whole else self.value

    def spent(self, share: float = 1.0) -> bool:
        return perf_counter() - self.began > share * self.seconds

    def note(self) -> None:
        self.progress.append((perf_counter() - self.began, self.value, self.bound))

    def raise_bound(self, bound: float) -> None:
        """Take a bound of the whole problem, rounded up where all costs are whole."""
        if self.problem.whole and math.isfinite(bound):
            bound = math.ceil(bound - 1e-3)
        if min(bound, self.value) > self.bound:
            self.bound = min(bound, self.value)
            self.note()

    def take(self, chosen: Flags, site_of: Ints) -> None:
        """Keep an assignment without an overfull site if it is the best so far."""
        value = math.fsum(self.problem.cost[np.arange(len(site_of)), site_of])
        if value < min(self.value, self.problem.far):
            self.value, self.chosen, self.site_of = value, chosen, site_of
            self.note()

    def measure(self, chosen: Flags) -> None:
        """Take the scale of temperature and penalty from what the second best site costs more."""
        problem = self.problem
        near = np.sort(problem.cost[:, np.flatnonzero(chosen)], axis=1)[:, :2]
        apart = (near[:, 1] - near[:, 0]) if near.shape[1] > 1 else near[:, 0]
        apart = apart[apart < 0.5 * problem.far]
        self.warmth = float(apart.mean()) if len(apart) and apart.any() else 1.0
        self.penalty[0] = 2.0 * self.warmth / max(float(problem.load.mean()), 1e-12)

    def anneal(self, chosen: Flags, site_of: Ints, moves: int, heat: float) -> float:
        """Search from an assignment; return what the best one without an overfull site costs, infinite if none."""
        problem = self.problem
        near = np.empty((len(site_of), min(NEAR, problem.p)), dtype=np.int64)
        chosen, site_of = chosen.copy(), site_of.copy()
        value = float(
            kernels.anneal(
                problem.cost, problem.order, problem.load, problem.capacity, chosen, problem.stays, site_of, near,
                moves * len(site_of), heat * self.warmth, 1e-3 * self.warmth, self.penalty, self.random,
            )
        )  # fmt: skip
        if math.isfinite(value):
            self.take(chosen, site_of)
        return value

    def draw(self) -> Flags:
        """Return sites by chance, improved as if there were no limit of room."""
        problem = self.problem
        chosen = problem.stays.copy()
        others = np.flatnonzero(~chosen)
        chosen[self.rng.choice(others, problem.p - int(chosen.sum()), replace=False)] = True
        kernels.improve(*problem.lists, chosen, ~problem.stays, problem.far)
        return chosen

    def from_sites(self, chosen: Flags, moves: int, heat: float) -> float:
        """Search from everybody using the nearest of the sites."""
        sites = np.flatnonzero(chosen)
        return self.anneal(chosen, sites[self.problem.cost[:, sites].argmin(axis=1)], moves, heat)

    def kick(self, leaning: Floats) -> None:
        """Exchange one to three of the best choice's sites by chance, and search from there."""
        problem = self.problem
        self.kicks += 1
        chosen, site_of = self.chosen.copy(), self.site_of.copy()
        out, into = np.flatnonzero(chosen & ~problem.stays), np.flatnonzero(~chosen)
        count = min(int(self.rng.integers(0, 4)), len(out), len(into))
        if count:
            odds = leaning[into] / leaning[into].sum()
            against = 1.0 / (0.05 + leaning[out])
            gone = self.rng.choice(out, count, replace=False, p=against / against.sum())
            new = self.rng.choice(into, count, replace=False, p=odds)
            chosen[gone] = False
            chosen[new] = True
            sites = np.flatnonzero(chosen)
            nearest = sites[problem.cost[:, sites].argmin(axis=1)]
            site_of = np.where(np.isin(site_of, gone) | np.isin(nearest, new), nearest, site_of)
        self.anneal(chosen, site_of, KICK_MOVES, float(self.rng.choice([0.03, 0.1, 0.3])))


def _solve(hunt: _Hunt) -> None:
    """Search and bound in turns, then let HiGHS finish what is small enough."""
    problem = hunt.problem
    chosen = hunt.draw()
    hunt.measure(chosen)
    for _ in range(TRIES):
        hunt.from_sites(chosen, FIRST_MOVES, 0.5)
        if hunt.value < problem.far or hunt.spent(SEARCH_SHARE):
            break
        chosen = hunt.draw()
    if not hunt.value < problem.far:
        _find_any(hunt)
    relaxed = _Relaxed.of(problem)
    before = 0.0
    while not (hunt.spent() or hunt.done):
        if not relaxed.settled and not hunt.spent(BOUND_SHARE):
            relaxed.ascend(hunt)
            if not hunt.done and relaxed.calls % 4 == 0:
                hunt.from_sites(relaxed.sites(problem), KICK_MOVES, 0.3)
        elif hunt.spent(SEARCH_SHARE) or hunt.kicks - before > 20 + 20000 / len(problem.rows):
            pairs = relaxed.useful(hunt)
            if not hunt.exact and len(pairs[0]) <= EXACT_PAIRS:
                hunt.exact = True
                _finish(hunt, *pairs)
            before = math.inf
        if not (hunt.spent() or hunt.done):
            hunt.kick(relaxed.mean + 0.01)


@dataclass
class _Relaxed:
    """The Lagrangian bound: the prices of points, and what sites save and their room is worth at them."""

    price: Floats
    best_price: Floats
    state: npt.NDArray[np.int64]
    free: int
    slope: Floats
    mean: Floats
    pace: Floats
    saving: Floats
    worth: Floats
    bound: float = 0.0
    calls: int = 0
    rests: int = 0
    rested_at: float = 0.0
    settled: bool = False

    @classmethod
    def of(cls, problem: _Problem) -> "_Relaxed":
        n, m = problem.cost.shape
        price = problem.lists[2][problem.lists[0][:-1]].copy()
        state = np.where(problem.stays, OPEN, FREE)
        return cls(
            price, price, state, problem.p - int(problem.stays.sum()), np.zeros(n), np.zeros(m),
            np.array([1.0, 0.1, 0.0]), np.zeros(m), np.zeros(m),
        )  # fmt: skip

    def ascend(self, hunt: _Hunt) -> None:
        """Raise the bound for a while."""
        problem = hunt.problem
        price, saving, worth = self.best_price.copy(), self.saving.copy(), self.worth.copy()
        rounds = int(min(50, max(1, WORK / len(problem.lists[2]))))
        bound, self.free = kernels.ascend_packed(
            *problem.lists, price, problem.load, problem.capacity, self.state, self.free, hunt.value, hunt.cap, rounds,
            self.slope, self.mean, self.pace, saving, worth,
        )  # fmt: skip
        self.calls += 1
        if bound > self.bound:
            self.bound, self.best_price, self.saving, self.worth = bound, price, saving, worth
            hunt.raise_bound(hunt.value if bound >= hunt.cap else bound)
        if self.pace[0] < 1e-4:
            if self.rests and self.bound - self.rested_at < 0.05 * (hunt.value - self.bound):
                self.settled = True
            self.rests, self.rested_at = self.rests + 1, self.bound
            self.pace[:2] = 0.2, 0.1

    def sites(self, problem: _Problem) -> Flags:
        """Return the choice that the bound points at."""
        leaning = np.where(problem.stays, 3.0, np.where(self.state == CLOSED, -1.0, self.mean))
        chosen = np.zeros(len(leaning), dtype=bool)
        chosen[np.argsort(-leaning, kind="stable")[: problem.p]] = True
        return chosen

    def useful(self, hunt: _Hunt) -> tuple[Ints, Ints]:
        """Return the points and sites of the pairs that a choice as good as the best one can use."""
        problem = hunt.problem
        start, site, cost = problem.lists
        row = np.repeat(np.arange(len(start) - 1), np.diff(start))
        last = np.sort(self.saving)[problem.p - 1]
        more = np.maximum(0.0, self.saving - last)[site]
        more += np.maximum(0.0, self.worth[site] * problem.load[row] - (self.best_price[row] - cost))
        keep = self.bound + more <= hunt.value * (1.0 + 1e-9)
        keep &= problem.load[row] <= problem.capacity[site]
        keep |= site == hunt.site_of[row]
        return row[keep], site[keep].astype(np.int64)


def _find_any(hunt: _Hunt) -> None:
    """Ask HiGHS for an assignment where annealing found none, or refuse."""
    problem = hunt.problem
    start, site, _ = problem.lists
    row = np.repeat(np.arange(len(start) - 1), np.diff(start))
    _finish(hunt, row, site.astype(np.int64))
    if hunt.value < problem.far:
        return
    raise InfeasibleError(
        [
            f"no assignment to {problem.p} sites without an overfull one was found in {hunt.seconds:g} s; "
            "whether there is one is open"
        ],
        reasons_zh=[f"{hunt.seconds:g}秒内没有找到{problem.p}个点都不超容量的分配方案，是否存在尚无定论"],
    )


def _finish(hunt: _Hunt, row: Ints, site: Ints) -> None:
    """Let HiGHS choose among the pairs given, in the time that is left."""
    problem = hunt.problem
    n, m = problem.cost.shape
    count = len(row)
    pair = np.arange(count)
    # columns: the pairs, then the sites; rows: points, room, pairs need their site, number of sites
    ones, sites = np.ones(count), np.arange(m)
    parts = (
        (row, pair, ones),
        (n + site, pair, problem.load[row]),
        (n + sites, count + sites, -problem.capacity),
        (n + m + pair, pair, ones),
        (n + m + pair, count + site, -ones),
        (np.full(m, n + m + count), count + sites, np.ones(m)),
    )
    at, of, entry = (np.concatenate(one) for one in zip(*parts, strict=True))
    matrix = sparse.csc_array((entry, (at, of)), shape=(n + m + count + 1, count + m))
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = np.concatenate([problem.cost[row, site], np.zeros(m)])
    lp.col_lower_ = np.concatenate([np.zeros(count), problem.stays.astype(float)])
    lp.col_upper_ = np.ones(count + m)
    lp.row_lower_ = np.concatenate([np.ones(n), np.full(m + count, -highspy.kHighsInf), [problem.p]])
    lp.row_upper_ = np.concatenate([np.ones(n), np.zeros(m + count), [problem.p]])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    lp.integrality_ = [highspy.HighsVarType.kInteger] * (count + m)
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    left = max(0.1, hunt.seconds - (perf_counter() - hunt.began))
    options = {"output_flag": False, "random_seed": 0, "threads": 1, "time_limit": left, "mip_rel_gap": hunt.gap / 4}
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(lp)
    if hunt.value < problem.far:
        known = highspy.HighsSolution()
        known.col_value = [*(hunt.site_of[row] == site).astype(float), *hunt.chosen.astype(float)]
        highs.setSolution(known)
    highs.run()
    status, info = highs.getModelStatus(), highs.getInfo()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        if hunt.value < problem.far:  # an assignment is known, so this is HiGHS's rounding
            return
        raise InfeasibleError(
            [f"no {problem.p} sites can take every demand point as a whole without being overfull (proven)"],
            reasons_zh=[f"已证明：任何{problem.p}个点都无法在不超容量的前提下整体接纳所有需求点"],
        )
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        answer = np.array(highs.getSolution().col_value) > 0.5
        site_of = hunt.site_of.copy()
        site_of[row[answer[:count]]] = site[answer[:count]]
        used = np.bincount(site_of, problem.load, minlength=m)
        if (used <= problem.capacity * (1.0 + 1e-9)).all():
            hunt.take(answer[count:], site_of)
    if math.isfinite(info.mip_dual_bound):
        hunt.raise_bound(min(info.mip_dual_bound - 1e-7 * abs(info.mip_dual_bound), hunt.value))
