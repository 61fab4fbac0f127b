"""Plans on the table: opened once, edited in milliseconds, by several planners at once.

An edit names the version that its planner saw. When others edited the plan since, it is made behind theirs if the two
touch no block and no community in common; else it is refused, and told what changed. Drafts are held in memory by
version; whatever is not there is opened from its document and done again, which gives the same plan (`digest`).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from api.accounts.public import whole
from api.editing.areas import MayChange
from api.editing.merging import Touched, touched, touched_by
from api.editing.preconditions import etag
from api.editing.redrawing import Layers, Sheet, redrawn, sheet_of
from api.editing.tables import planning_study, untouched
from api.errors import NotFoundError, OutOfDateError
from api.operations.drafts import do_step
from api.operations.plan_results import (
    base_plan,
    layer_writes,
    plan_writes,
    record_write,
    require_result_id,
    require_same,
    result_write,
)
from api.operations.plans import Planned, explained, units
from api.storage import StudyStore
from api.storage.plans import BASE, FRAMES, PLAN, RESULT, BranchOf, PlanRecord, PlanState, Turn
from api.storage.records import CollectionWrite, Document, DocumentWrite, Transaction, Write
from geo.errors import Fault, InfeasibleError, InputError, ShequError
from geo.partition import edits
from geo.partition.actions import PlanTables
from geo.partition.edits import Answer, Draft
from geo.partition.plan import Plan
from geo.partition.steps import MOST_STEPS, Step

MOST_OPENED = 24
"""Versions of plans that are held in memory; versions of one plan share almost everything."""

TRIES = 4
"""How often an edit is made anew when another one came between."""

STATES_ZH: dict[PlanState, str] = {"draft": "草案", "proposed": "已提交", "approved": "已批准", "published": "已公布"}


@dataclass(frozen=True, eq=False)
class Opened:
    """One version of a plan on the table.

    Attributes
    ----------
    plan_id, version, record, base, draft, sheet
    layers
        The rows of its layers as they are in the store.
    head
        The transaction up to which the study's tables are known to be those it was opened with.
    """

    plan_id: str
    version: int
    record: PlanRecord
    base: Plan
    draft: Draft
    sheet: Sheet
    layers: Layers
    head: int


@dataclass(frozen=True)
class Merged:
    """Others' edits that one was put behind."""

    seen: int
    onto: int
    edits: tuple[str, ...]
    edits_zh: tuple[str, ...]


@dataclass(frozen=True)
class Edited:
    """What an edit did, and the plan after it."""

    opened: Opened
    answer: Answer
    transaction: Transaction
    merged: Merged | None = None


