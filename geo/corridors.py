"""Corridors - the land between two carriageways, between a road and an old border, a river's water - become single lines.

A corridor's land is shared out among the faces around it. Each of its border pieces is *soft* (the face beyond may take
land across it) or firm (it stays where it is). The corridor is cut into triangles between its border points (a constrained
Delaunay triangulation). A corner of a triangle belongs to whoever stands behind the soft pieces at that point:

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
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.tiling import (
    NOTHING,
    Flags,
    Floats,
    Ints,
    Pieces,
    Tiling,
    as_complex,
    drawing,
    node_ids,
    polygons_in,
    segments_of,
    walk,
)

STEP_WIDTHS = (1.5, 0.6)
"""A corridor's border has a point at least every so many corridor widths, so that chords lead straight across: the first
number for narrow corridors, the second for wide ones, where a line led on aslant would be seen."""
WIDE_M = 16.0
STEP_LIMITS_M = (4.0, 20.0)
ROUND = 0.6
"""Corridors at least this round (4π · area / perimeter²; a circle has 1) and open all around, such as roundabouts, are cut
into triangles around their centroid, so that all lines meet there."""


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
    """Triangles of all corridors. Half-edge 3t+i leads from corner i of triangle t to the next; corner 3t+i starts it."""

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
    return _Shares(border, triangles, home, good, tiling.count, rank).drawing()


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
    # a new line ends at a point of a firm piece, so these stand closer
    parts = np.ceil(length / np.minimum(step[here], step[there]) * np.where(firm, 2, 1)).astype(np.int64)
    parts = np.where(firm, np.maximum(parts, 2), np.maximum(parts, 1))
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
    nodes = as_complex(p.xy)
    order = np.argsort(nodes)
    shapes = polygons_in(p.only(edge))
    rings, of = shapely.get_rings(shapes, return_index=True)
    start, end, ring = segments_of(rings)
    tail, head = order[node_ids(nodes[order], start)], order[node_ids(nodes[order], end)]
    lookup = _PieceLookup(p, edge)
    piece, forward = lookup.find(tail, head)
    owner = np.where(forward, here[piece], there[piece])
    shape = of[ring]
    low, high = np.full(len(shapes), count), np.full(len(shapes), NOTHING)
    np.minimum.at(low, shape, owner)
    np.maximum.at(high, shape, owner)
    mine = (low == high) & (low >= 0)
    soft = (piece >= 0) & np.where(forward, border.soft_left[piece], border.soft_right[piece])
    firm = np.bincount(shape[~soft], minlength=len(shapes))
    area, length = shapely.area(shapes), shapely.length(shapes)
    star = mine & (firm == 0) & (shapely.get_num_interior_rings(shapes) == 0) & (4 * np.pi * area >= ROUND * length**2)
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    seen = (start - middle[shape]), (end - middle[shape])
    turned = seen[0][:, 0] * seen[1][:, 1] <= seen[0][:, 1] * seen[1][:, 0]
    star &= np.bincount(shape[turned], minlength=len(shapes)) == 0
    mine &= ~star
    parts, of_shape = shapely.get_parts(shapely.constrained_delaunay_triangles(shapes[mine]), return_index=True)
    corridor = low[mine][of_shape]
    corners = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3]
    node = order[node_ids(nodes[order], corners.reshape(-1, 2))].reshape(-1, 3)
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    clockwise = one[:, 0] * two[:, 1] < one[:, 1] * two[:, 0]
    node[clockwise] = node[clockwise][:, ::-1]
    first_centre = len(p.xy)
    number = np.cumsum(star) - 1
    rays = star[shape]
    node = np.concatenate([node, np.column_stack([tail, head, first_centre + number[shape]])[rays]])
    corridor = np.concatenate([corridor, low[shape[rays]]])
    p = Pieces(np.concatenate([p.xy, middle[star]]), p.a, p.b, p.source)
    border = replace(border, pieces=p)
    by = np.lexsort((node.min(axis=1), corridor))
    node, corridor = node[by], corridor[by]
    tail, head = node.ravel(), np.roll(node, -1, axis=1).ravel()
    n = len(p.xy)
    key, back = tail * n + head, head * n + tail
    sort = np.argsort(key)
    at = np.minimum(np.searchsorted(key[sort], back), max(len(key) - 1, 0))
    other = np.where(key[sort][at] == back, sort[at], NOTHING) if len(key) else np.empty(0, np.int64)
    piece, forward = _PieceLookup(p, edge).find(tail, head)
    chord = piece == NOTHING
    twin, across = np.where(chord, other, NOTHING), np.where(chord, NOTHING, other)
    triangles = _Triangles(node, corridor, twin, across, piece, forward, first_centre)
    # every border piece must be a triangle's edge, and every chord must have its twin
    needed = np.bincount(here[here >= 0], minlength=count) + np.bincount(there[there >= 0], minlength=count)
    of_edge = np.repeat(corridor, 3)
    got = np.bincount(of_edge[~chord], minlength=count)
    lone = np.bincount(of_edge[chord & (other == NOTHING)], minlength=count)
    return border, triangles, (needed == got) & (lone == 0)


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


class _Shares:
    """Who gets what of each corridor, worked out corridor by corridor in the order in which they depend on each other."""

    def __init__(
        self, border: _Border, triangles: _Triangles, home: Ints, good: Flags, faces: int, rank: Floats
    ) -> None:
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
        self.count = len(good)
        self.faces = faces
        self.ahead = self._ahead()
        """For each node the direction in which the best line from outside that ends there would go on, or zeros."""
        self._order(good)

    def _order(self, good: Flags) -> None:
        """Share corridors out: first those with known owners beyond, then those beside them, and so on."""
        t = self.t
        corridor = np.repeat(t.corridor, 3)
        on_border = t.piece >= 0
        face = np.where(t.forward, self.border.right[t.piece], self.border.left[t.piece])
        soft = on_border & np.where(t.forward, self.border.soft_left[t.piece], self.border.soft_right[t.piece])
        soft &= face >= 0
        waiting_for = np.where(soft, self.home[face], NOTHING)
        done = ~good
        has_soft = np.zeros(self.count, bool)
        has_soft[corridor[soft]] = True
        done |= ~has_soft
        self._keep(np.flatnonzero(done))
        while not done.all():
            open_edge = soft & (waiting_for >= 0)
            open_edge[open_edge] = ~done[waiting_for[open_edge]]
            blocked = np.zeros(self.count, bool)
            blocked[corridor[open_edge]] = True
            batch = ~done & ~blocked
            usable = soft
            if not batch.any():  # a ring of corridors that wait for each other: use what is known already
                known = soft & ~open_edge
                some = np.zeros(self.count, bool)
                some[corridor[known]] = True
                batch = ~done & some
                usable = known
                if not batch.any():
                    self._keep(np.flatnonzero(~done))
                    return
            self._share(batch, usable & batch[corridor], face, corridor)
            done |= batch

    def _keep(self, corridors: Ints) -> None:
        """Let corridors that nobody can claim stay faces of their own."""
        if not len(corridors):
            return
        kept = np.zeros(self.count, bool)
        kept[corridors] = True
        mine = kept[self.t.corridor]
        self.whole[mine] = self.faces + self.t.corridor[mine]
        corner = np.repeat(mine, 3)
        self.first[corner] = self.last[corner] = NOTHING
        self.by[corner] = NOTHING
        self.split[corner] = False

    def owner_at(self, edge: Ints) -> Ints:
        """Return who owns the land beside half-edges of corridors already shared out."""
        following = edge - edge % 3 + (edge + 1) % 3
        owner = np.where(self.first[edge] >= 0, self.first[edge], self.last[following])
        return np.where(owner >= 0, owner, self.whole[edge // 3])

    def _share(self, batch: Flags, soft: Flags, face: Ints, corridor: Ints) -> None:
        t = self.t
        mine = batch[corridor]
        corner = np.flatnonzero(mine)
        edge_owner = np.full(len(corridor), NOTHING)
        at = np.flatnonzero(soft)
        beyond = self.home[face[at]]
        edge_owner[at] = face[at]
        shared = at[(beyond >= 0)]
        other = t.across[shared]
        edge_owner[shared] = np.where(
            other >= 0, self.owner_at(np.maximum(other, 0)), self.faces + self.home[face[shared]]
        )
        edge_by = np.where(edge_owner >= 0, self.border.pieces.source[t.piece], NOTHING)

        into = corner - corner % 3 + (corner + 2) % 3  # the half-edge that ends at this corner
        node, xy = t.node.ravel(), self.border.pieces.xy
        here = xy[node[corner]]
        to_next = xy[node[corner - corner % 3 + (corner + 1) % 3]] - here
        to_prev = xy[node[into]] - here
        angle = np.arctan2(
            to_next[:, 0] * to_prev[:, 1] - to_next[:, 1] * to_prev[:, 0], (to_next * to_prev).sum(axis=1)
        )

        local = np.full(len(corridor), NOTHING)
        local[corner] = np.arange(len(corner))
        cw = t.twin[corner]  # twin of the edge that starts here ends here: its triangle's next corner is the neighbour
        before = np.where(cw >= 0, local[np.where(cw >= 0, cw - cw % 3 + (cw + 1) % 3, 0)], NOTHING)
        before[node[corner] >= t.centre] = NOTHING  # around a centroid there is no end to begin from, and no claim
        fan, place, total_to_here = walk(before, angle)
        is_end = (t.twin[into] < 0) | (node[corner] >= t.centre)
        end = np.full(len(corner), NOTHING)
        end[fan[is_end]] = np.flatnonzero(is_end)
        end = end[fan]
        one, two = edge_owner[corner[fan]], edge_owner[into[end]]
        by_one, by_two = edge_by[corner[fan]], edge_by[into[end]]
        both = (one >= 0) & (two >= 0)
        differ = both & (one != two)
        better_one = self.rank[by_one] >= self.rank[by_two]
        first = np.where(one >= 0, one, two)
        by = np.where(both & ~differ, np.where(better_one, by_one, by_two), np.where(one >= 0, by_one, by_two))
        last = first.copy()
        # two owners in one fan: part it at the chord straightest ahead of the line that ends here
        size = place[end] + 1
        ahead = self.ahead[node[corner]]
        side = to_next[fan]
        straight = np.arctan2(side[:, 0] * ahead[:, 1] - side[:, 1] * ahead[:, 0], (side * ahead).sum(axis=1)) % (
            2 * np.pi
        )
        total = total_to_here[end]
        straight = np.where((ahead != 0).any(axis=1) & (straight < total), straight, total / 2)
        off = np.abs(total_to_here + 1e-9 * place - straight)
        may = np.flatnonzero(differ & (size > 1) & ~is_end)
        by_fan = may[np.lexsort((off[may], fan[may]))]
        fans, at_first = np.unique(fan[by_fan], return_index=True)
        part = np.full(len(corner), NOTHING)
        part[fans] = place[by_fan[at_first]]
        part = part[fan]
        second = differ & (part >= 0) & (place > part)
        first[second] = last[second] = two[second]
        by[second] = by_two[second]
        alone = differ & (size == 1)
        last[alone] = two[alone]
        self.first[corner], self.last[corner], self.by[corner] = first, last, by
        self.split[corner] = alone
        self._whole(np.flatnonzero(batch[t.corridor]))
        # a firm piece between two owners has no point where the line between them could end
        following = corner - corner % 3 + (corner + 1) % 3
        start, end_owner = self.first[corner], self.last[following]
        torn = (t.piece[corner] >= 0) & (start >= 0) & (end_owner >= 0) & (start != end_owner)
        self._keep(np.unique(corridor[corner[torn]]))

    def _whole(self, rows: Ints) -> None:
        """Give triangles with one claiming corner to it, those with none to the neighbour across the longest chord."""
        t = self.t
        first = self.first.reshape(-1, 3)[rows]
        claims = (first >= 0).sum(axis=1)
        self.whole[rows] = np.where(claims == 1, first.max(axis=1), NOTHING)
        none = rows[claims == 0]
        if not len(none):
            return
        edges = (none[:, None] * 3 + np.arange(3)).ravel()
        edges = edges[t.twin[edges] >= 0]
        there = t.twin[edges] // 3
        inner = np.isin(there, none)
        graph = coo_array((np.ones(int(inner.sum()), np.int8), (edges[inner] // 3, there[inner])),
                          shape=(len(t.node), len(t.node)))  # fmt: skip
        group = connected_components(graph, directed=False)[1]
        node = t.node.ravel()
        following = edges - edges % 3 + (edges + 1) % 3
        length = np.hypot(*(self.border.pieces.xy[node[edges]] - self.border.pieces.xy[node[following]]).T)
        outer = np.flatnonzero(~inner)
        best = outer[np.lexsort((edges[outer], -length[outer], group[edges[outer] // 3]))]
        groups, at = np.unique(group[edges[best] // 3], return_index=True)
        owner = np.full(int(group.max()) + 1, NOTHING)
        owner[groups] = self.owner_at(t.twin[edges[best[at]]])
        self.whole[none] = owner[group[none]]

    def drawing(self) -> Pieces:
        """Return the old pieces that still part two owners, and the new ones inside corridors."""
        t, border = self.t, self.border
        p = border.pieces
        node, corridor = t.node.ravel(), np.repeat(t.corridor, 3)
        edge = np.arange(node.size)
        following = edge - edge % 3 + (edge + 1) % 3
        # old pieces
        left, right = border.left.copy(), border.right.copy()
        rows = np.flatnonzero(t.piece >= 0)
        owner = self.owner_at(rows)
        ahead = t.forward[rows]
        left[t.piece[rows[ahead]]] = owner[ahead]
        right[t.piece[rows[~ahead]]] = owner[~ahead]
        for side, face in ((left, border.left), (right, border.right)):  # corridors without triangles of their own
            bare = (self.home[face] >= 0) & (side == face)
            side[bare] = self.faces + self.home[face[bare]]
        stay = left != right
        # chords: 2 half chords where both ends claim, a whole one where one end claims or none
        chord = np.flatnonzero((t.twin >= 0) & (edge < t.twin))
        back = t.twin[chord]
        at_tail, at_head = self.first[chord], self.last[following[chord]]
        # the same two ends seen from the other side
        other_tail, other_head = self.last[following[back]], self.first[back]
        middle = len(p.xy) + np.arange(len(chord))
        centre = len(p.xy) + len(chord) + np.arange(len(t.node))
        xy = np.concatenate([p.xy, (p.xy[node[chord]] + p.xy[node[following[chord]]]) / 2, p.xy[t.node].mean(axis=1)])
        mid_of = np.full(node.size, NOTHING)
        mid_of[chord], mid_of[back] = middle, middle
        new: list[tuple[Ints, Ints, Ints]] = []
        arm = self._arms(stay)
        tail, head = node[chord], node[following[chord]]
        two = (at_tail >= 0) & (at_head >= 0)
        for claims, mine, theirs, corner in (
            (at_tail, at_tail, other_tail, tail),
            (at_head, at_head, other_head, head),
        ):
            cut = two & (mine != theirs)
            new.append((corner[cut], middle[cut], self._name(arm[corner[cut]], chord[cut])))
            cut = ~two & (claims >= 0) & (mine != theirs)
            new.append((tail[cut], head[cut], self._name(arm[corner[cut]], chord[cut])))
        none = (at_tail < 0) & (at_head < 0)
        cut = none & (self.whole[chord // 3] != self.whole[back // 3])
        new.append((tail[cut], head[cut], self._name(np.full(int(cut.sum()), NOTHING), chord[cut])))
        # inside triangles
        first, last = self.first.reshape(-1, 3), self.last.reshape(-1, 3)
        claims = first >= 0
        mids = mid_of.reshape(-1, 3)
        by = self.by.reshape(-1, 3)
        pair = np.where(self.rank[by] >= self.rank[np.roll(by, -1, axis=1)], by, np.roll(by, -1, axis=1))
        for i in range(3):  # two claim: from the middle of their chord to the third corner
            j, k = (i + 1) % 3, (i + 2) % 3
            cut = claims[:, i] & claims[:, j] & ~claims[:, k] & (first[:, i] != last[:, j])
            new.append((mids[cut, i], t.node[cut, k], pair[cut, i]))
        three = claims.all(axis=1)
        over_edge = three[:, None] & (first != np.roll(last, -1, axis=1))
        at_corner = three[:, None] & self.split.reshape(-1, 3) & (first != last)
        spokes = over_edge.sum(axis=1) + at_corner.sum(axis=1)
        ends = np.concatenate([mids, t.node], axis=1)
        uses = np.concatenate([over_edge, at_corner], axis=1)
        names = np.concatenate([pair, np.where(arm[t.node] >= 0, arm[t.node], pair)], axis=1)
        straight = spokes == 2
        order = np.argsort(~uses, axis=1, kind="stable")
        i, j = order[straight, 0], order[straight, 1]
        rows = np.flatnonzero(straight)
        n1, n2 = names[rows, i], names[rows, j]
        new.append((ends[rows, i], ends[rows, j], np.where(self.rank[n1] >= self.rank[n2], n1, n2)))
        rows, i = np.nonzero(uses & (spokes > 2)[:, None])
        new.append((ends[rows, i], centre[rows], names[rows, i]))
        a, b, source = (np.concatenate(column) for column in zip(*new, strict=True))
        source = self._lead_on(a, b, source)
        old = _rejoin(border, stay, np.concatenate([a, b]), len(xy))
        return _compact(Pieces(xy, np.concatenate([old.a, a]), np.concatenate([old.b, b]),
                               np.concatenate([old.source, source])))  # fmt: skip

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
        n = len(p.xy)
        nodes = np.concatenate([p.a[outside], p.b[outside]])
        source = np.concatenate([p.source[outside], p.source[outside]])
        best = np.lexsort((source, self.rank[source]))  # the best is written last
        arm = np.full(n, NOTHING)
        arm[nodes[best]] = source[best]
        return arm

    def _lead_on(self, a: Ints, b: Ints, source: Ints) -> Ints:
        """Let lines to a centroid be known by the line they lead on, when that is a new one from another corridor."""
        low, high = self.t.centre, len(self.border.pieces.xy)
        ray = (np.minimum(a, b) < low) & (np.maximum(a, b) >= low) & (np.maximum(a, b) < high)
        ends = np.concatenate([a[~ray], b[~ray]])
        names = np.concatenate([source[~ray], source[~ray]])
        mine = ends < low
        ends, names = ends[mine], names[mine]
        best = np.lexsort((names, self.rank[names]))
        arm = np.full(low, NOTHING)
        arm[ends[best]] = names[best]
        led = arm[np.minimum(a, b)[ray]]
        source = source.copy()
        source[ray] = np.where(led >= 0, led, source[ray])
        return source

    def _name(self, arm: Ints, edge: Ints) -> Ints:
        """Return the arm's feature, else the better one of those claiming at the ends of the half-edge."""
        following = edge - edge % 3 + (edge + 1) % 3
        one, two = self.by[edge], self.by[following]
        return np.where(arm >= 0, arm, np.where(self.rank[one] >= self.rank[two], one, two))


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


def _compact(pieces: Pieces) -> Pieces:
    """Return the drawing without unused nodes, without pieces of no length and without doubles."""
    start, end = pieces.xy[pieces.a], pieces.xy[pieces.b]
    real = (start != end).any(axis=1)
    return drawing(start[real], end[real], pieces.source[real])
