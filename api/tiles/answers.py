"""Tiles as answers of HTTP: tags, conditions, compression, how long others may keep them."""

from collections.abc import Mapping
from dataclasses import dataclass

from api.accounts.rights import Caller
from api.tiles.tiles import Kept

MVT = "application/vnd.mapbox-vector-tile"
_MVT = MVT.encode()
_VARY = b"Accept-Encoding, Authorization, Cookie"

PUBLIC_S = 10
"""How long a cache between us and people without an account may keep a tile without asking [s]."""


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of an answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def cache_control(caller: Caller) -> str:
    """Return how an answer may be kept: browsers ask whether it is still right, every time.

    What the public sees may also be kept by caches on the way, for a few seconds without asking.
    """
    if caller.public:
        return f"public, max-age=0, s-maxage={PUBLIC_S}, must-revalidate"
    return "private, max-age=0, must-revalidate"


def acceptable(accept: bytes) -> bool:
    """Tell whether a client that sends this Accept takes a tile."""
    return b"*/*" in accept or b"application/*" in accept or b"vector-tile" in accept or b"x-protobuf" in accept


def answer(kept: Kept, asked: Mapping[bytes, bytes], cache: str) -> Answer:
    """Return the answer to a request with these headers: 200, 204 for a tile without features, or 304.

    Parameters
    ----------
    kept
    asked
        Headers of the request, by lower-case name.
    cache
        `cache_control`.
    """
    gzip = b"gzip" in asked.get(b"accept-encoding", b"")
    body = kept.compressed() if gzip else b""
    tag = f'"{kept.tag}{"z" if body else ""}"'.encode()
    headers = [(b"etag", tag), (b"cache-control", cache.encode()), (b"vary", _VARY)]
    if _unchanged(asked.get(b"if-none-match", b""), tag):
        return Answer(304, headers, b"")
    if not kept.body:
        return Answer(204, headers, b"")
    headers.append((b"content-type", _MVT))
    if body:
        headers.append((b"content-encoding", b"gzip"))
    body = body or kept.body
    headers.append((b"content-length", str(len(body)).encode()))
    return Answer(200, headers, body)


def _unchanged(seen: bytes, tag: bytes) -> bool:
    """Tell whether If-None-Match names the tag; that of the other encoding of the same tile does not count."""
    if not seen:
        return False
    return seen == tag or any(each.strip().removeprefix(b"W/") in {tag, b"*"} for each in seen.split(b","))
