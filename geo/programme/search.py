"""Solving a model: HiGHS as it is where that is quick, and on large models its relaxation, filled and improved site by
site, with a bound at every moment.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import highspy
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from geo.programme.board import Flags, Floats, Ints
from geo.programme.model import Model, keeps

LARGE = 6_000
"""Columns from which a model is filled and improved piece by piece."""
ROUNDS = 60
"""Looks at a few sites, at most."""
SITES = 40
"""Sites looked at together."""
NODES = 2_000
"""Branches that one such look may take."""
BUNDLES = 8
"""Parts that a site's measures are taken in while it is settled when sites are at work."""
TANGENTS = 40
"""Lines that stand for what a site's measures can meet for money."""
JOINED = 8
"""So many measures that exclude one another are looked at together."""
SPARE = 1e-9

Status = Literal["solved", "infeasible", "unknown"]


@dataclass(frozen=True)
class Solved:
    """What solving gave: columns (None: none found), what they are worth, what nothing can do better than."""

    status: Status
    column: Floats | None
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """How far the bound is away, as a share of the value; 0 is the best itself."""
        if self.column is None:
            return math.inf
        return abs(self.value - self.bound) / max(abs(self.value), SPARE) if self.value != self.bound else 0.0


def solve(
    model: Model,
    cost: Floats,
    *,
    start: Floats | None = None,
    gap: float = 0.0,
    deadline: float | None = None,
    told: Callable[[float], None] | None = None,
    loose: Model | None = None,
    loose_cost: Floats | None = None,
    outer: bool = False,
) -> Solved:
    """Return columns of least cost.

    Parameters
    ----------
    model : Model
    cost : array
        What each column costs.
    start : array, optional
        Columns that keep the model, to begin with.
    gap : float
        Enough, as a share.
    deadline : float, optional
        When to stop (`time.monotonic()`).
    told : callable, optional
        Is told the share of the work that is done.
    loose, loose_cost : Model, array, optional
        An easier model that asks for less, and its cost: its bound stands in when there is no time for the model's own.
    outer : bool
        The cost is the need met, negative: sites can be settled first, each as a whole.
    """
    if start is not None and not keeps(model, start):
        start = None
    if model.matrix.shape[1] <= LARGE:
        return run(model, cost, start=start, gap=gap, deadline=deadline)
    best = Solved("unknown", None, math.inf, -math.inf)
    if start is not None:
        best = _filled(model, cost, replace(best, status="solved", column=start, value=float(cost @ start)), deadline)
        best = _bundled(model, cost, best, _part(deadline, 0.2)) if not outer else best
    if outer and best.column is not None and len(model.at_work) and len(model.budget_rows):
        best = _outer(model, cost, best, gap, _part(deadline, 0.6))
        if best.gap <= gap:
            return best
    relaxed = run(model, cost, integer=False, deadline=_part(deadline, 0.7))
    if relaxed.status == "infeasible":
        return relaxed
    if best.column is None:
        return run(model, cost, gap=gap, deadline=deadline)
    best = replace(best, bound=max(best.bound, relaxed.bound))
    if not math.isfinite(best.bound) and loose is not None and loose_cost is not None:
        best = replace(best, bound=run(loose, loose_cost, integer=False, deadline=deadline).bound)
    return _improved(model, cost, best, relaxed, gap, deadline, told)


def _known(solved: Solved) -> Floats:
    """Return the columns of what was solved."""
    if solved.column is None:
        raise RuntimeError("there is nothing to improve yet")
    return solved.column


def _part(deadline: float | None, share: float) -> float | None:
    """Return the time by which so much of what is left will have been spent."""
    now = time.monotonic()
    return None if deadline is None else now + share * max(0.0, deadline - now)


