"""OGC 17-069r4, Annex A: the abstract tests of OGC API - Features - Part 1. Each test names the one it carries out."""

import re
from datetime import datetime

import pytest
import shapely

from tests.api.features.conftest import Api, linked

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
SPATIAL = ("study_area", "roads", "communities", "estates", "buildings", "facilities", "blocks", "seams", "findings")


def complete(link: dict[str, str]) -> bool:
    return bool(link.get("rel")) and bool(link.get("type"))


def parameter(api: Api, path: str, name: str) -> dict:
    document = api.json("/api")
    found = [each for each in document["paths"][path]["get"]["parameters"] if each["name"] == name]
    assert len(found) == 1, name
    return found[0]


ITEMS = "/collections/{collection_id}/items"


def test_http(api: Api) -> None:
    """/conf/core/http: HTTP 1.1 with its status codes."""
    assert api.get("/collections").status_code == 200
    assert api.get("/collections/nothing").status_code == 404
    assert api.web.request("DELETE", api.base + "/collections").status_code == 405
    assert api.get("/collections", "image/png").status_code == 406


def test_root_op(api: Api) -> None:
    """/conf/core/root-op"""
    assert api.get("").status_code == 200


def test_root_success(api: Api) -> None:
    """/conf/core/root-success: links to the API document, the conformance declaration and the data."""
    made = api.json("")
    for rel in ("service-desc", "conformance", "data"):
        assert linked(made, rel), rel
    assert linked(made, "service-desc") or linked(made, "service-doc")
    assert all(complete(each) for each in made["links"])


def test_api_definition_op(api: Api) -> None:
    """/conf/core/api-definition-op: every link to an API document leads to one."""
    for each in api.json("")["links"]:
        if each["rel"] in ("service-desc", "service-doc"):
            assert api.get(each["href"], "*/*").status_code == 200, each


def test_api_definition_success(api: Api) -> None:
    """/conf/core/api-definition-success"""
    answer = api.get(linked(api.json(""), "service-desc") or "", "*/*")
    assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json;version=3.0")
    assert answer.json()["openapi"].startswith("3.0")


def test_oas30_definition(api: Api) -> None:
    """/conf/oas30/oas-definition-1: JSON, as OpenAPI 3.0; /conf/oas30/oas-definition-2: paths, parameters, schemas."""
    document = api.json("/api")
    assert {"openapi", "info", "paths"} <= document.keys()
    for path in ("/collections", "/collections/{collection_id}", ITEMS, ITEMS + "/{feature_id}"):
        operation = document["paths"][path]["get"]
        assert operation["responses"]["200"]["content"], path
        named = set(re.findall(r"{(\w+)}", path))
        told = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert named == told


def test_oas30_completeness(api: Api) -> None:
    """/conf/oas30/completeness: what is answered is described, errors too; /conf/oas30/exceptions-codes."""
    document = api.json("/api")
    operation = document["paths"][ITEMS]["get"]
    assert {"200", "400", "404", "406"} <= operation["responses"].keys()
    assert {"application/geo+json", "text/html"} <= operation["responses"]["200"]["content"].keys()
    for status in ("400", "404", "406"):
        named = operation["responses"][status]["$ref"].removeprefix("#/components/responses/")
        assert "application/problem+json" in document["components"]["responses"][named]["content"]


def test_conformance_op(api: Api) -> None:
    """/conf/core/conformance-op"""
    assert api.get("/conformance").status_code == 200


def test_conformance_success(api: Api) -> None:
    """/conf/core/conformance-success: the classes that are kept are declared."""
    declared = api.json("/conformance")["conformsTo"]
    for name in ("core", "geojson", "html", "oas30"):
        assert f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" in declared


def test_fc_md_op(api: Api) -> None:
    """/conf/core/fc-md-op"""
    assert api.get("/collections").status_code == 200


