"""The same editing over PostGIS, by two servers at once: what one writes the other sees, and is told of."""

import json
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.accounts.rights import Caller
from api.editing.board import PlanBoard
from api.main import create_app, open_server
from api.server import Server
from api.settings import Settings
from tests.api.editing.conftest import As, small_plan
from tests.api.editing.test_conformance_part4 import GEOJSON, ITEMS, PATCH, house
from tests.api.editing.test_plans import P1, move
from tests.api.postgis import cluster, database  # noqa: F401 - fixtures
from tests.api.served import STUDY_ID, small_study


@pytest.fixture
def two(database: str) -> Iterator[tuple[TestClient, TestClient]]:  # noqa: F811 - the fixture
    """Two servers of one database: li works on one, wang on the other."""
    servers = [
        open_server(Settings(database=SecretStr(database), session_secret=SecretStr("x" * 40))) for _ in range(2)
    ]
    store = servers[0].storage.create(STUDY_ID, small_study(), by="root")
    PlanBoard().create(store, "p1", small_plan(), title=("方案一", ""), by="root")

    def client(server: Server, name: str) -> TestClient:
        app = create_app(server.settings, server)
        app.add_middleware(As, caller=Caller(name, {"town": "planner"}))
        return TestClient(app, base_url="http://127.0.0.1:8000")

    yield client(servers[0], "li"), client(servers[1], "wang")
    for server in servers:
        server.close()


def test_two_servers_edit_one_database(two: tuple[TestClient, TestClient]) -> None:
    li, wang = two
    assert li.patch(f"{ITEMS}/JZ001", content='{"properties": {"floors": 7}}',
                    headers={**PATCH, "If-Match": '"1"'}).status_code == 204  # fmt: skip
    assert wang.get(f"{ITEMS}/JZ001").json()["properties"]["floors"] == 7
    stale = wang.put(f"{ITEMS}/JZ001", content=json.dumps(house()), headers={**GEOJSON, "If-Match": '"1"'})
    assert stale.status_code == 412
    assert stale.json()["changes"][0]["by"] == "li"
    li.post("/studies/town/collections/buildings/hold")
    assert wang.post(ITEMS, content=json.dumps(house()), headers=GEOJSON).status_code == 423
    assert move(li, ["B0014"], "SQ02", 1).status_code == 200
    merged = move(wang, ["B0005"], None, 1)
    assert (merged.status_code, merged.json()["merged"]["onto"]) == (200, 2)
    told = li.get(P1).json()
    assert [step["done"] for step in told["history"]] == [True, True]
    assert li.get("/studies/town/collections/plan.p1.blocks/items/B0005").json()["properties"]["community_id"] == "N01"
    undone = wang.post(f"{P1}/undo", headers={"If-Match": '"3"'})
    assert undone.status_code == 200
    assert li.get("/studies/town/collections/plan.p1.blocks/items/B0005").json()["properties"]["community_id"] == "SQ03"
