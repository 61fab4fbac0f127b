"""The road layer as a survey would hand it over: carriageways, bridges, roundabouts, slip roads, and a few flaws."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point, STRtree
from shapely.ops import nearest_points

from town import names, plan
from town.curves import Pair, extend, lines_of, piece_of, rounded, simplified, smooth, split_at
from town.layout import Line, Nature, node
from town.quarters import INNER_STREET

Flaws = dict[str, list[str]]


@dataclass(frozen=True)
class Way:
    """One row of the road layer."""

    road_id: str
    shape: LineString
    road_class: str
    name: str = ""
    name_en: str = ""
    oneway: bool = False
    roundabout: bool = False
    bridge: bool = False
    tunnel: bool = False
    level: int = 0
    walkable: bool = True


def survey(
    nature: Nature, main: list[Line], streets: list[Line], lanes: list[Line], rng: np.random.Generator
) -> tuple[list[Way], Flaws]:
    """Return the road layer and the flaws planted in it, by kind, with road ids."""
    whole = _whole_roads(main, nature)
    closed = shapely.union_all(
        [
            nature.river_area.buffer(5),
            *[s.shape.buffer(5) for s in nature.streams],
            nature.railway.buffer(9),
            nature.expressway.buffer(22),
        ]
    )
    minor = name_streets(streets, lanes, main)
    minor = [
        replace(line, shape=part)
        for line in minor
        for part in lines_of(line.shape.difference(closed))
        if part.length > 6
    ]
    minor = _before_the_edge(minor, nature, rng)
    minor += _promenade(nature, whole, closed) + _ridge_paths(nature, closed)
    carriageways = [part for line in whole for part in _carriageways(line)]
    rings = _roundabouts(whole)
    cut = shapely.union_all([shapely.Polygon(ring.shape) for ring in rings]) if rings else shapely.Polygon()
    ground = [
        replace(line, shape=part)
        for line in carriageways + minor
        for part in lines_of(line.shape.difference(cut))
        if part.length > 2
    ] + rings
    express, slips = _expressway(nature, ground)
    pieces = _trim(node(_bridges([*ground, *slips], nature)), nature)
    pieces, loose = _flaws(pieces, nature, rng)
    pieces += _join(express, slips)
    ways = [_way(f"DL{i + 1:05d}", piece) for i, piece in enumerate(sorted(pieces, key=_place))]
    return ways, _flaw_ids(ways, loose, nature)


def _place(line: Line) -> tuple[int, float, float, float]:
    order = list(plan.WIDTHS_M)
    c = line.shape.interpolate(0.5, normalized=True)
    return order.index(line.road_class), round(c.x, 2), round(c.y, 2), round(line.shape.length, 2)


def _whole_roads(main: list[Line], nature: Nature) -> list[Line]:
    """Return main roads joined again over their crossings, without dead tails, near the study only."""
    by_name: dict[str, list[Line]] = defaultdict(list)
    for piece in main:
        by_name[piece.name].append(piece)
    window = nature.outline.buffer(190)
    out = []
    for pieces in by_name.values():
        for shape in lines_of(shapely.line_merge(MultiLineString([p.shape for p in pieces]))):
            for inside in lines_of(shape.intersection(window)):
                short = _without_tail(inside, nature.expressway.buffer(24))
                out.append(replace(pieces[0], shape=_without_tail(short, nature.railway.buffer(15))))
    return out


def _without_tail(line: LineString, strip: shapely.Geometry, longest_m: float = 230.0) -> LineString:
    """Return `line` cut before `strip` when only a short tail lies behind it."""
    parts = lines_of(line.difference(strip))
    long = [p for p in parts if p.length > longest_m]
    return long[0] if len(long) == 1 and len(parts) > 0 and line.length - long[0].length < longest_m + 60 else line


def _carriageways(line: Line) -> list[Line]:
    """Return a road's two oneway carriageways, right-hand traffic; a single road unchanged."""
    if not line.gap_m:
        return [line]
    axis = extend(simplified(line.shape, 0.2), 12.0, 12.0)
    right = axis.offset_curve(-line.gap_m / 2)
    left = axis.offset_curve(line.gap_m / 2)
    start = Point(axis.coords[0])
    right = right if right.project(start) < right.length / 2 else right.reverse()
    left = left if left.project(start) > left.length / 2 else left.reverse()
    return [replace(line, shape=lines_of(side)[0], note="oneway") for side in (right, left)]


