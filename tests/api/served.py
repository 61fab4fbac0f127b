"""A small town as it is served: drawn by hand, written into a study file, behind a client. For all tests of the API.

The town is a square of 800 m in EPSG:4549, its south-west corner at (500000, 3340000). Roads every 200 m cut it into 16
blocks; each quarter of four blocks is a community, SQ01 in the south-west, then SQ02 (south-east), SQ03 (north-west),
SQ04 (north-east). 中山路 runs from south to north and 人民路 from west to east through the middle. In each block stand
three or so houses; the blocks of SQ01 along its southern edge are the estates XQ1 and XQ2.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from affine import Affine
from pyproj import CRS
from starlette.testclient import TestClient

from api.main import create_app, open_server
from api.server import Server
from api.settings import Settings
from geo.blocks import cut_blocks
from geo.households import place_households
from geo.raster import Raster
from geo.study import Repair, Study, write_study

EPSG = 4549
WEST, SOUTH = 500_000.0, 3_340_000.0
SIDE_M = 800.0
STUDY_ID = "town"


@cache
def small_study() -> Study:
    """Return the town with blocks, households, findings and rasters. The same object each time: do not change it."""
    tables = {"study_area": _area(), "roads": _roads(), "communities": _communities(), "estates": _estates(),
              "buildings": _buildings(), "facilities": _facilities()}  # fmt: skip
    town = Study("小镇", CRS.from_epsg(EPSG), {}, name_en="Small Town").having(
        tables, note={"drawn": "by hand"},
        repairs=[Repair("buildings", "JZ001", "assumed", "floors_unknown", "storeys were assumed", "层数为假定")],
    )  # fmt: skip
    cut = cut_blocks(town["study_area"], town["roads"], estates=town["estates"], communities=town["communities"])
    town = town.having({"blocks": cut.blocks, "seams": cut.seams}, step="blocks", note={"made_from": "roads"})
    placed = place_households(town["blocks"], town["buildings"], estates=town["estates"],
                              communities=town["communities"])  # fmt: skip
    town = town.having({"blocks": placed.blocks, "buildings": placed.buildings}, step="households")
    town = town.having({"findings": _findings(), "observations": _observations(), "finding_history": _history()},
                       step="survey")  # fmt: skip
    return replace(town, rasters=_rasters())


def serve(study: Study, folder: Path, **settings: Any) -> Server:
    """Return a server of the study, kept in a file in `folder`; close it at the end."""
    path = folder / f"{STUDY_ID}.gpkg"
    write_study(study, path)
    return open_server(Settings(studies={STUDY_ID: path}, **settings))


def client(server: Server) -> TestClient:
    """Return a client of the server, as if it called from this machine; errors that nobody foresaw are raised."""
    return TestClient(create_app(server.settings, server), base_url="http://127.0.0.1:8000")


def _frame(shapes: list[shapely.Geometry], index: list[str], **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, index=index, geometry=shapes, crs=EPSG)


def _square(column: float, row: float, size: float = 1.0) -> shapely.Polygon:
    """Return a square of the town, counted in blocks of 200 m from the south-west."""
    x, y = WEST + 200 * column, SOUTH + 200 * row
    return shapely.box(x, y, x + 200 * size, y + 200 * size)


def _area() -> gpd.GeoDataFrame:
    return _frame([_square(0, 0, 4)], ["TOWN"], name=["小镇"], name_en=["Small Town"])


def _roads() -> gpd.GeoDataFrame:
    north_south = [shapely.LineString([(WEST + 200 * i, SOUTH - 50), (WEST + 200 * i, SOUTH + 850)]) for i in (1, 2, 3)]
    west_east = [shapely.LineString([(WEST - 50, SOUTH + 200 * i), (WEST + 850, SOUTH + 200 * i)]) for i in (1, 2, 3)]
    return _frame(
        north_south + west_east, [f"R{i}" for i in range(1, 7)],
        name=["一路", "中山路", "三路", "东一街", "人民路", None],
        name_en=["First Road", "Zhongshan Road", "Third Road", "First Street", "Renmin Road", None],
        road_class=["residential", "primary", "tertiary", "residential", "secondary", "residential"],
        oneway=[False, False, None, False, False, True], bridge=False, tunnel=False, level=0, walkable=True,
    )  # fmt: skip


def _communities() -> gpd.GeoDataFrame:
    return _frame(
        [_square(0, 0, 2), _square(2, 0, 2), _square(0, 2, 2), _square(2, 2, 2)], ["SQ01", "SQ02", "SQ03", "SQ04"],
        name=["鼓楼社区", "东门社区", "西门社区", "学院社区"], name_en=["Gulou", "Dongmen", "Ximen", "Xueyuan"],
        kind="community", locked=[False, False, False, True], town="小镇",
    )  # fmt: skip


def _estates() -> gpd.GeoDataFrame:
    shapes = [_square(column, 0).buffer(-20, join_style="mitre") for column in (0, 1)]
    return _frame(shapes, ["XQ1", "XQ2"], name=["向阳新村", "光明小区"], name_en=["Xiangyang", "Guangming"],
                  closed=[True, False], year_built=[1985, 2012])  # fmt: skip


def _buildings() -> gpd.GeoDataFrame:
    """Return houses of 40 m × 12 m, three to a block; a few more stand where people work and learn."""
    shapes, rows = [], []
    for block in range(16):
        column, row = block % 4, block // 4
        for n in range(3):
            x, y = WEST + 200 * column + 60, SOUTH + 200 * row + 40 + 45 * n
            shapes.append(shapely.box(x, y, x + 40, y + 12))
            floors = float(3 + (block + n) % 5)
            rows.append({"name": f"{block + 1}-{n + 1}号楼", "use": "residential", "floors": floors,
                         "height_m": 3 * floors, "year_built": 1980 + 2 * block, "structure": "砖混",
                         "dwellings": int(6 * floors), "households": int(5 * floors) + n,
                         "estate_id": f"XQ{block + 1}" if block < 2 else None,
                         "community_id": f"SQ0{1 + column // 2 + 2 * (row // 2)}"})  # fmt: skip
    for use, (column, row) in {"education": (2, 1), "commercial": (1, 2), "public": (0, 3)}.items():
        x, y = WEST + 200 * column + 130, SOUTH + 200 * row + 130
        shapes.append(shapely.box(x, y, x + 30, y + 30))
        rows.append({"name": None, "use": use, "floors": 2.0, "height_m": None, "year_built": None, "structure": None,
                     "dwellings": 0, "households": 0, "estate_id": None, "community_id": None})  # fmt: skip
    frame = _frame(shapes, [f"JZ{i + 1:03}" for i in range(len(shapes))], **pd.DataFrame(rows).to_dict("list"))
    return frame.astype({"year_built": "Int64"}).assign(colour="白")


def _facilities() -> gpd.GeoDataFrame:
    shapes = [
        shapely.Point(WEST + 200 * x, SOUTH + 200 * y) for x, y in ((0.5, 1.9), (2.7, 1.7), (1.7, 2.7), (3.5, 3.5))
    ]
    return _frame(
        [*shapes, _square(0.6, 3.6, 0.2)], ["F1", "F2", "F3", "F4", "F5"],
        category=["kindergarten", "primary_school", "market", "community_service_station", "park"],
        name=["鼓楼幼儿园", "东门小学", "中心菜市场", "学院社区服务站", "西门公园"],
        name_en=["Gulou Kindergarten", "Dongmen School", "Market", None, "Ximen Park"],
        capacity=pd.array([180, 900, None, None, None], dtype="Int64"),
        floor_area_m2=[1200.0, 6400.0, 900.0, 400.0, None],
    )  # fmt: skip


def _findings() -> gpd.GeoDataFrame:
    spots = [
        shapely.Point(WEST + 80, SOUTH + 46),
        shapely.Point(WEST + 82, SOUTH + 91),
        shapely.Point(WEST + 280, SOUTH + 46),
    ]
    return _frame(
        spots, ["building:JZ001:3a:1", "building:JZ002:1b:1", "building:JZ004:3a:1"],
        subject="building", subject_id=["JZ001", "JZ002", "JZ004"], building_id=["JZ001", "JZ002", "JZ004"],
        estate_id=["XQ1", "XQ1", "XQ2"], code=["3a", "1b", "3a"], severity=["general", "very_serious", "general"],
        extent=[2.0, 3.5, None], extent_unit=["count", "m", None], location=["一单元楼梯", "北墙", None],
        place_given=[True, False, False], surveyed_on=["2026-03-01", "2026-03-02", "2026-04-01"],
        surveyor=["李四", "王五", "李四"], note=["扶手松动", None, None], status=["open", "open", "done"],
        done_on=[None, None, "2026-06-01"], source="survey.xlsx",
    )  # fmt: skip


def _observations() -> pd.DataFrame:
    return pd.DataFrame(
        {"subject": "building", "subject_id": ["JZ001", "JZ002", "JZ003"], "item": ["3a", "1b", "3a"],
         "state": ["found", "found", "clear"], "surveyed_on": "2026-03-01", "surveyor": "李四",
         "source": "survey.xlsx"}, index=["JZ001:3a", "JZ002:1b", "JZ003:3a"],
    )  # fmt: skip


def _history() -> pd.DataFrame:
    ids = ["building:JZ001:3a:1", "building:JZ002:1b:1", "building:JZ004:3a:1"]
    return pd.DataFrame(
        {"finding_id": ids, "number": 1, "changed_on": "2026-03-01", "after": "open", "by": "李四",
         "source": "survey.xlsx"}, index=[f"{finding}#1" for finding in ids],
    )  # fmt: skip


def _rasters() -> dict[str, Raster]:
    """Return people in cells of 100 m (nobody known in the north-east), and a slope that rises to the north-east."""
    corner = Affine(100, 0, WEST, 0, -100, SOUTH + SIDE_M)
    people = np.full((8, 8), 30, dtype="float32")
    people[0, 7] = np.nan
    rows, columns = np.mgrid[0:40, 0:40]
    height = (10 + (39 - rows) * 0.5 + columns * 0.25).astype("float32")
    fine = Affine(25, 0, WEST - 100, 0, -25, SOUTH + SIDE_M + 100)
    crs = CRS.from_epsg(EPSG)
    return {"population": Raster(people, corner, crs), "dem": Raster(height, fine, crs)}
