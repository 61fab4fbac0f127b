"""Points where names of areas stand, and arrows of what moves: small GeoJSON documents beside the tiles.

Tiles cut areas at their edges, and a name would stand in every piece.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from api.features.snapshot import Snapshot
from api.styles.tree import lonlat, names_of
from layers.maplibre import GROUNDS
from layers.words import LANGS, WORDS

DECIMALS = 6
CIRCLES = 2_000
"""With more areas than this, any inner point will do instead of the middle of the largest circle."""

Shapes = npt.NDArray[np.object_]


def label_points(snapshot: Snapshot) -> dict[str, Any]:
    """Return one point in each area, where its name stands best.

    Returns
    -------
    dict
        GeoJSON, degrees. Properties: `id`, `name_zh`, `name_en`; `sum_zh`, `sum_en`: households on a line of their own,
        empty where they are not known or no ground is drawn.
    """
    made: dict[str, Any] = snapshot.once("label_points", lambda: _label_points(snapshot))
    return made


def inner_points(shapes: Shapes) -> Shapes:
    """Return the middle of the largest circle in the largest part of each area; None where there is no area."""
    made = np.full(len(shapes), None, dtype=object)
    there = shapely.area(shapes) > 0  # neither lines nor points, nothing without a place
    if not there.any():
        return made
    if there.sum() > CIRCLES:
        made[there] = shapely.point_on_surface(shapes[there])
        return made
    largest = [max(shapely.get_parts(each), key=shapely.area) for each in shapes[there]]
    made[there] = [_middle(each) for each in largest]
    return made


def arrows(moves: Snapshot, before: Snapshot, after: Snapshot) -> dict[str, Any]:
    """Return for every move an arrow out of its parcel into the community that receives it, as on the plan's page.

    Parameters
    ----------
    moves, before, after
        A plan's parcels with `to_id`, today's communities, those of the plan.

    Returns
    -------
    dict
        GeoJSON, degrees: a LineString and its head, a Point with `bearing` [degrees from north], both with the move's
        `id`. A parcel that holds the middle of its receiver has none.
    """
    to = moves.table["to_id"].to_pylist() if "to_id" in moves.table.column_names else [None] * len(moves)
    starts, features = inner_points(moves.geometry), []
    targets = {**_middles(after), **_middles(before)}
    for key, receiver, start, parcel in zip(moves.ids, to, starts, moves.geometry, strict=True):
        target = targets.get(str(receiver))
        if start is None or target is None:
            continue
        line = _arrow(start, target, parcel)
        if line is None:
            continue
        (x1, y1), (x2, y2) = _degrees(moves.crs, line)
        bearing = math.degrees(math.atan2((x2 - x1) * math.cos(math.radians(y2)), y2 - y1)) % 360
        ends = [[round(x1, DECIMALS), round(y1, DECIMALS)], [round(x2, DECIMALS), round(y2, DECIMALS)]]
        features.append(_feature("LineString", ends, {"id": str(key)}))
        features.append(_feature("Point", ends[1], {"id": str(key), "bearing": round(bearing, 1)}))
    return {"type": "FeatureCollection", "features": features}


def _label_points(snapshot: Snapshot) -> dict[str, Any]:
    names = names_of(snapshot)
    points = inner_points(snapshot.geometry)
    told = snapshot.collection.frame in GROUNDS and "households" in snapshot.table.column_names
    households = snapshot.table["households"].to_pylist() if told else [None] * len(snapshot)
    features = []
    for key, point, count in zip(snapshot.ids, points, households, strict=True):
        if point is None:
            continue
        ((x, y),) = _degrees(snapshot.crs, point)
        properties: dict[str, Any] = {"id": str(key)}
        for side, lang in enumerate(LANGS):
            properties[f"name_{lang}"] = names[str(key)][lang]
            sum_in = "" if count is None else "\n" + WORDS["page.households_unit"][side].format(n=f"{count:,}")
            properties[f"sum_{lang}"] = sum_in
        features.append(_feature("Point", [round(x, DECIMALS), round(y, DECIMALS)], properties))
    return {"type": "FeatureCollection", "features": features}


def _middles(snapshot: Snapshot) -> dict[str, shapely.Point]:
    points = snapshot.once("inner_points", lambda: inner_points(snapshot.geometry))
    return {str(key): point for key, point in zip(snapshot.ids, points, strict=True) if point is not None}


def _middle(area: shapely.Polygon) -> shapely.Point:
    circle = shapely.maximum_inscribed_circle(area, tolerance=max(1.0, math.sqrt(shapely.area(area)) / 100))
    middle: shapely.Point = shapely.get_point(circle, 0)
    return middle


def _arrow(start: shapely.Point, target: shapely.Point, parcel: shapely.Geometry) -> shapely.LineString | None:
    """Return the line from the parcel a little beyond the border that it crosses on its way; None where it is none."""
    way = shapely.LineString([start, target])
    inside = shapely.length(shapely.intersection(way, parcel))
    beyond = way.length - inside
    if way.length == 0 or beyond < way.length * 0.1:
        return None
    reach = inside + min(beyond * 0.7, 0.6 * math.sqrt(shapely.area(parcel)) + 60.0)
    return shapely.LineString([start, way.interpolate(min(reach, way.length))])


def _degrees(crs: CRS, shape: shapely.Geometry) -> list[tuple[float, float]]:
    lon, lat = lonlat(crs, shapely.get_coordinates(shape))
    return [(float(x), float(y)) for x, y in zip(lon, lat, strict=True)]


def _feature(kind: str, coordinates: Any, properties: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - GeoJSON
    return {"type": "Feature", "properties": dict(properties), "geometry": {"type": kind, "coordinates": coordinates}}
