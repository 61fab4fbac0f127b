"""The small town with a plan, its owner and a viewer."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.accounts.rights import Caller
from api.main import create_app
from api.server import Server
from tests.api.editing.conftest import As, planned_file, served, study_file
from tests.api.served import STUDY_ID

__all__ = ["planned_file", "study_file"]

HERE = f"/studies/{STUDY_ID}"


@pytest.fixture(scope="module")
def server(planned_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(planned_file, tmp_path_factory.mktemp("served")) as made:
        yield made


@pytest.fixture(scope="module")
def as_(server: Server) -> Callable[[str], TestClient]:
    """A client of somebody with a role."""

    def of(role: str) -> TestClient:
        app = create_app(server.settings, server)
        app.add_middleware(As, caller=Caller(role, {STUDY_ID: role}))  # type: ignore[dict-item]
        return TestClient(app, base_url="http://127.0.0.1:8000")

    return of


@pytest.fixture(scope="module")
def owner(as_: Callable[[str], TestClient]) -> TestClient:
    return as_("admin")


@pytest.fixture(scope="module")
def viewer(as_: Callable[[str], TestClient]) -> TestClient:
    return as_("viewer")
