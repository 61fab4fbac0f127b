"""OGC API Features, Part 4 (20-002r1): the abstract tests, by their ids, on a collection of houses.

The server names versions (optimistic locking), so that requests to existing features carry If-Match throughout.
"""

import json
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer
from starlette.testclient import TestClient

from api.editing.conformance import CONFORMANCE
from tests.api.editing.conftest import HOME

ITEMS = f"{HOME}/collections/buildings/items"
GEOJSON = {"Content-Type": "application/geo+json"}
PATCH = {"Content-Type": "application/merge-patch+json"}
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
OWN = "http://www.opengis.net/def/crs/EPSG/0/4549"


def square(x: float = 500_100, y: float = 3_340_100, *, side: float = 20, own: bool = False) -> dict[str, Any]:
    """A square in the study, in degrees; `own`: in EPSG:4549, northing first as its authority has it."""
    ring = np.array([(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)])
    if own:
        return {"type": "Polygon", "coordinates": [ring[:, ::-1].tolist()]}
    lonlat = np.column_stack(Transformer.from_crs(4549, "OGC:CRS84", always_xy=True).transform(*ring.T))
    return {"type": "Polygon", "coordinates": [lonlat.tolist()]}


def house(**properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": square(), "properties": {"name": "新楼", "floors": 6, **properties}}


def etag(client: TestClient, address: str) -> str:
    return client.get(address).headers["etag"]


def same_place(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return np.allclose(np.array(a["coordinates"]), np.array(b["coordinates"]), atol=2e-9)


def test_classes_that_are_declared(town: TestClient) -> None:
    declared = town.get(f"{HOME}/conformance").json()["conformsTo"]
    assert set(CONFORMANCE) <= set(declared)
    assert all(each.startswith("http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/") for each in CONFORMANCE)


# ── /conf/create-replace-delete ──
def test_conf_create_replace_delete_options(town: TestClient) -> None:
    for address, wanted in ((ITEMS, {"POST"}), (f"{ITEMS}/JZ001", {"PUT", "PATCH", "DELETE"})):
        answer = town.options(address)
        assert answer.status_code == 200
        allowed = {each.strip() for each in answer.headers["allow"].split(",")}
        assert wanted <= allowed
        assert ("accept-post" in answer.headers) == ("POST" in allowed)


def test_conf_create_replace_delete_options_of_what_follows_from_other_tables(town: TestClient) -> None:
    assert town.options(f"{HOME}/collections/blocks/items").headers["allow"] == "GET, HEAD, OPTIONS"


def test_conf_create_replace_delete_create(town: TestClient) -> None:
    before = {each["id"] for each in town.get(ITEMS, params={"limit": 1000}).json()["features"]}
    for sent in (house(), {**house(name="自带编号"), "id": "JZ900"}):
        answer = town.post(ITEMS, content=json.dumps(sent), headers=GEOJSON)
        assert answer.status_code == 201
        address = answer.headers["location"]
        got = town.get(address)
        assert got.status_code == 200
        assert got.json()["properties"]["name"] == sent["properties"]["name"]
        assert same_place(got.json()["geometry"], sent["geometry"])
        assert got.json()["id"] not in before
        assert address.endswith(f"/{got.json()['id']}")
    assert got.json()["id"] == "JZ900"


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_conf_create_replace_delete_content_type(town: TestClient, method: str) -> None:
    """create-content-type, replace-content-type, /conf/update/update-content-type."""
    address = ITEMS if method == "post" else f"{ITEMS}/JZ001"
    answer = town.request(method, address, content=json.dumps(house()).encode(), headers={"If-Match": '"1"'})
    assert answer.status_code == 400
    assert "media type" in answer.json()["detail"]


def test_conf_create_replace_delete_replace(town: TestClient) -> None:
    address = f"{ITEMS}/JZ001"
    answer = town.put(address, content=json.dumps(house(floors=9)),
                      headers={**GEOJSON, "If-Match": etag(town, address)})  # fmt: skip
    assert answer.status_code == 204
    got = town.get(address).json()
    assert (got["properties"]["floors"], got["properties"]["name"]) == (9, "新楼")
    assert got["properties"]["year_built"] is None, "what was left out is gone"
    assert same_place(got["geometry"], square())


def test_conf_create_replace_delete_replace_rid(town: TestClient) -> None:
    address = f"{ITEMS}/JZ001"
    answer = town.put(address, content=json.dumps({**house(), "id": "JZ002"}),
                      headers={**GEOJSON, "If-Match": etag(town, address)})  # fmt: skip
    assert answer.status_code == 204
    assert town.get(address).json()["id"] == "JZ001"
    assert town.get(f"{ITEMS}/JZ002").json()["properties"]["name"] == "1-2号楼"


def test_conf_create_replace_delete_replace_exceptions(town: TestClient) -> None:
    body = json.dumps(house())
    assert town.put(f"{ITEMS}/NONE1", content=body, headers=GEOJSON).status_code == 404
    assert town.put(f"{ITEMS}/NONE2", content=body, headers={**GEOJSON, "If-Match": '"xyz"'}).status_code == 404
    assert town.get(f"{ITEMS}/NONE1").status_code == town.get(f"{ITEMS}/NONE2").status_code == 404


def test_conf_create_replace_delete_delete(town: TestClient) -> None:
    address = f"{ITEMS}/JZ003"
    assert town.delete(address, headers={"If-Match": etag(town, address)}).status_code == 204
    assert town.get(address).status_code == 404
    assert town.delete(address, headers={"If-Match": '"1"'}).status_code == 404


# ── /conf/update ──
def test_conf_update_options(town: TestClient) -> None:
    answer = town.options(f"{ITEMS}/JZ001")
    assert "PATCH" in answer.headers["allow"]
    assert "application/merge-patch+json" in answer.headers["accept-patch"]


def test_conf_update_update(town: TestClient) -> None:
    address = f"{ITEMS}/JZ001"
    before = town.get(address).json()
    answer = town.patch(address, content='{"properties": {"floors": 11}}',
                        headers={**PATCH, "If-Match": etag(town, address)})  # fmt: skip
    assert answer.status_code == 204
    after = town.get(address).json()
    assert after["properties"] == before["properties"] | {"floors": 11}
    assert after["geometry"] == before["geometry"]


def test_conf_update_update_rid(town: TestClient) -> None:
    for patch in ({"id": "JZ002"}, {"properties": {"building_id": "JZ002"}}):
        answer = town.patch(f"{ITEMS}/JZ001", content=json.dumps(patch), headers={**PATCH, "If-Match": '"1"'})
        assert answer.status_code == 422
        assert "cannot become JZ002" in answer.json()["detail"]


# ── /conf/optimistic-locking(-etags) ──
def test_conf_optimistic_locking_etags_get_etag(town: TestClient) -> None:
    answer = town.get(f"{ITEMS}/JZ001")
    assert answer.headers["etag"].startswith('"1')


@pytest.mark.parametrize("method", ["put", "patch"])
def test_conf_optimistic_locking_etags_replace_update(town: TestClient, method: str) -> None:
    address, kind = f"{ITEMS}/JZ001", GEOJSON if method == "put" else PATCH
    before, tag = town.get(address).json(), etag(town, address)
    body = json.dumps(house())
    first = town.request(method, address, content=body, headers={**kind, "If-Match": '"0"'})
    assert first.status_code == 412
    assert town.get(address).json()["properties"] == before["properties"]
    second = town.request(method, address, content=body, headers={**kind, "If-Match": tag})
    assert second.status_code == 204
    assert second.headers["etag"] != tag
    assert town.request(method, address, content=body, headers=kind).status_code == 428


def test_conf_optimistic_locking_etags_delete(town: TestClient) -> None:
    one, other = f"{ITEMS}/JZ001", f"{ITEMS}/JZ002"
    assert town.delete(one, headers={"If-Match": '"0"'}).status_code == 412
    assert town.get(one).status_code == 200
    assert town.delete(one, headers={"If-Match": etag(town, one)}).status_code == 204
    assert town.get(one).status_code == 404
    assert town.delete(other).status_code == 428


# ── /conf/handling ──
@pytest.mark.parametrize("prefer", [None, "handling=strict", "handling=lenient"])
def test_conf_handling_prefer_and_lenient(town: TestClient, prefer: str | None) -> None:
    headers = {**GEOJSON, **({"Prefer": prefer} if prefer else {})}
    assert town.post(ITEMS, content=json.dumps(house()), headers=headers).status_code == 201


def test_conf_handling_strict_and_preference_applied(town: TestClient) -> None:
    before = town.get(ITEMS).json()["numberMatched"]
    answer = town.post(ITEMS, content=json.dumps(house(floors=-1)), headers={**GEOJSON, "Prefer": "handling=strict"})
    assert answer.status_code == 422
    assert "below 0" in answer.json()["detail"]
    assert answer.headers["preference-applied"] == "handling=strict"
    assert town.get(ITEMS).json()["numberMatched"] == before


# ── /conf/return-resource-representation-in-response ──
def test_conf_return_representation(town: TestClient) -> None:
    """prefer, representation, content-negotiation, preference-applied."""
    headers = {**GEOJSON, "Prefer": "return=representation", "Accept": "application/geo+json"}
    answer = town.post(ITEMS, content=json.dumps(house()), headers=headers)
    assert answer.status_code == 201
    assert answer.json()["properties"]["name"] == "新楼"
    assert same_place(answer.json()["geometry"], square())
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["preference-applied"] == "return=representation"


def test_conf_return_minimal(town: TestClient) -> None:
    for headers in (GEOJSON, {**GEOJSON, "Prefer": "return=minimal"}):
        answer = town.post(ITEMS, content=json.dumps(house()), headers=headers)
        assert (answer.status_code, answer.content) == (201, b"")


# ── /conf/features ──
def test_conf_features_endpoints(town: TestClient) -> None:
    listed = {each["id"] for each in town.get(f"{HOME}/collections").json()["collections"]}
    assert "buildings" in listed
    ids = {each["id"] for each in town.get(ITEMS, params={"limit": 1000}).json()["features"]}
    assert "JZ001" in ids


def test_conf_features_crs(town: TestClient) -> None:
    plain = town.post(ITEMS, content=json.dumps(house()), headers=GEOJSON)
    own = town.post(ITEMS, content=json.dumps({**house(), "geometry": square(own=True)}),
                    headers={**GEOJSON, "Content-Crs": f"<{OWN}>"})  # fmt: skip
    assert plain.status_code == own.status_code == 201
    places = [town.get(each.headers["location"], params={"crs": OWN}).json()["geometry"] for each in (plain, own)]
    assert np.allclose(*(np.array(each["coordinates"]) for each in places), atol=1e-3)
    wrong = town.post(ITEMS, content=json.dumps(house()), headers={**GEOJSON, "Content-Crs": f"{OWN}9"})
    assert wrong.status_code == 400
    assert "Content-Crs" in wrong.json()["detail"]


def test_conf_features_schema(town: TestClient) -> None:
    schema = town.get(f"{HOME}/collections/buildings/schema").json()
    assert schema["$schema"].startswith("https://json-schema.org")
    answer = town.post(ITEMS, content=json.dumps(house(florrs=3)), headers=GEOJSON)
    if schema.get("additionalProperties") is False:
        assert answer.status_code == 422
        assert "did you mean floors" in answer.json()["faults"][0]["remedy"]


def test_conf_features_json_merge_patch(town: TestClient) -> None:
    address = f"{ITEMS}/JZ001"
    patch = {"geometry": square(500_110), "properties": {"floors": 7, "structure": None, "people": 30}}
    answer = town.patch(address, content=json.dumps(patch), headers={**PATCH, "If-Match": '"1"'})
    assert answer.status_code == 204
    got = town.get(address).json()
    assert (got["properties"]["floors"], got["properties"]["structure"], got["properties"]["people"]) == (7, None, 30)
    assert same_place(got["geometry"], square(500_110))
