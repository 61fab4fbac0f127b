"""One feature against the contract of its collection: the rules of `geo.schema`, row by row and without pandas."""

import math
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

import pyarrow as pa
import shapely
from pyproj import CRS

from api.storage.records import Collection
from geo.contracts import TABLES, Column
from geo.errors import Fault, InputError

_GREATEST = 2**63 - 1


def conformed(collection: Collection, feature_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return every column's value as storage keeps it; what is missing is None. 3.0 is a count of 3.

    Raises
    ------
    InputError
        With every fault of the feature.
    """
    faults = [Fault(what, remedy, table=collection.id, ids=(feature_id,))
              for what, remedy in _faults(collection, feature_id, properties)]  # fmt: skip
    if faults:
        raise InputError(faults)
    return {column.name: _cast(properties.get(column.name), column) for column in collection.columns}


def require_geometry(collection: Collection, feature_id: str, geometry: bytes | None) -> None:
    """Refuse a geometry that cannot be read, is empty or infinite, or is not of the collection's kind."""

    def refuse(what: str, remedy: str) -> InputError:
        return InputError(Fault(what, remedy, table=collection.id, ids=(feature_id,)))

    if collection.geometry == "None":
        if geometry is not None:
            raise refuse("the collection holds records without a place", "leave the geometry out")
        return
    if geometry is None:
        if collection.source == "study":
            raise refuse("the feature has no geometry", "give it one")
        return
    try:
        shape = shapely.from_wkb(geometry)
    except shapely.errors.GEOSException as error:
        raise refuse(f"the geometry cannot be read ({error})", "send it as WKB") from error
    allowed = TABLES[collection.id].geometry if collection.source == "study" else _kinds(collection)
    if shape.is_empty:
        raise refuse("the geometry is empty", "give the feature a place")
    if shape.geom_type not in allowed:
        raise refuse(f"the geometry is a {shape.geom_type}; the collection holds {' or '.join(allowed)}",
                     "send one of these")  # fmt: skip
    if not all(map(math.isfinite, shape.bounds)):
        raise refuse("the geometry has coordinates that are not finite", "correct them")


def require_contract(collection: Collection, rows: pa.Table, crs: str) -> None:
    """Refuse rows of a study's own table that break its contract."""
    from api.storage.frames import to_frame  # noqa: PLC0415 - reading and serving need no pandas
    from geo.schema import check  # noqa: PLC0415 - as above

    faults = check(to_frame(rows, collection, CRS.from_user_input(crs)), collection.id)
    if faults:
        raise InputError(faults)


def _kinds(collection: Collection) -> tuple[str, ...]:
    if collection.geometry == "Mixed":
        return ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
                "GeometryCollection")  # fmt: skip
    return (collection.geometry, f"Multi{collection.geometry}")


def _faults(collection: Collection, feature_id: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not feature_id or "\0" in feature_id:
        yield f"{feature_id!r} is no id", "give the feature an id of letters and digits"
    names = [column.name for column in collection.columns]
    for name in properties:
        if name not in names:
            near = get_close_matches(name, names, 3)
            yield f"there is no column {name}", f"did you mean {' or '.join(near)}?" if near else f"use {_some(names)}"
    for column in collection.columns:
        value = properties.get(column.name)
        if value is None:
            if column.required:
                yield f"column {column.name} ({column.meaning}) is empty", "fill it in"
        else:
            yield from _value_faults(value, column)


def _value_faults(value: object, column: Column) -> Iterator[tuple[str, str]]:
    """Yield (what, remedy) for what is wrong with one value."""
    says = f"column {column.name} holds {_short(value)}"
    if column.kind in ("count", "number", "year"):
        yield from _number_faults(value, column, says)
    elif column.kind == "flag":
        if not isinstance(value, bool):
            yield f"{says}, where true or false is needed", "correct the value, or leave it empty when unknown"
    elif not isinstance(value, str):
        yield f"{says}, where text is needed", "put it in quotation marks"
    elif "\0" in value:
        yield f"{says}: text cannot hold the character NUL", "take it out"
    elif column.kind == "day":
        if not _is_day(value):
            yield f"{says}, which is no day", "write it like 2026-03-01"
    elif column.allowed and value not in column.allowed:
        yield says, f"use one of: {', '.join(column.allowed)}"


def _number_faults(value: object, column: Column, says: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{says}, where a number is needed", "correct the value, or leave it empty when unknown"
    elif not math.isfinite(value):
        yield f"{says}, which is not finite", "correct it"
    elif column.kind != "number" and value != int(value):
        yield f"{says}, not a whole number", "round it at the source"
    elif column.kind != "number" and abs(value) > _GREATEST:
        yield f"{says}, too large a number", "correct it"
    elif column.minimum is not None and value < column.minimum:
        yield f"{says}, below {column.minimum:g}", "correct the value, or leave it empty when unknown"


def _cast(value: Any, column: Column) -> Any:  # noqa: ANN401 - a JSON value
    if value is None:
        return None
    if column.kind in ("count", "year"):
        return int(value)
    return float(value) if column.kind == "number" else value


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _short(value: object) -> str:
    told = repr(value)
    return told if len(told) <= 60 else f"{told[:57]}…"


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
