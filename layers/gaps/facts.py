"""What page, workbook and document all say of a town's gaps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from geo.network.options import SPEEDS
from layers.provenance import Row
from layers.words import LANGS, WORDS, Lang, fullwidth, is_missing, study_name, word

if TYPE_CHECKING:
    from geo.gaps.result import GapChange, Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.study import Study


def typeset(text: object) -> str:
    """Return a Chinese sentence of a result in Chinese punctuation, "" where it is missing."""
    return "" if is_missing(text) else re.sub(r"(?<=%),", "，", fullwidth(str(text)))


def page_title(study: Study) -> list[str]:
    """Return the page's title in both languages."""
    return [
        f"{study_name(study, 'zh')}{word('gaps.title', 'zh')}",
        f"{study_name(study, 'en')} · {word('gaps.title', 'en')}",
    ]


def page_subtitle(gaps: Mapping[str, Gaps]) -> list[str]:
    """Return standards, communities and speed in both languages."""
    first = next(iter(gaps.values()))
    said = []
    for lang in LANGS:
        names = [standard_title(each, lang) for each in gaps.values()]
        shown = ("、" if lang == "zh" else ", ").join(names[:3])
        if len(names) > 3:
            shown += word("gaps.and_more", lang, n=len(names) - 3)
        said.append(" · ".join([shown, word("gaps.communities_count", lang, n=len(first.scores)),
                                _speed(gaps)[lang == "en"]]))  # fmt: skip
    return said


def standard_title(gaps: Gaps, lang: Lang) -> str:
    """Return the title of the standard."""
    return fullwidth(gaps.standard.title_zh) if lang == "zh" else gaps.standard.title_en


def about(gaps: Mapping[str, Gaps], surfaces: Surfaces | None, change: GapChange | None, study: Study) -> list[Row]:
    """Return where the numbers come from: standards, how walks are measured, what is assumed."""
    rows = [Row(WORDS["about.study"], (study.name, study.name_en or study.name)),
            Row(WORDS["gaps.walks"], WORDS["gaps.walks_said"]), Row(WORDS["gaps.speed"], _speed(gaps)),
            Row(WORDS["gaps.states"], WORDS["gaps.states_said"]), Row(WORDS["gaps.score"], WORDS["gaps.score_said"])]  # fmt: skip
    for each in gaps.values():
        rules = each.standard
        rows.append(Row((fullwidth(f"{rules.title_zh}（{rules.edition}）"), f"{rules.title_en} ({rules.edition})"),
                        (_joined(fullwidth(rules.source), fullwidth(rules.note_zh), ""),
                         _joined(rules.source_en, rules.note_en, " "))))  # fmt: skip
    rows += [Row(label, note) for label, note in notes(gaps, surfaces, change)]
    said = {str(note["attribution"]) for note in study.notes.values()
            if isinstance(note, Mapping) and note.get("attribution")}  # fmt: skip
    return [*rows, *(Row(WORDS["about.attribution"], (text, text)) for text in sorted(said))]


def notes(
    gaps: Mapping[str, Gaps], surfaces: Surfaces | None, change: GapChange | None
) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Return what was assumed and what is unknown, each once: where it was said, and the note, in both languages."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for each in gaps.values():
        for note in each.notes:
            found.setdefault(note, []).append((fullwidth(each.standard.title_zh), each.standard.title_en))
    rows = []
    for note, titles in found.items():
        label = WORDS["gaps.notes"] if len(titles) == len(gaps) else (
            "、".join(zh for zh, _ in titles), ", ".join(en for _, en in titles))  # fmt: skip
        rows.append((label, (typeset(note[0]), note[1])))
    for more, key in ((surfaces, "gaps.surfaces"), (change, "gaps.change")):
        for note in () if more is None else more.notes:
            if note not in found:
                rows.append((WORDS[key], (typeset(note[0]), note[1])))
    return rows


def change_rows(change: GapChange, gaps: Mapping[str, Gaps]) -> dict[str, Any]:
    """Return what a plan changes, as the page shows it: requirements, communities, shared facilities."""
    names = list(gaps)
    rows = change.requirements.reset_index()
    requirements = [
        {"standard": names.index(str(row["standard"])), "key": str(row["requirement"]),
         "title": [row["title_zh"], row["title_en"]], "lacking": [_count(row["lacking_before"]), _count(row["lacking_after"])],
         "gain": _count(row["people_gain"]), "lose": _count(row["people_lose"]), "change": str(row["change"]),
         "text": [typeset(row["text_zh"]), str(row["text_en"])]}
        for _, row in rows.iterrows() if str(row["standard"]) in names
    ]  # fmt: skip
    areas = change.communities.reset_index()
    areas = areas[areas["change"].isin(("better", "worse", "new")) & areas["standard"].isin(names)]
    sharing = change.sharing
    return {
        "requirements": requirements,
        "communities": [
            {"standard": names.index(str(row["standard"])), "key": str(row["requirement"]), "id": str(row["community_id"]),
             "change": str(row["change"]), "text": [typeset(row["text_zh"]), str(row["text_en"])]}
            for _, row in areas.iterrows()
        ],
        "sharing": [[typeset(row["text_zh"]), str(row["text_en"])] for _, row in sharing.iterrows()
                    if str(row["standard"]) in names],
    }  # fmt: skip


def _speed(gaps: Mapping[str, Gaps]) -> tuple[str, str]:
    speed = SPEEDS[next(iter(gaps.values())).speed]
    return (f"{speed.title_zh}步行，平路每分钟{speed.metres_per_minute:g}米",
            f"{speed.title_en} on foot, {speed.metres_per_minute:g} m a minute on level ground")  # fmt: skip


def _joined(first: str, second: str, between: str) -> str:
    stop = "。" if not between else "."
    return first if not second else f"{first.rstrip('。.')}{stop}{between}{second}"


def _count(value: object) -> int | None:
    return None if is_missing(value) else round(float(str(value)))
