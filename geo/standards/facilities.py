"""Standards of facilities (设施配置标准): what people should be able to walk to, how far, how large, for how many.

A standard is a TOML file with one table `[facilities]` and its requirements as `[[requirement]]`. Those that come with
shequ lie beside this file; a city's own may lie anywhere. A published edition is never edited: a correction is a new
file. `docs/facility_standards.md` tells every field, and what the shipped editions ask for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from geo.standards.files import Key, Text, read_standard, shipped

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

Group = Literal[
    "medical", "sport", "shopping", "culture", "governance", "elder", "child", "education", "parking", "green",
    "sanitation", "transport", "services", "safety", "other",
]  # fmt: skip

GROUPS: Final[Mapping[str, tuple[str, str]]] = {
    "medical": ("医疗卫生", "medical care"), "sport": ("体育健身", "sport"), "shopping": ("购物", "shopping"),
    "culture": ("文化活动", "culture"), "governance": ("社区治理与服务", "community governance and service"),
    "elder": ("养老服务", "care for the old"), "child": ("托育与儿童", "childcare"), "education": ("教育", "education"),
    "parking": ("停车充电", "parking and charging"), "green": ("公共绿地", "public green"),
    "sanitation": ("环境卫生", "sanitation"), "transport": ("公共交通", "public transport"),
    "services": ("生活服务", "daily services"), "safety": ("安全管理", "safety and management"),
    "other": ("其他", "other"),
}  # fmt: skip
"""Demand classes by key, in Chinese and English."""

Level = Literal["", "neighbourhood", "five", "ten", "fifteen"]

LEVELS: Final[Mapping[str, tuple[str, str]]] = {
    "neighbourhood": ("居住街坊", "neighbourhood block"), "five": ("五分钟生活圈", "5-minute circle"),
    "ten": ("十分钟生活圈", "10-minute circle"), "fifteen": ("十五分钟生活圈", "15-minute circle"),
}  # fmt: skip
"""The circle of daily life that a requirement belongs to, by key, smallest first."""

Scope = Literal["residents", "community", "town"]
"""Whom a requirement is kept for: every resident within reach; every community has one; the town as a whole."""

Who = Literal["all", "elders", "children"]
Class = Literal["basic", "quality"]
"""基本保障类 and 品质提升类 of the 15-minute convenience circle; everything else is basic."""

_Positive = Annotated[float, Field(gt=0)]
_Word = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
_Category = Annotated[str, Field(pattern=r"^[^A-Z\s-]+$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Requirement(_Frozen):
    """One thing that has to be there: which facilities count, for whom, within what reach, how many and how large.

    Attributes
    ----------
    key, title_zh, title_en : str
        The same key in results and in the code; names for readers.
    group : str
        Its demand class, one of `GROUPS`.
    level : str
        The circle it belongs to, one of `LEVELS`; empty where the text knows no circles.
    class_ : str
        `class` in the file: basic (基本保障类) or quality (品质提升类).
    categories : tuple of str
        Values of the facilities' column `category` that count, in small letters with underscores: those of shequ and
        of OpenStreetMap, or a town's own words in any script.
    scope : str
        `residents`: within reach of each of them; `community`: one in each community; `town`: for the town as a whole.
    who : str
        Whose reach counts: all residents, the old (60 and over), children (up to 14).
    radius_m : float or None
        Reach along the walking network [m].
    minutes : float or None
        Reach in minutes on foot [min]; with both, either may be kept.
    covered_share_min : float
        Share of the people within reach from which on it counts as kept (0 to 1); 0.9 is our reading.
    floor_area_min_m2, site_area_min_m2 : float or None
        Floor area, and ground, that one facility has at least [m²].
    capacity_min : float or None
        Places that one facility has at least, in `places`.
    places_zh, places_en : str
        What a place is: 托位, 学位, 床位, 泊位.
    per_people : float or None
        One facility for so many residents, or a part of them [people].
    places_per_1000 : float or None
        Places for each 1,000 residents.
    places_per_100_households : float or None
        Places for each 100 households.
    area_of : str
        What the areas below are of: `floor` or `site`.
    area_total_min_m2 : float or None
        All facilities of a community together, at least [m²].
    area_per_100_households_m2, area_per_1000_people_m2 : float or None
        All of them together, by what the community counts [m²].
    people_min : float or None
        A community of fewer residents may use that of its neighbour [people].
    people_max : float or None
        Above so many residents the need grows in proportion [people].
    shared : bool
        It may stand in premises shared with others.
    need_m2, need_site_m2 : float or None
        Floor area, and ground, that a new one takes [m²], for siting.
    weight : float
        How much it weighs in a combined score, our reading.
    confirmed : bool
        Whether the figures were found in a text; where not, the notes say what is open.
    source, source_en, clause, clause_en : str
        Where it is from; an empty source is the standard's own.
    note_zh, note_en : str
        What is our reading, what is not confirmed.
    """

    key: _Word
    title_zh: Text
    title_en: Text
    group: Group
    level: Level = ""
    class_: Annotated[Class, Field(alias="class")] = "basic"
    categories: Annotated[tuple[_Category, ...], Field(min_length=1)]
    scope: Scope
    who: Who = "all"
    radius_m: _Positive | None = None
    minutes: _Positive | None = None
    covered_share_min: Annotated[float, Field(gt=0, le=1)] = 0.9
    floor_area_min_m2: _Positive | None = None
    site_area_min_m2: _Positive | None = None
    capacity_min: _Positive | None = None
    places_zh: str = ""
    places_en: str = ""
    per_people: _Positive | None = None
    places_per_1000: _Positive | None = None
    places_per_100_households: _Positive | None = None
    area_of: Literal["floor", "site"] = "floor"
    area_total_min_m2: _Positive | None = None
    area_per_100_households_m2: _Positive | None = None
    area_per_1000_people_m2: _Positive | None = None
    people_min: _Positive | None = None
    people_max: _Positive | None = None
    shared: bool = False
    need_m2: _Positive | None = None
    need_site_m2: _Positive | None = None
    weight: _Positive = 1.0
    confirmed: bool = True
    source: str = ""
    source_en: str = ""
    clause: str = ""
    clause_en: str = ""
    note_zh: str = ""
    note_en: str = ""

    @property
    def asks_area(self) -> bool:
        """Whether all facilities of a community together have to reach an area."""
        return any((self.area_total_min_m2, self.area_per_100_households_m2, self.area_per_1000_people_m2))

    @property
    def asks_places(self) -> bool:
        """Whether all facilities of a community together have to reach a number of places."""
        return any((self.places_per_1000, self.places_per_100_households))

    def counts(self, category: Iterable[object]) -> npt.NDArray[np.bool_]:
        """Return which of these categories count: letter case, spaces and hyphens play no part.

        Examples
        --------
        >>> load_facility_standard("six-ones")["elders"].counts(["elder_room", "Elder Room", "bank", None])
        array([ True,  True, False, False])
        """
        return np.isin([plain_category(each) for each in category], self.categories)

    def number_needed(self, people: npt.ArrayLike) -> Floats:
        """Return how many facilities so many residents need, NaN where that depends on an unknown number of people.

        One; with `per_people` one for each so many or a part of them; with `people_max` one more for each so many above
        it. Nobody needs none. Does not look at `people_min`: a small community still needs one, if in a neighbour's.

        Parameters
        ----------
        people
            Residents, NaN where unknown [people].
        """
        residents = np.asarray(people, dtype=np.float64)
        for_each = self.per_people or self.people_max
        number = np.ones_like(residents) if for_each is None else np.fmax(1.0, np.ceil(residents / for_each))
        unknown = np.isnan(residents) & (for_each is not None)
        return np.where(unknown, np.nan, np.where(residents == 0, 0.0, number))

    def area_needed_m2(self, people: npt.ArrayLike, households: npt.ArrayLike) -> Floats:
        """Return the area that all facilities of a community need together [m²], NaN where unknown; 0 if none is asked.

        The largest of `area_total_min_m2`, `area_per_100_households_m2` and `area_per_1000_people_m2`.

        Parameters
        ----------
        people, households
            Of the community, NaN where unknown.
        """
        residents = np.asarray(people, dtype=np.float64)
        needed = np.full_like(residents, self.area_total_min_m2 or 0.0)
        needed = np.maximum(needed, _per(households, 100, self.area_per_100_households_m2))
        needed = np.maximum(needed, _per(residents, 1000, self.area_per_1000_people_m2))
        return np.where(residents == 0, 0.0, needed)

    def places_needed(self, people: npt.ArrayLike, households: npt.ArrayLike) -> Floats:
        """Return the places that all facilities of a community need together, NaN where unknown; 0 if none is asked.

        The larger of `places_per_1000` and `places_per_100_households`; not rounded.

        Parameters
        ----------
        people, households
            Of the community, NaN where unknown.
        """
        residents = np.asarray(people, dtype=np.float64)
        by_people = _per(residents, 1000, self.places_per_1000)
        needed = np.maximum(by_people, _per(households, 100, self.places_per_100_households))
        return np.where(residents == 0, 0.0, needed)

    def neighbour_counts(self, people: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return whether a community of so many residents may use its neighbour's; not where they are unknown."""
        return np.asarray(people, dtype=np.float64) < (self.people_min or 0.0)


