"""The short way in: tiles answered before the application is asked, when nothing about the request is unusual."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from api.server import Server

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Door:
    """Stands in front of the application and answers requests for tiles; everything else goes through.

    The caller is read from `scope["state"]["caller"]`, where the accounts' middleware puts it; without one everybody
    is the owner, as in `api.deps`.
    """

    def __init__(self, app: App, server: Server) -> None:
        self.app = app
        self.server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on."""
        await self.app(scope, receive, send)
