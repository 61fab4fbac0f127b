"""Plans of a study: made, refused with reasons and ways out, several to choose from, explained again, written."""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from api.operations.files import all_or_none, require_place
from api.operations.telling import Told
from geo.access.offices import with_office_walks
from geo.blocks import BlockOptions, adopt_blocks
from geo.conversion import Conversions
from geo.errors import Fault, InputError
from geo.gaps.demand import demand
from geo.network.build import network_of
from geo.partition.actions import PlanTables, explain_plan
from geo.partition.alternatives import Alternatives, make_alternatives
from geo.partition.atoms import build_town
from geo.partition.edits import open_draft
from geo.partition.plan import Plan, PlanOptions, Progress
from geo.partition.refusal.relaxations import Diagnosis, explain_conflict
from geo.partition.solve import make_plan
from geo.standards import Profile
from geo.study import Study, read_study
from layers.exports import write_plan_gpkg
from layers.maps import plan_map
from layers.maps import save as save_map
from layers.reports import write_alternatives_xlsx, write_plan_docx, write_plan_xlsx
from layers.review import MOST_EXPLAINED, plan_reasons, review_plan
from layers.words import Lang

Names = Mapping[str, tuple[str, str]]
"""Community id → (Chinese, English) name that was decided."""
Heirs = Mapping[str, str | None]
"""Community of today → the plan's community that shall carry on its name; None: nobody does."""

OUTPUTS = ("plan.json", "plan.gpkg", "map.html", "report.xlsx", "report.docx")
"""What a plan is written as."""
BRIEF = ("plan.json", "map.html")
"""What each of several plans is written as."""
COMPARISON = "alternatives.xlsx"

CONTEXT = ("roads", "barriers", "estates", "buildings", "facilities")
"""Tables that a map shows around a plan."""

MOST_ALTERNATIVES = 26


@dataclass(frozen=True)
class Planned:
    """A plan with everything that explains it, and the study it belongs to."""

    plan: Plan
    tables: PlanTables
    study: Study


@dataclass(frozen=True)
class Offered:
    """Several plans to choose from, each explained, the best one first."""

    alternatives: Alternatives
    planned: Mapping[str, Planned]


# ── one plan ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def plan_study(
    path: Path,
    *,
    profile: Profile,
    options: PlanOptions,
    start: Plan | None = None,
    names: Names | None = None,
    heirs: Heirs | None = None,
    told: Told | None = None,
) -> Planned:
    """Redraw the study's communities from its blocks, or merge them whole.

    Parameters
    ----------
    path, profile, options
    start
        A plan of the same blocks to begin from.
    names, heirs
        Names that were decided, and who carries on which (see `geo.partition.actions.explain_plan`).
    told

    Raises
    ------
    InputError
        When the study lacks what the mode needs, or the options contradict each other.
    InfeasibleError
        When no plan can hold the rules; says which rules collide. `why_not` tells what would work.
    """
    study = read_study(path)
    plan = make_plan(*units(study, options), profile=profile, options=options, start=start, progress=listening(told))
    return explained(study, plan, names=names, heirs=heirs)


def explain_saved(path: Path, plan: Plan, *, names: Names | None = None, heirs: Heirs | None = None) -> Planned:
    """Return a plan that was made before with everything that explains it, on the study it was made from.

    Raises
    ------
    InputError
        When plan and study do not name the same blocks, or names or heirs name what is not there.
    """
    return explained(read_study(path), plan, names=names, heirs=heirs)


def explained(study: Study, plan: Plan, *, names: Names | None = None, heirs: Heirs | None = None) -> Planned:
    """Return the plan with everything that explains it."""
    blocks, seams, communities = units(study, plan.options)
    tables = explain_plan(
        plan,
        blocks=blocks,
        seams=seams,
        communities=communities,
        buildings=study.get("buildings"),
        estates=study.get("estates"),
        names=names,
        heirs=heirs,
    )
    return Planned(tables.plan, tables, study)


def why_not(path: Path, *, profile: Profile, options: PlanOptions, told: Told | None = None) -> Diagnosis:
    """Return why a request has no answer: the rules that collide, and the nearest requests that have one.

    Every way out was tried, with the quick effort; its `options` ask for it.
    """
    study = read_study(path)
    blocks, seams, communities = units(study, options)

    def solve(changed: PlanOptions) -> Plan:
        quick = changed.model_copy(update={"effort": "quick"})
        return make_plan(blocks, seams, communities, profile=profile, options=quick)

    town = build_town(blocks, seams, communities, profile=profile, options=options)
    return explain_conflict(town, solve=solve, progress=listening(told))


# ── several plans ────────────────────────────────────────────────────────────────────────────────────────────────────
def alternative_plans(
    path: Path, *, profile: Profile, options: PlanOptions, count: int = 4, told: Told | None = None
) -> Offered:
    """Return up to `count` plans that are good and different, each explained.

    Raises
    ------
    InputError
        As `plan_study`, and when `count` makes no sense.
    InfeasibleError
        When the request has no answer.
    """
    if not 1 <= count <= MOST_ALTERNATIVES:
        raise InputError(Fault(f"{count} plans cannot be compared", f"ask for 1 to {MOST_ALTERNATIVES} (--count)"))
    study = read_study(path)
    found = make_alternatives(
        *units(study, options), profile=profile, options=options, count=count, progress=listening(told)
    )
    return Offered(found, {name: explained(study, plan) for name, plan in found.plans.items()})


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def write_outputs(
    planned: Planned,
    out: Path,
    *,
    conversions: Conversions | None = None,
    lang: Lang = "zh",
    told: Told | None = None,
) -> list[Path]:
    """Write a plan's files into the folder `out`: all of them, or none; whatever else lies there stays.

    See `OUTPUTS`. Conversions of villages are reported with the plan that follows them.
    """
    with all_or_none(out, OUTPUTS) as draft:
        _write(planned, draft, OUTPUTS, conversions=conversions, lang=lang, told=told)
    return [out / name for name in OUTPUTS]


