"""What stands on each cell: estates with their inner roads and gates, old houses, villages, factories, schools."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.affinity import rotate
from shapely.ops import nearest_points

from town import plan
from town.buildings import (
    Building,
    Row,
    branches,
    centered,
    courtyard,
    frontage,
    house,
    inner,
    plain,
    rows,
    slab,
    spine,
    tower,
)
from town.curves import (
    Pair,
    bearing_of,
    blob,
    extend,
    frame_of,
    largest,
    lines_of,
    piece_of,
    polygons_of,
    rounded,
    simplified,
    wobble,
)
from town.layout import OVERSHOOT_M, Cell, Line, Nature

INNER_STREET = "inner street"
"""Marks the residential street that runs through a compound."""


@dataclass(frozen=True)
class Estate:
    """A residential compound as built."""

    estate_id: str
    shape: Polygon
    style: str
    year: int
    closed: bool
    community_id: str
    gates: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Site:
    """A piece of land with a use that people look for: a school, a hospital, a park."""

    use: str
    shape: Polygon
    community_id: str


@dataclass
class Built:
    """Everything that is put on the land, in the order it is put there."""

    buildings: list[Building] = field(default_factory=list)
    estates: list[Estate] = field(default_factory=list)
    lanes: list[Line] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    inner_street_estate: str = ""


@dataclass(frozen=True)
class Style:
    """A kind of compound: years, floors, rows, and gross floor area of a flat."""

    years: tuple[int, int]
    floors: tuple[int, int]
    row: Row
    flat_m2: float
    structure: str
    closed: float
    largest_ha: float
    range: tuple[int, int]
    towers: bool = False


STYLES = {
    "work_unit": Style((1979, 1989), (4, 6), Row(9.6, 21.5, (36, 45, 54), 7.0), 62, "砖混", 0.55, 3.0, (3, 7)),
    "compound_90": Style((1990, 1999), (6, 7), Row(10.8, 25.0, (39, 52, 60), 8.0), 82, "砖混", 0.75, 4.2, (5, 7)),
    "garden": Style((2000, 2010), (6, 11), Row(12.6, 36.0, (36, 48, 56), 11.0), 112, "框架", 0.95, 6.5, (5, 14)),
    "high_rise": Style(
        (2010, 2023), (17, 28), Row(14.5, 62.0, (30, 38, 46), 20.0), 122, "剪力墙", 1.0, 6.5, (15, 33), towers=True
    ),
    "resettlement": Style((2003, 2019), (6, 11), Row(12.0, 29.0, (38, 50, 56), 9.0), 95, "框架", 0.8, 4.5, (5, 18)),
}
"""Estates by age: usual floors, gross square metres of a flat, the largest compound, the lowest and highest floors."""

MIX: dict[tuple[str, str], dict[str, float]] = {
    ("SQ01", "core"): {"courtyard": 80, "work_unit": 7, "shops": 5, "green": 4, "office": 4},
    ("SQ01", "belt"): {"courtyard": 40, "work_unit": 30, "shops": 10, "green": 10},
    ("SQ02", "core"): {"courtyard": 66, "work_unit": 14, "shops": 8, "green": 4, "office": 5},
    ("SQ02", "belt"): {
        "work_unit": 26,
        "compound_90": 22,
        "shops": 10,
        "office": 10,
        "green": 6,
        "courtyard": 14,
        "vacant": 6,
    },
    ("SQ03", "new"): {
        "high_rise": 36,
        "garden": 34,
        "mall": 6,
        "office": 7,
        "green": 8,
        "vacant": 4,
        "resettlement": 5,
    },
    ("SQ04", "belt"): {
        "work_unit": 28,
        "compound_90": 34,
        "shops": 8,
        "office": 8,
        "green": 6,
        "courtyard": 6,
        "vacant": 6,
    },
    ("SQ05", "south"): {
        "compound_90": 28,
        "garden": 30,
        "shops": 7,
        "warehouse": 5,
        "green": 6,
        "vacant": 12,
        "work_unit": 10,
    },
    ("SQ06", "south"): {"work_unit": 32, "warehouse": 24, "shops": 12, "vacant": 22, "compound_90": 18},
    ("SQ06", "industry"): {"factory": 26, "warehouse": 22, "vacant": 50},
    ("SQ07", "industry"): {"factory": 50, "vacant": 32, "dormitory": 12, "warehouse": 10},
    ("CG01", "belt"): {"urban_village": 32, "resettlement": 16, "shops": 8, "vacant": 22, "workshop": 10},
    ("CG01", "west"): {"urban_village": 20, "resettlement": 6, "workshop": 12, "vacant": 56, "green": 6},
    ("CG02", "south"): {"urban_village": 46, "resettlement": 26, "shops": 6, "vacant": 16, "workshop": 8},
    ("CU07", "south"): {"workshop": 22, "warehouse": 18, "vacant": 60},
    ("CU01", "new"): {"garden": 14, "high_rise": 6, "resettlement": 6, "vacant": 66, "urban_village": 10},
    ("CU02", "new"): {
        "garden": 10,
        "high_rise": 4,
        "resettlement": 6,
        "vacant": 62,
        "factory": 10,
        "urban_village": 10,
    },
}
"""Shares of the street blocks by community and quarter; elsewhere the land is fields, hills and hamlets."""

ANCHORS: tuple[tuple[str, Pair], ...] = (
    ("primary_school", (-850, 620)),
    ("primary_school", (520, 1180)),
    ("primary_school", (1250, 700)),
    ("primary_school", (1850, 1450)),
    ("primary_school", (600, -1050)),
    ("primary_school", (-1650, 480)),
    ("primary_school", (-1650, -1350)),
    ("primary_school", (2500, 2000)),
    ("primary_school", (2520, 760)),
    ("middle_school", (-250, 1750)),
    ("middle_school", (1800, 60)),
    ("middle_school", (1300, -1150)),
    ("hospital", (560, 620)),
    ("government", (1250, 1120)),
    ("bus_station", (-80, -1550)),
    ("stadium", (1850, 2000)),
    ("park", (330, -350)),
    ("park", (1720, 700)),
    ("park", (-300, 1080)),
    ("market_hall", (-260, 330)),
    ("market_hall", (1700, 1150)),
    ("market_hall", (100, -1180)),
)
"""Sites chosen by hand: the nearest block of a fitting size takes the use."""


def reserved_land(nature: Nature, roads: Iterable[Line], streets: Iterable[Line]) -> shapely.Geometry:
    """Return the ground of roads, waters, rails and their verges, where nothing is built."""
    parts = [r.shape.buffer(plan.WIDTHS_M[r.road_class] + r.gap_m / 2) for r in roads]
    parts += [
        piece_of(s.shape, OVERSHOOT_M, s.shape.length - OVERSHOOT_M).buffer(
            plan.WIDTHS_M[s.road_class], cap_style="flat"
        )
        for s in streets
    ]
    parts += [s.shape.buffer(13 if s.road_class == "canal" else 9) for s in nature.streams]
    parts += [nature.river_area.buffer(26), nature.railway.buffer(17), nature.expressway.buffer(36)]
    junction = plan.on_ground(Point(plan.INTERCHANGE))
    parts.append(junction.buffer(235))
    return shapely.union_all(parts)


def build(cells: list[Cell], nature: Nature, roads: list[Line], streets: list[Line], rng: np.random.Generator) -> Built:
    """Return the buildings, estates, lanes and sites of the whole town."""
    taken = reserved_land(nature, roads, streets)
    net = shapely.union_all([r.shape for r in roads] + [s.shape for s in streets])
    busy = shapely.union_all([r.shape for r in roads if r.road_class in ("primary", "secondary", "tertiary")])
    built = Built(buildings=landmarks(nature))
    taken = shapely.union_all(
        [taken, *[b.shape.buffer(9) for b in built.buildings], *[shape.buffer(8) for *_, shape in ponds()]]
    )
    shapely.prepare(taken)
    lots = [(cell, largest(cell.shape.difference(taken))) for cell in cells]
    uses = assign_uses(lots, rng)
    for (cell, land), use in zip(lots, uses, strict=True):
        if use and not land.is_empty:
            fill(cell, simplified(land, 0.4), use, net, busy, built, rng)
    for hamlet in plan.HAMLETS:
        build_hamlet(hamlet, taken, net, built, rng)
    _greenhouses(taken, built, rng)
    _public_road_through_an_estate(built)
    return built


def ponds() -> list[tuple[str, str, Polygon]]:
    """Return standing waters: names and outline."""
    rng = np.random.default_rng(len(plan.PONDS))
    out = []
    for name, name_en, where, hectares, angle, stretch in plan.PONDS:
        center = plan.on_ground(Point(where))
        out.append(
            (
                name,
                name_en,
                rounded(blob((center.x, center.y), hectares * 1e4, rng, stretch=stretch, angle=angle)),
            )
        )
    return out


def landmarks(nature: Nature) -> list[Building]:
    """Return the single buildings everyone knows; the station stands along the rails."""
    out = []
    for name, use, where, width, depth, floors, year in plan.LANDMARKS:
        center, angle = plan.on_ground(Point(where)), 6.0
        if name == "清河站":
            at = nature.railway.project(center)
            a, b = nature.railway.interpolate(at - 30), nature.railway.interpolate(at + 30)
            angle = float(np.degrees(np.arctan2(b.y - a.y, b.x - a.x)))
            center = Point(
                (a.x + b.x) / 2 - 30 * np.sin(np.radians(angle)), (a.y + b.y) / 2 + 30 * np.cos(np.radians(angle))
            )
        box = shapely.box(center.x - width / 2, center.y - depth / 2, center.x + width / 2, center.y + depth / 2)
        if use == "religious" and width > 12:
            court = shapely.box(center.x - width / 4, center.y - depth / 4, center.x + width / 4, center.y + depth / 4)
            box = largest(box.difference(court))
        structure = "砖木" if year < 1950 else "框架"
        out.append(
            Building(
                rounded(rotate(box, angle, origin=center)), use, floors, year, structure, style="landmark", name=name
            )
        )
    return out


def _greenhouses(taken: shapely.Geometry, built: Built, rng: np.random.Generator) -> None:
    """Put rows of greenhouses in the fields."""
    for where, hectares, angle in plan.GREENHOUSES:
        center = plan.on_ground(Point(where))
        side = np.sqrt(hectares * 1e4)
        land = rotate(
            shapely.box(center.x - side * 0.7, center.y - side / 1.4, center.x + side * 0.7, center.y + side / 1.4),
            angle,
        )
        made = rows(
            largest(land.difference(taken)), Row(8.0, 11.5, (46, 58), 6.0, skip=0.06), rng, angle=angle, footprint=plain
        )
        _put(built, made, "agricultural", (1, 1), (2008, 2022), "钢结构", rng, style="greenhouse")


def _public_road_through_an_estate(built: Built) -> None:
    """Turn the inner road of one compound into a street that looks public: a flaw that real data have."""
    open_ones = {e.estate_id for e in built.estates if e.style == "compound_90" and len(e.gates) == 2}
    through: dict[str, int] = {}
    for k, lane in enumerate(built.lanes):
        if lane.note in open_ones:
            through.setdefault(lane.note, k)  # a compound's first lane runs from gate to gate
    estate_id, i = max(through.items(), key=lambda pair: (built.lanes[pair[1]].shape.length, pair[0]))
    built.lanes[i] = replace(built.lanes[i], road_class="residential", note=INNER_STREET)
    built.inner_street_estate = estate_id


def assign_uses(lots: list[tuple[Cell, Polygon]], rng: np.random.Generator) -> list[str]:
    """Return each cell's use: hand-placed sites first, then the quarter's mix."""
    uses = [""] * len(lots)
    usable = [_is_lot(cell, land) for cell, land in lots]
    for use, where in ANCHORS:
        point = plan.on_ground(Point(where))
        size = {"park": (8e3, 9e4), "market_hall": (4e3, 4e4), "hospital": (1e4, 6e4)}.get(use, (1.2e4, 9e4))
        fitting = [i for i, ok in enumerate(usable) if ok and not uses[i] and size[0] < lots[i][1].area < size[1]]
        uses[min(fitting, key=lambda i: lots[i][1].distance(point) * 5 + lots[i][1].centroid.distance(point))] = use
    for key, mix in MIX.items():
        members = [
            i for i, (c, _) in enumerate(lots) if (c.community_id, c.quarter) == key and usable[i] and not uses[i]
        ]
        share = np.array(list(mix.values())) / sum(mix.values())
        wanted = np.floor(np.cumsum(share) * len(members) + 0.5).astype(int)
        deck = [name for name, n in zip(mix, np.diff([0, *wanted]), strict=True) for _ in range(n)]
        for i, use in zip(members, rng.permutation(np.array(deck, dtype=object)), strict=True):
            uses[i] = str(use)
    return uses


def _is_lot(cell: Cell, land: Polygon) -> bool:
    if cell.quarter == "rural" or land.area < 1800:
        return False
    return land.area / max(land.convex_hull.area, 1) > 0.55 and 4 * np.pi * land.area / land.length**2 > 0.28


def fill(
    cell: Cell,
    land: Polygon,
    use: str,
    net: shapely.Geometry,
    busy: shapely.Geometry,
    built: Built,
    rng: np.random.Generator,
) -> None:
    """Put what `use` says on `land`."""
    if use in STYLES or use == "dormitory":
        if land.area < 6000:
            _shops(land, busy, built, rng, old=True)
        else:
            pieces = _compounds(land, 2.2 if use == "dormitory" else STYLES[use].largest_ha)
            for piece in pieces[: 1 if use == "dormitory" else None]:
                build_estate(cell, piece, use, net, busy, built, rng)
            for piece in pieces[1:] if use == "dormitory" else []:
                _sheds(piece, "factory", built, rng)
    elif use == "courtyard":
        _old_houses(land, busy, built, rng)
    elif use == "urban_village":
        _village_rows(land, bearing_of(land), built, rng, dense=True, net=net)
    elif use == "shops":
        _shops(land, busy, built, rng, old=cell.quarter != "new")
    elif use in ("factory", "warehouse", "workshop"):
        _sheds(land, use, built, rng)
    elif use in (
        "office",
        "mall",
        "government",
        "hospital",
        "primary_school",
        "middle_school",
        "market_hall",
        "bus_station",
        "stadium",
    ):
        _institution(cell, land, use, built, rng)
    elif use in ("park", "green"):
        built.sites.append(Site(use, land, cell.community_id))
        if use == "park":
            _put(
                built, centered(land, [(-9, -5, 18, 10)], bearing_of(land)), "public", (1, 1), (1985, 2015), "砖混", rng
            )


def _put(
    built: Built,
    shapes: Iterable[Polygon],
    use: str,
    floors: tuple[int, int],
    years: tuple[int, int],
    structure: str,
    rng: np.random.Generator,
    *,
    flat_m2: float = 0.0,
    style: str = "",
    estate_id: str = "",
    name: str = "",
) -> None:
    """Add buildings of one kind; dwellings follow from floor area and flat size."""
    for raw in shapes:
        shape = largest(rounded(raw).buffer(0))
        n = int(rng.integers(floors[0], floors[1] + 1))
        flats = max(1, round(shape.area * n / flat_m2)) if flat_m2 else 0
        built.buildings.append(
            Building(
                shape,
                use,
                n,
                int(rng.integers(years[0], years[1] + 1)),
                structure,
                flats,
                style or use,
                estate_id,
                name,
            )
        )


def build_estate(
    cell: Cell,
    land: Polygon,
    use: str,
    net: shapely.Geometry,
    busy: shapely.Geometry,
    built: Built,
    rng: np.random.Generator,
) -> None:
    """Build a compound: rows facing south, inner roads, gates, shops along the street, a few low service buildings."""
    style = STYLES["work_unit" if use == "dormitory" else use]
    ground = simplified(largest(land.buffer(-2.0, join_style="mitre")), 1.0)
    estate_id = f"XQ{len(built.estates) + 1:03d}"
    year = int(rng.integers(style.years[0], style.years[1] + 1))
    angle = bearing_of(ground)
    angle = angle if abs(angle) < 24 else angle - np.sign(angle) * 8
    roads = spine(ground.buffer(-1), angle, rng)
    shops: list[Polygon] = []
    if rng.random() < (0.7 if use != "work_unit" else 0.4):
        shops = frontage(
            ground.buffer(-1), busy, rng, depth_m=9.0, lengths_m=(26, 58), gap_m=9.0, reach_m=34, skip=0.25
        )
    gates, links = _gates(ground, roads, net, rng)
    paved = shapely.union_all([line.buffer(5.0) for line in roads + links])
    shops = [s for s in shops if not s.intersects(paved)]
    keep_off = shapely.union_all([paved, *[s.buffer(9) for s in shops]])
    low, high = style.floors
    floors = int(rng.integers(low, high + 1))
    row = Row(
        style.row.depth_m * rng.uniform(0.95, 1.05),
        style.row.pitch_m * rng.uniform(0.95, 1.1),
        style.row.lengths_m,
        style.row.gap_m,
        skip=0.02,
    )
    homes = rows(
        ground.buffer(-5.0, join_style="mitre").difference(keep_off),
        row,
        rng,
        angle=angle,
        footprint=tower if style.towers and rng.random() < 0.6 else slab,
    )
    roads += branches(ground, roads, [*homes, *shops], angle, every_m=row.pitch_m * (1.8 if not style.towers else 0.9))
    keep_off = shapely.union_all([keep_off, *[line.buffer(4.0) for line in roads]])
    spread = 0 if not style.towers else 2
    _put(
        built,
        homes,
        "residential",
        (max(2, floors - spread), floors + spread),
        (year, year + 1),
        style.structure,
        rng,
        flat_m2=style.flat_m2,
        style=use,
        estate_id=estate_id,
    )
    _put(built, shops, "commercial", (1, 2), (year, year + 3), "框架", rng, style="shop", estate_id=estate_id)
    full = shapely.union_all([keep_off, *[h.buffer(5) for h in homes], *[s.buffer(3) for s in shops]])
    rest = inner(ground, 1.5, full)
    extras = rows(rest, Row(5.5, 30, (8, 12, 16), 40), rng, angle=angle, footprint=plain)[:1]
    _put(built, extras, "ancillary", (1, 1), (year, year + 10), "砖混", rng, style="shed", estate_id=estate_id)
    built.estates.append(
        Estate(
            estate_id, rounded(ground), use, year, bool(rng.random() < style.closed), cell.community_id, tuple(gates)
        )
    )
    inside = roads[:1] + links
    whole = lines_of(shapely.line_merge(shapely.MultiLineString(inside))) if inside else []
    built.lanes += [Line(line, "service", quarter="estate", note=estate_id) for line in whole + roads[1:]]


def _compounds(land: Polygon, largest_ha: float) -> list[Polygon]:
    """Return `land`, cut across its long side into compounds of at most `largest_ha`, with a fence's width between."""
    if land.area < largest_ha * 1.25e4:
        return [land]
    box = frame_of(land)
    sides = box[1] - box[0], box[2] - box[1]
    long, short = sides if np.hypot(*sides[0]) > np.hypot(*sides[1]) else sides[::-1]
    n = int(np.ceil(land.area / (largest_ha * 1.25e4)))
    start = min(box[:4], key=lambda p: float(p @ long))
    other = (
        short
        if Polygon([start, start + long, start + long + short]).intersects(land.centroid.buffer(land.length))
        else -short
    )
    pieces = []
    for i in range(n):
        a, b = start + long * i / n, start + long * (i + 1) / n
        strip = Polygon([a - other * 2, b - other * 2, b + other * 2, a + other * 2])
        pieces.append(largest(land.intersection(strip).buffer(-1.2, join_style="mitre")))
    return [p for p in pieces if p.area > 3000]


