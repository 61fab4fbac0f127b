"""Register and map together: which building each farm house is, where it lies, and what the map adds."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer

from geo.errors import Fault, InputError
from geo.schema import TABLES

_MOST = 0.5
"""A building lies on a parcel when more than this share of its ground does."""


@dataclass(frozen=True)
class Ground:
    """The town that a register is joined to: its buildings, villages and area, and the outlines of parcels."""

    buildings: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    area: shapely.Geometry
    crs: CRS
    parcels: gpd.GeoDataFrame | None = None
    """Index parcel_id; in the CRS of the town."""


def join_houses(houses: pd.DataFrame, ground: Ground) -> gpd.GeoDataFrame:
    """Return the houses of a register with their buildings, villages and places.

    A house is the building that the register names; else the one its coordinates lie in; else the one that lies mostly
    on its parcel and is the only one there. Coordinates are degrees (WGS 84) or metres of the town.

    Parameters
    ----------
    houses
        As `geo.farmhouses.register.Register.houses`.
    ground
        The town.

    Returns
    -------
    GeoDataFrame
        Index `house_id`; the register's columns with `building_id` and `community_id` put right, and beside them:
        `joined` (id, place, none), `place` (building, parcel, register, village, town), `filled` (columns that were
        taken from the map, joined by ;), `building_said` and `community_said` (as in the register), `village_id` (the
        village that the register means), `lies_in` (the one that its place lies in).
    """
    table = houses.rename(columns={"building_id": "building_said", "community_id": "community_said"})
    points = _points(table, ground.crs)
    outlines = _outlines(table, ground.parcels)
    building, joined = _buildings(table, points, outlines, ground)
    village = table["community_said"].map(_villages(ground.communities))
    shapes, place = _shapes(building, outlines, points, village, ground)
    lies_in = _lies_in(shapes, place, ground)
    data = table.drop(columns=["x", "y"]).assign(
        building_id=building, joined=joined, place=place, lies_in=lies_in, village_id=village,
        community_id=village.where(village.notna(), lies_in),
    )  # fmt: skip
    return gpd.GeoDataFrame(_filled(data, outlines, ground), geometry=shapes, crs=ground.crs)


def _points(table: pd.DataFrame, crs: CRS) -> np.ndarray:
    x, y = (pd.to_numeric(table[name], errors="coerce").to_numpy(dtype="float64", copy=True) for name in ("x", "y"))
    degrees = (np.abs(x) <= 180) & (np.abs(y) <= 90)
    if degrees.any():
        turn = Transformer.from_crs(CRS.from_epsg(4326), crs, always_xy=True)
        x[degrees], y[degrees] = turn.transform(x[degrees], y[degrees])
    points = np.full(len(table), None, dtype=object)
    there = np.isfinite(x) & np.isfinite(y)
    points[there] = shapely.points(x[there], y[there])
    return points


def _outlines(table: pd.DataFrame, parcels: gpd.GeoDataFrame | None) -> np.ndarray:
    outlines = np.full(len(table), None, dtype=object)
    if parcels is not None:
        at = parcels.index.get_indexer(table["parcel_id"].fillna("").astype("str"))
        outlines[at >= 0] = parcels.geometry.to_numpy()[at[at >= 0]]
    return outlines


def _buildings(
    table: pd.DataFrame, points: np.ndarray, outlines: np.ndarray, ground: Ground
) -> tuple[pd.Series, np.ndarray]:
    names = ground.buildings.index.to_numpy(dtype=object)
    shapes = ground.buildings.geometry.to_numpy()
    found = table["building_said"].where(table["building_said"].isin(ground.buildings.index))
    joined = np.where(found.notna(), "id", "none").astype(object)
    tree = shapely.STRtree(shapes)
    free = found.isna().to_numpy()
    house, building = tree.query(_where(free, points), predicate="intersects")
    first = pd.Series(names[building], index=house, dtype="object").groupby(level=0).min()
    still = free.copy()
    still[first.index] = False
    house, building = tree.query(_where(still, outlines), predicate="intersects")
    on = shapely.area(shapely.intersection(outlines[house], shapes[building])) > _MOST * shapely.area(shapes[building])
    lying = pd.Series(names[building[on]], index=house[on], dtype="object")
    alone = lying[~lying.index.duplicated(keep=False)]
    for some in (first, alone):
        found.iloc[some.index.to_numpy(dtype=int)] = some.to_numpy()
        joined[some.index.to_numpy(dtype=int)] = "place"
    return found.astype("object"), joined


def _where(wanted: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Return shapes, None where they are not wanted."""
    some = shapes.copy()
    some[~wanted] = None
    return some


