"""Menus of renovation (改造内容菜单): what answers a finding, of which class, measured how, paid by whom.

A menu is a TOML file with one table `[menu]` and its measures as `[[measure]]`. The one that comes with shequ lies
beside this file; a city's own list may lie anywhere. A published edition is never edited: a correction is a new file.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from geo.contracts import SEVERITIES
from geo.standards.files import Key, Text, read_standard, shipped
from geo.standards.indicators import Problem, Remedy, Severity

Class = Literal["basic", "improve", "upgrade"]
"""基础类, 完善类, 提升类 of 国办发〔2020〕23号."""

Quantity = Literal[
    "extent", "facade_m2", "roof_m2", "stair_flights", "stairwells", "riser_m", "pipe_run_m", "flats", "households",
    "one", "bays", "chargers", "spaces", "facility",
]  # fmt: skip
"""What a measure is counted by.

`extent`: the findings' own extents; `facade_m2`, `roof_m2`, `stair_flights`, `stairwells`, `riser_m`, `pipe_run_m`:
from the building's geometry and storeys; `flats`, `households`: of the subject; `one`: one for the subject; `bays`,
`chargers`, `spaces`: what its estate lacks; `facility`: one facility.
"""

SHARES_SUM_TOLERANCE = 1e-6


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Shares(_Frozen):
    """Who pays, as shares of the cost that sum to one: government, residents, companies and others."""

    public: Annotated[float, Field(ge=0, le=1)]
    residents: Annotated[float, Field(ge=0, le=1)]
    social: Annotated[float, Field(ge=0, le=1)]


class Measure(_Frozen):
    """One measure of the menu.

    Attributes
    ----------
    key, title_zh, title_en : str
        The same key in costs, programmes and results; names for readers.
    class_ : str
        `class` in the file: basic (基础), improve (完善), upgrade (提升).
    safety : bool
        It belongs to the safety floor (gas, water, heating, drainage, power, telecom, structure, fire), which is never
        dropped for cost.
    trench : bool
        It opens the ground, or is the surface above; what is dug at one place is dug in one phase.
    elder_child : bool
        It serves old people or children (一老一小).
    remedy : str
        Works or management (工程类, 管理类). Management has no unit cost: it takes no money of a programme.
    codes : tuple of str
        The finding codes it answers.
    severities : tuple of str
        The severities it answers: patching up to serious, whole renewal from very serious on.
    quantity, fallback, unit : str
        What it is counted by, what instead when that is unknown (empty: it stays unknown, and so does the cost), and
        the unit of both.
    needs : tuple of str
        Measures that come before it or in the same year where the same site has them: lines before the road above.
    excludes : tuple of str
        Measures that it makes needless on the same subject: a whole renewal, the patch.
    unlock : str
        What must be settled before it can be done: `lift_consent`, or nothing.
    shares : Shares
        Who pays. `shares_example` says that nobody has confirmed them.
    problem : str or None
        限时 or 尽力, when it differs from that of its codes.
    source, clause, note_zh, note_en : str
        Where it is from, and what of it is our reading.
    """

    key: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title_zh: Text
    title_en: Text
    class_: Annotated[Class, Field(alias="class")]
    safety: bool = False
    trench: bool = False
    elder_child: bool = False
    remedy: Remedy = "works"
    codes: Annotated[tuple[Annotated[str, Field(pattern=r"^[0-9]{1,2}[a-z]?$")], ...], Field(min_length=1)]
    severities: Annotated[tuple[Severity, ...], Field(min_length=1)] = SEVERITIES  # type: ignore[assignment]
    unit: Text
    quantity: Quantity
    fallback: Quantity | Literal[""] = ""
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    unlock: Literal["lift_consent", ""] = ""
    shares: Shares
    shares_example: bool = True
    problem: Problem | None = None
    source: Text
    source_en: str = ""
    clause: str = ""
    clause_en: str = ""
    note_zh: str = ""
    note_en: str = ""


class Menu(_Frozen):
    """A named, cited list of measures, in the order in which they are offered."""

    name: Key
    edition: Text
    title_zh: Text
    title_en: Text
    source: Text
    source_en: Text
    note_zh: str = ""
    note_en: str = ""
    measures: Annotated[tuple[Measure, ...], Field(min_length=1)]

    def __getitem__(self, key: str) -> Measure:
        """Return the measure of that key."""
        for each in self.measures:
            if each.key == key:
                return each
        raise KeyError(key)

    def for_code(self, code: str, severity: str | None = None) -> tuple[Measure, ...]:
        """Return the measures that together answer a finding code, in the menu's order; only for a severity, if given.

        Examples
        --------
        >>> menu = load_menu("renovation-menu-2020")
        >>> [each.key for each in menu.for_code("4d", "general")]
        ['roof_repair']
        >>> [each.key for each in menu.for_code("4d", "very_serious")]
        ['roof_renewal']
        """
        return tuple(
            each for each in self.measures if code in each.codes and (severity is None or severity in each.severities)
        )

    @property
    def codes(self) -> tuple[str, ...]:
        """The finding codes that something on the menu answers, sorted."""
        return tuple(sorted({code for each in self.measures for code in each.codes}))


def load_menu(name_or_path: str | Path) -> Menu:
    """Return the menu of that name (`renovation-menu-2020`), or the one in the TOML file at that path.

    Raises
    ------
    StandardError
        When there is none, or the file is wrong: with file, field, value and remedy.
    """
    return read_standard(name_or_path, "menu", Menu, rows={"measure": "measures"}, check=_contradictions)


def list_menus() -> list[Menu]:
    """Return the menus that come with shequ, by name."""
    return [load_menu(path) for path in shipped("menu")]


def _contradictions(menu: Menu) -> Iterator[str]:
    """Yield a sentence for everything in a menu that cannot hold together."""
    keys = [each.key for each in menu.measures]
    for twice in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"measure {twice} stands twice\n  remedy: give every measure a key of its own"
    for each in menu.measures:
        for field in ("needs", "excludes"):
            for other in getattr(each, field):
                if other == each.key:
                    yield f"measure {each.key}: {field} names itself\n  remedy: remove it"
                elif other not in keys:
                    yield f"measure {each.key}: {field} names {other}, which is not on the menu\n  remedy: correct it"
        for both in sorted(set(each.needs) & set(each.excludes)):
            yield f"measure {each.key} needs {both} and excludes it\n  remedy: keep one of the two"
        total = each.shares.public + each.shares.residents + each.shares.social
        if abs(total - 1) > SHARES_SUM_TOLERANCE:
            yield f"measure {each.key}: its shares sum to {total:g}\n  remedy: let them sum to 1"
    yield from _circles(menu)


def _circles(menu: Menu) -> Iterator[str]:
    """Yield a sentence for measures that need each other in a circle."""
    needs = {each.key: set(each.needs) - {each.key} for each in menu.measures}
    while free := [key for key, before in needs.items() if not before & set(needs)]:
        for key in free:
            del needs[key]
    if needs:
        yield f"measures need each other in a circle: {', '.join(sorted(needs))}\n  remedy: remove one of the needs"
