"""A programme: which measures are done in which year, what that costs whom, and how good it is proven to be."""

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from geo.programme.options import ProgrammeOptions

FORMAT = 1
"""Version of a programme's file. A file from a newer version is refused politely."""

By = Literal["year", "class_", "payer", "site_id", "community_id", "indicator", "key"]
"""What a summary has a row for each of."""


@dataclass(frozen=True)
class Stage:
    """One step of the choice: what it settled, how well, and what is proven.

    Attributes
    ----------
    key : {"safety", "need", "stay"}
        Safety as early as possible; need met; as little changed as possible.
    value, bound : float
        What was reached, and what nothing can do better than. `safety`: need × years that safety measures wait (small is
        good). `need`: weighted need met, later years discounted (large is good). `stay`: measures that change (small).
    gap : float
        |value − bound| / |value|; 0 is the best itself.
    proven : bool
        The gap is within what was asked for.
    seconds : float
    """

    key: Literal["safety", "need", "stay"]
    title_zh: str
    title_en: str
    value: float
    bound: float
    gap: float
    proven: bool
    seconds: float


@dataclass(frozen=True)
class Programme:
    """A renovation programme (改造计划).

    Attributes
    ----------
    options : ProgrammeOptions
        What was asked.
    choice : DataFrame
        Index measure_id, all measures that were given. `year` (Int64; missing: not chosen), `why_zh`, `why_en`.
    years : DataFrame
        Index year. `budget_yuan`, `carried_yuan` (from earlier years), `spent_yuan` (public money), `left_yuan`,
        `residents_yuan`, `social_yuan`, `cost_yuan` (all payers), `basic_yuan`, `improve_yuan`, `upgrade_yuan` (all
        payers), `measures`, `safety`, `elder_child` (counts of measures), `sites` (under works), `need_met`.
    need_met, need_total : float
        Weighted need of what is chosen, and of all measures that were given, unpriced ones included; not discounted.
    bound : float
        No programme for these options has a larger sum of (discounted) need; the value of the last `need` stage.
    gap, proven
        Of the stage `need`.
    seconds : float
    stages : tuple of Stage
    notes : tuple of (Chinese, English)
        What a reader must know: unpriced measures, estimates, what was left out.
    fingerprint : str
        Digest of the measures it was made for.
    """

    options: ProgrammeOptions
    choice: pd.DataFrame
    years: pd.DataFrame
    need_met: float
    need_total: float
    bound: float
    gap: float
    proven: bool
    seconds: float
    stages: tuple[Stage, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    fingerprint: str = ""

    def to_json(self) -> str:
        """Return the programme as a JSON document, with its format's version."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, text: str) -> "Programme":
        """Return a programme from `to_json`.

        Raises
        ------
        InputError
            When it is something else, damaged, or of a newer version.
        """
        raise NotImplementedError


def summarise(programme: Programme, measures: pd.DataFrame, *, by: By) -> pd.DataFrame:
    """Return what a programme does, a row for each year, class, payer, site, community, indicator or kind of measure.

    Returns
    -------
    DataFrame
        Index `by`. `measures` and `measures_all` (chosen, given), `safety`, `quantity` where one unit holds for the
        row, `cost_yuan`, `public_yuan`, `residents_yuan`, `social_yuan`, `need_met`, `need_all`, `need_share`.
    """
    raise NotImplementedError


_ = field
