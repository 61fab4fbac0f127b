"""The part of a server that does jobs: one process each, under limits, watched until it ends."""

from collections.abc import Mapping
from typing import Any

from api.jobs.queue import Job, Queue
from api.server import Server
from api.storage import StudyStore


class Jobs:
    """Takes jobs from the queues of a server's studies and has them done in processes of their own.

    A part of the server: `server.part(Jobs)`. `start` begins to take jobs, `close` ends what runs and puts it back.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    def queue(self, store: StudyStore) -> Queue:
        """Return the queue of a study."""
        raise NotImplementedError

    def submit(self, store: StudyStore, process: str, request: Mapping[str, Any], *, by: str) -> Job:
        """Check a request and put it into the queue."""
        raise NotImplementedError

    def dismiss(self, store: StudyStore, job_id: str) -> Job:
        """End a job, or take one that has ended off the list."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to take jobs."""

    def close(self) -> None:
        """End what runs, put it back into the queue, and take no more."""
