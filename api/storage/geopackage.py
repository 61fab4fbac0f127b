"""Layers of a GeoPackage by Python's own SQLite: made, read and written as GDAL and QGIS expect them."""

# ruff: noqa: S608 - names in SQL are quoted, values are bound

import json
import sqlite3
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyproj import CRS

from api.storage.arrays import blobs, counts, flags, measures
from api.storage.bulk import is_worth_it, read_copied
from api.storage.differences import by_id
from api.storage.records import FIXED, Collection, arrow_schema, study_collection
from geo.contracts import TABLES, Column, Kind
from geo.errors import Fault, InputError
from geo.study_file import SQL_TYPES, quoted, text, watch

_CHUNK = 2_000
"""Rows turned into Arrow at a time: few enough for the garbage collector to find nothing to do."""

_ENVELOPES = (0, 32, 48, 48, 64)
"""Bytes of the box in a geometry's header, by the number in its flags."""

_AT = "CASE " + " ".join(
    f"WHEN substr({{0}}, 4, 1) = x'{flags:02x}' THEN {9 + size}"
    for kind, size in enumerate(_ENVELOPES) for flags in (kind << 1 | 1, kind << 1)
) + " ELSE 9 END"  # fmt: skip
"""Where the WKB begins in a geometry: behind a header of 8 bytes and a box."""


# ── geometries ───────────────────────────────────────────────────────────────────────────────────────────────────────
def pack(geometries: Sequence[bytes | None], srs: int) -> list[bytes | None]:
    """Return WKB as a GeoPackage keeps it: with a header, and a box unless it is a point."""
    shapes = shapely.from_wkb(np.array(geometries, dtype=object))
    bounds = shapely.bounds(shapes)
    points = shapely.get_type_id(shapes) == 0
    empty = shapely.is_empty(shapes)
    bare, boxed = struct.pack("<2sBBi", b"GP", 0, 1, srs), struct.pack("<2sBBi", b"GP", 0, 3, srs)
    none = struct.pack("<2sBBi", b"GP", 0, 17, srs)
    boxes = np.ascontiguousarray(bounds[:, [0, 2, 1, 3]]).astype("<f8").tobytes()
    return [
        None if wkb is None else none + wkb if empty[i] else bare + wkb if points[i]
        else b"".join((boxed, boxes[32 * i : 32 * i + 32], wkb)) for i, wkb in enumerate(geometries)
    ]  # fmt: skip


def unpack(geometry: bytes | None) -> bytes | None:
    """Return the WKB in a geometry of a GeoPackage."""
    return None if geometry is None else geometry[8 + _ENVELOPES[geometry[3] >> 1 & 7] :]


def _box(geometry: bytes | None) -> tuple[float, ...] | None:
    """Return minx, maxx, miny, maxy of a geometry; None of none, or an empty one."""
    if geometry is None or geometry[3] & 16:
        return None
    if geometry[3] >> 1 & 7:
        return struct.unpack_from("<4d" if geometry[3] & 1 else ">4d", geometry, 8)
    minx, miny, maxx, maxy = shapely.bounds(shapely.from_wkb(geometry[8:])).tolist()
    return None if minx != minx else (minx, maxx, miny, maxy)  # noqa: PLR0124 - not a number


def register(db: sqlite3.Connection) -> None:
    """Give a connection the functions that the triggers of spatial indexes call."""
    for place, name in enumerate(("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")):
        db.create_function(name, 1, lambda g, place=place: b[place] if (b := _box(g)) else None, deterministic=True)
    db.create_function("ST_IsEmpty", 1, lambda g: None if g is None else int(_box(g) is None), deterministic=True)


# ── layers ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Layer:
    """A layer's table: its key, its geometry column, and the other columns with their types."""

    key: str
    geometry: str | None
    columns: Mapping[str, str]
    srs: int


def layer(db: sqlite3.Connection, name: str) -> Layer:
    """Return how a layer's table is built."""
    row = db.execute("SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?", (name,)).fetchone()
    info = db.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
    key = next((column[1] for column in info if column[5]), "rowid")
    shape = row[0] if row else None
    return Layer(key, shape, {c[1]: c[2].upper() for c in info if c[1] not in (key, shape)}, row[1] if row else 0)


