"""QGIS, without a window: features, tiles and rasters over HTTP, and the study file itself while it is served."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.served import small_study
from tests.running import Served

PYTHON = Path("/usr/bin/python3")
SESSION = Path(__file__).with_name("qgis_session.py")


@pytest.fixture(scope="module")
def session(served: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What QGIS saw and did: one process for all, as it takes a while to start."""
    if not Path("/usr/lib/python3/dist-packages/qgis").is_dir():
        pytest.skip("no python3-qgis on this machine")
    folder = tmp_path_factory.mktemp("qgis")
    settings = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder),
                "PATH": os.environ["PATH"]}  # fmt: skip
    command = [PYTHON, SESSION, served.study, served.file, folder, *served.collections]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=settings)
    assert run.returncode == 0, run.stdout + run.stderr
    told: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return told


def test_every_layer_opens_with_all_its_features(session: dict[str, Any], served: Served) -> None:
    collections = served.collections
    assert set(session["layers"]) == set(collections) >= {"buildings", "observations", "plan.p1.communities"}
    for name, seen in session["layers"].items():
        matched = httpx.get(f"{served.study}/collections/{name}/items", params={"limit": 1}, timeout=60).json()[
            "numberMatched"
        ]
        assert (seen["counted"], seen["read"], seen["invalid"]) == (matched, matched, 0), name
        if name in small_study().tables:
            assert matched == len(small_study()[name])
    assert {"id", "name", "floors", "colour"} <= set(session["layers"]["buildings"]["fields"])


def test_filters(session: dict[str, Any]) -> None:
    """In the layer's properties, as an expression, and by what the canvas shows; there are several pages of each."""
    houses = small_study()["buildings"]
    wanted = sorted(houses.index[(houses["floors"] > 5) & (houses["use"] == "residential")])
    assert session["filtered"] == session["expression"] == wanted
    shown = houses.to_crs(4326)
    assert session["box"] == sorted(shown.cx[120.0:120.0040, 30.179:30.1830].index)
    assert 7 < len(session["box"]) < len(houses)


def test_vector_tiles_in_the_style_of_the_server(session: dict[str, Any]) -> None:
    assert session["style"] == ["", True]
    assert {"buildings", "roads", "plan.p1.communities"} <= set(session["styled"])
    assert "roads" in session["labelled"]
    most = {colour for colour, count in session["tiles"].items() if count > 10_000}
    assert most == {"#f7f6f2", "#c9deec", "#f5d6b7"}, "the ground, and two communities in their colours"


def test_raster_tiles(session: dict[str, Any]) -> None:
    """Heights rise to the north-east in bands."""
    assert sum(count > 1000 for count in session["raster"].values()) >= 5


def test_the_file_is_edited_while_it_is_served(session: dict[str, Any], served: Served) -> None:
    """What QGIS writes into the file is in the next answer, and in the log as the work of another program."""
    assert session["file"] == len(small_study()["buildings"])
    assert session["committed"], session["errors"]
    house = httpx.get(f"{served.study}/collections/buildings/items/JZ003", timeout=60)
    assert house.json()["properties"]["name"] == "在 QGIS 中改名"
    log = httpx.get(f"{served.study}/transactions", params={"limit": 1}, timeout=60).json()["transactions"][0]
    assert log["action"] == "changed by another program"
    versions = httpx.get(f"{served.study}/collections/buildings/items/JZ003/versions", timeout=60).json()["versions"]
    assert [each["version"] for each in versions][:2] in ([2, 1], [1, 2])
    undone = httpx.post(f"{served.study}/transactions/{log['tx']}/undo", timeout=60)
    assert undone.status_code == 200, undone.text
    house = httpx.get(f"{served.study}/collections/buildings/items/JZ003", timeout=60)
    assert house.json()["properties"]["name"] == small_study()["buildings"].loc["JZ003", "name"]
