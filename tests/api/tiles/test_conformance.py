"""OGC API – Tiles – Part 1 (20-057), its abstract test suite: each test here names the one it carries out."""

import mapbox_vector_tile
import morecantile
import pytest
import shapely

from layers.tiles.grids import GRIDS
from tests.api.served import client, serve, small_study
from tests.api.tiles.conftest import address

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
MVT = "application/vnd.mapbox-vector-tile"
STUDY = "/studies/town"


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """One server for all of them: they only read."""
    server = serve(small_study(), tmp_path_factory.mktemp("tiles"))
    yield client(server)
    server.close()


def links_of(document, rel):
    return [each for each in document["links"] if each["rel"] == rel]


def path_of(href):
    return href.removeprefix("http://127.0.0.1:8000")


@pytest.mark.parametrize("of", [STUDY, ""])
def test_conf_core_conformance_success(web, of):
    """/conf/core/conformance-success, and those of tileset, tilesets-list, dataset- and geodata-tilesets."""
    said = set(web.get(f"{of}/conformance").json()["conformsTo"])
    for name in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "collections-selection",
                 "mvt", "oas30"):  # fmt: skip
        assert f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{name}" in said


@pytest.mark.parametrize("grid", list(GRIDS))
@pytest.mark.parametrize("collection", ["", "buildings"])
def test_conf_core_tc_op(web, grid, collection):
    """/conf/core/tc-op"""
    assert web.get(address(16, 400, 400, grid=grid, collection=collection)).status_code == 200


def test_conf_core_tc_tilematrix_definition(web):
    """/conf/core/tc-tilematrix-definition: the levels are those of the tile matrix set."""
    levels = [each["id"] for each in web.get(f"{STUDY}/tileMatrixSets/WebMercatorQuad").json()["tileMatrices"]]
    assert levels == [str(level) for level in range(23)]
    for level in ("0", "22"):
        assert web.get(f"{STUDY}/tiles/WebMercatorQuad/{level}/0/0").status_code in (200, 204)
    for level in ("23", "-1", "x", "1.5"):
        assert web.get(f"{STUDY}/tiles/WebMercatorQuad/{level}/0/0").status_code in (400, 404)


def test_conf_core_tc_tilerow_definition(web):
    """/conf/core/tc-tilerow-definition"""
    assert web.get(f"{STUDY}/tiles/CGCS2000Quad/3/7/0").status_code == 204
    for row in ("8", "-1", "x", "99999999999999999999"):
        assert web.get(f"{STUDY}/tiles/CGCS2000Quad/3/{row}/0").status_code in (400, 404)


def test_conf_core_tc_tilecol_definition(web):
    """/conf/core/tc-tilecol-definition"""
    assert web.get(f"{STUDY}/tiles/CGCS2000Quad/3/0/15").status_code == 204
    for column in ("16", "-1", "x"):
        assert web.get(f"{STUDY}/tiles/CGCS2000Quad/3/0/{column}").status_code in (400, 404)


@pytest.mark.parametrize("grid", list(GRIDS))
def test_conf_core_tc_success(web, grid):
    """/conf/core/tc-success: what is in a tile lies in its place."""
    path = address(17, 80, 46, grid=grid)
    answer = web.get(path, headers={"accept": MVT})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MVT
    sets = morecantile.TileMatrixSet.model_validate(web.get(f"{STUDY}/tileMatrixSets/{grid}").json())
    row, column = map(int, path.split("/")[-2:])
    west, south, east, north = sets.bounds(morecantile.Tile(column, row, 17))
    features = mapbox_vector_tile.decode(answer.content)["buildings"]["features"]
    boxes = web.get(f"{STUDY}/collections/buildings/items?bbox={west},{south},{east},{north}").json()["features"]
    assert {each["id"] for each in boxes} <= {each["properties"]["id"] for each in features}
    for each in features:
        shape = shapely.geometry.shape(each["geometry"])
        assert shape.intersects(shapely.box(-64, -64, 4160, 4160))


