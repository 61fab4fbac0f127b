"""Seams: the shared borders of blocks, one row for each pair of blocks and feature they follow."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geo.blocks.lines import Features
from geo.blocks.tiling import Floats, Ints, Shapes, chains, drawing
from geo.schema import OUTSIDE, conform

FOLD_M = 12.0
"""A stretch shorter than this takes the name of the longest stretch between the same two blocks: it is the corner of a
crossing, or the few metres where a name on the map changes late."""


@dataclass(frozen=True)
class Borders:
    """The straight pieces between blocks."""

    start: Floats
    end: Floats
    """Ends of the pieces [m]."""
    left: Ints
    right: Ints
    """The number of the block on either side; -1 outside."""
    feature: Ints
    """The feature each piece follows, or -1 for none."""


def seam_table(borders: Borders, features: Features, ids: list[str], crs: CRS) -> gpd.GeoDataFrame:
    """Return the seams table from the straight pieces between blocks.

    Parameters
    ----------
    borders
        The pieces.
    features
        What the features are.
    ids
        The blocks' ids, by number.
    crs
        Of the result.

    Returns
    -------
    GeoDataFrame
        The table `seams`; block_a < block_b as text, "outside" in block_b; ordered by blocks, name, class.
    """
    start, end, left, right, feature = borders.start, borders.end, borders.left, borders.right, borders.feature
    rank = np.append(np.argsort(np.argsort(np.array(ids, dtype=str))), len(ids))  # outside comes last
    swap = rank[left] > rank[right]
    one, two = np.where(swap, right, left), np.where(swap, left, right)
    kind, name = features.kind[feature], features.name[feature]
    length = np.hypot(*(end - start).T)
    rows = pd.DataFrame({"one": one, "two": two, "kind": kind, "name": name, "length": length})
    rows = _fold(rows)
    by = ["one", "two", "name", "kind"]
    group = rows.groupby(by, sort=True).ngroup().to_numpy()
    heads = rows.groupby(by, sort=True)["length"].sum().reset_index()
    lines = _joined(start, end, group)
    barrier = np.bincount(group, length * features.barrier[feature], len(heads)) > heads["length"].to_numpy() / 2
    english = _english(
        rows.assign(en=features.name_en[feature], own=(kind == rows["kind"]) & (name == rows["name"])), group
    )
    names = [*ids, OUTSIDE]
    table = pd.DataFrame(
        {
            "block_a": [names[i] for i in heads["one"]],
            "block_b": [names[i] for i in heads["two"]],
            "length_m": shapely.length(lines),
            "feature_name": heads["name"].where(heads["name"] != "").to_numpy(object),
            "feature_name_en": english.reindex(range(len(heads))).to_numpy(object),
            "feature_class": heads["kind"].to_numpy(object),
            "barrier": barrier,
        }
    )
    table["feature_name"] = table["feature_name"].astype("str")
    table["feature_name_en"] = table["feature_name_en"].astype("str")
    where = np.lexsort((table["feature_class"].astype(str), heads["name"].to_numpy(str), rank[heads["two"]],
                        rank[heads["one"]]))  # fmt: skip
    frame = gpd.GeoDataFrame(table, geometry=lines, crs=crs).iloc[where]
    width = max(len(str(len(frame))), 5)
    frame.index = pd.Index([f"S{i + 1:0{width}d}" for i in range(len(frame))], dtype="str", name="seam_id")
    return conform(frame, "seams")


def _english(rows: pd.DataFrame, group: Ints) -> pd.Series:
    """Return for each group the English name of most of its length, of those pieces that named it."""
    known = rows.assign(group=group)[rows["own"] & (rows["en"] != "")]
    total = known.groupby(["group", "en"], sort=True)["length"].sum().reset_index()
    return total.sort_values(["group", "length", "en"]).drop_duplicates("group", keep="last").set_index("group")["en"]


def _joined(start: Floats, end: Floats, group: Ints) -> Shapes:
    """Return one line for each group of pieces, of several parts where it has gaps."""
    p = drawing(start, end, group)
    parts, of = chains(p, p.source)
    order = np.lexsort((*shapely.bounds(parts).T[::-1], of)) if len(parts) else np.empty(0, np.int64)
    lines = np.asarray(shapely.multilinestrings(parts[order], indices=of[order]), dtype=object)
    several = shapely.get_num_geometries(lines) > 1
    lines[several] = shapely.line_merge(lines[several])
    plain = shapely.get_num_geometries(lines) == 1
    lines[plain] = shapely.get_geometry(lines[plain], 0)
    return lines


def _fold(rows: pd.DataFrame) -> pd.DataFrame:
    """Give stretches shorter than FOLD_M the name and class of the longest stretch between the same blocks."""
    if not len(rows):
        return rows
    by = ["one", "two", "name", "kind"]
    total = rows.groupby(by)["length"].transform("sum").round(6)
    heads = rows.assign(total=total).drop_duplicates(by)
    heads = heads.sort_values(["one", "two", "total", "kind", "name"], ascending=[True, True, False, True, True])
    longest = heads.drop_duplicates(["one", "two"]).set_index(["one", "two"])[["name", "kind", "total"]]
    main = longest.loc[pd.MultiIndex.from_frame(rows[["one", "two"]])]
    short = (total.to_numpy() < FOLD_M) & (main["total"].to_numpy() >= FOLD_M)
    return rows.assign(
        name=np.where(short, main["name"].to_numpy(object), rows["name"].to_numpy(object)),
        kind=np.where(short, main["kind"].to_numpy(object), rows["kind"].to_numpy(object)),
    )
