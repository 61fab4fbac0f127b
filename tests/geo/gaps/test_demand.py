"""Homes as points: buildings first, then what blocks hold beside them, then census areas and communities."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely import Polygon, box

from geo.errors import InputError
from geo.gaps.demand import COUNTS, SOURCES, demand
from geo.schema import conform
from geo.study import Study

METRIC = CRS.from_epsg(4549)


def table(name: str, rows: dict[str, tuple[Polygon, dict[str, Any]]]) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(
        [values for _, values in rows.values()], index=list(rows), geometry=[shape for shape, _ in rows.values()],
        crs=METRIC,
    )  # fmt: skip
    return conform(frame, name)


def town(**tables: dict[str, tuple[Polygon, dict[str, Any]]]) -> Study:
    return Study("town", METRIC, {name: table(name, rows) for name, rows in tables.items()})


def house(x: float, y: float = 40.0) -> Polygon:
    return box(x, y, x + 10, y + 10)


WEST, EAST = box(0, 0, 100, 100), box(100, 0, 200, 100)
HOME = {"use": "residential"}


def placed() -> Study:
    """Two blocks and three houses, after people were placed.

        +-----------+-----------+
        |  a    b   |  c        |    a 10 people in 4 households, b 30 in 10, c 5 in 2, a shop s with nobody
        |           |  s        |    west block W 40 people, 14 households: all in its houses
        +-----------+-----------+    east block E 25 people, 9 households: 20 and 7 are in no house
        0          100         200

    The estate holds b; the community is both blocks, of 65 people 13 are children and 26 old.
    """
    return town(
        buildings={
            "a": (house(20), {**HOME, "people": 10, "households": 4, "people_source": "building"}),
            "b": (house(60), {**HOME, "people": 30, "households": 10, "people_source": "estate"}),
            "c": (house(120), {**HOME, "people": 5, "households": 2, "people_source": "building"}),
            "s": (house(150), {"use": "commercial", "people": 0, "households": 0, "people_source": "none"}),
        },
        blocks={
            "E": (EAST, {"people": 25, "households": 9, "people_source": "census"}),
            "W": (WEST, {"people": 40, "households": 14, "people_source": "building"}),
        },
        estates={"x1": (box(50, 30, 90, 60), {})},
        communities={"m1": (box(0, 0, 200, 100), {"kind": "community", "people": 65, "children": 13, "elders": 26})},
    )


def test_buildings_and_what_the_block_holds_beside_them() -> None:
    homes = demand(placed())
    assert homes.index.tolist() == ["a", "b", "block:E", "c"]
    assert homes.index.name == "demand_id"
    assert homes["place"].tolist() == ["building", "building", "block", "building"]
    assert homes["people"].tolist() == [10, 30, 20, 5]
    assert homes["households"].tolist() == [4, 10, 7, 2]
    assert homes["block_id"].tolist() == ["W", "W", "E", "E"]
    assert homes["building_id"].isna().tolist() == [False, False, True, False]
    assert homes["estate_id"].fillna("-").tolist() == ["-", "x1", "-", "-"]
    assert set(homes["community_id"]) == {"m1"}
    assert homes["source"].tolist() == ["building", "estate", "census", "building"]
    assert homes.loc["b", ["source_zh", "source_en"]].tolist() == list(SOURCES["estate"])


def test_points_lie_in_what_they_stand_for_in_metres() -> None:
    study = placed()
    homes = demand(study)
    assert homes.crs == METRIC
    assert set(homes.geom_type) == {"Point"}
    assert study["buildings"].geometry.loc[["a", "b", "c"]].contains(homes.geometry.loc[["a", "b", "c"]]).all()
    assert EAST.contains(homes.geometry["block:E"])


def test_children_and_the_old_have_their_share_of_the_community() -> None:
    homes = demand(placed())
    assert homes["children"].tolist() == pytest.approx([2, 6, 4, 1])  # 13 of 65: a fifth
    assert homes["elders"].tolist() == pytest.approx([4, 12, 8, 2])
    assert set(homes["children_source"]) == {"community"}


def test_what_a_building_tells_of_ages_stays_and_the_others_share_the_rest() -> None:
    """a's 10 people are 4 children; the other 9 of the community's 13 are among its other 55 people."""
    study = placed()
    buildings = study["buildings"].copy()
    buildings.loc["a", "children"] = 4
    homes = demand(study.having({"buildings": buildings}))
    assert homes["children"].tolist() == pytest.approx([4, 30 * 9 / 55, 20 * 9 / 55, 5 * 9 / 55])
    assert homes["children"].sum() == pytest.approx(13)
    assert homes["children_source"].tolist() == ["building", "community", "community", "community"]


def test_no_home_has_more_children_than_people() -> None:
    """A community of 12 people and 9 children holds a's 10 with 2: 7 are left for its 2 others, so all of those are."""
    study = placed()
    buildings = study["buildings"].copy()
    buildings.loc["a", "children"] = 2
    communities = study["communities"].assign(people=12, children=9)
    homes = demand(study.having({"buildings": buildings, "communities": communities}))
    assert homes["children"].tolist() == [2, 30, 20, 5]


