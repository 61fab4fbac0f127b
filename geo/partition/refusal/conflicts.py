"""Why a request has no answer: the smallest sets of its rules that cannot all hold, in words.

A conflict is a set of demands that is proven impossible while none of them can be left out (Junker 2004, QuickXplain).
Where every set without a proof is seen to have a plan, the smallest conflict is found by way of minimal hitting sets
(Ignatiev et al. 2015).
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from geo.partition.refusal.demands import NUMBERS, Demand
from geo.partition.refusal.proofs import LAST, NECKS, SUMS, WHAT, Asked, Board, Proof, bonds, cuts_islands, held_in
from geo.partition.town import Town, capital

MOST_CONFLICTS = 12
MOST_QUESTIONS = 1500
"""Sets of demands looked at to show that a conflict is the smallest."""

Certainty = Literal["smallest", "irreducible", "proven", "not_found"]
CERTAINTY: Mapping[str, tuple[str, str]] = MappingProxyType({
    "smallest": ("已证明没有更小的冲突。", "Proven: no smaller set of rules is in conflict."),
    "irreducible": ("已证明缺一不可:去掉其中任何一条即可成立。",
                    "Proven: without any one of these rules the rest can hold."),
    "proven": ("已证明这些规则不能同时成立;其中是否有多余的未能确定。",
               "Proven: these rules cannot all hold; whether one of them could be spared is not known."),
    "not_found": ("搜索未找到方案,但没有证明方案不存在。",
                  "The search found no plan, but nothing proves that there is none."),
})  # fmt: skip
"""How sure a conflict is, in words."""


@dataclass(frozen=True)
class Conflict:
    """Rules that cannot all hold.

    Attributes
    ----------
    demands : tuple of Demand
        The rules; where `certainty` is `not_found`, all that bear on the search.
    proof : str
        `too_large`, `clash`, `as_is`, `touch`, `unreachable`, `too_small`, `no_count`, `few_units`, `k`, `tight`,
        `no_partner`, `exhausted`; `search` without proof.
    certainty : {"smallest", "irreducible", "proven", "not_found"}
        See `CERTAINTY`.
    text_zh, text_en : str
        The conflict in a sentence.
    ids : tuple of str
        Blocks to light up on the map.
    """

    demands: tuple[Demand, ...]
    proof: str
    certainty: Certainty
    text_zh: str
    text_en: str
    ids: tuple[str, ...] = ()


def find_conflicts(town: Town, *, thorough: bool = False) -> tuple[Conflict, ...]:
    """Return the conflicts that can be proven, smallest first; none when nothing is proven impossible.

    Parameters
    ----------
    town : Town
    thorough : bool
        Also show how small they are (`Conflict.certainty`), and try every division of parts of up to 14 units. Without
        it only sums, contradictions and narrow necks are looked at: quick enough for every request.
    """
    board = Board(town)
    found = conflicting(board, LAST if thorough else NECKS)
    if thorough and found:
        found = smallest_first(board, found)
    return tuple(worded(board, one, "proven" if not thorough else certainty_of(board, one, found)) for one in found)


# 1. Sets that are impossible and of which nothing can be left out


def conflicting(board: Board, depth: int) -> list[Asked]:
    """Return a conflict for every proof that is seen, smallest first."""
    found: list[Asked] = []
    for proof in board.proofs(board.all, depth)[:MOST_CONFLICTS]:
        start = board.all
        if proof.support is not None and board.proofs(proof.support, proof.depth):
            start = proof.support
        # First as cheaply as the proof was found; what is left is small enough to look at it deeper.
        one = shrunk(board, shrunk(board, start, proof.depth), depth)
        if one not in found:
            found.append(one)
    return sorted(found, key=lambda one: _rank(board, one))


def _rank(board: Board, asked: Asked) -> tuple[int, list[int]]:
    return len(asked), [board.order[name] for name in board.sorted(asked)]


def shrunk(board: Board, asked: Asked, depth: int) -> Asked:
    """Return a subset that is still proven impossible, and no longer when any one demand is left out (QuickXplain).

    What is cheapest to give up is kept in the conflict last: limits come first in the order, so they are looked at as
    background, and the conflict names the locks and villages that matter.
    """

    def impossible(some: Iterable[str]) -> bool:
        return bool(board.proofs(frozenset(some), depth))

    def explain(background: list[str], added: bool, open_: list[str]) -> list[str]:
        if added and impossible(background):
            return []
        if len(open_) == 1:
            return open_
        half = len(open_) // 2
        one, two = open_[:half], open_[half:]
        second = explain([*background, *one], bool(one), two)
        first = explain([*background, *second], bool(second), one)
        return [*first, *second]

    if impossible(()):
        return frozenset()
    return frozenset(explain([], False, board.sorted(asked)))


def smallest_first(board: Board, found: list[Asked]) -> list[Asked]:
    """Return the conflicts with a smaller one in front when there is one (implicit minimal hitting sets)."""
    smaller = _smaller(board, found[0])[0]
    if smaller is not None and smaller not in found:
        return [smaller, *found]
    return found


def _smaller(board: Board, known: Asked) -> tuple[Asked | None, bool]:
    """Return the smallest conflict below the size of a known one, if any, and whether the answer is sure.

    Demands that have a plan and cannot take one more leave a set of others, of which every conflict has at least one.
    The smallest set that meets all such sets is the smallest conflict, or has a plan and leaves another such set.
    """
    start = board.questions
    # Most often what is left is a single demand.
    left = [frozenset({name}) for name in board.sorted(known) if board.possible(board.all - {name})]
    while board.questions - start < MOST_QUESTIONS:
        hit = next(hitting(board, left, len(known) - 1), None)
        if hit is None:
            return None, True
        if board.proofs(hit):
            return hit, True
        if not board.possible(hit):
            return None, False
        grown = hit
        for name in board.sorted(board.all - hit):
            if board.possible(grown | {name}):
                grown |= {name}
        left.append(board.all - grown)
    return None, False


def hitting(board: Board, sets: Sequence[Asked], most: int) -> Iterator[Asked]:
    """Yield the sets of at most so many demands that meet every given set, none of whose demands is idle."""
    every = board.sorted(frozenset().union(*sets)) if sets else []
    for size in range(most + 1):
        for some in itertools.combinations(every, size):
            chosen = frozenset(some)
            if all(chosen & one for one in sets) and all(
                any(chosen & one == {name} for one in sets) for name in chosen
            ):
                yield chosen


def certainty_of(board: Board, one: Asked, found: Sequence[Asked]) -> Certainty:
    """Return how sure it is that nothing smaller is in conflict."""
    if not all(board.possible(one - {name}) for name in one):
        return "proven"
    if len(one) <= 1:
        return "smallest"
    # What cuts small parts off also makes them islands, which ask for less: fewer rules can then be harder to keep, and
    # the reasoning with hitting sets does not hold.
    if len(one) > len(found[0]) or cuts_islands(board):
        return "irreducible"
    return "smallest" if _smaller(board, found[0]) == (None, True) else "irreducible"


# 2. In words

_MANY = ("together", "forbid_cut", "condition")


def worded(board: Board, one: Asked, certainty: Certainty) -> Conflict:
    """Return a conflict in words: those of the proof that is found of it."""
    proof = board.proofs(one)[0]
    zh, en = _SAY[proof.kind](board, one, proof)
    demands = tuple(board.demands[name] for name in board.sorted(one))
    ids = proof.blocks if proof.kind not in ("too_small", "no_count") or proof.facts.get("cut_off") else ()
    return Conflict(
        demands,
        proof.kind,
        certainty,
        zh,
        en if proof.kind == "k" else capital(en),
        tuple(board.town.block_ids[b] for b in ids),
    )


def _name(board: Board, asked: Asked, blocks: Sequence[int]) -> tuple[str, str]:
    """Return what a sentence calls some blocks under these demands."""
    town = board.town
    if len(blocks) == 1:
        own = int(town.old[blocks[0]])
        if town.options.mode == "merge" and own >= 0:
            return town.names_zh[own], town.names_en[own]
        return f"地块{town.block_ids[blocks[0]]}", f"block {town.block_ids[blocks[0]]}"
    bond = bonds(board, asked)
    if len(set(bond[list(blocks)].tolist())) == 1:
        held = [board.demands[name] for name in held_in(board, asked, blocks)]
        return "与".join(d.name_zh for d in held), " with ".join(d.name_en for d in held)
    first = town.block_ids[min(blocks)]
    return f"地块{first}一带的{len(blocks)}个地块", f"the {len(blocks):,} blocks around block {first}"


def _place(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    """Return what a sentence calls a part of the town, and what cuts it off."""
    town = board.town
    if not proof.facts.get("cut_off"):
        fixed = any(board.demands[name].kind == "as_is" for name in asked)
        return ("除保持原状者外的其余部分", "the town without what stays as it is") if fixed else ("全域", "the town")
    first = min(proof.blocks)
    blocks = len(proof.blocks)
    where = town.town_names[town.town[first]]
    cuts = [board.demands[name] for name in board.sorted(asked)
            if board.demands[name].parted or board.demands[name].kind == "town"]  # fmt: skip
    by_zh = f",因{'、'.join(d.zh for d in cuts)}" if cuts else ""
    by_en = f": {' and '.join(d.en for d in cuts)}" if cuts else ""
    return (
        f"{where}地块{town.block_ids[first]}一带({blocks}个地块,与其余部分隔断{by_zh})",
        f"the part{f' of {where}' if where else ''} around block {town.block_ids[first]} ({blocks:,} blocks, cut off "
        f"from the rest{by_en})",
    )


def _say_too_large(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    zh, en = _name(board, asked, proof.blocks)
    f = proof.facts
    what, unit = WHAT[f["dim"]]
    have = "has" if len(proof.blocks) == 1 else "is kept whole and has"
    whole = "" if len(proof.blocks) == 1 else "保持完整,"
    if any(board.demands[name].kind in _MANY for name in asked):
        have, whole = "are kept together and have", "应在一起,"
    return (
        f"{zh}{whole}有{f['total']}{unit},上限是{f['limit']}{unit}。",
        f"{en} {have} {f['total']:,} {what}; the maximum is {f['limit']:,}.",
    )


def _say_as_is(board: Board, _: Asked, proof: Proof) -> tuple[str, str]:
    f = proof.facts
    what, unit = WHAT[f["dim"]]
    demand = board.demands[f["who"][0]]
    side = ("下限", "minimum") if f["side"] == "min" else ("上限", "maximum")
    return (
        f"{demand.name_zh}保持原状,有{f['total']}{unit},{side[0]}是{f['limit']}{unit}。",
        f"{demand.name_en} stays as it is and has {f['total']:,} {what}; the {side[1]} is {f['limit']:,}.",
    )


def _say_clash(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    town = board.town
    a, b = proof.facts["pair"]
    ids = town.block_ids[a], town.block_ids[b]
    who = [board.demands[name] for name in proof.facts["who"]]
    held = [d for d in (board.demands[n] for n in board.sorted(asked)) if d.held and d not in who]
    zh, en = "与".join(d.name_zh for d in held), " with ".join(d.name_en for d in held)
    if a == b:
        return (
            f"要求{who[0].zh},但它的主体在地块{ids[0]},应随它保留。",
            f"it is asked that {who[0].en}, but it lives on in block {ids[0]}.",
        )
    if proof.facts["why"] == "labels":
        bound = [d for d in (board.demands[n] for n in board.sorted(asked)) if d.held]
        zh, en = "与".join(d.name_zh for d in bound), " and ".join(d.name_en for d in bound)
        one, two = (int(town.old[block]) for block in (a, b))
        return (
            f"{zh}会成为一个社区,但{town.names_zh[one]}与{town.names_zh[two]}都应保留(地块{ids[0]}、{ids[1]})。",
            f"{en} would be one community, but {town.names_en[one]} and {town.names_en[two]} both live on (blocks "
            f"{ids[0]} and {ids[1]}).",
        )
    match proof.facts["why"]:
        case "forbid_cross":
            on = (town.seam_a == a) & (town.seam_b == b) | (town.seam_a == b) & (town.seam_b == a)
            seam = town.seam_names[int(np.flatnonzero(on)[0])]
            why = (f"之间是任何社区都不得跨越的{seam}", f"no community may span {seam}, which runs")
        case "apart":
            why = (f"之间另有规定:{who[0].zh}", f"{town.options.locks[who[0].at]} stands")
        case "town":
            why = ("之间是乡镇街道界", "the limit of two towns runs")
        case "as_is":
            why = (f"之间是{who[0].name_zh}的边界,该社区保持原状",
                   f"{who[0].name_en} stays exactly as it is, so its border stands")  # fmt: skip
        case _:
            why = (f"之间另有规定:{who[0].zh}", f"{who[0].en}: a border must run")
    return (
        f"{zh}应在一起,但地块{ids[0]}与地块{ids[1]}{why[0]}。",
        f"{en} {'are' if len(held) > 1 or held[0].kind in _MANY else 'is'} kept together, but {why[1]} between blocks "
        f"{ids[0]} and {ids[1]}.",
    )


def _say_touch(board: Board, _: Asked, proof: Proof) -> tuple[str, str]:
    demand = board.demands[proof.facts["who"][0]]
    ids = [board.town.block_ids[b] for b in proof.blocks]
    return (
        f"要求{demand.zh},但属于两者的地块{ids[0]}与地块{ids[1]}相邻。",
        f"it is asked that {demand.en}, but blocks {ids[0]} and {ids[1]}, which stay with them, have a common border.",
    )


def _say_unreachable(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    zh, en = _name(board, asked, proof.blocks)
    a, b = (board.town.block_ids[i] for i in proof.facts["pair"])
    cuts = [board.demands[n] for n in board.sorted(asked) if not board.demands[n].name_en]
    by = (f"({'、'.join(d.zh for d in cuts)})", f" ({' and '.join(d.en for d in cuts)})") if cuts else ("", "")
    return (
        f"{zh}应在同一社区,但从地块{a}到地块{b}没有一个社区可以走的路{by[0]}。",
        f"{en} must be in one community, but no way for a community leads from block {a} to block {b}{by[1]}.",
    )


def _say_too_small(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    zh, en = _place(board, asked, proof)
    f = proof.facts
    what, unit = WHAT[f["dim"]]
    hint = ("可允许孤岛单独成社区。", " Allow islands to accept it as a community of its own.")
    hint = hint if "islands" in asked and f["cut_off"] else ("", "")
    return (
        f"{zh}共有{f['total']}{unit},一个社区的下限是{f['least']}{unit}。{hint[0]}",
        f"{en} has {f['total']:,} {what} in all; the minimum for one community is {f['least']:,}.{hint[1]}",
    )


def _say_no_count(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    zh, en = _place(board, asked, proof)
    f = proof.facts
    what, unit = WHAT[f["dim"]]
    total, few = f["total"], f["few"]

    def average(k: int) -> tuple[str, str]:
        if k == 1:
            return f"一个社区{total}{unit}", f"one community of {total:,}"
        return f"{k}个社区平均{total // k}{unit}", f"the average of {k} communities, {total // k:,},"

    (above_zh, above_en), (below_zh, below_en) = average(few - 1), average(few)
    return (
        f"{zh}有{total}{unit},分成几个社区都不行:{above_zh},超过上限{f['most']};{below_zh},低于下限{f['least']}。",
        f"{en} has {total:,} {what}, which no number of communities divides: {above_en} is above the maximum of "
        f"{f['most']:,}, {below_en} is below the minimum of {f['least']:,}.",
    )


def _say_few_units(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    zh, en = _place(board, asked, proof)
    f = proof.facts
    return (
        f"{zh}由{f['units']}个整体单元组成,但{f['households']}户至少需要{f['fewest']}个社区。",
        f"{en} consists of {f['units']} whole units, but its {f['households']:,} households need at least "
        f"{f['fewest']} communities.",
    )


def _say_people_households(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    zh, en = _place(board, asked, proof)
    f = proof.facts
    return (
        f"{zh}有{f['households']}户、{f['people']}人:按上限至少{f['fewest']}个社区,按下限至多{f['most']}个。",
        f"{en} has {f['households']:,} households and {f['people']:,} people: the maxima ask for at least "
        f"{f['fewest']} communities, the minima for at most {f['most']}.",
    )


def _say_k(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    f = proof.facts
    k, total = f["k"], int(board.load[0].sum())
    sizes = {name: board.numbers[name] for name in NUMBERS if name in asked}
    # The sentence names both limits, although one of them may be enough for the conflict.
    least, most = f["least"], f["most"]
    if sizes and not any(board.demands[n].held for n in asked):
        whole = frozenset({*asked, *(n for n in NUMBERS if n in board.all)})
        for deeper in board.proofs(whole, SUMS):
            if deeper.kind == "k":
                least, most = deeper.facts["least"], deeper.facts["most"]
        between = f"{least}" if least == most else f"{least} to {most}"
        span = f"{least}" if least == most else f"{least}至{most}"
        low, high = board.town.limits.min_households, board.town.limits.max_households
        return (
            f"要求共{k}个社区,但{total}户按每个{low}至{high}户只能分成{span}个。",
            f"k = {k} communities are asked for, but {total:,} households within {low:,} to {high:,} each make "
            f"{between}.",
        )
    if k > most:
        return (f"要求共{k}个社区,但只有{most}个整体单元。", f"k = {k} communities are asked for, but there are only "
                f"{most} whole units.")  # fmt: skip
    return (
        f"要求共{k}个社区,但全域分为互不相通的{least}部分。",
        f"k = {k} communities are asked for, but the town falls into {least} parts that are cut off from each other.",
    )


def _say_tight(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    f = proof.facts
    names = [_name(board, asked, small) for small in f["small"][:3]]
    hub_zh, hub_en = _name(board, asked, f["hub"])
    what, unit = WHAT[f["dim"]]
    what_low, unit_low = WHAT[f["dim_low"]]
    zh, en = "、".join(one for one, _ in names), ", ".join(one for _, one in names)
    count = len(f["small"])
    if count > len(names):
        zh, en = f"{zh}等{count}处", f"{en} and {count - len(names)} more"
    have = "have" if count > 1 or en.startswith("the ") else "has"
    each_zh, each_en = ("各", "each ") if count > 1 else ("", "")
    alone = f["alone"][:3]
    only_zh, only_en = "只能并入", "can only join"
    if proof.kind == "no_partner":
        only_zh, only_en = "可并入的相邻单元中最小的是", "would have to join a neighbour, of which the smallest is"
    return (
        f"{zh}有{'、'.join(str(n) for n in alone)}{unit_low},{each_zh}低于下限{f['low']}{unit_low},{only_zh}{hub_zh};"
        f"合计{f['total']}{unit},超过上限{f['limit']}{unit}。",
        f"{en} {have} {', '.join(f'{n:,}' for n in alone)} {what_low}, {each_en}below the minimum of {f['low']:,}, and "
        f"{only_en} {hub_en}; together they have {f['total']:,} {what}, and the maximum is {f['limit']:,}.",
    )


def _say_exhausted(board: Board, asked: Asked, proof: Proof) -> tuple[str, str]:
    zh, en = _place(board, asked, proof)
    rules = [board.demands[name] for name in board.sorted(asked)]
    return (
        f"{zh}由{proof.facts['units']}个整体单元组成,分成连片社区的所有办法都已试过,没有一种同时满足:"
        f"{';'.join(d.zh for d in rules)}。",
        f"{en} consists of {proof.facts['units']} whole units; every way to divide them into contiguous communities "
        f"was tried, and none keeps all of these rules: {'; '.join(d.en for d in rules)}.",
    )


_SAY: dict[str, Callable[[Board, Asked, Proof], tuple[str, str]]] = {
    "too_large": _say_too_large, "as_is": _say_as_is, "clash": _say_clash, "touch": _say_touch,
    "unreachable": _say_unreachable, "too_small": _say_too_small, "no_count": _say_no_count,
    "few_units": _say_few_units, "people_households": _say_people_households, "k": _say_k, "tight": _say_tight,
    "no_partner": _say_tight, "exhausted": _say_exhausted,
}  # fmt: skip


def not_found(board: Board, sought: tuple[Sequence[str], Sequence[str]]) -> Conflict:
    """Return that nothing was found and nothing is proven; `sought` says what was tried."""
    zh, en = "".join(sought[0]), " ".join(sought[1])
    plain = CERTAINTY["not_found"]
    demands = tuple(d for d in board.demands.values() if d.kind != "estate")
    return Conflict(demands, "search", "not_found", zh or plain[0], en or plain[1])
