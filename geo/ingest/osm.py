"""Read OpenStreetMap extracts (.osm.pbf, .osm), and turn OpenStreetMap tags into our tables.

Tags come from an extract, or from a layer whose columns are OpenStreetMap keys (as QGIS, osmnx or GDAL export them:
`building_levels` for `building:levels`, the rest in `other_tags`). What each tag becomes is listed in docs/import.md.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from osmium.osm.types import Area, Node, Relation, Way
from pyproj import CRS

from geo.errors import Fault, InputError
from geo.ingest.source import Layer, SourceFile
from geo.schema import ROAD_CLASSES
from geo.study import Repair

MAIN_KEYS = (
    "highway", "waterway", "railway", "building", "amenity", "shop", "leisure", "healthcare", "social_facility",
    "office", "landuse", "natural", "boundary", "barrier",
)  # fmt: skip
"""Keys that make an object worth reading; a layer with one of these columns holds OpenStreetMap data."""

KEYS = (
    *MAIN_KEYS, "name", "name:zh", "name:en", "ref", "oneway", "junction", "bridge", "tunnel", "layer", "foot",
    "access", "motorroad", "service", "area", "water", "admin_level", "building:levels", "height", "start_date",
    "building:flats", "building:material", "tourism", "social_facility:for", "isced:level", "station",
    "residential", "capacity", "gated", "public_transport", "power", "location", "crossing",
)  # fmt: skip
"""Keys that are read at all."""

FACILITIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("kindergarten", "amenity", ("kindergarten",)),
    ("nursery", "amenity", ("childcare",)),
    ("school", "amenity", ("school",)),
    ("university", "amenity", ("university", "college")),
    ("hospital", "amenity", ("hospital",)),
    ("clinic", "amenity", ("clinic", "doctors")),
    ("dentist", "amenity", ("dentist",)),
    ("pharmacy", "amenity", ("pharmacy",)),
    ("elder_home", "amenity", ("nursing_home",)),
    ("library", "amenity", ("library",)),
    ("culture_room", "amenity", ("community_centre", "arts_centre")),
    ("post", "amenity", ("post_office", "parcel_locker")),
    ("bank", "amenity", ("bank",)),
    ("market", "amenity", ("marketplace",)),
    ("restaurant", "amenity", ("restaurant", "fast_food", "food_court")),
    ("government", "amenity", ("townhall",)),
    ("government", "office", ("government",)),
    ("police", "amenity", ("police",)),
    ("fire_station", "amenity", ("fire_station",)),
    ("parking", "amenity", ("parking",)),
    ("toilet", "amenity", ("toilets",)),
    ("charging", "amenity", ("charging_station",)),
    ("recycling", "amenity", ("recycling", "waste_transfer_station")),
    ("bus_station", "amenity", ("bus_station",)),
    ("hospital", "healthcare", ("hospital",)),
    ("clinic", "healthcare", ("clinic", "doctor", "centre")),
    ("pharmacy", "healthcare", ("pharmacy",)),
    ("dentist", "healthcare", ("dentist",)),
    ("supermarket", "shop", ("supermarket",)),
    ("convenience_store", "shop", ("convenience", "kiosk")),
    ("fresh_food", "shop", ("greengrocer", "butcher", "seafood")),
    ("mall", "shop", ("mall", "department_store")),
    ("bakery", "shop", ("bakery",)),
    ("laundry", "shop", ("laundry", "dry_cleaning")),
    ("hairdresser", "shop", ("hairdresser",)),
    ("park", "leisure", ("park",)),
    ("playground", "leisure", ("playground",)),
    ("sports_ground", "leisure", ("sports_centre", "sports_hall", "fitness_centre", "fitness_station", "pitch", "track",
                           "stadium")),
    ("bus_stop", "highway", ("bus_stop",)),
    ("train_station", "railway", ("station", "halt", "tram_stop")),
)  # fmt: skip
"""Facility category, OpenStreetMap key, its values; the first line that fits an object decides."""

BUILDING_USES: dict[str, tuple[str, ...]] = {
    "residential": ("apartments", "residential", "house", "detached", "semidetached_house", "terrace", "bungalow",
                    "dormitory", "villa", "static_caravan", "houseboat", "cabin"),
    "commercial": ("commercial", "retail", "supermarket", "kiosk", "hotel", "mall", "shop", "bank", "restaurant"),
    "office": ("office",),
    "industrial": ("industrial", "warehouse", "factory", "manufacture"),
    "education": ("school", "university", "kindergarten", "college"),
    "health": ("hospital", "clinic"),
    "public": ("public", "government", "civic", "train_station", "transportation", "museum", "library", "fire_station",
               "stadium", "sports_hall", "sports_centre", "grandstand", "pavilion", "toilets", "townhall", "theatre",
               "castle", "palace", "police", "gymnasium", "military"),
    "religious": ("religious", "church", "cathedral", "chapel", "temple", "mosque", "shrine", "monastery", "synagogue"),
    "agricultural": ("farm_auxiliary", "barn", "greenhouse", "stable", "cowshed", "sty", "silo", "farm"),
    "ancillary": ("garage", "garages", "shed", "hut", "roof", "carport", "service", "parking", "guardhouse",
                  "gatehouse", "construction", "ruins", "bridge", "transformer_tower", "storage_tank", "tent", "canopy",
                  "toilet"),
}  # fmt: skip
"""Our building use and the values of `building` it stands for; a building under construction houses nobody."""

_TELLING_KEYS = ("highway", "waterway", "railway", "building", "amenity", "shop", "leisure", "landuse", "natural")
_AREA_KEYS = ("building", "landuse", "leisure", "amenity", "shop", "natural", "healthcare", "office")
_NO_BUILDING = ("no", "demolished", "razed", "entrance", "proposed")
_AMENITY_USES: dict[str, tuple[str, ...]] = {
    "education": ("school", "kindergarten", "university", "college", "childcare"),
    "health": ("hospital", "clinic", "doctors", "dentist"),
    "religious": ("place_of_worship",),
    "commercial": ("restaurant", "fast_food", "cafe", "bank", "marketplace", "pharmacy", "bar", "pub", "cinema",
                   "fuel"),
    "public": ("townhall", "library", "community_centre", "police", "fire_station", "courthouse", "theatre",
               "arts_centre", "toilets", "post_office", "social_facility", "bus_station"),
    "ancillary": ("parking", "shelter"),
}  # fmt: skip

MIN_ESTATE_M2 = 300.0
"""Residential areas smaller than this are a house and its yard, not an estate."""

MAX_ESTATE_M2 = 400_000.0
"""Residential areas larger than this (40 ha) are a quarter, not an estate."""

_GATES = (
    "gate",
    "lift_gate",
    "swing_gate",
    "kissing_gate",
    "entrance",
    "turnstile",
    "sliding_gate",
    "full-height_turnstile",
)
_PASSED = ("yes", "designated", "permissive", "official", "destination", "customers")
_NEVER_WALKED = ("motorway", "motorway_link", "busway", "construction", "proposed")
_RIVER_NAME = re.compile(r"[河江溪渠浦涌]$|\b(river|canal)\b", re.IGNORECASE)
_CANAL_NAME = re.compile(r"[渠]$|运河$|\bcanal\b", re.IGNORECASE)
_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')
_WGS84 = CRS.from_epsg(4326)
_MAX_EXTENT_DEG = 3.0


# --- reading extracts -------------------------------------------------------------------------------------------------


def open_osm(path: Path, file: str) -> SourceFile:
    """Open an OpenStreetMap extract: layers `points`, `lines` and `areas` (closed ways and multipolygon relations).

    It is read in one go; nothing is written to disk.
    """
    _require_osm(path, file)
    try:
        frames, remarks, repairs = _read_objects(path)
        box = osmium.FileProcessor(str(path)).header.box()
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(
            Fault(
                f"the OpenStreetMap extract is damaged or cut short ({str(error).strip()[:160]})",
                "download or export it again",
                file=file,
            )
        ) from error
    extent = None
    if box.valid():
        corners = (box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat)
        wide, high = corners[2] - corners[0], corners[3] - corners[1]
        if 0 < wide <= _MAX_EXTENT_DEG and 0 < high <= _MAX_EXTENT_DEG:
            extent = corners
    if not any(len(frame) for frame in frames.values()):
        raise InputError(Fault("the OpenStreetMap extract holds no roads, buildings or places",
                               "export the area again, with its ways and nodes", file=file))  # fmt: skip

    def read(layer: str, _encoding: str | None) -> Layer:
        said = repairs if layer == "areas" else ()
        return Layer(file, layer, frames[layer], _WGS84, tagged=True, repairs=said, remarks=remarks, extent=extent)

    return SourceFile(file, tuple(frames), read)


def _require_osm(path: Path, file: str) -> None:
    with path.open("rb") as stream:
        head = stream.read(1024)
    if path.name.lower().endswith(".pbf"):
        if b"OSMHeader" not in head[:32]:
            raise InputError(Fault("the file ends in .pbf but is no OpenStreetMap extract", "download it again",
                                   file=file))  # fmt: skip
        return
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise InputError(Fault("the .osm file declares a document type, which no OpenStreetMap extract does",
                               "export it again", file=file))  # fmt: skip
    if not (text.startswith(b"<") and b"<osm" in text):
        raise InputError(Fault("the file ends in .osm but is no OpenStreetMap extract", "download it again",
                               file=file))  # fmt: skip


def _read_objects(path: Path) -> tuple[dict[str, gpd.GeoDataFrame], tuple[str, ...], tuple[Repair, ...]]:
    """Return the tagged objects as points, lines and areas, with remarks and repairs on what could not be built."""
    rows: dict[str, list[tuple[str, dict[str, str], shapely.Geometry]]] = {"points": [], "lines": [], "areas": []}
    rings: dict[str, tuple[dict[str, str], shapely.Geometry]] = {}
    outlines: dict[str, dict[str, str]] = {}
    incomplete = 0
    wanted = osmium.filter.KeyFilter(*MAIN_KEYS)
    as_wkb = osmium.geom.WKBFactory()
    processor = osmium.FileProcessor(str(path)).with_areas(osmium.filter.KeyFilter(*MAIN_KEYS)).with_filter(wanted)
    for thing in processor:
        tags = {tag.k: tag.v for tag in thing.tags if tag.k in _WANTED_KEYS}
        if isinstance(thing, Relation):
            if thing.tags.get("type") in ("multipolygon", "boundary"):
                outlines[f"r{thing.id}"] = tags
        elif isinstance(thing, Node):
            if thing.location.valid():
                rows["points"].append((f"n{thing.id}", tags, shapely.Point(thing.location.lon, thing.location.lat)))
        elif isinstance(thing, Way):
            places = [(node.lon, node.lat) for node in thing.nodes if node.location.valid()]
            cut = len(places) < len(thing.nodes)
            incomplete += cut
            if len(places) > 1:
                rows["lines"].append((f"w{thing.id}", tags, shapely.LineString(places)))
            if thing.is_closed() and any(key in tags for key in _AREA_KEYS):
                if cut:
                    outlines[f"w{thing.id}"] = tags
                elif len(places) > 3:
                    rings[f"w{thing.id}"] = (tags, shapely.Polygon(places))
        elif isinstance(thing, Area) and thing.num_rings()[0]:  # without an outer ring it could not be built
            name = f"{'w' if thing.from_way() else 'r'}{thing.orig_id()}"
            rows["areas"].append((name, tags, shapely.from_wkb(as_wkb.create_multipolygon(thing))))
    built = {name for name, _, _ in rows["areas"]}
    # Rings that cross themselves are not built by the reader; they are mended with all other invalid areas.
    rows["areas"] += [(name, *ring) for name, ring in rings.items() if name not in built and
                      ring[0].get("area") != "no"]  # fmt: skip
    lost = {name: tags for name, tags in outlines.items() if name not in built}
    repairs = [
        Repair(table, name, "dropped", "area_not_closed", "its outline is not complete in the extract, "
               "as happens at the edge; left out", "其轮廓在数据中不完整(多在边缘),未纳入")
        for name, tags in sorted(lost.items())
        for table in [_table_of(tags)]
        if table is not None
    ]  # fmt: skip
    remark = f"{incomplete} ways reach beyond the extract and are cut at its edge" if incomplete else ""
    return {layer: _frame(found) for layer, found in rows.items()}, (remark,) if remark else (), tuple(repairs)


def _frame(found: Sequence[tuple[str, dict[str, str], shapely.Geometry]]) -> gpd.GeoDataFrame:
    columns = {key: pd.array([tags.get(key) for _, tags, _ in found], dtype="str") for key in KEYS}
    ids = pd.array([name for name, _, _ in found], dtype="str")
    shapes = gpd.GeoSeries([shape for _, _, shape in found], crs=_WGS84)
    return gpd.GeoDataFrame({"osm": ids, **columns}, geometry=shapes)


def _table_of(tags: Mapping[str, str]) -> str | None:
    """Return the table an area that could not be built would have gone to; None when to none or not only one."""
    if "building" in tags:
        return "buildings"
    if tags.get("landuse") == "residential":
        return "estates"
    if tags.get("boundary") == "administrative" and tags.get("admin_level") in ("9", "10"):
        return "communities"
    if tags.get("water") in ("river", "canal") or tags.get("waterway") == "riverbank":
        return "barriers"
    return "facilities" if any(tags.get(key) in values for _, key, values in FACILITIES) else None


_WANTED_KEYS = frozenset(KEYS)


# --- tags to tables ---------------------------------------------------------------------------------------------------


def is_tagged(layer: Layer) -> bool:
    """Return whether the layer's columns are OpenStreetMap keys."""
    columns = set(layer.frame.columns)
    return layer.tagged or bool(columns & set(_TELLING_KEYS)) or columns >= {"boundary", "admin_level"}


