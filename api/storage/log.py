"""The log of a study: transactions, versions, definitions, documents and files, as rows of `api.storage.tables`.

Statements only: what they mean is decided in `api.storage.store`. Each needs the connection of a running transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, func, insert, select, update

from api.storage import tables as t
from api.storage.records import FIXED, Change, Collection, Document, Transaction, Version
from geo.contracts import Column

_MANY = 500
"""From this many ids on all are asked for."""


@dataclass(frozen=True)
class Known:
    """A collection as the log knows it: since when, and what its definition was until which transaction."""

    collection: Collection
    first_tx: int
    earlier: tuple[tuple[int, Collection], ...] = ()

    def at(self, tx: int) -> Collection:
        """Return the definition that held after transaction `tx`."""
        return next((was for until, was in self.earlier if tx < until), self.collection)


@dataclass(frozen=True)
class Standing:
    """The newest version of a feature in the log."""

    version: int
    tx: int
    op: str


def now() -> str:
    """Return the time, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ── collections ──────────────────────────────────────────────────────────────────────────────────────────────────────
def definition(collection: Collection) -> dict[str, Any]:
    """Return a collection as JSON."""
    return asdict(collection)


def collection_from(made: Mapping[str, Any]) -> Collection:
    """Return the collection that JSON describes."""
    columns = tuple(Column(**{**column, "allowed": tuple(column["allowed"])}) for column in made["columns"])
    return Collection(**{**made, "columns": columns})


def known(db: Connection, key: str) -> dict[str, Known]:
    """Return every collection that is there."""
    return {each.id: each.read() for each in defined(db, key)}


@dataclass(frozen=True)
class Defined:
    """A collection that is there, its definition not yet read."""

    id: str
    first_tx: int
    definition: str

    def read(self) -> Known:
        """Return it with its definition read."""
        told = orjson.loads(self.definition)
        earlier = tuple((until, collection_from(was)) for until, was in told["earlier"])
        return Known(collection_from(told["now"]), self.first_tx, earlier)


def defined(db: Connection, key: str, collection: str | None = None) -> list[Defined]:
    """Return every collection that is there, or one."""
    c = t.collections.c
    wanted = [c.study == key, c.gone_tx.is_(None)]
    if collection is not None:
        wanted.append(c.id == collection)
    rows = db.execute(select(c.id, c.first_tx, c.definition).where(*wanted).order_by(c.id))
    return [Defined(row.id, row.first_tx, row.definition) for row in rows]


def find(db: Connection, key: str, collection: str) -> Known | None:
    """Return a collection that is there."""
    return next((each.read() for each in defined(db, key, collection)), None)


def known_at(db: Connection, key: str, collection: str, tx: int) -> Known | None:
    """Return a collection that was there after transaction `tx`."""
    c = t.collections.c
    alive = and_(c.first_tx <= tx, c.gone_tx.is_(None) | (c.gone_tx > tx))
    row = db.execute(select(c.id, c.first_tx, c.definition).where(c.study == key, c.id == collection, alive)).first()
    return Defined(*row).read() if row else None


def dropped_by(db: Connection, key: str, tx: int) -> dict[str, Known]:
    """Return the collections that a transaction dropped."""
    c = t.collections.c
    rows = db.execute(select(c.id, c.first_tx, c.definition).where(c.study == key, c.gone_tx == tx))
    return {row.id: Defined(*row).read() for row in rows}


def gone_since(db: Connection, key: str, tx: int) -> dict[str, int]:
    """Return the collections that transaction `tx` made and a later one dropped, with that one."""
    c = t.collections.c
    rows = db.execute(select(c.id, c.gone_tx).where(c.study == key, c.first_tx == tx, c.gone_tx.is_not(None)))
    return {row.id: row.gone_tx for row in rows}


def add_collection(db: Connection, key: str, collection: Collection, tx: int) -> None:
    """Note that a collection is there since transaction `tx`."""
    text = _json({"now": definition(collection), "earlier": []})
    db.execute(insert(t.collections).values(study=key, id=collection.id, first_tx=tx, definition=text))


def redefine(db: Connection, key: str, before: Known, collection: Collection, tx: int) -> None:
    """Note that a collection has another definition since transaction `tx`."""
    earlier = [(until, definition(was)) for until, was in (*before.earlier, (tx, before.collection))]
    text = _json({"now": definition(collection), "earlier": earlier})
    c = t.collections.c
    db.execute(update(t.collections).where(c.study == key, c.id == collection.id, c.first_tx == before.first_tx)
               .values(definition=text))  # fmt: skip


def end_collection(db: Connection, key: str, before: Known, tx: int) -> None:
    """Note that a collection is gone since transaction `tx`."""
    c = t.collections.c
    here = (c.study == key, c.id == before.collection.id, c.first_tx == before.first_tx)
    db.execute(update(t.collections).where(*here).values(gone_tx=tx))


