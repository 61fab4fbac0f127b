"""Blocks: hand-drawn towns of one difficulty each, laws on random streets, and real towns."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from geo.blocks import BlockOptions, Blocks, adopt_blocks, cut_blocks
from geo.blocks.tiling import is_thin
from geo.errors import InputError
from geo.schema import check

CRS = "EPSG:32650"
DEFAULT = BlockOptions()


def area_of(*shapes):
    shapes = shapes or (box(0, 0, 600, 400),)
    return gpd.GeoDataFrame(geometry=list(shapes), index=[f"a{i}" for i in range(len(shapes))], crs=CRS)


def roads_of(*rows, **columns):
    """Each row: name (None for nameless), class, coordinates, and optionally one-way and roundabout flags."""
    padded = [(*row, None, None)[:5] for row in rows]
    frame = gpd.GeoDataFrame(
        {
            "name": pd.array([row[0] for row in padded], dtype="str"),
            "road_class": [row[1] for row in padded],
            "oneway": pd.array([row[3] for row in padded], dtype="boolean"),
            "roundabout": pd.array([row[4] for row in padded], dtype="boolean"),
        },
        geometry=[LineString(row[2]) for row in padded],
        index=[f"r{i}" for i in range(len(rows))],
        crs=CRS,
    )
    return frame.assign(**columns)


def barriers_of(*rows, **columns):
    return gpd.GeoDataFrame(
        {"kind": [row[0] for row in rows], "name": pd.array([row[1] for row in rows], dtype="str")},
        geometry=[row[2] if hasattr(row[2], "geom_type") else LineString(row[2]) for row in rows],
        index=[f"b{i}" for i in range(len(rows))],
        crs=CRS,
    ).assign(**columns)


def communities_of(*shapes, names=None, kinds=None):
    names = names or [f"社区{i}" for i in range(len(shapes))]
    return gpd.GeoDataFrame(
        {"name": names, "name_en": [f"C{i}" for i in range(len(shapes))], "kind": kinds or ["community"] * len(shapes)},
        geometry=list(shapes), index=[f"c{i}" for i in range(len(shapes))], crs=CRS,
    )  # fmt: skip


def estates_of(*shapes):
    return gpd.GeoDataFrame(
        {"name": [f"小区{i}" for i in range(len(shapes))]},
        geometry=list(shapes), index=[f"e{i}" for i in range(len(shapes))], crs=CRS,
    )  # fmt: skip


def laws(result: Blocks, area, options=DEFAULT):
    """What holds for every result: exact tiling, no thin or small blocks, seams that are the blocks' borders."""
    blocks, seams = result.blocks, result.seams
    assert not check(blocks, "blocks")
    assert not check(seams, "seams")
    shapes = blocks.geometry.to_numpy()
    whole = shapely.union_all(area.geometry.to_numpy())
    assert set(blocks.geom_type) == {"Polygon"}
    assert blocks.is_valid.all()
    assert shapely.coverage_is_valid(shapes)
    assert blocks.area.sum() == pytest.approx(whole.area, rel=1e-9)
    assert shapely.symmetric_difference(shapely.union_all(shapes), whole).area < 1e-6 * max(whole.area, 1)
    alone = (
        np.array([not any(s.dwithin(t, 1e-6) for t in shapes if t is not s) for s in shapes])
        if len(shapes) < 80
        else False
    )
    assert not (is_thin(shapes, options.min_width_m) & ~alone).any()
    assert not ((blocks.area < options.min_area_m2 - 1e-6) & ~alone).any()
    assert (seams.block_a.to_numpy() < seams.block_b.to_numpy()).all()
    assert not seams.duplicated(["block_a", "block_b", "feature_name", "feature_class"]).any()
    assert seams.length_m.to_numpy() == pytest.approx(seams.length.to_numpy())
    # seams of a pair together are what the two blocks share; seams of a block together are its outline
    a = seams.groupby("block_a").length_m.sum()
    b = seams[seams.block_b != "outside"].groupby("block_b").length_m.sum()
    around = a.reindex(blocks.index).fillna(0) + b.reindex(blocks.index).fillna(0)
    assert around.to_numpy() == pytest.approx(blocks.length.to_numpy(), rel=1e-6)
    pairs = seams[seams.block_b != "outside"].groupby(["block_a", "block_b"]).length_m.sum()
    for (one, two), length in list(pairs.items())[:200]:
        shared = shapely.intersection(blocks.geometry[one].boundary, blocks.geometry[two].boundary)
        assert shared.length == pytest.approx(length, rel=1e-6)


def cut(area, roads=None, barriers=None, **kwargs):
    result = cut_blocks(area, roads, barriers, **kwargs)
    laws(result, area, kwargs.get("options", DEFAULT))
    return result


def inner(result):
    """Return the inner seams as (name, class, rounded length), sorted."""
    seams = result.seams[result.seams.block_b != "outside"]
    return sorted((n if isinstance(n, str) else "", c, round(x)) for n, c, x in
                  zip(seams.feature_name, seams.feature_class, seams.length_m, strict=True))  # fmt: skip


