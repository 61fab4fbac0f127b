"""A small town with its server's jobs, for tests of the queue and of what is done."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from api.jobs import Job, Jobs, Queue
from api.jobs.confined import Confined
from api.jobs.handing import hand_over, take_over
from api.jobs.inputs import Inputs
from api.jobs.processes import Process
from api.jobs.runs import Done, Work
from api.main import open_server
from api.server import Server
from api.settings import Settings
from api.storage import StudyStore
from geo.blocks import cut_blocks
from geo.study import Study, write_study
from tests.api.served import STUDY_ID, small_study


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of the small town: for copies."""
    path = tmp_path_factory.mktemp("drawn") / f"{STUDY_ID}.gpkg"
    write_study(small_study(), path)
    return path


@pytest.fixture(scope="session")
def drawn_wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of the wide town: for copies."""
    path = tmp_path_factory.mktemp("drawn") / f"{STUDY_ID}.gpkg"
    write_study(wide_study(), path)
    return path


@pytest.fixture
def town(drawn: Path, tmp_path: Path) -> Path:
    """Give a copy of the file of the small town."""
    return Path(shutil.copy(drawn, tmp_path))


@pytest.fixture
def server(town: Path) -> Iterator[Server]:
    """Give a server of the small town that takes no jobs yet: `server.part(Jobs).start()` begins."""
    made = open_server(Settings(studies={STUDY_ID: town}, job_processes=1))
    yield made
    made.close()


@pytest.fixture
def store(server: Server) -> StudyStore:
    """Give the study's store."""
    return server.storage.open(STUDY_ID)


@pytest.fixture
def queue(store: StudyStore) -> Queue:
    """Give the study's queue."""
    return Queue(store.backend)  # type: ignore[attr-defined]


@pytest.fixture
def jobs(server: Server) -> Jobs:
    """Give the server's part that has jobs done."""
    return server.part(Jobs)


def wait_for(queue: Queue, job_id: str, until: Callable[[Job], Any], seconds: float = 180.0) -> Job:
    """Return a job as soon as something holds of it."""
    end = time.monotonic() + seconds
    while not until(job := queue.get(job_id)):
        assert not job.ended, f"{job.id} has {job.status}: {job.message}"
        assert time.monotonic() < end, f"{job.id} is still {job.status}: {job.message}"
        time.sleep(0.02)
    return job


class Handing(Confined):
    """Does the work of a confined process in this one; what comes of it is handed over in the same files."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def run(self, inputs: Inputs, work: Work, **_: int) -> Done:
        """Do the work, hand it over, take it over."""
        done, folder = self._process.run(inputs, work), work.study.parent / "answer"
        hand_over(done, folder)
        return take_over(folder, work.out)


LONG = {"inputs": {"options": {"effort": 2_000_000_000}, "advice": False}}
"""A request for a plan of the wide town that takes minutes."""


def wide_study() -> Study:
    """Return a town of 12 x 12 blocks of 200 m in four communities, 60 to 139 households a block: too many to prove."""
    west, south, blocks = 500_000.0, 3_340_000.0, 12
    side = 200.0 * blocks
    steps = [200.0 * i for i in range(1, blocks)]
    lines = [shapely.LineString([(west + at, south - 50), (west + at, south + side + 50)]) for at in steps]
    lines += [shapely.LineString([(west - 50, south + at), (west + side + 50, south + at)]) for at in steps]
    quarters = [
        shapely.box(west + x, south + y, west + x + side / 2, south + y + side / 2)
        for x in (0, side / 2)
        for y in (0, side / 2)
    ]
    area = _frame([shapely.box(west, south, west + side, south + side)], "T", name="大镇")
    roads = _frame(lines, "R", road_class="residential", bridge=False, tunnel=False, level=0, walkable=True)
    communities = _frame(quarters, "SQ", name=["甲", "乙", "丙", "丁"], kind="community", locked=False)
    town = Study("大镇", CRS.from_epsg(4549), {}).having({"study_area": area, "roads": roads,
                                                          "communities": communities})  # fmt: skip
    cut = cut_blocks(area, roads, communities=communities)
    households = pd.Series([60.0 + n * 37 % 80 for n in range(len(cut.blocks))], index=cut.blocks.index)
    placed = cut.blocks.assign(households=households, people=3 * households)
    return town.having({"blocks": placed, "seams": cut.seams}, step="blocks")


def _frame(shapes: Sequence[shapely.Geometry], letter: str, **columns: Any) -> gpd.GeoDataFrame:
    index = [f"{letter}{n + 1:02}" for n in range(len(shapes))]
    return gpd.GeoDataFrame(columns, index=index, geometry=list(shapes), crs=4549)