class Complex(_Frozen):
    """What counts as one complex of services under a roof (社区嵌入式服务综合体).

    Attributes
    ----------
    area_min_m2, area_better_m2 : float
        Floor area it has at least, and better has [m²].
    functions_min : int
        How many functions it holds at least.
    core, core_min : tuple of str, int
        Keys of requirements, and how many of them are among the functions at least.
    """

    area_min_m2: _Positive
    area_better_m2: _Positive
    functions_min: Annotated[int, Field(ge=1)]
    core: Annotated[tuple[_Word, ...], Field(min_length=1)]
    core_min: Annotated[int, Field(ge=0)]

    def holds(self, functions: Iterable[str], area_m2: float) -> bool:
        """Return whether premises of that floor area with these functions (keys of requirements) are a complex."""
        kinds = set(functions)
        enough = len(kinds) >= self.functions_min and len(kinds & set(self.core)) >= self.core_min
        return enough and area_m2 >= self.area_min_m2


class FacilityStandard(_Frozen):
    """A named, cited edition of requirements, in the order in which they are shown.

    Attributes
    ----------
    name, edition, title_zh, title_en, source, source_en, note_zh, note_en : str
        What it is called, which edition it is, where it is from, what of it is our reading or not confirmed.
    complex : Complex or None
        What counts as one complex of services, where the text says so.
    requirements : tuple of Requirement
        Their keys differ.
    """

    name: Key
    edition: Text
    title_zh: Text
    title_en: Text
    source: Text
    source_en: Text
    note_zh: str = ""
    note_en: str = ""
    complex: Complex | None = None
    requirements: Annotated[tuple[Requirement, ...], Field(min_length=1)]

    def __getitem__(self, key: str) -> Requirement:
        """Return the requirement of that key."""
        for each in self.requirements:
            if each.key == key:
                return each
        raise KeyError(key)

    def of(
        self, *, groups: Iterable[str] | None = None, levels: Iterable[str] | None = None, class_: str | None = None
    ) -> tuple[Requirement, ...]:
        """Return the requirements of these groups, levels and class, in order; None is any."""
        wanted_groups = None if groups is None else set(groups)
        wanted_levels = None if levels is None else set(levels)
        return tuple(
            each
            for each in self.requirements
            if (wanted_groups is None or each.group in wanted_groups)
            and (wanted_levels is None or each.level in wanted_levels)
            and class_ in (None, each.class_)
        )

    def frame(self) -> "pd.DataFrame":
        """Return the requirements as a table: index `requirement` (key), a column per field and the group's titles.

        What is not asked is NaN; sources that a requirement leaves empty are the standard's own.
        """
        import pandas as pd  # noqa: PLC0415 - who only reads a standard carries no tables

        rows = [each.model_dump() for each in self.requirements]
        table = pd.DataFrame(rows).set_index("key").rename_axis("requirement")
        numbers = [name for name, kind in Requirement.model_fields.items() if "float" in str(kind.annotation)]
        table[numbers] = table[numbers].astype("float64")
        table["categories"] = table["categories"].map(";".join)
        table["source"] = table["source"].where(table["source"] != "", self.source)
        table["source_en"] = table["source_en"].where(table["source_en"] != "", self.source_en)
        titles = pd.DataFrame([GROUPS[group] for group in table["group"]], index=table.index)
        table.insert(3, "group_zh", titles[0])
        table.insert(4, "group_en", titles[1])
        return table


