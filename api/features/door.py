"""The short way in for pages of features: answered before the application is asked, when there is nothing unusual.

As with tiles (`api.tiles.door`), whatever is unusual about a request (a filter, another format, a table that is not at
hand, somebody without the right, a mistake) goes on to the application, so that there is one place for refusals. What
is answered here is written by the same function as there.
"""

from fastapi import Request
from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from api.accounts.rights import OWNER, Caller
from api.deps import Here
from api.features import answers
from api.features.snapshot import Snapshots
from api.server import Server
from geo.errors import ShequError
from layers.words import Lang

_USUAL = frozenset({"limit", "after", "bbox", "bbox-crs", "crs", "properties", "skipGeometry"})
"""Parameters whose answers are written within a few milliseconds, in which nobody else is answered."""

_MOST_FEATURES = 1_000
"""Pages of more features, …"""

_LARGEST = 500_000
"""… and of larger collections, are left to threads."""

_ROUTE = "/studies/{study_id}/collections/{collection_id}/items"


class Door:
    """Stands in front of the application and answers requests for pages of features of study files."""

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self.app = app
        self._server = server
        self._open = not server.settings.team  # a database makes threads wait

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on."""
        if self._open and scope["type"] == "http" and scope["method"] == "GET" and scope["path"].endswith("/items"):
            caller = scope.get("state", {}).get("caller", OWNER)
            if caller is not None and await self._answered(caller, scope, receive, send):
                return
        await self.app(scope, receive, send)

    async def _answered(self, caller: Caller, scope: Scope, receive: Receive, send: Send) -> bool:
        parts = scope["path"].split("/")
        if len(parts) != 6 or parts[1] != "studies" or parts[3] != "collections" or scope.get("root_path"):
            return False
        study_id, collection = parts[2], parts[4]
        headers = dict(scope["headers"])
        host = headers.get(b"host")
        if not caller.sees_households(study_id) or host is None or headers.get(b"accept", b"*/*") not in _ACCEPTED:
            return False
        request = Request(scope)
        if not _is_usual(request.query_params):
            return False
        try:
            store = self._server.storage.open(study_id)
            snapshot = self._server.part(Snapshots).ready(store, collection)
            if snapshot is None or len(snapshot) > _LARGEST:
                return False
            base = self._server.settings.public_url.rstrip("/") or f"{scope['scheme']}://{host.decode('latin-1')}"
            lang: Lang = "en" if headers.get(b"accept-language", b"").lower().startswith(b"en") else "zh"
            at = Here(self._server, store, caller, f"{base}/studies/{study_id}")
            told = answers.items(request, at, lang, collection, snapshot)
        except ShequError:
            return False
        scope["door"] = _ROUTE
        await told(scope, receive, send)
        return True


_ACCEPTED = frozenset({b"*/*", b"application/geo+json", b"application/json"})


def _is_usual(given: QueryParams) -> bool:
    limit = given.get("limit", "1")
    return given.keys() <= _USUAL and limit.isascii() and limit.isdigit() and int(limit[:9]) <= _MOST_FEATURES
