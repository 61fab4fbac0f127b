"""Taking back one transaction: what was there before it is written again, as a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from api.storage import log
from api.storage.differences import by_id, differences
from api.storage.records import DocumentWrite
from api.storage.rows import rows_of
from api.storage.writing import Writing

ABOUT = ("about", "study")
"""Kind and id of the document in which name, notes and repairs of the study are kept through time."""

RowsAt = Callable[[str, int], pa.Table]
"""Gives a collection's rows as they were after a transaction."""


def take_back(writing: Writing, tx: int, rows_at: RowsAt, say: Callable[[Mapping[str, Any]], None]) -> None:
    """Write what was there before transaction `tx`; what is not as `tx` left it stands in the way.

    What was changed since and changed back (the later change was itself undone, say) does not.

    `say` puts name, notes and repairs of the study back.
    """
    _collections(writing, tx, rows_at)
    _features(writing, tx)
    _documents(writing, tx, say)


def _collections(writing: Writing, tx: int, rows_at: RowsAt) -> None:
    for name, each in writing.known().items():
        if each.first_tx == tx:
            ahead = {f: last for f, last in log.standing(writing.db, writing.key, name).items() if last.tx > tx}
            if ahead:
                there = writing.backend.read(writing.db, each.collection)
                left = rows_of(each.collection, rows_at(name, tx), cut=True)
                _require_as_left(writing, name, ahead, there, left)
            writing.drop(each)
        elif any(until == tx for until, _ in each.earlier):
            until, was = each.earlier[-1]
            if until == tx:
                there = writing.backend.read(writing.db, each.collection)
                writing.put(was, rows_of(was, there, cut=True))
            else:
                writing.stand_in_the_way(name, "", until)
    for name, gone_tx in log.gone_since(writing.db, writing.key, tx).items():
        if gone_tx != writing.tx:
            writing.stand_in_the_way(name, "", gone_tx)
    for name, gone in log.dropped_by(writing.db, writing.key, tx).items():
        again = writing.find(name)
        if again is None:
            was = gone.at(tx - 1)
            writing.put(was, rows_of(was, rows_at(name, tx - 1), cut=True))
        elif again.first_tx != writing.tx:
            writing.stand_in_the_way(name, "", again.first_tx)


def _features(writing: Writing, tx: int) -> None:
    changed: dict[str, dict[str, int]] = {}
    for row in log.changed_by(writing.db, writing.key, tx):
        changed.setdefault(row.collection, {}).setdefault(row.id, row.version)
    for name, features in changed.items():
        each = writing.find(name)
        if each is None or each.first_tx in (tx, writing.tx):
            continue  # the collection as a whole was taken back
        there = writing.backend.read(writing.db, each.collection, list(features))
        standing = log.standing(writing.db, writing.key, name, list(features)).items()
        ahead = {f: last for f, last in standing if f in features and tx < last.tx < writing.tx}
        if ahead:
            now = there.filter(pc.is_in(there["id"], value_set=pa.array(list(ahead), pa.string())))
            left = _versions(writing, name, {feature: features[feature] for feature in ahead}, there.schema)
            _require_as_left(writing, name, ahead, now, left)
        stood = _versions(writing, name, {feature: n - 1 for feature, n in features.items()}, there.schema)
        writing.change(each, differences(there, stood))


def _versions(writing: Writing, name: str, numbers: Mapping[str, int], schema: pa.Schema) -> pa.Table:
    """Return these versions of features as rows; a version that deleted one is none."""
    found = log.version(writing.db, writing.key, name, numbers)
    rows = [{"id": row.id, "geometry": row.geometry, **orjson.loads(row.properties)}
            for row in found.values() if row.op != "delete"]  # fmt: skip
    return by_id(pa.Table.from_pylist(rows, schema))


def _require_as_left(
    writing: Writing, name: str, ahead: Mapping[str, log.Standing], there: pa.Table, left: pa.Table
) -> None:
    """Note every feature that was changed since and is not as it was left."""
    differ = differences(there, left)
    others = {*differ.before["id"].to_pylist(), *differ.after["id"].to_pylist()}
    for feature, last in ahead.items():
        if feature in others:
            writing.stand_in_the_way(name, feature, last.tx, version=last.version)


def _documents(writing: Writing, tx: int, say: Callable[[Mapping[str, Any]], None]) -> None:
    for made in log.documents_by(writing.db, writing.key, tx):
        last = log.document(writing.db, writing.key, made.kind, made.id)
        if last is not None and last.version != made.version and last.body != made.body:
            writing.stand_in_the_way(f"document:{made.kind}", made.id, last.tx, version=last.version)
            continue
        before = log.document(writing.db, writing.key, made.kind, made.id, tx - 1)
        body = before.body if before is not None else None
        if (made.kind, made.id) == ABOUT and body is not None:
            say(body)
        writing.document(DocumentWrite(made.kind, made.id, body))
