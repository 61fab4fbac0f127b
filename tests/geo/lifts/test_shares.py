"""Cost shares: by coefficients and by area, to the fen; unknown areas leave them unknown."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.lifts import read_coefficients, share_cost
from geo.lifts.shares import funds, largest_remainder
from geo.standards.lift_rules import load_lift_rules
from tests.geo.lifts.ledgers import csv, house, ledger

RULES = load_lift_rules()
EXAMPLE = RULES.coefficients


def test_the_example_table_by_hand(tmp_path: Path) -> None:
    """Six flats of equal size on three floors, 0 · 0.5 · 1: of 600,000 the flats pay 0, 100,000 and 200,000."""
    found = share_cost(ledger(tmp_path, house([None] * 6)), building_id="A", unit="1", cost_yuan="800000",
                       public_yuan=200_000, coefficients=EXAMPLE)  # fmt: skip
    assert found.table["yuan"].tolist() == [0, 0, 100_000, 100_000, 200_000, 200_000]
    assert found.floors["yuan"].tolist() == [0, 200_000, 400_000]
    assert found.table.index[0] == "A/1/101"
    assert any("示例" in zh for zh, _ in found.notes)


def test_area_alone_is_the_rule_of_article_283(tmp_path: Path) -> None:
    """Areas 50, 30, 20: so are the shares, the ground floor too."""
    rows = house([None] * 3, [50, 30, 20])
    found = share_cost(ledger(tmp_path, rows), building_id="A", cost_yuan=1000, basis="area", coefficients=EXAMPLE)
    assert found.table["yuan"].tolist() == [500, 300, 200]
    assert any("第二百八十三条" in zh for zh, _ in found.notes)


def test_per_flat_areas_do_not_matter(tmp_path: Path) -> None:
    rows = house([None] * 4, [None, 80, 30, 120])
    found = share_cost(ledger(tmp_path, rows), building_id="A", cost_yuan="0.03", basis="coefficient_flat",
                       coefficients=EXAMPLE)  # fmt: skip
    assert found.known
    assert found.table["fen"].tolist() == [0, 0, 2, 1], "three fen over two flats of the second floor"


def test_an_unknown_area_leaves_all_shares_unknown(tmp_path: Path) -> None:
    rows = house([None] * 4, [None, 80, 80, None])
    found = share_cost(ledger(tmp_path, rows), building_id="A", cost_yuan=1000, coefficients=EXAMPLE)
    assert not found.known
    assert found.table["fen"].isna().all()
    assert any("202" in zh and "101" not in zh for zh, _ in found.notes), (
        "the ground floor pays nothing whatever its area"
    )


def test_floors_beyond_the_table_are_unknown(tmp_path: Path) -> None:
    rows = [("A", "1", "1001", 10, 80, "o", None), ("A", "1", "901", 9, 80, "p", None)]
    found = share_cost(ledger(tmp_path, rows), building_id="A", cost_yuan=1000, coefficients=EXAMPLE)
    assert not found.known
    assert found.table.loc["A/1/1001", "coefficient"] != found.table.loc["A/1/1001", "coefficient"]


def test_an_own_table_is_read_exactly(tmp_path: Path) -> None:
    table = read_coefficients(csv(tmp_path / "c.csv", [(1, 0), (2, 0.1), (3, "0.3")], ("楼层", "系数")))
    assert not table.example
    assert table.of(2) == Fraction(1, 10)
    assert table.of(4) is None
    with pytest.raises(InputError) as refusal:
        read_coefficients(csv(tmp_path / "c.csv", [(1, 0), (1, 2), (2, "x"), (3, -1)], ("楼层", "系数")))
    said = str(refusal.value)
    assert all(words in said for words in ("several rows", "no number", "below 0"))
    with pytest.raises(InputError, match="no floors"):
        read_coefficients(csv(tmp_path / "c.csv", [], ("楼层", "系数")))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cost_yuan": "much"}, "no sum of money"), ({"cost_yuan": "1.005"}, "to the fen"),
        ({"cost_yuan": -5}, "to the fen"), ({"cost_yuan": "NaN"}, "no sum of money"), ({"cost_yuan": 0}, "above 0"),
        ({"cost_yuan": 10, "public_yuan": 11}, "others pay"), ({"building_id": "B"}, "no flats of B"),
        ({"unit": "9"}, "no flats of A/9"),
    ],
)  # fmt: skip
def test_what_cannot_be_shared_is_refused(options: dict, words: str, tmp_path: Path) -> None:
    given_ = {"building_id": "A", "cost_yuan": 100, **options}
    with pytest.raises(InputError, match=words):
        share_cost(ledger(tmp_path, house([None] * 4)), coefficients=EXAMPLE, **given_)


def test_when_nobody_would_pay_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nobody would pay"):
        share_cost(ledger(tmp_path, house([None] * 2)), building_id="A", cost_yuan=100, coefficients=EXAMPLE)


def test_notes_on_money_have_their_sources() -> None:
    said = {title: source for title, _, source in funds(RULES)}
    assert "第二百八十一条" in said["住宅专项维修资金"]
    assert "国办发〔2020〕23号" in said["住房公积金"]
    assert any("第二十二条" in source for source in said.values())


@given(st.integers(0, 10**9), st.lists(st.fractions(0, 1000), min_size=1, max_size=20).filter(lambda w: sum(w) > 0))
def test_parts_add_up_and_are_nearest(total: int, weights: list[Fraction]) -> None:
    parts = largest_remainder(total, weights)
    assert sum(parts) == total
    assert all(abs(part - total * weight / sum(weights)) < 1 for part, weight in zip(parts, weights, strict=True))
