"""What the OpenAPI document tells of the routes under /collections: parameters and answers, as the standards name them.

The routes read their parameters themselves (`api.features.query`): every property is a parameter, an unknown one is
refused, and no model stands between a request and its answer.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from api.features.query import DEFAULT_LIMIT
from api.features.representation import GEOJSON, HTML, JSON
from api.features.representation import SCHEMA as SCHEMA_TYPE

_NUMBERS = {"type": "array", "items": {"type": "number"}}


def _query(name: str, description: str, schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"name": name, "in": "query", "required": False, "description": description, "schema": dict(schema),
            "style": "form", "explode": False} | more  # fmt: skip


F = _query("f", "json or html; by default what the client accepts", {"type": "string", "enum": ["json", "html"]})
CRS = _query("crs", "system of the answer's coordinates, axes in its authority's order (Part 2); by default CRS84",
             {"type": "string", "format": "uri"})  # fmt: skip
PROPERTIES = _query("properties", "names of the properties to tell, joined by commas; by default all",
                    {"type": "array", "items": {"type": "string"}})  # fmt: skip
SKIP = _query("skipGeometry", "true: tell no shapes", {"type": "boolean", "default": False})
AS_OF = _query("as_of", "the collection as it was after this transaction, or at this time", {"type": "string"})
LIMIT = _query("limit", "most features of the answer; where the server gives fewer, `limitCut` says so",
               {"type": "integer", "minimum": 1, "default": DEFAULT_LIMIT})  # fmt: skip
AFTER = _query("after", "place in the collection, as next links have it", {"type": "string"})
BBOX = _query(
    "bbox",
    "only features that meet this box: west, south, east, north (with heights six numbers, which change nothing)",
    {"oneOf": [_NUMBERS | {"minItems": 4, "maxItems": 4}, _NUMBERS | {"minItems": 6, "maxItems": 6}]},
)
BBOX_CRS = _query("bbox-crs", "system of the box; by default CRS84", {"type": "string", "format": "uri"})
DATETIME = _query("datetime", "only features of this time or interval (RFC 3339; open ends are ..), and those without",
                  {"type": "string"})  # fmt: skip
FILTER = _query("filter", "CQL2, e.g. floors > 6 AND use = 'residential'", {"type": "string"})
FILTER_LANG = _query("filter-lang", "language of the filter",
                     {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"})  # fmt: skip
FILTER_CRS = _query("filter-crs", "system of the filter's coordinates; by default CRS84",
                    {"type": "string", "format": "uri"})  # fmt: skip

_LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
_FEATURE = {
    "type": "object", "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]}, "id": {"type": "string"},
        "geometry": {"type": "object", "nullable": True}, "properties": {"type": "object", "nullable": True},
        "links": _LINKS,
    },
}  # fmt: skip
_FEATURES = {
    "type": "object", "required": ["type", "features", "links", "timeStamp", "numberMatched", "numberReturned"],
    "properties": {
        "type": {"type": "string", "enum": ["FeatureCollection"]}, "features": {"type": "array", "items": _FEATURE},
        "links": _LINKS, "timeStamp": {"type": "string", "format": "date-time"},
        "numberMatched": {"type": "integer", "minimum": 0}, "numberReturned": {"type": "integer", "minimum": 0},
        "limitCut": {"type": "object", "description": "the limit that was asked for is more than the server gives"},
    },
}  # fmt: skip
_COLLECTION = {
    "type": "object", "required": ["id", "links"],
    "properties": {
        "id": {"type": "string"}, "title": {"type": "string"}, "description": {"type": "string"}, "links": _LINKS,
        "extent": {"type": "object"}, "itemType": {"type": "string", "default": "feature"},
        "crs": {"type": "array", "items": {"type": "string"}}, "storageCrs": {"type": "string", "format": "uri"},
        "itemCount": {"type": "integer", "minimum": 0}, "geometryType": {"type": "string"},
        "editable": {"type": "boolean"}, "transaction": {"type": "integer"}, "source": {"type": "string"},
        "result": {"type": "string"},
    },
}  # fmt: skip
_COLLECTIONS = {
    "type": "object", "required": ["links", "collections"],
    "properties": {"links": _LINKS, "collections": {"type": "array", "items": _COLLECTION},
                   "crs": {"type": "array", "items": {"type": "string"}}, "title": {"type": "string"}},
}  # fmt: skip


def _route(kind: str, schema: Mapping[str, Any], text: str, *parameters: Mapping[str, Any]) -> dict[str, Any]:
    content = {kind: {"schema": dict(schema)}, HTML: {"schema": {"type": "string"}}}
    headers = {"ETag": {"schema": {"type": "string"}, "description": "changes when the answer does"}}
    if kind == GEOJSON:
        headers["Content-Crs"] = {"schema": {"type": "string"}, "description": "system of the coordinates"}
    answers: dict[int | str, dict[str, Any]] = {
        200: {"description": text, "content": content, "headers": headers},
        304: {"description": "What the client has is still good (If-None-Match)"},
    }
    return {"responses": answers, "openapi_extra": {"parameters": [dict(each) for each in parameters]},
            "response_class": Response}  # fmt: skip


COLLECTIONS = _route(JSON, _COLLECTIONS, "The collections", F)
COLLECTION = _route(JSON, _COLLECTION, "The collection", F)
SCHEMA = _route(SCHEMA_TYPE, {"type": "object"}, "A JSON schema", F)
ITEM = _route(GEOJSON, _FEATURE, "The feature", F, CRS, PROPERTIES, SKIP, AS_OF)
ITEMS = _route(GEOJSON, _FEATURES, "A page of features", LIMIT, BBOX, DATETIME, CRS, BBOX_CRS, FILTER, FILTER_LANG,
               FILTER_CRS, PROPERTIES, SKIP, AFTER, AS_OF, F)  # fmt: skip
