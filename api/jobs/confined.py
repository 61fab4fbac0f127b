"""Work on users' files, in a process that may do nothing else.

A worker forks it before it has read its orders: it knows no secret and no storage. It imports what the work needs,
gives up everything but the job's own folder (`api.sandbox`), and is told only then which files to work on. What comes
of it lies in that folder (`api.jobs.handing`); the worker, which has the storage, takes it over and writes it.
"""

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from api.jobs.handing import hand_over, take_over
from api.jobs.limits import limit_time, limited
from api.jobs.runs import Done, Work, told_of
from api.sandbox import confine, die_with_parent, fonts, readable
from geo.errors import ShequError

if TYPE_CHECKING:
    from api.jobs.inputs import Inputs
    from api.jobs.processes import Process

_LONGEST = 64 * 1024 * 1024
"""Bytes of one line that is listened to."""
_TELLS = 200
"""The descriptor that a confined process answers on: beyond those that are closed."""
_DESCRIPTORS = 4_096


class RefusedError(Exception):
    """The work was refused; `told` is the problem document."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(str(told.get("detail", "")))
        self.told = dict(told)


class UnforeseenError(Exception):
    """The work failed for a reason that was not foreseen; standard error has it."""


class Confined:
    """The worker's end: one process for one job, however often the job is done again."""

    def __init__(self, process: "Process") -> None:
        asked, self._ask = os.pipe()
        told, tell = os.pipe()
        self._ended = False
        self._pid = os.fork()
        if not self._pid:
            _serve(process, asked, tell)
        os.close(asked)
        os.close(tell)
        self._told = os.fdopen(told, "rb")

    def run(self, inputs: "Inputs", work: Work, *, memory_bytes: int, cpu_s: int) -> Done:
        """Do the work there, in the folder that the study's copy lies in.

        Raises
        ------
        RefusedError
            When inputs or study are no good for it, or there is no answer.
        MemoryError, UnforeseenError
        """
        folder = work.study.parent
        asked = {
            "inputs": inputs.model_dump(mode="json", exclude_unset=True), "folder": str(folder), "by": work.by,
            "at": work.at, "job": work.job, "files": {key: path.name for key, path in work.files.items()},
            "starts": {name: work.programme(name).name for field in inputs.RUNS
                       if (name := getattr(inputs, field)) is not None},
            "memory_bytes": memory_bytes, "cpu_s": cpu_s,
        }  # fmt: skip
        view = memoryview(orjson.dumps(asked) + b"\n")
        with suppress(BrokenPipeError):  # how it ended is read below
            while view:
                view = view[os.write(self._ask, view) :]
        while True:
            answer = self._line()
            match answer:
                case {"told": [str(text), float() | int() as share]}:
                    work.told(text, float(share))
                case {"refused": dict(told)}:
                    raise RefusedError(told)
                case {"memory": _}:
                    raise MemoryError
                case {"done": _}:
                    return take_over(folder / "answer", work.out)
                case _:
                    raise UnforeseenError

    def close(self) -> None:
        """End it."""
        if not self._ended:
            self._ended = True
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def _line(self) -> Any:  # noqa: ANN401 - JSON
        """Return what it says next; where it broke off, break off as it did, for the supervisor to see."""
        line = self._told.readline(_LONGEST)
        if line.endswith(b"\n"):
            return orjson.loads(line)
        if line:
            raise UnforeseenError
        self._ended = True
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        if code < 0:
            with suppress(OSError):  # SIGKILL needs none
                signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        raise UnforeseenError


# ── the confined process ─────────────────────────────────────────────────────────────────────────────────────────────
def _serve(process: "Process", asked: int, tell: int) -> NoReturn:
    """Give everything up, then do what is asked until nothing more comes."""
    code = 1
    try:
        die_with_parent()
        os.dup2(asked, 0)  # the orders were to be read there
        os.dup2(tell, _TELLS)
        os.dup2(2, 1)
        os.closerange(3, _TELLS)
        os.closerange(_TELLS + 1, _DESCRIPTORS)
        for module in process.confined:
            importlib.import_module(module)
        confine(readable=[*readable(), *fonts()], writable=Path.cwd(), moves=True)
        with os.fdopen(0, "rb") as lines:
            while line := lines.readline():
                _say(_answer(process, orjson.loads(line)))
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, nothing of the worker is done here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _answer(process: "Process", asked: Mapping[str, Any]) -> dict[str, Any]:
    folder = Path(asked["folder"])
    limit_time(asked["cpu_s"])
    try:
        with limited(asked["memory_bytes"]):
            done = process.run(process.read(asked["inputs"]), _work(asked, folder))
        hand_over(done, folder / "answer")
    except ShequError as error:
        return {"refused": told_of(error)}
    except MemoryError:
        return {"memory": True}
    except Exception:  # noqa: BLE001 - the worker ends the job, and the log of the server has the rest
        traceback.print_exc()
        return {"unforeseen": True}
    return {"done": True}


def _work(asked: Mapping[str, Any], folder: Path) -> Work:
    return Work(
        study=folder / "study.gpkg", out=folder / "out", by=asked["by"], at=asked["at"], job=asked["job"],
        files={key: folder / "in" / name for key, name in asked["files"].items()},
        plan=_not_here, programme=lambda name: folder / asked["starts"][name], export=_not_here,
        told=lambda text, share: _say({"told": [text, share]}),
    )  # fmt: skip


def _not_here(*_: object) -> NoReturn:
    raise PermissionError("a confined process has no storage")


def _say(told: Mapping[str, Any]) -> None:
    view = memoryview(orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY) + b"\n")
    while view:
        view = view[os.write(_TELLS, view) :]
