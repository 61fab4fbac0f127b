"""Desks for what takes seconds to draw or write: sheets and reports one after the other, exports two at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.errors import BusyError

PATIENCE_S = 30.0
"""Longest wait for those before."""

MOST_WAITING = 4
"""So many wait; who comes then is told at once. Each who waits has one of the forty threads that answer everybody."""


class Desk:
    """Part of the server: lets few threads at a time draw, so that map tiles and edits go on being answered.

    Parameters
    ----------
    seats
        How many work at the same time.
    waiting
        How many wait for them, at most.
    """

    def __init__(self, seats: int = 1, waiting: int = MOST_WAITING) -> None:
        self._free = threading.BoundedSemaphore(seats)
        self._room = threading.BoundedSemaphore(seats + waiting)

    @contextmanager
    def taken(self, patience_s: float = PATIENCE_S) -> Iterator[None]:
        """Wait until there is a seat, and have it.

        Raises
        ------
        BusyError
            When there is none in time, or too many wait.
        """
        if not self._room.acquire(blocking=False):
            raise _busy()
        try:
            if not self._free.acquire(timeout=patience_s):
                raise _busy()
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._room.release()


class ExportDesk(Desk):
    """The desk of exports."""

    def __init__(self, seats: int = 2, waiting: int = MOST_WAITING) -> None:
        super().__init__(seats, waiting)


def _busy() -> BusyError:
    return BusyError("other sheets, reports and exports are being made", "ask again in a minute, or start a job",
                     headers={"Retry-After": "30"})  # fmt: skip
