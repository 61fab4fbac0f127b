"""Programmes as files, tables by year and by others, comparison, and what more money buys."""

import json

import pandas as pd
import pytest

from geo.errors import InfeasibleError, InputError
from geo.programme.choose import make_programme
from geo.programme.compare import compare
from geo.programme.curve import marginal_curve
from geo.programme.options import ProgrammeOptions
from geo.programme.programme import FORMAT, Programme, summarise
from tests.geo.programme.small import measures, options

ROWS = [
    {"key": "pipe", "safety": True, "public_yuan": 60.0, "residents_yuan": 40.0, "need": 4.0, "site_id": "S1",
     "numbers": "6"},
    {"key": "lift", "class_": "improve", "public_yuan": 50.0, "social_yuan": 50.0, "need": 3.0, "site_id": "S1",
     "elder_child": True, "numbers": "7"},
    {"key": "roof", "public_yuan": 100.0, "need": 2.0, "site_id": "S2", "community_id": "C2", "numbers": "4;8"},
    {"key": "shop", "class_": "upgrade", "public_yuan": 400.0, "need": 9.0, "site_id": "S3", "community_id": None,
     "numbers": "10"},
]  # fmt: skip


@pytest.fixture
def table():
    return measures(ROWS)


@pytest.fixture
def made(table):
    return make_programme(table, options([120.0, 100.0]))


def test_the_years_add_up_by_hand(made):
    years = made.years
    assert list(made.choice["year"].astype("object").where(made.choice["year"].notna(), None)) == [
        2026,
        2026,
        2027,
        None,
    ]
    assert list(years["spent_yuan"]) == [110.0, 100.0]
    assert list(years["left_yuan"]) == [10.0, 0.0]
    assert list(years["cost_yuan"]) == [200.0, 100.0]
    assert years.loc[2026, ["basic_yuan", "improve_yuan", "residents_yuan", "social_yuan"]].tolist() == [
        100,
        100,
        40,
        50,
    ]
    assert years.loc[2026, ["measures", "safety", "elder_child", "sites"]].tolist() == [2, 1, 1, 1]
    assert (made.need_met, made.need_total) == (9.0, 18.0)


def test_money_carried_over_is_seen_in_the_years(table):
    years = make_programme(table, options([120.0, 90.0], carry_over=True)).years
    assert list(years["carried_yuan"]) == [0.0, 10.0]
    assert list(years["left_yuan"]) == [10.0, 0.0]


def test_summaries_add_up(made, table):
    for by in ("class_", "site_id", "community_id", "key", "year"):
        rows = summarise(made, table, by=by)
        assert rows["need_met"].sum() == made.need_met
        assert rows["cost_yuan"].sum() == 300.0
        assert rows["measures_all"].sum() == 4
    payers = summarise(made, table, by="payer")["yuan"]
    assert payers.to_dict() == {"public": 210.0, "residents": 40.0, "social": 50.0, "all": 300.0}
    indicators = summarise(made, table, by="indicator")
    assert indicators.index.tolist() == [4, 6, 7, 8, 10]
    assert indicators.loc[8, "need_met"] == 2.0
    assert indicators.loc[10, "need_share"] == 0.0


def test_a_summary_of_other_measures_is_refused(made, table):
    with pytest.raises(InputError, match="not those that the programme was made of"):
        summarise(made, table.iloc[:2], by="year")
    with pytest.raises(InputError, match="no summary by 'colour'"):
        summarise(made, table, by="colour")


