"""A small town with its server's jobs, for tests of the queue and of what is done."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.jobs import Job, Jobs, Queue
from api.main import open_server
from api.server import Server
from api.settings import Settings
from api.storage import StudyStore
from geo.study import write_study
from tests.api.served import STUDY_ID, small_study


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of the small town: for copies."""
    path = tmp_path_factory.mktemp("drawn") / f"{STUDY_ID}.gpkg"
    write_study(small_study(), path)
    return path


@pytest.fixture
def town(drawn: Path, tmp_path: Path) -> Path:
    """Give a copy of the file of the small town."""
    return Path(shutil.copy(drawn, tmp_path))


@pytest.fixture
def server(town: Path) -> Iterator[Server]:
    """Give a server of the small town that takes no jobs yet: `server.part(Jobs).start()` begins."""
    made = open_server(Settings(studies={STUDY_ID: town}, job_processes=1))
    yield made
    made.close()


@pytest.fixture
def store(server: Server) -> StudyStore:
    """Give the study's store."""
    return server.storage.open(STUDY_ID)


@pytest.fixture
def queue(store: StudyStore) -> Queue:
    """Give the study's queue."""
    return Queue(store.backend)  # type: ignore[attr-defined]


@pytest.fixture
def jobs(server: Server) -> Jobs:
    """Give the server's part that has jobs done."""
    return server.part(Jobs)


def wait_for(queue: Queue, job_id: str, until: Callable[[Job], Any], seconds: float = 60.0) -> Job:
    """Return a job as soon as something holds of it."""
    end = time.monotonic() + seconds
    while not until(job := queue.get(job_id)):
        assert time.monotonic() < end, f"{job.id} is still {job.status}: {job.message}"
        time.sleep(0.02)
    return job


LONG = {"inputs": {"options": {"effort": 2_000_000_000}, "advice": False}}
"""A request for a plan that takes minutes."""
