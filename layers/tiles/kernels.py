"""The compiled steps of encoding: shapes to drawing commands, commands and attributes to bytes.

Coordinates here are tile units, x to the right and y down, 0 to `grids.EXTENT` within the tile.
"""

# numba infers the types of these functions from the arrays they are called with, so they carry none:
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: ANN001, ANN201, ANN202
# Splitting a hot loop would only hide it:
# ruff: noqa: PLR0912, PLR0915, PLR0917

import numba
import numpy as np

OUTER, HOLE, LINE, POINT = 0, 1, 2, 3
"""What a path is: an outer ring, a hole of the outer ring before it, a line, a point."""

_TESTED = 64
"""Rings of up to this many corners are tested here, pair by pair; larger ones are left to GEOS."""


# ── simplify, clip, round ────────────────────────────────────────────────────────────────────────────────────────────
@numba.njit(cache=True, nogil=True)
def _thin(x, y, first, last, limit, keep, stack):
    """Mark what Douglas and Peucker keep between two points that are kept; `limit` is the tolerance squared."""
    stack[0], stack[1] = first, last
    top = 2
    while top > 0:
        top -= 2
        a, b = stack[top], stack[top + 1]
        dx, dy = x[b] - x[a], y[b] - y[a]
        length = dx * dx + dy * dy
        worst, at = limit, -1
        for i in range(a + 1, b):
            px, py = x[i] - x[a], y[i] - y[a]
            if length > 0.0:
                along = (px * dx + py * dy) / length
                along = min(max(along, 0.0), 1.0)
                px -= along * dx
                py -= along * dy
            far = px * px + py * py
            if far > worst:
                worst, at = far, i
        if at >= 0:
            keep[at] = True
            stack[top], stack[top + 1], stack[top + 2], stack[top + 3] = a, at, at, b
            top += 4


@numba.njit(cache=True, nogil=True)
def _simplify(x, y, n, closed, limit, keep, stack):
    """Simplify a line, or a ring whose last point is its first, in place; return how many points are left."""
    if n < (5 if closed else 3):
        return n
    keep[:n] = False
    keep[0] = keep[n - 1] = True
    if closed:
        far, worst = 0, -1.0
        for i in range(1, n - 1):
            d = (x[i] - x[0]) ** 2 + (y[i] - y[0]) ** 2
            if d > worst:
                far, worst = i, d
        keep[far] = True
        _thin(x, y, 0, far, limit, keep, stack)
        _thin(x, y, far, n - 1, limit, keep, stack)
        kept = 0
        for i in range(n):
            kept += keep[i]
        if kept < 4:
            # A ring needs a third corner: the one farthest from the line between the two.
            third, worst = -1, -1.0
            for i in range(1, n - 1):
                d = abs((x[i] - x[0]) * (y[far] - y[0]) - (y[i] - y[0]) * (x[far] - x[0]))
                if i != far and d > worst:
                    third, worst = i, d
            keep[third] = True
    else:
        _thin(x, y, 0, n - 1, limit, keep, stack)
    m = 0
    for i in range(n):
        if keep[i]:
            x[m], y[m] = x[i], y[i]
            m += 1
    return m


@numba.njit(cache=True, nogil=True)
def _clip_side(x, y, n, to_x, to_y, vertical, limit, sign):
    """Cut an open ring (last point is not the first) by one side of the box, as Sutherland and Hodgman do."""
    m = 0
    if n == 0:
        return 0
    px, py = x[n - 1], y[n - 1]
    before = sign * ((py if vertical else px) - limit)
    for i in range(n):
        qx, qy = x[i], y[i]
        after = sign * ((qy if vertical else qx) - limit)
        if (before < 0.0 and after > 0.0) or (before > 0.0 and after < 0.0):
            t = before / (before - after)
            if vertical:
                to_x[m], to_y[m] = px + t * (qx - px), limit
            else:
                to_x[m], to_y[m] = limit, py + t * (qy - py)
            m += 1
        if after <= 0.0:
            to_x[m], to_y[m] = qx, qy
            m += 1
        px, py, before = qx, qy, after
    return m


