"""OGC 19-079r2 (Part 3: Filtering) and 21-065r2 (CQL2), Annex A: their abstract tests, on a whole town."""

import json
import random
from typing import Any

import pytest

from tests.api.features.conftest import Api, linked

CONF3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"
CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
TABLES = ("roads", "communities", "estates", "buildings", "facilities", "blocks", "seams", "findings", "observations")
PLACED = TABLES[:-1]
VALUES = {"string": "'foo'", "boolean": "true", "number": "3.14", "integer": "1", "date": "DATE('2022-04-14')"}


def queryables(api: Api, collection: str) -> dict[str, str]:
    """Return name → type of what can be asked for, the geometry aside."""
    told = api.json(f"/collections/{collection}/queryables")["properties"]
    return {name: each.get("format", each["type"]) for name, each in told.items() if name != "geometry"}


def found(api: Api, collection: str, expression: str, **query: str) -> set[str]:
    return set(api.ids(collection, filter=expression, **query))


def refused(api: Api, collection: str, expression: str, **query: str) -> str:
    return api.refused(f"/collections/{collection}/items", filter=expression, **query)


def everything(api: Api, collection: str) -> set[str]:
    return set(api.ids(collection))


# ── Part 3: queryables ───────────────────────────────────────────────────────────────────────────────────────────────
def test_get_conformance(api: Api) -> None:
    """/conf/queryables/get-conformance, /conf/filter/get-conformance, /conf/features-filter/get-conformance"""
    declared = api.json("/conformance")["conformsTo"]
    for name in ("queryables", "queryables-query-parameters", "filter", "features-filter"):
        assert CONF3 + name in declared


def test_get_collections(api: Api) -> None:
    """/conf/queryables/get-collections: there are some."""
    assert len(api.collections) >= 9


def test_get_queryables(api: Api) -> None:
    """/conf/queryables/get-queryables: a JSON schema of each collection, its id being its address."""
    for each in api.collections:
        path = f"/collections/{each['id']}/queryables"
        answer = api.get(path, "application/schema+json")
        assert answer.headers["content-type"] == "application/schema+json"
        made = answer.json()
        assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert made["$id"] == api.base + path
        assert made["type"] == "object"
        assert made["additionalProperties"] is False
        assert made["properties"]["id"]["type"] == "string"
        assert ("geometry" in made["properties"]) == (each["geometryType"] != "None")


def test_get_collection(api: Api) -> None:
    """/conf/queryables/get-collection: each collection links to its queryables."""
    for each in api.collections:
        assert linked(each, "http://www.opengis.net/def/rel/ogc/1.0/queryables") == (
            f"{api.base}/collections/{each['id']}/queryables"
        )


def test_queryables_query_parameters(api: Api) -> None:
    """/conf/queryables-query-parameters/parameters: every simple queryable is a parameter of its own."""
    for table in TABLES:
        for each in api.items(table, limit=3)["features"]:
            for name, kind in queryables(api, table).items():
                value = each["id"] if name == "id" else each["properties"][name]
                if value is None:
                    continue
                text = str(value).lower() if kind == "boolean" else str(value)
                assert each["id"] in api.ids(table, **{name: text}), (table, name)
    assert api.ids("roads", name="人民路", road_class="secondary") == ["R5"]
    assert api.ids("roads", name="人民路", road_class="primary") == []


# ── Part 3: filter ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("table", TABLES)
def test_filter_param(api: Api, table: str) -> None:
    """/conf/filter/filter-param: a valid filter finds what it is true of, an invalid one is refused."""
    for name in queryables(api, table):
        made = api.items(table, filter=f'"{name}" IS NULL', filter__lang="cql2-text", limit=1000)
        assert all(f["properties"][name] is None for f in made["features"] if name != "id")
        missing = sum(f["properties"].get(name) is None for f in api.items(table, limit=1000)["features"])
        assert made["numberMatched"] == (0 if name == "id" else missing)
    assert "it is no CQL2 text, at line 1" in refused(api, table, "THIS IS NOT A FILTER", filter__lang="cql2-text")


def test_filter_lang_default(api: Api) -> None:
    """/conf/filter/filter-lang-default: text where nothing else is said."""
    assert found(api, "roads", "oneway IS NULL") == {"R3"}
    assert "it is no CQL2 text" in refused(api, "roads", '{"op": "isNull", "args": [{"property": "oneway"}]}')
    assert "filter-lang: 'cql' is not understood" in refused(api, "roads", "true", filter__lang="cql")


