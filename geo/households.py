"""Dwellings, households and people onto buildings and blocks, every number with its source.

What is known is used in the order of its trust: counts per building; totals of blocks, estates, census areas and
communities, shared out by residential floor area; the population raster; at last an estimate from floor area. Totals
are kept to the last household by largest remainder. `docs/households.md` tells the method with an example.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.errors import SHOWN_IDS, Fault, InputError
from geo.raster import Raster, sum_under
from geo.schema import check, conform
from geo.study import Action, Repair

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.object_]

SOURCES = ("building", "block", "estate", "census", "community", "raster", "floor_area", "household_size", "none")
"""Where a number comes from. `household_size` is a source of people only: assumed from known households."""

_KINDS = ("estate", "block", "census", "community")
"""Kinds of areas with totals, from the most local to the widest: the order in which they are shared out."""
_TABLES = {"estate": "estates", "block": "blocks", "census": "census", "community": "communities"}
_HOMES = ("residential", "mixed")
_COUNTED = 10
"""Rank of a count per building. Ranks order trust: a total may move amounts of a lower rank, never its own or above."""
_CONVERTED = 1
"""Rank of households per building made from dwellings or people: a total of any kind may correct them."""
_OPEN_SHARE = 0.05
"""Share of an area's land that must be free of smaller totals to take what they leave; less is a digitising gap."""
_CROWDED_M2 = 15.0
"""Floor area [m²] per household below which a building's share is reported as implausible."""
_ENOUGH = 30
"""How many buildings that tell both sides of a ratio make the town's own ratio better than a national figure."""
_LIKE = 3
"""How many buildings with known floors make a median worth taking."""

_PROVENANCE = {
    "household_size": (
        "第七次全国人口普查公报(第二号),2021年:平均每个家庭户2.62人",
        "China's 2020 census, communiqué no. 2 (2021): 2.62 people per family household",
    ),
    "occupancy": (
        "中国家庭金融调查2017年:城镇住房约22%空置",
        "China Household Finance Survey 2017: about 22 % of urban dwellings stand empty",
    ),
    "flat_m2": (
        "《中国人口普查年鉴2020》:城市家庭户户均住房建筑面积92.17平方米",
        "China Population Census Yearbook 2020: 92.17 m² gross per household in cities",
    ),
    "house_m2": (
        "《中国人口普查年鉴2020》:全国家庭户户均住房建筑面积111.18平方米",
        "China Population Census Yearbook 2020: 111.18 m² gross per household nationwide",
    ),
}


@dataclass(frozen=True)
class HouseholdOptions:
    """Assumptions used where nothing better is known, and which total wins when two disagree."""

    household_size: float = 2.62
    """People per household. Default: China's 2020 census."""
    occupancy: float = 0.78
    """Households per dwelling. Default: the China Household Finance Survey of 2017 found about 22 % empty."""
    flat_m2: float = 92.0
    """Gross floor area [m²] per dwelling in buildings above `house_floors` storeys (2020 census, cities: 92.17)."""
    house_m2: float = 111.0
    """Gross floor area [m²] per dwelling in lower buildings (2020 census, national mean: 111.18)."""
    house_floors: float = 3.0
    """Storeys up to which a building is a house rather than flats."""
    storey_m: float = 3.0
    """Height of a storey [m], to make storeys of a known height."""
    default_floors: float = 3.0
    """Storeys of a building when neither it nor any like it tells them."""
    mixed_share: float = 0.8
    """Share (0 to 1) of a mixed building's floor area that is lived in."""
    unknown_is_home: bool = True
    """Whether a building of unknown use counts as residential."""
    smallest_home_m2: float = 20.0
    """Footprint [m²] below which a building of unknown use is a shed."""
    trust: Literal["communities", "census"] = "communities"
    """Which totals win where census areas and communities contradict each other: `communities` keeps the communities'
    totals and uses the census as the pattern inside them, `census` keeps the census areas' and reports the rest."""
    whole_share: float = 0.95
    """Share (0 to 1) of an area that must lie inside the blocks for its total to be used whole; of other areas only
    the part inside is used, by the raster or by area."""
    nearest_m: float = 100.0
    """How far from any block [m] a building may lie and still belong to the nearest; beyond, it is outside."""
    estimate: bool = True
    """Whether floor area may stand in where nothing is known; otherwise such numbers stay missing."""
    measured: bool = True
    """Whether household_size, occupancy, flat_m2 and house_m2, where left at their defaults, give way to the ratio
    measured in this town when at least 30 of its buildings tell it. Reported like every assumption."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where values of your own come from, by the option's name: shown in the repairs beside the value."""

    def __post_init__(self) -> None:
        faults = []
        for option in fields(self):
            value = getattr(self, option.name)
            share = option.name in ("mixed_share", "whole_share")
            if option.type is not float and option.type != "float":
                continue
            least_ok = value >= 0 if option.name in ("nearest_m", "smallest_home_m2", "house_floors") else value > 0
            if not (np.isfinite(value) and least_ok and (value <= 1 or not share)):
                wanted = "a share above 0, up to 1" if share else "a positive number"
                faults.append(Fault(f"the option {option.name} is {value!r}", f"give {wanted}"))
        if self.trust not in ("communities", "census"):
            faults.append(Fault(f"the option trust is {self.trust!r}", "use 'communities' or 'census'"))
        if faults:
            raise InputError(faults)

    def provenance(self, name: str) -> tuple[str, str]:
        """Return where the value of the option `name` comes from, in Chinese and English."""
        if name in self.sources:
            return self.sources[name], self.sources[name]
        default = next(option.default for option in fields(self) if option.name == name)
        if getattr(self, name) != default:
            return "由用户设定,未注明来源", "set by the user, no source given"
        return _PROVENANCE.get(name, ("常用取值,应以当地数据核定", "a usual value; check it against local data"))


@dataclass(frozen=True)
class Placement:
    """Blocks and buildings with their households, and the account of where every number came from."""

    blocks: gpd.GeoDataFrame
    """The blocks, same index and order, with households, people, dwellings, buildings_count, area_m2, community_id,
    households_source, people_source, dwellings_source (see `SOURCES`)."""
    buildings: gpd.GeoDataFrame | None
    """The buildings, same index and order, with households, people, dwellings, their sources, households_made (made
    from its dwellings or people rather than counted), block_id (missing: outside the study) and residential_m2 (the
    residential floor area used, missing where nobody is taken to live)."""
    summary: pd.DataFrame
    """One row per source: source, buildings, blocks, households, people, share (of the households, 0 to 1), note_zh,
    note_en. Households and people add up to the blocks'."""
    repairs: tuple[Repair, ...]
    """What was assumed or estimated (one row each), and every area whose total could not be kept."""
    checks: pd.DataFrame
    """One row per area with a total: kind, zone_id, inside_share, households_given, households_used (the part inside
    the study), households_placed, households_difference (placed less used), and the same for people."""