def test_a_file_gives_the_same_programme(made):
    again = Programme.from_json(made.to_json())
    assert again.to_json() == made.to_json()
    assert again.options == made.options
    pd.testing.assert_frame_equal(again.choice, made.choice)
    pd.testing.assert_frame_equal(again.years, made.years)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(format=FORMAT + 1), "newer shequ"),
        (lambda d: d.update(kind="shequ plan"), "something else"),
        (lambda d: d.update(format="1"), "format is '1'"),
        (lambda d: d.pop("choice"), "choice is missing"),
        (lambda d: d.pop("stages"), "KeyError"),
        (lambda d: d["choice"].update(m0=[2050, "", "", ""]), "choice of m0 is wrong"),
        (lambda d: d["years"].pop("2026"), "years are not those"),
        (lambda d: d["options"].update(colour="red"), "no option of a programme"),
        (lambda d: d.update(extra=1), "unknown parts: extra"),
        (lambda d: d.update(need_met="many"), "ValueError"),
        (lambda d: d.update(proven=1), "proven or fingerprint"),
    ],
)
def test_other_files_are_refused_politely(made, change, said):
    data = json.loads(made.to_json())
    change(data)
    with pytest.raises(InputError, match=said):
        Programme.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["{", "[]", "null", b"\xff", "[" * 100_000])
def test_what_is_no_programme_is_refused(text):
    with pytest.raises(InputError, match="no programme"):
        Programme.from_json(text)


def test_programmes_side_by_side(made, table):
    richer = make_programme(table, options([120.0, 500.0]))
    found = compare({"now": made, "richer": richer}, table)
    assert found.sums.loc["need_met"].tolist() == [9.0, 18.0]
    assert found.sums.loc["public_yuan"].tolist() == [210.0, 610.0]
    assert found.changes.loc[("richer", "m3"), "change"] == "gained"
    assert len(found.changes) == 1
    assert found.by["site_id"].loc[("S3", "richer"), "need_met_more"] == 9.0
    assert found.by["payer"].loc[("public", "richer"), "yuan_more"] == 400.0


def test_comparing_needs_two_of_the_same_measures(made, table):
    with pytest.raises(InputError, match="cannot be compared"):
        compare({"now": made}, table)
    with pytest.raises(InputError, match="other measures: b"):
        compare({"a": made, "b": make_programme(measures(ROWS[:2]), options([120.0]))}, table)


def test_the_curve_says_what_more_money_buys(table):
    curve = marginal_curve(table, options([120.0, 100.0]), steps=(-150.0, -200.0, 200.0, 400.0, 800.0), spread="even")
    points = curve.points
    assert points.index.tolist() == [-200.0, -150.0, 0.0, 200.0, 400.0, 800.0]
    assert not points.loc[-200.0, "feasible"]
    assert "safety floor" in points.loc[-200.0, "reason_en"]
    assert points.loc[0.0, "need_met"] == 9.0
    # 800 more, half of it each year: the shop's 400 fit beside the roof's 100.
    assert points.loc[800.0, "need_met"] == 18.0
    assert points.loc[800.0, "gained"] == 1
    assert curve.break_even.loc["m3", "enters_at_yuan"] in (400.0, 800.0)
    assert points["need_met"].dropna().is_monotonic_increasing


def test_the_curve_takes_away_no_more_than_there_is(table):
    with pytest.raises(InputError, match="are to be taken from 220"):
        marginal_curve(table, options([120.0, 100.0]), steps=(-500.0,))
    with pytest.raises(InfeasibleError):
        marginal_curve(table, options([10.0, 10.0]), steps=(5.0,))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"years": [2026, 2028], "budgets_yuan": [1, 1]}, "one after the other"),
        ({"years": [2026], "budgets_yuan": [1, 1]}, "2 numbers for 1 years"),
        ({"years": [2026], "budgets_yuan": [1], "capacities": {"lift": [1, 2]}}, "capacities lift has 2 numbers"),
        ({"years": [2026], "budgets_yuan": [1], "locked": {"a": 2030}}, "no year of the programme"),
        ({"years": [2026], "budgets_yuan": [1], "locked": {"a": "in"}, "forbidden": ["a"]}, "locked and forbidden"),
        ({"years": [2026], "budgets_yuan": [-1]}, "budgets_yuan"),
        ({"years": [2026]}, "budgets_yuan is missing"),
        ({"years": [2026], "budgets_yuan": [1], "colour": 1}, "colour is no option"),
        ({"years": [2026], "budgets_yuan": [float("nan")]}, "budgets_yuan"),
    ],
)
def test_wrong_options_are_told(data, said):
    with pytest.raises(InputError, match=said):
        ProgrammeOptions.read(data)