def tag_frame(layer: Layer) -> gpd.GeoDataFrame:
    """Return the layer with exactly the columns `osm` (n12, w12, r12, or NA) and `KEYS`, whatever its exporter did."""
    frame = layer.frame
    columns = {}
    for key in KEYS:  # a name like building_levels stands for building:levels
        for spelt in (key.replace(":", "_"), key):
            if spelt in frame.columns:
                columns[key] = spelt
    extra = frame["other_tags"] if "other_tags" in frame.columns else pd.Series(pd.NA, frame.index, dtype="str")
    packed = [dict(_HSTORE.findall(text)) if isinstance(text, str) else {} for text in extra]
    out: dict[str, object] = {"osm": _osm_ids(frame)}
    for key in KEYS:
        values = frame[columns[key]] if key in columns else pd.Series(None, index=frame.index, dtype="object")
        text = [
            value if isinstance(value, str) else (None if pd.isna(value) else f"{value:g}" if isinstance(value, float)
                                                  else str(value))
            for value in values.map(lambda v: v[0] if isinstance(v, list | np.ndarray) and len(v) else v)
        ]  # fmt: skip
        filled = [own if own else more.get(key) for own, more in zip(text, packed, strict=True)]
        out[key] = pd.array(filled, dtype="str")
    return gpd.GeoDataFrame(out, geometry=frame.geometry.values, crs=frame.crs)


