"""Sheets of an Excel workbook: what every table that leaves as one has in common."""

import io
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from layers.office import FIXED_TIME, clean, settle, write_whole
from layers.words import Lang, is_missing, word

HEAD_ROW = 3
_WIDEST, _LONG = 46, 400
"""A column is this wide at most, and twice as wide where it holds paragraphs [characters]."""
_FONT = "等线"
COUNT, AREA, SHARE, NUMBER, SUM = "#,##0", "#,##0.000", "0.0%", "#,##0.00", "#,##0.0000"
_LINE = Side(style="thin", color="D5D0C4")
_HEAD_FILL, _SUM_FILL = (PatternFill("solid", fgColor=c) for c in ("24476B", "F0EDE5"))


@dataclass
class Sheet:
    """One sheet as it is filled: its columns (heading, number format) and rows."""

    title: str
    columns: list[tuple[str, str]]
    rows: Sequence[Sequence[Any]] = field(default_factory=list)
    frozen_columns: int = 1
    total: Sequence[Any] | None = None
    forms: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Number formats of single cells (row, column), where a column holds different units."""
    fills: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Colours of single cells."""


def book_of(sheets: Sequence[Sheet], mark: str, title: str) -> Workbook:
    """Return a workbook of these sheets; `mark` stands under each title and in the footers."""
    book = Workbook()
    book.remove(book.active)
    for sheet in sheets:
        _fill(book.create_sheet(sheet.title), sheet, mark)
    book.properties.title = clean(title)
    book.properties.creator = "shequ"
    book.properties.created = FIXED_TIME
    return book


def save_book(book: Workbook, path: Path) -> None:
    """Write a workbook, whole or not at all; the same content gives the same bytes."""
    content = io.BytesIO()
    book.save(content)
    write_whole(settle(content.getvalue()), path)


def _fill(page: Worksheet, sheet: Sheet, mark: str) -> None:
    """Write title, headings, rows and total; set widths, formats, frozen panes and what a printer needs."""
    _put(page.cell(1, 1), sheet.title).font = Font(name=_FONT, size=15, bold=True, color="1F2A37")
    _put(page.cell(2, 1), mark).font = Font(name=_FONT, size=9.5, color="B3261E")
    page.row_dimensions[1].height = 25
    for position, (heading, _) in enumerate(sheet.columns, start=1):
        cell = _put(page.cell(HEAD_ROW, position), heading)
        cell.font = Font(name=_FONT, bold=True, color="FFFFFF")
        cell.fill = _HEAD_FILL
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    everything = [*sheet.rows, *([sheet.total] if sheet.total else [])]
    wide = _widths(sheet, everything)
    looks: dict[tuple[bool, bool, str, str], Any] = {}  # each look is made once: a ledger has 100,000 cells
    for number, row in enumerate(everything, start=HEAD_ROW + 1):
        summed = number > HEAD_ROW + len(sheet.rows)
        for position, value in enumerate(row, start=1):
            cell = _put(page.cell(number, position), value)
            text = isinstance(value, str)
            place = (number - HEAD_ROW - 1, position - 1)
            form = sheet.forms.get(place, sheet.columns[position - 1][1])
            form = NUMBER if form == "@" and not text and value is not None else form
            look = (summed, text, sheet.fills.get(place, ""), form)
            if look in looks and not cell.quotePrefix:
                cell._style = copy(looks[look])
                continue
            _dress(cell, summed=summed, text=text, fill=look[2], form=form)
            if not cell.quotePrefix:
                looks[look] = cell._style
        lines = max(-(-_width(value) // (wide[position] - 1)) for position, value in enumerate(row))
        page.row_dimensions[number].height = 6 + 15 * max(1, lines)
    for position, width in enumerate(wide, start=1):
        page.column_dimensions[get_column_letter(position)].width = width
    page.row_dimensions[HEAD_ROW].height = 34
    page.freeze_panes = page.cell(HEAD_ROW + 1, sheet.frozen_columns + 1)
    last = get_column_letter(len(sheet.columns))
    page.auto_filter.ref = f"A{HEAD_ROW}:{last}{HEAD_ROW + len(sheet.rows)}"
    page.sheet_view.showGridLines = False
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", page.PAPERSIZE_A4
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.page_setup.fitToHeight = 0
    page.print_title_rows = f"{HEAD_ROW}:{HEAD_ROW}"
    page.oddFooter.left.text, page.oddFooter.right.text = clean(mark).replace("&", "&&"), "&P / &N"


def _dress(cell: Cell, *, summed: bool, text: bool, fill: str, form: str) -> None:
    """Give a cell its font, border, alignment, number format and colour."""
    cell.font = Font(name=_FONT, bold=summed)
    cell.border = Border(bottom=_LINE)
    cell.alignment = Alignment(vertical="center", wrap_text=text, horizontal="left" if text else "right", indent=1)
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
    cell.number_format = form
    if summed:
        cell.fill = _SUM_FILL


def _widths(sheet: Sheet, rows: Sequence[Sequence[Any]]) -> list[float]:
    """Return the width of every column [characters]: what its text needs, up to a line that reads well."""
    needed = []
    for position, (heading, _) in enumerate(sheet.columns):
        longest = max([_width(row[position]) for row in rows if position < len(row)], default=0.0)
        widest = _WIDEST if longest < _LONG else 2 * _WIDEST
        word = (
            max(map(_width, heading.split()), default=0.0) if heading.isascii() else 0.0
        )  # no heading breaks in a word
        needed.append(min(widest, max(longest + 3, _width(heading) * 0.6 + 3, 1.2 * word + 2, 8)))
    return needed


def _put(cell: Cell, value: object) -> Cell:
    """Set a cell; text stays text even where a spreadsheet would read a formula."""
    if isinstance(value, str):
        cell.value = clean(value)
        cell.data_type = "s"
        if value[:1] in "=+-@\t\r" and value:
            cell.quotePrefix = True
    else:
        cell.value = value
    return cell


def plain(value: object) -> Any:  # noqa: ANN401 - a number as openpyxl wants it
    """Return a number as a cell holds it: whole where it is whole, None where it is missing."""
    if is_missing(value):
        return None
    number = float(str(value))
    return int(number) if number.is_integer() else number


def text_or_none(value: object) -> str | None:
    """Return a text, or None where it is missing."""
    return None if is_missing(value) else str(value)


def sum_known(values: Any) -> float | None:  # noqa: ANN401 - any iterable of numbers and None
    """Return the sum of the known values, or None when none is known."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _width(value: object) -> float:
    if value is None:
        return 0
    return _text_width(value if isinstance(value, str) else f"{value:,.3f}".rstrip("0").rstrip("."))


@lru_cache(maxsize=100_000)
def _text_width(text: str) -> float:
    """Return the width of a text's longest line; a ledger says the same things in most of its rows."""
    return max((sum(2 if east_asian_width(c) in "WF" else 1.05 for c in line) for line in text.split("\n")), default=0)


def unit_heading(key: str, unit: str, lang: Lang) -> str:
    """Return the word `key` as a heading with its unit behind it, unless the word holds it already."""
    heading = word(key, lang)
    if unit in heading.lower():
        return heading
    return f"{heading}（{unit}）" if lang == "zh" else f"{heading} ({unit})"
