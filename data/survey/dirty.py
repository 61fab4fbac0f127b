"""The same survey as hurried people fill it in: a workbook with an error of every kind, and the list of them."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from geo.standards.indicators import Catalogue
from geo.study import Study
from geo.survey.forms import FINDINGS, FIRST_ROW, HEAD_ROW, KEY_ROW, MARK, TOWN
from geo.survey.read import SurveyRead
from layers.sheets import save_book
from layers.survey_book import write_survey_xlsx
from survey.photos import draw, write_photos

ESTATES = (
    "XQ004", "XQ012", "XQ014", "XQ018", "XQ019", "XQ022", "XQ032", "XQ044", "XQ047", "XQ050", "XQ053", "XQ058", "XQ064",
)  # fmt: skip
"""The workbook is of these estates only: some of the pilot, some with lifts, and ordinary ones."""


@dataclass(frozen=True)
class Planted:
    """One planted error: its kind (`geo.survey.faults.KINDS`), sheet ("" for the file) and cell ("" for a sheet)."""

    kind: str
    sheet: str
    cell: str
    what: str


class _Page:
    """A sheet of the workbook: its columns by key, its filled rows, those already spoilt."""

    def __init__(self, page: Worksheet) -> None:
        self.page = page
        self.columns = {str(cell.value): cell.column for cell in page[KEY_ROW] if cell.value}
        self.spoilt: set[int] = set()

    def value(self, row: int, key: str) -> Any:  # noqa: ANN401 - a cell, whatever it holds
        return self.page.cell(row, self.columns[key]).value

    def cell(self, row: int, key: str) -> str:
        return f"{get_column_letter(self.columns[key])}{row}"

    def rows(self) -> Iterator[int]:
        first = next(iter(self.columns))
        for row in range(FIRST_ROW, self.page.max_row + 1):
            if row not in self.spoilt and self.value(row, first) not in {None, ""}:
                yield row

    def put(self, row: int, **values: Any) -> None:  # noqa: ANN401 - a cell, whatever it holds
        for key, value in values.items():
            self.page.cell(row, self.columns[key]).value = value


class _Book:
    """The workbook while errors are planted: every row and every subject is spoilt once at most."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.pages = {
            str(page["A1"].value).removeprefix(MARK): _Page(page)
            for page in book.worksheets
            if str(page["A1"].value).startswith(MARK)
        }
        self.subjects: set[str] = set()
        self.planted: list[Planted] = []

    def row(self, sheet: str, fits: Callable[[Callable[[str], Any]], bool] = lambda _: True) -> int:
        """Return the first row of a sheet that fits and is not spoilt yet, whose subject is not spoilt either."""
        page = self.pages[sheet]
        about = "subject_id" if sheet == FINDINGS else next(iter(page.columns))
        for row in page.rows():
            subject = str(page.value(row, about))
            if subject not in self.subjects and fits(lambda key, row=row: page.value(row, key)):
                page.spoilt.add(row)
                self.subjects.add(subject)
                return row
        raise LookupError(f"no row of {sheet} is left for this error")

    def new_row(self, sheet: str) -> int:
        """Return the first row below the table."""
        page = self.pages[sheet]
        row = max((r for r in (*page.rows(), *page.spoilt)), default=FIRST_ROW - 1) + 1
        page.spoilt.add(row)
        return row

    def answer(self, building: str, code: str, word: str) -> None:
        """Write the answer to one question of one building into its form."""
        for page in self.pages.values():
            if code in page.columns and "_id" in page.columns:
                for row in range(FIRST_ROW, page.page.max_row + 1):
                    if page.value(row, "_id") == building:
                        page.put(row, **{code: word})

    def note(self, kind: str, sheet: str, row: int, key: str, what: str) -> None:
        page = self.pages[sheet]
        self.planted.append(Planted(kind, page.page.title, page.cell(row, key), what))

    def spoil(
        self, kind: str, sheet: str, key: str, value: Any, what: str,  # noqa: ANN401 - a cell, whatever it holds
        fits: Callable[[Callable[[str], Any]], bool] = lambda _: True, *, at: str | None = None, **others: Any,  # noqa: ANN401
    ) -> int:  # fmt: skip
        """Put `value` into a cell of a row that fits, `others` beside it; the error shows in that cell, or in `at`."""
        row = self.row(sheet, fits)
        self.pages[sheet].put(row, **{key: value, **others})
        self.note(kind, sheet, row, at or key, what)
        return row


