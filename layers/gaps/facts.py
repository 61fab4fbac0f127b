"""What page, workbook and document all say of a town's gaps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from geo.gaps.result import LACKING
from geo.network.options import SPEEDS
from geo.partition.scorecard import SIX_ONES
from geo.standards.facilities import load_facility_standard
from layers.gaps.frames import FEWEST_PEOPLE, shown_name, walk_classes
from layers.provenance import Row
from layers.words import LANGS, WORDS, Lang, fullwidth, is_missing, study_name, word

if TYPE_CHECKING:
    from geo.gaps.result import GapChange, Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.standards.facilities import Requirement
    from geo.study import Study

LISTED_PEOPLE = 100
"""Places with fewer people out of reach are not listed one by one."""

MOST_PLACES = 20
"""So many places are listed for each requirement."""


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
    rows = [
        Row(WORDS["about.study"], (study.name, study.name_en or study.name)),
        Row(WORDS["gaps.walks"], WORDS["gaps.walks_said"]),
        Row(WORDS["gaps.speed"], _speed(gaps)),
        Row(WORDS["gaps.states"], WORDS["gaps.states_said"]),
        Row(WORDS["gaps.score"], WORDS["gaps.score_said"]),
    ]
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
        new = () if more is None else tuple(note for note in more.notes if note not in found)
        rows += [(WORDS[key], (typeset(note[0]), note[1])) for note in new]
    return rows


def changes(row: pd.Series) -> bool:
    """Return whether a plan changes a requirement: people gain or lose, or the share of communities with a gap."""
    if (row["people_gain"] or 0) + (row["people_lose"] or 0) > 0:
        return True
    before, after = (row[f"lacking_{when}"] / max(row[f"communities_{when}"], 1) for when in ("before", "after"))
    return bool(before != after)


def change_rows(change: GapChange, gaps: Mapping[str, Gaps]) -> dict[str, Any]:
    """Return what a plan changes, as the page shows it: requirements, communities, shared facilities."""
    names = list(gaps)
    rows = change.requirements.reset_index()
    requirements = [
        {
            "standard": names.index(str(row["standard"])),
            "key": str(row["requirement"]),
            "title": [row["title_zh"], row["title_en"]],
            "lacking": [_count(row["lacking_before"]), _count(row["lacking_after"])],
            "of": [_count(row["communities_before"]), _count(row["communities_after"])],
            "gain": _count(row["people_gain"]),
            "lose": _count(row["people_lose"]),
            "change": str(row["change"]),
            "text": [typeset(row["text_zh"]), str(row["text_en"])],
        }
        for _, row in rows.iterrows()
        if str(row["standard"]) in names and changes(row)
    ]
    areas = change.communities.reset_index()
    areas = areas[areas["change"].isin(("better", "worse", "new")) & areas["standard"].isin(names)]
    sharing = change.sharing
    return {
        "requirements": requirements,
        "communities": [
            {
                "standard": names.index(str(row["standard"])),
                "key": str(row["requirement"]),
                "id": str(row["community_id"]),
                "change": str(row["change"]),
                "text": [typeset(row["text_zh"]), str(row["text_en"])],
            }
            for _, row in areas.iterrows()
        ],
        "sharing": [
            [typeset(row["text_zh"]), str(row["text_en"])]
            for _, row in sharing.iterrows()
            if str(row["standard"]) in names
        ],
    }


def _speed(gaps: Mapping[str, Gaps]) -> tuple[str, str]:
    speed = SPEEDS[next(iter(gaps.values())).speed]
    return (f"{speed.title_zh}步行，平路每分钟{speed.metres_per_minute:g}米",
            f"{speed.title_en} on foot, {speed.metres_per_minute:g} m a minute on level ground")  # fmt: skip


def _joined(first: str, second: str, between: str) -> str:
    stop = "。" if not between else "."
    return first if not second else f"{first.rstrip('。.')}{stop}{between}{second}"


def _count(value: object) -> int | None:
    return None if is_missing(value) else round(float(str(value)))


def title(rule: Requirement, lang: Lang) -> str:
    """Return the title of a requirement."""
    return typeset(rule.title_zh) if lang == "zh" else rule.title_en[:1].upper() + rule.title_en[1:]


def scope_word(rule: Requirement, lang: Lang) -> str:
    """Return where a requirement asks for its facility."""
    return word(f"gap_scope.{rule.scope}", lang)


def limit_text(rule: Requirement, lang: Lang) -> str:
    """Return the reach a requirement asks for, as a phrase."""
    told = []
    if rule.radius_m is not None:
        told.append(word("gaps.limit_m", lang, n=f"{rule.radius_m:,g}"))
    if rule.minutes is not None:
        told.append(word("gaps.limit_min", lang, n=f"{rule.minutes:g}"))
    if not told:
        told.append(word("gaps.no_limit_town" if rule.scope == "town" else "gaps.no_limit", lang))
    return (" 或 " if lang == "zh" else " or ").join(told)


def area_names(gaps: Mapping[str, Gaps], lang: Lang) -> dict[str, str]:
    """Return the names of communities and estates by their ids."""
    names: dict[str, str] = {}
    for each in gaps.values():
        for scores in (each.estate_scores, each.scores):
            for key, row in scores.iterrows():
                names[str(key)] = shown_name(row, lang, str(key))
    return names


def mean_score(gaps: Gaps) -> float | None:
    """Return the average score of the communities, from 0 to 100; None where none is known."""
    known = gaps.scores["score"].dropna()
    return round(100 * float(known.mean()), 1) if len(known) else None


def lacking(row: pd.Series) -> int:
    """Return how many communities show a gap of a requirement."""
    return int(sum(row[f"areas_{state}"] for state in LACKING))


def six_titles(lang: Lang) -> dict[str, str]:
    """Return what the six ones are called."""
    standard = load_facility_standard("six-ones")
    return {key: title(standard[key], lang) for key in SIX_ONES}


def uncovered_places(gaps: Mapping[str, Gaps], study: Study, lang: Lang) -> list[tuple[str, str, str, str, int, int]]:
    """Return where people out of reach live: standard, requirement, community, place, residents, homes.

    Places are estates, and blocks outside them; most residents of each requirement first: at most `MOST_PLACES`, of
    at least `LISTED_PEOPLE` out of reach. All others are one row, of no community; one with fewer than
    `FEWEST_PEOPLE` is left out.
    """
    named = study.get("estates")
    estates = {} if named is None else {str(key): shown_name(row, lang, str(key)) for key, row in named.iterrows()}
    rows: list[tuple[str, str, str, str, int, int]] = []
    for name, each in gaps.items():
        homes = pd.DataFrame(
            {column: each.buildings.get(column) for column in ("community_id", "estate_id", "block_id")},
            index=each.buildings.index,
        )
        homes["people"] = each.buildings["people"].to_numpy(dtype=float)
        homes["place"] = (
            homes["estate_id"]
            .astype("object")
            .where(homes["estate_id"].notna(), "block:" + homes["block_id"].astype("object"))
        )
        homes = homes.fillna({"place": "", "community_id": ""})
        classes = walk_classes(each)
        for rule in each.standard.requirements:
            lost = homes[classes[rule.key].isin(("beyond", "far")).to_numpy() & (homes["people"] > 0).to_numpy()]
            sums = lost.groupby(["community_id", "place"], sort=True)["people"].agg(["sum", "size"]).reset_index()
            sums = sums.sort_values("sum", ascending=False, kind="stable")
            listed = min(int((sums["sum"] >= LISTED_PEOPLE).sum()), MOST_PLACES)
            listed += len(sums) == listed + 1  # one more is no longer than a row that counts it
            for row in sums[:listed].itertuples(index=False):
                if row.sum < FEWEST_PEOPLE:
                    continue
                place = str(row.place)
                told = estates.get(place, place) or word("gaps.rest", lang)
                if place.startswith("block:"):
                    told = word("gaps.block_said", lang, id=place.removeprefix("block:"))
                rows.append((name, rule.key, str(row.community_id), told, round(row.sum), int(row.size)))
            others = sums[listed:]
            if others["sum"].sum() >= FEWEST_PEOPLE:
                told = word("gaps.rest_places", lang, n=len(others))
                rows.append((name, rule.key, "", told, round(others["sum"].sum()), int(others["size"].sum())))
    return rows
