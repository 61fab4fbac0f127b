"""A renovation programme as a GeoPackage that QGIS opens already drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from geo.programme.programme import summarise
from layers.catalogue import programme_layers
from layers.geopackage import Drawn, write_geopackage
from layers.programme.facts import site_frame, with_years
from layers.words import Lang

if TYPE_CHECKING:
    from geo.programme.programme import Programme
    from geo.study import Study

_MEASURE_COLUMNS = (
    "key", "title_zh", "title_en", "class_", "safety", "elder_child", "remedy", "subject", "subject_id", "site_id",
    "community_id", "finding_ids", "codes", "numbers", "quantity", "unit", "unit_yuan", "price_source", "cost_yuan",
    "public_yuan", "residents_yuan", "social_yuan", "need", "priced", "example_cost", "year", "phase", "why_zh",
    "why_en",
)  # fmt: skip


def write_programme_gpkg(
    programme: Programme, measures: gpd.GeoDataFrame, path: Path, *, study: Study, lang: Lang = "zh"
) -> None:
    """Write a programme's sites, measures and years to a GeoPackage, whole or not at all; the same bytes each time.

    Layers `sites` (by the year their works begin) and `measures` (areas; by their year) in the measures' CRS with their
    QGIS styles; tables `years`, `payers`, `classes`, `communities`. Of households it holds nothing.

    Parameters
    ----------
    programme, measures
        The programme, and what it chose from.
    path
        The file; one that is there is replaced.
    study
        The study it was made for: areas and names of sites.
    lang
        Language of legends and column aliases in QGIS.
    """
    drawn = programme_drawn(programme, measures, study=study)
    write_geopackage(path, drawn.frames, drawn.styles, drawn.plain, lang)


def programme_drawn(programme: Programme, measures: gpd.GeoDataFrame, *, study: Study) -> Drawn:
    """Return the layers, tables and styles of a programme as `write_programme_gpkg` writes them."""
    table = with_years(programme, measures)
    columns = [column for column in _MEASURE_COLUMNS if column in table.columns]
    frames = {
        "sites": site_frame(programme, measures, study),
        "measures": table[[*columns, table.geometry.name]].sort_index(),
    }
    plain: dict[str, pd.DataFrame] = {"years": programme.years.reset_index()}
    for name, by in (("payers", "payer"), ("classes", "class_"), ("communities", "community_id")):
        plain[name] = summarise(programme, measures, by=by).reset_index()  # type: ignore[arg-type]
    layers = programme_layers([int(year) for year in programme.years.index])
    return Drawn(frames, layers, plain)
