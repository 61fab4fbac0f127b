"""CQL2 text and JSON read into one form: the JSON encoding, as Python values. Capped before it is parsed.

The parser of the text form and any recursion over it need stack for each level of nesting: one request of 2,000
parentheses could end the process. So length, nesting and operators are counted first, and the depth of what was read
is measured without recursion.
"""

import re
from typing import Any, Literal

import cql2

from api.bodies import read_json
from api.errors import BadRequestError
from geo.errors import Fault

Language = Literal["cql2-text", "cql2-json"]

MOST_BYTES = 8_192
MOST_NESTED = 64
MOST_OPERATORS = 1_000
MOST_PREFIXES = 32
"""NOT NOT NOT …, or - - - …"""

MOST_DEEP = 160
"""Levels of the JSON form; a bracket of the text form makes two."""

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_OPERATORS = re.compile(r"[-+*/^%=<>]|\b(?:not|like|between|in|is|div)\b", re.IGNORECASE)
_PREFIXES = re.compile(rf"(?:(?:-|\bnot\b)[\s(]*){{{MOST_PREFIXES + 1},}}", re.IGNORECASE)


def read_filter(text: str, language: Language) -> Any:  # noqa: ANN401 - JSON
    """Return a filter in the JSON encoding of CQL2.

    Raises
    ------
    BadRequestError
        When it is too long, too deep, or no CQL2.
    """
    if len(text.encode()) > MOST_BYTES:
        raise _bad(f"it has more than {MOST_BYTES:,} bytes", "shorten it, or filter in several requests")
    made = _read_text(text) if language == "cql2-text" else _read_json(text)
    if _depth(made) > MOST_DEEP:
        raise _too_deep()
    return made


def _read_text(text: str) -> Any:  # noqa: ANN401 - JSON
    bare = _QUOTED.sub("''", text)
    if _nested(bare) > MOST_NESTED or _PREFIXES.search(bare):
        raise _too_deep()
    if len(_OPERATORS.findall(bare)) > MOST_OPERATORS:
        raise _bad(f"it has more than {MOST_OPERATORS:,} operators", "use IN for many values")
    try:
        return cql2.parse_text(text).to_json()
    except cql2.ParseError as error:
        raise _bad(
            f"it is no CQL2 text{_place(str(error))}", "write it like: floors > 6 AND name LIKE '%村'"
        ) from error
    except Exception as error:  # the parser raises plain Exception for geometries that it cannot read
        raise _bad(f"it is no CQL2 text: {str(error)[:200]}", "correct the geometry") from error


def _read_json(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return read_json(text.encode(errors="replace"), what="it", most_bytes=MOST_BYTES)
    except BadRequestError as error:
        (fault,) = error.faults
        raise _bad(fault.what, 'write it like: {"op": ">", "args": [{"property": "floors"}, 6]}') from error


def _nested(bare: str) -> int:
    deepest = depth = 0
    for sign in bare:
        if sign in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ")]":
            depth -= 1
    return deepest


def _depth(made: Any) -> int:  # noqa: ANN401 - JSON
    deepest, waiting = 0, [(made, 1)]
    while waiting:
        each, depth = waiting.pop()
        deepest = max(deepest, depth)
        if depth > MOST_DEEP:
            break
        if isinstance(each, dict):
            waiting += [(value, depth + 1) for value in each.values()]
        elif isinstance(each, list):
            waiting += [(value, depth + 1) for value in each]
    return deepest


def _place(message: str) -> str:
    """Return where the parser stopped, from its drawing of the line."""
    found = re.search(r"--> (\d+):(\d+)", message)
    return f", at line {found[1]}, column {found[2]}" if found else ""


def _too_deep() -> BadRequestError:
    return _bad("it is nested too deeply", f"use at most {MOST_NESTED} levels; AND, OR and IN take many operands")


def _bad(what: str, remedy: str) -> BadRequestError:
    return BadRequestError(Fault(f"filter: {what}", remedy))
