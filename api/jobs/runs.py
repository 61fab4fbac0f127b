"""What each process does, in a worker: one operation on a working copy of the study, and what came of it.

A run never touches the store: it returns what is to be written, and the worker writes all of it at once.
"""
# ruff: noqa: PLC0415 - a worker does one thing, and imports what that needs

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.errors import problem
from api.storage.records import Write
from geo.errors import Fault, InfeasibleError, InputError, ShequError
from layers.words import fullwidth

if TYPE_CHECKING:
    import pandas as pd

    from api.exports.takeaway import Notes, Wanted
    from api.jobs import inputs
    from api.operations.plans import Planned
    from api.operations.results import Result
    from api.operations.telling import Told
    from geo.partition.plan import Plan
    from geo.siting import FittingCosts
    from geo.study import Study


NOTE = "note: "
"""Begins a line of the log that is worth keeping however quickly others follow."""


@dataclass(frozen=True)
class Work:
    """What a run is given.

    Attributes
    ----------
    study
        A working copy of the study.
    out
        An empty folder for files.
    files
        Key → local copy of each file that the inputs name.
    plan, programme
        Give a plan of the study as it stands, the file of a programme, by id.
    export
        Writes collections into a folder as one file, and tells what it could not hold.
    by, at, job
        Who asked, when (UTC, ISO 8601), and the job's id.
    told
    """

    study: Path
    out: Path
    files: Mapping[str, Path]
    plan: "Callable[[str], Plan]"
    programme: Callable[[str], Path]
    export: "Callable[[Wanted, Path, Callable[[float], None]], tuple[Path, Notes]]"
    by: str
    at: str
    job: str
    told: "Told"

    def file(self, key: str | None) -> Path | None:
        """Return the local copy of a file; None for none."""
        return None if key is None else self.files[key]


