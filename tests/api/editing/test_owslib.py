"""OWSLib's own Part 4 client, over HTTP: what it creates, replaces and deletes arrives, and is in the log."""

import json
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from owslib.ogcapi.features import Features

from api.main import create_app
from api.server import Server
from tests.api.editing.test_conformance_part4 import house


@pytest.fixture
def address(server: Server) -> Iterator[str]:
    """The address of the study on a running server."""
    config = uvicorn.Config(create_app(server.settings, server), host="127.0.0.1", port=0, log_level="error")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/studies/town"
    running.should_exit = True
    thread.join()


def test_owslib_creates_replaces_and_deletes(address: str) -> None:
    client = Features(address, headers={"Content-Type": "application/geo+json"})
    assert client.collection_item_create("buildings", json.dumps({**house(), "id": "OWS1"}))
    made = client.collection_item("buildings", "OWS1")
    assert made["properties"]["floors"] == 6
    with pytest.raises(RuntimeError, match="the version that was seen must be named"):
        client.collection_item_update("buildings", "OWS1", json.dumps(house(floors=7)))
    client.headers["If-Match"] = client.response_headers.get("ETag", '"1"')
    assert client.collection_item_update("buildings", "OWS1", json.dumps(house(floors=7)))
    assert client.collection_item("buildings", "OWS1")["properties"]["floors"] == 7
    with pytest.raises(RuntimeError, match="is at version 2, not at the one that was seen"):
        client.collection_item_delete("buildings", "OWS1")
    client.headers.pop("If-Match")
    httpx.post(f"{address}/collections/buildings/hold", json={"minutes": 5})
    assert client.collection_item_delete("buildings", "OWS1"), "who holds the collection need not name versions"
    logged = httpx.get(f"{address}/transactions", params={"collection": "buildings"}).json()["transactions"]
    assert [one["action"] for one in logged[:3]] == ["feature deleted", "feature replaced", "feature created"]
    assert all(one["note"] == "buildings OWS1" for one in logged[:3])
