"""Table contracts: index, columns, units, geometry. `check` reports every fault at once.

A table is a GeoDataFrame whose index is its id (text, unique) and whose CRS is metric; a record table (`geometry` empty
in its contract) is a plain DataFrame. Missing is missing: counts are nullable integers (`Int64`), measures are floats
with NaN, text may be missing; an unknown count is never zero. Days are ISO text, 2026-03-01.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.errors import Fault, InputError

Kind = Literal["text", "count", "number", "year", "flag", "day"]

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
PASSAGE_KINDS = ("gate", "crossing", "level_crossing")
"""A gate of an estate or a wall; a place to cross a road; a place to cross a railway on the level."""

PREMISES_KINDS = ("idle_building", "idle_land", "public_land", "growing")
"""闲置用房, 闲置用地, 公有用地, and an existing facility that can grow."""

BUILDING_USES = (
    "residential", "mixed", "commercial", "office", "industrial", "education", "health", "public", "religious",
    "agricultural", "ancillary", "unknown",
)  # fmt: skip
FEATURE_CLASSES = (*ROAD_CLASSES, "river", "canal", "stream", "drain", "railway", "wall", "cliff", "water", "other",
                   "border", "study_edge", "none")  # fmt: skip
"""What a seam may follow: a road by its class, a barrier by its kind, an old community border, the study's edge."""

SUBJECTS = ("building", "estate", "unit", "block", "town")
"""What an examination looks at: a building, a compound (小区), an examination unit, a block, the whole town."""

SEVERITIES = ("general", "serious", "very_serious")
"""How grave a finding is, mildest first: 一般, 严重, 很严重 (城市体检工作手册, 2025, annex V)."""

STATUSES = ("open", "scheduled", "done", "checked")
"""The life of a finding: 待整治, 已列入计划, 已整治, 已复核."""

OBSERVED = ("found", "clear", "not_applicable", "measured")
"""What looking gave: the problem is there, it is not, the question does not arise, or a value was measured."""

HOUSE_DECISIONS = ("demolish", "alter", "use", "unknown")
"""拆、改、用 of a farm house, and what its register does not suffice to decide."""


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
    """One table of a study: name, index, columns, and the geometry types it may hold; none for a record table."""

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
_CHILDREN = Column("children", "count", "residents aged up to 14", "people", minimum=0)
_ELDERS = Column("elders", "count", "residents aged 60 and over (65 where the source counts so)", "people", minimum=0)
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
                _HOUSEHOLDS, _PEOPLE, _CHILDREN, _ELDERS,
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
            "passages", "passage_id", "where people pass: gates of estates and walls, crossings of roads and railways",
            (Column("kind", "text", "what it is", required=True, allowed=PASSAGE_KINDS), _NAME, _NAME_EN), ("Point",),
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
                _DWELLINGS, _HOUSEHOLDS, _PEOPLE, _CHILDREN, _ELDERS,
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
            "premises", "premises_id", "rooms and land that could take a facility",
            (
                Column("kind", "text", "what it is", required=True, allowed=PREMISES_KINDS),
                _NAME, _NAME_EN,
                Column("floor_area_m2", "number", "floor area that can be used", "m²", minimum=0),
                Column("site_area_m2", "number", "ground that can be used", "m²", minimum=0),
                Column("cost", "number", "cost of making it ready, without the facility itself", "yuan", minimum=0),
                Column("categories", "text", "facility categories it may take, joined by ;; empty for any"),
                Column("facility_id", "text", "the facility that can grow here"),
            ),
            ("Point", "MultiPoint", *_AREA),
        ),
        Table(
            "census", "census_id", "areas with known totals: census areas, grid cells, register cells",
            (_NAME, _HOUSEHOLDS, _PEOPLE, _CHILDREN, _ELDERS), _AREA,
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
                Column("unit_id", "text", "the examination unit (体检单元) it belongs to"),
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
        Table(
            "units", "unit_id", "examination units (体检单元): 5,000 to 12,000 people, of blocks and estates",
            (
                _NAME, _NAME_EN, _HOUSEHOLDS, _PEOPLE,
                Column("blocks_count", "count", "blocks in it", minimum=0),
                Column("estates_count", "count", "estates that lie in it", minimum=0),
                Column("community_ids", "text", "today's communities it lies in, joined by ;"),
                Column("size", "text", "people against the limits of a unit",
                       allowed=("below", "within", "above", "unknown")),
            ),
            _AREA,
        ),
        Table(
            "findings", "finding_id", "what a surveyor saw; the point is its place, or the middle of its subject",
            (
                Column("subject", "text", "what was looked at", required=True, allowed=SUBJECTS),
                Column("subject_id", "text", "its id", required=True),
                Column("building_id", "text", "the building, where the subject is one"),
                Column("estate_id", "text", "the estate it lies in"),
                Column("code", "text", "what was found, as the catalogue numbers it: 3a", required=True),
                Column("severity", "text", "how grave it is", required=True, allowed=SEVERITIES),
                Column("extent", "number", "how much of it, in the code's own unit", minimum=0),
                Column("extent_unit", "text", "m2, m, count or flats", allowed=("m2", "m", "count", "flats")),
                Column("location", "text", "where in the building or estate"),
                Column("place_given", "flag", "the point was surveyed, not taken from the subject"),
                Column("surveyed_on", "day", "day of the survey"),
                Column("surveyor", "text", "who looked"),
                Column("photo", "text", "names of its photos, joined by ;"),
                Column("note", "text", "what else was written down"),
                Column("status", "text", "what has become of it", required=True, allowed=STATUSES),
                Column("due_on", "day", "day by which it has to be put right"),
                Column("done_on", "day", "day on which it was put right"),
                Column("source", "text", "file and row it was read from"),
            ),
            ("Point",),
        ),
        Table(
            "observations", "observation_id", "what was looked at, and what looking gave; no row is unknown",
            (
                Column("subject", "text", "what was looked at", required=True, allowed=SUBJECTS),
                Column("subject_id", "text", "its id", required=True),
                Column("item", "text", "a finding code (3a), or the key of a quantity (parking_spaces)", required=True),
                Column("state", "text", "what looking gave", required=True, allowed=OBSERVED),
                Column("value", "number", "the measured value, in the item's unit"),
                Column("surveyed_on", "day", "day of the survey"),
                Column("surveyor", "text", "who looked, or who supplied the value"),
                Column("source", "text", "where the value is from: file and row, office, document"),
            ),
            (),
        ),
        Table(
            "finding_history", "change_id", "every change of a finding, oldest first",
            (
                Column("finding_id", "text", "the finding", required=True),
                Column("number", "count", "its position in the finding's history, from 1", required=True, minimum=1),
                Column("changed_on", "day", "day of the change as the source tells it"),
                Column("column", "text", "what changed; empty where the finding was new"),
                Column("before", "text", "the value before"),
                Column("after", "text", "the value after"),
                Column("by", "text", "who changed it"),
                Column("source", "text", "file and row"),
            ),
            (),
        ),
        Table(
            "farmhouses", "house_id", "farm houses: parcel, house and household in one row, without names of people",
            (
                Column("parcel_id", "text", "homestead parcel (宗地)"),
                Column("household_id", "text", "the household's number in the register"),
                Column("building_id", "text", "the building it is"),
                Column("community_id", "text", "the village"),
                Column("people", "count", "members of the household", "people", minimum=0),
                Column("parcel_m2", "number", "area of the homestead", "m²", minimum=0),
                Column("footprint_m2", "number", "ground the house covers", "m²", minimum=0),
                Column("floors", "number", "storeys above ground", "storeys", minimum=0),
                Column("year_built", "year", "year of completion", minimum=1000),
                Column("structure", "text", "structural type"),
                Column("danger_grade", "text", "safety appraisal", allowed=("A", "B", "C", "D")),
                Column("titled", "flag", "the homestead right is registered"),
                Column("permitted", "flag", "it was built with a permit"),
                Column("occupied", "flag", "somebody lives in it"),
                Column("heritage", "flag", "protected, or worth protecting"),
                Column("houses_of_household", "count", "houses the household has in the village", minimum=0),
                Column("in_plan", "flag", "the village plan keeps the place as a homestead"),
                Column("valid_from", "day", "since when the register says so"),
                Column("decision", "text", "拆 / 改 / 用", allowed=HOUSE_DECISIONS),
                Column("reason_zh", "text", "why, in Chinese"),
                Column("reason_en", "text", "why, in English"),
            ),
            (*_AREA, "Point"),
        ),
    )
}  # fmt: skip

