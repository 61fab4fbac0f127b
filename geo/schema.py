"""Table contracts: index, columns, units, geometry. `check` reports every fault at once.

A table is a GeoDataFrame whose index is its id (text, unique) and whose CRS is metric. Missing is missing: counts are
nullable integers (`Int64`), measures are floats with NaN, text may be missing; an unknown count is never zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.errors import Fault, InputError

Kind = Literal["text", "count", "number", "year", "flag"]

OUTSIDE = "outside"
"""The block id on the far side of a seam that follows the study's own edge."""

ROAD_CLASSES = (
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
    "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "service", "pedestrian", "track",
    "cycleway", "bridleway", "footway", "path", "steps", "corridor", "road", "busway", "construction", "proposed",
)  # fmt: skip
"""OpenStreetMap's values of `highway`, from the widest road to the narrowest."""

BARRIER_KINDS = ("river", "canal", "stream", "drain", "railway", "wall", "cliff", "water", "other")
COMMUNITY_KINDS = ("community", "village", "converted")
BUILDING_USES = (
    "residential", "mixed", "commercial", "office", "industrial", "education", "health", "public", "religious",
    "agricultural", "ancillary", "unknown",
)  # fmt: skip
FEATURE_CLASSES = (*ROAD_CLASSES, "river", "canal", "stream", "drain", "railway", "wall", "cliff", "water", "other",
                   "border", "study_edge", "none")  # fmt: skip
"""What a seam may follow: a road by its class, a barrier by its kind, an old community border, the study's edge."""


@dataclass(frozen=True)
class Column:
    """One column: its kind, unit and meaning; `minimum` and `allowed` bound its values."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = False
    minimum: float | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table of a study: name, index, columns, and the geometry types it may hold."""

    name: str
    index: str
    meaning: str
    columns: tuple[Column, ...]
    geometry: tuple[str, ...]

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)