@pytest.mark.parametrize("table", TABLES)
def test_expression_construction(api: Api, table: str) -> None:
    """/conf/queryables/expression-construction: what is no queryable is refused, near names are told."""
    told = refused(api, table, "this_is_not_a_queryable IS NULL")
    assert "there is no property this_is_not_a_queryable → there are: id, " in told
    assert "did you mean road_class?" in refused(api, "roads", "roadclass = 'primary'")


@pytest.mark.parametrize("table", PLACED)
def test_filter_crs_wgs84(api: Api, table: str) -> None:
    """/conf/filter/filter-crs-wgs84: places are longitude and latitude; numbers that are none are refused."""
    collection = api.json(f"/collections/{table}")
    box = ",".join(str(each) for each in collection["extent"]["spatial"]["bbox"][0])
    assert found(api, table, f"S_INTERSECTS(geometry,BBOX({box}))") == everything(api, table)
    told = refused(api, table, "S_INTERSECTS(geometry,BBOX(1000000,1000000,2000000,2000000))")
    assert "a coordinate is no longitude, latitude" in told


@pytest.mark.parametrize("crs", [CRS84, EPSG + "4326", EPSG + "4490", EPSG + "3857", EPSG + "4549"])
def test_filter_crs_param(api: Api, crs: str) -> None:
    """/conf/filter/filter-crs-param: the same place in every system finds the same."""
    for table in ("buildings", "communities", "findings"):
        shape = api.items("communities", limit=1, crs=crs)["features"][0]["geometry"]["coordinates"]
        ring = ",".join(f"{x} {y}" for x, y in shape[0])
        wanted = found(api, table, "S_INTERSECTS(geometry, POLYGON((" + _ring_84(api) + ")))")
        assert found(api, table, f"S_INTERSECTS(geometry, POLYGON(({ring})))", filter__crs=crs) == wanted != set()
    wrong = "http://www.opengis.net/def/crs/OGC/0/does_not_exist"
    assert "filter-crs" in refused(api, "roads", "S_INTERSECTS(geometry, POINT(1 1))", filter__crs=wrong)


def _ring_84(api: Api) -> str:
    shape = api.items("communities", limit=1)["features"][0]["geometry"]["coordinates"]
    return ",".join(f"{x} {y}" for x, y in shape[0])


def test_mixing_expression(api: Api) -> None:
    """/conf/filter/mixing-expression: filter, box, time and properties all hold at once."""
    box = ",".join(str(each) for each in api.json("/collections/roads")["extent"]["spatial"]["bbox"][0])
    everywhere = f"S_INTERSECTS(geometry,BBOX({box}))"
    assert set(api.ids("roads", filter=everywhere, bbox=box)) == everything(api, "roads")
    assert api.ids("roads", filter=everywhere, bbox="0,0,1,1") == []
    assert api.ids("findings", filter="severity = 'general'", datetime="2026-03-01/2026-03-31", status="open") == [
        "building:JZ001:3a:1"
    ]


def test_filter_on_items(api: Api) -> None:
    """/conf/features-filter/filter-on-items: on items, as GeoJSON; in next links too."""
    made = api.items("buildings", filter="floors > 3 AND use = 'residential'", limit=5)
    second = api.json(linked(made, "next") or "")
    assert second["numberMatched"] == made["numberMatched"] > 10
    assert all(f["properties"]["floors"] > 3 for f in made["features"] + second["features"])


# ── CQL2 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_basic_test(api: Api) -> None:
    """/conf/basic-cql2/basic-test: each collection has queryables, each with a type."""
    for table in TABLES:
        assert set(queryables(api, table).values()) <= {"string", "number", "integer", "boolean", "date"}


@pytest.mark.parametrize("table", TABLES)
def test_comparison(api: Api, table: str) -> None:
    """/conf/basic-cql2/comparison, /conf/property-property/comparison-value-property: both ways."""
    for name, kind in queryables(api, table).items():
        value = VALUES[kind]
        known = found(api, table, f'"{name}" IS NOT NULL')
        sets = {op: found(api, table, f'"{name}" {op} {value}') for op in ("=", "<>", ">", "<", ">=", "<=")}
        assert sets["="] | sets["<>"] == sets[">"] | sets["<="] == sets["<"] | sets[">="] == known
        assert not sets["="] & sets["<>"]
        assert not sets[">"] & sets["<="]
        assert not sets["<"] & sets[">="]
        turned = {"=": "=", "<>": "<>", ">": "<", "<": ">", ">=": "<=", "<=": ">="}
        assert all(found(api, table, f'{value} {turned[op]} "{name}"') == sets[op] for op in ("<", ">=", "="))


