"""A plan as a Word document in the form of an official 方案: what is adjusted, to what, why, and on which figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from docx.enum.section import WD_ORIENT

from geo.conversion import Conversions, Procedure, procedure
from geo.partition.actions import PlanTables
from geo.partition.alternatives import Alternatives
from geo.partition.scorecard import Scorecard
from geo.study import Study
from layers.comparison import alternative_columns, conversion_reasons
from layers.drawing import chinese_font
from layers.evaluation import (
    GROUPS,
    VERDICT_FILLS,
    Heading,
    headings,
    measure_text,
    shared_rooms,
    unknown_measures,
    verdicts,
)
from layers.facts import (
    action_sentences,
    borders,
    change_words,
    kept_names,
    matrix,
    names,
    note,
    old_name,
    proof_sentence,
    register_gap,
    repair_groups,
    sources_sentence,
    table_word,
)
from layers.features import typeset
from layers.overview import overview_png
from layers.paper import Paper, first_up, joined, stopped
from layers.provenance import (
    change_sentence,
    limits_sentence,
    limits_set,
    limits_told,
    moved_households,
    plan_limits,
    profile_title,
    provenance,
)
from layers.requirements import requirements
from layers.review import Review, typeset_review
from layers.styles import AGAINST_FILLS, against
from layers.words import Lang, fullwidth, is_missing, name_in, number, study_name, value_word, word

WIDEST_UPRIGHT, WIDEST_MATRIX = 9, 18
"""More new communities than the first, and the matrix lies across a page; more than the second, and it is a list."""

_COMMUNITY_WIDTHS = {
    "zh": (1.2, 3.2, 2.1, 2.0, 2.0, 2.0, 1.5, 2.0), "en": (0.9, 3.4, 1.8, 2.2, 2.2, 1.8, 1.5, 2.2)
}  # fmt: skip
"""Columns of the table of communities [cm]."""


def write_plan_docx(
    tables: PlanTables,
    path: Path,
    *,
    study: Study,
    lang: Lang = "zh",
    context: Mapping[str, gpd.GeoDataFrame] | None = None,
    review: Review | None = None,
) -> None:
    """Write a plan as a Word document, whole or not at all; the same plan gives the same bytes on the same machine.

    Title page with the working-draft mark and a field for the map review number (审图号), summary, adjustments in
    official words, communities, four bounds, transfer matrix, maps before and after, what the review holds (scorecard
    with its formulas in an annex, conversions with their procedures, alternatives), rules not met, repairs and
    assumptions, sources.

    Parameters
    ----------
    tables
        The plan's tables.
    path
        The file; one that is there is replaced.
    study
        The study it was made for.
    lang
        Language; the document is complete in either.
    context
        Tables behind the plan that the maps draw; the study's own by default.
    review
        What else is known of the plan (`layers.review.review_plan`); sections without it are left out.
    """
    tables, review = typeset(tables), typeset_review(review)
    report = _Report(tables, study, lang)
    report.title_page()
    report.section("report.summary", _summary(tables, study, lang))
    report.actions()
    report.communities()
    report.bounds()
    report.matrix()
    report.maps(study.tables if context is None else context)
    if review.scorecard is not None:
        report.scorecard(review.scorecard)
    if review.conversions is not None:
        report.conversions(review.conversions)
    if review.alternatives is not None:
        report.alternatives(review.alternatives)
    report.violations()
    report.assumptions()
    report.sources()
    if review.scorecard is not None:
        report.annex(review.scorecard)
    report.save(path)


class _Report(Paper):
    """The document while it is written."""

    def __init__(self, tables: PlanTables, study: Study, lang: Lang) -> None:
        super().__init__(lang, title=f"{study_name(study, lang)} {word('report.title', lang)}")
        self.tables, self.study = tables, study

    # ---- the plan, part by part -------------------------------------------------------------------------------

    def title_page(self) -> None:
        rows = [
            (word("about.profile", self.lang), profile_title(self.tables)[self.lang == "en"]),
            (word("about.limits", self.lang), limits_told(self.tables)[self.lang == "en"]),
            (word("report.change", self.lang), change_sentence(self.tables, self.lang)),
            (word("report.author", self.lang), ""),
            (word("report.date", self.lang), word("report.date_blank", self.lang)),
            (word("page.review_number", self.lang), word("page.review_pending", self.lang)),
        ]
        name = study_name(self.study, self.lang)
        self.cover(name, word("report.title", self.lang), rows, word("page.mark_note", self.lang))

    def actions(self) -> None:
        self.section("report.actions")
        sentences = action_sentences(self.tables, self.lang)
        if not sentences:
            self.paragraph(word("page.no_moves", self.lang))
        kept = kept_names(self.tables, self.lang)
        if kept:
            key = "report.kept" if len(kept) > 1 else "report.kept_one"
            sentences.append(word(key, self.lang, n=len(kept), names=joined(kept, self.lang)))
        for position, sentence in enumerate(sentences, start=1):
            label = f"（{position}）" if self.lang == "zh" else f"({position}) "
            self.paragraph(label + stopped(sentence, self.lang))

    def communities(self) -> None:
        self.section("report.communities")
        limits = plan_limits(self.tables)
        heads = ["number", "name", "status", "households", "households_change", "people", "area_km2", "against_limits"]
        rows: list[list[str]] = []
        fills: list[str] = []
        for position, (key, row) in enumerate(self.tables.communities.sort_index().iterrows(), start=1):
            state = against(_number(row["households"]), limits.min_households, limits.max_households)
            now, was = _number(row["households"]), _number(row["households_before"])
            change = (
                "—" if now is None or was is None else f"{now - was:+,.0f}".replace("-", "−") if now != was else "0"
            )
            rows.append([
                str(position), name_in(row, self.lang, or_else=str(key)),
                change_words(row, self.lang),
                number(row["households"], self.lang), change, number(row["people"], self.lang),
                number(row["area_m2"] / 1e6, self.lang, digits=2), value_word("limits", state, self.lang),
            ])  # fmt: skip
            fills.append("" if state == "within" else AGAINST_FILLS[state][1:])
        everything = self.tables.communities
        rows.append([
            "", word("total", self.lang), "", _sum_text(everything["households"], self.lang), "",
            _sum_text(everything["people"], self.lang),
            number(everything["area_m2"].sum() / 1e6, self.lang, digits=2), "",
        ])  # fmt: skip
        self.table("report.communities", [self._head(head) for head in heads], rows,
                    widths=_COMMUNITY_WIDTHS[self.lang], numbers=(3, 4, 5, 6), total=True,
                    shade={(i, 7): fill for i, fill in enumerate(fills) if fill})  # fmt: skip

    def bounds(self) -> None:
        self.section("report.bounds")
        for position, (key, row) in enumerate(self.tables.communities.sort_index().iterrows(), start=1):
            named = name_in(row, self.lang, or_else=str(key))
            label = f"（{position}）{named}。" if self.lang == "zh" else f"({position}) {stopped(named, self.lang)} "
            paragraph = self.paragraph("")
            self.run(paragraph, label, "subheading", self.size, bold=True)
            main, other = (_plain_text(row[f"{form}_{self.lang}"]) for form in ("bounds_to", "bounds_of"))
            text = stopped(first_up(main, self.lang), self.lang)
            if other:
                text += word("report.that_is", self.lang, text=other.removesuffix("."))
            self.run(paragraph, text, "body", self.size)
            if said := note(row, self.lang):
                self.run(paragraph, f"（{said}）" if self.lang == "zh" else f" ({said})", "body", self.size)

    def matrix(self) -> None:
        if not len(self.tables.communities_before):
            self.section("report.matrix", [word("report.no_matrix", self.lang)])
            return
        grid = matrix(self.tables, "households", self.lang)
        columns = grid.shape[1]
        across = WIDEST_UPRIGHT < columns <= WIDEST_MATRIX
        if across:
            self.turn(WD_ORIENT.LANDSCAPE)
        self.section("report.matrix")
        if columns <= WIDEST_MATRIX:
            heads = [word("report.old_new", self.lang), *map(str, grid.columns), word("total", self.lang)]
            rows = [
                [str(name), *_figures(row, self.lang)] for name, row in zip(grid.index, grid.to_numpy(), strict=True)
            ]
            rows.append([word("total", self.lang), *_figures(grid.sum(min_count=1).to_numpy(), self.lang)])
            name, last = (2.2, 1.5) if across else (2.6, 2.0)  # the widest figures stand in the last column
            width = ((24.6 if across else 15.8) - name - last) / (len(heads) - 2)
            self.table(
                "report.matrix_households", heads, rows, widths=(name, *[width] * (len(heads) - 2), last),
                numbers=range(1, len(heads)), total=True, size=7.5 if across else None,
                shade={(i, j + 1): "E8EEF4" for i, j in grid.attrs["same"]},
            )  # fmt: skip
        if across:
            self.turn(WD_ORIENT.PORTRAIT)
        self._pairs()

    def _pairs(self) -> None:
        """Write the transfer matrix as a list, its four values side by side, with the sum of each community divided."""
        called = names(self.tables, self.lang)
        heads = ["community_before", "community_after", "households", "people", "area_km2", "buildings_count"]
        values = ["households", "people", "area_m2", "buildings_count"]
        ordered = self.tables.matrix.sort_values(["community_id_before", "community_id"], na_position="last")
        if ordered["buildings_count"].isna().all():
            heads, values = heads[:-1], values[:-1]

        def shown(row: Mapping[str, Any] | pd.Series) -> list[str]:
            return [
                number(row[value] / 1e6, self.lang, digits=2) if value == "area_m2" else number(row[value], self.lang)
                for value in values
            ]

        rows: list[list[str]] = []
        sums: dict[tuple[int, int], str] = {}
        for old, part in ordered.groupby("community_id_before", sort=False, dropna=False):
            for position, row in enumerate(part.to_dict("records")):
                name = old_name(self.tables, old, self.lang) if position == 0 else ""
                rows.append([name, called[str(row["community_id"])], *shown(row)])
            if len(part) > 1:
                sums |= {(len(rows), column): "F4F2EC" for column in range(len(heads))}
                rows.append(["", word("subtotal", self.lang), *shown(part[values].sum(min_count=1))])
        rows.append([word("total", self.lang), "", *shown(ordered[values].sum(min_count=1))])
        self.table("report.matrix_list", [self._head(head) for head in heads], rows, size=9, total=True, shade=sums,
                    widths=(3.6, 3.6, *[2.2] * (len(heads) - 2)), numbers=range(2, len(heads)))  # fmt: skip

    def maps(self, context: Mapping[str, gpd.GeoDataFrame]) -> None:
        self.section("report.maps")
        font = chinese_font()
        if font is None:
            self.paragraph(word("report.no_font", self.lang))
        for when, caption in (("before", "report.map_before"), ("after", "report.map_after")):
            if when == "before" and not len(self.tables.communities_before):
                continue
            picture = overview_png(self.tables, when, context=context, lang=self.lang, font=font)  # type: ignore[arg-type]
            self.picture(picture, word(caption, self.lang))

    def scorecard(self, card: Scorecard) -> None:
        """Write what the plan does to the town, heading by heading: every measure once, with both numbers."""
        compared = card.measures["before"].notna().any()
        said = [word("report.scorecard_intro", self.lang), _verdict_sentences(card, self.lang)]
        self.section("report.scorecard", said if compared else [word("report.scorecard_first", self.lang)])
        heads, widths = ["number", "measure", "before", "after", "verdict"], [1.2, 7.2, 2.7, 2.7, 2.2]
        if not compared:
            heads, widths = ["number", "measure", "after"], [1.2, 11.3, 3.5]
        for group in GROUPS:
            rows: list[list[str]] = []
            bands: list[int] = []
            fills: dict[tuple[int, int], str] = {}
            for heading in (each for each in headings(card) if each.group == group):
                bands.append(len(rows))
                rows.append([_heading_text(heading, self.lang, compared=compared), *[""] * (len(heads) - 1)])
                for position, row in heading.measures.iterrows():
                    if fill := VERDICT_FILLS.get(row["verdict"]):
                        fills[len(rows), 4] = fill
                    values = {when: measure_text(row[when], row["unit"], self.lang) for when in ("before", "after")}
                    values["verdict"] = value_word("verdict", row["verdict"], self.lang)
                    title = first_up(str(row[f"title_{self.lang}"]), self.lang)
                    rows.append([str(position), title, *(values[head] for head in heads[2:])])
            self.table(f"score.{group}", [word(head, self.lang) for head in heads], rows, widths=widths, size=9.5,
                        numbers=[i for i, head in enumerate(heads) if head in ("before", "after")], shade=fills,
                        bands=bands)  # fmt: skip
        if dark := unknown_measures(card, self.lang):
            self.paragraph(stopped(word("report.scorecard_unknown", self.lang, list=dark), self.lang))
        if len(card.sharing):
            pooled = shared_rooms(card, names(self.tables, self.lang), self.lang)
            self.paragraph(stopped(word("report.sharing", self.lang, list=pooled), self.lang))

    def annex(self, card: Scorecard) -> None:
        """Write formula and source of every measure, under its number."""
        heading = self.document.add_heading(level=1)
        heading.paragraph_format.page_break_before = True
        self.run(heading, word("report.annex", self.lang), "heading", 16 if self.lang == "zh" else 15)
        rows: list[list[str]] = []
        last = ""
        for each in headings(card):
            for position, row in each.measures.iterrows():
                title, formula, source = (
                    str(row[f"{column}_{self.lang}"]) for column in ("title", "formula", "source")
                )
                shown = word("report.as_above", self.lang) if source == last else source
                rows.append([str(position), *(first_up(text, self.lang) for text in (title, formula, shown))])
                last = source
        heads = [word(key, self.lang) for key in ("number", "measure", "formula", "source")]
        self.table("report.formulas", heads, rows, widths=(1.1, 4.3, 6.2, 4.4), size=8.5)

    def conversions(self, found: Conversions) -> None:
        """Write who is converted, which way and why, whether the conditions are met, and the procedures."""
        self.section("report.conversions", [word("report.conversions_intro", self.lang)])
        table = pd.DataFrame(found.table)
        turned = table[table["type"] != "none"]
        if turned.empty:
            self.paragraph(word("report.conversions_no", self.lang))
            return
        heads = [word(key, self.lang) for key in ("name", "conversion_type", "households", "eligible", "why")]
        rows = [
            [name_in(row, self.lang, or_else=str(key)), value_word("conversion", row["type"], self.lang),
             number(row["households"], self.lang),
             "" if is_missing(row["eligible"]) else value_word("eligible", row["eligible"], self.lang),
             conversion_reasons(row, self.lang)]
            for key, row in turned.iterrows()
        ]  # fmt: skip
        self.table(
            "report.conversions", heads, rows, widths=(2.5, 2.6, 2.0, 1.8, 7.1), numbers=(2,), size=9, together=False
        )
        if len(table) > len(turned):
            self.paragraph(word("report.conversions_none", self.lang, n=len(table) - len(turned)))
        first = {str(kind): part.iloc[0] for kind, part in turned.groupby("type", sort=True)}
        if {"T1", "T2"} <= set(first):  # the same steps, but for what a merger asks besides
            self._procedure(("T1", "T2"), procedure(first["T2"]))
            self.paragraph(word("report.procedure_both", self.lang))
            del first["T1"], first["T2"]
        for kind, row in first.items():
            self._procedure((kind,), procedure(row))

    def _procedure(self, kinds: Sequence[str], case: Procedure) -> None:
        """Write the steps that all cases of these types go through."""
        heads = [word(key, self.lang) for key in ("step", "who", "requirement", "papers", "day")]
        comma = "、" if self.lang == "zh" else ", "
        rows = []
        for step in case.steps:
            zh = self.lang == "zh"
            texts = [step.title_zh, step.who_zh, step.rule_zh] if zh else [step.title_en, step.who_en, step.rule_en]
            texts.append(comma.join(each.zh if zh else each.en for each in step.documents))
            day = word("report.procedure_law" if step.statutory else "report.procedure_custom", self.lang, day=step.day)
            rows.append([*(first_up(fullwidth(t), self.lang) if zh else first_up(t, self.lang) for t in texts), day])
        called = comma.join(value_word("conversion", kind, self.lang) for kind in kinds)
        title = word("report.procedure", self.lang, type=called)
        self.table(title, heads, rows, widths=(2.6, 2.4, 5.2, 4.0, 1.8), size=8.5, together=False)

    def alternatives(self, found: Alternatives) -> None:
        """Write the plans to choose from, term by term, and what each gives up."""
        self.section("report.alternatives", [word("report.alternatives_intro", self.lang)])
        plans = list(found.table.index)
        rows = [
            [label, *(shown(found.table.loc[plan, column]) for plan in plans)]
            for column, label, shown in alternative_columns(found, self.lang)
        ]  # fmt: skip
        width = 10.6 / len(plans)
        self.table("report.alternatives", [word("item", self.lang), *plans], rows, size=9.5,
                    widths=(5.4, *[width] * len(plans)), numbers=range(1, len(plans) + 1))  # fmt: skip
        told = [[plan, str(found.gives_up.loc[plan, f"text_{self.lang}"])] for plan in plans]
        self.table("gives_up", [word(key, self.lang) for key in ("alternative", "gives_up")], told, widths=(1.6, 14.4),
                    size=9.5, together=False)  # fmt: skip

    def violations(self) -> None:
        self.section("report.violations")
        rows = self.tables.violations.to_dict("records")
        if not rows:
            self.paragraph(word("page.no_violations", self.lang))
        for position, row in enumerate(rows, start=1):
            label = f"（{position}）" if self.lang == "zh" else f"({position}) "
            self.paragraph(label + _plain_text(row[f"text_{self.lang}"]))

    def assumptions(self) -> None:
        self.section("report.assumptions")
        for each in self.tables.plan.notes:
            self.paragraph(
                stopped(fullwidth(each.zh) if self.lang == "zh" else first_up(each.en, self.lang), self.lang)
            )
        groups = repair_groups(self.study, self.lang)
        if not groups:
            self.paragraph(word("report.no_repairs", self.lang))
            return
        rows = [
            [table_word(each.table, self.lang), value_word("action", each.action, self.lang),
             number(each.times, self.lang), each.sentence]
            for each in groups
        ]  # fmt: skip
        if self.tables.plan.options.mode == "merge" and any(each.step != "import" for each in self.study.repairs):
            self.paragraph(word("report.merge_note", self.lang))
        heads = [word(key, self.lang) for key in ("table", "what", "times", "report.example")]
        self.table("report.assumptions", heads, rows, widths=(2.6, 1.8, 1.6, 10.0), numbers=(2,), together=False)

    def sources(self) -> None:
        self.section("report.sources")
        side = int(self.lang == "en")
        rows = [[row.label[side], row.value[side]] for row in provenance(self.tables, self.study)]
        self.table("report.sources", [word("item", self.lang), word("value", self.lang)], rows, widths=(3.6, 12.4))
        terms = self.tables.terms.to_dict("records")
        if terms:
            heads = [word(key, self.lang) for key in ("term", "value", "unit", "weight", "weighted", "meaning")]
            scores = [
                [value_word("term", term["term"], self.lang), number(term["value"], self.lang, digits=1),
                 value_word("unit", term["unit"], self.lang), number(term["weight"], self.lang, digits=2),
                 number(term["weighted"], self.lang, digits=3), _plain_text(term[f"meaning_{self.lang}"])]
                for term in terms
            ]  # fmt: skip
            self.table("report.terms", heads, scores, widths=(1.9, 2.2, 2.3, 1.7, 2.1, 5.8), numbers=(1, 3, 4))


def _summary(tables: PlanTables, study: Study, lang: Lang) -> list[str]:
    """Return the summary: what there is, what is proposed, what comes out of it."""
    before, after = tables.communities_before, tables.communities
    households, people = after["households"].dropna(), after["people"].dropna()
    fates, states = before["fate"].value_counts(), after["status"].value_counts()
    limits = plan_limits(tables)
    side = int(lang == "en")
    moved, total = moved_households(tables), float(households.sum())
    renamed = int(fates.get("renamed", 0))
    said = {
        "study": study_name(study, lang), "before": len(before), "after": len(after),
        "households": number(total if len(households) else None, lang),
        "people": number(float(people.sum()) if len(people) else None, lang),
        "basis": word("report.basis_set" if limits_set(tables) else "report.basis_profile", lang,
                      profile=profile_title(tables)[side], limits=limits_sentence(limits)[side]),
        "change": change_sentence(tables, lang), "abolished": int(fates.get("abolished", 0)),
        "created": int(states.get("created", 0)), "changed": int(states.get("changed", 0)),
        "kept": len(kept_names(tables, lang)),
        "renamed": word("report.summary_renamed", lang, n=renamed) if renamed else "",
        "moves": len(tables.moves), "moved": number(moved, lang),
        "share": f"{moved / total:.1%}" if moved is not None and total else "—",
    }  # fmt: skip
    today, plan = ("today", "plan") if len(before) else ("today_none", "first")
    first = [word(f"report.summary_{today}", lang, **said)]
    if sources := sources_sentence(tables, study, lang):
        first.append(word("report.summary_sources", lang, sources=sources))
    if gap := register_gap(tables, study):
        first.append(word("report.summary_register", lang, register=number(gap[0], lang),
                          difference=number(abs(gap[1]), lang),
                          way=word("report.fewer" if gap[1] > 0 else "report.more_than", lang)))  # fmt: skip
    sentences = [word(f"report.summary_{plan}", lang, **said)]
    if len(households):
        low, high = households.sort_index().idxmin(), households.sort_index().idxmax()
        sentences.append(word(
            "report.summary_sizes", lang, mean=number(float(households.mean()), lang),
            low_name=name_in(after.loc[low], lang, or_else=str(low)), low=number(households[low], lang),
            high_name=name_in(after.loc[high], lang, or_else=str(high)), high=number(households[high], lang),
        ))  # fmt: skip
    space = " " if lang == "en" else ""
    return [space.join(first), space.join(sentences), space.join(_principles(tables, lang))]


def _principles(tables: PlanTables, lang: Lang) -> list[str]:
    """Return what the plan's borders follow, in figures, and what it kept to."""
    said = []
    if follow := borders(tables):
        shares = {name: f"{getattr(follow, name):.1%}" for name in ("lines", "old", "none")}
        parts = [word(f"report.borders_{name}", lang, share=share) for name, share in shares.items() if share != "0.0%"]
        length = number(follow.length_m / 1000, lang, digits=1)
        said.append(word("report.borders", lang, length=length, parts=joined(parts, lang, "；")))
    plan = tables.plan
    kept = {
        name for name in ("estates", "villages")
        if getattr(plan.profile if getattr(plan.options, f"keep_{name}") is None else plan.options, f"keep_{name}")
    }  # fmt: skip
    key = "both" if len(kept) > 1 else "".join(kept)
    kept_text = word(f"report.keeps_{key}", lang) if key else ""
    said.append(word("report.principles_whole", lang, kept=kept_text))
    asked = [word("report.minimal_change", lang)] if plan.options.minimal_change else []
    asked += [one.text(lang) for one in requirements(tables)]
    if asked:
        said.append(word("report.requirements_said", lang, list=("；" if lang == "zh" else "; ").join(asked)))
    return [*said, word("report.summary_proof", lang, proof=proof_sentence(plan, lang))]


