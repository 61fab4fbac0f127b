"""The scorecard as outputs show it."""

from dataclasses import replace

import pandas as pd
import pytest

from layers.evaluation import GROUPS, change_text, headings, measure_text, shared_rooms, unknown_measures, verdicts


def test_every_measure_stands_once_and_is_referred_to_elsewhere(review):
    card, every = review.scorecard, headings(review.scorecard)
    assert [each.id for each in every] == list(card.summary.index)
    assert [each.group for each in every] == [group for group, names in GROUPS.items() for _ in names]
    shown = [name for each in every for name in each.measures["measure"]]
    assert shown == list(dict.fromkeys(card.measures["measure"]))
    assert [number for each in every for number in each.measures.index] == list(range(1, len(shown) + 1))
    for each in every:
        spoken = {shown[number - 1] for number in (*each.measures.index, *each.also)}
        assert spoken == set(card.measures.loc[card.measures["principle"] == each.id, "measure"])


def test_verdicts_count_a_measure_once(review):
    counts = verdicts(review.scorecard)
    assert sum(counts.values()) == review.scorecard.measures["measure"].nunique()
    once = review.scorecard.measures.drop_duplicates("measure")
    assert counts["worse"] == (once["verdict"] == "worse").sum() > 0


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (0.66299, "share", "66.3%", "66.3%"), (11.0, "communities", "11个", "11"),
        (8.624559, "km²", "8.62平方公里", "8.62 km²"),
        (10900.0, "households", "10,900户", "10,900"), (float("nan"), "m", "不详", "not known"),
        (-0.0001, "index", "0.00", "0.00"),
    ],
)  # fmt: skip
def test_values_are_written_as_readers_write_them(value, unit, zh, en):
    assert (measure_text(value, unit, "zh"), measure_text(value, unit, "en")) == (zh, en)


def test_a_change_names_both_values(review):
    row = review.scorecard.measures.set_index("measure").loc["abolished"]
    assert change_text(row, "zh") == "撤销的社区(村)0个→2个"
    assert change_text(row, "en").endswith("0 → 2")


def test_what_is_not_known_is_told_with_its_reason(review):
    dark = review.scorecard.measures.drop_duplicates("measure").reset_index(drop=True)
    dark = dark[dark["after"].isna()]
    assert len(dark)
    said = unknown_measures(review.scorecard, "zh")
    for position, row in dark.iterrows():
        assert str(position + 1) in said
        assert f"（{row['note_zh']}）" in said
    assert unknown_measures(review.scorecard, "en").startswith("no. ")


def test_rooms_to_share_are_told_by_community(review):
    rows = [["C", "culture", 2, "", ""], ["C", "office", 3, "", ""]]
    card = replace(review.scorecard, sharing=pd.DataFrame(rows, columns=review.scorecard.sharing.columns))
    assert shared_rooms(card, {"C": "文昌社区"}, "zh") == "文昌社区有文体活动室2处、居委会办公场所3处"
    assert shared_rooms(card, {}, "en") == "C (culture and sports room 2, committee office 3)"
