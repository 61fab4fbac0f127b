"""The choice among connected sets: every vertex in one of them, at the least cost.

A set-partition problem. Its linear relaxation gives every vertex a price; what a set costs less the prices of its
vertices (its reduced cost) shows how much a plan that holds it is above the bound at least. A set may come at several
costs, cheaper ones with a claim on something that only one set of a plan can have: one row for each such thing.
"""

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import highspy
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from geo.partition.exact import enumeration
from geo.partition.search.problem import Problem, Small, Watch, measure

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CLOSE = 1e-9
"""Relative difference below which a bound and a cost are the same."""
BRANCHES = 50_000
"""Branches HiGHS may take in the last step, and a hundredth of it while it looks for a better plan on the way."""
CUTS = 200
"""Rows that no fraction may break, added in one round."""
DEARER = 30
"""Plans to rule out at most whose sets seem cheaper than they are together."""
COLUMNS = 4
"""Sets let into the relaxation in one round, for each vertex."""
CLOSE_ENOUGH = 1e-7
"""What a set must be cheaper by, at a typical cost of 16, to be let in."""


class SetCosts(Protocol):
    """What sets can cost besides their borders and sizes."""

    def __call__(self, first: Ints, member: Small) -> tuple[Ints, Ints, Floats]:
        """Return what the sets can cost, as (set, claim, cost); set i is `member[first[i]:first[i + 1]]`.

        Every set is there once without a claim (-1), and maybe with claims, numbered from 0. A claim is granted to one
        set of a plan only; among several of its claims a set may choose.
        """
        ...


class Late(Exception):  # noqa: N818 - it is a signal, not an error
    """The deadline has passed."""


@dataclass
class Task:
    """What is asked, what is known so far, and how to tell."""

    problem: Problem
    fewest: int
    most: int
    extra: SetCosts | None
    watch: Watch | None
    deadline: float | None
    step: float
    """What all costs are multiples of; 0 when that is unknown."""
    worth: Callable[[Small, int], float] | None = None
    """What an assignment costs in truth, where the costs of its sets are only a bound."""
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
            raise Late

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


@dataclass(frozen=True)
class Sets:
    """Connected sets, what each costs as a part, and what it claims for that (-1: nothing)."""

    first: Ints
    member: Small
    value: Floats
    claim: Ints

    def __len__(self) -> int:
        return len(self.value)

    @staticmethod
    def none() -> "Sets":
        """Return no sets."""
        return Sets(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0), np.zeros(0, dtype=np.int64))

    @staticmethod
    def of(problem: Problem, tables: "list[tuple[Ints, Small]]") -> "Sets":
        """Return the sets of several tables with what they cost by their borders and sizes."""
        if not tables:
            return Sets.none()
        size = np.concatenate([np.diff(first) for first, _ in tables])
        first = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        member = np.concatenate([member for _, member in tables])
        value = enumeration.set_costs(
            problem.start, problem.neighbour, problem.cost, problem.weights, problem.size_cost, problem.target, first,
            member,
        )  # fmt: skip
        return Sets(first, member, value, np.full(len(value), -1))

    @staticmethod
    def joined(tables: "list[Sets]") -> "Sets":
        """Return the sets of all."""
        size = np.concatenate([np.diff(sets.first) for sets in tables])
        return Sets(
            np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
            np.concatenate([sets.member for sets in tables]),
            np.concatenate([sets.value for sets in tables]),
            np.concatenate([sets.claim for sets in tables]),
        )

    def at(self, costs: tuple[Ints, Ints, Floats]) -> "Sets":
        """Return the sets at what they can cost besides."""
        which, claim, cost = costs
        sets = self.only(which)
        return Sets(sets.first, sets.member, sets.value + cost, claim)

    def free(self) -> "Sets":
        """Return the sets that claim nothing, at no cost."""
        sets = self.only(np.flatnonzero(self.claim < 0))
        return Sets(sets.first, sets.member, np.zeros(len(sets)), sets.claim)

    def only(self, which: Ints) -> "Sets":
        """Return these sets alone."""
        size = np.diff(self.first)[which]
        first = np.concatenate([[0], np.cumsum(size)])
        inside = np.repeat(self.first[which] - first[:-1], size) + np.arange(first[-1])
        return Sets(first, self.member[inside], self.value[which], self.claim[which])

    def of_plan(self, part: Small) -> Ints:
        """Return which of the sets are parts of an assignment."""
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        labels = part[self.member]
        one, other = (best.reduceat(labels, self.first[:-1]) for best in (np.minimum, np.maximum))
        return np.flatnonzero((one == other) & (np.diff(self.first) == np.bincount(part)[one]))