def test_the_census_area_tells_ages_before_the_community() -> None:
    """The census area is the west block: 40 people, 20 children. The east has the community's other 25 people, where no
    child is left."""
    census = table("census", {"c1": (WEST, {"people": 40, "children": 20})})
    homes = demand(placed().having({"census": census}))
    assert homes["children"].tolist() == pytest.approx([5, 15, 0, 0])
    assert homes["children_source"].tolist() == ["census", "census", "community", "community"]
    assert set(homes["elders_source"]) == {"community"}


def test_ages_nobody_tells_are_unknown() -> None:
    study = placed()
    communities = study["communities"].assign(children=pd.NA, elders=pd.NA)
    homes = demand(study.having({"communities": communities}))
    assert homes[["children", "elders"]].isna().all(axis=None)
    assert set(homes["elders_source"]) == {"none"}


def test_a_block_total_holds_against_its_buildings() -> None:
    """a and b have 40 people, their block says 20: half of each."""
    study = placed()
    blocks = study["blocks"].copy()
    blocks.loc["W", ["people", "households"]] = [20, 28]
    buildings = study["buildings"].copy()
    buildings.loc["a", "children"] = 4
    homes = demand(study.having({"blocks": blocks, "buildings": buildings}))
    assert homes.loc[["a", "b"], "people"].tolist() == [5, 15]
    assert homes.loc["a", "children"] == 2
    assert homes.loc["block:W", ["people", "households"]].tolist() == [0, 14]
    assert homes["people"].sum() == 45


def test_people_of_a_large_block_go_to_the_census_areas_in_it() -> None:
    """Three census areas of 30, 10 and 0 people in one block of 20: 15 and 5."""
    study = town(
        blocks={"E": (EAST, {"people": 20, "households": 8})},
        census={
            "c1": (box(100, 0, 150, 50), {"people": 30}), "c2": (box(150, 0, 200, 50), {"people": 10}),
            "c3": (box(100, 50, 200, 100), {"people": 0}),
        },
    )  # fmt: skip
    homes = demand(study)
    assert homes["people"].to_dict() == {"block:E/c1": 15, "block:E/c2": 5}
    assert homes["households"].tolist() == [6, 2]
    assert homes.geometry.x.tolist() == [125, 175]
    assert set(homes["block_id"]) == {"E"}


def test_one_census_area_in_a_block_leaves_its_people_in_the_middle() -> None:
    study = town(
        blocks={"E": (EAST, {"people": 20, "households": 8})}, census={"c1": (box(110, 0, 130, 20), {"people": 30})}
    )
    homes = demand(study)
    assert homes["people"].to_dict() == {"block:E": 20}
    assert EAST.contains(homes.geometry.iloc[0])


def test_people_beside_counted_buildings_are_told_by_the_block() -> None:
    study = placed()
    blocks = study["blocks"].assign(people_source="building")
    homes = demand(study.having({"blocks": blocks}))
    assert homes.loc["block:E", "source"] == "block"
    assert homes.loc["a", "source"] == "building"


def test_of_estates_on_each_other_the_first_by_id_has_the_home() -> None:
    study = placed()
    for order in (["x1", "x0", "x2"], ["x2", "x0", "x1"]):
        estates = table("estates", {each: (box(50, 30, 90, 60), {}) for each in order})
        assert demand(study.having({"estates": estates})).loc["b", "estate_id"] == "x0"


def test_the_register_outranks_the_map() -> None:
    study = placed()
    buildings = study["buildings"].copy()
    buildings.loc["a", ["block_id", "estate_id", "community_id"]] = ["E", "x1", "nowhere"]
    homes = demand(study.having({"buildings": buildings}))
    assert homes.loc["a", ["block_id", "estate_id", "community_id"]].tolist() == ["E", "x1", "m1"]
    assert homes.loc["block:W", "people"] == 10  # the west has lost a's ten to the east
    assert homes["people"].sum() == 65


def test_a_building_outside_the_blocks_is_not_in_town() -> None:
    study = placed()
    far = table("buildings", {"far": (house(900), {**HOME, "people": 9, "households": 3})})
    homes = demand(study.having({"buildings": gpd.GeoDataFrame(pd.concat([study["buildings"], far]))}))
    assert "far" not in homes.index
    assert homes["people"].sum() == 65