def _gates(
    ground: Polygon, roads: list[LineString], net: shapely.Geometry, rng: np.random.Generator
) -> tuple[list[Point], list[LineString]]:
    """Return gates where the inner road meets the compound's edge, and the links from there to the street."""
    if not roads:
        return [], []
    axis = roads[0]
    ends = [Point(axis.coords[0])] + ([Point(axis.coords[-1])] if rng.random() < 0.55 else [])
    gates, links = [], []
    for end in ends:
        gate = nearest_points(ground.exterior, end)[0]
        target = nearest_points(net, gate)[0]
        if gate.distance(target) > 60:
            continue
        gates.append(gate)
        path = [end, gate, target] if end.distance(gate) > 0.05 else [gate, target]
        links.append(extend(LineString(path), 0.0, 1.0))
    return gates, links


def _old_houses(land: Polygon, busy: shapely.Geometry, built: Built, rng: np.random.Generator) -> None:
    """Put shophouses along the street, courtyards behind, and a blind lane into the block."""
    angle = bearing_of(land) + rng.uniform(-4, 4)
    front = frontage(land, busy, rng, depth_m=11.0, lengths_m=(8, 17), gap_m=0.9, reach_m=20)
    _put(built, front, "mixed", (2, 4), (1930, 1995), "砖木", rng, flat_m2=95, style="shophouse")
    back = inner(land, 1.2, shapely.union_all([f.buffer(3.0) for f in front]) if front else None)
    lane = _blind_lane(back, land, angle, rng)
    if lane is not None:
        built.lanes.append(Line(lane, "living_street", quarter="core"))
        back = inner(back, 0.0, lane.buffer(2.2))
        back = largest(back)
    pieces = polygons_of(
        land.buffer(-1.2).difference(
            shapely.union_all([f.buffer(3.0) for f in front] + ([lane.buffer(2.2)] if lane is not None else []))
        )
    )
    for piece in pieces:
        made = rows(
            piece,
            Row(17.0, 20.6, (13, 17, 21, 27), 2.0, (2, 4, 4, 3), skip=0.07, skew_deg=1.5, depth_spread=0.12),
            rng,
            angle=angle,
            footprint=courtyard,
        )
        _put(built, made, "residential", (1, 2), (1880, 1975), "砖木", rng, flat_m2=92, style="courtyard")


