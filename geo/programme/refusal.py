"""Why there is no programme: the fewest demands that collide, the sum that is missing, and what would cure it."""

import itertools
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from geo.errors import InfeasibleError
from geo.programme.board import FEN, Board
from geo.programme.model import SCALE, budgets_fen, build, demands
from geo.programme.options import ProgrammeOptions, by_year
from geo.programme.search import run

QUESTIONS = 150
"""Sets of demands that are looked at, at most."""
PATIENCE_S = 60.0
"""Time for finding out why, and for one question a fifth of it [s]."""
NEEDS_ALL = ("equity", "elder_child")
"""Demands that measures beyond the safety floor may have to serve."""


@dataclass
class _Judge:
    """Says of sets of demands whether a programme can keep them; remembers."""

    board: Board
    options: ProgrammeOptions
    deadline: float
    known: dict[tuple[frozenset[str], bool], bool] = field(default_factory=dict)
    sure: bool = True
    """Every answer so far is proven."""

    def possible(self, kept: Collection[str], *, floor: bool = True) -> bool:
        """Return whether these demands can be kept together; True when nothing proves that they cannot."""
        asked = frozenset(kept), floor
        if asked not in self.known:
            if len(self.known) >= QUESTIONS or time.monotonic() > self.deadline:
                self.sure = False
                return True
            drop = frozenset(demands(self.board, self.options)) - asked[0]
            sites = set(self.board.sites)
            small = not any(d in NEEDS_ALL or d.removeprefix("lock:") in sites for d in asked[0])
            model = build(self.board, self.options, drop=drop, only_musts=small, floor=floor)
            until = min(self.deadline, time.monotonic() + PATIENCE_S / 5)
            found = run(model, np.zeros(model.matrix.shape[1]), deadline=until)
            if found.status == "unknown":
                self.sure = False
            self.known[asked] = found.status != "infeasible"
        return self.known[asked]


def refusal(board: Board, options: ProgrammeOptions) -> InfeasibleError:
    """Return why no programme keeps the safety floor and every demand of these options.

    The reasons, in this order: what collides (and whether that is the smallest such set); the sum that is missing, in
    all and by year; what would cure it.
    """
    every = demands(board, options)
    judge = _Judge(board, options, time.monotonic() + PATIENCE_S)
    words = _Words(board, options)
    zh: list[str] = []
    en: list[str] = []

    def say(pair: tuple[str, str]) -> None:
        zh.append(pair[0])
        en.append(pair[1])

    if not judge.possible(()):
        say(_clash(board))
        return InfeasibleError(en, reasons_zh=zh, table="measures", ids=_excluded(board))
    conflict, smallest = _conflict(judge, every)
    floor_in = judge.possible(conflict, floor=False)
    say(words.collision(conflict, floor=floor_in))
    if not floor_in:
        say(("即使没有安全底线,这些要求也不能同时满足。", "These demands collide even without the safety floor."))
    say(("已证明没有更小的冲突。", "Proven: no smaller set of demands is in conflict.") if smallest and judge.sure else
        ("已证明去掉其中任何一条,其余即不再冲突。", "Proven: without any one of them, the rest do not collide.")
        if judge.sure else ("是否有多余的要求未能完全确定。", "Whether one of them could be spared is not fully known.")
        )  # fmt: skip
    if "budget" in every:
        alone = _missing(
            board, options, [d for d in every if d != "budget" and not d.startswith(NEEDS_ALL)], small=True
        )
        whole = _missing(board, options, [d for d in every if d != "budget"], small=False)
        for pair in words.missing(alone, whole):
            say(pair)
    for pair in _cures(judge, words, every, conflict):
        say(pair)
    ids = [d.partition(":")[2] for d in conflict if d.startswith(("lock:", "forbid:"))]
    return InfeasibleError(en, reasons_zh=zh, table="measures", ids=ids)


def _conflict(judge: _Judge, every: Sequence[str]) -> tuple[list[str], bool]:
    """Return a set of demands that collide, and whether no smaller one does (implicit hitting sets)."""
    order = {name: i for i, name in enumerate(every)}
    one = sorted(_shrunk(judge, every), key=order.__getitem__)
    left: list[frozenset[str]] = []
    for name in one:
        rest = frozenset(every) - {name}
        if judge.possible(rest):
            left.append(frozenset({name}))
    while judge.sure:
        hit = next(_hitting(left, order, len(one) - 1), None)
        if hit is None:
            return one, True
        if not judge.possible(hit):
            return sorted(hit, key=order.__getitem__), True
        grown = set(hit)
        for name in every:
            if name not in grown and judge.possible(grown | {name}):
                grown.add(name)
        left.append(frozenset(every) - grown)
    return one, False


