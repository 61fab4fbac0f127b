"""Rows on the way to PostgreSQL and back: whatever goes in comes out."""

from collections.abc import Iterator

import psycopg
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from api.storage.copy_rows import fetch, send

SCHEMA = pa.schema([
    pa.field("id", pa.string(), nullable=False), pa.field("geometry", pa.binary()), pa.field("said", pa.string()),
    pa.field("count", pa.int64()), pa.field("number", pa.float64()), pa.field("flag", pa.bool_()),
])  # fmt: skip

QUERY = sql.SQL("SELECT * FROM kept ORDER BY id")

words = st.one_of(
    st.sampled_from(["", "\\.", '"', '""', ",", "\r\n", "\n\\.\n", "NULL", "t", "\\N", " ", "楼\t1", "nan", "𠮷"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
shapes = st.one_of(st.binary(max_size=40), st.just(shapely.to_wkb(shapely.box(0, 0, 1, 1))))
columns = st.tuples(
    st.none() | shapes, st.none() | words, st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False), st.none() | st.booleans(),
)  # fmt: skip


@pytest.fixture(scope="module")
def db(cluster) -> Iterator[psycopg.Connection]:
    """A table that keeps shapes as the hex in which they come."""
    url = cluster.database()
    with psycopg.connect(url) as made:
        made.execute(
            'CREATE TABLE kept (id text COLLATE "C" PRIMARY KEY, geometry text, said text, count bigint, '
            "number double precision, flag boolean)"
        )
        yield made
    cluster.drop(url)


def rows_of(kept: dict[str, tuple]) -> pa.Table:
    return pa.table(
        [pa.array([key, *more][place] for key, more in kept.items()) for place in range(6)] if kept else
        [[] for _ in SCHEMA], names=SCHEMA.names,
    ).cast(SCHEMA)  # fmt: skip


def there_and_back(db, rows: pa.Table) -> pa.Table:
    with db.transaction(force_rollback=True):
        send(db, sql.Identifier("kept"), rows.column_names, rows)
        return fetch(db, QUERY, SCHEMA)


@settings(max_examples=60, deadline=None)
@given(kept=st.dictionaries(words, columns, max_size=6), cut=st.integers(0, 6))
def test_what_goes_in_comes_out_in_order_of_code_points(db, kept, cut) -> None:
    rows = rows_of(kept)
    got = there_and_back(db, pa.concat_tables([rows.slice(0, cut), rows.slice(cut)]))
    assert got.schema == SCHEMA
    assert got.to_pylist() == rows_of(dict(sorted(kept.items()))).to_pylist()


def test_nothing_is_a_table_without_rows(db) -> None:
    got = fetch(db, QUERY, SCHEMA)
    assert got.schema == SCHEMA
    assert got.num_rows == 0


def test_many_rows_come_in_several_pieces(db) -> None:
    rows = rows_of({f"{number:06}": (b"x" * 300, "街" * 20, number, None, None) for number in range(20_000)})
    got = there_and_back(db, rows)
    assert got["said"].num_chunks > 1
    assert got.equals(rows)
