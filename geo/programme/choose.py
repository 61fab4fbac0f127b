"""The choice: which measures in which year, safety first, under budgets; solved exactly, with its bound."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import Fault, InfeasibleError, InputError
from geo.programme.board import FEN, Board, board_of
from geo.programme.model import Model, build, columns_of, known_capacity
from geo.programme.options import ProgrammeOptions
from geo.programme.programme import Programme, Stage, year_table
from geo.programme.refusal import refusal
from geo.programme.search import Solved, solve

Told = Callable[[str, float], None]
"""Is told the step (`safety`, `need`, `stay`) and the share of the work that is done (0 to 1)."""

Years = npt.NDArray[np.int64]

CLOSE = 1e-7
"""Relative difference below which two sums are the same."""
SAFETY_GAP = 1e-5
"""The waiting of safety is settled to this share at least, whatever gap is enough for the rest."""
TITLES = {
    "safety": ("安全措施等待最少", "Safety waits as little as possible"),
    "need": ("满足的需求最多", "As much need as possible is met"),
    "stay": ("改动最少", "As little as possible changes"),
}


def make_programme(
    measures: pd.DataFrame, options: ProgrammeOptions, *, start: Programme | None = None, told: Told | None = None
) -> Programme:
    """Return the best programme for these options.

    In this order, a later aim never at the cost of an earlier one: (1) every safety measure is done; (2) safety waits as
    little as possible (need × years); (3) as much weighted need as possible is met, earlier rather than later.

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
    assert task.year is not None
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
    for key in sorted(options.capacities):
        if not known_capacity(keys, key):
            faults.append(Fault(f"capacities: there is no measure {key}",
                                f"use one of {', '.join(sorted(keys))}, class:basic, class:improve, class:upgrade"
                                ))  # fmt: skip
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

    def safety(self, before: Years | None) -> None:
        """Settle how little safety can wait; refuse when its floor cannot be kept."""
        began = time.monotonic()
        board, options = self.board, self.options
        # What need not be done cannot make safety earlier: first without it, which is small. Where demands of fairness
        # can only be met by the rest, the whole is solved below.
        small = build(board, options, only_musts=True)
        start = None if before is None else columns_of(small, _only(before, small), options, board)
        gap = min(options.gap, SAFETY_GAP)
        found = solve(small, small.delay, start=start, gap=gap, deadline=self._until(0.35))
        if found.column is None:
            raise self._refused(found)
        year = small.years_of(found.column)
        if columns_of(self.model, year, options, board) is None:
            whole = self._completed(small, found, year)
            if whole is None:
                column = None if before is None else columns_of(self.model, before, options, board)
                found = solve(self.model, self.model.delay, start=column, gap=gap, deadline=self._until(0.6))
                if found.column is None:
                    raise self._refused(found)
                whole = self.model.years_of(found.column)
            year = whole
        self.year = year
        self._took("safety", _delay(board, year), max(0.0, found.bound), began, least=True)

    def _completed(self, small: Model, found: Solved, year: Years) -> Years | None:
        """Return a choice that keeps every demand and in which safety waits no longer than without the rest, if any."""
        limited = self._limited(_delay(self.board, year))
        if limited.matrix.shape[1] > 6_000:
            fixed = limited._with(low=limited.low.copy(), high=limited.high.copy())
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
        assert self.year is not None
        self.waiting = _delay(self.board, self.year) * (1 + self.options.safety_slack)
        model = self._limited(self.waiting)
        starts = [columns_of(model, year, self.options, self.board) for year in (self.year, before) if year is not None]
        start = min((one for one in starts if one is not None), key=lambda one: -model.value @ one, default=None)
        free = build(self.board, self.options, drop=("campaign", "sites"))
        found = solve(model, -model.value, start=start, gap=self.options.gap, deadline=self._until(1.0),
                      told=self._said("need"), loose=free, loose_cost=-free.value)  # fmt: skip
        if found.column is None:
            raise self._refused(found)
        self.year = model.years_of(found.column)
        # Without any proof there still is no more need than all of it.
        most = min(-found.bound, float(self.board.need.sum()))
        self._took("need", -found.value, most, began, least=False)

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
        assert self.year is not None
        starts = [columns_of(model, year, self.options, self.board) for year in (before, self.year)]
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
    assert task.year is not None
    when = pd.Series(pd.NA, index=measures.index.astype(str), dtype="Int64")
    done = task.year >= 0
    when[[one for one, is_done in zip(board.ids, done, strict=True) if is_done]] = (
        np.array(options.years)[task.year[done]]
    )  # fmt: skip
    choice = _explained(measures, when, board, options, task)
    instead = board.met_by(task.year)
    choice["met_by"] = choice["met_by"].astype("object")
    for m, by in instead.items():
        choice.loc[board.ids[m], "met_by"] = board.ids[by]
    choice["met_by"] = choice["met_by"].astype("str")
    met = {board.ids[m]: options.years[task.year[by]] for m, by in instead.items()}
    need = next(stage for stage in task.stages if stage.key == "need")
    total = pd.to_numeric(measures["need"]).fillna(0).sum()
    return Programme(
        options=options, choice=choice, years=year_table(measures, when, options, met),
        need_met=float(board.need[done].sum() + board.need[list(instead)].sum()), need_total=float(total), bound=need.bound, gap=need.gap,
        proven=all(stage.proven for stage in task.stages), seconds=seconds, stages=tuple(task.stages),
        notes=_notes(measures, board, options, task), fingerprint=fingerprint(measures),
    )  # fmt: skip


