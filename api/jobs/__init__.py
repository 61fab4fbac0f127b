"""Long work: what can be asked for, the queue it waits in, the processes it runs in, and what is told of it."""

from api.jobs.queue import Job, Line, Queue
from api.jobs.supervisor import Jobs

__all__ = ["Job", "Jobs", "Line", "Queue"]
