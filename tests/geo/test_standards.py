"""Profiles: what ships is sound and cited; what a planner writes is read, or refused with a way forward."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from geo.errors import StandardError
from geo.standards import Profile, list_profiles, load_profile

GOOD = """
[profile]
name = "our-town"
title_zh = "本镇"
title_en = "Our town"
edition = "2025"
min_households = 800
target_households = 1000
max_households = 1200
source = "镇政府文件"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_shipped_profiles_are_there_and_cited() -> None:
    profiles = {profile.name: profile for profile in list_profiles()}
    assert list(profiles) == sorted(profiles)
    assert set(profiles) == {
        "seed-3000", "beijing-2021", "henan-2022", "hebei-2011", "statute", "xiushui-2014", "huangshi-xialu",
    }  # fmt: skip
    for name, profile in profiles.items():
        assert load_profile(name) == profile
        assert profile.source
        assert profile.edition
        assert profile.note_zh
        assert profile.note_en
        assert profile.keep_villages
        assert profile.keep_estates


def test_the_first_profile_says_about_three_thousand_households() -> None:
    profile = load_profile("seed-3000")
    assert (profile.min_households, profile.target_households, profile.max_households) == (2400, 3000, 3600)
    assert (profile.target_people, profile.max_people) == (10_000, 12_000)
    assert "our reading" in profile.note_en


def test_published_figures() -> None:
    figures = {p.name: (p.min_households, p.max_households, p.max_people) for p in list_profiles()}
    assert figures["statute"] == (100, 700, None)
    assert figures["beijing-2021"] == (500, 3000, 9000)
    assert figures["henan-2022"] == (1000, 3000, None)
    assert figures["hebei-2011"] == (1500, 3000, None)
    assert figures["xiushui-2014"] == (3200, 4800, 18_000)
    assert figures["huangshi-xialu"] == (1, 6000, None)


def test_a_profile_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_profile("statute").min_households = 5  # type: ignore[misc]


def test_a_planner_s_own_file(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, GOOD))
    assert isinstance(profile, Profile)
    assert (profile.name, profile.max_people) == ("our-town", None)
    assert load_profile(str(write(tmp_path, GOOD))) == profile


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(StandardError, match=r"no profile 'seed-300'[\s\S]*seed-3000"):
        load_profile("seed-300")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StandardError, match=r"none\.toml: there is no such file"):
        load_profile(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("min_households = 800", "min_households = 1100"), "min_households = 1100 is above target_households = 1000"),
        (("max_households = 1200", "max_households = 900"), "target_households = 1000 is above max_households = 900"),
        (("max_households = 1200", 'max_households = "many"'), "field max_households = 'many'"),
        (("max_households = 1200", "max_households = 1200\nmin_people = 9\nmax_people = 8"),
         "min_people = 9 is above max_people = 8"),
        (("max_households = 1200", "max_household = 1200"), "unknown field max_household = 1200"),
        (("max_households = 1200", ""), "field max_households is missing"),
        (("min_households = 800", "min_households = -1"), "field min_households = -1"),
        (("min_households = 800", "min_households = 800.5"), "field min_households = 800.5"),
        (("[profile]", "[size]"), r"no table \[profile\]"),
        (("[profile]", "colour = 1\n[profile]"), "unknown table or key colour"),
        (("[profile]", "[profile"), "not TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_field_and_remedy(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    path = write(tmp_path, GOOD.replace(*change))
    with pytest.raises(StandardError, match=message) as caught:
        load_profile(path)
    assert str(path) in str(caught.value)
    assert "remedy:" in str(caught.value)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(StandardError, match="not UTF-8"):
        load_profile(path)


def test_a_folder_is_no_profile(tmp_path: Path) -> None:
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    with pytest.raises(StandardError, match="cannot be read"):
        load_profile(folder)


@pytest.mark.parametrize("profile", list_profiles(), ids=lambda profile: profile.name)
def test_a_shipped_profile_tells_its_source_in_both_languages(profile) -> None:
    assert re.search("[\u4e00-\u9fff]", profile.source + profile.clause)
    english = profile.source_en + profile.clause_en
    assert profile.source_en
    assert profile.clause_en
    assert english.isascii()
