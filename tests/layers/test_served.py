"""What a server draws: entries for every table, computed columns and legends as on the pages."""

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.schema import TABLES
from layers.catalogue import examination_layers
from layers.examination.frames import TABLES as EXAMINED
from layers.features import context_frames, layer_frames
from layers.maps import layer_data, page_data
from layers.provenance import plan_limits
from layers.served import (
    LONG_TEXTS,
    PLAN_TABLES,
    layers_of,
    plan_params,
    study_layers,
    style_columns,
    tile_columns,
    usual,
)
from layers.words import WORDS

WITHOUT_PLACE = {name for name, table in TABLES.items() if not table.geometry}


def test_every_table_with_a_place_is_a_layer() -> None:
    assert {layer.table for layer in study_layers()} == set(TABLES) - WITHOUT_PLACE
    assert len({layer.id for layer in study_layers()}) == len(study_layers())


def test_entries_of_a_study_read_columns_of_its_tables_and_words_that_are_there() -> None:
    for layer in study_layers():
        columns = {column.name for column in TABLES[layer.table].columns}
        numbers = {"households", "area_m2"}
        empty = pa.table({name: pa.array([], pa.float64() if name in numbers else pa.string()) for name in columns})
        there = columns | set(style_columns(layer.table, empty)) | {"colour"}
        wanted = {layer.style.column, layer.label, layer.strong, *(each.column for each in layer.fields)} - {""}
        assert wanted - there <= {"decided_on"}, layer.id  # comes with some registers only
        assert {layer.title, layer.group, *(each.label for each in layer.fields)} <= set(WORDS)
        for each in layer.fields:
            assert not each.words or any(key.startswith(f"{each.words}.") for key in WORDS), each


@pytest.mark.parametrize(("table", "column"), [("passages", "kind"), ("premises", "kind"), ("findings", "severity"),
                                               ("farmhouses", "decision"), ("buildings", "use")])  # fmt: skip
def test_every_allowed_value_has_a_class_or_a_word(table: str, column: str) -> None:
    allowed = TABLES[table].column(column).allowed
    layer = next(layer for layer in study_layers() if layer.table == table)
    if layer.style.column == column:
        assert {each.value for each in layer.style.classes} == set(allowed)
    for field in layer.fields:
        if field.column == column and field.format == "choice":
            assert {f"{field.words}.{value}" for value in allowed} <= set(WORDS)


def test_columns_are_those_that_pages_compute(tables, study) -> None:
    frames = context_frames(study.tables, tables.blocks.crs)
    for name, column in {"roads": "road_group", "barriers": "barrier_group", "facilities": "facility_group"}.items():
        if name in frames:
            plain = pa.Table.from_pandas(pd.DataFrame(study.tables[name].drop(columns="geometry")))
            assert style_columns(name, plain)[column].to_pylist() == list(frames[name][column])
    drawn = layer_frames(tables, {}, plan_limits(tables))
    blocks = pa.Table.from_pandas(pd.DataFrame(tables.blocks.drop(columns="geometry")))
    assert style_columns("blocks", blocks)["density_per_ha"].to_pylist() == pytest.approx(
        list(drawn["blocks"]["density_per_ha"]), nan_ok=True)  # fmt: skip
    seams = pa.table({"feature_class": list(tables.seams["feature_class"])})
    assert style_columns("seams", seams)["seam_group"].to_pylist() == list(drawn["seams"]["seam_group"])


@given(st.lists(st.none() | st.sampled_from(["primary", "service", "steps", "moon"]), max_size=20), st.integers(1, 5))
def test_columns_do_not_care_how_a_table_is_cut(classes: list[str | None], size: int) -> None:
    whole = pa.table({"road_class": pa.array(classes, pa.string())})
    cut = pa.concat_tables([whole.slice(n, size) for n in range(0, len(whole), size)]) if classes else whole
    assert style_columns("roads", whole)["road_group"].to_pylist() == (
        style_columns("roads", cut)["road_group"].to_pylist())  # fmt: skip


