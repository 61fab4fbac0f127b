"""A sheet as it was read - columns of raw cells by their machine key - and the list of what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.survey.faults import KINDS, CellFault
from geo.survey.words import printable

Cells = NDArray[np.object_]
Mask = NDArray[np.bool_]
Detail = str | tuple[str, str]
"""What is known of a case, in one form or in (Chinese, English)."""


@dataclass(frozen=True)
class Grid:
    """One sheet: its raw cells by column key, and how the spreadsheet names rows and columns.

    Cells are as the reader gave them: text, numbers, dates; "" where empty. `asked` are the keys of the survey's own
    columns that are there.
    """

    form: str
    title: str
    cells: Mapping[str, Cells]
    rows: NDArray[np.int64]
    letters: Mapping[str, str] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    typed: bool = True
    """Cells have the types of a spreadsheet; in text files a number is text by nature."""

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, key: str) -> Cells:
        """Return a column's cells; empty ones where the sheet has no such column."""
        found = self.cells.get(key)
        return np.full(len(self), "", dtype=object) if found is None else found


@dataclass
class Notes:
    """Faults and warnings as they are found, and which rows of which grid are spoilt by them."""

    found: list[CellFault] = field(default_factory=list)
    bad: dict[int, Mask] = field(default_factory=dict)
    """Position of a grid → rows with a fault."""
    grids: list[Grid] = field(default_factory=list)

    def take(self, grid: Grid) -> int:
        """Take a grid in, and return its position."""
        self.grids.append(grid)
        self.bad[len(self.grids) - 1] = np.zeros(len(grid), dtype=bool)
        return len(self.grids) - 1

    def file(self, kind: str, detail: Detail = "", *, sheet: str = "", value: str = "") -> None:
        """Tell something of the whole file or sheet."""
        self.found.append(_fault(kind, sheet, 0, "", "", value, detail))

    def cell(
        self, kind: str, number: int, key: str, where: Mask | NDArray[np.intp], detail: Detail | Sequence[Detail] = ""
    ) -> None:
        """Tell the same of every cell of a column in the rows `where` says (a mask, or positions).

        `detail` is one for all, or one for each such row.
        """
        rows = np.flatnonzero(where) if where.dtype == bool else where
        if not len(rows):
            return
        grid = self.grids[number]
        cells = grid.column(key)
        letter, heading = grid.letters.get(key, ""), grid.headings.get(key, key)
        details: Sequence[Detail] = [detail] * len(rows) if isinstance(detail, str | tuple) else detail
        self.found += [
            _fault(kind, grid.title, int(grid.rows[row]), letter, heading, shown(cells[row]), one)
            for row, one in zip(rows, details, strict=True)
        ]
        if KINDS[kind].level != "warning":
            self.bad[number][rows] = True

    def sorted(self) -> tuple[tuple[CellFault, ...], tuple[CellFault, ...]]:
        """Return faults and warnings, each by sheet, row and column."""
        order = {grid.title: i for i, grid in enumerate(self.grids)}
        ordered = sorted(
            dict.fromkeys(self.found),
            key=lambda f: (order.get(f.sheet, -1), f.row, len(f.column), f.column, f.kind, f.value),
        )
        return (
            tuple(each for each in ordered if each.level != "warning"),
            tuple(each for each in ordered if each.level == "warning"),
        )


def shown(value: Any) -> str:  # noqa: ANN401 - a cell, whatever it holds
    """Return a cell as a reader sees it, cut where it is long."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = printable(str(value))
    return text if len(text) <= 80 else f"{text[:79]}…"


def letter(position: int) -> str:
    """Return the letter of a column, counted from 0.

    >>> letter(0), letter(25), letter(26), letter(701), letter(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    name, rest = "", position + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        name = chr(65 + digit) + name
    return name


def _fault(kind: str, sheet: str, row: int, column: str, heading: str, value: str, detail: Detail) -> CellFault:  # noqa: PLR0917 - a sheet, and where to tell
    told = KINDS[kind]
    zh, en = (detail, detail) if isinstance(detail, str) else detail
    return CellFault(
        kind, sheet, row, column, heading, value, told.what_zh.format(detail=zh), told.what_en.format(detail=en),
        told.remedy_zh.format(detail=zh), told.remedy_en.format(detail=en),
    )  # fmt: skip
