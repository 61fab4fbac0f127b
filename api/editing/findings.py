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


def history_writes(at: Here, feature_id: str, before: Finding | None, after: Finding) -> list[Write]:
    """Return the rows of history that an edit of a finding adds; none when nothing that is followed changes."""
    changes = [(None, None, _said(after.properties.get("status")))] if before is None else _changes(before, after)
    if not changes:
        return []
    there = HISTORY in at.store.collections()
    number = _count(at, feature_id) if there else 0
    rows = []
    for column, was, now in changes:
        number += 1
        rows.append({
            "id": f"{feature_id}#{number}", "finding_id": feature_id, "number": number,
            "changed_on": _day(column, after), "column": column, "before": was, "after": now, "by": at.caller.name,
            "source": _SOURCE,
        })  # fmt: skip
    if not there:
        return [whole(study_collection(HISTORY), rows)]
    return [FeatureWrite(HISTORY, str(row.pop("id")), "create", row) for row in rows]


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


def _count(at: Here, feature_id: str) -> int:
    table = at.server.part(Snapshots).get(at.store, HISTORY).table
    numbers = pc.max(table.filter(pc.equal(table["finding_id"], feature_id))["number"]).as_py()
    return int(numbers or 0)


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
