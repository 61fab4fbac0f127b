"""Printed maps of a town's gaps: the ground is drawn once, and every map is a window on it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.colors import to_rgb
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from PIL import Image
from shapely.geometry.base import BaseGeometry

from layers.drawing import WIDTH_IN, base_map, blank_map, fonts, furniture, rare_signs_are_no_news
from layers.styles import (
    BARRIER_SYMBOLS,
    FACILITY_COLOURS,
    INK,
    ROAD_CASING,
    ROAD_SYMBOLS,
    SCORE_FILLS,
    SEAL,
    Style,
    facility_group,
)
from layers.words import Lang, word

if TYPE_CHECKING:
    from matplotlib.artist import Artist

DOTS_PER_INCH = 150
"""Of the figure; a map of a document's width prints with some 175."""

SHADES = (1.0, 0.78, 0.55, 0.3, 0.12)
"""Each colour comes in these strengths on white: paler areas (0.55), and soft edges."""

_SPECK = 0.01
"""Areas whose usual width is a smaller share of the map than this get a rim of their own colour and no hatching."""

_GREYS = ("#E6E8EB", "#7C828B", "#C6CAD0", "#000000", "#808080")
"""Unknown areas, hatched or not, their rims; letters."""

_NEARLY_WHITE = 244

_MARKS = {"health": "P", "education": "s", "elderly": "D", "civic": "^", "shop": "v", "transport": "X"}
"""Marks of kinds of facilities, for prints without colour; a disc for the others."""

_MANY = 60
"""Above so many facilities on a map their points are smaller."""


