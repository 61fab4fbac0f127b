"""Plain tables as an Excel workbook."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from layers.office import FIXED_TIME, clean, settle, write_whole

_WIDEST = 60


@dataclass(frozen=True)
class Sheet:
    """One sheet: a title, headings, rows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]] = field(repr=False)

    @classmethod
    def of(cls, title: str, table: pd.DataFrame, *, index: bool = True) -> "Sheet":
        """Return a table as a sheet, its index as the first column where asked."""
        plain = table.reset_index() if index else table
        return cls(title, [str(column) for column in plain.columns], plain.astype("object").to_numpy().tolist())


def write_sheets(sheets: Sequence[Sheet], path: Path) -> None:
    """Write a workbook, whole or not at all; the same tables give the same bytes."""
    book = Workbook()
    book.properties.created = book.properties.modified = FIXED_TIME
    book.remove(book.active)
    for sheet in sheets:
        page = book.create_sheet(sheet.title[:31])
        for column, heading in enumerate(sheet.columns, start=1):
            page.cell(1, column, heading).font = Font(bold=True)
        for number, row in enumerate(sheet.rows, start=2):
            for column, value in enumerate(row, start=1):
                cell = page.cell(number, column)
                if isinstance(value, str):
                    cell.value, cell.data_type = clean(value), "s"  # never a formula, whatever it begins with
                    cell.alignment = Alignment(wrap_text=True, vertical="top")
                elif not pd.isna(value):
                    cell.value = value.item() if hasattr(value, "item") else value
        for column, heading in enumerate(sheet.columns):
            longest = max([len(heading), *(len(str(row[column])) for row in sheet.rows)])
            page.column_dimensions[get_column_letter(column + 1)].width = min(_WIDEST, 1.6 * longest + 2)
        page.freeze_panes = "B2"
    content = io.BytesIO()
    book.save(content)
    write_whole(settle(content.getvalue()), path)
