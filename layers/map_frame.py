"""The map on a printed sheet: layers of the catalogue drawn to scale inside a frame, and the names on it.

Everything is in metres of the study's CRS; sizes of symbols and letters are those of paper, whatever the scale.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from layers.catalogue import Layer
from layers.drawing import HALO
from layers.maplibre import GROUNDS, LABELLED, OVER_GROUND, SLOTS
from layers.styles import COMMUNITY_COLOURS, INK, ROAD_CASING, Symbol

Box = tuple[float, float, float, float]

PT_PER_PX: Final = 0.6
"""Points of a line on paper for one pixel on the screen."""
SPECK_MM2: Final = 1.5
"""Areas usually smaller than this on paper [mm²] have a rim of their own colour: a white one would hide them."""
LEAST_MM: Final = 0.06
"""Details smaller than this on paper [mm] are left out: no printer shows them."""
MM_PER_PT: Final = 25.4 / 72
_HATCH: Final = "////"


@dataclass(frozen=True, eq=False)
class Shown:
    """What is drawn of one layer: features in metres, one entry in each array for each of them.

    Attributes
    ----------
    layer
    shapes
    classes
        Position of each one's class in the layer's style.
    names, sums
        What is written at each, and on a line below it; empty texts for nothing.
    strong
        Those that are drawn at full strength; None: all.
    communities
        The classes are colours of communities, which a legend does not tell apart.
    """

    layer: Layer
    shapes: npt.NDArray[np.object_]
    classes: npt.NDArray[np.intp]
    names: Sequence[str] = ()
    sums: Sequence[str] = ()
    strong: npt.NDArray[np.bool_] | None = None
    communities: bool = False
    road_names: Sequence[Mapping[str, Any]] = field(default=())
    """Of roads: `layers.features.road_labels`, with `text`."""


def draw(axes: Axes, shown: Iterable[Shown], scale: float) -> None:
    """Draw layers, bottom first, into axes that are in metres at 1:`scale`."""
    for order, each in enumerate(shown):
        _draw_one(axes, each, scale, order / 1000)


def _draw_one(axes: Axes, shown: Shown, scale: float, order: float) -> None:
    shapes = np.asarray(shapely.simplify(shown.shapes, LEAST_MM / 1000 * scale), dtype=object)
    kinds = shapely.get_dimensions(shapes)
    layer = shown.layer
    strong = np.ones(len(shapes), dtype=bool) if shown.strong is None else shown.strong
    for position in reversed(range(len(layer.style.classes))):  # classes that come first lie on top
        symbol = symbol_of(shown, position)
        of_class = shown.classes == position
        areas, lines, points = (shapes[of_class & (kinds == dimension)] for dimension in (2, 1, 0))
        if len(areas):
            specks = float(np.median(shapely.area(areas))) / (scale / 1000) ** 2 < SPECK_MM2
            if specks and symbol.stroke.upper() == "#FFFFFF" and symbol.fill:
                symbol = replace(symbol, stroke=symbol.fill, width=0.6)
            _areas(axes, layer, areas, symbol, order)
        for part, faint in ((lines, False),) if shown.strong is None else (
            (shapes[of_class & (kinds == 1) & strong], False), (shapes[of_class & (kinds == 1) & ~strong], True)
        ):  # fmt: skip
            if len(part):
                _lines(axes, layer, part, _wide(layer, symbol, scale), order, faint=faint)
        if len(points):
            xy = shapely.get_coordinates(points)
            size = (2 * symbol.radius * PT_PER_PX) ** 2
            axes.scatter(xy[:, 0], xy[:, 1], s=size, c=symbol.fill or "none", edgecolors=symbol.stroke or "none",
                         linewidths=symbol.width * PT_PER_PX, zorder=SLOTS["points"] + order)  # fmt: skip


def _wide(layer: Layer, symbol: Symbol, scale: float) -> Symbol:
    """Return a road's symbol, wider where the map is larger."""
    if layer.table != "roads":
        return symbol
    return replace(symbol, width=symbol.width * min(max((15_000 / scale) ** 0.4, 0.7), 2.2))


def symbol_of(shown: Shown, position: int) -> Symbol:
    """Return the symbol of a class."""
    return shown.layer.style.classes[position].symbol


