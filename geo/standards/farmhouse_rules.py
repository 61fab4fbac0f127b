"""Rules for farm houses (拆、改、用): ordered conditions over the register, and the decision each leads to.

A set is a TOML file with one table `[farm_house_rules]` and its rules as `[[rule]]`, tried in order: the first one
whose conditions all hold decides. A condition is data - a column, a comparison, a value -, never code. Comparing a
missing value is neither true nor false: a house that an earlier rule might decide differently stays `unknown`. A rule
that reads a parameter which nobody has set is not tried.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from geo.contracts import TABLES
from geo.standards.files import Key, Text, read_standard, shipped

Operator = Literal["is", "is_not", "in", "at_least", "at_most", "above", "below", "known", "missing"]
"""`known` and `missing` ask whether there is a value at all and take none; the others compare with `value`."""

Parameter = Literal["parcel_cap_m2", "houses_max"]
"""What a condition may compare with beside a value: figures that the set of rules holds."""

_ORDERED = ("at_least", "at_most", "above", "below")
_DECIDED = ("decision", "reason_zh", "reason_en")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Frozen):
    """One comparison of a column of the table `farmhouses` with a value, or with a parameter of the rules."""

    column: Text
    op: Operator
    value: StrictBool | StrictInt | StrictFloat | StrictStr | tuple[StrictStr, ...] | None = None
    parameter: Parameter | None = None


class HouseRule(_Frozen):
    """One rule: the decision for houses for which every condition of `when` holds; without conditions, for all left."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    decision: Literal["demolish", "alter", "use", "unknown"]
    when: tuple[Condition, ...] = ()
    reason_zh: Text
    reason_en: Text
    source: Text
    source_en: Text
    clause: str = ""
    note_zh: str = ""
    note_en: str = ""


class FarmHouseRules(_Frozen):
    """A named, cited set of ordered rules for farm houses.

    Attributes
    ----------
    parcel_cap_m2 : float or None
        The largest homestead a household may have [m²]; every province sets its own, so None until the user says;
        rules that read it are not tried until then, and a result has to say so.
    houses_max : int
        Houses that a household may have in the village (一户一宅).
    rules : tuple of HouseRule
        In the order in which they are tried.
    """

    name: Key
    edition: Text
    title_zh: Text
    title_en: Text
    source: Text
    source_en: Text
    note_zh: str = ""
    note_en: str = ""
    parcel_cap_m2: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    houses_max: Annotated[int, Field(ge=1)] = 1
    rules: Annotated[tuple[HouseRule, ...], Field(min_length=1)]

    def __getitem__(self, key: str) -> HouseRule:
        """Return the rule of that key."""
        for each in self.rules:
            if each.key == key:
                return each
        raise KeyError(key)

    def parameter(self, name: Parameter) -> float | None:
        """Return the figure of that name, None when nobody set it."""
        value: float | None = getattr(self, name)
        return value

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rules read, in the order in which they first stand there."""
        return tuple(dict.fromkeys(condition.column for rule in self.rules for condition in rule.when))


def load_farm_house_rules(name_or_path: str | Path) -> FarmHouseRules:
    """Return the rules of that name (`farm-houses`), or those in the TOML file at that path.

    Raises
    ------
    StandardError
        When there are none, or the file is wrong: with file, field, value and remedy.
    """
    return read_standard(
        name_or_path, "farm_house_rules", FarmHouseRules, rows={"rule": "rules"}, check=_contradictions
    )


def list_farm_house_rules() -> list[FarmHouseRules]:
    """Return the sets of rules that come with shequ, by name."""
    return [load_farm_house_rules(path) for path in shipped("farm_house_rules")]


def _contradictions(rules: FarmHouseRules) -> Iterator[str]:
    """Yield a sentence for everything in a set of rules that cannot hold together."""
    keys = [each.key for each in rules.rules]
    for twice in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"rule {twice} stands twice\n  remedy: give every rule a key of its own"
    for place, rule in enumerate(rules.rules, 1):
        if not rule.when and place < len(rules.rules):
            yield f"rule {rule.key} has no condition, so none after it is ever tried\n  remedy: put it last"
        for condition in rule.when:
            for what, remedy in _condition_faults(condition):
                yield f"rule {rule.key}: {what}\n  remedy: {remedy}"


def _condition_faults(condition: Condition) -> Iterator[tuple[str, str]]:
    """Yield (what, remedy) for everything in a condition that cannot be compared."""
    columns = {each.name: each for each in TABLES["farmhouses"].columns if each.name not in _DECIDED}
    column = columns.get(condition.column)
    if column is None:
        yield f"there is no column {condition.column}", f"use one of {', '.join(columns)}"
        return
    said = f"{condition.column} {condition.op}"
    if condition.op in ("known", "missing"):
        if condition.value is not None or condition.parameter is not None:
            yield f"{said} compares with nothing", "remove its value"
        return
    if (condition.value is None) == (condition.parameter is None):
        yield f"{said} compares with one value or one parameter", "give value, or parameter"
        return
    value = condition.value
    if condition.op in _ORDERED and column.kind not in ("count", "number", "year"):
        yield f"{said} compares text or flags by size", "use is, is_not or in"
    elif condition.op == "in" and (column.kind != "text" or not isinstance(value, tuple) or not value):
        yield f"{said} needs a column of text and a list of texts", 'write value = ["C", "D"]'
    elif condition.op != "in" and isinstance(value, tuple):
        yield f"{said} compares with one value, not with a list", "use in"
    elif column.kind == "flag" and not isinstance(value, bool):
        yield f"{said} {value!r}: the column holds yes or no", "write true or false"
    elif column.kind in ("count", "number", "year") and (isinstance(value, bool | str) or value != value):  # noqa: PLR0124
        yield f"{said} {value!r}: the column holds numbers", "write a number"
    elif column.kind in ("text", "day") and not isinstance(value, str | tuple):
        yield f"{said} {value!r}: the column holds text", "write it in quotes"
    elif column.allowed:
        texts = value if isinstance(value, tuple) else (value,)
        for stranger in [each for each in texts if each not in column.allowed]:
            yield f"{said} {stranger!r} can never hold", f"use one of {', '.join(column.allowed)}"
