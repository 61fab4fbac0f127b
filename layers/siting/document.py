"""An answer of siting as a Word document: an official proposal (选址建议)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from geo.siting.result import REASONS, Placed, Sited, WhatIf
from layers.drawing import chinese_font
from layers.features import context_frames
from layers.paper import Paper, stopped
from layers.siting.facts import (
    Answer,
    Scene,
    area_sums,
    basis,
    community_frame,
    community_names,
    facility_frame,
    home_frame,
    kind_word,
    money_words,
    option_title,
    people_text,
    place_name,
    proof,
    reach_word,
    scenes_of,
    share_text,
    site_frame,
    summary,
    title_of,
    together,
    told,
    totals_of,
    who_word,
)
from layers.siting.picture import frame_around, scene_png
from layers.words import Lang, is_missing, number, study_name, word

if TYPE_CHECKING:
    from geo.study import Study

_MOST_LEFT, _MOST_MAPS = 12, 4
"""Longer lists stand in the workbook; more maps on the page."""
_EXAMPLE = "FBEDBF"


def write_siting_docx(answer: Answer, path: Path, *, study: Study, lang: Lang = "zh") -> None:
    """Write an answer of siting as a proposal in Word, whole or not at all; the same bytes each time on one machine.

    Cover; the answer; the sites with a map, a table and a paragraph each; what they bring (before and after, step by
    step, by community); of a `Placed` what goes into which premises and its costs, examples marked; of a `WhatIf` the
    options side by side with their maps; why others were not taken; how good the answer is; basis and assumptions.

    Parameters
    ----------
    answer
        As `geo.siting` returns it.
    path
        The file; one that is there is replaced.
    study
        The study it was made for.
    lang
        Language of the document.
    """
    report = _Report(answer, study, lang)
    report.title_page()
    report.section("siting.report_answer", report.told_answer())
    if isinstance(answer, Sited):
        report.sites(answer)
        report.effect(answer)
        report.left(answer)
    elif isinstance(answer, Placed):
        report.premises(answer)
        report.gains(answer)
        report.left(answer)
    else:
        report.options(answer)
    report.section("siting.report_quality", [stopped(text, lang) for text in proof(answer, lang)])
    report.basis()
    report.save(path)


class _Report(Paper):
    """The document while it is written."""

    def __init__(self, answer: Answer, study: Study, lang: Lang) -> None:
        name = study_name(study, lang)
        super().__init__(lang, title=f"{name}{'' if lang == 'zh' else ' · '}{title_of(answer, lang)}")
        self.answer, self.study = answer, study
        self.scenes = scenes_of(answer)
        self.site_rows = site_frame(answer, study)
        self.names = {str(key): place_name(row, key, lang) for key, row in self.site_rows.iterrows()}
        self.communities = community_names(study, lang)
        self.comma = "、" if lang == "zh" else ", "
        self.homes, self.facilities = home_frame(answer, study), facility_frame(answer, study)
        self.areas = community_frame(answer, study, self.scenes[0])
        self.behind = context_frames({name: study.tables[name] for name in ("roads", "barriers")
                                      if name in study.tables}, self.homes.crs)  # fmt: skip

    def heads(self, *keys: str) -> list[str]:
        """Return the words of columns."""
        return [word(f"siting.{key}", self.lang) for key in keys]

    def _name(self, site: object) -> str:
        return "—" if is_missing(site) else self.names.get(str(site), str(site))

    def _community(self, key: object) -> str:
        return "—" if is_missing(key) else self.communities.get(str(key), str(key))

    def title_page(self) -> None:
        """Write the cover."""
        answer, scene = self.answer, self.scenes[0]
        totals = totals_of(scene)
        rows: list[tuple[str, str]] = []
        if isinstance(answer, Placed):
            rows = [
                (word("siting.cover_sites", self.lang), word("siting.count_sites", self.lang, n=len(answer.sites))),
                (word("siting.about_budget", self.lang), money_words(answer.budget, self.lang)),
                (word("siting.about_spent", self.lang), money_words(answer.spent, self.lang)),
            ]
        else:
            rows = [(word("siting.reach", self.lang), self._asked())]
            if isinstance(answer, Sited):
                new = people_text(totals["covered_after"] - totals["covered_before"], self.lang)
                change = word("siting.from_to", self.lang, before=share_text(totals["share_before"]),
                              after=share_text(totals["share_after"]))  # fmt: skip
                rows += [
                    (word("siting.cover_sites", self.lang), word("siting.count_sites", self.lang, n=len(answer.sites))),
                    (word("siting.cover_share", self.lang), change),
                    (word("siting.cover_new", self.lang), f"{new} {who_word(scene.requirement, self.lang)}"
                     if self.lang == "en" else f"{who_word(scene.requirement, self.lang)}{new}人"),
                ]  # fmt: skip
            else:
                own = _own_options(answer)
                rows.append((word("siting.cover_options", self.lang),
                             word("siting.count_options", self.lang, n=len(own))))  # fmt: skip
                if own:
                    rows.append((word("siting.cover_best", self.lang), option_title(own[0], self.lang)))
        rows += [
            (word("report.author", self.lang), ""),
            (word("report.date", self.lang), word("report.date_blank", self.lang)),
            (word("page.review_number", self.lang), word("page.review_pending", self.lang)),
        ]
        note = f"{word('page.mark_note', self.lang)}{self._gap()}{word('siting.report_note_draft', self.lang)}"
        if self._example():
            note += f"{self._gap()}{word('siting.costs_example', self.lang)}"
        self.cover(study_name(self.study, self.lang), title_of(answer, self.lang), rows, note)

    def _gap(self) -> str:
        return "" if self.lang == "zh" else " "

    def _asked(self) -> str:
        scene = self.scenes[0]
        joint = "，" if self.lang == "zh" else ", "
        reach = reach_word(scene.limit_m, scene.limit_min, self.lang)
        return f"{reach}{joint}{who_word(scene.requirement, self.lang)}"

    def _example(self) -> bool:
        return isinstance(self.answer, Placed) and not self.answer.costs_given

    def told_answer(self) -> list[str]:
        """Return the answer in paragraphs."""
        texts = summary(self.answer, self.lang)
        if isinstance(self.answer, WhatIf):
            return [*self._recommended(self.answer), *texts]
        example = [word("siting.costs_example", self.lang)] if self._example() else []
        return ["".join(texts) if self.lang == "zh" else " ".join(texts), *example]

    def _recommended(self, answer: WhatIf) -> list[str]:
        own = _own_options(answer)
        if not own:
            return []
        row = answer.options.loc[own[0]]
        people = people_text(row["people_new"], self.lang)
        who = who_word(answer.requirement, self.lang)
        best = word("siting.of_best", self.lang, share=share_text(row["share_of_best"]))
        return [word("siting.report_recommend", self.lang, option=option_title(own[0], self.lang), best=best,
                     n=int(row["sites"]),
                     people=f"{who}{people}人" if self.lang == "zh" else f"{people} {who}")]  # fmt: skip

    def _picture(self, scene: Scene, caption: str, numbers: dict[str, str], gained: pd.Series | None = None) -> None:
        font = chinese_font()
        if font is None and self.lang == "zh" and not self.figures_count:
            self.paragraph(word("report.no_font", self.lang))
        facilities = self.facilities[:0] if gained is not None else self.facilities
        drawn = scene_png(
            scene, homes=self.homes, sites=self.site_rows, facilities=facilities, communities=self.areas,
            behind=self.behind, lang=self.lang, font=font, numbers=numbers, gained=gained,
            bounds=frame_around(scene, self.homes, self.site_rows),
        )  # fmt: skip
        self.picture(drawn, caption)

    def sites(self, answer: Sited) -> None:
        """Write map, table and a paragraph for each of the chosen sites."""
        self.section("siting.report_sites")
        if answer.sites.empty:
            self.paragraph(word("siting.nothing_chosen", self.lang))
            return
        numbers = {str(key): str(rank) for key, rank in answer.sites["rank"].items()}
        self._picture(self.scenes[0], word("siting.report_map", self.lang), numbers)
        rows = [
            [str(row["rank"]), self._name(key), kind_word(row["kind"], self.lang), self._community(row["community_id"]),
             people_text(row["people_new"], self.lang), people_text(row["users"], self.lang),
             f"{_metres(row['mean_before_m'])}→{_metres(row['mean_after_m'])}", _wan(row["cost"], self.lang)]
            for key, row in answer.sites.iterrows()
        ]  # fmt: skip
        heads = [*self.heads("rank", "site", "kind", "community", "people_new", "users"),
                 word("siting.mean_m", self.lang), word("siting.cost", self.lang)]  # fmt: skip
        self.table("siting.report_site_table", heads, rows, widths=(1.1, 3.7, 1.9, 2.2, 1.6, 1.8, 2.2, 1.5),
                   numbers=(0, 4, 5, 6, 7), size=9)  # fmt: skip
        for _, row in answer.sites.iterrows():
            self.paragraph(told(row[f"text_{self.lang}"], self.lang))

    def effect(self, answer: Sited) -> None:
        """Write before and after, step by step, and by community."""
        self.section("siting.report_effect")
        rows = []
        for column in answer.totals.columns:
            before, after = (answer.totals.loc[when, column] for when in ("before", "after"))
            rows.append([word(f"siting.{column}", self.lang), *(self._total(column, each) for each in (before, after))])
        self.table("siting.report_totals", self.heads("measure", "before", "after"), rows, widths=(7.0, 4.5, 4.5),
                   numbers=(1, 2), size=9.5)  # fmt: skip
        self.paragraph(word("siting.report_steps_said", self.lang))
        steps = [
            [str(n), word("siting.before", self.lang) if is_missing(row["site_id"]) else self._name(row["site_id"]),
             people_text(row["people_new"], self.lang), share_text(row["covered_share"]), _metres(row["mean_m"]),
             _wan(row["cost_total"], self.lang)]
            for n, row in answer.steps.iterrows()
        ]  # fmt: skip
        heads = self.heads("number", "added", "people_new", "covered_share", "mean_m", "cost_total")
        self.table("siting.report_steps", heads, steps, widths=(1.2, 5.3, 2.3, 2.1, 2.4, 2.7), numbers=(0, 2, 3, 4, 5),
                   size=9.5)  # fmt: skip
        self._areas(self.scenes[0])

    def _total(self, column: str, value: object) -> str:
        if column == "covered_share":
            return share_text(value)
        if column.endswith(("_m", "_min")):
            return number(value, self.lang, digits=int(column.endswith("_min")))
        return people_text(value, self.lang)

    def _areas(self, scene: Scene) -> None:
        sums = area_sums(scene, "community_id").sort_values(["share_after", "people"], ascending=[True, False],
                                                            kind="stable")  # fmt: skip
        if sums.empty:
            return
        rows = [
            [self._community(key), people_text(row["people"], self.lang), share_text(row["share_before"]),
             share_text(row["share_after"]), _metres(row["mean_before_m"]), _metres(row["mean_after_m"])]
            for key, row in sums.iterrows()
        ]  # fmt: skip
        heads = self.heads("community", "people", "share_before", "share_after", "mean_before", "mean_after")
        self.table("siting.report_communities", heads, rows, widths=(3.9, 2.1, 2.3, 2.3, 2.7, 2.7),
                   numbers=range(1, 6), size=9.5, together=False)  # fmt: skip

    def premises(self, answer: Placed) -> None:
        """Write map, table of the premises, and what goes into each."""
        self.section("siting.report_sites")
        if answer.sites.empty:
            self.paragraph(word("siting.nothing_chosen", self.lang))
            return
        numbers = {str(key): str(rank) for key, rank in answer.sites["rank"].items()}
        scene, gained = together(answer)
        self._picture(scene, word("siting.report_overview", self.lang), numbers, gained)
        rows = [
            [str(row["rank"]), self._name(key), kind_word(row["kind"], self.lang), self._community(row["community_id"]),
             str(row[f"requirements_{self.lang}"]).replace(";", self.comma), number(row["used_m2"], self.lang),
             _wan(row["cost"], self.lang), number(row["value"], self.lang)]
            for key, row in answer.sites.iterrows()
        ]  # fmt: skip
        rows.append(["", word("total", self.lang), "", "", "", number(answer.sites["used_m2"].sum(), self.lang),
                     _wan(answer.spent, self.lang), number(answer.value, self.lang)])  # fmt: skip
        heads = self.heads("rank", "site", "kind", "community", "requirements", "used", "cost", "value")
        shade = {} if answer.costs_given else {(n, 6): _EXAMPLE for n in range(len(rows))}
        self.table("siting.report_site_table", heads, rows, widths=(1.0, 3.6, 1.8, 2.0, 3.0, 1.5, 1.5, 1.6),
                   numbers=(0, 5, 6, 7), size=8.5, total=True, shade=shade, together=False)  # fmt: skip
        self._rooms(answer)

    def _rooms(self, answer: Placed) -> None:
        titles = {scene.key: scene.title[self.lang == "en"] for scene in self.scenes}
        rows: list[list[str]] = []
        bands: list[int] = []
        for site, part in answer.rooms.groupby(level="site_id", sort=False):
            bands.append(len(rows))
            rank = answer.sites.loc[site, "rank"]
            rows.append([f"{rank}  {self._name(site)}", *[""] * 5])
            for (_, key), row in part.iterrows():
                area = row["need_m2"] if row["need_m2"] > 0 else row["need_site_m2"]
                rows.append([titles[str(key)], number(area, self.lang), number(row["unit_cost"], self.lang),
                             _wan(row["cost"], self.lang), people_text(row["people_new"], self.lang),
                             f"{_metres(row['mean_before_m'])}→{_metres(row['mean_after_m'])}"])  # fmt: skip
        heads = self.heads("requirement", "need", "unit_cost", "cost", "people_new", "mean_m")
        shade = {} if answer.costs_given else {(n, c): _EXAMPLE for n in range(len(rows)) if n not in bands
                                               for c in (2, 3)}  # fmt: skip
        self.table("siting.report_rooms", heads, rows, widths=(4.4, 2.1, 2.3, 2.1, 2.3, 2.8), numbers=range(1, 6),
                   size=9, bands=bands, shade=shade, together=False)  # fmt: skip

    def gains(self, answer: Placed) -> None:
        """Write what every facility reaches, and what each further premises adds."""
        self.section("siting.report_effect")
        rows = [
            [str(row[f"title_{self.lang}"]), str(int(row["rooms"])), _wan(row["cost"], self.lang),
             people_text(row["people_new"], self.lang), share_text(row["share_before"]), share_text(row["share_after"]),
             f"{_metres(row['mean_before_m'])}→{_metres(row['mean_after_m'])}"]
            for _, row in answer.gains.iterrows()
        ]  # fmt: skip
        heads = self.heads("requirement", "rooms", "cost", "people_new", "share_before", "share_after", "mean_m")
        shade = {} if answer.costs_given else {(n, 2): _EXAMPLE for n in range(len(rows))}
        self.table("siting.report_gains", heads, rows, widths=(3.6, 1.7, 1.9, 2.1, 2.1, 2.1, 2.5), numbers=range(1, 7),
                   size=9, shade=shade)  # fmt: skip
        numbers = {str(key): str(rank) for key, rank in answer.sites["rank"].items()}
        for scene in [each for each in self.scenes if each.sites][:_MOST_MAPS]:
            title = scene.title[self.lang == "en"]
            self._picture(scene, word("siting.report_option_map", self.lang, option=title), numbers)
        self.paragraph(word("siting.report_steps_said", self.lang))
        steps = [
            [str(n), word("siting.before", self.lang) if is_missing(row["site_id"]) else self._name(row["site_id"]),
             number(row["value"], self.lang), number(row["value_total"], self.lang),
             _wan(row["cost_total"], self.lang), self._community(row["worst_id"]), share_text(row["worst_share"])]
            for n, row in answer.steps.iterrows()
        ]  # fmt: skip
        heads = self.heads("number", "added", "value", "value_total", "cost_total", "worst", "worst_share")
        self.table("siting.report_steps", heads, steps, widths=(1.0, 4.3, 2.0, 2.0, 2.1, 2.7, 1.9),
                   numbers=(0, 2, 3, 4, 6), size=8.5, together=False)  # fmt: skip
        self._shares(answer)

    def _shares(self, answer: Placed) -> None:
        rows = [
            [self._community(key), share_text(row["share_before"]), share_text(row["share_after"])]
            for key, row in answer.together.iterrows()
        ]  # fmt: skip
        self.table("siting.report_communities", self.heads("community", "share_before", "share_after"), rows,
                   widths=(7.0, 4.5, 4.5), numbers=(1, 2), size=9.5, together=False)  # fmt: skip

    def left(self, answer: Sited | Placed) -> None:
        """Write how many candidates were not taken for what reason, and the best of them with theirs."""
        self.section("siting.report_left")
        left = answer.candidates[~answer.candidates["chosen"].astype(bool)]
        self.paragraph(word("siting.report_left_said", self.lang, n=len(answer.candidates),
                            chosen=len(answer.sites), left=len(left)))  # fmt: skip
        counts = left["reason"].value_counts(sort=False)
        order = sorted(counts.index, key=lambda reason: (-int(counts[reason]), str(reason)))
        rows = [[REASONS[reason][self.lang == "en"], str(int(counts[reason])), self._like(left, reason)]
                for reason in order]  # fmt: skip
        heads = [
            word("siting.why", self.lang),
            word("siting.report_left_count", self.lang),
            word("siting.report_like", self.lang),
        ]
        self.table("siting.report_left", heads, rows, widths=(3.8, 1.8, 10.4), numbers=(1,), size=9)
        alone = "value_alone" if isinstance(answer, Placed) else "people_alone"
        good = left[left[alone] > 0].sort_values(alone, ascending=False, kind="stable")
        if good.empty:
            return
        told_as = number if isinstance(answer, Placed) else people_text
        best = [
            [self._name(key), kind_word(row["kind"], self.lang), told_as(row[alone], self.lang),
             told(row[f"reason_{self.lang}"], self.lang)]
            for key, row in good.head(_MOST_LEFT).iterrows()
        ]  # fmt: skip
        heads = self.heads("site", "kind", alone, "why")
        self.table("siting.report_left_best", heads, best, widths=(3.7, 2.1, 2.2, 8.0), numbers=(2,), size=9,
                   together=False)  # fmt: skip
        if len(left) > len(best):
            self.paragraph(word("siting.report_more", self.lang, n=len(left) - len(best)))

    def _like(self, left: pd.DataFrame, reason: str) -> str:
        """Return up to three candidates that were left for a reason."""
        mine = [self._name(key) for key in left.index[left["reason"].eq(reason)]]
        return self.comma.join(mine[:3]) + (" …" if len(mine) > 3 else "")

    def options(self, answer: WhatIf) -> None:
        """Write the options side by side, then a map of each, and the communities."""
        self.section("siting.report_options")
        rows = [
            [option_title(str(option), self.lang), str(int(row["sites"])), people_text(row["people_new"], self.lang),
             share_text(row["covered_share"]), _metres(row["mean_m"]), _metres(row["farthest_m"]),
             share_text(row["share_of_best"]), _wan(row["cost"], self.lang)]
            for option, row in answer.options.iterrows()
        ]  # fmt: skip
        heads = self.heads("option", "sites", "people_new", "covered_share", "mean_m", "farthest_m", "share_of_best",
                           "cost")  # fmt: skip
        self.table("siting.report_options", heads, rows, widths=(3.6, 1.4, 1.8, 1.8, 1.8, 1.9, 2.0, 1.7),
                   numbers=range(1, 8), size=9)  # fmt: skip
        points = [
            [option_title(str(option), self.lang), place_name(row, site, self.lang), kind_word(row["kind"], self.lang),
             people_text(row["people_reach"], self.lang), people_text(row["people_alone"], self.lang),
             told(row[f"reason_{self.lang}"], self.lang) or "—"]
            for (option, site), row in answer.points.iterrows()
        ]  # fmt: skip
        heads = self.heads("option", "site", "kind", "people_reach", "people_alone", "why")
        self.table("siting.sheet_points", heads, points, widths=(2.6, 3.8, 2.2, 1.9, 2.1, 3.4), numbers=(3, 4), size=9)
        own = _own_options(answer)
        for scene in sorted(self.scenes, key=lambda each: each.key not in own)[:_MOST_MAPS]:
            numbers = {site: str(n) for n, site in enumerate(scene.sites, start=1)}
            title = scene.title[self.lang == "en"]
            self._picture(scene, word("siting.report_option_map", self.lang, option=title), numbers)
        self._by_community()

    def _by_community(self) -> None:
        shown = self.scenes[:6]
        sums = [area_sums(scene, "community_id") for scene in shown]
        if sums[0].empty:
            return
        order = sums[0].sort_values(["share_before", "people"], ascending=[True, False], kind="stable").index
        rows = [[self._community(key), share_text(sums[0].loc[key, "share_before"]),
                 *(share_text(each.loc[key, "share_after"]) for each in sums)] for key in order]  # fmt: skip
        heads = [*self.heads("community", "before"), *(scene.title[self.lang == "en"] for scene in shown)]
        wide = (16.0 - 3.6) / (len(heads) - 1)
        self.table("siting.report_communities", heads, rows, widths=(3.6, *[wide] * (len(heads) - 1)),
                   numbers=range(1, len(heads)), size=8.5, together=False)  # fmt: skip

    def basis(self) -> None:
        """Write what the answer rests on."""
        self.section("siting.report_basis")
        side = int(self.lang == "en")
        rows = [[row.label[side], row.value[side]] for row in basis(self.answer, self.study)]
        self.table("siting.report_basis", [word("item", self.lang), word("value", self.lang)], rows,
                   widths=(3.4, 12.6), size=9.5, together=False)  # fmt: skip


def _own_options(answer: WhatIf) -> list[str]:
    """Return the options that were set by hand, the best first."""
    names = [str(option) for option in answer.options.index]
    return [name for name in names if name != "today" and not name.startswith("best ")]


def _metres(value: object) -> str:
    """Return a walk without its unit, a dash where nobody can walk."""
    return "—" if is_missing(value) else f"{float(str(value)):,.0f}"


def _wan(yuan: object, lang: Lang) -> str:
    """Return money in 10,000 yuan, in words where it is unknown."""
    return word("siting.cost_unknown", lang) if is_missing(yuan) else number(float(str(yuan)) / 10_000, lang, digits=1)
