"""Statistics of renovation: national figures reproduced, small lists by hand, every refusal."""

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from geo.examination.progress import (
    FUND_WEIGHTS,
    PROJECT_FIELDS,
    FundWeights,
    check_projects,
    fund_shares,
    progress,
    read_projects,
    remedied,
    scale_of,
)
from geo.standards.indicators import Catalogue, load_catalogue


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue("examination-2025")


# ── the national statistics of 2023 ──────────────────────────────────────────────────────────────────────────────────
def test_the_start_rates_of_2023_are_reproduced() -> None:
    planned, june, august = 53_000, 42_621, 49_800
    started = np.full(planned, None, dtype=object)
    started[:june] = "2023-05-20"
    started[june:august] = "2023-08-10"
    plan = pd.DataFrame({"site_id": [f"s{i}" for i in range(planned)], "planned_year": 2023, "started_on": started})
    by_june = progress(plan, as_of="2023-06-30", year=2023).figures.loc["started_sites"]
    by_august = progress(plan, as_of="2023-08-31", year=2023).figures.loc["started_sites"]
    assert (by_june["planned"], by_june["value"]) == (53_000, 42_621)
    assert round(100 * by_june["share"], 1) == 80.4
    assert (by_august["value"], round(100 * by_august["share"], 1)) == (49_800, 94.0)


def test_money_per_household_and_community_of_2023() -> None:
    scale = scale_of(240e9, 8.97e6, 53_700)
    assert scale["per_household"] == pytest.approx(26_800, rel=0.003), "about 26,800 yuan"
    assert scale["per_community"] == pytest.approx(4.5e6, rel=0.01), "about 4.5 million yuan"
    assert np.isnan(scale_of(1.0, 0.0, np.nan)["per_household"])


# ── a list of projects ───────────────────────────────────────────────────────────────────────────────────────────────
HEADINGS = (
    "小区编号",
    "社区编号",
    "计划年度",
    "开工日期",
    "完工日期",
    "户数",
    "加装电梯(部)",
    "管线改造(公里)",
    "中央补助(元)",
    "居民出资(元)",
)
ROWS: list[tuple[object, ...]] = [
    ("A", "c1", 2025, "2025-03-01", "2025-09-30", 100, 2, 1.5, 1_000_000, 200_000),
    ("B", "c1", 2025, "2025-05-01", None, 300, None, 0.5, 3_000_000, None),
    ("C", "c2", 2025, None, None, 200, None, None, None, None),
    ("D", "c2", 2025, "2025-12-01", None, None, 9, None, None, None),
    ("E", "c2", 2026, "2025-03-01", None, 50, 5, None, None, None),
]


def workbook(path: Path, rows: list[tuple[object, ...]]) -> Path:
    book = openpyxl.Workbook()
    for row in (HEADINGS, *rows):
        book.active.append(row)
    book.save(path)
    return path


def test_a_plan_of_four_estates_by_hand(tmp_path: Path) -> None:
    plan = read_projects(workbook(tmp_path / "projects.xlsx", ROWS))
    assert list(plan.columns) == [each.name for each in PROJECT_FIELDS]
    found = progress(plan, as_of="2025-09-30", year=2025)
    figures = found.figures
    assert figures.loc["started_sites", ["planned", "value", "share"]].tolist() == [4, 2, 0.5]
    assert figures.loc["completed_sites", ["planned", "value", "share"]].tolist() == [4, 1, 0.25]
    homes = figures.loc["started_households"]
    assert homes[["planned", "value", "known", "total"]].tolist() == [600, 400, 3, 4]
    assert homes["share"] == pytest.approx(2 / 3)
    assert homes["note_zh"] == "1个项目户数未知,未计入"
    assert figures.loc["lifts", ["value", "known", "total"]].tolist() == [2, 1, 2], "D and E have not started by then"
    assert figures.loc["pipe_km", "value"] == 2.0
    assert np.isnan(figures.loc["parking_bays", "value"]), "nobody reported it"
    assert figures.loc["investment_yuan", "value"] == 4_200_000
    assert figures.loc["residents_yuan", "share"] == pytest.approx(0.2 / 4.2)
    assert figures.loc["yuan_per_household", "value"] == pytest.approx(4_200_000 / 400)
    assert figures.loc["yuan_per_site", "value"] == pytest.approx(2_100_000)
    assert found.communities.loc["c2", "sites_planned"] == 2
    assert found.communities.loc["c1", "start_share_households"] == 1.0
    assert progress(plan, as_of="2026-01-01").figures.loc["started_sites", ["planned", "value"]].tolist() == [5, 4]


