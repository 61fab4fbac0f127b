"""Tables checked against their contracts (`geo.contracts`): `check` reports every fault at once, `conform` casts."""

from collections.abc import Iterable
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.contracts import (
    BARRIER_KINDS,
    BUILDING_USES,
    COMMUNITY_KINDS,
    FEATURE_CLASSES,
    HOUSE_DECISIONS,
    OBSERVED,
    OUTSIDE,
    PASSAGE_KINDS,
    PREMISES_KINDS,
    RECORDED,
    ROAD_CLASSES,
    SEVERITIES,
    STATUSES,
    SUBJECTS,
    TABLES,
    Column,
    Kind,
    Table,
)
from geo.errors import Fault, InputError

__all__ = [
    "BARRIER_KINDS",
    "BUILDING_USES",
    "COMMUNITY_KINDS",
    "FEATURE_CLASSES",
    "HOUSE_DECISIONS",
    "OBSERVED",
    "OUTSIDE",
    "PASSAGE_KINDS",
    "PREMISES_KINDS",
    "RECORDED",
    "ROAD_CLASSES",
    "SEVERITIES",
    "STATUSES",
    "SUBJECTS",
    "TABLES",
    "Column",
    "Kind",
    "Table",
    "check",
    "conform",
    "empty",
]

_DTYPES: dict[Kind, str] = {"text": "str", "count": "Int64", "number": "float64", "year": "Int64", "flag": "boolean",
                             "day": "str"}  # fmt: skip


def empty(name: str, crs: object) -> gpd.GeoDataFrame:
    """Return the table `name` without rows; a record table needs no CRS."""
    table = TABLES[name]
    index = pd.Index([], dtype="str", name=table.index)
    columns = {c.name: pd.array([], dtype=_DTYPES[c.kind]) for c in table.columns}
    if not table.geometry:
        return pd.DataFrame(columns, index=index)
    return gpd.GeoDataFrame(columns, index=index, geometry=gpd.GeoSeries([], index=index, crs=crs))


def conform(frame: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Return `frame` with the contract's column order and types; columns of its own stay behind them.

    Raises
    ------
    InputError
        When the table breaks its contract (see `check`).
    """
    faults = check(frame, name)
    if faults:
        raise InputError(faults)
    table = TABLES[name]
    known = {c.name: _cast(frame, c) for c in table.columns}
    shapes = frame.geometry.name if table.geometry else None
    extra = {c: frame[c] for c in frame.columns if c not in known and c != shapes}
    index = pd.Index(frame.index.astype(str), name=table.index, dtype="str")
    data = {n: pd.Series(v).set_axis(index) for n, v in {**known, **extra}.items()}
    if not table.geometry:
        return pd.DataFrame(data, index=index)
    return gpd.GeoDataFrame(data, index=index, geometry=gpd.GeoSeries(frame.geometry.values, index, crs=frame.crs))


def check(frame: gpd.GeoDataFrame, name: str) -> list[Fault]:
    """Return every way in which `frame` breaks the contract of table `name`; empty when it keeps it."""
    table = TABLES[name]
    faults: list[Fault] = []

    def fault(what: str, remedy: str, rows: Iterable[object] = ()) -> None:
        faults.append(Fault(what, remedy, table=name, ids=tuple(str(row) for row in rows)))

    if not table.geometry:
        pass
    elif frame.crs is None:
        fault("the table has no coordinate reference system", "say which one it is in (--crs or the mapping's crs)")
    elif not frame.crs.is_projected or any(axis.unit_name not in ("metre", "meter") for axis in frame.crs.axis_info):
        fault(f"coordinates are in {frame.crs.name}, not in metres", "project it first (shequ import does)")
    repeated = frame.index[frame.index.duplicated(keep=False)].unique()
    if len(repeated):
        fault(f"{table.index} is not unique: ids that stand on several rows: {len(repeated)}", "make every id unique",
              repeated)  # fmt: skip
    for column in table.columns:
        if column.name not in frame.columns:
            if column.required:
                has = ", ".join(map(str, frame.columns))
                fault(f"column {column.name} ({column.meaning}) is missing",
                      f"add it, or map a source column to it; the layer has: {has}")  # fmt: skip
            continue
        for what, remedy, rows in _value_faults(frame[column.name], column):
            fault(what, remedy, rows)
    if not table.geometry:
        return faults
    shapes = frame.geometry
    absent = shapes.isna() | shapes.is_empty
    if absent.any():
        fault(f"{int(absent.sum())} rows have no geometry", "give them one, or drop them", frame.index[absent])
    wrong = ~absent & ~shapes.geom_type.isin(table.geometry)
    if wrong.any():
        kinds = ", ".join(sorted(set(shapes.geom_type[wrong])))
        fault(f"{int(wrong.sum())} rows are {kinds}; the table holds {' or '.join(table.geometry)}",
              "choose the layer of the right geometry", frame.index[wrong])  # fmt: skip
    return faults


def _cast(frame: gpd.GeoDataFrame, column: Column) -> pd.Series:
    dtype = _DTYPES[column.kind]
    if column.name not in frame.columns:
        return pd.Series(pd.NA if dtype in ("Int64", "boolean") else np.nan, index=frame.index, dtype=dtype)
    values = frame[column.name]
    if column.kind in ("count", "number", "year"):
        values = pd.to_numeric(values)
    return values.astype(dtype)


def _value_faults(values: pd.Series, column: Column) -> Iterable[tuple[str, str, pd.Index]]:
    """Yield (what, remedy, rows) for every way in which one column's values are wrong."""
    present = values.notna()
    if column.required and not present.all():
        yield (f"column {column.name} is empty in {int((~present).sum())} rows", "fill it in", values.index[~present])
    if column.kind in ("count", "number", "year"):
        numbers = pd.to_numeric(values.astype("object"), errors="coerce").astype("float64")
        text = present & numbers.isna()
        if text.any():
            yield (f"column {column.name} holds text, e.g. {values[text].iloc[0]!r}, where a number is needed",
                   "correct the value, or leave it empty when unknown", values.index[text])  # fmt: skip
        infinite = present & np.isinf(numbers)
        if infinite.any():
            yield (f"column {column.name} holds infinite values", "correct them", values.index[infinite])
        if column.kind in ("count", "year"):
            broken = present & ~text & ~infinite & (numbers != np.round(numbers))
            if broken.any():
                yield (f"column {column.name} holds {numbers[broken].iloc[0]:g}, not a whole number",
                       "round it at the source", values.index[broken])  # fmt: skip
        if column.minimum is not None:
            low = present & (numbers < column.minimum)
            if low.any():
                yield (f"column {column.name} holds {numbers[low].iloc[0]:g}, below {column.minimum:g}",
                       "correct the value, or leave it empty when unknown", values.index[low])  # fmt: skip
    elif column.kind == "day":
        wrong = present & ~values.astype("object").map(_is_day)
        if wrong.any():
            yield (f"column {column.name} holds {values[wrong].iloc[0]!r}, which is no day",
                   "write it like 2026-03-01", values.index[wrong])  # fmt: skip
    elif column.allowed:
        strange = present & ~values.astype("object").isin(column.allowed)
        if strange.any():
            yield (f"column {column.name} holds {values[strange].iloc[0]!r}",
                   f"use one of: {', '.join(column.allowed)}", values.index[strange])  # fmt: skip


def _is_day(value: object) -> bool:
    try:
        date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True
