"""Bodies that a server would take, beside those that schemathesis draws from the schemas; it loads this module."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

_BLOCKS = st.sampled_from([f"B{number:04}" for number in range(1, 17)])
_COMMUNITIES = st.sampled_from(["SQ01", "SQ02", "SQ03", "SQ04", "N01"])
_NUMBERS = st.one_of(
    st.none(), st.integers(-5, 99), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
)
_PLACES = st.tuples(st.floats(119.99, 120.01), st.floats(30.17, 30.19))


@st.composite
def _squares(draw: st.DrawFn) -> dict[str, Any]:
    (x, y), side = draw(_PLACES), draw(st.sampled_from([0.0001, 0.001, 0.0, 1e-9, -0.001]))
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    return {"type": "Polygon", "coordinates": [ring[: draw(st.sampled_from([5, 5, 5, 4, 2]))]]}


_SHAPES = st.one_of(
    _squares(), st.none(), _PLACES.map(lambda at: {"type": "Point", "coordinates": list(at)}),
    st.sampled_from([{"type": "Point", "coordinates": []}, {"type": "Polygon", "coordinates": [[]]},
                     {"type": "GeometryCollection", "geometries": []}, {"type": "Circle", "coordinates": [0, 0]}]),
)  # fmt: skip
_PROPERTIES = st.fixed_dictionaries({}, optional={
    "name": st.one_of(st.none(), st.text(max_size=20)), "floors": _NUMBERS, "households": _NUMBERS,
    "year_built": _NUMBERS,
    "use": st.sampled_from(["residential", "office", "castle", None, 3]),
    "estate_id": st.sampled_from(["XQ1", "XQ9", None]),
    "note": st.text(max_size=20), "status": st.sampled_from(["open", "done", "lost"]),
})  # fmt: skip
_FEATURES = st.fixed_dictionaries(
    {"type": st.just("Feature"), "geometry": _SHAPES, "properties": _PROPERTIES},
    optional={"id": st.text(min_size=1, max_size=12)},
)
_CHANGES = st.fixed_dictionaries({}, optional={"properties": _PROPERTIES, "geometry": _SHAPES})
_STEPS = st.one_of(
    st.fixed_dictionaries({"do": st.just("move"), "blocks": st.lists(_BLOCKS, max_size=3), "to": _COMMUNITIES}),
    st.fixed_dictionaries({"do": st.just("merge"), "communities": st.lists(_COMMUNITIES, max_size=3)}),
    st.fixed_dictionaries({"do": st.sampled_from(["lock", "unlock", "split", "cut"]), "community": _COMMUNITIES}),
    st.fixed_dictionaries({"do": st.sampled_from(["lock", "unlock"]), "blocks": st.lists(_BLOCKS, max_size=3)}),
)
_FINDINGS = st.fixed_dictionaries(
    {"subject": st.sampled_from(["building", "estate", "block", "town"]), "code": st.sampled_from(["3a", "1b", "9z"]),
     "subject_id": st.sampled_from(["JZ001", "XQ1", "B0001", "?"]),
     "severity": st.sampled_from(["general", "serious"])},
    optional={"place": _PLACES, "extent": st.floats(-1, 9),
              "surveyed_on": st.sampled_from(["2026-03-01", "2026-02-30"])},
)  # fmt: skip
_INPUTS = st.fixed_dictionaries({"inputs": st.fixed_dictionaries({}, optional={
    "id": st.just("again"), "format": st.sampled_from(["gpkg", "geojson", "dwg"]),
    "plan": st.sampled_from(["p1", "p9"]), "files": st.just([{"href": "file:///etc"}]),
    "collections": st.lists(st.sampled_from(["buildings", "castles"]), max_size=2),
    "standards": st.just(["seven-ones"]),
})})  # fmt: skip
BODIES = {
    ("post", "/items"): _FEATURES, ("put", "/items/{feature_id}"): _FEATURES,
    ("patch", "/items/{feature_id}"): _CHANGES,
    ("post", "/edits"): _STEPS, ("post", "/findings"): _FINDINGS, ("post", "/execution"): _INPUTS,
}  # fmt: skip


@schemathesis.hook
def flatmap_body(context: schemathesis.HookContext, body: Any) -> st.SearchStrategy[Any]:
    """Give, every other time, a body that makes sense in the small town."""
    operation = context.operation
    for (method, end), bodies in BODIES.items():
        if operation.method == method and operation.path.endswith(end):
            return st.one_of(st.just(body), bodies)
    return st.just(body)
