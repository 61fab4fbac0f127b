"""Who may ask for what: every route stands in this table, and is asked for by who may and who may not."""

import itertools
import re
from collections.abc import Iterator
from functools import cache

import pytest
from starlette.testclient import TestClient

from api.accounts.rights import ROLES, Caller, Role
from api.main import ROUTES
from tests.api.accounts.conftest import Team, client_as
from tests.api.served import STUDY_ID

_S = "/studies/{study_id}"
_C, _TILES = f"{_S}/collections/{{collection_id}}", f"{_S}/collections/{{collectionId}}/tiles"
_ITEM, _FINDING, _P = f"{_C}/items/{{feature_id}}", f"{_S}/findings/{{finding_id}}", f"{_S}/plans/{{plan_id}}"
_TILE = "/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"

STUDY: dict[Role, tuple[str, ...]] = {
    "viewer": (
        f"GET {_S}", f"GET {_S}/conformance", f"GET {_S}/collections", f"GET {_C}", f"GET {_C}/items", f"GET {_ITEM}",
        f"GET {_C}/queryables", f"GET {_C}/schema", f"OPTIONS {_C}/items", f"OPTIONS {_ITEM}", f"GET {_S}/holds",
        f"GET {_ITEM}/versions", f"GET {_S}/tileMatrixSets", f"GET {_S}/tileMatrixSets/{{tileMatrixSetId}}",
        f"GET {_S}/tiles", f"GET {_S}/tiles/{{tileMatrixSetId}}", f"GET {_S}/tiles{_TILE}", f"GET {_TILES}",
        f"GET {_TILES}/{{tileMatrixSetId}}", f"GET {_TILES}{_TILE}", f"GET {_S}/layers", f"GET {_S}/styles",
        f"GET {_S}/styles/{{style_id}}", f"GET {_S}/styles/{{style_id}}/metadata",
        f"GET {_S}/labels/{{collection_id}}", f"GET {_S}/arrows/{{collection_id}}", f"GET {_S}/rasters",
        f"GET {_S}/rasters/{{name}}", f"GET {_S}/rasters/{{name}}/tiles/{{grid}}",
        f"GET {_S}/rasters/{{name}}/tiles/{{grid}}/{{level}}/{{row}}/{{column}}.png",
        f"GET {_S}/rasters/{{name}}/point", f"GET {_S}/processes", f"GET {_S}/processes/{{process_id}}",
        f"GET {_S}/jobs", f"GET {_S}/jobs/{{job_id}}", f"GET {_S}/jobs/{{job_id}}/results", f"GET {_S}/plans",
        f"GET {_P}", f"GET {_P}/plan.json", f"GET {_P}/texts", f"GET {_P}/compare", f"GET {_FINDING}/history",
        f"GET {_FINDING}/photos",
        f"GET {_C}/export", f"GET {_S}/export", f"GET {_S}/sheet", f"GET {_S}/api", f"GET {_S}/map",
        f"GET {_S}/search", f"GET {_S}/freshness",
    ),
    "surveyor": (
        f"POST {_C}/items", f"PUT {_ITEM}", f"PATCH {_ITEM}", f"DELETE {_ITEM}", f"POST {_C}/hold", f"DELETE {_C}/hold",
        f"POST {_S}/findings", f"PATCH {_FINDING}", f"POST {_FINDING}/photos", f"GET {_FINDING}/photos/{{name}}",
        f"POST {_S}/uploads", f"GET {_S}/uploads", f"GET {_S}/uploads/{{upload_id}}",
        f"DELETE {_S}/uploads/{{upload_id}}", f"POST {_S}/uploads/{{upload_id}}/append",
    ),
    "planner": (
        f"POST {_S}/processes/{{process_id}}/execution", f"DELETE {_S}/jobs/{{job_id}}",
        f"GET {_S}/jobs/{{job_id}}/log", f"GET {_S}/jobs/{{job_id}}/events", f"GET {_S}/files",
        f"GET {_S}/files/{{key:path}}", f"POST {_S}/plans", f"POST {_P}/branches", f"PATCH {_P}", f"DELETE {_P}",
        f"POST {_P}/edits", f"POST {_P}/undo", f"POST {_P}/redo", f"POST {_P}/explain", f"POST {_P}/propose",
        f"POST {_P}/withdraw", f"GET {_P}/report", f"GET {_S}/transactions", f"GET {_S}/transactions/{{tx}}",
        f"POST {_S}/transactions/{{tx}}/undo",
    ),
    "approver": (f"POST {_P}/approve", f"POST {_P}/publish"),
    "admin": (
        f"GET {_S}/backup", f"GET {_S}/roles", f"PUT {_S}/roles/{{name}}", f"DELETE {_S}/roles/{{name}}",
    ),
}  # fmt: skip
"""The least role in the study. Surveyors write findings; other tables want planners, which `api.editing` asks for."""

