"""Renovation programmes: what was found turned into measures, chosen and phased under budgets, and written out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd

from api.operations.files import LARGEST_PLAN, all_or_none, placed, read_bytes, require_file_place, require_place
from api.operations.surveys import with_units
from api.operations.telling import Told
from geo.errors import InputError
from geo.examination.examine import examine
from geo.examination.result import Examination
from geo.lifts.consent import count_consent
from geo.lifts.ledger import read_ledger
from geo.programme.choose import make_programme
from geo.programme.compare import Comparison, compare
from geo.programme.costs import read_cost_sheet, write_cost_sheet
from geo.programme.curve import Curve, marginal_curve
from geo.programme.measures import measures
from geo.programme.options import ProgrammeOptions
from geo.programme.programme import Programme
from geo.standards import Catalogue, Costs, Menu, load_costs
from geo.standards.lift_rules import load_lift_rules
from geo.study import Study, read_study
from layers.maps import save as save_map
from layers.programme import programme_map, write_programme_docx, write_programme_gpkg, write_programme_xlsx
from layers.words import Lang

PROGRAMMED = ("programme.json", "programme.gpkg", "map.html", "report.xlsx", "report.docx")
"""What `write_programmed` writes into a folder."""


@dataclass(frozen=True)
class Programmed:
    """A programme with what it was made of: the study, its examination, the measures; the curve where asked for."""

    study: Study
    examination: Examination
    measures: gpd.GeoDataFrame
    programme: Programme
    curve: Curve | None = None
    comparison: Comparison | None = None


def write_costs(path: Path, menu: Menu, *, lang: Lang = "zh") -> None:
    """Write the sheet of unit costs to fill in: every measure of the menu, with marked example prices."""
    require_file_place(path)
    write_cost_sheet(path, menu, costs=load_costs("example-costs"), lang=lang)


def read_costs(path: Path | None, menu: Menu) -> Costs:
    """Return the unit costs of a filled sheet, or the marked examples when there is none.

    Raises
    ------
    InputError
        With every wrong cell.
    """
    if path is None:
        return load_costs("example-costs")
    try:
        return read_cost_sheet(path, menu).require()
    except InputError as error:
        raise InputError([replace(fault, file=fault.file or str(path)) for fault in error.faults]) from error


def read_programme(path: Path) -> Programme:
    """Return the programme in a file that `shequ programme` wrote.

    Raises
    ------
    InputError
        When it is something else, damaged, or of a newer version.
    """
    content = read_bytes(path, LARGEST_PLAN)
    return placed(path, lambda: Programme.from_json(content))


def programme_options(given: Mapping[str, Any]) -> ProgrammeOptions:
    """Return the options of a programme, every fault at once."""
    return ProgrammeOptions.read(given)


def programme_study(
    path: Path,
    *,
    catalogue: Catalogue,
    menu: Menu,
    costs: Costs,
    options: ProgrammeOptions,
    today: str,
    start: Programme | None = None,
    against: Mapping[str, Programme] | None = None,
    ledger: Path | None = None,
    lift_consent: Collection[str] = (),
    steps: Sequence[float] = (),
    told: Told | None = None,
) -> Programmed:
    """Turn what a study's surveys found into a programme.

    Parameters
    ----------
    path
    catalogue, menu, costs
        What findings are counted by, what answers them, at what price.
    options
        Years, budgets, capacities, what is fixed by hand.
    today
        The day the findings are open as of (ISO).
    start
        A programme to begin from, of the same measures.
    against
        Programmes of the same measures, by name: the new one is compared with them.
    ledger
        Who owns which flat and what the owners answered: lifts are ready where they consent.
    lift_consent
        Buildings whose owners have consented to a lift.
    steps
        Extra public money [yuan] for the curve of what it buys; none: no curve.
    told

    Raises
    ------
    InfeasibleError
        When no programme keeps the safety floor and the other demands: what is missing, and what would cure it.
    """

    def tell(step: str, share: float) -> None:
        if told:
            told(step, share)

    study = with_units(read_study(path), catalogue)
    tell("examining", 0.0)
    found = examine(study, catalogue=catalogue, today=today)
    consented = {*lift_consent, *(() if ledger is None else carried(ledger))}
    tell("turning findings into measures", 0.1)
    offered = measures(found, study, menu=menu, costs=costs, weights=options.weights, lift_consent=consented)
    made = make_programme(offered, options, start=start, told=lambda step, share: tell(step, 0.2 + 0.5 * share))
    curve = None
    if steps:
        curve = marginal_curve(
            offered,
            options,
            steps=steps,
            start=made,
            told=lambda share: tell("what more money buys", 0.7 + 0.3 * share),
        )
    side_by_side = compare({**against, "new": made}, offered) if against else None
    return Programmed(study, found, offered, made, curve, side_by_side)


def carried(ledger: Path) -> frozenset[str]:
    """Return the buildings of an ownership ledger all of whose stairs have agreed to a lift (article 278)."""
    votes = count_consent(read_ledger(ledger), rules=load_lift_rules("lift-consent")).by_building()
    return frozenset(votes.index[votes["agreed"] == votes["votes"]].astype(str))


def write_programmed(done: Programmed, out: Path, *, lang: Lang = "zh", told: Told | None = None) -> list[Path]:
    """Write a programme's files into `out`: all of them, or none."""
    made, offered, study = done.programme, done.measures, done.study
    steps: dict[str, Callable[[Path], object]] = {
        "programme.json": lambda file: file.write_bytes(made.to_json()),
        "programme.gpkg": lambda file: write_programme_gpkg(made, offered, file, study=study, lang=lang),
        "map.html": lambda file: save_map(
            programme_map(made, offered, study=study, examination=done.examination, lang=lang), file
        ),
        "report.xlsx": lambda file: write_programme_xlsx(made, offered, file, study=study, curve=done.curve, lang=lang),
        "report.docx": lambda file: write_programme_docx(made, offered, file, study=study, curve=done.curve, lang=lang),
    }
    with all_or_none(out, PROGRAMMED) as draft:
        for number, name in enumerate(PROGRAMMED):
            if told:
                told(f"writing {name}", number / len(PROGRAMMED))
            steps[name](draft / name)
    return [out / name for name in PROGRAMMED]


def require_programmed_place(out: Path) -> None:
    """Refuse a folder that a programme's files cannot be written into; write nothing."""
    require_place(out, PROGRAMMED)
