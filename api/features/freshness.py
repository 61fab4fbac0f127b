"""ETags and cache headers: what was read stays good until a transaction touches it, and is asked for again cheaply."""

import re
import zlib
from collections.abc import Mapping

from api.deps import Here

_VERSION = re.compile(r'(?:W/)?"(\d+)(?:-[0-9a-z]+)?"$')


def page_etag(at: Here, tx: int, *parts: str) -> str:
    """Return the ETag of an answer about a collection: its newest transaction, and a mark of everything asked for.

    It is weak, because every answer tells the time at which it was made.
    """
    return f'W/"{tx}-{mark(at, *parts)}"'


def mark(at: Here, *parts: str) -> str:
    """Return a mark of a representation: what was asked for, and how much the caller sees."""
    told = "\n".join((at.base, at.caller.sight(at.study_id), *parts))
    return f"{zlib.crc32(told.encode()):x}"


def feature_etag(version: int, representation: str = "") -> str:
    """Return the ETag of one feature: its version, and a mark where the representation is not the plain one."""
    return f'"{version}-{representation}"' if representation else f'"{version}"'


def version_in(header: str) -> int | None:
    """Return the version that an ETag of a feature names; None when it is none of ours.

    Examples
    --------
    >>> version_in('"7"'), version_in('"7-5f3a9c"'), version_in('"abc"')
    (7, 7, None)
    """
    found = _VERSION.match(header.strip())
    return int(found[1]) if found else None


def unchanged(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the client has this representation already."""
    if not if_none_match:
        return False
    bare = etag.removeprefix("W/")
    return any(each.strip() in ("*", bare) or each.strip().removeprefix("W/") == bare
               for each in if_none_match.split(","))  # fmt: skip


def cache_headers(at: Here, etag: str) -> Mapping[str, str]:
    """Return headers to keep an answer by and ask whether it holds; for shared caches, too, what the public is told."""
    return {
        "ETag": etag,
        "Cache-Control": f"{'public' if at.caller.public else 'private'}, max-age=0, must-revalidate",
        "Vary": "Accept, Accept-Language, Authorization, Cookie",
    }
