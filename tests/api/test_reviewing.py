"""What is told of a plan: why, how good, and what its texts mean."""

import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo.partition.plan import Plan
from tests.command import done, here, refused


@pytest.fixture
def study(demo: Path) -> Path:
    return demo / "study.gpkg"


@pytest.fixture
def plan(demo: Path) -> Path:
    return demo / "plan.json"


def test_a_village_s_block_stays_because_the_village_is_kept_whole(study: Path, plan: Path) -> None:
    block = next(b for b, c in sorted(Plan.from_json(plan.read_bytes()).assignment.items()) if c == "CU02")
    english = done("explain", study, plan, "--block", block, "--lang", "en")
    assert "a village is kept whole" in english
    assert "maximum is 3,600" in english
    assert "村保持完整" in done("explain", study, plan, "--block", block)


def test_a_community_is_told_with_its_terms_mergers_and_border(study: Path, plan: Path) -> None:
    said = done("explain", study, plan, "--community", "SQ03", "--lang", "en")
    for word in ("seam", "merge with", "unit on the border", "the target is 3,000", "B0"):
        assert word in said


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], ["--block ID or --community ID"]),
        (["--block", "B0001", "--community", "SQ03"], ["one of the two"]),
        (["--block", "nope"], ["no block nope"]),
        (["--community", "SQ33"], ["no community SQ33", "similar: SQ03"]),
    ],
)
def test_what_cannot_be_explained_is_refused(flags: list[str], words: list[str], study: Path, plan: Path) -> None:
    refused(here("explain", study, plan, *flags), *words)


def test_the_scorecard_tells_numbers_before_and_after_under_every_heading(study: Path, plan: Path) -> None:
    said = done("score", study, plan, "--lang", "en", "--sources")
    for heading in ("Standard size", "Territory", "Function", "Shared interest", "Favourable to stability"):
        assert heading in said
    row = said[said.index("households living in communities") :].split("│")
    assert row[2].strip() == "0.0%", "nobody lives outside the limits in the plan"
    assert "formula: " in said
    assert "source: " in said


def test_a_text_is_understood_and_its_land_is_written(study: Path, tmp_path: Path) -> None:
    text = "东至建设路,南至清河大道,西至中山路,北至环城北路"
    file = tmp_path / "land.geojson"
    said = done("bounds", study, text, "--out", file)
    assert "东: 建设路" in said
    assert "16 个地块,3,235 户" in said
    meant = said.split("平方公里 ")[1].split(f" {file}")[0].split(", ")
    assert len(meant) == 16
    land = json.loads(file.read_text("utf-8"))["features"][0]
    assert land["properties"]["text"] == text
    shape = shapely.geometry.shape(land["geometry"])
    assert shape.exterior.is_ccw
    blocks = gpd.read_file(study, layer="blocks").set_index("block_id").loc[meant].to_crs(4326)
    assert shapely.union_all(blocks.geometry).symmetric_difference(shape).area < 0.001 * shape.area


def test_what_is_not_found_is_said_with_what_is_near(study: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes("东至中山录,南至无名氏路".encode("gb18030"))
    said = done("bounds", study, "--file", tmp_path / "text.txt", "--lang", "en")
    assert "there is no '中山录' on this study" in said
    assert "中山路" in said
    refused(here("bounds", study, "东至无名氏路", "--out", tmp_path / "x.geojson"), "no land to write")
    assert not (tmp_path / "x.geojson").exists()


def test_the_texts_of_a_plan_give_its_blocks_back(study: Path, plan: Path) -> None:
    said = done("bounds", study, "--check", plan, "--lang", "en")
    found, total = (int(said.split(mark)[1].split()[0]) for mark in ("the bounds of ", "of "))
    assert found >= 0.95 * total
    assert said.count("of the land agrees") == total - found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--file FILE or --check"]),
        (["hello"], ["nothing in this text is a boundary"]),
        (["东至甲路", "--file", "x.txt"], ["one of the three"]),
        (["--file", "nowhere.txt"], ["no such file"]),
    ],
)
def test_a_text_that_is_none_is_refused(arguments: list[str], words: list[str], study: Path) -> None:
    refused(here("bounds", study, *arguments), *words)
