"""What printed maps have in common: fonts, base map, labels, scale bar, north; one size and one look."""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib import font_manager, patheffects
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline

from layers.features import label_points
from layers.styles import BARRIER_SYMBOLS, INK, ROAD_CASING, ROAD_SYMBOLS, SEAL, Style, Symbol
from layers.words import Lang, word

CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Microsoft YaHei", "PingFang SC",
    "SimHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Heiti SC", "STHeiti", "SimSun", "Noto Serif CJK SC",
    "Noto Sans CJK JP", "AR PL UMing CN",
)  # fmt: skip
"""Fonts with Chinese characters that machines have, best first."""

WIDTH_IN, DPI = 7.2, 200
HALO = [patheffects.withStroke(linewidth=2.4, foreground="white")]


def chinese_font() -> str | None:
    """Return the name of the best font with Chinese characters on this machine, or None."""
    return _best_of_those_known() or _best_of_those_known(look=True)


def _best_of_those_known(*, look: bool = False) -> str | None:
    """Return the best font that matplotlib knows; `look` for such as were installed after it had made its list."""
    fonts = font_manager.fontManager
    if look:
        known = {font.fname for font in fonts.ttflist}
        for path in sorted({*font_manager.findSystemFonts()} - known):
            with suppress(OSError, RuntimeError):  # it cannot be read
                fonts.addfont(path)
    installed = {font.name for font in fonts.ttflist if Path(font.fname).exists()}
    return next((name for name in CHINESE_FONTS if name in installed), None)


@contextmanager
def rare_signs_are_no_news() -> Iterator[None]:
    """Keep quiet about signs that no font here has: the map shows an empty box, names stand in the tables as well."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def blank_map(bounds: Sequence[float]) -> tuple[Figure, FigureCanvasAgg, Axes]:
    """Return a figure as wide as a document's text, with axes in metres around `bounds` and room for a legend below."""
    west, south, east, north = bounds
    margin = 0.04 * max(east - west, north - south)
    height = WIDTH_IN * min(1.25, max(0.55, (north - south + 3.6 * margin) / (east - west + 2 * margin)))
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(west - margin, east + margin)
    axes.set_ylim(south - 2 * margin, north + 1.6 * margin)
    axes.set_aspect("equal")
    return figure, canvas, axes


def png_of(figure: Figure) -> bytes:
    """Return the figure as PNG bytes without the name of the program: the same figure gives the same bytes."""
    out = io.BytesIO()
    with rare_signs_are_no_news():
        figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None}, facecolor="white")
    return out.getvalue()


def fonts(font: str | None) -> dict[str, Any]:
    """Return text properties with this font; DejaVu Sans writes what it lacks."""
    return {"family": [font, "DejaVu Sans"] if font else ["DejaVu Sans"]}


