"""Why candidates were not chosen, what a reader must know, and the answer in a few sentences."""

from functools import cache

import numpy as np

from geo.network.graph import By
from geo.siting import explain
from geo.siting.choice import Floats, Ints
from geo.siting.ground import WHO, Ground, Walked, categories_of, misfit
from geo.siting.result import MODELS, REASONS, Sited
from geo.standards.facilities import list_facility_standards, plain_category


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
        words = [category_words(each) for each in categories_of(row["categories"])]
        return (f"只可用于{'、'.join(zh for zh, _ in words)},不能设{requirement.title_zh}。",
                f"It may take only: {', '.join(en for _, en in words)}; not {requirement.title_en}.")  # fmt: skip
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
        if people[0] <= 0:
            return _nobody_near(ground)
        if row["kind"] == "growing" and row["facility_id"] in ground.existing.index:
            return (f"同类设施的扩建:增加的是容量,其范围内的{reach[0]}已被覆盖。",
                    f"One of this kind grows: that adds room; the {reach[1]} in its reach are covered.")  # fmt: skip
        return f"范围内{reach[0]},均已被现有设施覆盖。", f"{reach[1]} in its reach, all covered by today's facilities."
    if reason == "less":
        return (f"单独可新增覆盖{alone[0]};在所选之外只再增加{left[0]},不及所选。",
                f"Alone it would newly cover {alone[1]}, beyond what was chosen only {left[1]}.")  # fmt: skip
    zh, en = REASONS[reason]
    return f"{zh}。", f"{en[0].upper()}{en[1:]}."


def less_walking(ground: Ground, alone: float, beyond: float) -> tuple[str, str]:
    """Return why a candidate was not chosen where walking decides: what it saves alone, and beyond the chosen.

    Both are person-metres or person-minutes.
    """
    unit, people = explain.unit_words(ground.by), float(ground.people.sum())
    shorter, more = (explain.amount(each / people if people else 0.0, ground.by) for each in (alone, beyond))
    return (f"单独设置可使平均步行缩短{shorter}{unit[0]},在所选之外只再缩短{more}{unit[0]},不及所选。",
            f"Alone it would shorten the mean walk by {shorter} {unit[1]}, beyond what was chosen only by {more} "
            f"{unit[1]}.")  # fmt: skip


def less_far(ground: Ground, after: Walked, walk: Floats) -> tuple[str, str]:
    """Return why a candidate was not chosen where the farthest walk decides; `walk` to it as the model counts it."""
    unit, now = explain.unit_words(ground.by), after.cost(ground.by)
    some = (ground.people > 0) & np.isfinite(now)
    alone = np.minimum(ground.before.cost(ground.by), walk)[some]
    if not some.any() or not np.isfinite(alone).all():
        return ("单独设置时仍有人走不到任何一处,不及所选。",
                "With it alone some could walk to none: less than what was chosen.")  # fmt: skip
    far, least = (explain.amount(float(each.max()), ground.by) for each in (alone, now[some]))
    return (f"单独设置时最远步行{far}{unit[0]},所选为{least}{unit[0]}。",
            f"With it alone the farthest walk is {far} {unit[1]}, with the chosen {least} {unit[1]}.")  # fmt: skip


def less_room(ground: Ground, k: int, reach: float) -> tuple[str, str]:
    """Return why a candidate was not chosen where room decides."""
    within = explain.people_words(reach, ground)
    places = float(ground.town.candidates["capacity"].iloc[k])
    room = ("", "") if np.isnan(places) else (f",容量{places:,.0f}个位置", f", room for {places:,.0f}")
    return (f"范围内{within[0]}{room[0]};所选的合起来能让更多人有位置。",
            f"{within[1]} in its reach{room[1]}; what was chosen has places for more people together.")  # fmt: skip


def category_words(category: str) -> tuple[str, str]:
    """Return what a category of facilities is called; a town's own word as it stands.

    Standards name them: a requirement of the same key, else the one that takes the fewest other categories.
    """
    return _titles().get(plain_category(category), (category, category))


