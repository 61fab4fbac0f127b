"""Texts of features that are kept are those that would be written anew."""

from collections.abc import Iterator

import numpy as np
import orjson
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from api.features.crs import CRS84, references
from api.features.geojson import texts
from api.features.query import Representation
from api.features.snapshot import Snapshots
from api.features.written import Written
from api.server import Server
from api.storage.records import FeatureWrite
from tests.api.features.made import ORIGIN, snapshot
from tests.api.served import STUDY_ID, client, serve, small_study

X, Y = ORIGIN
THINGS = snapshot(
    {
        "name": ("text", ['"a", b', None, "楼", "", "x", None]), "n": ("count", [1, None, 3, 2**53, 5, 6]),
        "share": ("number", [0.1, float("nan"), None, 4.0, 1e-9, 6.5]), "open": ("flag", [True, None, False] * 2),
        "nothing": ("number", [None] * 6),
    },
    [shapely.Point(X, Y), None, shapely.box(X, Y, X + 9, Y + 9), shapely.Polygon(), shapely.box(X, Y, X + 1, Y + 2),
     shapely.box(X, Y, X + 9, Y + 9) - shapely.box(X + 1, Y + 1, X + 2, Y + 2)],
)  # fmt: skip
KNOWN = references(THINGS.crs)
FORMS = [
    Representation(system, properties, geometry, None)
    for system in (KNOWN[CRS84], KNOWN["http://www.opengis.net/def/crs/EPSG/0/4549"])
    for properties in (None, ("name", "n"), ()) for geometry in (True, False)
]  # fmt: skip
PLAIN = FORMS[0]
pages = st.lists(st.tuples(st.sampled_from(FORMS), st.lists(st.integers(0, 5), unique=True)), max_size=12)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = serve(small_study(), tmp_path_factory.mktemp("written"))
    yield made
    made.close()


def test_values_are_those_of_the_table() -> None:
    told = [orjson.loads(each)["properties"] for each in texts(THINGS, np.arange(6), PLAIN)]
    table = THINGS.table.select([column.name for column in THINGS.collection.columns])
    assert told == orjson.loads(orjson.dumps(table.to_pylist()))


@pytest.mark.parametrize("most_bytes", [0, 2_000, 4_000, 1_000_000])
@given(asked=pages)
@settings(max_examples=25, deadline=None)
def test_a_text_is_the_same_the_second_time(most_bytes: int, asked: list[tuple[Representation, list[int]]]) -> None:
    written = Written(most_bytes)
    for told, page in asked:
        positions = np.array(page, dtype=np.intp)
        assert written.texts(THINGS, positions, told) == texts(THINGS, positions, told)
        assert written.memory <= most_bytes


def test_what_was_asked_for_lately_stays() -> None:
    written = Written(4_000)
    first = written.texts(THINGS, np.array([0]), PLAIN)[0]
    for _ in range(20):
        for other in range(1, 6):
            written.texts(THINGS, np.array([other]), PLAIN)
            assert written.texts(THINGS, np.array([0]), PLAIN)[0] is first


def test_an_edit_is_in_the_next_text_and_the_older_snapshot_tells_the_older_one(server: Server) -> None:
    store, kept, written = server.storage.open(STUDY_ID), server.part(Snapshots), Written()
    system = references(store.crs)[CRS84]
    told = Representation(system, None, True, None)
    seen = []
    for name in ("A", "B"):
        shape = shapely.to_wkb(shapely.Point(X, Y))
        write = FeatureWrite("facilities", "F1", "replace", {"category": "park", "name": name}, shape)
        store.commit([write], by="test", action="test")
        now = kept.get(store, "facilities")
        everything = np.arange(len(now))
        seen.append((now, written.texts(now, everything, told)))
        assert seen[-1][1] == texts(now, everything, told)
    (old, before), (now, after) = seen
    assert written.texts(old, np.arange(len(old)), told) == before
    differing = [at for at in range(len(now)) if before[at] is not after[at]]
    assert differing == [now.position("F1")]


def test_pages_tell_an_edit_at_once(server: Server) -> None:
    store, web = server.storage.open(STUDY_ID), client(server)
    for name in ("C", "D"):
        shape = shapely.to_wkb(shapely.Point(X, Y))
        write = FeatureWrite("facilities", "F1", "replace", {"category": "park", "name": name}, shape)
        store.commit([write], by="test", action="test")
        page = web.get(f"/studies/{STUDY_ID}/collections/facilities/items").json()
        one = web.get(f"/studies/{STUDY_ID}/collections/facilities/items/F1").json()
        del one["links"]
        assert one["properties"]["name"] == name
        assert [each for each in page["features"] if each["id"] == "F1"] == [one]
