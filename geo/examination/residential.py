"""Indicators of residential areas: facilities, places, bays, grounds and management of estates and examination units.

Facilities (elder care, childcare, kindergarten, ground) are asked of units of 5,000 to 12,000 people: a smaller unit is
judged together with its neighbours, a larger one needs more in proportion. What is measured comes from the survey of
the estates and from the study's facilities, whichever shows more; it is complete only where one of them is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array, eye_array

from geo.examination.buildings import Places, numbers
from geo.examination.judging import (
    CLEAR,
    FOUND,
    NOT_APPLICABLE,
    UNKNOWN,
    Bytes,
    Evidence,
    Flags,
    Floats,
    Ints,
    Judged,
    found_codes,
    gather,
    quantities,
)
from geo.standards.indicators import Catalogue, Indicator

NEAR_M: Final = 50.0
"""Units no further apart than a street is wide [m] are neighbours (our reading)."""

MAPPED_SHARE: Final = 0.5
"""Share of a unit's people in blocks of which homes are known, from which its facilities were mapped (our reading)."""

SEATS_A_CLASS: Final = 30
"""Children in a kindergarten class, where a facility tells only its places (90 seats in 3 classes, as the manual)."""

KINDS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "elder_care": (
        ("elder_home", "elder_care", "elder_station", "day_care_centre", "nursing_home", "retirement_home", "home_care",
         "old_age_home", "senior_care"),
        ("养老", "日间照料", "老年服务", "老年照料", "助老"),
    ),
    "childcare": (("nursery", "childcare", "creche", "day_nursery"), ("托儿", "托育", "幼托", "婴幼儿")),
    "kindergarten": (("kindergarten", "preschool"), ("幼儿园",)),
    "primary_school": (("primary_school", "elementary_school"), ("小学",)),
    "ground": (
        ("sports_ground", "playground", "pitch", "fitness", "fitness_station", "outdoor_fitness", "square", "plaza"),
        ("运动场", "球场", "健身", "广场", "活动场", "游乐场"),
    ),
    "green": (("park", "garden", "green", "pocket_park", "recreation_ground"), ("公园", "游园", "绿地")),
}  # fmt: skip
"""Categories of facilities that count for each kind: English words exactly, Chinese ones anywhere in the word."""


@dataclass(frozen=True)
class Amount:
    """How much of something there is for each unit: what is known of it, and whether that is all."""

    known: Floats
    complete: Flags

    def with_(self, other: "Amount", doubtful: Flags) -> "Amount":
        """Return what two sources show together: the larger, complete where either is and nothing is doubtful."""
        return Amount(np.maximum(self.known, other.known), (self.complete | other.complete) & ~doubtful)

    def at_least(self, need: Floats | float) -> Bytes:
        """Return `CLEAR` where there is enough, `FOUND` where there is not, `UNKNOWN` where nobody can say."""
        unknown = np.isnan(np.broadcast_to(np.asarray(need, dtype=np.float64), self.known.shape))
        enough, short = self.known >= need, self.complete & (self.known < need)
        return np.select([~unknown & enough, ~unknown & short], [CLEAR, FOUND], UNKNOWN).astype(np.int8)


@dataclass(frozen=True)
class _Scene:
    """What every rule of a unit or an estate may look at."""

    places: Places
    catalogue: Catalogue
    measured: pd.DataFrame
    """Quantities of estates: index estate_id, a column per item, NaN unknown."""
    measured_units: pd.DataFrame
    """The same of units, where they were told of units themselves."""
    unit_of_estate: Ints
    people: Floats
    """Residents of each unit."""
    pool: csr_array
    """Units (rows) and the units they are judged with: themselves, and their neighbours where they are too small."""
    new_unit: Floats
    """1 where a unit is new, 0 where not, NaN unknown."""
    facilities: gpd.GeoDataFrame | None
    mapped: Flags
    """Units of which the town was mapped: where its facilities name none, there is none."""

    @property
    def scale(self) -> Floats:
        """How many times over a unit needs what one of the largest size needs; at least once."""
        return np.fmax(1.0, self.people / self.catalogue.unit_max_people)

    def kind(self, name: str) -> gpd.GeoDataFrame | None:
        """Return the facilities of a kind; None when the town names none, so that nobody may have looked."""
        if self.facilities is None:
            return None
        exact, within = KINDS[name]
        words = self.facilities["category"].astype(str).str.strip().str.lower()
        hit = words.str.replace(r"[\s-]+", "_", regex=True).isin(exact)
        for word in within:
            hit |= words.str.contains(word, regex=False)
        return self.facilities[hit.to_numpy(dtype=bool)] if hit.any() else None


