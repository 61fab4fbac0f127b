"""What a study's own data say of the block and city dimensions: coverage by schools and parks, roads, fire stations …

Each indicator whose method stands in `METHODS` is computed by the function of that name; every other one is entered by
hand, with its source. Where a study lacks what a method reads the indicator is unknown, never zero. Three readings hold
throughout, and every note says which one was used:

- distances are straight lines from the shape in the table, a point or an outline: a screening, not a walk
- residential land (居住用地) is the estates and the ground within `PLOT_M` of homes outside them; with whole blocks a
  farmhouse would turn a field into residential land
- built-up land (建成区) is the blocks of which buildings cover at least `BUILT_SHARE`, or else the whole study area
- where fewer than `MAPPED_SHARE` of the people live in blocks of which buildings or estates are known, neither land is
  known: shares keep bounds, other values are unknown, and the note tells what holds where it is known

A facility of unknown size or kind leaves a value between two bounds: `lower` counts it as the least it can be, `upper`
as the most. `value` is what is certain: the lower bound, or NaN where that settles nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.errors import Fault, InputError
from geo.standards.indicators import Catalogue, Indicator
from geo.study import Study

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

COLUMNS: Final = ("key", "value", "lower", "upper", "status", "coverage", "note_zh", "note_en", "source")
"""Columns of the table `district_values` returns."""

PLOT_M: Final = 20.0
"""Ground around a home outside estates that is residential land [m] (our reading)."""

BUILT_SHARE: Final = 0.08
"""Share of a block that buildings cover from which it is built-up land (our reading; the manual draws it by hand)."""

ROADS_NEAR_M: Final = 500.0
"""Land farther than this from every road in the table was not mapped: no town is so far from a road [m]."""

MAPPED_SHARE: Final = 0.9
"""Share of the people who live in blocks of which buildings or estates are known, from which the town is mapped."""

TOWN_ROADS: Final = ("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential")
"""快速路、主干路、次干路、支路 as OpenStreetMap's classes (our reading); links, service roads and paths are none."""

GREENWAY_PATHS: Final = ("cycleway", "footway", "path", "pedestrian")
CULTURE_CENTRES: Final = ("culture_centre", "culture_room", "library", "museum", "theatre")
CULTURE: Final = (*CULTURE_CENTRES, "art_gallery", "elder_room", "sports_hall")
"""Public culture facilities: libraries, museums, culture houses, halls, centres of the young and the old."""

FOOTBALL: Final = ("football", "football_3", "football_5", "football_7", "football_8", "football_11")
SHELTERS: Final = ("shelter", "emergency_shelter")

_STRAIGHT = ("直线距离筛查,非步行距离", "straight-line screening, no walking distance")


@dataclass(frozen=True)
class Value:
    """One value between its bounds, how much of what it reads is known, and how it was found, in both languages.

    Shares are 0 to 1; `value` is NaN where the bounds settle nothing, and where only a part of the town was mapped.
    """

    lower: float = np.nan
    upper: float = np.nan
    coverage: float = np.nan
    zh: str = ""
    en: str = ""
    partial: bool = False

    @property
    def value(self) -> float:
        """Return what is certain: the lower bound where it is above zero, or where both bounds meet."""
        settled = self.lower == self.upper or (self.lower > 0 and not self.partial)
        return self.lower if settled else np.nan


def district_values(study: Study, catalogue: Catalogue) -> pd.DataFrame:
    """Return the values of the block and city dimensions.

    Parameters
    ----------
    study : Study
        Any study; what it lacks makes indicators unknown. Values entered by hand are its observations of the subject
        `town`, item `value_<indicator key>`, with their source.
    catalogue : Catalogue
        The edition; every threshold is read from it.

    Returns
    -------
    DataFrame
        Index number. Columns: key; value, in the indicator's unit (percent where its unit is %; NaN unknown), which is
        what is certain; lower, upper (bounds, NaN where nothing bounds it); status (computed, entered, unknown);
        coverage (share of what the method reads that is known, 0 to 1, NaN when not applicable); note_zh, note_en
        (how it was found, what was left out, what is missing); source (of an entered value; empty otherwise).
        An entered value goes before a computed one, and its note then tells both.

    Raises
    ------
    InputError
        When an entered value has no source or no number, or stands there twice.
    """
    entered = _entered(study)
    town = Town(study)
    rows = {each.number: _row(each, town, entered) for each in catalogue.of("block", "city")}
    index = pd.Index(list(rows), name="number", dtype="int64")
    table = pd.DataFrame(list(rows.values()), index=index, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(("value", "lower", "upper", "coverage"), "float64"))


