"""The command `shequ`: each step of the way from a town's files to an explained plan."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from geo.errors import Fault, InfeasibleError, InputError, ShequError

BAD_INPUT, NO_ANSWER, CANCELLED = 2, 3, 130
"""Exit codes: the data or a standard is wrong; the request has no answer; stopped by the user."""

ABOUT = {
    "study.gpkg": "the town's tables; goes to shequ blocks, households, plan",
    "plan.json": "the decision: which block belongs to which community",
    "plan.gpkg": "open it in QGIS; layers carry their styles",
    "map.html": "open it in a browser; needs no network",
    "report.xlsx": "communities, old × new matrix, moves, assumptions",
    "report.docx": "the plan in official wording",
}

shown = Console()
told_on = Console(stderr=True)

shequ = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""
Community boundaries of a town, planned on the map: from its files to an explained plan.

**The way of the data**

* `shequ import FILES --out town.gpkg` reads the town's files into a study: one GeoPackage that QGIS opens
* `shequ blocks town.gpkg` cuts it into blocks along roads, rivers, railways and old borders
* `shequ households town.gpkg` puts dwellings, households and people onto buildings and blocks
* `shequ plan town.gpkg --out plan` redraws or merges its communities; makes map, tables, report, GeoPackage

`shequ demo` does all of it on the embedded town Qinghe. `shequ COMMAND --help` tells one step's options with examples.

**Exit codes**: 0 done · 2 the input is wrong · 3 the request has no answer · 130 cancelled. Nothing is half written.
""",
)


class Mode(StrEnum):
    """What a plan may change."""

    redraw = "redraw"
    merge = "merge"


class Lang(StrEnum):
    """The language of maps and reports."""

    zh = "zh"
    en = "en"


class Borders(StrEnum):
    """Which of today's borders are block edges too."""

    all = "all"
    villages = "villages"
    none = "none"


class Trust(StrEnum):
    """Whose totals are kept where census areas and communities disagree."""

    communities = "communities"
    census = "census"


StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="The study file that `shequ import` made.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the outputs; other files in it stay.")]
Language = Annotated[Lang, typer.Option(help="Language of the report, and the one the map opens in.")]


@shequ.command("import")
def import_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="GeoPackage, GeoJSON, shapefile (also .zip), GeoParquet, FlatGeobuf, GeoTIFF, .osm.pbf, .osm"
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The study file to write.")] = Path("study.gpkg"),
    mapping: Annotated[
        Path | None, typer.Option("--mapping", "-m", help="TOML: which source layer and column is which.")
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(
            help="Metric CRS of the study, and of layers that state none. "
            "Default: the one all layers share, else CGCS2000 3° zone in China, UTM elsewhere."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the town. Default: the mapping's, else the file's.")] = None,
    name_en: Annotated[str | None, typer.Option(help="The same in English.")] = None,
    area: Annotated[Path | None, typer.Option(help="A file with the outline of the study area.")] = None,
) -> None:
    """Read a town's files into a study: checked tables in metres, in one GeoPackage.

    Without a mapping, OpenStreetMap's tags are understood, and layers named like shequ's tables (docs/import.md).
    What was repaired, dropped or assumed is listed by feature id: in short here, in full in the table `shequ_repairs`.

    Examples: `shequ import town.osm.pbf -o town.gpkg` · `shequ import -m data/qinghe/mapping.toml -o qinghe.gpkg`
    """
    from api import operations

    if not files and mapping is None:
        raise InputError(Fault("there is nothing to import", "give files, or --mapping with a file that names them"))
    with _bar() as told:
        study = operations.import_study(
            files or [], out, mapping=mapping, crs=crs, name=name, name_en=name_en, area=area, told=told
        )
    _show_study(study)
    _show_repairs(study.repairs)
    _show_files([out])


@shequ.command("show")
def show_study(
    study: StudyFile, every: Annotated[bool, typer.Option("--all", help="List every repair.")] = False
) -> None:
    """Tell what a study holds, and what was repaired, dropped, assumed or estimated on the way."""
    from geo.study import read_study

    read = read_study(study)
    _show_study(read)
    _show_repairs(read.repairs, most=None if every else 12)


@shequ.command("blocks")
def make_blocks(
    study: StudyFile,
    roads: Annotated[
        str | None,
        typer.Option(metavar="CLASSES", help="Road classes that cut, by comma. Default: residential and wider."),
    ] = None,
    borders: Annotated[Borders, typer.Option(help="Which of today's community borders cut too.")] = Borders.all,
    min_width: Annotated[float | None, typer.Option(metavar="M", help="No block is thinner than this.")] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TABLE",
            help="Do not cut: take these polygons as blocks (census, communities, or a blocks layer of your own).",
        ),
    ] = None,
) -> None:
    """Cut the study area into blocks along roads, rivers and railways, and trace the seams between them.

    Blocks tile the study area exactly. The two carriageways of one road are one seam in the middle; a road inside an
    estate does not cut it. Each seam knows the road, river, railway or border it follows.

    Examples: `shequ blocks town.gpkg` · `shequ blocks town.gpkg --roads primary,secondary,tertiary --borders villages`
    """
    from api import operations
    from geo.blocks import BlockOptions
    from geo.schema import OUTSIDE

    chosen: dict[str, Any] = {"borders": borders.value}
    if roads is not None:
        chosen["road_classes"] = frozenset(one.strip() for one in roads.split(",") if one.strip())
        if not chosen["road_classes"]:
            raise InputError(Fault("--roads names no road class", "write it like primary,secondary, or leave it out"))
    if min_width is not None:
        chosen["min_width_m"] = min_width
    with _bar() as told:
        told("cutting blocks", 0.1)
        done = operations.make_blocks(study, source=source, options=BlockOptions(**chosen))
    inner = done["seams"][done["seams"]["block_b"] != OUTSIDE]
    rows = (inner.groupby("feature_class")["length_m"].sum() / 1000).sort_values(ascending=False)
    shown.print(f"[bold]{len(done['blocks']):,} blocks, {len(inner):,} seams between them[/]")
    table = Table("seams along", "km")
    for feature, km in rows.items():
        table.add_row(str(feature), f"{km:,.1f}")
    shown.print(table)
    _show_repairs([repair for repair in done.repairs if repair.step == "blocks"])