def _blind_lane(back: Polygon, land: Polygon, angle: float, rng: np.random.Generator) -> LineString | None:
    """Return a lane from the block's edge towards its middle, or None in small blocks."""
    if land.area < 8000 or back.is_empty:
        return None
    c = back.representative_point()
    length = np.sqrt(land.area)
    ray = rotate(
        LineString([(c.x, c.y), (c.x + rng.choice([-1, 1]) * length * 2, c.y)]), angle + rng.choice([0, 90]), origin=c
    )
    reach = lines_of(ray.intersection(land.buffer(9)))
    if not reach:
        return None
    first = min(reach, key=lambda p: p.distance(c))
    return wobble(first, rng, 2.0, 14) if first.length > 30 else None


def _village_rows(
    land: Polygon,
    angle: float,
    built: Built,
    rng: np.random.Generator,
    *,
    dense: bool,
    net: shapely.Geometry,
    name: str = "",
) -> list[LineString]:
    """Put rows of village houses along lanes; returns the lanes. Dense ones are the urban villages' tall houses."""
    lanes, pieces = _lanes(land, angle, rng, pitch_m=37.0 if dense else 46.0)
    lanes = [_reaching(line, net, 26.0 if dense else 55.0 if i < 4 else 0.5) for i, line in enumerate(lanes)]
    built.lanes += [
        Line(line, "residential" if i == 0 else "living_street", quarter="village", note=name)
        for i, line in enumerate(lanes)
    ]
    row = (
        Row(11.2, 14.2, (10.5, 12, 21, 30), 2.0, (2, 4, 3, 2), skip=0.1, skew_deg=1.0, depth_spread=0.1)
        if dense
        else Row(11.0, 18.5, (11, 21, 31, 41), 4.5, (3, 4, 3, 2), skip=0.17, skew_deg=1.6, depth_spread=0.08)
    )
    houses = []
    for piece in pieces:
        houses += rows(piece, row, rng, angle=angle, footprint=house)
    for shape in houses:
        units = max(1, round(shape.area / (50 if dense else 68)))
        floors = (3, 5) if dense else (2, 4)
        old = rng.random() < (0.06 if dense else 0.13)
        years = (1955, 1984) if old else ((1988, 2012) if dense else (1985, 2019))
        _put(
            built,
            [shape],
            "residential" if rng.random() < 0.93 else "mixed",
            (1, 2) if old else floors,
            years,
            "砖木" if old else "砖混",
            rng,
            style="house",
        )
        b = built.buildings[-1]
        built.buildings[-1] = Building(b.shape, b.use, b.floors, b.year, b.structure, units, b.style)
    return lanes


