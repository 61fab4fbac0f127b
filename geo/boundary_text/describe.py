"""The four bounds of every shape in four texts, read back where asked until they say what they should."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.boundary_text.locate import Ground, Located
from geo.boundary_text.parse import Area, parse_bounds
from geo.boundary_text.trace import Outline, trace_bounds, trace_outlines
from geo.boundary_text.words import TOWN_BORDER, Bounds, bounds_of_en, bounds_of_zh, bounds_to_en, bounds_to_zh

_MOST_BESIDES = 8
"""At most so many stretches are said besides the main lines of a shape: a longer text is no text."""


@dataclass(frozen=True)
class Told:
    """What is said of one shape, and how a reader understands it."""

    bounds: Bounds
    agreement: float
    """Share of the land, meant or understood, on which both agree: 1 where the text returns its blocks."""
    besides: int
    """How many stretches are said beyond the main lines, for the text to be understood."""


def describe_bounds(
    shapes: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    assignment: pd.Series,
    *,
    names: pd.DataFrame | None = None,
    neighbours: pd.Series | None = None,
    outside: tuple[str, str] = TOWN_BORDER,
    estates: gpd.GeoDataFrame | None = None,
    blocks: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Return the four bounds of every shape, in both official forms, in Chinese and in English.

    Parameters
    ----------
    shapes, seams, assignment, names, neighbours, outside, estates
        As in `trace_bounds`.
    blocks
        The blocks of the assignment. With them every text is read back, and says more where it is misread, as in
        `tell_bounds`.

    Returns
    -------
    DataFrame
        Index of `shapes`; text columns bounds_to_zh (东至A路…), bounds_of_zh (A路以西…), bounds_to_en, bounds_of_en;
        with `blocks` also bounds_agreement (0 to 1; 1 where the text returns its blocks).

    Raises
    ------
    InputError
        As in `trace_bounds`.

    Examples
    --------
    >>> from shapely import LineString, box
    >>> shapes = gpd.GeoDataFrame(index=["A"], geometry=[box(0, 0, 100, 100)], crs=32650)
    >>> seams = gpd.GeoDataFrame(
    ...     {"block_a": "b1", "block_b": "outside", "feature_class": "residential", "feature_name_en": None,
    ...      "feature_name": ["白马路", "苏州路", "青鱼路", "杭州西路"]},
    ...     geometry=[LineString(p) for p in ([(100, 0), (100, 100)], [(0, 0), (100, 0)],
    ...                                       [(0, 0), (0, 100)], [(0, 100), (100, 100)])], crs=32650)
    >>> texts = describe_bounds(shapes, seams, pd.Series({"b1": "A"})).loc["A"]
    >>> texts["bounds_to_zh"]
    '东至白马路,南至苏州路,西至青鱼路,北至杭州西路'
    >>> texts["bounds_of_zh"]
    '白马路以西、苏州路以北、青鱼路以东、杭州西路以南'
    """
    if blocks is None:
        bounds = trace_bounds(
            shapes, seams, assignment, names=names, neighbours=neighbours, outside=outside, estates=estates
        )
    else:
        told = tell_bounds(
            shapes, seams, assignment, blocks,
            names=names, neighbours=neighbours, outside=outside, estates=estates,
        )  # fmt: skip
        bounds = {shape: saying.bounds for shape, saying in told.items()}
    sayings = {
        "bounds_to_zh": bounds_to_zh,
        "bounds_of_zh": bounds_of_zh,
        "bounds_to_en": bounds_to_en,
        "bounds_of_en": bounds_of_en,
    }
    texts = {column: [say(bounds[shape]) for shape in shapes.index] for column, say in sayings.items()}
    table = pd.DataFrame(texts, index=shapes.index, dtype="str")
    if blocks is not None:
        table["bounds_agreement"] = [told[shape].agreement for shape in shapes.index]
    return table


