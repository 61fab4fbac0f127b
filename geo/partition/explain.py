"""Why a block or a community is where it is: what every alternative would change, and which rule forbids it.

Every number is a difference of two plans measured by `geo.partition.objective.measure_terms`, every ban a violation
that `geo.partition.rules.RULES` finds and that is not there now: what is told here is what `geo.partition.edits`
answers when the alternative is made.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.partition.edits import (
    Draft,
    Finding,
    TermChange,
    Text,
    called,
    changes_of,
    community_at,
    findings,
    measured,
    positions,
    regrouped,
)
from geo.partition.objective import _village_led, has_service, heirs_of, office_ways, overlap
from geo.partition.town import Floats, Ints, Town, capital

NEAR_TIE = 0.05
"""An alternative is as good when its sum differs by no more than this share of one community's border along footpaths
would cost: some 90 m for a community of a square kilometre."""
TOLD = 3
"""Alternatives, and terms of each, that a sentence tells; tables have all."""

TRIFLE = 0.05
"""A sentence leaves out terms that change by less than this share of the one that changes most."""

_WHY_ONE = {
    "village": ("村保持完整", "a village is kept whole"),
    "converted": ("村改居社区保持完整", "a converted village is kept whole"),
    "community": ("社区保持完整", "a community is kept whole"),
    "estate": ("小区保持完整", "an estate is kept whole"),
    "together": ("锁定为同属一个社区", "a lock keeps them together"),
    "as_is": ("锁定为保持原状", "a lock keeps the community as it is"),
    "forbid_cut": ("其间的边线不得作为边界", "the seam between them may not be a border"),
}
_MORE_LESS: dict[str, tuple[Text, Text]] = {
    "seam": (("沿支路小巷的边界(按等级折算)增加{}", "add {} of border along lanes (weighted by class)"),
             ("沿支路小巷的边界(按等级折算)减少{}", "save {} of border along lanes (weighted by class)")),
    "shape": (("边界总长增加{}", "lengthen the borders by {}"), ("边界总长减少{}", "shorten the borders by {}")),
    "change": (("更换社区的居民增加{}", "change the community of {}"),
               ("更换社区的居民减少{}", "leave {} in their community")),
    "land": (("更换社区的土地增加{}", "change the community of {} of land"),
             ("更换社区的土地减少{}", "leave {} of land in its community")),
    "mixed": (("划入村的社区居民增加{}", "bring {} of residents to a village"),
              ("划入村的社区居民减少{}", "spare {} of residents a village")),
    "abolished": (("多撤销{}", "abolish {} more"), ("少撤销{}", "abolish {} fewer")),
    "size": (("户数偏离目标增加{}", "take sizes {} further from the target"),
             ("户数偏离目标减少{}", "bring sizes {} nearer to the target")),
    "service": (("到服务用房的平均距离增加{}", "lengthen the mean way to the office by {}"),
                ("到服务用房的平均距离减少{}", "shorten the mean way to the office by {}")),
}  # fmt: skip
_UNITS_ZH = {"m": "米", "households": "户", "km²": "平方公里", "communities": "个社区"}


@dataclass(frozen=True)
class Alternative:
    """The plan with one thing changed: what that does to every term, and the rules it breaks."""

    changes: tuple[TermChange, ...]
    broken: tuple[Finding, ...]

    @property
    def total(self) -> float:
        """Change of the weighted sum; below zero the plan would be better."""
        return sum(change.weighted for change in self.changes)

    @property
    def allowed(self) -> bool:
        """Whether no hard rule is broken that holds now."""
        return not self.broken


@dataclass(frozen=True)
class BlockReasons:
    """Why a block is where it is.

    Attributes
    ----------
    block, community_id : str
    blocks : tuple of str
        The unit (atom) that moves as one, the block itself included.
    unit_zh, unit_en : str
        What it is called, and why it is one.
    alternatives : DataFrame
        Index community_id: every community beside the unit, and for a unit that is torn apart those that have some of
        it; those allowed first, each by total. name_zh, name_en,
        every term's change in its own unit (`seam`, `shape` …) and in the weighted sum (`seam_weighted` …), total,
        allowed, near_tie (allowed, and as good; see `NEAR_TIE`), forbidden_zh, forbidden_en (empty when
        allowed), text_zh, text_en.
    text_zh, text_en : str
    """

    block: str
    community_id: str
    blocks: tuple[str, ...]
    unit_zh: str
    unit_en: str
    alternatives: pd.DataFrame
    text_zh: str
    text_en: str


@dataclass(frozen=True)
class CommunityReasons:
    """Why a community is what it is.

    Attributes
    ----------
    community_id : str
    heir_of : str or None
        The community of today that it carries on by the rule that the terms follow.
    kept_share, own_share : float
        Share of that community's households that live here; share of the households here that come from it.
    terms : DataFrame
        Index term: unit, value (this community's part of the term), weighted, share (of the whole term). A border is
        shared by halves; an abolished community is counted where most of it went.
    merges : DataFrame
        As `BlockReasons.alternatives`, for a merger with each neighbour.
    border : DataFrame
        Index block_id (the unit's first block): unit_zh, unit_en, blocks (number), to_id, then as
        `BlockReasons.alternatives`: the best alternative of each unit on its border; near ties first.
    text_zh, text_en : str
    """

    community_id: str
    heir_of: str | None
    kept_share: float
    own_share: float
    terms: pd.DataFrame
    merges: pd.DataFrame
    border: pd.DataFrame
    text_zh: str
    text_en: str


def explain_block(draft: Draft, block: str) -> BlockReasons:
    """Return what would happen if a block - with the unit it belongs to - went to each neighbouring community.

    Parameters
    ----------
    draft : Draft
        `open_draft` makes one of a plan.
    block : str

    Raises
    ------
    InputError
        When there is no such block.
    """
    state, town = draft.state, draft.state.town
    at = int(positions(town, [block])[0])
    unit = np.flatnonzero(town.atom == town.atom[at])
    home = state.ids[int(state.part[at])]
    rows = _sorted([(state.ids[q], _moved(draft, unit, q)) for q in _beside(town, state.part, unit)])
    zh, en = _unit(town, unit)
    table = _table(town, rows)
    name_zh, name_en = called(town, home)
    ways_zh, ways_en = _ways(town, rows, ("划入{}", "moving it to {}"))
    torn = [called(town, state.ids[p]) for p in np.unique(state.part[unit]).tolist()]
    where = (f"{zh}属于{name_zh}", f"{capital(en)} stays with {name_en}")
    if len(torn) > 1:
        where = (f"{zh}分属{'、'.join(one for one, _ in torn)}",
                 f"{capital(en)} is divided among {', '.join(one for _, one in torn)}")  # fmt: skip
    if not rows:
        where = (f"{zh}位于{name_zh}内部", f"{capital(en)} lies inside {name_en}")
        ways_zh, ways_en = ["周围没有别的社区"], ["no other community is beside it"]
    return BlockReasons(
        block=block, community_id=home, blocks=tuple(town.block_ids[b] for b in unit), unit_zh=zh, unit_en=en,
        alternatives=table, text_zh=f"{where[0]}:{';'.join(ways_zh)}。",
        text_en=f"{where[1]}: {'; '.join(ways_en)}.",
    )  # fmt: skip


def explain_community(draft: Draft, community: str) -> CommunityReasons:
    """Return what a community adds to every term, who it could be merged with, and what its border units could do.

    Parameters
    ----------
    draft : Draft
        `open_draft` makes one of a plan.
    community : str

    Raises
    ------
    InputError
        When the draft has no such community.
    """
    state, town = draft.state, draft.state.town
    mine = community_at(state, community)
    own = np.flatnonzero(state.part == mine)
    merges = _sorted([(state.ids[q], _moved(draft, own, q)) for q in _beside(town, state.part, own)])
    merged = _table(town, merges)
    border = _border(draft, own)
    terms = _shares(draft, mine)
    heir = int(heirs_of(town, state.part, len(state.ids))[mine])
    kept, mine_share = _kept(town, own, heir)
    zh, en = called(town, community)
    homes = int(town.households[own].sum())
    target = town.limits.target_households
    lines_zh = [f"{zh}有{homes}户(目标{target}户)", _origin(town, own, heir)[0]]
    lines_en = [f"{capital(en)} has {homes:,} households (the target is {target:,})", _origin(town, own, heir)[1]]
    ways_zh, ways_en = _ways(town, merges, ("与{}合并", "merging it with {}"))
    lines_zh.append(";".join(ways_zh) if merges else "没有相邻社区")
    lines_en.append("; ".join(ways_en) if merges else "no community is beside it")
    near = border[border["near_tie"]] if len(border) else border
    if len(near):
        lines_zh.append("以下单元划入邻社区几乎同样好:" + "、".join(near["unit_zh"][:TOLD]) + _more_zh(len(near)))
        lines_en.append("these units would be almost as good with a neighbour: " + ", ".join(near["unit_en"][:TOLD])
                        + _more_en(len(near)))  # fmt: skip
    return CommunityReasons(
        community_id=community, heir_of=town.old_ids[heir] if heir >= 0 else None, kept_share=kept,
        own_share=mine_share, terms=terms, merges=merged, border=border, text_zh="。".join(lines_zh) + "。",
        text_en=". ".join(capital(line) for line in lines_en) + ".",
    )  # fmt: skip


# ── alternatives ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _moved(draft: Draft, blocks: Ints, to: int) -> Alternative:
    """Return what it would do to have these blocks in part `to`."""
    state = draft.state
    part = state.part.copy()
    part[blocks] = to
    terms, violations = measured(regrouped(draft, part, state.ids))
    worse = tuple(
        found for found in findings(state.violations, violations)
        if found.state == "new" or (found.state == "changed" and found.measured_before is not None
           and abs(found.measured - found.allowed) > abs(found.measured_before - found.allowed))
    )  # fmt: skip
    return Alternative(changes_of(state.terms, terms), worse)


def _beside(town: Town, part: Ints, blocks: Ints) -> list[int]:
    """Return the parts that have a border with these blocks, or some of them, but not all of them already."""
    inside = np.zeros(len(part), dtype=bool)
    inside[blocks] = True
    a, b = inside[town.seam_a], inside[town.seam_b]
    near = np.concatenate([town.seam_b[a & ~b], town.seam_a[b & ~a]])
    there = np.unique(part[np.concatenate([near, blocks])])
    return [int(q) for q in there if not (part[blocks] == q).all()]


def _border(draft: Draft, own: Ints) -> pd.DataFrame:
    """Return the best alternative of every unit of a community that touches another community."""
    state, town = draft.state, draft.state.town
    mine = int(state.part[own[0]])
    a, b = state.part[town.seam_a] == mine, state.part[town.seam_b] == mine
    edge = np.unique(town.atom[np.concatenate([town.seam_a[a & ~b], town.seam_b[b & ~a]])])
    rows, heads = [], []
    for atom in edge.tolist():
        unit = np.flatnonzero(town.atom == atom)
        if len(unit) == len(own):
            continue  # it is the whole community: moving it is a merger
        options = [(state.ids[q], _moved(draft, unit, q)) for q in _beside(town, state.part, unit) if q != mine]
        to, best = _sorted(options)[0]
        rows.append((to, best))
        zh, en = _unit(town, unit, why=False)
        heads.append((town.block_ids[unit[0]], zh, en, len(unit), to))
    table = _table(town, rows).reset_index(drop=True)
    named = pd.DataFrame(heads, columns=["block_id", "unit_zh", "unit_en", "blocks", "to_id"])
    named = named.astype({"block_id": "str", "unit_zh": "str", "unit_en": "str", "blocks": "int64", "to_id": "str"})
    joined = pd.concat([named, table], axis=1).set_index("block_id")
    order = np.lexsort((joined.index.astype(str), joined["total"], ~joined["allowed"], ~joined["near_tie"]))
    return joined.iloc[order]


def _sorted(rows: Sequence[tuple[str, Alternative]]) -> list[tuple[str, Alternative]]:
    """Return what is allowed first, each by what it costs."""
    return sorted(rows, key=lambda row: (not row[1].allowed, row[1].total, row[0]))


def _table(town: Town, rows: Sequence[tuple[str, Alternative]]) -> pd.DataFrame:
    """Return alternatives as a table (see `BlockReasons.alternatives`)."""
    options = [option for _, option in rows]
    names, effects = [called(town, to) for to, _ in rows], [_effect(option) for option in options]
    near = _near(town)
    terms = {f"{change.name}{ending}": [getattr(option.changes[i], field) for option in options]
             for field, ending in (("difference", ""), ("weighted", "_weighted"))
             for i, change in enumerate(options[0].changes if options else ())}  # fmt: skip
    columns: dict[str, object] = {
        "name_zh": _words(zh for zh, _ in names), "name_en": _words(en for _, en in names), **terms,
        "total": np.array([option.total for option in options], dtype=np.float64),
        "allowed": np.array([option.allowed for option in options], dtype=bool),
        "near_tie": np.array([option.allowed and abs(option.total) <= near for option in options], dtype=bool),
        "forbidden_zh": _words("".join(found.text_zh for found in option.broken) for option in options),
        "forbidden_en": _words(" ".join(found.text_en for found in option.broken) for option in options),
        "text_zh": _words(zh for zh, _ in effects), "text_en": _words(en for _, en in effects),
    }  # fmt: skip
    return pd.DataFrame(columns, index=pd.Index([to for to, _ in rows], dtype="str", name="community_id"))


def _words(texts: Iterable[str]) -> pd.api.extensions.ExtensionArray:
    return pd.array(list(texts), dtype="str")


def _near(town: Town) -> float:
    """Return the change of the sum that makes no difference to a planner."""
    weights = town.options.weights
    count = max(1.0, float(town.households.sum()) / town.limits.target_households)
    return NEAR_TIE * (weights.seam + weights.shape) / count


# ── a community's part of the terms, and where it comes from ─────────────────────────────────────────────────────────
def contributions(town: Town, part: Ints, k: int) -> dict[str, Floats]:
    """Return each part's share of every term; over parts they sum to `measure_terms`.

    A border is shared by halves. A community of today without an heir is counted in the part that has most of its
    households (then of its land), and nowhere when it has no land.
    """
    cut = part[town.seam_a] != part[town.seam_b]
    paid = np.where(cut, np.maximum(town.seam_cost, 0), np.maximum(-town.seam_cost, 0)) * town.seam_m / 2

    def halves(values: Floats) -> Floats:
        return np.asarray(np.bincount(part[town.seam_a], values, k) + np.bincount(part[town.seam_b], values, k))

    load = np.bincount(part, town.households, minlength=k)
    found = {
        "seam": halves(paid),
        "shape": halves(np.where(cut, town.seam_m / 2, 0.0)),
        "size": np.abs(load - town.limits.target_households).astype(np.float64),
    }
    if not town.old_ids:
        return found
    shared, land = overlap(town, part, k)
    heir = heirs_of(town, part, k)
    stays, led = heir >= 0, _village_led(town, heir)
    rows = np.arange(k)
    found["change"] = shared.sum(axis=1) - np.where(stays, shared[rows, heir], 0.0)
    found["land"] = (land.sum(axis=1) - np.where(stays, land[rows, heir], 0.0)) / 1e6
    found["mixed"] = np.where(led, shared[:, ~town.villages].sum(axis=1), 0.0)
    gone = np.setdiff1d(np.flatnonzero(land.sum(axis=0) > 0), heir)
    found["abolished"] = np.bincount(np.lexsort((land[:, gone], shared[:, gone]), axis=0)[-1], minlength=k).astype(
        float
    )
    if has_service(town):
        total = max(1.0, float(town.households.sum()))
        walked = office_ways(town, part, heir) * town.households
        found["service"] = np.bincount(part, walked, minlength=k) / total
    return found


def _shares(draft: Draft, mine: int) -> pd.DataFrame:
    state = draft.state
    parts = contributions(state.town, state.part, len(state.ids))
    rows = [
        (name, term.unit, float(parts[name][mine]), term.weight * float(parts[name][mine]) / term.scale,
         float(parts[name][mine]) / term.value if term.value > 1e-9 else 0.0)
        for name, term in state.terms.items()
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["term", "unit", "value", "weighted", "share"])
    return table.astype({"term": "str", "unit": "str"}).set_index("term")


def _kept(town: Town, own: Ints, heir: int) -> tuple[float, float]:
    """Return the share of the old community's households that live here, and the share of those here that are its."""
    if heir < 0:
        return 0.0, 0.0
    both = int(town.households[own][town.old[own] == heir].sum())
    whole, here = int(town.households[town.old == heir].sum()), int(town.households[own].sum())
    return both / max(1, whole), both / max(1, here)


def _origin(town: Town, own: Ints, heir: int) -> Text:
    """Return why the community exists: whom it carries on, or where its households come from."""
    kept, mine = _kept(town, own, heir)
    if heir >= 0:
        return (f"延续{town.names_zh[heir]}:其居民的{kept:.0%}仍在此,占本社区的{mine:.0%}",
                f"it carries on {town.names_en[heir]}: {kept:.0%} of its households stay here and are "
                f"{mine:.0%} of those here")  # fmt: skip
    known = town.old[own] >= 0
    if not known.any():
        return "今天不属于任何社区", "its land is of no community today"
    homes = np.bincount(town.old[own][known], (town.households + 1e-9 * town.area_m2)[own][known])
    most = int(homes.argmax())
    share = float(homes[most]) / max(1e-9, float((town.households + 1e-9 * town.area_m2)[own].sum()))
    return (f"系新设社区:{share:.0%}的居民来自{town.names_zh[most]}",
            f"it is new: {share:.0%} of its households come from {town.names_en[most]}")  # fmt: skip


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _unit(town: Town, blocks: Ints, *, why: bool = True) -> Text:
    """Return what a sentence calls a unit, with the reason why its blocks stay together."""
    atom = int(town.atom[blocks[0]])
    zh, en = town.atom_name(atom, chinese=True), town.atom_name(atom)
    if len(blocks) == 1 or not why:
        return zh, en
    inside = set(blocks.tolist())
    kinds = list(dict.fromkeys(w.kind for w in town.wholes if len(w.blocks) > 1 and w.blocks[0] in inside))
    reasons = [_WHY_ONE[kind] for kind in kinds]
    return (f"{zh}({len(blocks)}个地块,{'、'.join(text for text, _ in reasons)})",
            f"{en} ({len(blocks)} blocks: {', '.join(text for _, text in reasons)})")  # fmt: skip


def _effect(option: Alternative) -> Text:
    """Return what an alternative does, in words: the terms that count most."""
    most = max((abs(c.weighted) for c in option.changes), default=0.0)
    told = [c for c in option.changes if abs(c.weighted) > max(1e-12, TRIFLE * most)]
    told.sort(key=lambda c: (-abs(c.weighted), c.name))
    zh, en = [], []
    for change in told[:TOLD]:
        more, less = _MORE_LESS[change.name]
        says_zh, says_en = more if change.difference > 0 else less
        amount_zh, amount_en = _amount(abs(change.difference), change.unit)
        zh.append(says_zh.format(amount_zh))
        en.append(says_en.format(amount_en))
    return "、".join(zh) or "各项指标不变", " and ".join(
        [", ".join(en[:-1]), en[-1]] if len(en) > 1 else en
    ) or "change nothing"


def _amount(value: float, unit: str) -> Text:
    if unit == "km²":
        shown = f"{value:,.3f}".rstrip("0").rstrip(".") if value >= 0.0005 else "<0.001"
        return f"{shown}平方公里", f"{shown} km²"
    shown = f"{value:,.0f}"
    singular = {"households": "household", "communities": "community"}.get(unit, unit) if shown == "1" else unit
    return f"{shown.replace(',', '')}{_UNITS_ZH.get(unit, unit)}", f"{shown} {singular}"


def _ways(town: Town, rows: Sequence[tuple[str, Alternative]], how: Text) -> tuple[list[str], list[str]]:
    """Return a clause for each of the best alternatives: what it would do, or which rule it would break."""
    zh, en = [], []
    near = _near(town)
    for to, option in rows[:TOLD]:
        name_zh, name_en = called(town, to)
        act_zh, act_en = how[0].format(name_zh), how[1].format(name_en)
        if not option.allowed:
            zh.append(f"{act_zh}则违反规则:{option.broken[0].text_zh.removesuffix('。')}")
            en.append(f"{act_en} breaks a rule ({option.broken[0].text_en.removesuffix('.')})")
            continue
        does_zh, does_en = _effect(option)
        like = ("(方案更优)", " (the plan would be better)") if option.total < -near else ("", "")
        like = ("(几乎同样好)", " (almost as good)") if abs(option.total) <= near else like
        zh.append(f"{act_zh}将使{does_zh}{like[0]}")
        en.append(f"{act_en} would {does_en}{like[1]}")
    rest = len(rows) - TOLD
    if rest > 0:
        zh.append(f"另有{rest}个相邻社区")
        en.append(f"{rest} more {'is' if rest == 1 else 'are'} beside it")
    return zh, en


def _more_zh(count: int) -> str:
    return f"等{count}个" if count > TOLD else ""


def _more_en(count: int) -> str:
    return f" and {count - TOLD} more" if count > TOLD else ""
