"""A town's files become a study with blocks and households."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from api.operations.telling import Told
from geo.blocks import BlockOptions, adopt_blocks, cut_blocks
from geo.errors import Fault, InputError
from geo.households import HouseholdOptions, Placement, place_households
from geo.ingest.town import import_files
from geo.schema import RECORDED, TABLES
from geo.study import Study, read_study, require_study_place, write_study

BLOCK_SOURCES = ("census", "communities", "blocks")
"""Tables whose areas can be taken as blocks."""


def demo_town() -> Path:
    """Return the mapping file of the embedded town Qinghe.

    Raises
    ------
    InputError
        When it is not there: it comes with the repository, not with the installed package.
    """
    path = Path(__file__).resolve().parents[2] / "data" / "qinghe" / "mapping.toml"
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
    """Read a town's files into the study file `out`; surveys and registers that a study there holds are carried over.

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
    if out.exists():
        study = _with_records(study, read_study(out))
    write_study(study, out)
    return study


def _with_records(study: Study, before: Study) -> Study:
    """Return the study with what surveys and registers put into the one it replaces."""
    kept = {name: before.tables[name] for name in RECORDED if name in before.tables}
    placed = {name: frame.to_crs(study.crs) if TABLES[name].geometry else frame for name, frame in kept.items()}
    if not placed:
        return study
    notes = {step: before.notes[step] for step in ("survey", "farmhouses") if step in before.notes}
    return replace(study.having(placed), notes={**study.notes, **notes})


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
        made = adopt_blocks(
            study[source],
            study.get("roads"),
            study.get("barriers"),
            area=None if source == "communities" else study.get("study_area"),
            communities=study.get("communities"),
            options=options,
        )
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
    tables = {"blocks": placed.blocks.drop(columns="unit_id", errors="ignore")}  # its units counted other people
    if placed.buildings is not None:
        tables["buildings"] = placed.buildings
    done = study.having(tables, step="households", repairs=placed.repairs)
    write_study(done, path)
    return done, placed
