"""An examination as a GeoPackage that QGIS opens already drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from layers.words import Lang

if TYPE_CHECKING:
    from geo.examination.candidates import Candidates
    from geo.examination.progress import Progress
    from geo.examination.result import Examination


def write_examination_gpkg(
    examination: Examination,
    path: Path,
    *,
    candidates: Candidates | None = None,
    progress: Progress | None = None,
    lang: Lang = "zh",
) -> None:
    """Write an examination's layers and tables to a GeoPackage, whole or not at all."""
    raise NotImplementedError
