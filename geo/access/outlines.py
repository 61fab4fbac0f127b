"""Outlines of land from walks at points of a lattice."""

from typing import Final

import numpy as np
import shapely

from geo.network.network import Floats, Ints

_EDGE: Final = 0.02
"""An outline keeps this share of a step away from the points themselves, so that it never touches itself."""


def rings(field: Floats, limit: float, cliff: float) -> list[Floats]:
    """Return the closed outlines of the land within a limit, in steps from the field's corner.

    Parameters
    ----------
    field : array (rows, columns)
        Walks from points on a square lattice, rows towards the north; inf where there is none, and on the whole rim.
    limit : float
        As the field.
    cliff : float
        A walk that grows by more than this between two neighbouring points goes round something.

    Returns
    -------
    list of arrays (corners, 2)
        Column and row of each corner, the first again at the end; land on the left.

    Notes
    -----
    Every square of four points is cut into two triangles; in one with points inside and outside the outline runs
    straight between two of its sides. It meets a side where the walk grows to the limit, or, where the walk leaps, in
    the middle at most.
    """
    tall, wide = field.shape
    number = np.arange(tall * wide).reshape(tall, wide)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]
    corners = np.stack([np.stack([a, b, c], axis=-1).reshape(-1, 3), np.stack([a, c, d], axis=-1).reshape(-1, 3)])
    corners = corners.reshape(-1, 3)
    walk = field.ravel()
    inside = walk[corners] <= limit
    mixed = inside.any(axis=1) & ~inside.all(axis=1)
    corners, inside = corners[mixed], inside[mixed]
    following, then = np.roll(corners, -1, axis=1), np.roll(inside, -1, axis=1)
    leaving, entering = inside & ~then, ~inside & then
    # Counter-clockwise round the triangle the land is left at one side and entered at another: from there to there.
    within_, beyond = corners[leaving], following[leaving]
    start = _side(within_, beyond, tall * wide)
    end = _side(corners[entering], following[entering], tall * wide)
    rise = walk[beyond] - walk[within_]
    part = (limit - walk[within_]) / np.minimum(rise, cliff)
    part = np.where(rise > cliff, np.minimum(part, 0.5), part).clip(_EDGE, 1 - _EDGE)
    at_in = np.column_stack([within_ % wide, within_ // wide])
    at_out = np.column_stack([beyond % wide, beyond // wide])
    xy = at_in + part[:, None] * (at_out - at_in)
    order = np.argsort(start)
    following_piece = order[np.searchsorted(start[order], end)].tolist()
    closed, seen = [], [False] * len(start)
    for piece in range(len(start)):
        ring: list[int] = []
        at = piece
        while not seen[at]:
            seen[at] = True
            ring.append(at)
            at = following_piece[at]
        if ring:
            closed.append(xy[[*ring, ring[0]]])
    return closed


def _side(one: Ints, other: Ints, count: int) -> Ints:
    return np.minimum(one, other) * count + np.maximum(one, other)


def area_of(rings: list[Floats], origin: Floats, step_m: float) -> shapely.MultiPolygon:
    """Return the land inside outlines: what lies inside one, and not inside a hole of it.

    `origin` is the column and row of the field's corner on the lattice of points `step_m` apart [m].
    """
    if not rings:
        return shapely.MultiPolygon()
    xy = np.concatenate(rings) + origin
    ring = np.repeat(np.arange(len(rings)), [len(each) for each in rings])
    lines = np.asarray(shapely.linearrings(xy * step_m, indices=ring), dtype=object)
    area = shapely.build_area(shapely.GeometryCollection(lines.tolist()))
    return shapely.MultiPolygon(shapely.get_parts(area).tolist())
