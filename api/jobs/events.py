"""A job watched while it runs: server-sent events, which go on after a broken connection where they stopped.

`log`: a line of the log, under its number as id; `state`: status, message, progress (whenever one changes). The stream
ends after the state in which the job ended. A comment now and then keeps proxies from closing it.
"""

import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import anyio.to_thread

from api.errors import NotFoundError
from api.jobs.documents import line
from api.jobs.queue import Job, Queue

LOOK_EVERY_S = 0.3
SILENT_S = 10.0


async def events(queue: Queue, job_id: str, *, after: int, closing: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Yield the events of a job, from the line of its log behind `after`.

    Parameters
    ----------
    queue, job_id
    after
        Number of the last line that the client has (Last-Event-ID); 0: all.
    closing
        Tells whether the server is about to end: the client then comes back to another.
    """
    told: tuple[Any, ...] | None = None
    spoke = time.monotonic()
    yield b"retry: 2000\n\n"
    while True:
        try:
            job, lines = await anyio.to_thread.run_sync(_look, queue, job_id, after)
        except NotFoundError:  # taken off the list
            return
        for each in lines:
            after = each.number
            yield _event("log", line(each), str(each.number))
        now = (job.status, job.message, int(job.progress * 100), job.cancel, job.attempts)
        if now != told:
            told = now
            yield _event("state", {"status": job.status, "message": job.message, "progress": now[2],
                                   "updated": job.updated, "attempts": job.attempts})  # fmt: skip
        if lines or now != told:
            spoke = time.monotonic()
        if job.ended:
            return
        if closing():
            return
        if time.monotonic() - spoke > SILENT_S:
            spoke = time.monotonic()
            yield b": still there\n\n"
        await anyio.sleep(LOOK_EVERY_S)


def _look(queue: Queue, job_id: str, after: int) -> tuple[Job, Any]:
    """Return the job, and then the lines of its log: all lines of an ended job are there by then."""
    job = queue.get(job_id)
    return job, queue.log(job_id, after=after)


def _event(kind: str, data: Any, number: str = "") -> bytes:  # noqa: ANN401 - JSON
    named = f"id: {number}\n" if number else ""
    return f"{named}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
