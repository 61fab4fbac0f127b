"""The choice: which measures in which year, safety first, under budgets; solved exactly, with its bound."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Fault, InfeasibleError, InputError
from geo.programme.board import FEN, Board, Floats, board_of
from geo.programme.model import Model, build, columns_of, known_capacity
from geo.programme.options import ProgrammeOptions
from geo.programme.programme import Programme, Stage, year_table
from geo.programme.reasons import explained
from geo.programme.refusal import refusal
from geo.programme.search import LARGE, Solved, solve

Told = Callable[[str, float], None]
"""Is told the step (`safety`, `need`, `stay`) and the share of the work that is done (0 to 1)."""

Years = npt.NDArray[np.int64]

CLOSE = 1e-7
"""Relative difference below which two sums are the same."""
SAFETY_GAP = 1e-5
"""The waiting of safety is settled to this share at least, whatever gap is enough for the rest."""
RESERVE = 0.0025
"""Share of each year's money that safety leaves to what is done beside it, where its slack allows."""
TITLES = {
    "safety": ("安全措施等待最少", "Safety waits as little as possible"),
    "need": ("满足的需求最多", "As much need as possible is met"),
    "stay": ("改动最少", "As little as possible changes"),
}


def make_programme(
    measures: pd.DataFrame, options: ProgrammeOptions, *, start: Programme | None = None, told: Told | None = None
) -> Programme:
    """Return the best programme for these options.

    In this order, a later aim never at the cost of an earlier one: (1) every safety measure is done; (2) safety waits
    as little as possible (need × years); (3) as much weighted need as possible is met, earlier rather than later.

    Parameters
    ----------
    measures : DataFrame
        See `geo.programme.measures.COLUMNS`; geometry is not needed.
    options : ProgrammeOptions
    start : Programme, optional
        Where to begin; with `options.stay_near` also what to change as little as possible.
    told : callable, optional

    Raises
    ------
    InfeasibleError
        When there is no such programme: the smallest set of demands that collide, the sum that is missing, in all and
        by year, and what would cure it, in both languages.
    InputError
        When locks or forbidden items name what is not there, or safety measures have no price.
    """
    began = time.monotonic()
    board = board_of(measures)
    check_request(measures, board, options)
    task = Task(board, options, build(board, options), began + options.time_limit_s, told)
    before = years_in(start, board, options) if start is not None else None
    task.safety(before)
    task.need(before)
    if before is not None and options.stay_near is not None:
        task.stay(before)
    return _programme(measures, board, options, task, time.monotonic() - began)


def fingerprint(measures: pd.DataFrame) -> str:
    """Return a digest of what the choice reads of the measures, whatever the order of rows."""
    read = [c for c in ("key", "site_id", "community_id", "public_yuan", "need", "safety", "ready") if c in measures]
    text = measures[read].sort_index().astype("str").to_csv(lineterminator="\n")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def years_in(start: Programme, board: Board, options: ProgrammeOptions) -> Years:
    """Return the year numbers of another programme's choice, -1 where it has none in these years."""
    year = start.choice["year"].reindex(list(board.ids)).astype("float64").to_numpy()
    number = np.where(np.isnan(year), -1, np.nan_to_num(year) - options.years[0]).astype(np.int64)
    return np.where((number >= 0) & (number < len(options.years)), number, -1)


