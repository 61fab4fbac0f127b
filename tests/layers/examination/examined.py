"""The town of tests/layers/town.py, examined: what was seen is written down here, and counted by `geo.examination`.

Estates: 河口花园 (e0, block b03, 12 buildings of 1985, all surveyed), 纺织厂宿舍 (e1, block b12, 12 buildings of 1992,
every other one surveyed), 文昌苑 (e2, block b21, 12 buildings of 2012, none surveyed). Four buildings without an estate
stand in b00, which has 6 households.
"""

from typing import Any

import geopandas as gpd
import pandas as pd
from shapely.geometry import Point, box

from geo.examination.examine import examine
from geo.examination.result import Examination
from geo.standards.indicators import load_catalogue
from geo.study import Study
from tests.layers import town

TODAY = "2026-03-01"
ESTATES = {
    "e0": ("b03", "河口花园", "Hekou Garden", 1985, 6, 432),
    "e1": ("b12", "纺织厂宿舍", "Textile Mill Housing", 1992, 6, 420),
    "e2": ("b21", "文昌苑", "Wenchang Court", 2012, 18, 864),
}
CLEAR = ("1a", "1b", "1c", "1d", "1e", "2", "3a", "3b", "3c", "3d", "3e", "3f", "3g", "3h", "4a", "4b", "4c", "4d",
         "4e", "6a", "6b", "6c", "7a", "7b", "7c", "7d", "8", "9a", "9b", "9c", "9d")  # fmt: skip
SEEN = (
    # subject, code, severity, extent, unit, location, status, photo
    ("e0-1", "1b", "very_serious", None, None, "2单元承重墙", "open", "e0-1_1b.jpg"),
    ("e0-1", "3a", "general", 3.0, "count", "1单元楼梯扶手", "open", None),
    ("e0-2", "3g", "general", None, None, "楼道堆物", "done", None),
    ("e0-3", "4a", "serious", 24.0, "m2", "北立面", "scheduled", "e0-3_4a.jpg"),
    ("e0-4", "6a", "serious", 40.0, "m", "地下排水管", "open", None),
    ("e0-4", "4d", "general", 12.0, "m2", "屋面", "checked", None),
    ("e0-5", "7a", "general", None, None, "", "open", None),
    ("e0-6", "7a", "general", None, None, "", "open", None),
    ("e0-7", "5", "serious", 4.0, "flats", "3单元302室等", "open", None),
    ("e1-1", "2", "very_serious", 18.0, "m", "立管", "open", "=cmd()"),
    ("e1-3", "2", "very_serious", 18.0, "m", "立管", "open", None),
    ("e1-5", "3c", "serious", 2.0, "count", "=HYPERLINK(\"x\")", "open", None),
    ("e1-7", "8", "general", None, None, "", "open", None),
    ("s-1", "4a", "very_serious", 55.0, "m2", "沿街立面", "open", None),
)  # fmt: skip


