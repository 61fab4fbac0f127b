"""The small town with a plan, served by a process of its own, for the programs of others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.operations.plan_results import plan_writes
from api.operations.plans import explained
from geo.partition.plan import PlanOptions
from geo.partition.solve import make_plan
from geo.standards import load_profile
from tests.api.served import STUDY_ID, serve, small_study
from tests.running import Served, serving

collect_ignore = ["qgis_session.py"]
"""Belongs to another Python, which has QGIS."""


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