# ── transactions ─────────────────────────────────────────────────────────────────────────────────────────────────────
def head(db: Connection, key: str) -> int:
    """Return the number of the last transaction; 0: none."""
    return int(db.execute(select(func.max(t.transactions.c.tx)).where(t.transactions.c.study == key)).scalar() or 0)


def add_transaction(db: Connection, key: str, made: Transaction) -> None:
    """Write a line of the log."""
    values = {**vars(made), "counts": _json(dict(made.counts))}
    db.execute(insert(t.transactions).values(study=key, **values))


def transaction(db: Connection, key: str, tx: int) -> Transaction | None:
    """Return a line of the log."""
    c = t.transactions.c
    row = db.execute(select(t.transactions).where(c.study == key, c.tx == tx)).first()
    return _transaction(row) if row else None


def transactions(
    db: Connection, key: str, *, before: int | None, limit: int, collection: str | None, by: str | None
) -> list[Transaction]:
    """Return lines of the log, newest first."""
    c = t.transactions.c
    wanted: list[ColumnElement[bool]] = [c.study == key]
    if before is not None:
        wanted.append(c.tx < before)
    if by is not None:
        wanted.append(c.by == by)
    if collection is not None:
        wanted.append(c.counts.contains(f"{_json(collection)}:", autoescape=True))
    rows = db.execute(select(t.transactions).where(*wanted).order_by(c.tx.desc()).limit(limit))
    return [_transaction(row) for row in rows]


