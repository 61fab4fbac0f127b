"""A placing as tables and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.siting import explain, reasons
from geo.siting.board import Board
from geo.siting.choice import Floats
from geo.siting.filling import Filled, best_use, value_of
from geo.siting.ground import WHO, Flags, Ground
from geo.siting.options import FittingCosts, PlacingOptions
from geo.siting.result import (
    AREA_COLUMNS,
    GAINED_COLUMNS,
    PLACED_SITE_COLUMNS,
    PLACED_STEP_COLUMNS,
    REASONS,
    ROOM_COLUMNS,
    Placed,
)
from geo.standards.facilities import Complex

CLOSE: Final = 1e-6
"""Shares that lie no farther apart are the same."""

ALL: Final = "all"
"""The row of a community for all requirements together."""


@dataclass(frozen=True)
class _Told:
    """What is to be told: what goes where, premises by marginal value, and that value."""

    board: Board
    rooms: Flags
    order: tuple[int, ...]
    values: tuple[float, ...]
    options: PlacingOptions
    rule: Complex


def placed_of(board: Board, filled: Filled, options: PlacingOptions, costs: FittingCosts, rule: Complex) -> Placed:
    """Return the filling with everything that a reader wants to know of it."""
    order, values = _order(board, filled.rooms)
    told = _Told(board, filled.rooms, tuple(order), tuple(values), options, rule)
    chosen = tuple(
        explain.in_given_order(ground, np.array([j for j in order if filled.rooms[j, r]], dtype=np.int64))
        for r, ground in enumerate(board.grounds)
    )
    rooms = _rooms(told, chosen)
    gains = _gains(board, filled.rooms, chosen)
    communities = _communities(board, chosen)
    placed = Placed(
        requirements=board.requirements, value=filled.value, bound=filled.bound,
        value_without_equity=filled.value_without_equity, seconds=filled.seconds,
        method=filled.method, budget=float(options.budget), spent=float(board.spent(filled.rooms).sum()),
        limits=_limits(board), speed=board.town.speed,
        sites=_sites(told, rooms), rooms=rooms, gains=gains,
        communities=communities, candidates=_candidates(told),
        refused=_refused(board, options),
        homes=_stacked({
            g.requirement.key: explain.homes(g, g.before, c.states[-1])
            for g, c in zip(board.grounds, chosen, strict=True)
        }),
        steps=_steps(told), costs_given=costs.given, text_zh="", text_en="",
        notes=_notes(told, filled, costs), fairness=filled.fairness,
    )  # fmt: skip
    zh, en = _story(placed, options)
    return replace(placed, text_zh=zh, text_en=en)


def _order(board: Board, rooms: Flags) -> tuple[list[int], list[float]]:
    """Return premises in use by marginal value, and that value."""
    left = np.flatnonzero(rooms.any(axis=1)).tolist()
    done = np.zeros_like(rooms)
    order, values = [], []
    while left:
        gives = (board.gives(done) * rooms).sum(axis=1).round(6)
        best = max(left, key=lambda j: (gives[j], -j))
        left.remove(best)
        order.append(best)
        values.append(float(gives[best]))
        done[best] = rooms[best]
    return order, values


def _rooms(told: _Told, chosen: Sequence[explain.Chosen]) -> pd.DataFrame:
    """Return what every requirement gets from every one of its premises."""
    board, rooms, order = told.board, told.rooms, told.order
    parts = {}
    for r, ground in enumerate(board.grounds):
        free = np.flatnonzero(board.offer.allowed[:, r] & ~rooms[:, r])
        parts[r] = explain.gains(ground, chosen[r], free)
    ids = board.town.candidates.index
    rows, keys = [], []
    for j in order:
        for r in np.flatnonzero(rooms[j]).tolist():
            keys.append((ids[j], board.requirements[r].key))
            rows.append({
                "need_m2": board.offer.floor_m2[j, r], "need_site_m2": board.offer.ground_m2[j, r],
                "unit_cost": board.unit_cost[j, r], "cost": board.offer.cost[j, r], **parts[r].loc[ids[j]],
            })  # fmt: skip
    index = pd.MultiIndex.from_tuples(keys, names=["site_id", "requirement"])
    return pd.DataFrame(rows, index=index, columns=list(ROOM_COLUMNS))


def _gains(board: Board, rooms: Flags, chosen: Sequence[explain.Chosen]) -> pd.DataFrame:
    rows = []
    for r, (ground, sites) in enumerate(zip(board.grounds, chosen, strict=True)):
        before, after = (explain.totals(ground, walked) for walked in (ground.before, sites.states[-1]))
        newly = sites.states[-1].covered & ~ground.before.covered
        mine = rooms[:, r]
        requirement = ground.requirement
        row: dict[str, Any] = {
            "title_zh": requirement.title_zh, "title_en": requirement.title_en, "weight": requirement.weight,
            "people": before["people"], "covered_before": before["people_covered"],
            "covered_after": after["people_covered"],
            "people_new": float(ground.people @ newly), **explain.newly_by_age(board.town, newly),
            "share_before": before["covered_share"], "share_after": after["covered_share"],
            "mean_before_m": before["mean_m"], "mean_after_m": after["mean_m"], "rooms": int(mine.sum()),
            "m2": float((board.offer.floor_m2 + board.offer.ground_m2)[mine, r].sum()),
            "cost": float(board.offer.cost[mine, r].sum()),
        }  # fmt: skip
        row["text_zh"], row["text_en"] = _gained(ground, row)
        rows.append(row)
    index = pd.Index([each.key for each in board.requirements], name="requirement")
    return pd.DataFrame(rows, index=index, columns=list(GAINED_COLUMNS))


def _gained(ground: Ground, row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a requirement gets, in a sentence."""
    requirement = ground.requirement
    if not row["rooms"]:
        if row["people"] <= 0:
            nobody = WHO[ground.who]
            return (f"{requirement.title_zh}:未设,没有{nobody[0]}居住。",
                    f"{requirement.title_en}: none placed, no {nobody[1]} live here.")  # fmt: skip
        return (f"{requirement.title_zh}:未设,覆盖率{row['share_before']:.1%}。",
                f"{requirement.title_en}: none placed, {row['share_before']:.1%} covered.")  # fmt: skip
    new, ages = explain.people_words(row["people_new"], ground), explain.ages_words(row, ground)
    reach = explain.reach_of(ground)
    return (
        f"{requirement.title_zh}:新设{row['rooms']}处,{reach[0]}新增覆盖{new[0]}{ages[0]},覆盖率由"
        f"{row['share_before']:.1%}升至{row['share_after']:.1%}。",
        f"{requirement.title_en}: {row['rooms']} new, {new[1]}{ages[1]} newly covered {reach[1]}, from "
        f"{row['share_before']:.1%} to {row['share_after']:.1%}.",
    )


