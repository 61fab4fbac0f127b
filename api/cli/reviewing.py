"""Commands that read a plan or a text: explain, score, bounds."""
# ruff: noqa: PLC0415, PLR0917 - commands import late, so that --help is quick; their options are given by name

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import (
    Lang,
    PlanFile,
    Sentences,
    StudyFile,
    count,
    progress_bar,
    say,
    show_files,
    show_table,
    title,
)
from geo.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

    from api.operations.reviews import Understood
    from geo.boundary_text import Area, Bounds

SHOWN_UNITS = 12
"""Units on a community's border that are listed."""

_WORDS = {
    "instead": ("改为", "instead"), "sum": ("加权总和", "weighted sum"), "allowed": ("可行", "allowed"),
    "yes": ("是", "yes"), "no": ("否", "no"), "why": ("说明", "what it does"), "term": ("指标", "term"),
    "value": ("数值", "value"), "share": ("占全域", "of the town's"), "merge": ("合并", "merge with"),
    "unit": ("边缘单元", "unit on the border"), "best": ("最近的另一去处", "nearest other place"),
    "measure": ("指标", "measure"), "before": ("现状", "before"), "after": ("方案", "after"),
    "verdict": ("变化", "verdict"), "better": ("改善", "better"), "worse": ("变差", "worse"),
    "unchanged": ("不变", "unchanged"), "changed": ("有变化", "changed"), "unknown": ("未知", "unknown"),
    "formula": ("算法", "formula"), "source": ("依据", "source"), "east": ("东", "east"), "south": ("南", "south"),
    "west": ("西", "west"), "north": ("北", "north"), "side": ("方位", "side"), "lines": ("界线", "lines"),
    "with": ("含", "with"), "not": ("不含", "without"), "understood": ("读出", "understood"),
    "land": ("范围", "land"), "unresolved": ("未能确定", "not resolved"), "blocks": ("地块", "blocks"),
    "none": ("无", "nothing"),
}  # fmt: skip


def _word(key: str, lang: Lang) -> str:
    return _WORDS[key][lang == Lang.en]


def _side(row: Any, field: str, lang: Lang) -> str:  # noqa: ANN401 - a row or an object with texts in both languages
    name = f"{field}_{lang.value}"
    return str(row[name] if hasattr(row, "index") else getattr(row, name))


# ── why ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def explain(
    study: StudyFile,
    plan: PlanFile,
    block: Annotated[str | None, typer.Option(metavar="ID", help="Why this block is where it is.")] = None,
    community: Annotated[str | None, typer.Option(metavar="ID", help="Why this community is what it is.")] = None,
    lang: Sentences = Lang.zh,
) -> None:
    """Say why a block or a community is where it is: what every alternative would change, and which rule forbids it.

    Each number is the difference of two plans, measured as the engine measures them. A weighted sum below zero would be
    better, above zero worse.

    Examples: `shequ explain town.gpkg plan/plan.json --block B0012` ·
    `shequ explain town.gpkg plan/plan.json --community SQ01 --lang en`
    """
    from api.operations.files import read_plan
    from api.operations.reviews import explain_block, explain_community
    from layers.words import value_word

    if (block is None) == (community is None):
        raise InputError(Fault("what is to be explained?", "give --block ID or --community ID, one of the two"))
    made = read_plan(plan)
    with progress_bar() as told:
        told("measuring the alternatives", 0.0)
        if block is not None:
            one = explain_block(study, made, block)
        else:
            whole = explain_community(study, made, str(community))
    if block is not None:
        title(f"{block} → {one.community_id}: {_side(one, 'unit', lang)}")
        _show_alternatives(one.alternatives, _word("instead", lang), lang)
        say(_side(one, "text", lang))
        return
    title(f"{whole.community_id}")
    rows = [(value_word("term", name, lang.value), f"{row['value']:,.1f} {value_word('unit', row['unit'], lang.value)}",
             f"{row['weighted']:.4f}", f"{row['share']:.0%}") for name, row in whole.terms.iterrows()]  # fmt: skip
    show_table([_word(key, lang) for key in ("term", "value", "sum", "share")], rows)
    _show_alternatives(whole.merges, _word("merge", lang), lang)
    rows = []
    for key, row in whole.border.head(SHOWN_UNITS).iterrows():
        unit = _side(row, "unit", lang)
        rows.append((unit if str(key) in unit else f"{key} {unit}", row["to_id"], f"{row['total']:+.4f}",
                     _word("yes" if row["allowed"] else "no", lang)))  # fmt: skip
    if rows:
        show_table([_word(key, lang) for key in ("unit", "best", "sum", "allowed")], rows)
    say(_side(whole, "text", lang))


