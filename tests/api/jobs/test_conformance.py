"""The abstract tests of OGC API - Processes, Part 1 (18-062r2): core, ogc-process-description, job-list, dismiss.

Each test names in its docstring the abstract tests that it carries out. Execution is asynchronous only, so those about
`sync` do not apply; nor does /conf/core/job-creation-input-inline-bbox: no process takes a box.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from starlette.testclient import TestClient

from api.jobs import Queue
from api.jobs.conformance import CONFORMANCE
from api.jobs.orders import OUTCOME, Orders
from api.jobs.worker import attempt
from api.server import Server
from api.storage import StudyStore
from api.storage.records import DocumentWrite, FileWrite
from tests.api.served import STUDY_ID, client

HERE = f"/studies/{STUDY_ID}"
_EXCEPTION = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
STATUS_INFO: dict[str, Any] = {
    "type": "object",
    "required": ["jobID", "status", "type", "links"],
    "properties": {
        "processID": {"type": "string"},
        "type": {"enum": ["process"]},
        "jobID": {"type": "string"},
        "status": {"enum": ["accepted", "running", "successful", "failed", "dismissed"]},
        "message": {"type": "string"},
        "created": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT"},
        "progress": {"type": "integer", "minimum": 0, "maximum": 100},
        "links": {"type": "array", "items": {"type": "object", "required": ["href"]}},
    },
}
"""statusInfo.yaml of the standard."""


@pytest.fixture
def http(server: Server) -> Iterator[TestClient]:
    """Give a client of a running server, which does jobs."""
    with client(server) as made:
        yield made


@pytest.fixture
def still(server: Server) -> TestClient:
    """Give a client of a server whose jobs wait for ever."""
    return client(server)


def _execute(http: TestClient, process: str = "export", **inputs: Any) -> dict[str, Any]:
    asked = {"inputs": inputs or {"collections": ["communities"]}}
    answer = http.post(f"{HERE}/processes/{process}/execution", json=asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _valid(told: Any) -> None:
    Draft4Validator(STATUS_INFO).validate(told)


def _rels(told: Any) -> dict[str, str]:
    return {link["rel"].rsplit("/", 1)[-1]: link["href"] for link in told["links"]}


def _path(href: str) -> str:
    return href.removeprefix("http://127.0.0.1:8000")


# ── landing page, conformance ────────────────────────────────────────────────────────────────────────────────────────
def test_landing_page_and_conformance(still: TestClient) -> None:
    """/conf/core/landingpage-op, landingpage-success, conformance-op, conformance-success, api-definition-op."""
    landing = still.get(HERE).json()
    assert {"processes", "job-list", "service-desc", "conformance"} <= set(_rels(landing))
    declared = still.get(f"{HERE}/conformance").json()["conformsTo"]
    assert set(CONFORMANCE) <= set(declared)
    document = still.get(_path(_rels(landing)["service-desc"]))
    assert document.json()["openapi"].startswith("3.0")
    assert "/processes/{process_id}/execution" in document.json()["paths"]


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_process_list(still: TestClient) -> None:
    """/conf/core/process-list, process-list-success, pl-limit-definition, pl-limit-response, pl-links, http."""
    told = still.get(f"{HERE}/processes").json()
    ids = [each["id"] for each in told["processes"]]
    assert {"import", "blocks", "households", "plan", "gaps", "siting", "programme", "export", "report"} <= set(ids)
    for each in told["processes"]:
        assert {"id", "version", "jobControlOptions", "outputTransmission", "links"} <= set(each)
        assert each["jobControlOptions"] == ["async-execute", "dismiss"]
    first = still.get(f"{HERE}/processes", params={"limit": 5}).json()
    assert [each["id"] for each in first["processes"]] == ids[:5]
    follow = still.get(_path(_rels(first)["next"])).json()
    assert [each["id"] for each in follow["processes"]] == ids[5:10]
    assert "prev" in _rels(follow)
    assert still.get(f"{HERE}/processes", params={"limit": 0}).status_code == 400


def test_process_description(still: TestClient) -> None:
    """/conf/core/process, process-success; /conf/ogc-process-description/json-encoding, inputs-def, input-def,
    input-mixed-type, outputs-def, output-def, output-mixed-type.
    """
    for each in still.get(f"{HERE}/processes").json()["processes"]:
        told = still.get(_path(_rels(each)["self"])).json()
        assert told["inputs"]
        assert told["outputs"]
        for name, given in told["inputs"].items():
            assert given["title"], name
            assert given["minOccurs"] in (0, 1)
            Draft4Validator.check_schema(given["schema"])
            assert "$ref" not in str(given["schema"])
        for given in told["outputs"].values():
            assert given["title"]
            Draft4Validator.check_schema(given["schema"])
    chinese = still.get(f"{HERE}/processes/gaps", params={"lang": "zh"}).json()
    english = still.get(f"{HERE}/processes/gaps", params={"lang": "en"}).json()
    assert (chinese["title"], english["title"]) == ("设施缺口", "Gaps")
    assert chinese["inputs"]["speed"]["title"] == "步行速度"


def test_no_such_process(still: TestClient) -> None:
    """/conf/core/process-exception/no-such-process."""
    for answer in (still.get(f"{HERE}/processes/nothing"),
                   still.post(f"{HERE}/processes/nothing/execution", json={"inputs": {}})):  # fmt: skip
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == f"{_EXCEPTION}/no-such-process"


# ── creating a job ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_job_creation(still: TestClient) -> None:
    """/conf/core/job-creation-op, job-creation-request, job-creation-inputs, job-creation-input-inline,
    job-creation-default-execution-mode, job-creation-auto-execution-mode, job-creation-success-async.
    """
    asked = {"inputs": {"collections": ["communities"], "format": "geojson"}}
    for prefer, applied in (({}, None), ({"prefer": "respond-async"}, "respond-async"), ({"prefer": "wait=1"}, None)):
        answer = still.post(f"{HERE}/processes/export/execution", json=asked, headers=prefer)
        assert answer.status_code == 201
        _valid(answer.json())
        assert answer.json()["status"] == "accepted"
        assert answer.headers.get("preference-applied") == applied
        assert still.get(_path(answer.headers["location"])).json()["jobID"] == answer.json()["jobID"]


def test_job_creation_inputs_of_every_kind(still: TestClient) -> None:
    """/conf/core/job-creation-input-array, job-creation-input-inline-object, job-creation-input-inline-mixed,
    job-creation-input-inline-binary, job-creation-input-ref.
    """
    _execute(still, "siting", needs=["elders"], here={"a": [[1, 2], "XZ1"]})
    _execute(still, "plan", options={"value": {"effort": "quick"}})
    _execute(still, "siting", needs=["elders"], equity=0.5)
    _execute(still, "siting", needs=["elders"], equity="worst_first")
    content = base64.b64encode(b"community_id,name\nA1,x\n").decode()
    made = _execute(still, "convert", survey={"value": content, "encoding": "base64", "mediaType": "text/csv",
                                              "name": "调查.csv"})  # fmt: skip
    key = made["request"]["inputs"]["survey"]
    assert key == f"jobs/{made['jobID']}/in/调查.csv"
    again = _execute(still, "convert", survey={"href": f"http://127.0.0.1:8000{HERE}/files/{key}"})
    assert again["request"]["inputs"]["survey"] == key


@pytest.mark.parametrize(("process", "asked", "said"), [
    ("siting", {"inputs": {}}, "inputs.needs: Field required"),
    ("siting", {"inputs": {"needs": ["elders"], "speed": "fast"}}, "inputs.speed"),
    ("siting", {"inputs": {"needs": ["elders"], "colour": "red"}}, "inputs.colour"),
    ("siting", {"inputs": {"needs": ["elders"], "budget": "NaN"}}, "inputs.budget"),
    ("siting", {"inputs": {"needs": ["a", "b"], "model": "lscp"}}, "model is for one need alone"),
    ("plan", {"inputs": {"options": {"k": -1}}}, "inputs.options.k"),
    ("plan", {"inputs": {"profile": "../../etc/passwd"}}, "inputs.profile"),
    ("plan", {"inputs": {"start": "nobody"}}, "inputs.start: there is no plan nobody"),
    ("programme", {"inputs": {"options": {}, "start": "gone"}}, "inputs.start: there is no programme gone"),
    ("import", {"inputs": {"files": ["uploads/none.gpkg"]}}, "there is no file uploads/none.gpkg"),
    ("import", {"inputs": {}}, "there is nothing to import"),
    ("import", {"inputs": {"files": [{"href": "http://169.254.169.254/latest"}]}}, "is not fetched"),
    ("import", {"inputs": {"files": [{"value": "###", "encoding": "base64"}]}}, "the value is not base64"),
    ("export", {"inputs": {"collections": ["bloks"]}}, "there is no collection bloks"),
    ("export", {"inputs": {"collections": ["blocks"]}, "outputs": {"pie": {}}}, "there is no output pie"),
    ("export", {"inputs": {"collections": ["blocks"]}, "response": "raw"}, "response raw is offered for one output"),
    ("export", {"inputs": {"collections": ["blocks"]}, "subscriber": {"successUri": "http://x"}}, "callbacks"),
    ("export", {"inputs": []}, "inputs"),
    ("export", [], "an object with inputs"),
])  # fmt: skip
def test_job_creation_input_validation(still: TestClient, process: str, asked: Any, said: str) -> None:
    """/conf/core/job-creation-input-validation: what is wrong, where, and what to do; nothing is put into the queue."""
    answer = still.post(f"{HERE}/processes/{process}/execution", json=asked)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    told = [f"{fault['what']} {fault['remedy']}" for fault in answer.json()["faults"]]
    assert any(said in each for each in told), told
    assert still.get(f"{HERE}/jobs").json()["numberMatched"] == 0


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"inputs":' * 5_000, b"\xff\xfe", b'{"inputs": NaN}'])
def test_what_is_no_json_is_refused(still: TestClient, body: bytes) -> None:
    answer = still.post(f"{HERE}/processes/gaps/execution", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    assert "the body is" in answer.json()["detail"]
    other = still.post(f"{HERE}/processes/gaps/execution", content=b"<x/>", headers={"content-type": "text/xml"})
    assert other.status_code == 415


# ── status and results ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_job_to_its_results(http: TestClient) -> None:
    """/conf/core/job, job-success, job-results-op, job-results-success-async-document, job-creation-default-outputs;
    and the events of the job.
    """
    made = _execute(http, "export", collections=["communities", "roads"], format="gpkg")

    events = http.get(_path(_rels(made)["monitor"]))
    assert events.headers["content-type"].startswith("text/event-stream")
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in events.text.strip().split("\n\n")]
    logged = [each for each in blocks if each.get("event") == "log"]
    assert [each["id"] for each in logged] == [str(n + 1) for n in range(len(logged))]
    assert '"status": "successful"' in blocks[-1]["data"]
    resumed = http.get(_path(_rels(made)["monitor"]), headers={"last-event-id": str(len(logged) - 1)}).text
    assert resumed.count("event: log") == 1

    status = http.get(f"{HERE}/jobs/{made['jobID']}").json()
    _valid(status)
    assert (status["status"], status["progress"]) == ("successful", 100)
    assert {"started", "finished"} <= set(status)
    results = http.get(_path(_rels(status)["results"])).json()
    assert results["summary"]["value"]["collections"] == ["communities", "roads"]
    assert results["file"]["type"] == "application/geopackage+sqlite3"
    file = http.get(_path(results["file"]["href"]))
    assert file.content.startswith(b"SQLite format 3")
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''town.gpkg"
    assert http.get(_path(results["file"]["href"]), headers={"if-none-match": file.headers["etag"]}).status_code == 304


def test_one_output_raw(still: TestClient, store: StudyStore, queue: Queue) -> None:
    """/conf/core/job-results-success-async-raw-value-one, job-results-success-async-raw-ref."""
    answers = {}
    for mode, output in (("value", "map"), ("reference", "map"), ("value", "summary")):
        asked = {
            "inputs": {"standards": ["six-ones"]},
            "response": "raw",
            "outputs": {output: {"transmissionMode": mode}},
        }
        made = still.post(f"{HERE}/processes/gaps/execution", json=asked).json()["jobID"]
        queue.take("somebody", job_id=made)
        key = f"jobs/{made}/map.html"
        outcome = {"process": "gaps", "summary": {"n": 1}, "collections": [], "files": {"map": key}, "by": "owner"}
        store.commit(
            [FileWrite(key, "text/html", b"<p>map"), DocumentWrite(OUTCOME, made, outcome)], by="li", action="t"
        )
        queue.end(made, "somebody", "successful", "done", outcome)
        answers[mode, output] = still.get(f"{HERE}/jobs/{made}/results")

    assert answers["value", "map"].content == b"<p>map"
    assert answers["value", "map"].headers["content-type"].startswith("text/html")
    assert answers["reference", "map"].status_code == 204
    assert 'rel="map"' in answers["reference", "map"].headers["link"]
    assert answers["value", "summary"].json() == {"n": 1}


def test_exceptions_of_jobs(still: TestClient) -> None:
    """/conf/core/job-exception-no-such-job, job-results-exception-no-such-job, job-results-exception-not-ready."""
    for path in ("/jobs/nobody", "/jobs/nobody/results", "/jobs/nobody/events", "/jobs/nobody/log"):
        answer = still.get(HERE + path)
        assert answer.status_code == 404
        assert answer.json()["type"] == f"{_EXCEPTION}/no-such-job"
    made = _execute(still)
    answer = still.get(f"{HERE}/jobs/{made['jobID']}/results")
    assert answer.status_code == 404
    assert answer.json()["type"] == f"{_EXCEPTION}/result-not-ready"


def test_results_of_a_failed_job(still: TestClient, store: StudyStore, queue: Queue, tmp_path: Path) -> None:
    """/conf/core/job-results-failed: the status and the problem of the failure."""
    made = _execute(still, "plan", options={"min_households": 50_000, "max_households": 60_000, "effort": "quick"},
                    advice=False)  # fmt: skip
    job = queue.take("somebody")
    assert job is not None
    orders = Orders(STUDY_ID, job.id, "somebody", tmp_path, 0, 0, 0, {}, None)
    queue.end(job.id, "somebody", *attempt(store, queue, job, orders))  # type: ignore[arg-type]

    answer = still.get(f"{HERE}/jobs/{made['jobID']}/results")

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["reasons"]
    assert str(tmp_path) not in answer.text
    status = still.get(f"{HERE}/jobs/{made['jobID']}").json()
    assert status["exception"] == answer.json()
    assert "exceptions" in _rels(status)


# ── the list ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_job_list(still: TestClient) -> None:
    """/conf/job-list/job-list-op, job-list-success, limit-definition, limit-response, links, processID-mandatory,
    processID-definition, processID-response, type-definition, type-response, status-definition, status-response,
    datetime-definition, datetime-response, duration-definition, duration-response.
    """
    made = []
    for process, inputs in (("export", {}), ("blocks", {"borders": "all"}), ("export", {}), ("households", {"trust":
                            "census"})):  # fmt: skip
        made.append(_execute(still, process, **inputs))
    newest = [each["jobID"] for each in reversed(made)]

    def ids(**asked: Any) -> list[str]:
        told = still.get(f"{HERE}/jobs", params=asked).json()
        for each in told["jobs"]:
            _valid(each)
            assert each["processID"]
        return [each["jobID"] for each in told["jobs"]]

    assert ids() == newest
    assert ids(limit=2) == newest[:2]
    page = still.get(f"{HERE}/jobs", params={"limit": 3, "processID": "export,blocks"}).json()
    assert (page["numberMatched"], page["numberReturned"]) == (3, 3)
    page = still.get(f"{HERE}/jobs", params={"limit": 3}).json()
    follow = still.get(_path(_rels(page)["next"])).json()
    assert [each["jobID"] for each in follow["jobs"]] == newest[3:]
    assert _path(_rels(follow)["prev"]).startswith(f"{HERE}/jobs?")
    assert ids(processID="export") == [newest[1], newest[3]]
    assert ids(type="process") == newest
    assert ids(type="other") == ids(processID="nothing") == []
    assert ids(status="running,successful") == []
    assert ids(status="accepted") == newest
    begin = made[1]["created"].replace("+00:00", "Z")
    assert ids(datetime=f"{begin}/..") == newest[:3]
    assert ids(datetime=f"../{begin}") == newest[2:]
    assert ids(datetime=begin) == [newest[2]]
    assert newest[2] in ids(datetime=f"{begin[:23]}Z"), "a client that keeps milliseconds finds it too"
    assert ids(datetime="2020-01-01/2020-12-31") == []
    assert ids(minDuration=1) == ids(maxDuration=10) == []


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": "x"}, {"status": "done"}, {"datetime": "yesterday"},
                                   {"minDuration": -1}, {"maxDuration": "nan"}, {"offset": -1},
                                   {"datetime": "0001-01-01T00:00:00+23:00"}])  # fmt: skip
def test_wrong_parameters_of_the_list_are_refused(still: TestClient, asked: dict[str, Any]) -> None:
    answer = still.get(f"{HERE}/jobs", params=asked)

    assert answer.status_code == 400
    assert answer.json()["faults"][0]["remedy"]


# ── dismissing ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_dismissing_a_job(still: TestClient) -> None:
    """/conf/dismiss/job-dismiss-op, job-dismiss-success."""
    made = _execute(still)

    answer = still.delete(f"{HERE}/jobs/{made['jobID']}")

    assert answer.status_code == 200
    _valid(answer.json())
    assert answer.json()["status"] == "dismissed"
    assert still.get(f"{HERE}/jobs/{made['jobID']}").json()["status"] == "dismissed"
    assert still.get(f"{HERE}/jobs/{made['jobID']}/results").status_code == 404
    assert still.delete(f"{HERE}/jobs/{made['jobID']}").json()["status"] == "dismissed"
    assert still.get(f"{HERE}/jobs/{made['jobID']}").status_code == 404
    assert still.delete(f"{HERE}/jobs/{made['jobID']}").json()["type"] == f"{_EXCEPTION}/no-such-job"
