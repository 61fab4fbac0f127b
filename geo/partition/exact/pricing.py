"""Bounds for plans whose connected sets are too many to list: only those cheaper than their prices are looked for.

Branch and bound finds, from every vertex as the first of its set in a fixed order, the sets that cost less than the
prices of their vertices; they are let into the relaxation of `geo.partition.exact.cover`, and the prices change. What
the cheapest sets of all vertices cost less than their prices bounds every plan from below at any time. The relaxation's
own fractions, made whole, give better plans on the way.
"""

import math
from dataclasses import dataclass

import numpy as np

from geo.partition.exact.branching import ALL, NEAR_BEST, Branching, sets_below
from geo.partition.exact.cover import Floats, Ints, Relaxation, Sets, Task
from geo.partition.exact.enumeration import FREE, OUT
from geo.partition.exact.pairs import foes, whole_costs
from geo.partition.search.problem import Problem, Small

MOST_NODES = 20_000_000
"""Branches in all: about a hundred seconds."""
PATIENCE = 20_000
"""Branches from one vertex before the prices are thought too wild to ask about; it doubles when that does not help."""
CONVERGED = 1e-7
"""Relative difference of the relaxation and its bound at which no set is missing."""


@dataclass(frozen=True)
class _Prices:
    """What each vertex pays, and what each part pays for being one."""

    vertex: Floats
    fee: float

    def towards(self, other: "_Prices", share: float) -> "_Prices":
        """Return prices that lie between."""
        return _Prices((1 - share) * self.vertex + share * other.vertex, (1 - share) * self.fee + share * other.fee)


class Pricing:
    """Sets that are cheaper than their prices, and the bound they give.

    Prices asked about lie between the best ones so far and those of the relaxation ("in-out" separation): prices of a
    relaxation that misses sets jump about, and wild prices are dear to branch on.

    Parameters
    ----------
    task : Task
        With a plan, or its stand-in, as the cost to beat.
    problem : Problem
        Its costs; free of costs when any plan at all is looked for.
    """

    def __init__(self, task: Task, problem: Problem) -> None:
        self.task, self.problem = task, problem
        self.nodes = 0
        self.sets = Sets.none()
        self.bound = -math.inf
        weight = problem.weights[:, 0] + 1e-9
        self.best = _Prices(task.cost * weight / weight.sum(), 0.0)
        whole = problem.weights.sum(axis=0)
        pin, self.scale, edge, size = problem.pin, *whole_costs(problem, problem.cost / 2, abs(task.cost))
        self.branching = Branching(
            problem.start, problem.link, problem.neighbour, problem.reverse, edge, problem.weights, problem.low,
            np.minimum(problem.high, whole), problem.low, np.minimum(problem.high, whole), *foes(problem), pin,
            np.bincount(pin[pin >= 0], minlength=1).astype(np.int64), task.fewest, task.most, False,
            size, round(problem.target), int(whole[0]),
        )  # fmt: skip
        self.order = _sweep(problem)

    def converge(self) -> bool:
        """Let in sets until none is missing, or the bound meets the cost; return whether it came to that."""
        task, best_share, patience = self.task, 0.3, PATIENCE
        prices = self.best
        tried = task.cost
        while self.nodes < MOST_NODES:
            fresh, least, sure = self._ask(prices, patience)
            bound = self._bound(prices, least) if sure else -math.inf
            better = bound > self.bound
            if better:
                self.bound, self.best = bound, prices
            task.raise_bound(min(task.cost, bound))
            task.look()
            if task.closed:
                return True
            self.sets = Sets.joined([self.sets, fresh])
            relaxation = Relaxation(task, self.sets)
            value, vertex, fee = relaxation.over_all()
            if value < tried - 0.4 * (task.step or 0.01 * abs(tried)) or (value < task.cost and relaxation.is_whole()):
                relaxation.try_whole()
                tried = value
            if task.closed or value - self.bound < CONVERGED * max(1.0, abs(value)):
                return True
            # how far to go from the best prices towards the relaxation's own
            if not sure:
                best_share /= 2
                patience *= 2 if best_share < 0.05 or not len(fresh) else 1
            else:
                best_share = min(0.9, best_share * 1.2) if better else max(0.05, best_share * 0.8)
            prices = self.best.towards(_Prices(vertex, fee), best_share)
        return False

    def all_below(self, room: float, most_sets: int) -> Sets | None:
        """Return all sets that cost no more above their prices than that, at the best prices; None when too many."""
        found, _, sure = self._walk(self.best, room, ALL, most_sets, MOST_NODES // 10)
        return found if sure else None

    def _ask(self, prices: _Prices, patience: int) -> tuple[Sets, Floats, bool]:
        return self._walk(prices, 0.0, NEAR_BEST, 2000, patience)

    def _bound(self, prices: _Prices, least: Floats) -> float:
        """Return the bound: a plan's sets have different first vertices, and each is no cheaper than the cheapest."""
        task = self.task
        parts = task.fewest if prices.fee > 0 else task.most
        rounding = self.problem.n / self.scale
        return float(prices.vertex.sum() + prices.fee * parts + np.sort(least)[: task.most].sum()) - rounding

    def _walk(
        self, prices: _Prices, room: float, which: int, most_sets: int, patience: int
    ) -> tuple[Sets, Floats, bool]:
        """Return sets at most `room` above their prices, the least of each first vertex, and whether that is sure."""
        pay = -np.round(prices.vertex * self.scale).astype(np.int64)
        limit = np.int64(math.ceil((prices.fee + room) * self.scale))
        if which == ALL:
            limit += self.problem.n
        fixed = np.full(self.problem.n, FREE, dtype=np.int8)
        least = np.zeros(self.problem.n)
        found: list[tuple[Ints, Small]] = []
        sure = True
        for v in self.order.tolist():
            first, member, value, done, nodes = sets_below(
                self.branching, pay, v, fixed, limit, which, most_sets, patience
            )
            self.nodes += nodes
            sure = sure and bool(done)
            fixed[v] = OUT
            if len(value):
                least[v] = min(0.0, value.min() / self.scale - prices.fee)
                found.append((first, member))
                most_sets -= len(value) if which == ALL else 0
            if not sure and which == ALL:
                break
            if self.task.deadline is not None or self.task.watch is not None:
                self.task.look()
        sets = Sets.of(self.problem, found)
        return sets, least, sure


def _sweep(problem: Problem) -> Ints:
    """Return the vertices in the order of a walk from one end of the graph to the other.

    First vertices late in the order have little left to reach, and are done with at once.
    """

    def walk(origin: int) -> list[int]:
        seen, known = [origin], {origin}
        for v in seen:
            for w in problem.neighbour[problem.start[v] : problem.link[v]].tolist():
                if w not in known:
                    known.add(w)
                    seen.append(w)
        return seen

    order = walk(walk(0)[-1])
    return np.array(order + sorted(set(range(problem.n)) - set(order)), dtype=np.int64)
