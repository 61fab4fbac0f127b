"""The part of a server that has jobs done: a process for each, under limits, watched until it ends."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from api.jobs.orders import OUTCOME, Orders, lost, too_much
from api.jobs.queue import LEASE_S, MOST_ATTEMPTS, Job, Queue, Status
from api.jobs.requests import checked
from api.jobs.rooms import Rooms, sweep
from api.sandbox import bare_environment, offered
from api.server import Server
from api.storage import StudyStore
from geo.errors import ShequError
from geo.ingest import drivers

if TYPE_CHECKING:
    from api.jobs.dispatch import Dispatch

LOG = logging.getLogger("shequ.jobs")

TICK_S = 0.25
"""How often running jobs are looked at: whether they ended, or somebody asked for their end."""
IDLE_S = 1.0
"""How often the queues are looked at when nobody in this process has put anything in."""
GRACE_S = 0.5
"""Between the request to end and the end by force."""
LEAVES_WITHIN_S = 10.0
"""A process that has written the end of its job has so long to leave."""
DISMISSED_WITHIN_S = 2.0

_BESIDES = ("HOME", "PROJ_", "XDG_", "NUMBA_", "OMP_", "OPENBLAS_", "MPL", "ARROW_", "MALLOC_")
"""How the variables begin that libraries look for when they are imported; the others come with the orders."""

_CRASHES = frozenset({signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})


@dataclass
class _Run:
    """A job that is being done."""

    store: StudyStore
    queue: Queue
    job: Job
    process: subprocess.Popen[bytes]
    folder: Path
    began: float
    renew_at: float
    why: str = ""
    """Why we ended it: `cancel`, `time`, `close`, `lost`; empty while we did not."""
    kill_at: float | None = None


class Jobs:
    """Takes jobs from the queues of a server's studies and has them done in processes of their own.

    A part of the server: `server.part(Jobs)`. `start` begins to take jobs, `close` ends what runs and puts it back into
    the queue. Several servers may share a study: each job is done by one of them.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._settings = server.settings
        self._name = _my_name()
        self._runs: dict[tuple[str, str], _Run] = {}
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._rooms: Rooms | None = None
        self._dispatch = self._dispatching()

    # ── for requests ──
    def queue(self, store: StudyStore) -> Queue:
        """Return the queue of a study."""
        return Queue(store.backend)  # type: ignore[attr-defined]

    @property
    def closing(self) -> bool:
        """Whether the server is about to end: who watches a job should let go."""
        return self._closing.is_set()

    def submit(
        self,
        store: StudyStore,
        process: str,
        request: Mapping[str, Any],
        *,
        by: str,
        judge: Callable[[str, bytes], None] | None = None,
    ) -> Job:
        """Check a request and put it into the queue; `judge` looks at files that came in it.

        Raises
        ------
        NotFoundError
            When there is no such process.
        BadRequestError
            With everything that is wrong with the inputs.
        """
        job = checked(store, process, request, judge=judge).put(self.queue(store), by=by)
        self._announce(store, job.id)
        return job

    def dismiss(self, store: StudyStore, job_id: str) -> Job:
        """End a job; one that has ended is taken off the list, and what it gave stays with the study."""
        queue = self.queue(store)
        before = queue.get(job_id)
        if before.ended:
            queue.forget(job_id)
            return replace(before, status="dismissed", message="taken off the list")
        job = queue.ask_to_end(job_id)
        self._wake.set()
        until = time.monotonic() + DISMISSED_WITHIN_S
        while not job.ended and time.monotonic() < until:
            time.sleep(0.02)
            job = queue.get(job_id)
        return job

    def _dispatching(self) -> "Dispatch | None":
        """Return how jobs are handed out among the servers of a database; None where files are served."""
        database = self._settings.database
        if database is None:
            return None
        from api.jobs.dispatch import Dispatch  # noqa: PLC0415 - who serves files needs no PostgreSQL

        return Dispatch(database.get_secret_value(), self._settings.job_processes, self._wake.set)

    def _announce(self, store: StudyStore, job_id: str) -> None:
        """Tell who does jobs that one waits: this server, or any of those that share the database."""
        if self._dispatch is None:
            self._wake.set()
        else:
            self._dispatch.put(store.study_id, job_id)

    # ── the thread ──
    def start(self) -> None:
        """Begin to take jobs."""
        if self._thread is None:
            sweep()
            if len(holds := offered(moves=True)) < 2:
                LOG.warning("this system cannot confine all that jobs do with files", extra={"said": {"holds": holds}})
            self._rooms = Rooms()
            if self._dispatch is not None:
                self._dispatch.start()
            self._thread = threading.Thread(target=self._watch, name="jobs", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End what runs, put it back into the queue, and take no more."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=10.0)
        if self._dispatch is not None:
            self._dispatch.close()
        if self._rooms is not None:
            self._rooms.close()

    def _watch(self) -> None:
        """Take jobs and watch over them until the server ends. Workers die with this thread."""
        look_at = 0.0
        with suppress(ShequError, SQLAlchemyError):
            self._free_the_dead()
        while not self._closing.is_set():
            woken = self._wake.wait(TICK_S if self._runs else IDLE_S)
            self._wake.clear()
            for run in list(self._runs.values()):
                with self._told(run.job.id):
                    self._look_after(run)
            if self._dispatch is not None:
                self._take_tickets(self._dispatch)
            if (woken and self._dispatch is None) or time.monotonic() >= look_at:
                self._take()
                look_at = time.monotonic() + (IDLE_S if self._dispatch is None else self._dispatch.look_s)
        for run in list(self._runs.values()):
            with self._told(run.job.id):
                self._end(run, "close", force=True)
                self._settle(run)

    def _told(self, job_id: str) -> "_Told":
        return _Told(job_id)

    def _stores(self) -> Iterator[StudyStore]:
        for study_id in self._server.storage.studies():
            store = None
            with self._told(""):
                store = self._server.storage.open(study_id)
            if store is not None:
                yield store

    def _free_the_dead(self) -> None:
        """Let go of jobs whose server ran on this machine and is gone: nobody need wait for their leases."""
        for store in self._stores():
            queue = self.queue(store)
            queue.free([each for each in queue.holders() if _is_gone(each)])

    def _take(self) -> None:
        """Start as many jobs as may run at once, one study after the other."""
        took = True
        while took and not self._closing.is_set():
            took = False
            for store in self._stores():
                if len(self._runs) >= self._settings.job_processes:
                    return
                with self._told(""):
                    queue = self.queue(store)
                    job = queue.take(self._name) if queue.waiting() else None
                    if job is not None:
                        took = True
                        self._begin(store, queue, job)

    def _take_tickets(self, dispatch: "Dispatch") -> None:
        """Start the jobs that were handed to this server."""
        for study_id, job_id in dispatch.tickets(self._settings.job_processes - len(self._runs)):
            with self._told(job_id):
                store = self._server.storage.open(study_id)
                queue = self.queue(store)
                job = queue.take(self._name, job_id=job_id)
                if job is not None:
                    self._begin(store, queue, job)
            if (study_id, job_id) not in self._runs:
                dispatch.done(study_id, job_id)

    def _begin(self, store: StudyStore, queue: Queue, job: Job) -> None:
        if job.cancel:
            self._conclude(store, job, "dismissed", "dismissed")
            return
        if job.attempts > MOST_ATTEMPTS:
            message = f"given up: its worker was lost {MOST_ATTEMPTS} times"
            self._conclude(store, job, "failed", message, lost(message))
            return
        assert self._rooms is not None  # noqa: S101 - start made them
        folder = self._rooms.make(job.id)
        settings = self._settings
        orders = Orders(
            study=store.study_id, job=job.id, worker=self._name, folder=folder, parent=os.getpid(),
            memory_bytes=settings.job_memory_bytes, cpu_s=settings.job_seconds * max(1, os.cpu_count() or 1),
            studies={key: path.absolute() for key, path in settings.studies.items() if key == store.study_id},
            database=None if settings.database is None else settings.database.get_secret_value(),
            environment=dict(os.environ),
        )  # fmt: skip
        with (folder / "worker.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - a program of ours, and the name of one of its processes
                [sys.executable, "-m", "api.jobs.worker", job.process], stdin=subprocess.PIPE, stdout=log, stderr=log,
                cwd=folder, start_new_session=True,
                env={**bare_environment(*_BESIDES), **drivers.environment(), "TMPDIR": str(folder)},
            )  # fmt: skip
        assert process.stdin is not None  # noqa: S101 - as asked for
        with suppress(BrokenPipeError):
            process.stdin.write(orders.text())
            process.stdin.close()
        now = time.monotonic()
        self._runs[store.study_id, job.id] = _Run(store, queue, job, process, folder, now, now + LEASE_S / 4)
        said = {"job": job.id, "process": job.process, "study": store.study_id, "pid": process.pid}
        LOG.info("job started", extra={"said": said})

    def _look_after(self, run: _Run) -> None:
        now = time.monotonic()
        if run.process.poll() is not None:
            self._settle(run)
        elif run.kill_at is not None:
            if now >= run.kill_at:
                _kill(run.process, signal.SIGKILL)
        elif now - run.began > self._settings.job_seconds:
            self._end(run, "time")
        elif (stands := run.queue.standing(run.job.id, self._name)) != "wanted":
            if stands == "ended":  # it only has to go
                run.kill_at = now + LEAVES_WITHIN_S
            else:
                self._end(run, stands, force=stands == "lost")
        elif now >= run.renew_at:
            run.renew_at = now + LEASE_S / 4
            run.queue.renew(run.job.id, self._name)

    def _end(self, run: _Run, why: str, *, force: bool = False) -> None:
        run.why = run.why or why
        _kill(run.process, signal.SIGKILL if force else signal.SIGTERM)
        run.kill_at = time.monotonic() + (0.0 if force else GRACE_S)

    def _settle(self, run: _Run) -> None:
        """Say how a job ended whose process has ended, unless the process said it."""
        code = run.process.wait(timeout=5.0)
        _kill(run.process, signal.SIGKILL)  # whatever it started
        del self._runs[run.store.study_id, run.job.id]
        if run.queue.standing(run.job.id, self._name) in ("wanted", "cancel"):
            job = run.queue.get(run.job.id)
            self._account_for(run, job, code)
        told = _tail(run.folder / "worker.log")
        said = {"job": run.job.id, "study": run.store.study_id, "code": code, "why": run.why, "told": told,
                "seconds": round(time.monotonic() - run.began, 2)}  # fmt: skip
        LOG.log(logging.WARNING if told or (code and not run.why) else logging.INFO, "job ended", extra={"said": said})
        assert self._rooms is not None  # noqa: S101 - start made them
        self._rooms.clear(run.folder)
        self._wake.set()
        if self._dispatch is not None:
            self._dispatch.done(run.store.study_id, run.job.id)
            if run.queue.get(run.job.id).status == "accepted":  # given back: for whichever server is free
                self._dispatch.put(run.store.study_id, run.job.id)

    def _account_for(self, run: _Run, job: Job, code: int) -> None:
        """Say what became of a job that is still called running."""
        settings, store, queue = self._settings, run.store, run.queue
        ended = signal.Signals(-code) if code < 0 else None
        if run.why == "close":
            queue.give_back(job.id, self._name, "waiting: its server ended", counted=False)
        elif job.cancel or run.why == "cancel":
            self._conclude(store, job, "dismissed", "dismissed")
        elif run.why == "time":
            message = f"the job took longer than it may ({settings.job_seconds} s)"
            self._conclude(store, job, "failed", message, too_much(message, "ask for less, or a quicker effort"))
        elif ended == signal.SIGXCPU:
            message = "the job took more processor time than it may"
            self._conclude(store, job, "failed", message, too_much(message, "ask for less, or a quicker effort"))
        elif ended in _CRASHES:
            most = settings.job_memory_bytes / 1024**3
            message = f"the job's process broke off ({ended.name}), most likely for want of memory ({most:.1f} GB)"
            self._conclude(store, job, "failed", message, too_much(message, "ask for less"))
        elif job.attempts < MOST_ATTEMPTS:
            how = f"killed ({ended.name})" if ended else f"ended with code {code}"
            queue.give_back(job.id, self._name, f"waiting again: its worker was {how}", counted=True)
        else:
            message = f"given up: its worker was lost {MOST_ATTEMPTS} times"
            self._conclude(store, job, "failed", message, lost(message))

    def _conclude(
        self,
        store: StudyStore,
        job: Job,
        status: Status,
        message: str,
        outcome: Mapping[str, Any] | None = None,
    ) -> None:
        """Say how a job ended; as successful where its results are there, whatever became of its worker."""
        queue, written = self.queue(store), store.document(OUTCOME, job.id)
        if written is not None:
            queue.end(job.id, self._name, "successful", "done", written.body)
        else:
            queue.end(job.id, self._name, status, message, outcome)


class _Told:
    """Logs what goes wrong while one job is looked after, so that the others are looked after too."""

    def __init__(self, job_id: str) -> None:
        self._job = job_id

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        """Log the error; what nobody can have foreseen goes on."""
        if isinstance(error, (ShequError, SQLAlchemyError, OSError, subprocess.SubprocessError)):
            LOG.warning("a job could not be looked after", extra={"said": {"job": self._job, "error": str(error)}})
            return True
        return False


def _kill(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Send a signal to a worker and everything it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, how)


def _tail(path: Path, most: int = 4_000) -> str:
    try:
        return path.read_bytes()[-most:].decode(errors="replace").strip()
    except OSError:
        return ""


# ── who holds a lease ────────────────────────────────────────────────────────────────────────────────────────────────
def _my_name() -> str:
    """Return a name that no other server has or had: machine, process, when it started."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid()) or time.time_ns()}"


def _is_gone(name: str) -> bool:
    """Tell whether it is certain that the server of that name is gone: it ran on this machine, and does no more."""
    host, *rest = name.rsplit(":", 2)
    if host != socket.gethostname() or len(rest) != 2 or not rest[0].isdecimal():
        return False
    return _started(int(rest[0])) != rest[1]


def _started(pid: int) -> str | None:
    """Return when a process began, as the kernel counts it; None when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
