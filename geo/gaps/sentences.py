"""What a gap is in a sentence, with its numbers, in Chinese and English."""

from collections.abc import Mapping
from math import ceil, isnan
from typing import Any

import pandas as pd

from geo.gaps.result import LACKING, STATE_WORDS
from geo.gaps.walks import has_limit
from geo.standards.facilities import FacilityStandard, Requirement

Pair = tuple[str, str]

_WHO: Mapping[str, Pair] = {
    "all": ("居民", "residents"),
    "elders": ("老年人", "old people"),
    "children": ("儿童", "children"),
}


def told(table: pd.DataFrame, standard: FacilityStandard, names: Mapping[str, Pair]) -> pd.DataFrame:
    """Return the table of areas with text_zh and text_en; `names` are those of communities, for neighbours."""
    needs = {each.key: each for each in standard.requirements}
    rows = table.reset_index().to_dict("records")
    said = [_sentence(row, needs[row["requirement"]], names) for row in rows]
    return table.assign(
        text_zh=pd.array([zh for zh, _ in said], dtype="str"), text_en=pd.array([en for _, en in said], dtype="str")
    )


def reach(each: Requirement) -> Pair:
    """Return the reach that a requirement sets, in words; empty where it sets none."""
    zh, en = [], []
    if each.radius_m is not None:
        zh.append(f"步行{each.radius_m:,.0f}米")
        en.append(f"{each.radius_m:,.0f} m on foot")
    if each.minutes is not None:
        zh.append(f"步行{each.minutes:g}分钟")
        en.append(f"{each.minutes:g} minutes on foot")
    return "或".join(zh), " or ".join(en)


def _sentence(row: Mapping[str, Any], each: Requirement, names: Mapping[str, Pair]) -> Pair:
    state_zh, state_en = STATE_WORDS[row["state"]]
    parts = [part for part in (_reach(row, each), _lent(row, names), _size(row, each), _room(row, each)) if part]
    if row["state"] == "not_asked":
        parts = [("没有需要它的居民", "nobody lives here whom it is for")]
    zh = f"{row['name']}:{each.title_zh}{state_zh};" + ";".join(part for part, _ in parts)
    en = f"{row['name_en']}: {each.title_en} {state_en}; " + "; ".join(part for _, part in parts)
    return zh.rstrip(";") + "。", en.rstrip("; ") + "."


def _people(number: float, who: str) -> Pair:
    zh, en = _WHO[who]
    return f"{number:,.0f}名{zh}", f"{number:,.0f} {en}"


def _reach(row: Mapping[str, Any], each: Requirement) -> Pair:
    if row["reach_state"] == "unknown" and pd.isna(row["count"]):
        return "设施表中没有这类设施,可能未调查", "the facilities name none of this kind; nobody may have looked"
    least_zh, least_en = reach(each)
    if row["reach_state"] == "missing":
        return _missing(row, each)
    if not has_limit(each):
        zh, en = _has(row, each)
        return zh + _walked(row)[0], en + _walked(row)[1]
    share = row["covered_share"]
    if isnan(share):
        return "步行距离未知", "walks are unknown"
    zh = f"{least_zh}内覆盖{share:.0%}"
    en = f"{share:.0%} within {least_en}"
    if row["people_uncovered"] > 0:
        who_zh, who_en = _people(row["people_uncovered"], row["who"])
        zh, en = f"{zh},{who_zh}未覆盖", f"{en}, {who_en} are not"
    if row["people_unknown"] > 0:
        who_zh, who_en = _people(row["people_unknown"], row["who"])
        zh, en = f"{zh},{who_zh}不详", f"{en}, of {who_en} nobody knows"
    walked_zh, walked_en = _walked(row)
    return zh + walked_zh, en + walked_en


def _missing(row: Mapping[str, Any], each: Requirement) -> Pair:
    zh, en = "辖区内没有", "there is none in it"
    if each.scope == "residents":
        zh, en = f"辖区内没有,{reach(each)[0]}内也没有", f"there is none in it, and none within {reach(each)[1]}"
    if row["people"] > 0:
        who_zh, who_en = _people(row["people"], row["who"])
        zh, en = f"{zh},涉及{who_zh}", f"{en}, for {who_en}"
    return zh, en


def _has(row: Mapping[str, Any], each: Requirement) -> Pair:
    if each.scope == "town":
        return f"全镇有{row['count']}处", f"the town has {row['count']}"
    if pd.notna(row["neighbour_id"]):
        return "辖区内没有", "none in it"
    if pd.isna(row["needed"]):  # an estate answers for nothing itself
        return "所在社区有", "its community has one"
    return f"有{row['count']}处", f"has {row['count']}"


def _walked(row: Mapping[str, Any]) -> Pair:
    if isnan(row["mean_m"]):
        return "", ""
    mean, farthest = row["mean_m"], row["farthest_m"]
    return f",平均{mean:,.0f}米,最远{farthest:,.0f}米", f", {mean:,.0f} m on average, {farthest:,.0f} m at most"


def _lent(row: Mapping[str, Any], names: Mapping[str, Pair]) -> Pair | None:
    if pd.isna(row["neighbour_id"]) or row["state"] == "not_asked":
        return None
    zh, en = names[row["neighbour_id"]]
    return f"人口较少,与相邻的{zh}统筹", f"few people live here; that of the neighbouring {en} counts"


