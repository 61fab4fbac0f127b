"""All tiles of some layers in one file, for use without a server: PMTiles or MBTiles."""

# pmtiles carries no types:
# mypy: disable-error-code="no-untyped-call"

import gzip
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pyarrow as pa
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from pyproj import CRS

from geo.crs import bounds_in
from geo.errors import Fault, InputError
from layers.tiles.attributes import places
from layers.tiles.encoding import encode
from layers.tiles.grids import BUFFER, GRIDS, Tile
from layers.tiles.projecting import Projection

Kind = Literal["pmtiles", "mbtiles"]

_GRID = GRIDS["WebMercatorQuad"]
_FIELDS = {"string": "String", "large_string": "String", "bool": "Boolean"}

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Source:
    """What becomes one layer of an archive.

    Attributes
    ----------
    name
    geometry
        Shapes in `crs`.
    attributes
        `id` and the columns that go with it, in the same order.
    crs
        Projected [m].
    description
    """

    name: str
    geometry: np.ndarray
    attributes: pa.Table
    boxes: np.ndarray
    """(n, 4): least x, least y, greatest x, greatest y; NaN where there is no shape."""
    crs: CRS
    description: str = ""


class _Sink(Protocol):
    """Where tiles go."""

    def put(self, tile: Tile, content: bytes) -> None:
        """Take one tile, compressed."""

    def end(self, about: dict[str, Any]) -> None:
        """Write what describes the whole."""

    def close(self) -> None:
        """Let go of the file, whether or not it is whole."""


def archive(
    sources: Sequence[Source],
    path: Path,
    *,
    kind: Kind,
    minzoom: int = 0,
    maxzoom: int = 16,
    name: str = "",
    told: Callable[[float], None] = lambda _: None,
) -> int:
    """Write every tile that holds something of the sources into one file, in Web Mercator; return how many.

    Parameters
    ----------
    sources
        Layers; those without shapes are listed but have no tiles.
    path
        Written at the end: a file that stood there stays until the new one is whole.
    kind
        `pmtiles` (version 3) or `mbtiles` (1.3).
    minzoom, maxzoom
        First and last level. Maps draw deeper levels from the last one.
    name
        What the archive is called.
    told
        Is told the share of the work that is done, 0 to 1. What it raises ends the work, and leaves nothing behind.

    Raises
    ------
    InputError
        When there is nothing to draw, or the levels are none.
    """
    if not 0 <= minzoom <= maxzoom <= _GRID.deepest:
        raise InputError([Fault(f"levels {minzoom} to {maxzoom} are none", f"0 to {_GRID.deepest} are possible")])
    drawn = [_Drawn(source) for source in sources if not np.isnan(source.boxes).all()]
    if not drawn:
        raise InputError([Fault("no layer has anything that can be drawn", "choose others")])
    part = path.with_name(path.name + ".part")
    bounds = _union([each.reach for each in drawn])
    try:
        with closing(_PMTiles(part) if kind == "pmtiles" else _MBTiles(part)) as sink:
            count = _put_all(drawn, sink, _tiles(bounds, (minzoom, maxzoom)), told)
            sink.end(_about(name, _degrees(bounds), (minzoom, maxzoom), sources))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    told(1.0)
    return count


def _put_all(drawn: Sequence["_Drawn"], sink: _Sink, tiles: Sequence[Tile], told: Callable[[float], None]) -> int:
    count = 0
    for number, tile in enumerate(tiles):
        if number % 16 == 0:
            told(number / len(tiles))
        content = b"".join(each.layer(tile) for each in drawn)
        if content:
            sink.put(tile, gzip.compress(content, 6, mtime=0))
            count += 1
    return count


def _about(name: str, bounds: Bounds, levels: tuple[int, int], sources: Sequence[Source]) -> dict[str, Any]:
    left, bottom, right, top = bounds
    return {
        "name": name, "format": "pbf", "type": "overlay", "version": "1", "description": name,
        "minzoom": levels[0], "maxzoom": levels[1], "bounds": [left, bottom, right, top],
        "center": [round((left + right) / 2, 6), round((bottom + top) / 2, 6), min(13, levels[1])],
        "vector_layers": [_described(source, levels) for source in sources],
    }  # fmt: skip


