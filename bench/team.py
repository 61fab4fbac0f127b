"""Team storage: a town of 200,000 buildings in PostGIS, read, edited, backed up, and read by several servers at once.

    .venv/bin/python bench/team.py [--buildings N] [--servers N] [--seconds S]

PostgreSQL and PostGIS are Debian's, in a cluster of its own that waits for the disk as when it serves (fsync on, other
settings as they come). Seconds are by the clock. Servers are processes of uvicorn that share the database; their
clients run in this process, so that both cores are shared. Exit code 0 only when every held figure is reached: reading
all rows below 1.5 s, a durable edit at most 10 ms median, every edit seen by every server in the very next request.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import httpx
import numpy as np
import shapely
from pyproj import CRS

from api.storage.postgis import PostgisStorage
from api.storage.records import FeatureWrite
from geo.schema import conform
from geo.study import Study
from tests.api.postgis import programs, start

ROOT = Path(__file__).parents[1]
EPSG = 4549
PORT = 18280


def town(buildings: int, rng: np.random.Generator) -> Study:
    """Return houses of 20 m × 12 m drawn evenly over 20 km × 20 km."""
    west, south = 500_000 + rng.random(buildings) * 20_000, 3_340_000 + rng.random(buildings) * 20_000
    frame = gpd.GeoDataFrame(
        {"use": "residential", "floors": rng.integers(1, 30, buildings).astype(float),
         "name": [f"{number}号楼" for number in range(buildings)], "dwellings": rng.integers(0, 90, buildings),
         "households": rng.integers(0, 90, buildings), "community_id": rng.integers(0, 300, buildings).astype(str)},
        index=[f"JZ{number:06}" for number in range(buildings)],
        geometry=shapely.box(west, south, west + 20, south + 12), crs=EPSG,
    )  # fmt: skip
    return Study("大城", CRS.from_epsg(EPSG), {"buildings": conform(frame, "buildings")}, "Large")


@contextlib.contextmanager
def servers(database: str, count: int) -> Iterator[list[str]]:
    """Run servers that share the database; yield their addresses."""
    environment = {**os.environ, "SHEQU_DATABASE": database, "SHEQU_ANONYMOUS_VIEWERS": "true",
                   "SHEQU_REQUESTS_PER_MINUTE": "100000000"}  # fmt: skip
    with contextlib.ExitStack() as stack:
        for number in range(count):
            process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", "api.main:app_from_environment", "--factory", "--port",
                 str(PORT + number), "--no-access-log", "--log-level", "warning"],
                cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
        addresses = [f"http://127.0.0.1:{PORT + number}" for number in range(count)]
        for each in addresses:
            for _ in range(400):
                with contextlib.suppress(httpx.TransportError):
                    if httpx.get(f"{each}/health").status_code == 200:
                        break
                time.sleep(0.05)
        yield addresses


def rates(addresses: list[str], path: str, seconds: float) -> float:
    """Return answers per second from all servers together, four clients each; an answer that is none stops it."""
    until = time.monotonic() + seconds
    counted: list[int] = []

    def ask(address: str) -> None:
        answers = 0
        with httpx.Client(base_url=address) as client:
            while time.monotonic() < until:
                client.get(path).raise_for_status()
                answers += 1
        counted.append(answers)

    several = [threading.Thread(target=ask, args=(each,)) for each in addresses for _ in range(4)]
    for each in several:
        each.start()
    for each in several:
        each.join()
    return sum(counted) / seconds


def timed(what: str, held: float | None, seconds: float, unit: str = "s") -> bool:
    """Print a figure; tell whether it is within what it is held to."""
    limit = f"  (at most {held:g} {unit})" if held is not None else ""
    print(f"{what:44} {seconds:9.2f} {unit}{limit}")
    return held is None or seconds <= held


def main() -> int:
    """Measure."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--buildings", type=int, default=200_000)
    asked.add_argument("--servers", type=int, default=2)
    asked.add_argument("--seconds", type=float, default=5.0)
    options = asked.parse_args()
    if programs() is None:
        print("PostgreSQL with PostGIS is not installed")
        return 1
    study = town(options.buildings, np.random.default_rng(1))
    cluster = start(durable=True)
    storage = None
    well = []
    try:
        url = cluster.database()
        storage = PostgisStorage(url)
        began = time.perf_counter()
        store = storage.create("large", study, by="bench")
        well.append(timed(f"study of {options.buildings} buildings put in", None, time.perf_counter() - began))
        reads = []
        for _ in range(5):
            began = time.perf_counter()
            assert store.rows("buildings").num_rows == options.buildings
            reads.append(time.perf_counter() - began)
        well.append(timed("all its rows into Arrow, median of 5", 1.5, statistics.median(reads)))
        began = time.perf_counter()
        for _ in range(2_000):
            store.head()
        well.append(timed("head()", 1.0, (time.perf_counter() - began) / 2, "ms"))
        edits = []
        for number in range(300):
            feature = f"JZ{number * 7:06}"
            row = store.rows("buildings", ids=[feature]).to_pylist()[0]
            write = FeatureWrite("buildings", feature, "replace", {"use": "residential", "name": f"改{number}"},
                                 row["geometry"], row["version"])  # fmt: skip
            began = time.perf_counter()
            store.commit([write], by="bench", action="edit")
            edits.append(1_000 * (time.perf_counter() - began))
        well.append(timed("a durable edit, median of 300", 10.0, statistics.median(edits), "ms"))
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            store.backup(Path(folder) / "large.gpkg")
            well.append(timed("backup into a study file", None, time.perf_counter() - began))
            began = time.perf_counter()
            storage.restore("back", Path(folder) / "large.gpkg", by="bench")
            well.append(timed("and back into the database", None, time.perf_counter() - began))
        with servers(url, options.servers) as addresses:
            items = "/studies/large/collections/buildings/items"
            for each in addresses:
                began = time.perf_counter()
                httpx.get(f"{each}{items}?limit=1", timeout=30).raise_for_status()
                well.append(timed("first answer of a server", None, time.perf_counter() - began))
            stale, waits = 0, []
            for number in range(200):
                row = store.rows("buildings", ids=["JZ000001"]).to_pylist()[0]
                write = FeatureWrite("buildings", "JZ000001", "replace", {"use": "residential", "name": f"新{number}"},
                                     row["geometry"])  # fmt: skip
                store.commit([write], by="bench", action="edit")
                for each in addresses:
                    began = time.perf_counter()
                    told = httpx.get(f"{each}{items}/JZ000001").json()["properties"]["name"]
                    waits.append(1_000 * (time.perf_counter() - began))
                    stale += told != f"新{number}"
            print(f"{'edits of another process, seen at once':44} {200 * len(addresses) - stale:9} of {400}")
            well += [stale == 0, timed("an item just after an edit, median", None, statistics.median(waits), "ms")]
            page = f"{items}?bbox=118.6,30.2,118.65,30.25&limit=100"
            for count in range(1, len(addresses) + 1):
                rate = rates(addresses[:count], page, options.seconds)
                print(f"{f'pages of 100 items, {count} server(s)':44} {rate:9.0f} per second")
    finally:
        if storage is not None:
            storage.close()
        cluster.stop()
    print("well" if all(well) else "not well")
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
