"""Study files as they are served: opened by other programs, changed by them, of older and newer formats, killed."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from api.storage.bulk import FEWEST_ROWS
from api.storage.embedded import EmbeddedStorage, new_backend, open_backend
from api.storage.geopackage import register
from api.storage.records import CollectionWrite, DocumentWrite, FeatureWrite
from api.storage.store import Store
from geo.contracts import TABLES
from geo.errors import InputError
from geo.study import read_study, write_study
from geo.study_file import FORMAT
from tests.api.served import small_study
from tests.api.storage.writers import processes, race, write_on

SHAPE = shapely.box(500_010, 3_340_010, 500_020, 3_340_020)


@pytest.fixture
def path(town_file: Path, tmp_path: Path) -> Path:
    """A study file as a command wrote it: format 1."""
    return Path(shutil.copy(town_file, tmp_path / "town.gpkg"))


Opened = Callable[[Path], tuple[EmbeddedStorage, Store]]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Return a function that opens a file; whatever is still open at the end is closed."""
    storages: list[EmbeddedStorage] = []

    def open_file(path: Path) -> tuple[EmbeddedStorage, Store]:
        storages.append(EmbeddedStorage({"town": path}))
        return storages[-1], storages[-1].open("town")

    yield open_file
    for each in storages:
        each.close()


def rename(store: Store, feature: str, name: str) -> None:
    row = store.rows("buildings", ids=[feature]).to_pylist()[0]
    told = {k: v for k, v in row.items() if k not in ("id", "version", "tx", "geometry")}
    store.commit([FeatureWrite("buildings", feature, "replace", told | {"name": name}, row["geometry"])],
                 by="张三", action="edit")  # fmt: skip


def sql(path: Path, statement: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(statement).fetchall()
        db.commit()
        return rows


def format_of(path: Path) -> str:
    return sql(path, "SELECT value FROM shequ_meta WHERE key = 'format'")[0][0]


# ── other programs read it ───────────────────────────────────────────────────────────────────────────────────────────
def test_the_file_stays_a_geopackage_that_gdal_reads(path: Path, opened: Opened) -> None:
    storage, store = opened(path)
    store.commit(
        [FeatureWrite("buildings", "新", "create", {"name": "新楼"}, SHAPE.wkb),
         FeatureWrite("buildings", "JZ001", "delete"),
         FeatureWrite("estates", "XQ1", "replace", {"name": "二村"}, shapely.MultiPolygon([SHAPE]).wkb)],
        by="a", action="b",
    )  # fmt: skip
    storage.close()
    assert [each.name for each in path.parent.iterdir()] == ["town.gpkg"], "nothing may stay beside the file"
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]
    layers = {name for name, _ in pyogrio.list_layers(path)}
    assert set(small_study().tables) <= layers
    assert not [name for name in layers if name.startswith("shequ_") and name not in ("shequ_meta", "shequ_repairs")]
    houses = pyogrio.read_dataframe(path, layer="buildings").set_index("building_id")
    assert len(houses) == pyogrio.read_info(path, layer="buildings")["features"] == 51
    assert houses.loc["新", "name"] == "新楼"
    assert houses.loc["新"].geometry.equals(SHAPE)
    assert houses.crs.to_epsg() == 4549
    for bbox in ((500_000, 3_340_000, 500_200, 3_340_200), (500_350, 3_340_350, 500_500, 3_340_500)):
        by_index = pyogrio.read_dataframe(path, layer="buildings", bbox=bbox)
        assert set(by_index["building_id"]) == set(houses.index[houses.intersects(shapely.box(*bbox))])
    assert set(pyogrio.read_dataframe(path, layer="estates").geom_type) == {"Polygon", "MultiPolygon"}


def test_a_result_is_a_layer_with_a_spatial_index(path: Path, opened: Opened) -> None:
    from tests.api.storage.test_store import result

    storage, store = opened(path)
    store.commit([result(store)], by="job", action="gaps")
    storage.close()
    info = pyogrio.read_info(path, layer="gaps.g1.homes")
    assert (info["features"], info["geometry_type"], info["crs"]) == (51, "Polygon", "EPSG:4549")
    assert info["capabilities"]["fast_spatial_filter"]
    few = pyogrio.read_dataframe(path, layer="gaps.g1.homes", bbox=(500_000, 3_340_000, 500_200, 3_340_200))
    assert len(few) == 3
    assert few["score"].dtype.kind == "i"
    assert few["good"].dtype.kind == "b"


