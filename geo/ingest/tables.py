"""From drafts to the tables of a study: which estates to believe, ids across layers, the study area and its edge."""

from collections.abc import Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.errors import Fault, InputError
from geo.ingest.columns import Draft, free_id, listed
from geo.ingest.osm import MAX_ESTATE_M2, MIN_ESTATE_M2
from geo.schema import TABLES
from geo.study import Repair

MARGIN_M = 500.0
"""Roads, barriers, passages and facilities are kept this far outside the study area: people walk there too."""

Extent = tuple[float, float, float, float]
"""West, south, east, north [degrees] that an OpenStreetMap extract says it covers."""

_NEAR = ("roads", "barriers", "passages", "facilities")
_ASSUMED_GAP_M = 1.0
_LEAST_OVERLAP_M2 = 100.0
_SAME_GROUND_SHARE = 0.5
_LEAST_SHARED_M2 = 10.0
_THROUGH_CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary")
_THROUGH_M = 50.0
_DEGREES = CRS.from_epsg(4326)


def believable_estates(drafts: Sequence[Draft]) -> list[Draft]:
    """Leave out residential areas of OpenStreetMap that are no compounds: by size, by what is inside, by what crosses.

    A residential area that holds other residential areas, or that a main road runs through, is a quarter of the town.
    """
    roads = [draft.frame for draft in drafts if draft.table == "roads" and "road_class" in draft.frame.columns]
    through = [
        frame.geometry[
            frame["road_class"].astype("str").str.removesuffix("_link").isin(_THROUGH_CLASSES) & ~_flag(frame, "tunnel")
        ]
        for frame in roads
    ]
    main = shapely.union_all(np.concatenate([each.values for each in through])) if through else shapely.LineString()
    out = []
    for draft in drafts:
        if draft.table != "estates" or draft.how != "tags" or not len(draft.frame):
            out.append(draft)
            continue
        frame, repairs = draft.frame, list(draft.repairs)
        for odd, code, detail, detail_zh in _no_compounds(frame, main):
            hit = frame.index.isin(odd)
            repairs += listed("estates", frame.index[hit], "dropped", code, detail, detail_zh)
            frame = frame[~hit]
        out.append(replace(draft, frame=frame, repairs=tuple(repairs)))
    return out


def _no_compounds(frame: gpd.GeoDataFrame, main: shapely.Geometry) -> list[tuple[set[str], str, str, str]]:
    """Return the rows that are no compounds, each kind with its code and sentence."""
    size = frame.area
    small, large = set(frame.index[size < MIN_ESTATE_M2]), set(frame.index[size > MAX_ESTATE_M2])
    shapes = frame.geometry.values
    tree = shapely.STRtree(shapes)
    outer, inner = tree.query(shapes, predicate="intersects")
    apart = size.to_numpy()[outer] > size.to_numpy()[inner]
    outer, inner = outer[apart], inner[apart]
    share = shapely.area(shapely.intersection(shapes[outer], shapes[inner])) / np.maximum(
        shapely.area(shapes[inner]), 1
    )
    usable = ~np.isin(frame.index[inner], list(small))
    holds = set(frame.index[outer[(share > 0.9) & usable]])
    crossed_m = shapely.length(shapely.intersection(shapely.buffer(shapes, -5.0), main))
    crossed = set(frame.index[crossed_m > _THROUGH_M])
    return [
        (
            small,
            "estate_too_small",
            f"a residential area below {MIN_ESTATE_M2:g} m² is not taken as an estate",
            f"面积小于 {MIN_ESTATE_M2:g} 平方米的居住用地不作为小区",
        ),
        (
            large,
            "estate_too_large",
            f"a residential area above {MAX_ESTATE_M2 / 10_000:g} ha is not taken as an estate",
            f"面积大于 {MAX_ESTATE_M2 / 10_000:g} 公顷的居住用地不作为小区",
        ),
        (
            holds,
            "estate_holds_estates",
            "a residential area that holds other residential areas is not taken as an estate",
            "内部还有其他居住用地的不作为小区",
        ),
        (
            crossed,
            "estate_crossed",
            "a residential area that a main road runs through is not taken as an estate",
            "有主要道路穿过的居住用地不作为小区",
        ),
    ]


