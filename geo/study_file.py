"""The file of a study: what it says of itself, who has it open, a server's log, what other programs change past it.

A server keeps its log in tables `shequ_…` of the file. Triggers note what other programs write into the study's tables:
they need nothing that a program that edits GeoPackages lacks. When the study is written anew, `carry_over` takes all of
that into the new file, and notes what is different in it.
"""

# ruff: noqa: S608 - names in SQL are quoted, values are bound

import fcntl
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from geo.contracts import TABLES, Kind
from geo.errors import Fault, InputError

FORMAT = 2
"""Newest format of the study file that is read; a file from a newer version is refused politely.

1 is what `geo.study.write_study` writes. 2 is the same with the log of a server that serves the file."""

META, REPAIRS = "shequ_meta", "shequ_repairs"
ANEW = "import the town anew; edit its source files rather than the study's own tables"
_SQLITE = b"SQLite format 3\0"

OWN = (META, REPAIRS)
"""Tables `shequ_…` that are the study's own; the others are the log."""

_MARK = "shequ_collections"
"""The table that a study file with a log has."""

TOUCHED = """
CREATE TABLE IF NOT EXISTS shequ_touched
    (number INTEGER PRIMARY KEY, collection TEXT NOT NULL, id TEXT, properties TEXT, geometry BLOB);
CREATE TABLE IF NOT EXISTS shequ_writing (yes INTEGER)
"""
"""What other programs changed: the row that was there before; no properties where none was. While `shequ_writing` has
a row nothing is noted: who writes keeps the log himself."""

SQL_TYPES: dict[Kind, str] = {"text": "TEXT", "day": "TEXT", "count": "INTEGER", "year": "INTEGER", "number": "REAL",
                              "flag": "BOOLEAN"}  # fmt: skip
_PAIRS = 50
"""Columns in one json_object: SQLite takes 127 arguments."""


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return text as SQL takes it."""
    return "'" + value.replace("'", "''") + "'"


# ── what it says of itself ───────────────────────────────────────────────────────────────────────────────────────────
def read_only(path: Path) -> "closing[sqlite3.Connection]":
    """Open a file for reading, until the end of the block."""
    return closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True))


def is_study(path: Path) -> bool:
    """Tell whether a file is a study."""
    try:
        with read_only(path) as db:
            return db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (META,)).fetchone() is not None
    except sqlite3.DatabaseError:
        return False


def require_study(path: Path) -> dict[str, str]:
    """Return what a study file says of itself, by key; read nothing else.

    Raises
    ------
    InputError
        When there is no such file, it is not a study, it is damaged, or it was written by a newer version.
    """

    def refuse(what: str, remedy: str) -> InputError:
        return InputError(Fault(what, remedy, file=str(path)))

    if not path.is_file():
        what = "this is a folder, not a study" if path.is_dir() else "there is no such study"
        raise refuse(what, "make one with: shequ import FILES --out STUDY.gpkg")
    with path.open("rb") as opened:
        if opened.read(len(_SQLITE)) != _SQLITE:
            raise refuse(
                "this is no study: it is not a GeoPackage", "make one with: shequ import FILES --out STUDY.gpkg"
            )
    try:
        with read_only(path) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            rows = dict(db.execute("SELECT key, value FROM shequ_meta").fetchall()) if META in tables else {}
            db.execute("SELECT table_name FROM gpkg_contents").fetchall()
    except sqlite3.DatabaseError as error:
        raise refuse(f"the file cannot be read as a GeoPackage ({error})", "copy it again, or import anew") from error
    if "format" not in rows:
        raise refuse(
            "this is a GeoPackage but not a study", f"turn it into one with: shequ import {path} --out STUDY.gpkg"
        )
    if not rows["format"].isdecimal():
        raise refuse(f"the study's format is {rows['format']!r}, not a number", ANEW)
    if int(rows["format"]) > FORMAT:
        raise refuse(f"the study was written by a newer shequ (format {rows['format']}, this one reads {FORMAT})",
                     "update shequ")  # fmt: skip
    missing = [key for key in ("name", "name_en", "crs", "notes") if key not in rows]
    missing += [layer for layer in (REPAIRS,) if layer not in tables]
    if missing:
        raise refuse(f"the study lacks {', '.join(missing)}, which shequ writes into every one", ANEW)
    return rows


def require_plain(path: Path) -> None:
    """Refuse a study file with code of its own: whoever writes into it could not be sure of what is kept.

    Triggers of spatial indexes, counts and tiles, and those of a server's log, are not meant.

    Raises
    ------
    InputError
        When a trigger writes elsewhere or passes over rows, or a table of the study is a view or kept by a module.
    """
    with read_only(path) as db:
        made = db.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master "
                          "WHERE type IN ('trigger', 'view') OR sql LIKE 'create virtual%'").fetchall()  # fmt: skip
    odd = [
        f"the {'table' if kind == 'table' else kind} {name[:60]}" for kind, name, said in made
        if (_writes_elsewhere(said) if kind == "trigger" else name in TABLES or name.lower().startswith(_TAKEN))
    ]  # fmt: skip
    if odd:
        raise InputError(Fault(f"the file holds code of its own: {', '.join(odd[:8])}",
                               "open it in QGIS and drop what is named, or export its layers and import them anew",
                               file=str(path)))  # fmt: skip


_TAKEN = ("shequ_", "gpkg_")
"""How names of tables begin that are GeoPackage's, or the study's beside its layers."""

_QUOTED = re.compile(r"""'(?:[^']|'')*'|"((?:[^"]|"")*)\"""")
_KEPT = re.compile(r"rtree_\w|(gpkg_ogr_contents|gpkg_contents|shequ_touched)\Z", re.IGNORECASE)
"""Tables that triggers of a plain file write into."""

