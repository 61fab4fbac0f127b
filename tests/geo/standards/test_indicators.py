"""Catalogues: what ships is counted, cited and told in both languages; what a city writes is read, or refused."""

import math
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geo.errors import StandardError
from geo.schema import SEVERITIES, SUBJECTS
from geo.standards import Catalogue, Code, Indicator, Steps, list_catalogues, load_catalogue
from geo.standards.indicators import METHODS

HAN = re.compile("[\u4e00-\u9fff]")
KEYS_2025 = (
    "structure gas stairs envelope incomplete_flats pipes ageing energy digital "
    "elder_care childcare kindergarten school_places parking ev_charging ebike_charging activity_ground footpaths "
    "waste_sorting property_management smart_estate "
    "school_radius sports_ground culture_centre park_radius parking_disorder old_commercial old_industrial "
    "old_residential "
    "sewage black_water greenway football culture_area road_density green_buildings heritage_listed heritage_vacant "
    "heritage_damage heritage_demolished heritage_added peak_speed rail_commute affordable_housing urban_villages "
    "work_safety flood_points drainage_capacity emergency_water dual_use bridges gas_renewal fire_stations "
    "shelter_area pipe_monitoring dangerous_works highrise_fire cim city_operation remedied"
)
CODES = (
    "1a 1b 1c 1d 1e 2 3a 3b 3c 3d 3e 3f 3g 3h 4a 4b 4c 4d 4e 5 6a 6b 6c 7a 7b 7c 7d 8 9a 9b 9c 9d "
    "10 11 12 13 14 15 16 17 18 19 20 21"
)

GOOD = """
[catalogue]
name = "our-town"
edition = "2025"
title_zh = "本市体检"
title_en = "Our examination"
source = "市政府文件"
source_en = "City paper"

[[indicator]]
number = 1
key = "roofs"
title_zh = "屋面漏水的住宅数量"
title_en = "Leaking roofs"
dimension = "housing"
unit_zh = "栋"
unit_en = "buildings"
subject = "building"
counts = "subjects"
method = "codes"
source = "市政府文件"
codes = [
  { code = "1a", title_zh = "漏水", title_en = "leaks", problem = "timed", extent = "m2", severity_from = [10, 30] },
]
items = [{ key = "wet_m2", title_zh = "渗漏面积", title_en = "wet area", subject = "building", unit = "m2" }]
steps = [{ key = "drains", unit = "count", of = "m2", pairs = [[100, 1], [300, 2]] }]

[[indicator]]
number = 2
key = "bays"
title_zh = "停车泊位缺口数"
title_en = "Missing bays"
dimension = "residential"
unit_zh = "个"
unit_en = "bays"
subject = "estate"
counts = "gap"
method = "parking"
source = "市政府文件"
thresholds = [{ key = "per_household", value = 1, unit = "count", clause = "一户一位" }]
items = [{ key = "spaces", title_zh = "泊位", title_en = "bays", subject = "estate", unit = "count" }]
"""


@pytest.fixture(scope="module")
def now() -> Catalogue:
    return load_catalogue("examination-2025")


@pytest.fixture(scope="module")
def before() -> Catalogue:
    return load_catalogue("examination-2023")


def named(catalogue: Catalogue, key: str) -> Indicator:
    found = catalogue.by_key(key)
    assert found is not None
    return found


def counted(catalogue: Catalogue) -> dict[str, int]:
    return dict(Counter(each.dimension for each in catalogue.indicators))


def test_the_2025_edition_counts_sixty(now: Catalogue) -> None:
    assert counted(now) == {"housing": 9, "residential": 12, "block": 8, "city": 30, "overall": 1}
    assert len(now.indicators) == 60
    assert [each.number for each in now.indicators] == list(range(1, 61))
    assert " ".join(each.key for each in now.indicators) == KEYS_2025


def test_the_2023_edition_counts_sixty_one(before: Catalogue) -> None:
    assert counted(before) == {"housing": 10, "residential": 12, "block": 8, "city": 31}
    assert len(before.indicators) == 61
    assert [each.number for each in before.indicators] == list(range(1, 62))


def test_what_changed_between_the_editions(now: Catalogue, before: Catalogue) -> None:
    keys, older = {each.key for each in now.indicators}, {each.key for each in before.indicators}
    assert keys - older == {"remedied"}
    assert older - keys == {"tap_water", "city_unconfirmed"}
    assert "结构" in now[1].title_zh
    assert before[1].title_zh == "存在使用安全隐患的住宅数量"
    assert (now[5].title_zh, now[5].unit_zh, now[5].counts, now[5].method) == ("非成套住宅数量", "套", "flats", "flats")
    assert (before[5].title_zh, before[5].unit_zh, before[5].method) == ("住宅性能不达标的住宅数量", "栋", "codes")
    assert before[10].key == "tap_water"
    assert [each.key for each in before.indicators[10:60]] == [each.key for each in now.indicators[9:59]]


