"""Gaps of facilities as a Word document: the town first, then a page for each community."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from geo.gaps.result import LACKING
from layers.catalogue import score_style
from layers.drawing import chinese_font
from layers.features import FEWEST_SHOWN, context_frames
from layers.gaps.facts import (
    about,
    area_names,
    changes,
    lacking,
    limit_text,
    mean_score,
    notes,
    standard_title,
    title,
    typeset,
)
from layers.gaps.frames import area_frame, facility_frame, home_frame, prefix
from layers.gaps.picture import TownMaps
from layers.paper import Paper, first_up, joined, stopped
from layers.styles import GAP_PALE, Style
from layers.words import Lang, is_missing, number, study_name, word

if TYPE_CHECKING:
    from geo.gaps.result import GapChange, Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.study import Study

MOST_GAPS = 11
"""Gaps that a community's page lists; the workbook has them all."""


def write_gaps_docx(
    gaps: Mapping[str, Gaps],
    path: Path,
    *,
    study: Study,
    surfaces: Surfaces | None = None,
    change: GapChange | None = None,
    lang: Lang = "zh",
) -> None:
    """Write a town's gaps as a Word document, whole or not at all; the same ones give the same bytes on one machine.

    Cover; what is lacking by each standard; every requirement; maps; supply; with a plan what it changes; a page for
    each community: what it has, lacks, for how many, with a map; assumptions, sources. Parameters as of
    `layers.gaps.workbook.write_gaps_xlsx`.
    """
    report = _Report(gaps, study, lang)
    report.title_page()
    report.summary()
    report.needs()
    report.maps()
    report.supply(surfaces)
    report.change(change)
    report.communities()
    report.told(surfaces, change)
    report.save(path)


