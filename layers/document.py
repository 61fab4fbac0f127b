"""A plan as a Word document in the form of an official 方案: what is adjusted, to what, why, and on which figures."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docx
import geopandas as gpd
import pandas as pd
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from geo.partition.actions import PlanTables
from geo.study import Study
from layers.facts import (
    action_sentences,
    borders,
    kept_names,
    matrix,
    names,
    note,
    old_name,
    register_gap,
    repair_groups,
    sources_sentence,
    table_word,
)
from layers.features import typeset
from layers.office import FIXED_TIME, clean, settle, write_whole
from layers.overview import chinese_font, overview_png
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
from layers.styles import AGAINST_FILLS, against
from layers.words import Lang, fullwidth, is_missing, name_in, number, value_word, word

WIDEST_UPRIGHT, WIDEST_MATRIX = 9, 18
"""More new communities than the first, and the matrix lies across a page; more than the second, and it is a list."""

_COMMUNITY_WIDTHS = {
    "zh": (1.2, 3.2, 2.1, 2.0, 2.0, 2.0, 1.5, 2.0), "en": (0.9, 3.4, 1.8, 2.2, 2.2, 1.8, 1.5, 2.2)
}  # fmt: skip
"""Columns of the table of communities [cm]."""

SHORT_TABLE = 22
"""Tables of no more rows than this stay on one page."""

_FACES = {  # (Latin, Chinese) faces; those of official documents, which every Chinese Word has
    "title": ("Times New Roman", "华文中宋"),
    "heading": ("Times New Roman", "黑体"),
    "subheading": ("Times New Roman", "楷体"),
    "body": ("Times New Roman", "仿宋"),
    "table": ("Times New Roman", "宋体"),
}
_SEAL = RGBColor(0xB3, 0x26, 0x1E)
_NUMERALS = "一二三四五六七八九十"


def write_plan_docx(
    tables: PlanTables,
    path: Path,
    *,
    study: Study,
    lang: Lang = "zh",
    context: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> None:
    """Write a plan as a Word document, whole or not at all; the same plan gives the same bytes on the same machine.

    Title page with the working-draft mark and a field for the map review number (审图号), summary, adjustments in
    official words, communities, four bounds, transfer matrix, maps before and after, rules not met, repairs and
    assumptions, scorecard and sources.

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
    """
    tables = typeset(tables)
    report = _Report(tables, study, lang)
    report.title_page()
    report.section("report.summary", _summary(tables, study, lang))
    report.actions()
    report.communities()
    report.bounds()
    report.matrix()
    report.maps(study.tables if context is None else context)
    report.violations()
    report.assumptions()
    report.sources()
    content = io.BytesIO()
    report.document.save(content)
    write_whole(settle(content.getvalue()), path)


class _Report:
    """The document while it is written; knows how its parts look and are numbered."""

    def __init__(self, tables: PlanTables, study: Study, lang: Lang) -> None:
        self.tables, self.study, self.lang = tables, study, lang
        self.document: Any = docx.Document()
        self._sections = self._tables = self._figures = 0
        self._prepare()

    # ---- the plan, part by part -------------------------------------------------------------------------------

    def title_page(self) -> None:
        name = _study_name(self.study, self.lang)
        mark = self._line(word("page.mark", self.lang), "heading", 14, colour=_SEAL)
        _space(mark, before=0, after=150)
        _space(self._line(name, "title", 26, bold=True, centred=True), after=10)
        _space(self._line(word("report.title", self.lang), "title", 26, bold=True, centred=True), after=14)
        _space(self._line(word("report.draft", self.lang), "subheading", 16, centred=True), after=110)
        limits = limits_told(self.tables)[self.lang == "en"]
        rows = [
            (word("about.profile", self.lang), profile_title(self.tables)[self.lang == "en"]),
            (word("about.limits", self.lang), limits),
            (word("report.change", self.lang), change_sentence(self.tables, self.lang)),
            (word("report.author", self.lang), ""),
            (word("report.date", self.lang), word("report.date_blank", self.lang)),
            (word("page.review_number", self.lang), word("page.review_pending", self.lang)),
        ]
        table = self.document.add_table(rows=0, cols=2)
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        for label, value in rows:
            cells = table.add_row().cells
            self._cell(cells[0], label, 13, face="body", align="right")
            self._cell(cells[1], value, 13, face="body")
            _borders(cells[1], bottom=True)
        _widths(table, (4.2, 9.4))
        note = self._line(word("page.mark_note", self.lang), "body", 10.5)
        _space(note, before=80)
        note.add_run().add_break(WD_BREAK.PAGE)

    def section(self, title: str, paragraphs: Sequence[str] = ()) -> None:
        self._sections += 1
        label = f"{_NUMERALS[self._sections - 1]}、" if self.lang == "zh" else f"{self._sections}  "
        heading = self.document.add_heading(level=1)
        self._run(heading, label + word(title, self.lang), "heading", 16 if self.lang == "zh" else 15)
        for text in paragraphs:
            self._paragraph(text)

    def actions(self) -> None:
        self.section("report.actions")
        sentences = action_sentences(self.tables, self.lang)
        if not sentences:
            self._paragraph(word("page.no_moves", self.lang))
        kept = kept_names(self.tables, self.lang)
        if kept:
            key = "report.kept" if len(kept) > 1 else "report.kept_one"
            sentences.append(word(key, self.lang, n=len(kept), names=_joined(kept, self.lang)))
        for position, sentence in enumerate(sentences, start=1):
            label = f"（{position}）" if self.lang == "zh" else f"({position}) "
            self._paragraph(label + _stopped(sentence, self.lang))

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
                value_word("status", row["status"], self.lang),
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
        self._table("report.communities", [self._head(head) for head in heads], rows,
                    widths=_COMMUNITY_WIDTHS[self.lang], numbers=(3, 4, 5, 6), total=True,
                    shade={(i, 7): fill for i, fill in enumerate(fills) if fill})  # fmt: skip

    def bounds(self) -> None:
        self.section("report.bounds")
        for position, (key, row) in enumerate(self.tables.communities.sort_index().iterrows(), start=1):
            named = name_in(row, self.lang, or_else=str(key))
            label = f"（{position}）{named}。" if self.lang == "zh" else f"({position}) {_stopped(named, self.lang)} "
            paragraph = self._paragraph("")
            self._run(paragraph, label, "subheading", self._size, bold=True)
            main, other = (_plain_text(row[f"{form}_{self.lang}"]) for form in ("bounds_to", "bounds_of"))
            text = _stopped(_first_up(main, self.lang), self.lang)
            if other:
                text += word("report.that_is", self.lang, text=other.removesuffix("."))
            self._run(paragraph, text, "body", self._size)
            if said := note(row, self.lang):
                self._run(paragraph, f"（{said}）" if self.lang == "zh" else f" ({said})", "body", self._size)

    def matrix(self) -> None:
        if not len(self.tables.communities_before):
            self.section("report.matrix", [word("report.no_matrix", self.lang)])
            return
        grids = {column: matrix(self.tables, column, self.lang) for column in ("households", "people")}
        columns = grids["households"].shape[1]
        across = WIDEST_UPRIGHT < columns <= WIDEST_MATRIX
        if across:
            self._turn(WD_ORIENT.LANDSCAPE)
        self.section("report.matrix")
        if columns > WIDEST_MATRIX:
            self._pairs()
            return
        for column, grid in grids.items():
            heads = [word("report.old_new", self.lang), *map(str, grid.columns), word("total", self.lang)]
            rows = [
                [str(name), *_figures(row, self.lang)] for name, row in zip(grid.index, grid.to_numpy(), strict=True)
            ]
            rows.append([word("total", self.lang), *_figures(grid.sum(min_count=1).to_numpy(), self.lang)])
            name, last = (2.2, 1.5) if across else (2.6, 2.0)  # the widest figures stand in the last column
            width = ((24.6 if across else 15.8) - name - last) / (len(heads) - 2)
            self._table(
                f"report.matrix_{column}", heads, rows, widths=(name, *[width] * (len(heads) - 2), last),
                numbers=range(1, len(heads)), total=True, size=7.5 if across else None,
                shade={(i, j + 1): "E8EEF4" for i, j in grid.attrs["same"]},
            )  # fmt: skip
        if across:
            self._turn(WD_ORIENT.PORTRAIT)

    def _turn(self, orientation: Any) -> None:  # noqa: ANN401 - python-docx has no types
        """Go on to a page of that orientation; the margins turn with it."""
        page = self.document.add_section(WD_SECTION.NEW_PAGE)
        page.orientation = orientation
        page.page_width, page.page_height = page.page_height, page.page_width
        across = orientation == WD_ORIENT.LANDSCAPE
        page.top_margin, page.left_margin = (Cm(2.2), Cm(2.4)) if across else (Cm(3), Cm(2.5))
        page.bottom_margin, page.right_margin = (Cm(1.8), Cm(2.4)) if across else (Cm(2.6), Cm(2.5))
        page.different_first_page_header_footer = False

    def _pairs(self) -> None:
        called = names(self.tables, self.lang)
        heads = ["community_before", "community_after", "households", "people", "area_km2", "buildings_count"]
        ordered = self.tables.matrix.sort_values(["community_id_before", "community_id"], na_position="last")
        rows = [
            [old_name(self.tables, row["community_id_before"], self.lang), called[str(row["community_id"])],
             number(row["households"], self.lang), number(row["people"], self.lang),
             number(row["area_m2"] / 1e6, self.lang, digits=2), number(row["buildings_count"], self.lang)]
            for row in ordered.to_dict("records")
        ]  # fmt: skip
        if ordered["buildings_count"].isna().all():
            heads, rows = heads[:-1], [row[:-1] for row in rows]
        for position in range(len(rows) - 1, 0, -1):
            if rows[position][0] == rows[position - 1][0]:
                rows[position][0] = ""
        self._table("report.matrix", [self._head(head) for head in heads], rows,
                    widths=(3.6, 3.6, *[2.2] * (len(heads) - 2)), numbers=range(2, len(heads)))  # fmt: skip

    def maps(self, context: Mapping[str, gpd.GeoDataFrame]) -> None:
        self.section("report.maps")
        font = chinese_font()
        if font is None:
            self._paragraph(word("report.no_font", self.lang))
        for when, caption in (("before", "report.map_before"), ("after", "report.map_after")):
            if when == "before" and not len(self.tables.communities_before):
                continue
            picture = overview_png(self.tables, when, context=context, lang=self.lang, font=font)  # type: ignore[arg-type]
            self._figures += 1
            paragraph = self.document.add_paragraph()
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            paragraph.paragraph_format.keep_with_next = True
            paragraph.add_run().add_picture(io.BytesIO(picture), width=Cm(15.6))
            label = word("report.figure", self.lang, n=self._figures)
            _space(self._line(f"{label}  {word(caption, self.lang)}", "heading", 11, centred=True), after=14)

    def violations(self) -> None:
        self.section("report.violations")
        rows = self.tables.violations.to_dict("records")
        if not rows:
            self._paragraph(word("page.no_violations", self.lang))
        for position, row in enumerate(rows, start=1):
            label = f"（{position}）" if self.lang == "zh" else f"({position}) "
            self._paragraph(label + _plain_text(row[f"text_{self.lang}"]))

    def assumptions(self) -> None:
        self.section("report.assumptions")
        for each in self.tables.plan.notes:
            self._paragraph(
                _stopped(fullwidth(each.zh) if self.lang == "zh" else _first_up(each.en, self.lang), self.lang)
            )
        groups = repair_groups(self.study, self.lang)
        if not groups:
            self._paragraph(word("report.no_repairs", self.lang))
            return
        rows = [
            [table_word(each.table, self.lang), value_word("action", each.action, self.lang),
             number(each.times, self.lang), each.sentence]
            for each in groups
        ]  # fmt: skip
        if self.tables.plan.options.mode == "merge" and any(each.step != "import" for each in self.study.repairs):
            self._paragraph(word("report.merge_note", self.lang))
        heads = [word(key, self.lang) for key in ("table", "what", "times", "report.example")]
        self._table("report.assumptions", heads, rows, widths=(2.6, 1.8, 1.6, 10.0), numbers=(2,))

    def sources(self) -> None:
        self.section("report.sources")
        side = int(self.lang == "en")
        rows = [[row.label[side], row.value[side]] for row in provenance(self.tables, self.study)]
        self._table("report.sources", [word("item", self.lang), word("value", self.lang)], rows, widths=(3.6, 12.4))
        terms = self.tables.terms.to_dict("records")
        if terms:
            heads = [word(key, self.lang) for key in ("term", "value", "unit", "weight", "weighted", "meaning")]
            scores = [
                [value_word("term", term["term"], self.lang), number(term["value"], self.lang, digits=1),
                 value_word("unit", term["unit"], self.lang), number(term["weight"], self.lang, digits=2),
                 number(term["weighted"], self.lang, digits=3), _plain_text(term[f"meaning_{self.lang}"])]
                for term in terms
            ]  # fmt: skip
            self._table("report.terms", heads, scores, widths=(1.9, 2.2, 2.3, 1.7, 2.1, 5.8), numbers=(1, 3, 4))

    # ---- how parts look ---------------------------------------------------------------------------------------

    @property
    def _size(self) -> float:
        return 14 if self.lang == "zh" else 12

    def _prepare(self) -> None:
        """Set the page (A4, margins of official documents), header, footer and the file's properties."""
        properties = self.document.core_properties
        properties.title = clean(f"{_study_name(self.study, self.lang)} {word('report.title', self.lang)}")
        properties.author = properties.last_modified_by = "shequ"
        properties.comments = ""
        properties.created = properties.modified = FIXED_TIME
        properties.revision = 1
        page = self.document.sections[0]
        page.orientation = WD_ORIENT.PORTRAIT
        page.page_width, page.page_height = Cm(21), Cm(29.7)
        page.top_margin, page.bottom_margin, page.left_margin, page.right_margin = Cm(3), Cm(2.6), Cm(2.5), Cm(2.5)
        page.different_first_page_header_footer = True
        header = page.header.paragraphs[0]
        header.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        self._run(header, word("page.mark", self.lang), "heading", 9, colour=_SEAL)
        footer = page.footer.paragraphs[0]
        footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self._run(footer, "— ", "body", 10.5)
        _page_field(self._run(footer, "", "body", 10.5))
        self._run(footer, " —", "body", 10.5)

    def _run(
        self,
        paragraph: Paragraph,
        text: str,
        face: str,
        size: float,
        *,
        bold: bool = False,
        colour: RGBColor | None = None,
    ) -> Any:  # noqa: ANN401 - python-docx has no types
        run = paragraph.add_run(clean(text))
        latin, chinese = _FACES[face]
        run.font.name, run.font.size, run.font.bold = latin, Pt(size), bold
        run.font.color.rgb = colour or RGBColor(0, 0, 0)
        run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), chinese)
        return run

    def _line(
        self,
        text: str,
        face: str,
        size: float,
        *,
        bold: bool = False,
        centred: bool = False,
        colour: RGBColor | None = None,
    ) -> Any:  # noqa: ANN401 - python-docx has no types
        paragraph = self.document.add_paragraph()
        if centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self._run(paragraph, text, face, size, bold=bold, colour=colour)
        return paragraph

    def _paragraph(self, text: str) -> Any:  # noqa: ANN401 - python-docx has no types
        paragraph = self.document.add_paragraph()
        look = paragraph.paragraph_format
        look.line_spacing = 1.4 if self.lang == "zh" else 1.25
        look.space_after = Pt(3 if self.lang == "zh" else 6)
        look.first_line_indent = Pt(2 * self._size) if self.lang == "zh" else None
        if text:
            self._run(paragraph, text, "body", self._size)
        return paragraph

    def _head(self, key: str) -> str:
        unit = {"households": "unit.households", "people": "unit.people", "area_km2": "unit.km2"}.get(key)
        heading = word(key, self.lang)
        if not unit or (self.lang == "en" and key != "area_km2"):
            return heading
        shown = word(unit, self.lang)
        return f"{heading}\n（{shown}）" if self.lang == "zh" else f"{heading}\n({shown})"

    def _table(
        self, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[float],
        numbers: Sequence[int] = (), total: bool = False, shade: Mapping[tuple[int, int], str] | None = None,
        size: float | None = None,
    ) -> None:  # fmt: skip
        """Write a numbered table: headings repeat on every page, rows and short tables do not break across pages."""
        self._tables += 1
        label = word("report.table", self.lang, n=self._tables)
        caption = self._line(f"{label}  {word(title, self.lang)}", "heading", 11, centred=True)
        caption.paragraph_format.keep_with_next = True
        _space(caption, before=8, after=4)
        table = self.document.add_table(rows=0, cols=len(heads))
        table.style = "Table Grid"
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        size = size or (10.5 if len(heads) <= 8 else 9)
        first = table.add_row()
        for cell, text in zip(first.cells, heads, strict=True):
            self._cell(cell, text, size - 1 if self.lang == "en" else size, bold=True, align="center", fill="E9E6DD")
        _repeat(first)
        for position, row in enumerate(rows):
            line = table.add_row()
            _whole(line)
            last = total and position == len(rows) - 1
            for column, (cell, text) in enumerate(zip(line.cells, row, strict=True)):
                fill = "F4F2EC" if last else (shade or {}).get((position, column), "")
                self._cell(cell, text, size, bold=last, align="right" if column in numbers else "left", fill=fill)
        if len(rows) <= SHORT_TABLE:
            for line in table.rows[:-1]:
                for cell in line.cells:
                    cell.paragraphs[0].paragraph_format.keep_with_next = True
        _widths(table, widths)
        _space(self.document.add_paragraph(), after=6)

    def _cell(
        self,
        cell: _Cell,
        text: str,
        size: float,
        *,
        bold: bool = False,
        align: str = "left",
        fill: str = "",
        face: str = "table",
    ) -> None:
        paragraph = cell.paragraphs[0]
        paragraph.alignment = {"left": WD_ALIGN_PARAGRAPH.LEFT, "right": WD_ALIGN_PARAGRAPH.RIGHT,
                               "center": WD_ALIGN_PARAGRAPH.CENTER}[align]  # fmt: skip
        _space(paragraph, before=2, after=2)
        self._run(paragraph, text, face, size, bold=bold)
        if fill:
            shading = OxmlElement("w:shd")
            for key, value in (("val", "clear"), ("color", "auto"), ("fill", fill)):
                shading.set(qn(f"w:{key}"), value)
            cell._tc.get_or_add_tcPr().append(shading)


