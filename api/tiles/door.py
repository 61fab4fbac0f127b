"""The short way in: tiles answered before the application is asked, when nothing about the request is unusual.

What is unusual (a wrong path, an unknown parameter, somebody without the right, a collection that is not there) goes on
to the application, which says what is wrong. So there is one place for refusals, and the short way is short.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Receive, Scope, Send

from api.accounts.public import seen_by
from api.accounts.rights import OWNER, Caller
from api.server import Server
from api.storage import StudyStore
from api.tiles.answers import acceptable, answer, cache_control
from api.tiles.tiles import Asked, Kept, Tiles, listed
from geo.errors import ShequError
from layers.tiles.grids import GRIDS, Tile


class Door:
    """Stands in front of the application and answers requests for tiles; everything else goes through.

    The caller is read from `scope["state"]["caller"]`, where accounts put it; without one everybody is the owner, as in
    `api.deps`.
    """

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self.app = app
        self._server = server
        self._tiles = server.part(Tiles)
        self._inline = not server.settings.team

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on."""
        if scope["type"] == "http" and "/tiles/" in scope["path"] and scope["method"] in {"GET", "HEAD"}:
            caller = scope.get("state", {}).get("caller", OWNER)
            found = None
            if caller is not None and not scope.get("root_path"):
                found = _asked(scope["path"], scope["query_string"])
            if found is not None and await self._answered(found[0], found[1], caller, scope, send):
                return
        await self.app(scope, receive, send)

    async def _answered(self, study_id: str, asked: Asked, caller: Caller, scope: Scope, send: Send) -> bool:
        if not caller.may(study_id, "viewer"):
            return False
        headers = dict(scope["headers"])
        if not acceptable(headers.get(b"accept", b"*/*")):
            return False
        try:
            kept = await self._kept(study_id, asked, caller)
        except ShequError:
            return False
        told = answer(kept, headers, cache_control(caller))
        scope["door"], scope["usual"] = "tiles", True
        await send({"type": "http.response.start", "status": told.status, "headers": told.headers})
        await send({"type": "http.response.body", "body": told.body if scope["method"] == "GET" else b""})
        return True

    async def _kept(self, study_id: str, asked: Asked, caller: Caller) -> Kept:
        if self._inline:
            # The number of the last transaction of a file is read in microseconds.
            store = seen_by(self._server, caller, self._server.storage.open(study_id))
            found = self._tiles.kept(store, caller, asked)
            if found is not None:
                return found
        return await run_sync(self._get, study_id, asked, caller)

    def _get(self, study_id: str, asked: Asked, caller: Caller) -> Kept:
        store: StudyStore = seen_by(self._server, caller, self._server.storage.open(study_id))
        return self._tiles.get(store, caller, asked)


@lru_cache(8192)
def _asked(path: str, query: bytes) -> tuple[str, Asked] | None:
    """Return study and tile that a request asks for; None when it asks for something else, or in an unusual way."""
    parts = path.split("/")
    # /studies/{s}/tiles/{grid}/{z}/{row}/{column}, or with collections/{c} before tiles
    collections: tuple[str, ...] | None = None
    if len(parts) == 10 and parts[3] == "collections" and parts[5] == "tiles":
        collections = (parts[4],)
    elif len(parts) != 8 or parts[3] != "tiles":
        return None
    if parts[1] != "studies":
        return None
    grid = GRIDS.get(parts[-4])
    if grid is None or not all(each.isascii() and each.isdigit() and len(each) < 9 for each in parts[-3:]):
        return None
    tile = Tile(grid, int(parts[-3]), int(parts[-2]), int(parts[-1]))
    if not grid.has(tile.level, tile.row, tile.column):
        return None
    properties: tuple[str, ...] | None = None
    if query:
        for pair in query.decode("ascii", "replace").split("&"):
            name, _, value = pair.partition("=")
            text = unquote(value.replace("+", " "))
            if not text.strip(" ,"):
                return None
            if name == "collections" and collections is None:
                collections = listed(text, name)
            elif name == "properties" and properties is None:
                properties = listed(text, name)
            elif (name, value) != ("f", "mvt"):
                return None
    return parts[2], Asked(tile, collections, properties)