def _osm_ids(frame: gpd.GeoDataFrame) -> list[str | None]:
    """Return n, w or r with the OpenStreetMap number of each row; None where the layer has none.

    GDAL writes a polygon's way into `osm_way_id` and its relation into `osm_id`; a point taken from an area says so in
    `geom_source`.
    """
    if "osm" in frame.columns:
        return list(frame["osm"])
    shapes = frame.geometry
    count = len(frame)
    ids: list[str | None] = [None] * count
    source = list(frame["geom_source"]) if "geom_source" in frame.columns else [None] * count
    dims = shapely.get_dimensions(shapes.values)
    kinds = list(frame["type"]) if "type" in frame.columns else [None] * count
    by_way = "osm_way_id" in frame.columns
    for column in ("osm_id", "osmid", "osm_way_id"):
        if column not in frame.columns:
            continue
        for row, value in enumerate(frame[column]):
            if isinstance(value, list | np.ndarray) or pd.isna(value) or ids[row] is not None:
                continue
            number = f"{value:.0f}" if isinstance(value, float) else str(value).strip()
            if not number.lstrip("-").isdigit():
                continue
            area = dims[row] == 2 or source[row] == "area"
            if column == "osm_way_id" or dims[row] == 1:
                letter = "w"
            elif area:
                # polygons whose exporter does not say what they were are called a
                letter = "r" if by_way or kinds[row] in ("multipolygon", "boundary") else "a"
            else:
                letter = "n"
            ids[row] = letter + number
    return ids


