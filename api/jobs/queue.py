"""The queue of one study's jobs: a table of its storage, the same in a study file and in a database.

A job is accepted, then taken by one server process under a lease, which it renews while the job's worker lives. Who
loses the lease has lost the job: whatever it says of it afterwards is not heard. All times are UTC.
"""

import json
import secrets
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update
from sqlalchemy.exc import OperationalError

from api.errors import BusyError, NotFoundError
from api.storage.backend import Backend
from api.storage.tables import job_log, jobs

Status = Literal["accepted", "running", "successful", "failed", "dismissed"]
STATUSES: tuple[Status, ...] = ("accepted", "running", "successful", "failed", "dismissed")
ENDED: frozenset[Status] = frozenset({"successful", "failed", "dismissed"})

LEASE_S = 20.0
"""A running job whose lease was not renewed for so long has lost its server."""
MOST_ATTEMPTS = 3
"""A job whose worker was killed is taken again, until it was tried so often."""
MOST_LINES = 2_000
"""Lines of one job's log; what is told after that moves the progress and is not kept."""


@dataclass(frozen=True)
class Job:
    """One job as the table has it.

    Attributes
    ----------
    id, process, by
    request
        `inputs`, and where they were given `outputs` and `response` of the execute request.
    status
        As in OGC API Processes.
    message
        What it does now, or how it ended, in a sentence.
    progress
        Share done, 0 to 1.
    created, started, finished, updated
        UTC, ISO 8601.
    attempts
        How often a worker was started for it.
    worker
        Who holds the lease.
    cancel
        Whether somebody asked for its end.
    outcome
        What it gave (`api.jobs.worker`), or the problem document when it failed.
    """

    id: str
    process: str
    by: str
    request: Mapping[str, Any]
    status: Status
    message: str
    progress: float
    created: str
    started: str | None
    finished: str | None
    updated: str
    attempts: int
    worker: str | None
    cancel: bool
    outcome: Mapping[str, Any] | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED

    @property
    def seconds(self) -> float | None:
        """How long it has run, or ran; None before it began."""
        if self.started is None:
            return None
        end = datetime.fromisoformat(self.finished) if self.finished else datetime.now(UTC)
        return (end - datetime.fromisoformat(self.started)).total_seconds()


@dataclass(frozen=True)
class Line:
    """One line of a job's log; numbers grow by one."""

    number: int
    at: str
    text: str
    progress: float | None


def no_such_job(job_id: str) -> NotFoundError:
    """Return the refusal of an id that is no job's."""
    return NotFoundError(f"there is no job {job_id}", "see the list of jobs", type=NO_SUCH_JOB)


