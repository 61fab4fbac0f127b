"""The checks of the sheet of findings: each row a problem seen, with its place, extent, photos and status."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.schema import SEVERITIES, STATUSES
from geo.survey import cells
from geo.survey.checks import among, check_day, check_when, tell_use, why_not
from geo.survey.forms import FINDING_FIELDS, subjects_of
from geo.survey.grid import Cells, Mask, Notes
from geo.survey.known import Known
from geo.survey.photos import Photos, has_path, split_names
from geo.survey.words import LISTS

FAR_M = 200.0
"""A finding farther than this from the outline of its subject is a slip [m]."""

_EXTENT = {"text": "extent_text", "infinite": "extent_infinite"}
_PLACE = {"text": "place_not_number", "infinite": "place_not_number"}
_MOST: Mapping[str, float] = {"m": 20_000.0, "count": 10_000.0, "flats": 2_000.0}

LISTED = (
    "finding_id", "subject", "subject_id", "code", "severity", "extent", "extent_unit", "location", "x", "y",
    "surveyed_on", "surveyor", "photo", "note", "status", "due_on", "done_on", "source", "_grid", "_row",
    "_severity_given", "_severity_by_extent", "_status_given",
)  # fmt: skip


def check_findings(number: int, known: Known, photos: Photos | None, notes: Notes, file: str) -> pd.DataFrame:
    """Return the findings a sheet lists, a row for each: `LISTED`; text is "" and numbers NaN where empty."""
    grid = notes.grids[number]
    here = np.zeros(len(grid), dtype=bool)
    for field in FINDING_FIELDS:
        here |= cells.present(grid.column(field.key))
    code = _codes(number, here, known, notes)
    subject, subject_id, at = _subjects(number, here, code, known, notes)
    found = {"subject": subject, "subject_id": subject_id, "code": code}
    found["finding_id"] = _finding_ids(number, found, known, notes)
    day, who = _when(number, here, subject, at, known, notes)
    extent, unit = _extents(number, subject, code, at, known, notes)
    severity, severe, by_extent = _severities(number, here, code, extent, known, notes)
    status, told = _statuses(number, found["finding_id"], day, known, notes)
    due, done = _later_days(number, day, status, known, notes)
    x, y = _places(number, subject, at, known, notes)
    listed = pd.DataFrame({
        **found, "severity": severity, "extent": extent, "extent_unit": unit, "x": x, "y": y, "surveyed_on": day,
        "surveyor": who, "photo": _photos(number, photos, notes), "status": status, "due_on": due, "done_on": done,
        "location": cells.texts(number, "location", notes, tell=False),
        "note": cells.texts(number, "note", notes, tell=False),
        "source": [f"{file}#{grid.title}!{row}" for row in grid.rows], "_grid": number, "_row": np.arange(len(grid)),
        "_severity_given": severe,
        "_severity_by_extent": by_extent, "_status_given": told,
    })  # fmt: skip
    listed = listed[here]
    same = ["subject", "subject_id", "code", "location", "extent", "x", "y", "surveyed_on", "photo", "note"]
    again = listed[(listed["finding_id"] == "") & (listed["code"] != "") & listed.duplicated(same)]
    notes.cell("finding_same", number, "code", again["_row"].to_numpy(dtype=np.intp))
    return listed[list(LISTED)]


def _codes(number: int, here: Mask, known: Known, notes: Notes) -> Cells:
    """Return the codes, "" where there is none or it is unknown."""
    code = cells.ids(number, "code", notes, pd.Index(list(known.catalogue.codes), dtype="object"))
    first = {each: each.split()[0].lower() for each in set(code) if each}
    code = np.array([first.get(each, "") for each in code], dtype=object)
    strange = (code != "") & ~np.isin(code.astype(str), list(known.catalogue.codes))
    notes.cell("code_missing", number, "code", here & (code == ""))
    notes.cell("code_unknown", number, "code", strange)
    code[strange] = ""
    return code


def _subjects(
    number: int, here: Mask, code: Cells, known: Known, notes: Notes
) -> tuple[Cells, Cells, NDArray[np.intp]]:  # fmt: skip
    """Return subjects, their ids, and their positions in the study's tables (-1 where unknown)."""
    subject = cells.words(number, "subject", notes, "subject", "subject_word")
    fits = {each: subjects_of(indicator) for each, (indicator, _) in known.catalogue.codes.items()}
    alone = {each: subjects[0] for each, subjects in fits.items() if len(subjects) == 1}
    blank = here & ~cells.present(notes.grids[number].column("subject"))
    subject[blank] = [alone.get(each, "") for each in code[blank]]
    notes.cell("subject_missing", number, "subject", blank & (subject == "") & (code != ""))
    for each in set(code) - {""}:
        wrong = (code == each) & (subject != "") & ~np.isin(subject.astype(str), fits[each])
        words = [LISTS["subject"][one] for one in fits[each]]
        notes.cell(
            "code_subject", number, "code", wrong, ("、".join(w[0] for w in words), ", ".join(w[1] for w in words))
        )
    ids = np.full(len(here), "", dtype=object)
    at = np.full(len(here), -1, dtype=np.intp)
    anyone = pd.Index(np.concatenate([each.to_numpy() for each in known.ids.values()]), dtype="object")
    read = cells.ids(number, "subject_id", notes, anyone)
    for each in set(subject) - {""}:
        mine = here & (subject == each)
        ids[mine] = np.where(read[mine] == "", "town", read[mine]) if each == "town" else read[mine]
        at[mine] = known.at(each, ids[mine])
        strange = mine & (at < 0) & (ids != "")
        notes.cell("town_item_unknown" if each == "town" else f"{each}_unknown", number, "subject_id", strange)
    notes.cell("id_missing", number, "subject_id", here & (ids == "") & (subject != ""))
    tell_use(number, "subject_id", here & (subject == "building") & (at >= 0), at, known, notes)
    for each, (_, one) in known.catalogue.codes.items():
        mine = np.flatnonzero((code == each) & (subject == "building") & (at >= 0))
        cannot = mine[known.not_applicable(one, "building", at[mine])]
        notes.cell("not_applicable_found", number, "code", cannot, why_not(known, "building", at[cannot]))
    return subject, ids, at


