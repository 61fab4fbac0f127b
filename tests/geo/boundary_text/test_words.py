"""The four texts of bounds, and what communities are called."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.boundary_text import (
    CLOCKWISE,
    SIDES,
    ZH,
    Bounds,
    Edge,
    bounds_of_en,
    bounds_of_zh,
    bounds_to_en,
    bounds_to_zh,
    describe_bounds,
    unit_name,
)
from tests.geo.grid_town import grid_town


def test_the_two_forms_of_xialu() -> None:
    """东至A == A以西: the fixture of domain.md 5.3, in both forms and both languages."""
    place = grid_town(vertical=["青鱼路", "白马路"], horizontal=["苏州路", "杭州西路"])
    assignment = place.assign(["A"])
    texts = describe_bounds(place.shapes(assignment), place.seams, assignment).loc["A"]
    assert texts["bounds_to_zh"] == "东至白马路,南至苏州路,西至青鱼路,北至杭州西路"
    assert texts["bounds_of_zh"] == "白马路以西、苏州路以北、青鱼路以东、杭州西路以南"
    assert texts["bounds_to_en"] == "east to 白马路-en, south to 苏州路-en, west to 青鱼路-en, north to 杭州西路-en"
    assert texts["bounds_of_en"] == "west of 白马路-en, north of 苏州路-en, east of 青鱼路-en, south of 杭州西路-en"


def line(name: str) -> Edge:
    return Edge(name, name, "primary")


def test_chains_steps_and_orders() -> None:
    """六和路—礼耕路—宸庆路、勤富路: a chain is joined by dashes, a second chain stands behind a comma."""
    bounds = Bounds(
        east=((line("六和路"), line("礼耕路"), line("宸庆路")), (line("勤富路"),)),
        south=((line("乙路"),),), west=((line("丙路"),),), north=((line("丁路"),),))  # fmt: skip
    assert bounds_to_zh(bounds) == "东至六和路—礼耕路—宸庆路、勤富路,南至乙路,西至丙路,北至丁路"
    assert bounds_of_zh(bounds, CLOCKWISE) == "丁路以南、六和路—礼耕路—宸庆路、勤富路以西、乙路以北、丙路以东"
    assert bounds_to_en(bounds).startswith("east to 六和路 – 礼耕路 – 宸庆路 and 勤富路, south to 乙路")
    assert bounds_of_en(bounds).startswith("west of 六和路 – 礼耕路 – 宸庆路 and 勤富路, north of 乙路")


EDGE = st.text(alphabet="甲乙丙丁戊己庚辛", min_size=1, max_size=3).map(lambda name: line(name + "路"))
CHAINS = st.lists(st.lists(EDGE, min_size=1, max_size=3).map(tuple), min_size=1, max_size=2).map(tuple)


def read_to(text: str) -> dict[str, set[str]]:
    parts = re.findall(r"([东南西北])至([^,]*)", text)
    return {side: set(re.split("[—、]", lines)) for side, lines in parts}


def read_of(text: str) -> dict[str, set[str]]:
    back = {"西": "东", "东": "西", "南": "北", "北": "南"}
    parts = re.findall(r"([^以]*?)以([东南西北])(?:、|$)", text)
    return {back[side]: set(re.split("[—、]", lines)) for lines, side in parts}


@given(st.builds(Bounds, CHAINS, CHAINS, CHAINS, CHAINS))
def test_both_forms_name_the_same_lines_on_the_same_sides(bounds: Bounds) -> None:
    expected = {ZH[side]: {edge.name for chain in bounds.side(side) for edge in chain} for side in SIDES}
    assert read_to(bounds_to_zh(bounds)) == expected
    assert read_of(bounds_of_zh(bounds)) == expected
    assert read_of(bounds_of_zh(bounds, CLOCKWISE)) == expected


@pytest.mark.parametrize(("name", "kind", "said"), [
    ("清河", "community", "清河社区"), ("清河社区", "community", "清河社区"), ("冠山", "village", "冠山村"),
    ("冠山村", "converted", "冠山村"), ("冠山", "converted", "冠山社区"), ("何安里", "community", "何安里"),
    ("Carrer de Mar", "community", "Carrer de Mar"), ("光明居委会", "community", "光明居委会"), ("A", "community", "A"),
])  # fmt: skip
def test_a_name_says_once_what_it_is(name: str, kind: str, said: str) -> None:
    assert unit_name(name, kind) == said


def test_aliases_stand_in_brackets() -> None:
    edge = Edge("东钢中路", "Donggang Middle Road", "primary", aliases=("怡园路",))
    bounds = Bounds(((edge,),), ((line("乙路"),),), ((line("丙路"),),), ((line("丁路"),),))
    assert bounds_to_zh(bounds) == "东至东钢中路(怡园路),南至乙路,西至丙路,北至丁路"
    assert bounds_of_en(bounds).startswith("west of Donggang Middle Road (怡园路), north of 乙路")
