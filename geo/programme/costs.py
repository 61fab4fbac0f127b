"""Unit costs as a sheet: a template to fill in, with examples marked as such, and the filled sheet read back.

Every price says where it is from. A row without a price is no price; it is never zero.
"""

import csv
import difflib
import io
import math
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from geo.errors import Fault, InputError
from geo.standards.costs import Costs, UnitCost
from geo.standards.menu import Menu

LARGEST = 5_000_000
"""A sheet of more bytes is refused."""
UNPACKED = 50_000_000
MOST_ROWS, MOST_COLUMNS = 5_000, 60
DEAREST = 1e9
"""A unit cost above this is a slip of the pen [yuan]."""
SHEET = {"zh": "单价", "en": "unit costs"}

COLUMNS: Mapping[str, tuple[str, str]] = {
    "measure": ("措施编码", "measure"),
    "title": ("措施名称", "name"),
    "per": ("单位", "unit"),
    "yuan": ("单价(元)", "price (yuan)"),
    "source": ("来源", "source"),
    "dated": ("价格日期", "date of price"),
    "region": ("适用地区", "region"),
    "example": ("示例", "example"),
    "note": ("备注", "note"),
}
"""Columns of the sheet: key, Chinese and English heading."""

_ABOUT = {
    "zh": "黄色为示例单价,不能用于正式计划:请填入当地单价、来源和日期,并清空“示例”。没有单价的措施不会被列入计划。",
    "en": "Yellow: example prices, unfit for a real programme. Put in local prices with source and date, and clear the "
          "column 'example'. A measure without a price is never chosen.",
}  # fmt: skip
_YES = ("是", "示例", "yes", "y", "true", "1", "example")
_NO = ("", "否", "no", "n", "false", "0")
_HEADINGS = {heading: key for key, both in COLUMNS.items() for heading in (key, *both)}
_DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")


@dataclass(frozen=True)
class CostFault:
    """One thing that is wrong with a sheet of unit costs: where, what, and what to do.

    Attributes
    ----------
    sheet : str
        The sheet, or the file's name for CSV.
    row : int
        As the spreadsheet numbers it, from 1; 0 for the whole sheet.
    column : str
        Key of `COLUMNS`; "" for a whole row or sheet.
    cell : str
        As a spreadsheet names it: `D5`; "" where there is none.
    value : str
        What stands there.
    """

    sheet: str
    row: int
    column: str
    cell: str
    value: str
    what_zh: str
    what_en: str
    remedy_zh: str
    remedy_en: str


@dataclass(frozen=True)
class CostsRead:
    """What reading a sheet of unit costs gave.

    Attributes
    ----------
    costs : Costs or None
        The prices; None when anything is wrong, or no price is given at all.
    faults : tuple of CostFault
        Everything that is wrong, by row and column.
    unpriced : tuple of str
        Measures of the menu that take works and have no price here.
    """

    costs: Costs | None
    faults: tuple[CostFault, ...]
    unpriced: tuple[str, ...]

    def require(self) -> Costs:
        """Return the prices.

        Raises
        ------
        InputError
            With every fault and its cell, in Chinese and English.
        """
        if self.costs is None:
            raise InputError([
                Fault(f"{f.what_en} ({f.what_zh}): {f.value!r}" if f.value else f"{f.what_en} ({f.what_zh})",
                      f"{f.remedy_en} ({f.remedy_zh})", file=None, layer=f.sheet, ids=(f.cell,) if f.cell else ())
                for f in self.faults
            ])  # fmt: skip
        return self.costs


# ── the template ─────────────────────────────────────────────────────────────────────────────────────────────────────
def write_cost_sheet(path: Path, menu: Menu, *, costs: Costs | None = None, lang: Literal["zh", "en"] = "zh") -> None:
    """Write a sheet of unit costs for every measure of a menu: XLSX, or CSV when `path` ends in .csv.

    Parameters
    ----------
    path
        Written whole or not at all.
    menu
        Its measures are the rows.
    costs, optional
        Prices to fill in; those that are examples are marked in the column 示例 and coloured.
    lang
        Language of headings and names.

    Raises
    ------
    InputError
        When `path` is a folder or ends in something else.
    """
    ending = path.suffix.lower()
    if path.is_dir() or ending not in (".xlsx", ".csv"):
        raise InputError(Fault(f"{path.name} is no name for a sheet of unit costs", "let it end in .xlsx or .csv",
                               file=str(path)))  # fmt: skip
    content = _csv(menu, costs, lang) if ending == ".csv" else _xlsx(menu, costs, lang)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".shequ-") as folder:
        draft = Path(folder) / "draft"
        draft.write_bytes(content)
        os.replace(draft, path)


