"""Places that clients name in degrees or metres of their own, brought to the study, and what meets them there.

Straight lines of one system are bent in another, and systems have ends. So a place is cut to a frame around the
collection, its long edges get points on them, and only then is it transformed. What is cut away lies where no feature
is, so it changes no answer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from api.errors import BadRequestError
from api.features.crs import CRS84, Reference, references
from api.features.snapshot import Box, Snapshot
from geo.errors import Fault

FRAME_DEGREES = 5.0
FRAME_METRES = 500_000.0
"""How far around a collection a place is kept."""

STEP_DEGREES = 0.02
STEP_METRES = 2_000.0
"""Edges longer than this get points: a chord of 2 km leaves a parallel by less than 10 cm. The edges of a place that
was read from this server are shorter, so that it comes back to where it was."""

FINE = 0.25
"""Share of a step for bounding boxes, whose edges are nobody's borders."""


@dataclass(frozen=True)
class Area:
    """A place in the study's system.

    Attributes
    ----------
    shape
        What of the place lies in the frame around the collection.
    everything
        The whole collection lies in it.
    inner
        A box that lies in it, so that what lies in the box need not be looked at closely; None where not known.
    """

    shape: shapely.Geometry
    everything: bool = False
    inner: Box | None = None


def extent(snapshot: Snapshot, reference: Reference) -> Box | None:
    """Return the box of a collection in a system, longitude or easting first; None where nothing has a place."""

    def made() -> Box | None:
        if snapshot.bounds is None:
            return None
        if reference.own:
            return snapshot.bounds
        edge = shapely.get_coordinates(shapely.segmentize(_box(*snapshot.bounds), STEP_METRES * FINE))
        x, y = reference.from_study(edge[:, 0], edge[:, 1])
        return float(np.min(x)), float(np.min(y)), float(np.max(x)), float(np.max(y))

    return snapshot.once(("extent", reference.uri), made)


def extent_84(snapshot: Snapshot) -> Box | None:
    """Return west, south, east, north of a collection."""
    return extent(snapshot, references(snapshot.crs)[CRS84])


def box_area(snapshot: Snapshot, numbers: Sequence[float], reference: Reference, parameter: str) -> Area:
    """Return a bounding box, axes in the order of its system, as an area of the study.

    A west edge east of the east edge means a box across the antimeridian.

    Raises
    ------
    BadRequestError
        When it has neither four nor six numbers, or they are no box of the system.
    """
    if len(numbers) not in (4, 6):
        raise _bad(parameter, f"{len(numbers)} numbers are no box", "give four: both lower values, both upper values")
    half = len(numbers) // 2
    left, bottom, right, top = numbers[0], numbers[1], numbers[half], numbers[half + 1]
    if reference.flipped:
        left, bottom, right, top = bottom, left, top, right
    _check((left, right), (bottom, top), reference, parameter)
    if bottom > top:
        raise _bad(parameter, f"its lower edge {bottom:g} lies above its upper edge {top:g}", "swap the two")
    if left > right and not reference.degrees:
        raise _bad(parameter, f"its left edge {left:g} lies right of its right edge {right:g}", "swap the two")
    parts = [(left, right)] if left <= right else [(left, 180.0), (-180.0, right)]
    around = extent(snapshot, reference)
    if around is None:
        return Area(shapely.Polygon())
    pad = _step(reference)
    framed = _framed(around, pad)
    if any(west <= around[0] and bottom <= around[1] and around[2] <= east and around[3] <= top
           for west, east in parts):  # fmt: skip
        return Area(shapely.box(*_framed(snapshot.bounds or framed, 1.0)), everything=True)
    cut = [(max(w, framed[0]), max(bottom, framed[1]), min(e, framed[2]), min(top, framed[3])) for w, e in parts]
    boxes = [each for each in cut if each[0] <= each[2] and each[1] <= each[3]]
    if len(boxes) == 1 and boxes[0][0] < boxes[0][2] and boxes[0][1] < boxes[0][3]:
        return _bent(boxes[0], pad * FINE, reference)
    made = [_moved(shapely.segmentize(_box(*each), pad * FINE), reference) for each in boxes]
    return Area(shapely.union_all(made) if made else shapely.Polygon())


def literal_area(snapshot: Snapshot, shape: shapely.Geometry, reference: Reference, parameter: str) -> Area:
    """Return a geometry that a client wrote, axes in the order of its system, as an area of the study.

    Raises
    ------
    BadRequestError
        When a coordinate lies outside of the system, or the geometry is not valid.
    """
    shape = shapely.force_2d(shape)
    if reference.flipped:
        shape = shapely.transform(shape, lambda c: c[:, ::-1])
    given = shapely.get_coordinates(shape)
    _check(given[:, 0].tolist(), given[:, 1].tolist(), reference, parameter)
    if not shapely.is_valid(shape):
        why = shapely.is_valid_reason(shape)
        raise _bad(parameter, f"the geometry is not valid: {why}", "correct it, or send it in parts")
    around = extent(snapshot, reference)
    if reference.own or around is None:
        return Area(shape)
    frame = _framed(around, FRAME_DEGREES if reference.degrees else FRAME_METRES)
    within = shapely.bounds(shape)
    if not (frame[0] <= within[0] and frame[1] <= within[1] and within[2] <= frame[2] and within[3] <= frame[3]):
        shape = _cut(shape, frame)
    return Area(_moved(shapely.segmentize(shape, _step(reference)), reference))


