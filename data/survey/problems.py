"""What is wrong with a house, and how likely: by age, structure, storeys, lift, gas, and how well the place is kept.

Nothing here is measured. The shares are meant to look like a county town's: dangerous walls rare and in the brick
houses of the 1970s and 1980s, cluttered stairs everywhere, wet roofs on the 1990s, no lift where five storeys stand.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from survey.homes import BRICK, TIMBER

TODAY = 2026


@dataclass(frozen=True)
class Problem:
    """One thing looked for in a building.

    `asked` says where the question arises, `chance` how likely it is there, `extent` how much of it (by size of the
    house and chance), `places` where it is: `{u}` stairwell, `{f}` storey.
    """

    code: str
    asked: Callable[[pd.DataFrame], pd.Series]
    chance: Callable[[pd.DataFrame], pd.Series]
    extent: Callable[[pd.DataFrame, np.random.Generator], np.ndarray] | None = None
    places: tuple[str, ...] = ("{u}单元{f}层楼道",)


def _all(seen: pd.DataFrame) -> pd.Series:
    return pd.Series(True, index=seen.index)


def _shared(seen: pd.DataFrame) -> pd.Series:
    """Houses with stairs that neighbours share; a farm house has none, and its stairs are nobody else's business."""
    return seen["setting"].isin(["estate", "single"])


def _tall(storeys: int) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda seen: _shared(seen) & (seen["floors"] >= storeys)


def _no_lift(storeys: int) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda seen: _shared(seen) & ~seen["lift"] & (seen["floors"] >= storeys)


def _rate(share: float, **factors: float) -> Callable[[pd.DataFrame], pd.Series]:
    """Return a chance that grows with bad keeping, times a factor for each condition that holds."""

    def chance(seen: pd.DataFrame) -> pd.Series:
        out = share * seen["care"]
        for name, factor in factors.items():
            out = out.where(~CONDITIONS[name](seen), out * factor)
        return out.clip(upper=0.92)

    return chance


def _built(first: int, last: int) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda seen: seen["year"].between(first, last)


CONDITIONS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "brick_7080s": lambda seen: (seen["structure"] == BRICK) & seen["year"].between(1968, 1989),
    "timber": lambda seen: seen["structure"] == TIMBER,
    "concrete": lambda seen: ~seen["structure"].isin([BRICK, TIMBER]),
    "nineties": _built(1990, 1999),
    "eighties": _built(1980, 1989),
    "since_2000": _built(2000, TODAY),
    "since_2010": _built(2010, TODAY),
    "village": lambda seen: seen["setting"] == "village",
    "estate": lambda seen: seen["setting"] == "estate",
    "gas_20_years": lambda seen: seen["year"] <= TODAY - 20,
    "dormitory": lambda seen: seen["estate"].fillna("").str.contains("宿舍") & (seen["year"] < 1984),
}