@cache
def _titles() -> dict[str, tuple[str, str]]:
    """Return the titles of all categories that a standard names."""
    found: dict[str, tuple[tuple[bool, int, str], tuple[str, str]]] = {}
    for standard in list_facility_standards():
        for each in standard.requirements:
            for category in each.categories:
                order = (each.key != category, len(each.categories), standard.name)
                if category not in found or order < found[category][0]:
                    found[category] = (order, (each.title_zh, each.title_en))
    return {category: titles for category, (_, titles) in found.items()}


def _nobody_near(ground: Ground) -> tuple[str, str]:
    """Return that nobody the requirement is for lives within reach."""
    reach, who = explain.reach_of(ground), WHO[ground.who]
    if ground.who == "all":
        return f"{reach[0]}无人居住。", f"Nobody lives {reach[1]}."
    return f"{reach[0]}没有{who[0]}居住。", f"No {who[1]} live {reach[1]}."


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
    if ground.small:
        zh, en = _least(ground)
        if ground.count_small:
            notes.append((f"现有设施中{ground.small}处面积小于标准要求的{zh},仍计为已覆盖;可选择不计(count_small)。",
                          f"{ground.small} of today's facilities are smaller than the {en} asked for; they count as "
                          "cover all the same, unless asked otherwise (count_small)."))  # fmt: skip
        else:
            notes.append((f"现有设施中{ground.small}处面积小于标准要求的{zh},按要求不计为覆盖。",
                          f"{ground.small} of today's facilities are smaller than the {en} asked for and do not "
                          "count, as was asked."))  # fmt: skip
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


def _least(ground: Ground) -> tuple[str, str]:
    """Return the least size of one facility in words."""
    zh, en = [], []
    for least, word_zh, word_en in ((ground.requirement.floor_area_min_m2, "建筑面积", "floor area"),
                                    (ground.requirement.site_area_min_m2, "用地面积", "ground")):  # fmt: skip
        if least:
            zh.append(f"{word_zh}{least:,.0f}平方米")
            en.append(f"{least:,.0f} m² of {word_en}")
    return "、".join(zh), " and ".join(en)


def story(ground: Ground, sited: Sited) -> tuple[str, str]:
    """Return the answer in a few sentences."""
    requirement, count = sited.requirement, len(sited.sites)
    before, after = sited.totals.loc["before"], sited.totals.loc["after"]
    reach_zh, reach_en = explain.reach_of(ground)
    who_zh, who_en = explain.people_words(before["people"], ground)
    small_zh, small_en = (f"(另有{ground.small}处面积不足,不计)", f" ({ground.small} too small ones left out)") if (
        ground.small and not ground.count_small) else ("", "")  # fmt: skip
    zh = [f"{requirement.title_zh}:现有{len(ground.existing)}处{small_zh},{reach_zh}覆盖{who_zh}中的"
          f"{before['covered_share']:.1%}。"]  # fmt: skip
    en = [f"{requirement.title_en}: {len(ground.existing)} today{small_en} cover {before['covered_share']:.1%} of "
          f"{who_en} {reach_en}."]  # fmt: skip
    if before["people"] <= 0:
        nobody = WHO[ground.who]
        return f"{requirement.title_zh}:没有{nobody[0]}居住。", f"{requirement.title_en}: no {nobody[1]} live here."
    if not count:
        why = _unfit_words(sited)
        zh.append(f"没有可用的备选点:{why[0]}。" if why[0] else "没有备选点能带来改善。")
        en.append(f"No candidate can be used: {why[1]}." if why[1] else "No candidate would improve this.")
    else:
        new_zh, new_en = explain.people_words(after["people_covered"] - before["people_covered"], ground)
        walk_zh, walk_en = _walk_words(ground, sited)
        share = f"{after['covered_share']:.1%}"
        zh.append(f"新设{count}处后覆盖{share},新增{new_zh};{walk_zh}。")
        en.append(f"With {count} more {share} are covered, {new_en} newly; {walk_en}.")
        left_zh, left_en = explain.people_words(after["people"] - after["people_covered"], ground)
        if after["people"] - after["people_covered"] >= 0.5:
            zh.append(f"仍有{left_zh}未覆盖。")
            en.append(f"{left_en} remain uncovered.")
    if not np.isnan(sited.served_after):
        zh.append(
            f"按容量计,有位置的由{sited.served_before:,.0f}增至{explain.people_words(sited.served_after, ground)[0]}。"
        )
        en.append(f"Counting room, those with a place go from {sited.served_before:,.0f} to "
                  f"{explain.people_words(sited.served_after, ground)[1]}.")  # fmt: skip
    model_zh, model_en = MODELS[sited.model]
    proof_zh = "已证明没有更好的选择" if sited.choice.proven else f"与最优至多相差{sited.choice.gap:.2%}"
    proof_en = "proven: no choice is better" if sited.choice.proven else f"within {sited.choice.gap:.2%} of the best"
    zh.append(f"目标:{model_zh}({proof_zh})。")
    en.append(f"Aim: {model_en} ({proof_en}).")
    return "".join(zh), " ".join(en)