def test_fc_md_success(api: Api) -> None:
    """/conf/core/fc-md-success: the list has links and collections; each at least an id and links."""
    made = api.json("/collections")
    assert made["links"]
    assert [each["id"] for each in made["collections"]][:3] == ["study_area", "roads", "communities"]
    assert all(each["links"] for each in made["collections"])


def test_fc_md_links(api: Api) -> None:
    """/conf/core/fc-md-links: the list links to itself and to itself in HTML."""
    made = api.json("/collections")
    assert linked(made, "self") == api.base + "/collections"
    assert api.get(linked(made, "alternate") or "", "*/*").headers["content-type"].startswith("text/html")
    assert all(complete(each) for each in made["links"])


def test_fc_md_items(api: Api) -> None:
    """/conf/core/fc-md-items: every collection of features is in the list."""
    assert {*SPATIAL, "observations", "finding_history"} == {each["id"] for each in api.collections}


def test_fc_md_items_links(api: Api) -> None:
    """/conf/core/fc-md-items-links: each links to its features in each format."""
    for each in api.collections:
        kinds = {link["type"] for link in each["links"] if link["rel"] == "items"}
        assert kinds == {"application/geo+json", "text/html"}
        assert all(complete(link) for link in each["links"])


def test_fc_md_extent(api: Api) -> None:
    """/conf/core/fc-md-extent: every feature lies in the extent that is told, in CRS84; days in the interval."""
    for each in api.collections:
        features = api.items(each["id"], limit=1000)["features"]
        if each["id"] in SPATIAL:
            west, south, east, north = each["extent"]["spatial"]["bbox"][0]
            assert each["extent"]["spatial"]["crs"] == CRS84
            shapes = [shapely.from_geojson(str(f["geometry"]).replace("'", '"')) for f in features]
            assert shapely.box(west, south, east, north).covers(shapely.union_all(shapely.envelope(shapes)))
        else:
            assert "spatial" not in each["extent"]
    findings = next(each for each in api.collections if each["id"] == "findings")
    assert findings["extent"]["temporal"]["interval"] == [["2026-03-01T00:00:00Z", "2026-04-01T23:59:59Z"]]


def test_fc_md_extent_multi(api: Api) -> None:
    """/conf/core/fc-md-extent-multi: the first box and the first interval hold all."""
    for each in api.collections:
        assert len(each["extent"].get("spatial", {"bbox": [0]})["bbox"]) == 1


def test_sfc_md_op(api: Api) -> None:
    """/conf/core/sfc-md-op: each collection is there by itself."""
    for each in api.collections:
        assert api.get(linked(each, "self") or "").status_code == 200


def test_sfc_md_success(api: Api) -> None:
    """/conf/core/sfc-md-success: it says there what it says in the list."""
    for each in api.collections:
        assert api.json(f"/collections/{each['id']}") == each