def check_request(measures: pd.DataFrame, board: Board, options: ProgrammeOptions) -> None:
    """Refuse options that name what is not there, and safety measures that cannot be planned; all faults at once."""
    faults = []
    every = set(measures.index.astype(str))
    sites = set(measures["site_id"].dropna().astype(str))
    can = {*board.ids, *board.sites}
    for what, ids in (("locked", sorted(options.locked)), ("forbidden", sorted(set(options.forbidden)))):
        strangers = tuple(one for one in ids if one not in every and one not in sites)
        if strangers:
            faults.append(Fault(f"{what}: there is no such measure or site", "correct the id, or leave it out",
                                table="measures", ids=strangers))  # fmt: skip
    stuck = tuple(one for one in sorted(options.locked) if (one in every or one in sites) and one not in can)
    for one in stuck:
        why = board.barred.get(one, ("", "none of its measures can be chosen"))[1]
        faults.append(Fault(f"locked: {one} cannot be chosen: {why}", "give it what it lacks, or do not lock it",
                            table="measures", ids=(one,)))  # fmt: skip
    keys = set(measures["key"].astype(str))
    every_key = f"use one of {', '.join(sorted(keys))}, class:basic, class:improve, class:upgrade"
    faults += [Fault(f"capacities: there is no measure {key}", every_key)
               for key in sorted(options.capacities) if not known_capacity(keys, key)]  # fmt: skip
    if board.safety_barred and options.unpriced_safety == "refuse":
        faults.append(
            Fault(f"{len(board.safety_barred)} safety measures have no price or no quantity and cannot be planned "
                  f"({len(board.safety_barred)} 项安全措施没有单价或工程量)",
                  "give their prices and quantities, or plan without them and say so: unpriced_safety = \"report\"",
                  table="measures", ids=board.safety_barred)
        )  # fmt: skip
    if faults:
        raise InputError(faults)