def _transaction(row: Row[*tuple[Any, ...]]) -> Transaction:
    return Transaction(row.tx, row.at, row.by, row.action, row.note, row.undoes, json.loads(row.counts))


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def add_versions(db: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write versions: `study`, `collection`, `id`, `version`, `tx`, `op`, `properties` (JSON), `geometry`, the box."""
    if rows:
        db.execute(insert(t.versions), list(rows))


def standing(db: Connection, key: str, collection: str, ids: Sequence[str] | None = None) -> dict[str, Standing]:
    """Return the newest version of each feature that the log has versions of; of these ids, or of all."""
    v = t.versions.c
    wanted = [v.study == key, v.collection == collection]
    if ids is not None and len(ids) < _MANY:
        wanted.append(v.id.in_(ids))
    rows = db.execute(select(v.id, v.version, v.tx, v.op).where(*wanted).order_by(v.version)).all()
    return {row[0]: Standing(row[1], row[2], row[3]) for row in rows}


def versions(db: Connection, key: str, collection: str, feature_id: str) -> list[Version]:
    """Return every version of a feature that the log has, oldest first."""
    v, l_ = t.versions.c, t.transactions.c
    rows = db.execute(
        select(v.version, v.tx, l_.at, l_.by, l_.action, v.op, v.properties, v.geometry)
        .join_from(t.versions, t.transactions, and_(l_.study == v.study, l_.tx == v.tx))
        .where(v.study == key, v.collection == collection, v.id == feature_id).order_by(v.version)
    )  # fmt: skip
    return [Version(r.version, r.tx, r.at, r.by, r.action, r.op, json.loads(r.properties or "{}"), r.geometry)
            for r in rows]  # fmt: skip


def versions_at(db: Connection, key: str, collection: str, tx: int) -> Iterator[Row[*tuple[Any, ...]]]:
    """Yield, for each feature that the log has versions of up to `tx`, the one that stood after it."""
    v = t.versions.c
    here = (v.study == key, v.collection == collection, v.tx <= tx)
    newest = select(v.id, func.max(v.version).label("version")).where(*here).group_by(v.id).subquery()
    yield from db.execute(
        select(v.id, v.version, v.tx, v.op, v.properties, v.geometry).where(*here)
        .join_from(t.versions, newest, and_(v.id == newest.c.id, v.version == newest.c.version))
    )  # fmt: skip


def versioned(db: Connection, key: str, collection: str) -> set[str]:
    """Return the ids of all features that the log has versions of."""
    v = t.versions.c
    return set(db.execute(select(v.id).distinct().where(v.study == key, v.collection == collection)).scalars())


def changes(db: Connection, key: str, since: int, collection: str | None) -> list[Change]:
    """Return what the versions after transaction `since` tell, oldest first."""
    v = t.versions.c
    wanted: list[ColumnElement[bool]] = [v.study == key, v.tx > since]
    if collection is not None:
        wanted.append(v.collection == collection)
    rows = db.execute(
        select(v.tx, v.collection, v.id, v.version, v.op, v.minx, v.miny, v.maxx, v.maxy)
        .where(*wanted).order_by(v.tx, v.collection, v.id, v.version)
    )  # fmt: skip
    return [
        Change(r.tx, r.collection, r.id, r.version, r.op,
               None if r.minx is None else (r.minx, r.miny, r.maxx, r.maxy)) for r in rows
    ]  # fmt: skip


def changed_by(db: Connection, key: str, tx: int) -> list[Row[*tuple[Any, ...]]]:
    """Return collection, id, version of every feature that a transaction changed."""
    v = t.versions.c
    rows = db.execute(select(v.collection, v.id, v.version).where(v.study == key, v.tx == tx)
                      .order_by(v.collection, v.id, v.version))  # fmt: skip
    return list(rows)


def version(
    db: Connection, key: str, collection: str, feature_ids: Mapping[str, int]
) -> dict[str, Row[*tuple[Any, ...]]]:
    """Return the rows of these versions (id → version)."""
    v = t.versions.c
    one = select(v.id, v.version, v.tx, v.op, v.properties, v.geometry).where(
        v.study == key, v.collection == collection, v.id == bindparam("feature"), v.version == bindparam("number")
    )
    found: dict[str, Row[*tuple[Any, ...]]] = {}
    for feature, number in feature_ids.items():
        row = db.execute(one, {"feature": feature, "number": number}).first()
        if row is not None:
            found[feature] = row
    return found


# ── documents and files ──────────────────────────────────────────────────────────────────────────────────────────────
def document(db: Connection, key: str, kind: str, document_id: str, as_of: int | None = None) -> Document | None:
    """Return the newest version of a document, also of a deleted one (its body is None then)."""
    d = t.documents.c
    wanted = [d.study == key, d.kind == kind, d.id == document_id]
    if as_of is not None:
        wanted.append(d.tx <= as_of)
    row = db.execute(select(t.documents).where(*wanted).order_by(d.version.desc()).limit(1)).first()
    return _document(row) if row else None


def documents(db: Connection, key: str, kind: str) -> list[Document]:
    """Return the newest version of every document of a kind, by id; also of deleted ones."""
    d = t.documents.c
    newest = (
        select(d.id, func.max(d.version).label("version")).where(d.study == key, d.kind == kind).group_by(d.id)
        .subquery()
    )  # fmt: skip
    rows = db.execute(
        select(t.documents).where(d.study == key, d.kind == kind).order_by(d.id)
        .join_from(t.documents, newest, and_(d.id == newest.c.id, d.version == newest.c.version))
    )  # fmt: skip
    return [_document(row) for row in rows]


def documents_by(db: Connection, key: str, tx: int) -> list[Document]:
    """Return the versions of documents that a transaction wrote."""
    d = t.documents.c
    rows = db.execute(select(t.documents).where(d.study == key, d.tx == tx).order_by(d.kind, d.id, d.version))
    return [_document(row) for row in rows]


def add_document(db: Connection, key: str, made: Document) -> None:
    """Write a version of a document; no body: it is deleted."""
    body = _json(dict(made.body)) if made.body is not None else None
    db.execute(insert(t.documents).values(study=key, **{**vars(made), "body": body}))


def _document(row: Row[*tuple[Any, ...]]) -> Document:
    body = json.loads(row.body) if row.body is not None else None
    return Document(row.kind, row.id, row.version, row.tx, body)  # type: ignore[arg-type]


def put_file(db: Connection, key: str, name: str, media_type: str, content: bytes | None) -> None:
    """Write a file in place of what is there; None deletes it."""
    f = t.files.c
    db.execute(t.files.delete().where(f.study == key, f.key == name))
    if content is not None:
        values = {"media_type": media_type, "bytes": len(content), "content": content}
        db.execute(insert(t.files).values(study=key, key=name, **values))


def file(db: Connection, key: str, name: str) -> tuple[str, bytes] | None:
    """Return media type and content of a file."""
    f = t.files.c
    row = db.execute(select(f.media_type, f.content).where(f.study == key, f.key == name)).first()
    return (row.media_type, bytes(row.content)) if row else None


def files(db: Connection, key: str, prefix: str) -> dict[str, tuple[str, int]]:
    """Return key → (media type, bytes) of the files whose keys begin so."""
    f = t.files.c
    wanted = [f.study == key]
    if prefix:
        wanted.append(f.key.startswith(prefix, autoescape=True))
    rows = db.execute(select(f.key, f.media_type, f.bytes).where(*wanted).order_by(f.key))
    return {row.key: (row.media_type, row.bytes) for row in rows}


def properties_json(properties: Mapping[str, Any]) -> str:
    """Return a row's columns as the log keeps them: what is missing is absent."""
    told = {name: value for name, value in properties.items() if value is not None and name not in FIXED}
    return orjson.dumps(told).decode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