_ODD = re.compile(
    r"\b(insert\s+(or\s+\w+\s+)?into|replace\s+into|update(\s+or\s+\w+)?|delete\s+from)\s+"
    r"(?!\s|rtree_|gpkg_ogr_contents\b|gpkg_contents\b|shequ_touched\b|or\b)|\braise\s*\(\s*ignore|[\[`]|--|/\*",
    re.IGNORECASE,
)


def _writes_elsewhere(trigger: str) -> bool:
    """Tell whether a trigger writes into other tables than a plain file's do, or passes over rows.

    Examples
    --------
    >>> _writes_elsewhere('CREATE TRIGGER a AFTER UPDATE ON b BEGIN DELETE FROM "rtree_b_geom" WHERE id = 1; END')
    False
    >>> _writes_elsewhere('CREATE TRIGGER a AFTER UPDATE ON b BEGIN UPDATE "roads" SET level = 0; END')
    True
    """
    plain = _QUOTED.sub(lambda found: " rtree_ " if found[1] and _KEPT.match(found[1]) else " _ ", trigger)
    return _ODD.search(re.split(r"\bbegin\b", plain, maxsplit=1, flags=re.IGNORECASE)[-1]) is not None


# ── who has it open ──────────────────────────────────────────────────────────────────────────────────────────────────
def hold(path: Path, *, alone: bool = False) -> IO[str]:
    """Return a mark that the file is in use, until `release`: with others, or alone.

    It is a lock on a small file beside the study, and goes with the process that holds it.

    Raises
    ------
    InputError
        When it is held `alone` by somebody, or at all and `alone` is wanted.
    """
    beside = _beside(path)
    while True:
        mark = beside.open("a")
        try:
            fcntl.flock(mark, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            mark.close()
            raise InputError(_in_use(path)) from error
        if beside.exists() and os.fstat(mark.fileno()).st_ino == beside.stat().st_ino:
            return mark
        mark.close()  # somebody took the mark away between opening and locking it


def is_last(mark: IO[str]) -> bool:
    """Tell whether nobody else holds the file; then nobody can until it is released."""
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def release(path: Path, mark: IO[str]) -> None:
    """Let go of a file; the last one takes the mark away."""
    if is_last(mark):
        _beside(path).unlink(missing_ok=True)
    mark.close()


@contextmanager
def held_alone(path: Path) -> Iterator[None]:
    """Keep everybody else from the file."""
    mark = hold(path, alone=True)
    try:
        yield
    finally:
        release(path, mark)


def require_unused(path: Path) -> None:
    """Refuse a study that a server has open: what is written over it would be lost to the server, and the other way."""
    if _beside(path).exists():
        with held_alone(path):
            pass


@contextmanager
def at_rest(path: Path) -> Iterator[Path]:
    """Yield a file with the study as it is that nobody writes into: the file itself, or a copy while it is in use.

    A program with two copies of SQLite (GDAL has one of its own) must not let the second one open a file that the
    first has open: closing it there would let go of the locks of both.
    """
    try:
        require_unused(path)
    except InputError:
        with tempfile.TemporaryDirectory(prefix="shequ-") as folder:
            copy = Path(folder) / path.name
            with read_only(path) as db, closing(sqlite3.connect(copy)) as out:
                db.backup(out)
                out.execute("PRAGMA journal_mode = DELETE")
            yield copy
        return
    yield path


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}-open")


def _in_use(path: Path) -> Fault:
    return Fault("a server has this study open", "stop the server first, or do it there as a job", file=str(path))


# ── a log that is carried over ───────────────────────────────────────────────────────────────────────────────────────
def settle(path: Path) -> None:
    """Put everything that was written into the file itself, so that nothing lies beside it that belongs to it."""
    if path.with_name(f"{path.name}-wal").exists():
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode = DELETE")


