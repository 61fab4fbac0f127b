"""Answers of the routes under /collections: documents, pages, features, with their formats, ETags and headers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import numpy as np
import orjson
from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from api.deps import Here
from api.errors import NotFoundError
from api.features import describe, pages
from api.features.describe import link
from api.features.freshness import cache_headers, feature_etag, mark, page_etag, unchanged
from api.features.geojson import collection_bytes, feature_bytes, features
from api.features.items import Page, page_of
from api.features.query import ITEM, ITEMS, read_query, read_representation, single, token
from api.features.representation import GEOJSON, HTML, JSON, SCHEMA, Form, form_of
from api.features.snapshot import Snapshot, Snapshots
from api.features.visible import visible
from api.features.written import Written
from geo.contracts import TABLES
from layers.words import Lang

Given = Sequence[tuple[str, str]]
PLAIN = ("f", "lang")


def snapshot_for(at: Here, collection: str, as_of: int | None = None) -> Snapshot:
    """Return a collection as the caller may see it.

    Raises
    ------
    NotFoundError
        When there is no such collection.
    """
    made = at.server.part(Snapshots).get(at.store, collection, as_of=as_of)
    return visible(made, at.caller, at.server.settings.fewest_households)


def collections(request: Request, at: Here, lang: Lang) -> Response:
    """Return the list of collections: the study's own tables first, then what plans and runs made."""
    given = single(request.query_params.multi_items(), PLAIN)
    form = form_of(given.get("f"), request.headers.get("accept"))
    head = at.store.head()
    etag = page_etag(at, head, "collections", form, lang)
    if unchanged(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=cache_headers(at, etag))
    known = at.store.collections()
    own = [each for each in TABLES if each in known]
    ids = own + sorted(known.keys() - set(own))
    snapshots = [snapshot_for(at, each) for each in ids]
    made = describe.collections_document(at, snapshots, lang)
    if form == "html":
        return _html(at, etag, pages.collections(at, made, lang))
    return _json(at, etag, made)


def collection(request: Request, at: Here, lang: Lang, collection_id: str) -> Response:
    """Return the description of one collection."""
    return _described(request, at, lang, collection_id, "collection")


def queryables(request: Request, at: Here, lang: Lang, collection_id: str) -> Response:
    """Return the properties that filters may name."""
    return _described(request, at, lang, collection_id, "queryables")


def schema(request: Request, at: Here, lang: Lang, collection_id: str) -> Response:
    """Return what a feature looks like."""
    return _described(request, at, lang, collection_id, "schema")


_DOCUMENTS = {
    "collection": (describe.collection_document, JSON),
    "queryables": (describe.queryables, SCHEMA),
    "schema": (describe.schema, SCHEMA),
}


def _described(request: Request, at: Here, lang: Lang, collection_id: str, what: str) -> Response:
    document, kind = _DOCUMENTS[what]
    given = single(request.query_params.multi_items(), PLAIN)
    form = form_of(given.get("f"), request.headers.get("accept"), kind)
    snapshot = snapshot_for(at, collection_id)
    etag = page_etag(at, snapshot.tx, what, collection_id, form, lang)
    if unchanged(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=cache_headers(at, etag))
    made = document(at, snapshot, lang)
    if form == "html":
        return _html(at, etag, pages.described(at, snapshot, made, what, lang))
    return _json(at, etag, made, kind)


def items(request: Request, at: Here, lang: Lang, collection_id: str, as_now: Snapshot | None = None) -> Response:
    """Return one page of the features that are asked for; `as_now`: the collection, where it is at hand."""
    asked = request.scope["query_string"].decode("latin-1")
    pairs = request.query_params.multi_items()
    as_now = snapshot_for(at, collection_id) if as_now is None else as_now
    kinds = as_now.once("kinds", lambda: {"id": "text"} | {each.name: each.kind for each in as_now.collection.columns})
    given = single(pairs, ITEMS, [*kinds])
    form = form_of(given.get("f"), request.headers.get("accept"), GEOJSON)
    query = read_query(given, at.store, kinds, at.server.settings.page_limit)
    snapshot = as_now if query.told.as_of is None else snapshot_for(at, collection_id, query.told.as_of)
    here = f"{at.base}/collections/{collection_id}/items"
    etag = page_etag(at, snapshot.tx, here, form, lang, asked)
    if unchanged(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=cache_headers(at, etag))
    found = page_of(snapshot, query)
    links = _page_links(here, pairs, found, form, describe.title_of(snapshot.collection, lang))
    links.append(link(f"{at.base}/collections/{collection_id}", "collection", JSON))
    if form == "html":
        made = features(snapshot, found.positions, query.told)
        return _html(at, etag, pages.items(at, snapshot, made, query=query, found=found, links=links, lang=lang))
    more: dict[str, Any] = {}
    if query.asked is not None:
        more["limitCut"] = {"asked": query.asked, "limit": query.limit, "remedy": "follow the next links"}
    written = at.server.part(Written).texts(snapshot, found.positions, query.told)
    body = collection_bytes(written, matched=found.matched, at=_now(), links=links, **more)
    headers = {**cache_headers(at, etag), "Content-Crs": f"<{query.told.crs.uri}>"}
    return Response(body, headers=headers, media_type=GEOJSON)


