"""Grades of the city dimension: 很好, 较好, 一般, 不足 for each indicator, 优, 良, 中, 差 for the whole.

城市体检工作手册 (2025), chapter 5: experts grade each indicator against its reference, the survey of residents may
lower a grade, and the shares of the grades give the grade of the whole. How far a value may fall short for which grade
the manual leaves to the place: `CUTS` is our reading, and a grade given by hand goes before it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
import pandas as pd

from geo.errors import Fault, InputError
from geo.standards.indicators import Catalogue

Grade = Literal["very_good", "good", "fair", "insufficient"]
"""很好, 较好, 一般, 不足."""

Overall = Literal["excellent", "good", "medium", "poor"]
"""优, 良, 中, 差."""

GRADES: Final[tuple[Grade, ...]] = ("very_good", "good", "fair", "insufficient")
"""Best first."""

GRADE_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "very_good": ("很好", "very good"), "good": ("较好", "good"), "fair": ("一般", "fair"),
    "insufficient": ("不足", "insufficient"),
}  # fmt: skip
OVERALL_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "excellent": ("优", "excellent"), "good": ("良", "good"), "medium": ("中", "medium"), "poor": ("差", "poor"),
}  # fmt: skip

CUTS: Final = (1.0, 0.9, 0.75)
"""Share of the target attained from which a value is very good, good, fair (our reading, an example to be edited)."""

SURVEY_LEAST: Final = 60.0
"""Points of the residents' survey (of 100) below which a grade is lowered by one."""

SOURCE: Final = (
    "城市体检工作手册(试行)2025年5月第五章专栏4、表3",
    "Manual of urban physical examination (trial), May 2025, chapter 5, box 4 and table 3",
)


def attained(value: float, target: float, *, target_is: Literal["least", "most"] = "least") -> float:
    """Return the share of a target that is attained, 0 to 1; NaN when the value is not known.

    A target that is a most is attained in full by a value up to it, and beyond it by the share target / value.

    Examples
    --------
    >>> attained(6.0, 8.0), attained(9.0, 8.0), attained(4.0, 2.0, target_is="most")
    (0.75, 1.0, 0.5)
    """
    if np.isnan(value) or np.isnan(target):
        return np.nan
    if target_is == "least":
        return 1.0 if value >= target else max(0.0, value / target)
    return 1.0 if value <= target else max(0.0, target / value)


def grade(share: float, *, survey: float = np.nan, cuts: Sequence[float] = CUTS) -> Grade | None:
    """Return the grade of an indicator; None when what it attains is not known.

    Parameters
    ----------
    share
        Of its target that is attained, 0 to 1 (`attained`).
    survey
        Points of the residents' survey, 0 to 100; NaN where it was not asked. Below 60 the grade is one lower.
    cuts
        Shares from which it is very good, good, fair.
    """
    if np.isnan(share):
        return None
    return lowered(GRADES[sum(share < cut for cut in cuts)], survey=survey)


def lowered(given: Grade, *, survey: float) -> Grade:
    """Return a grade, one lower when the residents' survey gives less than 60 of 100 points; NaN changes nothing."""
    step = int(survey < SURVEY_LEAST)
    return GRADES[min(GRADES.index(given) + step, len(GRADES) - 1)]


def overall_grade(grades: Sequence[Grade]) -> Overall | None:
    """Return the grade of the whole; None when nothing is graded.

    Table 3 of the manual's chapter 5, with p the share of 很好 and 较好:

    ======  =======================================================================================================
    优      很好 at least 80 %, nothing insufficient
    良      p at least 80 % with something insufficient, or p from 60 to 80 % without
    中      p from 60 to 80 % with something insufficient, or p from 40 to 60 % without
    差      p from 40 to 60 % with something insufficient, or p below 40 %
    ======  =======================================================================================================

    The table has no line for p at least 80 %, nothing insufficient, and 很好 below 80 %: it is 良 (our reading).

    Examples
    --------
    >>> overall_grade(["very_good"] * 8 + ["fair"] * 2), overall_grade(["very_good"] * 9 + ["insufficient"])
    ('excellent', 'good')
    """
    total = len(grades)
    if not total:
        return None
    best, second, worst = (sum(each == name for each in grades) for name in ("very_good", "good", "insufficient"))
    # whole numbers, so that 8 of 10 is 80 % exactly
    at_least = {percent: 100 * (best + second) >= percent * total for percent in (40, 60, 80)}
    if 100 * best >= 80 * total and not worst:
        return "excellent"
    if at_least[80]:
        return "good"
    if at_least[60]:
        return "medium" if worst else "good"
    if at_least[40]:
        return "poor" if worst else "medium"
    return "poor"