def _areas(axes: Axes, layer: Layer, areas: npt.NDArray[np.object_], symbol: Symbol, order: float) -> None:
    outline = compound(areas)
    if outline is None:
        return
    ground = layer.table in GROUNDS or layer.id == "communities"
    slot = (SLOTS["ground"] if ground else SLOTS["above_ground"] if layer.table in OVER_GROUND
            else SLOTS["water"] if layer.table == "barriers" else SLOTS["buildings"] if layer.id == "buildings"
            else SLOTS["moves"] if layer.table == "moves" else SLOTS["homes"])  # fmt: skip
    if symbol.pattern == "hatch":
        hatched = PathPatch(outline, facecolor="none", edgecolor=to_rgba(symbol.fill, 0.6), hatch=_HATCH, linewidth=0,
                            zorder=slot + order)  # fmt: skip
        hatched.set_hatch_linewidth(0.4)
        axes.add_patch(hatched)
    elif symbol.pattern == "solid" and symbol.fill:
        axes.add_patch(PathPatch(outline, facecolor=to_rgba(symbol.fill, symbol.fill_opacity), edgecolor="none",
                                 linewidth=0, zorder=slot + order))  # fmt: skip
    if symbol.stroke and layer.table != "barriers":
        rim = SLOTS["borders"] if ground or layer.table == "moves" else SLOTS["outlines"]
        axes.add_patch(PathPatch(
            outline, facecolor="none", edgecolor=to_rgba(symbol.stroke, symbol.stroke_opacity), joinstyle="round",
            linewidth=symbol.width * PT_PER_PX * (0.75 if ground else 1.0), zorder=rim + order,
            linestyle=(0, dashes(symbol)) if symbol.dash else "solid",
        ))  # fmt: skip


def _lines(
    axes: Axes, layer: Layer, lines: npt.NDArray[np.object_], symbol: Symbol, order: float, *, faint: bool
) -> None:
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(lines)]
    width = symbol.width * PT_PER_PX * (0.5 if faint else 1.0)
    slot = {"roads": SLOTS["roads"], "barriers": SLOTS["water"], "gap_network": SLOTS["homes"]}.get(
        layer.table, SLOTS["seams"]
    ) - (0.5 if layer.table == "barriers" and symbol.fill else 0.0)  # the middle of a river lies under its banks
    if layer.table == "roads" and not symbol.dash:
        axes.add_collection(LineCollection(parts, colors=ROAD_CASING, linewidths=width + 0.55, capstyle="round",
                                           zorder=SLOTS["casing"] + order))  # fmt: skip
    # wider roads lie over narrow ones
    rank = symbol.width / 100 if layer.table == "roads" else 0.0
    axes.add_collection(LineCollection(
        parts, colors=to_rgba(symbol.stroke or INK, symbol.stroke_opacity), linewidths=width,
        capstyle="butt" if symbol.dash else "round", joinstyle="round", zorder=slot + order + rank,
        linestyles=[(0, dashes(symbol))] if symbol.dash else "solid",
    ))  # fmt: skip


def dashes(symbol: Symbol) -> tuple[float, ...]:
    """Return the dashes of a line, in its widths, as matplotlib takes them."""
    return tuple(each / max(symbol.width, 0.5) for each in symbol.dash)


