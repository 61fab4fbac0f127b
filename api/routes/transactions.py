"""Routes: features created, replaced, changed, deleted (OGC API Features, Part 4), and collections checked out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Here, Surveyor, Viewer
from api.editing import features, holds
from api.editing.bodies import GEOJSON, PATCHED, POSTED, read_feature, require_type
from api.editing.preconditions import etag, preferred
from api.errors import WebError, problem, status_of
from geo.errors import ShequError

router = APIRouter(tags=["editing"])

ITEMS = "/studies/{study_id}/collections/{collection_id}/items"
ITEM = ITEMS + "/{feature_id}"
HOLD = "/studies/{study_id}/collections/{collection_id}/hold"

CollectionPath = Annotated[str, Path(description="the collection", max_length=200)]
FeaturePath = Annotated[str, Path(description="the feature", max_length=400)]
_FEATURE: dict[str, Any] = {
    "type": "object",
    "required": ["type", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"type": "string"},
        "geometry": {"type": "object", "nullable": True},
        "properties": {"type": "object", "nullable": True},
    },
}
_PATCH: dict[str, Any] = {
    "type": "object",
    "properties": {"geometry": {"type": "object"}, "properties": {"type": "object"}},
}


def _body(schema: dict[str, Any], kinds: tuple[str, ...]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}}


class DoubtTold(BaseModel):
    """What should be looked at: an overlap or a gap, with the place in longitude and latitude."""

    kind: str
    ids: list[str]
    area_m2: float
    at: tuple[float, float]
    text_zh: str
    text_en: str


class WrittenTold(BaseModel):
    """A feature as it was written, where there is something to be said of it."""

    id: str
    version: int | None
    tx: int
    warnings: list[DoubtTold]


class HoldAsked(BaseModel):
    """For how long a collection is to be held."""

    model_config = ConfigDict(extra="forbid")

    minutes: Annotated[int, Field(ge=1, le=holds.MOST_MINUTES)] = 30


class HoldTold(BaseModel):
    """Who holds a collection, until when, and since which transaction."""

    collection: str
    by: str
    until: str
    since_tx: int


class Holds(BaseModel):
    """The collections that are held."""

    holds: list[HoldTold]


_MADE: dict[int | str, dict[str, Any]] = {
    201: {"description": "Created; with Prefer: return=representation as it is now, else with what should be looked at"}
}
_SAID: dict[int | str, dict[str, Any]] = {
    200: {
        "model": WrittenTold,
        "description": "Written, with a warning; with Prefer: return=representation as it is now",
        "content": {GEOJSON: {"schema": _FEATURE}},
    }
}


@dataclass(frozen=True)
class Sent:
    """What a client sent with an edit."""

    path: str
    body: bytes
    content_type: str | None
    content_crs: str | None
    if_match: str | None
    if_none_match: str | None
    prefer: str | None


async def sent(
    request: Request,
    content_crs: Annotated[str | None, Header(description="system of the coordinates; CRS84 where absent")] = None,
    if_match: Annotated[str | None, Header(description="ETag of the version that was seen")] = None,
    if_none_match: Annotated[str | None, Header(description="*: with PUT, create the feature")] = None,
    prefer: Annotated[str | None, Header(description="return=representation; handling=strict")] = None,
) -> Sent:
    """Return headers and body of an edit."""
    kind = request.headers.get("content-type")
    return Sent(request.url.path, await request.body(), kind, content_crs, if_match, if_none_match, prefer)


Edit = Annotated[Sent, Depends(sent)]


# ── features ──
@router.options(ITEMS, response_class=Response, summary="What may be done with the items of a collection")
def items_options(at: Viewer, collection_id: CollectionPath) -> Response:
    """Return the methods that the caller may use."""
    allowed = features.methods(at, features.collection_at(at, collection_id), item=False)
    more = {"Accept-Post": ", ".join(POSTED)} if "POST" in allowed else {}
    return Response(status_code=200, headers={"Allow": ", ".join(allowed), **more})


@router.options(ITEM, response_class=Response, summary="What may be done with a feature")
def item_options(at: Viewer, collection_id: CollectionPath, feature_id: FeaturePath) -> Response:  # noqa: ARG001 - the same for all
    """Return the methods that the caller may use."""
    allowed = features.methods(at, features.collection_at(at, collection_id), item=True)
    more = {"Accept-Patch": ", ".join(PATCHED)} if "PATCH" in allowed else {}
    return Response(status_code=200, headers={"Allow": ", ".join(allowed), **more})


@router.post(ITEMS, status_code=201, response_class=Response, responses=_MADE, openapi_extra=_body(_FEATURE, POSTED))
def create_feature(at: Surveyor, collection_id: CollectionPath, edit: Edit) -> Response:
    """Create a feature; its address is in the header Location."""

    def do() -> Response:
        require_type(edit.content_type, POSTED, "Accept-Post")
        given = read_feature(edit.body, whole=True)
        made = features.create(at, collection_id, given, content_crs=edit.content_crs)
        return _written(at, collection_id, made, edit, 201)

    return _strictly(edit, do)


@router.put(
    ITEM, status_code=204, response_class=Response, responses=_SAID | _MADE,
    openapi_extra=_body(_FEATURE, POSTED),
)  # fmt: skip
def replace_feature(at: Surveyor, collection_id: CollectionPath, feature_id: FeaturePath, edit: Edit) -> Response:
    """Replace a feature; with `If-None-Match: *` create it."""

    def do() -> Response:
        require_type(edit.content_type, POSTED, "Accept-Post")
        given = read_feature(edit.body, whole=True)
        made, new = features.replace(
            at, collection_id, feature_id, given, content_crs=edit.content_crs, if_match=edit.if_match,
            if_none_match=edit.if_none_match,
        )  # fmt: skip
        return _written(at, collection_id, made, edit, 201 if new else 204)

    return _strictly(edit, do)


@router.patch(
    ITEM, status_code=204, response_class=Response, responses=_SAID,
    openapi_extra=_body(_PATCH, PATCHED),
)  # fmt: skip
def update_feature(at: Surveyor, collection_id: CollectionPath, feature_id: FeaturePath, edit: Edit) -> Response:
    """Change some properties of a feature, or its geometry; a property that is null is taken away."""

    def do() -> Response:
        require_type(edit.content_type, PATCHED, "Accept-Patch")
        given = read_feature(edit.body, whole=False)
        made = features.update(
            at, collection_id, feature_id, given, content_crs=edit.content_crs, if_match=edit.if_match
        )
        return _written(at, collection_id, made, edit, 204)

    return _strictly(edit, do)


@router.delete(ITEM, status_code=204, response_class=Response, responses=_SAID)
def delete_feature(at: Surveyor, collection_id: CollectionPath, feature_id: FeaturePath, edit: Edit) -> Response:
    """Delete a feature; the log keeps it, so that it can be undone."""
    made = features.delete(at, collection_id, feature_id, if_match=edit.if_match)
    return _written(at, collection_id, made, edit, 204)


def _strictly(edit: Sent, do: Callable[[], Response]) -> Response:
    """Do an edit; a refusal says that `handling=strict` was kept where it was asked for. It always is."""
    if preferred(edit.prefer, "handling") != "strict":
        return do()
    try:
        return do()
    except ShequError as error:
        headers = error.headers if isinstance(error, WebError) else {}
        body = orjson.dumps(problem(error, edit.path))
        kept = {**headers, "Preference-Applied": "handling=strict"}
        return Response(body, status_of(error), kept, "application/problem+json")


def _written(at: Here, collection_id: str, made: features.Written, edit: Sent, status: int) -> Response:
    headers = {"Transaction": str(made.tx)}
    if status == 201:
        headers["Location"] = f"{at.base}/collections/{quote(collection_id)}/items/{quote(made.id, safe='')}"
    if made.version is not None:
        headers["ETag"] = etag(made.version)
    full = 201 if status == 201 else 200
    if preferred(edit.prefer, "return") == "representation" and made.version is not None:
        headers["Preference-Applied"] = "return=representation"
        headers["Content-Crs"] = f"<{features.system_of(at, edit.content_crs).uri}>"
        body = features.representation(at, collection_id, made.id, edit.content_crs)
        return Response(body, full, headers, GEOJSON)
    if made.doubts:
        told = {"id": made.id, "version": made.version, "tx": made.tx, "warnings": [vars(d) for d in made.doubts]}
        return Response(orjson.dumps(told), full, headers, "application/json")
    return Response(status_code=status, headers=headers)


# ── check-outs ──
@router.get("/studies/{study_id}/holds", response_model=Holds)
def list_holds(at: Viewer) -> Response:
    """Return the collections that are checked out, by whom and until when."""
    told = {"holds": [] if at.caller.public else [vars(each) for each in holds.held(at.store)]}
    return Response(orjson.dumps(told), media_type="application/json")


@router.post(HOLD, response_model=HoldTold)
def hold_collection(at: Surveyor, collection_id: CollectionPath, asked: HoldAsked | None = None) -> Response:
    """Check a collection out: for so many minutes only the caller edits it, and need not name versions (QGIS)."""
    features.editable(at, collection_id)
    minutes = (asked or HoldAsked()).minutes
    return Response(
        orjson.dumps(vars(holds.hold(at.store, collection_id, at.caller, minutes))), media_type="application/json"
    )


@router.delete(HOLD, status_code=204, response_class=Response)
def release_collection(at: Surveyor, collection_id: CollectionPath) -> Response:
    """Let a collection go; an admin may let go of any."""
    features.collection_at(at, collection_id)
    holds.release(at.store, collection_id, at.caller)
    return Response(status_code=204)