def _shrunk(judge: _Judge, every: Sequence[str]) -> list[str]:
    """Return demands that collide, none of which can be spared (QuickXplain); what comes last is named first."""

    def explain(background: list[str], added: bool, open_: list[str]) -> list[str]:
        if added and not judge.possible(background):
            return []
        if len(open_) == 1:
            return open_
        half = len(open_) // 2
        one, two = open_[:half], open_[half:]
        second = explain([*background, *one], bool(one), two)
        first = explain([*background, *second], bool(second), one)
        return [*first, *second]

    return explain([], False, list(every))


def _hitting(sets: list[frozenset[str]], order: dict[str, int], most: int) -> Iterator[frozenset[str]]:
    every = sorted(frozenset().union(*sets), key=order.__getitem__)
    for size in range(most + 1):
        for some in itertools.combinations(every, size):
            chosen = frozenset(some)
            if all(chosen & one for one in sets):
                yield chosen


@dataclass(frozen=True)
class _Missing:
    """Money to be added so that it can be done: in all, at least (proven), by year for one way of doing it [yuan]."""

    total: float
    least: float
    by_year: tuple[float, ...]


def _missing(board: Board, options: ProgrammeOptions, kept: Collection[str], *, small: bool) -> _Missing | None:
    """Return the least money that is missing while these demands are kept; None when no money helps."""
    drop = frozenset(demands(board, options)) - {*kept, "budget"}
    model = build(board, options, drop=drop, only_musts=small, extra=True)
    cost = np.zeros(model.matrix.shape[1])
    # Of equal sums, that with the money needed late: a small preference, too small to buy anything with.
    cost[model.extra] = 1.0
    found = run(model, cost, deadline=time.monotonic() + PATIENCE_S / 3)
    if found.column is None:
        return None
    # The whole columns say what is spent; money is counted again in fen.
    year = model.years_of(found.column)
    spent = np.zeros(model.years, dtype=np.int64)
    np.add.at(spent, year[year >= 0], board.fen[year >= 0])
    budget = budgets_fen(options)
    short, purse = [], 0
    for t in range(model.years):
        purse += int(budget[t]) - int(spent[t])
        short.append(max(0, -purse))
        purse = max(0, purse) if options.carry_over else 0
    total = sum(short) / FEN
    return _Missing(total, min(total, max(0.0, found.bound * SCALE / FEN)), tuple(s / FEN for s in short))


def _cures(judge: _Judge, words: "_Words", every: Sequence[str], conflict: Sequence[str]) -> list[tuple[str, str]]:
    """Return a sentence for each single change that cures it, tried; and for carrying money over."""
    said = []
    for name in conflict:
        if judge.possible(frozenset(every) - {name}):
            cure = words.without(name)
            if cure is not None:
                said.append(cure)
    options = judge.options
    if not options.carry_over and "budget" in conflict and len(options.years) > 1:
        carried = _Judge(judge.board, options.model_copy(update={"carry_over": True}), judge.deadline)
        if carried.possible(every) and carried.sure:
            said.append(("允许结余结转下年即可成立。", "Cured by carrying money over to later years (carry_over)."))
    return said


def _excluded(board: Board) -> list[str]:
    both = [(a, b) for a, b in board.excludes if board.safety[a] and board.safety[b]]
    return sorted({board.ids[i] for pair in both for i in pair})


def _clash(board: Board) -> tuple[str, str]:
    ids = _excluded(board)
    if ids:
        return (f"安全措施之间按菜单互斥:{'、'.join(ids[:6])}。请修改菜单或措施。",
                f"Safety measures exclude each other by the menu: {', '.join(ids[:6])}. Correct the menu or the "
                "measures."
                )  # fmt: skip
    return ("安全措施之间按菜单的先后关系不能同时实施。请修改菜单。",
            "The menu's order makes it impossible to do all safety measures. Correct the menu.")  # fmt: skip


