"""Examination catalogues (城市体检指标体系): what is examined, how it is counted, by which text, in which edition.

A catalogue is a TOML file with one table `[catalogue]` and its indicators as `[[indicator]]`. Those that come with
shequ lie beside this file; a city's own may lie anywhere. A published edition is never edited: a correction is a new
file.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from geo.contracts import SEVERITIES
from geo.standards.files import Key, Text, read_standard, shipped

Dimension = Literal["housing", "residential", "block", "city", "overall"]
"""住房, 小区(社区), 街区, 城区(城市), and the one over all: 问题整治完成率."""

Subject = Literal["building", "estate", "unit", "block", "town"]
"""What one count of an indicator is: see `geo.schema.SUBJECTS`."""

Counts = Literal["subjects", "flats", "gap", "length", "share", "amount"]
"""What its value is: distinct subjects with the problem; flats; missing places; metres; a share; another quantity."""

Rule = Literal["veto", "survey", "none"]
"""底线型: any one occurrence marks it. 提升型: decided together with the residents' survey. None: a plain measure."""

Problem = Literal["timed", "best_effort"]
"""限时解决 and 尽力解决."""

Severity = Literal["general", "serious", "very_serious"]
ExtentUnit = Literal["m2", "m", "count", "flats"]
Remedy = Literal["works", "management"]
"""工程类 and 管理类."""

METHODS: dict[str, tuple[str, ...]] = {
    "codes": (), "flats": (), "entered": (), "remedied": (), "footpaths": (), "smart_estate": (), "ebike_charging": (),
    "culture_area": (), "road_density": (), "shelter_area": (), "facility": ("area_new_m2",),
    "school_places": ("radius_m",), "parking": ("per_household",), "ev_charging": ("per_public",),
    "activity_ground": (
        "ground_m2", "green_count", "ground_new_m2", "green_new_m2", "green_per_person", "green_min_m2",
        "green_width_m",
    ),
    "school_radius": ("radius_m",), "sports_ground": ("site_m2", "radius_m", "people_per_unit"),
    "culture_centre": ("floor_m2", "radius_m", "people_per_unit"), "greenway": ("radius_m",),
    "park_radius": ("small_ha", "small_radius_m", "medium_ha", "medium_radius_m", "large_ha", "large_radius_m"),
    "football": ("three_m", "five_m", "seven_m"), "fire_stations": ("first_km2", "second_km2", "small_km2"),
}  # fmt: skip
"""How an indicator may be computed, and the thresholds that each way reads."""

KINDERGARTEN = ("classes_min", "floor_m2", "site_m2")
"""The thresholds that the method `facility` reads of the indicator `kindergarten`, instead of an area."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Code(_Frozen):
    """One thing that a surveyor looks for, and what a finding of it is.

    Attributes
    ----------
    code : str
        As the manual numbers it: `1a`, `3h`, `2`.
    title_zh, title_en : str
        The problem in a few words, fit for "存在…的问题".
    severity : str
        How grave a finding is when nobody says more.
    severity_from : tuple of float
        Extents at which it becomes serious and very serious, in `extent`; empty when extent does not decide.
    problem : str
        限时 (`timed`) or 尽力 (`best_effort`).
    extent : str
        The unit of a finding's extent; empty when it has none.
    remedy : str
        Whether works or management put it right (工程类 / 管理类).
    min_floors, max_floors : int or None
        The question arises only in buildings of so many storeys.
    built_before, built_after : int or None
        The question arises only in buildings completed before / after the end of that year.
    without_lift, heated : bool
        The question arises only in buildings without a lift; only where there is district heating.
    needs_test : bool
        A qualified structural test has to follow.
    """

    code: Annotated[str, Field(pattern=r"^[0-9]{1,2}[a-z]?$")]
    title_zh: Text
    title_en: Text
    severity: Severity = "general"
    severity_from: tuple[float, ...] = ()
    problem: Problem
    extent: ExtentUnit | Literal[""] = ""
    remedy: Remedy = "works"
    min_floors: int | None = None
    max_floors: int | None = None
    built_before: int | None = None
    built_after: int | None = None
    without_lift: bool = False
    heated: bool = False
    needs_test: bool = False
    note_zh: str = ""
    note_en: str = ""

    def severity_of(self, extent: float | None) -> Severity:
        """Return how grave a finding of that extent is."""
        if extent is None or extent != extent or not self.severity_from:  # noqa: PLR0124 - NaN is unlike itself
            return self.severity
        return SEVERITIES[sum(extent >= step for step in self.severity_from)]  # type: ignore[return-value]


class Item(_Frozen):
    """One quantity that is measured or asked for: how many bays an estate has, what a day centre covers.

    `subject` is what it is told of; `unit` names the unit of the value (`m2`, `m`, `count`, `people`, `share` from 0 to
    1, `flag` 1 or 0). Without a `required` one its indicator stays unknown.
    """

    key: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title_zh: Text
    title_en: Text
    subject: Subject
    unit: Text
    required: bool = False


class Threshold(_Frozen):
    """One number an indicator is judged by, with its clause."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    value: float
    unit: str
    clause: str = ""
    source: str = ""


