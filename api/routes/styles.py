"""Routes: layers with their legends, styles, sprites, glyphs, points of names and arrows."""

import re
from collections.abc import Callable, Hashable
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from api.deps import Here, Language, Viewer, server_of
from api.errors import BadRequestError, NotFoundError
from api.features.representation import AsPage, form_of
from api.pages import as_html
from api.schemas import AS_HTML, UNCHANGED
from api.styles import pages
from api.styles.answers import LASTING, Answers, made_of, send
from api.styles.documents import MEDIA_TYPE, layer_tree, style_document, style_list, style_metadata
from api.styles.places import arrows, label_points
from api.styles.schemas import FeaturePoints, LayerTree, SpriteIndex, StyleDocument, StyleList, StyleMetadata
from api.styles.tree import seen
from geo.errors import Fault
from layers.glyphs import LAST, Glyphs
from layers.sprites import NAME, sprite_sheet

router = APIRouter(tags=["styles"])

_PBF, _GEOJSON, _JSON = "application/x-protobuf", "application/geo+json", "application/json"
_SPRITE = re.compile(rf"{NAME}(@2x)?\.(json|png)")
_RANGE = re.compile(r"(\d{1,5})-(\d{1,5})")

StyleId = Annotated[str, Path(description="a style of /styles", max_length=200)]
CollectionId = Annotated[str, Path(description="a collection", max_length=200)]


@router.get("/studies/{study_id}/layers", response_model=LayerTree, responses=UNCHANGED)
def layers(request: Request, at: Viewer) -> Response:
    """Return every layer of the study for pages: the tree, legends, fields of cards, sources, MapLibre layers."""
    return _kept(request, at, "layers", lambda: layer_tree(at))


@router.get("/studies/{study_id}/styles", response_model=StyleList, responses=UNCHANGED | AS_HTML)
def styles(request: Request, at: Viewer, lang: Language, as_page: AsPage) -> Response:
    """Return the styles of the study: of the whole, of every plan and run, of every collection."""
    if as_page:
        return as_html(pages.styles(at, style_list(at, lang), lang))
    return _kept(request, at, ("styles", lang), lambda: style_list(at, lang))


@router.get(
    "/studies/{study_id}/styles/{style_id}",
    response_model=StyleDocument, response_class=Response,
    responses=UNCHANGED | {200: {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/StyleDocument"}},
                                         "text/html": {"schema": {"type": "string"}}}}},
)  # fmt: skip
def style(  # noqa: PLR0917 - FastAPI gives them by name
    request: Request, at: Viewer, style_id: StyleId, lang: Language,
    f: Annotated[Literal["json", "html"] | None, Query(description="by default what the client accepts")] = None,
    one_source: Annotated[bool, Query(description="all layers from one source of tiles: QGIS before 3.40")] = False,
) -> Response:  # fmt: skip
    """Return a style as a MapLibre (Mapbox) style document; as a page what it is for and which collections it draws."""
    if form_of(f, request.headers.get("accept"), MEDIA_TYPE) == "html":
        return as_html(pages.style(at, style_metadata(at, style_id, lang), lang))
    what = ("style", style_id, lang, one_source)
    return _kept(request, at, what, lambda: style_document(at, style_id, lang, one_source=one_source),
                 media_type=MEDIA_TYPE)  # fmt: skip


@router.get("/studies/{study_id}/styles/{style_id}/metadata", response_model=StyleMetadata, responses=UNCHANGED)
def metadata(request: Request, at: Viewer, style_id: StyleId, lang: Language) -> Response:
    """Return what a style is for and which collections it draws."""
    return _kept(request, at, ("metadata", style_id, lang), lambda: style_metadata(at, style_id, lang))


