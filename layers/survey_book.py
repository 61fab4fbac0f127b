"""The survey as a workbook that surveyors fill in: forms with drop-downs, the building list filled in, codes locked.

Cells to fill in are unlocked by their column, so a sheet holds only what is filled in already: 6,000 buildings on six
forms are some 200,000 cells. Machine keys stand in two hidden rows; headings may be read in either language.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from geo.standards.indicators import Catalogue
from geo.study import Study
from geo.survey.forms import (
    CHECK_KEY,
    FINDING_FIELDS,
    FINDINGS,
    FINDINGS_TITLES,
    FIRST_ROW,
    FORMAT,
    GUIDE,
    GUIDE_TITLES,
    HEAD_ROW,
    KEY_ROW,
    LISTS_SHEET,
    MARK,
    META_SHEET,
    NOTE_ROW,
    TITLE_ROW,
    TOWN,
    TOWN_FIELDS,
    TOWN_TITLES,
    Field,
    Form,
    forms,
    study_mark,
    town_rows,
)
from geo.survey.read import SurveyRead
from geo.survey.words import LISTS, said
from layers.office import FIXED_TIME, clean, settle, write_whole
from layers.words import Lang, is_missing

_FONT = "等线"
_HEAD, _LOCKED, _INPUT, _MUST = "24476B", "EFECE4", "FFFFFF", "8A3B12"
_LINE = Side(style="thin", color="C9C3B5")
_BORDER = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_DATE, _TEXT = "yyyy-mm-dd", "@"
_SPARE_FINDINGS = 3_000
"""Rows with drop-downs on the sheet of findings beyond those that are filled in."""

_UNITS = {
    "m2": ("平方米", "m²"), "m": ("米", "m"), "count": ("个", "count"), "people": ("人", "people"), "flats": ("套",
    "flats"),
    "share": ("%", "%"), "percent": ("%", "%"), "flag": ("是/否", "yes/no"), "classes": ("班", "classes"),
}  # fmt: skip
_NOTES = {
    "form": (
        "填“有”“无”或“不涉及”；空白表示未调查，不等于没有问题。"
        "填了结果的行须有调查日期和调查人。灰色单元格由软件生成，请勿改动。",
        "Write Found, Clear or Not applicable; empty means not surveyed, not clear. Rows with answers need day and "
        "surveyor. Grey cells are made by the software: do not change them.",
    ),
    FINDINGS: (
        "每行一处问题。对象编号与代码从下拉框选择；新问题的编号留空。规模按代码的单位填写；"
        "坐标可空（按对象中心）；照片只填文件名，多张用分号隔开。",
        "One problem a row. Choose subject id and code from the lists; leave the id of a new finding empty. Give the "
        "extent in the code's unit; places may be empty; photos by file name, divided by semicolons.",
    ),
    TOWN: (
        "街区、城区指标中不能由数据计算的，在此填写数值和来源；没有来源的数值不采用。",
        "Values of block and city indicators that do not follow from data: with their source, or they are not used.",
    ),
}
_GUIDE = (
    ("1. 先体检后改造：逐栋、逐小区填写。只填看到的、量到的，不清楚的留空。",
     "1. Go building by building, estate by estate. Write what was seen and measured; leave empty what is unknown."),
    ("2. 表单中填“有”即可计数；需要位置、规模、照片的，另在“问题明细”中逐处填写。",
     "2. Found on a form is enough to be counted; write places, extents and photos on the sheet of findings."),
    ("3. 表单填“无”而问题明细中有同一对象的同一问题，导入时会作为错误报告。",
     "3. Clear on a form while the findings list the same problem of the same subject is reported as an error."),
    ("4. 可分批填写、多次导入：按问题编号更新，不会重复。已销号的问题请改状态并填完成日期，不要删行。",
     "4. Fill in and import in parts, as often as you like: findings are updated by id and never double. For what was "
     "put right, set status and day; do not delete rows."),
    ("5. 日期写成 2026-03-01；数字用半角；单位已在表头注明，数值中不写单位。",
     "5. Write days like 2026-03-01, and numbers without their unit."),
    ("6. 请勿改动工作表名称以外的结构（不增删列、不合并单元格、不改灰色单元格）。",
     "6. Keep the structure: no columns added or deleted, no merged cells, grey cells unchanged."),
)  # fmt: skip


@dataclass(frozen=True)
class _Page:
    """One sheet: key, name, columns, the rows that are filled in, and how many rows may be filled in."""

    key: str
    title: str
    note: str
    fields: tuple[Field, ...]
    rows: Iterable[Sequence[Any]]
    open_rows: int
    frozen: int


def write_survey_xlsx(
    study: Study, catalogue: Catalogue, path: Path, *, lang: Lang = "zh", answers: SurveyRead | None = None
) -> None:
    """Write the survey workbook of a study, whole or not at all; the same study gives the same bytes.

    Parameters
    ----------
    study
        Its buildings, estates and units are the rows.
    catalogue
        The edition whose codes and items are asked for.
    path
        The file; one that is there is replaced.
    lang
        Language of sheets, headings, drop-downs and guide. Both are read back.
    answers
        Answers to fill in: what was read of an earlier survey.
    """
    en = lang == "en"
    asked = forms(study, catalogue)
    lists = _lists(asked, catalogue, lang)
    book = Workbook(write_only=True)
    _guide(book.create_sheet(GUIDE_TITLES[en]), asked, study, catalogue, lang)
    known = None if answers is None or answers.observations.empty else answers.observations
    for form in asked:
        filled = _form_rows(form, known, lang)
        title = form.title_en if en else form.title_zh
        frozen = 2 if form.columns[1].key == "name" else 1
        page = _Page(form.key, title, _NOTES["form"][en], form.columns, filled, len(form.rows), frozen)
        _write(book.create_sheet(title), page, study, lists, lang)
    town = list(_town_rows(catalogue, known, lang))
    _write(book.create_sheet(TOWN_TITLES[en]),
           _Page(TOWN, TOWN_TITLES[en], _NOTES[TOWN][en], TOWN_FIELDS, town, len(town), 3), study, lists,
           lang)  # fmt: skip
    listed = [] if answers is None else _finding_rows(answers, catalogue, lang)
    count = 0 if answers is None else len(answers.findings)
    page = _Page(
        FINDINGS, FINDINGS_TITLES[en], _NOTES[FINDINGS][en], FINDING_FIELDS, listed, count + _SPARE_FINDINGS, 1
    )
    _write(book.create_sheet(FINDINGS_TITLES[en]), page, study, lists, lang)
    _hidden(book, LISTS_SHEET, _columns_of(lists))
    _hidden(book, META_SHEET, [
        ("format", FORMAT), ("study", study.name), ("study_mark", study_mark(study)), ("catalogue", catalogue.name),
        ("edition", catalogue.edition), ("lang", lang), *(("form", form.key) for form in asked),
    ])  # fmt: skip
    book.properties.title = clean(f"{study.name} {catalogue.title_zh}")
    book.properties.creator = "shequ"
    book.properties.created = FIXED_TIME
    content = io.BytesIO()
    book.save(content)
    write_whole(settle(content.getvalue()), path)


def _lists(asked: Sequence[Form], catalogue: Catalogue, lang: Lang) -> dict[str, list[str]]:
    """Return the words of every drop-down."""
    en = lang == "en"
    ids = [each for rows in {form.subject: form.rows for form in asked}.values() for each in rows.index]
    return {
        **{name: [pair[en] for pair in words.values()] for name, words in LISTS.items()},
        "code": [_code_word(catalogue, code, lang) for code in catalogue.codes],
        "subject_id": [str(each) for each in ids],
    }


def _code_word(catalogue: Catalogue, code: str, lang: Lang) -> str:
    one = catalogue.codes[code][1]
    return f"{code} {one.title_en if lang == 'en' else one.title_zh}"


def _columns_of(lists: Mapping[str, Sequence[str]]) -> Iterator[list[str | None]]:
    yield list(lists)
    for row in range(max(len(words) for words in lists.values())):
        yield [words[row] if row < len(words) else None for words in lists.values()]


def _hidden(book: Workbook, title: str, rows: Iterable[Sequence[Any]]) -> None:
    page = book.create_sheet(title)
    page.sheet_state = "hidden"
    for row in rows:
        page.append([_safe(page, value) for value in row])


def _safe(page: Worksheet, value: Any) -> Any:  # noqa: ANN401 - a cell's value
    """Return a cell; text that a spreadsheet would read as a formula stays text."""
    if not isinstance(value, str):
        return value
    text = clean(value)
    if text[:1] not in ("=", "+", "-", "@", "\t"):
        return text
    cell = WriteOnlyCell(page, text)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def _form_rows(form: Form, known: pd.DataFrame | None, lang: Lang) -> Iterator[list[Any]]:
    """Yield the rows of a form: whom it asks, and what is known already."""
    answers: dict[str, Mapping[str, Any]] = {}
    if known is not None:
        mine = known[(known["subject"] == form.subject) & known["item"].isin([field.key for field in form.fields])]
        answers = _answers_by_id(form, mine, lang)
    who = [field.key for field in form.columns if field.key in form.rows.columns]
    rest = [field.key for field in form.columns[1 + len(who) :]]
    for key, texts in zip(form.rows.index, form.rows[who].to_numpy(dtype=object), strict=True):
        given = answers.get(key, {})
        yield [key, *texts, *(key if name == CHECK_KEY else given.get(name) for name in rest)]


def _answers_by_id(form: Form, mine: pd.DataFrame, lang: Lang) -> dict[str, Mapping[str, Any]]:
    """Return id → column → what to write."""
    flags = {field.key for field in form.fields if field.kind == "flag"}
    out: dict[str, dict[str, Any]] = {}
    columns = [mine[name].to_numpy(dtype=object) for name in
               ("subject_id", "item", "state", "value", "surveyed_on", "surveyor")]  # fmt: skip
    for key, item, state, value, day, who in zip(*columns, strict=True):
        row = out.setdefault(key, {})
        if state != "measured":
            row[item] = said("result", state, lang)
        elif item in flags:
            row[item] = said("flag", "yes" if value else "no", lang)
        else:
            row[item] = value
        row["surveyed_on"], row["surveyor"] = _day(day), _text(who)
    return dict(out)


def _town_rows(catalogue: Catalogue, known: pd.DataFrame | None, lang: Lang) -> Iterator[list[Any]]:
    """Yield the rows of the sheet of values entered by hand."""
    given = {} if known is None else known[known["subject"] == "town"].set_index("item").to_dict("index")
    how = (("手工填报", "entered"), ("软件计算", "computed"))
    for key, row in town_rows(catalogue).iterrows():
        told: Mapping[str, Any] = given.get(str(key), {})
        yield [
            str(key), row["number"], row[f"title_{lang}"], row[f"unit_{lang}"], how[not row["entered"]][lang == "en"],
            told.get("value"), _text(told.get("source")), _day(told.get("surveyed_on")), _text(told.get("surveyor")),
        ]  # fmt: skip


def _finding_rows(answers: SurveyRead, catalogue: Catalogue, lang: Lang) -> Iterator[list[Any]]:
    """Yield the findings that are known."""
    table = answers.findings
    placed = table["place_given"].fillna(value=False).to_numpy(dtype=bool)
    x, y = (np.round(getattr(table.geometry, axis).to_numpy(), 2) for axis in ("x", "y"))
    codes = {code: _code_word(catalogue, code, lang) for code in catalogue.codes}
    words = {name: {key: said(name, key, lang) for key in keys} for name, keys in LISTS.items()}
    columns: dict[str, Sequence[Any]] = {"finding_id": table.index.tolist()}
    for field in FINDING_FIELDS[1:]:
        if field.key in ("x", "y"):
            columns[field.key] = [
                float(v) if p else None for v, p in zip(x if field.key == "x" else y, placed, strict=True)
            ]
            continue
        values = table[field.key].to_numpy(dtype=object)
        if field.key == "code":
            columns[field.key] = [codes.get(each, each) for each in values]
        elif field.kind == "word":
            columns[field.key] = [None if is_missing(each) else words[field.words][each] for each in values]
        else:
            columns[field.key] = [_day(each) if field.kind == "day" else each for each in values]
    for row in zip(*columns.values(), strict=True):
        yield [None if is_missing(value) else value for value in row]


def _day(value: Any) -> date | None:  # noqa: ANN401 - a cell of a table
    return None if is_missing(value) or value == "" else date.fromisoformat(str(value))


def _text(value: Any) -> str | None:  # noqa: ANN401 - a cell of a table
    return None if is_missing(value) else str(value)


def _write(page: Worksheet, sheet: _Page, study: Study, lists: Mapping[str, Sequence[str]], lang: Lang) -> None:
    """Write one sheet: hidden keys, title, note, headings, rows; then widths, drop-downs, protection, printing."""
    en = lang == "en"
    last = HEAD_ROW + sheet.open_rows
    _shape(page, sheet, last)
    page.append([f"{MARK}{sheet.key}"])
    page.append([field.key for field in sheet.fields])
    name = study.name_en or study.name if en else study.name
    page.append([_styled(page, clean(f"{name} {'examination survey' if en else '城市体检调查表'} · {sheet.title}"),
                         Font(name=_FONT, size=15, bold=True, color="1F2A37"))])  # fmt: skip
    page.append([_styled(page, sheet.note, Font(name=_FONT, size=9.5, color="5A5A5A"))])
    page.append([_heading(page, field, lang) for field in sheet.fields])
    shapes = [_body(page, field) for field in sheet.fields]
    for row in sheet.rows:
        cells = []
        for value, shape in zip(row, shapes, strict=True):
            held = None if is_missing(value) else clean(value) if isinstance(value, str) else value
            cell = WriteOnlyCell(page, held)
            cell._style = shape
            if cell.data_type == "f":
                cell.data_type = "s"
            cells.append(cell)
        page.append(cells)
    _drop_downs(page, sheet, lists, last, lang)


def _shape(page: Worksheet, sheet: _Page, last: int) -> None:
    """Set widths, column styles, frozen panes, protection and what a printer needs; before the rows are written."""
    for position, field in enumerate(sheet.fields, start=1):
        column = page.column_dimensions[get_column_letter(position)]
        column.width = field.width
        column.font, column.alignment = Font(name=_FONT, size=10.5), Alignment(vertical="center")
        column.protection = Protection(locked=field.locked)
        column.number_format = _form(field)
        column.hidden = field.key == CHECK_KEY
    for row in (1, KEY_ROW):
        page.row_dimensions[row].hidden = True
    for row, height in ((TITLE_ROW, 27), (NOTE_ROW, 18), (HEAD_ROW, 66)):
        page.row_dimensions[row].height = height
    page.freeze_panes = f"{get_column_letter(sheet.frozen + 1)}{FIRST_ROW}"
    page.sheet_view.showGridLines = False
    page.auto_filter.ref = f"A{HEAD_ROW}:{get_column_letter(len(sheet.fields))}{max(last, FIRST_ROW)}"
    guard = page.protection
    guard.sheet = True
    guard.formatCells = guard.formatColumns = guard.formatRows = guard.autoFilter = guard.sort = False
    if sheet.key == FINDINGS:
        guard.insertRows = guard.deleteRows = False
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", Worksheet.PAPERSIZE_A4
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.page_setup.fitToHeight = 0
    page.print_title_rows = f"{HEAD_ROW}:{HEAD_ROW}"
    page.oddFooter.left.text, page.oddFooter.right.text = sheet.title.replace("&", "&&"), "&P / &N"


def _form(field: Field) -> str:
    if field.kind == "day":
        return _DATE
    if field.kind == "share":
        return "0%"
    return "General" if field.kind in ("number", "count") else _TEXT


def _styled(page: Worksheet, text: str, font: Font) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, text)
    cell.font, cell.alignment, cell.data_type = font, Alignment(vertical="center"), "s"
    return cell


def _heading(page: Worksheet, field: Field, lang: Lang) -> WriteOnlyCell:
    """Return the heading of a column: code or unit on a line of its own."""
    title = field.title_en if lang == "en" else field.title_zh
    if field.code is not None:
        title = f"{field.code.code}\n{title}"
    elif field.unit:
        unit = _UNITS.get(field.unit, (field.unit, field.unit))[lang == "en"]
        title = f"{title}\n（{unit}）" if lang == "zh" else f"{title}\n({unit})"
    cell = _styled(page, title, Font(name=_FONT, size=10, bold=True, color="FFFFFF"))
    must = field.key in ("surveyed_on", "surveyor", "subject", "subject_id", "code", "source") and not field.locked
    cell.fill = PatternFill(
        "solid", fgColor=_MUST if must or (field.item is not None and field.item.required) else _HEAD
    )
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    cell.border = _BORDER
    return cell


def _body(page: Worksheet, field: Field) -> Any:  # noqa: ANN401 - openpyxl's style array
    """Return the style of a column's cells."""
    cell = WriteOnlyCell(page)
    cell.font, cell.border = Font(name=_FONT, size=10.5), _BORDER
    centred = "center" if field.kind in ("result", "flag", "word", "day") else None
    cell.alignment = Alignment(vertical="center", horizontal=centred)
    cell.fill = PatternFill("solid", fgColor=_LOCKED if field.locked else _INPUT)
    cell.protection = Protection(locked=field.locked)
    cell.number_format = _form(field)
    return cell._style  # what a cell of this column is like; openpyxl has no public name for it