def _reaching(line: LineString, net: shapely.Geometry, longest_m: float) -> LineString:
    """Return `line` prolonged at both ends to the street it would meet within `longest_m`; else unchanged."""
    for _ in range(2):
        line = line.reverse()
        tail = LineString([line.coords[-1], extend(line, 0.0, longest_m).coords[-1]])
        hits = [part for part in shapely.get_parts(tail.intersection(net)) if not part.is_empty]
        if hits:
            nearest = min(hits, key=lambda p: p.distance(Point(line.coords[-1])))
            line = extend(line, 0.0, nearest.distance(Point(line.coords[-1])) + 1.0)
    return line


def _lanes(
    land: Polygon, angle: float, rng: np.random.Generator, *, pitch_m: float
) -> tuple[list[LineString], list[Polygon]]:
    """Return a spine and cross lanes in `land` and the strips of land between them."""
    pivot = land.centroid
    flat = rotate(land, -angle, origin=pivot)
    west, south, east, north = flat.bounds
    lines: list[LineString] = []
    spines = max(1, round((east - west) / 190))
    xs = [west + (east - west) * (i + 0.5 + rng.uniform(-0.12, 0.12)) / spines for i in range(spines)]
    bend = rng.uniform(-1, 1, 3)

    def curve(x: float, y: float) -> tuple[float, float]:
        u, v = (x - west) / (east - west), (y - south) / (north - south)
        return (x + 7 * bend[0] * np.sin(3.1 * v + bend[1] * 3), y + 8 * bend[1] * np.sin(3.6 * u + bend[2] * 3))

    for x in xs:
        path = LineString([curve(x, y) for y in np.linspace(south - 4, north + 4, 24)])
        lines += [p for p in lines_of(path.intersection(flat)) if p.length > 30]
    n_spines = len(lines)
    y = south + pitch_m * rng.uniform(0.4, 0.75)
    while y < north - 12:
        a, b = rng.uniform(0.0, 0.12, 2) * (east - west)
        path = LineString([curve(x, y) for x in np.linspace(west + a, east - b, 30)])
        lines += [p for p in lines_of(path.intersection(flat.buffer(-5))) if p.length > 34]
        y += pitch_m * rng.uniform(0.95, 1.06)
    spine_lines = shapely.union_all(lines[:n_spines]) if n_spines else shapely.MultiLineString()
    lines = lines[:n_spines] + [p for p in lines[n_spines:] if p.intersects(spine_lines)]
    corridor = shapely.union_all([line.buffer(3.6) for line in lines]) if lines else shapely.Polygon()
    pieces = polygons_of(flat.buffer(-1.0).difference(corridor))
    return (
        [rotate(line, angle, origin=pivot) for line in lines],
        [rotate(p, angle, origin=pivot) for p in pieces if p.area > 200],
    )


