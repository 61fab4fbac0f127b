"""Gaps of facilities as a Word document."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from layers.paper import Paper
from layers.words import Lang, study_name

if TYPE_CHECKING:
    from geo.gaps.result import GapChange, Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.study import Study


def write_gaps_docx(
    gaps: Mapping[str, Gaps],
    path: Path,
    *,
    study: Study,
    surfaces: Surfaces | None = None,
    change: GapChange | None = None,
    lang: Lang = "zh",
) -> None:
    """Write a town's gaps as a document, whole or not at all."""
    paper = Paper(lang, title=study_name(study, lang))
    for each in gaps.values():
        for text in each.scores[f"text_{lang}"]:
            paper.paragraph(str(text))
    paper.save(path)