def _rows(menu: Menu, costs: Costs | None, lang: str) -> list[list[Any]]:
    yes = "是" if lang == "zh" else "yes"
    rows = []
    for each in menu.measures:
        price = None if costs is None else costs.of(each.key)
        management = "管理类措施,不填单价" if lang == "zh" else "management: no price needed"
        note = (price.note_zh if lang == "zh" else price.note_en) if price else ""
        rows.append([
            each.key, each.title_zh if lang == "zh" else each.title_en, each.unit,
            None if price is None else price.yuan,
            "" if price is None else price.source, "" if price is None else price.dated,
            "" if price is None else price.region, yes if price is not None and price.example else "",
            note or (management if each.remedy == "management" else ""),
        ])  # fmt: skip
    return rows


def _head(lang: str) -> list[str]:
    return [both[0 if lang == "zh" else 1] for both in COLUMNS.values()]


def _csv(menu: Menu, costs: Costs | None, lang: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_head(lang))
    writer.writerows([["" if cell is None else cell for cell in row] for row in _rows(menu, costs, lang)])
    return text.getvalue().encode("utf-8-sig")


def _xlsx(menu: Menu, costs: Costs | None, lang: str) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = SHEET[lang]
    sheet.append(_head(lang))
    rows = _rows(menu, costs, lang)
    for row in rows:
        sheet.append(row)
    keys = list(COLUMNS)
    yellow, grey = PatternFill("solid", fgColor="FFF2CC"), PatternFill("solid", fgColor="EDEDED")
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="24476B")
        cell.alignment = Alignment(horizontal="center")
    for number, row in enumerate(rows, start=2):
        for position in range(3):
            sheet.cell(number, position + 1).fill = grey
        if row[keys.index("example")]:
            for key in ("yuan", "source", "example"):
                sheet.cell(number, keys.index(key) + 1).fill = yellow
        sheet.cell(number, keys.index("yuan") + 1).number_format = "#,##0.00"
    said = _ABOUT[lang]
    sheet.cell(1, keys.index("yuan") + 1).comment = Comment(said, "shequ", width=320, height=140)
    words = '"是,否"' if lang == "zh" else '"yes,no"'
    listed = DataValidation(type="list", formula1=words, allow_blank=True)
    sheet.add_data_validation(listed)
    letter = openpyxl.utils.get_column_letter(keys.index("example") + 1)
    listed.add(f"{letter}2:{letter}{len(rows) + 1}")
    for position, width in enumerate((26, 34, 10, 14, 44, 14, 14, 10, 40), start=1):
        sheet.column_dimensions[openpyxl.utils.get_column_letter(position)].width = width
    sheet.freeze_panes = "D2"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def read_cost_sheet(path: Path, menu: Menu, *, name: str = "user-costs") -> CostsRead:
    """Return the unit costs of a filled sheet, XLSX or CSV, with everything that is wrong with it.

    Parameters
    ----------
    path
        A sheet that `write_cost_sheet` wrote and somebody filled in; headings in either language, in any order.
    menu
        The menu it is for: its measures and their units.
    name
        What the list of prices is called in results.

    Raises
    ------
    InputError
        When it cannot be read at all: no such file, no table, larger than any such sheet.
    """
    content = _bytes(path)
    title, rows = _csv_rows(content, path) if path.suffix.lower() == ".csv" else _xlsx_rows(content, path)
    reading = _Reading(title, menu)
    prices = reading.all(rows)
    faults = tuple(sorted(reading.faults, key=lambda f: (f.row, f.cell, f.what_en)))
    unpriced = tuple(m.key for m in menu.measures if m.remedy == "works" and m.key not in {p.measure for p in prices})
    if faults:
        return CostsRead(None, faults, unpriced)
    costs = Costs(
        name=name, edition=max((p.dated for p in prices), default="") or "user", title_zh=f"单价表({path.name})",
        title_en=f"Unit costs ({path.name})", source=path.name, costs=tuple(prices),
    )  # fmt: skip
    return CostsRead(costs, (), unpriced)


