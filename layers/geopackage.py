"""Layers and tables as a GeoPackage that QGIS opens already drawn: its styles lie inside."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from layers.catalogue import Layer
from layers.qgis_style import qml
from layers.words import WORDS, Lang, word

LAST_CHANGE = "2000-01-01T00:00:00.000Z"
"""Stands where GeoPackage wants a time of writing: the same plan gives the same file."""

_LAYER_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)"""


@dataclass(frozen=True)
class Drawn:
    """What a GeoPackage of results holds, and a server serves as layers.

    Attributes
    ----------
    frames
        Layers by name, in one metric CRS, with the columns that styles classify by.
    styles
        Entries of the catalogue whose `table` is one of the layers.
    plain
        Tables without geometry, by name.
    """

    frames: Mapping[str, gpd.GeoDataFrame]
    styles: Sequence[Layer]
    plain: Mapping[str, pd.DataFrame]


def write_geopackage(
    path: Path,
    frames: Mapping[str, gpd.GeoDataFrame],
    styles: Sequence[Layer],
    plain: Mapping[str, pd.DataFrame],
    lang: Lang,
) -> None:
    """Write layers, tables without geometry and styles, whole or not at all; the same content gives the same bytes.

    Parameters
    ----------
    path
        The file; one that is there is replaced.
    frames
        Layers by name, in one metric CRS; their ids become columns.
    styles
        Entries of the catalogue whose `table` is one of the layers; the first of each is its default in QGIS.
    plain
        Tables without geometry, by name.
    lang
        Language of legends, labels and column aliases.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".shequ-") as folder:
        draft = Path(folder) / "plan.gpkg"
        with _dated(LAST_CHANGE):
            for name, frame in frames.items():
                _write_layer(frame, name, draft)
            for name, rows in plain.items():
                _write_plain(rows, name, draft)
        with closing(sqlite3.connect(draft)) as db:
            _write_styles(db, styles, frames, lang)
            db.commit()
            db.execute("VACUUM")
        os.replace(draft, path)


@contextmanager
def _dated(when: str) -> Iterator[None]:
    """Give GDAL this date instead of the clock, which decides how often it writes and so what the bytes are."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": when})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _write_layer(frame: gpd.GeoDataFrame, name: str, path: Path) -> None:
    rows = frame.sort_index().reset_index()
    kinds = {str(kind).removeprefix("Multi") for kind in frame.geom_type.dropna()}
    kind, *more = sorted(kinds) or ["Polygon"]
    geometry = "Unknown" if more else kind if kind == "Point" else f"Multi{kind}"
    pyogrio.write_dataframe(
        rows, path, layer=name, driver="GPKG", append=path.exists(), geometry_type=geometry,
        promote_to_multi=geometry.startswith("Multi"),
        SPATIAL_INDEX="YES", VERSION="1.2",
    )  # fmt: skip


def _write_plain(rows: pd.DataFrame, name: str, path: Path) -> None:
    ordered = rows.sort_values(list(rows.columns[:2]), ignore_index=True)
    pyogrio.write_dataframe(ordered, path, layer=name, driver="GPKG", append=True)


def _write_styles(
    db: sqlite3.Connection, styles: Sequence[Layer], frames: Mapping[str, gpd.GeoDataFrame], lang: Lang
) -> None:
    """Add QGIS's table of styles: the first style of a table is its default."""
    db.execute(_LAYER_STYLES)
    seen: set[str] = set()
    for layer in styles:
        frame = frames[layer.table]
        columns = [str(frame.index.name), *(column for column in frame.columns if column != frame.geometry.name)]
        db.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
            " styleQML, styleSLD, useAsDefault, description, owner, update_time)"
            " VALUES ('', '', ?, 'geom', ?, ?, '', ?, ?, '', ?)",
            (layer.table, layer.id, qml(layer, columns, lang), int(layer.table not in seen), layer.title_in(lang),
             LAST_CHANGE),
        )  # fmt: skip
        seen.add(layer.table)
        db.execute(
            "UPDATE gpkg_contents SET description = ? WHERE table_name = ? AND description = ''",
            (word(titled, lang) if (titled := f"layer.{layer.table}") in WORDS else layer.title_in(lang), layer.table),
        )
    db.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)"
        " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)",
        (LAST_CHANGE,),
    )
