"""Siting through the command: sites, shared premises, places by hand, and what is refused."""

import re
from pathlib import Path

import geopandas as gpd
import pytest

from geo.study import read_study
from tests.command import done, here, refused

FILES = {"siting.gpkg", "map.html", "report.xlsx", "report.docx"}


def test_the_demo_fills_idle_rooms_within_its_money(demo: Path) -> None:
    assert {each.name for each in (demo / "siting").iterdir()} == FILES
    layers = gpd.list_layers(demo / "siting" / "siting.gpkg")["name"].tolist()
    assert layers


@pytest.mark.parametrize("model", ["mclp", "p_median", "p_center"])
def test_two_sites_by_each_model(demo: Path, model: str, tmp_path: Path) -> None:
    out = tmp_path / "siting"
    said = done("site", demo / "study.gpkg", "--need", "elders", "--model", model, "--count", "2", "--lang", "en",
                "--out", out)  # fmt: skip
    assert "proven: no choice is better" in said
    assert {each.name for each in out.iterdir()} == FILES
    assert len(set(re.findall(r"XZ\d{3}", said))) >= 2


def test_places_by_hand_are_compared_with_the_best(demo: Path, tmp_path: Path) -> None:
    study = demo / "study.gpkg"
    town = read_study(study)
    home = town["buildings"].geometry.iloc[0].centroid
    east, north = gpd.GeoSeries([home], crs=town.crs).to_crs("EPSG:4326").iloc[0].coords[0]
    said = done("site", study, "--need", "culture", "--here", f"my place={home.x:.1f},{home.y:.1f}",
                "--here", f"by degrees={east:.6f},{north:.6f}", "--here", "XZ010",
                "--lang", "en", "--out", tmp_path / "siting")  # fmt: skip
    points = gpd.read_file(tmp_path / "siting" / "siting.gpkg", layer="candidates")
    assert len(points) > 2
    for option in ("my place", "by degrees", "XZ010", "today", "best 1"):
        assert option in said


def test_several_needs_share_premises(demo: Path, tmp_path: Path) -> None:
    said = done("site", demo / "study.gpkg", "--need", "culture", "--need", "elders", "--budget", "1000000",
                "--prices", "1000,3000,300", "--out", tmp_path / "siting")  # fmt: skip
    assert "XZ" in said
    assert "示例单价" not in said


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--need", "elderly"), "elderly"),
        (("--need", "elders", "--model", "best"), "there is no model 'best'"),
        (("--need", "elders", "--kinds", "idle"), "idle"),
        (("--need", "elders", "--keep", "XZ999"), "XZ999"),
        (("--need", "elders", "--count", "0"), "--count is 0"),
        (("--need", "elders", "--budget", "nan"), "--budget is nan"),
        (("--need", "elders", "--budget", "-1"), "--budget is -1"),
        (("--need", "elders", "--seconds", "0"), "--seconds is 0"),
        (("--need", "elders", "--capacity", "20"), "models that count room"),
        (("--need", "elders", "--here", "a=1,2;"), "a=1,2;"),
        (("--need", "elders", "--here", "a=nan,2"), "nan,2"),
        (("--need", "elders", "--here", "a=120,30"), "outside the town"),
        (("--need", "elders", "--here", "a=900000,3341010"), "outside the town"),
        (("--need", "elders", "--here", "XZ999"), "XZ999"),
        (("--need", "elders", "--here", "XZ001", "--budget", "5"), "--budget"),
        (("--need", "elders", "--need", "culture", "--here", "XZ001"), "one need"),
        (("--need", "elders", "--need", "culture", "--equity", "fair"), "--equity fair"),
        (("--need", "elders", "--need", "culture", "--equity", "2"), "equity is 2"),
        (("--need", "elders", "--need", "culture", "--prices", "1,2"), "--prices 1,2"),
        (("--need", "elders", "--need", "culture", "--prices", "1,-2,3"), "-2"),
        (("--need", "elders", "--need", "culture", "--model", "p_median"), "--model"),
    ],
)
def test_refusals_write_nothing(wrong: tuple[str, ...], told: str, demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "siting"
    refused(here("site", demo / "study.gpkg", *wrong, "--out", out), told)
    assert not out.exists()


def test_what_no_premises_can_hold_has_no_answer(demo: Path, tmp_path: Path) -> None:
    run = here("site", demo / "study.gpkg", "--need", "elders", "--need", "culture", "--complexes", "99",
               "--lang", "en", "--out", tmp_path / "siting")  # fmt: skip
    refused(run, "no such choice of sites", "99", code=3)
    assert not (tmp_path / "siting").exists()


def test_one_need_may_be_fitted_out_under_a_budget(demo: Path, tmp_path: Path) -> None:
    said = done("site", demo / "study.gpkg", "--need", "elders", "--prices", "1000,3000,300", "--budget", "300000",
                "--lang", "en", "--out", tmp_path / "siting")  # fmt: skip
    assert "10,000 yuan" in said
    assert "XZ" in said


def test_what_is_too_small_need_not_count(demo: Path, tmp_path: Path) -> None:
    """Ten of thirteen stations for the old are smaller than asked: without them fewer people are covered."""
    question = ("site", demo / "study.gpkg", "--need", "elder_station", "--standard", "complete-community-2020",
                "--lang", "en")  # fmt: skip
    with_them = done(*question, "--out", tmp_path / "all")
    without = done(*question, "--not-small", "--out", tmp_path / "large")
    covered = [float(re.search(r"cover ([\d.]+)%", said)[1]) for said in (with_them, without)]
    assert covered[1] < covered[0] / 2
