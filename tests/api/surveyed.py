"""A small town with four houses in an estate, surveyed as a surveyor would: in the workbook, through the command."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import shapely

from tests.api.test_cli import town
from tests.command import done

TODAY = "2026-09-30"
HOUSES = ("b1", "b2", "b3", "b4")


def make_study(folder: Path) -> Path:
    """Four houses of six storeys from 1985 in the estate e1, on one side of a street; blocks and households placed."""
    at = {"crs": "EPSG:4549"}
    shapes = [shapely.box(x, 100, x + 40, 112) for x in (100, 200, 300, 400)]
    houses = gpd.GeoDataFrame(
        {"building_id": HOUSES, "name": [f"{n}号楼" for n in (1, 2, 3, 4)], "use": "residential", "floors": 6.0,
         "year_built": [1985, 1985, 1985, 2012], "structure": "砖混", "dwellings": 36, "households": [30, 32, 34, 36],
         "people": [80, 84, 88, 92], "estate_id": "e1"},
        geometry=shapes, **at,
    )  # fmt: skip
    estate = gpd.GeoDataFrame(
        {"estate_id": ["e1"], "name": ["向阳新村"], "closed": [True], "year_built": [1985]},
        geometry=[shapely.box(80, 80, 460, 140)], **at,
    )  # fmt: skip
    study = folder / "town-study.gpkg"
    done("import", town(folder, buildings=houses, estates=estate), "--out", study)
    done("blocks", study)
    done("households", study)
    return study


def fill(book: Path, sheet: str, row: int, **cells: Any) -> None:
    """Write values into a row of a sheet, by the keys of its columns (row 2 of the sheet); save it in place."""
    opened = openpyxl.load_workbook(book)
    page = opened[sheet]
    keys = {page.cell(2, column).value: column for column in range(1, page.max_column + 1)}
    for key, value in cells.items():
        page.cell(row, keys[key.removeprefix("c")] if key not in keys else keys[key], value)
    opened.save(book)


def fill_survey(book: Path) -> None:
    """Stairs and envelope of b1 and b2 looked at: b1 has bad rails and clutter, b2 a leaking roof of 40 m²."""
    who = {"surveyed_on": "2026-05-06", "surveyor": "王工"}
    stairs = dict.fromkeys(("3b", "3e", "3f", "3h"), "无")
    fill(book, "楼道", 6, **who, **stairs, **{"3a": "有", "3g": "有"})
    fill(book, "楼道", 7, **who, **stairs, **{"3a": "无", "3g": "无"})
    envelope = dict.fromkeys(("4b", "4c", "4e"), "无")
    fill(book, "围护", 6, **who, **envelope, **{"4a": "无", "4d": "无"})
    fill(book, "围护", 7, **who, **envelope, **{"4a": "有", "4d": "无"})
    fill(book, "问题明细", 6, subject="楼栋", subject_id="b2", code="4a", severity="很严重", extent=40,
         location="北立面", status="待整治", **who)  # fmt: skip
