"""A renovation programme as one offline page: the examination's page, opened at the programme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import folium
import geopandas as gpd

from layers.examination.page import examination_map
from layers.words import Lang

if TYPE_CHECKING:
    from geo.examination.candidates import Candidates
    from geo.examination.result import Examination
    from geo.programme.programme import Programme
    from geo.study import Study


def programme_map(
    programme: Programme,
    measures: gpd.GeoDataFrame,
    *,
    study: Study,
    examination: Examination,
    candidates: Candidates | None = None,
    lang: Lang = "zh",
) -> folium.Map:
    """Return a programme as an interactive map that needs no network; `layers.maps.save` writes it.

    The examination's page (see `layers.examination.page.examination_map`), opened at the programme's years: sites and
    buildings by the year in which their works begin, one year at a time, measures on a click, problems before works,
    today and after the programme.

    Parameters
    ----------
    programme, measures
        The programme, and what it chose from.
    study
        The study it was made for.
    examination
        What the measures answer.
    candidates
        Old estates ranked for renovation.
    lang
        Language the page opens in.
    """
    return examination_map(examination, study=study, candidates=candidates, programme=programme, measures=measures,
                           lang=lang, theme="programme")  # fmt: skip
