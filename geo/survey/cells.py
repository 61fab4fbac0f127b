"""Columns of raw cells into text, ids, words, numbers and days; each distinct value is read once.

Every function returns the column read and tells what it could not read. What can be read in one way only is mended, and
told as a warning: blanks around a value, full-width digits, a number written as text, another word for the same thing.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.survey.grid import Cells, Detail, Mask, Notes
from geo.survey.words import LISTS, UNKNOWN, plain, printable, understand

_DAY = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?(?:[T ]\s*\d{1,2}:\d{2}.*)?$")
_DIGITS = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_UNIT = re.compile(r"^([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*(?:m2|m²|㎡|平方米|平米|m|米|个|处|套|户|人|辆|只|层|班|元)$")
_PHONE = ("1", "0", "true", "false", "yes", "no")
"""How phones write yes and no; in text files no other word is wanted."""
_EXCEL_EPOCH = date(1899, 12, 30).toordinal()

Read = TypeVar("Read")
Said = tuple[str, Detail] | None
"""Kind and detail of what is to be told of a value."""


def present(cells: Cells) -> Mask:
    """Return which cells hold something."""
    return np.fromiter((cell is not None and cell != "" and cell == cell for cell in cells), bool, len(cells))  # noqa: PLR0124


def _each(  # noqa: PLR0917 - a sheet, and where to tell
    cells: Cells, number: int, key: str, notes: Notes, read: Callable[[Any], tuple[Read, Said]], empty: Read
) -> NDArray[Any]:
    """Return `read` of every cell, called once for each distinct value; what it says is told of every cell."""
    told: dict[Any, tuple[Read, Said]] = {"": (empty, None), None: (empty, None)}
    out = np.empty(len(cells), dtype=object)
    say: dict[tuple[type, Any], list[int]] = {}
    for row, cell in enumerate(cells):
        known = cell if cell.__class__ is str else (cell.__class__, cell)
        if known not in told:
            told[known] = (empty, None) if _is_empty(cell) else read(cell)
        value, what = told[known]
        out[row] = value
        if what is not None:
            say.setdefault((cell.__class__, cell), []).append(row)
    for known, rows in say.items():
        what = told[known[1] if known[0] is str else known][1]
        if what is not None:
            notes.cell(what[0], number, key, np.array(rows), what[1])
    return out


def _is_empty(cell: Any) -> bool:  # noqa: ANN401 - a cell, whatever it holds
    return cell is None or cell == "" or cell != cell or (isinstance(cell, str) and not plain(cell))  # noqa: PLR0124


def texts(number: int, key: str, notes: Notes, *, tell: bool = True) -> Cells:
    """Return a column as text, "" where empty."""

    def read(cell: Any) -> tuple[str, Said]:  # noqa: ANN401
        text = as_text(cell)
        kept = printable(text)
        trimmed = kept.strip(" \t\r\n\u3000\u00a0\ufeff\u200b")
        if kept != text:
            return trimmed, ("controls", "")
        return trimmed, ("blanks", "") if tell and trimmed != text else None

    return _each(notes.grids[number].column(key), number, key, notes, read, "")


def ids(number: int, key: str, notes: Notes, known: pd.Index | None = None) -> Cells:
    """Return a column of ids as text; one that is known only in half-width characters is mended."""

    def read(cell: Any) -> tuple[str, Said]:  # noqa: ANN401
        text = as_text(cell)
        if known is not None and text in known:
            return text, None
        kept = printable(text)
        trimmed = kept.strip(" \t\r\n\u3000\u00a0\ufeff\u200b")
        narrow = plain(trimmed)
        if narrow != trimmed and (known is None or (trimmed not in known and narrow in known)):
            return narrow, ("fullwidth", narrow)
        if kept != text:
            return trimmed, ("controls", "")
        return trimmed, ("blanks", "") if trimmed != text else None

    return _each(notes.grids[number].column(key), number, key, notes, read, "")


def words(number: int, key: str, notes: Notes, name: str, strange: str) -> Cells:
    """Return a column of words as the keys of list `name`, "" where empty; others are told as `strange`."""
    offered, typed = LISTS[name], notes.grids[number].typed
    choices: Detail = ("、".join(zh for zh, _ in offered.values()), ", ".join(en for _, en in offered.values()))

    def read(cell: Any) -> tuple[str, Said]:  # noqa: ANN401
        meant, exact = understand(as_text(cell), name)
        if meant is None:
            return "", (strange, choices)
        if exact or (not typed and str(cell).casefold() in _PHONE):
            return meant, None
        return meant, ("word_other", offered[meant] if meant else ("不详（留空）", "unknown (empty)"))

    return _each(notes.grids[number].column(key), number, key, notes, read, "")


def numbers(
    number: int, key: str, notes: Notes, *, kinds: Mapping[str, str], percent: float = 1.0, skip: Mask | None = None
) -> NDArray[np.float64]:
    """Return a column of numbers, NaN where empty or not readable.

    Parameters
    ----------
    number, key, notes
        Grid, column, and where to tell.
    kinds
        Which kind of fault a `text` and an `infinite` value is.
    percent
        What 100 percent is in this column, 1 or 100: "35%" is read as that share of it.
    skip
        Rows that hold something else.
    """
    cells = notes.grids[number].column(key)
    if skip is not None and skip.any():
        cells = np.where(skip, "", cells)
    typed = notes.grids[number].typed

    def read(cell: Any) -> tuple[float, Said]:  # noqa: ANN401
        if isinstance(cell, bool) or not isinstance(cell, int | float | str):
            return math.nan, (kinds["text"], "")
        value, mended = (float(cell), None) if isinstance(cell, int | float) else _number(cell, percent)
        if mended is not None and mended[0] == "number_text" and not typed and plain(str(cell)) == cell:
            mended = None
        if value is None:
            return math.nan, (kinds["text"], "")
        if math.isinf(value):
            return math.nan, (kinds["infinite"], "")
        return value + 0.0, mended  # no -0

    return _each(cells, number, key, notes, read, math.nan).astype(np.float64)


def _number(text: str, percent: float) -> tuple[float | None, Said]:
    """Return the number that a text is, and what was mended; None when it is none."""
    narrow = plain(text)
    if narrow.casefold() in UNKNOWN:
        return math.nan, ("word_other", ("不详（留空）", "unknown (empty)"))
    bare = narrow.replace(",", "")
    share = bare.endswith("%")
    unit = _UNIT.match(bare)
    try:
        value = float(bare[:-1]) * percent / 100 if share else float(unit[1] if unit else bare)
    except ValueError:
        return None, None
    if math.isnan(value) or "_" in bare:
        return None, None
    wide = narrow != text.strip() and not text.isascii()
    return value, ("fullwidth" if wide else "number_text", f"{value:g}")


def not_applicable(number: int, key: str, notes: Notes) -> Mask:
    """Return in which cells of a column of quantities it says that the question does not arise."""
    meant: dict[str, bool] = {}

    def said(cell: Any) -> bool:  # noqa: ANN401
        if cell.__class__ is not str or not cell or cell[0].isdigit():
            return False
        if cell not in meant:
            meant[cell] = understand(cell, "result")[0] == "not_applicable"
        return meant[cell]

    cells = notes.grids[number].column(key)
    return np.fromiter(map(said, cells), bool, len(cells))


def flags(number: int, key: str, notes: Notes, skip: Mask) -> NDArray[np.float64]:
    """Return a column of yes and no as 1 and 0, NaN where empty."""
    cells = notes.grids[number].column(key)
    kept = np.where(skip, "", cells) if skip.any() else cells
    offered, typed = LISTS["flag"], notes.grids[number].typed

    def read(cell: Any) -> tuple[float, Said]:  # noqa: ANN401
        meant, exact = understand(as_text(cell), "flag")
        if meant is None:
            return math.nan, ("flag_word", "")
        value = {"yes": 1.0, "no": 0.0, "": math.nan}[meant]
        if exact or isinstance(cell, bool) or (not typed and str(cell).casefold() in _PHONE):
            return value, None
        return value, ("word_other", offered[meant] if meant else ("不详（留空）", "unknown (empty)"))

    return _each(kept, number, key, notes, read, math.nan).astype(np.float64)


def days(number: int, key: str, notes: Notes) -> Cells:
    """Return a column of days as ISO text, "" where empty or not readable."""

    def read(cell: Any) -> tuple[str, Said]:  # noqa: ANN401
        if isinstance(cell, datetime):
            return cell.date().isoformat(), None
        if isinstance(cell, date):
            return cell.isoformat(), None
        if isinstance(cell, float) and cell.is_integer():
            cell = str(int(cell)) if cell >= 1e7 else cell
        if isinstance(cell, float) and 20000 <= cell < 80000:
            return date.fromordinal(_EXCEL_EPOCH + int(cell)).isoformat(), None
        text = plain(as_text(cell))
        if text.casefold() in UNKNOWN:
            return "", ("word_other", ("不详（留空）", "unknown (empty)"))
        found = _DAY.match(text) or _DIGITS.match(text)
        try:
            day = date(*(int(part) for part in found.groups())).isoformat() if found else ""
        except ValueError:
            day = ""
        if not day:
            return "", ("date_unreadable", "")
        wide = text != as_text(cell).strip() and not as_text(cell).isascii()
        return day, ("fullwidth", day) if wide else None

    return _each(notes.grids[number].column(key), number, key, notes, read, "")


def as_text(cell: Any) -> str:  # noqa: ANN401 - a cell, whatever it holds
    """Return a cell as text: numbers without a decimal zero, days as ISO.

    >>> as_text(12.0), as_text("3a"), as_text(True), as_text(date(2026, 3, 1))
    ('12', '3a', 'true', '2026-03-01')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell)
