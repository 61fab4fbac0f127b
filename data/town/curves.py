"""Small pieces of plane geometry the town is drawn with. Everything is in metres."""

from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Point, Polygon
from shapely.affinity import rotate, translate
from shapely.ops import substring

Pair = tuple[float, ...]
"""A point: easting and northing, metres."""

G = TypeVar("G", bound=shapely.Geometry)

GRID_M = 0.01
"""Coordinates of the finished town are whole centimetres."""


def smooth(points: Sequence[Pair], step_m: float = 40.0) -> LineString:
    """Return a Catmull-Rom curve through `points`, a vertex about every `step_m`."""
    p = np.asarray(points, float)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    parts = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        t = np.linspace(0, 1, max(2, int(np.hypot(*(c - b)) / step_m) + 1))[:-1, None]
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return LineString(np.vstack([*parts, p[-2]]))


def lines_of(shape: shapely.Geometry) -> list[LineString]:
    """Return the lines `shape` is made of."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return [part for part in parts if part.geom_type in ("LineString", "LinearRing") and part.length > 0]


def polygons_of(shape: shapely.Geometry) -> list[Polygon]:
    """Return the polygons `shape` is made of."""
    return [part for part in shapely.get_parts(shapely.get_parts(shape)) if part.geom_type == "Polygon"]


def largest(shape: shapely.Geometry) -> Polygon:
    """Return the largest polygon in `shape`; an empty one when there is none."""
    return max(polygons_of(shape), key=lambda part: part.area, default=Polygon())


def points_of(shape: shapely.Geometry) -> list[Point]:
    """Return the points where two lines meet: points, and the ends of shared stretches."""
    found: list[Point] = []
    for part in shapely.get_parts(shapely.get_parts(shape)):
        if part.geom_type == "Point":
            found.append(part)
        elif part.geom_type == "LineString":
            found += [Point(part.coords[0]), Point(part.coords[-1])]
    return found


def split_at(line: LineString, points: Iterable[Point], tolerance_m: float = 0.05) -> list[LineString]:
    """Return the pieces of `line` cut at `points`, which become exact vertices of both neighbours."""
    coords = np.asarray(line.coords)
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(coords, axis=0).T))])
    cuts: list[tuple[float, Pair]] = sorted((float(line.project(p)), (p.x, p.y)) for p in points)
    marked: list[tuple[float, Pair, bool]] = []
    for distance, xy in cuts:
        if not marked or distance - marked[-1][0] > tolerance_m:
            marked.append((distance, xy, True))
    kept: list[tuple[float, Pair, bool]] = [
        (float(d), (float(x), float(y)), False)
        for d, (x, y) in zip(at, coords, strict=True)
        if all(abs(d - m[0]) > tolerance_m for m in marked)
    ]
    pieces: list[LineString] = []
    current: list[Pair] = []
    for _, xy, cut in sorted(kept + marked):
        current.append(xy)
        if cut:
            if len(current) > 1:
                pieces.append(LineString(current))
            current = [xy]
    if len(current) > 1:
        pieces.append(LineString(current))
    return pieces


def wobble(line: LineString, rng: np.random.Generator, amplitude_m: float, step_m: float = 30.0) -> LineString:
    """Return `line` swaying sideways by up to about `amplitude_m`; its ends stay where they are."""
    n = max(3, int(line.length / step_m) + 1)
    t = np.linspace(0, 1, n)
    xy = np.array([line.interpolate(s, normalized=True).coords[0] for s in t])
    along = np.gradient(xy, axis=0)
    normal = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(along[:, 0], along[:, 1])[:, None]
    phase, waves = rng.uniform(0, 2 * np.pi, 2), rng.uniform(0.6, 2.4, 2)
    sway = (np.sin(phase[0] + waves[0] * np.pi * t) + 0.6 * np.sin(phase[1] + 2 * waves[1] * np.pi * t)) * np.sin(
        np.pi * t
    )
    return LineString(xy + normal * (amplitude_m * sway)[:, None])


def extend(line: LineString, start_m: float, end_m: float) -> LineString:
    """Return `line` prolonged straight at both ends."""
    c = np.asarray(line.coords)
    away = np.hypot(*(c - c[0]).T), np.hypot(*(c - c[-1]).T)
    a = c[0] - c[int(np.argmax(away[0] > 0.05))]
    b = c[-1] - c[len(c) - 1 - int(np.argmax(away[1][::-1] > 0.05))]
    first = c[0] + a / np.hypot(*a) * start_m
    last = c[-1] + b / np.hypot(*b) * end_m
    inner = [tuple(p) for p in c]
    return LineString(([tuple(first)] if start_m else []) + inner + ([tuple(last)] if end_m else []))


def bearing_of(shape: shapely.Geometry) -> float:
    """Return the direction in degrees (-45 to 45, 0 = east) in which a row of buildings fits `shape` best."""
    box = shapely.minimum_rotated_rectangle(shape)
    if box.geom_type != "Polygon":
        return 0.0
    c = frame_of(shape)
    angle = float(np.degrees(np.arctan2(*(c[1] - c[0])[::-1])))
    return (angle + 45) % 90 - 45


def blob(
    center: Pair, area_m2: float, rng: np.random.Generator, *, stretch: float = 1.4, angle: float = 0.0
) -> Polygon:
    """Return a rounded, irregular patch of land of about `area_m2`."""
    t = np.linspace(0, 2 * np.pi, 49)[:-1]
    r = 1 + sum(rng.uniform(-0.16, 0.16) * np.sin(k * t + rng.uniform(0, 6.28)) for k in (2, 3, 4, 5))
    scale = np.sqrt(area_m2 / np.pi)
    shape = Polygon(
        np.column_stack([r * np.cos(t) * scale * np.sqrt(stretch), r * np.sin(t) * scale / np.sqrt(stretch)])
    )
    return translate(rotate(shape, angle, origin=(0, 0)), *center)


def ribbon(line: LineString, half_widths_m: NDArray[np.float64]) -> Polygon:
    """Return the strip along `line`, as wide on both sides as `half_widths_m` says at each vertex."""
    c = np.asarray(line.coords)
    along = np.gradient(c, axis=0)
    normal = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(along[:, 0], along[:, 1])[:, None]
    side = normal * half_widths_m[:, None]
    return Polygon(np.vstack([c + side, (c - side)[::-1]])).buffer(0)


def rounded(shape: G) -> G:
    """Return `shape` with coordinates in whole centimetres."""
    return shapely.transform(shape, lambda xy: np.round(xy, 2))


def simplified(shape: G, tolerance_m: float) -> G:
    """Return `shape` with fewer vertices, of the same kind."""
    return shapely.simplify(shape, tolerance_m)


def piece_of(line: LineString, start_m: float, end_m: float) -> LineString:
    """Return the part of `line` between two distances along it."""
    return cast(LineString, substring(line, start_m, end_m))


def frame_of(shape: shapely.Geometry) -> NDArray[np.float64]:
    """Return the corners of the smallest turned rectangle around `shape`, the first one twice."""
    return np.asarray(cast(Polygon, shapely.minimum_rotated_rectangle(shape)).exterior.coords)