def layers(db: sqlite3.Connection) -> list[str]:
    """Return the names of all layers and record tables."""
    rows = db.execute("SELECT c.table_name FROM gpkg_contents c JOIN sqlite_master m ON m.name = c.table_name "
                      "WHERE data_type IN ('features', 'attributes') ORDER BY 1")  # fmt: skip
    return [str(name) for (name,) in rows]


def rasters(db: sqlite3.Connection) -> list[str]:
    """Return the names of all rasters."""
    rows = db.execute("SELECT table_name FROM gpkg_contents WHERE data_type = '2d-gridded-coverage' ORDER BY rowid")
    return [str(name) for (name,) in rows]


def study_layer(db: sqlite3.Connection, name: str) -> Collection:
    """Return the collection of one of a study's own layers, with the columns that somebody added to it."""
    known = TABLES[name].columns
    names = {TABLES[name].index, *(column.name for column in known)}
    own = tuple(Column(column, _kind(kind), "") for column, kind in layer(db, name).columns.items()
                if column not in names and not kind.startswith("BLOB"))  # fmt: skip
    return study_collection(name, (*known, *own))


def needs_settling(db: sqlite3.Connection, name: str) -> bool:
    """Tell whether a study's own layer lacks columns of its contract, or has some that are called as ours."""
    here = layer(db, name).columns.keys()
    return not {column.name for column in TABLES[name].columns} <= here or bool(here & set(FIXED))


def settle(db: sqlite3.Connection, name: str) -> None:
    """Give a study's own layer what writing needs: every column of its contract, unique ids, notes of changes."""
    here = layer(db, name).columns
    for taken in [column for column in here if column in FIXED]:
        db.execute(f"ALTER TABLE {quoted(name)} RENAME COLUMN {quoted(taken)} TO {quoted(f'{taken}_')}")
    for column in TABLES[name].columns:
        if column.name not in here:
            db.execute(f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(column.name)} {SQL_TYPES[column.kind]}")
    watch(db, name, TABLES[name].index)


def make_layer(db: sqlite3.Connection, collection: Collection, srs: int) -> None:
    """Make an empty layer with a spatial index, or a record table."""
    name, table = collection.id, quoted(collection.id)
    columns = ", ".join(f"{quoted(c.name)} {SQL_TYPES[c.kind]}" for c in collection.columns)
    kind = {"None": "", "Mixed": "GEOMETRY"}.get(collection.geometry, collection.geometry.upper())
    shape = f'"geom" {kind}, ' if kind else ""
    rest = f", {columns}" if columns else ""
    db.execute(f'CREATE TABLE {table} ("fid" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {shape}'
               f"{quoted(collection.index)} TEXT{rest})")  # fmt: skip
    db.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?, ?, ?, ?)",
               (name, "features" if kind else "attributes", name, srs if kind else 0))  # fmt: skip
    if kind:
        db.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (name, kind, srs))
        _index(db, name)
    db.execute("CREATE TABLE IF NOT EXISTS gpkg_ogr_contents (table_name TEXT NOT NULL PRIMARY KEY, "
               "feature_count INTEGER DEFAULT NULL)")  # fmt: skip
    db.execute("INSERT OR REPLACE INTO gpkg_ogr_contents VALUES (?, 0)", (name,))
    for event, step in (("insert", "+ 1"), ("delete", "- 1")):
        db.execute(
            f"CREATE TRIGGER {quoted(f'trigger_{event}_feature_count_{name}')} AFTER {event.upper()} ON {table} BEGIN "
            f"UPDATE gpkg_ogr_contents SET feature_count = feature_count {step} "
            f"WHERE lower(table_name) = lower({text(name)}); END"
        )