CROSS = (("东西路", "primary", [(0, 200), (600, 200)]), ("南北路", "secondary", [(300, 0), (300, 400)]))


# ------------------------------------------------------------------------------------------------------ plain towns


def test_area_alone_is_one_block():
    result = cut(area_of())
    assert list(result.blocks.index) == ["B0001"]
    assert result.blocks.area_m2["B0001"] == 240_000
    assert list(result.seams.feature_class) == ["study_edge"]
    assert list(result.seams.block_b) == ["outside"]


def test_four_blocks_in_reading_order():
    result = cut(area_of(), roads_of(*CROSS))
    centres = {i: (p.x, p.y) for i, p in result.blocks.centroid.items()}
    assert centres == {"B0001": (150, 300), "B0002": (450, 300), "B0003": (150, 100), "B0004": (450, 100)}
    assert inner(result) == [("东西路", "primary", 300), ("东西路", "primary", 300),
                             ("南北路", "secondary", 200), ("南北路", "secondary", 200)]  # fmt: skip


def test_empty_tables_and_missing_names():
    roads = roads_of((None, "residential", [(300, 0), (300, 400)]))
    result = cut(area_of(), roads, barriers_of(), estates=estates_of(), communities=communities_of())
    assert inner(result) == [("", "residential", 400)]
    assert cut(area_of(), roads.iloc[:0]).blocks.shape[0] == 1


def test_paths_and_tunnels_are_no_edges():
    roads = roads_of(("小径", "footway", [(0, 100), (600, 100)]), ("隧道", "primary", [(0, 200), (600, 200)]),
                     tunnel=pd.array([None, True], dtype="boolean"))  # fmt: skip
    rails = barriers_of(("railway", "地铁", [(300, 0), (300, 400)]), tunnel=pd.array([True], dtype="boolean"))
    assert len(cut(area_of(), roads, rails).blocks) == 1
    assert len(cut(area_of(), roads, options=BlockOptions(road_classes=("footway",))).blocks) == 2


def test_street_under_a_railway_is_still_an_edge():
    """The middle 60 m of the street are a tunnel; a tunnel of 200 m would be none."""
    for length, count in ((60, 4), (200, 2)):
        cuts = [(0, 200), (300 - length / 2, 200), (300 + length / 2, 200), (600, 200)]
        roads = roads_of(*(("穿铁路", "tertiary", [a, b]) for a, b in pairwise(cuts)),
                         tunnel=pd.array([False, True, False], dtype="boolean"))  # fmt: skip
        result = cut(area_of(), roads, barriers_of(("railway", "京沪线", [(300, 0), (300, 400)])))
        assert len(result.blocks) == count


def test_area_of_two_parts_with_a_hole():
    ring = box(0, 0, 400, 400).difference(box(150, 150, 250, 250))
    area = area_of(ring, box(500, 0, 700, 200))
    result = cut(area, roads_of(("路", "primary", [(-50, 200), (800, 200)])))
    assert len(result.blocks) == 3
    assert result.blocks.area.sum() == pytest.approx(400**2 - 100**2 + 200**2)


def test_closed_street_inside_a_block_makes_an_island():
    square = [(200, 100), (300, 100), (300, 200), (200, 200), (200, 100)]
    result = cut(area_of(), roads_of(("环巷", "residential", square)))
    assert sorted(result.blocks.area.round()) == [10_000, 230_000]
    assert inner(result) == [("环巷", "residential", 400)]


def test_area_of_nothing_but_thin_strips_gives_blocks():
    lines = [(f"巷{i}", "residential", [(0, 8 * i), (100, 8 * i)]) for i in range(1, 10)]
    assert len(cut(area_of(box(0, 0, 100, 80)), roads_of(*lines)).blocks) >= 1
    thin = cut_blocks(area_of(box(0, 0, 100, 6)), roads_of(("巷", "residential", [(50, -5), (50, 20)])))
    assert len(thin.blocks) == 1


# ----------------------------------------------------------------------------------------- roads drawn in two lines


@pytest.mark.parametrize("apart", [9, 24, 44])
@pytest.mark.parametrize("named", [True, False])
def test_dual_carriageway_is_one_seam_in_the_middle(apart, named):
    """Two one-way lines either side of y = 200; a street from the south ends on the nearer one."""
    name = "大道" if named else None
    y0, y1 = 200 - apart / 2, 200 + apart / 2
    roads = roads_of(
        (name, "primary", [(0, y0), (600, y0)], True),
        (name, "primary", [(600, y1), (0, y1)], True),
        ("支路", "residential", [(300, 0), (300, y0)]),
    )
    result = cut(area_of(), roads)
    assert len(result.blocks) == 3
    main = result.seams[(result.seams.feature_class == "primary") & (result.seams.block_b != "outside")]
    assert main.length_m.sum() == pytest.approx(600, rel=0.01)
    assert main.geometry.get_coordinates().y.to_numpy() == pytest.approx(200, abs=0.5)
    assert set(main.feature_name.fillna("")) == {name or ""}


