"""Vector files: what each reader reads, and what it refuses."""

import json
import shutil
import sqlite3
import zipfile
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
from shapely.geometry import Point

from geo.errors import InputError
from geo.ingest import vector
from geo.ingest.formats import READERS, ending, open_file
from geo.ingest.source import Layer
from tests.geo.ingest.conftest import Frames, Save

CHINESE = gpd.GeoDataFrame(
    {"名称": ["中山路", "和平大道"], "编号": [1, 2]},
    geometry=[Point(500_000, 3_500_000), Point(500_010, 3_500_000)],
    crs=4549,
)


def read_first(path: Path) -> Layer:
    source = open_file(path)
    return source.read(source.layers[0], None)


def refused(path: Path, said: str) -> InputError:
    with pytest.raises(InputError, match=said) as caught:
        read_first(path)
    assert caught.value.faults[0].file == str(path)
    return caught.value


# --- every format, there and back ---


@pytest.mark.parametrize("name", ["道路.gpkg", "道路.shp", "道路.fgb", "道路.parquet", "道路.geojson"])
def test_every_format_comes_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".parquet":
        CHINESE.to_parquet(path)
    elif path.suffix == ".geojson":
        CHINESE.to_crs(4326).to_file(path, driver="GeoJSON")
    else:
        CHINESE.to_file(path)
    source = open_file(path)
    assert source.layers == ("道路",)
    layer = source.read("道路", None)
    frame = layer.frame.sort_values("编号", ignore_index=True)  # FlatGeobuf stores rows by place
    assert frame["名称"].tolist() == ["中山路", "和平大道"]
    assert frame.geometry.name == "geometry"
    assert layer.crs is not None
    assert frame.set_crs(layer.crs).to_crs(4549).geom_equals_exact(CHINESE, 0.01).all()


def test_all_layers_of_a_geopackage(save: Save, frames: Frames) -> None:
    path = save(frames)
    source = open_file(path)
    assert set(source.layers) == {"roads", "communities", "buildings", "facilities"}
    assert len(source.read("buildings", None).frame) == 4


def test_tables_without_geometry_are_named_as_skipped(save: Save, frames: Frames) -> None:
    path = save(frames)
    pyogrio.write_dataframe(frames["roads"].drop(columns="geometry"), path, layer="ledger", append=True)
    source = open_file(path)
    assert "ledger" not in source.layers
    assert source.skipped == {"ledger": "a table without geometry"}


def test_a_geometry_column_of_any_name(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    CHINESE.rename_geometry("形状").assign(geometry="text").to_parquet(path)
    frame = open_file(path).read("a", None).frame
    assert list(frame.columns) == ["名称", "编号", "geometry"]
    assert frame.geometry.iloc[0].equals(CHINESE.geometry.iloc[0])


def test_geojson_without_crs_is_in_degrees_but_does_not_say_so(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    content = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [120, 31]}}
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"type": "FeatureCollection", "features": [content]}).encode())
    layer = open_file(path).read("a", None)
    assert layer.crs == 4326
    assert not layer.stated


# --- shapefiles: encodings ---


def shapefile(folder: Path, encoding: str, *, cpg: str | None) -> Path:
    path = folder / "道路.shp"
    pyogrio.write_dataframe(CHINESE, path, encoding=encoding)
    path.with_suffix(".cpg").unlink()
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


@pytest.mark.parametrize("cpg", ["GBK", "936", "ANSI 936", "gb2312", "GB18030", "cp936"])
def test_gbk_with_a_cpg(tmp_path: Path, cpg: str) -> None:
    layer = open_file(shapefile(tmp_path, "GB18030", cpg=cpg)).read("道路", None)
    assert list(layer.frame.columns[:2]) == ["名称", "编号"]
    assert layer.frame["名称"].tolist() == ["中山路", "和平大道"]
    assert layer.repairs == ()


@pytest.mark.parametrize(("written", "found"), [("GB18030", "GB18030"), ("UTF-8", "UTF-8")])
def test_without_a_cpg_the_encoding_is_found_and_said(tmp_path: Path, written: str, found: str) -> None:
    layer = open_file(shapefile(tmp_path, written, cpg=None)).read("道路", None)
    assert layer.frame["名称"].tolist() == ["中山路", "和平大道"]
    (repair,) = layer.repairs
    assert (repair.action, repair.code) == ("assumed", "encoding_found")
    assert f"read as {found}, e.g. " in repair.detail


def test_the_mappings_encoding_wins(tmp_path: Path) -> None:
    layer = open_file(shapefile(tmp_path, "GB18030", cpg="UTF-8")).read("道路", "GB18030")
    assert layer.frame["名称"].tolist() == ["中山路", "和平大道"]


