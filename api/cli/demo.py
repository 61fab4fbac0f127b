"""The command `demo`: everything shequ does, on the embedded town Qinghe."""
# ruff: noqa: PLC0415 - commands import late, so that --help is quick

from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.console import (
    ABOUT_EXAMINATION,
    ABOUT_GAPS,
    ABOUT_PROGRAMME,
    ABOUT_SITING,
    Lang,
    Language,
    Out,
    progress_bar,
    show_files,
    tell,
)
from api.cli.examining import show_examined
from api.cli.gaps import DEFAULT_STANDARDS, show_gaps
from api.cli.planning import show_plan
from api.cli.programming import show_programme
from api.cli.siting import show_found

if TYPE_CHECKING:
    from geo.partition.plan import Plan

EDITION, DAY = "examination-2025", "2026-09-30"
"""What the survey is counted by, and as of which day."""
YEARS, WORKS_YUAN = (2027, 2028, 2029, 2030, 2031), 1.2e7
"""The years of the programme, and the public money of each."""
SERVICES, PREMISES_YUAN = ("station", "childcare", "culture", "elders"), 4e6
"""What of the six ones is placed in idle rooms, and for how much money."""

PLAN_ID, PLAN_TITLE = "seed-3000", ("三千户方案", "Three thousand households")
"""How the plan is called among the study's layers."""


def run_demo(out: Out = Path("out/qinghe"), lang: Language = Lang.zh) -> None:
    """Plan the embedded town Qinghe (清河镇), examine it, and tell what is missing and where it helps: every output.

    Import, blocks, households and the plan go into the folder; its survey, an invented one, is read into the study and
    counted in `examination/`; `programme/` holds five years of works at example prices, `gaps/` what people can walk to
    before and after the plan, `siting/` where services would help most for a budget.
    """
    from api.operations.keeping import keep_plan
    from api.operations.plans import plan_study, write_outputs
    from api.operations.town import demo_town, import_study, make_blocks, put_households
    from geo.partition.plan import PlanOptions
    from geo.standards import load_profile

    study = out / "study.gpkg"
    study.unlink(missing_ok=True)
    with progress_bar() as told:
        import_study([], study, mapping=demo_town(), told=told)
        told("cutting blocks", 0.0)
        make_blocks(study)
        told("placing households", 0.5)
        put_households(study)
        planned = plan_study(study, profile=load_profile("seed-3000"), options=PlanOptions(), told=told)
        files = write_outputs(planned, out, lang=lang.value, told=told)
        keep_plan(study, planned, PLAN_ID, title=PLAN_TITLE)
    show_plan(planned, lang)
    show_files([study, *files])
    _examine(study, out / "examination", lang)
    _programme(study, out / "programme", lang)
    _gaps(study, planned.plan, out / "gaps", lang)
    _siting(study, out / "siting", lang)
    tell(f"all of it on one map, and for QGIS: shequ serve {study}")


def _examine(study: Path, out: Path, lang: Lang) -> None:
    from api.operations.examinations import examine_study, write_examined
    from api.operations.keeping import keep_result
    from api.operations.programmes import read_costs
    from api.operations.results import examination_result
    from api.operations.surveys import read_surveys
    from api.operations.town import demo_town
    from geo.standards import load_catalogue, load_menu, load_site_rules

    menu = load_menu("renovation-menu-2020")
    demo = demo_town().parent
    with progress_bar() as told:
        surveys = [demo / name for name in ("survey-2025.xlsx", "survey-2026.xlsx")]
        read = read_surveys(study, surveys, catalogue=load_catalogue(EDITION), today=DAY, told=told)
        for each in read if isinstance(read, tuple) else ():
            each.require()
        examined = examine_study(
            study, catalogue=load_catalogue(EDITION), rules=load_site_rules("old-estates-2021"), menu=menu,
            costs=read_costs(None, menu), today=DAY,
            sites=demo / "sites.xlsx", projects=demo / "projects.xlsx", told=told,
        )  # fmt: skip
        files = write_examined(examined, out, lang=lang.value, told=told)
        keep_result(study, examination_result(examined), "2026")
    show_examined(examined, lang, brief=True)
    show_files(files, ABOUT_EXAMINATION)


def _programme(study: Path, out: Path, lang: Lang) -> None:
    from api.operations.keeping import keep_result
    from api.operations.programmes import programme_options, programme_study, read_costs, write_programmed
    from api.operations.results import programme_result
    from api.operations.town import demo_town
    from geo.standards import load_catalogue, load_menu

    menu = load_menu("renovation-menu-2020")
    options = programme_options(
        {"years": YEARS, "budgets_yuan": (WORKS_YUAN,) * len(YEARS), "gap": 0.01, "time_limit_s": 20.0,
         "unpriced_safety": "report"}
    )  # fmt: skip
    with progress_bar() as told:
        done = programme_study(
            study, catalogue=load_catalogue(EDITION), menu=menu, costs=read_costs(None, menu),
            options=options, today=DAY, ledger=demo_town().parent / "ledger.xlsx", told=told,
        )  # fmt: skip
        files = write_programmed(done, out, lang=lang.value, told=told)
        keep_result(study, programme_result(done), "2027-2031")
    show_programme(done, lang)
    show_files(files, ABOUT_PROGRAMME)


def _gaps(study: Path, plan: "Plan", out: Path, lang: Lang) -> None:
    from api.operations.gaps import gaps_study, write_gapped
    from api.operations.keeping import keep_result
    from api.operations.results import gaps_result
    from geo.standards import load_facility_standard

    standards = [load_facility_standard(each) for each in DEFAULT_STANDARDS]
    with progress_bar() as told:
        done = gaps_study(study, standards=standards, plan=plan, told=told)
        files = write_gapped(done, out, lang=lang.value, told=told)
        keep_result(study, gaps_result(done), PLAN_ID)
    show_gaps(done, lang, brief=True)
    show_files(files, ABOUT_GAPS)


def _siting(study: Path, out: Path, lang: Lang) -> None:
    from api.operations.keeping import keep_result
    from api.operations.results import siting_result
    from api.operations.siting import place_study, write_found
    from geo.siting import EXAMPLE_COSTS, PlacingOptions, requirement_of

    sought = [requirement_of(each, "six-ones") for each in SERVICES]
    with progress_bar() as told:
        found = place_study(
            study, requirements=sought, options=PlacingOptions(budget=PREMISES_YUAN), costs=EXAMPLE_COSTS,
            told=told,
        )  # fmt: skip
        files = write_found(found, out, lang=lang.value, told=told)
        keep_result(study, siting_result(found), "premises")
    show_found(found, lang)
    show_files(files, ABOUT_SITING)
