"""The rows behind the layers: plan tables with the columns that styles need, and their way from metres to degrees."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.partition.plan import Limits
from geo.schema import OUTSIDE
from layers.styles import (
    COMMUNITY_COLOURS,
    against,
    barrier_group,
    facility_group,
    neighbour_colours,
    road_group,
    seam_group,
)
from layers.words import fullwidth, is_missing

if TYPE_CHECKING:
    from geo.partition.actions import PlanTables

LONLAT = "EPSG:4326"
DECIMALS = 6
"""Decimals of a degree kept on the page: 0.1 m."""

FEWEST_SHOWN = 10
"""Blocks of fewer households than this show no exact figure on the page: household data leave only as aggregates."""

CONTEXT = ("barriers", "roads", "buildings", "estates", "facilities")
_M2_PER_HA = 10_000.0


def layer_frames(
    tables: "PlanTables", context: Mapping[str, gpd.GeoDataFrame], limits: Limits
) -> dict[str, gpd.GeoDataFrame]:
    """Return the frame behind every layer, in the plan's metric CRS, with the columns that styles classify by.

    Parameters
    ----------
    tables
        The plan's tables.
    context
        The study's tables by name; those of `CONTEXT` are used, absent ones are left out; another CRS is brought into
        the plan's.
    limits
        What the profile allows.

    Returns
    -------
    dict
        Table name → frame with the index and columns it came with, and `colour` (position in the palette, as text),
        `against_limits` in communities and communities_before; `density_per_ha` [households/ha] in blocks;
        `seam_group`, `road_group`, `barrier_group`, `facility_group` where they belong.
    """
    colours = community_colours(tables)

    def grounds(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return frame.assign(
            colour=[str(colours[str(key)]) for key in frame.index],
            against_limits=[
                against(_float(value), limits.min_households, limits.max_households) for value in frame["households"]
            ],
        )

    households = pd.to_numeric(tables.blocks["households"]).astype("float64")
    frames = {
        "communities": grounds(tables.communities),
        "communities_before": grounds(tables.communities_before),
        "blocks": tables.blocks.assign(density_per_ha=households / (tables.blocks["area_m2"] / _M2_PER_HA)),
        "seams": tables.seams.assign(seam_group=tables.seams["feature_class"].map(seam_group)),
        "moves": tables.moves,
    }
    return {**frames, **context_frames(context, tables.blocks.crs)}


def context_frames(context: Mapping[str, gpd.GeoDataFrame], crs: object) -> dict[str, gpd.GeoDataFrame]:
    """Return the tables of `CONTEXT` that are there, in `crs`, with the groups that their styles classify by."""
    frames: dict[str, gpd.GeoDataFrame] = {}
    groups = {
        "roads": ("road_group", "road_class", road_group),
        "barriers": ("barrier_group", "kind", barrier_group),
        "facilities": ("facility_group", "category", facility_group),
    }
    for name in CONTEXT:
        frame = context.get(name)
        if frame is None or frame.empty:
            continue
        here = frame if frame.crs == crs else frame.to_crs(crs)
        if name in groups:
            column, source, group_of = groups[name]
            here = here.assign(**{column: [group_of(value) for value in here[source]]})
        frames[name] = here
    return frames


def typeset(tables: "PlanTables") -> "PlanTables":
    """Return the tables with their Chinese sentences in Chinese punctuation; names stay as they are."""
    return replace(tables, **{
        name: typeset_frame(getattr(tables, name))
        for name in ("communities", "communities_before", "moves", "violations", "terms")
    })  # fmt: skip


def typeset_frame(frame: Any) -> Any:  # noqa: ANN401 - either kind of table comes back as it was
    """Return a table with the Chinese sentences of its columns `…_zh` in Chinese punctuation."""
    columns = [column for column in frame.columns if str(column).endswith("_zh")]
    return frame.assign(**{
        column: [value if is_missing(value) else fullwidth(str(value)) for value in frame[column]]
        for column in columns
    })  # fmt: skip


def community_colours(tables: "PlanTables") -> dict[str, int]:
    """Return one colour for every community, before or after: neighbours differ, and who stays keeps its colour."""
    edges: set[tuple[str, str]] = set()
    for column in ("community_id", "community_id_before"):
        ids = tables.blocks[column]
        known = {str(block): str(value) for block, value in ids.items() if not is_missing(value)}
        for a, b in zip(tables.seams["block_a"], tables.seams["block_b"], strict=True):
            if b != OUTSIDE and a in known and b in known and known[a] != known[b]:
                first, second = sorted((known[a], known[b]))
                edges.add((first, second))
    ids = {str(key) for key in (*tables.communities.index, *tables.communities_before.index)}
    return neighbour_colours(ids, edges, len(COMMUNITY_COLOURS))


def to_lonlat(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame in degrees (EPSG:4326), rounded to 0.1 m: the one way out of metres."""
    degrees = frame.to_crs(LONLAT)
    rounded = shapely.transform(np.asarray(degrees.geometry.array), lambda points: np.round(points, DECIMALS))
    return degrees.set_geometry(gpd.GeoSeries(rounded, index=degrees.index, crs=LONLAT))


