"""Tile matrix sets: how the world is cut into tiles, level by level."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from morecantile import TileMatrixSet

EXTENT = 4096
"""Units along one side of a tile: coordinates in tiles are whole numbers of these."""

BUFFER = 64
"""Units around a tile that are drawn with it, so that outlines and symbols do not end at its edge: 8 pixels of 512."""


@dataclass(frozen=True)
class Grid:
    """One tile matrix set: square tiles from a corner at the top left, four times as many at every level.

    Attributes
    ----------
    id, title, uri
        `uri` is the OGC's name of it; empty where the OGC has none.
    crs
        As in "EPSG:3857". Positions here are x, y (longitude, latitude) whatever order of axes the authority has.
    left, top
        Corner of row 0, column 0 [units of the CRS].
    span
        Side of a tile at level 0 [units of the CRS].
    columns, rows
        Tiles at level 0.
    deepest
        The last level.
    """

    id: str
    title: str
    uri: str
    crs: str
    left: float
    top: float
    span: float
    columns: int
    rows: int
    deepest: int = 22

    def size(self, level: int) -> tuple[int, int]:
        """Return how many columns and rows a level has."""
        return self.columns << level, self.rows << level

    def has(self, level: int, row: int, column: int) -> bool:
        """Tell whether there is such a tile."""
        if not 0 <= level <= self.deepest:
            return False
        columns, rows = self.size(level)
        return 0 <= row < rows and 0 <= column < columns

    def at(self, level: int, x: float, y: float) -> tuple[int, int]:
        """Return row and column of the tile that holds a position; the nearest tile for positions outside."""
        columns, rows = self.size(level)
        side = self.span / (1 << level)
        row, column = int((self.top - y) // side), int((x - self.left) // side)
        return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)


@dataclass(frozen=True)
class Tile:
    """One tile of a grid."""

    grid: Grid
    level: int
    row: int
    column: int

    def bounds(self, buffer: float = 0.0) -> tuple[float, float, float, float]:
        """Return its bounds in the CRS of the grid, `buffer` tile units wider on every side.

        Examples
        --------
        >>> Tile(GRIDS["CGCS2000Quad"], 1, 0, 3).bounds()
        (90.0, 0.0, 180.0, 90.0)
        """
        side = self.grid.span / (1 << self.level)
        left, top = self.grid.left + self.column * side, self.grid.top - self.row * side
        more = buffer * side / EXTENT
        return left - more, top - side - more, left + side + more, top + more


_HALF = 20037508.342789244

GRIDS: Mapping[str, Grid] = MappingProxyType({
    grid.id: grid
    for grid in (
        Grid("WebMercatorQuad", "Web Mercator, as web maps use it",
             "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad", "EPSG:3857",
             -_HALF, _HALF, 2 * _HALF, 1, 1),
        Grid("CGCS2000Quad", "Longitude and latitude, CGCS2000", "", "EPSG:4490", -180.0, 90.0, 180.0, 2, 1),
    )
})  # fmt: skip
"""Level 0 of CGCS2000Quad is two tiles, as with the OGC's WorldCRS84Quad; 天地图 (its set `c`) calls that level 1."""


def matrix_set(grid: Grid) -> "TileMatrixSet":
    """Return a grid as morecantile knows tile matrix sets, for rasters and for the definition as JSON."""
    from morecantile import tms  # noqa: PLC0415 - takes a third of a second that the first tile need not wait for

    if grid.id in tms.list():
        return tms.get(grid.id)
    made = tms.get("WGS1984Quad").model_dump(mode="json", exclude_none=True)
    for name in ("uri", "wellKnownScaleSet"):
        made.pop(name, None)
    code = grid.crs.removeprefix("EPSG:")
    made |= {"id": grid.id, "title": grid.title, "crs": f"http://www.opengis.net/def/crs/EPSG/0/{code}"}
    return type(tms.get("WGS1984Quad")).model_validate(made)


def definition(grid: Grid) -> dict[str, Any]:
    """Return the definition of a tile matrix set as JSON (OGC 17-083r4)."""
    made: dict[str, Any] = matrix_set(grid).model_dump(mode="json", exclude_none=True)
    made["title"] = grid.title
    made["tileMatrices"] = [each for each in made["tileMatrices"] if int(each["id"]) <= grid.deepest]
    return made