def test_dual_carriageway_without_direction_needs_the_name():
    lines = ([(0, 185), (600, 185)], [(0, 215), (600, 215)])
    same = cut(area_of(), roads_of(*(("大道", "secondary", line) for line in lines)))
    assert inner(same) == [("大道", "secondary", 600)]
    other = cut(area_of(), roads_of(("甲路", "secondary", lines[0]), ("乙路", "secondary", lines[1])))
    assert len(other.blocks) == 3


def test_two_way_streets_of_one_name_stay_two():
    lines = ([(0, 185), (600, 185)], [(0, 215), (600, 215)])
    assert len(cut(area_of(), roads_of(*(("新村路", "residential", line, False) for line in lines))).blocks) == 3


def test_crossing_of_two_dual_carriageways_meets_in_one_point():
    roads = roads_of(
        ("北大道", "primary", [(600, 220), (0, 220)], True),
        ("北大道", "primary", [(0, 190), (600, 190)], True),
        ("东大道", "secondary", [(400, 0), (400, 400)], True),
        ("东大道", "secondary", [(375, 400), (375, 0)], True),
    )
    result = cut(area_of(), roads)
    assert inner(result) == [("东大道", "secondary", 195), ("东大道", "secondary", 205),
                             ("北大道", "primary", 212), ("北大道", "primary", 388)]  # fmt: skip
    assert result.blocks.geometry.apply(lambda p: p.distance(Point(387.5, 205))).max() == pytest.approx(0, abs=1e-6)


def test_crossing_street_stays_straight_through_a_median():
    roads = roads_of(
        ("大道", "primary", [(0, 185), (600, 185)], True),
        ("大道", "primary", [(600, 215), (0, 215)], True),
        ("横街", "residential", [(300, 0), (300, 400)]),
    )
    result = cut(area_of(), roads)
    assert inner(result) == [("大道", "primary", 300)] * 2 + [("横街", "residential", 200)] * 2


def test_main_and_side_carriageways_with_a_border_among_them_are_one_seam():
    """Four lines of one boulevard, two each way, 18 m apart; the old border wanders between them."""
    lines = [[(0, 173), (600, 173)], [(0, 191), (600, 191)], [(600, 209), (0, 209)], [(600, 227), (0, 227)]]
    roads = roads_of(*(("大道", "primary", line, True) for line in lines))
    south = Polygon([(0, 0), (600, 0), (600, 196), (300, 205), (0, 180)])
    result = cut(area_of(), roads, communities=communities_of(south, area_of().geometry.iloc[0].difference(south)))
    assert inner(result) == [("大道", "primary", 600)]
    assert result.blocks.area.to_numpy() == pytest.approx(120_000, abs=20)


@pytest.mark.parametrize(("radius", "marked"), [(30, True), (60, True), (21, False)])
def test_roundabout_becomes_a_crossing(radius, marked):
    """A ring around (300, 200) with four arms; without a mark it is known by being small and round."""
    turn = np.linspace(0, 2 * np.pi, 25)[:-1]
    ring = [(300 + radius * np.cos(t), 200 + radius * np.sin(t)) for t in turn]
    arms = [
        ("东路", "primary", (1, 0)),
        ("西路", "primary", (-1, 0)),
        ("北路", "secondary", (0, 1)),
        ("南路", "secondary", (0, -1)),
    ]
    ends = [[(300 + radius * x, 200 + radius * y), (300 + 300 * x, 200 + 200 * y)] for _, _, (x, y) in arms]
    roads = roads_of((None, "primary", [*ring, ring[0]], marked or None, marked or None),
                     *((name, kind, line) for (name, kind, _), line in zip(arms, ends, strict=True)))  # fmt: skip
    result = cut(area_of(), roads)
    assert inner(result) == [("东路", "primary", 300), ("北路", "secondary", 200), ("南路", "secondary", 200),
                             ("西路", "primary", 300)]  # fmt: skip
    assert shapely.distance(result.blocks.geometry.to_numpy(), Point(300, 200)).max() < 0.5


def test_a_flyover_across_a_roundabout_leaves_no_block_on_it():
    """The ring has a radius of 40 m; the flyover cuts its island into two."""
    turn = np.linspace(0, 2 * np.pi, 25)[:-1]
    ring = [(300 + 40 * np.cos(t), 200 + 40 * np.sin(t)) for t in turn]
    roads = roads_of(
        (None, "primary", [*ring, ring[0]], True, True),
        ("高架", "primary", [(0, 200), (600, 205)]),
        ("北路", "secondary", [(300, 240), (300, 400)]),
        ("南路", "secondary", [(300, 160), (300, 0)]),
    )
    result = cut(area_of(), roads)
    assert len(result.blocks) == 4
    assert shapely.distance(result.blocks.geometry.to_numpy(), Point(300, 200)).max() < 4
    assert {row[0] for row in inner(result)} == {"高架", "北路", "南路"}


def test_slip_road_vanishes():
    slip = (None, "primary_link", [(260, 200), (285, 205), (297, 220), (300, 240)])
    assert inner(cut(area_of(), roads_of(*CROSS, slip))) == inner(cut(area_of(), roads_of(*CROSS)))


