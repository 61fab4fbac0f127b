"""Buildings: the block and the areas each belongs to, its residential floor area, and what it tells of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.households.remainder import Flags, Floats, Ints, Words, rounded
from geo.households.report import Report
from geo.households.zones import TABLES, Land, Zones, first_match, lookup, own

_HOMES = ("residential", "mixed")
_ENOUGH = 30
"""How many buildings that tell both sides of a ratio make the town's own ratio better than a national figure."""
_LIKE = 3
"""How many buildings with known floors make a median worth taking."""


@dataclass(frozen=True)
class Buildings:
    """The table buildings, and beside each row what placing needs to know."""

    frame: gpd.GeoDataFrame
    block: Ints
    """The block's place in the table, -1 outside the study."""
    zone: dict[str, Ints]
    """By kind: the area's place among its `Zones`, -1 in none."""
    counted: dict[str, Floats]
    """dwellings, households, people: counted, NaN where unknown."""
    floor_area: Floats
    """Residential floor area [m²], 0 where nobody is taken to live."""
    expected: Floats
    """Households expected from the floor area."""
    lived_in: Flags
    """Whether it is a home by its use, or by its counts."""


def read_buildings(
    tables: Mapping[str, gpd.GeoDataFrame], land: Land, zones: Mapping[str, Zones], report: Report
) -> Buildings | None:
    """Return the buildings with their place and their floor area; the report then knows this town's own ratios."""
    frame = tables.get("buildings")
    if frame is None:
        return None
    points = shapely.point_on_surface(frame.geometry.to_numpy())
    block = _block_of(points, frame.index.to_numpy("object"), land, report)
    zone = _zones_of(points, block, tables, land=land, zones=zones, report=report)
    compound = _compound_of(frame, points, tables.get("estates"))
    return _measured(frame, block, zone, compound, report)


# --- belonging ------------------------------------------------------------------------------------------------------


def _block_of(points: Words, names: Words, land: Land, report: Report) -> Ints:
    """Return the block under each point, or the nearest within reach, or -1."""
    tree, reach = shapely.STRtree(land.shapes), report.options.nearest_m
    block = first_match(tree, points)
    lost = np.flatnonzero(block < 0)
    if len(lost):
        row, near = tree.query_nearest(points[lost], max_distance=max(reach, 1e-9))
        block[lost[row[::-1]]] = near[::-1]  # of several at the same distance the first id
        moved, gone = lost[block[lost] >= 0], lost[block[lost] < 0]
        if len(moved):
            report.tell("nearest_block", "buildings", names[moved])
        if len(gone):
            report.tell("outside_blocks", "buildings", names[gone], metres=reach)
    return block


def _zones_of(
    points: Words, block: Ints, tables: Mapping[str, gpd.GeoDataFrame], *, land: Land, zones: Mapping[str, Zones],
    report: Report,
) -> dict[str, Ints]:  # fmt: skip
    """Return each building's area of every kind, -1 in none."""
    out: dict[str, Ints] = {}
    for kind, areas in zones.items():
        if kind == "block":
            out[kind] = np.append(lookup(areas.ids, land.ids), -1)[block]
            continue
        out[kind] = first_match(shapely.STRtree(areas.shapes), points)
        if kind in ("estate", "community"):
            out[kind] = _as_registered(
                tables["buildings"][f"{kind}_id"], out[kind], areas, tables[TABLES[kind]], report
            )
    return out


def _as_registered(register: pd.Series, zone: Ints, zones: Zones, table: gpd.GeoDataFrame, report: Report) -> Ints:
    """Return the area the register names, where it names one; the area on the map elsewhere."""
    said, names = register.to_numpy("object"), register.index.to_numpy("object")
    named = ~pd.isna(said)
    known = named & np.isin(said.astype(str), table.index.to_numpy("object").astype(str))
    if (named & ~known).any():
        report.tell(f"unknown_{zones.kind}", "buildings", names[named & ~known])
    registered = lookup(zones.ids, said)
    apart = known & (registered != zone)
    if apart.any():
        report.tell(f"registered_{zones.kind}", "buildings", names[apart])
    return np.where(known, registered, zone)


def _compound_of(frame: gpd.GeoDataFrame, points: Words, estates: gpd.GeoDataFrame | None) -> Ints:
    """Return the estate each building stands in, whether or not the estate has a total; -1 in none."""
    if estates is None:
        return np.full(len(frame), -1)
    said = lookup(estates.index.to_numpy("object"), frame["estate_id"].to_numpy("object"))
    return np.where(said >= 0, said, first_match(shapely.STRtree(estates.geometry.to_numpy()), points))


# --- floor area -----------------------------------------------------------------------------------------------------


