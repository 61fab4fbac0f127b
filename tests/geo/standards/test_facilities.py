"""Standards of facilities: what ships, what a requirement asks of a community, a file of one's own and its refusals."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import StandardError
from geo.ingest.osm import FACILITIES
from geo.partition.scorecard import SIX_ONES
from geo.standards import (
    GROUPS,
    LEVELS,
    FacilityStandard,
    Requirement,
    list_facility_standards,
    load_facility_standard,
)

DEMO = Path(__file__).parents[3] / "data" / "qinghe"
SHIPPED = list_facility_standards()
EVERY = [(standard, each) for standard in SHIPPED for each in standard.requirements]

OURS = """
[facilities]
name = "our-town"
edition = "2026"
title_zh = "本镇设施标准"
title_en = "Our town, facilities"
source = "镇政府文件(2026)3号"
source_en = "Town paper (2026) 3"

[[requirement]]
key = "library"
title_zh = "图书馆"
title_en = "library"
group = "culture"
scope = "residents"
categories = ["library", "图书室"]
radius_m = 800
floor_area_min_m2 = 120
"""


def made(**fields: object) -> Requirement:
    plain = {"key": "one", "title_zh": "一", "title_en": "one", "group": "other", "categories": ["one"],
             "scope": "community"}  # fmt: skip
    return Requirement.model_validate({**plain, **fields})


# ── what ships ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_standards_that_ship() -> None:
    assert {each.name: len(each.requirements) for each in SHIPPED} == {
        "circle-15min-2021": 24, "community-rooms-2025": 1, "community-rooms-henan-2022": 1,
        "community-rooms-hubei-draft-2023": 1, "complete-community-2020": 21, "demand-classes-15min": 4,
        "embedded-2023": 12, "gb50180-2018": 30, "old-young": 3, "old-young-dezhou": 2, "old-young-shandong": 2,
        "old-young-shaoxing": 2, "old-young-yinchuan": 2, "six-ones": 6,
    }  # fmt: skip


@pytest.mark.parametrize("standard", SHIPPED, ids=lambda each: each.name)
def test_a_shipped_standard_is_found_by_its_own_name_and_tells_its_source(standard: FacilityStandard) -> None:
    assert load_facility_standard(standard.name) == standard
    frame = standard.frame()
    assert frame.index.is_unique
    assert frame.index.name == "requirement"
    told = frame[["source", "source_en", "clause", "clause_en", "group_zh", "group_en"]]
    assert (told.map(len) > 0).all(axis=None), told.index[(told.map(len) == 0).any(axis=1)].tolist()


def test_what_could_not_be_checked_says_so_in_its_note() -> None:
    for standard, each in EVERY:
        said = "未能在公开文本中核对" in each.note_zh and "could not be checked" in each.note_en
        assert said is not each.confirmed, (standard.name, each.key)


def test_every_number_that_is_ours_is_called_our_reading() -> None:
    for standard, each in EVERY:
        if each.weight != 1.0:
            assert "本软件的理解" in each.note_zh, (standard.name, each.key)
            assert "our reading" in each.note_en, (standard.name, each.key)


def test_the_six_ones_are_those_of_the_scorecard() -> None:
    six = load_facility_standard("six-ones")
    assert {e.key: (e.title_zh, e.title_en, e.categories) for e in six.requirements} == dict(SIX_ONES)
    assert {each.scope for each in six.requirements} == {"community"}


def test_the_four_demand_classes() -> None:
    four = load_facility_standard("demand-classes-15min")
    assert [each.group for each in four.requirements] == ["medical", "sport", "shopping", "culture"]
    assert {each.minutes for each in four.requirements} == {15}


def test_the_convenience_circle_has_its_times_and_its_two_classes() -> None:
    circle = load_facility_standard("circle-15min-2021")
    assert circle["convenience_store"].minutes == 5
    assert {e.key for e in circle.requirements if e.minutes == 8} == {
        "market", "fresh_food", "breakfast", "laundry", "hairdresser", "pharmacy",
    }  # fmt: skip
    assert len(circle.of(class_="basic")) == 13
    assert len(circle.of(class_="quality")) == 11
    assert {each.minutes for each in circle.of(class_="quality")} == {15}


def test_the_circles_of_gb_50180() -> None:
    standard = load_facility_standard("gb50180-2018")
    assert {level: len(standard.of(levels=[level])) for level in LEVELS} == {
        "neighbourhood": 3, "five": 13, "ten": 6, "fifteen": 8,
    }  # fmt: skip
    reach = standard.frame()["radius_m"]
    assert reach[["service_station", "elder_day_care", "primary_school", "middle_school"]].tolist() == [
        300, 300, 500, 1000,
    ]  # fmt: skip
    assert standard["elder_day_care"].floor_area_min_m2 == 350
    assert standard["green_five"].area_needed_m2([6000.0], [2000.0]).tolist() == [6000.0]  # 1.0 m² for each person


def test_community_rooms_by_households() -> None:
    households = np.array([500.0, 1000.0, 2000.0])
    for name, needed in (
        ("community-rooms-2025", [150, 300, 600]),
        ("community-rooms-henan-2022", [300, 300, 600]),
        ("community-rooms-hubei-draft-2023", [1000, 1000, 1000]),
    ):
        rooms = load_facility_standard(name)["rooms"]
        assert rooms.asks_area
        assert rooms.area_needed_m2(households * 3, households).tolist() == needed


def test_old_and_young_by_place() -> None:
    for place, needed in (("shandong", 200), ("dezhou", 150), ("shaoxing", 200), ("yinchuan", 200)):
        standard = load_facility_standard(f"old-young-{place}")
        assert standard["elder_area"].area_needed_m2([2620.0], [1000.0]).tolist() == [needed]
        assert standard["childcare_places"].places_needed([10_000.0], [4000.0]).tolist() == [45.0]
    assert load_facility_standard("old-young")["elder_day_care"].neighbour_counts([4999, 5000, np.nan]).tolist() == [
        True, False, False,
    ]  # fmt: skip


def test_what_is_a_complex_of_services() -> None:
    one = load_facility_standard("embedded-2023").complex
    assert one is not None
    assert one.holds(["elder_care", "meals", "culture"], 600)
    assert not one.holds(["elder_care", "meals", "culture"], 599)
    assert not one.holds(["elder_care", "meals"], 800)  # two functions
    assert not one.holds(["elder_care", "health", "culture"], 800)  # one of the core
    assert not one.holds(["elder_care", "elder_care", "meals"], 800)  # the same twice


# ── the page about them ──────────────────────────────────────────────────────────────────────────────────────────────
def row_of(each: Requirement) -> str:
    """Return the line that docs/facility_standards.md has for a requirement."""
    reach = [f"{each.radius_m:,g} m" if each.radius_m else "", f"{each.minutes:g} min" if each.minutes else ""]
    own = [f"floor {each.floor_area_min_m2:,g} m²" if each.floor_area_min_m2 else "",
           f"site {each.site_area_min_m2:,g} m²" if each.site_area_min_m2 else ""]  # fmt: skip
    whole = [
        f"one for {each.per_people:,g} people" if each.per_people else "",
        f"{each.area_of} {each.area_total_min_m2:,g} m² in all" if each.area_total_min_m2 else "",
        f"{each.area_of} {each.area_per_100_households_m2:g} m² for 100 households"
        if each.area_per_100_households_m2 else "",
        f"{each.area_of} {each.area_per_1000_people_m2:,g} m² for 1,000 people" if each.area_per_1000_people_m2 else "",
        f"{each.places_per_1000:g} {each.places_en} for 1,000 people" if each.places_per_1000 else "",
        f"{each.places_per_100_households:g} {each.places_en} for 100 households"
        if each.places_per_100_households else "",
    ]  # fmt: skip
    where = {"residents": "", "community": "in each community", "town": "in the town"}[each.scope]
    who = {"all": "all", "elders": "old", "children": "young"}[each.who]
    cells = [
        f"`{each.key}`", f"{each.title_zh} {each.title_en}", who,
        where or " or ".join(filter(None, reach)), ", ".join(filter(None, own)) or "–",
        ", ".join(filter(None, whole)) or "–", "yes" if each.confirmed else "no",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("standard", SHIPPED, ids=lambda each: each.name)
def test_the_page_tells_what_each_asks_for(standard: FacilityStandard) -> None:
    page = (Path(__file__).parents[3] / "docs" / "facility_standards.md").read_text("utf-8")
    assert f"### `{standard.name}`" in page
    part = page.split(f"### `{standard.name}`")[1].split("###")[0]
    assert [row_of(each) for each in standard.requirements if row_of(each) not in part] == []


# ── categories ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_letter_case_spaces_and_hyphens_play_no_part() -> None:
    one = made(categories=["health_station"])
    said = pd.Series(["health_station", "Health Station", "HEALTH-STATION ", "station", None, np.nan])
    assert one.counts(said).tolist() == [True, True, True, False, False, False]


def test_every_service_of_the_demo_town_and_of_openstreetmap_counts_somewhere() -> None:
    counted = {category for _, each in EVERY for category in each.categories}
    ways = {"gate", "bus_station", "train_station", "bus_stop"}  # how people come and go, no service to walk to
    no_norm = {"bank", "police", "fire_station", "dentist", "university"}
    mapping = tomllib.loads((DEMO / "mapping.toml").read_text("utf-8"))
    (values,) = (each["values"]["category"] for each in mapping["source"] if each["table"] == "facilities")
    assert len(values) == 32
    assert set(values.values()) - ways - no_norm <= counted
    assert {category for category, _, _ in FACILITIES} - ways - no_norm <= counted


def test_values_as_openstreetmap_writes_them_count_too() -> None:
    circle = load_facility_standard("circle-15min-2021")
    for key, value in (("convenience_store", "convenience"), ("market", "marketplace"), ("post", "post_office"),
                       ("laundry", "dry_cleaning"), ("pharmacy", "chemist"), ("fresh_food", "greengrocer"),
                       ("childcare", "childcare"), ("elder_care", "nursing_home")):  # fmt: skip
        assert circle[key].counts([value]).all(), key


# ── what a requirement asks ──────────────────────────────────────────────────────────────────────────────────────────
def test_how_many_are_needed() -> None:
    people = [0.0, 1.0, 3000.0, 3001.0, 12_000.0, 12_001.0, np.nan]
    one = made()
    assert one.number_needed(people).tolist() == [0, 1, 1, 1, 1, 1, 1]  # one, however many
    for_each = made(per_people=3000).number_needed(people)
    assert for_each[:-1].tolist() == [0, 1, 1, 2, 4, 5]
    assert np.isnan(for_each[-1])
    scaled = made(people_min=5000, people_max=12_000).number_needed(people)
    assert scaled[:-1].tolist() == [0, 1, 1, 1, 1, 2]  # a small one still needs one, if in a neighbour's
    assert np.isnan(scaled[-1])


def test_areas_and_places_are_the_largest_of_what_is_asked() -> None:
    one = made(area_total_min_m2=300, area_per_100_households_m2=30, area_per_1000_people_m2=50)
    assert one.area_needed_m2([1000, 10_000, 1000], [400, 1000, 2000]).tolist() == [300, 500, 600]
    places = made(places_zh="泊位", places_en="bays", places_per_1000=4.5, places_per_100_households=100)
    assert places.places_needed([1000, 10_000], [400, 20]).tolist() == [400, 45]
    assert made().area_needed_m2([1000], [400]).tolist() == [0]
    assert made().places_needed([1000], [400]).tolist() == [0]
    assert not made().asks_area
    assert not made().asks_places


def test_the_need_of_an_unknown_number_is_unknown_not_nothing() -> None:
    one = made(area_per_100_households_m2=30)
    needed = one.area_needed_m2([1000, np.nan, 0], [np.nan, 100, np.nan])
    assert np.isnan(needed[0])
    assert needed[1:].tolist() == [30, 0]


@settings(deadline=None)
@given(people=st.lists(st.floats(0, 1e6), min_size=2), least=st.floats(1, 1e5), most=st.floats(1, 1e5))
def test_more_people_never_need_less(people: list[float], least: float, most: float) -> None:
    one = made(per_people=least, area_per_1000_people_m2=most, places_zh="位", places_en="places", places_per_1000=most)
    ordered = np.sort(people)
    for needed in (one.number_needed(ordered), one.area_needed_m2(ordered, ordered),
                   one.places_needed(ordered, ordered)):  # fmt: skip
        assert (np.diff(needed) >= 0).all()


# ── a file of one's own ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "our-town.toml"
    path.write_text(OURS, "utf-8")
    ours = load_facility_standard(path)
    assert ours["library"].floor_area_min_m2 == 120
    assert ours["library"].counts(["图书室", "library", "bank"]).tolist() == [True, True, False]
    assert ours.frame().loc["library", "source"] == "镇政府文件(2026)3号"
    with pytest.raises(KeyError):
        ours["museum"]


def test_a_shipped_file_copied_and_edited(tmp_path: Path) -> None:
    shipped = Path(load_facility_standard.__code__.co_filename).parent / "six-ones.toml"
    path = tmp_path / "seven-ones.toml"
    text = shipped.read_text("utf-8").replace('name = "six-ones"', 'name = "seven-ones"')
    path.write_text(text + "\n" + OURS[OURS.index("[[requirement]]") :], "utf-8")
    ours = load_facility_standard(str(path))
    assert ours.name == "seven-ones"
    assert [each.key for each in ours.requirements] == [*SIX_ONES, "library"]


REFUSED = {
    "a word for a number": ("radius_m = 800", 'radius_m = "far"', ["radius_m", "'far'", "correct the value"]),
    "no reach": ("radius_m = 800", "", ["library", "scope = 'residents'", "radius_m or minutes"]),
    "nothing": ("radius_m = 800", "radius_m = 0", ["radius_m = 0", "greater than 0"]),
    "unknown group": ('"culture"', '"fun"', ["group", "'fun'", "'culture'"]),
    "unknown scope": ('"residents"', '"street"', ["scope", "'street'", "'community'"]),
    "unknown field": ("radius_m", "radius_km", ["radius_km", "remove it"]),
    "missing": ('source = "镇政府文件(2026)3号"\n', "", ["field source is missing", "add it under [facilities]"]),
    "no categories": ('["library", "图书室"]', "[]", ["categories"]),
    "capitals": ('["library", "图书室"]', '["Library"]', ["categories", "Library"]),
    "category twice": ('["library", "图书室"]', '["library", "library"]', ["library twice", "name each once"]),
    "key twice": (OURS[OURS.index("[[requirement]]") :], OURS[OURS.index("[[requirement]]") :] * 2,
                  ["key = 'library' stands twice", "a key of its own"]),
    "limits": ("radius_m = 800", "radius_m = 800\npeople_min = 9000\npeople_max = 5000",
               ["people_min = 9000 is above people_max = 5000", "make it at most that"]),
    "places without a name": ("radius_m = 800", "radius_m = 800\nplaces_per_1000 = 5",
                              ["asks for places", "places_zh and places_en"]),
    "open without a note": ("radius_m = 800", "radius_m = 800\nconfirmed = false",
                            ["confirmed = false without a note", "note_zh and note_en"]),
    "share above one": ("radius_m = 800", "radius_m = 800\ncovered_share_min = 90",
                        ["covered_share_min = 90", "less than or equal to 1"]),
    "complex of strangers": ("[[requirement]]", "[facilities.complex]\narea_min_m2 = 600\narea_better_m2 = 500\n"
                             'functions_min = 3\ncore = ["elder_care"]\ncore_min = 2\n\n[[requirement]]',
                             ["core = ['elder_care'] are no requirements", "area_better_m2 = 500", "core_min = 2"]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_file_is_refused_with_field_value_and_remedy(tmp_path: Path, case: str) -> None:
    old, new, said = REFUSED[case]
    path = tmp_path / "our-town.toml"
    path.write_text(OURS.replace(old, new, 1), "utf-8")
    with pytest.raises(StandardError) as refused:
        load_facility_standard(path)
    message = str(refused.value)
    assert str(path) in message
    assert "remedy:" in message
    assert [each for each in said if each not in message] == [], message


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(StandardError, match="there is no standard of facilities 'five-ones'") as refused:
        load_facility_standard("five-ones")
    assert "six-ones" in str(refused.value)


def test_every_group_has_both_names() -> None:
    assert all(zh and en and zh != en for zh, en in (*GROUPS.values(), *LEVELS.values()))
