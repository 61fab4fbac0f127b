"""Finds out who asks, before anything is answered, and how much they ask.

Study files have no accounts: whoever can reach the server is the owner, and that is this machine alone. A team's server
knows its callers by an API key (as `Authorization: Bearer`, or as the password of Basic for QGIS) or by the cookie of
who signed in on the page.
"""

import base64
import binascii
import math
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.accounts.limits import Limiter, Rate, household_of
from api.accounts.origins import require_own_host, require_own_page
from api.accounts.rights import ANONYMOUS, OWNER, Caller
from api.accounts.sessions import Cookies
from api.errors import NotAllowedError, TooManyError, UnauthenticatedError, WebError
from api.refusals import refuse
from api.server import Server

if TYPE_CHECKING:  # who serves files needs no accounts
    from api.accounts.accounts import Accounts

SIGNING = ("/login", "/logout")
"""Pages that sign people in and out: their forms must say which page sent them."""

_ASK = b'Bearer realm="shequ"'
_ASK_PROGRAMS = b'Basic realm="shequ", charset="UTF-8"'
_HSTS = b"max-age=31536000"


class Callers:
    """Sets `scope["state"]["caller"]`, from which `api.deps` and the door for tiles read it.

    An application around this one that knows the caller already may have set it; requests cannot.
    """

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self.app = app
        self._settings = server.settings
        self._accounts = accounts_of(server)
        self._cookies = Cookies(server.settings)
        asked = server.settings.requests_per_minute
        self._limiter = Limiter(Rate(asked, asked / 60))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or "caller" in scope.setdefault("state", {}):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        answered = send
        try:
            if self._accounts is None:
                self._require_this_machine(scope, headers)
                scope["state"]["caller"] = OWNER
            else:
                answered = self._answering(scope, headers, send)
                scope["state"]["caller"] = await self._caller(self._accounts, scope, headers)
        except WebError as error:
            await refuse(answered, error, scope["path"])
            return
        await self.app(scope, receive, answered)

    def _require_this_machine(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        require_own_host(headers.get(b"host", b"").decode("latin-1"))
        if scope.get("client") and not _this_machine(scope["client"][0]):
            raise NotAllowedError(
                f"study files have no accounts, and {scope['client'][0]} is another machine",
                "serve a database, which has accounts: shequ serve --database URL",
            )
        own = tuple(each for each in self._settings.cors_origins if each != "*")
        require_own_page(scope["method"], headers, scope["scheme"], own=(self._settings.public_url, *own))

    async def _caller(self, accounts: "Accounts", scope: Scope, headers: dict[bytes, bytes]) -> Caller | None:
        """Return who asks; None when nobody has said so."""
        if not self._settings.public_url:
            require_own_host(headers.get(b"host", b"").decode("latin-1"))
        client = scope["client"][0] if scope.get("client") else "local"
        address = f"from {household_of(client)}"
        given = headers.get(b"authorization")
        token = None if given else self._cookies.token(headers.get(b"cookie", b"").decode("latin-1"))
        if given is None or given[:7].lower() != b"bearer ":  # a browser sends the others by itself
            own = () if token else self._settings.cors_origins
            require_own_page(
                scope["method"], headers, scope["scheme"], own=(self._settings.public_url, *own),
                strict=token is not None or scope["path"].startswith(SIGNING),
            )  # fmt: skip
        caller: Caller | None = None
        if given is not None:
            name, key = _credentials(given)
            caller = accounts.known_by_key(key, name)
            if caller is None:
                self._require_room(address)
                caller = await run_sync(accounts.by_key, key, name)
                if caller is None:
                    raise UnauthenticatedError(
                        "the API key is unknown, has expired, or is not this account's", "make a new key, or sign in"
                    )
        elif token is not None:
            caller = accounts.known_by_session(token)
            if caller is None:
                self._require_room(address)
                caller = await run_sync(accounts.by_session, token)
            scope["state"]["signed_in"] = caller is not None
        self._require_room(f"by {caller.name}" if caller is not None else address)
        if caller is None and self._settings.anonymous_viewers:
            return ANONYMOUS
        return caller

    def _require_room(self, who: str) -> None:
        wait = self._limiter.take(who)
        if wait:
            raise TooManyError(f"more than {self._settings.requests_per_minute} requests in a minute",
                               "ask more slowly, or for more at once",
                               headers={"Retry-After": str(math.ceil(wait))})  # fmt: skip

    def _answering(self, scope: Scope, headers: dict[bytes, bytes], send: Send) -> Send:
        """Return a `send` that tells who must sign in how, and keeps answers from being handed to others."""
        page = scope["method"] == "GET" and b"text/html" in headers.get(b"accept", b"")
        redirected = False

        async def answered(message: Message) -> None:
            nonlocal redirected
            if message["type"] == "http.response.start":
                if message["status"] == 401 and page and b"authorization" not in headers:
                    redirected = True
                    message = {"type": message["type"], "status": 303, "headers": [(b"location", self._login(scope))]}
                message["headers"] = self._headers(message, headers)
            elif redirected:
                if message.get("more_body"):
                    return
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        return answered

    def _login(self, scope: Scope) -> bytes:
        root = urlsplit(self._settings.public_url).path.rstrip("/")
        query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        return f"{root}/login?next={quote(quote(scope['path']) + query, safe='/')}".encode()

    def _headers(self, message: Message, asked: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        told = list(message["headers"])
        there = {name.lower() for name, _ in told}
        vary = [value for name, value in told if name.lower() == b"vary"]
        told = [each for each in told if each[0].lower() != b"vary"]
        told.append((b"vary", b", ".join([*vary, b"Authorization, Cookie"])))
        if b"cache-control" not in there:
            told.append((b"cache-control", b"private, no-cache"))
        if message["status"] == 401:
            told.append((b"www-authenticate", _ASK))
            if b"sec-fetch-site" not in asked:  # a browser would ask for a password in a window of its own
                told.append((b"www-authenticate", _ASK_PROGRAMS))
        if self._cookies.secure:
            told.append((b"strict-transport-security", _HSTS))
        return told


def accounts_of(server: Server) -> "Accounts | None":
    """Return the accounts that a server keeps; None where study files are served."""
    if not server.settings.team:
        return None
    from api.accounts.accounts import Accounts  # noqa: PLC0415 - who serves files needs no PostgreSQL

    return server.part(Accounts)


def _credentials(header: bytes) -> tuple[str | None, str]:
    """Return account and key of an Authorization header; the account is None where only a key is sent.

    Raises
    ------
    UnauthenticatedError
        When it is neither Bearer nor Basic.

    Examples
    --------
    >>> _credentials(b"Bearer shequ_1_2"), _credentials(b"Basic " + base64.b64encode("李四:shequ_1_2".encode()))
    ((None, 'shequ_1_2'), ('李四', 'shequ_1_2'))
    """
    kind, _, value = header.decode("latin-1").partition(" ")
    if kind.lower() == "bearer" and value.strip():
        return None, value.strip()
    if kind.lower() == "basic":
        try:
            name, colon, key = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            colon = ""
        if colon:
            return name, key
    raise UnauthenticatedError("the Authorization header is not understood",
                               "send an API key: Authorization: Bearer KEY, or Basic with it as password")  # fmt: skip


@lru_cache(256)
def _this_machine(client: str) -> bool:
    try:
        return ip_address(client).is_loopback
    except ValueError:  # a socket file, or a client within this process
        return True
