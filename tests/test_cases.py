"""The main job on real towns. Each README in ../shared/cases tells source and licence."""

from pathlib import Path

import pyogrio
import pytest

from tests.command import shequ
from tests.independent import check_plan_folder, layer

pytestmark = pytest.mark.cases


def done(*arguments: object) -> str:
    """Run the command and return what it prints; it must succeed."""
    run = shequ(*arguments)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def taichung(cases: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Xitun District: 39 villages, 1,010 census areas."""
    study = tmp_path_factory.mktemp("taichung") / "taichung.gpkg"
    done("import", cases / "taichung_xitun" / "taichung_xitun.gpkg",
         "--mapping", root / "docs" / "examples" / "taichung_xitun.toml", "--out", study)  # fmt: skip
    return study


def test_taichung_its_39_villages_merge(taichung: Path, tmp_path: Path) -> None:
    done("plan", taichung, "--mode", "merge", "--min", 3500, "--max", 8000, "--max-people", 25000, "--out", tmp_path)
    figures = check_plan_folder(tmp_path, taichung)
    assert figures["blocks"] == 39
    assert figures["households"] == 90_002
    assert 12 <= figures["communities"] <= 25


def test_taichung_redrawn_on_its_census_areas(taichung: Path, tmp_path: Path) -> None:
    done("blocks", taichung, "--from", "census")
    done("households", taichung, "--trust", "census")
    done("plan", taichung, "--out", tmp_path / "plan", "--lang", "en")
    figures = check_plan_folder(tmp_path / "plan", taichung)
    assert figures["blocks"] == len(layer(taichung, "census", "census_id"))
    assert 25 <= figures["communities"] <= 40
    named = layer(tmp_path / "plan" / "plan.gpkg", "seams", "seam_id")["feature_name"].dropna()
    assert named.str.contains("臺灣大道").any(), "seams along the boulevard must know its name"


def test_taichung_a_merge_within_3600_is_refused_with_the_village_that_is_too_large(
    taichung: Path, tmp_path: Path
) -> None:
    run = shequ("plan", taichung, "--mode", "merge", "--out", tmp_path / "never")
    assert run.returncode == 3
    assert "7,899 households; the maximum is 3,600" in run.stderr
    assert "Huilai Vil. (66000060005)" in run.stderr
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(
    ("file", "limits"),
    [
        ("nanjing_gulou/nanjing_gulou.gpkg", ["--min", 4000, "--max", 9000, "--max-people", 30000]),
        ("monaco/monaco.osm.pbf", ["--min", 2000, "--max", 5000, "--max-people", 15000]),
    ],
)
def test_openstreetmap_towns_are_redrawn_on_road_blocks(cases: Path, tmp_path: Path, file: str, limits: list) -> None:
    study = tmp_path / "town.gpkg"
    done("import", cases / file, "--out", study)
    done("blocks", study)
    assert "floor_area" in done("households", study), "households are estimated from floor area, and it must be said"
    done("plan", study, *limits, "--split-villages", "--out", tmp_path / "plan")
    figures = check_plan_folder(tmp_path / "plan", study)
    assert figures["communities"] >= 3
    repairs = pyogrio.read_dataframe(study, layer="shequ_repairs")
    assert (repairs["action"] == "estimated").any()