@pytest.mark.parametrize("collection", [*SPATIAL, "observations", "finding_history"])
def test_fc_op(api: Api, collection: str) -> None:
    """/conf/core/fc-op: features of every collection."""
    answer = api.get(f"/collections/{collection}/items", "application/geo+json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/geo+json"


def test_fc_bbox_definition(api: Api) -> None:
    """/conf/core/fc-bbox-definition: as the standard writes it in OpenAPI."""
    told = parameter(api, ITEMS, "bbox")
    assert told["in"] == "query"
    assert told["required"] is False
    assert told["style"] == "form"
    assert told["explode"] is False
    for one, count in zip(told["schema"]["oneOf"], (4, 6), strict=True):
        assert one == {"type": "array", "items": {"type": "number"}, "minItems": count, "maxItems": count}


def test_fc_bbox_response(api: Api) -> None:
    """/conf/core/fc-bbox-response: what meets the box and what has no place, nothing else; in CRS84."""
    everything = api.items("buildings", limit=1000)["features"]
    west, south, east, north = 120.0005, 30.1795, 120.0035, 30.1825
    box = shapely.box(west, south, east, north)
    wanted = [f["id"] for f in everything if shapely.from_geojson(str(f["geometry"]).replace("'", '"')).intersects(box)]
    assert 0 < len(wanted) < len(everything)
    assert api.ids("buildings", bbox=f"{west},{south},{east},{north}") == wanted
    assert api.ids("buildings", bbox=f"{west},{south},0,{east},{north},99") == wanted
    assert api.ids("buildings", bbox="0,0,1,1") == []
    assert api.ids("buildings", bbox="-180,-90,180,90") == [f["id"] for f in everything]
    assert api.ids("buildings", bbox="119,-90,-179,90") == [f["id"] for f in everything]
    assert len(api.ids("observations", bbox="0,0,1,1")) == 3


def test_fc_limit_definition(api: Api) -> None:
    """/conf/core/fc-limit-definition"""
    told = parameter(api, ITEMS, "limit")
    assert told["in"] == "query"
    assert told["required"] is False
    assert told["schema"] | {"maximum": 0} == {"type": "integer", "minimum": 1, "default": 100, "maximum": 0}
    assert told["style"] == "form"
    assert told["explode"] is False


def test_fc_limit_response(api: Api) -> None:
    """/conf/core/fc-limit-response: never more than asked for, and the default without asking."""
    for limit in (1, 7, 51, 400):
        made = api.items("buildings", limit=limit)
        assert len(made["features"]) == min(limit, 51)
    assert len(api.items("buildings")["features"]) == 51


def test_fc_time_definition(api: Api) -> None:
    """/conf/core/fc-time-definition"""
    told = parameter(api, ITEMS, "datetime")
    assert (told["in"], told["required"], told["schema"]["type"]) == ("query", False, "string")
    assert (told["style"], told["explode"]) == ("form", False)


@pytest.mark.parametrize(
    ("datetime_", "count"),
    [
        ("2026-03-01T00:00:00Z", 1), ("2026-03-02", 1), ("2026-03-01T00:00:00Z/2026-03-31T23:59:59Z", 2),
        ("../2026-03-01T12:00:00Z", 1), ("/2026-03-01T12:00:00Z", 1), ("2026-03-02T00:00:00Z/..", 2),
        ("2026-03-02T00:00:00Z/", 2), ("2020-01-01T00:00:00Z/2021-01-01T00:00:00Z", 0), ("../..", 3),
    ],
)  # fmt: skip
def test_fc_time_response(api: Api, datetime_: str, count: int) -> None:
    """/conf/core/fc-time-response: instants, intervals, open ends; what has no time is found by any."""
    assert len(api.ids("findings", datetime=datetime_)) == count
    assert len(api.ids("buildings", datetime=datetime_)) == 51


def test_fc_response(api: Api) -> None:
    """/conf/core/fc-response: links, time, counts, and features that keep every condition at once."""
    made = api.items("buildings", bbox="120.0005,30.1795,120.0035,30.1825", use="residential", limit=3)
    assert made["type"] == "FeatureCollection"
    assert {each["properties"]["use"] for each in made["features"]} == {"residential"}
    assert made["numberMatched"] > made["numberReturned"] == 3


def test_fc_links(api: Api) -> None:
    """/conf/core/fc-links: itself, its other format, the next page while there is one; each with type and relation."""
    made = api.items("buildings", limit=20)
    assert {"self", "alternate", "next"} <= {each["rel"] for each in made["links"]}
    assert all(complete(each) for each in made["links"])
    assert api.get(linked(made, "alternate") or "", "*/*").headers["content-type"].startswith("text/html")
    second = api.json(linked(made, "next") or "")
    third = api.json(linked(second, "next") or "")
    assert linked(third, "next") is None
    found = [each["id"] for page in (made, second, third) for each in page["features"]]
    assert found == [f"JZ{n + 1:03}" for n in range(51)]


def test_fc_timestamp(api: Api) -> None:
    """/conf/core/fc-timeStamp: when the answer was made."""
    told = api.items("roads")["timeStamp"]
    assert abs((datetime.now().astimezone() - datetime.fromisoformat(told)).total_seconds()) < 120


def test_fc_number_matched(api: Api) -> None:
    """/conf/core/fc-numberMatched: all that keep the conditions, on whatever page."""
    first = api.items("buildings", limit=4, use="residential")
    assert first["numberMatched"] == 48
    assert api.json(linked(first, "next") or "")["numberMatched"] == 48


def test_fc_number_returned(api: Api) -> None:
    """/conf/core/fc-numberReturned: as many as there are."""
    for limit in (1, 30, 100):
        made = api.items("buildings", limit=limit)
        assert made["numberReturned"] == len(made["features"])


@pytest.mark.parametrize("collection", SPATIAL)
def test_f_op(api: Api, collection: str) -> None:
    """/conf/core/f-op: each feature is there by itself."""
    for each in api.items(collection, limit=3)["features"]:
        answer = api.get(f"/collections/{collection}/items/{each['id']}", "application/geo+json")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/geo+json"


def test_f_success(api: Api) -> None:
    """/conf/core/f-success: it says there what it says among the others."""
    for each in api.items("facilities")["features"]:
        alone = api.json(f"/collections/facilities/items/{each['id']}")
        assert {name: alone[name] for name in each} == each


def test_f_links(api: Api) -> None:
    """/conf/core/f-links: itself, its other format, its collection."""
    made = api.json("/collections/roads/items/R2")
    assert linked(made, "self") == api.base + "/collections/roads/items/R2"
    assert linked(made, "collection") == api.base + "/collections/roads"
    assert api.get(linked(made, "alternate") or "", "*/*").headers["content-type"].startswith("text/html")
    assert all(complete(each) for each in made["links"])


def test_query_param_unknown(api: Api) -> None:
    """/conf/core/query-param-unknown: 400, on every resource; near names are told."""
    for path in ("/collections", "/collections/roads", "/collections/roads/items", "/collections/roads/items/R1",
                 "/collections/roads/queryables", "/collections/roads/schema"):  # fmt: skip
        assert "there is no parameter unknown" in api.refused(path, unknown="1")
    assert "did you mean limit?" in api.refused("/collections/roads/items", limits="1")
    assert "did you mean road_class?" in api.refused("/collections/roads/items", roadclass="primary")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"limit": "0"}, "'0' is no number of features"), ({"limit": "-1"}, "'-1' is no number"),
        ({"limit": "ten"}, "'ten' is no number"), ({"limit": "1.5"}, "'1.5' is no number"),
        ({"limit": "٣"}, "is no number"),
        ({"bbox": "1,2,3"}, "3 numbers are no box"), ({"bbox": "a,b,c,d"}, "'a,b,c,d' is no box"),
        ({"bbox": "1,5,2,4"}, "lower edge 5 lies above its upper edge 4"),
        ({"bbox": "nan,1,2,3"}, "is not a number"), ({"bbox": "1,1,inf,3"}, "is not a number"),
        ({"bbox": "200,1,201,3"}, "no longitude, latitude"), ({"bbox": "1,2,3,4,5"}, "5 numbers are no box"),
        ({"bbox": ""}, "'' is no box"),
        ({"datetime": "yesterday"}, "'yesterday' is no time"), ({"datetime": "2026-02-30"}, "'2026-02-30' is no time"),
        ({"datetime": "2026-03-01T25:00:00Z"}, "is no time"), ({"datetime": "2026-05-01/2026-04-01"}, "ends before"),
        ({"datetime": "2026-05-01/2026-05-02/2026-05-03"}, "is no time"), ({"datetime": ""}, "'' is no time"),
        ({"f": "xml"}, "'xml' is not offered"), ({"after": "%%%"}, "is no place in a collection"),
        ({"properties": "nam"}, "did you mean name or name_en?"), ({"skipGeometry": "yes"}, "neither true nor false"),
        ({"oneway": "2"}, "neither true nor false"), ({"level": "high"}, "'high' is no number"),
        ({"level": "nan"}, "'nan' is no number"), ({"lang": "fr"}, "lang"), ({"as_of": "soon"}, "neither a trans"),
        ({"name": "x" * 10_001}, "longer than 10,000 signs"),
    ],
)  # fmt: skip
def test_query_param_invalid(api: Api, query: dict[str, str], told: str) -> None:
    """/conf/core/query-param-invalid: 400, with the parameter, what is wrong and what to do."""
    message = api.refused("/collections/roads/items", **query)
    assert told in message
    assert next(iter(query)) in message


