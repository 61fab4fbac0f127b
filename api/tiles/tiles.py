"""Tiles of a study, kept until a transaction touches them. A part of the server."""

from api.accounts.rights import Caller
from api.server import Server
from api.storage import StudyStore
from layers.tiles.grids import Tile


class Tiles:
    """The tiles of all studies of one server: `server.part(Tiles)`. Thread-safe; bounded by `tile_cache_bytes`."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def start(self) -> None:
        """Load the compiled encoder in a thread, so that the first tile need not wait for it."""

    def tag(self, store: StudyStore, collections: tuple[str, ...], tile: Tile, caller: Caller) -> str:
        """Return the ETag of a tile: it changes only when a transaction touches the tile's box."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of everything."""
