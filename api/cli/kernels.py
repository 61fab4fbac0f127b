"""Where compiled functions are kept: beside the code, in the user's cache, or else in a folder for this run."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_NAMED = "NUMBA_CACHE_DIR"
_CODE = Path(__file__).parents[2] / "geo"


def find_room_for_kernels(code: Path = _CODE) -> None:
    """Name numba a folder where it would find none; the folder goes when this process ends.

    It keeps what it has compiled beside the code or in the user's cache folder. A service that may write to neither
    (systemd's ProtectSystem=strict, a user without a home) could not even import it.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    if _NAMED in os.environ or any(_writable(place) for place in (code, cache)):
        return
    folder = tempfile.mkdtemp(prefix="shequ-kernels-")  # nobody else may write there: what lies in it is run
    os.environ[_NAMED] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder, or the folder itself where it is not there."""
    there = next(each for each in (folder, *folder.parents) if os.path.exists(each))
    return os.access(there, os.W_OK | os.X_OK)
