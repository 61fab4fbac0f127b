"""Stores of the small town over each kind of storage; what is tested with them holds for both."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.storage import Storage, StudyStore
from api.storage.embedded import EmbeddedStorage
from api.storage.postgis import PostgisStorage
from geo.study import Study, write_study
from tests.api.served import small_study

StoreFactory = Callable[..., StudyStore]
KINDS = ["embedded", "postgis"]


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small town as a command writes it, to be copied: nobody may open it."""
    path = tmp_path_factory.mktemp("town") / "town.gpkg"
    write_study(small_study(), path)
    return path


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """An empty storage that can take the studies `town` and `other`."""
    made: Storage
    if request.param == "postgis":
        made = PostgisStorage(request.getfixturevalue("database"))
    else:
        made = EmbeddedStorage({name: tmp_path / f"{name}.gpkg" for name in ("town", "other")})
    yield made
    made.close()


@pytest.fixture
def store_factory(storage: Storage, town_file: Path, tmp_path: Path) -> StoreFactory:
    """Return a function that keeps a study (the small town) and returns its store."""

    def make(study: Study | None = None, study_id: str = "town") -> StudyStore:
        if study is None and isinstance(storage, EmbeddedStorage):  # a copy is quicker than writing it
            shutil.copy(town_file, tmp_path / f"{study_id}.gpkg")
            return storage.open(study_id)
        return storage.create(study_id, study or small_study(), by="李四")

    return make


@pytest.fixture
def store(store_factory: StoreFactory) -> StudyStore:
    """The small town."""
    return store_factory()
