"""The process that opens files from outside: `python -m api.uploads.opener`, told on its standard input which.

It imports GDAL and the readers once, without ever looking at a file itself. For every file it forks a process that
gives up everything but that file's own folder (`confine`), looks, answers, and ends: nothing passes from one file to
the next, and a reader that breaks off takes only its own process along.
"""

import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import orjson

from api.errors import problem
from api.sandbox import confine, die_with_parent, limit, readable
from api.uploads.limits import Limits
from geo.errors import ShequError
from geo.ingest import drivers

IDLE_S = 300.0
"""A process that nobody has asked for so long ends."""
MOST_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer."""


def main() -> int:
    """Answer one request a line until standard input ends."""
    for name, value in drivers.environment().items():
        os.environ[name] = value  # also where somebody starts this by hand: GDAL is not imported yet
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides when this ends
    from api.uploads import appending, judging  # noqa: F401, PLC0415 - GDAL is imported here, by them

    odd = drivers.strange(_drivers())
    _write(sys.stdout.fileno(), {"ready": not odd, "strange": odd})
    if odd:
        return 1
    lines = _Lines(sys.stdin.fileno())
    while (line := lines.next(IDLE_S)) is not None:
        asked = orjson.loads(line)
        answer = _in_a_process(asked, lines)
        if answer is None:  # whoever asked is gone
            shutil.rmtree(asked["folder"], ignore_errors=True)
            return 0
        _write(sys.stdout.fileno(), answer)
    return 0


def _drivers() -> set[str]:
    import pyogrio  # noqa: PLC0415 - after the environment is set
    import rasterio.env  # noqa: PLC0415 - as above

    with rasterio.Env() as env:
        return {*pyogrio.list_drivers(), *env.drivers()}


class _Lines:
    """Lines of a descriptor, waited for."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._held = b""

    def next(self, seconds: float) -> bytes | None:
        """Return the next line; None at the end, or when none comes in time."""
        while b"\n" not in self._held:
            if not select.select([self.descriptor], [], [], seconds)[0]:
                return None
            chunk = os.read(self.descriptor, 1 << 16)
            if not chunk:
                return None
            self._held += chunk
        line, _, self._held = self._held.partition(b"\n")
        return line


def _in_a_process(asked: Mapping[str, Any], lines: _Lines) -> dict[str, Any] | None:
    """Return what a process of its own says of one file; None when standard input ended meanwhile."""
    limits = Limits(**asked["limits"])
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _look(asked, limits, writing)
    os.close(writing)
    parts, size, gone, until = [], 0, False, time.monotonic() + limits.wall_s
    while (left := until - time.monotonic()) > 0:
        ready = select.select([reading, lines.descriptor], [], [], left)[0]
        if lines.descriptor in ready:  # nothing is asked before the answer: this is the end
            gone = True
            break
        if reading in ready:
            chunk = os.read(reading, 1 << 20)
            size += len(chunk)
            if not chunk or size > MOST_ANSWER:
                break
            parts.append(chunk)
    late = left <= 0
    os.close(reading)
    if late or gone or size > MOST_ANSWER:
        os.kill(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    if gone:
        return None
    costs = {"peak_bytes": used.ru_maxrss * 1024, "cpu_s": round(used.ru_utime + used.ru_stime, 3)}
    ended = -os.waitstatus_to_exitcode(status)
    if late or ended == signal.SIGXCPU:
        return costs | {"ended": "time"}
    try:
        return {**costs, **orjson.loads(b"".join(parts))}
    except orjson.JSONDecodeError:
        return costs | {"ended": "memory" if size > MOST_ANSWER else "broke off", "signal": max(ended, 0)}


def _look(asked: Mapping[str, Any], limits: Limits, answer: int) -> NoReturn:
    """In the process of one file: give everything up, look at it, say what is in it, end."""
    code = 1
    try:
        die_with_parent()
        os.dup2(answer, 1)
        silent = os.open(os.devnull, os.O_RDWR)
        os.dup2(silent, 0)
        os.dup2(silent, 2)
        os.closerange(3, 256)
        os.setsid()
        folder = Path(asked["folder"])
        os.chdir(folder)
        limit(memory_bytes=limits.memory_bytes, cpu_s=limits.cpu_s, file_bytes=limits.unpacked_bytes)
        held = confine(readable=readable(), writable=folder)
        _write(1, {"held": held} | _answer(asked, limits, folder))
        code = 0
    finally:
        os._exit(code)


def _answer(asked: Mapping[str, Any], limits: Limits, folder: Path) -> dict[str, Any]:
    from api.uploads import appending, judging  # noqa: PLC0415 - imported before the fork

    path = folder / asked["name"]
    try:
        if asked["do"] == "judge":
            return {"told": judging.judge(path, limits, mend=asked["mend"])}
        return {"told": appending.table_rows(path, limits, asked["asked"])}
    except ShequError as error:
        text = orjson.dumps(problem(error)).decode()
        for inner in (f"{folder}/unpacked/", f"{folder}/", str(folder)):
            text = text.replace(inner, "")
        return {"refused": orjson.loads(text)}
    except MemoryError:
        return {"ended": "memory"}
    except Exception as error:  # noqa: BLE001 - whatever a reader raises over a file from outside: it is no good
        broke = f"{type(error).__name__}: {error}"[:300].replace(f"{folder}/", "")
        return {"ended": "memory" if _out_of_memory(error) else "broke off", "error": broke}


def _out_of_memory(error: Exception) -> bool:
    said = str(error).lower()
    return any(word in said for word in ("out of memory", "bad_alloc", "malloc", "cannot allocate", "realloc"))


def _write(descriptor: int, answer: Mapping[str, Any]) -> None:
    view = memoryview(orjson.dumps(answer) + b"\n")
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    sys.exit(main())
