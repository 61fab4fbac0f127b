"""Instants and intervals of a filter, and how they stand to each other (CQL2, Temporal Functions).

An interval holds its two ends; an instant is an interval of which both ends are that instant. Open ends are texts that
come before and after every other.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow.compute as pc

from api.errors import BadRequestError
from api.features.arrays import text
from api.features.filters.values import UNKNOWN, Logic, Value, as_days, day
from geo.errors import Fault

BEGINNING, END = "", "~"
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$", re.ASCII)


@dataclass(frozen=True)
class Span:
    """An instant or an interval with both ends in it."""

    start: Value
    end: Value
    instant: bool


def instant(value: Value) -> Span:
    """Return a day or a time as a span.

    Raises
    ------
    BadRequestError
        When it is neither.
    """
    if value.kind == "text" and value.single:
        value = moment(value.data.as_py())
    if value.kind not in ("day", "time", "null"):
        raise BadRequestError(Fault(f"filter: {value.told} is no day and no time", "use a property that holds days"))
    return Span(value, value, instant=True)


def interval(start: Value | None, end: Value | None) -> Span:
    """Return the interval between two instants; None is an open end."""
    if start is not None and end is not None and start.single and end.single and "null" not in (start.kind, end.kind):
        first, last = _same([start, end])
        if first.data.as_py() > last.data.as_py():
            raise BadRequestError(Fault("filter: an interval ends before it begins", "swap its ends"))
    return Span(start or _open(BEGINNING), end or _open(END), instant=False)


def _open(end: str) -> Value:
    return Value("day", text(end), "..")


def moment(written: str) -> Value:
    """Return a day or a time written as text (RFC 3339).

    Raises
    ------
    BadRequestError
        When it is neither.
    """
    told = f"'{written[:40]}'"
    if len(written) == 10:
        return Value("day", text(day(written)), told)
    return Value("time", text(time(written)), told)


def time(written: str) -> str:
    """Return an RFC 3339 time in UTC, with microseconds.

    Examples
    --------
    >>> time("2026-03-01T08:00:00+08:00")
    '2026-03-01T00:00:00.000000Z'
    """
    found = _TIME.match(written)
    if found:
        fraction = (found[3] or ".0")[:7]
        # a leap second is the last second of its day
        clock = found[2].replace(":60", ":59") if found[2].endswith(":60") else found[2]
        try:
            made = datetime.fromisoformat(f"{found[1]}T{clock}{fraction}{found[4].upper().replace('Z', '+00:00')}")
            return made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
        except (ValueError, OverflowError):
            pass
    raise BadRequestError(Fault(f"{written[:40]!r} is no time", "write it like 2026-03-01T08:00:00Z"))


def relate(name: str, a: Span, b: Span) -> Logic:
    """Return how two spans stand to each other.

    Raises
    ------
    BadRequestError
        When an instant is asked for what only intervals can be.
    """
    relation = RELATIONS.get(name)
    if relation is None and (a.instant or b.instant):
        raise BadRequestError(
            Fault(f"filter: {name} is between intervals", "give INTERVAL(start, end), or use t_intersects, t_before …")
        )
    ends = _same([a.start, a.end, b.start, b.end])
    if any(each.kind == "null" for each in ends):
        return UNKNOWN
    return (relation or BETWEEN_INTERVALS[name])(*(each.data for each in ends))


def _same(values: list[Value]) -> list[Value]:
    """Return all as days where one of them is a day, open ends aside."""
    firm = {value.kind for value in values if value.told != ".."}
    if firm == {"time"}:
        return [value if value.told != ".." else Value("time", value.data, "..") for value in values]
    return [as_days(value) for value in values]


def _all(*each: Logic) -> Logic:
    made = each[0]
    for other in each[1:]:
        made = pc.and_kleene(made, other)
    return made


_Relation = Callable[[Any, Any, Any, Any], Logic]

RELATIONS: Mapping[str, _Relation] = {
    "t_after": lambda a, _, __, d: pc.greater(a, d),
    "t_before": lambda _, b, c, __: pc.less(b, c),
    "t_disjoint": lambda a, b, c, d: pc.or_kleene(pc.greater(a, d), pc.less(b, c)),
    "t_equals": lambda a, b, c, d: _all(pc.equal(a, c), pc.equal(b, d)),
    "t_intersects": lambda a, b, c, d: _all(pc.less_equal(a, d), pc.greater_equal(b, c)),
}
"""Between instants and intervals: a and b are the ends of the first, c and d of the second."""

BETWEEN_INTERVALS: Mapping[str, _Relation] = {
    "t_contains": lambda a, b, c, d: _all(pc.less(a, c), pc.greater(b, d)),
    "t_during": lambda a, b, c, d: _all(pc.greater(a, c), pc.less(b, d)),
    "t_finishedby": lambda a, b, c, d: _all(pc.less(a, c), pc.equal(b, d)),
    "t_finishes": lambda a, b, c, d: _all(pc.greater(a, c), pc.equal(b, d)),
    "t_meets": lambda _, b, c, __: pc.equal(b, c),
    "t_metby": lambda a, _, __, d: pc.equal(a, d),
    "t_overlappedby": lambda a, b, c, d: _all(pc.greater(a, c), pc.less(a, d), pc.greater(b, d)),
    "t_overlaps": lambda a, b, c, d: _all(pc.less(a, c), pc.greater(b, c), pc.less(b, d)),
    "t_startedby": lambda a, b, c, d: _all(pc.equal(a, c), pc.greater(b, d)),
    "t_starts": lambda a, b, c, d: _all(pc.equal(a, c), pc.less(b, d)),
}
