"""The fixed sentence of the problem list: 共X栋住宅存在…的问题,为*号楼、*号楼。"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.examination.judging import Judged

SHOWN: Final = 20
"""Names that a sentence tells before it is shortened; the total stands in it all the same."""

_KINDS: Final = {
    "building": ("栋住宅", "residential building", "residential buildings"),
    "estate": ("个小区", "estate", "estates"),
    "unit": ("个体检单元", "examination unit", "examination units"),
}


@dataclass(frozen=True)
class Names:
    """What subjects are called, in the order of their ids: the estate's name before it where it is a building."""

    zh: Sequence[str]
    en: Sequence[str]
    within_zh: Sequence[str]
    within_en: Sequence[str]
    rank: npt.NDArray[np.int64]
    """The place of each in a list: by estate, those outside estates last, and 2号楼 before 10号楼."""


def names_of(frame: gpd.GeoDataFrame, estates: gpd.GeoDataFrame | None = None) -> Names:
    """Return the names of subjects; with `estates`, of buildings in them. What has no name is called by its id."""
    ids = pd.Series(frame.index.astype(str), frame.index)
    zh = frame["name"].astype("object").where(frame["name"].notna(), ids)
    en = zh.astype(str).str.replace(r"^(\d+)(?:号楼|号|幢|栋|座)$", r"No. \1", regex=True)
    if "name_en" in frame.columns:
        en = frame["name_en"].astype("object").where(frame["name_en"].notna(), en)
    if estates is None:
        none = [""] * len(frame)
        return Names(zh.tolist(), en.tolist(), none, none, _ranked(none, zh.tolist()))
    of = names_of(estates)
    own = frame["estate_id"].astype("object")
    within = [
        own.map(dict(zip(estates.index, each, strict=True))).astype("object").fillna("").astype(str).tolist()
        for each in (of.zh, of.en)
    ]
    return Names(zh.tolist(), en.tolist(), within[0], within[1], _ranked(within[0], zh.tolist()))


def sentences(judged: Judged, names: Names) -> tuple[str, str]:
    """Return the sentence of an indicator in Chinese and English; empty where nothing is counted.

    Examples
    --------
    共3栋住宅存在外墙饰面或保温材料开裂、脱落的问题,为幸福里1号楼、2号楼,东园5号楼。
    """
    counted = np.flatnonzero(np.nan_to_num(judged.value) > 0)
    if not len(counted):
        return "", ""
    indicator = judged.indicator
    found = {code for row in counted.tolist() for code in judged.codes[row].split(";")}
    titles = [code for code in indicator.codes if code.code in found] or list(indicator.codes)
    problem_zh = "、".join(code.title_zh for code in titles) or indicator.title_zh
    problem_en = "; ".join(code.title_en for code in titles) or indicator.title_en
    kind, one, many = _KINDS[judged.subject]
    number, total = len(counted), float(np.nansum(judged.value))
    subjects = f"{number:,} {one if number == 1 else many}"
    rows = counted[np.argsort(names.rank[counted])].tolist()
    more = number > SHOWN
    where_zh = _listed(rows[:SHOWN], names.within_zh, names.zh, (",", "、", ""))
    where_en = _listed(rows[:SHOWN], names.within_en, names.en, ("; ", ", ", " "))
    tail_zh = f"{where_zh}{f'等{number}{kind}' if more else ''}。"
    tail_en = f"{where_en}{f'; and {number - SHOWN:,} more' if more else ''}."
    if indicator.counts == "subjects":
        return (f"共{number}{kind}存在{problem_zh}的问题,为{tail_zh}", f"{subjects}: {problem_en}. {tail_en}")
    what_zh, what_en = {
        "gap": ("合计缺", "missing in all: "),
        "length": ("合计", "in all: "),
        "flats": ("合计", "in all: "),
    }.get(indicator.counts, ("合计", "in all: "))
    return (
        f"共{number}{kind}存在{problem_zh}的问题,{what_zh}{total:,.10g}{indicator.unit_zh},为{tail_zh}",
        f"{subjects}: {problem_en}; {what_en}{total:,.10g} {indicator.unit_en}. {tail_en}",
    )


def _listed(rows: list[int], within: Sequence[str], names: Sequence[str], marks: tuple[str, str, str]) -> str:
    """Return names grouped by what they lie in: 幸福里1号楼、2号楼,东园5号楼."""
    outer, inner, gap = marks
    groups = []
    for place, members in groupby(rows, key=lambda row: within[row]):
        told = [names[row].removeprefix(place).strip() or names[row] for row in members]
        groups.append(f"{place}{gap if place else ''}{inner.join(told)}")
    return outer.join(groups)


def _ranked(within: Sequence[str], names: Sequence[str]) -> npt.NDArray[np.int64]:
    keys = [(place == "", place, _order(name), i) for i, (place, name) in enumerate(zip(within, names, strict=True))]
    rank = np.empty(len(keys), dtype=np.int64)
    rank[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return rank


def _order(name: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts 2号楼 before 10号楼."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name) if part)
