"""What every store keeps to, over either kind of storage."""

import itertools
import threading
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from pyproj import CRS

from api.errors import BadRequestError, NotFoundError, OutOfDateError
from api.storage import Storage, StudyStore
from api.storage.frames import collection_of, to_rows
from api.storage.records import CollectionWrite, DocumentWrite, FeatureWrite, FileWrite, arrow_schema
from geo.errors import InputError
from geo.study import Repair
from tests.api.served import small_study

HOUSE = "JZ001"


def row_of(store: StudyStore, collection: str, feature: str, **kwargs) -> dict:
    rows = store.rows(collection, ids=[feature], **kwargs).to_pylist()
    assert len(rows) == 1
    return rows[0]


def edit(store: StudyStore, feature: str = HOUSE, *, expected: int | None = None, by: str = "张三", **values):
    """Replace a building with some of its values changed."""
    row = row_of(store, "buildings", feature)
    geometry = values.pop("geometry", row["geometry"])
    told = {k: v for k, v in row.items() if k not in ("id", "version", "tx", "geometry")} | values
    write = FeatureWrite("buildings", feature, "replace", told, geometry, expected)
    return store.commit([write], by=by, action="edit")


def names(store: StudyStore, **kwargs) -> dict[str, str]:
    rows = store.rows("buildings", **kwargs)
    return dict(zip(rows["id"].to_pylist(), rows["name"].to_pylist(), strict=True))


# ── a study comes back ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_study_comes_back_as_it_was_given(store: StudyStore) -> None:
    given, back = small_study(), store.study()
    assert (back.name, back.name_en, back.crs, back.repairs, dict(back.notes)) == (
        given.name, given.name_en, given.crs, given.repairs, dict(given.notes)
    )  # fmt: skip
    assert set(back.tables) == set(given.tables)
    for name, frame in given.tables.items():
        same = assert_geodataframe_equal if isinstance(frame, gpd.GeoDataFrame) else pd.testing.assert_frame_equal
        same(back[name], frame.sort_index())
    for name, raster in given.rasters.items():
        np.testing.assert_array_equal(back.rasters[name].values, raster.values)
        assert back.rasters[name].transform.almost_equals(raster.transform)
        assert back.rasters[name].crs == raster.crs
    assert (store.name, store.name_en, store.crs) == (given.name, given.name_en, given.crs)


def test_rows_have_the_schema_of_their_collection_and_are_ordered_by_id(store: StudyStore) -> None:
    for name, collection in store.collections().items():
        rows = store.rows(name)
        assert rows.schema.equals(arrow_schema(collection)), name
        assert rows["id"].to_pylist() == sorted(rows["id"].to_pylist()), name
        assert len(rows) == len(small_study()[name])
        assert set(rows["version"].to_pylist()) == {1}
    assert store.collections()["buildings"].editable
    assert not store.collections()["blocks"].editable
    assert "colour" in [column.name for column in store.collections()["buildings"].columns], "own columns are kept"


def test_shapes_and_unknown_values_come_back_exactly(store: StudyStore) -> None:
    rows, frame = store.rows("buildings"), small_study()["buildings"].sort_index()
    assert rows["geometry"].to_pylist() == shapely.to_wkb(frame.geometry.to_numpy()).tolist()
    assert rows["year_built"].null_count == frame["year_built"].isna().sum() > 0
    assert rows["height_m"].null_count == frame["height_m"].isna().sum() > 0
    assert not pc.any(pc.is_nan(rows["height_m"])).as_py(), "missing is null, never NaN"
    assert store.rows("finding_history")["geometry"].null_count == 3, "records have no place"


def test_what_is_not_there_is_told(store: StudyStore, storage: Storage) -> None:
    with pytest.raises(NotFoundError, match="no collection moon"):
        store.rows("moon")
    with pytest.raises(NotFoundError, match="no collection moon"):
        store.commit([FeatureWrite("moon", "1", "delete")], by="a", action="b")
    with pytest.raises(NotFoundError, match="no study mars"):
        storage.open("mars")
    assert store.rows("buildings", ids=["nobody"]).num_rows == 0
    assert store.history("buildings", "nobody") == []
    assert store.document("plan", "p1") is None
    assert store.file("map.html") is None


