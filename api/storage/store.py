"""One study over either kind of storage: the log, the versions, documents and files; tables by a `Backend`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from pyproj import CRS

from api.storage.backend import Backend
from api.storage.records import Change, Collection, Document, Transaction, Version, Write
from geo.raster import Raster
from geo.study import Study


class Store:
    """A `StudyStore`. Every change is one transaction: the tables, their earlier versions and the log move together."""

    def __init__(self, study_id: str, backend: Backend) -> None:
        self.study_id = study_id
        self.backend = backend

    name: str
    name_en: str
    crs: CRS

    def head(self) -> int:
        raise NotImplementedError

    def collections(self) -> Mapping[str, Collection]:
        raise NotImplementedError

    def rows(self, collection: str, *, as_of: int | None = None, ids: Sequence[str] | None = None) -> pa.Table:
        raise NotImplementedError

    def changes(self, since: int, collection: str | None = None) -> list[Change]:
        raise NotImplementedError

    def transactions(
        self, *, before: int | None = None, limit: int = 100, collection: str | None = None, by: str | None = None
    ) -> list[Transaction]:
        raise NotImplementedError

    def history(self, collection: str, feature_id: str) -> list[Version]:
        raise NotImplementedError

    def document(self, kind: str, document_id: str, *, as_of: int | None = None) -> Document | None:
        raise NotImplementedError

    def documents(self, kind: str) -> list[Document]:
        raise NotImplementedError

    def file(self, key: str) -> tuple[str, bytes] | None:
        raise NotImplementedError

    def files(self, prefix: str = "") -> Mapping[str, tuple[str, int]]:
        raise NotImplementedError

    def study(self) -> Study:
        raise NotImplementedError

    def rasters(self) -> Mapping[str, Raster]:
        raise NotImplementedError

    def commit(
        self, writes: Sequence[Write], *, by: str, action: str, note: str = "", undoes: int | None = None
    ) -> Transaction:
        raise NotImplementedError

    def undo(self, tx: int, *, by: str) -> Transaction:
        raise NotImplementedError

    def put_study(self, study: Study, *, by: str, action: str, note: str = "") -> Transaction:
        raise NotImplementedError

    def backup(self, path: Path) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