def _communities(board: Board, chosen: Sequence[explain.Chosen]) -> pd.DataFrame:
    """Return communities by requirement, and all requirements together, weighted."""
    parts = {
        ground.requirement.key: explain.areas(ground, ground.before, sites.states[-1], "community_id")
        for ground, sites in zip(board.grounds, chosen, strict=True)
    }
    first = next(iter(parts.values()))
    whole = first[["name", "name_en"]].copy()
    for column in ("people", "covered_before", "covered_after"):
        whole[column] = sum(part[column].reindex(whole.index) * each.weight
                            for part, each in zip(parts.values(), board.requirements, strict=True))  # fmt: skip
    some = whole["people"].where(whole["people"] > 0)
    for when in ("before", "after"):
        whole[f"share_{when}"] = whole[f"covered_{when}"] / some
        whole[f"mean_{when}_m"] = np.nan
    whole = whole[list(AREA_COLUMNS)]
    worst = whole.assign(order=whole.index).sort_values(["share_after", "order"], na_position="last").index
    table = pd.concat({ALL: whole, **parts}, names=["requirement"]).swaplevel()
    keys = [(community, key) for community in worst for key in (ALL, *parts)]
    return table.reindex(pd.MultiIndex.from_tuples(keys, names=["community_id", "requirement"]))