def _area(share: float, spread: float = 0.8) -> Callable[[pd.DataFrame, np.random.Generator], np.ndarray]:
    """Return an extent of about `share` of the ground a house covers, at most six times that, m²."""

    def extent(seen: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
        times = np.exp(np.minimum(rng.normal(0, spread, len(seen)), 1.8))
        return np.round(np.maximum(seen["area_m2"].to_numpy() * share * times, 0.5), 1)

    return extent


def _length(metres: float) -> Callable[[pd.DataFrame, np.random.Generator], np.ndarray]:
    return lambda seen, rng: np.round(metres * np.exp(rng.normal(0, 0.5, len(seen))), 1)


def _few(most: int) -> Callable[[pd.DataFrame, np.random.Generator], np.ndarray]:
    return lambda _seen, rng: np.floor(1 + (most - 1) * rng.random(len(_seen)) ** 2).round()


def _flats(share: float) -> Callable[[pd.DataFrame, np.random.Generator], np.ndarray]:
    return lambda seen, rng: np.clip(
        np.round(seen["dwellings"].to_numpy() * share * (0.5 + rng.random(len(seen)))), 1, seen["dwellings"].to_numpy()
    )


WALLS = ("东山墙", "西山墙", "南立面{f}层", "北立面{f}层", "北立面楼梯间外侧")
ROOF = ("屋面东北角", "屋面女儿墙根部", "屋面雨水口", "顶层{u}单元", "屋面伸缩缝")
INSIDE = ("{u}单元{f}层楼梯间承重墙", "{u}单元底层承重墙", "北侧{f}层横墙", "{u}单元{f}层楼板")
STAIRS = ("{u}单元{f}层楼道", "{u}单元{f}至顶层楼道", "{u}单元楼梯平台")

PROBLEMS: tuple[Problem, ...] = (
    Problem("1a", _all, _rate(0.005, brick_7080s=6.0, timber=1.6, concrete=0.0, since_2000=0.1), None, ("整栋",)),
    Problem("1b", _all, _rate(0.006, brick_7080s=7.0, timber=0.8, concrete=0.1, since_2000=0.15), _length(3), INSIDE),
    Problem("1c", _all, _rate(0.004, brick_7080s=1.6, since_2010=0.2), _few(3), ("{u}单元底层商铺", "{u}单元底层住户")),
    Problem("1d", _all, _rate(0.014, brick_7080s=4.0, timber=1.5, concrete=0.1, since_2000=0.2), _area(0.03), WALLS),
    Problem("1e", _all, _rate(0.03, village=0.4, timber=0.2, since_2010=0.3), _few(4), ("南立面{f}层窗下墙",)),
    Problem("2", lambda s: s["gas"], _rate(0.12, gas_20_years=2.2, since_2010=0.1), _length(15),
            ("{u}单元立管", "{u}单元{f}层水平管", "入户引入管")),
    Problem("3a", _shared, _rate(0.20, since_2010=0.4), _few(5), STAIRS),
    Problem("3b", _shared, _rate(0.05), _few(4), ("{u}单元排烟道", "屋面风帽")),
    Problem("3c", _tall(10), _rate(0.35), _few(8), STAIRS),
    Problem("3d", _tall(8), _rate(0.22), _few(5), ("{u}单元{f}层消火栓",)),
    Problem("3e", _tall(4), _rate(0.28, since_2010=0.4), _few(8), STAIRS),
    Problem("3f", _tall(4), _rate(0.18, since_2010=0.4), _few(8), STAIRS),
    Problem("3g", _shared, _rate(0.52, since_2010=0.7), _few(12), (*STAIRS, "{u}单元管道井")),
    Problem("3h", _shared, _rate(0.34, since_2010=0.8), _few(6), ("{u}单元底层门厅", "{u}单元楼梯下", "架空层")),
    Problem("4a", _all, _rate(0.14, timber=0.6, village=0.5, since_2010=0.5), _area(0.07, 1.0), WALLS),
    Problem("4b", _all, _rate(0.10, village=0.3, timber=0.3), _few(6), ("南立面{f}层空调架", "南立面{f}层花架")),
    Problem("4c", _shared, _rate(0.05), _few(5), ("{u}单元{f}层楼道窗",)),
    Problem("4d", _all, _rate(0.13, nineties=2.6, eighties=1.7, village=0.6, since_2010=0.3), _area(0.09, 0.9), ROOF),
    Problem("4e", _all, _rate(0.09, nineties=1.4, village=0.7), _area(0.04), ("北侧外墙", "东山墙", "底层{u}单元")),
    Problem("5", _all, _rate(0.01, dormitory=40.0, timber=18.0, since_2000=0.0, concrete=0.0), _flats(0.5),
            ("整栋", "{f}层")),
    Problem("6a", _all, _rate(0.20, village=0.45, since_2010=0.4), _length(18),
            ("{u}单元污水立管", "{u}单元给水立管", "楼前检查井", "底层排水横管")),
    Problem("6c", _all, _rate(0.24, village=0.35, since_2010=0.25), _length(30),
            ("{u}单元{f}层弱电箱", "楼间架空线", "{u}单元电表箱")),
    Problem("7a", _no_lift(4), lambda s: pd.Series(np.where(s["floors"] >= 5, 0.86, 0.55), index=s.index), _few(1),
            ("整栋",)),
    Problem("7b", _shared, _rate(0.42, since_2010=0.4), _few(3), ("{u}单元出入口",)),
    Problem("7c", _no_lift(3), _rate(0.32, since_2010=0.5), _few(3), ("{u}单元楼梯",)),
    Problem("7d", _shared, _rate(0.10), _flats(0.12), ("{u}单元{f}层",)),
    Problem("8", lambda s: s["year"] < 2000, _rate(0.55, timber=0.4, village=0.4), _area(2.2, 0.2), ("整栋",)),
    Problem("9a", _all, _rate(0.05, since_2010=0.2), _flats(0.3), ("整栋",)),
    Problem("9b", _shared, _rate(0.34, since_2010=0.2), _few(3), ("{u}单元门禁",)),
    Problem("9c", _tall(10), _rate(0.3), _few(8), ("{u}单元{f}层楼道",)),
    Problem("9d", _shared, lambda s: (0.15 + 0.2 * s["care"]).clip(upper=0.8), _flats(0.6), ("整栋",)),
)  # fmt: skip
"""Every code of the housing dimension of 2025 but 6b: there is no district heating in Qinghe."""

NOTES = {
    "1b": ("裂缝贯通,宽约3毫米,建议鉴定", "承重墙斜裂缝,已设观测点", "楼板跨中裂缝"),
    "1c": ("装修拆除承重墙垛", "底层开店拆墙,已要求停用"),
    "1a": ("列入全国自建房排查清单",),
    "2": ("立管锈蚀,已报燃气公司", "运行超过20年,燃气公司评估有风险"),
    "4d": ("顶层住户反映雨天漏水", "雨水口堵塞,积水", "卷材起鼓"),
    "6a": ("污水返溢", "检查井堵塞"),
    "7a": ("楼北侧有加装位置", "业主意愿不一", "已有三户报名"),
    "3h": ("楼道内充电,已当场劝离",),
    "5": ("合用厨房", "合用卫生间"),
}
"""What surveyors wrote down besides, by code."""


NOT_COLLECTED = ("3a", "3b", "3c", "3d", "3e", "3f", "3g", "3h", "7a", "7b", "7c", "7d", "9b", "9c")
"""What surveyors do not ask of a farmer's own house."""


def look(seen: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return what is wrong with these buildings: one row per problem seen.

    Returns
    -------
    DataFrame
        In order of building and code, columns building_id, code, extent (NaN where the code has none), location, note.
    """
    rows = []
    for problem in PROBLEMS:
        asked = problem.asked(seen)
        hit = asked & (rng.random(len(seen)) < problem.chance(seen))
        there = seen[hit]
        extent = problem.extent(there, rng) if problem.extent else np.full(len(there), np.nan)
        stair = 1 + (rng.random(len(there)) * there["stairs"]).astype(int)
        storey = 1 + (rng.random(len(there)) * there["floors"]).astype(int)
        spot = rng.integers(len(problem.places), size=len(there))
        words = NOTES.get(problem.code, ())
        said = rng.random(len(there)) < 0.3
        wording = rng.integers(max(len(words), 1), size=len(there))
        rows.append(
            pd.DataFrame(
                {
                    "building_id": there.index,
                    "code": problem.code,
                    "extent": extent,
                    "location": [
                        problem.places[n].format(u=u, f=f) for n, u, f in zip(spot, stair, storey, strict=True)
                    ],
                    "note": [words[n] if words and s else "" for n, s in zip(wording, said, strict=True)],
                }
            )
        )
    return pd.concat(rows).sort_values(["building_id", "code"], kind="stable", ignore_index=True)


def answers(seen: pd.DataFrame, found: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the answer to every question of every building: columns building_id, item, state.

    Where a question does not arise the answer says so. What is `NOT_COLLECTED` of farmers' own houses, and one answer
    in eighty of all others, was left empty and has no row.
    """
    hits = set(zip(found["building_id"], found["code"], strict=True))
    rows = []
    for problem in (*PROBLEMS, Problem("6b", lambda s: ~_all(s), _rate(0.0))):
        asked = problem.asked(seen)
        left_out = rng.random(len(seen)) < 1 / 80
        has = np.array([(each, problem.code) in hits for each in seen.index], dtype=bool)
        state = np.select([has, asked], ["found", "clear"], default="not_applicable")
        kept = has | ~(left_out | (seen["self_built"] & (problem.code in NOT_COLLECTED)))
        rows.append(pd.DataFrame({"building_id": seen.index[kept], "item": problem.code, "state": state[kept]}))
    return pd.concat(rows).sort_values(["building_id", "item"], kind="stable", ignore_index=True)