def has_log(path: Path) -> bool:
    """Tell whether a server keeps its log in this study file."""
    with closing(sqlite3.connect(path)) as db:
        return _exists(db, _MARK)


def carry_over(before: Path, draft: Path) -> None:
    """Take the log and the layers that are not the study's own from one study file into a new one.

    What differs in the study's tables is noted as other programs' changes are: a server makes a transaction of it.
    """
    with closing(sqlite3.connect(before)) as old, closing(sqlite3.connect(draft)) as new:
        for name in _names(old, "name LIKE 'shequ\\_%' ESCAPE '\\'", "table"):
            if name not in OWN:
                copy_table(old, new, name)
        for name in _layers(old):
            if name not in TABLES and name not in OWN and not _exists(new, name):
                copy_layer(old, new, name)
        new.execute("UPDATE shequ_meta SET value = (?) WHERE key = 'format'", (_format(old),))
        watched = [name for name in _layers(old) if name in TABLES and is_watched(old, name)]
        new.commit()
        new.execute("ATTACH ? AS old", (str(before),))
        for name in watched:
            _note_differences(new, name)
            if _exists(new, name):
                watch(new, name, TABLES[name].index)
        new.commit()
        new.execute("DETACH old")


def _format(db: sqlite3.Connection) -> str:
    return str(db.execute("SELECT value FROM shequ_meta WHERE key = 'format'").fetchone()[0])


def _note_differences(db: sqlite3.Connection, table: str) -> None:
    """Note which rows of a table are not as they are in the attached file `old`."""
    was = _columns(db, table, "old")
    key = quoted(TABLES[table].index)
    shape = _geometry(db, table, "old")
    before = f"{captured('o', was)}, {f'o.{quoted(shape)}' if shape else 'NULL'}"
    into = "INSERT INTO shequ_touched (collection, id, properties, geometry)"
    if not _exists(db, table):
        db.execute(f"{into} SELECT {text(table)}, o.{key}, {before} FROM old.{quoted(table)} o")
        return
    here = _columns(db, table)
    columns = [name for name in dict.fromkeys((*was, *here)) if name != TABLES[table].index]
    sides = [(f"o.{quoted(c)}" if c in was else "NULL", f"n.{quoted(c)}" if c in here else "NULL") for c in columns]
    now = _geometry(db, table)
    if shape and now:
        sides.append((f"o.{quoted(shape)}", f"n.{quoted(now)}"))
    differs = " OR ".join(f"{a} IS NOT {b}" for a, b in sides) or "0"
    db.execute(
        f"{into} SELECT {text(table)}, o.{key}, {before} FROM old.{quoted(table)} o "
        f"LEFT JOIN main.{quoted(table)} n ON n.{key} = o.{key} WHERE n.{key} IS NULL OR {differs}"
    )
    db.execute(
        f"{into} SELECT {text(table)}, n.{key}, NULL, NULL FROM main.{quoted(table)} n "
        f"LEFT JOIN old.{quoted(table)} o ON n.{key} = o.{key} WHERE o.{key} IS NULL"
    )


# ── what other programs change ───────────────────────────────────────────────────────────────────────────────────────
def is_watched(db: sqlite3.Connection, table: str) -> bool:
    """Tell whether changes of a table are noted."""
    return _exists(db, f"shequ_update_{table}")


def watch(db: sqlite3.Connection, table: str, index: str) -> None:
    """Let every change of a table that other programs make be noted; its ids are unique from now on."""
    key, name = quoted(index), quoted(table)
    shape = _geometry(db, table)
    was = f"{captured('OLD', _columns(db, table))}, {f'OLD.{quoted(shape)}' if shape else 'NULL'}"
    into = "INSERT INTO shequ_touched (collection, id, properties, geometry)"
    made = f"{into} VALUES ({text(table)}, NEW.{key}, NULL, NULL);"
    gone = f"{into} VALUES ({text(table)}, OLD.{key}, {was});"
    renamed = f"{into} SELECT {text(table)}, NEW.{key}, NULL, NULL WHERE NEW.{key} IS NOT OLD.{key};"
    unseen = "WHEN NOT EXISTS (SELECT 1 FROM shequ_writing)"
    db.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {quoted(f'shequ_id_{table}')} ON {name} ({key})")
    for event, steps in (("insert", made), ("update", gone + renamed), ("delete", gone)):
        trigger = quoted(f"shequ_{event}_{table}")
        db.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        db.execute(f"CREATE TRIGGER {trigger} AFTER {event.upper()} ON {name} {unseen} BEGIN {steps} END")


