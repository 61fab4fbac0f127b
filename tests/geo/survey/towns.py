"""A town of twelve dwellings in two estates, a small catalogue of the same models, and workbooks with planted cells."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
from openpyxl.worksheet.worksheet import Worksheet
from pyproj import CRS
from shapely import box

from geo.schema import conform
from geo.standards.indicators import Catalogue
from geo.study import Study
from geo.survey.forms import FIRST_ROW, HEAD_ROW, KEY_ROW

TODAY = "2026-06-30"


def small_study() -> Study:
    """Twelve buildings of 30 x 12 m in two rows, B1-B8 in estate E1 and B9-B12 in E2, and a shop S1.

    B1-B3 have 3 storeys (1985), B4-B6 have 6 (1995), the others 18 (2008); 24 flats each. West edge x 500000, south
    edge y 3500000, EPSG:32650. E1 has 192 households, E2 has 96.
    """
    number = np.arange(12)
    x, y = 500000 + (number % 6) * 40.0, 3500000 + (number // 6) * 40.0
    dwellings = gpd.GeoDataFrame(
        {
            "name": [f"{k + 1}号楼" for k in number],
            "use": "residential",
            "floors": [3.0] * 3 + [6.0] * 3 + [18.0] * 6,
            "year_built": [1985] * 3 + [1995] * 3 + [2008] * 6,
            "dwellings": 24,
            "estate_id": ["E1"] * 8 + ["E2"] * 4,
        },
        index=pd.Index([f"B{k + 1}" for k in number]),
        geometry=[box(a, b, a + 30, b + 12) for a, b in zip(x, y, strict=True)],
        crs=32650,
    )
    shop = gpd.GeoDataFrame(
        {"name": ["商店"], "use": ["commercial"], "floors": [1.0]}, index=["S1"],
        geometry=[box(500000, 3500100, 500020, 3500110)], crs=32650,
    )  # fmt: skip
    estates = gpd.GeoDataFrame(
        {"name": ["清河一村", "清河二村"], "households": [192, 96]}, index=["E1", "E2"],
        geometry=[box(499990, 3499990, 500245, 3500055), box(500075, 3500056, 500245, 3500095)], crs=32650,
    )  # fmt: skip
    area = gpd.GeoDataFrame(
        {"name": ["清河镇"]}, index=["town"], geometry=[box(499900, 3499900, 500400, 3500300)], crs=32650
    )
    buildings = pd.concat([dwellings, shop])
    return Study(
        "清河镇", CRS(32650),
        {"study_area": conform(area, "study_area"), "buildings": conform(buildings, "buildings"),
         "estates": conform(estates, "estates")},
        name_en="Qinghe",
    )  # fmt: skip


def small_catalogue(edition: str = "test 1") -> Catalogue:
    """A catalogue of five indicators: stairs (3a, 3d), envelope (4a), flats (5), parking (14) and two of the city."""
    housing = {"dimension": "housing", "subject": "building", "source": "test", "method": "codes", "unit_zh": "栋",
               "unit_en": "buildings", "counts": "subjects"}  # fmt: skip
    city = {"dimension": "city", "subject": "town", "source": "test", "unit_zh": "%", "unit_en": "%", "counts": "share"}
    return Catalogue.model_validate({
        "name": "small", "edition": edition, "title_zh": "小体系", "title_en": "Small", "source": "试",
        "source_en": "test",
        "indicators": [
            {**housing, "number": 3, "key": "stairs", "title_zh": "楼道", "title_en": "Stairs", "codes": [
                {"code": "3a", "title_zh": "踏步扶手", "title_en": "Steps", "problem": "timed", "extent": "count"},
                {"code": "3d", "title_zh": "消火栓", "title_en": "Hydrant", "problem": "timed", "min_floors": 8,
                 "severity": "serious"},
            ]},
            {**housing, "number": 4, "key": "envelope", "title_zh": "围护", "title_en": "Envelope", "codes": [
                {"code": "4a", "title_zh": "外墙脱落", "title_en": "Facade", "problem": "timed", "extent": "m2",
                 "severity_from": [10, 30]},
            ]},
            {**housing, "number": 5, "key": "incomplete_flats", "title_zh": "非成套", "title_en": "Flats",
             "counts": "flats", "unit_zh": "套", "unit_en": "flats", "method": "flats", "codes": [
                {"code": "5", "title_zh": "没有厨卫", "title_en": "No kitchen", "problem": "timed", "extent": "flats"},
            ]},
            {**housing, "number": 14, "key": "parking", "title_zh": "停车", "title_en": "Parking",
             "dimension": "residential", "subject": "estate", "counts": "gap", "unit_zh": "个", "unit_en": "bays",
             "method": "parking",
             "codes": [{"code": "14", "title_zh": "泊位不足", "title_en": "Bays", "problem": "timed",
                        "extent": "count"}],
             "items": [
                {"key": "parking_spaces", "title_zh": "泊位", "title_en": "Bays", "subject": "estate", "unit": "count"},
                {"key": "fire_lane_occupied", "title_zh": "占消防道", "title_en": "Fire lane", "subject": "estate",
                 "unit": "flag"},
                {"key": "ground_m2", "title_zh": "场地", "title_en": "Ground", "subject": "estate", "unit": "m2"},
                {"key": "support_ageing", "title_zh": "愿意", "title_en": "Support", "subject": "estate",
                 "unit": "share"},
             ]},
            {**city, "number": 26, "key": "parking_disorder", "title_zh": "乱停", "title_en": "Parked",
             "dimension": "block",
             "unit_zh": "条", "unit_en": "roads", "counts": "subjects", "subject": "block", "method": "entered",
             "codes": [{"code": "26", "title_zh": "乱停", "title_en": "Parked", "problem": "timed",
                        "extent": "count"}]},
            {**city, "number": 30, "key": "sewage", "title_zh": "污水", "title_en": "Sewage", "method": "entered"},
            {**city, "number": 35, "key": "road_density", "title_zh": "路网", "title_en": "Roads", "unit_zh": "km/km2",
             "unit_en": "km/km2", "counts": "amount", "method": "road_density"},
            {**city, "number": 47, "key": "flood_points", "title_zh": "易涝点", "title_en": "Flood", "unit_zh": "个",
             "unit_en": "points", "counts": "amount", "method": "entered"},
        ],
    })  # fmt: skip


class Book:
    """A workbook opened to be filled in by column keys, as a surveyor would by headings."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = openpyxl.load_workbook(path)

    def page(self, title: str) -> Worksheet:
        return self.book[title]

    def column(self, title: str, key: str) -> str:
        page = self.page(title)
        return next(cell.column_letter for cell in page[KEY_ROW] if cell.value == key)

    def heading(self, title: str, key: str) -> str:
        return str(self.page(title)[f"{self.column(title, key)}{HEAD_ROW}"].value)

    def row_of(self, title: str, key: str) -> int:
        page = self.page(title)
        return next(row for row in range(FIRST_ROW, page.max_row + 1) if page.cell(row, 1).value == key)

    def put(self, title: str, row: int, values: Mapping[str, Any]) -> None:
        """Write values by column key; a number counts data rows from 0."""
        for key, value in values.items():
            self.page(title)[f"{self.column(title, key)}{FIRST_ROW + row}"].value = value

    def save(self, path: Path) -> Path:
        self.book.save(path)
        return path