def part_of(study: Study) -> Study:
    """Return the study with the estates and buildings of the dirty workbook only."""
    buildings = study["buildings"]
    here = buildings[buildings["estate_id"].isin(ESTATES)]
    return study.having({"buildings": here, "estates": study["estates"].loc[list(ESTATES)]}, step="part")


def write_dirty(study: Study, catalogue: Catalogue, answers: SurveyRead, path: Path) -> tuple[Planted, ...]:
    """Write the dirty workbook, and beside it `<name>-planted.csv`, the list of what is wrong with it.

    Parameters
    ----------
    study : Study
        Qinghe, with the pilot of 2025 stored.
    catalogue : Catalogue
        The edition of the survey.
    answers : SurveyRead
        The clean survey.
    path : Path
        The workbook.
    """
    part = part_of(study)
    seen = answers.observations
    here = {*part["buildings"].index, *part["estates"].index, "town"}
    clean = replace(
        answers,
        observations=seen[seen["subject_id"].isin(here)],
        findings=answers.findings[answers.findings["subject_id"].isin(here)],
    )
    write_survey_xlsx(part, catalogue, path, lang="zh", answers=clean)
    book = _Book(load_workbook(path))
    for plant in (_findings, _places, _states, _forms, _estates, _town, _sheets):
        plant(book, study)
    save_book(book.book, path)
    _write_photos(clean, path.with_name("photos-dirty"))
    listed = io.StringIO()
    writer = csv.writer(listed, lineterminator="\n")
    writer.writerow(("kind", "sheet", "cell", "what"))
    writer.writerows((each.kind, each.sheet, each.cell, each.what) for each in book.planted)
    path.with_name(f"{path.stem}-planted.csv").write_text(listed.getvalue(), encoding="utf-8")
    return tuple(book.planted)


Row = Callable[[str], Any]


def _code(read: Row) -> str:
    """Return a finding's code, without the words behind it."""
    return str(read("code")).split(" ")[0]


def _open(read: Row, *codes: str) -> bool:
    return (
        read("subject") == "住宅楼"
        and read("status") in {"待整治", "已列入计划"}
        and (not codes or _code(read) in codes)
    )


