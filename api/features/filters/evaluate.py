"""A filter evaluated on a snapshot: for each feature true, false or unknown; features that are true are found."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from api.errors import BadRequestError
from api.features.areas import Area
from api.features.arrays import flag, flags, number, text, told_true, whole
from api.features.crs import Reference
from api.features.filters.places import SPATIAL, area_of, lie, lie_alone, lie_itself
from api.features.filters.times import BETWEEN_INTERVALS, RELATIONS, Span, instant, interval, moment, relate, time
from api.features.filters.values import (
    ARITHMETIC,
    COMPARE,
    UNKNOWN,
    Kind,
    Logic,
    Value,
    calculate,
    compare,
    day,
    folded,
    like,
    one_of,
    without_accents,
    without_case,
)
from api.features.snapshot import Snapshot
from geo.contracts import Kind as ColumnKind
from geo.errors import Fault

KINDS: Mapping[ColumnKind, Kind] = {"text": "text", "count": "number", "number": "number", "year": "number",
                                    "flag": "flag", "day": "day"}  # fmt: skip
GEOMETRY = "geometry"
TEMPORAL = frozenset({*RELATIONS, *BETWEEN_INTERVALS})
_LOGICAL = frozenset({"and", "or", "not", "isnull", "like", "between", "in", *COMPARE, *SPATIAL, *TEMPORAL})
FUNCTIONS: Mapping[str, Callable[[str], str]] = {"casei": without_case, "accenti": without_accents}


def matching(expression: object, snapshot: Snapshot, reference: Reference) -> npt.NDArray[np.bool_]:
    """Return for each feature whether the filter (`expression.read_filter`) is true of it.

    `reference` is the system of coordinates in the filter.

    Raises
    ------
    BadRequestError
        When it names a property that is not there, or compares what does not compare; messages name near properties.
    """
    made = _Reader(snapshot, reference).logic(expression)
    if isinstance(made, pa.Scalar):
        return np.full(len(snapshot), made.as_py() is True)
    return told_true(made)


class _Reader:
    def __init__(self, snapshot: Snapshot, reference: Reference) -> None:
        self.snapshot = snapshot
        self.reference = reference
        self.kinds: dict[str, Kind] = {"id": "text"}
        self.kinds |= {column.name: KINDS[column.kind] for column in snapshot.collection.columns}

    def logic(self, given: object) -> Logic:
        """Return the truth of a predicate."""
        if isinstance(given, bool):
            return flag(given)
        if isinstance(given, dict) and "op" in given:
            name, args = self.operation(given)
            if name in _LOGICAL:
                return self.predicate(name, args)
        value = self.value(given)
        if value.kind == "null":
            return UNKNOWN
        if value.kind != "flag":
            raise _bad(f"{value.told} is no condition", "compare it: … = …, … IS NOT NULL")
        return value.data

    def predicate(self, name: str, args: list[Any]) -> Logic:
        if name in ("and", "or"):
            join = pc.and_kleene if name == "and" else pc.or_kleene
            made = self.logic(args[0])
            for each in args[1:]:
                made = join(made, self.logic(each))
            return made
        if name in SPATIAL:
            return self.spatial(name, *_taken(name, args, 2))
        if name in TEMPORAL:
            first, second = _taken(name, args, 2)
            return relate(name, self.span(first), self.span(second))
        if name == "not":
            return pc.invert(self.logic(_taken(name, args, 1)[0]))
        if name == "isnull":
            return self.missing(_taken(name, args, 1)[0])
        if name == "between":
            value, low, high = (self.value(each) for each in _taken(name, args, 3))
            return pc.and_kleene(compare(">=", value, low), compare("<=", value, high))
        if name == "in":
            first, listed = _taken(name, args, 2)
            if not isinstance(listed, list):
                raise _bad("IN takes a list", "write … IN (1, 2, 3)")
            return one_of(self.value(first), [self.value(each) for each in listed])
        left, right = (self.value(each) for each in _taken(name, args, 2))
        return like(left, right) if name == "like" else compare(name, left, right)

    def value(self, given: Any) -> Value:  # noqa: ANN401 - JSON
        """Return a scalar operand."""
        if given is None:
            return Value("null", UNKNOWN, "NULL")
        if isinstance(given, bool):
            return Value("flag", flag(given), str(given).lower())
        if isinstance(given, (int, float)):
            return Value("number", number(float(given)), f"{given:g}")
        if isinstance(given, str):
            return Value("text", text(given), repr(given[:40]))
        if not isinstance(given, dict):
            raise _bad("a list stands where a value is needed", "use IN for lists")
        if "property" in given:
            return self.column(given["property"])
        if "date" in given:
            return Value("day", text(day(_text(given["date"]))), f"DATE('{given['date'][:40]}')")
        if "timestamp" in given:
            return Value("time", text(time(_text(given["timestamp"]))), f"TIMESTAMP('{given['timestamp'][:40]}')")
        if "op" in given:
            return self.computed(given)
        raise _bad("a place or an interval stands where a value is needed", "use it in S_INTERSECTS, T_DURING …")

    def computed(self, given: dict[str, Any]) -> Value:
        name, args = self.operation(given)
        if name in ARITHMETIC:
            return calculate(name, [self.value(each) for each in args])
        if name in FUNCTIONS:
            return folded(self.value(_taken(name, args, 1)[0]), FUNCTIONS[name], name)
        if name in _LOGICAL:
            return Value("flag", self.predicate(name, args), f"{name}(…)")
        raise _unknown("function", name, [*FUNCTIONS, *sorted(_LOGICAL - {"and", "or", "not"})])

    def operation(self, given: dict[str, Any]) -> tuple[str, list[Any]]:
        name, args = given["op"], given.get("args")
        if not isinstance(name, str) or not isinstance(args, list) or not args:
            raise _bad("an operation has `op`, a text, and `args`, a list", "see OGC 21-065r2, CQL2 JSON")
        return name.lower(), args

    def column(self, named: object) -> Value:
        name = self.named(named)
        if name == GEOMETRY:
            raise _bad("geometry stands where a value is needed", "use it in S_INTERSECTS …, or IS NULL")
        return Value(self.kinds[name], self.array(name), name)

    def array(self, name: str) -> pa.Array:
        return whole(self.snapshot.table[name])

    def named(self, given: object) -> str:
        if not isinstance(given, str):
            raise _bad("a property is named by text", 'write {"property": "name"}')
        if given not in self.kinds and not (given == GEOMETRY and self.snapshot.collection.geometry != "None"):
            raise _unknown("property", given, [*self.kinds, GEOMETRY])
        return given

    def missing(self, given: Any) -> Logic:  # noqa: ANN401 - JSON
        if isinstance(given, dict) and given.get("property") == GEOMETRY:
            self.named(GEOMETRY)
            return flags(np.isnan(self.snapshot.boxes[:, 0]))
        value = self.value(given)
        return flag(True) if value.kind == "null" else pc.is_null(value.data)

    def spatial(self, name: str, first: object, second: object) -> Logic:
        a, b = self.place(first), self.place(second)
        if a is None and b is None:
            return lie_itself(self.snapshot, name)
        if a is not None and b is not None:
            return flag(lie_alone(name, a, b))
        return lie(self.snapshot, name, a or b, turned=b is None)  # type: ignore[arg-type] # one of them is an area

    def place(self, given: object) -> Area | None:
        """Return a written place; None for the geometry of the features."""
        if isinstance(given, dict):
            if "property" in given:
                if self.named(given["property"]) != GEOMETRY:
                    raise _bad(f"{given['property']} is no place", f"use {GEOMETRY}")
                return None
            if "bbox" in given or "type" in given:
                return area_of(self.snapshot, given, self.reference)
        raise _bad("a value stands where a place is needed", "use geometry, POINT(…), POLYGON((…)) or BBOX(…)")

    def span(self, given: Any) -> Span:  # noqa: ANN401 - JSON
        if isinstance(given, dict) and "interval" in given:
            ends = given["interval"]
            if not isinstance(ends, list) or len(ends) != 2:
                raise _bad("an interval has two ends", "write INTERVAL('2026-01-01', '..')")
            return interval(self.end(ends[0]), self.end(ends[1]))
        return instant(self.value(given))

    def end(self, given: Any) -> Value | None:  # noqa: ANN401 - JSON
        if given == "..":
            return None
        value = moment(given) if isinstance(given, str) else self.value(given)
        return instant(value).start


def _taken(name: str, args: Sequence[Any], count: int) -> Sequence[Any]:
    if len(args) != count:
        raise _bad(f"{name} takes {count} operands, not {len(args)}", "see OGC 21-065r2")
    return args


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise _bad("a day or a time is written as text", "write DATE('2026-03-01')")
    return given


def _unknown(what: str, name: str, known: Sequence[str]) -> BadRequestError:
    near = difflib.get_close_matches(name, known, 3, 0.6)
    shown = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}"
    return _bad(f"there is no {what} {name[:60]}", shown)


def _bad(what: str, remedy: str) -> BadRequestError:
    return BadRequestError(Fault(f"filter: {what}", remedy))