def judge_residential(
    places: Places,
    findings: pd.DataFrame,
    observations: pd.DataFrame,
    facilities: gpd.GeoDataFrame | None,
    catalogue: Catalogue,
    *,
    before: bool = False,
) -> tuple[tuple[Judged, ...], Evidence]:
    """Return every indicator of residential areas, judged, and what was recorded of the estates.

    Parameters
    ----------
    places : Places
    findings : DataFrame
        As `geo.examination.judging.read_findings` gives them; of an estate or a unit, or of a home in an estate.
    observations : DataFrame
        As `geo.examination.judging.read_observations` gives them.
    facilities : GeoDataFrame, optional
        The study's table.
    catalogue : Catalogue
    before : bool
        Count what has been put right as if it still were there.
    """
    indicators = catalogue.of("residential")
    codes = [code for indicator in indicators for code in indicator.codes]
    estates = places.estates.index
    estate = gather(estates, "estate", codes, findings, observations, before=before)
    of_home = gather(places.buildings.index, "building", codes, findings, observations, before=before)
    to = estates.get_indexer(pd.Index(places.buildings["estate_id"]))
    told = of_home.summed(to, len(estates))
    estate = estate.joined(
        Evidence(told.codes, np.where(told.state == FOUND, FOUND, UNKNOWN).astype(np.int8), told.open, told.severity,
                 told.extent, told.unmeasured, told.years)
    )  # fmt: skip
    scene = _scene(places, observations, facilities, catalogue)
    unit = gather(places.units.index, "unit", codes, findings, observations, before=before)
    unit = unit.joined(estate.summed(scene.unit_of_estate, len(places.units)))
    judged = []
    for indicator in indicators:
        recorded = (unit if indicator.subject == "unit" else estate).of(indicator)
        judged.append(RULES.get(indicator.method, _by_codes)(indicator, scene, recorded))
    return tuple(judged), estate


def _scene(
    places: Places, observations: pd.DataFrame, facilities: gpd.GeoDataFrame | None, catalogue: Catalogue
) -> _Scene:
    estates, units = places.estates, places.units
    items = [item.key for indicator in catalogue.of("residential") for item in indicator.items]
    keys = list(dict.fromkeys([*items, "residents"]))
    measured = quantities(estates.index, "estate", keys, observations)
    measured_units = quantities(units.index, "unit", keys, observations)
    unit_of_estate = units.index.get_indexer(pd.Index(estates["unit_id"]))
    people = numbers(units, "people")
    if places.estates_are_units:
        asked = measured["residents"].to_numpy(dtype=np.float64)
        people = np.where(np.isnan(asked), people, asked)
    asked = measured_units["residents"].to_numpy(dtype=np.float64)
    people = np.where(np.isnan(asked), people, asked)
    small = people < catalogue.unit_min_people
    return _Scene(
        places, catalogue, measured, measured_units, np.asarray(unit_of_estate), people,
        _pool(units, small), _new(places, catalogue), facilities, _mapped(places),
    )  # fmt: skip


