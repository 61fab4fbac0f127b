"""Debian's GDAL on the command line: features copied with ogr2ogr, vector tiles read by the MVT driver, rasters."""

import json
import math
import re
import shutil
import subprocess
from pathlib import Path

import geopandas as gpd
import httpx
import mapbox_vector_tile
import pyogrio
import pytest
import shapely

from tests.api.served import small_study
from tests.running import Served

if shutil.which("ogr2ogr") is None:
    pytest.skip("no gdal-bin on this machine", allow_module_level=True)

ZOOM = 14


def tile_at(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Column and row of the tile in which a place lies, by the textbook."""
    column = int((lon + 180) / 360 * 2**zoom)
    return column, int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom)


def run(*command: object) -> str:
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


def test_ogr2ogr_copies_the_whole_study(served: Served, tmp_path: Path) -> None:
    copy = tmp_path / "copy.gpkg"
    run("ogr2ogr", "-f", "GPKG", copy, f"OAPIF:{served.study}", "-oo", "PAGE_SIZE=1000")
    assert {name for name, _ in pyogrio.list_layers(copy)} == set(served.collections)
    for name, collection in served.collections.items():
        matched = httpx.get(f"{served.study}/collections/{name}/items", params={"limit": 1}, timeout=60).json()[
            "numberMatched"
        ]
        assert pyogrio.read_info(copy, layer=name)["features"] == matched, collection


def test_ogr2ogr_takes_a_part_in_metres(served: Served, tmp_path: Path) -> None:
    """A filter and a system of coordinates: shapes come back to the millimetre."""
    copy = tmp_path / "high.gpkg"
    run(
        "ogr2ogr",
        "-f",
        "GPKG",
        copy,
        f"OAPIF:{served.study}",
        "buildings",
        "-where",
        "floors > 5",
        "-t_srs",
        "EPSG:4549",
    )
    high, houses = gpd.read_file(copy).set_index("id").sort_index(), small_study()["buildings"].sort_index()
    houses = houses[houses["floors"] > 5]
    assert high.index.tolist() == houses.index.tolist()
    assert high.geometry.hausdorff_distance(houses.geometry).max() < 0.001
    assert high["households"].tolist() == houses["households"].tolist()


def test_the_mvt_driver_reads_our_tiles(served: Served, tmp_path: Path) -> None:
    """Straight from the address of a tile; its ids are the same as another decoder finds."""
    column, row = tile_at(120.0041, 30.1830, ZOOM)
    address = f"{served.study}/tiles/WebMercatorQuad/{ZOOM}/{row}/{column}?collections=buildings,communities"
    opened = ["-oo", f"X={column}", "-oo", f"Y={row}", "-oo", f"Z={ZOOM}", "-oo", "CLIP=NO"]
    told = run("ogrinfo", "-ro", "-al", "-so", f"MVT:{address}", *opened)
    counts = dict(re.findall(r"Layer name: (\S+)\n.*?Feature Count: (\d+)", told, flags=re.DOTALL))
    copy = tmp_path / "tile.gpkg"
    run("ogr2ogr", "-f", "GPKG", copy, f"MVT:{address}", *opened)
    decoded = mapbox_vector_tile.decode(httpx.get(address, timeout=60).content)
    assert set(counts) == set(decoded) == {"buildings", "communities"}
    for name, layer in decoded.items():
        frame = gpd.read_file(copy, layer=name)
        assert len(frame) == int(counts[name]) == len(layer["features"])
        assert set(frame["mvt_id"]) == {each["id"] for each in layer["features"]}
        assert frame.geometry.is_valid.all()
        truth = small_study()[name].to_crs(3857).loc[frame["id"]].reset_index()
        inside = truth.geometry.within(_frame_of(column, row))
        apart = frame.to_crs(3857).geometry.hausdorff_distance(truth.geometry)[inside]
        assert apart.max() < 40075016.7 / 2**ZOOM / 4096 * 3, f"{name}: within three units of the tile"


def _frame_of(column: int, row: int) -> shapely.Polygon:
    side = 40075016.685578488 / 2**ZOOM
    west, north = column * side - 20037508.342789244, 20037508.342789244 - row * side
    return shapely.box(west, north - side, west + side, north)


def test_the_wms_driver_reads_raster_tiles(served: Served, tmp_path: Path) -> None:
    """As QGIS and GDAL take any XYZ service; heights differ between the south-west and the north-east."""
    tiles = f"{served.study}/rasters/dem/tiles/WebMercatorQuad/${{z}}/${{y}}/${{x}}.png"
    service = tmp_path / "dem.xml"
    service.write_text(
        f"<GDAL_WMS><Service name='TMS'><ServerUrl>{tiles}</ServerUrl></Service><DataWindow>"
        "<UpperLeftX>-20037508.34</UpperLeftX><UpperLeftY>20037508.34</UpperLeftY><LowerRightX>20037508.34</LowerRightX>"
        "<LowerRightY>-20037508.34</LowerRightY><TileLevel>18</TileLevel><YOrigin>top</YOrigin></DataWindow>"
        "<Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY>"
        "<BandsCount>4</BandsCount></GDAL_WMS>"
    )
    told = [run("gdallocationinfo", "-valonly", "-wgs84", service, lon, lat).split()
            for lon, lat in ((120.0008, 30.1800), (120.0078, 30.1860))]  # fmt: skip
    assert all(each[3] == "255" for each in told), "both places are known"
    assert told[0] != told[1]


def test_the_style_and_tilejson_lead_to_tiles_that_are_there(served: Served) -> None:
    """What clients follow: every address in the documents answers, and only this server is named."""
    column, row = tile_at(120.0041, 30.1830, ZOOM)
    style = httpx.get(f"{served.study}/styles/default", timeout=60).json()
    tilejson = httpx.get(f"{served.study}/tiles/WebMercatorQuad", params={"f": "tilejson"}, timeout=60).json()
    addresses = [each for source in style["sources"].values() for each in source.get("tiles", ())] + tilejson["tiles"]
    assert len(addresses) >= 3
    for address in addresses:
        filled = address.replace("{z}", str(ZOOM)).replace("{y}", str(row)).replace("{x}", str(column))
        assert httpx.get(filled, timeout=60).status_code in (200, 204), filled
    named = re.findall(r'"(https?://[^/"]+)', json.dumps([style, tilejson]))
    assert set(named) == {served.base}
