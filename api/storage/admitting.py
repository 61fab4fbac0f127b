"""What other programs wrote past the log (QGIS, a command) becomes a transaction of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from api.storage import log
from api.storage.backend import Found, Stray
from api.storage.differences import Differences, by_id, differences
from api.storage.log import Known
from api.storage.records import Collection
from api.storage.rows import plain_schema
from api.storage.writing import Writing

OTHERS = "another program"
"""Who the log says it was."""

CHANGED = "changed by another program"
OPENED = "opened"
"""What the log says it was: the first transaction takes a study in as it lies there."""


def admit(writing: Writing) -> bool:
    """Note every table and feature that another program made, changed or took away; tell whether there was any."""
    found, strays = writing.backend.found(writing.db), writing.backend.strays(writing.db)
    if found is None and not strays:
        return False
    by_table: dict[str, list[Stray]] = {}
    for stray in strays:
        by_table.setdefault(stray.collection, []).append(stray)
    for name, each in writing.known().items():
        several = by_table.get(name, [])
        was = _before(each.collection, several)
        if found is not None and name not in found:
            writing.let_go(each, was)
        elif several and not (found and found[name].anew):
            there = writing.backend.read(writing.db, each.collection, [stray.id for stray in several])
            writing.log(each, differences(was, there))
    for name, lies in (found or {}).items():
        _table(writing, name, lies)
    return bool(writing.counts)


def _before(collection: Collection, strays: Sequence[Stray]) -> pa.Table:
    """Return what was there before other programs changed it."""
    if not strays:
        return pa.Table.from_batches([], plain_schema(collection))  # most studies, at every start: no pandas for it
    whole = {column.name: bool if column.kind == "flag" else int for column in collection.columns
             if column.kind in ("flag", "count", "year")}  # fmt: skip
    rows = [{name: _as(value, whole.get(name)) for name, value in stray.before.items()}
            for stray in strays if stray.before is not None]  # fmt: skip
    return by_id(pa.Table.from_pylist(rows, plain_schema(collection)))


def _as(value: Any, kind: type | None) -> Any:  # noqa: ANN401 - a value of a column
    return value if kind is None or value is None else kind(value)


def _table(writing: Writing, name: str, lies: Found) -> None:
    each = writing.find(name)
    if each is None:
        if lies.collection is not None:
            writing.take_in(lies.collection, writing.backend.read(writing.db, lies.collection))
        return
    if lies.collection is not None and lies.collection.columns != each.collection.columns:
        each = writing.redefine(each, replace(each.collection, columns=lies.collection.columns))
    if lies.anew:
        _replaced(writing, each)


def _replaced(writing: Writing, each: Known) -> None:
    """Note that a table was put in place of another: what was there is not known, but what is there now, and is not."""
    rows = writing.backend.read(writing.db, each.collection)
    writing.log(each, Differences(rows.slice(0, 0), rows), least=1)
    here = set(rows["id"].to_pylist())
    gone = [feature for feature, last in log.standing(writing.db, writing.key, each.collection.id).items()
            if last.op != "delete" and feature not in here]  # fmt: skip
    writing.log(
        each, Differences(pa.Table.from_pylist([{"id": id_} for id_ in sorted(gone)], rows.schema), rows.slice(0, 0))
    )
