"""Who lives where: what really stands, households and people per building, and what the register leaves empty."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon, STRtree

from town import plan
from town.buildings import Building
from town.layout import Nature
from town.quarters import STYLES, Estate, ponds
from town.streets import Way

CLEARANCE_M = {
    "motorway": 8.0,
    "motorway_link": 5.0,
    "primary": 6.0,
    "secondary": 6.0,
    "tertiary": 4.5,
    "unclassified": 3.5,
    "residential": 2.6,
    "living_street": 1.6,
    "service": 2.0,
    "track": 2.0,
    "footway": 1.2,
    "pedestrian": 2.0,
}
"""Half the pavement: no building stands nearer to a road's line."""

HOMES = ("residential", "mixed")


@dataclass(frozen=True)
class Home:
    """A building of the finished town, with its true counts and the fields the register does not know."""

    building_id: str
    building: Building
    community_id: str
    households: int
    people: int
    unknown: frozenset[str] = field(default_factory=frozenset)


YOUNG_TOWN, OLD_TOWN = ("SQ03", "CU02"), ("SQ01", "SQ02", "SQ04", "SQ07")
NO_AGES = ("CU04", "CU05")
"""Villages whose register has totals only."""


def ages(community_id: str, people: int, rng: np.random.Generator) -> tuple[int | None, int | None]:
    """Return a community's people up to 14 and from 60 on, where they were counted."""
    elders = 0.12 if community_id in YOUNG_TOWN else 0.29 if community_id in OLD_TOWN else 0.21
    children = 0.21 if community_id in YOUNG_TOWN else 0.11 if community_id in OLD_TOWN else 0.15
    young, old = (round(people * (share + float(rng.normal(0, 0.012)))) for share in (children, elders))
    return (None, None) if community_id in NO_AGES else (young, old)


def standing(buildings: Iterable[Building], ways: list[Way], nature: Nature) -> list[Building]:
    """Return the buildings that stand free: off roads, water and rails, inside the study, clear of each other."""
    roads = shapely.union_all([w.shape.buffer(CLEARANCE_M[w.road_class], quad_segs=3) for w in ways if not w.tunnel])
    forbidden = shapely.union_all(
        [roads, nature.river_area.buffer(3), nature.railway.buffer(6)]
        + [s.shape.buffer(4) for s in nature.streams]
        + [shape.buffer(3) for *_, shape in ponds()]
    )
    candidates = [b for b in buildings if b.shape.is_valid and b.shape.area > 24]
    shapes = np.array([b.shape for b in candidates])
    inner = nature.outline.buffer(-3)
    shapely.prepare(forbidden)
    shapely.prepare(inner)
    free = ~shapely.intersects(forbidden, shapes) & shapely.contains(inner, shapes)
    kept = [b for b, ok in zip(candidates, free, strict=True) if ok]
    tree = STRtree([b.shape for b in kept])
    dropped: set[int] = set()
    left, right = tree.query([b.shape.buffer(0.4) for b in kept], predicate="intersects")
    for i, j in sorted((int(i), int(j)) for i, j in zip(left, right, strict=True) if i < j):
        if i not in dropped and j not in dropped:
            dropped.add(j)
    return [b for i, b in enumerate(kept) if i not in dropped]


def settle(
    buildings: list[Building], units: dict[str, Polygon], rng: np.random.Generator
) -> tuple[list[Home], dict[str, tuple[int, int]]]:
    """Return the buildings with households and people that add up exactly to each unit's totals."""
    ids = list(units)
    tree = STRtree([units[i] for i in ids])
    inside = [ids[int(tree.nearest(b.shape.representative_point()))] for b in buildings]
    order = sorted(
        range(len(buildings)),
        key=lambda i: (
            inside[i],
            -round(buildings[i].shape.centroid.y / 150),
            round(buildings[i].shape.centroid.x, 1),
            round(buildings[i].shape.centroid.y, 1),
        ),
    )
    homes: list[Home] = []
    totals: dict[str, tuple[int, int]] = {}
    for unit in plan.UNITS:
        rows = [buildings[i] for i in order if inside[i] == unit.community_id]
        rows = _fit_floors(rows, unit.households)
        weights = np.array([b.dwellings * rng.uniform(0.86, 1.0) if b.use in HOMES else 0.0 for b in rows])
        households = apportion(unit.households, weights)
        people_total = round(unit.households * unit.people_each)
        people = apportion(people_total, households * rng.uniform(0.86, 1.14, len(rows)))
        people = np.where(households == 0, 0, people)
        totals[unit.community_id] = int(households.sum()), int(people.sum())
        homes += [
            Home("", b, unit.community_id, int(h), int(p)) for b, h, p in zip(rows, households, people, strict=True)
        ]
    return [replace(home, building_id=f"JZ{i + 1:05d}") for i, home in enumerate(homes)], totals