class PlanBoard:
    """The plans that are worked on. Part of the server, safe to use from several threads."""

    def __init__(self, *, most: int = MOST_OPENED) -> None:
        self._most = most
        self._opened: OrderedDict[tuple[str, str, int], Opened] = OrderedDict()
        self._texts: OrderedDict[tuple[str, str, str], PlanTables] = OrderedDict()
        self._lock = threading.RLock()

    # ── opening ──
    def open(self, store: StudyStore, plan_id: str, *, document: Document | None = None) -> Opened:
        """Return a plan as it stands; with `document` at that version of it.

        Raises
        ------
        NotFoundError
            When there is no such plan.
        InputError
            When the study was changed so that the plan cannot be had any more.
        """
        found = document or plan_document(store, plan_id)
        store = whole(store)  # what is opened is kept for all
        key = (store.study_id, plan_id, found.version)
        head = store.head()
        with self._lock:
            kept = self._opened.get(key)
        if kept is not None and kept.head != head:
            kept = replace(kept, head=head) if untouched(store, kept.head, kept.base.options) else None
        opened = kept or self._read(store, plan_id, found, head)
        self._keep(key, opened)
        return opened

    def _keep(self, key: tuple[str, str, int], opened: Opened) -> None:
        with self._lock:
            self._opened[key] = opened
            self._opened.move_to_end(key)
            while len(self._opened) > self._most:
                self._opened.popitem(last=False)

    def _read(self, store: StudyStore, plan_id: str, found: Document, head: int) -> Opened:
        record = PlanRecord.model_validate(found.body)
        near = self._near(store, plan_id, head)
        if near is None:
            near = _first(store, plan_id, head)
        draft = _replayed(near, record)
        opened = replace(
            near, version=found.version, record=record, draft=draft, layers=Layers(store, plan_id), head=head
        )
        require_same(draft.plan, record)
        return opened

    def _near(self, store: StudyStore, plan_id: str, head: int) -> Opened | None:
        """Return another version of the plan that is opened with the tables as they are now."""
        with self._lock:
            versions = [each for (study, plan, _), each in self._opened.items()
                        if (study, plan) == (store.study_id, plan_id)]  # fmt: skip
        if not versions:
            return None
        base = store.document(BASE, plan_id)
        latest = versions[-1]
        same = base is not None and base_plan(base.body).digest == latest.base.digest
        fresh = latest.head == head or untouched(store, latest.head, latest.base.options)
        return latest if same and fresh else None

    # ── edits ──
    def edit(
        self, store: StudyStore, plan_id: str, step: Step, *, seen: int, by: str, may_change: MayChange | None = None
    ) -> Edited:
        """Make one edit of a draft that was seen at version `seen`.

        Raises
        ------
        NotAllowedError
            When `may_change` refuses a block that it changes on the plan as it stands.
        OutOfDateError
            When others' edits since then touch what this one touches; `more["changes"]` tells of them.
        InfeasibleError
            When the plan is no draft, or as the edit itself.
        InputError
            As the edit itself (see `geo.partition.edits`).
        """
        for turn in range(TRIES):
            opened = self.open(store, plan_id)
            _require_draft(opened)
            merged = self._merged(store, opened, step, seen) if seen != opened.version else None
            draft, answer = do_step(opened.draft, step)
            if merged is not None:
                self._require_alike(store, opened, step, seen, answer)
            _require_allowed(opened, touched(opened.draft.state, draft.state, step), may_change)
            steps = (*opened.record.steps[: opened.record.cursor], step)
            if len(steps) > MOST_STEPS:
                raise InputError(Fault(f"a draft holds at most {MOST_STEPS:,} steps", "branch it off: the branch "
                                       "begins with none"))  # fmt: skip
            record = opened.record.model_copy(
                update={"steps": steps, "cursor": len(steps), "digest": draft.plan.digest}
            )
            try:
                after, transaction = self._write(store, opened, record, draft, by=by, action="plan edited")
            except OutOfDateError:
                opened.layers.forget()
                if turn + 1 == TRIES:
                    raise
                continue
            return Edited(after, answer, transaction, merged)
        raise AssertionError("every turn returns, raises or goes on")

    def undo(
        self, store: StudyStore, plan_id: str, *, seen: int, by: str, may_change: MayChange | None = None
    ) -> Edited:
        """Take back the last edit. It must be the one that was seen; whoever made it, `may_change` is asked."""
        return self._turned(
            store, plan_id, edits.undo, seen=seen, by=by, action="plan edit undone", may_change=may_change
        )

    def redo(
        self, store: StudyStore, plan_id: str, *, seen: int, by: str, may_change: MayChange | None = None
    ) -> Edited:
        """Do again what was undone last; `may_change` is asked."""
        return self._turned(
            store, plan_id, edits.redo, seen=seen, by=by, action="plan edit redone", may_change=may_change
        )

    def _turned(
        self, store: StudyStore, plan_id: str, turn: Callable[[Draft], tuple[Draft, Answer]], *, seen: int, by: str,
        action: str, may_change: MayChange | None,
    ) -> Edited:  # fmt: skip
        opened = self.seen(store, plan_id, seen)
        _require_draft(opened)
        draft, answer = turn(opened.draft)
        last = max(opened.draft.cursor, draft.cursor)
        _require_allowed(opened, touched_by(opened.draft, [(last, opened.record.steps[last - 1])]), may_change)
        record = opened.record.model_copy(update={"cursor": draft.cursor, "digest": draft.plan.digest})
        after, transaction = self._write(store, opened, record, draft, by=by, action=action)
        return Edited(after, answer, transaction)

    def seen(self, store: StudyStore, plan_id: str, version: int) -> Opened:
        """Return a plan as it stands, which must be at this version.

        Raises
        ------
        OutOfDateError
            When it is not; `more["changes"]` tells what others did.
        """
        opened = self.open(store, plan_id)
        if opened.version != version:
            raise self._out_of_date(store, opened, version)
        return opened

    def _write(
        self, store: StudyStore, opened: Opened, record: PlanRecord, draft: Draft, *, by: str, action: str
    ) -> tuple[Opened, Transaction]:
        plan_id = opened.plan_id
        drawn: list[Write] | None
        try:
            drawn = redrawn(plan_id, opened.sheet, opened.layers, opened.draft.state, draft.state)
        except KeyError:  # another program took rows out of the layers: all of them are drawn anew
            drawn, record = None, record.model_copy(update={"explained": record.digest})
        layers = layer_writes(self._explained(store, opened, draft), plan_id, record) if drawn is None else drawn
        note = f"{plan_id}: {draft.state.text_en}"
        writes = [record_write(record, plan_id, expected=opened.version), *layers]
        transaction = store.commit(writes, by=by, action=action, note=note)
        return self._after(store, opened, (record, draft, transaction), drawn), transaction

    def _explained(self, store: StudyStore, opened: Opened, draft: Draft) -> Planned:
        return explained(planning_study(store, opened.base.options), draft.plan)

    def _after(
        self,
        store: StudyStore,
        before: Opened,
        now: tuple[PlanRecord, Draft, Transaction],
        drawn: Sequence[Write] | None,
    ) -> Opened:
        """Keep what was just written as the version that it became; without `drawn` its layers are read anew."""
        record, draft, transaction = now
        layers = Layers(store, before.plan_id) if drawn is None else before.layers.after(drawn)
        head = transaction.tx if transaction.tx == before.head + 1 else before.head
        after = replace(before, version=before.version + 1, record=record, draft=draft, layers=layers, head=head)
        self._keep((store.study_id, before.plan_id, after.version), after)
        return after

    # ── merging ──
    def _merged(self, store: StudyStore, opened: Opened, step: Step, seen: int) -> Merged:
        """Return what a step is put behind; OutOfDateError when it touches what others did."""
        before = self._seen_version(store, opened, seen)
        if before is None or not _follows(before.record, opened.record):
            raise self._out_of_date(store, opened, seen)
        first = before.record.cursor
        theirs = touched_by(opened.draft, ((i + 1, opened.record.steps[i]) for i in range(first, opened.record.cursor)))
        try:
            after, _ = do_step(before.draft, step)
        except ShequError as error:
            raise self._out_of_date(store, opened, seen) from error
        if touched(before.draft.state, after.state, step).meets(theirs):
            raise self._out_of_date(store, opened, seen, theirs)
        states = opened.draft.states[first + 1 : opened.record.cursor + 1]
        return Merged(seen, opened.version, tuple(s.text_en for s in states), tuple(s.text_zh for s in states))

    def _require_alike(self, store: StudyStore, opened: Opened, step: Step, seen: int, answer: Answer) -> None:
        """Refuse a step that moves other blocks now than on the version that was seen."""
        before = self._seen_version(store, opened, seen)
        if before is None or do_step(before.draft, step)[1].blocks != answer.blocks:
            raise self._out_of_date(store, opened, seen)

    def _seen_version(self, store: StudyStore, opened: Opened, seen: int) -> Opened | None:
        """Return the plan at an earlier version."""
        with self._lock:
            kept = self._opened.get((store.study_id, opened.plan_id, seen))
        if kept is not None and kept.draft.desk is opened.draft.desk:
            return kept
        if not 0 < seen < opened.version:
            return None
        then = _version_of(store, opened.plan_id, seen)
        return None if then is None else self.open(store, opened.plan_id, document=then)

    def _out_of_date(
        self, store: StudyStore, opened: Opened, seen: int, theirs: Touched | None = None
    ) -> OutOfDateError:
        changes = [
            {"version": version, "tx": one.tx, "at": one.at, "by": one.by, "action": one.action, "note": one.note}
            for version, one in _log_since(store, opened.plan_id, seen)
        ]
        more: dict[str, Any] = {"changes": changes, "seen": seen, "version": opened.version,
                                "state": opened.record.state}  # fmt: skip
        if theirs is not None:
            more |= {"blocks": sorted(theirs.blocks), "communities": sorted(theirs.communities)}
        who = ", ".join(sorted({str(change["by"]) for change in changes})) or "nobody"
        return OutOfDateError(
            f"version {seen} of the plan {opened.plan_id} is not the one that is there: it is at version "
            f"{opened.version}, changed by {who}",
            "read the plan again, look at what changed, and make the edit anew",
            headers={"ETag": etag(opened.version)}, **more,
        )  # fmt: skip

    # ── making, branching, turning ──
    def create(
        self, store: StudyStore, plan_id: str, plan: Plan, *, title: tuple[str, str], by: str
    ) -> tuple[Opened, Transaction]:
        """Keep a plan as a draft, with its layers and texts.

        Raises
        ------
        InputError
            When the id cannot be one or is taken, or plan and study do not name the same blocks.
        """
        require_result_id(plan_id, taken=plan_ids(store))
        planned = explained(planning_study(store, plan.options), plan)
        writes = plan_writes(planned, plan_id, by=by, at=_now(), title=title)
        transaction = store.commit(writes, by=by, action="plan created", note=plan_id)
        return self.open(store, plan_id), transaction

    def branch(
        self, store: StudyStore, plan_id: str, branch_id: str, *, title: tuple[str, str], by: str
    ) -> tuple[Opened, Transaction]:
        """Begin a plan of its own where another stands; the other goes on as it is."""
        require_result_id(branch_id, taken=plan_ids(store))
        opened = self.open(store, plan_id)
        planned = self._explained(store, opened, opened.draft)
        own = opened.record
        writes = plan_writes(
            planned, branch_id, by=by, at=_now(), title=(title[0] or own.title_zh, title[1] or own.title_en),
            branch_of=BranchOf(plan=plan_id, version=opened.version),
        )  # fmt: skip
        transaction = store.commit(writes, by=by, action="plan branched", note=f"{plan_id} → {branch_id}")
        return self.open(store, branch_id), transaction

    def turn(
        self, store: StudyStore, plan_id: str, to: PlanState, *, seen: int, by: str, note: str = "",
        review_number: str = "",
    ) -> tuple[Opened, Transaction]:  # fmt: skip
        """Take a plan a step on its way: propose, approve, publish; or back to a draft.

        A plan is explained when it is proposed, so that what is approved is what its texts say.

        Raises
        ------
        OutOfDateError
            When it is not at version `seen`.
        InfeasibleError
            When its state does not allow the step.
        """
        opened = self.seen(store, plan_id, seen)
        _require_way(opened, to)
        record = opened.record.model_copy(
            update={
                "state": to, "turns": (*opened.record.turns, Turn(to=to, by=by, at=_now(), note=note)),
                "review_number": review_number if to == "published" else "",
            }
        )  # fmt: skip
        layers, record = self._explaining(store, opened, record, always=to == "proposed")
        writes = [record_write(record, plan_id, expected=opened.version), *layers]
        told = f"{plan_id}: {opened.record.state} → {to}" + (f" ({note})" if note else "")
        transaction = store.commit(writes, by=by, action=f"plan {to}", note=told)
        return self._after(store, opened, (record, opened.draft, transaction), None), transaction

    def explain(self, store: StudyStore, plan_id: str, *, by: str) -> tuple[Opened, Transaction | None]:
        """Have the texts of a plan's layers told anew; nothing is written when they tell of it as it stands."""
        opened = self.open(store, plan_id)
        if opened.record.explained == opened.record.digest:
            return opened, None
        layers, record = self._explaining(store, opened, opened.record, always=True)
        writes = [record_write(record, plan_id, expected=opened.version), *layers]
        transaction = store.commit(writes, by=by, action="plan explained", note=plan_id)
        return self._after(store, opened, (record, opened.draft, transaction), None), transaction

    def _explaining(
        self, store: StudyStore, opened: Opened, record: PlanRecord, *, always: bool
    ) -> tuple[list[Write], PlanRecord]:
        """Return the writes of a plan's layers, and its record; of the result's document alone if it is explained."""
        if not always or record.explained == record.digest:
            kept = store.document(RESULT, f"plan.{opened.plan_id}")
            params = kept.body.get("params", {}) if kept is not None else {}
            return [result_write(record, opened.plan_id, params)], record
        record = record.model_copy(update={"explained": record.digest})
        return layer_writes(self._explained(store, opened, opened.draft), opened.plan_id, record), record

    def texts(self, store: StudyStore, opened: Opened) -> PlanTables:
        """Return a plan in the words of an official text, as it stands; told once for each version."""
        key = (store.study_id, opened.plan_id, f"{opened.version}")
        with self._lock:
            kept = self._texts.get(key)
        if kept is not None:
            return kept
        tables = self._explained(whole(store), opened, opened.draft).tables
        with self._lock:
            self._texts[key] = tables
            while len(self._texts) > self._most:
                self._texts.popitem(last=False)
        return tables

    def entitle(
        self, store: StudyStore, plan_id: str, *, title: tuple[str | None, str | None], seen: int, by: str
    ) -> tuple[Opened, Transaction]:
        """Give a plan other titles."""
        opened = self.seen(store, plan_id, seen)
        zh, en = title
        record = opened.record.model_copy(
            update={
                "title_zh": opened.record.title_zh if zh is None else zh,
                "title_en": opened.record.title_en if en is None else en,
            }
        )
        layers, record = self._explaining(store, opened, record, always=False)
        writes = [record_write(record, plan_id, expected=opened.version), *layers]
        transaction = store.commit(writes, by=by, action="plan entitled", note=plan_id)
        return self._after(store, opened, (record, opened.draft, transaction), None), transaction

    def delete(self, store: StudyStore, plan_id: str, *, seen: int, by: str) -> Transaction:
        """Delete a draft with its layers; the log keeps them.

        Raises
        ------
        InfeasibleError
            When it is no draft: withdraw it first.
        """
        opened = self.seen(store, plan_id, seen)
        _require_draft(opened)
        kept = store.collections()
        writes: list[Write] = [
            DocumentWrite(PLAN, plan_id, None, expected=seen),
            DocumentWrite(BASE, plan_id, None),
            DocumentWrite(RESULT, f"plan.{plan_id}", None),
            *(CollectionWrite(kept[name], None) for name in (f"plan.{plan_id}.{frame}" for frame in FRAMES)
              if name in kept),
        ]  # fmt: skip
        return store.commit(writes, by=by, action="plan deleted", note=plan_id)


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────
def plan_document(store: StudyStore, plan_id: str) -> Document:
    """Return a plan's document; NotFoundError when there is none."""
    found = store.document(PLAN, plan_id)
    if found is None:
        raise NotFoundError(f"there is no plan {plan_id}", "see the list of plans")
    return found


