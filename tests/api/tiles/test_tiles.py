"""Tiles over HTTP: what is in them, when they change, what is refused."""

import threading

import mapbox_vector_tile
import pyogrio
import pytest
import shapely

from api.accounts.rights import Caller
from api.errors import NotFoundError
from api.storage.records import FeatureWrite
from api.tiles.answers import MVT
from api.tiles.sources import sources
from api.tiles.tiles import Asked, Tiles
from layers.tiles.archives import archive
from layers.tiles.grids import GRIDS, Tile
from tests.api.served import SOUTH, STUDY_ID, WEST, client, serve, small_study
from tests.api.tiles.conftest import address, renamed


def layers_in(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == MVT
    return mapbox_vector_tile.decode(answer.content)


def names_in(answer):
    return {
        each["properties"]["id"]: each["properties"].get("name") for each in layers_in(answer)["buildings"]["features"]
    }


def test_a_tile_of_the_study_has_a_layer_for_each_table(web):
    layers = layers_in(web.get(address(11, 400, 400, collection="")))
    assert {name: len(layer["features"]) for name, layer in layers.items()} == {
        "blocks": 16, "buildings": 51, "communities": 4, "estates": 2, "facilities": 5, "findings": 3, "roads": 6,
        "seams": 36, "study_area": 1,
    }  # fmt: skip
    road = next(each for each in layers["roads"]["features"] if each["properties"]["id"] == "R2")
    assert road["properties"] == {"id": "R2", "name": "中山路", "name_en": "Zhongshan Road", "road_group": "primary"}


def test_chosen_collections_and_properties(web):
    layers = layers_in(
        web.get(address(11, 400, 400, collection="") + "?collections=roads,%20facilities&properties=name")
    )
    assert {name: set().union(*(f["properties"] for f in layer["features"])) for name, layer in layers.items()} == {
        "roads": {"id", "name"}, "facilities": {"id", "name"},
    }  # fmt: skip
    alone = layers_in(web.get(address(11, 400, 400) + "?properties=id"))
    assert {key for each in alone["buildings"]["features"] for key in each["properties"]} == {"id"}
    assert layers_in(web.get(address(11, 400, 400) + "?properties=")) == alone


def test_numbers_of_features_are_the_same_in_every_tile_and_after_edits(web, store):
    def numbers():
        return {
            each["properties"]["id"]: each["id"]
            for level in (11, 16)
            for each in layers_in(web.get(address(level, 80, 46)))["buildings"]["features"]
        }

    before = numbers()
    renamed(store, "JZ001")
    assert numbers() == before
    assert len(set(before.values())) == len(before) == 51


@pytest.mark.parametrize("grid", list(GRIDS))
def test_an_edit_is_seen_at_once_and_only_where_it_is(web, store, grid):
    here, elsewhere = address(17, 80, 46, grid=grid), address(17, 700, 700, grid=grid)
    before = {path: web.get(path).headers["etag"] for path in (here, elsewhere)}
    renamed(store, "JZ001")
    again = {path: web.get(path, headers={"if-none-match": before[path]}) for path in before}
    assert again[elsewhere].status_code == 304
    assert again[elsewhere].content == b""
    assert names_in(again[here])["JZ001"] == "新楼"
    assert again[here].headers["etag"] != before[here]
    assert web.get(here, headers={"if-none-match": again[here].headers["etag"]}).status_code == 304


def test_a_feature_that_moves_changes_the_tiles_it_leaves_and_comes_to(web, store):
    here, there, elsewhere = address(17, 80, 46), address(17, 700, 46), address(17, 80, 700)
    before = {path: web.get(path).headers["etag"] for path in (here, there, elsewhere)}
    row = store.rows("buildings", ids=["JZ001"]).to_pylist()[0]
    moved = shapely.to_wkb(shapely.box(WEST + 700, SOUTH + 40, WEST + 720, SOUTH + 60))
    columns = {key: value for key, value in row.items() if key not in ("id", "version", "tx", "geometry")}
    store.commit([FeatureWrite("buildings", "JZ001", "replace", columns, moved, row["version"])], by="t", action="edit")
    after = {path: web.get(path) for path in before}
    assert "JZ001" not in names_in(after[here])
    assert "JZ001" in names_in(after[there])
    assert [after[path].headers["etag"] == before[path] for path in before] == [False, False, True]
    store.commit([FeatureWrite("buildings", "JZ001", "delete", expected=2)], by="t", action="edit")
    assert "JZ001" not in names_in(web.get(there))
    assert web.get(elsewhere).headers["etag"] == before[elsewhere]


def test_tags_outlive_the_server(tmp_path):
    study = small_study()
    server = serve(study, tmp_path)
    store = server.storage.open(STUDY_ID)
    renamed(store, "JZ001")
    here, elsewhere = address(17, 80, 46), address(17, 700, 700)
    before = [client(server).get(path) for path in (here, elsewhere)]
    server.close()
    from api.main import open_server

    again = open_server(server.settings)
    after = [client(again).get(path) for path in (here, elsewhere)]
    again.close()
    assert [each.headers["etag"] for each in after] == [each.headers["etag"] for each in before]
    assert [each.content for each in after] == [each.content for each in before]


def test_another_study_of_the_same_name_has_other_tags(tmp_path):
    tags = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        server = serve(small_study(), tmp_path / folder)
        renamed(server.storage.open(STUDY_ID), "JZ001", folder)
        tags.append(client(server).get(address(17, 80, 46)).headers["etag"])
        server.close()
    assert tags[0] != tags[1]


def test_compressed_and_plain(web):
    path = address(11, 400, 400)
    plain = web.get(path, headers={"accept-encoding": "identity"})
    packed = web.get(path, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) == len(plain.content)
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert plain.headers["vary"].startswith("Accept-Encoding")


def test_nothing_there_is_204_with_a_tag(web):
    answer = web.get("/studies/town/collections/buildings/tiles/WebMercatorQuad/15/0/0")
    assert (answer.status_code, answer.content) == (204, b"")
    tag = answer.headers["etag"]
    assert web.get(str(answer.url), headers={"if-none-match": f'"x", W/{tag}'}).status_code == 304
    assert web.head(address(11, 400, 400)).headers["content-length"] != "0"


def test_who_may_not_see_households_gets_tiles_without_them(server, store):
    tiles = server.part(Tiles)
    tile = Tile(GRIDS["WebMercatorQuad"], *(int(part) for part in address(11, 400, 400).split("/")[-3:]))

    def properties(caller, *collections):
        kept = tiles.get(store, caller, Asked(tile, collections))
        decoded = mapbox_vector_tile.decode(kept.body)
        return kept.tag, {key for name in collections for f in decoded[name]["features"] for key in f["properties"]}

    planner, viewer = Caller("p", {"*": "planner"}), Caller("v", {"*": "viewer"})
    told, seen = properties(planner, "buildings")
    other, withheld = properties(viewer, "buildings")
    assert seen - withheld == {"households", "people", "dwellings"}
    assert told != other
    _, blocks = properties(viewer, "blocks")
    assert "area_m2" in blocks


def test_refusals_say_what_is_wrong_and_what_to_do(web):
    def refused(path):
        answer = web.get(path)
        assert answer.headers["content-type"] == "application/problem+json"
        fault = answer.json()["faults"][0]
        return answer.status_code, fault["what"], fault["remedy"]

    good = address(11, 400, 400)
    assert refused(good + "?properties=nme") == (400, "properties: there is no nme in buildings", "perhaps name")
    assert refused(good + "?collections=roads")[:2] == (400, "collections: there is no such parameter")
    assert refused(good + "?f=png")[0] == 400
    whole = address(11, 400, 400, collection="")
    assert refused(whole + "?properties=zzz")[1] == "properties: there is no zzz in any of the collections"
    assert refused(whole + "?collections=")[1] == "collections: '' names none"
    assert refused(whole + "?collections=roads,nix")[:2] == (404, "there is no collection nix")
    assert refused(whole + "?collections=" + ",".join(f"c{n}" for n in range(60)))[1] == "collections: 60 are asked for"
    assert refused("/studies/town/collections/nix/tiles/WebMercatorQuad/1/0/0")[0] == 404
    assert refused("/studies/town/collections/observations/tiles/WebMercatorQuad/1/0/0")[1] == (
        "observations has no places, so no tiles"
    )
    assert refused("/studies/nix/tiles/WebMercatorQuad/1/0/0")[0] == 404
    assert refused("/studies/town/tiles/Nix/1/0/0")[2] == "there are WebMercatorQuad, CGCS2000Quad"
    assert refused("/studies/town/tiles/CGCS2000Quad/1/2/0")[2] == (
        "it has 2 rows and 4 columns, counted from 0 at the top left"
    )
    assert refused("/studies/town/tiles/WebMercatorQuad/23/0/0")[2] == "its levels are 0 to 22"
    assert refused("/studies/town/tiles/WebMercatorQuad/1/-1/0")[0] == 400
    assert refused("/studies/town/tiles/WebMercatorQuad/1/a/0")[0] == 400
    assert web.get(good, headers={"accept": "image/png"}).status_code == 406


def test_the_door_and_the_application_answer_alike(web, server):
    """A header that the door does not know lets nothing through; an unusual order of parameters goes round it."""
    through_door = web.get(address(11, 400, 400) + "?f=mvt")
    round_it = web.get(address(11, 400, 400) + "?f=mvt&f=mvt&%66=mvt")
    assert round_it.content == through_door.content
    assert round_it.headers["etag"] == through_door.headers["etag"]
    counted = web.get("/metrics").text
    assert 'route="tiles",status="200"' in counted


def test_many_ask_for_the_same_tile_at_once(server, store):
    tiles = server.part(Tiles)
    tile = Tile(GRIDS["WebMercatorQuad"], *(int(part) for part in address(11, 400, 400).split("/")[-3:]))
    found = []
    threads = [
        threading.Thread(
            target=lambda: found.append(tiles.get(store, Caller("p", {"*": "admin"}), Asked(tile, ("buildings",))))
        )
        for _ in range(12)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({id(each) for each in found}) == 1


def test_memory_for_tiles_is_bounded(tmp_path):
    server = serve(small_study(), tmp_path, tile_cache_bytes=20_000)
    web = client(server)
    for level in range(12, 20):
        assert web.get(address(level, 80, 46)).status_code == 200
    tiles = server.part(Tiles)
    assert tiles.memory <= 20_000
    assert 0 < len(tiles) < 8
    server.close()


def test_an_archive_of_collections(server, store, tmp_path):
    path = tmp_path / "town.pmtiles"
    viewer = Caller("v", {"*": "viewer"})
    made = sources(server, store, viewer, ["roads", "buildings"])
    assert archive(made, path, kind="pmtiles", maxzoom=14, name="town") > 10
    read = pyogrio.read_dataframe(path, layer="buildings")
    assert set(read["id"]) == {f"JZ{n:03}" for n in range(1, 52)}
    assert "households" not in read.columns
    with pytest.raises(NotFoundError, match="observations has no places"):
        sources(server, store, viewer, ["observations"])