def grade_city(
    indicators: pd.DataFrame, catalogue: Catalogue, *, survey: Mapping[str, float] | None = None,
    by_hand: Mapping[str, Grade] | None = None, cuts: Sequence[float] = CUTS,
) -> tuple[pd.DataFrame, dict[str, Overall | None]]:  # fmt: skip
    """Return the grades of the city's indicators, and of each of its aspects and the whole.

    Parameters
    ----------
    indicators
        Index number of the catalogue; column value, in the indicator's unit (`Examination.indicators`).
    catalogue
        The edition: targets, and the aspects (`group_zh`) of the city.
    survey
        Indicator key → points of the residents' survey, 0 to 100.
    by_hand
        Indicator key → the experts' grade, before the survey; it goes before the one from the target.
    cuts
        Shares of the target from which a value is very good, good, fair.

    Returns
    -------
    tuple
        A table, index number: key, value, target, attained, survey, grade (missing where neither a value against a
        target nor an expert says), from (`target`, `hand`, or empty); and the grades of the aspects by their Chinese
        name, with the whole under "". Indicators without a grade are left out of the shares.

    Raises
    ------
    InputError
        When survey or grades name no indicator of the city, or hold no points or grade.
    """
    city = catalogue.of("city")
    points, given = dict(survey or {}), dict(by_hand or {})
    _require(points, given, {each.key for each in city})
    rows = []
    for each in city:
        value = float(indicators["value"].get(each.number, np.nan))
        target = np.nan if each.target is None else float(each.target)
        share = attained(value, target, target_is=each.target_is)
        asked = float(points.get(each.key, np.nan))
        hand = given.get(each.key)
        found = grade(share, survey=asked, cuts=cuts) if hand is None else lowered(hand, survey=asked)
        told = "" if found is None else "target" if hand is None else "hand"
        rows.append((each.key, each.group_zh, value, target, share, asked, found, told))
    names = ["key", "group_zh", "value", "target", "attained", "survey", "grade", "from"]
    table = pd.DataFrame(rows, columns=names, index=pd.Index([each.number for each in city], name="number"))
    graded = table[table["grade"].notna()]
    aspects = {str(name): overall_grade(list(part["grade"])) for name, part in graded.groupby("group_zh", sort=False)}
    return table.drop(columns="group_zh"), {**aspects, "": overall_grade(list(graded["grade"]))}


def _require(points: Mapping[str, float], given: Mapping[str, Grade], known: set[str]) -> None:
    faults = []
    if strangers := tuple(sorted((set(points) | set(given)) - known)):
        faults.append(Fault(f"these are no indicators of the city: {', '.join(strangers)}",
                            f"use keys of the catalogue: {', '.join(sorted(known))}", ids=strangers))  # fmt: skip
    if wrong := tuple(key for key, each in points.items() if not 0 <= each <= 100):
        faults.append(Fault(f"the survey gives {wrong[0]} {points[wrong[0]]:g} points", "give 0 to 100", ids=wrong))
    if odd := tuple(key for key, each in given.items() if each not in GRADES):
        faults.append(Fault(f"{odd[0]} has the grade {given[odd[0]]!r}", f"use {', '.join(GRADES)}", ids=odd))
    if faults:
        raise InputError(faults)
