"""OpenAPI 3.1 said in the words of 3.0."""

from typing import Any

import pytest

from api.openapi import down_to_3_0


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        ({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}, {"allOf": [{"$ref": "#/x"}], "nullable": True}),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
         {"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": True}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"const": 3}, {"enum": [3]}),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
         {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1, "exclusiveMaximum": True}),
        ({"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}]},
         {"type": "array", "items": {"type": "number"}}),
        ({"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}]}, {"type": "array", "items": {}}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
        ({"type": "string", "contentMediaType": "application/json"}, {"type": "string"}),
    ],
)  # fmt: skip
def test_each_word(new: dict[str, Any], old: dict[str, Any]) -> None:
    assert down_to_3_0(new) == old


def test_properties_may_be_called_like_words_of_the_schema_language() -> None:
    said = down_to_3_0({"type": "object", "properties": {"type": {"type": ["string", "null"]}, "const": {"const": 1}}})
    assert said["properties"] == {"type": {"type": "string", "nullable": True}, "const": {"enum": [1]}}


def test_named_examples_of_a_body_stay() -> None:
    assert down_to_3_0({"examples": {"one": {"value": 1}}}) == {"examples": {"one": {"value": 1}}}
