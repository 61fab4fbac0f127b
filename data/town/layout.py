"""From the drawing to the ground: natural lines, main roads, streets, and the cells of land between them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, Point, Polygon, STRtree

from town import plan
from town.curves import (
    GRID_M,
    Pair,
    extend,
    frame_of,
    largest,
    lines_of,
    points_of,
    polygons_of,
    ribbon,
    rounded,
    simplified,
    smooth,
    split_at,
    wobble,
)

OVERSHOOT_M = 8.0
"""How far a dividing street is drawn past the line it ends on; the rest is cut off when the roads are put together."""


@dataclass(frozen=True)
class Line:
    """A road's centre line, a stream, a rail: what the land is cut along."""

    shape: LineString
    road_class: str
    name: str = ""
    name_en: str = ""
    gap_m: float = 0.0
    quarter: str = ""
    note: str = ""


@dataclass(frozen=True)
class Nature:
    """What was there before the roads, and the two lines nobody crosses."""

    outline: Polygon
    river: LineString
    river_area: Polygon
    streams: tuple[Line, ...]
    railway: LineString
    expressway: LineString


@dataclass(frozen=True)
class Cell:
    """Land between lines: the finest piece, with its quarter and today's community."""

    shape: Polygon
    quarter: str
    community_id: str


def lay_nature(rng: np.random.Generator) -> Nature:
    """Return outline, waters, railway and expressway on the ground."""
    river = plan.on_ground(smooth(plan.RIVER, 50))
    t = np.linspace(0, 1, len(river.coords))
    half = 40 + 8 * t + 7 * np.sin(9 * t + 1.2) + 4 * np.sin(23 * t)
    streams = tuple(
        Line(
            plan.on_ground(wobble(smooth(points, 40), rng, 14.0))
            if kind != "canal"
            else plan.on_ground(smooth(points, 60)),
            kind,
            name,
            name_en,
        )
        for name, name_en, kind, points in plan.STREAMS
    )
    edge = next(s for s in streams if s.name == plan.BORDER_STREAM)
    outline = _outline(edge.shape, rng)
    return Nature(
        outline=outline,
        river=river,
        river_area=ribbon(river, half),
        streams=streams,
        railway=plan.on_ground(smooth(plan.RAILWAY, 60)),
        expressway=plan.on_ground(smooth(plan.EXPRESSWAY, 60)),
    )


def _outline(edge_stream: LineString, rng: np.random.Generator) -> Polygon:
    """Return the study area: a swaying ridge and field line, and exactly the stream where it is the border."""
    drawn = LineString([*plan.OUTLINE, plan.OUTLINE[0]])
    ring = plan.on_ground(smooth(list(drawn.coords), 60))
    ring = wobble(ring, rng, 18.0, 45.0)
    rough = Polygon(ring).buffer(0)
    side = [
        p
        for p in polygons_of(
            shapely.polygonize([shapely.node(MultiLineString([rough.exterior, extend(edge_stream, 60, 60)]))])
        )
        if p.area > 1e5
    ]
    return max(side, key=lambda p: p.area)


def lay_roads(nature: Nature) -> list[Line]:
    """Return the centre lines of the main roads, cut at their crossings, without the ends that overshoot."""
    drawn = [Line(plan.on_ground(smooth(r.points, 45)), r.road_class, r.name, r.name_en, r.gap_m) for r in plan.ROADS]
    for name, name_en, road_class, side, west, east in plan.BANK_ROADS:
        bank = nature.river.offset_curve(side * plan.BANK_ROAD_OFFSET_M)
        window = plan.on_ground(shapely.segmentize(shapely.box(west, -2000, east, 1500), 50))
        drawn.append(
            Line(
                simplified(max(lines_of(bank.intersection(window)), key=lambda p: p.length), 2.0),
                road_class,
                name,
                name_en,
            )
        )
    return _without_overshoot(drawn, nature)


def _without_overshoot(drawn: list[Line], nature: Nature, longest_m: float = 170.0) -> list[Line]:
    """Return the roads cut at crossings, without short ends that lead nowhere."""
    pieces = node(drawn)
    ends: dict[Pair, int] = {}
    for piece in pieces:
        for end in (piece.shape.coords[0], piece.shape.coords[-1]):
            ends[end] = ends.get(end, 0) + 1
    kept = []
    for piece in pieces:
        loose = [e for e in (piece.shape.coords[0], piece.shape.coords[-1]) if ends[e] == 1]
        inside = any(nature.outline.contains(Point(e)) for e in loose)
        if not (loose and inside and piece.shape.length < longest_m):
            kept.append(piece)
    return kept


