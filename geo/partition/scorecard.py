"""What a plan does to the town, principle by principle: every line with both numbers, its formula and its source.

The headings are those of the official texts: four principles (规范性、地域性、功能性、利益共同性), three tests, and
the five favourables (五个有利于) of a conversion. A measure is one small function of a division of the town; the same
function reads today's communities and the plan's. There is no composite score: a heading counts what gets better and
what gets worse.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.access.offices import OFFICES
from geo.access.reach import within
from geo.network import Network
from geo.partition.actions import PlanTables
from geo.partition.atoms import CONTACT_M, pieces
from geo.partition.plan import Limits, Note, limits_of
from geo.schema import OUTSIDE
from geo.standards import Profile, load_profile

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Better = Literal["up", "down", "neutral"]
Pair = tuple[str, str]
"""The same words in Chinese and English."""

HEADINGS: Final[Mapping[str, Pair]] = {
    "standard": ("规范性", "Standard size"),
    "territory": ("地域性", "Territory"),
    "function": ("功能性", "Function"),
    "interest": ("利益共同性", "Shared interest"),
    "management": ("有利于社区管理", "Test: community management"),
    "resources": ("有利于资源整合", "Test: pooling of resources"),
    "working": ("有利于功能发挥", "Test: functions at work"),
    "stability": ("有利于社会稳定", "Favourable to stability"),
    "city": ("有利于城市建设和管理", "Favourable to building and managing the city"),
    "convenience": ("有利于居民生产生活", "Favourable to residents' work and life"),
    "self_government": ("有利于居民自治组织建设", "Favourable to self-government"),
    "six_ones": ("有利于“六个一”的配置、建设和管理", "Favourable to placing, building and managing the six ones"),
}
"""Four principles, three tests, five favourables, in the order of the official texts."""

SIX_ONES: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "office": ("居委会办公场所", "committee office", ("committee_office",)),
    "station": ("社区服务站", "service station", ("service_station",)),
    "childcare": ("幼托所", "kindergarten or nursery", ("kindergarten", "nursery")),
    "culture": ("文体活动室", "culture and sports room", ("culture_room",)),
    "elders": ("老年活动室", "room for the old", ("elder_room",)),
    "parking": ("便民停车场", "public car park", ("parking",)),
}
"""六个一: what every community should have one of, in Chinese and English, and the facility categories that count."""

HEALTH: Final = ("health_station", "health_centre", "clinic", "hospital")
FOOD: Final = ("market", "supermarket", "fresh_food")
NEAR_M: Final = 300.0
"""The reach of a community's service station in the five-minute circle of GB 50180-2018 [m]."""
ROOMS_M2: Final = 30.0
"""Floor area of community rooms for each 100 households [m²]."""

WHOLE: Final = 0.95
"""A compound is whole when at least this share of its land is in one community, as in `geo.blocks`."""

MAIN_ROADS: Final = ("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary",
                     "secondary_link")  # fmt: skip
WATER: Final = ("river", "canal", "stream", "water")
RAILWAYS: Final = ("railway",)
WIDE_ROADS: Final = MAIN_ROADS[:6]
LANES: Final = ("living_street", "service", "pedestrian", "track", "cycleway", "bridleway", "footway", "path", "steps",
                "corridor", "none")  # fmt: skip
_LIVED_IN: Final = ("residential", "mixed", "unknown")

UNITS: Final[Mapping[str, tuple[str, int]]] = {
    "share": ("", 3), "index": ("", 2), "m": ("米", 0), "km": ("公里", 1), "km²": ("平方公里", 2),
    "communities": ("个", 0), "households": ("户", 0), "villages": ("个", 0), "estates": ("个", 0), "kinds": ("处", 0),
}  # fmt: skip
"""Units of measures: the Chinese word, and the decimals shown. What reads the same is unchanged."""


@dataclass(frozen=True)
class Scorecard:
    """What a plan does to the town, with the numbers.

    Attributes
    ----------
    measures : DataFrame
        One row per heading and measure, in the order of `HEADINGS`: principle (the heading), measure, title_zh,
        title_en, unit, before, after (NaN where unknown), better (up, down, neutral: which way is better), verdict
        (better, worse, unchanged, changed for a neutral one, unknown), text_zh, text_en (title with both numbers, and
        why one is unknown), note_zh, note_en (that reason alone; missing where both are known), formula_zh, formula_en,
        source_zh, source_en. A share is 0 to 1. A measure that speaks for several headings stands under each.
    summary : DataFrame
        Index principle; name_zh, name_en, better, worse, unchanged, changed, unknown (numbers of measures), text_zh,
        text_en (a sentence with the numbers behind it).
    borders : DataFrame
        Borders between communities by what they follow: feature_class, feature_name, feature_name_en, before_m,
        after_m; the longest after first. before_m is NaN where there are no communities today.
    six_ones : DataFrame
        The presence matrix of 六个一: when (before, after), community_id, name, name_en, and the number of each of
        `SIX_ONES`; missing where the town's facilities name none of that kind: it was hardly surveyed then.
    sharing : DataFrame
        What communities that come together can pool: community_id, one (key of `SIX_ONES`), count, text_zh, text_en.
    notes : tuple of Note
        Assumptions made.
    """

    measures: pd.DataFrame
    summary: pd.DataFrame
    borders: pd.DataFrame
    six_ones: pd.DataFrame
    sharing: pd.DataFrame
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Measure:
    """One number of the scorecard: what it is, how it is found, where it is asked for, and which way is better.

    `value` reads a `Division` and raises `UnknownError` where the data say nothing; `also` names further headings that
    it speaks for. In the source, {limits} stands for the profile with its clause and the limits that held.
    """

    id: str
    heading: str
    title: Pair
    unit: str
    better: Better
    formula: Pair
    source: Pair
    value: Callable[["Division"], float]
    also: tuple[str, ...] = ()


_NO_TODAY: Final = ("没有现状社区", "there are no communities today")


