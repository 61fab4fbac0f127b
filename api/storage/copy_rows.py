"""Rows of features on the way to and from PostgreSQL: Arrow tables as the CSV of its COPY, with shapes as hex."""

import binascii

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from pyarrow import csv

_BLOCK = 4 * 1024 * 1024


def fetch(db: "psycopg.Connection[object]", query: sql.Composable, schema: pa.Schema) -> pa.Table:
    """Return what a query gives as a table of this schema; binary columns must come as hex (`encode(…, 'hex')`)."""
    received = pa.BufferOutputStream()
    command = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query)
    with db.cursor() as cursor, cursor.copy(command) as copied:
        for chunk in copied:
            received.write(chunk)
    content = received.getvalue()
    if not content.size:
        return schema.empty_table()
    on_wire = pa.schema([pa.field(f.name, pa.large_string() if _is_hex(f) else f.type) for f in schema])
    told = csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(
            column_names=schema.names, block_size=min(_BLOCK, content.size + 1), use_threads=False
        ),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=on_wire, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
            true_values=["t"], false_values=["f"],
        ),
    )  # fmt: skip
    columns = [_bytes(c, f.type) if _is_hex(f) else c for c, f in zip(told.columns, schema, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)


def send(db: "psycopg.Connection[object]", table: sql.Composable, columns: list[str], rows: pa.Table) -> None:
    """Insert rows, whose columns stand in the order of the table's `columns`; binary columns are sent as hex."""
    if not rows.num_rows:
        return
    on_wire = pa.table(
        {
            str(number): _hex(column) if _is_hex(field) else column
            for number, (column, field) in enumerate(zip(rows.columns, rows.schema, strict=True))
        }
    )
    written = pa.BufferOutputStream()
    whole = on_wire.combine_chunks()  # of a piece without rows Arrow 26 would write what lies in memory
    csv.write_csv(whole, written, csv.WriteOptions(include_header=False, quoting_style="needed"))
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(table, names)
    content = memoryview(written.getvalue())
    with db.cursor() as cursor, cursor.copy(command) as copied:
        for start in range(0, len(content), _BLOCK):
            copied.write(content[start : start + _BLOCK])


def _is_hex(field: pa.Field) -> bool:
    return bool(pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type))


def _hex(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([_recoded(chunk.cast(pa.large_binary()), doubled=True) for chunk in column.chunks],
                            pa.large_string())  # fmt: skip


def _bytes(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return pa.chunked_array([_recoded(chunk, doubled=False).cast(kind) for chunk in column.chunks], kind)


def _recoded(array: pa.Array, *, doubled: bool) -> pa.Array:
    """Return bytes as hex, or hex as bytes, all values at one stroke."""
    _, places, content = array.buffers()
    ends = np.frombuffer(places, np.int64)[array.offset : array.offset + len(array) + 1]
    first, last = (int(ends[0]), int(ends[-1])) if len(array) else (0, 0)
    told = memoryview(content)[first:last] if content is not None else b""
    made = binascii.hexlify(told) if doubled else binascii.unhexlify(told)
    ends = (ends - first) * 2 if doubled else (ends - first) // 2
    valid = pc.is_valid(array).buffers()[1]
    kind = pa.large_string() if doubled else pa.large_binary()
    return pa.Array.from_buffers(kind, len(array), [valid, pa.py_buffer(ends.tobytes()), pa.py_buffer(made)])
