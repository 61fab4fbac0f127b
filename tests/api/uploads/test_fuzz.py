"""Files made to harm: every answer is 2xx or 4xx with a place and a remedy, and nothing is left behind by a refusal.

The files are made here: each format whole, cut short, with bits turned, under other endings; and those that reach for
other files, unpack to more than there is room for, or are nested, huge, empty, infinite or in another encoding.
"""

import io
import json
import os
import random
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from openpyxl import Workbook
from rasterio.transform import from_origin
from starlette.testclient import TestClient

from api.server import Server
from api.storage import StudyStore
from api.uploads.opening import Opener
from tests.api.served import STUDY_ID, small_study

UPLOADS = f"/studies/{STUDY_ID}/uploads"
MARK = "qx-secret-71d3"


# ── sound files ──────────────────────────────────────────────────────────────────────────────────────────────────────
@cache
def sound(folder: Path) -> dict[str, bytes]:
    """Return one sound file of each format by its name."""
    frame = small_study()["facilities"].iloc[:4][["name", "category", "capacity"]].reset_index(drop=True)
    shapes = gpd.GeoSeries(small_study()["facilities"].geometry.iloc[:4].values, crs=4549)
    layer = gpd.GeoDataFrame(frame, geometry=shapes)
    layer.to_file(folder / "a.gpkg", driver="GPKG", layer="facilities")
    layer.to_crs(4326).to_file(folder / "a.geojson", driver="GeoJSON")
    layer.to_file(folder / "a.fgb", driver="FlatGeobuf")
    layer.to_parquet(folder / "a.parquet")
    layer.rename(columns={"name": "名称"}).to_file(folder / "a.shp", driver="ESRI Shapefile", encoding="GB18030")
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for end in ("shp", "shx", "dbf", "prj", "cpg"):
            packed.write(folder / f"a.{end}", f"设施.{end}")
    with rasterio.open(folder / "dem.tif", "w", driver="GTiff", width=20, height=20, count=1, dtype="float32",
                       crs="EPSG:4549", transform=from_origin(500000, 3340800, 40, 40)) as raster:  # fmt: skip
        raster.write(np.ones((1, 20, 20), dtype="float32"))
    book = Workbook()
    book.active.append(["编号", "名称"])
    book.active.append(["1", "甲"])
    book.save(folder / "a.xlsx")
    (folder / "a.csv").write_bytes("编号,名称\n1,甲\n".encode("gb18030"))
    (folder / "a.toml").write_text('[[source]]\ntable = "facilities"\nfile = "a.geojson"\n')
    (folder / "a.osm").write_text(
        '<?xml version="1.0"?><osm version="0.6"><node id="1" lat="30.18" lon="120.001" version="1">'
        '<tag k="amenity" v="school"/></node></osm>'
    )
    names = ("a.gpkg", "a.geojson", "a.fgb", "a.parquet", "a.zip", "dem.tif", "a.xlsx", "a.csv", "a.toml", "a.osm")
    return {name: (folder / name).read_bytes() for name in names} | {"a.osm.pbf": pbf(b"")}


def pbf(more: bytes) -> bytes:
    """Return an OpenStreetMap extract with a header and nothing else, then `more`."""
    header = b"\x22\x0eOsmSchema-V0.6\x22\x0aDenseNodes"
    blob = b"\x10" + varint(len(header)) + b"\x1a" + varint(len(zlib.compress(header))) + zlib.compress(header)
    head = b"\x0a\x09OSMHeader\x18" + varint(len(blob))
    return struct.pack(">I", len(head)) + head + blob + more


def varint(number: int) -> bytes:
    made = b""
    while number > 127:
        made += bytes([number & 127 | 128])
        number >>= 7
    return made + bytes([number])


def pbf_block(raw_size: int, packed: bytes) -> bytes:
    blob = b"\x10" + varint(raw_size) + b"\x1a" + varint(len(packed)) + packed
    head = b"\x0a\x07OSMData\x18" + varint(len(blob))
    return struct.pack(">I", len(head)) + head + blob