@numba.njit(cache=True, nogil=True)
def _side(ax, ay, bx, by, px, py):
    """Return on which side of the line from a to b a point lies: 0 on it."""
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


@numba.njit(cache=True, nogil=True)
def _round_ring(x, y, n, to_x, to_y):
    """Round an open ring and take out corners that are none: repeated, on a straight side, or the tip of a spike."""
    m = 0
    for i in range(n):
        qx, qy = np.int64(np.floor(x[i] + 0.5)), np.int64(np.floor(y[i] + 0.5))
        while m > 0:
            same = to_x[m - 1] == qx and to_y[m - 1] == qy
            if not same and (m < 2 or _side(to_x[m - 2], to_y[m - 2], to_x[m - 1], to_y[m - 1], qx, qy) != 0):
                break
            m -= 1
        to_x[m], to_y[m] = qx, qy
        m += 1
    # The same around the place where the ring closes.
    first = 0
    changed = True
    while changed and m - first >= 3:
        changed = False
        a, b, c = m - 2, m - 1, first
        same = to_x[b] == to_x[c] and to_y[b] == to_y[c]
        if same or _side(to_x[a], to_y[a], to_x[b], to_y[b], to_x[c], to_y[c]) == 0:
            m -= 1
            changed = True
        elif _side(to_x[b], to_y[b], to_x[c], to_y[c], to_x[c + 1], to_y[c + 1]) == 0:
            first += 1
            changed = True
    if first:
        for i in range(first, m):
            to_x[i - first], to_y[i - first] = to_x[i], to_y[i]
        m -= first
    return m


@numba.njit(cache=True, nogil=True)
def _area(x, y, n):
    """Return twice the area of an open ring; positive when it turns as outer rings of tiles do."""
    total = 0
    px, py = x[n - 1], y[n - 1]
    for i in range(n):
        total += px * y[i] - x[i] * py
        px, py = x[i], y[i]
    return total


@numba.njit(cache=True, nogil=True)
def _meet(ax, ay, bx, by, cx, cy, dx, dy):
    """Tell whether two segments share a point."""
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx) or max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return False
    s, t = _side(ax, ay, bx, by, cx, cy), _side(ax, ay, bx, by, dx, dy)
    if (s > 0 and t > 0) or (s < 0 and t < 0):
        return False
    s, t = _side(cx, cy, dx, dy, ax, ay), _side(cx, cy, dx, dy, bx, by)
    return not ((s > 0 and t > 0) or (s < 0 and t < 0))


@numba.njit(cache=True, nogil=True)
def _simple(x, y, n):
    """Tell whether an open ring without straight corners touches itself nowhere."""
    for i in range(n - 2):
        last = n - 1 if i == 0 else n
        for j in range(i + 2, last):
            k = j + 1 if j + 1 < n else 0
            if _meet(x[i], y[i], x[i + 1], y[i + 1], x[j], y[j], x[k], y[k]):
                return False
    return True


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@numba.njit(cache=True, nogil=True)
def _write(out, used, x, y, n, ring, backwards, cursor):
    """Append the commands of one ring or line; `cursor` is where the pen is, [x, y]."""
    for i in range(n):
        k = n - 1 - i if backwards else i
        if i == 0:
            out[used] = 9
            used += 1
        elif i == 1:
            out[used] = 2 | ((n - 1) << 3)
            used += 1
        dx, dy = x[k] - cursor[0], y[k] - cursor[1]
        out[used] = np.uint32((dx << 1) ^ (dx >> 63))
        out[used + 1] = np.uint32((dy << 1) ^ (dy >> 63))
        used += 2
        cursor[0], cursor[1] = x[k], y[k]
    if ring:
        out[used] = 15
        used += 1
    return used