def tell_bounds(
    shapes: gpd.GeoDataFrame,
    seams: gpd.GeoDataFrame,
    assignment: pd.Series,
    blocks: gpd.GeoDataFrame,
    *,
    names: pd.DataFrame | None = None,
    neighbours: pd.Series | None = None,
    outside: tuple[str, str] = TOWN_BORDER,
    estates: gpd.GeoDataFrame | None = None,
    within: Mapping[Hashable, str] | None = None,
) -> dict[Hashable, Told]:
    """Return the bounds of every shape, saying as much as a reader needs to find the same blocks.

    The main lines are said first and the text is read back on the seams. Where the reader leaves the outline, the
    longest stretch that was not said is added to its side (东至甲路—乙街—丙路), and so on, up to eight; then what turns
    out not to be needed is taken back. A shape that is still misread keeps its main lines, and `agreement` below 1.

    Parameters
    ----------
    shapes, seams, assignment, names, neighbours, outside, estates
        As in `trace_bounds`.
    blocks
        The blocks of the assignment.
    within
        Shape id → id of the neighbour that the shape is part of, where the text will say so (将A社区内…).

    Returns
    -------
    dict
        Shape id → `Told`, in the order of `shapes`.

    Raises
    ------
    InputError
        As in `trace_bounds`.
    """
    outlines = trace_outlines(
        shapes, seams, assignment, names=names, neighbours=neighbours, outside=outside, estates=estates
    )
    around = assignment if neighbours is None else neighbours
    ground = Ground(blocks, seams, neighbours=around, names=names, estates=estates, outside=outside)
    sides = (seams["block_a"].astype(str).to_numpy(object), seams["block_b"].astype(str).to_numpy(object))
    area = dict(zip(blocks.index.astype(str), blocks.geometry.area, strict=True))
    members: dict[Hashable, set[str]] = {shape: set() for shape in outlines}
    for block, shape in assignment.dropna().items():
        members.setdefault(shape, set()).add(str(block))
    return {
        shape: _Teller(ground, sides, area, (within or {}).get(shape, "")).tell(outline, members[shape])
        for shape, outline in outlines.items()
    }


@dataclass(frozen=True)
class _Teller:
    """Says bounds, and listens how they are understood."""

    ground: Ground
    sides: tuple[np.ndarray, np.ndarray]
    area: dict[str, float]
    within: str

    def tell(self, outline: Outline, meant: set[str]) -> Told:
        stretches = outline.stretches()
        besides: list[int] = []
        said = outline.bounds()
        first = read = self._read(said)
        while set(read.blocks) != meant and len(besides) < _MOST_BESIDES:
            for number in self._missed(outline, stretches, set(read.blocks)):
                more = outline.bounds(_chords([*besides, number], stretches))
                if number not in besides and more != said:
                    besides, said, read = [*besides, number], more, self._read(more)
                    break
            else:
                break
        if set(read.blocks) != meant:
            besides, read = [], first
        for number in besides[:-1]:  # the last one made it understood
            fewer = [other for other in besides if other != number]
            if set(self._read(outline.bounds(_chords(fewer, stretches))).blocks) == meant:
                besides = fewer
        bounds = outline.bounds(_chords(besides, stretches))
        return Told(bounds, self._agreement(set(read.blocks), meant), len(besides))

    def _read(self, bounds: Bounds) -> Located:
        """Return what the words themselves mean to a reader."""
        return self.ground.locate(Area(parse_bounds(bounds_to_zh(bounds)).bounds, within=self.within))

    def _missed(self, outline: Outline, stretches: list[list[int]], read: set[str]) -> list[int]:
        """Return the stretches of the outline that the reader did not walk, the one missed over most metres first."""
        a, b = (np.isin(side, list(read)) for side in self.sides)
        walked = a != b
        missed = [
            sum(length for i in chords for row, length in outline.seams[i].items() if row < 0 or not walked[row])
            for chords in stretches
        ]
        order = sorted(range(len(missed)), key=lambda number: (-round(missed[number], 3), number))
        return [number for number in order if missed[number] > 0]

    def _agreement(self, read: set[str], meant: set[str]) -> float:
        both = sum(self.area[block] for block in sorted(read & meant))
        either = sum(self.area[block] for block in sorted(read | meant))
        return 1.0 if read == meant else both / either if either else 0.0


def _chords(besides: list[int], stretches: list[list[int]]) -> frozenset[int]:
    return frozenset(i for number in besides for i in stretches[number])
