"""The commands `standards` and `gaps`: what facilities are asked for, and what is missing, for whom, by walking."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from api.cli.console import (
    ABOUT_GAPS,
    Lang,
    Language,
    Out,
    Sentences,
    StudyFile,
    count,
    plain,
    progress_bar,
    say,
    show_files,
    shown,
    title,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from api.operations.gaps import Gapped
    from geo.gaps.result import GapChange, Gaps
    from geo.standards.facilities import FacilityStandard, Requirement

Speed = Annotated[str, typer.Option(metavar="adult|elder|child", help="Whose walking speed minutes are counted at.")]
DEFAULT_STANDARDS = ("six-ones", "demand-classes-15min", "gb50180-2018")
WORST_SHOWN = 3
"""Communities named below the table of a standard: those that lack most."""

WHO = {"elders": ("老年人", "elders"), "children": ("儿童", "children")}
"""Whom a number of people counts, where not all residents."""
ASKED_FOR = {
    ("residents", "all"): ("每位居民", "every resident"), ("residents", "elders"): ("每位老年人", "every old person"),
    ("residents", "children"): ("每名儿童", "every child"), "community": ("每个社区", "each community"),
    "town": ("全域", "the town"),
}  # fmt: skip
"""For whom a standard asks."""

Name = partial(Column, no_wrap=True)
"""A column of names that are typed into other commands, and so are never broken."""
Words = partial(Column, overflow="fold")
Figure = partial(Column, no_wrap=True, justify="right")


def show_columns(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
    """Print a table of names, words and figures; texts are shown as they are, whatever marks they hold."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*(plain(cell) for cell in row))
    shown.print(table)


def said(text: object, lang: Lang) -> str:
    """Return a sentence of a result with the punctuation of its language, empty where it is missing."""
    from layers.words import fullwidth

    if unknown(text):
        return ""
    return fullwidth(str(text)).replace("%,", "%,") if lang == Lang.zh else str(text)


def show_standards(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE.toml]", help="Show what this standard asks for.")
    ] = None,
    lang: Sentences = Lang.zh,
) -> None:
    """List the facility standards that come with shequ, or what one of them asks for.

    Examples: `shequ standards` · `shequ standards six-ones` · `shequ standards my-town.toml`
    """
    from geo.standards import list_facility_standards, load_facility_standard

    english = lang == Lang.en
    if name is None:
        heads = ("name", "title", "edition", "asks for") if english else ("名称", "标题", "版本", "要求数")
        kinds = (Name, Words, Words, Figure)
        show_columns([kind(head) for kind, head in zip(kinds, heads, strict=True)], [
            (each.name, each.title_en if english else each.title_zh, each.edition, len(each.requirements))
            for each in list_facility_standards()
        ])  # fmt: skip
        return
    standard = load_facility_standard(name)
    title(_headed(standard, lang))
    say(said(standard.source_en if english else standard.source, lang))
    key, *words = ("key", "title", "asks") if english else ("键", "名称", "要求")
    show_columns([Name(key), *map(Words, words)], [
        (each.key, said(each.title_en if english else each.title_zh, lang), asked(each, lang))
        for each in standard.requirements
    ])  # fmt: skip
    if note := standard.note_en if english else standard.note_zh:
        say(said(note, lang))


def asked(each: "Requirement", lang: Lang) -> str:
    """Return what a requirement asks for in a few words: for whom, how far, how large, how many."""
    english = lang == Lang.en
    side = int(english)
    whom = ASKED_FOR[(each.scope, each.who) if each.scope == "residents" else each.scope][side]
    of = {"floor": ("建筑面积", "floor"), "site": ("用地", "ground")}[each.area_of][side]
    places = (each.places_en or "places") if english else (each.places_zh or "容量")
    worded = (
        (each.radius_m, "步行{:,g}米内", "within {:,g} m"),
        (each.minutes, "步行{:g}分钟内", "within {:g} min"),
        (each.floor_area_min_m2, "每处建筑面积≥{:,g}㎡", "each ≥ {:,g} m² of floor"),
        (each.site_area_min_m2, "每处用地≥{:,g}㎡", "each ≥ {:,g} m² of ground"),
        (each.capacity_min, f"每处{places}≥{{:,g}}", f"each ≥ {{:,g}} {places}"),
        (each.per_people, "每{:,g}人一处", "one per {:,g} people"),
        (each.places_per_1000, f"每千人{places}{{:g}}", f"{{:g}} {places} per 1,000 people"),
        (each.places_per_100_households, f"每百户{places}{{:g}}", f"{{:g}} {places} per 100 households"),
        (each.area_total_min_m2, f"合计{of}≥{{:,g}}㎡", f"≥ {{:,g}} m² of {of} in all"),
        (each.area_per_100_households_m2, f"每百户{of}≥{{:g}}㎡", f"≥ {{:g}} m² of {of} per 100 households"),
        (each.area_per_1000_people_m2, f"每千人{of}≥{{:,g}}㎡", f"≥ {{:,g}} m² of {of} per 1,000 people"),
    )  # fmt: skip
    parts = [(en if english else zh).format(value) for value, zh, en in worded if value is not None]
    if each.radius_m is not None and each.minutes is not None:  # either will do
        parts[:2] = [(" or " if english else "或").join(parts[:2])]
    parts = parts or (["has one"] if english else ["有一处"])
    return f"{whom}: {', '.join(parts)}" if english else f"{whom}:{'、'.join(parts)}"