def _roundabouts(whole: list[Line]) -> list[Line]:
    """Return ring roads round the crossings nearest to the drawn places."""
    net = node(whole)
    ends = Counter(e for p in net for e in (p.shape.coords[0], p.shape.coords[-1]))
    crossings = [Point(e) for e, n in ends.items() if n >= 4]
    rings = []
    for where, radius in plan.ROUNDABOUTS:
        drawn = plan.on_ground(Point(where))
        center = min(crossings, key=lambda p: p.distance(drawn))
        near = sorted((line for line in whole if line.shape.distance(center) < 1), key=lambda line: -line.gap_m)
        ring = LineString(center.buffer(radius, quad_segs=8).exterior.reverse().coords)
        rings.append(
            Line(
                ring if shapely.is_ccw(ring) else ring.reverse(),
                near[0].road_class,
                near[0].name,
                near[0].name_en,
                note="roundabout",
            )
        )
    return rings


def _expressway(nature: Nature, ground: list[Line]) -> tuple[list[Line], list[Line]]:
    """Return the expressway's carriageways and the four slip roads of the interchange with Qinghe Avenue."""
    axis = lines_of(nature.expressway.intersection(nature.outline.buffer(230)))[0]
    base = Line(axis, "motorway", "清临高速公路", "Qinglin Expressway", 23.0)
    lanes = _carriageways(base)
    avenue = [line for line in ground if line.name == "清河大道"]
    cross = shapely.get_parts(axis.intersection(shapely.union_all([a.shape for a in avenue])))
    at = float(np.mean([axis.project(p) for p in cross]))
    slips = []
    for lane, lateral in zip(lanes, (-1, 1), strict=True):
        for run in (-1, 1):
            off = axis.interpolate(at + run * 330)
            leave = lane.shape.interpolate(lane.shape.project(off))
            carriageway = min(avenue, key=lambda a: a.shape.distance(off))
            foot_at = carriageway.shape.project(axis.interpolate(at))
            feet = [carriageway.shape.interpolate(foot_at + s * 120) for s in (-1, 1)]
            foot = min(feet, key=lambda p: p.distance(lane.shape) if lateral_of(p, axis) == lateral else 1e9)
            bow = [_beside(axis, at + run * d, lateral * off) for d, off in ((270, 19), (190, 34), (100, 74))]
            path = smooth([leave.coords[0], *bow, foot.coords[0]], 25)
            # traffic keeps right: on the carriageway's way out of the crossing it joins, before it it leaves
            along = lane.shape.project(leave) < lane.shape.project(
                Point(lane.shape.interpolate(lane.shape.project(axis.interpolate(at))))
            )
            path = path if along else path.reverse()
            slips.append(Line(path, "motorway_link", "清河互通匝道", "Qinghe Interchange Ramp", note="oneway"))
    crossed = shapely.union_all(
        [line.shape.buffer(16) for line in ground if line.shape.distance(axis) < 30]
        + [nature.river_area.buffer(6), nature.railway.buffer(14)]
    )
    out = []
    for lane in lanes:
        out += [
            replace(lane, shape=part, note="oneway bridge" if over else "oneway")
            for part, over in _in_order(lane.shape, crossed)
        ]
    return out, slips


def lateral_of(point: Point, axis: LineString) -> int:
    """Return 1 when `point` lies left of `axis`, -1 when right of it."""
    at = axis.project(point)
    a, b = axis.interpolate(at - 5), axis.interpolate(at + 5)
    return 1 if (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) > 0 else -1