def tables_from_tags(layer: Layer) -> dict[str, tuple[gpd.GeoDataFrame, dict[str, int]]]:
    """Return the tables a layer's tags speak of, each with what was left out (reason and number of rows).

    Tables: roads and barriers from lines, barriers, communities, estates and buildings from areas, passages from
    points, facilities from points and areas. Columns are ours, `osm` is the id, `start_date` the date as written
    (buildings and estates); coordinates stay the source's.
    """
    tags = tag_frame(layer)
    shapes = tags.geometry
    dims = pd.Series(shapely.get_dimensions(shapes.values), tags.index)
    present = shapes.notna() & ~shapes.is_empty
    lines, areas = tags[present & (dims == 1)], tags[present & (dims == 2)]
    places = tags[present & (dims != 1)]
    makers: tuple[tuple[str, Callable[[], tuple[gpd.GeoDataFrame, dict[str, int]]]], ...] = (
        ("roads", lambda: _roads(lines)),
        ("barriers", lambda: _barriers(lines, areas)),
        ("communities", lambda: _communities(areas)),
        ("estates", lambda: _estates(areas)),
        ("passages", lambda: _passages(tags[present & (dims == 0)])),
        ("buildings", lambda: _buildings(areas)),
        ("facilities", lambda: _facilities(places)),
    )
    made = {table: make() for table, make in makers}
    return {table: result for table, result in made.items() if len(result[0]) or result[1]}


