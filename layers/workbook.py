"""A plan as an Excel workbook: communities, transfer matrices, changes, rules not met, repairs, provenance."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from geo.partition.actions import PlanTables
from geo.partition.plan import Limits
from geo.study import Study
from layers.facts import matrix, names, note, old_name, repair_sentence, table_word
from layers.features import typeset
from layers.office import FIXED_TIME, clean, settle, write_whole
from layers.provenance import figures, limits_told, plan_limits, provenance
from layers.styles import AGAINST_FILLS, against
from layers.words import Lang, is_missing, name_in, value_word, word

_HEAD_ROW = 3
_WIDEST = 46
_FONT = "等线"
_COUNT, _AREA, _SHARE, _NUMBER = "#,##0", "#,##0.000", "0.0%", "#,##0.00"
_LINE = Side(style="thin", color="D5D0C4")
_HEAD_FILL, _SUM_FILL, _SAME_FILL = (PatternFill("solid", fgColor=c) for c in ("24476B", "F0EDE5", "E8EEF4"))


@dataclass
class _Sheet:
    """One sheet as it is filled: its columns (heading, number format) and rows."""

    title: str
    columns: list[tuple[str, str]]
    rows: Sequence[Sequence[Any]] = field(default_factory=list)
    frozen_columns: int = 1
    total: Sequence[Any] | None = None


def write_plan_xlsx(tables: PlanTables, path: Path, *, study: Study, lang: Lang = "zh") -> None:
    """Write a plan as an Excel workbook, whole or not at all; the same plan gives the same bytes.

    Text from data is always text, never a formula. Units stand in the headings; areas are km².

    Parameters
    ----------
    tables
        The plan's tables.
    path
        The file; one that is there is replaced.
    study
        The study it was made for: its name, repairs and notes are told.
    lang
        Language of sheets, headings and sentences. Names appear in both.
    """
    tables = typeset(tables)
    book = Workbook()
    book.remove(book.active)
    limits = plan_limits(tables)
    mark = f"{_study_name(study, lang)} · {word('page.mark', lang)} · {limits_told(tables)[lang == 'en']}"
    communities = _communities(tables, limits, lang)
    sheets = [
        communities,
        _bounds(tables, lang),
        _matrix(tables, "households", "sheet.matrix_households", lang),
        _matrix(tables, "people", "sheet.matrix_people", lang),
        _moves(tables, lang),
        _violations(tables, lang),
        _assumptions(study, lang),
        _provenance(tables, study, lang),
        _terms(tables, lang),
    ]
    for position, sheet in enumerate(sheets):
        page = book.create_sheet(sheet.title)
        _fill(page, sheet, mark)
        if sheet is communities:
            _colour_limits(page, sheet, limits)
        if position in (2, 3):
            _shade_same(page, matrix(tables, "households", lang).attrs["same"])
    book.properties.title = clean(f"{_study_name(study, lang)}{word('report.title', lang)}")
    book.properties.creator = "shequ"
    book.properties.created = FIXED_TIME
    content = io.BytesIO()
    book.save(content)
    write_whole(settle(content.getvalue()), path)


def _communities(tables: PlanTables, limits: Limits, lang: Lang) -> _Sheet:
    hh, people, km2 = (word(f"unit.{unit}", lang) for unit in ("households", "people", "km2"))
    columns = [
        (word("number", lang), "0"), (word("name", lang), "@"), (word("name_en", lang), "@"),
        (word("community_id", lang), "@"), (word("kind", lang), "@"), (word("status", lang), "@"),
        (_unit("households", hh, lang), _COUNT), (_unit("households_before", hh, lang), _COUNT),
        (_unit("households_change", hh, lang), "+#,##0;-#,##0;0"), (word("against_limits", lang), "@"),
        (_unit("people", people, lang), _COUNT), (_unit("people_before", people, lang), _COUNT),
        (_unit("area_km2", km2, lang), _AREA), (word("blocks_count", lang), _COUNT),
        (word("buildings_count", lang), _COUNT), (word("estates_count", lang), _COUNT),
    ]  # fmt: skip
    rows = []
    for number, (key, row) in enumerate(tables.communities.sort_index().iterrows(), start=1):
        now, was = _plain(row["households"]), _plain(row["households_before"])
        rows.append([
            number, name_in(row, "zh", or_else=str(key)), name_in(row, "en", or_else=str(key)), str(key),
            value_word("kind", row["kind"], lang), value_word("status", row["status"], lang), now, was,
            None if now is None or was is None else now - was,
            value_word("limits", against(now, limits.min_households, limits.max_households), lang),
            _plain(row["people"]), _plain(row["people_before"]), row["area_m2"] / 1e6, _plain(row["blocks_count"]),
            _plain(row["buildings_count"]), _plain(row["estates_count"]),
        ])  # fmt: skip
    total: list[Any] = [None, word("total", lang), *[None] * (len(columns) - 2)]
    for position in (6, 10, 12, 13, 14, 15):
        total[position] = _sum(row[position] for row in rows)
    return _Sheet(word("sheet.communities", lang), columns, rows, frozen_columns=2, total=total)


def _bounds(tables: PlanTables, lang: Lang) -> _Sheet:
    columns = [(word(key, lang), "@") for key in ("name", "bounds_to", "bounds_of", "text", "note")]
    rows = [
        [
            name_in(row, lang, or_else=str(key)),
            *(_text(row.get(f"{column}_{lang}")) for column in ("bounds_to", "bounds_of", "text")),
            note(row, lang) or None,
        ]
        for key, row in tables.communities.sort_index().iterrows()
    ]
    return _Sheet(word("sheet.bounds", lang), columns, rows)


def _matrix(tables: PlanTables, column: str, title: str, lang: Lang) -> _Sheet:
    grid = matrix(tables, column, lang)
    columns = [
        (word("report.old_new", lang), "@"),
        *((str(name), _COUNT) for name in grid.columns),
        (word("total", lang), _COUNT),
    ]
    rows = [
        [name, *(_plain(value) for value in row), _sum(_plain(value) for value in row)]
        for name, row in zip(grid.index, grid.to_numpy(), strict=True)
    ]
    total = [word("total", lang), *(_sum(row[position] for row in rows) for position in range(1, len(columns)))]
    return _Sheet(word(title, lang), columns, rows, total=total)


def _moves(tables: PlanTables, lang: Lang) -> _Sheet:
    hh, people, km2 = (word(f"unit.{unit}", lang) for unit in ("households", "people", "km2"))
    called = names(tables, lang)
    columns = [
        (word("number", lang), "0"), (word("from", lang), "@"), (word("to", lang), "@"), (word("whole", lang), "@"),
        (_unit("households", hh, lang), _COUNT), (_unit("people", people, lang), _COUNT),
        (_unit("area_km2", km2, lang), _AREA), (word("buildings_count", lang), _COUNT), (word("text", lang), "@"),
        (word("bounds", lang), "@"),
    ]  # fmt: skip
    rows = [
        [
            number, old_name(tables, row["from_id"], lang), called.get(str(row["to_id"])),
            word("yes" if row["whole"] else "no", lang), _plain(row["households"]), _plain(row["people"]),
            row["area_m2"] / 1e6, _plain(row["buildings_count"]), _text(row[f"text_{lang}"]),
            _text(row[f"bounds_{lang}"]),
        ]
        for number, (_, row) in enumerate(tables.moves.sort_index().iterrows(), start=1)
    ]  # fmt: skip
    total = [None, word("total", lang), None, None, *(_sum(row[i] for row in rows) for i in (4, 5, 6, 7)), None, None]
    return _Sheet(word("sheet.moves", lang), columns, rows, frozen_columns=3, total=total)


def _violations(tables: PlanTables, lang: Lang) -> _Sheet:
    columns = [(word(key, lang), form) for key, form in (
        ("rule", "@"), ("community", "@"), ("measured", _NUMBER), ("allowed", _NUMBER), ("note", "@"))]  # fmt: skip
    called = names(tables, lang)
    rows = [
        [value_word("rule", row["rule"], lang), called.get(str(row["community_id"]), _text(row["community_id"])),
         _plain(row["measured"]), _plain(row["allowed"]), _text(row[f"text_{lang}"])]
        for row in tables.violations.to_dict("records")
    ]  # fmt: skip
    return _Sheet(word("sheet.violations", lang), columns, rows or [[word("page.no_violations", lang)]])


def _assumptions(study: Study, lang: Lang) -> _Sheet:
    columns = [(word(key, lang), "@") for key in ("table", "row", "what", "reason", "note")]
    rows = [
        [table_word(each.table, lang), each.row_id, value_word("action", each.action, lang), each.code,
         repair_sentence(each, lang)]
        for each in study.repairs
    ]  # fmt: skip
    return _Sheet(word("sheet.assumptions", lang), columns, rows or [[word("report.none", lang)]])


def _provenance(tables: PlanTables, study: Study, lang: Lang) -> _Sheet:
    side = int(lang == "en")
    columns = [(word(key, lang), "@") for key in ("item", "value")]
    rows = [[row.label[side], row.value[side]] for row in (*figures(tables), *provenance(tables, study))]
    return _Sheet(word("sheet.provenance", lang), columns, rows)


def _terms(tables: PlanTables, lang: Lang) -> _Sheet:
    columns = [(word(key, lang), _NUMBER if key in ("value", "weight", "weighted") else "@")
               for key in ("term", "value", "unit", "weight", "weighted", "meaning")]  # fmt: skip
    rows = [
        [value_word("term", term["term"], lang), _plain(term["value"]), value_word("unit", term["unit"], lang),
         _plain(term["weight"]), _plain(term["weighted"]), _text(term[f"meaning_{lang}"])]
        for term in tables.terms.to_dict("records")
    ]  # fmt: skip
    return _Sheet(word("sheet.terms", lang), columns, rows)


def _fill(page: Worksheet, sheet: _Sheet, mark: str) -> None:
    """Write title, headings, rows and total; set widths, formats, frozen panes and what a printer needs."""
    _put(page.cell(1, 1), sheet.title).font = Font(name=_FONT, size=15, bold=True, color="1F2A37")
    _put(page.cell(2, 1), mark).font = Font(name=_FONT, size=9.5, color="B3261E")
    page.row_dimensions[1].height = 25
    for position, (heading, _) in enumerate(sheet.columns, start=1):
        cell = _put(page.cell(_HEAD_ROW, position), heading)
        cell.font = Font(name=_FONT, bold=True, color="FFFFFF")
        cell.fill = _HEAD_FILL
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    everything = [*sheet.rows, *([sheet.total] if sheet.total else [])]
    wide = _widths(sheet, everything)
    for number, row in enumerate(everything, start=_HEAD_ROW + 1):
        for position, value in enumerate(row, start=1):
            cell = _put(page.cell(number, position), value)
            text = isinstance(value, str)
            cell.font = Font(name=_FONT, bold=number > _HEAD_ROW + len(sheet.rows))
            cell.border = Border(bottom=_LINE)
            cell.alignment = Alignment(
                vertical="center", wrap_text=text, horizontal="left" if text else "right", indent=1
            )
            form = sheet.columns[position - 1][1]
            cell.number_format = _NUMBER if form == "@" and not text and value is not None else form
            if number > _HEAD_ROW + len(sheet.rows):
                cell.fill = _SUM_FILL
        lines = max(-(-_width(value) // (wide[position] - 1)) for position, value in enumerate(row))
        page.row_dimensions[number].height = 6 + 15 * max(1, lines)
    for position, width in enumerate(wide, start=1):
        page.column_dimensions[get_column_letter(position)].width = width
    page.row_dimensions[_HEAD_ROW].height = 34
    page.freeze_panes = page.cell(_HEAD_ROW + 1, sheet.frozen_columns + 1)
    last = get_column_letter(len(sheet.columns))
    page.auto_filter.ref = f"A{_HEAD_ROW}:{last}{_HEAD_ROW + len(sheet.rows)}"
    page.sheet_view.showGridLines = False
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", page.PAPERSIZE_A4
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.page_setup.fitToHeight = 0
    page.print_title_rows = f"{_HEAD_ROW}:{_HEAD_ROW}"
    page.oddFooter.left.text, page.oddFooter.right.text = clean(mark).replace("&", "&&"), "&P / &N"


def _widths(sheet: _Sheet, rows: Sequence[Sequence[Any]]) -> list[float]:
    """Return the width of every column [characters]: what its text needs, up to a line that reads well."""
    needed = []
    for position, (heading, _) in enumerate(sheet.columns):
        longest = max([_width(row[position]) for row in rows if position < len(row)], default=0.0)
        needed.append(min(_WIDEST, max(longest + 3, _width(heading) * 0.6 + 3, 8)))
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


def _colour_limits(page: Worksheet, sheet: _Sheet, limits: Limits) -> None:
    """Colour the households by rule, so that colours follow when a figure is edited."""
    cells = f"G{_HEAD_ROW + 1}:G{_HEAD_ROW + len(sheet.rows)}"
    below, above = (PatternFill("solid", bgColor=AGAINST_FILLS[name][1:]) for name in ("below", "above"))
    page.conditional_formatting.add(cells, CellIsRule("lessThan", [str(limits.min_households)], fill=below))
    page.conditional_formatting.add(cells, CellIsRule("greaterThan", [str(limits.max_households)], fill=above))


def _shade_same(page: Worksheet, places: list[tuple[int, int]]) -> None:
    for row, column in places:
        page.cell(_HEAD_ROW + 1 + row, column + 2).fill = _SAME_FILL


def _study_name(study: Study, lang: Lang) -> str:
    return study.name if lang == "zh" else study.name_en or study.name


def _unit(key: str, unit: str, lang: Lang) -> str:
    heading = word(key, lang)
    if unit in heading.lower():
        return heading
    return f"{heading}（{unit}）" if lang == "zh" else f"{heading} ({unit})"


def _plain(value: object) -> Any:  # noqa: ANN401 - a number as openpyxl wants it
    if is_missing(value):
        return None
    number = float(str(value))
    return int(number) if number.is_integer() else number


def _text(value: object) -> str | None:
    return None if is_missing(value) else str(value)


def _sum(values: Any) -> float | None:  # noqa: ANN401 - any iterable of numbers and None
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _width(value: object) -> float:
    if value is None:
        return 0
    text = str(value) if isinstance(value, str) else f"{value:,.3f}".rstrip("0").rstrip(".")
    return max((sum(2 if east_asian_width(c) in "WF" else 1.05 for c in line) for line in text.split("\n")), default=0)
