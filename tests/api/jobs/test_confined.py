"""Work on users' files in a process that may do nothing else, and what is taken over from it."""

import base64
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from api.jobs import Jobs, Queue
from api.jobs.handing import hand_over, take_over
from api.jobs.runs import Done
from api.sandbox import offered
from api.storage import StudyStore
from api.storage.frames import collection_of, to_rows
from api.storage.records import CollectionWrite, DocumentWrite, FileWrite, Write
from tests.api.jobs.conftest import wait_for
from tests.api.served import small_study

PRYING = """
import json, os, socket, sys
from dataclasses import replace
from pathlib import Path
from api.jobs.confined import Confined
from api.jobs.processes import PROCESSES
from api.jobs.runs import Done, Work

room, secret = Path(sys.argv[1]), sys.argv[2]

def pry(given, work):
    work.told("prying", 0.5)
    tries = dict(
        own=lambda: (work.out / "a").write_text("x"), study=work.study.read_bytes,
        secret=lambda: Path(secret).read_text(), passwd=lambda: Path("/etc/passwd").read_text(),
        environ=lambda: Path("/proc/self/environ").read_text(),
        parent=lambda: Path(f"/proc/{os.getppid()}/environ").read_text(), listing=lambda: os.listdir("/"),
        write=lambda: Path(secret).write_text("x"), code=lambda: Path(sys.modules["api"].__file__).open("a"),
        link=lambda: (work.out / "b").symlink_to(secret), connect=socket.socket,
        run=lambda: os.execv("/bin/true", ["true"]), fork=os.fork, signal=lambda: os.kill(os.getppid(), 0),
    )
    told = {"inherited": [each for each in os.environ.values() if each == "token"]}
    for name, work_ in tries.items():
        try:
            work_(); told[name] = "done"
        except OSError:
            told[name] = "refused"
    return Done(told, "pry")

os.chdir(room)
confined = Confined(replace(PROCESSES["import"], does=pry))
os.environ["SECRET"] = "token"
told = []
work = Work(room / "study.gpkg", room / "out", {}, None, None, None, "li", "", "j", lambda *each: told.append(each))
given = PROCESSES["import"].inputs(files=("a",))
first, again = (confined.run(given, work, memory_bytes=8 << 30, cpu_s=60) for _ in range(2))
confined.close()
assert first == again and told == [("prying", 0.5)] * 2
print(json.dumps(first.summary))
"""