def test_plain_letters_need_no_word(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    gpd.GeoDataFrame({"name": ["Main St"]}, geometry=[Point(0, 0)], crs=4549).to_file(path)
    path.with_suffix(".cpg").unlink()
    assert open_file(path).read("a", None).repairs == ()


def test_a_character_cut_in_half_is_mended(tmp_path: Path) -> None:
    path = shapefile(tmp_path, "GB18030", cpg="GBK")
    dbf = path.with_suffix(".dbf")
    content = dbf.read_bytes()
    road = "和平大道".encode("gb18030")
    dbf.write_bytes(content.replace(road, road[:-1] + b" "))
    layer = open_file(path).read("道路", None)
    assert layer.frame["名称"].tolist() == ["中山路", "和平大"]
    assert [repair.code for repair in layer.repairs] == ["cut_text"]


def test_a_wrong_cpg_is_refused_with_a_way_out(tmp_path: Path) -> None:
    refused(
        shapefile(tmp_path, "GB18030", cpg="UTF-8"), 'text is not UTF-8 as 道路.cpg says[\\s\\S]*encoding = "GB18030"'
    )
    refused(shapefile(tmp_path, "GB18030", cpg="klingon"), "道路.cpg names an unknown text encoding")


def test_text_in_no_known_encoding(tmp_path: Path) -> None:
    path = shapefile(tmp_path, "GB18030", cpg=None)
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace("中山路".encode("gb18030"), b"\xff\xff\xff\xff\xff\xff"))
    refused(path, "neither UTF-8 nor GB18030")


# --- shapefiles: damage ---


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_a_part_is_missing(tmp_path: Path, part: str) -> None:
    path = shapefile(tmp_path, "UTF-8", cpg="UTF-8")
    path.with_suffix(part).unlink()
    refused(path, f"the shapefile is incomplete: 道路{part} is missing")


def test_both_parts_are_missing(tmp_path: Path) -> None:
    path = shapefile(tmp_path, "UTF-8", cpg="UTF-8")
    for part in (".shx", ".dbf"):
        path.with_suffix(part).unlink()
    refused(path, r"incomplete: 道路.dbf and 道路.shx are missing")


def test_a_coordinate_system_cut_short_is_named(tmp_path: Path) -> None:
    path = shapefile(tmp_path, "UTF-8", cpg="UTF-8")
    prj = path.with_suffix(".prj")
    prj.write_bytes(prj.read_bytes()[: prj.stat().st_size // 2])
    refused(path, "the coordinate system it states cannot be read")


def test_cut_short(tmp_path: Path) -> None:
    path = shapefile(tmp_path, "UTF-8", cpg="UTF-8")
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    refused(path, rf"the shapefile is cut short: {len(whole) - 20} bytes of {len(whole)}")
    path.write_bytes(whole)
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes()[:-40])
    refused(path, "道路.dbf is cut short")


# --- zips ---


def zipped(folder: Path, members: dict[str, bytes], name: str = "a.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def parts_of(path: Path, prefix: str = "") -> dict[str, bytes]:
    return {prefix + each.name: each.read_bytes() for each in sorted(path.parent.glob(path.stem + ".*"))}


def test_a_zipped_shapefile_in_a_folder(tmp_path: Path) -> None:
    parts = parts_of(shapefile(tmp_path, "GB18030", cpg="GBK"), "资料/")
    source = open_file(zipped(tmp_path, {**parts, "__MACOSX/._道路.shp": b"x", "readme.txt": b"x"}))
    assert source.layers == ("道路",)
    assert source.read("道路", None).frame["名称"].tolist() == ["中山路", "和平大道"]


def test_names_written_by_chinese_windows(tmp_path: Path) -> None:
    parts = parts_of(shapefile(tmp_path, "GB18030", cpg="GBK"))
    path = zipped(tmp_path, {f"layer{Path(name).suffix}": content for name, content in parts.items()})
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"layer.", "道a".encode("gb18030") + b"bc."))
    assert open_file(path).layers == ("道abc",)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"a.txt": b"x"}, "the zip holds 0 shapefiles; it must hold exactly one[\\s\\S]*found: a.txt"),
        ({"a.shp": b"x", "b.shp": b"x"}, "the zip holds 2 shapefiles"),
        ({"../a.shp": b"x"}, "outside its folder: ../a.shp"),
        ({"/etc/a.shp": b"x"}, "outside its folder: /etc/a.shp"),
        ({"C:\\a.shp": b"x"}, "outside its folder"),
        ({"..\\a.shp": b"x"}, "outside its folder"),
    ],
)
def test_zips_that_are_refused(tmp_path: Path, members: dict[str, bytes], said: str) -> None:
    refused(zipped(tmp_path, members), said)


def test_a_zip_that_grows_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector, "MAX_UNPACKED_BYTES", 1000)
    refused(zipped(tmp_path, {"a.shp": b"0" * 2000}), "the zip would unpack to 0.0 GB")


