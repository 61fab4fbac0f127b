"""Features written as GeoJSON: whole columns at a time, nothing for each feature but its dictionary."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import shapely

from api.features.arrays import integers, numbers, told_true, whole
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


def texts(snapshot: Snapshot, positions: npt.NDArray[np.intp], told: Representation) -> list[bytes]:
    """Return features as GeoJSON texts, in the order of `positions`."""
    return [orjson.dumps(each, option=orjson.OPT_SERIALIZE_NUMPY) for each in features(snapshot, positions, told)]


def collection_bytes(
    written: Sequence[bytes], *, matched: int, at: str, links: Sequence[Mapping[str, str]],
    **more: Any,  # noqa: ANN401 - JSON
) -> bytes:  # fmt: skip
    """Return a feature collection of features as texts, with what Part 1 adds to it."""
    return orjson.dumps({
        "type": "FeatureCollection", "numberMatched": matched, "numberReturned": len(written), "timeStamp": at,
        "links": links, **more, "features": orjson.Fragment(b"[%s]" % b",".join(written)),
    })  # fmt: skip


def feature_bytes(
    snapshot: Snapshot, position: int, told: Representation, links: Sequence[Mapping[str, str]] = ()
) -> bytes:
    """Return one feature as a GeoJSON document."""
    made = features(snapshot, np.array([position], dtype=np.intp), told)[0]
    return orjson.dumps(made | ({"links": links} if links else {}), option=orjson.OPT_SERIALIZE_NUMPY)


def _shapes(shapes: npt.NDArray[np.object_], reference: Reference) -> Sequence[Any]:
    """Return shapes as GeoJSON; plain polygons and points are written at once, others by GEOS."""
    kinds = shapely.get_type_id(shapes)
    kind = kinds[0] if len(kinds) and (kinds == kinds[0]).all() else None
    if kind in (_POINT, _POLYGON) and not shapely.is_empty(shapes).any():
        places = reference.places(shapely.get_coordinates(shapes))
        if kind == _POINT:
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
    wanted = integers(positions)
    columns = [_values(snapshot, name, positions, wanted) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(snapshot: Snapshot, name: str, positions: npt.NDArray[np.intp], wanted: pa.Array) -> list[Any]:
    """Return one column of some rows; numbers are read where Arrow holds them, which takes a fifth of its `take`."""
    column, held, missing = snapshot.once(("values", name), lambda: _held(snapshot.table[name]))
    if column is None:
        return [None] * len(positions)
    if held is None:
        return column.take(wanted).to_pylist()  # type: ignore[no-any-return]
    found: list[Any] = held[positions].tolist()
    if missing is not None:
        for at in np.flatnonzero(missing[positions]).tolist():
            found[at] = None
    return found


def _held(
    values: pa.ChunkedArray,
) -> tuple[pa.Array | None, npt.NDArray[Any] | None, npt.NDArray[np.bool_] | None]:
    """Return a column, its numbers where it has such, and where none is; without a column where all are missing."""
    if values.null_count == len(values):
        return None, None, None
    column = whole(values)
    if not (pa.types.is_int64(column.type) or pa.types.is_float64(column.type)):
        return column, None, None
    return column, numbers(column), told_true(column.is_null()) if column.null_count else None