def _sites(told: _Told, table: pd.DataFrame) -> gpd.GeoDataFrame:
    board, rooms, order = told.board, told.rooms, list(told.order)
    offer, sites = board.offer, board.town.candidates
    spent = board.spent(rooms)
    left = told.options.budget - float(np.nan_to_num(spent).sum())
    rows = []
    for rank, (j, value) in enumerate(zip(order, told.values, strict=True), start=1):
        what = np.flatnonzero(rooms[j])
        used = float(offer.floor_m2[j, what].sum())
        titles = [board.requirements[r] for r in what.tolist()]
        area = used if offer.open_ended[j] else float(offer.floor_room[j])
        functions = [each.key for each, r in zip(titles, what.tolist(), strict=True) if offer.floor_m2[j, r] > 0]
        without = rooms.copy()
        without[j] = False
        next_id, next_value = _instead(board, without, rooms, left + float(np.nan_to_num(spent[j])))
        row: dict[str, Any] = {
            "rank": rank, "used_m2": used,
            "spare_m2": np.nan if offer.open_ended[j] else float(sites["floor_area_m2"].iloc[j]) - used,
            "used_site_m2": float(offer.ground_m2[j, what].sum()),
            "requirements": ";".join(each.key for each in titles),
            "requirements_zh": "、".join(each.title_zh for each in titles),
            "requirements_en": ", ".join(each.title_en for each in titles), "functions": len(what),
            "complex": told.rule.holds(functions, area), "site_cost": float(offer.site_cost[j]),
            "fitting_cost": float(offer.cost[j, what].sum()), "cost": float(spent[j]), "value": value,
            "value_only": value_of(offer, rooms) - value_of(offer, without), "next_id": next_id,
            "next_value": next_value,
        }  # fmt: skip
        row["text_zh"], row["text_en"] = _sentence(told, j, row, table)
        rows.append(row)
    index = sites.index[order].rename("site_id")
    facts = pd.DataFrame(rows, index=index, columns=[*(rows[0] if rows else ("rank",))])
    about = [name for name in PLACED_SITE_COLUMNS if name in sites.columns and name not in facts.columns]
    found = gpd.GeoDataFrame(pd.concat([sites.iloc[order][about].rename_axis("site_id"), facts], axis=1),
                             geometry="geometry", crs=sites.crs)  # fmt: skip
    return found.reindex(columns=list(PLACED_SITE_COLUMNS))


def _instead(board: Board, without: Flags, rooms: Flags, money: float) -> tuple[str | None, float]:
    """Return the best of the unused premises for this money, and what its best use gives."""
    used = without.sum(axis=0)
    offer = replace(board.offer, most=board.offer.most - used, site_cost=np.nan_to_num(board.offer.site_cost))
    gives = board.gives(without)
    best: tuple[str | None, float] = (None, np.nan)
    for j in np.flatnonzero(~rooms.any(axis=1)).tolist():
        _, value = best_use(offer, j, gives[j], money)
        if value > 0 and (best[0] is None or value > best[1]):
            best = (str(board.town.candidates.index[j]), value)
    return best