def test_a_year_without_projects_has_no_rates() -> None:
    plan = pd.DataFrame({"site_id": ["A"], "planned_year": [2025]})
    found = progress(plan, as_of="2025-09-30", year=2030)
    assert np.isnan(found.figures.loc["started_sites", "share"])
    assert found.notes == (("2030年度计划中没有项目", "the plan of 2030 has no projects"),)


def test_every_fault_of_a_list_is_told_at_once(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [
        ("A", "c1", 2025, "2025-13-01", "2025-09-30", -1, "x", None, None, None),
        ("A", "c1", 2025, "2025-05-01", "2024-01-01", None, 1.5, None, None, None),
        (None, "c1", "next", None, None, None, None, None, None, None),
        ("C", "c1", 2025, None, "2025-09-30", None, None, None, None, None),
    ]
    with pytest.raises(InputError) as refused:
        read_projects(workbook(tmp_path / "projects.xlsx", rows))
    said = [(fault.what, fault.ids) for fault in refused.value.faults]
    assert ("开工日期 '2025-13-01': is no day", ("row 2",)) in said
    assert any(what.startswith("户数") and what.endswith("is below 0") and rows == ("row 2",) for what, rows in said)
    assert ("a site stands twice in the plan of a year", ("row 2", "row 3")) in said
    assert ("a project was completed before it was started", ("row 3",)) in said
    assert ("小区编号 is empty", ("row 4",)) in said
    assert ("a project was completed but never started", ("row 5",)) in said
    assert len(said) == 9
    assert all(fault.file and fault.remedy for fault in refused.value.faults)


def test_a_table_without_the_plans_year_is_refused() -> None:
    assert [fault.what for fault in check_projects(pd.DataFrame({"site_id": ["A"]}))] == [
        "the projects have no column planned_year"
    ]
    with pytest.raises(InputError, match="planned_year"):
        progress(pd.DataFrame({"site_id": ["A"]}), as_of="2025-01-01")
    with pytest.raises(InputError, match="is no day"):
        progress(pd.DataFrame({"site_id": ["A"], "planned_year": [2025]}), as_of="today")


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(ROWS))), st.dates(), st.dates())
def test_time_only_adds_and_order_does_not_matter(order: list[int], one: object, other: object) -> None:
    names = ("site_id", "community_id", "planned_year", "started_on", "completed_on", "households")
    plan = pd.DataFrame([dict(zip(names, row, strict=False)) for row in ROWS])
    early, late = sorted((str(one), str(other)))
    before, after = (progress(plan, as_of=day).figures["value"] for day in (early, late))
    rates = ["started_sites", "started_households", "completed_sites", "completed_households"]
    assert (after[rates] >= before[rates]).all()
    pd.testing.assert_frame_equal(
        progress(plan, as_of=late).communities, progress(plan.iloc[order], as_of=late).communities
    )


# ── indicator 60 ─────────────────────────────────────────────────────────────────────────────────────────────────────
def findings(*rows: tuple[str, str, str | None, str | None]) -> pd.DataFrame:
    """Rows of code, status, due_on, done_on."""
    return pd.DataFrame(rows, columns=["code", "status", "due_on", "done_on"]).assign(surveyed_on="2025-04-01")


def test_what_was_due_by_the_day_and_put_right(catalogue: Catalogue) -> None:
    timed = next(code for code, (_, each) in catalogue.codes.items() if each.problem == "timed")
    best = next(code for code, (_, each) in catalogue.codes.items() if each.problem == "best_effort")
    seen = findings(
        (timed, "done", "2025-06-30", "2025-06-01"), (timed, "open", "2025-06-30", None),
        (timed, "checked", "2025-06-30", None), (timed, "scheduled", "2026-06-30", None),
        (best, "done", "2025-06-30", "2025-12-01"), (best, "open", None, None), ("99z", "done", "2025-01-01", None),
    )  # fmt: skip
    found = remedied(seen, catalogue, "2025-09-30")
    assert found.basis == "due_on"
    assert found.rates["due"].to_dict() == {"all": 5, "timed": 3, "best_effort": 1}
    assert found.rates["remedied"].to_dict() == {"all": 3, "timed": 2, "best_effort": 0}, "one was done after the day"
    assert found.value == pytest.approx(3 / 5)
    assert found.rates.loc["timed", "share"] == pytest.approx(2 / 3)
    assert found.rates.loc["all", ["findings", "done"]].tolist() == [7, 3]
    assert "1 without a due day are left out (of all 7 findings 3 are put right)" in found.note_en
    assert "1 have codes of another edition" in found.note_en