def test_commands_read_a_file_with_a_log(path: Path, opened: Opened) -> None:
    storage, store = opened(path)
    rename(store, "JZ001", "甲")
    served = store.study()
    storage.close()
    assert format_of(path) == "2"
    back = read_study(path)
    assert back["buildings"].loc["JZ001", "name"] == "甲"
    for name, frame in served.tables.items():
        pd.testing.assert_frame_equal(pd.DataFrame(back[name].sort_index()), pd.DataFrame(frame), check_like=True)


# ── other programs change it ─────────────────────────────────────────────────────────────────────────────────────────
def by_another_program(path: Path, *statements: str) -> None:
    """Change the file in another process, through GDAL's SQL, as QGIS would."""
    for statement in statements:
        subprocess.run(["ogrinfo", "-q", str(path), "-sql", statement], check=True, capture_output=True)


needs_gdal = pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="GDAL's commands are not installed (gdal-bin)")


@needs_gdal
@pytest.mark.parametrize("open_meanwhile", [False, True])
def test_what_another_program_changes_becomes_a_transaction(path: Path, open_meanwhile: bool, opened: Opened) -> None:
    storage, store = opened(path)
    head = store.head()
    if not open_meanwhile:
        storage.close()
    by_another_program(
        path,
        "UPDATE buildings SET name = '外', height_m = 0.1 WHERE building_id = 'JZ001'",
        "DELETE FROM buildings WHERE building_id = 'JZ002'",
        "INSERT INTO buildings (geom, use) SELECT geom, use FROM buildings WHERE building_id = 'JZ003'",
        "UPDATE buildings SET building_id = 'neu' WHERE building_id = 'JZ004'",
        "UPDATE roads SET oneway = 1 WHERE road_id = 'R1'",
    )
    if not open_meanwhile:
        storage, store = opened(path)
    assert store.head() == head + (1 if not open_meanwhile else store.head() - head)
    told = store.transactions(limit=store.head() - head)
    assert {t.by for t in told} == {"another program"}
    assert {t.action for t in told} == {"changed by another program"}
    first, second = store.history("buildings", "JZ001")
    assert (first.properties["name"], second.properties["name"]) == ("1-1号楼", "外")
    assert (first.properties["height_m"], second.properties["height_m"]) == (9.0, 0.1)
    assert [v.op for v in store.history("buildings", "JZ002")] == ["create", "delete"]
    assert [v.op for v in store.history("buildings", "JZ004")] == ["create", "delete"]
    assert [v.op for v in store.history("buildings", "neu")] == ["create"]
    (given,) = [c.id for c in store.changes(head, "buildings") if c.id.startswith("buildings-")]
    assert store.rows("buildings", ids=[given]).to_pylist()[0]["use"] == "residential", "a row without id is given one"
    road = store.history("roads", "R1")
    assert (road[0].properties["oneway"], road[1].properties["oneway"]) == (False, True)
    then = store.rows("buildings", as_of=head)
    assert then.drop_columns(["version", "tx"]).equals(_first_rows(path.parent, store))
    for made in told:
        store.undo(made.tx, by="a")
    assert store.rows("buildings").drop_columns(["version", "tx"]).equals(then.drop_columns(["version", "tx"]))
    storage.close()


def _first_rows(folder: Path, store: Store):
    from api.storage.frames import to_rows
    from api.storage.rows import rows_of

    collection = store.collections()["buildings"]
    return rows_of(collection, to_rows(small_study()["buildings"], collection)).select(
        ["id", "geometry", *(c.name for c in collection.columns)])  # fmt: skip


@needs_gdal
def test_a_table_that_another_program_replaces_or_extends(path: Path, tmp_path: Path, opened: Opened) -> None:
    storage, store = opened(path)
    head = store.head()
    storage.close()
    houses = small_study()["facilities"].iloc[:3].reset_index()
    houses.loc[0, "name"] = "外"
    houses.to_file(tmp_path / "f.gpkg", layer="facilities")
    subprocess.run(["ogr2ogr", "-overwrite", "-nln", "facilities", str(path), str(tmp_path / "f.gpkg"), "facilities"],
                   check=True, capture_output=True)  # fmt: skip
    by_another_program(path, "ALTER TABLE estates ADD COLUMN remark TEXT", "DROP TABLE observations")
    storage, store = opened(path)
    (made,) = store.transactions(limit=store.head() - head)
    assert {"facilities", "estates", "observations"} <= set(made.counts)
    assert store.rows("facilities")["version"].to_pylist() == [2, 2, 2]
    assert [c.name for c in store.collections()["estates"].columns][-1] == "remark"
    assert "observations" not in store.collections()
    assert "observations" not in store.study().tables
    storage.close()


