"""A plan - which block belongs to which community, frozen, without geometry - and what may be asked of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from geo.contracts import FEATURE_CLASSES
from geo.errors import Fault, InputError
from geo.standards import Profile

ENGINE_VERSION = "2"
"""Changes whenever the same question may get another answer."""

Effort = Literal["quick", "normal", "thorough"]
Whole = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


CUT_COSTS: dict[str, float] = {
    "motorway": -1.0, "motorway_link": -0.8, "trunk": -1.0, "trunk_link": -0.7, "primary": -0.8, "primary_link": -0.5,
    "secondary": -0.4, "secondary_link": -0.3, "tertiary": 0.0, "tertiary_link": 0.0, "unclassified": 0.2,
    "residential": 0.4, "living_street": 0.7, "service": 0.8, "pedestrian": 0.8, "track": 0.6, "cycleway": 0.8,
    "bridleway": 0.8, "footway": 1.0, "path": 1.0, "steps": 0.8, "corridor": 1.0, "road": 0.3, "busway": 0.0,
    "construction": 0.3, "proposed": 0.6,
    "river": -1.0, "canal": -0.8, "stream": -0.4, "drain": -0.2, "railway": -1.0, "wall": -0.2, "cliff": -0.6,
    "water": -0.6, "other": 0.0, "border": 0.2, "study_edge": 0.0, "none": 1.0,
}  # fmt: skip
"""Cost of a metre of community border by what it follows; a negative one is paid when a community spans it instead."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lock(_Frozen):
    """What must be with some communities or blocks, whatever it costs.

    Attributes
    ----------
    kind : {"whole", "as_is", "free", "together", "apart"}
        `whole`: each of the communities stays in one piece (it may receive more, or go to another whole).
        `as_is`: each stays exactly what it is. `free`: each may be split, although villages are kept or it is locked.
        `together`: all of them end up in one community. `apart`: no two of them do.
    ids : tuple of str
        Their ids.
    of : {"communities", "blocks"}
        What the ids are; `whole`, `as_is` and `free` are said of communities only.
    """

    kind: Literal["whole", "as_is", "free", "together", "apart"]
    ids: Annotated[tuple[str, ...], Field(min_length=1)]
    of: Literal["communities", "blocks"] = "communities"

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.of == "blocks" and self.kind not in ("together", "apart"):
            raise ValueError(f"{self.kind} is said of communities, not of blocks; use together or apart for blocks")
        if self.kind == "apart" and len(set(self.ids)) < 2:
            raise ValueError("apart needs two different ids")
        return self

    def __str__(self) -> str:
        return f"lock {self.kind} ({self.of} {', '.join(self.ids)})"


class Condition(_Frozen):
    """What one community must have, lack or keep away from: said of whoever carries on today's community.

    A community with a condition lives on: its anchor, the most populous of its units (with `office`: the block that its
    office stands in), stays with it.

    Attributes
    ----------
    kind : {"has", "lacks", "office", "not_touching"}
        `has`: all of these blocks or estates are in it ("these blocks stay with X"). `lacks`: none of them is.
        `office`: the block its own office stands in (`office_x`, `office_y` of the communities table) is in it.
        `not_touching`: it has no common border with these communities, except along what no community may span.
    community : str
        Its id today.
    ids : tuple of str
        Ids of `of`; none with `office`.
    of : {"blocks", "estates", "communities"}
        What the ids are; `communities` with `not_touching`, and only there.
    """

    kind: Literal["has", "lacks", "office", "not_touching"]
    community: str
    ids: tuple[str, ...] = ()
    of: Literal["blocks", "estates", "communities"] = "blocks"

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if (self.kind == "office") != (not self.ids):
            raise ValueError("office takes no ids" if self.ids else f"{self.kind} needs at least one id")
        if self.kind == "not_touching" and self.of != "communities":
            object.__setattr__(self, "of", "communities")
        if self.kind != "not_touching" and self.of == "communities":
            raise ValueError(f"{self.kind} is said of blocks or estates, not of communities")
        if self.kind == "not_touching" and self.community in self.ids:
            raise ValueError(f"{self.community} cannot keep away from itself")
        return self

    def __str__(self) -> str:
        return f"condition {self.community} {self.kind}" + (f" ({self.of} {', '.join(self.ids)})" if self.ids else "")