def _row(indicator: Indicator, town: "Town", entered: pd.DataFrame) -> dict[str, object]:
    method = METHODS.get(indicator.method)
    found = (
        method(town, indicator)
        if method
        else Value(zh="须人工填报并注明来源", en="to be entered by hand, with its source")
    )
    times = 100.0 if indicator.unit_zh == "%" else 1.0
    found = replace(found, lower=found.lower * times, upper=found.upper * times)
    row: dict[str, object] = {
        "key": indicator.key, "value": found.value, "lower": found.lower, "upper": found.upper,
        "status": "unknown" if np.isnan(found.value) else "computed", "coverage": found.coverage,
        "note_zh": found.zh, "note_en": found.en, "source": "",
    }  # fmt: skip
    if indicator.key not in entered.index:
        return row
    value, source = float(entered.loc[indicator.key, "value"]), str(entered.loc[indicator.key, "source"])
    zh, en = f"填报值{value:g}{indicator.unit_zh}(来源:{source})", f"entered: {value:g} {indicator.unit_en} ({source})"
    if method:
        zh += f";本软件测算为{_range(found, indicator.unit_zh, '未知', '至')}({found.zh})"
        en += f"; computed: {_range(found, indicator.unit_en, 'unknown', ' to ')} ({found.en})"
    said: dict[str, object] = {"value": value, "lower": value, "upper": value, "status": "entered", "coverage": np.nan}
    return {**row, **said, "note_zh": zh, "note_en": en, "source": source}


def _range(found: Value, unit: str, unknown: str, to: str) -> str:
    if np.isnan(found.lower):
        return unknown
    if found.lower == found.upper:
        return f"{found.lower:.4g} {unit}"
    return f"{found.lower:.4g}{to}{unknown if np.isnan(found.upper) else f'{found.upper:.4g}'} {unit}"


def _entered(study: Study) -> pd.DataFrame:
    """Return the values entered by hand: index indicator key; value, source. Refuse one without a source."""
    seen = study.get("observations")
    none = pd.DataFrame({"value": [], "source": []}, index=pd.Index([], dtype="str"))
    if seen is None or not len(seen):
        return none
    rows = seen[(seen["subject"] == "town") & seen["item"].str.startswith("value_") & (seen["state"] == "measured")]
    faults = [
        Fault(what, remedy, table="observations", ids=tuple(map(str, rows.index[wrong])))
        for what, remedy, wrong in (
            ("an entered indicator has no source", "say where the value is from", _blank(rows["source"])),
            ("an entered indicator has no value", "enter the number, or leave the row out", rows["value"].isna()),
            ("an indicator is entered several times", "keep one value", rows["item"].duplicated(keep=False)),
        )
        if wrong.any()
    ]
    if faults:
        raise InputError(faults)
    return rows.set_index(rows["item"].str.removeprefix("value_"))[["value", "source"]]


def _blank(texts: pd.Series) -> pd.Series:
    return texts.isna() | (texts.astype("object").fillna("").astype(str).str.strip() == "")


