"""Lists that offices keep as workbooks: one sheet of a CSV or Excel file, every cell checked, every fault at once.

The heading row is found by its words, so that titles may stand above it; merged cells count for every row they cover.
Columns that nobody asks for are not read: what they hold goes no further. Formulas are never worked out here; a cell
holds what the spreadsheet last saved.
"""

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from geo.errors import Fault, InputError
from geo.ingest.formats import require_file

LARGEST = 32_000_000
"""A file of more bytes, or that unpacks to five times as many, is refused."""
MOST_ROWS, MOST_COLUMNS = 200_000, 300
"""A sheet of more rows or columns is refused."""
_HEADING_WITHIN = 10
"""The heading row is one of the first so many rows."""

CellKind = Literal["text", "number", "count", "year", "flag", "day", "word"]

YES = ("true", "yes", "y", "1", "1.0", "是", "有", "√", "已")
NO = ("false", "no", "n", "0", "0.0", "否", "无", "×", "未")

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_CELL = re.compile(rb"""\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_DAY = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?$")


@dataclass(frozen=True)
class Field:
    """One column that is looked for: what it is called in the result, and by which headings it is known."""

    name: str
    headings: tuple[str, ...]
    kind: CellKind = "text"
    required: bool = False
    """The sheet must have it."""
    filled: bool = False
    """Every row must say something."""
    minimum: float | None = None
    maximum: float | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    """What may stand in it, and what that becomes (kind `word`)."""
    private: bool = False
    """Its values are never quoted in a message."""


@dataclass(frozen=True)
class SheetRead:
    """What a sheet says: `table` has the row numbers of the file as its index and a column for every field.

    Missing cells are None. `unread` are the headings that nobody asked for; `faults` every cell that is wrong.
    """

    file: str
    sheet: str
    table: pd.DataFrame
    unread: tuple[str, ...]
    faults: tuple[Fault, ...]

    def fault(self, what: str, remedy: str, rows: Iterable[object] = ()) -> Fault:
        """Return a fault of some rows of this sheet."""
        return Fault(what, remedy, ids=tuple(str(row) for row in rows), file=self.file, layer=self.sheet or None)


def sheet_names(path: Path) -> tuple[str, ...]:
    """Return the names of a workbook's sheets; a CSV file has none."""
    if path.suffix.lower() == ".csv":
        require_file(path)
        return ()
    return tuple(_open(path).sheet_names)


def read_sheet(path: Path, fields: Sequence[Field], *, sheet: str | None = None) -> SheetRead:
    """Return one sheet of a CSV or Excel file: the named one, else the first.

    Parameters
    ----------
    path
        A file ending in .csv (UTF-8 or GBK) or .xlsx.
    fields
        The columns that are looked for.
    sheet
        The sheet's name.

    Raises
    ------
    InputError
        When it cannot be read at all: no such file or sheet, too large, no heading row, a required column missing or
        one that stands twice. Wrong cells are in `faults`, for the caller to add its own and refuse once.
    """
    if path.suffix.lower() == ".csv":
        name, rows = "", _csv_rows(path)
    elif path.suffix.lower() == ".xlsx":
        name, rows = _xlsx_rows(path, sheet)
    else:
        require_file(path)
        raise InputError(Fault(f"lists ending in {path.suffix or 'nothing'} are not read", "save it as .xlsx or .csv",
                               file=str(path)))  # fmt: skip
    known = {_plain(heading): one for one in fields for heading in (one.name, *one.headings)}
    head = _heading_row(rows, known)
    names = [_plain(cell) for cell in rows[head]] if head is not None else []
    found = [known.get(each) for each in names]
    faults = [Fault(what, remedy, file=str(path), layer=name or None) for what, remedy in _heading_faults(
        [str(cell).strip() for cell in rows[head]] if head is not None else [], found, fields)]  # fmt: skip
    if faults:
        raise InputError(faults)
    places = {one.name: position for position, one in enumerate(found) if one is not None}
    start = (head or 0) + 1
    kept = [(start + 1 + i, row) for i, row in enumerate(rows[start:]) if any(_filled(row, p) for p in places.values())]
    columns: dict[str, list[Any]] = {}
    wrong: list[Fault] = []
    for one in fields:
        columns[one.name] = [None] * len(kept)
        position = places.get(one.name)
        if position is None:
            continue
        heading = str(rows[head or 0][position]).strip()
        for i, (number, row) in enumerate(kept):
            value = row[position] if _filled(row, position) else None
            try:
                columns[one.name][i] = None if value is None else read_cell(value, one)
            except ValueError as error:
                shown = "" if one.private else f" {_shown(value)}"
                wrong.append(_cell_fault(path, name, number, f"{heading}{shown}: {error}", str(error.args[1])))
            if value is None and one.filled:
                wrong.append(_cell_fault(path, name, number, f"{heading} is empty", "fill it in"))
    if path.suffix.lower() == ".csv":
        for number, row in kept:
            if any(_filled(row, position) for position in range(len(names), len(row))):
                wrong.append(_cell_fault(path, name, number, f"the row has {len(row)} cells, the headings {len(names)}",
                                         "put a cell that holds the divider into quotes"))  # fmt: skip
    index = pd.Index([number for number, _ in kept], name="row", dtype="int64")
    table = pd.DataFrame({key: pd.Series(values, index=index, dtype="object") for key, values in columns.items()},
                         index=index)  # fmt: skip
    order = {int(row): at for at, row in enumerate(index)}
    wrong.sort(key=lambda fault: order[int(fault.ids[0].removeprefix("row "))])
    unread = tuple(str(cell).strip() for cell, one in zip(rows[head or 0], found, strict=True)
                   if one is None and str(cell).strip())  # fmt: skip
    return SheetRead(str(path), name, table, unread, tuple(wrong))


class _CellError(ValueError):
    """A cell that is wrong: what, and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)

    def __str__(self) -> str:
        return str(self.args[0])


def read_cell(value: Any, one: Field) -> Any:  # noqa: ANN401 - whatever a cell holds
    """Return what a cell says, as its field wants it: text, number, flag, ISO day or word.

    Raises
    ------
    ValueError
        When it cannot be; its arguments are what is wrong, and the remedy.

    Examples
    --------
    >>> read_cell("２０２４年3月1日", Field("day", (), "day")), read_cell("是", Field("sold", (), "flag"))
    ('2024-03-01', True)
    """
    match one.kind:
        case "text":
            return _text(value)
        case "flag":
            said = _plain(value)
            if said not in YES and said not in NO:
                raise _CellError("is neither yes nor no", "write 是 or 否, or leave it empty when unknown")
            return said in YES
        case "day":
            return _day(value)
        case "word":
            words = {_plain(word): meaning for word, meaning in one.words.items()}
            if (said := _plain(value)) not in words:
                raise _CellError("is no word that may stand here", f"use one of: {', '.join(one.words)}")
            return words[said]
    return _number(value, one)


def _number(value: Any, one: Field) -> float | int:  # noqa: ANN401
    if isinstance(value, bool | date):
        raise _CellError("is no number", "write a number, or leave it empty when unknown")
    text = _wide(value).replace(",", "").removesuffix("㎡").removesuffix("m2").removesuffix("m²").strip()
    text = text.removesuffix("层").removesuffix("年").removesuffix("人").removesuffix("平方米").strip()
    try:
        number = float(text)
    except ValueError:
        raise _CellError("is no number", "write a number, or leave it empty when unknown") from None
    if not math.isfinite(number):
        raise _CellError("is no number", "write a number, or leave it empty when unknown")
    if one.minimum is not None and number < one.minimum:
        raise _CellError(f"is below {one.minimum:g}", "correct it, or leave it empty when unknown")
    if one.maximum is not None and number > one.maximum:
        raise _CellError(f"is above {one.maximum:g}", "correct it, or leave it empty when unknown")
    if one.kind == "number":
        return number
    if number != round(number):
        raise _CellError("is no whole number", "correct it, or leave it empty when unknown")
    return int(number)


def _day(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if parts := _DAY.match(_wide(value)):
        try:
            return date(*(int(part) for part in parts.groups())).isoformat()
        except ValueError:
            pass  # the thirtieth of February
    raise _CellError("is no day", "write it like 2026-03-01")


def _wide(value: object) -> str:
    """Return a text with full-width letters, digits and brackets made narrow."""
    text = _CONTROLS.sub("", str(value)).strip()
    return "".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else " " if c == "\u3000" else c for c in text)


def _plain(value: object) -> str:
    return re.sub(r"\s+", "", _wide(value)).lower()


def _text(value: object) -> str:
    """Return a cell as text: 101.0 is 101, and days are ISO."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return _wide(value)


def _shown(value: object) -> str:
    text = _text(value)
    return repr(text if len(text) <= 40 else text[:40] + "…")


def _filled(row: Sequence[Any], position: int) -> bool:
    return position < len(row) and row[position] is not None and str(row[position]).strip() != ""


def _cell_fault(path: Path, sheet: str, row: int, what: str, remedy: str) -> Fault:
    return Fault(what, remedy, ids=(f"row {row}",), file=str(path), layer=sheet or None)


def _heading_row(rows: Sequence[Sequence[Any]], known: Mapping[str, Field]) -> int | None:
    """Return which of the first rows names most fields; None when none names any."""
    counts: list[int] = [
        len({known[said].name for cell in row if (said := _plain(cell)) in known}) for row in rows[:_HEADING_WITHIN]
    ]
    most = max(counts, default=0)
    return counts.index(most) if most else None


def _heading_faults(
    names: Sequence[str], found: Sequence[Field | None], fields: Sequence[Field]
) -> Iterable[tuple[str, str]]:
    have = [one.name for one in found if one is not None]
    for one in fields:
        called = f"{one.headings[0]} ({one.name})" if one.headings else one.name
        if one.required and one.name not in have:
            seen = ", ".join(name for name in names if name) or "no heading that is known"
            yield f"the sheet has no column {called}; it has {seen}", f"add a column {called}"
        if have.count(one.name) > 1:
            yield f"several columns are {called}", "keep one of them"


def _csv_rows(path: Path) -> list[list[Any]]:
    content = _bytes(path)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise InputError(Fault("the list is neither UTF-8 nor GBK text", "save it as UTF-8", file=str(path)))
    if "\0" in text:
        raise InputError(Fault("the list is no text: it holds zero bytes", "save it as CSV in UTF-8", file=str(path)))
    rows: list[list[Any]] = []
    try:
        start = "".join(text.splitlines(keepends=True)[:_HEADING_WITHIN])
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=start.count)):
            rows.append(list(row))
            _limit(path, len(rows), len(row))
    except csv.Error as error:
        raise InputError(Fault(f"the list is no CSV ({error})", "save it again as CSV, or as .xlsx", file=str(path))
                         ) from error  # fmt: skip
    return rows