class SeamRule(_Frozen):
    """What is wanted of the seams along one kind of feature, or along one named feature.

    Attributes
    ----------
    rule : {"prefer", "forbid_cut", "forbid_cross"}
        `prefer`: a border here is rewarded. `forbid_cut`: never a border of communities.
        `forbid_cross`: always a border of communities; no community spans it.
    feature_class, feature_name : str, optional
        Which seams: those of this class, of this name, or of both when both are given.
    strength : float
        Reward of `prefer` per metre, where 1 is what a motorway gets of itself. Negative means: avoid.
    """

    rule: Literal["prefer", "forbid_cut", "forbid_cross"]
    feature_class: str | None = None
    feature_name: str | None = None
    strength: Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)] = 1.0

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.feature_class is None and self.feature_name is None:
            raise ValueError("name a feature_class, a feature_name, or both")
        if self.feature_class is not None and self.feature_class not in FEATURE_CLASSES:
            raise ValueError(
                f"there is no feature class {self.feature_class!r}; use one of {', '.join(FEATURE_CLASSES)}"
            )
        return self

    def __str__(self) -> str:
        what = " ".join(part for part in (self.feature_class, self.feature_name) if part)
        return f"{self.rule} ({what})"


class Weights(_Frozen):
    """What each term counts in the sum; every term is first divided by a scale of its own (see docs/engine.md).

    Attributes
    ----------
    seam : float
        Borders along lanes, and wide roads or water inside communities.
    change : float
        Households whose community changes.
    land : float
        Land whose community changes, lived on or not.
    mixed : float
        Residents of communities who come to a village: they have no part in its collective.
    abolished : float
        Communities that disappear.
    size : float
        Households above or below the target.
    shape : float
        Length of the borders.
    service : float
        Distance to the committee's office; counts only when the communities table has office_x and office_y.
    """

    seam: Weight = 1.0
    change: Weight = 1.0
    land: Weight = 0.5
    mixed: Weight = 1.0
    abolished: Weight = 0.2
    size: Weight = 0.5
    shape: Weight = 0.5
    service: Weight = 0.0


class PlanOptions(_Frozen):
    """What is asked of a plan; everything not said comes from the profile.

    Attributes
    ----------
    mode : {"redraw", "merge"}
        `redraw` chooses among blocks, `merge` among whole communities.
    min_households, target_households, max_households, min_people, max_people : int, optional
        Instead of the profile's limits.
    k : int, optional
        Number of communities; chosen when not given.
    keep_villages, keep_estates : bool, optional
        Keep villages, converted villages and locked communities whole; keep compounds whole. As the profile says
        (which is yes) when not given.
    locks : tuple of Lock
    conditions : tuple of Condition
        What single communities must have, lack or keep away from.
    seams : tuple of SeamRule
    minimal_change : bool
        Start from today's communities (or the previous plan) and mend only what breaks a rule: a household that stays
        counts more than any border. Their number stays too, unless `k` or the limits say otherwise.
    weights : Weights
    cut_costs : dict from feature class to float
        Instead of the engine's cost of a metre of border along that class: from -1 (wanted) to 1 (unwanted).
    effort : {"quick", "normal", "thorough"} or int
        How long to look: 20,000, 100,000 or 1,000,000 proposals an atom, or so many proposals in all.
    time_limit_s : float, optional
        Stop after that time at the latest; the plan then says `stopped_early`.
    seed : int
        Chance: the same request with the same seed has the same answer.
    allow_islands : bool
        Accept a part of the town that is cut off and smaller than the minimum as a community of its own.
    """

    mode: Literal["redraw", "merge"] = "redraw"
    min_households: Whole | None = None
    target_households: Positive | None = None
    max_households: Positive | None = None
    min_people: Whole | None = None
    max_people: Positive | None = None
    k: Positive | None = None
    keep_villages: bool | None = None
    keep_estates: bool | None = None
    locks: tuple[Lock, ...] = ()
    conditions: tuple[Condition, ...] = ()
    seams: tuple[SeamRule, ...] = ()
    minimal_change: bool = False
    weights: Weights = Weights()
    cut_costs: dict[str, Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]] = {}
    effort: Effort | Positive = "normal"
    time_limit_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    allow_islands: bool = False

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        strangers = sorted(set(self.cut_costs) - set(FEATURE_CLASSES))
        if strangers:
            raise ValueError(f"cut_costs names unknown feature classes: {', '.join(strangers)}")
        return self

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Return options from a mapping (JSON, TOML, a form), every fault at once.

        Raises
        ------
        InputError
            Naming each option that is unknown or has a wrong value.
        """
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            raise InputError(_faults(error, "the options of the plan")) from error


def cut_costs_of(options: PlanOptions) -> dict[str, float]:
    """Return the cost of a metre of border for every feature class, the options' own where they say so."""
    return {name: options.cut_costs.get(name, CUT_COSTS[name]) for name in FEATURE_CLASSES}


