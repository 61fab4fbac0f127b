"""From records to states: what findings and observations say of each subject and code, in three values.

A code is *found* on a subject when a finding of it is open or looking found it; *clear* when looking did not, or when
all that was found has been put right; it does *not apply* when the building's storeys, year, lift or heating say so;
and it is *unknown* when nobody looked. A finding weighs more than a register: seen is seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.schema import SEVERITIES, empty
from geo.standards.indicators import Catalogue, Code, Indicator

Bytes = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

UNKNOWN: Final = 0
NOT_APPLICABLE: Final = 1
CLEAR: Final = 2
FOUND: Final = 3
WORDS: Final = np.array(["unknown", "not_applicable", "clear", "found"], dtype=object)
"""The word of each state."""

DONE: Final = ("done", "checked")
"""A finding of such a status is put right: counted before the works, no longer today."""

SAME: Final = ("subject", "subject_id", "code", "location", "extent", "extent_unit", "surveyed_on", "done")
"""Findings that agree in these, and in their point, are one: written down twice."""

DAYS_A_YEAR: Final = 365.25


@dataclass(frozen=True)
class Judged:
    """One indicator, judged: arrays over its subjects, which are sorted by id.

    Attributes
    ----------
    indicator : Indicator
    subject : str
        `building`, `estate` or `unit`.
    state : array of int8
        `UNKNOWN`, `NOT_APPLICABLE`, `CLEAR` or `FOUND`.
    value, upper : arrays of float
        What the subject adds to the indicator, in its own unit (NaN where unknown), and the most it can add (NaN where
        nothing bounds it).
    codes, findings, severity : arrays
        Found codes joined by ;, open findings, and the gravest severity (0 for none, 1 for general …).
    pending : array of bool
        Found and counted, but the residents have not been asked yet.
    notes : tuple of (str, str)
    """

    indicator: Indicator
    subject: str
    state: Bytes
    value: Floats
    upper: Floats
    codes: Texts
    findings: Ints
    severity: Bytes
    pending: Flags
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What was recorded of some subjects: matrices, a row per subject and a column per code.

    Attributes
    ----------
    codes : tuple of str
    state : int8
        See the module.
    open : int
        Open findings.
    severity : int8
        The gravest of them, or of what was observed without a finding; 0 for none, 1 for general …
    extent : float
        Sum of the extents of open findings that tell one in the code's own unit; 0 without.
    unmeasured : int
        Open findings that tell no such extent, and 1 where it was observed without any finding.
    years : float
        How long the oldest open finding has been open [years]; 0 where undated.
    """

    codes: tuple[str, ...]
    state: Bytes
    open: Ints
    severity: Bytes
    extent: Floats
    unmeasured: Ints
    years: Floats

    def of(self, indicator: Indicator) -> "Evidence":
        """Return the columns of one indicator."""
        at = [self.codes.index(code.code) for code in indicator.codes]
        return Evidence(
            tuple(self.codes[i] for i in at), self.state[:, at], self.open[:, at], self.severity[:, at],
            self.extent[:, at], self.unmeasured[:, at], self.years[:, at],
        )  # fmt: skip

    def summed(self, to: Ints, count: int) -> "Evidence":
        """Return the evidence of areas from that of the subjects in them: `to` is each subject's area, -1 for none.

        An area is clear of a code when all its subjects are (or the question does not arise in some of them).
        """
        inside = to >= 0
        at = to[inside]
        codes = len(self.codes)
        own = self.state[inside]

        def collected(values: npt.NDArray[Any]) -> Floats:
            out = np.zeros((count, codes))
            np.add.at(out, at, values[inside].astype(np.float64))
            return out

        number = np.bincount(at, minlength=count)[:, None]
        which = {state: collected(self.state == state) for state in (FOUND, CLEAR, NOT_APPLICABLE)}
        state = np.full((count, codes), UNKNOWN, dtype=np.int8)
        settled = (number > 0) & (which[CLEAR] + which[NOT_APPLICABLE] == number)
        state[settled] = np.where(which[CLEAR] > 0, CLEAR, NOT_APPLICABLE)[settled]
        state[which[FOUND] > 0] = FOUND
        severity = np.zeros((count, codes), dtype=np.int8)
        years = np.zeros((count, codes))
        np.maximum.at(severity, at, np.where(own == FOUND, self.severity[inside], 0).astype(np.int8))
        np.maximum.at(years, at, self.years[inside])
        return Evidence(
            self.codes, state, collected(self.open).astype(np.int64), severity,
            collected(self.extent),
            collected(self.unmeasured).astype(np.int64), years,
        )  # fmt: skip

    def joined(self, other: "Evidence") -> "Evidence":
        """Return both together: what either found is found; else what the first says, else the second."""
        state = np.where(self.state == UNKNOWN, other.state, self.state)
        state = np.where((self.state == FOUND) | (other.state == FOUND), FOUND, state).astype(np.int8)
        return Evidence(
            self.codes, state, self.open + other.open, np.maximum(self.severity, other.severity),
            self.extent + other.extent, self.unmeasured + other.unmeasured, np.maximum(self.years, other.years),
        )  # fmt: skip