def _flag(frame: gpd.GeoDataFrame, name: str) -> pd.Series:
    """Return a flag column as plain true or false; absent and missing are false."""
    if name not in frame.columns:
        return pd.Series(False, frame.index)
    return frame[name].astype("boolean").fillna(False).astype(bool)


def join(drafts: Sequence[Draft]) -> tuple[dict[str, gpd.GeoDataFrame], list[Repair]]:
    """Put the drafts of each table together; ids that two layers share are told apart by the layer's name."""
    tables: dict[str, gpd.GeoDataFrame] = {}
    repairs: list[Repair] = []
    for table in TABLES:
        mine = sorted(
            (draft for draft in drafts if draft.table == table), key=lambda draft: not _has_areas(draft.frame)
        )
        taken: set[str] = set()
        parts = []
        for draft in mine:
            frame, own = draft.frame, list(draft.repairs)
            same = frame.index.isin(list(taken))
            if same.any() and draft.how == "tags":
                # the same object of OpenStreetMap in two layers: its outline came first and says more than its point
                frame = frame[~same]
            elif same.any():
                frame, own = _told_apart(draft, same, taken)
            repairs += own
            taken.update(frame.index)
            if len(frame):
                parts.append(frame)
        if parts:
            tables[table] = gpd.GeoDataFrame(pd.concat(parts), crs=parts[0].crs)
    tagged = {
        row for draft in drafts if draft.how == "tags" and draft.table == "facilities" for row in draft.frame.index
    }
    if tagged:
        tables["facilities"], doubles = _without_doubles(tables["facilities"], tagged)
        repairs += doubles
    return tables, repairs


def _has_areas(frame: gpd.GeoDataFrame) -> bool:
    return bool((shapely.get_dimensions(frame.geometry.values) == 2).any())


def _told_apart(draft: Draft, same: NDArray[np.bool_], taken: set[str]) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Give rows whose ids another layer has already new ones, in the draft's own repairs too."""
    counts: dict[str, int] = {}
    used = taken | set(draft.frame.index)
    new: dict[str, str] = {}
    for label in sorted(draft.frame.index[same]):
        wished = f"{draft.layer}-{label}"
        new[label] = free_id(wished, used, counts) if wished in used else wished
        used.add(new[label])
    labels = [new.get(label, label) for label in draft.frame.index]
    frame = draft.frame.set_axis(pd.Index(pd.array(labels, dtype="str"), name=draft.frame.index.name))
    repairs = [replace(repair, row_id=new.get(repair.row_id, repair.row_id)) for repair in draft.repairs]
    repairs += listed(
        draft.table,
        new.values(),
        "assumed",
        "ids_told_apart",
        f"another layer has this id too; in layer {draft.layer} the layer's name stands before it",
        f"其他图层已有相同编号,图层 {draft.layer} 的编号前加图层名",
    )
    return frame, repairs