@dataclass(frozen=True)
class Done:
    """What came of a run.

    Attributes
    ----------
    summary
        JSON values that tell it in figures.
    writes
        Layers and documents to keep.
    collections
        Ids of the layers.
    files
        Output → file.
    study
        The study with changed tables; None where they are as they were.
    action
        As the log says it.
    """

    summary: Mapping[str, Any]
    action: str
    writes: tuple[Write, ...] = ()
    collections: tuple[str, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    study: "Study | None" = None


class NoAnswerError(InfeasibleError):
    """A request without an answer, with what would have one."""

    def __init__(self, error: InfeasibleError, ways: Mapping[str, Any]) -> None:
        super().__init__(error.reasons, reasons_zh=error.reasons_zh, table=error.table, ids=error.ids)
        self.ways = ways


def told_of(error: ShequError) -> dict[str, Any]:
    """Return the problem document of what was raised in a run."""
    return problem(error) | dict(error.ways if isinstance(error, NoAnswerError) else {})


# ── a study's own tables ─────────────────────────────────────────────────────────────────────────────────────────────
def import_files(given: "inputs.ImportInputs", work: Work) -> Done:
    """Read a town's files into the study."""
    from api.operations.town import import_study
    from geo.ingest.mapping import load_mapping

    if (mapping := work.file(given.mapping)) is not None:
        read = load_mapping(mapping)
        named = {each.file for each in read.source} | {
            each for each in (read.rasters.population, read.rasters.dem) if each is not None
        }
        strange = sorted(named - {work.files[key].name for key in given.files})
        if strange:
            raise InputError(Fault(f"the mapping names files that were not given: {', '.join(strange)}",
                                   "upload them, and list them under files; a mapping names files without folders",
                                   file=mapping.name))  # fmt: skip
    study = import_study(
        [work.files[key] for key in given.files], work.study, mapping=mapping, crs=given.crs,
        name=given.name, name_en=given.name_en, area=work.file(given.area), told=work.told,
    )  # fmt: skip
    return Done(_of_study(study, "import"), "import", study=study)


def cut_blocks(given: "inputs.BlockInputs", work: Work) -> Done:
    """Cut the study area into blocks."""
    from api.operations.town import make_blocks
    from geo.blocks import BlockOptions

    chosen: dict[str, Any] = {"borders": given.borders}
    if given.roads is not None:
        chosen["road_classes"] = tuple(given.roads)
    if given.min_width_m is not None:
        chosen["min_width_m"] = given.min_width_m
    work.told("cutting blocks", 0.1)
    study = make_blocks(work.study, source=given.source, options=BlockOptions(**chosen))
    return Done(_of_study(study, "blocks"), "blocks", study=study)


def place_households(given: "inputs.HouseholdInputs", work: Work) -> Done:
    """Put households onto buildings and blocks."""
    from api.operations.town import put_households
    from geo.households import HouseholdOptions

    chosen: dict[str, Any] = {"trust": given.trust, "estimate": given.estimate}
    if given.household_size is not None:
        chosen |= {"household_size": given.household_size, "sources": {"household_size": "the request"}}
    work.told("placing households", 0.1)
    study, placed = put_households(work.study, options=HouseholdOptions(**chosen))
    found = _of_study(study, "households") | {"sources": _records(placed.summary.reset_index())}
    return Done(found, "households", study=study)


def take_surveys(given: "inputs.SurveyInputs", work: Work) -> Done:
    """Read filled-in surveys; one with a fault changes nothing."""
    from api.operations.surveys import Surveyed, read_survey_mapping, read_surveys
    from geo.standards import load_catalogue

    mapping = work.file(given.mapping)
    read = read_surveys(
        work.study, [work.files[key] for key in given.files], catalogue=load_catalogue(given.catalogue),
        today=_day(given.today), valid_rows_only=given.valid_rows_only,
        mapping=None if mapping is None else read_survey_mapping(mapping), told=work.told,
    )  # fmt: skip
    if not isinstance(read, Surveyed):
        raise InputError([
            Fault(f"{Path(one.file).name} {each.sheet} {each.cell}: {each.what_en}".strip(), each.remedy_en,
                  file=Path(one.file).name)
            for one in read
            for each in one.faults
        ])  # fmt: skip
    stored = [{"file": Path(one.file).name, "new": done.new, "changed": done.changed, "unchanged": done.unchanged}
              for one, done in zip(read.reads, read.stored, strict=True)]  # fmt: skip
    return Done({"surveys": stored} | _of_study(read.study, "survey"), "survey", study=read.study)


# ── plans ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def make_plan(given: "inputs.PlanInputs", work: Work) -> Done:
    """Redraw or merge the communities."""
    from api.operations.plans import plan_study, write_outputs
    from geo.standards import load_profile

    profile = load_profile(given.profile)
    try:
        planned = plan_study(
            work.study, profile=profile, options=given.options,
            start=None if given.start is None else work.plan(given.start),
            names=dict(given.names), heirs=dict(given.heirs), told=_part(work.told, 0.0, 0.7),
        )  # fmt: skip
    except InfeasibleError as error:
        raise _with_advice(error, given, work) from error
    result_id = given.id or work.job
    files = write_outputs(planned, work.out, lang=given.lang, told=_part(work.told, 0.7, 1.0))
    writes, collections = _plan_layers(
        planned, result_id, _titles(given, (f"方案 {result_id}", f"Plan {result_id}")), work
    )
    return Done({"plan": result_id} | _of_plan(planned), f"plan {result_id}", writes, collections, _named(files))


def make_alternatives(given: "inputs.AlternativesInputs", work: Work) -> Done:
    """Make several plans to choose from, each kept as a plan."""
    from api.operations.plans import alternative_plans, write_alternatives
    from geo.standards import load_profile

    try:
        offered = alternative_plans(
            work.study, profile=load_profile(given.profile), options=given.options, count=given.count,
            told=_part(work.told, 0.0, 0.8),
        )  # fmt: skip
    except InfeasibleError as error:
        raise _with_advice(error, given, work) from error
    files = write_alternatives(offered, work.out, lang=given.lang, told=_part(work.told, 0.8, 1.0))
    found = offered.alternatives
    writes: list[Write] = []
    collections: list[str] = []
    told = []
    for letter, planned in offered.planned.items():
        plan_id = f"{given.id or work.job}-{letter.lower()}"
        row, gives = found.table.loc[letter], found.gives_up.loc[letter]
        zh, en = _titles(given, ("比选", "Alternative"))
        title = (f"{zh} {letter}：{row['name_zh']}", f"{en} {letter}: {row['name_en']}")
        made, named = _plan_layers(planned, plan_id, title, work)
        writes += made
        collections += named
        told.append({"plan": plan_id, "name_zh": row["name_zh"], "name_en": row["name_en"],
                     "loss": float(row["loss"]), "pareto": bool(row["pareto"]), "text_zh": gives["text_zh"],
                     "text_en": gives["text_en"]} | _of_plan(planned))  # fmt: skip
    book = next(file for file in files if file.suffix == ".xlsx")
    summary = {"plans": told, "notes": [{"zh": note.zh, "en": note.en} for note in found.notes]}
    return Done(summary, "alternatives", tuple(writes), tuple(collections), {"workbook": book})


def write_report(given: "inputs.ReportInputs", work: Work) -> Done:
    """Write a plan's files again."""
    from api.operations.plans import explain_saved, write_outputs

    work.told("explaining the plan", 0.0)
    planned = explain_saved(work.study, work.plan(given.plan), names=dict(given.names), heirs=dict(given.heirs))
    files = write_outputs(planned, work.out, lang=given.lang, told=_part(work.told, 0.3, 1.0))
    return Done({"plan": given.plan} | _of_plan(planned), f"report of {given.plan}", files=_named(files))


def sort_villages(given: "inputs.ConvertInputs", work: Work) -> Done:
    """Sort out which villages become communities."""
    from api.operations.conversions import convert_study, read_survey, save_conversions
    from api.operations.results import conversion_result
    from geo.conversion import Override, plan_options
    from geo.partition.plan import PlanOptions
    from geo.standards import load_profile

    survey = work.file(given.survey)
    work.told("sorting out villages", 0.1)
    found = convert_study(
        work.study, profile=load_profile(given.profile), construction_land=work.file(given.construction_land),
        survey=None if survey is None else read_survey(survey),
        overrides={one.id: Override(one.type, work.by, one.why, one.neighbour) for one in given.overrides},
    )  # fmt: skip
    book = work.out / "conversions.xlsx"
    save_conversions(found, book, lang=given.lang)
    types = found.table["type"].value_counts()
    wanted = plan_options(found, PlanOptions()).model_dump(mode="json", exclude_defaults=True)
    summary = {"types": {str(kind): int(number) for kind, number in types.items()}, "options": wanted}
    return _with_layers(given, work, conversion_result(found), summary, {"workbook": book})


# ── examination and renovation ───────────────────────────────────────────────────────────────────────────────────────
def examine(given: "inputs.ExamineInputs", work: Work) -> Done:
    """Count the indicators, and rank the sites."""
    from api.operations.examinations import examine_study, write_examined
    from api.operations.programmes import read_costs
    from api.operations.results import examination_result
    from geo.standards import load_catalogue, load_menu, load_site_rules

    menu = load_menu(given.menu)
    examined = examine_study(
        work.study, catalogue=load_catalogue(given.catalogue), rules=load_site_rules(given.rules), menu=menu,
        costs=read_costs(work.file(given.costs), menu), today=_day(given.today),
        sites=work.file(given.sites), projects=work.file(given.projects), year=given.year,
        told=_part(work.told, 0.0, 0.7),
    )  # fmt: skip
    files = write_examined(examined, work.out, lang=given.lang, told=_part(work.told, 0.7, 1.0))
    found = examined.examination
    indicators = found.indicators.reset_index()[
        ["number", "title_zh", "title_en", "value", "unit_zh", "unit_en", "status", "surveyed", "total", "coverage"]
    ]
    ranked = examined.candidates.table
    first = ranked[ranked["rank"].notna()].head(20).reset_index()
    summary = {
        "indicators": _records(indicators),
        "candidates": _records(first[["site_id", "name", "name_en", "group", "rank", "points_total"]]),
        "notes": _notes(found.notes),
    }
    return _with_layers(given, work, examination_result(examined), summary, _named(files), study=examined.study)


def choose_works(given: "inputs.ProgrammeInputs", work: Work) -> Done:
    """Choose renovation works under budgets."""
    from api.operations.programmes import (
        programme_options,
        programme_study,
        read_costs,
        read_programme,
        write_programmed,
    )
    from api.operations.results import programme_result
    from geo.standards import load_catalogue, load_menu

    menu = load_menu(given.menu)
    done = programme_study(
        work.study, catalogue=load_catalogue(given.catalogue), menu=menu,
        costs=read_costs(work.file(given.costs), menu),
        options=programme_options(given.options), today=_day(given.today),
        start=None if given.start is None else read_programme(work.programme(given.start)),
        ledger=work.file(given.ledger), lift_consent=given.lift_consent, steps=given.curve,
        told=_part(work.told, 0.0, 0.8),
    )  # fmt: skip
    files = write_programmed(done, work.out, lang=given.lang, told=_part(work.told, 0.8, 1.0))
    made = done.programme
    summary = {
        "years": _records(made.years.reset_index()), "need_met": made.need_met, "need_total": made.need_total,
        "gap": made.gap, "proven": made.proven, "notes": _notes(made.notes),
        "curve": [] if done.curve is None else _records(done.curve.points.reset_index()),
    }  # fmt: skip
    return _with_layers(given, work, programme_result(done), summary, _named(files))


# ── facilities ───────────────────────────────────────────────────────────────────────────────────────────────────────
def find_gaps(given: "inputs.GapsInputs", work: Work) -> Done:
    """Look for what is missing."""
    from api.operations.gaps import gaps_study, write_gapped
    from api.operations.results import gaps_result
    from geo.standards import load_facility_standard

    done = gaps_study(
        work.study, standards=[load_facility_standard(each) for each in given.standards], speed=given.speed,
        plan=None if given.plan is None else work.plan(given.plan), told=_part(work.told, 0.0, 0.7),
    )  # fmt: skip
    files = write_gapped(done, work.out, lang=given.lang, told=_part(work.told, 0.7, 1.0))
    shown = ["requirement", "title_zh", "title_en", "facilities", "covered_share", "people_uncovered", "areas",
             "areas_missing", "areas_far", "areas_small", "areas_full", "areas_unknown", "areas_met"]  # fmt: skip
    notes = dict.fromkeys(note for gaps in done.gaps.values() for note in gaps.notes)
    summary = {
        "standards": {
            name: _records(gaps.requirements.rename_axis("requirement").reset_index()[shown])
            for name, gaps in done.gaps.items()
        },
        "notes": _notes(notes),
    }
    return _with_layers(given, work, gaps_result(done), summary, _named(files))


def find_sites(given: "inputs.SitingInputs", work: Work) -> Done:
    """Find where what is missing helps most."""
    from shapely import Point

    from api.operations.results import siting_result
    from api.operations.siting import compare_sites, place_study, site_study, write_found
    from geo.siting import PlacingOptions, WhatIf
    from geo.siting.site import requirement_of

    sought = [requirement_of(key, given.standard) for key in given.needs]
    told = _part(work.told, 0.0, 0.7)
    if given.here:
        places = {name: [Point(each) if isinstance(each, tuple) else each for each in listed]
                  for name, listed in given.here.items()}  # fmt: skip
        found = compare_sites(
            work.study, requirement=sought[0], options=places, kinds=given.kinds, count_small=given.count_small,
            speed=given.speed, seconds=given.seconds, told=told,
        )  # fmt: skip
    elif given.shared:
        options = PlacingOptions(
            budget=float("inf") if given.budget is None else given.budget, count=given.count,
            equity=given.equity if given.equity is not None else "none", complexes=given.complexes, keep=given.keep,
            leave_out=given.leave_out, count_small=given.count_small,
        )  # fmt: skip
        found = place_study(
            work.study, requirements=sought, options=options, costs=_prices(given.prices), kinds=given.kinds,
            speed=given.speed, seconds=given.seconds, told=told,
        )  # fmt: skip
    else:
        found = site_study(
            work.study, requirement=sought[0], model=given.model or "mclp", count=given.count, budget=given.budget,
            capacity=given.capacity, kinds=given.kinds, keep=given.keep, leave_out=given.leave_out,
            count_small=given.count_small, speed=given.speed, seconds=given.seconds, told=told,
        )  # fmt: skip
    files = write_found(found, work.out, lang=given.lang, told=_part(work.told, 0.7, 1.0))
    answer = found.answer
    summary: dict[str, Any] = {"notes": _notes(answer.notes)}
    if isinstance(answer, WhatIf):
        shown = answer.options.rename_axis("option").reset_index()
        summary["options"] = _records(
            shown[["option", "sites", "people_new", "covered_share", "mean_m", "share_of_best", "text_zh", "text_en"]]
        )
    else:
        summary |= {"text_zh": answer.text_zh, "text_en": answer.text_en}
        sites = answer.sites.rename_axis("site_id").reset_index()
        summary["sites"] = _records(sites[["site_id", "rank", "name", "name_en"]])
    return _with_layers(given, work, siting_result(found), summary, _named(files))


def _prices(given: tuple[float, float, float] | None) -> "FittingCosts":
    from geo.siting import EXAMPLE_COSTS, FittingCosts

    return EXAMPLE_COSTS if given is None else FittingCosts(*given)


# ── out of the study ─────────────────────────────────────────────────────────────────────────────────────────────────
def export(given: "inputs.ExportInputs", work: Work) -> Done:
    """Write collections as a file."""
    from api.exports.takeaway import Wanted

    wanted = Wanted(
        given.collections, given.format, encoding=given.encoding, maxzoom=given.maxzoom, paper=given.paper,
        scale=given.scale, title=given.title, lang=given.lang,
    )  # fmt: skip
    work.told("writing the file", 0.0)
    file, notes = work.export(wanted, work.out, lambda share: work.told("writing the file", share))
    for _, note in notes:
        work.told(NOTE + note, 0.9)
    summary = {"collections": list(given.collections), "bytes": file.stat().st_size, "notes": _notes(notes)}
    return Done(summary, "export", files={"file": file})


_OUTPUTS: Mapping[str, str] = {
    "map.html": "map", "report.xlsx": "workbook", "report.docx": "document", "plan.json": "plan",
    "programme.json": "programme",
}  # fmt: skip


# ── what came of it ──────────────────────────────────────────────────────────────────────────────────────────────────
def _with_layers(
    given: "inputs.WithResult", work: Work, result: "Result", summary: Mapping[str, Any], files: Mapping[str, Path], *,
    study: "Study | None" = None,
) -> Done:  # fmt: skip
    from api.operations.results import result_collections, result_writes

    result_id = given.id or work.job
    kept = replace(result, title=_titles(given, result.title))
    writes = tuple(result_writes(kept, result_id, by=work.by, at=work.at, job=work.job))
    collections = tuple(result_collections(kept, result_id))
    return Done({"result": f"{result.source}.{result_id}"} | dict(summary), f"{result.source} {result_id}", writes,
                collections, files, study)  # fmt: skip


def _plan_layers(
    planned: "Planned", plan_id: str, title: tuple[str, str], work: Work
) -> tuple[tuple[Write, ...], tuple[str, ...]]:
    from api.operations.plan_results import plan_writes
    from api.storage.records import CollectionWrite

    writes = tuple(plan_writes(planned, plan_id, by=work.by, at=work.at, title=title, job=work.job))
    return writes, tuple(each.collection.id for each in writes if isinstance(each, CollectionWrite))


def _titles(given: "inputs.WithResult", made: tuple[str, str]) -> tuple[str, str]:
    """Return the titles that were given, in place of those that are made."""
    return given.title or made[0], given.title_en or given.title or made[1]


def _named(files: list[Path]) -> dict[str, Path]:
    return {_OUTPUTS.get(file.name, "geopackage" if file.suffix == ".gpkg" else file.stem): file for file in files}


def _of_study(study: "Study", step: str) -> dict[str, Any]:
    """Return a study's tables with their numbers of rows, and what the step repaired or assumed, by kind."""
    kinds: dict[tuple[str, str, str], dict[str, Any]] = {}
    for repair in (each for each in study.repairs if each.step == step):
        told = kinds.setdefault((repair.table, repair.action, repair.code), {
            "table": repair.table, "action": repair.action, "code": repair.code, "count": 0, "first": repair.row_id,
            "detail": repair.detail, "detail_zh": repair.detail_zh,
        })  # fmt: skip
        told["count"] += 1
    return {"tables": {name: len(frame) for name, frame in study.tables.items()}, "repairs": list(kinds.values())}


def _of_plan(planned: "Planned") -> dict[str, Any]:
    plan, tables = planned.plan, planned.tables
    return {
        "communities": len(tables.communities), "communities_before": len(tables.communities_before),
        "min_households": plan.min_households, "max_households": plan.max_households,
        "moved_households": float(tables.moves["households"].sum()),
        "terms": {name: {"value": float(term.value), "unit": term.unit} for name, term in plan.terms.items()},
        "proven": plan.proven, "gap": plan.gap, "stopped_early": plan.stopped_early,
        "violations": [{"zh": zh, "en": en} for zh, en in
                       zip(tables.violations["text_zh"], tables.violations["text_en"], strict=True)],
        "notes": [{"zh": note.zh, "en": note.en} for note in plan.notes],
    }  # fmt: skip


def _with_advice(
    error: InfeasibleError, given: "inputs.PlanInputs | inputs.AlternativesInputs", work: Work
) -> InfeasibleError:
    """Return the refusal with the nearest requests that have an answer."""
    from api.operations.plans import why_not
    from geo.standards import load_profile

    if not given.advice:
        return error
    found = why_not(
        work.study, profile=load_profile(given.profile), options=given.options, told=_part(work.told, 0.3, 1.0)
    )
    return NoAnswerError(error, {
        "conflicts": [{"text_zh": each.text_zh, "text_en": each.text_en, "certainty": each.certainty,
                       "ids": list(each.ids)} for each in found.conflicts],
        "ways": [{"text_zh": each.text_zh, "text_en": each.text_en, "cost_zh": list(each.cost_zh),
                  "cost_en": list(each.cost_en), "least": each.least, "law": each.law,
                  "options": each.options.model_dump(mode="json", exclude_defaults=True)}
                 for each in found.relaxations],
    })  # fmt: skip


def typeset(told: Any, key: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return JSON values with the Chinese sentences (`zh`, `…_zh`) in Chinese punctuation."""
    if isinstance(told, Mapping):
        return {name: typeset(value, name) for name, value in told.items()}
    if isinstance(told, list):
        return [typeset(each, key) for each in told]
    return fullwidth(told) if isinstance(told, str) and (key == "zh" or key.endswith("_zh")) else told


def _notes(notes: Any) -> list[dict[str, str]]:  # noqa: ANN401 - pairs, or keys that are pairs
    return [{"zh": zh, "en": en} for zh, en in notes]


def _records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return rows as JSON values; what is missing is null."""
    rows: list[dict[str, Any]] = json.loads(
        frame.to_json(orient="records", force_ascii=False, double_precision=6, date_format="iso")
    )
    return rows


def _part(told: "Told", begin: float, end: float) -> "Told":
    """Return what tells the progress of one part of the work as that of the whole."""
    return lambda text, share: told(text, begin + (end - begin) * min(max(share, 0.0), 1.0))


def _day(given: str | None) -> str:
    """Return the day that was asked for, or today's; InputError when it is no day."""
    try:
        return (date.today() if given is None else date.fromisoformat(given)).isoformat()
    except ValueError as error:
        raise InputError(Fault(f"{given} is no day", "write it like 2026-09-30")) from error
