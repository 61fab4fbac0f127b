"""Build Qinghe (清河镇), the demo town: `python data/make_town.py [--out DIR] [--seed N]`.

The main lines are drawn by hand (`town/plan.py`); streets, compounds, buildings, households and facilities grow from
them by a seeded generator. The same seed gives the same files.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from shapely import LineString, Point, Polygon
from town import layout, names, passages, people, plan, premises, quarters, services, source, streets, terrain
from town.curves import largest, lines_of, polygons_of, rounded

NAME, NAME_EN = "清河镇", "Qinghe Town"
SEED = 2026
FOLDER = Path(__file__).resolve().parent / "qinghe"

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Town:
    """The finished town: rows of every table by source layer, two rasters, the flaws planted on purpose."""

    rows: dict[str, Rows]
    rasters: dict[str, tuple[NDArray[np.float32], Affine]]
    flaws: dict[str, list[str]]


def make_town(seed: int = SEED) -> Town:
    """Return Qinghe as that seed makes it."""
    rng = np.random.default_rng(seed)
    nature = layout.lay_nature(rng)
    main = layout.lay_roads(nature)
    cross_streets = layout.divide(layout.superblocks(nature, main), nature, rng)
    cells, units = layout.lay_cells(nature, main, cross_streets)
    built = quarters.build(cells, nature, main, cross_streets, rng)
    ways, flaws = streets.survey(nature, main, cross_streets, built.lanes, rng)
    standing = people.standing(built.buildings, ways, nature)
    homes, totals = people.settle(standing, units, rng)
    homes, without_total = people.forget(homes, built.estates, rng)
    titles = name_estates(built.estates)
    station = nature.railway.interpolate(nature.railway.project(plan.on_ground(Point(plan.STATION))))
    entrance = Point(station.x, station.y + 38)
    facilities = services.furnish(homes, built.estates, built.sites, titles, entrance, rng)
    rows: dict[str, Rows] = {
        "规划范围": [
            {"area_id": "QH", "name": NAME, "name_en": NAME_EN, "geometry": source.upright(study_area(units))}
        ],
        "社区村界": community_rows(units, totals, np.random.default_rng([seed, 6])),
        "道路": [{**vars(way), "geometry": way.shape} for way in ways],
        **barrier_rows(nature, ways),
        "小区": estate_rows(built.estates, homes, titles, without_total),
        "建筑": building_rows(homes, rng),
        "设施": [{**vars(f), "geometry": f.shape} for f in facilities],
        **idle_rows(homes, facilities, ways, nature, seed),
    }
    flaws["estate_crossed_by_a_street"] = [built.inner_street_estate]
    flaws["estate_across_communities"] = [
        e.estate_id for e in built.estates if sum(shape.intersection(e.shape).area > 50 for shape in units.values()) > 1
    ]
    rasters = {"dem": terrain.terrain(nature, rng), "population": terrain.population(homes, nature, rng)}
    return Town(rows, rasters, flaws)


def study_area(units: dict[str, Polygon]) -> Polygon:
    """Return the outline that the communities tile exactly."""
    return largest(shapely.coverage_union_all(list(units.values())))


def name_estates(estates: list[quarters.Estate]) -> dict[str, tuple[str, str]]:
    """Return every estate's name in Chinese and English: none twice, and none that tells of another quarter."""
    used: set[str] = set()
    out = {}
    for estate in estates:
        pool = [pair for pair in names.ESTATES[estate.style] if pair[0] not in used]
        homes = [names.PLACES.get(zh[:2]) for zh, _ in pool]
        fitting = [pair for pair, home in zip(pool, homes, strict=True) if home == estate.community_id]
        neutral = [pair for pair, home in zip(pool, homes, strict=True) if home is None]
        out[estate.estate_id] = (fitting + neutral)[0]
        used.add(out[estate.estate_id][0])
    return out


def community_rows(units: dict[str, Polygon], totals: dict[str, tuple[int, int]], rng: np.random.Generator) -> Rows:
    """Return today's communities and villages with their registered totals; two have not counted ages."""
    ages = {u.community_id: people.ages(u.community_id, totals[u.community_id][1], rng) for u in plan.UNITS}
    return [
        {
            "community_id": u.community_id,
            "name": u.name,
            "name_en": u.name_en,
            "kind": u.kind,
            "locked": u.locked,
            "households": totals[u.community_id][0],
            "people": totals[u.community_id][1],
            "children": ages[u.community_id][0],
            "elders": ages[u.community_id][1],
            "town": NAME,
            "geometry": source.upright(units[u.community_id]),
        }
        for u in plan.UNITS
    ]


