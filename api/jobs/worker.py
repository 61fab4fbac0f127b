"""The process that does one job: `python -m api.jobs.worker`, told on its standard input which.

It works on a copy of the study and writes everything at the end in one transaction, or nothing. It dies with the server
that started it, keeps to limits of memory and processor time, and can be killed at any moment.
"""

import ctypes
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from api.errors import BusyError, OutOfDateError
from api.jobs.confined import Confined, RefusedError, UnforeseenError
from api.jobs.limits import limit_time, limited
from api.jobs.orders import OUTCOME, LostError, Orders, lost, out_of_memory
from api.jobs.processes import MEDIA_TYPES, PROCESSES, process_of
from api.jobs.queue import Job, Queue
from api.jobs.runs import NOTE, Done, Work, told_of
from api.settings import Settings
from api.storage import StudyStore
from api.storage.opening import open_storage
from api.storage.plans import BASE, PLAN
from api.storage.records import DocumentWrite, FileWrite, Write
from geo.errors import Fault, InputError, ShequError
from geo.partition.plan import Plan
from geo.study import Study, write_study

if TYPE_CHECKING:
    from api.exports.takeaway import Notes, Wanted

MOST_RERUNS = 2
"""A job whose tables were edited meanwhile is done again on the newer study, so often."""
LARGEST_FILE = 900 * 1024 * 1024
_TOLD_EVERY_S = 0.5
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Do the job; the name of its process is the one argument."""
    process = PROCESSES.get(sys.argv[1])
    confined = Confined(process) if process is not None and process.confined else None  # before anything is known
    orders = Orders.read(sys.stdin.buffer.read())
    os.environ.update({name: value for name, value in orders.environment.items() if name not in os.environ})
    _die_with(orders.parent)
    limit_time(orders.cpu_s)
    database = {"database": orders.database} if orders.database else {}
    storage = open_storage(Settings(studies=dict(orders.studies), **database))  # type: ignore[arg-type]
    try:
        store = storage.open(orders.study)
        queue = Queue(store.backend)  # type: ignore[attr-defined]
        job = queue.get(orders.job)
        status, message, outcome = attempt(store, queue, job, orders, confined)
        queue.end(job.id, orders.worker, status, message, outcome)  # type: ignore[arg-type]
    except LostError:
        return 0
    finally:
        storage.close()
        if confined is not None:
            confined.close()
    return 0


def attempt(
    store: StudyStore, queue: Queue, job: Job, orders: Orders, confined: Confined | None = None
) -> tuple[str, str, Mapping[str, Any]]:
    """Do the job, whatever comes of it; return status, message and outcome."""
    try:
        return "successful", "done", do(store, queue, job, orders, confined)
    except (ShequError, RefusedError) as error:
        told = error.told if isinstance(error, RefusedError) else told_of(error)
        told = json.loads(json.dumps(told).replace(f"{orders.folder}/in/", "").replace(f"{orders.folder}/", ""))
        return "failed", str(told["detail"]).split("\n")[0], told
    except MemoryError:
        told = out_of_memory(orders.memory_bytes)
        return "failed", told["detail"], told
    except LostError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the job ends, and the log of the server has the rest
        if not isinstance(error, UnforeseenError):  # that was printed where it came from
            traceback.print_exc()
        return "failed", _UNFORESEEN, lost(_UNFORESEEN)


_UNFORESEEN = "the job failed for a reason that was not foreseen; the server's log has it"


def do(
    store: StudyStore, queue: Queue, job: Job, orders: Orders, confined: Confined | None = None
) -> Mapping[str, Any]:
    """Do the job, write what came of it in one transaction, and return its outcome.

    The work itself is done in the confined process, where there is one, else here.
    However often a job is done: its results are written once.
    """
    for again in range(MOST_RERUNS + 1):
        if (written := store.document(OUTCOME, job.id)) is not None:  # an attempt before this one got so far
            return written.body
        try:
            return _once(store, queue, job, orders, confined)
        except OutOfDateError as error:
            edited = {change["collection"] for change in error.more.get("changes", ())}
            mine = any(name.startswith("document:") for name in edited)
            if mine and store.document(OUTCOME, job.id) is not None:
                continue
            if mine or again == MOST_RERUNS:
                raise
            queue.tell(job.id, orders.worker, f"again: {', '.join(sorted(edited))} changed meanwhile", 0.0)
    raise AssertionError("unreachable")


def _once(store: StudyStore, queue: Queue, job: Job, orders: Orders, confined: Confined | None) -> Mapping[str, Any]:
    said = _Said(queue, job, orders.worker)
    said("reading the study", 0.0)
    since = store.head()
    study = store.study()
    folder = orders.folder
    (folder / "out").mkdir(exist_ok=True)
    write_study(study, folder / "study.gpkg")
    process = process_of(job.process)
    inputs = process.read(job.request.get("inputs", {}))
    work = Work(
        study=folder / "study.gpkg", out=folder / "out", files=_fetched(store, inputs.file_keys(), folder / "in"),
        plan=lambda plan_id: _plan(store, study, plan_id),
        programme=lambda result_id: _programme(store, result_id, folder),
        export=lambda wanted, out, told: _exported(store, wanted, out, told),
        by=job.by, at=job.created, job=job.id, told=said,
    )  # fmt: skip
    if confined is None:
        with limited(orders.memory_bytes):
            done = process.run(inputs, work)
    else:
        done = confined.run(inputs, work, memory_bytes=orders.memory_bytes, cpu_s=orders.cpu_s)
    if queue.standing(job.id, orders.worker) != "wanted":
        raise LostError
    said("keeping the results", 0.99)
    return _kept(store, job, done, since)


def _kept(store: StudyStore, job: Job, done: Done, since: int) -> Mapping[str, Any]:
    """Write all that came of a run in one transaction, with the document that says so."""
    files = {output: f"jobs/{job.id}/{path.name}" for output, path in done.files.items()}
    outcome = {"process": job.process, "summary": dict(done.summary), "collections": list(done.collections),
               "files": files, "by": job.by}  # fmt: skip
    writes: list[Write] = [
        *done.writes,
        *(FileWrite(files[output], media_type(path), _content(path)) for output, path in done.files.items()),
        DocumentWrite(OUTCOME, job.id, outcome, expected=0),
    ]
    if done.study is None:
        store.commit(writes, by=job.by, action=done.action, note=f"job {job.id}")
    else:
        store.put_study(done.study, by=job.by, action=done.action, note=f"job {job.id}", also=writes, since=since)  # type: ignore[call-arg]
    return outcome


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise InputError(Fault(f"{path.name} has {size:,} bytes, more than can be kept with a study",
                               "ask for less in one file"))  # fmt: skip
    return path.read_bytes()


def media_type(path: Path) -> str:
    """Return the media type of a file, by its name."""
    return MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")


class _Said:
    """What a run tells, kept now and then; ends the run when the job is no longer this worker's."""

    def __init__(self, queue: Queue, job: Job, worker: str) -> None:
        self._queue = queue
        self._job = job
        self._worker = worker
        self._next = 0.0
        self._text = ""

    def __call__(self, text: str, share: float) -> None:
        now = time.monotonic()
        if now < self._next and not text.startswith(NOTE):
            return
        self._next = now + _TOLD_EVERY_S
        with suppress(BusyError):  # progress can wait
            if not self._queue.tell(self._job.id, self._worker, text[:500], share, line=text != self._text):
                raise LostError
            self._text = text


