"""Rules for lifts in existing housing: shares of consent, limits of a first screen, coefficients of cost by floor.

A set is a TOML file: a table `[lifts]`, limits as `[[limit]]`, structures as `[[structure]]`, funds as `[[fund]]`, and
an example table `[coefficients]`. A published edition is never edited: a correction is a new file.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from geo.standards.files import Key, Text, read_standard, shipped

Share = Annotated[str, Field(pattern=r"^[1-9][0-9]*/[1-9][0-9]*$")]
"""A share as a fraction, 2/3: decimals would not be exact."""

LIMITS = ("min_floors", "max_floors", "shaft_depth_m", "fire_gap_m", "fire_lane_m")
"""The limits that the screen reads; a file has each of them once."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(_Frozen):
    """One number of the screen, with its unit and source; `example` says that it is to be replaced."""

    key: Literal["min_floors", "max_floors", "shaft_depth_m", "fire_gap_m", "fire_lane_m"]
    value: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    unit: Text
    title_zh: Text
    title_en: Text
    example: bool = False
    source: Text
    source_en: Text


class Structure(_Frozen):
    """Words of a building's structure that pass the screen, or fail it."""

    words: tuple[Text, ...]
    result: Literal["pass", "fail"]
    source: Text
    source_en: Text


class Fund(_Frozen):
    """A source of money, or a rule about it, as a note with its clause."""

    key: Text
    title_zh: Text
    title_en: Text
    text_zh: Text
    text_en: Text
    source: Text
    source_en: Text


class Coefficients(_Frozen):
    """How much a flat of each floor pays, compared with others: decimals as text, so that they are exact.

    A floor that the table does not name has no coefficient: nothing is continued beyond it.
    """

    title_zh: Text
    title_en: Text
    example: bool = False
    source: Text
    source_en: Text
    floors: dict[int, str]

    def of(self, floor: int) -> Fraction | None:
        """Return a floor's coefficient; None when the table does not name the floor."""
        return Fraction(self.floors[floor]) if floor in self.floors else None


class LiftRules(_Frozen):
    """A named, cited set of rules for lifts.

    Attributes
    ----------
    name, edition, title_zh, title_en : str
        What it is called in files and results, and which edition it is.
    participation, agreement : str
        Shares as fractions: who must take part, of all; who must agree, of those who take part. Each by area and by
        persons.
    source, source_en, clause, clause_en : str
        Where the shares are from.
    counting_source, counting_source_en : str
        Where the ways of counting areas and persons are from.
    safety_codes, lift_code
        Finding codes of structural risk (none may be open), and of a building that lacks a lift.
    limits, structures, funds, coefficients
        The screen, notes on money, and the example table of cost shares.
    note_zh, note_en : str
        What is our reading.
    """

    name: Key
    edition: Text
    title_zh: Text
    title_en: Text
    participation: Share
    agreement: Share
    source: Text
    source_en: Text
    clause: Text
    clause_en: Text
    counting_source: Text
    counting_source_en: Text
    safety_codes: tuple[Text, ...]
    lift_code: Text
    note_zh: Text
    note_en: Text
    limits: tuple[Limit, ...]
    structures: tuple[Structure, ...]
    funds: tuple[Fund, ...]
    coefficients: Coefficients

    @property
    def participation_share(self) -> Fraction:
        """The share of all that must take part."""
        return Fraction(self.participation)

    @property
    def agreement_share(self) -> Fraction:
        """The share of those taking part that must agree."""
        return Fraction(self.agreement)

    def limit(self, key: str) -> Limit:
        """Return the limit of that key."""
        return next(each for each in self.limits if each.key == key)


def load_lift_rules(name_or_path: str | Path = "lift-consent") -> LiftRules:
    """Return the rules of that name, or those in the TOML file at that path.

    Raises
    ------
    StandardError
        When there are none, or the file is wrong: with file, field, value and remedy.

    Examples
    --------
    >>> load_lift_rules().agreement_share
    Fraction(3, 4)
    """
    rows = {"limit": "limits", "structure": "structures", "fund": "funds", "coefficients": "coefficients"}
    return read_standard(name_or_path, "lifts", LiftRules, rows=rows, check=_contradictions)


def list_lift_rules() -> list[LiftRules]:
    """Return the rules that come with shequ, by name."""
    return [load_lift_rules(path) for path in shipped("lifts")]


def _contradictions(rules: LiftRules) -> Iterator[str]:
    for name in ("participation", "agreement"):
        if Fraction(getattr(rules, name)) > 1:
            yield f"{name} = {getattr(rules, name)} is more than all\n  remedy: correct the fraction"
    for key in LIMITS:
        if (count := sum(each.key == key for each in rules.limits)) != 1:
            yield f"limit {key} stands {count} times\n  remedy: give it once"
    words = [word for each in rules.structures for word in each.words]
    for word in sorted({word for word in words if words.count(word) > 1}):
        yield f"structure {word} stands twice\n  remedy: let it pass or fail, not both"
    for floor, value in rules.coefficients.floors.items():
        try:
            if not Decimal(value).is_finite() or Decimal(value) < 0:
                yield f"coefficient of floor {floor} = {value}\n  remedy: write a number of 0 or more"
        except InvalidOperation:
            yield f'coefficient of floor {floor} = {value!r} is no number\n  remedy: write it like "1.1"'
