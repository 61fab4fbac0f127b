"""The choice: which measures in which year, safety first, under budgets; solved exactly, with its bound."""

from collections.abc import Callable

import pandas as pd

from geo.programme.options import ProgrammeOptions
from geo.programme.programme import Programme

Told = Callable[[str, float], None]
"""Is told the step (`safety`, `need`, `stay`) and the share of the work that is done (0 to 1)."""


def make_programme(
    measures: pd.DataFrame, options: ProgrammeOptions, *, start: Programme | None = None, told: Told | None = None
) -> Programme:
    """Return the best programme for these options.

    In this order, a later aim never at the cost of an earlier one: (1) every safety measure is done; (2) safety waits as
    little as possible (need × years); (3) as much weighted need as possible is met, earlier rather than later.

    Parameters
    ----------
    measures : DataFrame
        See `geo.programme.measures.COLUMNS`; geometry is not needed.
    options : ProgrammeOptions
    start : Programme, optional
        Where to begin; with `options.stay_near` also what to change as little as possible.
    told : callable, optional

    Raises
    ------
    InfeasibleError
        When there is no such programme: the smallest set of demands that collide, the sum that is missing, in all and
        by year, and what would cure it, in both languages.
    InputError
        When locks or forbidden items name what is not there, or safety measures have no price.
    """
    raise NotImplementedError
