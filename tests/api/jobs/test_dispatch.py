"""Tickets for the jobs of a database: each job is done at once, by one of the servers that share it."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from api.jobs import Jobs
from api.jobs.dispatch import Dispatch
from api.main import open_server
from api.server import Server
from api.settings import Settings
from api.storage.database import open_database
from api.storage.postgis import PostgisStorage
from tests.api.jobs.conftest import wait_for
from tests.api.postgis import start
from tests.api.served import small_study


@pytest.fixture
def tickets(database) -> Iterator[Callable[[], int]]:
    """Tell how many tickets are on their way or held."""
    engine = open_database(database)

    def count() -> int:
        with engine.connect() as db:
            return int(db.scalar(text("SELECT count(*) FROM procrastinate_jobs")))

    yield count
    engine.dispose()


class End:
    """One server's end of it, with the tickets that have come."""

    def __init__(self, url: str, slots: int = 2) -> None:
        self.came = threading.Event()
        self.dispatch = Dispatch(url, slots, self.came.set)
        self.held: list[tuple[str, str]] = []

    def look(self) -> list[tuple[str, str]]:
        self.held += self.dispatch.tickets(9)
        return self.held


@pytest.fixture
def ends(database, tickets) -> Iterator[list[End]]:
    made = [End(database), End(database)]
    for each in made:
        each.dispatch.start()
    yield made
    for each in made:
        each.dispatch.close()


def until(something: Callable[[], object], seconds: float = 180.0) -> None:
    end = time.monotonic() + seconds
    while not something():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


def test_each_ticket_comes_to_one_and_no_more_than_it_has_slots_for(ends, tickets) -> None:
    sent = [("t", f"job{number}") for number in range(6)]
    for study, job in sent:
        ends[number_of(job) % 2].dispatch.put(study, job)
    until(lambda: sum(len(each.look()) for each in ends) == 4)
    assert [len(each.held) for each in ends] == [2, 2]
    for each in ends:
        for ticket in list(each.held):
            each.dispatch.done(*ticket)
    until(lambda: sum(len(each.look()) for each in ends) == 6)
    assert sorted(ends[0].held + ends[1].held) == sent
    for each in ends:
        for ticket in each.held:
            each.dispatch.done(*ticket)
    until(lambda: tickets() == 0)


def number_of(job: str) -> int:
    return int(job.removeprefix("job"))


def test_a_ticket_that_waits_is_sent_once(database, tickets) -> None:
    sender = Dispatch(database, 1, lambda: None)
    for _ in range(3):
        sender.put("t", "job")
    sender.done("t", "another")  # which nobody holds
    sender.close()
    assert tickets() == 1


def test_who_closes_gives_back_what_it_holds(ends, tickets) -> None:
    ends[1].dispatch.close()
    ends[0].dispatch.put("t", "job")
    until(ends[0].look)
    ends[0].dispatch.close()
    assert tickets() == 0


def test_tickets_come_again_after_the_database_was_away() -> None:
    own = start()
    url = own.database()
    open_database(url).dispose()
    end = End(url)
    end.dispatch.start()
    end.dispatch.put("t", "before")
    until(end.look)
    own.halt()
    own.resume()
    until(lambda: end.dispatch.put("t", "after") or (end.came.wait(0.5) and ("t", "after") in end.look()))
    end.dispatch.close()
    own.stop()


def test_a_database_that_is_away_keeps_nobody_from_asking_for_work(caplog) -> None:
    own = start()
    url = own.database()
    open_database(url).dispose()
    own.halt()
    lonely = Dispatch(url.replace("?", "?connect_timeout=1&"), 1, lambda: None)
    with caplog.at_level("WARNING", "shequ.jobs"):
        lonely.put("t", "job")
    assert "no ticket sent" in [each.message for each in caplog.records]
    lonely.close()
    own.stop()


@pytest.fixture
def servers(database) -> Iterator[list[Server]]:
    storage = PostgisStorage(database)
    storage.create("town", small_study(), by="赵")
    storage.close()
    made = [open_server(Settings(database=database, job_processes=1)) for _ in range(2)]
    yield made
    for each in made:
        each.close()


def test_two_servers_share_the_jobs_of_a_study(servers, tickets) -> None:
    for name, each in zip("甲乙", servers, strict=True):
        each.part(Jobs)._name = name  # two processes would have two names
        each.part(Jobs).start()
    asked = servers[0].part(Jobs)
    store = servers[1].storage.open("town")
    inputs = {"inputs": {"collections": ["buildings"], "format": "geojson"}}
    ids = [asked.submit(servers[0].storage.open("town"), "export", inputs, by="赵").id for _ in range(2)]
    queue = servers[1].part(Jobs).queue(store)
    ended = [wait_for(queue, each, lambda job: job.ended) for each in ids]
    assert [(job.status, job.attempts) for job in ended] == [("successful", 1)] * 2
    assert {job.worker for job in ended} == {"甲", "乙"}
    until(lambda: tickets() == 0)
    assert len(store.documents("job")) == 2
