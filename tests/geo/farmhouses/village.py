"""A village of five houses, as map and as register.

Two villages side by side, 200 m each. In V1 three buildings of 100 m² in a row (B1, B2, B3), in V2 two (B4, B5).
Parcels lie around B1 to B4.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from geo.farmhouses import FarmHouses, Ground, read_register, sort_houses
from geo.standards.farmhouse_rules import FarmHouseRules, load_farm_house_rules

ON = "2026-03-01"
X, Y = 500_000.0, 3_340_000.0
PLACES = {"B1": 20, "B2": 60, "B3": 100, "B4": 220, "B5": 260}
HEADINGS = ("房屋编号", "宗地编号", "户编号", "建筑编号", "所在村", "家庭人口", "宅基地面积", "鉴定等级", "经批准",
            "有人居住", "受保护", "规划保留")  # fmt: skip
SOUND = (3, 150, "A", "是", "是", "否", "是")
"""People, parcel, grade, permitted, lived in, protected, in the plan: a house that is kept."""


def ground(*, parcels: bool = False) -> Ground:
    """The map of the two villages."""
    buildings = gpd.GeoDataFrame(
        {"use": "residential", "floors": 2.0, "year_built": [1990, 1991, 1992, 1993, 1994], "structure": "砖混"},
        index=pd.Index(list(PLACES), name="building_id"),
        geometry=[shapely.box(X + x, Y + 20, X + x + 10, Y + 30) for x in PLACES.values()], crs=4549,
    )  # fmt: skip
    communities = gpd.GeoDataFrame(
        {"name": ["东村", "西村"], "name_en": ["East", "West"], "kind": "village"}, index=["V1", "V2"],
        geometry=[shapely.box(X, Y, X + 200, Y + 200), shapely.box(X + 200, Y, X + 400, Y + 200)], crs=4549,
    )  # fmt: skip
    outlines = gpd.GeoDataFrame(
        index=pd.Index(["Z1", "Z2", "Z3", "Z4"], name="parcel_id"),
        geometry=[shapely.box(X + x - 5, Y + 18, X + x + 15, Y + 32) for x in (20, 60, 100, 220)], crs=4549,
    )  # fmt: skip
    area = shapely.box(X, Y, X + 400, Y + 200)
    return Ground(buildings, communities, area, CRS.from_epsg(4549), outlines if parcels else None)


def write(folder: Path, rows: Sequence[Sequence[Any]], headings: Sequence[str] = HEADINGS) -> Path:
    """Write a register as CSV."""
    path = folder / "register.csv"
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in (headings, *rows)]
    path.write_text("\n".join(lines), "utf-8")
    return path


def rules(cap: float | None = 200.0) -> FarmHouseRules:
    """The rules that come with shequ, with a cap on homesteads."""
    return load_farm_house_rules("farm-houses").model_copy(update={"parcel_cap_m2": cap})


def sort(folder: Path, rows: Sequence[Sequence[Any]], headings: Sequence[str] = HEADINGS, **options: Any) -> FarmHouses:
    """Decide on the houses of a register."""
    town = options.pop("town", None) or ground()
    cap = options.pop("cap", 200.0)
    return sort_houses(read_register(write(folder, rows, headings), on=ON), town, rules=rules(cap), on=ON, **options)