class UnknownError(Exception):
    """A measure cannot be known: the reason in Chinese and English. Never shown as zero."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(en)


def score_plan(
    tables: PlanTables,
    *,
    profile: Profile,
    facilities: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    estates: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
    network: Network | None = None,
) -> Scorecard:
    """Return the scorecard of a plan: each measure of today's communities and of the plan's, by the same function.

    Parameters
    ----------
    tables : PlanTables
        The plan as `explain_plan` tells it.
    profile : Profile
        The thresholds; limits in the plan's options go before them.
    facilities, buildings, estates, roads : GeoDataFrame, optional
        Tables of `geo.schema` in the plan's CRS. Without facilities nothing is known of services. A block's households
        stand at its buildings that people live in, by floor area, or at one point inside it. Without estates only
        blocks' `group_id` tells of compounds. Roads tell what lies on the way to the office.
    network : Network, optional
        How people walk there, in the plan's CRS (`geo.network.build.network_of`); without it, straight.

    Returns
    -------
    Scorecard
        The inputs are not changed; the order of their rows does not matter.

    Raises
    ------
    InputError
        When the limits of profile and options contradict each other.
    """
    town = _Town(
        tables, profile, facilities=facilities, buildings=buildings, estates=estates, roads=roads, network=network
    )
    today = Division(town, town.old, "before") if (town.old != "").any() else None
    then = Division(town, tables.blocks.sort_index()["community_id"].astype(str).to_numpy(dtype=object), "after")
    measures = _measures_table(today, then, _words_of(profile, town.limits))
    return Scorecard(
        measures=measures,
        summary=_summary(measures),
        borders=_borders(today, then),
        six_ones=_six_ones(today, then),
        sharing=_sharing(then),
        notes=town.notes,
    )


# ── a town and its divisions ─────────────────────────────────────────────────────────────────────────────────────────
class _Town:
    """What is the same before and after: blocks, lines, homes, facilities, limits."""

    def __init__(
        self,
        tables: PlanTables,
        profile: Profile,
        *,
        facilities: gpd.GeoDataFrame | None,
        buildings: gpd.GeoDataFrame | None,
        estates: gpd.GeoDataFrame | None,
        roads: gpd.GeoDataFrame | None,
        network: Network | None,
    ) -> None:
        self.network = network
        blocks = tables.blocks.sort_index()
        self.profile, self.limits = profile, limits_of(profile, tables.plan.options)
        self.ids = blocks.index.astype(str)
        self.shapes = blocks.geometry.to_numpy()
        self.households, self.people = (_numbers(blocks[name]) for name in ("households", "people"))
        self.group = _texts(blocks["group_id"])
        self.old = _texts(blocks["community_id_before"])
        self.before, self.after = tables.communities_before, tables.communities
        self.kinds: Mapping[str, str] = dict(zip(self.before.index.astype(str), self.before["kind"], strict=True))
        self._read_lines(tables.seams.sort_index())
        self.tree = shapely.STRtree(self.shapes)
        notes: list[Note] = []
        self.homes = _homes(self, buildings)
        self.compounds = _compounds(self, estates)
        self.facilities = None if facilities is None else _placed(self, facilities, notes)
        self.wide_roads = None if roads is None else _wide_roads(roads)
        self.notes = tuple(notes)

    def _read_lines(self, seams: gpd.GeoDataFrame) -> None:
        inner = seams[(seams["block_b"] != OUTSIDE) & (seams["block_a"] != seams["block_b"])]
        place = pd.Series(np.arange(len(self.ids)), index=self.ids)
        self.seam_a, self.seam_b = (place.loc[inner[c].astype(str)].to_numpy() for c in ("block_a", "block_b"))
        self.seam_m = inner["length_m"].to_numpy(dtype=np.float64)
        self.seam_class, self.seam_name = _texts(inner["feature_class"]), _texts(inner["feature_name"])
        english = inner["feature_name_en"] if "feature_name_en" in inner.columns else inner["feature_name"]
        self.seam_name_en = _texts(english)
        contact = inner.groupby(["block_a", "block_b"])["length_m"].transform("sum") >= CONTACT_M
        self.touching = contact.to_numpy(dtype=bool)

    @property
    def today(self) -> npt.NDArray[np.object_]:
        """Today's community of each block, "" for land of none; unknown where there are no communities at all."""
        if not (self.old != "").any():
            raise UnknownError(*_NO_TODAY)
        return self.old

    def block_of(self, points: npt.NDArray[np.object_]) -> Ints:
        """Return the block that holds each point, the first of several, -1 for none."""
        point, block = self.tree.query(points, predicate="intersects")
        first = np.full(len(points), len(self.ids), dtype=np.int64)
        np.minimum.at(first, point, block)
        return np.where(first == len(self.ids), -1, first)

    def walks(self, places: Floats) -> Floats:
        """Return how far each home walks to each of these places [m]: straight where no network or no way leads."""
        homes = self.homes.xy
        walks = np.asarray(np.hypot(homes[:, None, 0] - places[None, :, 0], homes[:, None, 1] - places[None, :, 1]))
        if self.network is not None:
            start, goal = (gpd.GeoSeries(shapely.points(xy), crs=self.network.crs) for xy in (homes, places))
            pairs = within(self.network, start, goal, np.inf)
            walks[pairs.origin, pairs.place] = pairs.walk_m
        return walks

    def surveyed(self, categories: Sequence[str]) -> pd.DataFrame:
        """Return the facilities of these categories; a town that names none of them was not asked about them."""
        if self.facilities is None:
            raise UnknownError("没有设施表", "there is no table of facilities")
        found = self.facilities[self.facilities["category"].isin(categories)]
        if found.empty:
            listed = ", ".join(categories)
            raise UnknownError(
                f"设施表中没有这类设施({listed}),可能未调查",
                f"the facilities name none of these kinds ({listed}); they may not have been surveyed",
            )
        return found


@dataclass(frozen=True)
class Division:
    """One way to divide the town: the community of each block, and what measures ask of it.

    Attributes
    ----------
    town : what is the same in every division
    label : array over the blocks, sorted by id
        The community's id, "" for land of none.
    when : {"before", "after"}
    """

    town: _Town
    label: npt.NDArray[np.object_]
    when: Literal["before", "after"]

    @cached_property
    def ids(self) -> list[str]:
        """The communities that have a block, sorted."""
        return sorted(set(self.label) - {""})

    @cached_property
    def part(self) -> Ints:
        """The position of each block's community in `ids`, -1 for none."""
        place = {name: i for i, name in enumerate(self.ids)}
        return np.array([place.get(name, -1) for name in self.label], dtype=np.int64)

    def sums(self, values: Floats) -> Floats:
        """Return the sums over communities; unknown where nothing is known of a community."""
        known = np.isfinite(values) & (self.part >= 0)
        count = np.bincount(self.part[known], minlength=len(self.ids))
        total = np.bincount(self.part[known], values[known], minlength=len(self.ids))
        return np.where(count > 0, total, np.nan)

    @cached_property
    def households(self) -> Floats:
        """Households of each community."""
        found = self.sums(self.town.households)
        if np.isnan(found).any():
            raise UnknownError("有社区户数未知", "the households of some community are not known")
        return found

    @cached_property
    def border(self) -> Flags:
        """The inner seams that are borders between communities, or of land that is in none."""
        return np.asarray(self.label[self.town.seam_a] != self.label[self.town.seam_b])

    def border_share(self, which: Flags) -> float:
        """Return the share of the border's length that runs along these seams."""
        whole = float(self.town.seam_m[self.border].sum())
        if whole == 0:
            raise UnknownError("没有社区之间的界线", "there is no border between communities")
        return float(self.town.seam_m[self.border & which].sum()) / whole

    @cached_property
    def shapes(self) -> list[shapely.Geometry]:
        """The land of each community."""
        return [shapely.coverage_union_all(self.town.shapes[self.part == i]) for i in range(len(self.ids))]

    @cached_property
    def compactness(self) -> Floats:
        """Polsby-Popper of each community: 4 π A / P², 1 for a circle."""
        around = np.array([shapely.length(shape) for shape in self.shapes])
        return np.asarray(4 * np.pi * shapely.area(np.array(self.shapes, dtype=object)) / around**2)

    def same_as_today(self, community: str) -> bool:
        """Return whether that community of today has exactly its own blocks here."""
        return bool(((self.label == community) == (self.town.today == community)).all())

    def counts(self, categories: Sequence[str]) -> Ints:
        """Return how many facilities of these categories each community has."""
        facilities = self.town.surveyed(categories)
        part = self.part[facilities["block"].to_numpy()]
        return np.bincount(part[part >= 0], minlength=len(self.ids)).astype(np.int64)

    @cached_property
    def ways(self) -> tuple["_Ways", Floats]:
        """The way of each home to the nearest office of its own community, or of any where it has none."""
        offices, homes = self.town.surveyed(OFFICES), self.town.homes
        at = offices[["x", "y"]].to_numpy(dtype=np.float64)
        walks = self.town.walks(at)
        owner = self.part[offices["block"].to_numpy()]
        home_part = self.part[homes.block]
        served = home_part >= 0
        target = np.zeros(len(home_part), dtype=np.int64)
        for part in np.unique(home_part[served]):
            here = home_part == part
            own = np.flatnonzero(owner == part)
            own = own if len(own) else np.arange(len(at))
            target[here] = own[walks[np.ix_(here, own)].argmin(axis=1)]
        length_m = walks[np.arange(len(target)), target]
        ways = _Ways(homes.xy[served], at[target[served]], length_m[served])
        if not homes.households[served].sum():
            raise UnknownError("没有户数", "no households are known")
        return ways, homes.households[served]


