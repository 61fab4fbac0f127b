"""Read a survey back: a workbook that shequ made, a CSV or a GeoJSON; every fault in one pass."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo.standards.indicators import Catalogue
from geo.study import Study
from geo.survey.faults import CellFault, refuse
from geo.survey.kobo import SurveyMapping


@dataclass(frozen=True)
class SurveyRead:
    """What a survey says, checked.

    Attributes
    ----------
    file : str
        The file it was read from.
    observations : pandas.DataFrame
        As `geo.schema` has it: one row for each subject and item.
    findings : geopandas.GeoDataFrame
        As `geo.schema` has it, in the study's CRS.
    faults, warnings : tuple of CellFault
        What is wrong, and what was mended or is doubtful; in the order of sheets, rows and columns.
    made : frozenset of str
        Ids of findings that follow from a 有 without details.
    unnamed : frozenset of str
        Ids that shequ gave because the survey had none.
    valid_rows_only : bool
        Rows with faults were left out, the others may be stored.
    """

    file: str
    observations: pd.DataFrame
    findings: gpd.GeoDataFrame
    faults: tuple[CellFault, ...] = ()
    warnings: tuple[CellFault, ...] = ()
    made: frozenset[str] = frozenset()
    unnamed: frozenset[str] = frozenset()
    valid_rows_only: bool = False

    @property
    def usable(self) -> bool:
        """Whether it may be stored: no faults, or only rows' faults and the wish to use the others."""
        return not self.faults or (self.valid_rows_only and all(each.level == "row" for each in self.faults))

    def require(self) -> None:
        """Refuse a survey that may not be stored.

        Raises
        ------
        InputError
            With every fault.
        """
        if not self.usable:
            raise refuse(self.faults, self.file)


def read_survey(
    path: Path, study: Study, catalogue: Catalogue, *, photos: Path | None = None, valid_rows_only: bool = False,
    today: str | None = None, mapping: SurveyMapping | None = None,
) -> SurveyRead:  # fmt: skip
    """Return what a survey says, and everything that is wrong with it.

    Parameters
    ----------
    path
        A workbook that shequ made (`.xlsx`), a CSV (`.csv`: UTF-8 or GB 18030) or a GeoJSON (`.geojson`, `.json`).
    study
        The study it was made for.
    catalogue
        The edition it was made for.
    photos
        A folder with its photos; without one, names of photos are not looked for.
    valid_rows_only
        Leave out rows with faults and use the others.
    today
        The day of reading (ISO): later days are refused. None: no day is too late.
    mapping
        For CSV and GeoJSON: which of their columns is what, where their names do not say.

    Raises
    ------
    InputError
        When there is no such file, or its ending is none of these.
    """
    raise NotImplementedError