def apportion(total: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole numbers in the proportion of `weights` that add up to `total`."""
    exact = weights / weights.sum() * total
    whole = np.floor(exact).astype(np.int64)
    rest = np.argsort(-(exact - whole), kind="stable")[: total - int(whole.sum())]
    whole[rest] += 1
    return np.asarray(whole, dtype=np.int64)


def _fit_floors(rows: list[Building], households: int) -> list[Building]:
    """Return the buildings with estates as high as the unit's households need, within each style's range."""
    styled = [b for b in rows if b.dwellings and b.estate_id]
    flats = sum(b.dwellings for b in styled)
    if not flats:
        return rows
    others = sum(b.dwellings for b in rows if b.use in HOMES and not b.estate_id)
    factor = max(0.3, (households / 0.93 - others) / flats)
    out = []
    for b in rows:
        style = STYLES.get("work_unit" if b.style == "dormitory" else b.style)
        if style is None or not b.dwellings or not b.estate_id:
            out.append(b)
            continue
        floors = int(np.clip(round(b.floors * factor), *style.range))
        out.append(replace(b, floors=floors, dwellings=max(1, round(b.shape.area * floors / style.flat_m2))))
    return out


UNCOUNTED_VILLAGES = ("CU04", "CU05")
"""Villages whose register has a total only: no building there has a count."""


def forget(homes: list[Home], estates: list[Estate], rng: np.random.Generator) -> tuple[list[Home], set[str]]:
    """Return the homes with the fields a real register lacks, and the estates without a total of their own.

    Missing values come in clusters: whole villages, whole estates, the old core's years, plus single slips.
    """
    n = len(homes)
    place: list[Hashable] = [h.building.estate_id or (h.community_id, h.building.style) for h in homes]
    gone: list[set[str]] = [set() for _ in homes]
    for column, share, eligible in (
        ("year_built", 0.15, [True] * n),
        ("floors", 0.06, [True] * n),
        ("structure", 0.20, [True] * n),
        ("dwellings", 0.28, [h.building.use in HOMES for h in homes]),
    ):
        for i in _clustered(place, eligible, share, rng):
            gone[i].add(column)
    lived = [i for i, h in enumerate(homes) if h.building.use in HOMES]
    silent = {i for i in lived if homes[i].community_id in UNCOUNTED_VILLAGES}
    names = sorted({e.estate_id for e in estates})
    quiet = set(rng.permutation(np.array(names, dtype=object))[: max(6, len(names) // 7)])
    silent |= {i for i in lived if homes[i].building.estate_id in quiet}
    room = round(0.25 * len(lived)) - len(silent)
    others = [i for i in lived if i not in silent]
    silent |= (
        {others[int(k)] for k in sorted(rng.choice(len(others), max(0, room), replace=False))} if others else set()
    )
    for i in silent:
        gone[i] |= {"households", "people"}
    for i in rng.permutation(np.array([i for i in lived if i not in silent]))[: round(0.08 * len(lived))]:
        gone[int(i)].add("people")
    counted_only: dict[str, bool] = defaultdict(lambda: True)
    for i, h in enumerate(homes):
        if h.building.estate_id and "households" in gone[i]:
            counted_only[h.building.estate_id] = False
    full = [name for name in names if counted_only[name]]
    without_total = set(rng.permutation(np.array(full, dtype=object))[: round(0.2 * len(names))]) if full else set()
    return [replace(h, unknown=frozenset(g)) for h, g in zip(homes, gone, strict=True)], {str(x) for x in without_total}


def _clustered(place: list[Hashable], eligible: list[bool], share: float, rng: np.random.Generator) -> list[int]:
    """Return the rows to be emptied: `share` of the eligible ones, mostly in the same few places."""
    spots = sorted(set(place), key=str)
    luck = dict(zip(spots, rng.random(len(spots)), strict=True))
    noise = rng.random(len(place))
    rows = [i for i, ok in enumerate(eligible) if ok]
    score: Callable[[int], float] = lambda i: 0.62 * luck[place[i]] + 0.38 * noise[i]  # noqa: E731
    return sorted(rows, key=score)[: round(share * len(rows))]
