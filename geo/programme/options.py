"""What is asked of a renovation programme: years, public money, capacities, fairness, what is fixed by hand."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geo.errors import Fault, InputError

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Yuan = Annotated[float, Field(ge=0, le=1e13, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Year = Annotated[int, Field(ge=1990, le=2200)]

LONGEST = 15
"""A programme has so many years at most."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NeedWeights(_Frozen):
    """What makes a measure more needed. All of them are our own reading: no text gives numbers.

    need = class × households reached × sum over its codes of (severity of the gravest finding × timed × years open),
    each code's part shared equally among the measures that answer it together on the same subject.

    Attributes
    ----------
    general, serious, very_serious : float
        Weight of a finding's severity (一般, 严重, 很严重).
    basic, improve, upgrade : float
        Weight of a measure's class (基础类, 完善类, 提升类).
    timed : float
        What a code to be put right in time (限时解决) counts more than one of best effort.
    year_open : float
        What each year that a finding has been open adds to its weight, as a share.
    years_open_max : float
        Years beyond which it adds no more.
    """

    general: Weight = 1.0
    serious: Weight = 2.0
    very_serious: Weight = 4.0
    basic: Weight = 3.0
    improve: Weight = 2.0
    upgrade: Weight = 1.0
    timed: Weight = 1.5
    year_open: Share = 0.1
    years_open_max: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 10.0


class ProgrammeOptions(_Frozen):
    """What is asked of a programme.

    Attributes
    ----------
    years : tuple of int
        The years of the programme, one after the other.
    budgets_yuan : tuple of float
        Public money of each year [yuan]. What residents and others pay is not limited here.
    carry_over : bool
        What is left of a year's money may be spent later.
    campaign_years : int
        The campaign of a site: its works lie within so many years running (one plan per site, 一区一策). Measures of
        management are free.
    safety_ahead : bool
        Safety measures may go ahead of their site's campaign: a danger does not wait for the rest of the works, and the
        rest is not given up because its year went to safety. What shares a trench with safety goes with it, in one
        year. False: safety belongs to the campaign like all other works.
    sites_per_year : int or tuple of int, optional
        Sites that have their campaign in a year, at most; one number for all years, or one for each.
    capacities : dict from measure key to number or tuple of numbers
        What can be done of a kind of measure in a year, in the measure's own unit: `{"lift": 20}` is 20 lifts.
        `class:basic`, `class:improve` and `class:upgrade` count measures of a class.
    equity_floor : float
        Every community has at least this share of its own weighted need met by the end (0 to 1); of the need of
        measures that can be chosen at all.
    max_share_per_community : float, optional
        No community gets more than this share of all years' public money.
    elder_child_min : int
        Measures for the old and for children (一老一小) to be chosen, at least.
    locked : dict from measure id or site id to year or "in"
        A measure that must be done, in that year or in any. A site whose campaign begins in that year, or that has one
        in any; where it has nothing but safety works, these.
    forbidden : tuple of str
        Measures that must not be done, and sites of which nothing but safety is. A safety measure cannot be forbidden.
    unpriced_safety : {"refuse", "report"}
        What to do when a safety measure has no price, or no quantity: refuse to plan, or plan without it and say so.
    safety_slack : float
        How much longer safety may wait in all than the least possible, as a share, for more need to be met: half a
        percent lets cheap lines go into the trench of a year whose money is all for safety. 0 is strict.
    discount : float
        What a need met a year later counts less, as a share: breaks ties in favour of early years (our own reading).
    stay_near : float, optional
        With a programme to start from: give up at most this share of the need met (and be later by at most this share
        with safety), to change as little of it as possible. Without it, the start is only where the search begins.
    weights : NeedWeights
        How need was weighted; read by `measures`.
    time_limit_s : float
        Stop each of the solver's steps in time for the whole to take about so long [s].
    gap : float
        A programme that is proven to be within this share of the best is good enough. 0 asks for the best itself.
    """

    years: Annotated[tuple[Year, ...], Field(min_length=1, max_length=LONGEST)]
    budgets_yuan: tuple[Yuan, ...]
    carry_over: bool = False
    campaign_years: Annotated[int, Field(ge=1, le=LONGEST)] = 1
    safety_ahead: bool = True
    sites_per_year: Annotated[int, Field(ge=0)] | tuple[Annotated[int, Field(ge=0)], ...] | None = None
    capacities: dict[str, Amount | tuple[Amount, ...]] = {}
    equity_floor: Share = 0.0
    max_share_per_community: Share | None = None
    elder_child_min: Annotated[int, Field(ge=0)] = 0
    locked: dict[str, Year | Literal["in"]] = {}
    forbidden: tuple[str, ...] = ()
    unpriced_safety: Literal["refuse", "report"] = "refuse"
    safety_slack: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.005
    discount: Annotated[float, Field(ge=0, le=0.5, allow_inf_nan=False)] = 0.02
    stay_near: Share | None = None
    weights: NeedWeights = NeedWeights()
    time_limit_s: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 60.0
    gap: Annotated[float, Field(ge=0, le=0.5, allow_inf_nan=False)] = 0.001

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        count = len(self.years)
        if list(self.years) != list(range(self.years[0], self.years[0] + count)):
            raise ValueError(f"the years run one after the other; given: {', '.join(map(str, self.years))}")
        if len(self.budgets_yuan) != count:
            raise ValueError(f"budgets_yuan has {len(self.budgets_yuan)} numbers for {count} years; give one for each")
        each = {"sites_per_year": self.sites_per_year, **{f"capacities {k}": v for k, v in self.capacities.items()}}
        for name, value in each.items():
            if isinstance(value, tuple) and len(value) != count:
                raise ValueError(f"{name} has {len(value)} numbers for {count} years; give one number, or one for each")
        strangers = sorted({str(y) for y in self.locked.values() if y != "in" and y not in self.years})
        if strangers:
            raise ValueError(f"locked to {', '.join(strangers)}, which is no year of the programme")
        both = sorted(set(self.locked) & set(self.forbidden))
        if both:
            raise ValueError(f"locked and forbidden at once: {', '.join(both)}; take it out of one of them")
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
            raise InputError(_faults(error)) from error


def by_year(value: float | tuple[float, ...], years: int) -> tuple[float, ...]:
    """Return a limit for each year, where one number stands for all."""
    return value if isinstance(value, tuple) else (value,) * years


def _faults(error: ValidationError) -> list[Fault]:
    known = ", ".join(ProgrammeOptions.model_fields)
    faults = []
    for one in error.errors():
        name = ".".join(str(part) for part in one["loc"]) or "the options"
        if one["type"] == "extra_forbidden":
            faults.append(Fault(f"{name} is no option of a programme", f"use one of: {known}"))
        elif one["type"] == "missing":
            faults.append(Fault(f"option {name} is missing", "give it"))
        elif one["type"] == "value_error":
            faults.append(Fault(str(one["ctx"]["error"]), "correct the options of the programme"))
        else:
            shown = str(one["input"])[:60]
            faults.append(Fault(f"option {name} = {shown}: {one['msg']}", "correct the value"))
    return faults
