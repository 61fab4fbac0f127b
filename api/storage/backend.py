"""What differs between a study file and a PostGIS database: how the current tables are read and written.

`api.storage.store.Store` is the study store over either one; it writes the log and the versions itself, with
SQLAlchemy, in the transaction that `begin` opens.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
from sqlalchemy import Connection, Engine

from api.storage.records import Collection

if TYPE_CHECKING:  # who only reads features and tiles needs no pandas
    from geo.raster import Raster
    from geo.study import Study


@dataclass(frozen=True)
class Stray:
    """A feature that another program wrote into its table, past the log.

    `before` is what was there (`id`, `geometry`, columns), None where nothing was.
    """

    collection: str
    id: str
    before: Mapping[str, Any] | None


@dataclass(frozen=True)
class Found:
    """A table that lies there.

    Attributes
    ----------
    collection
        Its columns as they are; None where only the log can tell (tables of plans and runs).
    anew
        Another program put it in place of the one that the log knows: what was there before is not known.
    """

    collection: Collection | None
    anew: bool = False


class Backend(Protocol):
    """The current state of one study's tables, as GeoPackage layers or PostGIS tables."""

    engine: Engine
    key: str
    """The study's key in the tables of `api.storage.tables`."""

    def begin(self) -> AbstractContextManager[Connection]:
        """Open the one write transaction of this study: others wait, not for ever (BusyError). It ends durably."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction for reading: everything read in it is as it was at one moment."""

    def look(self) -> tuple[int, bool]:
        """Return, cheaply, the number of the last transaction (0: none), and whether another program may have written.

        That is: since `strays` and `found` were asked.
        """

    def make(self, db: Connection, collection: Collection) -> None:
        """Make an empty table with a spatial index."""

    def drop(self, db: Connection, collection: Collection) -> None:
        """Drop its table."""

    def read(self, db: Connection, collection: Collection, ids: Sequence[str] | None = None) -> pa.Table:
        """Return `id`, `geometry` (WKB) and the columns, ordered by id (by code point, as Python orders text)."""

    def write(self, db: Connection, collection: Collection, rows: pa.Table) -> None:
        """Insert rows, or replace those whose ids are there."""

    def delete(self, db: Connection, collection: Collection, ids: Sequence[str]) -> None:
        """Delete the rows of these ids."""

    def found(self, db: Connection) -> Mapping[str, Found] | None:
        """Return the tables that lie there, when other programs may have made, changed or dropped some; else None."""

    def strays(self, db: Connection) -> Sequence[Stray]:
        """Return, and forget, what other programs wrote since the last time; nothing where nobody else can write."""

    def about(self) -> Mapping[str, Any]:
        """Return `name`, `name_en`, `crs` (EPSG:… or WKT), `notes` (a mapping), `repairs` (mappings, as in Repair).

        Empty before the first `put_about`.
        """

    def put_about(self, db: Connection, study: "Study") -> None:
        """Write name, crs, notes, repairs and rasters."""

    def rasters(self) -> Mapping[str, "Raster"]:
        """Return the rasters by name."""

    def backup(self, path: Path) -> None:
        """Write a consistent copy while others read and write."""

    def close(self) -> None:
        """Let go of files and connections."""
