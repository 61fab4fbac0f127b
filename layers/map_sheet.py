"""A map sheet for printing: A3 or A4, true to scale, with legend, scale bar, north, coordinates, sources and marks."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle

from layers.drawing import chinese_font, fonts, rare_signs_are_no_news
from layers.map_frame import MM_PER_PT, PT_PER_PX, Box, Names, Shown, community_symbols, dashes, draw, width_mm
from layers.styles import INK, PAPER, ROAD_CASING, SEAL, Symbol
from layers.words import Lang, word

Paper = Literal["A3", "A4"]
Orientation = Literal["landscape", "portrait"]

SIZES_MM: Final[dict[Paper, tuple[float, float]]] = {"A3": (420.0, 297.0), "A4": (297.0, 210.0)}
"""Long and short side."""

SCALES: Final = (
    500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 7500, 8000, 10_000, 12_500, 15_000, 20_000, 25_000, 30_000,
    35_000, 40_000, 50_000, 60_000, 75_000, 100_000, 150_000, 200_000, 250_000, 500_000, 1_000_000, 2_000_000,
)  # fmt: skip
"""Scales that a sheet is drawn at when none is asked for."""

PREVIEW_DPI: Final = 110
_MM_PER_IN: Final = 25.4
_GREY: Final = "#5B6673"


@dataclass(frozen=True)
class Sheet:
    """What stands on a sheet besides the layers.

    Attributes
    ----------
    study, title
        Whose map it is, and what it shows.
    paper, orientation, lang
    bounds
        West, south, east, north of what is to be seen [m, the study's CRS].
    scale
        1:`scale`; None: the largest of `SCALES` at which `bounds` fit.
    crs
        Name of the study's CRS.
    drawn_on, version
        Day of the sheet, and what it was drawn from, in words.
    sources
        Whom the data are from.
    office
        Who made it; empty: a line to fill in.
    review_number
        审图号; empty: not reviewed.
    published
        The plan on it is published: no mark of a working draft.
    """

    study: str
    title: str
    bounds: Box
    crs: str
    drawn_on: str
    version: str
    paper: Paper = "A3"
    orientation: Orientation = "landscape"
    lang: Lang = "zh"
    scale: int | None = None
    sources: Sequence[str] = ()
    office: str = ""
    review_number: str = ""
    published: bool = False
    lonlat: Callable[[float, float], tuple[float, float]] | None = None
    """Longitude and latitude of a place [m]; with it the corners of the map say where they lie."""


@dataclass(frozen=True)
class Layout:
    """Where things stand on the paper [mm from its lower left corner]: x, y, width, height.

    Attributes
    ----------
    page
        Width and height of the paper.
    frame
        The map.
    legend, block
        Legend; scale, marks and sources.
    """

    page: tuple[float, float]
    title: Box
    frame: Box
    legend: Box
    block: Box

    @property
    def map_mm(self) -> tuple[float, float]:
        """Width and height of the map on paper."""
        return self.frame[2], self.frame[3]


def layout_of(paper: Paper, orientation: Orientation) -> Layout:
    """Return where things stand: the panel is on the right of a landscape sheet, below the map of a portrait one."""
    long, short = SIZES_MM[paper]
    large = paper == "A3"
    margin, ticks, head = (10.0, 6.0, 17.0) if large else (8.0, 5.5, 13.0)
    if orientation == "landscape":
        panel = 70.0 if large else 54.0
        block = 92.0 if large else 76.0
        width, height = long, short
        frame = (margin + ticks, margin + ticks, width - 2 * margin - 2 * ticks - panel - 2,
                 height - 2 * margin - head - 2 * ticks)  # fmt: skip
        left = width - margin - panel
        legend = (left, margin + block, panel, height - 2 * margin - head - block)
        return Layout((width, height), (margin, height - margin - head, width - 2 * margin, head), frame, legend,
                      (left, margin, panel, block))  # fmt: skip
    width, height = short, long
    panel = 96.0 if large else 74.0
    block_width = 100.0 if large else 72.0
    frame = (margin + ticks, margin + panel + ticks, width - 2 * margin - 2 * ticks,
             height - 2 * margin - head - panel - 2 * ticks)  # fmt: skip
    return Layout((width, height), (margin, height - margin - head, width - 2 * margin, head), frame,
                  (margin, margin, width - 2 * margin - block_width, panel),
                  (width - margin - block_width, margin, block_width, panel))  # fmt: skip


def scale_of(sheet: Sheet) -> int:
    """Return the scale that a sheet is drawn at.

    Examples
    --------
    >>> scale_of(Sheet("镇", "图", (0, 0, 1000, 800), "CGCS2000", "2026-03-01", "1"))
    4000
    """
    if sheet.scale is not None:
        return sheet.scale
    west, south, east, north = sheet.bounds
    wide, high = layout_of(sheet.paper, sheet.orientation).map_mm
    needed = max((east - west) / wide, (north - south) / high) * 1000
    return next((each for each in SCALES if each >= needed), math.ceil(needed / SCALES[-1]) * SCALES[-1])


def larger(sheet: Sheet) -> Orientation:
    """Return how the paper lies best: as the map is larger in, landscape where it is the same."""
    west, south, east, north = sheet.bounds

    def needed(orientation: Orientation) -> float:
        wide, high = layout_of(sheet.paper, orientation).map_mm
        return max((east - west) / wide, (north - south) / high)

    return "portrait" if needed("portrait") < needed("landscape") else "landscape"


def extent_of(sheet: Sheet) -> Box:
    """Return what the map of a sheet shows [m]: the frame, at its scale, around the middle of the bounds."""
    west, south, east, north = sheet.bounds
    wide, high = (side / 1000 * scale_of(sheet) for side in layout_of(sheet.paper, sheet.orientation).map_mm)
    x, y = (west + east) / 2, (south + north) / 2
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def sheet_file(sheet: Sheet, shown: Sequence[Shown], *, kind: Literal["pdf", "png"] = "pdf") -> bytes:
    """Return a map sheet as a PDF with its fonts inside, or as a picture of it (`PREVIEW_DPI`).

    Parameters
    ----------
    sheet
    shown
        Layers, bottom first, in metres of the study's CRS; what lies outside the map may be left out of them.
    kind
        `pdf` or `png`.
    """
    font = chinese_font()
    lang: Lang = sheet.lang if font or sheet.lang == "en" else "en"
    made = _Drawing(sheet, lang, fonts(font))
    made.map(shown)
    made.title()
    made.legend(shown)
    made.block()
    return made.file(kind)


class _Drawing:
    """A sheet while it is drawn; the page is in millimetres."""

    def __init__(self, sheet: Sheet, lang: Lang, properties: dict[str, Any]) -> None:
        self.sheet, self.lang, self.fonts = sheet, lang, properties
        self.layout = layout_of(sheet.paper, sheet.orientation)
        self.scale = scale_of(sheet)
        self.extent = extent_of(sheet)
        self.large = sheet.paper == "A3"
        width, height = self.layout.page
        self.figure = Figure(figsize=(width / _MM_PER_IN, height / _MM_PER_IN))
        self.page = self.figure.add_axes((0, 0, 1, 1))
        self.page.set_axis_off()
        self.page.set_xlim(0, width)
        self.page.set_ylim(0, height)

    def file(self, kind: Literal["pdf", "png"]) -> bytes:
        out = io.BytesIO()
        with rare_signs_are_no_news():
            if kind == "png":
                FigureCanvasAgg(self.figure)
                self.figure.savefig(out, format="png", dpi=PREVIEW_DPI, metadata={"Software": None}, facecolor="white")
            else:
                FigureCanvasPdf(self.figure)
                self.figure.savefig(out, format="pdf", facecolor="white", metadata={
                    "Title": f"{self.sheet.study} {self.sheet.title}", "Creator": "shequ", "Producer": None,
                    "CreationDate": None, "Subject": f"1:{self.scale}",
                })  # fmt: skip
        return out.getvalue()

    # ── the map ──
    def map(self, shown: Sequence[Shown]) -> None:
        x, y, wide, high = self.layout.frame
        width, height = self.layout.page
        axes = self.figure.add_axes((x / width, y / height, wide / width, high / height))
        west, south, east, north = self.extent
        axes.set_facecolor(PAPER)
        axes.set_xlim(west, east)
        axes.set_ylim(south, north)
        axes.set_xticks([])
        axes.set_yticks([])
        draw(axes, shown, self.scale)
        Names(axes, self.extent, self.scale, self.fonts).write(shown)
        for spine in axes.spines.values():
            spine.set_linewidth(0.9)
            spine.set_color(INK)
            spine.set_zorder(100)
        self._grid(axes)
        rim = 6.0 if self.large else 5.5
        self._box(x - rim, y - rim, wide + 2 * rim, high + 2 * rim, width=1.4)

    def _grid(self, axes: Axes) -> None:
        """Draw crosses where round coordinates meet, ticks at the frame, and the numbers outside it."""
        west, south, east, north = self.extent
        step = step_of(self.scale, 0.045)
        xs = np.arange(math.ceil(west / step) * step, east, step)
        ys = np.arange(math.ceil(south / step) * step, north, step)
        arm = 0.0015 * self.scale
        for x in xs:
            for y in ys:
                axes.plot([x - arm, x + arm], [y, y], color=INK, lw=0.3, alpha=0.55, zorder=75)
                axes.plot([x, x], [y - arm, y + arm], color=INK, lw=0.3, alpha=0.55, zorder=75)
        left, low, wide, high = self.layout.frame
        per_mm = 1000 / self.scale
        size = 5.5 if self.large else 5.0
        for x in xs:
            at = left + (x - west) * per_mm
            self._line(at, low, at, low - 1.5)
            self._line(at, low + high, at, low + high + 1.5)
            if left + 22 < at < left + wide - 22:
                self._text(at, low - 2.0, grouped(x), size, va="top", ha="center")
                self._text(at, low + high + 2.0, grouped(x), size, va="bottom", ha="center")
        for y in ys:
            at = low + (y - south) * per_mm
            self._line(left, at, left - 1.5, at)
            self._line(left + wide, at, left + wide + 1.5, at)
            if low + 20 < at < low + high - 20:
                self._text(left - 2.0, at, grouped(y), size, rotation=90, ha="right", va="center")
                self._text(left + wide + 2.0, at, grouped(y), size, rotation=270, ha="left", va="center")

        if self.sheet.lonlat:
            self._corners(self.sheet.lonlat, size)

    def _corners(self, lonlat: Callable[[float, float], tuple[float, float]], size: float) -> None:
        """Write longitude and latitude at the four corners of the map."""
        west, south, east, north = self.extent
        left, low, wide, high = self.layout.frame
        for x, y, at_x, at_y in ((west, south, left, low), (east, south, left + wide, low),
                                 (west, north, left, low + high), (east, north, left + wide, low + high)):  # fmt: skip
            lon, lat = lonlat(x, y)
            up, right = at_y > low, at_x > left
            self._text(at_x, at_y + (2.0 if up else -2.0), degrees(lon, "EW"), size, colour=_GREY,
                       ha="right" if right else "left", va="bottom" if up else "top")  # fmt: skip
            self._text(at_x + (2.0 if right else -2.0), at_y, degrees(lat, "NS"), size, colour=_GREY,
                       rotation=270 if right else 90, ha="left" if right else "right",
                       va="top" if up else "bottom")  # fmt: skip

    # ── around it ──
    def title(self) -> None:
        x, y, wide, high = self.layout.title
        middle, small = y + high * 0.62, 9.0 if self.large else 7.5
        mark = "" if self.sheet.published else word("page.mark", self.lang)
        wider = width_mm(mark, small) + 5
        room = wide - 2 * max(wider, width_mm(self.sheet.study, small + 1)) - 8
        size, lines = _titled(self.sheet.title, room, (20.0, 11.0) if self.large else (15.0, 8.5))
        self._text(x + wide / 2, middle, "\n".join(lines), size, ha="center", va="center", weight="bold",
                   linespacing=1.15)  # fmt: skip
        self._text(x, middle, self.sheet.study, small + 1, ha="left", va="center", weight="bold")
        if mark:
            self._box(x + wide - wider, middle - small * 0.32, wider, small * 0.64, width=0.9, colour=SEAL)
            self._text(x + wide - wider / 2, middle, mark, small, ha="center", va="center", colour=SEAL, weight="bold")

    def legend(self, shown: Sequence[Shown]) -> None:
        x, y, wide, high = self.layout.legend
        self._box(x, y, wide, high, width=0.5)
        lines = legend_lines(shown, self.lang)
        size, columns = _fitting(lines, wide - 6, high - 12, 8.5 if self.large else 7.0)
        self._text(x + wide / 2, y + high - 3.5, word("page.legend", self.lang), size + 2.5, ha="center", va="top",
                   weight="bold")  # fmt: skip
        step = size * MM_PER_PT * 1.62
        per_column = max(1, int((high - 12) / step))
        room = per_column * columns
        if len(lines) > room:
            more = word("sheet.more", self.lang, n=len(lines) - room + 1)
            lines = [*lines[: room - 1], LegendLine(more, ())]
        for n, line in enumerate(lines):
            column, row = divmod(n, per_column)
            left = x + 3 + column * (wide - 6) / columns
            middle = y + high - 11 - (row + 0.5) * step
            self._legend_line(line, left, middle, size, (wide - 6) / columns)

    def _legend_line(self, line: "LegendLine", x: float, y: float, size: float, wide: float) -> None:
        swatch_w, swatch_h = size * MM_PER_PT * 2.3, size * MM_PER_PT * 0.95
        if not line.symbols:
            self._text(x, y, _cut(line.text, size, wide), size, ha="left", va="center", weight="bold")
            return
        each = swatch_w / len(line.symbols)
        for n, symbol in enumerate(line.symbols):
            self._swatch(symbol, line.geometry, (x + n * each, y - swatch_h / 2, each, swatch_h), cased=line.cased)
        self._text(x + swatch_w + 1.6, y, _cut(line.text, size, wide - swatch_w - 2), size, ha="left", va="center")

    def _swatch(self, symbol: Symbol, geometry: str, box: Box, *, cased: bool) -> None:
        x, y, wide, high = box
        width = symbol.width * PT_PER_PX
        middle = y + high / 2
        if geometry == "point":
            self.page.plot(x + wide / 2, middle, "o", ms=min(2 * symbol.radius * PT_PER_PX, high / MM_PER_PT),
                           mfc=symbol.fill or "none", mec=symbol.stroke or symbol.fill or INK, mew=width)  # fmt: skip
        elif geometry == "line":
            if cased:  # most roads are white
                self.page.add_patch(Rectangle((x, y), wide, high, facecolor="#DDE3D2", linewidth=0))
                if not symbol.dash:
                    self._line(x, middle, x + wide, middle, width=width + 0.8, colour=ROAD_CASING)
            self.page.add_line(Line2D([x, x + wide], [middle, middle], color=symbol.stroke or INK, lw=width,
                                      linestyle=(0, dashes(symbol)) if symbol.dash else "-",
                                      solid_capstyle="butt", dash_capstyle="butt"))  # fmt: skip
        else:
            hatched = symbol.pattern == "hatch"
            drawn = Rectangle(
                (x, y), wide, high, facecolor="none" if hatched or symbol.pattern == "none" else symbol.fill or "none",
                alpha=None if hatched else max(symbol.fill_opacity, 0.35) if symbol.pattern == "solid" else None,
                edgecolor=symbol.fill if hatched else "none", hatch="//////" if hatched else None, linewidth=0,
            )  # fmt: skip
            self.page.add_patch(drawn)
            rim = symbol.stroke if symbol.stroke not in ("", "#FFFFFF") else "#8A8F98"
            self.page.add_patch(Rectangle(
                (x, y), wide, high, facecolor="none", edgecolor=rim, linewidth=min(max(width, 0.3), 1.2),
                linestyle=(0, dashes(symbol)) if symbol.dash else "solid",
            ))  # fmt: skip

    def block(self) -> None:
        x, y, wide, high = self.layout.block
        self._box(x, y, wide, high, width=0.5)
        size = 7.5 if self.large else 6.2
        top = y + high
        self._north(x + wide - (11 if self.large else 9), top - 4, 16.0 if self.large else 13.0)
        left = x + 3.5
        self._text(left, top - 5, word("sheet.scale", self.lang), size, ha="left", va="center", colour=_GREY)
        self._text(left, top - 11, f"1:{grouped(self.scale)}", size + 5, ha="left", va="center", weight="bold")
        self._bar(left, top - (21 if self.large else 19), wide - 7 - (17 if self.large else 14), size - 1)
        at = top - (31 if self.large else 27)
        facts = self._facts()
        indent = max(width_mm(label, size) for label, _ in facts) + 2.5
        for label, value in facts:
            lines = _wrapped(value, size, wide - 7 - indent).split("\n")[:3]
            self._text(left, at, label, size, ha="left", va="top", colour=_GREY)
            self._text(left + indent, at, "\n".join(lines), size, ha="left", va="top", linespacing=1.25)
            at -= len(lines) * size * MM_PER_PT * 1.3 + 1.6
        note = "sheet.published_note" if self.sheet.published else "page.mark_note"
        text = _wrapped(word(note, self.lang), size - 1.3, wide - 7)
        self._text(left, y + 2.2, text, size - 1.3, ha="left", va="bottom", colour=_GREY, linespacing=1.3)

    def _facts(self) -> list[tuple[str, str]]:
        sheet, lang = self.sheet, self.lang
        return [
            (word("sheet.crs", lang), sheet.crs),
            (word("sheet.date", lang), f"{sheet.drawn_on}（{sheet.version}）" if lang == "zh"
             else f"{sheet.drawn_on} ({sheet.version})"),
            (word("sheet.office", lang), sheet.office or "_" * 18),
            (word("sheet.sources", lang), "; ".join(sheet.sources) or word("sheet.no_sources", lang)),
            (word("page.review_number", lang), sheet.review_number or word("page.review_pending", lang)),
        ]  # fmt: skip

    def _bar(self, x: float, y: float, most_mm: float, size: float) -> None:
        """Draw a scale bar of four parts, the longest round one that fits."""
        room = most_mm - 4
        step = next(each for each in _steps_down(room / 1000 * self.scale / 4) if each * 4 * 1000 / self.scale <= room)
        part = step * 1000 / self.scale
        for n in range(4):
            self.page.add_patch(Rectangle((x + n * part, y), part, 1.3, facecolor=INK if n % 2 == 0 else "white",
                                          edgecolor=INK, linewidth=0.5))  # fmt: skip
        unit = "m" if step * 4 < 2000 else "km"
        for n in (0, 1, 2, 4):
            told = f"{step * n:g}" if unit == "m" else f"{step * n / 1000:g}"
            last = f" {unit}" if n == 4 else ""
            self._text(x + n * part, y + 1.9, told + last, size, ha="left" if n == 0 else "center", va="bottom")

    def _north(self, x: float, top: float, high: float) -> None:
        low, half = top - high, high * 0.23
        self.page.add_patch(Polygon([(x, top - 4), (x - half, low), (x, low + high * 0.18)], facecolor=INK, lw=0))
        self.page.add_patch(Polygon([(x, top - 4), (x + half, low), (x, low + high * 0.18)], facecolor="white",
                                    edgecolor=INK, lw=0.6))  # fmt: skip
        self._text(x, top - 3.4, word("page.north", self.lang), 9 if self.large else 8, ha="center", va="bottom",
                   weight="bold")  # fmt: skip

    # ── strokes ──
    def _text(self, x: float, y: float, text: str, size: float, *, colour: str = INK, **more: Any) -> None:  # noqa: ANN401 - matplotlib's options
        self.page.text(x, y, text, size=size, color=colour, parse_math=False, **more, **self.fonts)

    def _line(self, x0: float, y0: float, x1: float, y1: float, *, width: float = 0.5, colour: str = INK) -> None:
        self.page.add_line(Line2D([x0, x1], [y0, y1], color=colour, lw=width, solid_capstyle="butt"))

    def _box(self, x: float, y: float, wide: float, high: float, *, width: float, colour: str = INK) -> None:
        self.page.add_patch(Rectangle((x, y), wide, high, facecolor="none", edgecolor=colour, linewidth=width))


@dataclass(frozen=True)
class LegendLine:
    """A line of the legend: a heading (no symbols), or what its symbols stand for."""

    text: str
    symbols: tuple[Symbol, ...]
    geometry: str = "polygon"
    cased: bool = False


def legend_lines(shown: Sequence[Shown], lang: Lang) -> list[LegendLine]:
    """Return the legend of what is on the map, topmost layer first, those of one symbol before those of several.

    Classes that do not occur are left out.
    """
    lines: list[LegendLine] = []
    groups: list[LegendLine] = []
    for each in reversed(shown):
        if not len(each.shapes):
            continue
        layer, title = each.layer, each.layer.title_in(lang)
        if each.communities:
            lines.append(LegendLine(title, tuple(community_symbols())))
            continue
        present = sorted({int(position) for position in each.classes})
        classes = [layer.style.classes[position] for position in present]
        if layer.style.kind == "single":
            lines.append(LegendLine(title, (classes[0].symbol,), layer.geometry))
            continue
        groups.append(LegendLine(title, ()))
        for one in classes:
            kind = "line" if layer.table == "barriers" and not one.symbol.fill else layer.geometry
            label = one.label_zh if lang == "zh" else one.label_en
            groups.append(LegendLine(label, (one.symbol,), kind, cased=layer.table == "roads"))
    return lines + groups


def step_of(scale: float, paper_m: float) -> float:
    """Return the round length [m] that is about `paper_m` long on paper at 1:`scale`.

    Examples
    --------
    >>> step_of(5000, 0.045), step_of(10_000, 0.045)
    (200.0, 500.0)
    """
    wanted = scale * paper_m
    power = 10.0 ** math.floor(math.log10(wanted))
    return min((power, 2 * power, 5 * power, 10 * power), key=lambda each: abs(math.log(each / wanted)))


def grouped(value: float) -> str:
    """Return a whole number with its thousands apart.

    Examples
    --------
    >>> grouped(3340200)
    '3 340 200'
    """
    return f"{value:,.0f}".replace(",", " ")


def degrees(value: float, signs: str) -> str:
    """Return an angle in degrees, minutes and seconds; `signs`: those of positive and negative ones.

    Examples
    --------
    >>> degrees(119.99999, "EW"), degrees(-30.5, "NS")
    ('120°00′00″E', '30°30′00″S')
    """
    seconds = round(abs(value) * 3600)
    return f"{seconds // 3600}°{seconds // 60 % 60:02}′{seconds % 60:02}″{signs[value < 0]}"


def _steps_down(most: float) -> list[float]:
    power = 10.0 ** math.floor(math.log10(max(most, 1.0)))
    return [each * scale for scale in (power, power / 10) for each in (5.0, 2.5, 2.0, 1.0)]


def _fitting(lines: Sequence[LegendLine], wide: float, high: float, size: float) -> tuple[float, int]:
    """Return the size of letters [pt] and the columns in which a legend fits; the smallest where it does not."""
    while True:
        most = 3 if wide > 110 else 2 if wide > 55 else 1
        for columns in range(1, most + 1):
            per_column = int(high / (size * MM_PER_PT * 1.62))
            widest = max((width_mm(line.text, size) for line in lines), default=0.0) + size * MM_PER_PT * 2.3 + 3
            if len(lines) <= per_column * columns and (
                widest <= wide / columns * 1.02 or (columns == 1 and size <= 6.0)
            ):
                return size, columns
        if size <= 5.0:
            return size, most
        size -= 0.25


def _titled(title: str, wide: float, sizes: tuple[float, float]) -> tuple[float, list[str]]:
    """Return the size [pt] and the lines of a title: one line between the two sizes, else two of the smaller."""
    size, least = sizes
    while width_mm(title, size) > wide and size > least:
        size -= 0.5
    lines = _wrapped(title, size, wide).split("\n")
    if len(lines) > 2:
        lines = [lines[0], _cut("".join(lines[1:]), size, wide)]
    return size, lines


def _cut(text: str, size: float, wide: float) -> str:
    """Return a text that is no wider than `wide` [mm], with an ellipsis where it was cut."""
    if width_mm(text, size) <= wide:
        return text
    while text and width_mm(text + "…", size) > wide:
        text = text[:-1]
    return text + "…"


def _wrapped(text: str, size: float, wide: float) -> str:
    """Return a text in lines no wider than `wide` [mm]: between Chinese signs, or at spaces."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and width_mm(line + piece.rstrip(), size) > wide:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return "\n".join([*lines, line.rstrip()])


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for sign in text:
        stays = pieces and (sign in "，。；：、）" or (ord(sign) < 0x2E7F and ord(pieces[-1][-1]) < 0x2E7F
                                                   and pieces[-1][-1] != " "))  # fmt: skip
        if stays:
            pieces[-1] += sign
        else:
            pieces.append(sign)
    return pieces