def _size(row: Mapping[str, Any], each: Requirement) -> Pair | None:
    if row["size_state"] == "not_asked":
        return None
    found: list[Pair] = []
    if not isnan(row["area_needed_m2"]) and each.asks_area:
        amounts = (row["area_needed_m2"], row["area_m2"], row["area_short_m2"], row["area_short_most_m2"])
        found.append(_amount(("面积", "area"), ("平方米", "m²"), amounts))
    least = _least(each)
    if least and row["size_state"] == "small" and (row["lacking_size"] or 0) > 0:
        found.append((f"可达的多数不足{least[0]}", f"most of those within reach are below {least[1]}"))
    elif least and row["size_state"] == "unknown":
        found.append((f"是否达到{least[0]}不详", f"whether they have {least[1]} is not known"))
    elif least:
        found.append((f"达到{least[0]}", f"large enough ({least[1]})"))
    return (";".join(zh for zh, _ in found), "; ".join(en for _, en in found)) if found else None


def _least(each: Requirement) -> Pair | None:
    said = [
        (f"建筑面积{each.floor_area_min_m2 or 0:,.0f}平方米", f"{each.floor_area_min_m2 or 0:,.0f} m² of floor"),
        (f"用地面积{each.site_area_min_m2 or 0:,.0f}平方米", f"{each.site_area_min_m2 or 0:,.0f} m² of ground"),
        (f"{each.capacity_min or 0:,.0f}个{each.places_zh}", f"{each.capacity_min or 0:,.0f} {each.places_en}"),
    ]
    asked = (each.floor_area_min_m2, each.site_area_min_m2, each.capacity_min)
    found = [pair for pair, least in zip(said, asked, strict=True) if least is not None]
    return ("、".join(zh for zh, _ in found), ", ".join(en for _, en in found)) if found else None


def _room(row: Mapping[str, Any], each: Requirement) -> Pair | None:
    if row["room_state"] == "not_asked":
        return None
    found: list[Pair] = []
    if each.asks_places and not isnan(row["places_needed"]):
        amounts = (row["places_needed"], row["places"], row["places_short"], row["places_short_most"])
        found.append(_amount((each.places_zh, each.places_en), ("个", ""), amounts))
    if pd.notna(row["needed"]) and pd.notna(row["count"]) and (each.per_people or each.people_max):
        if each.scope == "residents":
            zh, en = (
                f"按可达居民分摊有{row['offered']:.1f}处",
                f"{row['offered']:.1f} by its share of those within reach",
            )
        else:
            zh, en = f"有{row['count']}处", f"{row['count']} there"
        found.append((f"应有{row['needed']}处,{zh}", f"{row['needed']} needed, {en}"))
    return (";".join(zh for zh, _ in found), "; ".join(en for _, en in found)) if found else None


def _amount(what: Pair, unit: Pair, amounts: tuple[float, float, float, float]) -> Pair:
    """Return in words what is needed, known to be there, short, and short at most."""
    needed, known, short, most = amounts
    zh, en = unit[0], f" {unit[1]}" if unit[1] else ""
    said_zh = f"{what[0]}需{_up(needed)}{zh},已知{known:,.0f}{zh}"
    said_en = f"{what[1]}: {_up(needed)}{en} needed, {known:,.0f}{en} known"
    if isnan(short):
        return f"{said_zh},缺口不详,至多{_up(most)}{zh}", f"{said_en}, short by {_up(most)}{en} at most"
    if short > 0:
        return f"{said_zh},缺{_up(short)}{zh}", f"{said_en}, short by {_up(short)}{en}"
    return said_zh, said_en


def _up(number: float) -> str:
    return f"{ceil(number - 1e-9):,}"


def told_of_town(row: Mapping[str, Any], each: Requirement) -> Pair:
    """Return what is known of one requirement in the town as a whole."""
    if not row["facilities"] and not row["areas_missing"]:
        return (
            f"{each.title_zh}:设施表中没有这类设施,可能未调查。",
            f"{each.title_en}: the facilities name none of this kind; nobody may have looked.",
        )
    zh, en = f"{each.title_zh}:全镇{row['facilities']}处", f"{each.title_en}: {row['facilities']:,} in the town"
    if not isnan(row["covered_share"]):
        least_zh, least_en = reach(each) if has_limit(each) else ("有设施的社区", "communities that have one")
        zh += f",{least_zh}{'内' if has_limit(each) else ''}覆盖{row['covered_share']:.0%}"
        en += (
            f", {row['covered_share']:.0%} within {least_en}"
            if has_limit(each)
            else (f", {row['covered_share']:.0%} in {least_en}")
        )
        if row["people_uncovered"] > 0:
            who_zh, who_en = _people(row["people_uncovered"], row["who"])
            zh, en = f"{zh},{who_zh}未覆盖", f"{en}, {who_en} are not"
    lacking = sum(row[f"areas_{state}"] for state in LACKING)
    return (
        f"{zh};{row['areas']}个社区中{lacking}个有缺口。",
        f"{en}; {lacking} of {row['areas']} communities show a gap.",
    )
