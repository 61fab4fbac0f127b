"""Indicators of housing: 1 to 9, and tap water in the edition of 2023, counted in buildings; 5 of 2025 in flats."""

from typing import Final

import numpy as np
import pandas as pd

from geo.examination.buildings import Places, numbers
from geo.examination.judging import (
    FOUND,
    NOT_APPLICABLE,
    UNKNOWN,
    Bytes,
    Evidence,
    Flags,
    Floats,
    Judged,
    applies,
    found_codes,
    gather,
    quantities,
    together,
    wanted,
    where_it_applies,
)
from geo.standards.indicators import Catalogue, Code, Indicator

WANTED_FROM: Final = 0.5
"""Share of the respondents from which an indicator that the residents decide is confirmed (our reading)."""

NOT_COLLECTED: Final = {"self_built": (("stairs", "ageing"), ("9b", "9c"))}
"""Indicators, and codes of public parts, that are not collected of a housing group (the manual's example of a city)."""


def judge_housing(
    places: Places,
    findings: pd.DataFrame,
    observations: pd.DataFrame,
    catalogue: Catalogue,
    *,
    before: bool = False,
) -> tuple[tuple[Judged, ...], Evidence]:
    """Return every housing indicator of the catalogue, judged for each home, and what was recorded of the homes.

    Parameters
    ----------
    places : Places
    findings : DataFrame
        As `geo.examination.judging.read_findings` gives them.
    observations : DataFrame
        As `geo.examination.judging.read_observations` gives them.
    catalogue : Catalogue
    before : bool
        Count what has been put right as if it still were there.
    """
    indicators = catalogue.of("housing")
    codes = [code for indicator in indicators for code in indicator.codes]
    homes = places.buildings
    recorded = gather(homes.index, "building", codes, findings, observations, before=before)
    asked = np.where(_left_out(places, catalogue, codes), 0.0, applies(codes, homes))
    recorded = Evidence(
        recorded.codes, where_it_applies(recorded.state, asked), recorded.open, recorded.severity, recorded.extent,
        recorded.unmeasured, recorded.years,
    )  # fmt: skip
    support = _support(places, observations, catalogue)
    judged = tuple(_judge(each, recorded.of(each), places, support[f"support_{each.key}"]) for each in indicators)
    return judged, recorded


def _left_out(places: Places, catalogue: Catalogue, codes: list[Code]) -> Flags:
    """Return which codes are not collected of which homes, for the housing group these belong to."""
    out = np.zeros((len(places.buildings), len(codes)), dtype=bool)
    group = places.buildings["housing_group"].to_numpy(dtype=object)
    for name, (keys, single) in NOT_COLLECTED.items():
        left_out = [catalogue.codes[code.code][0].key in keys or code.code in single for code in codes]
        out[np.ix_(group == name, left_out)] = True
    return out


def _support(places: Places, observations: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Return, for each home, the share of its estate's respondents who want what each indicator is about."""
    keys = [f"support_{indicator.key}" for indicator in catalogue.of("housing")]
    of_estate = quantities(places.estates.index, "estate", keys, observations)
    return of_estate.reindex(places.buildings["estate_id"]).set_axis(places.buildings.index)


def _judge(indicator: Indicator, recorded: Evidence, places: Places, support: pd.Series) -> Judged:
    state = together(recorded.state)
    value = np.select([state == FOUND, state == UNKNOWN], [1.0, np.nan], 0.0)
    pending = np.zeros(len(state), dtype=bool)
    upper = np.where(state == UNKNOWN, 1.0, value)
    notes: list[tuple[str, str]] = []
    if indicator.counts == "flats":
        value, upper, notes = _flats(state, recorded, numbers(places.buildings, "dwellings"))
    elif indicator.rule == "survey":
        value, pending = wanted(state, support.to_numpy(dtype=np.float64), WANTED_FROM)
        upper = np.where(state == UNKNOWN, 1.0, value)
        notes = _asked(state, value, pending)
    grave = np.where(recorded.state == FOUND, recorded.severity, 0)
    return Judged(
        indicator, "building", state, value, upper, found_codes(recorded), recorded.open.sum(axis=1),
        grave.max(axis=1, initial=0).astype(np.int8), pending, (*_unasked(state), *notes),
    )  # fmt: skip


def _flats(state: Bytes, recorded: Evidence, dwellings: Floats) -> tuple[Floats, Floats, list[tuple[str, str]]]:
    """Return flats with the problem: what findings tell, at least one for each that tells none."""
    vague = (recorded.unmeasured.sum(axis=1) > 0) & (state == FOUND)
    told = np.maximum(recorded.extent.sum(axis=1) + recorded.unmeasured.sum(axis=1), 1.0)
    value = np.select([state == FOUND, state == UNKNOWN], [told, np.nan], 0.0)
    upper = np.where((state == UNKNOWN) | vague, np.fmax(dwellings, np.where(vague, told, dwellings)), value)
    upper = np.where(vague & np.isnan(dwellings), np.nan, upper)
    notes = []
    if vague.any():
        notes.append(
            (
                f"{int(vague.sum())}栋有问题记录而未写套数,每条至少按1套计。",
                f"{int(vague.sum()):,} buildings have findings without a number of flats; each counts as one at least.",
            )
        )
    return value, upper, notes


def _asked(state: Bytes, value: Floats, pending: Flags) -> list[tuple[str, str]]:
    notes = []
    refused = int(((state == FOUND) & (value == 0)).sum())
    if refused:
        notes.append(
            (
                f"{refused}栋有问题,但居民问卷支持率不足{WANTED_FROM:.0%},列出而不计入。",
                f"{refused:,} buildings have the problem, but fewer than {WANTED_FROM:.0%} of those asked "
                "want the works; shown, not counted.",
            )
        )
    if pending.any():
        notes.append(
            (
                f"{int(pending.sum())}栋尚未做居民问卷,先计入,待问卷确认。",
                f"{int(pending.sum()):,} buildings are counted pending the residents' survey.",
            )
        )
    return notes


def _unasked(state: Bytes) -> list[tuple[str, str]]:
    away = int((state == NOT_APPLICABLE).sum())
    if not away:
        return []
    return [
        (
            f"{away}栋不适用(层数、年份、电梯、供暖或住房类别)。",
            f"Does not apply to {away:,} buildings (storeys, year, lift, heating or housing group).",
        )
    ]
