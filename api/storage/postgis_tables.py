"""What a database keeps of a study beside the log: name, CRS, rasters; and what its tables and columns are called."""

import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from affine import Affine
from psycopg import errors
from pyproj import CRS
from pyproj.enums import WktVersion
from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Row, String, Table, Text, text
from sqlalchemy.exc import ProgrammingError

from api.storage.records import Collection, arrow_schema
from geo.errors import Fault, InputError

if TYPE_CHECKING:  # reading and serving need no pandas
    from geo.raster import Raster
    from geo.study import Study

own = MetaData()
"""Tables that only a database has; a study file keeps the same in GeoPackage's."""

studies = Table(
    "shequ_studies", own,
    Column("study", String, primary_key=True),
    Column("name", Text, nullable=False), Column("name_en", Text, nullable=False),
    Column("crs", Text, nullable=False), Column("srid", Integer, nullable=False),
    Column("notes", Text, nullable=False), Column("repairs", Text, nullable=False),
    Column("created", String, nullable=False),
)  # fmt: skip

rasters = Table(
    "shequ_rasters", own,
    Column("study", String, primary_key=True), Column("name", String, primary_key=True),
    Column("crs", Text, nullable=False), Column("transform", Text, nullable=False),
    Column("rows", Integer, nullable=False), Column("columns", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)  # fmt: skip
"""`content` is the values from the north-west on, 32-bit floats, little end first, by zlib."""

_LONGEST = 63
"""Bytes of a name in PostgreSQL."""

_OWN_SRIDS = 910_000
"""Coordinate systems without a number of EPSG's get numbers from here on."""


def about_of(study: "Study") -> dict[str, Any]:
    """Return what a study says of itself, as `Backend.about` tells it."""
    return {
        "name": study.name, "name_en": study.name_en, "crs": _crs_text(study.crs), "notes": dict(study.notes),
        "repairs": [vars(repair) for repair in study.repairs],
    }  # fmt: skip


def about_from(row: Row[Any]) -> dict[str, Any]:
    """Return a row of `studies` as `Backend.about` tells it."""
    return {
        "name": row.name, "name_en": row.name_en, "crs": row.crs, "notes": json.loads(row.notes),
        "repairs": json.loads(row.repairs),
    }  # fmt: skip


def about_row(db: Connection, study: "Study") -> dict[str, Any]:
    """Return the row of `studies` for a study, without its key."""
    row = about_of(study)
    return {
        **row, "srid": _srid(db, study.crs), "repairs": json.dumps(row["repairs"], ensure_ascii=False),
        "notes": json.dumps(row["notes"], ensure_ascii=False, sort_keys=True),
    }  # fmt: skip


def _crs_text(crs: CRS) -> str:
    return f"EPSG:{code}" if (code := crs.to_epsg()) else crs.to_wkt()


def raster_from(row: Row[Any]) -> "Raster":
    """Return the raster of a row of `rasters`."""
    from geo.raster import Raster  # noqa: PLC0415 - as above

    values = np.frombuffer(zlib.decompress(row.content), "<f4").reshape(row.rows, row.columns).astype("float32")
    return Raster(values, Affine(*json.loads(row.transform)), CRS.from_user_input(row.crs))


def raster_row(raster: "Raster") -> dict[str, Any]:
    """Return the row of `rasters` for a raster, without its keys."""
    rows, columns = raster.values.shape
    return {
        "crs": _crs_text(raster.crs), "transform": json.dumps(list(raster.transform)[:6]),
        "rows": rows, "columns": columns, "content": zlib.compress(raster.values.astype("<f4").tobytes(), 6),
    }  # fmt: skip


def _srid(db: Connection, crs: CRS) -> int:
    """Return PostGIS's number of a CRS; one that it does not know is told to it."""
    code = crs.to_epsg()
    if code and db.scalar(
        text("SELECT 1 FROM spatial_ref_sys WHERE srid = :code AND auth_name = 'EPSG'"), {"code": code}
    ):
        return int(code)
    wkt = crs.to_wkt(WktVersion.WKT1_GDAL)
    known = db.scalar(
        text("SELECT srid FROM spatial_ref_sys WHERE auth_name = 'shequ' AND srtext = :wkt"), {"wkt": wkt}
    )
    if known:
        return int(known)
    try:
        with db.begin_nested():
            added = text(
                "INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext) "
                "SELECT n, 'shequ', n, :wkt FROM (SELECT coalesce(max(srid) + 1, :first) AS n "
                "FROM spatial_ref_sys WHERE srid >= :first AND srid < :first + 1000) AS free RETURNING srid"
            )
            return int(db.scalar(added, {"wkt": wkt, "first": _OWN_SRIDS}) or 0)
    except ProgrammingError as error:
        if not isinstance(error.orig, errors.InsufficientPrivilege):
            raise
        raise InputError(
            Fault(f"PostGIS does not know the study's coordinate system ({crs.name}), and this role may not tell it",
                  "as a superuser of PostgreSQL: GRANT INSERT ON spatial_ref_sys TO the role")
        ) from error  # fmt: skip


def named(name: str) -> str:
    """Return a name as PostgreSQL can bear it: a long one is cut, and told apart by a mark made from the whole.

    Examples
    --------
    >>> named("plan.p1.communities")
    'plan.p1.communities'
    >>> named("gaps." + "x" * 80)
    'gaps.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx~dc0b4013'
    """
    whole = name.encode()
    if len(whole) <= _LONGEST:
        return name
    mark = hashlib.sha256(whole).hexdigest()[:8]
    return f"{whole[: _LONGEST - 9].decode(errors='ignore')}~{mark}"


def columns_of(collection: Collection) -> dict[str, str]:
    """Return what each column is called in the table: `id` by its index, `geometry` (where it has a place) `geom`."""
    made = {column.name: named(column.name) for column in collection.columns}

    def free(name: str) -> str:
        while name in made.values():
            name += "_"
        return name

    made["id"] = free(collection.index)
    if collection.geometry != "None":
        made["geometry"] = free("geom")
    return made


def stored_schema(collection: Collection) -> pa.Schema:
    """Return the schema of a table as it is kept: `id`, `geometry` and the columns."""
    whole = arrow_schema(collection)
    return pa.schema([whole.field("id"), whole.field("geometry"), *list(whole)[4:]])
