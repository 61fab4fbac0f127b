"""A plan changed by hand: every edit answers at once with what it changes, and with the rules it breaks or mends.

`open_draft` prepares a town once; every edit after that returns a new `Draft` and an `Answer`. A draft may break hard
rules - a planner works through states that are not allowed - but never in silence: the answer lists every violation and
says which are new. What cannot be done at all is refused.

The measures are those of `geo.partition.objective.measure_terms` and the rules those of `geo.partition.rules.RULES`,
evaluated anew for the whole town after every edit: that takes a few milliseconds and cannot drift from the truth.
"""

import difflib
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.optimize import linear_sum_assignment

from geo.errors import Fault, InfeasibleError, InputError
from geo.partition.atoms import _joined, build_town
from geo.partition.conditions import bind_conditions
from geo.partition.objective import edge_costs, heirs_of, measure_terms, size_cost
from geo.partition.plan import Condition, Lock, Note, Plan, PlanOptions, Term
from geo.partition.rules import RULES, Proposal, Violation
from geo.partition.search import Linear, Problem, Small, make_problem, partition_graph
from geo.partition.town import Floats, Ints, Town, capital, pieces
from geo.schema import OUTSIDE, conform

Text = tuple[str, str]
"""A sentence in Chinese and in English."""

SPLIT_PROPOSALS = 20_000
"""Moves that the search tries at least when it parts one community; 500 for each unit of a large one."""
UNLIMITED = 2**62
LOOSE = 0.5
"""Where parts cannot be within the limits, their sizes may differ by this share from equal ones, which are sought."""


@dataclass(frozen=True, eq=False)
class Desk:
    """What does not change while a plan lies on the table: its town, shapes and lines.

    Attributes
    ----------
    plan : Plan
        As it was opened.
    town : Town
        Before blocks were joined; `relocked` joins them.
    known : GeoDataFrame or None
        Today's communities.
    shapes : array over blocks
        Polygons.
    lines : mapping from seam id or feature name to pairs of blocks
        The pairs that each seam, and all seams along each named feature, lie between.
    """

    plan: Plan
    town: Town
    known: gpd.GeoDataFrame | None
    shapes: npt.NDArray[np.object_]
    lines: Mapping[str, frozenset[tuple[int, int]]]


@dataclass(frozen=True, eq=False)
class State:
    """The draft after one edit: who has which block, what that measures, which rules it breaks.

    Attributes
    ----------
    town : Town
        With the locks that hold now.
    part : array over blocks
        Position in `ids`; not to be changed.
    ids : tuple of str
        The communities, sorted.
    islands : frozenset of str
        Communities accepted below the minimum, as long as they are what they were in the plan.
    terms : mapping from name to Term
    violations : tuple of Violation
    text_zh, text_en : str
        What was done.
    used : frozenset of str
        Every id of a community so far: a new community never takes the id of one that was merged away.
    """

    town: Town
    part: Ints
    ids: tuple[str, ...]
    islands: frozenset[str]
    terms: Mapping[str, Term]
    violations: tuple[Violation, ...]
    text_zh: str
    text_en: str
    used: frozenset[str]

    @property
    def proposal(self) -> Proposal:
        """The state as the rules read it."""
        return Proposal(self.town, self.part, self.ids, self.islands)

    @property
    def objective(self) -> float:
        """The weighted sum that the engine keeps small."""
        return sum(term.weighted for term in self.terms.values())


@dataclass(frozen=True, eq=False)
class Draft:
    """A plan being edited, with everything that can be undone and redone."""

    desk: Desk
    states: tuple[State, ...]
    cursor: int = 0

    @property
    def state(self) -> State:
        """Where the draft stands."""
        return self.states[self.cursor]

    @property
    def opened(self) -> "Draft":
        """The draft as it was opened; the edits can be redone."""
        return replace(self, cursor=0)

    @property
    def assignment(self) -> dict[str, str]:
        """The community of every block."""
        state = self.state
        return {b: state.ids[p] for b, p in zip(state.town.block_ids, state.part.tolist(), strict=True)}

    @property
    def plan(self) -> Plan:
        """The draft as a plan of its own; the opened one itself when nothing is different.

        The locks of the draft are in its options, its terms are measured, a note says that hands were at work, and
        nothing is claimed to be proven any more.
        """
        first, state, plan = self.states[0], self.state, self.desk.plan
        same = first.ids == state.ids and bool((first.part == state.part).all())
        if same and state.town.options == plan.options:
            return plan
        edits = self.cursor
        times = "once" if edits == 1 else f"{edits:,} times"
        notes = [*plan.notes, Note(zh=f"本方案经人工调整{edits}次。", en=f"This plan was edited by hand {times}.")]
        notes += [note for note in state.town.notes if note not in first.town.notes]
        asked, there = plan.options.k, len(state.ids)
        if asked is not None and asked != there:
            notes.append(Note(zh=f"原要求{asked}个社区,现有{there}个。",
                              en=f"{asked} communities were asked for; there are {there} now."))  # fmt: skip
        changed = {
            "assignment": self.assignment, "options": state.town.options, "k": len(state.ids), "terms": state.terms,
            "notes": tuple(notes), "proven": False, "lower_bound": None, "pairs_checked": False,
            "islands": tuple(sorted(state.islands)),
        }  # fmt: skip
        return Plan.model_validate({**dict(plan), **changed})


@dataclass(frozen=True)
class TermChange:
    """What an edit does to one term: in its own unit, and in the weighted sum."""

    name: str
    unit: str
    before: float
    after: float
    difference: float
    weighted: float


@dataclass(frozen=True)
class SizeChange:
    """What an edit does to one community; `None` where it is not there, and for people where they are unknown."""

    community_id: str
    households_before: int | None
    households_after: int | None
    people_before: int | None
    people_after: int | None


@dataclass(frozen=True)
class Finding(Violation):
    """A rule that is broken, or was.

    Attributes
    ----------
    state : {"new", "changed", "stays", "healed"}
        `changed`: broken before and after, but not by the same measure. A healed one is told as it was.
    measured_before : float or None
        What was measured before the edit; `None` for a new one.
    """

    state: Literal["new", "changed", "stays", "healed"]
    measured_before: float | None


