"""An answer of siting as a GeoPackage that QGIS opens already drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from geo.siting.result import Placed, Sited
from layers.catalogue import siting_layers
from layers.features import typeset_frame
from layers.geopackage import Drawn, write_geopackage
from layers.siting.facts import (
    Answer,
    community_frame,
    facility_frame,
    home_frame,
    is_few,
    kind_word,
    place_name,
    scenes_of,
    site_frame,
    told,
)
from layers.words import LANGS, Lang

if TYPE_CHECKING:
    import geopandas as gpd

    from geo.study import Study


def write_siting_gpkg(answer: Answer, path: Path, *, study: Study, lang: Lang = "zh") -> None:
    """Write an answer of siting to a GeoPackage, whole or not at all; the same answer gives the same bytes.

    Layers in the answer's CRS with their QGIS styles: `homes` (outlines or discs; for every scene, numbered from 1,
    state_n, walk_before_n and walk_n [m]; no people), `candidates` (points: kind, taken, rank, reason), `facilities`
    (those of today that count), `communities_cover` (people, shares and walks, of the first scene). Tables `scenes`
    (what a number means), `sites`, and of a `Placed` also `rooms` and `gains`, of a `WhatIf` `options`. Small numbers
    of people are left out.

    Parameters
    ----------
    answer
        As `geo.siting` returns it.
    path
        The file; one that is there is replaced.
    study
        The study it was made for: outlines, facilities, names.
    lang
        Language of legends, labels and column aliases in QGIS.
    """
    drawn = siting_drawn(answer, study=study, lang=lang)
    write_geopackage(path, drawn.frames, drawn.styles, drawn.plain, lang)


def siting_drawn(answer: Answer, *, study: Study, lang: Lang = "zh") -> Drawn:
    """Return the layers, tables and styles of an answer of siting as `write_siting_gpkg` writes them."""
    scenes = scenes_of(answer)
    homes = home_frame(answer, study)
    for n, scene in enumerate(scenes, start=1):
        rows = scene.homes.reindex(homes.index)
        homes = homes.assign(**{f"state_{n}": rows["state"], f"walk_before_{n}": rows["walk_before_m"].round(0),
                                f"walk_{n}": rows["walk_after_m"].round(0)})  # fmt: skip
    frames: dict[str, gpd.GeoDataFrame] = {
        "homes": homes, "candidates": _candidates(answer, study, lang), "facilities": facility_frame(answer, study),
    }  # fmt: skip
    communities = community_frame(answer, study, scenes[0])
    if communities is not None:
        frames["communities_cover"] = _without_few(communities)
    frames = {name: frame for name, frame in frames.items() if len(frame)}
    styles = [
        layer
        for layer in siting_layers([(str(n), scene.title) for n, scene in enumerate(scenes, start=1)])
        if layer.table in frames
    ]
    order = {"state_1": 0, "candidates": 0}
    return Drawn(frames, sorted(styles, key=lambda each: order.get(each.id, 1)), _plain(answer))


def _candidates(answer: Answer, study: Study, lang: Lang) -> gpd.GeoDataFrame:
    """Return the candidates with a label: the number of those chosen, the name of those set by hand."""
    frame = site_frame(answer, study)
    labels = ["" if pd.isna(row["rank"]) and row["taken"] != "hand"
              else str(row["rank"]) if not pd.isna(row["rank"]) else place_name(row, key, lang)
              for key, row in frame.iterrows()]  # fmt: skip
    kinds = {f"kind_{code}": [kind_word(kind, code) for kind in frame["kind"]] for code in LANGS}
    reasons = {f"reason_{code}": [told(text, code) for text in frame[f"reason_{code}"]] for code in LANGS}
    rank = frame["rank"].astype("Float64").astype("float64")
    return frame.assign(label=labels, rank=rank, **kinds, **reasons)


def _plain(answer: Answer) -> dict[str, pd.DataFrame]:
    """Return the tables without geometry: what scenes are called, and the answer's own."""
    tables = {"scenes": pd.DataFrame([{"number": n, "key": each.key, "title_zh": each.title[0],
                                       "title_en": each.title[1], "sites": ";".join(each.sites)}
                                      for n, each in enumerate(scenes_of(answer), start=1)])}  # fmt: skip
    if isinstance(answer, (Sited, Placed)):
        tables["sites"] = pd.DataFrame(answer.sites.drop(columns=answer.sites.geometry.name)).reset_index()
    if isinstance(answer, Placed):
        tables |= {"rooms": answer.rooms.reset_index(), "gains": answer.gains.reset_index()}
    elif not isinstance(answer, Sited):
        tables["options"] = answer.options.reset_index()
    return {name: _written(frame) for name, frame in tables.items() if len(frame)}


def _written(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table as a GeoPackage may hold it: one kind in a column, small numbers of people left out."""
    shown = _without_few(typeset_frame(frame))
    for column in shown.columns:
        code = str(column).rpartition("_")[2]
        if code in LANGS:
            shown[column] = [told(text, code) for text in shown[column]]
        elif shown[column].dtype == object:
            shown[column] = [None if pd.isna(value) else str(value) for value in shown[column]]
    return shown


_PEOPLE = ("people", "residents", "elders", "children", "users", "covered_", "next_people")


def _without_few(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose numbers of people are missing where they are few."""
    columns = [column for column in frame.columns
               if str(column).startswith(_PEOPLE) and not str(column).endswith("share")
               and pd.api.types.is_numeric_dtype(frame[column])]  # fmt: skip
    return frame.assign(**{column: frame[column].mask(frame[column].map(is_few)) for column in columns})