def _index(db: sqlite3.Connection, name: str) -> None:
    """Give a layer its R-tree, with the triggers that the standard asks for."""
    tree, table = quoted(f"rtree_{name}_geom"), quoted(name)
    db.execute("CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT "
               "NULL, definition TEXT NOT NULL, scope TEXT NOT NULL, "
               "CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))")  # fmt: skip
    db.execute("INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', "
               "'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')", (name,))  # fmt: skip
    db.execute(f"CREATE VIRTUAL TABLE {tree} USING rtree(id, minx, maxx, miny, maxy)")
    full, was_full = (f'({row}."geom" NOT NULL AND NOT ST_IsEmpty({row}."geom"))' for row in ("NEW", "OLD"))
    bare, was_bare = (f'({row}."geom" ISNULL OR ST_IsEmpty({row}."geom"))' for row in ("NEW", "OLD"))
    box = 'ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom")'
    put = f'INSERT OR REPLACE INTO {tree} VALUES (NEW."fid", {box});'
    move = (f'UPDATE {tree} SET minx = ST_MinX(NEW."geom"), maxx = ST_MaxX(NEW."geom"), miny = ST_MinY(NEW."geom"), '
            f'maxy = ST_MaxY(NEW."geom") WHERE id = NEW."fid";')  # fmt: skip
    take = f'DELETE FROM {tree} WHERE id = OLD."fid";'
    take_both = f'DELETE FROM {tree} WHERE id IN (OLD."fid", NEW."fid");'
    same, other = 'OLD."fid" = NEW."fid"', 'OLD."fid" != NEW."fid"'
    for suffix, when, condition, steps in (
        ("insert", "INSERT", full, put),
        ("update6", 'UPDATE OF "geom"', f"{same} AND {full} AND {was_full}", move),
        ("update7", 'UPDATE OF "geom"', f"{same} AND {full} AND {was_bare}", put),
        ("update2", 'UPDATE OF "geom"', f"{same} AND {bare}", take),
        ("update5", "UPDATE", f"{other} AND {full}", take + put),
        ("update4", "UPDATE", f"{other} AND {bare}", take_both),
        ("delete", "DELETE", 'OLD."geom" NOT NULL', take),
    ):
        trigger = quoted(f"rtree_{name}_geom_{suffix}")
        db.execute(f"CREATE TRIGGER {trigger} AFTER {when} ON {table} WHEN {condition} BEGIN {steps} END")


def srs_id(db: sqlite3.Connection, crs: CRS) -> int:
    """Return the number of a coordinate reference system in the file, which gets it where it lacks it."""
    code = crs.to_epsg()
    wkt = crs.to_wkt("WKT1_GDAL")
    if code is not None:
        found = db.execute("SELECT srs_id FROM gpkg_spatial_ref_sys WHERE upper(organization) = 'EPSG' "
                           "AND organization_coordsys_id = ?", (code,)).fetchone()  # fmt: skip
    else:
        known = db.execute("SELECT srs_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id > 0").fetchall()
        found = next(((number,) for number, said in known if said not in ("", "undefined") and CRS(said) == crs), None)
    if found is not None:
        return int(found[0])
    number = code or 1 + max(100_000, db.execute("SELECT max(srs_id) FROM gpkg_spatial_ref_sys").fetchone()[0])
    db.execute(
        "INSERT INTO gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id, definition) "
        "VALUES (?, ?, ?, ?, ?)",
        (crs.name, number, "EPSG" if code else "NONE", number, wkt),
    )
    return int(number)