_AREA = ("Polygon", "MultiPolygon")
_LINE = ("LineString", "MultiLineString")
_NAME = Column("name", "text", "name as on the map")
_NAME_EN = Column("name_en", "text", "name in English or Latin letters")
_HOUSEHOLDS = Column("households", "count", "resident households (常住户)", "households", minimum=0)
_PEOPLE = Column("people", "count", "resident people (常住人口)", "people", minimum=0)
_DWELLINGS = Column("dwellings", "count", "flats or houses (套)", "dwellings", minimum=0)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("study_area", "area_id", "the town or subdistrict that is planned", (_NAME, _NAME_EN), _AREA),
        Table(
            "roads", "road_id", "streets and paths, centre lines or carriageways",
            (
                _NAME, _NAME_EN,
                Column("road_class", "text", "OpenStreetMap highway value", required=True, allowed=ROAD_CLASSES),
                Column("oneway", "flag", "one carriageway of a divided road, or a one-way street"),
                Column("roundabout", "flag", "part of a roundabout"),
                Column("bridge", "flag", "on a bridge"),
                Column("tunnel", "flag", "in a tunnel"),
                Column("level", "count", "OpenStreetMap layer: 0 on the ground"),
                Column("walkable", "flag", "people may walk along it"),
            ),
            _LINE,
        ),
        Table(
            "barriers", "barrier_id", "rivers, railways, walls: what separates people",
            (
                Column("kind", "text", "what it is", required=True, allowed=BARRIER_KINDS),
                _NAME, _NAME_EN,
                Column("crossable", "flag", "people may cross it anywhere"),
                Column("tunnel", "flag", "below ground, so no border on the ground"),
            ),
            (*_LINE, *_AREA),
        ),
        Table(
            "communities", "community_id", "today's communities (社区) and villages (村)",
            (
                _NAME, _NAME_EN,
                Column("kind", "text", "community, village, or converted (村改居)", required=True,
                       allowed=COMMUNITY_KINDS),
                Column("locked", "flag", "must stay whole"),
                _HOUSEHOLDS, _PEOPLE,
                Column("town", "text", "town or subdistrict; communities never join across towns"),
            ),
            _AREA,
        ),
        Table(
            "estates", "estate_id", "residential compounds (小区), kept whole",
            (
                _NAME, _NAME_EN,
                Column("closed", "flag", "walled, entered through gates"),
                Column("year_built", "year", "year of completion", minimum=1000),
                _HOUSEHOLDS, _PEOPLE,
            ),
            _AREA,
        ),
        Table(
            "buildings", "building_id", "building outlines",
            (
                _NAME,
                Column("use", "text", "main use", allowed=BUILDING_USES),
                Column("floors", "number", "storeys above ground", "storeys", minimum=0),
                Column("height_m", "number", "height above ground", "m", minimum=0),
                Column("year_built", "year", "year of completion", minimum=1000),
                Column("structure", "text", "structural type"),
                _DWELLINGS, _HOUSEHOLDS, _PEOPLE,
                Column("estate_id", "text", "the estate it belongs to"),
                Column("community_id", "text", "today's community, where the register says so"),
            ),
            _AREA,
        ),
        Table(
            "facilities", "facility_id", "services people walk to",
            (
                Column("category", "text", "what it offers", required=True),
                _NAME, _NAME_EN,
                Column("capacity", "count", "places", "places", minimum=0),
                Column("floor_area_m2", "number", "floor area", "m²", minimum=0),
            ),
            ("Point", "MultiPoint", *_AREA),
        ),
        Table(
            "census", "census_id", "areas with known totals: census areas, grid cells, register cells",
            (_NAME, _HOUSEHOLDS, _PEOPLE), _AREA,
        ),
        Table(
            "blocks", "block_id", "land cut out by roads, rivers, rails; never split",
            (
                _HOUSEHOLDS, _PEOPLE, _DWELLINGS,
                Column("buildings_count", "count", "buildings whose inner point lies in it", minimum=0),
                Column("area_m2", "number", "area", "m²", minimum=0),
                Column("community_id", "text", "today's community, by the larger share"),
                Column("group_id", "text", "atom group: blocks that must stay together"),
                Column("households_source", "text", "where most of its households come from"),
            ),
            _AREA,
        ),
        Table(
            "seams", "seam_id", "the shared border of two blocks along one feature",
            (
                Column("block_a", "text", "block on one side", required=True),
                Column("block_b", "text", f"block on the other side, or '{OUTSIDE}'", required=True),
                Column("length_m", "number", "length", "m", required=True, minimum=0),
                Column("feature_name", "text", "name of the road, river, railway or border it follows"),
                Column("feature_name_en", "text", "the same in English or Latin letters"),
                Column("feature_class", "text", "what it follows", required=True, allowed=FEATURE_CLASSES),
                Column("barrier", "flag", "people cannot cross it anywhere"),
            ),
            _LINE,
        ),
    )
}  # fmt: skip

_DTYPES: dict[Kind, str] = {"text": "str", "count": "Int64", "number": "float64", "year": "Int64", "flag": "boolean"}


def empty(name: str, crs: object) -> gpd.GeoDataFrame:
    """Return the table `name` without rows."""
    table = TABLES[name]
    index = pd.Index([], dtype="str", name=table.index)
    columns = {c.name: pd.array([], dtype=_DTYPES[c.kind]) for c in table.columns}
    return gpd.GeoDataFrame(columns, index=index, geometry=gpd.GeoSeries([], index=index, crs=crs))


