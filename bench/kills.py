"""Jobs and kill -9: rounds in which a server or a worker is killed at a random moment, and what became of every job.

    .venv/bin/python bench/kills.py [--rounds 20] [--seed 0]

Each round starts a server with two jobs (one long, one short) on one study file, kills the server or a worker after a
random time, then starts the next round's server on the same file. At the end a last server does what is left; every
accepted job must have ended well, or plainly failed, its results be there exactly once, and the file be whole. Measures
also how long it takes to end a running job.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from api.jobs import Job, Jobs, Queue
from api.jobs.orders import OUTCOME
from api.main import open_server
from api.settings import Settings
from geo.study import read_study, write_study
from tests.api.jobs.conftest import LONG, wait_for, wide_study

SERVER = """
import json, sys, time
from pathlib import Path
from api.jobs import Jobs
from api.main import open_server
from api.settings import Settings
server = open_server(Settings(studies={"town": Path(sys.argv[1])}, job_processes=2))
jobs, store = server.part(Jobs), server.storage.open("town")
for process, request in json.loads(sys.argv[2]):
    print(jobs.submit(store, process, request, by="bench").id, flush=True)
jobs.start()
time.sleep(600)
"""
SHORT = {"inputs": {"options": {"effort": 20_000, "min_households": 1000}, "advice": False}}
EXPORT = {"inputs": {"collections": ["blocks", "seams"], "format": "gpkg"}}


def workers(parent: int) -> list[int]:
    """Return the workers of a server."""
    found = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False)
    return [int(each) for each in found.stdout.split()]


def main() -> int:
    """Run the rounds and print what became of the jobs."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=20)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "town.gpkg"
        write_study(wide_study(), path)
        accepted: list[str] = []
        for number in range(given.rounds):
            requests = [("export", EXPORT), ("plan", SHORT)]
            server = subprocess.Popen([sys.executable, "-c", SERVER, str(path), json.dumps(requests)],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
            assert server.stdout is not None
            accepted += [server.stdout.readline().strip() for _ in requests]
            time.sleep(chance.uniform(0.2, 8.0))
            victim = "server" if number % 2 else "worker"
            alive = workers(server.pid)
            if victim == "worker" and alive:
                os.kill(chance.choice(alive), signal.SIGKILL)
                time.sleep(chance.uniform(0.5, 2.0))
            server.kill()
            server.wait()
            time.sleep(0.3)
            with closing(sqlite3.connect(path)) as db:
                whole = db.execute("PRAGMA integrity_check").fetchone()[0]
            print(f"round {number + 1}: {victim} killed, file {whole}", flush=True)
            assert whole == "ok"
        made = open_server(Settings(studies={"town": path}, job_processes=2))
        jobs, store = made.part(Jobs), made.storage.open("town")
        queue: Queue = jobs.queue(store)
        jobs.start()
        ended = [wait_for_end(queue, each) for each in accepted]
        written = {each.id for each in store.documents(OUTCOME)}
        kinds = {status: sum(job.status == status for job in ended) for status in ("successful", "failed")}
        wrong = [job.id for job in ended if (job.status == "successful") != (job.id in written)]
        notes = [each.note for each in store.transactions(limit=10_000) if each.note.startswith("job ")]
        twice = [note for note in set(notes) if notes.count(note) > 1]
        print(f"{len(accepted)} jobs: {kinds}; attempts {sum(job.attempts for job in ended)}; "
              f"results that do not fit: {wrong}; written twice: {twice}")  # fmt: skip
        for job in ended:
            if job.status == "failed":
                print(f"  {job.id} {job.process}: {job.message}")
        took = []
        for _ in range(5):
            job = jobs.submit(store, "plan", LONG, by="bench")
            wait_for(queue, job.id, lambda one: one.message.startswith("search"), seconds=120)
            began = time.monotonic()
            jobs.dismiss(store, job.id)
            took.append(time.monotonic() - began)
        print(f"ending a running job: median {statistics.median(took):.2f} s, longest {max(took):.2f} s")
        made.close()
        read_study(path)
    good = not wrong and not twice and sum(kinds.values()) == len(accepted) and max(took) < 2.0
    print("ok" if good else "NOT ok")
    return 0 if good else 1


def wait_for_end(queue: Queue, job_id: str) -> Job:
    """Return a job when it has ended."""
    end = time.monotonic() + 900
    while not (job := queue.get(job_id)).ended:
        assert time.monotonic() < end, f"{job.id} never ends"
        time.sleep(0.2)
    return job


if __name__ == "__main__":
    sys.exit(main())