def barrier_rows(nature: layout.Nature, ways: list[streets.Way]) -> dict[str, Rows]:
    """Return river, brooks, water surfaces, railway and walls as the source's layers."""
    near = nature.outline.buffer(200)
    brooks = [("清河", "Qinghe River", "river", nature.river)] + [
        (s.name, s.name_en, s.road_class, s.shape) for s in nature.streams
    ]
    lines: Rows = []
    for name, name_en, kind, shape in brooks:
        lines += [
            {
                "barrier_id": f"HL{len(lines) + i + 1:02d}",
                "name": name,
                "name_en": name_en,
                "kind": kind,
                "geometry": rounded(part),
            }
            for i, part in enumerate(lines_of(shape.intersection(near)))
        ]
    surfaces = [
        {
            "barrier_id": f"SM{i + 1:02d}",
            "name": "清河",
            "name_en": "Qinghe River",
            "kind": "river",
            "geometry": rounded(part),
        }
        for i, part in enumerate(polygons_of(nature.river_area.intersection(near)))
    ]
    surfaces += [
        {"barrier_id": f"SM{len(surfaces) + i + 1:02d}", "name": zh, "name_en": en, "kind": "water", "geometry": shape}
        for i, (zh, en, shape) in enumerate(quarters.ponds())
    ]
    rails = [
        {
            "barrier_id": f"TL{i + 1:02d}",
            "name": "沪清铁路",
            "name_en": "Huqing Railway",
            "kind": "railway",
            "geometry": rounded(part),
        }
        for i, part in enumerate(lines_of(nature.railway.intersection(near)))
    ]
    walls = [
        {
            "barrier_id": f"WQ{i + 1:02d}",
            "name": "铁路防护墙",
            "name_en": "Railway Wall",
            "kind": "wall",
            "geometry": rounded(part),
        }
        for i, part in enumerate(rail_walls(nature, ways))
    ]
    return {"河流": lines, "水面": surfaces, "铁路": rails, "围墙": walls}


def rail_walls(nature: layout.Nature, ways: list[streets.Way]) -> list[LineString]:
    """Return the walls on both sides of the rails in the built-up part, open where roads cross."""
    town = plan.on_ground(Point(100, -1600)).buffer(1300)
    gaps = shapely.union_all([w.shape.buffer(14) for w in ways if w.shape.intersects(nature.railway)])
    sides = [nature.railway.offset_curve(side).simplify(0.5) for side in (9.0, -9.0)]
    return [part for side in sides for part in lines_of(side.intersection(town).difference(gaps)) if part.length > 60]


def estate_rows(
    estates: list[quarters.Estate],
    homes: list[people.Home],
    titles: dict[str, tuple[str, str]],
    without_total: set[str],
) -> Rows:
    """Return the compounds; their totals are those of their buildings, where the register has them."""
    rows = []
    for estate in estates:
        inside = [h for h in homes if h.building.estate_id == estate.estate_id]
        known = estate.estate_id not in without_total
        zh, en = titles[estate.estate_id]
        rows.append(
            {
                "estate_id": estate.estate_id,
                "name": zh,
                "name_en": en,
                "closed": estate.closed,
                "year_built": estate.year,
                "households": sum(h.households for h in inside) if known else None,
                "people": sum(h.people for h in inside) if known and int(estate.estate_id[2:]) % 3 else None,
                "geometry": estate.shape,
            }
        )
    return rows


def building_rows(homes: list[people.Home], rng: np.random.Generator) -> Rows:
    """Return the buildings as the register knows them."""
    storey = {"industrial": 6.5, "commercial": 4.2, "office": 3.6, "education": 3.8, "health": 3.9, "public": 4.5}
    rows = []
    blocks: dict[str, int] = {}
    for home in homes:
        b = home.building
        name = b.name or None
        if b.estate_id and b.use in people.HOMES:
            blocks[b.estate_id] = blocks.get(b.estate_id, 0) + 1
            name = f"{blocks[b.estate_id]}幢"
        lived = b.use in people.HOMES
        values = {
            "floors": float(b.floors),
            "year_built": b.year,
            "structure": b.structure,
            "dwellings": b.dwellings if lived else 0,
            "households": home.households,
            "people": home.people,
        }
        values = {k: None if k in home.unknown else v for k, v in values.items()}
        height = round(b.floors * storey.get(b.use, 2.95) + 0.6, 1) if rng.random() < 0.3 else None
        register = home.community_id if rng.random() < 0.7 else None
        rows.append(
            {
                "building_id": home.building_id,
                "name": name,
                "use": b.use,
                "height_m": height,
                **values,
                "estate_id": b.estate_id or None,
                "community_id": register,
                "geometry": b.shape,
            }
        )
    return rows


def idle_rows(
    homes: list[people.Home],
    facilities: list[services.Facility],
    ways: list[streets.Way],
    nature: layout.Nature,
    seed: int,
) -> dict[str, Rows]:
    """Return crossings, idle rooms and land, by a chance of their own: the other layers stay what they are."""
    rng = np.random.default_rng([seed, 5])
    crossed = passages.crossings(ways, nature, rng)
    idle = premises.idle(homes, facilities, ways, rng)
    return {
        "过街设施": [{**vars(passage), "geometry": passage.shape} for passage in crossed],
        "闲置房地": [{**vars(room), "geometry": room.shape} for room in idle],
    }


def write_town(town: Town, folder: Path) -> None:
    """Write the GeoPackage, the mapping and the rasters into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = source.layers({zh: key for key, (zh, _) in services.CATEGORIES.items()})
    catalogue = tuple(layer for layer in catalogue if town.rows[layer.name])
    frames = {layer.name: source.in_chinese(layer, town.rows[layer.name]) for layer in catalogue}
    source.write_source(frames, {layer.name: layer.geometry for layer in catalogue}, folder / source.FILE)
    (folder / "mapping.toml").write_text(source.mapping_text(catalogue, NAME, NAME_EN), encoding="utf-8")
    for name, (values, transform) in town.rasters.items():
        terrain.write_raster(values, transform, folder / f"{name}.tif")


def main() -> None:
    """Read the options and write the town."""
    parser = argparse.ArgumentParser(description="Build the demo town Qinghe.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write into")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed makes another town")
    options = parser.parse_args()
    town = make_town(options.seed)
    write_town(town, options.out)
    print({name: len(rows) for name, rows in town.rows.items()})
    print(town.flaws)


if __name__ == "__main__":
    main()
