"""Put a survey into the study: findings are updated by their id, nothing doubles, every change is kept."""

from dataclasses import dataclass

from geo.study import Study
from geo.survey.read import SurveyRead


@dataclass(frozen=True)
class Stored:
    """What storing a survey did.

    Attributes
    ----------
    new, changed, unchanged : int
        Findings of the survey that the study did not have, that it had otherwise, and that it had like that.
    observations_new, observations_changed, observations_unchanged : int
        The same of observations.
    older : int
        Observations of an earlier day than what the study has; the study's were kept.
    absent : tuple of str
        Open findings of subjects in the survey that it does not list: they were kept.
    """

    new: int
    changed: int
    unchanged: int
    observations_new: int
    observations_changed: int
    observations_unchanged: int
    older: int = 0
    absent: tuple[str, ...] = ()


def store(study: Study, read: SurveyRead, *, on: str) -> tuple[Study, Stored]:
    """Return the study with a survey put in, and what that did; storing it again changes nothing.

    Parameters
    ----------
    study, read
        The study, and what `read_survey` returned for it.
    on
        The day (ISO) that history notes for changes whose rows give none.

    Raises
    ------
    InputError
        When the survey may not be stored (`SurveyRead.require`): nothing is stored then.
    """
    raise NotImplementedError
