"""The hard rules: each a function from a plan to its violations."""

import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.errors import Fault, InputError
from geo.partition.atoms import build_town
from geo.partition.conditions import blocks_of
from geo.partition.plan import Condition, Plan
from geo.partition.town import Flags, Ints, Town, capital, pieces

COLUMNS = ("rule", "community_id", "measured", "allowed", "text_zh", "text_en")


@dataclass(frozen=True)
class Violation:
    """One rule broken in one community: what was measured, what is allowed, in a sentence each."""

    rule: str
    community_id: str
    measured: float
    allowed: float
    text_zh: str
    text_en: str


@dataclass(frozen=True)
class Proposal:
    """A plan on its town: the part of each block, and what the parts are called."""

    town: Town
    part: Ints
    ids: tuple[str, ...]
    islands: frozenset[str] = frozenset()

    @property
    def k(self) -> int:
        """Number of communities."""
        return len(self.ids)

    def sums(self, values: Ints) -> Ints:
        """Return the sums of a column of blocks over communities."""
        return np.asarray(np.bincount(self.part, values, minlength=self.k), dtype=np.int64)

    def name(self, part: int, *, chinese: bool) -> str:
        """Return what a sentence calls a community."""
        own, old_ids = self.ids[part], self.town.old_ids
        i = bisect_left(old_ids, own)
        if i < len(old_ids) and old_ids[i] == own:
            return self.town.names_zh[i] if chinese else self.town.names_en[i]
        return f"新社区({own})" if chinese else f"new community ({own})"

    def as_is(self, part: int) -> bool:
        """Return whether the community is one that stays exactly as it is."""
        return self.ids[part] in {self.town.old_ids[i] for i in self.town.fixed}


Rule = Callable[[Proposal], Iterator[Violation]]