def place_households(
    blocks: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame | None = None,
    *,
    estates: gpd.GeoDataFrame | None = None,
    communities: gpd.GeoDataFrame | None = None,
    census: gpd.GeoDataFrame | None = None,
    population: Raster | None = None,
    options: HouseholdOptions | None = None,
) -> Placement:
    """Return blocks and buildings with households, people and dwellings, and an account of the sources.

    A number known is never changed. Each other building takes its share of the most local total that covers it, by
    residential floor area; the wider totals then place what is left of them. Where no total reaches, the raster speaks;
    where that is silent too, floor area does, if the options allow it.

    Parameters
    ----------
    blocks
        The table `blocks`. Blocks that bring households or people of their own (census areas taken as blocks) keep them
        exactly.
    buildings
        The table `buildings`. Its `estate_id` and `community_id` outrank the map. Without it all goes onto blocks.
    estates, communities, census
        Areas with totals of households, people or both; all in the CRS of the blocks. Nested areas are welcome.
    population
        People per cell, any CRS.
    options
        Assumptions, each with its provenance, and which of census and communities is trusted more.

    Returns
    -------
    Placement
        Whole households, people and dwellings, conserved exactly per area and overall by largest remainder (ties by
        building and block id), whatever the order of the rows. Placing a placement again gives the same.

    Raises
    ------
    InputError
        When a table breaks its contract (negative, textual or infinite counts among them), tables differ in CRS, there
        is no block, or the raster holds negative or infinite values. Every fault is in the one error.

    Examples
    --------
    Two blocks, one estate of 30 households, a house of 10 x 10 m with one floor and one of two:

    >>> from shapely import box
    >>> blocks = gpd.GeoDataFrame(index=["k1", "k2"], geometry=[box(0, 0, 50, 50), box(50, 0, 99, 50)], crs=4549)
    >>> homes = gpd.GeoDataFrame({"use": "residential", "floors": [1, 2]}, index=["h1", "h2"],
    ...                          geometry=[box(5, 5, 15, 15), box(60, 5, 70, 15)], crs=4549)
    >>> estate = gpd.GeoDataFrame({"households": [30]}, index=["e1"], geometry=[box(0, 0, 99, 50)], crs=4549)
    >>> place_households(blocks, homes, estates=estate).blocks["households"].to_dict()
    {'k1': 10, 'k2': 20}
    """
    options = options or HouseholdOptions()
    tables = _checked(
        {"blocks": blocks, "buildings": buildings, "estates": estates, "communities": communities, "census": census},
        population,
    )
    town = _Town(tables, population, options)
    households = town.place("households")
    people = town.place("people", households)
    dwellings = town.place_dwellings(households)
    out = _account(town, households, people, dwellings)
    homes = None if buildings is None or out.buildings is None else out.buildings.loc[buildings.index.astype(str)]
    return replace(out, blocks=out.blocks.loc[blocks.index.astype(str)], buildings=homes)


# --- the border: tables in ------------------------------------------------------------------------------------------


def _checked(given: Mapping[str, gpd.GeoDataFrame | None], population: Raster | None) -> dict[str, gpd.GeoDataFrame]:
    """Return the tables as their contracts have them, or raise every fault found in any of them."""
    tables = {name: frame for name, frame in given.items() if frame is not None}
    faults = [fault for name, frame in tables.items() for fault in check(frame, name)]
    crs = tables["blocks"].crs
    faults += [
        Fault(f"coordinates are in {frame.crs.name}, those of the blocks in {crs.name}", "project one to the other",
              table=name)
        for name, frame in tables.items() if crs is not None and frame.crs is not None and frame.crs != crs
    ]  # fmt: skip
    if not len(tables["blocks"]):
        faults.append(Fault("there are no blocks", "cut them first, with: shequ blocks", table="blocks"))
    if population is not None:
        bad = int((population.values < 0).sum() + np.isinf(population.values).sum())
        if bad:
            faults.append(
                Fault(f"the population raster holds {bad} negative or infinite cells",
                      "set its nodata value when it is imported, so that they count as unknown")
            )  # fmt: skip
    if faults:
        raise InputError(faults)
    return {name: _sorted_valid(conform(frame, name)) for name, frame in tables.items()}


