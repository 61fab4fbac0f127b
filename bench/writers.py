"""Several processes write into one study file at once: is every accepted write there once, every refused one told why?

    python bench/writers.py [--seconds 60] [--writers 8] [--buildings 200000]

Prints the figures and how long a durable edit takes (synchronous=FULL, one writer, median), and exits 1 when a write is
lost, doubled or refused without a reason, or the edit takes more than 10 ms.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from api.errors import BusyError, OutOfDateError
from api.storage.embedded import EmbeddedStorage
from api.storage.records import FeatureWrite
from api.storage.store import Store
from geo.study import Study, write_study

GOAL_MS = 10.0
SHARED = 40
"""Buildings that all writers fight for."""


def main() -> int:
    """Run the bench; 1 when anything was lost or too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--buildings", type=int, default=200_000)
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        write(Path(given.write[0]), given.write[1], given.seconds)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "town.gpkg"
        write_study(city(given.buildings), path)
        edit_ms, cpu_ms = edits(path)
        told = race(path, given.writers, given.seconds)
        faults = check(path, told)
    counts = Counter(answer[0] for answer in told)
    print(
        f"{given.buildings:,} buildings; a durable edit: {edit_ms:.2f} ms median (goal {GOAL_MS:g}), "
        f"{cpu_ms:.2f} ms of it processor"
    )
    print(f"{given.writers} writers, {given.seconds:g} s: " + ", ".join(f"{n:,} {word}" for word, n in counts.items()))
    for fault in faults:
        print(f"FAULT {fault}")
    return int(bool(faults) or edit_ms > GOAL_MS)


def city(count: int) -> Study:
    """Return a study of that many houses in rows."""
    rng = np.random.default_rng(6)
    side = int(np.ceil(np.sqrt(count)))
    x = 500_000 + 30.0 * (np.arange(count) % side)
    y = 3_300_000 + 30.0 * (np.arange(count) // side)
    frame = gpd.GeoDataFrame(
        {"use": "residential", "floors": rng.integers(1, 20, count).astype(float),
         "households": rng.integers(0, 60, count)},
        index=[f"b{n:06}" for n in range(count)],
        geometry=shapely.box(x, y, x + rng.uniform(8, 25, count), y + rng.uniform(8, 25, count)), crs=4549,
    )  # fmt: skip
    return Study("城", CRS.from_epsg(4549), {}).having({"buildings": frame})


def edits(path: Path, count: int = 300) -> tuple[float, float]:
    """Return the median time of an edit of one building, and of the processor in it [ms]."""
    storage = EmbeddedStorage({"town": path})
    store = storage.open("town")
    took, worked = [], []
    for n in range(count):
        write = renaming(store, f"b{(n * 613) % 1000 + SHARED:06}", f"n{n}")
        start, busy = time.perf_counter(), time.process_time()
        store.commit([write], by="bench", action="edit")
        took.append(time.perf_counter() - start)
        worked.append(time.process_time() - busy)
    storage.close()
    return 1e3 * statistics.median(took), 1e3 * statistics.median(worked)


def renaming(store: Store, feature: str, name: str) -> FeatureWrite:
    """Read a building and return the write that gives it another name, naming the version that was read."""
    row = store.rows("buildings", ids=[feature]).to_pylist()[0]
    values = {column: row[column] for column in ("use", "floors", "households")}
    return FeatureWrite("buildings", feature, "replace", values | {"name": name}, row["geometry"], row["version"])


def write(path: Path, name: str, seconds: float) -> None:
    """Be one of the writers: write until the time is over, and print what became of each write as JSON."""
    store = EmbeddedStorage({"town": path}).open("town")
    rng = np.random.default_rng(int(name))
    end = time.monotonic() + seconds
    told: list[tuple[str, ...]] = []
    while time.monotonic() < end:
        feature, said = f"b{rng.integers(SHARED):06}", f"{name}-{len(told)}"
        try:
            made = store.commit([renaming(store, feature, said)], by=name, action="race")
            told.append(("accepted", feature, said, str(made.tx)))
        except (OutOfDateError, BusyError) as error:
            told.append(("out of date" if isinstance(error, OutOfDateError) else "busy", feature, said, str(error)))
    print(json.dumps(told))


def race(path: Path, writers: int, seconds: float) -> list[list[str]]:
    """Return what every writer was told."""
    command = [sys.executable, __file__, "--seconds", str(seconds), "--write", str(path)]
    running = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True) for n in range(writers)]
    return [answer for each in running for answer in json.loads(each.communicate()[0])]


def check(path: Path, told: list[list[str]]) -> list[str]:
    """Return what is wrong: lost, doubled, or refused without a reason."""
    storage = EmbeddedStorage({"town": path})
    store = storage.open("town")
    accepted = {said: (feature, int(tx)) for word, feature, said, tx in told if word == "accepted"}
    there = Counter()
    for n in range(SHARED):
        for version in store.history("buildings", f"b{n:06}"):
            name = version.properties.get("name", "")
            if version.action == "race" and accepted.get(name) == (f"b{n:06}", version.tx):
                there[name] += 1
            elif version.action == "race":
                there[f"unknown {name}"] += 1
    storage.close()
    return [
        *(f"{name} is there {there[name]} times" for name in accepted if there[name] != 1),
        *(f"{name} is there, and was never accepted" for name in there if name not in accepted),
        *(f"{said} was refused without a reason" for word, _, said, why in told if word != "accepted" and not why),
    ]


if __name__ == "__main__":
    sys.exit(main())
