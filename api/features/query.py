"""What a client asks of a collection: the query parameters read, each with its own message when it is wrong."""

import base64
import binascii
import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyproj import CRS

from api.errors import BadRequestError
from api.features.crs import CRS84, Reference, reference
from api.features.filters.expression import Language, read_filter
from api.features.filters.times import time
from api.features.filters.values import day
from api.storage import StudyStore
from geo.errors import Fault

DEFAULT_LIMIT = 100
ITEM = ("f", "lang", "crs", "properties", "skipGeometry", "as_of")
ITEMS = (*ITEM, "limit", "after", "bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs")
"""The parameters of one feature, and of many; beside them stands every property that can be asked for by its value."""

LONGEST = 10_000
"""Longest value that is looked at at all."""


@dataclass(frozen=True)
class Representation:
    """How features are told.

    Attributes
    ----------
    crs
    properties
        The columns asked for; None: all.
    geometry
        Whether shapes are told.
    as_of
        The transaction after which the collection is looked at; None: now.
    """

    crs: Reference
    properties: tuple[str, ...] | None
    geometry: bool
    as_of: int | None


@dataclass(frozen=True)
class Query:
    """Which features are asked for, and how they are told.

    Attributes
    ----------
    told
    limit
        Most features of the answer.
    asked
        The limit that was asked for, where it was more than the server gives.
    after
        The id behind which the answer begins.
    bbox
        Numbers as given, and their system.
    days
        First and last day, both in it.
    expression
        The filter in CQL2 JSON, property parameters included; None: none.
    filter_crs
    """

    told: Representation
    limit: int
    asked: int | None
    after: str | None
    bbox: tuple[Sequence[float], Reference] | None
    days: tuple[str, str] | None
    expression: Any
    filter_crs: Reference