def _verdict_sentences(card: Scorecard, lang: Lang) -> str:
    """Return how many measures get better and worse."""
    counts = verdicts(card)
    others = ""
    if counts["changed"] or counts["unknown"]:
        others = word("report.scorecard_others", lang, changed=counts["changed"], unknown=counts["unknown"])
    return word("report.scorecard_count", lang, n=sum(counts.values()), others=others, **{
        name: counts[name] for name in ("better", "worse", "unchanged")})  # fmt: skip


def _heading_text(heading: Heading, lang: Lang, *, compared: bool) -> str:
    """Return a heading with its counts, and the numbers of measures that stand under another one."""
    said = str(heading.summary[f"name_{lang}"])
    if compared:
        counts = {name: int(heading.summary[name]) for name in ("better", "worse", "unchanged")}
        said += ("：" if lang == "zh" else ": ") + word("page.score_counts", lang, **counts)
    if heading.also:
        listed = ("、" if lang == "zh" else ", ").join(map(str, heading.also))
        said += ("；" if lang == "zh" else "; ") + word("report.scorecard_see", lang, list=listed)
    return said


def _number(value: object) -> float | None:
    return None if is_missing(value) else float(str(value))


def _plain_text(value: object) -> str:
    return "" if is_missing(value) else str(value)


def _sum_text(values: pd.Series, lang: Lang) -> str:
    known = values.dropna()
    return number(float(known.sum()) if len(known) else None, lang)


def _figures(values: Any, lang: Lang) -> list[str]:  # noqa: ANN401 - an array of floats
    texts = ["" if is_missing(value) else number(value, lang) for value in values]
    known = [float(value) for value in values if not is_missing(value)]
    return [*texts, number(sum(known), lang) if known else ""]
