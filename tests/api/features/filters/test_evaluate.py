"""Filters on snapshots, against the truth tables worked out row by row."""

import math
import operator
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from api.errors import BadRequestError
from api.features.crs import CRS84, references
from api.features.filters.evaluate import matching
from api.features.filters.expression import read_filter
from tests.api.features.made import ORIGIN, snapshot

X, Y = ORIGIN
ROWS: dict[str, tuple[Any, list[Any]]] = {
    "n": ("count", [1, 2, None, 4, 0, None, -3, 7]),
    "m": ("number", [1.5, None, 2.0, 4.0, 0.0, None, 3.5, -7.0]),
    "t": ("text", ["a", "b", None, "社区", "", "B", "a%b", None]),
    "f": ("flag", [True, False, None, True, None, False, True, None]),
    "d": ("day", ["2026-01-01", None, "2026-03-01", "2025-12-31", None, "2026-01-01", "2027-01-01", "2026-01-02"]),
}
SHAPES = [shapely.Point(X + 10 * n, Y) if n % 3 else None for n in range(8)]
TOWN = snapshot(ROWS, SHAPES)
DEGREES = references(TOWN.crs)[CRS84]
COMPARE: dict[str, Any] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def row_by_row(made: Any, row: dict[str, Any]) -> Any:
    """Return what an expression is of one row: a value, true, false, or None for unknown."""
    if not isinstance(made, dict):
        return made
    if "property" in made:
        return row[made["property"]]
    if "date" in made:
        return made["date"]
    op, args = made["op"], made["args"]
    if op in ("and", "or"):
        told = [row_by_row(each, row) for each in args]
        decides = op == "or"
        return decides if decides in told else None if None in told else not decides
    values = [
        [row_by_row(one, row) for one in each] if isinstance(each, list) else row_by_row(each, row) for each in args
    ]
    if op == "isNull":
        return values[0] is None
    if op == "in":
        return None if values[0] is None else values[0] in values[1]
    if op == "between":
        ends = [{"op": ">=", "args": [args[0], args[1]]}, {"op": "<=", "args": [args[0], args[2]]}]
        return row_by_row({"op": "and", "args": ends}, row)
    if None in values:
        return None
    if op == "not":
        return not values[0]
    if op in COMPARE:
        return COMPARE[op](*values)
    a, b = values
    if op == "/":
        return a / b if b else None
    return {"+": a + b, "-": a - b, "*": a * b}[op]


numbers = st.one_of(
    st.sampled_from([{"property": "n"}, {"property": "m"}]), st.integers(-5, 5), st.sampled_from([0.5, 2.0, 3.5])
)
arithmetic = st.recursive(
    numbers,
    lambda inner: st.builds(lambda op, a, b: {"op": op, "args": [a, b]}, st.sampled_from("+-*/"), inner, inner),
    max_leaves=3,
)
texts = st.one_of(st.just({"property": "t"}), st.sampled_from(["a", "b", "社区", ""]))
days = st.one_of(st.just({"property": "d"}), st.sampled_from([{"date": "2026-01-01"}, {"date": "2026-02-01"}]))
comparisons = st.one_of(
    *[
        st.builds(lambda op, a, b: {"op": op, "args": [a, b]}, st.sampled_from([*COMPARE]), values, values)
        for values in (arithmetic, texts, days)
    ]
)
predicates = st.one_of(
    comparisons,
    st.builds(lambda a: {"op": "isNull", "args": [a]}, st.sampled_from([{"property": name} for name in ROWS])),
    st.builds(lambda a, b, c: {"op": "between", "args": [a, b, c]}, numbers, numbers, numbers),
    st.builds(
        lambda a, b: {"op": "in", "args": [a, b]}, st.just({"property": "n"}), st.lists(st.integers(-3, 7), min_size=1)
    ),
    st.builds(
        lambda a, b: {"op": "in", "args": [a, b]},
        st.just({"property": "t"}),
        st.lists(st.sampled_from("abB"), min_size=1),
    ),
    st.sampled_from([{"property": "f"}, True, False]),
)
expressions = st.recursive(
    predicates,
    lambda inner: st.one_of(
        st.builds(lambda a: {"op": "not", "args": [a]}, inner),
        st.builds(
            lambda op, each: {"op": op, "args": each},
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=2, max_size=3),
        ),
    ),
    max_leaves=6,
)


@given(made=expressions)
@settings(max_examples=200, deadline=None)
def test_truth_is_what_it_is_row_by_row(made: Any) -> None:
    """Comparisons, arithmetic, AND, OR, NOT with missing values, against the truth table of CQL2."""
    rows = [dict(zip(ROWS, row, strict=True)) for row in zip(*(values for _, values in ROWS.values()), strict=True)]
    wanted = [row_by_row(made, row) is True for row in rows]
    assert matching(made, TOWN, DEGREES).tolist() == wanted


