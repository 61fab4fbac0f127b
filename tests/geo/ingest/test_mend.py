"""Geometry is mended in metres, and every change is said."""

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from geo.ingest.columns import Draft
from geo.ingest.mend import mend
from geo.schema import check

BOWTIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
"""Two triangles of 25 m² that touch in the middle: 50 m² in all."""


def draft(table: str, shapes: list[object], ids: list[str] | None = None, **columns: list[object]) -> Draft:
    index = ids or [f"r{n}" for n in range(len(shapes))]
    frame = gpd.GeoDataFrame(columns, index=index, geometry=gpd.GeoSeries(shapes, index=index, crs=4549))
    return Draft(table, "a.gpkg", "layer", frame, frame.crs, rows_read=len(shapes), rows_used=len(shapes))


def said(mended: Draft) -> list[tuple[str, str, str]]:
    return [(repair.row_id, repair.action, repair.code) for repair in mended.repairs]


def test_sound_rows_stay_untouched() -> None:
    before = draft("buildings", [box(0, 0, 9, 9), box(20, 0, 29, 9)])
    after = mend(before)
    assert said(after) == []
    assert after.frame.geometry.geom_equals(before.frame.geometry).all()


def test_a_bowtie_becomes_two_triangles() -> None:
    after = mend(draft("communities", [BOWTIE]))
    assert said(after) == [("r0", "repaired", "invalid_polygon")]
    assert after.frame.geometry["r0"].is_valid
    assert after.frame.geometry["r0"].area == pytest.approx(50)
    assert "self-intersection" in after.repairs[0].detail
    assert "became 50.0 m²" in after.repairs[0].detail
    assert after.repairs[0].detail_zh


def test_a_spike_is_cut_off_and_only_the_area_is_kept() -> None:
    spiked = Polygon([(0, 0), (10, 0), (10, 10), (10, 20), (10, 10), (0, 10)])
    after = mend(draft("buildings", [spiked]))
    assert after.frame.geometry["r0"].equals(box(0, 0, 10, 10))


def test_heights_are_left_out() -> None:
    after = mend(draft("roads", [LineString([(0, 0, 5), (10, 0, 6)])]))
    assert said(after) == [("r0", "repaired", "z_dropped")]
    assert not after.frame.has_z.any()


def test_rows_without_geometry_are_dropped() -> None:
    after = mend(draft("buildings", [None, Polygon(), box(0, 0, 9, 9)]))
    assert list(after.frame.index) == ["r2"]
    assert said(after) == [("r0", "dropped", "no_geometry"), ("r1", "dropped", "no_geometry")]


def test_an_area_that_is_only_a_line_is_dropped() -> None:
    after = mend(draft("buildings", [Polygon([(0, 0), (10, 0), (0, 0)]), box(0, 0, 9, 9)]))
    assert list(after.frame.index) == ["r1"]
    assert ("r0", "dropped", "nothing_left") in said(after)


def test_repeated_vertices_go() -> None:
    after = mend(draft("roads", [LineString([(0, 0), (5, 0), (5, 0), (10, 0)])]))
    assert said(after) == [("r0", "repaired", "repeated_points")]
    assert len(after.frame.geometry["r0"].coords) == 3


def test_slivers_go_and_the_rest_stays() -> None:
    after = mend(draft("communities", [MultiPolygon([box(0, 0, 9, 9), box(20, 0, 20.1, 1)]), box(30, 0, 30.1, 1)]))
    assert after.frame.geometry["r0"].equals(box(0, 0, 9, 9))
    assert list(after.frame.index) == ["r0"]
    assert said(after) == [
        ("r0", "repaired", "sliver"),
        ("r1", "repaired", "sliver"),
        ("r1", "dropped", "nothing_left"),
    ]


def test_collections_keep_their_areas() -> None:
    after = mend(draft("estates", [GeometryCollection([box(0, 0, 9, 9), LineString([(0, 0), (50, 50)])])]))
    assert after.frame.geometry["r0"].equals(box(0, 0, 9, 9))
    assert said(after) == [("r0", "repaired", "collection")]


def test_one_part_is_a_part() -> None:
    areas = mend(draft("communities", [MultiPolygon([box(0, 0, 9, 9)])]))
    points = mend(draft("facilities", [MultiPoint([(0, 0)])]))
    assert areas.frame.geom_type.tolist() == ["Polygon"]
    assert points.frame.geom_type.tolist() == ["Point"]


def test_roads_of_several_parts_become_rows() -> None:
    parts = MultiLineString([[(100, 0), (110, 0)], [(0, 0), (10, 0)]])
    after = mend(draft("roads", [parts, LineString([(0, 5), (9, 5)])], ["12", "12-1"], name=["甲", "乙"]))
    assert list(after.frame.index) == ["12-2", "12-3", "12-1"]  # 12-1 was taken
    assert after.frame["name"].tolist() == ["甲", "甲", "乙"]
    assert after.frame.geometry["12-2"].bounds[0] == 0  # from west to east
    assert said(after) == [("12", "repaired", "split_parts")]


def test_barriers_may_have_several_parts() -> None:
    after = mend(draft("barriers", [MultiLineString([[(100, 0), (110, 0)], [(0, 0), (10, 0)]])], kind=["river"]))
    assert after.frame.geom_type.tolist() == ["MultiLineString"]


def test_lines_too_short_to_be_drawn_go() -> None:
    after = mend(
        draft("roads", [LineString([(0, 0), (0.01, 0)]), LineString([(0, 0), (0, 0)]), LineString([(0, 0), (9, 0)])])
    )
    assert list(after.frame.index) == ["r2"]
    assert {code for _, _, code in said(after)} >= {"too_short"}


def test_points_where_lines_belong_are_left_for_the_contract() -> None:
    after = mend(draft("roads", [Point(0, 0)], road_class=["primary"]))
    (fault,) = check(after.frame, "roads")
    assert "1 rows are Point; the table holds LineString" in fault.what


rings = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=4, max_size=8, unique=True)


@given(rings)
def test_whatever_was_drawn_comes_out_sound(ring: list[tuple[int, int]]) -> None:
    shape = Polygon(ring)
    after = mend(draft("communities", [shape], kind=["community"]))
    assert not check(after.frame, "communities")
    assert shapely.is_valid(after.frame.geometry.values).all()
    assert after.frame.area.sum() <= shape.convex_hull.area + 1e-9
    if shape.is_valid:
        assert after.frame.area.sum() == pytest.approx(shape.area)
