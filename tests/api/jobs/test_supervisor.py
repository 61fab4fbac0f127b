"""Jobs in processes of their own: done, ended, killed, over their limits; servers that end in the middle."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.errors import NotFoundError
from api.jobs import Job, Jobs, Queue
from api.jobs.orders import OUTCOME
from api.jobs.queue import MOST_ATTEMPTS
from api.jobs.supervisor import DISMISSED_WITHIN_S, GRACE_S, TICK_S
from api.main import open_server
from api.server import Server
from api.settings import Settings
from api.storage import StudyStore
from api.storage.plans import PLAN
from tests.api.jobs.conftest import LONG, wait_for
from tests.api.served import STUDY_ID


@pytest.fixture
def town(drawn_wide: Path, tmp_path: Path) -> Path:
    """Give a copy of the wide town, in which a plan takes minutes."""
    return Path(shutil.copy(drawn_wide, tmp_path))


EXPORT = {"inputs": {"collections": ["communities"]}}


def _worker_of(job_id: str) -> int | None:
    """Return the process that does a job: its folder tells."""
    for each in Path("/proc").iterdir():
        if not each.name.isdecimal():
            continue
        try:
            if job_id in os.readlink(each / "cwd"):
                return int(each.name)
        except OSError:
            continue
    return None


def _lives(pid: int) -> bool:
    """Tell whether a process does anything any more: one that ended stays listed until its parent has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def _runs_again(attempt: int, job: Job) -> bool:
    return job.status == "running" and job.attempts == attempt


def _at_work(queue: Queue, job_id: str) -> int:
    """Wait until a job's process plans, and return its id."""
    wait_for(queue, job_id, lambda job: job.message.startswith("search"))
    pid = _worker_of(job_id)
    assert pid is not None
    return pid


def test_a_job_is_done_from_the_request_to_the_file(jobs: Jobs, store: StudyStore, queue: Queue) -> None:
    jobs.start()

    job = jobs.submit(store, "export", EXPORT, by="li")
    done = wait_for(queue, job.id, lambda one: one.ended)

    assert (done.status, done.progress, done.attempts) == ("successful", 1.0, 1)
    assert done.outcome is not None
    assert store.file(done.outcome["files"]["file"]) is not None
    assert [line.text for line in queue.log(job.id)][:2] == ["accepted", "started"]
    assert store.transactions(limit=1)[0].note == f"job {job.id}"


def test_a_running_job_ends_within_two_seconds_and_leaves_nothing(jobs: Jobs, store: StudyStore, queue: Queue) -> None:
    jobs.start()
    job, head = jobs.submit(store, "plan", LONG, by="li"), store.head()
    pid = _at_work(queue, job.id)
    folder = Path(os.readlink(f"/proc/{pid}/cwd"))

    assert TICK_S + GRACE_S + TICK_S < DISMISSED_WITHIN_S == 2.0, "seen, asked to end, and ended by force"
    jobs.dismiss(store, job.id)
    ended = wait_for(queue, job.id, lambda one: one.ended)  # a busy machine may take longer

    assert ended.status == "dismissed"
    assert not Path(f"/proc/{pid}").exists()
    assert store.head() == head
    assert store.documents(PLAN) == []
    end = time.monotonic() + 60
    while folder.exists():
        assert time.monotonic() < end
        time.sleep(0.02)

    assert jobs.dismiss(store, job.id).message == "taken off the list"
    with pytest.raises(NotFoundError):
        queue.get(job.id)


def test_a_killed_worker_is_replaced_twice_then_the_job_has_failed(jobs: Jobs, store: StudyStore, queue: Queue) -> None:
    jobs.start()
    job = jobs.submit(store, "plan", LONG, by="li")

    for attempt in range(1, MOST_ATTEMPTS + 1):
        wait_for(queue, job.id, partial(_runs_again, attempt))
        end = time.monotonic() + 60
        while (pid := _worker_of(job.id)) is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
    failed = wait_for(queue, job.id, lambda one: one.ended)

    assert (failed.status, failed.attempts) == ("failed", MOST_ATTEMPTS)
    assert failed.message == "given up: its worker was lost 3 times"
    told = [line.text for line in queue.log(job.id)]
    assert told.count("waiting again: its worker was killed (SIGKILL)") == MOST_ATTEMPTS - 1
    assert "started (attempt 3)" in told


