"""Snapshots: what is patched in is what would be read anew."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.errors import NotFoundError
from api.features.snapshot import Snapshot, Snapshots
from api.storage.records import CollectionWrite, FeatureWrite
from api.storage.store import Store
from tests.api.features.made import ORIGIN, snapshot
from tests.api.served import STUDY_ID, serve, small_study

X, Y = ORIGIN


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    server = serve(small_study(), tmp_path_factory.mktemp("snapshots"))
    yield server.storage.open(STUDY_ID)
    server.close()


def same(left: Snapshot, right: Snapshot) -> bool:
    return (
        left.ids.tolist() == right.ids.tolist() and left.table.equals(right.table) and left.tx == right.tx
        and bool(shapely.equals_exact(left.geometry, right.geometry, 0).all())
        and np.array_equal(left.boxes, right.boxes, equal_nan=True) and left.bounds == right.bounds
    )  # fmt: skip


def point(x: float, y: float) -> bytes:
    made: bytes = shapely.to_wkb(shapely.Point(X + x, Y + y))
    return made


def put(store: Store, name: str, op: Any, x: float = 0.0) -> None:
    store.commit([FeatureWrite("facilities", name, op, {"category": "park", "name": f"{name} {x}"},
                               None if op == "delete" else point(x, x))], by="test", action="test")  # fmt: skip


steps = st.lists(st.tuples(st.sampled_from(["F1", "F4", "A", "F15", "Z", "公园"]), st.floats(0, 800)), max_size=6)


@given(rounds=st.lists(steps, min_size=1, max_size=4))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_patched_is_read_anew(store: Store, rounds: list[list[tuple[str, float]]]) -> None:
    """Whatever is created, replaced and deleted: the snapshot that was patched equals one that was read."""
    kept = Snapshots(2**30)
    kept.get(store, "facilities")
    for each in rounds:
        for name, x in each:
            there = kept.get(store, "facilities").position(name) is not None
            put(store, name, ("delete" if x < 250 else "replace") if there else "create", x)
        assert same(kept.get(store, "facilities"), Snapshots(2**30).get(store, "facilities"))
        ids = kept.get(store, "facilities").ids.tolist()
        assert ids == sorted(ids)


def test_edits_are_seen_at_once_and_earlier_snapshots_stay(store: Store) -> None:
    kept = Snapshots(2**30)
    before = kept.get(store, "roads")
    told = before.table.to_pylist()
    properties = {name: value for name, value in told[0].items() if name not in ("id", "version", "tx")}
    wkb = shapely.to_wkb(before.geometry[0])
    store.commit([FeatureWrite("roads", "R1", "replace", properties | {"name": "新名"}, wkb)], by="t", action="t")
    after = kept.get(store, "roads")
    assert after.table["name"].to_pylist()[0] == "新名"
    assert after.table["version"].to_pylist()[0] == 2
    assert after.tx == store.head() > before.tx
    assert before.table.to_pylist() == told
    assert kept.get(store, "roads") is after
    assert same(kept.get(store, "roads", as_of=before.tx), before)


def test_what_others_changed_costs_nothing(store: Store) -> None:
    kept = Snapshots(2**30)
    blocks = kept.get(store, "blocks")
    put(store, "F2", "replace", 5.0)
    assert kept.get(store, "blocks") is blocks


def test_a_deletion_counts_in_tx_also_when_read_anew(store: Store) -> None:
    put(store, "gone", "create")
    put(store, "gone", "delete")
    assert Snapshots(2**30).get(store, "facilities").tx == store.head()


def test_a_collection_put_in_place_of_another(store: Store) -> None:
    kept = Snapshots(2**30)
    old = kept.get(store, "estates")
    rows = store.rows("estates")
    store.commit([CollectionWrite(old.collection, rows.slice(1))], by="t", action="t")
    assert kept.get(store, "estates").ids.tolist() == ["XQ2"]
    columns = tuple(column for column in old.collection.columns if column.name != "closed")
    fewer = replace(old.collection, columns=columns)
    store.commit([CollectionWrite(fewer, rows.drop_columns(["closed"]))], by="t", action="t")
    assert "closed" not in kept.get(store, "estates").table.column_names
    store.commit([CollectionWrite(fewer, None)], by="t", action="t")
    with pytest.raises(NotFoundError, match="there is no collection estates"):
        kept.get(store, "estates")


def test_nothing_of_that_name(store: Store) -> None:
    with pytest.raises(NotFoundError, match="there is no collection nothing"):
        Snapshots(2**30).get(store, "nothing")


def test_memory_is_bounded(store: Store) -> None:
    kept = Snapshots(1)
    first = kept.get(store, "buildings")
    assert kept.memory == first.memory
    second = kept.get(store, "blocks")
    assert kept.memory == second.memory
    assert kept.get(store, "buildings") is not first
    kept.close()
    assert kept.memory == 0


def test_another_store_of_the_same_name(store: Store, tmp_path: Path) -> None:
    kept = Snapshots(2**30)
    first = kept.get(store, "roads")
    server = serve(small_study(), tmp_path)
    assert kept.get(server.storage.open(STUDY_ID), "roads") is not first
    server.close()


def test_positions() -> None:
    made = snapshot({"n": ("count", [1, 2, 3])}, [shapely.Point(X, Y), None, shapely.Point(X + 10, Y)])
    assert (made.position("0001"), made.position("0009")) == (1, None)
    assert (made.behind("0001"), made.behind("00005"), made.behind("9"), made.behind("")) == (2, 1, 3, 0)
    assert made.within((X - 1, Y - 1, X + 1, Y + 1)).tolist() == [0]
    assert made.within((X + 10, Y, X + 10, Y)).tolist() == [2]
    assert made.bounds == (X, Y, X + 10, Y)
    assert snapshot({"n": ("count", [])}).bounds is None


boxes = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(0, 20), st.floats(0, 20))


@given(shapes=st.lists(boxes, max_size=30), asked=boxes)
def test_within_is_what_meets(shapes: list[tuple[float, ...]], asked: tuple[float, ...]) -> None:
    made = snapshot({"n": ("count", [0] * len(shapes))}, [shapely.box(x, y, x + w, y + h) for x, y, w, h in shapes])
    left, bottom, right, top = asked[0], asked[1], asked[0] + asked[2], asked[1] + asked[3]
    found = set(made.within((left, bottom, right, top)).tolist())
    wanted = {n for n, (x, y, w, h) in enumerate(shapes)
              if x <= right and x + w >= left and y <= top and y + h >= bottom}  # fmt: skip
    assert found == wanted
