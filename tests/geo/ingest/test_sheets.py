"""Lists of offices: headings found, cells checked, and files that would break a reader refused."""

import datetime as dt
import struct
import tracemalloc
import zipfile
from pathlib import Path

import openpyxl
import pytest

from geo.errors import InputError
from geo.ingest.sheets import Field, read_sheet, sheet_names

FIELDS = (
    Field("key", ("编号",), required=True, filled=True),
    Field("size", ("面积(平方米)",), "number", minimum=0.01),
    Field("storeys", ("层数",), "count", maximum=100),
    Field("sold", ("已售",), "flag"),
    Field("day", ("日期",), "day"),
    Field("answer", ("意见",), "word", words={"同意": "yes", "不同意": "no"}),
    Field("name", ("姓名",), "word", words={"x": "x"}, private=True),
)


def book(path: Path, *rows: list) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    made.save(path)
    return path


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def test_cells_are_read_as_offices_write_them(tmp_path: Path) -> None:
    path = book(
        tmp_path / "l.xlsx",
        ["二〇二六年台账", None], [None], ["编号", "面积（平方米）", "层数", "已售", "日期", "意见", "备注"],
        [101, "1,234.5㎡", "６层", "是", dt.date(2026, 3, 1), " 同意 ", "不读"], [None] * 7,
        ["A-2", None, 3, False, "2026年3月1日", None, None], ["A-3", 0.5, None, None, "2026/3/1", "不同意", None],
    )  # fmt: skip
    read = read_sheet(path, FIELDS)
    assert read.faults == ()
    assert read.unread == ("备注",)
    assert read.table.index.tolist() == [4, 6, 7], "rows as the spreadsheet numbers them"
    assert read.table["key"].tolist() == ["101", "A-2", "A-3"]
    assert read.table["size"].tolist() == [1234.5, None, 0.5]
    assert read.table["storeys"].tolist() == [6, 3, None]
    assert read.table["sold"].tolist() == [True, False, None]
    assert read.table["day"].tolist() == ["2026-03-01"] * 3
    assert read.table["answer"].tolist() == ["yes", None, "no"]
    assert read.table["name"].tolist() == [None] * 3, "a column that is not there is unknown"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_the_codes_that_offices_use(encoding: str, tmp_path: Path) -> None:
    read = read_sheet(text(tmp_path / "l.csv", "编号,意见\nA,同意\n", encoding), FIELDS)
    assert read.table.loc[2, ["key", "answer"]].tolist() == ["A", "yes"]
    assert sheet_names(tmp_path / "l.csv") == ()


def test_every_wrong_cell_is_told_with_row_value_and_remedy(tmp_path: Path) -> None:
    path = text(tmp_path / "l.csv", "编号,面积(平方米),层数,已售,日期,意见,姓名\n"
                ",0,2.5,perhaps,2026-02-30,弃权,张三\nA,nan,101,,soon,,\n")  # fmt: skip
    faults = read_sheet(path, FIELDS).faults
    said = [str(fault) for fault in faults]
    assert [fault.ids for fault in faults] == [("row 2",)] * 7 + [("row 3",)] * 3
    for words in ("编号 is empty", "'0': is below 0.01", "'2.5': is no whole", "'perhaps': is neither",
                  "'2026-02-30': is no day",
                  "'弃权': is no word", "'nan': is no number", "'101': is above 100", "'soon': is no day"):  # fmt: skip
        assert any(words in one for one in said), words
    assert all(fault.remedy and fault.file for fault in faults)
    assert not any("张三" in one for one in said), "a private cell is not quoted"


def test_merged_cells_count_for_every_row(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    for row in (["编号", "层数"], ["A", 1], [None, 2], [None, 3]):
        made.active.append(row)
    made.active.merge_cells("A2:A4")
    made.save(tmp_path / "l.xlsx")
    assert read_sheet(tmp_path / "l.xlsx", FIELDS).table["key"].tolist() == ["A"] * 3


def test_formulas_are_not_worked_out(tmp_path: Path) -> None:
    path = book(tmp_path / "l.xlsx", ["编号", "面积(平方米)"], ["A", "=1+1"], ["=cmd()", 3])
    read = read_sheet(path, FIELDS)
    assert read.table["size"].tolist() == [None, 3.0], "a formula that was never worked out holds nothing"


def test_a_row_longer_than_the_headings_is_told(tmp_path: Path) -> None:
    read = read_sheet(text(tmp_path / "l.csv", "编号,层数\nA,3,\nB,1,000,是\n"), FIELDS)
    assert [(fault.ids, fault.what) for fault in read.faults] == [(("row 3",), "the row has 4 cells, the headings 2")]


def test_semicolons_and_control_characters(tmp_path: Path) -> None:
    read = read_sheet(text(tmp_path / "l.csv", "二〇二六年台账\n编号;层数\nA\x01\x1f;3\n"), FIELDS)
    assert read.table.loc[3, ["key", "storeys"]].tolist() == ["A", 3]


def test_a_part_is_not_unpacked_beyond_the_size_it_states(tmp_path: Path) -> None:
    path = tmp_path / "l.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 90_000_000)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 90_000_000), struct.pack("<I", 1_000)))
    tracemalloc.start()
    with pytest.raises(InputError, match="cannot be read"):
        read_sheet(path, FIELDS)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 60_000_000


def far_cell(path: Path) -> Path:
    """A small workbook that names a cell in the last corner of a sheet."""
    book(path, ["编号"], ["A"])
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b'r="A2"', b'r="XFD1048576"')
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


def bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 170_000_000)
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p / "none.xlsx", "no such file"),
        (lambda p: text(p / "l.csv", ""), "empty"),
        (lambda p: text(p / "l.xls", "x"), "not read"),
        (lambda p: text(p / "l.xlsx", "x"), "cannot be read"),
        (lambda p: text(p / "l.csv", "编号\n\0\n"), "zero bytes"),
        (lambda p: (p / "l.csv").write_bytes(b"\xff\xfe\x81") and p / "l.csv", "neither UTF-8 nor GBK"),
        (lambda p: text(p / "l.csv", "编号\n" + "," * 400 + "\n"), "more than 200,000 rows or 300 columns"),
        (lambda p: text(p / "l.csv", "编号\n" + "a\n" * 200_020), "more than 200,000 rows"),
        (lambda p: far_cell(p / "l.xlsx"), "more than 200,000 rows"),
        (lambda p: bomb(p / "l.xlsx"), "unpacks to more than 160 MB"),
        (lambda p: text(p / "l.csv", "层数\n3\n"), "no column 编号"),
        (lambda p: text(p / "l.csv", "编号,编号\na,b\n"), "several columns"),
        (lambda p: text(p / "l.csv", '编号\n"' + "x" * 200_000 + "\n"), "no CSV"),
    ],
)
def test_files_that_are_no_list_are_refused(make, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as refusal:
        read_sheet(make(tmp_path), FIELDS)
    assert all(fault.remedy for fault in refusal.value.faults)


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = book(tmp_path / "l.xlsx", ["编号"])
    with pytest.raises(InputError, match="no sheet 户") as refusal:
        read_sheet(path, FIELDS, sheet="户")
    assert "Sheet" in str(refusal.value)