def _beside(axis: LineString, at_m: float, left_m: float) -> Pair:
    """Return the point `left_m` to the left of `axis` at `at_m` along it."""
    a, b = np.asarray(axis.interpolate(at_m - 5).coords[0]), np.asarray(axis.interpolate(at_m + 5).coords[0])
    along = (b - a) / np.hypot(*(b - a))
    p = (a + b) / 2 + np.array([-along[1], along[0]]) * left_m
    return float(p[0]), float(p[1])


def _in_order(line: LineString, area: shapely.Geometry) -> list[tuple[LineString, bool]]:
    """Return the parts of `line` outside and inside `area`, each with whether it is inside."""
    parts = [(p, False) for p in lines_of(line.difference(area))] + [
        (p, True) for p in lines_of(line.intersection(area))
    ]
    return sorted(
        ((p, inside) for p, inside in parts if p.length > 0.5),
        key=lambda q: line.project(q[0].interpolate(0.5, normalized=True)),
    )


def _bridges(lines: Iterable[Line], nature: Nature) -> list[Line]:
    """Return the lines cut at the banks of waters and at the railway, with the crossing parts marked."""
    waters = shapely.union_all(
        [nature.river_area.buffer(4), *[s.shape.buffer(8 if s.road_class == "canal" else 5) for s in nature.streams]]
    )
    rail = nature.railway.buffer(13)
    out = []
    for line in lines:
        if line.road_class not in ("primary", "secondary", "tertiary", "unclassified"):
            out.append(line)
            continue
        for part, wet in _in_order(line.shape, waters):
            for piece, over in _in_order(part, rail):
                under = over and line.name in ("中山路", "西溪路")
                mark = " tunnel" if under else " bridge" if over or wet else ""
                out.append(replace(line, shape=piece, note=(line.note + mark).strip()))
    return out


def _trim(pieces: list[Line], nature: Nature, longest_m: float = 24.0) -> list[Line]:
    """Return the pieces without short tails past a junction; a short dead end that is a whole lane stays."""
    edge = nature.outline.exterior
    for _ in range(2):
        ends = Counter(e for p in pieces for e in (p.shape.coords[0], p.shape.coords[-1]))

        def tail(p: Line, ends: Counter[Pair] = ends) -> bool:
            a, b = ends[p.shape.coords[0]], ends[p.shape.coords[-1]]
            return (
                min(a, b) == 1
                and p.shape.length < longest_m
                and p.shape.distance(edge) > 40
                and p.road_class != "footway"
            )

        pieces = [p for p in pieces if not tail(p) and p.shape.length > 0.3]
    return pieces


def _before_the_edge(lines: list[Line], nature: Nature, rng: np.random.Generator) -> list[Line]:
    """Return field tracks that end in a field, or a few metres before the study's edge."""
    out = []
    for line in lines:
        if line.road_class != "track":
            out.append(line)
            continue
        inside = max(
            lines_of(line.shape.intersection(nature.outline.buffer(-rng.uniform(3.0, 6.0)))),
            key=lambda p: p.length,
            default=None,
        )
        if inside is None:
            continue
        near_edge = inside.distance(nature.outline.exterior) < 10
        if rng.random() < (0.45 if near_edge else 0.3):
            a, b = (0.0, inside.length * rng.uniform(0.55, 0.8))
            from_edge = Point(inside.coords[0]).distance(nature.outline.exterior) < 10
            inside = piece_of(inside.reverse() if from_edge else inside, a, b)
        out.append(replace(line, shape=inside))
    return out


