"""What a user can do, once: the command line, the web and the jobs all call these."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import geopandas as gpd

from geo.blocks import BlockOptions, Blocks, adopt_blocks, cut_blocks
from geo.errors import Fault, InputError
from geo.households import HouseholdOptions, Placement, place_households
from geo.ingest.town import import_files
from geo.partition.actions import PlanTables, explain_plan
from geo.partition.plan import Plan, PlanOptions, Progress
from geo.partition.solve import make_plan
from geo.standards import Profile
from geo.study import Study, read_study, require_folder, require_study_place, write_study
from layers.exports import write_plan_gpkg
from layers.maps import plan_map
from layers.maps import save as save_map
from layers.reports import write_plan_docx, write_plan_xlsx

Language = Literal["zh", "en"]
Told = Callable[[str, float], None]
"""How long work tells its caller what it does and how far it is (0 to 1); it may raise to cancel."""

OUTPUTS = ("plan.json", "plan.gpkg", "map.html", "report.xlsx", "report.docx")
"""What a plan is written as."""

BLOCK_SOURCES = ("census", "communities", "blocks")
"""Tables whose areas can be taken as blocks."""

CONTEXT = ("roads", "barriers", "estates", "buildings", "facilities")
"""Tables that a map shows around a plan."""


@dataclass(frozen=True)
class Planned:
    """A plan with everything that explains it, and the study it belongs to."""

    plan: Plan
    tables: PlanTables
    study: Study


def demo_town() -> Path:
    """Return the mapping file of the embedded town Qinghe.

    Raises
    ------
    InputError
        When it is not there: it comes with the repository, not with the installed package.
    """
    path = Path(__file__).resolve().parent.parent / "data" / "qinghe" / "mapping.toml"
    if not path.is_file():
        raise InputError(Fault("the demo town is not here", "run this in a clone of the repository", file=str(path)))
    return path


def import_study(
    files: Sequence[Path],
    out: Path,
    *,
    mapping: Path | None = None,
    crs: str | None = None,
    name: str | None = None,
    name_en: str | None = None,
    area: Path | None = None,
    told: Told | None = None,
) -> Study:
    """Read a town's files into the study file `out`.

    Raises
    ------
    InputError
        With every fault of the files; or, before any is read, when no study can be written to `out`.
    """
    require_study_place(out)
    if any(out.exists() and file.exists() and out.samefile(file) for file in files):
        raise InputError(Fault("the study would be written over a file it is made from", "choose another name (--out)",
                               file=str(out)))  # fmt: skip
    study = import_files(files, mapping=mapping, crs=crs, name=name, name_en=name_en, area=area, progress=told)
    write_study(study, out)
    return study


def make_blocks(path: Path, *, source: str | None = None, options: BlockOptions | None = None) -> Study:
    """Cut the study into blocks, or adopt the polygons of its table `source` as blocks; write both tables back."""
    study = read_study(path)
    options = options or BlockOptions()
    if source is not None and source not in BLOCK_SOURCES:
        raise InputError(Fault(f"table {source} cannot be taken as blocks", f"take {' or '.join(BLOCK_SOURCES)}"))
    if source is None:
        made = cut_blocks(
            study["study_area"],
            study.get("roads"),
            study.get("barriers"),
            estates=study.get("estates"),
            communities=study.get("communities"),
            options=options,
        )
    else:
        made = _adopted(study, source, options)
    done = study.having(
        {"blocks": made.blocks, "seams": made.seams},
        step="blocks",
        repairs=made.repairs,
        note={"made_from": source or "roads"},
    )
    write_study(done, path)
    return done


def put_households(path: Path, *, options: HouseholdOptions | None = None) -> tuple[Study, Placement]:
    """Put dwellings, households and people onto the study's buildings and blocks; write both tables back.

    Raises
    ------
    InputError
        When the study has no blocks yet, or counts are negative or text.
    """
    study = read_study(path)
    placed = place_households(
        study["blocks"],
        study.get("buildings"),
        estates=study.get("estates"),
        communities=study.get("communities"),
        census=study.get("census"),
        population=study.rasters.get("population"),
        options=options or HouseholdOptions(),
    )
    tables = {"blocks": placed.blocks}
    if placed.buildings is not None:
        tables["buildings"] = placed.buildings
    done = study.having(tables, step="households", repairs=placed.repairs)
    write_study(done, path)
    return done, placed


def plan_study(path: Path, *, profile: Profile, options: PlanOptions, told: Told | None = None) -> Planned:
    """Redraw the study's communities from its blocks, or merge them whole.

    Raises
    ------
    InputError
        When the study lacks what the mode needs, or the options contradict each other.
    InfeasibleError
        When no plan can hold the rules; says which rules collide.
    """
    study = read_study(path)
    blocks, seams = _units(study, options)
    communities = study.get("communities")

    def progress(now: Progress) -> None:
        if told:
            terms = "  ".join(f"{name} {value:,.0f}" for name, value in now.terms.items())
            told(f"{now.stage}  {terms}" if terms else now.stage, now.fraction)

    plan = make_plan(blocks, seams, communities, profile=profile, options=options, progress=progress)
    tables = explain_plan(
        plan,
        blocks=blocks,
        seams=seams,
        communities=communities,
        buildings=study.get("buildings"),
        estates=study.get("estates"),
    )
    return Planned(plan, tables, study)


def write_outputs(planned: Planned, out: Path, *, lang: Language = "zh", told: Told | None = None) -> list[Path]:
    """Write a plan's files into the folder `out`: all of them, or none; whatever else lies there stays.

    See `OUTPUTS`.
    """
    tables, study = planned.tables, planned.study
    context = {name: study.tables[name] for name in CONTEXT if name in study.tables}
    steps: dict[str, Callable[[Path], object]] = {
        "plan.json": lambda file: file.write_bytes(planned.plan.to_json()),
        "plan.gpkg": lambda file: write_plan_gpkg(tables, file, lang=lang),
        "map.html": lambda file: save_map(plan_map(tables, context=context, study=study, lang=lang), file),
        "report.xlsx": lambda file: write_plan_xlsx(tables, file, study=study, lang=lang),
        "report.docx": lambda file: write_plan_docx(tables, file, study=study, lang=lang),
    }
    with _all_or_none(out) as draft:
        for number, (name, write) in enumerate(steps.items()):
            if told:
                told(f"writing {name}", number / len(steps))
            write(draft / name)
    return [out / name for name in steps]


def require_outputs_place(out: Path) -> None:
    """Refuse a folder that a plan's files cannot be written into; write nothing.

    Raises
    ------
    InputError
        When `out` is a file, lies in a file, holds folders of the outputs' names, or must not be written to.
    """
    require_folder(out)
    require_folder(out.parent)
    taken = [name for name in OUTPUTS if (out / name).is_dir()]
    if taken:
        raise InputError(Fault(f"{', '.join(taken)} in it is a folder; a file of that name is written",
                               "name another folder with --out", file=str(out)))  # fmt: skip


def _units(study: Study, options: PlanOptions) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return what a plan chooses among, with the seams between: blocks in a redraw, whole communities in a merge."""
    if options.mode == "merge":
        return _whole_communities(study)
    blocks = study["blocks"]
    if blocks["households"].isna().all():
        raise InputError(Fault("no block has households yet", "run: shequ households STUDY", table="blocks"))
    return blocks, study["seams"]