# ── what the methods read ────────────────────────────────────────────────────────────────────────────────────────────
class Town:
    """What the methods read of a study: residential and built-up land, people, facilities by category."""

    def __init__(self, study: Study) -> None:
        self.study = study

    @cached_property
    def estates(self) -> gpd.GeoDataFrame:
        """The study's estates; empty when it has none."""
        found = self.study.get("estates")
        return gpd.GeoDataFrame({"closed": []}, geometry=[], crs=self.study.crs) if found is None else found

    @cached_property
    def unknown_uses(self) -> int:
        """How many buildings might be homes: neither their use nor whether anybody lives there is known."""
        found = self.study.get("buildings")
        return (
            0 if found is None else int(((found["use"].isna() | (found["use"] == "unknown")) & ~_lived_in(found)).sum())
        )

    @cached_property
    def homes(self) -> npt.NDArray[np.object_]:
        """Outlines of the buildings outside estates that people live in, by their use or their counts."""
        found = self.study.get("buildings")
        if found is None:
            return np.array([], dtype=object)
        outlines = found.geometry.to_numpy()[_lived_in(found)]
        estates = shapely.STRtree(self.estates.geometry.to_numpy())
        outside = np.ones(len(outlines), dtype=bool)
        outside[estates.query(shapely.point_on_surface(outlines), predicate="intersects")[0]] = False
        return np.asarray(outlines[outside], dtype=object)

    @cached_property
    def residential(self) -> npt.NDArray[np.object_]:
        """Residential land: polygons that do not overlap; none when nothing is known of it."""
        plots = shapely.buffer(self.homes, PLOT_M, quad_segs=2)
        land = shapely.union_all([shapely.union_all(self.estates.geometry.to_numpy()), shapely.union_all(plots)])
        area = self.study.get("study_area")
        if area is not None and len(area):
            land = shapely.intersection(land, shapely.union_all(area.geometry.to_numpy()))
        parts = shapely.get_parts(land)
        return np.asarray(parts[shapely.area(parts) > 0], dtype=object)

    @cached_property
    def residential_m2(self) -> float:
        """Area of the residential land [m²]."""
        return float(shapely.area(self.residential).sum())

    @cached_property
    def mapped_share(self) -> float:
        """Share of the people who live in blocks where a building or an estate is known; 1 where nothing tells."""
        blocks = self.study.get("blocks")
        if blocks is None or not len(blocks):
            return 1.0
        people = blocks["people"].astype("Float64").fillna(blocks["households"].astype("Float64"))
        count = people.to_numpy(dtype=np.float64, na_value=0.0)
        land, known = shapely.STRtree(blocks.geometry.to_numpy()), np.zeros(len(blocks), dtype=bool)
        for table in ("buildings", "estates"):
            found = self.study.get(table)
            if found is not None and len(found):
                known[land.query(shapely.point_on_surface(found.geometry.to_numpy()), predicate="intersects")[1]] = True
        return float(count[known].sum() / count.sum()) if count.sum() > 0 else 1.0

    def of_all(self, found: Value, unit_zh: str = "%", unit_en: str = "%") -> Value:
        """Return a value of the land that was mapped as one of the whole town, where only a part of it was.

        A share may be anything on the rest, whose part is taken to be that of the people who live there (our reading);
        of any other value nothing is known.
        """
        mapped = self.mapped_share
        if mapped >= MAPPED_SHARE or np.isnan(found.lower):
            return found
        share = unit_zh == "%"
        shown = replace(found, lower=found.lower * 100, upper=found.upper * 100) if share else found
        there_zh, there_en = _range(shown, unit_zh, "未知", "至"), _range(shown, unit_en, "unknown", " to ")
        return Value(
            found.lower * mapped if share else np.nan,
            found.upper * mapped + 1 - mapped if share else np.nan,
            np.fmin(found.coverage, 1.0) * mapped if not np.isnan(found.coverage) else mapped,
            f"仅{mapped:.0%}的人口所在街坊有建筑或小区数据,其余未知,不能代表全域(本软件的理解);已有数据部分为"
            f"{there_zh}。{found.zh}",
            f"only {mapped:.0%} of the people live in blocks of which buildings or estates are known, the rest is not "
            f"known, so this does not speak for the town (our reading); where it is known: {there_en}. "
            f"{found.en}",
            partial=True,
        )  # fmt: skip

    @cached_property
    def built_up(self) -> tuple[shapely.Geometry | None, str, str]:
        """Built-up land and what it is, in Chinese and English; None when the study has no land at all."""
        blocks, buildings = self.study.get("blocks"), self.study.get("buildings")
        if blocks is not None and buildings is not None and len(blocks) and len(buildings):
            land = blocks.geometry.to_numpy()
            points = shapely.point_on_surface(buildings.geometry.to_numpy())
            row, block = shapely.STRtree(land).query(points, predicate="intersects")
            covered = np.bincount(block, buildings.geometry.area.to_numpy()[row], len(land)) / shapely.area(land)
            if (covered >= BUILT_SHARE).any():
                words = (f"建筑占地不低于{BUILT_SHARE:.0%}的街坊(本软件的理解)",
                         f"blocks of which buildings cover at least {BUILT_SHARE:.0%} (our reading)")  # fmt: skip
                return shapely.union_all(land[covered >= BUILT_SHARE]), *words
        area = self.study.get("study_area")
        area = self.study.get("communities") if area is None or not len(area) else area
        if area is None or not len(area):
            return None, "", ""
        return shapely.union_all(area.geometry.to_numpy()), "全部规划范围", "the whole study area"

    @cached_property
    def people(self) -> tuple[float, str, str]:
        """Resident people and which table says so; NaN when no table knows them all."""
        for table, zh, en in (("communities", "社区", "communities"), ("blocks", "街坊", "blocks"),
                              ("census", "普查区", "census areas")):  # fmt: skip
            frame = self.study.get(table)
            if frame is not None and len(frame) and frame["people"].notna().all() and self._covered_by(frame):
                return float(frame["people"].sum()), f"常住人口据{zh}表", f"people from the table of {en}"
        return np.nan, "常住人口未知", "the number of people is not known"

    def _covered_by(self, frame: gpd.GeoDataFrame) -> bool:
        """Tell whether the areas of a table cover the study area, and so hold all its people."""
        area = self.study.get("study_area")
        return area is None or not len(area) or frame.geometry.area.sum() >= 0.9 * area.geometry.area.sum()

    def of(self, *categories: str) -> gpd.GeoDataFrame:
        """Return the facilities of these categories; empty without the table or any of them."""
        found = self.study.get("facilities")
        if found is None:
            return gpd.GeoDataFrame({"category": [], "name": [], "floor_area_m2": []}, geometry=[], crs=self.study.crs)
        return found[found["category"].isin(categories)]

    def lacks(self, zh: str, en: str) -> Value:
        """Return the unknown value of an indicator for which the facilities name nothing."""
        if self.study.get("facilities") is None:
            return Value(zh="没有设施数据", en="the study has no facilities")
        return Value(zh=f"设施表中没有{zh}", en=f"the facilities name no {en}")

    def measured(self, item: str) -> tuple[float, str]:
        """Return a quantity observed of the town, and its source; NaN when nobody did."""
        seen = self.study.get("observations")
        if seen is None or not len(seen):
            return np.nan, ""
        rows = seen[(seen["subject"] == "town") & (seen["item"] == item) & (seen["state"] == "measured")]
        if not len(rows):
            return np.nan, ""
        source = rows["source"].iloc[0]
        return float(rows["value"].iloc[0]), "" if pd.isna(source) else str(source)


