"""Large tables read through a copy hold what those read row by row hold; where they cannot be, rows are read."""

import sqlite3
from contextlib import closing

import pyarrow as pa
import pytest
import shapely

from api.storage import bulk, geopackage
from api.storage.embedded import EmbeddedStorage
from api.storage.records import FeatureWrite
from geo.study import write_study
from tests.api.served import STUDY_ID, small_study


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "town.gpkg"
    write_study(small_study(), made)
    return made


@pytest.fixture
def store(path):
    storage = EmbeddedStorage({STUDY_ID: path})
    yield storage.open(STUDY_ID)
    storage.close()


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(geopackage, "is_worth_it", lambda *_: True)


def test_every_table_is_the_same_both_ways(store, monkeypatch):
    by_row = {name: store.rows(name) for name in store.collections()}
    monkeypatch.setattr(geopackage, "is_worth_it", lambda *_: True)
    for name, rows in by_row.items():
        assert store.rows(name).equals(rows), name


@pytest.mark.usefixtures("always")
def test_what_was_just_written_is_read(store):
    row = store.rows("buildings", ids=["JZ001"]).to_pylist()[0]
    geometry, version = row.pop("geometry"), row.pop("version")
    values = {name: value for name, value in row.items() if name not in ("id", "tx")}
    write = FeatureWrite("buildings", "JZ001", "replace", values | {"name": "新楼"}, geometry, version)
    store.commit([write], by="somebody", action="edit")
    assert {row["id"]: row["name"] for row in store.rows("buildings").to_pylist()}["JZ001"] == "新楼"


@pytest.mark.usefixtures("always")
def test_a_transaction_that_writes_reads_without_a_copy(store):
    store.put_study(small_study(), by="somebody", action="import")
    assert len(store.rows("buildings")) == 51


def test_values_of_another_type_are_left_to_the_rows():
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE t (id TEXT, floors INTEGER, flat BOOLEAN, height REAL)")
        db.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [("a", 3, 1, 2.5), ("b", None, 0, 7)])
        schema = pa.schema({"id": pa.string(), "floors": pa.int64(), "flat": pa.bool_(), "height": pa.float64()})
        db.commit()
        read = bulk.read_copied(db, "SELECT * FROM t", schema)
        assert read is not None
        assert read.to_pylist() == [{"id": "a", "floors": 3, "flat": True, "height": 2.5},
                                    {"id": "b", "floors": None, "flat": False, "height": 7.0}]  # fmt: skip
        db.execute("UPDATE t SET floors = 'three' WHERE id = 'a'")
        db.commit()
        assert bulk.read_copied(db, "SELECT * FROM t", schema) is None


def test_only_large_tables_that_fill_their_file_are_worth_it():
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE t (id TEXT, wkb BLOB)")
        assert not bulk.is_worth_it(db, '"t"')
        wkb = shapely.to_wkb(shapely.Point(1, 2))
        db.executemany("INSERT INTO t VALUES (?, ?)", ((str(n), wkb) for n in range(bulk.FEWEST_ROWS)))
        assert bulk.is_worth_it(db, '"t"')
        db.execute("CREATE TABLE other (content BLOB)")
        db.execute("INSERT INTO other VALUES (zeroblob(?))", (bulk.FEWEST_ROWS * bulk.MOST_BYTES_A_ROW,))
        assert not bulk.is_worth_it(db, '"t"')
