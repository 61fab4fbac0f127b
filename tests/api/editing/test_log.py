"""The log: who changed what and when, versions of features, taking back, backup."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from geo.study import read_study
from tests.api.editing.conftest import HOME
from tests.api.editing.test_conformance_part4 import GEOJSON, ITEMS, PATCH, house

LOG = f"{HOME}/transactions"


def patch(client: TestClient, seen: int, **properties: Any) -> None:
    answer = client.patch(f"{ITEMS}/JZ001", content=json.dumps({"properties": properties}),
                          headers={**PATCH, "If-Match": f'"{seen}"'})  # fmt: skip
    assert answer.status_code == 204


def test_the_log_tells_who_changed_what(person: Callable[..., TestClient]) -> None:
    li, wang = person("li", "planner"), person("wang", "planner")
    patch(li, 1, floors=7)
    patch(wang, 2, floors=8)
    wang.post(ITEMS, content=json.dumps(house()), headers=GEOJSON)
    told = li.get(LOG, params={"limit": 2}).json()
    assert [(one["by"], one["action"]) for one in told["transactions"]] == [
        ("wang", "feature created"), ("wang", "feature updated")]  # fmt: skip
    onward = next(link["href"] for link in told["links"] if link["rel"] == "next")
    assert li.get(onward).json()["transactions"][0]["by"] == "li"
    assert {one["by"] for one in li.get(LOG, params={"by": "li"}).json()["transactions"]} == {"li"}
    of_buildings = li.get(LOG, params={"collection": "buildings"}).json()["transactions"]
    assert all("buildings" in one["counts"] for one in of_buildings)
    tx = told["transactions"][1]["tx"]
    whole = li.get(f"{LOG}/{tx}").json()
    assert [(one["collection"], one["id"], one["version"], one["op"]) for one in whole["changes"]] == [
        ("buildings", "JZ001", 3, "replace")]  # fmt: skip
    west, south, east, north = whole["changes"][0]["bbox"]
    assert 119.9 < west < east < 120.1
    assert 30.1 < south < north < 30.3
    assert li.get(f"{LOG}/999").status_code == 404
    assert person("guest", "viewer").get(LOG).status_code == 403


def test_taking_back(person: Callable[..., TestClient]) -> None:
    li = person("li", "planner")
    patch(li, 1, floors=7)
    first = li.get(LOG).json()["transactions"][0]["tx"]
    patch(li, 2, name="改")
    refused = li.post(f"{LOG}/{first}/undo")
    assert refused.status_code == 412
    assert refused.json()["changes"][0]["id"] == "JZ001"
    undone = li.post(f"{LOG}/{first + 1}/undo").json()
    assert (undone["undoes"], undone["by"]) == (first + 1, "li")
    got = li.get(f"{ITEMS}/JZ001").json()["properties"]
    assert (got["name"], got["floors"]) == ("1-1号楼", 7)
    assert (
        person("wu", "planner", area={"town": ("communities", "SQ01")}).post(f"{LOG}/{first}/undo").status_code == 403
    )


def test_versions_of_a_feature(person: Callable[..., TestClient]) -> None:
    li, guest = person("li", "planner"), person("guest", "viewer")
    patch(li, 1, floors=7, households=3)
    li.delete(f"{ITEMS}/JZ001", headers={"If-Match": '"2"'})
    told = li.get(f"{ITEMS}/JZ001/versions").json()["versions"]
    assert [(one["version"], one["op"], one["by"] == "li") for one in told] == [
        (1, "create", False), (2, "replace", True), (3, "delete", True)]  # fmt: skip
    assert told[1]["columns"] == ["floors", "households"]
    assert told[0]["geometry"]["type"] == "Polygon"
    for one in guest.get(f"{ITEMS}/JZ001/versions").json()["versions"]:
        assert not {"households", "people", "dwellings"} & one["properties"].keys(), (
            "no household data of single houses"
        )
        assert one["by"] == ""
    assert li.get(f"{ITEMS}/JZ404/versions").status_code == 404


def test_a_backup_is_the_study_with_its_history(person: Callable[..., TestClient], tmp_path: Path) -> None:
    admin = person("root", "admin")
    patch(admin, 1, floors=7)
    answer = admin.get(f"{HOME}/backup")
    assert answer.headers["content-type"] == "application/geopackage+sqlite3"
    copy = tmp_path / "copy.gpkg"
    copy.write_bytes(answer.content)
    assert read_study(copy)["buildings"].loc["JZ001", "floors"] == 7
    assert person("li", "planner").get(f"{HOME}/backup").status_code == 403