def test_what_is_not_confirmed_of_2023_says_so_and_is_entered(before: Catalogue) -> None:
    extra = before[61]
    assert (extra.method, extra.dimension) == ("entered", "city")
    assert "未能证实" in extra.note_zh
    assert "could not be confirmed" in extra.note_en
    for each in before.of("block", "city")[:-1]:
        assert "未证实" in each.note_zh
        assert "not confirmed" in each.note_en


def test_codes_are_those_of_the_manual_and_keep_their_meaning(now: Catalogue, before: Catalogue) -> None:
    assert " ".join(code for code in now.codes if code != "26") == CODES
    assert set(before.codes) - set(now.codes) == {"10w"}
    assert set(now.codes) <= set(before.codes)
    for code, (indicator, one) in now.codes.items():
        same_indicator, same = before.codes[code]
        assert one == same
        assert indicator.key == same_indicator.key
        assert code.rstrip("abcdefgh") == str(indicator.number)


@pytest.mark.parametrize("catalogue", list_catalogues(), ids=lambda each: each.name)
def test_everything_is_cited_and_told_in_both_languages(catalogue: Catalogue) -> None:
    for title_zh, title_en, where in [
        (catalogue.title_zh, catalogue.title_en, catalogue.name),
        *((each.title_zh, each.title_en, each.key) for each in catalogue.indicators),
        *((code.title_zh, code.title_en, code.code) for _, code in catalogue.codes.values()),
        *((item.title_zh, item.title_en, item.key) for _, item in catalogue.items.values()),
    ]:
        assert HAN.search(title_zh), where
        assert title_en.isascii(), where
    for each in catalogue.indicators:
        assert HAN.search(each.source), each.key
        assert each.source_en.isascii(), each.key
        assert HAN.search(each.clause), each.key
        assert each.clause_en.isascii(), each.key
        assert bool(each.note_zh) == bool(each.note_en), each.key
        assert each.note_en.isascii(), each.key
        assert each.group_zh, each.key
        assert each.group_en, each.key
        for threshold in each.thresholds:
            assert threshold.clause, (each.key, threshold.key)
            assert threshold.source, (each.key, threshold.key)
    for _, code in catalogue.codes.values():
        assert bool(code.note_zh) == bool(code.note_en), code.code


@pytest.mark.parametrize("catalogue", list_catalogues(), ids=lambda each: each.name)
def test_units_of_examination_and_new_estates(catalogue: Catalogue) -> None:
    assert (catalogue.unit_min_people, catalogue.unit_max_people, catalogue.new_since) == (5000, 12_000, 2019)


def test_rule_classes(now: Catalogue) -> None:
    rules = {each.number: each.rule for each in now.indicators}
    assert [number for number, rule in rules.items() if rule == "veto"] == [1, 2, 3, 4]
    assert [number for number, rule in rules.items() if rule == "survey"] == [7, 8, 9]


def test_problem_classes_of_the_manual(now: Catalogue) -> None:
    best_effort = {code for code, (_, one) in now.codes.items() if one.problem == "best_effort"}
    assert {"1e", "3b", "5", "6b", "7a", "7c", "7d", "8", "9a", "9d"} <= best_effort
    timed = {"1a", "1b", "1c", "1d", "2", "3a", "3c", "3h", "4a", "4b", "4d", "4e", "6a", "6c", "7b", "9b", "9c"}
    assert not timed & best_effort
    assert "难以辨认" in now.codes["4c"][1].note_zh


def test_when_a_question_arises(now: Catalogue) -> None:
    codes = {code: one for code, (_, one) in now.codes.items()}
    assert {code: one.min_floors for code, one in codes.items() if one.min_floors} == {
        "3c": 10, "3d": 8, "7a": 4, "9c": 10,
    }  # fmt: skip
    assert [code for code, one in codes.items() if one.without_lift] == ["7a", "7c"]
    assert [code for code, one in codes.items() if one.built_before == 2000] == ["8"]
    assert [code for code, one in codes.items() if one.heated] == ["6b"]
    assert [code for code, one in codes.items() if one.needs_test] == ["1a", "1b", "1c", "1d"]
    for code in ("3c", "3d"):
        assert "地方细化示例" in codes[code].note_zh