def test_unknown_is_a_row_and_not_nobody() -> None:
    """The block of a (unknown) and b (30) is unknown: a is a home of unknown people; the empty north has a row too."""
    study = placed()
    blocks = pd.concat([study["blocks"], table("blocks", {"N": (box(0, 100, 100, 200), {})})])
    blocks.loc["W", ["people", "households"]] = pd.NA
    buildings = study["buildings"].copy()
    buildings.loc["a", ["people", "households"]] = pd.NA
    homes = demand(study.having({"blocks": gpd.GeoDataFrame(blocks), "buildings": buildings}))
    assert homes.index.tolist() == ["a", "b", "block:E", "block:N", "c"]
    assert np.isnan(homes.loc[["a", "block:N"], ["people", "households", "children"]]).all(axis=None)
    assert homes.loc[["a", "block:N"], "source"].tolist() == ["none", "none"]
    assert homes["people"].sum() == 55


def test_buildings_alone_when_all_are_known() -> None:
    study = town(buildings={"a": (house(20), {**HOME, "people": 10}), "s": (house(60), {"use": "commercial"})})
    homes = demand(study)
    assert homes["people"].to_dict() == {"a": 10}
    assert homes["block_id"].isna().all()


def test_homes_nobody_counted_are_refused_with_what_to_do() -> None:
    study = town(buildings={"a": (house(20), {**HOME, "people": 10}), "b": (house(60), HOME)})
    with pytest.raises(InputError) as refused:
        demand(study)
    (fault,) = refused.value.faults
    assert fault.what == "1 homes of unknown people, and no block is told"
    assert "shequ households" in fault.remedy
    assert (fault.table, fault.ids) == ("buildings", ("b",))


def test_census_areas_and_communities_without_any() -> None:
    """Of two communities the west one has a census area; the east one, whose census area is unknown, stands for itself.
    A cell of nobody is none."""
    study = town(
        census={
            "c1": (box(0, 0, 50, 100), {"people": 12}), "c2": (box(50, 0, 100, 100), {"people": 0}), "c3": (EAST, {}),
        },
        communities={
            "m1": (WEST, {"kind": "community", "people": 50}), "m2": (EAST, {"kind": "community", "people": 70}),
        },
    )  # fmt: skip
    homes = demand(study)
    assert homes["people"].to_dict() == {"census:c1": 12, "community:m2": 70}
    assert homes["households"].isna().all()
    assert homes["community_id"].tolist() == ["m1", "m2"]


def test_a_town_nobody_counted_is_refused() -> None:
    for study in (
        town(blocks={"E": (EAST, {})}, buildings={"b": (house(60), HOME)}),
        town(communities={"m1": (WEST, {"kind": "community"})}),
        Study("town", METRIC, {}),
    ):
        with pytest.raises(InputError, match="no table tells where anybody lives") as refused:
            demand(study)
        assert "shequ households" in refused.value.faults[0].remedy


people = st.one_of(st.none(), st.integers(0, 50))


@settings(deadline=None, max_examples=40)
@given(
    houses=st.lists(st.tuples(st.integers(0, 1), people, people), max_size=8),
    totals=st.tuples(st.tuples(people, people), st.tuples(st.integers(0, 200), st.integers(0, 80))),
    order=st.randoms(use_true_random=False),
)
def test_nobody_is_lost_and_the_order_of_rows_plays_no_part(
    houses: list[tuple[int, int | None, int | None]],
    totals: tuple[tuple[int | None, int | None], tuple[int, int]],
    order: Any,
) -> None:
    rows = {
        f"h{i}": (house(100 * side + 10 * i), {**HOME, "people": heads, "households": homes})
        for i, (side, heads, homes) in enumerate(houses)
    }
    blocks = {
        name: (shape, {"people": heads, "households": homes})
        for (name, shape), (heads, homes) in zip((("W", WEST), ("E", EAST)), totals, strict=True)
    }
    tables = {"blocks": blocks} | ({"buildings": rows} if rows else {})
    found = demand(town(**tables))
    for count in COUNTS:
        for block, (_, given_) in blocks.items():
            if given_[count] is not None:
                assert found.loc[found["block_id"] == block, count].sum() == pytest.approx(given_[count])
    mixed = {}
    for name, each in tables.items():
        names = list(each)
        order.shuffle(names)
        mixed[name] = {key: each[key] for key in names}
    pd.testing.assert_frame_equal(pd.DataFrame(demand(town(**mixed))), pd.DataFrame(found))