@shequ.command("households")
def put_households(
    study: StudyFile,
    trust: Annotated[
        Trust, typer.Option(help="Whose totals are kept where census areas and communities disagree.")
    ] = Trust.communities,
    household_size: Annotated[
        float | None, typer.Option(metavar="PEOPLE", help="People per household where only one is known.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate/--no-estimate", help="Estimate from floor area where nothing is known.")
    ] = True,
) -> None:
    """Put dwellings, households and people onto buildings and blocks.

    In order of trust: counts per building; totals of estates, villages and census areas, shared out by residential
    floor area; a population raster; an estimate from floor area. Totals are conserved to the last household, and every
    row keeps its source.
    """
    from api import operations
    from geo.households import HouseholdOptions

    chosen: dict[str, Any] = {"trust": trust.value, "estimate": estimate}
    if household_size is not None:
        chosen |= {"household_size": household_size, "sources": {"household_size": "--household-size"}}
    with _bar() as told:
        told("placing households", 0.1)
        done, placed = operations.put_households(study, options=HouseholdOptions(**chosen))
    shown.print("[bold]Where households come from[/]")
    table = Table("source", "buildings", "blocks", "households", "people", "share")
    for row in placed.summary.reset_index().to_dict("records"):
        counts = (_count(row[column]) for column in ("buildings", "blocks", "households", "people"))
        table.add_row(str(row["source"]), *counts, "" if _unknown(row["share"]) else f"{row['share']:.1%}")
    shown.print(table)
    _show_repairs([repair for repair in done.repairs if repair.step == "households"])


@shequ.command("profiles")
def show_profiles() -> None:
    """List the profiles (named sets of thresholds) with their limits, edition and source."""
    from geo.standards import list_profiles

    table = Table("profile", "edition", "households", "people", "source", show_lines=True)
    for one in list_profiles():
        people = " – ".join(_count(value) for value in (one.min_people, one.max_people) if value is not None)
        table.add_row(
            f"[bold]{one.name}[/]\n{one.title_zh}", one.edition,
            f"{one.min_households:,} – [bold]{one.target_households:,}[/] – {one.max_households:,}",
            people, one.source,
        )  # fmt: skip
    shown.print(table)
    shown.print("A profile of your own: copy a file of geo/standards, change it, and give its path to --profile.")


