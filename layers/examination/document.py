"""An examination as a Word document in the form of an official 体检报告."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from layers.words import Lang

if TYPE_CHECKING:
    from geo.examination.candidates import Candidates
    from geo.examination.progress import Progress
    from geo.examination.result import Examination
    from geo.study import Study


def write_examination_docx(
    examination: Examination,
    path: Path,
    *,
    study: Study,
    candidates: Candidates | None = None,
    progress: Progress | None = None,
    lang: Lang = "zh",
) -> None:
    """Write an examination as a Word document, whole or not at all; parameters as of `write_examination_xlsx`."""
    raise NotImplementedError