def _sorted_valid(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows by id (so that nothing depends on the order given), their shapes without crossings."""
    frame = frame.sort_index()
    shapes = frame.geometry.to_numpy().copy()
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    return frame.set_geometry(gpd.GeoSeries(shapely.force_2d(shapes), frame.index, crs=frame.crs))


# --- the town: buildings, faces, areas ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Zones:
    """The areas of one kind that have a total, disjoint, in the order of their ids."""

    kind: str
    ids: Words
    shapes: Words
    given: dict[str, Floats]
    """households, people: as in the table, NaN where missing."""
    inside: Floats
    """Share of each area whose total is placed: 1, or the part inside the blocks."""

    def used(self, measure: str) -> Floats:
        """Return the totals to place: the part inside the study, in whole units; NaN for areas outside it."""
        part = np.where(self.inside < 1, _rounded(self.given[measure] * self.inside), self.given[measure])
        return np.where(self.inside > 0, part, np.nan)

    @property
    def told(self) -> Flags:
        """Which areas have a total to place."""
        return ~np.isnan(self.used("households")) | ~np.isnan(self.used("people"))


@dataclass
class _Amounts:
    """One measure over the atoms: value (NaN unknown), rank of trust (0 open), source; and what did not fit."""

    value: Floats
    fair: Floats
    """The value before it was rounded: what a more trusted total scales."""
    rank: Ints
    source: Words
    left: dict[str, Floats] = field(default_factory=dict)
    """By kind, per area: what could not be placed (positive), or what is known beyond the total (negative)."""
    direct: dict[str, Floats] = field(default_factory=dict)
    """By kind, per area: what went onto blocks for want of a home."""


def _no_amounts(size: int) -> _Amounts:
    return _Amounts(
        np.full(size, np.nan), np.zeros(size), np.zeros(size, dtype=np.int64), np.full(size, "none", dtype=object)
    )


class _Town:
    """The atoms everything is placed on: buildings where people may live, then the faces of land between all borders.

    A face is a piece of one block that lies in one (or no) area of each kind; it takes what no building can.
    """

    def __init__(
        self, tables: Mapping[str, gpd.GeoDataFrame], population: Raster | None, options: HouseholdOptions
    ) -> None:
        self.options = options
        self.population = population
        self.repairs: list[Repair] = []
        self.measured: dict[str, tuple[str, str]] = {}
        self.raster_people = self.raster_weight = np.empty(0)
        self.blocks = tables["blocks"]
        self.communities = tables.get("communities")
        self.buildings = tables.get("buildings")
        self._block_tree = shapely.STRtree(self.blocks.geometry.to_numpy())
        self.zones = self._read_zones(tables)
        self._cut_faces()
        self._weigh_buildings(tables)
        self._join_atoms()

    # areas

    def _read_zones(self, tables: Mapping[str, gpd.GeoDataFrame]) -> dict[str, _Zones]:
        zones = {}
        for kind in _KINDS:
            frame = tables.get(_TABLES[kind])
            if frame is None:
                continue
            counts = {m: frame[m].to_numpy("float64", na_value=np.nan) for m in ("households", "people")}
            if kind == "block":
                for measure, source in (("households", "households_source"), ("people", "people_source")):
                    counts[measure][~_own(frame, source, "block")] = np.nan
            # communities without totals are kept: blocks want to know their community
            told = ~np.isnan(counts["households"]) | ~np.isnan(counts["people"]) | (kind == "community")
            if not told.any():
                continue
            shapes = frame.geometry.to_numpy()[told]
            ids = frame.index.to_numpy("object")[told]
            if kind == "block":
                inside = np.ones(len(ids))
            else:
                shapes = self._disjoint(shapes, ids, kind)
                inside = self._inside(shapes)
            zones[kind] = _Zones(kind, ids, shapes, {m: c[told] for m, c in counts.items()}, inside)
            self._tell_partial(zones[kind])
        return zones

    def _disjoint(self, shapes: Words, ids: Words, kind: str) -> Words:
        """Return the areas without the smaller ones that lie on them, so that a place is in one area of a kind."""
        area = shapely.area(shapes)
        size_order = np.lexsort((np.arange(len(ids)), area))
        place = np.empty(len(ids), dtype=np.int64)
        place[size_order] = np.arange(len(ids))
        large, small = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        pair = place[large] > place[small]
        large, small = large[pair], small[pair]
        common = shapely.area(shapely.intersection(shapes[large], shapes[small]))
        large, small, common = large[common > 1], small[common > 1], common[common > 1]
        out = shapes.copy()
        for zone in np.unique(large):
            out[zone] = shapely.difference(shapes[zone], shapely.union_all(shapes[small[large == zone]]))
        serious = common > 0.01 * area[small]
        if serious.any():
            pairs = [f"{ids[a]}/{ids[b]}" for a, b in zip(large[serious], small[serious], strict=True)]
            self.tell("areas_overlap", _TABLES[kind], pairs)
        return out

    def _inside(self, shapes: Words) -> Floats:
        """Return the share of each area that lies in the study: of its people by the raster, else of its land."""
        area = shapely.area(shapes)
        land = self.blocks.geometry.to_numpy()
        zone, block = shapely.STRtree(land).query(shapes, predicate="intersects")
        covered = np.bincount(zone, shapely.area(shapely.intersection(shapes[zone], land[block])), len(shapes))
        share = np.divide(covered, area, out=np.zeros(len(shapes)), where=area > 0)
        partial = np.flatnonzero((share < self.options.whole_share) & (share > 0))
        if len(partial):
            inner = shapely.intersection(shapes[partial], _outline(land, self.options.nearest_m / 2))
            share[partial] = shapely.area(inner) / area[partial]
            if self.population is not None:
                whole = self._raster_sum(shapes[partial])
                heard = whole > 0
                share[partial[heard]] = self._raster_sum(inner[heard]) / whole[heard]
        share[share >= self.options.whole_share] = 1
        return share

    def _tell_partial(self, zones: _Zones) -> None:
        cut = (zones.inside < 1) & zones.told
        if cut.any():
            self.tell("area_partly_outside", _TABLES[zones.kind], zones.ids[cut], how=self.land_measure)

    # land

    def _cut_faces(self) -> None:
        pieces = self.blocks.geometry.to_numpy()
        block = np.arange(len(pieces))
        member: dict[str, Ints] = {}
        for kind, zones in self.zones.items():
            if kind == "block":
                continue
            piece, zone, pieces = _overlay(pieces, zones.shapes)
            block = block[piece]
            member = {k: m[piece] for k, m in member.items()} | {kind: zone}
        if "block" in self.zones:
            member["block"] = _lookup(self.zones["block"].ids, self.blocks.index.to_numpy("object"))[block]
        order = np.lexsort((*reversed(list(member.values())), block))
        self.faces = pieces[order]
        self.face_area = shapely.area(self.faces)
        self.face_block = block[order]
        self.face_zone = {kind: zone[order] for kind, zone in member.items()}

    def _raster_sum(self, shapes: Words) -> Floats:
        if self.population is None:
            return np.full(len(shapes), np.nan)
        return np.asarray(sum_under(self.population, gpd.GeoSeries(shapes, crs=self.blocks.crs)), dtype="float64")

    # buildings

    def _weigh_buildings(self, tables: Mapping[str, gpd.GeoDataFrame]) -> None:
        """Find each building's block, areas and residential floor area."""
        frame = self.buildings
        if frame is None:
            self.building_block = np.empty(0, dtype=np.int64)
            return
        points = shapely.point_on_surface(frame.geometry.to_numpy())
        self.building_block = self._block_of(points, frame.index.to_numpy("object"))
        self.building_zone = {}
        names = frame.index.to_numpy("object")
        for kind, zones in self.zones.items():
            if kind == "block":
                ids = self.blocks.index.to_numpy("object")
                by_block = np.append(_lookup(zones.ids, ids), -1)
                self.building_zone[kind] = by_block[self.building_block]
                continue
            zone = _first_match(shapely.STRtree(zones.shapes), points)
            if kind in ("estate", "community"):
                said = frame[f"{kind}_id"].to_numpy("object")
                zone = self._as_registered(said, zone, zones, tables[_TABLES[kind]], names)
            self.building_zone[kind] = zone
        compound = np.full(len(frame), -1)
        if "estates" in tables:
            compound = _first_match(shapely.STRtree(tables["estates"].geometry.to_numpy()), points)
            said = _lookup(tables["estates"].index.to_numpy("object"), frame["estate_id"].to_numpy("object"))
            compound = np.where(said >= 0, said, compound)
        self._measure_floors(frame, compound)

    def _block_of(self, points: Words, names: Words) -> Ints:
        block = _first_match(self._block_tree, points)
        lost = np.flatnonzero(block < 0)
        if len(lost):
            row, near = self._block_tree.query_nearest(points[lost], max_distance=max(self.options.nearest_m, 1e-9))
            block[lost[row[::-1]]] = near[::-1]  # of several at the same distance the first id
            moved, gone = lost[block[lost] >= 0], lost[block[lost] < 0]
            if len(moved):
                self.tell("nearest_block", "buildings", names[moved])
            if len(gone):
                self.tell("outside_blocks", "buildings", names[gone], metres=self.options.nearest_m)
        return block

    def _as_registered(self, said: Words, zone: Ints, zones: _Zones, table: gpd.GeoDataFrame, names: Words) -> Ints:
        """Return the area the register names, where it names one; the area on the map elsewhere."""
        named = ~pd.isna(said)
        known = named & np.isin(said.astype(str), table.index.to_numpy("object").astype(str))
        if (named & ~known).any():
            self.tell(f"unknown_{zones.kind}", "buildings", names[named & ~known])
        registered = _lookup(zones.ids, said)
        apart = known & (registered != zone)
        if apart.any():
            self.tell(f"registered_{zones.kind}", "buildings", names[apart])
        return np.where(known, registered, zone)

    def _measure_floors(self, frame: gpd.GeoDataFrame, compound: Ints) -> None:
        """Residential floor area and the households expected from it; both 0 where nobody is taken to live."""
        options = self.options
        footprint = shapely.area(frame.geometry.to_numpy())
        use = frame["use"].astype("object").fillna("unknown").to_numpy("object")
        vague = (use == "unknown") & options.unknown_is_home & (footprint >= options.smallest_home_m2)
        home = np.isin(use, _HOMES) | vague
        here = self.building_block >= 0
        guessed = (frame["floors"].fillna(0) <= 0).to_numpy()
        floors = self._floors(frame, compound, home & here)
        share = np.where(use == "mixed", options.mixed_share, 1.0)
        self.floor_area = np.where(home, footprint * floors * share, 0.0)
        counts = {m: frame[m].to_numpy("float64", na_value=np.nan) for m in ("dwellings", "households", "people")}
        for measure, value in counts.items():
            value[~_own(frame, f"{measure}_source", "building")] = np.nan
        if "households_made" in frame.columns:
            counts["households"][frame["households_made"].fillna(False).to_numpy(bool)] = np.nan
        self.counted = counts
        low = floors <= options.house_floors
        self._measure_ratios(low & ~guessed & here, ~low & ~guessed & here)
        options = self.options
        self.expected = self.floor_area / np.where(low, options.house_m2, options.flat_m2) * options.occupancy
        told = ~np.isnan(np.column_stack(list(counts.values()))).all(axis=1)
        self.lived_in = home | told
        names, asked = frame.index.to_numpy("object"), here & ~told
        if (vague & asked).any():
            self.tell("unknown_use", "buildings", names[vague & asked])
        mixed = (use == "mixed") & asked
        if mixed.any():
            self.tell("mixed_share", "buildings", names[mixed], option="mixed_share")

    def _measure_ratios(self, houses: Flags, flats: Flags) -> None:
        """Let the town's own buildings set the ratios left at their defaults, where enough of them tell both sides."""
        if not self.options.measured:
            return
        households, people, dwellings = (self.counted[m] for m in ("households", "people", "dwellings"))
        area = np.where(self.floor_area > 0, self.floor_area, np.nan)
        here, ratios = self.building_block >= 0, {}
        for name, above, below, rows in (
            ("household_size", people, households, here),
            ("occupancy", households, dwellings, here),
            ("flat_m2", area, dwellings, flats),
            ("house_m2", area, dwellings, houses),
        ):
            told = rows & ~np.isnan(above) & (below > 0)  # an empty building has told its households
            default = next(option.default for option in fields(self.options) if option.name == name)
            if told.sum() >= _ENOUGH and getattr(self.options, name) == default and name not in self.options.sources:
                ratios[name] = float(above[told].sum() / below[told].sum())
                n = int(told.sum())
                self.measured[name] = (f"由本项目{n}栋建筑实测", f"measured on {n} buildings of this study")
        given = self.options
        self.options = replace(
            given,
            household_size=ratios.get("household_size", given.household_size),
            occupancy=ratios.get("occupancy", given.occupancy),
            flat_m2=ratios.get("flat_m2", given.flat_m2),
            house_m2=ratios.get("house_m2", given.house_m2),
        )

    def _floors(self, frame: gpd.GeoDataFrame, compound: Ints, home: Flags) -> Floats:
        """Return storeys: known, from the height, or the median of like buildings (estate, block, study; same use)."""
        options, names = self.options, frame.index.to_numpy("object")
        floors: Floats = frame["floors"].to_numpy("float64", na_value=np.nan).copy()
        floors[floors <= 0] = np.nan
        height = frame["height_m"].to_numpy("float64", na_value=np.nan)
        by_height = np.isnan(floors) & (height > 0)
        floors[by_height] = np.maximum(1, _rounded(height[by_height] / options.storey_m))
        if (by_height & home).any():
            self.tell("floors_from_height", "buildings", names[by_height & home], option="storey_m")
        known = pd.Series(floors)
        missing = np.isnan(floors)
        use = frame["use"].astype("object").fillna("unknown").to_numpy("object")
        likes: list[list[Words | Ints]] = [[compound, use], [self.building_block, use], [use]]
        for keys in likes:
            alike = known.groupby(keys)
            median = alike.transform("median").where(alike.transform("count") >= _LIKE).to_numpy()
            fits = np.isnan(floors) & ~np.isnan(median) & (keys[0] != -1 if len(keys) > 1 else True)
            floors[fits] = np.maximum(1, median[fits])
        by_like = missing & ~np.isnan(floors) & home
        if by_like.any():
            self.tell("floors_median", "buildings", names[by_like])
        blank = np.isnan(floors)
        floors[blank] = options.default_floors
        if (blank & home).any():
            self.tell("default_floors", "buildings", names[blank & home], option="default_floors")
        return floors

    # atoms

    def _join_atoms(self) -> None:
        """Put buildings and faces into one row of atoms, buildings first: ties are broken in this order."""
        faces = len(self.faces)
        if self.buildings is None:
            self.rows = np.empty(0, dtype=np.int64)
            self.floor_area = self.expected = np.empty(0)
            self.counted = {m: np.empty(0) for m in ("dwellings", "households", "people")}
            self.building_zone = {kind: np.empty(0, dtype=np.int64) for kind in self.zones}
        else:
            self.rows = np.flatnonzero((self.building_block >= 0) & self.lived_in)
        rows = self.rows
        self.homes = len(rows)
        self.is_face = np.arange(len(rows) + faces) >= len(rows)
        self.block = np.concatenate([self.building_block[rows], self.face_block])
        self.floor = np.concatenate([self.floor_area[rows], np.zeros(faces)])
        self.hoped = np.concatenate([self.expected[rows], np.zeros(faces)])
        self.land = np.concatenate([np.zeros(len(rows)), self.face_area])
        self.zone = {k: np.concatenate([self.building_zone[k][rows], self.face_zone[k]]) for k in self.zones}
        self.covered = np.zeros(len(self.block), dtype=bool)
        for kind, zone in self.zone.items():
            self.covered |= np.append(self.zones[kind].told, False)[zone]

    # placing

    def place(self, measure: Literal["households", "people"], households: _Amounts | None = None) -> _Amounts:
        """Return one measure over all atoms: counts, then totals from the most local, then raster, then estimate."""
        amounts = self._counts(measure)
        for kind in self.zones:
            self._share_totals(amounts, kind, measure, households)
        if households is None:
            self._hear_raster(amounts)
            self._estimate(amounts)
        else:
            self._follow(amounts, households)
        return amounts

    def _counts(self, measure: str) -> _Amounts:
        """Start from the counts per building; dwellings or people become households where those are unknown."""
        options, rows, size = self.options, self.rows, len(self.block)
        amounts = _no_amounts(size)
        known = {m: v[rows] for m, v in self.counted.items()}
        value, rank = amounts.value[: self.homes], amounts.rank[: self.homes]
        value[:] = known[measure]
        rank[~np.isnan(value)] = _COUNTED
        if measure == "households":
            names = self.names(rows)
            for origin, factor, option in (
                ("dwellings", options.occupancy, "occupancy"),
                ("people", 1 / options.household_size, "household_size"),
            ):
                make = np.isnan(value) & ~np.isnan(known[origin])
                if not make.any():
                    continue
                value[make] = _spread(known[origin][make] * factor, self.block[: self.homes][make])
                many = make & (known["people"] < value)
                value[many] = known["people"][many]  # never more households than people
                rank[make] = _CONVERTED
                amounts.fair[: self.homes][make] = np.where(many, value, np.nan_to_num(known[origin]) * factor)[make]
                self.tell(f"households_from_{origin}", "buildings", names[make], option=option)
        amounts.source[: self.homes][~np.isnan(value)] = "building"
        return amounts

    def _totals(self, zones: _Zones, measure: str) -> tuple[Floats, Ints]:
        """Return the totals of one kind and their ranks; where only people are known, households follow from them."""
        first = self.options.trust == "communities"
        trust = {"census": 0 if first else 1, "community": 1 if first else 0, "estate": 2, "block": 3}[zones.kind]
        total = zones.used(measure)
        rank = np.full(len(total), 6 + trust)
        if measure == "households":
            only = np.isnan(total) & ~np.isnan(zones.used("people"))
            total = np.where(only, _rounded(zones.used("people") / self.options.household_size), total)
            rank[only] = 2 + trust
            if only.any():
                self.tell("area_households", _TABLES[zones.kind], zones.ids[only], option="household_size")
        return total, rank

    def _share_totals(self, amounts: _Amounts, kind: str, measure: str, households: _Amounts | None) -> None:
        """Share out the totals of one kind of areas, and keep what could not be placed."""
        zones, zone = self.zones[kind], self.zone[kind]
        total, rank = self._totals(zones, measure)
        weight, expected = self.floor, self.hoped
        if households is not None:
            present = np.where(amounts.rank == 0, np.nan_to_num(households.value).clip(0), 0)
            peopled = _sums(present, zone, len(total)) > 0
            weight = np.where(np.append(peopled, False)[zone], np.nan_to_num(households.value).clip(0), self.floor)
            expected = np.nan_to_num(households.value).clip(0) * self.options.household_size
        inside = (zone >= 0) & ~np.isnan(np.append(total, np.nan)[zone])
        limit = np.append(rank, 0)[zone]
        hard = inside & (amounts.rank >= limit)
        soft = inside & (amounts.rank > 0) & (amounts.rank < limit)
        free = inside & (amounts.rank == 0) & (weight > 0)
        n = len(total)
        rest = total - _sums(np.nan_to_num(amounts.value), np.where(hard, zone, -1), n)
        held = _sums(np.nan_to_num(amounts.value), np.where(soft, zone, -1), n)
        has_free = _sums(np.ones(len(zone)), np.where(free, zone, -1), n) > 0
        over = rest < 0
        keep = ~over & (held <= rest) & (has_free | (held == rest))
        scale = ~over & ~keep & (held > 0)
        ground = ~over & ~keep & ~scale & ~np.isnan(rest)
        open_land = inside & self.is_face & (amounts.rank < limit)
        roomy = _sums(self.land, np.where(open_land, zone, -1), n) >= _OPEN_SHARE * _sums(
            self.land, np.where(inside, zone, -1), n
        )
        ground_ok = ground & roomy & (_sums(np.ones(len(zone)), np.where(open_land, zone, -1), n) > 0)

        def of(flags: Flags) -> Flags:
            return np.asarray(np.append(flags, False)[zone], dtype=bool)

        land_weight = self._land_weight(zone, open_land & of(ground_ok), n)
        share = np.select(
            [free & of(keep), soft & of(scale), free & of(scale), open_land & of(ground_ok)],
            [weight, amounts.fair, expected, land_weight], default=0.0,
        )  # fmt: skip
        takes = (free & of(keep)) | ((soft | free) & of(scale)) | (open_land & of(ground_ok))
        to_place = np.where(keep, np.maximum(rest - held, 0), np.where(scale | ground_ok, rest, 0))
        amounts.value[takes] = amounts.fair[takes] = _apportion(np.nan_to_num(to_place), zone[takes], share[takes])
        closed = inside & (amounts.rank == 0) & ~takes
        if households is not None and kind != "block":  # a household has people, whatever the area's total says
            closed &= ~(of(over) & (weight > 0))
        amounts.value[closed] = 0
        amounts.source[takes | closed] = kind
        held_fast = inside & ~np.isnan(amounts.value)
        amounts.rank[held_fast] = np.maximum(amounts.rank[held_fast], limit[held_fast])
        amounts.left[kind] = np.where(over, rest - held, np.where(ground & ~ground_ok, rest, 0))
        amounts.direct[kind] = np.where(ground_ok, rest, 0)
        if kind == "block":
            self._balance(amounts, zone, amounts.left[kind])

    def _land_weight(self, zone: Ints, land: Flags, n: int) -> Floats:
        """Return the weight of faces: people in the raster where it knows any in the area, else land."""
        weight = np.where(land, self.land, 0.0)
        if self.population is not None and land.any():
            people = np.zeros(len(zone))
            people[land] = np.nan_to_num(self._raster_sum(self.faces[np.flatnonzero(land) - self.homes]))
            peopled = _sums(people, np.where(land, zone, -1), n) > 0
            weight = np.where(np.append(peopled, False)[zone], people, weight)
        return weight

    def _balance(self, amounts: _Amounts, zone: Ints, left: Floats) -> None:
        """Keep a block's own total when its buildings exceed it: its largest face takes the (negative) rest."""
        for wrong in np.flatnonzero(left):
            faces = np.flatnonzero((zone == wrong) & self.is_face)
            amounts.value[faces[np.argmax(self.land[faces])]] += left[wrong]

    def _hear_raster(self, households: _Amounts) -> None:
        """Let the raster fill what no total covers: people less those already counted, by floor area in each block."""
        if self.population is None:
            return
        n, options = len(self.blocks), self.options
        bare = self.is_face & (households.rank == 0)
        heard = np.full(len(bare), np.nan)
        heard[bare] = self._raster_sum(self.faces[np.flatnonzero(bare) - self.homes])
        heard_block = np.where(~np.isnan(heard), self.block, -1)
        people = _sums(np.nan_to_num(heard), heard_block, n)
        known = ~self.is_face & ~self.covered & (households.rank > 0)
        head = np.full(len(bare), np.nan)
        head[: self.homes] = self.counted["people"][self.rows]
        head = np.where(np.isnan(head), households.value * options.household_size, head)
        people = np.maximum(people - _sums(np.nan_to_num(head), np.where(known, self.block, -1), n), 0)
        spoken = _sums(np.ones(len(bare)), heard_block, n) > 0
        free = ~self.is_face & (households.rank == 0) & (self.floor > 0) & spoken[self.block]
        has_free = _sums(free, self.block, n) > 0
        has_known = _sums(known, self.block, n) > 0
        takes = free | (~np.isnan(heard) & ~has_free[self.block] & ~has_known[self.block])
        weight = np.where(self.is_face, np.nan_to_num(heard), self.floor)
        takes &= weight > 0
        used = np.where(_sums(takes, self.block, n) > 0, people, 0)
        self.raster_people = _apportion(_rounded(np.array([used.sum()])), np.zeros(n, dtype=np.int64), used)
        total = _rounded(np.array([self.raster_people.sum() / options.household_size]))
        per_block = _apportion(total, np.zeros(n, dtype=np.int64), self.raster_people)
        households.value[takes] = _apportion(per_block, self.block[takes], weight[takes])
        silent = (free | ~np.isnan(heard)) & ~takes
        households.value[silent] = 0
        households.source[takes | silent] = "raster"
        self.raster_weight = np.where(takes, weight, 0)
        if takes.any():
            ids = self.blocks.index.to_numpy("object")[used > 0]
            amount = int(self.raster_people.sum())
            self.tell("population_raster", "blocks", ids, option="household_size", amount=amount)

    def _estimate(self, households: _Amounts) -> None:
        """Estimate the buildings nothing else speaks of from their floor area."""
        blank = np.isnan(households.value) & ~self.is_face & (self.floor > 0)
        if not blank.any() or not self.options.estimate:
            return
        households.value[blank] = _spread(self.hoped[blank], self.block[blank])
        households.source[blank] = "floor_area"
        names, amount = self.names(self.rows)[blank[: self.homes]], int(households.value[blank].sum())
        options = self.options
        self.tell("floor_area", "buildings", names, option="occupancy", amount=amount, flat=options.flat_m2,
                  house=options.house_m2, low=options.house_floors,
                  why_flat=self.provenance("flat_m2"), why_house=self.provenance("house_m2"))  # fmt: skip

    def _follow(self, people: _Amounts, households: _Amounts) -> None:
        """Let people follow households where no total of people reaches: the raster's own, else the household size."""
        heard = (households.source == "raster") & (people.rank == 0)
        if heard.any():
            blocks = np.where(heard, self.block, -1)
            settled = _sums(np.nan_to_num(households.value), blocks, len(self.blocks)) > 0
            weight = np.where(settled[self.block], np.nan_to_num(households.value), self.raster_weight)
            people.value[heard] = _apportion(self.raster_people, self.block[heard], weight[heard])
            people.source[heard] = "raster"
        rest = np.isnan(people.value) & ~np.isnan(households.value)
        if not rest.any():
            return
        own = np.where(rest, households.value, 0).clip(0)
        people.value[rest] = _spread(own[rest] * self.options.household_size, self.block[rest])
        estimated = rest & (households.source == "floor_area")
        people.source[rest] = "household_size"
        people.source[estimated] = "floor_area"
        amount = int(own.sum())
        if amount:
            ids = self.blocks.index.to_numpy("object")[np.unique(self.block[rest & (own > 0)])]
            self.tell("people_from_households", "blocks", ids, option="household_size", amount=amount)

    def place_dwellings(self, households: _Amounts) -> _Amounts:
        """Return dwellings over all atoms: known ones kept, others from the households."""
        size = len(self.block)
        out = _no_amounts(size)
        out.value[: self.homes] = self.counted["dwellings"][self.rows]
        out.source[: self.homes][~np.isnan(out.value[: self.homes])] = "building"
        rest = np.isnan(out.value) & ~np.isnan(households.value)
        out.value[rest] = _spread(households.value[rest].clip(0) / self.options.occupancy, self.block[rest])
        out.source[rest] = "households"
        amount = int(out.value[rest].sum())
        if amount:
            ids = self.blocks.index.to_numpy("object")[np.unique(self.block[rest & (out.value > 0)])]
            self.tell("dwellings_from_households", "blocks", ids, option="occupancy", amount=amount)
        return out

    # words

    def names(self, rows: Ints) -> Words:
        """Return the ids of these buildings."""
        return np.empty(0, dtype=object) if self.buildings is None else self.buildings.index.to_numpy("object")[rows]

    @property
    def land_measure(self) -> tuple[str, str]:
        """What shares out among land, in Chinese and English."""
        return ("面积", "area") if self.population is None else ("人口栅格", "the population raster")

    def provenance(self, option: str) -> tuple[str, str]:
        """Return where the value of an option comes from, in Chinese and English."""
        return self.measured.get(option) or self.options.provenance(option)

    def tell(
        self, code: str, table: str, ids: Iterable[object], *, option: str | None = None,
        **values: float | tuple[str, str],
    ) -> None:  # fmt: skip
        """Keep one line for the report: `_SAID` has its words, `option` the assumption it rests on and names."""
        rows = list(ids)
        action, detail_zh, detail = _SAID[code]
        values |= {"n": len(rows)}
        if option is not None:
            values |= {"value": getattr(self.options, option), "why": self.provenance(option)}
        zh, en = ({k: v[i] if isinstance(v, tuple) else v for k, v in values.items()} for i in (0, 1))
        self.repairs.append(Repair(table, _some(rows), action, code, detail.format(**en), detail_zh.format(**zh)))


# --- the account: tables out ----------------------------------------------------------------------------------------


def _account(town: _Town, households: _Amounts, people: _Amounts, dwellings: _Amounts) -> Placement:
    amounts = {"households": households, "people": people, "dwellings": dwellings}
    buildings = _buildings_out(town, amounts)
    blocks = _blocks_out(town, amounts)
    checks = _checks(town, households, people)
    _tell_directs(town, households, people)
    _tell_conflicts(town, households, people)
    _tell_straddled(town, blocks, checks)
    summary = _summary(town, blocks, buildings, households, people)
    return Placement(blocks, buildings, summary, tuple(town.repairs), checks)


def _buildings_out(town: _Town, amounts: Mapping[str, _Amounts]) -> gpd.GeoDataFrame | None:
    if town.buildings is None:
        return None
    frame, rows, homes = town.buildings, town.rows, town.homes
    inside = town.building_block >= 0
    out = {}
    for measure, amount in amounts.items():
        value, source = town.counted[measure].copy(), np.full(len(frame), "none", dtype=object)
        source[~np.isnan(value)] = "building"
        value[inside & ~town.lived_in] = 0  # nobody lives there, as far as its use tells
        value[rows], source[rows] = amount.value[:homes], amount.source[:homes]
        source[np.isnan(value)] = "none"
        out[measure] = _counts_column(value, frame.index)
        out[f"{measure}_source"] = pd.Series(source, frame.index, dtype="str")
    made = np.zeros(len(frame), dtype=bool)
    made[rows] = (out["households_source"].to_numpy()[rows] == "building") & np.isnan(town.counted["households"][rows])
    out["households_made"] = pd.Series(made, frame.index)
    blocks = np.append(town.blocks.index.to_numpy("object"), np.nan)[town.building_block]
    out["block_id"] = pd.Series(blocks, frame.index, dtype="str")
    area = pd.Series(np.where(town.floor_area > 0, town.floor_area, np.nan), frame.index)
    return _geometry_last(frame.assign(**out, residential_m2=area))


def _blocks_out(town: _Town, amounts: Mapping[str, _Amounts]) -> gpd.GeoDataFrame:
    frame, n = town.blocks, len(town.blocks)
    in_block = town.building_block[town.building_block >= 0]
    standing = np.bincount(in_block, minlength=n)
    out: dict[str, pd.Series] = {}
    empty_zero = town.buildings is not None and len(in_block) > 0 and town.options.estimate
    for measure, amount in amounts.items():
        unknown = np.isnan(amount.value)
        lost = _sums(unknown & ~town.is_face, town.block, n) > 0
        heard = _sums(np.where(unknown, 0, town.land), town.block, n) >= 0.5 * _sums(town.land, town.block, n)
        known = ~lost & (heard | (standing > 0) | empty_zero)
        total = _sums(np.nan_to_num(amount.value), town.block, n)
        value = np.where(known, total, np.nan)
        source = _main_source(town, amount, "floor_area" if empty_zero else "none")
        source[~known] = "none"
        if "block" in town.zones and measure != "dwellings":
            zones = town.zones["block"]
            own = ~np.isnan(zones.given[measure])
            source[_lookup(frame.index.to_numpy("object"), zones.ids)[own]] = "block"
        out[measure] = _counts_column(value, frame.index)
        out[f"{measure}_source"] = pd.Series(source, frame.index, dtype="str")
    blank = frame.index.to_numpy("object")[out["households"].isna().to_numpy()]
    if len(blank):
        town.tell("no_households_known", "blocks", blank)
    out["buildings_count"] = _counts_column(standing, frame.index)
    out["area_m2"] = frame["area_m2"].fillna(frame.geometry.area)
    if town.communities is not None:
        out["community_id"] = _main_community(town, amounts["households"])
    return _geometry_last(frame.assign(**out))


def _main_source(town: _Town, amount: _Amounts, otherwise: str) -> Words:
    """Return for each block the source of most of its amount; by land where there is none, then by trust."""
    table = pd.DataFrame(
        {
            "block": town.block,
            "source": pd.Categorical(amount.source, categories=[*SOURCES, "households"]).codes,
            "amount": np.nan_to_num(amount.value),
            "land": town.land,
        }
    )[~np.isnan(amount.value)]
    sums = table.groupby(["block", "source"], as_index=False)[["amount", "land"]].sum()
    sums = sums.sort_values(["block", "amount", "land", "source"], ascending=[True, False, False, True], kind="stable")
    first = sums.drop_duplicates("block")
    out = np.full(len(town.blocks), otherwise, dtype=object)
    out[first["block"].to_numpy()] = np.array([*SOURCES, "households"], dtype=object)[first["source"].to_numpy()]
    return out


def _main_community(town: _Town, households: _Amounts) -> pd.Series:
    """Return each block's community of today: where most of its households live, else most of its land."""
    zone = town.zone["community"]
    table = pd.DataFrame(
        {"block": town.block, "zone": zone, "amount": np.nan_to_num(households.value), "land": town.land}
    )[zone >= 0]
    sums = table.groupby(["block", "zone"], as_index=False)[["amount", "land"]].sum()
    sums = sums.sort_values(["block", "amount", "land", "zone"], ascending=[True, False, False, True], kind="stable")
    first = sums.drop_duplicates("block")
    out = np.full(len(town.blocks), np.nan, dtype=object)
    out[first["block"].to_numpy()] = town.zones["community"].ids[first["zone"].to_numpy()]
    return pd.Series(out, town.blocks.index, dtype="str")


def _checks(town: _Town, households: _Amounts, people: _Amounts) -> pd.DataFrame:
    parts = []
    for kind, zones in town.zones.items():
        columns: dict[str, object] = {"kind": kind, "zone_id": zones.ids, "inside_share": zones.inside}
        for measure, amount in (("households", households), ("people", people)):
            placed = _sums(np.nan_to_num(amount.value), town.zone[kind], len(zones.ids))
            columns[f"{measure}_given"] = pd.array(zones.given[measure], dtype="Int64")
            columns[f"{measure}_used"] = pd.array(zones.used(measure), dtype="Int64")
            columns[f"{measure}_placed"] = pd.array(placed, dtype="Int64")
            columns[f"{measure}_difference"] = pd.array(placed - zones.used(measure), dtype="Int64")
        parts.append(pd.DataFrame(columns)[zones.told])
    names = [f"{m}_{c}" for m in ("households", "people") for c in ("given", "used", "placed", "difference")]
    if not parts:
        return pd.DataFrame({c: pd.array([], dtype="object") for c in ("kind", "zone_id", "inside_share", *names)})
    return pd.concat(parts, ignore_index=True)


def _tell_directs(town: _Town, households: _Amounts, people: _Amounts) -> None:
    """Report areas without a home to take their total, and homes too small for their share."""
    for kind, zones in town.zones.items():
        bare = (households.direct[kind] > 0) | (people.direct[kind] > 0)
        if kind == "block" or not bare.any():
            continue
        amount = int(households.direct[kind].sum())
        town.tell("placed_on_land", _TABLES[kind], zones.ids[bare], amount=amount, how=town.land_measure)
    value, area = households.value[: town.homes], town.floor[: town.homes]
    shared = (households.source[: town.homes] != "building") & (value > 0)
    crowded = shared & (area < _CROWDED_M2 * value)
    if crowded.any():
        amount, names = int(value[crowded].sum()), town.names(town.rows)[crowded]
        town.tell("crowded", "buildings", names, amount=amount, least=_CROWDED_M2)


def _tell_straddled(town: _Town, blocks: gpd.GeoDataFrame, checks: pd.DataFrame) -> None:
    """Report communities whose blocks together hold another number than they do: a block counts with one community."""
    placed = checks[checks["kind"] == "community"].set_index("zone_id")["households_placed"]
    by_block = blocks.groupby("community_id")["households"].sum().reindex(placed.index, fill_value=0)
    for community in placed.index[(by_block != placed).fillna(value=False)]:
        amount, counted = int(placed[community]), int(by_block[community])
        town.tell("border_straddled", "communities", [community], amount=amount, counted=counted)


def _tell_conflicts(town: _Town, households: _Amounts, people: _Amounts) -> None:
    """Report each area whose total could not be kept, and in one line per kind those a more trusted total overruled."""
    for kind, zones in town.zones.items():
        table, ids = _TABLES[kind], zones.ids
        for measure, amount in (("households", households), ("people", people)):
            unit, used, left = _UNIT[measure], zones.used(measure), amount.left[kind]
            theirs = ~np.isnan(used)  # households made from people carry no total to defend
            for i in np.flatnonzero((left != 0) & theirs):
                code = "total_not_reached" if left[i] > 0 else "known_above_total"
                kept = ("地块总数", "the block's total") if kind == "block" else ("已知数", "what is known")
                parts = used[i] - left[i]
                town.tell(code, table, [ids[i]], total=used[i], parts=parts, left=left[i], unit=unit, kept=kept)
            placed = _sums(np.nan_to_num(amount.value), town.zone[kind], len(ids))
            gap = np.where(theirs & (left == 0), placed - used, 0)
            if gap.any():
                lost, widest = gap != 0, float(gap[np.argmax(np.abs(gap))])
                total, parts = used[lost].sum(), placed[lost].sum()
                town.tell("overruled", table, ids[lost], total=total, parts=parts, widest=widest, unit=unit)


_UNIT = {"households": ("户", "households"), "people": ("人", "people")}

_SAID: dict[str, tuple[Action, str, str]] = {
    "areas_overlap": (
        "assumed", "{n}对范围相互重叠,重叠部分计入面积较小者",
        "{n} pairs of areas lie on each other; the common land counts to the smaller one",
    ),
    "area_partly_outside": (
        "assumed", "{n}个范围超出街坊地块,其总数仅按{how}取位于地块内的部分",
        "{n} areas reach beyond the blocks; of their totals only the part inside is placed, by {how}",
    ),
    "border_straddled": (
        "assumed", "共{amount}户;有地块跨越其边界,地块整体计入户数较多的一方,按地块计为{counted}户",
        "it has {amount} households; blocks lie across its border and count whole where most of their households live, "
        "so its blocks hold {counted}",
    ),
    "nearest_block": (
        "repaired", "{n}栋建筑不在任何街坊地块内,计入最近的地块",
        "{n} buildings lie on no block and are counted to the nearest",
    ),
    "outside_blocks": (
        "dropped", "{n}栋建筑距任何地块超过{metres:g}米,不计入",
        "{n} buildings lie more than {metres:g} m from any block and are not counted",
    ),
    "unknown_estate": (
        "repaired", "{n}栋建筑登记的小区不在小区表中,按位置归属",
        "{n} buildings name an estate that is not in the table estates; the map decides for them",
    ),
    "unknown_community": (
        "repaired", "{n}栋建筑登记的社区不在社区表中,按位置归属",
        "{n} buildings name a community that is not in the table communities; the map decides for them",
    ),
    "registered_estate": (
        "assumed", "{n}栋建筑的位置与登记的小区不符,以登记为准",
        "{n} buildings stand elsewhere than in the estate their register names; the register is followed",
    ),
    "registered_community": (
        "assumed", "{n}栋建筑的位置与登记的社区不符,以登记为准",
        "{n} buildings stand elsewhere than in the community their register names; the register is followed",
    ),
    "unknown_use": (
        "assumed", "{n}栋用途不明的建筑按住宅计",
        "{n} buildings of unknown use are taken as residential",
    ),
    "mixed_share": (
        "assumed", "{n}栋商住混合建筑按{value:g}的面积计为居住({why})",
        "of {n} mixed buildings, {value:g} of the floor area is taken as lived in ({why})",
    ),
    "floors_from_height": (
        "estimated", "{n}栋建筑的层数由高度推算,每层{value:g}米({why})",
        "storeys of {n} buildings are made from their height, {value:g} m each ({why})",
    ),
    "floors_median": (
        "estimated", "{n}栋建筑的层数取同类建筑(同小区、同地块或全域同用途)的中位数",
        "storeys of {n} buildings are the median of like buildings (same use in the estate, the block, or the study)",
    ),
    "default_floors": (
        "assumed", "{n}栋建筑及同类建筑均无层数,按{value:g}层计({why})",
        "{n} buildings are given {value:g} storeys: neither they nor like buildings tell theirs ({why})",
    ),
    "households_from_dwellings": (
        "estimated", "{n}栋建筑的户数由住宅套数推算,每套{value:.3g}户({why})",
        "households of {n} buildings are made from their dwellings, {value:.3g} per dwelling ({why})",
    ),
    "households_from_people": (
        "estimated", "{n}栋建筑的户数由人口推算,每户{value:.3g}人({why})",
        "households of {n} buildings are made from their people, {value:.3g} each ({why})",
    ),
    "area_households": (
        "estimated", "{n}个范围只有人口,户数按每户{value:.3g}人推算({why})",
        "{n} areas know only their people; their households are made from them, {value:.3g} people each ({why})",
    ),
    "population_raster": (
        "estimated", "{n}个地块的{amount}人来自人口栅格,户数按每户{value:.3g}人推算({why})",
        "{amount} people of {n} blocks come from the population raster; households at {value:.3g} people each ({why})",
    ),
    "floor_area": (
        "estimated",
        "{n}栋建筑的{amount}户为按建筑面积估算:每套{flat:.3g}平方米({why_flat}),{low:g}层及以下{house:.3g}平方米"
        "({why_house}),每套{value:.3g}户({why})",
        "{amount} households of {n} buildings are an estimate from floor area: {flat:.3g} m² per dwelling ({why_flat}),"
        " {house:.3g} m² up to {low:g} storeys ({why_house}), {value:.3g} households per dwelling ({why})",
    ),
    "people_from_households": (
        "assumed", "{n}个地块中{amount}户的人口未知,按每户{value:.3g}人计({why})",
        "people of {amount} households in {n} blocks are unknown: {value:.3g} each ({why})",
    ),
    "dwellings_from_households": (
        "estimated", "{n}个地块的{amount}套住宅由户数推算,每套{value:.3g}户({why})",
        "{amount} dwellings in {n} blocks are made from households, {value:.3g} per dwelling ({why})",
    ),
    "no_households_known": (
        "assumed", "{n}个地块没有可用的户数依据,户数留空",
        "of {n} blocks nothing is known that may be used; their households stay missing",
    ),
    "placed_on_land": (
        "assumed", "{n}个范围有总数而无可分摊的住宅建筑,{amount}户按{how}直接计入所在地块",
        "{n} areas have a total but no residential building to take it; {amount} households go straight onto their"
        " blocks, by {how}",
    ),
    "crowded": (
        "assumed", "{n}栋建筑分摊后户均建筑面积不足{least:g}平方米(共{amount}户):该处建筑图层可能不全或层数偏低",
        "{n} buildings get less than {least:g} m² of floor area per household ({amount} households in all): buildings"
        " are probably missing from the map there, or storeys are too low",
    ),
    "known_above_total": (
        "assumed", "总数为{total:.0f}{unit},而范围内已知{parts:.0f}{unit},以{kept}为准",
        "the total is {total:.0f} {unit}, but {parts:.0f} are known inside; {kept} is kept",
    ),
    "total_not_reached": (
        "assumed", "总数为{total:.0f}{unit},而其内更可信的数合计{parts:.0f}{unit},余{left:.0f}{unit}无处可落",
        "the total is {total:.0f} {unit}, but more trusted totals fill the area with {parts:.0f}; {left:.0f} are not"
        " placed",
    ),
    "overruled": (
        "assumed",
        "{n}个范围的总数合计{total:.0f}{unit},与更可信的总数不符,现为{parts:.0f}{unit}(单个最大差{widest:+.0f})",
        "{n} totals of {total:.0f} {unit} together gave way to more trusted ones and now hold {parts:.0f} (widest"
        " single gap {widest:+.0f})",
    ),
}  # fmt: skip
"""What the report says of each code: action, Chinese, English."""

_NOTES = {
    "building": ("逐栋登记的户数、套数或人口", "counts per building: households, dwellings or people"),
    "block": ("地块自带的总数", "totals the blocks brought along"),
    "estate": ("小区总数按住宅建筑面积分摊", "estate totals shared by residential floor area"),
    "census": ("普查区总数按住宅建筑面积分摊", "census totals shared by residential floor area"),
    "community": ("社区(村)总数按住宅建筑面积分摊", "community totals shared by residential floor area"),
    "raster": ("人口栅格", "the population raster"),
    "floor_area": ("按建筑面积估算", "estimated from floor area"),
    "household_size": ("由户数按户均人口推算的人口", "people assumed from households by household size"),
    "none": ("无人居住或无依据", "nobody lives there, or nothing is known"),
}


def _summary(
    town: _Town, blocks: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None, households: _Amounts, people: _Amounts
) -> pd.DataFrame:
    """Return one row per source that gave anything; blocks whose households stay missing count under none."""
    missing = blocks["households"].isna().to_numpy()
    kept = ~missing[town.block]
    total = float(np.nan_to_num(households.value[kept]).sum())
    rows = []
    for source in SOURCES:
        mine, heads = kept & (households.source == source), kept & (people.source == source)
        amount = float(np.nan_to_num(households.value[mine]).sum())
        in_blocks = len(np.unique(town.block[mine & (np.nan_to_num(households.value) > 0)]))
        if source == "none":
            in_blocks = int((blocks["households_source"] == "none").sum())
        standing = 0
        if buildings is not None:
            standing = int(((buildings["households_source"] == source) & buildings["block_id"].notna()).sum())
        row = {
            "source": source, "buildings": standing, "blocks": in_blocks, "households": int(amount),
            "people": int(np.nan_to_num(people.value[heads]).sum()), "share": amount / total if total else 0.0,
            "note_zh": _NOTES[source][0], "note_en": _NOTES[source][1],
        }  # fmt: skip
        if any(row[c] for c in ("buildings", "blocks", "households", "people")):
            rows.append(row)
    columns = ["source", "buildings", "blocks", "households", "people", "share", "note_zh", "note_en"]
    return pd.DataFrame(rows, columns=columns)


# --- arithmetic -----------------------------------------------------------------------------------------------------


def _rounded(values: Floats) -> Floats:
    """Return whole numbers, halves upward."""
    return np.floor(values + 0.5)


def _sums(values: NDArray[np.generic], group: Ints, n: int) -> Floats:
    """Return the sums of `values` in groups 0 to n - 1; group -1 is left out."""
    inside = group >= 0
    return np.bincount(group[inside], np.asarray(values, dtype="float64")[inside], minlength=n).astype("float64")


def _apportion(totals: Floats, group: Ints, weight: Floats) -> Floats:
    """Return whole shares of each group's total in proportion to `weight`, by largest remainder; ties to the first."""
    sums = _sums(weight, group, len(totals))
    fair = np.divide(totals[group] * weight, sums[group], out=np.zeros(len(group)), where=sums[group] > 0)
    whole = np.floor(fair + 1e-9)
    remainder = np.round(fair - whole, 6)  # equal floor areas must tie although their coordinates differ
    left = np.where(sums > 0, totals - _sums(whole, group, len(totals)), 0)
    order = np.lexsort((np.arange(len(group)), weight <= 0, -remainder, group))
    in_order = group[order]
    place = np.arange(len(group)) - np.searchsorted(in_order, in_order)
    whole[order[place < left[in_order]]] += 1
    return whole


def _spread(expected: Floats, block: Ints) -> Floats:
    """Return whole numbers for fractional expectations: right overall, then within one per block, then per atom."""
    blocks, within = np.unique(block, return_inverse=True)
    hoped = _sums(expected, within, len(blocks))
    overall = _rounded(np.array([hoped.sum()]))
    return _apportion(_apportion(overall, np.zeros(len(blocks), dtype=np.int64), hoped), within, expected)


# --- geometry and tables --------------------------------------------------------------------------------------------


def _overlay(pieces: Words, zones: Words) -> tuple[Ints, Ints, Words]:
    """Return the pieces cut along the zones: index of the piece, of its zone (-1: in none), and the part."""
    piece, zone = shapely.STRtree(zones).query(pieces, predicate="intersects")
    part = _polygonal(shapely.intersection(pieces[piece], zones[zone]))
    solid = shapely.area(part) > 0.01
    piece, zone, part = piece[solid], zone[solid], part[solid]
    rest = shapely.area(pieces) - _sums(shapely.area(part), piece, len(pieces))
    open_ = np.flatnonzero(rest > 0.01)
    touched = np.isin(open_, piece)
    left = pieces[open_].copy()
    by_piece = pd.Series(zone).groupby(piece).agg(list)
    left[touched] = _polygonal(
        np.array([shapely.difference(pieces[i], shapely.union_all(zones[by_piece[i]])) for i in open_[touched]],
                 dtype=object)
    )  # fmt: skip
    filled = shapely.area(left) > 0
    open_, left = open_[filled], left[filled]
    whole = np.setdiff1d(np.arange(len(pieces)), np.concatenate([piece, open_]))  # smaller than any tolerance
    return (
        np.concatenate([piece, open_, whole]),
        np.concatenate([zone, np.full(len(open_) + len(whole), -1)]),
        np.concatenate([part, left, pieces[whole]]),
    )


def _polygonal(shapes: Words) -> Words:
    """Return the shapes without the points and lines that an intersection may leave beside the areas."""
    out = shapes.copy()
    for i in np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION):
        parts = shapely.get_parts(shapes[i])
        out[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return out


def _outline(land: Words, reach: float) -> shapely.Geometry:
    """Return the study's land with the gaps between blocks closed, up to twice `reach` wide, and no holes."""
    closed = shapely.union_all(land)
    for step in (reach, -reach):
        closed = shapely.buffer(closed, step, join_style="mitre")
    return shapely.union_all(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(closed))))


