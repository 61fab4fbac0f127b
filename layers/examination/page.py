"""An examination, and the programme made from it, as one offline page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import folium
import geopandas as gpd

from layers.words import Lang

if TYPE_CHECKING:
    from geo.examination.candidates import Candidates
    from geo.examination.result import Examination
    from geo.programme.programme import Programme
    from geo.study import Study


def examination_map(
    examination: Examination,
    *,
    study: Study,
    candidates: Candidates | None = None,
    programme: Programme | None = None,
    measures: gpd.GeoDataFrame | None = None,
    lang: Lang = "zh",
) -> folium.Map:
    """Return an examination as an interactive map that needs no network; `layers.maps.save` writes it."""
    raise NotImplementedError