def _findings(book: _Book, study: Study) -> None:
    """Errors in the sheet of findings."""
    page = book.pages[FINDINGS]
    first = book.row(FINDINGS, _open)
    page.put(first, finding_id="QH26-90001")
    book.spoil("finding_twice", FINDINGS, "finding_id", "QH26-90001", "问题编号抄了上面一行", _open)
    known = study["findings"]
    elsewhere = known[
        ~known["estate_id"].isin(ESTATES) & (known["status"] == "open") & (known["subject"] == "building")
    ]
    book.spoil("finding_moved", FINDINGS, "finding_id", elsewhere.index[0], "用了别的小区的问题编号", _open)
    others = study["buildings"]
    office = others.index[others["use"] == "office"][0]
    for kind, key, value, what, at in (
        ("subject_word", "subject", "房子", "对象自己起了名字", None),
        ("id_missing", "subject_id", None, "没有填楼栋编号", None),
        ("building_unknown", "subject_id", "JZ99999", "编号多写了一个数字", None),
        ("building_use", "subject_id", office, "写成了办公楼", None),
        ("code_missing", "code", None, "没有填问题代码", None),
        ("code_unknown", "code", "3z", "代码表里没有", None),
        ("severity_word", "severity", "很重要", "严重程度自己写", None),
        ("status_word", "status", "处理中", "状态自己写", None),
        ("date_missing", "surveyed_on", None, "漏填日期", None),
        ("date_unreadable", "surveyed_on", "2026年13月5日", "没有十三月", None),
        ("date_future", "surveyed_on", "2027-03-05", "年份写错", None),
        ("surveyor_missing", "surveyor", None, "没有签名", None),
        ("extent_unit_word", "extent_unit", "公斤", "单位写错", None),
        ("photo_path", "photo", "D:\\照片\\三幢.jpg", "带了盘符", None),
        ("photo_missing", "photo", "没有拍.jpg", "照片没有交", None),
        ("photo_ambiguous", "photo", "三幢楼道", "同名的照片有两张", None),
        ("blanks", "surveyor", " 周晓岚 ", "前后有空格", None),
        ("controls", "location", "2单元\x7f楼道", "粘贴来的看不见的字符", None),
        ("word_other", "severity", "较轻", "别的说法", None),
    ):
        fits = (lambda read: _open(read, "3a", "3g", "7b", "6a")) if kind in {"word_other", "building_use"} else _open
        fresh = {"finding_id": None, "x": None, "y": None} if key in {"subject", "subject_id", "code"} else {}
        fresh |= {"due_on": None} if key == "surveyed_on" else {}
        book.spoil(kind, FINDINGS, key, value, what, fits, at=at, **fresh)
    for kind, value, what, codes in (
        ("extent_text", "约十几处", "规模写成了话", ("3a", "3g", "3h")),
        ("extent_negative", -3, "负数", ("3e", "3f", "3g", "3h")),
        ("extent_infinite", "inf", "不是数", ("6a", "6c")),
        ("extent_fraction", 2.5, "半处", ("3a", "3g", "3h", "7b")),
        ("extent_implausible", 98_000_000, "多写了几个零", ("4d", "4e", "6a")),
        ("extent_missing", None, "没有量", ("6a", "6c", "4d")),
        ("flats_over", 900, "套数比全楼还多", ("9d", "7d")),
        ("fullwidth", "１２", "全角数字", ("6a", "6c")),
        ("number_text", "12米", "数字带了单位", ("6a", "6c")),
    ):
        book.spoil(kind, FINDINGS, "extent", value, what, lambda read, codes=codes: _open(read, *codes))
    book.spoil("extent_unit", FINDINGS, "extent_unit", "米", "单位不符", lambda read: _open(read, "4a", "4d", "4e"))
    leaking = lambda read: _open(read, "4a")  # noqa: E731 - said once, used twice
    book.spoil("severity_milder", FINDINGS, "severity", "一般", "45平方米只填一般", leaking, extent=45)
    book.spoil("severity_graver", FINDINGS, "severity", "很严重", "3平方米填了很严重", leaking, extent=3)
    book.spoil("code_subject", FINDINGS, "code", "14", "楼栋用了小区的代码", _open, finding_id=None, extent=None,
               extent_unit=None)  # fmt: skip
    dated = {"surveyed_on": "2026-05-20", "due_on": None}
    book.spoil("done_without_date", FINDINGS, "status", "已整治", "没有完成日期", _open, at="done_on")
    book.spoil("done_not_done", FINDINGS, "done_on", "2026-08-30", "状态没有改", _open, at="done_on")
    book.spoil("done_before_survey", FINDINGS, "done_on", "2026-04-01", "完成早于调查", _open, status="已整治", **dated)
    book.spoil("due_before_survey", FINDINGS, "due_on", "2026-04-01", "期限早于调查", _open, surveyed_on="2026-05-20")
    year = study["buildings"]["year_built"]
    late = set(year.index[year.between(1996, 2020)])
    early = set(year.index[year.between(1950, 1984)])
    book.spoil("date_before_built", FINDINGS, "surveyed_on", "1994-05-20", "楼还没有盖",
               lambda read: _open(read) and read("subject_id") in late, due_on=None)  # fmt: skip
    book.spoil("date_before_1990", FINDINGS, "surveyed_on", "1986-05-20", "年份少了四十年",
               lambda read: _open(read) and read("subject_id") in early, due_on=None)  # fmt: skip
    ended = lambda read: read("subject") == "住宅楼" and read("status") in {"已整治", "已复核"}  # noqa: E731
    seen_again = {"surveyed_on": "2026-09-21", "due_on": None}
    for kind, what, others in (
        ("status_older", "整治以前的旧表又交了一次", {}),
        ("status_back", "复查发现没有修好", seen_again),
    ):
        row = book.spoil(kind, FINDINGS, "status", "待整治", what, ended, done_on=None, **others)
        book.answer(page.value(row, "subject_id"), _code(lambda key, row=row: page.value(row, key)), "有")
    estates = lambda read: read("subject") == "小区"  # noqa: E731
    fresh = {"finding_id": None, "x": None, "y": None}
    book.spoil("subject_missing", FINDINGS, "subject", None, "没有选小区还是单元", estates, **fresh)
    book.spoil("estate_unknown", FINDINGS, "subject_id", "XQ999", "没有这个小区", estates, **fresh)
    book.spoil("unit_unknown", FINDINGS, "subject_id", "U999", "没有这个单元", estates, subject="体检单元", **fresh)
    book.spoil("block_unknown", FINDINGS, "subject_id", "B9999", "没有这个街坊", estates, subject="街坊", code="26",
               extent=2, extent_unit="处", **fresh)  # fmt: skip
    row = book.spoil("error_cell", FINDINGS, "extent", "#REF!", "公式错误", lambda read: _open(read, "6a", "6c"))
    page.page.cell(row, page.columns["extent"]).data_type = "e"
    book.spoil("formula_unevaluated", FINDINGS, "extent", "=3+4", "公式没有算过", lambda read: _open(read, "6a", "6c"))


