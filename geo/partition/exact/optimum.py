"""Contiguous parts proven to be the best there are.

A plan's cost is a sum over its parts: half of a part's border, its distance from the target, and whatever else depends
on the part alone. So the best plan is the cheapest choice of connected sets that hold every vertex once, a
set-partition problem:

1. all connected sets within the limits are enumerated (`geo.partition.exact.enumeration`);
2. the linear relaxation gives every vertex a price; what the sets cost less the prices of their vertices shows how
   much any plan that uses them is above the bound;
3. sets that would bring a plan above the best one known are left out; rows that no fraction may break (of three
   vertices only one part can hold two) raise the bound and leave out more;
4. what remains is solved by HiGHS.

Effort is counted in sets and branches, never in seconds.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo.partition.exact import enumeration
from geo.partition.exact.cover import CLOSE, Floats, Late, Relaxation, SetCosts, Sets, Task, cost_of
from geo.partition.exact.enumeration import FREE, IN, OUT
from geo.partition.exact.pairs import foes, halved, improve_pairs, subgraph
from geo.partition.exact.pricing import MOST_NODES, Pricing
from geo.partition.search import kernels
from geo.partition.search.problem import Problem, Small, Watch

__all__ = ["MOST_ATOMS", "Optimum", "SetCosts", "best_partitions", "improve_pairs", "solve_exactly"]

MOST_SETS = 1_500_000
"""Sets to enumerate at most: 1.5 million are about 200 MB."""
STEPS_PER_SET = 10
"""Steps the enumeration may take for each set it may return."""
MOST_PRICED = 150
"""Vertices of a problem whose sets are priced when they cannot be listed."""
MOST_ATOMS = 14
"""Atoms that `best_partitions` can take."""
CUT_ROUNDS = 30
"""Rounds of rows that no fraction may break."""
LITTLE = 0.01
"""Share of the gap that a round of rows must close for another to follow."""
FEW_SETS = 3_000
"""With so few sets left HiGHS needs no more help."""


@dataclass(frozen=True)
class Optimum:
    """The best plan there is, or how near to it the effort came.

    Attributes
    ----------
    part : array (n,) or None
        The best assignment known; None when none is known, or none exists.
    k : int or None
        Its number of parts.
    cost : float
        Its cost; infinite without an assignment.
    lower_bound : float
        No assignment costs less; infinite when it is proven that there is none.
    proven : bool
        Whether the assignment is the best there is, or it is proven that there is none.
    sets : int
        Connected sets enumerated.
    stopped_early : bool
        Whether the deadline ended the work.
    """

    part: Small | None
    k: int | None
    cost: float
    lower_bound: float
    proven: bool
    sets: int
    stopped_early: bool = False


def solve_exactly(
    problem: Problem,
    ks: Sequence[int] | None,
    *,
    extra: SetCosts | None = None,
    worth: Callable[[Small, int], float] | None = None,
    start: tuple[float, Small] | None = None,
    most_sets: int = MOST_SETS,
    watch: Watch | None = None,
    deadline: float | None = None,
) -> Optimum:
    """Return the cheapest contiguous parts within the limits, or the best known with a lower bound.

    Parameters
    ----------
    problem : Problem
        Vertices, limits and costs; pinned and barred vertices are respected.
    ks : sequence of int or None
        Allowed numbers of parts; None for any.
    extra : SetCosts, optional
        What sets cost besides.
    worth : callable, optional
        What an assignment with so many parts costs in truth, where what its sets cost is no more than a bound.
    start : (cost, assignment), optional
        A plan inside the limits, with its whole cost: the better it is, the less there is to do.
    most_sets : int
        Effort: connected sets to enumerate at most.
    watch : callable, optional
        Told the progress; what it raises passes through.
    deadline : float, optional
        Value of `time.monotonic` after which the best known is returned.
    """
    counts = _counts(problem, ks)
    part = None if start is None else np.asarray(start[1], dtype=np.int32)
    task = Task(
        problem, 1, 1, extra, watch, deadline, step=_step(problem) if extra is None else 0.0, worth=worth, part=part
    )
    if start is not None and part is not None:
        task.cost, task.k = float(start[0]), int(part.max()) + 1
    bound, sets, late = math.inf, 0, False
    for fewest, most in counts:
        task.fewest, task.most, task.bound, task.sets = fewest, most, -math.inf, 0
        try:
            _solve(task, most_sets)
        except Late:
            late = True
        bound, sets = min(bound, task.bound), sets + task.sets
    task.bound, task.sets = bound, sets
    return _answer(task, late=late)


def _counts(problem: Problem, ks: Sequence[int] | None) -> list[tuple[int, int]]:
    """Return the numbers of parts that the totals and the question allow, as (fewest, most) of each unbroken run."""
    fewest, most = 1, problem.n
    total = problem.weights.sum(axis=0).tolist()
    for whole, low, high in zip(total, problem.low.tolist(), problem.high.tolist(), strict=True):
        fewest = max(fewest, -(-whole // high) if high > 0 else (problem.n + 1 if whole else 1))
        most = min(most, whole // low if low > 0 else most)
    fewest = max(fewest, int(problem.pin.max()) + 1, problem.bar.shape[1], len(problem.shun))
    if ks is None:
        return [(fewest, most)] if fewest <= most else []
    runs: list[tuple[int, int]] = []
    for k in sorted(set(ks)):
        if fewest <= k <= most:
            if runs and runs[-1][1] == k - 1:
                runs[-1] = (runs[-1][0], k)
            else:
                runs.append((k, k))
    return runs


def _step(problem: Problem) -> float:
    """Return what every plan's cost is a multiple of, 0 when that is nothing useful."""
    if problem.size_cost != 0 or not len(problem.cost):
        return 0.0
    whole = np.round(problem.cost)
    if np.abs(problem.cost - whole).max() > 0 or np.abs(whole).max() > 1e9:
        return 0.0
    return float(np.gcd.reduce(whole.astype(np.int64)))