@numba.njit(cache=True, nogil=True)
def _flush_line(out, used, x, y, n, cursor):
    """Append a line after taking out repeated points; nothing is appended for fewer than two."""
    m = 0
    for i in range(n):
        if m == 0 or x[i] != x[m - 1] or y[i] != y[m - 1]:
            x[m], y[m] = x[i], y[i]
            m += 1
    return _write(out, used, x, y, m, False, False, cursor) if m > 1 else used


@numba.njit(cache=True, nogil=True)
def draw(xy, path_start, role, feature_start, at, east, south, low, high, tolerance, check):
    """Return the drawing commands of each feature within a tile's box.

    Parameters
    ----------
    xy
        Coordinates of all paths, in the CRS of the study.
    path_start, role, feature_start
        Path `p` has the coordinates `path_start[p]` to `path_start[p + 1]`; feature `f` the paths `feature_start[f]` to
        `feature_start[f + 1]`. Rings are closed. The paths of a feature are of one dimension.
    at, east, south
        The way to tile units: `u, v = (x - at[0]) * at[2], (y - at[1]) * at[2]`, then polynomials in u, v; the
        coefficient [i, j] is that of u**i * v**j.
    low, high
        The tile's box, buffer included [tile units].
    tolerance
        Of simplification [tile units]; 0 for none.
    check
        Test rings after rounding.

    Returns
    -------
    commands, start, kind, doubt
        Feature `f` has the commands `start[f]` to `start[f + 1]`, is of kind 1 (point), 2 (line), 3 (polygon) or 0 (not
        in this tile). Where `doubt` is set, its shape is not known to be valid.
    """
    features = feature_start.size - 1
    degree = east.shape[0] - 1
    longest, largest = 0, 0
    for p in range(path_start.size - 1):
        longest = max(longest, path_start[p + 1] - path_start[p])
    for f in range(features):
        largest = max(largest, path_start[feature_start[f + 1]] - path_start[feature_start[f]])
    fx, fy = np.empty(largest), np.empty(largest)
    room = 6 * longest + 16
    ax, ay, bx, by = np.empty(room), np.empty(room), np.empty(room), np.empty(room)
    ix, iy = np.empty(room, np.int64), np.empty(room, np.int64)
    keep = np.empty(longest + 1, np.bool_)
    stack = np.empty(4 * longest + 8, np.int64)
    cursor = np.zeros(2, np.int64)
    out = np.empty(2 * xy.shape[0] + 8 * features + 64, np.uint32)
    start = np.zeros(features + 1, np.int64)
    kind = np.zeros(features, np.uint8)
    doubt = np.zeros(features, np.bool_)
    used = 0
    limit = tolerance * tolerance
    for f in range(features):
        start[f] = used
        p0, p1 = feature_start[f], feature_start[f + 1]
        c0, c1 = path_start[p0], path_start[p1]
        if c1 == c0:
            continue
        minx = miny = np.inf
        maxx = maxy = -np.inf
        for c in range(c0, c1):
            u, v = (xy[c, 0] - at[0]) * at[2], (xy[c, 1] - at[1]) * at[2]
            x = y = 0.0
            for i in range(degree, -1, -1):
                a = b = 0.0
                for j in range(degree - i, -1, -1):
                    a = a * v + east[i, j]
                    b = b * v + south[i, j]
                x = x * u + a
                y = y * u + b
            fx[c - c0], fy[c - c0] = x, y
            minx, maxx, miny, maxy = min(minx, x), max(maxx, x), min(miny, y), max(maxy, y)
        if not (minx <= high and maxx >= low and miny <= high and maxy >= low):
            continue
        inside = minx >= low and maxx <= high and miny >= low and maxy <= high
        need = used + 12 * (c1 - c0) + 12 * (p1 - p0) + 32
        if need > out.size:
            more = np.empty(max(need, 2 * out.size), np.uint32)
            more[:used] = out[:used]
            out = more
        cursor[0] = cursor[1] = 0

        if role[p0] == POINT:
            n = 0
            for c in range(c1 - c0):
                if low <= fx[c] <= high and low <= fy[c] <= high:
                    n += 1
            if n == 0:
                continue
            kind[f] = 1
            out[used] = 1 | (n << 3)
            used += 1
            for c in range(c1 - c0):
                if low <= fx[c] <= high and low <= fy[c] <= high:
                    qx, qy = np.int64(np.floor(fx[c] + 0.5)), np.int64(np.floor(fy[c] + 0.5))
                    dx, dy = qx - cursor[0], qy - cursor[1]
                    out[used] = np.uint32((dx << 1) ^ (dx >> 63))
                    out[used + 1] = np.uint32((dy << 1) ^ (dy >> 63))
                    used += 2
                    cursor[0], cursor[1] = qx, qy
            continue

        if role[p0] == LINE:
            touched = False
            for p in range(p0, p1):
                n = path_start[p + 1] - path_start[p]
                off = path_start[p] - c0
                for i in range(n):
                    ax[i], ay[i] = fx[off + i], fy[off + i]
                if limit > 0.0:
                    n = _simplify(ax, ay, n, False, limit, keep, stack)
                m = 0
                for i in range(n - 1):
                    x0, y0, x1, y1 = ax[i], ay[i], ax[i + 1], ay[i + 1]
                    t0, t1 = 0.0, 1.0
                    if not inside:
                        dx, dy = x1 - x0, y1 - y0
                        for d, lo, hi in ((dx, low - x0, high - x0), (dy, low - y0, high - y0)):
                            if d == 0.0:
                                if lo > 0.0 or hi < 0.0:
                                    t1 = -1.0
                            else:
                                s, t = lo / d, hi / d
                                t0, t1 = max(t0, min(s, t)), min(t1, max(s, t))
                    if t0 > t1:
                        used = _flush_line(out, used, ix, iy, m, cursor)
                        m = 0
                        continue
                    touched = True
                    if m == 0 or t0 > 0.0:
                        used = _flush_line(out, used, ix, iy, m, cursor)
                        m = 0
                        ix[m] = np.int64(np.floor(x0 + t0 * (x1 - x0) + 0.5))
                        iy[m] = np.int64(np.floor(y0 + t0 * (y1 - y0) + 0.5))
                        m += 1
                    ix[m] = np.int64(np.floor(x0 + t1 * (x1 - x0) + 0.5))
                    iy[m] = np.int64(np.floor(y0 + t1 * (y1 - y0) + 0.5))
                    lx, ly = ix[m], iy[m]
                    m += 1
                used = _flush_line(out, used, ix, iy, m, cursor)
            if touched:
                kind[f] = 2
                if used == start[f]:
                    # Shorter than a unit: it is drawn as one.
                    ix[0], iy[0], ix[1], iy[1] = lx, ly, lx + 1, ly
                    used = _write(out, used, ix, iy, 2, False, False, cursor)
            continue

        if maxx - minx < 2.0 and maxy - miny < 2.0:
            # Too small to show its shape: a small square stands for it.
            mx, my = (minx + maxx) / 2, (miny + maxy) / 2
            if low <= mx <= high and low <= my <= high:
                qx, qy = np.int64(np.floor(mx + 0.5)), np.int64(np.floor(my + 0.5))
                ix[0], iy[0], ix[1], iy[1] = qx - 1, qy - 1, qx + 1, qy - 1
                ix[2], iy[2], ix[3], iy[3] = qx + 1, qy + 1, qx - 1, qy + 1
                used = _write(out, used, ix, iy, 4, True, False, cursor)
                kind[f] = 3
            continue
        rings, collapsed, outer_there = 0, False, False
        sx = sy = ex = ey = np.int64(0)
        for p in range(p0, p1):
            if role[p] == HOLE and not outer_there:
                continue
            n = path_start[p + 1] - path_start[p]
            off = path_start[p] - c0
            for i in range(n):
                ax[i], ay[i] = fx[off + i], fy[off + i]
            if limit > 0.0:
                n = _simplify(ax, ay, n, True, limit, keep, stack)
            n -= 1
            if not inside:
                n = _clip_side(ax, ay, n, bx, by, False, high, 1.0)
                n = _clip_side(bx, by, n, ax, ay, False, low, -1.0)
                n = _clip_side(ax, ay, n, bx, by, True, high, 1.0)
                n = _clip_side(bx, by, n, ax, ay, True, low, -1.0)
            if role[p] == OUTER:
                outer_there = False
            if n < 3:
                continue
            m = _round_ring(ax, ay, n, ix, iy)
            if m < 3:
                if role[p] == OUTER and not collapsed:
                    # Remember its longest diagonal, in case nothing else of the feature is left.
                    collapsed = True
                    far, worst = 0, -1.0
                    for i in range(n):
                        d = (ax[i] - ax[0]) ** 2 + (ay[i] - ay[0]) ** 2
                        if d > worst:
                            far, worst = i, d
                    sx, sy = np.int64(np.floor(ax[0] + 0.5)), np.int64(np.floor(ay[0] + 0.5))
                    ex, ey = np.int64(np.floor(ax[far] + 0.5)), np.int64(np.floor(ay[far] + 0.5))
                continue
            if role[p] == OUTER:
                outer_there = True
            rings += 1
            double = _area(ix, iy, m)
            if check and (rings > 1 or m > _TESTED or not _simple(ix, iy, m)):
                doubt[f] = True
            used = _write(out, used, ix, iy, m, True, (double > 0) != (role[p] == OUTER), cursor)
        if rings:
            kind[f] = 3
        elif collapsed:
            # Thinner than a unit: a thin triangle stands for it.
            kind[f] = 3
            ix[0], iy[0], ix[1], iy[1] = sx, sy, ex, ey
            if sx == ex and sy == ey:
                ix[1] += 1
                ex += 1
            if abs(ex - sx) >= abs(ey - sy):
                ix[2], iy[2] = ex, ey + 1
            else:
                ix[2], iy[2] = ex + 1, ey
            used = _write(out, used, ix, iy, 3, True, _area(ix, iy, 3) < 0, cursor)
    start[features] = used
    return out[:used], start, kind, doubt


