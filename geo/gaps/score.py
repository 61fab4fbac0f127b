"""Scores: what is lacking of everything asked for, by area and by home, so that its parts can be read from the tables.

The score of an area is 1 − Σ weight × severity / Σ weight over the requirements whose severity is known. The score of a
home is the share, by weight, of requirements that are within its reach. The weights are the standard's.
"""

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.gaps.result import LACKING
from geo.gaps.scene import Areas, Flags, Floats, Ints, Scene, Texts, texts
from geo.gaps.walks import Walks
from geo.standards.facilities import FacilityStandard

_COUNTED = ("missing", "far", "small", "full", "unknown", "met")


def score_areas(table: pd.DataFrame, areas: Areas, standard: FacilityStandard) -> gpd.GeoDataFrame:
    """Return every area's score with its parts: `SCORE_COLUMNS` and a score for each group."""
    needs = standard.requirements
    shape = (len(areas), len(needs))
    severity, most, weight = (
        table[name].to_numpy(dtype=np.float64).reshape(shape) for name in ("severity", "severity_most", "weight")
    )
    state = table["state"].to_numpy(dtype=object).reshape(shape)
    asked = state != "not_asked"
    group = np.array([each.group for each in needs])
    lost = np.where(asked, weight * np.nan_to_num(severity), 0.0)
    worst = np.array([each.key for each in needs], dtype=object)[lost.argmax(axis=1)]
    data: dict[str, object] = {
        "name": areas.name, "name_en": areas.name_en, "people": areas.people, "score": _score(severity, weight, asked),
        "score_least": _score(most, weight, asked),
        "known_share": _ratio((weight * (asked & (most - severity < 1e-9))).sum(axis=1), (weight * asked).sum(axis=1)),
        "asked": asked.sum(axis=1), **{word: (state == word).sum(axis=1) for word in _COUNTED},
        "worst": _where(lost.max(axis=1) > 0, worst),
    }  # fmt: skip
    for key in dict.fromkeys(group):
        mine = group == key
        data[f"group_{key}"] = _score(severity[:, mine], weight[:, mine], asked[:, mine])
    frame = gpd.GeoDataFrame(
        data, index=areas.frame.index, geometry=areas.frame.geometry.to_numpy(), crs=areas.frame.crs
    )
    said = [_words(row, standard) for row in frame.drop(columns="geometry").to_dict("records")]
    place = list(frame.columns).index("worst") + 1
    frame.insert(place, "text_zh", [zh for zh, _ in said])
    frame.insert(place + 1, "text_en", [en for _, en in said])
    return frame.astype(dict.fromkeys(("name", "name_en", "worst", "text_zh", "text_en"), "str"))


def _score(severity: Floats, weight: Floats, asked: Flags) -> Floats:
    known = asked & np.isfinite(severity)
    return 1.0 - _ratio(np.where(known, weight * severity, 0.0).sum(axis=1), np.where(known, weight, 0.0).sum(axis=1))


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0))


def _where(there: Flags, values: Texts) -> Texts:
    """Return the values where they are there, None elsewhere."""
    found = np.full(len(there), None, dtype=object)
    found[there] = values[there]
    return found


def _id_of(area: Ints, areas: Areas) -> Texts:
    """Return the id of each home's area, None for none."""
    found = np.full(len(area), None, dtype=object)
    found[area >= 0] = areas.frame.index.to_numpy(dtype=object)[area[area >= 0]]
    return found


def _words(row: dict[str, object], standard: FacilityStandard) -> tuple[str, str]:
    lacking = sum(int(str(row[word])) for word in LACKING)
    zh = f"{row['name']}:{row['asked']}项要求中{row['met']}项达标,{lacking}项有缺口,{row['unknown']}项未知"
    en = (f"{row['name_en']}: of {row['asked']} requirements {row['met']} are met, {lacking} show a gap, "
          f"{row['unknown']} are unknown")  # fmt: skip
    if isinstance(row["worst"], str):
        each = standard[row["worst"]]
        zh, en = f"{zh};缺口最大的是{each.title_zh}", f"{en}; the gravest is {each.title_en}"
    return zh + "。", en + "."


def score_homes(scene: Scene, walks: Walks, buildings: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return every home with its share of what is asked for, and its walks: `Gaps.buildings`."""
    needs = scene.standard.requirements
    frame = scene.homes.frame
    weight = np.array([each.weight for each in needs])
    keys = np.array([each.key for each in needs], dtype=object)
    known, reached = np.isfinite(walks.reached), walks.reached == 1
    short = known & ~reached
    joined = pd.Series("", index=range(len(frame)), dtype="object")
    for r, key in enumerate(keys):
        joined = joined.where(~short[:, r], joined + np.where(joined == "", "", ";") + key)
    own = {name: _where(texts(frame, name) != "", texts(frame, name)) for name in ("building_id", "block_id")}
    estate = np.full(len(frame), None, dtype=object)
    if scene.estates is not None:
        estate = _id_of(scene.homes.estate, scene.estates)
    data = {
        "building_id": own["building_id"], "community_id": _id_of(scene.homes.community, scene.communities),
        "estate_id": estate, "block_id": own["block_id"], "people": scene.homes.people,
        "score": _ratio((reached * weight).sum(axis=1), (known * weight).sum(axis=1)),
        "asked": known.sum(axis=1), "reached": reached.sum(axis=1), "lacking": joined.to_numpy(),
        **{f"{key}_m": walks.walk_m[:, r] for r, key in enumerate(keys)},
    }  # fmt: skip
    shapes = frame.geometry.to_numpy().copy()
    if buildings is not None and len(buildings):
        at = pd.Index(buildings.index.astype(str)).get_indexer(pd.Index(texts(frame, "building_id")))
        shapes[at >= 0] = buildings.geometry.to_numpy()[at[at >= 0]]
    homes = gpd.GeoDataFrame(data, index=frame.index.rename("demand_id"), geometry=shapes, crs=frame.crs)
    return homes.astype(dict.fromkeys((*own, "community_id", "estate_id", "lacking"), "str"))
