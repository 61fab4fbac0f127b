"""Towns drawn by hand for tests: a grid of square blocks between named lines, with its seams."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, box

CRS = 32650
Line = str | tuple[str | None, str] | None
"""A street's name; a name (or None) with its class; None for no line at all."""


@dataclass(frozen=True)
class GridTown:
    """Blocks `b<column><row>` counted from the south-west corner, 100 m wide, and their seams."""

    blocks: gpd.GeoDataFrame
    seams: gpd.GeoDataFrame

    def ids(self, *cells: tuple[int, int]) -> list[str]:
        return [block_id(*cell) for cell in cells]

    def assign(self, rows: Sequence[str]) -> pd.Series:
        """Read a drawing, north on top: assign(["AB", "AA"]) gives the north-east block to B; "." to none."""
        drawn = {
            block_id(column, len(rows) - 1 - row): letter
            for row, letters in enumerate(rows)
            for column, letter in enumerate(letters)
            if letter != "."
        }
        return pd.Series(drawn, dtype="str")

    def shapes(self, assignment: pd.Series) -> gpd.GeoDataFrame:
        parts = self.blocks.geometry.loc[assignment.index].groupby(assignment.to_numpy())
        unions = parts.apply(lambda part: shapely.coverage_union_all(part.to_numpy()))
        return gpd.GeoDataFrame(geometry=unions.to_list(), index=list(unions.index), crs=CRS)

    def bent(self, bend: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> "GridTown":
        """Return the town with every vertex moved by `bend` (array of x, y in metres)."""
        blocks, seams = self.blocks.copy(), self.seams.copy()
        blocks.geometry = shapely.transform(blocks.geometry.to_numpy(), bend)
        seams.geometry = shapely.transform(seams.geometry.to_numpy(), bend)
        return GridTown(blocks, seams)

    def turned(self, degrees: float) -> "GridTown":
        a = np.radians(degrees)
        matrix = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
        return self.bent(lambda points: points @ matrix)


def block_id(column: int, row: int) -> str:
    return f"b{column}{row}"


def grid_town(
    *, vertical: Sequence[Line], horizontal: Sequence[Line], cell_m: float = 100.0, steps: int = 1
) -> GridTown:
    """Return a town between vertical lines (west to east) and horizontal lines (south to north).

    `steps` vertices are set along each block side, so that the town may be bent. Each block has 100 households and
    300 people, and one hectare.
    """
    columns, rows = len(vertical) - 1, len(horizontal) - 1
    cells = [(c, r) for c in range(columns) for r in range(rows)]
    blocks = gpd.GeoDataFrame(
        {"households": 100, "people": 300, "dwellings": 110, "buildings_count": 4, "area_m2": cell_m**2},
        index=pd.Index([block_id(*cell) for cell in cells], name="block_id"),
        geometry=[
            shapely.segmentize(
                box(c * cell_m, r * cell_m, (c + 1) * cell_m, (r + 1) * cell_m), cell_m / steps
            )
            for c, r in cells
        ],
        crs=CRS,
    )  # fmt: skip
    walls = []
    for r in range(rows):
        for x, line in enumerate(vertical):
            ends = [((x - 1), r), (x, r)]
            walls.append((ends, line, [(x * cell_m, r * cell_m), (x * cell_m, (r + 1) * cell_m)]))
    for c in range(columns):
        for y, line in enumerate(horizontal):
            ends = [(c, y - 1), (c, y)]
            walls.append((ends, line, [(c * cell_m, y * cell_m), ((c + 1) * cell_m, y * cell_m)]))
    records = []
    for ends, line, points in walls:
        present = sorted(block_id(*cell) for cell in ends if cell in set(cells))
        a, b = (present[0], present[1]) if len(present) == 2 else (present[0], "outside")
        name, kind = line if isinstance(line, tuple) else (line, "residential")
        if line is None:
            kind = "study_edge" if b == "outside" else "none"
        geometry = MultiLineString([shapely.segmentize(LineString(points), cell_m / steps)])
        records.append((a, b, cell_m, name, f"{name}-en" if name else None, kind, False, geometry))
    names = [
        "block_a",
        "block_b",
        "length_m",
        "feature_name",
        "feature_name_en",
        "feature_class",
        "barrier",
        "geometry",
    ]
    table = pd.DataFrame(records, columns=names).set_index(pd.Index([f"s{i:03}" for i in range(len(records))]))
    seams = gpd.GeoDataFrame(table, geometry="geometry", crs=CRS)
    seams["feature_name"] = seams["feature_name"].astype("str")
    seams["feature_name_en"] = seams["feature_name_en"].astype("str")
    return GridTown(blocks, seams)
