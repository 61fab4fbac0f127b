"""The rows behind an examination's layers: its tables with the columns that styles need, without what is private."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.standards.indicators import Catalogue
from layers.features import FEWEST_SHOWN
from layers.words import Lang, is_missing

if TYPE_CHECKING:
    from geo.examination.result import Examination
    from geo.study import Study

TABLES = ("buildings", "estates", "units", "blocks", "findings")
"""Layers of an examination, by name."""

SUBJECT_TABLES = {"building": "buildings", "estate": "estates", "unit": "units", "block": "blocks"}

_BUILDING_COLUMNS = (
    "name", "use", "floors", "year_built", "structure", "estate_id", "site_id", "block_id", "unit_id", "community_id",
    "housing_group", "findings_open", "findings_done", "severity", "score", "surveyed_share", "indicators_found",
)  # fmt: skip
_PLACE_COLUMNS = (
    "name", "name_en", "year_built", "households", "people", "size", "unit_id", "community_id", "block_id",
    "housing_group", "buildings", "buildings_surveyed", "findings_open", "findings_done", "findings_per_ha", "severity",
    "score", "surveyed_share", "indicators_found",
)  # fmt: skip
_FINDING_COLUMNS = (
    "subject", "subject_id", "estate_id", "site_id", "block_id", "unit_id", "community_id", "number", "title_zh",
    "title_en", "code", "problem_zh", "problem_en", "problem", "remedy", "severity", "status", "extent", "extent_unit",
    "location", "photo", "surveyed_on", "due_on", "done_on", "years_open", "open", "counted",
)  # fmt: skip
_HOUSE_COLUMNS = (
    "decision", "reason_zh", "reason_en", "parcel_id", "parcel_m2", "footprint_m2", "floors", "year_built",
    "danger_grade", "building_id", "community_id", "decided_on",
)  # fmt: skip
_NOWHERE = ("village", "town")
"""`place` of a farm house that stands nobody knows where."""

HOUSE_DISC_M = 5.0
"""Radius of the disc that stands for a farm house of which only a point is known [m]."""

_HALF = 0.5
_NUMBERED = re.compile(r"^(\d+)(?:号楼|号|幢|栋|座)$")


def examined_frames(examination: Examination) -> dict[str, gpd.GeoDataFrame]:
    """Return the frame behind every layer, in the study's CRS, sorted by id, with the columns that styles classify by.

    Returns
    -------
    dict
        `buildings`, `estates`, `units`, `blocks`, `findings`: chosen columns of the examination's tables.
        `coverage_class` (all, most, part, none) wherever `surveyed_share` is; `i<number>` in the layer that an
        indicator counts: found, remedied, clear, not_applicable, unknown. Households and people below `FEWEST_SHOWN`
        households are missing; buildings have neither. Findings have no surveyor, note or source, and those about a
        home (`private_codes`) neither place, photo nor extent.
    """
    frames: dict[str, gpd.GeoDataFrame] = {}
    states = state_columns(examination)
    for table in ("buildings", "estates", "units", "blocks"):
        frame: gpd.GeoDataFrame = getattr(examination, table)
        wanted = _BUILDING_COLUMNS if table == "buildings" else _PLACE_COLUMNS
        shown = _chosen(frame, wanted)
        if "surveyed_share" in shown:
            shown["coverage_class"] = coverage_class(shown["surveyed_share"])
        if "households" in shown:
            shown = without_few(shown)
        for name, values in states.get(table, {}).items():
            shown[name] = values.reindex(shown.index).fillna("unknown").astype("str")
        frames[table] = shown.sort_index()
    if "estates" in frames and len(frames["estates"]):
        named = frames["estates"].reindex(frames["buildings"]["estate_id"])
        frames["buildings"]["estate"] = named["name"].to_numpy() if "name" in named else None
        frames["buildings"]["estate_en"] = named["name_en"].to_numpy() if "name_en" in named else None
    frames["findings"] = public_findings(examination)
    return frames


def public_findings(examination: Examination) -> gpd.GeoDataFrame:
    """Return the findings as they may be shown: nobody's name, no place in a home."""
    shown = _chosen(examination.findings, _FINDING_COLUMNS).sort_index()
    home = shown["code"].isin(private_codes(examination.catalogue))
    for column in ("location", "photo", "extent"):
        if column in shown:
            shown[column] = shown[column].mask(home)
    return shown