@dataclass(frozen=True)
class Limits:
    """What a community's households and people must lie between, after the options had their say."""

    min_households: int
    target_households: int
    max_households: int
    min_people: int | None
    max_people: int | None


def limits_of(profile: Profile, options: PlanOptions) -> Limits:
    """Return the limits that hold: the options', else the profile's.

    Raises
    ------
    InputError
        When they contradict each other, e.g. a minimum above the maximum.
    """

    def pick(name: str) -> Any:  # noqa: ANN401
        own = getattr(options, name)
        return getattr(profile, name) if own is None else own

    limits = Limits(
        pick("min_households"),
        pick("target_households"),
        pick("max_households"),
        pick("min_people"),
        pick("max_people"),
    )
    pairs = [("min_households", "max_households"), ("min_people", "max_people")]
    if options.target_households is not None:
        pairs += [("min_households", "target_households"), ("target_households", "max_households")]
    faults = []
    for a, b in pairs:
        x, y = getattr(limits, a), getattr(limits, b)
        if x is not None and y is not None and x > y:
            said = [f"{n} is {'the option' if getattr(options, n) is not None else f'profile {profile.name}'}'s"
                    for n in (a, b)]  # fmt: skip
            faults.append(Fault(f"{a} = {x:,} is above {b} = {y:,} ({', '.join(said)})", f"lower {a} or raise {b}"))
    if faults:
        raise InputError(faults)
    # The profile's target gives way to limits that the planner moved.
    target = min(max(limits.target_households, limits.min_households), limits.max_households)
    return replace(limits, target_households=target)


@dataclass(frozen=True)
class Progress:
    """How far the engine is: told to the caller now and then.

    Attributes
    ----------
    stage : str
        What is being done: `atoms`, `search`, `done`.
    fraction : float
        Share of the work that is done, 0 to 1.
    terms : mapping from term to number
        Each term of the plan at hand in its own unit; empty before there is one.
    violations : int
        Communities of the plan at hand that are outside the limits.
    """

    stage: str
    fraction: float
    terms: Mapping[str, float]
    violations: int = 0


class Term(_Frozen):
    """One term of the sum that a plan keeps small: its value in its own unit, and what it counts.

    Attributes
    ----------
    value : float
        In `unit`; smaller is better.
    unit : str
    weight : float
        What the planner gave it.
    scale : float
        What the value is divided by, in `unit`, so that terms compare.
    weighted : float
        value / scale x weight: what it adds to the sum.
    """

    value: float
    unit: str
    weight: float
    scale: float
    weighted: float


class Note(_Frozen):
    """One sentence that a reader of the plan must know, in Chinese and English."""

    zh: str
    en: str


def _freeze(value: Any) -> Any:  # noqa: ANN401
    return MappingProxyType(dict(value)) if isinstance(value, Mapping) else value


_Assignment = Annotated[
    Mapping[str, str], BeforeValidator(lambda v: dict(v) if isinstance(v, Mapping) else v), PlainSerializer(dict)
]
_Names = Annotated[
    Mapping[str, tuple[str, str]],
    BeforeValidator(lambda v: dict(v) if isinstance(v, Mapping) else v),
    PlainSerializer(dict),
]
_Terms = Annotated[
    Mapping[str, Term], BeforeValidator(lambda v: dict(v) if isinstance(v, Mapping) else v), PlainSerializer(dict)
]