def test_without_due_days_every_finding_is_due(catalogue: Catalogue) -> None:
    found = remedied(findings(("1b", "done", None, None), ("3a", "open", None, None)), catalogue, "2025-09-30")
    assert (found.basis, found.value) == ("all", 0.5)
    assert "均未填整治期限" in found.note_zh


def test_nothing_due_is_unknown_and_not_zero(catalogue: Catalogue) -> None:
    for seen in (None, findings(), findings(("1b", "open", "2026-01-01", None))):
        found = remedied(seen, catalogue, "2025-09-30")
        assert np.isnan(found.value)
        assert np.isnan(found.rates.loc["timed", "share"])
    late = findings(("1b", "open", None, None)).assign(surveyed_on="2025-12-01")
    assert np.isnan(remedied(late, catalogue, "2025-09-30").value), "found after the day"


def test_indicator_60_stands_among_the_figures(catalogue: Catalogue) -> None:
    plan = pd.DataFrame({"site_id": ["A"], "planned_year": [2025]})
    seen = findings(("1b", "done", None, None), ("3a", "open", None, None))
    found = progress(plan, as_of="2025-09-30", findings=seen, catalogue=catalogue)
    assert found.figures.loc["remedied_all", ["planned", "value", "share"]].tolist() == [2, 1, 0.5]
    assert found.remedied is not None


# ── central money ────────────────────────────────────────────────────────────────────────────────────────────────────
def regions(**columns: tuple[float, float]) -> pd.DataFrame:
    given = {"area_m2": (300.0, 100.0), "households": (30.0, 10.0), "buildings": (3.0, 1.0),
             "communities": (1.0, 1.0), "difficulty": (1.0, 1.0), "performance": (90.0, 60.0)}  # fmt: skip
    return pd.DataFrame({**given, **columns}, index=["x", "y"])


def test_the_formula_of_2019_by_hand() -> None:
    shares = fund_shares(regions(), FUND_WEIGHTS["2019"])
    assert shares.loc["x", "share"] == pytest.approx(0.4 * 0.75 + 0.4 * 0.75 + 0.1 * 0.75 + 0.1 * 0.5)
    assert shares["share"].sum() == pytest.approx(1.0)


def test_difficulty_scales_amounts_but_not_performance() -> None:
    shares = fund_shares(regions(difficulty=(1.0, 3.0)), FUND_WEIGHTS["2020"])
    assert shares.loc["x", "area_m2"] == pytest.approx(0.4 * 300 / (300 + 3 * 100))
    assert shares.loc["x", "performance"] == pytest.approx(0.1 * 90 / 150)
    assert shares["share"].sum() == pytest.approx(1.0)


def test_the_weights_are_those_of_the_measures() -> None:
    assert list(FUND_WEIGHTS["2019"].weights.values()) == [0.4, 0.4, 0.1, 0.1]
    assert list(FUND_WEIGHTS["2020"].weights.values()) == [0.4, 0.3, 0.1, 0.1, 0.1]
    assert all(sum(each.weights.values()) == pytest.approx(1) and each.source_zh for each in FUND_WEIGHTS.values())


def test_regions_that_cannot_be_shared_among_are_refused_all_at_once() -> None:
    given = regions(households=(np.nan, 1.0), buildings=(0.0, 0.0)).drop(columns="communities")
    with pytest.raises(InputError) as refused:
        fund_shares(given, FundWeights("own", {**FUND_WEIGHTS["2019"].weights, "area_m2": 0.5}, "自定", "own"))
    said = [fault.what for fault in refused.value.faults]
    assert said == [
        "the weights sum to 1.1", "column households holds unknown or negative values",
        "column buildings is zero everywhere", "the regions have no column communities",
    ]  # fmt: skip
