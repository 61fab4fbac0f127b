"""How a plan is asked for on the command line: its flags, read into options; and options told as flags again."""
# ruff: noqa: PLC0415 - commands import late, so that --help is quick

import functools
import inspect
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from geo.errors import Fault, InputError

if TYPE_CHECKING:
    from geo.partition.plan import Condition, Lock, PlanOptions, SeamRule
    from geo.standards import Profile

ESTATE = "estate:"
"""What stands before the id of a compound where blocks are listed."""
_LIMITS, _WHOLE, _EACH, _BORDERS, _SEARCH = (
    "Limits", "What stays together", "What single communities must have", "Borders", "Search")  # fmt: skip


class Mode(StrEnum):
    """What a plan may change."""

    redraw = "redraw"
    merge = "merge"


def _flag(*names: str, text: str, panel: str | None = None, metavar: str | None = None) -> Any:  # noqa: ANN401 - Typer's
    return typer.Option(*names, help=text, rich_help_panel=panel, metavar=metavar)


@dataclass(frozen=True)
class Asked:
    """The flags that ask for a plan, as given; None and nothing where one was not."""

    profile: Annotated[str, _flag("--profile", text="A profile's name (`shequ profiles`), or a file of your own.")] = (
        "seed-3000"
    )
    mode: Annotated[
        Mode | None, _flag("--mode", text="Redraw along blocks, or merge whole communities. [default: redraw]")
    ] = None
    minimal_change: Annotated[
        bool | None,
        _flag("--minimal-change/--any-change", text="Mend only what is outside the limits or breaks a rule; all else "
              "stays as it is today, or as in --start."),
    ] = None  # fmt: skip
    options_file: Annotated[
        Path | None,
        _flag("--options", metavar="FILE", text="TOML or JSON with any options of a plan (docs/engine.md); flags go "
              "before it."),
    ] = None  # fmt: skip

    min_households: Annotated[int | None, _flag("--min", text="Households at least.", panel=_LIMITS)] = None
    target_households: Annotated[int | None, _flag("--target", text="Households wished for.", panel=_LIMITS)] = None
    max_households: Annotated[int | None, _flag("--max", text="Households at most.", panel=_LIMITS)] = None
    min_people: Annotated[int | None, _flag("--min-people", text="People at least.", panel=_LIMITS)] = None
    max_people: Annotated[int | None, _flag("--max-people", text="People at most.", panel=_LIMITS)] = None
    k: Annotated[
        int | None, _flag("--k", text="Number of communities. Default: the best that fits.", panel=_LIMITS)
    ] = None

    keep_villages: Annotated[
        bool | None,
        _flag("--keep-villages/--split-villages", text="Villages stay whole. [default: keep]", panel=_WHOLE),
    ] = None
    keep_estates: Annotated[
        bool | None,
        _flag("--keep-estates/--split-estates", text="Compounds stay whole. [default: keep]", panel=_WHOLE),
    ] = None
    lock: Annotated[
        list[str] | None,
        _flag("--lock", metavar="ID[:as-is|:free]", panel=_WHOLE,
              text="Keep a community whole, as it is, or let a kept one be split."),
    ] = None  # fmt: skip
    together: Annotated[
        list[str] | None,
        _flag("--together", metavar="BLOCKS", text="Block ids by comma that end up in one community.", panel=_WHOLE),
    ] = None
    apart: Annotated[
        list[str] | None,
        _flag("--apart", metavar="BLOCKS", text="Block ids by comma, no two in one community.", panel=_WHOLE),
    ] = None
    allow_islands: Annotated[
        bool | None,
        _flag("--allow-islands/--no-islands", panel=_WHOLE,
              text="Land cut off from the rest may be a community below the minimum. [default: no]"),
    ] = None  # fmt: skip

    stay: Annotated[
        list[str] | None,
        _flag("--stay", metavar="COMMUNITY=BLOCKS", panel=_EACH,
              text=f"These blocks, by comma, are in the community that carries on this one ({ESTATE}G12: a compound)."),
    ] = None  # fmt: skip
    without: Annotated[
        list[str] | None,
        _flag("--without", metavar="COMMUNITY=BLOCKS", text="None of these blocks is.", panel=_EACH),
    ] = None
    keep_office: Annotated[
        list[str] | None,
        _flag("--keep-office", metavar="COMMUNITY", text="It keeps its own office inside.", panel=_EACH),
    ] = None
    not_touching: Annotated[
        list[str] | None,
        _flag("--not-touching", metavar="COMMUNITY=COMMUNITIES", text="It has no common border with these.",
              panel=_EACH),
    ] = None  # fmt: skip

    prefer: Annotated[
        list[str] | None,
        _flag("--prefer", metavar="FEATURE[=STRENGTH]", panel=_BORDERS,
              text="A road class or name that makes a good border (negative: bad)."),
    ] = None  # fmt: skip
    forbid_cut: Annotated[
        list[str] | None,
        _flag("--forbid-cut", metavar="FEATURE", text="A road class or name that is never a border.", panel=_BORDERS),
    ] = None
    forbid_cross: Annotated[
        list[str] | None,
        _flag("--forbid-cross", metavar="FEATURE", text="A road class or name no community spans.", panel=_BORDERS),
    ] = None

    weight: Annotated[
        list[str] | None,
        _flag("--weight", metavar="TERM=NUMBER", panel=_SEARCH,
              text="Weight of seam, change, land, mixed, abolished, size, shape, service."),
    ] = None  # fmt: skip
    effort: Annotated[
        str | None,
        _flag("--effort", panel=_SEARCH,
              text="quick, normal, thorough, or a number of proposals. [default: normal]"),
    ] = None  # fmt: skip
    time_limit: Annotated[
        float | None,
        _flag("--time-limit", metavar="SECONDS", panel=_SEARCH,
              text="Stop earlier than the effort says; the plan says so."),
    ] = None  # fmt: skip
    seed: Annotated[
        int | None,
        _flag("--seed", text="Chance: the same request and seed give the same plan. [default: 0]", panel=_SEARCH),
    ] = None

    def limits(self) -> "Profile":
        """Return the profile that is asked for."""
        from geo.standards import load_profile

        return load_profile(self.profile)

    def options(self) -> "PlanOptions":
        """Return the options: the file's, with what the flags say in place of it, or added where both list things.

        Raises
        ------
        InputError
            Naming every flag, or option of the file, that is wrong.
        """
        from api.operations.files import read_options
        from geo.partition.plan import PlanOptions

        asked = {} if self.options_file is None else read_options(self.options_file)
        given = {
            "mode": self.mode and self.mode.value, "min_households": self.min_households,
            "target_households": self.target_households, "max_households": self.max_households,
            "min_people": self.min_people, "max_people": self.max_people, "k": self.k,
            "keep_villages": self.keep_villages, "keep_estates": self.keep_estates,
            "allow_islands": self.allow_islands, "minimal_change": self.minimal_change, "seed": self.seed,
            "time_limit_s": self.time_limit, "effort": None if self.effort is None else _effort(self.effort),
        }  # fmt: skip
        asked |= {name: value for name, value in given.items() if value is not None}
        if self.weight:
            asked["weights"] = asked.get("weights", {}) | _weights(self.weight)
        listed = {"locks": self.locks(), "conditions": self.conditions(), "seams": self.seams()}
        for name, more in listed.items():
            if more:
                asked[name] = [*asked.get(name, ()), *more]
        return PlanOptions.read(asked)

    def locks(self) -> list[dict[str, Any]]:
        """Return what the flags lock, as options."""
        return [*_locks(self.lock), *_block_locks("together", self.together), *_block_locks("apart", self.apart)]

    def conditions(self) -> list[dict[str, Any]]:
        """Return what the flags ask of single communities, as options."""
        return [
            *_conditions("--stay", "has", self.stay),
            *_conditions("--without", "lacks", self.without),
            *({"kind": "office", "community": one.strip()} for one in self.keep_office or ()),
            *_conditions("--not-touching", "not_touching", self.not_touching),
        ]

    def seams(self) -> list[dict[str, Any]]:
        """Return what the flags say of borders, as options."""
        return [*_seam_rules("prefer", self.prefer), *_seam_rules("forbid_cut", self.forbid_cut),
                *_seam_rules("forbid_cross", self.forbid_cross)]  # fmt: skip