def compound(areas: npt.NDArray[np.object_]) -> Outline | None:
    """Return areas, holes and all, as one path; None where nothing is left of them."""
    parts = shapely.get_parts(areas)
    parts = parts[(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)]
    if not len(parts):
        return None
    rings = shapely.get_rings(shapely.orient_polygons(parts))
    points, counts = shapely.get_coordinates(rings), shapely.get_num_coordinates(rings)
    codes = np.full(len(points), Outline.LINETO, dtype=np.uint8)
    ends = np.cumsum(counts)
    codes[ends - 1] = Outline.CLOSEPOLY
    codes[ends - counts] = Outline.MOVETO
    return Outline(points, codes)


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class Names:
    """Names on a map: each is written where it is free of those written before, or not at all.

    Parameters
    ----------
    axes
        In metres.
    box
        West, south, east, north of what the axes show [m].
    scale
        Of the map: 1:`scale`.
    fonts
        Text properties (`layers.drawing.fonts`).
    """

    def __init__(self, axes: Axes, box: Box, scale: float, fonts: dict[str, Any]) -> None:
        self._axes = axes
        self._inside = shapely.box(*box)
        self._m_per_mm = scale / 1000
        self._fonts = fonts
        self._taken: list[shapely.Geometry] = []

    def write(self, shown: Sequence[Shown]) -> None:
        """Write the names of all layers: communities, then roads, then estates and points."""
        grounds = [each for each in shown if _is_ground(each)]
        for each in reversed(grounds):  # of two divisions the upper one is named
            if any(each.names):
                self._areas(each, sizes=(8.0, 7.0, 6.0), bold=True)
                break
        for each in shown:
            self._roads(each.road_names)
        for each in reversed(shown):
            if _is_ground(each) or not any(each.names):
                continue
            if each.layer.geometry == "point":
                self._points(each)
            elif each.layer.table in LABELLED:
                self._areas(each, sizes=(5.5, 4.8), bold=False)

    def _areas(self, shown: Shown, *, sizes: Sequence[float], bold: bool) -> None:
        clipped = shapely.intersection(shown.shapes, self._inside)
        sizes_m2 = shapely.area(clipped)
        for position in np.argsort(-np.nan_to_num(sizes_m2), kind="stable"):
            name, area = shown.names[position], clipped[position]
            if not name or area is None or sizes_m2[position] <= 0:
                continue
            at = _middle(area)
            total = shown.sums[position] if len(shown.sums) else ""
            width = (area.bounds[2] - area.bounds[0]) * 1.15
            for size in sizes:
                tries = [f"{name}\n{total}", name] if total else [name]
                if any(self._put(text, at, size, fits=width, weight="bold" if bold else "normal") for text in tries):
                    break

    def _points(self, shown: Shown) -> None:
        for shape, name in zip(shown.shapes, shown.names, strict=True):
            if name and shape is not None and not shape.is_empty:
                at = shape.representative_point()
                radius = max(each.symbol.radius for each in shown.layer.style.classes) * PT_PER_PX * MM_PER_PT
                below = shapely.Point(at.x, at.y - (radius + 1.2) * self._m_per_mm)
                if self._inside.contains(at):
                    self._put(name, below, 4.6, colour="#3B4654")

    def _roads(self, roads: Sequence[Mapping[str, Any]]) -> None:
        for road in roads:
            size = 5.6 if road["group"] in ("expressway", "primary", "secondary") else 4.8
            self._put(str(road["text"]), road["point"], size, angle=float(road["angle_deg"]), colour="#4A5360",
                      fits=float(road["length_m"]))  # fmt: skip

    def _put(
        self, text: str, at: shapely.Point, size: float, *, angle: float = 0.0, colour: str = INK,
        weight: str = "normal", fits: float | None = None,
    ) -> bool:  # fmt: skip
        """Write a text when there is room for it: inside the map, free of others, no longer than `fits` [m]."""
        lines = text.split("\n")
        wide = max(width_mm(line, size) for line in lines) * self._m_per_mm
        high = len(lines) * size * 1.25 * MM_PER_PT * self._m_per_mm
        if fits is not None and wide > fits:
            return False
        here = shapely.box(at.x - wide / 2, at.y - high / 2, at.x + wide / 2, at.y + high / 2)
        here = shapely.affinity.rotate(here, angle) if angle else here
        if not self._inside.contains(here) or any(here.intersects(other) for other in self._taken):
            return False
        self._taken.append(here.buffer(0.5 * self._m_per_mm))
        self._axes.text(
            at.x, at.y, text, size=size, ha="center", va="center", rotation=angle, rotation_mode="anchor", color=colour,
            weight=weight, linespacing=1.2, parse_math=False, path_effects=HALO, zorder=SLOTS["names"], **self._fonts,
        )  # fmt: skip
        return True


def width_mm(text: str, size: float) -> float:
    """Return about how wide a text is [mm] in letters of `size` [pt]: Chinese signs are square, others half of it."""
    ems = sum(1.0 if ord(sign) > 0x2E7F else 0.58 for sign in text)
    return ems * size * MM_PER_PT


def _is_ground(shown: Shown) -> bool:
    return shown.layer.table in GROUNDS or shown.layer.id == "communities"


def _middle(area: shapely.Geometry) -> shapely.Point:
    parts = [part for part in shapely.get_parts(area) if part.geom_type == "Polygon"]
    largest = max(parts, key=lambda part: part.area)
    circle = shapely.maximum_inscribed_circle(largest, tolerance=max(1.0, float(np.sqrt(largest.area)) / 100))
    centre: shapely.Point = shapely.get_point(circle, 0)
    return centre


def community_symbols() -> list[Symbol]:
    """Return symbols of a few communities, which stand for all of them in a legend."""
    return [Symbol(fill=fill, fill_opacity=0.78, stroke=INK, width=1.0) for fill in COMMUNITY_COLOURS[:3]]
