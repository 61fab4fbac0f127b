"""Collections and studies as files: round trips, what was asked for, rights, refusals."""

import io
import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote

import geopandas as gpd
import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from starlette.testclient import TestClient

from api.accounts.rights import HOUSEHOLD_COLUMNS
from api.routes.exports import MEDIA_TYPES, Kind
from layers.formats import FORMATS
from tests.api.exports.conftest import HERE
from tests.api.served import small_study


def _taken(web: TestClient, collection: str, folder: Path, **query: str) -> Any:
    answer = web.get(f"{HERE}/collections/{collection}/export", params=query)
    assert answer.status_code == 200, answer.text
    name = unquote(answer.headers["content-disposition"].split("''")[1])
    path = folder / name
    path.write_bytes(answer.content)
    return path


def _read(path: Path, collection: str) -> gpd.GeoDataFrame:
    if path.suffix == ".parquet":
        return gpd.read_parquet(path).reset_index()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as packed:
            packed.extractall(path.parent / "shp")
        return gpd.read_file(path.parent / "shp" / f"{collection}.shp")
    return gpd.read_file(path, layer=collection) if path.suffix == ".gpkg" else gpd.read_file(path)


@pytest.mark.parametrize("kind", ["gpkg", "parquet", "fgb", "shp", "geojson"])
def test_every_feature_comes_back_with_its_shape_its_texts_and_its_system(
    owner: TestClient, tmp_path: Path, kind: str
) -> None:
    read = _read(_taken(owner, "communities", tmp_path, f=kind), "communities")

    told = small_study()["communities"]
    assert read.crs.to_epsg() == (4326 if kind == "geojson" else 4549)
    key = "id" if kind == "geojson" else "communi_id" if kind == "shp" else "community_id"
    read = read.set_index(key).sort_index().to_crs(4549)
    assert [*read.index] == [*told.index]
    assert [*read["name"]] == [*told["name"]]
    assert np.allclose(shapely.area(read.geometry), shapely.area(told.geometry), rtol=1e-5)
    assert read.geometry.iloc[0].distance(told.geometry.iloc[0].centroid) < 0.01


@pytest.mark.parametrize("kind", ["gpkg", "parquet", "fgb", "shp"])
def test_a_file_is_in_the_system_that_was_asked_for(owner: TestClient, tmp_path: Path, kind: str) -> None:
    read = _read(_taken(owner, "communities", tmp_path, f=kind, crs="EPSG:4490"), "communities")

    assert read.crs.to_epsg() == 4490
    for named in ("urn:ogc:def:crs:EPSG::4490", "http://www.opengis.net/def/crs/EPSG/0/4490"):
        assert owner.get(f"{HERE}/collections/communities/export?f={kind}&crs={named}").status_code == 200
    lon, lat = read.to_crs(4326).union_all().centroid.coords[0]
    assert (round(lon, 2), round(lat, 2)) == (120.0, 30.18)


def test_filters_boxes_and_columns_are_those_of_items(owner: TestClient, tmp_path: Path) -> None:
    asked = {"filter": "floors >= 5 AND use = 'residential'", "properties": "name,floors"}
    told = owner.get(f"{HERE}/collections/buildings/items", params={**asked, "limit": "500"}).json()

    read = _read(_taken(owner, "buildings", tmp_path, f="gpkg", **asked), "buildings")

    assert 0 < len(read) == told["numberMatched"] < 51
    assert {*read.columns} == {"building_id", "name", "floors", "geometry"}
    one = _read(_taken(owner, "buildings", tmp_path, f="geojson", name="1-1号楼"), "buildings")
    assert [*one["id"]] == ["JZ001"]