@dataclass
class Task:
    """The choice as it is made, stage by stage."""

    board: Board
    options: ProgrammeOptions
    model: Model
    deadline: float
    told: Told | None = None
    year: Years | None = None
    stages: list[Stage] = field(default_factory=list)
    waiting: float = 0.0
    """What safety may wait in all, at most."""
    settled: bool = False
    """The years of safety were settled before the rest was chosen around them."""

    @property
    def chosen(self) -> Years:
        """The year number of every measure, as far as the choice has come."""
        if self.year is None:
            raise RuntimeError("nothing is chosen before safety is settled")
        return self.year

    def safety(self, before: Years | None) -> None:
        """Settle how little safety can wait; refuse when its floor cannot be kept."""
        began = time.monotonic()
        board, options = self.board, self.options
        # What need not be done cannot make safety earlier: first without it, which is small. Where demands of fairness
        # can only be met by the rest, the whole is solved below.
        small = build(board, options, only_musts=True)
        start = None if before is None else columns_of(small, _only(before, small), options, board)
        gap = min(options.gap, SAFETY_GAP)
        if start is None and options.campaign_years > 1 and small.matrix.shape[1] > LARGE:
            start = self._shorter(small, gap)
        free = build(board, options, drop=("campaign", "sites"), only_musts=True)
        found = solve(small, small.delay, start=start, gap=gap, deadline=self._until(0.35), loose=free,
                      loose_cost=free.delay)  # fmt: skip
        if found.column is None:
            raise self._refused(found)
        year = small.years_of(found.column)
        if columns_of(self.model, year, options, board) is None:
            whole = self._completed(small, year)
            if whole is None:
                column = None if before is None else columns_of(self.model, before, options, board)
                found = solve(self.model, self.model.delay, start=column, gap=gap, deadline=self._until(0.6))
                if found.column is None:
                    raise self._refused(found)
                whole = self.model.years_of(found.column)
            year = whole
        self.year = self._roomier(small, year, gap)
        self._took("safety", _delay(board, year), max(0.0, found.bound), began, least=True)

    def _roomier(self, small: Model, year: Years, gap: float) -> Years:
        """Return years of safety that leave a little of each year's money to what shares its trenches.

        In a large model the rest is chosen around the years of safety. Where these take a year's last yuan, nothing
        cheap can be done beside them; within what safety may wait longer, they take `RESERVE` less.
        """
        board, options = self.board, self.options
        if small.matrix.shape[1] <= LARGE or not options.safety_slack:
            return year
        budgets = tuple((1 - RESERVE) * budget for budget in options.budgets_yuan)
        less = build(board, options.model_copy(update={"budgets_yuan": budgets}), only_musts=True)
        found = solve(less, less.delay, gap=gap, deadline=self._until(0.3))
        if found.column is None:
            return year
        other = less.years_of(found.column)
        late = _delay(board, other) > _delay(board, year) * (1 + options.safety_slack)
        return year if late or columns_of(self.model, other, options, board) is None else other

    def _shorter(self, model: Model, gap: float) -> Floats | None:
        """Return the columns of a choice with campaigns of one year: it keeps the rules of longer ones, too."""
        quick = self.options.model_copy(update={"campaign_years": 1})
        single = build(self.board, quick, only_musts=True)
        found = solve(single, single.delay, gap=gap, deadline=self._until(0.15))
        if found.column is None:
            return None
        return columns_of(model, single.years_of(found.column), self.options, self.board)

    def _completed(self, small: Model, year: Years) -> Years | None:
        """Return a choice that keeps every demand and in which safety waits no longer than without the rest, if any."""
        limited = self._limited(_delay(self.board, year))
        if limited.matrix.shape[1] > LARGE:
            fixed = replace(limited, low=limited.low.copy(), high=limited.high.copy())
            kept = np.flatnonzero(small.item >= 0)
            T = limited.years
            for m in kept:
                columns = limited.item[m] * T + np.arange(T)
                fixed.low[columns] = fixed.high[columns] = (np.arange(T) == year[m]).astype(float)
            done = solve(fixed, -fixed.value, gap=0.01, deadline=self._until(0.4))
        else:
            done = solve(limited, -limited.value, gap=0.05, deadline=self._until(0.4))
        return None if done.column is None else limited.years_of(done.column)

    def need(self, before: Years | None) -> None:
        """Meet as much need as possible while safety waits no longer."""
        began = time.monotonic()
        self.waiting = max(self.stages[-1].value * (1 + self.options.safety_slack), _delay(self.board, self.chosen))
        model = self._limited(self.waiting)
        if model.matrix.shape[1] > LARGE:
            model = self._settled(model)
        starts = [
            columns_of(model, year, self.options, self.board) for year in (self.chosen, before) if year is not None
        ]
        start = min((one for one in starts if one is not None), key=lambda one: -model.value @ one, default=None)
        free = build(self.board, self.options, drop=("campaign", "sites"))
        found = solve(model, -model.value, start=start, gap=self.options.gap, deadline=self._until(1.0),
                      told=self._said("need"), loose=free, loose_cost=-free.value, outer=True)  # fmt: skip
        if found.column is None:
            raise self._refused(found)
        self.year = model.years_of(found.column)
        # Without any proof there still is no more need than all of it.
        most = min(-found.bound, float(self.board.need.sum()))
        self._took("need", -found.value, most, began, least=False)

    def _settled(self, model: Model) -> Model:
        """Return a large model with the years of safety as they are: the rest is chosen around them."""
        low, high, T = model.low.copy(), model.high.copy(), model.years
        items = np.unique(model.item[self.board.safety])
        year = np.zeros(model.items, dtype=np.int64)
        year[model.item[self.board.safety]] = self.chosen[self.board.safety]
        columns = items[:, None] * T + np.arange(T)
        low[columns] = high[columns] = np.arange(T) == year[items][:, None]
        self.settled = True
        return replace(model, low=low, high=high)

    def stay(self, before: Years) -> None:
        """Change as little as possible of another programme, giving up no more than was allowed."""
        began = time.monotonic()
        spare = self.options.stay_near or 0.0
        model = self._limited(self.waiting * (1 + spare))
        reached = self.stages[-1].value * (1 - spare)
        model = model.with_row(model.value, reached - CLOSE * max(1.0, reached), np.inf)
        change = np.zeros(model.matrix.shape[1])
        T = model.years
        for m in np.flatnonzero(model.item >= 0):
            columns = model.item[m] * T + np.arange(T)
            # A measure that was in and goes out, or comes at another time, changes; so does one that comes in.
            change[columns] += 1.0 if before[m] < 0 else -(np.arange(T) == before[m]).astype(float)
        starts = [columns_of(model, year, self.options, self.board) for year in (before, self.chosen)]
        start = next((one for one in starts if one is not None), None)
        self.deadline = max(self.deadline, time.monotonic() + 0.2 * self.options.time_limit_s)
        found = solve(model, change, start=start, gap=self.options.gap, deadline=self._until(1.0),
                      told=self._said("stay"))  # fmt: skip
        kept = float((before >= 0).sum())
        if found.column is not None:
            self.year = model.years_of(found.column)
            self._took("stay", found.value + kept, max(0.0, found.bound + kept), began, least=True)

    def _limited(self, waiting: float) -> Model:
        model = self.model
        if not model.delay.any():
            return model
        return model.with_row(model.delay, -np.inf, waiting + CLOSE * max(1.0, waiting))

    def _took(self, key: str, value: float, bound: float, began: float, *, least: bool) -> None:
        bound = min(bound, value) if least else max(bound, value)
        gap = abs(value - bound) / max(abs(value), 1e-9) if abs(value - bound) > CLOSE * max(1.0, abs(value)) else 0.0
        if gap == 0.0:
            bound = value
        zh, en = TITLES[key]
        enough = max(self.options.gap, CLOSE)
        self.stages.append(Stage(key, zh, en, value, bound, gap, gap <= enough, time.monotonic() - began))  # type: ignore[arg-type]
        if self.told is not None:
            self.told(key, 1.0)

    def _said(self, key: str) -> Callable[[float], None] | None:
        told = self.told
        return None if told is None else lambda share: told(key, share)

    def _until(self, share: float) -> float:
        """Return the time by which so much of what is left may have been spent."""
        now = time.monotonic()
        return now + max(0.2, share * (self.deadline - now))

    def _refused(self, found: Solved) -> InfeasibleError:
        if found.status == "infeasible":
            return refusal(self.board, self.options)
        limit = self.options.time_limit_s
        return InfeasibleError(
            [f"No programme was found within {limit:g} s, but nothing proves that there is none: raise time_limit_s."],
            reasons_zh=[f"在{limit:g}秒内未找到计划,但没有证明不存在:请提高 time_limit_s。"],
        )