def _without_doubles(frame: gpd.GeoDataFrame, tagged: set[str]) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Leave out points of OpenStreetMap that lie in an area of the same category and say nothing else."""
    own = frame[frame.index.isin(list(tagged))]
    dims = shapely.get_dimensions(own.geometry.values)
    points, areas = own[dims == 0], own[dims == 2]
    if not len(points) or not len(areas):
        return frame, []
    which, where = shapely.STRtree(areas.geometry.values).query(points.geometry.values, predicate="intersects")
    kinds, names = points["category"].to_numpy()[which], points["name"].fillna("").to_numpy()[which]
    other_names = areas["name"].fillna("").to_numpy()[where]
    alike = (kinds == areas["category"].to_numpy()[where]) & (
        (names == other_names) | (names == "") | (other_names == "")
    )
    gone = sorted(set(points.index[which[alike]]))
    return frame[~frame.index.isin(gone)], listed(
        "facilities",
        gone,
        "dropped",
        "same_place",
        "the point lies in an area of the same kind and name; the area is kept",
        "该点位于同类同名的面内,保留面",
    )


def overlaps(tables: dict[str, gpd.GeoDataFrame]) -> tuple[list[Repair], list[Fault]]:
    """Return what is said about communities, and areas with known totals, that lie over one another.

    Drawing leftovers along a shared border are said as repairs. When more than half of an area lies in another, the
    table holds two levels at once, and every household in it would be counted twice: a fault.
    """
    repairs: list[Repair] = []
    faults: list[Fault] = []
    for table in ("communities", "census"):
        if table not in tables:
            continue
        frame = tables[table].sort_index()
        shapes, size = frame.geometry.values, frame.area.to_numpy()
        one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        one, other = one[one < other], other[one < other]
        shared = shapely.area(shapely.intersection(shapes[one], shapes[other]))
        share = shared / np.minimum(size[one], size[other])
        twice = share > _SAME_GROUND_SHARE
        if twice.any():
            rows = sorted(set(frame.index[one[twice]]) | set(frame.index[other[twice]]))
            first = int(np.flatnonzero(twice)[0])
            a, b = frame.index[one[first]], frame.index[other[first]]
            what = f"{int(twice.sum())} pairs of {table} cover the same ground, e.g. {a} and {b} ({share[first]:.0%})"
            remedy = "keep one level of them (one layer), or mend the outlines"
            faults.append(Fault(what, remedy, table=table, ids=tuple(rows)))
        for k in np.flatnonzero((shared > _LEAST_SHARED_M2) & ~twice):
            a, b = str(frame.index[one[k]]), str(frame.index[other[k]])
            detail = f"it overlaps {b} by {shared[k]:.0f} m²; both outlines are kept as they are"
            detail_zh = f"与 {b} 重叠 {shared[k]:.0f} 平方米,两者轮廓均未改动"
            repairs.append(Repair(table, a, "assumed", "overlap", detail, detail_zh))
    return repairs, faults


def with_area(
    tables: dict[str, gpd.GeoDataFrame], extents: Sequence[Extent], crs: CRS
) -> tuple[dict[str, gpd.GeoDataFrame], list[Repair], str]:
    """Return the tables with a study area: given, else of the communities, else of the extract, else of the roads."""
    if "study_area" in tables:
        if tables["study_area"].area.sum() < 1.0:
            raise InputError(Fault("the study area is empty", "draw it again, as an area", table="study_area"))
        return tables, [], "given"
    extent = _extent(extents, tables, crs)
    if "communities" in tables:
        shape, how = _closed(shapely.union_all(tables["communities"].geometry.values)), "the communities together"
        how_zh = "各社区(村)范围之和"
    elif extent is not None:
        shape, how, how_zh = extent, "the extent the OpenStreetMap extract states", "OpenStreetMap 数据声明的范围"
    elif "roads" in tables:
        shape, how, how_zh = (
            shapely.box(*tables["roads"].total_bounds),
            "the rectangle around the roads",
            "道路的外接矩形",
        )
    else:
        raise InputError(
            Fault(
                "the study area is not known: there is no study_area, no community and no road",
                "add a study_area layer, or give the area's file (--area)",
                table="study_area",
            )
        )
    if shapely.area(shape) < 1.0:
        raise InputError(
            Fault(
                "the study area is empty",
                "add a study_area layer, or give the area's file (--area)",
                table="study_area",
            )
        )
    index = pd.Index(pd.array(["area-1"], dtype="str"), name="area_id")
    area = gpd.GeoDataFrame(index=index, geometry=gpd.GeoSeries([shape], index=index, crs=crs))
    said = Repair(
        "study_area",
        "area-1",
        "assumed",
        "area_assumed",
        f"no study area was given (--area FILE); it is {how}",
        f"未给出规划范围(--area 文件),取{how_zh}",
    )
    return {**tables, "study_area": area}, [said], how


def _extent(extents: Sequence[Extent], tables: dict[str, gpd.GeoDataFrame], crs: CRS) -> shapely.Geometry | None:
    """Return what the OpenStreetMap extracts say they cover, in metres; None when unsaid or the roads lie apart."""
    if not extents:
        return None
    boxes = [shapely.segmentize(shapely.box(*extent), 0.001) for extent in extents]
    moved = gpd.GeoSeries(boxes, crs=_DEGREES).to_crs(crs)
    shape = shapely.simplify(shapely.union_all(moved.values), 0.05)
    roads = tables.get("roads")
    return shape if roads is None or shapely.intersects(shape, shapely.box(*roads.total_bounds)) else None


def _closed(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the area with gaps of up to two metres between its parts closed."""
    wide = shapely.buffer(shape, _ASSUMED_GAP_M, join_style="mitre", mitre_limit=2.0)
    closed = shapely.buffer(wide, -_ASSUMED_GAP_M, join_style="mitre", mitre_limit=2.0)
    gaps = shapely.difference(closed, shape)
    parts = shapely.get_parts(gaps)
    real = parts[shapely.area(parts) > 0.01]
    return shapely.union_all([shape, *shapely.buffer(real, 1e-6)]) if len(real) else shape


