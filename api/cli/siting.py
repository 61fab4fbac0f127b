"""The command `site`: where one more facility helps most, or several under a budget, or what a place by hand gives."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

import math
from collections.abc import Iterator, Sequence
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
    tell,
    unknown,
)
from api.cli.gaps import Figure, Name, Speed, Words, said, show_columns
from geo.errors import Fault, InfeasibleError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from shapely import Point

    from api.operations.siting import Found
    from geo.siting import FittingCosts, Placed, Sited, WhatIf


def site_facilities(
    study: StudyFile,
    need: Annotated[
        list[str],
        typer.Option(
            metavar="KEY", help="What is sought: a key that `shequ standards NAME` lists; several share premises."
        ),
    ],
    standard: Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="The standard it stands in.")] = "six-ones",
    model: Annotated[
        str,
        typer.Option(metavar="MODEL", help="mclp, lscp, p_median, p_center, capacitated_mclp, capacitated_p_median."),
    ] = "mclp",
    count_: Annotated[int | None, typer.Option("--count", help="New sites at most.")] = None,
    budget: Annotated[float | None, typer.Option(metavar="YUAN", help="What the sites may cost together.")] = None,
    capacity: Annotated[
        float | None, typer.Option(help="Places of a site where they are unknown (capacitated models).")
    ] = None,
    here: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]X,Y|ID[;…]",
            help="Compare places by hand: points (the study's metres, or longitude,latitude) or ids of candidates.",
        ),
    ] = None,
    equity: Annotated[
        str,
        typer.Option(
            metavar="none|worst_first|SHARE",
            help="Who comes first: most people, the worst-off community, or a least covered share (0 to 1).",
        ),
    ] = "none",
    complexes: Annotated[
        int, typer.Option(help="At least so many embedded complexes (several services in 600 m²).")
    ] = 0,
    prices: Annotated[
        str | None,
        typer.Option(
            metavar="ROOMS,BUILDING,GROUND",
            help="Yuan per m² of fitting out rooms, building, laying ground; without: examples.",
        ),
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,…", help="Where to look: idle_building, idle_land, public_land, growing, search_point."
        ),
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A candidate that must be used; may be repeated.")
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A candidate that may not be; may be repeated.")
    ] = None,
    count_small: Annotated[
        bool, typer.Option("--count-small/--not-small", help="Whether today's too small facilities count as there.")
    ] = True,
    speed: Speed = "adult",
    seconds: Annotated[float, typer.Option(help="About how long to search.")] = 60.0,
    out: Out = Path("siting"),
    lang: Language = Lang.zh,
) -> None:
    """Find where what is missing helps most; today's facilities stay and already count.

    One need: the best sites among idle rooms and land, public plots and facilities that can grow, with the proof how
    good they are and what each adds. Several needs, or one with `--equity`, `--complexes` or `--prices`: premises
    fitted out and shared under a budget. `--here`: what places by hand give. Writes `map.html`, `report.xlsx`,
    `report.docx` and `siting.gpkg`.

    Examples: `shequ site town.gpkg --need elders --count 3` ·
    `shequ site town.gpkg --need station --need elders --need childcare --budget 6000000 --equity worst_first` ·
    `shequ site town.gpkg --need culture --here "school yard=500120,3341010" --here XZ012`
    """
    from api.operations.siting import (
        compare_sites,
        place_study,
        require_found_place,
        site_study,
        siting_model,
        write_found,
    )
    from geo.siting import PlacingOptions
    from geo.siting.site import requirement_of

    given = {
        "--model": model != "mclp", "--count": count_ is not None, "--budget": budget is not None,
        "--capacity": capacity is not None, "--equity": equity != "none", "--complexes": complexes != 0,
        "--prices": prices is not None, "--keep": bool(keep), "--leave-out": bool(leave_out),
    }  # fmt: skip
    shared = len(need) > 1 or any(given[each] for each in _SHARED_ONLY)
    if faults := [
        *_misfits(given, model=model, here=bool(here), shared=shared, needs=len(need)),
        *_number_faults(seconds, budget, count_),
    ]:
        raise InputError(faults)
    sought = [requirement_of(key, standard) for key in need]
    chosen = tuple(part.strip() for part in kinds.split(",")) if kinds is not None else None
    require_found_place(out)
    try:
        with progress_bar() as told:
            if here:
                found = compare_sites(
                    study, requirement=sought[0], options=_places(here), kinds=chosen, count_small=count_small,
                    speed=speed, seconds=seconds, told=told,
                )  # fmt: skip
            elif shared:
                options = PlacingOptions(
                    budget=float("inf") if budget is None else budget, count=count_, equity=_equity(equity),
                    complexes=complexes, keep=tuple(keep or ()), leave_out=tuple(leave_out or ()),
                    count_small=count_small,
                )  # fmt: skip
                found = place_study(
                    study, requirements=sought, options=options, costs=_prices(prices), kinds=chosen, speed=speed,
                    seconds=seconds, told=told,
                )  # fmt: skip
            else:
                found = site_study(
                    study, requirement=sought[0], model=siting_model(model), count=count_, budget=budget,
                    capacity=capacity, kinds=chosen, keep=tuple(keep or ()), leave_out=tuple(leave_out or ()),
                    count_small=count_small, speed=speed, seconds=seconds, told=told,
                )  # fmt: skip
            files = write_found(found, out, lang=lang.value, told=told)
    except InfeasibleError as error:
        tell(
            "[bold red]no such choice of sites[/]" if lang == Lang.en else "[bold red]没有可行的选址方案[/]",
            marked=True,
        )
        for reason in error.reasons if lang == Lang.en else error.reasons_zh or error.reasons:
            tell(f"  • {said(reason, lang)}")
        tell(
            "  remedy: ask for less, give more money or more --kinds of candidates; nothing was written"
            if lang == Lang.en else "  remedy: 降低要求,增加资金,或用 --kinds 增加备选点的种类;没有写出任何文件"
        )  # fmt: skip
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
        say(said(answer.text_en if english else answer.text_zh, lang))
        _show_sites(answer, lang) if isinstance(answer, Sited) else _show_premises(answer, lang)
    for zh, en in answer.notes:
        say(f"• {said(en if english else zh, lang)}")


def _show_sites(answer: "Sited", lang: Lang) -> None:
    if not len(answer.sites):
        return
    heads = ("site", "name", "newly covered", "users", "walk before, m", "after, m") if lang == Lang.en else (
        "编号", "名称", "新增覆盖", "就近使用", "步行前(米)", "步行后(米)")  # fmt: skip
    show_columns([Figure(), Name(heads[0]), Words(heads[1]), *map(Figure, heads[2:])], [
        (count(row["rank"]), str(key), _name(row, lang),
         *(count(row[each]) for each in ("people_new", "users", "mean_before_m", "mean_after_m")))
        for key, row in answer.sites.iterrows()
    ])  # fmt: skip
    for _, row in answer.sites.iterrows():
        say(said(row[f"text_{lang.value}"], lang), indent=2)


def _show_premises(answer: "Placed", lang: Lang) -> None:
    if not len(answer.sites):
        return
    heads = ("premises", "name", "takes", "m² used", "10,000 yuan") if lang == Lang.en else (
        "编号", "名称", "设置", "使用㎡", "费用(万元)")  # fmt: skip
    kinds = (Name, Words, Words, Figure, Figure)
    show_columns([Figure(), *(kind(head) for kind, head in zip(kinds, heads, strict=True))], [
        (count(row["rank"]), str(key), _name(row, lang), said(row[f"requirements_{lang.value}"], lang),
         count(row["used_m2"]), "?" if unknown(row["cost"]) else f"{row['cost'] / 1e4:,.1f}")
        for key, row in answer.sites.iterrows()
    ])  # fmt: skip


def _show_options(answer: "WhatIf", lang: Lang) -> None:
    heads = ("option", "sites", "newly covered", "covered", "mean walk, m", "of the best") if lang == Lang.en else (
        "方案", "处数", "新增覆盖", "覆盖率", "平均步行(米)", "相当于最优")  # fmt: skip
    show_columns([Words(heads[0]), *map(Figure, heads[1:])], [
        (_option(str(key), lang), count(row["sites"]), count(row["people_new"]), _share(row["covered_share"]),
         count(row["mean_m"]), _share(row["share_of_best"]))
        for key, row in answer.options.iterrows()
    ])  # fmt: skip
    for _, row in answer.options.iterrows():
        say(said(row[f"text_{lang.value}"], lang), indent=2)
    for (option, _), row in answer.points.iterrows():
        if row["reason"]:
            say(f"• {option}: {said(row[f'reason_{lang.value}'], lang)}")


def _option(key: str, lang: Lang) -> str:
    """Return what an option is called; today and the best are no names of anybody's."""
    if lang == Lang.en:
        return key
    return "现状" if key == "today" else key.replace("best ", "最优") + "处" if key.startswith("best ") else key


