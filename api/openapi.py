"""The API described in OpenAPI 3.0, which OGC's classes and older clients ask for: whole, or for one study alone."""

import copy
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

VERSION = "3.0.3"
MEDIA_TYPE = "application/vnd.oai.openapi+json;version=3.0"

_STUDY = "/studies/{study_id}"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def document(app: FastAPI, base: str) -> dict[str, Any]:
    """Return the whole API in OpenAPI 3.0; `base` is the address of the server, without a slash at its end."""
    if app.openapi_schema is None:  # made once, in a second: GDAL asks for it each time it opens a layer
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        app.openapi_schema = down_to_3_0(made) | {"openapi": VERSION}
        app.openapi_schema["info"]["license"] = {"name": "Apache-2.0"}
    return copy.deepcopy(app.openapi_schema) | {"servers": [{"url": base}]}


def study_document(app: FastAPI, base: str, study_id: str, title: str) -> dict[str, Any]:
    """Return the API of one study, as a client that is pointed at its landing page sees it: paths begin there."""
    made = document(app, f"{base}/studies/{study_id}")
    made["info"]["title"] = title
    paths = {path.removeprefix(_STUDY) or "/": item for path, item in made["paths"].items() if path.startswith(_STUDY)}
    for item in paths.values():
        for method in _METHODS:
            if method in item:
                kept = [p for p in item[method].get("parameters", []) if (p["name"], p["in"]) != ("study_id", "path")]
                item[method]["parameters"] = kept
    made["paths"] = paths
    return made


def down_to_3_0(schema: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Return a document in OpenAPI 3.1 (JSON Schema 2020-12) said in the words of 3.0.

    A null among several types becomes `nullable`, `const` an `enum` of one, numeric exclusive bounds a bound with a
    flag, `prefixItems` plain `items`, `examples` one `example`; what 3.0 has no word for is left out.

    Examples
    --------
    >>> down_to_3_0({"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "null"}]})
    {'type': 'integer', 'minimum': 0, 'exclusiveMinimum': True, 'nullable': True}
    """
    if isinstance(schema, list):
        return [down_to_3_0(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    said = {key: _named(value) if key in _NAMED else down_to_3_0(value) for key, value in schema.items()}
    for rewrite in (_choices, _types, _bounds, _values):
        said = rewrite(said)
    return said


_NAMED = frozenset({"properties", "patternProperties", "schemas", "paths", "responses", "parameters", "mapping"})
"""Members whose keys are names, not words of the schema language."""


def _named(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {name: down_to_3_0(each) for name, each in value.items()}
    return down_to_3_0(value)


def _choices(said: dict[str, Any]) -> dict[str, Any]:
    for key in ("anyOf", "oneOf"):
        if isinstance(said.get(key), list):
            said = _without_null(said, key)
    return said


def _types(said: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(said.get("type"), list):
        return said
    named = said.pop("type")
    kinds = [kind for kind in named if kind != "null"]
    nullable = {"nullable": True} if "null" in named else {}
    return said | (({"type": kinds[0]} if len(kinds) == 1 else {"anyOf": [{"type": k} for k in kinds]}) | nullable)


def _bounds(said: dict[str, Any]) -> dict[str, Any]:
    for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        value = said.get(bound)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            said = {key: kept for key, kept in said.items() if key != bound} | {limit: value, bound: True}
    return said


def _values(said: dict[str, Any]) -> dict[str, Any]:
    if "const" in said:
        said["enum"] = [said.pop("const")]
    if isinstance(said.get("prefixItems"), list):
        kinds = said.pop("prefixItems")
        said["items"] = kinds[0] if all(kind == kinds[0] for kind in kinds) else {}
    if isinstance(said.get("examples"), list):
        examples = said.pop("examples")
        if examples:
            said.setdefault("example", examples[0])
    for key in ("$schema", "contentMediaType", "contentEncoding", "unevaluatedProperties", "dependentRequired"):
        if key == "$schema" or "type" in said:
            said.pop(key, None)
    return said


def _without_null(said: dict[str, Any], key: str) -> dict[str, Any]:
    choices = [each for each in said[key] if each != {"type": "null"}]
    if len(choices) == len(said[key]):
        return said
    rest = {name: value for name, value in said.items() if name != key}
    if len(choices) == 1 and "$ref" not in choices[0]:
        return {**copy.deepcopy(choices[0]), **rest, "nullable": True}
    if len(choices) == 1:
        return {**rest, "allOf": choices, "nullable": True}
    return {**rest, key: choices, "nullable": True}
