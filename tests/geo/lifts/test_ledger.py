"""The ownership ledger: what is read, what is refused, and that no name leaves it."""

from pathlib import Path

import openpyxl
import pytest

from geo.errors import InputError
from geo.lifts import read_building_facts, read_ledger
from geo.lifts.ledger import square_centimetres
from tests.geo.lifts.ledgers import HEADINGS, csv, xlsx


def test_a_ledger_is_read_with_numbers_for_names(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["清河镇产权台账(2026年)"])
    page.append([*HEADINGS, "联系电话", "未售或未交付"])
    page.append(["A", "2单元", 201, 2, 67.85, "王芳、李强", "同意", "13900000000", None])
    page.append(["A", "1单元", 101, 1, None, "张伟", None, "13900000001", None])
    page.append([None, "1单元", "102", 1, 80, None, "弃权", None, "是"])
    page.merge_cells("A4:A5")
    book.save(tmp_path / "l.xlsx")
    read = read_ledger(tmp_path / "l.xlsx")
    flats = read.flats
    assert flats["flat"].tolist() == ["101", "102", "201", "201"], "in the order of stairs, floors, flats"
    assert flats["unit"].tolist() == ["1", "1", "2", "2"]
    assert flats["area_cm2"].isna().tolist() == [True, False, False, False], "unknown is not zero"
    assert flats["area_cm2"].dropna().tolist() == [800_000, 678_500, 678_500]
    assert flats["owner"].tolist() == ["P0001", "developer", "P0002", "P0003"]
    assert flats["answer"].tolist() == ["none", "abstain", "agree", "agree"]
    said = flats.to_csv() + str(read.notes)
    assert not any(name in said for name in ("王芳", "李强", "张伟", "139")), "names and telephones stay in the file"
    assert any("1列" in zh for zh, _ in read.notes), "the column that was not read is told of"


def test_areas_are_taken_as_they_are_written() -> None:
    assert square_centimetres(67.85) == 678_500
    assert square_centimetres(33.33333) == 333_333


def test_every_fault_at_once_with_its_row(tmp_path: Path) -> None:
    rows = [
        ("A", "1", "101", 1, "八十", "o1", "同意"),
        ("A", "1", "102", 1.5, 80, "o2", "也许"),
        ("A", "1", "201", 2, -3, "", "同意"),
        ("A", "", "202", 2, 80, "o4", "同意"),
        ("A", "1", "301", 3, 80, "o5", "同意"),
        ("A", "1", "301", 3, 81, "o6", "同意"),
        ("A", "1", "302", 3, 80, "o7", "同意"),
        ("A", "1", "302", 3, 80, "o7", "同意"),
        ("", "1", "401", 4, 80, "o8", "同意"),
    ]
    with pytest.raises(InputError) as refusal:
        read_ledger(xlsx(tmp_path / "l.xlsx", rows))
    said = str(refusal.value)
    for words in ("'八十': is no number", "'1.5': is no whole number", "'也许': is no word", "below 0.01",
                  "name no owner", "some flats name their stair", "different areas", "stands twice",
                  "楼栋编号 is empty"):  # fmt: skip
        assert words in said
    assert "row 2" in said
    assert "row 10" in said
    assert "layer 台账" in said
    assert all(fault.remedy for fault in refusal.value.faults)
    assert "o4" not in said, "keys of owners are not quoted"


@pytest.mark.parametrize(
    ("headings", "words"),
    [
        (("楼栋编号", "单元", "房号"), ["no column 专有面积", "no column 业主标识", "no column 表决意见"]),
        ((*HEADINGS, "权利人"), ["several columns are 业主标识"]),
        (("甲", "乙"), ["no heading that is known"]),
    ],
)
def test_headings_that_do_not_do(headings: tuple[str, ...], words: list[str], tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        read_ledger(csv(tmp_path / "l.csv", [["x"] * len(headings)], headings))
    assert all(word in str(refusal.value) for word in words), str(refusal.value)


def test_a_ledger_without_flats_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no flats"):
        read_ledger(csv(tmp_path / "l.csv", []))


def test_facts_of_buildings_come_from_a_sheet_of_their_own(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "l.xlsx", [("A", "1", "101", 1, 80, "o", "同意")])
    assert read_building_facts(path) is None
    book = openpyxl.load_workbook(path)
    page = book.create_sheet("楼栋")
    page.append(["楼栋编号", "已有电梯", "楼梯形式", "列入拆迁计划", "层数"])
    page.append(["A", "否", "单元式", None, 6])
    book.save(path)
    facts = read_building_facts(path)
    assert facts.loc["A"].tolist() == [False, "stair", None, 6]
    page.append(["A", "maybe", "螺旋", None, 0])
    book.save(path)
    with pytest.raises(InputError) as refusal:
        read_building_facts(path)
    said = str(refusal.value)
    for words in ("neither yes nor no", "'螺旋': is no word", "'0': is below 1", "several rows"):
        assert words in said