def test_frontage_street_gives_way_to_the_avenue():
    result = cut(
        area_of(), roads_of(("大街", "trunk", [(0, 200), (600, 200)]), ("辅路", "residential", [(0, 211), (600, 211)]))
    )
    assert inner(result) == [("大街", "trunk", 600)]
    assert sorted(result.blocks.area) == [120_000, 120_000]


# -------------------------------------------------------------------------------------------------- careless drawing


def test_dead_end_is_no_edge():
    assert len(cut(area_of(), roads_of(*CROSS, ("死巷", "residential", [(100, 200), (100, 300)]))).blocks) == 4


def test_crossing_without_a_shared_point():
    roads = roads_of(("斜路", "tertiary", [(13, -20), (589, 433)]), *CROSS)
    assert len(cut(area_of(), roads).blocks) == 6


@pytest.mark.parametrize("gap", [0.3, 4.0, 9.5])
def test_end_short_of_a_line_is_led_on(gap):
    roads = roads_of(CROSS[0], ("支路", "residential", [(300, 0), (300, 200 - gap)]))
    result = cut(area_of(), roads)
    assert inner(result) == [("东西路", "primary", 300), ("东西路", "primary", 300), ("支路", "residential", 200)]
    assert [(r.code, r.row_id) for r in result.repairs] == [("gap_closed", "r1")]
    assert f"{gap:.1f}" in result.repairs[0].detail_zh


def test_gap_in_the_middle_of_a_road():
    roads = roads_of(("断路", "primary", [(0, 200), (299.9, 200)]), ("断路", "primary", [(300.2, 200), (600, 200)]))
    assert inner(cut(area_of(), roads)) == [("断路", "primary", 600)]


def test_end_too_far_from_anything_stays_a_dead_end():
    assert len(cut(area_of(), roads_of(CROSS[0], ("支路", "residential", [(300, 60), (300, 180)]))).blocks) == 2


def test_road_that_stops_before_the_study_edge():
    roads = roads_of(("短路", "primary", [(20, 200), (575, 200)]))
    result = cut(area_of(), roads)
    assert inner(result) == [("短路", "primary", 600)]
    assert len(cut(area_of(), roads, options=BlockOptions(edge_gap_m=10)).blocks) == 1


def test_roads_outside_and_along_the_edge():
    """A road 8 m inside the southern edge makes no sliver but gives the outer edge its name; one outside too."""
    roads = roads_of(("南环路", "tertiary", [(-20, 8), (620, 8)]), ("北环路", "tertiary", [(-20, 412), (620, 412)]),
                     ("远路", "primary", [(0, 900), (600, 900)]))  # fmt: skip
    result = cut(area_of(), roads)
    assert len(result.blocks) == 1
    outer = dict(zip(result.seams.feature_name.fillna(""), result.seams.length_m, strict=True))
    assert outer == pytest.approx({"南环路": 600, "北环路": 600, "": 800}, abs=45)


def test_lines_drawn_twice_leave_no_needles():
    roads = roads_of(*CROSS, ("东西路", "primary", [(0, 200.0004), (250, 199.9996), (600, 200.0003)]))
    assert len(cut(area_of(), roads).blocks) == 4


# ------------------------------------------------------------------------------------------------- water and railways


def test_river_polygon_with_a_bridge_and_an_island():
    """A river 80 m wide; its seam runs in the middle whatever crosses it; an island of 40 x 200 m stays a block."""
    island = box(200, 180, 400, 220)
    water = box(-500, 120, 1100, 280).difference(island)
    roads = roads_of(("大桥", "primary", [(100, 0), (100, 400)]))
    result = cut(area_of(), roads, barriers_of(("river", None, water), ("river", "清河", [(-500, 150), (1100, 150)])))
    assert len(result.blocks) == 5
    river = result.seams[result.seams.feature_class == "river"]
    assert set(river.feature_name) == {"清河"}
    assert river.barrier.all()
    y = river[river.block_b != "outside"].geometry.get_coordinates()
    assert y[(y.x < 60)].y.to_numpy() == pytest.approx(200, abs=10)
    assert y[(y.x > 60) & (y.x < 120)].y.to_numpy() == pytest.approx(200, abs=1)
    assert not (river.block_b == "outside").any()  # the study's edge crosses the river and does not run along it
    assert [row[:2] for row in inner(result)].count(("大桥", "primary")) == 2


def test_divided_bridge_over_a_wide_river_keeps_its_name():
    """Four blocks around one point in the middle of river and bridge; on the water the bridge is still the bridge."""
    roads = roads_of(
        ("大桥", "primary", [(310, 0), (310, 400)], True),
        ("大桥", "primary", [(290, 400), (290, 0)], True),
    )
    result = cut(area_of(), roads, barriers_of(("river", "清河", box(-500, 150, 1100, 250))))
    assert [row[:2] for row in inner(result)] == [("大桥", "primary")] * 2 + [("清河", "river")] * 2
    assert [row[2] for row in inner(result)] == pytest.approx([200, 200, 300, 300], abs=10)


def test_river_line_canal_and_railway_are_barriers():
    river, railway = ("river", "清河", [(0, 100), (600, 100)]), ("railway", "京沪线", [(300, 0), (300, 400)])
    result = cut(area_of(), None, barriers_of(river, railway, ("wall", None, [(0, 300), (600, 300)])))
    assert len(result.blocks) == 4
    assert result.seams[result.seams.block_b != "outside"].barrier.all()