def test_the_same_id_gives_the_same_store(store: StudyStore, storage: Storage) -> None:
    assert storage.open("town") is store
    assert list(storage.studies()) == ["town"]
    assert storage.health()["ok"]
    with pytest.raises(InputError, match="there is a study town"):
        storage.create("town", small_study(), by="a")


# ── features ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_edit_is_a_transaction_with_a_version(store: StudyStore) -> None:
    before = row_of(store, "buildings", HOUSE)
    head = store.head()
    made = edit(store, name="新楼", floors=7, expected=1)
    assert (made.tx, made.by, made.action, dict(made.counts)) == (head + 1, "张三", "edit", {"buildings": 1})
    assert store.head() == made.tx
    after = row_of(store, "buildings", HOUSE)
    assert (after["name"], after["floors"], after["version"], after["tx"]) == ("新楼", 7.0, 2, made.tx)
    assert {k for k in after if after[k] != before[k]} == {"name", "floors", "version", "tx"}
    assert row_of(store, "buildings", HOUSE, as_of=head) == before
    assert store.transactions()[0] == made
    (change,) = store.changes(head)
    assert (change.tx, change.collection, change.id, change.version, change.op) == (
        made.tx, "buildings", HOUSE, 2, "replace"
    )  # fmt: skip
    assert change.bbox == shapely.from_wkb(before["geometry"]).bounds


def test_a_moved_feature_touches_where_it_was_and_where_it_is(store: StudyStore) -> None:
    old = shapely.from_wkb(row_of(store, "buildings", HOUSE)["geometry"])
    new = shapely.transform(old, lambda xy: xy + np.array([300, 100]))
    head = store.head()
    edit(store, geometry=new.wkb)
    (change,) = store.changes(head, "buildings")
    assert change.bbox == shapely.union(old, new).bounds
    assert store.changes(head, "roads") == []


def test_features_are_made_and_deleted_and_made_again(store: StudyStore) -> None:
    shape = shapely.box(500_010, 3_340_010, 500_020, 3_340_020).wkb
    make = FeatureWrite("buildings", "新", "create", {"use": "office", "floors": 3}, shape)
    store.commit([make], by="a", action="make")
    assert row_of(store, "buildings", "新")["version"] == 1
    store.commit([FeatureWrite("buildings", "新", "delete", expected=1)], by="b", action="tear down")
    assert store.rows("buildings", ids=["新"]).num_rows == 0
    store.commit([make], by="c", action="make again")
    assert row_of(store, "buildings", "新")["version"] == 3
    told = [(v.version, v.op, v.by) for v in store.history("buildings", "新")]
    assert told == [(1, "create", "a"), (2, "delete", "b"), (3, "create", "c")]


def test_history_begins_with_what_was_there_before_the_first_edit(store: StudyStore) -> None:
    (only,) = store.history("buildings", HOUSE)
    assert (only.version, only.op, only.properties["name"]) == (1, "create", "1-1号楼")
    assert "year_built" in only.properties
    assert "children" not in only.properties
    edit(store, name="甲")
    edit(store, name="乙")
    told = [(v.version, v.properties["name"], v.by) for v in store.history("buildings", HOUSE)]
    assert told == [(1, "1-1号楼", only.by), (2, "甲", "张三"), (3, "乙", "张三")]
    assert store.history("buildings", HOUSE)[0].geometry == row_of(store, "buildings", HOUSE)["geometry"]


def test_a_stale_edit_is_refused_with_who_and_what_is_there(store: StudyStore) -> None:
    edit(store, name="甲", by="王五")
    head = store.head()
    with pytest.raises(OutOfDateError, match="version 1 was expected, it is at 2, by 王五") as error:
        edit(store, name="乙", expected=1)
    (clash,) = error.value.more["changes"]
    assert clash | {"at": ""} == {
        "collection": "buildings", "id": HOUSE, "expected": 1, "version": 2, "by": "王五", "at": ""
    }  # fmt: skip
    assert clash["at"] == store.transactions()[0].at
    assert store.head() == head
    assert row_of(store, "buildings", HOUSE)["name"] == "甲"


