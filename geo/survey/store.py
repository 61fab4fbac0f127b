"""Put a survey into the study: findings are updated by their id, nothing doubles, every change is kept."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.schema import SEVERITIES, TABLES, conform, empty
from geo.study import Study
from geo.survey.checks import among, pair_of
from geo.survey.read import SurveyRead, finding_id

_FOLLOWED = (
    "severity", "extent", "extent_unit", "location", "surveyed_on", "surveyor", "photo", "note", "status", "due_on",
    "done_on",
)  # fmt: skip
"""Columns of a finding whose changes are kept; `place` (the point) is followed too, where it was surveyed."""

_PLACE = "place"
_FINISHED = ("done", "checked")
_MOVED_M = 0.01
"""A place that differs by less is the same [m]."""


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
        Observations and findings of an earlier day than what the study has; the study's were kept. The day of a
        finding is that on which it was put right, else that on which it was seen.
    absent : tuple of str
        Findings, open in the study, of subjects that the survey looked at, which it does not list: they were kept.
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

    What the survey leaves empty never removes what the study has. A finding without a status of its own keeps the
    study's; one without an id is told by subject, code, location and ordinal.

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
    read.require()
    had = study.get("findings")
    had = empty("findings", study.crs) if had is None else had
    seen = study.get("observations")
    seen = empty("observations", None) if seen is None else seen
    incoming, assumed = _matched(had, read)
    findings, changes, late = _updated(had, incoming, assumed, on)
    observations, counts, older = _observed(seen, read.observations)
    new = incoming.index.difference(had.index)
    changed = changes.loc[changes["column"].notna(), "finding_id"].nunique()
    told = Stored(
        len(new),
        changed,
        len(read.findings) - len(new) - changed - late,
        *counts,
        older + late,
        _absent(had, incoming, read.observations),
    )
    tables: dict[str, gpd.GeoDataFrame] = {}
    if len(changes):
        history = study.get("finding_history")
        tables["findings"] = findings
        tables["finding_history"] = _history(empty("finding_history", None) if history is None else history, changes)
    if counts[0] or counts[1]:
        tables["observations"] = observations
    return (study.having(tables, step="survey") if tables else study), told


def _matched(had: gpd.GeoDataFrame, read: SurveyRead) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the survey's findings under the ids that the study knows them by, and what of them was assumed.

    A finding that follows from a 有 without details is no other than one that the study has open. Details that come
    later take the id of the finding made before. One that was put right before the survey saw it again is a new one.
    """
    incoming, assumed = read.findings, read.assumed
    if had.empty or incoming.empty:
        return incoming, assumed
    theirs = pair_of(had["subject"], had["subject_id"], had["code"])
    is_open = ~had["status"].isin(_FINISHED)
    open_of = pd.Series(had.index[is_open], index=theirs[is_open]).groupby(level=0).first()
    pairs = pair_of(incoming["subject"], incoming["subject_id"], incoming["code"])
    dropped = among(incoming.index, list(read.made)) & among(pairs, open_of.index)
    unnamed = incoming[assumed["unnamed"].to_numpy(dtype=bool) & ~dropped]
    renamed = _renamed(had, unnamed, read.made, set(incoming.index[~dropped]))
    index = pd.Index([renamed.get(each, each) for each in incoming.index], name=incoming.index.name, dtype="str")
    return incoming.set_axis(index)[~dropped], assumed.set_axis(index)[~dropped]


def _renamed(
    had: gpd.GeoDataFrame, unnamed: gpd.GeoDataFrame, made: frozenset[str], used: set[str]
) -> dict[str, str]:  # fmt: skip
    """Return id → id in the study, for findings without an id of their own that go by another one there.

    Only few rows come here: those whose problem the study has under the id of a finding without a place, and those
    that it has as put right before they were seen.
    """
    stems = pair_of(unnamed["subject"], unnamed["subject_id"], unnamed["code"])
    finished = had.index[had["status"].isin(_FINISHED)]
    unknown = ~among(unnamed.index, had.index)
    of_interest = (among(stems + ":1", had.index) & unknown) | among(unnamed.index, finished)
    status, done_on = had["status"].to_dict(), had["done_on"].fillna("9999").to_dict()
    out: dict[str, str] = {}
    for key, row in unnamed[of_interest].iterrows():
        own = str(key)
        bare = finding_id(row["subject"], row["subject_id"], row["code"], "", 1)
        known_as = own
        if own not in had.index and bare not in used and own not in made and _is_detail(had.loc[bare], row):
            known_as = bare
        stem, _, ordinal = known_as.rpartition(":")
        number = int(ordinal)
        while status.get(known_as) in _FINISHED and str(row["surveyed_on"]) > done_on[known_as]:
            number += 1
            known_as = f"{stem}:{number}"
        if known_as != own and known_as not in used:
            used.add(known_as)
            out[own] = known_as
    return out