class _Reading:
    """The rows as they are read, and what is wrong with them."""

    def __init__(self, title: str, menu: Menu) -> None:
        self.title, self.menu = title, menu
        self.faults: list[CostFault] = []
        self.at: dict[str, int] = {}

    def fault(self, row: int, column: str, value: object, what: tuple[str, str], remedy: tuple[str, str]) -> None:
        """Note something that is wrong."""
        cell = f"{openpyxl.utils.get_column_letter(self.at[column] + 1)}{row}" if row and column in self.at else ""
        shown = "" if value is None else str(value)[:60]
        self.faults.append(CostFault(self.title, row, column, cell, shown, *what, *remedy))

    def all(self, rows: list[list[Any]]) -> list[UnitCost]:
        """Return the prices of all rows."""
        head = [_plain(cell) for cell in rows[0]] if rows else []
        for position, heading in enumerate(head):
            key = _HEADINGS.get(heading) or _HEADINGS.get(heading.lower())
            if key in self.at:
                self.fault(1, key, heading, ("表头重复", "the heading stands twice"),
                           ("只保留一列", "keep one of the columns"))  # fmt: skip
            elif key is not None:
                self.at[key] = position
        missing = [key for key in ("measure", "per", "yuan", "source") if key not in self.at]
        if missing:
            zh, en = ("、".join(COLUMNS[k][0] for k in missing), ", ".join(COLUMNS[k][1] for k in missing))
            self.fault(0, "", None, (f"缺少列:{zh}", f"columns are missing: {en}"),
                       ("使用本软件生成的单价表", "use the sheet that shequ makes"))  # fmt: skip
            return []
        prices: list[UnitCost] = []
        first: dict[str, int] = {}
        for number, cells in enumerate(rows[1:], start=2):
            row = {key: (cells[i] if i < len(cells) else None) for key, i in self.at.items()}
            if all(_empty(cell) for cell in row.values()):
                continue
            price = self.one(number, row, first)
            if price is not None:
                prices.append(price)
        if not prices and not self.faults:
            self.fault(0, "", None, ("一个单价也没有填", "no price is filled in"),
                       ("至少填写一项单价", "fill in one at least"))  # fmt: skip
        return prices

    def one(self, number: int, row: Mapping[str, Any], first: dict[str, int]) -> UnitCost | None:
        """Return the price of one row; None when it has none, or something is wrong."""
        before = len(self.faults)
        key = _plain(row["measure"])
        known = {each.key: each for each in self.menu.measures}
        if key not in known:
            near = difflib.get_close_matches(key, list(known), 1)
            hint = (f",是否应为{near[0]}", f"; perhaps {near[0]}") if near else ("", "")
            self.fault(number, "measure", row["measure"],
                       ("菜单中没有这项措施", "there is no such measure on the menu"),
                       (f"改为菜单中的编码{hint[0]}", f"use a key of the menu{hint[1]}"))  # fmt: skip
        elif key in first:
            self.fault(number, "measure", key, (f"与第{first[key]}行重复", f"it stands in row {first[key]} already"),
                       ("只保留一行", "keep one of the rows"))  # fmt: skip
        else:
            first[key] = number
        example = self._flag(number, row.get("example"))
        dated = self._day(number, row.get("dated"))
        if _empty(row["yuan"]):
            return None
        yuan = self._yuan(number, row["yuan"])
        per = _plain(row["per"])
        if key in known and per != known[key].unit:
            self.fault(number, "per", row["per"], ("单位与菜单不符", "the unit is not the menu's"),
                       (f"按{known[key].unit}计价", f"give the price per {known[key].unit}"))  # fmt: skip
        source = _plain(row["source"])
        if not source:
            self.fault(number, "source", None, ("单价没有来源", "the price has no source"),
                       ("写明出处,如定额、合同、询价", "say where it is from: a norm, a contract, an offer")
                       )  # fmt: skip
        if len(self.faults) > before or yuan is None:
            return None
        note = _plain(row.get("note"))
        return UnitCost(measure=key, yuan=yuan, per=per, source=source, dated=dated, example=example,
                        region=_plain(row.get("region")), note_zh=note, note_en=note)  # fmt: skip

    def _yuan(self, number: int, cell: object) -> float | None:
        text = _plain(cell).replace(",", "").removesuffix("元").strip()
        remedy = ("填写一个数,单位元", "write a number, in yuan")
        try:
            value = math.nan if isinstance(cell, bool) else float(cell if isinstance(cell, int | float) else text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.fault(number, "yuan", cell, ("单价不是数", "the price is no number"), remedy)
        elif value < 0:
            self.fault(number, "yuan", cell, ("单价为负", "the price is below zero"), remedy)
        elif value > DEAREST:
            self.fault(number, "yuan", cell, ("单价超过十亿元", "the price is above 1,000,000,000 yuan"), remedy)
        else:
            return value
        return None

    def _flag(self, number: int, cell: object) -> bool:
        text = _plain(cell).lower()
        if text not in (*_YES, *_NO):
            self.fault(number, "example", cell, ("只能填是或否", "neither yes nor no"), ("填是或否", "write yes or no"))
        return text in _YES

    def _day(self, number: int, cell: object) -> str:
        if isinstance(cell, datetime):
            return cell.date().isoformat()
        if isinstance(cell, date):
            return cell.isoformat()
        text = _plain(cell)
        if not text:
            return ""
        found = _DAY.match(text)
        try:
            return date(*map(int, found.groups())).isoformat() if found else date.fromisoformat(text).isoformat()
        except ValueError:
            self.fault(
                number, "dated", cell, ("不是日期", "it is no day"), ("写成2026-03-01", "write it like 2026-03-01")
            )
            return ""


def _empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell)) or not _plain(cell)


