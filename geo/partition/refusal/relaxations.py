"""The nearest requests that have an answer where one has none, and what each of them gives up.

Demands without which nothing is proven impossible are found as minimal hitting sets of the conflicts; limits are moved
by the least amount that no proof forbids. What comes out is solved, and offered only when it has a plan.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from geo.errors import InfeasibleError, InputError
from geo.partition.plan import Lock, Plan, PlanOptions, Progress, Term
from geo.partition.refusal.conflicts import (
    MOST_CONFLICTS,
    Conflict,
    certainty_of,
    conflicting,
    hitting,
    not_found,
    shrunk,
    smallest_first,
    worded,
)
from geo.partition.refusal.demands import NUMBERS, Demand
from geo.partition.refusal.proofs import LAST, WHAT, Asked, Board, bonds
from geo.partition.town import Ints, Town, capital

MOST_SOLVES = 12
"""Plans tried to find relaxations."""
SMALL_CHANGE = 0.1
"""A limit moved by no more than this share is nearer than anything that is given up altogether."""
MOST_WAYS = 10
MOST_TOGETHER = 3
"""Demands given up at once."""
STEPS = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5)
"""How much further than the proven least a limit is moved, in turn, until there is a plan."""
STRETCH = 2.0
"""A maximum is not raised further than to so many times its value where something else would work."""
REFINED = 2
"""Times the step with which a limit came to a plan is then halved."""

_NEARNESS: dict[str, int] = {
    "k": 1, "islands": 1, "forbid_cut": 1, "forbid_cross": 1, "condition": 2, "apart": 3, "together": 3, "as_is": 3,
    "estate": 5, "whole": 6, "town": 9,
}  # fmt: skip
_SMALL_NUMBER, _LARGE_NUMBER = 0, 4


@dataclass(frozen=True)
class Relaxation:
    """A request near to the one that was made which has a plan, and what it gives up.

    Attributes
    ----------
    options : PlanOptions
        The changed request.
    change : mapping from option to value
        What differs, as JSON.
    dropped : tuple of str
        Ids of the demands that no longer hold, or hold with another number.
    text_zh, text_en : str
        What is changed.
    cost_zh, cost_en : tuple of str
        What that gives up in the plan that was found, a sentence each.
    least : bool
        No smaller change of this kind can work: proven.
    law : bool
        It departs from what the profile or the limits of towns prescribe.
    objective, terms
        Of the plan that was found.
    nearness : tuple
        Smaller is nearer: its class, then its amount.
    """

    options: PlanOptions
    change: Mapping[str, Any]
    dropped: tuple[str, ...]
    text_zh: str
    text_en: str
    cost_zh: tuple[str, ...]
    cost_en: tuple[str, ...]
    least: bool
    law: bool
    objective: float
    terms: Mapping[str, Term]
    nearness: tuple[float, ...]


@dataclass(frozen=True)
class Diagnosis:
    """Why a request has no answer, and what would have one; `solves` plans were tried."""

    conflicts: tuple[Conflict, ...]
    relaxations: tuple[Relaxation, ...] = ()
    solves: int = 0


Solve = Callable[[PlanOptions], Plan]
Tell = Callable[[Progress], None]


def explain_conflict(
    town: Town,
    *,
    solve: Solve,
    sought: tuple[Sequence[str], Sequence[str]] = ((), ()),
    most_solves: int = MOST_SOLVES,
    progress: Tell | None = None,
) -> Diagnosis:
    """Return why a request has no answer, and the nearest requests that have one.

    Parameters
    ----------
    town : Town
        Of the request that has no answer.
    solve : callable
        Makes a plan, quickly, for other options of the same tables; raises InfeasibleError when there is none. It must
        not explain in its turn.
    sought : pair of sentences (Chinese, English), optional
        What the search tried, for a request that nothing proves impossible.
    most_solves : int
        Calls of `solve` at most.
    progress : callable, optional
        Told how far it is; what it raises ends the work and passes through.
    """
    trial = _Trial(Board(town), solve, most_solves, progress or _silent)
    board = trial.board
    board.watch = trial.watch
    trial.watch()
    found = conflicting(board, LAST)
    if found:
        found = smallest_first(board, found)
        conflicts = [worded(board, one, certainty_of(board, one, found)) for one in found]
    else:
        conflicts = [not_found(board, sought)]
    trial.now = Progress("relaxations", 0.2, {})
    relaxations = _relaxations(trial, found)
    trial.tell(Progress("done", 1.0, {}))
    return Diagnosis(tuple(conflicts), tuple(relaxations), trial.solves)


def reasons(diagnosis: Diagnosis, lang: Literal["zh", "en"] = "en") -> list[str]:
    """Return the sentences of an InfeasibleError: the conflicts, then what would work and what it costs."""
    chinese = lang == "zh"
    said = [one.text_zh if chinese else one.text_en for one in diagnosis.conflicts]
    for way in diagnosis.relaxations:
        cost = "".join(way.cost_zh) if chinese else " ".join(way.cost_en)
        said.append(f"可行:{way.text_zh}。{cost}" if chinese else f"This would work: {way.text_en}. {cost}".rstrip())
    return list(dict.fromkeys(said))


def refusal(diagnosis: Diagnosis) -> InfeasibleError:
    """Return the error that says it, with the blocks to light up."""
    ids = list(dict.fromkeys(i for one in diagnosis.conflicts for i in one.ids))
    return InfeasibleError(
        reasons(diagnosis), reasons_zh=reasons(diagnosis, "zh"), table="blocks" if ids else None, ids=ids
    )


def _silent(_: Progress) -> None:
    """Hear nothing."""


# 1. What would work


@dataclass
class _Trial:
    """Solves changed requests: so many at most."""

    board: Board
    solve: Solve
    most: int
    tell: Tell
    solves: int = 0
    now: Progress = field(default_factory=lambda: Progress("conflicts", 0.0, {}))

    def watch(self) -> None:
        """Tell how far it is."""
        self.tell(self.now)

    def plan(self, options: PlanOptions) -> Plan | None:
        """Return a plan for these options; None when there is none, or no more may be tried."""
        if self.solves >= self.most:
            return None
        self.now = Progress("relaxations", 0.2 + 0.8 * self.solves / self.most, {})
        self.watch()
        self.solves += 1
        try:
            return self.solve(options)
        except (InfeasibleError, InputError):
            return None


@dataclass(frozen=True)
class _Way:
    """Demands given up, and the numbers that stand instead of limits; `moving` may have to go further than proven."""

    dropped: Asked
    numbers: Mapping[str, int]
    moving: str | None = None
    least: bool = True


def _relaxations(trial: _Trial, found: Sequence[Asked]) -> list[Relaxation]:
    """Return the nearest requests that were seen to have a plan, nearest first."""
    board = trial.board
    ways = [way for one in (_ways(board, found) if found else _hopes(board)) for way in _measured(board, one)]
    modest = [
        way for way in ways if all(n <= STRETCH * board.numbers[kind] for kind, n in way.numbers.items() if kind != "k")
    ]
    ways = modest or ways
    offered: list[Relaxation] = []
    for way in sorted(ways, key=lambda way: _nearness(board, way)):
        solved = _solved(trial, way, sure=bool(found))
        if solved is None:
            continue
        done, plan = solved
        one = _offer(board, done, plan)
        if all(one.options != other.options for other in offered):
            offered.append(one)
    return sorted(offered, key=lambda one: one.nearness)


def _ways(board: Board, found: Sequence[Asked]) -> list[Asked]:
    """Return sets of demands without which nothing is proven impossible, nearest first."""
    sets = [one - {"town"} for one in found]
    ways: list[Asked] = []
    tried: set[Asked] = set()
    while len(sets) < 4 * MOST_CONFLICTS and all(sets):
        named = [min(one - set(NUMBERS), key=lambda n: (_class(board, n), board.order[n]), default="") for one in sets]
        # What is peculiar to each conflict, all at once: five villages that are each too large are all divided.
        own = [frozenset(named)] if all(named) and len(set(named)) > MOST_TOGETHER else []
        hits = sorted(hitting(board, sets, MOST_TOGETHER), key=lambda h: (len(h), _worst(board, h)))
        further = None
        for hit in [h for h in [*hits, *own] if h not in tried]:
            tried.add(hit)
            rest = board.all - _given_up(board, hit)
            proofs = board.proofs(rest)
            if proofs:
                further = shrunk(board, rest, proofs[0].depth) - {"town"}
                break
            if any(way <= hit for way in ways):
                continue
            ways.append(hit)
            if len(ways) == MOST_WAYS:
                return ways
        if further is None or further in sets:
            break
        sets.append(further)
    return ways


def _hopes(board: Board) -> list[Asked]:
    """Return single demands to give up where nothing is proven."""
    some = [name for name in board.sorted(board.all) if name != "town" and not name.startswith("estate:")]
    some += [name for name in board.sorted(board.all) if name.startswith("estate:")][:1]
    return [frozenset({name}) for name in sorted(some, key=lambda n: (_class(board, n), board.order[n]))][:MOST_WAYS]


def _given_up(board: Board, hit: Asked) -> Asked:
    """Return all demands that fall with these: the options know no single estate."""
    if not any(name.startswith("estate:") for name in hit):
        return hit
    return hit | {name for name in board.all if name.startswith("estate:")}


def _class(board: Board, name: str) -> int:
    return _NEARNESS.get(board.demands[name].kind, _SMALL_NUMBER)


def _worst(board: Board, hit: Asked) -> tuple[int, list[int]]:
    return max(_class(board, name) for name in hit), [board.order[name] for name in board.sorted(hit)]


def _measured(board: Board, hit: Asked) -> list[_Way]:
    """Return the ways of giving up these demands with the least amounts that no proof forbids."""
    dropped = _given_up(board, hit)
    numbers: dict[str, int] = {}
    loose = [name for name in board.sorted(hit) if name in NUMBERS]
    for i, kind in enumerate(loose):
        value = _least(board, board.all - (dropped - {kind}) - set(loose[i + 1 :]), kind, numbers)
        if value is None:
            return []
        numbers[kind] = value
    if "k" not in hit:
        return [_Way(dropped, numbers, loose[-1] if loose else None)]
    rest = board.all - (dropped - {"k"})
    asked = board.numbers["k"]
    most = len(np.unique(bonds(board, rest)))
    near = sorted(range(1, most + 1), key=lambda k: (abs(k - asked), k))
    fits = (k for k in near if k != asked and not board.proofs(rest | set(loose), numbers=numbers | {"k": k}))
    return [_Way(dropped, numbers | {"k": k}) for k in itertools.islice(fits, 2)]


def _least(board: Board, asked: Asked, kind: str, numbers: Mapping[str, int]) -> int | None:
    """Return the value of a limit nearest to what was asked with which nothing is proven impossible."""
    given = board.numbers[kind]
    total = int(board.load["people" in kind].sum())
    step, far = (1, max(total, given + 1) - given) if kind.startswith("max") else (-1, given)

    def free(amount: int) -> bool:
        return not board.proofs(asked, numbers=dict(numbers) | {kind: given + step * amount})

    if not free(far):
        return None
    low, high = 0, far
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if free(middle) else (middle, high)
    return given + step * high


def _solved(trial: _Trial, way: _Way, *, sure: bool) -> tuple[_Way, Plan] | None:
    """Return the way with the amount that was seen to work, and the plan; None when none was seen."""
    board = trial.board
    kind = way.moving
    if kind is None:
        plan = trial.plan(_options(board, way))
        return None if plan is None else (way, plan)
    first, given = way.numbers[kind], board.numbers[kind]
    up = kind.startswith("max")
    values = [first + round(first * s) if up else max(0, first - round(given * s)) for s in STEPS[0 if sure else 1 :]]

    def tried(value: int) -> tuple[_Way, Plan] | None:
        now = replace(way, numbers={**way.numbers, kind: value}, least=sure and value == first)
        plan = trial.plan(_options(board, now))
        return None if plan is None else (now, plan)

    failed: int | None = None
    for value in dict.fromkeys(values):
        best = tried(value)
        if best is None:
            failed = value
            continue
        good = value
        for _ in range(0 if failed is None else REFINED):
            middle = (failed + good) // 2 if failed is not None else good
            if middle in (failed, good):
                break
            nearer = tried(middle)
            failed, good, best = (middle, good, best) if nearer is None else (failed, middle, nearer)
        return best
    return None


def _nearness(board: Board, way: _Way) -> tuple[float, ...]:
    """Return how near a way is, smaller is nearer: the dearest thing given up, how many, how much."""
    shares = {
        kind: abs(value - board.numbers[kind]) / max(1, board.numbers[kind]) for kind, value in way.numbers.items()
    }
    classes = [
        (_SMALL_NUMBER if shares[name] <= SMALL_CHANGE else _LARGE_NUMBER) if name in NUMBERS else _class(board, name)
        for name in way.dropped
    ]  # fmt: skip
    order = min(board.order[name] for name in way.dropped)
    return (max(classes), len(set(classes)), len(way.dropped), round(sum(shares.values()), 6), order)


def _options(board: Board, way: _Way) -> PlanOptions:
    """Return the request without these demands, and with these numbers."""
    given = board.town.options
    demands = [board.demands[name] for name in board.sorted(way.dropped)]
    gone = {kind: {d.at for d in demands if d.id.startswith(f"{kind}:")} for kind in ("lock", "seam", "condition")}
    loose = {kind: {board.town.old_ids[d.at] for d in demands if d.kind == kind} for kind in ("as_is", "whole")}
    locks = []
    for number, lock in enumerate(given.locks):
        ids = tuple(i for i in lock.ids if lock.kind not in loose or i not in loose[lock.kind])
        if number not in gone["lock"] and ids:
            locks.append(lock if ids == lock.ids else lock.model_copy(update={"ids": ids}))
    kept = {i for lock in locks if lock.kind == "as_is" for i in lock.ids}
    if free := tuple(sorted(loose["whole"] - kept)):
        locks.append(Lock(kind="free", ids=free))
    update: dict[str, Any] = dict(way.numbers)
    if tuple(locks) != given.locks:
        update["locks"] = tuple(locks)
    if gone["seam"]:
        update["seams"] = tuple(rule for i, rule in enumerate(given.seams) if i not in gone["seam"])
    if gone["condition"]:
        update["conditions"] = tuple(c for i, c in enumerate(given.conditions) if i not in gone["condition"])
    if any(d.kind == "estate" for d in demands):
        update["keep_estates"] = False
    if any(d.kind == "islands" for d in demands):
        update["allow_islands"] = True
    return given.model_copy(update=update)


def _offer(board: Board, way: _Way, plan: Plan) -> Relaxation:
    options = _options(board, way)
    whole, before = options.model_dump(mode="json"), board.town.options.model_dump(mode="json")
    demands = [board.demands[name] for name in board.sorted(way.dropped)]
    texts, costs = [], []
    estates = [d for d in demands if d.kind == "estate"]
    for demand in [d for d in demands if d not in estates[1:]]:
        texts.append(_change_words(board, demand, way))
        costs.append(_estates_cost(board, estates, plan) if demand in estates else _cost_words(board, demand, plan))
    return Relaxation(
        options=options, change=MappingProxyType({key: whole[key] for key in whole if whole[key] != before[key]}),
        dropped=tuple(board.sorted(way.dropped)), text_zh=",".join(zh for zh, _ in texts),
        text_en=" and ".join(en for _, en in texts), cost_zh=tuple(zh for zh, _ in costs),
        cost_en=tuple(capital(en) for _, en in costs), least=way.least and bool(way.numbers),
        law=any(d.law for d in demands), objective=plan.objective, terms=plan.terms, nearness=_nearness(board, way),
    )  # fmt: skip


# 2. What is changed, and what it costs, in words


def _change_words(board: Board, demand: Demand, way: _Way) -> tuple[str, str]:
    kind = demand.kind
    if kind in NUMBERS:
        side = ("上限", "maximum") if kind.startswith("max") else ("下限", "minimum")
        what, unit = WHAT["people" in kind]
        given, now = board.numbers[kind], way.numbers[kind]
        return (f"{side[0]}由{given}{unit}改为{now}{unit}", f"a {side[1]} of {now:,} {what} instead of {given:,}")
    match kind:
        case "k":
            now = way.numbers["k"]
            word = "community" if now == 1 else "communities"
            return (f"{board.numbers['k']}个社区改为{now}个", f"{now} {word} instead of {board.numbers['k']}")
        case "islands":
            return "允许隔断的小片单独成社区", "small parts that are cut off are accepted as communities"
        case "estate":
            return "允许拆分小区", "estates may be divided"
        case "whole":
            return f"允许拆分{demand.name_zh}", f"{demand.name_en} may be divided"
        case "as_is":
            return f"{demand.name_zh}不再保持原状", f"{demand.name_en} need not stay as it is"
        case _:
            return f"不再要求{demand.zh}", f"it is no longer asked that {demand.en}"


def _cost_words(board: Board, demand: Demand, plan: Plan) -> tuple[str, str]:
    if demand.kind in NUMBERS:
        return _limit_cost(board, demand, plan)
    town = board.town
    part = np.array(_parts(town, plan))
    match demand.kind:
        case "k":
            asked = board.numbers["k"]
            return (f"共{plan.k}个社区,不是{asked}个。", f"there are {plan.k} communities, not {asked}.")
        case "islands":
            return _islands_cost(board, plan, part)
        case "whole":
            return _divided(town, demand, part)
        case "as_is":
            own = town.old == demand.at
            mine = part == _heir(town, plan, demand.at)
            gone, come = int(town.households[own & ~mine].sum()), int(town.households[mine & ~own].sum())
            return (f"{demand.name_zh}减少{gone}户、增加{come}户。",
                    f"{demand.name_en} loses {gone:,} households and receives {come:,}.")  # fmt: skip
        case "together":
            count = len(set(part[list(demand.held[0])].tolist()))
            return (f"{demand.name_zh}分在{count}个社区。", f"{demand.name_en} lie in {count} communities.")
        case "forbid_cross" | "forbid_cut":
            return _seam_cost(board, demand, part)
        case _:
            return f"方案中{demand.zh}不再保证。", f"that {demand.en} no longer holds."


def _islands_cost(board: Board, plan: Plan, part: Ints) -> tuple[str, str]:
    low, names = board.numbers["min_households"], sorted(set(plan.assignment.values()))
    sizes = [(name, int(board.load[0][part == names.index(name)].sum())) for name in plan.islands]
    zh = "、".join(f"{name}({size}户)" for name, size in sizes) or "无"
    en = ", ".join(f"{name} ({size:,} households)" for name, size in sizes) or "none"
    return f"低于下限{low}户的社区:{zh}。", f"below the minimum of {low:,} households: {en}."


def _parts(town: Town, plan: Plan) -> list[int]:
    number = {name: i for i, name in enumerate(sorted(set(plan.assignment.values())))}
    return [number[plan.assignment[b]] for b in town.block_ids]


def _heir(town: Town, plan: Plan, old: int) -> int:
    names = sorted(set(plan.assignment.values()))
    return names.index(town.old_ids[old]) if town.old_ids[old] in names else -1


def _limit_cost(board: Board, demand: Demand, plan: Plan) -> tuple[str, str]:
    town, limit = board.town, board.numbers[demand.kind]
    what, unit = WHAT["people" in demand.kind]
    load = np.bincount(_parts(town, plan), board.load["people" in demand.kind]).astype(np.int64)
    names = sorted(set(plan.assignment.values()))
    above = demand.kind.startswith("max")
    outside = np.flatnonzero(load > limit if above else load < limit)
    outside = np.array([i for i in outside.tolist() if names[i] not in plan.islands], dtype=np.int64)
    law = (",此限为所用标准所定", "; the limit is the profile's") if demand.law else ("", "")
    if not len(outside):
        return f"方案中没有社区超出原限值{law[0]}。", f"no community of the plan is outside the old limit{law[1]}."
    worst = int(outside[np.argmax(load[outside]) if above else np.argmin(load[outside])])
    share = abs(int(load[worst]) - limit) / limit
    side = ("高于原上限", "above the maximum") if above else ("低于原下限", "below the minimum")
    count = len(outside)
    most = ("最大的", "the largest") if above else ("最小的", "the smallest")
    zh = f"{count}个社区{side[0]}{limit}{unit},{most[0]}{load[worst]}{unit},相差{share:.0%}{law[0]}。"
    if count == 1:
        return zh, f"one community of {load[worst]:,} {what}, {share:.0%} {side[1]} of {limit:,}{law[1]}."
    en = f"{count} communities {side[1]} of {limit:,}, {most[1]} of {load[worst]:,} {what}, {share:.0%} {side[1]}"
    return zh, f"{en}{law[1]}."


def _divided(town: Town, demand: Demand, part: Ints) -> tuple[str, str]:
    blocks = list(itertools.chain(*demand.held))
    share = np.bincount(part[blocks], town.households[blocks])
    count = len(set(part[blocks].tolist()))
    away = int(share.sum() - share.max())
    if count == 1:
        return f"方案中{demand.name_zh}仍然完整。", f"{demand.name_en} happens to stay whole in the plan."
    return (
        f"{demand.name_zh}将分在{count}个社区,{away}户离开。",
        f"{demand.name_en} would be divided among {count} communities: {away:,} households leave it.",
    )


def _estates_cost(board: Board, estates: Sequence[Demand], plan: Plan) -> tuple[str, str]:
    part = np.array(_parts(board.town, plan))
    cut = [d for d in estates if any(len(set(part[list(group)].tolist())) > 1 for group in d.held)]
    shown = ("、".join(d.name_zh for d in cut[:3]) + ("等" if len(cut) > 3 else ""),
             ", ".join(d.name_en for d in cut[:3]) + (" and others" if len(cut) > 3 else ""))  # fmt: skip
    if not cut:
        return "方案中没有小区被拆分。", "no estate is divided in the plan."
    word = "estate is" if len(cut) == 1 else "estates are"
    return f"{len(cut)}个小区被拆分({shown[0]})。", f"{len(cut)} {word} divided ({shown[1]})."


def _seam_cost(board: Board, demand: Demand, part: Ints) -> tuple[str, str]:
    town = board.town
    mine = np.zeros(len(town.seam_a), dtype=bool)
    pairs = set(demand.parted or demand.held)
    for i, (a, b) in enumerate(zip(town.seam_a.tolist(), town.seam_b.tolist(), strict=True)):
        mine[i] = (a, b) in pairs
    cut = part[town.seam_a] != part[town.seam_b]
    if demand.kind == "forbid_cut":
        length = int(town.seam_m[mine & cut].sum())
        return f"有{length}米社区边界沿此而行。", f"{length:,} m of border run along it."
    spanned = mine & ~cut
    length, count = int(town.seam_m[spanned].sum()), len(set(part[town.seam_a[spanned]].tolist()))
    word = "community spans" if count == 1 else "communities span"
    return f"{count}个社区跨越它,共{length}米。", f"{count} {word} {length:,} m of it."
