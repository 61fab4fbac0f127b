"""Values of a filter: columns and literals with their kind, compared and computed with NULL as CQL2 has it."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from api.errors import BadRequestError
from api.features.arrays import as_floats, flag, flags, floats, number, text, texts
from geo.errors import Fault

Kind = Literal["text", "number", "flag", "day", "time", "null"]
Logic = Any
"""An Arrow array or scalar of bool: true, false or unknown (null): for each feature, or for all alike."""

KIND_WORDS: dict[Kind, str] = {"text": "text", "number": "a number", "flag": "true or false", "day": "a day",
                               "time": "a time", "null": "nothing"}  # fmt: skip

UNKNOWN = flag(None)

COMPARE: dict[str, Callable[[Any, Any], Logic]] = {
    "=": pc.equal, "<>": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """One operand. Days and times are ISO texts of fixed length, which compare as they follow each other.

    Attributes
    ----------
    kind
    data
        One value for each feature, or one for all.
    told
        How it was written, for messages.
    """

    kind: Kind
    data: pa.Array | pa.Scalar
    told: str = ""

    @property
    def single(self) -> bool:
        """It is one value for all features."""
        return isinstance(self.data, pa.Scalar)


def compare(op: str, left: Value, right: Value) -> Logic:
    """Return how two values compare; unknown where one of them is missing.

    Raises
    ------
    BadRequestError
        When they are of kinds that do not compare.
    """
    if "null" in (left.kind, right.kind):
        return UNKNOWN
    a, b = alike(left, right)
    if a.kind == "flag":
        return COMPARE[op](pc.cast(a.data, pa.int8()), pc.cast(b.data, pa.int8()))
    return COMPARE[op](a.data, b.data)


def alike(left: Value, right: Value) -> tuple[Value, Value]:
    """Return both in the one kind in which they compare: a time beside a day is its day."""
    if left.kind == right.kind:
        return left, right
    kinds = {left.kind, right.kind}
    if kinds == {"day", "time"}:
        return as_days(left), as_days(right)
    if kinds == {"text", "day"}:
        return _day_written(left), _day_written(right)
    raise BadRequestError(
        Fault(f"filter: {left.told} is {KIND_WORDS[left.kind]}, {right.told} is {KIND_WORDS[right.kind]}",
              "compare values of one kind")
    )  # fmt: skip


def as_days(value: Value) -> Value:
    """Return a time as its day."""
    if value.kind != "time":
        return value
    return Value("day", pc.utf8_slice_codeunits(value.data, 0, 10), value.told)


def _day_written(value: Value) -> Value:
    """Return text that was written for a day as the day; text of a feature is no day."""
    if value.kind == "day":
        return value
    if not value.single:
        raise BadRequestError(Fault(f"filter: {value.told} is text, not a day", "compare values of one kind"))
    return Value("day", text(day(str(value.data.as_py()))), value.told)


def day(written: str) -> str:
    """Return an ISO day when `written` is one."""
    # numpy reads 2026-02-29 as an error and takes no other forms of ten signs
    try:
        if len(written) == 10 and written[4] == written[7] == "-":
            return str(np.datetime64(written, "D"))
    except ValueError:
        pass
    raise BadRequestError(Fault(f"filter: {written[:40]!r} is no day", "write it like 2026-03-01"))


def folded(value: Value, fold: Callable[[str], str], name: str) -> Value:
    """Return text folded, each different one once."""
    if value.kind == "null":
        return value
    if value.kind != "text":
        raise BadRequestError(
            Fault(f"filter: {name} takes text; {value.told} is {KIND_WORDS[value.kind]}", "apply it to text")
        )
    told = f"{name}({value.told})"
    if value.single:
        given = value.data.as_py()
        return Value("text", text(None if given is None else fold(given)), told)
    coded = value.data.dictionary_encode()
    words = texts([fold(each) for each in coded.dictionary.to_pylist()])
    return Value("text", words.take(coded.indices), told)


def without_case(written: str) -> str:
    """Return text as all its spellings in upper and lower case have it (Unicode case folding)."""
    return unicodedata.normalize("NFC", written.casefold())


def without_accents(written: str) -> str:
    """Return text without the marks over and under its letters."""
    bare = "".join(sign for sign in unicodedata.normalize("NFD", written) if not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", bare)


def like(value: Value, pattern: Value) -> Logic:
    """Return whether text matches a pattern: % is any text, _ any one sign, a backslash takes the next as it is."""
    if "null" in (value.kind, pattern.kind):
        return UNKNOWN
    for each in (value, pattern):
        if each.kind != "text":
            raise BadRequestError(
                Fault(f"filter: LIKE takes text; {each.told} is {KIND_WORDS[each.kind]}", "compare numbers with = < >")
            )
    if not pattern.single:
        raise BadRequestError(Fault("filter: the pattern of LIKE is a property", "write the pattern as text"))
    written = pattern.data.as_py()
    if value.single:
        return pc.match_like(texts([value.data.as_py()]), written)[0]
    return pc.match_like(value.data, written)


def one_of(value: Value, values: list[Value]) -> Logic:
    """Return whether a value is one of several; unknown where it is missing, or where it may be a missing one."""
    if not values:
        return flag(False)
    pairs = [alike(value, each) for each in values if each.kind != "null" and value.kind != "null"]
    if value.kind == "null":
        return UNKNOWN
    base = pairs[0][0] if pairs else value
    if len(pairs) == len(values) and not base.single and all(each.single for _, each in pairs):
        column, known = _listed(base, [each.data.as_py() for _, each in pairs])
        found = pc.is_in(column, known)
        return pc.if_else(pc.is_valid(base.data), found, UNKNOWN)
    met: Logic = flag(False)
    for each in values:
        met = pc.or_kleene(met, compare("=", value, each))
    return met


def _listed(value: Value, listed: list[Any]) -> tuple[pa.Array, pa.Array]:
    """Return a column and the values it is looked for among, as one type of Arrow."""
    if value.kind == "number":
        return pc.cast(value.data, pa.float64()), floats(np.array(listed, dtype=float))
    if value.kind == "flag":
        return value.data, flags(np.array(listed, dtype=bool))
    return value.data, texts(listed)


def calculate(op: str, values: list[Value]) -> Value:
    """Return an arithmetic expression; missing where an operand is, and where there is no result (x / 0)."""
    told = f"({f' {op} '.join(each.told for each in values)})"
    for each in values:
        if each.kind not in ("number", "null"):
            raise BadRequestError(
                Fault(f"filter: {op} takes numbers; {each.told} is {KIND_WORDS[each.kind]}", "calculate with numbers")
            )
    parts = [_floats(each) for each in values]
    with np.errstate(all="ignore"):
        made = parts[0]
        for part in parts[1:]:
            made = _ARITHMETIC[op](made, part)
    if len(parts) == 1 and op == "-":
        made = -made
    made = np.where(np.isfinite(made), made, np.nan)
    if made.ndim:
        return Value("number", floats(made), told)
    return Value("number", number(float(made)), told)


_Floats = npt.NDArray[np.float64]

_ARITHMETIC: dict[str, Callable[[_Floats, _Floats], Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "%": np.fmod, "^": np.float_power,
    "div": lambda a, b: np.trunc(np.divide(a, b)),
}  # fmt: skip
ARITHMETIC = frozenset(_ARITHMETIC)


def _floats(value: Value) -> _Floats:
    if value.single:
        one = value.data.as_py()
        return np.asarray(np.nan if one is None else one, dtype=float)
    return as_floats(value.data)