def _mapped(places: Places) -> Flags:
    """Return the units most of whose people live in blocks of which homes are known; all, where nothing tells."""
    blocks, units = places.blocks, places.units
    if places.estates_are_units or not len(blocks):
        return np.ones(len(units), dtype=bool)
    people = np.nan_to_num(numbers(blocks, "people"))
    known = blocks.index.isin(places.buildings["block_id"].dropna())
    at = units.index.get_indexer(pd.Index(blocks["unit_id"]))
    inside = at >= 0
    total = np.bincount(at[inside], people[inside], len(units))
    there = np.bincount(at[inside], (people * known)[inside], len(units))
    return np.asarray((total == 0) | (there >= MAPPED_SHARE * total))


def _pool(units: gpd.GeoDataFrame, small: Flags) -> csr_array:
    """Return which units each unit is judged with."""
    shapes = units.geometry.to_numpy()
    rows = np.flatnonzero(small)
    one, other = shapely.STRtree(shapes).query(shapes[rows], predicate="dwithin", distance=NEAR_M)
    near = csr_array((np.ones(len(one)), (rows[one], other)), shape=(len(units), len(units)))
    both = near + eye_array(len(units), format="csr")
    both.data = np.ones_like(both.data)
    return csr_array(both)


def _new(places: Places, catalogue: Catalogue) -> Floats:
    """Return whether each unit is new: most of its homes of known year were completed since the standard's year."""
    homes = places.buildings
    year = homes["year"].to_numpy(dtype=np.float64)
    known = ~np.isnan(year)
    at = places.units.index.get_indexer(pd.Index(homes["unit_id"]))
    inside = known & (at >= 0)
    count = np.bincount(at[inside], minlength=len(places.units))
    young = np.bincount(at[inside], year[inside] >= catalogue.new_since, minlength=len(places.units))
    share = np.divide(young, count, out=np.full(len(count), np.nan), where=count > 0)
    new = np.where(np.isnan(share), np.nan, (share > 0.5).astype(np.float64))
    if places.estates_are_units:
        built = numbers(places.estates, "year_built")
        new = np.where(np.isnan(built), new, (built >= catalogue.new_since).astype(np.float64))
    return np.asarray(new, dtype=np.float64)


# ── what there is in a unit ──────────────────────────────────────────────────────────────────────────────────────────
def _surveyed(scene: _Scene, value: Callable[[pd.DataFrame], pd.Series]) -> Amount:
    """Return what the survey tells of each unit's pool: of the unit itself, else of all its estates."""
    count = len(scene.places.units)
    own = value(scene.measured_units).to_numpy(dtype=np.float64)
    each = value(scene.measured).to_numpy(dtype=np.float64)
    inside = scene.unit_of_estate >= 0
    at, told = scene.unit_of_estate[inside], ~np.isnan(each[inside])
    total = np.bincount(at, np.nan_to_num(each[inside]), minlength=count)
    complete = (np.bincount(at, told, minlength=count) == np.bincount(at, minlength=count)) & (
        np.bincount(at, minlength=count) > 0
    )
    return Amount(
        scene.pool @ np.where(np.isnan(own), total, own), scene.pool @ (~(complete | ~np.isnan(own))).astype(float) == 0
    )


def _in_reach(scene: _Scene, facilities: gpd.GeoDataFrame, radius_m: float) -> csr_array:
    """Return which facilities serve which unit: in it or so near, or in a unit that it is judged with."""
    shapes, places = scene.places.units.geometry.to_numpy(), facilities.geometry.to_numpy()
    size = (len(shapes), len(places))
    tree = shapely.STRtree(places)

    def pairs(distance: float) -> csr_array:
        unit, facility = tree.query(shapes, predicate="dwithin", distance=distance)
        return csr_array((np.ones(len(unit)), (unit, facility)), shape=size)

    reach = csr_array(scene.pool @ pairs(0.0) + pairs(radius_m))
    reach.data = np.ones_like(reach.data)
    return reach


def _listed(
    scene: _Scene, kind: str, radius_m: float, value: Callable[[gpd.GeoDataFrame], Floats]
) -> tuple[Amount, Flags]:
    """Return what the study's facilities show of each unit, and where one of them tells too little to say."""
    facilities = scene.kind(kind)
    count = len(scene.places.units)
    if facilities is None:
        return Amount(np.zeros(count), np.zeros(count, dtype=bool)), np.zeros(count, dtype=bool)
    reach, each = _in_reach(scene, facilities, radius_m), value(facilities)
    whole = scene.pool @ (~scene.mapped).astype(float) == 0
    return Amount(reach @ np.nan_to_num(each), whole), reach @ np.isnan(each).astype(float) > 0


