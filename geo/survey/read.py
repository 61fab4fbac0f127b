"""Read a survey back: a workbook that shequ made, a CSV or a GeoJSON; every fault in one pass."""

import hashlib
import itertools
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.errors import Fault, InputError
from geo.ingest.formats import require_file
from geo.schema import TABLES, empty
from geo.standards.indicators import Catalogue
from geo.study import Study
from geo.survey.book import read_book
from geo.survey.checks import among, check_together, check_whole, nothing, pair_of
from geo.survey.faults import CellFault, refuse
from geo.survey.finding_checks import LISTED, check_findings
from geo.survey.forms import FINDINGS, forms
from geo.survey.grid import Notes
from geo.survey.known import Known
from geo.survey.kobo import SurveyMapping, read_rows
from geo.survey.photos import list_photos

ENDINGS = (".xlsx", ".csv", ".geojson", ".json")
"""Files that a survey may be in."""


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
    assumed : pandas.DataFrame
        Index: finding_id. Flags severity, status (the survey gave none; the code's or the extent's severity and `open`
        stand there), by_extent (the severity is the extent's) and unnamed (shequ gave the id, because the survey had
        none).
    valid_rows_only : bool
        Rows with faults were left out, the others may be stored.
    """

    file: str
    observations: pd.DataFrame
    findings: gpd.GeoDataFrame
    faults: tuple[CellFault, ...] = ()
    warnings: tuple[CellFault, ...] = ()
    made: frozenset[str] = frozenset()
    assumed: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["severity", "by_extent", "status", "unnamed"])
    )
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
    require_file(path)
    end = path.suffix.lower()
    if end not in ENDINGS:
        raise InputError(Fault(f"surveys ending in {end or 'nothing'} are not read",
        f"give one of {', '.join(ENDINGS)}",
                               file=str(path)))  # fmt: skip
    known, notes = Known(study, catalogue, today or ""), Notes()
    asked = forms(study, catalogue)
    pictures = None if photos is None else list_photos(photos)
    if end == ".xlsx":
        numbers = read_book(path, study, catalogue, asked, notes)
        said = check_whole(numbers, known, asked, notes, path.name)
    else:
        numbers, asked = read_rows(path, known, mapping or SurveyMapping(), notes)
        said = check_whole(numbers, known, asked, notes, path.name)
    listed = [
        check_findings(number, known, pictures, notes, path.name)
        for number in numbers
        if notes.grids[number].form == FINDINGS
    ]
    found = pd.concat(listed, ignore_index=True) if listed else pd.DataFrame(columns=list(LISTED))
    found = _without(found, notes)
    check_together(said, found, known, notes)
    said = _without(said, notes)
    faults, warnings = notes.sorted()
    if any(each.level == "file" for each in faults):
        said, found = nothing(), found.iloc[:0]
    found, assumed, made = _named(pd.concat([found, _implied(said, found, catalogue)], ignore_index=True))
    return SurveyRead(
        path.name, _observations(said), _findings(found, known), faults, warnings, made, assumed, valid_rows_only
    )


def finding_id(subject: str, subject_id: str, code: str, location: str, ordinal: int) -> str:
    """Return the id of a finding that has none of its own: the same for the same problem at the same place.

    >>> finding_id("building", "B1", "3a", "", 1), finding_id("building", "B1", "3a", "2 单元 3 层", 1)
    ('building:B1:3a:1', 'building:B1:3a:1d231a:1')
    """
    return ":".join((subject, subject_id, code, *([_place_key(location)] if location else []), str(ordinal)))


def _place_key(location: str) -> str:
    return hashlib.sha256("".join(location.split()).casefold().encode()).hexdigest()[:6]


def _without(rows: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """Return the rows that have no fault."""
    if rows.empty:
        return rows
    spoilt = np.zeros(len(rows), dtype=bool)
    grid, row = rows["_grid"].to_numpy(dtype=np.intp), rows["_row"].to_numpy(dtype=np.intp)
    for number in np.unique(grid):
        mine = grid == number
        spoilt[mine] = notes.bad[int(number)][row[mine]]
    return rows[~spoilt].reset_index(drop=True)


def _implied(said: pd.DataFrame, found: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Return a finding for every 有 of which the survey lists none, with the code's own severity."""
    yes = said[said["state"] == "found"]
    if yes.empty:
        return found.iloc[:0].assign(_made=True)
    listed = pair_of(found["subject"], found["subject_id"], found["code"])
    yes = yes[~among(pair_of(yes["subject"], yes["subject_id"], yes["item"]), listed)]
    severity = {each: code.severity for each, (_, code) in catalogue.codes.items()}
    return pd.DataFrame({
        "finding_id": "", "subject": yes["subject"], "subject_id": yes["subject_id"], "code": yes["item"],
        "severity": yes["item"].map(severity), "extent": np.nan, "extent_unit": "", "location": "", "x": np.nan,
        "y": np.nan, "surveyed_on": yes["surveyed_on"], "surveyor": yes["surveyor"], "photo": "", "note": "",
        "status": "open", "due_on": "", "done_on": "", "source": yes["source"], "_grid": yes["_grid"],
        "_row": yes["_row"], "_severity_given": False, "_severity_by_extent": False,
        "_status_given": False, "_made": True,
    })  # fmt: skip