def _show_alternatives(table: "pd.DataFrame", first: str, lang: Lang) -> None:
    if not len(table):
        return
    rows = []
    for _, row in table.iterrows():
        why = _side(row, "text", lang) if row["allowed"] else _side(row, "forbidden", lang)
        rows.append((_side(row, "name", lang), f"{row['total']:+.4f}",
                     _word("yes" if row["allowed"] else "no", lang), why))  # fmt: skip
    show_table((first, *(_word(key, lang) for key in ("sum", "allowed", "why"))), rows, show_lines=True)


# ── how good ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def score(
    study: StudyFile,
    plan: PlanFile,
    sources: Annotated[bool, typer.Option("--sources", help="Formula and source of every measure.")] = False,
    lang: Sentences = Lang.zh,
) -> None:
    """Say what a plan does to the town, by four principles, three tests and five favourables: numbers before and after.

    There is no composite score: a heading counts what gets better and what gets worse. What cannot be known is said,
    with the reason, and never counted as zero.

    Examples: `shequ score town.gpkg plan/plan.json` · `shequ score town.gpkg plan/plan.json --sources --lang en`
    """
    from api.operations.files import read_plan
    from api.operations.reviews import score_plan

    with progress_bar() as told:
        told("measuring the plan", 0.0)
        _, card = score_plan(study, read_plan(plan))
    seen: set[str] = set()
    for heading, summary in card.summary.iterrows():
        marks = ("better", "worse", "unchanged", "changed", "unknown")
        counts = "  ".join(f"{_word(mark, lang)} {summary[mark]}" for mark in marks if summary[mark])
        title(f"{_side(summary, 'name', lang)}  ({counts})")
        mine = card.measures[card.measures["principle"] == heading]
        rows, reasons = [], []
        for _, row in mine.iterrows():
            rows.append((_side(row, "title", lang), _amount(row["before"], row["unit"]),
                         _amount(row["after"], row["unit"]), _word(str(row["verdict"]), lang)))  # fmt: skip
            if row["verdict"] == "unknown" and row["measure"] not in seen:
                reasons.append(_side(row, "text", lang))
            if sources and row["measure"] not in seen:
                formula = f"{_word('formula', lang)}: {_side(row, 'formula', lang)}"
                source = f"{_word('source', lang)}: {_side(row, 'source', lang)}"
                reasons.append(f"{_side(row, 'title', lang)} - {formula}; {source}")
            seen.add(str(row["measure"]))
        show_table([_word(key, lang) for key in ("measure", "before", "after", "verdict")], rows)
        for reason in reasons:
            say(f"• {reason}", indent=2)
    for _, row in card.sharing.iterrows():
        say(f"• {_side(row, 'text', lang)}")
    for note in card.notes:
        say(f"note: {_side(note, 'text', lang) if hasattr(note, 'text_zh') else getattr(note, lang.value)}")


def _amount(value: float, unit: str) -> str:
    if value != value:  # noqa: PLR0124 - NaN is not itself
        return "?"
    if unit == "share":
        return f"{round(value, 3):.1%}"
    digits = {"index": 2, "km": 1, "km²": 1}.get(unit, 0)
    return f"{value:,.{digits}f}" + (f" {unit}" if unit in ("m", "km", "km²") else "")


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def read_bounds(
    study: StudyFile,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="Four bounds, or a sentence of a plan: 东至A路,南至B路 …")
    ] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="Read the text from a file instead.")] = None,
    plan: Annotated[
        Path | None, typer.Option(metavar="PLAN.json", help="The text speaks of this plan's communities, not today's.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(metavar="PLAN.json", help="Read the bounds of all communities of a plan back instead."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.geojson", help="Write the land as GeoJSON (WGS 84).")
    ] = None,
    lang: Sentences = Lang.zh,
) -> None:
    """Read bounds in words and find the land they mean: its blocks, its households, and what could not be resolved.

    Both forms are read, in Chinese and English: 东至A路,南至B路,西至C路,北至D路 and A路以西、B路以北…; chains A路—B路;
    含/不含 notes; sentences of a plan (将…划入B社区). With --check a plan's own texts are read back.

    Examples: `shequ bounds town.gpkg "东至中山路,南至人民路,西至清河,北至环城北路"` ·
    `shequ bounds town.gpkg --file text.txt --out land.geojson` · `shequ bounds town.gpkg --check plan/plan.json`
    """
    from api.operations.files import read_plan, read_text
    from api.operations.reviews import check_texts, locate_text, write_land

    if [text, file, check].count(None) != 2:
        raise InputError(
            Fault("what is to be read?", "give a text, --file FILE or --check PLAN.json, one of the three")
        )
    if check is not None:
        if out is not None:
            raise InputError(Fault("--out goes with a text, not with --check", "leave one of them out"))
        made = read_plan(check)
        with progress_bar() as told:
            table = check_texts(study, made, told=told)
        _show_check(table, lang)
        return
    said = text if file is None else read_text(file)
    with progress_bar() as told:
        told("finding the land", 0.0)
        named = None if plan is None else read_plan(plan)
        found = locate_text(study, str(said), plan=named)
    _show_understood(found, lang)
    if out is not None:
        properties: dict[str, object] = {"text": str(said), "households": found.households, "people": found.people}
        write_land(found.located.geometry, found.crs, out, properties=properties)
        show_files([out])