def test_all_or_nothing(store: StudyStore) -> None:
    head, before = store.head(), names(store)
    row = row_of(store, "buildings", "JZ002")
    told = {k: v for k, v in row.items() if k not in ("id", "version", "tx", "geometry")}
    good = FeatureWrite("buildings", "JZ002", "replace", told | {"name": "x"}, row["geometry"])
    for bad, message in (
        (FeatureWrite("buildings", "gone", "delete"), "not there"),
        (FeatureWrite("buildings", HOUSE, "create", {}, row["geometry"]), "it is there, at version 1"),
        (DocumentWrite("plan", "p", {"a": 1}, expected=3), "not there"),
    ):
        with pytest.raises(OutOfDateError, match=message):
            store.commit([good, bad, FileWrite("f", "text/plain", b"x")], by="a", action="b")
    with pytest.raises(BadRequestError, match="written twice"):
        store.commit([good, good], by="a", action="b")
    assert (store.head(), names(store), store.files()) == (head, before, {})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"use": "castle"}, "column use holds 'castle'"),
        ({"floors": "many"}, "where a number is needed"),
        ({"floors": -1}, "below 0"),
        ({"floors": float("inf")}, "not finite"),
        ({"households": 2.5}, "not a whole number"),
        ({"households": 10**30}, "too large"),
        ({"name": 7}, "where text is needed"),
        ({"name": "a\0b"}, "NUL"),
        ({"flors": 7}, "did you mean floors"),
        ({"geometry": None}, "no geometry"),
        ({"geometry": b"nonsense"}, "cannot be read"),
        ({"geometry": shapely.Point(1, 2).wkb}, "is a Point; the collection holds Polygon"),
        ({"geometry": shapely.Polygon().wkb}, "empty"),
        ({"geometry": shapely.Polygon([(0, 0), (1, 0), (float("inf"), 1)]).wkb}, "not finite"),
    ],
)
def test_what_breaks_the_contract_is_refused(store: StudyStore, values: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        edit(store, **values)
    assert error.value.faults[0].ids == (HOUSE,)
    assert error.value.faults[0].table == "buildings"


def test_every_fault_is_told_at_once(store: StudyStore) -> None:
    with pytest.raises(InputError) as error:
        edit(store, use="castle", floors=-1, height_m="high")
    assert len(error.value.faults) == 3
    road = row_of(store, "roads", "R1")
    with pytest.raises(InputError, match=r"road_class .* is empty"):
        store.commit([FeatureWrite("roads", "R1", "replace", {}, road["geometry"])], by="a", action="b")


def test_writing_the_same_again_makes_no_version(store: StudyStore) -> None:
    made = edit(store)
    assert dict(made.counts) == {}
    assert row_of(store, "buildings", HOUSE)["version"] == 1


def test_whole_numbers_may_come_as_fractional_ones(store: StudyStore) -> None:
    edit(store, households=41.0, floors=6)
    row = row_of(store, "buildings", HOUSE)
    assert (row["households"], type(row["households"]), type(row["floors"])) == (41, int, float)


# ── whole collections ────────────────────────────────────────────────────────────────────────────────────────────────
def result(store: StudyStore, shift: int = 0, drop: str = "") -> CollectionWrite:
    """Return a result collection of houses with a score; `shift` is added to the score of JZ002."""
    frame = small_study()["buildings"][["name", "geometry"]].rename_axis("house_id")
    frame = frame.assign(score=range(len(frame)), good=True, share=0.1)
    frame.loc["JZ002", "score"] += shift
    frame = frame.drop(index=[drop] if drop else [])
    collection = collection_of(frame, "gaps.g1.homes", result_id="g1", title_zh="住宅", title_en="Homes")
    return CollectionWrite(collection, to_rows(frame, collection))


def test_a_result_is_a_collection(store: StudyStore) -> None:
    made = store.commit([result(store)], by="job", action="gaps")
    collection = store.collections()["gaps.g1.homes"]
    assert (collection.source, collection.result_id, collection.frame, collection.index, collection.geometry) == (
        "gaps", "g1", "homes", "house_id", "Polygon"
    )  # fmt: skip
    assert (collection.title_zh, collection.editable) == ("住宅", False)
    rows = store.rows("gaps.g1.homes")
    assert rows.schema.field("score").type == pa.int64()
    assert rows.schema.field("good").type == pa.bool_()
    assert set(rows["tx"].to_pylist()) == {made.tx}
    assert dict(made.counts) == {"gaps.g1.homes": 51}
    assert len(store.changes(made.tx - 1)) == 51
    assert "gaps.g1.homes" not in store.study().tables


def test_a_collection_put_again_keeps_versions_of_rows_that_are_the_same(store: StudyStore) -> None:
    store.commit([result(store)], by="job", action="gaps")
    made = store.commit([result(store, shift=5, drop="JZ003")], by="job", action="gaps")
    assert dict(made.counts) == {"gaps.g1.homes": 2}
    assert {(c.id, c.version, c.op) for c in store.changes(made.tx - 1)} == {
        ("JZ002", 2, "replace"), ("JZ003", 2, "delete")
    }  # fmt: skip
    assert store.rows("gaps.g1.homes").num_rows == 50
    assert store.rows("gaps.g1.homes", as_of=made.tx - 1).num_rows == 51


def test_a_collection_is_dropped_with_its_history_kept_and_can_come_back(store: StudyStore) -> None:
    first = store.commit([result(store)], by="job", action="gaps")
    gone = store.commit([CollectionWrite(result(store).collection, None)], by="job", action="drop")
    assert "gaps.g1.homes" not in store.collections()
    with pytest.raises(NotFoundError):
        store.rows("gaps.g1.homes")
    assert store.rows("gaps.g1.homes", as_of=first.tx).num_rows == 51
    assert [v.op for v in store.history("gaps.g1.homes", "JZ002")] == ["create", "delete"]
    store.commit([result(store, shift=3)], by="job", action="again")
    assert row_of(store, "gaps.g1.homes", "JZ002")["version"] == 3
    with pytest.raises(NotFoundError, match="after transaction"):
        store.rows("gaps.g1.homes", as_of=gone.tx)
    assert row_of(store, "gaps.g1.homes", "JZ002", as_of=first.tx)["score"] == 1


def test_other_columns_make_no_versions_of_rows_that_lack_them(store: StudyStore) -> None:
    store.commit([result(store)], by="job", action="gaps")
    write = result(store)
    frame = small_study()["buildings"][["name", "geometry"]].rename_axis("house_id")
    frame = frame.assign(score=range(len(frame)), good=True, share=0.1, remark=None)
    frame["remark"] = frame["remark"].astype("str").where(frame.index == "JZ002", None)
    frame.loc["JZ002", "remark"] = "seen"
    collection = collection_of(frame, "gaps.g1.homes", result_id="g1")
    made = store.commit([CollectionWrite(collection, to_rows(frame, collection))], by="job", action="more")
    assert [c.id for c in store.changes(made.tx - 1)] == ["JZ002"]
    assert [c.name for c in store.collections()["gaps.g1.homes"].columns][-1] == "remark"
    assert row_of(store, "gaps.g1.homes", "JZ002")["remark"] == "seen"
    then = store.rows("gaps.g1.homes", as_of=made.tx - 1)
    assert then.schema.equals(arrow_schema(write.collection))
    store.undo(made.tx, by="a")
    assert store.collections()["gaps.g1.homes"].columns == write.collection.columns
    assert row_of(store, "gaps.g1.homes", "JZ002")["version"] == 3


def test_rows_in_bad_shape_are_refused(store: StudyStore) -> None:
    write = result(store)
    rows = write.rows
    for bad, message in (
        (pa.concat_tables([rows, rows.slice(0, 1)]), "stand on several rows"),
        (rows.append_column("moon", rows["name"]), "no column moon"),
        (rows.set_column(rows.schema.get_field_index("score"), "score", rows["name"]), "values of another type"),
    ):
        with pytest.raises(InputError, match=message):
            store.commit([replace(write, rows=bad)], by="a", action="b")
    frame = small_study()["roads"].assign(road_class="rail")
    collection = store.collections()["roads"]
    with pytest.raises(InputError, match="road_class holds 'rail'"):
        store.commit([CollectionWrite(collection, to_rows(frame, collection))], by="a", action="b")


# ── documents and files ──────────────────────────────────────────────────────────────────────────────────────────────
def test_documents_have_versions(store: StudyStore) -> None:
    first = store.commit([DocumentWrite("plan", "p1", {"名": "甲", "n": 1.5}, expected=0)], by="a", action="b")
    with pytest.raises(OutOfDateError, match="it is at 1, by a"):
        store.commit([DocumentWrite("plan", "p1", {}, expected=0)], by="b", action="c")
    second = store.commit([DocumentWrite("plan", "p1", {"名": "乙"}, expected=1)], by="a", action="b")
    found = store.document("plan", "p1")
    assert found is not None
    assert (found.version, found.tx, found.body) == (2, second.tx, {"名": "乙"})
    assert store.document("plan", "p1", as_of=first.tx).body == {"名": "甲", "n": 1.5}
    assert store.document("plan", "p1", as_of=first.tx - 1) is None
    assert dict(second.counts) == {"document:plan": 1}
    assert store.transactions(collection="document:plan") == [second, first]
    store.commit([DocumentWrite("plan", "p0", {"a": None}), DocumentWrite("view", "v", {})], by="a", action="b")
    assert [d.id for d in store.documents("plan")] == ["p0", "p1"]
    store.commit([DocumentWrite("plan", "p1", None)], by="a", action="delete")
    assert store.document("plan", "p1") is None
    assert [d.id for d in store.documents("plan")] == ["p0"]
    store.commit([DocumentWrite("plan", "p1", {"x": 1}, expected=0)], by="a", action="again")
    assert store.document("plan", "p1").version == 4


def test_files_are_kept_with_the_study(store: StudyStore) -> None:
    store.commit(
        [FileWrite("jobs/1/map.html", "text/html", b"<p>"), FileWrite("jobs/1_/地图.pdf", "application/pdf", b"")],
        by="a", action="b",
    )  # fmt: skip
    assert store.file("jobs/1/map.html") == ("text/html", b"<p>")
    assert dict(store.files("jobs/1/")) == {"jobs/1/map.html": ("text/html", 3)}
    assert set(store.files("jobs/1_")) == {"jobs/1_/地图.pdf"}, "_ and % are letters like others"
    assert set(store.files()) == {"jobs/1/map.html", "jobs/1_/地图.pdf"}
    store.commit([FileWrite("jobs/1/map.html", "text/plain", b"x"), FileWrite("jobs/1_/地图.pdf", "", None)],
                 by="a", action="b")  # fmt: skip
    assert dict(store.files()) == {"jobs/1/map.html": ("text/plain", 1)}


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_log_is_paged_and_filtered(store: StudyStore) -> None:
    made = [edit(store, name=str(n), by="甲" if n % 2 else "乙") for n in range(6)]
    store.commit([DocumentWrite("plan", "p", {})], by="甲", action="plan", note="因为")
    assert [t.tx for t in store.transactions(limit=3)] == [made[5].tx + 1, made[5].tx, made[4].tx]
    assert store.transactions(before=made[1].tx, limit=1) == [made[0]]
    assert store.transactions(by="乙", limit=10)[:3] == [made[4], made[2], made[0]]
    assert [t.tx for t in store.transactions(collection="buildings", limit=6)] == [t.tx for t in reversed(made)]
    assert store.transactions(limit=1)[0].note == "因为"
    assert all(a.at <= b.at for a, b in itertools.pairwise(made))
    assert made[0].at.endswith("Z")


# ── undo ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_undo_writes_what_was_there(store: StudyStore) -> None:
    before = row_of(store, "buildings", HOUSE)
    made = edit(store, name="甲")
    edit(store, feature="JZ002", name="乙")
    undone = store.undo(made.tx, by="王五")
    assert (undone.action, undone.undoes, undone.by, undone.note) == ("undo", made.tx, "王五", "edit")
    after = row_of(store, "buildings", HOUSE)
    assert after == before | {"version": 3, "tx": undone.tx}
    assert names(store)["JZ002"] == "乙"
    store.undo(undone.tx, by="王五")
    assert names(store)[HOUSE] == "甲"


def test_changes_can_be_undone_one_after_the_other(store: StudyStore) -> None:
    before = {name: store.rows(name).drop_columns(["version", "tx"]) for name in ("estates", "blocks")}
    rows = store.rows("estates").drop_columns(["version", "tx"])
    fewer = CollectionWrite(store.collections()["estates"], rows.slice(1))
    first = store.commit([fewer, DocumentWrite("view", "v", {"n": 1})], by="a", action="one")
    second = store.commit([FeatureWrite("estates", rows["id"][1].as_py(), "delete"), DocumentWrite("view", "v", None)],
                          by="a", action="two")  # fmt: skip
    with pytest.raises(OutOfDateError):
        store.undo(first.tx, by="a")
    store.undo(second.tx, by="a")
    store.undo(first.tx, by="a")
    assert {name: store.rows(name).drop_columns(["version", "tx"]) for name in before} == before
    assert store.document("view", "v") is None


def test_undo_of_what_was_changed_since_is_refused(store: StudyStore) -> None:
    first = edit(store, name="甲")
    edit(store, name="乙", by="赵六")
    with pytest.raises(OutOfDateError, match=f"{HOUSE} changed since") as error:
        store.undo(first.tx, by="a")
    assert [(c["id"], c["version"], c["by"]) for c in error.value.more["changes"]] == [(HOUSE, 3, "赵六")]
    for tx, kind, message in ((999, NotFoundError, "no transaction 999"), (1, InputError, "first transaction")):
        with pytest.raises(kind, match=message):
            store.undo(tx, by="a")
    only_files = store.commit([FileWrite("f", "text/plain", b"x")], by="a", action="b")
    with pytest.raises(InputError, match="nothing that can be taken back"):
        store.undo(only_files.tx, by="a")


def test_undo_of_making_deleting_and_documents(store: StudyStore) -> None:
    whole = names(store)
    gone = store.commit(
        [FeatureWrite("buildings", HOUSE, "delete"), DocumentWrite("plan", "p", {"a": 1})], by="a", action="b"
    )
    made = store.commit([result(store)], by="job", action="gaps")
    store.undo(gone.tx, by="a")
    assert names(store) == whole
    assert store.document("plan", "p") is None
    taken = store.undo(made.tx, by="a")
    assert "gaps.g1.homes" not in store.collections()
    store.undo(taken.tx, by="a")
    assert (
        store.rows("gaps.g1.homes")
        .drop_columns(["version", "tx"])
        .equals(store.rows("gaps.g1.homes", as_of=made.tx).drop_columns(["version", "tx"]))
    )


# ── whole studies ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_study_put_in_place_changes_only_what_differs(store: StudyStore) -> None:
    before = store.study()
    houses = before["buildings"].copy()
    houses.loc[HOUSE, "households"] = 99
    after = before.having({"buildings": houses, "premises": _premises()}, step="households",
                          repairs=[Repair("buildings", HOUSE, "estimated", "x", "y", "z")], note={"n": 1})  # fmt: skip
    after = replace(after, tables={k: v for k, v in after.tables.items() if k != "observations"}, rasters={})
    made = store.put_study(after, by="job", action="households", also=[FileWrite("f", "text/plain", b"x")])
    assert dict(made.counts) == {"buildings": 1, "premises": 1, "observations": 3, "document:about": 1, "files": 1,
                                 "rasters": 1}  # fmt: skip
    back = store.study()
    assert (back.repairs, dict(back.notes), dict(back.rasters)) == (after.repairs, dict(after.notes), {})
    assert back["buildings"].loc[HOUSE, "households"] == 99
    assert back.get("observations") is None
    store.undo(made.tx, by="a")
    again = store.study()
    assert (again.repairs, dict(again.notes)) == (before.repairs, dict(before.notes))
    for name, frame in before.tables.items():
        pd.testing.assert_frame_equal(pd.DataFrame(again[name]), pd.DataFrame(frame))
    assert again.get("premises") is None


def _premises() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"kind": ["idle_land"]}, index=["P1"], geometry=[shapely.Point(500_100, 3_340_100)], crs=4549
    )


