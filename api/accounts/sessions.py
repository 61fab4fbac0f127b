"""The cookie of who is signed in, and the short-lived one of who is just signing in elsewhere. Both are signed."""

import hashlib
from typing import Any

from itsdangerous import BadSignature, Signer, URLSafeTimedSerializer
from starlette.responses import Response

from api.settings import Settings

SESSION_HOURS = 12

_WAY_SECONDS = 600
"""For so long somebody may be on their way through the provider's pages."""


class Cookies:
    """Writes and reads the cookies of a server."""

    def __init__(self, settings: Settings) -> None:
        secret = secret_of(settings)
        self.secure = settings.public_url.startswith("https://") or not settings.loopback
        prefix = "__Host-" if self.secure else ""
        self.session, self.way = f"{prefix}shequ-session", f"{prefix}shequ-way"
        self._signer = Signer(secret, salt="shequ.session", digest_method=hashlib.sha256)
        self._serializer = URLSafeTimedSerializer(
            secret, salt="shequ.way", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def token(self, header: str) -> str | None:
        """Return the session token in a Cookie header; None where there is none that we signed."""
        value = read_cookie(header, self.session)
        try:
            return self._signer.unsign(value.encode()).decode() if value else None
        except (BadSignature, UnicodeError):
            return None

    def give_token(self, response: Response, token: str) -> None:
        """Have the browser keep a session token."""
        self._set(response, self.session, self._signer.sign(token.encode()).decode(), SESSION_HOURS * 3600)

    def take_token(self, response: Response) -> None:
        """Have the browser forget it."""
        self._set(response, self.session, "", 0)

    def given_way(self, header: str) -> dict[str, Any] | None:
        """Return what was kept of somebody who left to sign in elsewhere; None where that is too long ago."""
        value = read_cookie(header, self.way)
        try:
            told = self._serializer.loads(value, max_age=_WAY_SECONDS) if value else None
        except BadSignature:
            return None
        return told if isinstance(told, dict) else None

    def keep_way(self, response: Response, told: dict[str, Any]) -> None:
        """Keep something with the browser of somebody who leaves to sign in elsewhere."""
        self._set(response, self.way, str(self._serializer.dumps(told)), _WAY_SECONDS)

    def take_way(self, response: Response) -> None:
        """Have the browser forget it."""
        self._set(response, self.way, "", 0)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(name, value, max_age=seconds, path="/", secure=self.secure, httponly=True, samesite="lax")


def read_cookie(header: str, name: str) -> str:
    """Return a cookie of a Cookie header; empty where it is not there.

    Examples
    --------
    >>> read_cookie("a=1; shequ-session=x.y", "shequ-session")
    'x.y'
    """
    for each in header.split(";"):
        own, _, value = each.strip().partition("=")
        if own == name:
            return value
    return ""


def secret_of(settings: Settings) -> bytes:
    """Return what cookies are signed with.

    A server that only this machine can reach needs no secret set: its processes agree by the address of their database.
    What a cookie holds is random, so that a signature alone lets nobody in.
    """
    if settings.session_secret is not None:
        return settings.session_secret.get_secret_value().encode()
    database = settings.database.get_secret_value() if settings.database is not None else ""
    return hashlib.sha256(b"shequ sessions " + database.encode()).digest()