def _summary(tables: PlanTables, study: Study, lang: Lang) -> list[str]:
    """Return the summary: what there is, what is proposed, what comes out of it."""
    before, after = tables.communities_before, tables.communities
    households, people = after["households"].dropna(), after["people"].dropna()
    fates, states = before["fate"].value_counts(), after["status"].value_counts()
    limits = plan_limits(tables)
    side = int(lang == "en")
    moved, total = moved_households(tables), float(households.sum())
    said = {
        "study": _study_name(study, lang), "before": len(before), "after": len(after),
        "households": number(total if len(households) else None, lang),
        "people": number(float(people.sum()) if len(people) else None, lang),
        "basis": word("report.basis_set" if limits_set(tables) else "report.basis_profile", lang,
                      profile=profile_title(tables)[side], limits=limits_sentence(limits)[side]),
        "change": change_sentence(tables, lang), "abolished": int(fates.get("abolished", 0)),
        "created": int(states.get("created", 0)), "changed": int(states.get("changed", 0)),
        "kept": int(states.get("kept", 0)), "moves": len(tables.moves), "moved": number(moved, lang),
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
        said.append(word("report.borders", lang, length=length, parts=_joined(parts, lang, "；")))
    plan = tables.plan
    kept = {
        name for name in ("estates", "villages")
        if getattr(plan.profile if getattr(plan.options, f"keep_{name}") is None else plan.options, f"keep_{name}")
    }  # fmt: skip
    key = "both" if len(kept) > 1 else "".join(kept)
    kept_text = word(f"report.keeps_{key}", lang) if key else ""
    return [*said, word("report.principles_whole", lang, kept=kept_text)]


def _study_name(study: Study, lang: Lang) -> str:
    return study.name if lang == "zh" else study.name_en or study.name


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


def _joined(texts: Sequence[str], lang: Lang, sign: str = "、") -> str:
    return sign.join(texts) if lang == "zh" else ", ".join(texts)


def _stopped(text: str, lang: Lang) -> str:
    stop = "。" if lang == "zh" else "."
    return text if not text or text.endswith((stop, ";", ";")) else text + stop


def _first_up(text: str, lang: Lang) -> str:
    return text[:1].upper() + text[1:] if lang == "en" else text


def _space(paragraph: Any, *, before: float = 0, after: float = 0) -> None:  # noqa: ANN401 - python-docx has no types
    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(before), Pt(after)


def _widths(table: Any, widths: Sequence[float]) -> None:  # noqa: ANN401 - python-docx has no types
    """Set column widths [cm] in every cell: Word and LibreOffice read them in different places."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
        for cell in column.cells:
            cell.width = Cm(width)


def _borders(cell: Any, *, bottom: bool) -> None:  # noqa: ANN401 - python-docx has no types
    borders = OxmlElement("w:tcBorders")
    edge = OxmlElement("w:bottom")
    for key, value in (("val", "single" if bottom else "nil"), ("sz", "6"), ("space", "0"), ("color", "808080")):
        edge.set(qn(f"w:{key}"), value)
    borders.append(edge)
    cell._tc.get_or_add_tcPr().append(borders)


def _repeat(row: Any) -> None:  # noqa: ANN401 - python-docx has no types
    header = OxmlElement("w:tblHeader")
    header.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(header)
    _whole(row)


def _whole(row: Any) -> None:  # noqa: ANN401 - python-docx has no types
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _page_field(run: Any) -> None:  # noqa: ANN401 - python-docx has no types
    """Put the page number into a run."""
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._element.append(element)