def test_what_a_job_read_must_not_have_changed_since(store: StudyStore) -> None:
    read, since = store.study(), store.head()
    edit(store, name="甲", by="王五")
    houses = read["buildings"].copy()
    houses["households"] = 1
    with pytest.raises(OutOfDateError, match="buildings") as error:
        store.put_study(read.having({"buildings": houses}), by="job", action="x", since=since)
    assert error.value.more["changes"][0]["by"] == "王五"
    assert names(store)[HOUSE] == "甲"
    estates = read["estates"].assign(name="新村")
    kept = replace(read, tables={**read.tables, "estates": estates, "buildings": store.study()["buildings"]})
    made = store.put_study(kept, by="job", action="x", since=since)
    assert dict(made.counts) == {"estates": 2}, "what others changed and this does not is no clash"


def test_a_study_in_another_crs_or_of_bad_tables_is_refused(store: StudyStore) -> None:
    with pytest.raises(InputError, match="keep it as a study of its own"):
        store.put_study(replace(small_study(), crs=CRS.from_epsg(4548)), by="a", action="b")
    broken = replace(small_study(), tables={"roads": small_study()["roads"].drop(columns="road_class")})
    with pytest.raises(InputError, match="road_class"):
        store.put_study(broken, by="a", action="b")


# ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_backup_comes_back_with_its_history(store: StudyStore, storage: Storage, tmp_path: Path) -> None:
    made = edit(store, name="甲")
    store.commit([result(store), DocumentWrite("plan", "p", {"a": 1}), FileWrite("f", "text/plain", b"x")],
                 by="a", action="b")  # fmt: skip
    head = store.head()
    store.backup(tmp_path / "backups" / "town.gpkg")
    edit(store, name="乙")
    back = storage.restore("other", tmp_path / "backups" / "town.gpkg", by="王五")
    assert names(back)[HOUSE] == "甲"
    assert names(store)[HOUSE] == "乙"
    assert back.rows("buildings", as_of=made.tx - 1).equals(store.rows("buildings", as_of=made.tx - 1))
    assert back.rows("gaps.g1.homes").equals(store.rows("gaps.g1.homes"))
    assert [t for t in back.transactions() if t.tx <= head] == [t for t in store.transactions() if t.tx <= head]
    assert back.document("plan", "p").body == {"a": 1}
    assert back.file("f") == ("text/plain", b"x")
    np.testing.assert_array_equal(back.rasters()["dem"].values, store.rasters()["dem"].values)
    edit(back, name="丙")
    assert names(store)[HOUSE] == "乙"


