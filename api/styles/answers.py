"""Answers that need not be sent twice: with an ETag, and 304 to who has it already."""

from collections.abc import Callable, Mapping

from fastapi import Request
from fastapi.responses import Response

CHECKED = "private, max-age=0, must-revalidate"
"""Asked for each time, sent only when it changed."""

LASTING = "public, max-age=86400, stale-while-revalidate=604800"
"""Part of the program: glyphs and sprites."""


def answer(
    request: Request,
    tag: str,
    make: Callable[[], bytes],
    media_type: str,
    *,
    cache: str = CHECKED,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return what `make` gives with the ETag `tag` (without quotes); 304 and nothing made where the client has it."""
    etag = f'"{tag}"'
    told = {"ETag": etag, "Cache-Control": cache, **(headers or {})}
    if has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=told)
    return Response(make(), media_type=media_type, headers=told)


def has(asked: str, etag: str) -> bool:
    """Tell whether a header If-None-Match names an ETag; weak and strong ones are the same here.

    Examples
    --------
    >>> has('W/"7-p", "8"', '"7-p"'), has("*", '"7"'), has("", '"7"')
    (True, True, False)
    """
    named = [each.strip().removeprefix("W/") for each in asked.split(",")]
    return etag in named or "*" in named
