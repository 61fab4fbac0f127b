"""Running `shequ` as a user would."""

import subprocess
import sys


def shequ(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command with these arguments and return what it said."""
    command = [sys.executable, "-m", "api.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
