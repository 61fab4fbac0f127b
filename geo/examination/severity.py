"""How bad it is: the gravest finding and a score, of every home and of every area.

The score adds, over the codes found on a home, the weight of the gravest finding of that code, times up to two as the
oldest of them stays open. An area's score is the mean over its homes that somebody looked at. What nobody looked at
adds nothing and is told beside it as `surveyed_share`.
"""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.examination.judging import CLEAR, FOUND, NOT_APPLICABLE, UNKNOWN, Bytes, Evidence, Floats, Judged, Texts
from geo.schema import SEVERITIES

WEIGHTS: Final = np.array([0.0, 1.0, 3.0, 9.0])
"""What a code counts whose gravest finding is general, serious, very serious (our reading: each step trebles)."""

YEARS_TO_DOUBLE: Final = 10.0
"""A finding open for so many years counts twice, a newer one in proportion (our reading: long-unsolved comes first)."""

SUMMARY: Final = (
    "buildings",
    "buildings_surveyed",
    "findings_open",
    "findings_done",
    "findings_per_ha",
    "severity",
    "score",
    "surveyed_share",
    "indicators_found",
)
"""Columns that every area gets."""


def scores(recorded: Evidence) -> Floats:
    """Return the score of each subject; NaN where nobody looked at it."""
    found = recorded.state == FOUND
    age = 1.0 + np.minimum(recorded.years, YEARS_TO_DOUBLE) / YEARS_TO_DOUBLE
    total = np.where(found, WEIGHTS[recorded.severity] * age, 0.0).sum(axis=1)
    looked = (found | (recorded.state == CLEAR)).any(axis=1)
    return np.asarray(np.where(looked, total, np.nan))


def severity_words(grave: Bytes, open_questions: np.ndarray) -> Texts:
    """Return the word of each severity: with none, `none` where all was looked at and `unknown` where not."""
    words = np.array(["none", *SEVERITIES], dtype=object)[grave]
    return np.asarray(np.where((grave == 0) & open_questions, "unknown", words))


def summarise_homes(homes: gpd.GeoDataFrame, judged: tuple[Judged, ...], recorded: Evidence) -> gpd.GeoDataFrame:
    """Return the homes with severity, score, surveyed_share and indicators_found."""
    state = np.stack([each.state for each in judged], axis=1)
    applies = state != NOT_APPLICABLE
    asked, told = applies.sum(axis=1), (applies & (state != UNKNOWN)).sum(axis=1)
    grave = np.stack([each.severity for each in judged], axis=1).max(axis=1)
    return homes.assign(
        severity=severity_words(grave, told < asked),
        score=scores(recorded),
        surveyed_share=np.divide(told, asked, out=np.full(len(asked), np.nan), where=asked > 0),
        indicators_found=joined_numbers(state == FOUND, [each.indicator.number for each in judged]),
    )


def joined_numbers(found: np.ndarray, numbers: list[int]) -> Texts:
    """Return, for each row of flags, the numbers whose flag is set, joined by ;."""
    masks, at = np.unique(np.asarray(found, dtype=bool), axis=0, return_inverse=True)
    words = [";".join(str(n) for n, hit in zip(numbers, mask, strict=True) if hit) for mask in masks.tolist()]
    return np.array([*words, ""], dtype=object)[at.reshape(-1)]


def summarise_areas(
    areas: gpd.GeoDataFrame, column: str, homes: gpd.GeoDataFrame, states: pd.DataFrame, findings: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Return areas with the columns of `SUMMARY`.

    Parameters
    ----------
    areas : GeoDataFrame
        Estates, units or blocks; their index is what `column` of the other tables names.
    column : str
        `estate_id`, `unit_id` or `block_id`.
    homes : GeoDataFrame
        As `summarise_homes` gives them.
    states : DataFrame
        `Examination.states`, with the column `rank` of severity (0 none, 1 general …).
    findings : DataFrame
        `Examination.findings`.
    """
    ids, count = areas.index, len(areas)
    at = ids.get_indexer(pd.Index(homes[column]))
    inside = at >= 0
    score = homes["score"].to_numpy(dtype=np.float64)[inside]
    looked = ~np.isnan(score)
    buildings = np.bincount(at[inside], minlength=count)
    surveyed = np.bincount(at[inside][looked], minlength=count)
    total = np.bincount(at[inside][looked], score[looked], minlength=count)
    row = ids.get_indexer(pd.Index(states[column]))
    here = row >= 0
    state = states["state"].to_numpy(dtype=object)[here]
    row = row[here]
    grave = np.zeros(count, dtype=np.int8)
    np.maximum.at(grave, row, states["rank"].to_numpy(dtype=np.int8)[here])
    asked = np.bincount(row, state != "not_applicable", minlength=count)
    told = np.bincount(row, (state == "found") | (state == "clear"), minlength=count)
    numbers = sorted(set(states["number"]))
    hit = np.zeros((count, len(numbers)), dtype=bool)
    found = state == "found"
    hit[row[found], np.searchsorted(numbers, states["number"].to_numpy()[here][found])] = True
    where = ids.get_indexer(pd.Index(findings[column])) if len(findings) else np.zeros(0, dtype=np.int64)
    real = (where >= 0) & ~findings["duplicate"].to_numpy(dtype=bool)
    still = findings["open"].to_numpy(dtype=bool)
    open_, done = (np.bincount(where[real & which], minlength=count) for which in (still, ~still))
    hectares = shapely.area(areas.geometry.to_numpy()) / 10_000
    return areas.assign(
        buildings=pd.array(buildings, dtype="Int64"),
        buildings_surveyed=pd.array(surveyed, dtype="Int64"),
        findings_open=pd.array(open_, dtype="Int64"),
        findings_done=pd.array(done, dtype="Int64"),
        findings_per_ha=np.divide(open_, hectares, out=np.full(count, np.nan), where=hectares > 0),
        severity=severity_words(grave, told < asked),
        score=np.divide(total, surveyed, out=np.full(count, np.nan), where=surveyed > 0),
        surveyed_share=np.divide(told, asked, out=np.full(count, np.nan), where=asked > 0),
        indicators_found=joined_numbers(hit, numbers),
    )
