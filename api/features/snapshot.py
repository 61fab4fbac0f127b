"""Collections held in memory for reading: items, filters, tiles and exports read these, never SQL.

A `Snapshot` is one collection after one transaction and never changes. `Snapshots` keeps those that were read last and
brings them up to date from the transaction log, so that an edit is there in the very next request and costs what was
edited, not what there is.
"""

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from pyproj import CRS

from api.accounts.public import require_seen, whole
from api.errors import NotFoundError
from api.features.arrays import numbers, objects
from api.features.strips import Strips
from api.storage import StudyStore
from api.storage.records import Change, Collection

T = TypeVar("T")
Box = tuple[float, float, float, float]
"""Least x, least y, greatest x, greatest y."""

BOXES_BEFORE_INDEX = 8
"""Boxes that are looked for in a snapshot one feature after the other, before an index is made of it."""

SHAPE_BYTES = 300
"""Memory of a shape in GEOS beside its coordinates, with the Python object that holds it."""

MOST_PATCHED = 0.2
"""A collection of which a larger share was changed is read anew rather than patched."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One collection as it was after one transaction. Every array is in the order of the ids.

    Attributes
    ----------
    study_id, collection
    tx
        The newest transaction that changed this collection.
    crs
        Of the study: projected, metres, easting first.
    ids
        Python texts, ascending by code point: the order of paging.
    geometry
        Shapes in the study's CRS; None where a feature has none.
    table
        `id`, `version`, `tx` and the columns, without geometry; every column one chunk.
    boxes
        (n, 4): least x, least y, greatest x, greatest y of each shape; NaN where there is none.
    origin
        What it has in common with the snapshots that it was patched from, and with no other: in them, an id and the
        transaction that changed it last name one state of a feature.
    """

    study_id: str
    collection: Collection
    tx: int
    crs: CRS
    ids: npt.NDArray[np.object_]
    geometry: npt.NDArray[np.object_]
    table: pa.Table
    boxes: npt.NDArray[np.float64]
    origin: object = field(default_factory=object)
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)
    _asked: list[int] = field(default_factory=lambda: [0], repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def bounds(self) -> Box | None:
        """The box around all shapes, in the study's CRS; None where there is none."""
        return self.once("bounds", self._bounds)

    @property
    def changed(self) -> npt.NDArray[np.int64]:
        """The transaction that changed each feature last."""
        return self.once("changed", lambda: numbers(self.table["tx"]))

    def position(self, feature_id: str) -> int | None:
        """Return where the feature stands in the arrays; None when it is not there."""
        at = bisect_left(self.ids, feature_id)
        return at if at < len(self.ids) and self.ids[at] == feature_id else None

    def behind(self, feature_id: str) -> int:
        """Return the first position whose id is greater, whether or not that feature is there (any more)."""
        at = bisect_left(self.ids, feature_id)
        return at + (at < len(self.ids) and self.ids[at] == feature_id)

    def within(self, bbox: Box) -> npt.NDArray[np.intp]:
        """Return the positions, ascending, of the features whose box meets `bbox` (the study's CRS)."""
        left, bottom, right, top = bbox
        columns = self.once("columns", lambda: np.ascontiguousarray(self.boxes.T))
        self._asked[0] += 1
        if self._asked[0] > BOXES_BEFORE_INDEX:
            return self.once("strips", lambda: Strips(self.boxes)).within(bbox)
        met = columns[0] <= right
        met &= columns[2] >= left
        met &= columns[1] <= top
        met &= columns[3] >= bottom
        return np.flatnonzero(met)

    def once(self, key: object, make: Callable[[], T]) -> T:
        """Return what `make` gives, made once for this snapshot and kept as long as it."""
        try:
            return self._made[key]  # type: ignore[no-any-return]
        except KeyError:
            # two threads may both make it: the first one kept wins, and both are equal
            return self._made.setdefault(key, make())  # type: ignore[no-any-return]

    def showing(self, table: pa.Table, collection: Collection) -> "Snapshot":
        """Return the same features with other columns."""
        return Snapshot(self.study_id, collection, self.tx, self.crs, self.ids, self.geometry, table, self.boxes)

    @property
    def memory(self) -> int:
        """Bytes that it takes, about."""
        return self.once("memory", self._memory)

    def _bounds(self) -> Box | None:
        if np.isnan(self.boxes).all():
            return None
        least, most = np.nanmin(self.boxes[:, :2], axis=0), np.nanmax(self.boxes[:, 2:], axis=0)
        return float(least[0]), float(least[1]), float(most[0]), float(most[1])

    def _memory(self) -> int:
        placed = int(len(self) - np.isnan(self.boxes[:, 0]).sum())
        coordinates = int(shapely.get_num_coordinates(self.geometry).sum()) * 16
        return int(self.table.nbytes) + 2 * self.boxes.nbytes + placed * SHAPE_BYTES + coordinates + len(self) * 80


def snapshot_of(store: StudyStore, collection: Collection, rows: pa.Table, tx: int) -> Snapshot:
    """Return rows of the store (`records.arrow_schema`, ordered by id) as a snapshot."""
    shapes = shapely.from_wkb(objects(rows["geometry"]))
    ids = objects(rows["id"])
    table = rows.drop_columns(["geometry"])
    return _snapshot(store, collection, tx=tx, ids=ids, geometry=shapes, table=table)


class Snapshots:
    """The snapshots of a server: safe to use from several threads, bounded by memory; those unused go first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, int | None], _Kept] = OrderedDict()

    def get(self, store: StudyStore, collection: str, *, as_of: int | None = None) -> Snapshot:
        """Return a collection as it is now, or as it was after transaction `as_of`.

        Raises
        ------
        NotFoundError
            When there is no such collection, or `store` is a view that does not show it.
        """
        require_seen(store, collection, as_of)
        snapshot = self._get(whole(store), collection, as_of)
        require_seen(store, collection, as_of)  # it may have been withdrawn, and then edited, while it was read
        return snapshot

    def _get(self, store: StudyStore, collection: str, as_of: int | None) -> Snapshot:
        head = store.head()
        if as_of is not None and as_of >= head:
            as_of = None
        key = (store.study_id, collection, as_of)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.store is not store:
                kept = self._kept[key] = _Kept(store)
            self._kept.move_to_end(key)
        snapshot = kept.snapshot
        if snapshot is not None and (kept.head == head or as_of is not None):
            return snapshot
        try:
            with kept.lock:
                snapshot = kept.brought_to(head, collection, as_of)
        except NotFoundError:
            with self._lock:
                self._kept.pop(key, None)
            raise
        self._shrink(key)
        return snapshot

    def ready(self, store: StudyStore, collection: str) -> Snapshot | None:
        """Return a collection as it is now where it is at hand; None where something is to be read."""
        kept = self._kept.get((store.study_id, collection, None))
        if kept is None or kept.store is not store or kept.head != store.head():
            return None
        return kept.snapshot

    @property
    def memory(self) -> int:
        """Bytes that all snapshots take, about."""
        with self._lock:
            return sum(kept.snapshot.memory for kept in self._kept.values() if kept.snapshot is not None)

    def close(self) -> None:
        """Let all of them go."""
        with self._lock:
            self._kept.clear()

    def _shrink(self, key: tuple[str, str, int | None]) -> None:
        with self._lock:
            sizes = {each: kept.snapshot.memory for each, kept in self._kept.items() if kept.snapshot is not None}
            total = sum(sizes.values())
            for each, size in sizes.items():
                if total <= self._most_bytes:
                    break
                if each != key:
                    del self._kept[each]
                    total -= size


class _Kept:
    """One collection that is kept, with the number of the last transaction that was looked at."""

    def __init__(self, store: StudyStore) -> None:
        self.store = store
        self.lock = threading.Lock()
        self.snapshot: Snapshot | None = None
        self.head = -1

    def brought_to(self, head: int, collection: str, as_of: int | None) -> Snapshot:
        if self.snapshot is not None and (self.head >= head or as_of is not None):
            return self.snapshot
        known = self.store.collections().get(collection)
        if known is None:
            raise NotFoundError(f"there is no collection {collection}", "see the list of collections")
        patched = None
        if self.snapshot is not None and self.snapshot.collection == known:
            patched = _patched(self.snapshot, self.store, self.store.changes(self.head, collection))
        if patched is None:
            # rows may be newer than `head` already; the changes since are then patched in once more, to no effect
            rows = self.store.rows(collection, as_of=as_of)
            last = self.store.transactions(before=None if as_of is None else as_of + 1, limit=1, collection=collection)
            patched = snapshot_of(self.store, known, rows, last[0].tx if last else 0)
        self.snapshot = patched
        self.head = head
        return patched


def _patched(old: Snapshot, store: StudyStore, changes: Sequence[Change]) -> Snapshot | None:
    """Return `old` with the changes in it; None where reading all of it anew costs less."""
    if not changes:
        return old
    if len(changes) > max(64, MOST_PATCHED * len(old)):
        return None
    ids = sorted({change.id for change in changes})
    rows = store.rows(old.collection.id, ids=ids)
    new = snapshot_of(store, old.collection, rows, max(change.tx for change in changes))
    found = [old.position(each) for each in ids]
    same = [at for at in found if at is not None]
    if len(new) == len(ids) == len(same):
        geometry, boxes = old.geometry.copy(), old.boxes.copy()
        geometry[same], boxes[same] = new.geometry, new.boxes
        table = _table_with(old.table, [(at, at + 1, nth, nth + 1) for nth, at in enumerate(same)], new.table)
        return _snapshot(store, old.collection, tx=max(old.tx, new.tx), ids=old.ids, geometry=geometry, table=table,
                         boxes=boxes, origin=old.origin)  # fmt: skip
    fresh = {each: nth for nth, each in enumerate(new.ids)}
    steps = []
    for each, at in zip(ids, found, strict=True):
        start = old.behind(each) if at is None else at
        nth = fresh.get(each)
        steps.append((start, start + (at is not None), 0 if nth is None else nth, 0 if nth is None else nth + 1))
    order = _merged(len(old), steps)
    return _snapshot(
        store,
        old.collection,
        tx=max(old.tx, new.tx),
        ids=np.concatenate([old.ids, new.ids])[order],
        geometry=np.concatenate([old.geometry, new.geometry])[order],
        table=_table_with(old.table, steps, new.table),
        boxes=np.concatenate([old.boxes, new.boxes])[order],
        origin=old.origin,
    )


_Step = tuple[int, int, int, int]
"""Rows start:stop of the old go, rows start:stop of the new come in their place."""


def _merged(count: int, steps: Sequence[_Step]) -> npt.NDArray[np.intp]:
    """Return where each row of the patched arrays stands in the old ones with the new ones behind them."""
    parts, done = [], 0
    for start, stop, first, last in steps:
        parts += [np.arange(done, start), np.arange(count + first, count + last)]
        done = stop
    return np.concatenate([*parts, np.arange(done, count)]).astype(np.intp)


def _table_with(table: pa.Table, steps: Sequence[_Step], new: pa.Table) -> pa.Table:
    pieces, done = [], 0
    for start, stop, first, last in steps:
        pieces += [table.slice(done, start - done), new.slice(first, last - first)]
        done = stop
    return pa.concat_tables([*pieces, table.slice(done)])


def _snapshot(
    store: StudyStore,
    collection: Collection,
    *,
    tx: int,
    ids: npt.NDArray[np.object_],
    geometry: npt.NDArray[np.object_],
    table: pa.Table,
    boxes: npt.NDArray[np.float64] | None = None,
    origin: object = None,
) -> Snapshot:
    if boxes is None:
        boxes = shapely.bounds(geometry).reshape(-1, 4)
    for array in (ids, geometry, boxes):
        array.setflags(write=False)
    return Snapshot(store.study_id, collection, tx, store.crs, ids, geometry, table.combine_chunks(), boxes,
                    origin or object())  # fmt: skip
