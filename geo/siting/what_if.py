"""What if here: sites set by hand, against each other, against today and against the best choice."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point

from geo.errors import Fault, InputError
from geo.gaps.demand import demand as homes_of
from geo.network import Network
from geo.network.build import network_of
from geo.siting import explain, reasons
from geo.siting.candidates import candidate_sites, lying_in
from geo.siting.choice import Ints
from geo.siting.ground import Ground, Walked, ground_of, town_of
from geo.siting.result import OPTION_COLUMNS, WhatIf
from geo.siting.site import Question, requirement_of, site_on
from geo.standards.facilities import Requirement
from geo.study import Study

TODAY = "today"
BEST = "best"


def what_if(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame | None,
    facilities: gpd.GeoDataFrame | None,
    network: Network,
    *,
    requirement: Requirement,
    options: Mapping[str, Sequence[str | Point]],
    communities: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    best: bool = True,
    count_small: bool = True,
    speed: str = "adult",
    seconds: float = 60.0,
) -> WhatIf:
    """Return what each option gives: any number of candidates (by id) and points on the map, in the tables' CRS.

    Parameters
    ----------
    demand, candidates, facilities, network, requirement, communities, estates, count_small, speed
        As `geo.siting.site.site`; candidates may be None where all options are points.
    options
        Sites by the option's name: ids of candidates, or points in the network's CRS [m]. A point gets the id
        `<option>:<number>`. Whether a candidate fits (area, category) is not asked: a hand is free.
    best
        Whether to find the best choice of as many candidates that fit (most people newly covered) to compare with.
    seconds
        For each best choice [s].

    Raises
    ------
    InputError
        As `site`; no options, one that is empty or named `today` or `best …`, candidates that are not there.
    """
    given = candidates if candidates is not None else _none(network)
    _check(given, options)
    points = _points(options, network, communities)
    everything = pd.concat([given, points]) if len(given) else points
    both = gpd.GeoDataFrame(everything, geometry="geometry", crs=network.crs)
    town = town_of(demand, both, facilities, network, communities=communities, estates=estates, speed=speed)
    ground = ground_of(town, requirement, count_small=count_small)
    index = town.candidates.index
    ids = {name: [each if isinstance(each, str) else f"{name}:{k}" for k, each in enumerate(sites, start=1)]
           for name, sites in options.items()}  # fmt: skip
    at = {
        name: np.sort(index.get_indexer_for(list(dict.fromkeys(each)))).astype(np.int64) for name, each in ids.items()
    }
    chosen = {TODAY: np.zeros(0, dtype=np.int64), **at}
    notes = list(ground.notes)
    if best and len(given):
        by_hand = tuple(points.index.astype(str))
        for count in sorted({len(each) for each in at.values()}):
            found = site_on(ground, Question(count=count, leave_out=by_hand, seconds=seconds))
            chosen[f"{BEST} {count}"] = found.choice.sites
            if not found.choice.proven:
                notes.append((f"{count}处的最佳选择与最优至多相差{found.choice.gap:.2%}。",
                              f"The best choice of {count} is within {found.choice.gap:.2%} of the best."))  # fmt: skip
    walked = {name: explain.in_order(ground, sites, by_walk=False).states[-1] for name, sites in chosen.items()}
    notes += [each for each in reasons.notes_of(ground, np.concatenate(list(at.values()))) if each not in notes]
    return WhatIf(
        requirement=requirement, limit_m=ground.limit_m, limit_min=ground.limit_min, speed=speed,
        options=_options(ground, chosen, walked, at), points=_sites(ground, at), homes=_homes(ground, walked),
        notes=tuple(notes),
    )  # fmt: skip


def what_if_of(
    study: Study,
    *,
    requirement: Requirement | str,
    options: Mapping[str, Sequence[str | Point]],
    standard: str | Path = "circle-15min-2021",
    kinds: Collection[str] | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    demand: gpd.GeoDataFrame | None = None,
    network: Network | None = None,
    best: bool = True,
    count_small: bool = True,
    speed: str = "adult",
    seconds: float = 60.0,
) -> WhatIf:
    """Return `what_if` of a study: its homes, candidates, facilities and walking network are made where not given."""
    return what_if(
        homes_of(study) if demand is None else demand,
        candidate_sites(study, kinds=kinds) if candidates is None else candidates,
        study.get("facilities"),
        network_of(study) if network is None else network,
        requirement=requirement_of(requirement, standard), options=options, communities=study.get("communities"),
        estates=study.get("estates"), best=best, count_small=count_small, speed=speed, seconds=seconds,
    )  # fmt: skip


def _none(network: Network) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"kind": []}, geometry=[], crs=network.crs)


def _check(candidates: gpd.GeoDataFrame, options: Mapping[str, Sequence[str | Point]]) -> None:
    faults = []
    known = set(candidates.index.astype(str))
    if not options:
        faults.append(Fault("there is nothing to compare", "give at least one option"))
    for name, sites in options.items():
        if name == TODAY or name.startswith(f"{BEST} "):
            faults.append(Fault(f"the option is named {name!r}", f"{TODAY} and {BEST} N are taken: name it otherwise"))
        if not len(sites):
            faults.append(Fault(f"the option {name!r} has no sites", "give candidates or points"))
        if odd := [each for each in sites if not isinstance(each, str | Point)]:
            faults.append(Fault(f"the option {name!r} names {odd[0]!r}, which is neither an id nor a point",
                                "give ids of candidates as text, and points as shapely Points"))  # fmt: skip
        if strange := sorted({each for each in sites if isinstance(each, str)} - known):
            what = f"the option {name!r} names candidates that are not there"
            faults.append(Fault(what, "use their ids, or points", table="candidates", ids=tuple(strange)))
    if faults:
        raise InputError(faults)


def _points(
    options: Mapping[str, Sequence[str | Point]], network: Network, communities: gpd.GeoDataFrame | None
) -> gpd.GeoDataFrame:
    """Return the points on the map as candidates."""
    rows = [(name, k, each) for name, sites in options.items() for k, each in enumerate(sites, start=1)
            if isinstance(each, Point)]  # fmt: skip
    found = gpd.GeoDataFrame(
        {
            "kind": "by_hand", "name": [name if len(options[name]) == 1 else f"{name}{k}" for name, k, _ in rows],
            "name_en": [name if len(options[name]) == 1 else f"{name} {k}" for name, k, _ in rows],
            "cost": 0.0, "area_source": "to_find",
        },
        index=pd.Index([f"{name}:{k}" for name, k, _ in rows], name="site_id", dtype="object"),
        geometry=[each for _, _, each in rows], crs=network.crs,
    )  # fmt: skip
    found["community_id"] = lying_in(found, communities)
    return found


def _options(
    ground: Ground, chosen: Mapping[str, Ints], walked: Mapping[str, Walked], at: Mapping[str, Ints]
) -> pd.DataFrame:
    sites = ground.town.candidates
    rows: dict[str, dict[str, Any]] = {}
    for name, where in chosen.items():
        now = walked[name]
        newly = now.covered & ~ground.before.covered
        total = explain.totals(ground, now)
        shares = explain.areas(ground, ground.before, now, "community_id")["share_after"].dropna()
        hand = sites["kind"].iloc[where].eq("by_hand").any()
        rows[name] = {
            "sites": len(where), "site_ids": ";".join(sites.index[where]), "people_new": float(ground.people @ newly),
            **explain.newly_by_age(ground.town, newly),
            **{key: total[key] for key in ("people_covered", "covered_share", "mean_m", "p95_m", "farthest_m")},
            "worst_community_id": shares.index[0] if len(shares) else None,
            "worst_community_share": float(shares.iloc[0]) if len(shares) else np.nan,
            "cost": np.nan if hand else float(sites["cost"].iloc[where].sum(skipna=False)),
            **explain.where_newly(ground, newly),
        }  # fmt: skip
    for name, row in rows.items():
        size = len(at[name]) if name in at else row["sites"]
        top = rows.get(name if name.startswith(f"{BEST} ") else f"{BEST} {size}")
        row["share_of_best"] = row["people_new"] / top["people_new"] if top and top["people_new"] > 0 else np.nan
    ranked = sorted(rows, key=lambda name: (-round(rows[name]["people_new"], 6), _walk(rows[name]["mean_m"]),
                                            not name.startswith(BEST), name))  # fmt: skip
    for rank, name in enumerate(ranked, start=1):
        rows[name]["rank"] = rank
        rows[name]["text_zh"], rows[name]["text_en"] = _sentence(ground, name, rows[name])
    index = pd.Index(ranked, name="option", dtype="object")
    return pd.DataFrame([rows[name] for name in ranked], index=index, columns=list(OPTION_COLUMNS))


def _walk(mean_m: float) -> float:
    return np.inf if np.isnan(mean_m) else round(mean_m, 3)


def _sentence(ground: Ground, name: str, row: Mapping[str, Any]) -> tuple[str, str]:
    reach_zh, reach_en = explain.reach_of(ground)
    mean = "–" if np.isnan(row["mean_m"]) else f"{row['mean_m']:,.0f}"
    if name == TODAY:
        return (f"现状:{reach_zh}覆盖{row['covered_share']:.1%},平均步行{mean}米。",
                f"Today: {row['covered_share']:.1%} covered {reach_en}, mean walk {mean} m.")  # fmt: skip
    new_zh, new_en = explain.people_words(row["people_new"], ground)
    ages_zh, ages_en = explain.ages_words(row, ground)
    title_zh, title_en = _titled(name)
    share = f"{row['covered_share']:.1%}"
    said_zh = f"{title_zh}({row['sites']}处):新增覆盖{new_zh}{ages_zh},覆盖率{share},平均步行{mean}米"
    sites_en = f"{row['sites']} site" + ("s" if row["sites"] != 1 else "")
    said_en = f"{title_en} ({sites_en}): {new_en}{ages_en} newly covered, {share} in all, mean walk {mean} m"
    if row["communities_zh"]:
        said_zh += f";主要在{row['communities_zh']}"
        said_en += f"; in {row['communities_en']}"
    if not name.startswith(f"{BEST} ") and not np.isnan(row["share_of_best"]):
        said_zh += f";为同样数目最佳选择的{row['share_of_best']:.0%}"
        said_en += f"; {row['share_of_best']:.0%} of the best choice of as many"
    return said_zh + "。", said_en + "."


def _titled(name: str) -> tuple[str, str]:
    if name.startswith(f"{BEST} "):
        return "最佳选择", "The best choice"
    return f"方案“{name}”", f"Option “{name}”"


def _sites(ground: Ground, at: Mapping[str, Ints]) -> gpd.GeoDataFrame:
    """Return the sites of every option, and why one of them would do nothing."""
    sites = ground.town.candidates
    joined = np.zeros(len(sites), dtype=np.bool_)
    joined[ground.town.candidate_joins.place] = True
    reach = np.asarray(ground.cover.T @ ground.people)
    alone = np.asarray(ground.cover.T @ (ground.people * ~ground.before.covered))
    rows, keys = [], []
    for name, where in at.items():
        for k in where.tolist():
            why = "unreachable" if not joined[k] else "nobody_new" if alone[k] <= 0 else ""
            people = (float(reach[k]), float(alone[k]), 0.0)
            zh, en = reasons.reason_words(ground, k, why, people) if why else ("", "")
            row = sites.iloc[k]
            rows.append({
                "kind": row["kind"], "name": row["name"], "name_en": row["name_en"], "people_reach": people[0],
                "people_alone": people[1], "reason": why, "reason_zh": zh, "reason_en": en, "geometry": row["geometry"],
            })  # fmt: skip
            keys.append((name, str(sites.index[k])))
    index = pd.MultiIndex.from_tuples(keys, names=["option", "site_id"])
    return gpd.GeoDataFrame(rows, index=index, geometry="geometry", crs=sites.crs)


def _homes(ground: Ground, walked: Mapping[str, Walked]) -> gpd.GeoDataFrame:
    homes = ground.town.homes
    columns: dict[str, Any] = {"people": ground.people, "community_id": homes["community_id"],
                               "estate_id": homes["estate_id"]}  # fmt: skip
    for name, state in walked.items():
        columns[f"walk_m {name}"] = np.where(np.isfinite(state.m), state.m, np.nan)
        columns[f"covered {name}"] = state.covered
    found = gpd.GeoDataFrame(columns, index=homes.index, geometry=homes.geometry, crs=homes.crs)
    return found.rename_axis("demand_id")