def _named(found: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, frozenset[str]]:
    """Return the findings indexed by their ids, what of them was assumed, and which were made from a 有."""
    made = found["_made"].eq(True).to_numpy() if "_made" in found else np.zeros(len(found), dtype=bool)
    given = found["finding_id"].to_numpy(dtype=object).copy()
    none = given == ""
    if none.any():
        bare = found[none]
        places = {each: f":{_place_key(each)}" if each else "" for each in set(bare["location"])}
        stem = pair_of(bare["subject"], bare["subject_id"], bare["code"]) + bare["location"].map(places).astype("str")
        ids = (stem + ":" + (stem.groupby(stem).cumcount() + 1).astype("str")).to_numpy(dtype=object).copy()
        taken = set(given[~none])
        for row in np.flatnonzero(among(ids, list(taken))):
            ids[row] = _next_free(stem.iloc[row], taken | set(ids))
        given[none] = ids
    index = pd.Index(given.astype(str), name=TABLES["findings"].index, dtype="str")
    assumed = pd.DataFrame({
        "severity": ~found["_severity_given"].to_numpy(dtype=bool),
        "by_extent": found["_severity_by_extent"].to_numpy(dtype=bool),
        "status": ~found["_status_given"].to_numpy(dtype=bool),
        "unnamed": none,
    }, index=index)  # fmt: skip
    twice = index.duplicated()
    return found.set_axis(index)[~twice], assumed[~twice], frozenset(index[made])


def _next_free(stem: str, taken: set[str]) -> str:
    """Return the first id of a stem that is not taken."""
    return next(each for each in (f"{stem}:{ordinal}" for ordinal in itertools.count(1)) if each not in taken)


def _observations(said: pd.DataFrame) -> pd.DataFrame:
    """Return answers as the table of the schema has them."""
    if said.empty:
        return empty("observations", None)
    ids = pair_of(said["subject"], said["subject_id"], said["item"])
    said = said.set_axis(pd.Index(ids, name=TABLES["observations"].index, dtype="str"))
    said = said[~said.index.duplicated(keep="last")]
    return pd.DataFrame({
        each.name: said[each.name].astype("float64") if each.kind == "number" else _text(said[each.name])
        for each in TABLES["observations"].columns
    })  # fmt: skip


def _findings(found: pd.DataFrame, known: Known) -> gpd.GeoDataFrame:
    """Return findings as the table of the schema has them: the place surveyed, or a point inside the subject."""
    crs = known.study.crs
    if found.empty:
        return empty("findings", crs)
    points = np.full(len(found), None, dtype=object)
    estate = np.full(len(found), "", dtype=object)
    subject, ids = found["subject"].to_numpy(dtype=object), found["subject_id"].to_numpy(dtype=object)
    buildings = known.table("building")
    for each in set(subject):
        mine = np.flatnonzero(subject == each)
        at = known.at(each, ids[mine])
        points[mine] = known.middles(each, at)
        if each == "estate":
            estate[mine] = ids[mine]
        elif each == "building" and buildings is not None:
            estate[mine] = buildings["estate_id"].astype("object").fillna("").to_numpy()[at]
    x, y = (found[each].to_numpy(dtype=np.float64) for each in ("x", "y"))
    placed = ~np.isnan(x)
    points[placed] = shapely.points(x[placed], y[placed])
    columns = {
        **{each: found[each] for each in found.columns if not each.startswith("_") and each not in ("x", "y")},
        "building_id": pd.Series(np.where(subject == "building", ids, ""), index=found.index),
        "estate_id": pd.Series(estate, index=found.index),
        "place_given": pd.Series(placed, index=found.index),
    }
    kinds = {"number": "float64", "flag": "boolean"}
    data = {
        each.name: columns[each.name].astype(kinds[each.kind]) if each.kind in kinds else _text(columns[each.name])
        for each in TABLES["findings"].columns
    }
    return gpd.GeoDataFrame(data, index=found.index, geometry=gpd.GeoSeries(points, index=found.index, crs=crs))


def _text(values: pd.Series) -> pd.Series:
    """Return text, missing where it is empty."""
    text = values.astype("str")
    return text.where(text != "")
