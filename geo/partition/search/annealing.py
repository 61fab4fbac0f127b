"""The heart of the engine: contiguous parts of a weighted graph, annealed from METIS seeds.

Effort is counted in proposals, never in seconds, and chance comes from a seed, so the same question has the same
answer.
"""

import itertools
import math
import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from geo.partition.search import kernels
from geo.partition.search.kernels import BEST, BORDER, State
from geo.partition.search.problem import (
    NO_TABLE,
    Flags,
    Floats,
    Ints,
    Linear,
    Problem,
    Result,
    Small,
    Watch,
    make_problem,
    measure,
    pieces_of,
)
from geo.partition.search.regions import cut_out, neighbouring_parts, parts_around
from geo.partition.search.seeding import PinsApartError, cores, mended, seed_parts

__all__ = [
    "Ints", "Linear", "PinsApartError", "Problem", "Result", "Small", "Watch",
    "make_problem", "measure", "partition_graph", "pieces_of", "seed_parts",
]  # fmt: skip

HOT, COLD = 0.4, 0.15
"""Temperatures at the start and end of a run, in units of the mean cost of a move at the start."""
RESPLIT = 25
"""Proposals for each vertex of a mean part between two attempts to part two neighbours anew: they cost alike."""
CHUNKS = 200
"""Steps of the temperature; between two of them the penalty adapts and the best plan is kept."""
REGION, REGION_CHUNKS, PATIENCE = 20, 40, 2000
"""Parts that are warmed up together, steps of their temperature, and proposals for each of their vertices."""
DRIFT = 1.0
"""How much worse a region may become at first, in units of the mean cost of a move; towards the end it may not."""
FEW = 500
"""Vertices that a smaller region counts for: coarse units need long to fall into place."""
WAYS = ((1.0, 0.3), (4.0, 0.6), (1.0, 0.9))
"""How much hotter than usual the regions begin, and the share of parts outside the limits they may begin with, in turn.

Where limits are close, plans inside them are islands, and only those who may leave one find another.
"""
HARDER, SOFTER = 1.06, 0.97
"""What the penalty is multiplied by after a step with too many, or few enough, parts outside the limits."""


class SearchStopped(Exception):  # noqa: N818 - it is a signal, not an error
    """Raised inside the search when its deadline has passed."""


def partition_graph(
    problem: Problem,
    k: int,
    *,
    proposals: int,
    seed: int = 0,
    starts: int = 1,
    first: npt.ArrayLike | None = None,
    frozen: npt.ArrayLike | None = None,
    linear: Linear | None = None,
    watch: Watch | None = None,
    deadline: float | None = None,
) -> Result:
    """Return the best k contiguous parts found; every part of the result is contiguous and not empty.

    Parameters
    ----------
    problem : Problem
        A graph with at least k vertices and no more than k pieces.
    k : int
        Number of parts.
    proposals : int
        Moves to propose in all, shared by the starts.
    seed : int
        Chance: the same seed gives the same result.
    starts : int
        Number of METIS seeds to begin from. A tenth of the proposals looks at all of them, the rest follows the best.
    first : array (n,), optional
        An assignment to begin from instead; what of it is not contiguous or breaks a pin is mended first.
    frozen : array (n,) of bool, optional
        Vertices that stay where `first` has them.
    linear : callable, optional
        Cost of each vertex in each part, asked again whenever the temperature changes.
    watch : callable, optional
        Told the progress; what it raises passes through.
    deadline : float, optional
        Value of `time.monotonic` after which the search stops where it is.

    Raises
    ------
    PinsApartError
        When the pins of a part cannot be connected.
    """
    rng = np.random.default_rng(seed)
    if first is not None:
        begin = np.asarray(first, dtype=np.int32)
        seeds = [mended(problem, begin, k, cores(problem, begin))]
    else:
        seeds = [seed_parts(problem, k, rng=rng, sort=i) for i in range(max(1, starts))]
    held = None if frozen is None else np.asarray(frozen, dtype=bool)
    look = proposals // 10 // len(seeds) if len(seeds) > 1 else 0
    once = max(0.3 * proposals, PATIENCE * problem.n) if k > 2 else 0.3 * proposals
    once = min(once, proposals - look * len(seeds))
    clock = _Clock(proposals, watch, deadline)
    results = [_Run(problem, k, s, rng=rng, linear=linear, clock=clock, frozen=held) for s in seeds]
    if look:
        for run in results:
            run.anneal(look)
        results.sort(key=lambda run: run.best.key)
    run = results[0]
    if look:
        run = _Run(problem, k, run.best.part, rng=rng, linear=linear, clock=clock, best=run.best, frozen=held)
    patchwork = _Patchwork(run, held, rng, fresh=first is None)
    if first is not None and not run.best.feasible:  # what can be mended where it is should be
        patchwork.repair(proposals)
        run.restore(run.best.part)
    run.anneal(int(once))
    patchwork.repair(proposals)
    if not run.best.feasible:
        run.repair(proposals)
    patchwork.improve(proposals - look * len(seeds) - int(once))
    best = run.best
    return Result(best.part, best.cost, best.violation, best.conflicts, stopped_early=clock.stopped)


