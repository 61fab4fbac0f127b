import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

from api.accounts.rights import Caller
from api.editing.board import PlanBoard
from api.main import create_app, open_server
from api.server import Server
from api.settings import Settings
from geo.partition.plan import Plan, PlanOptions
from geo.partition.solve import make_plan
from geo.standards import load_profile
from tests.api.served import STUDY_ID, serve, small_study

HOME = "/studies/town"


class As:
    """Lets every request be one person's, as signing in does."""

    def __init__(self, app: Any, caller: Caller | None) -> None:
        self.app, self.caller = app, caller

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})["caller"] = self.caller
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def study_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study as a server keeps it, once for all tests: each has a copy."""
    folder = tmp_path_factory.mktemp("town")
    made = serve(small_study(), folder)
    made.storage.open(STUDY_ID)
    made.close()
    return folder / f"{STUDY_ID}.gpkg"


@pytest.fixture(scope="session")
def planned_file(study_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study with a plan p1, a draft of the four quarters as they are."""
    path = tmp_path_factory.mktemp("planned") / study_file.name
    shutil.copyfile(study_file, path)
    made = open_server(Settings(studies={STUDY_ID: path}))
    PlanBoard().create(made.storage.open(STUDY_ID), "p1", small_plan(), title=("方案一", ""), by="owner")
    made.close()
    return path


@pytest.fixture
def server(study_file: Path, tmp_path: Path) -> Iterator[Server]:
    with served(study_file, tmp_path) as made:
        yield made


@contextlib.contextmanager
def served(file: Path, folder: Path) -> Iterator[Server]:
    """A server of a copy of the file."""
    path = folder / file.name
    shutil.copyfile(file, path)
    made = open_server(Settings(studies={STUDY_ID: path}))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def person(server: Server) -> Callable[..., TestClient]:
    """A client for a person of some name and role."""

    def of(name: str = "owner", role: str = "admin", **more: Any) -> TestClient:
        app = create_app(server.settings, server)
        app.add_middleware(As, caller=Caller(name, {"town": role}, **more))
        return TestClient(app, base_url="http://127.0.0.1:8000")

    return of


@pytest.fixture
def town(person: Callable[..., TestClient]) -> TestClient:
    return person()


@pytest.fixture
def address(server: Server) -> Iterator[str]:
    """The address of the study on a running server: what several clients at once have to be tested on."""
    config = uvicorn.Config(create_app(server.settings, server), host="127.0.0.1", port=0, log_level="error")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive(), "the server ended"
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}{HOME}"
    running.should_exit = True
    thread.join()


@cache
def small_plan() -> Plan:
    """The town of four quarters in three communities or so: a plan of its 16 blocks."""
    study = small_study()
    options = PlanOptions(min_households=150, target_households=300, max_households=450, k=4, effort="quick")
    return make_plan(study["blocks"], study["seams"], study["communities"], profile=load_profile("statute"),
                     options=options)  # fmt: skip
