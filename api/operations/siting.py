"""Siting: where what is missing helps most; one kind at a time, several under a budget, or places set by hand."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import geopandas as gpd
from shapely import Point

from api.operations.files import all_or_none, require_place
from api.operations.telling import Told
from geo.errors import Fault, InputError
from geo.gaps.demand import demand
from geo.gaps.scene import require_walk
from geo.network import Network
from geo.network.build import network_of
from geo.siting import (
    FittingCosts,
    Placed,
    PlacingOptions,
    Sited,
    WhatIf,
    candidate_sites,
    place,
    site,
    what_if,
)
from geo.siting.result import Model
from geo.standards.facilities import Requirement
from geo.study import Study, read_study
from layers.maps import save as save_map
from layers.siting import siting_map, write_siting_docx, write_siting_gpkg, write_siting_xlsx
from layers.words import Lang

SITED = ("siting.gpkg", "map.html", "report.xlsx", "report.docx")
"""What `write_found` writes into a folder."""


@dataclass(frozen=True)
class Found:
    """A study and the answer to a question of siting."""

    study: Study
    answer: Sited | Placed | WhatIf


@dataclass(frozen=True)
class Ground:
    """What every question of siting reads of a study."""

    study: Study
    homes: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    network: Network
    communities: gpd.GeoDataFrame | None
    estates: gpd.GeoDataFrame | None


def _ground(study: Study, kinds: Collection[str] | None, speed: str, told: Told | None) -> Ground:
    require_walk(speed, "metres")
    if told:
        told("reading how people walk", 0.0)
    return Ground(
        study, demand(study), candidate_sites(study, kinds=kinds), network_of(study), study.get("communities"),
        study.get("estates"),
    )  # fmt: skip


def siting_model(name: str) -> Model:
    """Return the model of that name.

    Raises
    ------
    InputError
        When there is none.
    """
    for known in get_args(Model):
        if known == name:
            return cast("Model", name)
    raise InputError(Fault(f"there is no model {name!r}", f"use one of: {', '.join(get_args(Model))}"))


def site_study(
    path: Path,
    *,
    requirement: Requirement,
    model: Model = "mclp",
    count: int | None = None,
    budget: float | None = None,
    capacity: float | None = None,
    kinds: Collection[str] | None = None,
    keep: Collection[str] = (),
    leave_out: Collection[str] = (),
    count_small: bool = True,
    speed: str = "adult",
    seconds: float = 60.0,
    told: Told | None = None,
) -> Found:
    """Find the best sites of one requirement among a study's candidates (see `geo.siting.site.site`)."""
    ground = _ground(read_study(path), kinds, speed, told)
    if told:
        told("choosing sites", 0.3)
    answer = site(
        ground.homes, ground.candidates, ground.study.get("facilities"), ground.network, requirement=requirement,
        model=model, count=count, budget=budget, capacity=capacity, keep=keep, leave_out=leave_out,
        count_small=count_small, speed=speed, seconds=seconds, communities=ground.communities, estates=ground.estates,
    )  # fmt: skip
    return Found(ground.study, answer)


def place_study(
    path: Path,
    *,
    requirements: Sequence[Requirement],
    options: PlacingOptions,
    costs: FittingCosts,
    kinds: Collection[str] | None = None,
    speed: str = "adult",
    seconds: float = 60.0,
    told: Told | None = None,
) -> Found:
    """Fill a study's premises with several requirements under a budget (see `geo.siting.placing.place`)."""
    if faults := [*options.faults(), *costs.faults()]:
        raise InputError(faults)
    ground = _ground(read_study(path), kinds, speed, told)
    if told:
        told("filling premises", 0.3)
    answer = place(
        ground.homes, ground.candidates, ground.study.get("facilities"), ground.network, requirements=requirements,
        options=options, costs=costs, speed=speed, seconds=seconds,
        communities=ground.communities, estates=ground.estates,
    )  # fmt: skip
    return Found(ground.study, answer)


def compare_sites(
    path: Path,
    *,
    requirement: Requirement,
    options: Mapping[str, Sequence[str | Point]],
    kinds: Collection[str] | None = None,
    count_small: bool = True,
    speed: str = "adult",
    seconds: float = 60.0,
    told: Told | None = None,
) -> Found:
    """Compare sites set by hand with each other, with today and with the best (see `geo.siting.what_if.what_if`).

    Points are in the study's metres; those that could be longitude and latitude are taken as such.

    Raises
    ------
    InputError
        Also where a point lies outside the study area.
    """
    study = read_study(path)
    options = _on_the_ground(options, study)
    ground = _ground(study, kinds, speed, told)
    if told:
        told("comparing sites", 0.3)
    answer = what_if(
        ground.homes, ground.candidates, ground.study.get("facilities"), ground.network, requirement=requirement,
        options=options, count_small=count_small, speed=speed, seconds=seconds, communities=ground.communities,
        estates=ground.estates,
    )  # fmt: skip
    return Found(ground.study, answer)


def _on_the_ground(options: Mapping[str, Sequence[str | Point]], study: Study) -> dict[str, list[str | Point]]:
    """Return the options with all points in the study's metres; refuse points outside its area, all at once."""
    area = study["study_area"].union_all()
    faults = []

    def moved(name: str, point: Point) -> Point:
        at = point
        if abs(point.x) <= 180 and abs(point.y) <= 90:
            at = gpd.GeoSeries([point], crs="EPSG:4326").to_crs(study.crs).iloc[0]
        if not area.intersects(at):
            west, south, east, north = area.bounds
            faults.append(Fault(
                f"the point {point.x:.10g},{point.y:.10g} of {name!r} is {_far(area.distance(at))} outside the town",
                f"give metres of {study.crs.to_string()} (x {west:.0f} to {east:.0f}, y {south:.0f} to {north:.0f}), "
                "or longitude,latitude",
            ))  # fmt: skip
        return at

    found = {name: [moved(name, each) if isinstance(each, Point) else each for each in places]
             for name, places in options.items()}  # fmt: skip
    if faults:
        raise InputError(faults)
    return found


def _far(metres: float) -> str:
    if not metres < 1e7:  # further than any point on Earth, or no distance at all
        return "far"
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:,.0f} km"


def write_found(found: Found, out: Path, *, lang: Lang = "zh", told: Told | None = None) -> list[Path]:
    """Write map, workbook, document and GeoPackage of an answer into `out`: all of them, or none."""
    answer, study = found.answer, found.study
    steps: dict[str, Callable[[Path], object]] = {
        "siting.gpkg": lambda file: write_siting_gpkg(answer, file, study=study, lang=lang),
        "map.html": lambda file: save_map(siting_map(answer, study=study, lang=lang), file),
        "report.xlsx": lambda file: write_siting_xlsx(answer, file, study=study, lang=lang),
        "report.docx": lambda file: write_siting_docx(answer, file, study=study, lang=lang),
    }
    with all_or_none(out, SITED) as draft:
        for number, name in enumerate(SITED):
            if told:
                told(f"writing {name}", number / len(SITED))
            steps[name](draft / name)
    return [out / name for name in SITED]


def require_found_place(out: Path) -> None:
    """Refuse a folder that the files of an answer cannot be written into; write nothing."""
    require_place(out, SITED)
