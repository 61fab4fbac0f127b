"""Our own servers and kill -9: rounds of writing and of jobs, each ended by killing a server, and what became of it.

    .venv/bin/python bench/kills.py [--rounds 20] [--seed 0] [--postgis | --database URL]

Each round starts `shequ serve` on one study, asks it for two jobs, has two writers make and rename buildings over HTTP
as fast as they are answered, and after a random time kills the server, every other round a worker before it (SIGKILL).
The study is kept in a file; with --postgis in a database of a cluster of its own, which waits for the disk; with
--database in the database that is named, which must have no study `town` yet. In a database every third round has two
servers, which are killed one after the other. At the end a last server does what is left. Every write that was answered
must be there once, and none in halves; every accepted job must have ended well, or plainly failed, its results be there
exactly once; the log must have no gap, and the file be whole. Measures also how long it takes to end a running job.
Exit code 0 only when all of that holds.
"""

import argparse
import contextlib
import os
import random
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import geopandas as gpd
import httpx
import shapely
from pydantic import SecretStr
from sqlalchemy import text

from api.accounts.accounts import open_accounts
from api.jobs import Job, Jobs, Queue
from api.jobs.orders import OUTCOME
from api.main import open_server
from api.settings import Settings
from api.storage import StudyStore
from api.storage.postgis import PostgisStorage
from geo.study import Study, read_study, write_study
from tests.api.jobs.conftest import LONG, wait_for, wide_study
from tests.api.postgis import programs, start

SHORT = {"inputs": {"options": {"effort": 20_000, "min_households": 1000}, "advice": False}}
EXPORT = {"inputs": {"collections": ["blocks", "seams"], "format": "gpkg"}}
ITEMS = "/studies/town/collections/buildings/items"
WRITERS = 2
TICKETS_GONE_S = 150.0
"""Tickets of servers that are gone are thrown away once procrastinate calls them stalled, a minute or two later."""


@dataclass(frozen=True)
class Place:
    """Where the study is kept, and how it is come by.

    Attributes
    ----------
    served
        What `shequ serve` is told.
    settings
        For a server in this process.
    headers
        Of every request.
    whole
        Tells, while no server runs, whether it is whole.
    shared
        Whether several servers may serve it at once.
    """

    served: Sequence[str]
    settings: Settings
    headers: Mapping[str, str]
    whole: Callable[[], str]
    shared: bool


@dataclass
class Writer:
    """Somebody who makes buildings and renames each, until nobody answers any more."""

    name: str
    asked: list[tuple[str, int]] = field(default_factory=list)
    """Building and version of each write that was sent."""
    told: list[tuple[str, int]] = field(default_factory=list)
    """Of each that was answered."""
    refused: list[str] = field(default_factory=list)

    def write(self, address: str, headers: Mapping[str, str]) -> None:
        """Write until the server is gone."""
        client = httpx.Client(base_url=address, headers=headers, timeout=60)
        with client, contextlib.suppress(httpx.TransportError):
            for number in count():
                building = f"{self.name}-{number}"
                made = {"type": "Feature", "id": building, "properties": {"name": building}, "geometry": _house(number)}
                if self._hear(building, 1, lambda made=made: client.post(ITEMS, json=made)):
                    change = {"properties": {"name": f"{building} again"}}
                    at = {"If-Match": '"1"', "Content-Type": "application/merge-patch+json"}
                    self._hear(
                        building, 2,
                        lambda b=building, c=change, a=at: client.patch(f"{ITEMS}/{b}", json=c, headers=a),
                    )  # fmt: skip

    def _hear(self, building: str, version: int, ask: Callable[[], httpx.Response]) -> bool:
        self.asked.append((building, version))
        answer = ask()
        if answer.is_success:
            self.told.append((building, version))
        else:
            self.refused.append(f"{building}: {answer.status_code} {answer.text[:200]}")
        return answer.is_success