def _sentence(told: _Told, j: int, row: dict[str, Any], table: pd.DataFrame) -> tuple[str, str]:
    """Return what premises take and give, in a sentence."""
    board = told.board
    site_id = board.town.candidates.index[j]
    zh, en = explain.title_of(board.town.candidates, j)
    cost = explain.costs_words(row["cost"])
    said_zh = [f"第{row['rank']}处 {zh}:设{row['requirements_zh']}"]
    said_en = [f"No. {row['rank']} {en}: takes {row['requirements_en']}"]
    if row["used_m2"] > 0:
        has = board.town.candidates["floor_area_m2"].iloc[j]
        said_zh.append(f"用建筑面积{row['used_m2']:,.0f}平方米" + ("" if np.isnan(has) else f"(共{has:,.0f})"))
        said_en.append(f"{row['used_m2']:,.0f} m² of floor area" + ("" if np.isnan(has) else f" of {has:,.0f}"))
    if row["used_site_m2"] > 0:
        said_zh.append(f"用地{row['used_site_m2']:,.0f}平方米")
        said_en.append(f"{row['used_site_m2']:,.0f} m² of ground")
    if row["complex"]:
        said_zh.append("构成社区嵌入式服务综合体")
        said_en.append("an embedded service complex")
    said_zh.append(f"费用{cost[0]}")
    said_en.append(f"cost {cost[1]}")
    for r, ground in enumerate(board.grounds):
        key = ground.requirement.key
        if (site_id, key) not in table.index:
            continue
        gain = table.loc[(site_id, key)]
        new_zh, new_en = explain.people_words(gain["people_new"], board.grounds[r])
        said_zh.append(f"{ground.requirement.title_zh}新增覆盖{new_zh}"
                       + (f"({gain['communities_zh']})" if gain["communities_zh"] else ""))  # fmt: skip
        said_en.append(f"{ground.requirement.title_en}: {new_en} newly covered"
                       + (f" ({gain['communities_en']})" if gain["communities_en"] else ""))  # fmt: skip
    if row["next_id"] is not None:
        at = int(board.town.candidates.index.get_loc(row["next_id"]))
        next_zh, next_en = explain.title_of(board.town.candidates, at)
        fair = ("只看加权人次,", "by weighted people alone ") if told.options.equity != "none" else ("", "")
        said_zh.append(f"没有本处,失去{row['value_only']:,.0f}加权人次;{fair[0]}换成次优的{next_zh}可得"
                       f"{row['next_value']:,.0f}")  # fmt: skip
        said_en.append(f"without it {row['value_only']:,.0f} weighted people would be lost; {fair[1]}the next best in "
                       f"its place, {next_en}, would give {row['next_value']:,.0f}")  # fmt: skip
    note = (("这是选址参考点,需在附近另找场地。", " This is a point to search around: a site has to be found near it.")
            if board.offer.open_ended[j] else ("", ""))  # fmt: skip
    return ";".join(said_zh) + "。" + note[0], "; ".join(said_en) + "." + note[1]


def _candidates(told: _Told) -> gpd.GeoDataFrame:
    """Return all candidates: the best use of each alone, and why it was or was not taken."""
    board, rooms = told.board, told.rooms
    sites = board.town.candidates.copy()
    known = replace(board.offer, site_cost=np.nan_to_num(board.offer.site_cost))
    today, beyond = board.gives(np.zeros_like(rooms)), board.gives(rooms)
    alone = [best_use(known, j, today[j], told.options.budget) for j in range(len(sites))]
    found = [_reason(told, j, alone[j], beyond[j]) for j in range(len(sites))]
    sites["chosen"] = rooms.any(axis=1)
    sites["value_alone"] = [value for _, value in alone]
    for name, part in zip(("reason", "reason_zh", "reason_en"), zip(*found, strict=True), strict=True):
        sites[name] = list(part)
    return sites.rename_axis("site_id")


def _reason(told: _Told, j: int, alone: tuple[Flags, float], beyond: Floats) -> tuple[str, str, str]:
    """Return why premises were or were not taken: a key of REASONS, and sentences."""
    board = told.board
    if told.rooms[j].any():
        rank = told.order.index(j) + 1
        return "chosen", f"选中,第{rank}处。", f"Chosen, no. {rank}."
    allowed = board.offer.allowed[j]
    if not allowed.any():
        keys = [key for key in REASONS if key in set(board.why[j])]
        words = []
        for key in keys:
            # of several, the one that takes least: what is too small for that is too small for all
            same = np.flatnonzero(board.why[j] == key)
            takes = (board.offer.floor_m2 + board.offer.ground_m2)[j, same]
            words.append(_pair_words(board, j, int(same[np.argmin(takes)]), told.options))
        return keys[-1], "".join(zh for zh, _ in words), " ".join(en for _, en in words)
    if alone[1] <= 0:
        return "nobody_new", "可设的各项,其范围内的人均已被覆盖。", "What it could take covers nobody new."
    what = [each for each, use in zip(board.requirements, alone[0], strict=True) if use]
    further = float((beyond * alone[0]).sum())
    zh, en = "、".join(each.title_zh for each in what), ", ".join(each.title_en for each in what)
    return (
        "less",
        f"单独使用最多可得{alone[1]:,.0f}加权人次(设{zh}),在所选之外只再增加{further:,.0f},不及所选。",
        f"Alone it would give {alone[1]:,.0f} weighted people at best (with {en}), beyond the chosen {further:,.0f}.",
    )