def node(lines: Iterable[Line], skip: Iterable[tuple[int, int]] = ()) -> list[Line]:
    """Return the lines cut wherever two of them meet; pairs in `skip` cross without a shared vertex."""
    lines = list(lines)
    passed = set(skip)
    tree = STRtree([line.shape for line in lines])
    cuts: list[list[Point]] = [[] for _ in lines]
    for i, line in enumerate(lines):
        for j in sorted(int(k) for k in tree.query(line.shape, predicate="intersects")):
            if j <= i or (i, j) in passed:
                continue
            for point in points_of(rounded(line.shape.intersection(lines[j].shape))):
                cuts[i].append(point)
                cuts[j].append(point)
    out = []
    for line, points in zip(lines, cuts, strict=True):
        shape = rounded(line.shape)
        for piece in split_at(shape, points) if points else [shape]:
            clean = rounded(piece)
            if clean.length > 0.05:
                out.append(replace(line, shape=clean))
    return out


def superblocks(nature: Nature, roads: Iterable[Line]) -> list[Polygon]:
    """Return the land between main roads, waters, rails and the outline."""
    lines = [r.shape for r in roads] + [s.shape for s in nature.streams]
    lines += [nature.river, nature.railway, nature.expressway, nature.outline.exterior]
    faces = shapely.get_parts(shapely.polygonize([shapely.unary_union(lines)]))
    return sorted(
        (f for f in faces if nature.outline.contains(f.representative_point()) and f.area > 1),
        key=lambda f: (round(f.centroid.x), round(f.centroid.y)),
    )


def quarter_of(shape: Polygon, quarters: dict[str, Polygon]) -> str:
    """Return the quarter a piece of land lies in."""
    point = shape.representative_point()
    return next((name for name, ring in quarters.items() if ring.contains(point)), "rural")


def quarters_on_ground() -> dict[str, Polygon]:
    """Return the quarters' outlines on the ground."""
    return {
        q.name: plan.on_ground(Polygon(LineString([*q.ring, q.ring[0]]).segmentize(60).coords)) for q in plan.QUARTERS
    }


def divide(faces: Iterable[Polygon], nature: Nature, rng: np.random.Generator) -> list[Line]:
    """Return the streets that divide large faces until each quarter's block size is reached."""
    quarters = quarters_on_ground()
    patterns = {q.name: q for q in plan.QUARTERS}
    closed = shapely.unary_union(
        [
            nature.river_area.buffer(12),
            nature.railway.buffer(16),
            nature.expressway.buffer(34),
            shapely.union_all([s.shape for s in nature.streams]).buffer(9),
        ]
    )
    streets: list[Line] = []
    for face in faces:
        quarter = quarter_of(face, quarters)
        pattern = patterns.get(quarter, plan.Quarter("rural", (), 36.0, 20.0, 12.0))
        _divide_one(face, pattern, closed, rng, streets, 0)
    return streets


def _divide_one(
    face: Polygon,
    pattern: plan.Quarter,
    closed: shapely.Geometry,
    rng: np.random.Generator,
    out: list[Line],
    depth: int,
) -> None:
    """Cut `face` across its long side, and its halves again, adding the streets to `out`."""
    open_land = face.difference(closed)
    if open_land.buffer(-42).is_empty:  # a strip along a river or a railway stays whole
        return
    if open_land.area < pattern.block_ha * 1e4 * 1.55:
        return
    box = frame_of(face)
    sides = box[1] - box[0], box[2] - box[1]
    long, short = sides if np.hypot(*sides[0]) >= np.hypot(*sides[1]) else sides[::-1]
    for attempt in range(5):
        cut = _across(face, open_land, long, short, pattern, rng, 0.09 + 0.05 * attempt)
        if cut is None:
            continue
        halves = polygons_of(shapely.polygonize([shapely.unary_union([face.exterior, cut])]))
        halves = [h for h in halves if face.buffer(1).contains(h.representative_point())]
        if len(halves) >= 2 and min(h.area for h in halves) > 0.2 * face.area:
            break
    else:
        return
    rank = "track" if pattern.name == "rural" else "residential"
    out.append(Line(cut, rank, quarter=pattern.name, note=f"depth {depth}"))
    for half in sorted(halves, key=lambda h: (round(h.centroid.x), round(h.centroid.y))):
        _divide_one(half, pattern, closed, rng, out, depth + 1)