EVERYBODY = (
    "GET /conformance", "GET /health", "GET /tileMatrixSets",
    "GET /tileMatrixSets/{tileMatrixSetId}", "GET /sprites/{file}", "GET /fonts/{stack}/{characters}.pbf", "GET /login",
    "POST /login", "POST /logout", "GET /login/oidc", "GET /login/oidc/callback", "GET /api", "GET /docs",
    "GET /docs/{name}", "GET /viewer/{name}",
)  # fmt: skip
"""What tells of no study."""

SIGNED_IN = (
    "GET /",
    "GET /studies",
    "GET /me",
    "GET /keys",
    "POST /keys",
    "DELETE /keys/{prefix}",
    "POST /me/password",
)
SERVER = (
    "GET /metrics", "GET /accounts", "POST /accounts", "GET /accounts/{name}", "PATCH /accounts/{name}",
    "DELETE /accounts/{name}", "GET /accounts-log",
)  # fmt: skip
"""For an admin of the whole server."""

_GIVEN = {"study_id": STUDY_ID, "collection_id": "findings", "collectionId": "findings", "key:path": "jobs/x/map.html",
          "tx": "999999", "feature_id": "none"}  # fmt: skip
_COSTLY = ("/sheet", "/backup", "/export")


@cache
def _rules() -> dict[str, Role | str]:
    rules: dict[str, Role | str] = {each: role for role, routes in STUDY.items() for each in routes}
    for rule, routes in (("everybody", EVERYBODY), ("signed in", SIGNED_IN), ("server", SERVER)):
        rules |= dict.fromkeys(routes, rule)
    return rules


def _there() -> Iterator[str]:
    for module in ROUTES:
        for route in module.router.routes:
            yield from (f"{method} {route.path}" for method in route.methods if method != "HEAD")  # type: ignore[attr-defined]


def _path(route: str, **given: str) -> str:
    return re.sub(r"\{([\w:]+)\}", lambda found: ({**_GIVEN, **given}).get(found[1], "none"), route.partition(" ")[2])


def test_no_route_is_without_a_rule(shared_team: Team):
    there = [*_there()]
    assert sorted(there) == sorted(_rules())
    assert len(there) == len({*there})
    mounted = [each for each in shared_team.app.routes if not hasattr(each, "original_router")]
    assert not mounted, "a route beside those of the modules"


def _ask(client: TestClient, route: str, **given: str) -> tuple[int, str]:
    told = client.request(route.partition(" ")[0], _path(route, **given))
    return told.status_code, told.text[:300]


def test_without_an_account_nothing_is_answered(shared_team: Team):
    nobody = client_as(shared_team.server, None)
    for route, rule in _rules().items():
        status, said = _ask(nobody, route)
        assert (status == 401) == (rule != "everybody"), (route, status, said)


@pytest.mark.parametrize("role", [None, "admin"])
def test_a_role_elsewhere_is_none_here(shared_team: Team, role: Role | None):
    """A key for another study, or none: every address of this one is as if there were no such study."""
    stranger = client_as(shared_team.server, Caller("zhao", {"elsewhere": role} if role else {}))
    for route in (each for routes in STUDY.values() for each in routes):
        told, none = _ask(stranger, route), _ask(stranger, route, study_id="none")
        assert told[0] == none[0] == 404, (route, told)
        assert told[1].replace(STUDY_ID, "none") == none[1], route
    for route in SERVER:
        assert _ask(stranger, route)[0] == 403, route


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_its_routes_say_and_no_more(shared_team: Team, role: Role):
    somebody = client_as(shared_team.server, Caller("wang", {STUDY_ID: role}))
    for least, routes in STUDY.items():
        may = ROLES.index(role) >= ROLES.index(least)
        for route in routes:
            if may and route.endswith(_COSTLY):
                continue
            status, said = _ask(somebody, route)
            assert (status not in (401, 403)) == may, (route, status, said)
            assert status < 500, (route, said)
    for route in SERVER:
        assert _ask(somebody, route)[0] == 403, route


def test_surveyors_write_findings_alone(shared_team: Team):
    surveyor = client_as(shared_team.server, Caller("wu", {STUDY_ID: "surveyor"}))
    feature = {"type": "Feature", "geometry": None, "properties": {}}
    for method, collection in itertools.product(("POST", "PUT", "PATCH", "DELETE"), ("buildings", "finding_history")):
        path = _path(f"{method} {_C}/items" if method == "POST" else f"{method} {_ITEM}", collection_id=collection)
        kind = "application/merge-patch+json" if method == "PATCH" else "application/geo+json"
        told = surveyor.request(method, path, json=feature, headers={"content-type": kind})
        assert told.status_code == 403, (method, told.text)
    assert surveyor.post(f"/studies/{STUDY_ID}/collections/buildings/hold").status_code == 403


def test_strangers_are_told_whether_the_server_is_well_and_no_more(shared_team: Team):
    told = client_as(shared_team.server, None).get("/health").json()
    assert told == {"status": "ok", "storage": {"ok": True, "storage": "postgis"}}
    assert client_as(shared_team.server, Caller("zhao", {STUDY_ID: "admin"})).get("/health").json() == told
    admin = client_as(shared_team.server, Caller("li", {"*": "admin"}))
    assert {"postgresql", "studies"} <= {*admin.get("/health").json()["storage"]}
