"""Studies in PostGIS: what other programs see of them, several servers at once, names, coordinate systems, failures.

What is the same in a file and in a database is tested in test_store.py, for both.
"""

import shutil
import subprocess
import threading
import time
from dataclasses import replace

import geopandas as gpd
import numpy as np
import psycopg
import pytest
import shapely
from affine import Affine
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pyproj import CRS
from shapely.geometry import Point, box
from sqlalchemy import insert, text

from api.errors import BusyError, NotFoundError
from api.storage import log
from api.storage.embedded import EmbeddedStorage
from api.storage.frames import collection_of, to_rows
from api.storage.postgis import PostgisStorage
from api.storage.postgis_study import PostgisBackend
from api.storage.records import CollectionWrite, DocumentWrite, FeatureWrite, FileWrite, study_collection
from api.storage.tables import holds, jobs
from geo.errors import InputError
from geo.raster import Raster
from geo.schema import conform
from geo.study import Repair, Study, write_study
from tests.api.postgis import start

TOWN = CRS.from_epsg(4549)
ODD = CRS.from_proj4("+proj=tmerc +lat_0=0 +lon_0=118.5 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m +type=crs")


def town(crs: CRS = TOWN, buildings: int = 3) -> Study:
    """Return a town of two communities side by side, and buildings in a row along their south."""
    communities = gpd.GeoDataFrame(
        {"name": ["东门社区", "西门社区"], "kind": "community", "households": [1200, None]},
        index=["SQ02", "SQ01"], geometry=[box(100, 0, 200, 100), box(0, 0, 100, 100)], crs=crs,
    )  # fmt: skip
    places = [box(10 * x, 0, 10 * x + 8, 8) for x in range(buildings)]
    houses = gpd.GeoDataFrame(
        {"use": "residential", "dwellings": range(buildings)},
        index=[f"b{x}" for x in range(buildings)], geometry=places, crs=crs,
    )  # fmt: skip
    dem = Raster(np.array([[1.5, np.nan], [2.5, 3.5]], dtype="float32"), Affine(50, 0, 0, 0, -50, 100), crs)
    tables = {"communities": conform(communities, "communities"), "buildings": conform(houses, "buildings")}
    repairs = (Repair("buildings", "b1", "repaired", "self_intersection", "was mended", "已修复"),)
    return Study("清河镇", crs, tables, "Qinghe", {"dem": dem}, repairs, {"import": {"source": "测绘"}})


@pytest.fixture
def storage(database):
    made = PostgisStorage(database)
    yield made
    made.close()


def edit(store, feature: str = "b1", **properties):
    row = store.rows("buildings", ids=[feature])
    write = FeatureWrite("buildings", feature, "replace", {"use": "residential", **properties},
                         row["geometry"][0].as_py())  # fmt: skip
    return store.commit([write], by="钱", action="edit")


# ── a study as it is there ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_study_comes_back_as_it_was_put(storage) -> None:
    study = town()
    store = storage.create("qinghe", study, by="赵")
    assert list(storage.studies()) == ["qinghe"]
    assert (store.name, store.name_en, store.crs) == ("清河镇", "Qinghe", TOWN)
    back = store.study()
    assert back.repairs == study.repairs
    assert back.notes == study.notes
    for name, table in study.tables.items():
        assert back.tables[name].index.tolist() == sorted(table.index)
        assert back.tables[name].crs == TOWN
        assert back.tables[name].loc[table.index].equals(table)
    assert np.array_equal(store.rasters()["dem"].values, study.rasters["dem"].values, equal_nan=True)
    assert store.rasters()["dem"].transform == study.rasters["dem"].transform
    assert storage.open("qinghe") is store