def write_alternatives(
    offered: Offered, out: Path, *, full: bool = False, lang: Lang = "zh", told: Told | None = None
) -> list[Path]:
    """Write each plan into a folder of its own (out/A, out/B …) and the comparison beside them: all, or nothing.

    Parameters
    ----------
    offered, out
    full
        Every output of each plan (`OUTPUTS`) instead of `BRIEF`.
    lang, told
    """
    outputs = OUTPUTS if full else BRIEF
    names = [f"{plan}/{name}" for plan in offered.planned for name in outputs] + [COMPARISON]
    with all_or_none(out, names) as draft:
        for number, (name, planned) in enumerate(offered.planned.items()):
            if told:
                told(f"writing plan {name}", number / len(offered.planned))
            (draft / name).mkdir()
            _write(planned, draft / name, outputs, alternatives=offered.alternatives, lang=lang)
        study = next(iter(offered.planned.values())).study
        write_alternatives_xlsx(offered.alternatives, draft / COMPARISON, study=study, lang=lang)
    return [out / name for name in names]


def _write(
    planned: Planned,
    folder: Path,
    names: tuple[str, ...],
    *,
    conversions: Conversions | None = None,
    alternatives: Alternatives | None = None,
    lang: Lang,
    told: Told | None = None,
) -> None:
    tables, study = planned.tables, planned.study
    context = {name: study.tables[name] for name in CONTEXT if name in study.tables}
    if told:
        told("reviewing the plan", 0.0)
    reasons = None
    if len(tables.blocks) <= MOST_EXPLAINED:
        draft = open_draft(planned.plan, *units(study, planned.plan.options))
        reasons = plan_reasons(draft, tables)
    review = review_plan(tables, study, reasons=reasons, conversions=conversions, alternatives=alternatives)
    steps: dict[str, Callable[[Path], object]] = {
        "plan.json": lambda file: file.write_bytes(planned.plan.to_json()),
        "plan.gpkg": lambda file: write_plan_gpkg(tables, file, lang=lang, review=review),
        "map.html": lambda file: save_map(
            plan_map(tables, context=context, study=study, lang=lang, review=review), file
        ),
        "report.xlsx": lambda file: write_plan_xlsx(tables, file, study=study, lang=lang, review=review),
        "report.docx": lambda file: write_plan_docx(tables, file, study=study, lang=lang, review=review),
    }
    for number, name in enumerate(names):
        if told:
            told(f"writing {name}", number / len(names))
        steps[name](folder / name)


def require_outputs_place(out: Path) -> None:
    """Refuse a folder that a plan's files cannot be written into; write nothing.

    Raises
    ------
    InputError
        When `out` is a file, lies in a file, holds folders of the outputs' names, or must not be written to.
    """
    require_place(out, OUTPUTS)


def require_alternatives_place(out: Path, count: int) -> None:
    """Refuse a folder that so many plans cannot be written into; write nothing."""
    letters = string.ascii_uppercase[: max(0, count)]
    require_place(out, [COMPARISON, *(f"{letter}/{name}" for letter in letters for name in OUTPUTS)])


# ── what a plan chooses among ────────────────────────────────────────────────────────────────────────────────────────
def units(study: Study, options: PlanOptions) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    """Return what a plan chooses among, the seams between, and today's communities.

    Blocks in a redraw, whole communities in a merge; with walks to today's offices where the plan asks for service.

    Raises
    ------
    InputError
        When the study has none, or no households on them.
    """
    whole = options.mode == "merge"
    if whole:
        blocks, seams = _whole_communities(study)
    else:
        blocks, seams = study["blocks"], study["seams"]
        if blocks["households"].isna().all():
            raise InputError(Fault("no block has households yet", "run: shequ households STUDY", table="blocks"))
    communities = study.get("communities")
    if options.weights.service > 0 and communities is not None and study.get("roads") is not None:
        homes = demand(study)
        blocks, communities = with_office_walks(
            blocks, communities, network_of(study), facilities=study.get("facilities"),
            homes=homes.assign(block_id=homes["community_id"]) if whole else homes,
        )  # fmt: skip
    return blocks, seams, communities


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
    whole = communities.assign(**counts)
    made = adopt_blocks(
        whole,
        study.get("roads"),
        study.get("barriers"),
        area=None,
        communities=whole,
        options=BlockOptions(),
    )
    return made.blocks.assign(community_id=made.blocks.index.to_numpy()), made.seams


def listening(told: Told | None) -> Callable[[Progress], None] | None:
    """Return what hears the engine's progress and tells it in a line."""
    if told is None:
        return None

    def hear(now: Progress) -> None:
        terms = "  ".join(f"{name} {value:,.0f}" for name, value in now.terms.items())
        told(f"{now.stage}  {terms}" if terms else now.stage, now.fraction)

    return hear
