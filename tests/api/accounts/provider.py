"""A little OpenID Connect provider on 127.0.0.1, over real HTTP: discovery, authorization code with PKCE, keys.

It signs in whoever it is told to, at once. `spoil` lets it lie in one way, as a test asks for.
"""

import base64
import contextlib
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "shequ", "provider-secret"


@dataclass
class Provider:
    """The provider, and whom it will sign in next."""

    port: int
    who: dict[str, Any] = field(default_factory=lambda: {"sub": "248289761001", "preferred_username": "王芳"})
    spoil: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/realm"

    def app(self) -> Starlette:
        """Return its application."""
        return Starlette(routes=[
            Route("/realm/.well-known/openid-configuration", self._about), Route("/realm/keys", self._keys),
            Route("/realm/authorize", self._authorize), Route("/realm/token", self._token, methods=["POST"]),
            Route("/realm/userinfo", self._userinfo),
        ])  # fmt: skip

    def _about(self, _: Request) -> Response:
        if self.spoil == "down":
            return Response(status_code=500)
        return JSONResponse({
            "issuer": "https://other.example" if self.spoil == "issuer of discovery" else self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys", "userinfo_endpoint": f"{self.issuer}/userinfo",
        })  # fmt: skip

    def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        if self.spoil == "refused":
            told = {"error": "access_denied", "state": asked["state"]}
        else:
            code = secrets.token_urlsafe(12)
            self.codes[code] = asked
            told = {"code": code, "state": asked["state"]}
        if self.spoil == "iss":
            told["iss"] = "https://other.example"
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(told)}", 302)

    async def _token(self, request: Request) -> Response:
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(given["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(given.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or request.headers.get("authorization") != f"Basic {basic}"
            or challenge.rstrip(b"=").decode() != asked["code_challenge"]
            or given["redirect_uri"] != asked["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked["nonce"], **self.who}
        key, header = self.key, {"alg": "RS256", "kid": self.key.kid}
        match self.spoil:
            case "nonce":
                claims["nonce"] = "another"
            case "no nonce":
                del claims["nonce"]
            case "audience":
                claims["aud"] = "another"
            case "issuer":
                claims["iss"] = "https://other.example"
            case "expired":
                claims |= {"iat": now - 900, "exp": now - 600}
            case "signature":
                key = RSAKey.generate_key(2048, {"kid": "one"})
            case "userinfo":
                del claims["preferred_username"]
        if self.spoil == "hmac":
            header, token = {"alg": "HS256"}, ""
            token = jwt.encode(header, claims, OctKey.import_key(SECRET))
        elif self.spoil == "none":
            body = jwt.encode(header, claims, key).split(".")[1]
            token = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode() + f".{body}."
        else:
            token = jwt.encode(header, claims, key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token, "expires_in": 300})

    def _userinfo(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer a"
        return JSONResponse({**self.who, "preferred_username": "told-later"})


@contextlib.contextmanager
def running() -> Iterator[Provider]:
    """Run a provider in a thread."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Provider(port)
    server = uvicorn.Server(uvicorn.Config(made.app(), port=port, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the provider ended"
        time.sleep(0.01)
    yield made
    server.should_exit = True
    thread.join()
