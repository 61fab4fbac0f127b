"""A renovation programme as one offline page: the examination's page, opened at the programme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import folium
import geopandas as gpd

from layers.words import Lang

if TYPE_CHECKING:
    from geo.examination.result import Examination
    from geo.programme.programme import Programme
    from geo.study import Study


def programme_map(
    programme: Programme,
    measures: gpd.GeoDataFrame,
    *,
    study: Study,
    examination: Examination,
    lang: Lang = "zh",
) -> folium.Map:
    """Return a programme as an interactive map that needs no network; `layers.maps.save` writes it."""
    raise NotImplementedError
