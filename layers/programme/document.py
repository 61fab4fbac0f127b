"""A renovation programme as a Word document (老旧小区改造计划)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from layers.words import Lang

if TYPE_CHECKING:
    from geo.programme.programme import Programme
    from geo.study import Study


def write_programme_docx(
    programme: Programme,
    measures: gpd.GeoDataFrame,
    path: Path,
    *,
    study: Study,
    curve: pd.DataFrame | None = None,
    lang: Lang = "zh",
) -> None:
    """Write a programme as a Word document, whole or not at all; parameters as of `write_programme_xlsx`."""
    raise NotImplementedError
