"""Studies kept in files of their own: each a GeoPackage in WAL mode, fully synced, that QGIS opens as it is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from api.storage.store import Store
from geo.study import Study


class EmbeddedStorage:
    """A `Storage` of study files, one per id. A new study can be made only where the file that is named is not there."""

    def __init__(self, studies: Mapping[str, Path]) -> None:
        self._paths = dict(studies)

    def studies(self) -> Sequence[str]:
        raise NotImplementedError

    def open(self, study_id: str) -> Store:
        raise NotImplementedError

    def create(self, study_id: str, study: Study, *, by: str) -> Store:
        raise NotImplementedError

    def drop(self, study_id: str, *, by: str) -> None:
        raise NotImplementedError

    def restore(self, study_id: str, path: Path, *, by: str) -> Store:
        raise NotImplementedError

    def health(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