def _only(year: Years, model: Model) -> Years:
    return np.where(model.item >= 0, year, -1)


def _delay(board: Board, year: Years) -> float:
    return float((board.need * np.maximum(year, 0))[board.safety].sum())


def _programme(
    measures: pd.DataFrame, board: Board, options: ProgrammeOptions, task: Task, seconds: float
) -> Programme:
    year = task.chosen
    choice = explained(pd.Index(measures.index.astype(str)), board, options, year)
    instead = board.met_by(year)
    met = {board.ids[m]: options.years[int(year[by])] for m, by in instead.items()}
    done = year >= 0
    need = next(stage for stage in task.stages if stage.key == "need")
    total = pd.to_numeric(measures["need"]).fillna(0).sum()
    return Programme(
        options=options, choice=choice, years=year_table(measures, choice["year"], options, met),
        need_met=float(board.need[done].sum() + board.need[list(instead)].sum()), need_total=float(total),
        bound=need.bound, gap=need.gap,
        proven=all(stage.proven for stage in task.stages), seconds=seconds, stages=tuple(task.stages),
        notes=_notes(measures, board, options, task), fingerprint=fingerprint(measures),
    )  # fmt: skip


def _notes(measures: pd.DataFrame, board: Board, options: ProgrammeOptions, task: Task) -> tuple[tuple[str, str], ...]:
    notes = []
    barred = len(board.barred)
    if barred:
        unpriced = int((~measures["priced"].astype(bool)).sum()) if "priced" in measures else 0
        zh = f",其中{unpriced:,}项没有单价(没有单价不等于不花钱)" if unpriced else ""
        en = f", {unpriced:,} of them for want of a price, which does not mean free" if unpriced else ""
        notes.append((f"{barred:,}项措施不能列入{zh};缺少的单价、工程量或业主同意逐项列出。",
                      f"{barred:,} measures cannot be chosen{en}: what each lacks, a price, a quantity or the owners' "
                      "consent, is told with it."))  # fmt: skip
    if board.safety_barred:
        notes.append((f"其中{len(board.safety_barred):,}项是安全措施,本计划未包含,安全底线因此不完整。",
                      f"{len(board.safety_barred):,} of them are safety measures, which this programme lacks: its "
                      "safety floor is incomplete."))  # fmt: skip
    if "example_cost" in measures:
        examples = measures["example_cost"].astype("boolean").fillna(False)
        if examples.any():
            notes.append((f"{int(examples.sum()):,}项措施按示例单价计算,正式使用前须换成当地价格。",
                          f"{int(examples.sum()):,} measures are costed with example prices: put local ones in their "
                          "place before relying on the sums."))  # fmt: skip
    left = _unspent(board, options, task.chosen)
    if left:
        zh = "、".join(f"{y}年{money / 1e4:,.0f}万元" for y, money in left)
        en = ", ".join(f"{y}: {money / 1e4:,.0f}" for y, money in left)
        notes.append((f"有资金未用({zh}),而仍有需求未满足:各小区的工程集中在连续{options.campaign_years}年内,安全措施又尽早实施。"
                      "可允许结转(carry_over)、放宽campaign_years或safety_slack。",
                      f"Money is left over (10,000 yuan; {en}) while need is left unmet: works on a site lie within "
                      f"{options.campaign_years} year(s) running, and safety comes as early as it can. Allow "
                      "carry_over, a longer campaign_years, or some safety_slack."))  # fmt: skip
    for stage in task.stages:
        if not stage.proven:
            if stage.gap > 1:
                notes.append((f"“{stage.title_zh}”这一步的时间用完,未能证明离最优多远。",
                              f"Time ran out at the step \"{stage.title_en}\": how far the best is, is not known."
                              ))  # fmt: skip
                continue
            notes.append((f"“{stage.title_zh}”这一步的时间用完:与最优的差距不超过{stage.gap:.2%}。",
                          f"Time ran out at the step \"{stage.title_en}\": within {stage.gap:.2%} of the best."
                          ))  # fmt: skip
    if task.settled:
        notes.append(("措施很多:先定安全措施的年份,再在此基础上安排其余措施,所述差距以此为准。",
                      "There are many measures: the years of safety were settled first and the rest chosen around "
                      "them; the gap that is told holds for that."))  # fmt: skip
    if options.safety_slack and _delay(board, task.chosen) > task.stages[0].value * (1 + CLOSE):
        more = _delay(board, task.chosen) / task.stages[0].value - 1
        notes.append((f"安全措施的总等待比最短多{more:.2%}(允许{options.safety_slack:.2%}),换取更多需求得到满足。",
                      f"Safety waits {more:.2%} longer in all than the least possible ({options.safety_slack:.2%} is "
                      "allowed), so that more need is met."))  # fmt: skip
    if options.discount:
        notes.append((f"需求每晚一年满足,计值减少{options.discount:.0%}(本软件的理解),用于鼓励早实施。",
                      f"Need met a year later counts {options.discount:.0%} less (our reading), to favour early years."
                      ))  # fmt: skip
    return tuple(notes)


def _unspent(board: Board, options: ProgrammeOptions, year: Years) -> list[tuple[int, float]]:
    """Return years that leave more than a tenth of their money although need that money could meet is left."""
    met = board.met_by(year)
    out = [m for m in np.flatnonzero((year < 0) & (board.need > 0)) if int(m) not in met]
    if not out or options.campaign_years >= len(options.years) or options.carry_over:
        return []
    least = min(int(board.fen[m]) for m in out) / FEN
    spent = np.zeros(len(options.years))
    np.add.at(spent, year[year >= 0], board.fen[year >= 0] / FEN)
    left = np.array(options.budgets_yuan) - spent
    return [(y, float(money)) for y, money, budget in zip(options.years, left, options.budgets_yuan, strict=True)
            if money > 0.1 * budget and money >= least]  # fmt: skip