def _name(row: "pd.Series", lang: Lang) -> str:
    name = row["name_en"] if lang == Lang.en and not unknown(row["name_en"]) else row["name"]
    return "" if unknown(name) else str(name)


def _share(value: object) -> str:
    return "–" if unknown(value) else f"{value:.0%}"


# ── what was given ───────────────────────────────────────────────────────────────────────────────────────────────────
_SHARED_ONLY = ("--equity", "--complexes", "--prices")
"""Options that make even one need a question of premises fitted out under a budget."""


def _misfits(given: "Mapping[str, bool]", *, model: str, here: bool, shared: bool, needs: int) -> Iterator[Fault]:
    """Yield the options that the question would not look at: nothing is left aside in silence."""
    if here and needs > 1:
        yield Fault("--here compares places for one need", "give --need once")
    if here:
        for name in (name for name, is_given in given.items() if is_given):
            yield Fault(f"--here compares the places as they are; {name} says nothing to it",
                        f"leave out {name}, or --here")  # fmt: skip
    elif not shared and given["--capacity"] and not model.startswith("capacitated"):
        yield Fault(f"--capacity is for models that count room, not for {model}",
                    "leave it out, or use --model capacitated_mclp or capacitated_p_median")  # fmt: skip
    elif shared:
        why = "several needs" if needs > 1 else "a need with --equity, --complexes or --prices"
        for name in ("--model", "--capacity"):
            if given[name]:
                yield Fault(f"{name} is for one need alone, not for {why}", f"leave out {name}, or ask for one need")


