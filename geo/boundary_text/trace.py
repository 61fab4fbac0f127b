"""From shapes to `Bounds`: which line bounds a shape on which side."""

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.boundary_text.words import (
    EXCLAVE,
    ISLAND,
    PLOT,
    TOWN_BORDER,
    UNNAMED,
    Bounds,
    Chain,
    Edge,
    Note,
    Side,
    unit_name,
)
from geo.errors import Fault, InputError
from geo.schema import OUTSIDE

_AXES: Mapping[Side, float] = {"east": 0.0, "north": 90.0, "west": 180.0, "south": 270.0}
_NAMED_SHARE = 0.12
"""A named line is said when it makes up at least this share of its side."""
_PLAIN_SHARE = 0.25
"""An unnamed line or a bare border is said from this share on: names are what readers look for."""
_MOST = 0.5
"""The lines said cover at least this share of the side."""
_STRAIGHT = 0.05
"""A line counts as straight while it stays within this share of the shape's size (root of its area)."""
_TURN = 0.1
"""Turning to another side costs this share of a mean side: shorter jogs belong to the side they interrupt."""
_HIDDEN = 0.4
"""Weight of a stretch that faces a side but has the shape's own land in front of it, as in a bay."""
_STEP_M = 10.0
"""Outlines that share no vertices with the seams are compared with them at this step."""
_TOUCH_M = 0.01
"""A vertex this near to an outline lies on it."""
_REACH_M = 1.0
"""A seam this near to such an outline is the one it follows."""
_FACES = 0.7
"""Cosine from which an edge faces a side squarely enough to be the end of a strip or a tail."""
_END = 0.3
"""Such an end makes up at least this share of the shape's mean width."""
_TAIL = 0.1
"""An edge that lies farther out than those said by more than this share of the shape's size is said too …"""
_TAIL_WIDTH = 0.05
"""… when the tail it closes is at least this wide, as a share of the same size."""
_SLIVER = 0.001
"""Holes and detached parts below this share of the area are not worth a word."""


def trace_bounds(
    shapes: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    assignment: pd.Series,
    *,
    names: pd.DataFrame | None = None,
    neighbours: pd.Series | None = None,
    outside: tuple[str, str] = TOWN_BORDER,
    estates: gpd.GeoDataFrame | None = None,
) -> dict[Hashable, Bounds]:
    """Return the `Bounds` of every shape, from the seams along its outline.

    The outline of the largest part is walked as runs of one feature; curves are broken into nearly straight chords;
    each chord goes to the side it faces, where a jog too short to count stays with the side it interrupts. A side is
    told by the features that make up most of it. Sides follow the compass, leaning half-way towards the shape's own
    street grid so that a grid at 45° still has four sides.

    Parameters
    ----------
    shapes
        Unions of blocks, by id; metric CRS (Polygon or MultiPolygon).
    seams
        The study's seams (`geo.schema`), same CRS.
    assignment
        Block id → id of the shape that holds it; blocks in no shape may be missing.
    names
        Index: ids as in `neighbours`; columns name, name_en, kind. An id without a name is called by its id.
    neighbours
        Block id → id of the community a bare border is named after. Default: `assignment`. For parcels that move,
        today's communities; a parcel's own community then counts as the parcel's own side.
    outside
        What the study's unnamed outer edge is called, in Chinese and English.
    estates
        Names holes (不含X小区) and detached parts (含X小区); columns name, name_en.

    Returns
    -------
    dict
        Shape id → Bounds, in the order of `shapes`. No side is empty.

    Raises
    ------
    InputError
        When a shape has no seam along its outline, so nothing is known about its bounds.
    """
    outlines = trace_outlines(
        shapes, seams, assignment, names=names, neighbours=neighbours, outside=outside, estates=estates
    )
    return {shape: outline.bounds() for shape, outline in outlines.items()}


