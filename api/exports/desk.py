"""One desk for what takes seconds to draw or write: sheets and reports are made one after the other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.errors import BusyError

PATIENCE_S = 30.0
"""Longest wait for those before."""


class Desk:
    """Part of the server: lets one thread at a time draw, so that map tiles and edits go on being answered."""

    def __init__(self) -> None:
        self._free = threading.Lock()

    @contextmanager
    def taken(self, patience_s: float = PATIENCE_S) -> Iterator[None]:
        """Wait until the desk is free, and have it.

        Raises
        ------
        BusyError
            When it is not free in time.
        """
        if not self._free.acquire(timeout=patience_s):
            raise BusyError("other sheets and reports are being made", "ask again in a minute, or start a job")
        try:
            yield
        finally:
            self._free.release()