def conform(frame: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Return `frame` with the contract's column order and types; columns of its own stay behind them.

    Raises
    ------
    InputError
        When the table breaks its contract (see `check`).
    """
    faults = check(frame, name)
    if faults:
        raise InputError(faults)
    table = TABLES[name]
    known = {c.name: _cast(frame, c) for c in table.columns}
    extra = {c: frame[c] for c in frame.columns if c not in known and c != frame.geometry.name}
    index = pd.Index(frame.index.astype(str), name=table.index, dtype="str")
    data = {n: pd.Series(v).set_axis(index) for n, v in {**known, **extra}.items()}
    return gpd.GeoDataFrame(data, index=index, geometry=gpd.GeoSeries(frame.geometry.values, index, crs=frame.crs))


def check(frame: gpd.GeoDataFrame, name: str) -> list[Fault]:
    """Return every way in which `frame` breaks the contract of table `name`; empty when it keeps it."""
    table = TABLES[name]
    faults: list[Fault] = []

    def fault(what: str, remedy: str, rows: Iterable[object] = ()) -> None:
        faults.append(Fault(what, remedy, table=name, ids=tuple(str(row) for row in rows)))

    if frame.crs is None:
        fault("the table has no coordinate reference system", "say which one it is in (--crs or the mapping's crs)")
    elif not frame.crs.is_projected or any(axis.unit_name not in ("metre", "meter") for axis in frame.crs.axis_info):
        fault(f"coordinates are in {frame.crs.name}, not in metres", "project it first (shequ import does)")
    repeated = frame.index[frame.index.duplicated(keep=False)].unique()
    if len(repeated):
        fault(f"{table.index} is not unique: ids that stand on several rows: {len(repeated)}", "make every id unique",
              repeated)  # fmt: skip
    for column in table.columns:
        if column.name not in frame.columns:
            if column.required:
                has = ", ".join(map(str, frame.columns))
                fault(f"column {column.name} ({column.meaning}) is missing",
                      f"add it, or map a source column to it; the layer has: {has}")  # fmt: skip
            continue
        for what, remedy, rows in _value_faults(frame[column.name], column):
            fault(what, remedy, rows)
    shapes = frame.geometry
    absent = shapes.isna() | shapes.is_empty
    if absent.any():
        fault(f"{int(absent.sum())} rows have no geometry", "give them one, or drop them", frame.index[absent])
    wrong = ~absent & ~shapes.geom_type.isin(table.geometry)
    if wrong.any():
        kinds = ", ".join(sorted(set(shapes.geom_type[wrong])))
        fault(f"{int(wrong.sum())} rows are {kinds}; the table holds {' or '.join(table.geometry)}",
              "choose the layer of the right geometry", frame.index[wrong])  # fmt: skip
    return faults


def _cast(frame: gpd.GeoDataFrame, column: Column) -> pd.Series:
    dtype = _DTYPES[column.kind]
    if column.name not in frame.columns:
        return pd.Series(pd.NA if dtype in ("Int64", "boolean") else np.nan, index=frame.index, dtype=dtype)
    values = frame[column.name]
    if column.kind in ("count", "number", "year"):
        values = pd.to_numeric(values)
    return values.astype(dtype)


def _value_faults(values: pd.Series, column: Column) -> Iterable[tuple[str, str, pd.Index]]:
    """Yield (what, remedy, rows) for every way in which one column's values are wrong."""
    present = values.notna()
    if column.required and not present.all():
        yield (f"column {column.name} is empty in {int((~present).sum())} rows", "fill it in", values.index[~present])
    if column.kind in ("count", "number", "year"):
        numbers = pd.to_numeric(values.astype("object"), errors="coerce").astype("float64")
        text = present & numbers.isna()
        if text.any():
            yield (f"column {column.name} holds text, e.g. {values[text].iloc[0]!r}, where a number is needed",
                   "correct the value, or leave it empty when unknown", values.index[text])  # fmt: skip
        infinite = present & np.isinf(numbers)
        if infinite.any():
            yield (f"column {column.name} holds infinite values", "correct them", values.index[infinite])
        if column.kind in ("count", "year"):
            broken = present & ~text & ~infinite & (numbers != np.round(numbers))
            if broken.any():
                yield (f"column {column.name} holds {numbers[broken].iloc[0]:g}, not a whole number",
                       "round it at the source", values.index[broken])  # fmt: skip
        if column.minimum is not None:
            low = present & (numbers < column.minimum)
            if low.any():
                yield (f"column {column.name} holds {numbers[low].iloc[0]:g}, below {column.minimum:g}",
                       "correct the value, or leave it empty when unknown", values.index[low])  # fmt: skip
    elif column.allowed:
        strange = present & ~values.astype("object").isin(column.allowed)
        if strange.any():
            yield (f"column {column.name} holds {values[strange].iloc[0]!r}",
                   f"use one of: {', '.join(column.allowed)}", values.index[strange])  # fmt: skip
