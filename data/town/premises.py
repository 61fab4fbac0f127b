"""Rooms and land that stand idle: what the office could turn into a facility."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Point, Polygon, STRtree

from town import plan
from town.people import Home
from town.services import Facility
from town.streets import Way

KINDS: dict[str, str] = {
    "闲置用房": "idle_building", "闲置用地": "idle_land", "公有用地": "public_land", "可扩建设施": "growing",
}  # fmt: skip
"""The office's words for what it is."""

ROOMS = ("commercial", "public", "office", "mixed", "industrial")
GROWING = ("service_station", "culture_room", "elder_room", "nursery", "health_station")
COST_KNOWN = 0.8
SIZES_M = (18.0, 26.0, 34.0)


@dataclass(frozen=True)
class Premises:
    """One row of the layer 闲置房地."""

    premises_id: str
    shape: Point | Polygon
    kind: str
    name: str
    name_en: str
    floor_area_m2: float | None
    site_area_m2: float | None
    cost: float | None
    categories: str | None = None
    facility_id: str | None = None


def idle(
    homes: list[Home], facilities: list[Facility], ways: list[Way], rng: np.random.Generator
) -> list[Premises]:  # fmt: skip
    """Return what could be used in each unit: two or three rooms, one or two plots, and facilities that can grow."""
    titles = {u.community_id: (u.name, u.name_en) for u in plan.UNITS}
    by_unit: dict[str, list[Home]] = defaultdict(list)
    for home in homes:
        by_unit[home.community_id].append(home)
    standing = STRtree([h.building.shape for h in homes] + [w.shape.buffer(8) for w in ways])
    found: list[Premises] = []

    def add(shape: Point | Polygon, kind: str, unit: str, noun: tuple[str, str], **known: object) -> None:
        zh, en = titles[unit]
        count = sum(p.kind == kind and p.name.startswith(zh) for p in found) + 1
        found.append(Premises(
            f"XZ{len(found) + 1:03d}", shapely.transform(shape, lambda xy: np.round(xy, 2)), kind,
            f"{zh}{noun[0]}{count}号", f"{en} {noun[1]} No. {count}", **known))  # type: ignore[arg-type]  # fmt: skip

    for unit in titles:
        here = by_unit[unit]
        rooms = [h for h in here if h.building.use in ROOMS and h.building.shape.area > 60]
        for k in sorted(rng.choice(len(rooms), size=min(len(rooms), int(rng.integers(2, 4))), replace=False).tolist()):
            building = rooms[k].building
            area = float(round(min(building.shape.area * rng.uniform(0.35, 1.0), 1600.0)))
            cost = round(area * float(rng.uniform(120, 420)), -3)
            add(building.shape.representative_point(), "idle_building", unit, ("闲置用房", "Idle Rooms"),
                floor_area_m2=area, site_area_m2=None, cost=cost if rng.random() < COST_KNOWN else None)  # fmt: skip
        lived = [h for h in here if h.households]
        weight = np.array([h.households for h in lived], float)
        for _ in range(int(rng.integers(1, 3))):
            plot = _plot(lived, weight / weight.sum(), standing, rng)
            if plot is None:
                continue
            public = bool(rng.random() < 0.5)
            site = float(round(plot.area))
            add(plot, "public_land" if public else "idle_land", unit,
                ("公有用地", "Public Plot") if public else ("闲置用地", "Idle Plot"),
                floor_area_m2=None, site_area_m2=site,
                cost=round(site * float(rng.uniform(300, 900)), -3) if rng.random() < COST_KNOWN else None)  # fmt: skip
    for facility in facilities:
        if facility.category in GROWING and rng.random() < 0.25:
            found.append(Premises(
                f"XZ{len(found) + 1:03d}", facility.shape, "growing", f"{facility.name}扩建",
                f"{facility.name_en} Extension", float(rng.integers(8, 40) * 10), None, None, facility.category,
                facility.facility_id))  # fmt: skip
    return found


def _plot(lived: list[Home], share: np.ndarray, standing: STRtree, rng: np.random.Generator) -> Polygon | None:
    """Return a free square near somebody's home, or none where twenty tries found no room."""
    for _ in range(20):
        home = lived[int(rng.choice(len(lived), p=share))].building.shape.centroid
        size = float(rng.choice(SIZES_M))
        x, y = np.array([home.x, home.y]) + rng.normal(0, 90, 2)
        square = shapely.box(x - size / 2, y - size / 2, x + size / 2, y + size / 2)
        if not len(standing.query(square, predicate="intersects")):
            return square
    return None
