"""A plan is kept from a plan.json in the request, from an upload, or from a file that a job left behind: all alike."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.bodies import MOST_DEEP, MOST_VALUES
from api.server import Server
from api.storage.records import DocumentWrite, FileWrite
from tests.api.editing.conftest import HOME, small_plan

PLANS = f"{HOME}/plans"
KEY = "jobs/j1/plan.json"


def kept(server: Server, content: bytes, key: str = KEY) -> None:
    server.storage.open("town").commit([FileWrite(key, "application/json", content)], by="li", action="plan")


def made(town: TestClient, plan: object, plan_id: str = "p2") -> Any:
    return town.post(PLANS, json={"id": plan_id, "title_zh": "方案二", "plan": plan})


def test_uploads_files_and_links_give_the_plan_that_the_document_gives(town: TestClient, server: Server) -> None:
    text = small_plan().to_json()
    whole = made(town, json.loads(text), "p1")
    assert whole.status_code == 201, whole.text
    upload = town.post(f"{HOME}/uploads", files=[("file", ("方案.json", b"\xef\xbb\xbf" + text))]).json()
    assert upload["kind"] == "plan"
    kept(server, text)
    link = {"href": f"http://127.0.0.1:8000{HOME}/files/{KEY}"}
    for number, given in enumerate((upload["id"], KEY, link), start=2):
        answer = made(town, given, f"p{number}")
        assert answer.status_code == 201, answer.text
        assert answer.json()["digest"] == whole.json()["digest"]
        assert answer.headers["location"].endswith(f"/plans/p{number}")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("u-0123456789abcdef", "there is no upload u-0123456789abcdef"),
        ("u-map", "is a GeoPackage, no plan"),
        ("jobs/none/plan.json", "there is no file jobs/none/plan.json"),
        ("../plan.json", "there is no file ../plan.json"),
        ({"href": "https://elsewhere.example/plan.json"}, "is not fetched"),
        ({"href": "/studies/other/files/jobs/j1/plan.json"}, "is not fetched"),
        (7, "plan"),
    ],
)
def test_what_is_not_there_is_told(town: TestClient, server: Server, given: object, said: str) -> None:
    store = server.storage.open("town")
    body = {"key": "uploads/u-map/a.gpkg", "kind": "vector", "format": "GeoPackage", "by": "li"}
    store.commit([DocumentWrite("upload", "u-map", body), FileWrite("uploads/u-map/a.gpkg", "", b"SQLite")],
                 by="li", action="file uploaded")  # fmt: skip
    answer = made(town, given)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert said in answer.json()["detail"]
    assert store.documents("plan") == []


def _deep(text: str) -> bytes:
    return text.replace("{", '{"a": ' + "[" * (MOST_DEEP + 1) + "]" * (MOST_DEEP + 1) + ",", 1).encode()


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (lambda text: text[:-20].encode(), 400),
        (lambda text: text.replace('"seed"', '"seed": 1, "seed"', 1).encode(), 400),
        (_deep, 400),
        (lambda text: text.replace('"k": 4', '"k": NaN', 1).encode(), 400),
        (lambda text: text.replace("{", '{"a": [' + "1," * MOST_VALUES + "1],", 1).encode(), 413),
        (lambda _: b'{"type": "FeatureCollection", "features": []}', 422),
        (lambda text: text.replace("B0001", "B9999").encode(), 422),
    ],
)  # fmt: skip
def test_a_file_is_refused_as_the_document_is(
    town: TestClient, server: Server, spoil: Callable[[str], bytes], status: int
) -> None:
    content = spoil(json.dumps(json.loads(small_plan().to_json())))
    kept(server, content)
    by_file = made(town, KEY)
    body = b'{"id": "p2", "plan": ' + content + b"}"
    by_document = town.post(PLANS, content=body, headers={"content-type": "application/json"})
    assert (by_file.status_code, by_document.status_code) == (status, status), by_file.text[:300]
    if status == 422:
        assert by_file.json()["faults"] == by_document.json()["faults"]
    assert server.storage.open("town").documents("plan") == []


def test_plans_are_kept_by_planners_of_the_whole_study(person: Callable[..., TestClient], server: Server) -> None:
    kept(server, small_plan().to_json())
    for one in (person("wu", "surveyor"), person("li", "planner", area={"town": ("communities", "SQ01")})):
        assert made(one, KEY).status_code == 403