def test_what_reads_users_files_reaches_nothing_else(tmp_path: Path) -> None:
    """A run that tries what a reader that was taken over could do; its job, where it is done again, fares the same."""
    (tmp_path / "room" / "out").mkdir(parents=True)
    (tmp_path / "room" / "study.gpkg").write_text("study")
    (tmp_path / "secret").write_text("secret")
    ended = subprocess.run(
        [sys.executable, "-c", PRYING, str(tmp_path / "room"), str(tmp_path / "secret")], capture_output=True,
        text=True, timeout=300, check=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    told = json.loads(ended.stdout)
    assert told.pop("inherited") == []
    assert told.pop("own") == told.pop("study") == "done"
    if len(offered(moves=True)) < 2:
        pytest.skip(f"this kernel offers only: {offered(moves=True) or 'limits'}")
    assert set(told.values()) == {"refused"}, told


ENDING = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from api.jobs.confined import Confined, RefusedError, UnforeseenError
from api.jobs.limits import limit_time
from api.jobs.processes import PROCESSES
from api.jobs.runs import Work
from geo.errors import Fault, InputError

def end(given, work):
    match given.name:
        case "refused":
            raise InputError(Fault("no good", "mend it"))
        case "memory":
            bytearray(1 << 40)
        case "unforeseen":
            raise KeyError("a")
        case "killed":
            signal.raise_signal(signal.SIGSEGV)

limit_time(120)
room = Path.cwd()
confined = Confined(replace(PROCESSES["import"], does=end, confined=()))
work = Work(room / "study.gpkg", room / "out", {}, None, None, None, "li", "", "j", lambda *_: None)
for name in ("refused", "memory", "unforeseen", "killed"):
    given = PROCESSES["import"].inputs(files=("a",), name=name)
    try:
        confined.run(given, work, memory_bytes=8 << 30, cpu_s=60)
    except (RefusedError, MemoryError, UnforeseenError) as error:
        print(type(error).__name__, error.told["status"] if name == "refused" else "", flush=True)
"""


def test_how_work_ends_is_told_and_a_worker_breaks_off_as_its_work_did(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDING], capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert ended.stdout.split() == ["RefusedError", "422", "MemoryError", "UnforeseenError"], ended.stderr
    assert ended.returncode == -signal.SIGSEGV
    assert "KeyError: 'a'" in ended.stderr, "the server's log has what was not foreseen"


def test_a_file_is_imported_by_a_worker(jobs: Jobs, store: StudyStore, queue: Queue, tmp_path: Path) -> None:
    """The whole way: request, worker, confined process, tables; and a file that is none is refused in plain words."""
    path, study = tmp_path / "source.gpkg", small_study()
    for name in ("study_area", "roads"):
        study[name].to_file(path, layer=name)
    sent = [{"value": base64.b64encode(content).decode(), "name": name} for name, content in
            (("source.gpkg", path.read_bytes()), ("broken.gpkg", b"no database"))]  # fmt: skip
    good, bad = (jobs.submit(store, "import", {"inputs": {"files": [each]}}, by="li") for each in sent)
    jobs.start()

    ended = wait_for(queue, good.id, lambda job: job.ended, seconds=240)

    assert (ended.status, ended.message) == ("successful", "done")
    assert store.rows("roads").num_rows == len(study["roads"])
    assert "buildings" not in store.collections()
    refused = wait_for(queue, bad.id, lambda job: job.ended, seconds=240)
    assert (refused.status, refused.attempts) == ("failed", 1)
    assert refused.outcome is not None
    assert refused.outcome["status"] == 422
    assert "broken.gpkg" in json.dumps(refused.outcome)
    assert str(tmp_path) not in json.dumps(refused.outcome)


def _rows(collection_id: str) -> CollectionWrite:
    frame = small_study()["communities"]
    made = collection_of(frame, collection_id)
    return CollectionWrite(made, to_rows(frame, made))


def test_what_is_handed_over_comes_out_as_it_went_in(tmp_path: Path) -> None:
    study, file = small_study(), tmp_path / "map.html"
    file.write_text("map")
    writes = (_rows("gaps.g.homes"), DocumentWrite("result", "gaps.g", {"title_zh": "缺口"}))

    hand_over(Done({"n": 1}, "gaps", writes, ("gaps.g.homes",), {"map": file}, study), tmp_path / "answer")
    got = take_over(tmp_path / "answer", tmp_path)

    assert (got.summary, got.action, got.collections, got.files) == ({"n": 1}, "gaps", ("gaps.g.homes",), {"map": file})
    assert got.writes == writes
    assert got.study is not None
    assert (got.study.name, got.study.crs, got.study.repairs, got.study.notes) == (
        study.name, study.crs, study.repairs, study.notes
    )  # fmt: skip
    for name, frame in study.tables.items():
        made = collection_of(frame, name)
        assert to_rows(got.study[name], made) == to_rows(frame, made), name
    assert [each.transform for each in got.study.rasters.values()] == [e.transform for e in study.rasters.values()]


@pytest.mark.parametrize("write", [
    DocumentWrite("job", "j", {}), DocumentWrite("plan", "p", {}), replace(_rows("gaps.g.homes"), collection=replace(
        _rows("gaps.g.homes").collection, id="roads")), _rows("communities"),
], ids=["job", "plan", "named as a table", "table"])  # fmt: skip
def test_nothing_but_results_is_taken_over(tmp_path: Path, write: Write) -> None:
    hand_over(Done({}, "x", (write,)), tmp_path / "answer")
    with pytest.raises(ValueError, match=r"cannot write|no layer"):
        take_over(tmp_path / "answer", tmp_path)


def test_files_are_taken_over_from_their_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "out" / "link").symlink_to(tmp_path / "secret")
    hand_over(Done({}, "x", files={"map": tmp_path / "out" / "link"}), tmp_path / "answer")
    with pytest.raises(ValueError, match="no file of the run"):
        take_over(tmp_path / "answer", tmp_path / "out")
    told = json.loads((tmp_path / "answer" / "done.json").read_text())
    (tmp_path / "answer" / "done.json").write_text(json.dumps(told | {"files": {"map": "../secret"}}))
    with pytest.raises(ValueError, match="no file of the run"):
        take_over(tmp_path / "answer", tmp_path / "out")


def test_files_and_single_features_are_not_handed_over(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="FileWrite"):
        hand_over(Done({}, "x", (FileWrite("a", "b", b"c"),)), tmp_path / "answer")


def test_rows_that_are_no_rows_are_refused(tmp_path: Path) -> None:
    hand_over(Done({}, "x", (_rows("gaps.g.homes"),)), tmp_path / "answer")
    (tmp_path / "answer" / "1.arrow").write_bytes(b"no table")
    with pytest.raises(pa.ArrowInvalid):
        take_over(tmp_path / "answer", tmp_path)
