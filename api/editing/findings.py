"""What surveyors change in the field: every change of a finding is a row of its history, in the same transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import shapely
from shapely.geometry.base import BaseGeometry

from api.deps import Here
from api.features.snapshot import Snapshots
from api.features.visible import visible
from api.storage.records import Collection, CollectionWrite, FeatureWrite, Write, arrow_schema, study_collection

FOLLOWED = (
    "severity", "extent", "extent_unit", "location", "surveyed_on", "surveyor", "photo", "note", "status", "due_on",
    "done_on",
)  # fmt: skip
"""Columns whose changes are kept, as storing a survey keeps them (`geo.survey.store`); `place` is kept too."""

FINDINGS, HISTORY = "findings", "finding_history"
_MOVED_M = 0.01
_SOURCE = "edited by hand"


@dataclass(frozen=True)
class Finding:
    """A finding before or after an edit: its columns, and its place in the study's coordinates."""

    properties: Mapping[str, Any]
    place: BaseGeometry | None


def history_writes(at: Here, edits: Mapping[str, tuple[Finding | None, Finding]]) -> list[Write]:
    """Return the rows of history that edits of findings add (id → before, after); a new one has nothing before.

    Where nothing that is followed changes there are none.
    """
    there = HISTORY in at.store.collections()
    numbers = _numbers(at, list(edits)) if there else {}
    rows = [row for feature_id, (before, after) in edits.items()
            for row in _rows(feature_id, before, after, numbers.get(feature_id, 0), by=at.caller.name)]  # fmt: skip
    if rows and not there:
        return [whole(study_collection(HISTORY), rows)]
    return [FeatureWrite(HISTORY, str(row.pop("id")), "create", row) for row in rows]


def said_by(at: Here, properties: Mapping[str, Any], place: BaseGeometry | None) -> dict[str, Any]:
    """Return the columns of a new finding, with who saw it and whether its place was given where they do not say."""
    return {"surveyor": at.caller.name, "place_given": place is not None, **properties}


def _rows(feature_id: str, before: Finding | None, after: Finding, number: int, *, by: str) -> list[dict[str, Any]]:
    """Return the rows of history of one edit, numbered on behind `number`."""
    changes = [(None, None, _said(after.properties.get("status")))] if before is None else _changes(before, after)
    return [
        {"id": f"{feature_id}#{n}", "finding_id": feature_id, "number": n, "changed_on": _day(column, after),
         "column": column, "before": was, "after": now, "by": by, "source": _SOURCE}
        for n, (column, was, now) in enumerate(changes, start=number + 1)
    ]  # fmt: skip


def whole(collection: Collection, rows: Sequence[Mapping[str, Any]]) -> CollectionWrite:
    """Return a collection that was not there before, with these rows."""
    schema = arrow_schema(collection)
    names = ["id", "geometry", *(column.name for column in collection.columns)]
    filled = [{"geometry": None, **row} for row in rows]
    return CollectionWrite(collection, pa.Table.from_pylist(filled, pa.schema([schema.field(name) for name in names])))


def history(at: Here, feature_id: str) -> list[dict[str, Any]]:
    """Return every change of a finding, oldest first; who made it only for those who may see that."""
    if HISTORY not in at.store.collections():
        return []
    whole_table = at.server.part(Snapshots).get(at.store, HISTORY)
    table = visible(whole_table, at.caller, at.server.settings.fewest_households).table
    rows = table.filter(pc.equal(table["finding_id"], feature_id)).to_pylist()
    shown = ["number", "changed_on", "column", "before", "after", "source"]
    if "by" in table.column_names:
        shown.append("by")
    return [{name: row[name] for name in shown} for row in sorted(rows, key=lambda row: row["number"] or 0)]


def _numbers(at: Here, feature_ids: Sequence[str]) -> dict[str, int]:
    """Return the last number in the history of each finding that has one."""
    table = at.server.part(Snapshots).get(at.store, HISTORY).table
    known = table.filter(pc.is_in(table["finding_id"], value_set=pa.array(feature_ids, pa.string())))
    last = known.group_by("finding_id").aggregate([("number", "max")])
    return {str(row["finding_id"]): int(row["number_max"] or 0) for row in last.to_pylist()}


def _changes(before: Finding, after: Finding) -> list[tuple[str | None, str | None, str | None]]:
    made: list[tuple[str | None, str | None, str | None]] = []
    for column in FOLLOWED:
        was, now = before.properties.get(column), after.properties.get(column)
        if was != now:
            made.append((column, _said(was), _said(now)))
    if before.place is not None and after.place is not None and shapely.distance(before.place, after.place) >= _MOVED_M:
        made.append(("place", _point(before.place), _point(after.place)))
    return made


def _day(column: str | None, after: Finding) -> str:
    """Return the day of a change: that on which it was put right where that is what changed, else today."""
    done = after.properties.get("done_on")
    return str(done) if column in ("status", "done_on") and done else date.today().isoformat()


def _said(value: object) -> str | None:
    if value is None:
        return None
    return f"{value:g}" if isinstance(value, float) else str(value)


def _point(place: BaseGeometry) -> str:
    return f"{shapely.get_x(place):.2f} {shapely.get_y(place):.2f}"
