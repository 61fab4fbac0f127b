"""Commands that make plans: plan, alternatives, report, demo; and what is said of one, or of a request without one."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from api.cli.asking import Asked, asking, flags_between, read_heirs, read_names
from api.cli.console import (
    NO_ANSWER,
    Lang,
    Language,
    Out,
    PlanFile,
    StudyFile,
    count,
    progress_bar,
    say,
    show_files,
    show_table,
    shown,
    tell,
    title,
    unknown,
)
from geo.errors import InfeasibleError

if TYPE_CHECKING:
    from api.operations.plans import Offered, Planned
    from geo.partition.plan import Plan, PlanOptions
    from geo.partition.refusal.relaxations import Diagnosis
    from geo.standards import Profile

Name = Annotated[
    list[str] | None,
    typer.Option(
        "--name", metavar="ID=中文名[/English]", help="A name that was decided, for a new community or another.",
        rich_help_panel="Names",
    ),
]  # fmt: skip
Heir = Annotated[
    list[str] | None,
    typer.Option(
        "--heir", metavar="OLD=ID", rich_help_panel="Names",
        help="Which community of the plan carries on a name of today (OLD=none: none). Default: the largest part.",
    ),
]  # fmt: skip

Advice = Annotated[
    bool,
    typer.Option("--advice/--no-advice", help="Look for the nearest requests that would work, when this one does not."),
]


@asking()
def plan_communities(
    study: StudyFile,
    out: Out = Path("plan"),
    lang: Language = Lang.zh,
    start: Annotated[
        Path | None, typer.Option(metavar="PLAN.json", help="A plan of the same blocks to begin from.")
    ] = None,
    name: Name = None,
    heir: Heir = None,
    advice: Advice = True,
    *,
    asked: Asked,
) -> None:
    """Redraw or merge the communities of a study within a profile's limits, and explain the result.

    Writes `map.html`, `report.xlsx`, `report.docx`, `plan.gpkg` (styled for QGIS) and `plan.json`. A request without an
    answer is refused with the reasons (exit code 3) and the nearest requests that have one; it is never relaxed in
    silence.

    Examples: `shequ plan town.gpkg --out plan` ·
    `shequ plan town.gpkg --mode merge --min 4000 --max 9000 --max-people 30000` ·
    `shequ plan town.gpkg --minimal-change --start plan/plan.json --stay SQ01=B0012,B0013 --out plan2` ·
    `shequ plan town.gpkg --max 4000 --lock CU01:as-is --forbid-cut 人民路 --prefer 中山路=2` (the demo town's names)
    """
    from api.operations.files import read_plan
    from api.operations.plans import plan_study, require_outputs_place, write_outputs

    options, limits = asked.options(), asked.limits()
    names, heirs = read_names(name), read_heirs(heir)
    require_outputs_place(out)
    begun = None if start is None else read_plan(start)
    try:
        with progress_bar() as told:
            planned = plan_study(
                study, profile=limits, options=options, start=begun, names=names, heirs=heirs, told=told
            )
    except InfeasibleError as error:
        _refuse(error, study, limits, options, advice=advice)
    with progress_bar() as told:
        files = write_outputs(planned, out, lang=lang.value, told=told)
    show_plan(planned, lang)
    show_files(files)


@asking()
def compare_plans(
    study: StudyFile,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder: A, B … in it are the plans, alternatives.xlsx compares them.")
    ] = Path("alternatives"),
    number: Annotated[int, typer.Option("--count", "-n", help="Plans wanted.")] = 4,
    full: Annotated[
        bool, typer.Option("--full", help="All outputs of every plan; without it plan.json and map.html.")
    ] = False,
    lang: Language = Lang.zh,
    advice: Advice = True,
    *,
    asked: Asked,
) -> None:
    """Make several plans that are good and different, and say what each gains and gives up.

    All keep every rule; they differ in what they are made for - few households changing, borders along main roads,
    equal sizes … - and are measured under the same weights. Near-copies are left out, and plans that another one beats
    everywhere. The one that is chosen gets its reports by `shequ report STUDY DIR/B/plan.json`.

    Examples: `shequ alternatives town.gpkg --count 3 --out choose` · `shequ alternatives town.gpkg --max 4000 --full`
    """
    from api.operations.plans import alternative_plans, require_alternatives_place, write_alternatives

    options, limits = asked.options(), asked.limits()
    require_alternatives_place(out, number)
    try:
        with progress_bar() as told:
            offered = alternative_plans(study, profile=limits, options=options, count=number, told=told)
    except InfeasibleError as error:
        _refuse(error, study, limits, options, advice=advice)
    with progress_bar() as told:
        files = write_alternatives(offered, out, full=full, lang=lang.value, told=told)
    _show_offered(offered, lang)
    show_files(files)
    old = sorted(file.parent.name for file in out.glob("[A-Z]/plan.json") if file.parent.name not in offered.planned)
    if old:
        shown.print(f"[yellow]{', '.join(old)} in {out} are plans of an earlier run, and none of these.[/]")


def report_plan(
    study: StudyFile, plan: PlanFile, out: Out = Path("plan"), lang: Language = Lang.zh, name: Name = None,
    heir: Heir = None,
) -> None:  # fmt: skip
    """Write map, tables, report and GeoPackage of a plan that is there: in another language, or with other names.

    Examples: `shequ report town.gpkg choose/B/plan.json --out plan --name N01=新城北社区/Xincheng North` ·
    `shequ report town.gpkg plan/plan.json --lang en --out english`
    """
    from api.operations.files import read_plan
    from api.operations.plans import explain_saved, require_outputs_place, write_outputs

    names, heirs = read_names(name), read_heirs(heir)
    require_outputs_place(out)
    with progress_bar() as told:
        told("explaining the plan", 0.0)
        planned = explain_saved(study, read_plan(plan), names=names, heirs=heirs)
        files = write_outputs(planned, out, lang=lang.value, told=told)
    show_plan(planned, lang, searched=False)
    show_files(files)


# ── a plan in the terminal ───────────────────────────────────────────────────────────────────────────────────────────
def show_plan(planned: "Planned", lang: Lang, *, searched: bool = True) -> None:
    """Print the communities of a plan, what it keeps small, and how good it is known to be.

    Of one that was only read or edited it is said when something is proven, not when nothing is.
    """
    tables, plan = planned.tables, planned.plan
    name = "name" if lang == Lang.zh else "name_en"
    title(
        f"{planned.study.name}: {len(tables.communities_before)} → {len(tables.communities)} communities, "
        f"{plan.min_households:,} – {plan.max_households:,} households each "
        f"({plan.profile.name}, edition {plan.profile.edition})"
    )
    rows = []
    for key, row in tables.communities.iterrows():
        called = row[name] if isinstance(row[name], str) and row[name] else row["name"]
        rows.append((called, key, count(row["households"]), count(row["people"]), f"{row['area_m2'] / 1e6:.2f}",
                     row["status"]))  # fmt: skip
    show_table(("community", "id", "households", "people", "km²", "status"), rows)
    before, moved = tables.blocks["households"].sum(), tables.moves["households"].sum()
    terms = "  ".join(
        f"{term} {value.value:,.{1 if value.unit == 'km²' else 0}f} {value.unit}" for term, value in plan.terms.items()
    )
    say(f"{count(moved)} of {count(before)} households change community")
    say(f"kept small: {terms}")
    for line in _how_good(plan) or (
        ["not proven: a longer search (--effort thorough) may find a better plan"] * searched
    ):
        say(line)
    broken = tables.violations
    if len(broken):
        shown.print(f"[yellow]{len(broken)} rules are broken:[/]")
        for text in broken[f"text_{lang.value}"]:
            say(f"• {text}", indent=2)
    for note in plan.notes:
        say(f"note: {getattr(note, lang.value)}")
    if plan.stopped_early:
        shown.print("[yellow]The time limit ended the search early; a longer one may find a better plan.[/]")


def _how_good(plan: "Plan") -> list[str]:
    """Return what is known of how much better another plan of the same request might be."""
    if plan.proven:
        return ["proven: no plan of this request is better"]
    said = []
    if plan.gap is not None:
        said.append(f"proven: no plan of this request is better by more than {plan.gap:.1%} "
                    f"(sum {plan.objective:.4f}, bound {plan.lower_bound:.4f})")  # fmt: skip
    if plan.pairs_checked:
        said.append("proven pair by pair: no two neighbouring communities can be parted better between them")
    return said


def _show_offered(offered: "Offered", lang: Lang) -> None:
    found = offered.alternatives
    table = found.table
    title(f"{len(found.plans)} plans, the best under the weights as given first")
    aims = ["aim", *table[f"name_{lang.value}"]]
    rows: list[list[str]] = [["communities", *(str(k) for k in table["k"])]]
    rows.append(["households each", *(f"{low:,} – {high:,}" for low, high in zip(
        table["households_min"], table["households_max"], strict=True))])  # fmt: skip
    columns = list(table.columns)
    for column in columns[columns.index("households_max") + 1 : columns.index("objective")]:
        term, _, unit = column.rpartition("_")
        digits = 1 if unit == "km2" else 0
        rows.append([f"{term} [{unit}]", *("?" if unknown(v) else f"{v:,.{digits}f}" for v in table[column])])
    rows.append(["weighted sum", *(f"{value:.4f}" for value in table["objective"])])
    rows.append(["above the best", *(f"{value:.1%}" for value in table["loss"])])
    rows.append(["households unlike A", *(f"{value:.1%}" for value in table["distance"])])
    rows.append(["beaten by none", *("yes" if value else "no" for value in table["pareto"])])
    show_table(("plan", *table.index), [aims, *rows], show_lines=False)
    for text in found.gives_up[f"text_{lang.value}"]:
        say(f"• {text}")
    for note in found.notes:
        say(f"note: {getattr(note, lang.value)}")


# ── a request without an answer ──────────────────────────────────────────────────────────────────────────────────────
def _refuse(
    error: InfeasibleError, study: Path, profile: "Profile", options: "PlanOptions", *, advice: bool
) -> NoReturn:
    """Tell why a request has no answer, then what would have one, and end with that code."""
    from api.operations.plans import why_not

    diagnosis = None
    try:
        if advice:
            with progress_bar() as told:
                diagnosis = why_not(study, profile=profile, options=options, told=told)
    finally:  # the reasons are known, even when the search for a way out is cancelled
        tell("[bold red]no such plan[/]: the request has no answer, and no rule was relaxed", marked=True)
        _tell_reasons(error.reasons, diagnosis)
        tell(f"  {_limits_held(profile, options)}")
    if diagnosis is None:
        tell("  remedy: ask for other limits, take back a lock or a rule, or cut smaller blocks (shequ blocks --roads)")
    else:
        _tell_ways(diagnosis, options)
    raise typer.Exit(NO_ANSWER)


def _tell_reasons(known: tuple[str, ...], diagnosis: "Diagnosis | None") -> None:
    """Print what the engine found first, and every conflict that could be proven, in both languages."""
    from geo.partition.refusal.conflicts import CERTAINTY

    conflicts = () if diagnosis is None else diagnosis.conflicts
    told = {conflict.text_en for conflict in conflicts}
    for conflict in conflicts:
        tell(f"  • {conflict.text_en}")
        tell(f"    {conflict.text_zh}")
        sure_zh, sure_en = CERTAINTY[conflict.certainty]
        if conflict.certainty != "not_found":
            tell(f"    rules in conflict: {'; '.join(demand.en for demand in conflict.demands)}")
        if sure_en not in conflict.text_en:
            tell(f"    {sure_en} {sure_zh}")
    for reason in known:
        if reason not in told:
            tell(f"  • {reason}")


def _tell_ways(diagnosis: "Diagnosis", options: "PlanOptions") -> None:
    """Print the nearest requests that have a plan, and the flags that ask for them."""
    if not diagnosis.relaxations:
        tell("  remedy: no near request was found that works; ask for other limits, take back several rules, or cut "
             "smaller blocks (shequ blocks --roads)")  # fmt: skip
        return
    tell("  remedy: each of these was tried and has a plan, the nearest first")
    for number, way in enumerate(diagnosis.relaxations, start=1):
        add, leave_out = flags_between(options, way.options)
        least = " (the least that can work)" if way.least else ""
        law = "; this departs from the profile" if way.law else ""
        tell(f"  {number}. {way.text_en}{least}{law}")
        tell(f"     {way.text_zh}")
        if add:
            tell(f"     ask with: {' '.join(add)}")
        if leave_out:
            tell(f"     leave out: {'  '.join(leave_out)}")
        for zh, en in zip(way.cost_zh, way.cost_en, strict=True):
            tell(f"     cost: {en} {zh}")


def _limits_held(profile: "Profile", options: "PlanOptions") -> str:
    """Return which limits held, and where each comes from."""
    held = []
    for name in ("min_households", "max_households", "min_people", "max_people"):
        asked, given = getattr(options, name), getattr(profile, name)
        flag = "--" + name.removesuffix("_households").replace("_", "-")
        if asked is not None:
            held.append(f"{name.replace('_', ' ')} {asked:,} ({flag})")
        elif given is not None:
            held.append(f"{name.replace('_', ' ')} {given:,} (profile {profile.name}; {flag} sets another)")
    return f"limits: {', '.join(held)}"