def _drop_downs(
    page: Worksheet, sheet: _Page, lists: Mapping[str, Sequence[str]], last: int, lang: Lang
) -> None:  # fmt: skip
    """Put drop-downs, limits of numbers and days, and colours of answers on the columns to fill in."""
    en = lang == "en"
    wrong = ("此项请从下拉框选择，或按格式填写。", "Choose from the list, or keep to the form of the column.")[en]
    for position, field in enumerate(sheet.fields, start=1):
        if field.locked or last < FIRST_ROW:
            continue
        cells = f"{get_column_letter(position)}{FIRST_ROW}:{get_column_letter(position)}{last}"
        name = field.words or ("subject_id" if field.key == "subject_id" else "")
        if name:
            column = get_column_letter(list(lists).index(name) + 1)
            rule = DataValidation("list", formula1=f"{LISTS_SHEET}!${column}$2:${column}${len(lists[name]) + 1}")
            rule.errorStyle = "warning" if name == "subject_id" else "stop"
        elif field.kind == "day":
            rule = DataValidation("date", operator="between", formula1="32874", formula2="73050")
        elif field.kind == "share":
            rule = DataValidation("decimal", operator="between", formula1="0", formula2="1", errorStyle="warning")
        elif field.kind in ("number", "count") and field.key not in ("x", "y"):
            rule = DataValidation("decimal", operator="greaterThanOrEqual", formula1="0", errorStyle="warning")
        else:
            continue
        rule.allow_blank, rule.showErrorMessage, rule.error = True, True, wrong
        if field.code is not None:
            note = field.code.note_en if en else field.code.note_zh
            rule.showInputMessage, rule.promptTitle = True, f"{field.code.code}"
            rule.prompt = clean(f"{field.title_en if en else field.title_zh} {note}".strip())[:250]
        rule.add(cells)
        page.data_validations.append(rule)
        if field.kind == "result":
            for key, colour in (("found", "F6C9BE"), ("clear", "DCEBD9"), ("not_applicable", "E6E6E6")):
                page.conditional_formatting.add(cells, CellIsRule(
                    "equal", [f'"{said("result", key, lang)}"'], fill=PatternFill("solid",
                    bgColor=colour)))  # fmt: skip


