"""schemathesis on both documents of a server of the small town, for as long as wanted; tests/clients has a short run.

    .venv/bin/python bench/contract.py [--seconds 300] [--seed 0] [--examples 40]

Each round starts a server of its own on a new town. Prints what broke the contract, with the requests that repeat it,
and which operations were never answered with success, so that nobody takes a run that reached nothing for a good one.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.clients.conftest import planned_town
from tests.clients.contract import check, prepare
from tests.running import serving


def routes_of(documented: dict[str, Any]) -> list[tuple[str, re.Pattern[str]]]:
    """Return the paths of a document with a pattern each, those without parameters first."""
    paths = sorted(documented, key=lambda path: path.count("{"))
    return [(path, re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))) for path in paths]


def main() -> int:
    """Run rounds until the time is over."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=300)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--examples", type=int, default=40)
    given = asked.parse_args()
    began, seed, cases, broken = time.monotonic(), given.seed, 0, 0
    answered: dict[str, set[int]] = defaultdict(set)
    while seed == given.seed or time.monotonic() - began < given.seconds:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            with serving(planned_town(folder)) as served:
                names = prepare(served.study)
                documented = httpx.get(f"{served.base}/api").json()["paths"]
                routes = routes_of(documented)
                for document in (f"{served.study}/api", f"{served.base}/api"):
                    found = check(document, folder, names, examples=given.examples, seed=seed)
                    cases, broken = cases + found.cases, broken + (not found.passed)
                    print(f"seed {seed}: {document}: {found.cases:,} cases, {'kept' if found.passed else 'BROKEN'}")
                    if not found.passed:
                        print(found.report)
                        shutil.copy(folder / "serve.log", Path(tempfile.gettempdir()) / f"contract-{seed}.log")
            for line in (folder / "serve.log").read_text().splitlines():
                if line.startswith("{") and line.endswith("}") and (said := json.loads(line)).get("event") == "request":
                    route = next((name for name, fits in routes if fits.fullmatch(said["path"])), None)
                    if route and said["method"].lower() in documented[route]:
                        answered[f"{said['method']} {route}"].add(said["status"])
        seed += 1
    never = sorted(route for route, statuses in answered.items() if min(statuses) >= 400)
    print(f"{cases:,} cases in {time.monotonic() - began:.0f} s; {broken} runs broke the contract")
    print("never answered with success:", *(f"\n  {route} {sorted(answered[route])}" for route in never))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
