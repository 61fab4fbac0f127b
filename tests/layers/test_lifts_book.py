"""Lifts on paper: both languages complete, no name in it, what is unknown empty; text is never a formula."""

from pathlib import Path

import docx
import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from geo.lifts import count_consent, screen_buildings, share_cost
from geo.standards.lift_rules import load_lift_rules
from layers.lifts_book import write_lifts_docx, write_lifts_xlsx
from tests.geo.lifts.ledgers import house, ledger

RULES = load_lift_rules()
NAME = ("清河镇", "Qinghe Town")


def made(folder: Path) -> dict:
    rows = [*house(["同意"] * 4, [80, 80, 80, 80]), ("A", "2", "=101", 1, None, "张三、李四", "不同意"),
            ("A", "2", "102", 1, 60, "王五", None)]  # fmt: skip
    read = ledger(folder, rows)
    town = gpd.GeoDataFrame(
        {"use": ["residential"], "floors": [6.0], "structure": ["砖混"], "estate_id": ["E"]},
        index=pd.Index(["A"], name="building_id"),
        geometry=[shapely.box(0, 0, 40, 12)],
        crs=4549,
    )
    how = {"cost_yuan": 600_000, "coefficients": RULES.coefficients, "basis": "area"}
    shares = {f"A/{unit}": share_cost(read, building_id="A", unit=unit, **how) for unit in ("1", "2")}
    consents, screen = count_consent(read, rules=RULES), screen_buildings(town, rules=RULES, ledger=read)
    return {"name": NAME, "rules": RULES, "ledger": read, "consents": consents, "shares": shares, "screen": screen}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_tells_what_is_known_and_leaves_the_rest_empty(lang: str, tmp_path: Path) -> None:
    write_lifts_xlsx(tmp_path / "l.xlsx", lang=lang, **made(tmp_path))
    book = openpyxl.load_workbook(tmp_path / "l.xlsx")
    cells = [cell for page in book for row in page.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type != "f" for cell in cells), "=101 is a flat, not a formula"
    said = " ".join(str(cell.value) for cell in cells)
    assert not any(name in said for name in ("张三", "李四", "王五"))
    votes = book[book.sheetnames[0]]
    heads = [cell.value for cell in votes[3]]
    second = dict(zip(heads, [cell.value for cell in votes[5]], strict=True))
    area = "专有面积（平方米）" if lang == "zh" else "exclusive area (m²)"
    assert second[area] is None, "an unknown area is empty, not zero"
    shares = book["费用分摊" if lang == "zh" else "Cost shares"]
    paid = [row[-1] for row in shares.iter_rows(min_row=4, values_only=True)]
    assert paid == [150_000] * 4 + [None] * 3, "the second stair's shares and so the total are unknown"
    assert ("第二百八十三条" if lang == "zh" else "article 283") in said


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_document_has_results_money_and_lists_to_sign(lang: str, tmp_path: Path) -> None:
    parts = made(tmp_path)
    parts.pop("screen")
    write_lifts_docx(tmp_path / "l.docx", lang=lang, **parts)
    paper = docx.Document(str(tmp_path / "l.docx"))
    said = " ".join(paragraph.text for paragraph in paper.paragraphs)
    assert not any(name in said for name in ("张三", "李四", "王五"))
    assert ("表决通过" if lang == "zh" else "the vote is carried") in said
    assert ("住房公积金" if lang == "zh" else "provident fund") in said
    flats = [[cell.text for cell in row.cells] for row in paper.tables[-1].rows]
    assert [row[1] for row in flats[1:]] == ["102", "=101"]
    assert all(row[-2:] == ["", ""] for row in flats[1:]), "answers and signatures are for the owners to write"
