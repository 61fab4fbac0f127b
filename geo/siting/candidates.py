"""Where a facility could go: idle rooms and land, public plots, facilities that can grow, points to search around."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from geo.errors import Fault, InputError
from geo.network.options import WalkOptions
from geo.schema import PREMISES_KINDS
from geo.siting.choice import Floats
from geo.study import Study

SEARCH_POINT: Final = "search_point"
"""The kind of a candidate that is no premises: a place around which a site would have to be found."""

CANDIDATE_KINDS: Final = (*PREMISES_KINDS, SEARCH_POINT)
"""Kinds of premises (`geo.schema.PREMISES_KINDS`), and points that only show where to look for a site."""

CANDIDATE_COLUMNS: Final = (
    "kind", "name", "name_en", "floor_area_m2", "site_area_m2", "area_source", "cost", "categories", "facility_id",
    "capacity", "block_id", "community_id", "geometry",
)  # fmt: skip
"""Columns of `candidate_sites`."""

AREA_SOURCES: Final = ("given", "outline", "floor_ratio", "unknown", "to_find")
"""Where a candidate's floor area is from (on land without one, its ground's)."""

KIND_TITLES: Final = {
    "idle_building": ("闲置用房", "idle rooms"), "idle_land": ("闲置用地", "idle land"),
    "public_land": ("公有用地", "public land"), "growing": ("可扩建设施", "a facility that can grow"),
    SEARCH_POINT: ("选址参考点", "a search point"), "by_hand": ("手工指定点", "a point set by hand"),
}  # fmt: skip
"""What kinds of candidates are called."""

_LAND: Final = ("idle_land", "public_land")


@dataclass(frozen=True)
class CandidateOptions:
    """How candidates are read from premises, and where search points lie; all of it our own reading.

    Attributes
    ----------
    spacing_m : float
        Search points lie at least so far apart, straight [m].
    floor_ratio : float or None
        Floor area that may be built on a square metre of idle or public land of unknown floor area; None: none is
        assumed, and such land takes only what needs ground.
    walk : WalkOptions
        Which roads have street corners: those that people walk along.
    """

    spacing_m: float = 200.0
    floor_ratio: float | None = None
    walk: WalkOptions = field(default_factory=WalkOptions)


def candidate_sites(
    study: Study, *, kinds: Collection[str] | None = None, options: CandidateOptions | None = None
) -> gpd.GeoDataFrame:
    """Return where facilities could go.

    Parameters
    ----------
    study
        Read are premises, blocks, roads and communities, where there are any.
    kinds
        Which of `CANDIDATE_KINDS`. Without them all premises; where the study has none, search points, so that a town
        without a list of premises still gets an answer, marked as one that needs a site to be found.
    options

    Returns
    -------
    GeoDataFrame
        Index site_id, sorted: the premises' id, or `search:` and a number from the north-west to the south-east. CRS
        of the study, geometry of the premises (point or outline) or a Point. Columns `CANDIDATE_COLUMNS`: kind; name,
        name_en (missing where the premises have none); floor_area_m2 and site_area_m2 (NaN unknown); area_source, one
        of `AREA_SOURCES`: given by the list; the outline of rooms (one storey, the least it can be) or of land; on
        land the ground times `floor_ratio`; unknown; to_find at search points, which are as large as what goes there;
        cost [yuan] of making it ready, NaN unknown (0 at search points: no price is known before a site is found);
        categories it may take, joined by ; and missing for any; facility_id of the one that can grow; capacity [places]
        NaN (users may fill it in); block_id, community_id of the inner point.

    Raises
    ------
    InputError
        A kind is unknown, or search points are needed and the study has neither blocks nor roads.
    """
    options = options or CandidateOptions()
    if unknown := sorted(set(kinds or ()) - set(CANDIDATE_KINDS)):
        raise InputError(Fault(f"there is no kind of candidates {', '.join(map(repr, unknown))}",
                               f"use one of: {', '.join(CANDIDATE_KINDS)}"))  # fmt: skip
    premises = study.get("premises")
    has_premises = premises is not None and len(premises) > 0
    wanted = set(kinds) if kinds is not None else set(PREMISES_KINDS) if has_premises else {SEARCH_POINT}
    parts = []
    if premises is not None and has_premises:
        parts.append(_premises(premises[premises["kind"].isin(wanted)], options))
    if SEARCH_POINT in wanted:
        parts.append(_search_points(study, options))
    parts = [part for part in parts if len(part)]
    if not parts:
        found = gpd.GeoDataFrame({name: [] for name in CANDIDATE_COLUMNS}, geometry="geometry", crs=study.crs)
        return found.rename_axis("site_id")
    joined = gpd.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=study.crs).sort_index()
    joined["block_id"] = lying_in(joined, study.get("blocks"))
    joined["community_id"] = lying_in(joined, study.get("communities"))
    return joined[list(CANDIDATE_COLUMNS)].rename_axis("site_id")


def lying_in(places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None) -> pd.Series:
    """Return the id of the area that each place's inner point lies in; missing where in none.

    On a shared border the first by id.
    """
    found = pd.Series(None, index=places.index, dtype="object")
    if areas is None or not len(areas):
        return found
    ordered = areas.sort_index()
    points = shapely.point_on_surface(places.geometry.to_numpy())
    place, area = shapely.STRtree(ordered.geometry.to_numpy()).query(points, predicate="intersects")
    first = pd.Series(area).groupby(place).min()
    found.iloc[first.index.to_numpy(dtype=np.int64)] = ordered.index.astype(str).to_numpy()[first.to_numpy()]
    return found


def _premises(premises: gpd.GeoDataFrame, options: CandidateOptions) -> gpd.GeoDataFrame:
    """Return premises as candidates, with areas and where these are from."""
    found = premises.reindex(columns=[name for name in CANDIDATE_COLUMNS if name != "area_source"])
    found = gpd.GeoDataFrame(found, geometry="geometry", crs=premises.crs)
    for name in ("floor_area_m2", "site_area_m2", "cost", "capacity"):
        found[name] = pd.to_numeric(found[name]).astype("float64")
    land = found["kind"].isin(_LAND).to_numpy()
    rooms = found["kind"].eq("idle_building").to_numpy()
    outline = found.geometry.area.to_numpy()
    outline = np.where(outline > 0, outline, np.nan)
    floor, ground = found["floor_area_m2"].to_numpy(), found["site_area_m2"].to_numpy()
    ground_known = np.where(np.isnan(ground) & land, outline, ground)
    built = np.where(land & np.isnan(floor), ground_known * (options.floor_ratio or np.nan), floor)
    built = np.where(rooms & np.isnan(built), outline, built)
    source = np.full(len(found), "unknown", dtype=object)
    source[land & ~np.isnan(ground_known)] = "outline"
    source[land & ~np.isnan(ground)] = "given"
    source[land & np.isnan(floor) & ~np.isnan(built)] = "floor_ratio"
    source[rooms & ~np.isnan(built)] = "outline"
    source[~np.isnan(floor)] = "given"
    found["floor_area_m2"], found["site_area_m2"], found["area_source"] = built, ground_known, source
    return found


def _search_points(study: Study, options: CandidateOptions) -> gpd.GeoDataFrame:
    """Return inner points of blocks, then street corners farther than the spacing from those."""
    blocks, roads = study.get("blocks"), study.get("roads")
    inner = np.zeros((0, 2))
    if blocks is not None and len(blocks):
        inner = shapely.get_coordinates(shapely.point_on_surface(blocks.sort_index().geometry.to_numpy()))
    corners = np.zeros((0, 2)) if roads is None else _corners(roads, options.walk)
    if not len(inner) and not len(corners):
        raise InputError(
            Fault("the study has no premises, and neither blocks nor roads to search around",
                  "give a list of premises, or make blocks with: shequ blocks", table="premises")
        )  # fmt: skip
    xy = _apart(_from_north_west(inner), _from_north_west(corners), options.spacing_m)
    xy = _from_north_west(xy)
    width = len(str(len(xy)))
    names = [f"{n:0{width}d}" for n in range(1, len(xy) + 1)]
    nothing = np.full(len(xy), np.nan)
    return gpd.GeoDataFrame(
        {
            "kind": SEARCH_POINT, "name": [f"选址参考点{name}" for name in names],
            "name_en": [f"search point {name}" for name in names], "floor_area_m2": nothing, "site_area_m2": nothing,
            "area_source": "to_find", "cost": 0.0, "categories": None, "facility_id": None, "capacity": nothing,
        },
        index=[f"search:{name}" for name in names], geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs=study.crs,
    )  # fmt: skip


def _corners(roads: gpd.GeoDataFrame, walk: WalkOptions) -> Floats:
    """Return where at least three ways on foot meet."""
    walked = ~roads["road_class"].isin(walk.never_walked)
    if "walkable" in roads.columns:
        said = roads["walkable"].astype("boolean")
        walked = said.fillna(walked).astype(bool)
    lines = shapely.get_parts(roads.geometry.to_numpy()[walked.to_numpy()])
    if not len(lines):
        return np.zeros((0, 2))
    xy, of = shapely.get_coordinates(lines, return_index=True)
    inner = (np.r_[-1, of[:-1]] == of) & (np.r_[of[1:], -1] == of)
    places, where = np.unique(np.round(xy, 1), axis=0, return_inverse=True)
    return places[np.bincount(where.ravel(), weights=np.where(inner, 2, 1)) >= 3]


def _from_north_west(xy: Floats) -> Floats:
    return xy[np.lexsort((xy[:, 0], -xy[:, 1]))]


def _apart(first: Floats, then: Floats, spacing_m: float) -> Floats:
    """Return the points that lie apart: each is kept if none kept before it is nearer than the spacing."""
    xy = np.concatenate([first, then])
    near = cKDTree(xy).query_ball_point(xy, spacing_m * (1 - 1e-9))
    kept = np.zeros(len(xy), dtype=np.bool_)
    for i, around in enumerate(near):
        kept[i] = not kept[around].any()
    return xy[kept]
