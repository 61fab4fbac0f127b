"""Geometries as clients send them (GeoJSON), checked and brought to the study's coordinates.

Every refusal names the place: as the client wrote it where the coordinates cannot be understood, else as longitude and
latitude.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from api.features.crs import CRS84, Reference, references
from api.features.snapshot import Box
from api.storage.records import Collection
from geo.contracts import TABLES
from geo.errors import Fault, InputError

Floats = npt.NDArray[np.float64]

MOST_POSITIONS = 200_000
"""Most positions of one geometry."""

_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""How deep positions lie in the arrays of a GeoJSON geometry."""

_AWAY_SHARE, _AWAY_M = 0.5, 2_000.0
"""A geometry may lie outside of the study by this share of the study's size, and by this distance [m]."""


def study_shape(given: object, reference: Reference, collection: Collection, around: Box | None) -> BaseGeometry:
    """Return a GeoJSON geometry in the study's coordinates.

    Parameters
    ----------
    given
        The member `geometry`.
    reference
        The system of its coordinates, in the order of its authority's axes.
    collection
        What it is for: its kinds of geometry are allowed.
    around
        Where the study lies, in its own coordinates.

    Raises
    ------
    InputError
        When it is no geometry of an allowed kind, coordinates are not finite or not on Earth or far from the study,
        a ring is open or crosses itself.
    """
    kind, coordinates = _members(given, allowed_kinds(collection))
    _require_numbers(coordinates, _DEPTHS[kind])
    shape = _moved(_made(kind, coordinates), reference)
    _require_near(shape, reference, around)
    _require_valid(shape, reference)
    return shape


def allowed_kinds(collection: Collection) -> tuple[str, ...]:
    """Return the GeoJSON types that a collection's features may have."""
    if collection.id in TABLES:
        return TABLES[collection.id].geometry
    if collection.geometry == "None":
        return ()
    return tuple(_DEPTHS) if collection.geometry == "Mixed" else (collection.geometry, f"Multi{collection.geometry}")


def lonlat(shape: BaseGeometry, reference: Reference | None, crs: Any) -> tuple[float, float]:  # noqa: ANN401 - pyproj
    """Return longitude and latitude of a point of the study, as messages tell places."""
    system = references(crs)[CRS84] if reference is None else reference
    x, y = system.from_study(*shapely.get_coordinates(shape)[:1].T)
    return round(float(x[0]), 6), round(float(y[0]), 6)


def _refuse(what: str, remedy: str) -> InputError:
    return InputError(Fault(what, remedy))


def _members(given: object, allowed: Sequence[str]) -> tuple[str, Any]:
    if not isinstance(given, dict):
        raise _refuse("geometry is no GeoJSON geometry", 'send {"type": …, "coordinates": …}')
    kind = given.get("type")
    if kind not in allowed:
        raise _refuse(f"the geometry is {kind!r}; the collection holds {' or '.join(allowed) or 'no geometries'}",
                      "send one of these")  # fmt: skip
    return str(kind), given.get("coordinates")


def _require_numbers(coordinates: object, depth: int) -> None:
    """Refuse what is no array of positions so deep, and positions that are no numbers."""
    level: list[tuple[str, object]] = [("coordinates", coordinates)]
    for _ in range(depth):
        inner: list[tuple[str, object]] = []
        for where, each in level:
            if not isinstance(each, list) or not each:
                raise _refuse(f"{where} is no array, or an empty one", "send coordinates as GeoJSON has them")
            inner += [(f"{where}[{i}]", one) for i, one in enumerate(each)]
            if len(inner) > MOST_POSITIONS:
                raise _refuse(f"the geometry has more than {MOST_POSITIONS:,} positions", "simplify it")
        level = inner
    for where, position in level:
        if not isinstance(position, list) or not 2 <= len(position) <= 4:
            raise _refuse(f"{where} = {_short(position)} is no position", "send two numbers")
        for number in position:
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise _refuse(f"{where} = {_short(position)} is no position", "send two numbers")
            if not math.isfinite(number):
                raise _refuse(f"{where} = {_short(position)} is not finite", "send two finite numbers")


def _short(value: object) -> str:
    told = repr(value)
    return told if len(told) <= 60 else f"{told[:57]}…"