def item(request: Request, at: Here, lang: Lang, collection_id: str, feature_id: str) -> Response:
    """Return one feature; its ETag is the version that an edit of it names.

    Raises
    ------
    NotFoundError
        When there is no such feature.
    """
    given = single(request.query_params.multi_items(), ITEM)
    form = form_of(given.get("f"), request.headers.get("accept"), GEOJSON)
    snapshot = snapshot_for(at, collection_id)
    told = read_representation(given, at.store, [column.name for column in snapshot.collection.columns])
    if told.as_of is not None:
        snapshot = snapshot_for(at, collection_id, told.as_of)
    position = snapshot.position(feature_id)
    if position is None:
        raise NotFoundError(f"there is no feature {feature_id[:80]} in {collection_id}",
                            f"see {at.base}/collections/{collection_id}/items")  # fmt: skip
    etag = _item_etag(request, at, snapshot, position, f"{form} {lang}")
    if unchanged(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=cache_headers(at, etag))
    above = f"{at.base}/collections/{collection_id}"
    here = f"{above}/items/{quote(feature_id, safe='')}"
    links = [
        link(_with(here, {**given, "f": form} if "f" in given else given), "self", GEOJSON if form == "json" else HTML),
        link(_with(here, {**given, "f": "html" if form == "json" else "json"}), "alternate",
             HTML if form == "json" else GEOJSON),
        link(above, "collection", JSON, describe.title_of(snapshot.collection, lang)),
        link(f"{here}/versions", "version-history", JSON),
    ]  # fmt: skip
    if form == "html":
        made = features(snapshot, np.array([position], dtype=np.intp), told)[0]
        return _html(at, etag, pages.item(at, snapshot, made, here, lang))
    body = feature_bytes(snapshot, position, told, links)
    return Response(body, headers={**cache_headers(at, etag), "Content-Crs": f"<{told.crs.uri}>"}, media_type=GEOJSON)


def _item_etag(request: Request, at: Here, snapshot: Snapshot, position: int, form: str) -> str:
    version = snapshot.table["version"][position].as_py()
    plain = form.startswith("json") and not request.url.query and at.caller.sees_households(at.study_id)
    return feature_etag(version, "" if plain else mark(at, form, request.url.query))


def _page_links(here: str, pairs: Given, found: Page, form: Form, title: str) -> list[dict[str, str]]:
    own, other = (GEOJSON, HTML) if form == "json" else (HTML, GEOJSON)
    asked = [(name, f"{quote_plus(name)}={quote_plus(value)}") for name, value in pairs]

    def same(but: str, value: str) -> str:
        return f"{here}?{'&'.join([*(text for name, text in asked if name != but), f'{but}={value}'])}"

    links = [
        link(f"{here}?{'&'.join(text for _, text in asked)}" if asked else here, "self", own, title),
        link(same("f", "html" if form == "json" else "json"), "alternate", other),
    ]
    if found.last is not None:
        links.append(link(same("after", token(found.last)), "next", own))
    return links


def _with(here: str, pairs: Mapping[str, str]) -> str:
    return f"{here}?{urlencode(pairs)}" if pairs else here


def _now() -> str:
    return f"{datetime.now(UTC).isoformat(timespec='seconds')[:19]}Z"


def _json(at: Here, etag: str, made: Any, kind: str = JSON) -> Response:  # noqa: ANN401 - JSON
    return Response(orjson.dumps(made), headers=cache_headers(at, etag), media_type=kind)


def _html(at: Here, etag: str, made: str) -> Response:
    return HTMLResponse(made, headers=cache_headers(at, etag))