def lonlat_point(point: shapely.Point, crs: object) -> list[float]:
    """Return `[latitude, longitude]` in degrees of one point given in `crs`."""
    degrees = gpd.GeoSeries([point], crs=crs).to_crs(LONLAT).iloc[0]
    return [round(degrees.y, DECIMALS), round(degrees.x, DECIMALS)]


def label_points(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return where the name of each area stands best: the centre of the largest circle that fits into it."""
    return gpd.GeoSeries([_inner_point(shape) for shape in frame.geometry], index=frame.index, crs=frame.crs)


def arrows(tables: "PlanTables") -> dict[str, tuple[shapely.Point, shapely.Point]]:
    """Return for every move the points its arrow runs between, in the plan's CRS: out of the parcel, into the receiver.

    The arrow starts in the parcel and ends a little beyond the border it crosses on the way to the middle of the
    receiving community as it is today (as it will be, when it is new). A parcel that holds that middle has no arrow.
    """
    before = label_points(tables.communities_before)
    after = label_points(tables.communities)
    made: dict[str, tuple[shapely.Point, shapely.Point]] = {}
    for move_id, move in tables.moves.iterrows():
        target = before.get(move["to_id"], after.get(move["to_id"]))
        start = _inner_point(move.geometry)
        if target is None:
            continue
        way = shapely.LineString([start, target])
        inside = way.intersection(move.geometry)
        beyond = way.length - inside.length
        if way.length == 0 or beyond < way.length * 0.1:
            continue
        reach = inside.length + min(beyond * 0.7, 0.6 * math.sqrt(move.geometry.area) + 60.0)
        made[str(move_id)] = (start, way.interpolate(min(reach, way.length)))
    return made


def road_labels(roads: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return where road names can be written: for every name, its long straight stretches.

    Returns
    -------
    list of dict
        `name`, `name_en` (may be empty), `group` (legend class), `point` (middle of the stretch, in the table's CRS),
        `angle_deg` (counter-clockwise from east, -90 < angle <= 90), `length_m`; wider roads first, then longer
        stretches, then by name.
    """
    named = roads[roads["name"].notna()]
    stretches: dict[str, list[dict[str, Any]]] = defaultdict(list)
    ranks = {
        name: rank for rank, name in enumerate(("expressway", "primary", "secondary", "tertiary", "street", "path"))
    }
    for name, part in named.groupby("name", sort=True):
        merged = shapely.line_merge(shapely.union_all(np.asarray(part.geometry.array)))
        latin = part["name_en"].dropna() if "name_en" in part else []
        group = min(part["road_group"], key=lambda each: ranks[each])
        for line in shapely.get_parts(merged):
            for start, end in _straights(line):
                angle = math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))
                angle = angle - 180 if angle > 90 else angle + 180 if angle <= -90 else angle
                stretches[str(name)].append({
                    "name": str(name),
                    "name_en": str(min(latin)) if len(latin) else "",
                    "group": group,
                    "point": shapely.Point((start[0] + end[0]) / 2, (start[1] + end[1]) / 2),
                    "angle_deg": round(angle, 1),
                    "length_m": round(math.dist(start, end), 1),
                })  # fmt: skip
    best = [each for many in stretches.values() for each in _spread(many)]
    return sorted(best, key=lambda s: (ranks[s["group"]], -s["length_m"], s["name"], s["point"].x, s["point"].y))


def plain_value(value: object) -> Any:  # noqa: ANN401 - JSON knows four kinds
    """Return a table's value as JSON can hold it: missing is None, numbers lose needless digits."""
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return round(float(value), 2)
    return str(value)


def _float(value: object) -> float | None:
    return None if is_missing(value) else float(str(value))


def _inner_point(shape: BaseGeometry) -> shapely.Point:
    largest = max(shapely.get_parts(shape), key=lambda part: part.area)
    circle = shapely.maximum_inscribed_circle(largest, tolerance=max(1.0, math.sqrt(largest.area) / 100))
    centre: shapely.Point = shapely.get_point(circle, 0)
    return centre


def _straights(
    line: BaseGeometry, tolerance_m: float = 8.0
) -> Iterable[tuple[tuple[float, float], tuple[float, float]]]:
    """Yield the ends of each straight stretch of a line (straight to within the tolerance)."""
    points = shapely.get_coordinates(line.simplify(tolerance_m))
    for start, end in pairwise(points):
        yield (float(start[0]), float(start[1])), (float(end[0]), float(end[1]))


def _spread(stretches: list[dict[str, Any]], apart_m: float = 400.0) -> list[dict[str, Any]]:
    """Keep the longest stretches of one road that stand apart, so that two carriageways say their name once."""
    kept: list[dict[str, Any]] = []
    for each in sorted(stretches, key=lambda s: (-s["length_m"], s["point"].x, s["point"].y)):
        if all(each["point"].distance(other["point"]) > apart_m for other in kept):
            kept.append(each)
    return kept