def test_a_value_of_another_type_is_told(path: Path, opened: Opened) -> None:
    storage, _store = opened(path)
    storage.close()
    with closing(sqlite3.connect(path)) as db:
        register(db)
        db.execute("UPDATE buildings SET households = 'many' WHERE building_id = 'JZ001'")
        db.commit()
    with pytest.raises(InputError, match="households holds 'many', which is no int64") as error:
        opened(path)
    assert error.value.faults[0].table == "buildings"


# ── commands write it ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_command_keeps_the_log_and_its_changes_become_a_transaction(path: Path, opened: Opened) -> None:
    from tests.api.storage.test_store import result

    storage, store = opened(path)
    rename(store, "JZ001", "甲")
    store.commit([result(store), DocumentWrite("plan", "p", {"a": 1})], by="a", action="b")
    head, log = store.head(), store.transactions()
    storage.close()
    study = read_study(path)
    houses = study["buildings"].copy()
    houses.loc["JZ002", "households"] = 99
    houses = houses.drop(index="JZ003")
    write_study(study.having({"buildings": houses}), path)
    assert [each.name for each in path.parent.iterdir()] == ["town.gpkg"]
    assert pyogrio.read_info(path, layer="gaps.g1.homes")["features"] == 51
    storage, store = opened(path)
    assert store.transactions()[1:] == log
    made = store.transactions()[0]
    assert (made.tx, made.by, dict(made.counts)) == (head + 1, "another program", {"buildings": 2})
    assert [v.properties.get("households") for v in store.history("buildings", "JZ002")] == [21, 99]
    assert [v.by for v in store.history("buildings", "JZ001")][1:] == ["张三"]
    assert store.document("plan", "p").body == {"a": 1}
    assert store.rows("gaps.g1.homes").num_rows == 51
    assert store.rows("buildings", as_of=head, ids=["JZ003"]).num_rows == 1
    store.undo(made.tx, by="a")
    assert store.rows("buildings").num_rows == 51
    storage.close()
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_command_that_changes_nothing_makes_no_transaction(path: Path, opened: Opened) -> None:
    storage, store = opened(path)
    store.commit([FeatureWrite("estates", "XQ1", "replace", {"name": "二村"}, shapely.MultiPolygon([SHAPE]).wkb)],
                 by="a", action="b")  # fmt: skip
    head = store.head()
    storage.close()
    write_study(read_study(path), path)
    storage, store = opened(path)
    assert store.head() == head
    storage.close()


def test_a_study_that_a_server_has_open_is_not_overwritten(path: Path, opened: Opened) -> None:
    storage, store = opened(path)
    with pytest.raises(InputError, match="a server has this study open") as error:
        write_study(small_study(), path)
    assert error.value.faults[0].file == str(path)
    assert read_study(path).name == "小镇", "reading goes on"
    second = EmbeddedStorage({"town": path})
    assert second.open("town").head() == store.head(), "servers and workers share a file"
    second.close()
    with pytest.raises(InputError, match="a server has this study open"):
        write_study(small_study(), path)
    storage.close()
    write_study(small_study(), path)


# ── formats ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_file_of_every_format_is_brought_to_the_newest(path: Path, opened: Opened) -> None:
    assert format_of(path) == "1", "commands write the first format"
    storage, store = opened(path)
    assert [t.action for t in store.transactions()] == ["opened"]
    assert dict(store.transactions()[0].counts) == {k: len(v) for k, v in small_study().tables.items()}
    storage.close()
    assert format_of(path) == str(FORMAT)
    storage, store = opened(path)
    assert len(store.transactions()) == 1, "opening again changes nothing"
    storage.close()


