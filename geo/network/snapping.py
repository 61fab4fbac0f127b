"""The compiled search for the nearest way that can be reached: pieces of lines and walls in grids of squares."""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN201, ANN202
# Splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0915, PLR0917

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

JOINED, FAR, CUT_OFF = range(3)
"""What became of a place."""
SHY_M = 0.05
"""A line to a way may touch a wall so close to either end: the way, or the house, stands on it [m]."""
_TIE_M = 1e-9
_MOST_CELLS = 4_000_000
_BESIDE = 1e-12
"""A point so close to the line of a way, for its length, is on neither side."""


class Grid(NamedTuple):
    """Pieces of lines, and which of them touch each square of a grid."""

    ends: npt.NDArray[np.float64]
    """x, y of one end and of the other, a row per piece."""
    start: npt.NDArray[np.int32]
    """Where a square's pieces begin in `piece`; squares row by row from the south-west."""
    piece: npt.NDArray[np.int32]
    size: npt.NDArray[np.int64]
    """Squares across and up."""
    frame: npt.NDArray[np.float64]
    """West, south, and the side of a square [m]."""


class Ways(NamedTuple):
    """What the search knows about the edges of the network; `first` is over edges + 1, `edge` and `before` by piece.

    `last` are edges taken only where no other can be reached: islands, bridges, tunnels.
    """

    edge: npt.NDArray[np.int32]
    before: npt.NDArray[np.float64]
    first: npt.NDArray[np.int32]
    side: npt.NDArray[np.int8]
    estate: npt.NDArray[np.int32]
    last: npt.NDArray[np.bool_]


