"""The printed map of a plan, before or after, as a PNG for documents."""

from collections.abc import Mapping
from typing import Literal

import geopandas as gpd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from geo.partition.actions import PlanTables
from layers.drawing import base_map, blank_map, fonts, furniture, patch_of, place_labels, png_of, rare_signs_are_no_news
from layers.features import arrows, layer_frames
from layers.office import clean
from layers.provenance import plan_limits
from layers.styles import COMMUNITY_COLOURS, INK, SEAL
from layers.words import Lang, name_in, number, word

When = Literal["before", "after"]


def overview_png(
    tables: PlanTables,
    when: When,
    *,
    context: Mapping[str, gpd.GeoDataFrame],
    lang: Lang,
    font: str | None,
) -> bytes:
    """Return a map of the communities, today's or the plan's, as PNG bytes; the same plan gives the same picture.

    Parameters
    ----------
    tables
        The plan's tables, in a metric CRS.
    when
        `before` or `after`; the later one shows what moved.
    context
        Tables behind the plan by name; roads and barriers are drawn.
    lang
        Language of names and legend.
    font
        A font with Chinese characters (see `chinese_font`); without one the map shows ids and English words.
    """
    frames = layer_frames(tables, {name: context[name] for name in ("roads", "barriers") if name in context},
                          plan_limits(tables))  # fmt: skip
    ground = frames["communities" if when == "after" else "communities_before"].sort_index()
    written: Lang = lang if font or lang == "en" else "en"
    figure, canvas, axes = blank_map(tables.blocks.total_bounds)
    for colour, shape in zip(ground["colour"], ground.geometry, strict=True):
        axes.add_patch(patch_of(shape, facecolor=COMMUNITY_COLOURS[int(colour)], edgecolor="none", zorder=1))
    base_map(axes, frames)
    if when == "after":
        _moves(axes, tables)
    for shape in ground.geometry:
        axes.add_patch(patch_of(shape, facecolor="none", edgecolor=INK, linewidth=1.3, zorder=6, joinstyle="round"))
    properties = fonts(font)
    texts = _texts(ground, written if font else None)
    with rare_signs_are_no_news():
        place_labels(axes, canvas, ground, texts, properties)
    moved = when == "after" and len(tables.moves) > 0
    parcels = Patch(facecolor="white", edgecolor=SEAL, hatch="///", label=word("layer.moves", written))
    furniture(axes, written, properties, [parcels] if moved else [])
    return png_of(figure)


def _texts(ground: gpd.GeoDataFrame, lang: Lang | None) -> list[tuple[str, str]]:
    """Return name and households of every community; ids where no font can write names."""
    texts = []
    for key, row in ground.iterrows():
        code = lang or "en"
        named = clean(name_in(row, code, or_else=str(key)) if lang else str(key))
        texts.append((named, word("page.households_unit", code, n=number(row["households"], code))))
    return texts


def _moves(axes: Axes, tables: PlanTables) -> None:
    for shape in tables.moves.sort_index().geometry:
        parcel = patch_of(shape, facecolor="none", edgecolor=SEAL, hatch="///", linewidth=1.1, zorder=5)
        parcel.set_hatch_linewidth(0.7)
        axes.add_patch(parcel)
    halo = [patheffects.withStroke(linewidth=3.4, foreground="white"), patheffects.Normal()]
    for start, end in arrows(tables).values():
        axes.annotate("", (end.x, end.y), (start.x, start.y), zorder=8, arrowprops={
            "arrowstyle": "-|>,head_width=0.28,head_length=0.5", "color": SEAL, "linewidth": 1.6, "shrinkA": 0,
            "shrinkB": 0, "path_effects": halo,
        })  # fmt: skip