def _floor_m2(facilities: gpd.GeoDataFrame) -> Floats:
    area = numbers(facilities, "floor_area_m2")
    return np.asarray(np.where(area > 0, area, np.nan))


def _site_m2(facilities: gpd.GeoDataFrame) -> Floats:
    """Return the land of each facility [m²]: its outline's, else the floor area it tells; NaN unknown."""
    drawn = shapely.area(facilities.geometry.to_numpy())
    return np.asarray(np.where(drawn > 0, drawn, _floor_m2(facilities)))


def _width_m(facilities: gpd.GeoDataFrame) -> Floats:
    """Return the narrower side of the smallest rectangle around each outline [m]; NaN for a point."""
    boxes = shapely.minimum_rotated_rectangle(facilities.geometry.to_numpy())
    outline = shapely.get_dimensions(boxes) == 2
    width = np.full(len(boxes), np.nan)
    around, area = shapely.length(boxes[outline]) / 2, shapely.area(boxes[outline])
    width[outline] = (around - np.sqrt(np.maximum(around**2 - 4 * area, 0.0))) / 2
    return width


def _amount(
    scene: _Scene, item: Callable[[pd.DataFrame], pd.Series], kind: str, radius_m: float,
    value: Callable[[gpd.GeoDataFrame], Floats],
) -> Amount:  # fmt: skip
    """Return how much of a quantity each unit has, from the survey of its estates and the study's facilities."""
    listed, doubtful = _listed(scene, kind, radius_m, value)
    return _surveyed(scene, item).with_(listed, doubtful)


def _all(*states: Bytes) -> Bytes:
    """Return `FOUND` where any demand is broken, `UNKNOWN` where any is open, `CLEAR` where all are met."""
    stacked = np.stack(states)
    return np.select([(stacked == FOUND).any(0), (stacked == UNKNOWN).any(0)], [FOUND, UNKNOWN], CLEAR).astype(np.int8)


def _by_age(scene: _Scene, old: Bytes, new: Bytes) -> Bytes:
    """Return the state by the rule for new or for existing units; where the age is unknown only what both say."""
    either = np.where(old == FOUND, FOUND, np.where(old == new, old, UNKNOWN))
    return np.select([scene.new_unit == 1, scene.new_unit == 0], [new, old], either).astype(np.int8)


def _threshold(indicator: Indicator, key: str, default: float) -> float:
    return next((each.value for each in indicator.thresholds if each.key == key), default)


# ── rules of the single indicators ───────────────────────────────────────────────────────────────────────────────────
def _facility(indicator: Indicator, scene: _Scene, recorded: Evidence) -> Judged:
    """10, 11, 12: elder care, childcare, kindergarten."""
    radius = _threshold(indicator, "radius_m", 0.0)
    item = "kindergarten_classes" if indicator.key == "kindergarten" else f"{indicator.key}_m2"
    if indicator.key == "kindergarten":
        state = _kindergartens(indicator, scene, radius)
    else:
        number = _amount(scene, lambda t: (t[item] > 0).astype(float).where(t[item].notna()), indicator.key, radius,
                         lambda f: np.ones(len(f)))  # fmt: skip
        area = _amount(scene, lambda t: t[item], indicator.key, radius, _floor_m2)
        state = _by_age(
            scene,
            number.at_least(np.ceil(scene.scale)),
            area.at_least(indicator.threshold("area_new_m2") * scene.scale),
        )
    return _of_units(indicator, scene, recorded, state, asked=_surveyed(scene, lambda t: t[item]).complete)


