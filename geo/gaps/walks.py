"""Who walks to what: each home's nearest facility that counts for a requirement, and whether it is within reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.access.reach import nearest, within
from geo.errors import SHOWN_IDS
from geo.gaps.scene import LARGE, SMALL, UNSURE, Flags, Floats, Ints, Scene
from geo.network.joins import join
from geo.network.network import Joins
from geo.standards.facilities import Requirement

CIRCLES_MIN: Final = (5, 10, 15)
"""The circles of daily life [min]."""

By = Literal["metres", "minutes"]

MEASURES: Final[tuple[By, ...]] = ("metres", "minutes")

LOOK: Final[Mapping[By, float]] = {"metres": 30_000.0, "minutes": 600.0}
"""How far a community's own facilities are looked for: farther than anybody of it walks, so that means leave nobody out
[m, min]."""

PAIRS_AT_ONCE: Final = 4_000_000
"""Walks from homes to facilities that are held at one time."""

Reached = npt.NDArray[np.float64]
"""1 within reach, 0 not, NaN unknown."""


@dataclass(frozen=True)
class Catchments:
    """Who is within reach of which facility: pairs of positions among facilities and homes."""

    facility: Ints
    home: Ints


@dataclass(frozen=True)
class Walks:
    """Walks of every home for every requirement; arrays (homes, requirements).

    Attributes
    ----------
    walk_m, walk_min : arrays
        To the nearest facility that counts; NaN where none can be reached.
    facility : array
        Its position in the offer, -1 for none.
    reached : array
        Whether one is within the limit (where none is set: whether the community, or the town, has one): 1, 0, NaN.
    reached_large, reached_maybe : arrays
        The same for those that are large enough, and for those that are not known to be too small.
    beyond : array
        How far beyond the limit, as a share of it, at most 1; 0 within it, NaN unknown.
    catchments : mapping from requirement (position) to Catchments
        Of requirements that share their room among all within reach.
    circle_min : array (homes, categories)
        Minutes to the nearest facility of each category, inf where there is none, NaN unknown.
    categories : tuple of str
    joined : array over homes
        Whether it could be joined to the network.
    notes : tuple of (str, str)
    """

    walk_m: Floats
    walk_min: Floats
    facility: Ints
    reached: Reached
    reached_large: Reached
    reached_maybe: Reached
    beyond: Floats
    catchments: Mapping[int, Catchments]
    circle_min: Floats
    categories: tuple[str, ...]
    joined: Flags
    notes: tuple[tuple[str, str], ...]


@dataclass
class _Nearest:
    """The nearest facility by one measure for each home, requirement and least size; filled in place.

    Arrays (sizes, homes, requirements); position 0 holds any size (`SMALL` and up), 1 `UNSURE` and up, 2 `LARGE`.
    """

    walk_m: Floats
    walk_min: Floats
    facility: Ints

    @classmethod
    def none(cls, homes: int, requirements: int) -> "_Nearest":
        shape = (3, homes, requirements)
        return cls(np.full(shape, np.inf), np.full(shape, np.inf), np.full(shape, -1, dtype=np.int64))


def walk(scene: Scene, *, by: By, speed: str) -> Walks:
    """Return every home's walks to what the standard asks for."""
    homes, offer, needs = scene.homes, scene.offer, scene.standard.requirements
    joins = join(scene.network, homes.frame[[homes.frame.geometry.name]], entrances=False)
    joined = ~homes.frame.index.isin(joins.why_not.index)
    found: dict[By, _Nearest] = {}
    categories = tuple(sorted(set(offer.frame["category"])))
    circle_min = np.full((len(homes.frame), len(categories)), np.inf)
    for measure in MEASURES:
        near = _Nearest.none(len(homes.frame), len(needs))
        if len(offer.frame):
            circles = _by_kind(scene, joins, near, measure, speed)
            if measure == "minutes":
                circle_min = circles
            if measure == by or any(limit(each, measure) for each in needs if each.scope == "community"):
                _by_community(scene, near, measure, speed)
        found[measure] = near
    circle_min[~joined] = np.nan
    away = join(scene.network, offer.frame[[offer.frame.geometry.name]]).why_not.index if len(offer.frame) else None
    shown = found[by]
    reached = [_reached(scene, found, size, joined=joined) for size in (SMALL, UNSURE, LARGE)]
    return Walks(
        walk_m=_finite(shown.walk_m[0]), walk_min=_finite(shown.walk_min[0]), facility=shown.facility[0],
        reached=reached[0], reached_maybe=reached[1], reached_large=reached[2],
        beyond=_beyond(scene, found, reached[0]), catchments=_catchments(scene, joins, speed),
        circle_min=circle_min, categories=categories, joined=joined, notes=_notes(scene, joins.why_not.index, away),
    )  # fmt: skip