def main() -> int:
    """Run the rounds and print what became of everything."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=20)
    asked.add_argument("--seed", type=int, default=0)
    where = asked.add_mutually_exclusive_group()
    where.add_argument("--postgis", action="store_true", help="in a database of a cluster of its own")
    where.add_argument("--database", metavar="URL", help="in this database")
    given = asked.parse_args()
    if given.postgis and programs() is None:
        print("PostgreSQL with PostGIS is not installed")
        return 1
    chance = random.Random(given.seed)
    with place(given.database, own_cluster=given.postgis) as at:
        jobs: list[str] = []
        writers: list[Writer] = []
        for number in range(given.rounds):
            fate = play(at, number, chance, jobs, writers)
            print(f"round {number + 1}: {fate}; {at.whole()}", flush=True)
        faults = [*written(at, writers), *done(at, jobs)]
    for fault in faults:
        print(f"FAULT {fault}")
    print("NOT ok" if faults else "ok")
    return int(bool(faults))


# ── where ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@contextlib.contextmanager
def place(database: str | None, *, own_cluster: bool) -> Iterator[Place]:
    """Put the town into a file or a database, for as long as the bench runs."""
    if own_cluster:
        cluster = start(durable=True)
        try:
            yield _in_database(cluster.database())
        finally:
            cluster.stop()
    elif database:
        yield _in_database(database)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "town.gpkg"
            write_study(town(), path)
            settings = Settings(studies={"town": path}, job_processes=2)
            yield Place([f"town={path}"], settings, {}, lambda: _file_is_whole(path), shared=False)
            read_study(path)


def town() -> Study:
    """Return the wide town with a first building."""
    plain = wide_study()
    first = gpd.GeoDataFrame({"name": ["first"]}, index=["JZ001"],
                             geometry=[shapely.box(500_010, 3_340_010, 500_020, 3_340_020)], crs=plain.crs)  # fmt: skip
    return plain.having({"buildings": first})


def _in_database(url: str) -> Place:
    storage = PostgisStorage(url)
    storage.create("town", town(), by="bench")
    accounts = open_accounts(storage)
    name = f"bench-{os.getpid()}"
    accounts.add(name, by="bench", role="planner")
    key = accounts.add_key(name, by="bench")[1]
    storage.close()
    settings = Settings(database=SecretStr(url), job_processes=2)
    return Place(["--database", url], settings, {"Authorization": f"Bearer {key}"}, lambda: _log_is_whole(url),
                 shared=True)  # fmt: skip


def _file_is_whole(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(path)) as db:
        said = db.execute("PRAGMA integrity_check").fetchone()[0]
    assert said == "ok", said
    return "file whole"


def _log_is_whole(url: str) -> str:
    storage = PostgisStorage(url)
    store = storage.open("town")
    numbers = [each.tx for each in store.transactions(limit=1_000_000)]
    assert numbers == [*range(store.head(), 0, -1)], "the log has a gap"
    storage.close()
    return f"{len(numbers)} lines of the log without a gap"


def _house(number: int) -> dict[str, object]:
    """Return one of 10,000 places of the town, in degrees."""
    side = 0.0001
    x, y = 120.001 + 2 * side * (number % 100), 30.19 + side * (number // 100 % 100)
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


# ── a round ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def play(at: Place, number: int, chance: random.Random, jobs: list[str], writers: list[Writer]) -> str:
    """Start one or two servers, have them asked, kill them; return what was killed."""
    with contextlib.ExitStack() as running:
        servers = [running.enter_context(serve(at)) for _ in range(2 if at.shared and number % 3 == 2 else 1)]
        mine = [Writer(f"k{number}-{n}") for n in range(WRITERS * len(servers))]
        writers += mine
        threads = [
            threading.Thread(target=each.write, args=(servers[n % len(servers)][1], at.headers))
            for n, each in enumerate(mine)
        ]
        for thread in threads:
            thread.start()
        for n, (process, request) in enumerate((("export", EXPORT), ("plan", SHORT))):
            address = servers[n % len(servers)][1]
            answer = httpx.post(f"{address}/studies/town/processes/{process}/execution", json=request,
                                headers=at.headers, timeout=60)  # fmt: skip
            answer.raise_for_status()
            jobs.append(answer.json()["jobID"])
        end = time.monotonic() + 120
        while not all(each.told for each in mine):
            assert time.monotonic() < end, "nobody could write"
            time.sleep(0.02)
        time.sleep(chance.uniform(0.2, 8.0))
        fate = []
        if number % 2 == 0 and (alive := workers(servers[0][0].pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(alive), signal.SIGKILL)
                fate.append("worker")
            time.sleep(chance.uniform(0.1, 2.0))
        for server, _ in servers:
            server.kill()
            server.wait()
            fate.append("server")
            time.sleep(chance.uniform(0.0, 2.0) if len(servers) > 1 else 0.3)
        for thread in threads:
            thread.join()
    return " and ".join(fate) + " killed"


@contextlib.contextmanager
def serve(at: Place) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server as anybody would; yield it, and its address, when it answers. At the end it is gone."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "serve", *at.served, "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=Path(__file__).parents[1],
        env={**os.environ, "SHEQU_REQUESTS_PER_MINUTE": "100000000", "SHEQU_JOB_PROCESSES": "2"},
    )  # fmt: skip
    with process:
        try:
            yield process, _address(process)
        finally:
            process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    found = None
    while found is None:
        line = process.stdout.readline()
        assert line, "the server did not start"
        found = re.search(r"http://[\d.]+:\d+", line)
    end = time.monotonic() + 120
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{found[0]}/health", timeout=60).status_code == 200:
                return found[0]
        assert time.monotonic() < end, "the server does not answer"
        time.sleep(0.05)


def workers(parent: int) -> list[int]:
    """Return the workers of a server."""
    found = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False)
    return [int(each) for each in found.stdout.split()]


# ── what became of it ────────────────────────────────────────────────────────────────────────────────────────────────
def written(at: Place, writers: Sequence[Writer]) -> list[str]:
    """Return what is wrong with what was written."""
    server = open_server(at.settings)
    store = server.storage.open("town")
    asked = {each for writer in writers for each in writer.asked}
    told = [each for writer in writers for each in writer.told]
    refused = [each for writer in writers for each in writer.refused]
    there = Counter(
        (building, version.version)
        for building in {building for building, _ in asked}
        for version in store.history("buildings", building)
    )
    standing = {row["id"]: row["name"] for row in store.rows("buildings").to_pylist()}
    numbers = [each.tx for each in store.transactions(limit=1_000_000)]
    head = store.head()
    server.close()
    unanswered = sum(1 for each in there if each not in set(told))
    print(f"{len(told):,} writes were answered and {len(asked) - len(told)} not; of these {unanswered} arrived")
    renamed = {building for building, version in there if version == 2}
    return [
        *(f"{building}, version {version}, was answered and is there {there[building, version]} times"
          for building, version in told if there[building, version] != 1),
        *(f"{each} is there {n} times" for each, n in there.items() if n > 1),
        *(f"{each} is there, and nobody wrote it" for each in there if each not in asked),
        *(f"{building} does not stand as it was written last" for building, _ in there
          if standing.get(building) != (f"{building} again" if building in renamed else building)),
        *(["the log has a gap"] if numbers != [*range(head, 0, -1)] else []),
        *(f"refused: {each}" for each in refused),
    ]  # fmt: skip


def done(at: Place, accepted: Sequence[str]) -> list[str]:
    """Let a last server do what is left; return what is wrong with the jobs."""
    server = open_server(at.settings)
    jobs, store = server.part(Jobs), server.storage.open("town")
    queue: Queue = jobs.queue(store)
    jobs.start()
    ended = [wait_for_end(queue, each) for each in accepted]
    results = {each.id for each in store.documents(OUTCOME)}
    notes = Counter(each.note for each in store.transactions(limit=1_000_000) if each.note.startswith("job "))
    well = [job for job in ended if job.status == "successful"]
    again = sum(job.attempts > 1 for job in ended)
    print(f"{len(ended)} jobs: {len(well)} successful, {len(ended) - len(well)} failed; {again} of them begun again")
    for job in ended:
        if job not in well:
            print(f"  {job.id} {job.process}: {job.status}, {job.message}")
    faults = [
        *(f"{job.id} is {job.status}, its results are {'there' if job.id in results else 'missing'}"
          for job in ended if (job.status == "successful") != (job.id in results)),
        *(f"{job.id} is {job.status}: {job.message}" for job in ended
          if job not in well and not (job.status == "failed" and job.message)),
        *(f"{note} was written {n} times" for note, n in notes.items() if n > 1),
    ]  # fmt: skip
    took = []
    for _ in range(5):
        job = jobs.submit(store, "plan", LONG, by="bench")
        wait_for(queue, job.id, lambda one: one.message.startswith("search"), seconds=120)
        began = time.monotonic()
        jobs.dismiss(store, job.id)
        took.append(time.monotonic() - began)
    print(f"ending a running job: median {statistics.median(took):.2f} s, longest {max(took):.2f} s")
    if max(took) >= 2.0:
        faults.append("ending a job took longer than 2 s")
    if at.shared:
        faults += _tickets_left(store)
    server.close()
    return faults


def _tickets_left(store: StudyStore) -> list[str]:
    """Wait until the tickets of the servers that are gone are thrown away; return a fault when they are not."""
    end = time.monotonic() + TICKETS_GONE_S
    while True:
        with store.backend.engine.connect() as db:  # type: ignore[attr-defined]
            left = int(db.scalar(text("SELECT count(*) FROM procrastinate_jobs")) or 0)
            ends = int(db.scalar(text("SELECT count(*) FROM procrastinate_workers")) or 0)
        if not left or time.monotonic() > end:
            print(f"tickets left: {left}; servers that procrastinate knows: {ends}")
            return [f"{left} tickets are left over"] if left else []
        time.sleep(1.0)


def wait_for_end(queue: Queue, job_id: str) -> Job:
    """Return a job when it has ended."""
    end = time.monotonic() + 900
    while not (job := queue.get(job_id)).ended:
        assert time.monotonic() < end, f"{job.id} never ends"
        time.sleep(0.2)
    return job


if __name__ == "__main__":
    sys.exit(main())