def plan_ids(store: StudyStore) -> list[str]:
    """Return the ids of all plans."""
    return [each.id for each in store.documents(PLAN)]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _first(store: StudyStore, plan_id: str, head: int) -> Opened:
    """Open the plan that another began from."""
    base = store.document(BASE, plan_id)
    if base is None:
        raise NotFoundError(f"the plan {plan_id} has no beginning", "make it anew")
    plan = base_plan(base.body)
    study = planning_study(store, plan.options)
    blocks, seams, communities = units(study, plan.options)
    draft = edits.open_draft(plan, blocks, seams, communities)
    sheet = sheet_of(draft, blocks, seams, study.get("buildings"), study.get("estates"))
    record = PlanRecord(digest=plan.digest)
    return Opened(plan_id, 0, record, plan, draft, sheet, Layers(store, plan_id), head)


def _replayed(near: Opened, record: PlanRecord) -> Draft:
    """Return the draft of a record, from one of the same plan: what both did first need not be done again."""
    mine, steps = near.record.steps, record.steps
    same = next((i for i, (a, b) in enumerate(zip(mine, steps, strict=False)) if a != b), min(len(mine), len(steps)))
    same = min(same, len(near.draft.states) - 1)
    draft = Draft(near.draft.desk, near.draft.states[: same + 1], same)
    for number, step in enumerate(steps[same:], start=same + 1):
        try:
            draft = do_step(draft, step)[0]
        except ShequError as error:
            why = error.faults[0].what if isinstance(error, InputError) else str(error)
            raise InputError(Fault(f"step {number} of the plan {near.plan_id} cannot be done any more: {why}",
                                   "the study was changed since; make the plan anew, or take the change back",
                                   table="blocks")) from error  # fmt: skip
    return replace(draft, cursor=record.cursor)


