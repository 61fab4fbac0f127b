"""Where a request comes from: the address it was sent to, and the page that sent it.

A page of a stranger that is open in the same browser can send requests to a server on this machine. It cannot read the
answers, unless it had its own name lead here (DNS rebinding); so the name in the request counts. And it could write;
so, for what writes, the page's own address does.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from api.errors import NotAllowedError

_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)
READING = frozenset({"GET", "HEAD", "OPTIONS"})

_PORTS = {"http": 80, "https": 443}


def require_own_host(host: str, public_url: str = "") -> None:
    """Refuse a request that was sent to a name which is not this server's.

    Raises
    ------
    NotAllowedError
        When the Host header is neither this machine's, nor that of the address that clients see.
    """
    if _LOOPBACK.fullmatch(host):
        return
    if public_url and host.lower() == urlsplit(public_url).netloc.lower():
        return
    raise NotAllowedError(
        f"this server is not {host[:100] or 'one without a name'}",
        "ask it by the address it printed when it started; where a proxy stands in front, set SHEQU_PUBLIC_URL",
    )


def require_own_page(
    method: str, headers: Mapping[bytes, bytes], scheme: str, *, own: tuple[str, ...], strict: bool = False
) -> None:
    """Refuse a request that writes and that a page of another server sent.

    Parameters
    ----------
    own
        Addresses whose pages may write: the server's as clients see it, those that the settings name.
    strict
        Whether it must say which page sent it: where a cookie tells who asks.

    Raises
    ------
    NotAllowedError
        When another page sent it.
    """
    if method in READING:
        return
    origin = headers.get(b"origin", b"").decode("latin-1")
    site = headers.get(b"sec-fetch-site", b"").decode("latin-1")
    if origin:
        here = f"{scheme}://{headers.get(b'host', b'').decode('latin-1')}"
        if origin_of(origin) is not None and origin_of(origin) in {origin_of(each) for each in (here, *own)}:
            return
        raise _strange(origin)
    if site in {"cross-site", "same-site"}:
        raise _strange("another server")
    if strict and not site:
        raise NotAllowedError("the request does not say which page sent it (Origin, Sec-Fetch-Site)",
                              "programs send an API key instead of a cookie: Authorization: Bearer …")  # fmt: skip


def origin_of(address: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an address; None where it has none.

    Examples
    --------
    >>> origin_of("HTTPS://Map.example/x") == origin_of("https://map.example:443")
    True
    >>> origin_of("null") is None
    True
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or parts.scheme not in _PORTS:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]


def _strange(page: str) -> NotAllowedError:
    return NotAllowedError(f"a page of {page[:200]} may not write here",
                           "use the server's own pages, or name that one in SHEQU_CORS_ORIGINS")  # fmt: skip
