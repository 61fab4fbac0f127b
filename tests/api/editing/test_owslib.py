"""OWSLib's own Part 4 client, over HTTP: what it creates, replaces and deletes arrives, and is in the log."""

import json

import httpx
import pytest
from owslib.ogcapi.features import Features

from tests.api.editing.test_conformance_part4 import house


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
    httpx.post(f"{address}/collections/buildings/hold", json={"minutes": 5}, timeout=60)
    assert client.collection_item_delete("buildings", "OWS1"), "who holds the collection need not name versions"
    logged = httpx.get(f"{address}/transactions", params={"collection": "buildings"}, timeout=60).json()["transactions"]
    assert [one["action"] for one in logged[:3]] == ["feature deleted", "feature replaced", "feature created"]
    assert all(one["note"] == "buildings OWS1" for one in logged[:3])
