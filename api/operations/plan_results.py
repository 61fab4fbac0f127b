"""A plan as a study keeps it: the record of its state, the plan it began from, and its layers as collections.

A plan is three kinds of things in the store, always written together: the document `plan` (`PlanRecord`: state, steps,
who did what), the document `plan_base` (the plan it began from, as `Plan.to_json` says it; never changed), the document
`result` under `plan.<id>` (what the layers' legends need), and the collections `plan.<id>.<frame>` of `FRAMES`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.operations.drafts import MOST_STEPS, Step
from api.operations.plans import Planned
from api.storage.frames import collection_of, to_rows
from api.storage.records import Collection, CollectionWrite, DocumentWrite, Write
from geo.errors import Fault, InputError
from geo.partition.plan import Plan
from layers.features import layer_frames, typeset
from layers.provenance import plan_limits
from layers.words import WORDS

FRAMES = ("communities", "communities_before", "blocks", "seams", "moves")
"""The layers of a plan."""

PLAN, BASE, RESULT = "plan", "plan_base", "result"
"""Kinds of the documents."""

RESULT_ID = r"^[a-z0-9][a-z0-9-]{0,63}$"
"""What the id of a plan or run may look like."""

PlanState = Literal["draft", "proposed", "approved", "published"]

Text = Annotated[str, Field(max_length=200)]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(_Kept):
    """One step of a plan's way to publication: what it became, by whom, when (UTC, ISO 8601)."""

    to: PlanState
    by: str
    at: str
    note: str = ""


class BranchOf(_Kept):
    """What a plan was branched off: another plan, at one version of it."""

    plan: str
    version: int


class PlanRecord(_Kept):
    """The state of a plan.

    Attributes
    ----------
    title_zh, title_en
    state
        Only drafts are edited.
    steps, cursor
        Every edit since the plan it began from, and how many of them hold now; those behind can be redone.
    digest
        Of the plan that the steps give (`Plan.digest`): another one now means that the study was changed since.
    review_number
        审图号, when it was published with one.
    explained
        Digest of the plan that the texts of the layers tell of; where it is another one, edits came since.
    branch_of
    by, at, job
        Who made it and when (UTC, ISO 8601), and by which job.
    turns
        Its way so far.
    """

    title_zh: Text = ""
    title_en: Text = ""
    state: PlanState = "draft"
    steps: Annotated[tuple[Annotated[Step, Field(discriminator="do")], ...], Field(max_length=MOST_STEPS)] = ()
    cursor: Annotated[int, Field(ge=0)] = 0
    digest: str
    explained: str = ""
    review_number: Text = ""
    branch_of: BranchOf | None = None
    by: str = ""
    at: str = ""
    job: str = ""
    turns: tuple[Turn, ...] = ()


def plan_writes(
    planned: Planned, plan_id: str, *, by: str, at: str, title: tuple[str, str] = ("", ""), job: str = ""
) -> list[Write]:
    """Return what puts a new plan into the study as a draft: its documents and its layers.

    Parameters
    ----------
    planned
        The plan with its tables.
    plan_id
        Its id; the writes are refused (OutOfDateError) when the study has a plan of that id.
    by, at
        Who made it, and when (UTC, ISO 8601).
    title
        In Chinese and English.
    job
        The job that made it.

    Raises
    ------
    InputError
        When the id is not lower-case letters, digits and hyphens.
    """
    require_result_id(plan_id)
    record = PlanRecord(
        title_zh=title[0], title_en=title[1], digest=planned.plan.digest, explained=planned.plan.digest, by=by, at=at,
        job=job,
    )  # fmt: skip
    return [
        record_write(record, plan_id, expected=0),
        DocumentWrite(BASE, plan_id, json.loads(planned.plan.to_json()), expected=0),
        *layer_writes(planned, plan_id, record),
    ]


def layer_writes(planned: Planned, plan_id: str, record: PlanRecord) -> list[Write]:
    """Return what puts a plan's layers, with all their texts, in place of those that are there."""
    limits = plan_limits(planned.tables)
    frames = layer_frames(typeset(planned.tables), {}, limits)
    params: dict[str, Any] = {"limits": asdict(limits)}
    writes: list[Write] = [result_write(record, plan_id, params)]
    for frame in FRAMES:
        rows = frames[frame]
        kept = plan_collection(collection_of(rows, f"plan.{plan_id}.{frame}"), plan_id)
        writes.append(CollectionWrite(kept, to_rows(rows, kept)))
    return writes


def plan_collection(made: Collection, plan_id: str) -> Collection:
    """Return a collection as one of a plan's layers."""
    zh, en = WORDS.get(f"layer.{made.frame}", ("", ""))
    return replace(made, source="plan", result_id=plan_id, editable=False, title_zh=zh, title_en=en)


def record_write(record: PlanRecord, plan_id: str, *, expected: int | None) -> DocumentWrite:
    """Return what puts a plan's record into the study."""
    return DocumentWrite(PLAN, plan_id, record.model_dump(mode="json"), expected=expected)


def result_write(record: PlanRecord, plan_id: str, params: dict[str, Any]) -> DocumentWrite:
    """Return what tells of a plan's layers: titles, state, and what their legends need."""
    body = {
        "source": "plan", "id": plan_id, "title_zh": record.title_zh, "title_en": record.title_en, "params": params,
        "by": record.by, "at": record.at, "job": record.job, "state": record.state,
        "review_number": record.review_number,
    }  # fmt: skip
    return DocumentWrite(RESULT, f"plan.{plan_id}", body)


def base_plan(body: object) -> Plan:
    """Return the plan that a document `plan_base` holds."""
    return Plan.from_json(json.dumps(body))


def require_result_id(plan_id: str, *, taken: Sequence[str] = ()) -> None:
    """Refuse an id that cannot be part of a collection's name, or is taken."""
    if not re.match(RESULT_ID, plan_id):
        raise InputError(Fault(f"{plan_id!r} cannot be an id",
                               "use lower-case letters, digits and hyphens, at most 64"))  # fmt: skip
    if plan_id in taken:
        raise InputError(Fault(f"there is a plan {plan_id} already", "choose another id"))
