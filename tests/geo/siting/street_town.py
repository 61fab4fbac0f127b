"""A street that can be checked by hand.

    homes    h00  h01  h02  h03  h04  h05  h06  h07  h08  h09  h10     10 m north of the street, 100 m apart
             ──┴────┴────┴────┴────┴────┴────┴────┴────┴────┴────┴──   x = 0 … 1000, y = 0
    places             10 m south of it, anywhere

The walk from the home at x to a place at u is |x − u| + 20 m. Home k has 10 + k people: 2 elders, k children.
Homes h00 to h04 lie in community A, the others in B; h00 to h02 in estate E.
"""

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Point

from geo.network import Network
from geo.network.build import walking_network
from geo.standards.facilities import Requirement

CRS = "EPSG:4549"
PEOPLE = 10.0 + np.arange(11)


def requirement(**changes: object) -> Requirement:
    """Return a canteen for everybody within 220 m (two homes away), unless changed."""
    given = {"key": "meals", "title_zh": "助餐点", "title_en": "canteen", "group": "elder", "categories": ("canteen",),
             "scope": "residents", "radius_m": 220.0, "need_m2": 100.0, "shared": True, **changes}  # fmt: skip
    return Requirement(**given)


def network(*, gap: tuple[float, float] | None = None) -> Network:
    """Return the street; with `gap` nobody can walk between these two x, as if the street ended there."""
    ends = [(-50.0, 1050.0)] if gap is None else [(-50.0, gap[0]), (gap[1], 1050.0)]
    roads = gpd.GeoDataFrame(
        {"road_class": "residential"}, index=[f"r{k}" for k in range(len(ends))],
        geometry=[shapely.LineString([(a, 0.0), (b, 0.0)]) for a, b in ends], crs=CRS,
    )  # fmt: skip
    return walking_network(roads.rename_axis("road_id"))


def homes(people: Sequence[float] = PEOPLE.tolist()) -> gpd.GeoDataFrame:
    """Return homes 100 m apart."""
    count = len(people)
    return gpd.GeoDataFrame(
        {
            "people": people, "households": np.nan, "children": np.arange(count, dtype=float), "elders": 2.0,
            "building_id": None, "block_id": None, "estate_id": ["E" if k < 3 else None for k in range(count)],
            "community_id": ["A" if k < 5 else "B" for k in range(count)], "source": "counted",
        },
        index=pd.Index([f"h{k:02d}" for k in range(count)], name="demand_id"),
        geometry=[Point(100.0 * k, 10.0) for k in range(count)], crs=CRS,
    )  # fmt: skip


def facilities(at: Mapping[str, float], category: str = "canteen", **columns: object) -> gpd.GeoDataFrame:
    """Return facilities by id at these x."""
    return gpd.GeoDataFrame(
        {"category": category, "capacity": pd.array([None] * len(at), "Int64"), "floor_area_m2": np.nan, **columns},
        index=pd.Index(list(at), name="facility_id"), geometry=[Point(x, -10.0) for x in at.values()], crs=CRS,
    )  # fmt: skip


def candidates(at: Mapping[str, float], **columns: object) -> gpd.GeoDataFrame:
    """Return idle rooms of 500 m² for 1,000 yuan, by id at these x, unless told otherwise."""
    plain = {
        "kind": "idle_building", "name": [f"房{each}" for each in at], "name_en": [f"room {each}" for each in at],
        "floor_area_m2": 500.0, "site_area_m2": np.nan, "area_source": "given", "cost": 1000.0, "categories": None,
        "facility_id": None, "capacity": np.nan, "block_id": None,
        "community_id": ["A" if x < 450 else "B" for x in at.values()],
    }  # fmt: skip
    return gpd.GeoDataFrame(
        {**plain, **columns}, index=pd.Index(list(at), name="site_id"),
        geometry=[Point(x, -10.0) for x in at.values()], crs=CRS,
    )  # fmt: skip


def communities() -> gpd.GeoDataFrame:
    """Return A west of x = 450 and B east of it."""
    return gpd.GeoDataFrame(
        {"name": ["甲社区", "乙社区"], "name_en": ["Jia", "Yi"], "kind": "community"},
        index=pd.Index(["A", "B"], name="community_id"),
        geometry=[shapely.box(-100, -100, 450, 100), shapely.box(450, -100, 1100, 100)], crs=CRS,
    )  # fmt: skip