def test_geojson_is_the_same_whether_in_one_page_or_streamed(
    owner: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = owner.get(f"{HERE}/collections/buildings/items?limit=1000").json()["features"]
    monkeypatch.setattr("api.exports.collections.ROWS", 7)

    answer = owner.get(f"{HERE}/collections/buildings/export?f=geojson")

    assert answer.headers["content-type"] == "application/geo+json"
    assert "content-length" not in answer.headers
    assert answer.json()["features"] == whole
    empty = owner.get(f"{HERE}/collections/buildings/export?f=geojson&filter=floors>99")
    assert json.loads(empty.content)["features"] == []


def test_a_geopackage_opens_drawn_and_parquet_is_geoparquet(owner: TestClient, tmp_path: Path) -> None:
    drawn, parquet = (_taken(owner, "roads", tmp_path, f=kind) for kind in ("gpkg", "parquet"))

    with sqlite3.connect(drawn) as db:
        (style,) = db.execute("SELECT styleQML FROM layer_styles WHERE f_table_name = 'roads'").fetchone()
    assert 'attr="road_group"' in style
    assert "road_group" in gpd.read_file(drawn, layer="roads").columns
    told = json.loads(pq.read_schema(parquet).metadata[b"geo"])
    assert told["version"] == "1.1.0"
    assert "bbox" in told["columns"]["geometry"]["covering"]


def test_a_shapefile_in_gb18030_says_so_and_tells_what_it_cut(owner: TestClient, tmp_path: Path) -> None:
    answer = owner.get(f"{HERE}/collections/communities/export?f=shp&encoding=gb18030")

    assert "community_id → communi_id" in unquote(answer.headers["x-shequ-notes"])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        packed.extractall(tmp_path)
    assert (tmp_path / "communities.cpg").read_text() == "GB18030"
    assert "鼓楼社区".encode("gb18030") in (tmp_path / "communities.dbf").read_bytes()
    assert gpd.read_file(tmp_path / "communities.shp")["name"].iloc[0] == "鼓楼社区"


def test_points_and_areas_of_one_collection_are_two_shapefiles_and_one_of_other_formats(
    owner: TestClient, tmp_path: Path
) -> None:
    with zipfile.ZipFile(_taken(owner, "facilities", tmp_path, f="shp")) as packed:
        names = {Path(each).stem for each in packed.namelist()}
    read = _read(_taken(owner, "facilities", tmp_path, f="fgb"), "facilities")

    assert names == {"facilities_point", "facilities_polygon"}
    assert sorted(read.geom_type) == ["Point"] * 4 + ["Polygon"]


def test_a_table_without_places_is_a_sheet_and_no_shapefile(owner: TestClient, tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(_taken(owner, "observations", tmp_path, f="xlsx")).active
    refused = owner.get(f"{HERE}/collections/observations/export?f=shp")

    assert sheet is not None
    assert sheet["A1"].value == small_study()["observations"].index.name
    assert refused.status_code == 422
    assert refused.json()["faults"] == [
        {"what": "observations has no places, which shp needs", "remedy": "take gpkg, parquet or xlsx"}
    ]


@pytest.mark.parametrize("kind", ["gpkg", "parquet", "shp", "geojson", "xlsx", "fgb"])
def test_a_viewer_takes_no_household_columns_away(viewer: TestClient, tmp_path: Path, kind: str) -> None:
    path = _taken(viewer, "buildings", tmp_path, f=kind)

    columns = _read(path, "buildings").columns if kind != "xlsx" else [
        each.value for each in openpyxl.load_workbook(path)["buildings"][1]
    ]  # fmt: skip
    assert "floors" in columns
    assert not HOUSEHOLD_COLUMNS["buildings"] & {*columns}
    asked = viewer.get(f"{HERE}/collections/buildings/export?f={kind}&properties=households")
    assert asked.status_code == 400


def test_a_whole_study_is_one_geopackage_as_the_caller_may_see_it(
    owner: TestClient, viewer: TestClient, tmp_path: Path
) -> None:
    for web, name in ((owner, "o"), (viewer, "v")):
        (tmp_path / f"{name}.gpkg").write_bytes(web.get(f"{HERE}/export").content)

    layers = {str(each) for each in pyogrio.list_layers(tmp_path / "o.gpkg")[:, 0]}
    assert {"buildings", "roads", "observations", "plan_p1_communities", "layer_styles"} <= layers
    assert "households" in gpd.read_file(tmp_path / "o.gpkg", layer="buildings").columns
    assert "households" not in gpd.read_file(tmp_path / "v.gpkg", layer="buildings").columns
    with sqlite3.connect(tmp_path / "o.gpkg") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    ("query", "told"),
    [("f=dwg", "f:"), ("f=gpkg&fliter=floors>3", "did you mean filter"), ("f=shp&crs=EPSG:999999", "no CRS EPSG"),
     ("f=geojson&crs=EPSG:4549", "longitude and latitude"), ("f=fgb&crs=EPSG:4979", "not one of maps"),
     ("f=fgb&crs=%2Binit%3D/etc/passwd:x", "no CRS"), ("encoding=latin1", "encoding"), ("bbox=1,2", "bbox"),
     ("filter=pie>3", "pie"), ("limit=3", "no parameter limit")],
)  # fmt: skip
def test_what_cannot_be_given_is_refused_with_the_parameter(owner: TestClient, query: str, told: str) -> None:
    answer = owner.get(f"{HERE}/collections/buildings/export?{query}")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.text


def test_a_drawing_in_degrees_is_refused_and_nothing_is_left_behind(owner: TestClient, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tempfile.tempdir", str(tmp_path))
        refused = owner.get(f"{HERE}/collections/roads/export?f=dxf&crs=EPSG:4490")
        sent = owner.get(f"{HERE}/collections/roads/export?f=dxf")

    assert refused.status_code == 422
    assert "a drawing is in metres" in refused.json()["detail"]
    assert sent.status_code == 200
    assert not [*tmp_path.iterdir()]


def test_the_formats_of_the_route_are_those_that_there_are(owner: TestClient) -> None:
    assert [*get_args(Kind)] == [*FORMATS]
    assert [*MEDIA_TYPES] == [media_type for _, media_type in FORMATS.values()]
    assert owner.get(f"{HERE}/collections/nothing/export").status_code == 404
