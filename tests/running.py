"""Running `shequ serve` as a user would: a process of its own, found by the address that it prints."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.api.served import STUDY_ID


@dataclass(frozen=True)
class Served:
    """A running server."""

    base: str
    file: Path
    process: subprocess.Popen[str]
    said: tuple[str, str]
    """The two lines that it printed."""

    @property
    def study(self) -> str:
        return f"{self.base}/studies/{STUDY_ID}"

    @property
    def collections(self) -> dict[str, dict[str, Any]]:
        return {each["id"]: each for each in httpx.get(f"{self.study}/collections", timeout=60).json()["collections"]}


@contextmanager
def serving(file: Path, **environment: str) -> Iterator[Served]:
    """Run `shequ serve FILE --port 0` until the block ends; its address is read from what it prints."""
    command = [sys.executable, "-m", "api.cli", "serve", str(file), "--port", "0"]
    log = (file.parent / "serve.log").open("w")
    with log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True,
                               env=os.environ | environment) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = (process.stdout.readline(), process.stdout.readline())
            found = re.match(r"(http://\S+)/studies/", said[0])
            assert found, (file.parent / "serve.log").read_text()
            assert httpx.get(f"{found[1]}/health", timeout=60).json()["status"] == "ok", "who comes early waits"
            yield Served(found[1], file, process, said)
        finally:
            process.terminate()
            process.wait(60)
