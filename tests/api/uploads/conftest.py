"""One server of the small town for all tests of uploads."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.server import Server
from api.storage import StudyStore
from tests.api.served import STUDY_ID, client, serve, small_study


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server of the small town whose jobs do not begin."""
    made = serve(small_study(), tmp_path_factory.mktemp("served"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def town(server: Server) -> TestClient:
    """Give a client of it."""
    return client(server)


@pytest.fixture
def store(server: Server) -> StudyStore:
    """Give the study's store."""
    return server.storage.open(STUDY_ID)


@pytest.fixture(scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file of this machine that no answer may hold anything of."""
    path = tmp_path_factory.mktemp("private") / "secret.csv"
    path.write_text('WKT,said\n"POINT (120 30)",qx-secret-71d3\n')
    return path
