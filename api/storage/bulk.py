"""Large tables of a study file read at once: by Arrow's own reader, through a copy of the file.

Row by row Python makes an object of every value and holds the interpreter while it does; Arrow's reader does neither.
But it brings a second copy of SQLite, which must not touch a file that this process has open (`api.storage.embedded`):
so it reads a copy, made by SQLite's own backup, which costs little beside.
"""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pyarrow as pa

FEWEST_ROWS = 20_000
"""Smaller tables are read as quickly without a copy."""

MOST_BYTES_A_ROW = 4_000
"""A file larger than this for each row holds mostly other things: copying it would cost more than it spares."""

_BATCH = 65_536
"""Rows of which Arrow's reader learns the type of a column, and of which it makes one piece."""


def is_worth_it(db: sqlite3.Connection, table: str) -> bool:
    """Tell whether a table (quoted) is large, and most of its file."""
    pages, size = (db.execute(f"PRAGMA {each}").fetchone()[0] for each in ("page_count", "page_size"))
    if pages * size < FEWEST_ROWS * 20:
        return False
    rows = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - quoted
    return bool(rows >= FEWEST_ROWS and pages * size <= rows * MOST_BYTES_A_ROW)


def read_copied(db: sqlite3.Connection, statement: str, schema: pa.Schema) -> pa.Table | None:
    """Return what a statement selects, with the columns of `schema`; None where values are of other types.

    None too while `db` itself is writing: SQLite makes no copy then.

    What `db` has read in its transaction so far is what the copy holds, whatever others write meanwhile.
    """
    import adbc_driver_sqlite  # noqa: PLC0415 - most studies are small
    from adbc_driver_manager import AdbcConnection, AdbcStatement, Error  # noqa: PLC0415 - as above

    # what `adbc_driver_sqlite.dbapi` does, but that loads pandas
    try:
        with tempfile.TemporaryDirectory(prefix="shequ-") as folder:
            copy = Path(folder) / "copy.gpkg"
            with closing(sqlite3.connect(copy, isolation_level=None)) as out:
                out.execute("PRAGMA synchronous = OFF")
                db.backup(out, progress=_never_wait)
                out.execute("PRAGMA journal_mode = DELETE")
            with (
                adbc_driver_sqlite.connect(str(copy)) as there,
                AdbcConnection(there) as connection,
                AdbcStatement(connection) as asked,
            ):
                asked.set_options(**{"adbc.sqlite.query.batch_rows": str(_BATCH)})
                asked.set_sql_query(statement)
                stream, _ = asked.execute_query()
                read = pa.RecordBatchReader._import_from_c(stream.address).read_all()
        columns = [_column(read.column(nth), each) for nth, each in enumerate(schema)]
        return pa.table(columns, schema).combine_chunks()
    except (Error, OSError, sqlite3.OperationalError, pa.ArrowInvalid):
        return None  # values of other types, or no room for a copy


def _never_wait(status: int, _remaining: int, _total: int) -> None:
    """End a backup that SQLite lets wait: `sqlite3` would try again for ever."""
    if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise sqlite3.OperationalError("the file is being written")


def _column(values: pa.ChunkedArray, wanted: pa.Field) -> pa.ChunkedArray | pa.Array:
    """Return a column in the type that is wanted.

    Raises
    ------
    pyarrow.ArrowInvalid
        When it holds something else.
    """
    if values.type == wanted.type:
        return values
    if values.null_count == len(values):
        return pa.nulls(len(values), wanted.type)
    if (values.type, wanted.type) not in _ALIKE:
        raise pa.ArrowInvalid(f"{wanted.name} holds {values.type}")
    return values.cast(wanted.type)


_ALIKE = {(pa.binary(), pa.string()), (pa.int64(), pa.bool_()), (pa.int64(), pa.float64())}
"""What SQLite keeps where something else is meant, without losing anything."""
