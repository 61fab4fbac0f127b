"""The checks of a survey: forms, values entered by hand, and how forms and findings go together.

Every check works on whole columns; only what is wrong becomes an object. `geo.survey.finding_checks` has those of the
sheet of findings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.survey import cells
from geo.survey.forms import TOWN, VALUE, Field, Form, fields_on, town_rows
from geo.survey.grid import Cells, Mask, Notes
from geo.survey.known import DWELLING_USES, Known

EARLIEST = "1990-01-01"
"""No survey of this kind is older: a day before it is a slip."""

_NUMBER = {"text": "value_text", "infinite": "value_infinite"}
_MOST: Mapping[str, float] = {
    "people": 1e6, "residents": 1e6, "m2": 5e6, "m": 1e6, "flats": 1e5, "count": 1e5, "classes": 200,
}  # fmt: skip
"""No quantity of these units is larger, in one compound or examination unit."""
_PER_HOUSEHOLD = 20.0
"""No compound has more of anything that is counted than so many for each of its households."""

OBSERVED = ("subject", "subject_id", "item", "state", "value", "surveyed_on", "surveyor", "source")


def check_form(number: int, form: Form, known: Known, notes: Notes, file: str) -> pd.DataFrame:
    """Return what a form says, a row for each answer: `OBSERVED`, and _grid, _row, _key: where it stands."""
    grid = notes.grids[number]
    here = np.zeros(len(grid), dtype=bool)
    for key in (*(field.key for field in form.fields), "surveyed_on", "surveyor"):
        here |= cells.present(grid.column(key))
    ids = check_ids(number, form.subject, here, known, notes)
    at = known.at(form.subject, ids)
    day, who = check_when(number, here, form.subject, at, known, notes)
    parts = []
    for field in form.fields:
        if field.key not in grid.cells:
            continue
        state, value = _answers(number, form, field, at, known, notes)
        rows = np.flatnonzero(state != "")
        if len(rows):
            parts.append(pd.DataFrame({
                "item": np.full(len(rows), field.key, dtype=object), "state": state[rows], "value": value[rows],
                "_row": rows,
            }))  # fmt: skip
    if not parts:
        return nothing()
    said = pd.concat(parts, ignore_index=True)
    rows = said["_row"].to_numpy()
    source = np.array([f"{file}#{grid.title}!{row}" for row in grid.rows], dtype=object)
    said["subject"] = form.subject
    for column, values in (("subject_id", ids), ("surveyed_on", day), ("surveyor", who), ("source", source)):
        said[column] = values[rows]
    said["_grid"], said["_key"] = number, said["item"]
    return said


def nothing() -> pd.DataFrame:
    """Return no answers."""
    return pd.DataFrame({column: [] for column in (*OBSERVED, "_grid", "_row", "_key")})


def check_ids(number: int, subject: str, here: Mask, known: Known, notes: Notes) -> Cells:
    """Return the ids that the rows of a form are about; rows without answers are only looked at for edits."""
    grid = notes.grids[number]
    ids = cells.ids(number, "id", notes, known.ids[subject])
    made_for = np.array([cells.as_text(each) for each in grid.column("_id")], dtype=object)
    edited = (made_for != "") & (made_for != ids)
    notes.cell("id_edited", number, "id", edited, [str(each) for each in made_for[edited]])
    notes.cell("id_missing", number, "id", here & ~edited & (ids == ""))
    at = known.at(subject, ids)
    strange = here & ~edited & (ids != "") & (at < 0)
    notes.cell(f"{subject}_unknown", number, "id", strange)
    if subject == "building":
        tell_use(number, "id", here & ~edited & (at >= 0), at, known, notes)
    again = np.zeros(len(grid), dtype=bool)
    rows = np.flatnonzero(here & ~edited & (ids != ""))
    again[rows] = pd.Series(ids[rows]).duplicated().to_numpy()
    first = dict(zip(ids[rows][::-1], grid.rows[rows][::-1], strict=True))
    notes.cell("row_twice", number, "id", again, [str(first[each]) for each in ids[again]])
    return ids


def tell_use(number: int, key: str, where: Mask, at: NDArray[np.intp], known: Known, notes: Notes) -> None:  # noqa: PLR0917 - a sheet, and where to tell
    """Tell the buildings that are no dwellings."""
    table = known.table("building")
    if table is None or table.empty:
        return
    use = table["use"].astype("object").to_numpy()[at]
    other = where & pd.notna(use) & ~np.isin(use.astype(str), DWELLING_USES)
    notes.cell("building_use", number, key, other, [str(each) for each in use[other]])


def check_when(  # noqa: PLR0917 - a sheet, and where to tell
    number: int, here: Mask, subject: str, at: NDArray[np.intp], known: Known, notes: Notes
) -> tuple[Cells, Cells]:
    """Return days and surveyors, of which rows with answers need both."""
    grid = notes.grids[number]
    day = check_day(number, "surveyed_on", known, notes)
    notes.cell("date_missing", number, "surveyed_on", here & ~cells.present(grid.column("surveyed_on")))
    if subject == "building":
        built = known.number(subject, "year_built", at)
        year = np.array([float(each[:4]) if each else np.nan for each in day])
        before = (year < built) & (day >= EARLIEST)
        notes.cell("date_before_built", number, "surveyed_on", before, [f"{each:.0f}" for each in built[before]])
    who = cells.texts(number, "surveyor", notes)
    notes.cell("surveyor_missing", number, "surveyor", here & (who == ""))
    return day, who


def check_day(number: int, key: str, known: Known, notes: Notes, *, future: bool = False) -> Cells:
    """Return a column of days; those before `EARLIEST` and, unless `future`, after today are told."""
    day = cells.days(number, key, notes)
    notes.cell("date_before_1990", number, key, (day != "") & (day < EARLIEST))
    if known.today and not future:
        notes.cell("date_future", number, key, day > known.today, known.today)
    return day


def _answers(  # noqa: PLR0917 - a sheet, and where to tell
    number: int, form: Form, field: Field, at: NDArray[np.intp], known: Known, notes: Notes
) -> tuple[Cells, NDArray[np.float64]]:
    """Return the states and values of one column; "" where it says nothing."""
    if field.code is not None:
        state = cells.words(number, field.key, notes, "result", "result_word")
        cannot = (state == "found") & known.not_applicable(field.code, form.subject, at)
        notes.cell("not_applicable_found", number, field.key, cannot, why_not(known, form.subject, at[cannot]))
        return state, np.full(len(state), np.nan)
    never = cells.not_applicable(number, field.key, notes)
    if field.kind == "flag":
        value = cells.flags(number, field.key, notes, never)
    else:
        value = cells.numbers(number, field.key, notes, kinds=_NUMBER, skip=never)
        _check_quantity(number, form.subject, field, value, at, known, notes)
    state = np.where(never, "not_applicable", np.where(np.isnan(value), "", "measured")).astype(object)
    return state, value


def why_not(known: Known, subject: str, at: NDArray[np.intp]) -> list[tuple[str, str]]:
    """Return storeys and year of subjects, as the reason why a question does not arise."""
    told = []
    for floors, year in zip(known.number(subject, "floors", at), known.number(subject, "year_built", at), strict=True):
        zh = [*([f"{floors:g} 层"] if floors == floors else []), *([f"{year:.0f} 年建成"] if year == year else [])]  # noqa: PLR0124
        en = [*([f"{floors:g} storeys"] if floors == floors else []), *([f"built {year:.0f}"] if year == year else [])]  # noqa: PLR0124
        told.append(("，".join(zh), ", ".join(en)))
    return told


def _check_quantity(  # noqa: PLR0917 - a sheet, and where to tell
    number: int,
    subject: str,
    field: Field,
    value: NDArray[np.float64],
    at: NDArray[np.intp],
    known: Known,
    notes: Notes,
) -> None:
    """Tell quantities that cannot be: negative, broken, more than a whole, or implausibly large."""
    notes.cell("value_negative", number, field.key, value < 0)
    if field.kind == "share":
        notes.cell("share_over_one", number, field.key, value > 1)
        return
    if field.kind == "count":
        notes.cell("value_not_whole", number, field.key, (value >= 0) & (value != np.round(value)))
    most = np.full(len(value), _MOST.get(field.unit, np.inf))
    if field.unit == "m2" and subject != "town" and "site" not in field.key:
        most = np.minimum(most, 40 * known.most_m2(subject, at))
    if field.kind == "count" and field.unit != "people":
        households = known.number(subject, "households", at)
        most = np.fmin(most, np.where(households > 0, _PER_HOUSEHOLD * households, np.nan))
    large = value > most
    notes.cell("value_implausible", number, field.key, large, [f"{each:,.0f}" for each in most[large]])


def check_town(number: int, known: Known, notes: Notes) -> pd.DataFrame:
    """Return the values of the town that were entered by hand, like `check_form`."""
    grid = notes.grids[number]
    offered = town_rows(known.catalogue)
    computed = {each.key for each in known.catalogue.of("housing", "residential", "overall")}
    here = cells.present(grid.column("value")) | cells.present(grid.column("source"))
    written = cells.ids(number, "item", notes)
    item = np.array([each if each in offered.index or not each else f"{VALUE}{each}" for each in written], dtype=object)
    item = np.array([each if each in offered.index else each.removeprefix(VALUE * 2) for each in item], dtype=object)
    bare = np.array([each.removeprefix(VALUE) for each in item], dtype=object)
    by_survey = np.isin(bare.astype(str), list(computed))
    filled = cells.present(grid.column("value"))
    notes.cell("id_missing", number, "item", here & (written == ""))
    notes.cell("town_computed", number, "item", filled & by_survey)
    listed = np.isin(item.astype(str), offered.index.astype(str))
    notes.cell("town_item_unknown", number, "item", here & (written != "") & ~by_survey & ~listed)
    again = np.zeros(len(grid), dtype=bool)
    rows = np.flatnonzero(filled & (written != ""))
    again[rows] = pd.Series(item[rows]).duplicated().to_numpy()
    first = dict(zip(item[rows][::-1], grid.rows[rows][::-1], strict=True))
    notes.cell("row_twice", number, "item", again, [str(first[each]) for each in item[again]])
    facts = offered.reindex(item)
    percent = facts["percent"].eq(True).to_numpy() & filled
    value = _town_values(number, percent, notes)
    notes.cell("value_negative", number, "value", (value < 0) & ~percent)
    notes.cell("percent_range", number, "value", percent & ((value < 0) | (value > 100)))
    notes.cell("percent_as_share", number, "value", percent & (value > 0) & (value <= 1))
    whole = facts["count"].eq(True).to_numpy()
    notes.cell("value_not_whole", number, "value", whole & (value >= 0) & (value != np.round(value)))
    notes.cell("share_over_one", number, "value", facts["share"].eq(True).to_numpy() & (value > 1))
    also = listed & filled & facts["entered"].eq(False).to_numpy()
    notes.cell("town_computed_too", number, "item", also)
    source = cells.texts(number, "source", notes)
    notes.cell("town_source_missing", number, "source", filled & (source == ""))
    day = check_day(number, "surveyed_on", known, notes)
    who = cells.texts(number, "surveyor", notes)
    rows = np.flatnonzero(~np.isnan(value) & (written != ""))
    if not len(rows):
        return nothing()
    return pd.DataFrame({
        "subject": "town", "subject_id": "town", "item": item[rows], "state": "measured", "value": value[rows],
        "surveyed_on": day[rows], "surveyor": who[rows], "source": source[rows], "_grid": number, "_row": rows,
        "_key": "value",
    })  # fmt: skip


def _town_values(number: int, percent: Mask, notes: Notes) -> NDArray[np.float64]:
    """Return the values entered by hand; "35%" is 35 where the unit is %, and 0.35 elsewhere."""
    of_hundred = cells.numbers(number, "value", notes, kinds=_NUMBER, percent=100, skip=~percent)
    others = cells.numbers(number, "value", notes, kinds=_NUMBER, skip=percent)
    return np.where(percent, of_hundred, others)


def check_together(said: pd.DataFrame, findings: pd.DataFrame, known: Known, notes: Notes) -> None:
    """Tell answers that say no where a finding is listed, or where the study has one that is open.

    Parameters
    ----------
    said
        All answers, as `check_form` returns them.
    findings
        The findings listed: subject, subject_id, code, status, finding_id.
    known, notes
        The study, and where to tell.
    """
    no = said[said["state"].isin(("clear", "not_applicable")) & said["item"].isin(known.catalogue.codes)]
    if no.empty:
        return
    pair = pair_of(no["subject"], no["subject_id"], no["item"])
    open_here = findings[findings["status"].isin(("open", "scheduled"))]
    against = among(pair, pair_of(open_here["subject"], open_here["subject_id"], open_here["code"]))
    words = {"clear": ("无", "Clear"), "not_applicable": ("不涉及", "Not applicable")}
    _tell_at("contradiction", no[against], [words[each] for each in no["state"][against]], notes)
    if known.findings is None:
        return
    stored = known.findings
    stored = stored[stored["status"].isin(("open", "scheduled"))]
    stored = stored[~among(stored.index, findings["finding_id"])]
    named = pd.Series(stored.index, index=pair_of(stored["subject"], stored["subject_id"], stored["code"]))
    named = named[~named.index.duplicated()]
    still = ~against & among(pair, named.index)
    _tell_at("clear_but_open", no[still], named.reindex(pair[still]).tolist(), notes)


def _tell_at(kind: str, said: pd.DataFrame, details: Sequence[Any], notes: Notes) -> None:
    """Tell something of the cells that answers stand in."""
    for (number, key, row), detail in zip(
        said[["_grid", "_key", "_row"]].itertuples(index=False), details, strict=True
    ):  # fmt: skip
        notes.cell(kind, int(number), str(key), np.array([int(row)]), detail)


def pair_of(subject: pd.Series, subject_id: pd.Series, code: pd.Series) -> pd.Series:
    """Return what a finding or an answer is of: subject, id and code in one text."""
    return subject.astype("str") + ":" + subject_id.astype("str") + ":" + code.astype("str")


def among(values: Iterable[object], others: Iterable[object]) -> Mask:
    """Return which values are among others: by hash, whatever type of text the columns have."""
    left, right = (pd.Series(np.asarray(each, dtype=object), dtype="object") for each in (values, others))
    found: Mask = left.isin(right.to_numpy()).to_numpy()
    return found


def check_whole(numbers: Sequence[int], known: Known, asked: Sequence[Form], notes: Notes, file: str) -> pd.DataFrame:
    """Return the answers of all grids that are forms or values of the town."""
    by_key = {form.key: form for form in asked}
    parts = []
    for number in numbers:
        form = notes.grids[number].form
        if form in by_key:
            asks = tuple(
                each for each in fields_on(by_key[form], known.catalogue) if each.key in notes.grids[number].cells
            )
            parts.append(check_form(number, replace(by_key[form], fields=asks), known, notes, file))
        elif form == TOWN:
            parts.append(check_town(number, known, notes))
    kept = [each for each in parts if len(each)]
    return pd.concat(kept, ignore_index=True) if kept else nothing()