def begin_file(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Make an empty file a GeoPackage, for layers of another one."""
    for pragma in ("application_id", "user_version"):
        target.execute(f"PRAGMA {pragma} = {source.execute(f'PRAGMA {pragma}').fetchone()[0]}")
    for table in ("gpkg_spatial_ref_sys", "gpkg_contents", "gpkg_geometry_columns", "gpkg_extensions"):
        row = source.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        if row is not None:
            target.execute(row[0])
    for table in ("gpkg_spatial_ref_sys",):
        rows = source.execute(f"SELECT * FROM {table}").fetchall()
        target.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    rows = source.execute("SELECT * FROM gpkg_extensions WHERE table_name LIKE 'gpkg\\_%' ESCAPE '\\'").fetchall()
    if rows:
        target.executemany(f"INSERT INTO gpkg_extensions VALUES ({', '.join('?' * len(rows[0]))})", rows)


def _kind(sql_type: str) -> Kind:
    if sql_type.startswith("BOOL"):
        return "flag"
    if "INT" in sql_type:
        return "count"
    return "number" if sql_type.startswith(("REAL", "DOUBLE", "FLOAT", "NUM", "DEC")) else "text"


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def read_rows(
    db: sqlite3.Connection, collection: Collection, ids: Sequence[str] | None, *, only_reading: bool = False
) -> pa.Table:
    """Return `id`, `geometry` (WKB) and the columns, ordered by id.

    `only_reading`: the transaction writes nothing, so a large table may be read through a copy of the file.

    Raises
    ------
    InputError
        When another program wrote values of another type.
    """
    lies = layer(db, collection.id)
    schema = pa.schema([each for each in arrow_schema(collection) if each.name not in ("version", "tx")])
    shape = f"substr({quoted(lies.geometry)}, {_AT.format(quoted(lies.geometry))})" if lies.geometry else "NULL"
    names = {column.name: _picked(lies, column.name, schema.field(column.name).type) for column in collection.columns}
    chosen = {"id": _picked(lies, collection.index, pa.string()), "geometry": shape, **names}
    statement = f"SELECT {', '.join(chosen.values())} FROM {quoted(collection.id)}"
    if ids is None:
        whole = None
        if only_reading and is_worth_it(db, quoted(collection.id)):
            whole = read_copied(db, statement, schema)
        if whole is not None:
            return by_id(whole)
        cursor = db.execute(statement)
    else:
        statement += f" WHERE {quoted(collection.index)} IN (SELECT value FROM json_each(?))"
        cursor = db.execute(statement, (json.dumps(list(ids)),))
    batches = []
    while rows := cursor.fetchmany(_CHUNK):
        columns = zip(zip(*rows, strict=True), schema, strict=True)
        batches.append(pa.RecordBatch.from_arrays([_array(values, each, collection) for values, each in columns],
                                                  schema=schema))  # fmt: skip
    return by_id(pa.Table.from_batches(batches, schema).combine_chunks())


def _picked(lies: Layer, name: str, kind: pa.DataType) -> str:
    """Return the SQL of a column; text as its bytes, which spares making it twice."""
    if name not in lies.columns:
        return "NULL"
    return f"CAST({quoted(name)} AS BLOB)" if pa.types.is_string(kind) else quoted(name)


def _array(values: tuple[Any, ...], each: pa.Field, collection: Collection) -> pa.Array:
    try:
        if pa.types.is_string(each.type) or pa.types.is_binary(each.type):
            return blobs(values, each.type)
        return counts(values) if each.type == pa.int64() else _MAKERS[each.type](values)
    except (TypeError, ValueError, OverflowError) as error:
        whole = each.type != pa.float64()
        strange = next((value for value in values if isinstance(value, str | bytes)
                        or (whole and isinstance(value, float) and value != int(value))), "something")  # fmt: skip
        what = f"column {each.name} holds {strange!r}, which is no {each.type}"
        raise InputError(Fault(what, "correct it with the program that wrote it", table=collection.id)) from error


_MAKERS = {pa.float64(): measures, pa.bool_(): flags}


def write_rows(db: sqlite3.Connection, collection: Collection, rows: pa.Table) -> None:
    """Insert rows, or replace those whose ids are there."""
    if not len(rows):
        return
    lies = layer(db, collection.id)
    names = [collection.index, *(column.name for column in collection.columns if column.name in lies.columns)]
    if lies.geometry:
        known = pc.fill_null(pc.equal(rows["geometry"], _geometries(db, collection, lies, rows)), False)
        same, rows = rows.filter(known), rows.filter(pc.invert(known))
        _upsert(db, collection, names, [same[name].to_pylist() for name in ("id", *names[1:])])
    data: list[Any] = [rows[name].to_pylist() for name in ("id", *names[1:])]
    if lies.geometry:
        geometries = rows["geometry"].to_pylist()
        data.append(pack(geometries, lies.srs))
        _widen(db, collection.id, geometries)
        names = [*names, lies.geometry]
    _upsert(db, collection, names, data)
    _changed(db, collection.id)


def _geometries(db: sqlite3.Connection, collection: Collection, lies: Layer, rows: pa.Table) -> pa.Array:
    """Return the geometries (WKB) that stand under the ids of rows; null where none does.

    Writing a geometry costs far more than reading it: the spatial index has to be changed, too.
    """
    shape = f"substr({quoted(lies.geometry or '')}, {_AT.format(quoted(lies.geometry or ''))})"
    ids = json.dumps(rows["id"].to_pylist())
    index = quoted(collection.index)
    there = dict(db.execute(f"SELECT {index}, {shape} FROM {quoted(collection.id)} "
                            f"WHERE {index} IN (SELECT value FROM json_each(?))", (ids,)))  # fmt: skip
    return blobs([there.get(id_) for id_ in rows["id"].to_pylist()], pa.binary())


def _upsert(
    db: sqlite3.Connection, collection: Collection, names: Sequence[str], data: Sequence[Sequence[Any]]
) -> None:
    marks = ", ".join("?" * len(names))
    others = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in names[1:])
    keep = f"UPDATE SET {others}" if others else "NOTHING"
    statement = (f"INSERT INTO {quoted(collection.id)} ({', '.join(map(quoted, names))}) VALUES ({marks}) "
                 f"ON CONFLICT ({quoted(collection.index)}) DO {keep}")  # fmt: skip
    db.executemany(statement, zip(*data, strict=True))


def delete_rows(db: sqlite3.Connection, collection: Collection, ids: Sequence[str]) -> None:
    """Delete the rows of these ids."""
    statement = (
        f"DELETE FROM {quoted(collection.id)} WHERE {quoted(collection.index)} IN (SELECT value FROM json_each(?))"
    )
    db.execute(statement, (json.dumps(list(ids)),))
    _changed(db, collection.id)


def _changed(db: sqlite3.Connection, name: str) -> None:
    db.execute(
        "UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE table_name = ?", (name,)
    )


def _widen(db: sqlite3.Connection, name: str, geometries: Sequence[bytes | None]) -> None:
    """Let the layer's box and type hold these geometries."""
    shapes = shapely.from_wkb(np.array([g for g in geometries if g is not None], dtype=object))
    if not len(shapes):
        return
    minx, miny, maxx, maxy = shapely.total_bounds(shapes).tolist()
    db.execute(
        "UPDATE gpkg_contents SET min_x = min(coalesce(min_x, ?1), ?1), min_y = min(coalesce(min_y, ?2), ?2), "
        "max_x = max(coalesce(max_x, ?3), ?3), max_y = max(coalesce(max_y, ?4), ?4) WHERE table_name = ?5",
        (minx, miny, maxx, maxy, name),
    )
    declared = db.execute(
        "SELECT geometry_type_name, column_name FROM gpkg_geometry_columns WHERE table_name = ?", (name,)
    ).fetchone()
    kinds = {_TYPES[number] for number in np.unique(shapely.get_type_id(shapes)).tolist()}
    if declared[0].upper() != "GEOMETRY" and kinds != {declared[0].upper()}:
        _declare_mixed(db, name, *declared)


def _declare_mixed(db: sqlite3.Connection, name: str, kind: str, column: str) -> None:
    """Let a layer declare geometries of any type, where single and multi ones stand together.

    The type of a column stands in the table's definition, too, and GDAL compares the two. It changes nothing of how
    SQLite keeps it, so the definition is edited in place (https://www.sqlite.org/lang_altertable.html, section 7).
    """
    db.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'GEOMETRY' WHERE table_name = ?", (name,))
    version = db.execute("PRAGMA schema_version").fetchone()[0]
    said, meant = f"{quoted(column)} {kind.upper()}", f"{quoted(column)} GEOMETRY"
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
               (said, meant, name))  # fmt: skip
    db.execute(f"PRAGMA schema_version = {version + 1}")
    db.execute("PRAGMA writable_schema = OFF")