class _Drawn:
    """A source with what is computed once of it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        low, high = np.nanmin(source.boxes[:, :2], axis=0), np.nanmax(source.boxes[:, 2:], axis=0)
        bounds = float(low[0]), float(low[1]), float(high[0]), float(high[1])
        self._projection = Projection(source.crs, _GRID, bounds)
        self.reach = bounds_in(bounds, source.crs, _GRID.crs)

    def layer(self, tile: Tile) -> bytes:
        box = self._projection.box(tile, BUFFER)
        if box is None:
            return b""
        source, boxes = self._source, self._source.boxes
        met = (boxes[:, 0] <= box[2]) & (boxes[:, 2] >= box[0]) & (boxes[:, 1] <= box[3]) & (boxes[:, 3] >= box[1])
        at = np.flatnonzero(met)
        if not len(at):
            return b""
        table = source.attributes.take(places(at))
        return encode(source.name, source.geometry[at], table["id"].combine_chunks(), table, tile=tile,
                      projection=self._projection)  # fmt: skip


def _tiles(bounds: Bounds, levels: tuple[int, int]) -> list[Tile]:
    """Return all tiles that meet the bounds, in the order in which PMTiles keeps them."""
    found = []
    for level in range(levels[0], levels[1] + 1):
        top, left = _GRID.at(level, bounds[0], bounds[3])
        bottom, right = _GRID.at(level, bounds[2], bounds[1])
        found += [Tile(_GRID, level, row, col) for row in range(top, bottom + 1) for col in range(left, right + 1)]
    return sorted(found, key=lambda tile: zxy_to_tileid(tile.level, tile.column, tile.row))


def _union(boxes: Sequence[Bounds]) -> Bounds:
    low, high = np.min(boxes, axis=0), np.max(boxes, axis=0)
    return float(low[0]), float(low[1]), float(high[2]), float(high[3])


def _degrees(bounds: Bounds) -> Bounds:
    left, bottom, right, top = bounds_in(bounds, _GRID.crs, "OGC:CRS84")
    return round(left, 6), round(bottom, 6), round(right, 6), round(top, 6)


def _described(source: Source, levels: tuple[int, int]) -> dict[str, Any]:
    fields = {field.name: _FIELDS.get(str(field.type), "Number") for field in source.attributes.schema}
    return {"id": source.name, "description": source.description, "minzoom": levels[0], "maxzoom": levels[1],
            "fields": fields}  # fmt: skip


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class _PMTiles:
    """PMTiles, version 3. Tiles come in its own order."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._writer = Writer(self._file)

    def put(self, tile: Tile, content: bytes) -> None:
        self._writer.write_tile(zxy_to_tileid(tile.level, tile.column, tile.row), content)

    def end(self, about: dict[str, Any]) -> None:
        left, bottom, right, top = (round(each * 1e7) for each in about["bounds"])
        lon, lat, zoom = about["center"]
        header = {
            "tile_type": TileType.MVT, "tile_compression": Compression.GZIP,
            "min_lon_e7": left, "min_lat_e7": bottom, "max_lon_e7": right, "max_lat_e7": top,
            "center_zoom": zoom, "center_lon_e7": round(lon * 1e7), "center_lat_e7": round(lat * 1e7),
        }  # fmt: skip
        said = ("name", "format", "type", "version", "description", "vector_layers")
        self._writer.finalize(header, {key: about[key] for key in said})

    def close(self) -> None:
        self._writer.tile_f.close()
        self._file.close()


class _MBTiles:
    """MBTiles 1.3: an SQLite file; rows are counted from the south."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("""
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA application_id = 0x4d504258; BEGIN;
            CREATE TABLE metadata (name TEXT, value TEXT);
            CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB);
        """)

    def put(self, tile: Tile, content: bytes) -> None:
        row = (1 << tile.level) - 1 - tile.row
        self._db.execute("INSERT INTO tiles VALUES (?, ?, ?, ?)", (tile.level, tile.column, row, content))

    def end(self, about: dict[str, Any]) -> None:
        said = {key: value for key, value in about.items() if key != "vector_layers"}
        told = {
            key: ",".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in said.items()
        }
        told["json"] = json.dumps({"vector_layers": about["vector_layers"]}, ensure_ascii=False)
        self._db.executemany("INSERT INTO metadata VALUES (?, ?)", told.items())
        self._db.execute("CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)")
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()
