"""The register of farm houses: one sheet or three, its days, and what is refused."""

from pathlib import Path

import openpyxl
import pytest

from geo.errors import InputError
from geo.farmhouses import read_register
from tests.geo.farmhouses.village import HEADINGS, ON, write


def test_names_of_people_are_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, [("F1", "Z1", "H1", "张三", "330802196001011234", 4)],
                 ("房屋编号", "宗地编号", "户编号", "户主姓名", "身份证号", "家庭人口"))  # fmt: skip
    read = read_register(path, on=ON)
    said = read.houses.to_csv() + str(read.notes)
    assert "张三" not in said
    assert "3308" not in said
    assert read.houses.loc["F1", "people"] == 4
    assert read.houses.loc["F1", "danger_grade"] is None, "a column that is not there is unknown"


def test_three_sheets_refer_to_each_other(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheets = {
        "房屋": [["房屋编号", "宗地编号", "户编号"], ["F1", "Z1", "H1"], ["F2", "Z1", "H2"]],
        "宗地": [["宗地编号", "宅基地面积", "已确权"], ["Z1", 150, "是"], ["Z9", 99, None]],
        "户": [["户编号", "家庭人口"], ["H1", 4], ["H3", 2]],
    }
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(tmp_path / "r.xlsx")
    read = read_register(tmp_path / "r.xlsx", on=ON)
    assert read.houses["parcel_m2"].tolist() == [150, 150]
    assert read.houses["titled"].tolist() == [True, True]
    assert read.houses["people"].tolist() == [4, None]
    assert (read.parcels, read.households) == (("Z1", "Z9"), ("H1", "H3"))
    book["宗地"].append(["Z1", 160, None])
    book["户"].append([None, 3])
    book.save(tmp_path / "r.xlsx")
    with pytest.raises(InputError) as refusal:
        read_register(tmp_path / "r.xlsx", on=ON)
    assert "parcel Z1 stands on several rows" in str(refusal.value)
    assert "户编号 is empty" in str(refusal.value)


def test_the_newest_row_that_holds_on_the_day_counts(tmp_path: Path) -> None:
    path = write(tmp_path, [("F1", 3, "2024-01-01"), ("F1", 4, "2025-06-30"), ("F1", 5, "2026-12-31"), ("F2", 2, None)],
                 ("房屋编号", "家庭人口", "登记日期"))  # fmt: skip
    assert read_register(path, on=ON).houses["people"].tolist() == [4, 2]
    assert read_register(path, on="2027-01-01").houses["people"].tolist() == [5, 2]
    assert any("2行" in zh for zh, _ in read_register(path, on=ON).notes)


def test_a_house_without_an_id_is_called_by_what_it_is_on(tmp_path: Path) -> None:
    rows = [(None, "Z1", None, "B1"), (None, "Z2", "H2", None), (None, "Z2", "H1", None), (None, None, "H9", None)]
    for order in (rows, rows[::-1]):
        read = read_register(write(tmp_path, order, HEADINGS[:4]), on=ON)
        assert read.houses["household_id"].to_dict() == {"B1": None, "H9": "H9", "Z2-1": "H1", "Z2-2": "H2"}


@pytest.mark.parametrize(
    ("rows", "headings", "words"),
    [
        ([("F1", 1), ("F1", 2)], ("房屋编号", "家庭人口"), "F1 stands twice"),
        ([(None, 3)], ("房屋编号", "家庭人口"), "neither house, building, parcel nor household"),
        ([("F1", "330802196001011234")], ("房屋编号", "户编号"), "identity numbers"),
        ([("F1", "E级")], ("房屋编号", "鉴定等级"), "'E级': is no word"),
        ([("F1", "大概")], ("房屋编号", "经批准"), "neither yes nor no"),
        ([], ("房屋编号",), "no houses"),
    ],
)
def test_registers_that_are_none_are_refused(rows: list, headings: tuple[str, ...], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as refusal:
        read_register(write(tmp_path, rows, headings), on=ON)
    assert "330802" not in str(refusal.value)
    assert all(fault.remedy for fault in refusal.value.faults)
