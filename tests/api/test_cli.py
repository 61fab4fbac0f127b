"""Bad input on the command line: what, where, remedy; exit code 2; nothing written."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from tests.command import here, refused, shequ

SQUARE = shapely.box(0, 0, 1000, 1000)
STREET = shapely.LineString([(0, 500), (1000, 500)])


def town(folder: Path, **layers: gpd.GeoDataFrame) -> Path:
    """Write a small town of a square, one street and two houses; any layer can be put in its place."""
    at = {"crs": "EPSG:4549"}
    move = shapely.affinity.translate
    good = {
        "study_area": gpd.GeoDataFrame({"area_id": ["a"]}, geometry=[SQUARE], **at),
        "roads": gpd.GeoDataFrame({"road_id": ["r1"], "road_class": ["primary"]}, geometry=[STREET], **at),
        "communities": gpd.GeoDataFrame(
            {"community_id": ["c1"], "kind": ["community"], "households": [10]}, geometry=[SQUARE], **at),
        "buildings": gpd.GeoDataFrame(
            {"building_id": ["b1", "b2"], "households": [4, 6]},
            geometry=[shapely.box(10, 10, 30, 30), shapely.box(50, 600, 80, 620)], **at),
    }  # fmt: skip
    file = folder / "town.gpkg"
    for name, frame in {**good, **layers}.items():
        moved = frame.set_geometry([None if g is None else move(g, 500_000, 3_340_000) for g in frame.geometry])
        (moved if frame.crs else moved.set_crs(None, allow_override=True)).to_file(file, layer=name, engine="pyogrio")
    return file


def buildings(**columns: list) -> gpd.GeoDataFrame:
    shapes = [shapely.box(10, 10, 30, 30), shapely.box(50, 600, 80, 620)]
    return gpd.GeoDataFrame({"building_id": ["b1", "b2"], **columns}, geometry=shapes, crs="EPSG:4549")


def no_crs(folder: Path) -> Path:
    return town(folder, roads=gpd.GeoDataFrame({"road_id": ["r1"], "road_class": ["primary"]}, geometry=[STREET]))


def degrees(folder: Path) -> Path:
    """A layer that says metres and holds degrees."""
    file = folder / "town.gpkg"
    shape = shapely.box(120.0, 30.0, 120.1, 30.1)
    gpd.GeoDataFrame({"area_id": ["a"]}, geometry=[shape], crs=4549).to_file(file, layer="study_area")
    return file


def missing_column(folder: Path) -> Path:
    return town(folder, roads=gpd.GeoDataFrame({"road_id": ["r1"]}, geometry=[STREET], crs=4549))


def duplicate_ids(folder: Path) -> Path:
    return town(folder, buildings=buildings().assign(building_id=["b1", "b1"]))


def no_lines(folder: Path) -> Path:
    return town(folder, roads=gpd.GeoDataFrame(
        {"road_id": ["r1"], "road_class": ["primary"]}, geometry=[SQUARE], crs=4549))  # fmt: skip


def empty_area(folder: Path) -> Path:
    return town(folder, study_area=gpd.GeoDataFrame({"area_id": ["a"]}, geometry=[None], crs=4549))


def negative(folder: Path) -> Path:
    return town(folder, buildings=buildings(households=[4, -6]))


def text(folder: Path) -> Path:
    return town(folder, buildings=buildings(households=["4", "about six"]))


def truncated(folder: Path) -> Path:
    file = town(folder)
    file.write_bytes(file.read_bytes()[:30_000])
    return file


def absent(folder: Path) -> Path:
    return folder / "nowhere.gpkg"


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (no_crs, ["roads", "coordinate reference system", "--crs"]),
        (degrees, ["study_area", "degrees"]),
        (missing_column, ["roads", "road_class"]),
        (duplicate_ids, ["buildings", "b1"]),
        (no_lines, ["roads", "Polygon", "LineString", "r1"]),
        (empty_area, ["study_area"]),
        (negative, ["buildings", "households", "-6", "b2"]),
        (text, ["buildings", "households", "about six", "b2"]),
        (truncated, ["town.gpkg"]),
        (absent, ["nowhere.gpkg"]),
    ],
)
def test_bad_files_are_refused(make: Callable[[Path], Path], words: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out" / "study.gpkg"
    run = here("import", make(tmp_path), "--out", out)
    assert run.returncode == 2, run.stdout + run.stderr
    for word in [*words, ".gpkg", "where", "remedy"]:
        assert word in run.stderr, f"{word!r} is not in: {run.stderr}"
    assert "Traceback" not in run.stderr
    assert not out.exists(), "nothing may be written"
    assert not out.parent.exists() or not list(out.parent.iterdir()), "no draft may stay behind"


def test_the_good_town_is_accepted(tmp_path: Path) -> None:
    out = tmp_path / "study.gpkg"
    run = shequ("import", town(tmp_path), "--out", out)
    assert run.returncode == 0, run.stderr
    assert shequ("blocks", out).returncode == 0
    assert "10" in shequ("households", out).stdout
    shown = shequ("show", out, "--all")
    assert shown.returncode == 0
    assert "buildings" in shown.stdout


def test_an_import_over_an_old_study_leaves_it_when_it_fails(tmp_path: Path) -> None:
    out = tmp_path / "study.gpkg"
    assert here("import", town(tmp_path), "--out", out).returncode == 0
    before = out.read_bytes()
    (tmp_path / "bad").mkdir()
    assert here("import", negative(tmp_path / "bad"), "--out", out).returncode == 2
    assert out.read_bytes() == before


def test_nothing_to_import_is_said() -> None:
    run = shequ("import")
    assert run.returncode == 2
    assert "nothing to import" in run.stderr


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of the small town with blocks and households."""
    folder = tmp_path_factory.mktemp("ready")
    study = folder / "study.gpkg"
    for run in (here("import", town(folder), "--out", study), here("blocks", study), here("households", study)):
        assert run.returncode == 0, run.stderr
    return study


