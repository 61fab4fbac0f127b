"""The command `convert`: villages that become communities, each case with its reasons and its procedure."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import Lang, Language, StudyFile, count, progress_bar, say, show_files, show_table, title
from api.cli.planning import show_plan
from geo.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

    from geo.conversion import Conversions

_WORDS = {
    "id": ("编号", "id"), "name": ("名称", "name"), "subject": ("对象", "subject"), "type": ("类型", "type"),
    "households": ("户数", "households"), "mixed": ("混杂", "mixed"), "eligible": ("四项条件", "four conditions"),
    "plan": ("对方案的要求", "asks of a plan"), "village": ("村", "village"), "converted": ("村改居", "converted"),
    "compound": ("小区", "compound"), "pass": ("符合", "met"), "fail": ("不符合", "not met"),
    "unknown": ("待核", "to be shown"), "none": ("不改", "none"), "papers": ("材料", "papers"),
    "day": ("建议后{}日内", "within {} days of the proposal"),
    "rule": ("要求", "rule"), "": ("", ""),
}  # fmt: skip


def convert_villages(
    study: StudyFile,
    profile: Annotated[
        str, typer.Option(help="A profile's name (`shequ profiles`), or a file of your own.")
    ] = "seed-3000",
    survey: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV or .xlsx of what was found in the villages: community_id and any of "
            "arable_m2_per_head, nonfarm_share, assets_settled, reform_done, property_clear, mixed_share, source.",
        ),
    ] = None,
    construction_land: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The boundary of the construction land (城镇开发边界).")
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=TYPE:REASON", help="Set a type: T1, T2 (T2@NEIGHBOUR), T3 or none; and why."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who decided on the overrides.")] = "规划人员",
    case: Annotated[
        str | None, typer.Option("--procedure", metavar="ID", help="The steps, papers and votes of one case.")
    ] = None,
    begins: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="Day of the proposal; its steps then have dates.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.xlsx", help="Write the classification as a workbook.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Make a plan that keeps what the types ask for, in this folder.")
    ] = None,
    options_file: Annotated[
        Path | None, typer.Option("--options", metavar="FILE", help="TOML or JSON with other options of that plan.")
    ] = None,
    save_options: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Write what the types ask of a plan, for shequ plan --options."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="List also the compounds that get no community.")] = False,
    lang: Language = Lang.zh,
) -> None:
    """Sort out which villages become communities, and which compounds get one of their own (村改居).

    T1: one village, one community, in place. T2: village and neighbourhood are mixed, and merge. T3: a new, closed
    compound above the minimum gets a community. Each with its reasons, the four conditions for conversion, and what it
    asks of a plan. What is not known is said to be unknown; an override says who decided, and why.

    Examples: `shequ convert town.gpkg --survey villages.xlsx --construction-land ucb.gpkg` ·
    `shequ convert town.gpkg --override "CU05=T2@SQ01:两村已合署办公" --by 镇政府 --plan converted` ·
    `shequ convert town.gpkg --procedure CU05 --from 2026-03-01`
    """
    from api.operations.conversions import convert_study, overriding, read_survey, save_conversions
    from api.operations.files import read_options, write_file
    from api.operations.plans import plan_study, require_outputs_place, write_outputs
    from geo.conversion import plan_options
    from geo.partition.plan import PlanOptions
    from geo.standards import load_profile

    decided = dict(overriding(one, by=by) for one in override or ())
    first = _day(begins)
    limits = load_profile(profile)
    asked = PlanOptions.read({} if options_file is None else read_options(options_file))
    if plan is not None:
        require_outputs_place(plan)
    with progress_bar() as told:
        told("sorting out villages", 0.0)
        found = convert_study(
            study, profile=limits, overrides=decided, construction_land=construction_land,
            survey=None if survey is None else read_survey(survey),
        )  # fmt: skip
    if case is not None:
        _show_procedure(found, case, first, lang)
        return
    _show_cases(found.table, lang, every=every)
    wanted = plan_options(found, asked)
    files = []
    if out is not None:
        save_conversions(found, out, lang=lang.value)
        files.append(out)
    if save_options is not None:
        text = json.dumps(wanted.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False, indent=1)
        write_file(save_options, (text + "\n").encode())
        files.append(save_options)
    if plan is not None:
        with progress_bar() as told:
            planned = plan_study(study, profile=limits, options=wanted, told=told)
            files += write_outputs(planned, plan, conversions=found, lang=lang.value, told=told)
        show_plan(planned, lang)
    show_files(files)


def _day(given: str | None) -> date | None:
    try:
        return None if given is None else date.fromisoformat(given)
    except ValueError as error:
        raise InputError(Fault(f"--from {given} is no day", "write it like 2026-03-01")) from error


def _word(key: str, lang: Lang) -> str:
    return _WORDS[key][lang == Lang.en]


def _show_cases(table: "pd.DataFrame", lang: Lang, *, every: bool) -> None:
    side, name = lang.value, "name" if lang == Lang.zh else "name_en"
    if not len(table):
        say("没有村、村改居社区,也没有小区" if lang == Lang.zh else "no village, converted village or compound is here")
        return
    types = table["type"].value_counts()
    title("  ".join(f"{kind} {types[kind]}" for kind in ("T1", "T2", "T3", "none") if kind in types))
    quiet = (table["subject"] == "compound") & (table["type"] == "none") & ~table["overridden"]
    if quiet.any() and not every:
        table = table[~quiet]
        say({"zh": f"另有{quiet.sum()}个小区不单独设社区(--all 列出)",
             "en": f"{quiet.sum()} compounds get no community of their own (--all lists them)"}[side])  # fmt: skip
    columns = [_word(key, lang) for key in ("id", "name", "subject", "type", "households", "mixed", "eligible")]
    rows = []
    for key, row in table.iterrows():
        share = row["mixed_share"]
        mixed = "" if share != share else f"{share:.0%}"  # noqa: PLR0124 - NaN is not itself
        met = row["eligible"] if isinstance(row["eligible"], str) else ""
        kind = row["type"] if row["type"] != "none" else _word("none", lang)
        rows.append((key, row[name] or row["name"], _word(row["subject"], lang), kind + "*" * bool(row["overridden"]),
                     count(row["households"]), mixed, _word(met, lang)))  # fmt: skip
    show_table(columns, rows)
    for key, row in table.iterrows():
        said = [row[f"{part}_{side}"] for part in ("reasons", "evidence", "text")]
        say(f"{key} {row[name] or row['name']}: {said[0]}")
        for line in (*said[1:], f"{_word('plan', lang)}: {row[f'plan_{side}']}"):
            if isinstance(line, str) and line:
                say(line, indent=4)


def _show_procedure(found: "Conversions", case: str, first: date | None, lang: Lang) -> None:
    from geo.conversion import procedure

    if case not in found.table.index:
        raise InputError(Fault(f"there is no village or compound {case}",
                               f"use one of {', '.join(found.table.index[:12])} …"))  # fmt: skip
    steps = procedure(found.table.loc[case], start=first)
    side = lang.value
    title(getattr(steps, f"title_{side}"))
    for step in steps.steps:
        day = step.due.isoformat() if step.due else _word("day", lang).format(step.day)
        say(f"{step.number}  {getattr(step, f'title_{side}')} · {getattr(step, f'who_{side}')} · {day}")
        say(f"{_word('rule', lang)}: {getattr(step, f'rule_{side}')}", indent=4)
        papers = ", ".join(f"{getattr(paper, side)} [{paper.key}]" for paper in step.documents)
        say(f"{_word('papers', lang)}: {papers}", indent=4)
    for warning in steps.warnings:
        say(f"• {getattr(warning, side)}")