def _answer(task: Task, *, late: bool) -> Optimum:
    """Return what is known."""
    if task.part is None:
        return Optimum(None, None, math.inf, task.bound, task.bound == math.inf, task.sets, late)
    bound = task.cost if task.closed else task.bound
    return Optimum(task.part, task.k, task.cost, bound, task.closed, task.sets, late and not task.closed)


def _solve(task: Task, most_sets: int) -> None:
    """Two parts: branch. Few sets: list them and choose. Many sets: look only for those with a good price."""
    problem = task.problem
    if task.extra is None and task.fewest == task.most == 2:
        return _halve(task)
    whole_target = problem.size_cost == 0 or float(problem.target).is_integer()  # prices count in whole units
    priced = task.extra is None and problem.n <= MOST_PRICED and whole_target
    sets = _enumerated(task, most_sets // 8 if priced else most_sets)
    if sets is not None:
        if task.part is None:
            _find_any(task, lambda question: _choose(question, sets.free()))
        if task.part is not None:
            _choose(task, sets)
    elif priced:
        if task.part is None:
            free = replace(problem, cost=np.zeros_like(problem.cost), size_cost=0.0)
            _find_any(task, lambda question: _generate(question, free, most_sets))
        if task.part is not None:
            _generate(task, problem, most_sets)
    return None


def _halve(task: Task) -> None:
    """Branch over the ways to cut everything in two."""
    problem, n = task.problem, task.problem.n
    fixed = np.full(n, FREE, dtype=np.int8)
    for label, side, other in ((0, IN, OUT), (1, OUT, IN)):
        fixed[problem.pin == label] = side
        if label < problem.bar.shape[1]:
            fixed[problem.bar[:, label]] = other
    if (fixed == FREE).all():
        fixed[problem.weights[:, 0].argmax()] = IN  # without labels either side may be the first
    now = None if task.part is None or task.k != 2 else task.part == 0
    mine, proven = halved(subgraph(problem, np.arange(n)), np.zeros(n), np.zeros(n), fixed, now, MOST_NODES)
    if mine is not None:
        part = (~mine).astype(np.int32)
        cost = cost_of(task, part, 2)
        if cost < task.cost:
            task.part, task.k, task.cost = part, 2, cost
    if proven:
        task.bound = task.cost
    task.look()


def _enumerated(task: Task, most_sets: int) -> Sets | None:
    """Return all sets that can be parts, with what they cost; None when there are too many."""
    problem, pin = task.problem, task.problem.pin
    first, member, whole, _ = enumeration.connected_sets(
        problem.start, problem.link, problem.neighbour, problem.weights, problem.low, problem.high, *foes(problem),
        pin, np.bincount(pin[pin >= 0], minlength=1).astype(np.int64), task.fewest, task.most, most_sets,
        STEPS_PER_SET * most_sets,
    )  # fmt: skip
    task.look()
    if not whole:
        return None
    task.sets = len(first) - 1
    sets = Sets.of(problem, [(first, member)])
    if task.extra is not None:
        return sets.at(task.extra(first, member))  # noqa: S610 - no database
    return sets


def _generate(task: Task, problem: Problem, most_sets: int) -> None:
    """Price sets until no set is missing, then list those a better plan can have, and choose."""
    pricing = Pricing(task, problem)
    if pricing.converge():
        share = 1
        while not task.closed:
            # is there a plan a little above the bound? The nearer it is asked for, the fewer sets it can have
            if task.step > 0:
                goal = min(task.cost, task.bound + share * task.step)
            else:
                goal = min(task.cost, task.bound + share * max((task.cost - task.bound) / 8, CLOSE * abs(task.cost)))
            question = replace(task, cost=goal, bound=task.bound)
            sets = pricing.all_below(question.interest - pricing.bound, most_sets)
            if sets is None:
                break
            task.sets = max(task.sets, len(sets))
            try:
                _choose(question, sets)
            finally:
                if question.cost < goal:
                    task.part, task.k, task.cost = question.part, question.k, question.cost
            task.raise_bound(min(question.bound, task.cost))
            if question.bound < min(goal, task.cost):
                break
            share *= 2
    task.sets = max(task.sets, len(pricing.sets))


def _find_any(task: Task, answer: Callable[[Task], None]) -> None:
    """Find any plan at all, or prove that there is none: every set is free, and having no plan costs 1."""
    nothing = np.zeros(task.problem.n, dtype=np.int32)
    question = replace(task, step=1.0, worth=None, cost=1.0, part=nothing, k=0, bound=0.0)
    answer(question)
    task.sets = question.sets
    if question.k and question.part is not None:
        task.part, task.k = question.part, question.k
        task.cost = cost_of(task, question.part, question.k)
    elif question.closed:
        task.bound = math.inf


def _choose(task: Task, sets: Sets) -> None:
    """Find the cheapest choice of sets; the plan known so far is the cost to beat."""
    relaxation = Relaxation(task, sets)
    for _ in range(CUT_ROUNDS):
        before = relaxation.bound
        relaxation.solve()
        if task.closed:
            return
        relaxation.try_whole()
        relaxation.leave_out()
        if task.closed or len(relaxation.sets) <= FEW_SETS or relaxation.bound - before < LITTLE * (task.cost - before):
            break
        if not relaxation.cut():
            break
    if not task.closed:
        relaxation.finish()


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
