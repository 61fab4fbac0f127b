"""The version that a client saw, as it names it: If-Match and If-None-Match with the ETags of this API.

The ETag of a feature or plan begins with the number of its version: `"3"`, `"3-8f2c"`.
"""

import re
from typing import Literal

from api.errors import BadRequestError, VersionNeededError
from geo.errors import Fault

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_VERSION = re.compile(r"(\d{1,18})(?:-|$)")

NEVER = 0
"""The version that no feature has: an ETag that is none of ours."""

Seen = frozenset[int] | Literal["any"]
"""Versions that a client would accept, or any that is there."""


def seen(if_match: str | None) -> Seen | None:
    """Return the versions that If-Match names; None where it is absent.

    A proxy that compresses answers makes an ETag weak; it is understood all the same, because the numbers are strong.

    Raises
    ------
    BadRequestError
        When the header is no list of entity tags.
    """
    if if_match is None:
        return None
    text = if_match.strip()
    if text == "*":
        return "any"
    tags = _TAG.findall(text)
    if not tags or _TAG.sub("", text).strip(" ,\t"):
        raise BadRequestError(
            Fault(f"If-Match: {text[:100]} is no entity tag", 'send the ETag as it was given, e.g. If-Match: "3"')
        )
    found = (_VERSION.match(tag) for tag in tags)
    return frozenset(int(each[1]) if each else NEVER for each in found)


def require_seen(if_match: str | None, what: str) -> int:
    """Return the one version that If-Match names.

    Raises
    ------
    VersionNeededError
        When it is absent, or names any or several versions.
    """
    found = seen(if_match)
    if found is None or found == "any" or len(found) != 1:
        raise VersionNeededError(
            f"{what} may be changed by others too: the version that was seen must be named",
            "send the ETag of the last answer as If-Match",
        )
    return next(iter(found))


def etag(version: int) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'


def preferred(prefer: str | None, name: str) -> str | None:
    """Return what a Prefer header (RFC 7240) says of one preference, in lower case; None where it says nothing.

    >>> preferred("return=representation; wait=5, handling=Strict", "handling")
    'strict'
    """
    for part in re.split(r"[,;]", prefer or ""):
        key, _, value = part.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"').lower()
    return None