@pytest.mark.parametrize("table", TABLES)
def test_is_null(api: Api, table: str) -> None:
    """/conf/basic-cql2/is-null: missing or not, the geometry too."""
    for name in [*queryables(api, table), *(["geometry"] if table in PLACED else [])]:
        missing, known = found(api, table, f'"{name}" IS NULL'), found(api, table, f'"{name}" is not null')
        assert not missing & known
        assert missing | known == everything(api, table)


def test_boolean(api: Api) -> None:
    """/conf/basic-cql2/boolean"""
    assert found(api, "roads", "true") == everything(api, "roads")
    assert found(api, "roads", "false") == set()


HAND = [
    ("roads", "name='人民路'", {"R5"}),
    ("roads", "oneway=true", {"R6"}),
    ("roads", "oneway=false", {"R1", "R2", "R4", "R5"}),
    ("roads", "oneway<>true", {"R1", "R2", "R4", "R5"}),
    ("roads", "NOT oneway=true", {"R1", "R2", "R4", "R5"}),
    ("roads", "oneway=true OR name='三路'", {"R3", "R6"}),
    ("roads", "NOT (oneway=true AND name='人民路')", {"R1", "R2", "R3", "R4", "R5"}),
    ("findings", "surveyed_on>=DATE('2026-03-02')", {"building:JZ002:1b:1", "building:JZ004:3a:1"}),
    ("findings", "done_on IS NULL AND extent>2.5", {"building:JZ002:1b:1"}),
    ("estates", "year_built BETWEEN 1980 AND 1990", {"XQ1"}),
    ("estates", "year_built NOT BETWEEN 1980 AND 1990", {"XQ2"}),
    ("estates", "year_built IN (1985, 2013)", {"XQ1"}),
    ("estates", "year_built NOT IN (1985, 2013)", {"XQ2"}),
    ("roads", "name LIKE '%路'", {"R1", "R2", "R3", "R5"}),
    ("roads", "name LIKE '_路'", {"R1", "R3"}),
    ("roads", "name NOT LIKE '%路'", {"R4"}),
    ("roads", "name_en LIKE 'f%'", set()),
    ("roads", "CASEI(name_en) LIKE casei('F%')", {"R1", "R4"}),
    ("roads", "CASEI(name_en) = casei('RENMIN ROAD')", {"R5"}),
    ("roads", "CASEI(name_en) IN (casei('third road'), casei('x'))", {"R3"}),
    ("roads", "ACCENTI(name_en) = accenti('Rénmín Rôad')", {"R5"}),
    ("roads", "ACCENTI(CASEI(name_en)) LIKE 'z%'", {"R2"}),
    ("estates", "year_built = 1980+5", {"XQ1"}),
    ("estates", "year_built > 2000 + 2^3 - 10%7 + 7 div 2", {"XQ2"}),
    ("estates", "year_built/5 = 397", {"XQ1"}),
    ("estates", "year_built * 2 - year_built >= year_built AND closed", {"XQ1"}),
    ("estates", "year_built / 0 > 1 OR year_built / 0 <= 1", set()),
    ("communities", "name_en > 'H'", {"SQ03", "SQ04"}),
    ("communities", "id IN ('SQ01', 'SQ09')", {"SQ01"}),
    ("facilities", "capacity >= 180 AND floor_area_m2 < capacity * 7", {"F1"}),
    ("findings", "t_before(surveyed_on, done_on)", {"building:JZ004:3a:1"}),
    ("findings", "surveyed_on < done_on", {"building:JZ004:3a:1"}),
    ("findings", "subject_id = building_id AND estate_id <> 'XQ2'", {"building:JZ001:3a:1", "building:JZ002:1b:1"}),
    ("findings", "surveyed_on IN (DATE('2026-03-01'), DATE('2026-03-03'))", {"building:JZ001:3a:1"}),
    ("findings", "surveyed_on IN ('2026-03-01', '2026-03-03')", {"building:JZ001:3a:1"}),
]


