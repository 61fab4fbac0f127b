"""A plan as an Excel workbook, and plans to choose from as one: a sheet for each of their tables."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from geo.conversion import Conversions, procedure
from geo.partition.actions import PlanTables
from geo.partition.alternatives import Alternatives
from geo.partition.plan import Limits
from geo.partition.scorecard import SIX_ONES, Scorecard
from geo.study import Study
from layers.comparison import SHARES, alternative_columns, conversion_reasons
from layers.evaluation import VERDICT_FILLS
from layers.facts import change_words, matrix, names, note, old_name, repair_sentence, table_word
from layers.features import typeset
from layers.office import FIXED_TIME, clean, settle, write_whole
from layers.provenance import figures, limits_told, plan_limits, provenance
from layers.review import Review, typeset_review
from layers.styles import AGAINST_FILLS, against
from layers.words import Lang, fullwidth, is_missing, name_in, value_word, word

_HEAD_ROW = 3
_WIDEST, _LONG = 46, 400
"""A column is this wide at most, and twice as wide where it holds paragraphs [characters]."""
_FONT = "等线"
_COUNT, _AREA, _SHARE, _NUMBER, _SUM = "#,##0", "#,##0.000", "0.0%", "#,##0.00", "#,##0.0000"
_LINE = Side(style="thin", color="D5D0C4")
_HEAD_FILL, _SUM_FILL = (PatternFill("solid", fgColor=c) for c in ("24476B", "F0EDE5"))
_SAME = "E8EEF4"

MATRIX_VALUES = ("households", "people", "area_m2", "buildings_count")
"""What a transfer matrix counts, a sheet each; areas are written in km²."""


@dataclass
class _Sheet:
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


def write_plan_xlsx(
    tables: PlanTables, path: Path, *, study: Study, lang: Lang = "zh", review: Review | None = None
) -> None:
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
    review
        What else is known of the plan (`layers.review.review_plan`): a sheet for each thing it holds.
    """
    tables, review = typeset(tables), typeset_review(review)
    limits = plan_limits(tables)
    mark = f"{_study_name(study, lang)} · {word('page.mark', lang)} · {limits_told(tables)[lang == 'en']}"
    communities = _communities(tables, limits, lang)
    same = {(i, j + 1): _SAME for i, j in matrix(tables, "households", lang).attrs["same"]}
    sheets = [
        communities,
        _bounds(tables, lang),
        *(_matrix(tables, column, same, lang) for column in MATRIX_VALUES),
        _moves(tables, lang),
    ]
    if review.heirs is not None:
        sheets.append(_heirs(review.heirs, tables, lang))
    if review.scorecard is not None:
        sheets += [_scorecard(review.scorecard, lang), _six_ones(review.scorecard, lang)]
    if review.conversions is not None:
        sheets += [_conversions(review.conversions, lang), _procedures(review.conversions, lang)]
    if review.alternatives is not None:
        sheets += _alternatives(review.alternatives, lang)
    sheets += [
        _violations(tables, lang),
        _assumptions(study, lang),
        _provenance(tables, study, lang),
        _terms(tables, lang),
    ]
    book = _book(sheets, mark, f"{_study_name(study, lang)}{word('report.title', lang)}")
    _colour_limits(book[communities.title], communities, limits)
    _save(book, path)


def write_alternatives_xlsx(found: Alternatives, path: Path, *, study: Study, lang: Lang = "zh") -> None:
    """Write plans to choose from as an Excel workbook, whole or not at all; the same plans give the same bytes.

    Term by term beside each other, what each gains and gives up, how far they lie from each other, what else was tried.

    Parameters
    ----------
    found
        As `geo.partition.alternatives.make_alternatives` returns them.
    path
        The file; one that is there is replaced.
    study
        The study they were made for.
    lang
        Language of sheets, headings and sentences.
    """
    found = typeset_review(Review(alternatives=found)).alternatives or found
    name = _study_name(study, lang)
    book = _book(_alternatives(found, lang), f"{name} · {word('page.mark', lang)}",
                 f"{name} {word('report.alternatives', lang)}")  # fmt: skip
    _save(book, path)


def _book(sheets: Sequence[_Sheet], mark: str, title: str) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    for sheet in sheets:
        _fill(book.create_sheet(sheet.title), sheet, mark)
    book.properties.title = clean(title)
    book.properties.creator = "shequ"
    book.properties.created = FIXED_TIME
    return book


