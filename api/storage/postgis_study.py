"""One study in PostGIS: a schema of its own with a table for each collection, which QGIS opens as it is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pyarrow as pa
from psycopg import errors, sql
from sqlalchemy import Connection, Engine, delete, insert, select, text, update

from api.errors import NotFoundError
from api.storage import log
from api.storage.backend import Stray
from api.storage.copy_rows import fetch, send
from api.storage.copying import bare_study, copy_study
from api.storage.database import SCHEMA, speaking_plainly
from api.storage.postgis_tables import (
    about_from,
    about_of,
    about_row,
    columns_of,
    named,
    own,
    raster_from,
    raster_row,
    rasters,
    stored_schema,
    studies,
)
from api.storage.records import Collection
from api.storage.tables import metadata as shared
from geo.errors import Fault, InputError

if TYPE_CHECKING:  # reading and serving need no pandas
    from geo.raster import Raster
    from geo.schema import Kind
    from geo.study import Study

_BULK = 5_000
"""From so many rows on, the spatial index of a table is made anew rather than kept up row by row."""

PATIENCE_S = 10.0

_TYPES: Mapping["Kind", str] = {
    "text": "text", "day": "text", "count": "bigint", "year": "bigint", "number": "double precision", "flag": "boolean",
}  # fmt: skip

_WRITE = text("""
SELECT set_config('shequ.writing', 'on', true), set_config('synchronous_commit', 'on', true),
  set_config('lock_timeout', :patience, true), pg_advisory_xact_lock(hashtextextended('shequ study ' || :key, 0))