def test_a_job_beyond_its_time_or_memory_fails_and_says_so(town: Path) -> None:
    settings = Settings(studies={STUDY_ID: town}, job_processes=2, job_seconds=60, job_memory_bytes=900 * 1024**2)
    server = open_server(settings.model_copy(update={"job_seconds": 1, "job_memory_bytes": 8 * 1024**3}))
    try:
        jobs, store = server.part(Jobs), server.storage.open(STUDY_ID)
        queue = jobs.queue(store)
        slow = jobs.submit(store, "plan", LONG, by="li")
        jobs.start()
        ended = wait_for(queue, slow.id, lambda one: one.ended)
        assert ended.status == "failed"
        assert ended.message in (
            "the job took longer than it may (1 s)",
            "the job took more processor time than it may",
        )  # two processors: whichever comes first
        assert ended.outcome is not None
        assert ended.outcome["status"] == 413
    finally:
        server.close()

    server = open_server(settings)
    try:
        jobs, store = server.part(Jobs), server.storage.open(STUDY_ID)
        queue = jobs.queue(store)
        large = jobs.submit(store, "plan", LONG, by="li")
        jobs.start()
        ended = wait_for(queue, large.id, lambda one: one.ended)
        assert (ended.status, ended.attempts) == ("failed", 1)
        assert "memory" in ended.message
        assert "0.9 GB" in ended.message
        assert store.documents("result") == []
    finally:
        server.close()


def test_a_refusal_becomes_the_problem_of_the_job(jobs: Jobs, store: StudyStore, queue: Queue) -> None:
    jobs.start()
    asked = {"min_households": 50_000, "max_households": 60_000, "effort": "quick"}

    job = jobs.submit(store, "plan", {"inputs": {"options": asked, "advice": False}}, by="li")
    failed = wait_for(queue, job.id, lambda one: one.ended)

    assert failed.status == "failed"
    assert failed.outcome is not None
    assert (failed.outcome["status"], failed.outcome["title"]) == (409, "No answer")
    assert failed.outcome["reasons"]
    assert failed.outcome["reasons_zh"]
    assert failed.message == failed.outcome["reasons"][0]


def test_a_server_that_ends_puts_its_jobs_back(town: Path) -> None:
    settings = Settings(studies={STUDY_ID: town}, job_processes=1)
    server = open_server(settings)
    jobs, store = server.part(Jobs), server.storage.open(STUDY_ID)
    jobs.start()
    job = jobs.submit(store, "plan", LONG, by="li")
    pid = _at_work(jobs.queue(store), job.id)
    server.close()

    assert not Path(f"/proc/{pid}").exists()
    server = open_server(settings)
    try:
        queue = Queue(server.storage.open(STUDY_ID).backend)  # type: ignore[attr-defined]
        back = queue.get(job.id)
        assert (back.status, back.attempts) == ("accepted", 0)
    finally:
        server.close()


# ── a server that is killed ──────────────────────────────────────────────────────────────────────────────────────────
_SERVER = """
import json, sys, time
from pathlib import Path
from api.jobs import Jobs
from api.main import open_server
from api.settings import Settings

server = open_server(Settings(studies={"town": Path(sys.argv[1])}, job_processes=2))
jobs, store = server.part(Jobs), server.storage.open("town")
for process, request in json.loads(sys.argv[2]):
    print(jobs.submit(store, process, request, by="li").id, flush=True)
jobs.start()
time.sleep(600)
"""


@pytest.fixture
def killed(town: Path) -> Iterator[Any]:
    """Give a function that starts a server with jobs and returns it with their ids."""
    started: list[subprocess.Popen[str]] = []

    def begin(*requests: tuple[str, Any]) -> tuple[subprocess.Popen[str], list[str]]:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(town), json.dumps(requests)], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        return process, [process.stdout.readline().strip() for _ in requests]

    yield begin
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_jobs_survive_a_killed_server(server: Server, store: StudyStore, queue: Queue, killed: Any) -> None:
    """The worker dies with its server; the next server takes the job again, without waiting for the lease."""
    process, (long, short) = killed(("plan", LONG), ("export", EXPORT))
    pid = _at_work(queue, long)
    wait_for(queue, short, lambda one: one.ended)

    process.kill()
    process.wait()
    end = time.monotonic() + 60
    while _lives(pid):
        assert time.monotonic() < end, "the worker outlives its server"
        time.sleep(0.02)
    left = queue.get(long)
    assert left.status == "running"
    assert left.worker is not None
    queue.renew(long, left.worker, lease_s=3600.0)

    jobs = server.part(Jobs)
    jobs.start()
    again = wait_for(queue, long, lambda one: one.attempts == 2)

    assert again.status == "running"
    assert jobs.dismiss(store, long).status == "dismissed"
    assert queue.get(short).status == "successful"
    assert store.document(OUTCOME, long) is None