@pytest.mark.parametrize(("table", "expression", "wanted"), HAND)
def test_test_data(api: Api, table: str, expression: str, wanted: set[str]) -> None:
    """/conf/basic-cql2/test-data, /conf/advanced-comparison-operators/test-data,
    /conf/case-insensitive-comparison/test-data, /conf/accent-insensitive-comparison/test-data,
    /conf/arithmetic/test-data, /conf/property-property/test-data: counted by hand in the small town."""
    assert found(api, table, expression) == wanted


def test_like(api: Api) -> None:
    """/conf/advanced-comparison-operators/like: %, _, nothing, and both taken as they are."""
    for table in ("roads", "findings"):
        for name, kind in queryables(api, table).items():
            if kind != "string":
                continue
            like = {p: found(api, table, f"\"{name}\" LIKE '{p}'") for p in ("%", "_%", "", "%%", "\\%\\_")}
            assert not like["_%"] & like[""]
            assert like["%"] == like["%%"] == found(api, table, f'"{name}" IS NOT NULL')
            assert like["\\%\\_"] == set()
    assert found(api, "roads", "'København' LIKE 'K_benhavn'") == everything(api, "roads")


def test_between(api: Api) -> None:
    """/conf/advanced-comparison-operators/between: both ends are in it; the wrong way round it is empty."""
    for name in ("floors", "households", "year_built"):
        within = found(api, "buildings", f"{name} BETWEEN 5 AND 20")
        assert within == found(api, "buildings", f"{name} >= 5 AND {name} <= 20")
        assert found(api, "buildings", f"{name} between 100.0 and 1.0") == set()


def test_in(api: Api) -> None:
    """/conf/advanced-comparison-operators/in: of every type."""
    values = {"string": "'foo', 'residential'", "boolean": "true", "number": "1, 2, 3", "integer": "1, 2, 3",
              "date": "DATE('2026-03-01')"}  # fmt: skip
    for table in TABLES:
        for name, kind in queryables(api, table).items():
            inside = found(api, table, f'"{name}" IN ({values[kind]})')
            either = " OR ".join(f'"{name}" = {each}' for each in values[kind].split(", "))
            assert inside == found(api, table, either), (table, name)


def test_casei(api: Api) -> None:
    """/conf/case-insensitive-comparison/casei and casei-like; /conf/accent-insensitive-comparison/accenti"""
    for name in ("name", "name_en", "road_class"):
        for fold, one, other in (("CASEI", "road", "ROAD"), ("ACCENTI", "road", "röäd")):
            assert not found(api, "roads", f"{fold}({name}) = {fold}('{one}')") & found(
                api, "roads", f"{fold}({name}) <> {fold}('{other}')"
            )
            assert found(api, "roads", f"{fold}({name}) LIKE {fold}('%{one}%')") == found(
                api, "roads", f"{fold}({name}) LIKE {fold}('%{other}%')"
            )


def test_property_property(api: Api) -> None:
    """/conf/property-property/comparison-property-property: each equals itself where it is known."""
    for table in ("roads", "buildings", "findings"):
        for name in queryables(api, table):
            known = found(api, table, f'"{name}" IS NOT NULL')
            assert found(api, table, f'"{name}" = "{name}"') == known
            assert found(api, table, f'"{name}" >= "{name}"') == known
            assert found(api, table, f'"{name}" <> "{name}" OR "{name}" < "{name}"') == set()


@pytest.mark.parametrize(
    "value", ["'foo'", "true", "3.14", "1", "TIMESTAMP('2022-04-14T14:48:46Z')", "DATE('2022-04-14')"]
)
def test_value_value(api: Api, value: str) -> None:
    """/conf/property-property/comparison-value-value"""
    for op, holds in {"=": True, "<>": False, ">": False, "<": False, ">=": True, "<=": True}.items():
        assert found(api, "roads", f"{value} {op} {value}") == (everything(api, "roads") if holds else set())


# places: SQ01 is the south-west quarter, SQ02 east of it, SQ03 north of it, SQ04 touches it in one point
def _community(api: Api, name: str) -> str:
    shape = api.json(f"/collections/communities/items/{name}")["geometry"]["coordinates"]
    return "POLYGON((" + ",".join(f"{x} {y}" for x, y in shape[0]) + "))"


