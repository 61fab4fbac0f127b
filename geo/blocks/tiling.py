"""Straight pieces and the faces between them: the exact bookkeeping below blocks and seams.

A `Pieces` is a planar drawing: nodes, straight pieces between nodes, and for each piece the feature it was drawn from.
A `Tiling` adds the faces which the pieces enclose and, for every piece, the face on its left and on its right.
Everything is exact because coordinates are only compared for equality: a face made from pieces has these very pieces
as its border.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Shapes = NDArray[Any]

NOTHING = -1
"""No face on that side (outside the area), or no feature."""

ERODE_SEGMENTS = 4
"""Segments of a quarter circle when a face is eroded to see how wide it is."""


@dataclass(frozen=True)
class Pieces:
    """A planar drawing of straight pieces, which meet only in nodes."""

    xy: Floats
    """Nodes, (n, 2)."""
    a: Ints
    b: Ints
    """Nodes at the ends of each piece."""
    source: Ints
    """The feature each piece was drawn from, or NOTHING."""

    @property
    def length(self) -> Floats:
        """Length of each piece [m]."""
        return np.asarray(np.hypot(*(self.xy[self.b] - self.xy[self.a]).T), dtype=np.float64)

    def only(self, keep: Flags | Ints) -> "Pieces":
        """Return the drawing with these pieces only."""
        return Pieces(self.xy, self.a[keep], self.b[keep], self.source[keep])


@dataclass(frozen=True)
class Tiling:
    """A drawing with its faces."""

    pieces: Pieces
    faces: Shapes
    """Polygons without a common inner point."""
    left: Ints
    right: Ints
    """The face on each side of each piece seen from node a to node b, or NOTHING."""

    @property
    def count(self) -> int:
        """Number of faces."""
        return len(self.faces)


def node_ids(nodes: NDArray[np.complex128], xy: Floats) -> Ints:
    """Return which of the sorted complex `nodes` each coordinate pair is; NOTHING for a stranger."""
    z = as_complex(xy)
    at = np.minimum(np.searchsorted(nodes, z), max(len(nodes) - 1, 0))
    found = nodes[at] == z if len(nodes) else np.zeros(len(z), bool)
    return np.where(found, at, NOTHING).astype(np.int64)


def as_complex(xy: Floats) -> NDArray[np.complex128]:
    """Return coordinate pairs as complex numbers, so that numpy sorts and compares them in one go."""
    return np.ascontiguousarray(xy + 0.0, dtype=np.float64).view(np.complex128).ravel()


def segments_of(lines: Shapes) -> tuple[Floats, Floats, Ints]:
    """Return start points, end points and the line's number for every straight piece of some lines."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    start, end, of = xy[:-1][same], xy[1:][same], line[:-1][same]
    real = (start != end).any(axis=1)
    return start[real], end[real], of[real].astype(np.int64)


def as_lines(start: Floats, end: Floats) -> Shapes:
    """Return one two-point line per pair of points."""
    return np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object)


def drawing(start: Floats, end: Floats, source: Ints) -> Pieces:
    """Return the drawing of noded straight pieces; a piece drawn twice counts once."""
    nodes, code = np.unique(as_complex(np.concatenate([start, end])), return_inverse=True)
    n = len(start)
    low, high = np.minimum(code[:n], code[n:]), np.maximum(code[:n], code[n:])
    _, first = np.unique(low.astype(np.int64) * max(len(nodes), 1) + high, return_index=True)
    xy = np.column_stack([nodes.real, nodes.imag])
    return Pieces(xy, low[first].astype(np.int64), high[first].astype(np.int64), source[first])


def walk(before: Ints, weight: Floats) -> tuple[Ints, Ints, Floats]:
    """Return for each link of some chains the chain's start, the place in it, and the weight summed up to here.

    `before` is the link before each, NOTHING at a start. Links of a closed chain have no start: they get NOTHING.
    """
    jump, place, total = before.copy(), (before >= 0).astype(np.int64), weight.copy()
    start = np.where(before >= 0, before, np.arange(len(before)))
    live = np.flatnonzero(jump >= 0)
    for _ in range(len(before).bit_length() + 1):  # every round doubles the stretch that is known
        if not live.size:
            break
        to = jump[live]
        total[live] += total[to]
        place[live] += place[to]
        start[live] = start[to]
        jump[live] = jump[to]
        live = live[jump[live] >= 0]
    start[live] = NOTHING
    return start, place, total


