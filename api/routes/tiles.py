"""Routes: tiles of a study and of its collections (OGC API – Tiles – Part 1), and the tile matrix sets."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from api.deps import Here, Language, Viewer, base_url
from api.errors import BadRequestError, NotAcceptableError, NotFoundError
from api.features.representation import form_of
from api.pages import as_html
from api.schemas import AS_HTML
from api.storage.records import Collection
from api.tiles import pages, tilesets
from api.tiles.answers import MVT, acceptable, answer, cache_control
from api.tiles.schemas import MatrixSet, MatrixSets, Tileset, Tilesets
from api.tiles.tiles import Asked, Tiles, drawable, listed
from geo.errors import Fault
from layers.tiles.grids import GRIDS, Grid, Tile, definition
from layers.words import Lang

router = APIRouter(tags=["tiles"])

_TILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {MVT: {"schema": {"type": "string", "format": "binary"}}}, "description": "The tile"},
    204: {"description": "There is nothing in this tile"},
    304: {"description": "The tile is as it was"},
}
_BELOW = "/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"


# ── what a request asks for ──────────────────────────────────────────────────────────────────────────────────────────
def _grid(grid_id: Annotated[str, Path(alias="tileMatrixSetId", description="tile matrix set", max_length=64)]) -> Grid:
    found = GRIDS.get(grid_id)
    if found is None:
        raise NotFoundError(f"there is no tile matrix set {grid_id}", f"there are {', '.join(GRIDS)}")
    return found


InGrid = Annotated[Grid, Depends(_grid)]


def _tile(
    grid: InGrid,
    level: Annotated[int, Path(alias="tileMatrix", ge=0, le=99, description="level")],
    row: Annotated[int, Path(alias="tileRow", ge=0, le=2**31, description="row, from the top")],
    column: Annotated[int, Path(alias="tileCol", ge=0, le=2**31, description="column, from the left")],
) -> Tile:
    if level > grid.deepest:
        raise NotFoundError(f"{grid.id} has no level {level}", f"its levels are 0 to {grid.deepest}")
    if not grid.has(level, row, column):
        columns, rows = grid.size(level)
        raise NotFoundError(
            f"level {level} of {grid.id} has no tile in row {row}, column {column}",
            f"it has {rows} rows and {columns} columns, counted from 0 at the top left",
        )
    return Tile(grid, level, row, column)


def _collection(
    at: Viewer, collection_id: Annotated[str, Path(alias="collectionId", description="collection", max_length=200)]
) -> Collection:
    return drawable(at.store, collection_id)


def _properties(
    properties: Annotated[
        str | None,
        Query(max_length=4_000, description="columns in the tile, with commas between; by default what a map needs"),
    ] = None,
) -> tuple[str, ...] | None:
    """Return the columns asked for; an empty list is a tile with ids alone."""
    return None if properties is None else listed(properties, "properties") if properties.strip() else ()


def _collections(
    collections: Annotated[
        str | None,
        Query(max_length=8_000, description="collections, with commas between; by default the study's own tables"),
    ] = None,
) -> tuple[str, ...] | None:
    return None if collections is None else listed(collections, "collections")


def _only(request: Request, *names: str) -> None:
    """Refuse parameters that mean nothing here."""
    for name in request.query_params:
        if name not in names:
            raise BadRequestError([Fault(f"{name}: there is no such parameter", f"there are {', '.join(names)}")])


def _page(
    request: Request,
    f: Annotated[Literal["json", "html"] | None, Query(description="by default what the client accepts")] = None,
) -> bool:
    """Tell whether a page for people is asked for rather than JSON."""
    _only(request, "f", "lang")
    return form_of(f, request.headers.get("accept")) == "html"


def _mvt(request: Request, _f: Annotated[Literal["mvt"] | None, Query(alias="f")] = None) -> None:
    _only(request, "f", "properties", *(() if "collectionId" in request.path_params else ("collections",)))
    accepted = request.headers.get("accept", "*/*")
    if not acceptable(accepted.encode("latin-1")):
        raise NotAcceptableError(f"{accepted[:200]} is not offered", f"accept {MVT}")


def _form(
    request: Request,
    grid: InGrid,
    f: Annotated[
        Literal["json", "html", "tilejson"] | None, Query(description="by default html or json, as the client accepts")
    ] = None,
) -> str:
    whole = () if "collectionId" in request.path_params else ("collections",)
    _only(request, "f", "lang", *whole, *(("properties",) if f == "tilejson" else ()))
    if f == "tilejson" and grid.id != "WebMercatorQuad":
        raise NotAcceptableError(f"TileJSON knows nothing of {grid.id}", "ask for WebMercatorQuad, or for f=json")
    return f if f == "tilejson" else form_of(f, request.headers.get("accept"))


InTile = Annotated[Tile, Depends(_tile)]
OfCollection = Annotated[Collection, Depends(_collection)]
Properties = Annotated[tuple[str, ...] | None, Depends(_properties)]
Collections = Annotated[tuple[str, ...] | None, Depends(_collections)]
Form = Annotated[str, Depends(_form)]
AsPage = Annotated[bool, Depends(_page)]
TILE = [Depends(_mvt)]


# ── tile matrix sets ─────────────────────────────────────────────────────────────────────────────────────────────────
@router.get(
    "/tileMatrixSets",
    response_model=MatrixSets,
    responses=AS_HTML,
    operation_id="getTileMatrixSetsList",
)
def list_matrix_sets(request: Request, lang: Language, as_page: AsPage) -> Response:
    """Return the tile matrix sets."""
    return _matrix_sets(base_url(request), lang, as_page=as_page)


@router.get(
    "/tileMatrixSets/{tileMatrixSetId}",
    response_model=MatrixSet,
    responses=AS_HTML,
    operation_id="getTileMatrixSet",
)
def get_matrix_set(request: Request, lang: Language, as_page: AsPage, grid: InGrid) -> Response:
    """Return the definition of a tile matrix set."""
    return _matrix_set(base_url(request), grid, lang, as_page=as_page)


@router.get(
    "/studies/{study_id}/tileMatrixSets",
    response_model=MatrixSets,
    responses=AS_HTML,
    operation_id="study.getTileMatrixSetsList",
)
def list_matrix_sets_of_study(at: Viewer, lang: Language, as_page: AsPage) -> Response:
    """Return the tile matrix sets."""
    return _matrix_sets(at.base, lang, as_page=as_page)


@router.get(
    "/studies/{study_id}/tileMatrixSets/{tileMatrixSetId}",
    response_model=MatrixSet,
    responses=AS_HTML,
    operation_id="study.getTileMatrixSet",
)
def get_matrix_set_of_study(at: Viewer, lang: Language, as_page: AsPage, grid: InGrid) -> Response:
    """Return the definition of a tile matrix set."""
    return _matrix_set(at.base, grid, lang, as_page=as_page)


def _matrix_sets(base: str, lang: Lang, *, as_page: bool) -> Response:
    made = tilesets.matrix_sets(base)
    return as_html(pages.matrix_sets(base, made, lang)) if as_page else JSONResponse(made)


def _matrix_set(base: str, grid: Grid, lang: Lang, *, as_page: bool) -> Response:
    made = definition(grid)
    return as_html(pages.matrix_set(base, made, lang)) if as_page else JSONResponse(made)


# ── the study as a whole ─────────────────────────────────────────────────────────────────────────────────────────────
@router.get(
    "/studies/{study_id}/tiles",
    response_model=Tilesets,
    responses=AS_HTML,
    operation_id="study.dataset.vector.getTileSetsList",
)
def list_tilesets(at: Viewer, lang: Language, as_page: AsPage) -> Response:
    """Return the tilesets of the study's own tables together."""
    return _tilesets(at, None, lang, as_page=as_page)


