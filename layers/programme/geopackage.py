"""A renovation programme as a GeoPackage that QGIS opens already drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd

from layers.words import Lang

if TYPE_CHECKING:
    from geo.programme.programme import Programme
    from geo.study import Study


def write_programme_gpkg(
    programme: Programme, measures: gpd.GeoDataFrame, path: Path, *, study: Study, lang: Lang = "zh"
) -> None:
    """Write a programme's sites, measures and years to a GeoPackage, whole or not at all."""
    raise NotImplementedError