def base_map(axes: Axes, frames: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Draw water, railways and roads; the frames have `barrier_group` and `road_group` (see `layers.features`)."""
    if "barriers" in frames:
        for group, part in frames["barriers"].groupby("barrier_group", sort=True):
            symbol = BARRIER_SYMBOLS[str(group)]
            areas = part[part.geom_type.isin(("Polygon", "MultiPolygon"))]
            for shape in areas.geometry:
                axes.add_patch(patch_of(shape, facecolor=symbol.fill or "none", edgecolor="none", zorder=2))
            draw_lines(axes, part[~part.index.isin(areas.index)].geometry, symbol, 2.1)
    if "roads" in frames:
        groups = dict(list(frames["roads"].groupby("road_group", sort=True)))
        present = [name for name in reversed(list(ROAD_SYMBOLS)) if name in groups and name != "path"]
        for name in present:
            symbol = ROAD_SYMBOLS[name]
            draw_lines(axes, groups[name].geometry, Symbol(stroke=ROAD_CASING, width=symbol.width * 0.55 + 0.7), 2.5)
        for order, name in enumerate(present):
            symbol = ROAD_SYMBOLS[name]
            draw_lines(
                axes, groups[name].geometry, Symbol(stroke=symbol.stroke, width=symbol.width * 0.55), 2.6 + order / 100
            )


def draw_lines(axes: Axes, shapes: gpd.GeoSeries, symbol: Symbol, zorder: float) -> None:
    """Draw lines in one symbol, as thin as paper wants them."""
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(np.asarray(shapes.array))]
    if parts:
        axes.add_collection(LineCollection(
            parts, colors=symbol.stroke, linewidths=symbol.width * 0.6, zorder=zorder, capstyle="round",
            linestyles=(0, symbol.dash) if symbol.dash else "solid",
        ))  # fmt: skip


def furniture(axes: Axes, lang: Lang, properties: dict[str, Any], handles: Sequence[Artist] = ()) -> None:
    """Draw scale bar, north mark, working-draft mark and a legend of `handles`, where there are any."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    width, height = east - west, north - south
    step = 10 ** int(np.floor(np.log10(width / 5)))
    length = max(each for each in (step, 2 * step, 5 * step) if each <= width / 5)
    x, y = west + 0.03 * width, south + 0.03 * height
    tick = y + 0.008 * height
    axes.plot([x, x, x + length, x + length], [tick, y, y, tick], color=INK, lw=1.2, zorder=9)
    shown = f"{length:g} m" if length < 1000 else f"{length / 1000:g} km"
    axes.text(x + length / 2, y + 0.012 * height, shown, size=7, ha="center", color=INK, zorder=9)
    axes.annotate("", (0.965, 0.975), (0.965, 0.915), xycoords="axes fraction", zorder=9,
                  arrowprops={"arrowstyle": "-|>,head_width=0.3,head_length=0.7", "color": INK, "lw": 1.4})  # fmt: skip
    common = {"transform": axes.transAxes, "color": INK, "path_effects": HALO, "zorder": 9, **properties}
    axes.text(0.965, 0.905, word("page.north", lang), size=8, ha="center", va="top", **common)
    axes.text(0.99, 0.012, word("page.mark", lang), size=6.5, ha="right", **{**common, "color": SEAL})
    if handles:
        legend = axes.legend(
            handles=list(handles), loc="lower right", bbox_to_anchor=(1.0, 0.03), frameon=True, framealpha=0.85,
            edgecolor="none", prop={"size": 7, **properties},
        )  # fmt: skip
        legend.set_zorder(9)


def patch_of(shape: Any, **options: Any) -> PathPatch:  # noqa: ANN401 - shapely in, matplotlib's options through
    """Return an area (or many), holes and all, as one patch."""
    rings = [ring for part in _areas(shape) for ring in (part.exterior, *part.interiors)]
    outlines = [Outline(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings]
    return PathPatch(Outline.make_compound_path(*outlines), **options)


def _areas(shape: Any) -> Any:  # noqa: ANN401 - one shape or an array of them
    parts = shapely.get_parts(shape)
    return parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]


def place_labels(
    axes: Axes,
    canvas: FigureCanvasAgg,
    ground: gpd.GeoDataFrame,
    texts: list[tuple[str, str]],
    properties: dict[str, Any],
) -> None:
    """Write names, larger communities first; where two lines do not fit free of others, one; then a smaller one."""
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    points = label_points(ground)
    taken: list[Any] = []
    order = sorted(range(len(ground)), key=lambda i: (-ground["area_m2"].iloc[i], str(ground.index[i])))
    for position in order:
        name, households = texts[position]
        tries = [(f"{name}\n{households}", 8.5), (f"{name}\n{households}", 7.0), (name, 7.5), (name, 5.5)]
        for attempt, (content, size) in enumerate(tries):
            text = axes.text(
                points.iloc[position].x, points.iloc[position].y, content, size=size, ha="center", va="center",
                color=INK, weight="bold", linespacing=1.25, parse_math=False, path_effects=HALO, zorder=9,
                **properties,
            )  # fmt: skip
            box = text.get_window_extent(renderer).padded(2)
            if attempt == len(tries) - 1 or not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


_SPECK = 0.01
"""Areas whose usual width is a smaller share of the map than this are specks: drawn without white rim or hatching."""


def classes_png(
    frame: gpd.GeoDataFrame,
    style: Style,
    *,
    context: Mapping[str, gpd.GeoDataFrame],
    lang: Lang,
    font: str | None,
    bounds: Sequence[float] | None = None,
    outlines: gpd.GeoSeries | None = None,
) -> bytes:
    """Return a map of areas coloured by the classes of a style, as PNG bytes; the same areas give the same picture.

    Parameters
    ----------
    frame
        Areas in a metric CRS, with the style's column.
    style
        Classes and their symbols; hatched ones are drawn as grey lines on paper.
    context
        Tables behind the map (`layers.features.context_frames`); roads and barriers are drawn.
    lang
        Language of the legend.
    font
        A font with Chinese characters (see `chinese_font`); without one the legend is English.
    bounds
        West, south, east, north in the frame's CRS; those of the frame by default.
    outlines
        Areas drawn as thin outlines on top.
    """
    written: Lang = lang if font or lang == "en" else "en"
    figure, _, axes = blank_map(frame.total_bounds if bounds is None else bounds)
    base_map(axes, context)
    positions = np.array([style.class_of(value) for value in frame[style.column]] if style.column else [0] * len(frame))
    west, south, east, north = frame.total_bounds if bounds is None else bounds
    size = float(np.sqrt(frame.area.median())) if len(frame) else np.inf
    specks = size < _SPECK * max(east - west, north - south)
    handles: list[Artist] = []
    for position, each in reversed(list(enumerate(style.classes))):  # the classes that come first lie on top
        part = frame.geometry[positions == position]
        if part.empty:
            continue
        symbol, hatched = each.symbol, each.symbol.pattern == "hatch" and not specks
        look: dict[str, Any] = {
            "facecolor": "#E6E8EB" if hatched else symbol.fill, "edgecolor": "#7C828B" if hatched else "#FFFFFF",
            "hatch": "//////" if hatched else None, "linewidth": 0.3,
        }  # fmt: skip
        if specks:  # a rim of its own colour; hatching would turn them black
            fill = "#C6CAD0" if each.symbol.pattern == "hatch" else symbol.fill
            look |= {"facecolor": fill, "edgecolor": fill, "linewidth": 0.6}
        drawn = patch_of(np.asarray(part.array), zorder=4, **look)
        if hatched:
            drawn.set_hatch_linewidth(0.5)
        axes.add_patch(drawn)
        label = each.label_zh if written == "zh" else each.label_en
        handles.insert(0, Patch(**{**look, "edgecolor": "#7C828B"}, label=f"{label} ({len(part):,})"))
    if outlines is not None and len(outlines):
        axes.add_patch(patch_of(np.asarray(outlines.array), facecolor="none", edgecolor=INK, linewidth=0.6, zorder=5))
    furniture(axes, written, fonts(font), handles)
    return png_of(figure)