def test_ids_are_in_order_of_code_points_whatever_the_language_of_the_database(storage) -> None:
    ids = ["a", "B", "é", "Z", "ab", "a b", "社", "𠮷", "10", "9"]
    frame = gpd.GeoDataFrame({"n": range(10)}, index=ids, geometry=[Point(x, 0) for x in range(10)], crs=TOWN)
    store = storage.create("t", town(), by="赵")
    collection = collection_of(frame, "gaps.r1.homes", result_id="r1")
    store.commit([CollectionWrite(collection, to_rows(frame, collection))], by="赵", action="gaps")
    assert store.rows("gaps.r1.homes")["id"].to_pylist() == sorted(ids)
    assert store.rows("gaps.r1.homes", ids=["社", "a", "none"])["id"].to_pylist() == ["a", "社"]


def test_a_coordinate_system_without_a_number_is_told_to_postgis(cluster, storage) -> None:
    store = storage.create("odd", town(ODD), by="赵")
    assert store.crs.equals(ODD, ignore_axis_order=True)
    with storage.engine.connect() as db:
        srid = db.scalar(text("SELECT DISTINCT srid FROM geometry_columns WHERE f_table_schema = 'study_odd'"))
        place = db.execute(text(
            "SELECT ST_X(p), ST_Y(p) FROM study_odd.communities, ST_Transform(ST_Centroid(geom), 4326) AS p "
            "WHERE community_id = 'SQ01'"
        )).one()  # fmt: skip
    assert srid == 910_000
    here = gpd.GeoSeries([Point(50, 50)], crs=ODD).to_crs(4326)[0]
    assert tuple(place) == pytest.approx((here.x, here.y), abs=1e-6)
    storage.create("odd2", town(ODD), by="赵")  # the same system gets the same number
    with storage.engine.connect() as db:
        assert db.scalar(text("SELECT count(*) FROM spatial_ref_sys WHERE auth_name = 'shequ'")) == 1


def test_who_may_not_tell_postgis_of_a_coordinate_system_reads_what_to_do(cluster, database, storage) -> None:
    name = database.split("?")[0].rsplit("/", 1)[-1]
    cluster.run("REVOKE INSERT ON spatial_ref_sys FROM planner", database=name)
    with pytest.raises(InputError, match="PostGIS does not know the study's coordinate system") as refused:
        storage.create("odd", town(ODD), by="赵")
    assert "GRANT INSERT ON spatial_ref_sys" in refused.value.faults[0].remedy
    assert list(storage.studies()) == []


def test_long_and_chinese_names_are_cut_and_stay_apart(storage) -> None:
    names = ["楼" * 30 + "甲", "楼" * 30 + "乙", "geom", "building_id"]
    frame = gpd.GeoDataFrame({name: [name] for name in names}, index=["1"], geometry=[Point(0, 0)], crs=TOWN)
    several = [collection_of(frame, f"gaps.{'r' * 80}{number}.homes", result_id="r") for number in (1, 2)]
    study_id = "s" * 64
    store = storage.create(study_id, town(), by="赵")
    store.commit([CollectionWrite(each, to_rows(frame, each)) for each in several], by="赵", action="gaps")
    for each in several:
        row = store.rows(each.id).to_pylist()[0]
        assert {name: row[name] for name in names} == {name: name for name in names}
        assert shapely.from_wkb(row["geometry"]) == Point(0, 0)
    assert len(store.collections()) == 4
    storage.drop(study_id, by="赵")


# ── what other programs see ──────────────────────────────────────────────────────────────────────────────────────────
def test_the_tables_lie_there_for_qgis_with_meanings_and_units(storage) -> None:
    storage.create("t", town(), by="赵")
    with storage.engine.connect() as db:
        told = db.execute(text(
            "SELECT a.attname, col_description(a.attrelid, a.attnum) FROM pg_attribute a "
            "WHERE a.attrelid = 'study_t.buildings'::regclass AND a.attnum > 0"
        )).all()  # fmt: skip
        area = db.scalar(text("SELECT sum(ST_Area(geom)) FROM study_t.buildings"))
        db.execute(text("SET LOCAL enable_seqscan = off"))
        plan = db.scalars(text(
            "EXPLAIN SELECT * FROM study_t.buildings WHERE geom && ST_MakeEnvelope(0, 0, 5, 5, 4549)"
        )).all()  # fmt: skip
    meanings = dict(tuple(row) for row in told)
    columns = study_collection("buildings").columns
    assert [*meanings] == ["building_id", *(column.name for column in columns), "geom"]
    assert meanings["height_m"].endswith("[m]")
    assert area == 3 * 64
    assert "Index" in " ".join(plan)