@numba.njit(cache=True, nogil=True)
def corners(commands, begin, end):
    """Return the rings that commands draw: closed coordinates, where each ring starts, which are outer, whose they are.

    Rings that turn as outer rings of tiles do are outer ones, and so is the first of a feature; the others are holes.
    """
    total = 0
    for f in range(begin.size):
        total += end[f] - begin[f]
    xy = np.empty((total, 2))
    ring_start = np.empty(total + 1, np.int64)
    outer = np.empty(total, np.bool_)
    feature_of = np.empty(total, np.int64)
    rings = points = 0
    for f in range(begin.size):
        x = y = np.int64(0)
        i = begin[f]
        while i < end[f]:
            i0 = i
            ring_start[rings] = first = points
            # MoveTo, a point, LineTo, its points, ClosePath.
            count = 1 + np.int64(commands[i + 3] >> 3)
            i += 1
            for k in range(count):
                if k == 1:
                    i += 1
                a, b = np.int64(commands[i]), np.int64(commands[i + 1])
                x += (a >> 1) ^ -(a & 1)
                y += (b >> 1) ^ -(b & 1)
                xy[points, 0], xy[points, 1] = x, y
                points += 1
                i += 2
            i += 1
            xy[points] = xy[first]
            points += 1
            area = 0.0
            for k in range(first, points - 1):
                area += xy[k, 0] * xy[k + 1, 1] - xy[k + 1, 0] * xy[k, 1]
            outer[rings], feature_of[rings] = area > 0.0 or i0 == begin[f], f
            rings += 1
    ring_start[rings] = points
    return xy[:points], ring_start[: rings + 1], outer[:rings], feature_of[:rings]