def _follows(before: PlanRecord, now: PlanRecord) -> bool:
    """Tell whether nothing but edits came between two versions of a draft."""
    n = before.cursor
    return now.cursor >= n and before.steps[:n] == now.steps[:n] and before.state == now.state == "draft"


def _log_since(store: StudyStore, plan_id: str, seen: int) -> list[tuple[int, Transaction]]:
    """Return the transactions that changed a plan since a version of it, oldest first, with the version each made."""
    found = store.document(PLAN, plan_id)
    if found is None or seen >= found.version:
        return []
    there: Document | None = found
    made: list[tuple[int, Transaction]] = []
    while there is not None and there.version > max(seen, found.version - 50):
        made.append((there.version, store.transactions(before=there.tx + 1, limit=1)[0]))
        there = store.document(PLAN, plan_id, as_of=there.tx - 1) if there.tx > 1 else None
    return made[::-1]


def _version_of(store: StudyStore, plan_id: str, version: int) -> Document | None:
    """Return one of the last fifty versions of a plan's document."""
    there = store.document(PLAN, plan_id)
    for _ in range(50):
        if there is None or there.version <= version:
            break
        there = store.document(PLAN, plan_id, as_of=there.tx - 1) if there.tx > 1 else None
    return there if there is not None and there.version == version else None


