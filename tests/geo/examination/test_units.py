"""Examination units: 5,000 to 12,000 people, along arterial roads, estates whole."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely import box

from geo.examination.units import examination_units, unit_of_areas
from geo.schema import check
from geo.standards import load_catalogue
from geo.standards.indicators import Catalogue
from geo.study import Study
from tests.geo import grid_town as grid


def town(people: int | list[int] = 1000, *, columns: int = 4, rows: int = 4, arterial: int = 2) -> Study:
    """Return a grid of blocks with people; the line west of column `arterial` is a trunk road."""
    vertical = [("Great Road", "trunk") if x == arterial else f"Street {x}" for x in range(columns + 1)]
    drawn = grid.grid_town(vertical=vertical, horizontal=[f"Lane {y}" for y in range(rows + 1)])
    blocks = drawn.blocks.assign(people=people, households=pd.NA)
    return Study("grid", CRS.from_epsg(grid.CRS), {}).having({"blocks": blocks, "seams": drawn.seams})


def changed(study: Study, **columns: object) -> Study:
    return replace(study, tables={**study.tables, "blocks": study["blocks"].assign(**columns)})


def test_edges_follow_the_arterial_road(edition_2025: Catalogue) -> None:
    """4 x 4 blocks of 1,000 people: two units of 8,000, one on each side of the road between columns 1 and 2."""
    units, of_block, notes = examination_units(town(), catalogue=edition_2025)
    assert check(units, "units") == []
    assert units.index.tolist() == ["U01", "U02"]
    assert units["people"].tolist() == [8000, 8000]
    assert units["size"].tolist() == ["within", "within"]
    assert units["blocks_count"].tolist() == [8, 8]
    west = {f"b{c}{r}" for c in (0, 1) for r in range(4)}
    assert set(of_block.index[of_block == "U01"]) == west
    assert units.geometry["U01"].equals(box(0, 0, 200, 400))
    assert notes == ()


def test_what_fits_is_one_unit(edition_2025: Catalogue) -> None:
    units, of_block, _ = examination_units(town(600), catalogue=edition_2025)
    assert units["people"].tolist() == [9600]
    assert set(of_block) == {"U01"}


def test_estates_stay_whole(edition_2025: Catalogue) -> None:
    """Row 0 is one estate across the arterial road: no edge may cut it."""
    study = town()
    row = [f"b{c}0" for c in range(4)]
    study = changed(study, group_id=["E1" if name in row else None for name in study["blocks"].index])
    units, of_block, _ = examination_units(study, catalogue=edition_2025)
    assert len(set(of_block[row])) == 1
    assert units["size"].eq("within").all()


def test_an_estate_larger_than_a_unit_may_be_cut(edition_2025: Catalogue) -> None:
    study = changed(town(), group_id="E1")
    units, _, notes = examination_units(study, catalogue=edition_2025)
    assert units["people"].tolist() == [8000, 8000]
    assert any("E1" in zh and "允许在其内部道路处划开" in zh for zh, _ in notes)


def test_a_block_that_is_too_large_stands_alone_and_is_said(edition_2025: Catalogue) -> None:
    people = [1000] * 16
    people[5] = 13_000
    units, of_block, notes = examination_units(town(people), catalogue=edition_2025)
    large = of_block["b11"]
    assert units.loc[large, ["people", "size", "blocks_count"]].tolist() == [13_000, "above", 1]
    assert units.drop(large)["size"].eq("within").all()
    assert any(large in zh and "按人口比例放大" in zh for zh, _ in notes)


def test_what_cannot_reach_the_least_size_stays_below(edition_2025: Catalogue) -> None:
    """Three blocks in a row of 4,500 people: 9,000 and 4,500; an island of 800 far away is one by itself."""
    study = town(4500, columns=3, rows=1, arterial=9)
    island = study["blocks"].iloc[:1].set_axis(["island"]).assign(people=800)
    island.geometry = [box(5000, 0, 5100, 100)]
    study = study.having({"blocks": pd.concat([study["blocks"], island])})
    units, of_block, notes = examination_units(study, catalogue=edition_2025)
    assert sorted(units["people"].tolist()) == [800, 4500, 9000]
    assert units["size"].value_counts().to_dict() == {"below": 2, "within": 1}
    assert units.loc[of_block["island"], "blocks_count"] == 1
    assert any("2个体检单元不足5,000人" in zh for zh, _ in notes)


def test_empty_land_goes_with_its_neighbour(edition_2025: Catalogue) -> None:
    study = town(600)
    rock = study["blocks"].iloc[:1].set_axis(["rock"]).assign(people=0)
    rock.geometry = [box(600, 0, 620, 20)]
    study = study.having({"blocks": pd.concat([study["blocks"], rock])})
    units, of_block, _ = examination_units(study, catalogue=edition_2025)
    assert len(units) == 1
    assert of_block["rock"] == "U01"


def test_households_stand_for_people_where_only_they_are_known(edition_2025: Catalogue) -> None:
    study = changed(town(), people=pd.NA, households=300)
    units, _, notes = examination_units(study, catalogue=edition_2025)
    assert units["people"].sum() == 16 * round(300 * 2.62)
    assert any("每户2.62人" in zh for zh, _ in notes)


@pytest.mark.parametrize("tables", [(), ("blocks",)])
def test_without_blocks_or_seams_there_are_none(edition_2025: Catalogue, tables: tuple[str, ...]) -> None:
    study = town()
    study = replace(study, tables={name: study.tables[name] for name in tables})
    units, _, notes = examination_units(study, catalogue=edition_2025)
    assert len(units) == 0
    assert "以小区为单元" in notes[0][0]


def test_without_any_number_there_are_none(edition_2025: Catalogue) -> None:
    units, of_block, notes = examination_units(changed(town(), people=pd.NA), catalogue=edition_2025)
    assert len(units) == 0
    assert of_block.isna().all()
    assert "没有人口和户数" in notes[0][0]


def test_units_of_the_study_are_kept(edition_2025: Catalogue) -> None:
    study = town()
    units, of_block, _ = examination_units(study, catalogue=edition_2025, seed=7)
    renamed = units.rename(index={"U01": "甲", "U02": "乙"})
    kept = changed(study, unit_id=of_block.map({"U01": "甲", "U02": "乙"})).having({"units": renamed})
    again, of_block_again, _ = examination_units(kept, catalogue=edition_2025)
    assert set(again.index) == {"甲", "乙"}
    assert set(of_block_again) == {"甲", "乙"}
    stale = changed(study, unit_id="gone").having({"units": renamed})
    assert set(examination_units(stale, catalogue=edition_2025)[0].index) == {"甲", "乙"}  # the same ground


@settings(max_examples=8, deadline=None)
@given(
    people=st.lists(st.integers(0, 6000), min_size=12, max_size=12),
    seed=st.integers(0, 1000),
    shuffle=st.integers(0, 2**31),
)
def test_laws_of_units(people: list[int], seed: int, shuffle: int) -> None:
    """Every block is in one unit; people are kept; none is above; the order of rows does not matter."""
    catalogue = load_catalogue("examination-2025")
    study = town(people, columns=4, rows=3)
    units, of_block, _ = examination_units(study, catalogue=catalogue, seed=seed)
    if not sum(people):
        assert len(units) == 0
        return
    assert of_block.notna().all()
    assert set(of_block) == set(units.index)
    assert units["people"].sum() == sum(people)
    assert (units["people"] <= catalogue.unit_max_people).all()
    assert units.geometry.area.sum() == pytest.approx(12 * 100**2)
    assert (units.geometry.geom_type == "Polygon").all()
    rng = np.random.default_rng(shuffle)
    mixed = {name: frame.iloc[rng.permutation(len(frame))] for name, frame in study.tables.items()}
    again, of_block_again, _ = examination_units(replace(study, tables=mixed), catalogue=catalogue, seed=seed)
    pd.testing.assert_series_equal(of_block, of_block_again)
    pd.testing.assert_frame_equal(pd.DataFrame(units), pd.DataFrame(again))


def test_areas_belong_where_most_of_their_land_is() -> None:
    blocks = gpd.GeoDataFrame({"unit_id": ["U1", "U2", None]}, geometry=[box(0, 0, 10, 10), box(10, 0, 20, 10),
                              box(20, 0, 30, 10)], crs=grid.CRS)  # fmt: skip
    areas = gpd.GeoDataFrame(
        index=["west", "east", "none", "far"],
        geometry=[box(4, 0, 12, 5), box(8, 0, 18, 5), box(22, 0, 25, 5), box(90, 0, 95, 5)],
        crs=grid.CRS,
    )
    found = unit_of_areas(areas, blocks)
    assert found.loc[["west", "east"]].tolist() == ["U1", "U2"]
    assert found.loc[["none", "far"]].isna().all()
