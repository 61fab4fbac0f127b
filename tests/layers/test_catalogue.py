"""The catalogue: complete, and matched by the tables."""

import pytest

from geo.partition.plan import Limits
from layers.catalogue import catalogue, conversions_layer
from layers.features import layer_frames
from layers.provenance import plan_limits
from layers.words import WORDS

LIMITS = Limits(1000, 2000, 3000, None, None)


def test_every_entry_has_its_words_and_an_id_of_its_own():
    layers = catalogue(LIMITS)
    assert len({layer.id for layer in layers}) == len(layers)
    for layer in layers:
        assert {layer.title, layer.group} <= set(WORDS)
        assert all(field.label in WORDS for field in layer.fields)


def test_every_column_an_entry_reads_is_in_its_table(tables, study):
    frames = layer_frames(tables, study.tables, plan_limits(tables))
    for layer in catalogue(LIMITS):
        wanted = {
            layer.style.column,
            layer.strong,
            *(f.column for f in layer.fields),
            *(f.column_en for f in layer.fields),
        }
        assert wanted - {""} <= {*frames[layer.table].columns}, layer.id


def test_every_value_drawn_by_category_has_a_class(tables, study):
    frames = layer_frames(tables, study.tables, plan_limits(tables))
    for layer in catalogue(LIMITS):
        if layer.style.kind == "categories":
            known = {each.value for each in layer.style.classes}
            assert set(frames[layer.table][layer.style.column]) <= known, layer.id


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (LIMITS, ["低于下限（< 1,000户）", "符合标准（1,000—3,000户）", "超过上限（> 3,000户）", "户数不详"]),
        (Limits(0, 2000, 3000, None, None), ["符合标准（≤ 3,000户）", "超过上限（> 3,000户）", "户数不详"]),
    ],
)
def test_the_legend_against_the_limits_says_the_numbers(limits, expected):
    style = next(layer.style for layer in catalogue(limits) if layer.id == "communities_limits")
    assert [each.label_zh for each in style.classes] == expected


def test_conversions_are_drawn_by_their_type_and_told_by_their_columns(review):
    layer, table = conversions_layer(), review.conversions.table
    assert {layer.title, layer.group, *(field.label for field in layer.fields)} <= set(WORDS)
    wanted = {layer.style.column, layer.label, *(f.column for f in layer.fields), *(f.column_en for f in layer.fields)}
    assert wanted - {""} <= {*table.columns}
    assert [each.value for each in layer.style.classes] == ["T1", "T2", "T3", "none"]
    assert set(table["type"]) <= {each.value for each in layer.style.classes}
