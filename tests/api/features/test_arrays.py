"""Arrow through its buffers says what Arrow's own ways say."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from api.features import arrays

words = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4), max_size=20)


@given(values=words)
def test_texts(values: list[str | None]) -> None:
    assert arrays.texts(values).equals(pa.array(values, pa.string()))
    assert arrays.objects(arrays.texts(values)).tolist() == values


@given(values=st.lists(st.none() | st.floats(allow_nan=False), max_size=20), start=st.integers(0, 9))
def test_floats(values: list[float | None], start: int) -> None:
    made = arrays.floats(np.array(values, dtype=float))
    assert made.equals(pa.array(values, pa.float64()))
    back = arrays.as_floats(made.slice(start))
    assert np.array_equal(back, np.array(values, dtype=float)[start:], equal_nan=True)


@given(values=st.lists(st.none() | st.booleans(), max_size=40), start=st.integers(0, 9))
def test_flags(values: list[bool | None], start: int) -> None:
    made = arrays.flags(np.array([each is True for each in values], dtype=bool),
                        np.array([each is None for each in values], dtype=bool))  # fmt: skip
    assert made.equals(pa.array(values, pa.bool_()))
    assert arrays.told_true(made.slice(start)).tolist() == [each is True for each in values][start:]
    assert arrays.told_true(pa.chunked_array([made, made])).tolist() == [each is True for each in values] * 2


def test_single_values() -> None:
    made = (arrays.flag(True), arrays.flag(None), arrays.number(2.5), arrays.number(None), arrays.text("社区"))
    assert [each.as_py() for each in made] == [True, None, 2.5, None, "社区"]
    assert arrays.text(None).as_py() is None
    assert arrays.as_floats(pa.chunked_array([pa.array([1, None, 3])])).tolist()[::2] == [1, 3]
    assert arrays.integers(np.arange(3)[::-1]).to_pylist() == [2, 1, 0]
    assert len(arrays.whole(pa.chunked_array([], pa.string()))) == 0
    assert len(arrays.told_true(pa.chunked_array([], pa.bool_()))) == 0


def test_reading_needs_no_pandas() -> None:
    """A server that reads features does not load it: not at import, and not for pages and filters."""
    told = """
import sys
import api.routes.collections
from api.features.arrays import texts, integers, objects, told_true
from api.features.filters.expression import read_filter
from api.features.filters.evaluate import _Reader
assert "pandas" not in sys.modules, "import"
import numpy as np, pyarrow as pa, shapely
from pyproj import CRS
from api.features.snapshot import Snapshot
from api.features.crs import references, CRS84
from api.features.geojson import features
from api.features.query import Representation
from api.features.filters.evaluate import matching
from api.storage.records import Collection
from geo.contracts import Column
shapes = np.array([shapely.Point(500000, 3340000), None], dtype=object)
ids = texts(["a", "b"])
ones = integers(np.ones(2, dtype=int))
table = pa.Table.from_arrays([ids, ones, ones, texts(["x", None]), ones], names=["id", "version", "tx", "name", "n"])
kind = Collection("things", "Point", (Column("name", "text", ""), Column("n", "count", "")), "id")
town = Snapshot("s", kind, 1, CRS(4549), objects(ids), shapes, table, shapely.bounds(shapes))
known = references(town.crs)[CRS84]
features(town, np.arange(2), Representation(known, None, True, None))
for text in ("name LIKE 'x%' AND n + 1 > 1", "n IN (1, 2)", "CASEI(name) = 'X'", "S_WITHIN(geometry, POINT(120 30))"):
    matching(read_filter(text, "cql2-text"), town, known)
assert "pandas" not in sys.modules, "use"
"""
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