@given(made=expressions)
@settings(max_examples=60, deadline=None)
def test_a_condition_its_contrary_and_the_unknown_are_all(made: Any) -> None:
    true = matching(made, TOWN, DEGREES)
    false = matching({"op": "not", "args": [made]}, TOWN, DEGREES)
    assert not (true & false).any()
    never = matching({"op": "and", "args": [made, {"op": "not", "args": [made]}]}, TOWN, DEGREES)
    assert not never.any()
    always = matching({"op": "or", "args": [made, {"op": "not", "args": [made]}]}, TOWN, DEGREES)
    assert (always == (true | false)).all()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("t LIKE 'a\\%%'", [6]),
        ("t LIKE '_'", [0, 1, 5]),
        ("t LIKE '__'", [3]),
        ("t LIKE ''", [4]),
        ("CASEI(t) = 'b'", [1, 5]),
        ("CASEI(t) IN (CASEI('B'))", [1, 5]),
        ("CASEI('STRASSE') = CASEI('straße')", [*range(8)]),
        ("ACCENTI('Lǚ') = ACCENTI('Lu')", [*range(8)]),
        ("f", [0, 3, 6]),
        ("NOT f", [1, 5]),
        ("f = false", [1, 5]),
        ("f > false", [0, 3, 6]),
        ("n / n = 1", [0, 1, 3, 6, 7]),
        ("n % 2 = 0", [1, 3, 4]),
        ("n % 2 = -1", [6]),
        ("7 div 2 = 3", [*range(8)]),
        ("-7 div 2 = -3", [*range(8)]),
        ("2 ^ 0.5 > 1.41", [*range(8)]),
        ("(0-8) ^ 0.5 > 0", []),
        ("n = NULL", []),
        ("NULL IS NULL", [*range(8)]),
        ("n IN (1, NULL)", [0]),
        ("n NOT IN (1, NULL)", []),
        ("d = '2026-01-01'", [0, 5]),
        ("d < TIMESTAMP('2026-01-01T12:00:00+08:00')", [3]),
        ("geometry IS NULL", [0, 3, 6]),
        ("S_INTERSECTS(geometry, geometry)", [1, 2, 4, 5, 7]),
        ("NOT S_TOUCHES(geometry, geometry)", [1, 2, 4, 5, 7]),
        ("NOT S_INTERSECTS(geometry, POINT(1 1))", [1, 2, 4, 5, 7]),
        ("S_INTERSECTS(POINT(1 1), POINT(1 1))", [*range(8)]),
        ("id = '0003'", [3]),
        ("(n > 1) = true", [1, 3, 7]),
        ("t_intersects(d, INTERVAL('..','..'))", [0, 2, 3, 5, 6, 7]),
        ("t_after(NULL, d)", []),
        ("m = 1.5e0", [0]),
        ("n = 1e400", []),
    ],
)
def test_by_hand(text: str, rows: list[int]) -> None:
    assert np.flatnonzero(matching(read_filter(text, "cql2-text"), TOWN, DEGREES)).tolist() == rows


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nn = 1", "there is no property nn → did you mean n?"),
        ("n = 'a'", "n is a number, 'a' is text"),
        ("f = 1", "f is true or false, 1 is a number"),
        ("t = d", "t is text, not a day"),
        ("d = 'today'", "'today' is no day"),
        ("d = DATE('2026-13-01')", "'2026-13-01' is no day"),
        ("d = TIMESTAMP('noon')", "'noon' is no time"),
        ("t + 1 = 2", "+ takes numbers; t is text"),
        ("n LIKE '1%'", "LIKE takes text; n is a number"),
        ("t LIKE t", "the pattern of LIKE is a property"),
        ("CASEI(n) = '1'", "casei takes text; n is a number"),
        ("n", "n is no condition"),
        ("'a'", "'a' is no condition"),
        ("avg(n) = 1", "there is no function avg"),
        ("s_near(geometry, POINT(1 1))", "there is no function s_near"),
        ("geometry = 1", "geometry stands where a value is needed"),
        ("S_INTERSECTS(n, POINT(1 1))", "n is no place"),
        ("S_INTERSECTS(geometry, 1)", "a value stands where a place is needed"),
        ("POINT(1 1) = 1", "a place or an interval"),
        ("S_INTERSECTS(geometry)", "s_intersects takes 2 operands, not 1"),
        ("T_AFTER(d, 1)", "1 is no day and no time"),
        ("T_AFTER(d, INTERVAL('x','..'))", "'x' is no time"),
        ("S_INTERSECTS(geometry, BBOX(1,2,3))", "3 numbers are no box"),
        ("S_INTERSECTS(geometry, POLYGON((0 0,1 1,1 0,0 1,0 0)))", "not valid"),
        ("S_INTERSECTS(geometry, POINT(181 1))", "no longitude"),
        ("S_INTERSECTS(geometry, POLYGON((0 0,1 1)))", "the Polygon cannot be read"),
    ],
)
def test_refusals(text: str, told: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        matching(read_filter(text, "cql2-text"), TOWN, DEGREES)
    fault = caught.value.faults[0]
    assert told in f"{fault.what} → {fault.remedy}"


@pytest.mark.parametrize(
    "made",
    [
        [],
        {},
        "",
        1,
        None,
        {"op": 1, "args": []},
        {"op": "and"},
        {"op": "and", "args": []},
        {"op": "and", "args": 1},
        {"op": "=", "args": [1]},
        {"op": "=", "args": [{"property": 1}, 1]},
        {"op": "=", "args": [[1], 1]},
        {"op": "in", "args": [1, 2]},
        {"op": "between", "args": [1, 2]},
        {"op": "like", "args": [{"property": "t"}, 1]},
        {"op": "=", "args": [{"date": 1}, {"property": "d"}]},
        {"op": "=", "args": [{"timestamp": None}, 1]},
        {"op": "t_after", "args": [{"interval": 1}, {"property": "d"}]},
        {"op": "t_after", "args": [{"interval": [1]}, 1]},
        {"op": "t_after", "args": [{"interval": [{}, 2]}, {"property": "d"}]},
        {"op": "not", "args": [{"property": "t"}]},
        *(
            {"op": "s_intersects", "args": [{"property": "geometry"}, shape]}
            for shape in (
                {"type": "Circle"},
                {"type": "Point"},
                {"type": "Point", "coordinates": []},
                {"type": "Point", "coordinates": [1]},
                {"type": "Point", "coordinates": ["1", "2"]},
                {"type": "Point", "coordinates": [True, 2]},
                {"type": "Point", "coordinates": [[1, 2], 3]},
                {"type": "Point", "coordinates": [1e999, 2]},
                {"type": ["Point"]},
                {"type": "LineString", "coordinates": [[1, 2]]},
                {"type": "Polygon", "coordinates": []},
                {"type": "Polygon", "coordinates": [[[1, 2]]]},
                {"type": "MultiPolygon", "coordinates": [[]]},
                {"type": "GeometryCollection"},
                {"type": "GeometryCollection", "geometries": [1]},
                {"bbox": "1,2,3,4"},
                {"type": "GeometryCollection", "geometries": []},
                {"bbox": [1, 2, "3", 4]},
                {"bbox": [1, 2, None, 4]},
                {"bbox": {}},
                {"property": "nothing"},
                {"property": []},
                {},
            )
        ),
    ],
    ids=lambda made: ascii(made)[:60],
)
def test_json_that_is_no_filter_is_told_so(made: Any) -> None:
    """Anything that JSON can hold is a filter or is refused; nothing else happens."""
    if made is None:
        assert not matching(made, TOWN, DEGREES).any()
        return
    with pytest.raises(BadRequestError, match="filter"):
        matching(made, TOWN, DEGREES)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["op", "args", "property", "date", "interval", "bbox", "type", "coordinates"]), inner
        ),
        st.builds(
            lambda op, args: {"op": op, "args": args},
            st.sampled_from(["and", "=", "+", "in", "like", "casei", "s_within", "t_during", "isNull", "-"]),
            st.lists(inner, max_size=3),
        ),
    ),
    max_leaves=12,
)


