"""Footprints: rows of slabs, towers, courtyards, village houses, halls, schools, inside a piece of land."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.affinity import affine_transform, rotate
from shapely.geometry.base import BaseGeometry

from town.curves import bearing_of, largest, lines_of, polygons_of, simplified


@dataclass(frozen=True)
class Building:
    """One building as it really is; what the register does not know is left out later."""

    shape: Polygon
    use: str
    floors: int
    year: int
    structure: str
    dwellings: int = 0
    style: str = ""
    estate_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Row:
    """How buildings stand in rows: depth and pitch of rows, length and gap of buildings, all in metres."""

    depth_m: float
    pitch_m: float
    lengths_m: tuple[float, ...]
    gap_m: float
    weights: tuple[float, ...] = ()
    skip: float = 0.0
    skew_deg: float = 0.0
    depth_spread: float = 0.0


Footprint = Callable[[float, float, float, float, np.random.Generator], Polygon]


def slab(x: float, y: float, w: float, d: float, rng: np.random.Generator) -> Polygon:
    """Return a bar; long ones sometimes step back at a stairwell, as walk-up blocks do."""
    if w > 34 and rng.random() < 0.4:
        k, s = w * rng.choice([0.33, 0.5, 0.67]), rng.choice([-1.5, 1.5])
        low, high = max(s, 0.0), min(s, 0.0)
        return Polygon(
            [
                (x, y + low),
                (x + k, y + low),
                (x + k, y + low - s),
                (x + w, y + low - s),
                (x + w, y + d + high - s + low),
                (x + k, y + d + high - s + low),
                (x + k, y + d + high),
                (x, y + d + high),
            ]
        ).buffer(0)
    return shapely.box(x, y, x + w, y + d)


def plain(x: float, y: float, w: float, d: float, rng: np.random.Generator) -> Polygon:  # noqa: ARG001
    """Return a rectangle."""
    return shapely.box(x, y, x + w, y + d)


def tower(x: float, y: float, w: float, d: float, rng: np.random.Generator) -> Polygon:
    """Return a tower: a core with wings, notched on the south side."""
    a, n = w * rng.uniform(0.26, 0.34), d * 0.22
    return Polygon(
        [
            (x, y),
            (x + a, y),
            (x + a, y + n),
            (x + w - a, y + n),
            (x + w - a, y),
            (x + w, y),
            (x + w, y + d * 0.75),
            (x + w - a, y + d * 0.75),
            (x + w - a, y + d),
            (x + a, y + d),
            (x + a, y + d * 0.75),
            (x, y + d * 0.75),
        ]
    )


def courtyard(x: float, y: float, w: float, d: float, rng: np.random.Generator) -> Polygon:
    """Return an old house around a yard: closed, open to the south, an angle, or one wing."""
    t, kind = 4.6, rng.random()
    outer = shapely.box(x, y, x + w, y + d)
    if w < 13 or d < 12.5 or kind < 0.16:
        return shapely.box(x, y + d * 0.35, x + w, y + d)
    if kind < 0.52:
        return largest(outer.difference(shapely.box(x + t, y - 1, x + w - t, y + d - t - 1)))
    if kind < 0.8:
        left = rng.random() < 0.5
        west, east = (x + t, x + w + 1) if left else (x - 1, x + w - t)
        return largest(outer.difference(shapely.box(west, y - 1, east, y + d - t - 1)))
    return largest(outer.difference(shapely.box(x + t, y + t, x + w - t, y + d - t - 1)))


def house(x: float, y: float, w: float, d: float, rng: np.random.Generator) -> Polygon:
    """Return a village house; many have a low kitchen wing at the back or side."""
    if w < 16 and rng.random() < 0.35:
        k = w * rng.uniform(0.4, 0.6)
        return Polygon(
            [(x, y), (x + w, y), (x + w, y + d), (x + w - k, y + d), (x + w - k, y + d * 0.8), (x, y + d * 0.8)]
        )
    return shapely.box(x, y, x + w, y + d)


def rows(
    land: BaseGeometry, row: Row, rng: np.random.Generator, *, angle: float | None = None, footprint: Footprint = slab
) -> list[Polygon]:
    """Return footprints in parallel rows inside `land`, along `angle` or along the land's own direction."""
    if land.is_empty or land.area < row.depth_m * min(row.lengths_m):
        return []
    turn = bearing_of(land) if angle is None else angle
    pivot = land.centroid
    flat = rotate(land, -turn, origin=pivot)
    shapely.prepare(flat)
    west, south, east, north = flat.bounds
    weights = np.asarray(row.weights or [1.0] * len(row.lengths_m))
    found = []
    y = south + rng.uniform(0, 3)
    while y + row.depth_m <= north:
        depth = row.depth_m * (1 + row.depth_spread * rng.uniform(-1, 1))
        strip = flat.intersection(shapely.box(west, y, east, y + depth))
        placed = False
        for part in sorted(polygons_of(strip), key=lambda p: p.bounds[0]):
            x, stop = part.bounds[0] + 0.1, part.bounds[2]
            while x < stop - min(row.lengths_m):
                w = float(rng.choice(row.lengths_m, p=weights / weights.sum())) * (1 + 0.06 * rng.uniform(-1, 1))
                options = [w, *sorted((v for v in row.lengths_m if v < w), reverse=True)]
                fit = next((v for v in options if flat.contains(shapely.box(x, y, x + v, y + depth))), None)
                if fit is None:
                    x += 2.5
                    continue
                if rng.random() >= row.skip:
                    shape = footprint(x, y, fit, depth, rng)
                    if row.skew_deg:
                        shape = rotate(shape, rng.uniform(-1, 1) * row.skew_deg)
                    found.append(shape)
                    placed = True
                x += fit + row.gap_m * rng.uniform(0.85, 1.25)
        y += row.pitch_m * rng.uniform(0.97, 1.04) if placed else 4.0
    return [rotate(shape, turn, origin=pivot) for shape in found]


