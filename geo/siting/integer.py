"""Linear programs with whole numbers in them, solved by HiGHS."""

import math
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from geo.siting.choice import Floats


@dataclass(frozen=True)
class Program:
    """Minimise cost @ x where low <= matrix @ x <= high and 0 <= x <= upper, whole where `whole`.

    The matrix is kept by columns (csc).
    """

    cost: Floats
    matrix: sparse.csc_array
    low: Floats
    high: Floats
    upper: Floats
    whole: npt.NDArray[np.bool_]
    lower: Floats | None = None


@dataclass(frozen=True)
class Solved:
    """What HiGHS found: the best x (None when it found none), its cost, and what nothing is cheaper than.

    `impossible` when there is no x at all; prices of the rows where nothing is whole.
    """

    x: Floats | None
    value: float
    bound: float
    impossible: bool = False
    prices: Floats | None = None


def solve(
    program: Program, *, seconds: float, gap: float = 0.0, start: Floats | None = None, step: float = 0.0,
    any_will_do: bool = False,
) -> Solved:  # fmt: skip
    """Return the best x in so many seconds.

    Parameters
    ----------
    program : Program
    seconds : float
        [s]
    gap : float
        Relative difference of value and bound at which the search may end.
    start : array, optional
        An x that is allowed.
    step : float
        What all costs are multiples of, 0 when that is unknown: less than it apart is proof enough.
    any_will_do : bool
        The first x that is allowed ends the search.
    """
    if seconds <= 0:
        return Solved(None, math.inf, -math.inf)
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    options = {"output_flag": False, "random_seed": 0, "threads": 1, "mip_rel_gap": gap, "time_limit": seconds,
               "mip_abs_gap": max(1e-9, 0.999 * step), "mip_feasibility_tolerance": 1e-7}  # fmt: skip
    if any_will_do:
        options["mip_max_improving_sols"] = 1
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(_lp(program))
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = start.tolist()
        highs.setSolution(known)
    highs.run()
    status, info = highs.getModelStatus(), highs.getInfo()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return Solved(None, math.inf, math.inf, impossible=True)
    solution = highs.getSolution()
    if not program.whole.any():
        if status != highspy.HighsModelStatus.kOptimal:
            return Solved(None, math.inf, -math.inf)
        value = float(info.objective_function_value)
        return Solved(np.array(solution.col_value), value, value, prices=np.array(solution.row_dual))
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Solved(None, math.inf, float(info.mip_dual_bound))
    x = np.array(solution.col_value)
    x[program.whole] = np.rint(x[program.whole])
    return Solved(x, float(program.cost @ x), float(info.mip_dual_bound))


def _lp(program: Program) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.matrix.shape
    lp.col_cost_ = program.cost
    lp.col_lower_ = np.zeros(len(program.cost)) if program.lower is None else program.lower
    lp.col_upper_ = program.upper
    lp.row_lower_, lp.row_upper_ = program.low, program.high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = program.matrix.indptr
    lp.a_matrix_.index_ = program.matrix.indices
    lp.a_matrix_.value_ = program.matrix.data
    if program.whole.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(one)] for one in program.whole]
    return lp