class _Words:
    """What demands are called."""

    def __init__(self, board: Board, options: ProgrammeOptions) -> None:
        self.board, self.options = board, options
        floor = int(board.fen[board.safety].sum())
        self.floor = floor / FEN / 1e4
        self.budget = sum(options.budgets_yuan) / 1e4
        self.count = int(board.safety.sum())

    def name(self, demand: str) -> tuple[str, str]:
        """Return what a demand is called."""
        o = self.options
        kind, _, what = demand.partition(":")
        years = "、".join(f"{y}年{b / 1e4:,.2f}万元" for y, b in zip(o.years, o.budgets_yuan, strict=True))
        years_en = ", ".join(f"{y}: {b / 1e4:,.2f}" for y, b in zip(o.years, o.budgets_yuan, strict=True))
        match kind:
            case "budget":
                carry = ("", "") if not o.carry_over else (",结余可结转", ", carried over")
                return f"政府资金({years}{carry[0]})", f"public money (10,000 yuan; {years_en}{carry[1]})"
            case "capacity":
                most = by_year(o.capacities[what], len(o.years))
                return (f"{what}的年度能力({'、'.join(f'{m:g}' for m in most)})",
                        f"the yearly capacity of {what} ({', '.join(f'{m:g}' for m in most)})")  # fmt: skip
            case "sites":
                most = by_year(o.sites_per_year or 0, len(o.years))
                return (f"每年施工小区数上限({'、'.join(map(str, most))})",
                        f"the most sites under works in a year ({', '.join(map(str, most))})")  # fmt: skip
            case "campaign":
                ahead = ("(安全措施可先行)", ", safety may go ahead") if o.safety_ahead else ("", "")
                return (f"一个小区的工程须在连续{o.campaign_years}年内完成{ahead[0]}",
                        f"works on a site within {o.campaign_years} year(s) running{ahead[1]}")  # fmt: skip
            case "max_share":
                return (f"单个社区资金占比不超过{o.max_share_per_community:.0%}",
                        f"at most {o.max_share_per_community:.0%} of the money for one community")  # fmt: skip
            case "equity":
                return (f"每个社区的需求至少满足{o.equity_floor:.0%}",
                        f"at least {o.equity_floor:.0%} of every community's need met")  # fmt: skip
            case "elder_child":
                return (
                    f"一老一小措施不少于{o.elder_child_min}项",
                    f"at least {o.elder_child_min} measures for old and young",
                )
            case "forbid":
                return f"排除{what}", f"{what} is forbidden"
            case _:
                when = o.locked[what]
                return (f"锁定{what}" + ("" if when == "in" else f"在{when}年"),
                        f"{what} is locked" + ("" if when == "in" else f" to {when}"))  # fmt: skip

    def collision(self, conflict: Sequence[str], *, floor: bool) -> tuple[str, str]:
        """Return what collides, in a sentence."""
        zh, en = [self.name(d)[0] for d in conflict], [self.name(d)[1] for d in conflict]
        if floor:
            zh.insert(0, f"安全底线({self.count}项措施,需政府资金{self.floor:,.2f}万元,不可取舍)")
            en.insert(0, f"the safety floor ({self.count} measures, {self.floor:,.2f} × 10,000 yuan of public money, "
                         "never traded away)")  # fmt: skip
        if len(en) == 1:
            return f"不能满足:{zh[0]}。", f"It cannot be: {en[0]}."
        return f"不能同时满足:{';'.join(zh)}。", f"These collide: {'; '.join(en)}."

    def missing(self, alone: _Missing | None, whole: _Missing | None) -> list[tuple[str, str]]:
        """Return sentences on the sum that is missing."""
        said = []
        for what, short in (("安全底线", alone), ("全部要求", whole)):
            en = "the safety floor" if what == "安全底线" else "all demands"
            if short is None:
                said.append((f"{what}:再多资金也不能成立。", f"For {en}, no sum of money is enough."))
            elif short.total > 0 and not (what == "全部要求" and alone is not None and short == alone):
                years = [(y, s) for y, s in zip(self.options.years, short.by_year, strict=True) if s > 0]
                by_zh = "、".join(f"{y}年{s / 1e4:,.4f}万元" for y, s in years)
                by_en = ", ".join(f"{y}: {s / 1e4:,.4f}" for y, s in years)
                exact = short.total - short.least < 0.01
                least_zh = "" if exact else f"(已证明至少{short.least / 1e4:,.4f}万元)"
                least_en = "" if exact else f" (proven: at least {short.least / 1e4:,.4f})"
                said.append((f"{what}还缺政府资金{short.total / 1e4:,.4f}万元{least_zh},例如:{by_zh}。",
                             f"For {en}, {short.total / 1e4:,.4f} × 10,000 yuan of public money is missing{least_en}, "
                             f"for example {by_en}."))  # fmt: skip
        return said

    def without(self, demand: str) -> tuple[str, str] | None:
        """Return the cure that giving up a demand is; None where the sum that is missing says it better."""
        if demand == "budget":
            return None
        zh, en = self.name(demand)
        return f"放宽或取消“{zh}”即可成立。", f"Cured by relaxing or dropping: {en}."