@shequ.command("plan")
def plan_communities(
    study: StudyFile,
    out: Out = Path("plan"),
    profile: Annotated[
        str, typer.Option(help="A profile's name (`shequ profiles`), or a file of your own.")
    ] = "seed-3000",
    mode: Annotated[Mode, typer.Option(help="Redraw along blocks, or merge whole communities.")] = Mode.redraw,
    lang: Language = Lang.zh,
    min_households: Annotated[
        int | None, typer.Option("--min", help="Households at least.", rich_help_panel="Limits")
    ] = None,
    target_households: Annotated[
        int | None, typer.Option("--target", help="Households wished for.", rich_help_panel="Limits")
    ] = None,
    max_households: Annotated[
        int | None, typer.Option("--max", help="Households at most.", rich_help_panel="Limits")
    ] = None,
    min_people: Annotated[int | None, typer.Option(help="People at least.", rich_help_panel="Limits")] = None,
    max_people: Annotated[int | None, typer.Option(help="People at most.", rich_help_panel="Limits")] = None,
    k: Annotated[
        int | None,
        typer.Option("--k", help="Number of communities. Default: the best that fits.", rich_help_panel="Limits"),
    ] = None,
    keep_villages: Annotated[
        bool | None,
        typer.Option(
            "--keep-villages/--split-villages",
            help="Villages stay whole. [default: keep]",
            rich_help_panel="What stays together",
        ),
    ] = None,
    keep_estates: Annotated[
        bool | None,
        typer.Option(
            "--keep-estates/--split-estates",
            help="Compounds stay whole. [default: keep]",
            rich_help_panel="What stays together",
        ),
    ] = None,
    lock: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID[:as-is|:free]",
            help="Keep a community whole, as it is, or let a kept one be split.",
            rich_help_panel="What stays together",
        ),
    ] = None,
    together: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BLOCKS",
            help="Block ids by comma that end up in one community.",
            rich_help_panel="What stays together",
        ),
    ] = None,
    apart: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BLOCKS", help="Block ids by comma, no two in one community.", rich_help_panel="What stays together"
        ),
    ] = None,
    allow_islands: Annotated[
        bool,
        typer.Option(
            "--allow-islands",
            help="Land cut off from the rest may be a community below the minimum.",
            rich_help_panel="What stays together",
        ),
    ] = False,
    prefer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FEATURE[=STRENGTH]",
            help="A road class or name that makes a good border (negative: bad).",
            rich_help_panel="Borders",
        ),
    ] = None,
    forbid_cut: Annotated[
        list[str] | None,
        typer.Option(metavar="FEATURE", help="A road class or name that is never a border.", rich_help_panel="Borders"),
    ] = None,
    forbid_cross: Annotated[
        list[str] | None,
        typer.Option(metavar="FEATURE", help="A road class or name no community spans.", rich_help_panel="Borders"),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TERM=NUMBER",
            help="Weight of seam, change, land, abolished, size, shape, service.",
            rich_help_panel="Search",
        ),
    ] = None,
    effort: Annotated[
        str, typer.Option(help="quick, normal, thorough, or a number of proposals.", rich_help_panel="Search")
    ] = "normal",
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="Stop earlier than the effort says; the plan says so.", rich_help_panel="Search"
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Chance: the same request and seed give the same plan.", rich_help_panel="Search")
    ] = 0,
) -> None:
    """Redraw or merge the communities of a study within a profile's limits, and explain the result.

    Writes `map.html`, `report.xlsx`, `report.docx`, `plan.gpkg` (styled for QGIS) and `plan.json`. A request without an
    answer is refused with the reasons (exit code 3); it is never relaxed in silence.

    Examples: `shequ plan town.gpkg --out plan` ·
    `shequ plan town.gpkg --mode merge --min 4000 --max 9000 --max-people 30000` ·
    `shequ plan town.gpkg --max 4000 --lock CU01:as-is --forbid-cut 人民路 --prefer 中山路=2` (the demo town's names)
    """
    from api import operations
    from geo.partition.plan import PlanOptions
    from geo.standards import load_profile

    asked = {
        "mode": mode.value, "min_households": min_households, "target_households": target_households,
        "max_households": max_households, "min_people": min_people, "max_people": max_people, "k": k,
        "keep_villages": keep_villages, "keep_estates": keep_estates, "seed": seed, "time_limit_s": time_limit,
        "allow_islands": allow_islands,
        "effort": _effort(effort), "weights": _weights(weight or []),
        "locks": [*_locks(lock or []), *_block_locks("together", together), *_block_locks("apart", apart)],
        "seams": [*_seam_rules("prefer", prefer), *_seam_rules("forbid_cut", forbid_cut),
                  *_seam_rules("forbid_cross", forbid_cross)],
    }  # fmt: skip
    options = PlanOptions.read(asked)
    limits = load_profile(profile)
    operations.require_outputs_place(out)
    try:
        with _bar() as told:
            planned = operations.plan_study(study, profile=limits, options=options, told=told)
    except InfeasibleError as error:
        error.add_note(_ways_out(limits, options))
        raise
    with _bar() as told:
        files = operations.write_outputs(planned, out, lang=lang.value, told=told)
    _show_plan(planned, lang.value)
    _show_files(files)


