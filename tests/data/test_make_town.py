"""The demo town keeps what its README says: counts, totals, an exact tiling, honest gaps, the same files every time.

The town is read here through its own mapping file, so that a column the mapping misspells is found as well.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely

from geo.schema import TABLES, check, conform

HOMES = ("residential", "mixed")
UNCOUNTED = ("CU04", "CU05")


@pytest.fixture(scope="session")
def folder(root: Path) -> Path:
    """The town in the repository."""
    return root / "data" / "qinghe"


@pytest.fixture(scope="session")
def tables(folder: Path) -> dict[str, gpd.GeoDataFrame]:
    """The town's layers as our tables, through mapping.toml."""
    mapping = tomllib.loads((folder / "mapping.toml").read_text(encoding="utf-8"))
    parts: dict[str, list[gpd.GeoDataFrame]] = {}
    for source in mapping["source"]:
        layer = pyogrio.read_dataframe(folder / source["file"], layer=source["layer"])
        words = source.get("values", {})
        columns = {}
        for ours, theirs in source["columns"].items():
            known = layer[theirs].map(words[ours]) if ours in words else layer[theirs]
            assert known.notna().sum() == layer[theirs].notna().sum(), (
                f"{source['layer']}.{theirs}: a word has no mapping"
            )
            columns[ours] = known
        parts.setdefault(source["table"], []).append(gpd.GeoDataFrame(columns, geometry=layer.geometry))
    return {
        name: gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs).set_index(TABLES[name].index)
        for name, frames in parts.items()
    }


def test_every_layer_keeps_its_contract(tables: dict[str, gpd.GeoDataFrame]) -> None:
    assert set(tables) == {
        "study_area", "communities", "roads", "barriers", "estates", "buildings", "facilities", "passages", "premises",
    }  # fmt: skip
    for name, frame in tables.items():
        assert check(frame, name) == []
        assert len(conform(frame, name)) == len(frame)
        assert frame.crs.to_epsg() == 4549
        assert frame.geometry.is_valid.all()
        assert not frame.geometry.is_empty.any()


def test_counts_and_area(tables: dict[str, gpd.GeoDataFrame]) -> None:
    assert 57e6 < tables["study_area"].area.sum() < 63e6
    assert 5700 <= len(tables["buildings"]) <= 6300
    assert 60 <= len(tables["estates"]) <= 80
    assert tables["communities"].kind.value_counts().to_dict() == {"community": 7, "village": 7, "converted": 2}
    assert 39_500 <= tables["communities"].households.sum() <= 40_500
    assert 100_000 < tables["communities"].people.sum() < 110_000


def test_communities_tile_the_study_area_exactly(tables: dict[str, gpd.GeoDataFrame]) -> None:
    shapes = tables["communities"].geometry.to_numpy()
    area = tables["study_area"].geometry.iloc[0]
    assert (tables["communities"].geom_type == "Polygon").all()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.coverage_union_all(shapes).equals(area)
    assert sum(shapely.area(shapes)) == pytest.approx(area.area, abs=1e-3)


def test_no_buildings_overlap_or_stand_where_nothing_can(tables: dict[str, gpd.GeoDataFrame]) -> None:
    buildings, roads, barriers = tables["buildings"], tables["roads"], tables["barriers"]
    left, right = buildings.sindex.query(buildings.geometry, predicate="intersects")
    assert (left == right).all(), f"overlapping: {buildings.index[left[left != right]].tolist()[:6]}"
    assert buildings.within(tables["study_area"].geometry.iloc[0]).all()
    for lines in (roads[~roads.tunnel.astype(bool)], barriers[barriers.kind != "wall"]):
        hit, _ = lines.sindex.query(buildings.geometry, predicate="intersects")
        assert len(hit) == 0, f"on a road, water or rail: {buildings.index[hit].tolist()[:6]}"


