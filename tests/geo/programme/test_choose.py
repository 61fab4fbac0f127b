"""The choice of measures: against trying every choice, and the laws it keeps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import InfeasibleError, InputError
from geo.programme.choose import make_programme
from tests.geo.programme.small import best, keeps, measures, options, worth, years_of

CALM = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
KEYS = ("roof", "pipe", "road", "lift")


@st.composite
def cases(draw):
    count = draw(st.integers(1, 6))
    T = draw(st.integers(1, 3)) if count <= 5 else draw(st.integers(1, 2))
    rows = []
    for _ in range(count):
        key = draw(st.sampled_from(KEYS))
        safety = draw(st.booleans()) if key == "pipe" else draw(st.integers(0, 5)) == 0
        rows.append({
            "key": key, "safety": safety, "public_yuan": float(draw(st.integers(0, 9)) * 10),
            "need": float(draw(st.integers(0, 8))), "site_id": draw(st.sampled_from(["S1", "S2"])),
            "community_id": draw(st.sampled_from(["C1", "C2", None])), "subject_id": draw(st.sampled_from(["b1", "b2"])),
            "subject": draw(st.sampled_from(["building", "building", "estate"])),
            "remedy": draw(st.sampled_from(["works", "works", "works", "management"])),
            "class_": draw(st.sampled_from(["basic", "improve", "upgrade"])),
            "elder_child": draw(st.booleans()), "quantity": float(draw(st.integers(1, 3))),
            "trench_group": draw(st.sampled_from([None, None, "T1", "T2"])),
            "needs": "pipe" if key == "road" and draw(st.booleans()) else "",
            "excludes": "lift" if key == "roof" and draw(st.booleans()) else "",
            "ready": True if safety else draw(st.sampled_from([True, True, True, False])),
        })  # fmt: skip
    table = measures(rows)
    said = {
        "carry_over": draw(st.booleans()),
        "campaign_years": draw(st.integers(1, 3)),
        "sites_per_year": draw(st.sampled_from([None, None, 0, 1, 2])),
        "capacities": draw(st.sampled_from([{}, {}, {"roof": 2}, {"class:basic": 1}])),
        "equity_floor": draw(st.sampled_from([0.0, 0.0, 0.4])),
        "max_share_per_community": draw(st.sampled_from([None, None, 0.6])),
        "elder_child_min": draw(st.sampled_from([0, 0, 1, 2])),
    }
    if "roof" not in set(table["key"]):
        said["capacities"] = {}
    ready = [one for one, r in zip(table.index, table["ready"], strict=True) if r]
    hand = draw(st.sampled_from(["none", "none", "lock", "site", "forbid"]))
    sites = sorted(set(table["site_id"][table["ready"]]))
    if hand == "lock" and ready:
        said["locked"] = {draw(st.sampled_from(ready)): draw(st.sampled_from(["in", 2026]))}
    if hand == "site" and sites:
        said["locked"] = {draw(st.sampled_from(sites)): draw(st.sampled_from(["in", 2026]))}
    if hand == "forbid":
        said["forbidden"] = [draw(st.sampled_from([*table.index, *sites]))]
    budgets = [float(draw(st.integers(0, 15)) * 10) for _ in range(T)]
    said["campaign_years"] = min(said["campaign_years"], T)
    return table, options(budgets, **said)


@CALM
@given(cases())
def test_it_is_what_trying_every_choice_finds(case):
    table, asked = case
    expected = best(table, asked)
    try:
        made = make_programme(table, asked)
    except InfeasibleError as refused:
        assert expected is None, f"refused, but there is one worth {expected}: {refused}"
        assert len(refused.reasons) == len(refused.reasons_zh) > 0
        return
    except InputError as refused:
        assert "cannot be chosen" in str(refused)
        return
    year = years_of(made, table)
    assert keeps(table, year, asked)
    assert expected is not None
    assert worth(table, year, asked) == pytest.approx(expected, abs=1e-5)
    assert made.proven
    assert made.stages[1].value == pytest.approx(expected[1], abs=1e-5)