def _show_understood(found: "Understood", lang: Lang) -> None:
    parsed, land = found.parsed, found.located
    title(_word("understood", lang))
    for line in _area_lines(parsed.land, lang) or ([] if parsed.actions else [_word("none", lang)]):
        say(line, indent=2)
    for action in parsed.actions:
        say(
            f"{action.kind}: {action.community}" + (f" → {', '.join(action.targets)}" if action.targets else ""),
            indent=2,
        )
        for area in action.areas:
            if area != parsed.land:
                for line in _area_lines(area, lang):
                    say(line, indent=4)
    zh = lang == Lang.zh
    figures = ((parsed.households, "户" if zh else "households"), (parsed.people, "人" if zh else "people"),
               (parsed.area_km2, "km²"))  # fmt: skip
    told = [f"{value:,g} {unit}" for value, unit in figures if value is not None]
    if told:
        say(", ".join(told), indent=2)
    title(_word("land", lang))
    if land.blocks:
        words = ("{} 个地块,{} 户,{} 人,{:.2f} 平方公里", "{} blocks, {} households, {} people, {:.2f} km²")
        say(words[lang == Lang.en].format(len(land.blocks), count(found.households), count(found.people),
                                          found.area_m2 / 1e6), indent=2)  # fmt: skip
        say(", ".join(land.blocks), indent=2)
        if land.unsaid_m >= 1:
            guess = (
                "外围有{:,.0f}米未按文字所述界线,由推断补齐",
                "{:,.0f} m of its outline follow no line of the text: a guess",
            )
            say(guess[lang == Lang.en].format(land.unsaid_m), indent=2)
    else:
        say(_word("none", lang), indent=2)
    remarks = [_side(one, "text", lang) for one in (*parsed.remarks, *land.remarks)]
    if remarks:
        title(_word("unresolved", lang))
        for remark in remarks:
            say(f"• {remark}", indent=2)


def _area_lines(area: "Area", lang: Lang) -> list[str]:
    """Return what is said of an area, a line each."""
    lines = [*_bounds_lines(area.bounds, lang)]
    listed = (area.landmarks, area.doors, tuple(edge.name for edge in area.limits))
    lines += ["—".join(words) for words in listed if words]
    lines += [name for name in (area.name, area.within) if name]
    return lines


def _bounds_lines(bounds: "Bounds", lang: Lang) -> list[str]:
    from geo.boundary_text import SIDES

    lines = []
    for side in SIDES:
        chains = bounds.side(side)
        if chains:
            called = ["—".join(edge.name if lang == Lang.zh else edge.name_en for edge in chain) for chain in chains]
            lines.append(f"{_word(side, lang)}: {'; '.join(called)}")
    for note in bounds.notes:
        name = note.name if lang == Lang.zh else note.name_en
        lines.append(f"{_word('with' if note.included else 'not', lang)} {name}")
    return lines


def _show_check(table: "pd.DataFrame", lang: Lang) -> None:
    good = int(table["returned"].sum())
    words = ("{} 个社区中,{} 个({:.0%})的四至文字能读回原来的地块",
             "of {} communities, the bounds of {} ({:.0%}) give their very blocks back")  # fmt: skip
    title(words[lang == Lang.en].format(len(table), good, good / len(table)))
    for key, row in table[~table["returned"]].iterrows():
        name = row["name"] if lang == Lang.zh else row["name_en"] or row["name"]
        words = (
            "{} {}:面积吻合 {:.1%};缺 {} 块,多 {} 块",
            "{} {}: {:.1%} of the land agrees; {} blocks missing, {} besides",
        )
        say("• " + words[lang == Lang.en].format(key, name, row["agreement"], len(row["missing"]), len(row["strange"])))
        say(row["text"], indent=4)
        if remarks := _side(row, "remarks", lang):
            say(remarks, indent=4)
