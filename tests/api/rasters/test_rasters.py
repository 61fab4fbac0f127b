"""Rasters over HTTP: tiles that show the cells where they lie, values, legends, and what is not told."""

import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pyproj import CRS, Transformer
from starlette.testclient import TestClient

from api.accounts.rights import Caller
from api.main import create_app
from api.rasters.rasters import Rasters, datum_of
from api.server import Server
from geo.raster import Raster
from layers.tiles.grids import GRIDS, matrix_set
from tests.api.editing.conftest import As
from tests.api.served import SOUTH, STUDY_ID, WEST, client, serve, small_study

BASE = f"/studies/{STUDY_ID}/rasters"
OUT = Transformer.from_crs(4549, 4326, always_xy=True)


def few() -> Raster:
    """People in cells of 100 m: 20 in the south-west, 200 elsewhere, nobody knows in the north-east."""
    people = small_study().rasters["population"]
    values = np.full((8, 8), 200, dtype="float32")
    values[7, 0], values[7, 1], values[0, 7] = 20, 0, np.nan
    return replace(people, values=values)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    study = small_study()
    made = serve(replace(study, rasters={**study.rasters, "population": few()}), tmp_path_factory.mktemp("rasters"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def town(server: Server) -> TestClient:
    return client(server)


@pytest.fixture(scope="module")
def viewer(server: Server) -> TestClient:
    app = create_app(server.settings, server)
    app.add_middleware(As, caller=Caller("visitor", {STUDY_ID: "viewer"}))
    return TestClient(app, base_url="http://127.0.0.1:8000")


def at(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a place in metres from the town's south-west corner."""
    lon, lat = OUT.transform(WEST + x, SOUTH + y)
    return float(lon), float(lat)


def pixel(town: TestClient, name: str, x: float, y: float, grid: str = "WebMercatorQuad", level: int = 17) -> list[int]:
    """Return the colour of a tile's pixel at a place."""
    tiles = matrix_set(GRIDS[grid])
    tile = tiles.tile(*at(x, y), level)
    answer = town.get(f"{BASE}/{name}/tiles/{grid}/{level}/{tile.y}/{tile.x}.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    box = tiles.xy_bounds(tile)
    way = Transformer.from_crs(4326, GRIDS[grid].crs, always_xy=True)
    east, north = way.transform(*at(x, y))
    column = int((east - box.left) / (box.right - box.left) * 256)
    row = int((box.top - north) / (box.top - box.bottom) * 256)
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert pixels.shape == (256, 256, 4)
    return [int(each) for each in pixels[row, column]]


def colour(town: TestClient, name: str, label: str) -> list[int]:
    entry = town.get(f"{BASE}/{name}?lang=en").json()
    fill = next(each["colour"] for each in entry["legend"] if each["label"] == label)
    return [int(fill[n : n + 2], 16) for n in (1, 3, 5)] + [255]


def test_the_list_tells_what_there_is(town: TestClient) -> None:
    told = town.get(f"{BASE}?lang=zh").json()["rasters"]
    assert [each["id"] for each in told] == ["population", "dem", "slope", "hillshade"]
    people = told[0]
    assert (people["title"], people["unit"], people["rows"], people["columns"]) == ("人口密度", "人/公顷", 8, 8)
    assert people["legend"][0]["label"] == "< 10 人/公顷"
    west, south, east, north = people["bounds"]
    assert (west, south) == pytest.approx(at(0, 0), abs=1e-4)
    assert (east, north) == pytest.approx(at(800, 800), abs=1e-4)


@pytest.mark.parametrize("grid", list(GRIDS))
def test_cells_have_the_colour_of_their_class_where_they_lie(town: TestClient, grid: str) -> None:
    for x, y, label in ((50, 50, "10–25 people/ha"), (150, 50, "< 10 people/ha"), (450, 450, "200–400 people/ha")):
        assert pixel(town, "population", x, y, grid) == colour(town, "population", label)
    assert pixel(town, "population", 750, 750, grid)[3] == 0  # nobody knows
    assert pixel(town, "population", -50, 50, grid)[3] == 0  # outside


def test_cgcs2000_is_taken_for_wgs_84_and_no_other_datum_is() -> None:
    web, ours = CRS.from_epsg(3857), CRS.from_epsg(4549)
    swapped = datum_of(ours, web)
    assert swapped.geodetic_crs.to_epsg() == 4326
    there = Transformer.from_crs(ours, 4326, always_xy=True).transform(WEST, SOUTH)
    assert Transformer.from_crs(swapped, 4326, always_xy=True).transform(WEST, SOUTH) == pytest.approx(there, abs=1e-9)
    assert datum_of(CRS.from_epsg(4490), web) == CRS.from_epsg(4326)
    assert datum_of(ours, CRS.from_epsg(4490)) is ours
    xian = CRS.from_epsg(2384)
    assert datum_of(xian, web) is xian


def test_heights_slope_and_light(town: TestClient) -> None:
    assert pixel(town, "dem", 400, 400)[3] == 255
    steep = np.degrees(np.arctan(np.hypot(0.25 / 25, 0.5 / 25)))
    lon, lat = at(400, 400)
    told = town.get(f"{BASE}/slope/point", params={"lon": lon, "lat": lat, "lang": "en"}).json()
    assert told["value"] == pytest.approx(steep, abs=0.02)
    assert (told["unit"], told["label"]) == ("°", "< 2 °")
    assert pixel(town, "slope", 400, 400) == colour(town, "slope", "< 2 °")
    assert pixel(town, "hillshade", 400, 400)[3] < 60  # ground that is nearly level lets the map through


def test_values_at_a_place(town: TestClient) -> None:
    lon, lat = at(50, 50)
    told = town.get(f"{BASE}/population/point", params={"lon": lon, "lat": lat, "lang": "zh"}).json()
    assert told == {"lon": lon, "lat": lat, "value": 20.0, "unit": "人/公顷", "label": "10–25 人/公顷"}
    lon, lat = at(750, 750)
    unknown = town.get(f"{BASE}/population/point", params={"lon": lon, "lat": lat, "lang": "zh"}).json()
    assert (unknown["value"], unknown["label"]) == (None, "无数据")


def test_cells_of_few_people_are_told_as_the_lowest_class_only(town: TestClient, viewer: TestClient) -> None:
    lon, lat = at(50, 50)
    told = viewer.get(f"{BASE}/population/point", params={"lon": lon, "lat": lat, "lang": "en"}).json()
    assert (told["value"], told["label"]) == (None, "< 10 people/ha")
    assert pixel(viewer, "population", 50, 50) == colour(town, "population", "< 10 people/ha")
    assert pixel(viewer, "population", 450, 450) == colour(town, "population", "200–400 people/ha")
    assert pixel(viewer, "population", 750, 750)[3] == 0
    tile = f"{BASE}/population/tiles/WebMercatorQuad/10/422/853.png"
    assert viewer.get(tile).headers["etag"] != town.get(tile).headers["etag"]
    assert viewer.get(f"{BASE}/dem/tiles/WebMercatorQuad/10/422/853.png").status_code == 200


def test_an_unchanged_tile_is_not_sent_twice(town: TestClient, server: Server) -> None:
    path = f"{BASE}/dem/tiles/WebMercatorQuad/14/6750/13653.png"
    first = town.get(path)
    again = town.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    store = server.storage.open(STUDY_ID)
    study = store.study()
    higher = replace(study.rasters["dem"], values=study.rasters["dem"].values + 100)
    kept = server.part(Rasters).get(store, "population")
    store.put_study(replace(study, rasters={**study.rasters, "dem": higher}), by="planner", action="import")
    try:
        changed = town.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert changed.status_code == 200
        assert changed.headers["etag"] != first.headers["etag"]
        assert server.part(Rasters).get(store, "population") is kept, "a raster that is the same is not read again"
    finally:
        store.put_study(study, by="planner", action="import")


def test_where_tiles_are(town: TestClient) -> None:
    told = town.get(f"{BASE}/dem/tiles/CGCS2000Quad").json()
    assert told["tilejson"] == "3.0.0"
    assert told["tiles"] == [f"http://127.0.0.1:8000{BASE}/dem/tiles/CGCS2000Quad/{{z}}/{{y}}/{{x}}.png"]
    assert told["bounds"] == pytest.approx(town.get(f"{BASE}/dem").json()["bounds"])


@pytest.mark.parametrize(("path", "status", "detail"), [
    ("moon", 404, "the study has no raster moon"),
    ("moon/point?lon=1&lat=1", 404, "the study has no raster moon"),
    ("dem/point?lon=1&lat=1", 404, "1, 1 lies outside the raster dem"),
    ("dem/point?lon=200&lat=1", 400, "lon=200, lat=1 is no position"),
    ("dem/point?lon=nan&lat=1", 400, "lon=nan, lat=1 is no position"),
    ("dem/point?lon=1", 400, "query.lat"),
    ("dem/tiles/MoonQuad", 404, "there is no tile matrix set MoonQuad"),
    ("dem/tiles/MoonQuad/1/0/0.png", 404, "there is no tile matrix set MoonQuad"),
    ("dem/tiles/WebMercatorQuad/1/2/0.png", 404, "WebMercatorQuad has no tile 1/2/0"),
    ("dem/tiles/WebMercatorQuad/40/2/0.png", 400, "path.level"),
    ("dem/tiles/WebMercatorQuad/x/2/0.png", 400, "path.level"),
])  # fmt: skip
def test_refusals_say_what_there_is(town: TestClient, path: str, status: int, detail: str) -> None:
    answer = town.get(f"{BASE}/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert detail in answer.json()["detail"]


def test_a_study_without_rasters_has_an_empty_list(tmp_path) -> None:
    server = serve(replace(small_study(), rasters={}), tmp_path)
    try:
        town = client(server)
        assert town.get(BASE).json()["rasters"] == []
        assert "rasters" not in [each["id"] for each in town.get(f"/studies/{STUDY_ID}/layers").json()["sections"]]
        refused = town.get(f"{BASE}/dem")
        assert refused.json()["faults"][0]["remedy"] == "rasters of this study: none"
    finally:
        server.close()
