"""The town along one street (tests/geo/gaps/street_town.py) with its gaps before and after a plan, as fixtures."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, box

from geo.gaps import find_gaps
from geo.gaps.result import Gaps
from geo.gaps.surfaces import Surfaces, surfaces
from geo.network import Network
from geo.study import Study
from tests.geo.gaps.street_town import METRIC, PEOPLE, PLACES, communities, facilities, homes, standard, street

SHOP = {"key": "shop", "scope": "residents", "radius_m": 200, "places_per_1000": 50, "title_en": "shop <b>"}
OFFICE = {"key": "office", "scope": "community", "title_zh": "居委会", "title_en": "office", "categories": ["office"]}
SCHOOL = {"key": "school", "scope": "residents", "radius_m": 500, "title_zh": "小学", "title_en": "primary school",
          "categories": ["school"]}  # fmt: skip


@dataclass(frozen=True)
class Town:
    """What the outputs are called with."""

    study: Study
    gaps: dict[str, Gaps]
    surfaces: Surfaces
    network: Network


@pytest.fixture(scope="session")
def town() -> Town:
    """Shops at 150 (60 places) and 700 (size unknown), an office in A; nobody looked for schools."""
    found = facilities((150, "shop"), (700, "shop"), (100, "office"), capacity=[60, np.nan, np.nan],
                       name=["一店", "=2+2", None], name_en=["First shop", None, None])  # fmt: skip
    index = pd.Index([f"b{n + 1}" for n in range(len(PLACES))], name="building_id")
    outlines = [box(x - 8, -6, x + 8, 6) for x in PLACES]
    buildings = gpd.GeoDataFrame({"people": PEOPLE}, index=index, geometry=outlines, crs=METRIC)
    demand = homes(building_id=list(index), people=[9, *PEOPLE[1:]])
    areas, network = communities(), street()
    roads = gpd.GeoDataFrame(
        {"road_class": ["residential"], "name": ["长街"], "name_en": ["Long Street"]},
        index=pd.Index(["R0"], name="road_id"), geometry=[LineString([(0, 0), (1200, 0)])], crs=METRIC,
    )  # fmt: skip
    land = gpd.GeoDataFrame(geometry=[box(0, -100, 1200, 100)], crs=METRIC)
    study = Study("一街镇", METRIC, {"facilities": found, "study_area": land, "communities": areas, "roads": roads,
                                     "buildings": buildings}, name_en="One Street")  # fmt: skip
    gaps = {"test": find_gaps(demand, found, network, standard=standard(SHOP, OFFICE, SCHOOL), communities=areas,
                              buildings=buildings)}  # fmt: skip
    return Town(study, gaps, surfaces(gaps, study, network=network, demand=demand), network)