@dataclass
class _Patchwork:
    """The best plan, of which one region after the other is warmed up and cooled again.

    A single annealing of a large graph is as lucky in one place as it is unlucky in another; here every region keeps
    the better of what it was and what it became.
    """

    run: "_Run"
    held: Flags | None
    rng: np.random.Generator
    fresh: bool
    at: Result | None = None
    """Where it stands while it may drift away from the best plan."""

    def repair(self, proposals: int) -> None:
        """Work around the parts that are outside the limits, until none is or nothing more is to be hoped for.

        One attempt takes no more than a quarter of the proposals.
        """
        ways = itertools.cycle(WAYS)
        tries = None
        while not self.run.best.feasible and not self.run.clock.stopped:
            bad = self._bad_parts()
            tries = 4 * len(bad) + 8 if tries is None else tries - 1
            if tries == 0:
                return
            neighbours = neighbouring_parts(self.run.problem, self.run.best.part, self.run.k)
            centre = int(bad[self.rng.integers(len(bad))])
            chosen = parts_around(neighbours, centre, REGION)
            self._warm_up(chosen, *next(ways), effort=min(self._effort(chosen), proposals // 4))

    def improve(self, proposals: int) -> None:
        """Go on as long as proposals last."""
        k, clock = self.run.k, self.run.clock
        ways = itertools.cycle(WAYS)
        drift = DRIFT * self.run.scale() if k > REGION else 0.0  # a single region begins anew each time anyway
        total, left = max(1, proposals), proposals
        self.at = self.run.best
        centres: list[int] = []
        neighbours: list[list[int]] = []
        while not clock.stopped and k > 1:
            if not centres:
                centres = self.rng.permutation(k).tolist()
                neighbours = neighbouring_parts(self.run.problem, self.at.part, k)
            chosen = parts_around(neighbours, centres.pop(), REGION)
            effort = self._effort(chosen)
            if effort > left:
                break
            left -= effort
            worse = drift * max(0.0, left / total - 0.1) * self.rng.random()
            self._warm_up(chosen, *next(ways), effort=effort, worse=worse)

    def _effort(self, chosen: Ints) -> int:
        here = self.at or self.run.best
        return PATIENCE * max(int(np.isin(here.part, chosen).sum()), FEW)

    def _warm_up(self, chosen: Ints, heat: float, loose: float, *, effort: int, worse: float = 0.0) -> None:
        """Anneal the chosen parts with the others as they are; keep what came of it unless it is that much worse."""
        run, best = self.run, self.at or self.run.best
        inner, members, now = cut_out(run.problem, best.part, chosen, run.k, self.held)
        linear = None
        every, whole = len(chosen) == run.k, run.linear
        if whole is not None:
            table = whole(best.part)[np.ix_(members, chosen)]

            def linear(now: Small) -> Floats:
                # of a few parts the heirs are matched anew when the whole is measured
                return whole(chosen[now].astype(np.int32))[:, chosen] if every else table

        if every and self.fresh and heat > 1:
            other = seed_parts(run.problem, run.k, rng=self.rng, sort=int(self.rng.integers(6)))
            now = np.argsort(chosen).astype(np.int32)[other]
        anything = Result(now, np.inf, np.inf, 0)
        trial = _Run(inner, len(chosen), now, rng=self.rng, linear=linear, clock=run.clock, best=anything)
        trial.whole = best.part
        trial.anneal(effort, chunks=REGION_CHUNKS, heat=heat, loose=loose)
        part = best.part.copy()
        part[members] = chosen[trial.best.part]
        found = run.measured(part)
        drifts = found.feasible and best.feasible and found.cost <= best.cost + worse
        if not drifts and found.key > best.key:  # an equally good plan is a new place to look from
            return
        if self.at is not None:
            self.at = found
        if found.key <= run.best.key:
            run.best = found

    def _bad_parts(self) -> Ints:
        """Return the parts outside the limits; all of them when only prohibitions are broken."""
        problem, best = self.run.problem, self.run.best
        load = np.zeros((self.run.k, problem.weights.shape[1]), dtype=np.int64)
        np.add.at(load, best.part, problem.weights)
        bad = np.flatnonzero(((load < problem.low) | (load > problem.high)).any(axis=1))
        return bad if len(bad) else np.arange(self.run.k)


@dataclass
class _Clock:
    """Counts proposals, tells the watcher, and stops the search at its deadline."""

    total: int
    watch: Watch | None
    deadline: float | None
    done: int = 0
    stopped: bool = False
    told: float = field(default=-1.0)

    def tick(self, proposals: int, part: Small) -> None:
        self.done += proposals
        fraction = min(1.0, self.done / max(1, self.total))
        if self.watch is not None and fraction - self.told >= 0.02:
            self.told = fraction
            self.watch(fraction, part)
        if self.deadline is not None and time.monotonic() > self.deadline:
            self.stopped = True
            raise SearchStopped


class _Run:
    """One annealing run: the assignment it stands at, what it knows about it, and the best it has met."""

    def __init__(
        self, problem: Problem, k: int, part: Small, *, rng: np.random.Generator, linear: Linear | None, clock: _Clock,
        best: Result | None = None, frozen: Flags | None = None,
    ) -> None:  # fmt: skip
        self.problem, self.k, self.linear, self.clock = problem, k, linear, clock
        self.graph = problem.graph(frozen)
        entries = len(problem.neighbour)
        self.state = State(
            part=part.astype(np.int32).copy(),
            load=np.zeros((k, problem.weights.shape[1]), dtype=np.int64),
            members=np.zeros(k, dtype=np.int64),
            border=np.zeros(entries, dtype=np.int32),
            place=np.zeros(entries, dtype=np.int32),
            best=part.astype(np.int32).copy(),
            mark=np.zeros(problem.n, dtype=np.int64),
            queue=np.zeros(problem.n, dtype=np.int32),
            number=np.zeros(4, dtype=np.int64),
            value=np.zeros(2, dtype=np.float64),
            random=rng.integers(1, 2**63 - 1, size=1).astype(np.uint64),
        )
        self.part = self.state.part
        self.whole: Small | None = None
        self.table = NO_TABLE
        self._refresh()
        self.best = best or self.measured(self.part.copy())

    def anneal(self, proposals: int, *, chunks: int = CHUNKS, heat: float = 1.0, loose: float = 0.3) -> None:
        """Cool down over that many proposals, then descend to the nearest plan that no single move improves."""
        if self._stuck():
            return
        scale = self.scale()
        penalty = 15.0 * scale
        pairs = max(1, proposals * self.k // (chunks * RESPLIT * self.problem.n))
        try:
            for i in range(chunks):
                temperature = heat * HOT * scale * (COLD / HOT / heat) ** (i / (chunks - 1))
                bad = self._flips(proposals // chunks, temperature, penalty)
                self._resplit(pairs, penalty, temperature)
                self._note()
                allowed = loose * self.k * (1 - i / chunks)
                penalty *= (HARDER if bad > allowed else SOFTER) ** (CHUNKS / chunks)
            self.settle()
        except SearchStopped:
            self.settle(tick=False)

    def repair(self, proposals: int) -> None:
        """Look for a plan inside the limits: short warm runs under an ever harder penalty, and re-split pairs."""
        if self._stuck():
            return
        scale = self.scale()
        try:
            for attempt in range(12):
                if self.best.feasible:
                    return
                if attempt % 3 == 0:
                    self.restore(self.best.part)
                penalty = 40.0 * scale
                for i in range(60):
                    self._resplit(8 * self.k, penalty, 0.05 * scale)
                    self._flips(proposals // 1000 + 100, HOT * scale * 0.97**i, penalty)
                    if self._note():
                        break
                    penalty *= 1.1
                self.settle()
        except SearchStopped:
            self.settle(tick=False)

    def settle(self, *, tick: bool = True) -> None:
        """Descend: limits first, then cost."""
        size = 12 * len(self.problem.neighbour)
        hard = 1e9 * max(1.0, float(np.abs(self.problem.cost).max()))
        for origin in (self.part.copy(), self.best.part):
            self.restore(origin)
            for _ in range(3):
                self._flips(size, 0.0, hard, tick=tick)
                self._note()

    def _stuck(self) -> bool:
        return self.k == 1 or not self.state.number[BORDER] or self.clock.stopped

    def restore(self, part: Small) -> None:
        self.part[:] = part
        self._refresh()

    def _refresh(self) -> None:
        """Ask for the linear costs of where the run stands, and take stock."""
        if self.linear is not None:
            self.table = np.ascontiguousarray(self.linear(self.part), dtype=np.float64)
        kernels.take_stock(self.graph, self.table, self.state)

    def measured(self, part: Small) -> Result:
        """Return the true measures of an assignment, with the linear costs that belong to it."""
        table = None if self.linear is None else self.linear(part)
        return Result(part, *measure(self.problem, part, self.k, table))

    def _note(self) -> bool:
        """Keep the best of what was met since the last time; return whether the run stands inside the limits."""
        if self.state.value[BEST] < math.inf and not np.array_equal(self.state.best, self.best.part):
            self._keep(self.measured(self.state.best.copy()))
        found = self.measured(self.part)
        self._keep(found)
        self._refresh()
        return found.feasible

    def _keep(self, found: Result) -> None:
        if found.key < self.best.key:
            self.best = Result(found.part.copy(), found.cost, found.violation, found.conflicts)

    def scale(self) -> float:
        """Return the mean change of cost of the moves that are possible where the run stands."""
        return float(kernels.mean_step(self.graph, self.table, self.part)) or 1.0

    def _flips(self, proposals: int, temperature: float, penalty: float, *, tick: bool = True) -> float:
        """Propose that many moves along any edge; those along edges inside a part lead nowhere and are not drawn."""
        share = self.state.number[BORDER] / len(self.problem.neighbour)
        self.state.value[BEST] = self.best.cost if self.best.feasible else math.inf
        bad = kernels.flips(self.graph, self.table, self.state, math.ceil(proposals * share), temperature, penalty)
        if tick:
            self.clock.tick(proposals, self.part if self.whole is None else self.whole)
        return float(bad)

    def _resplit(self, pairs: int, penalty: float, temperature: float) -> None:
        kernels.resplit(self.graph, self.table, self.state, pairs, temperature, penalty)