def test_crossable_stream_is_no_barrier():
    barrier = barriers_of(("river", "溪", [(0, 100), (600, 100)]), crossable=pd.array([True], dtype="boolean"))
    result = cut(area_of(), None, barrier)
    assert not result.seams.barrier.any()


def test_many_tracks_are_one_seam():
    tracks = [("railway", "京沪线", [(0, 200 + 5 * i), (600, 200 + 5 * i)]) for i in range(7)]
    result = cut(area_of(), None, barriers_of(*tracks))
    assert inner(result) == [("京沪线", "railway", 600)]
    assert sorted(result.blocks.area) == pytest.approx([600 * 185, 600 * 215])


# --------------------------------------------------------------------------------------------------- today's borders


def test_border_beside_a_road_is_the_road():
    left, right = box(0, 0, 308, 400), box(308, 0, 600, 400)
    result = cut(area_of(), roads_of(CROSS[1]), communities=communities_of(left, right))
    assert inner(result) == [("南北路", "secondary", 400)]
    assert result.blocks.community_id.to_list() == ["c0", "c1"]
    assert result.blocks.area_m2.to_list() == [120_000, 120_000]


def test_border_without_a_road_is_a_seam_of_its_own():
    left, right = box(0, 0, 200, 400), box(200, 0, 600, 400)
    result = cut(area_of(), roads_of(CROSS[0]), communities=communities_of(left, right, names=["甲", "乙"]))
    border = result.seams[result.seams.feature_class == "border"]
    assert set(border.feature_name) == {"甲与乙界"}
    assert set(border.feature_name_en) == {"C0–C1 border"}
    assert border.length_m.sum() == pytest.approx(400)
    assert len(cut(area_of(), roads_of(CROSS[0]), communities=communities_of(left, right),
                   options=BlockOptions(borders="none")).blocks) == 2  # fmt: skip


def test_only_village_borders():
    shapes = box(0, 0, 200, 400), box(200, 0, 400, 400), box(400, 0, 600, 400)
    towns = communities_of(*shapes, kinds=["community", "community", "village"])
    result = cut(area_of(), communities=towns, options=BlockOptions(borders="villages"))
    assert sorted(result.blocks.area) == [80_000, 160_000]


# ------------------------------------------------------------------------------------------------------------ estates


def test_road_through_an_estate_goes_around_it():
    """The east-west road cuts a compound of 200 x 160 m in half: the compound is one block with its own outline."""
    estate = box(200, 120, 400, 280)
    result = cut(area_of(), roads_of(CROSS[0]), estates=estates_of(estate))
    assert len(result.blocks) == 3
    shares = result.blocks.intersection(estate).area / estate.area
    assert shares.max() == pytest.approx(1)
    walls = result.seams[result.seams.feature_class == "wall"]
    assert set(walls.feature_name) == {"小区0"}
    assert walls.length_m.sum() == pytest.approx(720)
    assert [(r.code, r.row_id) for r in result.repairs] == [("estate_kept_whole", "e0")]
    assert "东西路" in result.repairs[0].detail_zh


def test_estate_that_fills_its_blocks_takes_the_strips_around_it():
    """The outline stands 20 m off the streets around: the strip between is no block, and the streets stay the edge."""
    ring = [(150, 100), (450, 100), (450, 300), (150, 300), (150, 100)]
    lane = ("穿村路", "residential", [(0, 200), (600, 200)])
    result = cut(area_of(), roads_of(("环路", "tertiary", ring), lane), estates=estates_of(box(170, 120, 430, 280)))
    assert sorted(result.blocks.area.round()) == [60_000, 90_000, 90_000]
    assert ("环路", "tertiary", 500) in inner(result)


def test_estate_that_pokes_over_the_road_is_no_conflict():
    estate = box(200, 194, 400, 330)
    result = cut(area_of(), roads_of(CROSS[0]), estates=estates_of(estate))
    assert inner(result) == [("东西路", "primary", 600)]
    assert not result.repairs


def test_dead_end_inside_an_estate_changes_nothing():
    estate = box(200, 220, 400, 330)
    result = cut(
        area_of(), roads_of(CROSS[0], ("小区路", "residential", [(300, 200), (300, 300)])), estates=estates_of(estate)
    )
    assert inner(result) == [("东西路", "primary", 600)]


def test_two_overlapping_estates_cut_by_one_road():
    estates = estates_of(box(150, 120, 300, 280), box(290, 130, 450, 290))
    result = cut(area_of(), roads_of(CROSS[0]), estates=estates)
    for estate in estates.geometry:
        shares = result.blocks.intersection(estate).area / estate.area
        grouped = result.blocks.group_id[shares > 0.05].fillna("").unique().size == 1
        assert shares.max() >= 0.95 or grouped


# --------------------------------------------------------------------------------------------------------------- laws


