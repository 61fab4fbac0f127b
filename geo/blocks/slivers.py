"""Faces that are no blocks: corridors, islands of roundabouts, corners of slip roads, crumbs.

Corridors are shared out in `geo.blocks.corridors`; here they are recognised. Whatever is still too thin or too small
afterwards is merged with a neighbour.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.blocks.corridors import collapse
from geo.blocks.lines import DIVIDED, RANKS, Drawn, Features, Lines, best_on
from geo.blocks.options import BlockOptions
from geo.blocks.tiling import NOTHING, Flags, Floats, Ints, Shapes, Tiling, components, is_thin, merge, relabel, tile

NEEDLE_M = 0.1
"""Faces thinner than this on average come from lines drawn twice; they are merged, not shared out."""
PASSES = 3


def settle(tiling: Tiling, shape: BaseGeometry, drawn: Drawn, lines: Lines, options: BlockOptions) -> Tiling:
    """Return the tiling without corridors and without faces that are too thin or too small."""
    tiling = _clear(tiling, drawn, lines, options)
    for number in range(PASSES):
        corridor, soft_left, soft_right = _corridors(tiling, drawn, lines, options, first=number == 0)
        if corridor.max(initial=NOTHING) < 0:
            break
        pieces = collapse(tiling, corridor, soft_left, soft_right, drawn.features.rank)
        tiling = tile(pieces, shape, (tiling, _untouched(tiling, corridor >= 0)))
    return _absorb(tiling, drawn.features.rank, options.min_width_m, options.min_area_m2)


def _clear(tiling: Tiling, drawn: Drawn, lines: Lines, options: BlockOptions) -> Tiling:
    """Take old borders and walls out of corridors: land that is a corridor without them is one with them."""
    weak = drawn.features.rank[tiling.pieces.source] <= RANKS["border"]
    weak &= (tiling.left >= 0) & (tiling.right >= 0)
    if not weak.any():
        return tiling
    label = components(tiling.count, tiling.left[weak], tiling.right[weak])
    plain = relabel(tiling, label)
    corridor = _corridors(plain, drawn, lines, options, first=True)[0]
    inside = weak & (corridor[label[tiling.left]] >= 0)
    return merge(tiling, tiling.left[inside], tiling.right[inside])


def _untouched(tiling: Tiling, corridor: Flags) -> Flags:
    """Return the faces that neither are corridors nor border on one."""
    touched = corridor.copy()
    both = (tiling.left >= 0) & (tiling.right >= 0)
    left, right = tiling.left[both], tiling.right[both]
    touched[left[corridor[right]]] = True
    touched[right[corridor[left]]] = True
    return ~touched


def drop_needles(tiling: Tiling, features: Features) -> Tiling:
    """Return the tiling without the needles that lines drawn twice leave."""
    for _ in range(PASSES):
        needle = 2 * shapely.area(tiling.faces) < NEEDLE_M * shapely.length(tiling.faces)
        if not needle.any():
            break
        tiling = _merge_away(tiling, needle, features.rank)
    return tiling


def _absorb(tiling: Tiling, rank: Floats, min_width_m: float, min_area_m2: float) -> Tiling:
    """Merge faces that are too thin or too small with a neighbour until none is left that has one."""
    doubtful = np.ones(tiling.count, bool)
    while True:
        bad = np.zeros(tiling.count, bool)
        bad[doubtful] = is_thin(tiling.faces[doubtful], min_width_m)
        bad |= shapely.area(tiling.faces) < min_area_m2
        merged = _merge_away(tiling, bad, rank)
        if merged.count == tiling.count:
            return tiling
        tiling, doubtful = merged, np.ones(merged.count, bool)


def _merge_away(tiling: Tiling, bad: Flags, rank: Floats) -> Tiling:
    """Merge each bad face, smallest first, with the neighbour across the least line of those that matter."""
    p = tiling.pieces
    face = np.concatenate([tiling.left, tiling.right])
    other = np.concatenate([tiling.right, tiling.left])
    use = (face >= 0) & (other >= 0)
    use[use] = bad[face[use]]
    if not use.any():
        return tiling
    length, weight = np.tile(p.length, 2)[use], np.tile(rank[p.source], 2)[use]
    face, other = face[use], other[use]
    _, at, where = np.unique(face * tiling.count + other, return_index=True, return_inverse=True)
    shared = np.bincount(where, length)
    mean = np.round(np.bincount(where, length * weight) / shared, 3)
    face, other = face[at], other[at]
    around = shapely.length(tiling.faces)[face]
    longest = np.zeros(tiling.count)
    np.maximum.at(longest, face, shared)
    serious = (shared >= 0.15 * around) | (shared == longest[face])
    best = np.lexsort((other, -np.round(shared, 6), mean, ~serious, face))
    faces, first = np.unique(face[best], return_index=True)
    choice = other[best[first]]
    label = np.arange(tiling.count)

    def root(i: int) -> int:
        while label[i] != i:
            label[i] = label[label[i]]
            i = int(label[i])
        return i

    touched = np.zeros(tiling.count, bool)
    for i in np.lexsort((faces, np.round(shapely.area(tiling.faces[faces]), 6))):
        if not touched[faces[i]]:
            touched[faces[i]] = touched[choice[i]] = True
            label[root(int(faces[i]))] = root(int(choice[i]))
    roots = np.array([root(i) for i in range(tiling.count)])
    return relabel(tiling, np.unique(roots, return_inverse=True)[1].astype(np.int64))


def _corridors(
    tiling: Tiling, drawn: Drawn, lines: Lines, options: BlockOptions, *, first: bool
) -> tuple[Ints, Flags, Flags]:
    """Return the corridor of each face (or NOTHING), and across which pieces it may be claimed from left and right."""
    sides = _Sides.of(tiling, drawn.features)
    thin = is_thin(tiling.faces, options.min_width_m)
    none = np.zeros(tiling.count, bool)
    median, key = (
        _medians(tiling, sides, drawn.features, lines, options) if first else (none, np.full(tiling.count, NOTHING))
    )
    water = _in_water(tiling, drawn) if first else none
    median &= ~water
    box = _boxes(tiling, sides, drawn.features, median, options) & ~water if first else none
    median &= ~box
    island = _islands(tiling, sides, drawn.features, options) & ~median & ~box & ~water
    corridor = thin | median | box | island | water
    if not corridor.any():
        return np.full(tiling.count, NOTHING), np.empty(0, bool), np.empty(0, bool)
    # soft: the least of what matters around a thin face, the carriageways around a median, all around islands and water
    limit = sides.limit(0.25)
    f, g = sides.face, sides.other
    plain = thin[f] & ~median[f] & ~box[f] & ~island[f] & ~water[f]
    soft = plain & (sides.rank <= limit[f])
    soft |= median[f] & (sides.key == key[f])
    soft |= box[f] | island[f] | water[f]
    centre = box | island  # they take from their neighbours, never the other way round
    soft &= (g >= 0) & corridor[f] & (centre[f] | ~centre[g])
    n = len(tiling.left)
    soft_left, soft_right = np.zeros(n, bool), np.zeros(n, bool)
    soft_left[sides.piece[sides.is_left]] = soft[sides.is_left]
    soft_right[sides.piece[~sides.is_left]] = soft[~sides.is_left]
    left, right = tiling.left, tiling.right
    both = (left >= 0) & (right >= 0)
    both[both] = corridor[left[both]] & corridor[right[both]]
    gone = (
        both & soft_left & soft_right
    )  # a crossing's box waits for the medians around it, which end at its firm sides
    label = components(tiling.count, left[gone], right[gone])
    number = np.full(tiling.count, NOTHING)
    number[corridor] = np.unique(label[corridor], return_inverse=True)[1]
    return number, soft_left, soft_right


@dataclass(frozen=True)
class _Sides:
    """Every piece seen from the face on each of its sides."""

    count: int
    piece: Ints
    is_left: Flags
    face: Ints
    other: Ints
    length: Floats
    rank: Floats
    key: Ints
    """Which road: one number for each name, and for each class of nameless one-way roads; NOTHING for all others."""

    @classmethod
    def of(cls, tiling: Tiling, features: Features) -> "_Sides":
        n = len(tiling.left)
        piece = np.tile(np.arange(n), 2)
        is_left = np.arange(2 * n) < n
        face = np.concatenate([tiling.left, tiling.right])
        other = np.concatenate([tiling.right, tiling.left])
        use = face >= 0
        piece, is_left, face, other = piece[use], is_left[use], face[use], other[use]
        road = features.origin == "road"
        called = road & (features.name != "")
        nameless = road & (features.name == "") & (features.oneway == 1)
        tags = np.where(called, "n" + features.name, np.where(nameless, "c" + features.kind, "")).astype(str)
        key = np.unique(tags, return_inverse=True)[1]
        key = np.where(called | nameless, key, NOTHING)
        source = tiling.pieces.source[piece]
        rank = features.rank[source]
        return cls(tiling.count, piece, is_left, face, other, tiling.pieces.length[piece], rank, key[source])

    def total(self, values: Floats | Flags) -> Floats:
        """Return the sum over each face's pieces of length times a value."""
        return np.bincount(self.face, self.length * values, self.count).astype(np.float64)

    def limit(self, share: float) -> Floats:
        """Return for each face the least rank that, with all below it, makes up this share of its outline."""
        order = np.lexsort((self.rank, self.face))
        face, length = self.face[order], self.length[order]
        run = np.cumsum(length)
        around = np.bincount(self.face, self.length, self.count)
        before = np.concatenate([[0.0], np.cumsum(around)[:-1]])
        enough = np.flatnonzero(run - before[face] >= share * around[face] * (1 - 1e-9))
        faces, at = np.unique(face[enough], return_index=True)
        limit = np.full(self.count, np.inf)
        limit[faces] = self.rank[order][enough[at]]
        return limit