def _bundled(model: Model, cost: Floats, best: Solved, deadline: float | None) -> Solved:
    """Return what comes of choosing among bundles: a site's measures of like yield, taken in equal parts.

    A choice of parts of bundles keeps every row that the parts of their measures keep, so when the sites are at work is
    settled by a much smaller model; which measures are done then, is filled in.
    """
    column = _known(best)
    T = model.years
    items = np.arange(model.items)
    loose = items[~model.frame[items * T]]
    loose = loose[np.lexsort((-(model.need / np.maximum(model.money, 1e-6))[loose], model.place[loose * T]))]
    home = model.place[loose * T]
    first = np.flatnonzero(np.append(True, home[1:] != home[:-1])) if len(home) else np.zeros(0, dtype=np.int64)
    size = np.diff(np.append(first, len(home)))
    step = np.arange(len(home)) - np.repeat(first, size)
    most = np.where(home[first] >= 0, BUNDLES, 10 * BUNDLES)
    chunk = np.minimum(step * np.repeat(most, size) // np.maximum(np.repeat(size, size), 1), np.repeat(most, size) - 1)
    _, bundle = np.unique(np.repeat(np.arange(len(first)), size) * 1000 + chunk, return_inverse=True)
    bundles = int(bundle.max(initial=-1)) + 1
    kept = np.setdiff1d(np.arange(model.matrix.shape[1]), (loose[:, None] * T + np.arange(T)).ravel())
    rows = np.concatenate([kept, (loose[:, None] * T + np.arange(T)).ravel()])
    columns = np.concatenate([np.arange(len(kept)), len(kept) + (bundle[:, None] * T + np.arange(T)).ravel()])
    spread = sparse.csc_matrix((np.ones(len(rows)), (rows, columns)), (model.matrix.shape[1], len(kept) + bundles * T))
    matrix = (model.matrix @ spread).tocsr()
    matrix.eliminate_zeros()
    # Measures of a bundle are bound to their site by the same row: one of them is enough.
    mark = matrix @ np.random.default_rng(0).uniform(1, 2, matrix.shape[1])
    _, single = np.unique(np.column_stack([mark, model.row_low, model.row_high]), axis=0, return_index=True)
    single = np.sort(single)
    high = np.full(spread.shape[1], np.inf)
    np.minimum.at(high, columns, model.high[rows])
    low = np.concatenate([model.low[kept], np.zeros(bundles * T)])
    integer = np.concatenate([model.integer[kept], np.zeros(bundles * T, dtype=np.bool_)])
    small = replace(model, matrix=matrix[single].tocsc(), row_low=model.row_low[single],
                    row_high=model.row_high[single], low=low, high=high, integer=integer)  # fmt: skip
    known = np.concatenate([column[kept], np.zeros(bundles * T)])
    found = run(small, spread.T @ cost, start=known if keeps(small, known) else None, gap=1e-3, deadline=deadline,
                nodes=NODES)  # fmt: skip
    if found.column is None:
        return best
    whole = spread @ found.column
    return _filled(model, cost, replace(best, column=whole), deadline, start=best)


def _outer(  # noqa: PLR0915 - one model from top to bottom
    model: Model, cost: Floats, best: Solved, gap: float, deadline: float | None
) -> Solved:
    """Return what comes of settling sites as wholes, and a bound.

    What the measures of a site's campaign can meet for an amount of money is at most a concave function of it: the best
    yields first, in parts. A few of its tangents stand for all the measures of the site, so nothing can do better than
    this much smaller model, which is solved with its whole numbers; what is done on each site is filled in.
    """
    T, total = model.years, model.matrix.shape[1]
    host = dict(model.at_work.tolist())
    items = np.arange(model.items)
    loose = items[~model.frame[items * T] & np.isin(model.place[items * T], list(host))]
    dropped = np.zeros(total, dtype=np.bool_)
    dropped[(loose[:, None] * T + np.arange(T)).ravel()] = True
    for _, column in model.met:
        dropped[column : column + T] = True
    kept = np.flatnonzero(~dropped)
    rows = np.asarray(abs(model.matrix[:, dropped]).sum(axis=1) == 0).ravel()
    rows[model.budget_rows] = False
    money_of, need_of, group = _steps(model, loose)
    order = np.lexsort((-need_of / np.maximum(money_of, 1e-9), group))
    money_of, need_of, group = money_of[order], need_of[order], group[order]
    names, first = np.unique(group, return_index=True)
    G, K = len(names), len(kept)
    new: Ints = np.full(total, -1)
    new[kept] = np.arange(K)
    spend = K + np.arange(G * T).reshape(G, T)
    met = spend + G * T
    body: list[sparse.csr_matrix] = [
        sparse.hstack([model.matrix[rows][:, kept], sparse.csr_matrix((rows.sum(), 2 * G * T))])
    ]
    low, high = [model.row_low[rows]], [model.row_high[rows]]
    money = sparse.csr_matrix((np.ones(G * T), (np.tile(np.arange(T), G), spend.ravel() - K)), (T, 2 * G * T))
    body.append(sparse.hstack([model.matrix[model.budget_rows][:, kept], money]))
    low.append(model.row_low[model.budget_rows])
    high.append(model.row_high[model.budget_rows])
    r, c, v, top = [], [], [], []
    count = 0
    for g, mine in enumerate(np.split(np.arange(len(group)), first[1:]) if G else []):
        for slope, base in _tangents(money_of[mine], need_of[mine]):
            for t in range(T):
                at = new[host[int(names[g])] + t]
                r += [count] * 3
                c += [met[g, t], spend[g, t], at]
                v += [1.0, -slope * model.counts[t], -base * model.counts[t]]
                top.append(0.0)
                count += 1
            if not model.single:
                r += [count] * (2 * T)
                c += [*met[g], *spend[g]]
                v += [*(1.0 / model.counts), *([-slope] * T)]
                top.append(base)
                count += 1
    body.append(sparse.csr_matrix((v, (r, c)), (count, K + 2 * G * T)))
    low.append(np.full(count, -np.inf))
    high.append(np.array(top))
    # What is in no campaign stands as it is, but may be done in parts, which keeps the bound a bound. Safety among it
    # has its years already.
    ahead = np.setdiff1d(items[~np.isin(items * T, model.at_work[:, 1])], loose)
    apart = (ahead[:, None] * T + np.arange(T)).ravel()
    settled = apart[model.frame[apart]]
    whole_numbers = model.integer.copy()
    whole_numbers[apart] = False
    small = replace(
        model, matrix=sparse.vstack(body).tocsc(), row_low=np.concatenate(low), row_high=np.concatenate(high),
        low=np.concatenate([model.low[kept], np.zeros(2 * G * T)]),
        high=np.concatenate([model.high[kept], np.full(G * T, model.money.sum() + 1),
                             np.full(G * T, model.need.sum() + 1)]),
        integer=np.concatenate([whole_numbers[kept], np.zeros(2 * G * T, dtype=np.bool_)]),
    )  # fmt: skip
    # What a measure makes needless is met with it: its own columns are left out here.
    worth = cost.copy()
    worth[: model.items * T] = -np.outer(model.need, model.counts).ravel()
    price = np.concatenate([worth[kept], np.zeros(G * T), -np.ones(G * T)])
    start = np.concatenate([_known(best)[kept], np.zeros(2 * G * T)])
    found = run(small, price, start=start if keeps(small, start) else None, gap=0.3 * gap, deadline=deadline,
                nodes=20 * NODES, integer=model.single)  # fmt: skip
    best = replace(best, bound=max(best.bound, found.bound))
    if found.column is None or not model.single:
        return best
    whole = np.zeros(total)
    whole[kept] = found.column[:K]
    whole[settled] = _known(best)[settled]
    return _filled(model, cost, replace(best, column=whole), None, start=best)


def _steps(model: Model, loose: Ints) -> tuple[Floats, Floats, Ints]:
    """Return money, need and site of the steps in which measures can be taken, a measure a step.

    Of a renewal and its patches one is done: what they can meet for money lies below the hull of all that can be chosen
    among them, and the hull's sides are their steps.
    """
    T = model.years
    own = model.value[: model.items * T : T] / model.counts[0]
    inside = np.zeros(model.items, dtype=np.bool_)
    inside[loose] = True
    pairs = model.instead
    pairs = pairs[inside[pairs].all(axis=1) & (model.place[pairs[:, 0] * T] == model.place[pairs[:, 1] * T])]
    graph = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(model.items,) * 2)
    part = connected_components(graph, directed=False)[1]
    money, need, place = [], [], []
    joined = np.unique(pairs)
    small = joined[np.bincount(part)[part[joined]] <= JOINED]
    for together in np.split(small[np.argsort(part[small], kind="stable")],
                             np.flatnonzero(np.diff(np.sort(part[small]))) + 1) if len(small) else []:  # fmt: skip
        position = {int(item): i for i, item in enumerate(together)}
        ends = [(position[int(a)], position[int(b)]) for a, b in pairs if int(a) in position]
        points = []
        for chosen in range(1 << len(together)):
            in_it = [bool(chosen >> i & 1) for i in range(len(together))]
            if any(in_it[a] and in_it[b] for a, b in ends):
                continue
            met = {i for i, is_in in enumerate(in_it) if is_in} | {b for a, b in ends if in_it[a]}
            points.append((float(model.money[together][in_it].sum()), float(own[together][sorted(met)].sum())))
        hull = _hull(points)
        for (x0, y0), (x1, y1) in pairwise([(0.0, 0.0), *hull] if hull[0] != (0.0, 0.0) else hull):
            money.append(x1 - x0)
            need.append(y1 - y0)
            place.append(int(model.place[together[0] * T]))
    alone = loose[~np.isin(loose, small)]
    return (
        np.concatenate([model.money[alone], money]),
        np.concatenate([model.need[alone], need]),
        np.concatenate([model.place[alone * T], np.array(place, dtype=np.int64)]),
    )


