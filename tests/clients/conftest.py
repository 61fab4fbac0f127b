"""The small town with a plan, served by a process of its own, for the programs of others."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.operations.plan_results import plan_writes
from api.operations.plans import explained
from geo.partition.plan import PlanOptions
from geo.partition.solve import make_plan
from geo.standards import load_profile
from tests.api.served import STUDY_ID, serve, small_study


@dataclass(frozen=True)
class Served:
    """A running server."""

    base: str
    file: Path
    process: subprocess.Popen[str]

    @property
    def study(self) -> str:
        return f"{self.base}/studies/{STUDY_ID}"

    @property
    def collections(self) -> dict[str, dict[str, Any]]:
        return {each["id"]: each for each in httpx.get(f"{self.study}/collections").json()["collections"]}


@contextmanager
def serving(file: Path, **environment: str) -> Iterator[Served]:
    """Run `shequ serve FILE --port 0` until the block ends; its address is read from what it prints."""
    command = [sys.executable, "-m", "api.cli", "serve", str(file), "--port", "0"]
    log = (file.parent / "serve.log").open("w")
    with log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True,
                               env=os.environ | environment) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            found = re.match(r"(http://\S+)/studies/", process.stdout.readline())
            assert found, (file.parent / "serve.log").read_text()
            with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=60) as client:
                assert client.get(f"{found[1]}/health").json()["status"] == "ok"
            yield Served(found[1], file, process)
        finally:
            process.terminate()
            process.wait(20)


def planned_town(folder: Path) -> Path:
    """Write the town into a file, with a plan that joins its four quarters to two communities."""
    study = small_study()
    options = PlanOptions(min_households=300, target_households=700, max_households=900, k=2, effort="quick")
    plan = make_plan(study["blocks"], study["seams"], study["communities"], profile=load_profile("statute"),
                     options=options)  # fmt: skip
    writes = plan_writes(explained(study, plan), "p1", by="owner", at="2026-03-01T08:00:00Z", title=("两社区", "Two"))
    server = serve(study, folder)
    server.storage.open(STUDY_ID).commit(writes, by="owner", action="plan")
    server.close()
    return folder / f"{STUDY_ID}.gpkg"


@pytest.fixture(scope="package")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the town, for copies."""
    return planned_town(tmp_path_factory.mktemp("planned"))


@pytest.fixture(scope="module")
def served(town_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The town, served for the tests of one file."""
    file = tmp_path_factory.mktemp("served") / town_file.name
    file.write_bytes(town_file.read_bytes())
    with serving(file) as running:
        yield running


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Any]:
    """`with start(file) as served`, for tests that need a server of their own."""
    return serving
