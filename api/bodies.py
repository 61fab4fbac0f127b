"""JSON from outside, looked at before anything is made of it: how large, how deep, how many values, and sound at all.

What parsers make of odd JSON differs: NaN is a number to some, of a member that stands twice one takes the first and
another the last, and a million brackets end a process. So all of it is refused, once for all routes: `Bodies` stands in
front of them and passes on what it has seen.
"""

import json
import re
from typing import Any, NoReturn

import numpy as np
import orjson
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BadRequestError, TooLargeError
from api.refusals import refuse
from geo.errors import Fault, ShequError

MOST_BYTES = 64 * 1024 * 1024
"""Largest JSON body: a plan of a million blocks."""
MOST_DEEP = 64
"""Levels of arrays and objects."""
MOST_VALUES = 2_000_000
"""Values and members in one body: what they are in memory is a hundred times what an empty array is as text."""
LONGEST_NUMBER = 400
"""Digits of one number."""
_IN_A_THREAD = 100_000

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_MARK = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % LONGEST_NUMBER)
_STEP = np.zeros(256, dtype=np.int8)
_STEP[[ord("["), ord("{")]] = 1
_STEP[[ord("]"), ord("}")]] = -1
_VALUE = np.zeros(256, dtype=bool)
_VALUE[[ord(sign) for sign in "[{,:"]] = True


def read_json(
    content: bytes, *, what: str = "the body", most_bytes: int = MOST_BYTES, most_values: int = MOST_VALUES
) -> Any:  # noqa: ANN401 - JSON
    """Return what a JSON text holds.

    Parameters
    ----------
    content
    what
        How messages call it.
    most_bytes, most_values

    Raises
    ------
    TooLargeError
        When it has more bytes or values than that.
    BadRequestError
        When it is no JSON in UTF-8, is nested too deeply, holds a number that is not finite or no number, or an object
        has a member twice. The message says where.
    """
    if len(content) > most_bytes:
        raise TooLargeError(f"{what} has {len(content):,} bytes; at most {most_bytes:,} are read", "send less at once")
    bare = np.frombuffer(_STRING.sub(b"", content), dtype=np.uint8)
    values = int(_VALUE[bare].sum())
    if values > most_values:
        raise TooLargeError(f"{what} holds {values:,} values; at most {most_values:,} are read", "send less at once")
    steps = _STEP[bare]
    if int((steps == 1).sum()) > MOST_DEEP and int(steps.cumsum(dtype=np.int64).max(initial=0)) > MOST_DEEP:
        raise _bad(what, f"is nested more than {MOST_DEEP} levels deep, from {_where(content, _depth_at(content))}",
                   "flatten it: nothing that is asked for here is so deep")  # fmt: skip
    if found := _LONG_NUMBER.search(bare.tobytes()):
        raise _bad(what, f"holds a number of {LONGEST_NUMBER} digits or more, {found[0][:12].decode()}…",
                   "write numbers of at most 17 digits, or longer ones as text")  # fmt: skip
    try:
        made = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _bad(what, f"is no JSON: {error}", "correct the place it names; JSON is UTF-8 without NaN or Infinity"
                   ) from error  # fmt: skip
    try:
        json.loads(content, object_pairs_hook=_each_once, parse_constant=_no_number)
    except _TwiceError as error:
        raise _bad(what, f"has an object with the member {str(error)[:80]!r} twice", "leave one of the two out"
                   ) from error  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise _bad(what, f"is no JSON: {error}", "correct the place it names") from error
    return made


class _TwiceError(Exception):
    """An object has two members of one name."""


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1:
        seen = set()
        for name, _ in pairs:
            if name in seen:
                raise _TwiceError(name)
            seen.add(name)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _depth_at(content: bytes) -> int:
    """Return where in the text the first bracket stands that is too deep."""
    depth = 0
    for mark in _MARK.finditer(content):
        sign = mark[0]
        if sign in (b"[", b"{"):
            depth += 1
            if depth > MOST_DEEP:
                return mark.start()
        elif sign in (b"]", b"}"):
            depth -= 1
    return 0


def _where(content: bytes, position: int) -> str:
    lines = content.count(b"\n", 0, position)
    return f"line {lines + 1}, byte {position + 1}" if lines else f"byte {position + 1}"


def _bad(what: str, said: str, remedy: str) -> BadRequestError:
    return BadRequestError(Fault(f"{what} {said}", remedy))


class Bodies:
    """Stands in front of the routes: a JSON body is read whole, looked at, and passed on."""

    def __init__(self, app: ASGIApp, *, most_bytes: int = MOST_BYTES) -> None:
        self.app = app
        self.most_bytes = min(most_bytes, MOST_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS") or not _says_json(scope):
            await self.app(scope, receive, send)
            return
        try:
            body = await self._body(receive)
            if body is None:  # the client is gone
                return
            if body:
                await (run_in_threadpool(read_json, body) if len(body) > _IN_A_THREAD else _soon(body))
        except ShequError as error:
            await refuse(send, error, scope["path"])
            return
        sent = False

        async def again() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, again, send)

    async def _body(self, receive: Receive) -> bytes | None:
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            size += len(part)
            if size > self.most_bytes:
                raise TooLargeError(f"the body is larger than {self.most_bytes:,} bytes", "send less at once")
            parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts)


async def _soon(body: bytes) -> None:
    read_json(body)


def _says_json(scope: Scope) -> bool:
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    plain = kind.partition(b";")[0].strip().lower()
    return not plain or bool(plain.endswith((b"/json", b"+json")))
