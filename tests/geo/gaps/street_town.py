"""A town along one street, small enough to be counted by hand.

    x [m]    0    100   200   300   400   500   600   700   800   900  1000  1100  1200
             |----- A: 400 m -----|----- B: 400 m -----|----- C: 400 m -----|
    homes       h1    h2    h3    |   h4    h5    h6    |   h7    h8    h9
             at 50, 150, 250      | at 450, 550, 650    | at 850, 950, 1050
    people      100   200   300   |   100   200   300   |   100   200   300

Every home and facility stands on the street, so that a walk is the difference of two x.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS
from shapely import LineString, Point, box

from geo.network import KINDS, SPEEDS, Network
from geo.standards.facilities import FacilityStandard

METRIC = CRS.from_epsg(4549)
PLACES = (50, 150, 250, 450, 550, 650, 850, 950, 1050)
PEOPLE = (100, 200, 300) * 3


def street(length: float = 1200.0, *, island: bool = False) -> Network:
    """Return the network of one level street from (0, 0) to (length, 0); with an island 100 m long at y = 5000."""
    lines = [LineString([(0, 0), (length, 0)])]
    if island:
        lines.append(LineString([(0, 5000), (100, 5000)]))
    metres = np.array([line.length for line in lines])
    ends = np.array([line.coords[i] for line in lines for i in (0, -1)], dtype=np.float64)
    count = len(lines)
    return Network(
        crs=METRIC,
        node_xy=ends,
        edge_a=np.arange(0, 2 * count, 2),
        edge_b=np.arange(1, 2 * count, 2),
        length_m=metres,
        minutes={key: (metres / speed.metres_per_minute,) * 2 for key, speed in SPEEDS.items()},
        lines=np.array(lines, dtype=object),
        kind=np.full(count, KINDS.index("street")),
        side=np.zeros(count, dtype=np.int64),
        estate=np.full(count, -1),
        component=np.repeat(np.arange(count), 2),
        road_id=np.array([f"R{i}" for i in range(count)], dtype=object),
    )


def homes(places: Sequence[float] = PLACES, **columns: Sequence[Any]) -> gpd.GeoDataFrame:
    """Return homes h1, h2, … on the street; `people` as above unless they are given."""
    index = pd.Index([f"h{i + 1}" for i in range(len(places))], name="demand_id")
    data = {"people": np.array(columns.pop("people", PEOPLE), dtype=np.float64), **columns}
    return gpd.GeoDataFrame(data, index=index, geometry=[Point(x, 0) for x in places], crs=METRIC)


def communities(edges: Sequence[float] = (0, 400, 800, 1200), ids: str = "ABC") -> gpd.GeoDataFrame:
    """Return the communities between these x, 200 m deep, named 甲, 乙, 丙 …"""
    shapes = [box(a, -100, b, 100) for a, b in pairwise(edges)]
    index = pd.Index(list(ids), name="community_id")
    data = {"name": list("甲乙丙丁戊")[: len(ids)], "name_en": [f"Community {one}" for one in ids]}
    return gpd.GeoDataFrame(data, index=index, geometry=shapes, crs=METRIC)


def facilities(*rows: tuple[float, str], **columns: Sequence[Any]) -> gpd.GeoDataFrame:
    """Return facilities f1, f2, … of (x, category) on the street."""
    index = pd.Index([f"f{i + 1}" for i in range(len(rows))], name="facility_id")
    return gpd.GeoDataFrame(
        {"category": [category for _, category in rows], **columns}, index=index,
        geometry=[Point(x, 0) for x, _ in rows], crs=METRIC,
    )  # fmt: skip


def standard(*requirements: Mapping[str, Any]) -> FacilityStandard:
    """Return a standard of these requirements; what they leave out is plain: a shop for all within 200 m."""
    plain = {"key": "shop", "title_zh": "便利店", "title_en": "shop", "group": "shopping", "categories": ["shop"]}
    rows: Iterable[dict[str, Any]] = ({**plain, **each} for each in requirements)
    return FacilityStandard.model_validate(
        {"name": "test", "edition": "1", "title_zh": "试", "title_en": "test", "source": "试", "source_en": "test",
         "requirements": list(rows)}
    )  # fmt: skip