RECORDED = ("units", "findings", "observations", "finding_history", "farmhouses")
"""Tables that shequ writes itself: they come from surveys and registers, not from a town's map files."""

_DTYPES: dict[Kind, str] = {"text": "str", "count": "Int64", "number": "float64", "year": "Int64", "flag": "boolean",
                             "day": "str"}  # fmt: skip


def empty(name: str, crs: object) -> gpd.GeoDataFrame:
    """Return the table `name` without rows; a record table needs no CRS."""
    table = TABLES[name]
    index = pd.Index([], dtype="str", name=table.index)
    columns = {c.name: pd.array([], dtype=_DTYPES[c.kind]) for c in table.columns}
    if not table.geometry:
        return pd.DataFrame(columns, index=index)
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
    shapes = frame.geometry.name if table.geometry else None
    extra = {c: frame[c] for c in frame.columns if c not in known and c != shapes}
    index = pd.Index(frame.index.astype(str), name=table.index, dtype="str")
    data = {n: pd.Series(v).set_axis(index) for n, v in {**known, **extra}.items()}
    if not table.geometry:
        return pd.DataFrame(data, index=index)
    return gpd.GeoDataFrame(data, index=index, geometry=gpd.GeoSeries(frame.geometry.values, index, crs=frame.crs))


def check(frame: gpd.GeoDataFrame, name: str) -> list[Fault]:
    """Return every way in which `frame` breaks the contract of table `name`; empty when it keeps it."""
    table = TABLES[name]
    faults: list[Fault] = []

    def fault(what: str, remedy: str, rows: Iterable[object] = ()) -> None:
        faults.append(Fault(what, remedy, table=name, ids=tuple(str(row) for row in rows)))

    if not table.geometry:
        pass
    elif frame.crs is None:
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
    if not table.geometry:
        return faults
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
    elif column.kind == "day":
        wrong = present & ~values.astype("object").map(_is_day)
        if wrong.any():
            yield (f"column {column.name} holds {values[wrong].iloc[0]!r}, which is no day",
                   "write it like 2026-03-01", values.index[wrong])  # fmt: skip
    elif column.allowed:
        strange = present & ~values.astype("object").isin(column.allowed)
        if strange.any():
            yield (f"column {column.name} holds {values[strange].iloc[0]!r}",
                   f"use one of: {', '.join(column.allowed)}", values.index[strange])  # fmt: skip


def _is_day(value: object) -> bool:
    try:
        date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True