@st.composite
def towns(draw):
    """Random straight streets over a square of 500 m, some doubled a few metres off, some closed around a corner."""
    coordinate = st.integers(-40, 540)
    rows = []
    for i in range(draw(st.integers(0, 9))):
        a, b, c, d = (draw(coordinate) for _ in range(4))
        if (a, b) == (c, d):
            continue
        kind = draw(st.sampled_from(["primary", "secondary", "residential", "primary_link"]))
        rows.append((f"路{i}", kind, [(a, b), (c, d)]))
        if draw(st.booleans()):
            off = draw(st.floats(0.2, 30))
            rows.append((f"路{i}", kind, [(a + off, b + off), (c + off, d + off)], True))
    return rows


relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@relaxed
@given(towns())
def test_law_tiling(rows):
    area = area_of(box(0, 0, 500, 500))
    cut(area, roads_of(*rows) if rows else None)


@relaxed
@given(towns(), st.randoms(use_true_random=False))
def test_law_row_order_does_not_matter(rows, random):
    if not rows:
        return
    area, roads = area_of(box(0, 0, 500, 500)), roads_of(*rows)
    order = list(range(len(roads)))
    random.shuffle(order)
    one, two = cut_blocks(area, roads), cut_blocks(area, roads.iloc[order])
    pd.testing.assert_frame_equal(pd.DataFrame(one.blocks.drop(columns="geometry")),
                                  pd.DataFrame(two.blocks.drop(columns="geometry")))  # fmt: skip
    assert one.blocks.geometry.to_wkb().equals(two.blocks.geometry.to_wkb())
    assert one.seams.drop(columns="geometry").equals(two.seams.drop(columns="geometry"))


@relaxed
@given(towns(), st.integers(-5_000_000, 5_000_000), st.integers(0, 4_000_000))
def test_law_place_does_not_matter(rows, dx, dy):
    if not rows:
        return
    area, roads = area_of(box(0, 0, 500, 500)), roads_of(*rows)
    one = cut_blocks(area, roads)
    two = cut_blocks(area.translate(dx, dy).to_frame("geometry"), roads.set_geometry(roads.translate(dx, dy)))
    assert one.blocks.area.to_numpy() == pytest.approx(two.blocks.area.to_numpy(), abs=0.05)
    assert one.seams.feature_name.equals(two.seams.feature_name)


def whole_town(seed):
    """Return area, roads, barriers, estates and communities drawn at random, with all difficulties at once."""
    rng = np.random.default_rng(seed)
    width, height = rng.integers(150, 900), rng.integers(150, 700)
    rows = []
    for i in range(rng.integers(0, 14)):
        kind = rng.choice(["primary", "secondary", "residential", "primary_link", "motorway", "living_street"])
        form = rng.integers(3)
        one, two = rng.uniform(-50, width + 50, (2, 2))
        points = [tuple(one), tuple((one + two) / 2 + rng.normal(0, 60 * (form == 1), 2)), tuple(two)]
        if form == 2:
            turn, radius = np.linspace(0, 2 * np.pi, rng.integers(4, 20)), rng.uniform(8, 60)
            points = [(one[0] + radius * np.cos(t), one[1] + radius * np.sin(t)) for t in turn]
        oneway = rng.choice([True, False, None])
        rows.append((rng.choice(["甲路", "乙路", f"路{i}", None]), kind, points, oneway, (form == 2) or None))
        beside = shapely.offset_curve(LineString(points), rng.uniform(0.05, 45))
        if rng.random() < 0.4 and beside.geom_type == "LineString" and not beside.is_empty:
            rows.append((rows[-1][0], kind, list(beside.coords)[::-1], oneway))
    round_ = Point(width / 2, height / 2).buffer(min(width, height) / 2, quad_segs=int(rng.integers(1, 12)))
    beside = box(width + 20, 0, width + 20 + rng.integers(5, 200), rng.integers(5, 200))
    area = area_of(box(0, 0, width, height)) if rng.random() < 0.5 else area_of(round_, beside)
    bend = LineString([(-60, rng.uniform(0, height)), (width / 2, rng.uniform(0, height)), (width + 60, 0)])
    barriers = barriers_of(
        ("river", "清河", bend.buffer(rng.uniform(3, 60))), ("railway", None, [(0, 0), (width, height)])
    )
    corners, sizes = rng.uniform(0, 1, (6, 2)) * (width, height), rng.uniform(20, 250, (6, 2))
    estates = estates_of(*(box(*low, *(low + size)) for low, size in zip(corners, sizes, strict=True)))
    at = np.sort(rng.uniform(0, width, 2))
    step = rng.choice([0, 1e-7, 0.4])  # communities that meet, almost meet, or leave a gap
    communities = communities_of(box(-100, -100, at[0], 900), box(at[0], -100, at[1] + 1, 900),
                                 box(at[1] + 1 + step, -100, 1500, 900))  # fmt: skip
    some = rng.random(4) < (0.9, 0.5, 0.6, 0.7)
    roads = roads_of(*rows) if rows else None
    return area, *(t if on else None for t, on in zip((roads, barriers, estates, communities), some, strict=True))


