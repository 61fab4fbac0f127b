"""Land within reach of what a standard asks for, how access is shared out among people, and how far people walk.

What the maps and tables of gaps show beside the judgements themselves (`geo.gaps.gaps.find_gaps`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.access.catchment import catchment
from geo.access.inequality import coverage, gini, quantiles
from geo.access.outlines import area_of, rings
from geo.access.reach import Pairs, nearest, within
from geo.errors import Fault, InputError
from geo.gaps.result import Gaps
from geo.gaps.scene import Floats, Ints, numbers
from geo.gaps.walks import MEASURES, By, has_limit, limit, shares_room
from geo.network import Network
from geo.network.joins import join
from geo.network.network import Joins
from geo.network.options import SPEEDS
from geo.standards.facilities import Requirement, plain_category
from geo.study import Study

CURVE_M: Final = tuple(range(100, 3001, 100))
"""Walks at which people are counted [m]."""

CLIFF_STEPS: Final = 3.0
"""A walk that grows by more than this many steps between two neighbouring points goes round something."""

SHARED_MIN: Final = 15.0
"""The reach that is shared in where a standard sets none, our reading [min]."""

Unit = Literal["places", "m2", "facilities"]
"""What is shared out: places (beds, seats, bays), square metres, or the facilities themselves."""

Shape: TypeAlias = shapely.geometry.base.BaseGeometry

INEQUALITY_COLUMNS: Final = (
    "unit", "facilities", "facilities_unknown", "capacity", "people", "people_without", "people_unknown",
    "mean_per_1000", "p10_per_1000", "p50_per_1000", "p90_per_1000", "gini",
)  # fmt: skip


@dataclass(frozen=True)
class Surfaces:
    """Land within reach, access shared among people, and people by distance.

    Attributes
    ----------
    areas : GeoDataFrame
        Index (standard, requirement), requirements that set a reach, as the standards list them. limit_m [m],
        limit_min [min] (NaN where the other one is set); facilities (of its kinds in the table); area_m2;
        people_covered (`Gaps.requirements`, NaN unknown); geometry MultiPolygon (empty where nothing is near): the
        land of the study area from which any of these facilities can be walked to within the limit, in the study's CRS.
        For a requirement of each community this is the land near any of them, whichever community has it.
    access : DataFrame
        Index (standard, requirement, demand_id), requirements that share room among all within reach: access [per
        1,000 people, in `inequality`'s unit], NaN where a facility of unknown size is near, inf where one is near that
        nobody shares; access_known (what those of known size give: at least this much); places (facilities near).
    inequality : DataFrame
        Index (standard, requirement), the same: unit (`Unit`), facilities, facilities_unknown (of unknown size),
        capacity (all of known size), people (whom it is for, of known access), people_without (nothing within reach),
        people_unknown (access unknown), mean, 10th, 50th and 90th percentile [per 1,000 people], gini (0 all have the
        same; NaN where nobody has anything).
    coverage : DataFrame
        Index (standard, requirement, walk_m): people whom it is for with one within so many metres on foot, and their
        share of all (0 to 1).
    step_m : float
        Outlines of `areas` are true to about this [m].
    notes : tuple of (str, str)
        Methods and assumptions, in Chinese and English.
    """

    areas: gpd.GeoDataFrame
    access: pd.DataFrame
    inequality: pd.DataFrame
    coverage: pd.DataFrame
    step_m: float
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Asked:
    """One requirement, and whom it counts: `all`, `elders` or `children`."""

    standard: str
    rule: Requirement
    who: str

    @property
    def key(self) -> tuple[str, str]:
        """Its place in the tables."""
        return self.standard, self.rule.key


@dataclass(frozen=True)
class _Land:
    """Points on the land, `step_m` apart on round coordinates: rows and columns from a corner, and how they join."""

    row: Ints
    column: Ints
    corner: Floats
    step_m: float
    joined: Joins

    def field(self, values: Floats) -> Floats:
        """Return values of the points as a rectangle, inf where there is no point; a rim of inf closes it."""
        rectangle = np.full((int(self.row.max()) + 3, int(self.column.max()) + 3), np.inf)
        rectangle[self.row + 1, self.column + 1] = values
        return rectangle


def surfaces(
    gaps: Mapping[str, Gaps],
    study: Study,
    *,
    network: Network,
    demand: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame | None = None,
    step_m: float = 20.0,
) -> Surfaces:
    """Return the land within reach, access and people by distance of every requirement of some gaps.

    Parameters
    ----------
    gaps
        As `geo.gaps.gaps.gaps_of` returns them, by the standards' names; judged at one speed.
    study
        Its study area bounds the land; without one, the box round homes and facilities.
    network, demand
        What the gaps were found with.
    facilities
        Instead of the study's.
    step_m
        How far apart land is asked [m].

    Raises
    ------
    InputError
        When the gaps were judged at different speeds, the step is not above 0, or the study has no facilities.

    Notes
    -----
    Land is asked point by point as in `geo.access.isochrones`: each point joins the network as a home would. Access is
    the enhanced two-step floating catchment of Luo and Qi (2009), weights 1, 0.68 and 0.22 on thirds of the reach.
    """
    speed = _checked(gaps, step_m)
    offered = (study["facilities"] if facilities is None else facilities).copy(deep=False)
    offered = offered.set_axis(offered.index.astype("str")).sort_index()
    offered = offered[offered.geometry.notna() & ~offered.geometry.is_empty]
    offered["category"] = [plain_category(each) for each in offered["category"]]
    asked = [
        _Asked(name, rule, str(each.requirements.loc[rule.key, "who"]))
        for name, each in gaps.items()
        for rule in each.standard.requirements
    ]
    ground = _ground(study, demand, offered)
    shapes = _shapes([each for each in asked if has_limit(each.rule)], ground, network=network, facilities=offered,
                     speed=speed, step_m=step_m)  # fmt: skip
    access, inequality = _access(asked, network, demand=demand, facilities=offered, speed=speed)
    return Surfaces(
        areas=_areas(asked, shapes, gaps, offered, network),
        access=access,
        inequality=inequality,
        coverage=_coverage(asked, gaps, demand),
        step_m=step_m,
        notes=_notes(step_m, shared=len(inequality) > 0),
    )


def people_for(who: str, demand: gpd.GeoDataFrame) -> pd.Series:
    """Return the people of each home whom a requirement counts (`all`, `elders`, `children`), NaN where unknown."""
    return pd.Series(numbers(demand, "people" if who == "all" else who), index=demand.index, name="people")


def _checked(gaps: Mapping[str, Gaps], step_m: float) -> str:
    speeds = sorted({each.speed for each in gaps.values()})
    faults = []
    if len(speeds) != 1:
        faults.append(Fault(f"gaps judged at {len(speeds)} speeds: {', '.join(speeds)}", "give gaps of one speed"))
    if not 0 < step_m < np.inf:
        faults.append(Fault(f"land asked every {step_m:g} m", "give a step above 0"))
    if faults:
        raise InputError(faults)
    return speeds[0]


def _keys(asked: Sequence[_Asked]) -> pd.MultiIndex:
    keys = [each.key for each in asked]
    names = ["standard", "requirement"]
    return pd.MultiIndex.from_tuples(keys, names=names) if keys else pd.MultiIndex.from_arrays([[], []], names=names)


def _areas(
    asked: Sequence[_Asked],
    shapes: Mapping[tuple[str, str], shapely.MultiPolygon],
    gaps: Mapping[str, Gaps],
    facilities: gpd.GeoDataFrame,
    network: Network,
) -> gpd.GeoDataFrame:
    """Return the table of the land within reach."""
    limited = [each for each in asked if each.key in shapes]
    towns = [gaps[each.standard].requirements.loc[each.rule.key] for each in limited]
    category = facilities["category"].to_numpy(dtype=object)
    columns = {
        "limit_m": np.array([each.rule.radius_m or np.nan for each in limited], dtype=np.float64),
        "limit_min": np.array([each.rule.minutes or np.nan for each in limited], dtype=np.float64),
        "facilities": np.array([each.rule.counts(category).sum() for each in limited], dtype=np.int64),
        "area_m2": np.array([shapes[each.key].area for each in limited], dtype=np.float64),
        "people_covered": np.array([row["people_covered"] for row in towns], dtype=np.float64),
    }
    geometry = gpd.GeoSeries([shapes[each.key] for each in limited], index=_keys(limited), crs=network.crs)
    return gpd.GeoDataFrame(columns, index=_keys(limited), geometry=geometry)


def _ground(study: Study, demand: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame) -> Shape:
    """Return the land that is asked."""
    area = study.get("study_area")
    if area is not None and len(area):
        return shapely.union_all(area.geometry.to_numpy())
    return shapely.box(*shapely.total_bounds([*demand.geometry, *facilities.geometry]))


def _land(network: Network, ground: Shape, step_m: float) -> _Land:
    """Return points on the ground and two steps round it, so that outlines run over its edge and can be cut there."""
    margin = ground.buffer(2 * step_m)
    low, high = np.floor(np.array(margin.bounds[:2]) / step_m), np.ceil(np.array(margin.bounds[2:]) / step_m)
    row, column = np.indices([int(each) + 1 for each in (high - low)[::-1]]).reshape(2, -1)
    x, y = (low[0] + column) * step_m, (low[1] + row) * step_m
    shapely.prepare(margin)
    inside = shapely.contains_xy(margin, x, y)
    points = gpd.GeoSeries(shapely.points(x[inside], y[inside]), crs=network.crs)
    joined = join(network, points, entrances=False)
    return _Land(row[inside], column[inside], low, step_m, joined)


def _shapes(
    limited: Sequence[_Asked], ground: Shape, *, network: Network, facilities: gpd.GeoDataFrame, speed: str,
    step_m: float,
) -> dict[tuple[str, str], shapely.MultiPolygon]:  # fmt: skip
    """Return the land within reach of each of these requirements."""
    if not limited:
        return {}
    land = _land(network, ground, step_m)
    walks = {by: _land_walks(limited, land, by, network=network, facilities=facilities, speed=speed) for by in MEASURES}
    cliff_m = CLIFF_STEPS * step_m
    slow = {"metres": 1.0, "minutes": 1 / SPEEDS[speed].metres_per_minute}
    shapely.prepare(ground)
    drawn: dict[tuple[object, ...], shapely.MultiPolygon] = {}
    shapes = {}
    for each in limited:
        rule = each.rule
        same = (frozenset(rule.categories), rule.radius_m, rule.minutes)
        if same not in drawn:
            # Walks as shares of the limit: a point is within reach where either measure keeps it.
            share = np.full(len(land.row), np.inf)
            cliff = 0.0
            for by in MEASURES:
                most = limit(rule, by)
                if most is None:
                    continue
                cliff = max(cliff, cliff_m * slow[by] / most)
                for category in rule.categories:
                    if category in walks[by]:
                        share = np.minimum(share, walks[by][category] / most)
            area = area_of(rings(land.field(share), 1.0, cliff), land.corner - 1, step_m)
            drawn[same] = _polygons(shapely.intersection(area, ground))
        shapes[each.key] = drawn[same]
    return shapes


def _land_walks(
    limited: Sequence[_Asked], land: _Land, by: By, *, network: Network, facilities: gpd.GeoDataFrame, speed: str
) -> dict[str, Floats]:
    """Return the walk from each point of the land to the nearest of each category, inf beyond every limit."""
    rules = [each.rule for each in limited if limit(each.rule, by) is not None]
    wanted = {category for rule in rules for category in rule.categories}
    some = facilities.loc[facilities["category"].isin(wanted), ["category", facilities.geometry.name]]
    if some.empty:
        return {}
    slow = 1.0 if by == "metres" else 1 / SPEEDS[speed].metres_per_minute
    farthest = max(limit(rule, by) or 0.0 for rule in rules) + CLIFF_STEPS * land.step_m * slow
    table = nearest(network, land.joined, some, by=by, speed=speed, at_most=farthest)
    point, codes = table.index.to_numpy(), table["category"].cat.codes.to_numpy()
    walk = table["walk_m" if by == "metres" else "walk_min"].to_numpy()
    walks = {}
    for code, category in enumerate(table["category"].cat.categories):
        mine = codes == code
        walks[str(category)] = np.full(len(land.row), np.inf)
        walks[str(category)][point[mine]] = walk[mine]
    return walks


def _polygons(shape: Shape) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"])


def _access(
    asked: Sequence[_Asked], network: Network, *, demand: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, speed: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return access by home, and how it is spread, of the requirements that share room among all within reach."""
    shared = [each for each in asked if shares_room(each.rule)]
    homes = join(network, demand[[demand.geometry.name]], entrances=False)
    away = demand.index.isin(homes.why_not.index)
    frames, rows = [], []
    for each in shared:
        unit, capacity = _offered(each.rule, facilities)
        people = people_for(each.who, demand)
        pairs, by, most = _pairs(each.rule, network, homes, facilities.loc[capacity.index], speed)
        # A home of unknown people shares with nobody we know of; that it is there is said by `people_unknown`.
        found = catchment(pairs, people.fillna(0.0), capacity, at_most=most, by=by, method="e2sfca").homes
        table = found[["access", "access_known"]] * 1000
        table["places"] = found["places"]
        table.loc[away, ["access", "access_known"]] = np.nan
        frames.append(table.reindex(demand.index))
        rows.append({"unit": unit, "facilities": len(capacity), "facilities_unknown": int(capacity.isna().sum()),
                     "capacity": capacity.sum(min_count=1), **_spread(table, people)})  # fmt: skip
    index = _keys(shared)
    inequality = pd.DataFrame(rows, index=index, columns=list(INEQUALITY_COLUMNS))
    if not frames:
        empty = pd.MultiIndex.from_arrays([[], [], []], names=[*index.names, "demand_id"])
        return pd.DataFrame(columns=["access", "access_known", "places"], index=empty, dtype="float64"), inequality
    access = pd.concat(frames, keys=[each.key for each in shared], names=[*index.names, "demand_id"])
    return access, inequality


def _offered(rule: Requirement, facilities: gpd.GeoDataFrame) -> tuple[Unit, pd.Series]:
    """Return what the facilities that count offer: places, square metres, or one each where only they are counted."""
    mine = facilities[rule.counts(facilities["category"])]
    if rule.asks_places:
        return "places", pd.Series(numbers(mine, "capacity"), index=mine.index)
    if rule.asks_area and rule.area_of == "floor":
        return "m2", pd.Series(numbers(mine, "floor_area_m2"), index=mine.index)
    if rule.asks_area:
        site, drawn = numbers(mine, "site_area_m2"), mine.geometry.area.to_numpy()
        return "m2", pd.Series(np.where(np.isnan(site) & (drawn > 0), drawn, site), index=mine.index)
    return "facilities", pd.Series(1.0, index=mine.index)


def _pairs(
    rule: Requirement, network: Network, homes: Joins, facilities: gpd.GeoDataFrame, speed: str
) -> tuple[Pairs, By, float]:
    """Return walks within the reach of a requirement, what they are measured by, and the reach."""
    by: By = "metres" if rule.radius_m is not None else "minutes"
    most = limit(rule, by)
    if most is None:
        by, most = "minutes", SHARED_MIN
    return within(network, homes, facilities.geometry, most, by=by, speed=speed), by, most


def _spread(table: pd.DataFrame, people: pd.Series) -> dict[str, float]:
    """Return how access is spread among the people of the homes where it is known."""
    access = table["access"].replace(np.inf, np.nan)
    known = access.notna() & (people > 0)
    of, weight = access[known], people[known]
    spread = {"people": float(weight.sum()), "people_without": float(weight[of == 0].sum()),
              "people_unknown": float(people[~known].sum())}  # fmt: skip
    if not len(of):
        nothing = dict.fromkeys(("mean_per_1000", "p10_per_1000", "p50_per_1000", "p90_per_1000", "gini"), np.nan)
        return spread | nothing
    p10, p50, p90 = quantiles(of, weight, (0.1, 0.5, 0.9))
    mean = float(np.average(of, weights=weight))
    return spread | {"mean_per_1000": mean, "p10_per_1000": p10, "p50_per_1000": p50, "p90_per_1000": p90,
                     "gini": gini(of, weight)}  # fmt: skip


def _coverage(asked: Sequence[_Asked], gaps: Mapping[str, Gaps], demand: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return how many people have one within each of `CURVE_M`."""
    curves, keys = [], []
    for each in asked:
        walk = gaps[each.standard].homes["walk_m"].xs(each.rule.key, level="requirement")
        people = people_for(each.who, demand).set_axis(demand.index.astype("str"))
        curves.append(coverage(walk, people.reindex(walk.index), at=CURVE_M))
        keys.append(each.key)
    names = ["standard", "requirement", "walk_m"]
    if not curves:
        return pd.DataFrame(columns=["people", "share"], index=pd.MultiIndex.from_arrays([[], [], []], names=names))
    return pd.concat(curves, keys=keys, names=names)


def _notes(step_m: float, *, shared: bool) -> tuple[tuple[str, str], ...]:
    notes = [(
        f"可达用地:在研究范围内每隔{step_m:g}米取一点,按住所接入步行网络的同一规则计算步行距离;边界精度约{step_m:g}米。",
        f"Land within reach: asked every {step_m:g} m in the study area, each point joined to the walking network as "
        f"a home would be; outlines are true to about {step_m:g} m.",
    )]  # fmt: skip
    if shared:
        notes.append((
            "人均可得量按增强型两步移动搜索法(E2SFCA,Luo与Qi,2009):可达范围三等分,权重1、0.68、0.22;把原文的车行分区用于步行是本软件的理解。",
            "Supply per 1,000 people by the enhanced two-step floating catchment (E2SFCA, Luo and Qi 2009), weights 1, "
            "0.68 and 0.22 on thirds of the reach; to lay its driving zones on walks is our reading.",
        ))  # fmt: skip
    return tuple(notes)