@dataclass(frozen=True)
class Offer:
    """An edit that would mend what this one broke: `move_blocks(draft, offer.blocks, offer.to)`."""

    blocks: tuple[str, ...]
    to: str
    text_zh: str
    text_en: str


@dataclass(frozen=True)
class Answer:
    """What an edit did. Every tuple of rows makes a table: `pandas.DataFrame(answer.violations)`.

    Attributes
    ----------
    text_zh, text_en : str
        What was done.
    blocks : tuple of str
        Blocks whose community is another one now.
    terms : tuple of TermChange
        Every term of the plan.
    objective_before, objective_after : float
        The weighted sum.
    communities : tuple of SizeChange
        Those that gained or lost blocks.
    violations : tuple of Finding
        New ones, then those that stay, then healed ones.
    offers : tuple of Offer
        What could be done about units that were torn apart.
    notes : tuple of Note
        What was decided on the way, and what a reader of the terms must know.
    """

    text_zh: str
    text_en: str
    blocks: tuple[str, ...]
    terms: tuple[TermChange, ...]
    objective_before: float
    objective_after: float
    communities: tuple[SizeChange, ...]
    violations: tuple[Finding, ...]
    offers: tuple[Offer, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The rules that this edit broke."""
        return tuple(found for found in self.violations if found.state == "new")


# ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def open_draft(
    plan: Plan,
    blocks: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame | None = None,
) -> Draft:
    """Return a plan made ready for editing.

    Parameters
    ----------
    plan : Plan
    blocks, seams, communities : GeoDataFrame
        The tables it was made from.

    Raises
    ------
    InputError
        When a table is unusable, or the plan and the blocks do not belong together.
    """
    town = build_town(blocks, seams, communities, profile=plan.profile, options=plan.options)
    missing = tuple(b for b in town.block_ids if b not in plan.assignment)
    strange = tuple(sorted(set(plan.assignment) - set(town.block_ids)))
    if missing or strange:
        raise InputError(
            [Fault(f"the plan {what} {len(ids):,} blocks", "use the blocks the plan was made from, or plan anew",
                   table="blocks", ids=ids)
             for what, ids in (("says nothing of", missing), ("names unknown", strange)) if ids]
        )  # fmt: skip
    known = None if communities is None else conform(communities, "communities").sort_index()
    none, nowhere = np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=bool)
    bare = replace(
        town, wholes=(), fixed=(), apart=(), atom=np.arange(len(town.block_ids)), conflicts=(), notes=(), labels=(),
        anchor=none, pin=none, office=none, bar=nowhere, shun=nowhere,
    )  # fmt: skip
    shapes = blocks.geometry.loc[list(town.block_ids)].to_numpy()
    desk = Desk(plan, bare, known, shapes, _lines(town, seams))
    joining = relocked(desk, plan.options).notes
    desk = replace(desk, town=replace(bare, notes=tuple(note for note in town.notes if note not in joining)))
    ids = tuple(sorted(set(plan.assignment.values())))
    number = {name: i for i, name in enumerate(ids)}
    part = np.array([number[plan.assignment[b]] for b in town.block_ids], dtype=np.int64)
    islands = frozenset(plan.islands)
    terms, broken = measured(Proposal(town, part, ids, islands))
    # The compiled search is loaded now, so that the first split does not wait for it.
    partition_graph(make_problem([1, 1, 1], [(0, 1), (1, 2)], [1.0, 1.0], 1, 2), 2, proposals=100)
    text = ("打开方案", "The plan as it was opened")
    return Draft(desk, (State(town, part, ids, islands, terms, broken, *text, used=frozenset(ids)),))


def _lines(town: Town, seams: gpd.GeoDataFrame) -> dict[str, frozenset[tuple[int, int]]]:
    """Return the pairs of blocks that each seam lies between, by its id and by the names of what it follows."""
    place = {name: i for i, name in enumerate(town.block_ids)}
    found: dict[str, set[tuple[int, int]]] = {}
    inner = seams[seams["block_b"] != OUTSIDE]
    names = [inner[c] if c in inner.columns else [None] * len(inner) for c in ("feature_name", "feature_name_en")]
    for seam, a, b, *called in zip(inner.index, inner["block_a"], inner["block_b"], *names, strict=True):
        pair = (min(place[a], place[b]), max(place[a], place[b]))
        for token in {str(seam), *(name for name in called if isinstance(name, str) and name)}:
            found.setdefault(token, set()).add(pair)
    return {token: frozenset(pairs) for token, pairs in found.items()}


def measured(proposal: Proposal) -> tuple[dict[str, Term], tuple[Violation, ...]]:
    """Return every term and every violation of a plan on its town."""
    terms = measure_terms(proposal.town, proposal.part, proposal.k)
    return terms, tuple(violation for rule in RULES for violation in rule(proposal))


# ── edits ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def move_blocks(draft: Draft, blocks: Iterable[str], to: str | None) -> tuple[Draft, Answer]:
    """Move blocks to a community.

    Parameters
    ----------
    draft : Draft
    blocks : iterable of str
        Those that are there already stay.
    to : str or None
        A community of the draft, or one of today's that the draft has abolished; `None` for a new one.

    Returns
    -------
    Draft, Answer
        With an offer for every estate, village or lock that was torn apart: to move the rest as well.

    Raises
    ------
    InputError
        When a block or the community is not there, nothing would move, or a community would lose its last block.
    """
    state = draft.state
    chosen = positions(state.town, blocks)
    target = len(state.ids) if to is None else _target(state, to)
    movers = chosen[state.part[chosen] != target]
    if not len(movers):
        raise InputError(Fault(f"the blocks are in {to} already, so nothing would move", "choose another community",
                               table="blocks", ids=_ids_of(state.town, chosen)))  # fmt: skip
    part = state.part.copy()
    part[movers] = target
    _refuse_empty(state, part)
    moved = _renamed(draft, part, [to] if target == len(state.ids) else [])
    giving = [state.proposal.name(p, chinese=True) for p in np.unique(state.part[movers]).tolist()]
    giving_en = [state.proposal.name(p, chinese=False) for p in np.unique(state.part[movers]).tolist()]
    own = moved.ids[int(moved.part[movers[0]])]
    zh, en = called(moved.town, own)
    homes = int(state.town.households[movers].sum())
    text = (f"将{_some(giving)}的{len(movers)}个地块、{homes}户划入{zh}",
            f"{_blocks(len(movers))} with {homes:,} households moved from {_some_en(giving_en)} to {en}")  # fmt: skip
    return _done(draft, moved, text, offers=_offers(moved, movers, own))


def merge_communities(draft: Draft, a: str, b: str, *, heir: str | None = None) -> tuple[Draft, Answer]:
    """Merge two communities.

    Parameters
    ----------
    draft : Draft
    a, b : str
    heir : str, optional
        Which of the two ids lives on; by default the one with more households (then more land).

    Raises
    ------
    InputError
        When one is not there, both are the same, or the heir is neither of them.
    """
    state = draft.state
    first, second = community_at(state, a), community_at(state, b)
    if first == second:
        raise InputError(Fault(f"{a} cannot be merged with itself", "name two communities", table="communities",
                               ids=(a,)))  # fmt: skip
    if heir not in (None, a, b):
        raise InputError(Fault(f"{heir} cannot carry on: it is neither {a} nor {b}", f"name {a} or {b} as heir",
                               table="communities", ids=(str(heir),)))  # fmt: skip
    if heir is None:
        heir = min((a, b), key=lambda i: (*_bulk(state.town, np.flatnonzero(state.part == state.ids.index(i))), i))
    stays, goes = (first, second) if heir == a else (second, first)
    part = state.part.copy()
    part[part == goes] = stays
    (gone_zh, gone_en), (zh, en) = called(state.town, state.ids[goes]), called(state.town, state.ids[stays])
    homes = int(state.town.households[state.part == goes].sum())
    text = (f"将{gone_zh}({homes}户)整体并入{zh}", f"{capital(gone_en)} with {homes:,} households merged into {en}")
    return _done(draft, _renamed(draft, part), text)


def split_community(
    draft: Draft, community: str, *, along: str | Sequence[str] | None = None, parts: int | None = None
) -> tuple[Draft, Answer]:
    """Split a community: along a line of seams, or into contiguous parts that the engine looks for.

    Whoever carries on the community of today by the rule of heirs keeps the id, else the part with most households.

    Parameters
    ----------
    draft : Draft
    community : str
    along : str or sequence of str, optional
        Seam ids or names of features (a road, a river) whose seams divide it; each piece becomes a community.
    parts : int, optional
        So many parts, within the limits where that is possible; whole units stay whole. Without `along` and `parts`
        their number follows from the limits and the target.

    Raises
    ------
    InputError
        When the community or a line is not there, the line does not divide it, or it has fewer units than parts.
    InfeasibleError
        When no number of parts is within the limits, or none was found; with `parts` said it is split all the same.
    """
    state = draft.state
    own = np.flatnonzero(state.part == community_at(state, community))
    if along is not None and parts is not None:
        raise InputError(Fault("along and parts are two ways to split", "say one of the two"))
    before, piece = pieces(len(own), *_inside(state.town, own))
    notes: tuple[Note, ...] = ()
    if along is not None:
        lines = [along] if isinstance(along, str) else list(along)
        cut = _pairs(draft, community, own, lines)
        count, label = pieces(len(own), *_inside(state.town, own, without=cut))
        if count == before:
            raise InputError(Fault(f"{'、'.join(lines)} does not divide {community}: one can walk round its end",
                                   "add the seams that are missing, up to the community's border on both sides",
                                   table="seams", ids=tuple(lines)))  # fmt: skip
        how = (f"沿{'、'.join(lines)}", f" along {', '.join(lines)}")
    else:
        label = piece if before > 1 and parts in (None, before) else _searched(state, community, own, parts, before)
        how = ("", "")
    return _divided(draft, community, own, label, home=piece, how=how, notes=notes)


def cut_by_line(draft: Draft, community: str, line: shapely.LineString) -> tuple[Draft, Answer]:
    """Cut a community by a line drawn across it; each unit goes whole to the side that holds most of its land.

    Parameters
    ----------
    draft : Draft
    community : str
    line : LineString
        In the CRS of the blocks. It must divide the community: from border to border, or round a ring. A line that
        crosses it several times makes several parts.

    Raises
    ------
    InputError
        When the community is not there, the line crosses itself, misses the community, ends inside it, or leaves every
        unit on one side.
    """
    state = draft.state
    own = np.flatnonzero(state.part == community_at(state, community))
    if not isinstance(line, shapely.LineString) or line.is_empty or not line.is_simple:
        raise InputError(Fault("the line is empty, crosses itself, or is no line", "draw one line that does not cross "
                               "itself"))  # fmt: skip
    if not shapely.intersects(shapely.box(*shapely.total_bounds(draft.desk.shapes[own])), line):
        raise InputError(Fault(f"the line misses {community}", "draw it across the community, in the blocks' CRS",
                               table="communities", ids=(community,)))  # fmt: skip
    faces, land = _faces(draft.desk.shapes[own], line)
    if len(faces) == len(np.unique(land)):
        raise InputError(Fault(f"the line does not divide {community}: it ends inside, or only touches it",
                               "draw it from border to border", table="communities", ids=(community,)))  # fmt: skip
    shares, crossed = _shares(state.town, draft.desk.shapes, own, faces, line)
    units, unit = np.unique(state.town.atom[own], return_inverse=True)
    by_unit = np.zeros((len(units), len(faces)))
    np.add.at(by_unit, unit, shares)
    label = by_unit.argmax(axis=1)[unit]
    if len(np.unique(label)) == len(np.unique(land[label])):
        raise InputError(Fault(f"the line leaves every block of {community} whole on one side: most of each one's land "
                               "lies there", "draw it further inside, or nearer to seams", table="blocks",
                               ids=_ids_of(state.town, own[crossed])))  # fmt: skip
    return _divided(draft, community, own, label, home=land[label], how=("按画线", " by the drawn line"),
                    notes=_whole_notes(state.town, own, unit, crossed, by_unit))  # fmt: skip


def lock(draft: Draft, wish: Lock | Condition) -> tuple[Draft, Answer]:
    """Add a lock, or a condition on one community; it holds for every rule from now on.

    A lock that the draft breaks is answered with the violation.

    Raises
    ------
    InputError
        When it is there already, names what is not there, or contradicts another lock.
    """
    options = draft.state.town.options
    if wish in (*options.locks, *options.conditions):
        raise InputError(Fault(f"{wish} is there already", "nothing needs to be done"))
    if isinstance(wish, Lock):
        options = options.model_copy(update={"locks": (*options.locks, wish)})
    else:
        options = options.model_copy(update={"conditions": (*options.conditions, wish)})
    return _relocked(draft, options, ("锁定:" + _wish_zh(wish), f"Locked: {wish}"))


def unlock(draft: Draft, wish: Lock | Condition) -> tuple[Draft, Answer]:
    """Take back a lock or a condition, of the plan or of the draft.

    Raises
    ------
    InputError
        When there is no such lock.
    """
    options = draft.state.town.options
    wishes = (*options.locks, *options.conditions)
    if wish not in wishes:
        there = "; ".join(str(one) for one in wishes) or "none"
        raise InputError(Fault(f"there is no {wish}", f"name one of the locks that hold: {there}"))
    options = options.model_copy(
        update={
            "locks": tuple(one for one in options.locks if one != wish),
            "conditions": tuple(one for one in options.conditions if one != wish),
        }
    )
    return _relocked(draft, options, ("解除锁定:" + _wish_zh(wish), f"Released: {wish}"))


def undo(draft: Draft) -> tuple[Draft, Answer]:
    """Take back the last edit.

    Raises
    ------
    InputError
        When there is none.
    """
    if draft.cursor == 0:
        raise InputError(Fault("there is nothing to undo", "the draft is as it was opened"))
    done = draft.state
    return _turned(draft, draft.cursor - 1, (f"撤销:{done.text_zh}", f"Undone: {done.text_en}"))


def redo(draft: Draft) -> tuple[Draft, Answer]:
    """Do again the edit that was undone last.

    Raises
    ------
    InputError
        When there is none.
    """
    if draft.cursor + 1 == len(draft.states):
        raise InputError(Fault("there is nothing to redo", "no edit was undone, or another one came after it"))
    done = draft.states[draft.cursor + 1]
    return _turned(draft, draft.cursor + 1, (f"重做:{done.text_zh}", f"Done again: {done.text_en}"))


def diff(a: Draft, b: Draft) -> pd.DataFrame:
    """Return the blocks that are in another community in `b` than in `a`; `diff(draft.opened, draft)` is all edits.

    Parameters
    ----------
    a, b : Draft
        Of the same blocks.

    Returns
    -------
    DataFrame
        Index block_id; from_id, to_id, households, area_m2 [m²]. Sorted by block.

    Raises
    ------
    InputError
        When they are not of the same blocks.
    """
    first, second = a.state, b.state
    town = second.town
    if first.town.block_ids != town.block_ids:
        strange = tuple(sorted(set(first.town.block_ids) ^ set(town.block_ids)))
        raise InputError(Fault(f"the two are not of the same blocks: {len(strange):,} are in one of them only",
                               "compare drafts of one study", table="blocks", ids=strange))  # fmt: skip
    was, now = np.array(first.ids, dtype=object)[first.part], np.array(second.ids, dtype=object)[second.part]
    moved = np.flatnonzero(was != now)
    index = pd.Index([town.block_ids[i] for i in moved], dtype="str", name="block_id")
    table = pd.DataFrame({"from_id": was[moved], "to_id": now[moved]}, index=index, dtype="str")
    return table.assign(households=town.households[moved], area_m2=town.area_m2[moved])


def diff_pairs(difference: pd.DataFrame) -> pd.DataFrame:
    """Return a `diff` summed over pairs of communities: from_id, to_id, blocks, households, area_m2."""
    grouped = difference.groupby(["from_id", "to_id"], sort=True)
    sums = grouped[["households", "area_m2"]].sum()
    sums.insert(0, "blocks", grouped.size().astype("int64"))
    return sums.reset_index()


# ── from one state to the next ───────────────────────────────────────────────────────────────────────────────────────
def regrouped(draft: Draft, part: Ints, ids: Sequence[str]) -> Proposal:
    """Return the town parted anew: parts without blocks vanish, the others are numbered in the order of their ids.

    An island is accepted below the minimum for being what it is in the opened plan, whatever lay between.
    """
    size = np.bincount(part, minlength=len(ids))
    kept = sorted((p for p in range(len(ids)) if size[p]), key=lambda p: ids[p])
    rank = np.zeros(len(ids), dtype=np.int64)
    rank[kept] = np.arange(len(kept))
    after, names = rank[part], tuple(ids[p] for p in kept)
    first = draft.states[0]
    islands = frozenset(
        i for i in first.islands
        if i in names and bool(((after == names.index(i)) == (first.part == first.ids.index(i))).all())
    )  # fmt: skip
    return Proposal(draft.state.town, after, names, islands)


def _renamed(draft: Draft, part: Ints, wanted: Sequence[str | None] = ()) -> Proposal:
    """Return the parts with their ids; `wanted` are those of parts behind the draft's own, `None` for one to be found.

    A new community is called after the one of today that it carries on, where that id is free; else N01, N02 …
    """
    state = draft.state
    ids = [*state.ids, *(name or "" for name in wanted)]
    if "" in ids:
        heir = heirs_of(state.town, part, len(ids))
        old_ids = state.town.old_ids
        fresh = (f"N{number:02d}" for number in itertools.count(1))
        for p in range(len(state.ids), len(ids)):
            if not ids[p]:
                own = old_ids[heir[p]] if heir[p] >= 0 else ""
                ids[p] = own if own and own not in ids else next(i for i in fresh if i not in {*state.used, *old_ids})
    return regrouped(draft, part, ids)


def _done(
    draft: Draft, proposal: Proposal, text: Text, *, offers: tuple[Offer, ...] = (), notes: tuple[Note, ...] = ()
) -> tuple[Draft, Answer]:
    terms, broken = measured(proposal)
    state = State(proposal.town, proposal.part, proposal.ids, proposal.islands, terms, broken, *text,
                  used=draft.state.used | set(proposal.ids))  # fmt: skip
    after = Draft(draft.desk, (*draft.states[: draft.cursor + 1], state), draft.cursor + 1)
    return after, _answer(draft.state, state, text, offers=offers, notes=notes)


def _turned(draft: Draft, cursor: int, text: Text) -> tuple[Draft, Answer]:
    after = replace(draft, cursor=cursor)
    return after, _answer(draft.state, after.state, text)


def _relocked(draft: Draft, options: PlanOptions, text: Text) -> tuple[Draft, Answer]:
    state, desk = draft.state, draft.desk
    town = relocked(desk, options)
    notes = [note for note in town.notes if note not in state.town.notes]
    notes += [Note(zh=f"各项锁定互相冲突,没有方案能同时满足:{text}", en=f"No plan can keep all of this: {text}")
              for text in town.conflicts if text not in state.town.conflicts]  # fmt: skip
    return _done(draft, Proposal(town, state.part, state.ids, state.islands), text, notes=tuple(notes))


def relocked(desk: Desk, options: PlanOptions) -> Town:
    """Return the town with other locks and conditions: what `build_town` would make of its tables, but faster.

    Raises
    ------
    InputError
        As `build_town`.
    """
    bare = replace(desk.town, options=options)
    if desk.known is None:
        kinds = ["community"] * len(bare.old_ids)
    else:
        kinds = [str(kind) for kind in desk.known.loc[list(bare.old_ids), "kind"]]
    joined = _joined(bare, desk.known, kinds, desk.plan.profile, list(bare.notes))
    return bind_conditions(joined, list(desk.shapes))


def _answer(
    before: State, after: State, text: Text, *, offers: tuple[Offer, ...] = (), notes: tuple[Note, ...] = ()
) -> Answer:
    every = sorted({*before.ids, *after.ids})
    number = {name: i for i, name in enumerate(every)}
    was = np.array([number[i] for i in before.ids])[before.part]
    now = np.array([number[i] for i in after.ids])[after.part]
    moved = np.flatnonzero(was != now)
    touched = np.unique(np.concatenate([was[moved], now[moved]])).tolist()
    town = after.town
    counts = [np.bincount(parts, values, minlength=len(every)).astype(np.int64)
              for values in (town.households, town.people) for parts in (was, now)]  # fmt: skip

    def count(which: int, p: int) -> int | None:
        there = every[p] in (before.ids if which % 2 == 0 else after.ids)
        return int(counts[which][p]) if there and (which < 2 or town.people_known) else None

    return Answer(
        text_zh=text[0],
        text_en=text[1],
        blocks=_ids_of(town, moved),
        terms=changes_of(before.terms, after.terms),
        objective_before=before.objective,
        objective_after=after.objective,
        communities=tuple(SizeChange(every[p], *(count(which, p) for which in range(4))) for p in touched),
        violations=findings(before.violations, after.violations),
        offers=offers,
        notes=(*notes, *_heir_notes(after, {every[p] for p in touched})),
    )


def changes_of(before: Mapping[str, Term], after: Mapping[str, Term]) -> tuple[TermChange, ...]:
    """Return what happened to every term."""
    return tuple(
        TermChange(name, term.unit, before[name].value, term.value, term.value - before[name].value,
                   term.weighted - before[name].weighted)
        for name, term in after.items()
    )  # fmt: skip


def findings(before: Sequence[Violation], after: Sequence[Violation]) -> tuple[Finding, ...]:
    """Return the violations after an edit, marked by what they were before, and those that are healed.

    The same sentence stays. Else the same rule in the same community is the same violation with another measure.
    """
    gone: dict[tuple[str, str], list[Violation]] = {}
    for violation in before:
        gone.setdefault((violation.rule, violation.community_id), []).append(violation)
    rest: list[Finding | None] = []
    for violation in after:
        twins = gone.get((violation.rule, violation.community_id), [])
        rest.append(None)
        if violation in twins:
            twins.remove(violation)
            rest[-1] = Finding(**vars(violation), state="stays", measured_before=violation.measured)
    new: list[Finding] = []
    for i, violation in enumerate(after):
        if rest[i] is not None:
            continue
        twins = gone.get((violation.rule, violation.community_id), [])
        if twins:
            rest[i] = Finding(**vars(violation), state="changed", measured_before=twins.pop(0).measured)
        else:
            new.append(Finding(**vars(violation), state="new", measured_before=None))
    healed = [Finding(**vars(v), state="healed", measured_before=v.measured) for left in gone.values() for v in left]
    return (*new, *(found for found in rest if found is not None), *healed)


def _heir_notes(state: State, touched: set[str]) -> tuple[Note, ...]:
    """Say where the rule of heirs, by which the terms are counted, and the ids that hands gave do not agree."""
    town = state.town
    notes = []
    for p, old in enumerate(heirs_of(town, state.part, len(state.ids)).tolist()):
        if old >= 0 and state.ids[p] in touched and town.old_ids[old] != state.ids[p]:
            zh, en = called(state.town, state.ids[p])
            notes.append(Note(zh=f"按户数,{zh}应延续{town.names_zh[old]};各项指标据此计算。",
                              en=f"By its households {en} carries on {town.names_en[old]}; "
                              "the terms count it so."))  # fmt: skip
    return tuple(notes)


# ── splitting ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _divided(
    draft: Draft, community: str, own: Ints, label: Ints, *, home: Ints, how: Text, notes: tuple[Note, ...]
) -> tuple[Draft, Answer]:
    """Give each label of a community's blocks an id; what the cut does not divide stays with who keeps the id.

    `home` is the piece of land each block was on before: a piece that keeps a single label was not divided.
    """
    state, town = draft.state, draft.state.town
    mine, count = state.ids.index(community), len(state.ids)
    labels, first = np.unique(label, return_index=True)
    divided = Counter(home[first].tolist())
    cut = [own[label == one] for one, at in zip(labels, home[first].tolist(), strict=True) if divided[at] > 1]
    cut = sorted(cut or [own[label == one] for one in labels], key=lambda blocks: _bulk(town, blocks))
    part = state.part.copy()
    for i, blocks in enumerate(cut[1:]):
        part[blocks] = count + i
    if community in town.old_ids:
        heir = heirs_of(town, part, count + len(cut) - 1)
        carries = [i for i, p in enumerate([mine, *range(count, count + len(cut) - 1)])
                   if heir[p] == town.old_ids.index(community)]  # fmt: skip
        keeper = carries[0] if carries else 0
        part[cut[0]], part[cut[keeper]] = part[cut[keeper][0]], mine
    proposal = _renamed(draft, part, [None] * (len(cut) - 1))
    zh, en = called(town, community)
    made = sorted({proposal.ids[p] for p in proposal.part[own].tolist()}, key=lambda i: (i != community, i))
    load = proposal.sums(town.households)
    sizes = [(i, int(load[proposal.ids.index(i)])) for i in made]
    text = (f"将{zh}{how[0]}分为{len(made)}个社区:" + "、".join(f"{i}({n}户)" for i, n in sizes),
            f"{capital(en)} split{how[1]} into {len(made)}: "
            + ", ".join(f"{i} ({n:,} households)" for i, n in sizes))  # fmt: skip
    return _done(draft, proposal, text, notes=notes)


def _inside(town: Town, own: Ints, *, without: frozenset[tuple[int, int]] = frozenset()) -> tuple[Ints, Ints]:
    """Return the seams inside some blocks that hold them together, as positions in `own`."""
    local = np.full(len(town.block_ids), -1, dtype=np.int64)
    local[own] = np.arange(len(own))
    a, b = local[town.seam_a], local[town.seam_b]
    kept = (a >= 0) & (b >= 0) & ~town.cross
    if without:
        n = len(town.block_ids)
        keys = np.minimum(town.seam_a, town.seam_b) * n + np.maximum(town.seam_a, town.seam_b)
        kept &= ~np.isin(keys, [x * n + y for x, y in without])
    return a[kept], b[kept]


def _pairs(draft: Draft, community: str, own: Ints, lines: Sequence[str]) -> frozenset[tuple[int, int]]:
    """Return the pairs of the community's blocks that the seams or features lie between."""
    known = draft.desk.lines
    strange = [token for token in lines if token not in known]
    if strange:
        near = difflib.get_close_matches(strange[0], known, n=3, cutoff=0.5)
        hint = f"; similar: {', '.join(near)}" if near else ""
        raise InputError(Fault(f"no seam is called or follows {', '.join(strange)}{hint}",
                               "use ids of seams or names of roads and rivers", table="seams",
                               ids=tuple(strange)))  # fmt: skip
    inside = set(own.tolist())
    found = frozenset(pair for token in lines for pair in known[token] if inside.issuperset(pair))
    if not found:
        raise InputError(Fault(f"{', '.join(lines)} does not run between two blocks of {community}",
                               "choose seams inside the community", table="seams", ids=tuple(lines)))  # fmt: skip
    return found


def _searched(state: State, community: str, own: Ints, parts: int | None, before: int) -> Ints:
    """Return the community's blocks in parts that the engine finds."""
    town = state.town
    units, unit = np.unique(town.atom[own], return_inverse=True)
    if parts is not None and not 2 <= parts <= len(units):
        remedy = f"say 2 to {len(units)} parts" if len(units) > 1 else "release what is kept whole first"
        raise InputError(Fault(f"{community} cannot be split into {parts} parts: it consists of {len(units)} whole "
                               f"unit{'s' if len(units) > 1 else ''}", remedy, table="communities",
                               ids=(community,)))  # fmt: skip
    if before > 1:
        raise InputError(Fault(f"{community} lies in {before} pieces that do not touch",
                               f"split it into its {before} pieces first", table="communities",
                               ids=(community,)))  # fmt: skip
    a, b = _inside(town, own)
    joined, _ = pieces(len(units), unit[a], unit[b])
    if joined > 1:
        raise InputError(Fault(f"the units of {community} do not all touch one another", "split it along seams",
                               table="communities", ids=(community,)))  # fmt: skip
    k = _number(state, community, own, len(units)) if parts is None else parts
    problem = _problem(town, own, unit, len(units), k)
    result = partition_graph(
        problem, k, proposals=max(SPLIT_PROPOSALS, 500 * len(units)), seed=town.options.seed,
        first=_slices(town, own, unit, len(units), k), linear=_stay_costs(town, own, unit, len(units), k),
    )  # fmt: skip
    if parts is None and not result.feasible:
        raise InfeasibleError([f"No way was found to split {community} into {k} parts within the limits, although "
                               f"nothing proves that there is none. Say parts={k} to split it all the same."],
                              table="communities", ids=(community,))  # fmt: skip
    return result.part.astype(np.int64)[unit]


def _number(state: State, community: str, own: Ints, units: int) -> int:
    """Return the number of parts nearest to the target for which the limits leave room."""
    town, limits = state.town, state.town.limits
    homes, people = int(town.households[own].sum()), int(town.people[own].sum())

    def fits(k: int) -> bool:
        within = k * limits.min_households <= homes <= k * limits.max_households
        if not town.people_known:
            return within
        return within and k * (limits.min_people or 0) <= people <= k * (limits.max_people or UNLIMITED)

    fitting = [k for k in range(2, units + 1) if fits(k)]
    if fitting:
        return min(fitting, key=lambda k: (abs(homes - k * limits.target_households), k))
    two = 2 * limits.min_households
    short = f"two parts need at least {two:,}" if homes < two else "no number of parts is within all limits"
    raise InfeasibleError([f"{community} has {homes:,} households in {units} whole units; {short} "
                           f"({limits.min_households:,} to {limits.max_households:,} each). "
                           "Say how many parts to split it all the same."],
                          table="communities", ids=(community,))  # fmt: skip


def _problem(town: Town, own: Ints, unit: Ints, n: int, k: int) -> Problem:
    """Return the units of one community as a graph with the costs they have in the whole town."""
    local = np.full(len(town.block_ids), -1, dtype=np.int64)
    local[own] = unit
    a, b = local[town.seam_a], local[town.seam_b]
    inside = (a >= 0) & (b >= 0) & (a != b)
    keys, which = np.unique(np.minimum(a, b)[inside] * n + np.maximum(a, b)[inside], return_inverse=True)
    limits = town.limits
    columns = [(town.households, limits.min_households, limits.max_households)]
    if town.people_known and (limits.min_people is not None or limits.max_people is not None):
        columns.append((town.people, limits.min_people or 0, limits.max_people or UNLIMITED))
    weights, low, high = [], [], []
    target = float(limits.target_households)
    for values, least, most in columns:
        load = np.bincount(unit, values[own], minlength=n).astype(np.int64)
        mean = load.sum() / k
        possible = k * least <= load.sum() <= k * most
        target = target if possible else float(town.households[own].sum() / k)
        weights.append(load)
        low.append(least if possible else min(least, int(mean * (1 - LOOSE))))
        high.append(most if possible else max(most, int(mean * (1 + LOOSE)) + 1))
    return make_problem(
        np.stack(weights, axis=1), np.stack([keys // n, keys % n], axis=1),
        np.bincount(which, edge_costs(town)[inside], minlength=len(keys)), low, high,
        apart=np.bincount(which, town.cross[inside], minlength=len(keys)) > 0,
        size_cost=size_cost(town), target=target,
    )  # fmt: skip


def _slices(town: Town, own: Ints, unit: Ints, n: int, k: int) -> Small:
    """Return the units cut straight across the community's length into slices of equal households, to begin from."""
    size = np.bincount(unit, minlength=n)
    x, y = (np.bincount(unit, values[own], minlength=n) / size for values in (town.x_m, town.y_m))
    load = np.bincount(unit, town.households[own], minlength=n) + 1e-6
    order = np.argsort(x if np.ptp(x) >= np.ptp(y) else y, kind="stable")
    middle = np.cumsum(load[order]) - load[order] / 2
    part = np.empty(n, dtype=np.int32)
    part[order] = np.minimum(middle * k / load.sum(), k - 1).astype(np.int32)
    return part


def _stay_costs(town: Town, own: Ints, unit: Ints, n: int, k: int) -> Linear | None:
    """Return what having a unit in a part saves: households and land that stay in their community of today.

    A community of today that lies mostly elsewhere has its heir there, so that nobody stays in it here.
    """
    weights = town.options.weights
    mine, mass = town.old[own], town.households + 1e-9 * town.area_m2
    known, inside, count = town.old >= 0, mine >= 0, len(town.old_ids)
    here = np.bincount(mine[inside], mass[own][inside], minlength=count)
    at_home = np.flatnonzero(here > 0.5 * np.bincount(town.old[known], mass[known], minlength=count))
    if not len(at_home):
        return None
    place = np.full(count + 1, -1, dtype=np.int64)
    place[at_home] = np.arange(len(at_home))
    column = place[mine]
    held = column >= 0
    shared, land = np.zeros((n, len(at_home))), np.zeros((n, len(at_home)))
    np.add.at(shared, (unit[held], column[held]), town.households[own][held])
    np.add.at(land, (unit[held], column[held]), town.area_m2[own][held])
    kept = weights.change * shared / max(1.0, float(town.households.sum()))
    kept += weights.land * land / max(1e-9, float(town.area_m2.sum()))
    claim = shared + 1e-9 * land

    tables = [np.zeros((n, k)) for _ in range(k)]  # of a single community: the search asks hundreds of times
    for p, table in enumerate(tables):
        table[:, p] = -kept[:, 0]

    def one(part: Small) -> Floats:
        return tables[int(np.bincount(part, claim[:, 0], minlength=k).argmax())]

    def several(part: Small) -> Floats:
        table = np.zeros((n, k))
        holds = (part[None, :] == np.arange(k)[:, None]).astype(np.float64)
        rows, columns = linear_sum_assignment(-(holds @ claim))
        table[:, rows] = -kept[:, columns]
        return table

    return one if len(at_home) == 1 else several


# ── drawing a line ───────────────────────────────────────────────────────────────────────────────────────────────────
def _faces(shapes: npt.NDArray[np.object_], line: shapely.LineString) -> tuple[npt.NDArray[np.object_], Ints]:
    """Return what the line cuts the blocks' land into, and the piece of land that each face is from."""
    land = shapely.get_parts(shapely.coverage_union_all(shapes))
    edges = shapely.union_all([*shapely.boundary(land), line])
    faces = shapely.get_parts(shapely.polygonize([edges]))
    piece, face = shapely.STRtree(shapely.point_on_surface(faces)).query(land, predicate="contains")
    order = np.argsort(face)
    return faces[face[order]], piece[order].astype(np.int64)


def _shares(
    town: Town, shapes: npt.NDArray[np.object_], own: Ints, faces: npt.NDArray[np.object_], line: shapely.LineString
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the area of each block in each face [m²], and whether the line runs through the block."""
    inside = np.column_stack([shapely.contains_xy(face, town.x_m[own], town.y_m[own]) for face in faces])
    shares = np.where(inside, town.area_m2[own][:, None], 0.0)
    met = np.flatnonzero(shapely.intersects(shapes[own], line))
    shares[met] = shapely.area(shapely.intersection(shapes[own[met]][:, None], faces[None, :]))
    return shares, (shares > 1e-6 * town.area_m2[own][:, None]).sum(axis=1) > 1


def _whole_notes(
    town: Town, own: Ints, unit: Ints, crossed: npt.NDArray[np.bool_], by_unit: Floats
) -> tuple[Note, ...]:
    """Tell which blocks and units the line runs through: none is divided."""
    notes = []
    size = np.bincount(unit)
    torn = (by_unit > 1e-6 * by_unit.sum(axis=1, keepdims=True)).sum(axis=1) > 1
    for u in np.flatnonzero(torn & (size > 1)).tolist():
        atom = int(town.atom[own[unit == u][0]])
        notes.append(Note(zh=f"{town.atom_name(atom, chinese=True)}位于画线两侧,整体划入面积较大的一侧。",
                          en=f"{capital(town.atom_name(atom))} lies on both sides of the line; it goes whole to the "
                          "side with most of its land."))  # fmt: skip
    ids = _ids_of(town, own[crossed & (size[unit] == 1)])
    if ids:
        shown = [*ids[:5], *(["…"] if len(ids) > 5 else [])]
        notes.append(Note(zh=f"画线穿过{len(ids)}个地块({'、'.join(shown)}),各自整体划入面积较大的一侧。",
                          en=f"The line runs through {_blocks(len(ids))} ({', '.join(shown)}); each goes whole to the "
                          "side with most of its land."))  # fmt: skip
    return tuple(notes)


# ── what is named, and words ─────────────────────────────────────────────────────────────────────────────────────────
def called(town: Town, community: str) -> Text:
    """Return what a sentence calls a community, in Chinese and English."""
    alone = Proposal(town, np.zeros(0, dtype=np.int64), (community,))
    return alone.name(0, chinese=True), alone.name(0, chinese=False)


def positions(town: Town, blocks: Iterable[str]) -> Ints:
    """Return where blocks stand in the town's arrays; refuses ids that are not there."""
    place = {name: i for i, name in enumerate(town.block_ids)}
    names = sorted({blocks} if isinstance(blocks, str) else set(blocks))
    strange = tuple(str(name) for name in names if name not in place)
    if strange:
        raise InputError(Fault(f"there is no block {', '.join(strange[:5])}", "use ids of the table blocks",
                               table="blocks", ids=strange))  # fmt: skip
    if not names:
        raise InputError(Fault("no block is named", "name the blocks that are to move", table="blocks"))
    return np.array([place[name] for name in names], dtype=np.int64)


def community_at(state: State, community: str) -> int:
    """Return the part that a community is; refuses an id that is not there."""
    if community not in state.ids:
        near = difflib.get_close_matches(str(community), state.ids, n=3, cutoff=0.5)
        hint = f"; similar: {', '.join(near)}" if near else ""
        raise InputError(Fault(f"there is no community {community} in the draft{hint}",
                               "use the id of one that is there", table="communities",
                               ids=(str(community),)))  # fmt: skip
    return state.ids.index(community)


def _target(state: State, community: str) -> int:
    revived = community not in state.ids and community in state.town.old_ids
    return len(state.ids) if revived else community_at(state, community)


def _refuse_empty(state: State, part: Ints) -> None:
    size = np.bincount(part, minlength=len(state.ids))
    empty = tuple(i for i, n in zip(state.ids, size[: len(state.ids)].tolist(), strict=True) if not n)
    if empty:
        raise InputError(Fault(f"{', '.join(empty)} would lose its last block",
                               "merge it with another community instead (merge_communities)", table="communities",
                               ids=empty))  # fmt: skip


def _offers(moved: Proposal, movers: Ints, to: str) -> tuple[Offer, ...]:
    """Offer to move what is left behind of the units that the moved blocks belong to."""
    town, target = moved.town, moved.ids.index(to)
    torn = np.unique(town.atom[movers])
    left = np.flatnonzero(np.isin(town.atom, torn) & (moved.part != target))
    zh, en = called(town, to)
    offers = []
    for atom in np.unique(town.atom[left]).tolist():
        rest = left[town.atom[left] == atom]
        offers.append(
            Offer(_ids_of(town, rest), to, f"将{town.atom_name(atom, chinese=True)}其余{len(rest)}个地块一并划入{zh}",
                  f"Move the other {_blocks(len(rest))} of {town.atom_name(atom)} to {en} as well")
        )  # fmt: skip
    return tuple(offers)


def _bulk(town: Town, blocks: Ints) -> tuple[int, float, int]:
    """Return what sorts groups of blocks: most households first, then most land, then the first block."""
    return -int(town.households[blocks].sum()), -float(town.area_m2[blocks].sum()), int(blocks[0])


def _ids_of(town: Town, blocks: Ints) -> tuple[str, ...]:
    return tuple(town.block_ids[b] for b in blocks.tolist())


def _blocks(count: int) -> str:
    return "1 block" if count == 1 else f"{count:,} blocks"


def _some(names: Sequence[str]) -> str:
    return "、".join(names[:3]) + (f"等{len(names)}个社区" if len(names) > 3 else "")


def _some_en(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


_LOCKS_ZH = {
    "whole": "保持完整", "as_is": "保持原状", "free": "可以拆分", "together": "同属一个社区",
    "apart": "不得同属一个社区",
}  # fmt: skip


def _wish_zh(wish: Lock | Condition) -> str:
    ids = "、".join(wish.ids)
    if isinstance(wish, Lock):
        return f"{'地块' if wish.of == 'blocks' else ''}{ids}{_LOCKS_ZH[wish.kind]}"
    what = {"blocks": "地块", "estates": "小区", "communities": ""}[wish.of]
    said = {"has": f"应包含{what}{ids}", "lacks": f"不应包含{what}{ids}", "office": "的办公用房应在社区内",
            "not_touching": f"不应与{ids}相邻"}  # fmt: skip
    return wish.community + said[wish.kind]