def build_hamlet(
    hamlet: plan.Hamlet, taken: shapely.Geometry, net: shapely.Geometry, built: Built, rng: np.random.Generator
) -> None:
    """Build a cluster of village houses, its lanes and the link to the nearest road."""
    center = plan.on_ground(Point(hamlet.center))
    patch = blob((center.x, center.y), hamlet.area_ha * 0.8e4, rng, stretch=hamlet.stretch, angle=hamlet.angle_deg)
    occupied = shapely.union_all(
        [e.shape for e in built.estates]
        + [s.shape for s in built.sites]
        + [b.shape.buffer(8) for b in built.buildings if b.shape.distance(center) < 700]
    )
    for part in polygons_of(patch.difference(taken).difference(occupied)):
        if part.area > 5000:
            lanes = _village_rows(
                part.buffer(-2).buffer(2) if part.buffer(-2).geom_type == "Polygon" else part,
                hamlet.angle_deg,
                built,
                rng,
                dense=False,
                net=net,
                name=hamlet.name,
            )
            _link(lanes, net, built, hamlet.name)


def _link(lanes: list[LineString], net: shapely.Geometry, built: Built, name: str) -> None:
    """Join a hamlet's lanes to the nearest road."""
    if not lanes:
        return
    group = shapely.union_all(lanes)
    a, b = nearest_points(group, net)
    if 5.0 < a.distance(b) < 400:
        built.lanes.append(Line(extend(LineString([a, b]), 0.5, 1.0), "residential", quarter="village", note=name))