def test_a_study_is_dropped_with_everything(store: StudyStore, storage: Storage) -> None:
    storage.drop("town", by="a")
    assert list(storage.studies()) == []
    with pytest.raises(NotFoundError):
        storage.open("town")
    again = storage.create("town", small_study(), by="b")
    assert [one.action for one in again.transactions() if one.action != "drop"] == ["create"]
    assert [one.tx for one in again.changes(0)].count(again.head()) == len(again.changes(0))


def test_threads_read_while_others_write(store: StudyStore) -> None:
    """Every answer is of one moment: the two houses that are always written together have the same name."""
    wrong, done = [], threading.Event()

    def read() -> None:
        while not done.is_set():
            rows = store.rows("buildings", ids=["JZ001", "JZ002"])
            if len(set(rows["name"].to_pylist())) > 1 or len(set(rows["version"].to_pylist())) > 1:
                wrong.append(rows.to_pylist())

    def both(name: str) -> None:
        rows = store.rows("buildings", ids=["JZ001", "JZ002"]).to_pylist()
        store.commit(
            [FeatureWrite("buildings", row["id"], "replace", {"name": name, "use": "mixed"}, row["geometry"])
             for row in rows], by="a", action="b",
        )  # fmt: skip

    both("start")
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(25):
        both(f"n{n}")
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_threads_that_write_at_once_lose_nothing(store: StudyStore) -> None:
    accepted: list[int] = []
    refused: list[str] = []

    def work(worker: int) -> None:
        for n in range(6):
            row = row_of(store, "buildings", HOUSE)
            try:
                made = store.commit(
                    [FeatureWrite("buildings", HOUSE, "replace", {"name": f"{worker}-{n}"}, row["geometry"],
                                  row["version"])], by=f"w{worker}", action="race",
                )  # fmt: skip
                accepted.append(made.tx)
            except OutOfDateError as error:
                refused.append(str(error))

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert len(accepted) + len(refused) == 24
    assert len(set(accepted)) == len(accepted) == row_of(store, "buildings", HOUSE)["version"] - 1
    assert [t.tx for t in reversed(store.transactions(limit=len(accepted)))] == sorted(accepted)
    assert all("was expected" in told for told in refused)
