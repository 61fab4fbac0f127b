"""Tilesets described: OGC API – Tiles metadata and TileJSON."""

from collections.abc import Sequence
from typing import Any

from api.deps import Here
from api.features.describe import link, title_of
from api.features.snapshot import Snapshot, Snapshots
from api.features.visible import visible
from api.storage.records import Collection
from api.tiles.answers import MVT
from api.tiles.tiles import columns, dataset, require_known, styled
from geo.crs import bounds_in
from layers.tiles.grids import GRIDS, Grid, definition
from layers.words import Lang

REL = "http://www.opengis.net/def/rel/ogc/1.0"
MAX_ZOOM = 18
"""Deepest level that clients are told of; they draw deeper ones from it. It can be asked for to the grid's last."""

_DIMENSION = {"Point": 0, "LineString": 1, "Polygon": 2}
_KINDS = {"string": "String", "large_string": "String", "bool": "Boolean"}
_JSON = {"String": "string", "Boolean": "boolean", "Number": "number"}

Bounds = tuple[float, float, float, float]


def tilesets(at: Here, collection: Collection | None, lang: Lang) -> dict[str, Any]:
    """Return the list of tilesets of a collection, or of the study as a whole: one for each tile matrix set."""
    base = _base(at, collection)
    listed = [
        {
            "title": f"{_title(at, collection, lang)} ({grid.id})", "dataType": "vector", "crs": _uri(grid),
            **_named(grid),
            "links": [link(f"{base}/{grid.id}", "self", "application/json", grid.title), _scheme(at, grid)],
        }
        for grid in GRIDS.values()
    ]  # fmt: skip
    return {"links": [link(base, "self", "application/json", _title(at, collection, lang))], "tilesets": listed}


def tileset(
    at: Here, collection: Collection | None, grid: Grid, lang: Lang, *, chosen: Sequence[Collection] | None = None
) -> dict[str, Any]:
    """Return the metadata of one tileset: what is in it, where there is any of it, where its tiles are.

    Of the tiles of the study as a whole, `chosen` are the collections asked for.
    """
    base = f"{_base(at, collection)}/{grid.id}"
    query = f"?collections={','.join(each.id for each in chosen)}" if chosen is not None else ""
    snapshots = _shown(at, collection, chosen)
    bounds = _bounds(snapshots, grid)
    title = _title(at, collection, lang)
    made: dict[str, Any] = {
        "title": title, "dataType": "vector", "crs": _uri(grid), **_named(grid), "mediaTypes": [MVT],
        "layers": [_layer(at, each, lang) for each in snapshots],
        "links": [
            link(base + query, "self", "application/json", title),
            link(f"{base}{query or '?'}{'&' if query else ''}f=tilejson", "alternate", "application/json", "TileJSON"),
            _scheme(at, grid),
            link(f"{base}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}{query}", "item", MVT, title) | {"templated": True},
            link(at.base if collection is None else f"{at.base}/collections/{collection.id}", f"{REL}/geodata",
                  "application/json", title),
        ],
    }  # fmt: skip
    if grid.id != "WebMercatorQuad":
        made["links"] = [each for each in made["links"] if each["rel"] != "alternate"]
        made["tileMatrixSet"] = definition(grid)
    if bounds is not None:
        made["boundingBox"] = _box(bounds, grid)
    return made