def _shops(land: Polygon, busy: shapely.Geometry, built: Built, rng: np.random.Generator, *, old: bool) -> None:
    """Put a street wall with flats above shops, and low buildings behind."""
    front = frontage(land.buffer(-1.0), busy, rng, depth_m=13.0, lengths_m=(16, 34), gap_m=3.0, reach_m=26)
    years = (1965, 1999) if old else (2000, 2018)
    _put(built, front, "mixed", (3, 6), years, "砖混" if old else "框架", rng, flat_m2=125, style="shophouse")
    back = inner(land, 4.0, shapely.union_all([f.buffer(9) for f in front]) if front else None)
    made = rows(back, Row(14, 32, (20, 30, 44), 12, skip=0.4), rng, footprint=plain)
    _put(built, made, "commercial", (1, 4), years, "砖混" if old else "框架", rng)


def _sheds(land: Polygon, use: str, built: Built, rng: np.random.Generator) -> None:
    """Put halls in rows, an office at the front."""
    rows_of = {
        "factory": Row(34, 52, (56, 76, 98), 19, skip=0.12),
        "warehouse": Row(30, 48, (60, 84), 18, skip=0.12),
        "workshop": Row(19, 34, (32, 44, 58), 11, skip=0.18),
    }
    made = rows(inner(land, 9), rows_of[use], rng, footprint=plain)
    _put(built, made, "industrial", (1, 2), (1988, 2021), "钢结构" if use != "workshop" else "砖混", rng, style=use)
    rest = inner(land, 4, shapely.union_all([m.buffer(8) for m in made]) if made else None)
    _put(
        built,
        rows(rest, Row(11, 60, (22, 32), 60), rng, footprint=plain)[:2],
        "office",
        (2, 4),
        (1990, 2018),
        "框架",
        rng,
    )