def _whole_communities(study: Study) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return today's communities as blocks; counts the table lacks come from the blocks inside them."""
    communities = study["communities"]
    counts = communities[["households", "people"]].copy()
    placed = study.get("blocks")
    if placed is not None:
        inside = placed.groupby("community_id")[["households", "people"]].sum(min_count=1)
        counts = counts.fillna(inside.reindex(counts.index))
    unknown = counts.index[counts["households"].isna()]
    if len(unknown):
        raise InputError(
            Fault("these communities have no households, so they cannot be merged by households",
                  "fill in their households, or run shequ blocks and shequ households first",
                  table="communities", ids=tuple(unknown))
        )  # fmt: skip
    made = _adopted(replace(study, tables={**study.tables, "communities": communities.assign(**counts)}),
                    "communities", BlockOptions())  # fmt: skip
    return made.blocks.assign(community_id=made.blocks.index.to_numpy()), made.seams


def _adopted(study: Study, source: str, options: BlockOptions) -> Blocks:
    polygons = study[source]
    return adopt_blocks(
        polygons,
        study.get("roads"),
        study.get("barriers"),
        area=None if source == "communities" else study.get("study_area"),
        communities=study.get("communities"),
        options=options,
    )


@contextmanager
def _all_or_none(out: Path) -> Iterator[Path]:
    """Give a draft folder whose files are moved into `out` when all of them are made."""
    require_outputs_place(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".shequ-") as folder:
        draft = Path(folder)
        yield draft
        out.mkdir(exist_ok=True)
        for file in sorted(draft.iterdir()):
            os.replace(file, out / file.name)
