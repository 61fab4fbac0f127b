"""The main job through the command line, on the demo town, judged by a check that shares no code with it."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pyogrio
import pytest

from tests.command import shequ
from tests.independent import check_plan_folder, layer


@pytest.fixture
def town(demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo study, ready to plan."""
    return Path(shutil.copy(demo / "study.gpkg", tmp_path / "town.gpkg"))


def test_the_demo_plan_keeps_every_promise(demo: Path) -> None:
    figures = check_plan_folder(demo, demo / "study.gpkg")
    assert 39_500 <= figures["households"] <= 40_500
    assert 12 <= figures["communities"] <= 16
    assert figures["estates_whole"] >= 60
    assert figures["villages_whole"] == 9


def test_every_household_of_the_town_is_in_the_plan(demo: Path) -> None:
    before = layer(demo / "study.gpkg", "communities", "community_id")
    blocks = layer(demo / "plan.gpkg", "blocks", "block_id")
    assert blocks["households"].sum() == before["households"].sum()
    assert blocks["people"].sum() == before["people"].sum()


def test_moves_add_up_to_what_changed(demo: Path) -> None:
    blocks = layer(demo / "plan.gpkg", "blocks", "block_id")
    moves = layer(demo / "plan.gpkg", "moves", "move_id")
    changed = blocks[blocks["community_id"] != blocks["community_id_before"]]
    assert moves["households"].sum() == changed["households"].sum()
    assert moves.geometry.area.sum() == pytest.approx(changed.geometry.area.sum())


def test_everything_is_there(demo: Path) -> None:
    names = {file.name for file in demo.iterdir()}
    plan = {"study.gpkg", "plan.json", "plan.gpkg", "map.html", "report.xlsx", "report.docx"}
    folders = {
        "examination": {"examination.gpkg"}, "programme": {"programme.gpkg", "programme.json"}, "gaps": {"gaps.gpkg"},
        "siting": {"siting.gpkg"},
    }  # fmt: skip
    assert names == {*plan, *folders}
    for folder, own in folders.items():
        assert {file.name for file in (demo / folder).iterdir()} == {*own, "map.html", "report.xlsx", "report.docx"}
    layers = {name for name, _ in pyogrio.list_layers(demo / "plan.gpkg")}
    assert {"blocks", "seams", "communities", "communities_before", "moves", "layer_styles"} <= layers
    assert pyogrio.read_info(demo / "plan.gpkg", layer="blocks")["crs"] == "EPSG:4549"


def test_the_same_question_gives_the_same_bytes(demo: Path, town: Path, tmp_path: Path) -> None:
    run = shequ("plan", town, "--out", tmp_path / "again")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "again" / "plan.json").read_bytes() == (demo / "plan.json").read_bytes()


def test_a_merge_keeps_communities_whole(town: Path, tmp_path: Path) -> None:
    run = shequ("plan", town, "--mode", "merge", "--min", 2400, "--max", 9500, "--max-people", 30000, "--lang", "en",
                "--effort", "quick", "--out", tmp_path / "merged")  # fmt: skip
    assert run.returncode == 0, run.stderr
    figures = check_plan_folder(tmp_path / "merged", town)
    before = layer(town, "communities", "community_id")
    assert figures["blocks"] == len(before) == 16
    assert figures["households"] == before["households"].sum()


def test_blocks_and_households_can_be_done_again(town: Path, tmp_path: Path) -> None:
    first = layer(town, "blocks", "block_id")
    repairs = len(pyogrio.read_dataframe(town, layer="shequ_repairs"))
    assert shequ("blocks", town).returncode == 0
    run = shequ("households", town)
    assert run.returncode == 0, run.stderr
    again = layer(town, "blocks", "block_id")
    # units are made again by the next examination
    pd.testing.assert_frame_equal(*(pd.DataFrame(blocks.drop(columns="unit_id")) for blocks in (first, again)))
    assert len(pyogrio.read_dataframe(town, layer="shequ_repairs")) == repairs


def test_an_impossible_request_is_refused_with_its_reasons(town: Path, tmp_path: Path) -> None:
    run = shequ("plan", town, "--profile", "statute", "--out", tmp_path / "never")
    assert run.returncode == 3
    assert "the maximum is 700" in run.stderr
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--min", 5000, "--max", 3000], "min_households = 5,000 is above"),
        (["--lock", "nowhere"], "nowhere"),
        (["--lock", "CU01:as-is", "--lock", "CU01:free"], "CU01"),
        (["--profile", "atlantis"], "atlantis"),
        (["--weight", "seam=much"], "much"),
        (["--forbid-cut", "没有的路"], "没有的路"),
        (["--effort", "heroic"], "heroic"),
    ],
)
def test_contradictions_are_refused_before_any_work(town: Path, tmp_path: Path, arguments: list, message: str) -> None:
    run = shequ("plan", town, "--out", tmp_path / "never", *arguments)
    assert run.returncode == 2, run.stdout + run.stderr
    assert message in run.stderr
    assert "remedy" in run.stderr
    assert not (tmp_path / "never").exists()


def test_a_study_without_blocks_says_what_to_do(root: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.gpkg"
    assert shequ("import", "-m", root / "data/qinghe/mapping.toml", "-o", bare).returncode == 0
    run = shequ("plan", bare, "--out", tmp_path / "never")
    assert run.returncode == 2
    assert "shequ blocks" in run.stderr
    run = shequ("households", bare)
    assert run.returncode == 2
    assert "shequ blocks" in run.stderr


def test_other_files_in_the_folder_stay(town: Path, tmp_path: Path) -> None:
    out = tmp_path / "plans"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    assert shequ("plan", town, "--effort", "quick", "--out", out).returncode == 0
    assert (out / "notes.txt").read_text() == "mine"
    assert json.loads((out / "plan.json").read_text(encoding="utf-8"))["options"]["effort"] == "quick"


def test_help_reads_like_a_manual() -> None:
    text = shequ("--help").stdout
    for command in ("import", "blocks", "households", "plan", "profiles", "show", "demo"):
        assert command in text
        help_text = shequ(command, "--help").stdout
        assert "Usage" in help_text
    listing = shequ("profiles").stdout
    for profile in ("seed-3000", "beijing-2021", "henan-2022", "hebei-2011", "statute"):
        assert profile in listing
