"""A Word document in the form of official papers: cover, numbered sections, tables, figures, in either language."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docx
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from layers.office import FIXED_TIME, clean, settle, write_whole
from layers.words import WORDS, Lang, word

SHORT_TABLE = 22
"""Tables of no more rows than this stay on one page."""

FACES = {  # (Latin, Chinese) faces; those of official documents, which every Chinese Word has
    "title": ("Times New Roman", "华文中宋"),
    "heading": ("Times New Roman", "黑体"),
    "subheading": ("Times New Roman", "楷体"),
    "body": ("Times New Roman", "仿宋"),
    "table": ("Times New Roman", "宋体"),
}
SEAL_RED = RGBColor(0xB3, 0x26, 0x1E)
NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四", "十五", "十六")


class Paper:
    """A document while it is written; knows how its parts look and are numbered.

    Parameters
    ----------
    lang
        Language of marks, captions and numbering.
    title
        Title in the file's properties.
    """

    def __init__(self, lang: Lang, *, title: str) -> None:
        self.lang = lang
        self.document: Any = docx.Document()
        self.sections_count = self.tables_count = self.figures_count = 0
        self._prepare(title)

    def cover(self, name: str, title: str, rows: Sequence[tuple[str, str]], note: str) -> None:
        """Write the cover: working-draft mark, whose paper it is, its title, a few lines to know it by, a note."""
        mark = self.line(word("page.mark", self.lang), "heading", 14, colour=SEAL_RED)
        space(mark, before=0, after=150)
        space(self.line(name, "title", 26, bold=True, centred=True), after=10)
        space(self.line(title, "title", 26, bold=True, centred=True), after=14)
        space(self.line(word("report.draft", self.lang), "subheading", 16, centred=True), after=110)
        table = self.document.add_table(rows=0, cols=2)
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        for label, value in rows:
            cells = table.add_row().cells
            self.cell(cells[0], label, 13, face="body", align="right")
            self.cell(cells[1], value, 13, face="body")
            set_borders(cells[1], bottom=True)
        set_widths(table, (5.2, 8.8))
        said = self.line(note, "body", 10.5)
        space(said, before=80)
        said.add_run().add_break(WD_BREAK.PAGE)

    def picture(self, png: bytes, caption: str, *, width_cm: float = 15.6) -> None:
        """Put a picture in, by default as wide as the text, with a numbered caption below it."""
        self.figures_count += 1
        paragraph = self.document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.keep_with_next = True
        paragraph.add_run().add_picture(io.BytesIO(png), width=Cm(width_cm))
        label = word("report.figure", self.lang, n=self.figures_count)
        space(self.line(f"{label}  {caption}", "heading", 11, centred=True), after=14)

    def save(self, path: Path) -> None:
        """Write the document, whole or not at all; the same content gives the same bytes."""
        content = io.BytesIO()
        self.document.save(content)
        write_whole(settle(content.getvalue()), path)

    def section(self, title: str, paragraphs: Sequence[str] = ()) -> None:
        """Start the next section: its number, the word of its title, its first paragraphs."""
        self.sections_count += 1
        label = f"{NUMERALS[self.sections_count - 1]}、" if self.lang == "zh" else f"{self.sections_count}  "
        heading = self.document.add_heading(level=1)
        self.run(heading, label + word(title, self.lang), "heading", 16 if self.lang == "zh" else 15)
        for text in paragraphs:
            self.paragraph(text)

    def turn(self, orientation: Any) -> None:  # noqa: ANN401 - python-docx has no types
        """Go on to a page of that orientation; the margins turn with it."""
        page = self.document.add_section(WD_SECTION.NEW_PAGE)
        page.orientation = orientation
        page.page_width, page.page_height = page.page_height, page.page_width
        across = orientation == WD_ORIENT.LANDSCAPE
        page.top_margin, page.left_margin = (Cm(2.2), Cm(2.4)) if across else (Cm(3), Cm(2.5))
        page.bottom_margin, page.right_margin = (Cm(1.8), Cm(2.4)) if across else (Cm(2.6), Cm(2.5))
        page.different_first_page_header_footer = False

    @property
    def size(self) -> float:
        """The size of the text [pt]."""
        return 14 if self.lang == "zh" else 12

    def _prepare(self, title: str) -> None:
        """Set the page (A4, margins of official documents), header, footer and the file's properties."""
        properties = self.document.core_properties
        properties.title = clean(title)
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
        self.run(header, word("page.mark", self.lang), "heading", 9, colour=SEAL_RED)
        footer = page.footer.paragraphs[0]
        footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self.run(footer, "— ", "body", 10.5)
        _page_field(self.run(footer, "", "body", 10.5))
        self.run(footer, " —", "body", 10.5)

    def run(
        self,
        paragraph: Paragraph,
        text: str,
        face: str,
        size: float,
        *,
        bold: bool = False,
        colour: RGBColor | None = None,
    ) -> Any:  # noqa: ANN401 - python-docx has no types
        """Add text to a paragraph in one of the `FACES`, size in points."""
        run = paragraph.add_run(clean(text))
        latin, chinese = FACES[face]
        run.font.name, run.font.size, run.font.bold = latin, Pt(size), bold
        run.font.color.rgb = colour or RGBColor(0, 0, 0)
        run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), chinese)
        return run

    def line(
        self,
        text: str,
        face: str,
        size: float,
        *,
        bold: bool = False,
        centred: bool = False,
        colour: RGBColor | None = None,
    ) -> Any:  # noqa: ANN401 - python-docx has no types
        """Add a paragraph of one run."""
        paragraph = self.document.add_paragraph()
        if centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self.run(paragraph, text, face, size, bold=bold, colour=colour)
        return paragraph

    def paragraph(self, text: str) -> Any:  # noqa: ANN401 - python-docx has no types
        """Add a paragraph of body text, in Chinese with its first line indented by two characters."""
        paragraph = self.document.add_paragraph()
        look = paragraph.paragraph_format
        look.line_spacing = 1.4 if self.lang == "zh" else 1.25
        look.space_after = Pt(3 if self.lang == "zh" else 6)
        look.first_line_indent = Pt(2 * self.size) if self.lang == "zh" else None
        if text:
            self.run(paragraph, text, "body", self.size)
        return paragraph

    def _head(self, key: str) -> str:
        unit = {"households": "unit.households", "people": "unit.people", "area_km2": "unit.km2"}.get(key)
        heading = word(key, self.lang)
        if not unit or (self.lang == "en" and key != "area_km2"):
            return heading
        shown = word(unit, self.lang)
        return f"{heading}\n（{shown}）" if self.lang == "zh" else f"{heading}\n({shown})"

    def table(
        self, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[float],
        numbers: Sequence[int] = (), total: bool = False, shade: Mapping[tuple[int, int], str] | None = None,
        size: float | None = None, bands: Sequence[int] = (),
        together: bool = True,
    ) -> None:  # fmt: skip
        """Write a numbered table: headings repeat on every page, rows and short tables do not break across pages.

        The rows `bands` head what follows them: their first cell lies across it. A title is a word's key, or text.
        """
        self.tables_count += 1
        label = word("report.table", self.lang, n=self.tables_count)
        said = word(title, self.lang) if title in WORDS else title
        caption = self.line(f"{label}  {said}", "heading", 11, centred=True)
        caption.paragraph_format.keep_with_next = True
        space(caption, before=8, after=4)
        table = self.document.add_table(rows=0, cols=len(heads))
        table.style = "Table Grid"
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        size = size or (10.5 if len(heads) <= 8 else 9)
        first = table.add_row()
        for cell, text in zip(first.cells, heads, strict=True):
            self.cell(cell, text, size - 1 if self.lang == "en" else size, bold=True, align="center", fill="E9E6DD")
        _repeat(first)
        for position, row in enumerate(rows):
            line = table.add_row()
            _whole(line)
            last = total and position == len(rows) - 1
            if position in bands:
                self.cell(line.cells[0].merge(line.cells[-1]), row[0], size, bold=True, fill="F4F2EC")
                line.cells[0].paragraphs[0].paragraph_format.keep_with_next = True
                continue
            for column, (cell, text) in enumerate(zip(line.cells, row, strict=True)):
                fill = "F4F2EC" if last else (shade or {}).get((position, column), "")
                self.cell(cell, text, size, bold=last, align="right" if column in numbers else "left", fill=fill)
        if together and len(rows) <= SHORT_TABLE:
            for line in table.rows[:-1]:
                for cell in line.cells:
                    cell.paragraphs[0].paragraph_format.keep_with_next = True
        set_widths(table, widths)
        for position in bands:
            table.rows[position + 1].cells[0].width = Cm(sum(widths))
        space(self.document.add_paragraph(), after=6)

    def cell(
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
        """Fill a cell of a table; `fill` is a colour without its #."""
        paragraph = cell.paragraphs[0]
        paragraph.alignment = {"left": WD_ALIGN_PARAGRAPH.LEFT, "right": WD_ALIGN_PARAGRAPH.RIGHT,
                               "center": WD_ALIGN_PARAGRAPH.CENTER}[align]  # fmt: skip
        space(paragraph, before=2, after=2)
        self.run(paragraph, text, face, size, bold=bold)
        if fill:
            shading = OxmlElement("w:shd")
            for key, value in (("val", "clear"), ("color", "auto"), ("fill", fill)):
                shading.set(qn(f"w:{key}"), value)
            cell._tc.get_or_add_tcPr().append(shading)


def joined(texts: Sequence[str], lang: Lang, sign: str = "、") -> str:
    """Return texts as one list."""
    return sign.join(texts) if lang == "zh" else ", ".join(texts)


def stopped(text: str, lang: Lang) -> str:
    """Return a sentence with its full stop."""
    stop = "。" if lang == "zh" else "."
    return text if not text or text.endswith((stop, ";", ";")) else text + stop


def first_up(text: str, lang: Lang) -> str:
    """Return an English text with a capital letter; Chinese as it is."""
    return text[:1].upper() + text[1:] if lang == "en" else text


def space(paragraph: Any, *, before: float = 0, after: float = 0) -> None:  # noqa: ANN401 - python-docx has no types
    """Set the space before and after a paragraph [pt]."""
    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(before), Pt(after)


def set_widths(table: Any, widths: Sequence[float]) -> None:  # noqa: ANN401 - python-docx has no types
    """Set column widths [cm] in every cell: Word and LibreOffice read them in different places."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
        for cell in column.cells:
            cell.width = Cm(width)


def set_borders(cell: Any, *, bottom: bool) -> None:  # noqa: ANN401 - python-docx has no types
    """Give a cell a line below it, or none."""
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
