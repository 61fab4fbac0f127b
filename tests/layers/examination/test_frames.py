"""Frames of an examination: what styles classify by, and what may not leave."""

import numpy as np
import pandas as pd
import pytest

from geo.schema import HOUSE_DECISIONS
from geo.standards.indicators import load_catalogue
from layers.catalogue import examination_layers, farmhouses_layer, phase_style, programme_layers
from layers.examination.frames import HOUSE_DISC_M, coverage_class, examined_frames, house_frame, private_codes
from layers.words import LANGS
from tests.layers.examination import examined


def test_what_nobody_looked_at_is_unknown_everywhere(examination):
    frames = examined_frames(examination)
    untouched = frames["buildings"][frames["buildings"]["estate_id"] == "e2"]
    states = untouched[[column for column in untouched if column.startswith("i0")]]
    assert set(states.to_numpy().ravel()) <= {"unknown", "not_applicable"}
    assert set(untouched["severity"]) == {"unknown"}
    assert set(untouched["coverage_class"]) == {"none"}
    assert frames["estates"].loc["e2", "coverage_class"] == "none"


def test_states_are_found_clear_and_remedied(examination):
    buildings = examined_frames(examination)["buildings"]
    assert buildings.loc["e0-1", "i01"] == "found"
    assert buildings.loc["e0-8", "i01"] == "clear"
    assert buildings.loc["e0-2", "i03"] == "remedied"


def test_coverage_has_four_classes_and_missing_is_none():
    shares = pd.Series([1.0, 0.5, 0.49, 0.0, float("nan")])
    assert list(coverage_class(shares)) == ["all", "most", "part", "none", "none"]


def test_few_households_names_of_people_and_places_in_homes_stay_inside(examination):
    frames = examined_frames(examination)
    assert pd.isna(frames["blocks"].loc["b00", "households"])
    assert not {"households", "people", "dwellings"} & set(frames["buildings"].columns)
    findings = frames["findings"]
    assert not {"surveyor", "note", "source"} & set(findings.columns)
    home = findings[findings["code"] == "5"]
    assert len(home) == 1
    assert home[["location", "photo", "extent"]].isna().all(axis=None)
    assert findings["location"].notna().any()


def test_codes_about_homes_are_found_in_the_catalogue():
    assert {"5", "7d"} <= private_codes(load_catalogue("examination-2025"))


def test_every_layer_has_titles_legends_and_columns(examination):
    frames = examined_frames(examination)
    layers = examination_layers(examination.catalogue)
    assert len({layer.id for layer in layers}) == len(layers)
    for layer in layers:
        assert layer.title_in("zh") != layer.title_in("en")
        for each in layer.style.classes:
            assert each.label_zh
            assert each.label_en
        if layer.style.column not in ("", "share"):
            assert layer.style.column in frames[layer.table].columns, layer.id
            known = {each.value for each in layer.style.classes}
            assert set(frames[layer.table][layer.style.column].dropna()) <= known, layer.id


def test_unknown_is_hatched_and_no_other_class_is(examination):
    for layer in examination_layers(examination.catalogue):
        hatched = {each.value for each in layer.style.classes if each.symbol.pattern == "hatch"}
        assert hatched <= {"unknown", "none"}
        if layer.id.startswith(("severity", "indicator", "share")):
            assert hatched == {"unknown"}
        if layer.id.startswith("coverage"):
            assert hatched == {"none"}


def test_farm_houses_are_drawn_by_decision_and_tell_nobody(surveyed):
    assert house_frame(surveyed) is None
    houses = house_frame(examined.with_farmhouses(surveyed))
    assert houses["decision"].to_dict() == {"NF1": "demolish", "NF2": "alter", "NF3": "use", "NF4": "unknown"}
    assert {"household_id", "people", "source"}.isdisjoint(houses.columns)
    assert houses.geometry.isna().to_dict() == {"NF1": False, "NF2": False, "NF3": False, "NF4": True}
    assert houses.geometry["NF3"].area == pytest.approx(np.pi * HOUSE_DISC_M**2, rel=0.02)
    layer = farmhouses_layer()
    assert [each.value for each in layer.style.classes] == list(HOUSE_DECISIONS)
    assert [each.symbol.pattern for each in layer.style.classes] == ["solid"] * 3 + ["hatch"]


def test_every_year_of_a_programme_has_its_class():
    style = phase_style((2027, 2028))
    assert [each.value for each in style.classes] == ["2027", "2028", "not_chosen", "nothing"]
    assert len({each.symbol.fill for each in style.classes}) == 4
    assert all(layer.title_in(lang) for layer in programme_layers((2027,)) for lang in LANGS)
