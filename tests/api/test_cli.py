"""Bad input on the command line: what, where, remedy; exit code 2; nothing written."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from tests.command import shequ

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
    run = shequ("import", make(tmp_path), "--out", out)
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
    assert shequ("import", town(tmp_path), "--out", out).returncode == 0
    before = out.read_bytes()
    (tmp_path / "bad").mkdir()
    assert shequ("import", negative(tmp_path / "bad"), "--out", out).returncode == 2
    assert out.read_bytes() == before


def test_nothing_to_import_is_said() -> None:
    run = shequ("import")
    assert run.returncode == 2
    assert "nothing to import" in run.stderr