def test_s_intersects(api: Api) -> None:
    """/conf/basic-spatial-functions/s_intersects, /conf/spatial-functions/s_intersects"""
    world = "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))"
    for table in PLACED:
        everywhere = found(api, table, "S_INTERSECTS(geometry,BBOX(-180,-90,180,90))")
        assert everywhere == found(api, table, f"S_INTERSECTS(geometry,{world})") == everything(api, table)
        assert found(api, table, "S_INTERSECTS(geometry,LINESTRING(7 50, 10 51))") == set()
        assert found(api, table, "S_INTERSECTS(geometry,POINT(7.02 49.92))") == set()
        assert "no longitude, latitude" in refused(api, table, "S_INTERSECTS(geometry,POINT(90 180))")
        assert found(api, table, "S_INTERSECTS(geometry,BBOX(-180,-90,-90,90)) AND "
                                 "S_INTERSECTS(geometry,BBOX(90,-90,180,90))") == set()  # fmt: skip
    assert found(api, "communities", f"S_INTERSECTS({_community(api, 'SQ01')}, geometry)") == {
        "SQ01", "SQ02", "SQ03", "SQ04",
    }  # fmt: skip


def test_s_intersects_more_literals(api: Api) -> None:
    """/conf/basic-spatial-functions-plus/s_intersects: every type; a wrong coordinate is refused."""
    x, y = 120.0005, 30.1797
    spot = f"{x} {y}"
    for written in (
        f"MULTIPOINT({spot}, 7 49)", f"LINESTRING({spot}, 7 49)", f"MULTILINESTRING(({spot}, 7 49), (0 45, 1 45))",
        f"POLYGON(({spot}, 7 49, 7 48, {spot}))",
        f"MULTIPOLYGON((({spot}, 7 49, 7 48, {spot})),((0 0, 10 0, 10 10, 0 10, 0 0)))",
        f"GEOMETRYCOLLECTION(POINT({spot}), POLYGON((0 0, 10 0, 10 10, 0 10, 0 0)))", f"POINT({spot})",
    ):  # fmt: skip
        assert "SQ01" in found(api, "communities", f"S_INTERSECTS(geometry,{written})"), written
    assert "no longitude" in refused(api, "communities", "S_INTERSECTS(geometry,MULTIPOINT(7.02 49.92, 90 180))")


def test_s_disjoint(api: Api) -> None:
    """/conf/spatial-functions/s_disjoint: the others."""
    for table in PLACED:
        assert found(api, table, "S_DISJOINT(geometry,BBOX(-180,-90,180,90))") == set()
        assert found(api, table, "S_DISJOINT(geometry,POINT(7.02 49.92))") == everything(api, table)
        place = _community(api, "SQ01")
        near, away = (found(api, table, f"{name}(geometry,{place})") for name in ("S_INTERSECTS", "S_DISJOINT"))
        assert not near & away
        assert near | away == everything(api, table)


def test_s_equals(api: Api) -> None:
    """/conf/spatial-functions/s_equals: what was read from here equals what it was read from."""
    for name in ("SQ01", "SQ03"):
        assert found(api, "communities", f"S_EQUALS(geometry,{_community(api, name)})") == {name}
    x, y = api.json("/collections/facilities/items/F2")["geometry"]["coordinates"]
    assert found(api, "facilities", f"S_EQUALS(geometry,POINT({x} {y}))") == {"F2"}
    assert found(api, "communities", "S_EQUALS(geometry,POINT(7.02 49.92))") == set()


def test_s_touches(api: Api) -> None:
    """/conf/spatial-functions/s_touches: neighbours, along a border or in a point; not itself."""
    assert found(api, "communities", f"S_TOUCHES(geometry,{_community(api, 'SQ01')})") == {"SQ02", "SQ03", "SQ04"}
    assert found(api, "communities", f"S_TOUCHES({_community(api, 'SQ02')},geometry)") == {"SQ01", "SQ03", "SQ04"}
    assert found(api, "communities", "S_TOUCHES(geometry,BBOX(-180,-90,180,90))") == set()


def test_s_crosses(api: Api) -> None:
    """/conf/spatial-functions/s_crosses: streets that lead in and out again."""
    assert found(api, "roads", f"S_CROSSES(geometry,{_community(api, 'SQ01')})") == {"R1", "R4"}
    assert found(api, "roads", "S_CROSSES(geometry,LINESTRING(119 30.181,121 30.181))") == {"R1", "R2", "R3"}
    assert found(api, "roads", "S_CROSSES(geometry,BBOX(-180,-90,180,90))") == set()


