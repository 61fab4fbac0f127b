"""Who looked at what, and when: whole estates, half estates, blocks outside them, on the working days of a campaign."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

SURVEYORS = (
    "周晓岚", "沈建平", "钱雨桐", "陆伟", "徐海燕", "顾文斌", "金秋月", "何志强", "潘丽娟", "俞程", "戴明辉", "范小芸",
)  # fmt: skip
"""Invented names, one team of two for each part of the town."""

PILOT = ("XQ012", "XQ014", "XQ019", "XQ023", "XQ032", "XQ038")
"""Estates that were looked at a year before, in the pilot."""

HALF = ("XQ021", "XQ035", "XQ049", "XQ053", "XQ057", "XQ060", "XQ065", "XQ067", "XQ069")
"""Estates in which the surveyors did not get through: every second building or so."""

NEVER = ("XQ002", "XQ006", "XQ033", "XQ042", "XQ043", "XQ054", "XQ061", "XQ062", "XQ063", "XQ072")
"""Estates that nobody has been to: mostly the newest, and two that would not let the surveyors in."""

OUTSIDE = {
    "SQ01": 0.78, "SQ02": 0.68, "SQ03": 1.0, "SQ04": 0.70, "SQ05": 1.0, "SQ06": 1.0, "SQ07": 0.0, "CG01": 0.64,
    "CG02": 0.58, "CU01": 0.52, "CU02": 0.54, "CU03": 0.58, "CU04": 0.42, "CU05": 0.42, "CU06": 0.30, "CU07": 0.0,
}  # fmt: skip
"""Share of the buildings outside estates that was surveyed, by community; village houses less than the old core."""


@dataclass(frozen=True)
class Campaign:
    """One round of visits: its year, its days, the prefix of its findings' ids."""

    year: int
    first: date
    last: date
    prefix: str

    @property
    def days(self) -> list[date]:
        """Its working days."""
        span = (self.last - self.first).days + 1
        return [d for d in (self.first + timedelta(n) for n in range(span)) if d.weekday() < 5]


PILOT_2025 = Campaign(2025, date(2025, 5, 12), date(2025, 6, 6), "QH25")
EXAMINATION_2026 = Campaign(2026, date(2026, 3, 2), date(2026, 8, 28), "QH26")


def surveyed(seen: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Return for each building (`homes`) whether somebody looked at it in 2026.

    Whole estates are done, or half done, or not at all; outside estates whole blocks, until a community's share is
    reached.
    """
    estate = seen["estate_id"]
    chance = pd.Series(rng.random(len(seen)), index=seen.index)
    inside = estate.notna() & ~estate.isin(NEVER) & (~estate.isin(HALF) | (chance < 0.55))
    outside = seen[estate.isna()]
    blocks = outside.groupby("block_id").agg(community=("community_id", "first"), homes=("floors", "size"))
    blocks["turn"] = rng.random(len(blocks))
    blocks = blocks.sort_values(["community", "turn"])
    before = blocks.groupby("community")["homes"].cumsum() - blocks["homes"]
    quota = blocks["community"].map(OUTSIDE) * blocks.groupby("community")["homes"].transform("sum")
    reached = blocks.index[before + blocks["homes"] / 2 < quota]
    return inside | (estate.isna() & seen["block_id"].isin(reached))


def visits(seen: pd.DataFrame, campaign: Campaign) -> pd.DataFrame:
    """Return day and surveyor of each of these buildings: place after place, each team in its own communities."""
    communities = sorted(seen["community_id"].dropna().unique())
    team = seen["community_id"].map({c: n % (len(SURVEYORS) // 2) for n, c in enumerate(communities)}).astype(int)
    place = seen["estate_id"].fillna(seen["block_id"])
    order = pd.DataFrame({"team": team, "place": place}).sort_values(["team", "place"], kind="stable")
    turn = order.groupby("team").cumcount()
    days = campaign.days
    at = turn * len(days) // order.groupby("team")["place"].transform("size")
    half = (order.groupby("team")["place"].transform(lambda p: pd.factorize(p)[0]) % 2).astype(int)
    found = pd.DataFrame(
        {
            "surveyed_on": [days[n].isoformat() for n in at],
            "surveyor": [SURVEYORS[2 * t + h] for t, h in zip(order["team"], half, strict=True)],
        },
        index=order.index,
    )
    return found.reindex(seen.index)