def grid_of(ends: npt.NDArray[np.float64]) -> Grid:
    """Return pieces of lines (x, y, x, y [m]) in a grid of some squares per piece."""
    if not len(ends):
        return Grid(ends, np.zeros(2, np.int32), np.zeros(0, np.int32), np.ones(2, np.int64), np.array([0.0, 0.0, 1.0]))
    west, south = ends[:, [0, 2]].min(), ends[:, [1, 3]].min()
    width, height = ends[:, [0, 2]].max() - west, ends[:, [1, 3]].max() - south
    side = max(20.0, np.sqrt(width * height / min(6 * len(ends), _MOST_CELLS)), max(width, height) / _MOST_CELLS)
    size = np.array([int(width // side) + 1, int(height // side) + 1], dtype=np.int64)
    frame = np.array([west, south, side])
    start, piece = _fill(ends, size, frame)
    return Grid(ends, start, piece, size, frame)


@numba.njit(cache=True, nogil=True, inline="always")
def _column(value, low, side, count):
    """Return the square a coordinate falls in, those outside at the border."""
    return min(max(np.int64(np.floor((value - low) / side)), 0), count - 1)


@numba.njit(cache=True, nogil=True)
def _fill(ends, size, frame):
    """Return where each square's pieces begin, and the pieces: those whose box touches the square."""
    start = np.zeros(size[0] * size[1] + 1, np.int32)
    piece = np.zeros(0, np.int32)
    for fill in range(2):
        for k in range(len(ends)):
            left = _column(min(ends[k, 0], ends[k, 2]), frame[0], frame[2], size[0])
            right = _column(max(ends[k, 0], ends[k, 2]), frame[0], frame[2], size[0])
            low = _column(min(ends[k, 1], ends[k, 3]), frame[1], frame[2], size[1])
            high = _column(max(ends[k, 1], ends[k, 3]), frame[1], frame[2], size[1])
            for row in range(low, high + 1):
                for column in range(left, right + 1):
                    cell = row * size[0] + column
                    if fill:
                        start[cell] -= 1
                        piece[start[cell]] = k
                    else:
                        start[cell] += 1
        if not fill:
            for cell in range(1, len(start)):
                start[cell] += start[cell - 1]
            piece = np.empty(start[-1], np.int32)
    return start, piece


@numba.njit(cache=True, nogil=True, inline="always")
def _turn(ax, ay, bx, by, cx, cy):
    """Return whether c is left (> 0) or right (< 0) of the line from a to b."""
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


@numba.njit(cache=True, nogil=True)
def _blocked(walls, px, py, qx, qy):
    """Return whether a wall stands between two points, looked at from SHY_M off either."""
    long = np.hypot(qx - px, qy - py)
    if len(walls.ends) == 0 or long <= 2 * SHY_M:
        return False
    dx, dy = (qx - px) / long * SHY_M, (qy - py) / long * SHY_M
    ax, ay, bx, by = px + dx, py + dy, qx - dx, qy - dy
    west, south, side = walls.frame
    if max(ax, bx) < west or max(ay, by) < south:
        return False
    if min(ax, bx) > west + side * walls.size[0] or min(ay, by) > south + side * walls.size[1]:
        return False
    for row in range(
        _column(min(ay, by), south, side, walls.size[1]), _column(max(ay, by), south, side, walls.size[1]) + 1
    ):
        for column in range(
            _column(min(ax, bx), west, side, walls.size[0]), _column(max(ax, bx), west, side, walls.size[0]) + 1
        ):
            cell = row * walls.size[0] + column
            for j in range(walls.start[cell], walls.start[cell + 1]):
                wall = walls.ends[walls.piece[j]]
                if (
                    _turn(ax, ay, bx, by, wall[0], wall[1]) * _turn(ax, ay, bx, by, wall[2], wall[3]) <= 0
                    and _turn(wall[0], wall[1], wall[2], wall[3], ax, ay)
                    * _turn(wall[0], wall[1], wall[2], wall[3], bx, by)
                    <= 0
                    and max(wall[0], wall[2]) >= min(ax, bx)
                    and min(wall[0], wall[2]) <= max(ax, bx)
                    and max(wall[1], wall[3]) >= min(ay, by)
                    and min(wall[1], wall[3]) <= max(ay, by)
                ):
                    return True
    return False


@numba.njit(cache=True, nogil=True)
def side_of(pieces, ways, k, share, x, y):
    """Return the side (1 left, 2 right, 0 on it) of an edge a point is on, nearest to it on piece k at that share.

    Where the nearest point is a bend, both pieces there are asked: one alone errs behind a sharp bend.
    """
    edge = ways.edge[k]
    p = pieces[k]
    long = np.hypot(p[2] - p[0], p[3] - p[1])
    dx, dy = p[2] - p[0], p[3] - p[1]
    other = k
    if share <= 0.0 and k > ways.first[edge]:
        other = k - 1
    elif share >= 1.0 and k + 1 < ways.first[edge + 1]:
        other = k + 1
    if other != k:
        q = pieces[other]
        more = np.hypot(q[2] - q[0], q[3] - q[1])
        if long > 0 and more > 0:
            dx, dy = dx / long + (q[2] - q[0]) / more, dy / long + (q[3] - q[1]) / more
    ox, oy = p[0] + share * (p[2] - p[0]), p[1] + share * (p[3] - p[1])
    cross = dx * (y - oy) - dy * (x - ox)
    if abs(cross) <= _BESIDE * (abs(dx) + abs(dy)) * (abs(x) + abs(y) + 1.0):
        return 0
    return 1 if cross > 0 else 2


@numba.njit(cache=True, nogil=True)
def snap(pieces, ways, walls, xy, estate, most_m):
    """Return for each point what became of it, its edge, how far along, and how far off [m].

    Ways of the town's own network on the ground come before all others, whatever the distance; of equally near ones an
    arterial's side comes first, so that nobody slips through a side street's end to the other side, then the lower
    edge.
    """
    n = len(xy)
    what = np.full(n, FAR, np.int8)
    edges = np.full(n, -1, np.int64)
    alongs = np.zeros(n)
    offs = np.full(n, np.inf)
    west, south, side = pieces.frame
    across, up = pieces.size[0], pieces.size[1]
    for i in range(n):
        if len(pieces.ends) == 0:
            break
        x, y = xy[i, 0], xy[i, 1]
        column, row = np.int64(np.floor((x - west) / side)), np.int64(np.floor((y - south) / side))
        # rings of squares up to `first` lie outside the grid
        first = max(-column, column - across + 1, -row, row - up + 1, 0)
        own_m = last_m = np.inf
        own = last = -1
        own_along = last_along = 0.0
        # what lies in the squares of a ring is at least so far off, and as far as the border of the own square is
        border = min(x - west - column * side, y - south - row * side)
        border = min(border, side - (x - west - column * side), side - (y - south - row * side))
        ring = first
        while ring == 0 or (ring - 1) * side + border <= min(most_m, own_m):
            for r in range(max(row - ring, 0), min(row + ring, up - 1) + 1):
                edge_row = r in (row - ring, row + ring)
                c = max(column - ring, 0)
                while c <= min(column + ring, across - 1):
                    if not edge_row and c != column - ring and c != column + ring:
                        # inner squares have been seen: on to the eastern column
                        c = column + ring
                        continue
                    cell = r * across + c
                    c += 1
                    for j in range(pieces.start[cell], pieces.start[cell + 1]):
                        k = pieces.piece[j]
                        e = ways.edge[k]
                        best = last_m if ways.last[e] else own_m
                        p = pieces.ends[k]
                        dx, dy = p[2] - p[0], p[3] - p[1]
                        square = dx * dx + dy * dy
                        share = 0.0
                        if square > 0:
                            share = min(max(((x - p[0]) * dx + (y - p[1]) * dy) / square, 0.0), 1.0)
                        qx, qy = p[0] + share * dx, p[1] + share * dy
                        if share == 1.0:
                            qx, qy = p[2], p[3]
                        most = min(most_m, best + _TIE_M)
                        # most pieces are farther than what is known, which needs no root
                        if (x - qx) * (x - qx) + (y - qy) * (y - qy) > most * most * (1 + _TIE_M):
                            continue
                        off = np.hypot(x - qx, y - qy)
                        if off > most:
                            continue
                        if off >= best - _TIE_M:
                            held = last if ways.last[e] else own
                            sided, held_sided = ways.side[e] != 0, ways.side[held] != 0
                            if (held_sided and not sided) or (held_sided == sided and held <= e):
                                continue
                        if ways.estate[e] != estate[i]:
                            what[i] = CUT_OFF
                            continue
                        if ways.side[e] != 0:
                            at = side_of(pieces.ends, ways, k, share, x, y)
                            if at != 0 and at != ways.side[e]:
                                continue
                        if _blocked(walls, x, y, qx, qy):
                            what[i] = CUT_OFF
                            continue
                        along = ways.before[k] + share * np.sqrt(square)
                        if ways.last[e]:
                            last_m, last, last_along = off, e, along
                        else:
                            own_m, own, own_along = off, e, along
            if column - ring <= 0 and row - ring <= 0 and column + ring >= across - 1 and row + ring >= up - 1:
                break
            ring += 1
        if own >= 0:
            what[i], edges[i], alongs[i], offs[i] = JOINED, own, own_along, own_m
        elif last >= 0:
            what[i], edges[i], alongs[i], offs[i] = JOINED, last, last_along, last_m
    return what, edges, alongs, offs


@numba.njit(cache=True, nogil=True)
def sides_of(pieces, ways, edges, alongs, xy):
    """Return the side of an edge each point is on, its nearest point on the edge being so far along."""
    out = np.zeros(len(edges), np.int64)
    for i in range(len(edges)):
        e = edges[i]
        k = ways.first[e]
        while k + 1 < ways.first[e + 1] and ways.before[k + 1] <= alongs[i]:
            k += 1
        long = np.hypot(pieces[k, 2] - pieces[k, 0], pieces[k, 3] - pieces[k, 1])
        share = min(max((alongs[i] - ways.before[k]) / long, 0.0), 1.0) if long > 0 else 0.0
        out[i] = side_of(pieces, ways, k, share, xy[i, 0], xy[i, 1])
    return out


@numba.njit(cache=True, nogil=True)
def blocked(walls, lines):
    """Return for each straight line (x, y, x, y) whether a wall stands in its way."""
    out = np.zeros(len(lines), np.bool_)
    for i in range(len(lines)):
        out[i] = _blocked(walls, lines[i, 0], lines[i, 1], lines[i, 2], lines[i, 3])
    return out
