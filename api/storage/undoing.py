"""Taking back one transaction: what was there before it is written again, as a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pyarrow as pa

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
    """Write what was there before transaction `tx`; what was changed again since stands in the way.

    `say` puts name, notes and repairs of the study back.
    """
    _collections(writing, tx, rows_at)
    _features(writing, tx)
    _documents(writing, tx, say)


def _collections(writing: Writing, tx: int, rows_at: RowsAt) -> None:
    for name, each in writing.known().items():
        if each.first_tx == tx:
            for feature, last in log.standing(writing.db, writing.key, name).items():
                if last.tx > tx:
                    writing.stand_in_the_way(name, feature, last.tx, version=last.version)
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
        for feature, last in log.standing(writing.db, writing.key, name, list(features)).items():
            if feature in features and tx < last.tx < writing.tx:
                writing.stand_in_the_way(name, feature, last.tx, version=last.version)
        prior = log.version(writing.db, writing.key, name, {feature: n - 1 for feature, n in features.items()})
        stood = [{"id": row.id, "geometry": row.geometry, **orjson.loads(row.properties)}
                 for row in prior.values() if row.op != "delete"]  # fmt: skip
        there = writing.backend.read(writing.db, each.collection, list(features))
        writing.change(each, differences(there, by_id(pa.Table.from_pylist(stood, there.schema))))


def _documents(writing: Writing, tx: int, say: Callable[[Mapping[str, Any]], None]) -> None:
    for made in log.documents_by(writing.db, writing.key, tx):
        last = log.document(writing.db, writing.key, made.kind, made.id)
        if last is not None and last.version != made.version:
            writing.stand_in_the_way(f"document:{made.kind}", made.id, last.tx, version=last.version)
            continue
        before = log.document(writing.db, writing.key, made.kind, made.id, tx - 1)
        body = before.body if before is not None else None
        if (made.kind, made.id) == ABOUT and body is not None:
            say(body)
        writing.document(DocumentWrite(made.kind, made.id, body))
