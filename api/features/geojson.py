"""Features written as GeoJSON: whole columns at a time, nothing for each feature but its dictionary."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import shapely

from api.features.arrays import integers
from api.features.query import Representation
from api.features.snapshot import Snapshot


def features(snapshot: Snapshot, positions: npt.NDArray[np.intp], told: Representation) -> list[dict[str, Any]]:
    """Return features as GeoJSON has them, in the order of `positions`; shapes are ready JSON."""
    names = [column.name for column in snapshot.collection.columns]
    if told.properties is not None:
        names = [name for name in names if name in told.properties]
    ids = snapshot.ids[positions].tolist()
    shapes: Sequence[Any] = [None] * len(ids)
    if told.geometry:
        written = shapely.to_geojson(told.crs.told(snapshot.geometry[positions]))
        shapes = [None if each is None else orjson.Fragment(each) for each in written]
    rows = _rows(snapshot.table, names, positions)
    return [
        {"type": "Feature", "id": each, "geometry": shape, "properties": row}
        for each, shape, row in zip(ids, shapes, rows, strict=True)
    ]


def collection_bytes(
    made: Sequence[Mapping[str, Any]], *, matched: int, at: str, links: Sequence[Mapping[str, str]],
    **more: Any,  # noqa: ANN401 - JSON
) -> bytes:  # fmt: skip
    """Return a feature collection with what Part 1 adds to it."""
    return orjson.dumps({
        "type": "FeatureCollection", "numberMatched": matched, "numberReturned": len(made), "timeStamp": at,
        "links": links, **more, "features": made,
    })  # fmt: skip


def feature_bytes(
    snapshot: Snapshot, position: int, told: Representation, links: Sequence[Mapping[str, str]] = ()
) -> bytes:
    """Return one feature as a GeoJSON document."""
    made = features(snapshot, np.array([position], dtype=np.intp), told)[0]
    return orjson.dumps(made | ({"links": links} if links else {}))


def _rows(table: pa.Table, names: Sequence[str], positions: npt.NDArray[np.intp]) -> list[dict[str, Any]]:
    if not names:
        return [{} for _ in positions]
    taken = table.select(names).take(integers(positions))
    columns = [column.to_pylist() for column in taken.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