def _pair_words(board: Board, j: int, r: int, options: PlacingOptions) -> tuple[str, str]:
    ground = board.grounds[r]
    reach = float(np.asarray(ground.cover[:, [j]].T @ ground.people)[0])
    key = str(board.why[j, r])
    if key == "over_budget":
        cost = explain.costs_words(float(np.nan_to_num(board.offer.site_cost[j]) + board.offer.cost[j, r]))
        most = explain.costs_words(options.budget)
        return (f"设{ground.requirement.title_zh}需{cost[0]},超出预算{most[0]}。",
                f"With {ground.requirement.title_en} it costs {cost[1]}, the budget is {most[1]}.")  # fmt: skip
    zh, en = reasons.reason_words(ground, j, key, (reach, 0.0, 0.0), budget=options.budget)
    if key in ("too_small", "area_unknown"):
        return f"设{ground.requirement.title_zh}:{zh}", f"For {ground.requirement.title_en}: {en[0].lower()}{en[1:]}"
    return zh, en


def _refused(board: Board, options: PlacingOptions) -> pd.DataFrame:
    pairs = [(j, r) for j, r in np.argwhere(board.why != "").tolist()]
    rows = [(str(board.why[j, r]), *_pair_words(board, j, r, options)) for j, r in pairs]
    ids = board.town.candidates.index
    index = pd.MultiIndex.from_arrays(
        [[ids[j] for j, _ in pairs], [board.requirements[r].key for _, r in pairs]], names=["site_id", "requirement"]
    )
    return pd.DataFrame(rows, index=index, columns=["reason", "reason_zh", "reason_en"])


def _limits(board: Board) -> pd.DataFrame:
    rows = [
        {
            "limit_m": ground.limit_m, "limit_min": ground.limit_min,
            "need_m2": ground.requirement.need_m2 or ground.requirement.floor_area_min_m2 or 0.0,
            "need_site_m2": ground.requirement.need_site_m2 or ground.requirement.site_area_min_m2 or 0.0,
            "unit_cost_least": float(board.unit_cost[:, r].min()), "unit_cost_most": float(board.unit_cost[:, r].max()),
        }
        for r, ground in enumerate(board.grounds)
    ]  # fmt: skip
    return pd.DataFrame(rows, index=pd.Index([each.key for each in board.requirements], name="requirement"))


def _steps(told: _Told) -> pd.DataFrame:
    board, rooms, order, values = told.board, told.rooms, told.order, told.values
    offer, ids = board.offer, board.town.candidates.index
    names = sorted(set(board.town.homes["community_id"].dropna()))
    inside, some = offer.community >= 0, offer.whole > 0
    spent, done = board.spent(rooms), np.zeros_like(rooms)
    rows, total, money = [], 0.0, 0.0
    for j, value in zip([-1, *order], [0.0, *values], strict=True):
        if j >= 0:
            done[j] = rooms[j]
            total, money = total + value, money + float(spent[j])
        new = sum(
            offer.open[:, r] * (np.asarray(offer.cover[r] @ done[:, r].astype(np.float64)) > 0)
            for r in range(rooms.shape[1])
        )
        share = np.full(len(names), np.inf)
        added = np.bincount(offer.community[inside], weights=np.asarray(new)[inside], minlength=len(names))
        share[some] = ((offer.covered + added)[some] / offer.whole[some]).round(9)
        worst = int(np.argmin(share)) if some.any() else None
        rows.append((None if j < 0 else ids[j], value, total, money, None if worst is None else names[worst],
                     np.nan if worst is None else float(share[worst])))  # fmt: skip
    return pd.DataFrame(rows, columns=list(PLACED_STEP_COLUMNS)).rename_axis("number")


def _stacked(parts: dict[str, gpd.GeoDataFrame]) -> pd.DataFrame:
    joined = pd.concat({key: part.drop(columns="geometry") for key, part in parts.items()}, names=["requirement"])
    return joined.swaplevel().sort_index(level=0, sort_remaining=False)