def _explained(
    measures: pd.DataFrame, when: pd.Series, board: Board, options: ProgrammeOptions, task: Task
) -> pd.DataFrame:
    """Return year and reason of every measure."""
    assert task.year is not None
    T = len(options.years)
    index = measures.index.astype(str)
    row = {one: i for i, one in enumerate(board.ids)}
    year = task.year
    yield_ = board.need / np.maximum(board.fen / FEN / 1e4, 1e-9)
    taken = (year >= 0) & ~board.safety & (board.fen > 0)
    least = float(yield_[taken].min()) if taken.any() else 0.0
    spent = np.zeros(T)
    np.add.at(spent, year[year >= 0], board.fen[year >= 0] / FEN)
    left = np.array(options.budgets_yuan) - spent
    if options.carry_over:
        left = np.maximum.accumulate(np.cumsum(left)[::-1])[::-1]
    site_years: dict[int, set[int]] = {}
    for m in np.flatnonzero((year >= 0) & board.works & (board.site >= 0)):
        site_years.setdefault(int(board.site[m]), set()).add(int(year[m]))
    instead = board.met_by(year)
    rivals: dict[int, list[int]] = {}
    for a, b in board.excludes:
        rivals.setdefault(int(a), []).append(int(b))
    zh, en = [], []
    for one in index:
        m = row.get(one)
        if m is None:
            why = board.barred[one]
            zh.append(f"未列入:{why[0]}。")
            en.append(f"Not chosen: {why[1]}.")
            continue
        cost = board.fen[m] / FEN / 1e4
        worth = f"{yield_[m]:,.1f}" if board.fen[m] else ""
        if year[m] >= 0:
            at = options.years[year[m]]
            if one in options.locked:
                zh.append(f"人工锁定,{at}年实施。")
                en.append(f"Locked by hand; done in {at}.")
            elif board.safety[m]:
                why_zh, why_en = ("在第一年实施", "in the first year") if year[m] == 0 else (
                    f"排在{at}年:更早的年份留给等待代价更大的安全措施", f"in {at}: earlier years go to safety that could wait less"
                )  # fmt: skip
                zh.append(f"安全底线,必须实施;{why_zh}。")
                en.append(f"Safety floor, always done; {why_en}.")
            elif not board.fen[m]:
                zh.append(f"不需政府资金,{at}年实施。")
                en.append(f"Needs no public money; done in {at}.")
            else:
                zh.append(f"{at}年实施:每万元政府资金满足需求{worth}。")
                en.append(f"Done in {at}: meets {worth} of need for each 10,000 yuan of public money.")
            continue
        mine = site_years.get(int(board.site[m])) if board.works[m] else None
        near = sorted(mine) if mine and options.campaign_years == 1 else range(T)
        room = max((left[t] for t in near), default=0.0) / 1e4
        if one in options.forbidden or (board.site[m] >= 0 and board.sites[board.site[m]] in options.forbidden):
            zh.append("未列入:人工排除。")
            en.append("Not chosen: forbidden by hand.")
        elif m in instead:
            zh.append(f"已由{board.ids[instead[m]]}一并解决,不另实施。")
            en.append(f"Met by {board.ids[instead[m]]}, which makes it needless.")
        elif any(year[other] >= 0 for other in rivals.get(m, [])):
            other = next(o for o in rivals[m] if year[o] >= 0)
            zh.append(f"未列入:已选{board.ids[other]},两者只取其一。")
            en.append(f"Not chosen: {board.ids[other]} is done, and only one of the two is.")
        elif board.need[m] <= 0:
            zh.append("未列入:没有加权需求(受益户数为零)。")
            en.append("Not chosen: no weighted need (it reaches no household).")
        elif cost > room:
            zh.append(f"未列入:需政府资金{cost:,.2f}万元,可用年份最多剩{max(room, 0):,.2f}万元;每万元满足需求{worth}。")
            en.append(f"Not chosen: it takes {cost:,.2f} × 10,000 yuan of public money; at most {max(room, 0):,.2f} is "
                      f"left in a year it could be done; it meets {worth} of need for each 10,000.")  # fmt: skip
        else:
            zh.append(f"未列入:受能力、公平、次序等条件限制(每万元满足需求{worth or '—'};已选措施最低{least:,.1f})。")
            en.append(f"Not chosen: capacities, fairness or order leave no room (need for each 10,000 yuan: "
                      f"{worth or '-'}; the least of what is chosen: {least:,.1f}).")  # fmt: skip
    return pd.DataFrame({"year": when.to_numpy(), "met_by": "", "why_zh": pd.array(zh, dtype="str"),
                         "why_en": pd.array(en, dtype="str")}, index=index.rename("measure_id")
                        ).astype({"year": "Int64"})  # fmt: skip