@router.get(
    "/studies/{study_id}/labels/{collection_id}",
    response_model=FeaturePoints, response_class=Response,
    responses=UNCHANGED | {200: {"content": {_GEOJSON: {"schema": {"$ref": "#/components/schemas/FeaturePoints"}}}}},
)  # fmt: skip
def labels(request: Request, at: Viewer, collection_id: CollectionId) -> Response:
    """Return one point in each area of a collection, where its name stands best."""
    snapshot = seen(at, collection_id)
    return _kept(request, at, ("labels", collection_id), lambda: label_points(snapshot), media_type=_GEOJSON,
                 state=snapshot.tx)  # fmt: skip


@router.get(
    "/studies/{study_id}/arrows/{collection_id}",
    response_model=FeaturePoints, response_class=Response,
    responses=UNCHANGED | {200: {"content": {_GEOJSON: {"schema": {"$ref": "#/components/schemas/FeaturePoints"}}}}},
)  # fmt: skip
def arrows_of(request: Request, at: Viewer, collection_id: CollectionId) -> Response:
    """Return the arrows of a plan's moves."""
    begin, _, frame = collection_id.rpartition(".")
    if frame != "moves" or not begin.startswith("plan."):
        raise NotFoundError(f"{collection_id} has no arrows", "ask for plan.<plan>.moves")
    parts = [seen(at, f"{begin}.{name}") for name in ("moves", "communities_before", "communities")]
    state = tuple(each.tx for each in parts)
    return _kept(request, at, ("arrows", collection_id), lambda: arrows(*parts), media_type=_GEOJSON,
                 state=state)  # fmt: skip


@router.get(
    "/sprites/{file}",
    response_model=SpriteIndex, response_class=Response,
    responses=UNCHANGED | {200: {"content": {"image/png": {}, _JSON: {
        "schema": {"$ref": "#/components/schemas/SpriteIndex"}}}}},
)  # fmt: skip
def sprites(
    request: Request, file: Annotated[str, Path(description=f"{NAME}.json, {NAME}.png, {NAME}@2x.…", max_length=80)]
) -> Response:
    """Return the images that styles name: the sheet, or where each lies in it."""
    found = _SPRITE.fullmatch(file)
    if found is None:
        raise NotFoundError(f"there is no sprite sheet {file}", f"ask for {NAME}.json, {NAME}.png, or {NAME}@2x.…")
    sheet = sprite_sheet(2 if found[1] else 1)
    index = found[2] == "json"
    made = made_of(orjson.dumps(sheet.index) if index else sheet.png)
    return send(request, made, _JSON if index else "image/png", cache=LASTING)


@router.get(
    "/fonts/{stack}/{characters}.pbf", response_class=Response,
    responses=UNCHANGED | {200: {"content": {_PBF: {"schema": {"type": "string", "format": "binary"}}}}},
)  # fmt: skip
def glyphs(
    request: Request,
    stack: Annotated[str, Path(description="names of fonts, joined by commas", max_length=200)],
    characters: Annotated[str, Path(description="a range of 256 characters: 0-255", max_length=20)],
) -> Response:
    """Return 256 glyphs as distance fields."""
    found = _RANGE.fullmatch(characters)
    first = int(found[1]) if found else -1
    if found is None or first % 256 or int(found[2]) != first + 255 or first > LAST - 255:
        raise BadRequestError(Fault(f"{characters!r} is no range of glyphs", "ask for 0-255, 256-511, … 65280-65535"))
    made = made_of(server_of(request).part(Glyphs).pbf(stack, first))
    return send(request, made, _PBF, cache=LASTING)


def _kept(
    request: Request,
    at: Here,
    what: Hashable,
    make: Callable[[], Any],
    *,
    media_type: str = _JSON,
    state: object = None,
) -> Response:  # fmt: skip
    """Return a document of the study as the caller may see it; made anew when the log (or `state`) has moved."""
    key = (at.study_id, at.base, at.caller.sight(at.study_id), what)
    now = (id(at.store), at.store.head() if state is None else state)
    made = at.server.part(Answers).get(key, now, lambda: orjson.dumps(make()))
    return send(request, made, media_type)
