"""`shequ serve`: what it says, what it refuses, and that its end loses nothing."""

import os
import signal
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from api.cli.kernels import find_room_for_kernels
from api.cli.serving import name_studies
from geo.errors import InputError
from geo.study import read_study, write_study
from tests.api.served import STUDY_ID, small_study
from tests.command import here, refused
from tests.running import serving

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / f"{STUDY_ID}.gpkg"
    write_study(small_study(), path)
    return path


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(file: Path, ending: signal.Signals) -> None:
    """It prints the addresses of map and interfaces; Ctrl-C ends it, and the file alone holds what was edited."""
    with serving(file) as served:
        assert served.said[0].split() == [f"{served.study}/map", str(file)]
        assert served.said[1].startswith(f"{served.study} ")
        assert "QGIS" in served.said[1]
        page = httpx.get(f"{served.study}/map", timeout=60)
        assert page.status_code in (200, 404), "404 with a remedy where the page has not been built"
        edited = httpx.patch(
            f"{served.study}/collections/buildings/items/JZ001", json={"properties": {"floors": 33}},
            headers={"If-Match": '"1"', "Content-Type": "application/merge-patch+json"},
            timeout=60,
        )  # fmt: skip
        assert edited.status_code == 204, edited.text
        served.process.send_signal(ending)
        assert served.process.wait(60) in (0, 130, -ending)
    assert sorted(each.name for each in file.parent.iterdir()) == ["serve.log", file.name], "one file, no leftovers"
    assert "Traceback" not in (file.parent / "serve.log").read_text()
    assert read_study(file)["buildings"].loc["JZ001", "floors"] == 33
    with serving(file) as again:
        house = httpx.get(f"{again.study}/collections/buildings/items/JZ001", timeout=60)
        assert (house.json()["properties"]["floors"], house.headers["etag"].strip('"')[0]) == (33, "2")


def test_killed_it_loses_nothing_it_acknowledged(file: Path) -> None:
    with serving(file) as served:
        for version in (1, 2, 3):
            edited = httpx.patch(
                f"{served.study}/collections/buildings/items/JZ002", json={"properties": {"floors": 10 + version}},
                headers={"If-Match": f'"{version}"', "Content-Type": "application/merge-patch+json"},
                timeout=60,
            )  # fmt: skip
            assert edited.status_code == 204, edited.text
        os.kill(served.process.pid, signal.SIGKILL)
        served.process.wait(60)
    with serving(file) as again:
        versions = httpx.get(f"{again.study}/collections/buildings/items/JZ002/versions", timeout=60).json()["versions"]
        assert max(each["version"] for each in versions) == 4
        house = httpx.get(f"{again.study}/collections/buildings/items/JZ002", timeout=60).json()
        assert house["properties"]["floors"] == 13


def test_studies_are_named(tmp_path: Path) -> None:
    named = name_studies(["out/qinghe/study.gpkg", "East_2=a.gpkg", "x/河东.gpkg", "Old Town.gpkg"])
    assert named == {"qinghe": Path("out/qinghe/study.gpkg"), "East_2": Path("a.gpkg"), "study-3": Path("x/河东.gpkg"),
                     "old-town": Path("Old Town.gpkg")}  # fmt: skip


@pytest.mark.parametrize(
    "given", [["a/study.gpkg", "b/a.gpkg"], ["x.gpkg", "sub/x.gpkg"], ["east=a.gpkg", "east=b.gpkg"]]
)
def test_two_studies_of_one_name_are_refused(given: list[str]) -> None:
    with pytest.raises(InputError, match="two studies are named") as told:
        name_studies(given)
    assert told.value.faults[0].remedy.startswith("name one of them: other=")


def test_what_cannot_be_served_is_refused(file: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.gpkg"
    small_study()["roads"].to_file(plain, layer="roads")
    text = tmp_path / "text.gpkg"
    text.write_text("not at all")
    newer = tmp_path / "newer.gpkg"
    newer.write_bytes(file.read_bytes())
    with closing(sqlite3.connect(newer)) as db, db:
        db.execute("UPDATE shequ_meta SET value = '99' WHERE key = 'format'")
    before = newer.read_bytes()
    refused(here("serve"), "there is nothing to serve", "--database")
    refused(here("serve", file, f"{STUDY_ID}={plain}"), f"two studies are named {STUDY_ID}", "other=")
    refused(here("serve", plain, "--port", 0), "plain.gpkg")
    refused(here("serve", text, "--port", 0), "text.gpkg")
    refused(here("serve", tmp_path / "absent.gpkg", "--port", 0), "absent.gpkg")
    refused(here("serve", newer, "--port", 0), "newer shequ", "format 99")
    assert newer.read_bytes() == before, "a newer file is left as it is"


def test_what_others_could_reach_is_refused(file: Path) -> None:
    refused(here("serve", file, "--host", "0.0.0.0"), "have no accounts", "0.0.0.0", "--database")
    refused(here("serve", file, "--database", NOWHERE), "cannot be served at once", "shequ team add")
    refused(here("serve", file, "--workers", 4), "served by one process")
    refused(here("serve", "--database", NOWHERE, "--host", "0.0.0.0"), "SHEQU_SESSION_SECRET", "https://")


def test_studies_are_named_by_the_environment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHEQU_STUDIES", f'{{"east": "{tmp_path / "absent.gpkg"}"}}')
    refused(here("serve", "--port", 0), "there is no such file", "absent.gpkg")


def test_a_database_that_does_not_answer_is_told_with_the_reason_and_what_to_check() -> None:
    refused(here("serve", "--database", NOWHERE, "--port", 0), "does not answer", "port 1 failed", "check host, port")


def test_who_can_write_neither_beside_the_code_nor_at_home_keeps_compiled_functions_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    find_room_for_kernels()
    assert "NUMBA_CACHE_DIR" not in os.environ, "beside the code there is room"
    find_room_for_kernels(Path("/dev/null/code"))
    made = Path(os.environ["NUMBA_CACHE_DIR"])
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(made))  # taken back when the test ends
    assert (made.stat().st_mode & 0o777, list(made.iterdir())) == (0o700, [])
    made.rmdir()


def test_a_port_that_is_taken_is_refused(file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(here("serve", file, "--port", port), f"cannot listen on 127.0.0.1:{port}", "--port")


def test_a_study_is_not_changed_by_a_command_while_it_is_served(file: Path) -> None:
    with serving(file):
        before = file.read_bytes()
        refused(here("blocks", file), file.name)
        assert file.read_bytes() == before
