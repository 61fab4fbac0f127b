"""Pages of features: by key, through edits, as of earlier, and said so where they are cut."""

from collections.abc import Iterator

import pytest

from api.features.query import read_token, token
from api.server import Server
from api.storage.records import FeatureWrite
from tests.api.features.conftest import Api, linked
from tests.api.served import STUDY_ID, client, serve, small_study


@pytest.fixture
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Server]]:
    """The town for one test that edits it; pages hold at most ten features."""
    server = serve(small_study(), tmp_path_factory.mktemp("edited"), page_limit=10)
    yield Api(client(server)), server
    server.close()


def edit(server: Server, *writes: FeatureWrite) -> int:
    return server.storage.open(STUDY_ID).commit(writes, by="test", action="test").tx


def shape_of(server: Server, name: str) -> bytes:
    made: bytes = server.storage.open(STUDY_ID).rows("buildings", ids=[name])["geometry"][0].as_py()
    return made


def test_next_links_survive_edits(edited: tuple[Api, Server]) -> None:
    """Between two pages one feature goes, one comes before and one behind: nothing is told twice, nothing left out."""
    api, server = edited
    first = api.items("buildings", limit=10)
    shape = shape_of(server, "JZ010")
    edit(server, FeatureWrite("buildings", "JZ010", "delete"), FeatureWrite("buildings", "JZ003", "delete"),
         FeatureWrite("buildings", "JZ0005", "create", {"use": "office"}, shape),
         FeatureWrite("buildings", "JZ0105", "create", {"use": "office"}, shape))  # fmt: skip
    found = [each["id"] for each in first["features"]]
    made = first
    while following := linked(made, "next"):
        made = api.json(following)
        found += [each["id"] for each in made["features"]]
    assert found == [f"JZ{n + 1:03}" for n in range(10)] + ["JZ0105"] + [f"JZ{n:03}" for n in range(11, 52)]
    assert made["numberMatched"] == 51


def test_what_is_edited_is_there_in_the_next_answer(edited: tuple[Api, Server]) -> None:
    api, server = edited
    before = api.get("/collections/buildings/items", "*/*", limit=1)
    alone = api.get("/collections/buildings/items/JZ001", "*/*")
    tx = edit(server, FeatureWrite("buildings", "JZ001", "replace", {"use": "public", "floors": 9.0},
                                   shape_of(server, "JZ001"), expected=1))  # fmt: skip
    after = api.get("/collections/buildings/items", "*/*", limit=1)
    assert after.json()["features"][0]["properties"]["floors"] == 9
    assert after.headers["etag"] != before.headers["etag"]
    assert (alone.headers["etag"], api.get("/collections/buildings/items/JZ001", "*/*").headers["etag"]) == (
        '"1"',
        '"2"',
    )
    assert api.json("/collections/buildings")["transaction"] == tx
    assert api.json("/collections/blocks")["transaction"] < tx


def test_as_of(edited: tuple[Api, Server]) -> None:
    """An earlier state by transaction and by time; its pages stay in it; filters look at it too."""
    api, server = edited
    head = server.storage.open(STUDY_ID).head()
    tx = edit(server, FeatureWrite("buildings", "JZ001", "delete"))
    edit(server, FeatureWrite("buildings", "JZ002", "delete"))
    assert api.items("buildings", limit=1)["numberMatched"] == 49
    assert api.items("buildings", limit=1, as_of=tx)["numberMatched"] == 50
    first = api.items("buildings", as_of=head)
    assert first["numberMatched"] == 51
    assert api.json(linked(first, "next") or "")["numberMatched"] == 51
    assert api.items("buildings", as_of=head, filter="id < 'JZ003'")["numberMatched"] == 2
    assert api.json("/collections/buildings/items/JZ001", as_of=head)["id"] == "JZ001"
    assert "no feature JZ001" in api.refused("/collections/buildings/items/JZ001", 404)
    at = server.storage.open(STUDY_ID).transactions(limit=1)[0].at
    assert api.items("buildings", limit=1, as_of=at)["numberMatched"] == 49
    assert api.items("buildings", limit=1, as_of="2999-01-01")["numberMatched"] == 49
    assert api.get("/collections/buildings/items", as_of="2001-01-01T00:00:00Z").status_code == 404
    assert api.items("buildings", limit=1, as_of=10**9)["numberMatched"] == 49


def test_a_limit_that_is_cut_says_so(edited: tuple[Api, Server]) -> None:
    api, _ = edited
    made = api.items("buildings", limit=5000)
    assert made["numberReturned"] == 10
    assert made["limitCut"] == {"asked": 5000, "limit": 10, "remedy": "follow the next links"}
    assert "limitCut" not in api.items("buildings", limit=10)
    assert len(api.ids("buildings", limit=5000)) == 51
    page = api.get("/collections/buildings/items", "text/html", limit=5000, lang="en").text
    assert "the others follow on the next" in page


def test_properties_and_shapes_on_demand(api: Api) -> None:
    made = api.items("buildings", limit=2, properties="floors,name,geometry,id")
    assert [*made["features"][0]["properties"]] == ["name", "floors"], "in the order of the table"
    assert made["features"][0]["geometry"]["type"] == "Polygon"
    bare = api.items("buildings", limit=2, properties="", skipGeometry="true")["features"][0]
    assert bare == {"type": "Feature", "id": "JZ001", "geometry": None, "properties": {}}
    alone = api.json("/collections/buildings/items/JZ001", properties="use", skipGeometry="true")
    assert (alone["properties"], alone["geometry"]) == ({"use": "residential"}, None)


def test_values_arrive_as_they_are(api: Api) -> None:
    made = {each["id"]: each["properties"] for each in api.items("roads")["features"]}
    assert made["R5"]["name"] == "人民路"
    assert (made["R3"]["oneway"], made["R6"]["oneway"], made["R6"]["name"]) == (None, True, None)
    houses = {each["id"]: each["properties"] for each in api.items("buildings")["features"]}
    assert houses["JZ001"]["colour"] == "白", "columns of the user's own"
    assert isinstance(houses["JZ001"]["year_built"], int)
    assert isinstance(houses["JZ001"]["floors"], float)
    assert houses["JZ049"]["year_built"] is None


@pytest.mark.parametrize("feature_id", ["JZ001", "building:JZ001:3a:1", "社区/1", "a b?c#d", "%25"])
def test_places_in_a_collection_are_opaque_and_safe(feature_id: str) -> None:
    made = token(feature_id)
    assert made.isascii()
    assert all(sign.isalnum() or sign in "-_" for sign in made)
    assert read_token(made) == feature_id


def test_ids_of_any_letters(edited: tuple[Api, Server]) -> None:
    api, server = edited
    shape = shape_of(server, "JZ001")
    edit(
        server,
        *(FeatureWrite("buildings", name, "create", {"use": "office"}, shape) for name in ("楼 1", "a?b#c%d", "~")),
    )
    found = api.ids("buildings", filter="use = 'office'", limit=1)
    assert found == ["a?b#c%d", "~", "楼 1"], "by code point"
    for each in found:
        alone = api.json(f"/collections/buildings/items?filter=id='{each}'".replace("%", "%25").replace("#", "%23"))
        assert alone["numberMatched"] == 1
    page = api.json("/collections/buildings/items/%E6%A5%BC%201")
    assert page["id"] == "楼 1"
    assert api.json(linked(page, "self") or "")["id"] == "楼 1"
