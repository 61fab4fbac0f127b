"""What a server tells the process that does a job, and what both know of how jobs end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OUTCOME = "job"
"""Kind of the document that a job's transaction writes: it is there exactly when the job's results are."""


class LostError(Exception):
    """The job is no longer this worker's: somebody ended it, or took it over."""


@dataclass(frozen=True)
class Orders:
    """What a worker is told.

    Attributes
    ----------
    study, job
    worker
        Under whose name it writes into the queue: its server's, who holds the lease.
    folder
        Where it works.
    parent
        Process id of its server: it dies with it.
    memory_bytes, cpu_s
        Address space and processor time that it may have.
    studies, database
        The storage, as in the settings.
    environment
        Of its server. What confines itself before the orders are read (`api.jobs.confined`) knows nothing of it.
    """

    study: str
    job: str
    worker: str
    folder: Path
    parent: int
    memory_bytes: int
    cpu_s: int
    studies: Mapping[str, Path]
    database: str | None
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: bytes) -> "Orders":
        """Return the orders in a JSON text."""
        said = json.loads(text)
        paths = {name: Path(path) for name, path in said.pop("studies").items()}
        return cls(**said | {"folder": Path(said["folder"]), "studies": paths})

    def text(self) -> bytes:
        """Return them as JSON."""
        said = vars(self) | {"folder": str(self.folder), "studies": {k: str(v) for k, v in self.studies.items()},
                             "environment": dict(self.environment)}  # fmt: skip
        return json.dumps(said).encode()


def too_much(detail: str, remedy: str) -> dict[str, Any]:
    """Return the problem document of a job that went beyond a limit."""
    return {"type": "about:blank", "title": "Too large", "status": 413, "detail": detail,
            "faults": [{"what": detail, "remedy": remedy}]}  # fmt: skip


def out_of_memory(limit: int) -> dict[str, Any]:
    """Return the problem document of a job that needed more memory than it may have."""
    detail = f"the job needed more memory than it may have ({limit / 1024**3:.1f} GB)"
    return too_much(detail, "ask for less, or allow more memory (SHEQU_JOB_MEMORY_BYTES)")


def lost(detail: str) -> dict[str, Any]:
    """Return the problem document of a job that failed without its own fault."""
    return {"type": "about:blank", "title": "Server error", "status": 500, "detail": detail}