def _lived_in(buildings: gpd.GeoDataFrame) -> Flags:
    """Return which buildings people live in, by their use or their counts."""
    lived = buildings["use"].isin(["residential", "mixed"]).to_numpy(copy=True)
    for column in ("households", "dwellings", "people"):
        lived |= (buildings[column].astype("float64").fillna(0) > 0).to_numpy()
    return np.asarray(lived, dtype=bool)


def covered_share(land: npt.NDArray[np.object_], shapes: npt.NDArray[np.object_], radius_m: float | Floats) -> float:
    """Return the share of land (polygons that do not overlap) within a radius of any of the shapes.

    Parameters
    ----------
    land, shapes
        Geometries in one metric CRS.
    radius_m
        One radius, or one for each shape; from the point, or from the edge of the outline [m].

    Examples
    --------
    >>> square = np.array([shapely.box(0, 0, 100, 100)])
    >>> covered_share(square, np.array([shapely.box(-100, 0, 0, 100)]), 25.0)
    0.25
    """
    total = float(shapely.area(land).sum())
    if not len(shapes) or not total:
        return 0.0
    reach = shapely.union_all(shapely.buffer(shapes, radius_m, quad_segs=64))
    shapely.prepare(reach)
    whole = shapely.covers(reach, land)
    some = ~whole & shapely.intersects(reach, land)
    area = shapely.area(land[whole]).sum() + shapely.area(shapely.intersection(land[some], reach)).sum()
    return float(min(1.0, area / total))


def _reached(
    town: Town, shapes: npt.NDArray[np.object_], least_m: Floats, most_m: Floats, *, said: tuple[str, str],
    missing: Value, known: float = np.nan,
) -> Value:  # fmt: skip
    """Return the share of residential land within the radii: the least (0: does not count) and the most they can be."""
    if not len(shapes):
        return missing
    if not town.residential_m2:
        return Value(zh="居住用地未知:没有小区,也没有已知为住宅的建筑",
                     en="residential land is not known: no estates, and no building known as a home")  # fmt: skip
    lower = covered_share(town.residential, shapes[least_m > 0], least_m[least_m > 0])
    alike = bool(np.array_equal(least_m, most_m))
    upper = lower if alike else covered_share(town.residential, shapes[most_m > 0], most_m[most_m > 0])
    km2 = town.residential_m2 / 1e6
    zh = f"{said[0]};居住用地{km2:.2f}平方公里,为小区及小区外住宅周围{PLOT_M:g}米(本软件的理解);{_STRAIGHT[0]}"
    en = (f"{said[1]}; {km2:.2f} km² of residential land: estates, and {PLOT_M:g} m around homes outside them "
          f"(our reading); {_STRAIGHT[1]}")  # fmt: skip
    if town.unknown_uses:
        zh += f";另有{town.unknown_uses}栋建筑用途不明,其中小区外者未计"
        en += f"; buildings of unknown use, left out where they stand outside estates: {town.unknown_uses:,}"
    return town.of_all(Value(lower, max(lower, upper), known, zh, en))


def _named(frame: gpd.GeoDataFrame, pattern: str) -> Flags:
    """Return whether a Chinese or English name of each row contains the pattern."""
    found = np.zeros(len(frame), dtype=bool)
    for column in ("name", "name_en"):
        if column in frame.columns:
            names = frame[column].astype("object").fillna("").astype(str)
            found |= names.str.contains(pattern, case=False, regex=True).to_numpy()
    return found