def _kindergartens(indicator: Indicator, scene: _Scene, radius: float) -> Bytes:
    """12: one that has its classes, floor and site, and classes for all the people."""
    asked = [indicator.threshold(key) for key in ("classes_min", "floor_m2", "site_m2")]

    def good(classes: Floats, floor: Floats, site: Floats) -> Floats:
        """1 where all is kept, 0 where anything is not, NaN where that is open; no classes is no kindergarten."""
        told = np.stack([classes, floor, site])
        short = (told < np.array(asked)[:, None]).any(axis=0)
        return np.asarray(np.select([short, np.isnan(told).any(axis=0)], [0.0, np.nan], 1.0))

    def of_items(table: pd.DataFrame) -> pd.Series:
        parts = [table[f"kindergarten_{part}"].to_numpy(dtype=np.float64) for part in ("classes", "m2", "site_m2")]
        return pd.Series(good(*parts), index=table.index)

    def seats(facilities: gpd.GeoDataFrame) -> Floats:
        return np.asarray(np.floor(numbers(facilities, "capacity") / SEATS_A_CLASS))

    def of_facilities(facilities: gpd.GeoDataFrame) -> Floats:
        drawn = shapely.area(facilities.geometry.to_numpy())
        return good(seats(facilities), _floor_m2(facilities), np.where(drawn > 0, drawn, np.nan))

    number = _amount(scene, of_items, "kindergarten", radius, of_facilities)
    states = [number.at_least(np.ceil(scene.scale))]
    for classes_for in (steps for steps in indicator.steps if steps.key == "class_steps"):
        classes = _amount(scene, lambda t: t["kindergarten_classes"], "kindergarten", radius, seats)
        states.append(classes.at_least(np.array([classes_for.at(people) for people in scene.people])))
    return _all(*states)


def _activity_ground(indicator: Indicator, scene: _Scene, recorded: Evidence) -> Judged:
    """17: ground and green."""
    number = indicator.threshold

    def pieces(item: str, kind: str, least: float, size: Callable[[gpd.GeoDataFrame], Floats]) -> Amount:
        """How many pieces of that size or width there are: small ones do not add up to a large one."""
        return _amount(
            scene, lambda t: t[item].ge(least).astype(float).where(t[item].notna()), kind, 0.0,
            lambda f: np.where(np.isnan(told := size(f)), np.nan, told >= least),
        )  # fmt: skip

    wanted = np.ceil(scene.scale)
    greens = _amount(scene, lambda t: t["green_count"], "green", 0.0, lambda f: np.ones(len(f)))
    green = _amount(scene, lambda t: t["green_m2"], "green", 0.0, _site_m2)
    size = max(number("green_new_m2"), number("green_min_m2"))
    large = pieces("green_m2", "green", size, _site_m2)
    wide = pieces("green_width_m", "green", number("green_width_m"), _width_m)
    old = _all(
        pieces("ground_m2", "ground", number("ground_m2"), _site_m2).at_least(wanted),
        greens.at_least(number("green_count") * scene.scale),
    )
    new = _all(
        pieces("ground_m2", "ground", number("ground_new_m2"), _site_m2).at_least(wanted), large.at_least(wanted),
        green.at_least(np.fmax(size, number("green_per_person") * scene.people)), wide.at_least(1.0),
    )  # fmt: skip
    asked = _surveyed(scene, lambda t: t["ground_m2"]).complete
    return _of_units(indicator, scene, recorded, _by_age(scene, old, new), asked=asked)