# ── bytes ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@numba.njit(cache=True, nogil=True)
def _size(value):
    """Return how many bytes a number takes as a varint."""
    size = 1
    while value >= 128:
        value >>= np.uint64(7)
        size += 1
    return size


@numba.njit(cache=True, nogil=True)
def _varint(out, used, value):
    while value >= 128:
        out[used] = np.uint8((value & np.uint64(127)) | np.uint64(128))
        value >>= np.uint64(7)
        used += 1
    out[used] = np.uint8(value)
    return used + 1


@numba.njit(cache=True, nogil=True)
def features(commands, begin, end, kind, ids, codes):
    """Return the features of a layer as bytes.

    `codes[c, f]` is the number of the value that feature `f` has under key `c` in the layer's list of values; -1 where
    it has none.
    """
    n, keys = begin.size, codes.shape[0]
    total = 0
    for f in range(n):
        total += end[f] - begin[f]
    out = np.empty(5 * total + n * (34 + 10 * keys) + 16, np.uint8)
    used = 0
    for f in range(n):
        geometry = 0
        for i in range(begin[f], end[f]):
            geometry += _size(np.uint64(commands[i]))
        tags = 0
        for c in range(keys):
            if codes[c, f] >= 0:
                tags += _size(np.uint64(c)) + _size(np.uint64(codes[c, f]))
        size = 1 + _size(ids[f]) + 2 + 1 + _size(np.uint64(geometry)) + geometry
        if tags:
            size += 1 + _size(np.uint64(tags)) + tags
        out[used] = 0x12
        used = _varint(out, used + 1, np.uint64(size))
        out[used] = 0x08
        used = _varint(out, used + 1, ids[f])
        if tags:
            out[used] = 0x12
            used = _varint(out, used + 1, np.uint64(tags))
            for c in range(keys):
                if codes[c, f] >= 0:
                    used = _varint(out, used, np.uint64(c))
                    used = _varint(out, used, np.uint64(codes[c, f]))
        out[used] = 0x18
        out[used + 1] = kind[f]
        out[used + 2] = 0x22
        used = _varint(out, used + 3, np.uint64(geometry))
        for i in range(begin[f], end[f]):
            value = commands[i]
            while value >= 128:
                out[used] = np.uint8((value & 127) | 128)
                value >>= 7
                used += 1
            out[used] = np.uint8(value)
            used += 1
    return out[:used]


