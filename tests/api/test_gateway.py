"""What every request passes: sizes, secure headers, metrics, a line in the log."""

import json
import logging
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.gateway import SECURE
from tests.api.served import STUDY_ID, client, serve, small_study

ITEMS = f"/studies/{STUDY_ID}/collections/buildings/items"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    server = serve(small_study(), tmp_path_factory.mktemp("gateway"), body_bytes=2_000, upload_bytes=100_000)
    yield client(server)
    server.close()


@pytest.mark.parametrize("path", ["/", "/health", f"/studies/{STUDY_ID}", ITEMS, "/nowhere", "/docs",
                                  f"/studies/{STUDY_ID}/tiles/WebMercatorQuad/0/0/0?collections=roads"])  # fmt: skip
def test_every_answer_has_secure_headers(web: TestClient, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code in (200, 404)
    assert SECURE.keys() <= set(answer.headers)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "unsafe-eval" not in answer.headers["content-security-policy"]
    assert len(answer.headers["x-request-id"]) == 12


def test_requests_have_numbers_of_their_own(web: TestClient) -> None:
    assert len({web.get("/health").headers["x-request-id"] for _ in range(5)}) == 5


def test_what_is_too_large_is_refused(web: TestClient) -> None:
    """By what the request says of itself, and by what really comes."""
    told = web.post(ITEMS, content=b"x" * 2_001, headers={"content-type": "application/geo+json"})
    assert told.status_code == 413
    assert told.headers["content-type"] == "application/problem+json"
    assert "2,000 bytes" in told.json()["detail"]
    streamed = web.post(ITEMS, content=(b"x" * 500 for _ in range(9)), headers={"content-type": "application/geo+json"})
    assert streamed.status_code == 413
    assert web.post(ITEMS, content=b"{}", headers={"content-type": "application/geo+json"}).status_code != 413


def test_json_that_is_sent_as_a_form_is_told_so(web: TestClient) -> None:
    """What curl does with -d where nobody names the type."""
    at = {"Content-Type": "application/x-www-form-urlencoded", "If-Match": '"1"'}
    told = web.post(f"/studies/{STUDY_ID}/plans/p1/edits", content='{"do": "undo"}', headers=at)
    assert told.status_code == 400
    assert "Content-Type: application/json" in told.json()["faults"][0]["remedy"]


def test_counts_stand_in_the_metrics(web: TestClient) -> None:
    line = 'shequ_requests_total{method="GET",route="/health",status="200"}'

    def counted() -> float:
        found = [each for each in web.get("/metrics").text.splitlines() if each.startswith(line)]
        return float(found[0].split()[-1]) if found else 0.0

    before = counted()
    for _ in range(3):
        web.get("/health")
    assert counted() == before + 3
    assert STUDY_ID not in web.get("/metrics").text, "routes, not addresses: there are few of them"


def test_a_request_is_one_line_of_the_log(web: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="shequ.request"):
        answer = web.get(f"/studies/{STUDY_ID}", params={"lang": "xx"})
    (record,) = caplog.records
    said = json.loads(json.dumps(record.said))
    assert (said["method"], said["path"], said["status"]) == ("GET", f"/studies/{STUDY_ID}", answer.status_code)
    assert said["id"] == answer.headers["x-request-id"]
    assert said["ms"] >= 0