def _of_units(indicator: Indicator, scene: _Scene, recorded: Evidence, measured: Bytes, *, asked: Flags) -> Judged:
    """Return a unit's indicator from what is measured and what surveyors wrote; `asked`: it was surveyed whole."""
    state = _settled(measured, recorded.state)
    state = np.where((scene.people == 0) & (state != FOUND), NOT_APPLICABLE, state).astype(np.int8)
    notes = []
    small = int((scene.people < scene.catalogue.unit_min_people).sum())
    if small:
        notes.append(
            (
                f"{small}个单元不足{scene.catalogue.unit_min_people:,}人,与相邻单元的设施一并评价。",
                f"{small} units have fewer than {scene.catalogue.unit_min_people:,} people and are judged with "
                "their neighbours' facilities.",
            )
        )
    listed = int(((measured == FOUND) & ~asked & (recorded.state != FOUND).all(axis=1) & (scene.people != 0)).sum())
    if listed:
        notes.append(
            (
                f"{listed}个单元未全部调查,按项目的设施表判为未达标;设施表不全时会多计。",
                f"{listed} units were not surveyed whole; the study's list of facilities shows too little there, "
                "which is too many units if that list is not complete.",
            )
        )
    blank = int((~scene.mapped & (state == UNKNOWN)).sum())
    if blank and scene.facilities is not None:
        notes.append(
            (
                f"{blank}个单元多数人口所在街坊没有住宅数据,设施表在此视为不全,未填报的按未知计(本软件的理解)。",
                f"Most people of {blank} units live in blocks of which no home is known: the table of facilities is "
                "taken as incomplete there, and what nobody reported is unknown (our reading).",
            )
        )
    return _counted(indicator, "unit", state, recorded, notes)


def _settled(measured: Bytes, written: Bytes) -> Bytes:
    """Return the state: what surveyors found is found; else what is measured; else what they wrote down."""
    written = written[:, 0] if written.shape[1] else np.full(len(measured), UNKNOWN, dtype=np.int8)
    state = np.where(measured == UNKNOWN, written, measured)
    return np.where(written == FOUND, FOUND, state).astype(np.int8)


def _counted(
    indicator: Indicator, subject: str, state: Bytes, recorded: Evidence, notes: list[tuple[str, str]] | None = None
) -> Judged:
    """Return an indicator that counts subjects."""
    value = np.select([state == FOUND, state == UNKNOWN], [1.0, np.nan], 0.0)
    upper = np.where(state == UNKNOWN, 1.0, value)
    return _judged(indicator, subject, recorded, state=state, value=value, upper=upper, notes=notes)


def _judged(
    indicator: Indicator, subject: str, recorded: Evidence, *, state: Bytes, value: Floats, upper: Floats,
    notes: list[tuple[str, str]] | None = None,
) -> Judged:  # fmt: skip
    codes = found_codes(recorded)
    usual = ";".join(code.code for code in indicator.codes)
    grave = np.where(recorded.state == FOUND, recorded.severity, 0).max(axis=1, initial=0)
    first = 1 if not indicator.codes else ("general", "serious", "very_serious").index(indicator.codes[0].severity) + 1
    return Judged(
        indicator, subject, state, value, upper,
        np.where((codes == "") & (state == FOUND), usual, codes), recorded.open.sum(axis=1),
        np.where((grave == 0) & (state == FOUND), first, grave).astype(np.int8),
        np.zeros(len(state), dtype=bool), tuple(notes or ()),
    )  # fmt: skip


def _gap(
    indicator: Indicator, subject: str, recorded: Evidence, *, demand: Floats, there: Floats, least_there: Floats,
    notes: list[tuple[str, str]] | None = None,
) -> Judged:  # fmt: skip
    """Return an indicator that counts what is missing: demand less what is there, in each place by itself.

    A finding tells a gap of its extent, or of one at least; the larger of both counts. `least_there` is what is known
    to be there where not all is.
    """
    measured = np.maximum(demand - there, 0.0)
    written = np.maximum(recorded.extent.sum(axis=1), recorded.unmeasured.sum(axis=1) > 0)
    found = (recorded.state == FOUND).any(axis=1)
    clear = (recorded.state == CLEAR).any(axis=1) & ~found & np.isnan(measured)
    away = (recorded.state == NOT_APPLICABLE).any(axis=1) & ~found & np.isnan(measured)
    value = np.where(found, np.fmax(measured, written), np.where(clear | away, 0.0, measured))
    state = np.select([value > 0, away, value == 0], [FOUND, NOT_APPLICABLE, CLEAR], UNKNOWN).astype(np.int8)
    most = np.maximum(demand - np.nan_to_num(least_there), 0.0)
    open_ended = np.isnan(measured) & ~clear & ~away
    upper = np.where(open_ended, np.where(found, np.maximum(most, value), most), value)
    return _judged(indicator, subject, recorded, state=state, value=value, upper=upper, notes=notes)