class Steps(_Frozen):
    """A number that rises by steps: six classes for up to 6,000 people.

    `pairs` are (up to and including, value), rising in both; `of` names the unit of the first, `unit` of the second.
    """

    key: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    unit: str
    of: str
    pairs: Annotated[tuple[tuple[float, float], ...], Field(min_length=1)]
    clause: str = ""
    source: str = ""

    def at(self, size: float) -> float:
        """Return the value asked for at that size; above the last step in proportion to it, NaN for an unknown size.

        Examples
        --------
        >>> classes = Steps(key="class_steps", unit="count", of="people", pairs=((3000, 3), (6000, 6)))
        >>> classes.at(3000), classes.at(3001), classes.at(12_000)
        (3.0, 6.0, 12.0)
        """
        if size != size:  # noqa: PLR0124 - NaN is unlike itself
            return size
        last, most = self.pairs[-1]
        return next((value for upto, value in self.pairs if size <= upto), most * size / last)


class Indicator(_Frozen):
    """One indicator: its number and names, what it counts, what is looked for, and what it is judged by.

    Attributes
    ----------
    number : int
        Its number in this edition.
    key : str
        The same in every edition and in the code: `structure`, `parking`, `school_radius` …
    title_zh, title_en, dimension, group_zh, group_en
        Names, dimension, and the heading under which the manual puts it (安全耐久, 功能完备 …).
    unit_zh, unit_en : str
        The unit of its value: 栋 / buildings, 套 / flats, km, %.
    subject, counts : str
        What is counted, and how.
    rule : str
        底线型, 提升型 or neither.
    codes, items, thresholds, steps
        Finding codes; measured quantities; numbers it is judged by; numbers that rise by steps.
    method : str
        How shequ computes it: one of `METHODS`; `codes` counts from findings, `entered` is by hand, with its source.
    target, target_is : float or None, str
        The value asked for, in the indicator's unit, and whether it is a least or a most.
    source, clause, source_en, clause_en : str
        Where it is from.
    note_zh, note_en : str
        What is our reading, what the edition changed.
    """

    number: Annotated[int, Field(ge=1)]
    key: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title_zh: Text
    title_en: Text
    dimension: Dimension
    group_zh: str = ""
    group_en: str = ""
    unit_zh: Text
    unit_en: Text
    subject: Subject
    counts: Counts
    rule: Rule = "none"
    codes: tuple[Code, ...] = ()
    items: tuple[Item, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    steps: tuple[Steps, ...] = ()
    method: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    target: float | None = None
    target_is: Literal["least", "most"] = "least"
    source: Text
    clause: str = ""
    source_en: str = ""
    clause_en: str = ""
    note_zh: str = ""
    note_en: str = ""

    def threshold(self, key: str) -> float:
        """Return the number of that key.

        Raises
        ------
        KeyError
            When the indicator has none: a catalogue that lacks a number its method reads is a wrong catalogue.
        """
        for each in self.thresholds:
            if each.key == key:
                return each.value
        raise KeyError(key)


class Catalogue(_Frozen):
    """A named, cited edition of the indicators.

    Attributes
    ----------
    name, edition, title_zh, title_en, source, source_en, note_zh, note_en : str
        What it is called, which edition it is, where it is from, what of it is our reading or not confirmed.
    unit_min_people, unit_max_people : int
        How many resident people a unit of examination (体检单元) should have [people].
    new_since : int
        Estates completed from that year on are "new" (新建) and meet the figures for new ones.
    indicators : tuple of Indicator
        In order of their numbers.
    """

    name: Key
    edition: Text
    title_zh: Text
    title_en: Text
    source: Text
    source_en: Text
    note_zh: str = ""
    note_en: str = ""
    unit_min_people: Annotated[int, Field(ge=1)] = 5000
    unit_max_people: Annotated[int, Field(ge=1)] = 12_000
    new_since: Annotated[int, Field(ge=1000)] = 2019
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]

    def __getitem__(self, number: int) -> Indicator:
        """Return the indicator of that number."""
        for each in self.indicators:
            if each.number == number:
                return each
        raise KeyError(number)

    def by_key(self, key: str) -> Indicator | None:
        """Return the indicator of that key, or None when the edition has none."""
        return next((each for each in self.indicators if each.key == key), None)

    def of(self, *dimensions: Dimension) -> tuple[Indicator, ...]:
        """Return the indicators of these dimensions, in order."""
        return tuple(each for each in self.indicators if each.dimension in dimensions)

    @property
    def codes(self) -> dict[str, tuple[Indicator, Code]]:
        """Every finding code with its indicator, in order."""
        return {code.code: (indicator, code) for indicator in self.indicators for code in indicator.codes}

    @property
    def items(self) -> dict[str, tuple[Indicator, Item]]:
        """Every measured quantity with the first indicator that reads it, in order."""
        found: dict[str, tuple[Indicator, Item]] = {}
        for indicator in self.indicators:
            for item in indicator.items:
                found.setdefault(item.key, (indicator, item))
        return found


