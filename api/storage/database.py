"""The door to PostgreSQL: an engine whose connections see our schema and whose failures speak plainly; migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, Engine, PoolProxiedConnection, QueuePool, create_engine, event, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as NoneFree

from api.errors import BusyError
from geo.errors import Fault, InputError, ShequError

SCHEMA = "shequ"
"""Where the log and everything that belongs to no single study is kept."""

REVISIONS = "shequ_revision"
"""The table in which Alembic keeps the revision of the database."""

_HELD, _SPARE = 8, 32
"""Connections that a server keeps, and further ones while many ask at once: more than it has threads."""

_OLDEST = 13
"""Oldest PostgreSQL that is served."""

_CONNECTING = {"connect_timeout": 5, "keepalives_idle": 30, "keepalives_interval": 5, "keepalives_count": 3,
               "application_name": "shequ"}  # fmt: skip

_SETTLE = f"""
SELECT set_config('search_path', concat_ws(', ', '{SCHEMA}', (
    SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
    WHERE extname = 'postgis'), 'public'), false),
  set_config('TimeZone', 'UTC', false), set_config('idle_in_transaction_session_timeout', '10min', false)
"""  # noqa: S608 - our own names


class _Pool(QueuePool):
    """Tells plainly when every connection is taken."""

    def connect(self) -> PoolProxiedConnection:
        try:
            return super().connect()
        except NoneFree as error:
            raise BusyError("every connection to the database is taken", _SOON, headers=_RETRY) from error


_SOON = "try again in a few seconds"
_RETRY = {"Retry-After": "3"}


def open_database(url: str) -> Engine:
    """Return an engine for the database, brought to the newest revision.

    Raises
    ------
    InputError
        When the address is none of PostgreSQL, PostGIS is missing, or the database was written by a newer version.
    BusyError
        When the database does not answer.
    """
    engine = connect(url)
    try:
        upgrade(engine)
    except BusyError as error:  # who starts a server or a command may know why, and sees what is wrong in the address
        engine.dispose()
        if isinstance(error.__cause__, psycopg.OperationalError):
            why = " ".join(str(error.__cause__).split())
            remedy = "see that it runs, and check host, port, database, role and password in its address"
            raise BusyError(f"{error.fault.what}: {why}", remedy, headers=error.headers) from error.__cause__
        raise
    except BaseException:
        engine.dispose()
        raise
    return engine


def connect(url: str) -> Engine:
    """Return an engine for the database as it is; nothing is read or written yet."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise _no_address() from error
    if address.get_backend_name() not in ("postgresql", "postgres"):
        raise _no_address()
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"), poolclass=_Pool, pool_size=_HELD, max_overflow=_SPARE,
        pool_timeout=10, pool_pre_ping=True, connect_args=dict(_CONNECTING), hide_parameters=True,
    )  # fmt: skip
    event.listen(engine, "connect", _settle)
    event.listen(engine, "handle_error", _plainly)
    return engine


def conninfo(url: str) -> str:
    """Return the address for connections past SQLAlchemy; they see our schema."""
    address = make_url(url).set(drivername="postgresql")
    asked = conninfo_to_dict(address.render_as_string(hide_password=False))
    options = f"{asked.get('options') or ''} -csearch_path={SCHEMA},public".strip()
    defaults = {name: str(value) for name, value in _CONNECTING.items() if name not in asked}
    return make_conninfo(address.render_as_string(hide_password=False), **defaults, options=options)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision; several servers that start at once wait for each other."""
    with engine.connect() as db:
        _require_fit(db)
        db.commit()
        db.execute(text(f"SELECT pg_advisory_lock({_MIGRATING})"))
        db.commit()
        try:
            _upgrade(db, revision)
        finally:
            db.rollback()
            db.execute(text(f"SELECT pg_advisory_unlock({_MIGRATING})"))
            db.commit()
    engine.dispose()  # connections made before know no schema and no PostGIS


_MIGRATING = 7_348_110_000_000_001


def alembic_config(db: Connection | None = None) -> Config:
    """Return Alembic's settings: the revisions of this package, on the connection."""
    made = Config()
    made.set_main_option("script_location", "api.storage:migrations")
    made.attributes["connection"] = db
    made.attributes["version_table"] = REVISIONS
    return made


def revision_of(db: Connection) -> str | None:
    """Return the revision of the database; None where nothing of ours is in it."""
    options = {"version_table": REVISIONS, "version_table_schema": SCHEMA}
    return MigrationContext.configure(db, opts=options).get_current_revision()


