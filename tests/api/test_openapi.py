"""OpenAPI 3.1 said in the words of 3.0; every operation names its refusals."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.openapi import down_to_3_0, refusals_of
from tests.api.served import STUDY_ID, client, serve, small_study


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        ({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}, {"allOf": [{"$ref": "#/x"}], "nullable": True}),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
         {"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": True}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"const": 3}, {"enum": [3]}),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
         {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1, "exclusiveMaximum": True}),
        ({"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}]},
         {"type": "array", "items": {"type": "number"}}),
        ({"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}]}, {"type": "array", "items": {}}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
        ({"type": "string", "contentMediaType": "application/json"}, {"type": "string"}),
    ],
)  # fmt: skip
def test_each_word(new: dict[str, Any], old: dict[str, Any]) -> None:
    assert down_to_3_0(new) == old


def test_properties_may_be_called_like_words_of_the_schema_language() -> None:
    said = down_to_3_0({"type": "object", "properties": {"type": {"type": ["string", "null"]}, "const": {"const": 1}}})
    assert said["properties"] == {"type": {"type": "string", "nullable": True}, "const": {"enum": [1]}}


def test_named_examples_of_a_body_stay() -> None:
    assert down_to_3_0({"examples": {"one": {"value": 1}}}) == {"examples": {"one": {"value": 1}}}


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    server = serve(small_study(), tmp_path_factory.mktemp("openapi"), body_bytes=50_000)
    yield client(server)
    server.close()


@pytest.fixture(scope="module", params=["/api", f"/studies/{STUDY_ID}/api"])
def made(web: TestClient, request: pytest.FixtureRequest) -> dict[str, Any]:
    return web.get(request.param).json()


def operations(made: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in made["paths"].items():
        yield from ((path, method, each) for method, each in item.items() if "responses" in each)


def resolved(made: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    name = response.get("$ref", "").removeprefix("#/components/responses/")
    return made["components"]["responses"][name] if name else response


def test_every_operation_names_its_refusals(made: dict[str, Any]) -> None:
    """Each of them as a problem document, and as a page; nobody's own words for what does not fit a model."""
    for path, method, operation in operations(made):
        named = {int(status) for status in operation["responses"] if status[0] in "45"}
        assert {400, 401, 403, 413, 414, 429, 431, 500, 503} <= named, (method, path)
        assert refusals_of(path, method, operation) <= named or not path.startswith("/studies"), (method, path)
        for status in named:
            told = resolved(made, operation["responses"][str(status)])
            assert told["description"]
            assert told["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert "text/html" in told["content"]
    assert "ValidationError" not in str(made["components"])
    assert {"Problem", "FaultTold"} <= set(made["components"]["schemas"])


def test_answers_of_another_shape_stay_beside_problems(web: TestClient) -> None:
    told = web.get("/api").json()["paths"]["/health"]["get"]["responses"]["503"]
    assert set(told["content"]) == {"application/problem+json", "text/html", "application/json"}


_P, _B = f"/studies/{STUDY_ID}/plans/p1", f"/studies/{STUDY_ID}/collections/buildings/items"


@pytest.mark.parametrize(
    ("route", "asked", "status"),
    [
        ("get /plans/{plan_id}", ("GET", _P), 404), ("get /plans/{plan_id}/texts", ("GET", f"{_P}/texts"), 404),
        ("get /plans/{plan_id}/compare", ("GET", f"{_P}/compare?with=p2"), 404),
        ("get /plans/{plan_id}/compare", ("GET", f"{_P}/compare"), 400),
        ("get /plans/{plan_id}/plan.json", ("GET", f"{_P}/plan.json"), 404),
        ("post /plans/{plan_id}/undo", ("POST", f"{_P}/undo"), 428), ("post /plans", ("POST", f"{_P[:-3]}"), 400),
        ("get /collections/{collection_id}/items", ("GET", f"{_B}?filter={'a' * 60_000}"), 414),
        ("get /collections/{collection_id}/items", ("GET", f"{_B}?f=xml"), 400),
        ("delete /collections/{collection_id}/items/{feature_id}", ("DELETE", f"{_B}/JZ001"), 428),
        ("post /collections/{collection_id}/hold", ("POST", f"{_B[:-15]}observations/hold"), 405),
        ("get /jobs", ("GET", f"/studies/{STUDY_ID}/jobs?limit=-1"), 400),
    ],
)  # fmt: skip
def test_what_is_answered_is_named(web: TestClient, route: str, asked: tuple[str, str], status: int) -> None:
    told = web.request(*asked)
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json"), told.text
    method, path = route.split()
    described = web.get(f"/studies/{STUDY_ID}/api").json()
    assert str(status) in described["paths"][path][method]["responses"]


@pytest.mark.parametrize(
    ("path", "method", "operation", "more"),
    [
        ("/studies", "get", {}, {406}), ("/accounts", "get", {"tags": ["accounts"]}, {404, 406}),
        ("/keys", "post", {"requestBody": {}}, {409, 415, 422}),
        ("/studies/{study_id}/plans", "get", {}, {404, 406, 409, 422}),
        ("/studies/{study_id}/plans/{plan_id}", "delete", {"parameters": [{"in": "header", "name": "If-Match"}]},
         {404, 409, 412, 422, 423, 428}),
        ("/studies/{study_id}/collections/{c}/items", "post", {"requestBody": {}}, {404, 405, 409, 412, 415, 422, 423}),
    ],
)  # fmt: skip
def test_refusals_follow_from_what_is_asked(path: str, method: str, operation: dict[str, Any], more: set[int]) -> None:
    always = {400, 401, 403, 413, 414, 429, 431, 500, 503}
    assert refusals_of(path, method, operation) == always | more
