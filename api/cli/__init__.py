"""The command `shequ`: each step of the way from a town's files to an explained plan."""

import signal
import sys

import typer

from api.cli import (
    converting,
    demo,
    editing,
    examining,
    gaps,
    lifts,
    planning,
    programming,
    reviewing,
    serving,
    siting,
    surveying,
    team,
    town,
)
from api.cli.console import BAD_INPUT, CANCELLED, NO_ANSWER, plain, say_cancelled, tell
from api.cli.kernels import find_room_for_kernels
from api.errors import WebError
from geo.errors import InfeasibleError, ShequError

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

**With a plan**: `explain` and `score` say why and how good it is, `edit` changes it by hand, `alternatives` makes
several to choose from, `report` writes its files again, `bounds` reads its words, `convert` sorts out villages.

**Examination and renovation**: `survey` makes and reads the surveyors' workbook, `examine` counts the official
indicators, `programme` chooses works under a budget; `lifts` counts consent, `farmhouses` sorts a register.

**Facilities**: `gaps` tells who can walk to what and what is missing, `site` where it helps most; `standards` lists
what is asked for.

**For others**: `serve` shows studies in a browser, and gives every table, plan and finding to QGIS, GDAL and notebooks;
`team` keeps the accounts, roles and studies of a database.

`shequ demo` does all of it on the embedded town Qinghe. `shequ COMMAND --help` tells one step's options with examples.

**Exit codes**: 0 done · 2 the input is wrong · 3 the request has no answer · 130 cancelled. Nothing is half written.
""",
)

A_STUDY, A_PLAN, WORKS, FACILITIES = "A study", "A plan", "Examination and renovation", "Facilities"
SERVING = "For others"

for name, command, panel in (
    ("import", town.import_files, A_STUDY),
    ("show", town.show_study, A_STUDY),
    ("blocks", town.make_blocks, A_STUDY),
    ("households", town.put_households, A_STUDY),
    ("convert", converting.convert_villages, A_STUDY),
    ("bounds", reviewing.read_bounds, A_STUDY),
    ("profiles", town.show_profiles, A_STUDY),
    ("plan", planning.plan_communities, A_PLAN),
    ("alternatives", planning.compare_plans, A_PLAN),
    ("explain", reviewing.explain, A_PLAN),
    ("score", reviewing.score, A_PLAN),
    ("report", planning.report_plan, A_PLAN),
    ("examine", examining.examine_study, WORKS),
    ("costs", programming.write_costs, WORKS),
    ("programme", programming.make_programme, WORKS),
    ("lifts", lifts.consent_lifts, WORKS),
    ("farmhouses", lifts.sort_farmhouses, WORKS),
    ("standards", gaps.show_standards, FACILITIES),
    ("gaps", gaps.find_gaps, FACILITIES),
    ("site", siting.site_facilities, FACILITIES),
    ("serve", serving.serve_studies, SERVING),
    ("demo", demo.run_demo, A_PLAN),
):
    shequ.command(name, rich_help_panel=panel)(command)
shequ.add_typer(editing.edit, name="edit", rich_help_panel=A_PLAN)
shequ.add_typer(surveying.survey, name="survey", rich_help_panel=WORKS)
shequ.add_typer(team.team, name="team", rich_help_panel=SERVING)


def main() -> None:
    """Run the command; every refusal is one plain message and an exit code."""
    # told to end, leave no draft behind either; not as Ctrl-C does, which is ignored in the background of a shell
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    find_room_for_kernels()
    try:
        shequ(standalone_mode=True)
    except InfeasibleError as error:
        tell("[bold red]no such plan[/]: the request has no answer, and no rule was relaxed", marked=True)
        for reason in error.reasons:
            tell(f"  • {reason}")
        sys.exit(NO_ANSWER)
    except ShequError as error:
        said = error.fault if isinstance(error, WebError) and error.fault.remedy else error
        tell(f"[bold red]error[/]: {plain(said)}", marked=True)
        sys.exit(BAD_INPUT)
    except OSError as error:
        place = f"\n  where:  file {error.filename}" if error.filename else ""
        tell(
            f"[bold red]error[/]: {plain(f'{error.strerror or error}{place}')}\n"
            "  remedy: check the path, its rights, and the room on the disk; nothing was changed",
            marked=True,
        )
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        say_cancelled()
        sys.exit(CANCELLED)
    except SystemExit as end:
        if end.code == CANCELLED:  # Typer's own answer to Ctrl-C
            say_cancelled()
        raise