@router.get(
    "/studies/{study_id}/tiles/{tileMatrixSetId}",
    response_model=Tileset,
    responses=AS_HTML,
    operation_id="study.dataset.vector.getTileSet",
)
def get_tileset(
    at: Viewer, lang: Language, grid: InGrid, form: Form, *, collections: Collections, properties: Properties
) -> Response:
    """Return a tileset's metadata, or its TileJSON (with the collections and properties asked for)."""
    chosen = None if collections is None else [drawable(at.store, each) for each in collections]
    return _tileset(at, None, grid, lang, form, chosen=chosen, properties=properties)


@router.get(
    "/studies/{study_id}/tiles" + _BELOW,
    response_class=Response,
    responses=_TILE,
    dependencies=TILE,
    operation_id="study.dataset.vector.getTile",
)
def get_tile(request: Request, at: Viewer, tile: InTile, collections: Collections, properties: Properties) -> Response:
    """Return a tile with one layer for each collection; layers are called as the collections are."""
    return _answer(request, at, Asked(tile, collections, properties))


# ── one collection ───────────────────────────────────────────────────────────────────────────────────────────────────
@router.get(
    "/studies/{study_id}/collections/{collectionId}/tiles",
    response_model=Tilesets,
    responses=AS_HTML,
    operation_id="study.collection.vector.getTileSetsList",
)
def list_tilesets_of_collection(at: Viewer, lang: Language, as_page: AsPage, collection: OfCollection) -> Response:
    """Return the tilesets of a collection."""
    return _tilesets(at, collection, lang, as_page=as_page)