def _hull(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the corners of the least rising concave line above points, from the origin."""
    hull: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda p: (p[0], -p[1])):
        if hull and point[1] <= hull[-1][1]:
            continue
        while len(hull) > 1 and (hull[-1][1] - hull[-2][1]) * (point[0] - hull[-2][0]) <= (point[1] - hull[-2][1]) * (
            hull[-1][0] - hull[-2][0]
        ):
            hull.pop()
        hull.append(point)
    return hull


def _tangents(money: Floats, need: Floats) -> list[tuple[float, float]]:
    """Return (slope, base) of lines above what measures, best yields first, meet for money."""
    paid = money > 1e-9
    free = float(need[~paid].sum())
    spent = np.concatenate([[0.0], np.cumsum(money[paid])])
    meets = free + np.concatenate([[0.0], np.cumsum(need[paid])])
    lines = [(0.0, float(meets[-1]))]
    steps = len(spent) - 1
    for j in sorted({round(x) for x in np.linspace(0, steps - 1, min(steps, TANGENTS))}) if steps else []:
        slope = float((meets[j + 1] - meets[j]) / (spent[j + 1] - spent[j]))
        lines.append((slope, float(meets[j] - slope * spent[j])))
    return lines


def _filled(model: Model, cost: Floats, best: Solved, deadline: float | None, start: Solved | None = None) -> Solved:
    """Return the best that can be done in the frame that is known: which sites are at work when stays.

    Parameters
    ----------
    start
        What is kept when nothing better comes of it; `best` itself when not given.
    """
    low, high = model.low.copy(), model.high.copy()
    fixed = model.frame & model.integer
    low[fixed] = high[fixed] = np.rint(_known(best)[fixed])
    known = start or best
    found = run(model, cost, start=best.column if start is None else None, low=low, high=high, gap=1e-4,
                deadline=deadline, nodes=NODES)  # fmt: skip
    return replace(found, bound=known.bound) if found.column is not None and found.value < known.value else known


def _improved(  # noqa: PLR0917 - it is called once
    model: Model,
    cost: Floats,
    best: Solved,
    relaxed: Solved,
    gap: float,
    deadline: float | None,
    told: Callable[[float], None] | None,
) -> Solved:
    """Return what solving a few sites at a time, all else fixed, makes of it."""
    sites = np.unique(model.place[model.place >= 0])
    if not len(sites):
        return best
    rng = np.random.default_rng(0)
    # Where the relaxation is undecided, or differs from what is known, there is most to gain.
    column = _known(best)
    other = column if relaxed.column is None else relaxed.column
    differs = np.abs(other - column) * model.frame
    doubt = np.zeros(int(sites.max()) + 1)
    np.add.at(doubt, model.place[model.place >= 0], differs[model.place >= 0])
    idle = 0
    for turn in range(ROUNDS):
        if best.gap <= gap or idle >= ROUNDS // 3 or (deadline is not None and time.monotonic() > deadline):
            break
        weight = 0.05 + doubt[sites]
        picked = (
            sites[np.argsort(-doubt[sites], kind="stable")[:SITES]] if turn == 0
            else rng.choice(sites, min(SITES, len(sites)), replace=False, p=weight / weight.sum())
        )  # fmt: skip
        free = np.isin(model.place, picked) | ~model.integer
        low, high = model.low.copy(), model.high.copy()
        low[~free] = high[~free] = np.rint(_known(best)[~free])
        found = run(model, cost, start=best.column, low=low, high=high, gap=1e-4, deadline=deadline, nodes=NODES)
        if found.column is not None and found.value < best.value - SPARE * max(1.0, abs(best.value)):
            best, idle = replace(found, bound=best.bound), 0
        else:
            idle += 1
        if told is not None:
            told((turn + 1) / ROUNDS)
    return best


def run(
    model: Model,
    cost: Floats,
    *,
    start: Floats | None = None,
    low: Floats | None = None,
    high: Floats | None = None,
    gap: float = 0.0,
    deadline: float | None = None,
    nodes: int | None = None,
    integer: bool = True,
) -> Solved:
    """Return what HiGHS makes of a model in one go; single-threaded, so that the same model has the same answer."""
    if model.matrix.shape[1] == 0:
        nothing = np.zeros(0)
        return Solved("solved", nothing, 0.0, 0.0) if keeps(model, nothing) else (
            Solved("infeasible", None, math.inf, math.inf))  # fmt: skip
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    options = {"output_flag": False, "random_seed": 0, "threads": 1, "mip_rel_gap": gap, "mip_abs_gap": 1e-7,
               "mip_feasibility_tolerance": 1e-7, "primal_feasibility_tolerance": 1e-8}  # fmt: skip
    if deadline is not None:
        options["time_limit"] = max(0.05, deadline - time.monotonic())
    if nodes is not None:
        options["mip_max_nodes"] = nodes
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(_lp(model, cost, low, high, model.integer if integer else None))
    if start is not None and integer:
        known = highspy.HighsSolution()
        known.col_value = start.tolist()
        highs.setSolution(known)
    highs.run()
    status, info = highs.getModelStatus(), highs.getInfo()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return Solved("infeasible", None, math.inf, math.inf)
    column = np.array(highs.getSolution().col_value)
    if not integer:
        bound = _dual_bound(model, cost, np.array(highs.getSolution().row_dual))
        if status != highspy.HighsModelStatus.kOptimal:
            return Solved("unknown", None, math.inf, bound)
        return Solved("solved", column, info.objective_function_value, bound)
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Solved("unknown", None, math.inf, info.mip_dual_bound)
    column[model.integer] = np.rint(column[model.integer])
    bound = info.objective_function_value if status == highspy.HighsModelStatus.kOptimal and gap == 0 else (
        info.mip_dual_bound)  # fmt: skip
    return Solved("solved", column, float(cost @ column), min(bound, float(cost @ column)))


def _dual_bound(model: Model, cost: Floats, dual: Floats) -> float:
    """Return what the prices of the rows prove, however roughly they were computed."""
    if len(dual) != len(model.row_low):
        return -math.inf
    low, high = np.isfinite(model.row_low), np.isfinite(model.row_high)
    dual = np.where((dual > 0) & ~low | (dual < 0) & ~high, 0.0, dual)
    reduced = cost - model.matrix.T @ dual
    # What no limit holds can be as large as it likes, so it must not pay.
    if (reduced[~np.isfinite(model.high)] < -1e-6).any():
        return -math.inf
    rows = dual * np.where(dual > 0, np.where(low, model.row_low, 0.0), np.where(high, model.row_high, 0.0))
    columns = np.minimum(reduced * model.low, reduced * np.where(np.isfinite(model.high), model.high, 0.0))
    return float(rows.sum() + columns.sum())


def _lp(model: Model, cost: Floats, low: Floats | None, high: Floats | None, integer: Flags | None) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    rows, columns = model.matrix.shape
    lp.num_row_, lp.num_col_ = rows, columns
    lp.col_cost_ = cost
    lp.col_lower_ = model.low if low is None else low
    lp.col_upper_ = model.high if high is None else high
    lp.row_lower_, lp.row_upper_ = model.row_low, model.row_high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = model.matrix.indptr
    lp.a_matrix_.index_ = model.matrix.indices
    lp.a_matrix_.value_ = model.matrix.data
    if integer is not None:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(one)] for one in integer]
    return lp