def test_estates_are_apart_and_hold_their_buildings(tables: dict[str, gpd.GeoDataFrame]) -> None:
    estates, buildings = tables["estates"], tables["buildings"]
    left, right = estates.sindex.query(estates.geometry, predicate="overlaps")
    assert len(left) == len(right) == 0
    inside = buildings[buildings.estate_id.notna()]
    homes = estates.geometry.reindex(inside.estate_id).to_numpy()
    assert shapely.covers(homes, inside.geometry.to_numpy()).all()
    assert estates.name.is_unique


def test_totals_agree_with_what_is_known(tables: dict[str, gpd.GeoDataFrame]) -> None:
    """Households left over are those of buildings without a count: never negative, and none where all are counted."""
    buildings, communities = tables["buildings"], tables["communities"]
    where = _community_of(buildings, communities)
    for column in ("households", "people"):
        known = buildings[column].astype("float64").fillna(0).groupby(where).sum()
        rest = communities[column] - known.reindex(communities.index).fillna(0)
        unknown = buildings[column].isna().groupby(where).sum().reindex(communities.index)
        assert (rest >= 0).all()
        assert (rest[unknown == 0] == 0).all()
    estates = tables["estates"]
    known = buildings.households.astype("float64").fillna(0).groupby(buildings.estate_id).sum()
    assert (estates.households.dropna() >= known.reindex(estates.households.dropna().index)).all()
    registered = buildings.community_id.dropna()
    assert (where.loc[registered.index] == registered).all()


def test_missing_values_are_realistic_and_clustered(tables: dict[str, gpd.GeoDataFrame]) -> None:
    buildings = tables["buildings"]
    lived = buildings[buildings.use.isin(HOMES)]
    assert buildings.year_built.isna().mean() == pytest.approx(0.15, abs=0.01)
    assert buildings.floors.isna().mean() == pytest.approx(0.06, abs=0.01)
    assert buildings.structure.isna().mean() == pytest.approx(0.20, abs=0.01)
    assert lived.households.isna().mean() == pytest.approx(0.25, abs=0.01)
    where = _community_of(lived, tables["communities"])
    for village in UNCOUNTED:
        assert lived.households[where == village].isna().all()
    silent = lived.households.isna().groupby(lived.estate_id).mean()
    assert (silent == 1).sum() >= 6
    assert ((silent > 0) & (silent < 1)).sum() >= 6
    assert 0.1 < tables["estates"].households.isna().mean() < 0.35


def test_a_plan_with_whole_villages_and_estates_is_possible(tables: dict[str, gpd.GeoDataFrame]) -> None:
    """Fourteen communities of 2,400 to 3,600 households: eight from whole units, three each from two larger areas."""
    communities, estates = tables["communities"], tables["estates"]
    locked = communities[communities.kind != "community"]
    assert locked.locked.all()
    assert locked.households.between(500, 3_400).all()
    whole = [
        ["CU03", "CU04"],
        ["CU05", "CU06"],
        ["CU07", "SQ07", "SQ06"],
        ["CG01"],
        ["CG02"],
        ["CU01"],
        ["CU02"],
        ["SQ05"],
    ]
    shared = {("SQ01", "SQ02", "SQ04"): 3, ("SQ03",): 3}
    groups = [(tuple(g), 1) for g in whole] + list(shared.items())
    assert sorted(unit for group, _ in groups for unit in group) == sorted(communities.index)
    for group, parts in groups:
        members = communities.loc[list(group)]
        assert 2_400 * parts <= members.households.sum() <= 3_600 * parts
        assert shapely.coverage_union_all(members.geometry.to_numpy()).geom_type == "Polygon"
    assert 12 <= sum(parts for _, parts in groups) <= 16
    assert estates.households.max() <= 2_500