def _school_places(indicator: Indicator, scene: _Scene, recorded: Evidence) -> Judged:
    """13: pupils less places, unit by unit; a school counts for the unit it lies in."""
    count = len(scene.places.units)
    inside = scene.unit_of_estate >= 0
    at = scene.unit_of_estate[inside]

    def told(key: str) -> tuple[Floats, Floats]:
        own, each = scene.measured_units[key].to_numpy(dtype=np.float64), scene.measured[key].to_numpy(dtype=np.float64)
        total = np.bincount(at, np.nan_to_num(each[inside]), minlength=count)
        whole = np.bincount(at, np.isnan(each[inside]), minlength=count) + (np.bincount(at, minlength=count) == 0) == 0
        return np.where(np.isnan(own), np.where(whole, total, np.nan), own), np.where(np.isnan(own), total, own)

    demand, _ = told("primary_demand")
    there, least = told("primary_places")
    notes = [
        (
            "各单元分别计算缺口,一处富余不抵另一处不足(本软件的理解)。",
            "Gaps are counted unit by unit; what one has too much does not make up for another (our reading).",
        )
    ]
    schools = scene.kind("primary_school")
    if schools is not None and np.isnan(there).any():
        places = numbers(schools, "capacity")
        units = scene.places.units.geometry.to_numpy()
        radius = _threshold(indicator, "radius_m", 500.0)
        which, near = shapely.STRtree(units).query_nearest(
            schools.geometry.to_numpy(), max_distance=radius, all_matches=False
        )
        seats = np.bincount(near, np.nan_to_num(places[which]), minlength=count)
        vague = np.bincount(near, np.isnan(places[which]), minlength=count) > 0
        there = np.where(np.isnan(there) & ~vague & scene.mapped, seats, there)
        least = np.fmax(least, seats)
        notes.append(
            (
                f"没有填报学位数的单元,按设施表中小学的容量计(所在单元,或{radius:g}米内最近的单元)。",
                "Where no places were reported, the capacity of the primary schools listed stands for them (in "
                f"the unit, or the nearest one within {radius:g} m).",
            )
        )
    return _gap(indicator, "unit", recorded, demand=demand, there=there, least_there=least, notes=notes)


def _parking(indicator: Indicator, scene: _Scene, recorded: Evidence) -> Judged:
    """14: bays wanted less bays; one per household where nobody knows what is wanted."""
    asked = scene.measured["parking_demand"].to_numpy(dtype=np.float64)
    per = indicator.threshold("per_household")
    households = scene.places.estates["households_known"].to_numpy(dtype=np.float64)
    demand = np.where(np.isnan(asked), np.ceil(per * households), asked)
    there = scene.measured["parking_spaces"].to_numpy(dtype=np.float64)
    notes = []
    assumed = int((np.isnan(asked) & ~np.isnan(demand) & ~np.isnan(there)).sum())
    if assumed:
        notes.append(
            (
                f"{assumed}个小区需求未知,按每户{per:g}个泊位计。",
                f"What {assumed} estates need is not known; {per:g} bay a household is taken.",
            )
        )
    blocked = scene.measured.index[scene.measured["fire_lane_occupied"].to_numpy() > 0]
    if len(blocked):
        notes.append(
            (
                f"{len(blocked)}个小区消防车道被占用:{_names(scene.places.estates, blocked)}。",
                f"Fire lanes are occupied in {len(blocked)} estates: "
                f"{_names(scene.places.estates, blocked, english=True)}.",
            )
        )
    none = np.zeros(len(there))
    return _gap(indicator, "estate", recorded, demand=demand, there=there, least_there=none, notes=notes)