def tilejson(
    at: Here, collection: Collection | None, lang: Lang, *,
    chosen: Sequence[Collection] | None = None, properties: tuple[str, ...] | None = None, query: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Return the TileJSON (3.0) of web map tiles of a collection, or of the study as a whole or some of it (`chosen`).

    `query` (`properties=…`) goes behind the address of every tile.
    """
    grid = GRIDS["WebMercatorQuad"]
    snapshots = _shown(at, collection, chosen)
    if properties is not None:
        require_known(snapshots, properties)
    made: dict[str, Any] = {
        "tilejson": "3.0.0", "name": _title(at, collection, lang), "scheme": "xyz", "minzoom": 0, "maxzoom": MAX_ZOOM,
        "tiles": [f"{_base(at, collection)}/{grid.id}/{{z}}/{{y}}/{{x}}{'?' + query if query else ''}"],
        "vector_layers": [
            {"id": each.collection.id, "minzoom": 0, "maxzoom": MAX_ZOOM,
             "description": _title(at, each.collection, lang), "fields": dict(_fields(at, each, properties))}
            for each in snapshots
        ],
    }  # fmt: skip
    bounds = _degrees(snapshots)
    if bounds is not None:
        made["bounds"] = [round(each, 6) for each in bounds]
        made["center"] = [round((bounds[0] + bounds[2]) / 2, 6), round((bounds[1] + bounds[3]) / 2, 6), 13]
    return made


def matrix_sets(base: str) -> dict[str, Any]:
    """Return the list of tile matrix sets; `base` is the address below which they are."""
    return {
        "tileMatrixSets": [
            {
                "id": grid.id, "title": grid.title, "crs": _uri(grid), **({"uri": grid.uri} if grid.uri else {}),
                "links": [link(f"{base}/tileMatrixSets/{grid.id}", "self", "application/json", grid.title)],
            }
            for grid in GRIDS.values()
        ],
        "links": [link(f"{base}/tileMatrixSets", "self", "application/json", "Tile matrix sets")],
    }  # fmt: skip


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _shown(at: Here, collection: Collection | None, chosen: Sequence[Collection] | None) -> Sequence[Snapshot]:
    """Return what is in a tileset, as the caller may see it."""
    shown = [collection] if collection is not None else chosen
    ids = [each.id for each in shown] if shown is not None else dataset(at.store)
    held = at.server.part(Snapshots)
    return [visible(held.get(at.store, each), at.caller, at.server.settings.fewest_households) for each in ids]


def _layer(at: Here, snapshot: Snapshot, lang: Lang) -> dict[str, Any]:
    collection = snapshot.collection
    made: dict[str, Any] = {
        "id": collection.id, "title": _title(at, collection, lang), "dataType": "vector",
        "minTileMatrix": "0", "maxTileMatrix": str(MAX_ZOOM),
        "propertiesSchema": {
            "type": "object", "properties": {name: {"type": _JSON[kind]} for name, kind in _fields(at, snapshot)},
        },
        "links": [link(f"{at.base}/collections/{collection.id}", f"{REL}/geodata", "application/json",
                        _title(at, collection, lang))],
    }  # fmt: skip
    if collection.geometry in _DIMENSION:
        made["geometryDimension"] = _DIMENSION[collection.geometry]
    return made


def _fields(at: Here, snapshot: Snapshot, properties: tuple[str, ...] | None = None) -> list[tuple[str, str]]:
    schema = styled(snapshot).schema
    shown = ("id", *columns(at.store, snapshot, properties))
    return [(name, _KINDS.get(str(schema.field(name).type), "Number")) for name in shown]


def _title(at: Here, collection: Collection | None, lang: Lang) -> str:
    if collection is not None:
        return title_of(collection, lang)
    return (at.store.name_en or at.store.name) if lang == "en" else at.store.name


def _base(at: Here, collection: Collection | None) -> str:
    return f"{at.base}/tiles" if collection is None else f"{at.base}/collections/{collection.id}/tiles"


def _uri(grid: Grid) -> str:
    return f"http://www.opengis.net/def/crs/EPSG/0/{grid.crs.removeprefix('EPSG:')}"


def _named(grid: Grid) -> dict[str, str]:
    return {"tileMatrixSetURI": grid.uri} if grid.uri else {}


def _scheme(at: Here, grid: Grid) -> dict[str, str]:
    return link(f"{at.base}/tileMatrixSets/{grid.id}", f"{REL}/tiling-scheme", "application/json", grid.title)


def _bounds(snapshots: Sequence[Snapshot], grid: Grid) -> Bounds | None:
    """Return bounds on a grid of everything there is."""
    return _around(snapshots, grid.crs)


def _degrees(snapshots: Sequence[Snapshot]) -> Bounds | None:
    return _around(snapshots, "OGC:CRS84")


def _around(snapshots: Sequence[Snapshot], crs: str) -> Bounds | None:
    there = [each for each in snapshots if each.bounds is not None]
    if not there:
        return None
    boxes = [each.bounds for each in there if each.bounds is not None]
    low = min(box[0] for box in boxes), min(box[1] for box in boxes)
    high = max(box[2] for box in boxes), max(box[3] for box in boxes)
    return bounds_in((*low, *high), there[0].crs, crs)


def _box(bounds: Bounds, grid: Grid) -> dict[str, Any]:
    left, bottom, right, top = bounds
    if grid.crs == "EPSG:3857":
        return {"lowerLeft": [left, bottom], "upperRight": [right, top], "crs": _uri(grid)}
    # Latitude first, as the authority has it.
    return {"lowerLeft": [bottom, left], "upperRight": [top, right], "crs": _uri(grid)}
