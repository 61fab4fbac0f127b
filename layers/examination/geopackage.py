"""An examination as a GeoPackage that QGIS opens already drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from layers.catalogue import examination_layers, farmhouses_layer
from layers.examination.frames import TABLES, examined_frames, house_frame
from layers.geopackage import Drawn, write_geopackage
from layers.words import Lang

if TYPE_CHECKING:
    from geo.examination.candidates import Candidates
    from geo.examination.progress import Progress
    from geo.examination.result import Examination
    from geo.study import Study


def write_examination_gpkg(
    examination: Examination,
    path: Path,
    *,
    candidates: Candidates | None = None,
    progress: Progress | None = None,
    study: Study | None = None,
    lang: Lang = "zh",
) -> None:
    """Write an examination's layers and tables to a GeoPackage, whole or not at all; the same gives the same bytes.

    Layers `buildings`, `estates`, `units`, `blocks`, `findings` (`layers.examination.frames.examined_frames`) in the
    study's CRS, with their QGIS styles: severity first, then coverage and one style for every indicator. Tables
    `indicators`, `groups`, `areas`; with `candidates` a layer of that name and the tables `candidate_parts` and
    `candidate_rules`; with `progress` a table of that name; with a study that has farm houses the layer `farmhouses`,
    by decision.

    Parameters
    ----------
    examination
        As `geo.examination.examine.examine` returns it.
    path
        The file; one that is there is replaced.
    candidates, progress, study
        What else is known.
    lang
        Language of legends and column aliases in QGIS.
    """
    drawn = examination_drawn(examination, candidates=candidates, progress=progress, study=study)
    write_geopackage(path, drawn.frames, drawn.styles, drawn.plain, lang)


def examination_drawn(
    examination: Examination,
    *,
    candidates: Candidates | None = None,
    progress: Progress | None = None,
    study: Study | None = None,
) -> Drawn:
    """Return the layers, tables and styles of an examination as `write_examination_gpkg` writes them."""
    frames = {name: frame for name, frame in examined_frames(examination).items() if name in TABLES and len(frame)}
    plain = {
        "indicators": examination.indicators.reset_index(),
        "groups": examination.groups.reset_index(),
        "areas": examination.areas.reset_index(),
    }
    if candidates is not None:
        frames["candidates"] = candidates.table.sort_index()
        plain |= {"candidate_parts": candidates.parts, "candidate_rules": candidates.verdicts}
    if progress is not None:
        plain["progress"] = progress.figures.reset_index()
    houses = None if study is None else house_frame(study)
    if houses is not None:
        frames["farmhouses"] = houses
    order = {"severity": 0, "severity_estates": 0, "severity_blocks": 0}
    drawn = (*examination_layers(examination.catalogue), farmhouses_layer())
    styles = [layer for layer in drawn if layer.table in frames]
    styles = [layer for layer in styles if not layer.style.column or layer.style.column in frames[layer.table].columns]
    return Drawn(frames, sorted(styles, key=lambda layer: order.get(layer.id, 1)), _writable(plain))


def _writable(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables with every column of mixed objects as text: a GeoPackage has one kind in a column."""
    return {
        name: frame.assign(**{
            str(column): frame[column].map(lambda value: None if pd.isna(value) else str(value))
            for column in frame.columns
            if frame[column].dtype == object
        })
        for name, frame in tables.items()
    }  # fmt: skip