def single(pairs: Sequence[tuple[str, str]], known: Sequence[str], columns: Sequence[str] = ()) -> dict[str, str]:
    """Return the parameters by name.

    Raises
    ------
    BadRequestError
        When one is neither in `known` nor in `columns`, is given twice, or is longer than anything sensible.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known and name not in columns:
            near = difflib.get_close_matches(name, [*known, *columns], 3, 0.6)
            remedy = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join([*known, *columns])}"
            raise _bad(f"there is no parameter {name[:60]}", remedy)
        if name in found:
            raise _bad(f"{name} is given twice", "give it once")
        if len(value) > LONGEST:
            raise _bad(f"{name} is longer than {LONGEST:,} signs", "shorten it")
        found[name] = value
    return found


def read_representation(given: Mapping[str, str], store: StudyStore, columns: Sequence[str]) -> Representation:
    """Return how features are to be told.

    Raises
    ------
    BadRequestError
        When a parameter has a wrong value.
    """
    return _representation(given, store, store.crs, columns)


def _representation(given: Mapping[str, str], store: StudyStore, crs: CRS, columns: Sequence[str]) -> Representation:
    return Representation(
        reference(given.get("crs", CRS84), crs, "crs"),
        _properties(given.get("properties"), columns),
        _flag(given.get("skipGeometry"), "skipGeometry") is not True,
        _as_of(given.get("as_of"), store),
    )


def read_query(given: Mapping[str, str], store: StudyStore, kinds: Mapping[str, str], page_limit: int) -> Query:
    """Return what is asked for; `kinds`: the kind (`geo.contracts.Kind`) of each column that can be asked for.

    Raises
    ------
    BadRequestError
        When a parameter has a wrong value.
    """
    crs: CRS = store.crs
    asked = _limit(given.get("limit"))
    return Query(
        _representation(given, store, crs, [*kinds]),
        min(asked, page_limit),
        asked if asked > page_limit else None,
        read_token(given["after"]) if "after" in given else None,
        _bbox(given, crs),
        days(given["datetime"]) if "datetime" in given else None,
        _expression(given, kinds),
        reference(given.get("filter-crs", CRS84), crs, "filter-crs"),
    )


def token(feature_id: str) -> str:
    """Return the place behind a feature, as the parameter `after` of a next link has it."""
    return base64.urlsafe_b64encode(feature_id.encode()).decode().rstrip("=")


def read_token(text: str) -> str:
    """Return the id in a token.

    Raises
    ------
    BadRequestError
        When it was not made by `token`.
    """
    try:
        made = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _bad(f"after: {text[:40]!r} is no place in a collection", "follow the next link as it is") from error
    return made


def days(text: str) -> tuple[str, str]:
    """Return the first and the last day of `datetime`: an instant, or an interval with open ends.

    Raises
    ------
    BadRequestError
        When it is neither.

    Examples
    --------
    >>> days("2026-03-01T08:00:00Z/.."), days("2026-03-01")
    (('2026-03-01', '9999-12-31'), ('2026-03-01', '2026-03-01'))
    """
    first, slash, last = text.partition("/")
    if not slash:
        one = _day(first)
        return one, one
    begin = "0000-01-01" if first in ("", "..") else _day(first)
    end = "9999-12-31" if last in ("", "..") else _day(last)
    if begin > end:
        raise _bad("datetime: the interval ends before it begins", "swap its ends")
    return begin, end


def _day(text: str) -> str:
    try:
        return day(text) if len(text) == 10 else time(text)[:10]
    except BadRequestError as error:
        raise _bad(
            f"datetime: {text[:40]!r} is no time", "write it like 2026-03-01T08:00:00Z, or ../2026-03-01"
        ) from error


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or len(text) > 12 or int(text) < 1:
        raise _bad(f"limit: {text[:40]!r} is no number of features", "give a whole number from 1")
    return int(text)


def _bbox(given: Mapping[str, str], crs: CRS) -> tuple[Sequence[float], Reference] | None:
    system = reference(given.get("bbox-crs", CRS84), crs, "bbox-crs")
    if "bbox" not in given:
        return None
    try:
        numbers = [float(each) for each in given["bbox"].split(",")]
    except ValueError as error:
        raise _bad(f"bbox: {given['bbox'][:80]!r} is no box", "give west,south,east,north") from error
    if not all(map(math.isfinite, numbers)):
        raise _bad("bbox: a coordinate is not a number", "give finite numbers")
    return numbers, system


def _expression(given: Mapping[str, str], kinds: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    parts = [_equals(name, given[name], kind) for name, kind in kinds.items() if name in given and name not in ITEMS]
    language = given.get("filter-lang", "cql2-text")
    if language not in ("cql2-text", "cql2-json"):
        raise _bad(f"filter-lang: {language[:40]!r} is not understood", "use cql2-text or cql2-json")
    if "filter" in given:
        chosen: Language = "cql2-json" if language == "cql2-json" else "cql2-text"
        parts.append(read_filter(given["filter"], chosen))
    if len(parts) <= 1:
        return parts[0] if parts else None
    return {"op": "and", "args": parts}


def _equals(name: str, text: str, kind: str) -> Any:  # noqa: ANN401 - JSON
    value: Any = text
    if kind in ("count", "number", "year"):
        try:
            value = float(text)
        except ValueError as error:
            raise _bad(f"{name}: {text[:40]!r} is no number", "give a number") from error
        if not math.isfinite(value):
            raise _bad(f"{name}: {text[:40]!r} is no number", "give a finite number")
    elif kind == "flag":
        value = _flag(text, name)
    elif kind == "day":
        value = {"date": days(text)[0]}
    return {"op": "=", "args": [{"property": name}, value]}


def _flag(text: str | None, name: str) -> bool | None:
    if text is None:
        return None
    if text.lower() not in ("true", "false"):
        raise _bad(f"{name}: {text[:40]!r} is neither true nor false", "give true or false")
    return text.lower() == "true"


def _properties(text: str | None, columns: Sequence[str]) -> tuple[str, ...] | None:
    if text is None:
        return None
    wanted = [each for each in text.split(",") if each not in ("", "id", "geometry")]
    for each in wanted:
        if each not in columns:
            near = difflib.get_close_matches(each, columns, 3, 0.6)
            remedy = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(columns)}"
            raise _bad(f"properties: there is no property {each[:60]}", remedy)
    return tuple(column for column in columns if column in wanted)


def _as_of(text: str | None, store: StudyStore) -> int | None:
    """Return the transaction that is named by its number, or the last one up to a time."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    moment = _moment(f"{text}T23:59:59.999999Z" if len(text) == 10 else text)
    before: int | None = None
    while True:
        some = store.transactions(before=before, limit=500)
        for each in some:
            if _moment(each.at) <= moment:
                return each.tx
        if not some:
            return 0
        before = some[-1].tx


def _moment(text: str) -> str:
    try:
        return time(text)
    except BadRequestError as error:
        raise _bad(f"as_of: {text[:40]!r} is neither a transaction nor a time",
                   "give a number, or a time like 2026-03-01T08:00:00Z") from error  # fmt: skip


def _bad(what: str, remedy: str) -> BadRequestError:
    return BadRequestError(Fault(what, remedy))
