"""Refusals: what collides, the sum that is missing, what would cure it; each checked by trying."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import InfeasibleError
from geo.programme.choose import make_programme
from tests.geo.programme.small import measures, options

SAFE = {"safety": True, "public_yuan": 1_000_000.0}


def refused(rows, asked):
    with pytest.raises(InfeasibleError) as error:
        make_programme(measures(rows), asked)
    assert len(error.value.reasons) == len(error.value.reasons_zh)
    return error.value


def test_the_sum_missing_for_the_safety_floor_is_said_in_all_and_by_year():
    rows = [{**SAFE, "site_id": "S1"}, {**SAFE, "site_id": "S2"}, {**SAFE, "site_id": "S3"}]
    error = refused(rows, options([1_500_000.0, 1_200_000.0]))
    # Three million are needed, one a year fits in each: the third needs 0.5 (2026) or 0.8 (2027) million more.
    assert "50.0000 × 10,000 yuan of public money is missing, for example 2026: 50.0000" in str(error)
    assert any("还缺政府资金50.0000万元,例如:2026年50.0000万元" in zh for zh in error.reasons_zh)
    assert any("安全底线(3项措施,需政府资金300.00万元,不可取舍)" in zh for zh in error.reasons_zh)
    assert make_programme(measures(rows), options([2_000_000.0, 1_200_000.0])).proven


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.lists(st.integers(0, 9), min_size=1, max_size=2),
       st.booleans())  # fmt: skip
def test_the_sum_missing_is_enough_and_nothing_less_is(costs, budgets, carry):
    from itertools import product

    from geo.programme.board import board_of
    from geo.programme.refusal import _missing

    table = measures([{"safety": True, "public_yuan": float(c), "site_id": f"S{i}"} for i, c in enumerate(costs)])
    asked = options([float(b) for b in budgets], carry_over=carry)
    short = _missing(board_of(table), asked, [], small=True)
    least = min(
        _short([sum(c for c, t in zip(costs, when, strict=True) if t == year) for year in range(len(budgets))],
               budgets, carry)
        for when in product(range(len(budgets)), repeat=len(costs))
    )  # fmt: skip
    assert short.total == pytest.approx(least)
    assert short.least == pytest.approx(least)
    assert sum(short.by_year) == pytest.approx(least)


def _short(spent, budgets, carry):
    missing, purse = 0.0, 0.0
    for use, budget in zip(spent, budgets, strict=True):
        purse = (purse if carry else 0.0) + budget - use
        missing += max(0.0, -purse)
        purse = max(0.0, purse)
    return missing


def test_a_window_that_collides_is_named_and_its_cure_works():
    rows = [{**SAFE, "site_id": "S1", "subject_id": "a"}, {**SAFE, "site_id": "S1", "subject_id": "b"}]
    error = refused(rows, options([1_000_000.0, 1_000_000.0], safety_ahead=False))
    assert "works on a site within 1 year(s) running" in error.reasons[0]
    assert "no smaller set" in str(error)
    assert any("relaxing or dropping: works on a site" in line for line in error.reasons)
    assert make_programme(
        measures(rows), options([1_000_000.0, 1_000_000.0], campaign_years=2, safety_ahead=False)
    ).proven
    assert make_programme(measures(rows), options([1_000_000.0, 1_000_000.0])).proven  # safety goes ahead


def test_sites_and_capacities_that_collide_are_named_without_money():
    rows = [{**SAFE, "site_id": f"S{i}"} for i in range(3)]
    error = refused(rows, options([9e6, 9e6], sites_per_year=1, safety_ahead=False))
    assert "the most sites under works in a year (1, 1)" in error.reasons[0]
    assert "public money (" not in error.reasons[0]
    assert any("再多资金也不能成立" in zh for zh in error.reasons_zh)
    error = refused(rows, options([9e6, 9e6], capacities={"roof": (1, 1)}))
    assert "the yearly capacity of roof (1, 1)" in error.reasons[0]


def test_carrying_over_is_offered_where_it_cures():
    error = refused([{**SAFE}], options([500_000.0, 500_000.0]))
    assert any("carry_over" in line for line in error.reasons)
    assert make_programme(measures([{**SAFE}]), options([500_000.0, 500_000.0], carry_over=True)).proven


def test_safety_and_equity_that_collide_are_said_and_safety_stays():
    rows = [{**SAFE, "community_id": "C1", "site_id": "S1"},
            {"public_yuan": 0.0, "need": 9.0, "community_id": "C1", "site_id": "S1"},
            {"public_yuan": 1_000_000.0, "community_id": "C2", "site_id": "S2"}]  # fmt: skip
    error = refused(rows, options([1_500_000.0], equity_floor=0.5))
    assert "安全底线" in error.reasons_zh[0]
    assert "每个社区的需求至少满足50%" in error.reasons_zh[0]
    assert "For all demands, 50.0000 × 10,000 yuan" in str(error)
    assert make_programme(measures(rows), options([2_000_000.0], equity_floor=0.5)).proven


def test_demands_that_collide_without_safety_are_told_apart():
    error = refused([{"elder_child": True}], options([500.0], elder_child_min=2))
    assert error.reasons[0] == "It cannot be: at least 2 measures for old and young."
    assert "even without the safety floor" in error.reasons[1]


def test_forbidding_safety_is_refused_by_name():
    error = refused([{**SAFE}, {}], options([9e6], forbidden=["m0"]))
    assert error.ids == ("m0",)
    assert "m0 is forbidden" in error.reasons[0]
    assert "the safety floor" in error.reasons[0]


def test_locks_that_collide_are_the_smallest_set():
    rows = [{"public_yuan": 60.0, "site_id": f"S{i}"} for i in range(4)]
    error = refused(rows, options([100.0, 100.0], locked={"m0": 2026, "m1": 2026, "m2": 2027, "m3": "in"}))
    assert set(error.ids) == {"m0", "m1"}
    assert "no smaller set" in str(error)


def test_safety_measures_that_exclude_each_other_are_named():
    rows = [{**SAFE, "key": "a", "subject_id": "x", "excludes": "b"}, {**SAFE, "key": "b", "subject_id": "x"}]
    error = refused(rows, options([9e6]))
    assert error.ids == ("m0", "m1")
    assert "exclude each other by the menu" in str(error)


def test_a_share_too_small_for_safety_is_named():
    error = refused([{**SAFE}], options([2e6], max_share_per_community=0.4))
    assert "at most 40% of the money for one community" in error.reasons[0]
