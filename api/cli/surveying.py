"""The commands of `shequ survey`: the workbook that surveyors fill in, and reading it back."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import (
    BAD_INPUT,
    Lang,
    Language,
    Sentences,
    StudyFile,
    plain,
    progress_bar,
    say,
    show_files,
    show_table,
    tell,
    title,
)
from geo.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.survey.faults import CellFault
    from geo.survey.read import SurveyRead

survey = typer.Typer(
    no_args_is_help=True,
    help="""
The examination's survey: make the workbook, fill it in on site, read it back.

    shequ survey make town.gpkg --out survey.xlsx
    shequ survey read town.gpkg survey.xlsx --photos photos/

A file with a fault changes nothing: all its faults are listed at once, with sheet, cell, value and remedy.
""",
)

Catalogue = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE.toml", help="The catalogue of indicators: examination-2025, examination-2023 or your own."
    ),
]
Menu = Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="The menu: which measure answers which finding.")]
Today = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The day it is counted as of. Default: today.")]

SHOWN_FAULTS = 40
"""So many faults are shown on the screen; --faults writes all of them to a file."""


def day_of(given: str | None) -> str:
    """Return the day that was asked for, or today's.

    Raises
    ------
    InputError
        When it is no day.
    """
    try:
        return (date.today() if given is None else date.fromisoformat(given)).isoformat()
    except ValueError as error:
        raise InputError(Fault(f"--today {given} is no day", "write it like 2026-09-30")) from error


@survey.command("make")
def make_survey(
    study: StudyFile,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.xlsx", help="The workbook to write.")] = Path(
        "survey.xlsx"
    ),
    catalogue: Catalogue = "examination-2025",
    lang: Language = Lang.zh,
) -> None:
    """Make the survey workbook of a study: a sheet for each form, buildings filled in, drop-downs, locked codes.

    The study gets its examination units (体检单元), where it has blocks and no units yet.

    Example: `shequ survey make town.gpkg --out survey.xlsx`
    """
    from api.operations import surveys
    from geo.standards import load_catalogue

    edition = load_catalogue(catalogue)
    with progress_bar() as told:
        made = surveys.make_survey(study, out, catalogue=edition, lang=lang.value, told=told)
    counts = {name: len(made.tables.get(name, ())) for name in ("buildings", "estates", "units")}
    say("  ".join(f"{name} {number:,}" for name, number in counts.items()))
    show_files([out])


@survey.command("read")
def read_survey(
    study: StudyFile,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Workbooks of `survey make`, CSV or GeoJSON (KoboToolbox).")
    ],
    photos: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder with the photos they name.")] = None,
    valid_rows_only: Annotated[
        bool, typer.Option("--valid-rows-only", help="Leave rows with faults out, and store the others.")
    ] = False,
    faults: Annotated[
        Path | None, typer.Option(metavar="FILE.xlsx", help="Write every fault and warning to a workbook.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="For CSV and GeoJSON: which of their columns is what.")
    ] = None,
    catalogue: Catalogue = "examination-2025",
    today: Today = None,
    lang: Sentences = Lang.zh,
) -> None:
    """Read filled-in surveys into a study: every fault at once, nothing stored unless all is well.

    Findings are updated by their id and never doubled; what changed is kept as history. An empty cell is unknown.
    Reading the same file again changes nothing.

    Examples: `shequ survey read town.gpkg survey.xlsx` ·
    `shequ survey read town.gpkg survey.xlsx --valid-rows-only --faults faults.xlsx`
    """
    from api.operations.files import require_file_place
    from api.operations.surveys import Surveyed, read_survey_mapping, read_surveys, write_faults
    from geo.standards import load_catalogue

    edition = load_catalogue(catalogue)
    asked = None if mapping is None else read_survey_mapping(mapping)
    if faults is not None:
        require_file_place(faults)
    with progress_bar() as told:
        done = read_surveys(
            study, files, catalogue=edition, today=day_of(today), photos=photos, valid_rows_only=valid_rows_only,
            mapping=asked, told=told,
        )  # fmt: skip
    reads = done.reads if isinstance(done, Surveyed) else done
    written = []
    if faults is not None:
        write_faults(reads, faults, lang=lang.value)
        written.append(faults)
    for read in reads:
        _show_read(read, lang)
    if not isinstance(done, Surveyed):
        tell("[bold red]error[/]: nothing was stored" if lang == Lang.en else "[bold red]error[/]: 未导入任何数据",
             marked=True)  # fmt: skip
        tell(
            "  remedy: correct these cells, or leave their rows out with --valid-rows-only"
            if lang == Lang.en
            else "  remedy: 请改正以上单元格;或用 --valid-rows-only 只导入无误的行"
        )
        show_files(written)
        raise typer.Exit(BAD_INPUT)
    for read, stored in zip(done.reads, done.stored, strict=True):
        zh = (f"{Path(read.file).name}: 问题 新增{stored.new} 更新{stored.changed} 未变{stored.unchanged}; "
              f"查看记录 新增{stored.observations_new} 更新{stored.observations_changed} "
              f"未变{stored.observations_unchanged}")  # fmt: skip
        en = (f"{Path(read.file).name}: findings {stored.new:,} new, {stored.changed:,} changed, "
              f"{stored.unchanged:,} unchanged; observations {stored.observations_new:,} new, "
              f"{stored.observations_changed:,} changed, {stored.observations_unchanged:,} unchanged")  # fmt: skip
        title(en if lang == Lang.en else zh)
        if stored.older:
            say(f"{stored.older:,} records are older than what the study has, which was kept" if lang == Lang.en
                else f"{stored.older}条记录早于已有记录,保留已有的", indent=2)  # fmt: skip
        if stored.absent:
            say(f"{len(stored.absent):,} open findings are not in the file; they were kept" if lang == Lang.en
                else f"文件中没有列出的{len(stored.absent)}条未整治问题予以保留", indent=2)  # fmt: skip
    show_files([*written, study])


def _show_read(read: "SurveyRead", lang: Lang) -> None:
    name = plain(Path(read.file).name)
    kinds = Counter(each.kind for each in read.faults)
    if read.faults:
        title(
            f"{name}: {len(read.faults):,} faults of {len(kinds)} kinds"
            if lang == Lang.en
            else f"{name}: {len(read.faults)}处错误,{len(kinds)}类"
        )
        _show_cells(read.faults, lang)
    if read.warnings:
        title(f"{name}: {len(read.warnings):,} warnings" if lang == Lang.en else f"{name}: {len(read.warnings)}条提示")
        _show_cells(read.warnings, lang)


def _show_cells(cells: "Sequence[CellFault]", lang: Lang) -> None:
    headings = (
        ("sheet", "cell", "value", "what", "remedy") if lang == Lang.en else ("表", "单元格", "内容", "问题", "处理")
    )
    side = lang.value
    rows = [
        (each.sheet, f"{each.cell} {each.heading}".strip(), each.value[:40], getattr(each, f"what_{side}"),
         getattr(each, f"remedy_{side}"))
        for each in cells[:SHOWN_FAULTS]
    ]  # fmt: skip
    show_table(headings, rows)
    if len(cells) > SHOWN_FAULTS:
        more = len(cells) - SHOWN_FAULTS
        say(f"and {more:,} more (--faults writes all)" if lang == Lang.en else f"另有{more}条(--faults 写出全部)")