def test_a_table_that_lacks_columns_of_its_contract_gets_them(path: Path, opened: Opened) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE communities DROP COLUMN elders")
        db.commit()
    storage, store = opened(path)
    row = store.rows("communities", ids=["SQ01"]).to_pylist()[0]
    assert row["elders"] is None
    told = {k: v for k, v in row.items() if k not in ("id", "version", "tx", "geometry")}
    store.commit([FeatureWrite("communities", "SQ01", "replace", told | {"elders": 7}, row["geometry"])],
                 by="a", action="b")  # fmt: skip
    assert store.rows("communities", ids=["SQ01"]).to_pylist()[0]["elders"] == 7
    storage.close()


def test_columns_of_somebodys_own_that_are_called_as_ours_get_another_name(
    path: Path, tmp_path: Path, opened: Opened
) -> None:
    houses = small_study()["buildings"].assign(version="v7", id=7)
    own = tmp_path / "own.gpkg"
    write_study(small_study().having({"buildings": houses}), own)
    storage, store = opened(own)
    assert {"version_", "id_"} <= {c.name for c in store.collections()["buildings"].columns}
    row = store.rows("buildings", ids=["JZ001"]).to_pylist()[0]
    assert (row["version"], row["version_"], row["id"], row["id_"]) == (1, "v7", "JZ001", 7)
    store.put_study(small_study().having({"buildings": houses}), by="a", action="b")
    assert store.rows("buildings", ids=["JZ001"]).to_pylist() == [row]
    storage.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: sql(p, "UPDATE shequ_meta SET value = '3' WHERE key = 'format'"), "newer shequ .format 3"),
        (lambda p: p.write_bytes(b""), "not a GeoPackage"),
        (lambda p: p.write_bytes(b"SQLite format 3\0" + b"x" * 300), "cannot be read"),
        (lambda p: sql(p, "DELETE FROM shequ_meta WHERE key = 'crs'"), "lacks crs"),
        (lambda p: (p.unlink(), gpd.GeoDataFrame(geometry=[SHAPE], crs=4549).to_file(p)), "not a study"),
        (lambda p: sql(p, "UPDATE shequ_meta SET value = '/etc/passwd' WHERE key = 'crs'"), "coordinate system cannot"),
        (lambda p: sql(p, "UPDATE shequ_meta SET value = '[[' WHERE key = 'notes'"), "notes cannot be read"),
        (lambda p: (sql(p, "ALTER TABLE roads RENAME TO r"), sql(p, "CREATE VIEW roads AS SELECT * FROM r")),
         "the view roads"),
        *((lambda p, it=it: sql(p, f"CREATE TRIGGER evil {it}"), "code of its own: the trigger evil") for it in (
            "BEFORE UPDATE ON roads BEGIN SELECT RAISE(IGNORE); END",  # an edit would be acknowledged, and is not kept
            "AFTER UPDATE ON roads BEGIN DELETE FROM facilities; END",
            'AFTER INSERT ON roads BEGIN UPDATE"buildings"SET households = 0; END',
            "AFTER DELETE ON roads BEGIN INSERT OR REPLACE INTO [blocks] SELECT * FROM blocks; END",
            "AFTER DELETE ON roads BEGIN DELETE/* rtree_ */FROM blocks; END",
        )),
    ],
)  # fmt: skip
def test_strange_files_are_refused_and_left_as_they_are(path: Path, spoil, message: str) -> None:
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=message):
        EmbeddedStorage({"town": path}).open("town")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["town.gpkg"]


def test_no_file_is_made_where_none_was_named(path: Path) -> None:
    storage = EmbeddedStorage({"town": path})
    with pytest.raises(InputError, match="no file was named for a study other"):
        storage.create("other", small_study(), by="a")
    storage.close()


def test_an_empty_study_file_takes_a_study_part_by_part(tmp_path: Path) -> None:
    backend = new_backend(tmp_path / "new.gpkg")
    study = small_study()
    with backend.begin() as db:
        backend.put_about(db, study)
    store = Store("new", backend)
    store.put_study(study, by="a", action="b")
    store.close()
    back = open_backend(tmp_path / "new.gpkg")
    assert back.about()["name"] == "小镇"
    back.close()
    assert set(read_study(tmp_path / "new.gpkg").tables) == set(study.tables)
    assert pyogrio.read_info(tmp_path / "new.gpkg", layer="roads")["crs"] == "EPSG:4549"


