"""An answer of siting as a printed map: homes by cover, sites by number, facilities of today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from layers.catalogue import gained_style
from layers.drawing import HALO, base_map, blank_map, fonts, furniture, patch_of, png_of
from layers.siting.facts import Scene, place_name
from layers.styles import COVER_FILLS, INK, SITE_FILLS, SITED_FACILITY
from layers.words import Lang, word

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_RIM = 0.45
"""Homes get a rim of their own colour: on paper a building of a whole town is a speck."""


_LEAST_M = 400.0
"""A map is at least so wide and high [m]."""

_MOST_NAMED = 8
"""Where there are more sites on a map, their numbers stand in the table with the names."""


def scene_png(
    scene: Scene,
    *,
    homes: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame | None,
    behind: Mapping[str, gpd.GeoDataFrame],
    lang: Lang,
    font: str | None,
    numbers: Mapping[str, str],
    gained: pd.Series | None = None,
    bounds: Sequence[float] | None = None,
) -> bytes:
    """Return a map of a scene as PNG bytes; the same scene gives the same picture.

    Parameters
    ----------
    scene
        Homes by cover.
    homes, sites, facilities, communities
        As `layers.siting.facts` makes them, in one metric CRS.
    behind
        Roads and barriers with their groups (`layers.features.context_frames`).
    lang
        Language of the legend; English where there is no font with Chinese characters.
    font
        See `layers.drawing.chinese_font`.
    numbers
        Site id → what stands in its mark.
    gained
        By how many facilities each home is newly covered: homes are coloured by it instead.
    bounds
        West, south, east, north; those of the homes by default.
    """
    written: Lang = lang if font or lang == "en" else "en"
    area = [float(each) for each in (homes.total_bounds if bounds is None else bounds)]
    _, _, axes = blank_map(area)
    base_map(axes, behind)
    if communities is not None:
        axes.add_patch(patch_of(np.asarray(communities.geometry.array), facecolor="none", edgecolor="#8B8577",
                                linewidth=0.6, linestyle=(0, (4, 2)), zorder=3.5))  # fmt: skip
    handles = (_homes(axes, homes, scene.homes["state"], _cover_classes(written)) if gained is None
               else _homes(axes, homes, gained, _gained_classes(written)))  # fmt: skip
    handles += _marks(axes, scene, sites, facilities, lang=written, font=font, numbers=numbers)
    furniture(axes, written, fonts(font), handles)
    return png_of(axes.figure)  # type: ignore[arg-type]


def _cover_classes(lang: Lang) -> list[tuple[str, str, str]]:
    """Return value, colour and label of how homes are covered, what matters most last."""
    fills = {"unreached": "#9AA0A8", **{name: COVER_FILLS[name] for name in ("not", "covered", "new")}}
    return [(name, fill, word(f"siting.state.{name}", lang)) for name, fill in fills.items()]


def _gained_classes(lang: Lang) -> list[tuple[str, str, str]]:
    """Return the same of by how many facilities homes are newly covered."""
    return [(each.value, each.symbol.fill, each.label_zh if lang == "zh" else each.label_en)
            for each in reversed(gained_style().classes)]  # fmt: skip


def _homes(
    axes: Axes, homes: gpd.GeoDataFrame, values: pd.Series, classes: Sequence[tuple[str, str, str]]
) -> list[Artist]:
    """Draw the homes by class, the last class on top, and return their lines of the legend, the last first."""
    found = values.reindex(homes.index).astype(str)
    handles: list[Artist] = []
    for value, fill, label in classes:
        part = homes.geometry[found == value]
        if part.empty:
            continue
        axes.add_patch(patch_of(np.asarray(part.array), facecolor=fill, edgecolor=fill, linewidth=_RIM, zorder=4))
        handles.insert(0, Patch(facecolor=fill, edgecolor="#7C828B", linewidth=0.3, label=label))
    return handles


def _marks(
    axes: Axes, scene: Scene, sites: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, *, lang: Lang, font: str | None,
    numbers: Mapping[str, str],
) -> list[Artist]:  # fmt: skip
    """Draw facilities, candidates and the sites of the scene with their numbers; return their lines of the legend."""
    handles: list[Artist] = []
    mine = facilities[[scene.requirement.key in str(keys).split(";") for keys in facilities["counts"]]]
    rest = sites[~sites.index.isin(scene.sites) & ~sites["taken"].eq("yes")]
    small: tuple[tuple[gpd.GeoDataFrame, str, dict[str, Any]], ...] = (
        (mine, "siting.show_facilities", {"marker": "s", "markersize": 4.2, "markerfacecolor": SITED_FACILITY.fill,
                                          "markeredgecolor": "white", "markeredgewidth": 0.6}),
        (rest, "siting.chosen.no", {"marker": "o", "markersize": 3.2, "markerfacecolor": "white",
                                    "markeredgecolor": "#5B6673", "markeredgewidth": 0.7}),
    )  # fmt: skip
    for frame, key, look in small:
        if len(frame):
            axes.plot(frame.geometry.x, frame.geometry.y, linestyle="none", zorder=6, **look)
            handles.append(_sign(word(key, lang), look))
    kinds = (("yes", "siting.chosen.yes"), ("hand", "siting.chosen.hand"))
    for taken, key in kinds:
        part = sites[sites.index.isin(scene.sites) & sites["taken"].eq(taken)]
        if part.empty:
            continue
        disc: dict[str, Any] = {"marker": "o", "markersize": 11, "markerfacecolor": SITE_FILLS[taken],
                                "markeredgecolor": "white", "markeredgewidth": 1.1}  # fmt: skip
        axes.plot(part.geometry.x, part.geometry.y, linestyle="none", zorder=7, **disc)
        for site, spot in part.geometry.items():
            axes.text(spot.x, spot.y, numbers.get(str(site), ""), size=6.5, ha="center", va="center_baseline",
                      color="white", weight="bold", zorder=8, **fonts(font))  # fmt: skip
            if len(part) > _MOST_NAMED:
                continue
            name = place_name(part.loc[site], site, lang)
            axes.annotate(name, (spot.x, spot.y), xytext=(0, -11), textcoords="offset points", size=6.2, ha="center",
                          color=INK, path_effects=HALO, parse_math=False, zorder=7.5, **fonts(font))  # fmt: skip
        handles.append(_sign(word(key, lang), disc | {"markersize": 7}))
    return handles


def _sign(label: str, look: Mapping[str, Any]) -> Line2D:
    return Line2D([], [], linestyle="none", label=label, **look)


def frame_around(scene: Scene, homes: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    """Return bounds that hold the sites of a scene and nearly all homes: a few far ones do not shrink the map."""
    spots = shapely.get_coordinates(shapely.centroid(np.asarray(homes.geometry.array)))
    mine = shapely.get_coordinates(np.asarray(sites.geometry[sites.index.isin(scene.sites)].array))
    nearly = np.quantile(spots, (0.01, 0.99), axis=0) if len(spots) else np.empty((0, 2))
    corners = np.vstack([nearly, mine])
    if not len(corners):
        corners = shapely.get_coordinates(np.asarray(sites.geometry.array))
    low, high = corners.min(axis=0), corners.max(axis=0)
    short = np.maximum(0.0, _LEAST_M - (high - low)) / 2
    (west, south), (east, north) = low - short, high + short
    return float(west), float(south), float(east), float(north)