def _walk_words(ground: Ground, sited: Sited) -> tuple[str, str]:
    """Return the mean walk before and after in words, the farthest where that is the aim, and who can walk to none."""
    before, after = sited.totals.loc["before"], sited.totals.loc["after"]
    if np.isnan(after["mean_m"]):
        return "无人可步行到达", "nobody can walk to any"
    zh, en = f"{after['mean_m']:,.0f}米", f"{after['mean_m']:,.0f} m"
    if ground.by == "minutes":
        zh, en = f"{zh}({after['mean_min']:,.1f}分钟)", f"{en} ({after['mean_min']:,.1f} min)"
    if np.isnan(before["mean_m"]):
        zh, en = f"平均步行{zh}", f"the mean walk is {en}"
    else:
        zh = f"平均步行由{before['mean_m']:,.0f}米变为{zh}"
        en = f"the mean walk changes from {before['mean_m']:,.0f} m to {en}"
    if sited.model == "p_center":
        unit = explain.unit_words(ground.by)
        then, now = (_farthest(sited, when, ground.by) for when in ("before", "after"))
        zh += f",最远步行{f'由{then}变为' if then else ''}{now}{unit[0]}"
        en += f", the farthest {f'from {then} to' if then else 'is'} {now} {unit[1]}"
    lost, found = after["people_unreached"], before["people_unreached"] - after["people_unreached"]
    if found >= 0.5 and not np.isnan(before["mean_m"]):
        words = explain.people_words(found, ground)
        zh += f"(含原先走不到任何一处的{words[0]})"
        en += f" (now with {words[1]} who could walk to none before)"
    if lost >= 0.5:
        words = explain.people_words(lost, ground)
        zh += f";{words[0]}仍无路可达,不在平均之内"
        en += f"; {words[1]} can still walk to none and are in no mean"
    return zh, en


def _unfit_words(sited: Sited) -> tuple[str, str]:
    """Return why none of the candidates can be used, by number; empty where some can."""
    why = sited.candidates["reason"].value_counts()
    if not len(why) or {"less", "nobody_new", "chosen"} & set(why.index):
        return "", ""
    some = [(key, int(why[key])) for key in REASONS if key in why.index]
    return ("、".join(f"{REASONS[key][0]}{count}处" for key, count in some),
            ", ".join(f"{REASONS[key][1]} ({count})" for key, count in some))  # fmt: skip


def _farthest(sited: Sited, when: str, by: By) -> str:
    """Return the farthest walk of anybody in metres or minutes, in words; empty where there is none."""
    walks = sited.homes[f"walk_{when}_{'m' if by == 'metres' else 'min'}"][sited.homes["people"] > 0]
    return "" if walks.isna().all() else explain.amount(float(walks.max()), by)
