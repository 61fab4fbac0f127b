"""The map page of a study, and what only it asks: its parts, search by name, what was edited meanwhile."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel

from api.deps import Here, Viewer
from api.errors import BadRequestError
from api.features.snapshot import Snapshot, Snapshots
from api.features.visible import visible
from api.viewer.freshness import changed_since
from api.viewer.parts import map_page, part
from api.viewer.search import search, searched
from geo.errors import Fault

router = APIRouter(tags=["map page"])


class Text(BaseModel):
    """A text in both languages."""

    zh: str
    en: str


class FoundFeature(BaseModel):
    """One thing whose name was asked for; a street in several parts is one."""

    collection: str
    id: str
    name: str
    kind: Text
    context: Text
    bbox: tuple[float, float, float, float]
    parts: int


class FoundFeatures(BaseModel):
    """What has a text in its name, the likeliest first; `more` when there is more than fits."""

    results: list[FoundFeature]
    more: bool


class Freshness(BaseModel):
    """The last transaction, and the collections (or `document:<kind>`) changed since the one that was asked for."""

    tx: int
    collections: list[str]


@router.get("/studies/{study_id}/map", response_class=HTMLResponse)
def study_map(at: Viewer) -> Response:  # noqa: ARG001 - whoever may look at the study may open its map
    """Return the map page of the study."""
    return map_page()


@router.get("/viewer/{name}", include_in_schema=False)
def viewer_part(request: Request, name: Annotated[str, Path(max_length=120, pattern=r"^[\w.-]+$")]) -> Response:
    """Return a script or style sheet of the map page."""
    return part(name, zipped="gzip" in request.headers.get("accept-encoding", ""))


@router.get("/studies/{study_id}/search", response_model=FoundFeatures)
def search_names(
    at: Viewer,
    q: Annotated[str, Query(max_length=100, description="part of a name, in Chinese or English")],
    collections: Annotated[
        str, Query(max_length=2000, description="ids of collections of results to search too, with commas between")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """Return the features that have a text in their names."""
    there, asked = at.store.collections(), [each for each in collections.split(",") if each]
    unknown = [each for each in asked if each not in there]
    if unknown:
        raise BadRequestError([Fault(f"there is no collection {unknown[0]}", f"see {at.base}/collections")])
    found, more = search(q, searched(there, asked), lambda name: _seen(at, name), _titles(at), limit=limit)
    results = [
        {"collection": each.collection, "id": each.id, "name": each.name, "bbox": each.bbox, "parts": each.parts,
         "kind": _text(each.kind), "context": _text(each.context)} for each in found
    ]  # fmt: skip
    return JSONResponse({"results": results, "more": more}, headers={"cache-control": "no-cache"})


@router.get("/studies/{study_id}/freshness", response_model=Freshness)
def freshness(
    at: Viewer, since: Annotated[int | None, Query(ge=0, description="number of a transaction")] = None
) -> Response:
    """Return the number of the last transaction and which collections were changed after `since`."""
    head = at.store.head()
    tx, changed = changed_since(at.store, head if since is None else since)
    return JSONResponse({"tx": tx, "collections": changed}, headers={"cache-control": "no-store"})


def _seen(at: Here, name: str) -> Snapshot:
    snapshot = at.server.part(Snapshots).get(at.store, name)
    return visible(snapshot, at.caller, at.server.settings.fewest_households)


def _titles(at: Here) -> dict[str, tuple[str, str]]:
    return {
        each.id: (str(each.body.get("title_zh", "")), str(each.body.get("title_en", "")))
        for each in at.store.documents("result")
    }


def _text(words: tuple[str, str]) -> dict[str, str]:
    return {"zh": words[0], "en": words[1]}