class Plan(_Frozen):
    """A proposal: the community of every block, and everything needed to find it again.

    Attributes
    ----------
    assignment : mapping from block id to community id
        Read-only. An old id where a community has an heir, `N01`, `N02` … for new ones.
    profile : Profile
        The thresholds it was made for, with their edition and source.
    options : PlanOptions
        What was asked.
    seed : int
    engine_version : str
    min_households, max_households : int
        The limits that held [households].
    k : int
        Number of communities.
    terms : mapping from name to Term
        `seam`, `change`, `land`, `mixed`, `abolished`, `size`, `shape`, `service`: those that could be measured.
    notes : tuple of Note
        Assumptions made on the way.
    stopped_early : bool
        The time limit ended the search; without it the plan might be better.
    proven : bool
        Proven to be the best for this request: every plan of it has at least this sum.
    lower_bound : float, optional
        No plan of this request has a smaller sum than this, where that could be shown.
    pairs_checked : bool
        Proven pair by pair: no two neighbouring communities can be parted better between them.
    started_from : str, optional
        Digest of the plan that the search began from.
    islands : tuple of str
        Communities smaller than the minimum because they are cut off and `allow_islands` was said.
    names : mapping from community id to (Chinese, English)
        Names that were decided, where the rule's proposal or today's name does not stand.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    assignment: _Assignment
    profile: Profile
    options: PlanOptions
    seed: int
    engine_version: str
    min_households: int
    max_households: int
    k: int
    terms: _Terms = {}
    notes: tuple[Note, ...] = ()
    stopped_early: bool = False
    proven: bool = False
    lower_bound: float | None = None
    pairs_checked: bool = False
    started_from: str | None = None
    islands: tuple[str, ...] = ()
    names: _Names = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        found = len(set(self.assignment.values()))
        if found != self.k:
            raise ValueError(f"k is {self.k}, but the assignment has {found} communities")
        object.__setattr__(self, "assignment", _freeze(self.assignment))
        object.__setattr__(self, "terms", _freeze(self.terms))
        object.__setattr__(self, "names", _freeze(self.names))
        return self

    @property
    def objective(self) -> float:
        """The weighted sum that the engine kept small."""
        return sum(term.weighted for term in self.terms.values())

    @property
    def gap(self) -> float | None:
        """How much better the best plan could be at most, as a share of this one's sum; None where nothing is known."""
        if self.lower_bound is None:
            return None
        return max(0.0, self.objective - self.lower_bound) / max(self.objective, 1e-12)

    @property
    def digest(self) -> str:
        """Which block is with which: the same for plans that differ in names or in how they were found only."""
        first: dict[str, str] = {}
        for block in sorted(self.assignment):
            first.setdefault(self.assignment[block], block)
        text = "\n".join(f"{block} {first[self.assignment[block]]}" for block in sorted(self.assignment))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> bytes:
        """Return the plan as UTF-8 JSON; the same plan gives the same bytes."""
        data = self.model_dump(mode="json")
        return (json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Return the plan written by `to_json`.

        Raises
        ------
        InputError
            When the text is not JSON, or not a plan: every field that is missing, unknown or wrong is named.
        """
        try:
            return cls.model_validate(json.loads(text))
        except ValidationError as error:
            raise InputError(_faults(error, "the plan")) from error
        except ValueError as error:
            raise InputError(
                Fault(f"the plan is not JSON ({error})", "use a file that shequ wrote as a plan")
            ) from error


def _faults(error: ValidationError, what: str) -> list[Fault]:
    faults = []
    for one in error.errors():
        place = ".".join(str(part) for part in one["loc"])
        if one["type"] == "missing":
            faults.append(Fault(f"{what}: {place} is missing", f"give {place}"))
        elif one["type"] == "extra_forbidden":
            faults.append(
                Fault(f"{what}: there is no {place} (it was {one['input']!r})", "leave it out, or correct its name")
            )
        else:
            shown = repr(one["input"])
            value = f" = {shown}" if place and len(shown) < 200 else ""
            faults.append(
                Fault(f"{what}: {place}{value}: {one['msg'].removeprefix('Value error, ')}", "correct the value")
            )
    return faults