WISHES = ("lock", "together", "apart", "stay", "without", "keep_office", "not_touching")
"""The flags of `Asked` that lock something or ask something of a community."""


def asking(*, only: Sequence[str] | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags of `Asked`, or only some, in place of its parameter `asked`.

    A dozen flags that several commands share are written once; Typer reads them from the signature made here.
    """
    hints = get_type_hints(Asked, include_extras=True)
    flags = [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[one.name])
        for one in fields(Asked) if only is None or one.name in only
    ]  # fmt: skip

    def given(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command)
        before = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own.parameters.values()]
        mine = [one for one in before if one.name != "asked"]
        required, rest = mine[: _required(mine)], mine[_required(mine) :]

        @functools.wraps(command)
        def asked(**said: Any) -> None:  # noqa: ANN401 - Typer's values
            flagged = {one.name: said.pop(one.name) for one in flags}
            command(**said, asked=Asked(**flagged))

        parameters = [*required, *rest, *flags]
        asked.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        asked.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
        return asked

    return given


def _required(parameters: list[inspect.Parameter]) -> int:
    return sum(one.default is inspect.Parameter.empty for one in parameters)


# ── from flags to options ────────────────────────────────────────────────────────────────────────────────────────────
def _effort(given: str) -> str | int:
    if given in ("quick", "normal", "thorough"):
        return given
    if given.isdecimal() and int(given):
        return int(given)
    raise InputError(Fault(f"--effort {given} is no effort", "write quick, normal, thorough, or a whole number from 1"))


def _weights(given: list[str]) -> dict[str, float]:
    weights = {}
    for one in given:
        term, _, number = one.partition("=")
        try:
            weights[term] = float(number)
        except ValueError:
            raise InputError(Fault(f"--weight {one}: {number!r} is not a number", "write it like seam=2.5")) from None
    return weights


def listed(given: str) -> list[str]:
    """Return ids written by comma; a Chinese comma is one too."""
    return [one.strip() for one in given.replace("\uff0c", ",").replace("、", ",").split(",") if one.strip()]


def _locks(given: list[str] | None) -> Iterator[dict[str, Any]]:
    for one in given or ():
        community, _, kind = one.partition(":")
        yield {"kind": (kind or "whole").replace("-", "_"), "ids": [community]}


def _block_locks(kind: str, given: list[str] | None) -> Iterator[dict[str, Any]]:
    for one in given or ():
        yield {"kind": kind, "of": "blocks", "ids": listed(one)}


def _conditions(flag: str, kind: str, given: list[str] | None) -> Iterator[dict[str, Any]]:
    """Read COMMUNITY=IDS; blocks and compounds make a condition each."""
    for one in given or ():
        community, sign, rest = one.partition("=")
        ids = listed(rest)
        if not community.strip() or not sign or not ids:
            raise InputError(Fault(f"{flag} {one} is not understood", f"write it like {flag} CU01=B003,B004"))
        made = {"kind": kind, "community": community.strip()}
        if kind == "not_touching":
            yield made | {"of": "communities", "ids": ids}
            continue
        estates = [name.removeprefix(ESTATE) for name in ids if name.startswith(ESTATE)]
        blocks = [name for name in ids if not name.startswith(ESTATE)]
        for of, chosen in (("blocks", blocks), ("estates", estates)):
            if chosen:
                yield made | {"of": of, "ids": chosen}


def _seam_rules(rule: str, given: list[str] | None) -> Iterator[dict[str, Any]]:
    """Read FEATURE[=STRENGTH]; what is no feature class is the name of a road, river or railway."""
    from geo.schema import FEATURE_CLASSES

    for one in given or ():
        feature, _, strength = one.partition("=")
        made: dict[str, Any] = {
            "rule": rule,
            "feature_class" if feature in FEATURE_CLASSES else "feature_name": feature,
        }
        yield made | ({"strength": strength} if strength else {})


def read_names(given: list[str] | None) -> dict[str, tuple[str, str]]:
    """Return the names that were decided, of ID=中文名[/English]."""
    names = {}
    for one in given or ():
        community, _, name = one.partition("=")
        zh, _, en = name.partition("/")
        if not community.strip() or not zh.strip():
            raise InputError(Fault(f"--name {one} is not understood", "write it like N01=新城北社区/Xincheng North"))
        names[community.strip()] = (zh.strip(), en.strip() or zh.strip())
    return names


def read_heirs(given: list[str] | None) -> dict[str, str | None]:
    """Return who carries on which name, of OLD=ID; OLD=none ends it."""
    heirs: dict[str, str | None] = {}
    for one in given or ():
        old, _, heir = (part.strip() for part in one.partition("="))
        if not old or not heir:
            raise InputError(Fault(f"--heir {one} is not understood", "write it like SQ01=N01, or SQ01=none"))
        heirs[old] = None if heir == "none" else heir
    return heirs


# ── from options to flags ────────────────────────────────────────────────────────────────────────────────────────────
_NUMBERS = {
    "min_households": "--min", "target_households": "--target", "max_households": "--max",
    "min_people": "--min-people", "max_people": "--max-people", "k": "--k",
}  # fmt: skip
_SWITCHES = {
    "keep_villages": ("--keep-villages", "--split-villages"), "keep_estates": ("--keep-estates", "--split-estates"),
    "allow_islands": ("--allow-islands", "--no-islands"), "minimal_change": ("--minimal-change", "--any-change"),
}  # fmt: skip


def flags_between(asked: "PlanOptions", wanted: "PlanOptions") -> tuple[list[str], list[str]]:
    """Return the flags to add to what was asked, and those to leave out, to ask for what is wanted."""
    add, leave_out = [], []
    for name, flag in _NUMBERS.items():
        value = getattr(wanted, name)
        if value == getattr(asked, name):
            continue
        if value is None:
            leave_out.append(flag)
        else:
            add.append(f"{flag} {value}")
    for name, (on, off) in _SWITCHES.items():
        if getattr(wanted, name) != getattr(asked, name):
            add.append(on if getattr(wanted, name) else off)
    for name in ("locks", "conditions", "seams"):
        before, after = getattr(asked, name), getattr(wanted, name)
        leave_out += [flag for one in before if one not in after for flag in _told(one)]
        add += [flag for one in after if one not in before for flag in _told(one)]
    return [flag for flag in add if flag not in leave_out], [flag for flag in leave_out if flag not in add]


def _told(wish: "Lock | Condition | SeamRule") -> list[str]:
    """Return the flags that ask for a lock, a condition or a rule of borders."""
    from geo.partition.plan import Condition, Lock

    if isinstance(wish, Lock):
        if wish.kind in ("whole", "as_is", "free"):
            ending = {"whole": "", "as_is": ":as-is", "free": ":free"}[wish.kind]
            return [_quoted("--lock", one + ending) for one in wish.ids]
        said = f"a lock {wish.kind} of communities {', '.join(wish.ids)} (in the options file)"
        return [_quoted(f"--{wish.kind}", ",".join(wish.ids)) if wish.of == "blocks" else said]
    if isinstance(wish, Condition):
        if wish.kind == "office":
            return [_quoted("--keep-office", wish.community)]
        flag = {"has": "--stay", "lacks": "--without", "not_touching": "--not-touching"}[wish.kind]
        before = ESTATE if wish.of == "estates" else ""
        return [_quoted(flag, f"{wish.community}={','.join(before + one for one in wish.ids)}")]
    feature = " ".join(part for part in (wish.feature_class, wish.feature_name) if part)
    strength = f"={wish.strength:g}" if wish.rule == "prefer" and wish.strength != 1 else ""
    return [_quoted(f"--{wish.rule.replace('_', '-')}", feature + strength)]


def _quoted(flag: str, value: str) -> str:
    return f"{flag} {value if value.isalnum() else shlex.quote(value)}"