def find_gaps(
    study: StudyFile,
    standard: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|FILE.toml", help="What is asked for (`shequ standards`); may be repeated."),
    ] = None,
    plan: Annotated[Path | None, typer.Option(metavar="PLAN.json", help="A plan: gaps before it and after it.")] = None,
    speed: Speed = "adult",
    out: Out = Path("gaps"),
    lang: Language = Lang.zh,
) -> None:
    """Look for what is missing, too far, too small or full, for each community, estate and home, by walking.

    People walk along streets and paths: through gates, over bridges, across main roads where there is a crossing,
    slower uphill and on stairs. Writes `map.html`, `report.xlsx`, `report.docx` (one page per community), `gaps.gpkg`.
    Without `--standard`: six-ones, demand-classes-15min and gb50180-2018.

    Examples: `shequ gaps town.gpkg` · `shequ gaps town.gpkg --standard six-ones --plan plan/plan.json` ·
    `shequ gaps town.gpkg --standard my-town.toml --speed elder --lang en --out gaps-elder`
    """
    from api.operations.files import read_plan
    from api.operations.gaps import gaps_study, require_gapped_place, write_gapped
    from geo.standards import load_facility_standard

    standards = [load_facility_standard(each) for each in standard or DEFAULT_STANDARDS]
    require_gapped_place(out)
    decided = None if plan is None else read_plan(plan)
    with progress_bar() as told:
        done = gaps_study(study, standards=standards, speed=speed, plan=decided, told=told)
        files = write_gapped(done, out, lang=lang.value, told=told)
    show_gaps(done, lang)
    show_files(files, ABOUT_GAPS)


def show_gaps(done: "Gapped", lang: Lang, *, brief: bool = False) -> None:
    """Print what is lacking by each standard, what a plan changes, and what has to be said; `brief`: no notes."""
    english = lang == Lang.en
    for gaps in done.gaps.values():
        title(_headed(gaps.standard, lang))
        _show_requirements(gaps, lang)
        worst = gaps.scores[gaps.scores["score"].notna()].sort_values("score", kind="stable").head(WORST_SHOWN)
        if len(gaps.scores) > 1 and len(worst):
            say("lowest scores (1: nothing lacking)" if english else "得分最低的社区(1为没有缺口)")
        for key, row in worst.iterrows():
            say(f"{row['score']:.2f}  {key}  {said(row[f'text_{lang.value}'], lang)}", indent=2)
    if done.change is not None:
        _show_change(done.change, done.gaps, lang)
    notes = dict.fromkeys(note for gaps in done.gaps.values() for note in gaps.notes)
    for zh, en in () if brief else notes:
        say(f"• {said(en if english else zh, lang)}")


def _headed(standard: "FacilityStandard", lang: Lang) -> str:
    if lang == Lang.en:
        return f"{standard.title_en} ({standard.edition})"
    return said(f"{standard.title_zh}({standard.edition})", lang)


def _show_requirements(gaps: "Gaps", lang: Lang) -> None:
    """Print a row for each requirement: who is within reach, and how many communities are in which state."""
    from geo.gaps.result import LACKING, STATE_WORDS

    english, side, rows = lang == Lang.en, int(lang == Lang.en), gaps.requirements
    heads = ("facilities", "in reach", "out of reach") if english else ("设施", "可达", "不可达")
    areas = len(gaps.scores)
    states = [state for state in (*LACKING, "unknown", "met") if rows[f"areas_{state}"].to_numpy().any()]
    show_columns(
        [Words("requirement" if english else "要求"), *map(Figure, heads[:2]), Words(heads[2], justify="right"),
         Words(f"{areas} communities" if english else f"{areas}个社区")],
        [(said(row[f"title_{lang.value}"], lang), count(row["facilities"]), *_reached(row, lang),
          ("; " if english else "、").join(
              f"{STATE_WORDS[state][side]} {row[f'areas_{state}']}" for state in states if row[f"areas_{state}"]))
         for _, row in rows.iterrows()],
    )  # fmt: skip


def _reached(row: "pd.Series", lang: Lang) -> tuple[str, str]:
    """Return the share within reach, and how many are not; neither is known where nobody looked for facilities."""
    if unknown(row["covered_share"]):
        return "?", "?"
    number, who = count(row["people_uncovered"]), WHO.get(row["who"])
    whom = "" if who is None else f" {who[1]}" if lang == Lang.en else f"名{who[0]}"
    open_ = row["people_unknown"]
    more = (
        ""
        if unknown(open_) or open_ < 1
        else f", {count(open_)} unknown"
        if lang == Lang.en
        else f"、未知{count(open_)}"
    )
    return f"{row['covered_share']:.0%}", f"{number}{whom}{more}"


def _show_change(change: "GapChange", gaps: "Mapping[str, Gaps]", lang: Lang) -> None:
    """Print what a plan changes for people; what changes for nobody is counted in one line."""
    english, side = lang == Lang.en, lang.value
    title("before and after the plan" if english else "方案前后")
    heads = ("requirement", "lacking in", "after", "people gain", "people lose") if english else (
        "要求", "有缺口的社区", "方案后", "新增可达", "失去可达")  # fmt: skip
    sides = ("before", "after")
    for name, one in gaps.items():
        mine = change.requirements.xs(name, level="standard")
        moved = mine[(mine["people_gain"] > 0) | (mine["people_lose"] > 0)]
        say(_headed(one.standard, lang))
        if len(moved):
            show_columns([Words(heads[0]), *map(Figure, heads[1:])], [
                (said(row[f"title_{side}"], lang),
                 *(f"{count(row[f'lacking_{when}'])} / {count(row[f'communities_{when}'])}" for when in sides),
                 count(row["people_gain"]), count(row["people_lose"]))
                for _, row in moved.iterrows()
            ])  # fmt: skip
        if same := len(mine) - len(moved):
            say(f"{same} requirements: nobody gains or loses by the plan" if english
                else f"{same}项要求:方案前后可达的人不变", indent=2)  # fmt: skip
