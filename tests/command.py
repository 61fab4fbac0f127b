"""Running `shequ` as a user would."""

import io
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

from api.cli import main


def shequ(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command with these arguments and return what it said."""
    command = [sys.executable, "-m", "api.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def here(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, which saves the seconds of starting another."""
    said, told, given = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["shequ", *map(str, arguments)]
    handler = signal.getsignal(signal.SIGTERM)
    code = 0
    try:
        with redirect_stdout(said), redirect_stderr(told):
            main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = given
        signal.signal(signal.SIGTERM, handler)
    return subprocess.CompletedProcess(sys.argv, code, said.getvalue(), told.getvalue())


def done(*arguments: object) -> str:
    """Run the command in this process; it must succeed. Return what it said, in one line of words."""
    run = here(*arguments)
    assert run.returncode == 0, run.stdout + run.stderr
    return " ".join(run.stdout.split())


def refused(run: subprocess.CompletedProcess[str], *words: str, code: int = 2) -> None:
    """Assert that the command refused, in plain words and with these among them."""
    assert run.returncode == code, run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    for word in [*words, *(["where"] if code == 2 else []), "remedy"]:
        assert word in run.stderr, f"{word!r} is not in: {run.stderr}"
