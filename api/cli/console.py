"""What every command prints with: the screen, progress, tables, refusals as codes."""
# ruff: noqa: PLC0415 - commands import late, so that --help is quick

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

BAD_INPUT, NO_ANSWER, CANCELLED = 2, 3, 130
"""Exit codes: the data or a standard is wrong; the request has no answer; stopped by the user."""

ABOUT = {
    "study.gpkg": "the town's tables; goes to shequ blocks, households, plan",
    "plan.json": "the decision: which block belongs to which community",
    "plan.gpkg": "open it in QGIS; layers carry their styles",
    "map.html": "open it in a browser; needs no network",
    "report.xlsx": "communities, old × new matrix, moves, assumptions",
    "report.docx": "the plan in official wording",
    "alternatives.xlsx": "the plans side by side, their distances, what each gives up",
    "lifts.xlsx": "votes, screen, shares, lists to sign",
    "lifts.docx": "results to hang out, with lists to sign",
    "survey.xlsx": "the surveyors' workbook; goes back in with shequ survey read",
    "costs.xlsx": "unit costs to fill in; goes to shequ programme --costs",
    "programme.json": "the decision: which measure in which year",
    "programme.gpkg": "open it in QGIS; layers carry their styles",
    "gaps.gpkg": "open it in QGIS; layers carry their styles",
    "siting.gpkg": "open it in QGIS; layers carry their styles",
    "examination.gpkg": "open it in QGIS; layers carry their styles",
}

ABOUT_EXAMINATION = {
    "report.xlsx": "survey table, ledger, problem and remedy lists, candidates",
    "report.docx": "the examination as an official report",
}
ABOUT_PROGRAMME = {
    "report.xlsx": "year by year, site by site, what was not chosen and why",
    "report.docx": "the programme as an official document",
}
ABOUT_GAPS = {
    "report.xlsx": "requirement by requirement, community by community; six ones; access; assumptions",
    "report.docx": "the town, then one page per community",
}
ABOUT_SITING = {
    "report.xlsx": "sites and what each adds, candidates not taken and why, homes before and after",
    "report.docx": "the proposal as an official document",
}

_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))

shown = Console()
told_on = Console(stderr=True)


class Lang(StrEnum):
    """The language of maps, reports and sentences."""

    zh = "zh"
    en = "en"


StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="The study file that `shequ import` made.")]
PlanFile = Annotated[Path, typer.Argument(metavar="PLAN.json", help="A plan that `shequ plan` wrote for this study.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the outputs; other files in it stay.")]
Language = Annotated[Lang, typer.Option(help="Language of the report, and the one the map opens in.")]
Sentences = Annotated[Lang, typer.Option(help="Language of what is told.")]


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """Show a progress bar on stderr while the work runs; gives the function that moves it."""
    columns = (
        BarColumn(24),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=told_on, transient=True, disable=not told_on.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda doing, share: bar.update(task, description=escape(doing), completed=share)


def say(text: str, *, indent: int = 0) -> None:
    """Print a line of plain text, wrapped by the terminal and not by us."""
    shown.print(" " * indent + plain(text), soft_wrap=True, highlight=False)


def tell(text: str, *, marked: bool = False) -> None:
    """Print a line on stderr: what is no result."""
    told_on.print(text if marked else plain(text), soft_wrap=True, highlight=False)


def title(text: str) -> None:
    """Print a heading."""
    shown.print(f"[bold]{plain(text)}[/]", soft_wrap=True, highlight=False)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], **options: Any) -> None:  # noqa: ANN401 - rich's
    """Print a table; texts are shown as they are, whatever marks they hold."""
    table = Table(*(Column(heading, overflow="fold") for heading in columns), **options)
    for row in rows:
        table.add_row(*(plain(cell) for cell in row))
    shown.print(table)


def show_files(files: Iterable[Path], about: Mapping[str, str] = ABOUT) -> None:
    """List the files that were written, with what each is for; `about` goes before `ABOUT`."""
    for file in files:
        said = about.get(file.name) or ABOUT.get(file.name, "")
        shown.print(f"  {escape(str(file)):32} [dim]{said}[/]", soft_wrap=True, highlight=False)


def count(value: Any) -> str:  # noqa: ANN401 - a number of pandas, or missing
    """Return a whole number with its thousands, or what stands for an unknown one."""
    return "?" if unknown(value) else f"{value:,.0f}"


def unknown(value: Any) -> bool:  # noqa: ANN401
    """Return whether a number of pandas is missing; pandas itself is loaded only by the commands that need it."""
    import pandas as pd

    return bool(pd.isna(value))


def plain(text: object) -> str:
    """Return a text from a file for the terminal: neither marks nor control characters act."""
    return escape(str(text).translate(_CONTROLS))


def say_cancelled() -> None:
    """Tell that the user stopped the work."""
    told_on.print("cancelled; nothing was changed")