def read_findings(findings: gpd.GeoDataFrame | None, catalogue: Catalogue, today: str) -> pd.DataFrame:
    """Return what counting needs of the findings: the same index, without geometry.

    Columns subject, subject_id, code (categories), done (flag), done_on, duplicate (flag), severity (1
    general … 3 very serious), extent (in the code's own unit, NaN where it tells none), years_open (NaN for
    done and undated ones), problem.
    """
    if findings is None or not len(findings):
        return pd.DataFrame(
            {
                **{name: pd.Series(dtype="category") for name in ("subject", "subject_id", "code")},
                **{name: pd.Series(dtype="str") for name in ("problem", "done_on")},
                **{name: pd.Series(dtype="bool") for name in ("done", "duplicate")},
                "severity": pd.Series(dtype="int8"), "extent": pd.Series(dtype="float64"),
                "years_open": pd.Series(dtype="float64"),
            },
            index=pd.Index([], dtype="str", name="finding_id"),
        )  # fmt: skip
    codes = {code: told for code, (_, told) in catalogue.codes.items()}
    done = findings["status"].isin(DONE).to_numpy(dtype=bool)
    points = findings.geometry
    sorted_by_id = findings.drop(columns=points.name).assign(done=done, x=points.x, y=points.y).sort_index()
    twice = sorted_by_id.duplicated([*SAME, "x", "y"])
    unit = findings["code"].map({code: told.extent for code, told in codes.items()})
    given = findings["extent_unit"].where(findings["extent_unit"].notna(), unit)
    extent = findings["extent"].where((given == unit) & (unit != ""))
    days = pd.to_datetime(findings["surveyed_on"], format="%Y-%m-%d", errors="coerce")
    years = (pd.Timestamp(date.fromisoformat(today)) - days).dt.days.clip(lower=0) / DAYS_A_YEAR
    return pd.DataFrame(
        {
            "subject": findings["subject"].astype("category"),
            "subject_id": findings["subject_id"].astype("category"),
            "code": findings["code"].astype("category"),
            "problem": findings["code"].map({code: told.problem for code, told in codes.items()}),
            "done": done,
            "done_on": findings["done_on"],
            "duplicate": twice.reindex(findings.index).to_numpy(dtype=bool),
            "severity": findings["severity"].map({word: i + 1 for i, word in enumerate(SEVERITIES)}).astype("int8"),
            "extent": extent.astype("float64"),
            "years_open": years.where(~done).astype("float64"),
        }
    )


def read_observations(observations: pd.DataFrame | None) -> pd.DataFrame:
    """Return what counting needs of the observations: the same index.

    Columns subject, subject_id, item (categories), state (`UNKNOWN`, `NOT_APPLICABLE`, `CLEAR`, `FOUND`; of a measured
    value unknown), value (NaN where none was measured, 0 where the question does not arise), surveyed_on.
    """
    if observations is None:
        observations = empty("observations", None)
    said = pd.Categorical(observations["state"])
    words = {word: i for i, word in enumerate(WORDS.tolist())}
    rank = np.array([words.get(word, UNKNOWN) for word in said.categories], dtype=np.int8)
    state = np.append(rank, np.int8(UNKNOWN))[said.codes]
    measured = np.append(said.categories.to_numpy(dtype=object) == "measured", False)[said.codes]
    value = np.where(measured, observations["value"].to_numpy(dtype=np.float64), np.nan)
    return pd.DataFrame(
        {
            **{name: observations[name].astype("category") for name in ("subject", "subject_id", "item")},
            "state": state,
            "value": np.where(state == NOT_APPLICABLE, 0.0, value),
            "surveyed_on": observations["surveyed_on"],
        }
    )


