"""A renovation programme as an Excel workbook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from layers.words import Lang

if TYPE_CHECKING:
    from geo.programme.programme import Programme
    from geo.study import Study


def write_programme_xlsx(
    programme: Programme,
    measures: gpd.GeoDataFrame,
    path: Path,
    *,
    study: Study,
    curve: pd.DataFrame | None = None,
    lang: Lang = "zh",
) -> None:
    """Write a programme as an Excel workbook, whole or not at all; the same programme gives the same bytes.

    Parameters
    ----------
    programme
        As `geo.programme.choose.make_programme` returns it.
    measures
        What it chose from, as `geo.programme.measures.measures` returns it.
    path
        The file; one that is there is replaced.
    study
        The study it was made for.
    curve
        What more money buys, as `geo.programme.curve` returns it; a sheet of its own.
    lang
        Language of sheets, headings and sentences.
    """
    raise NotImplementedError
