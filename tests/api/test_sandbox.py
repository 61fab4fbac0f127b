"""What a process gives up, tried in one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_a_confined_process_reaches_nothing_else(tmp_path: Path) -> None:
    """What a reader that was taken over could do, tried in a process confined as the opener confines its own."""
    (tmp_path / "room").mkdir()
    (tmp_path / "secret").write_text("secret")
    code = f"""
import os, socket
from pathlib import Path
from typing import Any
from api.sandbox import confine, limit, readable
limit(memory_bytes=1 << 30, cpu_s=5, file_bytes=1 << 20)
print(*confine(readable=readable(), writable=Path({str(tmp_path / "room")!r})))
tries = dict(
    own=lambda: Path({str(tmp_path / "room" / "a")!r}).write_text("x"),
    read=lambda: Path({str(tmp_path / "secret")!r}).read_text(),
    passwd=lambda: Path("/etc/passwd").read_text(), environ=lambda: Path("/proc/self/environ").read_text(),
    parent=lambda: Path(f"/proc/{{os.getppid()}}/environ").read_text(), listing=lambda: os.listdir("/"),
    write=lambda: Path({str(tmp_path / "b")!r}).write_text("x"), connect=lambda: socket.socket(),
    link=lambda: Path({str(tmp_path / "room" / "d")!r}).symlink_to("/etc/passwd"),
    run=lambda: os.execv("/bin/true", ["true"]), fork=os.fork, signal=lambda: os.kill(os.getppid(), 0),
    large=lambda: Path({str(tmp_path / "room" / "c")!r}).write_bytes(bytes(2 << 20)),
)
for name, work in tries.items():
    try:
        work(); print(name, "done")
    except OSError:
        print(name, "refused")
try:
    bytearray(2 << 30); print("memory done")
except MemoryError:
    print("memory refused")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True,
                         env={**os.environ, "PYTHONPATH": os.getcwd()})  # fmt: skip
    first, *rest = run.stdout.splitlines()
    told = dict(line.split() for line in rest)
    assert told.pop("own") == "done"
    if first != "files calls":
        pytest.skip(f"this kernel offers only: {first or 'limits'}")
    assert set(told.values()) == {"refused"}, told
