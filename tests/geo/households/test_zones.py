"""Areas that reach beyond the blocks, lie outside or on each other."""

import pytest
from shapely import box
from shapely.ops import unary_union

from geo.households import place_households
from geo.schema import empty
from tests.geo.households.towns import codes, flat_raster, table, villages, zones


def test_an_area_reaching_beyond_the_blocks_gives_its_part(blocks, homes):
    outside = villages([100], [260], shapes={"v1": box(0, 0, 1000, 100)})
    placed = place_households(blocks, homes, communities=outside)
    assert placed.blocks["households"].sum() == 20
    assert placed.blocks["people"].sum() == 52
    assert placed.checks["inside_share"].tolist() == pytest.approx([0.2])
    assert "area_partly_outside" in codes(placed)


def test_gaps_between_blocks_do_not_count_as_outside():
    """Blocks with a street of 20 m between them: an eleventh of the village is street, yet all of it is inside."""
    apart = table({"k1": box(0, 0, 100, 100), "k2": box(120, 0, 220, 100)})
    placed = place_households(apart, communities=villages([90], shapes={"v": box(0, 0, 220, 100)}))
    assert placed.blocks["households"].tolist() == [45, 45]


def test_areas_outside_the_blocks_give_nothing(blocks, homes):
    placed = place_households(blocks, homes, census=zones({"z": box(5000, 0, 6000, 100)}, [900]))
    assert (placed.buildings["households_source"] == "floor_area").all()
    assert placed.checks.empty


def test_the_smaller_of_two_overlapping_areas_takes_the_common_land(blocks, homes):
    estates = zones({"big": box(0, 0, 200, 100), "small": box(0, 0, 100, 100)}, [30, 50])
    placed = place_households(blocks, homes, estates=estates)
    assert placed.buildings["households"].to_dict() == {"a": 25, "b": 25, "c": 15, "d": 15}
    assert "areas_overlap" in codes(placed)


def test_an_area_that_overlaps_a_block_and_touches_another_stretch_of_its_edge():
    """A clip of it is a polygon and a line; only the polygon has people under it."""
    block = table({"k1": box(0, 0, 100, 100)})
    bracket = unary_union([box(80, 60, 200, 100), box(180, 0, 200, 100), box(100, 0, 200, 40)])
    raster = flat_raster(10, cell=50, columns=4, rows=2)
    placed = place_households(block, communities=villages([112], shapes={"v1": bracket}), population=raster)
    (check,) = placed.checks.to_dict("records")
    assert check["inside_share"] == pytest.approx(20 * 40 / bracket.area)
    assert placed.blocks["households"].sum() >= check["households_placed"] == round(112 * check["inside_share"])


def test_a_communities_table_without_rows_is_like_none(blocks, homes):
    none = place_households(blocks, homes)
    empty_table = place_households(blocks, homes, communities=empty("communities", blocks.crs))
    assert none.blocks.drop(columns="community_id").equals(empty_table.blocks.drop(columns="community_id"))
    assert empty_table.blocks["community_id"].isna().all()
