"""What a plan becomes when a study keeps it: documents and layers to be written (see `api.storage.plans`)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.operations.drafts import do_step
from api.operations.plans import Planned, units
from api.storage.frames import collection_of, to_rows
from api.storage.plans import BASE, FRAMES, PLAN, RESULT, RESULT_ID, BranchOf, PlanRecord
from api.storage.records import Collection, CollectionWrite, DocumentWrite, Write
from geo.errors import Fault, InputError
from geo.partition.edits import open_draft
from geo.partition.plan import Plan
from geo.schema import Column, Kind
from geo.study import Study
from layers.features import layer_frames, typeset
from layers.provenance import plan_limits
from layers.served import plan_params
from layers.words import WORDS


def plan_writes(
    planned: Planned, plan_id: str, *, by: str, at: str, title: tuple[str, str] = ("", ""), job: str = "",
    branch_of: BranchOf | None = None,
) -> list[Write]:  # fmt: skip
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
    branch_of
        The plan that it was branched off.

    Raises
    ------
    InputError
        When the id is not lower-case letters, digits and hyphens.
    """
    require_result_id(plan_id)
    record = PlanRecord(
        title_zh=title[0], title_en=title[1], digest=planned.plan.digest, explained=planned.plan.digest,
        branch_of=branch_of, by=by, at=at, job=job,
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
    writes: list[Write] = [result_write(record, plan_id, plan_params(limits))]
    for frame in FRAMES:
        rows = frames[frame]
        kept = plan_collection(collection_of(rows, f"plan.{plan_id}.{frame}"), plan_id)
        writes.append(CollectionWrite(kept, to_rows(rows, kept)))
    return writes


def plan_collection(made: Collection, plan_id: str) -> Collection:
    """Return a collection as one of a plan's layers: with the same columns in every plan, be it empty."""
    zh, en = WORDS.get(f"layer.{made.frame}", ("", ""))
    return replace(
        made, geometry="LineString" if made.frame == "seams" else "Polygon",
        columns=tuple(replace(column, kind=_kind(column)) for column in made.columns), source="plan",
        result_id=plan_id, editable=False, title_zh=zh, title_en=en,
    )  # fmt: skip


_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("households", "people", "dwellings", "households_before", "people_before", "blocks_count",
                     "buildings_count", "estates_count"), "count"),
    **dict.fromkeys(("area_m2", "length_m", "density_per_ha", "bounds_agreement"), "number"),
    **dict.fromkeys(("moved", "whole", "locked", "renamed", "name_proposed", "cut", "cut_before", "barrier"), "flag"),
    **dict.fromkeys(("name", "kind", "status", "fate", "colour", "against_limits", "name_source", "from_name",
                     "to_name", "feature_class", "feature_name", "seam_group", "community_a", "community_b", "block_a",
                     "block_b", "community_id_before"), "text"),
}  # fmt: skip
"""Kinds of columns, which dtypes do not tell of tables without rows."""


def _kind(column: Column) -> Kind:
    if column.name.endswith(("_zh", "_en", "_id")):
        return "text"
    return _KINDS.get(column.name, column.kind)


def record_write(record: PlanRecord, plan_id: str, *, expected: int | None) -> DocumentWrite:
    """Return what puts a plan's record into the study."""
    return DocumentWrite(PLAN, plan_id, record.model_dump(mode="json"), expected=expected)


def result_write(record: PlanRecord, plan_id: str, params: Mapping[str, Any]) -> DocumentWrite:
    """Return what tells of a plan's layers: titles, state, and what their legends need."""
    body = {
        "source": "plan", "id": plan_id, "title_zh": record.title_zh, "title_en": record.title_en,
        "params": dict(params),
        "by": record.by, "at": record.at, "job": record.job, "state": record.state,
        "review_number": record.review_number,
    }  # fmt: skip
    return DocumentWrite(RESULT, f"plan.{plan_id}", body)


def base_plan(body: object) -> Plan:
    """Return the plan that a document `plan_base` holds."""
    return Plan.from_json(json.dumps(body))


def plan_of(study: Study, base: object, record: object) -> Plan:
    """Return the plan as it stands: the one it began from (body of `plan_base`), with its steps (body of `plan`) done.

    Raises
    ------
    InputError
        When a step cannot be done on this study, or the steps give another plan than they gave when they were made.
    """
    plan, kept = base_plan(base), PlanRecord.model_validate(record)
    if not kept.cursor:
        return plan
    draft = open_draft(plan, *units(study, plan.options))
    for step in kept.steps[: kept.cursor]:
        draft = do_step(draft, step)[0]
    require_same(draft.plan, kept)
    return draft.plan


def require_same(plan: Plan, record: PlanRecord) -> None:
    """Refuse a plan that is not the one its record was written for."""
    if plan.digest != record.digest:
        raise InputError(Fault("the plan's steps give another plan now: the study was changed since they were made",
                               "make the plan anew, or take back what was changed", table="blocks"))  # fmt: skip


def require_result_id(plan_id: str, *, taken: Sequence[str] = ()) -> None:
    """Refuse an id that cannot be part of a collection's name, or is taken."""
    if not re.match(RESULT_ID, plan_id):
        raise InputError(Fault(f"{plan_id!r} cannot be an id",
                               "use lower-case letters, digits and hyphens, at most 64"))  # fmt: skip
    if plan_id in taken:
        raise InputError(Fault(f"there is a plan {plan_id} already", "choose another id"))
