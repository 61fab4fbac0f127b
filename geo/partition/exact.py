"""Small towns solved exactly: the best of all ways to part up to 14 atoms."""

import numpy as np
import numpy.typing as npt

from geo.partition import kernels
from geo.partition.search import Problem, Small

Floats = npt.NDArray[np.float64]
MOST_ATOMS = 14


def best_partitions(problem: Problem, most: int, extra: Floats) -> dict[int, tuple[float, Small]]:
    """Return, for every k up to `most`, the cheapest k contiguous parts within limits: (cost, assignment).

    Parameters
    ----------
    problem : Problem
        At most 14 vertices.
    most : int
        Largest number of parts of interest.
    extra : array (2**n,)
        What each set of vertices (as bits) adds to the cost when it is a part.

    Returns
    -------
    dict from k to (cost, assignment)
        Only those k for which there is an assignment at all.
    """
    n = problem.n
    value = kernels.part_values(
        problem.start, problem.link, problem.neighbour, problem.cost, problem.weights, problem.low, problem.high,
        problem.size_cost, problem.target,
    )  # fmt: skip
    value += extra
    most = min(most, n)
    cost, choice = kernels.cover_table(value, n, most)
    found = {}
    for k in range(1, most + 1):
        rest = (1 << n) - 1
        if not np.isfinite(cost[k, rest]):
            continue
        part = np.zeros(n, dtype=np.int32)
        for j in range(k, 0, -1):
            mine = int(choice[j, rest])
            part[[v for v in range(n) if mine >> v & 1]] = k - j
            rest ^= mine
        found[k] = (float(cost[k, (1 << n) - 1]), part)
    return found
