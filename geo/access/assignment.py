"""Who would use which place, when places have only so much room.

Two rules. The least walk of all: what is best for the town as a whole, exact. The nearest with room: what happens when
places are filled from nearby, as schools admit by distance. In both nobody stays away while a place within reach has
room.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.access.catchment import amount_faults
from geo.access.reach import Pairs
from geo.access.transport import transport
from geo.errors import Fault, InputError
from geo.network.graph import By

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Rule = Literal["least_walk", "nearest_with_room"]
"""Most people placed, then the least walk of all; or places filled from nearby, the shortest walk first."""
Why = Literal["", "none_near", "full", "unknown"]
"""Why people are left: no place within reach, all within reach are full, or how many people there are is not known."""

RULES: Final = {
    "least_walk": ("总步行距离最短:先使有位可用的人最多,再使总步行最短",
                   "most people placed, then the least walk of all"),
    "nearest_with_room": ("就近入读:由近及远依次接收,满额即止,未满足者转往下一个最近且有余位的设施",
                          "the nearest with room: places take people from nearby first, the rest go on to the next"),
}  # fmt: skip
_WHY: Final = {
    "": ("", ""),
    "none_near": ("步行范围内没有设施", "no place within reach"),
    "full": ("步行范围内的设施均已满额", "every place within reach is full"),
    "unknown": ("人口未知,未参与分配", "the number of people is unknown, they are not placed"),
}
_LEAST = 1e-6
"""Less than this is no part of a person."""


@dataclass(frozen=True)
class Assignment:
    """Who goes where, and who is left.

    Attributes
    ----------
    trips : DataFrame
        A row for each home and place that people of it go to, by home, the shortest first: `origin_id`, `place_id`,
        `people`, `walk_m`, `walk_min`, `rank` (1: the home's nearest place, 2: its second …).
    homes : DataFrame
        Index the origins. `people` (NaN unknown), `placed`, `unplaced`, `nearest_id` (missing: none within reach),
        `place_id` (where most of them go; missing: nowhere), `rank` (of it; 0: nowhere), `walk_m` and `walk_min` (mean
        of those placed), `why` (see `Why`), `why_zh`, `why_en`.
    places : DataFrame
        Index the places. `capacity`, `people` (who come), `load` (people / capacity; NaN where capacity is 0 or inf),
        `room` (left), `people_nearest` (for whom it is the nearest), `spilled` (of these, placed elsewhere),
        `turned_away` (of these, placed nowhere), `taken_over` (who come though another is nearer), `walk_m_mean`,
        `walk_m_farthest`.
    people, placed, unplaced : float
        Of homes with known people.
    walk_m_total, walk_min_total : float
        Of all who are placed [person metres, person minutes].
    rule : Rule
    notes : tuple of (str, str)
        Rule, totals, and what is unknown, in Chinese and English.
    """

    trips: pd.DataFrame
    homes: pd.DataFrame
    places: pd.DataFrame
    people: float
    placed: float
    unplaced: float
    walk_m_total: float
    walk_min_total: float
    rule: Rule
    notes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Walks:
    """Walks that may be used, by home, the nearest place first; homes and places stand in the order of their ids."""

    origin: Ints
    place: Ints
    cost: Floats
    walk_m: Floats
    walk_min: Floats
    rank: Ints


def assign(
    pairs: Pairs,
    demand: pd.Series,
    capacity: pd.Series,
    *,
    rule: Rule = "least_walk",
    by: By = "metres",
    at_most: float = np.inf,
) -> Assignment:
    """Return who would use which place.

    Parameters
    ----------
    pairs
        Homes and places with the walks between them; nobody walks where there is no pair.
    demand
        People (or pupils, elders …) by origin; NaN is unknown: they are not placed, and reported.
    capacity
        People that a place has room for; inf is no limit.
    rule
        See `Rule`.
    by, at_most
        What a walk is measured by, and the longest one that counts [m, or min with `by="minutes"`].

    Raises
    ------
    InputError
        When a home has no demand row or a place no capacity row (and the other way round), a value is negative, a
        capacity is unknown, a demand is infinite, the rule is not one or the limit is not above 0.

    Notes
    -----
    Ids, not the order of rows, settle what is equal. Whole people and whole capacities give whole trips. People of one
    home may go to different places.

    `least_walk` is the transportation problem, solved to optimality (`geo.access.transport`): of all ways to place as
    many people as can be placed, one of the least total walk. Who is left is who lives far: the rule is not fair
    to them.

    `nearest_with_room`: of all walks between a home with people left and a place with room, the shortest is settled
    first, and so on (of equal ones, the lower home id, then the lower place id). So nobody is turned away from a place
    for the sake of somebody who lives farther from it.
    """
    _check(demand, capacity, pairs, rule=rule, by=by, at_most=at_most)
    origins, places = _by_id(pairs.origins), _by_id(pairs.places)
    people = demand.reindex(origins).to_numpy(float)
    room = capacity.reindex(places).to_numpy(float)
    walks = _walks(pairs, origins, places, by=by, at_most=at_most)
    settle = _least_walk if rule == "least_walk" else _nearest_with_room
    going = settle(walks, np.nan_to_num(people, nan=0.0), room)
    return _told(walks, going, people, room, origins=origins, places=places, pairs=pairs, rule=rule)


def _by_id(ids: pd.Index) -> pd.Index:
    return ids[np.argsort(ids.astype(str).to_numpy(), kind="stable")]


def _walks(pairs: Pairs, origins: pd.Index, places: pd.Index, *, by: By, at_most: float) -> _Walks:
    cost = pairs.walk_m if by == "metres" else pairs.walk_min
    origin = origins.get_indexer(pairs.origins)[pairs.origin]
    place = places.get_indexer(pairs.places)[pairs.place]
    order = np.lexsort((place, cost, origin))
    order = order[cost[order] <= at_most]
    origin = origin[order].astype(np.int64)
    first = np.searchsorted(origin, origin, side="left")
    return _Walks(origin, place[order].astype(np.int64), cost[order], pairs.walk_m[order], pairs.walk_min[order],
                  np.arange(len(order)) - first + 1)  # fmt: skip


def _nearest_with_room(walks: _Walks, people: Floats, room: Floats) -> Floats:
    left, free = people.tolist(), room.tolist()
    going = np.zeros(len(walks.cost))
    for walk in np.lexsort((walks.place, walks.origin, walks.cost)):
        home, place = walks.origin[walk], walks.place[walk]
        take = min(left[home], free[place])
        if take > 0:
            going[walk] = take
            left[home] -= take
            free[place] -= take
    return going


def _least_walk(walks: _Walks, people: Floats, room: Floats) -> Floats:
    going = np.zeros(len(walks.cost))
    usable = np.flatnonzero((people[walks.origin] > 0) & (room[walks.place] > 0))
    if not len(usable):
        return going
    homes, home = np.unique(walks.origin[usable], return_inverse=True)
    cost = walks.cost[usable]
    # To stay away is a place with room for all, dearer than any chain in which one at every place walks to another.
    away = (len(room) + 1) * (float(cost.max()) + 1)
    first = np.searchsorted(home, np.arange(len(homes) + 1))
    last = first[1:]
    going[usable] = np.delete(transport(
        first + np.arange(len(homes) + 1), np.insert(walks.place[usable], last, len(room)),
        np.insert(cost, last, away), people[homes], np.append(room, np.inf),
    ), last + np.arange(len(homes)))  # fmt: skip
    going[going < _LEAST] = 0.0
    return going


def _told(
    walks: _Walks, going: Floats, people: Floats, room: Floats, *, origins: pd.Index, places: pd.Index, pairs: Pairs,
    rule: Rule,
) -> Assignment:  # fmt: skip
    used = going > 0
    trips = pd.DataFrame({
        "origin_id": origins.take(walks.origin[used]), "place_id": places.take(walks.place[used]),
        "people": going[used], "walk_m": walks.walk_m[used], "walk_min": walks.walk_min[used],
        "rank": walks.rank[used],
    })  # fmt: skip
    homes = _homes(walks, going, people, origins, places)
    table = _places(walks, going, homes, room, places)
    known = ~np.isnan(people)
    total, placed = float(people[known].sum()), float(going.sum())
    unplaced = float(homes["unplaced"].sum())
    return Assignment(
        trips, homes.reindex(pairs.origins), table.reindex(pairs.places), total, placed, unplaced,
        float(going @ walks.walk_m), float(going @ walks.walk_min), rule,
        _notes(rule, total, placed, homes),
    )  # fmt: skip


def _homes(walks: _Walks, going: Floats, people: Floats, origins: pd.Index, places: pd.Index) -> pd.DataFrame:
    count = len(origins)
    placed = np.bincount(walks.origin, going, minlength=count)
    unplaced = np.where(people - placed < _LEAST, 0.0, people - placed)
    nearest, main, rank = np.full(count, -1), np.full(count, -1), np.zeros(count, dtype=np.int64)
    at_nearest = walks.rank == 1
    nearest[walks.origin[at_nearest]] = walks.place[at_nearest]
    used = np.flatnonzero(going > 0)
    # The last written stays: most people, and of equal numbers the nearer.
    used = used[np.lexsort((-walks.rank[used], going[used], walks.origin[used]))]
    main[walks.origin[used]], rank[walks.origin[used]] = walks.place[used], walks.rank[used]
    why = np.where(np.isnan(people), "unknown", np.where(unplaced == 0, "", np.where(nearest < 0, "none_near", "full")))
    names = np.array([*places, None], dtype=object)
    with np.errstate(invalid="ignore"):
        walk_m = np.bincount(walks.origin, going * walks.walk_m, minlength=count) / placed
        walk_min = np.bincount(walks.origin, going * walks.walk_min, minlength=count) / placed
    return pd.DataFrame({
        "people": people, "placed": np.where(np.isnan(people), np.nan, placed), "unplaced": unplaced,
        "nearest_id": names[nearest], "place_id": names[main], "rank": rank, "walk_m": walk_m, "walk_min": walk_min,
        "why": why, "why_zh": [_WHY[each][0] for each in why], "why_en": [_WHY[each][1] for each in why],
    }, index=origins)  # fmt: skip


def _places(walks: _Walks, going: Floats, homes: pd.DataFrame, room: Floats, places: pd.Index) -> pd.DataFrame:
    count = len(places)
    nearest = places.get_indexer(homes["nearest_id"])
    near, away = nearest >= 0, walks.rank > 1
    people, unplaced = homes["people"].to_numpy(float), homes["unplaced"].to_numpy(float)
    near &= ~np.isnan(people)
    for_it = np.bincount(nearest[near], people[near], minlength=count)
    turned_away = np.bincount(nearest[near], unplaced[near], minlength=count)
    load = np.bincount(walks.place, going, minlength=count)
    taken_over = np.bincount(walks.place[away], going[away], minlength=count)
    spilled = np.bincount(nearest[walks.origin[away]], going[away], minlength=count)
    farthest = np.full(count, np.nan)
    used = going > 0
    np.fmax.at(farthest, walks.place[used], walks.walk_m[used])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where((room > 0) & np.isfinite(room), load / room, np.nan)
        mean = np.bincount(walks.place, going * walks.walk_m, minlength=count) / load
    return pd.DataFrame({
        "capacity": room, "people": load, "load": share, "room": np.maximum(room - load, 0.0),
        "people_nearest": for_it, "spilled": spilled, "turned_away": turned_away, "taken_over": taken_over,
        "walk_m_mean": mean, "walk_m_farthest": farthest,
    }, index=places)  # fmt: skip


def _notes(rule: Rule, total: float, placed: float, homes: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    zh, en = RULES[rule]
    left = homes.groupby("why")["unplaced"].sum()
    none_near, full = float(left.get("none_near", 0)), float(left.get("full", 0))
    notes = [
        (f"规则:{zh}", f"Rule: {en}"),
        (f"{total:,.0f}人中{placed:,.0f}人有位;{none_near:,.0f}人步行范围内无设施,{full:,.0f}人因满额无位",
         f"Of {total:,.0f} people {placed:,.0f} have a place; {none_near:,.0f} have none within reach, {full:,.0f} "
         "find all full"),
    ]  # fmt: skip
    unknown = int((homes["why"] == "unknown").sum())
    if unknown:
        notes.append((f"{unknown}处住宅人口未知,未参与分配", f"{unknown} homes of unknown people are not placed"))
    return tuple(notes)


def _check(demand: pd.Series, capacity: pd.Series, pairs: Pairs, *, rule: Rule, by: By, at_most: float) -> None:
    faults = amount_faults("demand", demand, pairs.origins)
    faults += amount_faults("capacity", capacity, pairs.places, endless=True)
    unknown = capacity.index[capacity.isna()]
    if len(unknown):
        remedy = "give it, inf for no limit, or leave them out"
        faults.append(Fault(f"{len(unknown)} places of unknown capacity", remedy, ids=tuple(str(i) for i in unknown)))
    if rule not in RULES:
        faults.append(Fault(f"there is no rule {rule}", f"choose one of {', '.join(RULES)}"))
    if by not in {"metres", "minutes"}:
        faults.append(Fault(f"walks measured by {by}", "choose metres or minutes"))
    if not at_most > 0:
        faults.append(Fault(f"walks of at most {at_most:g}", "give a limit above 0"))
    if faults:
        raise InputError(faults)
