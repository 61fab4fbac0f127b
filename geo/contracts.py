"""Table contracts as data: what tables a study has, their columns, units and geometry. `geo.schema` checks them.

A table is a GeoDataFrame whose index is its id (text, unique) and whose CRS is metric; a record table (`geometry` empty
in its contract) is a plain DataFrame. Missing is missing: counts are nullable integers (`Int64`), measures are floats
with NaN, text may be missing; an unknown count is never zero. Days are ISO text, 2026-03-01.
"""

from dataclasses import dataclass
from typing import Literal

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
