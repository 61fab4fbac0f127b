"""The command `site`: where one more facility helps most, or several under a budget, or what a place by hand gives."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.console import (
    ABOUT_SITING,
    NO_ANSWER,
    Lang,
    Language,
    Out,
    StudyFile,
    count,
    progress_bar,
    say,
    show_files,
    show_table,
    tell,
    unknown,
)
from api.cli.gaps import Speed
from geo.errors import Fault, InfeasibleError, InputError

if TYPE_CHECKING:
    import pandas as pd
    from shapely import Point

    from api.operations import Found
    from geo.siting import FittingCosts, Placed, Sited, WhatIf

_POINT = re.compile(r"^\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*$")


def site_facilities(
    study: StudyFile,
    need: Annotated[
        list[str],
        typer.Option(metavar="KEY", help="What is sought, as `shequ standards NAME` lists it; several share premises."),
    ],
    standard: Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="The standard it stands in.")] = "six-ones",
    model: Annotated[
        str,
        typer.Option(metavar="MODEL", help="mclp, lscp, p_median, p_center, capacitated_mclp, capacitated_p_median."),
    ] = "mclp",
    count_: Annotated[int | None, typer.Option("--count", help="New sites at most.")] = None,
    budget: Annotated[float | None, typer.Option(metavar="YUAN", help="What the sites may cost together.")] = None,
    capacity: Annotated[float | None, typer.Option(help="Places of a site where they are unknown.")] = None,
    here: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]X,Y|ID[;…]", help="Compare places by hand: points in the study's metres, or ids."),
    ] = None,
    equity: Annotated[
        str, typer.Option(metavar="none|worst_first|SHARE", help="Several needs: who comes first, or a floor (0 to 1).")
    ] = "none",
    complexes: Annotated[int, typer.Option(help="Several needs: at least so many embedded complexes.")] = 0,
    prices: Annotated[
        str | None,
        typer.Option(metavar="ROOMS,BUILDING,GROUND", help="Yuan per m²: fitting out rooms, building, laying ground."),
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(metavar="KIND,…", help="idle_building, idle_land, public_land, growing, search_point.")
    ] = None,
    keep: Annotated[list[str] | None, typer.Option(metavar="ID", help="A candidate that must be used.")] = None,
    leave_out: Annotated[list[str] | None, typer.Option(metavar="ID", help="A candidate that may not be.")] = None,
    speed: Speed = "adult",
    seconds: Annotated[float, typer.Option(help="About how long to search.")] = 60.0,
    out: Out = Path("siting"),
    lang: Language = Lang.zh,
) -> None:
    """Find where what is missing helps most; today's facilities stay and already count.

    One need: the best sites among idle rooms and land, public plots and facilities that can grow, with the proof how
    good they are and what each adds. Several needs: premises shared under a budget. `--here`: what places by hand give.
    Writes `map.html`, `report.xlsx`, `report.docx` and `siting.gpkg`.

    Examples: `shequ site town.gpkg --need elders --count 3` ·
    `shequ site town.gpkg --need station --need elders --need childcare --budget 6000000 --equity worst_first` ·
    `shequ site town.gpkg --need culture --here "school yard=500120,3341010" --here XZ012`
    """
    from api import operations
    from geo.siting import PlacingOptions
    from geo.siting.site import requirement_of

    sought = [requirement_of(key, standard) for key in need]
    operations.require_found_place(out)
    chosen = tuple(kinds.split(",")) if kinds else None
    try:
        with progress_bar() as told:
            if here:
                if len(sought) > 1:
                    raise InputError(Fault("--here compares places for one need", "give --need once"))
                found = operations.compare_sites(
                    study, requirement=sought[0], options=_places(here), kinds=chosen, speed=speed, seconds=seconds,
                    told=told,
                )  # fmt: skip
            elif len(sought) > 1:
                options = PlacingOptions(
                    budget=float("inf") if budget is None else budget, count=count_, equity=_equity(equity),
                    complexes=complexes, keep=tuple(keep or ()), leave_out=tuple(leave_out or ()),
                )  # fmt: skip
                found = operations.place_study(
                    study, requirements=sought, options=options, costs=_prices(prices), kinds=chosen, speed=speed,
                    seconds=seconds, told=told,
                )  # fmt: skip
            else:
                found = operations.site_study(
                    study, requirement=sought[0], model=operations.siting_model(model), count=count_, budget=budget,
                    capacity=capacity, kinds=chosen, keep=tuple(keep or ()), leave_out=tuple(leave_out or ()),
                    speed=speed, seconds=seconds, told=told,
                )  # fmt: skip
            files = operations.write_found(found, out, lang=lang.value, told=told)
    except InfeasibleError as error:
        tell(
            "[bold red]no such choice of sites[/]" if lang == Lang.en else "[bold red]没有可行的选址方案[/]",
            marked=True,
        )
        for reason in error.reasons if lang == Lang.en else error.reasons_zh or error.reasons:
            tell(f"  • {reason}")
        raise typer.Exit(NO_ANSWER) from error
    show_found(found, lang)
    show_files(files, ABOUT_SITING)


def show_found(found: "Found", lang: Lang) -> None:
    """Print an answer of siting: the sites and what each gives, how good the choice is, what has to be said."""
    from geo.siting import Sited, WhatIf

    answer, english = found.answer, lang == Lang.en
    if isinstance(answer, WhatIf):
        _show_options(answer, lang)
    else:
        say(answer.text_en if english else answer.text_zh)
        _show_sites(answer, lang) if isinstance(answer, Sited) else _show_premises(answer, lang)
        choice = answer.choice if isinstance(answer, Sited) else answer
        say(_proof(choice.gap, choice.seconds, choice.method, proven=choice.proven, english=english))
    for zh, en in answer.notes:
        say(f"• {en if english else zh}")


def _show_sites(answer: "Sited", lang: Lang) -> None:
    english = lang == Lang.en
    heads = ("", "site", "name", "newly covered", "users", "walk before m", "after m") if english else (
        "", "编号", "名称", "新增覆盖人口", "使用人口", "步行(前)米", "(后)米")  # fmt: skip
    show_table(heads, [
        (count(row["rank"]), str(key), _name(row, english=english), count(row["people_new"]), count(row["users"]),
         count(row["mean_before_m"]), count(row["mean_after_m"]))
        for key, row in answer.sites.iterrows()
    ])  # fmt: skip
    for _, row in answer.sites.iterrows():
        say(str(row[f"text_{lang.value}"]), indent=2)


def _show_premises(answer: "Placed", lang: Lang) -> None:
    english = lang == Lang.en
    heads = ("", "premises", "name", "takes", "m² used", "cost, 10,000 yuan") if english else (
        "", "编号", "名称", "设置", "使用㎡", "费用(万元)")  # fmt: skip
    show_table(heads, [
        (count(row["rank"]), str(key), _name(row, english=english), row[f"requirements_{lang.value}"],
         count(row["used_m2"]), "?" if unknown(row["cost"]) else f"{row['cost'] / 1e4:,.1f}")
        for key, row in answer.sites.iterrows()
    ])  # fmt: skip
    for _, row in answer.gains.iterrows():
        say(str(row[f"text_{lang.value}"]), indent=2)


def _show_options(answer: "WhatIf", lang: Lang) -> None:
    english = lang == Lang.en
    heads = ("option", "sites", "newly covered", "covered", "mean m", "of the best") if english else (
        "方案", "处数", "新增覆盖人口", "覆盖率", "平均步行米", "相对最优")  # fmt: skip
    show_table(heads, [
        (str(key), count(row["sites"]), count(row["people_new"]), _share(row["covered_share"]), count(row["mean_m"]),
         _share(row["share_of_best"]))
        for key, row in answer.options.iterrows()
    ])  # fmt: skip
    for _, row in answer.options.iterrows():
        say(str(row[f"text_{lang.value}"]), indent=2)


def _name(row: "pd.Series", *, english: bool) -> str:
    name = row["name_en"] if english and not unknown(row["name_en"]) else row["name"]
    return "" if unknown(name) else str(name)


def _share(value: object) -> str:
    return "?" if unknown(value) else f"{value:.0%}"


def _proof(gap: float, seconds: float, method: str, *, proven: bool, english: bool) -> str:
    if english:
        how = "proven: no choice is better" if proven else f"no choice is better by more than {gap:.2%}"
        return f"{how} ({method}, {seconds:.1f} s)"
    how = "已证明没有更优方案" if proven else f"与最优的差距不超过{gap:.2%}"
    return f"{how}({method},{seconds:.1f}秒)"


# ── what was given ───────────────────────────────────────────────────────────────────────────────────────────────────
def _places(given: Sequence[str]) -> "dict[str, list[str | Point]]":
    from shapely import Point

    options: dict[str, list[str | Point]] = {}
    for text in given:
        name, sign, rest = text.rpartition("=")
        places: list[str | Point] = []
        for part in (rest if sign else text).split(";"):
            at = _POINT.match(part)
            places.append(Point(float(at[1]), float(at[2])) if at else part.strip())
        title_ = name.strip() if sign else text.strip()
        if title_ in options or not all(places):
            raise InputError(Fault(f"--here {text}: a name that stands twice, or a place that is empty",
                                   'write it like --here "school yard=500120,3341010" or --here XZ012'))  # fmt: skip
        options[title_] = places
    return options


def _equity(text: str) -> "float | Literal['none', 'worst_first']":
    match text:
        case "none":
            return "none"
        case "worst_first":
            return "worst_first"
    try:
        return float(text)
    except ValueError as error:
        raise InputError(Fault(f"--equity {text} is neither a word nor a share",
                               "use none, worst_first, or a number from 0 to 1")) from error  # fmt: skip


def _prices(text: str | None) -> "FittingCosts":
    from geo.siting import EXAMPLE_COSTS, FittingCosts

    if text is None:
        return EXAMPLE_COSTS
    try:
        rooms, building, ground = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(
            Fault(f"--prices {text} is not three numbers", "write it like --prices 1500,4000,400")
        ) from error
    return FittingCosts(rooms, building, ground)
