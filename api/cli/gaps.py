"""The commands `standards` and `gaps`: what facilities are asked for, and what is missing, for whom, by walking."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import (
    ABOUT_GAPS,
    Lang,
    Language,
    Out,
    Sentences,
    StudyFile,
    count,
    progress_bar,
    say,
    show_files,
    show_table,
    title,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from api.operations import Gapped
    from geo.gaps.result import GapChange, Gaps

Speed = Annotated[str, typer.Option(metavar="adult|elder|child", help="Whose walking speed minutes are counted at.")]
DEFAULT_STANDARDS = ("six-ones", "demand-classes-15min", "gb50180-2018")
WORST_SHOWN = 12


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
        listed = ("name", "edition", "title", "asks for") if english else ("名称", "版本", "标题", "要求数")
        show_table(listed, [
            (each.name, each.edition, each.title_en if english else each.title_zh, len(each.requirements))
            for each in list_facility_standards()
        ])  # fmt: skip
        return
    standard = load_facility_standard(name)
    title(f"{standard.title_en if english else standard.title_zh} ({standard.edition})")
    say(standard.source_en if english else standard.source)
    heads = ("key", "title", "group", "for", "walk m", "min", "m² each", "places/1,000", "m²/100 hh") if english else (
        "键", "名称", "类别", "范围", "步行米", "分钟", "每处㎡", "每千人", "每百户㎡")  # fmt: skip
    table = standard.frame()
    side = lang.value
    show_table(heads, [
        (key, row[f"title_{side}"], row[f"group_{side}"], row["scope"],
         *(_figure(row[each]) for each in ("radius_m", "minutes", "floor_area_min_m2", "places_per_1000",
                                           "area_per_100_households_m2")))
        for key, row in table.iterrows()
    ])  # fmt: skip
    for note in filter(None, (standard.note_en if english else standard.note_zh,)):
        say(note)


def find_gaps(
    study: StudyFile,
    standard: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|FILE.toml", help="What is asked for (`shequ standards`); may be repeated."),
    ] = None,
    plan: Annotated[Path | None, typer.Option(metavar="plan.json", help="A plan: gaps before it and after it.")] = None,
    speed: Speed = "adult",
    out: Out = Path("gaps"),
    lang: Language = Lang.zh,
) -> None:
    """Look for what is missing, too far, too small or full, for each community, estate and home, by walking.

    People walk along streets and paths: through gates, over bridges, across main roads where there is a crossing,
    slower uphill and on stairs. Writes `map.html`, `report.xlsx`, `report.docx` (one page per community), `gaps.gpkg`.

    Examples: `shequ gaps town.gpkg` · `shequ gaps town.gpkg --standard six-ones --plan plan/plan.json` ·
    `shequ gaps town.gpkg --standard my-town.toml --speed elder --lang en --out gaps-elder`
    """
    from api import operations
    from geo.standards import load_facility_standard

    standards = [load_facility_standard(each) for each in standard or DEFAULT_STANDARDS]
    operations.require_gapped_place(out)
    decided = None if plan is None else operations.read_plan(plan)
    with progress_bar() as told:
        done = operations.gaps_study(study, standards=standards, speed=speed, plan=decided, told=told)
        files = operations.write_gapped(done, out, lang=lang.value, told=told)
    show_gaps(done, lang)
    show_files(files, ABOUT_GAPS)


def show_gaps(done: "Gapped", lang: Lang, *, brief: bool = False) -> None:
    """Print what is lacking by each standard, what a plan changes, and what has to be said; `brief`: no notes."""
    english, side = lang == Lang.en, lang.value
    for gaps in done.gaps.values():
        standard = gaps.standard
        title(f"{standard.title_en if english else standard.title_zh} ({standard.edition})")
        heads = ("requirement", "facilities", "people within reach", "not", "missing", "far", "small", "full", "?",
                 "met") if english else ("要求", "设施数", "可达人口占比", "不可达人口", "缺", "过远", "面积不足",
                                         "容量不足", "未知", "达标")  # fmt: skip
        show_table(heads, [_requirement(row, side) for _, row in gaps.requirements.iterrows()])
        for key, row in _worst(gaps).iterrows():
            name = row["name_en"] if english and not unknown(row["name_en"]) else row["name"]
            say(f"{key if unknown(name) else name} ({key})  {row['score']:.2f}  {row[f'text_{side}']}", indent=2)
    if done.change is not None:
        _show_change(done.change, done.gaps, lang)
    for gaps in () if brief else done.gaps.values():
        for zh, en in gaps.notes:
            say(f"• {en if english else zh}")


def _worst(gaps: "Gaps") -> "pd.DataFrame":
    known = gaps.scores[gaps.scores["score"].notna()]
    return known.sort_values("score", kind="stable").head(WORST_SHOWN // 4)


def _requirement(row: "pd.Series", side: str) -> tuple[str, ...]:
    share = "?" if unknown(row["covered_share"]) else f"{row['covered_share']:.0%}"
    states = (count(row[f"areas_{state}"]) for state in ("missing", "far", "small", "full", "unknown", "met"))
    return (row[f"title_{side}"], count(row["facilities"]), share, count(row["people_uncovered"]), *states)


def _show_change(change: "GapChange", gaps: "Mapping[str, Gaps]", lang: Lang) -> None:
    english, side = lang == Lang.en, lang.value
    title("before and after the plan" if english else "方案前后")
    heads = ("standard", "requirement", "lacking before", "after", "people gain", "people lose") if english else (
        "标准", "要求", "有缺口的社区(前)", "(后)", "新增可达人口", "失去可达人口")  # fmt: skip
    rows = change.requirements
    rows = rows[(rows["lacking_before"] != rows["lacking_after"]) | (rows["people_gain"] + rows["people_lose"] > 0)]
    show_table(heads, [
        (gaps[str(name)].standard.title_en if english else gaps[str(name)].standard.title_zh, row[f"title_{side}"],
         *(count(row[each]) for each in ("lacking_before", "lacking_after", "people_gain", "people_lose")))
        for (name, _), row in rows.iterrows()
    ])  # fmt: skip


def _figure(value: object) -> str:
    return "" if unknown(value) else f"{value:g}"