def _finding_ids(number: int, found: Mapping[str, Cells], known: Known, notes: Notes) -> Cells:
    """Return the ids that the survey gives its findings, "" where it gives none."""
    grid = notes.grids[number]
    ids = cells.ids(number, "finding_id", notes)
    given = np.flatnonzero(ids != "")
    again = given[pd.Series(ids[given]).duplicated().to_numpy()]
    first = dict(zip(ids[given][::-1], grid.rows[given][::-1], strict=True))
    notes.cell("finding_twice", number, "finding_id", again, [str(first[each]) for each in ids[again]])
    if known.findings is not None and len(given):
        stored = known.findings[["subject", "subject_id", "code"]].reindex(ids[given])
        other = stored["code"].notna().to_numpy()
        differs = np.zeros(len(given), dtype=bool)
        for column in stored.columns:
            here = found[column][given]
            differs |= (here != "") & (stored[column].astype("object").to_numpy() != here)
        moved = other & differs
        theirs = [f"{row.subject_id} {row.code}" for row in stored[moved].itertuples()]
        notes.cell("finding_moved", number, "finding_id", given[moved], theirs)
    return ids


def _when(  # noqa: PLR0917 - a sheet, and where to tell
    number: int, here: Mask, subject: Cells, at: NDArray[np.intp], known: Known, notes: Notes
) -> tuple[Cells, Cells]:
    """Return days and surveyors; days are held against the year of the building, where the subject is one."""
    of_building = np.where(subject == "building", at, -1)
    return check_when(number, here, "building", of_building, known, notes)