def captured(row: str, columns: Iterable[str]) -> str:
    """Return an SQL expression: the columns of `row` as a JSON object, empty ones left out, numbers to the last digit.

    A fractional number is a list with its text: SQLite writes only 15 digits of it into JSON.
    """
    values = {column: f"{row}.{quoted(column)}" for column in columns}
    pairs = [f"{text(column)}, CASE typeof({value}) WHEN 'real' THEN json_array(printf('%!.17g', {value})) "
             f"WHEN 'blob' THEN NULL ELSE {value} END" for column, value in values.items()]  # fmt: skip
    said = "'{}'"
    for start in range(0, len(pairs), _PAIRS):
        said = f"json_patch({said}, json_object({', '.join(pairs[start : start + _PAIRS])}))"
    return said


# ── layers ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def copy_layer(source: sqlite3.Connection, target: sqlite3.Connection, name: str) -> None:
    """Copy a layer or a raster from one GeoPackage into another that has none of that name."""
    for table in _names(source, "name LIKE 'gpkg\\_%' ESCAPE '\\'", "table"):
        columns = _all_columns(source, table)
        whose = next((c for c in ("table_name", "tile_matrix_set_name", "tpudt_name") if c in columns), None)
        if table == "gpkg_spatial_ref_sys":
            _copy_rows(source, target, table, "srs_id IN (SELECT srs_id FROM gpkg_contents WHERE table_name = ?)", name)
        elif whose is not None:
            if not _exists(target, table):
                target.execute(_sql(source, table))
            _copy_rows(source, target, table, f"{whose} = ?", name)
    copy_table(source, target, name)


def drop_layer(db: sqlite3.Connection, name: str) -> None:
    """Take a layer or a raster out of a GeoPackage."""
    for table in reversed(_names(db, "name LIKE 'gpkg\\_%' ESCAPE '\\'", "table")):
        columns = _all_columns(db, table)
        whose = next((c for c in ("tile_matrix_set_name", "tpudt_name", "table_name") if c in columns), None)
        if whose is not None:
            db.execute(f"DELETE FROM {quoted(table)} WHERE {whose} = ?", (name,))
    for index in _names(db, "name LIKE 'rtree\\_' || ? || '\\_%' ESCAPE '\\' AND sql LIKE 'CREATE VIRTUAL%'", "table",
                        name):  # fmt: skip
        db.execute(f"DROP TABLE {quoted(index)}")
    db.execute(f"DROP TABLE {quoted(name)}")


def copy_table(source: sqlite3.Connection, target: sqlite3.Connection, name: str) -> None:
    """Copy a table with its indexes, its spatial index and its triggers."""
    target.execute(_sql(source, name))
    _copy_rows(source, target, name)
    tree = f"rtree_{name}_{_geometry(source, name)}"
    if _exists(source, tree):
        target.execute(_sql(source, tree))
        _copy_rows(source, target, tree)
    for (statement,) in source.execute(
        "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql NOT NULL", (name,)
    ):
        target.execute(statement)


def _copy_rows(
    source: sqlite3.Connection, target: sqlite3.Connection, table: str, where: str = "1", *values: str
) -> None:  # fmt: skip
    columns = [c for c in _all_columns(source, table) if c in _all_columns(target, table)]
    if table.startswith("gpkg_2d_gridded"):
        columns.remove("id")  # numbered anew in every file
    names, marks = ", ".join(map(quoted, columns)), ", ".join("?" * len(columns))
    rows = source.execute(f"SELECT {names} FROM {quoted(table)} WHERE {where}", values)
    target.executemany(f"INSERT OR IGNORE INTO {quoted(table)} ({names}) VALUES ({marks})", rows)


def _sql(db: sqlite3.Connection, table: str) -> str:
    return str(db.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()[0])


def _exists(db: sqlite3.Connection, name: str) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None


def _names(db: sqlite3.Connection, where: str, kind: str, *values: str) -> list[str]:
    rows = db.execute(f"SELECT name FROM sqlite_master WHERE type = ? AND {where} ORDER BY rowid", (kind, *values))
    return [str(name) for (name,) in rows]


def _layers(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')")
    return [str(name) for (name,) in rows if _exists(db, name)]


def _all_columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in db.execute(f"PRAGMA table_info({quoted(table)})")]


def _columns(db: sqlite3.Connection, table: str, schema: str = "main") -> list[str]:
    """Return the columns of a layer's table that are neither its key nor its geometry."""
    shape = _geometry(db, table, schema)
    info = db.execute(f"PRAGMA {schema}.table_info({quoted(table)})")
    return [str(row[1]) for row in info if not row[5] and row[1] != shape]


def _geometry(db: sqlite3.Connection, table: str, schema: str = "main") -> str | None:
    row = db.execute(
        f"SELECT column_name FROM {schema}.gpkg_geometry_columns WHERE table_name = ?", (table,)
    ).fetchone()
    return str(row[0]) if row else None