def test_roads_are_as_a_survey_hands_them_over(tables: dict[str, gpd.GeoDataFrame]) -> None:
    roads, area = tables["roads"], tables["study_area"].geometry.iloc[0]
    classes = set(roads.road_class)
    assert {"motorway", "motorway_link", "primary", "secondary", "tertiary", "residential", "living_street", "service",
            "track", "footway"} <= classes  # fmt: skip
    avenue = roads[roads.name == "清河大道"]
    assert avenue.oneway.all()
    headings = [np.sign(line.coords[-1][0] - line.coords[0][0]) for line in avenue.geometry if line.length > 40]
    assert 0.3 < np.mean(np.array(headings) > 0) < 0.7
    assert roads.roundabout.sum() >= 8
    assert (roads.bridge & (roads.name == "中山路")).any()
    assert roads.tunnel.any()
    assert (roads.length > 0.2).all()
    assert (~roads.within(area)).any()
    edge = area.exterior
    ends = [shapely.Point(line.coords[k]) for line in roads.geometry for k in (0, -1)]
    assert any(1 < edge.distance(p) < 8 for p in ends)
    assert _short_ends(roads) >= 8
    assert roads.name_en[roads.name.notna()].notna().all()


def test_estates_have_the_two_planted_flaws(tables: dict[str, gpd.GeoDataFrame]) -> None:
    estates, roads = tables["estates"], tables["roads"]
    streets = roads[roads.road_class == "residential"]
    row, column = estates.sindex.query(streets.geometry, predicate="intersects")
    inside = pd.Series(
        [
            streets.geometry.iloc[r].intersection(estates.geometry.iloc[c]).length
            for r, c in zip(row, column, strict=True)
        ],
        index=estates.index[column],
    )
    assert (inside.groupby(level=0).sum() > 100).sum() == 1
    parts = estates.overlay(tables["communities"][["geometry"]].reset_index(), how="intersection", keep_geom_type=True)
    split = parts[parts.area > 50].groupby("name").size()
    assert (split > 1).sum() >= 1


def test_services_are_uneven(tables: dict[str, gpd.GeoDataFrame]) -> None:
    facilities, communities = tables["facilities"], tables["communities"]
    where = _community_of(facilities, communities)
    counts = pd.crosstab(where, facilities.category).reindex(communities.index, fill_value=0)
    assert (counts.committee_office == 1).all()
    for category in ("service_station", "nursery", "culture_room", "elder_room", "parking"):
        assert 0 < (counts[category] > 0).sum() < 16
    assert counts.convenience_store.sum() > 80
    assert facilities.within(tables["study_area"].geometry.iloc[0]).all()
    gates = facilities[facilities.category == "gate"]
    assert gates.distance(tables["estates"].union_all().boundary).max() < 0.05
    assert len(gates) >= len(tables["estates"])


