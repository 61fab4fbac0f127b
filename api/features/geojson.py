"""Features written as GeoJSON: whole columns at a time, nothing for each feature but its dictionary."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import shapely

from api.features.arrays import integers
from api.features.crs import Reference
from api.features.query import Representation
from api.features.snapshot import Snapshot


def features(snapshot: Snapshot, positions: npt.NDArray[np.intp], told: Representation) -> list[dict[str, Any]]:
    """Return features as GeoJSON has them, in the order of `positions`; shapes are for `orjson`, with numpy."""
    names = [column.name for column in snapshot.collection.columns]
    if told.properties is not None:
        names = [name for name in names if name in told.properties]
    ids = snapshot.ids[positions].tolist()
    shapes: Sequence[Any] = [None] * len(ids)
    if told.geometry:
        shapes = _shapes(snapshot.geometry[positions], told.crs)
    rows = _rows(snapshot, names, positions)
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
    }, option=orjson.OPT_SERIALIZE_NUMPY)  # fmt: skip


def feature_bytes(
    snapshot: Snapshot, position: int, told: Representation, links: Sequence[Mapping[str, str]] = ()
) -> bytes:
    """Return one feature as a GeoJSON document."""
    made = features(snapshot, np.array([position], dtype=np.intp), told)[0]
    return orjson.dumps(made | ({"links": links} if links else {}), option=orjson.OPT_SERIALIZE_NUMPY)


def _shapes(shapes: npt.NDArray[np.object_], reference: Reference) -> Sequence[Any]:
    """Return shapes as GeoJSON; plain polygons and points are written at once, others by GEOS."""
    kinds = np.unique(shapely.get_type_id(shapes))
    if len(kinds) == 1 and kinds[0] in (_POINT, _POLYGON) and not shapely.is_empty(shapes).any():
        places = reference.places(shapely.get_coordinates(shapes))
        if kinds[0] == _POINT:
            return [{"type": "Point", "coordinates": each} for each in places.tolist()]
        if not shapely.get_num_interior_rings(shapes).any():
            ends = np.cumsum(shapely.get_num_coordinates(shapes)).tolist()
            return [{"type": "Polygon", "coordinates": [places[begin:end]]}
                    for begin, end in zip([0, *ends[:-1]], ends, strict=True)]  # fmt: skip
    written = shapely.to_geojson(reference.told(shapes))
    return [None if each is None else orjson.Fragment(each) for each in written]


_POINT, _POLYGON = 0, 3
"""Types of shapes, by the numbers of GEOS."""


def _rows(snapshot: Snapshot, names: Sequence[str], positions: npt.NDArray[np.intp]) -> list[dict[str, Any]]:
    if not names:
        return [{} for _ in positions]
    table = snapshot.table
    empty = snapshot.once("empty columns", lambda: {name for name in table.column_names
                                                    if table[name].null_count == len(table)})  # fmt: skip
    held = [name for name in names if name not in empty]
    taken = table.select(held).take(integers(positions))
    found = {name: column.to_pylist() for name, column in zip(held, taken.columns, strict=True)}
    none = [None] * len(positions)
    columns = [found.get(name, none) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