def chains(pieces: Pieces, group: Ints) -> tuple[Shapes, Ints]:
    """Return the pieces joined into lines, and each line's group.

    Lines end where more or fewer than two pieces meet, or pieces of two groups. Closed lines stay in pieces.
    """
    n = len(pieces.a)
    tail, head = np.concatenate([pieces.a, pieces.b]), np.concatenate([pieces.b, pieces.a])
    degree = np.bincount(tail, minlength=len(pieces.xy))
    joint = degree == 2
    # at a joint two half-edges start; each half-edge that ends there goes on with the one that is not its own twin
    rows = np.flatnonzero(joint[tail])
    at = rows[np.argsort(tail[rows], kind="stable")].reshape(-1, 2)
    at = at[group[at[:, 0] % n] == group[at[:, 1] % n]] if n else at
    before = np.full(2 * n, NOTHING)
    before[at[:, 0]], before[at[:, 1]] = (at[:, 1] + n) % (2 * n), (at[:, 0] + n) % (2 * n)
    start, place, _ = walk(before, np.zeros(2 * n))
    # each line was found from both ends: keep the one whose first half-edge has the lower number
    last = np.ones(2 * n, bool)
    last[before[before >= 0]] = False
    other = np.full(2 * n, NOTHING)
    ends = np.flatnonzero(last)
    other[start[ends]] = (ends + n) % (
        2 * n
    )  # the line seen from its far end starts with the twin of its last half-edge
    use = np.flatnonzero((start >= 0) & (start <= other[start]))
    order = use[np.lexsort((place[use], start[use]))]
    first = place[order] == 0
    line = np.cumsum(first) - 1
    starts = np.flatnonzero(first)
    where = np.arange(len(order)) + line + 1
    node = np.empty(len(order) + len(starts), np.int64)
    node[where] = head[order]
    node[starts + np.arange(len(starts))] = tail[order[starts]]
    of = np.empty(len(node), np.int64)
    of[where] = line
    of[starts + np.arange(len(starts))] = np.arange(len(starts))
    lines = shapely.linestrings(pieces.xy[node], indices=of) if len(node) else np.empty(0, dtype=object)
    round_ = np.flatnonzero(start[:n] == NOTHING)
    loops = as_lines(pieces.xy[pieces.a[round_]], pieces.xy[pieces.b[round_]])
    return np.concatenate([lines, loops]), np.concatenate([group[order[starts] % n] if n else group, group[round_]])


def polygons_in(pieces: Pieces) -> Shapes:
    """Return the faces which the pieces enclose, outlines counter-clockwise, holes clockwise."""
    if not len(pieces.a):
        return np.empty(0, dtype=object)
    lines, _ = chains(pieces, np.zeros(len(pieces.a), np.int64))
    faces = shapely.get_parts(shapely.polygonize(lines))
    return np.asarray(shapely.orient_polygons(faces[shapely.area(faces) > 0]), dtype=object)


