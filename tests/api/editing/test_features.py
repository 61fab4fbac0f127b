"""What is refused of features and told about it: locking, holds, geometries, areas, histories of findings."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer
from starlette.testclient import TestClient

from api.editing.preconditions import preferred, seen
from api.editing.shapes import study_shape
from api.errors import BadRequestError
from api.features.crs import references
from api.server import Server
from api.storage.records import Collection
from geo.errors import InputError
from tests.api.editing.conftest import HOME
from tests.api.editing.test_conformance_part4 import CRS84, GEOJSON, ITEMS, OWN, PATCH, house, square

FINDING = f"{HOME}/collections/findings/items/building:JZ001:3a:1"
FIELD = f"{HOME}/findings/building:JZ001:3a:1"
COMMUNITIES = f"{HOME}/collections/communities/items"


def post(client: TestClient, feature: object, **headers: str) -> Any:
    return client.post(ITEMS, content=json.dumps(feature), headers={**GEOJSON, **headers})


def ring(*points: tuple[float, float]) -> dict[str, Any]:
    """A polygon by metres from the south-west corner of the town, in EPSG:4549 with northing first."""
    return {"type": "Polygon", "coordinates": [[[3_340_000 + y, 500_000 + x] for x, y in points]]}


# ── what stands in the way ──
def test_a_stale_edit_is_told_what_changed_by_whom_and_what_is_there(person: Callable[..., TestClient]) -> None:
    li, wang = person("li", "planner"), person("wang", "planner")
    first = {"properties": {"floors": 7, "name": "改"}}
    assert (
        li.patch(f"{ITEMS}/JZ001", content=json.dumps(first), headers={**PATCH, "If-Match": '"1"'}).status_code == 204
    )
    refused = wang.patch(f"{ITEMS}/JZ001", content='{"properties": {"floors": 9}}',
                         headers={**PATCH, "If-Match": '"1"'})  # fmt: skip
    told = refused.json()
    assert (refused.status_code, told["version"], refused.headers["etag"]) == (412, 2, '"2"')
    assert [(c["by"], c["version"], c["columns"]) for c in told["changes"]] == [("li", 2, ["floors", "name"])]
    assert told["now"]["floors"] == 7
    assert "changed by li" in told["detail"]
    assert "make the change on what is there now" in told["faults"][0]["remedy"]


def test_creating_and_replacing_under_an_id_that_is_taken_or_free(town: TestClient) -> None:
    taken = post(town, {**house(), "id": "JZ001"})
    assert taken.status_code == 409
    assert "JZ001 in buildings already" in taken.json()["reasons"][0]
    body, only_new = json.dumps(house()), {**GEOJSON, "If-None-Match": "*"}
    assert town.put(f"{ITEMS}/JZ001", content=body, headers=only_new).status_code == 412
    made = town.put(f"{ITEMS}/NEW1", content=body, headers=only_new)
    assert (made.status_code, made.headers["location"][-5:]) == (201, "/NEW1")
    assert town.put(f"{ITEMS}/NEW1", content=body, headers={**GEOJSON, "If-Match": "*"}).status_code == 204


def test_a_deleted_feature_made_anew_goes_on_with_its_versions(town: TestClient) -> None:
    town.delete(f"{ITEMS}/JZ001", headers={"If-Match": '"1"'})
    post(town, {**house(), "id": "JZ001"})
    assert town.put(f"{ITEMS}/JZ001", content=json.dumps(house()),
                    headers={**GEOJSON, "If-Match": '"1"'}).status_code == 412  # fmt: skip


@pytest.mark.parametrize(
    ("feature", "status", "said"),
    [
        ("[]", 400, "no JSON object"),
        ("{", 400, "the body is no JSON"),
        ("[" * 5000, 400, "more than 64 levels deep, from byte 65"),
        ({"type": "FeatureCollection", "features": []}, 400, "not a Feature"),
        ({**house(), "crs": {"type": "name"}}, 400, "no longer knows"),
        ({"type": "Feature", "properties": {}}, 400, "no member geometry"),
        ({**house(), "properties": [1]}, 400, "properties is no JSON object"),
        ({**house(), "id": {"a": 1}}, 400, "neither text nor a whole number"),
        ({**house(), "id": "a/b"}, 422, "cannot be the id"),
        ({**house(), "geometry": None}, 422, "no geometry"),
        (house(use="castle"), 422, "column use holds 'castle'"),
        (house(floors="six"), 422, "where a number is needed"),
        (house(estate_id=7), 422, "where text is needed"),
    ],
)
def test_bodies_that_are_refused(town: TestClient, feature: object, status: int, said: str) -> None:
    head = town.get(f"{HOME}/transactions").json()["transactions"][0]["tx"]
    body = feature if isinstance(feature, str) else json.dumps(feature)
    answer = town.post(ITEMS, content=body, headers=GEOJSON)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert answer.json()["faults"][0]["remedy"]
    assert town.get(f"{HOME}/transactions").json()["transactions"][0]["tx"] == head, "nothing was stored"


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        ({"type": "Point", "coordinates": [120, 30]}, "the collection holds Polygon or MultiPolygon"),
        ({"type": "Polygon", "coordinates": []}, "is no array, or an empty one"),
        ({"type": "Polygon", "coordinates": [[1, 2]]}, "coordinates[0][0] = 1 is no position"),
        ({"type": "Polygon", "coordinates": [[[1], [2], [3], [1]]]}, "coordinates[0][0] = [1] is no position"),
        ({"type": "Polygon", "coordinates": [[[1, True], [2, 2], [3, 3], [1, 1]]]}, "is no position"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [0, 0]]]}, "a ring of 3 positions at [0, 0]"),
        (ring((0, 0), (10, 0), (10, 10), (0, 10)), "not closed: it begins at [3340000, 500000]"),
        (ring((0, 0), (100, 100), (100, 0), (0, 100), (0, 0)), "self-intersection at 3340050.00, 500050.00"),
        (ring((0, 0), (90_000, 0), (90_000, 10), (0, 0)), "89.2 km outside of the study"),
    ],
)
def test_geometries_that_are_refused_name_the_place(town: TestClient, geometry: dict[str, Any], said: str) -> None:
    answer = post(town, {**house(), "geometry": geometry}, **{"Content-Crs": OWN})
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]


def test_swapped_axes_are_told(town: TestClient) -> None:
    swapped = {"type": "Polygon", "coordinates": [[[y, x] for x, y in square()["coordinates"][0]]]}
    answer = post(town, {**house(), "geometry": swapped})
    assert "is no place on Earth in longitude, latitude" in answer.json()["detail"]
    assert "Content-Crs" in answer.json()["faults"][0]["remedy"]
    latitude_first = post(town, {**house(), "geometry": swapped},
                          **{"Content-Crs": "http://www.opengis.net/def/crs/EPSG/0/4326"})  # fmt: skip
    assert latitude_first.status_code == 201


def test_coordinates_that_are_not_finite(town: TestClient) -> None:
    body = json.dumps(house()).replace("30.1", "1e999", 1)
    answer = town.post(ITEMS, content=body, headers=GEOJSON)
    assert answer.status_code in (400, 422)
    media = town.post(ITEMS, content="x", headers={"Content-Type": "text/xml"})
    assert (media.status_code, media.headers["accept-post"]) == (415, "application/geo+json, application/json")


ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=3)), lambda inner: st.lists(inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ANY, st.sampled_from(["Point", "LineString", "Polygon", "MultiPolygon"]))
def test_any_coordinates_make_a_valid_shape_or_a_refusal(coordinates: object, kind: str) -> None:
    reference = references(CRS.from_epsg(4549))[CRS84]
    try:
        shape = study_shape(
            {"type": kind, "coordinates": coordinates}, reference, Collection("gaps.x.all", "Mixed", (), "id"), None
        )
    except InputError:
        return
    assert shapely.is_valid(shape)


# ── check-outs ──
def test_who_holds_a_collection_need_not_name_versions_and_nobody_else_edits(person: Callable[..., TestClient]) -> None:
    li, wang, admin = person("li", "planner"), person("wang", "planner"), person("root", "admin")
    hold, body = f"{HOME}/collections/buildings/hold", json.dumps(house())
    refused = li.put(f"{ITEMS}/JZ001", content=body, headers=GEOJSON)
    assert refused.status_code == 428
    assert f"POST http://127.0.0.1:8000{hold}" in refused.json()["faults"][0]["remedy"]
    assert li.post(hold, json={"minutes": 5}).json()["by"] == "li"
    assert li.put(f"{ITEMS}/JZ001", content=body, headers=GEOJSON).status_code == 204
    assert li.patch(f"{ITEMS}/JZ001", content=body, headers={**PATCH, "If-Match": '"1"'}).status_code == 412
    for other in (wang.put(f"{ITEMS}/JZ002", content=body, headers={**GEOJSON, "If-Match": '"1"'}),
                  wang.post(ITEMS, content=body, headers=GEOJSON), wang.post(hold), wang.delete(hold)):  # fmt: skip
        assert other.status_code == 423
        assert "li has checked out buildings until" in other.json()["detail"]
    assert [(one["collection"], one["by"]) for one in wang.get(f"{HOME}/holds").json()["holds"]] == [
        ("buildings", "li")
    ]
    assert admin.delete(hold).status_code == 204
    assert wang.post(ITEMS, content=body, headers=GEOJSON).status_code == 201
    assert li.post(hold, json={"minutes": 9999}).status_code == 400
    assert li.post(f"{HOME}/collections/blocks/hold").status_code == 405


# ── rights ──
def test_who_may_edit_what(person: Callable[..., TestClient]) -> None:
    surveyor, viewer = person("wu", "surveyor"), person("guest", "viewer")
    assert post(surveyor, house()).status_code == 403
    assert viewer.post(ITEMS, content="{}", headers=GEOJSON).status_code == 403
    assert surveyor.options(ITEMS).headers["allow"] == "GET, HEAD, OPTIONS"
    assert "POST" in surveyor.options(f"{HOME}/collections/findings/items").headers["allow"]
    planner = person("li", "planner")
    assert planner.post(f"{HOME}/collections/blocks/items", content="{}", headers=GEOJSON).status_code == 400
    derived = planner.post(f"{HOME}/collections/blocks/items", content=json.dumps(house()), headers=GEOJSON)
    assert (derived.status_code, derived.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (
        planner.post(f"{HOME}/collections/moon/items", content=json.dumps(house()), headers=GEOJSON).status_code == 404
    )


def test_edits_lie_in_the_callers_area(person: Callable[..., TestClient]) -> None:
    li = person("li", "planner", area={"town": ("communities", "SQ01")})
    assert post(li, house()).status_code == 201
    outside = post(li, {**house(), "geometry": square(500_500)})
    assert outside.status_code == 403
    assert "li edits in communities SQ01 only" in outside.json()["detail"]
    assert li.delete(f"{ITEMS}/JZ048", headers={"If-Match": '"1"'}).status_code == 403
    assert li.delete(f"{ITEMS}/JZ001", headers={"If-Match": '"1"'}).status_code == 204


def test_what_a_surveyor_cannot_see_stays_when_he_replaces(person: Callable[..., TestClient]) -> None:
    surveyor, planner = person("wu", "surveyor"), person("li", "planner")
    seen_by_him = surveyor.get(FINDING).json()
    assert "surveyor" not in seen_by_him["properties"]
    seen_by_him["properties"]["note"] = "已加固"
    answer = surveyor.put(FINDING, content=json.dumps(seen_by_him), headers={**GEOJSON, "If-Match": '"1"'})
    assert answer.status_code == 204, answer.text
    got = planner.get(FINDING).json()["properties"]
    assert (got["surveyor"], got["note"]) == ("李四", "已加固")


# ── findings ──
def test_changes_of_a_finding_are_rows_of_its_history(person: Callable[..., TestClient], server: Server) -> None:
    surveyor, planner = person("wu", "surveyor"), person("li", "planner")
    answer = surveyor.patch(FIELD, json={"status": "done", "done_on": "2026-11-20", "note": None},
                            headers={"If-Match": '"1"'})  # fmt: skip
    assert (answer.status_code, answer.json()["version"], answer.headers["etag"]) == (200, 2, '"2"')
    rows = planner.get(f"{FIELD}/history").json()["changes"]
    assert [(r["number"], r["column"], r["before"], r["after"], r["by"]) for r in rows] == [
        (1, None, None, "open", "李四"), (2, "note", "扶手松动", None, "wu"), (3, "status", "open", "done", "wu"),
        (4, "done_on", None, "2026-11-20", "wu"),
    ]  # fmt: skip
    assert rows[2]["changed_on"] == "2026-11-20"
    assert "by" not in surveyor.get(f"{FIELD}/history").json()["changes"][0]
    newest = server.storage.open("town").transactions(limit=1)[0]
    assert newest.counts == {"finding_history": 3, "findings": 1}, "one transaction"
    assert surveyor.patch(FIELD, json={"status": "open"}, headers={"If-Match": '"1"'}).status_code == 412
    assert surveyor.patch(FIELD, json={"status": "lost"}, headers={"If-Match": '"2"'}).status_code == 400
    assert surveyor.get(f"{HOME}/findings/none/history").status_code == 404


def test_part_4_edits_of_findings_are_in_their_history_too(person: Callable[..., TestClient]) -> None:
    surveyor = person("wu", "surveyor")
    lonlat = Transformer.from_crs(4549, "OGC:CRS84", always_xy=True).transform(500_090, 3_340_050)
    patch = {"geometry": {"type": "Point", "coordinates": list(lonlat)}}
    assert surveyor.patch(FINDING, content=json.dumps(patch), headers={**PATCH, "If-Match": '"1"'}).status_code == 204
    moved = surveyor.get(f"{FIELD}/history").json()["changes"][-1]
    assert (moved["column"], moved["before"], moved["after"]) == (
        "place",
        "500080.00 3340046.00",
        "500090.00 3340050.00",
    )


def test_a_new_finding_lies_at_its_subject_and_belongs_to_its_estate(person: Callable[..., TestClient]) -> None:
    surveyor, planner = person("wu", "surveyor"), person("li", "planner")
    asked = {"subject": "building", "subject_id": "JZ001", "code": "3a", "severity": "general"}
    made = surveyor.post(f"{HOME}/findings", json=asked)
    assert made.status_code == 201, made.text
    assert made.json()["id"] == "building:JZ001:3a:2", "the first is there already"
    got = planner.get(f"{HOME}/collections/findings/items/{made.json()['id']}").json()["properties"]
    assert (got["estate_id"], got["surveyor"], got["place_given"], got["status"]) == ("XQ1", "wu", False, "open")
    assert [r["after"] for r in planner.get(f"{HOME}/findings/{made.json()['id']}/history").json()["changes"]] == [
        "open"
    ]
    nowhere = surveyor.post(f"{HOME}/findings", json={**asked, "subject_id": "JZ999"})
    assert nowhere.status_code == 422
    assert "there is no building JZ999" in nowhere.json()["detail"]


def test_photos(person: Callable[..., TestClient]) -> None:
    surveyor = person("wu", "surveyor")
    photo = b"\x89PNG\r\n\x1a\n" + b"0" * 100
    made = surveyor.post(f"{FIELD}/photos", content=photo, headers={"Content-Type": "image/png", "If-Match": '"1"'})
    assert made.status_code == 201, made.text
    got = surveyor.get(made.json()["href"])
    assert (got.content, got.headers["content-type"]) == (photo, "image/png")
    assert surveyor.get(FINDING).json()["properties"]["photo"] == made.json()["name"]
    (kept,) = surveyor.get(f"{FIELD}/photos").json()["photos"]
    assert kept["name"] == made.json()["name"]
    assert surveyor.get(kept["href"]).content == photo
    assert person("guest", "viewer").get(f"{FIELD}/photos").json() == {"photos": []}
    assert person("guest", "viewer").get(made.json()["href"]).status_code == 403
    assert surveyor.get(f"{FIELD}/photos/other.png").status_code == 404
    wrong = surveyor.post(f"{FIELD}/photos", content=photo, headers={"Content-Type": "image/jpeg", "If-Match": '"2"'})
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "this is no image/jpeg")
    assert surveyor.post(f"{FIELD}/photos", content=photo, headers={"Content-Type": "text/html"}).status_code == 415


# ── communities ──
def test_overlaps_and_gaps_of_communities_are_warned_of(town: TestClient) -> None:
    wider = json.dumps({"geometry": ring((0, 0), (410, 0), (410, 400), (0, 400), (0, 0))})
    answer = town.patch(f"{COMMUNITIES}/SQ01", content=wider, headers={**PATCH, "If-Match": '"1"', "Content-Crs": OWN})
    assert answer.status_code == 200, answer.text
    (warning,) = answer.json()["warnings"]
    assert (warning["kind"], warning["ids"], warning["area_m2"]) == ("overlap", ["SQ01", "SQ02"], 4000)
    assert "重叠4,000平方米" in warning["text_zh"]
    narrower = json.dumps({"geometry": ring((0, 0), (390, 0), (390, 400), (0, 400), (0, 0))})
    answer = town.patch(f"{COMMUNITIES}/SQ01", content=narrower,
                        headers={**PATCH, "If-Match": '"2"', "Content-Crs": OWN})  # fmt: skip
    (warning,) = answer.json()["warnings"]
    assert (warning["kind"], warning["area_m2"]) == ("gap", 4000)
    assert "belong to no community" in warning["text_en"]
    whole = json.dumps({"geometry": ring((0, 0), (400, 0), (400, 400), (0, 400), (0, 0))})
    assert town.patch(f"{COMMUNITIES}/SQ01", content=whole,
                      headers={**PATCH, "If-Match": '"3"', "Content-Crs": OWN}).status_code == 204  # fmt: skip


# ── headers ──
@pytest.mark.parametrize(
    ("header", "found"),
    [(None, None), ("*", "any"), ('"3"', frozenset({3})), ('W/"3-8f2c", "12"', frozenset({3, 12})),
     ('"xyz"', frozenset({0})), ('"3x"', frozenset({0}))],
)  # fmt: skip
def test_if_match(header: str | None, found: object) -> None:
    assert seen(header) == found


@pytest.mark.parametrize("header", ["3", '"3" or so', ""])
def test_if_match_that_is_none(header: str) -> None:
    with pytest.raises(BadRequestError, match="is no entity tag"):
        seen(header)


def test_prefer() -> None:
    assert preferred("handling=strict, return=minimal", "return") == "minimal"
    assert preferred(None, "return") is None