def gather(
    ids: "pd.Index[str]",
    subject: str,
    codes: Sequence[Code],
    findings: pd.DataFrame,
    observations: pd.DataFrame,
    *,
    before: bool = False,
) -> Evidence:
    """Return what is recorded of these subjects and codes.

    Parameters
    ----------
    ids : Index
        The subjects.
    subject : str
        What they are; records of other kinds are left out.
    codes : sequence of Code
    findings : DataFrame
        As `read_findings` gives them.
    observations : DataFrame
        As `read_observations` gives them.
    before : bool
        Count what has been put right as if it still were there.
    """
    names = pd.Index([code.code for code in codes])
    shape = (len(ids), len(codes))
    observed = np.zeros(shape, dtype=np.int8)
    seen = _rows(observations, ids, names, subject, "item")
    np.maximum.at(observed.reshape(-1), seen.cell, observations["state"].to_numpy(dtype=np.int8)[seen.row])
    told = findings[~findings["duplicate"].to_numpy(dtype=bool)]
    here = _rows(told, ids, names, subject, "code")
    told = told.iloc[here.row]
    done = told["done"].to_numpy(dtype=bool)
    counted = np.ones(len(told), dtype=bool) if before else ~done
    cells = shape[0] * shape[1]

    def total(values: npt.NDArray[Any]) -> Floats:
        summed = np.bincount(here.cell[counted], values[counted].astype(np.float64), minlength=cells)
        return np.asarray(summed.reshape(shape), dtype=np.float64)

    found = total(np.ones(len(told))).astype(np.int64)
    put_right = (np.bincount(here.cell[done], minlength=cells).reshape(shape) > 0) & (found == 0)
    again = _seen_again(put_right & (observed == FOUND), seen, observations, told[done], here.cell[done])
    state = np.where(put_right & ~again & (observed != NOT_APPLICABLE), CLEAR, observed)
    state = np.where(found > 0, FOUND, state).astype(np.int8)
    bare = (state == FOUND) & (found == 0)
    severity = np.zeros(shape, dtype=np.int8)
    np.maximum.at(severity.reshape(-1), here.cell[counted], told["severity"].to_numpy(dtype=np.int8)[counted])
    usual = np.array([SEVERITIES.index(code.severity) + 1 for code in codes], dtype=np.int8)
    severity = np.where(bare, usual[None, :], severity).astype(np.int8)
    years = np.zeros(shape)
    np.maximum.at(
        years.reshape(-1), here.cell[counted], np.nan_to_num(told["years_open"].to_numpy(dtype=np.float64)[counted])
    )
    extent = told["extent"].to_numpy(dtype=np.float64)
    return Evidence(
        tuple(names), state, found, severity, total(np.nan_to_num(extent)),
        (total(np.isnan(extent)) + bare).astype(np.int64), years,
    )  # fmt: skip


@dataclass(frozen=True)
class _Cells:
    """Rows of a table that speak of known subjects and codes, and the cell of the matrix each belongs to."""

    row: Ints
    cell: Ints


def _rows(table: pd.DataFrame, ids: "pd.Index[str]", names: "pd.Index[str]", subject: str, column: str) -> _Cells:
    """Return the rows of that kind of subject, and their cells."""

    def placed(column: str, among: "pd.Index[str]") -> Ints:
        words = table[column].cat
        place = np.append(among.get_indexer(pd.Index(words.categories)), -1).astype(np.int64)
        return np.asarray(place[words.codes.to_numpy()])

    of_item = placed(column, names)
    row = np.flatnonzero((placed("subject", pd.Index([subject])) >= 0) & (of_item >= 0))
    at = placed("subject_id", ids)[row]
    known = at >= 0
    return _Cells(row[known], at[known] * len(names) + of_item[row[known]])