def study() -> Study:
    """The town with estates, buildings, survey and register, in its tables."""
    base = town.study()
    blocks = town.blocks_table()
    houses, estates = [], []
    for key, (block, name, name_en, year, floors, households) in ESTATES.items():
        column, row = int(block[1]), int(block[2])
        x, y = town.corner(column, row)
        estates.append({"estate_id": key, "name": name, "name_en": name_en, "closed": True, "year_built": year,
                        "households": households, "people": households * 3,
                        "geometry": box(x + 15, y + 15, x + 285, y + 285)})  # fmt: skip
        for number in range(12):
            i, j = number % 4, number // 4
            houses.append(_house(f"{key}-{number + 1}", f"{number + 1}号楼", x + 30 + 62 * i, y + 40 + 80 * j, year,
                                 floors, households // 12, key))  # fmt: skip
    x, y = town.corner(0, 0)
    houses += [
        _house(f"s-{n}", f"南街{n}号", x + 40 + 55 * n, y + 60, 1978, 2, 1 if n < 3 else 2, None) for n in (1, 2, 3, 4)
    ]
    tables = {
        "blocks": blocks.drop(columns=["moved", "community_id_before"]),
        "seams": town.seams_table(blocks).drop(columns=["community_a", "community_b", "cut", "cut_before"]),
        "communities": town.communities_before_table(blocks)[["name", "name_en", "kind", "locked", "geometry"]],
        "estates": gpd.GeoDataFrame(estates, crs=town.METRES).set_index("estate_id"),
        "buildings": gpd.GeoDataFrame(houses, crs=town.METRES).set_index("building_id"),
    }
    surveyed = base.having(tables, step="import", repairs=base.repairs)
    return surveyed.having({"findings": _findings(surveyed), "observations": _observations()}, step="survey")


def _house(
    key: str, name: str, x: float, y: float, year: int, floors: int, households: int, estate: str | None
) -> dict[str, Any]:
    return {"building_id": key, "name": name, "use": "residential", "floors": floors, "year_built": year,
            "households": households, "people": households * 3, "dwellings": households, "estate_id": estate,
            "geometry": box(x, y, x + 44, y + 13)}  # fmt: skip


def _findings(of: Study) -> gpd.GeoDataFrame:
    places = of["buildings"].geometry.representative_point()
    estate = of["buildings"]["estate_id"]
    rows: list[dict[str, Any]] = []
    for number, (subject, code, severity, extent, unit, location, status, photo) in enumerate(SEEN, start=1):
        rows.append({
            "finding_id": f"f{number:03d}", "subject": "building", "subject_id": subject, "building_id": subject,
            "estate_id": estate[subject], "code": code, "severity": severity, "extent": extent, "extent_unit": unit,
            "location": location, "surveyed_on": "2024-05-10", "surveyor": "李调查", "photo": photo, "status": status,
            "due_on": "2025-12-31", "done_on": "2025-06-30" if status in ("done", "checked") else None,
            "geometry": places[subject],
        })  # fmt: skip
    rows.append({"finding_id": "f900", "subject": "estate", "subject_id": "e0", "estate_id": "e0", "code": "18",
                 "severity": "general", "extent": 130.0, "extent_unit": "m", "location": "中心路", "status": "open",
                 "surveyed_on": "2024-05-10", "geometry": Point(*town.corner(0.5, 3.5))})  # fmt: skip
    return gpd.GeoDataFrame(rows, crs=town.METRES).set_index("finding_id")


def _observations() -> pd.DataFrame:
    rows: list[dict[str, Any]] = []

    def saw(
        subject: str, key: str, item: str, state: str, value: float | None = None, source: str | None = None
    ) -> None:
        rows.append({"observation_id": f"{subject}:{key}:{item}", "subject": subject, "subject_id": key, "item": item,
                     "state": state, "value": value, "surveyed_on": "2024-05-10", "source": source})  # fmt: skip

    found = {(subject, code) for subject, code, *_ in SEEN}
    for key in [f"e0-{n}" for n in range(1, 13)] + [f"e1-{n}" for n in range(1, 13, 2)] + ["s-1"]:
        for code in CLEAR:
            if (key, code) not in found:
                saw("building", key, code, "clear")
        if (key, "5") not in found:
            saw("building", key, "5", "clear")
    measured = {"parking_demand": 432, "parking_spaces": 210, "ev_demand": 60, "ev_private": 8, "ev_public": 4,
                "ebike_demand": 200, "ebike_spaces": 80, "ground_m2": 90, "green_count": 1, "parcel_box": 1,
                "parcel_locker": 1, "security_system": 0, "support_ageing": 0.81, "respondents": 96}  # fmt: skip
    for item, value in measured.items():
        saw("estate", "e0", item, "measured", value)
    for code in ("19", "20"):
        saw("estate", "e0", code, "found" if code == "20" else "clear")
    saw("town", "town", "value_sewage", "measured", 88.5, "清河区水务局 2025年度统计")
    return pd.DataFrame(rows).set_index("observation_id")


def examination(of: Study) -> Examination:
    """What the examination of that study gives."""
    return examine(of, catalogue=load_catalogue("examination-2025"), today=TODAY)


def with_farmhouses(of: Study) -> Study:
    """The town with four farm houses: one of each decision, the one to use known by a point, one nobody can place."""
    x, y = town.corner(0, 0)
    rows = [
        {"house_id": "NF1", "decision": "demolish", "reason_zh": "鉴定为D级危房:拆除", "reason_en": "graded D",
         "household_id": "H77", "people": 7, "parcel_id": "ZD1", "parcel_m2": 150.5, "footprint_m2": 100.0,
         "danger_grade": "D", "place": "parcel", "geometry": box(x + 5, y + 5, x + 15, y + 15)},
        {"house_id": "NF2", "decision": "alter", "place": "building", "geometry": box(x + 25, y + 5, x + 35, y + 15)},
        {"house_id": "NF3", "decision": "use", "place": "register", "geometry": Point(x + 50, y + 10)},
        {"house_id": "NF4", "decision": None, "place": "village", "geometry": Point(x + 150, y + 150)},
    ]  # fmt: skip
    houses = gpd.GeoDataFrame(rows, crs=town.METRES).set_index("house_id")
    return of.having({"farmhouses": houses}, step="farmhouses")