def _is_detail(bare: pd.Series, row: pd.Series) -> bool:
    """Return whether a finding tells more of one that had no place, or has told it before."""
    if not pd.isna(bare["location"]):
        same: bool = bare["location"] == row["location"]
        return same
    return bare["status"] not in _FINISHED and bool(bare[["extent", "photo", "note"]].isna().all())


def _updated(
    had: gpd.GeoDataFrame, incoming: gpd.GeoDataFrame, assumed: pd.DataFrame, on: str
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, int]:
    """Return the study's findings after the survey, every change, a row for each, and how many rows came too late.

    A row of an earlier day than what the study has only fills in what is missing there.
    """
    is_known = among(incoming.index, had.index)
    fresh, common = incoming[~is_known], incoming[is_known]
    before, assumed = had.loc[common.index], assumed.loc[common.index]
    after = before.copy()
    parts = [_changes(fresh, None, pd.Series(pd.NA, index=fresh.index), fresh["status"], on)] if len(fresh) else []
    touched = np.zeros(len(common), dtype=bool)
    older = (_latest(common) < _latest(before)).to_numpy(dtype=bool)
    worse = _worse_by_extent(common, before, assumed)
    late = older.copy()
    for column in _FOLLOWED:
        new, old = common[column], before[column]
        differs = new.notna().to_numpy() & (
            old.isna().to_numpy() | (new != old).fillna(value=True).to_numpy(dtype=bool)
        )
        if column in ("severity", "status"):
            differs &= ~assumed[column].to_numpy(dtype=bool)
        if column == "severity":
            differs |= worse
        if column == "done_on":
            differs &= ~older
            reopened = before["status"].isin(_FINISHED) & ~after["status"].isin(_FINISHED)
            differs |= (reopened & old.notna() & new.isna()).to_numpy()
        differs &= ~older | old.isna().to_numpy()
        late &= ~differs
        if differs.any():
            after.loc[differs, column] = new[differs]
            parts.append(_changes(common[differs], column, _said(old[differs]), _said(new[differs]), on))
            touched |= differs
    had_place = before["place_given"].fillna(value=False).to_numpy(dtype=bool)
    moved = common["place_given"].fillna(value=False).to_numpy(dtype=bool) & ~_same_place(common, before)
    moved &= ~older | ~had_place
    late &= ~moved
    if moved.any():
        shapes = after.geometry.to_numpy().copy()
        shapes[moved] = common.geometry.to_numpy()[moved]
        after = after.set_geometry(gpd.GeoSeries(shapes, index=after.index, crs=had.crs))
        after.loc[moved, "place_given"] = True
        parts.append(_changes(common[moved], _PLACE, _point(before[moved]), _point(common[moved]), on))
        touched |= moved
    after.loc[touched, "source"] = common.loc[touched, "source"]
    changes = pd.concat(parts, ignore_index=True) if parts else _changes(common.iloc[:0], None, _none(), _none(), on)
    whole = had.copy()
    if touched.any():
        rows = had.index.get_indexer(after.index[touched])
        for column in (*_FOLLOWED, "place_given", "source"):
            values = whole[column].array.copy()
            values[rows] = after.loc[touched, column].array
            whole[column] = pd.Series(values, index=whole.index)
        shapes = whole.geometry.to_numpy().copy()
        shapes[rows] = after.geometry.to_numpy()[touched]
        whole = whole.set_geometry(gpd.GeoSeries(shapes, index=whole.index, crs=had.crs))
    if had.empty:
        return fresh, changes, 0
    both = gpd.GeoDataFrame(pd.concat([whole, fresh]), crs=had.crs) if len(fresh) else whole
    return both, changes, int(late.sum())


def _latest(findings: gpd.GeoDataFrame) -> pd.Series:
    """Return the day of the last thing that each finding tells; "" where it tells none."""
    days = findings[["surveyed_on", "done_on"]].astype("object").fillna("")
    return days.max(axis=1).astype("object")


def _worse_by_extent(common: gpd.GeoDataFrame, before: gpd.GeoDataFrame, assumed: pd.DataFrame) -> NDArray[np.bool_]:
    """Return where another extent makes a finding graver than the study has it, and the survey says no severity."""
    if "by_extent" not in assumed.columns:
        return np.zeros(len(common), dtype=bool)
    rank = {word: i for i, word in enumerate(SEVERITIES)}
    graver = common["severity"].map(rank).to_numpy(dtype=float) > before["severity"].map(rank).to_numpy(dtype=float)
    other = common["extent"].to_numpy(dtype=float) != before["extent"].to_numpy(dtype=float)
    found: NDArray[np.bool_] = graver & other & assumed["by_extent"].to_numpy(dtype=bool)
    return found


def _none() -> pd.Series:
    return pd.Series([], dtype="str")