def test_s_within(api: Api) -> None:
    """/conf/spatial-functions/s_within"""
    world = "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))"
    for table in PLACED:
        assert found(api, table, "S_WITHIN(geometry,BBOX(-180,-90,180,90))") == everything(api, table)
        assert found(api, table, f"S_WITHIN(geometry,{world})") == everything(api, table)
        assert found(api, table, "S_WITHIN(geometry,MULTIPOINT(7 50,10 51))") == set()
    assert found(api, "estates", f"S_WITHIN(geometry,{_community(api, 'SQ01')})") == {"XQ1", "XQ2"}
    inside = found(api, "blocks", f"S_WITHIN(geometry,{_community(api, 'SQ04')})")
    assert len(inside) == 4
    assert inside == found(api, "blocks", "community_id = 'SQ04'")


def test_s_contains(api: Api) -> None:
    """/conf/spatial-functions/s_contains: within, the other way round."""
    assert found(api, "communities", "S_CONTAINS(geometry,POINT(120.0005 30.1797))") == {"SQ01"}
    assert found(api, "communities", "S_WITHIN(POINT(120.0005 30.1797),geometry)") == {"SQ01"}
    assert found(api, "estates", f"S_CONTAINS({_community(api, 'SQ01')},geometry)") == {"XQ1", "XQ2"}
    for written in ("BBOX(-180,-90,180,90)", "LINESTRING(7 50,10 51)", "MULTIPOINT(7 50,10 51)"):
        assert found(api, "communities", f"S_CONTAINS(geometry,{written})") == set()
    assert found(api, "communities", f"S_CONTAINS(geometry,{_community(api, 'SQ02')})") == {"SQ02"}


def test_s_overlaps(api: Api) -> None:
    """/conf/spatial-functions/s_overlaps: partly in it, partly not."""
    west, south, east, north = 120.0005, 30.1797, 120.0052, 30.1805
    assert found(api, "communities", f"S_OVERLAPS(geometry,BBOX({west},{south},{east},{north}))") == {"SQ01", "SQ02"}
    assert found(api, "communities", "S_OVERLAPS(geometry,BBOX(-180,-90,180,90))") == set()
    # a part far away is a part outside
    far = _community(api, "SQ01").removeprefix("POLYGON")
    assert found(api, "communities", f"S_OVERLAPS(geometry,MULTIPOLYGON({far},((0 0,1 0,1 1,0 0))))") == set()
    assert found(api, "communities", f"S_WITHIN(geometry,MULTIPOLYGON({far},((0 0,1 0,1 1,0 0))))") == {"SQ01"}
    assert found(api, "communities", f"S_EQUALS(geometry,MULTIPOLYGON({far},((0 0,1 0,1 1,0 0))))") == set()


