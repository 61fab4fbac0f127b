"""Who may ask for jobs, who sees what they were asked with, and who may have which file."""

import itertools
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from api.accounts.rights import Caller, Role
from api.jobs import Jobs
from api.jobs.documents import role_for
from api.jobs.orders import OUTCOME
from api.main import create_app
from api.server import Server
from api.storage import StudyStore
from api.storage.records import DocumentWrite, FileWrite
from tests.api.served import STUDY_ID

HERE = f"/studies/{STUDY_ID}"


class _As:
    """The application as one caller reaches it."""

    def __init__(self, app: ASGIApp, caller: Caller) -> None:
        self._app = app
        self._caller = caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["caller"] = self._caller
        await self._app(scope, receive, send)


def _client(server: Server, role: Role) -> TestClient:
    return TestClient(_As(create_app(server.settings, server), Caller(role, {STUDY_ID: role})))


@pytest.mark.parametrize("role", ["viewer", "surveyor"])
def test_only_planners_begin_and_end_jobs_and_see_what_was_asked(server: Server, role: Role) -> None:
    planner, other = _client(server, "planner"), _client(server, role)
    asked = {"inputs": {"collections": ["communities"]}}

    refused = other.post(f"{HERE}/processes/export/execution", json=asked)
    made = planner.post(f"{HERE}/processes/export/execution", json=asked)

    assert refused.status_code == 403
    assert "this needs the role planner" in refused.json()["detail"]
    assert made.status_code == 201
    assert made.json()["request"]["inputs"] == asked["inputs"]
    (seen,) = other.get(f"{HERE}/jobs").json()["jobs"]
    assert seen["status"] == "accepted"
    assert not {"request", "by"} & set(seen)
    assert other.delete(f"{HERE}/jobs/{made.json()['jobID']}").status_code == 403
    assert planner.delete(f"{HERE}/jobs/{made.json()['jobID']}").status_code == 200


def _keep(store: StudyStore, process: str, job: str, name: str, kind: str = "text/html") -> str:
    key = f"jobs/{job}/{name}"
    outcome = {"process": process, "summary": {}, "collections": [], "files": {}, "by": "li"}
    store.commit([FileWrite(key, kind, b"x"), DocumentWrite(OUTCOME, job, outcome)], by="li", action="test")
    return key


def test_files_are_for_planners_photos_for_surveyors_too(server: Server, store: StudyStore) -> None:
    drawn, taken = _keep(store, "gaps", "g1", "map.html"), _keep(store, "export", "e1", "town.gpkg", "application/x")
    store.commit([FileWrite("uploads/raw.gpkg", "application/x", b"x"), FileWrite("findings/f1/p.jpg", "image/jpeg",
                 b"x"), FileWrite("jobs/g1/in/survey.csv", "text/csv", b"x")], by="li", action="test")  # fmt: skip
    allowed = {
        role: [
            key
            for key in (drawn, taken, "uploads/raw.gpkg", "findings/f1/p.jpg", "jobs/g1/in/survey.csv")
            if _client(server, role).get(f"{HERE}/files/{key}").status_code == 200
        ]
        for role in ("viewer", "surveyor", "planner")
    }

    assert allowed["viewer"] == []
    assert allowed["surveyor"] == ["findings/f1/p.jpg"]
    assert len(allowed["planner"]) == 5
    assert role_for("jobs/unknown/map.html") == "planner"


def test_a_page_that_was_kept_can_reach_nothing(server: Server, store: StudyStore) -> None:
    page = _keep(store, "gaps", "g1", "map.html")
    store.commit([FileWrite("uploads/trick.html", "text/html", b"<script>")], by="li", action="test")
    planner = _client(server, "planner")

    shown, trick = (
        planner.get(f"{HERE}/files/{page}"),
        planner.get(f"{HERE}/files/uploads/trick.html?disposition=inline"),
    )

    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in shown.headers["content-security-policy"]
    assert trick.headers["content-disposition"].startswith("attachment")
    assert trick.headers["content-security-policy"] == "sandbox; default-src 'none'"


def test_files_are_listed_for_planners_and_names_keep_their_letters(server: Server, store: StudyStore) -> None:
    key = _keep(store, "convert", "c1", "村改居.xlsx", "application/x")
    planner = _client(server, "planner")

    (told,) = planner.get(f"{HERE}/files", params={"prefix": "jobs/c1"}).json()["files"]
    answer = planner.get(told["href"].removeprefix("http://testserver"))

    assert (told["key"], told["bytes"]) == (key, 1)
    assert answer.headers["content-disposition"] == ("attachment; filename*=UTF-8''%E6%9D%91%E6%94%B9%E5%B1%85.xlsx")
    assert _client(server, "viewer").get(f"{HERE}/files").status_code == 403
    missing: Any = planner.get(f"{HERE}/files/jobs/c1/none.txt").json()
    assert missing["detail"] == "there is no file jobs/c1/none.txt"


def test_what_a_job_says_and_why_it_failed_is_for_planners(server: Server) -> None:
    planner, viewer = _client(server, "planner"), _client(server, "viewer")
    queue = server.part(Jobs).queue(server.storage.open(STUDY_ID))
    ended = {}
    for status, outcome in (
        ("successful", {"process": "plan", "summary": {"moved_households": 3.25}, "collections": [], "files": {}}),
        ("failed", {"type": "about:blank", "title": "Unusable data", "status": 422,
                    "detail": "a.csv row 7: 张三 has 3.25 households", "faults": [{"what": "张三"}]}),
    ):  # fmt: skip
        job = queue.put("plan", {"inputs": {}}, by="li")
        assert queue.take("w1") is not None
        queue.tell(job.id, "w1", "placing the 3.25 households of 张三", 0.5)
        queue.end(job.id, "w1", status, str(outcome.get("detail", "done")), outcome)
        ended[status] = job.id
    secrets = ("3.25", "张三")

    for job_id, door in itertools.product(ended.values(), ("", "/results", "/log", "/events", "?f=html")):
        path = f"{HERE}/jobs/{job_id}{door}"
        told, whole = viewer.get(path), planner.get(path)
        assert not [each for each in secrets if each in told.text], path
        assert any(each in whole.text for each in secrets) or (door == "" and job_id == ended["successful"]), path
        assert told.status_code == (403 if door in ("/log", "/events") else whole.status_code), path
    assert not [each for each in secrets if each in viewer.get(f"{HERE}/jobs").text]
    assert viewer.get(f"{HERE}/jobs/{ended['failed']}").json()["exception"]["title"] == "Unusable data"
