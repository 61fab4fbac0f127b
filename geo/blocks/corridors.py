"""Corridors become single lines: the land between two carriageways, between a road and an old border, a river's water.

A corridor's land is shared out among the faces around it. Each of its border pieces is *soft* (the face beyond may
take land across it) or firm (it stays where it is). The corridor is cut into triangles between its border points (a
constrained Delaunay triangulation). A corner of a triangle belongs to whoever stands behind the soft pieces there:

- a chord between two soft points is shared at its middle, so between two carriageways the new line runs in the middle;
- a chord from a soft to a firm point belongs wholly to the soft side, so a road beside an old border stays the road,
  and the study's own edge never moves;
- where a line ends at the corridor (two owners meet at one point), it is led on along the chord straightest ahead;
- a triangle with three owners has its meeting point in its centroid.

These are the chordal axes of the corridor, weighted by who may claim. Every step works on all corridors at once.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from geo.blocks.tiling import (
    NOTHING,
    Flags,
    Floats,
    Ints,
    Pieces,
    Shapes,
    Tiling,
    as_complex,
    components,
    drawing,
    node_ids,
    polygons_in,
    segments_of,
    walk,
)

STEP_WIDTHS = (1.5, 0.6)
"""A corridor's border has a point at least every so many corridor widths, so that chords lead straight across: the
first number for narrow corridors, the second for wide ones, where a line led on aslant would be seen."""
WIDE_M = 16.0
STEP_LIMITS_M = (4.0, 20.0)
ROUND = 0.6
"""Corridors at least this round (4π · area / perimeter²; a circle has 1) and open all around, such as roundabouts, are
cut into triangles around their centroid, so that all lines meet there."""


@dataclass(frozen=True)
class _Border:
    """The tiling with its pieces along corridors cut short enough to lead chords straight across."""

    pieces: Pieces
    left: Ints
    right: Ints
    soft_left: Flags
    soft_right: Flags
    parent: Ints


@dataclass(frozen=True)
class _Triangles:
    """Triangles of all corridors. Half-edge 3t+i leads from corner i of triangle t, corner 3t+i, to the next."""

    node: Ints
    corridor: Ints
    """Of each triangle."""
    twin: Ints
    """The half-edge on the other side of a chord, NOTHING along the border."""
    across: Ints
    """The half-edge on the other side of a border piece that two corridors share, else NOTHING."""
    piece: Ints
    """The border piece a half-edge is, NOTHING for a chord."""
    forward: Flags
    """Whether the half-edge runs along its piece from a to b (its corridor lies on the left)."""
    centre: int
    """Nodes from here on are centroids of round corridors; nobody claims there."""


def collapse(tiling: Tiling, corridor: Ints, soft_left: Flags, soft_right: Flags, rank: Floats) -> Pieces:
    """Return the drawing in which every corridor's land has gone to the faces around it.

    Parameters
    ----------
    tiling
        Faces and pieces [m].
    corridor
        For each face the corridor it is part of, 0 to n-1 without a hole, or NOTHING. Pieces inside a corridor vanish.
    soft_left, soft_right
        For each piece, whether the corridor on its left (right) may be claimed across it.
    rank
        For each feature, how much it matters; the last entry stands for NOTHING. A new line between two old ones is
        known by the one that matters more.

    Returns
    -------
    Pieces
        Noded; a corridor that nobody may claim stays a face of its own.
    """
    count = int(corridor.max(initial=NOTHING)) + 1
    if not count:
        return tiling.pieces
    border = _cut_short(tiling, corridor, soft_left, soft_right, count)
    home = np.append(corridor, NOTHING)
    border, triangles, good = _triangulate(border, home, count)
    shares = _Shares(border, triangles, home, rank, faces=tiling.count)
    shares.settle(good)
    return shares.drawing()


def _cut_short(tiling: Tiling, corridor: Ints, soft_left: Flags, soft_right: Flags, count: int) -> _Border:
    home = np.append(corridor, NOTHING)
    area = np.bincount(corridor[corridor >= 0], shapely.area(tiling.faces)[corridor >= 0], count)
    here, there = home[tiling.left], home[tiling.right]
    inner = (here == there) & (here >= 0)
    length = tiling.pieces.length
    around = np.zeros(count)
    for side in (here, there):
        np.add.at(around, side[(side >= 0) & ~inner], length[(side >= 0) & ~inner])
    width = 2 * area / np.maximum(around, 1e-9)
    step = np.append(np.clip(np.where(width < WIDE_M, *STEP_WIDTHS) * width, *STEP_LIMITS_M), np.inf)
    firm = ((here >= 0) & ~soft_left) | ((there >= 0) & ~soft_right)
    steps = length / np.minimum(step[here], step[there])
    # a new line may end at a point of a firm piece, so one is in its middle
    parts = np.maximum(np.where(firm, 2 * np.ceil(steps / 2), np.ceil(steps)).astype(np.int64), np.where(firm, 2, 1))
    parts[length < 0.02] = 1
    keep = ~inner
    p = tiling.pieces
    parts, a, b = parts[keep], p.a[keep], p.b[keep]
    parent = np.repeat(np.arange(len(parts)), parts)
    number = np.arange(len(parent)) - np.repeat(np.cumsum(parts) - parts, parts)
    share = ((number + 1) / parts[parent])[:, None]
    ends = p.xy[a][parent] * (1 - share) + p.xy[b][parent] * share
    last = number == parts[parent] - 1
    new = np.full(len(parent), NOTHING)
    new[~last] = len(p.xy) + np.arange(int((~last).sum()))
    xy = np.concatenate([p.xy, ends[~last]])
    head = np.where(last, b[parent], new)
    tail = np.where(number == 0, a[parent], np.roll(head, 1))
    rows = np.flatnonzero(keep)[parent]
    pieces = Pieces(xy, tail, head, p.source[rows])
    return _Border(pieces, tiling.left[rows], tiling.right[rows], soft_left[rows], soft_right[rows], rows)


def _triangulate(border: _Border, home: Ints, count: int) -> tuple[_Border, _Triangles, Flags]:
    """Return the triangles of all corridors, and which corridors could be triangulated on exactly their own points.

    The border comes back with the centroids of round corridors among its nodes.
    """
    p = border.pieces
    here, there = home[border.left], home[border.right]
    edge = np.flatnonzero((here >= 0) | (there >= 0))
    shapes = polygons_in(p.only(edge))
    rings, of = shapely.get_rings(shapes, return_index=True)
    start, end, ring = segments_of(rings)
    nodes = as_complex(p.xy)
    order = np.argsort(nodes)
    tail, head = order[node_ids(nodes[order], start)], order[node_ids(nodes[order], end)]
    piece, forward = _PieceLookup(p, edge).find(tail, head)
    owner, shape = np.where(forward, here[piece], there[piece]), of[ring]
    low, high = np.full(len(shapes), count), np.full(len(shapes), NOTHING)
    np.minimum.at(low, shape, owner)
    np.maximum.at(high, shape, owner)
    mine = (low == high) & (low >= 0)  # the polygons between corridors are land
    soft = np.where(forward, border.soft_left[piece], border.soft_right[piece])
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    hidden = _turn(start - middle[shape], end - middle[shape]) <= 0
    star = mine & _is_star(shapes, np.bincount(shape[~soft | hidden], minlength=len(shapes)))
    inner = shapely.constrained_delaunay_triangles(shapes[mine & ~star])
    closed, of_shape = shapely.get_coordinates(
        inner, return_index=True
    )  # each triangle is four points, the first twice
    corners, of_shape = closed.reshape(-1, 4, 2)[:, :3], of_shape[::4]
    node = order[node_ids(nodes[order], corners.reshape(-1, 2))].reshape(-1, 3)
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    clockwise = one[:, 0] * two[:, 1] < one[:, 1] * two[:, 0]
    node[clockwise] = node[clockwise][:, ::-1]
    ray = star[shape]
    centre = len(p.xy) + np.cumsum(star) - 1
    node = np.concatenate([node, np.column_stack([tail, head, centre[shape]])[ray]])
    corridor = np.concatenate([low[mine & ~star][of_shape], low[shape[ray]]])
    by = np.lexsort((node.min(axis=1), corridor))
    extended = Pieces(np.concatenate([p.xy, middle[star]]), p.a, p.b, p.source)
    triangles, whole = _linked(node[by], corridor[by], extended, edge, first_centre=len(p.xy), count=count)
    # every border piece must be a triangle's edge, and every chord must have its twin
    needed = np.bincount(here[here >= 0], minlength=count) + np.bincount(there[there >= 0], minlength=count)
    got = np.bincount(np.repeat(triangles.corridor, 3)[triangles.piece >= 0], minlength=count)
    return replace(border, pieces=extended), triangles, (needed == got) & whole


def _is_star(shapes: Shapes, hindrances: Ints) -> Flags:
    """Say which polygons are round, without holes, and have no border piece firm or hidden from the centroid."""
    compact = 4 * np.pi * shapely.area(shapes) >= ROUND * shapely.length(shapes) ** 2
    return np.asarray((hindrances == 0) & compact & (shapely.get_num_interior_rings(shapes) == 0), dtype=bool)


def _linked(
    node: Ints, corridor: Ints, pieces: Pieces, edge: Ints, *, first_centre: int, count: int
) -> tuple[_Triangles, Flags]:
    """Return the triangles with their neighbours, and which corridors have a twin for every chord."""
    tail, head = node.ravel(), np.roll(node, -1, axis=1).ravel()
    n = len(pieces.xy)
    key, back = tail * n + head, head * n + tail
    sort = np.argsort(key)
    at = np.minimum(np.searchsorted(key[sort], back), max(len(key) - 1, 0))
    other = np.where(key[sort][at] == back, sort[at], NOTHING) if len(key) else np.empty(0, np.int64)
    piece, forward = _PieceLookup(pieces, edge).find(tail, head)
    chord = piece == NOTHING
    twin, across = np.where(chord, other, NOTHING), np.where(chord, NOTHING, other)
    lone = np.bincount(np.repeat(corridor, 3)[chord & (other == NOTHING)], minlength=count)
    return _Triangles(node, corridor, twin, across, piece, forward, first_centre), lone == 0


class _PieceLookup:
    """Finds border pieces by the nodes at their ends."""

    def __init__(self, pieces: Pieces, among: Ints) -> None:
        self.n = len(pieces.xy)
        self.a = pieces.a
        low, high = np.minimum(pieces.a[among], pieces.b[among]), np.maximum(pieces.a[among], pieces.b[among])
        key = low * self.n + high
        order = np.argsort(key)
        self.key, self.row = key[order], among[order]

    def find(self, tail: Ints, head: Ints) -> tuple[Ints, Flags]:
        """Return the piece between two nodes (or NOTHING) and whether it runs from tail to head."""
        key = np.minimum(tail, head) * self.n + np.maximum(tail, head)
        at = np.minimum(np.searchsorted(self.key, key), max(len(self.key) - 1, 0))
        piece = np.where(self.key[at] == key, self.row[at], NOTHING) if len(self.key) else np.full(len(key), NOTHING)
        return piece, (piece >= 0) & (self.a[piece] == tail)


def _following(edge: Ints) -> Ints:
    """Return the next half-edge of the same triangle: it starts where this one ends."""
    return edge - edge % 3 + (edge + 1) % 3


def _preceding(edge: Ints) -> Ints:
    """Return the half-edge of the same triangle that ends where this one starts."""
    return edge - edge % 3 + (edge + 2) % 3


def _turn(one: Floats, two: Floats) -> Floats:
    """Return the angle from each vector to the other, counter-clockwise [rad]."""
    cross = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    return np.asarray(np.arctan2(cross, (one * two).sum(axis=1)), dtype=np.float64)


_New = tuple[Ints, Ints, Ints]
"""New pieces: their nodes and features."""


class _Shares:
    """Who gets what of each corridor, worked out in the order in which corridors depend on each other."""

    def __init__(self, border: _Border, triangles: _Triangles, home: Ints, rank: Floats, *, faces: int) -> None:
        self.border, self.t, self.home, self.rank = border, triangles, home, rank
        corners = triangles.node.size
        self.first = np.full(corners, NOTHING)
        """Owner of the half of each corner beside the half-edge that starts there, NOTHING where nobody claims."""
        self.last = np.full(corners, NOTHING)
        """Owner of the half beside the half-edge that ends there."""
        self.by = np.full(corners, NOTHING)
        """The feature behind the claim."""
        self.split = np.zeros(corners, bool)
        self.whole = np.full(len(triangles.node), NOTHING)
        """Owner of a triangle with at most one claiming corner."""
        self.faces = faces
        """Owners from here on are corridors that stay faces of their own."""
        self.corridor = np.repeat(triangles.corridor, 3)
        """Of each half-edge."""
        left, right = border.left[triangles.piece], border.right[triangles.piece]
        self.beyond = np.where(triangles.piece >= 0, np.where(triangles.forward, right, left), NOTHING)
        """The face beyond each half-edge along the border."""
        self.ahead = self._ahead()
        """For each node the direction in which the best line from outside that ends there would go on, or zeros."""

    def settle(self, good: Flags) -> None:
        """Share corridors out: first those with known owners beyond, then those beside them, and so on."""
        t, count = self.t, len(good)
        soft = np.where(t.forward, self.border.soft_left[t.piece], self.border.soft_right[t.piece])
        soft &= (t.piece >= 0) & (self.beyond >= 0)
        waiting_for = np.where(soft, self.home[self.beyond], NOTHING)
        done = ~good | ~_marked(self.corridor[soft], count)
        self._keep(done)
        while not done.all():
            unknown = soft & (waiting_for >= 0)
            unknown[unknown] = ~done[waiting_for[unknown]]
            batch = ~done & ~_marked(self.corridor[unknown], count)
            usable = soft
            if not batch.any():  # a ring of corridors that wait for each other: use what is known already
                usable = soft & ~unknown
                batch = ~done & _marked(self.corridor[usable], count)
                if not batch.any():
                    self._keep(~done)
                    return
            self._share(batch, usable & batch[self.corridor])
            done |= batch

    def _keep(self, corridors: Flags) -> None:
        """Let these corridors stay faces of their own."""
        mine = corridors[self.t.corridor]
        self.whole[mine] = self.faces + self.t.corridor[mine]
        corner = np.repeat(mine, 3)
        self.first[corner] = self.last[corner] = self.by[corner] = NOTHING
        self.split[corner] = False

    def owner_at(self, edge: Ints) -> Ints:
        """Return who owns the land beside half-edges of corridors already shared out."""
        owner = np.where(self.first[edge] >= 0, self.first[edge], self.last[_following(edge)])
        return np.where(owner >= 0, owner, self.whole[edge // 3])

    def _share(self, batch: Flags, soft: Flags) -> None:
        """Share out a batch of corridors across their soft border pieces, whose owners beyond are known."""
        t = self.t
        claim = np.full(len(self.corridor), NOTHING)
        at = np.flatnonzero(soft)
        claim[at] = self.beyond[at]
        shared = at[self.home[self.beyond[at]] >= 0]
        other, kept = t.across[shared], self.faces + self.home[self.beyond[shared]]
        claim[shared] = np.where(other >= 0, self.owner_at(np.maximum(other, 0)), kept)
        corner = np.flatnonzero(batch[self.corridor])
        self._claim_corners(corner, claim)
        self._claim_triangles(np.flatnonzero(batch[t.corridor]))
        # a firm piece between two owners has no point where the line between them could end
        one, two = self.first[corner], self.last[_following(corner)]
        torn = (t.piece[corner] >= 0) & (one >= 0) & (two >= 0) & (one != two)
        self._keep(_marked(self.corridor[corner[torn]], len(batch)))

    def _claim_corners(self, corner: Ints, claim: Ints) -> None:
        """Give corners to the owners behind the border pieces at both ends of the fan of corners around each point."""
        t = self.t
        into = _preceding(corner)
        node, xy = t.node.ravel(), self.border.pieces.xy
        to_next = xy[node[_following(corner)]] - xy[node[corner]]
        angle = _turn(to_next, xy[node[into]] - xy[node[corner]])
        local = np.full(len(self.corridor), NOTHING)
        local[corner] = np.arange(len(corner))
        twin = t.twin[corner]
        before = np.where(twin >= 0, local[_following(np.maximum(twin, 0))], NOTHING)
        centre = node[corner] >= t.centre
        before[centre] = NOTHING  # around a centroid there is no end to begin from, and no claim
        fan, place, turned = walk(before, angle)
        is_end = (t.twin[into] < 0) | centre
        end = np.full(len(corner), NOTHING)
        end[fan[is_end]] = np.flatnonzero(is_end)
        end = end[fan]
        ends = corner[fan], into[end]
        one, two = claim[ends[0]], claim[ends[1]]
        source = np.where(claim >= 0, self.border.pieces.source[t.piece], NOTHING)
        by_one, by_two = source[ends[0]], source[ends[1]]
        differ = (one >= 0) & (two >= 0) & (one != two)
        better = (one >= 0) & ((two < 0) | differ | (self.rank[by_one] >= self.rank[by_two]))
        first, by = np.where(one >= 0, one, two), np.where(better, by_one, by_two)
        last = first.copy()
        # two owners in one fan: part it at the chord straightest ahead of the line that ends here
        ahead = self.ahead[node[corner]]
        whole = turned[end]
        aim = _turn(to_next[fan], ahead) % (2 * np.pi)
        aim = np.where((ahead != 0).any(axis=1) & (aim < whole), aim, whole / 2)
        may = np.flatnonzero(differ & ~is_end)
        best = may[np.lexsort((place[may], np.round(np.abs(turned - aim)[may], 9), fan[may]))]
        fans, at = np.unique(fan[best], return_index=True)
        part = np.full(len(corner), NOTHING)
        part[fans] = place[best[at]]
        second = differ & (part[fan] >= 0) & (place > part[fan])
        first[second] = last[second] = two[second]
        by[second] = by_two[second]
        alone = differ & (place[end] == 0)  # a fan of one corner is parted in its middle
        last[alone] = two[alone]
        self.first[corner], self.last[corner], self.by[corner], self.split[corner] = first, last, by, alone

    def _claim_triangles(self, rows: Ints) -> None:
        """Give triangles with one claiming corner to it, those with none to the neighbour across the longest chord."""
        t = self.t
        first = self.first.reshape(-1, 3)[rows]
        claims = (first >= 0).sum(axis=1)
        self.whole[rows] = np.where(claims == 1, first.max(axis=1), NOTHING)
        none = rows[claims == 0]
        edges = (none[:, None] * 3 + np.arange(3)).ravel()
        edges = edges[t.twin[edges] >= 0]
        there = t.twin[edges] // 3
        inner = _marked(none, len(t.node))[there]
        group = components(len(t.node), edges[inner] // 3, there[inner])
        node, xy = t.node.ravel(), self.border.pieces.xy
        length = np.hypot(*(xy[node[edges]] - xy[node[_following(edges)]]).T)
        outer = np.flatnonzero(~inner)
        best = outer[np.lexsort((edges[outer], -length[outer], group[edges[outer] // 3]))]
        groups, at = np.unique(group[edges[best] // 3], return_index=True)
        owner = np.full(len(t.node), NOTHING)
        owner[groups] = self.owner_at(t.twin[edges[best[at]]])
        owner = owner[group[none]]
        self.whole[none] = np.where(owner >= 0, owner, self.faces + t.corridor[none])

    def drawing(self) -> Pieces:
        """Return the old pieces that still part two owners, and the new ones inside corridors."""
        p = self.border.pieces
        stay = self._stay()
        arm = self._arms(stay)
        chord = np.flatnonzero((self.t.twin >= 0) & (np.arange(self.t.node.size) < self.t.twin))
        middle = np.full(self.t.node.size, NOTHING)
        middle[chord] = middle[self.t.twin[chord]] = len(p.xy) + np.arange(len(chord))
        ends = p.xy[self.t.node.ravel()[chord]], p.xy[self.t.node.ravel()[_following(chord)]]
        xy = np.concatenate([p.xy, (ends[0] + ends[1]) / 2, p.xy[self.t.node].mean(axis=1)])
        ending, inside = self._inside(middle, len(p.xy) + len(chord), arm)
        arm = np.where(arm >= 0, arm, self._best_at(ending[1], ending[2]))
        new = [*self._along_chords(chord, middle, arm), ending, *inside]
        a, b, source = (np.concatenate(column) for column in zip(*new, strict=True))
        old = _rejoin(self.border, stay, np.concatenate([a, b]), len(xy))
        a, b = np.concatenate([old.a, a]), np.concatenate([old.b, b])
        real = (xy[a] != xy[b]).any(axis=1)
        return drawing(xy[a[real]], xy[b[real]], np.concatenate([old.source, source])[real])

    def _stay(self) -> Flags:
        """Say which old pieces still part two owners."""
        t, border = self.t, self.border
        left, right = border.left.copy(), border.right.copy()
        for side in (left, right):  # corridors without triangles of their own
            bare = self.home[side] >= 0
            side[bare] = self.faces + self.home[side[bare]]
        rows = np.flatnonzero(t.piece >= 0)
        owner, ahead = self.owner_at(rows), t.forward[rows]
        left[t.piece[rows[ahead]]] = owner[ahead]
        right[t.piece[rows[~ahead]]] = owner[~ahead]
        return np.asarray(left != right, dtype=bool)

    def _along_chords(self, chord: Ints, middle: Ints, arm: Ints) -> list[_New]:
        """Return new lines along chords: half a chord where both its ends claim, a whole one where one does or none."""
        node, back = self.t.node.ravel(), self.t.twin[chord]
        tail, head = node[chord], node[_following(chord)]
        # the owners at both ends, seen from one side and from the other
        at_tail, other_tail = self.first[chord], self.last[_following(back)]
        at_head, other_head = self.last[_following(chord)], self.first[back]
        two = (at_tail >= 0) & (at_head >= 0)
        none = (at_tail < 0) & (at_head < 0) & (self.whole[chord // 3] != self.whole[back // 3])
        nobody = np.full(len(chord), NOTHING)
        new = [(tail[none], head[none], self._name(nobody[none], chord[none]))]
        for mine, theirs, corner in ((at_tail, other_tail, tail), (at_head, other_head, head)):
            half = two & (mine != theirs)
            new.append((corner[half], middle[chord[half]], self._name(arm[corner[half]], chord[half])))
            full = ~two & (mine >= 0) & (mine != theirs)
            new.append((tail[full], head[full], self._name(arm[corner[full]], chord[full])))
        return new

    def _inside(self, middle: Ints, first_centre: int, arm: Ints) -> tuple[_New, list[_New]]:
        """Return new lines inside triangles: those that end at a firm border (their second node), and the others."""
        node = self.t.node
        first, last, by = self.first.reshape(-1, 3), self.last.reshape(-1, 3), self.by.reshape(-1, 3)
        claims, mids, then = first >= 0, middle.reshape(-1, 3), np.roll(by, -1, axis=1)
        pair = self._better(by, then)
        # two claim: from the middle of their chord to the third corner
        parted = (
            claims & np.roll(claims, -1, axis=1) & ~np.roll(claims, -2, axis=1) & (first != np.roll(last, -1, axis=1))
        )
        rows, i = np.nonzero(parted)
        ending = (mids[rows, i], node[rows, (i + 2) % 3], pair[rows, i])
        # three claim: straight from one chord to another, or all lines to the centroid
        three = np.asarray(claims.all(axis=1))[:, None]
        over_edge = three & (first != np.roll(last, -1, axis=1))
        at_corner = three & self.split.reshape(-1, 3) & (first != last)
        uses = np.concatenate([over_edge, at_corner], axis=1)
        ends = np.concatenate([mids, node], axis=1)
        names = np.concatenate([pair, np.where(arm[node] >= 0, arm[node], pair)], axis=1)
        spokes = uses.sum(axis=1)
        rows = np.flatnonzero(spokes == 2)
        order = np.argsort(~uses[rows], axis=1, kind="stable")
        i, j = order[:, 0], order[:, 1]
        straight = (ends[rows, i], ends[rows, j], self._better(names[rows, i], names[rows, j]))
        rows, i = np.nonzero(uses & np.asarray(spokes > 2)[:, None])
        return ending, [straight, (ends[rows, i], first_centre + rows, names[rows, i])]

    def _better(self, one: Ints, two: Ints) -> Ints:
        """Return of two features the one that matters more."""
        return np.where(self.rank[one] >= self.rank[two], one, two)

    def _ahead(self) -> Floats:
        p = self.border.pieces
        outside = np.flatnonzero((self.home[self.border.left] < 0) & (self.home[self.border.right] < 0))
        nodes = np.concatenate([p.a[outside], p.b[outside]])
        way = p.xy[p.a[outside]] - p.xy[p.b[outside]]
        way = np.concatenate([way, -way])
        rank = np.tile(self.rank[p.source[outside]], 2)
        best = np.lexsort((way[:, 1], way[:, 0], rank))  # the best is written last
        ahead = np.zeros((len(p.xy), 2))
        ahead[nodes[best]] = way[best]
        return ahead

    def _arms(self, stay: Flags) -> Ints:
        """Return for each node the feature of the best line that ends there from outside the corridors."""
        p = self.border.pieces
        outside = stay & (self.home[self.border.left] < 0) & (self.home[self.border.right] < 0)
        return self._best_at(np.concatenate([p.a[outside], p.b[outside]]), np.tile(p.source[outside], 2))

    def _best_at(self, nodes: Ints, source: Ints) -> Ints:
        """Return for each node the best of the features given for it, or NOTHING."""
        best = np.lexsort((source, self.rank[source]))  # the best is written last
        result = np.full(len(self.border.pieces.xy), NOTHING)
        result[nodes[best]] = source[best]
        return result

    def _name(self, arm: Ints, edge: Ints) -> Ints:
        """Return the arm's feature, else the better one of those claiming at the ends of the half-edge."""
        return np.where(arm >= 0, arm, self._better(self.by[edge], self.by[_following(edge)]))


def _rejoin(border: _Border, stay: Flags, used: Ints, n: int) -> Pieces:
    """Return the old pieces that stay, those cut short put together again where nothing new ends between them."""
    p = border.pieces
    a, b, parent = p.a[stay], p.b[stay], border.parent[stay]
    degree = np.bincount(np.concatenate([a, b, used]), minlength=n)
    follows = np.zeros(len(a), bool)
    follows[1:] = (parent[1:] == parent[:-1]) & (a[1:] == b[:-1]) & (degree[a[1:]] == 2)
    starts = np.flatnonzero(~follows)
    ends = np.append(starts[1:], len(a)) - 1 if len(starts) else starts
    return Pieces(p.xy, a[starts], b[ends], p.source[stay][starts])


def _marked(rows: Ints, count: int) -> Flags:
    """Return which of `count` numbers occur."""
    marks = np.zeros(count, bool)
    marks[rows] = True
    return marks