YEAR = "INTERVAL('2026-03-02','2026-12-31')"
TIMES = [
    ("T_AFTER(surveyed_on, DATE('2026-03-01'))", {"2", "4"}),
    ("T_BEFORE(surveyed_on, DATE('2026-03-02'))", {"1"}),
    ("T_DISJOINT(surveyed_on, DATE('2026-03-02'))", {"1", "4"}),
    ("T_EQUALS(surveyed_on, DATE('2026-03-02'))", {"2"}),
    ("T_INTERSECTS(surveyed_on, DATE('2026-03-02'))", {"2"}),
    (f"T_AFTER(surveyed_on, {YEAR})", set()),
    (f"T_BEFORE(surveyed_on, {YEAR})", {"1"}),
    (f"T_DISJOINT(surveyed_on, {YEAR})", {"1"}),
    (f"T_EQUALS(surveyed_on, {YEAR})", set()),
    ("T_EQUALS(surveyed_on, INTERVAL('2026-03-02','2026-03-02'))", {"2"}),
    (f"T_INTERSECTS(surveyed_on, {YEAR})", {"2", "4"}),
    ("T_INTERSECTS(surveyed_on, INTERVAL('2026-03-02T12:00:00Z','..'))", {"2", "4"}),
    ("T_AFTER(DATE('2026-03-02'), surveyed_on)", {"1"}),
    ("T_DURING(INTERVAL(surveyed_on, done_on), INTERVAL('2026-03-31','2026-06-02'))", {"4"}),
    ("T_CONTAINS(INTERVAL(surveyed_on, done_on), INTERVAL('2026-04-02','2026-05-31'))", {"4"}),
    ("T_STARTS(INTERVAL(surveyed_on, done_on), INTERVAL('2026-04-01','2026-07-01'))", {"4"}),
    ("T_STARTEDBY(INTERVAL(surveyed_on, done_on), INTERVAL('2026-04-01','2026-05-01'))", {"4"}),
    ("T_FINISHES(INTERVAL(surveyed_on, done_on), INTERVAL('2026-01-01','2026-06-01'))", {"4"}),
    ("T_FINISHEDBY(INTERVAL(surveyed_on, done_on), INTERVAL('2026-05-01','2026-06-01'))", {"4"}),
    ("T_MEETS(INTERVAL(surveyed_on, done_on), INTERVAL('2026-06-01','2026-07-01'))", {"4"}),
    ("T_METBY(INTERVAL(surveyed_on, done_on), INTERVAL('2026-01-01','2026-04-01'))", {"4"}),
    ("T_OVERLAPS(INTERVAL(surveyed_on, done_on), INTERVAL('2026-05-01','2026-07-01'))", {"4"}),
    ("T_OVERLAPPEDBY(INTERVAL(surveyed_on, done_on), INTERVAL('2026-01-01','2026-05-01'))", {"4"}),
    ("T_EQUALS(INTERVAL(surveyed_on, done_on), INTERVAL('2026-04-01','2026-06-01'))", {"4"}),
    ("T_INTERSECTS(INTERVAL(surveyed_on, '..'), INTERVAL('2026-03-02','2026-03-03'))", {"1", "2"}),
    ("T_DURING(INTERVAL('2026-04-02','2026-05-01'), INTERVAL(surveyed_on, done_on))", {"4"}),
]


@pytest.mark.parametrize(("expression", "wanted"), TIMES)
def test_temporal_functions(api: Api, expression: str, wanted: set[str]) -> None:
    """/conf/temporal-functions/temporal-functions-1, /conf/temporal-functions/temporal-functions-2,
    /conf/temporal-functions/test-data: by hand, on the days of three findings; that of JZ004 is done."""
    assert {each.split(":")[1][-1] for each in found(api, "findings", expression)} == wanted


def test_temporal_functions_of_instants(api: Api) -> None:
    """/conf/temporal-functions/temporal-functions-2: what only intervals can be is refused of instants."""
    told = refused(api, "findings", "T_DURING(surveyed_on, INTERVAL('2026-01-01','2026-12-31'))")
    assert "t_during is between intervals" in told
    assert "ends before it begins" in refused(
        api, "findings", "T_AFTER(surveyed_on, INTERVAL('2026-02-01','2026-01-01'))"
    )
    assert "floors is no day and no time" in refused(api, "buildings", "T_AFTER(floors, DATE('2026-01-01'))")


def test_arithmetic(api: Api) -> None:
    """/conf/arithmetic/arithmetic: each operator, in numbers and in columns."""
    for expression in ("floors + 1 > 3", "floors - 1 > 3", "floors * 2 > 9", "floors / 2 > 2", "floors div 2 = 2",
                       "floors % 2 = 1", "floors ^ 2 > 20", "households / dwellings < 1", "-floors < -4",
                       "(floors + 1) * (floors - 1) = floors ^ 2 - 1"):  # fmt: skip
        assert found(api, "buildings", expression), expression
    assert "+ takes numbers; name is text" in refused(api, "buildings", "name + 1 > 2")