@pytest.mark.parametrize("seeds", [range(start, start + 20) for start in range(0, 100, 20)], ids=str)
def test_law_everything_at_once(seeds):
    for seed in seeds:
        area, roads, barriers, estates, communities = whole_town(seed)
        result = cut(area, roads, barriers, estates=estates, communities=communities)
        turned = [None if t is None else t.iloc[::-1] for t in (area, roads, barriers, estates, communities)]
        again = cut_blocks(*turned[:3], estates=turned[3], communities=turned[4])
        assert result.blocks.geometry.to_wkb().equals(again.blocks.geometry.to_wkb())
        assert result.seams.drop(columns="geometry").equals(again.seams.drop(columns="geometry"))
        assert result.repairs == again.repairs


def test_inputs_are_not_changed():
    area, roads, estates = area_of(), roads_of(*CROSS), estates_of(box(200, 120, 400, 280))
    before = [frame.copy() for frame in (area, roads, estates)]
    cut(area, roads, estates=estates)
    for frame, copy in zip((area, roads, estates), before, strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(copy))


# ------------------------------------------------------------------------------------------------------------ refusals


def test_refuses_an_empty_area():
    with pytest.raises(InputError, match="study area is empty") as caught:
        cut_blocks(area_of().iloc[:0])
    assert caught.value.faults[0].table == "study_area"


def test_refuses_degrees_and_mixed_crs():
    with pytest.raises(InputError, match="not in metres"):
        cut_blocks(area_of().to_crs(4326))
    with pytest.raises(InputError, match="project it to") as caught:
        cut_blocks(area_of(), roads_of(*CROSS).to_crs("EPSG:32651"))
    assert caught.value.faults[0].table == "roads"


def test_refuses_roads_that_are_no_lines():
    roads = gpd.GeoDataFrame({"road_class": ["primary"]}, geometry=[Point(1, 1)], index=["r7"], crs=CRS)
    with pytest.raises(InputError, match="rows are Point") as caught:
        cut_blocks(area_of(), roads)
    assert (caught.value.faults[0].table, caught.value.faults[0].ids) == ("roads", ("r7",))


def test_refuses_strange_options():
    with pytest.raises(InputError, match="min_width_m"):
        BlockOptions(min_width_m=-1)
    with pytest.raises(InputError, match="borders"):
        BlockOptions(borders="some")
    with pytest.raises(InputError, match="unknown edge classes: boulevard"):
        BlockOptions(road_classes=("boulevard",))


# ----------------------------------------------------------------------------------------------------- ready-made areas


def areas_of(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), index=[f"z{i}" for i in range(len(shapes))], crs=CRS)


def test_adopt_keeps_ids_and_columns_and_names_seams():
    areas = areas_of(
        box(0, 0, 300, 200), box(300, 0, 600, 200), box(0, 200, 600, 400), households=[5, None, 7], note=["a", "b", "c"]
    )
    roads = roads_of(("东西路", "primary", [(-10, 206), (350, 206)]), ("横穿路", "primary", [(150, 0), (150, 400)]))
    towns = communities_of(box(0, 0, 600, 200), box(0, 200, 600, 400), names=["南社", "北社"])
    result = adopt_blocks(areas, roads, communities=towns)
    assert result.blocks.index.to_list() == ["z0", "z1", "z2"]
    assert result.blocks.households.to_list() == [5, pd.NA, 7]
    assert result.blocks.note.to_list() == ["a", "b", "c"]
    assert result.blocks.community_id.to_list() == ["c0", "c0", "c1"]
    rows = {(a, b, n if isinstance(n, str) else "", c): round(x, -1) for a, b, n, c, x in zip(
        result.seams.block_a, result.seams.block_b, result.seams.feature_name, result.seams.feature_class,
        result.seams.length_m, strict=True) if b != "outside"}  # fmt: skip
    assert rows == {("z0", "z1", "", "none"): 200, ("z0", "z2", "东西路", "primary"): 300,
                    ("z1", "z2", "东西路", "primary"): 60, ("z1", "z2", "北社与南社界", "border"): 240} or rows == {
                    ("z0", "z1", "", "none"): 200, ("z0", "z2", "东西路", "primary"): 300,
                    ("z1", "z2", "东西路", "primary"): 60, ("z1", "z2", "南社与北社界", "border"): 240}  # fmt: skip


def test_adopt_closes_gaps_and_parts_overlaps():
    areas = areas_of(box(0, 0, 299, 400), box(300, 0, 600, 200), box(299.5, 195, 600, 400))
    result = adopt_blocks(areas)
    shapes = result.blocks.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert result.blocks.area.sum() == pytest.approx(shapely.union_all(shapes).area)
    assert {"overlap"} <= {r.code for r in result.repairs}
    within = adopt_blocks(areas, area=area_of())
    assert within.blocks.area.sum() == pytest.approx(240_000)
    assert shapely.coverage_is_valid(within.blocks.geometry.to_numpy())
    assert "gaps_filled" in {r.code for r in within.repairs}


def test_adopt_keeps_large_holes_and_parts():
    ring = box(0, 0, 400, 400).difference(box(100, 100, 300, 300))
    two = MultiPolygon([box(400, 0, 500, 100), box(400, 200, 500, 400)])
    result = adopt_blocks(areas_of(ring, two))
    assert result.blocks.area_m2.to_list() == [120_000, 30_000]
    assert "holes_kept" in {r.code for r in result.repairs}