@dataclass(frozen=True)
class _Homes:
    """Where the households live: places [m], households, block."""

    xy: Floats
    households: Floats
    block: Ints


@dataclass(frozen=True)
class _Ways:
    """Ways from homes to offices: both ends, and how long they are on foot [m]."""

    start: Floats
    end: Floats
    length_m: Floats

    def cross(self, lines: npt.NDArray[np.object_]) -> Flags:
        """Return which of them meet a line."""
        drawn = shapely.linestrings(np.stack([self.start, self.end], axis=1))
        crossed = np.zeros(len(self.start), dtype=np.bool_)
        crossed[shapely.STRtree(lines).query(drawn, predicate="intersects")[0]] = True
        return crossed


def _numbers(column: pd.Series) -> Floats:
    return np.asarray(column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))


def _texts(column: pd.Series) -> npt.NDArray[np.object_]:
    return np.asarray(column.astype("object").where(column.notna(), "").astype(str).to_numpy(dtype=object))


def _homes(town: _Town, buildings: gpd.GeoDataFrame | None) -> _Homes:
    """Return where households stand: at dwellings by floor area, else at one point inside the block."""
    lived = np.flatnonzero(np.nan_to_num(town.households) > 0)
    points = shapely.point_on_surface(town.shapes[lived])
    block, weight, places = lived, np.ones(len(lived)), points
    if buildings is not None and len(buildings):
        use = (
            buildings["use"].fillna("unknown") if "use" in buildings.columns else pd.Series("unknown", buildings.index)
        )
        shelter = buildings[use.isin(_LIVED_IN)].sort_index()
        floors = _numbers(shelter["floors"]) if "floors" in shelter.columns else np.full(len(shelter), np.nan)
        spots = shapely.point_on_surface(shelter.geometry.to_numpy())
        inside = town.block_of(spots)
        used = np.isin(inside, lived)
        area = shapely.area(shelter.geometry.to_numpy()) * np.fmax(np.nan_to_num(floors, nan=1.0), 1.0)
        bare = ~np.isin(lived, inside)
        block = np.concatenate([inside[used], lived[bare]])
        weight = np.concatenate([area[used], np.ones(int(bare.sum()))])
        places = np.concatenate([spots[used], points[bare]])
    share = weight / np.bincount(block, weight, minlength=len(town.ids))[block]
    xy = np.stack([shapely.get_x(places), shapely.get_y(places)], axis=1)
    return _Homes(xy, town.households[block] * share, block)


def _compounds(town: _Town, estates: gpd.GeoDataFrame | None) -> pd.DataFrame | None:
    """Return the land of compounds by block: `group_id` tells of whole blocks, estates of the rest; None if neither."""
    grouped = np.flatnonzero(town.group != "")
    rows = pd.DataFrame({"compound": town.group[grouped], "block": grouped,
                         "area_m2": shapely.area(town.shapes[grouped])})  # fmt: skip
    if estates is None:
        return rows if len(rows) else None
    ids, land = estates.index.astype(str).to_numpy(dtype=object), estates.geometry.to_numpy()
    alone = ~np.isin(ids.astype(str), town.group.astype(str))
    ids, land = ids[alone], land[alone]
    estate, block = town.tree.query(land, predicate="intersects")
    shared = shapely.area(shapely.intersection(land[estate], town.shapes[block]))
    more = pd.DataFrame({"compound": ids[estate], "block": block, "area_m2": shared})
    return pd.concat([rows, more], ignore_index=True)


def _placed(town: _Town, facilities: gpd.GeoDataFrame, notes: list[Note]) -> pd.DataFrame:
    """Return facilities with the block they stand in; those outside are left out, and said."""
    ordered = facilities.sort_index()
    points = shapely.point_on_surface(ordered.geometry.to_numpy())
    block = town.block_of(points)
    found = pd.DataFrame(
        {
            "category": _texts(ordered["category"]), "block": block,
            "x": shapely.get_x(points), "y": shapely.get_y(points),
            "floor_area_m2": _numbers(ordered["floor_area_m2"]) if "floor_area_m2" in ordered.columns else np.nan,
        }, index=ordered.index.astype(str),
    )  # fmt: skip
    away = int((block < 0).sum())
    if away:
        notes.append(
            Note(
                zh=f"{away}处设施不在任何地块内,未计入。",
                en=f"{away:,} facilities lie in no block and are left out.",
            )
        )
    return found[block >= 0]


