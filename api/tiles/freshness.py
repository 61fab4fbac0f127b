"""When each place of a collection was last changed: what the tags of tiles are made of."""

import threading
from collections.abc import Callable, Iterable

import numpy as np

from api.storage import StudyStore
from api.storage.records import Change
from layers.tiles.grids import BUFFER, Grid, Tile

MOST_CHANGES = 20_000
"""Changes that are kept one by one, counted back from the newest; what is older counts as one change of everything."""

_ROUNDS = 200
"""Transactions of the log that are looked at for them."""

Projected = Callable[[Grid, np.ndarray], np.ndarray]
"""Coordinates in the CRS of the study → on the grid."""


class Freshness:
    """The last changes of one collection with their places. Thread-safe.

    Parameters
    ----------
    collection
    projected
        The way from the study to a grid.
    """

    def __init__(self, collection: str, projected: Projected) -> None:
        self._collection = collection
        self._projected = projected
        self._lock = threading.Lock()
        self._head = 0
        self._floor = 0
        self._tx = np.empty(0, np.int64)
        self._boxes = np.empty((0, 4))
        self._on_grid: dict[str, np.ndarray] = {}

    def last(self, store: StudyStore, head: int, tile: Tile) -> int:
        """Return the number of the last transaction that changed something in a tile or in the buffer around it.

        Of tiles that nothing touched lately it is a transaction after which nothing did, the same for all of them.
        """
        with self._lock:
            if head != self._head:
                self._bring_to(store, head)
            boxes = self._boxes_on(tile.grid)
            minx, miny, maxx, maxy = tile.bounds(BUFFER)
            met = (boxes[:, 0] <= maxx) & (boxes[:, 2] >= minx) & (boxes[:, 1] <= maxy) & (boxes[:, 3] >= miny)
            return int(self._tx[met].max(initial=self._floor))

    def _bring_to(self, store: StudyStore, head: int) -> None:
        if head < self._head:
            # Another study of that name: nothing that is known counts.
            self._head = self._floor = 0
            self._forget()
        since, bulk = self._since(store)
        if bulk:
            self._floor = since
            self._forget()
        changes = [each for each in store.changes(since, self._collection) if each.tx <= head and each.bbox is not None]
        # A transaction that came in the meantime is looked at next time.
        if changes:
            tx, boxes = _arrays(changes)
            self._tx = np.concatenate([self._tx, tx])
            self._boxes = np.concatenate([self._boxes, boxes])
        if len(self._tx) > 2 * MOST_CHANGES:
            self._floor = int(self._tx[-MOST_CHANGES - 1])
            newer = self._tx > self._floor
            self._tx, self._boxes = self._tx[newer], self._boxes[newer]
            self._on_grid.clear()
        self._head = head

    def _since(self, store: StudyStore) -> tuple[int, bool]:
        """Return after which transaction to read changes, and whether what happened up to it counts as one."""
        total, before = 0, None
        for _ in range(_ROUNDS):
            page = store.transactions(before=before, limit=100, collection=self._collection)
            for each in page:
                if each.tx <= self._head:
                    return self._head, False
                total += each.counts.get(self._collection, 1)
                if total > MOST_CHANGES:
                    return each.tx, True
            if len(page) < 100:
                return self._head, False
            before = page[-1].tx
        return page[-1].tx, True

    def _forget(self) -> None:
        self._tx, self._boxes = self._tx[:0], self._boxes[:0]
        self._on_grid.clear()

    def _boxes_on(self, grid: Grid) -> np.ndarray:
        known = self._on_grid.get(grid.id, np.empty((0, 4)))
        if len(known) < len(self._boxes):
            known = np.concatenate([known, self._project(grid, self._boxes[len(known) :])])
            self._on_grid[grid.id] = known
        return known

    def _project(self, grid: Grid, boxes: np.ndarray) -> np.ndarray:
        """Return boxes on the grid, a little wide: their edges bend."""
        more = 1.0 + 0.01 * np.max(boxes[:, 2:] - boxes[:, :2], axis=1)
        left, bottom, right, top = (boxes + more[:, None] * (-1, -1, 1, 1)).T
        x, y = (left + right) / 2, (bottom + top) / 2
        around = [(left, bottom), (x, bottom), (right, bottom), (right, y), (right, top), (x, top), (left, top),
                  (left, y)]  # fmt: skip
        there = self._projected(grid, np.concatenate([np.stack(each, axis=1) for each in around]))
        there = there.reshape(len(around), -1, 2)
        return np.concatenate([there.min(axis=0), there.max(axis=0)], axis=1)


def _arrays(changes: Iterable[Change]) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(each.tx, each.bbox) for each in changes if each.bbox is not None]
    return np.array([tx for tx, _ in pairs], np.int64), np.array([box for _, box in pairs], float)