def _first_match(tree: shapely.STRtree, points: Words) -> Ints:
    """Return for each point the first area of the tree that holds it, or -1."""
    out = np.full(len(points), -1, dtype=np.int64)
    point, area = tree.query(points, predicate="intersects")
    order = np.lexsort((-area, point))  # the last to be written is the first in the order of ids
    out[point[order]] = area[order]
    return out


def _lookup(ids: Words, wanted: Words) -> Ints:
    """Return where each wanted id stands in `ids`, or -1."""
    return np.asarray(pd.Index(ids.astype(str)).get_indexer(pd.Index(wanted.astype(str))), dtype=np.int64)


def _own(frame: gpd.GeoDataFrame, column: str, source: str) -> Flags:
    """Return the rows whose numbers are the table's own rather than a result of an earlier placement."""
    if column not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    said = frame[column]
    return np.asarray((said.isna() | (said == source)).to_numpy(), dtype=bool)


def _counts_column(values: NDArray[np.generic], index: pd.Index) -> pd.Series:
    return pd.Series(pd.array(values, dtype="Int64"), index)


def _geometry_last(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame[[*(c for c in frame.columns if c != frame.geometry.name), frame.geometry.name]]


def _some(ids: Sequence[object]) -> str:
    more = len(ids) - SHOWN_IDS
    shown = ", ".join(map(str, ids[:SHOWN_IDS]))
    return f"{shown} … (+{more})" if more > 0 else shown
