"""Studies kept in files of their own: each a GeoPackage in WAL mode, fully synced, that QGIS opens as it is.

The file is the study as the commands know it (`geo.study`): its layers are the current tables. Nothing but Python's own
SQLite may touch the file while it is open: a second copy of SQLite in the process (GDAL has one) would let go of the
locks of the first.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyproj import CRS
from pyproj.exceptions import CRSError
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.schema import CreateIndex, CreateTable

from api.errors import BusyError, NotFoundError
from api.storage import geopackage
from api.storage.admitting import OPENED, OTHERS
from api.storage.backend import Found, Stray
from api.storage.records import Collection
from api.storage.store import Store
from api.storage.tables import SOLE, metadata
from geo.contracts import TABLES
from geo.errors import Fault, InputError
from geo.study_file import (
    FORMAT,
    TOUCHED,
    copy_layer,
    drop_layer,
    hold,
    is_last,
    is_watched,
    quoted,
    release,
    require_plain,
    require_study,
    watch,
)

if TYPE_CHECKING:
    from geo.raster import Raster
    from geo.study import Study

_WAIT_S = 10.0
"""How long a write waits for another one."""

_KEPT, _SPARE = 8, 32
"""Connections that are kept open, and further ones while many ask at once."""


class EmbeddedStorage:
    """A `Storage` of study files, one per id. A study can be made only where the file named for it is not there yet."""

    def __init__(self, studies: Mapping[str, Path]) -> None:
        self._paths = dict(studies)
        self._stores: dict[str, Store] = {}
        self._lock = threading.Lock()

    def studies(self) -> Sequence[str]:
        """Return the ids of the studies whose files are there."""
        return sorted(study_id for study_id, path in self._paths.items() if path.exists())

    def open(self, study_id: str) -> Store:
        """Return one study; the same object for the same id."""
        return self._open(study_id, OTHERS, OPENED)

    def _open(self, study_id: str, by: str, action: str) -> Store:
        store = self._stores.get(study_id)
        if store is not None:
            return store
        with self._lock:
            if study_id not in self._stores:
                if study_id not in self._paths or not self._paths[study_id].exists():
                    raise NotFoundError(f"there is no study {study_id}", "see the list of studies")
                backend = EmbeddedBackend(self._paths[study_id])
                try:
                    self._stores[study_id] = Store(study_id, backend, opened_by=by, opened_as=action)
                except BaseException:
                    backend.close()
                    raise
            return self._stores[study_id]

    def create(self, study_id: str, study: Study, *, by: str) -> Store:
        """Keep a new study in the file that was named for it."""
        from geo.study import write_study  # noqa: PLC0415 - reading and serving need no pandas

        write_study(study, self._free(study_id))
        return self._open(study_id, by, "create")

    def restore(self, study_id: str, path: Path, *, by: str) -> Store:
        """Take in a backup as a study with all its history."""
        target = self._free(study_id)
        require_study(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(path, target)
        store = self._open(study_id, by, "restore")
        store.commit([], by=by, action="restore", note=path.name)
        return store

    def _free(self, study_id: str) -> Path:
        path = self._paths.get(study_id)
        if path is None:
            raise InputError(Fault(f"no file was named for a study {study_id}",
                                   "start the server with the file that it is to be kept in"))  # fmt: skip
        if path.exists():
            raise InputError(Fault(f"there is a study {study_id}", "take another id", file=str(path)))
        return path

    def drop(self, study_id: str, *, by: str) -> None:  # noqa: ARG002 - what is deleted has no log
        """Delete a study with everything that belongs to it: its file."""
        store = self.open(study_id)
        with self._lock:
            del self._stores[study_id]
            store.close()
            self._paths[study_id].unlink()

    def health(self) -> Mapping[str, Any]:
        """Return whether every study can be read and written."""
        told: dict[str, Any] = {}
        for study_id in sorted({*self.studies(), *self._stores}):
            try:
                told[study_id] = {"ok": os.access(self._paths[study_id], os.W_OK), "head": self.open(study_id).head()}
            except (NotFoundError, InputError, BusyError) as error:
                told[study_id] = {"ok": False, "why": str(error)}
        return {"storage": "embedded", "ok": all(each["ok"] for each in told.values()), "studies": told}

    def close(self) -> None:
        """Close every study."""
        with self._lock:
            for store in self._stores.values():
                store.close()
            self._stores.clear()


def open_backend(path: Path) -> EmbeddedBackend:
    """Open a study file, brought to the newest format."""
    return EmbeddedBackend(path)


def new_backend(path: Path) -> EmbeddedBackend:
    """Make an empty study file and open it; `put_about` comes first then, for it tells the CRS of all tables."""
    from geo.study import Study, write_study  # noqa: PLC0415 - as above

    write_study(Study("", CRS.from_epsg(3857), {}), path)
    return EmbeddedBackend(path)


class EmbeddedBackend:
    """The tables of one study file.

    Parameters
    ----------
    path
        A study file of this format or an earlier one, which is brought to this one.

    Raises
    ------
    InputError
        When the file is no study, damaged, of a newer format, holds code of its own, or is just being written anew by a
        command.
    """

    engine: Engine
    key = SOLE

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.Lock()
        self._peeking = threading.Lock()
        self._mark = hold(path)
        try:
            told = require_study(path)
            _require_readable(told, path)
            require_plain(path)
            self._peek = self._connect()
            self.engine = self._open()
            self._inode = path.stat().st_ino
            self._seen: tuple[int, int, bool] = (-1, 0, True)
            self._schema = -1
            _migrate(self._peek)
        except BaseException:
            self.close()
            raise

    # ── connections ──────────────────────────────────────────────────────────────────────────────────────────────────
    def _open(self) -> Engine:
        engine = create_engine("sqlite://", creator=self._connect, poolclass=QueuePool, pool_size=_KEPT,
                               max_overflow=_SPARE, hide_parameters=True)  # fmt: skip
        event.listen(engine, "begin", _began)
        event.listen(engine, "handle_error", _plainly)
        return engine

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_size_limit = 67108864")
        db.execute("PRAGMA case_sensitive_like = ON")
        db.execute("PRAGMA cache_size = -32000")
        geopackage.register(db)
        return db

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open the one write transaction: others wait up to ten seconds."""
        if not self._writing.acquire(timeout=_WAIT_S):
            raise _busy()
        try:
            with self.engine.begin() as db:
                db.exec_driver_sql("INSERT INTO shequ_writing VALUES (1)")
                yield db
                db.exec_driver_sql("DELETE FROM shequ_writing")
        finally:
            self._writing.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction for reading; writers do not wait for it, nor it for them."""
        with self.engine.connect().execution_options(shequ_reading=True) as db, db.begin():
            yield db

    def look(self) -> tuple[int, bool]:
        """Return the number of the last transaction, and whether another program has written past the log.

        The file is asked only when somebody has written to it.
        """
        with self._peeking:
            mark = self._peek.execute("PRAGMA data_version").fetchone()[0]
            if mark != self._seen[0]:
                if self.path.stat().st_ino != self._inode:
                    raise BusyError("the study's file was replaced by another one", "start the server again")
                head = self._peek.execute("SELECT coalesce(max(tx), 0) FROM shequ_transactions").fetchone()[0]
                strays = self._peek.execute("SELECT 1 FROM shequ_touched LIMIT 1").fetchone() is not None
                self._seen = (mark, head, strays or _schema_version(self._peek) != self._schema)
            return self._seen[1:]

    def close(self) -> None:
        """Let go of the file; where nobody else has it open, nothing stays beside it."""
        if hasattr(self, "_peek"):
            self.engine.dispose()
            if is_last(self._mark):  # the last one leaves one file that can be copied and opened anywhere
                with suppress(sqlite3.OperationalError):  # another program reads it just now
                    self._peek.execute("PRAGMA journal_mode = DELETE")
            self._peek.close()
        if not self._mark.closed:
            release(self.path, self._mark)

    # ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def make(self, db: Connection, collection: Collection) -> None:
        """Make an empty layer with a spatial index; other programs' changes of it are noted."""
        raw = _raw(db)
        geopackage.make_layer(raw, collection, self._srs(raw))
        watch(raw, collection.id, collection.index)
        self._known_schema(raw)

    def drop(self, db: Connection, collection: Collection) -> None:
        """Drop a layer."""
        drop_layer(_raw(db), collection.id)
        self._known_schema(_raw(db))

    def read(self, db: Connection, collection: Collection, ids: Sequence[str] | None = None) -> pa.Table:
        """Return `id`, `geometry` (WKB) and the columns, ordered by id."""
        return geopackage.read_rows(_raw(db), collection, ids, only_reading=_is_reading(db))

    def write(self, db: Connection, collection: Collection, rows: pa.Table) -> None:
        """Insert rows, or replace those whose ids are there."""
        geopackage.write_rows(_raw(db), collection, rows)

    def delete(self, db: Connection, collection: Collection, ids: Sequence[str]) -> None:
        """Delete the rows of these ids."""
        geopackage.delete_rows(_raw(db), collection, ids)

    def found(self, db: Connection) -> Mapping[str, Found] | None:
        """Return the layers of the file, when any was made, changed or dropped by somebody else; else None."""
        raw = _raw(db)
        if _schema_version(raw) == self._schema:
            return None
        found: dict[str, Found] = {}
        for name in geopackage.layers(raw):
            if name in TABLES:
                anew = not is_watched(raw, name)
                if anew or geopackage.needs_settling(raw, name):
                    geopackage.settle(raw, name)
                found[name] = Found(geopackage.study_layer(raw, name), anew)
            else:
                found[name] = Found(None)
        self._known_schema(raw)
        return found

    def strays(self, db: Connection) -> Sequence[Stray]:
        """Return, and forget, what other programs wrote; rows that they gave no id get one."""
        raw = _raw(db)
        rows = raw.execute("SELECT collection, id, properties, geometry FROM shequ_touched ORDER BY number").fetchall()
        if not rows:
            return ()
        first: dict[tuple[str, str], Stray] = {}
        for name in {row[0] for row in rows if row[1] in (None, "")}:
            for given in geopackage.name_rows(raw, name):
                first[name, given] = Stray(name, given, None)
        for name, feature, properties, geometry in rows:
            if feature not in (None, "") and (name, feature) not in first:
                first[name, feature] = Stray(name, feature, geopackage.captured_row(feature, properties, geometry))
        raw.execute("DELETE FROM shequ_touched")
        return tuple(first.values())

    def _known_schema(self, raw: sqlite3.Connection) -> None:
        self._schema = _schema_version(raw)

    # ── what the study says beside its tables ────────────────────────────────────────────────────────────────────────
    def about(self) -> Mapping[str, Any]:
        """Return name, name_en, crs, notes and repairs."""
        with self.reading() as db:
            raw = _raw(db)
            meta = dict(raw.execute("SELECT key, value FROM shequ_meta").fetchall())
            cursor = raw.execute("SELECT * FROM shequ_repairs ORDER BY fid")
            names = [column[0] for column in cursor.description]
            repairs = [dict(zip(names, row, strict=True)) for row in cursor]
        repairs = [{name: value or "" for name, value in row.items() if name != "fid"} for row in repairs]
        return {"name": meta["name"], "name_en": meta["name_en"] or "", "crs": meta["crs"],
                "notes": json.loads(meta["notes"]), "repairs": repairs}  # fmt: skip

    def put_about(self, db: Connection, study: Study) -> None:
        """Write name, crs, notes, repairs and rasters."""
        from geo.study import meta_rows  # noqa: PLC0415 - reading and serving need no pandas

        raw = _raw(db)
        for key, value in meta_rows(study).items():
            if key != "format":
                raw.execute("UPDATE shequ_meta SET value = ? WHERE key = ?", (value, key))
        raw.execute("DELETE FROM shequ_repairs")
        names = ("table", "row_id", "action", "code", "detail", "detail_zh", "step")
        raw.executemany(
            f"INSERT INTO shequ_repairs ({', '.join(map(quoted, names))}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - our own
            [tuple(getattr(repair, name) for name in names) for repair in study.repairs],
        )
        self._put_rasters(raw, study.rasters)

    def _put_rasters(self, raw: sqlite3.Connection, rasters: Mapping[str, Raster]) -> None:
        from geo.study import write_raster  # noqa: PLC0415 - as above

        for name in geopackage.rasters(raw):
            drop_layer(raw, name)
        with tempfile.TemporaryDirectory(prefix="shequ-") as folder:
            draft = Path(folder) / "rasters.gpkg"
            for name, raster in rasters.items():
                write_raster(raster, name, draft)
            if rasters:
                with closing(sqlite3.connect(draft)) as source:
                    for name in rasters:
                        copy_layer(source, raw, name)
        self._known_schema(raw)

    def rasters(self) -> Mapping[str, Raster]:
        """Return the rasters by name: read from a copy of their tables, for GDAL may not open the file itself."""
        from geo.study import read_raster  # noqa: PLC0415 - reading and serving need no pandas

        with self.reading() as db, tempfile.TemporaryDirectory(prefix="shequ-") as folder:
            raw = _raw(db)
            names = geopackage.rasters(raw)
            if not names:
                return {}
            draft = Path(folder) / "rasters.gpkg"
            with closing(sqlite3.connect(draft)) as target:
                geopackage.begin_file(raw, target)
                for name in names:
                    copy_layer(raw, target, name)
                target.commit()
            return {name: read_raster(draft, name) for name in names}

    def _srs(self, raw: sqlite3.Connection) -> int:
        return geopackage.srs_id(raw, CRS.from_user_input(
            raw.execute("SELECT value FROM shequ_meta WHERE key = 'crs'").fetchone()[0]))  # fmt: skip

    # ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def backup(self, path: Path) -> None:
        """Write a copy, whole and consistent, while others read and write."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".shequ-") as folder:
            draft = Path(folder) / "backup.gpkg"
            with self.reading() as db:
                _back_up(_raw(db), draft)
            os.replace(draft, path)


def _require_readable(told: Mapping[str, str], path: Path) -> None:
    """Refuse a study whose words about itself cannot be read."""
    try:
        CRS.from_user_input(told["crs"])
        json.loads(told["notes"])
    except (CRSError, ValueError, TypeError) as error:
        what = "coordinate system" if isinstance(error, CRSError) else "notes"
        raise InputError(Fault(f"the study's {what} cannot be read", "copy the file again, or import the town anew",
                               file=str(path))) from error  # fmt: skip


def _raw(db: Connection) -> sqlite3.Connection:
    made: sqlite3.Connection = db.connection.driver_connection  # type: ignore[assignment]
    return made


def _began(db: Connection) -> None:
    db.exec_driver_sql("BEGIN" if _is_reading(db) else "BEGIN IMMEDIATE")


def _is_reading(db: Connection) -> bool:
    return bool(db.get_execution_options().get("shequ_reading", False))


def _plainly(context: ExceptionContext) -> None:
    """Tell what SQLite refuses in plain words."""
    said = str(context.original_exception)
    if "locked" in said:
        raise _busy() from context.original_exception
    if "disk is full" in said or "disk I/O" in said:
        raise BusyError("the study's file cannot be written: the disk is full or broken",
                        "free some space") from context.original_exception  # fmt: skip
    if "readonly" in said:
        raise BusyError("the study's file cannot be written", "mend its rights") from context.original_exception


def _busy() -> BusyError:
    return BusyError("somebody else is writing into the study", "try again in a few seconds",
                     headers={"Retry-After": "3"})  # fmt: skip


def _schema_version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA schema_version").fetchone()[0])


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as db:
        _back_up(db, target)


def _back_up(db: sqlite3.Connection, target: Path) -> None:
    with closing(sqlite3.connect(target)) as out:
        db.backup(out)
        out.execute("PRAGMA journal_mode = DELETE")


# ── formats ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _migrate(db: sqlite3.Connection) -> None:
    """Bring a study file to the newest format, step by step, each whole or not at all."""
    db.execute("BEGIN IMMEDIATE")
    try:
        while (now := _format(db)) < FORMAT:
            MIGRATIONS[now](db)
            db.execute("UPDATE shequ_meta SET value = ? WHERE key = 'format'", (str(now + 1),))
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _format(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT value FROM shequ_meta WHERE key = 'format'").fetchone()[0])


def _add_log(db: sqlite3.Connection) -> None:
    """1 → 2: the log beside the study."""
    dialect = sqlite.dialect()
    for table in metadata.sorted_tables:
        db.execute(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect)))
        for index in table.indexes:
            db.execute(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)))
    for statement in TOUCHED.split(";"):
        db.execute(statement)


MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _add_log}
"""What brings a file of that format to the next one."""
