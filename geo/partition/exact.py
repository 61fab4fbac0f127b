"""Contiguous parts proven to be the best there are.

A plan's cost is a sum over its parts: half of a part's border, its distance from the target, and whatever else depends
on the part alone. So the best plan is the cheapest choice of connected sets that hold every vertex once, a
set-partition problem:

1. all connected sets within the limits are enumerated (`geo.partition.enumeration`);
2. the linear relaxation gives every vertex a price; what the sets cost less the prices of their vertices shows how
   much any plan that uses them is above the bound;
3. sets that would bring a plan above the best one known are left out; rows that no fraction may break (of three
   vertices only one part can hold two) raise the bound and leave out more;
4. what remains is solved by HiGHS.

Effort is counted in sets and branches, never in seconds.
"""

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import highspy
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from geo.partition import enumeration, kernels
from geo.partition.pairs import foes, improve_pairs
from geo.partition.problem import Problem, Small, Watch, measure

__all__ = ["MOST_ATOMS", "Optimum", "SetCosts", "best_partitions", "improve_pairs", "solve_exactly"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_SETS = 1_500_000
"""Sets to enumerate at most: 1.5 million are about 200 MB."""
STEPS_PER_SET = 40
"""Steps the enumeration may take for each set it may return."""
BRANCHES = 50_000
"""Branches HiGHS may take in the last step, and a hundredth of it while it looks for a better plan on the way."""
CUT_ROUNDS, CUTS = 30, 200
"""Rounds of rows that no fraction may break, and rows in each."""
LITTLE = 0.01
"""Share of the gap that a round of rows must close for another to follow."""
COLUMNS = 4
"""Sets let into the relaxation in one round, for each vertex."""
CLOSE_ENOUGH = 1e-7
"""What a set must be cheaper by, at a typical cost of 16, to be let in."""
FEW_SETS = 3_000
"""With so few sets left HiGHS needs no more help."""
MOST_ATOMS = 14
"""Atoms that `best_partitions` can take."""
CLOSE = 1e-9
"""Relative difference below which a bound and a cost are the same."""


class SetCosts(Protocol):
    """What each set costs besides its border and its size.

    An attribute `least`, where there is one, holds for every vertex a share such that the shares of a set's vertices
    never add up to more than its cost; without it only problems whose sets can all be enumerated are solved.
    """

    def __call__(self, first: Ints, member: Small) -> Floats:
        """Return the cost of each set; set i is `member[first[i]:first[i + 1]]`."""
        ...


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


class _Late(Exception):  # noqa: N818 - it is a signal, not an error
    """The deadline has passed."""


@dataclass
class _Task:
    """What is asked, what is known so far, and how to tell."""

    problem: Problem
    fewest: int
    most: int
    extra: SetCosts | None
    watch: Watch | None
    deadline: float | None
    step: float
    """What all costs are multiples of; 0 when that is unknown."""
    part: Small | None = None
    k: int | None = None
    cost: float = math.inf
    bound: float = -math.inf
    sets: int = 0
    looks: int = 0

    def look(self) -> None:
        """Tell how it stands, and stop when the time is over."""
        self.looks += 1
        if self.watch is not None:
            best = np.zeros(self.problem.n, dtype=np.int32) if self.part is None else self.part
            self.watch(self.looks / (self.looks + 20), best)
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise _Late

    def raise_bound(self, bound: float) -> None:
        """Take a valid lower bound; where all costs are multiples of a step, so is the best plan's."""
        if self.step > 0 and math.isfinite(bound):
            bound = math.ceil(bound / self.step - 1e-6) * self.step
        self.bound = max(self.bound, bound)

    @property
    def closed(self) -> bool:
        """Whether nothing better can exist."""
        return self.bound >= self.cost - CLOSE * max(1.0, abs(self.cost))

    @property
    def interest(self) -> float:
        """What a plan must stay below, or equal, to be better than the one known; a little more, for rounding."""
        return self.cost - self.step + 1e-6 * max(1.0, abs(self.cost), self.step)

    def answer(self, *, late: bool = False) -> Optimum:
        """Return what is known."""
        if self.part is None:
            return Optimum(None, None, math.inf, self.bound, self.bound == math.inf, self.sets, late)
        bound = self.cost if self.closed else self.bound
        return Optimum(self.part, self.k, self.cost, bound, self.closed, self.sets, late and not self.closed)


def solve_exactly(
    problem: Problem,
    ks: Sequence[int] | None,
    *,
    extra: SetCosts | None = None,
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
        What each set costs besides.
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
    task = _Task(problem, 1, 1, extra, watch, deadline, step=_step(problem) if extra is None else 0.0, part=part)
    if start is not None and part is not None:
        task.cost, task.k = float(start[0]), int(part.max()) + 1
    bound, sets, late = math.inf, 0, False
    for fewest, most in counts:
        task.fewest, task.most, task.bound, task.sets = fewest, most, -math.inf, 0
        try:
            _solve(task, most_sets)
        except _Late:
            late = True
        bound, sets = min(bound, task.bound), sets + task.sets
    task.bound, task.sets = bound, sets
    return task.answer(late=late)


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


@dataclass(frozen=True)
class _Sets:
    """Connected sets and what each costs as a part."""

    first: Ints
    member: Small
    value: Floats

    def __len__(self) -> int:
        return len(self.value)

    def only(self, which: Ints) -> "_Sets":
        """Return these sets alone."""
        size = np.diff(self.first)[which]
        first = np.concatenate([[0], np.cumsum(size)])
        inside = np.repeat(self.first[which] - first[:-1], size) + np.arange(first[-1])
        return _Sets(first, self.member[inside], self.value[which])


def _solve(task: _Task, most_sets: int) -> None:
    """Enumerate, and choose."""
    problem = task.problem
    pin = problem.pin
    pins = np.bincount(pin[pin >= 0], minlength=1).astype(np.int64)
    first, member, whole, _ = enumeration.connected_sets(
        problem.start, problem.link, problem.neighbour, problem.weights, problem.low, problem.high, *foes(problem),
        pin, pins, task.fewest, task.most, most_sets, STEPS_PER_SET * most_sets,
    )  # fmt: skip
    task.look()
    task.sets = len(first) - 1
    if not whole:
        return
    value = enumeration.set_costs(
        problem.start,
        problem.neighbour,
        problem.cost,
        problem.weights,
        problem.size_cost,
        problem.target,
        first,
        member,
    )
    if task.extra is not None:
        value += task.extra(first, member)  # noqa: S610 - no database
    sets = _Sets(first, member, value)
    if task.part is None:
        _find_any(task, sets)
    if task.part is not None:
        _choose(task, sets)


def _find_any(task: _Task, sets: _Sets) -> None:
    """Find any plan at all, or prove that there is none: every set is free, and having no plan costs 1."""
    nothing = np.zeros(task.problem.n, dtype=np.int32)
    question = replace(task, step=1.0, cost=1.0, part=nothing, k=0, bound=0.0)
    _choose(question, _Sets(sets.first, sets.member, np.zeros(len(sets))))
    if question.k and question.part is not None:
        task.part, task.k = question.part, question.k
        task.cost = _cost(task, question.part, question.k)
    elif question.closed:
        task.bound = math.inf


def _choose(task: _Task, sets: _Sets) -> None:
    """Find the cheapest choice of sets; the plan known so far is the cost to beat."""
    relaxation = _Relaxation(task, sets)
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


class _Relaxation:
    """The linear relaxation of the choice among sets, and what its prices tell.

    Rows: every vertex is held once; the number of parts is allowed; rows for triples of vertices. Column 0 is the plan
    known so far, as if it were one set: so there always is an answer, and no answer above it is looked for.
    """

    def __init__(self, task: _Task, sets: _Sets) -> None:
        self.task, self.sets = task, sets
        self.triples = np.zeros((0, 3), dtype=np.int64)
        self.bound = -math.inf
        self.reduced = np.full(len(sets), -math.inf)
        typical = float(np.abs(sets.value).mean()) if len(sets) else 0.0
        self.scale = 2.0 ** round(math.log2(16 / typical)) if typical > 0 else 1.0
        self.inside = np.zeros(0, dtype=np.int64)
        self.share = np.zeros(0)
        self.highs = self._model(self.inside)

    def solve(self) -> None:
        """Let in sets while one is cheaper than its vertices' prices; keep the best bound and its reduced costs."""
        task, n = self.task, self.task.problem.n
        self.bound = -math.inf
        while True:
            self.highs.run()
            solution = self.highs.getSolution()
            dual = np.array(solution.row_dual) / self.scale
            price, fee, discount = dual[:n], float(dual[n]), np.minimum(dual[n + 1 :], 0.0)
            one, two, three = self.triples.T.copy()
            reduced = enumeration.reduced_costs(
                self.sets.value, self.sets.first, self.sets.member, price, fee, one, two, three, discount
            )
            least = min(0.0, float(reduced.min())) if len(reduced) else 0.0
            parts = task.fewest if fee > 0 else task.most
            bound = float(price.sum() + discount.sum()) + fee * parts + least * task.most
            if bound > self.bound:
                self.bound, self.reduced = bound, reduced - least
            task.raise_bound(min(task.cost, bound))
            task.look()
            self.share = np.array(solution.col_value)[1:]
            fresh = self._cheapest(reduced)
            if task.closed or not len(fresh):
                return
            self._let_in(self.highs, fresh)
            self.inside = np.concatenate([self.inside, fresh])

    def _cheapest(self, reduced: Floats) -> Ints:
        """Return the sets to let in: the cheapest of those below zero."""
        reduced = reduced.copy()
        reduced[self.inside] = 0.0
        below = np.flatnonzero(reduced < -CLOSE_ENOUGH / self.scale)
        order = np.argsort(reduced[below], kind="stable")[: COLUMNS * self.task.problem.n]
        return np.sort(below[order])

    def leave_out(self) -> None:
        """Leave out the sets with which a plan would not be better than the one known."""
        keep = np.flatnonzero(self.reduced <= self.task.interest - self.bound)
        self.sets = self.sets.only(keep)
        self.reduced = self.reduced[keep]
        place = np.full(int(max(keep.max(initial=-1), self.inside.max(initial=-1))) + 1, -1, dtype=np.int64)
        place[keep] = np.arange(len(keep))
        stays = place[self.inside] >= 0
        self.inside, self.share = place[self.inside[stays]], self.share[stays]
        self.highs = self._model(self.inside)

    def cut(self) -> bool:
        """Add rows for triples that the fractions break; return whether there were any."""
        used = np.flatnonzero(self.share > 1e-9)
        held = self.sets.only(self.inside[used])
        triples, excess = enumeration.broken_triples(
            held.first, held.member, self.share[used], self.task.problem.n, 20 * CUTS
        )
        fresh = triples[np.argsort(-excess, kind="stable")][:CUTS]
        self.triples = np.concatenate([self.triples, fresh])
        self.highs = self._model(self.inside)
        return len(fresh) > 0

    def try_whole(self) -> None:
        """Look for a better plan among the sets that were let in."""
        if len(self.inside):
            self._whole(self.inside, BRANCHES // 100, final=False)

    def finish(self) -> None:
        """Let HiGHS choose among all sets that are left."""
        self._whole(np.arange(len(self.sets)), BRANCHES, final=True)

    def _whole(self, which: Ints, branches: int, *, final: bool) -> None:
        task = self.task
        highs = self._model(which)
        columns = len(which) + 1
        highs.changeColsIntegrality(
            columns,
            np.arange(columns, dtype=np.int32),
            np.ones(columns, dtype=np.uint8) * int(highspy.HighsVarType.kInteger),
        )
        highs.setOptionValue("mip_rel_gap", 0.0)
        highs.setOptionValue("mip_abs_gap", 0.999 * task.step * self.scale if task.step > 0 else CLOSE_ENOUGH)
        highs.setOptionValue("mip_max_nodes", branches)
        if task.deadline is not None:
            highs.setOptionValue("time_limit", max(0.1, task.deadline - time.monotonic()))
        trouble: list[BaseException] = []

        def look(event: highspy.HighsCallbackEvent) -> None:
            try:
                task.look()
            except BaseException as error:  # noqa: BLE001 - it is raised again outside the solver
                trouble.append(error)
                event.interrupt()

        highs.cbMipInterrupt += look
        highs.setSolution(1, np.zeros(1, dtype=np.int32), np.ones(1))
        highs.run()
        if trouble:
            raise trouble[0]
        value = np.array(highs.getSolution().col_value)
        if len(value) and value[0] < 0.5:
            self._take(which[np.flatnonzero(value[1:] > 0.5)])
        if final:
            info = highs.getInfo()
            done = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
            reached = info.objective_function_value if done else info.mip_dual_bound
            bound = min(task.cost, reached / self.scale)  # it stays below when the choice could not be labelled
            task.raise_bound(task.cost if bound > task.interest else bound)
        task.look()

    def _take(self, chosen: Ints) -> None:
        """Take a choice of sets as the plan to beat, if it is better and the labels can be given."""
        held = self.sets.only(chosen)
        cost = float(held.value.sum())
        part = _labelled(self.task.problem, held)
        if part is not None and cost < self.task.cost - CLOSE * max(1.0, abs(cost)):
            self.task.part, self.task.k, self.task.cost = part, len(held), cost

    def _model(self, which: Ints) -> highspy.Highs:
        """Return the rows, the plan known so far, and these sets."""
        task, n = self.task, self.task.problem.n
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("random_seed", 0)
        rows = n + 1 + len(self.triples)
        lower = np.concatenate([np.ones(n), [task.fewest], np.full(len(self.triples), -highspy.kHighsInf)])
        upper = np.concatenate([np.ones(n), [task.most], np.ones(len(self.triples))])
        highs.addRows(rows, lower, upper, 0, np.zeros(rows, np.int32), np.zeros(0, np.int32), np.zeros(0))
        whole = np.concatenate([np.ones(n), [float(task.fewest)]])
        highs.addCol(task.cost * self.scale, 0.0, 1.0, n + 1, np.arange(n + 1, dtype=np.int32), whole)
        self._let_in(highs, which)
        return highs

    def _let_in(self, highs: highspy.Highs, which: Ints) -> None:
        """Add columns: a set's vertices, one part, and the triples of which it holds two."""
        held = self.sets.only(which)
        one, two, three = self.triples.T.copy()
        first, row = enumeration.columns(held.first, held.member, self.task.problem.n, one, two, three)
        highs.addCols(
            len(which), held.value * self.scale, np.zeros(len(which)), np.ones(len(which)), len(row),
            first[:-1].astype(np.int32), row, np.ones(len(row)),
        )  # fmt: skip


def _labelled(problem: Problem, held: _Sets) -> Small | None:
    """Return the assignment: pinned sets get their label, the others the rest in order of their first vertices.

    None when that breaks what labels must keep.
    """
    k, pin, bar = len(held), problem.pin, problem.bar
    members = [held.member[a:b] for a, b in itertools.pairwise(held.first)]
    members.sort(key=lambda mine: int(mine.min()))
    wrong = 1e-9 * (np.arange(k)[:, None] - np.arange(k)) ** 2  # sets without a label keep their order
    for i, mine in enumerate(members):
        wrong[i, : min(k, bar.shape[1])] += bar[mine, :k].any(axis=0)
        for label in np.unique(pin[mine][pin[mine] >= 0]).tolist():
            wrong[i] += np.arange(k) != label
    part = np.empty(problem.n, dtype=np.int32)
    for i, label in zip(*linear_sum_assignment(1e6 * wrong), strict=True):
        part[members[i]] = label
    pinned = pin >= 0
    kept = measure(problem, part, k)[2] == 0 and bool((part[pinned] == pin[pinned]).all())
    return part if kept else None


def _cost(task: _Task, part: Small, k: int) -> float:
    """Return the whole cost of an assignment."""
    cost, _, _ = measure(task.problem, part, k)
    if task.extra is not None:
        order = np.argsort(part, kind="stable")
        first = np.concatenate([[0], np.cumsum(np.bincount(part, minlength=k))]).astype(np.int64)
        cost += float(task.extra(first, order.astype(np.int32)).sum())  # noqa: S610 - no database
    return cost


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