LAYOUTS: dict[str, list[tuple[float, float, float, float]]] = {
    "primary_school": [(-52, 14, 46, 11), (-52, -14, 46, 11), (-52, -42, 40, 12), (6, 30, 26, 18), (-52, 42, 46, 11)],
    "middle_school": [
        (-78, 20, 60, 12),
        (-78, -12, 60, 12),
        (-78, -44, 60, 12),
        (-78, 52, 56, 12),
        (0, 52, 34, 20),
        (12, -72, 40, 14),
        (-78, -74, 50, 13),
    ],
    "hospital": [(-38, -30, 76, 22), (-48, 14, 40, 16), (8, 14, 40, 16), (-30, 46, 60, 14)],
    "government": [(-36, -6, 72, 18), (-66, -40, 16, 40), (50, -40, 16, 40), (-24, 38, 48, 14)],
    "market_hall": [(-26, -16, 52, 32), (-26, 24, 44, 10), (-26, -34, 48, 10)],
    "bus_station": [(-32, -9, 64, 18), (-32, 30, 30, 10)],
    "stadium": [(-60, -52, 14, 104), (-30, 66, 60, 40), (46, -52, 14, 104)],
}
OFFICES: list[list[tuple[float, float, float, float]]] = [
    [(-27, -22, 54, 17), (-27, 6, 16, 26), (11, 6, 16, 26)],
    [(-30, -8, 60, 18), (-20, 24, 40, 12)],
    [(-22, -24, 24, 24), (8, -20, 20, 34), (-22, 14, 24, 12)],
    [(-34, -26, 14, 50), (-12, 12, 44, 14), (-12, -26, 30, 16)],
]
MALLS: list[list[tuple[float, float, float, float]]] = [
    [(-42, -34, 84, 52), (-36, 26, 24, 22), (12, 26, 24, 22)],
    [(-48, -26, 40, 56), (2, -26, 44, 24), (2, 10, 44, 22)],
    [(-30, -20, 60, 40), (-46, -30, 12, 56)],
]
"""Boxes from the land's centre (x, y, width, depth in metres); those that do not fit are left out."""