def private_codes(catalogue: Catalogue) -> frozenset[str]:
    """Return the codes whose findings are about a home rather than a building: flats, and homes of the old and ill."""
    return frozenset(code for code, (_, each) in catalogue.codes.items() if each.extent == "flats" or code == "7d")


def house_frame(study: Study) -> gpd.GeoDataFrame | None:
    """Return the farm houses of a study as they may be drawn; None where it has none.

    Returns
    -------
    GeoDataFrame
        Index house_id, sorted; the study's CRS. decision (demolish, alter, use, unknown), reasons, parcel, areas [m²],
        storeys, safety grade, building; no household, no people. A house known by a point is a disc of
        `HOUSE_DISC_M`; one of which only the village is known has no shape.
    """
    houses = study.get("farmhouses")
    if houses is None or not len(houses):
        return None
    shown = _chosen(houses, _HOUSE_COLUMNS).sort_index()
    shown["decision"] = shown["decision"].fillna("unknown").astype("str")
    points = shown.geom_type == "Point"
    discs = shown.geometry.where(~points, shown.geometry.buffer(HOUSE_DISC_M))
    if "place" in houses:
        discs = discs.mask(houses["place"].reindex(shown.index).isin(_NOWHERE))
    return shown.set_geometry(discs)


def without_few(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame without households and people where fewer than `FEWEST_SHOWN` households live."""
    households = pd.to_numeric(frame["households"]).astype("float64")
    few = (households > 0) & (households < FEWEST_SHOWN)
    return frame.assign(**{name: frame[name].mask(few) for name in ("households", "people") if name in frame})


def coverage_class(share: pd.Series) -> pd.Series:
    """Return what `surveyed_share` (0 to 1) is called: all, most, part or none; unknown shares are none."""
    known = share.astype("float64").fillna(0.0)
    names = np.select([known >= 1, known >= _HALF, known > 0], ["all", "most", "part"], "none")
    return pd.Series(names, index=share.index, dtype="str")


def state_columns(examination: Examination) -> dict[str, dict[str, pd.Series]]:
    """Return for each layer the columns `i<number>`: what is known of the indicator at each place.

    A place where the problem was found and has been put right is `remedied`, as long as nothing of it is unknown.
    """
    cured = remedied_places(examination)
    made: dict[str, dict[str, pd.Series]] = {}
    for (number, subject), part in examination.states.groupby(["number", "subject"], sort=True):
        table = SUBJECT_TABLES.get(str(subject))
        if table is None:
            continue
        ids = part["subject_id"].astype(str)
        again = (part["state"] == "clear") & ids.isin(cured.get((int(number), str(subject)), frozenset()))
        values = part["state"].mask(again, "remedied")
        made.setdefault(table, {})[f"i{int(number):02d}"] = pd.Series(values.to_numpy(), index=ids, dtype="str")
    return made


def remedied_places(examination: Examination) -> dict[tuple[int, str], frozenset[str]]:
    """Return (number, subject) → ids of the places where findings of that indicator have been put right."""
    done = examination.findings[~examination.findings["open"].astype(bool)]
    return {
        (int(number), str(subject)): frozenset(part["subject_id"].astype(str))
        for (number, subject), part in done.groupby(["number", "subject"], sort=True)
    }


def _chosen(frame: gpd.GeoDataFrame, wanted: tuple[str, ...]) -> gpd.GeoDataFrame:
    columns = [column for column in wanted if column in frame.columns]
    return frame[[*columns, frame.geometry.name]].copy()


def building_name(name: object, key: object, lang: Lang = "zh") -> str:
    """Return what a building is called, or its id; in English 3号楼 is No. 3.

    Examples
    --------
    >>> building_name("3号楼", "b7", "en"), building_name(None, "b7")
    ('No. 3', 'b7')
    """
    called = str(key) if is_missing(name) or not str(name).strip() else str(name)
    return _NUMBERED.sub(r"No. \1", called) if lang == "en" else called