def _medians(
    tiling: Tiling, sides: _Sides, features: Features, lines: Lines, options: BlockOptions
) -> tuple[Flags, Ints]:
    """Return which faces lie between the carriageways of one road, and of which.

    The road makes up at least half of the outline and runs there and back along it. Either all its pieces are one-way
    with the face on the same hand; or the face is at least three times as long as wide, and the road has a name and
    only one-way pieces (main and side carriageways), or is of a class that may be divided and its direction unknown.
    """
    nothing = np.zeros(tiling.count, bool), np.full(tiling.count, NOTHING)
    use = (sides.key >= 0) & (features.oneway[tiling.pieces.source[sides.piece]] != 0)
    if not use.any():
        return nothing
    piece, face, key, length = sides.piece[use], sides.face[use], sides.key[use], sides.length[use]
    p = tiling.pieces
    source = p.source[piece]
    sign = np.where(sides.is_left[use], 1.0, -1.0)
    way = (p.xy[p.b[piece]] - p.xy[p.a[piece]]) * sign[:, None]
    one = features.oneway[source] == 1
    hand = np.zeros(len(piece))
    if one.any():
        rows = np.unique(piece[one])
        drawn_on = np.flatnonzero(features.oneway[lines.feature] == 1)
        some = Lines(lines.start[drawn_on], lines.end[drawn_on], lines.feature[drawn_on])
        at = best_on(some, features.rank, (p.xy[p.a[rows]] + p.xy[p.b[rows]]) / 2)
        along = np.where((at >= 0)[:, None], some.end[at] - some.start[at], 0.0)
        turn = np.zeros(len(p.a))
        turn[rows] = np.sign(((p.xy[p.b[rows]] - p.xy[p.a[rows]]) * along).sum(axis=1))
        hand = np.where(one, turn[piece] * sign, 0.0)
    _, at, where = np.unique(face * (int(sides.key.max()) + 1) + key, return_index=True, return_inverse=True)
    total = np.bincount(where, length)
    back = np.hypot(np.bincount(where, way[:, 0]), np.bincount(where, way[:, 1])) / total
    oneway = np.bincount(where, length * one) / total
    handed = np.abs(np.bincount(where, length * hand)) / total
    wide = np.bincount(where, length * np.isin(features.kind[source], DIVIDED)) / total
    face, key = face[at], key[at]
    share = total / shapely.length(tiling.faces)[face]
    short, long = _rectangle(tiling.faces[face])
    aspect = long / np.maximum(short, 1e-9)
    sure = (oneway >= 0.9) & (handed >= 0.9) & (aspect >= np.where(share > 0.8, 2.0, 1.0))
    named = features.name[p.source[piece[at]]] != ""
    maybe = (((oneway < 0.1) & (wide >= 0.9)) | ((oneway >= 0.9) & named)) & (aspect >= 3.0)
    good = (share >= 0.5) & (back <= 0.4) & (short <= options.carriageway_gap_m) & (sure | maybe)
    rows = np.flatnonzero(good)
    rows = rows[is_thin(tiling.faces[face[rows]], options.carriageway_gap_m)]
    rows = rows[np.lexsort((key[rows], share[rows]))]  # the largest share is written last
    median, of = nothing
    median[face[rows]], of[face[rows]] = True, key[rows]
    return median, of