def _extents(  # noqa: PLR0917 - a sheet, and where to tell
    number: int, subject: Cells, code: Cells, at: NDArray[np.intp], known: Known, notes: Notes
) -> tuple[NDArray[np.float64], Cells]:
    """Return extents and their units; both follow the code's unit."""
    extent = cells.numbers(number, "extent", notes, kinds=_EXTENT)
    unit = cells.words(number, "extent_unit", notes, "extent_unit", "extent_unit_word")
    codes = known.catalogue.codes
    wanted = np.array([codes[each][1].extent if each else "" for each in code], dtype=object)
    wrong = (unit != "") & (wanted != "") & (unit != wanted)
    notes.cell("extent_unit", number, "extent_unit", wrong, [LISTS["extent_unit"][each] for each in wanted[wrong]])
    unit = np.where(unit == "", wanted, unit)
    unit = np.where(np.isnan(extent), "", unit)
    blank = ~cells.present(notes.grids[number].column("extent"))
    notes.cell("extent_missing", number, "extent", (wanted != "") & blank)
    notes.cell("extent_negative", number, "extent", extent < 0)
    counted = np.isin(unit.astype(str), ("count", "flats"))
    notes.cell("extent_fraction", number, "extent", counted & (extent >= 0) & (extent != np.round(extent)))
    flats = known.number("building", "dwellings", np.where(subject == "building", at, -1))
    over = (unit == "flats") & (extent > flats)
    notes.cell("flats_over", number, "extent", over, [f"{each:.0f}" for each in flats[over]])
    most = np.full(len(extent), np.inf)
    for each, limit in _MOST.items():
        most[unit == each] = limit
    for each in set(subject) - {""}:
        areal = np.flatnonzero((subject == each) & (unit == "m2") & (at >= 0))
        most[areal] = known.most_m2(each, at[areal])
    large = (extent > most) & ~over
    notes.cell("extent_implausible", number, "extent", large, [f"{each:,.0f}" for each in most[large]])
    return extent, unit


def _severities(  # noqa: PLR0917 - a sheet, and where to tell
    number: int, here: Mask, code: Cells, extent: NDArray[np.float64], known: Known, notes: Notes
) -> tuple[Cells, Mask, Mask]:
    """Return severities, by extent or by the code where the survey says nothing; where it says one; where by extent."""
    given = cells.words(number, "severity", notes, "severity", "severity_word")
    ranks = {each: i for i, each in enumerate(SEVERITIES)}
    due = np.full(len(code), "", dtype=object)
    by_extent = np.zeros(len(code), dtype=bool)
    for each, (_, one) in known.catalogue.codes.items():
        mine = code == each
        if not mine.any():
            continue
        due[mine] = one.severity
        if one.severity_from:
            known_extent = mine & ~np.isnan(extent)
            by_extent |= known_extent & (given == "")
            steps = np.searchsorted(one.severity_from, extent[known_extent], side="right")
            due[known_extent] = np.array(SEVERITIES, dtype=object)[steps]
            rank = np.array([ranks.get(word, -1) for word in given[known_extent]])
            rows = np.flatnonzero(known_extent)
            stated = rank >= 0
            for kind, off in (
                ("severity_milder", stated & (rank < steps)),
                ("severity_graver", stated & (rank > steps)),
            ):
                words = [LISTS["severity"][SEVERITIES[step]] for step in steps[off]]
                notes.cell(kind, number, "severity", rows[off], words)
    return np.where(given == "", due, given), here & (given != ""), by_extent


def _statuses(number: int, ids: Cells, day: Cells, known: Known, notes: Notes) -> tuple[Cells, Mask]:
    """Return statuses, open where the survey says nothing; and where it says one."""
    given = cells.words(number, "status", notes, "status", "status_word")
    named = np.flatnonzero((ids != "") & (given != ""))
    if known.findings is not None and len(named):
        was = known.findings["status"].reindex(ids[named]).fillna("").astype("object").to_numpy()
        days = known.findings[["surveyed_on", "done_on"]].reindex(ids[named]).astype("object").fillna("").max(axis=1)
        ranks = {each: i for i, each in enumerate(STATUSES)}
        rank, rank_was = (np.array([ranks.get(each, -1) for each in column]) for column in (given[named], was))
        back = (rank_was >= 0) & (rank < rank_was)
        before = (day[named] < days.astype("object").to_numpy()) & (rank < ranks["done"])
        for kind, mine in (("status_older", back & before), ("status_back", back & ~before)):
            notes.cell(kind, number, "status", named[mine], [LISTS["status"][each] for each in was[mine]])
    return np.where(given == "", "open", given), given != ""


