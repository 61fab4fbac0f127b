"""Sheets of unit costs: written, filled in, read back; every fault at once with its cell."""

import io
import zipfile

import openpyxl
import pytest

from geo.errors import InputError
from geo.programme.costs import COLUMNS, LARGEST, read_cost_sheet, write_cost_sheet
from geo.standards.costs import load_costs
from geo.standards.menu import load_menu

MENU = load_menu("renovation-menu-2020")
KEYS = list(COLUMNS)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_sheet_gives_back_the_prices_it_was_written_with(tmp_path, lang, ending):
    examples = load_costs("example-costs")
    path = tmp_path / f"prices.{ending}"
    write_cost_sheet(path, MENU, costs=examples, lang=lang)
    found = read_cost_sheet(path, MENU)
    assert found.faults == ()
    assert found.unpriced == ()
    for each in MENU.measures:
        before, after = examples.of(each.key), found.costs.of(each.key)
        assert (before is None) == (after is None)
        if before is not None:
            assert (after.yuan, after.per, after.example, after.source) == (
                before.yuan,
                before.per,
                True,
                before.source,
            )


def test_examples_are_marked_and_an_empty_template_has_no_price(tmp_path):
    write_cost_sheet(tmp_path / "a.xlsx", MENU, costs=load_costs("example-costs"))
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert [cell.value for cell in sheet[1]] == [both[0] for both in COLUMNS.values()]
    assert sheet.cell(2, KEYS.index("example") + 1).value == "是"
    assert sheet.cell(2, KEYS.index("yuan") + 1).fill.fgColor.rgb.endswith("FFF2CC")
    write_cost_sheet(tmp_path / "b.xlsx", MENU)
    found = read_cost_sheet(tmp_path / "b.xlsx", MENU)
    assert found.costs is None
    assert found.faults[0].what_en == "no price is filled in"
    assert "roof_renewal" in found.unpriced


def test_a_row_without_a_price_is_no_price_not_zero(tmp_path):
    path = fill(tmp_path, {"lift": {"yuan": 500_000, "source": "询价", "dated": "2026-03-01"}})
    costs = read_cost_sheet(path, MENU).require()
    assert costs.of("lift").yuan == 500_000
    assert costs.of("roof_renewal") is None
    assert costs.of("lift").dated == "2026-03-01"
    assert not costs.of("lift").example


def fill(folder, rows, **more):
    """Return a sheet with these cells filled in by measure and column; `more` are whole rows below."""
    path = folder / "filled.xlsx"
    write_cost_sheet(path, MENU)
    book = openpyxl.load_workbook(path)
    sheet = book.active
    at = {sheet.cell(r, 1).value: r for r in range(2, sheet.max_row + 1)}
    for key, cells in rows.items():
        for column, value in cells.items():
            sheet.cell(at[key], KEYS.index(column) + 1).value = value
    for row in more.values():
        sheet.append(row)
    book.save(path)
    return path


def test_every_fault_is_told_at_once_with_its_cell(tmp_path):
    path = fill(
        tmp_path,
        {
            "gas_pipes": {"yuan": "约八百", "source": "合同"},
            "stairs_repair": {"yuan": -5, "source": "合同"},
            "lift": {"yuan": 600_000},
            "facade_renewal": {"yuan": 300, "source": "定额", "per": "m"},
            "roof_renewal": {"yuan": 200, "source": "定额", "dated": "2026年13月1日"},
            "fibre": {"yuan": 50, "source": "报价", "example": "也许"},
            "windows": {"yuan": 2e9, "source": "报价"},
        },
        strange=["lifft", "", "lift", 1, "x"],
        twice=["gas_pipes", "", "m", 5, "x"],
    )
    found = read_cost_sheet(path, MENU)
    assert found.costs is None
    said = {(f.column, f.what_en) for f in found.faults}
    assert said == {
        ("yuan", "the price is no number"), ("yuan", "the price is below zero"), ("source", "the price has no source"),
        ("per", "the unit is not the menu's"), ("dated", "it is no day"), ("example", "neither yes nor no"),
        ("yuan", "the price is above 1,000,000,000 yuan"), ("measure", "there is no such measure on the menu"),
        ("measure", f"it stands in row {[m.key for m in MENU.measures].index('gas_pipes') + 2} already"),
    }  # fmt: skip
    wrong = next(f for f in found.faults if f.value == "约八百")
    assert wrong.cell == f"D{wrong.row}"
    assert "perhaps lift" in next(f for f in found.faults if f.value == "lifft").remedy_en
    with pytest.raises(InputError) as refused:
        found.require()
    assert len(refused.value.faults) == 9
    assert "单价不是数" in str(refused.value)


def test_days_numbers_and_headings_are_read_as_people_write_them(tmp_path):
    path = tmp_path / "p.csv"
    path.write_bytes(
        'Measure,单位,单价(元),来源,价格日期,示例\nlift,lift,"650,000元",合同,2026/3/1,否\n'.encode("gb18030")
    )
    price = read_cost_sheet(path, MENU).require().of("lift")
    assert (price.yuan, price.dated) == (650_000, "2026-03-01")


def test_missing_columns_and_repeated_headings_are_told(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("measure,unit,unit\nlift,lift,lift\n", "utf-8")
    said = [f.what_en for f in read_cost_sheet(path, MENU).faults]
    assert said == ["columns are missing: price (yuan), source", "the heading stands twice"]


def test_files_that_are_no_sheet_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_cost_sheet(tmp_path / "none.xlsx", MENU)
    (tmp_path / "bad.xlsx").write_bytes(b"PK nonsense")
    with pytest.raises(InputError, match="cannot be read"):
        read_cost_sheet(tmp_path / "bad.xlsx", MENU)
    (tmp_path / "big.csv").write_bytes(b"a" * (LARGEST + 1))
    with pytest.raises(InputError, match="larger than 5 MB"):
        read_cost_sheet(tmp_path / "big.csv", MENU)
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\xff\x00\x81")
    with pytest.raises(InputError, match="neither UTF-8 nor GBK"):
        read_cost_sheet(tmp_path / "bytes.csv", MENU)
    (tmp_path / "wide.csv").write_text(",".join("a" * 100), "utf-8")
    with pytest.raises(InputError, match="60 columns"):
        read_cost_sheet(tmp_path / "wide.csv", MENU)


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/workbook.xml", b"0" * 60_000_000)
    (tmp_path / "bomb.xlsx").write_bytes(packed.getvalue())
    with pytest.raises(InputError, match="unpacks to more than 50 MB"):
        read_cost_sheet(tmp_path / "bomb.xlsx", MENU)


def test_places_where_no_sheet_can_be_written_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"xlsx or \.csv"):
        write_cost_sheet(tmp_path / "prices.txt", MENU)
    with pytest.raises(InputError, match="no name for a sheet"):
        write_cost_sheet(tmp_path, MENU)
