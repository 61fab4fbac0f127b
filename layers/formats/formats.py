"""Which formats there are, and writing a table as one of them: whole or not at all, what is lost is told."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import geopandas as gpd
import pandas as pd

from geo.errors import Fault, InputError
from layers.catalogue import Layer
from layers.formats.drawing_exchange import write_dxf
from layers.formats.shapefile import Encoding, write_shapefile
from layers.geopackage import write_geopackage
from layers.office import clean
from layers.words import Lang

Format = Literal["gpkg", "parquet", "fgb", "shp", "geojson", "dxf", "xlsx"]

FORMATS: dict[Format, tuple[str, str]] = {
    "gpkg": ("gpkg", "application/geopackage+sqlite3"),
    "parquet": ("parquet", "application/vnd.apache.parquet"),
    "fgb": ("fgb", "application/flatgeobuf"),
    "shp": ("shp.zip", "application/zip"),
    "geojson": ("geojson", "application/geo+json"),
    "dxf": ("dxf", "image/vnd.dxf"),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
"""Format → what its file's name ends with, its media type."""

assert set(FORMATS) == set(get_args(Format))  # noqa: S101 - our own table
MOST_ROWS_OF_A_SHEET = 1_048_575
MOST_SIGNS_OF_A_CELL = 32_767


@dataclass(frozen=True)
class Written:
    """A file that was written, and what the format could not hold, each in Chinese and English."""

    path: Path
    notes: tuple[tuple[str, str], ...] = ()


def write_table(
    frame: gpd.GeoDataFrame,
    name: str,
    path: Path,
    *,
    kind: Format,
    styles: tuple[Layer, ...] = (),
    encoding: Encoding = "utf-8",
    lang: Lang = "zh",
) -> Written:
    """Write one table as a file.

    Parameters
    ----------
    frame
        The table, its ids as index; in any CRS (GeoJSON wants degrees: it is brought into CRS84; a table of records
        has no geometry).
    name
        What the layer is called.
    path
        The file; one that is there is replaced.
    kind
    styles
        Entries of the catalogue that draw it: GeoPackages carry them as QGIS styles, DXF has a layer for each class.
    encoding
        Of a shapefile's texts.
    lang
        Of legends and of headings.

    Returns
    -------
    Written
        With what the format could not hold: names that were cut, geometries that a sheet has no place for.

    Raises
    ------
    InputError
        When the format cannot hold the table at all.
    """
    spatial = isinstance(frame, gpd.GeoDataFrame)
    if kind in ("fgb", "shp", "geojson", "dxf", "parquet") and not spatial:
        if kind != "parquet":
            raise InputError(Fault(f"{name} has no places, which {kind} needs", "take gpkg, parquet or xlsx"))
        frame.to_parquet(path)
        return Written(path)
    writers: dict[Format, Callable[[], tuple[tuple[str, str], ...]]] = {
        "gpkg": lambda: _geopackage(frame, name, path, styles, lang),
        "parquet": lambda: _parquet(frame, path),
        "fgb": lambda: _through_gdal(frame, name, path, "FlatGeobuf"),
        "shp": lambda: _zipped_shapefile(frame, name, path, encoding),
        "geojson": lambda: _through_gdal(frame.to_crs("OGC:CRS84"), name, path, "GeoJSON"),
        "dxf": lambda: write_dxf(frame, path, styles=styles, lang=lang),
        "xlsx": lambda: _sheet(frame, name, path),
    }
    return Written(path, writers[kind]())


def _geopackage(
    frame: gpd.GeoDataFrame, name: str, path: Path, styles: tuple[Layer, ...], lang: Lang
) -> tuple[tuple[str, str], ...]:
    if isinstance(frame, gpd.GeoDataFrame):
        write_geopackage(path, {name: frame}, [each for each in styles if each.table == name], {}, lang)
    else:
        write_geopackage(path, {}, [], {name: frame.reset_index()}, lang)
    return ()


def _parquet(frame: gpd.GeoDataFrame, path: Path) -> tuple[tuple[str, str], ...]:
    frame.to_parquet(path, schema_version="1.1.0", write_covering_bbox=True)
    return ()


def _through_gdal(frame: gpd.GeoDataFrame, name: str, path: Path, driver: str) -> tuple[tuple[str, str], ...]:
    import pyogrio  # noqa: PLC0415 - only who writes with GDAL loads it

    several = frame.geom_type.str.removeprefix("Multi").dropna().unique().size > 1
    pyogrio.write_dataframe(
        frame.reset_index(), path, layer=name, driver=driver, promote_to_multi=not several,
        geometry_type="Unknown" if several or frame.empty else None,
    )  # fmt: skip
    return ()


def _zipped_shapefile(
    frame: gpd.GeoDataFrame, name: str, path: Path, encoding: Encoding
) -> tuple[tuple[str, str], ...]:
    folder = path.parent / f"{path.name}.parts"
    folder.mkdir()
    notes = write_shapefile(frame, name, folder, encoding=encoding)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in sorted(folder.iterdir()):
            packed.write(part, part.name)
    return notes


def _sheet(frame: gpd.GeoDataFrame, name: str, path: Path) -> tuple[tuple[str, str], ...]:
    if len(frame) > MOST_ROWS_OF_A_SHEET:
        raise InputError(Fault(f"{name} has {len(frame):,} rows, more than a sheet holds ({MOST_ROWS_OF_A_SHEET:,})",
                               "ask for a part of it (filter, bbox), or take gpkg"))  # fmt: skip
    from openpyxl import Workbook  # noqa: PLC0415 - only who writes a sheet loads it

    rows = pd.DataFrame(frame.drop(columns=frame.geometry.name) if isinstance(frame, gpd.GeoDataFrame) else frame)
    notes: tuple[tuple[str, str], ...] = ()
    if isinstance(frame, gpd.GeoDataFrame):
        middle = frame.geometry.representative_point()
        rows = rows.assign(x=middle.x.round(3), y=middle.y.round(3))
        notes = (("表中以代表点坐标x、y代替图形。", "Shapes stand as the x and y of a point inside."),)
    rows = rows.reset_index()
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name.replace(":", " ")[:31].strip("'") or "1")
    sheet.append([_cell(sheet, str(column)) for column in rows.columns])
    for values in rows.astype("object").where(rows.notna(), None).itertuples(index=False):
        sheet.append([_cell(sheet, value) for value in values])
    book.save(path)
    return notes


def _cell(sheet: object, value: object) -> object:
    """Return a value as a cell; text that begins like a formula stays text."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - as above

    if not isinstance(value, str):
        return value.item() if hasattr(value, "item") else value
    plain = clean(value)[:MOST_SIGNS_OF_A_CELL]
    if not plain.startswith("="):
        return plain
    cell = WriteOnlyCell(sheet, plain)
    cell.data_type = "s"
    return cell
