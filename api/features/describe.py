"""What a collection is: its description, the properties that can be asked for, the schema of its features."""

from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc

from api.deps import Here
from api.features.areas import extent_84
from api.features.crs import CRS84, references, storage_crs
from api.features.items import day_column
from api.features.representation import GEOJSON, HTML, JSON, SCHEMA
from api.features.snapshot import Snapshot
from api.storage.records import Collection
from geo.contracts import TABLES, Column
from layers.words import WORDS, Lang

_REL = "http://www.opengis.net/def/rel/ogc/1.0"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TILES = "application/vnd.mapbox-vector-tile"
_TYPES = {"text": "string", "count": "integer", "number": "number", "year": "integer", "flag": "boolean",
          "day": "string"}  # fmt: skip
_SHAPES: Mapping[str, tuple[str, str]] = {
    "Point": ("geometry-point-or-multipoint", "Geometry"),
    "LineString": ("geometry-linestring-or-multilinestring", "Geometry"),
    "Polygon": ("geometry-polygon-or-multipolygon", "Geometry"),
    "Mixed": ("geometry-any", "Geometry"),
}
"""Geometry of a collection → format of OGC API Features, name of its schema at geojson.org."""


def title_of(collection: Collection, lang: Lang) -> str:
    """Return what a collection is called."""
    own = collection.title_en if lang == "en" else collection.title_zh
    if own:
        return own
    known = WORDS.get(f"table.{collection.frame}") or WORDS.get(f"layer.{collection.frame}")
    name = known[lang == "en"] if known else collection.frame
    return f"{name} ({collection.result_id})" if collection.result_id else name


def label_of(column: Column, lang: Lang) -> str:
    """Return what a column is called."""
    known = WORDS.get(column.name)
    return known[lang == "en"] if known else column.name


def link(href: str, rel: str, kind: str, title: str = "") -> dict[str, str]:
    """Return a link (RFC 8288)."""
    return {"href": href, "rel": rel, "type": kind} | ({"title": title} if title else {})


def collection_document(at: Here, snapshot: Snapshot, lang: Lang) -> dict[str, Any]:
    """Return the description of a collection as it stands in the list and by itself."""
    collection = snapshot.collection
    here = f"{at.base}/collections/{collection.id}"
    title = title_of(collection, lang)
    made: dict[str, Any] = {
        "id": collection.id,
        "title": title,
        "description": description_of(collection),
        "itemType": "feature",
        "itemCount": len(snapshot),
        "geometryType": collection.geometry,
        "source": collection.source,
        "editable": collection.editable,
        "transaction": snapshot.tx,
        "extent": _extent(snapshot),
        "crs": [*references(snapshot.crs)],
        "links": [
            link(here, "self", JSON, title),
            link(f"{here}?f=html", "alternate", HTML, title),
            link(f"{here}/items", "items", GEOJSON, title),
            link(f"{here}/items?f=html", "items", HTML, title),
            link(f"{here}/queryables", f"{_REL}/queryables", SCHEMA, "queryables"),
            link(f"{here}/queryables", "queryables", SCHEMA, "queryables"),
            link(f"{here}/schema", f"{_REL}/schema", SCHEMA, "schema"),
            link(f"{here}/schema", "describedby", SCHEMA, "schema"),
        ],
    }
    if collection.result_id:
        made["result"] = collection.result_id
    own = storage_crs(snapshot.crs)
    if own:
        made["storageCrs"] = own
    if collection.geometry != "None":
        made["links"] += [
            link(f"{here}/tiles", f"{_REL}/tilesets-vector", JSON, "tiles"),
            link(f"{at.base}/styles/collection.{collection.id}", f"{_REL}/styles", JSON, "style"),
        ]
    return made


