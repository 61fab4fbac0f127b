"""What a study's own data say of the block and city dimensions: coverage by schools and parks, roads, fire stations …

Each indicator whose method stands in `METHODS` is computed by the small function of that name; every other one is
entered by hand, with its source. Where a study lacks the layer a method needs the indicator is unknown, never zero.
Distances are straight lines: a screening, said in every note.
"""

import pandas as pd

from geo.standards.indicators import Catalogue
from geo.study import Study

COLUMNS = ("key", "value", "lower", "upper", "status", "coverage", "note_zh", "note_en", "source")
"""Columns of the table `district_values` returns."""


def district_values(study: Study, catalogue: Catalogue) -> pd.DataFrame:
    """Return the values of the block and city dimensions.

    Parameters
    ----------
    study : Study
        Any study; what it lacks makes indicators unknown.
    catalogue : Catalogue
        The edition; every threshold is read from it.

    Returns
    -------
    DataFrame
        Index number. Columns: key; value, in the indicator's unit (percent where its unit is %; NaN unknown); lower,
        upper (bounds where the data leave something open, NaN where nothing bounds it); status (computed, entered,
        unknown); coverage (share of what the method reads that is known, NaN when not applicable); note_zh, note_en
        (formula as applied, what was left out, what is missing); source (of an entered value; empty otherwise).
    """
    raise NotImplementedError
