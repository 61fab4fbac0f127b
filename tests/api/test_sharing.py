"""Several servers on one database: what is edited through one is at once what the other one tells."""

from collections.abc import Iterator

import mapbox_vector_tile
import morecantile
import pytest
from pyproj import Transformer
from starlette.testclient import TestClient

from api.main import create_app, open_server
from api.settings import Settings
from api.storage.postgis import PostgisStorage
from tests.api.served import EPSG, SOUTH, WEST, small_study

HERE = "/studies/town/collections/buildings"


def tile_of(x: float, y: float, zoom: int = 16) -> str:
    """Return the address of the tile that holds a place."""
    lon, lat = Transformer.from_crs(EPSG, 4326, always_xy=True).transform(x, y)
    tile = morecantile.tms.get("WebMercatorQuad").tile(lon, lat, zoom)
    return f"{HERE}/tiles/WebMercatorQuad/{tile.z}/{tile.y}/{tile.x}"


NEAR = tile_of(WEST + 80, SOUTH + 46)
"""With building JZ001 in it."""
FAR = tile_of(WEST + 700, SOUTH + 700)


@pytest.fixture
def clients(database) -> Iterator[tuple[TestClient, TestClient]]:
    """Clients of two servers, whose callers may do everything."""
    made = []
    for number in range(2):
        server = open_server(Settings())
        server.storage = PostgisStorage(database)
        if not number:
            server.storage.create("town", small_study(), by="赵")
        made.append(TestClient(create_app(server.settings, server), base_url="http://127.0.0.1:8000"))
    yield made[0], made[1]
    for each in made:
        each.close()
        each.app.state.server.close()


def names_in(tile: bytes) -> dict[str, str]:
    """Return id → name of the buildings of a tile."""
    features = mapbox_vector_tile.decode(tile)["buildings"]["features"]
    return {each["properties"]["id"]: each["properties"].get("name") for each in features}


def rename(client: TestClient, name: str, etag: str) -> str:
    done = client.patch(
        f"{HERE}/items/JZ001", json={"properties": {"name": name}},
        headers={"If-Match": etag, "Content-Type": "application/merge-patch+json"},
    )  # fmt: skip
    assert done.status_code in (200, 204), done.text
    return done.headers["ETag"]


def test_an_edit_through_one_server_is_at_once_in_items_and_tiles_of_the_other(clients) -> None:
    one, other = clients
    before = {path: other.get(path) for path in (NEAR, FAR, f"{HERE}/items", f"{HERE}/items/JZ001")}
    assert {each.status_code for each in before.values()} == {200}
    assert names_in(before[NEAR].content)["JZ001"] == "1-1号楼"

    for number in range(5):
        name = f"改名{number}"
        rename(one, name, one.get(f"{HERE}/items/JZ001").headers["ETag"])
        item = other.get(f"{HERE}/items/JZ001")
        assert item.json()["properties"]["name"] == name
        listed = {each["id"]: each["properties"]["name"] for each in other.get(f"{HERE}/items").json()["features"]}
        assert listed["JZ001"] == name
        assert names_in(other.get(NEAR).content)["JZ001"] == name
        one, other = other, one  # and the other way round

    for path in (NEAR, f"{HERE}/items", f"{HERE}/items/JZ001"):
        asked = other.get(path, headers={"If-None-Match": before[path].headers["ETag"]})
        assert asked.status_code == 200
    unchanged = other.get(FAR, headers={"If-None-Match": before[FAR].headers["ETag"]})
    assert unchanged.status_code == 304


def test_every_server_gives_the_same_answer_and_mark_so_that_a_cache_may_stand_before_them(clients) -> None:
    one, other = clients
    rename(one, "改名", one.get(f"{HERE}/items/JZ001").headers["ETag"])
    for path in (NEAR, FAR, f"{HERE}/items?limit=5", f"{HERE}/items/JZ001", HERE):
        first, second = one.get(path), other.get(path)
        assert first.content == second.content
        assert first.headers.get("ETag") == second.headers.get("ETag")
        assert other.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
        assert "max-age=0" in first.headers["Cache-Control"]
        assert "must-revalidate" in first.headers["Cache-Control"]


def test_who_edits_what_was_edited_through_the_other_server_is_told(clients) -> None:
    one, other = clients
    seen = other.get(f"{HERE}/items/JZ001").headers["ETag"]
    rename(one, "改名", one.get(f"{HERE}/items/JZ001").headers["ETag"])
    late = other.patch(
        f"{HERE}/items/JZ001", json={"properties": {"name": "晚了"}},
        headers={"If-Match": seen, "Content-Type": "application/merge-patch+json"},
    )  # fmt: skip
    assert late.status_code == 412
    told = late.json()["changes"]
    assert [(each["version"], each["by"]) for each in told] == [(2, "owner")]


def test_the_log_is_one(clients) -> None:
    one, other = clients
    for number in range(4):
        rename(one, f"改名{number}", one.get(f"{HERE}/items/JZ001").headers["ETag"])
        one, other = other, one
    told = [client.get("/studies/town/transactions").json()["transactions"] for client in clients]
    assert told[0] == told[1]
    assert [each["tx"] for each in told[0]] == [5, 4, 3, 2, 1]
