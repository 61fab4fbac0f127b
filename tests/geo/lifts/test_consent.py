"""Article 278: both edges to the hair, unknown areas, who is one person, and the fewest votes still missing."""

from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.lifts import count_consent
from geo.lifts.consent import Person, missing_votes, passes
from geo.lifts.ledger import Ledger
from geo.standards.lift_rules import load_lift_rules
from tests.geo.lifts.ledgers import house, ledger

RULES = load_lift_rules()
JOIN, AGREE = RULES.participation_share, RULES.agreement_share


def votes(folder: Path, rows: list, **options: str) -> pd.Series:
    table = count_consent(ledger(folder, rows), rules=RULES, **options).table
    assert len(table) == 1
    return table.iloc[0]


def test_exactly_two_thirds_take_part_and_exactly_three_quarters_agree(tmp_path: Path) -> None:
    """Twelve flats of 80 m²: eight vote (2/3), six of them agree (3/4)."""
    row = votes(tmp_path, house(["同意"] * 6 + ["弃权", "不同意"] + [None] * 4))
    assert row["verdict"] == "agreed"
    assert (row["persons"], row["participants"], row["agreed"]) == (12, 8, 6)
    assert (row["against"], row["abstained"], row["unasked"]) == (1, 1, 4)
    assert row["missing_unasked"] == 0


def test_a_square_centimetre_less_and_the_area_is_missed(tmp_path: Path) -> None:
    """Three flats, two vote: 2/3 of the persons; of the area 2/3 exactly, then 0.0001 m² short."""
    assert votes(tmp_path, house(["同意", "同意", None], [50, 50, 50]))["verdict"] == "agreed"
    row = votes(tmp_path, house(["同意", "同意", None], [50, 50, 50.0001]))
    assert row["participation_persons"] == "met"
    assert row["participation_area"] == "missed"
    assert row["missing_unasked"] == 1
    assert row["missing_area_m2"] == pytest.approx(0.0001 * 2 / 3)


def test_area_and_persons_are_tested_apart(tmp_path: Path) -> None:
    """Four vote; the one against has one eighth of the area, then three: the area misses 3/4, the persons do not."""
    few = votes(tmp_path, house(["同意"] * 3 + ["不同意"], [70, 70, 70, 30]))
    much = votes(tmp_path, house(["同意"] * 3 + ["不同意"], [50, 50, 50, 90]))
    assert few["verdict"] == "agreed"
    assert (much["agreement_area"], much["agreement_persons"]) == ("missed", "met")


def test_one_owner_of_many_flats_is_one_person_with_all_his_area(tmp_path: Path) -> None:
    """A owns 101 and 201, B 102, C 202: three persons; A alone votes for half the area."""
    rows = [("A", "1", "101", 1, 80, "a", "同意"), ("A", "1", "102", 1, 80, "b", None),
            ("A", "1", "201", 2, 80, "a", None), ("A", "1", "202", 2, 80, "c", None)]  # fmt: skip
    row = votes(tmp_path, rows)
    assert (row["persons"], row["participants"], row["participant_area_m2"]) == (3, 1, 160.0)
    assert votes(tmp_path, rows[:2], counting="flat")["persons"] == 2


def test_co_owners_are_one_person_unless_counted_apart(tmp_path: Path) -> None:
    rows = [("A", "1", "101", 1, 80, "h、w", "同意"), ("A", "1", "102", 1, 80, "b", None)]
    assert votes(tmp_path, rows)["persons"] == 2
    apart = votes(tmp_path, rows, counting="co_owner")
    assert (apart["persons"], apart["agreed"], apart["agreed_area_m2"]) == (3, 2, 80.0)
    own = [("A", "1", "101", 1, 80, "h", "同意"), ("A", "1", "101", 1, 80, "w", None), rows[1]]
    found = count_consent(ledger(tmp_path, own), rules=RULES)
    assert found.table.iloc[0]["agreed_area_m2"] == 80.0, "the one who voted speaks for the flat"
    assert any("仅部分共有人表决" in zh for zh, _ in found.notes)