@pytest.mark.parametrize(
    "kind", ["basic-cql2", "advanced-comparison-operators", "spatial-functions", "temporal-functions", "arithmetic"]
)
def test_logical(api: Api, kind: str) -> None:
    """/conf/basic-cql2/logical, /conf/advanced-comparison-operators/logical, /conf/spatial-functions/logical,
    /conf/temporal-functions/logical, /conf/arithmetic/logical: four predicates hold by the truth table."""
    by_kind = {
        "basic-cql2": ["severity = 'general'", "extent > 2", "done_on IS NULL", "place_given = true"],
        "advanced-comparison-operators": ["note LIKE '%松%'", "extent BETWEEN 1 AND 3", "code IN ('3a')", "true"],
        "spatial-functions": ["S_INTERSECTS(geometry, BBOX(120,30.1,120.0015,30.2))", "S_DISJOINT(geometry,POINT(1 1))",
                              "S_WITHIN(geometry, BBOX(0,0,1,1))", "extent > 2"],
        "temporal-functions": ["T_AFTER(surveyed_on, DATE('2026-03-01'))", "T_BEFORE(done_on, DATE('2027-01-01'))",
                               "T_EQUALS(surveyed_on, DATE('2026-03-02'))", "extent > 2"],
        "arithmetic": ["extent + 1 > 3", "extent / 0 > 1", "extent * 2 = 7", "place_given"],
    }  # fmt: skip
    told = by_kind[kind]
    everybody = everything(api, "findings")
    true = {p: found(api, "findings", p) for p in told}
    false = {p: found(api, "findings", f"NOT ({p})") for p in told}
    for combination in range(6):
        p1, p2, p3, p4 = random.Random(combination).sample(told, 4)
        made = found(api, "findings", f"((NOT ({p1}) AND {p2}) OR ({p3} and NOT ({p4})) or not ({p1} AND {p4}))")
        wanted = {
            one for one in everybody
            if (one in false[p1] and one in true[p2]) or (one in true[p3] and one in false[p4])
            or one in false[p1] or one in false[p4]
        }  # fmt: skip
        assert made == wanted, (p1, p2, p3, p4)


def test_cql2_text_validate(api: Api) -> None:
    """/conf/cql2-text/validate and /conf/cql2-json/validate: both forms of one filter find the same."""
    pairs: list[tuple[str, Any]] = [
        ("floors > 4", {"op": ">", "args": [{"property": "floors"}, 4]}),
        ("name LIKE '1%' AND NOT use = 'public'", {"op": "and", "args": [
            {"op": "like", "args": [{"property": "name"}, "1%"]},
            {"op": "not", "args": [{"op": "=", "args": [{"property": "use"}, "public"]}]}]}),
        ("estate_id IS NULL", {"op": "isNull", "args": [{"property": "estate_id"}]}),
        ("floors BETWEEN 3 AND 4", {"op": "between", "args": [{"property": "floors"}, 3, 4]}),
        ("floors IN (3, 5)", {"op": "in", "args": [{"property": "floors"}, [3, 5]]}),
        ("CASEI(use) = CASEI('PUBLIC')", {"op": "=", "args": [
            {"op": "casei", "args": [{"property": "use"}]}, {"op": "casei", "args": ["PUBLIC"]}]}),
        ("S_INTERSECTS(geometry, BBOX(120,30.1,120.002,30.181))", {"op": "s_intersects", "args": [
            {"property": "geometry"}, {"bbox": [120, 30.1, 120.002, 30.181]}]}),
        ("S_INTERSECTS(geometry, LINESTRING(120 30.17, 120.01 30.19))", {"op": "s_intersects", "args": [
            {"property": "geometry"}, {"type": "LineString", "coordinates": [[120, 30.17], [120.01, 30.19]]}]}),
        ("floors * 2 + 1 = 9", {"op": "=", "args": [
            {"op": "+", "args": [{"op": "*", "args": [{"property": "floors"}, 2]}, 1]}, 9]}),
        ("true", True),
    ]  # fmt: skip
    for text, written in pairs:
        both = found(api, "buildings", json.dumps(written), filter__lang="cql2-json")
        assert both == found(api, "buildings", text, filter__lang="cql2-text") != set(), text
    days = {"op": "t_intersects", "args": [{"property": "surveyed_on"}, {"interval": ["2026-03-02", ".."]}]}
    assert len(found(api, "findings", json.dumps(days), filter__lang="cql2-json")) == 2


def test_escaping(api: Api) -> None:
    """/conf/cql2-text/escaping: quotes doubled; signs that are not printed arrive as they are."""
    assert found(api, "roads", "name = 'it''s' OR name = '人民路'") == {"R5"}
    told = refused(api, "roads", "name + 1 = 'a''b\tc'")
    assert "name is text" in told
    assert len(found(api, "roads", "'tab\there' = 'tab\there' AND '\n' <> '\r'")) == 6


def test_conformance_of_cql2(api: Api) -> None:
    """The classes of CQL2 that are tested here are those that are declared."""
    declared = {each.removeprefix(CQL2) for each in api.json("/conformance")["conformsTo"] if each.startswith(CQL2)}
    assert declared == {
        "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
        "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus",
        "spatial-functions", "temporal-functions", "property-property", "arithmetic",
    }  # fmt: skip
