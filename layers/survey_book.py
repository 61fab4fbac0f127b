"""The survey as a workbook that surveyors fill in: forms with drop-downs, the building list filled in, codes locked."""

from pathlib import Path

from geo.standards.indicators import Catalogue
from geo.study import Study
from geo.survey.read import SurveyRead
from layers.words import Lang


def write_survey_xlsx(
    study: Study, catalogue: Catalogue, path: Path, *, lang: Lang = "zh", answers: SurveyRead | None = None
) -> None:
    """Write the survey workbook of a study, whole or not at all; the same study gives the same bytes.

    Parameters
    ----------
    study
        Its buildings, estates and units are the rows.
    catalogue
        The edition whose codes and items are asked for.
    path
        The file; one that is there is replaced.
    lang
        Language of sheets, headings, drop-downs and guide. Both are read back.
    answers
        Answers to fill in: what was read of an earlier survey.
    """
    raise NotImplementedError
