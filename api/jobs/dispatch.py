"""Hands the jobs of a database to the servers that share it, by procrastinate: each at once, and to one of them.

What a job is and what became of it stands in the queue (`api.jobs.queue`), under a lease. Procrastinate only carries
tickets that name a job: whoever gets one takes the job. A ticket that is lost loses nothing, for every server looks
through the queues from time to time as well.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import DeleteJobCondition, Status
from psycopg_pool import NullConnectionPool

from api.storage.database import conninfo

LOG = logging.getLogger("shequ.jobs")

_QUEUE = "shequ"
_AGAIN_S = 2.0
_SWEEP_S = 60.0
_SENT_WITHIN_S = 2.0

Ticket = tuple[str, str]
"""The ids of a study and of a job."""


class Dispatch:
    """One server's end of it.

    Parameters
    ----------
    url
        Of the database.
    slots
        How many tickets this server holds at once: as many as it does jobs.
    wake
        Called, from another thread, when a ticket has come.
    """

    look_s = 10.0
    """How often the queues are looked through where tickets are carried."""

    def __init__(self, url: str, slots: int, wake: Callable[[], None]) -> None:
        self._address = conninfo(url)
        self._slots = slots
        self._wake = wake
        self._come: deque[Ticket] = deque()
        self._held: dict[Ticket, asyncio.Event] = {}
        self._sender = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
        self._pool: NullConnectionPool[psycopg.Connection[Any]] | None = None
        self._sending = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="tickets", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    def start(self) -> None:
        """Begin to ask for tickets."""
        self._thread.start()

    def put(self, study_id: str, job_id: str) -> None:
        """Send a ticket for a job that is in the queue; where it cannot be sent the job is found without."""
        try:
            self._opened_sender().configure_task(
                _TASK, queue=_QUEUE, queueing_lock=f"{study_id}/{job_id}"
            ).defer(study=study_id, job=job_id)  # fmt: skip
        except AlreadyEnqueued:
            return
        except (ConnectorException, psycopg.Error) as error:
            LOG.warning("no ticket sent", extra={"said": {"study": study_id, "job": job_id, "error": str(error)}})

    def tickets(self, most: int) -> list[Ticket]:
        """Return up to `most` tickets that have come; each stays this server's until it is `done`."""
        return [self._come.popleft() for _ in range(min(most, len(self._come)))]

    def done(self, study_id: str, job_id: str) -> None:
        """Give a ticket back: its job has ended, or is somebody else's. Nothing happens where there is none."""
        self._in_thread(lambda: self._let_go((study_id, job_id)))

    def close(self) -> None:
        """Ask for no more tickets, and give back those that are held."""
        self._closing.set()
        self._in_thread(self._end.set)
        if self._thread.ident is not None:
            self._thread.join(timeout=10.0)
        with self._sending:
            if self._pool is not None:
                self._pool.close()

    def _in_thread(self, what: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: no ticket is held any more
                self._loop.call_soon_threadsafe(what)

    # ── in the thread ──
    def _listen(self) -> None:
        """Hold tickets until the server ends; where the database is lost, wait until it is there again."""
        while not self._closing.is_set():
            try:
                asyncio.run(self._work())
            except (ConnectorException, psycopg.Error, OSError) as error:
                LOG.warning("no tickets come", extra={"said": {"error": str(error)}})
                self._closing.wait(_AGAIN_S)

    async def _work(self) -> None:
        """Hold tickets until the server ends or the database is lost."""
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        if self._closing.is_set():
            return
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(
            conninfo=self._address, min_size=1, max_size=3, timeout=5.0, reconnect_timeout=5.0,
        ))  # fmt: skip
        app.task(name=_TASK, queue=_QUEUE)(self._hold)
        async with app.open_async():
            working = app.run_worker_async(
                queues=[_QUEUE], concurrency=self._slots, install_signal_handlers=False, shutdown_graceful_timeout=2.0,
                fetch_job_polling_interval=self.look_s, delete_jobs=DeleteJobCondition.ALWAYS,
            )  # fmt: skip
            several = [asyncio.ensure_future(each) for each in
                       (working, self._sweep(app), self._notice_loss(), self._end.wait())]  # fmt: skip
            ended, others = await asyncio.wait(several, return_when=asyncio.FIRST_COMPLETED)
            for ticket in list(self._held):
                self._let_go(ticket)
            for each in others:
                each.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            for each in ended:
                each.result()

    async def _notice_loss(self) -> None:
        """End when the database goes: procrastinate would work on, and hear of no ticket any more."""
        async with await psycopg.AsyncConnection.connect(self._address, autocommit=True) as db:
            async for _ in db.notifies():
                pass

    async def _hold(self, study: str, job: str) -> None:
        """Hold one ticket until its job has ended: so long procrastinate gives its slot to no other."""
        ticket = (study, job)
        self._held[ticket] = asyncio.Event()
        self._come.append(ticket)
        self._wake()
        await self._held[ticket].wait()

    async def _sweep(self, app: procrastinate.App) -> None:
        """Throw away the tickets of servers that are gone; their jobs are taken again once the leases have passed."""
        while True:
            for stalled in await app.job_manager.get_stalled_jobs(queue=_QUEUE):
                await app.job_manager.finish_job(stalled, Status.FAILED, delete_job=True)
            await asyncio.sleep(_SWEEP_S)

    def _let_go(self, ticket: Ticket) -> None:
        if (held := self._held.pop(ticket, None)) is not None:
            held.set()

    def _opened_sender(self) -> procrastinate.App:
        with self._sending:
            if self._pool is None:
                self._pool = NullConnectionPool(self._address, timeout=_SENT_WITHIN_S, reconnect_timeout=0, open=True)
                self._sender.open(self._pool)
            return self._sender


_TASK = "run_job"
