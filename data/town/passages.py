"""Where people cross: zebra crossings of main roads, footbridges between them, level crossings of the railway."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, Point, STRtree

from town.layout import Nature
from town.streets import Way

KINDS: dict[str, str] = {"小区出入口": "gate", "过街设施": "crossing", "平交道口": "level_crossing"}
"""The office's words for what it is."""

CROSSED_AT = ("primary", "secondary", "tertiary")
PAINTED = 0.9
"""Share of the junctions on main roads that have a zebra crossing."""
FAR_M = 450.0
"""Between junctions farther apart than this there may be a footbridge [m]."""
BRIDGED = 0.6


@dataclass(frozen=True)
class Passage:
    """One row of the layer 过街设施."""

    passage_id: str
    shape: Point
    kind: str
    name: str
    name_en: str


def crossings(ways: list[Way], nature: Nature, rng: np.random.Generator) -> list[Passage]:
    """Return the crossings of main roads and of the railway, on the ground only."""
    ground = [w for w in ways if w.level == 0 and not (w.bridge or w.tunnel)]
    main = [w for w in ground if w.road_class == "primary"]
    tree = STRtree([w.shape for w in ground])
    found: list[tuple[Point, str, str, str]] = []
    for way in main:
        met: list[Point] = []
        for j in sorted(tree.query(way.shape, predicate="dwithin", distance=1.0).tolist()):
            other = ground[j]
            if other.road_class not in CROSSED_AT or (other.name and other.name == way.name):
                continue
            met += [p for p in _points(way.shape, other.shape) if all(p.distance(q) > 12 for q in met)]
        met.sort(key=way.shape.project)
        found += [
            (point, "crossing", f"{way.name}人行横道", f"{way.name_en} Zebra Crossing")
            for point in met
            if rng.random() < PAINTED
        ]
        stops = [0.0, *(way.shape.project(p) for p in met), way.shape.length]
        for before, after in pairwise(stops):
            if after - before > FAR_M and rng.random() < BRIDGED:
                middle = way.shape.interpolate((before + after) / 2)
                found.append((middle, "crossing", f"{way.name}人行天桥", f"{way.name_en} Footbridge"))
    for way in ground:
        if way.walkable and way.road_class != "motorway":
            found += [
                (p, "level_crossing", f"{way.name or '铁路'}道口", f"{way.name_en or 'Railway'} Level Crossing")
                for p in _points(nature.railway, way.shape)
            ]
    kept: list[tuple[Point, str, str, str]] = []
    for row in found:  # two pieces of one road may meet at the same junction
        if all(row[0].distance(other[0]) > 5 for other in kept):
            kept.append(row)
    return [
        Passage(f"GJ{i + 1:03d}", shapely.transform(shape, lambda xy: np.round(xy, 2)), kind, zh, en)
        for i, (shape, kind, zh, en) in enumerate(kept)
    ]


def _points(line: LineString, other: LineString) -> list[Point]:
    """Return where two lines meet, or all but meet."""
    shared = line.intersection(other)
    if not shared.is_empty:
        return [part.interpolate(0) if part.geom_type == "LineString" else part for part in shapely.get_parts(shared)]
    ends = [Point(other.coords[0]), Point(other.coords[-1])]
    return [line.interpolate(line.project(end)) for end in ends if end.distance(line) < 1.0][:1]