def frontage(
    land: Polygon,
    streets: shapely.Geometry,
    rng: np.random.Generator,
    *,
    depth_m: float,
    lengths_m: tuple[float, float],
    gap_m: float = 0.8,
    reach_m: float = 22.0,
    skip: float = 0.1,
) -> list[Polygon]:
    """Return a street wall: buildings side by side along the edges of `land` that face `streets`."""
    edge = simplified(land, 2.0).exterior
    facing = shapely.buffer(streets, reach_m)
    found = []
    ring = np.asarray(shapely.geometry.polygon.orient(Polygon(edge)).exterior.coords)
    shapely.prepare(facing)
    shapely.prepare(land)
    for a, b in pairwise(ring):
        span = float(np.hypot(*(b - a)))
        if span < lengths_m[0] + 6 or not facing.contains(LineString([a + (b - a) * 0.3, a + (b - a) * 0.7])):
            continue
        along = (b - a) / span
        inward = np.array([-along[1], along[0]])
        at = 3.0
        while at + lengths_m[0] < span - 3:
            w = min(rng.uniform(*lengths_m), span - 3 - at)
            if rng.random() >= skip and w >= lengths_m[0]:
                p = a + along * at + inward * 0.4
                d = depth_m * rng.uniform(0.85, 1.15)
                shape = Polygon([p, p + along * w, p + along * w + inward * d, p + inward * d])
                if land.buffer(0.6).contains(shape):
                    found.append(shape)
            at += w + gap_m * rng.uniform(0.6, 1.6)
    return found


def spine(land: Polygon, angle: float, rng: np.random.Generator) -> list[LineString]:
    """Return the main inner road of a compound, across its rows; an empty list where none fits."""
    pivot = land.centroid
    flat = rotate(land, -angle, origin=pivot)
    west, south, east, north = flat.bounds
    x = (west + east) / 2 + (east - west) * rng.uniform(-0.14, 0.14)
    axis = LineString([(x, south - 1), (x, north - rng.uniform(0.04, 0.16) * (north - south))]).intersection(flat)
    found = max(lines_of(axis), key=lambda p: p.length, default=None)
    if found is None:
        return []
    low, high = sorted(c[1] for c in (found.coords[0], found.coords[-1]))
    return [rotate(LineString([(x, low), (x, high)]), angle, origin=pivot)]


def branches(
    land: Polygon, roads: list[LineString], built: list[Polygon], angle: float, *, every_m: float
) -> list[LineString]:
    """Return dead-end roads off the main inner road, in the gaps between the rows."""
    if not roads:
        return []
    pivot = land.centroid
    flat = rotate(land.buffer(-7), -angle, origin=pivot)
    axis = rotate(roads[0], -angle, origin=pivot)
    houses = rotate(shapely.union_all(built), -angle, origin=pivot) if built else shapely.Polygon()
    (x, low), (_, high) = sorted(axis.coords, key=lambda c: c[1])
    west, _, east, _ = flat.bounds
    out: list[LineString] = []
    y, last = low + 9.0, low - every_m * 0.4
    while y < high - 5 and every_m > 0:
        branch = LineString([(west, y), (x, y), (east, y)]).intersection(flat)
        near = [p for p in lines_of(branch) if p.distance(shapely.Point(x, y)) < 0.1 and p.length > 24]
        if near and y - last >= every_m and near[0].distance(houses) > 4.2:
            out.append(near[0])
            last = y
        y += 1.5
    return [rotate(line, angle, origin=pivot) for line in out]


def centered(land: Polygon, parts: list[tuple[float, float, float, float]], angle: float) -> list[Polygon]:
    """Return the boxes (x, y, width, depth from the land's centre) that fit `land`, turned by `angle`."""
    c = land.representative_point() if not land.contains(land.centroid) else land.centroid
    a, b = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    made = [affine_transform(shapely.box(x, y, x + w, y + d), [a, -b, b, a, c.x, c.y]) for x, y, w, d in parts]
    return [shape for shape in made if land.contains(shape)]


def inner(land: Polygon, margin_m: float, avoid: shapely.Geometry | None = None) -> Polygon:
    """Return the largest part of `land` at least `margin_m` from its edge and outside `avoid`."""
    rest = land.buffer(-margin_m, join_style="mitre")
    return largest(rest if avoid is None else rest.difference(avoid))