_TYPES = ("POINT", "LINESTRING", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON",
          "GEOMETRYCOLLECTION")  # fmt: skip
"""Geometry types by the numbers of GEOS."""


def name_rows(db: sqlite3.Connection, name: str) -> Iterator[str]:
    """Give ids to rows of a layer that another program wrote without one; yield them."""
    index = next((c for c in layer(db, name).columns if _is_index(db, name, c)), None)
    if index is None:
        return
    key = quoted(layer(db, name).key)
    empty = f"{quoted(index)} IS NULL OR {quoted(index)} = ''"
    for (fid,) in db.execute(f"SELECT {key} FROM {quoted(name)} WHERE {empty}").fetchall():
        given = f"{name.rsplit('.', 1)[-1]}-{fid}"
        while db.execute(f"SELECT 1 FROM {quoted(name)} WHERE {quoted(index)} = ?", (given,)).fetchone():
            given += "-1"
        db.execute(f"UPDATE {quoted(name)} SET {quoted(index)} = ? WHERE {key} = ?", (given, fid))
        yield given


def _is_index(db: sqlite3.Connection, name: str, column: str) -> bool:
    info = db.execute(f"PRAGMA index_info({quoted(f'shequ_id_{name}')})").fetchall()
    return bool(info) and info[0][2] == column


def captured_row(feature: str, properties: str | None, geometry: bytes | None) -> dict[str, Any] | None:
    """Return a row as `geo.study_file.captured` noted it; None where none was."""
    if properties is None:
        return None
    told = {
        name: float(value[0]) if isinstance(value, list) else value for name, value in json.loads(properties).items()
    }
    return {**told, "id": feature, "geometry": unpack(geometry)}
