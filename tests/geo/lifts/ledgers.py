"""Ledgers as tests write them: rows of (building, unit, flat, floor, area m², owner, answer), and as files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

from geo.lifts import Ledger, read_ledger

HEADINGS = ("楼栋编号", "单元", "房号", "所在层", "专有面积(平方米)", "业主", "表决意见")


def xlsx(path: Path, rows: Sequence[Sequence[Any]], headings: Sequence[str] = HEADINGS, sheet: str = "台账") -> Path:
    """Write one sheet."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page.append(list(headings))
    for row in rows:
        page.append(list(row))
    book.save(path)
    return path


def csv(path: Path, rows: Sequence[Sequence[Any]], headings: Sequence[str] = HEADINGS) -> Path:
    """Write a CSV file."""
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in (headings, *rows)]
    path.write_text("\n".join(lines), "utf-8")
    return path


def ledger(folder: Path, rows: Sequence[Sequence[Any]]) -> Ledger:
    """Read a ledger of these rows."""
    return read_ledger(csv(folder / "ledger.csv", rows))


def house(answers: Sequence[str | None], areas: Sequence[float | None] | None = None) -> list[tuple[Any, ...]]:
    """One stair, one owner for each flat, two flats a floor; answers and areas [m²] by flat."""
    sizes = areas or [80.0] * len(answers)
    return [
        ("A", "1", f"{1 + i // 2}0{1 + i % 2}", 1 + i // 2, size, f"o{i}", answer)
        for i, (answer, size) in enumerate(zip(answers, sizes, strict=True))
    ]