def _xlsx_rows(path: Path, sheet: str | None) -> tuple[str, list[list[Any]]]:
    book = _open(path)
    if sheet is not None and sheet not in book.sheet_names:
        raise InputError(Fault(f"there is no sheet {sheet}", f"it has {', '.join(book.sheet_names)}", file=str(path)))
    name = sheet if sheet is not None else book.sheet_names[0]
    try:
        page = book.get_sheet_by_name(name)
        rows: list[list[Any]] = [list(row) for row in page.to_python(skip_empty_area=False)]
        merged = page.merged_cell_ranges or []
    except (CalamineError, OSError, ValueError) as error:
        raise _broken(path, error) from error
    room = sum(len(row) for row in rows)  # merged ranges cannot overlap, so together they cover no more cells
    for (top, left), (bottom, right) in merged:
        room -= (min(bottom, len(rows)) - top + 1) * (right - left + 1)
        if room < 0 or top >= len(rows) or left >= len(rows[top]):
            break
        value = rows[top][left]
        for number in range(top, min(bottom + 1, len(rows))):
            for position in range(left, min(right + 1, len(rows[number]))):
                rows[number][position] = value
    return name, rows


def _open(path: Path) -> CalamineWorkbook:
    content = _bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > 5 * LARGEST:
                raise InputError(Fault(f"the workbook unpacks to more than {5 * LARGEST / 1e6:g} MB",
                                       "keep only the sheets of the list", file=str(path)))  # fmt: skip
            for part in packed.namelist():
                if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                    with packed.open(part) as opened:  # what a part holds beyond the size it states is not unpacked
                        _limit(path, *_extent(opened.read(packed.getinfo(part).file_size)))
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except PasswordError as error:
        raise InputError(Fault("the workbook is protected by a password", "save it without one", file=str(path))
                         ) from error  # fmt: skip
    except (CalamineError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise _broken(path, error) from error
    if not book.sheet_names:
        raise InputError(Fault("the workbook has no sheets", "save the list as .xlsx again", file=str(path)))
    return book


def _extent(content: bytes) -> tuple[int, int]:
    """Return the last row and column that a sheet's cells name: a reader makes room for all between."""
    if b"\0" in content:
        raise ValueError("a sheet is not UTF-8")
    last_row = last_column = 0
    for letters, digits in set(_CELL.findall(content)):
        last_row = max(last_row, int(digits))
        last_column = max(last_column, sum((c - 64) * 26**i for i, c in enumerate(reversed(letters))))
    return last_row, last_column


def _limit(path: Path, rows: int, columns: int) -> None:
    if rows > MOST_ROWS + _HEADING_WITHIN or columns > MOST_COLUMNS:
        raise InputError(Fault(f"the list has more than {MOST_ROWS:,} rows or {MOST_COLUMNS} columns",
                               "delete what is empty behind it, or give it in parts", file=str(path)))  # fmt: skip


def _bytes(path: Path) -> bytes:
    require_file(path)
    with path.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise InputError(Fault(f"the file is larger than {LARGEST / 1e6:g} MB", "give the list alone", file=str(path)))
    return content


def _broken(path: Path, error: Exception) -> InputError:
    return InputError(Fault(f"the workbook cannot be read ({type(error).__name__}: {error})",
                            "save it again as .xlsx, or as CSV", file=str(path)))  # fmt: skip
