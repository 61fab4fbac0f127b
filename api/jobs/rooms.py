"""Folders that jobs work in, swept away when their server is gone."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "shequ-jobs-"


class Rooms:
    """The working folders of one server's jobs: all in one folder, which a lock says is in use.

    A server that was killed leaves its folder behind; the next one on the machine sweeps it away.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = (self._folder / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def make(self, name: str) -> Path:
        """Return a new, empty folder."""
        return Path(tempfile.mkdtemp(dir=self._folder, prefix=f"{name}-"))

    def clear(self, folder: Path) -> None:
        """Delete a folder that `make` made."""
        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Delete all of them."""
        self._lock.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def sweep() -> None:
    """Delete the folders of servers that are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if folder.stat().st_uid != os.getuid():
                continue
            with (folder / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # in use, or half made
            continue
