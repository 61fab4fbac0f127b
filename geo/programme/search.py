"""Solving a model: HiGHS as it is where that is quick, and on large models its relaxation, filled and improved site by
site, with a bound at every moment.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import highspy
import numpy as np

from geo.programme.board import Flags, Floats
from geo.programme.model import Model, keeps

LARGE = 6_000
"""Columns from which a model is filled and improved piece by piece."""
ROUNDS = 60
"""Looks at a few sites, at most."""
SITES = 24
"""Sites looked at together."""
NODES = 2_000
"""Branches that one such look may take."""
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
    """
    if start is not None and not keeps(model, start):
        start = None
    if model.matrix.shape[1] <= LARGE:
        return run(model, cost, start=start, gap=gap, deadline=deadline)
    relaxed = run(model, cost, integer=False, deadline=deadline)
    if relaxed.status == "infeasible":
        return relaxed
    bound = relaxed.bound
    best = Solved("unknown", None, math.inf, bound)
    if start is not None:
        best = Solved("solved", start, float(cost @ start), bound)
        best = _filled(model, cost, best, deadline)
    if best.column is None:
        best = replace(run(model, cost, gap=gap, deadline=deadline), bound=bound)
        return best
    return _improved(model, cost, best, relaxed, gap, deadline, told)


def _filled(model: Model, cost: Floats, best: Solved, deadline: float | None) -> Solved:
    """Return the best that can be done in the frame that is known: which sites are at work when stays."""
    assert best.column is not None
    low, high = model.low.copy(), model.high.copy()
    fixed = model.frame
    low[fixed] = high[fixed] = np.rint(best.column[fixed])
    found = run(model, cost, start=best.column, low=low, high=high, gap=1e-4, deadline=deadline, nodes=NODES)
    return replace(found, bound=best.bound) if found.column is not None and found.value < best.value else best


def _improved(
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
    assert best.column is not None
    assert relaxed.column is not None
    differs = np.abs(relaxed.column - best.column) * model.frame
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
        low[~free] = high[~free] = np.rint(best.column[~free])
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
    highs = highspy.Highs()
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
        if status != highspy.HighsModelStatus.kOptimal:
            return Solved("unknown", None, math.inf, -math.inf)
        return Solved("solved", column, info.objective_function_value, info.objective_function_value)
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Solved("unknown", None, math.inf, info.mip_dual_bound)
    column[model.integer] = np.rint(column[model.integer])
    bound = info.objective_function_value if status == highspy.HighsModelStatus.kOptimal and gap == 0 else (
        info.mip_dual_bound)  # fmt: skip
    return Solved("solved", column, float(cost @ column), min(bound, float(cost @ column)))


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
