"""Where studies are kept: one file each (embedded), or a PostGIS database (team). The same interface for both.

Everything that is read elsewhere goes through `StudyStore`. A study's tables are real tables that QGIS opens: layers of
the GeoPackage, or tables of the study's own schema in PostGIS. Beside them stand the transaction log and the earlier
versions, from which come history, undo, audit, "as of" and the freshness of tiles.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
from pyproj import CRS

from api.storage.records import Change, Collection, Document, Transaction, Version, Write

if TYPE_CHECKING:  # who only reads features and tiles needs no pandas
    from geo.raster import Raster
    from geo.study import Study


class StudyStore(Protocol):
    """One study. Safe to use from several threads and processes at once; writes of one study wait for each other."""

    study_id: str

    @property
    def name(self) -> str:
        """The name of the town."""

    @property
    def name_en(self) -> str:
        """The name in English or Latin letters; may be empty."""

    @property
    def crs(self) -> CRS:
        """The coordinate reference system of the study, in metres."""

    # ── reading ──
    def head(self) -> int:
        """Return the number of the last transaction (0: none). Asked at every request: well under a millisecond."""

    def collections(self) -> Mapping[str, Collection]:
        """Return every collection by its id, as it is now."""

    def rows(self, collection: str, *, as_of: int | None = None, ids: Sequence[str] | None = None) -> pa.Table:
        """Return a collection's rows (`records.arrow_schema`), ordered by id; as they were after transaction `as_of`.

        Raises
        ------
        NotFoundError
            When there is no such collection.
        """

    def changes(self, since: int, collection: str | None = None) -> list[Change]:
        """Return what transactions after `since` changed, oldest first."""

    def transactions(
        self, *, before: int | None = None, limit: int = 100, collection: str | None = None, by: str | None = None
    ) -> list[Transaction]:
        """Return the log, newest first, from below `before`."""

    def history(self, collection: str, feature_id: str) -> list[Version]:
        """Return every version of a feature, oldest first; those before the first edit are one."""

    def document(self, kind: str, document_id: str, *, as_of: int | None = None) -> Document | None:
        """Return a document, as it was after transaction `as_of`; None when there is none."""

    def documents(self, kind: str) -> list[Document]:
        """Return every document of a kind, by id."""

    def file(self, key: str) -> tuple[str, bytes] | None:
        """Return media type and content of a file."""

    def files(self, prefix: str = "") -> Mapping[str, tuple[str, int]]:
        """Return key → (media type, bytes)."""

    def study(self) -> "Study":
        """Return the study's own tables, rasters, repairs and notes as geo and the operations know them."""

    def rasters(self) -> Mapping[str, "Raster"]:
        """Return the study's rasters by name."""

    # ── writing ──
    def commit(
        self, writes: Sequence[Write], *, by: str, action: str, note: str = "", undoes: int | None = None
    ) -> Transaction:
        """Write all of it or nothing, durably: once this returns, a killed process or machine does not lose it.

        Raises
        ------
        OutOfDateError
            When something is not at the version that was expected; `more["changes"]` lists a `records.Clash` for each.
        InputError
            When a row breaks the contract of its table (`geo.schema`).
        """

    def undo(self, tx: int, *, by: str) -> Transaction:
        """Take back one transaction by writing what was there before it, as a transaction of its own.

        Raises
        ------
        OutOfDateError
            When something that it changed was changed again since.
        """

    def put_study(self, study: "Study", *, by: str, action: str, note: str = "") -> Transaction:
        """Put a study's tables, rasters, repairs and notes in place of those that are there, in one transaction."""

    # ── keeping ──
    def backup(self, path: Path) -> None:
        """Write a copy, whole and consistent, while others go on reading and writing."""

    def close(self) -> None:
        """Let go of files and connections."""


class Storage(Protocol):
    """All studies of one server."""

    def studies(self) -> Sequence[str]:
        """Return the ids of all studies."""

    def open(self, study_id: str) -> StudyStore:
        """Return one study; NotFoundError when there is none of that id. The same object for the same id."""

    def create(self, study_id: str, study: "Study", *, by: str) -> StudyStore:
        """Keep a new study; InputError when the id is taken or this storage takes no new ones."""

    def drop(self, study_id: str, *, by: str) -> None:
        """Delete a study with everything that belongs to it."""

    def restore(self, study_id: str, path: Path, *, by: str) -> StudyStore:
        """Take in a backup as a study with all its history."""

    def health(self) -> Mapping[str, Any]:
        """Return whether it can be read and written, as /health tells it."""

    def close(self) -> None:
        """Close every study."""


def iter_stores(storage: Storage) -> Iterator[StudyStore]:
    """Yield every study."""
    for study_id in storage.studies():
        yield storage.open(study_id)
