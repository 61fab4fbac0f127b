"""From the metres of a study to a grid of tiles and back, as fast as it can be done exactly enough."""

import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from pyproj import CRS, Proj, Transformer

from layers.tiles.grids import EXTENT, Grid, Tile

_EXACT_M = 1e-4
"""Largest error of the polynomials [m]: a twentieth of a tile unit at level 22."""

_DEGREES = (2, 3, 4, 5, 6, 8, 10)
_STEP_M = 10_000.0
"""Bounds are widened to multiples of this, so that an edit at the edge of a town does not ask for a new fit."""


@dataclass(frozen=True)
class Polynomials:
    """A projection written as polynomials: `u, v = (x - at[0]) * at[2], …`, coefficient [i, j] is that of u**i v**j."""

    at: np.ndarray
    east: np.ndarray
    north: np.ndarray


def transformer_between(study: CRS, system: CRS) -> Transformer:
    """Return what moves coordinates of a study to another system, longitude or easting first.

    It is the operation that PROJ takes in the middle of the area that the study's system is made for. Each thread makes
    a transformer of its own: from the operation in a tenth of a millisecond, from two systems in a hundred.
    """
    made = Transformer.from_crs(study, system, always_xy=True)
    area = study.area_of_use
    if area is None or study == system:
        return made
    middle = Proj(study)((area.west + area.east) / 2, (area.south + area.north) / 2)
    made.transform(*middle)
    return Transformer.from_pipeline(made.get_last_used_operation().definition)


@cache
def transformer_to(study: CRS, system: str) -> Transformer:
    """Return what `transformer_between` does, made once."""
    return transformer_between(study, CRS.from_user_input(system))


class Projection:
    """The way between the CRS of a study and a grid. A town's is written as polynomials, which pyproj has checked.

    Over a town the transformation is smooth: polynomials of the third to fifth degree follow it to a tenth of a
    millimetre, and are twenty times faster than projecting point by point. Where they do not (a province), `exact`
    coordinates are used.

    Parameters
    ----------
    crs
        CRS of the study [m].
    grid
    bounds
        Of everything that is to be drawn, in the CRS of the study.
    """

    def __init__(self, crs: CRS, grid: Grid, bounds: tuple[float, float, float, float]) -> None:
        self.crs, self.grid = crs, grid
        low = [math.floor(each / _STEP_M) * _STEP_M for each in bounds[:2]]
        high = [(math.floor(each / _STEP_M) + 1) * _STEP_M for each in bounds[2:]]
        self.bounds = (low[0], low[1], high[0], high[1])
        self._there = transformer_to(crs, grid.crs)

    def holds(self, bounds: tuple[float, float, float, float]) -> bool:
        """Tell whether this projection was made for everything within these bounds."""
        mine = self.bounds
        return mine[0] <= bounds[0] and mine[1] <= bounds[1] and bounds[2] <= mine[2] and bounds[3] <= mine[3]

    @cached_property
    def polynomials(self) -> Polynomials | None:
        """The polynomials; None where no degree that is tried is good enough."""
        minx, miny, maxx, maxy = self.bounds
        half = max(maxx - minx, maxy - miny) / 2
        at = np.array([(minx + maxx) / 2, (miny + maxy) / 2, 1 / half])
        unit = 1.0 if self.grid.crs == "EPSG:3857" else 1 / 111_000
        for degree in _DEGREES:
            u, v, x, y = self._samples(at, 2 * degree + 1)
            terms = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
            found = np.linalg.lstsq(
                np.stack([u**i * v**j for i, j in terms], axis=1), np.stack([x, y], axis=1), rcond=None
            )[0]
            made = Polynomials(at, np.zeros((degree + 1, degree + 1)), np.zeros((degree + 1, degree + 1)))
            for (i, j), (a, b) in zip(terms, found, strict=True):
                made.east[i, j], made.north[i, j] = a, b
            u, v, x, y = self._samples(at, 4 * degree + 3)
            wrong = np.hypot(
                np.polynomial.polynomial.polyval2d(u, v, made.east) - x,
                np.polynomial.polynomial.polyval2d(u, v, made.north) - y,
            )
            if np.all(wrong < _EXACT_M * unit):
                return made
        return None

    def _samples(self, at: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return u, v over the square around the bounds, denser towards its edges, with their positions on the grid."""
        steps = -np.cos(np.linspace(0, np.pi, count))
        u, v = (each.ravel() for each in np.meshgrid(steps, steps))
        x, y = self._there.transform(u / at[2] + at[0], v / at[2] + at[1])
        return u, v, x, y

    def exact(self, xy: np.ndarray) -> np.ndarray:
        """Return coordinates on the grid, projected one by one."""
        x, y = self._there.transform(xy[:, 0], xy[:, 1])
        return np.stack([x, y], axis=1)

    def to_tile(self, tile: Tile, xy: np.ndarray) -> tuple[np.ndarray, Polynomials]:
        """Return coordinates, and the polynomials that lead from them to tile units (y down)."""
        minx, _, maxx, maxy = tile.bounds()
        scale = EXTENT / (maxx - minx)
        fitted = self.polynomials
        if fitted is None:
            xy = self.exact(xy)
            fitted = Polynomials(np.array([minx, maxy, 1.0]), np.zeros((2, 2)), np.zeros((2, 2)))
            fitted.east[1, 0], fitted.north[0, 1] = scale, -scale
            return xy, fitted
        made = Polynomials(fitted.at, fitted.east * scale, fitted.north * -scale)
        made.east[0, 0] -= minx * scale
        made.north[0, 0] += maxy * scale
        return xy, made

    @cached_property
    def _reach(self) -> tuple[float, float, float, float]:
        """Bounds on the grid of what lies within the bounds."""
        x, y = self._there.transform(*_edges(self.bounds, 17))
        return float(np.min(x)), float(np.min(y)), float(np.max(x)), float(np.max(y))

    def box(self, tile: Tile, buffer: float) -> tuple[float, float, float, float] | None:
        """Return bounds in the CRS of the study that hold all there is of a tile; None when it is elsewhere."""
        minx, miny, maxx, maxy = tile.bounds(buffer)
        reach = self._reach
        minx, miny, maxx, maxy = max(minx, reach[0]), max(miny, reach[1]), min(maxx, reach[2]), min(maxy, reach[3])
        if minx > maxx or miny > maxy:
            return None
        # An edge bends by less than a hundredth of its length between nine points; the box is widened by that.
        x, y = self._there.transform(*_edges((minx, miny, maxx, maxy), 9), direction="INVERSE")
        box = float(np.min(x)), float(np.min(y)), float(np.max(x)), float(np.max(y))
        more = max(box[2] - box[0], box[3] - box[1]) / 100
        return box[0] - more, box[1] - more, box[2] + more, box[3] + more


def _edges(box: tuple[float, float, float, float], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions along the four edges of a box."""
    minx, miny, maxx, maxy = box
    xs, ys = np.linspace(minx, maxx, count), np.linspace(miny, maxy, count)
    ends = np.ones(count)
    return (
        np.concatenate([xs, xs, minx * ends, maxx * ends]),
        np.concatenate([miny * ends, maxy * ends, ys, ys]),
    )