def _made(kind: str, coordinates: Any) -> BaseGeometry:  # noqa: ANN401 - checked before
    match kind:
        case "Point":
            return shapely.Point(coordinates[:2])
        case "MultiPoint":
            return shapely.MultiPoint([position[:2] for position in coordinates])
        case "LineString":
            return _line(coordinates, "coordinates")
        case "MultiLineString":
            return shapely.MultiLineString([_line(one, f"coordinates[{i}]") for i, one in enumerate(coordinates)])
        case "Polygon":
            return _polygon(coordinates, "coordinates")
        case _:
            return shapely.MultiPolygon([_polygon(one, f"coordinates[{i}]") for i, one in enumerate(coordinates)])


def _line(positions: list[list[float]], where: str) -> shapely.LineString:
    if len(positions) < 2:
        raise _refuse(f"{where} is a line of one position, {_short(positions[0])}", "send two positions or more")
    return shapely.LineString([position[:2] for position in positions])


def _polygon(rings: list[list[list[float]]], where: str) -> shapely.Polygon:
    for i, ring in enumerate(rings):
        if len(ring) < 4:
            raise _refuse(f"{where}[{i}] is a ring of {len(ring)} positions at {_short(ring[0])}",
                          "send four or more, the last the same as the first")  # fmt: skip
        if ring[0][:2] != ring[-1][:2]:
            raise _refuse(f"{where}[{i}] is not closed: it begins at {_short(ring[0])} and ends at {_short(ring[-1])}",
                          "let the last position be the same as the first")  # fmt: skip
    shell, *holes = ([position[:2] for position in ring] for ring in rings)
    return shapely.Polygon(shell, holes)


def _moved(shape: BaseGeometry, reference: Reference) -> BaseGeometry:
    """Return the shape in the study's coordinates."""
    given = shapely.get_coordinates(shape)
    x, y = (given[:, 1], given[:, 0]) if reference.flipped else (given[:, 0], given[:, 1])
    if reference.degrees:
        off = (np.abs(x) > 180) | (np.abs(y) > 90)
        if off.any():
            at = given[int(np.flatnonzero(off)[0])].tolist()
            order = "latitude, longitude" if reference.flipped else "longitude, latitude"
            raise _refuse(f"{at} is no place on Earth in {order} ({reference.name})",
                          "mind the order of the axes, or name the coordinates' system in Content-Crs")  # fmt: skip
    east, north = reference.to_study(x, y)
    off = ~(np.isfinite(east) & np.isfinite(north))
    if off.any():
        at = given[int(np.flatnonzero(off)[0])].tolist()
        raise _refuse(f"{at} cannot be brought into the study's coordinates", "correct it")
    moved: BaseGeometry = shapely.set_coordinates(shape, np.column_stack([east, north]))
    return moved


def _require_near(shape: BaseGeometry, reference: Reference, around: Box | None) -> None:
    """Refuse what lies far from the study: swapped axes and wrong systems end up there."""
    if around is None:
        return
    size = max(around[2] - around[0], around[3] - around[1])
    slack = max(_AWAY_M, _AWAY_SHARE * size)
    points = shapely.get_coordinates(shape)
    off = np.maximum.reduce([around[0] - points[:, 0], points[:, 0] - around[2],
                             around[1] - points[:, 1], points[:, 1] - around[3]])  # fmt: skip
    worst = int(off.argmax())
    if off[worst] <= slack:
        return
    x, y = reference.from_study(points[worst : worst + 1, 0], points[worst : worst + 1, 1])
    at = (y[0], x[0]) if reference.flipped else (x[0], y[0])
    digits = 6 if reference.degrees else 2
    raise _refuse(f"{at[0]:.{digits}f}, {at[1]:.{digits}f} lies {off[worst] / 1000:,.1f} km outside of the study",
                  "mind the order of the axes and the system of the coordinates (Content-Crs)")  # fmt: skip


def _require_valid(shape: BaseGeometry, reference: Reference) -> None:
    if shapely.is_valid(shape):
        return
    why, _, place = str(shapely.is_valid_reason(shape)).rstrip("]").partition("[")
    x, y = (float(number) for number in place.split()[:2])
    lon, lat = reference.from_study(np.array([x]), np.array([y]))
    at = (lat[0], lon[0]) if reference.flipped else (lon[0], lat[0])
    digits = 6 if reference.degrees else 2
    raise _refuse(f"the geometry is not valid: {why.strip().lower()} at {at[0]:.{digits}f}, {at[1]:.{digits}f}",
                  "mend it there: rings must not cross or touch themselves along a line")  # fmt: skip