def trace_outlines(
    shapes: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    assignment: pd.Series,
    *,
    names: pd.DataFrame | None = None,
    neighbours: pd.Series | None = None,
    outside: tuple[str, str] = TOWN_BORDER,
    estates: gpd.GeoDataFrame | None = None,
) -> dict[Hashable, "Outline"]:
    """Return the outline of every shape, shared out among the four sides; as `trace_bounds`, but open to say more."""
    callers = _Callers(names, outside)
    around = assignment if neighbours is None else neighbours
    walk = _Walk(seams, assignment, around, callers)
    town_grid = _grid(walk.segments[:, 2:] - walk.segments[:, :2])[0] if len(walk.segments) else 0.0
    traced: dict[Hashable, Outline] = {}
    mute: list[str] = []
    for shape, geometry in zip(shapes.index, shapes.geometry, strict=True):
        parts = _parts(geometry)
        runs = walk.along(shape, parts[0].exterior)
        if runs is None:
            mute.append(str(shape))
            continue
        notes = _notes(shape, parts, walk, town_grid, estates)
        traced[shape] = _outline(runs, float(np.sqrt(parts[0].area)), town_grid, notes)
    if mute:
        raise InputError(
            Fault("no seam runs along the outline of these shapes, so their bounds cannot be told",
                  "make the seams from the same blocks as the shapes (shequ blocks)", table="seams", ids=tuple(mute))
        )  # fmt: skip
    return traced


class _Callers:
    """What communities, the town's border and unnamed lines are called."""

    def __init__(self, names: pd.DataFrame | None, outside: tuple[str, str]) -> None:
        self.outside = outside
        self._names: dict[str, tuple[str, str]] = {}
        for row in () if names is None else names.reset_index(names=["_id"]).to_dict("records"):
            identity = str(row["_id"])
            name = _text(row.get("name")) or identity
            zh = unit_name(name, _text(row.get("kind")) or "community")
            self._names[identity] = (zh, _text(row.get("name_en")) or zh)

    def community(self, identity: str) -> tuple[str, str]:
        return self._names.get(identity, (identity, identity))

    def edge(self, feature: tuple[str, str, str], other: str | None, own: frozenset[str]) -> Edge:
        """Return what one seam is called, seen from the shape; `other` is the community beyond, None outside."""
        name, name_en, kind = feature
        if name and kind not in ("border", "study_edge", "none"):
            return Edge(name, name_en or name, kind)
        line, line_en = UNNAMED.get(kind, ("", ""))
        if other is None:
            zh, en = self.outside
            called = (f"{line}({zh})", f"{line_en} ({en})") if line else (zh, en)
            return Edge(*called, kind if line else "study_edge", named=False)
        beyond = (self.community(other),) if other and other not in own else ()
        if line:
            return Edge(line, line_en, kind, named=False, beyond=beyond)
        border = [(f"{zh}界", f"the border of {en}") for zh, en in beyond] or [PLOT]
        return Edge(*border[0], "border", named=False)


@dataclass(frozen=True)
class _Run:
    """A stretch of outline along one edge: vertices in ring order, the inside on the left."""

    edge: Edge
    points: NDArray[np.float64]
    rows: NDArray[np.int64]
    """The seam of every segment, by position; -1 where there is none."""