def told(error: BaseException) -> ShequError | None:
    """Return in plain words what PostgreSQL's error means for who asked; None where only a mistake of ours explains it.

    Examples
    --------
    >>> str(told(errors.LockNotAvailable("canceling statement due to lock timeout")))
    'somebody else is writing this study'
    """
    if isinstance(error, errors.LockNotAvailable | errors.DeadlockDetected | errors.SerializationFailure):
        return BusyError("somebody else is writing this study", _SOON, headers=_RETRY)
    if isinstance(error, errors.QueryCanceled):
        return BusyError("the database took too long", "ask for less at once, or try again", headers=_RETRY)
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return BusyError("the database takes no writes now", "it may be a standby: ask whoever runs it", headers=_RETRY)
    if isinstance(error, errors.DiskFull):
        return BusyError("the database's disk is full", "tell whoever runs it", headers=_RETRY)
    if isinstance(error, errors.UndefinedTable | errors.InvalidSchemaName):
        return None
    if isinstance(error, errors.DataError):
        what = str(error).splitlines()[0]
        return InputError(Fault(f"the database cannot keep a value: {what}", "correct the value"))
    if isinstance(error, errors.InternalError_) and "geometry" in str(error):
        return InputError(Fault(f"PostGIS refuses a shape: {str(error).splitlines()[0]}", "mend the shape"))
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return BusyError(
            "the database does not answer", "try again; if it was an edit, look first whether it has arrived",
            headers=_RETRY,
        )  # fmt: skip
    return None


@contextmanager
def speaking_plainly() -> Iterator[None]:
    """Turn errors of psycopg, where it is used past SQLAlchemy, into those of `told`."""
    try:
        yield
    except psycopg.Error as error:
        plain = told(error)
        if plain is None:
            raise
        raise plain from error


def _no_address() -> InputError:
    return InputError(
        Fault("this is no address of a PostgreSQL database", "write it as postgresql://user:password@host/name")
    )


def _settle(connection: Any, _: object) -> None:  # noqa: ANN401 - SQLAlchemy's adapted connection
    own = connection.driver_connection if hasattr(connection, "driver_connection") else connection
    own.autocommit = True
    own.execute(_SETTLE)
    own.autocommit = False


def _plainly(context: ExceptionContext) -> None:
    if context.is_pre_ping:
        return
    plain = told(context.original_exception)
    if plain is not None:
        raise plain from context.original_exception


def _require_fit(db: Connection) -> None:
    """Refuse a server that is too old or does not keep UTF-8; put PostGIS in where it is missing."""
    number = int(str(db.scalar(text("SHOW server_version_num"))))
    if number < _OLDEST * 10_000:
        raise InputError(Fault(f"this is PostgreSQL {number // 10_000}", f"use PostgreSQL {_OLDEST} or newer"))
    if (encoding := db.scalar(text("SHOW server_encoding"))) != "UTF8":
        raise InputError(
            Fault(f"the database keeps text as {encoding}, which cannot hold Chinese",
                  "make one with: createdb --encoding UTF8 --template template0 NAME")
        )  # fmt: skip
    if db.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'postgis'")):
        return
    remedy = "as a superuser of PostgreSQL: CREATE EXTENSION postgis"
    if not db.scalar(text("SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'")):
        raise InputError(Fault("PostGIS is not installed beside this PostgreSQL", "install it (Debian: postgis)"))
    try:
        with db.connection.driver_connection.cursor() as cursor:  # type: ignore[union-attr]
            cursor.execute("CREATE EXTENSION postgis")
    except errors.InsufficientPrivilege as error:
        raise InputError(Fault("the database has no PostGIS, and this role may not add it", remedy)) from error


def _upgrade(db: Connection, revision: str) -> None:
    config = alembic_config(db)
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    now = revision_of(db)
    if now is not None and now not in known:
        raise InputError(Fault(f"the database was written by a newer shequ (revision {now})", "update shequ"))
    if now is None:
        try:
            with db.connection.driver_connection.cursor() as cursor:  # type: ignore[union-attr]
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}".encode())
        except errors.InsufficientPrivilege as error:
            raise InputError(
                Fault(f"this role may not make the schema {SCHEMA} in the database",
                      f"as its owner: CREATE SCHEMA {SCHEMA} AUTHORIZATION the role; GRANT CREATE ON DATABASE …")
            ) from error  # fmt: skip
    command.upgrade(config, revision)
    db.commit()
