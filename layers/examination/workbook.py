"""An examination as an Excel workbook: 1表 1台账 2清单, and the indicators they are counted into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from layers.words import Lang

if TYPE_CHECKING:
    from geo.examination.candidates import Candidates
    from geo.examination.progress import Progress
    from geo.examination.result import Examination
    from geo.study import Study


def write_examination_xlsx(
    examination: Examination,
    path: Path,
    *,
    study: Study,
    candidates: Candidates | None = None,
    progress: Progress | None = None,
    lang: Lang = "zh",
) -> None:
    """Write an examination as an Excel workbook, whole or not at all; the same examination gives the same bytes.

    Parameters
    ----------
    examination
        As `geo.examination.examine.examine` returns it.
    path
        The file; one that is there is replaced.
    study
        The study that was examined: its name, repairs and notes are told.
    candidates
        Old estates ranked for renovation; a sheet of their own.
    progress
        What has been started and completed; a sheet of its own.
    lang
        Language of sheets, headings and sentences.
    """
    raise NotImplementedError
