"""The queue: who takes what, who is heard, what is told."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.errors import NotFoundError
from api.jobs import Queue
from api.jobs.queue import MOST_LINES


def _put(queue: Queue, *names: str) -> list[str]:
    return [queue.put(name, {"inputs": {"n": name}}, by="li").id for name in names]


def test_a_job_is_put_and_read_back(queue: Queue) -> None:
    (made,) = _put(queue, "gaps")

    job = queue.get(made)

    assert (job.process, job.by, job.status, job.progress, job.attempts) == ("gaps", "li", "accepted", 0.0, 0)
    assert job.request == {"inputs": {"n": "gaps"}}
    assert job.started is None
    assert job.seconds is None
    assert [line.text for line in queue.log(made)] == ["accepted"]


def test_no_such_job_says_where_to_look(queue: Queue) -> None:
    with pytest.raises(NotFoundError, match="there is no job nobody"):
        queue.get("nobody")


def test_jobs_are_taken_oldest_first_and_once(queue: Queue) -> None:
    first, second = _put(queue, "blocks", "gaps")

    taken = [queue.take("a"), queue.take("b"), queue.take("a")]

    assert [job and job.id for job in taken] == [first, second, None]
    assert queue.get(first).worker == "a"
    assert queue.get(second).status == "running"
    assert not queue.waiting()


def test_jobs_put_one_right_after_the_other_keep_their_order(queue: Queue) -> None:
    made = _put(queue, *(f"p{n}" for n in range(40)))
    assert [queue.take("a").id for _ in made] == made  # type: ignore[union-attr]
    assert [job.id for job in queue.list()[0]] == made[::-1]


def test_many_who_take_at_once_never_get_the_same_job(queue: Queue) -> None:
    made = _put(queue, *(f"p{n}" for n in range(24)))
    begin = threading.Barrier(6)

    def take(name: str) -> list[str]:
        begin.wait()
        got = []
        while (job := queue.take(name)) is not None:
            got.append(job.id)
        return got

    with ThreadPoolExecutor(6) as pool:
        got = [each for some in pool.map(take, "abcdef") for each in some]

    assert sorted(got) == sorted(made)


def test_a_lease_that_passed_gives_the_job_to_another_and_the_first_is_not_heard(queue: Queue) -> None:
    (made,) = _put(queue, "plan")
    assert queue.take("a", lease_s=-1.0) is not None

    again = queue.take("b")

    assert again is not None
    assert (again.id, again.attempts) == (made, 2)
    assert not queue.tell(made, "a", "still at it", 0.9)
    assert not queue.end(made, "a", "successful", "done", {})
    assert queue.renew(made, "a") is None
    assert queue.standing(made, "a") == "lost"
    assert queue.standing(made, "b") == "wanted"
    assert "still at it" not in [line.text for line in queue.log(made)]


def test_a_renewed_lease_holds(queue: Queue) -> None:
    (made,) = _put(queue, "plan")
    queue.take("a", lease_s=-1.0)

    assert queue.renew(made, "a") is not None
    assert queue.take("b") is None


def test_a_server_that_is_known_to_be_gone_loses_its_jobs_at_once(queue: Queue) -> None:
    (made,) = _put(queue, "plan")
    queue.take("gone")
    assert queue.holders() == {"gone"}

    queue.free(["gone"])

    taken = queue.take("next")
    assert taken is not None
    assert taken.id == made


def test_what_is_told_moves_the_progress_and_is_kept_in_order(queue: Queue) -> None:
    (made,) = _put(queue, "plan")
    queue.take("a")

    queue.tell(made, "a", "atoms", 0.25)
    queue.tell(made, "a", "search", 1.75)
    queue.tell(made, "a", "search on", 0.5, line=False)

    job, lines = queue.get(made), queue.log(made, after=2)
    assert (job.message, job.progress) == ("search on", 0.5)
    assert [(line.number, line.text, line.progress) for line in lines] == [(3, "atoms", 0.25), (4, "search", 1.0)]


def test_a_log_does_not_grow_for_ever(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.jobs.queue.MOST_LINES", 5)
    (made,) = _put(queue, "plan")
    queue.take("a")

    for n in range(10):
        queue.tell(made, "a", f"step {n}", n / 10)

    assert len(queue.log(made)) == 5 < MOST_LINES
    assert queue.get(made).progress == 0.9


def test_the_end_of_a_job_is_written_once(queue: Queue) -> None:
    (made,) = _put(queue, "plan")
    queue.take("a")

    assert queue.end(made, "a", "successful", "done", {"summary": {"社区": 4}})
    assert not queue.end(made, "a", "failed", "no", {})

    job = queue.get(made)
    assert (job.status, job.progress, job.outcome) == ("successful", 1.0, {"summary": {"社区": 4}})
    assert job.ended
    assert job.seconds is not None
    assert queue.standing(made, "a") == "ended"


def test_a_waiting_job_ends_when_asked_a_running_one_is_told_to(queue: Queue) -> None:
    waits, runs = _put(queue, "plan", "gaps")[::-1]
    assert queue.take("a") is not None

    assert queue.ask_to_end(waits).status == "dismissed"
    assert queue.ask_to_end(runs).cancel
    assert queue.standing(runs, "a") == "cancel"
    assert queue.take("b") is None


def test_a_job_given_back_waits_again(queue: Queue) -> None:
    (made,) = _put(queue, "plan")
    queue.take("a")

    queue.give_back(made, "a", "waiting: its server ended", counted=False)

    job = queue.get(made)
    assert (job.status, job.attempts, job.worker) == ("accepted", 0, None)


def test_only_a_job_that_has_ended_is_taken_off_the_list(queue: Queue) -> None:
    (made,) = _put(queue, "plan")
    queue.forget(made)
    assert queue.get(made).status == "accepted"

    queue.ask_to_end(made)
    queue.forget(made)

    assert queue.list() == ([], 0)
    assert queue.log(made) == []


def test_lists_are_newest_first_and_filtered(queue: Queue) -> None:
    made = []
    for name in ("plan", "gaps", "plan", "siting"):
        made += _put(queue, name)
    queue.take("a")
    queue.end(made[0], "a", "failed", "no", {})

    found, matched = queue.list(limit=2)
    assert ([job.id for job in found], matched) == (made[:1:-1], 4)
    assert [job.id for job in queue.list(offset=2, limit=2)[0]] == made[1::-1]
    assert [job.id for job in queue.list(processes=["plan"])[0]] == [made[2], made[0]]
    assert [job.id for job in queue.list(statuses=["failed", "running"])[0]] == [made[0]]
    assert queue.list(since=queue.get(made[2]).created, until=queue.get(made[2]).created)[1] == 1
    assert [job.id for job in queue.list(max_seconds=60.0)[0]] == [made[0]]
    assert queue.list(min_seconds=60.0) == ([], 0)