@given(made=json_values)
@settings(max_examples=200, deadline=None)
def test_any_json_is_a_filter_or_refused(made: Any) -> None:
    try:
        found = matching(made, TOWN, DEGREES)
    except BadRequestError:
        return
    assert found.dtype == bool
    assert len(found) == 8


def test_relations_of_many_shapes_are_those_of_geos() -> None:
    """Somebody else: shapely, one pair at a time, on boxes that share no border within a millimetre."""
    rng = np.random.default_rng(4)
    spots = rng.uniform(0, 1000, (60, 2)) + np.array(ORIGIN)
    boxes = [shapely.box(x, y, x + w, y + w) for (x, y), w in zip(spots, rng.uniform(5, 400, 60), strict=True)]
    made = snapshot({"n": ("count", [0] * 60)}, boxes)
    own = references(made.crs)["http://www.opengis.net/def/crs/EPSG/0/4549"]
    for place in (
        shapely.box(X + 200, Y + 200, X + 600, Y + 500),
        shapely.LineString([(X, Y), (X + 900, Y + 700)]),
        boxes[3],
    ):
        written = shapely.transform(place, lambda c: c[:, ::-1])
        for name in ("intersects", "disjoint", "within", "contains", "overlaps", "crosses", "touches", "equals"):
            text = f"S_{name.upper()}(geometry, {shapely.to_wkt(written, rounding_precision=9)})"
            wanted = getattr(shapely, name)(np.array(boxes), place)
            assert matching(read_filter(text, "cql2-text"), made, own).tolist() == wanted.tolist(), text
    assert math.isfinite(made.boxes.sum())
