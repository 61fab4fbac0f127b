"""Examine a study: every indicator of a catalogue, counted from what surveys brought in."""

from collections.abc import Callable

from geo.examination.result import Examination
from geo.standards.indicators import Catalogue
from geo.study import Study

Told = Callable[[str, float], None]
"""Is told the name of the step and the share that is done, 0 to 1."""


def examine(study: Study, *, catalogue: Catalogue, today: str, told: Told | None = None) -> Examination:
    """Return every indicator of the catalogue for the study, as it stands on that day.

    Parameters
    ----------
    study : Study
        With `buildings`; `findings` and `observations` where there was a survey. Not changed.
    catalogue : Catalogue
        The edition to count by.
    today : str
        ISO day: findings are open for so many years until then.
    told : callable, optional
        Is told each step (`units`, `buildings`, `housing`, `residential`, `district`, `done`) and the share done.

    Raises
    ------
    InputError
        When the study has no buildings, or `today` is no day.
    """
    raise NotImplementedError
