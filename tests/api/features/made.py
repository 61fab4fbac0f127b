"""Snapshots made by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from pyproj import CRS

from api.features.snapshot import Snapshot
from api.storage.records import Collection, Source, arrow_schema
from geo.contracts import Column

ORIGIN = (500_000.0, 3_340_000.0)
"""On the central meridian of EPSG:4549, near Hangzhou."""


def snapshot(
    columns: dict[str, tuple[Any, Sequence[Any]]], shapes: Sequence[shapely.Geometry | None] = (), *,
    name: str = "things", source: Source = "study", crs: int = 4549,
) -> Snapshot:  # fmt: skip
    """Return a snapshot of columns, name → (kind, values), with ids 0000, 0001 …"""
    count = len(shapes) or len(next(iter(columns.values()))[1])
    geometry = np.array([*shapes] or [None] * count, dtype=object)
    kinds = tuple(Column(column, kind, column) for column, (kind, _) in columns.items())
    collection = Collection(name, "Mixed" if len(shapes) else "None", kinds, "thing_id", source)
    schema = arrow_schema(collection)
    ids = [f"{n:04}" for n in range(count)]
    data = {"id": ids, "version": [1] * count, "tx": [1] * count, **{c: values for c, (_, values) in columns.items()}}
    table = pa.table(data, schema=pa.schema([field for field in schema if field.name != "geometry"]))
    return Snapshot("town", collection, 1, CRS.from_epsg(crs), np.array(ids, dtype=object), geometry, table,
                    shapely.bounds(geometry).reshape(-1, 4))  # fmt: skip
