"""Frames behind the layers."""

import geopandas as gpd
import pytest
from shapely.geometry import LineString, Point

from layers.features import (
    arrows,
    community_colours,
    label_points,
    layer_frames,
    lonlat_point,
    plain_value,
    road_labels,
    to_lonlat,
    typeset,
)
from layers.provenance import plan_limits
from tests.layers import town


def test_metres_become_degrees_and_come_back_within_a_decimetre(tables):
    degrees = to_lonlat(tables.communities)
    assert degrees.crs.to_epsg() == 4326
    back = degrees.to_crs(tables.communities.crs)
    assert back.geometry.hausdorff_distance(tables.communities.geometry).max() < 0.15
    assert len(str(degrees.geometry.iloc[0].exterior.coords[0][0]).split(".")[1]) <= 6


def test_the_false_easting_lies_on_the_central_meridian():
    assert lonlat_point(Point(500_000, 0), town.METRES) == pytest.approx([0, 120])


def test_neighbours_differ_before_and_after_and_whoever_stays_keeps_its_colour(tables):
    colours = community_colours(tables)
    frames = layer_frames(tables, {}, plan_limits(tables))
    for column in ("community_id", "community_id_before"):
        of = tables.blocks[column]
        for a, b in zip(tables.seams["block_a"], tables.seams["block_b"], strict=True):
            if b != "outside" and of[a] != of[b]:
                assert colours[of[a]] != colours[of[b]]
    for key in ("B", "C", "D", "V"):
        assert frames["communities"].loc[key, "colour"] == frames["communities_before"].loc[key, "colour"]


def test_tables_given_are_not_changed_and_order_does_not_matter(tables, study):
    columns = {name: list(getattr(tables, name).columns) for name in ("blocks", "communities", "seams")}
    layer_frames(tables, study.tables, plan_limits(tables))
    assert {name: list(getattr(tables, name).columns) for name in columns} == columns


def test_context_in_another_crs_is_brought_along(tables, study):
    roads = study.tables["roads"].to_crs(4548)
    frames = layer_frames(tables, {"roads": roads}, plan_limits(tables))
    assert frames["roads"].crs == tables.blocks.crs
    assert set(frames["roads"]["road_group"]) == {"primary", "secondary", "tertiary", "street"}


def test_labels_stand_inside_even_a_horseshoe(tables):
    points = label_points(tables.communities)
    assert points.within(tables.communities.geometry).all()


def test_arrows_start_in_the_parcel_and_end_in_the_receiver(tables):
    made = arrows(tables)
    assert set(made) == {"m1", "m2", "m4"}, "the new community's own parcel has no arrow"
    for key, (start, end) in made.items():
        assert tables.moves.geometry[key].contains(start)
        assert tables.communities.geometry[tables.moves["to_id"][key]].buffer(1).contains(end)


def test_road_names_are_written_once_for_two_carriageways():
    lines = [LineString([(0, 0), (1000, 0)]), LineString([(0, 12), (1000, 12)]), LineString([(0, 0), (0, -900)])]
    roads = gpd.GeoDataFrame(
        {"name": ["长江路", "长江路", "无名巷"], "name_en": None, "road_group": ["primary", "primary", "street"]},
        geometry=lines, crs=town.METRES,
    )  # fmt: skip
    labels = road_labels(roads)
    assert [(each["name"], each["angle_deg"], each["length_m"]) for each in labels] == [
        ("长江路", 0.0, 1000.0), ("无名巷", 90.0, 900.0),
    ]  # fmt: skip


def test_sentences_are_typeset_and_names_are_not(tables):
    done = typeset(town.named(tables, "A", "青石,社区"))
    assert done.moves["text_zh"]["m4"] == "撤销河口社区，将河口社区整体划入文昌社区管辖"
    assert done.communities_before["name"]["A"] == "青石,社区"


def test_values_become_json():
    import numpy as np
    import pandas as pd

    assert [plain_value(v) for v in (pd.NA, np.int64(3), np.float64(1.005), np.True_, "x", float("nan"))] == [
        None, 3, 1.0, True, "x", None,
    ]  # fmt: skip
