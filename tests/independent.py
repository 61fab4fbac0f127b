"""A check of a plan's files that shares no code with what made them: pyogrio, shapely and networkx only."""

import json
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyogrio
import shapely


def layer(path: Path, name: str, index: str) -> gpd.GeoDataFrame:
    """Read one layer of a GeoPackage, its id as index."""
    return pyogrio.read_dataframe(path, layer=name).set_index(index)


def touching(polygons: gpd.GeoDataFrame) -> set[tuple[str, str]]:
    """Return the pairs of polygons that share a border of a metre and more; less is a corner."""
    shapes = polygons.geometry.to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    keep = left < right
    left, right = left[keep], right[keep]
    shared = shapely.length(shapely.intersection(shapely.boundary(shapes[left]), shapely.boundary(shapes[right])))
    ids = polygons.index.to_numpy()
    return {(ids[a], ids[b]) for a, b, m in zip(left, right, shared, strict=True) if m >= 1.0}


def assert_tiles(polygons: gpd.GeoDataFrame, area: shapely.Geometry) -> None:
    """Assert that the polygons cover the area exactly: no gap, no overlap, area preserved."""
    shapes = polygons.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes), "the polygons are no coverage: some edges do not match"
    total = shapely.area(shapes).sum()
    assert abs(total - area.area) <= 1e-7 * area.area + 0.01, f"area {total:.3f} for {area.area:.3f}"
    union = shapely.coverage_union_all(shapes)
    assert shapely.symmetric_difference(union, area).area <= 1e-7 * area.area + 0.01


def check_plan_folder(out: Path, study: Path | None = None) -> dict[str, float]:
    """Assert everything a plan's files promise; return a few figures for the reader.

    Contiguous and within limits, estates and kept villages whole, sums conserved, borders tiling, files agreeing.
    """
    plan = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    path = out / "plan.gpkg"
    blocks = layer(path, "blocks", "block_id")
    after = layer(path, "communities", "community_id")
    seams = layer(path, "seams", "seam_id")
    low, high = plan["min_households"], plan["max_households"]

    # the files agree with each other
    assert plan["assignment"] == blocks["community_id"].to_dict()
    assert set(after.index) == set(blocks["community_id"])

    # every community within the limits, its figures the sum of its blocks
    households = blocks.groupby("community_id")["households"].sum()
    people = blocks.groupby("community_id")["people"].sum()
    assert households.min() >= low, households[households < low].to_dict()
    assert households.max() <= high, households[households > high].to_dict()
    assert (after["households"].astype(int) == households.reindex(after.index).astype(int)).all()
    assert (after["people"].fillna(0).astype(int) == people.reindex(after.index).astype(int)).all()

    # every community in one piece, by the blocks' own shapes; land that touches nothing and where nobody lives aside
    pairs = touching(blocks)
    town = nx.Graph(list(pairs))
    town.add_nodes_from(blocks.index)
    cut_off = [piece for piece in nx.connected_components(town) if not blocks.loc[list(piece), "households"].sum()]
    ashore = blocks.drop(index=[block for piece in cut_off for block in piece])
    for community, rows in ashore.groupby("community_id"):
        found = nx.number_connected_components(town.subgraph(rows.index))
        assert found == 1, f"{community} lies in {found} pieces"
    assert all(len(set(blocks.loc[list(piece), "community_id"])) == 1 for piece in cut_off)

    # seams are exactly the borders between blocks
    inner = seams[seams["block_b"] != "outside"]
    shared = inner.groupby(["block_a", "block_b"])["length_m"].sum()
    assert pairs == {tuple(sorted(pair)) for pair in shared.index[shared >= 1.0]}
    between = blocks["community_id"].reindex(inner["block_a"]).to_numpy() != (
        blocks["community_id"].reindex(inner["block_b"]).to_numpy()
    )
    assert (inner["cut"].to_numpy().astype(bool) == between).all()

    # blocks and communities tile the same land
    area = shapely.coverage_union_all(blocks.geometry.to_numpy())
    assert_tiles(blocks, area)
    assert_tiles(after, area)

    figures = {"communities": len(after), "households": int(households.sum()), "blocks": len(blocks)}
    if study is not None:
        figures |= check_against_study(blocks, plan, study)
    return figures


def check_against_study(blocks: gpd.GeoDataFrame, plan: dict, study: Path) -> dict[str, float]:
    """Assert that the plan keeps what the study says must be kept, and every household of it."""
    names = {name for name, _ in pyogrio.list_layers(study)}
    options = plan["options"]
    kept = {rule: plan["profile"][rule] if options[rule] is None else options[rule]
            for rule in ("keep_villages", "keep_estates")}  # fmt: skip
    area = layer(study, "study_area", "area_id").geometry.union_all()
    assert_tiles(blocks, area)
    figures: dict[str, float] = {"area_km2": area.area / 1e6}

    if "blocks" in names and options["mode"] == "redraw":
        stored = layer(study, "blocks", "block_id")
        for column in ("households", "people"):
            assert blocks[column].sum() == stored[column].sum(), f"{column} are not conserved"
    buildings = layer(study, "buildings", "building_id") if "buildings" in names else None
    if buildings is not None and len(buildings):
        points = gpd.GeoDataFrame(geometry=shapely.point_on_surface(buildings.geometry.to_numpy()),
                                  index=buildings.index, crs=buildings.crs)  # fmt: skip
        home = gpd.sjoin(points, blocks[["community_id", "geometry"]], predicate="within")
        home = home[~home.index.duplicated()]["community_id"]
    if "estates" in names and buildings is not None and options["mode"] == "redraw" and kept["keep_estates"]:
        inside = buildings["estate_id"].reindex(home.index)
        spread = home.groupby(inside.dropna()).nunique()
        assert (spread <= 1).all(), f"estates divided: {spread[spread > 1].to_dict()}"
        figures["estates_whole"] = int((spread == 1).sum())
    if "communities" in names and kept["keep_villages"]:
        before = layer(study, "communities", "community_id")
        whole = before[before["kind"].isin(["village", "converted"]) | before["locked"].fillna(0).astype(bool)]
        for village in whole.index:
            parts = blocks.loc[blocks["community_id_before"] == village, "community_id"].unique()
            assert len(parts) <= 1, f"{village} is divided among {list(parts)}"
        figures["villages_whole"] = len(whole)
    return figures


def shared_area(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> pd.Series:
    """Return, for each row of `first`, the largest share of it that lies in one row of `second`."""
    cut = gpd.overlay(first.reset_index()[["geometry"]].assign(a=first.index), second.reset_index()[["geometry"]])
    share = cut.geometry.area.groupby(cut["a"]).max() / first.geometry.area
    return share.replace([np.inf], np.nan)