""")
_HEAD = "SELECT max(tx) FROM shequ_transactions WHERE study = %s"


class PostgisBackend:
    """The current state of one study's tables in its schema.

    Parameters
    ----------
    engine
        Of the database; the storage's.
    key
        The study's id.
    fresh
        A study that is not there yet: its schema is made by the next write, in the same transaction.
    patience_s
        How long a write waits for another one of the same study.
    """

    def __init__(
        self, engine: Engine, key: str, *, fresh: "Study | None" = None, patience_s: float = PATIENCE_S
    ) -> None:
        self.engine = engine
        self.key = key
        self.fresh = fresh
        self._patience = f"{round(patience_s * 1000)}ms"
        self._schema = named(f"study_{key}")

    # ── transactions ──
    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open the one write transaction of this study: others wait for a while, then BusyError.

        Once it ends it is on disk. A connection that is lost while it ends leaves it open whether it was written:
        the BusyError says so.
        """
        with self.engine.begin() as db:
            db.execute(_WRITE, {"key": self.key, "patience": self._patience})
            if self.fresh is not None:
                self._found(db, self.fresh)
            yield db
        self.fresh = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction for reading: everything read in it is as it was at one moment."""
        with self.engine.connect() as db:
            db.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield db

    def look(self) -> tuple[int, bool]:
        """Return the number of the last transaction, and that nobody has written past the log: see `strays`."""
        with speaking_plainly():
            pooled = self.engine.raw_connection()
        db = cast("psycopg.Connection[Any]", pooled.driver_connection)
        try:
            with speaking_plainly():
                db.autocommit = True  # one way to the database and back, without BEGIN and ROLLBACK
                found = db.execute(_HEAD, (self.key,)).fetchone() or (0,)
        finally:
            if not db.closed:
                db.autocommit = False
            pooled.close()
        return int(found[0] or 0), False

    # ── tables ──
    def make(self, db: Connection, collection: Collection) -> None:
        """Make an empty table with a spatial index; whoever reads the database finds meanings and units beside it."""
        table, columns = self._table(collection), columns_of(collection)
        srid = db.scalar(select(studies.c.srid).where(studies.c.study == self.key))
        key, shape = sql.Identifier(columns["id"]), columns.get("geometry")
        parts = [
            sql.SQL('{} text COLLATE "C" PRIMARY KEY').format(key),
            *(
                sql.SQL("{} {}").format(sql.Identifier(columns[c.name]), sql.SQL(_TYPES[c.kind]))
                for c in collection.columns
            ),
        ]
        if shape:
            parts.append(sql.SQL("{} geometry(Geometry, {})").format(sql.Identifier(shape), sql.Literal(srid)))
        said: list[tuple[sql.Composable, str, str]] = [
            (table, "TABLE", " / ".join(filter(None, (collection.title_zh, collection.title_en))))
        ]
        said += [
            (sql.SQL("{}.{}").format(table, sql.Identifier(columns[c.name])), "COLUMN",
             f"{c.meaning} [{c.unit}]" if c.unit else c.meaning)
            for c in collection.columns
        ]  # fmt: skip
        self._run(
            db,
            sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(parts)),
            *(self._indexed(collection) if shape else ()),
            sql.SQL("CREATE TRIGGER shequ_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION {}.shequ_guard()").format(table, sql.Identifier(SCHEMA)),
            *(sql.SQL("COMMENT ON {} {} IS {}").format(sql.SQL(what), thing, sql.Literal(words))
              for thing, what, words in said if words),
        )  # fmt: skip

    def drop(self, db: Connection, collection: Collection) -> None:
        """Drop its table."""
        self._run(db, sql.SQL("DROP TABLE {}").format(self._table(collection)))

    def read(self, db: Connection, collection: Collection, ids: Sequence[str] | None = None) -> pa.Table:
        """Return `id`, `geometry` (WKB) and the columns, ordered by id (by code point, as Python orders text)."""
        columns = columns_of(collection)
        schema = stored_schema(collection)
        told_as: list[sql.Composable] = [sql.Identifier(columns["id"])]
        told_as += [
            sql.SQL("encode(ST_AsBinary({}, 'NDR'), 'hex')").format(sql.Identifier(columns["geometry"]))
            if "geometry" in columns else sql.SQL("NULL")
        ]  # fmt: skip
        told_as += [sql.Identifier(columns[column.name]) for column in collection.columns]
        key = sql.Identifier(columns["id"])
        query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(told_as), self._table(collection))
        if ids is not None:
            query += sql.SQL(" WHERE {} = ANY({})").format(key, sql.Literal(_clean(ids)))
        query += sql.SQL(" ORDER BY {}").format(key)
        with speaking_plainly():
            return fetch(_psycopg(db), query, schema)

    def write(self, db: Connection, collection: Collection, rows: pa.Table) -> None:
        """Insert rows, or replace those whose ids are there."""
        columns, schema = columns_of(collection), stored_schema(collection)
        names = [name for name in schema.names if name != "geometry" or "geometry" in columns]
        ready = rows.select(names).cast(pa.schema([schema.field(name) for name in names]))
        bulk = len(ready) >= _BULK and "geometry" in columns
        table = self._table(collection)
        with speaking_plainly():
            if bulk:
                self._run(db, *self._unindexed(collection))
            self.delete(db, collection, ready["id"].to_pylist())
            send(_psycopg(db), table, [columns[name] for name in names], ready)
            if bulk:
                self._run(db, *self._indexed(collection), sql.SQL("ANALYZE {}").format(table))

    def delete(self, db: Connection, collection: Collection, ids: Sequence[str]) -> None:
        """Delete the rows of these ids."""
        key = sql.Identifier(columns_of(collection)["id"])
        gone = sql.SQL("DELETE FROM {} WHERE {} = ANY(%s)").format(self._table(collection), key)
        with speaking_plainly(), _psycopg(db).cursor() as cursor:
            cursor.execute(gone, (list(ids),))

    def found(self, db: Connection) -> None:
        """Return None: see `strays`."""

    def strays(self, db: Connection) -> Sequence[Stray]:  # noqa: ARG002 - the protocol's
        """Return nothing: the database refuses writes of other programs, which the log would not know of."""
        return ()

    # ── the study ──
    def about(self) -> Mapping[str, Any]:
        """Return `name`, `name_en`, `crs` (EPSG:… or WKT), `notes` (a mapping), `repairs` (mappings, as in Repair)."""
        if self.fresh is not None:
            return about_of(self.fresh)
        with self.engine.connect() as db:
            return self._about(db)

    def _about(self, db: Connection) -> dict[str, Any]:
        row = db.execute(select(studies).where(studies.c.study == self.key)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no study {self.key}", "see the list of studies")
        return about_from(row)

    def put_about(self, db: Connection, study: "Study") -> None:
        """Write name, crs, notes, repairs and rasters."""
        db.execute(update(studies).where(studies.c.study == self.key).values(**about_row(db, study)))
        db.execute(delete(rasters).where(rasters.c.study == self.key))
        for name, raster in study.rasters.items():
            db.execute(insert(rasters).values(study=self.key, name=name, **raster_row(raster)))

    def rasters(self) -> Mapping[str, "Raster"]:
        """Return the rasters by name."""
        with self.engine.connect() as db:
            return self._rasters(db)

    def _rasters(self, db: Connection) -> dict[str, "Raster"]:
        rows = db.execute(select(rasters).where(rasters.c.study == self.key).order_by(rasters.c.name)).all()
        return {row.name: raster_from(row) for row in rows}

    def backup(self, path: Path) -> None:
        """Write a consistent copy while others read and write: a study file with the history."""
        from api.storage.embedded import new_backend  # noqa: PLC0415 - only backups write files

        target = new_backend(path)
        try:
            with self.reading() as db:
                study = bare_study(self._about(db), self._rasters(db))
                with target.begin() as out:
                    copy_study(self, db, target, out, study)
        finally:
            target.close()

    def close(self) -> None:
        """Connections belong to the storage."""

    # ── our own ──
    def erase(self, db: Connection) -> None:
        """Delete the study's tables, and what the tables of the whole database hold of it."""
        self._run(db, sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(self._schema)))
        for table in (*shared.sorted_tables, *own.sorted_tables):
            if "study" in table.c:
                db.execute(delete(table).where(table.c.study == self.key))

    def _table(self, collection: Collection) -> sql.Identifier:
        return sql.Identifier(self._schema, named(collection.id))

    def _indexed(self, collection: Collection) -> list[sql.Composed]:
        name, shape = sql.Identifier(named(f"{collection.id} place")), columns_of(collection)["geometry"]
        return [sql.SQL("CREATE INDEX {} ON {} USING gist ({})").format(
            name, self._table(collection), sql.Identifier(shape))]  # fmt: skip

    def _unindexed(self, collection: Collection) -> list[sql.Composed]:
        return [sql.SQL("DROP INDEX {}").format(sql.Identifier(self._schema, named(f"{collection.id} place")))]

    def _run(self, db: Connection, *commands: sql.Composed) -> None:
        with speaking_plainly(), _psycopg(db).cursor() as cursor:
            for each in commands:
                cursor.execute(each)

    def _found(self, db: Connection, study: "Study") -> None:
        """Make the schema and the row of a study that is not there yet."""
        if db.scalar(select(studies.c.study).where(studies.c.study == self.key)):
            raise InputError(taken(self.key))
        try:
            self._run(db, sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self._schema)))
        except errors.DuplicateSchema as error:
            raise InputError(
                Fault(f"the database has a schema {self._schema} that is no study of ours", "choose another id")
            ) from error
        except errors.InsufficientPrivilege as error:
            raise InputError(
                Fault("this role may not make schemas in the database", "as its owner: GRANT CREATE ON DATABASE …")
            ) from error
        row = about_row(db, study)
        db.execute(insert(studies).values(study=self.key, created=log.now(), **row))


def taken(study_id: str) -> Fault:
    """Say that a study is there already."""
    return Fault(f"there is a study {study_id} already", "choose another id, or delete that one first")


def _psycopg(db: Connection) -> "psycopg.Connection[Any]":
    return cast("psycopg.Connection[Any]", db.connection.driver_connection)


def _clean(ids: Sequence[str]) -> list[str]:
    """Return the ids that can be there at all: no text of PostgreSQL holds a NUL."""
    return [each for each in ids if "\0" not in each]
