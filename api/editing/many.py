"""Many features created at once, in one transaction: all of them or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from api.deps import Here
from api.editing.bodies import require_id
from api.editing.features import editable, require_area, surroundings
from api.editing.findings import FINDINGS, Finding, history_writes, said_by
from api.editing.holds import holds_it
from api.features.crs import CRS84, references
from api.storage.records import Collection, FeatureWrite, Transaction, Write
from geo.errors import Fault, InfeasibleError, InputError

_SHOWN = 20
_AWAY_SHARE, _AWAY_M = 0.5, 2_000.0
"""As with one feature: so far may a shape lie outside of the study."""


@dataclass(frozen=True)
class Row:
    """One feature to be created; `geometry` is WKB in the CRS of the study."""

    id: str
    properties: Mapping[str, Any]
    geometry: bytes | None


def appendable(at: Here, collection_id: str) -> Collection:
    """Return a collection that the caller may add rows to; refusals as with one feature."""
    collection = editable(at, collection_id)
    holds_it(at.store, collection_id, at.caller)
    return collection


def create_many(at: Here, collection_id: str, rows: Sequence[Row], *, note: str) -> Transaction:
    """Create features in one transaction; new findings with the rows of their history, as one at a time.

    Raises
    ------
    InfeasibleError
        When there are features of some of these ids.
    InputError
        When a shape lies far from the study, or a row breaks the contract of the table.
    NotAllowedError
        When a shape lies outside of the area that the caller works in.
    """
    collection = appendable(at, collection_id)
    if not rows:
        raise InputError(Fault("there are no rows to add", "check layer and filter", table=collection_id))
    for row in rows:
        require_id(row.id)
    there = at.store.rows(collection_id, ids=[row.id for row in rows])["id"].to_pylist()
    if there:
        some = ", ".join(there[:_SHOWN])
        raise InfeasibleError(
            [f"{len(there)} of the rows are in {collection_id} already, by their ids: {some}. Where they were added "
             "before, nothing needs to be done; where the ids mean something else, map another column to the id."],
            reasons_zh=[f"有{len(there)}行的编号在{collection_id}中已存在：{some}。如此前已追加，无需再做；"
                        "如编号含义不同，请把另一列对应到编号。"],
            table=collection_id, ids=tuple(there[:_SHOWN]),
        )  # fmt: skip
    shapes = np.array([None if row.geometry is None else shapely.from_wkb(row.geometry) for row in rows], dtype=object)
    _require_near(at, collection, rows, shapes)
    require_area(at, list(shapes))
    told = [row.properties for row in rows]
    history: list[Write] = []
    if collection_id == FINDINGS:
        told = [said_by(at, row.properties, shape) for row, shape in zip(rows, shapes, strict=True)]
        news = zip(rows, told, shapes, strict=True)
        history = history_writes(at, {row.id: (None, Finding(said, shape)) for row, said, shape in news})
    writes: list[Write] = [FeatureWrite(collection_id, row.id, "create", said, row.geometry)
              for row, said in zip(rows, told, strict=True)]  # fmt: skip
    writes += history
    return at.store.commit(writes, by=at.caller.name, action="rows appended", note=note)


def _require_near(at: Here, collection: Collection, rows: Sequence[Row], shapes: np.ndarray) -> None:
    around = surroundings(at, collection)
    if around is None:
        return
    slack = max(_AWAY_M, _AWAY_SHARE * max(around[2] - around[0], around[3] - around[1]))
    boxes = shapely.bounds(shapes)
    low, high = np.array(around[:2]) - slack, np.array(around[2:]) + slack
    off = np.flatnonzero((boxes[:, :2] < low).any(axis=1) | (boxes[:, 2:] > high).any(axis=1))
    if not len(off):
        return
    x, y = shapely.get_coordinates(shapes[off[0]])[:1].T
    lon, lat = references(at.store.crs)[CRS84].from_study(x, y)
    raise InputError(Fault(
        f"{len(off)} rows lie outside of the study, e.g. at {float(lon[0]):.6f}, {float(lat[0]):.6f}",
        "check the coordinate system of the layer, or leave the rows out by filter", table=collection.id,
        ids=tuple(rows[i].id for i in off[:_SHOWN]),
    ))  # fmt: skip
