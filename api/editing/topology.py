"""Where a community that was drawn overlaps others or leaves land to nobody: told as warnings, with the place."""

from dataclasses import dataclass

import numpy as np
import shapely

from api.editing.shapes import lonlat
from api.features.snapshot import Snapshot

LEAST_M2 = 1.0
"""Less land than this is a matter of digits."""
_NEAR_M = 20.0
MOST_TOLD = 20


@dataclass(frozen=True)
class Doubt:
    """One overlap or gap: what it is, how large, and where its middle is (longitude, latitude)."""

    kind: str
    ids: tuple[str, ...]
    area_m2: float
    at: tuple[float, float]
    text_zh: str
    text_en: str


def community_doubts(
    snapshot: Snapshot, feature_id: str, before: shapely.Geometry | None, after: shapely.Geometry | None
) -> list[Doubt]:
    """Return what a new shape of one community does to its neighbours.

    Parameters
    ----------
    snapshot
        The communities, before or after the edit.
    feature_id
    before, after
        Its shapes; None where it was not there, or is not any more.
    """
    here = [shape for shape in (before, after) if shape is not None]
    near = snapshot.within(tuple(shapely.bounds(shapely.buffer(shapely.union_all(here), _NEAR_M))))
    others = [int(i) for i in near if snapshot.ids[i] != feature_id and snapshot.geometry[i] is not None]
    shapes = snapshot.geometry[others]
    found: list[Doubt] = []
    if after is not None:
        both = shapely.intersection(after, shapes)
        for i, shared in zip(others, both, strict=True):
            found += _told(snapshot, "overlap", (feature_id, str(snapshot.ids[i])), shared)
    around = shapely.union_all([*shapes, *([after] if after is not None else [])])
    if before is not None:
        lost = shapely.difference(before, around)
        found += _told(snapshot, "gap", (feature_id,), lost)
    elif after is not None:
        for hole in _holes(around):
            if shapely.distance(hole, after) < _NEAR_M:
                found += _told(snapshot, "gap", (feature_id,), hole)
    return found[:MOST_TOLD]


def _holes(around: shapely.Geometry) -> list[shapely.Geometry]:
    parts = shapely.get_parts(around)
    rings = [ring for part in parts if part.geom_type == "Polygon" for ring in part.interiors]
    return [shapely.Polygon(ring) for ring in rings]


def _told(snapshot: Snapshot, kind: str, ids: tuple[str, ...], land: shapely.Geometry) -> list[Doubt]:
    parts = shapely.get_parts(land)
    parts = parts[shapely.area(parts) >= LEAST_M2] if len(parts) else parts
    if not len(parts):
        return []
    area = float(np.sum(shapely.area(parts)))
    largest = parts[int(np.argmax(shapely.area(parts)))]
    at = lonlat(shapely.point_on_surface(largest), None, snapshot.crs)
    if kind == "overlap":
        zh = f"{ids[0]}与{ids[1]}重叠{area:,.0f}平方米，位于{at[0]}, {at[1]}附近。"
        en = f"{ids[0]} and {ids[1]} overlap by {area:,.0f} m² near {at[0]}, {at[1]}."
    else:
        zh = f"{ids[0]}旁有{area:,.0f}平方米土地不属于任何社区，位于{at[0]}, {at[1]}附近。"
        en = f"{area:,.0f} m² beside {ids[0]} belong to no community, near {at[0]}, {at[1]}."
    return [Doubt(kind, ids, round(area, 1), at, zh, en)]
