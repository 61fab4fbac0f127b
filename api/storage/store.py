"""One study over either kind of storage: the log, the versions, documents and files; tables by a `Backend`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyproj import CRS
from sqlalchemy import Connection

from api.errors import BusyError, NotFoundError
from api.storage import log
from api.storage.admitting import CHANGED, OPENED, OTHERS, admit
from api.storage.arrays import numbers, texts
from api.storage.backend import Backend
from api.storage.differences import by_id
from api.storage.log import Known
from api.storage.records import (
    Change,
    Collection,
    Document,
    DocumentWrite,
    Transaction,
    Version,
    Write,
    arrow_schema,
)
from api.storage.rows import box_list, full_rows, rows_of
from api.storage.undoing import ABOUT, take_back
from api.storage.writing import Writing
from geo.contracts import TABLES
from geo.errors import Fault, InputError

if TYPE_CHECKING:
    from geo.raster import Raster
    from geo.study import Study


@dataclass(frozen=True)
class _Held:
    """Collections as they are at a head, with the texts that they were read from."""

    head: int = -1
    texts: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, Collection] = field(default_factory=dict)


class Store:
    """A `StudyStore`. Every change is one transaction: the tables, their earlier versions and the log move together.

    Parameters
    ----------
    study_id
    backend
        Where the tables are, and the log beside them.
    opened_by, opened_as
        Who the log says took the study in, and by doing what, where it has no log yet.
    """

    def __init__(self, study_id: str, backend: Backend, *, opened_by: str = OTHERS, opened_as: str = OPENED) -> None:
        self.study_id = study_id
        self.backend = backend
        self._key = backend.key
        self._opened = (opened_by, opened_as)
        self._collections = _Held()
        self._about: tuple[int, Mapping[str, Any]] = (-1, {})
        if backend.look()[1]:
            self._admit()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def name(self) -> str:
        """The name of the town."""
        return str(self.about()["name"])

    @property
    def name_en(self) -> str:
        """The name in English or Latin letters; may be empty."""
        return str(self.about()["name_en"])

    @property
    def crs(self) -> CRS:
        """The coordinate reference system of the study, in metres."""
        crs: CRS = self.about()["crs"]
        return crs

    def about(self) -> Mapping[str, Any]:
        """Return name, name_en, crs, notes and repairs."""
        head = self.head()
        if self._about[0] != head:
            told = dict(self.backend.about())
            self._about = (head, {**told, "crs": CRS.from_user_input(told["crs"])})
        return self._about[1]

    def head(self) -> int:
        """Return the number of the last transaction; what another program wrote becomes one first."""
        head, touched = self.backend.look()
        if touched:
            self._admit()
            head, _ = self.backend.look()
        return head

    def collections(self) -> Mapping[str, Collection]:
        """Return every collection by its id; the same objects as long as they are the same."""
        head, held = self.head(), self._collections
        if held.head != head:
            with self.backend.reading() as db:
                defined = log.defined(db, self._key)
            texts_ = {each.id: each.definition for each in defined}
            found = {each.id: held.found[each.id] if held.texts.get(each.id) == each.definition
                     else each.read().collection for each in defined}  # fmt: skip
            held = self._collections = _Held(head, texts_, found)
        return held.found

    def rows(self, collection: str, *, as_of: int | None = None, ids: Sequence[str] | None = None) -> pa.Table:
        """Return a collection's rows, ordered by id."""
        self.head()
        with self.backend.reading() as db:
            if as_of is not None and as_of < log.head(db, self._key):
                return self._rows_at(db, collection, as_of, ids)
            each = log.find(db, self._key, collection)
            if each is None:
                raise NotFoundError(f"there is no collection {collection}", "see the list of collections")
            return self._rows(db, each, ids)

    def _rows(self, db: Connection, each: Known, ids: Sequence[str] | None = None) -> pa.Table:
        rows = self.backend.read(db, each.collection, ids)
        versions = np.ones(len(rows), dtype=np.int64)
        txs = np.full(len(rows), each.first_tx, dtype=np.int64)
        standing = log.standing(db, self._key, each.collection.id, ids)
        if standing:
            at = pc.fill_null(pc.index_in(texts(list(standing)), value_set=rows["id"]), -1).to_numpy()
            here = at >= 0
            at = at[here]
            versions[at] = np.array([s.version for s in standing.values()], dtype=np.int64)[here]
            txs[at] = np.array([s.tx for s in standing.values()], dtype=np.int64)[here]
        return full_rows(rows, each.collection, numbers(versions), numbers(txs))

    def _rows_at(self, db: Connection, collection: str, tx: int, ids: Sequence[str] | None) -> pa.Table:
        then = log.known_at(db, self._key, collection, tx)
        if then is None:
            raise NotFoundError(f"there was no collection {collection} after transaction {tx}", "ask for a later one")
        defined = then.at(tx)
        wanted = None if ids is None else set(ids)
        stood = [
            {"id": row.id, "version": row.version, "tx": row.tx, "geometry": row.geometry,
             **orjson.loads(row.properties or "{}")}
            for row in log.versions_at(db, self._key, collection, tx)
            if row.op != "delete" and (wanted is None or row.id in wanted)
        ]  # fmt: skip
        schema = arrow_schema(defined)
        parts = [pa.Table.from_pylist(stood, schema)]
        here = log.find(db, self._key, collection)
        if here is not None and here.first_tx == then.first_tx:
            rows = self.backend.read(db, here.collection, ids)
            logged = texts(sorted(log.versioned(db, self._key, collection)))
            rows = rows.filter(pc.invert(pc.is_in(rows["id"], value_set=logged)))
            first = numbers(np.full(len(rows), then.first_tx, dtype=np.int64))
            parts.append(full_rows(rows, defined, numbers(np.ones(len(rows), dtype=np.int64)), first))
        return by_id(pa.concat_tables(parts))

    def changes(self, since: int, collection: str | None = None) -> list[Change]:
        """Return what transactions after `since` changed, oldest first."""
        self.head()
        with self.backend.reading() as db:
            found = log.changes(db, self._key, since, collection)
            for each in log.defined(db, self._key, collection):
                if each.first_tx > since:
                    found += self._first(db, each.read())
        return sorted(found, key=lambda change: (change.tx, change.collection, change.id, change.version))

    def _first(self, db: Connection, each: Known) -> list[Change]:
        """Return the making of every feature of a collection that was not changed since."""
        rows = self.backend.read(db, each.collection)
        logged = log.versioned(db, self._key, each.collection.id)
        name = each.collection.id
        made = box_list(rows["geometry"].to_numpy(zero_copy_only=False))
        return [
            Change(each.first_tx, name, feature, 1, "create", box)
            for feature, box in zip(rows["id"].to_pylist(), made, strict=True) if feature not in logged
        ]  # fmt: skip

    def transactions(
        self, *, before: int | None = None, limit: int = 100, collection: str | None = None, by: str | None = None
    ) -> list[Transaction]:
        """Return the log, newest first."""
        self.head()
        with self.backend.reading() as db:
            return log.transactions(db, self._key, before=before, limit=limit, collection=collection, by=by)

    def history(self, collection: str, feature_id: str) -> list[Version]:
        """Return every version of a feature, oldest first; none when there never was one."""
        self.head()
        with self.backend.reading() as db:
            found = log.versions(db, self._key, collection, feature_id)
            each = log.find(db, self._key, collection)
            if found or each is None:
                return found
            rows = self.backend.read(db, each.collection, [feature_id]).to_pylist()
            first = log.transaction(db, self._key, each.first_tx)
        if not rows or first is None:
            return []
        geometry, properties = (
            rows[0].pop("geometry"),
            {k: v for k, v in rows[0].items() if v is not None and k != "id"},
        )
        return [Version(1, first.tx, first.at, first.by, first.action, "create", properties, geometry)]

    def document(self, kind: str, document_id: str, *, as_of: int | None = None) -> Document | None:
        """Return a document; None when there is none."""
        with self.backend.reading() as db:
            found = log.document(db, self._key, kind, document_id, as_of)
        return found if found is not None and found.body is not None else None

    def documents(self, kind: str) -> list[Document]:
        """Return every document of a kind, by id."""
        with self.backend.reading() as db:
            return [each for each in log.documents(db, self._key, kind) if each.body is not None]

    def file(self, key: str) -> tuple[str, bytes] | None:
        """Return media type and content of a file."""
        with self.backend.reading() as db:
            return log.file(db, self._key, key)

    def files(self, prefix: str = "") -> Mapping[str, tuple[str, int]]:
        """Return key → (media type, bytes)."""
        with self.backend.reading() as db:
            return log.files(db, self._key, prefix)

    def rasters(self) -> Mapping[str, Raster]:
        """Return the study's rasters by name."""
        return self.backend.rasters()

    def study(self) -> Study:
        """Return the study's own tables, rasters, repairs and notes as geo and the operations know them.

        Raises
        ------
        InputError
            When another program wrote what breaks the contract of a table.
        """
        from api.storage.frames import to_frame  # noqa: PLC0415 - reading and serving need no pandas
        from geo.schema import conform  # noqa: PLC0415 - as above
        from geo.study import Repair, Study  # noqa: PLC0415 - as above

        about = self.about()
        with self.backend.reading() as db:
            known = log.known(db, self._key)
            tables = {name: self.backend.read(db, known[name].collection) for name in TABLES if name in known}
        frames = {name: conform(to_frame(rows, known[name].collection, about["crs"]), name)
                  for name, rows in tables.items()}  # fmt: skip
        return Study(
            name=about["name"], name_en=about["name_en"], crs=about["crs"], tables=frames, rasters=self.rasters(),
            repairs=tuple(Repair(**repair) for repair in about["repairs"]), notes=about["notes"],
        )  # fmt: skip

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def commit(
        self, writes: Sequence[Write], *, by: str, action: str, note: str = "", undoes: int | None = None
    ) -> Transaction:
        """Write all of it or nothing, durably."""
        with self.backend.begin() as db:
            writing = self._begin(db)
            writing.write(writes)
            return writing.end(by=by, action=action, note=note, undoes=undoes)

    def _begin(self, db: Connection) -> Writing:
        """Return the transaction that is to be written; what another program wrote is one before it."""
        self._admit_in(db)
        return Writing(db, self.backend)

    def _admit(self) -> None:
        """Make what another program wrote a transaction, unless somebody is writing just now: then it comes later."""
        try:
            with self.backend.begin() as db:
                self._admit_in(db)
        except BusyError:
            return

    def _admit_in(self, db: Connection) -> None:
        writing = Writing(db, self.backend)
        if admit(writing):
            by, action = self._opened if writing.tx == 1 else (OTHERS, CHANGED)
            writing.end(by=by, action=action)

    # ── whole studies ────────────────────────────────────────────────────────────────────────────────────────────────
    def put_study(
        self, study: Study, *, by: str, action: str, note: str = "", also: Sequence[Write] = (),
        since: int | None = None,
    ) -> Transaction:  # fmt: skip
        """Put a study's tables, rasters, repairs and notes in place of those that are there, in one transaction.

        Parameters
        ----------
        also
            Written in the same transaction.
        since
            The transaction that the caller's copy of the study was made after: a table that this changes must not
            have been changed by anybody after it.

        Raises
        ------
        OutOfDateError
            When one was; nothing is written.
        InputError
            When a table breaks its contract, or the study is in another coordinate reference system.
        """
        from api.storage.frames import collection_of, to_rows  # noqa: PLC0415 - reading and serving need no pandas
        from geo.schema import conform  # noqa: PLC0415 - as above

        frames = {name: conform(frame, name) for name, frame in study.tables.items()}
        tables = [(made := collection_of(frame, name), rows_of(made, to_rows(frame, made)))
                  for name, frame in frames.items()]  # fmt: skip
        with self.backend.begin() as db:
            writing = self._begin(db)
            self._put_about(writing, study)
            for collection, rows in tables:
                writing.put(collection, rows)
            for name, each in writing.known().items():
                if each.collection.source == "study" and name not in study.tables:
                    writing.drop(each)
            if since is not None:
                _require_unchanged(writing, since)
            writing.write(also)
            return writing.end(by=by, action=action, note=note)

    def _put_about(self, writing: Writing, study: Study) -> None:
        """Write name, notes, repairs and rasters where they differ; what was there before is kept as a document."""
        before = self.backend.about()
        if before and CRS.from_user_input(before["crs"]) != study.crs:
            raise InputError(Fault(f"the study is in {before['crs']}, not in {study.crs.name}",
                                   "keep it as a study of its own"))  # fmt: skip
        said = _said(study)
        same = before and all(before[part] == value for part, value in said.items())
        redrawn = not _same_rasters(self.backend.rasters(), study.rasters)
        if same and not redrawn:
            return
        if before and redrawn:
            writing.counts["rasters"] += 1  # so that the log tells when tiles of rasters are out of date
        self.backend.put_about(writing.db, study)
        if before and log.document(writing.db, self._key, *ABOUT) is None:
            was = {part: before[part] for part in said}
            log.add_document(writing.db, self._key, Document(*ABOUT, 1, max(1, writing.tx - 1), was))
        writing.document(DocumentWrite(*ABOUT, said))

    def undo(self, tx: int, *, by: str) -> Transaction:
        """Take back one transaction by writing what was there before it, as a transaction of its own.

        Files are not kept in versions, nor are rasters: they stay as they are.

        Raises
        ------
        NotFoundError
            When there is no such transaction.
        InputError
            When it is the first, which took the study in, or changed nothing that can be taken back.
        OutOfDateError
            When something that it changed was changed again since.
        """
        with self.backend.begin() as db:
            writing = self._begin(db)
            undone = log.transaction(db, self._key, tx)
            if undone is None:
                raise NotFoundError(f"there is no transaction {tx}", "see the list of transactions")
            if tx == 1:
                raise InputError(Fault("the first transaction took the study in, and stays", "change the study"))
            take_back(writing, tx, lambda name, then: self._rows_at(db, name, then, None),
                      lambda said: self._say(db, said))  # fmt: skip
            if not writing.counts and not writing.clashes:
                raise InputError(Fault(f"transaction {tx} changed nothing that can be taken back",
                                       "files, for one, are kept without their history: write them again"))  # fmt: skip
            return writing.end(by=by, action="undo", note=undone.action, undoes=tx)

    def _say(self, db: Connection, said: Mapping[str, Any]) -> None:
        from geo.study import Repair, Study  # noqa: PLC0415 - as above

        crs = CRS.from_user_input(self.backend.about()["crs"])
        repairs = tuple(Repair(**repair) for repair in said["repairs"])
        self.backend.put_about(
            db, Study(said["name"], crs, {}, said["name_en"], self.backend.rasters(), repairs, said["notes"])
        )

    # ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def backup(self, path: Path) -> None:
        """Write a copy, whole and consistent, while others go on reading and writing."""
        self.head()
        self.backend.backup(path)

    def close(self) -> None:
        """Let go of files and connections."""
        self.backend.close()


def _require_unchanged(writing: Writing, since: int) -> None:
    """Let every collection that this changes, and somebody else changed after `since`, stand in the way."""
    for name in [name for name, count in writing.counts.items() if count]:
        last = log.transactions(writing.db, writing.key, before=None, limit=1, collection=name, by=None)
        if last and last[0].tx > since:
            writing.stand_in_the_way(name, "", last[0].tx, expected=since, version=last[0].tx)


def _said(study: Study) -> dict[str, Any]:
    """Return what a study says beside its tables, as JSON."""
    said = {"name": study.name, "name_en": study.name_en, "notes": dict(study.notes),
            "repairs": [vars(repair) for repair in study.repairs]}  # fmt: skip
    made: dict[str, Any] = orjson.loads(orjson.dumps(said))
    return made


def _same_rasters(a: Mapping[str, Raster], b: Mapping[str, Raster]) -> bool:
    return a.keys() == b.keys() and all(
        a[name].transform.almost_equals(b[name].transform) and a[name].crs == b[name].crs
        and np.array_equal(a[name].values, b[name].values, equal_nan=True) for name in a
    )  # fmt: skip
