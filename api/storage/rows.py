"""Rows of collections as Arrow tables: in shape, and with their boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from api.storage.differences import by_id
from api.storage.records import FIXED, Collection, arrow_schema
from geo.errors import Fault, InputError

Row = Mapping[str, Any]
"""One feature: `id`, `geometry` (WKB), columns."""

Box = tuple[float, float, float, float]
"""West, south, east, north in the CRS of the study [m]."""


def rows_of(collection: Collection, rows: pa.Table, *, cut: bool = False) -> pa.Table:
    """Return rows with the columns and types of their collection, ordered by id; `cut` leaves out other columns.

    Raises
    ------
    InputError
        When ids are missing or repeated, a column is none of the collection's, or values are of another type.
    """

    def refuse(what: str, remedy: str, ids: Sequence[str] = ()) -> InputError:
        return InputError(Fault(what, remedy, table=collection.id, ids=tuple(ids)))

    schema = plain_schema(collection)
    strange = [name for name in rows.column_names if name not in schema.names and name not in FIXED]
    if strange and not cut:
        raise refuse(f"there is no column {', '.join(strange)}", "leave it out, or name it in the collection")
    try:
        columns = [rows[each.name].cast(each.type) if each.name in rows.column_names else pa.nulls(len(rows), each.type)
                   for each in schema]  # fmt: skip
    except pa.ArrowInvalid as error:
        raise refuse(f"a column has values of another type ({error})", "correct them") from error
    made = by_id(pa.table(columns, schema))
    ids = made["id"]
    if ids.null_count or pc.any(pc.equal(ids, "")).as_py():
        raise refuse("rows have no id", "give each row one")
    counted = pc.value_counts(ids)
    twice = [each["values"] for each in counted.filter(pc.greater(counted.field("counts"), 1)).to_pylist()]
    if twice:
        raise refuse("ids stand on several rows", "make every id unique", twice)
    return made


def plain_schema(collection: Collection) -> pa.Schema:
    """Return the schema of rows as backends take and give them: without version and transaction."""
    return pa.schema([each for each in arrow_schema(collection) if each.name not in ("version", "tx")])


def full_rows(rows: pa.Table, collection: Collection, versions: pa.Array, txs: pa.Array) -> pa.Table:
    """Return rows as the store gives them: with version and transaction, in the columns of the collection."""
    schema = arrow_schema(collection)
    given = {"version": versions, "tx": txs, **{name: rows[name] for name in rows.column_names}}
    columns = [given[each.name].cast(each.type) if each.name in given else pa.nulls(len(rows), each.type)
               for each in schema]  # fmt: skip
    return pa.table(columns, schema)


def boxes(rows: Sequence[Row | None]) -> list[Box | None]:
    """Return the box of each row's geometry; None where there is no row or no geometry."""
    shapes = np.array([None if row is None else row.get("geometry") for row in rows] + [None], dtype=object)[:-1]
    return box_list(shapes)


def box_list(geometries: NDArray[np.object_]) -> list[Box | None]:
    """Return the box of each geometry (WKB); None where there is none."""
    bounds = shapely.bounds(shapely.from_wkb(geometries))
    missing = np.isnan(bounds[:, 0]).tolist()
    return [None if none else tuple(box) for box, none in zip(bounds.tolist(), missing, strict=True)]