class _Report(Paper):
    """The document while it is written."""

    def __init__(self, gaps: Mapping[str, Gaps], study: Study, lang: Lang) -> None:
        super().__init__(lang, title=f"{study_name(study, lang)} {word('gaps.report', lang)}")
        self.gaps, self.study = gaps, study
        self.first = next(iter(gaps.values()))
        self.names = area_names(gaps, lang)
        self.font = chinese_font()
        crs = self.first.buildings.crs
        behind = context_frames({name: study.tables[name] for name in ("roads", "barriers")
                                 if name in study.tables}, crs)  # fmt: skip
        self.areas, self.homes = area_frame(gaps), _areas_only(home_frame(gaps))
        self.drawn = TownMaps(behind, self.areas.total_bounds, lang=lang, font=self.font)

    def title_page(self) -> None:
        people = self.first.scores["people"].sum(min_count=1)
        standards = word("gaps.report_standards_said", self.lang, n=len(self.gaps))
        if len(self.gaps) == 1:
            standards = f"{standard_title(self.first, self.lang)} ({self.first.standard.edition})"
        rows = [
            (word("gaps.report_standards", self.lang), standards),
            (word("gaps.report_communities", self.lang), number(len(self.first.scores), self.lang)),
            (
                word("gaps.report_people", self.lang),
                word("unknown", self.lang) if is_missing(people) else number(people, self.lang),
            ),
            (word("report.author", self.lang), ""),
            (word("report.date", self.lang), word("report.date_blank", self.lang)),
            (word("page.review_number", self.lang), word("page.review_pending", self.lang)),
        ]
        between = "" if self.lang == "zh" else " "
        note = between.join((word("page.mark_note", self.lang), word("gaps.report_privacy", self.lang, n=FEWEST_SHOWN)))
        self.cover(study_name(self.study, self.lang), word("gaps.report", self.lang), rows, note)

    def summary(self) -> None:
        """Write what is lacking by each standard, and the communities by score."""
        self.section("gaps.part_summary")
        for each in self.gaps.values():
            counts = each.communities["state"].value_counts()
            asked = int(counts.sum() - counts.get("not_asked", 0))
            score = mean_score(each)
            said = word(
                "gaps.summary_said",
                self.lang,
                standard=standard_title(each, self.lang),
                edition=each.standard.edition,
                communities=len(each.scores),
                all=number(asked, self.lang),
                needs=len(each.standard.requirements),
                met=int(counts.get("met", 0)),
                lacking=int(sum(counts.get(state, 0) for state in LACKING)),
                unknown=int(counts.get("unknown", 0)),
                score="—" if score is None else f"{score:g}",
            )
            worst = sorted(((lacking(row), n, str(key)) for n, (key, row) in enumerate(each.requirements.iterrows())),
                           key=lambda one: (-one[0], one[1]))[:4]  # fmt: skip
            listed = [word("gaps.worst_item", self.lang, title=title(each.standard[key], self.lang), n=count)
                      for count, _, key in worst if count]  # fmt: skip
            if listed:
                between = "" if self.lang == "zh" else " "
                said += between + word("gaps.summary_worst", self.lang, list=joined(listed, self.lang))
            self.paragraph(said)
        heads = [word("gaps.head_community", self.lang), word("gaps.head_people", self.lang),
                 *(standard_title(each, self.lang) for each in self.gaps.values())]  # fmt: skip
        rows = []
        for key, row in self.first.scores.sort_index().iterrows():
            scores = [each.scores["score"].get(str(key)) for each in self.gaps.values()]
            rows.append(
                [
                    self.names[str(key)],
                    "—" if is_missing(row["people"]) else number(row["people"], self.lang),
                    *("—" if is_missing(score) else f"{100 * float(str(score)):.0f}" for score in scores),
                ]
            )
        width = 9.0 / len(self.gaps)
        self.table("gaps.table_scores", heads, rows, widths=(4.6, 2.4, *[width] * len(self.gaps)),
                   numbers=range(1, len(heads)), size=9.5, together=False)  # fmt: skip

    def needs(self) -> None:
        """Write every requirement: what the town has, who has it within reach, where it is lacking."""
        self.section("gaps.part_needs")
        heads = [
            word(f"gaps.head_{key}", self.lang)
            for key in ("need", "limit", "facilities", "share", "uncovered_short", "lacking", "unknown")
        ]
        for each in self.gaps.values():
            rows: list[list[str]] = []
            shade: dict[tuple[int, int], str] = {}
            for rule in each.standard.requirements:
                row = each.requirements.loc[rule.key]
                gap, share = lacking(row), row["covered_share"]
                shade[len(rows), 5] = GAP_PALE["far"] if gap else GAP_PALE["unknown" if row["areas_unknown"] else "met"]
                rows.append([
                    title(rule, self.lang), limit_text(rule, self.lang), number(row["facilities"], self.lang),
                    word("unknown", self.lang) if is_missing(share) else f"{100 * float(share):.1f}%",
                    "—" if is_missing(row["people_uncovered"]) else number(row["people_uncovered"], self.lang),
                    f"{gap} / {row['areas']}", number(row["areas_unknown"], self.lang),
                ])  # fmt: skip
            said = word("gaps.table_needs", self.lang, standard=standard_title(each, self.lang))
            self.table(said, heads, rows, widths=(4.4, 3.3, 1.5, 1.8, 2.0, 1.7, 1.3), numbers=(2, 3, 4, 5, 6), size=8.5,
                       shade=shade, together=False)  # fmt: skip

    def maps(self) -> None:
        """Draw communities and homes by score, for each standard."""
        self.section("gaps.part_maps")
        if self.font is None:
            self.paragraph(word("report.no_font", self.lang))
        self.paragraph(word("gaps.score_said", self.lang))
        for name, each in self.gaps.items():
            column, told = prefix(name, "score"), standard_title(each, self.lang)
            self._map(self.areas, score_style(column, ground=True), word("gaps.map_scores", self.lang, standard=told))
            self._map(self.homes, score_style(column), word("gaps.map_homes", self.lang, standard=told))

    def _map(self, frame: gpd.GeoDataFrame, style: Style, caption: str) -> None:
        """Draw a map of the town with the borders of communities."""
        self.picture(self.drawn.png(frame, style, outlines=self.areas.geometry), caption)

    def supply(self, surfaces: Surfaces | None) -> None:
        """Write supply per 1,000 people, and how evenly it is spread."""
        known = [] if surfaces is None else [key for key in surfaces.inequality.index if key[0] in self.gaps]
        if surfaces is None or not known:
            return
        self.section("gaps.part_supply")
        heads = [
            word(f"gaps.head_{key}", self.lang)
            for key in ("standard", "need", "unit", "mean_supply", "p10", "p50", "p90", "gini", "without")
        ]
        rows = []
        for key in known:
            row, each = surfaces.inequality.loc[key], self.gaps[str(key[0])]
            rows.append([
                standard_title(each, self.lang), title(each.standard[str(key[1])], self.lang),
                word(f"gap_unit.{row['unit']}", self.lang),
                *(_figure(row[name], 3) for name in ("mean_per_1000", "p10_per_1000", "p50_per_1000", "p90_per_1000")),
                _figure(row["gini"], 2), number(row["people_without"], self.lang),
            ])  # fmt: skip
        self.table("gaps.table_supply", heads, rows, widths=(3.3, 2.9, 1.2, 1.6, 1.3, 1.3, 1.3, 1.4, 1.9),
                   numbers=range(3, 9), size=8.5, together=False)  # fmt: skip
        for zh, en in surfaces.notes:
            self.paragraph(stopped(typeset(zh) if self.lang == "zh" else en, self.lang))

    def change(self, change: GapChange | None) -> None:
        """Write what a plan changes, requirement by requirement."""
        if change is None:
            return
        self.section("gaps.part_change", [word("gaps.change_said", self.lang)])
        rows: list[list[str]] = []
        shade: dict[tuple[int, int], str] = {}
        for (name, need), row in change.requirements.iterrows():
            if name not in self.gaps or not changes(row):
                continue
            if row["change"] in {"better", "worse"}:
                shade[len(rows), 5] = GAP_PALE["met" if row["change"] == "better" else "missing"]
            rows.append(
                [
                    standard_title(self.gaps[str(name)], self.lang),
                    title(self.gaps[str(name)].standard[str(need)], self.lang),
                    " → ".join(
                        f"{row[f'lacking_{when}']} / {row[f'communities_{when}']}" for when in ("before", "after")
                    ),
                    *(
                        "—" if is_missing(row[key]) else number(row[key], self.lang)
                        for key in ("people_gain", "people_lose")
                    ),
                    word(f"gap_change.{row['change']}", self.lang),
                ]
            )
        if not rows:
            self.paragraph(word("gaps.change_none", self.lang))
            return
        heads = [
            word(f"gaps.head_{key}", self.lang) for key in ("standard", "need", "lacking", "gain", "lose", "change")
        ]
        self.table("gaps.table_change", heads, rows, widths=(3.6, 4.0, 3.2, 1.9, 1.9, 1.4), numbers=(2, 3, 4), size=9,
                   shade=shade, together=False)  # fmt: skip
        if len(change.sharing):
            self.paragraph(stopped(word("gaps.change_sharing", self.lang), self.lang))
            for _, row in change.sharing[change.sharing["standard"].isin(list(self.gaps))].head(20).iterrows():
                self.paragraph(
                    stopped(typeset(row["text_zh"]) if self.lang == "zh" else str(row["text_en"]), self.lang)
                )

    def communities(self) -> None:
        """Write a page for each community: what it has, what it lacks, for how many, with a map."""
        self.section("gaps.part_communities")
        self.document.paragraphs[-1].paragraph_format.page_break_before = True
        mapped = max(self.gaps, key=lambda name: len(self.gaps[name].standard.requirements))
        style, told = score_style(prefix(mapped, "score")), standard_title(self.gaps[mapped], self.lang)
        counted = self._counted(mapped)
        owners = self.homes["community_id"].astype("string")
        for n, (key, area) in enumerate(self.areas.sort_index().iterrows()):
            heading = self.document.add_heading(level=2)
            heading.paragraph_format.page_break_before = n > 0
            self.run(heading, self.names[str(key)], "heading", self.size)
            self._community(str(key), area)
            picture = self.drawn.png(self.homes, style, around=area.geometry, facilities=counted,
                                     inside=owners.eq(str(key)).fillna(False).to_numpy(dtype=bool))  # fmt: skip
            caption = word("gaps.map_community", self.lang, name=self.names[str(key)], standard=told)
            self.picture(picture, caption, width_cm=14.5)

    def _counted(self, standard: str) -> gpd.GeoDataFrame | None:
        """Return the facilities that count for a standard; None where the study has no table of them."""
        if "facilities" not in self.study.tables:
            return None
        places = facility_frame({standard: self.gaps[standard]}, self.study)
        return places.to_crs(self.homes.crs)

    def _community(self, key: str, area: pd.Series) -> None:
        name = self.names[key]
        told = (
            word("gaps.community_unknown_people", self.lang, name=name)
            if is_missing(area["people"])
            else word("gaps.community_said", self.lang, name=name, people=number(area["people"], self.lang))
        )
        lines = [told]
        met: list[str] = []
        unknown: list[str] = []
        gaps: list[tuple[float, int, str, pd.Series]] = []
        asked: dict[str, str] = {}
        for order, each in enumerate(self.gaps.values()):
            mine = each.communities.xs(key, level="community_id")
            counts, score = mine["state"].value_counts(), each.scores["score"].get(key)
            lines.append(word("gaps.community_score", self.lang, standard=standard_title(each, self.lang),
                              score="—" if is_missing(score) else f"{100 * float(str(score)):.0f}",
                              met=int(counts.get("met", 0)), unknown=int(counts.get("unknown", 0)),
                              lacking=int(sum(counts.get(state, 0) for state in LACKING))))  # fmt: skip
            for need, row in mine.iterrows():
                shown = title(each.standard[str(need)], self.lang)
                asked[shown] = limit_text(each.standard[str(need)], self.lang)
                if row["state"] in LACKING:
                    gaps.append((-float(row["severity"]) * float(row["weight"]), order, shown, row))
                elif row["state"] in {"met", "unknown"}:
                    (met if row["state"] == "met" else unknown).append(shown)
        between = "" if self.lang == "zh" else " "
        self._small(between.join(lines))
        for found, said in ((met, "gaps.community_has"), (unknown, "gaps.community_unknown")):
            if found:
                self._small(word(said, self.lang, list=joined(list(dict.fromkeys(found)), self.lang)))
        if not gaps:
            self._small(word("gaps.community_none", self.lang))
            return
        gaps.sort(key=lambda one: (one[0], one[1]))
        first: dict[str, pd.Series] = {}
        for _, _, shown, row in gaps:
            first.setdefault(shown, row)
        rows: list[list[str]] = []
        shade: dict[tuple[int, int], str] = {}
        for shown, row in list(first.items())[:MOST_GAPS]:
            shade[len(rows), 1] = GAP_PALE[str(row["state"])]
            rows.append(
                [
                    shown,
                    word(f"gap_state.{row['state']}", self.lang),
                    _figure(row["count"], 0),
                    "—" if is_missing(row["people_uncovered"]) else number(row["people_uncovered"], self.lang),
                    _figure(row["mean_m"], 0),
                    _asked(asked[shown], row, self.lang),
                ]
            )
        heads = [word(f"gaps.head_{key}", self.lang)
                 for key in ("need", "state", "count", "uncovered_short", "mean", "asked")]  # fmt: skip
        self.table(word("gaps.table_gaps", self.lang, name=name), heads, rows, widths=(4.4, 1.6, 1.6, 1.9, 2.1, 4.4),
                   numbers=(2, 3, 4), size=8.5, shade=shade)  # fmt: skip
        if len(first) > MOST_GAPS:
            self._small(word("gaps.community_more", self.lang, n=len(first) - MOST_GAPS))

    def _small(self, text: str) -> None:
        """Write a paragraph in the size of a page that holds much."""
        paragraph = self.line(text, "body", 10.5)
        paragraph.paragraph_format.space_after = 0

    def told(self, surfaces: Surfaces | None, change: GapChange | None) -> None:
        """Write what was assumed, what is unknown, and where everything is from."""
        side = int(self.lang == "en")
        self.section("gaps.part_notes")
        self.document.paragraphs[-1].paragraph_format.page_break_before = True
        for label, note in notes(self.gaps, surfaces, change):
            colon = "：" if self.lang == "zh" else ": "
            self.paragraph(stopped(first_up(label[side], self.lang) + colon + note[side], self.lang))
        self.section("gaps.part_sources")
        assumed = [note for _, note in notes(self.gaps, surfaces, change)]
        rows = [[row.label[side], row.value[side]] for row in about(self.gaps, surfaces, change, self.study)
                if row.value not in assumed]  # fmt: skip
        self.table("gaps.part_sources", [word("item", self.lang), word("value", self.lang)], rows, widths=(3.6, 12.4),
                   together=False)  # fmt: skip


def _areas_only(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows as areas: points are drawn as discs of a house's size."""
    points = frame.geom_type == "Point"
    return frame.set_geometry(frame.geometry.where(~points, frame.geometry.buffer(8.0))) if points.any() else frame


def _asked(limit: str, row: pd.Series, lang: Lang) -> str:
    """Return what reach is asked for, and what is short: square metres, places."""
    told = [limit]
    for key, unit in (("area_short_m2", "m2"), ("places_short", "places")):
        if not is_missing(row[key]) and row[key] > 0:
            told.append(word("gaps.short_of", lang, n=number(row[key], lang), unit=word(f"gap_unit.{unit}", lang)))
    return joined(told, lang)


def _figure(value: object, digits: int) -> str:
    return "—" if is_missing(value) else f"{float(str(value)):,.{digits}f}"
