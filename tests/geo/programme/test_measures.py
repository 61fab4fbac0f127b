"""Measures of the estate of twelve buildings: what answers what, how much, at what cost, how needed."""

import pytest

from geo.errors import InputError
from geo.examination.examine import examine
from geo.programme import ProgrammeOptions, make_programme, measures
from geo.programme.measures import COLUMNS
from geo.programme.options import NeedWeights
from geo.standards.costs import load_costs
from geo.standards.indicators import load_catalogue
from geo.standards.menu import load_menu
from tests.geo.examination.twelve import TODAY, twelve

MENU, COSTS = load_menu("renovation-menu-2020"), load_costs("example-costs")


@pytest.fixture(scope="module")
def town():
    return twelve()


@pytest.fixture(scope="module")
def found(town):
    return examine(town, catalogue=load_catalogue("examination-2025"), today=TODAY)


@pytest.fixture(scope="module")
def table(town, found):
    return measures(found, town, menu=MENU, costs=COSTS)


def test_one_row_for_each_measure_and_subject(table, town):
    assert list(table.columns) == [*COLUMNS, "geometry"]
    assert table.index.is_unique
    assert table.index.is_monotonic_increasing
    assert table.crs == town.crs
    assert (table.index == table["key"] + ":" + table["subject"] + ":" + table["subject_id"]).all()
    assert table.geometry.notna().all()
    # T02 was found with 2, 6a and 6c: gas pipes, water and drain pipes, lines; one trench with E1's other lines.
    lines = table[table["subject_id"] == "T02"]
    assert sorted(lines["key"]) == ["gas_pipes", "lines_tidied", "water_drain_pipes"]
    assert set(lines["trench_group"]) == {"trench:E1"}
    assert lines["safety"].all()


def test_quantity_and_cost_by_hand(table):
    gas = table.loc["gas_pipes:building:T02"]
    # No extent was written: two stairwells (24 flats on 6 floors) of 18 m.
    assert (gas["quantity"], gas["unit"]) == (36.0, "m")
    assert "问题范围未填全,改用立管" in gas["quantity_source_zh"]
    assert gas["cost_yuan"] == 36 * COSTS.of("gas_pipes").yuan
    shares = MENU["gas_pipes"].shares
    assert gas["public_yuan"] == pytest.approx(gas["cost_yuan"] * shares.public)
    assert gas["public_yuan"] + gas["residents_yuan"] + gas["social_yuan"] == pytest.approx(gas["cost_yuan"])
    assert gas["example_cost"]
    path = table.loc["footpath_repair:estate:E1"]
    assert (path["quantity"], path["quantity_source_zh"]) == (120.0, "调查记录的问题范围")
    assert table.loc["parking_bays:estate:E1", "quantity"] == 140
    assert table.loc["ev_chargers:estate:E1", "quantity"] == 22


def test_need_by_hand(table, found):
    gas = table.loc["gas_pipes:building:T02"]
    severity = {"general": 1, "serious": 2, "very_serious": 4}[gas["severity"]]
    timed = 1.5 if found.catalogue.codes["2"][1].problem == "timed" else 1.0
    assert gas["need"] == pytest.approx(
        3 * gas["households"] * severity * timed * (1 + 0.1 * gas["years_open"]), abs=1e-5
    )
    assert gas["households"] == 24


def test_what_answers_a_finding_together_shares_its_need(table):
    test, strengthen = (
        table.loc[f"{key}:building:T01", "need"] for key in ("structure_test", "structure_strengthening")
    )
    assert test == strengthen
    assert table.loc["structure_strengthening:building:T01", "needs"] == "structure_test"


def test_facilities_of_units_and_gaps_of_estates_are_measures(table):
    assert table.loc["elder_care_centre:unit:U01", "site_id"] == "unit:U01"
    assert table.loc["elder_care_centre:unit:U01", "elder_child"]
    assert "childcare_centre:unit:U02" in table.index
    assert "childcare_centre:unit:U01" not in table.index


def test_management_costs_nothing_and_what_has_no_price_is_not_free(found, town, table):
    tidy = table.loc["property_management:estate:E1"]
    assert (tidy["cost_yuan"], tidy["priced"], tidy["remedy"]) == (0.0, True, "management")
    fewer = COSTS.model_copy(update={"costs": tuple(c for c in COSTS.costs if c.measure != "fire_doors")})
    unpriced = measures(found, town, menu=MENU, costs=fewer).loc["fire_doors:building:T04"]
    assert not unpriced["priced"]
    assert not unpriced["ready"]
    assert unpriced["cost_yuan"] != unpriced["cost_yuan"]
    assert (unpriced["why_not_zh"], unpriced["why_not_en"]) == ("没有单价", "it has no unit price")


def test_unknown_quantities_stay_unknown(table):
    flats = table.loc["complete_flats:building:T11"]
    assert flats["quantity"] != flats["quantity"]
    assert not flats["ready"]
    assert "工程量未知" in flats["why_not_zh"]
    assert any("工程量未知" in zh for zh, _ in table.attrs["notes"])


def test_a_lift_needs_consent(found, town, table):
    assert not table.loc["lift:building:T01", "ready"]
    assert "278" in table.loc["lift:building:T01", "why_not_en"]
    agreed = measures(found, town, menu=MENU, costs=COSTS, lift_consent={"T01"})
    assert agreed.loc["lift:building:T01", "ready"]


def test_weights_are_the_users(found, town, table):
    heavier = measures(found, town, menu=MENU, costs=COSTS, weights=NeedWeights(basic=6.0))
    basic = table["class_"] == "basic"
    assert heavier.loc[basic, "need"].to_numpy() == pytest.approx(2 * table.loc[basic, "need"].to_numpy())
    assert heavier.loc[~basic, "need"].to_numpy() == pytest.approx(table.loc[~basic, "need"].to_numpy())


def test_a_price_for_another_unit_is_refused(found, town):
    wrong = tuple(c.model_copy(update={"per": "km"}) if c.measure in ("lift", "fibre") else c for c in COSTS.costs)
    with pytest.raises(InputError) as refused:
        measures(found, town, menu=MENU, costs=COSTS.model_copy(update={"costs": wrong}))
    assert len(refused.value.faults) == 2


def test_a_programme_is_made_of_it(table):
    made = make_programme(table, ProgrammeOptions(years=(2026, 2027), budgets_yuan=(1.5e6, 1.5e6), gap=0.0))
    safety = table.index[table["safety"] & table["ready"]]
    assert made.choice.loc[safety, "year"].notna().all()
    assert (made.years["spent_yuan"] <= made.years["budget_yuan"]).all()
    assert any("示例单价" in zh for zh, _ in made.notes)