def _places(book: _Book, study: Study) -> None:
    """Errors of coordinates."""
    middle = study["buildings"].geometry.representative_point()

    def x(row: Row) -> float:
        return round(float(middle[row("subject_id")].x), 1)

    def y(row: Row) -> float:
        return round(float(middle[row("subject_id")].y), 1)

    page = book.pages[FINDINGS]
    for kind, at, what, value in (
        ("place_not_number", "x", "写成了方位", lambda r: ("东边", y(r))),
        ("place_half", "y", "只填了一个", lambda r: (x(r), None)),
        ("place_swapped", "x", "填反了", lambda r: (y(r), x(r))),
        ("place_outside", "x", "在镇外", lambda r: (x(r) + 60_000, y(r))),
        ("place_far", "x", "离楼一里地", lambda r: (x(r) + 600, y(r))),
    ):
        row = book.row(FINDINGS, _open)
        east, north = value(lambda key, row=row: page.value(row, key))
        page.put(row, x=east, y=north)
        book.note(kind, FINDINGS, row, at, what)


def _states(book: _Book, study: Study) -> None:
    """Errors in the answers about buildings."""
    known = study["findings"]
    listed = known[(known["status"].isin(["open", "scheduled"])) & (known["subject"] == "building")]
    pairs = set(zip(listed["subject_id"], listed["code"], strict=True))
    book.spoil("result_word", "structure", "1a", "也许", "没有选")
    book.spoil("contradiction", "envelope", "4d", "无", "问题明细里有，这里填无",
               lambda read: (read("id"), "4d") in pairs and read("4d") == "有")  # fmt: skip
    low = study["buildings"]["floors"]
    few = set(low.index[low.between(3, 7)])
    book.spoil("not_applicable_found", "stairs", "3c", "有", "五层楼没有消防门", lambda read: read("id") in few)
    row = book.row("pipes", lambda read: (read("id"), "6a") in pairs)
    building = book.pages["pipes"].value(row, "id")
    book.pages["pipes"].put(row, **{"6a": "无"})
    page = book.pages[FINDINGS]
    for each in list(page.rows()):
        if page.value(each, "subject_id") == building and str(page.value(each, "code")).startswith("6a"):
            page.put(each, **dict.fromkeys(page.columns))
    book.note("clear_but_open", "pipes", row, "6a", "项目里还没有销号")


def _forms(book: _Book, study: Study) -> None:
    """Errors in the rows of a form."""
    page = book.pages["structure"]
    first = book.row("structure")
    row = book.new_row("structure")
    page.put(row, **{key: page.value(first, key) for key in page.columns if key != "_id"})
    book.note("row_twice", "structure", row, "id", "同一栋楼填了两行")
    row = book.new_row("structure")
    page.put(row, surveyed_on="2026-05-20", surveyor="周晓岚", **{"1a": "无"})
    book.note("id_missing", "structure", row, "id", "新楼没有编号")
    buildings = study["buildings"]
    other = buildings.index[(buildings["use"] == "residential") & (buildings["estate_id"] == "XQ071")][0]
    book.spoil("id_edited", "structure", "id", other, "编号被改成别的楼")
    merged = book.row("structure")
    cell = page.cell(merged, "name")
    page.page.merge_cells(f"{cell}:{page.cell(merged + 1, 'name')}")
    page.spoilt.add(merged + 1)
    book.planted.extend(
        Planted("merged_cells", page.page.title, page.cell(r, "name"), "合并了单元格") for r in (merged, merged + 1)
    )