@shequ.command("demo")
def run_demo(out: Out = Path("out/qinghe"), lang: Language = Lang.zh) -> None:
    """Plan the embedded town Qinghe (清河镇): import, blocks, households, plan, all outputs."""
    from api import operations
    from geo.partition.plan import PlanOptions
    from geo.standards import load_profile

    study = out / "study.gpkg"
    with _bar() as told:
        operations.import_study([], study, mapping=operations.demo_town(), told=told)
        told("cutting blocks", 0.0)
        operations.make_blocks(study)
        told("placing households", 0.5)
        operations.put_households(study)
        planned = operations.plan_study(study, profile=load_profile("seed-3000"), options=PlanOptions(), told=told)
        files = operations.write_outputs(planned, out, lang=lang.value, told=told)
    _show_plan(planned, lang.value)
    _show_files([study, *files])


def main() -> None:
    """Run the command; every refusal is one plain message and an exit code."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # told to end, leave no draft behind either
    try:
        shequ(standalone_mode=True)
    except InfeasibleError as error:
        told_on.print("[bold red]no such plan[/]: the request has no answer, and no rule was relaxed")
        for reason in error.reasons:
            told_on.print(f"  • {escape(reason)}", soft_wrap=True, highlight=False)
        for note in getattr(error, "__notes__", ()):
            told_on.print(f"  {escape(note)}", soft_wrap=True, highlight=False)
        sys.exit(NO_ANSWER)
    except ShequError as error:
        told_on.print(f"[bold red]error[/]: {escape(str(error))}", soft_wrap=True, highlight=False)
        sys.exit(BAD_INPUT)
    except OSError as error:
        place = f"\n  where:  file {error.filename}" if error.filename else ""
        told_on.print(
            f"[bold red]error[/]: {escape(f'{error.strerror or error}{place}')}\n"
            "  remedy: check the path, its rights, and the room on the disk; nothing was changed",
            soft_wrap=True, highlight=False,
        )  # fmt: skip
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        _say_cancelled()
        sys.exit(CANCELLED)
    except SystemExit as end:
        if end.code == CANCELLED:  # Typer's own answer to Ctrl-C
            _say_cancelled()
        raise


def _say_cancelled() -> None:
    told_on.print("cancelled; nothing was changed")


@contextmanager
def _bar() -> Iterator[Callable[[str, float], None]]:
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


def _ways_out(profile: Any, options: Any) -> str:  # noqa: ANN401 - geo.standards.Profile, PlanOptions; imported late
    """Return which limits held, where each comes from, and what can be asked otherwise."""
    held = []
    for name in ("min_households", "max_households", "min_people", "max_people"):
        asked, given = getattr(options, name), getattr(profile, name)
        flag = "--" + name.removesuffix("_households").replace("_", "-")
        if asked is not None:
            held.append(f"{name.replace('_', ' ')} {asked:,} ({flag})")
        elif given is not None:
            held.append(f"{name.replace('_', ' ')} {given:,} (profile {profile.name}; {flag} sets another)")
    return (
        f"limits: {', '.join(held)}\n  remedy: ask for other limits, take back a lock or a rule, "
        "or cut smaller blocks (shequ blocks --roads)"
    )


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


def _locks(given: list[str]) -> Iterator[dict[str, Any]]:
    for one in given:
        community, _, kind = one.partition(":")
        yield {"kind": (kind or "whole").replace("-", "_"), "ids": [community]}


def _block_locks(kind: str, given: list[str] | None) -> Iterator[dict[str, Any]]:
    for one in given or []:
        yield {"kind": kind, "of": "blocks", "ids": [block.strip() for block in one.split(",") if block.strip()]}


def _seam_rules(rule: str, given: list[str] | None) -> Iterator[dict[str, Any]]:
    """Read FEATURE[=STRENGTH]; what is no feature class is the name of a road, river or railway."""
    from geo.schema import FEATURE_CLASSES

    for one in given or []:
        feature, _, strength = one.partition("=")
        made: dict[str, Any] = {
            "rule": rule,
            "feature_class" if feature in FEATURE_CLASSES else "feature_name": feature,
        }
        yield made | ({"strength": strength} if strength else {})


def _count(value: Any) -> str:  # noqa: ANN401 - a number of pandas, or missing
    return "?" if _unknown(value) else f"{value:,.0f}"


def _unknown(value: Any) -> bool:  # noqa: ANN401
    """Return whether a number of pandas is missing; pandas itself is loaded only by the commands that need it."""
    import pandas as pd

    return bool(pd.isna(value))


def _show_study(study: Any) -> None:  # noqa: ANN401 - geo.study.Study; imported late, so that --help is quick
    title = " ".join(part for part in (study.name, study.name_en) if part)
    code = study.crs.to_epsg()
    shown.print(f"[bold]{escape(title)}[/] · {f'EPSG:{code} · ' if code else ''}{study.crs.name}", soft_wrap=True)
    table = Table("table", "rows")
    for name, frame in study.tables.items():
        table.add_row(name, f"{len(frame):,}")
    for name, raster in study.rasters.items():
        table.add_row(f"{name} (raster)", " × ".join(str(n) for n in raster.values.shape))
    shown.print(table)


def _show_repairs(repairs: Any, most: int | None = 12) -> None:  # noqa: ANN401
    """List repairs, the rows of the same kind in one line unless every one is asked for."""
    kinds: dict[tuple[str, str, str], list[Any]] = {}
    for repair in repairs:
        kinds.setdefault((repair.table, repair.action, repair.code), []).append(repair)
    if most is None:
        for repair in repairs:
            shown.print(
                f"  {repair.action:9} {repair.table} {escape(repair.row_id)}: {escape(repair.detail)}",
                soft_wrap=True,
                highlight=False,
            )
        return
    for (table, action, _), rows in list(kinds.items())[:most]:
        more = f" [dim](+{len(rows) - 1:,} more like it)[/]" if len(rows) > 1 else ""
        where = f"{table} {rows[0].row_id}".strip()
        shown.print(f"  {action:9} {escape(where)}: {escape(rows[0].detail)}{more}", soft_wrap=True, highlight=False)
    if len(kinds) > most:
        shown.print(f"  … {len(kinds) - most} kinds more: shequ show STUDY --all", highlight=False)


def _show_plan(planned: Any, lang: str) -> None:  # noqa: ANN401
    tables, plan = planned.tables, planned.plan
    name = "name" if lang == "zh" else "name_en"
    title = (
        f"{escape(planned.study.name)}: {len(tables.communities_before)} → {len(tables.communities)} communities, "
        f"{plan.min_households:,} – {plan.max_households:,} households each "
        f"({plan.profile.name}, edition {plan.profile.edition})"
    )
    shown.print(f"[bold]{title}[/]", soft_wrap=True, highlight=False)
    table = Table("community", "id", "households", "people", "km²", "status")
    for key, row in tables.communities.iterrows():
        shown_name = row[name] if isinstance(row[name], str) and row[name] else row["name"]
        table.add_row(escape(str(shown_name)), str(key), _count(row["households"]), _count(row["people"]),
                      f"{row['area_m2'] / 1e6:.2f}", row["status"])  # fmt: skip
    shown.print(table)
    before, moved = tables.blocks["households"].sum(), tables.moves["households"].sum()
    terms = "  ".join(
        f"{term} {value.value:,.{1 if value.unit == 'km²' else 0}f} {value.unit}" for term, value in plan.terms.items()
    )
    shown.print(f"{_count(moved)} of {_count(before)} households change community", highlight=False)
    shown.print(f"kept small: {escape(terms)}", soft_wrap=True, highlight=False)
    if plan.stopped_early:
        shown.print("[yellow]The time limit ended the search early; a longer one may find a better plan.[/]")


def _show_files(files: list[Path]) -> None:
    for file in files:
        shown.print(f"  {escape(str(file)):32} [dim]{ABOUT.get(file.name, '')}[/]", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