@router.get(
    "/studies/{study_id}/collections/{collectionId}/tiles/{tileMatrixSetId}",
    response_model=Tileset,
    responses=AS_HTML,
    operation_id="study.collection.vector.getTileSet",
)
def get_tileset_of_collection(
    at: Viewer, lang: Language, collection: OfCollection, grid: InGrid, form: Form, *, properties: Properties
) -> Response:
    """Return the metadata of a collection's tileset, or its TileJSON (with the properties asked for)."""
    return _tileset(at, collection, grid, lang, form, chosen=None, properties=properties)


@router.get(
    "/studies/{study_id}/collections/{collectionId}/tiles" + _BELOW,
    response_class=Response,
    responses=_TILE,
    dependencies=TILE,
    operation_id="study.collection.vector.getTile",
)
def get_tile_of_collection(
    request: Request, at: Viewer, collection: OfCollection, tile: InTile, properties: Properties
) -> Response:
    """Return a tile of a collection."""
    return _answer(request, at, Asked(tile, (collection.id,), properties))


# ── what both have ───────────────────────────────────────────────────────────────────────────────────────────────────
def _tilesets(at: Here, collection: Collection | None, lang: Lang, *, as_page: bool) -> Response:
    """Answer with the tilesets of a collection, or of the study's own tables together."""
    made = tilesets.tilesets(at, collection, lang)
    return as_html(pages.tilesets(at, collection, made, lang)) if as_page else JSONResponse(made)


def _tileset(
    at: Here, collection: Collection | None, grid: Grid, lang: Lang, form: str, *, chosen: Sequence[Collection] | None,
    properties: tuple[str, ...] | None,
) -> Response:  # fmt: skip
    """Answer with a tileset of a collection, or of the study (of the chosen ones of its collections)."""
    if form == "tilejson":
        names = None if chosen is None else tuple(each.id for each in chosen)
        query = _passed(names, properties)
        return JSONResponse(tilesets.tilejson(at, collection, lang, chosen=chosen, properties=properties, query=query))
    made = tilesets.tileset(at, collection, grid, lang, chosen=chosen)
    return as_html(pages.tileset(at, collection, made, lang)) if form == "html" else JSONResponse(made)


def _answer(request: Request, at: Here, asked: Asked) -> Response:
    kept = at.server.part(Tiles).get(at.store, at.caller, asked)
    told = answer(kept, dict(request.scope["headers"]), cache_control(at.caller))
    made = Response(told.body, told.status)
    made.raw_headers = told.headers
    return made


def _passed(collections: tuple[str, ...] | None, properties: tuple[str, ...] | None) -> str:
    """Return the query that asks for tiles with the same parameters."""
    given = {"collections": collections, "properties": properties}
    return "&".join(f"{name}={quote(','.join(each), safe=',')}" for name, each in given.items() if each is not None)
