"""From texts to blocks on towns drawn by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from geo.boundary_text import (
    Area,
    Bounds,
    Edge,
    Ground,
    Located,
    bounds_of_zh,
    bounds_to_en,
    bounds_to_zh,
    locate_bounds,
    parse_bounds,
)
from tests.geo.grid_town import GridTown, grid_town

V = ["西一路", "西二路", "中路", "东二路", "东一路"]
H = ["南一街", "南二街", "中街", "北二街", "北一街"]
NAMES = pd.DataFrame(
    {"name": ["清河", "马岗社区", "冠山"], "name_en": ["Qinghe", "Magang", "Guanshan"],
     "kind": ["community", "community", "village"]}, index=["A", "B", "C"])  # fmt: skip


def town(**changes: object) -> GridTown:
    """Return four by four blocks of 100 m; every line is named unless `changes` say otherwise (v2=None, h0=…)."""
    vertical = [changes.get(f"v{i}", V[i]) for i in range(5)]
    horizontal = [changes.get(f"h{i}", H[i]) for i in range(5)]
    return grid_town(vertical=vertical, horizontal=horizontal, steps=4)  # type: ignore[arg-type]


def read(place: GridTown, text: str, **options: object) -> Located:
    return locate_bounds(parse_bounds(text), place.blocks, place.seams, **options)  # type: ignore[arg-type]


def cells(columns: range, rows: range) -> tuple[str, ...]:
    return tuple(f"b{column}{row}" for column in columns for row in rows)


def rectangle(west: int, east: int, south: int, north: int) -> Bounds:
    names = [V[east], H[south], V[west], H[north]]
    sides = [((Edge(name, f"{name}-en", "residential"),),) for name in names]
    return Bounds(*sides)


SPAN = st.tuples(st.integers(0, 3), st.integers(1, 4)).filter(lambda span: span[0] < span[1])


@settings(max_examples=40, deadline=None)
@given(SPAN, SPAN, st.sampled_from([0, 20, -35]))
def test_any_rectangle_is_found_by_its_four_streets(
    columns: tuple[int, int], rows: tuple[int, int], degrees: int
) -> None:
    """Said in three ways, in towns turned this way and that."""
    bounds = rectangle(*columns, *rows)
    place = town().turned(degrees)
    for text in (bounds_to_zh(bounds), bounds_of_zh(bounds), bounds_to_en(bounds)):
        found = read(place, text)
        assert found.blocks == cells(range(*columns), range(*rows))
        assert found.remarks == ()
        assert found.unsaid_m == pytest.approx(0)
        assert found.geometry.area == pytest.approx(1e4 * len(found.blocks))


def test_the_two_opposite_wordings_are_opposite() -> None:
    """东至中路 is land west of it; 中路以东 is land east of it (domain: the first thing likely to be got wrong)."""
    to = read(town(), "东至中路,南至南一街,西至西一路,北至北一街")
    of = read(town(), "中路以东、南一街以北、东一路以西、北一街以南")
    assert to.blocks == cells(range(2), range(4))
    assert of.blocks == cells(range(2, 4), range(4))


def test_stairs_and_chains() -> None:
    stairs = "东至中路、东一路,南至南一街,西至西一路,北至北一街、中街"
    assert read(town(), stairs).blocks == tuple(sorted(cells(range(2), range(4)) + cells(range(2, 4), range(2))))
    jog = "东至中路—中街—东二路,南至南一街,西至西一路,北至北一街"
    assert read(town(), jog).blocks == tuple(sorted(cells(range(2), range(2, 4)) + cells(range(3), range(2))))


def test_borders_of_neighbours_and_of_the_town() -> None:
    place = town(v1=None, v4=None, h2=(None, "residential"))
    neighbours = place.assign(["BAAA", "BAAA", "BCCC", "BCCC"])
    options = {"neighbours": neighbours, "names": NAMES}
    expected = cells(range(1, 4), range(2, 4))
    found = read(place, "东至镇界,南至无名道路(与冠山村交界),西至马岗社区界,北至北一街", **options)
    assert (found.blocks, found.remarks) == (expected, ())
    english = (
        "east to the town border, south to an unnamed road (border with Guanshan), west to Magang, north to 北一街-en"
    )
    assert read(place, english, **options).blocks == expected


def test_lines_may_be_called_a_little_differently() -> None:
    place = town(v0="臺灣大道四段", v4="清河路")
    text = "东至清河大道(滨河路),南至 南 一街,西至台灣大道四段,北至北一街延长线"
    found = read(place, text)
    assert found.blocks == cells(range(4), range(4))
    assert [remark.text_en for remark in found.remarks] == [
        "'清河大道' is read as '清河路'", "'北一街延长线' is read as '北一街'"
    ], "a guess is told; another script is none"  # fmt: skip
    alias = read(place, "东至滨河大道(清河路),南至南一街,西至臺灣大道四段,北至北一街")
    assert (alias.blocks, alias.remarks) == (found.blocks, ())


def test_what_is_not_there_is_told_with_what_is_near() -> None:
    found = read(town(), "东至东一路,南至南二街,西至长江西路,北至北一街,妙不可言")
    assert found.blocks == cells(range(4), range(1, 4)), "the study's edge closes the side that is not found"
    assert [remark.fragment for remark in found.remarks] == ["妙不可言", "长江西路"]
    near = read(town(), "东至东一十路,南至南一街,西至西一路,北至北一街").remarks[0]
    assert "东一路" in near.text_zh
    assert "near it: 东一路" in near.text_en
    nowhere = read(town(), "东至黄河,南至长江,西至怒江,北至黑龙江")
    assert (nowhere.blocks, len(nowhere.remarks), nowhere.geometry.is_empty) == ((), 4, True)


ESTATES = gpd.GeoDataFrame({"name": ["竹园小区", "福隆花园", "骆驼山"], "name_en": ["Zhuyuan", None, None]},
                           geometry=[box(110, 110, 190, 190), box(310, 310, 380, 380), box(10, 310, 390, 390)],
                           crs=32650)  # fmt: skip


def test_notes_add_and_take_away() -> None:
    text = "东至中路,南至南一街,西至西一路,北至北二街(含福隆花园,不含竹园小区、飞地)"
    found = read(town(), text, estates=ESTATES)
    expected = {*cells(range(2), range(3)), "b33"} - {"b11"}
    assert set(found.blocks) == expected
    assert [remark.fragment for remark in found.remarks] == ["飞地"]
    communities = read(town(), "东至东一路,南至南一街,西至西一路,北至北一街(不含马岗社区)",
                       neighbours=town().assign(["AAAA", "ABBA", "AAAA", "AAAA"]), names=NAMES)  # fmt: skip
    assert set(cells(range(4), range(4))) - set(communities.blocks) == {"b12", "b22"}


def test_a_hill_bounds_a_side() -> None:
    hill = town(h3=None)
    places = ESTATES.assign(geometry=[box(0, 0, 1, 1), box(0, 0, 1, 1), box(150, 310, 160, 390)])
    found = read(hill, "东至中路,南靠南一街,西至西二路,北倚骆驼山", places=places)
    assert found.blocks == cells(range(1, 2), range(3))


def test_part_of_a_community_and_a_side_that_is_not_told() -> None:
    place = town()
    ground = Ground(place.blocks, place.seams, neighbours=place.assign(["AABB"] * 4), names=NAMES)
    (action,) = parse_bounds("将清河社区内中街以南划入马岗社区管辖").actions
    assert ground.locate(action.areas[0]).blocks == cells(range(2), range(2))
    alone = parse_bounds("中街以南的片区")
    assert ground.locate(alone.land).blocks == cells(range(4), range(2)), "the study's edge closes the rest"
    assert ground.locate(Area(name="马岗社区")).blocks == cells(range(2, 4), range(4))
    lost = ground.locate(Area(alone.bounds, within="无此社区"))
    assert [remark.fragment for remark in lost.remarks] == ["无此社区"]


def test_landmarks_are_read_as_the_land_between() -> None:
    parsed = parse_bounds("竹园小区—福隆花园—火车站片区")
    assert parsed.actions == ()
    found = read(town(), "竹园小区—福隆花园—火车站片区", estates=ESTATES)
    assert found.blocks == ("b11", "b22", "b33")
    assert [remark.fragment for remark in found.remarks] == ["火车站", "竹园小区—福隆花园—火车站"]


def test_row_order_and_place_do_not_matter() -> None:
    place = town()
    text = bounds_to_zh(rectangle(1, 3, 0, 2))
    first = read(place, text)
    order = np.random.default_rng(5).permutation
    moved = place.bent(lambda points: points + np.array([5e5, 3e6]))
    shuffled = GridTown(moved.blocks.iloc[order(16)], moved.seams.iloc[order(len(moved.seams))])
    assert read(shuffled, text).blocks == first.blocks == cells(range(1, 3), range(2))


def test_seams_in_pieces_and_streets_that_cross_themselves() -> None:
    """A street that runs on beyond the land, and round a corner, does not lead the reader astray."""
    place = town(h4="中路", v3="南二街")
    assert read(place, "东至中路,南至南二街,西至西一路,北至中路").blocks == cells(range(2), range(1, 4))


def test_sides_written_the_wrong_way_round_are_told() -> None:
    right = read(town(), "东至东二路,南至南二街,西至西二路,北至北二街")
    wrong = read(town(), "东至西二路,南至南二街,西至东二路,北至北二街")
    assert right.blocks
    assert wrong.blocks == ()
    assert "check the sides" in wrong.remarks[-1].text_en
    assert "方位" in wrong.remarks[-1].text_zh