def within(
    tables: dict[str, gpd.GeoDataFrame],
) -> tuple[dict[str, gpd.GeoDataFrame], list[Repair], dict[str, int]]:
    """Leave out what lies outside the study area; whatever crosses its edge stays whole."""
    area = shapely.union_all(tables["study_area"].geometry.values)
    shapely.prepare(area)
    out, repairs, counts, faults = dict(tables), [], {}, []
    for table, frame in tables.items():
        if table == "study_area":
            continue
        shapes = frame.geometry.values
        if table in _NEAR:
            inside, rule = shapely.dwithin(shapes, area, MARGIN_M), f"more than {MARGIN_M:g} m outside the study area"
            rule_zh = f"位于规划范围外 {MARGIN_M:g} 米以远"
        elif table in ("buildings", "premises"):
            inside, rule = shapely.intersects(shapely.point_on_surface(shapes), area), "outside the study area"
            rule_zh = "位于规划范围外"
        else:
            shared = shapely.area(shapely.intersection(shapes, area))
            inside = shared > np.minimum(_LEAST_OVERLAP_M2, shapely.area(shapes) / 2)
            rule, rule_zh = "outside the study area", "位于规划范围外"
        gone = ~np.asarray(inside, dtype=bool)
        if gone.all():
            away_km = float(shapely.distance(shapely.union_all(shapes), area)) / 1000
            faults.append(
                Fault(
                    f"none of {len(frame)} {table} lies in the study area; the nearest is {away_km:.1f} km away",
                    "check the coordinate reference system of the layer and of the study area, or leave the layer out",
                    table=table,
                )
            )
        elif gone.any():
            repairs += listed(table, frame.index[gone], "dropped", "outside", f"{rule}; left out", f"{rule_zh},未纳入")
            counts[table] = int(gone.sum())
            out[table] = frame[~gone]
    if faults:
        raise InputError(faults)
    return out, repairs, counts


def known_references(tables: dict[str, gpd.GeoDataFrame]) -> tuple[dict[str, gpd.GeoDataFrame], list[Repair]]:
    """Empty estate and community ids of buildings that name no row of a table that is there."""
    out, repairs = dict(tables), []
    for column, table, word in (("estate_id", "estates", "小区"), ("community_id", "communities", "社区")):
        frame = out.get("buildings")
        if frame is None or table not in out or column not in frame.columns:
            continue
        lost = frame[column].notna() & ~frame[column].isin(out[table].index)
        for row, value in frame[column][lost].items():
            repairs.append(
                Repair(
                    "buildings",
                    str(row),
                    "repaired",
                    f"unknown_{column}",
                    f"{column} {value!r} names no row of {table} in the study area; emptied",
                    f"所属{word}编号“{value}”不存在,已置空",
                )
            )
        out["buildings"] = frame.assign(**{column: frame[column].mask(lost)})
    return out, repairs