def test_a_damaged_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path, parts_of(shapefile(tmp_path, "UTF-8", cpg="UTF-8")))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refused(path, "is no zip archive, or is cut short")
    broken = content.replace(CHINESE.geometry.iloc[0].wkb[-8:], b"\x00" * 8)
    path.write_bytes(broken)
    refused(path, "the zip cannot be unpacked")


# --- not what the ending says ---

VRT = (
    b'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'
    b"</OGRVRTDataSource>"
)
GDALG = b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/passwd"}'
TOPOJSON = b'{"type": "Topology", "objects": {}, "arcs": []}'


@pytest.mark.parametrize("end", [*READERS, ".tif"])
@pytest.mark.parametrize("content", [VRT, b"\x00" * 200, b"not a map at all " * 20])
def test_wrong_content_is_refused_for_every_ending(tmp_path: Path, end: str, content: bytes) -> None:
    path = tmp_path / f"a{end}"
    path.write_bytes(content)
    if end == ".shp":
        for part in (".shx", ".dbf"):
            path.with_suffix(part).write_bytes(content)
    with pytest.raises(InputError):
        read_first(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (VRT, "the file ends in .geojson or .json but is no GeoJSON"),
        (GDALG, "its type is 'gdal_streamed_alg', not 'FeatureCollection'"),
        (TOPOJSON, "its type is 'Topology'"),
        (b'{"type": "FeatureCollection", "features": [', "damaged or cut short"),
        (b"[" * 100_000, "is no GeoJSON"),
        (b'{"a":' * 100_000, "damaged or cut short"),
        ('{"type": "FeatureCollection", "名": 1}'.encode("gb18030"), "not written in UTF-8"),
        (b"[1, 2]", "is no GeoJSON"),
    ],
)
def test_geojson_that_is_none(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(content)
    refused(path, said)


def test_a_database_that_is_no_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE a (b)")
    db.close()
    refused(path, "this is a database but no GeoPackage")


def test_a_geopackage_cut_short(save: Save, frames: Frames) -> None:
    path = save(frames)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refused(path, "the GeoPackage is damaged")


def test_parquet_and_flatgeobuf_cut_short(tmp_path: Path) -> None:
    whole = tmp_path / "a.parquet"
    CHINESE.to_parquet(whole)
    whole.write_bytes(whole.read_bytes()[:-10])
    refused(whole, "the Parquet file is cut short")
    fgb = tmp_path / "a.fgb"
    CHINESE.to_file(fgb)
    fgb.write_bytes(fgb.read_bytes()[:60])
    refused(fgb, "cannot be read")


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    CHINESE.to_parquet(path, compression=None)
    path.write_bytes(path.read_bytes().replace("中山路".encode(), b"\xff" * 9))
    refused(path, "column 名称 holds text that is not UTF-8")
    fgb = tmp_path / "a.fgb"
    CHINESE.to_file(fgb)
    fgb.write_bytes(fgb.read_bytes().replace("中山路".encode(), b"\xff" * 9))
    refused(fgb, "the layer cannot be read")


def test_a_plain_parquet_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    CHINESE.drop(columns="geometry").to_parquet(path)
    refused(path, "holds no readable geometry")


# --- endings and paths ---


def test_endings() -> None:
    assert ending(Path("a.osm.pbf")) == ".osm.pbf"
    assert ending(Path("A.SHP")) == ".shp"
    assert ending(Path("a.vrt")) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.vrt", "files ending in .vrt are not read"),
        ("a.dbf", "give the .shp beside it"),
        ("a.gdb", "save its layers as a GeoPackage"),
        ("a.xyz", "save it as a GeoPackage"),
        ("a", "files ending in nothing are not read"),
    ],
)
def test_other_endings_say_what_to_do(tmp_path: Path, name: str, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"x")
    with pytest.raises(InputError, match=said):
        open_file(path)


def test_no_file_a_folder_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        open_file(tmp_path / "none.gpkg")
    with pytest.raises(InputError, match="this is a folder"):
        open_file(tmp_path)
    (tmp_path / "a.gpkg").touch()
    with pytest.raises(InputError, match=r"the file is empty \(0 bytes\)"):
        open_file(tmp_path / "a.gpkg")


def test_nothing_is_left_beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, temporary = tmp_path / "work", tmp_path / "temporary"
    work.mkdir()
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    parts = parts_of(shapefile(work, "GB18030", cpg=None))
    shutil.rmtree(work)
    work.mkdir()
    path = zipped(work, parts)
    source = open_file(path)
    source.read(source.layers[0], None)
    assert [each.name for each in work.iterdir()] == ["a.zip"]
    assert list(temporary.iterdir()) == []