def _notes(told: _Told, filled: Filled, costs: FittingCosts) -> tuple[tuple[str, str], ...]:
    board, options = told.board, told.options
    notes: list[tuple[str, str]] = []
    if not costs.given:
        notes.append((f"费用按示例单价计算:{costs.source_zh}。", f"Costs are from example prices: {costs.source_en}."))
    if options.equity == "worst_first":
        count, levels = int((board.offer.whole > 0).sum()), options.equity_levels
        if count > levels:
            notes.append((f"公平性逐个考虑最差的{levels}个社区(共{count}个)。",
                          f"Equity looks at the {levels} worst-off of {count} communities in turn."))  # fmt: skip
        if (open_ := _open_words(filled.fairness)) is not None:
            notes.append((f"公平性目标在给定时间内未证明最优:{open_[0]}。",
                          f"That the worst off get most is not proven in the time given: {open_[1]}."))  # fmt: skip
    if np.isnan(board.spent(filled.rooms)).any():
        notes.append(
            ("所选房地中有费用未知的,总费用未知。", "Some of the premises are of unknown cost, and so is the total.")
        )
    for ground in board.grounds:
        for note in (*ground.notes, *reasons.notes_of(ground, np.array(told.order, dtype=np.int64))):
            if note not in notes:
                notes.append(note)
    return tuple(notes)


def _story(placed: Placed, options: PlacingOptions) -> tuple[str, str]:
    count, rooms = len(placed.sites), len(placed.rooms)
    spent, budget = explain.costs_words(placed.spent), explain.costs_words(placed.budget)
    within = ("", "") if np.isinf(placed.budget) else (f"(预算{budget[0]})", f" (budget {budget[1]})")
    if not count:
        zh, en = ["没有可行的安排能带来改善。"], ["No placing would improve anything."]
    else:
        complexes = int(placed.sites["complex"].sum())
        zh = [f"用{count}处房地设{rooms}项设施" + (f",其中嵌入式综合体{complexes}处" if complexes else "")
              + f";费用{spent[0]}{within[0]}。"]  # fmt: skip
        rooms_en = f"{rooms} facilit{'y' if rooms == 1 else 'ies'}"
        en = [f"{count} premises take{'s' if count == 1 else ''} {rooms_en}"
              + (f", {complexes} of them as complexes" if complexes else "")
              + f"; cost {spent[1]}{within[1]}."]  # fmt: skip
    zh += placed.gains["text_zh"].tolist()
    en += placed.gains["text_en"].tolist()
    if options.equity != "none" and len(placed.steps):
        first, last = placed.steps.iloc[0], placed.steps.iloc[-1]
        zh.append(f"覆盖最差的社区由{first['worst_share']:.1%}升至{last['worst_share']:.1%}。")
        en.append(f"The worst-off community goes from {first['worst_share']:.1%} to {last['worst_share']:.1%}.")
        most = placed.value_without_equity
        zh.append(f"新增覆盖{placed.value:,.0f}加权人次;不优先照顾薄弱社区时可得{most:,.0f}。")
        en.append(f"{placed.value:,.0f} weighted people are newly covered; {most:,.0f} could be if none came first.")
    if placed.proven:
        zh.append("已证明没有更好的安排。")
        en.append("Proven: no placing is better.")
    elif (open_ := _open_words(placed.fairness)) is not None:
        zh.append(f"未证明最优:{open_[0]}。")
        en.append(f"Not proven: {open_[1]}.")
    else:
        zh.append(f"没有安排能超过{placed.bound:,.0f}加权人次(与最优至多相差{placed.gap:.2%})。")
        en.append(f"No placing gives more than {placed.bound:,.0f} (within {placed.gap:.2%} of the best).")
    return "".join(zh), " ".join(en)


def _open_words(fairness: Sequence[tuple[float, float]]) -> tuple[str, str] | None:
    """Return how far the first sum of worst shares that is not proven could rise; None where all are proven."""
    for level, (reached, bound) in enumerate(fairness, start=1):
        if bound - reached > CLOSE:
            most = min(bound, float(level))
            if level == 1:
                return (f"覆盖最差的社区为{reached:.1%},最多可能到{most:.1%}",
                        f"the worst-off community is at {reached:.1%} and could at most be at {most:.1%}")  # fmt: skip
            return (f"最差的{level}个社区平均{reached / level:.1%},最多可能到{most / level:.1%}",
                    f"the {level} worst-off communities are at {reached / level:.1%} on average and could be at "
                    f"{most / level:.1%} at most")  # fmt: skip
    return None
