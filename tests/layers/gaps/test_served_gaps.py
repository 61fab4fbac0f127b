"""Layers of gaps as they are served: made again from a document, with the legends of the page."""

import json

from layers.catalogue import gap_layers
from layers.gaps.frames import requirement_titles, standard_titles
from layers.gaps.page import page_data
from layers.maps import layer_data
from layers.served import gaps_params, layers_of
from tests.layers.gaps.conftest import Town


def test_the_document_tells_the_layers_again(town: Town) -> None:
    params = json.loads(json.dumps(gaps_params(town.gaps)))
    served = {layer.id: layer for layer in layers_of("gaps", params)}
    first = {layer.id: layer for layer in gap_layers(requirement_titles(town.gaps), standard_titles(town.gaps))}
    assert list(served) == list(first)
    for key, layer in first.items():
        if not key.startswith("gap_walks_"):
            assert served[key] == layer


def test_walks_are_called_as_on_the_page(town: Town) -> None:
    page = page_data(town.gaps, study=town.study, lang="zh")
    served = {layer.id: layer_data(layer) for layer in layers_of("gaps", gaps_params(town.gaps))}
    for rule in page["standards"][0]["requirements"]:
        classes = served[f"gap_walks_test_{rule['key']}"]["style"]["classes"]
        assert {each["value"]: tuple(each["label"]) for each in classes} == rule["labels"]
        assert [each["symbol"] for each in classes] == [each["symbol"] for each in page["styles"]["walk"]]
    states = served["gap_states_test_shop"]["style"]["classes"]
    assert [[each["value"], list(each["label"])] for each in states] == [
        [each["value"], list(each["label"])] for each in page["styles"]["gap"]]  # fmt: skip


def test_communities_of_a_plan_lie_below_those_of_today(town: Town) -> None:
    layers = layers_of("gaps", gaps_params(town.gaps, after=True))
    tables = [layer.table for layer in layers]
    assert tables.index("gap_communities_after") < tables.index("gap_communities")
    assert {layer.id for layer in layers if layer.table == "gap_communities_after"} == {
        f"{layer.id}_after" for layer in layers if layer.table == "gap_communities"}  # fmt: skip