def load_facility_standard(name_or_path: str | Path) -> FacilityStandard:
    """Return the standard of that name (`six-ones`), or the one in the TOML file at that path.

    Raises
    ------
    StandardError
        When there is none, or the file is wrong: with file, field, value and remedy.
    """
    return read_standard(
        name_or_path, "facilities", FacilityStandard, rows={"requirement": "requirements"}, check=_contradictions
    )


def list_facility_standards() -> list[FacilityStandard]:
    """Return the standards that come with shequ, by name."""
    return [load_facility_standard(path) for path in shipped("facilities")]


def plain_category(category: object) -> str:
    """Return a facility category as standards write it: small letters, underscores; empty where it is missing.

    Examples
    --------
    >>> plain_category(" Health-Station ")
    'health_station'
    """
    return re.sub(r"[\s-]+", "_", category.strip().lower()) if isinstance(category, str) else ""


def _per(amount: npt.ArrayLike, each: float, needed: float | None) -> Floats:
    """Return what so many need when `each` of them need `needed`; 0 where nothing is asked."""
    number = np.asarray(amount, dtype=np.float64)
    return np.zeros_like(number) if needed is None else number / each * needed


def _contradictions(standard: FacilityStandard) -> Iterator[str]:
    """Yield a sentence for everything in a standard that cannot hold together."""
    keys = [each.key for each in standard.requirements]
    for twice in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"requirement key = {twice!r} stands twice\n  remedy: give every requirement a key of its own"
    if standard.complex is not None:
        yield from _contradictions_of_complex(standard.complex, keys)
    for each in standard.requirements:
        yield from _contradictions_of(each)


