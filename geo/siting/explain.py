"""What sites give, in numbers and words: who is newly covered, their walk before and after, what else would do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from geo.network.graph import By
from geo.siting.candidates import KIND_TITLES
from geo.siting.choice import Floats, Ints
from geo.siting.ground import WHO, Flags, Ground, Town, Walked
from geo.siting.result import AREA_COLUMNS, GAIN_COLUMNS, HOME_COLUMNS, TOTAL_COLUMNS

_COLUMNS_AT_ONCE = 128

SHOWN = 4
"""Communities and estates that a sentence names before it is shortened."""


@dataclass(frozen=True)
class Chosen:
    """Sites in the order of their marginal value, and the walks to them.

    Attributes
    ----------
    sites : array
        Positions of candidates, best first.
    m, min : arrays homes × sites
        Walks; infinite where there is no way.
    cover : array homes × sites
    states : tuple of Walked
        Before the first, after the first, after the second …: one more than sites.
    """

    sites: Ints
    m: Floats
    min: Floats
    cover: Flags
    states: tuple[Walked, ...]


def in_order(ground: Ground, sites: Ints, *, by_walk: bool) -> Chosen:
    """Return sites by marginal value: each gives the most after those before it (ties: less walking, then the id).

    Parameters
    ----------
    ground, sites
    by_walk
        Whether the value is the walking that is saved; else the people newly covered.
    """
    given = in_given_order(ground, sites)
    walk = given.m if ground.by == "metres" else given.min
    left, order, now = list(range(len(sites))), [], ground.before
    while left:
        worth = {k: _value(ground, now, walk[:, k], given.cover[:, k], by_walk=by_walk) for k in left}
        best = min(left, key=lambda k: (-worth[k][0], -worth[k][1], int(sites[k])))
        left.remove(best)
        order.append(best)
        now = _next_state(ground, now, int(sites[best]), given, best)
    return in_given_order(ground, sites[order])


def in_given_order(ground: Ground, sites: Ints) -> Chosen:
    """Return sites as they stand, with the walks to them."""
    m, minutes = ground.walks(sites)
    chosen = Chosen(sites, m, minutes, ground.covering(sites), ())
    states = [ground.before]
    for k, position in enumerate(sites.tolist()):
        states.append(_next_state(ground, states[-1], position, chosen, k))
    return replace(chosen, states=tuple(states))


def saved(people: Floats, before: Floats, after: Floats) -> float:
    """Return the walking that is saved; who could reach none before is taken as walking twice the farthest walk."""
    return float(saved_by_each(people, before, after[:, None])[0])


def saved_by_each(people: Floats, before: Floats, walks: Floats) -> Floats:
    """Return the walking that each of several sites would save alone, as `saved`; `walks` are homes × sites."""
    some = np.flatnonzero(people > 0)
    weight, now, largest = people[some], before[some], _largest(before)
    found = np.zeros(walks.shape[1])
    for first in range(0, walks.shape[1], _COLUMNS_AT_ONCE):
        part = walks[some, first : first + _COLUMNS_AT_ONCE]
        reached = np.isfinite(walks[:, first : first + _COLUMNS_AT_ONCE])
        farthest = np.max(walks[:, first : first + _COLUMNS_AT_ONCE], axis=0, where=reached, initial=0.0)
        # a walk that can be walked is never longer than the cap
        capped = np.minimum(now[:, None], 2 * np.maximum(largest, farthest))
        found[first : first + _COLUMNS_AT_ONCE] = weight @ np.maximum(capped - part, 0.0)
    return found


def gains(
    ground: Ground,
    chosen: Chosen,
    others: Ints,
    *,
    cost: Floats | None = None,
    assigned: sparse.csr_array | None = None,
) -> pd.DataFrame:
    """Return what each site gives.

    Parameters
    ----------
    ground, chosen
    others
        Positions of candidates that could have been chosen and were not.
    cost
        Homes × `others`: what it costs to reach them, where sites are chosen by walking; the next best is then the one
        that saves most of it, else the one that newly covers most people.
    assigned
        Homes × sites of `chosen`: shares of each home assigned to each, in capacitated models.

    Returns
    -------
    DataFrame
        Index the site ids in order; `GAIN_COLUMNS`.
    """
    town, people = ground.town, ground.people
    after = chosen.states[-1]
    rows = []
    for k, position in enumerate(chosen.sites.tolist()):
        newly = chosen.states[k + 1].covered & ~chosen.states[k].covered
        rest = np.delete(np.arange(len(chosen.sites)), k)
        without = ground.before.with_places(
            town.candidates.index[chosen.sites[rest]], chosen.m[:, rest], chosen.min[:, rest], chosen.cover[:, rest],
            ground.by, sites=chosen.sites[rest],
        )  # fmt: skip
        share = np.asarray(assigned[:, [k]].toarray()).ravel() if assigned is not None else after.site == position
        using = people * share
        # where room decides and not walking, whom another would cover does not say what it is worth
        next_id, next_people = (
            (None, np.nan) if assigned is not None and cost is None else _next_best(ground, without, others, cost)
        )
        row: dict[str, Any] = {
            "people_reach": float(people @ chosen.cover[:, k]),
            "people_new": float(people @ newly),
            **newly_by_age(town, newly),
            "people_only": float(people @ (chosen.cover[:, k] & ~without.covered)),
            "users": float(using.sum()),
            "mean_before_m": weighted_mean(ground.before.m, using), "mean_after_m": weighted_mean(after.m, using),
            "p95_before_m": weighted_quantile(ground.before.m, using, 0.95),
            "p95_after_m": weighted_quantile(after.m, using, 0.95),
            **where_newly(ground, newly), "next_id": next_id, "next_people": next_people,
        }  # fmt: skip
        zh, en = _sentence(ground, position, k + 1, row, by_walk=cost is not None, by_room=assigned is not None)
        rows.append({**row, "text_zh": zh, "text_en": en})
    index = pd.Index(town.candidates.index[chosen.sites].astype(str), name="site_id")
    return pd.DataFrame(rows, index=index, columns=list(GAIN_COLUMNS))


def totals(ground: Ground, walked: Walked) -> dict[str, float]:
    """Return what holds for the whole town, `TOTAL_COLUMNS`."""
    people, homes = ground.people, ground.town.homes
    reached = np.isfinite(walked.m)
    whole = float(people.sum())
    covered = min(float(people @ walked.covered), whole)
    row = {"people": whole, "people_covered": covered, "covered_share": covered / whole if whole else np.nan}
    for name, column in (("residents", "people"), ("elders", "elders"), ("children", "children")):
        known = homes[column].to_numpy()
        unknown = bool(np.isnan(known).all())
        row[name] = np.nan if unknown else float(np.nansum(known))
        row[f"{name}_covered"] = np.nan if unknown else float(np.nansum(known * walked.covered))
    row |= {
        "mean_m": weighted_mean(walked.m, people), "median_m": weighted_quantile(walked.m, people, 0.5),
        "p95_m": weighted_quantile(walked.m, people, 0.95), "farthest_m": weighted_quantile(walked.m, people, 1.0),
        "mean_min": weighted_mean(walked.min, people), "people_unreached": float(people @ ~reached),
    }  # fmt: skip
    return {name: row[name] for name in TOTAL_COLUMNS}


def areas(ground: Ground, before: Walked, after: Walked, column: str) -> pd.DataFrame:
    """Return communities or estates (`community_id`, `estate_id`) before and after, the worst share after first."""
    ids = ground.town.homes[column].to_numpy()
    inside = pd.notna(ids)
    people = ground.people[inside]
    table = pd.DataFrame({column: ids[inside].astype(str), "people": people})
    table["covered_before"] = people * before.covered[inside]
    table["covered_after"] = people * after.covered[inside]
    for when, walked in (("before", before), ("after", after)):
        reached = np.isfinite(walked.m[inside])
        table[f"walk_{when}"] = np.where(reached, people * np.where(reached, walked.m[inside], 0.0), 0.0)
        table[f"reached_{when}"] = people * reached
    summed = table.groupby(column).sum()
    whole = summed["people"].where(summed["people"] > 0)
    for when in ("before", "after"):
        summed[f"share_{when}"] = summed[f"covered_{when}"] / whole
        some = summed[f"reached_{when}"].where(summed[f"reached_{when}"] > 0)
        summed[f"mean_{when}_m"] = summed[f"walk_{when}"] / some
    summed = summed.join(ground.town.names[column])
    worst_first = summed.assign(order=summed.index).sort_values(["share_after", "order"], na_position="last")
    return worst_first[list(AREA_COLUMNS)]


def homes(ground: Ground, before: Walked, after: Walked) -> gpd.GeoDataFrame:
    """Return every home before and after: `HOME_COLUMNS` and its point."""
    town = ground.town.homes
    found = gpd.GeoDataFrame(
        {
            "people": ground.people, "residents": town["people"], "elders": town["elders"],
            "children": town["children"], "community_id": town["community_id"], "estate_id": town["estate_id"],
            "walk_before_m": _known(before.m), "walk_after_m": _known(after.m),
            "walk_before_min": _known(before.min), "walk_after_min": _known(after.min),
            "nearest_before": before.nearest, "nearest_after": after.nearest,
            "covered_before": before.covered, "covered_after": after.covered,
        },
        index=town.index, geometry=town.geometry, crs=town.crs,
    )  # fmt: skip
    return found[[*HOME_COLUMNS, "geometry"]].rename_axis("demand_id")


def newly_by_age(town: Town, newly: Flags) -> dict[str, float]:
    """Return residents, elders and children among homes, as far as known; NaN where of people there none is known."""
    found = {}
    lived = newly & (town.homes["people"].to_numpy() > 0)
    for name, column in (("residents_new", "people"), ("elders_new", "elders"), ("children_new", "children")):
        known = town.homes[column].to_numpy()
        nothing = np.isnan(known).all() or (lived.any() and np.isnan(known[lived]).all())
        found[name] = np.nan if nothing else float(np.nansum(known[newly]))
    return found


def where_newly(ground: Ground, newly: Flags) -> dict[str, str]:
    """Return the communities and estates that the newly covered live in, in words."""
    found = {}
    for key, column in (("communities", "community_id"), ("estates", "estate_id")):
        ids = ground.town.homes[column]
        some = pd.Series(ground.people * newly, ids.index)[ids.notna().to_numpy()]
        summed = some.groupby(ids[ids.notna()]).sum()
        summed = summed[summed >= 0.5]
        listed = sorted(summed.items(), key=lambda each: (-each[1], str(each[0])))
        names = ground.town.names[column]
        for language, name in (("zh", "name"), ("en", "name_en")):
            words = [f"{names.loc[str(i), name]}{_bracket(n, language)}" for i, n in listed[:SHOWN]]
            more = len(listed) - SHOWN
            text = "、".join(words) if language == "zh" else ", ".join(words)
            if more > 0:
                text += f"等{len(listed)}个" if language == "zh" else f" and {more} more"
            found[f"{key}_{language}"] = text
    return found


def weighted_mean(values: Floats, weight: Floats) -> float:
    """Return the mean over what is finite and weighs something, NaN where nothing does."""
    some = np.isfinite(values) & (weight > 0)
    return float(np.average(values[some], weights=weight[some])) if some.any() else np.nan


def weighted_quantile(values: Floats, weight: Floats, share: float) -> float:
    """Return the smallest value that this share of the weight does not exceed; NaN where nothing is finite."""
    some = np.isfinite(values) & (weight > 0)
    if not some.any():
        return np.nan
    order = np.argsort(values[some], kind="stable")
    running = np.cumsum(weight[some][order])
    at = int(np.searchsorted(running, share * running[-1] * (1 - 1e-12)))
    return float(values[some][order][min(at, len(order) - 1)])


def title_of(sites: gpd.GeoDataFrame, position: int) -> tuple[str, str]:
    """Return what a candidate is called: its name (else its id) and its kind."""
    row = sites.iloc[position]
    kind_zh, kind_en = KIND_TITLES.get(row["kind"], (row["kind"], row["kind"]))
    zh = row["name"] or str(sites.index[position])
    en = row["name_en"] or zh
    return f"{zh}({kind_zh})", f"{en} ({kind_en})"


def reach_of(ground: Ground) -> tuple[str, str]:
    """Return the reach in words: 步行300米内, within 300 m on foot."""
    scope = ground.requirement.scope
    if scope == "community":
        return "本社区内", "in its community"
    if scope == "town":
        return "全镇", "in the town"
    zh = [f"{ground.limit_m:,.0f}米"] if not np.isnan(ground.limit_m) else []
    en = [f"{ground.limit_m:,.0f} m"] if not np.isnan(ground.limit_m) else []
    if not np.isnan(ground.limit_min):
        zh.append(f"{ground.limit_min:g}分钟")
        en.append(f"{ground.limit_min:g} minutes")
    return f"步行{'或'.join(zh)}内", f"within {' or '.join(en)} on foot"


def people_words(count: float, ground: Ground) -> tuple[str, str]:
    """Return so many of those the requirement is for: 1,240人; 1,240 people."""
    zh, en = WHO[ground.who]
    return f"{count:,.0f}{zh if zh == '人' else '名' + zh}", f"{count:,.0f} {en}"


def ages_words(row: Mapping[str, Any], ground: Ground) -> tuple[str, str]:
    """Return who else is among the newly covered, in brackets; empty where that is not known.

    Of a requirement for some ages, these are the count itself; beside it stand the residents of their homes.
    """
    ages = (("elders_new", "老年人", "elders"), ("children_new", "儿童", "children"))
    known = [(row[key], zh, en) for key, zh, en in ages if not np.isnan(row[key])]
    if ground.who != "all":
        if row["people_new"] < 0.5:
            return "", ""
        return f"(这些住处居民{row['residents_new']:,.0f}人)", f" (in homes of {row['residents_new']:,.0f} residents)"
    if not known:
        return "", ""
    zh = "、".join(f"{word}{count:,.0f}" for count, word, _ in known)
    return f"(其中{zh})", f" ({' and '.join(f'{count:,.0f} {word}' for count, _, word in known)} among them)"


def walk_words(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the walk before and after in words; says where nobody could walk to any before."""
    after_zh = f"平均{row['mean_after_m']:,.0f}米(95%的人不超过{row['p95_after_m']:,.0f}米)"
    after_en = f"{row['mean_after_m']:,.0f} m on average (95% within {row['p95_after_m']:,.0f} m)"
    if np.isnan(row["mean_before_m"]):
        return f"原无可步行到达者,现为{after_zh}", f"none could be walked to before, now {after_en}"
    before_zh = f"平均{row['mean_before_m']:,.0f}米(95%的人不超过{row['p95_before_m']:,.0f}米)"
    before_en = f"{row['mean_before_m']:,.0f} m on average (95% within {row['p95_before_m']:,.0f} m)"
    return f"由{before_zh}变为{after_zh}", f"from {before_en} to {after_en}"


