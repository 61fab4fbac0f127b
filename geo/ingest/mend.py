"""Mend geometry, in metres, and say what was mended."""

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.ingest.columns import Draft, free_id, listed
from geo.schema import TABLES
from geo.study import Repair

SLIVER_M2 = 0.5
"""Areas, and parts of areas, smaller than this are drawing leftovers."""

SHORT_M = 0.05
"""Lines shorter than this are drawing leftovers."""

_Shapes = NDArray[Any]
_EMPTY_DETAIL = ("the row has no geometry; dropped", "该行没有几何图形,已删除")


def mend(draft: Draft) -> Draft:
    """Return the draft with sound, flat, simple geometry; every change is in its repairs.

    Dropped: rows without geometry, slivers. Mended: heights (Z) taken off, invalid areas rebuilt with their area kept,
    repeated vertices removed, one-part collections made simple, roads of several parts split (ids get -1, -2 …).

    Parameters
    ----------
    draft
        In a metric CRS.
    """
    table = TABLES[draft.table]
    frame, repairs = draft.frame, list(draft.repairs)
    name = draft.table

    absent = (frame.geometry.isna() | frame.geometry.is_empty).to_numpy()
    repairs += listed(name, frame.index[absent], "dropped", "no_geometry", *_EMPTY_DETAIL, always=True)
    frame = frame[~absent]
    if not len(frame):
        return replace(draft, frame=frame, repairs=tuple(repairs))

    shapes: _Shapes = np.asarray(frame.geometry.values, dtype=object)
    high = shapely.has_z(shapes)
    repairs += listed(name, frame.index[high], "repaired", "z_dropped", "heights (Z) are left out", "去掉了高程(Z)值")
    shapes = shapely.force_2d(shapes)
    areal = set(table.geometry) <= {"Polygon", "MultiPolygon"}
    shapes, changed = _sound(shapes, frame.index, name, areal=areal)
    repairs += changed
    before = shapely.get_num_coordinates(shapes)
    shapes = shapely.remove_repeated_points(shapes, 0.0)
    fewer = before != shapely.get_num_coordinates(shapes)
    repairs += listed(
        name, frame.index[fewer], "repaired", "repeated_points", "repeated vertices are removed", "去掉了重复的节点"
    )
    if areal:
        shapes, changed = _without_slivers(shapes, frame.index, name)
        repairs += changed
    shapes = _simple(shapes)
    frame = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))

    gone = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    repairs += listed(
        name,
        frame.index[gone],
        "dropped",
        "nothing_left",
        "nothing is left of its geometry; dropped",
        "几何图形无效,无法保留,已删除",
        always=True,
    )
    frame = frame[~gone]
    if "LineString" in table.geometry:
        dims = shapely.get_dimensions(frame.geometry.values)
        short = (dims == 1) & (frame.length.to_numpy() < SHORT_M)
        repairs += listed(
            name,
            frame.index[short],
            "dropped",
            "too_short",
            f"the line is shorter than {SHORT_M:g} m; dropped",
            f"线长不足 {SHORT_M:g} 米,已删除",
            always=True,
        )
        frame = frame[~short]
    if name == "roads":
        frame, changed = _split(frame)
        repairs += changed
    return replace(draft, frame=frame, repairs=tuple(repairs))


def _sound(shapes: _Shapes, index: pd.Index, name: str, *, areal: bool) -> tuple[_Shapes, list[Repair]]:
    """Rebuild invalid areas, and keep the areas of collections where the table holds areas."""
    out, repairs = shapes.copy(), []
    polygonal = shapely.get_dimensions(shapes) == 2
    for row in np.flatnonzero(polygonal & ~shapely.is_valid(shapes)):
        reason = shapely.is_valid_reason(shapes[row]).split("[")[0].strip()
        made = _areas_of(shapely.make_valid(shapes[row], method="structure", keep_collapsed=False))
        old, new = abs(shapely.area(shapes[row])), shapely.area(made)
        out[row] = made
        repairs.append(
            Repair(
                name,
                str(index[row]),
                "repaired",
                "invalid_polygon",
                f"the outline was invalid ({reason.lower()}); rebuilt, area {old:.1f} m² became {new:.1f} m²",
                f"轮廓无效({reason}),已重建,面积由 {old:.1f} 平方米变为 {new:.1f} 平方米",
            )
        )
    if areal:
        for row in np.flatnonzero(shapely.get_type_id(out) == 7):  # GeometryCollection
            out[row] = _areas_of(out[row])
            detail = "lines and points in a collection are left out; its areas are kept"
            detail_zh = "集合中的线和点已去掉,只保留面"
            repairs.append(Repair(name, str(index[row]), "repaired", "collection", detail, detail_zh))
    return out, repairs


def _areas_of(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the polygonal part of any geometry as one polygon or multipolygon (empty when there is none)."""
    parts = [part for part in shapely.get_parts(shape, return_index=False) if part is not None]
    flat = [each for part in parts for each in shapely.get_parts(part)]
    polygons = [each for each in flat if shapely.get_dimensions(each) == 2 and shapely.area(each) > 0]
    return shapely.multipolygons(polygons) if polygons else shapely.Polygon()


def _without_slivers(shapes: _Shapes, index: pd.Index, name: str) -> tuple[_Shapes, list[Repair]]:
    """Leave out parts of areas below `SLIVER_M2`; a row that is nothing else is emptied."""
    out, rows = shapes.copy(), []
    for row in np.flatnonzero(shapely.get_dimensions(shapes) == 2):
        parts = shapely.get_parts(shapes[row])
        small = shapely.area(parts) < SLIVER_M2
        if small.any():
            kept = parts[~small]
            out[row] = shapely.multipolygons(kept) if len(kept) else shapely.Polygon()
            rows.append(index[row])
    return out, listed(
        name,
        rows,
        "repaired",
        "sliver",
        f"parts smaller than {SLIVER_M2:g} m² are left out",
        f"去掉了小于 {SLIVER_M2:g} 平方米的碎片",
        always=True,
    )


def _simple(shapes: _Shapes) -> _Shapes:
    """Return multi-part geometry of one part as that part."""
    out = shapes.copy()
    for row in np.flatnonzero((shapely.get_num_geometries(shapes) == 1) & (shapely.get_type_id(shapes) >= 4)):
        out[row] = shapely.get_geometry(shapes[row], 0)
    return out


def _split(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Split roads of several parts into rows of their own; parts are numbered from west to east."""
    several = frame.geometry.geom_type == "MultiLineString"
    if not several.any():
        return frame, []
    taken = set(frame.index)
    counts: dict[str, int] = {}
    rows, shapes, labels = [], [], []
    for place, (label, shape) in enumerate(zip(frame.index, frame.geometry, strict=True)):
        parts = [shape]
        if several.iloc[place]:
            parts = sorted(shapely.get_parts(shape), key=lambda part: (part.bounds, part.wkb))
        for part in parts:
            rows.append(place)
            shapes.append(part)
            labels.append(free_id(label, taken, counts) if len(parts) > 1 else label)
    index = pd.Index(pd.array(labels, dtype="str"), name=frame.index.name)
    out = frame.iloc[rows].set_axis(index).set_geometry(gpd.GeoSeries(shapes, index=index, crs=frame.crs))
    repairs = listed(
        "roads",
        frame.index[several],
        "repaired",
        "split_parts",
        "the road has several separate parts; each is a row now, numbered -1, -2 …",
        "道路由多段分离的线组成,已拆分并加后缀 -1、-2 …",
        always=True,
    )
    return out, repairs