@pytest.mark.parametrize(
    ("extent", "severity"),
    [(0.5, "general"), (9.99, "general"), (10, "serious"), (29, "serious"), (30, "very_serious"), (400, "very_serious"),
     (None, "general"), (math.nan, "general")],
)  # fmt: skip
def test_the_damaged_area_of_a_facade_decides_how_grave_it_is(
    now: Catalogue, extent: float | None, severity: str
) -> None:
    assert now.codes["4a"][1].severity_of(extent) == severity


def test_severity_of_cracks_and_of_removed_walls(now: Catalogue) -> None:
    graded = {code: now.codes[code][1].severity_of(1000) for code in ("1b", "1c", "1d", "1e")}
    assert graded == {"1b": "very_serious", "1c": "very_serious", "1d": "serious", "1e": "general"}


def test_figures_of_the_residential_area(now: Catalogue) -> None:
    figures = {
        f"{each.key}.{threshold.key}": threshold.value
        for each in now.of("residential") for threshold in each.thresholds
    }  # fmt: skip
    assert figures == {
        "elder_care.people_min": 5000, "elder_care.area_new_m2": 350, "elder_care.radius_m": 300,
        "childcare.people_min": 5000, "childcare.area_new_m2": 200,
        "kindergarten.people_min": 5000, "kindergarten.classes_min": 6, "kindergarten.floor_m2": 2200,
        "kindergarten.site_m2": 3500, "kindergarten.radius_m": 300, "school_places.radius_m": 500,
        "parking.per_household": 1, "ev_charging.per_public": 3,
        "activity_ground.people_min": 5000, "activity_ground.ground_m2": 150, "activity_ground.green_count": 1,
        "activity_ground.ground_new_m2": 800, "activity_ground.green_new_m2": 4000,
        "activity_ground.green_per_person": 1.0, "activity_ground.green_min_m2": 4000,
        "activity_ground.green_width_m": 30,
    }  # fmt: skip
    assert named(now, "parking").threshold("per_household") == 1


def test_targets_of_the_city(now: Catalogue) -> None:
    targets = {each.number: each.target for each in now.of("block", "city") if each.target is not None}
    assert targets == {
        25: 85, 30: 70, 31: 0, 32: 70, 34: 0.2, 35: 8, 36: 100, 37: 100, 39: 0, 40: 0, 42: 20, 43: 10, 44: 10, 54: 2,
        55: 15, 57: 100, 58: 30,
    }  # fmt: skip
    assert [number for number in targets if now[number].target_is == "most"] == [31, 39, 40]
    assert now[43].threshold("super_percent") == 30
    assert (now[53].threshold("first_km2"), now[53].threshold("small_km2")) == (7, 2)


@pytest.mark.parametrize(
    ("people", "classes", "seats"),
    [(1, 3, 90), (3000, 3, 90), (3001, 6, 180), (6000, 6, 180), (6001, 9, 270), (9001, 12, 360), (12_000, 12, 360),
     (18_000, 18, 540)],
)  # fmt: skip
def test_classes_and_seats_of_a_kindergarten(now: Catalogue, people: int, classes: int, seats: int) -> None:
    steps = {each.key: each for each in named(now, "kindergarten").steps}
    assert steps["class_steps"].at(people) == classes
    assert steps["seat_steps"].at(people) == seats


def test_classes_for_people_nobody_has_counted(now: Catalogue) -> None:
    assert math.isnan(named(now, "kindergarten").steps[0].at(math.nan))


@given(people=st.lists(st.floats(min_value=0, max_value=1e6), min_size=2, max_size=2))
def test_more_people_never_need_fewer_classes(people: list[float]) -> None:
    steps = Steps(key="k", unit="count", of="people", pairs=((3000, 3), (6000, 6), (12_000, 12)))
    assert steps.at(min(people)) <= steps.at(max(people))


@given(a=st.floats(min_value=0, max_value=1e4), b=st.floats(min_value=0, max_value=1e4))
def test_more_damage_is_never_milder(a: float, b: float) -> None:
    code = Code(code="4a", title_zh="外墙", title_en="facade", problem="timed", extent="m2", severity_from=(10, 30))
    assert SEVERITIES.index(code.severity_of(min(a, b))) <= SEVERITIES.index(code.severity_of(max(a, b)))