class Relaxation:
    """The linear relaxation of the choice among sets, and what its prices tell.

    Rows: every vertex is held once; the number of parts is allowed; each claim is granted to one set at most; rows for
    triples of vertices. Column 0 is the plan
    known so far, as if it were one set: so there always is an answer, and no answer above it is looked for.
    """

    def __init__(self, task: Task, sets: Sets) -> None:
        self.task, self.sets = task, sets
        self.claims = int(sets.claim.max(initial=-1)) + 1
        self.triples = np.zeros((0, 3), dtype=np.int64)
        self.bound = -math.inf
        self.reduced = np.full(len(sets), -math.inf)
        typical = float(np.abs(sets.value).mean()) if len(sets) else 0.0
        self.scale = 2.0 ** round(math.log2(16 / typical)) if typical > 0 else 1.0
        self.inside = np.zeros(0, dtype=np.int64)
        self.share = np.zeros(0)
        self.dearer: list[Small] = []
        self.highs = self._model(self.inside)

    def solve(self) -> None:
        """Let in sets while one is cheaper than its vertices' prices; keep the best bound and its reduced costs."""
        task, n = self.task, self.task.problem.n
        self.bound = -math.inf
        while True:
            self.highs.run()
            solution = self.highs.getSolution()
            dual = np.array(solution.row_dual) / self.scale
            price, fee = dual[:n], float(dual[n])
            granted, discount = np.split(np.minimum(dual[n + 1 :], 0.0), [self.claims])
            one, two, three = self.triples.T.copy()
            value = self.sets.value - np.append(granted, 0.0)[self.sets.claim]
            reduced = enumeration.reduced_costs(
                value, self.sets.first, self.sets.member, price, fee, one, two, three, discount
            )
            least = min(0.0, float(reduced.min())) if len(reduced) else 0.0
            parts = task.fewest if fee > 0 else task.most
            bound = float(price.sum() + granted.sum() + discount.sum()) + fee * parts + least * task.most
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

    def over_all(self) -> tuple[float, Floats, float]:
        """Let in all sets; return the value, the vertices' prices, and the fee of a part."""
        n = self.task.problem.n
        self.inside = np.arange(len(self.sets))
        self.highs = self._model(self.inside)
        self.highs.run()
        solution = self.highs.getSolution()
        self.share = np.array(solution.col_value)[1:]
        dual = np.array(solution.row_dual) / self.scale
        return self.highs.getInfo().objective_function_value / self.scale, dual[:n], float(dual[n])

    def is_whole(self) -> bool:
        """Return whether no set is taken by a fraction."""
        return bool((np.abs(self.share - np.round(self.share)) < 1e-6).all())

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
        """Let HiGHS choose among all sets that are left; plans that are dearer than their sets are ruled out."""
        known = -1
        while known < len(self.dearer) < DEARER and not self.task.closed:
            known = len(self.dearer)
            self._whole(np.arange(len(self.sets)), BRANCHES, final=True)

    def _whole(self, which: Ints, branches: int, *, final: bool) -> None:
        task = self.task
        highs = self._model(which)
        columns = len(which) + 1
        for part in self.dearer:
            its = np.append(np.flatnonzero(np.isin(which, self.sets.of_plan(part))) + 1, 0).astype(np.int32)
            most = float(part.max())  # all its sets but one
            highs.addRow(-highspy.kHighsInf, most, len(its), its, np.append(np.ones(len(its) - 1), most))
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
        cost, near = float(held.value.sum()), CLOSE * max(1.0, abs(self.task.cost))
        part = labelled(self.task.problem, held)
        if part is None:
            return
        if self.task.worth is not None:
            true = self.task.worth(part, len(held))
            if true > cost + near:
                self.dearer.append(part)
            cost = max(cost, true)
        if cost < self.task.cost - near:
            self.task.part, self.task.k, self.task.cost = part, len(held), cost

    def _model(self, which: Ints) -> highspy.Highs:
        """Return the rows, the plan known so far, and these sets."""
        task, n = self.task, self.task.problem.n
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("random_seed", 0)
        once = self.claims + len(self.triples)
        rows = n + 1 + once
        lower = np.concatenate([np.ones(n), [task.fewest], np.full(once, -highspy.kHighsInf)])
        upper = np.concatenate([np.ones(n), [task.most], np.ones(once)])
        highs.addRows(rows, lower, upper, 0, np.zeros(rows, np.int32), np.zeros(0, np.int32), np.zeros(0))
        # the plan known has every claim and breaks no row of a triple by itself, but leaves nothing for a mixture
        whole = np.concatenate([np.ones(n), [float(task.fewest)], np.ones(once)])
        highs.addCol(task.cost * self.scale, 0.0, 1.0, rows, np.arange(rows, dtype=np.int32), whole)
        self._let_in(highs, which)
        return highs

    def _let_in(self, highs: highspy.Highs, which: Ints) -> None:
        """Add columns: a set's vertices, one part, what it claims, and the triples of which it holds two."""
        held = self.sets.only(which)
        first, row = enumeration.columns(
            held.first, held.member, held.claim, self.task.problem.n, self.claims, *self.triples.T.copy()
        )
        highs.addCols(
            len(which), held.value * self.scale, np.zeros(len(which)), np.ones(len(which)), len(row),
            first[:-1].astype(np.int32), row, np.ones(len(row)),
        )  # fmt: skip


def labelled(problem: Problem, held: Sets) -> Small | None:
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


def cost_of(task: Task, part: Small, k: int) -> float:
    """Return the whole cost of an assignment; where nobody says what that is, claims are granted as is cheapest."""
    if task.worth is not None:
        return task.worth(part, k)
    cost, _, _ = measure(task.problem, part, k)
    if task.extra is not None:
        order = np.argsort(part, kind="stable")
        first = np.concatenate([[0], np.cumsum(np.bincount(part, minlength=k))]).astype(np.int64)
        which, claim, value = task.extra(first, order.astype(np.int32))  # noqa: S610 - no database
        alone, claiming = np.zeros(k), claim >= 0
        alone[which[~claiming]] = value[~claiming]
        saved = np.zeros((k, int(claim.max(initial=-1)) + 1))
        saved[which[claiming], claim[claiming]] = np.maximum(0.0, alone[which] - value)[claiming]
        cost += float(alone.sum() - saved[linear_sum_assignment(-saved)].sum())
    return cost
