"""The menu: every finding has an answer, lines come before the road above, patches give way to renewal."""

import re
from pathlib import Path

import pytest

from geo.errors import StandardError
from geo.standards import Catalogue, Menu, list_catalogues, list_menus, load_menu

LINES = {"water_drain_pipes", "water_quality", "gas_pipes", "heating_pipes", "lines_tidied", "fibre"}

GOOD = """
[menu]
name = "our-menu"
edition = "2025"
title_zh = "本市菜单"
title_en = "Our menu"
source = "市政府文件"
source_en = "City paper"

[[measure]]
key = "patch"
title_zh = "修补屋面"
title_en = "roof patched"
class = "basic"
codes = ["4d"]
severities = ["general", "serious"]
unit = "m2"
quantity = "extent"
shares = { public = 0.9, residents = 0.1, social = 0.0 }
source = "市政府文件"

[[measure]]
key = "renewal"
title_zh = "更换屋面"
title_en = "roof renewed"
class = "basic"
codes = ["4d"]
severities = ["very_serious"]
unit = "m2"
quantity = "roof_m2"
needs = []
excludes = ["patch"]
shares = { public = 0.9, residents = 0.1, social = 0.0 }
source = "市政府文件"
"""


@pytest.fixture(scope="module")
def menu() -> Menu:
    return load_menu("renovation-menu-2020")


def test_the_shipped_menu(menu: Menu) -> None:
    assert [each.name for each in list_menus()] == ["renovation-menu-2020"]
    assert len(menu.measures) == 46
    classes = [each.class_ for each in menu.measures]
    assert {name: classes.count(name) for name in ("basic", "improve", "upgrade")} == {
        "basic": 25, "improve": 15, "upgrade": 6,
    }  # fmt: skip


@pytest.mark.parametrize("catalogue", list_catalogues(), ids=lambda each: each.name)
def test_every_code_has_an_answer_of_every_severity(menu: Menu, catalogue: Catalogue) -> None:
    for code in catalogue.codes:
        assert menu.for_code(code), code
    for code, (_, one) in catalogue.codes.items():
        possible = {one.severity, *(("general", "serious", "very_serious") if one.severity_from else ())}
        for severity in possible:
            assert menu.for_code(code, severity), (code, severity)


def test_the_menu_answers_no_code_that_no_catalogue_has(menu: Menu) -> None:
    known = {code for catalogue in list_catalogues() for code in catalogue.codes}
    assert set(menu.codes) <= known


@pytest.mark.parametrize("catalogue", list_catalogues(), ids=lambda each: each.name)
def test_what_is_counted_by_extent_has_the_unit_of_its_findings(menu: Menu, catalogue: Catalogue) -> None:
    for each in menu.measures:
        for code in set(each.codes) & set(catalogue.codes):
            if each.quantity == "extent":
                assert catalogue.codes[code][1].extent == each.unit, (each.key, code)


def test_management_findings_have_an_answer_without_works(menu: Menu) -> None:
    management = {each.key for each in menu.measures if each.remedy == "management"}
    assert management == {
        "corridor_clearing", "school_places_plan", "parking_management", "waste_sorting", "property_management",
        "parking_order",
    }  # fmt: skip
    for catalogue in list_catalogues():
        for code, (_, one) in catalogue.codes.items():
            remedies = {each.remedy for each in menu.for_code(code)}
            assert one.remedy in remedies, code


@pytest.mark.parametrize(
    ("code", "severity", "keys"),
    [
        ("1b", "very_serious", ["structure_test", "structure_strengthening"]),
        ("1a", "general", ["structure_test"]),
        ("2", "very_serious", ["gas_pipes"]),
        ("3h", "serious", ["corridor_clearing", "ebike_charging"]),
        ("4a", "general", ["facade_repair"]),
        ("4a", "very_serious", ["facade_renewal"]),
        ("4d", None, ["roof_repair", "roof_renewal"]),
        ("6b", "serious", ["heating_pipes"]),
        ("7a", "general", ["lift"]),
        ("9a", "general", ["fibre"]),
        ("14", "general", ["parking_bays", "parking_management"]),
        ("18", "general", ["footpath_repair"]),
        ("99", None, []),
    ],
)
def test_what_answers_a_finding(menu: Menu, code: str, severity: str | None, keys: list[str]) -> None:
    assert [each.key for each in menu.for_code(code, severity)] == keys


def test_the_safety_floor(menu: Menu) -> None:
    floor = {each.key for each in menu.measures if each.safety}
    assert floor == {
        "structure_test", "structure_strengthening", "illegal_additions",
        "gas_pipes", "water_drain_pipes", "water_quality", "heating_pipes", "lines_tidied",
        "stairs_repair", "fire_doors", "hydrants", "extinguishers", "exit_signs", "corridor_clearing", "smoke_alarms",
    }  # fmt: skip
    assert not {each.key for each in menu.measures if each.safety and each.class_ == "upgrade"}