def tile(pieces: Pieces, inside: BaseGeometry | None = None, known: tuple[Tiling, Flags] | None = None) -> Tiling:
    """Return the faces which the pieces enclose, and who lies beside each piece.

    Pieces with the same face on both sides, or none on either (dead ends), are left out of the result.

    Parameters
    ----------
    pieces
        The drawing, as `drawing` returns it: nodes and pieces in order.
    inside
        A polygon; faces outside it do not count.
    known
        An earlier tiling and which of its faces are unchanged; they are not worked out again.
    """
    n = len(pieces.xy)
    key = pieces.a * n + pieces.b
    left, right = np.full(len(key), NOTHING), np.full(len(key), NOTHING)
    old = np.empty(0, dtype=object)
    fresh = np.ones(len(key), bool)
    if known is not None:
        before, same = known
        number = np.append(np.where(same, np.cumsum(same) - 1, NOTHING), NOTHING)
        old = before.faces[same]
        q = before.pieces
        nodes = as_complex(pieces.xy)
        at = np.append(node_ids(nodes, q.xy), NOTHING)
        a, b = at[q.a], at[q.b]
        row = np.searchsorted(key, a * n + b)
        row = np.minimum(row, max(len(key) - 1, 0))
        kept = (a >= 0) & (b >= 0) & (key[row] == a * n + b)
        left[row[kept]], right[row[kept]] = number[before.left[kept]], number[before.right[kept]]
        settled = kept & ((number[before.left] >= 0) | (before.left < 0))
        settled &= (number[before.right] >= 0) | (before.right < 0)
        fresh[row[settled]] = False
    faces = polygons_in(pieces.only(fresh))
    points = shapely.point_on_surface(faces)
    if inside is not None and len(faces):
        shapely.prepare(inside)
        xy = shapely.get_coordinates(points)
        here = shapely.contains_xy(inside, xy[:, 0], xy[:, 1])
        faces, points = faces[here], points[here]
    if len(old):
        new = np.ones(len(faces), bool)
        new[shapely.STRtree(old).query(points, predicate="intersects")[0]] = False
        faces = faces[new]
    # one order for every row order of the input: by the lower left corner of the box, then its size
    box = shapely.bounds(faces)
    faces = faces[np.lexsort((shapely.area(faces), box[:, 3], box[:, 2], box[:, 1], box[:, 0]))]
    rings, of = shapely.get_rings(faces, return_index=True)
    start, end, ring = segments_of(rings)
    nodes = as_complex(pieces.xy)
    tail, head = node_ids(nodes, start), node_ids(nodes, end)
    face = of[ring].astype(np.int64) + len(old)
    row = np.searchsorted(key, np.minimum(tail, head) * n + np.maximum(tail, head))
    forward = pieces.a[row] == tail
    left[row[forward]] = face[forward]
    right[row[~forward]] = face[~forward]
    keep = left != right
    return Tiling(pieces.only(keep), np.concatenate([old, faces]), left[keep], right[keep])


def components(count: int, one: Ints, two: Ints) -> Ints:
    """Return for each of `count` things the number of the group that the pairs (one, two) join it to, from 0 on."""
    graph = coo_array((np.ones(len(one), np.int8), (one, two)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def merge(tiling: Tiling, one: Ints, two: Ints) -> Tiling:
    """Return the tiling with the faces of each pair united."""
    return relabel(tiling, components(tiling.count, one, two)) if len(one) else tiling


def relabel(tiling: Tiling, label: Ints) -> Tiling:
    """Return the tiling with the faces of one label united; labels run from 0 without a gap and number the result."""
    with_outside = np.append(label, NOTHING)
    left, right = with_outside[tiling.left], with_outside[tiling.right]
    keep = left != right
    counts = np.bincount(label)
    changed = counts[label] > 1
    faces = np.empty(len(counts), dtype=object)
    faces[label[~changed]] = tiling.faces[~changed]
    united, labels = unite(tiling.faces[changed], label[changed])
    faces[labels] = united
    return Tiling(tiling.pieces.only(keep), faces, left[keep], right[keep])


def unite(faces: Shapes, label: Ints) -> tuple[Shapes, Ints]:
    """Return one shape per label and the labels, from faces that touch without overlapping."""
    order = np.argsort(label, kind="stable")
    labels, starts = np.unique(label[order], return_index=True)
    groups = np.split(faces[order], starts[1:]) if len(labels) else []
    shapes = np.empty(len(labels), dtype=object)
    for i, group in enumerate(groups):
        shapes[i] = shapely.coverage_union_all(group) if len(group) > 1 else group[0]
    return shapes, labels


def is_thin(faces: Shapes, width_m: float) -> Flags:
    """Say which faces are thinner than `width_m`: no circle of that diameter fits into them.

    A simple polygon's inner radius is at least area / perimeter, so only the doubtful ones are eroded.
    """
    radius = width_m / 2
    doubtful = shapely.area(faces) < radius * shapely.length(faces)
    thin = np.zeros(len(faces), bool)
    if radius > 0 and doubtful.any():
        eroded = shapely.buffer(faces[doubtful], -radius, quad_segs=ERODE_SEGMENTS)
        thin[doubtful] = shapely.is_empty(eroded)
    return thin
