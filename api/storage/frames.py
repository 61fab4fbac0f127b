"""Rows as storage keeps them (Arrow) and tables as geo knows them (GeoDataFrames), and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pyarrow as pa
import shapely

from api.storage.records import FIXED, Collection, Geometry, Source, arrow_schema, study_collection
from geo.contracts import TABLES, Column, Kind

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from pyproj import CRS

_DTYPES: dict[Kind, str] = {"text": "str", "day": "str", "count": "Int64", "year": "Int64", "number": "float64",
                            "flag": "boolean"}  # fmt: skip


def collection_of(
    frame: gpd.GeoDataFrame,
    collection_id: str,
    *,
    result_id: str = "",
    editable: bool = False,
    title_zh: str = "",
    title_en: str = "",
) -> Collection:
    """Return the collection that a table is: a study's own by its name, else one of a plan or run.

    Columns that the contract of the table knows (`geo.schema`) stand first; kinds of the others follow from their
    dtypes. The source of a result is the first part of its id: `plan.<plan id>.communities`.
    """
    source = collection_id.split(".", 1)[0]
    if collection_id in TABLES:
        known = TABLES[collection_id].columns
        names = {column.name for column in known}
        return study_collection(collection_id, (*known, *(c for c in _columns(frame) if c.name not in names)))
    if source not in get_args(Source):
        raise ValueError(f"{collection_id} is neither a table of a study nor of a plan or run")
    known_source: Any = source
    return Collection(
        collection_id, _geometry(frame), _columns(frame), str(frame.index.name or "id"), known_source, result_id,
        editable, title_zh, title_en,
    )  # fmt: skip


def to_rows(frame: gpd.GeoDataFrame, collection: Collection) -> pa.Table:
    """Return a table's rows as `records.CollectionWrite` takes them: `id`, `geometry` (WKB), the collection's columns.

    What is missing is null; columns that the table lacks are null throughout.
    """
    schema = arrow_schema(collection)
    ids = pa.array(frame.index.astype(str).to_numpy(dtype=object), pa.string())
    shapes: pa.Array = pa.nulls(len(frame), pa.binary())
    if collection.geometry != "None":
        shapes = pa.array(shapely.to_wkb(frame.geometry.to_numpy(), flavor="iso"), pa.binary())
    columns = [_arrow(frame, column, schema.field(column.name).type) for column in collection.columns]
    names = ["id", "geometry", *(column.name for column in collection.columns)]
    return pa.table([ids, shapes, *columns], names)


def to_frame(rows: pa.Table, collection: Collection, crs: CRS) -> gpd.GeoDataFrame:
    """Return rows as a table in metres (CRS of the study) with the ids as its index; a record table has no geometry.

    Columns of somebody's own are plain numbers and flags where nothing is missing.
    """
    import geopandas as gpd  # noqa: PLC0415 - reading and serving need no pandas
    import pandas as pd  # noqa: PLC0415 - as above

    index = pd.Index(rows["id"].to_numpy(zero_copy_only=False), name=collection.index, dtype="str")
    known = {c.name for c in TABLES[collection.id].columns} if collection.id in TABLES else set()
    data = {c.name: _series(rows[c.name], c.kind, index, own=c.name not in known) for c in collection.columns}
    if collection.geometry == "None":
        return pd.DataFrame(data, index=index)
    shapes = shapely.from_wkb(rows["geometry"].to_numpy(zero_copy_only=False))
    return gpd.GeoDataFrame(data, index=index, geometry=gpd.GeoSeries(shapes, index, crs=crs))


def _series(values: pa.ChunkedArray, kind: Kind, index: pd.Index, *, own: bool) -> pd.Series:
    import pandas as pd  # noqa: PLC0415 - as above

    if kind in ("text", "day"):
        return pd.Series(values.to_numpy(zero_copy_only=False), index, dtype="str")
    if kind == "number":
        return pd.Series(values.to_numpy(zero_copy_only=False), index, dtype="float64")
    if own and not values.null_count:
        return pd.Series(values.to_numpy(zero_copy_only=False), index)
    known = values.is_valid().to_numpy()
    filled = values.fill_null(False if kind == "flag" else 0).to_numpy(zero_copy_only=False)
    array: Any = pd.arrays.BooleanArray if kind == "flag" else pd.arrays.IntegerArray
    return pd.Series(array(filled.copy(), ~known), index)


def _arrow(frame: gpd.GeoDataFrame, column: Column, kind: pa.DataType) -> pa.Array:
    name = column.name.removesuffix("_") if column.name.removesuffix("_") in FIXED else column.name
    if name not in frame.columns:
        name = column.name
    if name not in frame.columns:
        return pa.nulls(len(frame), kind)
    values = frame[name]
    if kind == pa.string():
        missing = values.isna().to_numpy(dtype=bool)
        said = [None if none else _text(v) for v, none in zip(values.to_numpy(dtype=object), missing, strict=True)]
        return pa.array(said, pa.string())
    if kind == pa.float64():
        numbers = values.to_numpy(dtype="float64", na_value=np.nan)
        return pa.array(numbers, pa.float64(), mask=np.isnan(numbers))
    return pa.array(values.astype(_DTYPES[column.kind]).array, kind, from_pandas=True)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | dict | set):
        return json.dumps(sorted(value) if isinstance(value, set) else value, ensure_ascii=False)
    return str(value)


def _columns(frame: gpd.GeoDataFrame) -> tuple[Column, ...]:
    shapes = getattr(frame, "_geometry_column_name", None)
    return tuple(Column(own_name(str(name)), _kind(frame[name]), "") for name in frame.columns if name != shapes)


def own_name(name: str) -> str:
    """Return what a column of somebody's own is called among ours: `version` becomes `version_`."""
    return f"{name}_" if name in FIXED else name


def _kind(values: pd.Series) -> Kind:
    if values.dtype.kind == "b":
        return "flag"
    if values.dtype.kind in "iu":
        return "count"
    return "number" if values.dtype.kind == "f" else "text"


def _geometry(frame: gpd.GeoDataFrame) -> Geometry:
    if getattr(frame, "_geometry_column_name", None) is None:
        return "None"
    shapes = frame.geometry
    kinds = {kind.removeprefix("Multi") for kind in shapes[~shapes.isna()].geom_type}
    if len(kinds) == 1 and (kind := kinds.pop()) in get_args(Geometry):
        known: Any = kind
        return known  # type: ignore[no-any-return]
    return "Mixed"