def unit_words(by: By) -> tuple[str, str]:
    """Return what a walk is measured in: 米, m; 分钟, min."""
    return ("米", "m") if by == "metres" else ("分钟", "min")


def amount(walk: float, by: By) -> str:
    """Return a walk as a number: whole metres, minutes to a tenth; what is less than the least of these as <1, <0.1."""
    least, digits = (1.0, 0) if by == "metres" else (0.1, 1)
    return f"<{least:g}" if 0 < walk < least / 2 else f"{walk:,.{digits}f}"


def costs_words(yuan: float) -> tuple[str, str]:
    """Return money in words: 12.3万元; 123,000 yuan; 未知; unknown."""
    if np.isnan(yuan):
        return "未知", "unknown"
    return (f"{yuan / 10_000:,.1f}万元" if yuan >= 10_000 else f"{yuan:,.0f}元"), f"{yuan:,.0f} yuan"


def _sentence(
    ground: Ground, position: int, rank: int, row: Mapping[str, Any], *, by_walk: bool, by_room: bool
) -> tuple[str, str]:  # fmt: skip
    zh, en = title_of(ground.town.candidates, position)
    new_zh, new_en = people_words(row["people_new"], ground)
    ages_zh, ages_en = ages_words(row, ground)
    reach_zh, reach_en = reach_of(ground)
    said_zh = [f"第{rank}处 {zh}:{reach_zh}新增覆盖{new_zh}{ages_zh}"]
    said_en = [f"No. {rank} {en}: newly covers {new_en}{ages_en} {reach_en}"]
    if row["communities_zh"]:
        said_zh.append(f"主要在{row['communities_zh']}" + (f",小区:{row['estates_zh']}" if row["estates_zh"] else ""))
        said_en.append(f"in {row['communities_en']}" + (f"; estates: {row['estates_en']}" if row["estates_en"] else ""))
    if row["users"] > 0:
        users_zh, users_en = people_words(row["users"], ground)
        walk_zh, walk_en = walk_words(row)
        if by_room:
            said_zh.append(f"按容量安排{users_zh}使用,他们到最近设施的步行{walk_zh}")
            said_en.append(f"{users_en} have a place there, who walk to their nearest: {walk_en}")
        else:
            said_zh.append(f"{users_zh}就近使用,步行{walk_zh}")
            said_en.append(f"{users_en} have it as their nearest: {walk_en}")
    only_zh, only_en = people_words(row["people_only"], ground)
    said_zh.append(f"没有它,{only_zh}失去覆盖")
    said_en.append(f"without it {only_en} would not be covered")
    if row["next_id"] is not None:
        at = int(ground.town.candidates.index.get_loc(row["next_id"]))
        next_zh, next_en = title_of(ground.town.candidates, at)
        more_zh, more_en = people_words(row["next_people"], ground)
        said_zh.append(f"换成{'步行上' if by_walk else ''}次优的{next_zh}可新增覆盖{more_zh}")
        said_en.append(f"the next best in its place{' by walking' if by_walk else ''}, {next_en}, would newly cover "
                       f"{more_en}")  # fmt: skip
    note = _area_note(ground, position)
    return ";".join(said_zh) + "。" + note[0], "; ".join(said_en) + "." + note[1]


