"""A transaction that is being written: the tables, their earlier versions and the log move together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from api.errors import BadRequestError, NotFoundError, OutOfDateError
from api.storage import log
from api.storage.arrays import texts
from api.storage.backend import Backend
from api.storage.checks import conformed, require_contract, require_geometry
from api.storage.differences import Differences, by_id, differences
from api.storage.log import Known, Standing
from api.storage.records import (
    Clash,
    Collection,
    CollectionWrite,
    Document,
    DocumentWrite,
    FeatureWrite,
    FileWrite,
    Transaction,
    Write,
)
from api.storage.rows import Box, Row, boxes, plain_schema, rows_of
from geo.errors import Fault, InputError

_AT_ONCE = 10_000
"""Features whose versions are made together: what a big change needs of memory."""


class Writing:
    """What one transaction has changed so far.

    Parameters
    ----------
    db
        The connection of a transaction that `Backend.begin` opened.
    backend
    """

    def __init__(self, db: Connection, backend: Backend) -> None:
        self.db, self.backend, self.key = db, backend, backend.key
        self.tx = log.head(db, self.key) + 1
        self.counts: Counter[str] = Counter()
        self.clashes: list[Clash] = []
        self._found: dict[str, Known | None] = {}

    def end(self, *, by: str, action: str, note: str = "", undoes: int | None = None) -> Transaction:
        """Write the line of the log.

        Raises
        ------
        OutOfDateError
            When anything stood in the way; the caller lets go of all that was written.
        """
        if self.clashes:
            first = self.clashes[0]
            more = f" and {len(self.clashes) - 1} more" if len(self.clashes) > 1 else ""
            raise OutOfDateError(
                f"{first.collection} {first.id}{more} changed since: {_told(first)}",
                "read it again, and make the change on what is there now",
                changes=[vars(clash) for clash in self.clashes],
            )
        counts = {name: count for name, count in sorted(self.counts.items()) if count}
        made = Transaction(self.tx, log.now(), by, action, note, undoes, counts)
        log.add_transaction(self.db, self.key, made)
        return made

    def stand_in_the_way(
        self, collection: str, feature: str, tx: int, *, expected: int | None = None, version: int | None = None
    ) -> None:  # fmt: skip
        """Note what keeps this transaction from being written, and that transaction `tx` put it there."""
        told = log.transaction(self.db, self.key, tx)
        by, at = (told.by, told.at) if told else ("", "")
        self.clashes.append(Clash(collection, feature, expected, version, by, at))

    # ── collections ──────────────────────────────────────────────────────────────────────────────────────────────────
    def find(self, collection: str) -> Known | None:
        """Return a collection that is there, as this transaction has left it so far."""
        if collection not in self._found:
            self._found[collection] = log.find(self.db, self.key, collection)
        return self._found[collection]

    def known(self) -> dict[str, Known]:
        """Return every collection that is there, as this transaction has left them so far."""
        self._found = {**log.known(self.db, self.key), **self._found}
        return {name: each for name, each in self._found.items() if each is not None}

    def put(self, collection: Collection, rows: pa.Table) -> None:
        """Put a whole collection (`rows.rows_of`) in place of what is there."""
        each = self.find(collection.id)
        if each is None:
            self.backend.make(self.db, collection)
            self.backend.write(self.db, collection, rows)
            self.take_in(collection, rows)
            return
        changed = differences(self.backend.read(self.db, each.collection), rows)
        if _shape(collection) != _shape(each.collection):
            self._remake(each, collection, changed, rows)
            return
        if collection != each.collection:
            each = self.redefine(each, collection)
        self.change(each, changed)

    def take_in(self, collection: Collection, rows: pa.Table) -> None:
        """Note a new collection; its features need no versions, but those that it had before it was dropped go on."""
        log.add_collection(self.db, self.key, collection, self.tx)
        each = self._found[collection.id] = Known(collection, self.tx)
        again = log.versioned(self.db, self.key, collection.id)
        if again:
            kept = rows.filter(pc.is_in(rows["id"], value_set=texts(sorted(again))))
            self.log(each, Differences(kept.slice(0, 0), kept))
        self.counts[collection.id] = max(1, len(rows))

    def drop(self, each: Known) -> None:
        """Drop a collection; its history is kept."""
        rows = self.backend.read(self.db, each.collection)
        self.backend.drop(self.db, each.collection)
        self.let_go(each, rows)

    def let_go(self, each: Known, rows: pa.Table) -> None:
        """Note that a collection is gone; `rows` are what was in it."""
        self.log(each, Differences(rows, rows.slice(0, 0)))
        log.end_collection(self.db, self.key, each, self.tx)
        self._found[each.collection.id] = None
        self.counts[each.collection.id] = max(1, len(rows))

    def redefine(self, each: Known, collection: Collection) -> Known:
        """Note that a collection has another definition from now on; return it."""
        log.redefine(self.db, self.key, each, collection, self.tx)
        made = replace(each, collection=collection, earlier=(*each.earlier, (self.tx, each.collection)))
        self._found[collection.id] = made
        self.counts[collection.id] += 1
        return made

    def _remake(self, each: Known, collection: Collection, changed: Differences, rows: pa.Table) -> None:
        """Put a table with other columns in place of one; rows that differ only by empty columns are the same."""
        self.log(self.redefine(each, collection), changed)
        self.backend.drop(self.db, each.collection)
        self.backend.make(self.db, collection)
        self.backend.write(self.db, collection, rows)

    def change(self, each: Known, changed: Differences) -> None:
        """Write what changed into the table and the log."""
        self.log(each, changed)
        self._store(each, changed)

    def _store(self, each: Known, changed: Differences) -> None:
        gone = changed.before.filter(pc.invert(pc.is_in(changed.before["id"], value_set=changed.after["id"])))
        if len(gone):
            self.backend.delete(self.db, each.collection, gone["id"].to_pylist())
        if len(changed.after):
            self.backend.write(self.db, each.collection, changed.after)

    # ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def log(self, each: Known, changed: Differences, *, least: int = 0) -> None:
        """Write the versions of features that changed; `least` stood where nothing is known of what was there."""
        many = len(changed.before) + len(changed.after)
        if not many:
            return
        standing = log.standing(self.db, self.key, each.collection.id) if many > _AT_ONCE else None
        for old, new in _portions(changed):
            self._log(each, old, new, standing, least=least)

    def _log(
        self, each: Known, old: Mapping[str, Row], new: Mapping[str, Row],
        standing: Mapping[str, Standing] | None = None, *, least: int = 0,
    ) -> None:  # fmt: skip
        """Write for each feature what was there, where the log has no version of it yet, and what came."""
        name = each.collection.id
        ids = sorted(old.keys() | new.keys())
        last = log.standing(self.db, self.key, name, ids) if standing is None else standing
        box_was, box_came = boxes([old.get(id_) for id_ in ids]), boxes([new.get(id_) for id_ in ids])
        rows: list[dict[str, Any]] = []
        for feature, before, after in zip(ids, box_was, box_came, strict=True):
            was, came = old.get(feature), new.get(feature)
            stood = last.get(feature)
            if stood is None and was is not None:
                rows.append(self._version(name, was, 1, each.first_tx, "create", box=before))
            number = stood.version if stood else max(least, was is not None)
            op = "delete" if came is None else "create" if was is None else "replace"
            around = before if after is None else after if before is None else _around(before, after)
            rows.append(self._version(name, came or {"id": feature}, number + 1, self.tx, op, box=around))
        log.add_versions(self.db, rows)
        self.counts[name] += len(ids)

    def _version(
        self, collection: str, row: Row, version: int, tx: int, op: str, *, box: Box | None
    ) -> dict[str, Any]:  # fmt: skip
        minx, miny, maxx, maxy = box or (None, None, None, None)
        return {
            "study": self.key, "collection": collection, "id": row["id"], "version": version, "tx": tx, "op": op,
            "properties": None if op == "delete" else log.properties_json(row), "geometry": row.get("geometry"),
            "minx": minx, "miny": miny, "maxx": maxx, "maxy": maxy,
        }  # fmt: skip

    # ── writes ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def write(self, writes: Sequence[Write]) -> None:
        """Write features, collections, documents and files."""
        features: dict[str, list[FeatureWrite]] = {}
        for write in writes:
            if isinstance(write, FeatureWrite):
                features.setdefault(write.collection, []).append(write)
        for name, several in features.items():
            self._features(self.require(name), several)
        for write in writes:
            if isinstance(write, CollectionWrite):
                self._collection(write)
            elif isinstance(write, DocumentWrite):
                self.document(write)
            elif isinstance(write, FileWrite):
                log.put_file(self.db, self.key, write.key, write.media_type, write.content)
                self.counts["files"] += 1

    def require(self, collection: str) -> Known:
        """Return a collection; NotFoundError when it is not there."""
        each = self.find(collection)
        if each is None:
            raise NotFoundError(f"there is no collection {collection}", "see the list of collections")
        return each

    def _collection(self, write: CollectionWrite) -> None:
        each = self.find(write.collection.id)
        if write.rows is not None:
            rows = rows_of(write.collection, write.rows)
            if write.collection.source == "study":
                require_contract(write.collection, rows, str(self.backend.about()["crs"]))
            self.put(write.collection, rows)
        elif each is not None:
            self.drop(each)

    def _features(self, each: Known, writes: Sequence[FeatureWrite]) -> None:
        collection = each.collection
        ids = [write.id for write in writes]
        if len(set(ids)) < len(ids):
            twice = tuple(name for name, count in Counter(ids).items() if count > 1)
            raise BadRequestError(Fault("a feature is written twice in one transaction", "write it once",
                                        table=collection.id, ids=twice))  # fmt: skip
        there: dict[str, Row] = {row["id"]: row for row in self.backend.read(self.db, collection, ids).to_pylist()}
        standing = log.standing(self.db, self.key, collection.id, ids)
        came: dict[str, Row] = {}
        faults: list[Fault] = []
        for write in writes:
            last = standing.get(write.id)
            version = None if write.id not in there else last.version if last else 1
            fits = (version is None) == (write.op == "create")
            if not fits or write.expected not in (None, version):
                tx = last.tx if last else each.first_tx if version else 0
                self.stand_in_the_way(collection.id, write.id, tx, expected=write.expected, version=version)
            elif write.op != "delete":
                try:
                    require_geometry(collection, write.id, write.geometry)
                    values = conformed(collection, write.id, write.properties)
                    came[write.id] = {"id": write.id, "geometry": write.geometry, **values}
                except InputError as error:
                    faults += error.faults
        if faults:
            raise InputError(faults)
        if self.clashes:
            return
        same = {id_ for id_, row in came.items() if there.get(id_) == row}
        old = {id_: row for id_, row in there.items() if id_ not in same}
        new = {id_: row for id_, row in came.items() if id_ not in same}
        self._log(each, old, new, standing)
        if gone := [id_ for id_ in old if id_ not in new]:
            self.backend.delete(self.db, collection, gone)
        if new:
            self.backend.write(self.db, collection, pa.Table.from_pylist(list(new.values()), plain_schema(collection)))

    def document(self, write: DocumentWrite) -> None:
        """Write a document as its next version, unless it is the same."""
        last = log.document(self.db, self.key, write.kind, write.id)
        version = 0 if last is None or last.body is None else last.version
        if write.expected is not None and write.expected != version:
            self.stand_in_the_way(f"document:{write.kind}", write.id, last.tx if last else 0, expected=write.expected,
                                  version=version or None)  # fmt: skip
        elif (last.body if last is not None else None) != write.body:
            number = last.version + 1 if last is not None else 1
            log.add_document(self.db, self.key, Document(write.kind, write.id, number, self.tx, write.body))  # type: ignore[arg-type]
            self.counts[f"document:{write.kind}"] += 1


def _portions(changed: Differences) -> Iterator[tuple[dict[str, Row], dict[str, Row]]]:
    """Yield rows before and after by id, portion by portion; a feature is in one portion only."""
    before, after = by_id(changed.before), by_id(changed.after)
    ids = np.unique(np.concatenate([rows["id"].to_numpy(zero_copy_only=False) for rows in (before, after)]))
    for start in range(0, len(ids), _AT_ONCE):
        first, last = ids[start], ids[min(start + _AT_ONCE, len(ids)) - 1]
        yield tuple(  # type: ignore[misc]
            {row["id"]: row for row in rows.filter(
                pc.and_(pc.greater_equal(rows["id"], first), pc.less_equal(rows["id"], last))).to_pylist()}
            for rows in (before, after)
        )  # fmt: skip


def _shape(collection: Collection) -> tuple[object, ...]:
    return collection.geometry, collection.index, collection.columns


def _around(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _told(clash: Clash) -> str:
    if clash.version is None:
        return "it is not there (any more)"
    by = f", by {clash.by}" if clash.by else ""
    if clash.expected is None:
        return f"it is there, at version {clash.version}{by}"
    return f"version {clash.expected} was expected, it is at {clash.version}{by}"
