"""The choice of measures: against trying every choice, and the laws it keeps."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import InfeasibleError, InputError
from geo.programme.choose import make_programme
from tests.geo.programme.small import best, keeps, measures, options, worth, years_of

CALM = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
KEYS = ("roof", "pipe", "road", "lift")


@st.composite
def tables(draw, most=5):
    rows = []
    for _ in range(draw(st.integers(1, most))):
        key = draw(st.sampled_from(KEYS))
        safety = draw(st.booleans()) if key == "pipe" else draw(st.integers(0, 5)) == 0
        rows.append({
            "key": key, "safety": safety, "public_yuan": float(draw(st.integers(0, 9)) * 10),
            "need": float(draw(st.integers(0, 8))), "site_id": draw(st.sampled_from(["S1", "S2"])),
            "community_id": draw(st.sampled_from(["C1", "C2", None])),
            "subject_id": draw(st.sampled_from(["b1", "b2"])),
            "subject": draw(st.sampled_from(["building", "building", "estate"])),
            "remedy": draw(st.sampled_from(["works", "works", "works", "management"])),
            "class_": draw(st.sampled_from(["basic", "improve", "upgrade"])),
            "elder_child": draw(st.booleans()), "quantity": float(draw(st.integers(1, 3))),
            "trench_group": draw(st.sampled_from([None, None, "T1", "T2"])),
            "needs": "pipe" if key == "road" and draw(st.booleans()) else "",
            "excludes": "lift" if key == "roof" and draw(st.booleans()) else "",
            "ready": True if safety else draw(st.sampled_from([True, True, True, False])),
        })  # fmt: skip
    return measures(rows)


@st.composite
def cases(draw):
    table = draw(tables())
    T = draw(st.integers(1, 3)) if len(table) <= 4 else draw(st.integers(1, 2))
    said = {
        "carry_over": draw(st.booleans()),
        "campaign_years": draw(st.integers(1, T)),
        "safety_ahead": draw(st.booleans()),
        "sites_per_year": draw(st.sampled_from([None, None, 0, 1, 2])),
        "equity_floor": draw(st.sampled_from([0.0, 0.0, 0.4])),
        "max_share_per_community": draw(st.sampled_from([None, None, 0.6])),
        "elder_child_min": draw(st.sampled_from([0, 0, 1, 2])),
    }
    if "roof" in set(table["key"]):
        said["capacities"] = draw(st.sampled_from([{}, {}, {"roof": 2}, {"class:basic": 1}]))
    ready = [one for one, is_ready in zip(table.index, table["ready"], strict=True) if is_ready]
    sites = sorted(set(table["site_id"][table["ready"]]))
    hand = draw(st.sampled_from(["none", "none", "lock", "site", "forbid"]))
    if hand == "lock" and ready:
        said["locked"] = {draw(st.sampled_from(ready)): draw(st.sampled_from(["in", 2026]))}
    if hand == "site" and sites:
        said["locked"] = {draw(st.sampled_from(sites)): draw(st.sampled_from(["in", 2026]))}
    if hand == "forbid":
        said["forbidden"] = [draw(st.sampled_from([*table.index, *sites]))]
    return table, options([float(draw(st.integers(0, 15)) * 10) for _ in range(T)], **said)


def attempt(table, asked):
    """Return the programme, or None when it is refused with reasons in both languages."""
    try:
        return make_programme(table, asked)
    except InfeasibleError as refused:
        same = len(refused.reasons) == len(refused.reasons_zh) > 0
        return None if same else pytest.fail("a refusal says the same in both languages")


@CALM
@given(cases())
def test_it_is_what_trying_every_choice_finds(case):
    table, asked = case
    barred = [one for one in asked.locked if one in table.index and _waits_for_nothing(table, one)]
    if barred:
        with pytest.raises(InputError, match="cannot be chosen"):
            make_programme(table, asked)
        return
    expected, made = best(table, asked), attempt(table, asked)
    assert (made is None) == (expected is None)
    if made is not None:
        year = years_of(made, table)
        assert keeps(table, year, asked)
        assert worth(table, year, asked) == pytest.approx(expected, abs=1e-5)
        assert made.stages[1].value == pytest.approx(expected[1], abs=1e-5)
        assert made.proven


def _waits_for_nothing(table, one):
    """Return whether what must come before it (it, and so on) cannot be chosen, so that it cannot be either."""
    from geo.programme.board import board_of

    return one in board_of(table).barred


@CALM
@given(tables(), st.lists(st.integers(0, 12), min_size=2, max_size=2), st.integers(0, 5))
def test_more_money_is_never_worse(table, budgets, more):
    asked = options([10.0 * b for b in budgets])
    richer = options([10.0 * b + 10.0 * more for b in budgets])
    one, two = attempt(table, asked), attempt(table, richer)
    if one is None:
        return
    assert two is not None
    before, after = (worth(table, years_of(p, table), asked) for p in (one, two))
    assert after[0] <= before[0] + 1e-6
    if after[0] > before[0] - 1e-6:
        assert after[1] >= before[1] - 1e-5


@CALM
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_of_measures_do_not_matter(table, chance):
    asked = options([150.0, 120.0])
    made = attempt(table, asked)
    rows = list(range(len(table)))
    chance.shuffle(rows)
    again = attempt(table.iloc[rows], asked)
    named = attempt(table.set_axis([f"x{(7 * i + 3) % 11}" for i in rows]), asked)
    if made is None:
        assert again is None
        assert named is None
        return
    assert again.choice.sort_index().equals(made.choice.sort_index())
    assert again.fingerprint == made.fingerprint
    for one, two in zip(made.stages, named.stages, strict=True):
        assert one.value == pytest.approx(two.value, abs=1e-6)


def test_safety_is_done_first_though_something_else_meets_more():
    table = measures([
        {"safety": True, "need": 1.0, "public_yuan": 100.0, "site_id": "S1"},
        {"need": 50.0, "public_yuan": 100.0, "site_id": "S2"},
        {"need": 1.0, "public_yuan": 100.0, "site_id": "S3", "safety": True},
    ])  # fmt: skip
    made = make_programme(table, options([100.0, 200.0]))
    assert made.choice["year"].notna().all()
    assert made.choice.loc["m1", "year"] == 2027
    assert "安全底线" in made.choice.loc["m0", "why_zh"]
    assert list(made.years["spent_yuan"]) == [100.0, 200.0]


def test_one_trench_is_dug_once_although_campaigns_are_longer():
    table = measures([
        {"key": "pipe", "trench_group": "T", "public_yuan": 100.0, "need": 3.0},
        {"key": "cable", "trench_group": "T", "public_yuan": 100.0, "need": 2.0},
        {"key": "roof", "public_yuan": 100.0, "need": 5.0},
    ])  # fmt: skip
    made = make_programme(table, options([100.0, 200.0], campaign_years=2))
    assert made.choice.loc["m0", "year"] == made.choice.loc["m1", "year"] == 2027
    assert made.choice.loc["m2", "year"] == 2026


def test_a_whole_renewal_meets_the_need_of_the_patch_it_makes_needless():
    table = measures([
        {"key": "patch", "subject_id": "b1", "need": 3.0, "public_yuan": 10.0},
        {"key": "whole", "subject_id": "b1", "need": 2.0, "public_yuan": 100.0, "excludes": "patch"},
    ])  # fmt: skip
    made = make_programme(table, options([100.0]))
    assert made.choice.loc["m0", "met_by"] == "m1"
    assert made.need_met == made.need_total == 5.0
    assert "needless" in made.choice.loc["m0", "why_en"]
    assert make_programme(table, options([99.0])).choice.loc["m0", "year"] == 2026


def test_a_lock_stays_and_the_rest_is_planned_around_it():
    table = measures([{"need": float(n), "public_yuan": 100.0, "site_id": f"S{n}"} for n in range(1, 5)])
    free = make_programme(table, options([100.0, 100.0]))
    assert sorted(free.choice.index[free.choice["year"].notna()]) == ["m2", "m3"]
    locked = make_programme(table, options([100.0, 100.0], locked={"m0": 2026}), start=free)
    assert locked.choice.loc["m0", "year"] == 2026
    assert locked.choice.loc["m3", "year"] == 2027
    assert "锁定" in locked.choice.loc["m0", "why_zh"]


def test_staying_near_keeps_most_of_another_programme():
    table = measures([{"need": 10.0 + n / 10, "public_yuan": 100.0, "site_id": f"S{n}"} for n in range(8)])
    before = make_programme(table, options([400.0], forbidden=["m7", "m6", "m5", "m4"]))
    best_of_all = make_programme(table, options([400.0]), start=before)
    near = make_programme(table, options([400.0], stay_near=0.05), start=before)
    assert set(best_of_all.choice.index[best_of_all.choice["year"].notna()]) == {"m4", "m5", "m6", "m7"}
    assert near.choice["year"].equals(before.choice["year"])
    assert near.stages[-1].value == 0


def test_slack_for_safety_buys_need():
    rows = [{"safety": True, "need": 1.0, "public_yuan": 50.0, "site_id": "S1"},
            {"need": 40.0, "public_yuan": 100.0, "site_id": "S1"}]  # fmt: skip
    strict = make_programme(measures(rows), options([50.0, 150.0], safety_ahead=False))
    assert pd_year(strict, "m1") is None
    assert any("safety_slack" in en for _, en in strict.notes)
    rows.append({"safety": True, "need": 1.0, "public_yuan": 50.0, "site_id": "S2"})
    loose = make_programme(measures(rows), options([50.0, 150.0], safety_slack=1.0, safety_ahead=False))
    assert pd_year(loose, "m1") == 2027


def test_safety_goes_ahead_of_its_sites_campaign():
    rows = [{"safety": True, "need": 1.0, "public_yuan": 50.0, "site_id": "S1"},
            {"need": 40.0, "public_yuan": 100.0, "site_id": "S1"},
            {"need": 5.0, "public_yuan": 50.0, "site_id": "S1"}]  # fmt: skip
    made = make_programme(measures(rows), options([50.0, 150.0]))
    assert [pd_year(made, one) for one in ("m0", "m1", "m2")] == [2026, 2027, 2027]
    made = make_programme(measures(rows), options([100.0, 100.0]))  # one campaign: the two are not in two years
    assert [pd_year(made, one) for one in ("m0", "m1", "m2")] == [2026, 2027, None]


def test_what_shares_a_trench_with_safety_goes_ahead_with_it():
    rows = [{"safety": True, "need": 1.0, "public_yuan": 50.0, "trench_group": "T"},
            {"need": 3.0, "public_yuan": 10.0, "trench_group": "T"},
            {"need": 40.0, "public_yuan": 100.0}]  # fmt: skip
    made = make_programme(measures(rows), options([60.0, 100.0]))
    assert [pd_year(made, one) for one in ("m0", "m1", "m2")] == [2026, 2026, 2027]


def pd_year(made, one):
    year = made.choice["year"].dropna()
    return int(year[one]) if one in year.index else None


def test_safety_without_a_price_is_refused_or_told():
    table = measures([{"safety": True, "ready": False, "priced": False, "public_yuan": np.nan, "why_not_en": "no price",
                       "why_not_zh": "没有单价"}, {}])  # fmt: skip
    with pytest.raises(InputError, match="1 safety measures have no price") as refused:
        make_programme(table, options([100.0]))
    assert refused.value.faults[0].ids == ("m0",)
    made = make_programme(table, options([100.0], unpriced_safety="report"))
    assert pd_year(made, "m0") is None
    assert any("incomplete" in en for _, en in made.notes)
    assert "没有单价" in made.choice.loc["m0", "why_zh"]


def test_all_wrong_names_are_told_at_once():
    asked = options([1.0], locked={"zz": "in"}, forbidden=["yy"], capacities={"boat": 1})
    with pytest.raises(InputError) as refused:
        make_programme(measures([{}]), asked)
    assert len(refused.value.faults) == 3
    assert "boat" in str(refused.value)


def test_what_cannot_be_chosen_cannot_be_locked():
    table = measures([{"ready": False, "why_not_en": "it has no unit price"}, {}])
    with pytest.raises(InputError, match="m0 cannot be chosen: it has no unit price"):
        make_programme(table, options([1.0], locked={"m0": "in"}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"need": -1.0}, "no need, or one below zero"),
        ({"class_": "best"}, "none of basic, improve, upgrade"),
        ({"site_id": None}, "have no site"),
    ],
)
def test_measures_that_make_no_sense_are_refused(change, said):
    with pytest.raises(InputError, match=said):
        make_programme(measures([change, {}]), options([1.0]))


def test_measures_without_the_columns_are_refused():
    with pytest.raises(InputError, match="no column need"):
        make_programme(measures([{}]).drop(columns="need"), options([1.0]))
    with pytest.raises(InputError, match="several rows"):
        make_programme(measures([{}, {}]).set_axis(["a", "a"]), options([1.0]))
