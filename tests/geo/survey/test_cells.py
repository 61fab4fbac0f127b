"""Single cells: days, numbers and words in every form that surveyors write them."""

from datetime import date, datetime

import numpy as np
import pytest

from geo.survey import cells
from geo.survey.grid import Grid, Notes


def column(*values: object, typed: bool = True) -> Notes:
    """Return notes with one grid of one column x, in rows from 6."""
    held = np.empty(len(values), dtype=object)
    held[:] = values
    notes = Notes()
    notes.take(Grid("f", "表", {"x": held}, np.arange(6, 6 + len(values)), {"x": "C"}, {"x": "标题"}, typed=typed))
    return notes


@pytest.mark.parametrize(
    ("written", "day"),
    [(date(2026, 3, 1), "2026-03-01"), (datetime(2026, 3, 1, 10, 5), "2026-03-01"), ("2026-03-01", "2026-03-01"),
     ("2026/3/1", "2026-03-01"), ("2026.3.1", "2026-03-01"), ("2026年3月1日", "2026-03-01"), ("20260301", "2026-03-01"),
     (20260301.0, "2026-03-01"), (46082.0, "2026-03-01"),
     ("2026-03-01T10:05:00+08:00", "2026-03-01"), ("", ""), (None, "")],
)  # fmt: skip
def test_days(written: object, day: str) -> None:
    notes = column(written)
    assert cells.days(0, "x", notes).tolist() == [day]
    assert notes.found == []


@pytest.mark.parametrize("written", ["2026-13-01", "3月1日", "明天", True, 3.5, "2026-02-29"])
def test_what_is_no_day(written: object) -> None:
    notes = column(written)
    assert cells.days(0, "x", notes).tolist() == [""]
    assert [(each.kind, each.cell) for each in notes.found] == [("date_unreadable", "C6")]


@pytest.mark.parametrize(
    ("written", "value", "told"),
    [(3.0, 3, None), (3, 3, None), ("3", 3, "number_text"), ("1,200", 1200, "number_text"),
     ("12㎡", 12, "fullwidth"),
     ("35%", 0.35, "number_text"), ("３．５", 3.5, "fullwidth"), ("不详", None, "word_other"),
     ("1_000", None, "value_text"),
     (True, None, "value_text"), (date(2026, 3, 1), None, "value_text"), ("nan", None, "word_other"),
     ("0x10", None, "value_text"), ("=1+1", None, "value_text"), (float("inf"), None, "value_infinite")],
)  # fmt: skip
def test_numbers(written: object, value: float | None, told: str | None) -> None:
    notes = column(written)
    got = cells.numbers(0, "x", notes, kinds={"text": "value_text", "infinite": "value_infinite"})
    assert got.tolist() == [value] if value is not None else np.isnan(got).all()
    assert [each.kind for each in notes.found] == ([] if told is None else [told])


def test_numbers_in_text_files_are_text_by_nature() -> None:
    notes = column("3", "4.5", "", typed=False)
    got = cells.numbers(0, "x", notes, kinds={"text": "value_text", "infinite": "value_infinite"})
    assert got[:2].tolist() == [3.0, 4.5]
    assert np.isnan(got[2])
    assert notes.found == []


def test_the_same_bad_value_is_told_of_every_cell() -> None:
    notes = column("也许", "有", "也许", 1.0, True)
    assert cells.words(0, "x", notes, "result", "result_word").tolist() == ["", "found", "", "found", "found"]
    assert [(each.kind, each.row, each.value) for each in notes.found] == [
        ("result_word", 6, "也许"), ("result_word", 8, "也许"), ("word_other", 9, "1"), ("word_other", 10, "True"),
    ]  # fmt: skip
    assert notes.bad[0].tolist() == [True, False, True, False, False]