# ── what a run reads besides the study ───────────────────────────────────────────────────────────────────────────────
def _fetched(store: StudyStore, keys: list[str], folder: Path) -> dict[str, Path]:
    """Return local copies of kept files, under their own names in one folder, where a mapping looks for them."""
    made: dict[str, Path] = {}
    folder.mkdir(exist_ok=True)
    for key in dict.fromkeys(keys):
        kept, path = store.file(key), folder / PurePosixPath(key).name
        if kept is None:
            raise InputError(Fault(f"there is no file {key}", "upload it first, and give its key"))
        if path in made.values():
            raise InputError(Fault(f"two of the files are called {path.name}", "rename one, and upload it again"))
        path.write_bytes(kept[1])
        made[key] = path
    return made


def _plan(store: StudyStore, study: Study, plan_id: str) -> Plan:
    from api.operations.plan_results import plan_of  # noqa: PLC0415 - few jobs need a plan

    record, base = store.document(PLAN, plan_id), store.document(BASE, plan_id)
    if record is None or base is None:
        raise InputError(Fault(f"there is no plan {plan_id}", "see the list of plans"))
    return plan_of(study, base.body, record.body)


def _programme(store: StudyStore, result_id: str, folder: Path) -> Path:
    result = store.document("result", f"programme.{result_id}")
    kept = None if result is None else store.file(f"jobs/{result.body['job']}/programme.json")
    if kept is None:
        raise InputError(Fault(f"there is no programme {result_id}", "see the results of the study"))
    path = folder / "start.json"
    path.write_bytes(kept[1])
    return path


def _exported(store: StudyStore, wanted: "Wanted", out: Path, told: Callable[[float], None]) -> "tuple[Path, Notes]":
    from api.exports.takeaway import here_of, write_collections  # noqa: PLC0415 - as above

    return write_collections(here_of(store), wanted, out, told)


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _die_with(parent: int) -> None:
    """Have the kernel kill this process when the server that started it is gone, however it went."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
