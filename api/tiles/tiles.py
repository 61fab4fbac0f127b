"""Tiles of a study, kept until a transaction touches them. A part of the server."""

import contextlib
import difflib
import gzip
import threading
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from pyproj import CRS

from api.accounts.public import whole
from api.accounts.rights import Caller, Sight
from api.errors import BadRequestError, NotFoundError
from api.features.arrays import floats, integers, texts
from api.features.snapshot import Snapshot, Snapshots
from api.features.visible import visible
from api.server import Server
from api.storage import StudyStore
from api.storage.records import Collection
from api.tiles.freshness import Freshness
from geo.errors import Fault
from layers.tiles.grids import BUFFER, GRIDS, Grid, Tile
from layers.tiles.projecting import Projection, transformer_to

ENCODING = 1
"""Goes up when the same features give other tiles, so that nobody keeps old ones."""

MOST_COLLECTIONS = 50
"""Collections in one tile."""

_PACKED_FROM = 600
"""Bytes from which a tile is worth compressing."""

_OVERHEAD = 600
"""Memory of a kept tile beside its bytes."""


@dataclass(frozen=True)
class Asked:
    """What tile is asked for: of which collections (None: all of the study's own), with which properties."""

    tile: Tile
    collections: tuple[str, ...] | None = None
    properties: tuple[str, ...] | None = None

    def __hash__(self) -> int:
        at = self.tile
        return hash((at.level, at.row, at.column, self.collections, self.properties))