class TownMaps:
    """Maps of one town on one figure; the same areas give the same picture.

    Parameters
    ----------
    behind
        Roads and barriers with their groups, in the town's metric CRS (`layers.features.context_frames`).
    bounds
        West, south, east, north of the town, in the same CRS.
    lang
        Language of legends; English where there is no font with Chinese characters.
    font
        See `layers.drawing.chinese_font`.
    """

    def __init__(
        self, behind: Mapping[str, gpd.GeoDataFrame], bounds: Sequence[float], *, lang: Lang, font: str | None
    ) -> None:
        self.lang: Lang = lang if font or lang == "en" else "en"
        self.text = fonts(font)
        self.bounds = tuple(float(each) for each in bounds)
        self.figure, self.canvas, self.axes = blank_map(self.bounds)
        self.figure.set_dpi(DOTS_PER_INCH)
        base_map(self.axes, behind)
        self.ground = set(self.axes.get_children())
        self.palette = _palette()

    def png(
        self,
        frame: gpd.GeoDataFrame,
        style: Style,
        *,
        outlines: gpd.GeoSeries | None = None,
        around: BaseGeometry | None = None,
        inside: np.ndarray[Any, np.dtype[np.bool_]] | None = None,
        facilities: gpd.GeoDataFrame | None = None,
    ) -> bytes:
        """Return a map of areas coloured by the classes of a style, as PNG bytes of a small palette.

        Parameters
        ----------
        frame
            Areas, with the style's column.
        style
            Classes and their symbols; the legend counts the areas of each.
        outlines
            Borders on top.
        around
            One community: the map shows it and what lies round it, paler.
        inside
            The rows of `frame` that belong to it: the legend counts these.
        facilities
            Points with `category`, coloured by its group, with a legend of their own.
        """
        for each in set(self.axes.get_children()) - self.ground:
            each.remove()
        self._look_at(self.bounds if around is None else _across(around.bounds))
        window = shapely.box(*self._window())
        shapely.prepare(window)
        shapes = np.asarray(frame.geometry.array)
        seen = shapely.intersects(window, shapes)
        handles = self._areas(frame, shapes, style, seen, inside)
        if around is not None:
            self._add(shapely.difference(window, around), zorder=4.5, facecolor="white", alpha=0.45, edgecolor="none")
            self._add(around, zorder=5, facecolor="none", edgecolor=INK, linewidth=1.2)
        if outlines is not None:
            self._add(np.asarray(outlines.array), zorder=5, facecolor="none", edgecolor=INK, linewidth=0.6)
        if facilities is not None:
            self._facilities(facilities[shapely.intersects(window, np.asarray(facilities.geometry.array))])
        furniture(self.axes, self.lang, self.text, handles)
        return self._printed()

    def _look_at(self, bounds: Sequence[float]) -> None:
        """Set the figure's height and the axes' limits as `layers.drawing.blank_map` does."""
        west, south, east, north = bounds
        margin = 0.04 * max(east - west, north - south)
        shape = min(1.25, max(0.55, (north - south + 3.6 * margin) / (east - west + 2 * margin)))
        self.figure.set_size_inches(WIDTH_IN, WIDTH_IN * shape)
        self.axes.set_xlim(west - margin, east + margin)
        self.axes.set_ylim(south - 2 * margin, north + 1.6 * margin)
        self.axes.apply_aspect()

    def _window(self) -> tuple[float, float, float, float]:
        """Return what the map shows: west, south, east, north."""
        (west, east), (south, north) = self.axes.get_xlim(), self.axes.get_ylim()
        return west, south, east, north

    def _areas(
        self,
        frame: gpd.GeoDataFrame,
        shapes: Any,  # noqa: ANN401 - an array of shapes
        style: Style,
        seen: Any,  # noqa: ANN401 - an array of flags
        inside: Any,  # noqa: ANN401 - an array of flags
    ) -> list[Artist]:
        """Draw what is seen of the areas by class, those that come first on top; return the lines of the legend."""
        positions = np.array([style.class_of(value) for value in frame[style.column]], dtype=np.int64)
        counted = seen if inside is None else inside
        west, south, east, north = self._window()
        size = float(np.sqrt(np.median(shapely.area(shapes[seen])))) if seen.any() else np.inf
        specks = size < _SPECK * max(east - west, north - south)
        handles: list[Artist] = []
        for position, each in reversed(list(enumerate(style.classes))):
            mine = positions == position
            if not (mine & seen).any():
                continue
            hatch = each.symbol.pattern == "hatch"
            hatched = hatch and not specks
            fill = "#E6E8EB" if hatched else "#C6CAD0" if hatch else each.symbol.fill
            rim = fill if specks else "#7C828B" if hatched else "#FFFFFF"
            look: dict[str, Any] = {"facecolor": fill, "edgecolor": rim, "linewidth": 0.6 if specks else 0.3,
                                    "hatch": "//////" if hatched else None}  # fmt: skip
            drawn = self._add(shapes[mine & seen], zorder=4, **look)
            if hatched:
                drawn.set_hatch_linewidth(0.5)
            label = each.label_zh if self.lang == "zh" else each.label_en
            handles.insert(0, Patch(**{**look, "edgecolor": "#7C828B"}, label=f"{label} ({(mine & counted).sum():,})"))
        return handles

    def _facilities(self, found: gpd.GeoDataFrame) -> None:
        """Draw facilities as points, and their legend in the upper left corner."""
        groups = np.array([facility_group(each) for each in found["category"]], dtype=object)
        x, y = found.geometry.x.to_numpy(), found.geometry.y.to_numpy()
        size = 5.6 if len(found) > _MANY else 6.4
        handles = []
        for group, fill in FACILITY_COLOURS.items():
            mine = groups == group
            if not mine.any():
                continue
            label = f"{word(f'facility.{group}', self.lang)} ({mine.sum():,})"
            look: dict[str, Any] = {"linestyle": "none", "marker": _MARKS.get(group, "o"), "markerfacecolor": fill,
                                    "markeredgecolor": "white", "markeredgewidth": 0.6}  # fmt: skip
            self.axes.add_artist(Line2D(x[mine], y[mine], markersize=size, zorder=6, **look))
            handles.append(Line2D([], [], markersize=5.6, label=label, **look))
        if not handles:
            return
        legend = Legend(
            self.axes, handles, [str(each.get_label()) for each in handles], loc="upper left", frameon=True,
            framealpha=0.85, edgecolor="none", prop={"size": 6.5, **self.text}, handletextpad=0.2,
            title=word("gaps.layer_counted", self.lang), title_fontproperties={"size": 6.5, **self.text},
            alignment="left",
        )  # fmt: skip
        legend.set_zorder(9)
        self.axes.add_artist(legend)

    def _add(self, shapes: Any, **look: Any) -> PathPatch:  # noqa: ANN401 - shapes in, matplotlib's options through
        """Draw areas as one patch; the limits of the axes stay as they are."""
        patch = PathPatch(_outline(shapes), **look)
        self.axes.add_artist(patch)
        return patch

    def _printed(self) -> bytes:
        with rare_signs_are_no_news():
            self.canvas.draw()  # type: ignore[no-untyped-call]
        drawn = np.asarray(self.canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        picture = Image.fromarray(np.ascontiguousarray(drawn[:, :, :3]))
        picture = picture.quantize(palette=self.palette, dither=Image.Dither.NONE)
        out = io.BytesIO()
        picture.save(out, format="PNG", compress_level=7)
        return out.getvalue()


def _palette() -> Image.Image:
    """Return a picture that has the palette of the maps: each colour is on paper what the legend says."""
    symbols = (*ROAD_SYMBOLS.values(), *BARRIER_SYMBOLS.values())
    named = {*SCORE_FILLS, *FACILITY_COLOURS.values(), INK, SEAL, ROAD_CASING, *_GREYS,
             *(colour for each in symbols for colour in (each.fill, each.stroke) if colour)}  # fmt: skip
    full = np.array([to_rgb(each) for each in sorted(named)])
    strength = np.array(SHADES)[:, None, None]
    shades = np.unique(np.rint(255 * (1 - strength * (1 - full))).reshape(-1, 3).astype(np.uint8), axis=0)
    shades = shades[shades.min(axis=1) < _NEARLY_WHITE]  # paper stays white
    colours = np.concatenate([[[255, 255, 255]], shades])[:256].astype(np.uint8)
    made = Image.new("P", (1, 1))
    made.putpalette(colours.tobytes())
    return made


def _outline(shapes: Any) -> Outline:  # noqa: ANN401 - one shape or an array of them
    """Return all rings of areas as one path."""
    parts = shapely.get_parts(shapes)
    rings = shapely.get_rings(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])
    points, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(points), Outline.LINETO, dtype=Outline.code_type)
    turns = np.flatnonzero(np.diff(ring)) + 1
    codes[np.r_[0, turns][: len(points)]] = Outline.MOVETO
    codes[np.r_[turns, len(points)][: len(points)] - 1] = Outline.CLOSEPOLY
    return Outline(points, codes)


def _across(bounds: Sequence[float], shape: float = 2.1) -> tuple[float, float, float, float]:
    """Return bounds wide enough for a map that is `shape` times as wide as high, with a margin."""
    west, south, east, north = bounds
    high = 1.1 * max(north - south, (east - west) / shape)
    middle, across = (west + east) / 2, (south + north) / 2
    return middle - high * shape / 2, across - high / 2, middle + high * shape / 2, across + high / 2
