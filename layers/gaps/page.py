"""Gaps of facilities as one offline page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from layers.features import to_lonlat
from layers.maps import OfflineMap
from layers.words import Lang, study_name

if TYPE_CHECKING:
    import folium

    from geo.gaps.result import GapChange, Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.study import Study


def gaps_map(
    gaps: Mapping[str, Gaps],
    *,
    study: Study,
    surfaces: Surfaces | None = None,
    change: GapChange | None = None,
    lang: Lang = "zh",
) -> folium.Map:
    """Return a town's gaps as an interactive map that needs no network; `layers.maps.save` writes it."""
    first = next(iter(gaps.values()))
    west, south, east, north = to_lonlat(first.scores).total_bounds
    return OfflineMap([(south + north) / 2, (west + east) / 2], title=study_name(study, lang), lang=lang)