def _rectangle(faces: Shapes) -> tuple[Floats, Floats]:
    """Return width and length of the rectangle with each face's area and perimeter."""
    area, half = shapely.area(faces), shapely.length(faces) / 2
    root = np.sqrt(np.maximum(half**2 - 4 * area, 0.0))
    return (half - root) / 2, (half + root) / 2


def _boxes(tiling: Tiling, sides: _Sides, features: Features, median: Flags, options: BlockOptions) -> Flags:
    """Return which faces are the middle of a crossing of divided roads: carriageways around, medians on most sides."""
    road = (features.origin == "road") & (features.oneway != 0)
    around = shapely.length(tiling.faces)
    mostly = sides.total(road[tiling.pieces.source[sides.piece]]) >= 0.95 * around
    box = mostly & (sides.total((sides.other >= 0) & median[sides.other]) >= 0.6 * around)
    box[box] = is_thin(tiling.faces[box], options.carriageway_gap_m)
    return box


def _islands(tiling: Tiling, sides: _Sides, features: Features, options: BlockOptions) -> Flags:
    """Return which faces are islands of roundabouts: marked so, or small, round, of one kind of road and in a star."""
    area, around = shapely.area(tiling.faces), shapely.length(tiling.faces)
    marked = np.zeros(tiling.count, bool)
    if features.roundabout.any():
        on_ring = features.roundabout[tiling.pieces.source]
        ring = sides.total(on_ring[sides.piece])
        marked = (ring >= 0.9 * around) & (area <= options.roundabout_max_m2)
        marked |= _crossed_islands(tiling, on_ring, options)
    round_ = (area < options.min_area_m2) & (4 * np.pi * area > 0.85 * around**2)
    low, high = np.full(tiling.count, np.inf), np.full(tiling.count, -np.inf)
    np.minimum.at(low, sides.face, sides.rank)
    np.maximum.at(high, sides.face, sides.rank)
    pairs = np.unique(sides.face * (sides.count + 1) + sides.other + 1)
    neighbours = np.bincount(pairs // (sides.count + 1), minlength=sides.count)
    return np.asarray(marked | (round_ & (low == high) & (neighbours >= 3)), dtype=bool)


def _crossed_islands(tiling: Tiling, on_ring: Flags, options: BlockOptions) -> Flags:
    """Return the faces of roundabouts' islands that a flyover, an underpass or a border cuts into several."""
    left, right, length = tiling.left, tiling.right, tiling.pieces.length
    through = ~on_ring & (left >= 0) & (right >= 0)
    island = components(tiling.count, left[through], right[through])
    count = int(island.max(initial=-1)) + 1
    around, ring = np.zeros(count), np.zeros(count)
    for side in (left, right):
        use = ~through & (side >= 0)
        np.add.at(around, island[side[use]], length[use])
        np.add.at(ring, island[side[use]], (length * on_ring)[use])
    area = np.bincount(island, shapely.area(tiling.faces), count)
    return np.asarray(((ring >= 0.9 * around) & (area <= options.roundabout_max_m2))[island], dtype=bool)


def _in_water(tiling: Tiling, drawn: Drawn) -> Flags:
    """Return which faces are the water of rivers and canals given as polygons."""
    wet = np.zeros(tiling.count, bool)
    if len(drawn.water):
        points = shapely.point_on_surface(tiling.faces)
        wet[np.unique(shapely.STRtree(drawn.water).query(points, predicate="intersects")[0])] = True
    return wet