def test_a_developers_unsold_flats_are_one_person(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text(
        "building,unit,flat,floor,area,owner,vote,未售\nA,1,101,1,80,,同意,是\nA,1,102,1,80,,,是\nA,1,201,2,80,b,,\n"
    )
    from geo.lifts import read_ledger

    row = count_consent(read_ledger(path), rules=RULES).table.iloc[0]
    assert (row["persons"], row["participant_area_m2"]) == (2, 160.0)


def test_one_person_with_two_answers_is_refused(tmp_path: Path) -> None:
    rows = [("A", "1", "101", 1, 80, "张三", "同意"), ("A", "1", "201", 2, 80, "张三", "不同意")]
    with pytest.raises(InputError, match="different answers") as refusal:
        votes(tmp_path, rows)
    assert "张三" not in str(refusal.value)
    assert votes(tmp_path, rows, counting="flat")["verdict"] == "missing"


def test_an_owner_may_answer_differently_in_two_stairs(tmp_path: Path) -> None:
    rows = [("A", "1", "101", 1, 80, "a", "同意"), ("A", "2", "101", 1, 80, "a", "不同意")]
    found = count_consent(ledger(tmp_path, rows), rules=RULES)
    assert found.table["verdict"].to_dict() == {"A/1": "agreed", "A/2": "missing"}
    assert found.by_building().loc["A"].tolist() == [2, 1, 1, 0]
    with pytest.raises(InputError, match="vote A:"):
        count_consent(ledger(tmp_path, rows), rules=RULES, scope="building")


def test_the_same_flat_number_in_two_stairs_is_two_flats(tmp_path: Path) -> None:
    rows = [("A", "1", "101", 1, 80, "a", "同意"), ("A", "2", "101", 1, 80, "b", "同意")]
    assert votes(tmp_path, rows, scope="building")["flats"] == 2


def test_unknown_areas_leave_a_test_open_only_where_they_matter(tmp_path: Path) -> None:
    """Of three who vote one has an unknown area: 2/3 of the area is open while he is outside, certain when he is in."""
    outside = votes(tmp_path, house(["同意", "同意", None], [50, 50, None]))
    assert (outside["participation_area"], outside["verdict"]) == ("unknown", "unknown")
    assert pd.isna(outside["area_m2"])
    assert outside["flats_without_area"] == 1
    assert pd.isna(outside["missing_unasked"])
    assert outside["missing_at_least"] == 0
    inside = votes(tmp_path, house(["同意", "同意", None], [100, None, 50]))
    assert (inside["participation_area"], inside["verdict"]) == ("met", "agreed")
    small = votes(tmp_path, house(["同意", None, None, None], [None, 50, 50, 50]))
    assert small["verdict"] == "missing", "by persons it is missed whatever the area"
    assert small["missing_at_least"] == 2


def test_nobody_votes(tmp_path: Path) -> None:
    row = votes(tmp_path, house([None] * 3))
    assert (row["verdict"], row["agreement_persons"]) == ("missing", "missed")
    assert row["missing_unasked"] == 2


def test_when_too_many_refuse_somebody_has_to_change(tmp_path: Path) -> None:
    row = votes(tmp_path, house(["同意", "不同意", "不同意", None]))
    assert pd.isna(row["missing_unasked"])
    assert (row["missing_anyone"], row["missing_changed"]) == (2, 1), "one who has not voted, one who refused: 3 of 4"
    assert "须改变意见" in row["reason_zh"]
    assert "changing their answer" in row["reason_en"]


def test_the_notes_tell_law_and_reading(tmp_path: Path) -> None:
    found = count_consent(ledger(tmp_path, house(["同意"])), rules=RULES)
    said = " ".join(zh for zh, _ in found.notes)
    for words in ("第二百七十八条", "2021年1月1日起施行", "法释〔2020〕17号", "本软件的理解"):
        assert words in said


@pytest.mark.parametrize(
    ("yes", "no", "yes_unknown", "no_unknown", "verdict"),
    [
        (2, 1, False, False, "met"), (2, 1, True, False, "met"), (2, 1, False, True, "unknown"),
        (1, 1, False, False, "missed"), (1, 1, True, False, "unknown"), (1, 1, False, True, "missed"),
        (0, 0, False, False, "missed"), (0, 0, True, False, "met"), (0, 0, False, True, "missed"),
        (0, 0, True, True, "unknown"), (0, 1, True, False, "unknown"),
    ],
)  # fmt: skip
def test_a_share_with_unknown_parts(yes: int, no: int, yes_unknown: bool, no_unknown: bool, verdict: str) -> None:
    assert (
        passes(Fraction(2, 3), Fraction(yes), Fraction(no), yes_unknown=yes_unknown, no_unknown=no_unknown) == verdict
    )


PEOPLE = st.lists(
    st.tuples(st.sampled_from(["agree", "against", "abstain", "none"]), st.integers(1, 12)), min_size=1, max_size=8
)


def carried(people: list[tuple[str, int]]) -> bool:
    part = [one for one in people if one[0] != "none"]
    yes = [one for one in part if one[0] == "agree"]
    area = [sum(a for _, a in some) for some in (people, part, yes)]
    return bool(part) and 3 * len(part) >= 2 * len(people) and 3 * area[1] >= 2 * area[0] and (
        4 * len(yes) >= 3 * len(part) and 4 * area[2] >= 3 * area[1])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(PEOPLE)
def test_what_is_missing_equals_trying_everything(people: list[tuple[str, int]]) -> None:
    found = missing_votes([Person(str(i), said, Fraction(area)) for i, (said, area) in enumerate(people)], RULES)

    def fewest(who: list[int]) -> tuple[int, int] | None:
        for number in range(len(who) + 1):
            ways = [
                sum(people[i][0] != "none" for i in some)
                for some in combinations(who, number)
                if carried([("agree", a) if i in some else (said, a) for i, (said, a) in enumerate(people)])
            ]
            if ways:
                return number, min(ways)
        return None

    unasked = fewest([i for i, (said, _) in enumerate(people) if said == "none"])
    assert found.unasked == (None if unasked is None else unasked[0])
    assert (found.anyone, found.changed) == fewest([i for i, (said, _) in enumerate(people) if said != "agree"])
    assert found.at_least <= found.anyone


@settings(max_examples=200, deadline=None)
@given(PEOPLE, st.data())
def test_one_more_vote_in_favour_never_breaks_consent(people: list[tuple[str, int]], data: st.DataObject) -> None:
    others = [i for i, (said, _) in enumerate(people) if said != "agree"]
    if not others:
        return
    chosen = data.draw(st.sampled_from(others))
    more = [("agree", area) if i == chosen else (said, area) for i, (said, area) in enumerate(people)]
    assert verdict_of(more) == "agreed" or verdict_of(people) != "agreed"


def test_rows_may_stand_in_any_order(tmp_path: Path) -> None:
    rows = [*house(["同意"] * 5 + ["弃权", None, "不同意"], [80, 70.5, None, 60, 99.99, 80, 81, 82]),
            ("A", "2", "101", 1, 55.5, "o1、x", "同意"), ("A", "10", "101", 1, 50, "o1", "同意")]  # fmt: skip
    first = count_consent(ledger(tmp_path, rows), rules=RULES)
    again = count_consent(ledger(tmp_path, rows[::-1]), rules=RULES)
    pd.testing.assert_frame_equal(first.table, again.table)
    assert list(first.table.index) == ["A/1", "A/2", "A/10"]
    pd.testing.assert_frame_equal(ledger(tmp_path, rows).flats.drop(columns="row"),
                                  ledger(tmp_path, rows[3:] + rows[:3]).flats.drop(columns="row"))  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(PEOPLE, st.lists(st.integers(0, 7), min_size=1, max_size=4))
def test_flats_of_one_owner_may_be_one_or_many(people: list[tuple[str, int]], cuts: list[int]) -> None:
    """A flat of n m² parted into n flats of 1 m² with the same owner is the same vote."""
    whole = table_of([(said, [area]) for said, area in people])
    parted = table_of([(said, [1] * area if i in cuts else [area]) for i, (said, area) in enumerate(people)])
    pd.testing.assert_frame_equal(whole.drop(columns="flats"), parted.drop(columns="flats"))


def verdict_of(people: list[tuple[str, int]]) -> str:
    return str(table_of([(said, [area]) for said, area in people])["verdict"].iloc[0])


def table_of(people: list[tuple[str, list[int]]]) -> pd.DataFrame:
    rows = [
        {"building_id": "A", "unit": "1", "flat": f"{i:02d}-{j:02d}", "floor": 1, "area_cm2": area * 10_000,
         "owner": f"P{i:04d}", "unsold": False, "answer": said, "row": 0}
        for i, (said, areas) in enumerate(people) for j, area in enumerate(areas)
    ]  # fmt: skip
    flats = pd.DataFrame(rows).astype({"floor": "Int64", "area_cm2": "Int64"})
    return count_consent(Ledger(flats, "made", ()), rules=RULES).table