def _plain(cell: object) -> str:
    if cell is None:
        return ""
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    return text.strip().replace("\uff08", "(").replace("\uff09", ")")


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(Fault("there is no such file", "correct the path", file=str(path)))
    with path.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise InputError(Fault(f"the file is larger than {LARGEST / 1e6:g} MB, which no sheet of unit costs is",
                               "give the filled sheet alone", file=str(path)))  # fmt: skip
    return content


def _csv_rows(content: bytes, path: Path) -> tuple[str, list[list[Any]]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            return path.name, _limited(csv.reader(io.StringIO(text, newline="")), path)
        except csv.Error as error:
            raise InputError(Fault(f"the file is no CSV ({error})", "save it again as CSV, or as .xlsx",
                                   file=str(path))) from error  # fmt: skip
    raise InputError(Fault("the file is neither UTF-8 nor GBK text", "save it as UTF-8", file=str(path)))


def _xlsx_rows(content: bytes, path: Path) -> tuple[str, list[list[Any]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked <= UNPACKED:
            # Formulas are not worked out: what the spreadsheet last showed is read.
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            names = [name for name in book.sheetnames if name in SHEET.values()]
            sheet = book[names[0]] if names else book.worksheets[0]
            return sheet.title, _limited(sheet.iter_rows(values_only=True), path)
    except InputError:
        raise
    except Exception as error:  # a damaged workbook fails in dozens of ways
        raise InputError(Fault(f"the workbook cannot be read ({type(error).__name__}: {error})",
                               "save it again as .xlsx, or as CSV", file=str(path))) from error  # fmt: skip
    raise InputError(Fault(f"the workbook unpacks to more than {UNPACKED / 1e6:g} MB", "keep only the sheet of "
                           "unit costs", file=str(path)))  # fmt: skip


def _limited(rows: Iterable[Sequence[Any]], path: Path) -> list[list[Any]]:
    kept: list[list[Any]] = []
    for row in rows:
        cells = list(row)
        if len(kept) > MOST_ROWS or len(cells) > MOST_COLUMNS:
            raise InputError(Fault(f"the sheet has more than {MOST_ROWS:,} rows or {MOST_COLUMNS} columns",
                                   "give one row for each measure", file=str(path)))  # fmt: skip
        kept.append(cells)
    return kept