class _Walk:
    """The seams, ready to be found from the segments of an outline."""

    def __init__(self, seams: gpd.GeoDataFrame, assignment: pd.Series, around: pd.Series, callers: _Callers) -> None:
        self.callers = callers
        self._blocks = (seams["block_a"].astype(str).tolist(), seams["block_b"].astype(str).tolist())
        self._holder = {str(block): shape for block, shape in assignment.items() if not _missing(shape)}
        sides = (seams["block_a"], seams["block_b"])
        self._holders = tuple(np.array([self._holder.get(str(b)) for b in side], dtype=object) for side in sides)
        self._around = {str(block): str(unit) for block, unit in around.items() if not _missing(unit)}
        self._features = [
            (_text(name), _text(name_en), str(kind))
            for name, name_en, kind in zip(
                seams["feature_name"], _column(seams, "feature_name_en"), seams["feature_class"], strict=True
            )
        ]
        self._own: dict[Hashable, set[str]] = {}
        for block, shape in self._holder.items():
            self._own.setdefault(shape, set()).add(self._around.get(block, ""))
        self._lines = seams.geometry.to_numpy()
        self.segments, row = _explode(self._lines)
        self._by_segment = dict(zip(_segment_keys(self.segments), row.tolist(), strict=True))

    def along(self, shape: Hashable, ring: shapely.LinearRing, *, hole: bool = False) -> list[_Run] | None:
        """Return the ring as runs of one edge each, in ring order; None when no seam follows it."""
        points = shapely.get_coordinates(ring if ring.is_ccw is not hole else ring.reverse())
        rows = self._rows(points)
        if (rows < 0).any():
            points, rows = self._refined(points, rows, shape)
        if (rows < 0).all():
            return None
        own = frozenset(self._own.get(shape, ()))
        edges = {row: self._edge(row, shape, own) for row in np.unique(rows).tolist()}
        labels = [(edge.name, edge.named) for edge in (edges[row] for row in rows.tolist())]
        start = _first_change(points, labels)
        turned = np.vstack([points[start:-1], points[: start + 1]])
        turned_rows = np.roll(rows, -start)
        order = turned_rows.tolist()
        labels = labels[start:] + labels[:start]
        breaks = [0, *(i for i in range(1, len(labels)) if labels[i] != labels[i - 1]), len(labels)]
        return [
            _Run(_merged([edges[row] for row in order[a:b]]), turned[a : b + 1], turned_rows[a:b])
            for a, b in pairwise(breaks)
        ]

    def across(self, shape: Hashable, ring: shapely.LinearRing) -> set[str]:
        """Return the communities beyond a ring; "" for land of none and for the outside."""
        rows = set(self._rows(shapely.get_coordinates(ring)).tolist()) - {-1}
        return {self._beyond(row, shape) or "" for row in rows}

    def _rows(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the seam of every segment of a line, -1 where none has the same two vertices."""
        keys = _segment_keys(np.hstack([points[:-1], points[1:]]))
        return np.array([self._by_segment.get(key, -1) for key in keys], dtype=np.int64)

    def _refined(
        self, points: NDArray[np.float64], rows: NDArray[np.int64], shape: Hashable
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the line and its seams once more, the segments without a seam of the same vertices cut up.

        They are cut at the vertices of the shape's own seams, and every few metres; each piece takes the seam nearest
        to its middle. A seam may change its feature within a segment, an outline may be simplified or drawn elsewhere.
        """
        own = np.flatnonzero((self._holders[0] == shape) != (self._holders[1] == shape))
        corners = np.array(shapely.points(shapely.get_coordinates(self._lines[own])), dtype=object, ndmin=1)
        on_line = shapely.STRtree(corners)
        cut = [points[:1]]
        kept = []
        for i, row in enumerate(rows.tolist()):
            ends = points[i : i + 2]
            if row < 0:
                segment = shapely.LineString(ends)
                near = corners[on_line.query(segment, predicate="dwithin", distance=_TOUCH_M)]
                steps = np.arange(_STEP_M, segment.length, _STEP_M)
                at = np.unique(np.round(np.concatenate([shapely.line_locate_point(segment, near), steps]), 3))
                at = at[(at > _TOUCH_M) & (at < segment.length - _TOUCH_M)]
                ends = np.vstack([ends[:1], shapely.get_coordinates(segment.interpolate(at)), ends[1:]])
            cut.append(ends[1:])
            kept += [row] * (len(ends) - 1)
        line, found = np.vstack(cut), np.array(kept, dtype=np.int64)
        lost = np.flatnonzero(found < 0)
        middles = shapely.points((line[lost] + line[lost + 1]) / 2)
        query, seam = shapely.STRtree(self._lines[own]).query_nearest(middles, max_distance=_REACH_M)
        for place, nearest in zip(lost[query].tolist(), own[seam].tolist(), strict=True):
            if found[place] < 0 or self._features[nearest] < self._features[found[place]]:
                found[place] = nearest
        return line, found

    def _beyond(self, row: int, shape: Hashable) -> str | None:
        a, b = self._blocks[0][row], self._blocks[1][row]
        other = b if self._holder.get(a) == shape else a
        return None if other == OUTSIDE else self._around.get(other, "")

    def _edge(self, row: int, shape: Hashable, own: frozenset[str]) -> Edge:
        if row < 0:
            return Edge(*PLOT, "none", named=False)
        return self.callers.edge(self._features[row], self._beyond(row, shape), own)


def _merged(edges: list[Edge]) -> Edge:
    """Return one edge for a run of same-named ones: the commonest class, all neighbours in walking order."""
    kinds = [edge.feature_class for edge in edges]
    beyond = tuple(dict.fromkeys(b for edge in edges for b in edge.beyond))
    return replace(edges[0], feature_class=max(sorted(set(kinds)), key=kinds.count), beyond=beyond)


def _first_change(points: NDArray[np.float64], labels: list[tuple[str, bool]]) -> int:
    """Return where to start walking, the same wherever the ring starts: the west-most change of feature."""
    changes = [i for i in range(len(labels)) if labels[i] != labels[i - 1]] or range(len(labels))
    return min(changes, key=lambda i: (points[i, 0], points[i, 1]))


# ── from runs to sides ───────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Outline:
    """An outline as nearly straight chords, counter-clockwise, each given to a side; arrays and lists over chords."""

    edges: list[Edge]
    chords: NDArray[np.float64]
    """x1, y1, x2, y2 [m]."""
    weights: NDArray[np.float64]
    """What each chord counts: its length [m], less in a bay."""
    gains: NDArray[np.float64]
    """How well it bounds each side [m], sides as in `_AXES`."""
    size_m: float
    """Root of the area."""
    perimeter_m: float
    sides: list[Side]
    """The side each chord is given to."""
    seams: list[dict[int, float]]
    """Seam, by position → length along it [m], of each chord."""
    notes: tuple[Note, ...]

    def bounds(self, besides: frozenset[int] = frozenset()) -> Bounds:
        """Return what is said of the outline; `besides` are chords to be said although they are short or come again."""
        chains = {
            side: _chains(self, side, [i for i, label in enumerate(self.sides) if label == side], besides)
            for side in _AXES
        }
        return Bounds(chains["east"], chains["south"], chains["west"], chains["north"], self.notes)

    def stretches(self) -> list[list[int]]:
        """Return the chords as runs of one line on one side, in ring order."""
        labels = [(_key(edge), side) for edge, side in zip(self.edges, self.sides, strict=True)]
        runs = [[i for i, _ in run] for _, run in groupby(enumerate(labels), key=lambda step: step[1])]
        if len(runs) > 1 and labels[0] == labels[-1]:
            runs[0] = runs.pop() + runs[0]
        return runs


def _outline(runs: list[_Run], size_m: float, town_grid: float, notes: tuple[Note, ...]) -> Outline:
    """Break the runs into chords and share these out among the four sides."""
    pieces = [_chords(run, _STRAIGHT * size_m) for run in runs]
    edges = [run.edge for run, (chords, _, _) in zip(runs, pieces, strict=True) for _ in range(len(chords))]
    chords = np.vstack([chords for chords, _, _ in pieces])
    lengths = np.concatenate([length for _, length, _ in pieces])
    gains, weights = _gains(chords, lengths, town_grid)
    labels = _labels(gains, _TURN * shapely.MultiPoint(chords[:, :2]).convex_hull.length / 4)
    sides = [list(_AXES)[label] for label in labels]
    seams = [rows for _, _, by_chord in pieces for rows in by_chord]
    return Outline(edges, chords, weights, gains, size_m, math.fsum(lengths), sides, seams, notes)


def _chords(run: _Run, tolerance_m: float) -> tuple[NDArray[np.float64], NDArray[np.float64], list[dict[int, float]]]:
    """Return nearly straight chords (x1, y1, x2, y2) of a run, the length of line behind each, and its seams."""
    steps = np.hypot(*np.diff(run.points, axis=0).T)
    kept = _kept_vertices(run.points, tolerance_m)
    along = np.concatenate([[0.0], np.cumsum(steps)])[kept]
    corners = run.points[kept]
    seams: list[dict[int, float]] = []
    for a, b in pairwise(kept.tolist()):
        rows, place = np.unique(run.rows[a:b], return_inverse=True)
        seams.append(dict(zip(rows.tolist(), np.bincount(place, steps[a:b]).tolist(), strict=True)))
    return np.hstack([corners[:-1], corners[1:]]), np.diff(along), seams


def _kept_vertices(points: NDArray[np.float64], tolerance_m: float) -> NDArray[np.int64]:
    """Return which vertices stay when the line is straightened (Douglas–Peucker), ends included."""
    kept = {0, len(points) - 1}
    stack = [(0, len(points) - 1)]
    while stack:
        a, b = stack.pop()
        if b - a < 2:
            continue
        base, inner = points[b] - points[a], points[a + 1 : b] - points[a]
        width = float(np.hypot(*base))
        away = np.abs(base[0] * inner[:, 1] - base[1] * inner[:, 0]) / width if width > 0 else np.hypot(*inner.T)
        far = int(np.argmax(away))
        if away[far] > tolerance_m:
            kept.add(a + 1 + far)
            stack += [(a, a + 1 + far), (a + 1 + far, b)]
    return np.array(sorted(kept), dtype=np.int64)


def _gains(
    chords: NDArray[np.float64], lengths: NDArray[np.float64], town_grid: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (chords × sides) how well each chord bounds each side, in metres, sides as in `_AXES`; and what it counts.

    A chord counts its length [m], but less in a bay, where readers look for the line across the mouth.
    """
    vectors = chords[:, 2:] - chords[:, :2]
    outward = np.degrees(np.arctan2(-vectors[:, 0], vectors[:, 1]))
    grid, strength = _grid(vectors)
    turns = [grid + quarter for quarter in (-90.0, 0.0, 90.0) if abs(grid + quarter) <= 55.0]
    lean = min(turns, key=lambda turn: (abs(turn - town_grid), turn)) * strength / (1.0 + strength)
    axes = np.array(list(_AXES.values())) + lean
    facing = np.cos(np.radians(outward[:, None] - axes[None, :]))
    hidden = np.column_stack([_hidden(chords, axis) for axis in axes])
    open_share = np.where(hidden & (facing > 0), _HIDDEN, 1.0)
    own_side = open_share[np.arange(len(chords)), facing.argmax(axis=1)]
    return lengths[:, None] * open_share * facing, lengths * own_side


def _grid(vectors: NDArray[np.float64]) -> tuple[float, float]:
    """Return the turn of the street grid in degrees, within (-44, 46], and how strict a grid it is, 0 to 1."""
    lengths = np.hypot(*vectors.T)
    fourfold = 4 * np.arctan2(vectors[:, 1], vectors[:, 0])
    east, north = math.fsum(lengths * np.cos(fourfold)), math.fsum(lengths * np.sin(fourfold))
    turn = math.degrees(math.atan2(north, east)) / 4
    total = math.fsum(lengths)
    # The cut is away from ±45°, the commonest turn of a drawn town after 0°.
    return (turn + 90 if turn <= -44 else turn), (math.hypot(east, north) / total if total else 0.0)


def _hidden(chords: NDArray[np.float64], axis: float) -> NDArray[np.bool_]:
    """Return which chords have more of the outline in front of them when looking along `axis` (degrees)."""
    ahead = np.array([math.cos(math.radians(axis)), math.sin(math.radians(axis))])
    aside = np.array([-ahead[1], ahead[0]])
    depth = np.column_stack([chords[:, :2] @ ahead, chords[:, 2:] @ ahead])
    cross = np.column_stack([chords[:, :2] @ aside, chords[:, 2:] @ aside])
    middle_depth, middle_cross = depth.mean(axis=1)[:, None], cross.mean(axis=1)[:, None]
    run = cross[:, 1] - cross[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (middle_cross - cross[None, :, 0]) / run[None, :]
        at = depth[None, :, 0] + t * (depth[:, 1] - depth[:, 0])[None, :]
    in_front = (t >= 0) & (t <= 1) & (at > middle_depth + 1e-6)
    np.fill_diagonal(in_front, val=False)
    # The outline is left once and never entered again when nothing is hidden: an odd crossing is a touched corner.
    return np.asarray(in_front.sum(axis=1) >= 2)


def _labels(gains: NDArray[np.float64], turn_cost: float) -> list[int]:
    """Return the side of every chord: the greatest total gain, where each change of side costs `turn_cost`."""
    count, sides = gains.shape
    change = turn_cost * (1 - np.eye(sides))
    best: tuple[float, list[int]] = (-np.inf, [])
    for first in range(sides):
        total = np.full(sides, -np.inf)
        total[first] = gains[0, first]
        origin = np.zeros((count, sides), dtype=np.int64)
        for i in range(1, count):
            via = total[:, None] - change
            origin[i] = via.argmax(axis=0)
            total = via.max(axis=0) + gains[i]
        total = total - change[:, first]
        last = int(total.argmax())
        if total[last] > best[0] + 1e-9:
            path = [last]
            for i in range(count - 1, 0, -1):
                path.append(int(origin[i, path[-1]]))
            best = (float(total[last]), path[::-1])
    return best[1]


def _chains(outline: Outline, side: Side, members: list[int], besides: frozenset[int]) -> tuple[Chain, ...]:
    """Return what one side is called: its chains of edges, minor ones dropped, north to south or west to east."""
    if not members:
        return ((_best_edge(outline, side),),)
    edges, weights = outline.edges, outline.weights
    members, said = _with_tails(outline, side, members, _said(outline, members))
    backwards = side in ("east", "north")  # the ring runs counter-clockwise: up the east side, back along the north
    stretches = _stretches(members, len(edges))
    place = {key: max(stretches, key=lambda s: sum(weights[i] for i in s if _key(edges[i]) == key)) for key in said}
    chains = []
    for stretch in sorted(stretches, key=lambda s: _reading_place(outline, side, s)):
        walked = stretch[::-1] if backwards else stretch
        here = {key for key in said if place[key] is stretch}
        chain = [
            _merged([_reversed(edges[i]) if backwards else edges[i] for i in steps])
            for steps in _worth_saying(outline, walked, here, besides)
        ]
        if chain:
            chains.append(tuple(chain))
    return tuple(chains)


def _reading_place(outline: Outline, side: Side, stretch: list[int]) -> float:
    """Return where a stretch stands when a side is read from north to south or from west to east."""
    axis, sign = (1, -1.0) if side in ("east", "west") else (0, 1.0)
    middles = (outline.chords[stretch, axis] + outline.chords[stretch, axis + 2]) / 2
    weights = outline.weights[stretch]
    return round(sign * math.fsum(middles * weights) / math.fsum(weights), 3)


def _worth_saying(
    outline: Outline, walked: list[int], said: set[tuple[str, bool]], besides: frozenset[int]
) -> list[list[int]]:
    """Return the chords of each edge said on a stretch, in walking order.

    An edge that comes again stands where it runs longest, but for the runs that are said besides.
    """
    runs = [list(run) for _, run in groupby(walked, key=lambda i: _key(outline.edges[i]))]
    longest: dict[tuple[str, bool], tuple[float, int]] = {}
    for number, run in enumerate(runs):
        key, length = _key(outline.edges[run[0]]), round(math.fsum(outline.weights[run]), 3)
        if key in said and (key not in longest or length > longest[key][0]):
            longest[key] = (length, number)
    main = {number for _, number in longest.values()}
    told: list[list[int]] = []
    for number, run in enumerate(runs):
        key = _key(outline.edges[run[0]])
        if number not in main and besides.isdisjoint(run):
            continue
        again = [i for i in walked if _key(outline.edges[i]) == key]
        steps = again if besides.isdisjoint(again) else run  # all of its neighbours are told with the one place
        if told and _key(outline.edges[told[-1][0]]) == key:
            told[-1] += steps
        else:
            told.append(list(steps))
    return told


def _reversed(edge: Edge) -> Edge:
    return replace(edge, beyond=edge.beyond[::-1])


def _said(outline: Outline, members: list[int]) -> set[tuple[str, bool]]:
    """Return the edges worth saying on a side: those with a fair share, and enough of them to cover most of it."""
    whole = math.fsum(outline.weights[members])
    shares = {key: weight / whole for key, weight in _by_edge(outline, members, outline.weights).items()}
    said = {key for key, share in shares.items() if share >= (_NAMED_SHARE if key[1] else _PLAIN_SHARE)}
    for key in sorted(shares, key=lambda key: (-round(shares[key], 9), not key[1], key[0])):
        if sum(shares[k] for k in said) >= _MOST:
            break
        said.add(key)
    return said


def _with_tails(
    outline: Outline, side: Side, members: list[int], said: set[tuple[str, bool]]
) -> tuple[list[int], set[tuple[str, bool]]]:
    """Return the chords and the edges said, with those that close a tail well beyond them, however short."""
    axis, sign = (0 if side in ("east", "west") else 1), (1.0 if side in ("east", "north") else -1.0)
    ends = sign * outline.chords[:, [axis, axis + 2]]
    square = np.flatnonzero(outline.gains[:, list(_AXES).index(side)] >= _FACES * outline.weights).tolist()
    while True:
        reached = max(float(ends[i].max()) for i in members if _key(outline.edges[i]) in said)
        beyond = [i for i in square if ends[i].mean() > reached + _TAIL * outline.size_m]
        widths = _by_edge(outline, beyond, outline.weights)
        widest = max(sorted(widths), key=lambda key: round(widths[key], 3), default=None)
        if widest is None or widths[widest] < _TAIL_WIDTH * outline.size_m:
            return members, said
        members = sorted({*members, *(i for i in beyond if _key(outline.edges[i]) == widest)})
        said = {*said, widest}


def _by_edge(outline: Outline, members: Iterable[int], amounts: NDArray[np.float64]) -> dict[tuple[str, bool], float]:
    """Return the amounts of the members summed by edge."""
    total: dict[tuple[str, bool], float] = {}
    for i in members:
        total[_key(outline.edges[i])] = total.get(_key(outline.edges[i]), 0.0) + float(amounts[i])
    return total


def _stretches(members: list[int], count: int) -> list[list[int]]:
    """Return the members as stretches of consecutive numbers on a ring of `count`."""
    stretches: list[list[int]] = []
    for i in members:
        if stretches and stretches[-1][-1] == i - 1:
            stretches[-1].append(i)
        else:
            stretches.append([i])
    if len(stretches) > 1 and stretches[0][0] == 0 and stretches[-1][-1] == count - 1:
        stretches[0] = stretches.pop() + stretches[0]
    return stretches


def _best_edge(outline: Outline, side: Side) -> Edge:
    """Return the edge that comes closest to bounding a side no chord was given to.

    The short end of a strip, where an edge faces the side; else the edge that gains most, as in a triangle, where one
    slope bounds two sides.
    """
    gains = outline.gains[:, list(_AXES).index(side)]
    direct = np.flatnonzero(gains >= _FACES * outline.weights).tolist()
    width_m = 2 * outline.size_m**2 / outline.perimeter_m
    members = direct if math.fsum(gains[direct]) >= _END * width_m else list(range(len(gains)))
    total = _by_edge(outline, members, np.maximum(gains, 0.0))
    best = max(sorted(total), key=lambda key: round(total[key], 6))
    return _merged([outline.edges[i] for i in members if _key(outline.edges[i]) == best])


def _key(edge: Edge) -> tuple[str, bool]:
    return edge.name, edge.named


# ── holes and detached parts ─────────────────────────────────────────────────────────────────────────────────────────
def _notes(
    shape: Hashable, parts: list[shapely.Polygon], walk: _Walk, town_grid: float, estates: gpd.GeoDataFrame | None
) -> tuple[Note, ...]:
    """Return what to say about holes of the main part and about the other parts."""
    least = _SLIVER * sum(part.area for part in parts)
    notes = []
    for ring in _by_place(parts[0].interiors):
        hole = shapely.Polygon(ring)
        if hole.area < least or _filled(hole, parts[1:]):
            continue
        named = _estates_in(hole, estates) or _enclosed(shape, ring, walk) or [ISLAND]
        notes += [Note(False, zh, en) for zh, en in named]
    for part in parts[1:]:
        if part.area >= least:
            named = _estates_in(part, estates)
            notes += [Note(True, zh, en) for zh, en in named] or [_exclave(shape, part, walk, town_grid)]
    return tuple(dict.fromkeys(notes))


def _exclave(shape: Hashable, part: shapely.Polygon, walk: _Walk, town_grid: float) -> Note:
    """Return a detached part that no estate names, told by four bounds of its own."""
    runs = walk.along(shape, part.exterior)
    bounds = None if runs is None else _outline(runs, float(np.sqrt(part.area)), town_grid, ()).bounds()
    return Note(True, *EXCLAVE, bounds)


def _filled(hole: shapely.Polygon, parts: list[shapely.Polygon]) -> bool:
    return any(hole.contains(part.representative_point()) for part in parts)


def _by_place(rings: Iterable[shapely.LinearRing]) -> list[shapely.LinearRing]:
    return sorted(rings, key=lambda ring: ring.bounds)


def _estates_in(area: shapely.Polygon, estates: gpd.GeoDataFrame | None) -> list[tuple[str, str]]:
    """Return the named estates whose inner point lies in the area, the first three by name."""
    if estates is None or len(estates) == 0:
        return []
    inside = estates[shapely.contains(area, shapely.point_on_surface(estates.geometry.to_numpy()))]
    named = sorted(
        {
            (_text(name), _text(name_en) or _text(name))
            for name, name_en in zip(inside["name"], _column(inside, "name_en"), strict=True)
            if _text(name)
        }
    )
    more = len(named) - 3
    if more <= 0:
        return named
    return [*named[:2], (f"{named[2][0]}等{len(named)}个小区", f"{named[2][1]} and {more} more")]


def _enclosed(shape: Hashable, ring: shapely.LinearRing, walk: _Walk) -> list[tuple[str, str]]:
    """Return the one community, or the one named line, that a hole is made of."""
    beyond = walk.across(shape, ring)
    if len(beyond) == 1 and "" not in beyond:
        return [walk.callers.community(next(iter(beyond)))]
    runs = walk.along(shape, ring, hole=True) or []
    lines = {(run.edge.name, run.edge.name_en) for run in runs if run.edge.named}
    return sorted(lines) if len(lines) == 1 and all(run.edge.named for run in runs) else []


# ── small things ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _parts(geometry: Any) -> list[shapely.Polygon]:  # noqa: ANN401 - shapely's own base class has no parts
    """Return the polygons of a shape, the largest first."""
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
    return sorted(parts, key=lambda part: (-round(part.area, 3), part.bounds))


def _explode(lines: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return every segment (x1, y1, x2, y2) of the lines, and the row it comes from."""
    parts, row = shapely.get_parts(lines, return_index=True)
    points, part = shapely.get_coordinates(parts, return_index=True)
    joined = part[1:] == part[:-1]
    segments = np.hstack([points[:-1], points[1:]])[joined]
    return segments, row[part[:-1][joined]] if len(points) else np.empty(0, dtype=np.int64)


def _segment_keys(segments: NDArray[np.float64]) -> list[tuple[int, int, int, int]]:
    """Return keys that are equal for the same segment in either direction, to the millimetre."""
    ends = np.rint(segments * 1000).astype(np.int64)
    swap = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends[swap] = ends[swap][:, [2, 3, 0, 1]]
    return list(map(tuple, ends.tolist()))


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return table[name] if name in table.columns else pd.Series(None, index=table.index, dtype="str")


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _text(value: object) -> str:
    return "" if _missing(value) else str(value).strip()
