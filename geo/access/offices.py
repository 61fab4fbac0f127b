"""How far homes walk to the office of each community of today: what the boundary engine's term `service` reads."""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.access.reach import within
from geo.network import Network
from geo.network.joins import join
from geo.schema import conform

OFFICES: Final = ("committee_office", "service_station")
"""Facilities that are a community's office, the first kind that it has."""

WALK_COLUMN: Final = "office_walk_m:"
"""Columns of the blocks that begin so hold walks to the office of the community whose id follows [m]."""


def offices_of(communities: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame | None = None) -> gpd.GeoDataFrame:
    """Return where the offices of communities are.

    Parameters
    ----------
    communities
        The table; `office_x`, `office_y` [m] of its own come first.
    facilities
        Those of `OFFICES` that stand in a community: its committee offices, else its service stations.

    Returns
    -------
    GeoDataFrame
        A point per office, index facility_id, or the community's id where its own columns say where; column
        community_id. Sorted by community, then by id. Communities without an office have no row.
    """
    communities = conform(communities, "communities").sort_index()
    told = _told(communities)
    parts = [told]
    if facilities is not None and len(facilities):
        kinds = facilities[facilities["category"].isin(OFFICES)].sort_index()
        points = shapely.point_on_surface(kinds.geometry.to_numpy())
        which, where = shapely.STRtree(communities.geometry.to_numpy()).query(points, predicate="intersects")
        found = pd.DataFrame({
            "row": which, "community_id": communities.index.to_numpy()[where],
            "kind": kinds["category"].map(OFFICES.index).to_numpy()[which],
        }).drop_duplicates("row")  # fmt: skip
        found = found[~found["community_id"].isin(told["community_id"])]
        found = found[found["kind"] == found.groupby("community_id")["kind"].transform("min")]
        rows = found["row"].to_numpy()
        parts.append(gpd.GeoDataFrame(
            {"community_id": found["community_id"].to_numpy()}, index=kinds.index[rows], geometry=points[rows],
            crs=communities.crs))  # fmt: skip
    offices = gpd.GeoDataFrame(pd.concat(parts), crs=communities.crs)
    offices.index.name = "office_id"
    return offices.sort_values("community_id", kind="stable")


def with_office_walks(
    blocks: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    network: Network,
    *,
    facilities: gpd.GeoDataFrame | None = None,
    homes: gpd.GeoDataFrame | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return blocks with walks to every office, and communities with the place of their first.

    Parameters
    ----------
    blocks, communities, facilities
        The tables.
    network
        In their CRS.
    homes
        Where the households live (`geo.gaps.demand.demand`): points with `households`. The walk of a block is the mean
        over its households; of a block without any, and without `homes`, that from a point inside it.

    Returns
    -------
    blocks : GeoDataFrame
        With a column `office_walk_m:<community_id>` for each community with an office [m]: the walk to the nearest of
        its offices, NaN where there is no way.
    communities : GeoDataFrame
        With `office_x`, `office_y` [m], NaN where there is no office.
    """
    offices = offices_of(communities, facilities)
    owner = offices["community_id"].to_numpy()
    owners = sorted(set(owner))
    points, block, weight = _lived_at(blocks, homes)
    pairs = within(network, join(network, points, entrances=False), join(network, offices.geometry), np.inf)
    walk = np.full((len(points), len(owners)), np.inf)
    np.minimum.at(walk, (pairs.origin, np.searchsorted(owners, owner[pairs.place])), pairs.walk_m)
    reached = np.isfinite(walk)
    load = reached * weight[:, None]
    total, mass = (
        np.apply_along_axis(lambda column: np.bincount(block, column, minlength=len(blocks)), 0, values)
        for values in (np.where(reached, walk, 0.0) * weight[:, None], load)
    )
    with np.errstate(invalid="ignore"):
        mean = np.where(mass > 0, total / mass, np.nan)
    columns = pd.DataFrame(mean, index=blocks.index, columns=[f"{WALK_COLUMN}{owner}" for owner in owners])
    first = offices.drop_duplicates("community_id").set_index("community_id").geometry.reindex(communities.index)
    walked = blocks.drop(columns=[c for c in blocks.columns if str(c).startswith(WALK_COLUMN)]).join(columns)
    return walked, communities.assign(office_x=first.x, office_y=first.y)


def _told(communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the offices that the communities' own columns place."""
    if {"office_x", "office_y"} <= set(communities.columns):
        x, y = (pd.to_numeric(communities[column], errors="coerce") for column in ("office_x", "office_y"))
    else:
        x = y = pd.Series(np.nan, index=communities.index)
    known = x.notna() & y.notna()
    return gpd.GeoDataFrame(
        {"community_id": communities.index[known].to_numpy()}, index=communities.index[known],
        geometry=gpd.points_from_xy(x[known], y[known]), crs=communities.crs,
    )  # fmt: skip


def _lived_at(blocks: gpd.GeoDataFrame, homes: gpd.GeoDataFrame | None) -> tuple[gpd.GeoSeries, np.ndarray, np.ndarray]:
    """Return points, the block of each (position), and its households: homes, and a point inside each other block."""
    place = pd.Series(np.arange(len(blocks)), index=blocks.index)
    inner = gpd.GeoSeries(shapely.point_on_surface(blocks.geometry.to_numpy()), crs=blocks.crs)
    if homes is None:
        return inner, np.arange(len(blocks)), np.ones(len(blocks))
    lived = homes[homes["households"].fillna(0) > 0]
    at = place.reindex(lived["block_id"]).to_numpy()
    lived, at = lived[~np.isnan(at)], at[~np.isnan(at)].astype(np.int64)
    bare = np.setdiff1d(np.arange(len(blocks)), at)
    points = gpd.GeoSeries(np.concatenate([lived.geometry.to_numpy(), inner.to_numpy()[bare]]), crs=blocks.crs)
    weight = np.concatenate([lived["households"].to_numpy(dtype=np.float64), np.ones(len(bare))])
    return points, np.concatenate([at, bare]), weight
