"""Gaps through the command: what the demo town lacks, before and after its plan, and what is refused."""

import shutil
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest

from api.cli.console import Lang
from api.cli.gaps import asked
from geo.standards import load_facility_standard
from tests.api.test_cli import town
from tests.command import done, here, refused

FILES = {"gaps.gpkg", "map.html", "report.xlsx", "report.docx"}


def test_standards_are_listed_and_shown() -> None:
    said = done("standards", "--lang", "en")
    assert "six-ones" in said
    assert "gb50180-2018" in said
    one = done("standards", "six-ones")
    assert "居委会办公场所" in one
    assert "每个社区:有一处" in one
    wrong = here("standards", "sixones")
    assert wrong.returncode == 2
    assert "use one of" in wrong.stderr
    assert "six-ones" in wrong.stderr


def test_what_a_standard_asks_is_told_in_words() -> None:
    book = load_facility_standard("complete-community-2020")
    assert asked(book["elder_station"], Lang.en) == (
        "every old person: within 300 m or within 10 min, each ≥ 350 m² of floor"
    )
    assert asked(book["parking"], Lang.zh) == "每个社区:每百户泊位100"


def test_the_demo_tells_gaps_before_and_after_its_plan(demo: Path) -> None:
    assert {each.name for each in (demo / "gaps").iterdir()} == FILES
    book = openpyxl.load_workbook(demo / "gaps" / "report.xlsx", read_only=True)
    text = "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell)
    assert "六个一" in text
    assert "便民停车场" in text


def test_a_standard_of_ones_own(demo: Path, tmp_path: Path) -> None:
    """Everybody of the demo town within 1 m of a train station: nobody is, one community has it."""
    mine = tmp_path / "mine.toml"
    mine.write_text(
        '[facilities]\nname = "mine"\nedition = "1"\ntitle_zh = "自定"\ntitle_en = "Mine"\nsource = "本地"\n'
        'source_en = "local"\n[[requirement]]\nkey = "rail"\ntitle_zh = "火车站"\ntitle_en = "Railway station"\n'
        'group = "transport"\ncategories = ["train_station"]\nscope = "residents"\nradius_m = 1\n',
        encoding="utf-8",
    )
    out = tmp_path / "gaps"
    said = done("gaps", demo / "study.gpkg", "--standard", mine, "--lang", "en", "--out", out)
    assert "Railway station" in said
    assert {each.name for each in out.iterdir()} == FILES
    layers = [name for name, _ in gpd.list_layers(out / "gaps.gpkg").itertuples(index=False)]
    assert layers
    assert here("gaps", demo / "study.gpkg", "--standard", tmp_path / "none.toml", "--out", out).returncode == 2
    mine.write_text(mine.read_text(encoding="utf-8").replace("radius_m = 1", "radius_m = -1"), encoding="utf-8")
    wrong = here("gaps", demo / "study.gpkg", "--standard", mine, "--out", out)
    assert wrong.returncode == 2
    assert "radius_m" in wrong.stderr


def test_refusals_write_nothing(demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "gaps"
    study = demo / "study.gpkg"
    refused(here("gaps", study, "--speed", "bird", "--out", out), "bird")
    refused(here("gaps", study, "--plan", tmp_path / "none.json", "--out", out), "none.json")
    other = tmp_path / "other.json"
    plan = (demo / "plan.json").read_text(encoding="utf-8")
    other.write_text(plan.replace('"B0001"', '"Z0001"'), encoding="utf-8")
    refused(here("gaps", study, "--plan", other, "--out", out), "Z0001", "B0001")
    inside = tmp_path / "a file"
    inside.write_text("", encoding="utf-8")
    refused(here("gaps", study, "--out", inside / "gaps"), "not a folder")
    bare = tmp_path / "bare.gpkg"
    done("import", town(tmp_path), "--out", bare)
    refused(here("gaps", bare, "--standard", "six-ones", "--out", out), "households")
    assert not out.exists()


def test_the_study_stays_as_it_was(demo: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.gpkg"
    shutil.copyfile(demo / "study.gpkg", study)
    before = study.read_bytes()
    done("gaps", study, "--standard", "six-ones", "--out", tmp_path / "gaps")
    assert study.read_bytes() == before


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_both_languages(demo: Path, lang: str, tmp_path: Path) -> None:
    said = done("gaps", demo / "study.gpkg", "--standard", "six-ones", "--plan", demo / "plan.json", "--lang", lang,
                "--out", tmp_path / "gaps")  # fmt: skip
    assert ("before and after the plan" if lang == "en" else "方案前后") in said
