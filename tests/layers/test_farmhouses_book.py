"""Farm houses on paper: ledger, villages, what does not fit, notes; both languages complete."""

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from geo.study import Study
from layers.farmhouses_book import write_farmhouses_xlsx
from tests.geo.farmhouses.village import HEADINGS, SOUND, ground, sort


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_holds_every_house_and_every_total(lang: str, tmp_path: Path) -> None:
    rows = [("F1", "Z1", "H1", "B1", "V1", *SOUND), ("F2", "Z2", "H2", "B2", "V1", 2, 150, "D", "是", "是", "否", "是"),
            ("=F4", "Z4", "H4", "B4", "西村", None, None, None, "是", "是", "否", "是")]  # fmt: skip
    found = sort(tmp_path, rows, HEADINGS)
    town = ground()
    study = Study("清河镇", town.crs, {"communities": town.communities}, name_en="Qinghe Town")
    write_farmhouses_xlsx(tmp_path / "f.xlsx", found, study=study, lang=lang)
    book = openpyxl.load_workbook(tmp_path / "f.xlsx")
    assert len(book.sheetnames) == 4
    houses, villages, checks, notes = (book[name] for name in book.sheetnames)
    listed = {row[0]: row for row in houses.iter_rows(min_row=4, values_only=True)}
    en = lang == "en"
    assert [listed[key][2] for key in ("F1", "F2", "=F4")] == (
        ["use", "demolish", "undecided"] if en else ["用", "拆", "待定"]
    )
    assert listed["=F4"][1] == ("West" if en else "西村")
    assert listed["=F4"][8] is None, "an unknown homestead is empty, not zero"
    assert not any(cell.data_type == "f" for page in book for row in page.iter_rows() for cell in row)
    last = [cell.value for cell in villages[villages.max_row]]
    assert last[:4] == ["total" if en else "合计", 3, 3, 5]
    heads = [cell.value for cell in villages[3]]
    assert last[heads.index("homesteads given back (m²)" if en else "腾退宅基地（平方米）")] == 150
    assert checks.max_row >= 4
    assert any(("Quzhou" if en else "衢州") in str(row[0]) for row in notes.iter_rows(min_row=4, values_only=True))


def test_nothing_that_does_not_fit_is_said_too(tmp_path: Path) -> None:
    found = sort(tmp_path, [("F1", "Z1", "H1", "B1", "V1", *SOUND)])
    town = ground()
    study = Study("清河镇", town.crs, {"communities": town.communities})
    write_farmhouses_xlsx(tmp_path / "f.xlsx", replace(found, checks=found.checks.iloc[:0]), study=study)
    assert openpyxl.load_workbook(tmp_path / "f.xlsx")["核查清单"]["A4"].value == "未发现"
