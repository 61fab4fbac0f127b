"""The commands `costs` and `programme`: what works cost here, and which of them a budget buys, safety first."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import (
    ABOUT_PROGRAMME,
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
    title,
    unknown,
)
from api.cli.surveying import Catalogue, Menu, Today, day_of
from geo.errors import Fault, InfeasibleError, InputError

if TYPE_CHECKING:
    from api.operations.programmes import Programmed

_SUMS = {
    "need_met": ("满足的需求", "need met"), "need_share": ("满足的比例", "share of need"),
    "waiting": ("安全等待(需求×年)", "safety waits (need × years)"),
    "public_yuan": ("政府资金(元)", "public money (yuan)"),
    "residents_yuan": ("居民出资(元)", "residents (yuan)"), "social_yuan": ("社会资本(元)", "others (yuan)"),
    "cost_yuan": ("总投资(元)", "cost in all (yuan)"), "left_yuan": ("结余(元)", "left over (yuan)"),
    "measures": ("措施数", "measures"), "safety": ("其中安全", "of safety"),
    "elder_child": ("其中一老一小", "for old and young"), "sites": ("小区(地块)数", "sites"),
}  # fmt: skip
_YEARS = re.compile(r"^(\d{4})(?:-(\d{4}))?$")


def write_costs(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The sheet to write, .xlsx or .csv.")] = Path(
        "costs.xlsx"
    ),
    menu: Menu = "renovation-menu-2020",
    lang: Language = Lang.zh,
) -> None:
    """Write the sheet of unit costs to fill in: every measure of the menu, its unit, and marked example prices.

    Example: `shequ costs --out costs.xlsx`, then `shequ programme town.gpkg --costs costs.xlsx --budget 5000000`
    """
    from api.operations import programmes
    from geo.standards import load_menu

    programmes.write_costs(out, load_menu(menu), lang=lang.value)
    show_files([out])


def make_programme(
    study: StudyFile,
    budget: Annotated[
        str, typer.Option(metavar="YUAN[,YUAN…]", help="Public money of each year; one number stands for all years.")
    ],
    years: Annotated[str, typer.Option(metavar="FIRST-LAST", help="The years of the programme, e.g. 2027-2031.")],
    costs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Unit costs (`shequ costs`). Without it: examples, marked as such."),
    ] = None,
    out: Out = Path("programme"),
    carry_over: Annotated[bool, typer.Option("--carry-over", help="Money left over may be spent later.")] = False,
    campaign_years: Annotated[int, typer.Option(help="The campaign of a site takes so many years running.")] = 1,
    safety_ahead: Annotated[
        bool, typer.Option("--safety-ahead/--safety-with-the-rest", help="Safety may go ahead of its site's campaign.")
    ] = True,
    safety_slack: Annotated[
        float, typer.Option(metavar="SHARE", help="Safety may wait so much longer in all, where other need gains.")
    ] = 0.005,
    sites_per_year: Annotated[
        int | None, typer.Option(help="Sites that have their campaign in a year, at most.")
    ] = None,
    capacity: Annotated[
        list[str] | None, typer.Option(metavar="MEASURE=NUMBER", help="What can be done of a measure in a year.")
    ] = None,
    equity: Annotated[
        float, typer.Option(metavar="SHARE", help="Every community has this share of its need met, at least (0 to 1).")
    ] = 0.0,
    max_share: Annotated[
        float | None, typer.Option(metavar="SHARE", help="No community gets more than this share of the public money.")
    ] = None,
    elder_child: Annotated[int, typer.Option(help="Measures for the old and for children (一老一小), at least.")] = 0,
    lock: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=YEAR|in", help="A measure or site (estate) that must be done, in that year or any."),
    ] = None,
    forbid: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A measure, or a site, that must not be done.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ownership ledger: lifts are ready where the owners consent.")
    ] = None,
    lift_consent: Annotated[
        str, typer.Option(metavar="ID,ID…", help="Buildings whose owners have consented to a lift.")
    ] = "",
    unpriced: Annotated[
        str, typer.Option(metavar="refuse|report", help="Safety measures without price or quantity: refuse, or report.")
    ] = "refuse",
    start: Annotated[Path | None, typer.Option(metavar="programme.json", help="A programme to begin from.")] = None,
    stay_near: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Give up at most this share of need to stay near --start.")
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option(metavar="programme.json", help="Compare with a programme made before.")
    ] = None,
    curve: Annotated[
        str | None,
        typer.Option(metavar="YUAN[,YUAN…]", help="What more public money would buy, e.g. 1000000,2000000."),
    ] = None,
    seconds: Annotated[float, typer.Option(help="About how long to search.")] = 60.0,
    gap: Annotated[float, typer.Option(help="Proven within this share of the best is good enough.")] = 0.001,
    catalogue: Catalogue = "examination-2025",
    menu: Menu = "renovation-menu-2020",
    today: Today = None,
    lang: Language = Lang.zh,
) -> None:
    """Choose and phase renovation works under yearly budgets: safety first, one plan per estate, dig once.

    Every safety measure is done, as early as the money allows; then as much weighted need as possible is met. When the
    money does not reach for safety, the sum that is missing is said (exit code 3). Writes `programme.json`, `map.html`,
    `report.xlsx`, `report.docx` and `programme.gpkg`.

    Examples: `shequ programme town.gpkg --years 2027-2031 --budget 12000000 --costs costs.xlsx` ·
    `shequ programme town.gpkg --years 2027-2029 --budget 2e7,1.5e7,1e7 --lock XQ012=2027 --forbid XQ040
    --start programme/programme.json --against programme/programme.json --out programme-2`
    """
    from api.operations.programmes import (
        programme_options,
        programme_study,
        read_costs,
        read_programme,
        require_programmed_place,
        write_programmed,
    )
    from geo.standards import load_catalogue, load_menu

    asked = _years(years)
    options = programme_options({
        "years": asked, "budgets_yuan": _budgets(budget, len(asked)), "carry_over": carry_over,
        "campaign_years": campaign_years, "safety_ahead": safety_ahead, "safety_slack": safety_slack,
        "sites_per_year": sites_per_year,
        "capacities": dict(_pair(one, "--capacity") for one in capacity or ()), "equity_floor": equity,
        "max_share_per_community": max_share, "elder_child_min": elder_child,
        "locked": {key: value if value == "in" else _whole(value, "--lock")
                   for key, value in (_pair(one, "--lock") for one in lock or ())},
        "forbidden": tuple(forbid or ()), "unpriced_safety": unpriced, "stay_near": stay_near,
        "time_limit_s": seconds, "gap": gap,
    })  # fmt: skip
    known = load_menu(menu)
    prices = read_costs(costs, known)
    require_programmed_place(out)
    begun = None if start is None else read_programme(start)
    others = {f"{path.parent.name}/{path.name}": read_programme(path) for path in against or ()}
    try:
        with progress_bar() as told:
            done = programme_study(
                study, catalogue=load_catalogue(catalogue), menu=known, costs=prices, options=options,
                today=day_of(today), start=begun, against=others, ledger=ledger,
                lift_consent=tuple(each for each in lift_consent.split(",") if each),
                steps=_numbers(curve, "--curve") if curve else (), told=told,
            )  # fmt: skip
            files = write_programmed(done, out, lang=lang.value, told=told)
    except InfeasibleError as error:
        reasons = error.reasons if lang == Lang.en else error.reasons_zh or error.reasons
        tell("[bold red]no such programme[/]: the request has no answer, and safety was not traded away"
             if lang == Lang.en else "[bold red]没有可行的计划[/]: 安全底线不让步", marked=True)  # fmt: skip
        for reason in reasons:
            tell(f"  • {reason}")
        raise typer.Exit(NO_ANSWER) from error
    show_programme(done, lang)
    show_files(files, ABOUT_PROGRAMME)


def show_programme(done: "Programmed", lang: Lang) -> None:
    """Print a programme year by year, how good it is known to be, what more money buys, and what has to be said."""
    made, english = done.programme, lang == Lang.en
    years = made.years
    title(f"{years.index[0]}–{years.index[-1]}: {int(years['measures'].sum()):,} of {len(made.choice):,} measures, "
          f"{years['spent_yuan'].sum() / 1e4:,.0f} × 10,000 yuan of public money" if english
          else f"{years.index[0]}—{years.index[-1]}年: {len(made.choice)}项措施中列入{int(years['measures'].sum())}项,"
          f"政府资金{years['spent_yuan'].sum() / 1e4:,.0f}万元")  # fmt: skip
    heads = ("year", "budget", "spent", "left", "measures", "safety", "sites", "need met") if english else (
        "年度", "预算(万元)", "安排", "结余", "措施", "其中安全", "小区(地块)", "满足需求")  # fmt: skip
    show_table(heads, [
        (str(year), *(f"{row[key] / 1e4:,.1f}" for key in ("budget_yuan", "spent_yuan", "left_yuan")),
         *(count(row[key]) for key in ("measures", "safety", "sites", "need_met")))
        for year, row in years.iterrows()
    ])  # fmt: skip
    share = made.need_met / made.need_total if made.need_total else 1.0
    say(f"need met: {share:.1%}; " + (f"proven within {made.gap:.2%} of the best" if made.proven
        else f"at most {made.gap:.2%} below the best") if english
        else f"满足加权需求{share:.1%};" + (f"已证明与最优相差不超过{made.gap:.2%}" if made.proven
        else f"与最优的差距不超过{made.gap:.2%}"))  # fmt: skip
    if done.curve is not None:
        title("what more public money buys" if english else "增加政府资金的效果")
        show_table(
            ("extra, 10,000 yuan", "need met, more", "measures, more") if english
            else ("增加(万元)", "多满足需求", "多列措施"),
            [(f"{extra / 1e4:,.0f}", "?" if unknown(row["need_met_more"]) else f"{row['need_met_more']:,.0f}",
              count(row["measures_more"])) for extra, row in done.curve.points.iterrows()],
        )  # fmt: skip
    if done.comparison is not None:
        sums = done.comparison.sums
        title("side by side" if english else "方案比较")
        new = {"new": ("新计划", "this one")[english]}
        show_table(("", *(new.get(str(name), str(name)) for name in sums.columns)), [
            (_SUMS[str(key)][english], *map(_sum, row))
            for key, row in sums.iterrows()
        ])  # fmt: skip
    for zh, en in made.notes:
        say(f"• {en if english else zh}")


def _sum(value: Any) -> str:  # noqa: ANN401 - a number of pandas, or missing
    return "?" if unknown(value) else f"{value:,.2f}".rstrip("0").rstrip(".")


# ── what was given ───────────────────────────────────────────────────────────────────────────────────────────────────
def _years(text: str) -> tuple[int, ...]:
    found = _YEARS.match(text.strip())
    if found is None:
        raise InputError(Fault(f"--years {text} is no span of years", "write it like 2027-2031"))
    first, last = int(found[1]), int(found[2] or found[1])
    if not first <= last < first + 100:
        raise InputError(Fault(f"--years {text} does not run from an earlier to a later year",
                               "write it like 2027-2031"))  # fmt: skip
    return tuple(range(first, last + 1))


def _budgets(text: str, years: int) -> tuple[float, ...]:
    given = _numbers(text, "--budget")
    return given * years if len(given) == 1 else given


def _numbers(text: str, flag: str) -> tuple[float, ...]:
    try:
        return tuple(float(part.replace("_", "")) for part in text.split(","))
    except ValueError as error:
        raise InputError(Fault(f"{flag} {text} is no number of yuan", f"write it like {flag} 12000000")) from error


def _whole(text: str, flag: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InputError(Fault(f"{flag}: {text} is no year", "write it like XQ012=2027, or XQ012=in")) from error


def _pair(text: str, flag: str) -> tuple[str, Any]:
    key, sign, value = text.rpartition("=")
    if not sign or not key or not value:
        raise InputError(Fault(f"{flag} {text} has no ID=VALUE", f"write it like {flag} XQ012=2027"))
    return key, value
