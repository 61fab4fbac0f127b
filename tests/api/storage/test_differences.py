"""Differences of two states, arrays without pandas, and features against their contract."""

import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from api.storage.arrays import blobs, counts, flags, measures, texts
from api.storage.checks import conformed
from api.storage.differences import by_id, differences
from api.storage.frames import collection_of, to_frame, to_rows
from api.storage.records import study_collection
from geo.errors import InputError
from geo.schema import check

STATES = st.dictionaries(
    st.text(st.sampled_from("aé中z"), min_size=1, max_size=3),
    st.tuples(st.none() | st.integers(0, 2), st.none() | st.sampled_from(["x", ""]), st.none() | st.just(0.1)),
    max_size=8,
)


def table(state: dict) -> pa.Table:
    columns = [[row[place] for row in state.values()] for place in range(3)]
    return pa.table(
        [pa.array(list(state), pa.string()), *map(pa.array, columns, (pa.int64(), pa.string(), pa.float64()))],
        ["id", "n", "s", "f"],
    )


@given(STATES, STATES)
def test_differences_lead_from_one_state_to_the_other(before: dict, after: dict) -> None:
    found = differences(table(before), table(after))
    assert found.before["id"].to_pylist() == sorted(i for i in before if before[i] != after.get(i))
    assert found.after["id"].to_pylist() == sorted(i for i in after if after[i] != before.get(i))


@given(STATES)
def test_rows_are_ordered_as_python_orders_text(state: dict) -> None:
    assert by_id(table(state))["id"].to_pylist() == sorted(state)


def test_a_column_that_is_new_and_empty_is_no_difference() -> None:
    rows = table({"a": (1, "x", None), "b": (2, None, 0.5)})
    more = rows.append_column("new", pa.array([None, "said"]))
    assert differences(rows, more).after["id"].to_pylist() == ["b"]
    assert differences(more, rows).before["id"].to_pylist() == ["b"]
    assert len(differences(rows, rows.append_column("new", pa.nulls(2))).after) == 0


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)), st.lists(st.none() | st.text()))
def test_arrays_hold_what_they_were_given(numbers: list, words: list) -> None:
    assert counts(numbers).to_pylist() == numbers
    assert texts(words).to_pylist() == words
    texts(words).validate(full=True)
    some = [None if n is None else n % 2 for n in numbers]
    assert flags(some).to_pylist() == [None if n is None else bool(n) for n in some]
    shares = [None if n is None else n / 7 for n in numbers]
    assert measures(shares).to_pylist() == shares
    assert blobs([None if w is None else w.encode() for w in words], pa.binary()).null_count == words.count(None)


@pytest.mark.parametrize(("make", "bad"), [(counts, ("many",)), (counts, (1.5,)), (measures, ("1.5",)), (texts, (7,))])
def test_other_types_are_refused(make, bad: tuple) -> None:
    with pytest.raises((TypeError, AttributeError)):
        make(bad)


def test_a_study_is_read_without_pandas(town_file: Path, tmp_path: Path) -> None:
    """Pandas costs a start half a second and 100 MB."""
    code = (
        "import sys, shutil; from pathlib import Path; from api.storage.embedded import EmbeddedStorage; "
        f"shutil.copy({str(town_file)!r}, {str(tmp_path / 't.gpkg')!r}); "
        f"storage = EmbeddedStorage({{'t': Path({str(tmp_path / 't.gpkg')!r})}}); store = storage.open('t'); "
        "[store.rows(name) for name in store.collections()]; storage.close(); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[3])  # fmt: skip
    assert done.stdout == "False\n"


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3000),
    st.floats(-2, 40),
    st.sampled_from(["", "residential", "2026-03-01"]),
)


@given(st.dictionaries(st.sampled_from(["use", "floors", "households", "year_built", "children"]), VALUES))
def test_a_feature_is_refused_where_its_table_would_be(values: dict) -> None:
    """The rules of one feature are those of tables, but that true is no number and 3 is no text."""
    frame = gpd.GeoDataFrame({k: pd.Series([v], index=["b"], dtype="object") for k, v in values.items()}, index=["b"],
                             geometry=[shapely.box(0, 0, 1, 1)], crs=4549)  # fmt: skip
    try:
        made = conformed(study_collection("buildings"), "b", values)
    except InputError:
        made = None
    if check(frame, "buildings"):
        assert made is None
    elif made is None:
        assert any(isinstance(v, bool | str) for v in values.values()), values


@given(st.lists(st.tuples(st.none() | st.integers(-5, 5), st.none() | st.floats(0, 1), st.none() | st.booleans(),
                          st.none() | st.text(max_size=3)), min_size=1, max_size=5))  # fmt: skip
def test_frames_become_rows_and_frames_again(rows: list) -> None:
    frame = gpd.GeoDataFrame(
        {"n": pd.array([r[0] for r in rows], dtype="Int64"),
         "f": [float("nan") if r[1] is None else r[1] for r in rows],
         "yes": pd.array([r[2] for r in rows], dtype="boolean"),
         "s": pd.Series([r[3] for r in rows], dtype="str").array},
        index=pd.Index([f"i{n}" for n in range(len(rows))], name="home"),
        geometry=shapely.points(range(len(rows)), 0), crs=4549,
    )  # fmt: skip
    collection = collection_of(frame, "gaps.g.homes")
    assert [c.kind for c in collection.columns] == ["count", "number", "flag", "text"]
    back = to_frame(to_rows(frame, collection), collection, frame.crs)
    assert back.index.name == "home"
    assert back.geometry.equals(frame.geometry)
    for name in ("n", "f", "yes", "s"):
        assert back[name].isna().tolist() == frame[name].isna().tolist()
        assert back[name].dropna().tolist() == frame[name].dropna().tolist()
