"""Examinations: every indicator of a catalogue counted, candidates ranked, and the papers of it written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from api.operations.files import all_or_none, require_place
from api.operations.surveys import with_units
from api.operations.telling import Told
from geo.examination.candidates import Candidates, candidates, read_sites
from geo.examination.examine import examine
from geo.examination.progress import Progress, progress, read_projects
from geo.examination.result import Examination
from geo.programme.measures import measures
from geo.standards import Catalogue, Costs, Menu
from geo.standards.rules import SiteRules
from geo.study import Study, read_study, write_study
from layers.examination import (
    examination_map,
    write_examination_docx,
    write_examination_gpkg,
    write_examination_xlsx,
)
from layers.maps import save as save_map
from layers.words import Lang

EXAMINED = ("examination.gpkg", "map.html", "report.xlsx", "report.docx")
"""What `write_examined` writes into a folder."""


@dataclass(frozen=True)
class Examined:
    """A study, its examination, its candidates, what is to be done, the statistics of its projects."""

    study: Study
    examination: Examination
    candidates: Candidates
    measures: gpd.GeoDataFrame
    progress: Progress | None = None


def examine_study(
    path: Path,
    *,
    catalogue: Catalogue,
    rules: SiteRules,
    menu: Menu,
    costs: Costs,
    today: str,
    sites: Path | None = None,
    projects: Path | None = None,
    year: int | None = None,
    told: Told | None = None,
) -> Examined:
    """Count every indicator for a study and rank its old estates.

    The study gets its examination units, where it had none; so the same units are counted by every time.

    Parameters
    ----------
    path
    catalogue, rules
        The indicators, and what makes an old estate a candidate.
    menu, costs
        What answers which finding, and at what price: the list of remedies.
    today
        The day it is examined as of (ISO).
    sites
        A list of sites (xlsx, csv): the share of owners who consent, and what an office declares of each.
    projects
        A table of projects (xlsx, csv) for the statistics of `year` (by default that of `today`).
    year, told
    """
    study = read_study(path)
    ready = with_units(study, catalogue)
    if ready is not study:
        write_study(ready, path)
    found = examine(ready, catalogue=catalogue, today=today, told=told)
    consent, declared = (None, None) if sites is None else read_sites(sites, rules)
    ranked = candidates(ready, found, rules=rules, consent=consent, declared=declared)
    made = None
    if projects is not None:
        made = progress(read_projects(projects), as_of=today, year=year or int(today[:4]),
                        findings=ready.get("findings"), catalogue=catalogue)  # fmt: skip
    return Examined(ready, found, ranked, measures(found, ready, menu=menu, costs=costs), made)


def write_examined(examined: Examined, out: Path, *, lang: Lang = "zh", told: Told | None = None) -> list[Path]:
    """Write map, workbook, document and GeoPackage of an examination into `out`: all of them, or none."""
    study, found, ranked, made = examined.study, examined.examination, examined.candidates, examined.progress
    steps: dict[str, Callable[[Path], object]] = {
        "examination.gpkg": lambda file: write_examination_gpkg(
            found, file, study=study, candidates=ranked, progress=made, lang=lang
        ),
        "map.html": lambda file: save_map(examination_map(found, study=study, candidates=ranked, lang=lang), file),
        "report.xlsx": lambda file: write_examination_xlsx(
            found, file, study=study, candidates=ranked, progress=made, measures=examined.measures, lang=lang
        ),
        "report.docx": lambda file: write_examination_docx(
            found, file, study=study, candidates=ranked, progress=made, measures=examined.measures, lang=lang
        ),
    }
    with all_or_none(out, EXAMINED) as draft:
        for number, name in enumerate(EXAMINED):
            if told:
                told(f"writing {name}", number / len(EXAMINED))
            steps[name](draft / name)
    return [out / name for name in EXAMINED]


def require_examined_place(out: Path) -> None:
    """Refuse a folder that an examination's files cannot be written into; write nothing."""
    require_place(out, EXAMINED)
