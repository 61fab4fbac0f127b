"""Signing in through an OpenID Connect provider: discovery, authorization code with PKCE, state and nonce."""

import hmac
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.errors import BusyError, NotAllowedError
from api.settings import Settings

_SIGNED = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""How a provider may sign: with a key that only it has. Never "none", never with our own secret."""

_TRUSTED_S = 3600
"""For so long what the provider says of itself is not asked again."""
_LEEWAY_S = 60
_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Identity:
    """Who somebody is to a provider: `subject` never changes; `name` is what they would like to be called."""

    issuer: str
    subject: str
    name: str


@dataclass(frozen=True)
class _Known:
    about: Mapping[str, Any]
    keys: KeySet
    at: float


class Provider:
    """The provider that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None
        self._known: _Known | None = None

    @property
    def name(self) -> str:
        """The provider's host, as the button shows it."""
        return urlsplit(self._issuer).hostname or self._issuer

    def leave(self, back: str) -> tuple[str, dict[str, str]]:
        """Return the provider's page to go to, and what must be kept with the browser until it comes `back`.

        Raises
        ------
        BusyError
            When the provider does not answer.
        """
        about = self._about().about
        nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        with self._speaking(back) as client:
            address, state = client.create_authorization_url(
                about["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        return address, {"state": state, "nonce": nonce, "verifier": verifier}

    def arrive(self, back: str, kept: Mapping[str, str], told: Mapping[str, str]) -> Identity:
        """Return who came back, by what was kept and by what the provider's page added to the address.

        Raises
        ------
        NotAllowedError
            When the provider refused, or what came back was not asked for by this browser.
        BusyError
            When the provider does not answer.
        """
        if not hmac.compare_digest(kept.get("state", "").encode(), told.get("state", "").encode()):
            raise _strange("it does not belong to this browser's last attempt")
        if "error" in told or not told.get("code"):
            raise _strange(f"the provider says {told.get('error', 'nothing')[:80]}")
        if told.get("iss", self._issuer) != self._issuer:
            raise _strange("it comes from another provider")
        with self._speaking(back) as client:
            given = client.fetch_token(self._about().about["token_endpoint"], grant_type="authorization_code",
                                       code=told["code"], code_verifier=kept["verifier"])  # fmt: skip
            claims = self._claims(given, kept["nonce"])
            named = dict(claims)
            address = self._about().about.get("userinfo_endpoint")
            if address and not (named.get("preferred_username") or named.get("email")):
                asked = client.get(address)
                asked.raise_for_status()
                if asked.json().get("sub") == claims["sub"]:
                    named |= asked.json()
        wished = named.get("preferred_username") or named.get("email") or named.get("name") or claims["sub"]
        return Identity(self._issuer, str(claims["sub"]), str(wished))

    def _claims(self, given: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        if "id_token" not in given:
            raise _strange("the provider gave no ID token")
        try:
            token = jwt.decode(given["id_token"], self._about().keys, algorithms=_SIGNED)
        except (JoseError, ValueError):  # signed with a newer key, maybe
            token = jwt.decode(given["id_token"], self._about(fresh=True).keys, algorithms=_SIGNED)
        options = {"iss": {"essential": True, "value": self._issuer}, "nonce": {"essential": True, "value": nonce},
                   "aud": {"essential": True, "value": self._client_id}}  # fmt: skip
        own = {"nonce": nonce, "client_id": self._client_id, "access_token": given.get("access_token", "")}
        claims = CodeIDToken(token.claims, token.header, options, own)
        claims.validate(leeway=_LEEWAY_S)
        return dict(claims)

    def _about(self, *, fresh: bool = False) -> _Known:
        known = self._known
        if known is not None and not fresh and time.monotonic() - known.at < _TRUSTED_S:
            return known
        with self._speaking("") as client:
            about = _json(client, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if about.get("issuer") != self._issuer:
                raise BusyError("the provider calls itself otherwise than SHEQU_OIDC_ISSUER does", "ask an admin")
            keys = KeySet.import_key_set(_json(client, about["jwks_uri"]))  # type: ignore[arg-type]
        self._known = _Known(about, keys, time.monotonic())
        return self._known

    @contextmanager
    def _speaking(self, back: str) -> Iterator[Any]:
        try:
            with OAuth2Client(
                self._client_id, self._secret, scope="openid profile email", redirect_uri=back,
                code_challenge_method="S256", timeout=_TIMEOUT_S,
                token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            ) as client:  # fmt: skip
                yield client
        except (AuthlibBaseError, JoseError) as error:
            raise _strange("what the provider says does not hold") from error
        except (httpx2.HTTPError, KeyError, ValueError) as error:
            raise BusyError("the sign-in provider does not answer as it should", "try again in a minute") from error


def _json(client: Any, address: str) -> dict[str, Any]:  # noqa: ANN401 - authlib's client
    answer = client.request("GET", address, withhold_token=True)
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    return told


def _strange(why: str) -> NotAllowedError:
    return NotAllowedError(f"the sign-in was not completed: {why}", "begin again from /login")