def test_parameter_twice(api: Api) -> None:
    """/conf/core/query-param-invalid: a parameter given twice has no one value."""
    assert "limit is given twice" in api.refused("/collections/roads/items?limit=1&limit=2")


def test_crs84(api: Api) -> None:
    """/conf/core/crs84: longitude and latitude where nothing else is asked for."""
    answer = api.get("/collections/buildings/items", limit=1000)
    assert answer.headers["content-crs"] == f"<{CRS84}>"
    for each in answer.json()["features"]:
        west, south, east, north = shapely.from_geojson(str(each["geometry"]).replace("'", '"')).bounds
        assert 119.99 < west < east < 120.02
        assert 30.17 < south < north < 30.20


def test_geojson_definition(api: Api) -> None:
    """/conf/geojson/definition: features are offered as application/geo+json, all else as application/json."""
    for path in ("/collections/roads/items", "/collections/roads/items/R1"):
        for accept in ("application/geo+json", "application/json", "*/*", "application/*"):
            assert api.get(path, accept).headers["content-type"] == "application/geo+json"
    for path in ("/collections", "/collections/roads"):
        assert api.get(path, "application/json").headers["content-type"] == "application/json"


def test_geojson_content(api: Api) -> None:
    """/conf/geojson/content: RFC 7946: types, ids, geometry and properties always there."""
    for name in (*SPATIAL, "observations"):
        for each in api.items(name, limit=1000)["features"]:
            assert each["type"] == "Feature"
            assert isinstance(each["id"], str)
            assert isinstance(each["properties"], dict)
            if name == "observations":
                assert each["geometry"] is None
            else:
                assert set(each["geometry"]) == {"type", "coordinates"}