# ── harmful files ────────────────────────────────────────────────────────────────────────────────────────────────────
def collection(geometry: str, properties: str = "{}", more: str = "") -> bytes:
    feature = f'{{"type":"Feature","properties":{properties},"geometry":{geometry}}}'
    return f'{{"type":"FeatureCollection"{more},"features":[{feature}]}}'.encode()


def point(x: str, y: str) -> bytes:
    return collection(f'{{"type":"Point","coordinates":[{x},{y}]}}')


def packed(members: dict[str, bytes], **how: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how.get("kind", zipfile.ZIP_DEFLATED)) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def with_link(target: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for end in ("shp", "shx", "dbf"):
            info = zipfile.ZipInfo(f"a.{end}")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, target)
    return made.getvalue()


def bomb(megabytes: int) -> bytes:
    return packed({f"a.{end}": b"\0" * (megabytes << 20) for end in ("shp", "shx", "dbf")})


def lying_zip() -> bytes:
    """Return a zip whose directory says that a file of 30 MB has 10 bytes."""
    content = bytearray(packed({"a.shp": b"\0" * (30 << 20), "a.shx": b"x", "a.dbf": b"y"}))
    size = struct.pack("<I", 30 << 20)
    return bytes(content.replace(size, struct.pack("<I", 10)))


def database(folder: Path, name: str, *statements: str) -> bytes:
    """Return the sound GeoPackage after some statements."""
    path = folder / f"{name}.gpkg"
    path.write_bytes(sound(folder)["a.gpkg"])
    with sqlite3.connect(path) as db:
        for name, count in (("ST_IsEmpty", 1), ("ST_MinX", 1), ("ST_MaxX", 1), ("ST_MinY", 1), ("ST_MaxY", 1)):
            db.create_function(name, count, lambda *_: 0)
        db.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            db.execute(statement)
    db.close()
    return path.read_bytes()


def tiff(wide: int, high: int, *, rows_per_strip: int = 1) -> bytes:
    """Return the header of a TIFF that claims to be so large."""
    tags = [(256, 4, 1, wide), (257, 4, 1, high), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
            (277, 3, 1, 1), (278, 4, 1, rows_per_strip), (279, 4, 1, 1)]  # fmt: skip
    body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + b"\0" * 4
    return b"II*\0" + struct.pack("<I", 8) + body


