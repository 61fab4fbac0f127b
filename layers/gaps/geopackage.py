"""Gaps of facilities as a GeoPackage that QGIS opens already drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from layers.catalogue import gap_layers
from layers.gaps.facts import notes
from layers.gaps.frames import (
    FEWEST_PEOPLE,
    area_frame,
    facility_frame,
    home_frame,
    network_frame,
    reach_frame,
    requirement_titles,
    standard_titles,
)
from layers.geopackage import Drawn, write_geopackage
from layers.words import Lang

if TYPE_CHECKING:
    from geo.gaps.result import GapChange, Gaps
    from geo.gaps.surfaces import Surfaces
    from geo.network import Network
    from geo.study import Study


def write_gaps_gpkg(
    gaps: Mapping[str, Gaps],
    path: Path,
    *,
    study: Study,
    surfaces: Surfaces | None = None,
    network: Network | None = None,
    change: GapChange | None = None,
    lang: Lang = "zh",
) -> None:
    """Write a town's gaps to a GeoPackage, whole or not at all; the same gaps give the same bytes.

    Layers in the study's CRS with QGIS styles: `gap_communities` and `gap_estates` (score by each standard, state by
    each requirement), `gap_homes` (score, walk to the nearest), `gap_facilities`; with `surfaces` `gap_reach` (land
    within reach), with a network `gap_network` (its ways); with a plan `gap_communities_after`. Tables: `requirements`,
    `community_requirements`, `notes`; with `surfaces` `supply` and `people_by_walk`; with a plan `change_requirements`,
    `change_communities`, `six_ones`, `sharing`. No numbers of people of single homes, nor of estates where fewer than
    ten households live.

    Parameters
    ----------
    gaps
        As `geo.gaps.gaps.gaps_of` returns them.
    path
        The file; one that is there is replaced.
    study
        Its facilities.
    surfaces, network, change
        What else is known.
    lang
        Language of legends in QGIS.
    """
    drawn = gaps_drawn(gaps, study=study, surfaces=surfaces, network=network, change=change)
    write_geopackage(path, drawn.frames, drawn.styles, drawn.plain, lang)


def gaps_drawn(
    gaps: Mapping[str, Gaps],
    *,
    study: Study,
    surfaces: Surfaces | None = None,
    network: Network | None = None,
    change: GapChange | None = None,
) -> Drawn:
    """Return the layers, tables and styles of a town's gaps as `write_gaps_gpkg` writes them."""
    estates = area_frame(gaps, "estates")
    frames = {"gap_communities": area_frame(gaps), "gap_homes": home_frame(gaps),
              "gap_facilities": facility_frame(gaps, study)}  # fmt: skip
    if len(estates):
        few = ~(estates["people"].astype("float64") >= FEWEST_PEOPLE)
        people = [column for column in estates.columns if column == "people" or column.endswith("_people")]
        texts = [column for column in estates.columns if column.endswith(("_text_zh", "_text_en"))]
        estates.loc[few, people] = float("nan")
        estates.loc[few, texts] = None
        frames["gap_estates"] = estates
    if surfaces is not None and len(reach := reach_frame(gaps, surfaces)):
        frames["gap_reach"] = reach
    if network is not None:
        frames["gap_network"] = network_frame(network)
    plain = {
        "requirements": pd.concat({name: each.requirements for name, each in gaps.items()}, names=["standard"]),
        "community_requirements": pd.concat(
            {name: each.communities for name, each in gaps.items()}, names=["standard"]
        ),
        "notes": pd.DataFrame(
            [(zh, en, note_zh, note_en) for (zh, en), (note_zh, note_en) in notes(gaps, surfaces, change)],
            columns=["of_zh", "of_en", "note_zh", "note_en"],
        ),
    }
    if surfaces is not None:
        plain |= {"supply": surfaces.inequality, "people_by_walk": surfaces.coverage}
    if change is not None:
        frames["gap_communities_after"] = area_frame(change.after)
        plain |= {"change_requirements": change.requirements, "change_communities": change.communities,
                  "six_ones": change.six_ones, "sharing": change.sharing}  # fmt: skip
    today = gap_layers(requirement_titles(gaps), standard_titles(gaps))
    after = [replace(layer, id=f"{layer.id}_after", table="gap_communities_after", title="layer.gap_communities_after")
             for layer in today if layer.table == "gap_communities"]  # fmt: skip
    drawn = [*today[:2], *after, *today[2:]]
    styles = [layer for layer in drawn if layer.table in frames
              and (not layer.style.column or layer.style.column in frames[layer.table].columns)]  # fmt: skip
    return Drawn(frames, styles, {name: _plain(table) for name, table in plain.items()})


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its index in columns, mixed values as text: a GeoPackage has one kind in a column."""
    unnamed = list(table.index.names) == [None]
    rows = table.reset_index(drop=unnamed)
    texts = [column for column in rows.columns if rows[column].dtype == object]
    return rows.assign(**{
        str(column): rows[column].map(lambda value: None if pd.isna(value) else str(value)) for column in texts
    })  # fmt: skip