def _measured(frame: gpd.GeoDataFrame, block: Ints, zone: dict[str, Ints], compound: Ints, report: Report) -> Buildings:
    """Return the buildings with floor area and expected households, both 0 where nobody is taken to live."""
    options, here = report.options, block >= 0
    footprint, use = shapely.area(frame.geometry.to_numpy()), _use_of(frame)
    vague = (use == "unknown") & options.unknown_is_home & (footprint >= options.smallest_home_m2)
    home = np.isin(use, _HOMES) | vague
    floors = _floors(frame, [[compound, use], [block, use], [use]], home & here, report)
    floor_area = np.where(home, footprint * floors * np.where(use == "mixed", options.mixed_share, 1.0), 0.0)
    counted = _counted(frame)
    low, sure = floors <= options.house_floors, here & (frame["floors"].fillna(0) > 0).to_numpy()
    if options.measured:
        report.measure(_ratios(counted, floor_area, here, houses=low & sure, flats=~low & sure, report=report))
        options = report.options
    expected = floor_area / np.where(low, options.house_m2, options.flat_m2) * options.occupancy
    told = ~np.isnan(np.column_stack(list(counted.values()))).all(axis=1)
    _tell_use(frame.index.to_numpy("object"), vague & here & ~told, (use == "mixed") & here & ~told, report)
    return Buildings(frame, block, zone, counted, floor_area, expected, home | told)


def _use_of(frame: gpd.GeoDataFrame) -> Words:
    return np.asarray(frame["use"].astype("object").fillna("unknown").to_numpy("object"))


def _counted(frame: gpd.GeoDataFrame) -> dict[str, Floats]:
    """Return the counts per building, without those that an earlier placement made."""
    counts = {m: frame[m].to_numpy("float64", na_value=np.nan) for m in ("dwellings", "households", "people")}
    for measure, value in counts.items():
        value[~own(frame, f"{measure}_source", "building")] = np.nan
    if "households_made" in frame.columns:
        counts["households"][frame["households_made"].fillna(False).to_numpy(bool)] = np.nan
    return counts


def _floors(frame: gpd.GeoDataFrame, likes: list[list[Words | Ints]], home: Flags, report: Report) -> Floats:
    """Return storeys: known, from the height, or the median of like buildings (estate, block, study; same use)."""
    options, names = report.options, frame.index.to_numpy("object")
    floors: Floats = frame["floors"].to_numpy("float64", na_value=np.nan).copy()
    floors[floors <= 0] = np.nan
    height = frame["height_m"].to_numpy("float64", na_value=np.nan)
    by_height = np.isnan(floors) & (height > 0)
    floors[by_height] = np.maximum(1, rounded(height[by_height] / options.storey_m))
    by_like = np.isnan(floors)
    _fill_by_likes(floors, likes)
    by_like &= ~np.isnan(floors)
    blank = np.isnan(floors)
    floors[blank] = options.default_floors
    if (by_height & home).any():
        report.tell("floors_from_height", "buildings", names[by_height & home], option="storey_m")
    if (by_like & home).any():
        report.tell("floors_median", "buildings", names[by_like & home])
    if (blank & home).any():
        report.tell("default_floors", "buildings", names[blank & home], option="default_floors")
    return floors


def _fill_by_likes(floors: Floats, likes: list[list[Words | Ints]]) -> None:
    """Fill missing storeys with the median of like buildings, the nearest likes first; only known storeys count."""
    known = pd.Series(floors.copy())
    for keys in likes:
        alike = known.groupby(keys)
        median = alike.transform("median").where(alike.transform("count") >= _LIKE).to_numpy()
        fits = np.isnan(floors) & ~np.isnan(median) & (keys[0] != -1 if len(keys) > 1 else True)
        floors[fits] = np.maximum(1, median[fits])


def _ratios(
    counted: Mapping[str, Floats], floor_area: Floats, here: Flags, *, houses: Flags, flats: Flags, report: Report
) -> dict[str, tuple[float, int]]:
    """Return the ratios left at their defaults that enough of the town's buildings tell, and how many tell each."""
    options, ratios = report.options, {}
    households, people, dwellings = (counted[m] for m in ("households", "people", "dwellings"))
    area = np.where(floor_area > 0, floor_area, np.nan)
    default = {option.name: option.default for option in fields(options)}
    for name, above, below, rows in (
        ("household_size", people, households, here),
        ("occupancy", households, dwellings, here),
        ("flat_m2", area, dwellings, flats),
        ("house_m2", area, dwellings, houses),
    ):
        told = rows & ~np.isnan(above) & (below > 0)  # an empty building has told its households
        if told.sum() >= _ENOUGH and getattr(options, name) == default[name] and name not in options.sources:
            ratios[name] = (float(above[told].sum() / below[told].sum()), int(told.sum()))
    return ratios


def _tell_use(names: Words, vague: Flags, mixed: Flags, report: Report) -> None:
    """Report the uses that were assumed, of buildings whose numbers are not all known."""
    if vague.any():
        report.tell("unknown_use", "buildings", names[vague])
    if mixed.any():
        report.tell("mixed_share", "buildings", names[mixed], option="mixed_share")