def _shapes(frame: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    return np.asarray(frame.geometry.to_numpy(), dtype=object)


def _share(part: Flags) -> float:
    return float(part.mean()) if len(part) else np.nan


# ── blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def school_radius(town: Town, indicator: Indicator) -> Value:
    """中学服务半径覆盖率: residential land within the radius of a middle school / all residential land.

    Schools outside the study area that stand in the table count. A school by whose name it is for seniors only is left
    out; one of unknown level counts in the upper bound only.
    """
    schools = town.of("middle_school", "school")
    schools = schools[~(_named(schools, "高级中学|高中|职业|技工|職業") & ~_named(schools, "初|完全|九年"))]
    known = (schools["category"] == "middle_school").to_numpy()
    radius = indicator.threshold("radius_m")
    said = (f"{int(known.sum())}所中学{radius:g}米范围,含范围外所列学校"
            + _and(~known, ";另有{}所学段不明的学校只计入上限"),
            f"within {radius:g} m of {int(known.sum())} middle schools, those outside the area included"
            + _and(~known, "; {} schools of unknown level only in the upper bound"))  # fmt: skip
    return _reached(
        town, _shapes(schools), np.where(known, radius, 0.0), np.full(len(schools), radius), said=said,
        missing=town.lacks("中学", "middle school"), known=_share(known),
    )  # fmt: skip


def sports_ground(town: Town, indicator: Indicator) -> Value:
    """未达标配建的多功能运动场地数量: large grounds that the people need and do not have, one per street of people."""
    grounds = town.of("sports_ground", "stadium")
    size = shapely.area(_shapes(grounds))
    least = indicator.threshold("site_m2")
    return _lacking(
        town, indicator, _shapes(grounds), np.where(size > 0, size, np.nan), least,
        zh="大型多功能运动场地(用地不低于{:g}平方米)", en="large sports grounds (site of at least {:g} m²)",
        missing=town.lacks("运动场地", "sports ground"),
    )  # fmt: skip


def culture_centre(town: Town, indicator: Indicator) -> Value:
    """未达标配建的文化活动中心数量: culture centres that the people need and do not have, one per street of people."""
    centres = town.of(*CULTURE_CENTRES)
    return _lacking(
        town, indicator, _shapes(centres), centres["floor_area_m2"].to_numpy("float64"),
        indicator.threshold("floor_m2"),
        zh="文化活动中心(建筑面积不低于{:g}平方米)", en="culture centres (at least {:g} m² of floor)",
        missing=town.lacks("文化设施", "culture facility"),
    )  # fmt: skip


def _lacking(
    town: Town, indicator: Indicator, shapes: npt.NDArray[np.object_], size: Floats, least: float, *, zh: str, en: str,
    missing: Value,
) -> Value:  # fmt: skip
    """Return how many facilities of a least size are lacking; those of unknown size may or may not be of it."""
    if not len(shapes):
        return missing
    if not town.residential_m2:
        return Value(zh="居住用地未知", en="residential land is not known")
    radius, per = indicator.threshold("radius_m"), indicator.threshold("people_per_unit")
    near = np.zeros(len(shapes), dtype=bool)
    near[shapely.STRtree(town.residential).query(shapes, predicate="dwithin", distance=radius)[0]] = True
    shapes, size = shapes[near], size[near]
    good, unknown = size >= least, np.isnan(size)
    people, *_ = town.people
    needed = 1.0 if np.isnan(people) else float(max(1, np.ceil(people / per)))
    low = max(0.0, needed - int(good.sum()) - int(unknown.sum())) if town.mapped_share >= MAPPED_SHARE else 0.0
    high = np.nan if np.isnan(people) else max(0.0, needed - int(good.sum()))
    reach = covered_share(town.residential, shapes[good], radius)
    counts = (int(needed), int(good.sum()), int((~good & ~unknown).sum()), int(unknown.sum()))
    words = town.people[1:]
    return Value(
        low, high, _share(~unknown),
        f"{zh.format(least)}:每{per:g}人1处,需{counts[0]}处({words[0]});居住用地{radius:g}米内达标{counts[1]}处、"
        f"不足{counts[2]}处、规模不明{counts[3]}处;达标者覆盖居住用地{reach:.0%}。开放时间等须现场核查;{_STRAIGHT[0]}",
        f"{en.format(least)}: one per {per:,.0f} people, {counts[0]} needed ({words[1]}); within {radius:g} m of "
        f"residential land {counts[1]} large enough, {counts[2]} too small, {counts[3]} of unknown size; the large "
        f"ones reach {reach:.0%} of residential land. Opening hours are to be checked on site; {_STRAIGHT[1]}",
    )  # fmt: skip


def park_radius(town: Town, indicator: Indicator) -> Value:
    """公园绿化活动场地服务半径覆盖率: residential land within a park's radius, which follows its size, from its edge.

    Parks below the smallest size do not count, nor does the green of closed estates. A park drawn as a point may be of
    any size: none in the lower bound, the largest in the upper.
    """
    parks = town.of("park", "green_space", "square")
    shapes = _shapes(parks)
    closed = town.estates[town.estates["closed"].fillna(False).astype(bool)]
    inside = np.zeros(len(shapes), dtype=bool)
    if len(closed) and len(shapes):
        inside = shapely.covers(shapely.union_all(closed.geometry.to_numpy()), shapely.point_on_surface(shapes))
    parks, shapes = parks[~inside], shapes[~inside]
    hectares = shapely.area(shapes) / 1e4
    unknown = hectares == 0
    steps = [(indicator.threshold(f"{size}_ha"), indicator.threshold(f"{size}_radius_m"))
             for size in ("small", "medium", "large")]  # fmt: skip
    radius = np.select([hectares >= least for least, _ in steps[::-1]], [reach for _, reach in steps[::-1]], 0.0)
    counts = [int(((radius == reach) & ~unknown).sum()) for _, reach in steps]
    classes_zh = "、".join(
        f"{least:g}公顷以上{n}处({reach:g}米)" for (least, reach), n in zip(steps, counts, strict=True)
    )
    classes_en = ", ".join(
        f"{n} from {least:g} ha ({reach:g} m)" for (least, reach), n in zip(steps, counts, strict=True)
    )
    small = int(((radius == 0) & ~unknown).sum())
    said = (
        f"按公园规模从边界起算:{classes_zh};{small}处不足{steps[0][0]:g}公顷不计,封闭小区内{int(inside.sum())}处不计"
        + _and(unknown, ";{}处只有点位、规模不明:下限不计,上限按最大半径计"),
        f"by size, from the edge: {classes_en}; {small} below {steps[0][0]:g} ha and {int(inside.sum())} inside closed "
        "estates left out" + _and(unknown, "; {} drawn as points, of unknown size: not in the lower bound, with the "
                                           "largest radius in the upper"),
    )  # fmt: skip
    return _reached(
        town, shapes, radius, np.where(unknown, steps[-1][1], radius), said=said,
        missing=town.lacks("公园", "park"), known=_share(~unknown),
    )  # fmt: skip


# ── city ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def greenway(town: Town, indicator: Indicator) -> Value:
    """绿道服务半径覆盖率: residential land within reach on either side of a greenway, a path so named or a facility."""
    roads = town.study.get("roads")
    places = _shapes(town.of("greenway"))
    if roads is not None:
        paths = roads[roads["road_class"].isin(GREENWAY_PATHS).to_numpy() & _named(roads, "绿道|綠道|greenway")]
        places = np.concatenate([places, _shapes(paths)])
    radius = indicator.threshold("radius_m")
    return _reached(
        town, places, np.full(len(places), radius), np.full(len(places), radius),
        said=(f"名称含“绿道”的步道、自行车道及绿道设施共{len(places)}段,两侧{radius:g}米;宽度须核查",
              f"{len(places)} stretches: paths and cycleways named 绿道 or greenway, and facilities called greenways; "
              f"{radius:g} m on either side; their width is to be checked"),
        missing=Value(zh="道路和设施表中没有名为绿道者", en="no path or facility is called a greenway"),
    )  # fmt: skip


def football(town: Town, indicator: Indicator) -> Value:
    """足球场地服务半径覆盖率: residential land within a pitch's radius by its kind; unknown kinds between bounds."""
    pitches = town.of(*FOOTBALL)
    reach = {word: indicator.threshold(f"{word}_m") for word in ("three", "five", "seven")}
    kind = pitches["category"].to_numpy(dtype=object)
    three = (kind == "football_3") | _named(pitches, "[3三]人制|[3三]人足球|3-a-side")
    five = (kind == "football_5") | _named(pitches, "[5五]人制|[5五]人足球|5-a-side")
    large = np.isin(kind, ["football_7", "football_8", "football_11"]) | _named(
        pitches, "(?:[78七八]|11|十一)人制|(?:[78七八]|11|十一)人足球|(?:7|8|11)-a-side"
    )
    known = three | five | large
    radius = np.select([large, five, three], [reach["seven"], reach["five"], reach["three"]], reach["three"])
    said = (f"3人制{int(three.sum())}处、5人制{int(five.sum())}处、7人制以上{int(large.sum())}处"
            + _and(~known, ";另有{}处类型不明:下限按3人制,上限按11人制"),
            f"{int(three.sum())} three-a-side, {int(five.sum())} five-a-side, {int(large.sum())} larger pitches"
            + _and(~known, "; {} of unknown kind: three-a-side in the lower bound, eleven in the upper"))  # fmt: skip
    return _reached(
        town, _shapes(pitches), radius, np.where(known, radius, reach["seven"]), said=said,
        missing=town.lacks("足球场地", "football pitch"), known=_share(known),
    )  # fmt: skip


def culture_area(town: Town, indicator: Indicator) -> Value:  # noqa: ARG001 - every method reads town and indicator
    """人均公共文化设施面积: floor area of culture facilities per head; unknown floor areas leave a lower bound."""
    places = town.of(*CULTURE)
    return _per_head(
        town, "culture_m2_town", places["floor_area_m2"].to_numpy("float64"),
        np.full(len(places), np.nan), ("公共文化设施", "public culture facilities"),
    )  # fmt: skip


def shelter_area(town: Town, indicator: Indicator) -> Value:  # noqa: ARG001 - see culture_area
    """人均避难场所有效避难面积: effective area of shelters per head; an outline alone is the most it can be."""
    places = town.of(*SHELTERS)
    outline = shapely.area(_shapes(places))
    return _per_head(
        town, "shelter_m2_town", places["floor_area_m2"].to_numpy("float64"), np.where(outline > 0, outline, np.nan),
        ("避难场所", "shelters"),
    )  # fmt: skip


def _per_head(town: Town, item: str, known: Floats, most: Floats, called: tuple[str, str]) -> Value:
    people, people_zh, people_en = town.people
    total, source = town.measured(item)
    if np.isnan(total) and not len(known):
        return town.lacks(*called)
    if np.isnan(people) or people <= 0:
        return Value(zh=people_zh, en=people_en)
    if not np.isnan(total):
        from_zh, from_en = source or "未注明", source or "source not given"
        zh = f"填报总面积{total:,.0f}平方米(来源:{from_zh});{people_zh}{people:,.0f}人"
        en = f"{total:,.0f} m² as entered ({from_en}); {people_en}: {people:,.0f}"
        return Value(total / people, total / people, np.nan, zh, en)
    told = ~np.isnan(known)
    least, upper = float(known[told].sum()), float(np.where(told, known, most).sum())
    zh = f"{len(known)}处{called[0]}中{int(told.sum())}处面积已知,合计{least:,.0f}平方米;{people_zh}{people:,.0f}人"
    en = (f"{int(told.sum())} of {len(known)} {called[1]} have a known area, {least:,.0f} m² together; {people_en}: "
          f"{people:,.0f}")  # fmt: skip
    if not told.all():
        zh, en = f"{zh};其余面积未知,故为下限", f"{en}; the others' areas are not known, so this is a lower bound"
    return Value(least / people, upper / people, _share(told), zh, en)


def road_density(town: Town, indicator: Indicator) -> Value:
    """城市道路网密度: km of town roads per km² of built-up land; the two lines of a divided road count once."""
    roads = town.study.get("roads")
    land, land_zh, land_en = town.built_up
    if roads is None or not len(roads) or land is None:
        return Value(zh="没有道路或范围", en="there are no roads, or no land")
    size = float(shapely.area(land))
    mapped = shapely.intersection(land, shapely.union_all(shapely.buffer(_shapes(roads), ROADS_NEAR_M, quad_segs=2)))
    coverage = float(shapely.area(mapped) / size)
    used = roads[roads["road_class"].isin(TOWN_ROADS) & ~roads["tunnel"].fillna(False).astype(bool)]
    km = road_length_m(used, within=shapely.buffer(land, 20.0), without=_shapes(town.estates)) / 1e3
    density = km / (size / 1e6)
    zh = (
        f"快速路、主次干路、支路(motorway至residential级,不含匝道、隧道、小区内道路)长{km:.1f}公里,双线道路计一次;"
        f"面积为{land_zh}{size / 1e6:.2f}平方公里"
    )
    en = (f"{km:.1f} km of roads from motorway to residential, without links, tunnels and what lies inside estates, "
          f"divided roads counted once; area: {land_en}, {size / 1e6:.2f} km²")  # fmt: skip
    if coverage < 0.9:
        zh += f";仅{coverage:.0%}的范围附近有道路数据,故为下限"
        en += f"; only {coverage:.0%} of it lies near any mapped road, so this is a lower bound"
    return town.of_all(
        Value(density, density if coverage >= 0.9 else np.nan, coverage, zh, en), indicator.unit_zh, indicator.unit_en
    )


def road_length_m(roads: gpd.GeoDataFrame, *, within: shapely.Geometry, without: npt.NDArray[np.object_]) -> float:
    """Return the length of roads [m] inside an area and outside others; the two lines of a divided road count once.

    A oneway stretch counts half where, within 40 m, one of the same name and class runs the other way.

    Parameters
    ----------
    roads
        Columns name, road_class, oneway, roundabout of `geo.schema`, in the CRS of the areas.
    within, without
        The area; the areas that do not count.
    """
    lines = shapely.segmentize(_shapes(roads), 25.0)
    points, row = shapely.get_coordinates(lines, return_index=True)
    sizes = shapely.get_num_coordinates(shapely.get_parts(lines))
    part = np.repeat(np.arange(len(sizes)), sizes)
    use = (row[1:] == row[:-1]) & (part[1:] == part[:-1])
    start, end, row = points[:-1][use], points[1:][use], row[1:][use]
    middle = shapely.points((start + end) / 2)
    shapely.prepare(within)
    inside = shapely.intersects(within, middle)
    if len(without):
        inside[shapely.STRtree(middle).query(without, predicate="intersects")[1]] = False
    start, end, row, middle = start[inside], end[inside], row[inside], middle[inside]
    length = np.hypot(*(end - start).T)
    one = (roads["oneway"].fillna(False).astype(bool) & ~roads["roundabout"].fillna(False).astype(bool)).to_numpy()[row]
    name = (roads["name"].astype("object").fillna("").astype(str) + "|" + roads["road_class"].astype(str)).to_numpy()[
        row
    ]
    which = np.flatnonzero(one & (length > 0))
    heading = (end - start)[which] / length[which, None]
    a, b = shapely.STRtree(middle[which]).query(middle[which], predicate="dwithin", distance=40.0)
    apart = shapely.get_coordinates(middle[which])[b] - shapely.get_coordinates(middle[which])[a]
    opposite = (heading[a] * heading[b]).sum(axis=1) < -0.9
    beside = np.abs((apart * heading[a]).sum(axis=1)) < 25.0
    double = which[np.unique(a[opposite & beside & (name[which][a] == name[which][b])])]
    weight = np.ones(len(length))
    weight[double] = 0.5
    return float((length * weight).sum())


def fire_stations(town: Town, indicator: Indicator) -> Value:
    """消防站服务半径覆盖率: built-up land within the circle of the area a station serves, by its class.

    Classes stand in the names (一级 or 特勤, 二级, 小型); one that does not tell its class serves the smallest area in
    the lower bound and the largest in the upper. 微型消防站 are volunteers' posts and do not count.
    """
    stations = town.of("fire_station")
    stations = stations[~_named(stations, "微型")]
    land, land_zh, land_en = town.built_up
    if not len(stations) or land is None:
        return town.lacks("消防站", "fire station")
    reach = {
        word: float(np.sqrt(indicator.threshold(f"{word}_km2") * 1e6 / np.pi)) for word in ("first", "second", "small")
    }
    first, second = _named(stations, "一级|特勤"), _named(stations, "二级")
    small = _named(stations, "小型")
    known = first | second | small
    radius = np.select([first, second, small], [reach["first"], reach["second"], reach["small"]], reach["small"])
    ground = shapely.get_parts(land)
    lower = covered_share(ground, _shapes(stations), radius)
    upper = lower if known.all() else covered_share(ground, _shapes(stations), np.where(known, radius, reach["first"]))
    zh = (
        f"{len(stations)}座消防站,辖区面积折算为圆(一级{reach['first']:.0f}米、二级{reach['second']:.0f}米、小型"
        f"{reach['small']:.0f}米,本软件的理解)"
        + _and(~known, ";{}座等级不明:下限按小型,上限按一级")
        + f";建设用地以{land_zh}代替;{_STRAIGHT[0]}"
    )
    en = (f"fire stations: {len(stations)}; the area each serves taken as a circle ({reach['first']:.0f} m first "
          f"class, {reach['second']:.0f} m second, {reach['small']:.0f} m small; our reading)"
          + _and(~known, "; {} of unknown class: small in the lower bound, first class in the upper")
          + f"; land for building is taken as {land_en}; {_STRAIGHT[1]}")  # fmt: skip
    return town.of_all(Value(lower, max(lower, upper), _share(known), zh, en))


def _and(which: Flags, words: str) -> str:
    """Return the words with the number of rows; nothing when there are none."""
    return words.format(int(which.sum())) if which.any() else ""


METHODS: Final[Mapping[str, Callable[[Town, Indicator], Value]]] = {
    "school_radius": school_radius, "sports_ground": sports_ground, "culture_centre": culture_centre,
    "park_radius": park_radius, "greenway": greenway, "football": football, "culture_area": culture_area,
    "road_density": road_density, "fire_stations": fire_stations, "shelter_area": shelter_area,
}  # fmt: skip
"""How each indicator of blocks and city is found, by the name that the catalogue's method gives."""
