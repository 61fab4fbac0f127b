"""Straight pieces and the faces between them: the exact bookkeeping below blocks and seams.

A `Pieces` is a planar drawing: nodes, straight pieces between nodes, and for each piece the feature it was drawn from.
A `Tiling` adds the faces which the pieces enclose and, for every piece, the face on its left and on its right. Everything
is exact because coordinates are only compared for equality: a face made from pieces has these very pieces as its border.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

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
        return np.hypot(*(self.xy[self.b] - self.xy[self.a]).T)

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


def tile(pieces: Pieces, inside: Shapes | None = None) -> Tiling:
    """Return the faces which the pieces enclose (only those inside the polygon `inside`), and who lies beside each piece.

    Pieces with the same face on both sides, or none on either (dead ends), are left out of the result.
    """
    lines = as_lines(pieces.xy[pieces.a], pieces.xy[pieces.b])
    faces = shapely.get_parts(shapely.polygonize(lines)) if len(lines) else np.empty(0, dtype=object)
    faces = faces[shapely.area(faces) > 0]
    if inside is not None and len(faces):
        shapely.prepare(inside)
        points = shapely.get_coordinates(shapely.point_on_surface(faces))
        faces = faces[shapely.contains_xy(inside, points[:, 0], points[:, 1])]
    faces = shapely.orient_polygons(faces)
    # one order for every row order of the input: by the lower left corner of the box, then its size
    box = shapely.bounds(faces)
    faces = faces[np.lexsort((shapely.area(faces), box[:, 3], box[:, 2], box[:, 1], box[:, 0]))]
    rings, of = shapely.get_rings(faces, return_index=True)
    start, end, ring = segments_of(rings)
    nodes = as_complex(pieces.xy)
    order = np.argsort(nodes)
    tail, head = order[node_ids(nodes[order], start)], order[node_ids(nodes[order], end)]
    face = of[ring].astype(np.int64)
    n = len(nodes)
    key = np.minimum(pieces.a, pieces.b) * n + np.maximum(pieces.a, pieces.b)
    sort = np.argsort(key)
    row = sort[np.searchsorted(key[sort], np.minimum(tail, head) * n + np.maximum(tail, head))]
    left, right = np.full(len(key), NOTHING), np.full(len(key), NOTHING)
    forward = pieces.a[row] == tail
    left[row[forward]] = face[forward]
    right[row[~forward]] = face[~forward]
    keep = left != right
    return Tiling(pieces.only(keep), faces, left[keep], right[keep])


def merge(tiling: Tiling, pairs: tuple[Ints, Ints]) -> Tiling:
    """Return the tiling with the faces of each pair united."""
    if not len(pairs[0]):
        return tiling
    graph = coo_array((np.ones(len(pairs[0]), np.int8), pairs), shape=(tiling.count, tiling.count))
    label = connected_components(graph, directed=False)[1].astype(np.int64)
    return relabel(tiling, label)


def relabel(tiling: Tiling, label: Ints) -> Tiling:
    """Return the tiling with faces of one label united; a label whose faces do not touch gives several faces again."""
    with_outside = np.append(label, NOTHING)
    left, right = with_outside[tiling.left], with_outside[tiling.right]
    keep = left != right
    counts = np.bincount(label)
    changed = counts[label] > 1
    united = unite(tiling.faces[changed], label[changed])
    number = np.full(len(counts), NOTHING)
    faces, owner = [tiling.faces[~changed]], [label[~changed]]
    faces.append(united[0])
    owner.append(united[1])
    shapes, owners = np.concatenate(faces), np.concatenate(owner)
    number[owners] = np.arange(len(owners))
    renumber = np.append(number, NOTHING)
    return Tiling(tiling.pieces.only(keep), shapes, renumber[left[keep]], renumber[right[keep]])


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
