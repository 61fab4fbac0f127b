"""Where names stand and arrows run, on shapes drawn by hand."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from api.features.snapshot import Snapshot, snapshot_of
from api.storage.records import Collection, arrow_schema
from api.styles import places, tree
from api.styles.places import arrows, label_points
from api.styles.tree import colours_of, names_of
from geo.schema import Column
from layers.styles import COMMUNITY_COLOURS

WEST, SOUTH = 500_000.0, 3_340_000.0


def inner_points(areas: Sequence[shapely.Geometry | None]) -> Sequence[Any]:
    shapes = np.empty(len(areas), dtype=object)
    shapes[:] = areas
    return list(places.inner_points(shapes))


class Town:
    """As much of a study store as a snapshot asks for."""

    study_id = "town"
    crs = CRS.from_epsg(4549)


def snapshot(frame: str, shapes: Sequence[shapely.Geometry | None], **columns: Any) -> Snapshot:
    kinds: dict[str, Any] = {str: "text", int: "count", type(None): "text"}
    made = tuple(Column(name, kinds[type(values[0])], name) for name, values in columns.items())
    collection = Collection(f"plan.p1.{frame}", "Polygon", made, "id", source="plan", result_id="p1")
    ids = columns.pop("ids", None) or [f"A{n}" for n in range(len(shapes))]
    wkb = [None if each is None else shapely.to_wkb(each) for each in shapes]
    rows = {"id": ids, "version": [1] * len(shapes), "tx": [1] * len(shapes), "geometry": wkb, **columns}
    return snapshot_of(Town(), collection, pa.table(rows, schema=arrow_schema(collection)), 1)  # type: ignore[arg-type]


def square(column: float, row: float, size: float = 1.0) -> shapely.Polygon:
    x, y = WEST + 1000 * column, SOUTH + 1000 * row
    return shapely.box(x, y, x + 1000 * size, y + 1000 * size)


def test_a_name_stands_in_the_widest_part() -> None:
    handle = shapely.union_all([square(0, 0), shapely.box(WEST + 1000, SOUTH + 450, WEST + 4000, SOUTH + 550)])
    both = shapely.MultiPolygon([square(5, 0, 0.2), square(7, 0)])
    first, second, none = inner_points([handle, both, None])
    assert first.distance(shapely.Point(WEST + 500, SOUTH + 500)) < 60
    assert second.distance(shapely.Point(WEST + 7500, SOUTH + 500)) < 20
    assert none is None


@given(st.lists(st.tuples(st.floats(0.1, 6), st.floats(-3.1, 3.1)), min_size=3, max_size=12))
def test_a_name_stands_inside_its_area(steps: list[tuple[float, float]]) -> None:
    angles = sorted({angle for _, angle in steps})
    if len(angles) < 3:
        return
    ring = [(WEST + 1000 * r * math.cos(a), SOUTH + 1000 * r * math.sin(a))
            for a, (r, _) in zip(angles, steps, strict=False)]  # fmt: skip
    area = shapely.Polygon(ring)
    if not area.is_valid or area.area < 1000:
        return
    (point,) = inner_points([area])
    assert area.contains(point)


def test_lines_and_points_are_no_areas() -> None:
    line, point = shapely.LineString([(0, 0), (9, 0)]), shapely.Point(3, 3)
    assert inner_points([line, point, None, shapely.Polygon()]) == [None] * 4
    first, none = inner_points([shapely.box(0, 0, 2, 2), line])
    assert (first.equals_exact(shapely.Point(1, 1), 0.1), none) == (True, None)


def test_with_very_many_areas_any_inner_point_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "CIRCLES", 1)
    areas = [square(0, 0), square(1, 0)]
    assert all(area.contains(point) for area, point in zip(areas, inner_points(areas), strict=True))


def test_names_fall_back_and_sums_stand_below() -> None:
    areas = snapshot("communities", [square(0, 0), square(1, 0), square(2, 0), None], name=["甲", "乙", None, "丁"],
                     name_en=["Jia", None, None, None], households=[1234, None, 5, 6])  # fmt: skip
    told = {each["properties"]["id"]: each["properties"] for each in label_points(areas)["features"]}
    assert set(told) == {"A0", "A1", "A2"}
    assert told["A0"] == {"id": "A0", "name_zh": "甲", "name_en": "Jia", "sum_zh": "\n1,234户", "sum_en": "\n1,234 hh"}
    assert (told["A1"]["name_en"], told["A1"]["sum_zh"]) == ("乙", "")
    assert told["A2"]["name_zh"] == "A2"
    assert label_points(areas) is label_points(areas)
    assert names_of(areas)["A3"] == {"zh": "丁", "en": "丁"}


def test_arrows_run_from_the_parcel_over_the_border_to_the_receiver() -> None:
    before = snapshot("communities_before", [square(0, 0), square(2, 0)], name=["甲", "乙"])
    after = snapshot("communities", [square(0, 0), square(2, 0), square(0, 3)], name=["甲", "乙", "丙"])
    moves = snapshot("moves", [square(1, 0), square(1, 3, 0.5), square(2, 0), None, square(1, 0)],
                     to_id=["A1", "A2", "A1", "A1", "A9"])  # fmt: skip
    features = arrows(moves, before, after)["features"]
    assert [(each["properties"]["id"], each["geometry"]["type"]) for each in features] == [
        ("A0", "LineString"), ("A0", "Point"), ("A1", "LineString"), ("A1", "Point")]  # fmt: skip
    back = Transformer.from_crs(4326, 4549, always_xy=True)
    (start, end) = [back.transform(*each) for each in features[0]["geometry"]["coordinates"]]
    assert start == pytest.approx((WEST + 1500, SOUTH + 500), abs=20)
    assert WEST + 2000 < end[0] < WEST + 2600
    assert features[1]["properties"]["bearing"] == pytest.approx(90, abs=2)
    assert features[1]["geometry"]["coordinates"] == features[0]["geometry"]["coordinates"][1]
    assert features[3]["properties"]["bearing"] == pytest.approx(270, abs=30)


def test_neighbours_have_different_colours() -> None:
    areas = snapshot("communities", [square(n % 4, n // 4) for n in range(16)], name=["x"] * 16)
    colours = colours_of(areas)
    assert set(colours.values()) <= set(range(len(COMMUNITY_COLOURS)))
    for a in range(16):
        for b in range(a):
            if areas.geometry[a].distance(areas.geometry[b]) < 1:
                assert colours[f"A{a}"] != colours[f"A{b}"]


def test_with_very_many_communities_colours_go_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MOST_COLOURED", 3)
    areas = snapshot("communities", [square(n, 0) for n in range(12)], name=["x"] * 12)
    assert sorted(set(colours_of(areas).values())) == list(range(10))