def _guide(page: Worksheet, asked: Sequence[Form], study: Study, catalogue: Catalogue, lang: Lang) -> None:
    """Write how to fill in, the sheets, and the codes with units and severities."""
    en = lang == "en"
    for position, width in enumerate((16, 46, 14, 18, 20, 34), start=1):
        page.column_dimensions[get_column_letter(position)].width = width
    page.row_dimensions[1].hidden = True
    page.row_dimensions[2].height = 30
    page.sheet_view.showGridLines = False
    page.protection.sheet = True
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", Worksheet.PAPERSIZE_A4
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.page_setup.fitToHeight = 0
    page.append([f"{MARK}{GUIDE}"])
    name = study.name_en or study.name if en else study.name
    title = f"{name} {'examination survey: how to fill in' if en else '城市体检调查表填表说明'}"
    page.append([_styled(page, clean(title), Font(name=_FONT, size=16, bold=True, color="1F2A37"))])
    plain, bold = Font(name=_FONT, size=11), Font(name=_FONT, size=11, bold=True, color="24476B")
    page.append([_styled(page, f"{catalogue.title_en if en else catalogue.title_zh}（{catalogue.edition}）", plain)])
    page.append([_styled(page, clean(catalogue.source_en if en else catalogue.source), plain)])
    page.append([])
    for pair in _GUIDE:
        page.append([_styled(page, pair[en], plain)])
    page.append([])
    page.append([_styled(page, "Sheets" if en else "工作表", bold)])
    for form in asked:
        rows = f"{len(form.rows):,} × {len(form.fields)}"
        page.append([_cell(page, form.title_en if en else form.title_zh), _cell(page, rows)])
    page.append([])
    page.append([_styled(page, "Codes" if en else "问题代码", bold)])
    heads = (("代码", "Code"), ("问题", "Problem"), ("规模单位", "Unit of extent"), ("默认严重程度",
    "Severity unless told"),
             ("按规模分级", "Severity by extent"), ("指标", "Indicator"))  # fmt: skip
    page.append([_cell(page, pair[en], head=True) for pair in heads])
    for code, (indicator, one) in catalogue.codes.items():
        unit = _UNITS.get(one.extent, ("", ""))[en]
        steps = " / ".join(f"≥ {step:g} {unit}" for step in one.severity_from)
        page.append([_cell(page, value) for value in (
            code, one.title_en if en else one.title_zh, unit, said("severity", one.severity, lang), steps,
            f"{indicator.number} {indicator.title_en if en else indicator.title_zh}")])  # fmt: skip


def _cell(page: Worksheet, text: str, *, head: bool = False) -> WriteOnlyCell:
    cell = _styled(page, clean(text), Font(name=_FONT, size=10.5, bold=head, color="FFFFFF" if head else "1F2A37"))
    cell.border = _BORDER
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    if head:
        cell.fill = PatternFill("solid", fgColor=_HEAD)
    return cell
