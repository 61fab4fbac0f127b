"""Unit costs: what ships is an example for every measure of works and says so; a list of prices is read, or refused."""

from pathlib import Path

import pytest

from geo.errors import StandardError
from geo.standards import list_costs, load_costs, load_menu

GOOD = """
[costs]
name = "our-prices"
edition = "2025"
title_zh = "本市单价"
title_en = "Our prices"
source = "市造价站"

[[cost]]
measure = "lift"
yuan = 650000
per = "lift"
source = "市造价站2025年第3期"
dated = "2025-09-30"
region = "本市"

[[cost]]
measure = "roof_repair"
yuan = 140.5
per = "m2"
source = "市造价站2025年第3期"
"""


def test_every_measure_of_works_has_an_example_price_and_nothing_else_has() -> None:
    menu, costs = load_menu("renovation-menu-2020"), load_costs("example-costs")
    works = [each.key for each in menu.measures if each.remedy == "works"]
    assert list(costs.examples) == works == [each.measure for each in costs.costs]
    for each in costs.costs:
        assert each.yuan > 0
        assert each.per == menu[each.measure].unit, each.measure
        assert each.source == "示例,非正式单价 / example, not an official price"
        assert each.dated == ""
    assert costs.of("waste_sorting") is None
    assert "示例" in costs.title_zh
    assert "must not be used" in costs.note_en
    assert [each.name for each in list_costs()] == ["example-costs"]


def write(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_list_of_one_s_own(tmp_path: Path) -> None:
    own = load_costs(write(tmp_path, GOOD))
    lift = own.of("lift")
    assert lift is not None
    assert (lift.yuan, lift.per, lift.dated, lift.example) == (650_000, "lift", "2025-09-30", False)
    assert own.examples == ()
    assert own.of("windows") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('measure = "roof_repair"', 'measure = "lift"'), "measure lift has two prices"),
        (('dated = "2025-09-30"', 'dated = "2025年9月"'), "measure lift: dated = '2025年9月' is no day"),
        (("yuan = 650000", "yuan = -1"), r"costs\.0\.yuan = -1"),
        (("yuan = 650000", "yuan = nan"), r"costs\.0\.yuan = nan"),
        (("yuan = 650000", "yuan = inf"), r"costs\.0\.yuan = inf"),
        (("yuan = 650000", 'yuan = "many"'), r"costs\.0\.yuan = 'many'"),
        (('source = "市造价站2025年第3期"', 'source = ""'), r"costs\.0\.source = ''"),
        (('per = "lift"\n', ""), r"field costs\.0\.per is missing"),
        (("[costs]", "[prices]"), r"no table \[costs\]"),
    ],
)
def test_what_is_wrong_is_named_with_file_field_and_remedy(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    assert change[0] in GOOD
    path = write(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(StandardError, match=message) as caught:
        load_costs(path)
    assert str(path) in str(caught.value)
    assert "remedy:" in str(caught.value)


def test_a_list_without_prices(tmp_path: Path) -> None:
    head = GOOD.split("[[cost]]", maxsplit=1)[0]
    with pytest.raises(StandardError, match="field costs is missing"):
        load_costs(write(tmp_path, head))


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(StandardError, match=r"no costs 'prices'[\s\S]*example-costs"):
        load_costs("prices")