def load_catalogue(name_or_path: str | Path) -> Catalogue:
    """Return the catalogue of that name (`examination-2025`), or the one in the TOML file at that path.

    Raises
    ------
    StandardError
        When there is none, or the file is wrong: with file, field, value and remedy.
    """
    return read_standard(name_or_path, "catalogue", Catalogue, rows={"indicator": "indicators"}, check=_contradictions)


def list_catalogues() -> list[Catalogue]:
    """Return the catalogues that come with shequ, by name."""
    return [load_catalogue(path) for path in shipped("catalogue")]


def _contradictions(catalogue: Catalogue) -> Iterator[str]:
    """Yield a sentence for everything in a catalogue that cannot hold together."""
    named: tuple[tuple[str, list[str]], ...] = (
        ("number", [str(each.number) for each in catalogue.indicators]),
        ("key", [each.key for each in catalogue.indicators]),
        ("code", [code.code for each in catalogue.indicators for code in each.codes]),
    )
    for what, seen in named:
        for twice in sorted({each for each in seen if seen.count(each) > 1}):
            yield f"{what} {twice} stands twice\n  remedy: give every indicator and code a {what} of its own"
    least, most = catalogue.unit_min_people, catalogue.unit_max_people
    if least > most:
        yield f"unit_min_people = {least} is above unit_max_people = {most}\n  remedy: make it at most {most}"
    for key, told in _items_told(catalogue).items():
        if len(told) > 1:
            yield f"item {key} is told in {len(told)} ways\n  remedy: tell its names, subject and unit alike everywhere"
    for each in catalogue.indicators:
        if each.method == "codes" and not each.codes:
            yield f"indicator {each.number} is counted from findings but has no codes\n  remedy: list its codes"
        yield from _contradictions_of_method(each)
        for code in each.codes:
            yield from _contradictions_of_code(code)
        for steps in each.steps:
            if any(a >= c or b > d for (a, b), (c, d) in pairwise(steps.pairs)):
                yield f"indicator {each.number}: the pairs of {steps.key} do not rise\n  remedy: put them in order"


def _contradictions_of_method(indicator: Indicator) -> Iterator[str]:
    if indicator.method not in METHODS:
        known = ", ".join(METHODS)
        yield f"indicator {indicator.number}: method {indicator.method!r} is unknown\n  remedy: use one of {known}"
        return
    needed = METHODS[indicator.method]
    if indicator.method == "facility" and indicator.key == "kindergarten":
        needed = KINDERGARTEN
    if lacking := [key for key in needed if key not in {each.key for each in indicator.thresholds}]:
        yield (
            f"indicator {indicator.number}: its method {indicator.method} reads {', '.join(lacking)}\n"
            "  remedy: give each as a threshold, with its clause"
        )


def _contradictions_of_code(code: Code) -> Iterator[str]:
    if list(code.severity_from) != sorted(code.severity_from) or len(code.severity_from) > 2:
        yield f"code {code.code}: severity_from rises, and has two steps at most\n  remedy: correct it"
    if code.severity_from and not code.extent:
        yield f"code {code.code}: severity_from needs an extent\n  remedy: name the extent's unit"
    if code.min_floors is not None and code.max_floors is not None and code.min_floors > code.max_floors:
        yield f"code {code.code}: min_floors is above max_floors\n  remedy: correct one of them"


def _items_told(catalogue: Catalogue) -> dict[str, set[tuple[str, str, str, str]]]:
    """Return, by key, every way in which an item is told; indicators may share one, but then alike."""
    told: dict[str, set[tuple[str, str, str, str]]] = {}
    for indicator in catalogue.indicators:
        for item in indicator.items:
            told.setdefault(item.key, set()).add((item.title_zh, item.title_en, item.subject, item.unit))
    return told