def test_adopt_refuses_doubles_and_nothing():
    with pytest.raises(InputError, match="no land of their own") as caught:
        adopt_blocks(areas_of(box(0, 0, 9, 9), box(0, 0, 9, 9)))
    assert caught.value.faults[0].ids in {("z0",), ("z1",)}
    with pytest.raises(InputError, match="no areas to adopt"):
        adopt_blocks(areas_of(box(0, 0, 9, 9)).iloc[:0])


# ----------------------------------------------------------------------------------------------------------- real towns


def read_roads(path, crs):
    raw = gpd.read_file(path, layer="roads").to_crs(crs)
    known = raw.highway.isin(BlockOptions().road_classes)
    raw = raw[known]
    return gpd.GeoDataFrame(
        {
            "road_class": raw.highway.to_numpy(object),
            "name": raw["name"].to_numpy(object),
            "oneway": pd.array((raw.oneway == "yes").to_numpy(), dtype="boolean"),
            "tunnel": pd.array((raw.tunnel == "yes").to_numpy(), dtype="boolean"),
        },
        geometry=raw.geometry.to_numpy(), index=[f"r{i}" for i in range(len(raw))], crs=crs,
    )  # fmt: skip


@pytest.mark.cases
def test_nanjing(cases):
    roads = read_roads(cases / "nanjing_gulou" / "nanjing_gulou.gpkg", "EPSG:32650")
    area = gpd.GeoDataFrame(geometry=[box(118.766, 32.0345, 118.7975, 32.0527)], index=["a"], crs=4326).to_crs(
        "EPSG:32650"
    )
    result = cut(area, roads)
    assert 120 <= len(result.blocks) <= 220
    lengths = result.seams.groupby("feature_name").length_m.sum()
    assert lengths["中山东路"] == pytest.approx(1770, rel=0.05)
    assert lengths["汉中路"] == pytest.approx(1226, rel=0.05)


@pytest.mark.cases
def test_monaco(cases):
    roads = read_roads(cases / "monaco" / "monaco.gpkg", "EPSG:32632")
    hull = gpd.GeoDataFrame(
        geometry=[shapely.convex_hull(shapely.union_all(roads.geometry.to_numpy()))], index=["a"], crs=roads.crs
    )
    result = cut(hull, roads)
    assert len(result.blocks) >= 40


@pytest.mark.cases
def test_taichung_census_areas(cases):
    path = cases / "taichung_xitun" / "taichung_xitun.gpkg"
    areas = gpd.read_file(path, layer="stat_areas").to_crs("EPSG:3826").set_index("codebase")
    villages = gpd.read_file(path, layer="villages").to_crs("EPSG:3826").set_index("villcode")
    villages = villages.rename(columns={"villname": "name", "villeng": "name_en"}).assign(kind="village")
    areas = areas.rename(columns={"population": "people"})[["households", "people", "geometry"]]
    roads = read_roads(path, "EPSG:3826")
    result = adopt_blocks(areas, roads, communities=villages[["name", "name_en", "kind", "geometry"]])
    shapes = result.blocks.geometry.to_numpy()
    assert len(shapes) == 1113
    assert set(result.blocks.index) == set(areas.index.astype(str))
    assert shapely.coverage_is_valid(shapes)
    assert result.blocks.area.sum() == pytest.approx(shapely.union_all(shapes).area, rel=1e-9)
    assert result.blocks.households.sum() == areas.households.sum()
    a = result.seams.groupby("block_a").length_m.sum()
    b = result.seams[result.seams.block_b != "outside"].groupby("block_b").length_m.sum()
    around = a.reindex(result.blocks.index).fillna(0) + b.reindex(result.blocks.index).fillna(0)
    assert around.to_numpy() == pytest.approx(result.blocks.length.to_numpy(), rel=1e-6)
    assert (result.seams.feature_class == "border").sum() > 100


@pytest.mark.cases
def test_taichung_streets_and_villages(cases):
    path = cases / "taichung_xitun" / "taichung_xitun.gpkg"
    area = gpd.read_file(path, layer="study_area").to_crs("EPSG:3826")[["geometry"]]
    villages = gpd.read_file(path, layer="villages").to_crs("EPSG:3826").set_index("villcode")
    villages = villages.rename(columns={"villname": "name"}).assign(kind="village")[["name", "kind", "geometry"]]
    result = cut(area, read_roads(path, "EPSG:3826"), communities=villages)
    assert result.blocks.community_id.notna().all()
    assert len(result.blocks) >= 50
    boulevard = result.seams[result.seams.feature_name == "臺灣大道四段"].geometry
    stretch = boulevard.intersection(box(209000, 2600000, 210200, 2700000))
    assert 1200 < stretch.length.sum() < 1320  # four carriageways, one seam


def test_polygon_seams_are_drawn_from_the_blocks():
    assert Polygon(cut(area_of()).seams.geometry.iloc[0].coords).area == pytest.approx(240_000)
