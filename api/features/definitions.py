"""The paths of each collection in a study's own OpenAPI document: GDAL and QGIS look there for pages and properties."""

import copy
from typing import Any

from api.deps import Here
from api.features.answers import snapshot_for
from api.features.describe import property_schema, title_of
from api.features.query import ITEMS

_ITEMS = "/collections/{collection_id}/items"


def with_collections(document: dict[str, Any], at: Here) -> dict[str, Any]:
    """Return a study's OpenAPI 3.0 document with the path of each collection's features beside the general one.

    There every property is a parameter, and the most features of a page are told.
    """
    general = document["paths"].get(_ITEMS)
    if general is None:
        return document
    most = at.server.settings.page_limit
    paths = {f"/collections/{each}/items": _items(general, at, each, most) for each in at.store.collections()}
    components = copy.deepcopy(document.get("components", {}))
    limit = next(each for each in general["get"]["parameters"] if each["name"] == "limit")
    components.setdefault("parameters", {})["limit"] = _capped(limit, most)
    return document | {"paths": document["paths"] | paths, "components": components}


def _items(general: dict[str, Any], at: Here, collection_id: str, most: int) -> dict[str, Any]:
    collection = snapshot_for(at, collection_id).collection
    operation = copy.deepcopy(general["get"])
    kept = [each for each in operation["parameters"] if each["in"] == "query"]
    own = [
        {"name": column.name, "in": "query", "required": False, "style": "form", "explode": False,
         "schema": property_schema(column, "en")}
        for column in collection.columns if column.name not in ITEMS
    ]  # fmt: skip
    operation |= {
        "operationId": f"items.{collection_id}",
        "summary": title_of(collection, "en"),
        "parameters": [_capped(each, most) if each["name"] == "limit" else each for each in kept] + own,
    }
    return {"get": operation}


def _capped(limit: dict[str, Any], most: int) -> dict[str, Any]:
    default = min(limit["schema"]["default"], most)
    return limit | {"schema": limit["schema"] | {"maximum": most, "default": default}}
