"""What a job costs that has next to nothing to do: processor time of its worker, from its start to its results.

    .venv/bin/python bench/starts.py [PROCESS …]

Each process is asked of a server once, on the small town of the tests (16 blocks). The kernels of `plan`, `report`,
`gaps` and `siting` are compiled when they are first needed: run it twice.
"""

import argparse
import base64
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from api.jobs import Jobs
from api.main import open_server
from api.settings import Settings
from geo.study import write_study
from tests.api.served import STUDY_ID, small_study

PLANNED = {"min_households": 200, "target_households": 300, "max_households": 600, "effort": "quick"}
ASKED: dict[str, dict[str, Any]] = {
    "export": {"collections": ["communities"]},
    "blocks": {},
    "households": {},
    "convert": {},
    "examine": {},
    "gaps": {"standards": ["six-ones"]},
    "plan": {"id": "p", "options": PLANNED},
    "report": {"plan": "p"},
    "siting": {"needs": ["elders"], "count": 1, "seconds": 2},
    "import": {"files": [], "crs": "EPSG:4549"},
}


def spent() -> float:
    """Return the processor time of all workers that have ended [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Ask for each process, one after the other."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("process", nargs="*", choices=[[], *ASKED], help="by default all of them")
    wanted = given.parse_args().process or list(ASKED)
    with tempfile.TemporaryDirectory() as folder:
        path, source = Path(folder) / "town.gpkg", Path(folder) / "source.gpkg"
        write_study(small_study(), path)
        for name in ("study_area", "roads", "communities", "buildings"):
            small_study()[name].to_file(source, layer=name)
        ASKED["import"]["files"] = [
            {"value": base64.b64encode(source.read_bytes()).decode(), "name": "source.gpkg"}
        ]  # fmt: skip
        server = open_server(Settings(studies={STUDY_ID: path}, job_processes=1))
        try:
            jobs, store = server.part(Jobs), server.storage.open(STUDY_ID)
            jobs.start()
            for process in wanted:
                before, began = spent(), time.monotonic()
                job = jobs.submit(store, process, {"inputs": ASKED[process]}, by="bench")
                while not jobs.queue(store).get(job.id).ended or spent() == before:
                    time.sleep(0.05)
                ended = jobs.queue(store).get(job.id)
                cpu, clock = spent() - before, time.monotonic() - began
                print(f"{process:12} {ended.status:12} {cpu:5.2f} s of CPU, {clock:5.1f} s by the clock")
        finally:
            server.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