def _contradictions_of_complex(one: Complex, keys: list[str]) -> Iterator[str]:
    if strangers := sorted(set(one.core) - set(keys)):
        yield f"complex: core = {strangers} are no requirements\n  remedy: use their keys, {', '.join(keys)}"
    if one.area_better_m2 < one.area_min_m2:
        yield (
            f"complex: area_better_m2 = {one.area_better_m2:g} is below area_min_m2 = {one.area_min_m2:g}\n"
            "  remedy: make it at least that"
        )
    if one.core_min > len(set(one.core)):
        most = len(set(one.core))
        yield f"complex: core_min = {one.core_min} is more than core names\n  remedy: make it {most} or less"


def _contradictions_of(each: Requirement) -> Iterator[str]:
    what = f"requirement {each.key}"
    if each.scope == "residents" and each.radius_m is None and each.minutes is None:
        yield f"{what}: scope = 'residents' but no reach\n  remedy: give radius_m or minutes, or another scope"
    if each.people_min is not None and each.people_max is not None and each.people_min > each.people_max:
        yield (
            f"{what}: people_min = {each.people_min:g} is above people_max = {each.people_max:g}\n"
            "  remedy: make it at most that"
        )
    if (each.capacity_min or each.asks_places) and not (each.places_zh and each.places_en):
        yield f"{what}: it asks for places but does not name them\n  remedy: give places_zh and places_en"
    if not each.confirmed and not (each.note_zh and each.note_en):
        yield f"{what}: confirmed = false without a note\n  remedy: say in note_zh and note_en what is open"
    if twice := sorted({one for one in each.categories if each.categories.count(one) > 1}):
        yield f"{what}: categories name {', '.join(twice)} twice\n  remedy: name each once"
