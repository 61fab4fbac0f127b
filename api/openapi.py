"""The API described in OpenAPI 3.0, which OGC's classes and older clients ask for: whole, or for one study alone."""

import copy
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import PROBLEM
from api.refusals import MEANT
from api.schemas import Problem

VERSION = "3.0.3"
MEDIA_TYPE = "application/vnd.oai.openapi+json;version=3.0"

_STUDY = "/studies/{study_id}"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_REFUSALS = "#/components/responses/"
_ANY = (400, 401, 403, 413, 414, 429, 431, 500, 503)
"""What any request may be told: by the gateway, by who finds out who asks, by a server that is busy or broken."""


def document(app: FastAPI, base: str) -> dict[str, Any]:
    """Return the whole API in OpenAPI 3.0; `base` is the address of the server, without a slash at its end."""
    if app.openapi_schema is None:  # made once, in a second: GDAL asks for it each time it opens a layer
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        whole = with_refusals(down_to_3_0(made)) | {"openapi": VERSION}
        whole["info"]["license"] = {"name": "Apache-2.0"}
        app.openapi_schema = whole  # as a whole: requests in other threads copy it
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


def refusals_of(path: str, method: str, operation: Mapping[str, Any]) -> set[int]:
    """Return the statuses with which an operation may be refused, by what it is asked with and what it is about.

    Parameters
    ----------
    path
        With the names of its parameters in braces.
    method
        In small letters.
    operation
        As in a document.

    Examples
    --------
    >>> sorted(refusals_of("/studies/{study_id}/jobs", "get", {}) - refusals_of("/studies", "get", {}))
    [404, 409, 422]
    """
    found = set(_ANY)
    names = {each["name"].lower() for each in operation.get("parameters", ()) if each.get("in") == "header"}
    reads, of_study = method in ("get", "head", "options"), path.startswith(_STUDY)
    if "{" in path or "accounts" in operation.get("tags", ()):  # without a database there are no accounts
        found.add(404)
    if reads:
        found.add(406)
    if of_study or not reads:  # a study's data may be unusable, and then is when it is read
        found |= {409, 422}
    if of_study and not reads:
        found |= {412, 423}
    if "if-match" in names:
        found |= {412, 428}
    if "requestBody" in operation:
        found.add(415)
    if "/collections/" in path and not reads:  # what follows from other tables is not edited
        found.add(405)
    return found


def with_refusals(made: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI 3.0 document in which every operation names all its refusals.

    What a route says of a refusal itself is kept: its words, and another media type beside that of problems.
    """
    parts = made.setdefault("components", {})
    for status, (_, _, meant) in MEANT.items():
        parts.setdefault("responses", {})[_name(status)] = {"description": meant, "content": _CONTENT}
    shapes = parts.setdefault("schemas", {})
    shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    shapes |= {name: down_to_3_0(each) for name, each in shape.pop("$defs").items()} | {"Problem": down_to_3_0(shape)}
    for path, item in made["paths"].items():
        for method in _METHODS:
            if method not in item:
                continue
            responses = item[method]["responses"]
            own = {status: each for status, each in responses.items() if status[0] in "45" and not _generated(each)}
            named = refusals_of(path, method, item[method]) | {int(status) for status in own}
            kept = {status: each for status, each in responses.items() if status[0] not in "45"}
            item[method]["responses"] = kept | {str(each): _refusal(each, own.get(str(each))) for each in sorted(named)}
    for unused in ("HTTPValidationError", "ValidationError"):
        shapes.pop(unused, None)
    return made


_CONTENT = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}, "text/html": {"schema": {"type": "string"}}}


def _name(status: int) -> str:
    return f"Refused{status}"


def _generated(response: Mapping[str, Any]) -> bool:
    """Tell whether this is FastAPI's own answer to what does not fit a model, which we answer otherwise."""
    return "HTTPValidationError" in str(response.get("content"))


def _refusal(status: int, own: Mapping[str, Any] | None) -> dict[str, Any]:
    if own is None:
        return {"$ref": _REFUSALS + _name(status)}
    problems = {"$ref": "#/components/schemas/Problem"}
    others = {kind: each for kind, each in own.get("content", {}).items() if each.get("schema") != problems}
    return {**own, "content": _CONTENT | others}


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
