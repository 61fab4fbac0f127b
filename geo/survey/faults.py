"""What can be wrong with a survey, cell by cell: every kind with its level, sentence and remedy in both languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from geo.errors import Fault, InputError

Level = Literal["file", "row", "warning"]
"""`file`: nothing of the file is used. `row`: its row is not used. `warning`: used, and told."""


@dataclass(frozen=True)
class CellFault:
    """One thing that is wrong in a survey, and where.

    Attributes
    ----------
    kind : str
        Key of its kind (`KINDS`).
    sheet : str
        The sheet, or the file's name for CSV and GeoJSON; "" for the file as a whole.
    row : int
        The row as the spreadsheet numbers it, from 1; 0 for a whole sheet or file.
    column, heading : str
        The column's letter, and its heading; "" for a whole row.
    value : str
        What stands there.
    what_zh, what_en, remedy_zh, remedy_en : str
        What is wrong, and what to do.
    """

    kind: str
    sheet: str
    row: int
    column: str
    heading: str
    value: str
    what_zh: str
    what_en: str
    remedy_zh: str
    remedy_en: str

    @property
    def level(self) -> Level:
        """How far it reaches: the file, its row, or a warning."""
        return KINDS[self.kind].level

    @property
    def cell(self) -> str:
        """The cell as a spreadsheet names it: `F12`; "" for a whole sheet or file."""
        return f"{self.column}{self.row or ''}"


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault: its level and sentences; `{...}` stand for what is known of the case."""

    level: Level
    what_zh: str
    what_en: str
    remedy_zh: str
    remedy_en: str


KINDS: Mapping[str, FaultKind] = {}


def refuse(faults: Iterable[CellFault], file: str) -> InputError:
    """Return the error that names all of these, for those who raise."""
    return InputError([
        Fault(f"{each.what_en} / {each.what_zh}", f"{each.remedy_en} / {each.remedy_zh}", file=file, layer=each.sheet or None,
              ids=(each.cell,) if each.cell else ())
        for each in faults
    ])  # fmt: skip