def test_conf_core_tc_error(web):
    """/conf/core/tc-error: out of range, and empty."""
    assert web.get(f"{STUDY}/tiles/WebMercatorQuad/3/8/0").status_code == 404
    empty = web.get(f"{STUDY}/tiles/WebMercatorQuad/3/0/0")
    assert (empty.status_code, empty.content) == (204, b"")
    assert "tileMatrixSetLimits" not in web.get(f"{STUDY}/tiles/WebMercatorQuad").json()


@pytest.mark.parametrize("grid", list(GRIDS))
@pytest.mark.parametrize("of", [STUDY, f"{STUDY}/collections/roads"])
def test_conf_tileset_description(web, grid, of):
    """/conf/tileset/description"""
    answer = web.get(f"{of}/tiles/{grid}", headers={"accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert said["dataType"] == "vector"
    assert said["crs"].rsplit("/", 1)[1] in GRIDS[grid].crs
    assert ("tileMatrixSetURI" in said) == bool(GRIDS[grid].uri)
    assert ("tileMatrixSet" in said) != bool(GRIDS[grid].uri)
    (scheme,) = links_of(said, REL + "tiling-scheme")
    assert morecantile.TileMatrixSet.model_validate(web.get(path_of(scheme["href"])).json()).id == grid
    (item,) = links_of(said, "item")
    assert item["templated"] is True
    assert item["type"] == MVT
    _, _, _, _, row, column = address(14, 400, 400, collection="", grid=grid).split("/")[2:]
    tile = item["href"].replace("{tileMatrix}", "14").replace("{tileRow}", row).replace("{tileCol}", column)
    assert web.get(path_of(tile)).status_code == 200
    low, high = said["boundingBox"]["lowerLeft"], said["boundingBox"]["upperRight"]
    assert low[0] < high[0]
    assert low[1] < high[1]
    assert (29 < low[0] < 31) == (grid == "CGCS2000Quad"), "latitude first"
    roads = next(each for each in said["layers"] if each["id"] == "roads")
    assert roads["geometryDimension"] == 1
    assert roads["propertiesSchema"]["properties"]["name"] == {"type": "string"}


@pytest.mark.parametrize("of", [STUDY, f"{STUDY}/collections/roads"])
def test_conf_tilesets_list_tileset_links(web, of):
    """/conf/tilesets-list/tileset-links"""
    listed = web.get(f"{of}/tiles", headers={"accept": "application/json"}).json()["tilesets"]
    assert len(listed) == len(GRIDS)
    for each, grid in zip(listed, GRIDS.values(), strict=True):
        assert each["dataType"] == "vector"
        assert each["crs"]
        assert each.get("tileMatrixSetURI", "") == grid.uri
        (whole,), (scheme,) = links_of(each, "self"), links_of(each, REL + "tiling-scheme")
        assert path_of(whole["href"]) == f"{of}/tiles/{grid.id}"
        assert web.get(path_of(whole["href"])).json()["crs"] == each["crs"]
        assert web.get(path_of(scheme["href"])).json()["id"] == grid.id


def test_conf_dataset_tilesets_landingpage(web):
    """/conf/dataset-tilesets/landingpage"""
    (link,) = links_of(web.get(STUDY).json(), REL + "tilesets-vector")
    assert len(web.get(path_of(link["href"])).json()["tilesets"]) == len(GRIDS)


def test_conf_dataset_tilesets_operation(web):
    """/conf/dataset-tilesets/operation"""
    assert web.get(f"{STUDY}/tiles").status_code == 200


def test_conf_geodata_tilesets_desc_links(web):
    """/conf/geodata-tilesets/desc-links"""
    (link,) = links_of(web.get(f"{STUDY}/collections/roads").json(), REL + "tilesets-vector")
    assert len(web.get(path_of(link["href"])).json()["tilesets"]) == len(GRIDS)


def test_conf_geodata_tilesets_operation(web):
    """/conf/geodata-tilesets/operation"""
    assert web.get(f"{STUDY}/collections/roads/tiles").status_code == 200


def test_conf_collections_selection_collections_query(web):
    """/conf/collections-selection/collections-query: of tilesets and of tiles."""
    said = web.get(f"{STUDY}/tiles/WebMercatorQuad?collections=roads,buildings").json()
    assert [each["id"] for each in said["layers"]] == ["roads", "buildings"]
    (item,) = links_of(said, "item")
    assert item["href"].endswith("?collections=roads,buildings")
    assert web.get(f"{STUDY}/tiles/WebMercatorQuad?collections=nix").status_code == 404


def test_conf_collections_selection_collections_response(web):
    """/conf/collections-selection/collections-response: these alone, in this order."""
    content = web.get(address(14, 400, 400, collection="") + "?collections=roads,buildings,blocks").content
    assert list(mapbox_vector_tile.decode(content)) == ["roads", "buildings", "blocks"]


def test_conf_mvt_content(web):
    """/conf/mvt/content: negotiated, and of version 2."""
    path = address(14, 400, 400)
    for accept in (MVT, "application/*", "*/*", "text/html, application/vnd.mapbox-vector-tile;q=0.5"):
        answer = web.get(path, headers={"accept": accept})
        assert answer.headers["content-type"] == MVT
    assert mapbox_vector_tile.decode(answer.content)["buildings"]["version"] == 2
    assert web.get(path, headers={"accept": "image/png"}).status_code == 406


def test_conf_oas30_completeness(web):
    """/conf/oas30/completeness: every resource of these classes is described."""
    paths = web.get(f"{STUDY}/api").json()["paths"]
    for path in ("/tiles", "/tiles/{tileMatrixSetId}", "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"):
        assert {"200", "400", "404"} <= set(paths[path]["get"]["responses"])
        assert "get" in paths["/collections/{collectionId}" + path]
    assert (
        MVT in paths["/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"]["get"]["responses"]["200"]["content"]
    )


def test_conf_oas30_operation_id(web):
    """/conf/oas30/operation-id: the endings by which clients find them."""
    paths = web.get(f"{STUDY}/api").json()["paths"]
    ids = {item["get"]["operationId"] for item in paths.values() if "get" in item}
    for ending in ("getTileMatrixSetsList", "getTileMatrixSet", ".dataset.vector.getTileSetsList",
                   ".dataset.vector.getTileSet", ".dataset.vector.getTile", ".collection.vector.getTileSetsList",
                   ".collection.vector.getTileSet", ".collection.vector.getTile"):  # fmt: skip
        assert any(each.endswith(ending) for each in ids), ending


def test_tms_conf_json_tilematrixset(web):
    """Tile matrix sets 2.0 (17-083r4), /conf/json-tilematrixset: listed, and each as its schema says."""
    for base in (STUDY, ""):
        listed = web.get(f"{base}/tileMatrixSets").json()["tileMatrixSets"]
        assert [each["id"] for each in listed] == list(GRIDS)
        for each in listed:
            (link,) = links_of(each, "self")
            said = web.get(path_of(link["href"])).json()
            assert morecantile.TileMatrixSet.model_validate(said).id == each["id"]
    assert web.get(f"{STUDY}/tileMatrixSets/Nix").status_code == 404


def test_tilejson(web):
    """TileJSON 3.0, as MapLibre reads it."""
    said = web.get(f"{STUDY}/collections/buildings/tiles/WebMercatorQuad?f=tilejson&properties=name,floors").json()
    assert (said["tilejson"], said["minzoom"], said["maxzoom"]) == ("3.0.0", 0, 18)
    assert said["vector_layers"][0]["fields"] == {"id": "String", "name": "String", "floors": "Number"}
    west, south, east, north = said["bounds"]
    assert west < said["center"][0] < east
    assert south < said["center"][1] < north
    row, column = address(15, 400, 400).split("/")[-2:]
    tile = said["tiles"][0].replace("{z}", "15").replace("{y}", row).replace("{x}", column)
    (layer,) = mapbox_vector_tile.decode(web.get(path_of(tile)).content).values()
    assert {key for each in layer["features"] for key in each["properties"]} == {"id", "name", "floors"}
    assert web.get(f"{STUDY}/tiles/WebMercatorQuad?f=tilejson&lang=en").json()["name"] == "Small Town"
    assert web.get(f"{STUDY}/tiles/CGCS2000Quad?f=tilejson").status_code == 406
    assert web.get(f"{STUDY}/tiles/WebMercatorQuad?f=xml").status_code == 400