def harmful(folder: Path, secret: Path) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of files that must be refused, or at least do nothing."""
    inner_vrt = f"<OGRVRTLayer name='a'><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>"
    vrt = f"<OGRVRTDataSource>{inner_vrt}</OGRVRTDataSource>"
    raster_vrt = (
        "<VRTDataset rasterXSize='1' rasterYSize='1'><VRTRasterBand dataType='Byte' band='1'><SimpleSource>"
        f"<SourceFilename>{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    for end in (
        "geojson",
        "json",
        "gpkg",
        "zip",
        "fgb",
        "parquet",
        "osm",
        "osm.pbf",
        "tif",
        "xlsx",
        "csv",
        "toml",
        "vrt",
    ):
        yield f"vrt.{end}", vrt.encode()
        yield f"raster.{end}", raster_vrt.encode()
    for inner in (
        f"/vsizip/{secret}",
        "/vsicurl/http://127.0.0.1:9/a.gpkg",
        f"{secret}",
        "/vsistdin/",
        "GPKG:/etc/passwd",
    ):
        for end in ("geojson", "csv", "tif", "zip"):
            yield f"path.{end}", inner.encode()
    for name in ("../../../../etc/passwd.geojson", "/etc/cron.d/a.geojson", "a\x00.geojson", "CON.geojson", ".geojson",
                 "-rf.geojson", "vsicurl_http:__x.geojson", "x" * 5000 + ".geojson",
                 "\u202enosjoeg.geojson", "a|b;c.geojson",
                 "/vsizip/a.zip/a.shp", "no_ending", "a.exe", "a.sqlite", "a.kml", "a.gml", "a.xml"):  # fmt: skip
        yield name, point("120.001", "30.18")
    for x in (
        "NaN",
        "Infinity",
        "-Infinity",
        "1e308",
        "1e999",
        "-1e30",
        "181",
        "1" * 4_500,
        "null",
        '"120"',
        "true",
        "[]",
        "{}",
    ):
        yield f"x{x[:9]}.geojson", point(x, "30")
    shapes = (
        "[[[1,1],[2,1],[2,2],[1,2]]]", "[[[1,1],[2,1],[1,1]]]", "[[[1,1],[2,2],[2,1],[1,2],[1,1]]]", "[[[1,1]]]",
        "[[]]", "[[[1,1],[1,1],[1,1],[1,1]]]", "[1,2]", "null", '"a"', "[]",
        "[[[1,1],[3,1],[3,3],[1,3],[1,1]],[[0,0],[9,0],[9,9],[0,0]]]",
    )  # fmt: skip
    for number, shape in enumerate(shapes):
        yield f"ring{number}.geojson", collection(f'{{"type":"Polygon","coordinates":{shape}}}')
    for kind in ("Circle", "GeometryCollection", "LineString", "MultiPolygon"):
        yield f"{kind}.geojson", collection(f'{{"type":"{kind}","coordinates":[[1,1]]}}')
    deep = 1_000_000
    yield "deep.geojson", b'{"type":"FeatureCollection","features":' + b"[" * deep
    yield "deep2.geojson", b'{"type":"FeatureCollection","features":' + b"[" * deep + b"]" * deep + b"}"
    yield "deep3.geojson", b'{"a":' * deep
    yield "deep4.geojson", collection(f'{{"type":"Polygon","coordinates":{"[" * 5000}{"]" * 5000}}}')
    yield "deep.json", b"[" * deep
    yield "deep.toml", b"a = " + b"[" * 100_000
    yield "deep.csv", b'"' * 100_000
    yield "many.geojson", b'{"type":"FeatureCollection","features":[' + b"[]," * 2_000_000 + b"[]]}"
    yield "twice.geojson", b'{"type":"FeatureCollection","type":"Feature","features":[]}'
    yield "twice2.geojson", point("120", "30").replace(b'"properties":{}', b'"properties":{"a":1,"a":2}')
    yield "huge_integer.geojson", collection('{"type":"Point","coordinates":[120,30]}', '{"n":' + "9" * 5_000 + "}")
    yield "big_integer.geojson", collection('{"type":"Point","coordinates":[120,30]}', '{"n":99999999999999999999999}')
    yield "surrogate.geojson", collection('{"type":"Point","coordinates":[120,30]}', '{"n":"\\ud800"}')
    yield "zero.geojson", collection('{"type":"Point","coordinates":[120,30]}', '{"n\\u0000":"a\\u0000b"}')
    for link in ("http://127.0.0.1:9/crs", f"file://{secret}", str(secret)):
        yield (
            "crs.geojson",
            collection(
                '{"type":"Point","coordinates":[120,30]}',
                more=f',"crs":{{"type":"link","properties":{{"href":"{link}","type":"proj4"}}}}',
            ),
        )
        yield (
            "crs2.geojson",
            collection(
                '{"type":"Point","coordinates":[120,30]}',
                more=f',"crs":{{"type":"name","properties":{{"name":"{link}"}}}}',
            ),
        )
    text = point("120.001", "30.18").decode()
    for encoding in ("utf-16", "utf-16-be", "utf-32", "utf-8-sig"):
        yield f"{encoding}.geojson", text.encode(encoding)
    yield "gbk.geojson", collection('{"type":"Point","coordinates":[120,30]}', '{"名称":"社区"}').decode().encode("gbk")
    yield "mixed.csv", "名称\n社区\n".encode("gbk") + "社区\n".encode() + b"\xff\xfe\x81"
    yield "utf16.csv", "a,b\n1,2\n".encode("utf-16")
    yield "half.json", b'{"type":"Topology","arcs":[],"objects":{}}'
    yield "plan.json", b'{"format":"shequ plan","blocks":1}'
    yield "feature.json", point("120.001", "30.18")
    for name in (
        "a.geojson",
        "a.gpkg",
        "a.csv",
        "a.zip",
        "a.tif",
        "a.xlsx",
        "a.parquet",
        "a.fgb",
        "a.osm.pbf",
        "a.osm",
        "a.toml",
    ):
        yield name, b""
        yield name, random.Random(len(name)).randbytes(3_000)
    whole = sound(folder)
    yield "parts.zip", packed({"../../a.shp": b"x", "a.dbf": b"y", "a.shx": b"z"})
    yield "root.zip", packed({"/etc/a.shp": b"x"})
    yield "drive.zip", packed({"C:\\a.shp": b"x"})
    yield "link.zip", with_link(str(secret))
    yield "inside.zip", packed({"a.zip": whole["a.zip"]})
    yield "inside2.zip", packed({"a.shp": whole["a.zip"], "a.dbf": b"", "a.shx": b""})
    yield "bomb.zip", bomb(40)
    yield "lies.zip", lying_zip()
    yield "many.zip", packed({f"{n}.txt": b"" for n in range(3_000)})
    yield "none.zip", packed({})
    yield "two.zip", packed({"a.shp": b"x", "b.shp": b"y"})
    yield "vrt_in.zip", packed({"a.shp": vrt.encode(), "a.dbf": b"", "a.shx": b"", "a.prj": str(secret).encode()})
    nested = b"\0" * (1 << 20)
    for level in range(5):  # as 42.zip
        nested = packed({f"{n}.zip": nested for n in range(8)})
        yield f"nested{level}.zip", nested
    yield "entities.xlsx", packed({"xl/workbook.xml": b'<!DOCTYPE a [<!ENTITY b "' + b"c" * 100 + b'">]><a>&b;</a>'})
    yield (
        "external.xlsx",
        packed({"xl/workbook.xml": f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{secret}">]><a>&b;</a>'.encode()}),
    )
    yield "bomb.xlsx", packed({"xl/workbook.xml": b" " * (60 << 20), "[Content_Types].xml": b""})
    yield "no_book.xlsx", packed({"a.txt": b"x"})
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    yield (
        "laughs.osm",
        f'<?xml version="1.0"?><!DOCTYPE o [<!ENTITY l0 "ha">{laughs}]><osm version="0.6">&l11;</osm>'.encode(),
    )
    yield (
        "external.osm",
        f'<?xml version="1.0"?><!DOCTYPE o [<!ENTITY x SYSTEM "file://{secret}">]><osm>&x;</osm>'.encode(),
    )
    yield "far.osm", b'<?xml version="1.0"?><osm version="0.6"><node id="1" lat="1e300" lon="-9999" version="1"/></osm>'
    yield "bomb.osm.pbf", pbf(pbf_block(31 << 20, zlib.compress(b"\0" * (31 << 20))) * 20)
    yield "lies.osm.pbf", pbf(pbf_block(2**31 - 1, zlib.compress(b"\0" * 1000)))
    yield "headless.osm.pbf", pbf(struct.pack(">I", 2**31))
    for sides in ((2**31 - 1, 2**31 - 1), (10_000_000, 10_000_000), (65_536, 65_536), (0, 0), (1, 2**32 - 1)):
        yield f"{sides[0]}.tif", tiff(*sides)
        yield f"dem{sides[0]}.tif", tiff(*sides, rows_per_strip=2**32 - 1)
    yield "view.gpkg", database(folder, "view", "CREATE VIEW v AS SELECT * FROM facilities",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('v', 'features', 'v')")  # fmt: skip
    yield "trigger.gpkg", database(folder, "trigger",
        "CREATE TRIGGER t AFTER INSERT ON facilities BEGIN DELETE FROM facilities; END")  # fmt: skip
    yield "attach.gpkg", database(folder, "attach",
        f"CREATE VIEW a AS SELECT load_extension('{secret}'), readfile('{secret}')")  # fmt: skip
    yield "virtual.gpkg", database(folder, "virtual", "CREATE VIRTUAL TABLE f USING fts5(a)")
    yield (
        "srs.gpkg",
        database(folder, "srs", f"UPDATE gpkg_spatial_ref_sys SET definition = '{secret}' WHERE srs_id = 4549"),
    )
    yield "endless.gpkg", database(folder, "endless",
        "CREATE VIEW e AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c")  # fmt: skip
    yield "nogpkg.gpkg", database(folder, "nogpkg", "DROP TABLE gpkg_contents")
    yield "nan.gpkg", layer(folder, "gpkg", shapely.Point(float("nan"), 1.0))
    yield "far.gpkg", layer(folder, "gpkg", shapely.Point(1e300, 1.0))
    yield "far.fgb", layer(folder, "fgb", shapely.Point(1e300, 1.0))
    yield "infinite.parquet", layer(folder, "parquet", shapely.Point(float("inf"), 1.0))
    yield "plain.parquet", plain_parquet(100)
    yield "long.parquet", plain_parquet(4_000_000)
    yield "columns.csv", b",".join(b"c%d" % n for n in range(5_000)) + b"\n"


def layer(folder: Path, end: str, shape: shapely.Geometry) -> bytes:
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shape], crs=4549)
    path = folder / f"odd.{end}"
    path.unlink(missing_ok=True)
    if end == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path, **({"driver": "FlatGeobuf", "SPATIAL_INDEX": "NO"} if end == "fgb" else {"driver": "GPKG"}))
    return path.read_bytes()


def plain_parquet(rows: int) -> bytes:
    made = io.BytesIO()
    pd.DataFrame({"a": np.zeros(rows, dtype="int8")}).to_parquet(made)
    return made.getvalue()


def damaged(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every sound file cut short, with bits turned, and under another's ending."""
    chance = random.Random(20261122)
    whole = sound(folder)
    for name, content in whole.items():
        for share in (0.02, 0.4, 0.9, 0.999):
            yield name, content[: max(1, int(len(content) * share))]
        for _ in range(5):
            turned = bytearray(content)
            for _ in range(12):
                turned[chance.randrange(len(turned))] ^= 1 << chance.randrange(8)
            yield name, bytes(turned)
        others = [other for other in whole if other != name]
        for other in chance.sample(others, 3):
            yield other, content