def test_nothing_is_computed_from_what_is_withheld_or_there_already() -> None:
    assert style_columns("blocks", pa.table({"area_m2": [100.0]})) == {}
    few = pa.table({"households": pa.array([None, 20], pa.int64()), "area_m2": [1e4, 0.0]})
    assert style_columns("blocks", few)["density_per_ha"].to_pylist() == [None, None]
    assert style_columns("seams", pa.table({"feature_class": ["river"], "seam_group": ["water"]})) == {}
    assert style_columns("buildings", pa.table({"use": ["mixed"]})) == {}


def test_a_plans_entries_and_legends_are_those_of_its_page(tables, study) -> None:
    limits = plan_limits(tables)
    served = layers_of("plan", plan_params(limits))
    page = {each["id"]: each for each in page_data(tables, study=study, context=study.tables, lang="zh")["layers"]}
    assert {layer.id for layer in served} == {key for key, each in page.items() if each["table"] in PLAN_TABLES}
    for layer in served:
        assert layer_data(layer) == page[layer.id]


def test_base_layers_have_the_legends_of_the_page(tables, study) -> None:
    page = {each["id"]: each for each in page_data(tables, study=study, context=study.tables, lang="zh")["layers"]}
    own = {layer.id: layer for layer in study_layers()}
    for name in ("roads", "barriers", "buildings", "estates", "facilities", "seams"):
        if name in page:
            assert layer_data(own[name])["style"] == page[name]["style"]
    assert layer_data(own["communities"])["style"] == page["communities_before"]["style"]


def test_an_examinations_entries_have_its_farm_houses() -> None:
    served = layers_of("examination", {"catalogue": "examination-2025"})
    assert {layer.table for layer in served} == {*EXAMINED, "farmhouses"}
    from geo.standards import load_catalogue

    assert served[:-1] == examination_layers(load_catalogue("examination-2025"))


@pytest.mark.parametrize(("source", "params", "message"), [
    ("moon", {}, "there is no source 'moon'"),
    ("plan", {}, "the layers of plan cannot be told from its document"),
    ("plan", {"limits": {"min_households": 3}}, "the layers of plan cannot be told"),
    ("gaps", {"requirements": [["a"]], "standards": []}, "the layers of gaps cannot be told"),
    ("programme", {"years": ["soon"]}, "the layers of programme cannot be told"),
    ("examination", {"catalogue": "moon-1969"}, "there is no catalogue"),
    ("examination", {"catalogue": "/etc/moon.toml"}, "is a file, not one of the catalogues"),
])  # fmt: skip
def test_documents_that_do_not_tell_are_refused(source: str, params: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        layers_of(source, params)


def test_tiles_hold_what_styles_cards_and_names_read() -> None:
    columns = [column.name for column in TABLES["buildings"].columns]
    wanted = "name use floors height_m year_built structure dwellings households people"
    assert tile_columns("study", "buildings", columns) == tuple(wanted.split())
    plan = plan_params(plan_limits_of())
    there = ["name", "name_en", "kind", "colour", "against_limits", "text_zh", "text_en", "heir", "households"]
    assert tile_columns("plan", "communities", there, plan) == (
        "name", "name_en", "kind", "colour", "against_limits", "households")  # fmt: skip
    assert tile_columns("plan", "communities", there) == tuple(each for each in there
                                                               if not each.startswith(LONG_TEXTS))  # fmt: skip


def plan_limits_of():
    from geo.partition.plan import Limits

    return Limits(1000, 2000, 3000, None, None)


def test_what_is_usually_shown_is_at_most_one_look_of_each_table() -> None:
    siting = layers_of("siting", {"scenes": [["1", ["食堂", "canteen"]], ["2", ["托育", "nursery"]]]})
    assert usual("siting", siting) == {"state_1", "communities_cover", "facilities", "candidates"}
    gaps = layers_of("gaps", {"requirements": [["s_a", ["甲", "A"]]], "standards": [["s", ["乙", "B"]]], "after": True})
    assert usual("gaps", gaps) == {"gap_communities_s", "gap_facilities"}
    plan = layers_of("plan", plan_params(plan_limits_of()))
    assert usual("plan", plan) == {"communities", "moves"}
    study = usual("study", study_layers())
    assert {"communities", "roads", "buildings", "barriers", "study_area"} <= study
    assert not study & {"blocks", "seams", "findings"}