def check_plan(
    plan: Plan,
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Return every violation of a plan's own rules; empty for every plan the engine returns.

    Parameters
    ----------
    plan : Plan
        Also one edited by hand: limits, locks and seam rules are read from its profile and options.
    blocks, seams, communities : GeoDataFrame
        The tables it was made from.

    Returns
    -------
    DataFrame
        rule, community_id, measured, allowed, text_zh, text_en; in the order of `RULES`, then of communities.
        Households and people are counts, `contiguity` counts pieces, `whole` and `together` count communities,
        the other rules count seams, blocks or pairs.

    Raises
    ------
    InputError
        When the plan and the blocks do not belong together.
    """
    town = build_town(blocks, seams, communities, profile=plan.profile, options=plan.options)
    missing = [b for b in town.block_ids if b not in plan.assignment]
    strange = sorted(set(plan.assignment) - set(town.block_ids))
    if missing or strange:
        raise InputError(
            [Fault(f"the plan {what} {len(ids):,} blocks", "use the blocks the plan was made from, or plan anew",
                   table="blocks", ids=tuple(ids))
             for what, ids in (("says nothing of", missing), ("names unknown", strange)) if ids]
        )  # fmt: skip
    ids = tuple(sorted(set(plan.assignment.values())))
    number = {name: i for i, name in enumerate(ids)}
    part = np.array([number[plan.assignment[b]] for b in town.block_ids], dtype=np.int64)
    return violations(Proposal(town, part, ids, frozenset(plan.islands)))


def violations(proposal: Proposal) -> pd.DataFrame:
    """Return every violation of every rule (see `check_plan`)."""
    rows = [asdict(v) for rule in RULES for v in rule(proposal)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"rule": "str", "community_id": "str", "measured": "float64", "allowed": "float64",
                         "text_zh": "str", "text_en": "str"})  # fmt: skip


def contiguity(proposal: Proposal) -> Iterator[Violation]:
    """Every community is one piece: its blocks meet along seams it may span."""
    town, part = proposal.town, proposal.part
    own = (part[town.seam_a] == part[town.seam_b]) & ~town.cross
    count, label = pieces(len(part), town.seam_a[own], town.seam_b[own])
    owner = np.zeros(count, dtype=np.int64)
    owner[label] = part
    for p, found in enumerate(np.bincount(owner, minlength=proposal.k).tolist()):
        if found > 1 and not proposal.as_is(p):
            yield Violation(
                "contiguity", proposal.ids[p], found, 1,
                f"{proposal.name(p, chinese=True)}由互不相连的{found}块组成。",
                f"{capital(proposal.name(p, chinese=False))} lies in {found} pieces that do not touch.",
            )  # fmt: skip


def households(proposal: Proposal) -> Iterator[Violation]:
    """Households lie between minimum and maximum."""
    limits = proposal.town.limits
    load = proposal.sums(proposal.town.households)
    yield from _between(proposal, ("households", "户"), load, limits.min_households, limits.max_households)


def people(proposal: Proposal) -> Iterator[Violation]:
    """People lie between minimum and maximum, where people are known and limited."""
    town = proposal.town
    if town.people_known:
        load = proposal.sums(town.people)
        yield from _between(proposal, ("people", "人"), load, town.limits.min_people, town.limits.max_people)


def _between(
    proposal: Proposal, words: tuple[str, str], load: Ints, low: int | None, high: int | None
) -> Iterator[Violation]:
    what, zh = words
    wrong = np.zeros(proposal.k, dtype=bool)
    if low is not None:
        wrong |= load < low
    if high is not None:
        wrong |= load > high
    for p in np.flatnonzero(wrong).tolist():
        measured = int(load[p])
        name_zh, name_en = proposal.name(p, chinese=True), capital(proposal.name(p, chinese=False))
        if low is not None and measured < low and proposal.ids[p] not in proposal.islands:
            yield Violation(
                f"{what}_min", proposal.ids[p], measured, low, f"{name_zh}有{measured}{zh},少于下限{low}{zh}。",
                f"{name_en} has {measured:,} {what}; the minimum is {low:,}.",
            )  # fmt: skip
        if high is not None and measured > high:
            yield Violation(
                f"{what}_max", proposal.ids[p], measured, high, f"{name_zh}有{measured}{zh},超过上限{high}{zh}。",
                f"{name_en} has {measured:,} {what}; the maximum is {high:,}.",
            )  # fmt: skip


def wholes(proposal: Proposal) -> Iterator[Violation]:
    """Estates, kept villages and what a lock keeps together lie in one community each."""
    kept = [whole for whole in proposal.town.wholes if whole.kind not in ("as_is", "forbid_cut")]
    if not kept:
        return
    size = np.array([len(whole.blocks) for whole in kept])
    own = proposal.part[np.fromiter(itertools.chain.from_iterable(w.blocks for w in kept), np.int64, int(size.sum()))]
    first = np.cumsum(size) - size
    for i in np.flatnonzero(np.minimum.reduceat(own, first) != np.maximum.reduceat(own, first)).tolist():
        whole = kept[i]
        shares = np.bincount(proposal.part[list(whole.blocks)], minlength=proposal.k)
        found = int((shares > 0).sum())
        rule = "together" if whole.kind == "together" else "whole"
        yield Violation(
            rule, proposal.ids[int(shares.argmax())], found, 1, f"{whole.zh}被分到{found}个社区,应保持完整。",
            f"{capital(whole.en)} is divided among {found} communities; it must stay whole.",
        )  # fmt: skip


def as_is(proposal: Proposal) -> Iterator[Violation]:
    """Communities that stay as they are have exactly their own blocks."""
    for i in proposal.town.fixed:
        own = proposal.town.old == i
        name = proposal.town.old_ids[i]
        now = proposal.part == proposal.ids.index(name) if name in proposal.ids else np.zeros(len(own), dtype=bool)
        wrong = int((own != now).sum())
        if wrong:
            yield Violation(
                "as_is", name, wrong, 0, f"{proposal.town.names_zh[i]}应保持原状,有{wrong}个地块改变了归属。",
                f"{capital(proposal.town.names_en[i])} must stay as it is; {wrong} blocks changed hands.",
            )  # fmt: skip


def forbidden_seams(proposal: Proposal) -> Iterator[Violation]:
    """No community spans a seam it may not span; no border runs along a seam that may not be one."""
    town, part = proposal.town, proposal.part
    cut = part[town.seam_a] != part[town.seam_b]
    for rule, wrong, zh, en in (
        ("forbid_cross", town.cross & ~cut, "跨越了不得跨越的边线", "spans seams that no community may span"),
        ("forbid_cut", town.uncut & cut, "以不得作为边界的边线为界", "has a border along seams that may not be one"),
    ):
        found = np.bincount(part[town.seam_a[wrong]], minlength=proposal.k)
        for p in np.flatnonzero(found).tolist():
            names = sorted({town.seam_names[i] for i in np.flatnonzero(wrong & (part[town.seam_a] == p))})[:3]
            yield Violation(
                rule, proposal.ids[p], int(found[p]), 0, f"{proposal.name(p, chinese=True)}{zh}({'、'.join(names)})。",
                f"{capital(proposal.name(p, chinese=False))} {en} ({', '.join(names)}).",
            )  # fmt: skip


def apart(proposal: Proposal) -> Iterator[Violation]:
    """What a lock keeps apart is in different communities."""
    for lock, sets in proposal.town.apart:
        here = np.zeros(proposal.k, dtype=np.int64)
        for one in sets:
            here[np.unique(proposal.part[list(one)])] += 1
        for p in np.flatnonzero(here > 1).tolist():
            yield Violation(
                "apart", proposal.ids[p], int(here[p]), 1,
                f"{proposal.name(p, chinese=True)}含有应当分开的{here[p]}个单元({'、'.join(lock.ids)})。",
                f"{capital(proposal.name(p, chinese=False))} holds {here[p]} units that {lock} keeps apart.",
            )  # fmt: skip


def towns(proposal: Proposal) -> Iterator[Violation]:
    """No community lies in two towns."""
    if len(proposal.town.town_names) < 2:
        return
    for p in range(proposal.k):
        found = np.unique(proposal.town.town[proposal.part == p])
        if len(found) > 1:
            names = [proposal.town.town_names[t] for t in found]
            yield Violation(
                "town", proposal.ids[p], len(found), 1, f"{proposal.name(p, chinese=True)}跨{'、'.join(names)}。",
                f"{capital(proposal.name(p, chinese=False))} lies in {len(found)} towns ({', '.join(names)}).",
            )  # fmt: skip


def conditions(proposal: Proposal) -> Iterator[Violation]:
    """Each community has, lacks and keeps away from what its conditions say, and lives on."""
    town, part = proposal.town, proposal.part
    for c in town.options.conditions:
        name_zh, name_en = _called(town, c.community)
        if c.community not in proposal.ids:
            yield Violation(c.kind, c.community, 0, 1, f"{name_zh}应当保留,却被撤销。",
                            f"{capital(name_en)} has a condition and must live on; the plan abolishes it.")  # fmt: skip
            continue
        own = part == proposal.ids.index(c.community)
        if c.kind == "not_touching":
            yield from _touching(proposal, c, own)
            continue
        if c.kind == "office":
            wanted = town.office[[town.old_ids.index(c.community)]]
        else:
            wanted = np.array(blocks_of(town, c), dtype=np.int64)
        wrong = wanted[own[wanted] == (c.kind == "lacks")]
        if not len(wrong):
            continue
        ids = [town.block_ids[b] for b in wrong[:3]] + (["…"] if len(wrong) > 3 else [])
        zh, en = {
            "has": (f"应包含地块{'、'.join(ids)}", f"must have the blocks {', '.join(ids)}; it lacks {len(wrong)}"),
            "lacks": (
                f"不应包含地块{'、'.join(ids)}",
                f"must not have the blocks {', '.join(ids)}; it has {len(wrong)}",
            ),
            "office": (
                f"的办公用房应在社区内(地块{ids[0]})",
                f"must keep its office inside; it stands in block {ids[0]}",
            ),
        }[c.kind]
        yield Violation(c.kind, c.community, len(wrong), 0, f"{name_zh}{zh}。", f"{capital(name_en)} {en}.")


def _touching(proposal: Proposal, condition: Condition, own: Flags) -> Iterator[Violation]:
    town, part = proposal.town, proposal.part
    near = town.touching
    for other in condition.ids:
        if other not in proposal.ids:
            continue
        theirs = part == proposal.ids.index(other)
        a, b = town.seam_a[near], town.seam_b[near]
        shared = int(((own[a] & theirs[b]) | (own[b] & theirs[a])).sum())
        if shared:
            (zh, en), (other_zh, other_en) = _called(town, condition.community), _called(town, other)
            yield Violation("not_touching", condition.community, shared, 0, f"{zh}不应与{other_zh}相邻。",
                            f"{capital(en)} must not touch {other_en}; they share {shared} seams.")  # fmt: skip


def _called(town: Town, community: str) -> tuple[str, str]:
    i = town.old_ids.index(community)
    return town.names_zh[i], town.names_en[i]


RULES: tuple[Rule, ...] = (contiguity, households, people, wholes, as_is, forbidden_seams, apart, towns, conditions)
"""Every hard rule, in the order in which violations are listed."""
