"""Asks processes that may do nothing else to open files from outside; a server's part of that."""

import logging
import os
import queue
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from api.errors import BusyError, TooLargeError, WrongTypeError
from api.sandbox import bare_environment
from api.uploads.limits import Limits
from geo.errors import Fault, InputError
from geo.ingest import drivers

LOG = logging.getLogger("shequ.uploads")

MOST_AT_ONCE = 2
"""Files that are looked at at the same time."""
WAITS_S = 60.0
"""A request waits so long for its turn."""
_STARTS_WITHIN_S = 60.0
_PREFIX = "shequ-upload-"


@dataclass(frozen=True)
class Cost:
    """What it took to look at a file."""

    peak_bytes: int
    cpu_s: float
    held: tuple[str, ...]
    """The layers that confined the process: `files`, `calls`."""


class Opener:
    """Looks at files in processes of their own. Safe to use from several threads; costs nothing until it is used."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._turns = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._said_weak = False

    @contextmanager
    def room(self) -> Iterator[Path]:
        """Give an empty folder, which is deleted at the end."""
        with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
            yield Path(folder).resolve()

    def judge(self, path: Path, *, mend: bool = False) -> tuple[dict[str, Any], Cost]:
        """Return what is in a file, which lies alone in its folder; see `judging.judge` for what may be wrong."""
        return self._ask(path, {"do": "judge", "mend": mend})

    def rows(self, path: Path, asked: Mapping[str, Any]) -> tuple[dict[str, Any], Cost]:
        """Return rows for one of the study's tables; see `appending.table_rows`."""
        return self._ask(path, {"do": "rows", "asked": dict(asked)})

    def close(self) -> None:
        """End the processes that wait for work."""
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().end()

    def _ask(self, path: Path, asked: Mapping[str, Any]) -> tuple[dict[str, Any], Cost]:
        if not self._turns.acquire(timeout=WAITS_S):
            raise BusyError("other files are being looked at", "try again in a minute", headers={"Retry-After": "60"})
        try:
            request = {"folder": str(path.parent), "name": path.name, "limits": asdict(self.limits), **asked}
            answer = self._answer(request)
        finally:
            self._turns.release()
        cost = Cost(answer.get("peak_bytes", 0), answer.get("cpu_s", 0.0), tuple(answer.get("held", ())))
        if "held" in answer and len(cost.held) < 2 and not self._said_weak:
            self._said_weak = True
            said = {"holds": list(cost.held)}
            LOG.warning("this system cannot confine all that a reader of uploads may do", extra={"said": said})
        if "told" in answer:
            return answer["told"], cost
        raise self._refusal(path.name, answer)

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer of a process that waits, or of a new one; one that has ended meanwhile is passed over."""
        until = self.limits.wall_s + 10.0
        for _ in range(MOST_AT_ONCE):
            try:
                process = self._idle.get_nowait()
            except queue.Empty:
                break
            answer = process.ask(request, until)
            if answer is not None:
                self._idle.put(process)
                return answer
            process.end()
        process = _Process()
        answer = process.ask(request, until)
        if answer is None:
            process.end()
            raise BusyError("the process that looks at files ended", "try again")
        self._idle.put(process)
        return answer

    def _refusal(self, name: str, answer: Mapping[str, Any]) -> Exception:
        limits = self.limits
        match answer.get("ended"):
            case "memory":
                return TooLargeError(f"{name}: reading it takes more than {limits.memory_bytes / 1024**3:g} GB of "
                                     "memory", "cut the data to the town, or save it as a GeoPackage")  # fmt: skip
            case "time":
                return TooLargeError(f"{name}: reading it takes longer than {limits.cpu_s} s",
                                     "cut the data to the town, or save it as a GeoPackage")  # fmt: skip
            case "broke off":
                said = {"file": name, "error": answer.get("error", ""), "signal": answer.get("signal", 0)}
                LOG.warning("a reader broke off over an upload", extra={"said": said})
                return InputError(Fault("the file is damaged: its reader broke off over it", "export or copy it again",
                                        file=name))  # fmt: skip
        told = answer["refused"]
        faults = [_fault(each) for each in told.get("faults", ())] or [Fault(str(told["detail"]), "export it again")]
        if told["status"] == 415:
            return WrongTypeError(faults[0].what, faults[0].remedy)
        if told["status"] == 413:
            return TooLargeError(faults[0].what, faults[0].remedy)
        return InputError(faults)


def _fault(told: Mapping[str, Any]) -> Fault:
    return Fault(
        str(told["what"]), str(told.get("remedy", "")), table=told.get("table"), file=told.get("file"),
        layer=told.get("layer"), ids=tuple(str(each) for each in told.get("ids", ())),
    )  # fmt: skip


class _Process:
    """One process that opens files, one after the other, each in a process forked from it."""

    def __init__(self) -> None:
        environment = {
            **bare_environment(), **drivers.environment(), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
            "ARROW_DEFAULT_MEMORY_POOL": "system", "HOME": "/nonexistent", "MPLBACKEND": "agg",
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "api.uploads.opener"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=environment, start_new_session=True, cwd=tempfile.gettempdir(),
        )  # fmt: skip
        self._held = b""
        hello = self._line(_STARTS_WITHIN_S)
        if hello is None or not hello["ready"]:
            self.end()
            LOG.error("uploads cannot be opened", extra={"said": {"strange": (hello or {}).get("strange")}})
            raise BusyError("uploads cannot be opened on this server", "tell who runs it; the log says why")

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any] | None:
        """Return the answer; None when the process has ended."""
        assert self._process.stdin is not None  # noqa: S101 - as asked for
        try:
            self._process.stdin.write(orjson.dumps(request) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        return self._line(seconds)

    def end(self) -> None:
        """End it."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _line(self, seconds: float) -> dict[str, Any] | None:
        assert self._process.stdout is not None  # noqa: S101 - as asked for
        descriptor, until = self._process.stdout.fileno(), time.monotonic() + seconds
        while b"\n" not in self._held:
            left = until - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                return None
            chunk = os.read(descriptor, 1 << 20)
            if not chunk:
                return None
            self._held += chunk
        line, _, self._held = self._held.partition(b"\n")
        told: dict[str, Any] = orjson.loads(line)
        return told
