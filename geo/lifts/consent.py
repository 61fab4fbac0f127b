"""Whether the owners of a stair or building have agreed to a lift: article 278's two tests, and what is still missing.

Areas are whole square centimetres and shares are fractions: nothing is rounded before it is compared.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import pandas as pd

Scope = Literal["unit", "building"]
"""Whose owners are asked: those of one stair (单元), or of the whole building (幢)."""

Counting = Literal["owner", "co_owner", "flat"]
"""Who is one person: the owner or owners of a flat together, with all their flats; every co-owner; every flat."""

Verdict = Literal["met", "missed", "unknown"]


@dataclass(frozen=True)
class Missing:
    """What one vote still lacks.

    Attributes
    ----------
    unasked : int or None
        Fewest persons among those who have not voted who must agree; None when all of them would not suffice, or areas
        are unknown.
    any : int or None
        The same, when those who abstained or refused may also be won over.
    area_cm2 : Fraction or None
        Least area that must still agree, won from those who have not voted.
    """

    unasked: int | None
    any: int | None
    area_cm2: Fraction | None


@dataclass(frozen=True)
class Consents:
    """The votes of a ledger, one row for each stair or building that is asked.

    Attributes
    ----------
    table : DataFrame
        Index `vote_id` (`JZ00012/2`, or `JZ00012` for a building). Columns: building_id, unit, flats, flats_without_area, persons,
        area_m2 (NaN when a flat's is unknown), participants, agreed, against, abstained, unasked (persons), and of the
        areas participant_area_m2, agreed_area_m2 (known ones); participation_area, participation_persons,
        agreement_area, agreement_persons (each met, missed or unknown), verdict; missing_unasked, missing_any (Int64),
        missing_area_m2; reason_zh, reason_en.
    """

    scope: Scope
    counting: Counting
    rules: str
    edition: str
    table: pd.DataFrame
    notes: tuple[tuple[str, str], ...]


def passes(share: Fraction, yes: Fraction, no: Fraction, *, yes_unknown: bool, no_unknown: bool) -> Verdict:
    """Return whether `yes` is at least `share` of `yes + no`, whatever the unknown parts of both may be."""
    if yes + no == 0 and not yes_unknown and not no_unknown:
        return "missed"
    holds = yes * share.denominator >= (yes + no) * share.numerator
    if holds and not no_unknown and (yes or yes_unknown):
        return "met"
    return "missed" if not holds and not yes_unknown else "unknown"


def count_consent(flats: pd.DataFrame) -> Consents:
    """Return how every stair or building of a ledger has voted (being written)."""
    raise NotImplementedError(flats)
