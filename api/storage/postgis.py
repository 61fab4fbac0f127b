"""Studies in a PostgreSQL database with PostGIS: a schema for each, tables that QGIS opens beside one log for all."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Engine

from api.storage import StudyStore
from api.storage.records import Collection
from geo.raster import Raster
from geo.study import Study


class PostgisStorage:
    """All studies of one database. Several servers may share it: each sees the others' edits at once.

    Parameters
    ----------
    url
        postgresql://user:password@host/name; options of libpq behind a question mark.
    """

    engine: Engine

    def __init__(self, url: str) -> None:
        raise NotImplementedError

    def studies(self) -> Sequence[str]:
        """Return the ids of all studies."""
        raise NotImplementedError

    def open(self, study_id: str) -> StudyStore:
        """Return one study; NotFoundError when there is none of that id."""
        raise NotImplementedError

    def create(self, study_id: str, study: Study, *, by: str) -> StudyStore:
        """Keep a new study; InputError when the id is taken."""
        raise NotImplementedError

    def drop(self, study_id: str, *, by: str) -> None:
        """Delete a study with everything that belongs to it."""
        raise NotImplementedError

    def restore(self, study_id: str, path: Path, *, by: str) -> StudyStore:
        """Take in a backup as a study with all its history."""
        raise NotImplementedError

    def health(self) -> Mapping[str, Any]:
        """Return whether it can be read and written, as /health tells it."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of every connection."""
        raise NotImplementedError


class PostgisBackend:
    """The current state of one study's tables in its schema."""

    engine: Engine
    key: str

    def begin(self) -> AbstractContextManager[Connection]:
        """Open the one write transaction of this study."""
        raise NotImplementedError

    def make(self, db: Connection, collection: Collection) -> None:
        """Make an empty table with a spatial index."""
        raise NotImplementedError

    def drop(self, db: Connection, collection: Collection) -> None:
        """Drop its table."""
        raise NotImplementedError

    def read(self, db: Connection | None, collection: Collection, ids: Sequence[str] | None = None) -> pa.Table:
        """Return `id`, `geometry` (WKB) and the columns, ordered by id."""
        raise NotImplementedError

    def write(self, db: Connection, collection: Collection, rows: pa.Table) -> None:
        """Insert rows, or replace those whose ids are there."""
        raise NotImplementedError

    def delete(self, db: Connection, collection: Collection, ids: Sequence[str]) -> None:
        """Delete the rows of these ids."""
        raise NotImplementedError

    def mark(self, db: Connection, collection: Collection) -> str:
        """Return an empty mark: the database refuses writes that the log does not know of."""
        raise NotImplementedError

    def about(self) -> Mapping[str, Any]:
        """Return name, name_en, crs, notes and repairs of the study."""
        raise NotImplementedError

    def put_about(self, db: Connection, study: Study) -> None:
        """Write name, crs, notes, repairs and rasters."""
        raise NotImplementedError

    def rasters(self) -> Mapping[str, Raster]:
        """Return the rasters by name."""
        raise NotImplementedError

    def backup(self, path: Path) -> None:
        """Write a consistent copy while others read and write: a study file with the history."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what is the study's own; connections belong to the storage."""
        raise NotImplementedError