def _area_note(ground: Ground, position: int) -> tuple[str, str]:
    source = ground.town.candidates["area_source"].iloc[position] if "area_source" in ground.town.candidates else ""
    if ground.town.candidates["kind"].iloc[position] == "search_point":
        return ("这是选址参考点,不是现成房地,需在附近另找场地。",
                " This is a point to search around, not premises: a site has to be found near it.")  # fmt: skip
    if source == "unknown":
        return "面积未知,需核实。", " Its area is unknown and has to be checked."
    return "", ""


def _value(ground: Ground, now: Walked, walk: Floats, cover: Flags, *, by_walk: bool) -> tuple[float, float]:
    new = round(float(ground.people @ (cover & ~now.covered)), 6)
    less = round(saved(ground.people, now.cost(ground.by), walk), 3)
    return (less, new) if by_walk else (new, less)


def _next_state(ground: Ground, now: Walked, position: int, chosen: Chosen, k: int) -> Walked:
    at = np.array([position], dtype=np.int64)
    return now.with_places(ground.town.candidates.index[at], chosen.m[:, [k]], chosen.min[:, [k]],
                           chosen.cover[:, [k]], ground.by, sites=at)  # fmt: skip


def _next_best(ground: Ground, without: Walked, others: Ints, cost: Floats | None) -> tuple[str | None, float]:
    """Return the best of the others in place of one site, and whom it would newly cover."""
    if not len(others):
        return None, np.nan
    open_people = ground.people * ~without.covered
    new = np.asarray(ground.cover[:, others].T @ open_people).round(6)
    if cost is None:
        best = int(np.argmax(new))
        if new[best] <= 0:
            return None, np.nan
    else:
        now = without.cost(ground.by)
        best = int(np.argmax(saved_by_each(ground.people, now, cost).round(3)))
    return str(ground.town.candidates.index[others[best]]), float(new[best])


def _largest(values: Floats) -> float:
    some = values[np.isfinite(values)]
    return float(some.max()) if len(some) else 0.0


def _known(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _bracket(count: float, language: str) -> str:
    return f"({count:,.0f})" if language == "zh" else f" ({count:,.0f})"
