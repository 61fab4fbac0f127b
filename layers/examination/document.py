"""An examination as a Word document in the form of an official 体检报告."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from geo.examination.result import HOUSING_GROUPS
from layers.catalogue import examination_layers
from layers.drawing import chinese_font, classes_png
from layers.examination.facts import (
    amount,
    between,
    catalogue_title,
    city_grades,
    coverage_text,
    day,
    percent,
    problem_class,
    problem_rows,
    provenance,
    site_names,
    summary,
    totals,
    unknowns,
    with_unit,
)
from layers.examination.frames import examined_frames, without_few
from layers.facts import repair_groups, table_word
from layers.features import FEWEST_SHOWN, context_frames
from layers.paper import Paper, first_up, stopped
from layers.programme.facts import class_word, grouped_measures, payer_words, price_word, quantity_text, wan_text
from layers.styles import COVERAGE_FILLS, SEVERITY_PALE
from layers.words import WORDS, Lang, fullwidth, heading, is_missing, name_in, number, study_name, value_word, word

if TYPE_CHECKING:
    from geo.examination.candidates import Candidates
    from geo.examination.progress import Progress
    from geo.examination.result import Examination
    from geo.study import Study

MOST_PROBLEMS, MOST_ESTATES, MOST_CANDIDATES, MOST_REMEDIES = 60, 40, 20, 60
"""Longer lists stand in the workbook; the document says how many more there are."""

_GREY = "D9D9D9"
_DIMENSIONS = ("housing", "residential", "block", "city", "overall")


def write_examination_docx(
    examination: Examination,
    path: Path,
    *,
    study: Study,
    candidates: Candidates | None = None,
    progress: Progress | None = None,
    measures: gpd.GeoDataFrame | None = None,
    lang: Lang = "zh",
) -> None:
    """Write an examination as a Word document, whole or not at all; the same one gives the same bytes on one machine.

    Cover, what was examined and how far, indicators by dimension (value, surveyed, coverage, source), by housing group,
    estate by estate, maps, problems with the fixed sentence, remedies, candidates with their reasons, progress with
    indicator 60, what is unknown, sources. Parameters as of `layers.examination.workbook.write_examination_xlsx`.
    """
    report = _Report(examination, study, lang)
    report.title_page()
    report.section("report.exam_overview", summary(examination, lang))
    report.indicators()
    report.grades()
    report.groups()
    report.estates()
    report.maps()
    report.problems()
    if measures is not None:
        report.remedies(measures)
    if candidates is not None:
        report.candidates(candidates)
    report.progress(progress)
    report.unknown()
    report.sources()
    report.save(path)


class _Report(Paper):
    """The document while it is written."""

    def __init__(self, examination: Examination, study: Study, lang: Lang) -> None:
        super().__init__(lang, title=f"{study_name(study, lang)} {word('report.examination', lang)}")
        self.examination, self.study = examination, study

    def title_page(self) -> None:
        told = totals(self.examination)
        covered = word("report.coverage_cover_said", self.lang, surveyed=number(told["surveyed"], self.lang),
                       all=number(told["buildings"], self.lang), share=percent(told["share"], self.lang))  # fmt: skip
        rows = [
            (word("report.catalogue", self.lang), catalogue_title(self.examination.catalogue, self.lang)),
            (word("report.today", self.lang), day(self.examination.today, self.lang)),
            (word("report.coverage_cover", self.lang), covered),
            (word("report.author", self.lang), ""),
            (word("report.date", self.lang), word("report.date_blank", self.lang)),
            (word("page.review_number", self.lang), word("page.review_pending", self.lang)),
        ]
        note = word("page.mark_note", self.lang) + word("report.privacy", self.lang, n=FEWEST_SHOWN)
        if self.lang == "en":
            note = f"{word('page.mark_note', 'en')} {word('report.privacy', 'en', n=FEWEST_SHOWN)}"
        self.cover(study_name(self.study, self.lang), word("report.examination", self.lang), rows, note)

    def indicators(self) -> None:
        """Write every indicator of the catalogue, dimension by dimension; what is unknown is grey and says so."""
        self.section("report.exam_indicators")
        table = self.examination.indicators
        keys = ("indicator_no", "indicator", "value", "surveyed_of", "target_met", "entered_from")
        heads = [heading(key, self.lang) for key in keys]
        catalogue = self.examination.catalogue
        common = fullwidth(catalogue.source) if self.lang == "zh" else catalogue.source_en or catalogue.source
        self.paragraph(word("report.exam_source", self.lang, source=common))
        for dimension in _DIMENSIONS:
            part = table[table["dimension"] == dimension]
            rows: list[list[str]] = []
            shade: dict[tuple[int, int], str] = {}
            for position, (n, row) in enumerate(part.iterrows()):
                value = with_unit(row["value"], row, self.lang)
                if lies := between(row, self.lang):
                    value += f"\n（{lies}）" if self.lang == "zh" else f"\n({lies})"
                if row["status"] == "entered":
                    value += f"\n{value_word('value_status', 'entered', self.lang)}"
                covered = coverage_text(row, self.lang)
                if row["status"] == "unknown":
                    shade[position, 2] = _GREY
                if not is_missing(row["coverage"]) and float(row["coverage"]) < 1:
                    shade[position, 3] = COVERAGE_FILLS["part"][1:] if float(row["coverage"]) > 0 else _GREY
                rows.append([
                    str(n), str(row[f"title_{self.lang}"]), value, covered,
                    value_word("target_met", row["verdict"], self.lang) if row["verdict"] != "none" else "—",
                    self._source(int(str(n)), row),
                ])  # fmt: skip
            if rows:
                said = word("report.exam_dimension", self.lang, dimension=value_word("dimension", dimension, self.lang))
                self.table(said, heads, rows, widths=(1.1, 4.9, 2.6, 2.7, 1.5, 3.6), numbers=(2, 3), size=8.5,
                           shade=shade, together=False)  # fmt: skip

    def grades(self) -> None:
        """Write the grades of the city dimension, of its aspects and the whole."""
        rows, overall, note = city_grades(self.examination, self.lang)
        if not any(row[5] for row in rows):
            return
        keys = ("indicator_no", "indicator", "value", "target", "share", "grade")
        heads = [heading(key, self.lang) for key in keys]
        told = [
            [str(number), title, value, target, "—" if is_missing(share) else percent(share, self.lang), grade]
            for number, share, title, value, target, grade in rows if grade
        ]  # fmt: skip
        shade = {(len(told) + n, column): "F4F2EC" for n in range(len(overall)) for column in range(len(keys))}
        told += [["", name, "", "", "", grade] for name, grade in overall]
        self.table("report.exam_grades", heads, told, numbers=(2, 3, 4), size=8.5, together=False, shade=shade,
                   widths=(1.1, 6.4, 2.6, 2.2, 2.0, 2.0))  # fmt: skip
        self.paragraph(note)

    def groups(self) -> None:
        """Write the housing indicators by housing group: value, and how many of how many were surveyed."""
        self.section("report.exam_groups")
        table = self.examination.groups
        present = [group for group in HOUSING_GROUPS if group in set(table.index.get_level_values(1))]
        rows = []
        for indicator in self.examination.catalogue.of("housing"):
            title = indicator.title_zh if self.lang == "zh" else indicator.title_en
            row = [str(indicator.number), title]
            for group in present:
                key = (indicator.number, group)
                found = table.loc[key] if key in table.index else None
                row.append("—" if found is None or not found["total"] else self._of(found))
            rows.append(row)
        heads = [heading("indicator_no", self.lang), heading("indicator", self.lang),
                 *(value_word("housing_group", group, self.lang) for group in present)]  # fmt: skip
        width = 10.0 / max(1, len(present))
        self.table("report.exam_groups", heads, rows, widths=(1.1, 4.9, *[width] * len(present)),
                   numbers=range(2, len(heads)), size=8.5)  # fmt: skip

    def estates(self) -> None:
        """Write estate by estate how far it was surveyed and what was found, the gravest first."""
        estates = self.examination.estates
        self.section("report.exam_estates")
        if not len(estates):
            self.paragraph(word("report.exam_no_estates", self.lang))
            return
        rank = {name: place for place, name in enumerate(("very_serious", "serious", "general", "none", "unknown"))}
        ordered = estates.assign(_rank=estates["severity"].map(rank)).sort_values(
            ["_rank", "findings_open"], ascending=[True, False], kind="stable")  # fmt: skip
        rows: list[list[str]] = []
        shade: dict[tuple[int, int], str] = {}
        for key, row in ordered.head(MOST_ESTATES).iterrows():
            severity = str(row["severity"])
            shade[len(rows), 3] = SEVERITY_PALE.get(severity, _GREY)
            rows.append([
                name_in(row, self.lang, or_else=str(key)), _year(row.get("year_built"), self.lang),
                f"{number(row['buildings_surveyed'], self.lang)} / {number(row['buildings'], self.lang)}",
                value_word("severity", severity, self.lang), number(row["findings_open"], self.lang),
                number(row["findings_done"], self.lang),
            ])  # fmt: skip
        heads = [heading(key, self.lang) for key in (
            "estate", "year_built", "buildings_surveyed", "severity", "findings_open", "findings_done")]  # fmt: skip
        self.table("report.exam_estates", heads, rows, widths=(5.0, 2.0, 2.4, 3.2, 1.8, 1.8), numbers=(1, 2, 4, 5),
                   size=9, shade=shade, together=False)  # fmt: skip
        self._more(len(ordered) - len(rows), "report.whole_list")

    def maps(self) -> None:
        """Draw severity by building and by block, and how far the survey went."""
        self.section("report.exam_maps")
        font = chinese_font()
        if font is None:
            self.paragraph(word("report.no_font", self.lang))
        frames = examined_frames(self.examination)
        layers = {layer.id: layer for layer in examination_layers(self.examination.catalogue)}
        behind = context_frames({name: self.study.tables[name] for name in ("roads", "barriers")
                                 if name in self.study.tables}, frames["buildings"].crs)  # fmt: skip
        outlines = frames["estates"].geometry if len(frames["estates"]) else None
        self.paragraph(word("page.unknown_said", self.lang))
        drawn = (("severity", "buildings", "report.exam_map_severity"),
                 ("severity_blocks", "blocks", "report.exam_map_blocks"),
                 ("coverage_blocks", "blocks", "report.exam_map_coverage"))  # fmt: skip
        for key, table, caption in drawn:
            frame = frames[table]
            if table == "blocks":  # land without homes is not "unknown"
                frame = frame[frame["buildings"].fillna(0) > 0]
            if frame.empty:
                continue
            picture = classes_png(frame, layers[key].style, context=behind, lang=self.lang, font=font,
                                  bounds=frames["buildings"].total_bounds,
                                  outlines=outlines if table == "buildings" else None)  # fmt: skip
            self.picture(picture, word(caption, self.lang))

    def problems(self) -> None:
        """Write the list of problems, each in the fixed sentence, site by site."""
        self.section("report.exam_problems")
        rows = problem_rows(self.examination, self.lang)
        if rows.empty:
            self.paragraph(word("report.exam_no_findings", self.lang))
            return
        sites = site_names(self.examination, self.study, self.lang)
        rank = {name: place for place, name in enumerate(("very_serious", "serious", "general"))}
        grave = rows.assign(_grave=rows["severity"].map(rank).fillna(len(rank)), _timed=rows["problem"] != "timed")
        ordered = grave.sort_values(["_grave", "_timed", "site_id", "number", "code"], kind="stable")
        told: list[list[str]] = []
        shade: dict[tuple[int, int], str] = {}
        for row in ordered.head(MOST_PROBLEMS).to_dict("records"):
            if not is_missing(row["severity"]):
                shade[len(told), 3] = SEVERITY_PALE[str(row["severity"])]
            told.append([
                sites.get(row["site_id"], row["site_id"]), row["code"] or str(row["number"]), row["sentence"],
                *("—" if is_missing(row[name]) else value_word(name, row[name], self.lang)
                  for name in ("severity", "problem", "remedy")),
            ])  # fmt: skip
        heads = [heading(key, self.lang) for key in ("site", "code", "sentence", "severity", "problem", "remedy")]
        self.table("report.exam_problems", heads, told, widths=(3.0, 1.1, 7.2, 1.6, 1.7, 1.6), size=8.5, shade=shade,
                   together=False)  # fmt: skip
        self._more(len(ordered) - len(told), "report.exam_problem_more")

    def remedies(self, measures: gpd.GeoDataFrame) -> None:
        """Write the list of remedies, site by site and kind by kind, safety first; what has no price says so."""
        self.section("report.exam_remedies")
        if bool(measures["example_cost"].fillna(False).any()):
            self.paragraph(word("report.prog_example", self.lang))
        sites = site_names(self.examination, self.study, self.lang)
        table = pd.DataFrame(measures.drop(columns=measures.geometry.name)).assign(year=0)
        kinds = grouped_measures(table).sort_values(["safety", "cost_yuan"], ascending=[False, False], kind="stable")
        rows = [
            [
                sites.get(str(row["site_id"]), str(row["site_id"])), str(row[f"title_{self.lang}"]),
                class_word(row["class_"], self.lang), value_word("remedy", row["remedy"], self.lang),
                problem_class(row["codes"], self.examination.catalogue, self.lang) or "—",
                quantity_text(row, self.lang),
                "—" if is_missing(row["cost_yuan"]) or row["cost_yuan"] == 0 else wan_text(row["cost_yuan"], self.lang),
                price_word(row, self.lang), payer_words(row, self.lang) or "—",
            ]
            for row in kinds.head(MOST_REMEDIES).to_dict("records")
        ]  # fmt: skip
        keys = (
            "site",
            "programme_measure",
            "class_works",
            "remedy",
            "problem",
            "quantity",
            "cost_wan",
            "price_kind",
            "who_pays",
        )
        heads = [heading(key, self.lang) for key in keys]
        self.table("report.exam_remedies", heads, rows, numbers=(5, 6),
                   widths=(2.4, 2.9, 1.4, 1.3, 1.5, 1.8, 1.5, 1.6, 2.2),
                   size=8, together=False)  # fmt: skip
        self._more(len(kinds) - len(rows), "report.candidates_more")

    def candidates(self, found: Candidates) -> None:
        """Write which old estates come first, and why."""
        table = found.table
        counts = table["group"].value_counts()
        self.section("report.exam_candidates", [word(
            "report.candidates_said", self.lang, all=number(len(table), self.lang),
            candidate=int(counts.get("candidate", 0)), confirm=int(counts.get("to_confirm", 0)),
            unknown=int(counts.get("unknown_year", 0)), excluded=int(counts.get("excluded", 0)))])  # fmt: skip
        ranked = table[table["rank"].notna()].head(MOST_CANDIDATES)
        shown = without_few(ranked) if "households" in ranked else ranked
        rows = [
            [
                number(row["rank"], self.lang), name_in(row, self.lang, or_else=str(key)),
                _year(row.get("year_built"), self.lang),
                "—" if is_missing(row.get("households")) else number(row["households"], self.lang),
                number(row["points_total"], self.lang, digits=1),
                value_word("candidate_group", row["group"], self.lang),
                _typeset(row[f"reasons_{self.lang}"], self.lang),
            ]
            for key, row in shown.iterrows()
        ]  # fmt: skip
        heads = [heading(key, self.lang) for key in (
            "rank", "site", "year_built", "households", "points", "candidate_group", "why")]  # fmt: skip
        if rows:
            self.table("report.exam_candidates", heads, rows, widths=(1.0, 2.9, 1.4, 2.0, 1.2, 1.8, 6.1),
                       numbers=(0, 2, 3, 4), size=8.5, together=False)  # fmt: skip
        self._more(int(table["rank"].notna().sum()) - len(rows), "report.candidates_more")

    def progress(self, progress: Progress | None) -> None:
        """Write indicator 60, and the statistics of the year's plan where there is one."""
        self.section("report.exam_progress")
        table = self.examination.indicators
        done = table[table["key"] == "remedied"]
        if len(done):
            row = done.iloc[0]
            colon = "：" if self.lang == "zh" else ": "
            said = str(row[f"title_{self.lang}"]) + colon + with_unit(row["value"], row, self.lang)
            note = row[f"note_{self.lang}"]
            self.paragraph(stopped(said, self.lang))
            if not is_missing(note) and str(note):
                self.paragraph(stopped(_typeset(note, self.lang), self.lang))
        if progress is None:
            return
        rows = [
            [
                str(row[f"title_{self.lang}"]),
                "—" if is_missing(row["planned"]) else amount(row["planned"], self.lang),
                amount(row["value"], self.lang),
                "—" if is_missing(row["share"]) else percent(row["share"], self.lang),
                "" if is_missing(row.get(f"unit_{self.lang}")) else str(row[f"unit_{self.lang}"]),
            ]
            for _, row in progress.figures.iterrows()
        ]  # fmt: skip
        heads = [heading(key, self.lang) for key in ("item", "planned", "value", "share", "unit")]
        self.table("report.exam_progress", heads, rows, widths=(7.2, 2.4, 2.4, 2.0, 2.2), numbers=(1, 2, 3), size=9,
                   together=False)  # fmt: skip

    def unknown(self) -> None:
        """Write what is not known, what was assumed, and what was mended in the data."""
        self.section(
            "report.exam_unknown", [first_up(text, self.lang) for text in unknowns(self.examination, self.lang)]
        )
        for zh, en in self.examination.notes:
            self.paragraph(stopped(fullwidth(zh) if self.lang == "zh" else first_up(en, "en"), self.lang))
        groups = repair_groups(self.study, self.lang)
        if groups:
            rows = [[table_word(each.table, self.lang), value_word("action", each.action, self.lang),
                     number(each.times, self.lang), each.sentence] for each in groups]  # fmt: skip
            heads = [heading(key, self.lang) for key in ("table", "what", "times", "report.example")]
            self.table("report.assumptions", heads, rows, widths=(2.6, 1.8, 1.6, 10.0), numbers=(2,), size=9,
                       together=False)  # fmt: skip

    def sources(self) -> None:
        """Write catalogue, edition, study and data sources."""
        side = int(self.lang == "en")
        told = [row for row in provenance(self.examination, self.study) if row.label != WORDS["notes"]]
        self.section("report.exam_sources")
        rows = [[row.label[side], row.value[side]] for row in told]
        self.table("report.exam_sources", [word("item", self.lang), word("value", self.lang)], rows, widths=(3.6, 12.4))

    def _source(self, n: int, row: pd.Series) -> str:
        """Return where an indicator is from: its clause, or for a value entered by hand what it was taken from."""
        indicator = self.examination.catalogue[n]
        told = indicator.clause if self.lang == "zh" else indicator.clause_en or indicator.clause
        if row["status"] == "entered" or not told:
            told = "" if is_missing(row["source"]) else str(row["source"])
        return fullwidth(told) if self.lang == "zh" else told

    def _of(self, found: pd.Series) -> str:
        """Return a value over how many of how many were surveyed."""
        surveyed, total = (number(found[name], self.lang) for name in ("surveyed", "total"))
        return f"{amount(found['value'], self.lang)}\n{surveyed} / {total}"

    def _more(self, left: int, key: str) -> None:
        if left > 0:
            self.paragraph(word(key, self.lang, n=number(left, self.lang)))


def _year(value: object, lang: Lang) -> str:
    return word("unknown", lang) if is_missing(value) else str(int(float(str(value))))


def _typeset(text: object, lang: Lang) -> str:
    if is_missing(text):
        return ""
    return fullwidth(str(text)) if lang == "zh" else first_up(str(text), "en")
