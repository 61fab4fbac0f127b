"""Gaps of facilities as an Excel workbook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from layers.sheets import COUNT, SHARE, Sheet, book_of, plain, save_book
from layers.words import Lang, study_name, word

if TYPE_CHECKING:
    from geo.gaps.result import GapChange, Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.study import Study


def write_gaps_xlsx(
    gaps: Mapping[str, Gaps],
    path: Path,
    *,
    study: Study,
    surfaces: Surfaces | None = None,
    change: GapChange | None = None,
    lang: Lang = "zh",
) -> None:
    """Write a town's gaps as a workbook, whole or not at all."""
    sheets = []
    for name, each in gaps.items():
        rows = [
            [
                row[f"title_{lang}"],
                plain(row["facilities"]),
                plain(row["people_uncovered"]),
                plain(row["covered_share"]),
            ]
            for _, row in each.requirements.iterrows()
        ]
        heads = [(word("indicator", lang), "@"), (word("value", lang), COUNT), (word("people", lang), COUNT),
                 (word("coverage", lang), SHARE)]  # fmt: skip
        sheets.append(Sheet(name[:31], heads, rows))
    save_book(book_of(sheets, word("page.mark", lang), study_name(study, lang)), path)