def limit(requirement: Requirement, by: By) -> float | None:
    """Return the reach that a requirement sets by this measure [m or min], None where it sets none."""
    return requirement.radius_m if by == "metres" else requirement.minutes


def has_limit(requirement: Requirement) -> bool:
    """Return whether a requirement sets any reach."""
    return requirement.radius_m is not None or requirement.minutes is not None


def shares_number(requirement: Requirement) -> bool:
    """Return whether residents share so many facilities, so that many people need several within reach."""
    return requirement.scope == "residents" and (requirement.per_people or requirement.people_max) is not None


def shares_room(requirement: Requirement) -> bool:
    """Return whether its places, areas or numbers are shared by all within reach, whichever community they live in."""
    asked = requirement.asks_places or requirement.asks_area
    return requirement.scope == "residents" and (asked or shares_number(requirement))


def _by_kind(scene: Scene, joins: Joins, near: _Nearest, by: By, speed: str) -> Floats:
    """Fill in the nearest facility wherever it stands; return minutes to each category.

    Facilities that are alike in category and in what is known of their sizes are one kind: one search for all of them
    gives every requirement's nearest, whatever its least size.
    """
    offer = scene.offer
    codes, names = pd.factorize(offer.frame["category"], sort=True)
    alike = np.concatenate([codes[:, None], np.where(offer.counts, offer.size, -1)], axis=1)
    kinds, kind = np.unique(alike, axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    labelled = gpd.GeoDataFrame(
        {"category": [f"{k:06d}" for k in kind]}, geometry=offer.frame.geometry.to_numpy(), index=offer.frame.index,
        crs=offer.frame.crs,
    )  # fmt: skip
    table = nearest(scene.network, joins, labelled, n=1, by=by, speed=speed)
    home = joins.index.get_indexer(table.index)
    column = table["category"].astype(int).to_numpy()
    shape = (len(joins.index), len(kinds))
    walk_m, walk_min, facility = np.full(shape, np.inf), np.full(shape, np.inf), np.full(shape, -1, dtype=np.int64)
    walk_m[home, column] = table["walk_m"]
    walk_min[home, column] = table["walk_min"]
    facility[home, column] = offer.frame.index.get_indexer(pd.Index(table["facility_id"]))
    cost = walk_m if by == "metres" else walk_min
    for r, each in enumerate(scene.standard.requirements):
        if each.scope == "community":
            continue
        for size in (SMALL, UNSURE, LARGE):
            chosen = np.flatnonzero(kinds[:, 1 + r] >= size)
            if len(chosen):
                best = chosen[_first_smallest(cost[:, chosen], facility[:, chosen])]
                rows = np.arange(len(best))
                near.walk_m[size, :, r], near.walk_min[size, :, r] = walk_m[rows, best], walk_min[rows, best]
                near.facility[size, :, r] = facility[rows, best]
    minutes = [walk_min[:, kinds[:, 0] == code].min(axis=1) for code in range(len(names))]
    return np.stack(minutes, axis=1)


def _first_smallest(cost: Floats, facility: Ints) -> Ints:
    """Return the column of the smallest cost in each row; of equal ones that of the facility with the lower id."""
    tied = np.where(cost == cost.min(axis=1, keepdims=True), facility, np.iinfo(np.int64).max)
    return np.asarray(tied.argmin(axis=1))


def _by_community(scene: Scene, near: _Nearest, by: By, speed: str) -> None:
    """Fill in the nearest of the facilities that a home's community has, or may use of its neighbours."""
    offer, homes = scene.offer, scene.homes
    own = [r for r, each in enumerate(scene.standard.requirements) if each.scope == "community"]
    useful = np.flatnonzero(offer.counts[:, own].any(axis=1) & (offer.community >= 0)) if own else np.empty(0, int)
    there = np.flatnonzero(homes.community >= 0)
    if not len(useful) or not len(there):
        return
    pools = {r: scene.pool(scene.standard.requirements[r]) for r in own}
    any_pool = np.asarray(np.stack(list(pools.values())).any(axis=0))
    there = there[np.argsort(homes.community[there], kind="stable")]
    parts = np.array_split(there, max(1, -(-len(there) * len(useful) // PAIRS_AT_ONCE)))
    for part in parts:
        allowed = np.flatnonzero(any_pool[np.unique(homes.community[part])].any(axis=0))
        some = useful[np.isin(offer.community[useful], allowed)]
        if not len(some):
            continue
        pairs = within(
            scene.network, homes.frame.geometry.iloc[part], offer.frame.geometry.iloc[some], LOOK[by], by=by,
            speed=speed,
        )  # fmt: skip
        home, facility = part[pairs.origin], some[pairs.place]
        of_home, of_facility = homes.community[home], offer.community[facility]
        for r in own:
            counted = offer.counts[facility, r] & pools[r][of_home, of_facility]
            for size in (SMALL, UNSURE, LARGE):
                rows = np.flatnonzero(counted & (offer.size[facility, r] >= size))
                first = rows[np.concatenate([[True], home[rows][1:] != home[rows][:-1]])] if len(rows) else rows
                near.walk_m[size, home[first], r] = pairs.walk_m[first]
                near.walk_min[size, home[first], r] = pairs.walk_min[first]
                near.facility[size, home[first], r] = facility[first]


def _reached(scene: Scene, found: Mapping[By, _Nearest], size: int, *, joined: Flags) -> Reached:
    """Return for each home and requirement whether one of at least this size is within reach."""
    homes, offer, needs = scene.homes, scene.offer, scene.standard.requirements
    result = np.full((len(homes.frame), len(needs)), np.nan)
    for r, each in enumerate(needs):
        if not offer.surveyed[r]:
            continue
        counted = offer.counts[:, r] & (offer.size[:, r] >= size)
        if has_limit(each):
            within_reach = np.zeros(len(homes.frame), dtype=bool)
            for by, near in found.items():
                most = limit(each, by)
                if most is not None:
                    cost = near.walk_m if by == "metres" else near.walk_min
                    within_reach |= cost[size, :, r] <= most
            result[:, r] = np.where(joined, within_reach, np.nan)
        elif each.scope == "town":
            result[:, r] = float(counted.any())
        else:
            has = np.bincount(offer.community[counted & (offer.community >= 0)], minlength=len(scene.communities)) > 0
            pooled = np.asarray((scene.pool(each) & has).any(axis=1))
            result[:, r] = np.where(homes.community >= 0, pooled[homes.community], np.nan)
    return result


def _beyond(scene: Scene, found: Mapping[By, _Nearest], reached: Reached) -> Floats:
    beyond = np.ones_like(reached)
    for r, each in enumerate(scene.standard.requirements):
        for by, near in found.items():
            most = limit(each, by)
            if most is not None:
                cost = (near.walk_m if by == "metres" else near.walk_min)[0, :, r]
                beyond[:, r] = np.minimum(beyond[:, r], np.clip(cost / most - 1, 0, 1))
    return np.where(np.isnan(reached), np.nan, np.where(reached == 1, 0.0, beyond))


def _catchments(scene: Scene, joins: Joins, speed: str) -> dict[int, Catchments]:
    """Return who is within reach of which facility, for requirements whose room is shared."""
    offer, needs = scene.offer, scene.standard.requirements
    shared = [r for r, each in enumerate(needs) if shares_room(each)]
    found = {}
    for by in MEASURES:
        mine = [r for r in shared if (needs[r].radius_m is not None) == (by == "metres")]
        useful = np.flatnonzero(offer.counts[:, mine].any(axis=1)) if mine else np.empty(0, dtype=np.int64)
        if not len(useful):
            found.update({r: Catchments(np.empty(0, np.int64), np.empty(0, np.int64)) for r in mine})
            continue
        farthest = max(limit(needs[r], by) or 0.0 for r in mine)
        pairs = within(scene.network, joins, offer.frame.geometry.iloc[useful], farthest, by=by, speed=speed)
        cost, facility = (pairs.walk_m if by == "metres" else pairs.walk_min), useful[pairs.place]
        for r in mine:
            inside = (cost <= (limit(needs[r], by) or 0.0)) & offer.counts[facility, r]
            found[r] = Catchments(facility[inside], pairs.origin[inside])
    return found


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _notes(scene: Scene, homes: pd.Index, facilities: pd.Index | None) -> tuple[tuple[str, str], ...]:
    """Return what could not be joined to the network."""
    said = []
    if len(homes):
        lost = float(np.nansum(scene.homes.people[scene.homes.frame.index.isin(homes)]))
        said.append((
            f"{len(homes)}处住所({lost:,.0f}人)附近没有可步行到达的道路,步行距离未知。",
            f"{len(homes):,} homes ({lost:,.0f} people) have no way near that can be walked; their walks are unknown.",
        ))  # fmt: skip
    if facilities is not None and len(facilities):
        named = ", ".join(map(str, facilities[:SHOWN_IDS])) + (" …" if len(facilities) > SHOWN_IDS else "")
        said.append((
            f"{len(facilities)}处设施附近没有可步行到达的道路,按无人可达计算:{named}。",
            f"{len(facilities):,} facilities have no way near that can be walked; nobody reaches them: {named}.",
        ))  # fmt: skip
    return tuple(said)
