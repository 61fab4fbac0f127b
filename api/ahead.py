"""What a server of study files begins before its application is loaded: reading its tables, while Python imports.

Arrow's reader needs no interpreter (`api.storage.bulk`), so on a second core it costs the start next to nothing.
"""

import threading

from api.errors import BusyError, NotFoundError
from api.features.snapshot import Snapshots
from api.features.written import Written
from api.server import Server
from api.settings import Settings
from api.storage.opening import open_storage
from api.tiles.tiles import Tiles, dataset
from geo.errors import InputError

_SHARE = 2
"""Tables are read ahead until they take this part of the memory for snapshots (one half)."""


def begin(settings: Settings) -> Server:
    """Return a server with what reading needs; `api.main.open_server` adds the rest."""
    server = Server(settings, open_storage(settings))
    server.parts[Snapshots] = Snapshots(settings.snapshot_bytes)
    server.parts[Written] = Written()
    server.parts[Tiles] = Tiles(server)
    return server


def read_ahead(server: Server) -> None:
    """Read the tables of study files that maps show, in a thread."""
    if not server.settings.team:
        threading.Thread(target=_read, args=(server,), name="ahead", daemon=True).start()


def _read(server: Server) -> None:
    kept = server.part(Snapshots)
    for study_id in server.storage.studies():
        try:
            store = server.storage.open(study_id)
            for name in dataset(store):
                if kept.memory * _SHARE > server.settings.snapshot_bytes:
                    return
                kept.get(store, name)
        except (BusyError, InputError, NotFoundError):
            continue  # who asks for it is told