def _wide_roads(roads: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Return roads that are a barrier on foot: primary and wider, on the ground."""
    wide = roads["road_class"].isin(WIDE_ROADS)
    for raised in ("bridge", "tunnel"):
        if raised in roads.columns:
            wide &= ~roads[raised].astype("boolean").fillna(value=False).astype(bool)
    return np.asarray(roads.geometry[wide].to_numpy())


# ── measures ─────────────────────────────────────────────────────────────────────────────────────────────────────────
MEASURES: Final[list[Measure]] = []
"""Every measure, in the order below; `_measure` puts a function here with everything a reader must know of it."""

_STANDARD: Final = ("{limits_zh}", "{limits_en}")
_TERRITORY: Final = ("社区优化整合方案·地域性", "Plan for optimising communities: territory")
_FUNCTION: Final = ("社区优化整合方案·功能性", "Plan for optimising communities: function")
_INTEREST: Final = ("社区优化整合方案·利益共同性", "Plan for optimising communities: shared interest")
_TESTS: Final = ("社区优化整合方案·三个有利于", "Plan for optimising communities: the three tests")
_FIVE: Final = ("村改居实施方案·五个有利于", "Plan for converting villages: the five favourables")
_SIX: Final = ("村改居实施方案·六个一", "Plan for converting villages: the six ones")
_COMMITTEES: Final = ("城市居民委员会组织法第六条", "Organic Law of the Urban Residents' Committees, art. 6")
_VILLAGES: Final = ("村民委员会组织法第三条", "Organic Law of the Villagers' Committees, art. 3")
_CIRCLE: Final = ("GB 50180-2018,五分钟生活圈:社区服务站300米",
                  "GB 50180-2018, five-minute circle: service station within 300 m")  # fmt: skip
_ROOMS: Final = ("社区用房每百户不少于30平方米(2025年九部门通知)",
                 "At least 30 m² of rooms for each 100 households (notice of nine departments, 2025)")  # fmt: skip
_COMPACT: Final = ("Polsby、Popper(1991);河南省2022年规定:图形简洁完整",
                   "Polsby and Popper (1991); Henan 2022: a simple and whole figure")  # fmt: skip


def _measure(
    identity: str, heading: str, title: Pair, *, unit: str, better: Better, formula: Pair, source: Pair,
    also: tuple[str, ...] = (),
) -> Callable[[Callable[[Division], float]], Callable[[Division], float]]:  # fmt: skip
    """Put the function below into `MEASURES`."""

    def put(value: Callable[[Division], float]) -> Callable[[Division], float]:
        MEASURES.append(Measure(identity, heading, title, unit, better, formula, source, value, also))
        return value

    return put


# 规范性
def _outside(division: Division) -> Flags:
    """Return the communities beyond the limits of households, or of people where those are known and limited."""
    limits = division.town.limits
    load = division.households
    beyond = (load < limits.min_households) | (load > limits.max_households)
    people = division.sums(division.town.people)
    low, high = limits.min_people, limits.max_people
    beyond |= np.nan_to_num(people, nan=np.inf) < (low or 0)
    beyond |= np.nan_to_num(people, nan=0.0) > (np.inf if high is None else high)
    return np.asarray(beyond)


@_measure(
    "outside_limits", "standard", unit="communities", better="down", source=_STANDARD,
    also=("management", "self_government"),
    title=("户数或人口超出上下限的社区", "communities outside the limits of size"),
    formula=("户数低于下限或高于上限(人口已知且有限额时,人口亦同)的社区数",
             "number of communities with fewer households than the minimum or more than the maximum (people alike, "
             "where they are known and limited)"),
)  # fmt: skip
def outside_limits(division: Division) -> float:
    """Count the communities beyond the limits."""
    return float(_outside(division).sum())


@_measure(
    "households_outside", "standard", unit="share", better="down", source=_STANDARD,
    title=("居住在超限社区的户占比", "households living in communities outside the limits"),
    formula=("超限社区的户数 ÷ 各社区户数合计",
             "households of communities outside the limits / households of all communities"),
)  # fmt: skip
def households_outside(division: Division) -> float:
    """Return the share of households in communities beyond the limits."""
    return _ratio(division.households[_outside(division)].sum(), division.households.sum())


@_measure(
    "deviation_mean", "standard", unit="share", better="down", source=_STANDARD,
    title=("户数偏离目标的平均幅度", "mean deviation from the target of households"),
    formula=("各社区 |户数 − 目标户数| ÷ 目标户数 的平均值",
             "mean over communities of |households - target| / target"),
)  # fmt: skip
def deviation_mean(division: Division) -> float:
    """Return the mean relative distance from the target."""
    return float(_deviation(division).mean())


@_measure(
    "deviation_max", "standard", unit="share", better="down", source=_STANDARD,
    title=("户数偏离目标的最大幅度", "largest deviation from the target of households"),
    formula=("各社区 |户数 − 目标户数| ÷ 目标户数 的最大值",
             "largest over communities of |households - target| / target"),
)  # fmt: skip
def deviation_max(division: Division) -> float:
    """Return the largest relative distance from the target."""
    return float(_deviation(division).max())


def _deviation(division: Division) -> Floats:
    target = division.town.limits.target_households
    return np.asarray(np.abs(division.households - target) / target)


@_measure(
    "variation", "standard", unit="index", better="down", source=_STANDARD,
    title=("各社区户数的变异系数", "coefficient of variation of households"),
    formula=("各社区户数的标准差 ÷ 平均值", "standard deviation / mean of the communities' households"),
)  # fmt: skip
def variation(division: Division) -> float:
    """Return standard deviation / mean."""
    return _ratio(division.households.std(), division.households.mean())


@_measure(
    "people_deviation", "standard", unit="share", better="down", source=_STANDARD,
    title=("人口偏离目标的平均幅度", "mean deviation from the target of people"),
    formula=("各社区 |人口 − 目标人口| ÷ 目标人口 的平均值", "mean over communities of |people - target| / target"),
)  # fmt: skip
def people_deviation(division: Division) -> float:
    """Return the mean relative distance from the target of people."""
    target = division.town.profile.target_people
    if target is None:
        raise UnknownError("标准没有目标人口", "the profile names no target of people")
    people = division.sums(division.town.people)
    if np.isnan(people).any():
        raise UnknownError("有社区人口未知", "the people of some community are not known")
    return float((np.abs(people - target) / target).mean())


# 地域性
@_measure(
    "border_main", "territory", unit="share", better="up", source=_TERRITORY, also=("management", "city"),
    title=("以干道、河流、铁路为界的长度占比", "border along main roads, rivers and railways"),
    formula=("沿次干路及以上道路、河渠水域、铁路的界线长度 ÷ 社区之间界线总长(不含规划范围外缘)",
             "length along secondary and wider roads, rivers, canals, water and railways / length of all borders "
             "between communities (without the outer edge)"),
)  # fmt: skip
def border_main(division: Division) -> float:
    """Return the share of the border along features that everybody knows."""
    return division.border_share(_follows(division, (*MAIN_ROADS, *WATER, *RAILWAYS)))


@_measure(
    "border_named", "territory", unit="share", better="up", source=_TERRITORY, also=("city",),
    title=("界线有名称可依的长度占比", "border along named lines"),
    formula=("沿有名称的道路、河流、铁路等的界线长度 ÷ 社区之间界线总长",
             "length along features with a name / length of all borders between communities"),
)  # fmt: skip
def border_named(division: Division) -> float:
    """Return the share of the border that a text can name."""
    return division.border_share(division.town.seam_name != "")


@_measure(
    "border_lanes", "territory", unit="share", better="down", source=_TERRITORY,
    title=("沿小路或无明显地物的界线占比", "border along lanes, or along nothing"),
    formula=("沿生活街巷、步道、小路或无地物的界线长度 ÷ 社区之间界线总长",
             "length along living streets, service ways, paths or no feature / length of all borders between "
             "communities"),
)  # fmt: skip
def border_lanes(division: Division) -> float:
    """Return the share of the border along what is no clear line."""
    return division.border_share(_follows(division, LANES))


@_measure(
    "border_roads", "territory", unit="share", better="neutral", source=_TERRITORY,
    title=("沿次干路及以上道路的界线占比", "border along secondary and wider roads"),
    formula=("沿次干路及以上道路的界线长度 ÷ 社区之间界线总长",
             "length along these roads / length of all borders between communities"),
)  # fmt: skip
def border_roads(division: Division) -> float:
    """Return the share of the border along main roads."""
    return division.border_share(_follows(division, MAIN_ROADS))


@_measure(
    "border_water", "territory", unit="share", better="neutral", source=_TERRITORY,
    title=("沿河渠水域的界线占比", "border along rivers, canals and water"),
    formula=("沿河流、渠道、溪流、水域的界线长度 ÷ 社区之间界线总长",
             "length along rivers, canals, streams and water / length of all borders between communities"),
)  # fmt: skip
def border_water(division: Division) -> float:
    """Return the share of the border along water."""
    return division.border_share(_follows(division, WATER))


@_measure(
    "border_railway", "territory", unit="share", better="neutral", source=_TERRITORY,
    title=("沿铁路的界线占比", "border along railways"),
    formula=("沿铁路的界线长度 ÷ 社区之间界线总长",
             "length along railways / length of all borders between communities"),
)  # fmt: skip
def border_railway(division: Division) -> float:
    """Return the share of the border along railways."""
    return division.border_share(_follows(division, RAILWAYS))


@_measure(
    "border_old", "territory", unit="share", better="up", source=_TERRITORY,
    title=("沿用现状界线的长度占比", "border that is a border today"),
    formula=("现状即为社区界线的长度 ÷ 社区之间界线总长",
             "length that is a border today / length of all borders between communities"),
)  # fmt: skip
def border_old(division: Division) -> float:
    """Return the share of the border that people know as one."""
    town = division.town
    return division.border_share(np.asarray(town.today[town.seam_a] != town.today[town.seam_b]))


@_measure(
    "divided_by_main", "territory", unit="km", better="down", source=_TERRITORY, also=("city",),
    title=("穿过社区的干道、河流、铁路长度", "main roads, rivers and railways inside communities"),
    formula=("沿次干路及以上道路、河渠水域、铁路而不作界线的地块边线长度",
             "length of block edges along secondary and wider roads, water and railways that are no border"),
)  # fmt: skip
def divided_by_main(division: Division) -> float:
    """Return the length of wide features that run through communities [km]."""
    inside = ~division.border & (division.label[division.town.seam_a] != "")
    return float(division.town.seam_m[inside & _follows(division, (*MAIN_ROADS, *WATER, *RAILWAYS))].sum()) / 1000


def _follows(division: Division, classes: Sequence[str]) -> Flags:
    return np.isin(division.town.seam_class.astype(str), classes)


@_measure(
    "compactness_mean", "territory", unit="index", better="up", source=_COMPACT,
    title=("形状紧凑度(按面积加权平均)", "compactness (mean by land)"),
    formula=("各社区 4π×面积÷周长² 按面积加权平均,圆为1",
             "mean of 4π area / perimeter² over communities, weighted by land; a circle has 1"),
)  # fmt: skip
def compactness_mean(division: Division) -> float:
    """Return the land-weighted mean of Polsby-Popper."""
    return float(np.average(division.compactness, weights=shapely.area(np.array(division.shapes, dtype=object))))


@_measure(
    "compactness_min", "territory", unit="index", better="up", source=_COMPACT,
    title=("最不紧凑社区的紧凑度", "compactness of the least compact community"),
    formula=("各社区 4π×面积÷周长² 的最小值", "least 4π area / perimeter² of a community"),
)  # fmt: skip
def compactness_min(division: Division) -> float:
    """Return the least Polsby-Popper."""
    return float(division.compactness.min())


@_measure(
    "in_pieces", "territory", unit="communities", better="down", source=_TERRITORY, also=("management",),
    title=("有人居住的部分不相连的社区", "communities whose inhabited land lies in pieces"),
    formula=("住有居民的地块分成两片以上、彼此没有1米以上共同边线的社区数",
             "number of communities with people living in two or more pieces that share no edge of 1 m or more"),
)  # fmt: skip
def in_pieces(division: Division) -> float:
    """Count communities in several inhabited pieces."""
    town = division.town
    own = town.touching & ~division.border
    _, label = pieces(len(town.ids), town.seam_a[own], town.seam_b[own])
    lived = (np.nan_to_num(town.households) + np.nan_to_num(town.people) > 0) & (division.part >= 0)
    pairs = np.unique(np.stack([division.part[lived], label[lived]], axis=1), axis=0)
    return float((np.bincount(pairs[:, 0], minlength=1) > 1).sum())


@_measure(
    "enclosing", "territory", unit="communities", better="down", source=_TERRITORY,
    title=("把其他社区围在中间的社区", "communities that enclose land of another"),
    formula=("范围内有空洞、空洞中是其他社区土地的社区数",
             "number of communities with a hole that holds land of another community"),
)  # fmt: skip
def enclosing(division: Division) -> float:
    """Count communities with another one in a hole."""
    town = division.town
    spots = shapely.point_on_surface(town.shapes)
    found = 0
    for i, shape in enumerate(division.shapes):
        rings = [ring for part in shapely.get_parts(shape) for ring in part.interiors]
        others = spots[(division.part != i) & (division.part >= 0)]
        found += any(shapely.contains(shapely.Polygon(ring), others).any() for ring in rings)
    return float(found)


@_measure(
    "in_no_community", "territory", unit="share", better="down", source=_TERRITORY,
    title=("不属于任何社区的户占比", "households in no community"),
    formula=("没有社区归属的地块户数 ÷ 全部户数", "households of blocks in no community / all households"),
)  # fmt: skip
def in_no_community(division: Division) -> float:
    """Return the share of households that nobody looks after."""
    homes = np.nan_to_num(division.town.households)
    return _ratio(homes[division.part < 0].sum(), homes.sum())


# 功能性
@_measure(
    "without_office", "function", unit="communities", better="down", source=_FUNCTION, also=("resources", "working"),
    title=("没有居委会办公场所或服务站的社区", "communities without an office or service station of their own"),
    formula=("范围内没有居委会办公场所或社区服务站的社区数",
             "number of communities with no committee office or service station on their land"),
)  # fmt: skip
def without_office(division: Division) -> float:
    """Count communities without an office."""
    return float((division.counts(OFFICES) == 0).sum())


@_measure(
    "without_health", "function", unit="communities", better="down", source=_FUNCTION,
    title=("没有卫生服务机构的社区", "communities without a health station, clinic or hospital"),
    formula=("范围内没有卫生站、卫生服务中心、诊所、医院的社区数",
             "number of communities with no health station, health centre, clinic or hospital on their land"),
)  # fmt: skip
def without_health(division: Division) -> float:
    """Count communities without health care."""
    return float((division.counts(HEALTH) == 0).sum())


@_measure(
    "without_food", "function", unit="communities", better="down", source=_FUNCTION,
    title=("没有菜市场、超市或生鲜店的社区", "communities without a market, supermarket or fresh food shop"),
    formula=("范围内没有菜市场、超市、生鲜店的社区数",
             "number of communities with no market, supermarket or fresh food shop on their land"),
)  # fmt: skip
def without_food(division: Division) -> float:
    """Count communities without food shops."""
    return float((division.counts(FOOD) == 0).sum())


@_measure(
    "office_distance", "function", unit="m", better="down", source=_FUNCTION, also=("working", "convenience"),
    title=("到本社区办公场所或服务站的平均距离",
           "mean distance to the community's own office or station"),
    formula=("各户到本社区最近的居委会办公场所或服务站的步行路网距离按户平均;本社区没有的,按最近的一处计;没有路网或步行不通的按直线",
             "mean over households of the walk to the nearest committee office or service station of their own "
             "community; to the nearest of any where it has none; straight where no streets are known or no way leads"),
)  # fmt: skip
def office_distance(division: Division) -> float:
    """Return the mean straight distance to the office [m]."""
    ways, homes = division.ways
    return float((ways.length_m * homes).sum() / homes.sum())


@_measure(
    "office_near", "function", unit="share", better="up", source=_CIRCLE, also=("convenience",),
    title=("300米内有本社区办公场所或服务站的户占比", "households within 300 m of the office or station"),
    formula=("到本社区最近的居委会办公场所或服务站步行不超过300米的户数 ÷ 全部户数;没有路网或步行不通的按直线",
             "households with at most 300 m on foot to the nearest office or station of their own community / all "
             "households; straight where no streets are known or no way leads"),
)  # fmt: skip
def office_near(division: Division) -> float:
    """Return the share of households near the office."""
    ways, homes = division.ways
    return float(homes[ways.length_m <= NEAR_M].sum() / homes.sum())


@_measure(
    "busiest_office", "function", unit="households", better="down", source=_FUNCTION, also=("working",),
    title=("每处办公场所或服务站服务户数的最大值", "households for each office in the community where they are most"),
    formula=("各社区 户数 ÷ 本社区办公场所与服务站数 的最大值(没有的社区不计)",
             "largest over communities of households / offices and stations (communities with none apart)"),
)  # fmt: skip
def busiest_office(division: Division) -> float:
    """Return the most households that one office serves."""
    offices = division.counts(OFFICES)
    if not (offices > 0).any():
        raise UnknownError("没有社区有办公场所", "no community has an office")
    return float((division.households[offices > 0] / offices[offices > 0]).max())


@_measure(
    "rooms_short", "function", unit="communities", better="down", source=_ROOMS, also=("resources",),
    title=("社区用房每百户不足30平方米的社区", "communities with less than 30 m² of rooms for 100 households"),
    formula=("居委会办公场所、服务站、文体活动室、老年活动室建筑面积合计 ÷ 户数 × 100 小于30平方米的社区数",
             "number of communities where floor area of committee office, service station, culture room and room for "
             "the old / households × 100 is below 30 m²"),
)  # fmt: skip
def rooms_short(division: Division) -> float:
    """Count communities with too little room."""
    rooms = division.town.surveyed((*OFFICES, "culture_room", "elder_room"))
    area = rooms["floor_area_m2"].to_numpy(dtype=np.float64)
    part = division.part[rooms["block"].to_numpy()]
    known, blank = (part >= 0) & np.isfinite(area), (part >= 0) & np.isnan(area)
    total = np.bincount(part[known], area[known], minlength=len(division.ids))
    short = total < ROOMS_M2 * division.households / 100
    doubtful = blank & short[part]
    if doubtful.any():
        raise UnknownError(
            f"{int(doubtful.sum())}处社区用房面积未知",
            f"rooms of unknown floor area: {int(doubtful.sum()):,}",
        )
    return float(short.sum())


# 利益共同性
@_measure(
    "split_estates", "interest", unit="estates", better="down", source=_INTEREST,
    title=("被分开的小区", "residential compounds divided"),
    formula=("没有95%以上土地同属一个社区的小区数,目标0",
             "number of compounds without 95% of their land in one community; the target is 0"),
)  # fmt: skip
def split_estates(division: Division) -> float:
    """Count compounds in several communities."""
    compounds = division.town.compounds
    if compounds is None:
        raise UnknownError("没有小区数据", "nothing is known of compounds")
    owner = pd.Series(division.label[compounds["block"].to_numpy()], index=compounds.index)
    land = compounds["area_m2"].groupby([compounds["compound"], owner]).sum().groupby(level=0)
    return float((land.max() < WHOLE * land.sum()).sum())


@_measure(
    "split_villages", "interest", unit="villages", better="down", source=_INTEREST,
    title=("被分开的村", "villages divided"),
    formula=("现状村的地块分属两个以上社区的村数,目标0",
             "number of today's villages whose blocks lie in more than one community; the target is 0"),
)  # fmt: skip
def split_villages(division: Division) -> float:
    """Count villages in several communities."""
    return float(sum(len(set(division.label[division.town.today == v])) > 1 for v in _of_kind(division, "village")))


@_measure(
    "converted_changed", "interest", unit="communities", better="down",
    title=("范围有变动的村改居社区", "converted villages whose land changes"),
    source=("社区优化整合方案·利益共同性:原则上村改居不变",
            "Plan for optimising communities: converted villages stay as they are in principle"),
    formula=("范围与现状不完全相同的村改居社区数,目标0",
             "number of converted villages that do not have exactly their own blocks; the target is 0"),
)  # fmt: skip
def converted_changed(division: Division) -> float:
    """Count converted villages that change."""
    return float(sum(not division.same_as_today(v) for v in _of_kind(division, "converted")))


@_measure(
    "households_moved", "interest", unit="households", better="down", source=_INTEREST,
    title=("更换社区的户数", "households changing community"),
    formula=("归属社区与现状不同的户数(现状无归属的不计)",
             "households in another community than today (those in none today apart)"),
)  # fmt: skip
def households_moved(division: Division) -> float:
    """Return the households whose community changes."""
    town = division.town
    return float(np.nan_to_num(town.households)[(town.today != "") & (town.today != division.label)].sum())


@_measure(
    "mixed_communities", "interest", unit="communities", better="down", source=_INTEREST,
    title=("村民与居民混合的社区", "communities where villagers and residents mix"),
    formula=("同时含有现状村和现状社区住户的社区数",
             "number of communities with households of today's villages and of today's other communities"),
)  # fmt: skip
def mixed_communities(division: Division) -> float:
    """Count communities of villagers and residents."""
    rural, urban = _rural(division)
    lived = np.nan_to_num(division.town.households) > 0
    here = [set(division.label[lived & of]) - {""} for of in (rural, urban)]
    return float(len(here[0] & here[1]))


@_measure(
    "residents_in_villages", "interest", unit="households", better="down", source=_INTEREST,
    title=("划入村的社区居民户数", "households of residents that come to a village"),
    formula=("现状属社区(含村改居)、归入沿用村的单位的户数:他们不是村集体成员",
             "households of today's communities in a unit that continues a village: they have no part in its "
             "collective"),
)  # fmt: skip
def residents_in_villages(division: Division) -> float:
    """Return the households of residents in villages."""
    _, urban = _rural(division)
    led = np.isin(division.label.astype(str), _of_kind(division, "village"))
    return float(np.nan_to_num(division.town.households)[urban & led].sum())


def _of_kind(division: Division, kind: str) -> list[str]:
    """Return today's communities of a kind that have a block."""
    return sorted(i for i in set(division.town.today) - {""} if division.town.kinds.get(i) == kind)


def _rural(division: Division) -> tuple[Flags, Flags]:
    """Return the blocks of today's villages, and those of today's other communities."""
    rural = np.isin(division.town.today.astype(str), _of_kind(division, "village"))
    return rural, (division.town.today != "") & ~rural


# 三个有利于
@_measure(
    "communities", "management", unit="communities", better="neutral", source=_TESTS, also=("city",),
    title=("社区(村)数", "communities and villages"),
    formula=("至少有一个地块的社区和村数", "number of communities and villages that have a block"),
)  # fmt: skip
def communities(division: Division) -> float:
    """Count the communities."""
    return float(len(division.ids))


@_measure(
    "households_mean", "management", unit="households", better="neutral", source=_TESTS,
    title=("平均每个社区的户数", "households of a community on average"),
    formula=("各社区户数合计 ÷ 社区数", "households of all communities / communities"),
)  # fmt: skip
def households_mean(division: Division) -> float:
    """Return the mean number of households."""
    return float(division.households.mean())


@_measure(
    "largest_area", "management", unit="km²", better="down", source=_TESTS,
    title=("面积最大社区的面积", "land of the largest community"),
    formula=("各社区土地面积的最大值", "largest land area of a community"),
)  # fmt: skip
def largest_area(division: Division) -> float:
    """Return the largest area [km²]."""
    return float(shapely.area(np.array(division.shapes, dtype=object)).max()) / 1e6


@_measure(
    "pooled", "resources", unit="kinds", better="up", source=_TESTS, also=("six_ones",),
    title=("归并后可统筹共用的“六个一”", "kinds of the six ones that can be pooled after a merger"),
    formula=("各社区内、来自两个以上现状社区的同类“六个一”设施,每类每社区计1处",
             "one for each community and kind of the six ones of which it holds facilities from two or more of "
             "today's communities"),
)  # fmt: skip
def pooled(division: Division) -> float:
    """Count what merging communities can share."""
    return float(len(_pools(division)))


# 五个有利于
@_measure(
    "unchanged_share", "stability", unit="share", better="up", source=_FIVE,
    title=("社区归属不变的户占比", "households whose community stays the same"),
    formula=("归属社区与现状相同的户数 ÷ 现状有归属的户数",
             "households in the community they are in today / households in a community today"),
)  # fmt: skip
def unchanged_share(division: Division) -> float:
    """Return the share of households that stay."""
    homes = np.nan_to_num(division.town.households)
    known = division.town.today != ""
    return _ratio(homes[known & (division.town.today == division.label)].sum(), homes[known].sum())


@_measure(
    "abolished", "stability", unit="communities", better="down", source=_FIVE,
    title=("撤销的社区(村)", "communities and villages abolished"),
    formula=("现状有、本方案没有的社区和村数", "number of today's communities and villages that are no more"),
)  # fmt: skip
def abolished(division: Division) -> float:
    """Count today's communities that are gone."""
    return float(len(set(division.town.today) - {""} - set(division.label)))


@_measure(
    "names_kept", "stability", unit="communities", better="up", source=_FIVE,
    title=("保留原名的社区(村)", "communities and villages that keep their name"),
    formula=("沿用且名称不变的现状社区和村数",
             "number of today's communities and villages that live on under the same name"),
)  # fmt: skip
def names_kept(division: Division) -> float:
    """Count the names that live on."""
    town = division.town
    alive = [i for i in set(town.today) - {""} if i in division.ids]
    if division.when == "before":
        return float(len(alive))
    now, was = ({i: _plain(table, i)[0] for i in alive} for table in (town.after, town.before))
    return float(sum(now[i] == was[i] for i in alive))


@_measure(
    "wide_road_on_way", "convenience", unit="share", better="down", source=_FIVE,
    title=("去办公场所须穿越主干路的户占比", "households that cross a primary road on the way to the office"),
    formula=("到本社区最近办公场所的直线与地面主干路及以上道路相交的户数 ÷ 全部户数",
             "households whose straight way to their office (office_distance) meets a primary or wider road on the "
             "ground / all households"),
)  # fmt: skip
def wide_road_on_way(division: Division) -> float:
    """Return the share of households with a wide road on the way."""
    if division.town.wide_roads is None:
        raise UnknownError("没有道路表", "there is no table of roads")
    ways, homes = division.ways
    return float(homes[ways.cross(division.town.wide_roads)].sum() / homes.sum())


@_measure(
    "statute_size", "self_government", unit="share", better="neutral", source=_COMMITTEES,
    title=("户数在居委会组织法100至700户之内的社区占比", "communities within the statute's 100 to 700 households"),
    formula=("户数在法定范围内的社区数 ÷ 社区数;各地标准普遍大于此数,仅供对照",
             "communities within the statutory range / communities; local standards are larger nearly everywhere, so "
             "this is for comparison only"),
)  # fmt: skip
def statute_size(division: Division) -> float:
    """Return the share of communities of the statute's size."""
    statute = load_profile("statute")
    load = division.households
    return float(((load >= statute.min_households) & (load <= statute.max_households)).mean())


@_measure(
    "village_meetings", "self_government", unit="villages", better="down", source=_VILLAGES,
    title=("须经村民会议同意的村", "villages whose villagers' meeting must agree"),
    formula=("被撤销或范围有变动的现状村数", "number of today's villages that are abolished or whose land changes"),
)  # fmt: skip
def village_meetings(division: Division) -> float:
    """Count villages that must vote."""
    return float(sum(not division.same_as_today(v) for v in _of_kind(division, "village")))


@_measure(
    "committees_anew", "self_government", unit="communities", better="down", source=_COMMITTEES,
    title=("新设或范围有变动的社区(村)", "communities and villages that are new or changed"),
    formula=("范围与现状任一社区不完全相同的社区数,须报批并调整居民组织",
             "number of communities that are not exactly one of today's: they need approval, and their committees "
             "change"),
)  # fmt: skip
def committees_anew(division: Division) -> float:
    """Count communities that are not as they are today."""
    return float(sum(not division.same_as_today(i) for i in division.ids))


@_measure(
    "six_complete", "six_ones", unit="share", better="up", source=_SIX, also=("working",),
    title=("居住在“六个一”齐全社区的户占比", "households in communities that have all of the six ones"),
    formula=("六类设施各至少一处的社区的户数 ÷ 各社区户数合计",
             "households of communities with at least one of each of the six kinds / households of all communities"),
)  # fmt: skip
def six_complete(division: Division) -> float:
    """Return the share of households whose community has everything."""
    have = [division.counts(categories) > 0 for _, _, categories in SIX_ONES.values()]
    return _ratio(division.households[np.logical_and.reduce(have)].sum(), division.households.sum())


def _lacking(categories: Sequence[str]) -> Callable[[Division], float]:
    return lambda division: float((division.counts(categories) == 0).sum())


for _one, (_zh, _en, _categories) in SIX_ONES.items():
    _measure(
        f"lacking_{_one}", "six_ones", (f"没有{_zh}的社区", f"communities without a {_en}"),
        unit="communities", better="down", source=_SIX,
        formula=(f"范围内没有{_zh}的社区数", f"number of communities with no {_en} on their land"),
    )(_lacking(_categories))  # fmt: skip


def _ratio(part: float, whole: float) -> float:
    if whole == 0:
        raise UnknownError("没有户数", "no households are known")
    return float(part) / float(whole)


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _measures_table(today: Division | None, then: Division, words: Mapping[str, str]) -> pd.DataFrame:
    rows = []
    values = {measure.id: _both(measure, today, then) for measure in MEASURES}
    for heading in HEADINGS:
        for measure in (m for m in MEASURES if heading == m.heading or heading in m.also):
            (before, after), why = values[measure.id]
            texts = _line(measure, before, after, why)
            source = tuple(text.format(**words) for text in measure.source)
            note = (text or None for text in why)
            rows.append((heading, measure.id, *measure.title, measure.unit, before, after, measure.better,
                         _verdict(measure, before, after), *texts, *note, *measure.formula, *source))  # fmt: skip
    columns = ["principle", "measure", "title_zh", "title_en", "unit", "before", "after", "better", "verdict",
               "text_zh", "text_en", "note_zh", "note_en", "formula_zh", "formula_en", "source_zh",
               "source_en"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys([c for c in columns if c not in ("before", "after")], "str"))


def _both(measure: Measure, today: Division | None, then: Division) -> tuple[tuple[float, float], Pair]:
    """Return the value before and after, NaN where unknown, and why."""
    found, why = [np.nan, np.nan], ("", "")
    for i, division in enumerate((today, then)):
        if division is None:
            why = _NO_TODAY
            continue
        try:
            found[i] = measure.value(division)
        except UnknownError as error:
            why = (error.zh, error.en)
    return (found[0], found[1]), why


def _verdict(measure: Measure, before: float, after: float) -> str:
    """Return better, worse, unchanged, changed (where neither way is better) or unknown; by the numbers as shown."""
    decimals = UNITS[measure.unit][1]
    a, b = round(before, decimals), round(after, decimals)
    if np.isnan(a) or np.isnan(b):
        return "unknown"
    if a == b:
        return "unchanged"
    if measure.better == "neutral":
        return "changed"
    return "better" if (b > a) == (measure.better == "up") else "worse"


def _line(measure: Measure, before: float, after: float, why: Pair) -> Pair:
    """Return the title with both numbers, and why one of them is unknown."""
    was_zh, now_zh = (_said(v, measure.unit, chinese=True) for v in (before, after))
    was, now = (_said(v, measure.unit, chinese=False) for v in (before, after))
    zh = now_zh if was == now else f"{was_zh}→{now_zh}"
    en = now if was == now else f"{was} → {now}"
    if why[0]:
        zh, en = f"{zh}({why[0]})", f"{en} ({why[1]})"
    return f"{measure.title[0]}{zh}", f"{measure.title[1]} {en}"


def _said(value: float, unit: str, *, chinese: bool) -> str:
    """Return a number as readers see it."""
    if np.isnan(value):
        return "未知" if chinese else "unknown"
    word, decimals = UNITS[unit]
    if unit == "share":
        return f"{round(value, decimals):.1%}"
    number = f"{round(value, decimals) + 0.0:,.{decimals}f}"
    if chinese:
        return f"{number}{word}"
    return f"{number} {unit}" if unit in ("m", "km", "km²") else number


_COUNTED: Final[Mapping[str, Pair]] = {
    "better": ("变好", "better"), "worse": ("变差", "worse"), "unchanged": ("不变", "unchanged"),
    "changed": ("有变化而不分好坏", "changed for neither better nor worse"), "unknown": ("未知", "unknown"),
}  # fmt: skip
"""Verdicts, as a sentence counts them."""
_ALWAYS: Final = ("better", "worse", "unchanged")
_LISTS: Final[Mapping[str, Pair]] = {
    "better": ("变好", "Better"), "worse": ("变差", "Worse"), "changed": ("有变化而不分好坏", "Changed"),
}  # fmt: skip
"""What a sentence lists with its numbers; what is unchanged is in the table."""


def _summary(measures: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for heading, (name_zh, name_en) in HEADINGS.items():
        own = measures[measures["principle"] == heading]
        counts = {verdict: int((own["verdict"] == verdict).sum()) for verdict in _COUNTED}
        told = [(verdict, *words) for verdict, words in _COUNTED.items() if counts[verdict] or verdict in _ALWAYS]
        zh = [f"{name_zh}:{len(own)}项指标,{'、'.join(f'{counts[v]}项{word}' for v, word, _ in told)}。"]
        en = [f"{name_en}, {len(own)} measures: {', '.join(f'{counts[v]} {word}' for v, _, word in told)}."]
        for verdict, (word_zh, word_en) in _LISTS.items():
            said = own[own["verdict"] == verdict]
            if len(said):
                zh.append(f"{word_zh}:{';'.join(said['text_zh'])}。")
                en.append(f"{word_en}: {'; '.join(said['text_en'])}.")
        for (why_zh, why_en), dark in own[own["verdict"] == "unknown"].groupby(["note_zh", "note_en"], sort=False):
            zh.append(f"未知({why_zh}):{';'.join(dark['title_zh'])}。")
            en.append(f"Unknown ({why_en}): {'; '.join(dark['title_en'])}.")
        rows.append((name_zh, name_en, *counts.values(), "".join(zh), " ".join(en)))
    columns = ["name_zh", "name_en", *_COUNTED, "text_zh", "text_en"]
    frame = pd.DataFrame(rows, columns=columns, index=pd.Index(list(HEADINGS), dtype="str", name="principle"))
    return frame.astype(dict.fromkeys(("name_zh", "name_en", "text_zh", "text_en"), "str"))


def _borders(today: Division | None, then: Division) -> pd.DataFrame:
    town = then.town
    keys = {"feature_class": town.seam_class, "feature_name": town.seam_name, "feature_name_en": town.seam_name_en}
    was = np.full(len(town.seam_m), np.nan) if today is None else town.seam_m * today.border
    lines = pd.DataFrame({**keys, "before_m": was, "after_m": town.seam_m * then.border})
    found = lines.groupby(list(keys), sort=True).sum(min_count=1).reset_index()
    found = found[(found["before_m"].fillna(0) > 0) | (found["after_m"] > 0)]
    order = np.lexsort((found["feature_name"], found["feature_class"], -found["after_m"].round(3)))
    found = found.iloc[order].reset_index(drop=True)
    for column in keys:
        found[column] = found[column].where(found[column] != "").astype("str")
    return found


def _six_ones(today: Division | None, then: Division) -> pd.DataFrame:
    rows = []
    for division in (today, then):
        if division is None:
            continue
        counts: dict[str, Iterable[Any]] = {}
        for one, (_, _, categories) in SIX_ONES.items():
            try:
                counts[one] = division.counts(categories).tolist()
            except UnknownError:
                counts[one] = [pd.NA] * len(division.ids)
        names = [_plain(division.town.before if division.when == "before" else division.town.after, i)
                 for i in division.ids]  # fmt: skip
        rows.append(pd.DataFrame({"when": division.when, "community_id": division.ids, "name": [zh for zh, _ in names],
                                  "name_en": [en for _, en in names], **counts}))  # fmt: skip
    frame = pd.concat(rows, ignore_index=True)
    return frame.astype({**dict.fromkeys(("when", "community_id", "name", "name_en"), "str"),
                         **dict.fromkeys(SIX_ONES, "Int64")})  # fmt: skip


def _pools(division: Division) -> list[tuple[str, str, int, list[str]]]:
    """Return (community, one, facilities, the communities of today they come from) for what can be shared."""
    town = division.town
    found = []
    for one, (_, _, categories) in SIX_ONES.items():
        try:
            at = town.surveyed(categories)["block"].to_numpy()
        except UnknownError:
            if town.facilities is None:
                raise
            continue  # a kind that was not surveyed; the others still tell
        for community in division.ids:
            origins = town.today[at[division.label[at] == community]]
            known = sorted(set(origins) - {""})
            if len(known) > 1:
                found.append((community, one, len(origins), known))
    return sorted(found, key=lambda pool: (pool[0], list(SIX_ONES).index(pool[1])))


def _sharing(then: Division) -> pd.DataFrame:
    columns = ["community_id", "one", "count", "text_zh", "text_en"]
    rows = []
    try:
        pools = _pools(then)
    except UnknownError:
        pools = []
    for community, one, count, origins in pools:
        zh, en, _ = SIX_ONES[one]
        name_zh, name_en = _plain(then.town.after, community)
        was = [_plain(then.town.before, origin) for origin in origins]
        from_zh, from_en = "、".join(w for w, _ in was), ", ".join(w for _, w in was)
        said_zh = f"{name_zh}有{zh}{count}处(原属{from_zh}),可统筹共用或调整用途"
        said_en = f"{name_en}: {count} of the kind “{en}” (from {from_en}), to be shared or put to another use"
        rows.append((community, one, count, said_zh, said_en))
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({**dict.fromkeys(("community_id", "one", "text_zh", "text_en"), "str"), "count": "Int64"})


def _plain(table: gpd.GeoDataFrame, community: str) -> Pair:
    """Return a community's name in Chinese and English, what there is."""
    if community not in table.index:
        return community, community
    zh, en = (table.loc[community, column] for column in ("name", "name_en"))
    plain = community if pd.isna(zh) else str(zh)
    return plain, plain if pd.isna(en) else str(en)


def _words_of(profile: Profile, limits: Limits) -> Mapping[str, str]:
    """Return what {limits_zh} and {limits_en} stand for in a source."""
    low, target, high = (f"{getattr(limits, f'{step}_households'):,}" for step in ("min", "target", "max"))
    zh = f"{profile.title_zh}:{profile.clause or profile.source};采用{low}至{high}户、目标{target}户"
    clause = profile.clause_en or profile.source_en or profile.source
    en = f"{profile.title_en}: {clause}; used: {low} to {high} households, target {target}"
    if limits.max_people is not None:
        zh, en = f"{zh}、至多{limits.max_people:,}人", f"{en}, at most {limits.max_people:,} people"
    return {"limits_zh": zh, "limits_en": en}