def _same_place(common: gpd.GeoDataFrame, before: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    away = common.geometry.distance(before.geometry, align=False).to_numpy()
    given: NDArray[np.bool_] = before["place_given"].fillna(value=False).to_numpy(dtype=bool)
    near: NDArray[np.bool_] = away < _MOVED_M
    return given & near


def _point(rows: gpd.GeoDataFrame) -> pd.Series:
    return pd.Series([f"{p.x:.2f} {p.y:.2f}" for p in rows.geometry], index=rows.index, dtype="str")


def _said(values: pd.Series) -> pd.Series:
    """Return values as history writes them; numbers without needless decimals."""
    if values.dtype.kind == "f":
        return pd.Series([None if v != v else f"{v:g}" for v in values], index=values.index, dtype="str")  # noqa: PLR0124
    return values.astype("str")


def _changes(
    rows: gpd.GeoDataFrame, column: str | None, before: pd.Series, after: pd.Series, on: str
) -> pd.DataFrame:  # fmt: skip
    """Return changes of one column of these findings; None: they are new."""
    day = rows["done_on"] if column in ("status", "done_on") else rows["surveyed_on"]
    return pd.DataFrame({
        "finding_id": rows.index.to_numpy(), "changed_on": day.fillna(rows["surveyed_on"]).fillna(on).to_numpy(),
        "column": column, "before": before.to_numpy(), "after": after.to_numpy(), "by": rows["surveyor"].to_numpy(),
        "source": rows["source"].to_numpy(),
    }).astype(dict.fromkeys(("finding_id", "changed_on", "column", "before", "after", "by", "source"),
    "str"))  # fmt: skip


def _history(had: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Return the history with changes put behind it, numbered on for each finding."""
    start = had.groupby("finding_id").size() if len(had) else pd.Series([], dtype="Int64")
    number = changes.groupby("finding_id").cumcount() + 1
    number = number + changes["finding_id"].map(start).fillna(0).to_numpy(dtype="int64")
    index = pd.Index(
        changes["finding_id"] + "#" + number.astype("str"), name=TABLES["finding_history"].index, dtype="str"
    )
    more = conform(changes.assign(number=number.astype("Int64")).set_axis(index), "finding_history")
    return pd.concat([had, more]) if len(had) else more


def _observed(seen: pd.DataFrame, read: pd.DataFrame) -> tuple[pd.DataFrame, tuple[int, int, int], int]:
    """Return observations after the survey; how many are new, changed, unchanged; and how many came too late."""
    if seen.empty or read.empty:
        return (read if seen.empty else seen), (len(read), 0, 0), 0
    rows = seen.index.get_indexer(read.index)
    fresh, common, rows = read[rows < 0], read[rows >= 0], rows[rows >= 0]
    before = seen.iloc[rows]
    older = (common["surveyed_on"] < before["surveyed_on"].to_numpy()).fillna(value=False).to_numpy(dtype=bool)
    differs = np.zeros(len(common), dtype=bool)
    for column in ("state", "value", "surveyed_on", "surveyor"):
        new, old = common[column].to_numpy(dtype=object), before[column].to_numpy(dtype=object)
        differs |= ~((new == old) | (pd.isna(new) & pd.isna(old)))
    town = (common["subject"] == "town").to_numpy()
    sources = common["source"].to_numpy(dtype=object) != before["source"].to_numpy(dtype=object)
    differs |= town & sources
    differs &= ~older
    whole = seen
    if differs.any():
        whole = seen.copy()
        for column in whole.columns.intersection(common.columns):
            values = whole[column].array.copy()
            values[rows[differs]] = common.loc[differs, column].array
            whole[column] = pd.Series(values, index=whole.index)
    if len(fresh):
        whole = pd.concat([whole, fresh])
    same = len(common) - int(differs.sum()) - int(older.sum())
    return whole, (len(fresh), int(differs.sum()), same), int(older.sum())


def _absent(had: gpd.GeoDataFrame, incoming: gpd.GeoDataFrame, observations: pd.DataFrame) -> tuple[str, ...]:
    """Return the study's open findings on subjects that the survey looked at, and that it does not list."""
    if had.empty:
        return ()
    looked = pd.concat([
        incoming["subject"] + ":" + incoming["subject_id"], observations["subject"] + ":" + observations["subject_id"]
    ]).unique()  # fmt: skip
    mine = among(had["subject"] + ":" + had["subject_id"], looked) & ~had["status"].isin(_FINISHED).to_numpy()
    yes = observations[observations["state"] == "found"]
    found = pair_of(yes["subject"], yes["subject_id"], yes["item"])
    confirmed = among(pair_of(had["subject"], had["subject_id"], had["code"]), found)
    return tuple(had.index[mine & ~confirmed & ~among(had.index, incoming.index)])