HTML = ["", "/collections", "/collections/roads", "/collections/roads/items", "/collections/roads/items/R1",
        "/collections/roads/queryables", "/collections/roads/schema"]  # fmt: skip


@pytest.mark.parametrize("path", HTML)
def test_html_definition(api: Api, path: str) -> None:
    """/conf/html/definition: every resource as text/html, by Accept and by f."""
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert api.get(path, browser).headers["content-type"] == "text/html; charset=utf-8"
    assert api.get(path, "*/*", f="html").headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", HTML)
@pytest.mark.parametrize(("lang", "other"), [("zh", "English"), ("en", "中文")])
def test_html_content(api: Api, path: str, lang: str, other: str) -> None:
    """/conf/html/content: what JSON says, for people, in both languages; nothing from elsewhere, links that lead on."""
    page = api.get(path, "text/html", lang=lang).text
    assert f'lang="{"zh-CN" if lang == "zh" else "en"}"' in page
    assert other in page
    assert not re.findall(r'(?:src|href)="(?!http://127\.0\.0\.1:8000)https?://', page)
    assert "<script" not in page
    for address in re.findall(r'href="(http://127\.0\.0\.1:8000/studies/town/collections[^"]*)"', page)[:8]:
        assert api.get(address.replace("&amp;", "&"), "*/*").status_code == 200, address