def test_every_column_of_every_contract_can_be_written(tmp_path: Path) -> None:
    """An empty study of all tables."""
    from dataclasses import replace

    from geo.schema import empty

    study = replace(small_study(), tables={name: empty(name, small_study().crs) for name in TABLES})
    storage = EmbeddedStorage({"town": tmp_path / "town.gpkg"})
    store = storage.create("town", study, by="李四")
    assert store.transactions()[0].by == "李四"
    assert set(store.collections()) == set(TABLES)
    assert set(store.study().tables) == set(TABLES)
    storage.close()


# ── killed ───────────────────────────────────────────────────────────────────────────────────────────────────────────
ROUNDS = 20


def heard(told: Connection) -> Iterator[Any]:
    """Yield what a process tells until it ends."""
    with suppress(EOFError, ConnectionResetError):
        while True:
            yield told.recv()


def test_a_killed_writer_loses_nothing_that_was_acknowledged(path: Path, opened: Opened) -> None:
    """Twenty times: a process writes, says what was accepted, and is killed at a moment nobody chose."""
    acknowledged: list[str] = []
    context = processes()
    for number in range(ROUNDS):
        told, telling = context.Pipe(duplex=False)
        writer = context.Process(target=write_on, args=(path, str(number), telling))
        writer.start()
        telling.close()
        acknowledged.extend(told.recv() for _ in range(1 + number % 5))
        writer.kill()
        acknowledged.extend(heard(told))
        writer.join()
        writer.close()
        told.close()
    storage, store = opened(path)
    there = set(store.rows("buildings")["id"].to_pylist())
    assert set(acknowledged) <= there, "an acknowledged write is missing"
    assert len(acknowledged) >= ROUNDS
    made = {name for name in there if "-" in name}
    assert len(made) <= len(acknowledged) + ROUNDS, "at most one write per round may be there without having been told"
    logged = [t for t in store.transactions(limit=10_000) if t.by == "writer"]
    assert len(logged) == len(made), "each write is one line of the log"
    last = store.document("last", "one")
    assert last is not None
    assert last.tx == logged[0].tx
    storage.close()
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]
    assert pyogrio.read_info(path, layer="buildings")["features"] == len(there)


def test_processes_that_write_at_once_lose_nothing(path: Path, opened: Opened) -> None:
    opened(path)[0].close()
    context = processes()
    racers, pipes = [], []
    for n in range(8):
        told, telling = context.Pipe(duplex=False)
        racers.append(context.Process(target=race, args=(path, f"w{n}", 6, telling)))
        racers[-1].start()
        telling.close()
        pipes.append(told)
    answers = [answer for told in pipes for answer in heard(told)]
    for racer, told in zip(racers, pipes, strict=True):
        racer.join()
        racer.close()
        told.close()
    accepted = sorted(tx for word, tx in answers if word == "accepted")
    assert len(answers) == 48
    assert len(set(accepted)) == len(accepted) >= 6
    assert all(why for word, why in answers if word != "accepted"), "every refused one is told why"
    storage, store = opened(path)
    assert store.rows("buildings", ids=["JZ001"])["version"].to_pylist() == [len(accepted) + 1]
    assert sorted(t.tx for t in store.transactions(limit=100) if t.action == "race") == accepted
    storage.close()


def test_a_large_table_is_read_also_while_its_study_is_written(tmp_path: Path) -> None:
    """SQLite copies no file for a connection that is writing to it: such a table is read row by row."""
    study = small_study()
    many = pd.concat([study["buildings"]] * 500, ignore_index=True)
    many.index = pd.Index([f"J{n:06d}" for n in range(len(many))], name="building_id")
    path = tmp_path / "large.gpkg"
    write_study(study.having({"buildings": many}), path)
    storage = EmbeddedStorage({"large": path})
    try:
        store = storage.open("large")
        rows = store.rows("buildings").drop_columns(["version", "tx"])
        assert len(rows) == len(many) >= FEWEST_ROWS
        fewer = CollectionWrite(store.collections()["buildings"], rows.slice(1))
        told = store.commit([fewer], by="a", action="fewer")
        assert told.counts == {"buildings": 1}
        store.undo(told.tx, by="a")
        assert store.rows("buildings").drop_columns(["version", "tx"]) == rows
    finally:
        storage.close()