def _promenade(nature: Nature, whole: list[Line], closed: shapely.Geometry) -> list[Line]:
    """Return the walk along the north bank and its steps up to Yanjiang Road, and one on the south bank."""
    out = []
    crossing = shapely.union_all([w.shape.buffer(12) for w in whole if w.shape.crosses(nature.river)])
    for side, road in ((1, "沿江路"), (-1, "江南路")):
        bank = shapely.union_all([w.shape for w in whole if w.name == road])
        path = nature.river.offset_curve(side * 78.0).simplify(1.0)
        for part in lines_of(path.difference(crossing).difference(closed)):
            near = lines_of(part.intersection(bank.buffer(60)))
            for piece in near:
                if piece.length < 120:
                    continue
                out.append(Line(piece, "footway", "滨江步道", "Riverside Walk"))
                for d in np.arange(40, piece.length, 260):
                    a = piece.interpolate(d)
                    b = nearest_points(bank, a)[0]
                    out.append(Line(extend(LineString([a, b]), 0.5, 0.5), "footway"))
    return out


def _ridge_paths(nature: Nature, closed: shapely.Geometry) -> list[Line]:
    """Return two walkers' paths in the northern hills."""
    paths = [
        ((-2950, 2350), (-2800, 2620), (-2600, 2750), (-2480, 2980)),
        ((-300, 2750), (-150, 3000), (80, 3080), (150, 3350)),
    ]
    land = nature.outline.buffer(-8).difference(closed)
    parts = [part for points in paths for part in lines_of(plan.on_ground(smooth(points, 30)).intersection(land))]
    return [Line(part, "footway", "登山步道", "Hill Path") for part in parts]


def name_streets(streets: list[Line], lanes: list[Line], main: list[Line]) -> list[Line]:
    """Return the streets with names: from the lists when long, else as numbered lanes off the nearest main road."""
    named = [m for m in main if m.name]
    tree = STRtree([m.shape for m in named])
    numbers: Counter[str] = Counter()
    new, old = list(names.STREETS), list(names.LANES)
    out = []

    def numbered(line: Line) -> Line:
        road = named[int(tree.nearest(line.shape.interpolate(0.5, normalized=True)))]
        numbers[road.name] += 1
        n = 12 + 14 * numbers[road.name]
        return replace(line, name=f"{road.name}{n}弄", name_en=f"Lane {n}, {road.name_en}")

    for line in sorted(streets, key=lambda s: -s.shape.length):
        if line.road_class == "track":
            out.append(line)
        elif line.quarter == "core" and old:
            out.append(replace(line, name=old[0][0], name_en=old.pop(0)[1]))
        elif line.quarter != "core" and new and line.shape.length > 170:
            out.append(replace(line, name=new[0][0], name_en=new.pop(0)[1]))
        else:
            short = "living_street" if line.shape.length < 110 and line.quarter == "core" else line.road_class
            out.append(replace(numbered(line), road_class=short))
    counts: Counter[str] = Counter()
    hamlets = {h.name: h.name_en for h in plan.HAMLETS}
    for line in lanes:
        if line.note == INNER_STREET:
            out.append(replace(numbered(line), note=""))
        elif line.quarter == "estate":
            out.append(replace(line, note=""))
        elif line.note in hamlets:
            counts[line.note] += 1
            n = counts[line.note]
            word = names.ORDINALS[n - 1] if n <= 10 else ("十" + names.ORDINALS[n - 11] if n < 20 else str(n))
            out.append(replace(line, name=f"{line.note}{word}弄", name_en=f"{hamlets[line.note]} Lane {n}", note=""))
        else:
            out.append(numbered(line))
    return out