def _later_days(number: int, day: Cells, status: Cells, known: Known, notes: Notes) -> tuple[Cells, Cells]:
    """Return the days by which, and on which, findings were put right."""
    due = check_day(number, "due_on", known, notes, future=True)
    done = check_day(number, "done_on", known, notes)
    finished = np.isin(status.astype(str), ("done", "checked"))
    blank = ~cells.present(notes.grids[number].column("done_on"))
    notes.cell("done_without_date", number, "done_on", finished & blank)
    notes.cell("done_not_done", number, "done_on", ~finished & (done != ""))
    for kind, key, later in (("done_before_survey", "done_on", done), ("due_before_survey", "due_on", due)):
        early = (later != "") & (day != "") & (later < day)
        notes.cell(kind, number, key, early, [str(each) for each in day[early]])
    return due, done


def _places(
    number: int, subject: Cells, at: NDArray[np.intp], known: Known, notes: Notes
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places that were surveyed, in the study's CRS [m]; NaN where none was."""
    grid = notes.grids[number]
    given_x, given_y = (cells.numbers(number, key, notes, kinds=_PLACE) for key in ("x", "y"))
    filled_x, filled_y = (cells.present(grid.column(key)) for key in ("x", "y"))
    notes.cell("place_half", number, "x", filled_y & ~filled_x)
    notes.cell("place_half", number, "y", filled_x & ~filled_y)
    both = ~np.isnan(given_x) & ~np.isnan(given_y)
    x, y = np.where(both, given_x, np.nan), np.where(both, given_y, np.nan)
    if not both.any():
        return x, y
    rows = np.flatnonzero(both)
    x[rows], y[rows] = known.projected(given_x[rows], given_y[rows])
    inside = known.inside(x, y)
    out = np.flatnonzero(both & ~inside)
    swapped = known.inside(*known.projected(given_y[out], given_x[out]))
    notes.cell("place_swapped", number, "x", out[swapped])
    notes.cell("place_outside", number, "x", out[~swapped])
    for each in set(subject) - {"", "town"}:
        mine = np.flatnonzero(both & inside & (subject == each) & (at >= 0))
        away = shapely.distance(known.outlines(each, at[mine]), shapely.points(x[mine], y[mine]))
        far = away > FAR_M
        notes.cell("place_far", number, "x", mine[far], [f"{value:,.0f}" for value in away[far]])
    return x, y


def _photos(number: int, photos: Photos | None, notes: Notes) -> Cells:
    """Return the names of photos, joined by ;, as the folder spells them where there is one."""
    written = cells.texts(number, "photo", notes, tell=False)
    told: dict[str, tuple[str, str, str]] = {}
    used: set[str] = set()
    for text in set(written) - {""}:
        names: list[str] = []
        kind, detail = "", ""
        for name in split_names(text):
            files = photos.find(name) if photos else (name,)
            if has_path(name):
                kind = "photo_path"
            elif len(files) != 1:
                kind, detail = "photo_missing" if not files else "photo_ambiguous", name
            names += files or (name,)
            used |= set(files)
        joined = ";".join(names)
        if kind or joined != text:
            told[text] = (joined, kind, detail)
    out = written.copy()
    for row in np.flatnonzero(among(written, list(told))):
        out[row], kind, detail = told[written[row]]
        if kind:
            notes.cell(kind, number, "photo", np.array([row]), detail)
    left = photos.unnamed(used) if photos else ()
    if left:
        more = f" … ({len(left)})" if len(left) > 20 else ""
        some = ("、".join(left[:20]) + more, ", ".join(left[:20]) + more)
        notes.file("photo_unreferenced", some, sheet=notes.grids[number].title)
    return out