# ── the test ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.filterwarnings("ignore")  # of the writers of broken files
def test_no_file_breaks_the_server_or_leaves_anything_behind(
    town: TestClient, server: Server, store: StudyStore, secret: Path, tmp_path: Path
) -> None:
    files = [*harmful(tmp_path, secret), *damaged(tmp_path)]
    assert len(files) >= 250
    opened = Watched()
    from api.uploads.keeping import Uploads

    server.parts[Uploads] = Uploads(opened)
    town.post(UPLOADS, files={"file": ("a.csv", b"a\n")})
    before, refused, taken = resident_bytes(), 0, 0
    for name, content in files:
        head, kept = store.head(), set(store.files())
        answer = town.post(UPLOADS, files={"file": (name, content)})
        told = answer.text
        assert 200 <= answer.status_code < 500, (name, told[:500])
        assert MARK not in told, (name, told[:500])
        assert "Traceback" not in told, name
        assert "shequ-upload-" not in told, (name, told[:300])
        if answer.status_code == 201:
            taken += 1
            assert answer.json()["bytes"] == len(content)
        else:
            refused += 1
            assert store.head() == head, name
            assert set(store.files()) == kept, name
            assert answer.headers["content-type"] == "application/problem+json", name
            fault = (answer.json().get("faults") or [{"what": "", "remedy": ""}])[0]
            assert fault["what"], name
            assert fault["remedy"], name
    assert refused >= 200
    assert taken >= 5
    assert resident_bytes() - before < 300 * 1024**2
    assert opened.peak_bytes < 2 * 1024**3
    assert opened.asked >= 200
    assert opened.confined


class Watched(Opener):
    """An opener that remembers what its processes took."""

    def __init__(self) -> None:
        super().__init__()
        self.peak_bytes, self.asked, self.confined = 0, 0, True

    def _answer(self, request: dict[str, object]) -> dict[str, object]:  # type: ignore[override]
        answer = super()._answer(request)
        self.asked += 1
        self.peak_bytes = max(self.peak_bytes, int(answer["peak_bytes"]))
        self.confined &= "held" not in answer or set(answer["held"]) == {"files", "calls"}
        return answer


def test_every_sound_file_is_taken(town: TestClient, tmp_path: Path) -> None:
    for name, content in sound(tmp_path).items():
        answer = town.post(UPLOADS, files={"file": (name, content)})
        expected = 422 if name == "a.osm.pbf" else 201  # it holds nothing
        assert answer.status_code in (201, expected), (name, answer.text)
        if answer.status_code == 201:
            assert json.loads(answer.text)["name"] == name