def _across(
    face: Polygon,
    open_land: shapely.Geometry,
    long: NDArray[np.float64],
    short: NDArray[np.float64],
    pattern: plan.Quarter,
    rng: np.random.Generator,
    shift: float,
) -> LineString | None:
    """Return a street across `face` near its middle, reaching a little beyond both edges; None when too short."""
    tilt = np.radians(rng.uniform(-1, 1) * pattern.tilt_deg)
    a, b = short / np.hypot(*short)
    across = np.array([a * np.cos(tilt) - b * np.sin(tilt), a * np.sin(tilt) + b * np.cos(tilt)])
    center = np.asarray(shapely.centroid(open_land).coords[0]) + long * rng.uniform(-shift, shift)
    reach = np.hypot(*long) + np.hypot(*short)
    line = LineString([center - across * reach, center + across * reach])
    inside = max(lines_of(line.intersection(face)), key=lambda p: p.length, default=None)
    if inside is None or inside.length < 40:
        return None
    if pattern.sway_m:
        inside = wobble(inside, rng, min(pattern.sway_m, inside.length / 24))
    return extend(inside, OVERSHOOT_M, OVERSHOOT_M)


def lay_cells(nature: Nature, roads: Iterable[Line], streets: Iterable[Line]) -> tuple[list[Cell], dict[str, Polygon]]:
    """Return the land between all lines with today's community, and the communities' polygons.

    The communities are unions of cells, so that they tile the outline without gaps and share every vertex.
    """
    quarters = quarters_on_ground()
    roads, streets = list(roads), list(streets)
    lines = [r.shape for r in roads] + [s.shape for s in (*streets, *nature.streams)]
    lines += [nature.river, nature.railway, nature.expressway, nature.outline.exterior]
    blocks = superblocks(nature, roads)
    owner = _owners(blocks)
    tree = STRtree(blocks)

    def owned(part: Polygon) -> str:
        point = part.representative_point()
        hits = [int(i) for i in tree.query(point, predicate="intersects")]
        return owner[hits[0]] if hits else owner[int(tree.nearest(point))]

    cells = [Cell(part, quarter_of(part, quarters), owned(part)) for part in _pieces(lines, nature)]
    history = [
        (border, plan.on_ground(Polygon(LineString([*border.ring, border.ring[0]]).segmentize(40).coords)))
        for border in plan.HISTORIC_BORDERS
    ]
    lines += [plan.on_ground(LineString(border.cut).segmentize(40)) for border in plan.HISTORIC_BORDERS]
    homes: dict[str, list[Polygon]] = {unit.community_id: [] for unit in plan.UNITS}
    for part in _pieces(lines, nature):
        home, point = owned(part), part.representative_point()
        for border, ring in history:
            home = border.taker if home == border.giver and ring.contains(point) else home
        homes[home].append(part)
    return cells, {unit: largest(shapely.coverage_union_all(parts)) for unit, parts in homes.items()}


def _pieces(lines: list[LineString], nature: Nature) -> list[Polygon]:
    """Return the smallest pieces of land between `lines` inside the outline, from west to east."""
    net = shapely.set_precision(shapely.unary_union([rounded(line) for line in lines]), GRID_M)
    inside = nature.outline.buffer(1)
    parts = [p for p in shapely.get_parts(shapely.polygonize([net])) if inside.contains(p.representative_point())]
    return sorted(parts, key=lambda p: (round(p.centroid.x, 1), round(p.centroid.y, 1)))


def _owners(blocks: list[Polygon]) -> list[str]:
    """Return the community of each large block: the one with the nearest seed."""
    seeds = [(unit.community_id, seed) for unit in plan.UNITS for seed in unit.seeds]
    points = plan.on_ground(MultiLineString([[s, (s[0] + 1, s[1])] for _, s in seeds]))
    where = np.array([line.coords[0] for line in points.geoms])
    owners = []
    for block in blocks:
        inside = [seeds[i][0] for i, p in enumerate(where) if block.contains(Point(p))]
        if inside:
            owners.append(inside[0])
            continue
        p = block.representative_point()
        owners.append(seeds[int(np.argmin(np.hypot(where[:, 0] - p.x, where[:, 1] - p.y)))][0])
    return owners
