"""A plan changed by hand from the command line: edits, their answers, undo and redo across calls, the draft file."""

import json
from pathlib import Path

import geopandas as gpd
import pytest

from geo.partition.plan import Plan
from tests.command import done, here, refused


@pytest.fixture
def study(demo: Path) -> Path:
    return demo / "study.gpkg"


@pytest.fixture(scope="module")
def plan(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a plan in which every community of today lives on, whatever the engine thinks best."""
    out = tmp_path_factory.mktemp("plan")
    done("plan", demo / "study.gpkg", "--out", out, "--minimal-change", "--k", 16, "--min", 1000, "--max", 9000,
         "--max-people", 30_000, "--effort", 2000)  # fmt: skip
    return out / "plan.json"


@pytest.fixture
def draft(study: Path, plan: Path, tmp_path: Path) -> Path:
    file = tmp_path / "my.draft.json"
    done("edit", "open", study, plan, file)
    return file


def blocks_of(plan: Path, community: str) -> list[str]:
    return [b for b, c in sorted(Plan.from_json(plan.read_bytes()).assignment.items()) if c == community]


def test_edits_go_back_and_forth_between_calls_and_become_a_plan(
    study: Path, plan: Path, draft: Path, tmp_path: Path
) -> None:
    block = blocks_of(plan, "SQ03")[0]
    said = done("edit", "move", study, draft, block, "--to", "SQ02", "--lang", "en")
    assert "1 block" in said
    assert "1 to undo, 0 to redo" in said
    assert "SQ03" in done("edit", "diff", study, draft)
    said = done("edit", "merge", study, draft, "SQ01", "SQ02", "--heir", "SQ02", "--lang", "en")
    assert "Gulou Community (SQ01) with" in said
    assert "merged into community Zhongshan" in said
    assert "1 to undo, 1 to redo" in done("edit", "undo", study, draft, "--lang", "en")
    assert "0 to undo, 2 to redo" in done("edit", "undo", study, draft, "--lang", "en")
    assert "0 blocks" in done("edit", "diff", study, draft, "--lang", "en")
    refused(here("edit", "undo", study, draft), "nothing to undo")
    assert "1 to undo, 1 to redo" in done("edit", "redo", study, draft, "--lang", "en")
    assert "→ 1" in done("edit", "show", study, draft)
    done("edit", "save", study, draft, "--out", tmp_path / "saved")
    saved = Plan.from_json((tmp_path / "saved" / "plan.json").read_bytes())
    before = Plan.from_json(plan.read_bytes())
    assert saved.assignment == {**before.assignment, block: "SQ02"}
    assert (tmp_path / "saved" / "map.html").is_file()
    assert "0 blocks" in done("edit", "diff", study, draft, tmp_path / "saved" / "plan.json", "--lang", "en")
    # Another edit after an undo: what was undone is gone.
    done("edit", "split", study, draft, "SQ01", "--parts", 2)
    refused(here("edit", "redo", study, draft), "nothing to redo")


def test_the_rest_of_a_village_is_taken_along_where_asked(study: Path, plan: Path, draft: Path) -> None:
    village = blocks_of(plan, "CU01")
    said = done("edit", "move", study, draft, village[0], "--to", "new", "--lang", "en")
    assert "must stay whole" in said
    assert "--whole" in said
    done("edit", "undo", study, draft)
    refused(here("edit", "move", study, draft, village[0], "--to", "nobody"), "no community nobody")
    said = done("edit", "move", study, draft, village[0], "--to", "SQ01", "--whole", "--lang", "en")
    assert "healed: Village Beizhuang Village (CU01) is divided" in said
    assert "2 to undo" in said
    assert len(done("edit", "diff", study, draft, "--blocks").split(": CU01 → SQ01")) == len(village) + 1


def test_locks_are_added_and_released(study: Path, plan: Path, draft: Path) -> None:
    away = blocks_of(plan, "SQ02")[0]
    said = done("edit", "lock", study, draft, "--stay", f"SQ03={away}", "--lang", "en")
    assert "it lacks 1" in said
    said = done("edit", "unlock", study, draft, "--stay", f"SQ03={away}", "--lang", "en")
    assert "healed" in said
    refused(here("edit", "unlock", study, draft, "--keep-office", "SQ03"), "there is no condition SQ03 office")
    refused(here("edit", "lock", study, draft), "no locks are named")


def test_a_community_is_cut_by_a_line_in_metres_degrees_or_geojson(
    study: Path, plan: Path, draft: Path, tmp_path: Path
) -> None:
    blocks = gpd.read_file(study, layer="blocks").set_index("block_id").loc[blocks_of(plan, "SQ02")]
    west, south, east, north = blocks.total_bounds
    middle = (west + east) / 2
    metres = f"{middle},{south - 50} {middle},{north + 50}"
    said = done("edit", "cut", study, draft, "SQ02", "--line", metres, "--lang", "en")
    assert "by the drawn line" in said
    moved = done("edit", "diff", study, draft, "--blocks", "--lang", "en")
    line = gpd.GeoSeries.from_xy([middle, middle], [south - 50, north + 50], crs=blocks.crs).to_crs(4326)
    points = [[point.x, point.y] for point in line]
    file = tmp_path / "line.geojson"
    file.write_text(json.dumps({"type": "Feature", "geometry": {"type": "LineString", "coordinates": points}}))
    for flags in (["--line", " ".join(f"{x},{y}" for x, y in points)], ["--line-file", file]):
        done("edit", "undo", study, draft)
        done("edit", "cut", study, draft, "SQ02", *flags)
        assert done("edit", "diff", study, draft, "--blocks", "--lang", "en") == moved
    done("edit", "undo", study, draft)
    refused(here("edit", "cut", study, draft, "SQ02", "--line", "1,1 2,2"), "misses SQ02")
    refused(here("edit", "cut", study, draft, "SQ02", "--line", "here to there"), "x1,y1 x2,y2")
    refused(here("edit", "cut", study, draft, "SQ02"), "--line or --line-file")
    file.write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    refused(here("edit", "cut", study, draft, "SQ02", "--line-file", file), "no lines", "line.geojson")


def test_a_split_that_no_limits_allow_has_exit_code_3(study: Path, draft: Path) -> None:
    before = draft.read_bytes()
    run = here("edit", "split", study, draft, "SQ01")  # 1,640 households; two times 1,000 do not fit
    assert run.returncode == 3
    assert "households" in run.stderr
    refused(here("edit", "split", study, draft, "SQ01", "--along", "无路"), "follows 无路")
    assert draft.read_bytes() == before, "a refused edit leaves the draft as it was"


def test_a_draft_is_not_written_over_a_file(study: Path, plan: Path, draft: Path) -> None:
    before = draft.read_bytes()
    refused(here("edit", "open", study, plan, draft), "already")
    assert draft.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, ["newer shequ"]),
        ({"kind": "other"}, ["no draft"]),
        ({"cursor": 7}, ["step 7 of 0"]),
        ({"digest": "x"}, ["the study was changed"]),
        ({"steps": [{"do": "move", "blocks": ["nope"], "to": "SQ01"}]}, ["step 1", "nope"]),
        ({"steps": [{"do": "explode"}]}, ["steps.0"]),
        ({"steps": [{"do": "move", "blocks": [], "to": None}]}, ["steps.0.move.blocks"]),
        ({"plan": {"assignment": {}}}, ["profile is missing"]),
        ({"extra": 1}, ["extra"]),
    ],
)
def test_a_draft_that_was_tampered_with_is_refused(change: dict, words: list[str], study: Path, draft: Path) -> None:
    draft.write_text(json.dumps({**json.loads(draft.read_text("utf-8")), **change}), "utf-8")
    refused(here("edit", "show", study, draft), *words, "my.draft.json")