def _number_faults(seconds: float, budget: float | None, most: int | None) -> Iterator[Fault]:
    if most is not None and most < 1:
        yield Fault(f"--count is {most}", "ask for at least one new site")
    if not seconds > 0:
        yield Fault(f"--seconds is {seconds:g}", "give more than 0 seconds to search in")
    if budget is not None and not budget >= 0:
        yield Fault(f"--budget is {budget:g}", "give an amount of 0 or more [yuan]")


def _places(given: Sequence[str]) -> "dict[str, list[str | Point]]":
    options: dict[str, list[str | Point]] = {}
    for text in given:
        name, sign, rest = text.rpartition("=")
        places = [_place(part.strip()) for part in (rest if sign else text).split(";")]
        called = name.strip() if sign else text.strip()
        if not called or called in options or not all(places):
            raise InputError(Fault(f"--here {text}: a name that stands twice, or a name or place that is empty",
                                   'write it like --here "school yard=500120,3341010" or --here XZ012'))  # fmt: skip
        options[called] = places
    return options


def _place(text: str) -> "str | Point":
    """Return the point that a text gives, else the text: the id of a candidate."""
    from shapely import Point

    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        return text
    if not (math.isfinite(x) and math.isfinite(y)):
        raise InputError(Fault(f"--here {text}: a coordinate is not a number",
                               'write it like --here "school yard=500120,3341010"'))  # fmt: skip
    return Point(x, y)


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