def _villages(communities: gpd.GeoDataFrame) -> dict[str, str]:
    """Return what a village may be called in a register (id, name, English name), and its id; not names borne twice."""
    called: dict[str, str] = {}
    for column in ("name", "name_en"):
        names = communities[column].dropna()
        called |= {str(name): str(key) for key, name in names[~names.duplicated(keep=False)].items()}
    return called | {str(key): str(key) for key in communities.index}


def _shapes(
    building: pd.Series, outlines: np.ndarray, points: np.ndarray, village: pd.Series, ground: Ground
) -> tuple[np.ndarray, np.ndarray]:
    """Return the geometry of every house, and where it is from; at last a point inside the village or town."""
    inner = pd.Series(shapely.point_on_surface(ground.communities.geometry.to_numpy()), ground.communities.index)
    outline = building.map(pd.Series(ground.buildings.geometry.to_numpy(), ground.buildings.index)).to_numpy(
        dtype=object
    )
    middle = village.map(inner).to_numpy(dtype=object)
    anywhere = shapely.point_on_surface(ground.area)
    shapes = np.full(len(building), anywhere, dtype=object)
    place = np.full(len(building), "town", dtype=object)
    for source, name in ((middle, "village"), (points, "register"), (outlines, "parcel"), (outline, "building")):
        there = np.array([isinstance(one, shapely.Geometry) for one in source], dtype=bool)
        shapes[there], place[there] = source[there], name
    return shapes, place


def _lies_in(shapes: np.ndarray, place: np.ndarray, ground: Ground) -> pd.Series | np.ndarray:
    known = np.isin(place, ("building", "parcel", "register"))
    inner = shapely.point_on_surface(shapes)
    names = ground.communities.index.to_numpy(dtype=object)
    house, community = shapely.STRtree(ground.communities.geometry.to_numpy()).query(inner, predicate="intersects")
    first = pd.Series(names[community], index=house, dtype="object").groupby(level=0).min()
    result = np.full(len(shapes), None, dtype=object)
    result[first.index.to_numpy(dtype=int)] = first.to_numpy()
    result[~known] = None
    return result


def _filled(table: pd.DataFrame, outlines: np.ndarray, ground: Ground) -> pd.DataFrame:
    """Return the table with what the map knows and the register does not: storeys, year, structure, ground covered."""
    alone = ~table["building_id"].duplicated(keep=False) & table["building_id"].notna()
    known = ground.buildings.reindex(table["building_id"])
    areas = {"footprint_m2": known.geometry.area.to_numpy(), "parcel_m2": shapely.area(outlines)}
    areas["parcel_m2"] = np.where(np.isnan(areas["parcel_m2"]) | (areas["parcel_m2"] == 0), np.nan, areas["parcel_m2"])
    told = np.full(len(table), "", dtype=object)
    result = table.copy()
    for column in ("floors", "year_built", "structure", "footprint_m2", "parcel_m2"):
        values = pd.Series(
            areas.get(column, known[column].to_numpy() if column in known else None), table.index, dtype="object"
        )
        fill = result[column].isna() & values.notna() & (alone if column != "parcel_m2" else True)
        rounded = values.map(lambda v: round(v, 2) if isinstance(v, float) else v)
        result[column] = result[column].where(~fill, rounded)
        told = np.where(fill, np.where(told == "", column, told + ";" + column), told)
    return result.assign(filled=told)


def read_parcels(frame: gpd.GeoDataFrame, crs: CRS, *, file: str) -> gpd.GeoDataFrame:
    """Return outlines of parcels by their number, in the coordinates of the town.

    Raises
    ------
    InputError
        When the layer has no column of parcel numbers, no areas or no coordinate reference system, or a number stands
        on several rows.
    """
    names = ("parcel_id", "宗地编号", "宗地号", "宅基地编号")
    column = next((name for name in names if name in frame.columns), None)
    if column is None:
        raise InputError(Fault(f"the parcels have no column {names[1]} ({names[0]})", f"name it {names[0]}", file=file))
    if frame.crs is None:
        raise InputError(Fault("the parcels say nothing of their coordinates", "save them with their reference system",
                               file=file))  # fmt: skip
    areas = frame[frame.geom_type.isin(TABLES["communities"].geometry) & frame[column].notna()]
    if areas.empty:
        raise InputError(Fault("the file holds no areas with a parcel number", "give the layer of parcels", file=file))
    areas = areas.to_crs(crs).set_index(areas[column].astype(str))
    areas = areas.set_geometry(shapely.make_valid(areas.geometry.to_numpy())).set_crs(crs, allow_override=True)
    if (twice := areas.index[areas.index.duplicated()].unique()).size:
        raise InputError(Fault(f"parcel numbers stand on several outlines: {len(twice)}", "join them to one each",
                               ids=tuple(twice), file=file))  # fmt: skip
    return areas