def _seen_again(doubt: Flags, seen: _Cells, observations: pd.DataFrame, done: pd.DataFrame, cells: Ints) -> Flags:
    """Return where looking found the problem again on a later day than it was put right."""
    again = np.zeros(doubt.shape, dtype=bool)
    doubtful = np.flatnonzero(doubt.reshape(-1))
    if not len(doubtful):
        return again
    latest = pd.Series(done["done_on"].fillna("").to_numpy(dtype=object), index=cells).groupby(level=0).max()
    picked = np.isin(seen.cell, doubtful)
    looked = pd.Series(
        observations["surveyed_on"].fillna("").to_numpy(dtype=object)[seen.row[picked]], index=seen.cell[picked]
    ).groupby(level=0).max()  # fmt: skip
    both = pd.DataFrame({"done": latest.reindex(doubtful), "looked": looked.reindex(doubtful)}).fillna("")
    later = (both["done"] != "") & (both["looked"] > both["done"])
    again.reshape(-1)[both.index[later]] = True
    return again


def applies(codes: Sequence[Code], buildings: pd.DataFrame) -> Floats:
    """Return whether each code's question arises in each building: 1 yes, 0 no, NaN unknown.

    `buildings` has floors, year, lift and heated (1, 0 or NaN).
    """
    floors, year, lift, heated = (
        buildings[name].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        for name in ("floors", "year", "lift", "heated")
    )
    out = np.ones((len(buildings), len(codes)))

    def demand(column: int, holds: Flags, known: Flags) -> None:
        met = np.where(known, holds.astype(np.float64), np.nan)
        both = out[:, column] * met  # NaN stays NaN, unless one of them is a plain no
        out[:, column] = np.where((out[:, column] == 0) | (met == 0), 0.0, both)

    for i, code in enumerate(codes):
        if code.min_floors is not None:
            demand(i, floors >= code.min_floors, ~np.isnan(floors))
        if code.max_floors is not None:
            demand(i, floors <= code.max_floors, ~np.isnan(floors))
        if code.built_before is not None:
            demand(i, year <= code.built_before, ~np.isnan(year))
        if code.built_after is not None:
            demand(i, year > code.built_after, ~np.isnan(year))
        if code.without_lift:
            demand(i, lift == 0, ~np.isnan(lift))
        if code.heated:
            demand(i, heated == 1, ~np.isnan(heated))
    return out


def where_it_applies(state: Bytes, applicable: Floats) -> Bytes:
    """Return the states with `NOT_APPLICABLE` where the question does not arise; what is found stays found."""
    return np.where((applicable == 0) & (state != FOUND), NOT_APPLICABLE, state).astype(np.int8)


def together(state: Bytes) -> Bytes:
    """Return the state of each subject from those of its codes: a single one found marks it (一票否决)."""
    out = np.full(len(state), NOT_APPLICABLE, dtype=np.int8)
    if not state.shape[1]:
        return np.full(len(state), UNKNOWN, dtype=np.int8)
    out[(state == CLEAR).any(axis=1)] = CLEAR
    out[(state == UNKNOWN).any(axis=1)] = UNKNOWN
    out[(state == FOUND).any(axis=1)] = FOUND
    return out


def found_codes(evidence: Evidence) -> Texts:
    """Return the found codes of each subject, joined by ;."""
    bits = (evidence.state == FOUND) @ (1 << np.arange(len(evidence.codes), dtype=np.int64))
    masks, at = np.unique(bits, return_inverse=True)
    words = [";".join(code for i, code in enumerate(evidence.codes) if mask >> i & 1) for mask in masks.tolist()]
    return np.array([*words, ""], dtype=object)[at]


def quantities(ids: "pd.Index[str]", subject: str, keys: Sequence[str], observations: pd.DataFrame) -> pd.DataFrame:
    """Return the measured values of these subjects: index ids, a column per key, NaN unknown.

    What does not apply to a subject is 0 of it. `observations` are as `read_observations` gives them.
    """
    values = np.full((len(ids), len(keys)), np.nan)
    seen = _rows(observations, ids, pd.Index(list(keys)), subject, "item")
    values.reshape(-1)[seen.cell] = observations["value"].to_numpy(dtype=np.float64)[seen.row]
    return pd.DataFrame(values, index=ids, columns=list(keys))


def wanted(state: Bytes, support: Floats, least: float) -> tuple[Floats, Flags]:
    """Return what each subject counts for an indicator that the residents decide (提升型), and whether they still must.

    Found and wanted by at least that share of the respondents: 1. Found, but not wanted: 0. Not asked: 1, pending.
    """
    found = state == FOUND
    value = np.where(found & ~(support < least), 1.0, 0.0)
    return np.where(state == UNKNOWN, np.nan, value), found & np.isnan(support)
