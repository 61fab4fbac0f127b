"""What an examination finds: indicators with coverage and bounds, by housing group and area, for every subject.

Three values everywhere: a subject has the problem, has it not, or nobody looked. What nobody looked at is never zero:
each value stands beside how many of how many were surveyed, and between the least and the most it can be.
"""

from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import pandas as pd

from geo.standards.indicators import Catalogue

HousingGroup = Literal["before_2000", "2000_2010", "after_2010", "self_built", "historic", "unknown"]

HOUSING_GROUPS: Final = ("before_2000", "2000_2010", "after_2010", "self_built", "historic", "unknown")
"""Completed by 1999, 2000 to 2010, from 2011; self-built; historic and one-storey areas; year not known."""

AREAS: Final = ("unit", "community", "estate", "block")
"""The areas by which every indicator is told."""

STATES: Final = ("found", "clear", "unknown", "not_applicable")
"""What is known of one subject and one indicator."""

INDICATOR_COLUMNS: Final = (
    "key", "title_zh", "title_en", "dimension", "group_zh", "group_en", "unit_zh", "unit_en", "rule", "status", "value",
    "lower", "upper", "surveyed", "total", "coverage", "found", "clear", "not_applicable", "unknown", "timed",
    "best_effort", "target", "verdict", "sentence_zh", "sentence_en", "note_zh", "note_en", "source",
)  # fmt: skip
"""Columns of `Examination.indicators`."""

STATE_COLUMNS: Final = (
    "number", "subject", "subject_id", "state", "value", "codes", "findings", "severity", "estate_id", "block_id",
    "unit_id", "community_id", "housing_group", "pending",
)  # fmt: skip
"""Columns of `Examination.states`."""


@dataclass(frozen=True)
class Examination:
    """The result of an examination: tables in the study's CRS, sorted by id; nothing in them is made up.

    Attributes
    ----------
    catalogue : Catalogue
        The edition that everything was counted by.
    indicators : DataFrame
        Index number (of the catalogue, all of them). Columns `INDICATOR_COLUMNS`: key, title_zh, title_en, dimension,
        group_zh, group_en, unit_zh, unit_en, rule; status (`computed`, `entered`, `unknown`); value in the indicator's
        own unit (NaN when unknown); lower and upper, between which it lies when not all is surveyed (upper NaN where no
        bound is known); surveyed and total subjects; coverage, their share, NaN where the question does not arise;
        found, clear, not_applicable, unknown (subjects in each state; total = found + clear + unknown); timed,
        best_effort (open findings of 限时 and 尽力 problems); target; verdict (`met`, `missed`, `unknown`, or `none`
        without a target); sentence_zh, sentence_en (the fixed sentence of the problem list, "" where nothing is
        found); note_zh, note_en (readings, what is unknown); source (edition and clause, or where an entered value is
        from).
    groups : DataFrame
        Index (number, housing_group): value, surveyed, total, coverage. Housing indicators only.
    areas : DataFrame
        Index (number, area, area_id), area one of `AREAS`: value, surveyed, total, coverage. What lies in no such area
        stands under the area_id "".
    states : DataFrame
        One row per indicator of housing and residential areas and subject, columns `STATE_COLUMNS`: number, subject,
        subject_id, state (one of `STATES`), value (1 or 0 for counted subjects; flats, places or km where these are
        counted; NaN unknown), codes (open findings' codes joined by ;), findings (how many are open), severity of the
        gravest one (missing without one), estate_id, block_id, unit_id, community_id (missing where none),
        housing_group (missing for areas), pending (marked, but the residents' survey has not been asked yet).
    buildings : GeoDataFrame
        Index building_id: the buildings that people live in. The study's columns, and estate_id, site_id (estate, or
        `block:<block_id>` outside estates; missing outside blocks), block_id, unit_id, community_id, housing_group,
        findings_open, findings_done, severity (`none` when all was surveyed and nothing found, a word of
        `geo.schema.SEVERITIES`, or `unknown`), score (`geo.examination.severity`), surveyed_share (of the indicators
        that apply to it), indicators_found (numbers joined by ;).
    estates, units, blocks : GeoDataFrame
        The study's tables (empty where it has none) with buildings, buildings_surveyed, findings_open, findings_done,
        findings_per_ha, severity, score, surveyed_share, indicators_found; estates and blocks with unit_id, estates
        with community_id, block_id and housing_group.
    findings : GeoDataFrame
        The study's findings with number, key, title_zh, title_en (of the indicator), problem_zh, problem_en (of the
        code), problem (`timed`, `best_effort`), remedy (`works`, `management`), open (flag), counted (flag: open and
        of a subject that the indicator counts), site_id, block_id, unit_id, community_id, years_open (NaN when
        undated or done).
    before : DataFrame
        Index number: value, lower, upper with findings that are done counted as still there.
    today : str
        The day for which all this holds, as ISO text.
    notes : tuple of (str, str)
        Assumptions made and what is unknown, in Chinese and English.
    """

    catalogue: Catalogue
    indicators: pd.DataFrame
    groups: pd.DataFrame
    areas: pd.DataFrame
    states: pd.DataFrame
    buildings: gpd.GeoDataFrame
    estates: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    blocks: gpd.GeoDataFrame
    findings: gpd.GeoDataFrame
    before: pd.DataFrame
    today: str
    notes: tuple[tuple[str, str], ...] = ()