# ── what is allowed ──────────────────────────────────────────────────────────────────────────────────────────────────
_WAYS: dict[PlanState, tuple[PlanState, ...]] = {
    "proposed": ("draft",),
    "approved": ("proposed",),
    "published": ("approved",),
    "draft": ("proposed", "approved", "published"),
}
"""State → the states that a plan may come from."""


def _require_draft(opened: Opened) -> None:
    state = opened.record.state
    if state != "draft":
        raise InfeasibleError(
            [f"The plan {opened.plan_id} is {state}, and only drafts are edited: withdraw it, or branch it off."],
            reasons_zh=[f"方案{opened.plan_id}{STATES_ZH[state]}，只能修改草案：请先撤回，或另建分支方案。"],
        )


def _require_allowed(opened: Opened, changed: Touched, may_change: MayChange | None) -> None:
    """Ask whether the blocks that a step touches may be changed: moved ones, and those that a lock binds or frees."""
    if may_change is None:
        return
    at = np.flatnonzero(np.isin(opened.sheet.ids, list(changed.blocks)))
    may_change(opened.sheet.ids[at].tolist(), opened.sheet.shapes[at].tolist())


def _require_way(opened: Opened, to: PlanState) -> None:
    state = opened.record.state
    if state not in _WAYS[to]:
        wanted = " or ".join(_WAYS[to])
        raise InfeasibleError(
            [f"The plan {opened.plan_id} is {state}; only one that is {wanted} can become {to}."],
            reasons_zh=[f"方案{opened.plan_id}当前为“{STATES_ZH[state]}”，不能改为“{STATES_ZH[to]}”。"],
        )