def _flaws(pieces: list[Line], nature: Nature, rng: np.random.Generator) -> tuple[list[Line], dict[str, list[Point]]]:
    """Return the pieces with digitising flaws, and where the flaws are.

    Ends that stop short of a junction; crossings whose two roads share no vertex.
    """
    pieces = list(pieces)
    at: dict[Pair, list[int]] = defaultdict(list)
    for i, piece in enumerate(pieces):
        for end in (piece.shape.coords[0], piece.shape.coords[-1]):
            at[end].append(i)
    places: dict[str, list[Point]] = {"short_end": [], "no_shared_vertex": []}
    small = ("residential", "living_street", "service", "track")
    threes = sorted(
        e
        for e, ids in at.items()
        if len(ids) == 3 and sum(pieces[i].road_class in small for i in ids) == 1 and nature.outline.contains(Point(e))
    )
    for k in sorted(rng.choice(len(threes), 14, replace=False)):
        end = threes[int(k)]
        i = next(i for i in at[end] if pieces[i].road_class in small)
        if pieces[i].shape.length > 30:
            pieces[i] = replace(pieces[i], shape=_shortened(pieces[i].shape, end, rng.uniform(0.2, 0.5)))
            places["short_end"].append(Point(end))
    fours = sorted(
        e
        for e, ids in at.items()
        if len(ids) == 4
        and len({pieces[i].name for i in ids}) == 2
        and all(pieces[i].road_class in ("tertiary", "residential") and pieces[i].note == "" for i in ids)
    )
    gone: set[int] = set()
    for k in sorted(rng.choice(len(fours), min(6, len(fours)), replace=False)):
        end = fours[int(k)]
        if gone & set(at[end]):
            continue
        by_name: dict[str, list[int]] = defaultdict(list)
        for i in at[end]:
            by_name[pieces[i].name].append(i)
        if any(len(v) != 2 for v in by_name.values()):
            continue
        for a, b in by_name.values():
            merged = lines_of(shapely.line_merge(MultiLineString([pieces[a].shape, pieces[b].shape])))[0]
            gone |= {a, b}
            pieces.append(replace(pieces[a], shape=LineString([c for c in merged.coords if c != end])))
        places["no_shared_vertex"].append(Point(end))
    return [p for i, p in enumerate(pieces) if i not in gone], places


def _shortened(line: LineString, end: Pair, gap_m: float) -> LineString:
    if line.coords[-1] == end:
        return rounded(piece_of(line, 0, line.length - gap_m))
    return rounded(piece_of(line, gap_m, line.length))


def _join(express: list[Line], slips: list[Line]) -> list[Line]:
    """Return the expressway cut where slip roads leave and join it."""
    ends = [Point(rounded(Point(s.shape.coords[k])).coords[0]) for s in slips for k in (0, -1)]
    out = []
    for lane in express:
        near = [p for p in ends if lane.shape.distance(p) < 0.1]
        pieces = split_at(rounded(lane.shape), near) if near else [rounded(lane.shape)]
        out += [replace(lane, shape=rounded(p)) for p in pieces]
    return out


def _way(road_id: str, line: Line) -> Way:
    marks = line.note.split()
    bridge, tunnel = "bridge" in marks, "tunnel" in marks
    return Way(
        road_id,
        line.shape,
        line.road_class,
        line.name,
        line.name_en,
        "oneway" in marks or "roundabout" in marks,
        "roundabout" in marks,
        bridge,
        tunnel,
        1 if bridge else -1 if tunnel else 0,
        line.road_class not in ("motorway", "motorway_link"),
    )


def _flaw_ids(ways: list[Way], places: dict[str, list[Point]], nature: Nature) -> Flaws:
    """Return the road ids at each planted flaw."""
    tree = STRtree([w.shape for w in ways])
    found: Flaws = {}
    for kind, points in places.items():
        ids = []
        for p in points:
            near = [ways[int(i)] for i in tree.query(p.buffer(0.6), predicate="intersects")]
            if kind == "short_end":
                near = [
                    w
                    for w in near
                    if 0.1 < min(Point(w.shape.coords[0]).distance(p), Point(w.shape.coords[-1]).distance(p)) < 0.6
                ]
            ids += [w.road_id for w in near]
        found[kind] = sorted(set(ids))
    edge = nature.outline.exterior
    found["before_study_edge"] = [
        w.road_id
        for w in ways
        if any(
            1 < edge.distance(Point(c)) < 8 and nature.outline.contains(Point(c))
            for c in (w.shape.coords[0], w.shape.coords[-1])
        )
    ]
    found["beyond_study_edge"] = [w.road_id for w in ways if not nature.outline.buffer(5).contains(w.shape)]
    return found
