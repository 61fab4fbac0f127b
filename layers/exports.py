"""A plan as a GeoPackage that QGIS opens already drawn: layers in metres with their ids, and their styles inside."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from geo.partition.actions import PlanTables
from layers.catalogue import Layer, catalogue, conversions_layer
from layers.features import layer_frames, typeset
from layers.provenance import plan_limits
from layers.qgis_style import qml
from layers.requirements import requirements
from layers.review import Review, typeset_review
from layers.words import Lang, word

LAST_CHANGE = "2000-01-01T00:00:00.000Z"
"""Stands where GeoPackage wants a time of writing: the same plan gives the same file."""

SPATIAL = ("communities_before", "communities", "blocks", "seams", "moves")
PLAIN = ("matrix", "violations", "terms")

_LAYER_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)"""


def write_plan_gpkg(tables: PlanTables, path: Path, *, lang: Lang = "zh", review: Review | None = None) -> None:
    """Write a plan's layers and tables to a GeoPackage, whole or not at all; the same plan gives the same bytes.

    Layers `blocks`, `seams`, `communities`, `communities_before` and `moves` carry their ids as columns and their QGIS
    styles in the table `layer_styles`: QGIS draws each as on the page. `communities` and `communities_before` have a
    second style, households against the limits. `matrix`, `violations`, `terms` and `requirements` (what was asked)
    are tables without geometry. A review adds a layer `conversions`, and tables `scorecard`, `heirs` and `alternatives`
    (the community of every block in each plan), as far as it has them.

    Parameters
    ----------
    tables
        The plan's tables; their metric CRS is kept.
    path
        The file; one that is there is replaced.
    lang
        Language of legends, labels and column aliases in QGIS.
    review
        What else is known of the plan (`layers.review.review_plan`).
    """
    tables, review = typeset(tables), typeset_review(review)
    limits = plan_limits(tables)
    frames = layer_frames(tables, {}, limits)
    styles = [layer for layer in catalogue(limits) if layer.table in SPATIAL]
    spatial = [*SPATIAL]
    if review.conversions is not None:
        frames["conversions"] = review.conversions.table
        styles.append(conversions_layer())
        spatial.append("conversions")
    plain = {name: getattr(tables, name) for name in PLAIN} | _tables(tables, review)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".shequ-") as folder:
        draft = Path(folder) / "plan.gpkg"
        with _dated(LAST_CHANGE):
            for name in spatial:
                _write_layer(frames[name], name, draft)
            for name, rows in plain.items():
                _write_plain(rows, name, draft)
        with closing(sqlite3.connect(draft)) as db:
            _write_styles(db, styles, frames, lang)
            db.commit()
            db.execute("VACUUM")
        os.replace(draft, path)


def _tables(tables: PlanTables, review: Review) -> dict[str, pd.DataFrame]:
    """Return what was asked of the plan, and the tables that the review has."""
    columns = ["number", "option", "kind", "community_id", "of", "ids", "text_zh", "text_en"]
    asked = [
        (number, one.option, one.kind, one.community_id, one.of, ", ".join(one.ids), one.text_zh, one.text_en)
        for number, one in enumerate(requirements(tables), start=1)
    ]
    made = {"requirements": pd.DataFrame(asked, columns=columns)}
    if review.scorecard is not None:
        made["scorecard"] = review.scorecard.measures
    if review.heirs is not None:
        made["heirs"] = review.heirs.reset_index()
    if review.alternatives is not None:
        plans = {f"plan_{name}": dict(plan.assignment) for name, plan in review.alternatives.plans.items()}
        made["alternatives"] = pd.DataFrame(plans).rename_axis("block_id").reset_index()
    return made


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
    kind = "MultiLineString" if name == "seams" else "MultiPolygon"
    pyogrio.write_dataframe(
        rows, path, layer=name, driver="GPKG", append=path.exists(), geometry_type=kind, promote_to_multi=True,
        SPATIAL_INDEX="YES", VERSION="1.2",
    )  # fmt: skip


def _write_plain(rows: pd.DataFrame, name: str, path: Path) -> None:
    ordered = rows.sort_values(list(rows.columns[:2]), ignore_index=True)
    pyogrio.write_dataframe(ordered, path, layer=name, driver="GPKG", append=True)


def _write_styles(db: sqlite3.Connection, styles: list[Layer], frames: dict[str, gpd.GeoDataFrame], lang: Lang) -> None:
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
            (layer.table, layer.id, qml(layer, columns, lang), int(layer.table not in seen), word(layer.title, lang),
             LAST_CHANGE),
        )  # fmt: skip
        seen.add(layer.table)
        db.execute(
            "UPDATE gpkg_contents SET description = ? WHERE table_name = ? AND description = ''",
            (word(f"layer.{layer.table}", lang), layer.table),
        )
    db.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)"
        " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)",
        (LAST_CHANGE,),
    )