@numba.njit(cache=True, nogil=True)
def texts(offsets, content):
    """Return texts, as Arrow holds them, as the values of a layer."""
    n = offsets.size - 1
    out = np.empty(content.size + 14 * n + 16, np.uint8)
    used = 0
    for i in range(n):
        length = np.uint64(offsets[i + 1] - offsets[i])
        out[used] = 0x22
        used = _varint(out, used + 1, np.uint64(1 + _size(length)) + length)
        out[used] = 0x0A
        used = _varint(out, used + 1, length)
        for k in range(offsets[i], offsets[i + 1]):
            out[used] = content[k]
            used += 1
    return out[:used]


@numba.njit(cache=True, nogil=True)
def whole_numbers(values):
    """Return integers as the values of a layer."""
    out = np.empty(13 * values.size + 16, np.uint8)
    used = 0
    for value in values:
        coded = np.uint64((value << 1) ^ (value >> 63)) if value < 0 else np.uint64(value)
        out[used] = 0x22
        used = _varint(out, used + 1, np.uint64(1 + _size(coded)))
        out[used] = 0x30 if value < 0 else 0x28
        used = _varint(out, used + 1, coded)
    return out[:used]


@numba.njit(cache=True, nogil=True)
def hashes(offsets, content):
    """Return a number of 53 bits for each text: the same for ever, different for different texts (but for chance)."""
    n = offsets.size - 1
    out = np.empty(n, np.uint64)
    for i in range(n):
        h = np.uint64(0xCBF29CE484222325)
        for k in range(offsets[i], offsets[i + 1]):
            h = (h ^ np.uint64(content[k])) * np.uint64(0x100000001B3)
        h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
        out[i] = (h ^ (h >> np.uint64(33))) >> np.uint64(11)
    return out