def meeting(snapshot: Snapshot, area: Area) -> npt.NDArray[np.bool_]:
    """Return for each feature whether it meets the area; those without a place do not."""
    placed = ~np.isnan(snapshot.boxes[:, 0])
    if area.everything:
        return placed
    met = np.zeros(len(snapshot), dtype=bool)
    met[meeting_positions(snapshot, area)] = True
    return met


def meeting_positions(snapshot: Snapshot, area: Area) -> npt.NDArray[np.intp]:
    """Return the positions, ascending, of the features that meet the area."""
    if area.everything:
        return np.flatnonzero(~np.isnan(snapshot.boxes[:, 0]))
    if shapely.is_empty(area.shape):
        return np.empty(0, dtype=np.intp)
    near = snapshot.within(tuple(shapely.bounds(area.shape)))
    sure = np.zeros(len(near), dtype=bool) if area.inner is None else _reaching(snapshot.boxes[near], area.inner)
    if not sure.all():
        unsure = near[~sure]
        shapely.prepare(area.shape)
        sure[~sure] = shapely.intersects(area.shape, snapshot.geometry[unsure])
    return near[sure]


def _check(x: Sequence[float], y: Sequence[float], reference: Reference, parameter: str) -> None:
    if not (all(map(math.isfinite, x)) and all(map(math.isfinite, y))):
        raise _bad(parameter, "a coordinate is not a number", "give finite numbers")
    if not reference.degrees:
        return
    if any(abs(each) > 180 for each in x) or any(abs(each) > 90 for each in y):
        order = "latitude, longitude" if reference.flipped else "longitude, latitude"
        raise _bad(parameter, f"a coordinate is no {order} of {reference.uri}",
                   "mind the order of the axes, or name the system of the coordinates")  # fmt: skip


def _bad(parameter: str, what: str, remedy: str) -> BadRequestError:
    return BadRequestError(Fault(f"{parameter}: {what}", remedy))


def _step(reference: Reference) -> float:
    return STEP_DEGREES if reference.degrees else STEP_METRES


def _box(left: float, bottom: float, right: float, top: float) -> shapely.Geometry:
    """Return the box; a line or a point where it has no area, which GEOS does not find in a flat polygon."""
    if left < right and bottom < top:
        return shapely.box(left, bottom, right, top)
    return (
        shapely.Point(left, bottom)
        if (left, bottom) == (right, top)
        else shapely.LineString([(left, bottom), (right, top)])
    )


def _framed(around: Box, pad: float) -> Box:
    return around[0] - pad, around[1] - pad, around[2] + pad, around[3] + pad


def _moved(shape: shapely.Geometry, reference: Reference) -> shapely.Geometry:
    def moved(given: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(reference.to_study(given[:, 0], given[:, 1]))

    return shapely.transform(shape, moved)


def _cut(shape: shapely.Geometry, frame: Box) -> shapely.Geometry:
    """Return what of `shape` lies in the frame, and for each part that lies outside a small one at the frame's corner.

    The small one keeps true that the shape has a part where no feature is.
    """
    corner = shapely.Point(frame[0], frame[1])
    tokens = {
        0: corner,
        1: shapely.LineString([(frame[0], frame[1]), (frame[0] + 1e-6, frame[1])]),
        2: corner.buffer(1e-6, 1),
    }
    kept: list[shapely.Geometry] = []
    for part in shapely.get_parts(shape):
        inside = shapely.intersection(part, shapely.box(*frame))
        kept.append(tokens[shapely.get_dimensions(part)] if shapely.is_empty(inside) else inside)
    return shapely.union_all(kept)


def _bent(box: Box, step: float, reference: Reference) -> Area:
    """Return a box, given straight in its system, as an area of the study.

    What lies between the innermost points of its four edges lies in it: no edge comes there, and they go around it.
    """
    left, bottom, right, top = box
    across, up = math.ceil((right - left) / step), math.ceil((top - bottom) / step)
    wide, high = (right - left) / across, (top - bottom) / up
    xs, ys = [left + wide * n for n in range(across)], [bottom + high * n for n in range(up)]
    back, down = [right - wide * n for n in range(across)], [top - high * n for n in range(up)]
    # plain numbers: a usual box has a dozen points
    x, y = reference.to_study(
        np.array([*xs, *[right] * up, *back, *[left] * up, left]),
        np.array([*[bottom] * across, *ys, *[top] * across, *down, bottom]),
    )
    x[-1], y[-1] = x[0], y[0]
    shape = shapely.Polygon(np.column_stack((x, y)))
    east, north = x.tolist(), y.tolist()
    corner = (across, across + up, 2 * across + up)
    inner = (max(east[corner[2] :]), max(north[: corner[0] + 1]),
             min(east[corner[0] : corner[1] + 1]), min(north[corner[1] : corner[2] + 1]))  # fmt: skip
    return Area(shape, inner=inner if inner[0] < inner[2] and inner[1] < inner[3] else None)


def _reaching(boxes: npt.NDArray[np.float64], inner: Box) -> npt.NDArray[np.bool_]:
    """Return which boxes tell by themselves that their shape comes into `inner`.

    A shape touches each side of its box. So it does where two opposite sides lie between the lines of two sides of
    `inner`, and one of the other two between the other lines.
    """
    left, bottom, right, top = inner
    between = (boxes >= (left, bottom, left, bottom)) & (boxes <= (right, top, right, top))
    west, south, east, north = between.T
    return (west | east) & south & north | west & east & (south | north)  # type: ignore[no-any-return]
