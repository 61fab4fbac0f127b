"""One study over either kind of storage: the log, the versions, documents and files; tables by a `Backend`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyproj import CRS
from sqlalchemy import Connection

from api.errors import BadRequestError, BusyError, NotFoundError, OutOfDateError
from api.storage import log
from api.storage.backend import Backend, Found
from api.storage.checks import conformed, require_geometry
from api.storage.differences import Differences, by_id, differences
from api.storage.log import Known
from api.storage.records import (
    FIXED,
    Change,
    Clash,
    Collection,
    CollectionWrite,
    Document,
    DocumentWrite,
    FeatureWrite,
    FileWrite,
    Transaction,
    Version,
    Write,
    arrow_schema,
)
from geo.errors import Fault, InputError
from geo.schema import TABLES

if TYPE_CHECKING:
    from geo.raster import Raster
    from geo.study import Study

OTHERS = "another program"
"""Who the log says it was, where a table was written past it."""

_ABOUT = ("about", "study")
"""Kind and id of the document in which name, notes and repairs of the study are kept through time."""


@dataclass
class _Open:
    """A transaction that is being written: its connection, its number, and what it changed so far."""

    db: Connection
    tx: int
    known: dict[str, Known]
    counts: Counter[str] = field(default_factory=Counter)
    clashes: list[Clash] = field(default_factory=list)


class Store:
    """A `StudyStore`. Every change is one transaction: the tables, their earlier versions and the log move together.

    Parameters
    ----------
    study_id
    backend
        Where the tables are, and the log beside them. Written already; `put_study` fills an empty one.
    """

    def __init__(self, study_id: str, backend: Backend) -> None:
        self.study_id = study_id
        self.backend = backend
        self._key = backend.key
        self._collections: tuple[int, Mapping[str, Collection]] = (-1, {})
        self._about: tuple[int, Mapping[str, Any]] = (-1, {})
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
        if self.backend.touched():
            self._admit()
        return self.backend.head()

    def collections(self) -> Mapping[str, Collection]:
        """Return every collection by its id."""
        head = self.head()
        if self._collections[0] != head:
            with self.backend.reading() as db:
                found = log.known(db, self._key)
            self._collections = (head, {name: each.collection for name, each in found.items()})
        return self._collections[1]

    def rows(self, collection: str, *, as_of: int | None = None, ids: Sequence[str] | None = None) -> pa.Table:
        """Return a collection's rows, ordered by id."""
        self.head()
        with self.backend.reading() as db:
            if as_of is not None and as_of < log.head(db, self._key):
                return self._rows_at(db, collection, as_of, ids)
            each = _require(log.known(db, self._key), collection)
            return self._rows(db, each, ids)

    def _rows(self, db: Connection, each: Known, ids: Sequence[str] | None = None) -> pa.Table:
        rows = self.backend.read(db, each.collection, ids)
        versions = np.ones(len(rows), dtype=np.int64)
        txs = np.full(len(rows), each.first_tx, dtype=np.int64)
        standing = log.standing(db, self._key, each.collection.id, ids)
        if standing:
            named = pa.array(list(standing), pa.string())
            found = pc.index_in(named, value_set=rows["id"])
            here = found.is_valid().to_numpy(zero_copy_only=False)
            at = found.drop_null().to_numpy(zero_copy_only=False)
            versions[at] = np.array([s.version for s in standing.values()], dtype=np.int64)[here]
            txs[at] = np.array([s.tx for s in standing.values()], dtype=np.int64)[here]
        return _as_rows(rows, each.collection, pa.array(versions), pa.array(txs))

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
        here = log.known(db, self._key).get(collection)
        if here is not None and here.first_tx == then.first_tx:
            rows = self.backend.read(db, here.collection, ids)
            logged = pa.array(sorted(log.versioned(db, self._key, collection)), pa.string())
            rows = rows.filter(pc.invert(pc.is_in(rows["id"], value_set=logged)))
            same = pa.array(np.full(len(rows), then.first_tx, dtype=np.int64))
            parts.append(_as_rows(rows, defined, pa.array(np.ones(len(rows), dtype=np.int64)), same))
        return by_id(pa.concat_tables(parts))

    def changes(self, since: int, collection: str | None = None) -> list[Change]:
        """Return what transactions after `since` changed, oldest first."""
        self.head()
        with self.backend.reading() as db:
            found = log.changes(db, self._key, since, collection)
            for name, each in log.known(db, self._key).items():
                if each.first_tx > since and collection in (None, name):
                    found += self._first(db, each)
        return sorted(found, key=lambda change: (change.tx, change.collection, change.id, change.version))

    def _first(self, db: Connection, each: Known) -> list[Change]:
        """Return the making of every feature of a collection that was not changed since."""
        rows = self.backend.read(db, each.collection)
        logged = log.versioned(db, self._key, each.collection.id)
        name = each.collection.id
        return [
            Change(each.first_tx, name, feature, 1, "create", box)
            for feature, box in zip(rows["id"].to_pylist(), _boxes(rows), strict=True) if feature not in logged
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
            each = log.known(db, self._key).get(collection)
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
            opened = self._begin(db)
            self._write(opened, writes)
            return self._end(opened, by=by, action=action, note=note, undoes=undoes)

    def _begin(self, db: Connection) -> _Open:
        """Return the transaction that is to be written; what another program wrote is one before it."""
        self._admit_in(db)
        return _Open(db, log.head(db, self._key) + 1, log.known(db, self._key))

    def _end(self, opened: _Open, *, by: str, action: str, note: str = "", undoes: int | None = None) -> Transaction:
        """Write the line of the log; OutOfDateError when anything stood in the way."""
        if opened.clashes:
            first = opened.clashes[0]
            more = f" and {len(opened.clashes) - 1} more" if len(opened.clashes) > 1 else ""
            raise OutOfDateError(
                f"{first.collection} {first.id}{more} changed since: {_clashing(first)}",
                "read it again, and make the change on what is there now",
                changes=[vars(clash) for clash in opened.clashes],
            )
        made = Transaction(opened.tx, log.now(), by, action, note, undoes,
                           {name: count for name, count in sorted(opened.counts.items()) if count})  # fmt: skip
        log.add_transaction(opened.db, self._key, made)
        return made

    def _write(self, opened: _Open, writes: Sequence[Write]) -> None:
        features: dict[str, list[FeatureWrite]] = {}
        for write in writes:
            if isinstance(write, FeatureWrite):
                features.setdefault(write.collection, []).append(write)
        for name, several in features.items():
            self._write_features(opened, _require(opened.known, name), several)
        for write in writes:
            if isinstance(write, CollectionWrite):
                self._write_collection(opened, write)
            elif isinstance(write, DocumentWrite):
                self._write_document(opened, write)
            elif isinstance(write, FileWrite):
                log.put_file(opened.db, self._key, write.key, write.media_type, write.content)
                opened.counts["files"] += 1

    def _write_features(self, opened: _Open, each: Known, writes: Sequence[FeatureWrite]) -> None:
        collection = each.collection
        ids = [write.id for write in writes]
        if len(set(ids)) < len(ids):
            twice = tuple(name for name, count in Counter(ids).items() if count > 1)
            raise BadRequestError(Fault("a feature is written twice in one transaction", "write it once",
                                        table=collection.id, ids=twice))  # fmt: skip
        there = self.backend.read(opened.db, collection, ids)
        present = set(there["id"].to_pylist())
        standing = log.standing(opened.db, self._key, collection.id, ids)
        made, faults = [], []
        for write in writes:
            version = None if write.id not in present else s.version if (s := standing.get(write.id)) else 1
            fits = version is None if write.op == "create" else version is not None
            if not fits or (write.expected is not None and write.expected != version):
                opened.clashes.append(self._clash(opened, each, write.id, write.expected, version))
            elif write.op != "delete":
                try:
                    require_geometry(collection, write.id, write.geometry)
                    made.append({"id": write.id, "geometry": write.geometry,
                                 **conformed(collection, write.id, write.properties)})  # fmt: skip
                except InputError as error:
                    faults += error.faults
        if faults:
            raise InputError(faults)
        if not opened.clashes:
            after = by_id(pa.Table.from_pylist(made, there.schema))
            self._change(opened, each, differences(there, after))

    def _clash(
        self, opened: _Open, each: Known, feature_id: str, expected: int | None, version: int | None
    ) -> Clash:  # fmt: skip
        newest = log.standing(opened.db, self._key, each.collection.id, [feature_id]).get(feature_id)
        tx = newest.tx if newest else each.first_tx if version is not None else 0
        last = log.transaction(opened.db, self._key, tx)
        return Clash(
            each.collection.id, feature_id, expected, version, last.by if last else "", last.at if last else ""
        )

    def _write_collection(self, opened: _Open, write: CollectionWrite) -> None:
        each = opened.known.get(write.collection.id)
        if write.rows is not None:
            rows = rows_of(write.collection, write.rows)
            if write.collection.source == "study":
                self._require_contract(write.collection, rows)
            self._put(opened, write.collection, rows)
        elif each is not None:
            self._drop(opened, each)

    def _put(self, opened: _Open, collection: Collection, rows: pa.Table) -> None:
        """Put a whole collection in place of what is there."""
        each = opened.known.get(collection.id)
        if each is None:
            self.backend.make(opened.db, collection)
            self.backend.write(opened.db, collection, rows)
            self._take_in(opened, collection, rows)
            return
        changed = differences(self.backend.read(opened.db, each.collection), rows)
        if (collection.geometry, collection.index, collection.columns) != (
            each.collection.geometry, each.collection.index, each.collection.columns
        ):  # fmt: skip
            self._remake(opened, each, collection, changed, rows)
            return
        if collection != each.collection:
            each = self._redefine(opened, each, collection)
        self._change(opened, each, changed)

    def _take_in(self, opened: _Open, collection: Collection, rows: pa.Table) -> None:
        """Note a new collection; its features need no versions, but those that it had before it was dropped go on."""
        log.add_collection(opened.db, self._key, collection, opened.tx)
        each = opened.known[collection.id] = Known(collection, opened.tx)
        again = log.versioned(opened.db, self._key, collection.id)
        if again:
            kept = rows.filter(pc.is_in(rows["id"], value_set=pa.array(sorted(again), pa.string())))
            self._log_versions(opened, each, Differences(kept.slice(0, 0), kept))
        opened.counts[collection.id] += max(1, len(rows))

    def _drop(self, opened: _Open, each: Known) -> None:
        rows = self.backend.read(opened.db, each.collection)
        self.backend.drop(opened.db, each.collection)
        self._let_go(opened, each, rows)

    def _let_go(self, opened: _Open, each: Known, rows: pa.Table) -> None:
        """Note that a collection is gone; `rows` are what was in it."""
        self._log_versions(opened, each, Differences(rows, rows.slice(0, 0)))
        log.end_collection(opened.db, self._key, each, opened.tx)
        del opened.known[each.collection.id]
        opened.counts[each.collection.id] += max(1, len(rows))

    def _redefine(self, opened: _Open, each: Known, collection: Collection) -> Known:
        log.redefine(opened.db, self._key, each, collection, opened.tx)
        made = replace(each, collection=collection, earlier=(*each.earlier, (opened.tx, each.collection)))
        opened.known[collection.id] = made
        opened.counts[collection.id] += 1
        return made

    def _remake(
        self, opened: _Open, each: Known, collection: Collection, changed: Differences, rows: pa.Table
    ) -> None:  # fmt: skip
        """Put a table with other columns in place of one; rows that differ only by empty columns are the same."""
        self._log_versions(opened, self._redefine(opened, each, collection), changed)
        self.backend.drop(opened.db, each.collection)
        self.backend.make(opened.db, collection)
        self.backend.write(opened.db, collection, rows)

    def _change(self, opened: _Open, each: Known, changed: Differences) -> None:
        """Write what changed into the table and the log."""
        self._log_versions(opened, each, changed)
        before, after = changed.before, changed.after
        gone = before.filter(pc.invert(pc.is_in(before["id"], value_set=after["id"])))
        if len(gone):
            self.backend.delete(opened.db, each.collection, gone["id"].to_pylist())
        if len(after):
            self.backend.write(opened.db, each.collection, after)

    def _log_versions(self, opened: _Open, each: Known, changed: Differences) -> None:
        """Write the versions of features that changed: what was there, where the log has none yet, and what came."""
        name = each.collection.id
        old, new = _features(changed.before), _features(changed.after)
        ids = sorted(old.keys() | new.keys())
        standing = log.standing(opened.db, self._key, name, ids) if ids else {}
        rows: list[dict[str, Any]] = []
        for feature in ids:
            (was, box_was), (came, box_came) = old.get(feature, _NOTHING), new.get(feature, _NOTHING)
            last = standing.get(feature)
            if last is None and was is not None:
                rows.append(self._version(name, feature, 1, each.first_tx, "create", was, box_was))
            number = last.version if last else 1 if was is not None else 0
            op = "delete" if came is None else "create" if was is None else "replace"
            rows.append(self._version(name, feature, number + 1, opened.tx, op, came, _joined(box_was, box_came)))
        log.add_versions(opened.db, rows)
        opened.counts[name] += len(ids)

    def _version(
        self, collection: str, feature: str, version: int, tx: int, op: str, row: Mapping[str, Any] | None,
        box: _Box | None,
    ) -> dict[str, Any]:  # fmt: skip
        minx, miny, maxx, maxy = box or (None, None, None, None)
        told = {k: v for k, v in row.items() if k not in ("id", "geometry")} if row is not None else None
        return {
            "study": self._key, "collection": collection, "id": feature, "version": version, "tx": tx, "op": op,
            "properties": None if told is None else log.properties_json(told),
            "geometry": None if row is None else row["geometry"],
            "minx": minx, "miny": miny, "maxx": maxx, "maxy": maxy,
        }  # fmt: skip

    def _write_document(self, opened: _Open, write: DocumentWrite) -> None:
        last = log.document(opened.db, self._key, write.kind, write.id)
        version = 0 if last is None or last.body is None else last.version
        if write.expected is not None and write.expected != version:
            told = log.transaction(opened.db, self._key, last.tx) if last else None
            opened.clashes.append(Clash(f"document:{write.kind}", write.id, write.expected, version or None,
                                        told.by if told else "", told.at if told else ""))  # fmt: skip
        elif write.body is None and not version:
            return
        elif last is None or last.body != write.body:
            number = (last.version if last else 0) + 1
            log.add_document(opened.db, self._key, Document(write.kind, write.id, number, opened.tx, write.body))  # type: ignore[arg-type]
            opened.counts[f"document:{write.kind}"] += 1

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
            opened = self._begin(db)
            self._put_about(opened, study)
            for collection, rows in tables:
                self._put(opened, collection, rows)
            for name, each in list(opened.known.items()):
                if each.collection.source == "study" and name not in study.tables:
                    self._drop(opened, each)
            if since is not None:
                self._require_unchanged(opened, since)
            self._write(opened, also)
            return self._end(opened, by=by, action=action, note=note)

    def _put_about(self, opened: _Open, study: Study) -> None:
        """Write name, notes, repairs and rasters where they differ; what was there before is kept as a document."""
        before = self.backend.about()
        if before and CRS.from_user_input(before["crs"]) != study.crs:
            raise InputError(Fault(f"the study is in {before['crs']}, not in {study.crs.name}",
                                   "keep it as a study of its own"))  # fmt: skip
        said = _said(study)
        same = before and all(before[part] == value for part, value in said.items())
        if same and _same_rasters(self.backend.rasters(), study.rasters):
            return
        self.backend.put_about(opened.db, study)
        if before and log.document(opened.db, self._key, *_ABOUT) is None:
            was = {part: before[part] for part in said}
            log.add_document(opened.db, self._key, Document(*_ABOUT, 1, max(1, opened.tx - 1), was))
        self._write_document(opened, DocumentWrite(*_ABOUT, said))

    def _require_unchanged(self, opened: _Open, since: int) -> None:
        for name in opened.counts:
            last = log.transactions(opened.db, self._key, before=None, limit=1, collection=name, by=None)
            if last and last[0].tx > since:
                opened.clashes.append(Clash(name, "", since, last[0].tx, last[0].by, last[0].at))

    def _require_contract(self, collection: Collection, rows: pa.Table) -> None:
        """Refuse rows of a study's own table that break its contract."""
        from api.storage.frames import to_frame  # noqa: PLC0415 - as above
        from geo.schema import check  # noqa: PLC0415 - as above

        faults = check(to_frame(rows, collection, CRS.from_user_input(self.backend.about()["crs"])), collection.id)
        if faults:
            raise InputError(faults)

    # ── taking back ──────────────────────────────────────────────────────────────────────────────────────────────────
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
            opened = self._begin(db)
            undone = log.transaction(db, self._key, tx)
            if undone is None:
                raise NotFoundError(f"there is no transaction {tx}", "see the list of transactions")
            if tx == 1:
                raise InputError(Fault("the first transaction took the study in, and stays", "change the study"))
            self._undo_collections(opened, tx)
            self._undo_features(opened, tx)
            self._undo_documents(opened, tx)
            if not opened.counts and not opened.clashes:
                raise InputError(Fault(f"transaction {tx} changed nothing that can be taken back",
                                       "write the files again"))  # fmt: skip
            return self._end(opened, by=by, action="undo", note=undone.action, undoes=tx)

    def _undo_collections(self, opened: _Open, tx: int) -> None:
        db = opened.db
        for name, each in list(opened.known.items()):
            if each.first_tx == tx:
                self._require_newest(opened, each, tx)
                self._drop(opened, each)
            elif any(until == tx for until, _ in each.earlier):
                if each.earlier[-1][0] != tx:
                    self._stand_in_the_way(opened, name, "", each.earlier[-1][0])
                else:
                    was = each.earlier[-1][1]
                    self._put(opened, was, rows_of(was, self.backend.read(db, each.collection), cut=True))
        for name, gone in log.dropped_by(db, self._key, tx).items():
            again = opened.known.get(name)
            if again is not None and again.first_tx != opened.tx:
                self._stand_in_the_way(opened, name, "", again.first_tx)
            elif again is None:
                was = gone.at(tx - 1)
                self._put(opened, was, rows_of(was, self._rows_at(db, name, tx - 1, None), cut=True))

    def _require_newest(self, opened: _Open, each: Known, tx: int) -> None:
        name = each.collection.id
        for feature, last in log.standing(opened.db, self._key, name).items():
            if last.tx > tx:
                self._stand_in_the_way(opened, name, feature, last.tx, last.version)

    def _undo_features(self, opened: _Open, tx: int) -> None:
        changed: dict[str, dict[str, int]] = {}
        for row in log.changed_by(opened.db, self._key, tx):
            changed.setdefault(row.collection, {}).setdefault(row.id, row.version)
        for name, features in changed.items():
            each = opened.known.get(name)
            if each is None or each.first_tx in (tx, opened.tx):
                continue  # the collection as a whole was taken back
            for feature, last in log.standing(opened.db, self._key, name, list(features)).items():
                if tx < last.tx < opened.tx:
                    self._stand_in_the_way(opened, name, feature, last.tx, last.version)
            prior = log.version(opened.db, self._key, name, {feature: n - 1 for feature, n in features.items()})
            stood = [{"id": row.id, "geometry": row.geometry, **orjson.loads(row.properties)}
                     for row in prior.values() if row.op != "delete"]  # fmt: skip
            there = self.backend.read(opened.db, each.collection, list(features))
            self._change(opened, each, differences(there, by_id(pa.Table.from_pylist(stood, there.schema))))

    def _undo_documents(self, opened: _Open, tx: int) -> None:
        for made in log.documents_by(opened.db, self._key, tx):
            last = log.document(opened.db, self._key, made.kind, made.id)
            if last is not None and last.version != made.version:
                self._stand_in_the_way(opened, f"document:{made.kind}", made.id, last.tx, last.version)
                continue
            before = log.document(opened.db, self._key, made.kind, made.id, tx - 1)
            body = before.body if before is not None else None
            if (made.kind, made.id) == _ABOUT and body is not None:
                self._put_said(opened, body)
            self._write_document(opened, DocumentWrite(made.kind, made.id, body))

    def _put_said(self, opened: _Open, said: Mapping[str, Any]) -> None:
        from geo.study import Repair, Study  # noqa: PLC0415 - as above

        crs = CRS.from_user_input(self.backend.about()["crs"])
        repairs = tuple(Repair(**repair) for repair in said["repairs"])
        self.backend.put_about(opened.db, Study(said["name"], crs, {}, said["name_en"], self.backend.rasters(), repairs,
                                                said["notes"]))  # fmt: skip

    def _stand_in_the_way(
        self, opened: _Open, collection: str, feature: str, tx: int, version: int | None = None
    ) -> None:  # fmt: skip
        told = log.transaction(opened.db, self._key, tx)
        opened.clashes.append(
            Clash(collection, feature, None, version, told.by if told else "", told.at if told else "")
        )

    # ── what other programs wrote ────────────────────────────────────────────────────────────────────────────────────
    def _admit(self) -> None:
        """Make what another program wrote a transaction, unless somebody is writing just now: then it comes later."""
        try:
            with self.backend.begin() as db:
                self._admit_in(db)
        except BusyError:
            return

    def _admit_in(self, db: Connection) -> None:
        found, strays = self.backend.found(db), self.backend.strays(db)
        if found is None and not strays:
            return
        before = log.head(db, self._key)
        opened = _Open(db, before + 1, log.known(db, self._key))
        rows: dict[str, list[Mapping[str, Any]]] = {}
        ids: dict[str, list[str]] = {}
        for stray in strays:
            ids.setdefault(stray.collection, []).append(stray.id)
            rows.setdefault(stray.collection, []).extend([stray.before] if stray.before is not None else [])
        for name, each in list(opened.known.items()):
            was = pa.Table.from_pylist(rows.get(name, []), _schema(each.collection))
            if found is not None and name not in found:
                self._let_go(opened, each, by_id(was))
            elif name in ids and not (found and found[name].anew):
                there = self.backend.read(db, each.collection, ids[name])
                self._log_versions(opened, each, differences(was, there))
        for name, lies in (found or {}).items():
            self._admit_table(opened, name, lies)
        if opened.counts:
            first = "opened" if not before else "changed by another program"
            self._end(opened, by=OTHERS, action=first)

    def _admit_table(self, opened: _Open, name: str, lies: Found) -> None:
        each = opened.known.get(name)
        if each is None:
            if lies.collection is not None:
                self._take_in(opened, lies.collection, self.backend.read(opened.db, lies.collection))
            return
        if lies.collection is not None and lies.collection.columns != each.collection.columns:
            each = self._redefine(opened, each, replace(each.collection, columns=lies.collection.columns))
        if lies.anew:
            rows = self.backend.read(opened.db, each.collection)
            self._log_versions(opened, each, Differences(rows.slice(0, 0), rows))
            # what was there is not known, so nothing is said about it but that it is gone
            here = set(rows["id"].to_pylist())
            gone = [feature for feature, last in log.standing(opened.db, self._key, name).items()
                    if last.op != "delete" and feature not in here]  # fmt: skip
            lost = pa.Table.from_pylist([{"id": feature} for feature in gone], rows.schema)
            self._log_versions(opened, each, Differences(lost, rows.slice(0, 0)))

    # ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def backup(self, path: Path) -> None:
        """Write a copy, whole and consistent, while others go on reading and writing."""
        self.head()
        self.backend.backup(path)

    def close(self) -> None:
        """Let go of files and connections."""
        self.backend.close()


_Box = tuple[float, float, float, float]
_NOTHING: tuple[dict[str, Any] | None, _Box | None] = (None, None)


def rows_of(collection: Collection, rows: pa.Table, *, cut: bool = False) -> pa.Table:
    """Return rows with the columns and types of their collection, ordered by id; `cut` leaves out other columns.

    Raises
    ------
    InputError
        When ids are missing or repeated, a column is none of the collection's, or values are of another type.
    """

    def refuse(what: str, remedy: str, ids: Sequence[str] = ()) -> InputError:
        return InputError(Fault(what, remedy, table=collection.id, ids=tuple(ids)))

    schema = _schema(collection)
    strange = [name for name in rows.column_names if name not in schema.names and name not in FIXED]
    if strange and not cut:
        raise refuse(f"there is no column {', '.join(strange)}", "leave it out, or name it in the collection")
    try:
        columns = [rows[each.name].cast(each.type) if each.name in rows.column_names else pa.nulls(len(rows), each.type)
                   for each in schema]  # fmt: skip
    except pa.ArrowInvalid as error:
        raise refuse(f"a column has values of another type ({error})", "correct them") from error
    made = by_id(pa.table(columns, schema))
    ids = made["id"]
    if ids.null_count or pc.any(pc.equal(ids, "")).as_py():
        raise refuse("rows have no id", "give each row one")
    counted = pc.value_counts(ids)
    twice = [each["values"] for each in counted.filter(pc.greater(counted.field("counts"), 1)).to_pylist()]
    if twice:
        raise refuse("ids stand on several rows", "make every id unique", twice)
    return made


def _schema(collection: Collection) -> pa.Schema:
    """Return the schema of rows as backends take and give them: without version and transaction."""
    return pa.schema([each for each in arrow_schema(collection) if each.name not in ("version", "tx")])


def _as_rows(rows: pa.Table, collection: Collection, versions: pa.Array, txs: pa.Array) -> pa.Table:
    schema = arrow_schema(collection)
    given = {"version": versions, "tx": txs, **{name: rows[name] for name in rows.column_names}}
    columns = [given[each.name].cast(each.type) if each.name in given else pa.nulls(len(rows), each.type)
               for each in schema]  # fmt: skip
    return pa.table(columns, schema)


def _features(rows: pa.Table) -> dict[str, tuple[dict[str, Any] | None, _Box | None]]:
    """Return id → row and box."""
    return {row["id"]: (row, box) for row, box in zip(rows.to_pylist(), _boxes(rows), strict=True)}


def _boxes(rows: pa.Table) -> list[_Box | None]:
    """Return the box of each geometry; None where there is none."""
    bounds = shapely.bounds(shapely.from_wkb(rows["geometry"].to_numpy(zero_copy_only=False)))
    return [
        None if missing else tuple(box) for box, missing in zip(bounds.tolist(), np.isnan(bounds[:, 0]), strict=True)
    ]


def _joined(a: _Box | None, b: _Box | None) -> _Box | None:
    """Return the box around two boxes."""
    if a is None or b is None:
        return a or b
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _require(known: Mapping[str, Known], collection: str) -> Known:
    if collection not in known:
        raise NotFoundError(f"there is no collection {collection}", "see the list of collections")
    return known[collection]


def _clashing(clash: Clash) -> str:
    if clash.version is None:
        return "it is not there (any more)"
    if clash.expected is None:
        return f"it is there, at version {clash.version}" + (f", by {clash.by}" if clash.by else "")
    by = f", by {clash.by}" if clash.by else ""
    return f"version {clash.expected} was expected, it is at {clash.version}{by}"


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