def test_rasters_cover_the_town(folder: Path, tables: dict[str, gpd.GeoDataFrame]) -> None:
    west, south, east, north = tables["study_area"].total_bounds
    for name, cell in (("dem", 30.0), ("population", 100.0)):
        with rasterio.open(folder / f"{name}.tif") as raster:
            assert raster.crs.to_epsg() == 4549
            assert raster.res == (cell, cell)
            assert raster.dtypes == ("float32",)
            assert raster.bounds.left <= west
            assert raster.bounds.bottom <= south
            assert raster.bounds.right >= east
            assert raster.bounds.top >= north
            values = raster.read(1)
        if name == "population":
            assert values.sum() == pytest.approx(tables["communities"].people.sum(), rel=0.01)
            assert values.min() >= 0
        else:
            assert values.min() > 0
            assert 100 < values.max() < 600
            assert values[: len(values) // 4].mean() > 3 * values[len(values) // 3 :].mean()


def test_the_same_seed_gives_the_same_files(root: Path, folder: Path, tmp_path: Path) -> None:
    """Two runs with different string hashes give the same bytes, and the content that is in the repository."""
    runs = []
    for number in ("1", "2"):
        out = tmp_path / number
        environment = {**os.environ, "PYTHONHASHSEED": number}
        command = [sys.executable, "-W", "error", str(root / "data" / "make_town.py"), "--out", str(out)]
        runs.append((out, subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)))
    assert [process.wait(timeout=600) for _, process in runs] == [0, 0]
    first, second = (out for out, _ in runs)
    for name in ("qinghe.gpkg", "mapping.toml", "dem.tif", "population.tif"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert (first / "mapping.toml").read_text("utf-8") == (folder / "mapping.toml").read_text("utf-8")
    for layer, _ in pyogrio.list_layers(first / "qinghe.gpkg"):
        made, kept = (pyogrio.read_dataframe(path / "qinghe.gpkg", layer=layer) for path in (first, folder))
        pd.testing.assert_frame_equal(
            pd.DataFrame(made.drop(columns="geometry")), pd.DataFrame(kept.drop(columns="geometry"))
        )
        assert shapely.equals_exact(made.geometry.to_numpy(), kept.geometry.to_numpy(), tolerance=0.02).all()
    for name in ("dem.tif", "population.tif"):
        with rasterio.open(first / name) as made, rasterio.open(folder / name) as kept:
            np.testing.assert_allclose(made.read(1), kept.read(1), atol=0.11)


def test_the_files_are_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 6_000_000


def _community_of(frame: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> pd.Series:
    """Return the community in which each row's inner point lies."""
    points = frame.geometry.representative_point()
    row, column = communities.sindex.query(points, predicate="intersects")
    found = pd.Series(communities.index[column], index=frame.index[row])
    return found[~found.index.duplicated()].reindex(frame.index)


def _short_ends(roads: gpd.GeoDataFrame) -> int:
    """Return how many road ends stop 0.15 to 0.6 m short of another road."""
    ends = gpd.GeoSeries([shapely.Point(line.coords[k]) for line in roads.geometry for k in (0, -1)], crs=roads.crs)
    row, column = roads.sindex.query(ends.buffer(0.6), predicate="intersects")
    near = {int(r) for r, c in zip(row, column, strict=True) if int(r) // 2 != int(c)}
    gaps = {
        r: min(roads.geometry.iloc[int(c)].distance(ends.iloc[r]) for c in column[row == r] if int(c) != r // 2)
        for r in near
    }
    return sum(0.15 < gap < 0.6 for gap in gaps.values())


def test_crossings_stand_on_main_roads(tables: dict[str, gpd.GeoDataFrame]) -> None:
    main = shapely.union_all(tables["roads"].geometry[tables["roads"].road_class == "primary"].to_numpy())
    zebra = tables["passages"][tables["passages"].kind == "crossing"]
    assert 40 <= len(zebra) <= 90
    assert (zebra.distance(main) < 0.5).all()


def test_idle_premises_are_in_every_unit_and_free(tables: dict[str, gpd.GeoDataFrame]) -> None:
    idle = tables["premises"]
    assert set(idle.kind) == {"idle_building", "idle_land", "public_land", "growing"}
    where = gpd.sjoin(idle.set_geometry(idle.representative_point()), tables["communities"][["geometry"]])
    assert where.community_id.nunique() == 16
    plots = idle[idle.geom_type == "Polygon"]
    assert not plots.intersects(shapely.union_all(tables["buildings"].geometry.to_numpy())).any()
    growing = idle[idle.kind == "growing"]
    assert growing.facility_id.isin(tables["facilities"].index).all()
    known = tables["facilities"].category.reindex(growing.facility_id).to_numpy()
    assert (growing.categories.to_numpy() == known).all()


def test_ages_are_counted_or_unknown(tables: dict[str, gpd.GeoDataFrame]) -> None:
    units = tables["communities"]
    blank = units.children.isna()
    assert list(units.index[blank]) == list(UNCOUNTED)
    assert (units.children + units.elders < units.people)[~blank].all()
