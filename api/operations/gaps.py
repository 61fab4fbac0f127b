"""Gaps of a town: what can be walked to, what is missing, too small or full, for whom, before a plan and after it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.operations.files import all_or_none, require_place
from api.operations.plans import explained
from api.operations.telling import Told
from geo.gaps.before_after import before_after
from geo.gaps.demand import demand
from geo.gaps.gaps import gaps_of
from geo.gaps.result import GapChange, Gaps
from geo.gaps.scene import require_walk
from geo.gaps.surfaces import Surfaces, surfaces
from geo.network import Network
from geo.network.build import network_of
from geo.partition.plan import Plan
from geo.standards.facilities import FacilityStandard
from geo.study import Study, read_study
from layers.gaps import gaps_map, write_gaps_docx, write_gaps_gpkg, write_gaps_xlsx
from layers.maps import save as save_map
from layers.words import Lang

GAPPED = ("gaps.gpkg", "map.html", "report.xlsx", "report.docx")
"""What `write_gapped` writes into a folder."""


@dataclass(frozen=True)
class Gapped:
    """A study, how people walk there, its gaps by each standard, the land within reach, and what a plan changes."""

    study: Study
    network: Network
    gaps: Mapping[str, Gaps]
    surfaces: Surfaces
    change: GapChange | None = None


def gaps_study(
    path: Path,
    *,
    standards: Sequence[FacilityStandard],
    speed: str = "adult",
    plan: Plan | None = None,
    told: Told | None = None,
) -> Gapped:
    """Look for the gaps of a study by each standard.

    Parameters
    ----------
    path
    standards
        What every community, estate and home is judged by.
    speed
        Whose minutes: a key of `geo.network.SPEEDS`.
    plan
        A plan of the study's communities: gaps are told before it and after it.
    told

    Raises
    ------
    InputError
        When the study lacks roads, facilities, communities or people, or the plan is of another study.
    """

    def tell(step: str, share: float) -> None:
        if told:
            told(step, share)

    require_walk(speed, "metres")
    study = read_study(path)
    tables = None if plan is None else explained(study, plan).tables
    tell("reading how people walk", 0.0)
    network = network_of(study)
    homes = demand(study)
    change = None
    if plan is None:
        tell("looking for gaps", 0.2)
        found = gaps_of(study, standards=standards, speed=speed, network=network, demand=homes)
    else:
        tell("gaps before and after the plan", 0.2)
        tables = explained(study, plan).tables
        change = before_after(study, tables, standards=standards, speed=speed, network=network, demand=homes)
        # today's communities are the blocks that belong to them, as in the plan: one town has one set of figures
        found = {each.name: change.before[each.name] for each in standards}
    tell("land within reach", 0.7)
    land = surfaces(found, study, network=network, demand=homes)
    return Gapped(study, network, found, land, change)


def write_gapped(done: Gapped, out: Path, *, lang: Lang = "zh", told: Told | None = None) -> list[Path]:
    """Write map, workbook, document and GeoPackage of a town's gaps into `out`: all of them, or none."""
    gaps, study, land, change = done.gaps, done.study, done.surfaces, done.change
    steps: dict[str, Callable[[Path], object]] = {
        "gaps.gpkg": lambda file: write_gaps_gpkg(
            gaps, file, study=study, surfaces=land, change=change, network=done.network, lang=lang
        ),
        "map.html": lambda file: save_map(gaps_map(gaps, study=study, surfaces=land, change=change, lang=lang), file),
        "report.xlsx": lambda file: write_gaps_xlsx(gaps, file, study=study, surfaces=land, change=change, lang=lang),
        "report.docx": lambda file: write_gaps_docx(gaps, file, study=study, surfaces=land, change=change, lang=lang),
    }
    with all_or_none(out, GAPPED) as draft:
        for number, name in enumerate(GAPPED):
            if told:
                told(f"writing {name}", number / len(GAPPED))
            steps[name](draft / name)
    return [out / name for name in GAPPED]


def require_gapped_place(out: Path) -> None:
    """Refuse a folder that the files of gaps cannot be written into; write nothing."""
    require_place(out, GAPPED)
