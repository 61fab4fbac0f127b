"""Statistics of renovation: plan against starts and completions, quantities, investment, and indicator 60."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from geo.standards.indicators import Catalogue


@dataclass(frozen=True)
class Remedied:
    """问题整治完成率 (indicator 60): remedied of due, in all and by problem class.

    `rates`: index "all", "timed", "best_effort"; columns due, remedied, share (NaN when nothing is due).
    `basis`: "due_on" (findings due by today) or "all" (no finding has a day on which it is due).
    `value`: share over all, 0 to 1; NaN when unknown.
    """

    rates: pd.DataFrame
    basis: str
    value: float
    note_zh: str
    note_en: str


@dataclass(frozen=True)
class Progress:
    """Statistics of the renovation of a year's plan.

    `figures`: index key; title_zh, title_en, unit_zh, unit_en, planned, value, share, note_zh, note_en.
    """

    figures: pd.DataFrame
    notes: tuple[tuple[str, str], ...] = ()


def remedied(findings: pd.DataFrame | None, catalogue: Catalogue, today: str) -> Remedied:
    """Return indicator 60: findings remedied (done, checked) of those due by `today` (ISO day)."""
    raise NotImplementedError


def read_projects(path: Path) -> pd.DataFrame:
    """Read the table of projects from xlsx or csv; an InputError names every fault at once."""
    raise NotImplementedError


def progress(projects: pd.DataFrame, *, year: int, as_of: str) -> Progress:
    """Return the statistics of the projects planned for `year`, as they stand on `as_of` (ISO day)."""
    raise NotImplementedError