def test_gdal_reads_the_tables(storage, database) -> None:
    if shutil.which("ogrinfo") is None:
        pytest.skip("gdal-bin is not installed")
    storage.create("t", town(), by="赵")
    address = f"PG:{make_conninfo(**conninfo_to_dict(database))} schemas=study_t"
    asked = ["ogrinfo", "-ro", "-so", address, "buildings"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert "Feature Count: 3" in told
    assert "Extent: (0.000000, 0.000000) - (28.000000, 8.000000)" in told
    assert 'ID["EPSG",4549]' in told


@pytest.mark.parametrize("command", [
    "UPDATE study_t.buildings SET use = 'office'", "DELETE FROM study_t.buildings", "TRUNCATE study_t.buildings",
    "INSERT INTO study_t.buildings (building_id) VALUES ('x')",
])  # fmt: skip
def test_writes_past_the_log_are_refused_with_the_way_to_go(storage, database, command) -> None:
    store = storage.create("t", town(), by="赵")
    with psycopg.connect(database) as db, pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        db.execute(command)
    assert "table buildings is kept by shequ together with its history" in str(refused.value)
    assert "Edit it through the API" in str(refused.value)
    assert (store.rows("buildings").num_rows, store.head()) == (3, 1)


def test_a_large_table_keeps_its_spatial_index(storage) -> None:
    store = storage.create("t", town(buildings=6_000), by="赵")
    assert store.rows("buildings").num_rows == 6_000
    with storage.engine.connect() as db:
        found = db.scalars(text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'study_t'")).all()
    assert sum("gist" in each for each in found) == 2


# ── several at once ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_another_server_sees_an_edit_at_once(storage, database) -> None:
    store = storage.create("t", town(), by="赵")
    other = PostgisStorage(database)
    there = other.open("t")
    assert there.head() == store.head() == 1
    done = edit(store, name="新楼")
    assert there.head() == done.tx
    assert there.rows("buildings", ids=["b1"])["name"].to_pylist() == ["新楼"]
    assert [(each.tx, each.id) for each in there.changes(1)] == [(done.tx, "b1")]
    edit(there, name="更新")
    assert store.rows("buildings", ids=["b1"]).to_pylist()[0]["version"] == 3
    other.close()


def test_a_write_waits_for_another_of_the_same_study_and_not_for_ever(storage) -> None:
    storage.create("t", town(), by="赵")
    storage.create("u", town(), by="赵")
    first, second = (PostgisBackend(storage.engine, "t", patience_s=0.1) for _ in range(2))
    with first.begin():
        with pytest.raises(BusyError, match="somebody else is writing this study") as busy, second.begin():
            pytest.fail("two write at once")
        assert busy.value.headers["Retry-After"]
        edit(storage.open("u"))  # another study is free
    with second.begin():
        pass


def test_two_that_make_the_same_study_at_once_make_one(storage, database) -> None:
    told: list[object] = []

    def make(by: str) -> None:
        own = PostgisStorage(database)
        try:
            told.append(own.create("t", town(), by=by).transactions()[0].by)
        except InputError as error:
            told.append(error.faults[0].what)
        own.close()

    several = [threading.Thread(target=make, args=(by,)) for by in "赵钱孙"]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert told.count("there is a study t already") == 2
    assert [each.by for each in storage.open("t").transactions()] == [one for one in told if len(str(one)) == 1]


def test_reading_sees_one_moment(storage) -> None:
    store = storage.create("t", town(), by="赵")
    backend, buildings = store.backend, store.collections()["buildings"]
    with backend.reading() as db:
        before = backend.read(db, buildings)
        edit(store, name="新楼")
        assert backend.read(db, buildings).equals(before)
        assert db.scalar(text("SELECT max(tx) FROM shequ_transactions")) == 1
    with backend.reading() as db:
        assert not backend.read(db, buildings).equals(before)


def test_what_is_broken_off_leaves_nothing(storage, cluster) -> None:
    store = storage.create("t", town(), by="赵")
    buildings = store.collections()["buildings"]

    def lose_the_connection() -> None:
        with store.backend.begin() as db:
            store.backend.delete(db, buildings, ["b0", "b1"])
            own_process = db.scalar(text("SELECT pg_backend_pid()"))
            cluster.run(f"SELECT pg_terminate_backend({own_process})")

    with pytest.raises(BusyError, match="the database does not answer"):
        lose_the_connection()
    assert store.rows("buildings").num_rows == 3
    assert edit(store).tx == 2


# ── making and deleting ──────────────────────────────────────────────────────────────────────────────────────────────
def test_an_id_is_taken_once_and_must_be_plain(storage) -> None:
    storage.create("t", town(), by="赵")
    with pytest.raises(InputError, match="there is a study t already"):
        storage.create("t", town(), by="赵")
    for wrong in ("", "a b", "楼", "x" * 65, "a/b"):
        with pytest.raises(InputError, match="is no id of a study"):
            storage.create(wrong, town(), by="赵")


def test_a_study_that_cannot_be_kept_is_not_begun(storage) -> None:
    whole = town()
    broken = whole.tables["buildings"].assign(use="castle")
    with pytest.raises(InputError, match="castle"):
        storage.create("t", replace(whole, tables={**whole.tables, "buildings": broken}), by="赵")
    assert list(storage.studies()) == []
    with storage.engine.connect() as db:
        assert db.scalar(text("SELECT count(*) FROM pg_namespace WHERE nspname = 'study_t'")) == 0


def test_a_schema_that_is_none_of_ours_is_left_alone(storage, database) -> None:
    with psycopg.connect(database, autocommit=True) as db:
        db.execute("CREATE SCHEMA study_t")
    with pytest.raises(InputError, match="has a schema study_t that is no study of ours"):
        storage.create("t", town(), by="赵")


def test_deleting_takes_everything_but_the_line_that_says_so(storage, database) -> None:
    store = storage.create("t", town(), by="赵")
    edit(store)
    storage.create("u", town(), by="赵")
    storage.drop("t", by="钱")
    with pytest.raises(NotFoundError, match="there is no study t"):
        storage.open("t")
    with pytest.raises(NotFoundError, match="there is no study t"):
        storage.drop("t", by="钱")
    assert list(storage.studies()) == ["u"]
    with storage.engine.connect() as db:
        left = db.execute(text("SELECT tx, by, action FROM shequ_transactions WHERE study = 't'")).all()
        assert [tuple(row) for row in left] == [(3, "钱", "drop")]
        for table in ("shequ_versions", "shequ_collections", "shequ_studies", "shequ_rasters"):
            assert db.scalar(text(f"SELECT count(*) FROM {table} WHERE study = 't'")) == 0
    again = storage.create("t", town(), by="赵")
    assert again.head() == 4  # no number means something else than it did
    assert again is not store


def test_another_server_notices_that_a_study_was_deleted_or_replaced(storage, database, monkeypatch) -> None:
    monkeypatch.setattr("api.storage.postgis._TRUSTED_S", 0.0)
    storage.create("t", town(), by="赵")
    other = PostgisStorage(database)
    there = other.open("t")
    storage.drop("t", by="赵")
    with pytest.raises(NotFoundError, match="there is no study t"):
        other.open("t")
    storage.create("t", town(), by="赵")
    assert other.open("t") is not there
    assert other.open("t").head() == 3
    other.close()


# ── backups ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def lived(store) -> None:
    """Let the study have a history: edits, a deleted feature, a plan's layer that went, documents, a file, a job."""
    edit(store, name="新楼")
    store.commit([FeatureWrite("buildings", "b2", "delete")], by="钱", action="delete")
    frame = store.study().tables["communities"].assign(size="small")
    layer = collection_of(frame, "plan.p1.communities", result_id="p1")
    store.commit([
        CollectionWrite(layer, to_rows(frame, layer)), DocumentWrite("plan", "p1", {"state": "draft"}),
        FileWrite("jobs/1/map.html", "text/html", b"<p>\0"),
    ], by="孙", action="plan", note="第一稿")  # fmt: skip
    store.commit(
        [CollectionWrite(replace(layer, id="plan.p2.communities"), to_rows(frame, layer))], by="孙", action="plan"
    )
    store.commit([DocumentWrite("plan", "p1", {"state": "proposed"})], by="孙", action="propose")
    store.commit([CollectionWrite(replace(layer, id="plan.p2.communities"), None)], by="孙", action="withdraw")
    with store.backend.begin() as db:
        for status in ("running", "successful"):
            db.execute(insert(jobs).values(
                study=store.backend.key, id=status, process="gaps", by="孙", inputs="{}", status=status,
                created=log.now(), updated=log.now(), worker="w", lease_until=1.0,
            ))  # fmt: skip
        db.execute(insert(holds).values(study=store.backend.key, collection="roads", by="孙", until=1e10, since_tx=1))


def everything(store) -> dict[str, object]:
    """Return all that can be read of a study."""
    told: dict[str, object] = {
        "about": (store.name, store.name_en, store.crs.to_epsg(), store.study().notes, store.study().repairs),
        "collections": dict(store.collections()),
        "log": [one for one in store.transactions() if one.action != "restore"],
        "files": {key: store.file(key) for key in store.files()},
        "plans": [store.documents("plan"), store.document("plan", "p1", as_of=4)],
        "rasters": {name: raster.values.tobytes() for name, raster in store.rasters().items()},
        "history": [store.history("buildings", each) for each in ("b0", "b1", "b2")],
        "changes": store.changes(1),
    }
    for number in range(1, 8):
        told[f"buildings {number}"] = store.rows("buildings", as_of=number).to_pylist()
    for name in store.collections():
        told[name] = store.rows(name).to_pylist()
    return told


def test_a_backup_is_a_study_file_with_the_whole_history_and_comes_back(storage, tmp_path) -> None:
    store = storage.create("t", town(), by="赵")
    lived(store)
    store.backup(tmp_path / "t.gpkg")
    edit(store, name="后来")  # which the backup does not know

    files = EmbeddedStorage({"file": tmp_path / "t.gpkg"})
    kept = files.open("file")
    back = storage.restore("u", tmp_path / "t.gpkg", by="李")
    assert kept.head() == 7
    told = everything(kept)
    assert everything(back) == told
    assert [version.properties.get("name") for version in back.history("buildings", "b1")] == [None, "新楼"]
    newest = back.transactions(limit=1)[0]
    assert (newest.tx, newest.action, newest.by, newest.note) == (8, "restore", "李", "t.gpkg")
    with storage.engine.connect() as db:
        ended = db.execute(text("SELECT id, status, message FROM shequ_jobs WHERE study = 'u' ORDER BY id")).all()
        held = db.scalar(text("SELECT count(*) FROM shequ_holds WHERE study = 'u'"))
    assert [tuple(row)[:2] for row in ended] == [("running", "failed"), ("successful", "successful")]
    assert "had not ended when the backup was made" in ended[0].message
    assert held == 0
    files.close()
    assert edit(back).tx == 9  # and it goes on from there
    assert back.undo(9, by="赵").tx == 10


def test_a_backup_does_not_wait_for_writers_nor_they_for_it(storage, tmp_path) -> None:
    store = storage.create("t", town(), by="赵")
    with store.backend.begin() as db:
        store.backend.delete(db, store.collections()["buildings"], ["b0"])
        store.backup(tmp_path / "t.gpkg")
    files = EmbeddedStorage({"file": tmp_path / "t.gpkg"})
    assert files.open("file").rows("buildings").num_rows == 3
    assert store.rows("buildings").num_rows == 2
    files.close()


def test_a_study_file_that_no_server_ever_saw_is_taken_in(storage, tmp_path) -> None:
    study = town()
    write_study(study, tmp_path / "plain.gpkg")
    before = (tmp_path / "plain.gpkg").read_bytes()
    back = storage.restore("t", tmp_path / "plain.gpkg", by="李")
    assert (tmp_path / "plain.gpkg").read_bytes() == before
    assert back.rows("buildings").num_rows == 3
    assert back.study().tables["communities"].loc[["SQ02", "SQ01"]].equals(study.tables["communities"])


def test_what_is_restored_in_place_of_a_deleted_study_uses_no_number_again(storage, tmp_path) -> None:
    store = storage.create("t", town(), by="赵")
    store.backup(tmp_path / "t.gpkg")
    for _ in range(4):
        edit(store)
    storage.drop("t", by="钱")
    back = storage.restore("t", tmp_path / "t.gpkg", by="李")
    assert next((one.tx, one.action) for one in back.transactions()) == (7, "restore")
    assert back.rows("buildings")["version"].to_pylist() == [1, 1, 1]
    assert edit(back).tx == 8


def test_a_backup_is_refused_under_an_id_that_is_taken_and_when_it_is_none(storage, tmp_path) -> None:
    storage.create("t", town(), by="赵").backup(tmp_path / "t.gpkg")
    with pytest.raises(InputError, match="there is a study t already"):
        storage.restore("t", tmp_path / "t.gpkg", by="李")
    (tmp_path / "none.gpkg").write_bytes(b"something else")
    with pytest.raises(InputError, match="no study"):
        storage.restore("u", tmp_path / "none.gpkg", by="李")
    assert list(storage.studies()) == ["t"]


# ── health ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_health_tells_the_versions(storage) -> None:
    told = storage.health()
    assert told["ok"] is True
    assert {"storage", "postgresql", "postgis", "revision", "studies"} <= {*told}


def test_a_database_that_goes_and_comes_back(cluster) -> None:
    own = start()
    storage = PostgisStorage(own.database())
    store = storage.create("t", town(), by="赵")
    own.halt()
    assert storage.health() == {"ok": False, "storage": "postgis", "why": "the database does not answer"}
    for asked in (store.head, lambda: store.rows("buildings"), storage.studies, lambda: edit(store)):
        with pytest.raises(BusyError, match="the database does not answer"):
            asked()
    own.resume()
    assert storage.health()["ok"] is True
    assert edit(store).tx == 2
    storage.close()
    own.stop()


def test_a_database_that_crashes_in_the_middle_of_writes_loses_nothing_that_was_acknowledged() -> None:
    own = start()
    storage = PostgisStorage(own.database())
    store = storage.create("t", town(), by="赵")
    acknowledged: list[tuple[int, str]] = []
    refused: list[str] = []
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            try:
                acknowledged.append((edit(store, name=f"第{number}").tx, f"第{number}"))
            except BusyError as error:
                refused.append(error.fault.what)
                time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    for crash in range(3):
        seen = len(acknowledged)
        while len(acknowledged) < seen + 20:
            assert writer.is_alive(), "it met what is no BusyError"
            time.sleep(0.005)
        own.halt()
        while len(refused) <= crash:
            assert writer.is_alive(), "it met what is no BusyError"
            time.sleep(0.005)
        own.resume()
    over.set()
    writer.join()

    kept = {one.tx: one.properties["name"] for one in store.history("buildings", "b1") if one.tx > 1}
    assert {tx: kept.get(tx) for tx, _ in acknowledged} == dict(acknowledged)
    assert [one.tx for one in store.transactions(limit=10_000)] == [*range(store.head(), 0, -1)]
    assert set(kept) == {*range(2, store.head() + 1)}  # whatever arrived arrived whole: version and line of the log
    assert store.rows("buildings", ids=["b1"]).to_pylist()[0]["name"] == kept[store.head()]
    assert set(refused) == {"the database does not answer"}
    storage.close()
    own.stop()
