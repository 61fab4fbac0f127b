"""A server of a team is killed while it writes and a job runs: what was answered is there, and the job goes on."""

import json
import subprocess
import sys

from api.jobs import Jobs
from api.jobs.orders import OUTCOME
from api.main import open_server
from api.settings import Settings
from api.storage.postgis import PostgisStorage
from tests.api.jobs.conftest import LONG, wait_for, wide_study

_SERVER = """
import itertools, json, sys
from api.jobs import Jobs
from api.main import open_server
from api.settings import Settings
from api.storage.records import FeatureWrite

server = open_server(Settings(database=sys.argv[1], job_processes=1))
jobs, store = server.part(Jobs), server.storage.open("town")
print(jobs.submit(store, "plan", json.loads(sys.argv[2]), by="li").id, flush=True)
jobs.start()
sys.stdin.readline()
[road] = store.rows("roads", ids=["R01"]).to_pylist()
for number in itertools.count():
    values = {"road_class": road["road_class"], "name": f"road {number}"}
    store.commit([FeatureWrite("roads", f"K{number}", "create", values, road["geometry"])], by="li", action="write")
    print(number, flush=True)
"""


def test_a_killed_server_of_a_team_loses_nothing_it_answered_and_the_next_takes_its_job(database: str) -> None:
    storage = PostgisStorage(database)
    storage.create("town", wide_study(), by="li")
    storage.close()
    next_one = open_server(Settings(database=database, job_processes=1))
    jobs, store = next_one.part(Jobs), next_one.storage.open("town")
    queue = jobs.queue(store)
    with subprocess.Popen([sys.executable, "-c", _SERVER, database, json.dumps(LONG)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as killed:  # fmt: skip
        assert killed.stdin is not None
        assert killed.stdout is not None
        job_id = killed.stdout.readline().strip()
        wait_for(queue, job_id, lambda one: one.message.startswith("search"))
        killed.stdin.write("write\n")
        killed.stdin.flush()
        answered = [int(killed.stdout.readline()) for _ in range(20)]
        killed.kill()
        answered += [int(each) for each in killed.stdout.read().split("\n")[:-1] if each]
    left = queue.get(job_id)
    assert left.status == "running"
    assert left.worker is not None
    queue.renew(job_id, left.worker, lease_s=3600.0)  # who takes it need not wait for that

    jobs.start()
    again = wait_for(queue, job_id, lambda one: one.attempts == 2)
    assert (again.status, again.worker == left.worker) == ("running", False)
    jobs.dismiss(store, job_id)
    wait_for(queue, job_id, lambda one: one.ended)
    assert store.document(OUTCOME, job_id) is None

    assert answered == [*range(len(answered))]
    there = {each for each in store.rows("roads")["id"].to_pylist() if each.startswith("K")}
    assert {f"K{number}" for number in answered} <= there
    assert len(there) <= len(answered) + 1, "one may be there that nobody was told of"
    assert [one.tx for one in store.transactions(limit=100_000)] == [*range(store.head(), 0, -1)]
    assert {len(store.history("roads", each)) for each in there} == {1}
    next_one.close()