def test_lines_come_before_what_lies_above_them(menu: Menu) -> None:
    assert {each.key for each in menu.measures if each.trench} == {*LINES, "footpath_repair"}
    for above in ("footpath_repair", "parking_bays", "activity_ground"):
        assert set(menu[above].needs) == LINES


def test_facades_go_with_windows_and_replace_patches(menu: Menu) -> None:
    assert "windows" in menu["energy_retrofit"].needs
    assert set(menu["energy_retrofit"].excludes) == {"facade_repair", "facade_renewal"}
    assert menu["facade_renewal"].excludes == ("facade_repair",)


def test_old_people_and_children(menu: Menu) -> None:
    assert {each.key for each in menu.measures if each.elder_child} >= {
        "lift", "elder_care_centre", "childcare_centre", "kindergarten", "home_adaptation", "activity_ground",
    }  # fmt: skip
    assert [each.key for each in menu.measures if each.unlock == "lift_consent"] == ["lift"]


def test_shares_are_examples_and_sum_to_one(menu: Menu) -> None:
    for each in menu.measures:
        assert each.shares_example
        assert each.shares.public + each.shares.residents + each.shares.social == pytest.approx(1)
    assert "示例" in menu.note_zh
    assert "examples" in menu.note_en


def test_everything_is_cited_and_told_in_both_languages(menu: Menu) -> None:
    for each in menu.measures:
        assert re.search("[\u4e00-\u9fff]", each.title_zh)
        assert each.title_en.isascii()
        assert "国办发〔2020〕23号" in each.source
        assert "Guobanfa (2020) 23" in each.source_en
        assert each.clause
        assert each.clause_en.isascii()
        assert bool(each.note_zh) == bool(each.note_en), each.key


def test_an_unknown_measure(menu: Menu) -> None:
    with pytest.raises(KeyError):
        menu["helipad"]


def write(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_city_s_own_file(tmp_path: Path) -> None:
    own = load_menu(write(tmp_path, GOOD))
    assert [each.key for each in own.for_code("4d")] == ["patch", "renewal"]
    assert own.codes == ("4d",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('key = "renewal"', 'key = "patch"'), "measure patch stands twice"),
        (('excludes = ["patch"]', 'excludes = ["paint"]'), "renewal: excludes names paint, which is not on the menu"),
        (('excludes = ["patch"]', 'excludes = ["renewal"]'), "renewal: excludes names itself"),
        (("needs = []", 'needs = ["renewal"]'), "renewal: needs names itself"),
        (("needs = []", 'needs = ["patch"]'), "renewal needs patch and excludes it"),
        (('quantity = "extent"', 'quantity = "extent"\nneeds = ["renewal"]'), None),
        (("public = 0.9, residents = 0.1", "public = 0.9, residents = 0.3"), r"patch: its shares sum to 1\.2"),
        (("residents = 0.1", "residents = -0.1"), r"shares\.residents = -0\.1"),
        (('class = "basic"', 'class = "safe"'), r"measures\.0\.class = 'safe'"),
        (('codes = ["4d"]', "codes = []"), r"measures\.0\.codes = \[\]"),
        (('codes = ["4d"]', 'codes = ["roof"]'), r"measures\.0\.codes\.0 = 'roof'"),
        (('quantity = "extent"', 'quantity = "guess"'), r"measures\.0\.quantity = 'guess'"),
        (('unit = "m2"\n', ""), r"field measures\.0\.unit is missing"),
        (("[menu]", "[list]"), r"no table \[menu\]"),
    ],
)
def test_what_is_wrong_is_named_with_file_field_and_remedy(
    tmp_path: Path, change: tuple[str, str], message: str | None
) -> None:
    assert change[0] in GOOD
    path = write(tmp_path, GOOD.replace(*change, 1))
    if message is None:
        assert load_menu(path)["patch"].needs == ("renewal",)
        return
    with pytest.raises(StandardError, match=message) as caught:
        load_menu(path)
    assert str(path) in str(caught.value)
    assert "remedy:" in str(caught.value)


def test_measures_that_need_each_other(tmp_path: Path) -> None:
    text = GOOD.replace("needs = []\nexcludes = ", "needs = ").replace(
        'quantity = "extent"', 'quantity = "extent"\nneeds = ["renewal"]'
    )
    with pytest.raises(StandardError, match="need each other in a circle: patch, renewal"):
        load_menu(write(tmp_path, text))


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(StandardError, match=r"no menu 'menu-2020'[\s\S]*renovation-menu-2020"):
        load_menu("menu-2020")