def test_a_source_is_never_overwritten(tmp_path: Path) -> None:
    source = town(tmp_path)
    before = source.read_bytes()
    refused(here("import", source, "--out", source), "would be overwritten", "town.gpkg", "--out")
    assert source.read_bytes() == before


def test_a_study_is_not_written_over_itself(ready: Path) -> None:
    before = ready.read_bytes()
    refused(here("import", ready, "--out", ready), "made from")
    assert ready.read_bytes() == before


@pytest.mark.parametrize("command", ["import", "plan"])
def test_a_place_that_is_in_a_file_is_refused_before_any_work(command: str, ready: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    arguments = {"import": [town(tmp_path)], "plan": [ready, "--min", 1]}[command]
    refused(here(command, *arguments, "--out", tmp_path / "file" / "x.gpkg"), "file, not a folder")
    assert sorted(file.name for file in tmp_path.iterdir()) in (["file"], ["file", "town.gpkg"])


def test_a_plan_replaces_all_files_or_none(ready: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.json").mkdir()
    refused(here("plan", ready, "--min", 1, "--out", tmp_path), "plan.json")
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["blocks", "--from", "buildings"], ["buildings", "census"]),
        (["blocks", "--from", "census"], ["census"]),
        (["blocks", "--roads", ","], ["--roads"]),
        (["blocks", "--roads", "primary,autobahn"], ["autobahn"]),
        (["blocks", "--min-width", "-3"], ["min_width_m"]),
        (["households", "--household-size", "0"], ["household_size"]),
        (["plan", "--effort", "0"], ["--effort"]),
    ],
)
def test_bad_options_are_refused(arguments: list[str], words: list[str], ready: Path) -> None:
    before = ready.read_bytes()
    refused(here(arguments[0], ready, *arguments[1:]), *words)
    assert ready.read_bytes() == before


def test_no_answer_names_the_limits_and_where_they_come_from(ready: Path, tmp_path: Path) -> None:
    run = here("plan", ready, "--min", 11, "--target", 12, "--max", 13, "--out", tmp_path / "plan")
    assert run.returncode == 3, run.stderr
    for words in ("min households 11 (--min)", "max people 12,000 (profile seed-3000; --max-people", "remedy"):
        assert words in run.stderr
    assert not (tmp_path / "plan").exists()


@pytest.mark.parametrize(("told", "interrupts"), [
    pytest.param(signal.SIGINT, signal.default_int_handler, id="Ctrl-C"),
    pytest.param(signal.SIGTERM, signal.SIG_IGN, id="kill, in the background of a shell"),
])  # fmt: skip
def test_a_cancelled_plan_says_so_and_leaves_nothing(
    told: signal.Signals, interrupts: Any, demo: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "api.cli", "plan", str(demo / "study.gpkg"), "--effort", "2000000000",
               "--out", str(tmp_path / "plan")]  # fmt: skip
    screen, theirs = os.openpty()
    mine = signal.signal(signal.SIGINT, interrupts)  # what is ignored here is ignored there
    try:
        run = subprocess.Popen(command, stderr=theirs, env=os.environ | {"TERM": "xterm", "COLUMNS": "160"})
    finally:
        signal.signal(signal.SIGINT, mine)
        os.close(theirs)
    try:
        _read(screen, "search")  # the bar says what is being done
        run.send_signal(told)
        said = _read(screen)
        assert run.wait(60) == 130
    finally:
        run.kill()
        run.wait()
        os.close(screen)
    assert "cancelled; nothing was changed" in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def _read(screen: int, word: str = "") -> str:
    """Return what a program shows until there is this word, or until it ends."""
    shown = b""
    while not word or word.encode() not in shown:
        assert select.select([screen], [], [], 120)[0], shown.decode(errors="replace")
        try:
            shown += os.read(screen, 65_536)
        except OSError:  # the program has ended
            assert not word, shown.decode(errors="replace")
            break
    return shown.decode(errors="replace")
