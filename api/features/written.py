"""What features look like in GeoJSON, kept once it was written: pages are joined of such texts."""

import threading

import numpy as np
import numpy.typing as npt

from api.features.crs import Reference
from api.features.geojson import texts
from api.features.query import Representation
from api.features.snapshot import Snapshot

MOST_BYTES = 48_000_000
"""Memory for texts: those of some sixty thousand houses."""

_OVERHEAD = 300
"""Memory of a text beside its bytes: the objects, their places in a dictionary."""

_Form = tuple[object, Reference, tuple[str, ...] | None, bool]
_Texts = dict[tuple[str, int], bytes]


class Written:
    """The texts of a server. Thread-safe; bounded by memory: of two halves the one that was written first goes.

    A text stands under the feature's id and the transaction that changed it last, so an edit leaves those of all other
    features as they are, and who still reads an older snapshot gets the older text.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._newer: dict[_Form, _Texts] = {}
        self._older: dict[_Form, _Texts] = {}
        self._bytes = [0, 0]

    @property
    def memory(self) -> int:
        """Bytes that the texts take, about."""
        return sum(self._bytes)

    def texts(self, snapshot: Snapshot, positions: npt.NDArray[np.intp], told: Representation) -> list[bytes]:
        """Return features as GeoJSON texts, in the order of `positions`."""
        form = (snapshot.origin, told.crs, told.properties, told.geometry)
        keys = list(zip(snapshot.ids[positions].tolist(), snapshot.changed[positions].tolist(), strict=True))
        newer = self._newer.get(form, {})
        found = [newer.get(key) for key in keys]
        if None in found:
            older = self._older.get(form, {})
            found = [text or older.get(key) for text, key in zip(found, keys, strict=True)]
            absent = [at for at, text in enumerate(found) if text is None]
            for at, text in zip(absent, texts(snapshot, positions[absent], told), strict=True):
                found[at] = bytes(memoryview(text))  # orjson's own keeps the room that it was written in
            self._keep(form, {key: text for key, text in zip(keys, found, strict=True) if text and key not in newer})
        return [text for text in found if text]

    def _keep(self, form: _Form, fresh: _Texts) -> None:
        size = sum(map(len, fresh.values())) + _OVERHEAD * len(fresh)
        with self._lock:
            if self._bytes[0] + size > self._most_bytes // 2:
                self._older, self._newer = self._newer, {}
                self._bytes = [0, self._bytes[0]]
            if size <= self._most_bytes // 2:
                self._newer.setdefault(form, {}).update(fresh)
                self._bytes[0] += size
