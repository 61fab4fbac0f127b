"""Answers that need not be made or sent twice: kept while nothing changed, with an ETag, compressed."""

import gzip
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response

CHECKED = "private, max-age=0, must-revalidate"
"""Asked for each time, sent only when it changed."""

LASTING = "public, max-age=86400, stale-while-revalidate=604800"
"""Part of the program: glyphs and sprites."""

LEAST_COMPRESSED = 1_400
"""Shorter answers fit into one packet as they are [bytes]."""

MOST_BYTES = 48 * 1024 * 1024
"""Memory for answers that are kept; those unused go first."""


@dataclass(frozen=True)
class Made:
    """One answer: its bytes as they are and compressed, and its ETag, which follows from them alone."""

    body: bytes
    packed: bytes
    tag: str

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return len(self.body) + len(self.packed)


class Answers:
    """Answers made from a study, kept as long as its log has not moved. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[object, Made]] = OrderedDict()

    def get(self, key: Hashable, state: object, make: Callable[[], bytes]) -> Made:
        """Return the answer `key`, made anew when `state` is not what it was made at."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and kept[0] == state:
            return kept[1]
        made = made_of(make())
        with self._lock:
            self._kept[key] = (state, made)
            self._kept.move_to_end(key)
            total = sum(each.bytes for _, each in self._kept.values())
            while total > MOST_BYTES and len(self._kept) > 1:
                total -= self._kept.popitem(last=False)[1][1].bytes
        return made

    def close(self) -> None:
        """Let all of them go."""
        with self._lock:
            self._kept.clear()


def made_of(body: bytes) -> Made:
    """Return an answer with its ETag and its compressed form."""
    packed = gzip.compress(body, 6, mtime=0) if len(body) >= LEAST_COMPRESSED else b""
    return Made(body, packed, f"{zlib.crc32(body):08x}{len(body):x}")


def send(request: Request, made: Made, media_type: str, *, cache: str = CHECKED) -> Response:
    """Return an answer, compressed where the client takes that; 304 where it has it already."""
    compressed = bool(made.packed) and "gzip" in request.headers.get("accept-encoding", "").lower()
    etag = f'"{made.tag}-gz"' if compressed else f'"{made.tag}"'
    headers = {"ETag": etag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
    if has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return Response(made.packed if compressed else made.body, media_type=media_type, headers=headers)


def fresh(request: Request, tag: str) -> Response | None:
    """Return 304 where the client has `tag` already, so that nothing need be made; None where it has not."""
    if not has(request.headers.get("if-none-match", ""), f'"{tag}"'):
        return None
    return Response(status_code=304, headers={"ETag": f'"{tag}"', "Cache-Control": CHECKED})


def has(asked: str, etag: str) -> bool:
    """Tell whether a header If-None-Match names an ETag; weak and strong ones are the same here.

    Examples
    --------
    >>> has('W/"7-p", "8"', '"7-p"'), has("*", '"7"'), has("", '"7"')
    (True, True, False)
    """
    named = [each.strip().removeprefix("W/") for each in asked.split(",")]
    return etag in named or "*" in named
