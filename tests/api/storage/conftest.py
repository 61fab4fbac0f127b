"""Stores of the small town over each kind of storage; what is tested with them holds for both."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.storage import Storage, StudyStore
from api.storage.embedded import EmbeddedStorage
from api.storage.postgis import PostgisStorage
from geo.study import Study, write_study
from tests.api.postgis import Cluster
from tests.api.served import small_study

StoreFactory = Callable[..., StudyStore]
KINDS = ["embedded", "postgis"]


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small town as a command writes it, to be copied: nobody may open it."""
    path = tmp_path_factory.mktemp("town") / "town.gpkg"
    write_study(small_study(), path)
    return path


@pytest.fixture(scope="session")
def town_database(cluster: Cluster) -> str:
    """The address of a database that holds the small town, to be copied: nobody may open it."""
    url = cluster.database()
    storage = PostgisStorage(url)
    storage.create("town", small_study(), by="李四")
    storage.close()
    return url


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """An empty storage that can take the studies `town` and `other`."""
    if request.param == "embedded":
        files = EmbeddedStorage({name: tmp_path / f"{name}.gpkg" for name in ("town", "other")})
        yield files
        files.close()
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    filled = "store" in request.fixturenames  # with the town in it already: a copy is quicker than writing it
    url = cluster.database(request.getfixturevalue("town_database") if filled else None)
    made = PostgisStorage(url)
    yield made
    made.close()
    cluster.drop(url)


@pytest.fixture
def store_factory(storage: Storage, town_file: Path, tmp_path: Path) -> StoreFactory:
    """Return a function that keeps a study (the small town) and returns its store."""

    def make(study: Study | None = None, study_id: str = "town") -> StudyStore:
        if study is None and isinstance(storage, EmbeddedStorage):  # a copy is quicker than writing it
            shutil.copy(town_file, tmp_path / f"{study_id}.gpkg")
            return storage.open(study_id)
        if study is None and study_id in storage.studies():
            return storage.open(study_id)
        return storage.create(study_id, study or small_study(), by="李四")

    return make


@pytest.fixture
def store(store_factory: StoreFactory) -> StudyStore:
    """The small town."""
    return store_factory()