def _institution(cell: Cell, land: Polygon, use: str, built: Built, rng: np.random.Generator) -> None:
    """Put a school, a hospital, offices or a shopping centre on its own land."""
    built.sites.append(Site(use, land, cell.community_id))
    angle, field_of = (
        bearing_of(land),
        {
            "primary_school": "education",
            "middle_school": "education",
            "hospital": "health",
            "government": "public",
            "market_hall": "commercial",
            "bus_station": "public",
            "stadium": "public",
        },
    )
    if use in LAYOUTS:
        floors = {"hospital": (4, 12), "government": (4, 9), "middle_school": (3, 5), "primary_school": (3, 4)}.get(
            use, (1, 2)
        )
        _put(built, centered(land, LAYOUTS[use], angle), field_of[use], floors, (1984, 2016), "框架", rng, style=use)
        return
    new = cell.quarter == "new"
    options = MALLS if use == "mall" else OFFICES
    pieces = _compounds(land, 1.6 if new else 0.9)
    for piece in pieces:
        boxes = options[int(rng.integers(len(options)))]
        made = (
            centered(piece, boxes, bearing_of(piece))
            or rows(inner(piece, 6), Row(14, 30, (22, 32), 12), rng, footprint=plain)[:3]
        )
        kind = "office" if use == "office" or (use == "mall" and rng.random() < 0.25) else "commercial"
        _put(built, made, kind, (3, 12) if new else (2, 6), (1995, 2021) if new else (1975, 2005), "框架", rng)