def _table(tags: gpd.GeoDataFrame, columns: Mapping[str, object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"osm": tags["osm"], **columns}, geometry=tags.geometry, crs=tags.crs)


def _name(tags: gpd.GeoDataFrame, *fallbacks: str) -> pd.Series:
    name = tags["name"]
    for key in ("name:zh", *fallbacks):
        name = name.fillna(tags[key])
    return name


def _first(values: pd.Series) -> pd.Series:
    """Return the first of several values written `a;b`."""
    return values.str.extract(r"^\s*([^;]*?)\s*(?:;|$)")[0]


def _says_yes(values: pd.Series) -> pd.Series:
    return values.notna() & ~values.isin(["no", "false", "0"])


def _roads(lines: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    tags = lines[lines["highway"].notna()]
    ring = tags["area"].eq("yes").fillna(False).astype(bool)
    road_class = _first(tags["highway"])
    known = road_class.isin(ROAD_CLASSES)
    left = {f"highway={value}": int(n) for value, n in road_class[~known].value_counts().sort_index().items()}
    if (known & ring).any():
        left["squares (area=yes), which have no centre line"] = int((known & ring).sum())
    tags = tags[known & ~ring]
    road_class = road_class[tags.index]
    foot, access = _first(tags["foot"]), _first(tags["access"])
    may = foot.isin(_PASSED)
    walkable = may | ~(
        foot.notna()
        | access.isin(["no", "private"])
        | road_class.isin(_NEVER_WALKED)
        | tags["motorroad"].eq("yes").fillna(False).astype(bool)
    )
    roundabout = tags["junction"].isin(["roundabout", "circular"])
    oneway = tags["oneway"].isin(["yes", "true", "1", "-1", "reverse"])
    implied = tags["oneway"].isna() & (roundabout | road_class.isin(["motorway", "motorway_link"]))
    backward = tags["oneway"].isin(["-1", "reverse"])
    shapes = tags.geometry.where(~backward, tags.geometry.reverse())
    table = _table(tags, {
        "name": _name(tags, "ref"), "name_en": tags["name:en"], "road_class": road_class, "oneway": oneway | implied,
        "roundabout": roundabout, "bridge": _says_yes(tags["bridge"]),
        # a passage through a building lies on the ground
        "tunnel": _says_yes(tags["tunnel"]) & tags["tunnel"].ne("building_passage"),
        "level": _whole(tags["layer"]).fillna(0), "walkable": walkable.astype(bool),
    }).set_geometry(shapes)  # fmt: skip
    return table, left


def _whole(values: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(_first(values), errors="coerce").astype("float64")
    return numbers.where(numbers == np.round(numbers))


def _barriers(lines: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    kinds = {"river": "river", "tidal_channel": "river", "canal": "canal", "stream": "stream", "brook": "stream",
             "drain": "drain", "ditch": "drain"}  # fmt: skip
    water = lines["waterway"].map(kinds)
    rail = lines["railway"].isin(["rail", "light_rail", "narrow_gauge"])
    main = rail & lines["service"].isna()
    left: dict[str, int] = {}
    if main.any() and (rail & ~main).any():
        left["sidings and yards (railway with service=…)"] = int((rail & ~main).sum())
        rail = main
    other_rail = lines["railway"].notna() & ~lines["railway"].isin(["rail", "light_rail", "narrow_gauge"])
    left |= {f"railway={v}": int(n) for v, n in lines["railway"][other_rail].value_counts().sort_index().items()}
    kind = water.fillna(rail.map({True: "railway"})).fillna(lines["barrier"].map({"city_wall": "wall"}))
    wet = lines.assign(kind=kind)[kind.notna()]  # an empty frame would grow by the assignment

    name = _name(areas)
    body = areas["natural"].eq("water").fillna(False).astype(bool) | areas["waterway"].isin(["riverbank", "dock"])
    river = areas["water"].isin(["river", "canal", "oxbow"]) | areas["waterway"].eq("riverbank").fillna(False)
    named = name.map(lambda text: isinstance(text, str) and bool(_RIVER_NAME.search(text))).astype(bool)
    canal = areas["water"].eq("canal").fillna(False) | name.map(
        lambda text: isinstance(text, str) and bool(_CANAL_NAME.search(text))
    ).astype(bool)
    chosen = body & (river | named)
    still = int((body & ~chosen).sum())
    if still:
        left["lakes, ponds and other still water"] = still
    banks = areas.assign(kind=canal.map({True: "canal", False: "river"}))[chosen]
    tags = gpd.GeoDataFrame(pd.concat([part for part in (wet, banks) if len(part)] or [wet]), crs=lines.crs)
    over = _says_yes(tags["bridge"])
    crossable = pd.Series(pd.NA, tags.index, dtype="boolean")
    crossable[tags["kind"].isin(["river", "canal", "railway", "wall"])] = False
    crossable[over & tags["kind"].eq("railway")] = True  # people walk under a viaduct
    table = _table(tags, {
        "kind": tags["kind"], "name": _name(tags), "name_en": tags["name:en"], "crossable": crossable,
        "tunnel": _says_yes(tags["tunnel"]),
    })  # fmt: skip
    return table, left


def _communities(areas: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """Return the finest administrative areas at level 10 (communities and villages), else 9."""
    admin = areas["boundary"].eq("administrative").fillna(False).astype(bool)
    level = pd.to_numeric(areas["admin_level"], errors="coerce")
    here = [each for each in (10, 9) if (admin & (level == each)).any()]
    chosen = admin & (level == here[0]) if here else admin & False
    rest = int((admin & ~chosen).sum())
    tags = areas[chosen]
    name = _name(tags)
    kind = name.str.endswith("村").fillna(False).astype(bool).map({True: "village", False: "community"})
    table = _table(tags, {"name": name, "name_en": tags["name:en"], "kind": kind})
    return table, {"administrative areas of other levels": rest} if rest else {}


def _estates(areas: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """Return every residential area; the size and what runs through it are judged later, in metres."""
    tags = areas[areas["landuse"].eq("residential").fillna(False).astype(bool)]
    walled = tags["barrier"].isin(["wall", "fence", "gate"]) | tags["residential"].eq("gated").fillna(False)
    walled |= tags["access"].isin(["private", "residents"]) | tags["gated"].eq("yes").fillna(False)
    closed = walled.astype(bool).map({True: True, False: None}).astype("boolean")
    table = _table(tags, {"name": _name(tags), "name_en": tags["name:en"], "closed": closed,
                          "year_built": _years(tags["start_date"]), "start_date": tags["start_date"]})  # fmt: skip
    return table, {}


def _years(dates: pd.Series) -> pd.Series:
    """Return the year of a date (2004, 2004-05, 2004-05-17), the last of a span (`year_built_by`), else missing."""
    found = {text: year_built_by(text) for text in dates.dropna().unique()}
    return dates.map(found).astype("float64")


_PLAIN_DATE = re.compile(r"(\d{4})(?:-\d{1,2}){0,2}")
_SPAN_PARTS = re.compile(
    r"(?:(?:before|by|until|about|around|circa|ca\.?|c\.?|<=?|~|≈|约)\s*)?"
    r"(?:(early|mid|late)[\s-]*)?"
    r"(?:(?P<year>\d{4})(?:[-/.]\d{1,2}){0,2}年?|(?P<decade>\d{3})0(?:s|'s|年代)"
    r"|c(?P<century>\d{1,2})|(?P<spoken>\d{1,2})(?:st|nd|rd|th)\s+century)"
    r"\s*[?？]?",
    re.IGNORECASE,
)
_THIRDS = {"early": 1, "mid": 2, "late": 3, None: 3}


def year_built_by(text: str) -> float:
    """Return the year by which something stood, of a date as OpenStreetMap writes it; NaN where it names none.

    Of a span it is the last year, of a third of a decade or century the last of that third; a span that is open to the
    later side (`after 1905`) has none.

    Examples
    --------
    >>> [year_built_by(text) for text in ("2004-05", "before 1939", "1908..1939", "1890s", "~1950", "C19", "early C20")]
    [2004.0, 1939.0, 1939.0, 1899.0, 1950.0, 1899.0, 1933.0]
    >>> year_built_by("after 1905"), year_built_by("old")
    (nan, nan)
    """
    last = re.split(r"\.\.+|…|–|—|(?<=\d{4})\s*-\s*(?=\d{4})", text.strip())[-1].strip()
    found = _SPAN_PARTS.fullmatch(last)
    if found is None:
        return float("nan")
    if found["year"]:
        return float(found["year"])
    step, start = (10, int(found["decade"]) * 10) if found["decade"] else (
        100, (int(found["century"] or found["spoken"]) - 1) * 100)  # fmt: skip
    part = found[1].lower() if found[1] else None
    return float(start + step * _THIRDS[part] // 3 - (part in (None, "late")))


def year_repairs(table: str, dates: pd.Series) -> list[Repair]:
    """Return what is said about dates that are no plain years: those read as the year by which it stood, and the rest.

    Parameters
    ----------
    table
        The table the rows went to.
    dates
        `start_date` of its rows, as written.
    """
    written = dates.dropna()
    written = written[[_PLAIN_DATE.fullmatch(text) is None for text in written]]
    known = written.map({text: year_built_by(text) for text in written.unique()}).astype("float64").notna()
    said = (
        (known, "year_of_span", "is no plain date: the last year of the span is taken as the year by which it stood",
         "不是确切日期:取时段的最后一年,作为当时已建成的年份"),
        (~known, "no_year", "names no year by which it stood: the year is unknown", "没有说明何年已建成:年份作未知"),
    )  # fmt: skip
    made = []
    for rows, code, detail, detail_zh in said:
        if not rows.any():
            continue
        often = written[rows].value_counts().sort_index().sort_values(ascending=False, kind="stable")
        shown, many = [str(text) for text in often.index[:5]], int(rows.sum())
        more, more_zh = (" …", "等") if len(often) > len(shown) else ("", "")
        made.append(Repair(table, "", "assumed", code,
                           f"start_date of {many} row(s) ({', '.join(shown)}{more}) {detail}",
                           f"{many} 行的建成时间({'、'.join(shown)}{more_zh}){detail_zh}"))  # fmt: skip
    return made


def _metres(text: pd.Series) -> pd.Series:
    """Return heights in metres from `12`, `12.5 m` or `40 ft`; missing for everything else."""
    parts = text.str.extract(r"^\s*(\d+(?:\.\d+)?)\s*(m|metres?|ft|')?\s*$", flags=re.IGNORECASE)
    feet = parts[1].str.lower().isin(["ft", "'"])
    return pd.to_numeric(parts[0], errors="coerce").astype("float64") * np.where(feet, 0.3048, 1.0)


def _buildings(areas: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    stands = areas["building"].notna() & ~areas["building"].isin(_NO_BUILDING)
    tags = areas[stands]
    of_building = {value: use for use, values in BUILDING_USES.items() for value in values}
    of_amenity = {value: use for use, values in _AMENITY_USES.items() for value in values}
    use = _first(tags["building"]).map(of_building)
    use = use.fillna(_first(tags["amenity"]).map(of_amenity))
    trade = tags["shop"].notna() | tags["tourism"].isin(["hotel", "motel", "hostel"])
    use = use.fillna(trade.map({True: "commercial"}))
    use = use.fillna(tags["office"].notna().map({True: "office"})).fillna(tags["tourism"].notna().map({True: "public"}))
    use = use.fillna(tags["healthcare"].notna().map({True: "health"}))
    station = tags["railway"].isin(["station", "halt"]) | tags["public_transport"].eq("station").fillna(False)
    use = use.fillna((station | tags["leisure"].notna()).map({True: "public"}))
    # nobody lives in a substation or below ground
    use = use.fillna(
        (tags["power"].notna() | tags["location"].eq("underground").fillna(False)).map({True: "ancillary"})
    )
    table = _table(tags, {
        "name": _name(tags), "use": use.fillna("unknown"),
        "floors": pd.to_numeric(tags["building:levels"], errors="coerce").astype("float64"),
        "height_m": _metres(tags["height"]), "year_built": _years(tags["start_date"]),
        "structure": tags["building:material"], "dwellings": _whole(tags["building:flats"]),
        "start_date": tags["start_date"],
    })  # fmt: skip
    gone = int((areas["building"].notna() & ~stands).sum())
    return table, {"building=no, entrance, proposed or demolished": gone} if gone else {}


def _passages(points: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """Return gates of walls and fences, crossings of roads, level crossings; no gate that is closed to people."""
    kind = pd.Series(None, index=points.index, dtype="object")
    kind[points["barrier"].isin(_GATES)] = "gate"
    kind[points["highway"].eq("crossing").fillna(False) & points["crossing"].ne("no").fillna(True)] = "crossing"
    kind[points["railway"].isin(["crossing", "level_crossing"])] = "level_crossing"
    shut = kind.eq("gate").fillna(False) & (
        _first(points["foot"]).isin(["no", "private"])
        | (points["access"].isin(["no"]) & ~_first(points["foot"]).isin(_PASSED))
    )
    left = {"gates that nobody may pass": int(shut.sum())} if shut.any() else {}
    tags = points[kind.notna() & ~shut]
    return _table(tags, {"kind": kind[tags.index].astype("str"), "name": tags["name"],
                         "name_en": tags["name:en"]}), left  # fmt: skip


def _facilities(places: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    category = pd.Series(None, index=places.index, dtype="object")
    for name, key, values in FACILITIES:
        fits = category.isna() & places[key].map(lambda text, v=values: _any_of(text, v)).astype(bool)
        category[fits] = name
    category = _refined(category, places)
    offered = places[["amenity", "shop", "leisure", "healthcare", "social_facility"]].notna().any(axis=1)
    shut = category.notna() & places["access"].isin(["private", "no"])
    left = {}
    if (offered & category.isna()).any():
        left["amenities, shops and places of other kinds"] = int((offered & category.isna()).sum())
    if shut.any():
        left["places with access=private or no"] = int(shut.sum())
    tags = places[category.notna() & ~shut]
    columns = {"category": category[tags.index].astype("str"), "name": _name(tags), "name_en": tags["name:en"]}
    table = _table(tags, {**columns, "capacity": _whole(tags["capacity"])})
    return table, left


def _any_of(text: object, values: Iterable[str]) -> bool:
    return isinstance(text, str) and any(part.strip() in values for part in text.split(";"))


def _refined(category: pd.Series, places: gpd.GeoDataFrame) -> pd.Series:
    """Return categories that need a second tag or the name: schools by level, health stations, offices, elder care."""
    names = _name(places).fillna("")
    out = category.copy()
    level = places["isced:level"].fillna("")
    school = category.eq("school").fillna(False)
    latin = names.str.lower()
    primary = (
        names.str.contains("小学|小學") | level.str.contains("1") | latin.str.contains(r"\b(?:primary|elementary)\b")
    )
    secondary = names.str.contains("中学|中學|高中|初中|国中|國中") | level.str.contains("[23]")
    out[school & primary] = "primary_school"
    out[school & secondary & ~primary] = "middle_school"
    medical = category.isin(["clinic", "hospital"])
    out[medical & names.str.contains("社区卫生服务站|卫生站|卫生室|衛生室")] = "health_station"
    out[medical & names.str.contains("社区卫生服务中心|卫生院|衛生所")] = "health_centre"
    cared = places["social_facility"].isin(["nursing_home", "assisted_living", "group_home"])
    visited = places["social_facility"].eq("day_care").fillna(False)
    old = places["social_facility:for"].map(lambda text: _any_of(text, ("senior", "elderly"))).astype(bool)
    old |= names.str.contains("养老|敬老|老年|安老|長照|日间照料")
    none = category.isna()
    out[none & cared & old] = "elder_home"
    out[none & places["social_facility"].eq("nursing_home").fillna(False)] = "elder_home"
    out[none & visited & old] = "elder_room"
    official = category.isin(["government", "culture_room"])
    out[official & names.str.contains("居委会|居民委员会|村委会|村民委员会")] = "committee_office"
    out[official & names.str.contains("社区服务|党群服务|便民服务")] = "service_station"
    return out