def collections_document(at: Here, snapshots: list[Snapshot], lang: Lang) -> dict[str, Any]:
    """Return the list of collections."""
    title = "数据图层" if lang == "zh" else "Collections"
    return {
        "title": title,
        "links": [
            link(f"{at.base}/collections", "self", JSON, title),
            link(f"{at.base}/collections?f=html", "alternate", HTML, title),
            link(at.base, "up", JSON),
        ],
        "crs": [*references(at.store.crs)],
        "collections": [collection_document(at, each, lang) for each in snapshots],
    }


def description_of(collection: Collection) -> str:
    """Return what a collection holds."""
    known = TABLES.get(collection.frame)
    return known.meaning if known and collection.source == "study" else title_of(collection, "en")


def queryables(at: Here, snapshot: Snapshot, lang: Lang) -> dict[str, Any]:
    """Return the properties that filters and property parameters may name, as a JSON schema."""
    made = _schema(at, snapshot, lang, "queryables")
    return made | {"additionalProperties": False}


def schema(at: Here, snapshot: Snapshot, lang: Lang) -> dict[str, Any]:
    """Return what a feature looks like, as a JSON schema: types, units, allowed values, what must be there."""
    collection = snapshot.collection
    made = _schema(at, snapshot, lang, "schema")
    made["properties"]["id"] |= {"readOnly": True}
    needed = [column.name for column in collection.columns if column.required]
    return made | ({"required": needed} if needed else {})


def _schema(at: Here, snapshot: Snapshot, lang: Lang, what: str) -> dict[str, Any]:
    collection = snapshot.collection
    properties: dict[str, Any] = {"id": {"title": "编号" if lang == "zh" else "Id", "type": "string",
                                         "x-ogc-role": "id"}}  # fmt: skip
    if collection.geometry != "None":
        shape, name = _SHAPES[collection.geometry]
        properties["geometry"] = {
            "title": "图形" if lang == "zh" else "Geometry", "$ref": f"https://geojson.org/schema/{name}.json",
            "format": shape, "x-ogc-role": "primary-geometry",
        }  # fmt: skip
    instant = day_column(snapshot)
    for column in collection.columns:
        role = {"x-ogc-role": "primary-instant"} if column.name == instant else {}
        properties[column.name] = property_schema(column, lang) | role
    return {
        "$schema": _DRAFT,
        "$id": f"{at.base}/collections/{collection.id}/{what}",
        "title": title_of(collection, lang),
        "description": description_of(collection),
        "type": "object",
        "properties": properties,
    }


def property_schema(column: Column, lang: Lang) -> dict[str, Any]:
    """Return the JSON schema of one column."""
    made: dict[str, Any] = {"title": label_of(column, lang), "description": column.meaning,
                            "type": _TYPES[column.kind]}  # fmt: skip
    if column.kind == "day":
        made["format"] = "date"
    if column.allowed:
        made["enum"] = [*column.allowed]
    if column.minimum is not None:
        made["minimum"] = int(column.minimum) if column.minimum == int(column.minimum) else column.minimum
    if column.unit:
        made["x-ogc-unit"] = column.unit
    return made


def _extent(snapshot: Snapshot) -> dict[str, Any]:
    made: dict[str, Any] = {}
    box = extent_84(snapshot)
    if box is not None:
        # outward to a tenth of a millimetre, so that told coordinates lie in the told box
        made["spatial"] = {"bbox": [[round(box[0] - 1e-9, 9), round(box[1] - 1e-9, 9),
                                     round(box[2] + 1e-9, 9), round(box[3] + 1e-9, 9)]], "crs": CRS84}  # fmt: skip
    column = day_column(snapshot)
    if column is not None and len(snapshot):
        first, last = snapshot.once("days", lambda: _days(snapshot, column))
        if first is not None:
            made["temporal"] = {
                "interval": [[f"{first}T00:00:00Z", f"{last}T23:59:59Z"]],
                "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
            }
    return made


def _days(snapshot: Snapshot, column: str) -> tuple[str | None, str | None]:
    ends = pc.min_max(snapshot.table[column])
    return ends["min"].as_py(), ends["max"].as_py()
