"""Why candidates were not chosen, what a reader must know, and the answer in a few sentences."""

import numpy as np

from geo.siting import explain
from geo.siting.choice import Ints
from geo.siting.ground import Ground, misfit
from geo.siting.result import MODELS, REASONS, Sited


def reason_words(
    ground: Ground, k: int, reason: str, people: tuple[float, float, float], *, budget: float | None = None
) -> tuple[str, str]:
    """Return why a candidate was not chosen, as a sentence with numbers.

    Parameters
    ----------
    ground
    k
        Position of the candidate.
    reason
        A key of `REASONS`.
    people
        Within its reach; whom it alone would newly cover; whom it would cover after what was chosen.
    budget
    """
    town, requirement = ground.town, ground.requirement
    row = town.candidates.iloc[k]
    reach, alone, left = (explain.people_words(each, ground) for each in people)
    if reason == "category":
        return (f"只可用于{row['categories']},不能设{requirement.title_zh}。",
                f"It may take {row['categories']} only, no {requirement.title_en}.")  # fmt: skip
    if reason in ("too_small", "area_unknown"):
        return _area_words(ground, k, reason)
    if reason == "unreachable":
        why = str(town.candidate_joins.why_not.get(town.candidates.index[k], ""))
        near = ("被墙、河或铁路隔开", "walls, a river or a railway cut it off") if why == "cut_off" else (
            f"{town.network.options.join_m:g}米内没有可步行的道路",
            f"there is no way on foot within {town.network.options.join_m:g} m")  # fmt: skip
        return f"步行不可达:{near[0]}。", f"Nobody can walk there: {near[1]}."
    if reason == "over_budget":
        cost, most = explain.costs_words(float(row["cost"])), explain.costs_words(float(budget or 0.0))
        return f"费用{cost[0]},超出预算{most[0]}。", f"It costs {cost[1]}, the budget is {most[1]}."
    if reason == "nobody_new":
        if row["kind"] == "growing" and row["facility_id"] in ground.existing.index:
            return (f"同类设施的扩建:增加的是容量,其范围内的{reach[0]}已被覆盖。",
                    f"One of this kind grows: that adds room; the {reach[1]} in its reach are covered.")  # fmt: skip
        return f"范围内{reach[0]},均已被现有设施覆盖。", f"{reach[1]} in its reach, all covered by today's facilities."
    if reason == "less":
        return (f"单独可新增覆盖{alone[0]};在所选之外只再增加{left[0]},不及所选。",
                f"Alone it would newly cover {alone[1]}, beyond what was chosen only {left[1]}.")  # fmt: skip
    zh, en = REASONS[reason]
    return f"{zh}。", f"{en[0].upper()}{en[1:]}."


def _area_words(ground: Ground, k: int, reason: str) -> tuple[str, str]:
    _, floor, earth = misfit(ground.town, ground.requirement, strict=True)
    row = ground.town.candidates.iloc[k]
    zh, en = [], []
    for need, has, word_zh, word_en in ((floor[k], row["floor_area_m2"], "建筑面积", "floor area"),
                                        (earth[k], row["site_area_m2"], "用地面积", "ground")):  # fmt: skip
        if reason == "too_small" and has < need:
            zh.append(f"{word_zh}{has:,.0f}平方米,小于所需的{need:,.0f}平方米")
            en.append(f"{word_en} {has:,.0f} m², {need:,.0f} m² are needed")
        if reason == "area_unknown" and need > 0 and np.isnan(has):
            zh.append(f"{word_zh}未知,需要{need:,.0f}平方米")
            en.append(f"{word_en} unknown, {need:,.0f} m² are needed")
    return ";".join(zh) + "。", "; ".join(en).capitalize() + "."


def notes_of(ground: Ground, chosen: Ints) -> list[tuple[str, str]]:
    """Return what a reader must know of the homes, today's facilities and the candidates."""
    notes = []
    if why := len(ground.town.home_joins.why_not):
        notes.append((f"{why}个需求点接不上步行网络,按不可达计。",
                      f"{why} homes are not joined to the network and count as reaching nothing."))  # fmt: skip
    least = ground.requirement.floor_area_min_m2
    if least and (small := int((ground.existing["floor_area_m2"] < least).sum())):
        notes.append((f"现有设施中{small}处面积小于{least:g}平方米,仍按已有计。",
                      f"{small} of today's facilities are smaller than {least:g} m²; they still count."))  # fmt: skip
    kinds = ground.town.candidates["kind"]
    if kinds.eq("search_point").any():
        notes.append(("没有房地清单处以街角和街坊内点作选址参考点:只表示找场地的位置,不是现成房地。",
                      "Where there is no list of premises, street corners and inner points of blocks stand in as "
                      "points to search around: they are no premises."))  # fmt: skip
    unknown = ground.town.candidates["area_source"].eq("unknown") if "area_source" in ground.town.candidates else None
    if unknown is not None and (count := int(unknown.iloc[chosen].sum())):
        notes.append(
            (f"所选中{count}处面积未知,需核实。", f"The area of {count} chosen sites is unknown: to be checked.")
        )
    return notes


def story(ground: Ground, sited: Sited) -> tuple[str, str]:
    """Return the answer in a few sentences."""
    requirement, count = sited.requirement, len(sited.sites)
    before, after = sited.totals.loc["before"], sited.totals.loc["after"]
    reach_zh, reach_en = explain.reach_of(ground)
    who_zh, who_en = explain.people_words(before["people"], ground)
    zh = [
        f"{requirement.title_zh}:现有{len(ground.existing)}处,{reach_zh}覆盖{who_zh}中的{before['covered_share']:.1%}。"
    ]
    en = [f"{requirement.title_en}: {len(ground.existing)} today cover {before['covered_share']:.1%} of {who_en} "
          f"{reach_en}."]  # fmt: skip
    if not count:
        zh.append("没有备选点能带来改善。")
        en.append("No candidate would improve this.")
    else:
        new_zh, new_en = explain.people_words(after["people_covered"] - before["people_covered"], ground)
        after_zh, after_en = f"{after['mean_m']:,.0f}米", f"{after['mean_m']:,.0f} m"
        if np.isnan(before["mean_m"]):
            walk_zh, walk_en = f"平均步行{after_zh}", f"the mean walk is {after_en}"
        else:
            walk_zh = f"平均步行由{before['mean_m']:,.0f}米变为{after_zh}"
            walk_en = f"the mean walk changes from {before['mean_m']:,.0f} m to {after_en}"
        share = f"{after['covered_share']:.1%}"
        zh.append(f"新设{count}处后覆盖{share},新增{new_zh};{walk_zh}。")
        en.append(f"With {count} more {share} are covered, {new_en} newly; {walk_en}.")
        left_zh, left_en = explain.people_words(after["people"] - after["people_covered"], ground)
        if after["people"] - after["people_covered"] >= 0.5:
            zh.append(f"仍有{left_zh}未覆盖。")
            en.append(f"{left_en} remain uncovered.")
    model_zh, model_en = MODELS[sited.model]
    proof_zh = "已证明没有更好的选择" if sited.choice.proven else f"与最优至多相差{sited.choice.gap:.2%}"
    proof_en = "proven: no choice is better" if sited.choice.proven else f"within {sited.choice.gap:.2%} of the best"
    zh.append(f"目标:{model_zh}({proof_zh})。")
    en.append(f"Aim: {model_en} ({proof_en}).")
    return "".join(zh), " ".join(en)