@pytest.mark.parametrize("catalogue", list_catalogues(), ids=lambda each: each.name)
def test_what_is_counted_and_how(catalogue: Catalogue) -> None:
    subjects = {each.key: each.subject for each in catalogue.indicators}
    assert {subjects[each.key] for each in catalogue.of("housing")} == {"building"}
    by_unit = {each.key for each in catalogue.of("residential") if each.subject == "unit"}
    assert by_unit == {"elder_care", "childcare", "kindergarten", "school_places", "activity_ground"}
    assert {subjects[each.key] for each in catalogue.of("city")} == {"town"}
    assert {subjects[each.key] for each in catalogue.indicators} <= set(SUBJECTS)
    for key in ("school_places", "parking", "ev_charging"):
        assert named(catalogue, key).counts == "gap"
    footpaths = named(catalogue, "footpaths")
    assert (footpaths.counts, footpaths.unit_en, footpaths.codes[0].extent) == ("length", "km", "m")


def test_finding_an_indicator(now: Catalogue) -> None:
    assert now[14].key == "parking"
    assert now.by_key("tap_water") is None
    with pytest.raises(KeyError):
        now[61]
    with pytest.raises(KeyError):
        now[14].threshold("per_person")


def test_every_method_is_one_that_is_known_and_each_known_one_is_used(now: Catalogue) -> None:
    assert {each.method for each in now.indicators} == set(METHODS)


def test_a_catalogue_is_frozen(now: Catalogue) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        now.edition = "2026"


def write(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_city_s_own_file(tmp_path: Path) -> None:
    own = load_catalogue(write(tmp_path, GOOD))
    assert [each.key for each in own.indicators] == ["roofs", "bays"]
    assert list(own.items) == ["wet_m2", "spaces"]
    assert own[1].codes[0].severity_of(12) == "serious"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("number = 2", "number = 1"), "number 1 stands twice"),
        (('key = "bays"', 'key = "roofs"'), "key roofs stands twice"),
        (('{ code = "1a"', '{ code = "1a", title_zh = "裂", title_en = "crack", problem = "timed" },\n  { code = "1a"'),
         "code 1a stands twice"),
        (('method = "parking"', 'method = "codes"'), "indicator 2 is counted from findings but has no codes"),
        (('method = "parking"', 'method = "luck"'), "indicator 2: method 'luck' is unknown[\\s\\S]*use one of codes"),
        (("per_household", "per_flat"), "indicator 2: its method parking reads per_household"),
        (('key = "bays"', 'key = "bays"\nrule = "maybe"'), r"indicators\.1\.rule = 'maybe'"),
        (("[10, 30]", "[30, 10]"), "code 1a: severity_from rises"),
        (("[10, 30]", "[10, 30, 40]"), "code 1a: severity_from rises, and has two steps at most"),
        ((', extent = "m2"', ""), "code 1a: severity_from needs an extent"),
        (("severity_from = [10, 30]", "min_floors = 9, max_floors = 4"), "code 1a: min_floors is above max_floors"),
        (("[[100, 1], [300, 2]]", "[[300, 1], [100, 2]]"), "the pairs of drains do not rise"),
        (('key = "spaces"', 'key = "wet_m2"'), "item wet_m2 is told in 2 ways"),
        (('edition = "2025"', 'edition = "2025"\nunit_min_people = 20000'), "unit_min_people = 20000 is above"),
        (('dimension = "housing"', 'dimension = "house"'), r"field indicators\.0\.dimension = 'house'"),
        (('code = "1a"', 'code = "a1"'), r"field indicators\.0\.codes\.0\.code = 'a1'"),
        (('problem = "timed"', 'problem = "soon"'), r"codes\.0\.problem = 'soon'"),
        (('unit_zh = "栋"', ""), r"field indicators\.0\.unit_zh is missing"),
        (('edition = "2025"', 'edition = "2025"\ncolour = 1'), "unknown field colour = 1"),
        (('edition = "2025"', 'edition = ""'), "field edition = ''"),
        (("[catalogue]", "[list]"), r"no table \[catalogue\]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_field_and_remedy(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    assert change[0] in GOOD
    path = write(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(StandardError, match=message) as caught:
        load_catalogue(path)
    assert str(path) in str(caught.value)
    assert "remedy:" in str(caught.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("number = 2", "number = 1").replace("[10, 30]", "[30, 10]")
    with pytest.raises(StandardError) as caught:
        load_catalogue(write(tmp_path, text))
    assert str(caught.value).count("remedy:") == 2


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(StandardError, match=r"no catalogue 'examination-2024'[\s\S]*examination-2023, examination-"):
        load_catalogue("examination-2024")