def _names(estates: gpd.GeoDataFrame, ids: "pd.Index[str]", *, english: bool = False, most: int = 8) -> str:
    """Return the first of these estates by name."""
    names = estates["name_en"].fillna(estates["name"]) if english else estates["name"]
    shown = names.reindex(ids[:most]).fillna(pd.Series(ids[:most], ids[:most])).tolist()
    more = len(ids) - len(shown)
    if english:
        return ", ".join(shown) + (f" and {more} more" if more else "")
    return "、".join(shown) + (f"等{len(ids)}个" if more else "")


def _ev_charging(indicator: Indicator, scene: _Scene, recorded: Evidence) -> Judged:
    """15: chargers wanted less chargers; a public one stands for several private ones."""
    demand, private, public = (
        scene.measured[key].to_numpy(dtype=np.float64) for key in ("ev_demand", "ev_private", "ev_public")
    )
    per = indicator.threshold("per_public")
    least = np.nan_to_num(private) + per * np.nan_to_num(public)
    notes = [(f"1个公共充电桩按{per:g}个自用充电桩计。", f"One public charger stands for {per:g} private ones.")]
    there = private + per * public
    return _gap(indicator, "estate", recorded, demand=demand, there=there, least_there=least, notes=notes)


def _ebike_charging(indicator: Indicator, scene: _Scene, recorded: Evidence) -> Judged:
    """16: none, or fewer than wanted, or flying wires."""
    demand, spaces, wires = (
        scene.measured[key].to_numpy(dtype=np.float64) for key in ("ebike_demand", "ebike_spaces", "ebike_wires")
    )
    short = (spaces == 0) | (spaces < demand) | (wires > 0)
    enough = (spaces > 0) & (spaces >= demand) & (wires == 0)
    state = np.select([short, enough], [FOUND, CLEAR], UNKNOWN).astype(np.int8)
    return _counted(indicator, "estate", _settled(state, recorded.state), recorded)


def _footpaths(indicator: Indicator, _: _Scene, recorded: Evidence) -> Judged:
    """18: length of the footpaths below standard [km]."""
    state = recorded.state[:, 0]
    vague = (recorded.unmeasured[:, 0] > 0) & (state == FOUND)
    km = recorded.extent[:, 0] / 1000
    value = np.select([state == FOUND, state == UNKNOWN], [km, np.nan], 0.0)
    notes = []
    if vague.any():
        notes.append(
            (
                f"{int(vague.sum())}个小区有问题记录而未写长度,长度只是下限。",
                f"{int(vague.sum())} estates have findings without a length; their length is a lower bound.",
            )
        )
    upper = np.where((state == UNKNOWN) | vague, np.nan, value)
    return _judged(indicator, "estate", recorded, state=state, value=value, upper=upper, notes=notes)


def _smart_estate(indicator: Indicator, scene: _Scene, recorded: Evidence) -> Judged:
    """21: parcel box, parcel locker or security missing."""
    there = scene.measured[["parcel_box", "parcel_locker", "security_system"]].to_numpy(dtype=np.float64)
    state = np.select([(there == 0).any(axis=1), (there > 0).all(axis=1)], [FOUND, CLEAR], UNKNOWN).astype(np.int8)
    return _counted(indicator, "estate", _settled(state, recorded.state), recorded)


def _by_codes(indicator: Indicator, _: _Scene, recorded: Evidence) -> Judged:
    """19, 20: what surveyors wrote down."""
    unknown = np.full(len(recorded.state), UNKNOWN, dtype=np.int8)
    return _counted(indicator, indicator.subject, _settled(unknown, recorded.state), recorded)


RULES: Final[Mapping[str, Callable[[Indicator, _Scene, Evidence], Judged]]] = {
    "facility": _facility, "activity_ground": _activity_ground, "school_places": _school_places, "parking": _parking,
    "ev_charging": _ev_charging, "ebike_charging": _ebike_charging, "footpaths": _footpaths,
    "smart_estate": _smart_estate, "codes": _by_codes,
}  # fmt: skip
"""How an indicator of a residential area is judged, by the catalogue's `method`."""