class Queue:
    """The jobs of one study."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._key = backend.key

    # ── asking ──
    def get(self, job_id: str) -> Job:
        """Return a job; NotFoundError when there is none of that id."""
        with self._backend.reading() as db:
            row = db.execute(select(jobs).where(*self._is(job_id))).one_or_none()
        if row is None:
            raise no_such_job(job_id)
        return _job(row)

    def list(
        self,
        *,
        processes: Collection[str] = (),
        statuses: Collection[str] = (),
        since: str | None = None,
        until: str | None = None,
        min_seconds: float | None = None,
        max_seconds: float | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[Sequence[Job], int]:
        """Return jobs, newest first, and how many there are of that kind; `since` and `until` are about `created`."""
        wanted = [jobs.c.study == self._key]
        if processes:
            wanted.append(jobs.c.process.in_(processes))
        if statuses:
            wanted.append(jobs.c.status.in_(statuses))
        if since:
            wanted.append(jobs.c.created >= since)
        if until:
            wanted.append(jobs.c.created <= until)
        asked = select(jobs).where(*wanted).order_by(jobs.c.created.desc(), jobs.c.id.desc())
        timed = min_seconds is not None or max_seconds is not None
        with self._backend.reading() as db:
            if not timed:
                matched = db.execute(select(func.count()).select_from(jobs).where(*wanted)).scalar_one()
                return [_job(row) for row in db.execute(asked.offset(offset).limit(limit))], matched
            found = [job for job in map(_job, db.execute(asked)) if _lasted(job, min_seconds, max_seconds)]
        return found[offset : offset + limit], len(found)

    def log(self, job_id: str, *, after: int = 0, limit: int = 500) -> Sequence[Line]:
        """Return the lines of a job's log with numbers above `after`, oldest first."""
        asked = (
            select(job_log.c.number, job_log.c.at, job_log.c.text, job_log.c.progress)
            .where(job_log.c.study == self._key, job_log.c.job == job_id, job_log.c.number > after)
            .order_by(job_log.c.number)
            .limit(limit)
        )
        with self._backend.reading() as db:
            return [Line(*row) for row in db.execute(asked)]

    def waiting(self) -> bool:
        """Tell whether a job waits to be taken; cheap."""
        asked = select(jobs.c.id).where(jobs.c.study == self._key, self._takeable(time.time())).limit(1)
        with self._backend.reading() as db:
            return db.execute(asked).first() is not None

    # ── whoever asks for work ──
    def put(self, process: str, request: Mapping[str, Any], *, by: str, job_id: str | None = None) -> Job:
        """Put a job at the end of the queue."""
        now = _now()
        row = {"study": self._key, "process": process, "by": by, "status": "accepted", "message": "waiting",
               "inputs": json.dumps(request, ensure_ascii=False), "created": now, "updated": now}  # fmt: skip
        made = job_id or new_job_id()
        with self._writing() as db:
            db.execute(insert(jobs).values(**row, id=made))
            self._say(db, made, "accepted", 0.0)
        return self.get(made)

    def ask_to_end(self, job_id: str) -> Job:
        """Ask for the end of a job: one that waits ends here, one that runs when its server hears of it."""
        now = _now()
        with self._writing() as db:
            ended = db.execute(
                update(jobs)
                .where(*self._is(job_id), jobs.c.status == "accepted")
                .values(status="dismissed", message="dismissed before it began", finished=now, updated=now, cancel=1)
            ).rowcount
            if ended:
                self._say(db, job_id, "dismissed before it began", None)
            else:
                db.execute(
                    update(jobs).where(*self._is(job_id), jobs.c.status == "running").values(cancel=1, updated=now)
                )
        return self.get(job_id)

    def forget(self, job_id: str) -> None:
        """Take a job that has ended off the list, with its log."""
        with self._writing() as db:
            gone = db.execute(delete(jobs).where(*self._is(job_id), jobs.c.status.in_(ENDED))).rowcount
            if gone:
                db.execute(delete(job_log).where(job_log.c.study == self._key, job_log.c.job == job_id))

    # ── whoever does it ──
    def take(self, worker: str, *, lease_s: float = LEASE_S, job_id: str | None = None) -> Job | None:
        """Take the oldest job that waits or has lost its server, under a lease; None when there is none.

        Two who take at the same time never get the same job.
        """
        now = time.time()
        while True:
            asked = select(jobs).where(jobs.c.study == self._key, self._takeable(now))
            if job_id is not None:
                asked = asked.where(jobs.c.id == job_id)
            with self._backend.reading() as db:
                row = db.execute(asked.order_by(jobs.c.created, jobs.c.id).limit(1)).one_or_none()
            if row is None:
                return None
            seen = _job(row)
            at = _now()
            with self._writing() as db:
                mine = db.execute(
                    update(jobs)
                    .where(*self._is(seen.id), jobs.c.status == row.status, jobs.c.attempts == row.attempts,
                           jobs.c.worker.is_(None) if row.worker is None else jobs.c.worker == row.worker,
                           self._takeable(now))
                    .values(status="running", worker=worker, lease_until=now + lease_s, attempts=row.attempts + 1,
                            started=row.started or at, updated=at, message="starting")
                ).rowcount  # fmt: skip
                if mine:
                    again = f" (attempt {row.attempts + 1})" if row.attempts else ""
                    self._say(db, seen.id, f"started{again}", seen.progress)
            if mine:
                return self.get(seen.id)

    def renew(self, job_id: str, worker: str, *, lease_s: float = LEASE_S) -> Job | None:
        """Renew the lease, and return the job as it is; None when it is not this worker's any more."""
        with self._writing() as db:
            mine = db.execute(
                update(jobs).where(*self._mine(job_id, worker)).values(lease_until=time.time() + lease_s)
            ).rowcount
        return self.get(job_id) if mine else None

    def standing(self, job_id: str, worker: str) -> Literal["wanted", "cancel", "ended", "lost"]:
        """Tell how a job stands with the worker that took it; cheap.

        `wanted`: go on. `cancel`: somebody asked for its end. `ended`: its end was written. `lost`: another has it.
        """
        with self._backend.reading() as db:
            row = db.execute(select(jobs.c.status, jobs.c.worker, jobs.c.cancel).where(*self._is(job_id))).one_or_none()
        if row is None or row.worker != worker:
            return "lost"
        if row.status != "running":
            return "ended"
        return "cancel" if row.cancel else "wanted"

    def tell(self, job_id: str, worker: str, text: str, progress: float | None, *, line: bool = True) -> bool:
        """Keep what a job does and how far it is, as a line of its log too; False when it is not this worker's."""
        values: dict[str, Any] = {"message": _printed(text), "updated": _now()}
        if progress is not None:
            values["progress"] = min(max(float(progress), 0.0), 1.0)
        with self._writing() as db:
            mine = db.execute(update(jobs).where(*self._mine(job_id, worker)).values(**values)).rowcount
            if mine and line:
                self._say(db, job_id, text, values.get("progress"))
        return bool(mine)

    def end(
        self, job_id: str, worker: str, status: Status, message: str, outcome: Mapping[str, Any] | None = None
    ) -> bool:
        """Say how the job ended; False when it is not this worker's any more."""
        now = _now()
        values: dict[str, Any] = {"status": status, "message": _printed(message), "finished": now, "updated": now,
                                  "lease_until": None}  # fmt: skip
        if outcome is not None:
            values["outcome"] = json.dumps(outcome, ensure_ascii=False)
        if status == "successful":
            values["progress"] = 1.0
        with self._writing() as db:
            mine = db.execute(update(jobs).where(*self._mine(job_id, worker)).values(**values)).rowcount
            if mine:
                self._say(db, job_id, message, values.get("progress"))
        return bool(mine)

    def give_back(self, job_id: str, worker: str, message: str, *, counted: bool) -> bool:
        """Put the job back to be taken again; an attempt that is not `counted` was nobody's fault: a server's end."""
        values: dict[str, Any] = {"status": "accepted", "message": message, "updated": _now(), "lease_until": None,
                                  "worker": None}  # fmt: skip
        if not counted:
            values["attempts"] = jobs.c.attempts - 1
        with self._writing() as db:
            mine = db.execute(update(jobs).where(*self._mine(job_id, worker)).values(**values)).rowcount
            if mine:
                self._say(db, job_id, message, None)
        return bool(mine)

    def free(self, workers: Collection[str]) -> None:
        """Let the leases of these workers, who are known to be gone, pass now."""
        if workers:
            with self._writing() as db:
                db.execute(
                    update(jobs)
                    .where(jobs.c.study == self._key, jobs.c.status == "running", jobs.c.worker.in_(workers))
                    .values(lease_until=0.0)
                )

    def holders(self) -> frozenset[str]:
        """Return who holds leases."""
        asked = select(jobs.c.worker).where(jobs.c.study == self._key, jobs.c.status == "running").distinct()
        with self._backend.reading() as db:
            return frozenset(row.worker for row in db.execute(asked) if row.worker)

    # ── the rows ──
    def _is(self, job_id: str) -> tuple[Any, ...]:
        return (jobs.c.study == self._key, jobs.c.id == job_id)

    def _mine(self, job_id: str, worker: str) -> tuple[Any, ...]:
        return (*self._is(job_id), jobs.c.status == "running", jobs.c.worker == worker)

    def _takeable(self, now: float) -> Any:  # noqa: ANN401 - SQLAlchemy's
        return or_(
            jobs.c.status == "accepted",
            (jobs.c.status == "running") & or_(jobs.c.lease_until.is_(None), jobs.c.lease_until < now),
        )

    def _say(self, db: Connection, job_id: str, text: str, progress: float | None) -> None:
        last = select(func.coalesce(func.max(job_log.c.number), 0)).where(
            job_log.c.study == self._key, job_log.c.job == job_id
        )
        number = db.execute(last).scalar_one() + 1
        if number <= MOST_LINES:
            row = {"study": self._key, "job": job_id, "number": number, "at": _now(), "text": _printed(text),
                   "progress": progress}  # fmt: skip
            db.execute(insert(job_log).values(**row))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Open a short transaction, waiting for others who write the same file.

        Its first statement writes, so that a snapshot that was read earlier can never stand in the way.
        """
        try:
            with self._backend.engine.begin() as db:
                yield db
        except OperationalError as error:
            raise BusyError(f"the queue cannot be written now ({error.orig})", "try again in a moment") from error


NO_SUCH_JOB = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job"


def new_job_id() -> str:
    """Return an id that nobody has: the day, and chance."""
    return f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"


def _now() -> str:
    """Return the time as fine as the clock tells it: two jobs put one after the other must not share it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _printed(text: str) -> str:
    """Return a text as every database keeps it, in one line."""
    return "".join(each if each.isprintable() else " " for each in text)[:2_000]


def _lasted(job: Job, least: float | None, most: float | None) -> bool:
    seconds = job.seconds
    return seconds is not None and (least is None or seconds >= least) and (most is None or seconds <= most)


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id, process=row.process, by=row.by, request=json.loads(row.inputs), status=row.status,
        message=row.message, progress=row.progress, created=row.created, started=row.started, finished=row.finished,
        updated=row.updated, attempts=row.attempts, worker=row.worker, cancel=bool(row.cancel),
        outcome=None if row.outcome is None else json.loads(row.outcome),
    )  # fmt: skip
