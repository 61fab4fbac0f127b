"""Commands that fill a study: import, show, blocks, households, profiles."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from api.cli.console import StudyFile, count, plain, progress_bar, show_files, shown, unknown
from geo.errors import Fault, InputError


class Borders(StrEnum):
    """Which of today's borders are block edges too."""

    all = "all"
    villages = "villages"
    none = "none"


class Trust(StrEnum):
    """Whose totals are kept where census areas and communities disagree."""

    communities = "communities"
    census = "census"


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
    from api.operations.town import import_study

    if not files and mapping is None:
        raise InputError(Fault("there is nothing to import", "give files, or --mapping with a file that names them"))
    with progress_bar() as told:
        study = import_study(
            files or [], out, mapping=mapping, crs=crs, name=name, name_en=name_en, area=area, told=told
        )
    show_kept(study)
    show_repairs(study.repairs)
    show_files([out])


def show_study(
    study: StudyFile, every: Annotated[bool, typer.Option("--all", help="List every repair.")] = False
) -> None:
    """Tell what a study holds, and what was repaired, dropped, assumed or estimated on the way."""
    from geo.study import read_study

    read = read_study(study)
    show_kept(read)
    show_repairs(read.repairs, most=None if every else 12)


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
    from api.operations import town
    from geo.blocks import BlockOptions
    from geo.schema import OUTSIDE

    chosen: dict[str, Any] = {"borders": borders.value}
    if roads is not None:
        chosen["road_classes"] = frozenset(one.strip() for one in roads.split(",") if one.strip())
        if not chosen["road_classes"]:
            raise InputError(Fault("--roads names no road class", "write it like primary,secondary, or leave it out"))
    if min_width is not None:
        chosen["min_width_m"] = min_width
    with progress_bar() as told:
        told("cutting blocks", 0.1)
        done = town.make_blocks(study, source=source, options=BlockOptions(**chosen))
    inner = done["seams"][done["seams"]["block_b"] != OUTSIDE]
    rows = (inner.groupby("feature_class")["length_m"].sum() / 1000).sort_values(ascending=False)
    shown.print(f"[bold]{len(done['blocks']):,} blocks, {len(inner):,} seams between them[/]")
    table = Table("seams along", "km")
    for feature, km in rows.items():
        table.add_row(str(feature), f"{km:,.1f}")
    shown.print(table)
    show_repairs([repair for repair in done.repairs if repair.step == "blocks"])


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
    from api.operations import town
    from geo.households import HouseholdOptions

    chosen: dict[str, Any] = {"trust": trust.value, "estimate": estimate}
    if household_size is not None:
        chosen |= {"household_size": household_size, "sources": {"household_size": "--household-size"}}
    with progress_bar() as told:
        told("placing households", 0.1)
        done, placed = town.put_households(study, options=HouseholdOptions(**chosen))
    shown.print("[bold]Where households come from[/]")
    table = Table("source", "buildings", "blocks", "households", "people", "share")
    for row in placed.summary.reset_index().to_dict("records"):
        counts = (count(row[column]) for column in ("buildings", "blocks", "households", "people"))
        table.add_row(str(row["source"]), *counts, "" if unknown(row["share"]) else f"{row['share']:.1%}")
    shown.print(table)
    show_repairs([repair for repair in done.repairs if repair.step == "households"])


def show_profiles() -> None:
    """List the profiles (named sets of thresholds) with their limits, edition and source."""
    from geo.standards import list_profiles

    table = Table("profile", "edition", "households", "people", "source", show_lines=True)
    for one in list_profiles():
        people = " – ".join(count(value) for value in (one.min_people, one.max_people) if value is not None)
        table.add_row(
            f"[bold]{one.name}[/]\n{one.title_zh}", one.edition,
            f"{one.min_households:,} – [bold]{one.target_households:,}[/] – {one.max_households:,}",
            people, one.source,
        )  # fmt: skip
    shown.print(table)
    shown.print("A profile of your own: copy a file of geo/standards, change it, and give its path to --profile.")


def show_kept(study: Any) -> None:  # noqa: ANN401 - geo.study.Study; imported late, so that --help is quick
    """Tell what a study is called, where it lies and what tables it holds."""
    title = " ".join(part for part in (study.name, study.name_en) if part)
    code = study.crs.to_epsg()
    shown.print(f"[bold]{plain(title)}[/] · {f'EPSG:{code} · ' if code else ''}{study.crs.name}", soft_wrap=True)
    table = Table("table", "rows")
    for name, frame in study.tables.items():
        table.add_row(name, f"{len(frame):,}")
    for name, raster in study.rasters.items():
        table.add_row(f"{name} (raster)", " × ".join(str(n) for n in raster.values.shape))
    shown.print(table)


def show_repairs(repairs: Any, most: int | None = 12) -> None:  # noqa: ANN401
    """List repairs, the rows of the same kind in one line unless every one is asked for."""
    kinds: dict[tuple[str, str, str], list[Any]] = {}
    for repair in repairs:
        kinds.setdefault((repair.table, repair.action, repair.code), []).append(repair)
    if most is None:
        for repair in repairs:
            shown.print(
                f"  {repair.action:9} {repair.table} {plain(repair.row_id)}: {plain(repair.detail)}",
                soft_wrap=True,
                highlight=False,
            )
        return
    for (table, action, _), rows in list(kinds.items())[:most]:
        more = f" [dim](+{len(rows) - 1:,} more like it)[/]" if len(rows) > 1 else ""
        where = f"{table} {rows[0].row_id}".strip()
        shown.print(f"  {action:9} {plain(where)}: {plain(rows[0].detail)}{more}", soft_wrap=True, highlight=False)
    if len(kinds) > most:
        shown.print(f"  … {len(kinds) - most} kinds more: shequ show STUDY --all", highlight=False)
