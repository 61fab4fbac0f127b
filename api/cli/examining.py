"""The command `examine`: every indicator of a catalogue, old estates in their order, and the papers of it."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import (
    ABOUT_EXAMINATION,
    Lang,
    Language,
    Out,
    StudyFile,
    count,
    progress_bar,
    say,
    show_files,
    show_table,
    title,
    unknown,
)
from api.cli.surveying import Catalogue, Menu, Today, day_of

if TYPE_CHECKING:
    import pandas as pd

    from api.operations.examinations import Examined

SHOWN_CANDIDATES = 12


def examine_study(
    study: StudyFile,
    out: Out = Path("examination"),
    catalogue: Catalogue = "examination-2025",
    today: Today = None,
    rules: Annotated[
        str, typer.Option(metavar="NAME|FILE.toml", help="Positive and negative list for old estates.")
    ] = "old-estates-2021",
    menu: Menu = "renovation-menu-2020",
    costs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Unit costs (`shequ costs`). Without it: examples, marked as such."),
    ] = None,
    sites: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV or .xlsx by estate: share of owners who consent, and what is declared."),
    ] = None,
    projects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV or .xlsx of projects, for the statistics of progress.")
    ] = None,
    year: Annotated[
        int | None, typer.Option(help="Plan year of those statistics. Default: the year of --today.")
    ] = None,
    lang: Language = Lang.zh,
) -> None:
    """Count the official indicators from what surveys found, and rank the old estates for renovation.

    Every figure stands beside how much was surveyed; what nobody looked at is unknown, never zero. Writes `map.html`,
    `report.xlsx` and `report.docx` (survey table, ledger, problem list, remedy list) and `examination.gpkg`.

    Examples: `shequ examine town.gpkg --out examination` · `shequ examine town.gpkg --catalogue examination-2023` ·
    `shequ examine town.gpkg --sites consent.xlsx --projects projects.xlsx`
    """
    from api.operations import examinations
    from api.operations.programmes import read_costs
    from geo.standards import load_catalogue, load_menu, load_site_rules

    edition, tests, known = load_catalogue(catalogue), load_site_rules(rules), load_menu(menu)
    prices = read_costs(costs, known)
    examinations.require_examined_place(out)
    with progress_bar() as told:
        examined = examinations.examine_study(
            study, catalogue=edition, rules=tests, menu=known, costs=prices,
            today=day_of(today), sites=sites, projects=projects, year=year,
            told=told,
        )  # fmt: skip
        files = examinations.write_examined(examined, out, lang=lang.value, told=told)
    show_examined(examined, lang)
    show_files(files, ABOUT_EXAMINATION)


def show_examined(examined: "Examined", lang: Lang, *, brief: bool = False) -> None:
    """Print the indicators with their coverage, the first candidates, and what has to be said.

    `brief` leaves out indicators that were entered by hand, and notes.
    """
    from geo.examination.candidates import GROUPS

    found, english = examined.examination, lang == Lang.en
    table = found.indicators
    named = found.catalogue.title_en if english else found.catalogue.title_zh
    known = table["status"].value_counts()
    title(named)
    computed, entered, missing = (int(known.get(each, 0)) for each in ("computed", "entered", "unknown"))
    say(f"{len(table)} indicators: {computed} computed, {entered} entered by hand, {missing} unknown" if english
        else f"共{len(table)}项指标: 计算{computed}项,填报{entered}项,未知{missing}项")  # fmt: skip
    heads = ("no.", "indicator", "value", "unit", "surveyed", "coverage") if english else (
        "序号", "指标", "数值", "单位", "已查", "覆盖率")  # fmt: skip
    shown = ("computed",) if brief else ("computed", "entered")
    rows = [_indicator(number, row, lang) for number, row in table.iterrows() if row["status"] in shown]
    show_table(heads, rows)
    ranked = examined.candidates.table
    groups = ranked["group"].value_counts()
    title("  ".join(f"{words[english]} {groups[key]:,}" for key, words in GROUPS.items() if key in groups))
    side = lang.value
    first = ranked[ranked["rank"].notna()].head(SHOWN_CANDIDATES // 4 if brief else SHOWN_CANDIDATES)
    for key, row in first.iterrows():
        name = row["name_en"] if english and isinstance(row["name_en"], str) and row["name_en"] else row["name"]
        say(f"{row['rank']}. {name if isinstance(name, str) else key} ({key})  {row['points_total']:.1f}")
        say(str(row[f"reasons_{side}"]), indent=4)
    for zh, en in () if brief else (*found.notes, *examined.candidates.notes):
        say(f"• {en if english else zh}")


def _indicator(number: object, row: "pd.Series", lang: Lang) -> tuple[str, ...]:
    value = "?" if unknown(row["value"]) else f"{row['value']:,.4g}" if row["value"] % 1 else f"{row['value']:,.0f}"
    share = "" if unknown(row["coverage"]) else f"{row['coverage']:.0%}"
    looked = "" if unknown(row["total"]) or not row["total"] else f"{count(row['surveyed'])}/{count(row['total'])}"
    return (str(number), row[f"title_{lang.value}"], value, row[f"unit_{lang.value}"], looked, share)