def _save(book: Workbook, path: Path) -> None:
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
        (word("name_source", lang), "@"),
    ]  # fmt: skip
    rows = []
    for number, (key, row) in enumerate(tables.communities.sort_index().iterrows(), start=1):
        now, was = _plain(row["households"]), _plain(row["households_before"])
        rows.append([
            number, name_in(row, "zh", or_else=str(key)), name_in(row, "en", or_else=str(key)), str(key),
            value_word("kind", row["kind"], lang), change_words(row, lang), now, was,
            None if now is None or was is None else now - was,
            value_word("limits", against(now, limits.min_households, limits.max_households), lang),
            _plain(row["people"]), _plain(row["people_before"]), row["area_m2"] / 1e6, _plain(row["blocks_count"]),
            _plain(row["buildings_count"]), _plain(row["estates_count"]),
            value_word("name_source", row["name_source"], lang),
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


def _matrix(tables: PlanTables, column: str, same: Mapping[tuple[int, int], str], lang: Lang) -> _Sheet:
    grid = matrix(tables, column, lang)
    form, unit = (_AREA, 1e6) if column == "area_m2" else (_COUNT, 1)
    columns = [
        (word("report.old_new", lang), "@"),
        *((str(name), form) for name in grid.columns),
        (word("total", lang), form),
    ]
    rows = []
    for name, row in zip(grid.index, grid.to_numpy() / unit, strict=True):
        values = [_plain(value) for value in row]
        rows.append([name, *values, _sum(values)])
    total = [word("total", lang), *(_sum(row[position] for row in rows) for position in range(1, len(columns)))]
    return _Sheet(word(f"sheet.matrix_{column}", lang), columns, rows, total=total, fills=same)


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


def _heirs(heirs: pd.DataFrame, tables: PlanTables, lang: Lang) -> _Sheet:
    columns = [(word(key, lang), form) for key, form in (
        ("community_before", "@"), ("heir", "@"), ("share_in_heir", _SHARE), ("rule_heir", "@"), ("by_planner", "@"),
        ("largest_part", "@"), ("share_largest", _SHARE), ("why", "@"))]  # fmt: skip
    called = names(tables, lang)

    def name(key: object) -> str | None:
        return None if is_missing(key) else called.get(str(key), str(key))

    rows = [
        [old_name(tables, key, lang), name(row["heir_id"]) or value_word("fate", "abolished", lang),
         _plain(row["heir_share"]), name(row["rule_heir_id"]), word("yes" if row["overridden"] else "no", lang),
         name(row["largest_id"]), _plain(row["largest_share"]), _text(row[f"text_{lang}"])]
        for key, row in heirs.iterrows()
    ]  # fmt: skip
    return _Sheet(word("sheet.heirs", lang), columns, rows)


def _scorecard(card: Scorecard, lang: Lang) -> _Sheet:
    keys = (
        "number",
        "principle",
        "measure",
        "before",
        "after",
        "unit",
        "verdict",
        "better",
        "formula",
        "source",
        "note",
    )
    columns = [(word(key, lang), "0" if key == "number" else _NUMBER if key in ("before", "after") else "@")
               for key in keys]  # fmt: skip
    numbers = {name: number for number, name in enumerate(card.measures["measure"].drop_duplicates(), start=1)}
    rows: list[list[Any]] = []
    forms: dict[tuple[int, int], str] = {}
    fills: dict[tuple[int, int], str] = {}
    for position, row in enumerate(card.measures.to_dict("records")):
        form = {"share": _SHARE, "index": _NUMBER, "km": "#,##0.0", "km²": _NUMBER}.get(row["unit"], _COUNT)
        forms |= {(position, 3): form, (position, 4): form}
        if fill := VERDICT_FILLS.get(row["verdict"]):
            fills[position, 6] = fill
        rows.append([
            numbers[row["measure"]], card.summary.loc[row["principle"], f"name_{lang}"], row[f"title_{lang}"],
            _plain(row["before"]), _plain(row["after"]), value_word("unit", row["unit"], lang),
            value_word("verdict", row["verdict"], lang), value_word("better", row["better"], lang),
            row[f"formula_{lang}"], row[f"source_{lang}"], _text(row[f"note_{lang}"]),
        ])  # fmt: skip
    return _Sheet(word("sheet.scorecard", lang), columns, rows, frozen_columns=3, forms=forms, fills=fills)


def _six_ones(card: Scorecard, lang: Lang) -> _Sheet:
    kinds = {one: zh if lang == "zh" else en for one, (zh, en, _) in SIX_ONES.items()}
    columns = [(word("before", lang) + " / " + word("after", lang), "@"), (word("community", lang), "@"),
               *((name, _COUNT) for name in kinds.values())]  # fmt: skip
    rows = [
        [word(row["when"], lang), name_in(row, lang, or_else=row["community_id"]),
         *(_plain(row[one]) for one in kinds)]
        for row in card.six_ones.to_dict("records")
    ]  # fmt: skip
    lacking = {
        (i, j + 2): VERDICT_FILLS["worse"] for i, row in enumerate(rows) for j, n in enumerate(row[2:]) if n == 0
    }
    return _Sheet(word("sheet.six_ones", lang), columns, rows, frozen_columns=2, fills=lacking)


def _conversions(found: Conversions, lang: Lang) -> _Sheet:
    conditions = [f"condition_{number}" for number in range(1, 5)]
    keys = ("name", "subject", "conversion_type", "households", "people", "mixed_share", "eligible", *conditions,
            "why", "evidence", "asks", "proposal", "overridden")  # fmt: skip
    forms = {"households": _COUNT, "people": _COUNT, "mixed_share": _SHARE}
    columns = [(word(key, lang), forms.get(key, "@")) for key in keys]
    rows = [
        [name_in(row, lang, or_else=str(key)), value_word("subject", row["subject"], lang),
         value_word("conversion", row["type"], lang), _plain(row["households"]), _plain(row["people"]),
         _plain(row["mixed_share"]),
         *(None if is_missing(row[name]) else value_word("eligible", row[name], lang)
           for name in ("eligible", *conditions)),
         conversion_reasons(row, lang), *(_text(row[f"{name}_{lang}"]) for name in ("evidence", "plan", "text")),
         word("yes" if row["overridden"] else "no", lang)]
        for key, row in pd.DataFrame(found.table).iterrows()
    ]  # fmt: skip
    return _Sheet(word("sheet.conversions", lang), columns, rows)


def _procedures(found: Conversions, lang: Lang) -> _Sheet:
    columns = [(word(key, lang), form) for key, form in (
        ("name", "@"), ("number", "0"), ("step", "@"), ("who", "@"), ("requirement", "@"), ("papers", "@"),
        ("day", _COUNT))]  # fmt: skip
    rows: list[list[Any]] = []
    for key, row in pd.DataFrame(found.table).iterrows():
        if row["type"] == "none":
            continue
        for step in procedure(row).steps:
            texts = [getattr(step, f"{name}_{lang}") for name in ("title", "who", "rule")]
            papers = ("、" if lang == "zh" else ", ").join(getattr(each, lang) for each in step.documents)
            said = [fullwidth(each) if lang == "zh" else each for each in (*texts, papers)]
            rows.append([name_in(row, lang, or_else=str(key)), step.number, *said, step.day])
    return _Sheet(word("sheet.procedures", lang), columns, rows or [[word("report.conversions_no", lang)]],
                  frozen_columns=2)  # fmt: skip


def _alternatives(found: Alternatives, lang: Lang) -> list[_Sheet]:
    """Return the plans side by side with what each gives up, their distances, what was tried, and notes."""
    shown = alternative_columns(found, lang)
    columns = [(word("alternative", lang), "@"), *((heading, _form(column)) for column, heading, _ in shown)]
    rows = [
        [str(plan), *(_cell_value(row[column], lang) for column, _, _ in shown)] for plan, row in found.table.iterrows()
    ]
    given = [[str(plan), text] for plan, text in found.gives_up[f"text_{lang}"].items()]
    plans = list(found.distances.columns)
    distances = [[str(plan), *(float(value) for value in row)] for plan, row in
                 zip(plans, found.distances.to_numpy(), strict=True)]  # fmt: skip
    tried = [
        [row[f"name_{lang}"], _plain(row["seed"]), _plain(row["objective"]), _text(row["plan_id"]), row[f"why_{lang}"]]
        for row in found.tried.to_dict("records")
    ]
    sheets = [
        _Sheet(word("sheet.alternatives", lang), columns, rows, frozen_columns=2),
        _Sheet(word("gives_up", lang), [(word(key, lang), "@") for key in ("alternative", "gives_up")], given),
        _Sheet(word("sheet.distances", lang), [(word("alternative", lang), "@"), *((str(p), _SHARE) for p in plans)],
               distances),
        _Sheet(word("sheet.tried", lang), [(word(key, lang), form) for key, form in (
            ("aim", "@"), ("chance", "0"), ("objective", _SUM), ("alternative", "@"), ("why", "@"))], tried),
    ]  # fmt: skip
    if found.notes:
        notes = [[fullwidth(note.zh) if lang == "zh" else note.en] for note in found.notes]
        sheets.append(_Sheet(word("note", lang), [(word("note", lang), "@")], notes))
    return sheets


def _form(column: str) -> str:
    if column in SHARES:
        return _SHARE
    if column == "objective":
        return _SUM
    return _AREA if column.endswith("_km2") else "@" if column.startswith("name_") or column == "pareto" else _COUNT


def _cell_value(value: Any, lang: Lang) -> Any:  # noqa: ANN401 - a value of a table, as a cell wants it
    if isinstance(value, str):
        return value
    return word("yes" if value else "no", lang) if isinstance(value, bool | np.bool_) else _plain(value)


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
            place = (number - _HEAD_ROW - 1, position - 1)
            form = sheet.forms.get(place, sheet.columns[position - 1][1])
            if place in sheet.fills:
                cell.fill = PatternFill("solid", fgColor=sheet.fills[place])
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
        widest = _WIDEST if longest < _LONG else 2 * _WIDEST
        needed.append(min(widest, max(longest + 3, _width(heading) * 0.6 + 3, 8)))
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
