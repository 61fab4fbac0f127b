"""What served rasters look like: their classes, colours, units, and tiles as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from geo.raster import Raster
from layers.relief import cell_m, hillshade, slope
from layers.sprites import Pixels
from layers.styles import Style, StyleClass, Symbol, ranges
from layers.words import WORDS

Name = Literal["population", "dem", "slope", "hillshade"]
NAMES: Final[tuple[Name, ...]] = ("population", "dem", "slope", "hillshade")

DERIVED: Final[Mapping[Name, str]] = {"population": "population", "dem": "dem", "slope": "dem", "hillshade": "dem"}
"""Served raster → the study's raster it is made from."""

UNITS: Final[Mapping[Name, str]] = {
    "population": "unit.people_per_ha", "dem": "unit.m", "slope": "unit.degrees", "hillshade": "unit.light",
}  # fmt: skip
OPACITY: Final[Mapping[Name, float]] = {"population": 0.75, "dem": 0.75, "slope": 0.75, "hillshade": 0.6}
SMOOTH: Final[frozenset[Name]] = frozenset({"dem", "slope", "hillshade"})
"""Interpolated between cells; people are counted by cells and shown as such."""

POPULATION_BREAKS = (10.0, 25.0, 50.0, 100.0, 200.0, 400.0)
POPULATION_FILLS = ("#FBF3DC", "#FADFA8", "#F6BE6F", "#EB8F4A", "#D35F3B", "#A83332", "#6E1A3A")
SLOPE_BREAKS = (2.0, 6.0, 15.0, 25.0)
"""Classes of slope in China's land surveys (TD/T 1055-2019) [degrees]."""

SLOPE_FILLS = ("#EAF3DC", "#CBE0A3", "#F4DB82", "#E79A4B", "#B1492F")
HEIGHT_STOPS = ("#6F9F7C", "#A9C58B", "#DCDDA1", "#F0DEA4", "#E0BC86", "#C39A77", "#A98270", "#CBBBB4", "#F4F1EF")
"""Colours of heights, from the lowest; as many are taken as there are classes."""

SHADE_STEPS = 6
_HA_M2 = 10_000.0


@dataclass(frozen=True)
class Look:
    """One served raster: its values on the cells of the study's raster, and the classes they are drawn by."""

    name: Name
    raster: Raster
    style: Style


def look(name: Name, raster: Raster) -> Look:
    """Return a study's raster as it is served: people as people per hectare, heights as heights, slope or light."""
    if name == "population":
        wide, high = cell_m(raster)
        per_ha = (raster.values / (wide * high / _HA_M2)).astype(np.float32)
        classes = ranges(POPULATION_BREAKS, POPULATION_FILLS, "", WORDS["unit.people_per_ha"])
        return Look(name, replace(raster, values=per_ha), Style("ranges", classes, name))
    if name == "slope":
        return Look(name, slope(raster), Style("ranges", ranges(SLOPE_BREAKS, SLOPE_FILLS, "", WORDS["unit.degrees"])))
    if name == "hillshade":
        return Look(name, hillshade(raster), Style("ranges", _shades()))
    breaks = height_breaks(raster.values)
    stops = np.rint(np.linspace(0, len(HEIGHT_STOPS) - 1, len(breaks) + 1)).astype(int)
    fills = tuple(HEIGHT_STOPS[n] for n in stops)
    return Look(name, raster, Style("ranges", ranges(breaks, fills, "", WORDS["unit.m"])))


def height_breaks(values: npt.NDArray[np.float32]) -> tuple[float, ...]:
    """Return round heights that part the ground into five to nine classes [m]; outliers do not count.

    Examples
    --------
    >>> height_breaks(np.arange(0, 100, dtype="float32"))
    (20.0, 40.0, 60.0, 80.0)
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return (0.0,)
    low, high = (float(each) for each in np.percentile(known, [1, 99]))
    wide = max(high - low, 0.5)
    size = 10.0 ** np.floor(np.log10(wide / 4))
    step = next(each for each in (1 * size, 2 * size, 5 * size, 10 * size) if wide / each <= 8)
    first = np.floor(low / step) * step + step
    made = tuple(round(float(each), 3) for each in np.arange(first, high, step))
    return made or (round(float(first), 3),)


def paint(values: npt.NDArray[np.floating], style: Style) -> Pixels:
    """Return values as pixels in the colours of their classes; what is not known is transparent."""
    shaded = style.column == "" and all(each.value.startswith("shade") for each in style.classes)
    edges = [each.upper for each in style.classes if each.upper is not None]
    known = np.isfinite(values)
    place = np.digitize(np.where(known, values, edges[0] if edges else 0.0), edges)
    table = np.array([[*_rgb(each.symbol.fill), 255] for each in style.classes], dtype=np.uint8)
    made: Pixels = table[place]
    if shaded:  # the darker the ground, the less is seen through
        strength = np.clip((0.7072 - np.where(known, values, 0.7072)) / 0.7072, -0.4, 1.0)
        made[..., :3] = np.where(strength[..., None] < 0, 255, 25)
        made[..., 3] = np.rint(255 * np.clip(np.abs(strength) * 1.2, 0, 1))
    made[~known] = 0
    return made


def _shades() -> tuple[StyleClass, ...]:
    """Return the classes of light: only the first and the last have words."""
    edges = [None, *np.round(np.linspace(0.0, 1.0, SHADE_STEPS + 1), 3).tolist()[1:-1], None]
    made = []
    for n in range(SHADE_STEPS):
        grey = round(60 + 190 * n / (SHADE_STEPS - 1))
        words = WORDS["raster.shade.dark"] if n == 0 else WORDS["raster.shade.light"] if n == SHADE_STEPS - 1 else (
            "", "")  # fmt: skip
        symbol = Symbol(fill=f"#{grey:02X}{grey:02X}{grey:02X}")
        made.append(StyleClass(f"shade{n}", *words, symbol, edges[n], edges[n + 1]))
    return tuple(made)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