@dataclass
class Kept:
    """A tile as it was made: its tag, its bytes, and those compressed once somebody asked for them so."""

    tag: str
    body: bytes
    head: int
    packed: bytes = b""

    def compressed(self) -> bytes:
        """Return the bytes as gzip; empty where it is not worth it."""
        if not self.packed and len(self.body) >= _PACKED_FROM:
            self.packed = gzip.compress(self.body, 2, mtime=0)
        return self.packed

    @property
    def size(self) -> int:
        """Bytes of memory, with room for the compressed ones."""
        return len(self.body) + max(len(self.packed), len(self.body) // 2) + _OVERHEAD


_FIXED = frozenset({"id", "version", "tx"})

_Key = tuple[str, Asked, Sight]


class Tiles:
    """The tiles of all studies of one server: `server.part(Tiles)`. Thread-safe; bounded by `tile_cache_bytes`.

    A tile is encoded when it is asked for, and kept. Its tag is made of the last transaction that touched its place in
    its collections, so an edit elsewhere leaves it alone; every answer asks the store for the number of the last
    transaction, so an edit here is seen at once, whichever process made it.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, Kept] = OrderedDict()
        self._bytes = 0
        self._making: dict[_Key, threading.Lock] = {}
        self._freshness: dict[tuple[str, str], tuple[StudyStore, Freshness]] = {}
        self._projections: dict[tuple[str, str], Projection] = {}
        self._salts: dict[str, tuple[StudyStore, str]] = {}
        self._warming: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def memory(self) -> int:
        """Bytes that the kept tiles take, about."""
        return self._bytes

    def start(self) -> None:
        """Load the compiled encoder in a thread, so that the first tile need not wait for it."""
        if self._warming is None:
            self._warming = threading.Thread(target=_warm, name="tiles-warm", daemon=True)
            self._warming.start()

    # ── answering ────────────────────────────────────────────────────────────────────────────────────────────────────
    def kept(self, store: StudyStore, caller: Caller, asked: Asked) -> Kept | None:
        """Return a tile that is at hand and up to date; None where there is more to do: ask `get`."""
        key = (store.study_id, asked, caller.sight(store.study_id))
        found = self._kept.get(key)
        if found is None or found.head != store.head():
            return None
        with self._lock, contextlib.suppress(KeyError):  # let go of meanwhile
            self._kept.move_to_end(key)
        return found

    def get(self, store: StudyStore, caller: Caller, asked: Asked) -> Kept:
        """Return a tile as it is now.

        Raises
        ------
        NotFoundError
            When there is no such collection.
        BadRequestError
            When a property is unknown, or too many collections are asked for.
        """
        key = (store.study_id, asked, caller.sight(store.study_id))
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:
                return self._get(key, store, caller, asked)
        finally:
            with self._lock:
                self._making.pop(key, None)

    def _get(self, key: _Key, store: StudyStore, caller: Caller, asked: Asked) -> Kept:
        head = store.head()
        found = self._kept.get(key)
        if found is not None and found.head == head:
            return found
        collections = self._collections(store, asked)
        tag = self._tag(whole(store), head, collections, key)
        if found is not None and found.tag == tag:
            found.head = head
            return found
        snapshots = [self._snapshot(store, caller, each) for each in collections]
        if asked.properties is not None:
            require_known(snapshots, asked.properties)
        body = b"".join(self._layer(whole(store), each, asked) for each in snapshots)
        made = Kept(tag, body, head)
        self._keep(key, made)
        return made

    def _keep(self, key: _Key, made: Kept) -> None:
        most = self._server.settings.tile_cache_bytes
        with self._lock:
            old = self._kept.pop(key, None)
            self._bytes += made.size - (old.size if old else 0)
            self._kept[key] = made
            while self._bytes > most and self._kept:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= gone.size
            if not self._kept:
                self._bytes = 0

    # ── which collections, how fresh ─────────────────────────────────────────────────────────────────────────────────
    def _collections(self, store: StudyStore, asked: Asked) -> Sequence[str]:
        if asked.collections is None:
            return dataset(store)
        if len(asked.collections) > MOST_COLLECTIONS:
            raise BadRequestError(
                [Fault(f"collections: {len(asked.collections)} are asked for", f"ask for {MOST_COLLECTIONS} at most")]
            )
        return [drawable(store, each).id for each in asked.collections]

    def _tag(self, store: StudyStore, head: int, collections: Sequence[str], key: _Key) -> str:
        _, asked, sight = key
        last = max((self._fresh(store, each).last(store, head, asked.tile) for each in collections), default=0)
        which = zlib.crc32(",".join(collections).encode())
        return f"{self._salt(store)}-{which:x}-{last:x}{sight[0]}"

    def _salt(self, store: StudyStore) -> str:
        """Return what tells this study from another one that stood under the same name before."""
        known = self._salts.get(store.study_id)
        if known is not None and known[0] is store:
            return known[1]
        first = store.transactions(before=2, limit=1)
        text = f"{ENCODING} {self._server.settings.fewest_households} {store.name} {first[0].at if first else ''}"
        made = f"{zlib.crc32(text.encode()):x}"
        if first:
            self._salts[store.study_id] = (store, made)
        return made

    def _fresh(self, store: StudyStore, collection: str) -> Freshness:
        key = (store.study_id, collection)
        with self._lock:
            known = self._freshness.get(key)
            if known is None or known[0] is not store:
                crs = store.crs

                def projected(grid: Grid, xy: np.ndarray) -> np.ndarray:
                    made = transformer_to(crs, grid.crs)
                    return np.stack(made.transform(xy[:, 0], xy[:, 1]), axis=1)

                known = self._freshness[key] = (store, Freshness(collection, projected))
            return known[1]

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def _snapshot(self, store: StudyStore, caller: Caller, collection: str) -> Snapshot:
        snapshot = self._server.part(Snapshots).get(store, collection)
        return visible(snapshot, caller, self._server.settings.fewest_households)

    def _layer(self, store: StudyStore, snapshot: Snapshot, asked: Asked) -> bytes:
        shown = columns(store, snapshot, asked.properties)
        if snapshot.bounds is None:
            return b""
        projection = self._projection(snapshot, asked.tile.grid)
        box = projection.box(asked.tile, BUFFER)
        positions = snapshot.within(box) if box is not None else None
        if positions is None or not len(positions):
            return b""
        from layers.tiles.encoding import encode  # noqa: PLC0415 - its compiled steps are loaded in a thread, at start

        table = styled(snapshot).select(["id", *shown]).take(integers(positions))
        return encode(
            snapshot.collection.id, snapshot.geometry[positions], table["id"].combine_chunks(), table,
            tile=asked.tile, projection=projection,
        )  # fmt: skip

    def _projection(self, snapshot: Snapshot, grid: Grid) -> Projection:
        bounds = snapshot.bounds
        assert bounds is not None  # noqa: S101 - asked before
        key = (snapshot.study_id, grid.id)
        known = self._projections.get(key)
        if known is None or known.crs != snapshot.crs or not known.holds(bounds):
            if known is not None and known.crs == snapshot.crs:
                low, high = np.minimum(bounds, known.bounds)[:2], np.maximum(bounds, known.bounds)[2:]
                bounds = (float(low[0]), float(low[1]), float(high[0]) - 1.0, float(high[1]) - 1.0)
            known = self._projections[key] = Projection(snapshot.crs, grid, bounds)
        return known

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0


def listed(text: str, parameter: str) -> tuple[str, ...]:
    """Return the different names in a list with commas between them; BadRequestError when there is none."""
    names = tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    if not names:
        raise BadRequestError([Fault(f"{parameter}: {text!r} names none", "give names with commas between them")])
    return names


def dataset(store: StudyStore) -> list[str]:
    """Return the collections that the tiles of the study as a whole hold: its own tables that have places."""
    return [
        name for name, each in sorted(store.collections().items())
        if each.source == "study" and each.geometry != "None"
    ]  # fmt: skip


def drawable(store: StudyStore, collection_id: str) -> Collection:
    """Return a collection that can be drawn.

    Raises
    ------
    NotFoundError
        When there is none of that id, or its records have no places.
    """
    found = store.collections().get(collection_id)
    if found is None:
        raise NotFoundError(f"there is no collection {collection_id}", "see the list of collections")
    if found.geometry == "None":
        raise NotFoundError(f"{collection_id} has no places, so no tiles", "read its items")
    return found


def styled(snapshot: Snapshot) -> pa.Table:
    """Return the columns of a snapshot, and those that styles read besides."""
    return snapshot.once("styled", lambda: _styled(snapshot))


def _styled(snapshot: Snapshot) -> pa.Table:
    from layers.served import style_columns  # noqa: PLC0415 - the catalogue takes half a second to load

    table = snapshot.table
    for name, values in style_columns(snapshot.collection.frame, table).items():
        table = table.append_column(name, values)
    return table


def require_known(snapshots: Sequence[Snapshot], properties: Sequence[str]) -> None:
    """Refuse properties that none of the collections has (for this caller).

    Raises
    ------
    BadRequestError
    """
    there = list(dict.fromkeys(name for each in snapshots for name in styled(each).column_names))
    for name in properties:
        if name not in there:
            near = difflib.get_close_matches(name, there, 3) or there[:8]
            where = snapshots[0].collection.id if len(snapshots) == 1 else "any of the collections"
            raise BadRequestError([Fault(f"properties: there is no {name} in {where}", f"perhaps {', '.join(near)}")])


def columns(store: StudyStore, snapshot: Snapshot, properties: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the columns that tiles hold beside the id: of those asked for what is there, or what a map reads."""
    return snapshot.once(("tile columns", properties), lambda: _columns(store, snapshot, properties))


def _columns(store: StudyStore, snapshot: Snapshot, properties: tuple[str, ...] | None) -> tuple[str, ...]:
    there = [name for name in styled(snapshot).column_names if name not in _FIXED]
    if properties is not None:
        return tuple(name for name in properties if name in there)
    from layers.served import tile_columns  # noqa: PLC0415 - as above

    collection, params = snapshot.collection, None
    if collection.result_id:
        said = store.document("result", f"{collection.source}.{collection.result_id}")
        params = said.body.get("params") if said else None
    return tile_columns(collection.source, collection.frame, there, params)


def _warm() -> None:
    """Draw one small tile with every kind of shape and of column, so that all compiled steps are loaded."""
    from layers.tiles.encoding import encode  # noqa: PLC0415 - as above

    grid = GRIDS["WebMercatorQuad"]
    box = (0.0, 0.0, 100.0, 100.0)
    projection = Projection(CRS("EPSG:3857"), grid, box)
    shapes = [shapely.box(*box) - shapely.box(10, 10, 20, 20), shapely.LineString([(0, 0), (50, 50)]), shapely.Point()]
    ids = texts(["a", "b", "c"])
    table = pa.table({"id": ids, "count": integers(np.array([1, 2, 2])), "share": floats(np.array([0.5, np.nan, 1.0]))})
    encode("warm", np.array(shapes, object), ids, table, tile=Tile(grid, 16, 32767, 32768), projection=projection)
