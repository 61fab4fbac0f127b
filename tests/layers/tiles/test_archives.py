"""Archives, read back by the readers of others."""

import gzip
import sqlite3

import mapbox_vector_tile
import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from pmtiles.reader import MemorySource, Reader, all_tiles
from pyproj import CRS, Transformer

from geo.errors import InputError
from layers.tiles.archives import Source, archive

UTM = CRS("EPSG:4549")


def houses(count=60):
    """Houses in a row of 3 km."""
    shapes = np.array([shapely.box(500_000 + 50 * n, 3_400_000, 500_020 + 50 * n, 3_400_012) for n in range(count)])
    table = pa.table({"id": [f"h{n}" for n in range(count)], "floors": list(range(count)), "name": ["楼"] * count})
    return Source("houses", shapes, table, shapely.bounds(shapes), UTM, "房屋")


def empty():
    return Source("nothing", np.array([None]), pa.table({"id": ["x"]}), np.full((1, 4), np.nan), UTM)


def decoded(content):
    return mapbox_vector_tile.decode(gzip.decompress(content))


def test_pmtiles(tmp_path):
    path, shares = tmp_path / "town.pmtiles", []
    count = archive([houses(), empty()], path, kind="pmtiles", maxzoom=15, name="小镇", told=shares.append)
    content = path.read_bytes()
    reader = Reader(MemorySource(content))
    header, metadata = reader.header(), reader.metadata()
    assert header["clustered"]
    assert (header["min_zoom"], header["max_zoom"], header["addressed_tiles_count"]) == (0, 15, count)
    assert [layer["id"] for layer in metadata["vector_layers"]] == ["houses", "nothing"]
    assert metadata["vector_layers"][0]["fields"] == {"id": "String", "floors": "Number", "name": "String"}
    assert metadata["name"] == "小镇"
    tiles = list(all_tiles(MemorySource(content)))
    assert len(tiles) == count
    assert {zxy[0] for zxy, _ in tiles} == set(range(16))
    for level in (0, 9, 15):
        seen = {f["properties"]["id"] for (z, *_), data in tiles if z == level
                for f in decoded(data)["houses"]["features"]}  # fmt: skip
        assert len(seen) == 60
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize("kind", ["pmtiles", "mbtiles"])
def test_gdal_opens_archives(tmp_path, kind):
    path = tmp_path / f"town.{kind}"
    archive([houses()], path, kind=kind, minzoom=12, maxzoom=14, name="town")
    read = pyogrio.read_dataframe(path, layer="houses")
    assert set(read["id"]) == {f"h{n}" for n in range(60)}
    assert dict(zip(read["id"], read["floors"], strict=True))["h7"] == 7
    truth = houses()
    there = Transformer.from_crs(UTM, read.crs, always_xy=True)
    expected = shapely.transform(truth.geometry[7], lambda xy: np.stack(there.transform(*xy.T), axis=1))
    found = read.geometry[read["id"] == "h7"].iloc[0]
    assert shapely.hausdorff_distance(found, expected) < 2.0


def test_mbtiles_say_what_they_are(tmp_path):
    path = tmp_path / "town.mbtiles"
    count = archive([houses()], path, kind="mbtiles", minzoom=10, maxzoom=13, name="小镇")
    db = sqlite3.connect(path)
    said = dict(db.execute("SELECT name, value FROM metadata"))
    assert (said["name"], said["format"], said["minzoom"], said["maxzoom"]) == ("小镇", "pbf", "10", "13")
    assert said["bounds"].count(",") == 3
    assert db.execute("SELECT count(*) FROM tiles").fetchone() == (count,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    level, row = db.execute("SELECT zoom_level, tile_row FROM tiles ORDER BY 1 DESC").fetchone()
    assert row > 2 ** (level - 1), "rows are counted from the south"
    db.close()


def test_the_same_town_gives_the_same_file(tmp_path):
    for name in ("a", "b"):
        archive([houses()], tmp_path / name, kind="pmtiles", maxzoom=12)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_ending_the_work_leaves_what_was_there(tmp_path):
    path = tmp_path / "town.pmtiles"
    path.write_bytes(b"old")

    def told(share):
        if share > 0.5:
            raise KeyboardInterrupt

    for kind in ("pmtiles", "mbtiles"):
        with pytest.raises(KeyboardInterrupt):
            archive([houses()], path, kind=kind, maxzoom=16, told=told)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_refusals(tmp_path):
    with pytest.raises(InputError, match="no layer has anything") as nothing:
        archive([empty()], tmp_path / "x", kind="pmtiles")
    assert nothing.value.faults[0].remedy == "choose others"
    with pytest.raises(InputError, match="levels 5 to 4 are none"):
        archive([houses()], tmp_path / "x", kind="pmtiles", minzoom=5, maxzoom=4)
    assert not list(tmp_path.iterdir())