def _estates(book: _Book, study: Study) -> None:  # noqa: ARG001 - the planters share a signature
    """Errors in what was counted in the compounds."""
    for kind, sheet, key, value, what in (
        ("value_text", "parking", "parking_spaces", "六十个左右吧", "写成了话"),
        ("value_negative", "parking", "ev_demand", -4, "负数"),
        ("value_infinite", "parking", "ebike_demand", "inf", "不是数"),
        ("value_not_whole", "parking", "ev_public", 1.5, "半个充电桩"),
        ("flag_word", "parking", "fire_lane_occupied", "有时候", "既不是也不否"),
        ("value_implausible", "grounds", "ground_m2", 9_000_000_000, "多写了几个零"),
        ("share_over_one", "upgrading", "support_ageing", 3.5, "超过百分之百"),
    ):
        name = next(each for each, page in book.pages.items() if each.startswith(sheet) and key in page.columns)
        page = book.pages[name]
        row = next(iter(page.rows()))
        page.spoilt.add(row)
        page.put(row, **{key: value})
        book.note(kind, name, row, key, what)


def _town(book: _Book, study: Study) -> None:  # noqa: ARG001
    """Errors in the figures entered by hand."""
    page = book.pages[TOWN]
    rows = {str(page.value(row, "item")): row for row in page.rows()}
    for kind, item, key, at, value, what in (
        ("town_source_missing", "value_bridges", "source", "source", None, "没有写来源"),
        ("percent_range", "value_sewage", "value", "value", 684, "小数点丢了"),
        ("percent_as_share", "value_heritage_vacant", "value", "value", 0.225, "写成了比例"),
        ("town_item_unknown", "value_old_industrial", "item", "item", "value_happiness", "自己加了一项"),
    ):
        page.put(rows[item], **{key: value})
        book.note(kind, TOWN, rows[item], at, what)
    page.put(rows["value_road_density"], value=6.1, source="演示数据（县住建局）", surveyed_on="2026-08-31")
    book.note("town_computed_too", TOWN, rows["value_road_density"], "item", "能算的也填了")
    row = book.new_row(TOWN)
    page.put(row, item="value_structure", value=12, source="演示数据", surveyed_on="2026-08-31")
    book.note("town_computed", TOWN, row, "item", "住房指标不能手工填")


def _sheets(book: _Book, study: Study) -> None:  # noqa: ARG001
    """Errors of sheets and columns."""
    whole = book.book

    def sheet(kind: str, title: str, what: str) -> None:
        book.planted.append(Planted(kind, title, "", what))

    gas = book.pages["gas"].page
    gas.title = "燃气（老王改）"
    sheet("photo_unreferenced", book.pages[FINDINGS].page.title, "多交了没人认领的照片")
    sheet("sheet_renamed", gas.title, "改了表名")
    whole.create_sheet("我的备忘")["A1"] = "周三再去一次七幢"
    sheet("sheet_unknown", "我的备忘", "自己加了一张表")
    envelope = book.pages["envelope"]
    end = envelope.page.max_column + 1
    envelope.page.cell(KEY_ROW, end).value, envelope.page.cell(HEAD_ROW, end).value = "surveyor", "调查人"
    sheet("column_twice", envelope.page.title, "调查人列抄了两遍")
    envelope.page.cell(HEAD_ROW, end + 1).value = "住户电话"
    sheet("column_unknown", envelope.page.title, "自己加了一列")
    pipes = book.pages["pipes"]
    column = pipes.columns["6b"]
    for row in (KEY_ROW, HEAD_ROW):
        pipes.page.cell(row, column).value = None
    sheet("column_missing", pipes.page.title, "删掉了一列")
    copied = whole.copy_worksheet(book.pages["stairs"].page)
    copied.title = "楼道 (2)"
    sheet("sheet_twice", copied.title, "抄了一张表")
    grounds = next(page for key, page in book.pages.items() if key.startswith("services"))
    for cell in grounds.page[KEY_ROW]:
        cell.value = None
    sheet("keys_missing", grounds.page.title, "隐藏行被删")
    whole.remove(next(page for key, page in book.pages.items() if key.startswith("management")).page)
    sheet("sheet_missing", "", "交来时少了一张表")


def _write_photos(survey: SurveyRead, folder: Path) -> None:
    """Write the photos of the dirty workbook: two of one name, and one that no finding names."""
    write_photos(survey.findings, folder)
    (folder / "三幢楼道.jpg").write_bytes(draw("三幢楼道", "3g", "general"))
    (folder / "三幢楼道.png").write_bytes(draw("三幢楼道", "3g", "general"))
    (folder / "没人认领.jpg").write_bytes(draw("没人认领", "4a", "general"))