def _notes(
    measures: pd.DataFrame, board: Board, options: ProgrammeOptions, task: Task
) -> tuple[tuple[str, str], ...]:
    notes = []
    barred = len(board.barred)
    if barred:
        unpriced = int((~measures["priced"].astype(bool)).sum()) if "priced" in measures else 0
        notes.append((f"{barred}项措施不能列入(其中{unpriced}项没有单价):没有单价不等于不花钱。",
                      f"{barred} measures cannot be chosen ({unpriced} of them have no price): no price does not mean "
                      "free."))  # fmt: skip
    if board.safety_barred:
        notes.append((f"其中{len(board.safety_barred)}项是安全措施,本计划未包含,安全底线因此不完整。",
                      f"{len(board.safety_barred)} of them are safety measures, which this programme lacks: its safety "
                      "floor is incomplete."))  # fmt: skip
    if "example_cost" in measures:
        examples = measures["example_cost"].astype("boolean").fillna(False)
        if examples.any():
            notes.append((f"{int(examples.sum())}项措施按示例单价计算,正式使用前须换成当地价格。",
                          f"{int(examples.sum())} measures are costed with example prices: put local ones in their place "
                          "before relying on the sums."))  # fmt: skip
    for stage in task.stages:
        if not stage.proven:
            notes.append((f"“{stage.title_zh}”这一步的时间用完:与最优的差距不超过{stage.gap:.2%}。",
                          f"Time ran out at the step \"{stage.title_en}\": within {stage.gap:.2%} of the best."
                          ))  # fmt: skip
    if options.discount:
        notes.append((f"需求每晚一年满足,计值减少{options.discount:.0%}(本软件的理解),用于鼓励早实施。",
                      f"Need met a year later counts {options.discount:.0%} less (our reading), to favour early years."
                      ))  # fmt: skip
    return tuple(notes)
