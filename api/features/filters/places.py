"""Places of a filter, and how they lie to each other (CQL2, Spatial Functions)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from api.errors import BadRequestError
from api.features.areas import Area, box_area, literal_area
from api.features.arrays import flags
from api.features.crs import Reference
from api.features.filters.values import Logic
from api.features.snapshot import Snapshot
from geo.errors import Fault

SAME_M = 0.001
"""Points nearer than this are one [m]: coordinates are told in tenths of a millimetre, and come back rounded."""

SPATIAL = frozenset({
    "s_intersects", "s_disjoint", "s_equals", "s_touches", "s_within", "s_overlaps", "s_crosses", "s_contains",
})  # fmt: skip

GEOMETRY_TYPES = frozenset({
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
})  # fmt: skip

_Shapes = npt.NDArray[np.object_]
_LITERAL_FIRST: Mapping[str, Callable[[Any, Any], Any]] = {
    "s_intersects": shapely.intersects, "s_touches": shapely.touches, "s_overlaps": shapely.overlaps,
    "s_crosses": shapely.crosses, "s_within": shapely.within, "s_contains": shapely.contains,
    "s_equals": lambda a, b: shapely.equals(a, b) | shapely.equals_exact(a, b, SAME_M, normalize=True),
}  # fmt: skip
_TURNED = {"s_within": "s_contains", "s_contains": "s_within"}


def area_of(snapshot: Snapshot, written: Mapping[str, Any], reference: Reference) -> Area:
    """Return a place as a client wrote it: a GeoJSON geometry, or a bounding box.

    Raises
    ------
    BadRequestError
        When it is neither, or lies outside of its system.
    """
    if "bbox" in written:
        numbers = written["bbox"]
        if not isinstance(numbers, Sequence) or not all(_is_number(each) for each in numbers):
            raise _bad("a bounding box has four or six numbers", "write BBOX(west, south, east, north)")
        return box_area(snapshot, [float(each) for each in numbers], reference, "filter")
    return literal_area(snapshot, _shape(written), reference, "filter")


def lie(snapshot: Snapshot, name: str, area: Area, *, turned: bool) -> Logic:
    """Return how each feature lies to a place; unknown where it has none.

    `turned`: the place stands first, as in S_CONTAINS(POLYGON(…), geometry).
    """
    relation = name if turned else _TURNED.get(name, name)
    found = np.zeros(len(snapshot), dtype=bool)
    if not shapely.is_empty(area.shape):
        base = "s_intersects" if relation == "s_disjoint" else relation
        if base == "s_intersects" and area.everything:
            found[:] = True
        else:
            near = snapshot.within(_widened(shapely.bounds(area.shape)))
            found[near] = _related(base, area.shape, snapshot.geometry[near])
    if relation == "s_disjoint":
        found = ~found
    return flags(found, np.isnan(snapshot.boxes[:, 0]))


def lie_alone(name: str, first: Area, second: Area) -> bool:
    """Return how two places that a client wrote lie to each other."""
    found = bool(_LITERAL_FIRST["s_intersects" if name == "s_disjoint" else name](first.shape, second.shape))
    return not found if name == "s_disjoint" else found


def lie_itself(snapshot: Snapshot, name: str) -> Logic:
    """Return how each feature lies to itself."""
    same = name in ("s_intersects", "s_equals", "s_within", "s_contains")
    return flags(np.full(len(snapshot), same), np.isnan(snapshot.boxes[:, 0]))


def _related(name: str, place: shapely.Geometry, shapes: _Shapes) -> npt.NDArray[np.bool_]:
    shapely.prepare(place)
    if name == "s_intersects":
        met = np.asarray(shapely.intersects(place, shapes), dtype=bool)
        met[~met] = shapely.dwithin(place, shapes[~met], SAME_M)
        return met
    # what lies well inside a place, or away from it, has one answer; only what meets its border is looked at closely
    inside = np.asarray(shapely.contains_properly(place, shapes), dtype=bool)
    found = inside & (name == "s_contains")
    close = np.flatnonzero(~inside)
    close = close[shapely.dwithin(place, shapes[close], SAME_M)]
    if len(close):
        found[close] = _related_closely(_LITERAL_FIRST[name], place, shapes[close])
    return found


def _related_closely(
    relation: Callable[[Any, Any], Any], place: shapely.Geometry, shapes: _Shapes
) -> npt.NDArray[np.bool_]:
    """Return the relation with borders made one that are one within a millimetre, as those read from here are."""
    try:
        snapped = shapely.snap(place, shapes, SAME_M)
        return np.asarray(relation(snapped, shapely.snap(shapes, snapped, SAME_M)), dtype=bool)
    except shapely.errors.GEOSException:
        return np.asarray(relation(shapely.make_valid(place), shapely.make_valid(shapes)), dtype=bool)


def _widened(bounds: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    left, bottom, right, top = (float(each) for each in bounds)
    return left - SAME_M, bottom - SAME_M, right + SAME_M, top + SAME_M


def _shape(written: Mapping[str, Any]) -> shapely.Geometry:
    """Return a GeoJSON geometry; its coordinates are looked at one by one, for GEOS takes some that are none."""
    kind = written.get("type")
    if not isinstance(kind, str) or kind not in GEOMETRY_TYPES:
        raise _bad(f"{str(kind)[:40]} is no geometry type", f"use one of: {', '.join(sorted(GEOMETRY_TYPES))}")
    try:
        if kind == "GeometryCollection":
            made: shapely.Geometry = shapely.GeometryCollection([_shape(each) for each in written["geometries"]])
        else:
            made = _BUILD[kind](_numbers(written["coordinates"]))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, shapely.errors.GEOSException) as error:
        raise _bad(f"the {kind} cannot be read: {str(error)[:120]}", "see RFC 7946, section 3.1") from error
    if shapely.is_empty(made):
        raise _bad(f"the {kind} is empty", "give it coordinates")
    return made


_BUILD: Mapping[str, Callable[[Any], shapely.Geometry]] = {
    "Point": shapely.Point,
    "MultiPoint": shapely.MultiPoint,
    "LineString": shapely.LineString,
    "MultiLineString": shapely.MultiLineString,
    "Polygon": lambda rings: shapely.Polygon(rings[0], rings[1:]),
    "MultiPolygon": lambda parts: shapely.MultiPolygon([(rings[0], rings[1:]) for rings in parts]),
}


def _numbers(given: Any) -> Any:  # noqa: ANN401 - JSON
    """Return nested lists of coordinates with the first two numbers of each position."""
    if not isinstance(given, list):
        raise TypeError("coordinates are lists")
    if given and all(_is_number(each) for each in given):
        if len(given) < 2:
            raise ValueError("a position has two numbers")
        return [float(each) for each in given[:2]]
    if any(_is_number(each) for each in given):
        raise ValueError("a position holds something else than numbers")
    return [_numbers(each) for each in given]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _bad(what: str, remedy: str) -> BadRequestError:
    return BadRequestError(Fault(f"filter: {what}", remedy))
