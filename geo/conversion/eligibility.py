"""Whether a village may be turned into a community: the four conditions, each passed, failed or unknown, with evidence.

All four are required (a county-level city's plan of 2010; provincial rules since say the same in three):

1  its whole range lies inside the town's construction land of the land-use plan (today: 城镇开发边界)
2  collective arable land no longer meets the villagers' basic needs
3  at least two thirds of the labour force have moved to non-farm work
4  collective assets, claims and debts are settled, the asset reform is done, property is clear
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import shapely

from geo.errors import Fault

Result = Literal["pass", "fail", "unknown"]

M2_PER_MU = 2000 / 3

SHARES = ("nonfarm_share", "mixed_share")
FLAGS = ("assets_settled", "reform_done", "property_clear")
SURVEY_COLUMNS = ("arable_m2_per_head", *SHARES, *FLAGS, "source")

_FLAG_WORDS = {
    "assets_settled": (("资产债权债务已清理", "assets, claims and debts settled"),
                       ("资产债权债务未清理", "assets, claims and debts not settled"),
                       ("资产债权债务清理情况未知", "whether assets, claims and debts are settled is not known")),
    "reform_done": (("产权制度改革已完成", "asset reform done"), ("产权制度改革未完成", "asset reform not done"),
                    ("产权制度改革情况未知", "whether the asset reform is done is not known")),
    "property_clear": (("产权明晰", "property clear"), ("产权不明晰", "property not clear"),
                       ("产权是否明晰未知", "whether property is clear is not known")),
}  # fmt: skip


@dataclass(frozen=True)
class Thresholds:
    """What the conditions are measured against.

    Attributes
    ----------
    arable_m2_per_head : float
        Below it, collective arable land no longer meets basic needs (condition 2). The rule says "a set threshold":
        200 m² (0.3 mu) is our reading; set what the county uses.
    nonfarm_share : float
        Share of the labour force in non-farm work, at least (condition 3: two thirds).
    inside_share : float
        Share of the range inside the construction land from which it counts as the whole of it (condition 1); the rest
        is for lines drawn at different scales (our reading).
    """

    arable_m2_per_head: float = 200.0
    nonfarm_share: float = 2 / 3
    inside_share: float = 0.99


@dataclass(frozen=True)
class Finding:
    """One condition of one village: the result and its evidence in both languages."""

    result: Result
    zh: str
    en: str


def check_survey(survey: pd.DataFrame, villages: Collection[str]) -> list[Fault]:
    """Return every way in which a survey table cannot be what was found in these villages."""
    faults = []
    ids = [str(i) for i in survey.index]
    if strangers := tuple(sorted(set(ids) - set(villages))):
        faults.append(Fault(f"the survey names what is no village: {', '.join(strangers)}",
                            "use ids of villages and converted villages", table="survey", ids=strangers))  # fmt: skip
    if twice := tuple(sorted({i for i in ids if ids.count(i) > 1})):
        faults.append(Fault(f"the survey has several rows for {', '.join(twice)}", "keep one", "survey", twice))
    if odd := [str(c) for c in survey.columns if c not in SURVEY_COLUMNS]:
        faults.append(Fault(f"the survey has unknown columns: {', '.join(odd)}",
                            f"use {', '.join(SURVEY_COLUMNS)}", table="survey"))  # fmt: skip
    for column in ("arable_m2_per_head", *SHARES):
        if column not in survey.columns:
            continue
        numbers = pd.to_numeric(survey[column], errors="coerce")
        high = 1.0 if column in SHARES else np.inf
        wrong = survey[column].notna() & ~numbers.between(0, high)
        if wrong.any():
            remedy = "write 67 % as 0.67" if column in SHARES else "give m² per head (1 mu is 666.7 m²)"
            faults.append(Fault(f"{column} holds {survey.loc[wrong, column].iloc[0]!r}", remedy, table="survey",
                                ids=tuple(str(i) for i in survey.index[wrong])))  # fmt: skip
    for column in FLAGS:
        wrong = survey[column].notna() & ~survey[column].isin([True, False]) if column in survey.columns else None
        if wrong is not None and wrong.any():
            faults.append(Fault(f"{column} holds {survey.loc[wrong, column].iloc[0]!r}", "write true or false",
                                table="survey", ids=tuple(str(i) for i in survey.index[wrong])))  # fmt: skip
    return faults


def conditions_of(
    shape: shapely.Geometry, survey: pd.DataFrame, village: str, *, land: shapely.Geometry | None, limits: Thresholds
) -> tuple[tuple[Finding, ...], float]:
    """Return the four findings of a village, and the share of its range inside the construction land (or NaN).

    Parameters
    ----------
    shape, land
        The village's range and the construction land, in the same metric CRS.
    survey
        Checked (`check_survey`); what it does not say is unknown.
    village
    limits
    """
    facts = survey.loc[village] if village in survey.index else pd.Series(dtype="object")
    source = facts.get("source")
    cited = ("", "") if pd.isna(source) else (f"({source})", f" ({source})")
    area = float(shapely.area(shape))
    inside = np.nan if land is None else float(shapely.area(shapely.intersection(shape, land))) / area
    findings = (
        _inside(inside, area, limits.inside_share),
        _arable(_number(facts, "arable_m2_per_head"), limits.arable_m2_per_head, cited),
        _nonfarm(_number(facts, "nonfarm_share"), limits.nonfarm_share, cited),
        _assets(facts, cited),
    )
    return findings, inside


def _number(facts: pd.Series, column: str) -> float | None:
    value = facts.get(column)
    return None if pd.isna(value) else float(value)


def _inside(share: float, area_m2: float, least: float) -> Finding:
    if np.isnan(share):
        return Finding("unknown", "未提供城镇建设用地(开发)边界", "no boundary of the construction land was given")
    out = (1 - share) * area_m2 / 1e6
    zh, en = f"范围的{share:.1%}在城镇建设用地边界内", f"{share:.1%} of its range is inside the construction land"
    if share >= least:
        return Finding("pass", zh, en)
    return Finding("fail", f"{zh},界外{out:.2f}平方公里", f"{en}, {out:.2f} km² outside")


def _arable(per_head: float | None, threshold: float, cited: tuple[str, str]) -> Finding:
    if per_head is None:
        return Finding("unknown", "人均耕地未知", "arable land per head is not known")
    zh = f"人均耕地{per_head / M2_PER_MU:.2f}亩{cited[0]},标准为不足{threshold / M2_PER_MU:.2f}亩"
    en = f"{per_head:.0f} m² of arable land per head{cited[1]}; below {threshold:.0f} m² it meets no basic needs"
    return Finding("pass" if per_head < threshold else "fail", zh, en)


def _nonfarm(share: float | None, least: float, cited: tuple[str, str]) -> Finding:
    if share is None:
        return Finding("unknown", "劳动力非农就业比例未知", "the share of non-farm labour is not known")
    zh = f"劳动力非农就业占{share:.0%}{cited[0]},标准为不低于{least:.0%}"
    en = f"{share:.0%} of the labour force in non-farm work{cited[1]}; at least {least:.0%} is asked"
    return Finding("pass" if share >= least else "fail", zh, en)


def _assets(facts: pd.Series, cited: tuple[str, str]) -> Finding:
    values = [facts.get(column) for column in FLAGS]
    states = [2 if pd.isna(value) else 0 if bool(value) else 1 for value in values]
    words = [_FLAG_WORDS[column][state] for column, state in zip(FLAGS, states, strict=True)]
    result: Result = "fail" if 1 in states else "unknown" if 2 in states else "pass"
    if states == [2, 2, 2]:
        return Finding("unknown", "集体资产清理和改制情况未知", "nothing is known of the collective assets")
    return Finding(result, "、".join(zh for zh, _ in words) + cited[0], ", ".join(en for _, en in words) + cited[1])
