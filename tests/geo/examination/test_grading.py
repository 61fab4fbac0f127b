"""Grades of the city: every line of the manual's table, by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.examination.grading import GRADES, Grade, attained, grade, grade_city, lowered, overall_grade
from geo.standards.indicators import load_catalogue

ORDER = ("poor", "medium", "good", "excellent")


def ten(very_good: int, good: int, fair: int, insufficient: int) -> list[Grade]:
    counts = zip(GRADES, (very_good, good, fair, insufficient), strict=True)
    return [name for name, count in counts for _ in range(count)]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((8, 0, 2, 0), "excellent"),  # 很好 80 %, nothing insufficient
        ((10, 0, 0, 0), "excellent"),
        ((8, 0, 1, 1), "good"),  # 80 %, with something insufficient
        ((5, 3, 0, 2), "good"),
        ((7, 3, 0, 0), "good"),  # at least 80 %, nothing insufficient, but 很好 below 80 %: our reading
        ((3, 3, 4, 0), "good"),  # 60 to 80 %, without
        ((4, 3, 3, 0), "good"),
        ((3, 3, 3, 1), "medium"),  # 60 to 80 %, with
        ((2, 2, 6, 0), "medium"),  # 40 to 60 %, without
        ((2, 2, 5, 1), "poor"),  # 40 to 60 %, with
        ((2, 1, 7, 0), "poor"),  # below 40 %
        ((0, 0, 0, 10), "poor"),
    ],
)
def test_the_manuals_table_line_by_line(counts: tuple[int, int, int, int], expected: str) -> None:
    assert overall_grade(ten(*counts)) == expected


def test_nothing_graded_is_no_grade() -> None:
    assert overall_grade([]) is None


def test_shares_are_exact() -> None:
    assert overall_grade(["very_good"] * 4 + ["fair"]) == "excellent", "4 of 5 is 80 %"
    assert overall_grade(["very_good"] * 79 + ["fair"] * 21) == "good"
    assert overall_grade(["good"] * 3 + ["fair"] * 2) == "good", "3 of 5 is 60 %"


@given(st.lists(st.sampled_from(GRADES), min_size=1, max_size=30), st.integers(0, 29))
def test_a_better_grade_never_makes_the_whole_worse(grades: list[Grade], which: int) -> None:
    better = list(grades)
    place = which % len(grades)
    better[place] = GRADES[max(0, GRADES.index(better[place]) - 1)]
    before, after = overall_grade(grades), overall_grade(better)
    assert before is not None
    assert after is not None
    assert ORDER.index(after) >= ORDER.index(before)


@pytest.mark.parametrize(
    ("share", "survey", "expected"),
    [
        (1.0, np.nan, "very_good"), (0.95, np.nan, "good"), (0.9, np.nan, "good"), (0.8, np.nan, "fair"),
        (0.5, np.nan, "insufficient"), (1.0, 60.0, "very_good"), (1.0, 59.9, "good"), (0.95, 10.0, "fair"),
        (0.8, 10.0, "insufficient"), (0.5, 10.0, "insufficient"), (np.nan, 90.0, None),
    ],
)  # fmt: skip
def test_the_survey_lowers_a_grade_by_one(share: float, survey: float, expected: str | None) -> None:
    assert grade(share, survey=survey) == expected


def test_what_is_attained() -> None:
    assert attained(35.0, 70.0) == 0.5
    assert attained(80.0, 70.0) == 1.0
    assert attained(0.0, 0.0, target_is="most") == 1.0
    assert attained(3.0, 0.0, target_is="most") == 0.0
    assert np.isnan(attained(np.nan, 70.0))
    assert np.isnan(attained(70.0, np.nan))


def test_a_city_by_target_by_hand_and_by_survey() -> None:
    catalogue = load_catalogue("examination-2025")
    number = {each.key: each.number for each in catalogue.indicators}
    values = pd.DataFrame({"value": {number["sewage"]: 70.0, number["black_water"]: 1.0, number["road_density"]: 7.6}})
    table, wholes = grade_city(values, catalogue, survey={"sewage": 55.0}, by_hand={"heritage_vacant": "good"})
    graded = table["grade"].dropna()
    assert graded.to_dict() == {
        number["sewage"]: "good",  # the target is met, the survey lowers it
        number["black_water"]: "insufficient",  # one where none should be
        number["road_density"]: "good",  # 95 % of the target
        number["heritage_vacant"]: "good",  # as the experts say
    }
    assert table.loc[number["heritage_vacant"], "from"] == "hand"
    assert table.loc[number["road_density"], "attained"] == pytest.approx(0.95)
    assert wholes[""] == "medium", "3 of 4 are 很好 or 较好, one is insufficient"
    assert len(wholes) == 3, "two aspects and the whole"
    assert list(table.index) == [each.number for each in catalogue.of("city")]


def test_grades_for_what_is_not_the_citys_are_refused_all_at_once() -> None:
    catalogue = load_catalogue("examination-2025")
    values = pd.DataFrame({"value": {1: 1.0}})
    with pytest.raises(InputError) as refused:
        grade_city(values, catalogue, survey={"structure": 50.0, "sewage": 101.0}, by_hand={"sewage": "fine"})  # type: ignore[dict-item]
    assert [fault.what for fault in refused.value.faults] == [
        "these are no indicators of the city: structure", "the survey gives sewage 101 points",
        "sewage has the grade 'fine'",
    ]  # fmt: skip


def test_a_grade_cannot_fall_below_the_worst() -> None:
    assert lowered("insufficient", survey=0.0) == "insufficient"
    assert lowered("very_good", survey=np.nan) == "very_good"
